# SPDX-License-Identifier: Apache-2.0
"""Signing in on a real server: second factors, locks, the notice of use, the set-up link, and what none of them may open."""
import hashlib
import json
import os
import re
import sqlite3
import threading
import unittest

from harness import BIN, PASSWORD, Town, run
from signing_in import GUARD, Authenticator, Browser, b64url, next_totp

class SignIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.town = Town()
        cls.addClassCleanup(cls.town.__exit__)
        cls.town.start()
        cls.count = 0

    def person(self, *roles):
        """A new login, so that no test's lock is another's."""
        type(self).count += 1
        login = f"person{self.count}"
        self.token = self.town.add_user(login, *(roles or ("records",)))
        return login

    def rules(self, *extra):
        return run(BIN / "lapel", "sign-in", "rules", "--data", self.town.data, "--agency", self.town.agency, *extra).stdout

    def refused(self, answer, status, slug):
        self.assertEqual((answer.status, answer.json()["type"]), (status, f"/problems/{slug}"), answer.body)
        return answer.json()["detail"]

    # ---- the usual way ----

    def test_the_first_thing_is_to_enroll_a_factor(self):
        browser = Browser(self.town)
        session = browser.sign_in(self.person()).json()
        self.assertEqual((session["needs"], session["roles"], session["may"]), ("enrollment", [], []))
        self.refused(browser.ask("GET", "/api/v1/recordings"), 401, "sign-in-unfinished")
        half = browser.cookie
        _, codes = browser.enroll_app()
        self.assertEqual(len(set(codes)), 10)
        self.assertNotEqual(browser.cookie, half, "the cookie from before the factor is still good")
        session = browser.ask("GET", "/api/v1/session", status=200).json()
        self.assertEqual((session["needs"], session["roles"]), (None, ["records"]))
        self.assertTrue(browser.opens())
        browser.cookie = half
        self.assertFalse(browser.opens())

    def test_each_factor_finishes_a_sign_in(self):
        login = self.person()
        first = Browser(self.town)
        first.sign_in(login)
        secret, codes = first.enroll_app()
        own = Authenticator(self.town.home, login)
        self.assertEqual(first.enroll_passkey(own).status, 201)
        again = Browser(self.town)
        for show in (lambda: {"totp": next_totp(secret)}, lambda: {"recovery": codes[3].upper().replace("-", " ")},
                     lambda: {"passkey": again.passkey(own)}):
            again = Browser(self.town)
            session = again.sign_in(login).json()
            self.assertEqual((session["needs"], session["factors"]), ("factor", ["passkey", "totp", "recovery"]))
            self.assertFalse(again.opens())
            self.assertIsNone(again.ask("POST", "/api/v1/session/factor", show(), 200).json()["needs"])
            self.assertTrue(again.opens())

    def test_a_passkey_signs_in_alone(self):
        login = self.person()
        first = Browser(self.town)
        first.sign_in(login)
        own = Authenticator(self.town.home, login)
        self.assertEqual(len(first.enroll_passkey(own).json()["recovery_codes"]), 10)
        other = Browser(self.town)
        question = other.ask("POST", "/api/v1/session/passkey-question", status=200).json()
        self.assertEqual((question["rpId"], question["allowCredentials"]), ("localhost", []))
        answer = own.present(question, other.origin)
        self.assertEqual(other.ask("POST", "/api/v1/session/passkey", answer, 200).json()["login"], login)
        self.assertTrue(other.opens())
        thief = Browser(self.town)
        self.refused(thief.ask("POST", "/api/v1/session/passkey", answer), 401, "second-factor")
        self.assertIsNone(thief.cookie)

    # ---- what must not open ----

    def test_a_half_session_reaches_nothing(self):
        login = self.person("administrator")
        first = Browser(self.town)
        first.sign_in(login)
        secret, _ = first.enroll_app()
        factor = first.ask("GET", "/api/v1/account", status=200).json()["factors"][0]["id"]
        half = Browser(self.town)
        half.sign_in(login)
        someone = json.loads(self.town.request("GET", "/api/v1/people", self.token).body)["items"][0]["id"]
        for method, path, body in (
                ("GET", "/api/v1/recordings", None), ("GET", "/api/v1/people", None), ("GET", "/api/v1/account", None),
                ("POST", "/api/v1/units", {"name": "Night"}), ("POST", "/api/v1/account/totp", {}),
                ("POST", "/api/v1/account/totp/confirm", {"code": next_totp(secret)}), ("POST", "/api/v1/account/passkey-question", {}),
                ("POST", "/api/v1/account/passkeys", {"credential": {}}), ("DELETE", f"/api/v1/account/factors/{factor}", None),
                ("POST", "/api/v1/account/recovery-codes", {}), ("POST", "/api/v1/account/password", {"password": "another one"}),
                ("DELETE", "/api/v1/account/other-sessions", None), ("POST", f"/api/v1/people/{someone}/sign-in/unlock", {}),
                ("POST", f"/api/v1/people/{someone}/sign-in/reset", {"reason": "x"}), ("GET", f"/api/v1/people/{someone}/sign-in", None)):
            self.refused(half.ask(method, path, body), 401, "sign-in-unfinished")
        self.refused(half.ask("POST", "/api/v1/session/banner"), 409, "conflict")
        self.assertEqual(first.ask("GET", "/api/v1/people").status, 200, "the half session ended a whole one")

    def test_a_token_changes_no_account(self):
        self.person("administrator")
        for method, path in (("GET", "/api/v1/account"), ("POST", "/api/v1/account/totp"), ("POST", "/api/v1/account/recovery-codes"),
                             ("POST", "/api/v1/account/password"), ("DELETE", "/api/v1/account/other-sessions")):
            answer = self.town.request(method, path, self.token, headers=GUARD, body=json.dumps({"password": "another one"}))
            self.refused(answer, 401, "unauthenticated")

    def test_another_site_can_do_nothing_with_the_cookie(self):
        browser = Browser(self.town)
        browser.sign_in(self.person())
        for headers in ({"X-Lapel": "0"}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            for path in ("/api/v1/account/totp", "/api/v1/session/factor", "/api/v1/session/banner", "/api/v1/account/passkey-question",
                         "/api/v1/session/passkey-question", "/api/v1/session/passkey", "/api/v1/setup", "/api/v1/session"):
                self.refused(browser.ask("POST", path, {"totp": "0"}, headers=headers), 403, "denied")

    def test_what_is_shown_counts_once_however_many_show_it(self):
        login = self.person()
        first = Browser(self.town)
        first.sign_in(login)
        secret, codes = first.enroll_app()
        for body in ({"totp": next_totp(secret)}, {"recovery": codes[0]}):
            halves = [Browser(self.town) for _ in range(4)]
            for half in halves:
                half.sign_in(login)
            # What is shown in vain counts toward the lock until the next that is right: each round begins with none.
            halves[-1].ask("POST", "/api/v1/session/factor", {"recovery": codes.pop()}, 200)
            halves[-1] = Browser(self.town)
            halves[-1].sign_in(login)
            ready = threading.Barrier(len(halves))
            statuses = []

            def show(half):
                ready.wait()
                statuses.append(half.ask("POST", "/api/v1/session/factor", body).status)
            threads = [threading.Thread(target=show, args=(half,)) for half in halves]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(statuses), [200, 401, 401, 401], body)
            self.assertEqual(sum(half.opens() for half in halves), 1)

    def test_an_answer_for_another_session_or_purpose_is_none(self):
        login = self.person()
        first = Browser(self.town)
        first.sign_in(login)
        own = Authenticator(self.town.home, login)
        question = first.ask("POST", "/api/v1/account/passkey-question", status=200).json()
        created = own.create(question, first.origin)
        other = Browser(self.town)
        other.sign_in(self.person())
        self.refused(other.ask("POST", "/api/v1/account/passkeys", {"credential": created}), 401, "second-factor")
        self.assertEqual(first.ask("POST", "/api/v1/account/passkeys", {"credential": created}).status, 201)
        self.refused(first.ask("POST", "/api/v1/account/passkeys", {"credential": created}), 401, "second-factor")
        half = Browser(self.town)
        half.sign_in(login)
        asked_by_nobody = Browser(self.town).ask("POST", "/api/v1/session/passkey-question", status=200).json()
        self.refused(half.ask("POST", "/api/v1/session/factor", {"passkey": own.present(asked_by_nobody, half.origin)}), 401, "second-factor")
        for_creation = {"challenge": question["challenge"], "rpId": "localhost"}
        self.refused(half.ask("POST", "/api/v1/session/passkey", own.present(for_creation, half.origin)), 401, "second-factor")
        made_up = {"challenge": b64url(os.urandom(56)), "rpId": "localhost"}
        self.refused(half.ask("POST", "/api/v1/session/passkey", own.present(made_up, half.origin)), 401, "second-factor")
        evil = own.present(Browser(self.town).ask("POST", "/api/v1/session/passkey-question").json(), "http://evil.example")
        self.refused(Browser(self.town).ask("POST", "/api/v1/session/passkey", evil), 401, "second-factor")

    def test_a_relay_under_another_name_gets_nowhere(self):
        """Somebody forwards a victim's browser to this server under a name of their own."""
        login = self.person()
        first = Browser(self.town)
        first.sign_in(login)
        own = Authenticator(self.town.home, login)
        first.enroll_passkey(own)
        relay = Browser(self.town, "evil.localhost")
        question = relay.ask("POST", "/api/v1/session/passkey-question", status=200).json()
        self.assertEqual(question["rpId"], "evil.localhost")
        self.refused(relay.ask("POST", "/api/v1/session/passkey", own.present(question, relay.origin)), 401, "second-factor")

    def test_passkeys_need_a_name(self):
        for host, word in (("127.0.0.1", "IP address"), ("[::1]", "IP address"), ("lapel.example", "HTTPS")):
            browser = Browser(self.town, host)
            browser.sign_in(self.person())
            self.assertIn(word, browser.ask("GET", "/api/v1/account", status=200).json()["passkeys_unavailable"])
            self.assertIn(word, self.refused(browser.ask("POST", "/api/v1/account/passkey-question"), 409, "conflict"))
        browser = Browser(self.town)
        browser.sign_in(self.person())
        self.assertIsNone(browser.ask("GET", "/api/v1/account", status=200).json()["passkeys_unavailable"])

    def test_bodies_of_no_possible_form(self):
        browser = Browser(self.town)
        browser.sign_in(self.person())
        own = Authenticator(self.town.home, "form")
        question = browser.ask("POST", "/api/v1/account/passkey-question", status=200).json()
        right = own.create(question, browser.origin)
        bad = [None, 7, "x", [], {}, {**right, "type": "password"}, {**right, "type": None}, {"response": right["response"]},
               {**right, "response": None}, {**right, "response": []}, {**right, "response": {}}]
        for member in ("clientDataJSON", "authenticatorData"):
            value = right["response"][member]
            for other in (None, 7, "", value + "=", value[:-1] + "*", "+" + value, value + "A" * 8000, " " + value, value + "\n"):
                bad.append({**right, "response": {**right["response"], member: other}})
            bad.append({**right, "response": {k: v for k, v in right["response"].items() if k != member}})
        for text in (b"", b"[]", b"{}", b'{"challenge":7}', b"\xff\xfe", b"{" * 100):
            bad.append({**right, "response": {**right["response"], "clientDataJSON": b64url(text)}})
        for credential in bad:
            answer = browser.ask("POST", "/api/v1/account/passkeys", {"credential": credential})
            self.assertIn(answer.status, (400, 401), credential)
        for body in ({}, {"totp": 7}, {"totp": "1", "recovery": "2"}, {"passkey": 7}, {"password": "x", "totp": "1"}, {"other": 1}):
            self.assertIn(browser.ask("POST", "/api/v1/session/factor", body).status, (400, 409), body)
        self.assertEqual(browser.ask("POST", "/api/v1/account/passkeys", {"credential": right}).status, 201, "the right one after all")

    # ---- locks ----

    def test_five_failures_lock_and_an_administrator_releases(self):
        administrator = self.person("administrator")
        boss, boss_token = Browser(self.town), self.token
        boss.sign_in(administrator)
        boss.enroll_app()
        login = self.person()
        own = Authenticator(self.town.home, login)
        inside = Browser(self.town)
        inside.sign_in(login)
        inside.enroll_passkey(own)
        words = {Browser(self.town).sign_in(login, "wrong", 401).json()["detail"] for _ in range(5)}
        words.add(Browser(self.town).sign_in(login, status=401).json()["detail"])
        words.add(Browser(self.town).sign_in("nobody", status=401).json()["detail"])
        self.assertEqual(len(words), 1, words)
        self.assertTrue(inside.opens(), "a lock ended a session that was open")
        by_passkey = Browser(self.town)
        by_passkey.ask("POST", "/api/v1/session/passkey", by_passkey.passkey(own), 200)
        self.assertTrue(by_passkey.opens(), "a lock reached a passkey")
        people = json.loads(self.town.request("GET", "/api/v1/people", boss_token).body)["items"]
        ids = {person["login"]: person["id"] for person in people}
        state = boss.ask("GET", f"/api/v1/people/{ids[login]}/sign-in", status=200).json()
        self.assertIsNotNone(state["locked_at"])
        self.assertEqual([e["event"] for e in state["events"] if e["event"] in ("failed", "locked")], ["failed", "locked"] + ["failed"] * 5)
        # No token does it, whoever's it is: a session does, that has shown its factor.
        for token in (self.token, boss_token):
            for act in ("unlock", "reset"):
                answer = self.town.request("POST", f"/api/v1/people/{ids[login]}/sign-in/{act}", token, headers=GUARD, body='{"reason": "x"}')
                self.refused(answer, 401, "unauthenticated")
        boss.ask("POST", f"/api/v1/people/{ids[login]}/sign-in/unlock", {}, 204)
        self.refused(boss.ask("POST", f"/api/v1/people/{ids[login]}/sign-in/unlock", {}), 409, "conflict")
        Browser(self.town).sign_in(login)
        self.refused(boss.ask("POST", f"/api/v1/people/{ids[administrator]}/sign-in/unlock", {}), 403, "rule")
        self.refused(boss.ask("POST", f"/api/v1/people/{ids[administrator]}/sign-in/reset", {"reason": "x"}), 403, "rule")
        boss.ask("POST", f"/api/v1/people/{ids[login]}/sign-in/reset", {}, 400)
        boss.ask("POST", f"/api/v1/people/{ids[login]}/sign-in/reset", {"reason": "lost the key"}, 204)
        self.assertFalse(inside.opens(), "a session outlived its factors")
        self.assertEqual(Browser(self.town).sign_in(login).json()["needs"], "enrollment")

    def test_whoever_has_the_password_guesses_no_code(self):
        login = self.person()
        browser = Browser(self.town)
        browser.sign_in(login)
        secret, codes = browser.enroll_app()
        wrong = 0
        for _ in range(6):
            half = Browser(self.town)
            if half.sign_in(login, status=None).status != 200:
                break
            for _ in range(2):
                wrong += 1
                self.refused(half.ask("POST", "/api/v1/session/factor", {"totp": "nobody"}), 401, "second-factor")
        self.assertLessEqual(wrong, 6, "right passwords in between keep the guessing open")
        half = Browser(self.town)
        self.refused(half.sign_in(login, status=None), 401, "sign-in")

    def test_a_right_password_in_between_releases_no_lock(self):
        login = self.person()
        ready = threading.Barrier(7)

        def attempt(password):
            ready.wait()
            Browser(self.town).sign_in(login, password, None)
        threads = [threading.Thread(target=attempt, args=(password,)) for password in ["wrong"] * 6 + [PASSWORD]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for _ in range(5):
            Browser(self.town).sign_in(login, "wrong", 401)
        Browser(self.town).sign_in(login, status=401)

    def test_what_removes_a_factor_ends_what_it_opened(self):
        login = self.person()
        browser = Browser(self.town)
        browser.sign_in(login)
        browser.enroll_app()
        own = Authenticator(self.town.home, login)
        browser.enroll_passkey(own)
        by_passkey = Browser(self.town)
        by_passkey.ask("POST", "/api/v1/session/passkey", by_passkey.passkey(own), 200)
        self.assertTrue(by_passkey.opens())
        passkey = [f["id"] for f in browser.ask("GET", "/api/v1/account", status=200).json()["factors"] if f["kind"] == "passkey"][0]
        browser.ask("DELETE", f"/api/v1/account/factors/{passkey}", status=204)
        self.assertFalse(by_passkey.opens())
        self.assertTrue(browser.opens())

    def test_failures_push_nothing_else_out_of_sight(self):
        login = self.person()
        browser = Browser(self.town)
        browser.sign_in(login)
        browser.enroll_app()
        for _ in range(22):
            Browser(self.town).sign_in(login, "wrong", 401)
        events = [event["event"] for event in browser.ask("GET", "/api/v1/account", status=200).json()["events"]]
        self.assertEqual(events.count("failed"), 20)
        for event in ("factor_added", "signed_in", "locked"):
            self.assertIn(event, events)

    def test_the_console_releases_and_resets_and_says_so(self):
        login = self.person()
        browser = Browser(self.town)
        browser.sign_in(login)
        browser.enroll_app()
        lapel = [BIN / "lapel", "user"]
        self.assertEqual(run(*lapel, "unlock", "--data", self.town.data, "--login", login, check=False).returncode, 5)
        for _ in range(5):
            Browser(self.town).sign_in(login, "wrong", 401)
        run(*lapel, "unlock", "--data", self.town.data, "--login", login)
        self.assertEqual(Browser(self.town).sign_in(login).json()["needs"], "factor")
        run(*lapel, "reset-mfa", "--data", self.town.data, "--login", login)
        self.assertFalse(browser.opens())
        again = Browser(self.town)
        self.assertEqual(again.sign_in(login).json()["needs"], "enrollment")
        events = again.ask("GET", "/api/v1/account", status=200).json()["events"]
        self.assertEqual([e["event"] for e in events if e["by"] == "server console"], ["factors_reset", "unlocked"])
        self.assertEqual(run(*lapel, "unlock", "--data", self.town.data, "--login", "nobody", check=False).returncode, 3)
        # Administrators are shown it; nobody else, and none of another agency.
        self.refused(self.town.request("GET", "/api/v1/sign-in/console", self.token), 403, "rule")
        self.person("administrator")
        shown = self.town.request("GET", "/api/v1/sign-in/console", self.token).json()["items"]
        self.assertEqual([(act["event"], act["name"]) for act in shown], [("factors_reset", login), ("unlocked", login)])
        # Another password ends what the old one had opened.
        new = self.town.home / "new"
        new.write_text("a horse of another color\n")
        run(*lapel, "password", "--data", self.town.data, "--login", login, "--password-file", new)
        self.assertEqual(again.ask("GET", "/api/v1/session").status, 204)
        Browser(self.town).sign_in(login, status=401)
        Browser(self.town).sign_in(login, "a horse of another color")
        new.write_text("short\n")
        self.assertEqual(run(*lapel, "password", "--data", self.town.data, "--login", login, "--password-file", new, check=False).returncode, 2)
        run(BIN / "lapel", "agency", "add", "--data", self.town.data, "--name", "Otherton Police")
        other = self.town.add_user("otherchief", "administrator", agency="Otherton Police")
        self.assertEqual(self.town.request("GET", "/api/v1/sign-in/console", other).json()["items"], [])

    # ---- the account ----

    def test_the_last_factor_stays_where_one_is_required(self):
        browser = Browser(self.town)
        browser.sign_in(self.person())
        browser.enroll_app()
        factor = browser.ask("GET", "/api/v1/account", status=200).json()["factors"][0]
        self.assertEqual((factor["kind"], factor["name"]), ("totp", "Phone"))
        self.refused(browser.ask("DELETE", f"/api/v1/account/factors/{factor['id']}"), 409, "conflict")
        browser.enroll_passkey(Authenticator(self.town.home, "second"))
        browser.ask("DELETE", f"/api/v1/account/factors/{factor['id']}", status=204)
        self.refused(browser.ask("DELETE", f"/api/v1/account/factors/{factor['id']}"), 404, "not-found")

    def test_a_new_password_ends_the_other_sessions(self):
        login = self.person()
        here, there = Browser(self.town), Browser(self.town)
        here.sign_in(login)
        _, codes = here.enroll_app()
        there.sign_in(login)
        there.ask("POST", "/api/v1/session/factor", {"recovery": codes[0]}, 200)
        self.assertTrue(there.opens())
        self.assertEqual(len(here.ask("GET", "/api/v1/account", status=200).json()["sessions"]), 2)
        self.refused(here.ask("POST", "/api/v1/account/password", {"password": "short"}), 400, "invalid")
        here.ask("POST", "/api/v1/account/password", {"password": "another horse"}, 204)
        self.assertTrue(here.opens())
        self.assertFalse(there.opens())
        Browser(self.town).sign_in(login, status=401)
        Browser(self.town).sign_in(login, "another horse")

    # ---- rules of the agency ----

    def test_the_notice_of_use_is_accepted_each_time(self):
        town = Town(agency="Bannerville")
        self.addCleanup(town.__exit__)
        town.add_user("hill", "records")
        notice = town.home / "notice"
        notice.write_text("Official use only.\nWhat you do here is recorded.\n")
        made = run(BIN / "lapel", "sign-in", "rules", "--data", town.data, "--agency", town.agency, "--second-factor", "optional",
                   "--banner-file", notice, "--json").stdout
        self.assertEqual(json.loads(made), {"second_factor": "optional", "banner": "Official use only.\nWhat you do here is recorded.", "idle_days": 90})
        town.start()
        for _ in range(2):
            browser = Browser(town)
            session = browser.sign_in("hill").json()
            self.assertEqual((session["needs"], session["banner"]), ("banner", "Official use only.\nWhat you do here is recorded."))
            self.assertFalse(browser.opens())
            self.assertIsNone(browser.ask("POST", "/api/v1/session/banner", status=200).json()["needs"])
            self.assertTrue(browser.opens())
        events = [e["event"] for e in browser.ask("GET", "/api/v1/account", status=200).json()["events"]]
        self.assertEqual(events.count("banner_accepted"), 2)
        # Without a second factor the password is what is shown again; with the rule changed, the session that is open is asked.
        browser.ask("POST", "/api/v1/session/factor", {"password": PASSWORD}, 200)
        self.refused(browser.ask("POST", "/api/v1/session/factor", {"password": "wrong"}), 401, "sign-in")
        run(BIN / "lapel", "sign-in", "rules", "--data", town.data, "--agency", town.agency, "--second-factor", "required")
        self.refused(browser.ask("GET", "/api/v1/recordings"), 401, "sign-in-unfinished")
        empty = town.home / "empty"
        empty.write_text("")
        run(BIN / "lapel", "sign-in", "rules", "--data", town.data, "--agency", town.agency, "--second-factor", "optional", "--banner-file", empty, "--idle-days", "60")
        self.assertTrue(browser.opens())
        for text in ("x" * 5000, "a\x1b[2Jb"):
            notice.write_text(text)
            done = run(BIN / "lapel", "sign-in", "rules", "--data", town.data, "--agency", town.agency, "--banner-file", notice, check=False)
            self.assertNotEqual(done.returncode, 0, text[:10])
        self.assertIn("notice of use: none", run(BIN / "lapel", "sign-in", "rules", "--data", town.data, "--agency", town.agency).stdout)
        # What was changed, by the console, and nothing of what was not; of the notice, the digest of its words.
        digest = hashlib.sha256(b"Official use only.\nWhat you do here is recorded.").hexdigest()
        with sqlite3.connect(town.data / "catalog.db", timeout=60) as catalog:
            (console,) = catalog.execute("SELECT console FROM agencies").fetchone()
            said = [json.loads(row[0]) for row in catalog.execute("SELECT event FROM ledger_events WHERE type = 'rule.changed' ORDER BY leaf_index")]
            self.assertEqual({(event["actor"], event["subject"], event["reason"]) for event in said}, {(console, console, "At the server's console")})
            self.assertEqual([(event["rule"], event.get("old"), event.get("new")) for event in said],
                             [("second_factor", "required", "optional"), ("notice_of_use", None, digest), ("second_factor", "optional", "required"),
                              ("second_factor", "required", "optional"), ("notice_of_use", digest, None), ("idle_days", "90", "60")])
            self.assertEqual(town.check_ledger(), (0, []))
            for change in ("second_factor = 'required'", "banner = 'Come in.'", "idle_days = 365"):
                catalog.execute(f"UPDATE signin_rules SET {change}")
                catalog.commit()
                code, faults = town.check_ledger()
                self.assertEqual((code, all("rule " in fault for fault in faults)), (6, True), faults)
                catalog.execute("UPDATE signin_rules SET second_factor = 'optional', banner = '', idle_days = 60")
                catalog.commit()
        catalog.close()


class Setup(unittest.TestCase):
    def test_the_first_administrator_is_made_by_a_link_that_works_once(self):
        town = Town(administrator=None)
        self.addCleanup(town.__exit__)
        town.start()
        line = town.server.stdout.readline()
        found = re.fullmatch(rf"set up the first administrator at http://localhost:{town.port}/setup#([\w-]{{43}})\n", line)
        self.assertTrue(found, line)
        secret = found[1]
        browser = Browser(town)
        self.assertEqual(browser.ask("GET", "/api/v1/setup", status=200).json(), {"open": True})
        body = {"secret": secret, "login": "chief", "name": "Ruth Abrams", "password": PASSWORD}
        for other in ({**body, "secret": secret[:-1] + ("A" if secret[-1] != "A" else "B")}, {**body, "secret": "x"}):
            self.assertEqual(browser.ask("POST", "/api/v1/setup", other).status, 401)
        for other in ({**body, "password": "short"}, {**body, "login": "two words"}, {**body, "login": ""}, {"secret": secret}):
            self.assertEqual(browser.ask("POST", "/api/v1/setup", other).status, 400, other)
        threads, statuses = [], []
        for i in range(4):
            threads.append(threading.Thread(target=lambda i=i: statuses.append(
                Browser(town).ask("POST", "/api/v1/setup", {**body, "login": f"chief{i}"}).status)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(statuses), [200, 401, 401, 401])
        self.assertEqual(browser.ask("GET", "/api/v1/setup", status=200).json(), {"open": False})
        listed = run(BIN / "lapel", "ledger", "check", "--data", town.data)
        self.assertEqual(listed.returncode, 0)
        town.stop()
        town.start()
        self.assertEqual(Browser(town).ask("GET", "/api/v1/setup", status=200).json(), {"open": False})

    def test_a_link_not_used_is_another_after_a_restart(self):
        town = Town(administrator=None)
        self.addCleanup(town.__exit__)
        secrets = []
        for _ in range(2):
            town.start("--public-url", "https://lapel.example")
            line = town.server.stdout.readline()
            self.assertTrue(line.startswith("set up the first administrator at https://lapel.example/setup#"), line)
            secrets.append(line.strip().split("#")[1])
            town.stop()
        self.assertNotEqual(*secrets)
        town.start()
        self.assertEqual(Browser(town).ask("POST", "/api/v1/setup", {"secret": secrets[0], "login": "a", "password": PASSWORD}).status, 401)


if __name__ == "__main__":
    unittest.main()
