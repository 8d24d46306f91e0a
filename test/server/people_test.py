# SPDX-License-Identifier: Apache-2.0
"""What people are here, on a real server: roles that change, people who leave, and the tokens by which programs act for them."""
import concurrent.futures
import datetime
import hashlib
import json
import os
import pathlib
import sqlite3
import unittest

from harness import BIN, PASSWORD, ROOT, Town, TownCase, run
from signing_in import Browser, Fresh

GUARD = {"X-Lapel": "1"}
UNKNOWN = f"lapel_{'0' * 32}_{'0' * 64}"


def lapel(*args, code=0, **environment):
    done = run(BIN / "lapel", *args, check=False, env={**os.environ, **environment})
    if done.returncode != code:
        raise AssertionError(f"{args} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done


def tokens_are_sealed(test, town, sql):
    """Made and revoked, a token is on record with whom it acts for, but for its secret. `sql` runs one statement in the catalog."""
    def checked():
        done = run(BIN / "lapel", "ledger", "check", "--data", town.data, "--json", check=False)
        (ledger,) = json.loads(done.stdout)["ledgers"]
        return ledger["faults"], ledger["notes"]

    def token(*args):
        return lapel("token", args[0], "--data", town.data, *args[1:]).stdout
    narrow, whole = (json.loads(token("create", "--user", "chief", "--json", *more)) for more in (("--scope", "list,upload"), ()))
    token("revoke", whole["id"])
    test.assertEqual(checked(), ([], []))
    for change, back, word in ((f"scopes = 'list'", f"scopes = 'upload list'", "for list"), ("scopes = ''", "scopes = 'upload list'", "for everything"),
                               ("expires_us = expires_us + 10000", "expires_us = expires_us - 10000", narrow["id"]),
                               ("revoked_us = 10000", "revoked_us = NULL", "revoked"), ("is_sealed = 0, scopes = 'list'", "is_sealed = 1, scopes = 'upload list'", "for upload list")):
        sql(f"UPDATE tokens SET {change} WHERE id = '{narrow['id']}'")
        faults, _ = checked()
        test.assertTrue(faults and all(narrow["id"] in fault for fault in faults) and any(word in fault for fault in faults), (change, faults))
        sql(f"UPDATE tokens SET {back} WHERE id = '{narrow['id']}'")
    sql(f"UPDATE tokens SET revoked_us = NULL WHERE id = '{whole['id']}'")
    faults, _ = checked()
    test.assertEqual([fault for fault in faults if whole["id"] not in fault], [])
    test.assertEqual(len(faults), 1)
    token("revoke", whole["id"])
    sql(f"INSERT INTO tokens (id, person, secret_sha256, scopes, created_us, expires_us, is_sealed) SELECT '{'7' * 32}', person, '', scopes, created_us, expires_us, 1 "
        f"FROM tokens WHERE id = '{narrow['id']}'")
    faults, _ = checked()
    test.assertTrue(any("7" * 32 in fault and "no event" in fault for fault in faults), faults)
    # Since there are events of tokens none is made without, whatever its row says.
    sql(f"UPDATE tokens SET is_sealed = 0 WHERE id = '{'7' * 32}'")
    test.assertTrue(any("7" * 32 in fault and "no event" in fault for fault in checked()[0]))
    # Of one from before there is none, which is told; that it is revoked now is on record.
    sql(f"UPDATE tokens SET created_us = created_us - 86400000000 WHERE id = '{'7' * 32}'")
    faults, notes = checked()
    test.assertFalse(any("7" * 32 in fault for fault in faults), faults)
    test.assertTrue(any("1 tokens are of before" in note for note in notes), notes)
    token("revoke", "7" * 32)
    test.assertFalse(any("7" * 32 in fault for fault in checked()[0]))
    sql(f"UPDATE tokens SET revoked_us = NULL WHERE id = '{'7' * 32}'")
    test.assertTrue(any("7" * 32 in fault for fault in checked()[0]))
    return narrow, whole


class Agency:
    def __init__(self, town, *people):
        self.town, self.tokens, self.fresh = town, {}, Fresh(town)
        for login, *roles in people:
            self.add(login, *roles)

    def add(self, login, *roles, badge=None):
        self.tokens[login] = self.town.add_user(login, *roles, badge=badge)

    def ask(self, method, path, who, wanted=None, **body):
        answer = self.town.request(method, path, self.tokens[who], body=json.dumps(body) if body else None)
        if wanted is not None and answer.status != wanted:
            raise AssertionError(f"{method} {path} as {who}: {answer.status} {answer.body[:300]!r}")
        return answer

    def roles(self, who, person, roles, wanted=200, reason="told by the test"):
        return self.fresh(who).ask("POST", f"/api/v1/people/{person}/roles", {"roles": roles, "reason": reason}, wanted).json()

    def active(self, who, person, active, wanted=200, reason="told by the test"):
        return self.ask("POST", f"/api/v1/people/{person}/active", who, wanted, active=active, reason=reason).json()

    def sign_in(self, login, wanted=200, password=PASSWORD):
        answer = self.town.request("POST", "/api/v1/session", headers=GUARD, body=json.dumps({"login": login, "password": password}))
        if answer.status != wanted:
            raise AssertionError(f"{login} signs in: {answer.status} {answer.body[:300]!r}")
        return {"Cookie": answer.headers["Set-Cookie"].split(";")[0]} if wanted == 200 else answer

    def events(self, person, kind):
        """What the ledger says of a person, in order."""
        catalog = sqlite3.connect(f"file:{self.town.data / 'catalog.db'}?mode=ro", uri=True)
        try:
            return [json.loads(row[0]) for row in catalog.execute("SELECT event FROM ledger_events WHERE subject = ? AND type = ? ORDER BY n", (person, kind))]
        finally:
            catalog.close()


def told(answer):
    """An answer without what is each answer's own."""
    return answer.status, {**answer.json(), "instance": None}, set(answer.headers) - {"X-Request-Id"}


class People(TownCase):
    @classmethod
    def populate(cls):
        cls.town.second_factor("optional")
        cls.agency = Agency(cls.town, ("boss", "administrator"), ("clerk", "records"), ("auditor", "auditor"), ("union", "union"), ("captain", "command"))

    def setUp(self):
        self.a = self.agency

    def fresh(self, login, *roles, badge=None):
        self.a.add(login, *roles, badge=badge)
        return self.a.ask("GET", f"/api/v1/people/{login}", "boss", 200).json()["id"]

    def test_changed_roles_are_those_of_the_next_request_whatever_was_signed_in_with(self):
        a, town = self.a, self.town
        hill = self.fresh("hill", "union")
        cookie = a.sign_in("hill")
        self.assertEqual(a.ask("GET", "/api/v1/recordings", "hill").status, 403)
        self.assertEqual(town.request("GET", "/api/v1/recordings", headers=cookie).status, 403)
        changed = a.roles("boss", "hill", ["records", "auditor", "records"], reason="moved to the records room")
        self.assertEqual((changed["id"], changed["roles"], changed["active"]), (hill, ["records", "auditor"], True))
        self.assertEqual(a.ask("GET", "/api/v1/recordings", "hill").status, 200)
        self.assertEqual(town.request("GET", "/api/v1/recordings", headers=cookie).status, 200)
        self.assertIn("see_roster", town.request("GET", "/api/v1/session", headers=cookie).json()["may"])
        recording = town.upload(a.tokens["clerk"], b"film", filename="a.bin")["recording"]
        view = a.ask("POST", f"/api/v1/recordings/{recording}/views", "hill", 201, purpose="review").json()["original"]
        self.assertEqual(a.ask("GET", view, "hill").status, 200)
        a.roles("boss", hill, ["union"])
        self.assertEqual(a.ask("GET", view, "hill").status, 404)  # a view stands on what its viewer is
        self.assertEqual(a.ask("GET", "/api/v1/recordings", "hill").status, 403)
        self.assertEqual(town.request("GET", "/api/v1/recordings", headers=cookie).status, 403)
        said = a.events(hill, "person.roles")
        boss = a.ask("GET", "/api/v1/people/boss", "auditor", 200).json()["id"]
        self.assertEqual([(event["roles"], event.get("reason")) for event in said],
                         [(["union"], None), (["records", "auditor"], "moved to the records room"), (["union"], "told by the test")])
        self.assertEqual([event["actor"] == boss for event in said], [False, True, True])

    def test_what_is_no_change_of_roles_is_refused_with_a_sentence(self):
        a = self.a
        person = self.fresh("ruiz", "officer", "supervisor")
        path = "/api/v1/people/ruiz/roles"
        good = {"roles": ["records"], "reason": "x"}
        for who, status, body in (
                ("boss", 400, {"roles": ["records"]}), ("boss", 400, {**good, "reason": ""}), ("boss", 400, {**good, "reason": "a\nb"}),
                ("boss", 400, {**good, "roles": []}), ("boss", 400, {**good, "roles": "records"}), ("boss", 400, {**good, "roles": [7]}),
                ("boss", 400, {**good, "roles": ["king"]}), ("boss", 400, {"reason": "x"}), ("boss", 409, {**good, "roles": ["supervisor", "officer"]}),
                ("captain", 403, good), ("clerk", 403, good), ("ruiz", 403, good)):
            answer = a.fresh(who).ask("POST", path, body)
            self.assertEqual(answer.status, status, (who, body, answer.body))
            self.assertGreater(len(answer.json()["detail"]), 10)
        # Whoever may not manage people learns no names by it.
        self.assertEqual(told(a.fresh("clerk").ask("POST", "/api/v1/people/nobody/roles", good)), told(a.fresh("clerk").ask("POST", path, good)))
        a.fresh("boss").ask("POST", "/api/v1/people/nobody/roles", good, 404)
        run(BIN / "lapel", "agency", "add", "--data", a.town.data, "--name", "Otherton Police")
        a.town.add_user("elsewhere", "officer", agency="Otherton Police")
        with sqlite3.connect(a.town.data / "catalog.db", timeout=60) as catalog:
            (elsewhere,) = catalog.execute("SELECT id FROM people WHERE login = 'elsewhere'").fetchone()
        answers = [told(a.fresh("boss").ask("POST", f"/api/v1/people/{one}/roles", good)) for one in (elsewhere, "0" * 32, "elsewhere")]
        self.assertEqual((answers[0][0], answers[0]), (404, answers[1]))
        self.assertEqual(answers[2], answers[1])
        self.assertEqual(a.ask("GET", "/api/v1/people/ruiz", "boss", 200).json()["roles"], ["officer", "supervisor"])
        self.assertEqual(len(a.events(person, "person.roles")), 1)
        self.assertEqual(a.ask("GET", "/api/v1/people/ruiz", "union").status, 403)

    def test_roles_and_clearances_take_a_factor_shown_just_now(self):
        """A browser that somebody left open, and a token that was taken, make nobody what they are not."""
        a, town = self.a, self.town
        self.fresh("pell", "officer")
        a.add("sergeant", "administrator", "command")
        a.add("inspector", "internal_affairs")
        roles, good = "/api/v1/people/pell/roles", {"roles": ["command"], "reason": "x"}
        clearing = {"kind": "clearance", "person": "clerk", "target": "minor"}
        def refused(answer, slug, words):
            self.assertEqual((answer.status, answer.json()["type"]), (401, f"/problems/{slug}"), answer.body)
            self.assertIn(words, answer.json()["detail"])
        for scopes in ((), ("manage_people",), ("scim",)):
            refused(town.request("POST", roles, town.token("sergeant", *scopes), body=json.dumps(good)), "fresh-factor", "no token can do it")
        # Nor who is cleared, whether somebody is still investigated, and when officers see their own.
        inquiry = a.ask("POST", "/api/v1/assignments", "inspector", 201, kind="investigation", person="pell").json()
        rules = {"own_viewing": "allowed", "reason": "x"}
        for who, method, path, body in (("sergeant", "POST", "/api/v1/assignments", clearing), ("sergeant", "PUT", "/api/v1/rules", rules),
                                        ("inspector", "POST", f"/api/v1/assignments/{inquiry['id']}/end", {"reason": "x"})):
            for token in (a.tokens[who], town.token(who, "clear", "investigate", "set_rules")):
                refused(town.request(method, path, token, body=json.dumps(body)), "fresh-factor", "no token can do it")
        left_open = Browser(town)
        left_open.sign_in("sergeant")
        for method, path, body in (("POST", roles, good), ("POST", "/api/v1/assignments", clearing), ("PUT", "/api/v1/rules", rules)):
            refused(left_open.ask(method, path, body), "no-factor", "you have none")
        left_open.enroll_app()
        left_open.ask("PUT", "/api/v1/rules", rules, 200)
        a.fresh("inspector").ask("POST", f"/api/v1/assignments/{inquiry['id']}/end", {"reason": "closed"}, 200)
        made = left_open.ask("POST", "/api/v1/assignments", clearing, 201).json()
        left_open.ask("POST", roles, {**good, "roles": ["officer", "supervisor"]}, 200)
        with sqlite3.connect(town.data / "catalog.db", timeout=60) as catalog:  # five minutes go by
            catalog.execute("UPDATE sessions SET verified_us = verified_us - 300000000 WHERE person = (SELECT id FROM people WHERE login = 'sergeant')")
        for method, path, body in (("POST", roles, good), ("POST", "/api/v1/assignments", {**clearing, "target": "medical"}),
                                   ("POST", "/api/v1/assignments", {"kind": "unit", "person": "pell", "target": "Dogs"}),
                                   ("POST", f"/api/v1/assignments/{made['id']}/end", {"reason": "served"}), ("PUT", "/api/v1/rules", rules)):
            refused(left_open.ask(method, path, body), "fresh-factor", "Show your second factor again")
        # What opens no door goes on.
        left_open.ask("POST", "/api/v1/units", {"name": "Dogs"}, 201)
        left_open.ask("POST", "/api/v1/assignments", {"kind": "badge", "person": "pell", "target": "B-77"}, 201)
        left_open.show_again()
        left_open.ask("POST", f"/api/v1/assignments/{made['id']}/end", {"reason": "served"}, 200)
        left_open.ask("POST", roles, good, 200)
        self.assertEqual(a.ask("GET", "/api/v1/people/pell", "boss", 200).json()["roles"], ["command"])

    def test_nobody_manages_themselves(self):
        a = self.a
        for roles in (["administrator", "command"], ["auditor"]):
            self.assertIn("never for themselves", a.roles("boss", "boss", roles, 403)["detail"])
        self.assertIn("never for themselves", a.active("boss", "boss", False, 403)["detail"])
        self.assertEqual(a.ask("GET", "/api/v1/people/boss", "boss", 200).json()["roles"], ["administrator"])

    def test_a_deactivated_person_is_nobody_at_their_next_request_and_stays_known(self):
        a, town = self.a, self.town
        doe = self.fresh("doe", "investigator", badge="701")
        recording = town.upload(a.tokens["doe"], b"film", filename="a.bin", wearer="701")["recording"]
        view = a.ask("POST", f"/api/v1/recordings/{recording}/views", "doe", 201, purpose="review").json()["original"]
        cookie = a.sign_in("doe")
        self.assertEqual(town.request("GET", "/api/v1/session", headers=cookie).status, 200)
        begun = town.create(a.tokens["doe"], 4).headers["Location"]
        wrong = a.sign_in("doe", 401, password="wrong")

        left = a.active("boss", "doe", False, reason="retired")
        self.assertEqual((left["active"], left["roles"]), (False, ["investigator"]))
        self.assertEqual(told(a.ask("GET", "/api/v1/people/doe", "doe")), told(town.request("GET", "/api/v1/people/doe", UNKNOWN)))
        self.assertEqual(town.request("GET", "/api/v1/session", headers=cookie).status, 204)
        self.assertEqual(told(town.request("GET", "/api/v1/recordings", headers=cookie)), told(town.request("GET", "/api/v1/recordings")))
        for headers in ({}, cookie):
            self.assertEqual(town.request("GET", view, None if headers else a.tokens["doe"], headers).status, 401)
        self.assertEqual(town.patch(begun, a.tokens["doe"], 0, b"film").status, 401)
        self.assertEqual(told(a.sign_in("doe", 401)), told(wrong))
        self.assertIn("conflict", a.active("boss", "doe", False, 409)["type"])

        # What they were and did is still there, and nothing is left that they may do.
        shown = a.ask("GET", f"/api/v1/recordings/{recording}", "clerk", 200).json()
        self.assertEqual((shown["assigned_officer"], shown["wearer"]), (doe, "701"))
        custody = a.ask("GET", f"/api/v1/recordings/{recording}/custody", "clerk", 200).json()["items"]
        self.assertIn(("recording.viewed", "doe, badge 701"), [(item["type"], item["actor_name"]) for item in custody])
        rights = a.ask("GET", "/api/v1/people/doe/rights", "auditor", 200).json()
        self.assertFalse(rights["active"])
        self.assertEqual({right["answer"] for right in rights["rights"]}, {"sign_in"})
        self.assertEqual({right["rule"] for right in rights["rights"]}, {"deactivated: nothing is accepted from this person"})
        self.assertEqual([item["target"] for item in rights["assignments"]], ["701"])
        listed = {person["login"]: person["active"] for person in a.ask("GET", "/api/v1/people", "boss", 200).json()["items"]}
        self.assertEqual((listed["doe"], listed["boss"]), (False, True))
        lapel("token", "create", "--data", town.data, "--user", "doe", code=5)

        back = a.active("boss", doe, True, reason="came back")
        self.assertTrue(back["active"])
        self.assertEqual(a.ask("GET", "/api/v1/recordings", "doe").status, 401)  # what was given before stays over
        self.assertEqual(town.request("GET", "/api/v1/recordings", headers=cookie).status, 401)
        self.assertEqual(town.request("GET", "/api/v1/recordings", headers=a.sign_in("doe")).status, 200)
        a.tokens["doe"] = town.token("doe")
        self.assertEqual(a.ask("GET", "/api/v1/recordings", "doe").status, 200)
        self.assertIn("conflict", a.active("boss", "doe", True, 409)["type"])
        self.assertEqual([(event["active"], event["reason"]) for event in a.events(doe, "person.active")], [(False, "retired"), (True, "came back")])

    def test_what_is_no_deactivation_is_refused_with_a_sentence(self):
        a = self.a
        self.fresh("stay", "officer")
        path = "/api/v1/people/stay/active"
        for who, status, body in (("boss", 400, {"active": False}), ("boss", 400, {"active": False, "reason": ""}), ("boss", 400, {"active": "no", "reason": "x"}),
                                  ("boss", 400, {"reason": "x"}), ("captain", 403, {"active": False, "reason": "x"})):
            answer = a.ask("POST", path, who, **body)
            self.assertEqual(answer.status, status, (who, body, answer.body))
            self.assertGreater(len(answer.json()["detail"]), 10)
        self.assertTrue(a.ask("GET", "/api/v1/people/stay", "boss", 200).json()["active"])

    def test_of_two_administrators_who_act_on_each_other_at_once_one_stays(self):
        with Town(agency="Otherton Police") as town:
            a = Agency(town, ("one", "administrator"), ("two", "administrator"))
            town.start()
            chief = town.token("chief")
            a.tokens["chief"] = chief
            a.active("one", "chief", False)
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                asked = [pool.submit(a.ask, "POST", f"/api/v1/people/{other}/active", who, active=False, reason="x") for who, other in (("one", "two"), ("two", "one"))]
                answers = [each.result() for each in asked]
            self.assertEqual(sorted(answer.status == 200 for answer in answers), [False, True], [answer.body for answer in answers])
            refused = next(answer for answer in answers if answer.status != 200)
            # Either it came to the rule, or its sender was deactivated before it was asked.
            self.assertIn(refused.json()["type"], ("/problems/last-administrator", "/problems/unauthenticated"))
            self.assertEqual(sorted(a.ask("GET", "/api/v1/people", who).status for who in ("one", "two")), [200, 401])
            town.stop()
            self.assertEqual(town.check_ledger(), (0, []))

    def test_the_command_line_does_it_all(self):
        a, town = self.a, self.town
        self.fresh("cole", "officer")
        as_boss = {"LAPEL_TOKEN": a.tokens["boss"], "LAPEL_SERVER": town.url}
        def roles(*args, code=0):
            signer = "--login", "boss", "--password-file", town.password_file, "--code", a.fresh("boss").codes.pop()
            return lapel("person", "roles", *args, *signer, code=code, LAPEL_SERVER=town.url)
        done = roles("cole", "--role", "officer", "--role", "supervisor", "--reason", "promoted", "--json")
        self.assertEqual(json.loads(done.stdout)["roles"], ["officer", "supervisor"])
        self.assertEqual(done.stderr, "On record.\n")
        roles("cole", "--role", "supervisor,officer", "--reason", "again", code=5)
        roles("cole", "--role", "king", "--reason", "x", code=2)
        roles("cole", "--role", "command", code=2)  # without a reason
        roles("boss", "--role", "command", "--reason", "x", code=4)
        roles("nobody", "--role", "command", "--reason", "x", code=3)
        lapel("person", "roles", "cole", "--role", "command", "--reason", "x", code=2, **as_boss)  # by a token
        # Those who do it sign in for it, as for roles; a token does it as little by the command line.
        def signed(*args, who="captain", code=0):
            signer = "--login", who, "--password-file", town.password_file, "--code", a.fresh(who).codes.pop()
            return lapel(*args, *signer, code=code, LAPEL_SERVER=town.url)
        as_captain = {"LAPEL_TOKEN": a.tokens["captain"], "LAPEL_SERVER": town.url}
        clear = "assignment", "begin", "--kind", "clearance", "--person", "cole", "--target", "minor"
        self.assertIn("no token can do it", lapel(*clear, code=4, **as_captain).stderr)
        cleared = json.loads(signed(*clear, "--json").stdout)
        lapel("assignment", "end", cleared["id"], "--reason", "x", code=4, **as_captain)
        signed("assignment", "end", cleared["id"], "--reason", "served")
        lapel("assignment", "begin", "--login", "captain", "--kind", "clearance", "--person", "cole", "--target", "minor", code=2, **as_captain)
        lapel("rule", "set", "--own-viewing", "allowed", "--reason", "x", code=2, **as_captain)
        signed("rule", "set", "--own-viewing", "allowed", "--reason", "General Order 12")
        lapel("person", "deactivate", "cole", code=2, **as_boss)
        lapel("person", "deactivate", "cole", "--reason", "left", **as_boss)
        a.sign_in("cole", 401)
        self.assertIn("cole, badge -, [\"officer\",\"supervisor\"], deactivated\n", lapel("person", "rights", "cole", **as_boss).stdout)
        self.assertNotIn("\nallow", lapel("person", "rights", "cole", **as_boss).stdout)
        line = next(line for line in lapel("person", "list", **as_boss).stdout.splitlines() if line.startswith("cole "))
        self.assertEqual(line.split("  ")[2], "false")
        self.assertTrue(json.loads(lapel("person", "activate", "cole", "--reason", "back", "--json", **as_boss).stdout)["active"])
        a.sign_in("cole")


class Added(TownCase):
    """By the web: whoever is added chooses a password alone, by a link."""
    @classmethod
    def populate(cls):
        cls.town.second_factor("optional")
        cls.agency = Agency(cls.town, ("boss", "administrator"), ("clerk", "records"), ("captain", "command"), ("other", "administrator"))
        run(BIN / "lapel", "agency", "add", "--data", cls.town.data, "--name", "Otherton Police")
        cls.agency.tokens["theirs"] = cls.town.add_user("theirs", "administrator", agency="otherton-police")

    def setUp(self):
        self.a = self.agency

    def add(self, login, *roles, wanted=201, who="boss", **more):
        return self.a.fresh(who).ask("POST", "/api/v1/people", {"login": login, "roles": list(roles), **more}, wanted).json()

    def link(self, person, wanted, who="boss"):
        return self.a.fresh(who).ask("POST", f"/api/v1/people/{person}/setup-link", None, wanted).json()

    def choose(self, added, login, wanted, password="a password of my own"):
        secret = added["setup"].removeprefix("/setup#").split(".")[0]
        body = {"secret": secret, "login": login, "password": password}
        answer = self.town.request("POST", "/api/v1/setup", headers=GUARD, body=json.dumps(body))
        self.assertEqual(answer.status, wanted, answer.body)
        return answer

    def test_who_is_added_is_on_record_and_signs_in_once_they_chose_a_password(self):
        left_open = Browser(self.town)
        left_open.sign_in("other")
        self.assertEqual(left_open.ask("POST", "/api/v1/people", {"login": "lee", "roles": ["officer"]}, 401).json()["type"], "/problems/no-factor")
        added = self.add("lee", "officer", "supervisor", name="Sam Lee", badge="117")
        self.assertEqual((added["name"], added["badge"], added["roles"], added["active"]), ("Sam Lee", "117", ["officer", "supervisor"], True))
        boss = self.a.ask("GET", "/api/v1/people/boss", "boss", 200).json()
        (bound,), (roles,) = self.a.events(added["id"], "identity.bound"), self.a.events(added["id"], "person.roles")
        self.assertEqual((bound["actor"], bound["name"], bound["badge"]), (boss["id"], "Sam Lee", "117"))
        self.assertEqual((roles["actor"], roles["roles"]), (boss["id"], ["officer", "supervisor"]))
        self.a.sign_in("lee", 401)
        state = self.a.ask("GET", f"/api/v1/people/{added['id']}/sign-in", "boss", 200).json()
        self.assertTrue(state["awaits_password"])
        self.assertEqual([event["by"] for event in state["events"] if event["event"] == "invited"], [boss["name"]])
        self.choose(added, "lee", 400, password="short")
        self.choose(added, "clerk", 401)  # another's login opens nothing, and takes no password away
        self.a.sign_in("clerk")
        session = self.choose(added, "lee", 200)
        self.assertEqual((session.json()["login"], session.json()["name"]), ("lee", "Sam Lee"))
        self.a.sign_in("lee", password="a password of my own")
        self.choose(added, "lee", 401)  # it works once
        self.assertFalse(self.a.ask("GET", f"/api/v1/people/{added['id']}/sign-in", "boss", 200).json()["awaits_password"])
        self.assertEqual(self.town.check_ledger(), (0, []))

    def test_a_link_is_replaced_until_it_was_used_and_ends_with_the_person(self):
        added = self.add("baker", "officer")
        newer = self.link(added["id"], 201)
        self.choose(added, "baker", 401)
        self.a.active("boss", "baker", False)
        self.link(added["id"], 409)
        self.choose(newer, "baker", 401)
        self.a.active("boss", "baker", True)
        self.choose(newer, "baker", 401)  # as every credential from before
        newest = self.link(added["id"], 201)
        catalog = sqlite3.connect(f"file:{self.town.data / 'catalog.db'}?mode=ro", uri=True)
        self.assertNotIn(newest["setup"].removeprefix("/setup#").split(".")[0], "\n".join(catalog.iterdump()))
        catalog.close()
        self.choose(newest, "baker", 200)
        self.link(added["id"], 409)  # nobody takes over what somebody signs in with

    def test_a_link_ends_after_seven_days(self):
        added = self.add("late", "officer")
        catalog = sqlite3.connect(self.town.data / "catalog.db", timeout=30)
        with catalog:
            self.assertEqual(catalog.execute("UPDATE person_links SET expires_us = expires_us - 604800000000 WHERE person = ?", (added["id"],)).rowcount, 1)
        catalog.close()
        self.choose(added, "late", 401)

    def test_whoever_signs_in_through_the_provider_has_no_use_for_a_link(self):
        added = self.add("traveler", "officer")
        catalog = sqlite3.connect(self.town.data / "catalog.db", timeout=30)
        with catalog:  # as `lapel sign-in provider link` does
            catalog.execute("INSERT INTO provider_links (agency, issuer, subject, person, linked_us) SELECT agency, 'https://idp.example', 'sub', id, 1 FROM people WHERE id = ?", (added["id"],))
        catalog.close()
        self.choose(added, "traveler", 401)
        self.link(added["id"], 409)
        self.assertFalse(self.a.ask("GET", f"/api/v1/people/{added['id']}/sign-in", "boss", 200).json()["awaits_password"])

    def test_it_is_administrators_alone_and_never_of_themselves(self):
        added = self.add("reed", "officer", badge="9")
        for who in ("clerk", "captain"):
            self.add("new", "officer", who=who, wanted=403)
            self.link(added["id"], 403, who)
        self.link("boss", 403)
        self.link(added["id"], 404, "theirs")
        # A token that was taken adds nobody, and gets nobody's link.
        for path, body in (("/api/v1/people", {"login": "new", "roles": ["officer"]}), (f"/api/v1/people/{added['id']}/setup-link", {})):
            refused = self.a.ask("POST", path, "boss", 401, **body)
            self.assertEqual(refused.json()["type"], "/problems/fresh-factor", path)
        for login, more, wanted in (("reed", {}, 409), ("REED two", {}, 400), ("x\u200bx", {}, 400), ("", {}, 400), ("new", {"badge": "9"}, 409), ("new", {"badge": "a\nb"}, 400)):
            self.add(login, "officer", wanted=wanted, **more)
        self.add("new", wanted=400)
        self.add("new", "king", wanted=400)
        self.assertEqual(self.a.ask("GET", "/api/v1/people/new", "boss").status, 404)

    def test_what_of_setting_up_is_done(self):
        ask = lambda: self.a.ask("GET", "/api/v1/first-steps", "theirs", 200).json()
        self.assertEqual(ask(), {"people": False, "dock": False, "own_viewing": False})
        self.add("their_captain", "command", who="theirs")
        self.assertEqual(ask(), {"people": True, "dock": False, "own_viewing": False})
        self.a.ask("GET", "/api/v1/first-steps", "captain", 403)
        self.a.fresh("captain").ask("PUT", "/api/v1/rules", {"own_viewing": "allowed", "reason": "General Order 12"}, 200)
        self.assertTrue(self.a.ask("GET", "/api/v1/first-steps", "boss", 200).json()["own_viewing"])


class Facts(TownCase):
    """Statements, as a list."""
    @classmethod
    def populate(cls):
        cls.agency = Agency(cls.town, ("boss", "administrator"), ("keeper", "coordinator"), ("sergeant", "supervisor"), ("hill", "officer"), ("baker", "officer"))

    def setUp(self):
        self.a = self.agency

    def test_statements_are_listed_for_whoever_may_record_them(self):
        hill = self.a.ask("GET", "/api/v1/people/hill", "boss", 200).json()["id"]
        filed = "2022-12-0{}T00:00:00.00Z"
        for incident, day in (("22-1", 1), ("22-2", 3), ("22-3", 2), ("22-4", 2), ("22-5", 2)):
            self.a.ask("POST", "/api/v1/statements", "sergeant", 204, person="hill", incident=incident, filed_at=filed.format(day))
        self.a.ask("POST", "/api/v1/statements", "sergeant", 204, person="baker", incident="22-1")
        items, cursor = [], None
        while cursor != "":
            page = self.a.ask("GET", f"/api/v1/statements?person=hill&limit=2{'' if cursor is None else '&cursor=' + cursor}", "sergeant", 200).json()
            items += page["items"]
            cursor = page["next"] or ""
        self.assertEqual([item["filed_at"] for item in items], [filed.format(day) for day in (3, 2, 2, 2, 1)])
        self.assertEqual({item["incident"] for item in items}, {f"22-{n}" for n in range(1, 6)})
        self.assertEqual({item["person"] for item in items}, {hill})
        self.a.ask("POST", "/api/v1/statements/withdraw", "sergeant", 204, person="hill", incident="22-3", reason="Baker's")
        self.a.ask("POST", "/api/v1/statements", "sergeant", 409, person="hill", incident="22-2")
        self.a.ask("POST", "/api/v1/statements", "sergeant", 204, person="hill", incident="22-3", filed_at=filed.format(2))
        shown = self.a.ask("GET", f"/api/v1/statements?person={hill}", "sergeant", 200).json()["items"]
        self.assertEqual([(item["incident"], item["withdrawn_at"] is None) for item in shown if item["filed_at"] == filed.format(2)].count(("22-3", True)), 1)
        self.assertEqual([item["incident"] for item in shown if item["withdrawn_at"] is not None], ["22-3"])
        self.assertEqual(len(shown), 6)
        self.a.ask("GET", "/api/v1/statements", "sergeant", 400)
        self.a.ask("GET", "/api/v1/statements?person=nobody", "sergeant", 404)
        self.a.ask("GET", "/api/v1/statements?person=hill", "keeper", 403)


class Tokens(TownCase):
    @classmethod
    def populate(cls):
        cls.agency = Agency(cls.town, ("clerk", "records"), ("other", "records"))

    def lapel(self, *args, code=0):
        return lapel("token", args[0], "--data", self.town.data, *args[1:], code=code)

    def listed(self, *args):
        return json.loads(self.lapel("list", "--json", *args).stdout)["items"]

    def asked(self, token):
        return self.town.request("GET", "/api/v1/recordings", token)

    def test_a_token_lives_ninety_days_or_as_long_as_it_is_told(self):
        def days(*expires):
            made = json.loads(self.lapel("create", "--user", "other", *expires, "--json").stdout)
            shown = next(item for item in self.listed() if item["id"] == made["id"])
            self.assertEqual(shown["expires_at"], made["expires_at"])
            self.assertEqual(self.asked(made["token"]).status, 200)
            begin, end = (datetime.datetime.fromisoformat(shown[name].replace("Z", "0+00:00")) for name in ("created_at", "expires_at"))
            return round((end - begin).total_seconds() / 86_400)
        # As many days after it was asked for, and sealed a moment later.
        self.assertEqual(days(), 90)
        self.assertEqual(days("--expires", "7"), 7)
        self.assertEqual(days("--expires", "366"), 366)
        tomorrow = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.assertTrue(0.99 < days("--expires", tomorrow) <= 1)
        for wrong in ("0", "367", "soon", "-3", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
            refused = self.lapel("create", "--user", "other", f"--expires={wrong}", code=2)
            self.assertEqual(refused.stdout, "")
            self.assertIn("A token", refused.stderr)

    def test_an_expired_a_revoked_and_an_unknown_token_are_told_alike(self):
        expired, revoked = (json.loads(self.lapel("create", "--user", "clerk", "--json").stdout) for _ in range(2))
        for made in (expired, revoked):
            self.assertEqual(self.asked(made["token"]).status, 200)
        catalog = sqlite3.connect(self.town.data / "catalog.db", timeout=60)
        self.addCleanup(catalog.close)

        def later(by_us):
            with catalog:
                catalog.execute("UPDATE tokens SET expires_us = expires_us + ? WHERE id = ?", (by_us, expired["id"]))
        later(-400 * 86_400_000_000)
        self.addCleanup(later, 400 * 86_400_000_000)  # what the ledger says of it
        self.assertIn(revoked["id"], self.lapel("revoke", revoked["id"]).stderr)
        for made in (expired, revoked):
            self.assertEqual(told(self.asked(made["token"])), told(self.asked(UNKNOWN)))
        self.assertEqual({item["id"]: item["state"] for item in self.listed() if item["id"] in (expired["id"], revoked["id"])},
                         {expired["id"]: "expired", revoked["id"]: "revoked"})
        self.lapel("revoke", revoked["id"], code=3)
        self.lapel("revoke", "0" * 32, code=3)
        self.lapel("revoke", "all", code=2)

    def test_a_list_tells_whose_for_what_and_when_it_was_used_last(self):
        made = json.loads(self.lapel("create", "--user", "other", "--scope", "list,upload", "--json").stdout)

        def shown():
            return next(item for item in self.listed("--user", "other") if item["id"] == made["id"])
        before = shown()
        self.assertEqual((before["user"], sorted(before["scopes"]), before["last_used_on"], before["revoked_at"], before["state"]),
                         ("other", ["list", "upload"], None, None, "stands"))
        today = datetime.datetime.now(datetime.timezone.utc).date()
        self.assertEqual(self.asked(made["token"]).status, 200)
        used = datetime.date.fromisoformat(shown()["last_used_on"])
        self.assertIn((used - today).days, (0, 1))  # midnight may have passed meanwhile
        self.assertEqual({item["user"] for item in self.listed("--user", "clerk")}, {"clerk"})
        self.assertLess({"clerk", "other"}, {item["user"] for item in self.listed()} | {"nobody"})
        self.lapel("list", "--user", "nobody", code=3)
        secret = made["token"].rsplit("_", 1)[1]
        for text in (self.lapel("list").stdout, self.lapel("list", "--json").stdout):
            self.assertIn(made["id"], text)
            self.assertNotIn(secret, text)
        self.assertRegex(self.lapel("list").stdout, rf"{made['id']}  other  upload,list  made \d{{4}}-\d\d-\d\d, ends \d{{4}}-\d\d-\d\d, last used {used}\n")


    def test_who_made_and_who_ended_a_token_is_in_the_ledger(self):
        made = json.loads(self.lapel("create", "--user", "clerk", "--scope", "list,upload", "--expires", "7", "--json").stdout)
        whole = json.loads(self.lapel("create", "--user", "clerk", "--json").stdout)
        self.lapel("revoke", made["id"])
        self.lapel("revoke", made["id"], code=3)
        with sqlite3.connect(f"file:{self.town.data / 'catalog.db'}?mode=ro", uri=True) as catalog:
            clerk, console = catalog.execute("SELECT p.id, a.console FROM people p JOIN agencies a ON a.id = p.agency WHERE p.login = 'clerk'").fetchone()
        said = [event for kind in ("token.made", "token.revoked") for event in self.agency.events(clerk, kind) if event["token"] in (made["id"], whole["id"])]
        self.assertEqual({event["actor"] for event in said}, {console})
        self.assertEqual([(event["type"], event["token"], event.get("principal"), sorted(event.get("scopes", "").split()), event.get("expires")) for event in said],
                         [("token.made", made["id"], "person", ["list", "upload"], made["expires_at"]), ("token.made", whole["id"], "person", [], whole["expires_at"]),
                          ("token.revoked", made["id"], None, [], None)])
        for each in (made, whole):
            secret = each["token"].rsplit("_", 1)[1]
            self.assertFalse(any(word in json.dumps(said) for word in (secret, hashlib.sha256(bytes.fromhex(secret)).hexdigest())))

    def test_a_token_that_the_ledger_does_not_know_is_found(self):
        with Town() as town:
            def sql(statement):
                with sqlite3.connect(town.data / "catalog.db", timeout=60) as catalog:
                    catalog.execute(statement)
            tokens_are_sealed(self, town, sql)


class Told(unittest.TestCase):
    def test_an_export_verifies_whatever_its_people_were_between(self):
        """Both verifiers keep the events of roles and activity without judging them."""
        with Town(beat=1) as town:
            a = Agency(town, ("clerk", "records"))
            a.tokens["chief"] = town.token("chief")
            town.start()
            a.roles("chief", "clerk", ["records", "auditor"])
            a.active("chief", "clerk", False)
            a.active("chief", "clerk", True)
            a.tokens["clerk"] = town.token("clerk")
            a.ask("POST", "/api/v1/assignments", "chief", 201, kind="badge", person="clerk", target="900")
            recording = town.upload(a.tokens["clerk"], b"film", filename="a.bin")["recording"]
            out = town.home / "export"
            lapel("recording", "export", recording, "--out", out, "--purpose", "discovery", LAPEL_TOKEN=a.tokens["clerk"], LAPEL_SERVER=town.url)
            town.stop()
            self.assertEqual(town.check_ledger(), (0, []))
            for verifier in ((BIN / "lapel-verify",), ("node", ROOT / "web/build/verify/cli.js", "export")):
                done = run(*verifier, "--key", town.vkey, out, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Tampered(unittest.TestCase):
    def test_roles_and_activity_that_only_the_catalog_knows_are_told(self):
        """Whoever can write to the database could make themselves command, or come back; the ledger does not say so."""
        with Town() as town:
            a = Agency(town, ("hill", "officer"), ("left", "records"), ("back", "auditor", "records"))
            a.tokens["chief"] = town.token("chief")
            town.start()
            a.roles("chief", "hill", ["officer", "supervisor"])
            a.active("chief", "left", False)
            a.active("chief", "back", False)
            a.active("chief", "back", True)
            town.stop()
            self.assertEqual(town.check_ledger(), (0, []))
            whole = pathlib.Path(town.data / "catalog.db").read_bytes()
            of = "(SELECT id FROM people WHERE login = '{}')".format
            for sql, words in (
                    (f"INSERT INTO person_roles (person, role) VALUES ({of('hill')}, 'command')", "roles command, officer, supervisor"),
                    (f"DELETE FROM person_roles WHERE person = {of('hill')} AND role = 'officer'", "roles supervisor"),
                    (f"DELETE FROM person_roles WHERE person = {of('hill')}", "roles "),
                    (f"UPDATE person_roles SET role = 'command' WHERE person = {of('hill')} AND role = 'officer'", "roles command, supervisor"),
                    (f"UPDATE person_roles SET person = {of('hill')} WHERE role = 'administrator'", "roles administrator, officer, supervisor"),
                    (f"UPDATE person_roles SET role = 'king' WHERE person = {of('hill')} AND role = 'officer'", "roles king, supervisor"),
                    (f"INSERT INTO person_roles (person, role) VALUES ('{'f' * 32}', 'administrator')", "person_roles: 1 rows name no person"),
                    ("UPDATE people SET active_until_us = NULL WHERE login = 'left'", "active until nothing"),
                    ("UPDATE people SET active_until_us = active_until_us + 10000 WHERE login = 'left'", "active until"),
                    ("UPDATE people SET active_until_us = 'never' WHERE login = 'left'", "people.active_until_us: 1 values are no integer, one of them 'never'"),
                    ("UPDATE people SET active_until_us = 1700000000000000 WHERE login = 'hill'", "active until 2023-11-14T22:13:20.00Z"),
                    ("UPDATE people SET active_from_us = NULL WHERE login = 'back'", "active from nothing"),
                    ("UPDATE people SET active_from_us = 0 WHERE login = 'back'", "active from 1970-01-01T00:00:00.00Z"),
                    ("UPDATE people SET active_until_us = active_from_us WHERE login = 'back'", "active until"),
                    ("UPDATE people SET active_from_us = 0 WHERE login = 'chief'", "active from 1970-01-01T00:00:00.00Z")):
                with self.subTest(sql=sql):
                    catalog = sqlite3.connect(town.data / "catalog.db")
                    try:
                        self.assertGreater(catalog.execute(sql).rowcount, 0)
                        catalog.commit()
                    finally:
                        catalog.close()
                    code, faults = town.check_ledger()
                    self.assertEqual(code, 6)
                    self.assertTrue(any(words in fault for fault in faults), faults)
                    (town.data / "catalog.db").write_bytes(whole)
            self.assertEqual(town.check_ledger(), (0, []))


if __name__ == "__main__":
    unittest.main()
