# SPDX-License-Identifier: Apache-2.0
"""A directory that keeps people in step by SCIM 2.0, on a real server: as Microsoft Entra and Okta send it, and as nobody should."""
import concurrent.futures
import json
import secrets
import sqlite3
import unittest
import urllib.parse

from federation_test import Federation, Traveler
from harness import BIN, Town, run
from postgres import PrivatePostgres
from signing_in import Browser

USER, GROUP = "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
TYPE = "application/scim+json"


class Scim(Federation):
    """Who keeps the people is a token of an administrator; who they are there, the provider tells."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm = cls.provider.realm()
        cls.configure(cls, cls.realm, newcomers=False)
        cls.token = cls.town.token("chief", "scim")
        cls.admin = cls.town.token("chief")
        cls.made = 0

    def ask(self, method, path, body=None, status=None, token=None, **headers):
        text = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        answer = self.town.request(method, f"/scim/v2{path}", token or self.token, {"Content-Type": TYPE, **headers}, text)
        if status is not None:
            self.assertEqual(answer.status, status, answer.body)
        if answer.body:
            self.assertEqual(answer.headers["Content-Type"], TYPE)
        return answer

    def error(self, answer, status, word=None, words=""):
        self.assertEqual(answer.status, status, answer.body)
        body = answer.json()
        self.assertEqual((body["schemas"], body["status"], body.get("scimType")), ([ERROR], str(status), word), body)
        self.assertIn(words, body["detail"])

    def user(self, **more):
        type(self).made += 1
        name = f"scim{self.made}"
        body = {"schemas": [USER], "userName": name, "externalId": f"ext-{name}", "displayName": f"Of {name}", "active": True, **more}
        return self.ask("POST", "/Users", body, 201).json()

    def group(self, name, *members):
        found = self.ask("GET", f"/Groups?filter={urllib.parse.quote(f'displayName eq {json.dumps(name)}')}", status=200).json()["Resources"]
        if not found:
            found = [self.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": name}, 201).json()]
        if members:
            self.patch("Groups", found[0]["id"], {"op": "add", "path": "members", "value": [{"value": user["id"]} for user in members]})
        return found[0]["id"]

    def patch(self, kind, id_, *operations, status=200):
        return self.ask("PATCH", f"/{kind}/{id_}", {"schemas": [PATCH], "Operations": list(operations)}, status)

    def person(self, user):
        people = self.town.request("GET", "/api/v1/people", self.admin).json()["items"]
        found = [person for person in people if person["login"] == user["userName"]]
        return found[0] if found else None

    def sign_in(self, user, **person):
        browser = Traveler(self.town)
        return browser, browser.through(self.realm, sub=user["externalId"], preferred_username="whatever", **{"groups": None, **person})

    def of_person(self, user):
        """(type, fields) of the events about somebody."""
        subject = self.person(user)["id"]
        catalog = sqlite3.connect(f"file:{self.town.data / 'catalog.db'}?mode=ro", uri=True)
        try:
            rows = catalog.execute("SELECT event FROM ledger_events WHERE subject = ? ORDER BY n", (subject,)).fetchall()
            return [json.loads(row[0]) for row in rows]
        finally:
            catalog.close()


class People(Scim):
    def test_somebody_is_a_person_when_a_group_means_a_role(self):
        user = self.user()
        self.assertIsNone(self.person(user))
        self.refused(self.sign_in(user)[1], 403, "in no group that has a role here", "denied")
        self.group("Records", user)
        self.assertEqual((self.person(user)["roles"], self.person(user)["name"]), (["records"], user["displayName"]))
        browser, answer = self.sign_in(user)
        self.assertEqual((answer.status, answer.json()["login"], answer.json()["roles"]), (200, user["userName"], ["records"]))
        self.assertTrue(browser.opens())
        self.group("Officers", user)
        self.assertEqual(sorted(self.person(user)["roles"]), ["officer", "records"])
        self.group("Janitors", user)
        events = [event for event in self.of_person(user) if event["type"] != "recordings.listed"]
        self.assertEqual([event["type"] for event in events], ["identity.bound", "person.roles", "person.roles"])
        self.assertEqual({event.get("reason") for event in events[1:]}, {"The agency's directory"})
        chief = [p for p in self.town.request("GET", "/api/v1/people", self.admin).json()["items"] if p["login"] == "chief"][0]
        self.assertEqual({event["actor"] for event in events}, {chief["id"]})

    def test_who_is_not_active_there_is_out_with_the_next_request(self):
        forms = ({"op": "Replace", "path": "active", "value": "False"}, {"op": "replace", "value": {"active": False}}, {"op": "replace", "path": "active", "value": False},
                 {"op": "Add", "path": f"{USER}:active", "value": "false"}, {"op": "replace", "path": "ACTIVE", "value": "FALSE"})
        back = ({"op": "Replace", "path": "active", "value": "True"}, {"op": "replace", "value": {"active": True}})
        for number, off in enumerate(forms):
            with self.subTest(off):
                user = self.user()
                self.group("Officers", user)
                browser, _ = self.sign_in(user)
                token = self.town.token(user["userName"])
                self.assertTrue(browser.opens())
                self.assertEqual(self.town.request("GET", "/api/v1/recordings", token).status, 200)
                self.assertFalse(self.patch("Users", user["id"], off).json()["active"])
                self.assertFalse(browser.opens())
                self.assertEqual(self.town.request("GET", "/api/v1/recordings", token).status, 401)
                self.refused(self.sign_in(user)[1], 403, "deactivated", "denied")
                self.refused(self.sign_in(user, groups=["Officers"])[1], 403, "deactivated", "denied")
                self.assertFalse(self.person(user)["active"])
                self.assertTrue(self.patch("Users", user["id"], back[number % 2]).json()["active"])
                self.assertEqual(self.sign_in(user)[1].status, 200)
                self.assertFalse(browser.opens(), "a session from before came back")
                self.assertEqual(self.town.request("GET", "/api/v1/recordings", token).status, 401, "a token from before came back")

    def test_removing_a_user_puts_them_out_and_keeps_what_they_did(self):
        user = self.user()
        self.group("Officers", user)
        browser, _ = self.sign_in(user)
        self.ask("DELETE", f"/Users/{user['id']}", status=204)
        self.assertFalse(browser.opens())
        self.assertFalse(self.person(user)["active"])
        for method, body in (("GET", None), ("PUT", {"userName": "x"}), ("DELETE", None)):
            self.error(self.ask(method, f"/Users/{user['id']}", body), 404)
        again = {"userName": user["userName"], "externalId": "somebody else of the same name"}
        self.error(self.ask("POST", "/Users", again), 409, "uniqueness")
        back = self.ask("POST", "/Users", {**again, "externalId": user["externalId"]}, 201).json()
        self.assertEqual((back["id"], back["groups"]), (user["id"], []))
        self.assertFalse(self.person(user)["active"], "back, but in no group yet")
        self.group("Officers", back)
        self.assertTrue(self.person(user)["active"])
        self.assertEqual(self.sign_in(user)[1].status, 200)

    def test_who_has_left_the_last_group_is_out(self):
        user = self.user()
        officers, records = self.group("Officers", user), self.group("Records", user)
        self.patch("Groups", officers, {"op": "remove", "path": f'members[value eq "{user["id"]}"]'})
        self.assertEqual(self.person(user)["roles"], ["records"])
        self.patch("Groups", records, {"op": "Remove", "path": "members", "value": [{"value": user["id"]}]})
        self.assertFalse(self.person(user)["active"])
        self.group("Officers", user)
        self.assertEqual((self.person(user)["active"], self.person(user)["roles"]), (True, ["officer"]))

    def test_who_was_deactivated_by_hand_stays_so(self):
        user = self.user()
        self.group("Officers", user)
        body = json.dumps({"active": False, "reason": "suspended"})
        self.assertEqual(self.town.request("POST", f"/api/v1/people/{self.person(user)['id']}/active", self.admin, body=body).status, 200)
        self.patch("Users", user["id"], {"op": "replace", "path": "active", "value": False})
        self.patch("Users", user["id"], {"op": "replace", "path": "active", "value": True})
        self.group("Records", user)
        self.assertFalse(self.person(user)["active"])
        self.refused(self.sign_in(user)[1], 403, "deactivated", "denied")

    def test_nobody_comes_back_by_what_is_not_said(self):
        user = self.user()
        self.group("Officers", user)
        self.patch("Users", user["id"], {"op": "replace", "path": "active", "value": False})
        for operation in ({"op": "remove", "path": "active"}, {"op": "replace", "path": "active"}, {"op": "replace", "path": "active", "value": None},
                          {"op": "replace", "value": {"active": None}}, {"op": "replace", "value": {"active": False, f"{USER}:active": True}},
                          {"op": "add", "value": {"Active": True, "active": False}}):
            self.error(self.ask("PATCH", f"/Users/{user['id']}", {"Operations": [operation]}), 400, "invalidValue")
        body = {"userName": user["userName"], "externalId": user["externalId"], "displayName": "Renamed"}
        for more in ({"active": None}, {"active": False, "ACTIVE": True}):
            self.error(self.ask("PUT", f"/Users/{user['id']}", {**body, **more}), 400, "invalidValue")
            self.error(self.ask("POST", "/Users", {"userName": "unsaid", **more}), 400, "invalidValue")
        put = self.ask("PUT", f"/Users/{user['id']}", body, 200).json()
        self.assertEqual((put["displayName"], put["active"], self.person(user)["active"]), ("Renamed", False, False))
        self.assertTrue(self.ask("PUT", f"/Users/{user['id']}", {**body, "active": True}, 200).json()["active"])
        self.assertTrue(self.person(user)["active"])
        self.assertTrue(self.ask("POST", "/Users", {"userName": "unsaid", "externalId": "unsaid"}, 201).json()["active"])

    def by_hand(self, user, active, status=200):
        body = json.dumps({"active": active, "reason": "by hand"})
        self.assertEqual(self.town.request("POST", f"/api/v1/people/{self.person(user)['id']}/active", self.admin, body=body).status, status)

    def test_a_change_by_hand_outlasts_what_the_directory_did_before(self):
        user = self.user()
        group = self.group("Officers", user)
        self.patch("Users", user["id"], {"op": "replace", "path": "active", "value": False})
        self.by_hand(user, True)
        self.by_hand(user, False)
        self.patch("Users", user["id"], {"op": "replace", "path": "active", "value": True})
        self.assertFalse(self.person(user)["active"], "back, after the directory had once put them out")
        self.by_hand(user, True)
        self.patch("Groups", group, {"op": "remove", "path": f'members[value eq "{user["id"]}"]'})
        self.assertFalse(self.person(user)["active"])
        # Suspended while the directory has them out: that is on record, and counts when they come back there.
        self.by_hand(user, False)
        self.by_hand(user, False, 409)
        self.group("Officers", user)
        self.assertFalse(self.person(user)["active"])
        self.by_hand(user, True)
        self.assertEqual([event["active"] for event in self.of_person(user) if event["type"] == "person.active"], [False, True, False, True, False, False, True])
        self.by_hand(user, False)
        self.assertEqual(self.town.check_ledger(), (0, []))

    def test_nobody_who_was_entered_here_is_taken_over(self):
        for name in ("hill", "chief", "CHIEF", "Hill"):
            self.error(self.ask("POST", "/Users", {"userName": name}), 409, "uniqueness")
        user = self.user()
        for body in ({"userName": user["userName"]}, {"userName": user["userName"].upper()}, {"userName": "another", "externalId": user["externalId"]}):
            self.error(self.ask("POST", "/Users", body), 409, "uniqueness")
        other = self.user()
        self.error(self.ask("PUT", f"/Users/{other['id']}", {"userName": user["userName"]}), 409, "uniqueness")
        # Somebody of that login is entered here after the directory named it.
        late = self.user()
        self.town.add_user(late["userName"], "records")
        group = self.group("Officers")
        answer = self.ask("PATCH", f"/Groups/{group}", {"Operations": [{"op": "add", "path": "members", "value": [{"value": late["id"]}]}]})
        self.error(answer, 409, "uniqueness")
        self.assertEqual(self.person(late)["roles"], ["records"])

    def test_the_last_administrator_stays(self):
        with Town() as town:
            secret = town.home / "s"
            secret.write_text("s\n")
            run(BIN / "lapel", "sign-in", "provider", "set", "--data", town.data, "--agency", town.agency, "--issuer", self.realm.issuer, "--client-id", "lapel",
                "--client-secret-file", secret, "--map", "Chiefs=administrator", "--map", "Officers=officer")
            town.start()
            token, admin = town.token("chief", "scim"), town.token("chief")

            def ask(method, path, body=None):
                return town.request(method, path, token, {"Content-Type": TYPE}, json.dumps(body) if body is not None else None)
            user = ask("POST", "/scim/v2/Users", {"userName": "boss", "externalId": "b"}).json()
            group = ask("POST", "/scim/v2/Groups", {"displayName": "Chiefs", "members": [{"value": user["id"]}]}).json()
            people = {p["login"]: p for p in town.request("GET", "/api/v1/people", admin).json()["items"]}
            self.assertEqual(people["boss"]["roles"], ["administrator"])
            # The token acts for an administrator who is one no longer, so it is of no use any more.
            helper = town.add_user("helper", "administrator")
            helper_scim = town.token("helper", "scim")
            done = town.request("POST", f"/api/v1/people/{people['chief']['id']}/active", helper, body=json.dumps({"active": False, "reason": "x"}))
            self.assertEqual(done.status, 200)
            self.assertEqual(ask("GET", "/scim/v2/Users").status, 401)
            token = helper_scim
            # Two are left: the directory's own, and the one whose token it is.
            # Demoted, the helper's token is no administrator's.
            town.add_user("third", "administrator")
            demoting = Browser(town)
            demoting.sign_in("third")
            demoting.enroll_app()
            demoting.ask("POST", "/api/v1/people/helper/roles", {"roles": ["officer"], "reason": "x"}, 200)
            gone = town.request("POST", "/api/v1/people/third/active", town.token("boss"), body=json.dumps({"active": False, "reason": "x"}))
            self.assertEqual(gone.status, 200, gone.body)
            self.assertEqual(ask("GET", "/scim/v2/Users").status, 403)
            # From then on the boss is the last; nothing at the provider takes the role away either.
            answer = Traveler(town)
            location = answer.leave()
            self.realm.client_secret, kept = "s", self.realm.client_secret
            try:
                done = answer.come_back(self.realm.authorize(location, sub="b", groups=["Officers"]))
            finally:
                self.realm.client_secret = kept
            self.assertEqual((done.status, done.json()["type"]), (409, "/problems/last-administrator"), done.body)
            self.assertEqual(town.stop(), 0)
            self.assertEqual(town.check_ledger(), (0, []))
            self.assertTrue(group["id"])

    def test_a_user_is_found_and_changed(self):
        user = self.user(name={"givenName": "Jo", "familyName": "Doe"}, displayName=None, emails=[{"value": "jo@example.org", "primary": True}], title="Sergeant")
        self.assertEqual(user["displayName"], "Jo Doe")
        for name, shown in (({"givenName": "", "familyName": "Doe"}, "Doe"), ({"formatted": "", "givenName": "Jo"}, "Jo"), ({"givenName": "", "familyName": ""}, None)):
            of_parts = self.user(name=name, displayName="")
            self.assertEqual(of_parts["displayName"], shown or of_parts["userName"])
        for query in (f'userName eq "{user["userName"]}"', f'USERNAME EQ "{user["userName"].upper()}"', f'externalId eq "{user["externalId"]}"', f'id eq "{user["id"]}"',
                      f'{USER}:userName eq "{user["userName"]}"'):
            found = self.ask("GET", f"/Users?filter={urllib.parse.quote(query)}", status=200).json()
            self.assertEqual((found["totalResults"], [each["id"] for each in found["Resources"]]), (1, [user["id"]]), query)
        nobody = self.ask("GET", "/Users?filter=userName%20eq%20%22nobody%22", status=200).json()
        self.assertEqual((nobody["totalResults"], nobody["Resources"]), (0, []))
        self.assertEqual(self.ask("GET", f"/Users/{user['id']}", status=200).json()["meta"]["resourceType"], "User")
        put = self.ask("PUT", f"/Users/{user['id']}", {**user, "displayName": "Jo Q. Doe", "externalId": None}, 200).json()
        self.assertEqual((put["displayName"], put.get("externalId")), ("Jo Q. Doe", None))
        done = self.patch("Users", user["id"], {"op": "add", "path": "externalId", "value": "ext-new"}, {"op": "replace", "path": "name.givenName", "value": "Joan"},
                          {"op": "replace", "path": 'emails[type eq "work"].value', "value": "joan@example.org"}, {"op": "add", "value": {"userName": f"{user['userName']}x", "title": "Lt."}},
                          {"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", "value": "7"}).json()
        self.assertEqual((done["externalId"], done["userName"], done["displayName"]), ("ext-new", f"{user['userName']}x", "Joan"))

    def test_lists_come_in_pages(self):
        users = [self.user()["id"] for _ in range(5)]
        seen, start = [], 1
        while True:
            page = self.ask("GET", f"/Users?startIndex={start}&count=2", status=200).json()
            self.assertLessEqual(len(page["Resources"]), 2)
            self.assertEqual((page["startIndex"], page["itemsPerPage"]), (start, len(page["Resources"])))
            if not page["Resources"]:
                break
            seen += [each["id"] for each in page["Resources"]]
            start += len(page["Resources"])
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual(len(seen), page["totalResults"])
        self.assertLessEqual(set(users), set(seen))
        self.assertEqual(self.ask("GET", "/Users?count=0", status=200).json()["Resources"], [])
        self.assertEqual(self.ask("GET", "/Users?startIndex=-3&count=-1", status=200).json()["startIndex"], 1)
        self.error(self.ask("GET", "/Users?count=x"), 400, "invalidValue")


def at_once(calls):
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


class AtOnce(Scim):
    """A directory sends several changes at a time: none of them is lost, and each person follows."""

    def off(self, user, active=False):
        return self.patch("Users", user["id"], {"op": "replace", "path": "active", "value": active}, status=None).status

    def test_a_deactivation_is_not_undone_by_another_change(self):
        for turn in range(6):
            user = self.user()
            self.group("Officers", user)
            names = [lambda n=n: self.patch("Users", user["id"], {"op": "replace", "path": "displayName", "value": f"n{turn}{n}"}, status=None).status for n in range(6)]
            self.assertEqual(at_once(names[:3] + [lambda: self.off(user)] + names[3:]), [200] * 7)
            self.assertFalse(self.ask("GET", f"/Users/{user['id']}").json()["active"])
            self.assertFalse(self.person(user)["active"])

    def test_members_who_come_and_go_at_once(self):
        users = [self.user() for _ in range(8)]
        group = self.group("Officers", *users)

        def left():
            return {each["value"] for each in self.ask("GET", f"/Groups/{group}").json()["members"]} & {user["id"] for user in users}

        def change(user, operation):
            return self.patch("Groups", group, operation, status=None).status
        gone = [lambda user=user: change(user, {"op": "remove", "path": f'members[value eq "{user["id"]}"]'}) for user in users]
        self.assertEqual(at_once(gone), [200] * 8)
        self.assertEqual((left(), [user for user in users if self.person(user)["active"]]), (set(), []))
        come = [lambda user=user: change(user, {"op": "add", "path": "members", "value": [{"value": user["id"]}]}) for user in users]
        self.assertEqual(at_once(come), [200] * 8)
        self.assertEqual((left(), [user for user in users if not self.person(user)["active"]]), ({user["id"] for user in users}, []))

    def test_a_person_follows_what_the_directory_says_last(self):
        records = self.group("Records")
        for _ in range(8):
            user = self.user()
            self.group("Officers", user)
            self.off(user)
            done = at_once([lambda: self.off(user, True), lambda: self.off(user, False),
                            lambda: self.patch("Groups", records, {"op": "add", "path": "members", "value": [{"value": user["id"]}]}, status=None).status])
            self.assertEqual(done, [200] * 3)
            self.assertEqual(self.person(user)["active"], self.ask("GET", f"/Users/{user['id']}").json()["active"])
            self.assertTrue(self.off(user, True) == 200 and set(self.person(user)["roles"]) == {"officer", "records"})

    def test_what_could_not_be_followed_is_finished_later(self):
        user = self.user()
        taken = self.town.add_user(user["userName"], "records")
        self.assertTrue(taken)
        group = self.group("Officers")
        self.error(self.ask("PATCH", f"/Groups/{group}", {"Operations": [{"op": "add", "path": "members", "value": [{"value": user["id"]}]}]}), 409, "uniqueness")
        catalog = self.town.data / "catalog.db"

        def waiting(run=None):
            with sqlite3.connect(catalog, timeout=10) as db:
                if run:
                    db.execute(run, (user["id"],))
                return db.execute("SELECT unsettled_us FROM directory_users WHERE id = ?", (user["id"],)).fetchone()[0]
        self.assertIsNotNone(waiting())
        self.ask("GET", "/Users?count=0", status=200)
        later = waiting()
        self.ask("GET", "/Users?count=0", status=200)
        self.assertEqual(waiting(), later, "tried again at once what cannot be done")
        # Renamed there, and the next request of the directory enters them.
        waiting(f"UPDATE directory_users SET user_name = '{user['userName']}_b', user_name_folded = '{user['userName']}_b', unsettled_us = 1 WHERE id = ?")
        self.ask("GET", "/Users?count=0", status=200)
        self.assertIsNone(waiting())
        self.assertEqual(self.person({"userName": user["userName"] + "_b"})["roles"], ["officer"])
        # And so does the next start.
        self.off(user, False)
        waiting("UPDATE directory_users SET is_active = 1, unsettled_us = 1 WHERE id = ?")
        self.assertEqual(self.town.stop(), 0)
        self.town.start()
        self.assertIsNone(waiting())
        self.assertTrue(self.person({"userName": user["userName"] + "_b"})["active"])

    def test_a_group_is_entered_with_its_members_or_not(self):
        self.error(self.ask("POST", "/Groups", {"displayName": "Partial", "members": [{"value": "nobody"}]}), 400, "invalidValue")
        self.ask("POST", "/Groups", {"displayName": "Partial", "members": []}, 201)

    def test_nothing_is_half_done_to_whom_the_token_acts_for(self):
        one, two = self.user(), self.user()
        group = self.group("Chiefs", one, two)
        token = self.town.token(one["userName"], "scim")
        for _ in range(2):
            self.error(self.ask("DELETE", f"/Groups/{group}", token=token), 403, words="acts for")
            out = {"Operations": [{"op": "remove", "path": f'members[value eq "{one["id"]}"]'}]}
            self.error(self.ask("PATCH", f"/Groups/{group}", out, token=token), 403, words="acts for")
        self.assertEqual(len(self.ask("GET", f"/Groups/{group}").json()["members"]), 2)
        self.ask("DELETE", f"/Groups/{group}", status=204)
        self.assertFalse(self.person(one)["active"] or self.person(two)["active"])


class Groups(Scim):
    def members(self, id_):
        return {member["value"] for member in self.ask("GET", f"/Groups/{id_}", status=200).json()["members"]}

    def test_members_come_and_go_in_every_form(self):
        one, two, three = self.user(), self.user(), self.user()
        group = self.ask("POST", "/Groups", {"displayName": "Night watch", "externalId": "g-1", "members": [{"value": one["id"]}]}, 201).json()["id"]
        self.patch("Groups", group, {"op": "Add", "path": "members", "value": [{"value": two["id"]}]})
        self.patch("Groups", group, {"op": "add", "value": {"members": [{"value": three["id"], "display": "x"}]}})
        self.assertEqual(self.members(group), {one["id"], two["id"], three["id"]})
        self.patch("Groups", group, {"op": "add", "path": "members", "value": {"value": three["id"]}})
        self.patch("Groups", group, {"op": "replace", "path": "members", "value": [{"value": two["id"]}]})
        self.assertEqual(self.members(group), {two["id"]})
        self.assertEqual([each["display"] for each in self.ask("GET", f"/Users/{two['id']}").json()["groups"]], ["Night watch"])
        self.patch("Groups", group, {"op": "Remove", "path": "members"})
        self.assertEqual(self.members(group), set())
        put = self.ask("PUT", f"/Groups/{group}", {"displayName": "Day watch", "members": [{"value": one["id"]}]}, 200).json()
        self.assertEqual((put["displayName"], len(put["members"])), ("Day watch", 1))
        self.patch("Groups", group, {"op": "replace", "value": {"id": group, "displayName": "Watch"}})
        found = self.ask("GET", "/Groups?filter=displayName%20eq%20%22Watch%22&excludedAttributes=members", status=200).json()["Resources"]
        self.assertEqual([(each["id"], each["members"]) for each in found], [(group, [])])
        self.ask("DELETE", f"/Groups/{group}", status=204)
        self.error(self.ask("GET", f"/Groups/{group}"), 404)

    def test_what_a_group_is_called_says_what_it_means(self):
        user = self.user()
        group = self.ask("POST", "/Groups", {"displayName": "Clerks", "members": [{"value": user["id"]}]}, 201).json()["id"]
        self.assertIsNone(self.person(user))
        records = self.ask("GET", "/Groups?filter=displayName%20eq%20%22Records%22").json()["Resources"]
        for each in records:
            self.ask("DELETE", f"/Groups/{each['id']}", status=204)
        self.patch("Groups", group, {"op": "replace", "path": "displayName", "value": "Records"})
        self.assertEqual(self.person(user)["roles"], ["records"])
        self.patch("Groups", group, {"op": "replace", "path": "displayName", "value": "Clerks"})
        self.assertFalse(self.person(user)["active"])
        # Or its id there, which is what some providers put into their tokens.
        self.patch("Groups", group, {"op": "add", "path": "externalId", "value": "Officers"})
        self.assertEqual((self.person(user)["active"], self.person(user)["roles"]), (True, ["officer"]))
        self.ask("DELETE", f"/Groups/{group}", status=204)
        self.assertFalse(self.person(user)["active"])

    def test_a_group_of_more_than_a_thousand_is_renamed_replaced_and_removed(self):
        # Most of them are not active there, so that their person is no work: put in beside the others, whatever their ids begin with.
        active = [self.user() for _ in range(12)]
        names = [f"crowd{n}" for n in range(1_010)]
        with sqlite3.connect(self.town.data / "catalog.db", timeout=30) as catalog:
            catalog.executemany("INSERT INTO directory_users (id, agency, user_name, user_name_folded, name, is_active, is_deleted, is_grouped, is_put_out, created_us, changed_us) "
                                "SELECT ?, agency, ?, ?, ?, 0, 0, 0, 0, 1, 1 FROM directory_users WHERE id = ?",
                                [(secrets.token_hex(16), name, name, name, active[0]["id"]) for name in names])
            crowd = [row[0] for row in catalog.execute("SELECT id FROM directory_users WHERE user_name LIKE 'crowd%'")]
        many = [user["id"] for user in active] + crowd
        self.assertGreater(len(crowd), 1_000)
        group = self.group("Everybody")

        def add(members):
            self.patch("Groups", group, {"op": "add", "path": "members", "value": [{"value": each} for each in members]})

        def people():
            """(id, whether active, roles) of those who came by it, as the catalog has them."""
            with sqlite3.connect(f"file:{self.town.data / 'catalog.db'}?mode=ro", uri=True) as catalog:
                return catalog.execute("SELECT p.id, p.active_until_us IS NULL, (SELECT group_concat(role) FROM person_roles r WHERE r.person = p.id) FROM people p "
                                       "JOIN directory_users u ON u.person = p.id JOIN directory_members m ON m.user_id = u.id WHERE m.group_id = ?", (group,)).fetchall()
        add(many[:600])
        add(many[600:])
        self.assertEqual((self.members(group), people()), (set(many), []))
        # A name that means nothing, by each of the ways that one is given.
        self.patch("Groups", group, {"op": "replace", "path": "displayName", "value": "Everybody else"})
        self.ask("PUT", f"/Groups/{group}", {"displayName": "All", "members": [{"value": each} for each in many]}, 200)
        self.assertEqual((self.members(group), people()), (set(many), []))
        # More than so many do not come at once; more may stay.
        other = self.group("Others")
        self.error(self.ask("PUT", f"/Groups/{other}", {"displayName": "Others", "members": [{"value": each} for each in many]}), 413, words="1000 members")
        self.patch("Groups", group, {"op": "replace", "path": "displayName", "value": "Records"})
        entered = people()
        self.assertEqual((len(entered), {each[1:] for each in entered}), (len(active), {(1, "records")}))
        self.ask("DELETE", f"/Groups/{group}", status=204)
        with sqlite3.connect(f"file:{self.town.data / 'catalog.db'}?mode=ro", uri=True) as catalog:
            ids = [each[0] for each in entered]
            marks = ",".join("?" * len(ids))
            out = catalog.execute(f"SELECT count(*) FROM people WHERE id IN ({marks}) AND active_until_us IS NOT NULL", ids).fetchone()[0]
            sealed = catalog.execute(f"SELECT count(DISTINCT subject) FROM ledger_events WHERE type = 'person.active' AND subject IN ({marks})", ids).fetchone()[0]
            waiting = catalog.execute("SELECT count(*) FROM directory_users WHERE unsettled_us IS NOT NULL AND is_deleted = 0").fetchone()[0]
        self.assertEqual((out, sealed, waiting), (len(active), len(active), 0))
        # Left by a server that stopped: the next start finishes with all of them.
        with sqlite3.connect(self.town.data / "catalog.db", timeout=30) as catalog:
            catalog.execute("UPDATE directory_users SET unsettled_us = 1 WHERE user_name LIKE 'crowd%'")
        self.assertEqual(self.town.stop(), 0)
        self.town.start()
        self.assertEqual(catalog.execute("SELECT count(*) FROM directory_users WHERE unsettled_us IS NOT NULL AND is_deleted = 0").fetchone()[0], 0)
        catalog.close()
        self.assertEqual(self.town.check_ledger(), (0, []))

    def test_refusals(self):
        group = self.group("Refusing")
        self.error(self.ask("POST", "/Groups", {"displayName": "Refusing"}), 409, "uniqueness")
        self.error(self.ask("POST", "/Groups", {}), 400, "invalidValue")
        for members in ([{"value": "0" * 32}], [{"value": 1}], [{}], [1]):
            self.error(self.ask("PUT", f"/Groups/{group}", {"displayName": "Refusing", "members": members}), 400, "invalidValue")
        many = [{"value": f"{n:032x}"} for n in range(1001)]
        self.error(self.ask("PUT", f"/Groups/{group}", {"displayName": "Refusing", "members": many}), 413)
        for operation, word in (({"op": "move", "path": "members"}, "invalidSyntax"), ({"path": "members"}, "invalidSyntax"), ({"op": "add", "path": "members["}, "invalidPath"),
                                ({"op": "add", "path": 'members[display eq "x"]'}, "invalidPath"), ({"op": "add", "path": "members or 1"}, "invalidPath"), ({"op": "remove"}, "noTarget"),
                                ({"op": "remove", "path": "displayName"}, "mutability"), ({"op": "add", "value": 1}, "invalidValue"), ({"op": "add", "path": 1}, "invalidValue")):
            self.error(self.ask("PATCH", f"/Groups/{group}", {"Operations": [operation]}), 400, word)
        for body in ({}, {"Operations": []}, {"Operations": {}}, {"Operations": [1] * 1001}):
            self.error(self.ask("PATCH", f"/Groups/{group}", body), 400, "invalidSyntax")
        self.assertEqual(self.members(group), set())


class WhoMayAsk(Scim):
    PATHS = ("/Users", "/Groups", "/ServiceProviderConfig", "/ResourceTypes", "/Schemas")

    def test_who_is_not_there_is_not_there_whatever_the_body_says(self):
        for path in (f"/Users/{'0' * 32}", f"/Groups/{'0' * 32}"):
            for method in ("PUT", "PATCH"):
                self.error(self.ask(method, path, b"{ this is no JSON"), 404)

    def test_a_token_of_the_scope_does_this_and_nothing_else(self):
        for path in self.PATHS:
            self.ask("GET", path, status=200)
        for path in ("/api/v1/people", "/api/v1/recordings", "/api/v1/units", "/api/v1/rules", "/api/v1/account"):
            self.assertGreaterEqual(self.town.request("GET", path, self.token).status, 401, path)
        for path, body in (("/api/v1/units", {"name": "x"}), ("/api/v1/uploads", {}), ("/api/v1/assignments", {"kind": "unit", "person": "hill", "target": "x"})):
            self.assertGreaterEqual(self.town.request("POST", path, self.token, body=json.dumps(body)).status, 400, path)

    def test_no_other_credential_does(self):
        self.town.add_user("records_clerk", "records")
        for token in (self.admin, self.town.token("records_clerk"), self.town.token("chief", "list")):
            for path in self.PATHS:
                self.error(self.ask("GET", path, token=token), 403, words="scope is scim")
        self.error(self.ask("GET", "/Users", token=self.town.token("records_clerk", "scim")), 403)
        for token in ("x", "lapel_" + "0" * 32 + "_" + "0" * 64):
            self.error(self.ask("GET", "/Users", token=token), 401)
        browser = Traveler(self.town)
        browser.sign_in("chief")
        browser.enroll_app()
        self.assertTrue(browser.ask("GET", "/api/v1/people").status == 200)
        self.assertEqual(browser.ask("GET", "/scim/v2/Users").status, 403)
        self.assertEqual(browser.ask("POST", "/scim/v2/Users", {"userName": "x"}).status, 403)

    def test_a_revoked_token_is_none(self):
        made = json.loads(run(BIN / "lapel", "token", "create", "--data", self.town.data, "--user", "chief", "--scope", "scim", "--json").stdout)
        self.ask("GET", "/Users", status=200, token=made["token"])
        run(BIN / "lapel", "token", "revoke", "--data", self.town.data, made["id"])
        self.error(self.ask("GET", "/Users", token=made["token"]), 401)

    def test_a_directory_is_of_its_agency(self):
        other = "Otherton Police"
        run(BIN / "lapel", "agency", "add", "--data", self.town.data, "--name", other)
        self.town.add_user("other_chief", "administrator", agency=other)
        theirs = self.town.token("other_chief", "scim")
        user, group = self.user(), self.group("Own")
        for path in (f"/Users/{user['id']}", f"/Groups/{group}"):
            for method, body in (("GET", None), ("PUT", {"userName": "x", "displayName": "x"}), ("PATCH", {"Operations": [{"op": "add", "path": "active", "value": True}]}), ("DELETE", None)):
                there = self.ask(method, path, body, token=theirs)
                unknown = self.ask(method, path[:-32] + "0" * 32, body, token=theirs)
                self.assertEqual((there.status, there.body), (unknown.status, unknown.body))
                self.assertEqual(there.status, 404)
        for path in ("/Users", "/Groups"):
            self.assertEqual(self.ask("GET", path, token=theirs).json()["totalResults"], 0)
        self.error(self.ask("POST", "/Groups", {"displayName": "Theirs", "members": [{"value": user["id"]}]}, token=theirs), 400, "invalidValue")
        same = self.ask("POST", "/Users", {"userName": "of_theirs", "externalId": user["externalId"]}, 201, token=theirs).json()
        self.assertNotEqual(same["id"], user["id"])

    def test_bad_requests(self):
        for body in (b"", b"{", b"[]", b"1", b'{"userName":"a","userName":"b"}', b'\xff'):
            self.error(self.ask("POST", "/Users", body), 400, "invalidSyntax")
        for body in ({}, {"userName": ""}, {"userName": 1}, {"userName": "two words"}, {"userName": "a\nb"}, {"userName": "chief\u200b"}, {"userName": "ch\u00adief"}, {"userName": "\u202echief"}, {"userName": "chief\U000e0041"}, {"userName": "x" * 1025}, {"userName": "a1", "active": "maybe"},
                     {"userName": "a1", "active": 1}, {"userName": "a1", "externalId": 1}, {"userName": "a1", "displayName": ["x"]}, {"userName": "a1", "externalId": "\u0000"}):
            self.error(self.ask("POST", "/Users", body), 400, "invalidValue")
        self.error(self.ask("POST", "/Users", "userName=a", **{"Content-Type": "application/x-www-form-urlencoded"}), 415)
        for query in ("userName", "userName eq", "userName eq doe", 'userName ne "x"', 'userName eq "x" or active eq true', 'userName eq "x" and id eq "y"', 'not (userName eq "x")',
                      'userName sw "x"', 'emails.value eq "x"', 'userName eq "x', 'userName eq "x"y', '"x" eq userName', "x' OR 1=1 --", "", "userName eq 'x'", 'title eq "x"', "(" * 100):
            self.error(self.ask("GET", f"/Users?filter={urllib.parse.quote(query)}"), 400, "invalidFilter")
        user = self.user()
        for operation in ({"op": "replace", "path": "active", "value": "maybe"}, {"op": "replace", "path": "userName", "value": None}, {"op": "remove", "path": "userName"},
                          {"op": "replace", "path": "userName", "value": 7}, {"op": "replace", "path": 'emails[type eq "work"', "value": "x"}):
            answer = self.ask("PATCH", f"/Users/{user['id']}", {"Operations": [{"op": "replace", "path": "displayName", "value": "Changed"}, operation]})
            self.assertEqual(answer.status, 400, answer.body)
        self.assertEqual(self.ask("GET", f"/Users/{user['id']}").json()["displayName"], user["displayName"], "half of a patch was kept")
        for path in ("/Users/x", "/Users/" + "0" * 32, "/Groups/x", "/Users/" + "a" * 2000):
            self.error(self.ask("GET", path), 404)

    def test_no_change_is_answered_before_the_ledger_has_it(self):
        user = self.user()
        self.group("Chiefs", user)
        self.assertEqual(self.person(user)["roles"], ["administrator"])
        self.assertEqual(self.of_person(user)[1]["roles"], ["administrator"])


class OnPostgres(Scim):
    """The same statements on the other engine: each of them once."""

    @classmethod
    def make_town(cls):
        postgres = PrivatePostgres()
        cls.addClassCleanup(postgres.close)
        return Town(database=postgres.new_database())

    def test_a_user_comes_and_goes(self):
        user = self.user()
        officers = self.group("Officers", user)
        browser, answer = self.sign_in(user)
        self.assertEqual((answer.status, answer.json()["roles"]), (200, ["officer"]))
        self.group("Records", user)
        self.assertEqual(sorted(self.person(user)["roles"]), ["officer", "records"])
        self.assertEqual(self.sign_in(user, groups=["Records"])[1].json()["roles"], ["records"])
        self.patch("Groups", officers, {"op": "remove", "path": f'members[value eq "{user["id"]}"]'}, {"op": "add", "path": "externalId", "value": "g"})
        self.patch("Users", user["id"], {"op": "replace", "path": "active", "value": False})
        self.assertFalse(browser.opens())
        self.patch("Users", user["id"], {"op": "replace", "path": "active", "value": True})
        self.assertTrue(self.person(user)["active"])
        self.assertEqual(self.ask("GET", "/Users?startIndex=1&count=1", status=200).json()["itemsPerPage"], 1)
        for query in (f'userName eq "{user["userName"]}"', f'externalId eq "{user["externalId"]}"', f'id eq "{user["id"]}"', f'displayName eq "{user["displayName"]}"'):
            self.assertEqual(self.ask("GET", f"/Users?filter={urllib.parse.quote(query)}", status=200).json()["totalResults"], 1, query)
        self.ask("DELETE", f"/Users/{user['id']}", status=204)
        self.assertFalse(self.person(user)["active"])
        self.ask("POST", "/Users", {"userName": user["userName"], "externalId": user["externalId"]}, 201)
        self.error(self.ask("POST", "/Users", {"userName": user["userName"]}), 409, "uniqueness")
        self.error(self.ask("POST", "/Groups", {"displayName": "Officers"}), 409, "uniqueness")
        self.ask("DELETE", f"/Groups/{officers}", status=204)
        self.link("hill", "subject of hill")
        self.assertEqual(Traveler(self.town).through(self.realm, 200, sub="subject of hill", groups=["Records"]).json()["roles"], ["officer"])
        run(BIN / "lapel", "sign-in", "provider", "unlink", "--data", self.town.data, "--login", "hill")

    def test_two_servers_take_what_comes_at_once(self):
        """Of a user, their groups and their signing in, in whatever order: all of it counts, and what is left is what came last."""
        second = self.town.beside().start()
        self.addCleanup(second.kill)
        officers, records = self.group("Officers"), self.group("Records")

        def patch(server, path, *operations):
            return lambda: server.request("PATCH", f"/scim/v2{path}", self.token, {"Content-Type": TYPE}, json.dumps({"Operations": list(operations)})).status

        def signing_in(server, user):
            browser = Traveler(server)
            returned = self.realm.authorize(browser.leave(), sub=user["externalId"], preferred_username="whatever", groups=None)

            def come_back():
                answer = browser.come_back(returned)
                return answer.status if answer.status == 200 else answer.json()["type"]
            return come_back
        for turn in range(12):
            user, (first, other) = self.user(), (self.town, second)[::1 if turn % 2 else -1]
            me = f"/Users/{user['id']}"
            joins = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
            self.patch("Groups", officers, joins)
            # Whoever signs in gets what the directory says in that moment, and takes none of it back.
            came = at_once([signing_in(other, user), patch(first, f"/Groups/{records}", joins), signing_in(first, user), signing_in(other, user)])
            self.assertEqual(came, [200] * 4)
            self.assertEqual(sorted(self.person(user)["roles"]), ["officer", "records"])
            leaves = {"op": "remove", "path": f'members[value eq "{user["id"]}"]'}
            names = [patch(server, me, {"op": "replace", "path": "displayName", "value": f"by {number}"}) for number, server in enumerate((first, other))]
            came = at_once([patch(first, f"/Groups/{officers}", leaves), *names, patch(other, f"/Groups/{records}", joins), signing_in(first, user)])
            self.assertEqual(came, [200] * 5)
            self.assertEqual((self.person(user)["roles"], self.person(user)["active"]), (["records"], True))
            said = self.ask("GET", me, status=200).json()
            self.assertEqual(([group["value"] for group in said["groups"]], said["displayName"] in ("by 0", "by 1")), ([records], True))
            # Off and on in one order or the other, and the person follows.
            turns = [patch(server, me, {"op": "replace", "path": "active", "value": on}) for on, server in ((False, first), (True, other), (False, other), (True, first))]
            came = at_once([*turns, patch(other, f"/Groups/{officers}", joins), signing_in(other, user)])
            # Let in before or after; not while they are out; or let in and put out before the answer.
            self.assertEqual((came[:5], came[5] in (200, "/problems/denied", "/problems/sign-in", "/problems/unauthenticated")), ([200] * 5, True), came)
            stands = self.ask("GET", me, status=200).json()["active"]
            self.assertEqual(self.person(user)["active"], stands)
            self.assertEqual(patch(first, me, {"op": "replace", "path": "active", "value": True})(), 200)
            self.assertEqual((sorted(self.person(user)["roles"]), self.person(user)["active"]), (["officer", "records"], True))
        self.assertEqual(second.stop(), 0)
        self.assertEqual(self.town.check_ledger(), (0, []))

    def test_newcomers_who_sign_in_twice_at_once_are_entered_once(self):
        second = self.town.beside().start()
        self.addCleanup(second.kill)
        self.configure(self.realm, newcomers=True)
        self.addCleanup(self.configure, self.realm, newcomers=False)
        for _ in range(4):
            person = self.somebody()
            browsers = [Traveler(server) for server in (self.town, second) * 2]
            returned = [self.realm.authorize(browser.leave(), groups=["Officers"], **person) for browser in browsers]
            came = at_once([lambda pair=pair: pair[0].come_back(pair[1]) for pair in zip(browsers, returned)])
            self.assertEqual([answer.status for answer in came], [200] * 4, [answer.body for answer in came])
            self.assertEqual(len({answer.json()["login"] for answer in came}), 1)
        self.assertEqual(second.stop(), 0)


if __name__ == "__main__":
    unittest.main()
