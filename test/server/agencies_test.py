# SPDX-License-Identifier: Apache-2.0
"""A lead agency hosts others: added while the server runs, working at once, handed over by a link, seen in numbers only."""
import json
import sqlite3
import unittest

from harness import BIN, PASSWORD, Town, run, until
from signing_in import Browser

NAME = "Conway Police"


class Hosting(unittest.TestCase):
    def setUp(self):
        self.town = Town(beat=1)
        self.addCleanup(self.town.__exit__)
        self.chief = self.town.token("chief")
        self.town.start()

    def ask(self, method, path, token=None, body=None, status=None):
        answer = self.town.request(method, path, token, body=json.dumps(body) if body is not None else None)
        if status is not None:
            self.assertEqual(answer.status, status, answer.body)
        return answer

    def agencies(self):
        return {each["slug"]: each for each in self.ask("GET", "/api/v1/agencies", self.chief, status=200).json()["items"]}

    def set_up(self, link, login, status=200):
        browser = Browser(self.town)
        answer = browser.ask("POST", "/api/v1/setup", {"secret": link.split("#")[1], "login": login, "password": PASSWORD}, status)
        return browser, answer

    def test_an_agency_is_added_and_works_without_a_restart(self):
        before = self.agencies()
        self.assertEqual(([*before], before["ashfield-police-department"]["lead"]), (["ashfield-police-department"], True))
        added = self.ask("POST", "/api/v1/agencies", self.chief, {"name": NAME}, 201).json()
        self.assertEqual((added["slug"], added["lead"], added["people"], added["recordings"], added["bytes"], added["first_run"]),
                         ("conway-police", False, 0, 0, 0, "invited"))
        self.assertNotIn("#", json.dumps(self.agencies()))  # a link is shown once
        self.assertTrue(self.ask("GET", "/api/v1/setup", status=200).json()["open"])
        browser, first = self.set_up(added["setup"], "conway")
        self.assertEqual((first.json()["agency_slug"], first.json()["needs"]), ("conway-police", "enrollment"))
        browser.enroll_app()
        browser.ask("GET", "/api/v1/people", status=200)
        browser.ask("GET", "/api/v1/agencies", status=403)  # an administrator, and not of the lead agency
        browser.ask("POST", "/api/v1/agencies", {"name": "Third"}, 403)
        self.set_up(added["setup"], "again", 401)
        clerk = self.town.add_user("their_clerk", "records", agency=NAME)
        self.town.upload(clerk, b"their footage", filename="a.bin")
        now = until(lambda: self.agencies()["conway-police"], lambda now: now["published_at"] is not None and now["recordings"] > 0)
        self.assertEqual((now["people"], now["recordings"], now["bytes"], now["first_run"]), (2, 1, len(b"their footage"), "ready"))
        until(lambda: self.ask("GET", "/ledger/conway-police/checkpoint").status, lambda status: status == 200)
        # Numbers, and nothing that they count.
        shown = self.ask("GET", "/api/v1/agencies", self.chief, status=200).body.decode()
        for word in ("their_clerk", "conway\"", "a.bin"):
            self.assertNotIn(word, shown)
        self.assertEqual(self.ask("GET", "/api/v1/people", self.chief, status=200).json()["items"][0]["login"], "chief")
        self.assertEqual(self.town.stop(), 0)
        self.assertEqual(self.town.check_ledger(), (0, []))
        listed = json.loads(run(BIN / "lapel", "agency", "list", "--data", self.town.data, "--json").stdout)["items"]
        self.assertEqual([(each["slug"], each["recordings"]) for each in listed], [("ashfield-police-department", 0), ("conway-police", 1)])
        self.assertIn("conway-police", run(BIN / "lapel", "agency", "list", "--data", self.town.data).stdout)

    def test_a_link_is_renewed_until_somebody_has_used_one(self):
        added = self.ask("POST", "/api/v1/agencies", self.chief, {"name": NAME, "slug": "conway"}, 201).json()
        path = f"/api/v1/agencies/{added['id']}/setup-link"
        newer = self.ask("POST", path, self.chief, status=201).json()
        self.set_up(added["setup"], "conway", 401)
        # Also by a server that was started since: only the hash is kept.
        self.assertEqual(self.town.stop(), 0)
        self.town.start()
        catalog = sqlite3.connect(self.town.data / "catalog.db")
        self.assertNotIn(newer["setup"].split("#")[1], "\n".join(catalog.iterdump()))
        catalog.close()
        self.set_up(newer["setup"], "conway")
        self.assertEqual(self.ask("POST", path, self.chief).status, 409)
        self.assertEqual(self.agencies()["conway"]["first_run"], "ready")

    def test_who_hosts_an_agency_does_not_make_itself_its_administrator(self):
        added = self.ask("POST", "/api/v1/agencies", self.chief, {"name": "Heath Police", "slug": "heath"}, 201).json()
        path = f"/api/v1/agencies/{added['id']}/setup-link"
        self.assertEqual(self.ask("POST", path, self.chief).status, 201)
        # Once there is somebody, whoever administers it is made at the console.
        self.town.add_user("heath_clerk", "records", agency="heath")
        self.assertEqual(self.ask("POST", path, self.chief).status, 409)

    def test_a_link_ends_after_seven_days(self):
        added = self.ask("POST", "/api/v1/agencies", self.chief, {"name": NAME}, 201).json()
        self.assertEqual(self.town.stop(), 0)
        catalog = sqlite3.connect(self.town.data / "catalog.db")
        catalog.execute("UPDATE setup_links SET expires_us = expires_us - 604800000000")
        catalog.commit()
        catalog.close()
        self.town.start()
        self.assertEqual(self.agencies()["conway-police"]["first_run"], "waiting")
        self.set_up(added["setup"], "conway", 401)

    def test_a_link_is_no_way_to_ask_who_is_on_the_server(self):
        added = self.ask("POST", "/api/v1/agencies", self.chief, {"name": NAME}, 201).json()
        browser, secret = Browser(self.town), added["setup"].split("#")[1]
        for _ in range(7):  # this is nobody's name, and says nothing
            browser.ask("POST", "/api/v1/setup", {"secret": secret, "login": "conway", "password": "short"}, 400)
        for _ in range(4):
            self.set_up(added["setup"], "chief", 409)
        self.assertEqual(self.agencies()["conway-police"]["first_run"], "invited")
        self.set_up(added["setup"], "chief", 409)
        for login in ("chief", "conway"):
            self.set_up(added["setup"], login, 401)
        self.assertEqual(self.agencies()["conway-police"]["first_run"], "waiting")
        newer = self.ask("POST", f"/api/v1/agencies/{added['id']}/setup-link", self.chief, status=201).json()
        self.set_up(newer["setup"], "chief", 409)
        self.set_up(newer["setup"], "conway")

    def test_an_agency_that_is_added_is_in_the_lead_s_ledger(self):
        self.ask("POST", "/api/v1/agencies", self.chief, {"name": NAME}, 201)
        run(BIN / "lapel", "agency", "add", "--data", self.town.data, "--name", "Goshen Police")
        self.assertEqual(self.ask("POST", "/api/v1/agencies", self.chief, {"name": NAME}).status, 409)
        self.assertEqual(self.town.events("agency.added"), 2)
        self.assertEqual(self.town.stop(), 0)
        self.assertEqual(self.town.check_ledger(), (0, []))
        for change in ("UPDATE agencies SET name = 'Elsewhere' WHERE slug = 'goshen-police'",
                       "UPDATE agencies SET slug = 'elsewhere' WHERE slug = 'goshen-police'"):
            with self.subTest(change):
                catalog = sqlite3.connect(self.town.data / "catalog.db")
                whole = (self.town.data / "catalog.db").read_bytes()
                self.assertEqual(catalog.execute(change).rowcount, 1)
                catalog.commit()
                catalog.close()
                code, faults = self.town.check_ledger()
                self.assertEqual(code, 6)
                self.assertTrue(any("agency " in fault for fault in faults), faults)
                (self.town.data / "catalog.db").write_bytes(whole)

    def test_it_is_the_lead_agency_s_administrators_alone(self):
        self.ask("POST", "/api/v1/agencies", self.chief, {"name": NAME}, 201)
        for login, roles, agency in (("commander", ["command", "auditor"], None), ("theirs", ["administrator", "command"], NAME)):
            token = self.town.add_user(login, *roles, agency=agency)
            for method, path, body in (("GET", "/api/v1/agencies", None), ("POST", "/api/v1/agencies", {"name": "Third"}),
                                       ("POST", f"/api/v1/agencies/{'0' * 32}/setup-link", None),
                                       ("POST", f"/api/v1/agencies/{self.agencies()['conway-police']['id']}/setup-link", None)):
                answer = self.ask(method, path, token, body, 403)
                self.assertEqual(answer.json()["type"], "/problems/rule")
        self.ask("GET", "/api/v1/agencies", status=401)


if __name__ == "__main__":
    unittest.main()
