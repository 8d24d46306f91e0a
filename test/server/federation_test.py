# SPDX-License-Identifier: Apache-2.0
"""Signing in through the agency's own identity provider, on a real server: who gets in, as what, and every lie that a provider, a
browser or somebody in between could tell. Each lie is told by a provider that was believed the moment before."""
import concurrent.futures
import http.client
import json
import sqlite3
import subprocess
import threading
import time
import unittest
import urllib.parse

import bad_tokens
from harness import BIN, PASSWORD, PATIENCE_S, ROOT, Town, run, until
from identity_provider import Provider
from moved_clock import MovedClock
from signing_in import GUARD, Authenticator, Browser

PROVIDER = "/api/v1/session/provider"
RETURN = "/api/v1/session/provider/return"


class Traveler(Browser):
    """A browser that keeps every cookie by its name."""
    made = 0

    def __init__(self, town, host="localhost", agency=None):
        super().__init__(town, host)
        self.jar = {}
        # Its own, where the server believes the proxy: whoever fails too often has to wait.
        type(self).made += 1
        self.address = f"10.0.{self.made // 250}.{self.made % 250 + 1}"
        self.of = {"agency": agency} if agency else {}  # named where a server has several

    def ask(self, method, path, body=None, status=None, headers=None):
        everything = {"Host": self.host, "Origin": self.origin, "X-Forwarded-For": self.address, **GUARD, **(headers or {})}
        if self.jar:
            everything["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        everything = {name: value for name, value in everything.items() if value is not None}
        answer = self.town.request(method, path, headers=everything, body=json.dumps(body) if body is not None else None)
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.jar[name] = value
            if "Max-Age=0" in cookie:
                del self.jar[name]
        if status is not None and answer.status != status:
            raise AssertionError(f"{method} {path}: {answer.status} {answer.body!r}")
        return answer

    def leave(self, status=200, **body):
        """To the provider: the address there."""
        answer = self.ask("POST", PROVIDER, {**self.of, **body}, status)
        return answer.json()["location"] if status == 200 else answer

    def come_back(self, returned, status=None):
        return self.ask("POST", RETURN, returned, status)

    def through(self, realm, status=None, **person):
        return self.come_back(realm.authorize(self.leave(), **person), status)


class Federation(unittest.TestCase):
    MAP = ("Officers=officer", "Records=records", "Chiefs=administrator")

    SERVE = ()

    @classmethod
    def setUpClass(cls):
        cls.provider = Provider()
        cls.addClassCleanup(cls.provider.close)
        cls.town = cls.make_town()
        cls.addClassCleanup(cls.town.__exit__)
        cls.town.add_user("hill", "officer")
        cls.town.start(*cls.SERVE)
        cls.people = 0

    @classmethod
    def make_town(cls):
        return Town()

    @classmethod
    def tearDownClass(cls):
        assert cls.town.stop() == 0
        faults = cls.town.check_ledger()
        assert faults == (0, []), faults

    def configure(self, realm, *extra, newcomers=True, mfa="amr=mfa"):
        secret = self.town.home / "client-secret"
        secret.write_text(realm.client_secret + "\n")
        run(BIN / "lapel", "sign-in", "provider", "set", "--data", self.town.data, "--agency", self.town.agency, "--name", "Ashfield ID",
            "--issuer", realm.issuer, "--client-id", realm.client_id, "--client-secret-file", secret,
            *[x for text in self.MAP for x in ("--map", text)], "--require-mfa", mfa, *(["--add-newcomers"] if newcomers else []), *extra)

    def somebody(self):
        """A subject and login that nobody has yet."""
        type(self).people += 1
        return {"sub": f"subject-{self.people}", "preferred_username": f"person{self.people}", "name": f"Person {self.people}"}

    def link(self, login, subject, *, check=True):
        return run(BIN / "lapel", "sign-in", "provider", "link", "--data", self.town.data, "--agency", self.town.agency, "--login", login,
                   "--subject", subject, check=check)

    def refused(self, answer, status, words, slug="provider-answer"):
        self.assertEqual((answer.status, answer.json()["type"]), (status, f"/problems/{slug}"), answer.body)
        self.assertIn(words, answer.json()["detail"])


class TooOften(Federation):
    @classmethod
    def make_town(cls):
        town = Town()
        cls.clock = MovedClock(town.home)
        town.wrapper = cls.clock.wrapper
        return town

    def test_whoever_fails_too_often_waits_and_passwords_are_counted_apart(self):
        realm = self.provider.realm()
        self.configure(realm)
        realm.spoil_answer = lambda good, _: (400, {}, b'{"error":"invalid_grant"}')
        last = None
        for _ in range(61):
            traveler = Traveler(self.town)
            answer = traveler.leave(None)
            if answer.status == 200:
                answer = traveler.come_back(realm.authorize(answer.json()["location"], **self.somebody()))
            last = answer
        self.refused(last, 429, "from here have failed", "limited")
        self.assertGreater(int(last.headers["Retry-After"]), 0)
        self.assertEqual(Traveler(self.town).sign_in("hill").status, 200)

    def test_a_document_that_cannot_be_had_is_not_asked_for_again_at_once(self):
        realm = self.provider.realm()
        asked = []

        def down(good):
            asked.append(good)
            return 503, {}, b""
        realm.spoil_document = down
        self.configure(realm)
        for _ in range(5):
            self.refused(Traveler(self.town).leave(None), 503, "cannot be reached", "unavailable")
        # By the clock that never goes back: somebody who sets the time of day changes nothing.
        self.clock.move(86_400)
        self.refused(Traveler(self.town).leave(None), 503, "cannot be reached", "unavailable")
        self.assertEqual(len(asked), 1)

    def test_a_slow_provider_holds_two_questions_of_its_agency_and_no_more(self):
        realm = self.provider.realm()
        asked, may_answer = [], threading.Event()

        def slow(good):
            asked.append(good)
            may_answer.wait(PATIENCE_S)
            return 503, {}, b""
        realm.spoil_document = slow
        self.configure(realm)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            def leave():
                return pool.submit(lambda: Traveler(self.town).leave(None))
            try:
                held = [leave(), leave()]
                until(lambda: len(asked) == 2)
                third = leave()
                until(lambda: third.done() or len(asked) > 2)
                self.assertEqual(len(asked), 2)
            finally:
                may_answer.set()
            self.refused(third.result(), 503, "Many people sign in", "unavailable")
            for each in held:
                self.refused(each.result(), 503, "cannot be reached", "unavailable")


class TwoAgencies(Federation):
    def test_an_issuer_of_two_agencies_enters_nobody(self):
        realm = self.provider.realm()
        self.configure(realm)
        run(BIN / "lapel", "agency", "add", "--data", self.town.data, "--name", "Birch", "--slug", "birch")
        self.town.agency, ours = "Birch", self.town.agency
        for newcomers in (True, False):
            with self.assertRaisesRegex(AssertionError, "the same issuer"):
                self.configure(realm, newcomers=newcomers)
        self.configure(self.provider.realm())
        self.town.agency = ours
        self.configure(realm, newcomers=False)
        self.town.agency = "Birch"
        self.configure(realm, newcomers=False)


class Lies(Federation):
    """One after the other, each told to a server that believed the same provider before."""
    SERVE = ("--trusted-proxy", "127.0.0.1/32")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.counted = set()

    def told(self, name):
        self.assertNotIn(name, self.counted, "a vector of this name was told before")
        self.counted.add(name)

    def test_tokens(self):
        realms = {}
        for algorithm in ("RS256", "PS256", "ES256", "EdDSA"):
            realms[algorithm] = self.provider.realm(algorithm)
        told = 0
        for algorithm, realm in realms.items():
            for rule in ("amr=mfa", "acr=gold"):
                vectors = [v for v in bad_tokens.VECTORS if v.algorithm == algorithm and v.rule == rule]
                if not vectors:
                    continue
                self.configure(realm, mfa=rule)
                for vector in vectors:
                    with self.subTest(vector.name):
                        person = {**self.somebody(), "acr": "gold" if rule == "acr=gold" else None}
                        realm.heal()
                        Traveler(self.town).through(realm, 200, **person)
                        realm.spoil_token = vector.spoil
                        answer = Traveler(self.town).through(realm, None, **person)
                        self.refused(answer, vector.status, vector.words, vector.slug)
                        self.told(vector.name)
                        told += 1
        self.assertGreaterEqual(told, 130)

    def test_answers_for_a_code(self):
        realm = self.provider.realm()
        self.configure(realm)
        for name, (status, words, spoil) in bad_tokens.ANSWERS.items():
            with self.subTest(name):
                person = self.somebody()
                realm.heal()
                Traveler(self.town).through(realm, 200, **person)
                realm.spoil_answer = spoil
                answer = Traveler(self.town).through(realm, None, **person)
                self.refused(answer, status, words, "unavailable" if status == 503 else "provider-answer")
                self.told(name)

    def test_documents(self):
        for name, (status, words, spoil) in bad_tokens.DOCUMENTS.items():
            with self.subTest(name):
                realm = self.provider.realm()
                self.configure(realm)
                Traveler(self.town).through(realm, 200, **self.somebody())
                realm.spoil_document = lambda good, spoil=spoil, realm=realm: spoil(good, realm)
                self.configure(realm)  # anew: nothing is remembered of it
                answer = Traveler(self.town).leave(None)
                self.refused(answer, status, words, "unavailable" if status == 503 else "provider-answer")
                self.told(name)

    def test_keys(self):
        for name, (status, words, spoil) in bad_tokens.KEY_SETS.items():
            with self.subTest(name):
                realm = self.provider.realm()
                self.configure(realm)
                person = self.somebody()
                Traveler(self.town).through(realm, 200, **person)
                realm.spoil_keys = lambda good, spoil=spoil, realm=realm: spoil(good, realm)
                self.configure(realm)
                answer = Traveler(self.town).through(realm, None, **person)
                self.refused(answer, status, words, "unavailable" if status == 503 else "provider-answer")
                self.told(name)


class WhoGetsIn(Federation):
    def setUp(self):
        self.realm = self.provider.realm()
        self.configure(self.realm)

    def roles(self, login):
        people = self.town.request("GET", "/api/v1/people", self.admin()).json()["items"]
        return [person for person in people if person["login"] == login][0]

    def admin(self):
        if not hasattr(type(self), "admin_token"):
            type(self).admin_token = self.town.token("chief")
        return self.admin_token

    def manage(self, login, what, **body):
        return self.town.request("POST", f"/api/v1/people/{self.roles(login)['id']}/{what}", self.admin(), body=json.dumps({**body, "reason": "test"}))

    def test_a_newcomer_is_entered_once_with_the_roles_of_their_groups(self):
        who = self.somebody()
        bound, roles = self.town.events("identity.bound"), self.town.events("person.roles")
        browser = Traveler(self.town)
        session = browser.through(self.realm, 200, **who).json()
        self.assertEqual((session["login"], session["name"], session["roles"], session["needs"], session["provider"]),
                         (who["preferred_username"], who["name"], ["officer"], None, "Ashfield ID"))
        self.assertTrue(browser.opens())
        self.assertEqual(Traveler(self.town).through(self.realm, 200, **who).json()["login"], who["preferred_username"])
        self.assertEqual((self.town.events("identity.bound"), self.town.events("person.roles")), (bound + 1, roles + 1))

    def test_roles_follow_the_groups_and_administrators_are_named_by_the_mapping(self):
        who = self.somebody()
        for groups, expected in ((["Officers"], ["officer"]), (["Records", "Officers", "Visitors"], ["officer", "records"]),
                                 (["Chiefs"], ["administrator"]), (["administrator", "Officers"], ["officer"])):
            session = Traveler(self.town).through(self.realm, 200, **who, groups=groups).json()
            self.assertEqual(sorted(session["roles"]), expected)
        before = self.town.events("person.roles")
        Traveler(self.town).through(self.realm, 200, **who)
        self.assertEqual(self.town.events("person.roles"), before, "what has not changed is not told again")

    def test_who_has_no_group_any_more_is_out_at_once(self):
        who = self.somebody()
        browser = Traveler(self.town)
        browser.through(self.realm, 200, **who)
        self.refused(Traveler(self.town).through(self.realm, **who, groups=[]), 403, "in no group that has a role here", "denied")
        self.assertFalse(browser.opens(), "what the group had opened is still open")
        Traveler(self.town).through(self.realm, 200, **who)

    def test_a_deactivated_person_stays_out(self):
        who = self.somebody()
        browser = Traveler(self.town)
        browser.through(self.realm, 200, **who)
        self.assertEqual(self.manage(who["preferred_username"], "active", active=False).status, 200)
        self.assertFalse(browser.opens())
        self.refused(Traveler(self.town).through(self.realm, **who), 403, "deactivated", "denied")
        self.assertFalse(self.roles(who["preferred_username"])["active"])
        self.manage(who["preferred_username"], "active", active=True)
        Traveler(self.town).through(self.realm, 200, **who)

    def test_a_name_is_no_proof_of_who_somebody_is(self):
        for login in ("hill", "chief", "Chief", "HILL"):
            answer = Traveler(self.town).through(self.realm, sub=f"not-{login}", preferred_username=login, groups=["Chiefs"])
            self.refused(answer, 409, "somebody else's here", "conflict")
        self.assertEqual(self.roles("hill")["roles"], ["officer"])
        for login in (None, "", "two words", "line\nend", "chief\u200b", "h\u2060ill"):
            answer = Traveler(self.town).through(self.realm, sub=f"nameless {login!r}", preferred_username=login)
            self.assertIn(answer.status, (400, 403), answer.body)

    def test_without_newcomers_somebody_has_to_be_linked(self):
        self.configure(self.realm, newcomers=False)
        login = f"linked{self.people}"
        self.town.add_user(login, "records")
        self.refused(Traveler(self.town).through(self.realm, sub="s/linked", preferred_username=login), 403, "its subject is s/linked", "denied")
        self.link(login, "s/linked")
        session = Traveler(self.town).through(self.realm, 200, sub="s/linked", preferred_username="whoever", groups=["Chiefs"]).json()
        self.assertEqual((session["login"], session["roles"]), (login, ["records"]), "the roles of whom nobody manages are their own")
        self.assertIn("linked already", self.link(login, "another", check=False).stderr)
        self.assertIn("linked already", self.link("hill", "s/linked", check=False).stderr)
        self.refused(Traveler(self.town).through(self.realm, sub="s/linked", groups=[]), 403, "in no group", "denied")
        run(BIN / "lapel", "sign-in", "provider", "unlink", "--data", self.town.data, "--login", login)
        self.refused(Traveler(self.town).through(self.realm, sub="s/linked"), 403, "Nobody here is this account", "denied")
        acts = self.town.request("GET", "/api/v1/sign-in/console", self.admin()).json()["items"]
        self.assertEqual([act["event"] for act in acts if act["name"] == login], ["unlinked", "linked"])

    def test_a_subject_is_one_of_its_issuer_alone(self):
        who = self.somebody()
        Traveler(self.town).through(self.realm, 200, **who)
        other = self.provider.realm()
        self.configure(other, newcomers=False)
        self.refused(Traveler(self.town).through(other, **who), 403, "Nobody here is this account", "denied")

    def test_managed_people_have_no_other_way_in_and_local_people_keep_theirs(self):
        who = self.somebody()
        login = who["preferred_username"]
        browser = Traveler(self.town)
        own = Authenticator(self.town.home, login)
        # A factor of their own is for where the provider vouches for none; a password is never.
        self.configure(self.realm, mfa="none")
        browser.through(self.realm, 200, **who)
        self.assertEqual(browser.enroll_passkey(own).status, 201)
        self.configure(self.realm)
        self.assertEqual(browser.through(self.realm, 200, **who).json()["needs"], None)
        for path, body in (("password", {"password": PASSWORD + "2"}), ("totp", None), ("passkey-question", None)):
            self.refused(browser.ask("POST", f"/api/v1/account/{path}", body), 403, "the agency's identity provider", "denied")
        alone = Traveler(self.town)
        self.refused(alone.ask("POST", "/api/v1/session/passkey", alone.passkey(own)), 401, "the agency's identity provider", "sign-in")
        run(BIN / "lapel", "user", "password", "--data", self.town.data, "--login", login, "--password-file", self.town.password_file)
        right, wrong = alone.sign_in(login, status=None), alone.ask("POST", "/api/v1/session", {"login": login, "password": "not it at all"})
        self.assertEqual((right.status, right.json()["detail"]), (wrong.status, wrong.json()["detail"]))
        self.assertEqual(right.status, 401)
        run(BIN / "lapel", "sign-in", "provider", "unlink", "--data", self.town.data, "--login", login)
        self.assertEqual(alone.sign_in(login).json()["needs"], "factor")
        self.assertEqual(Traveler(self.town).sign_in("hill").status, 200)

    def test_without_the_providers_second_factor_the_agencys_own_rule_counts(self):
        self.configure(self.realm, mfa="none")
        who = self.somebody()
        browser = Traveler(self.town)
        self.assertEqual(browser.through(self.realm, 200, **who, amr=None).json()["needs"], "enrollment")
        self.assertFalse(browser.opens())
        secret, codes = browser.enroll_app()
        self.assertTrue(browser.opens())
        again = Traveler(self.town)
        self.assertEqual(again.through(self.realm, 200, **who, amr=["pwd", "mfa"]).json()["needs"], "factor")
        again.ask("POST", "/api/v1/session/factor", {"recovery": codes[0]}, 200)
        self.assertTrue(again.opens())
        self.configure(self.realm)
        self.assertEqual(Traveler(self.town).through(self.realm, 200, **who).json()["needs"], None, "the provider's counts in place of it")

    # ---- showing anew who one is ----

    def test_what_takes_a_factor_shown_now_takes_the_provider_anew(self):
        who = self.somebody()
        browser = Traveler(self.town)
        old = int(time.time()) - 3600
        browser.through(self.realm, 200, **who, auth_time=old)
        self.refused(browser.ask("POST", "/api/v1/account/totp"), 401, "agency's provider again", "fresh-factor")
        self.assertEqual(browser.ask("POST", "/api/v1/session/factor", {"password": PASSWORD}).status, 400)
        location = browser.leave(anew=True)
        self.assertIn("max_age=0", location)
        self.assertIn("prompt=login", location)
        self.refused(browser.come_back(self.realm.authorize(location, **who, auth_time=old)), 401, "did not ask anew")
        self.refused(browser.come_back(self.realm.authorize(browser.leave(anew=True), **who, auth_time=None)), 401, "does not say when")
        self.refused(browser.come_back(self.realm.authorize(browser.leave(anew=True), **self.somebody())), 401, "somebody else signed in there")
        self.refused(browser.ask("POST", "/api/v1/account/totp"), 401, "agency's provider again", "fresh-factor")
        browser.come_back(self.realm.authorize(browser.leave(anew=True), **who), 200)
        self.refused(browser.ask("POST", "/api/v1/account/totp"), 403, "no second factor here", "denied")

    def test_a_session_is_shown_anew_by_its_own_browser_only(self):
        who = self.somebody()
        browser, other = Traveler(self.town), Traveler(self.town)
        for each in (browser, other):
            each.through(self.realm, 200, **who, auth_time=int(time.time()) - 3600)
        returned = self.realm.authorize(browser.leave(anew=True), **who)
        other.jar["lapel-provider"] = browser.jar["lapel-provider"]
        self.refused(other.come_back(returned), 401, "another session is open here")
        self.assertEqual(Traveler(self.town).leave(None, anew=True).status, 401)
        local = Traveler(self.town)
        local.sign_in("hill")
        self.assertEqual(local.leave(None, anew=True).status, 409)

    def test_a_session_that_says_not_when_is_not_fresh(self):
        browser = Traveler(self.town)
        browser.through(self.realm, 200, **self.somebody(), auth_time=None)
        self.refused(browser.ask("POST", "/api/v1/account/totp"), 401, "agency's provider again", "fresh-factor")

    def test_a_sign_in_there_that_is_older_than_was_asked_for_is_none(self):
        day = 24 * 3600
        for auth_time in (0, int(time.time()) - day, int(time.time()) - day // 2 - 120):
            self.refused(Traveler(self.town).through(self.realm, **self.somebody(), auth_time=auth_time), 401, "older than was asked for")
        Traveler(self.town).through(self.realm, 200, **self.somebody(), auth_time=int(time.time()) - day // 2 + 120)

    def test_record(self):
        who = self.somebody()
        browser = Traveler(self.town)
        browser.through(self.realm, 200, **who)
        Traveler(self.town).through(self.realm, 403, **who, groups=[])
        browser = Traveler(self.town)
        browser.through(self.realm, 200, **who)
        events = browser.ask("GET", "/api/v1/account", status=200).json()["events"]
        self.assertEqual([(event["event"], event["detail"], event["client"]) for event in events],
                         [(name, "identity provider", "127.0.0.1") for name in ("signed_in", "failed", "signed_in")])


class TheWayBack(Federation):
    """What a browser brings, and what somebody else could make it bring."""

    def setUp(self):
        self.realm = self.provider.realm()
        self.configure(self.realm)
        self.browser = Traveler(self.town)
        Traveler(self.town).through(self.realm, 200, **self.somebody())

    def begun(self, **person):
        return self.realm.authorize(self.browser.leave(), **{**self.somebody(), **person})

    def test_a_state_is_of_one_browser_and_counts_once(self):
        returned = self.begun()
        for change, words in (({"state": "x"}, "another sign-in than the last one begun"), ({"state": returned["state"][:-1]}, "another sign-in"),
                              ({"state": returned["state"].swapcase()}, "another sign-in")):
            self.refused(self.browser.come_back({**returned, **change}), 401, words)
        self.assertEqual(self.browser.come_back({"code": returned["code"]}).status, 400)
        self.refused(Traveler(self.town).come_back(returned), 401, "this browser began no sign-in there")
        other = Traveler(self.town)
        other.leave()
        self.refused(other.come_back(returned), 401, "another sign-in than the last one begun")
        kept = dict(self.browser.jar)
        self.browser.come_back(returned, 200)
        self.assertNotIn("lapel-provider", self.browser.jar)
        self.browser.jar.update(kept)
        self.refused(self.browser.come_back(returned), 401, "finished once already")
        self.refused(self.browser.come_back({**returned, "code": "another"}), 401, "finished once already")

    def test_a_code_counts_for_the_sign_in_that_asked_for_it(self):
        first = self.begun()
        second = self.begun()
        self.refused(self.browser.come_back({**second, "code": first["code"]}), 401, "came with status 400")
        used = self.begun()
        self.browser.come_back(used, 200)
        third = self.begun()
        self.refused(self.browser.come_back({**third, "code": used["code"]}), 401, "came with status 400")
        for code in (None, "", 1, "x" * 5000, "a\0b"):
            self.refused(self.browser.come_back({**self.begun(), "code": code}), 401, "it brings no code")

    def test_a_cookie_that_was_touched_is_none(self):
        returned = self.begun()
        good = self.browser.jar["lapel-provider"]
        for cookie in (good[:-1], good + "A", "x", "A" * 3072, "A" * 4000, good[:20] + ("A" if good[20] != "A" else "B") + good[21:]):
            self.browser.jar["lapel-provider"] = cookie
            self.refused(self.browser.come_back(returned), 401, "this browser began no sign-in there")
        with Town() as other:
            other.start()
            self.browser.jar["lapel-provider"] = good
            stranger = Traveler(other)
            stranger.jar = dict(self.browser.jar)
            self.refused(stranger.come_back(returned), 401, "this browser began no sign-in there")

    def test_answers_of_another_issuer_are_told_apart(self):
        self.refused(self.browser.come_back({**self.begun(), "iss": "https://evil.example"}), 401, "another provider than it was begun at")
        self.browser.come_back({**self.begun(), "iss": self.realm.issuer}, 200)
        self.realm.spoil_document = lambda good: (200, {}, json.dumps({**good, "authorization_response_iss_parameter_supported": True}).encode())
        self.configure(self.realm)
        self.refused(self.browser.come_back(self.begun()), 401, "another provider than it was begun at")
        self.browser.come_back({**self.begun(), "iss": self.realm.issuer}, 200)

    def test_what_was_set_meanwhile_begins_anew(self):
        returned = self.begun()
        self.configure(self.realm)
        self.refused(self.browser.come_back(returned), 401, "changed meanwhile")
        returned = self.begun()
        run(BIN / "lapel", "sign-in", "provider", "remove", "--data", self.town.data, "--agency", self.town.agency)
        self.refused(self.browser.come_back(returned), 401, "changed meanwhile")
        self.assertEqual(self.browser.leave(None).status, 404)

    def test_what_the_provider_refuses_is_refused(self):
        for error, words in (("access_denied", "you do not sign in"), ("server_error", "could not be done"), ("<script>", "could not be done")):
            state = self.begun()["state"]
            answer = self.browser.come_back({"state": state, "error": error, "code": "x"})
            self.refused(answer, 401, words)
            self.assertNotIn(b"script", answer.body)

    def test_other_sites_begin_and_finish_nothing(self):
        returned = self.begun()
        for headers in ({"X-Lapel": None}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            for path, body in ((PROVIDER, {}), (RETURN, returned)):
                self.assertEqual(self.browser.ask("POST", path, body, headers=headers).status, 403)
        # The page itself: an address that anybody may open, and that signs nobody in.
        page = self.browser.ask("GET", f"/sign-in/return?code={returned['code']}&state={returned['state']}", headers={"Accept": "text/html"})
        self.assertIsNone(page.headers["Set-Cookie"])
        self.browser.come_back(returned, 200)

    def test_cookies_say_who_may_send_them(self):
        answer = self.browser.ask("POST", PROVIDER, {}, 200)
        self.assertRegex(answer.headers["Set-Cookie"], r"^lapel-provider=[A-Za-z0-9_-]+; Path=/; Max-Age=600; HttpOnly; SameSite=Lax$")
        returned = self.realm.authorize(answer.json()["location"], **self.somebody())
        cookies = self.browser.come_back(returned, 200).headers.get_all("Set-Cookie")
        self.assertTrue(any(c.startswith("lapel-session=") and c.endswith("SameSite=Strict") for c in cookies), cookies)

    def test_a_browser_that_signs_in_leaves_no_session_behind(self):
        self.browser.come_back(self.begun(), 200)
        old = dict(self.browser.jar)
        self.browser.come_back(self.begun(), 200)
        self.assertNotEqual(old["lapel-session"], self.browser.jar["lapel-session"])
        self.browser.jar = old
        self.assertFalse(self.browser.opens())


class Providers(Federation):
    def test_keys_are_asked_for_again_when_one_is_unknown(self):
        realm = self.provider.realm()
        self.configure(realm)
        Traveler(self.town).through(realm, 200, **self.somebody())
        realm.keys = [self.provider.key("RSA", 5)]
        Traveler(self.town).through(realm, 200, **self.somebody())
        asked = realm.asked.count(f"{realm.path}/keys")
        self.assertEqual(asked, 2)
        # Not for each: whoever makes tokens up does not make the server ask.
        realm.spoil_token = lambda token, realm: token.header.update(kid="unheard of")
        for _ in range(5):
            self.refused(Traveler(self.town).through(realm, **self.somebody()), 401, "does not publish")
        self.assertEqual(realm.asked.count(f"{realm.path}/keys"), asked)

    def test_a_document_is_not_asked_for_each_time(self):
        realm = self.provider.realm()
        self.configure(realm)
        for _ in range(3):
            Traveler(self.town).through(realm, 200, **self.somebody())
        self.assertEqual(realm.asked.count(f"{realm.path}/.well-known/openid-configuration"), 1)

    def test_the_secret_goes_in_the_form_where_it_is_wanted_there(self):
        realm = self.provider.realm()
        realm.spoil_document = lambda good: (200, {}, json.dumps({**good, "token_endpoint_auth_methods_supported": ["client_secret_post"]}).encode())
        self.configure(realm)
        Traveler(self.town).through(realm, 200, **self.somebody())

    def test_a_provider_that_is_down_keeps_nobody_else_out(self):
        realm = self.provider.realm()
        realm.issuer = "http://127.0.0.1:1/nobody"
        self.configure(realm)
        answer = Traveler(self.town).leave(None)
        self.refused(answer, 503, "Whoever has a password or a passkey of their own signs in as always", "unavailable")
        self.assertEqual(Traveler(self.town).sign_in("hill").status, 200)
        self.assertEqual(Traveler(self.town).ask("GET", PROVIDER).json(), {"name": "Ashfield ID", "asks_agency": False})

    def test_the_clients_secret_is_sealed_at_rest(self):
        realm = self.provider.realm()
        self.configure(realm)
        for file in self.town.data.glob("catalog.db*"):
            self.assertNotIn(realm.client_secret.encode(), file.read_bytes())
        shown = run(BIN / "lapel", "sign-in", "provider", "show", "--data", self.town.data, "--agency", self.town.agency)
        self.assertIn("multi-factor: amr=mfa", shown.stdout)
        self.assertNotIn(realm.client_secret, shown.stdout)
        shown = json.loads(run(BIN / "lapel", "sign-in", "provider", "show", "--data", self.town.data, "--agency", self.town.agency, "--json").stdout)
        self.assertEqual((shown["issuer"], shown["map"][0], shown["add_newcomers"]), (realm.issuer, {"group": "Officers", "role": "officer"}, True))

    def test_what_is_set_is_in_the_ledger_and_another_mapping_is_found(self):
        with Town() as town:
            secret = town.home / "client-secret"
            secret.write_text("s3cret\n")
            def set_to(*maps, issuer="https://login.example"):
                run(BIN / "lapel", "sign-in", "provider", "set", "--data", town.data, "--agency", town.agency, "--issuer", issuer, "--client-id", "lapel",
                    "--client-secret-file", secret, *[x for text in maps for x in ("--map", text)])
            def said():
                with sqlite3.connect(town.data / "catalog.db") as catalog:
                    return [json.loads(row[0]) for row in catalog.execute("SELECT event FROM ledger_events WHERE type = 'rule.changed' ORDER BY leaf_index")]
            set_to("Officers=officer", "Chiefs=administrator")
            set_to("Everybody=administrator")
            run(BIN / "lapel", "sign-in", "provider", "remove", "--data", town.data, "--agency", town.agency)
            first, second, last = said()
            with sqlite3.connect(town.data / "catalog.db") as catalog:
                (console,) = catalog.execute("SELECT console FROM agencies").fetchone()
            self.assertEqual({(event["actor"], event["subject"], event["rule"]) for event in (first, second, last)}, {(console, console, "identity_provider")})
            self.assertEqual((first["mapping"], second["mapping"]), ("Officers is officer; Chiefs is administrator", "Everybody is administrator"))
            self.assertEqual((second["old"], last["old"]), (first["new"], second["new"]))
            self.assertFalse({"old"} & set(first) or {"new", "mapping"} & set(last))
            self.assertEqual(town.check_ledger(), (0, []))
            set_to(*[f"{'g' * 200} {n}=officer" for n in range(60)])
            self.assertRegex(said()[-1]["mapping"], r"; and 23 more$")
            self.assertEqual(town.check_ledger(), (0, []))
            for change in ("settings = replace(settings, 'officer', 'records')", "issuer = 'https://evil.example'", "client_id = 'x'", "version = 'x'", "name = 'x'"):
                with self.subTest(change), sqlite3.connect(town.data / "catalog.db") as catalog:
                    catalog.execute("CREATE TEMP TABLE kept AS SELECT * FROM sign_in_providers")
                    catalog.execute(f"UPDATE sign_in_providers SET {change}")
                    catalog.commit()
                    code, faults = town.check_ledger()
                    self.assertEqual((code, [fault for fault in faults if "rule identity_provider" not in fault]), (6, []), faults)
                    catalog.executescript("DELETE FROM sign_in_providers; INSERT INTO sign_in_providers SELECT * FROM kept; DROP TABLE kept")
            with sqlite3.connect(town.data / "catalog.db") as catalog:
                catalog.execute("DELETE FROM sign_in_providers")
            self.assertEqual(town.check_ledger()[0], 6)

    def test_what_no_provider_has_is_not_set(self):
        realm = self.provider.realm()
        for extra, words in (((), None), (("--map", "Officers"), "GROUP=ROLE"), (("--map", "x=sheriff"), "GROUP=ROLE"), (("--require-mfa", "acr=x"), "not by both"),
                             (("--scope", "a b"), "no spaces")):
            secret = self.town.home / "client-secret"
            secret.write_text("s\n")
            done = run(BIN / "lapel", "sign-in", "provider", "set", "--data", self.town.data, "--agency", self.town.agency, "--issuer", realm.issuer, "--client-id", "lapel",
                       "--client-secret-file", secret, "--map", "Officers=officer", "--require-mfa", "amr=mfa", *extra, check=False)
            self.assertEqual(done.returncode, 0 if words is None else 2, done.stderr)
            self.assertIn(words or "", done.stderr)
        for issuer in ("http://login.example", "ftp://login.example", "login.example", "https://u@login.example", "https://login.example?x", "https://login.example#x",
                       "http://127.0.0.1.evil.example/", "http://localhost.evil.example/", "https://", "https:///x"):
            realm.issuer = issuer
            with self.assertRaises(AssertionError) as refused:
                self.configure(realm)
            self.assertIn("An issuer is", str(refused.exception), issuer)


class SeveralAgencies(Federation):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("Otherton Police", "Thirdville Police"):
            run(BIN / "lapel", "agency", "add", "--data", cls.town.data, "--name", name)

    def test_an_agency_is_named_first_and_one_that_is_none_is_not_told_from_one_without(self):
        realm = self.provider.realm()
        ask = Traveler(self.town).ask
        self.assertEqual(ask("GET", PROVIDER).json(), {"name": None, "asks_agency": False})
        self.configure(realm)
        self.assertEqual(ask("GET", PROVIDER).json(), {"name": None, "asks_agency": True})
        slug = "ashfield-police-department"
        self.assertEqual(ask("GET", f"{PROVIDER}?agency={slug}").json(), {"name": "Ashfield ID", "asks_agency": True})
        for other in ("otherton-police", "nobody", "", "Ashfield Police Department"):
            self.assertEqual(ask("GET", f"{PROVIDER}?agency={other.replace(' ', '%20')}").json(), {"name": None, "asks_agency": True})
            refused = ask("POST", PROVIDER, {"agency": other}, 404).json()
            self.assertEqual(refused["detail"], "No agency of that name signs in through an identity provider here")
        browser = Traveler(self.town)
        browser.come_back(realm.authorize(browser.leave(agency=slug), **self.somebody()), 200)

    def test_an_agencys_provider_enters_nobody_elsewhere(self):
        realm = self.provider.realm()
        self.configure(realm)
        other = self.provider.realm()
        secret = self.town.home / "other-secret"
        secret.write_text(other.client_secret + "\n")
        run(BIN / "lapel", "sign-in", "provider", "set", "--data", self.town.data, "--agency", "Otherton Police", "--issuer", other.issuer, "--client-id", "lapel",
            "--client-secret-file", secret, "--map", "Officers=officer", "--add-newcomers")
        who = self.somebody()
        ashfield, otherton = Traveler(self.town), Traveler(self.town)
        first = ashfield.come_back(realm.authorize(ashfield.leave(agency="ashfield-police-department"), **who), 200).json()
        answer = otherton.come_back(other.authorize(otherton.leave(agency="otherton-police"), **who))
        self.refused(answer, 409, "somebody else's here", "conflict")
        second = otherton.come_back(other.authorize(otherton.leave(agency="otherton-police"), **{**who, "preferred_username": "elsewhere"}), 200).json()
        self.assertNotEqual(first["agency"], second["agency"])
        refused = self.link("elsewhere", "x", check=False)
        self.assertIn("Nobody of this agency", refused.stderr)


class Certified(Federation):
    """Through the npm package oidc-provider, which is certified for what is asked of it here: no code of these tests makes its tokens."""
    SECRET = "secret of the client"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.process = subprocess.Popen(["node", ROOT / "test/browser/oidc_provider.mjs", cls.SECRET, f"http://localhost:{cls.town.port}/sign-in/return"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.process.stdout.close)
        cls.addClassCleanup(cls.process.wait)
        cls.addClassCleanup(cls.process.kill)
        line = ""
        while not line.startswith("listening on "):
            line = cls.process.stdout.readline()
            assert line, "the provider did not start"
        cls.issuer = line.split()[-1]

    def setUp(self):
        secret = self.town.home / "client-secret"
        secret.write_text(self.SECRET + "\n")
        run(BIN / "lapel", "sign-in", "provider", "set", "--data", self.town.data, "--agency", self.town.agency, "--issuer", self.issuer, "--client-id", "lapel",
            "--client-secret-file", secret, *[x for text in self.MAP for x in ("--map", text)], "--scope", "profile,groups", "--add-newcomers")
        self.cookies = {}

    def there(self, method, url, form=None):
        """A request to the provider; where it sends the browser next."""
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        try:
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "Content-Type": "application/x-www-form-urlencoded"}
            connection.request(method, f"{parts.path}?{parts.query}", urllib.parse.urlencode(form) if form else None, headers)
            answer = connection.getresponse()
            answer.read()
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, value = cookie.split(";")[0].split("=", 1)
                self.cookies[name] = value
            return urllib.parse.urljoin(url, answer.headers["Location"]) if answer.headers["Location"] else None
        finally:
            connection.close()

    def authorize(self, location, login):
        interaction = self.there("GET", location)
        self.assertIn("/interaction/", interaction)
        onward = self.there("POST", interaction, {"login": login})
        back = self.there("GET", onward)
        self.assertTrue(back.startswith(f"http://localhost:{self.town.port}/sign-in/return?"), back)
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))

    def test_people_sign_in_through_it(self):
        browser = Traveler(self.town)
        returned = self.authorize(browser.leave(), "doe")
        self.assertEqual(returned["iss"], self.issuer)
        session = browser.come_back(returned, 200).json()
        self.assertEqual((session["login"], session["name"], session["roles"], session["needs"]), ("doe", "Jamie Doe", ["officer"], None))
        self.assertTrue(browser.opens())
        # Its own checks of what is ours: a code counts once, and for the verifier that it was asked with.
        self.cookies = {}
        other = Traveler(self.town)
        self.refused(other.come_back({**self.authorize(other.leave(), "boss"), "code": returned["code"]}), 401, "came with status 400")

    def test_it_says_who_showed_more_than_a_password(self):
        browser = Traveler(self.town)
        self.refused(browser.come_back(self.authorize(browser.leave(), "lazy")), 401, "more than a password")

    def test_an_issuer_that_is_not_named_is_refused(self):
        browser = Traveler(self.town)
        returned = self.authorize(browser.leave(), "doe")
        del returned["iss"]
        self.refused(browser.come_back(returned), 401, "another provider than it was begun at")

    def test_it_asks_anew_when_it_is_told_to(self):
        browser = Traveler(self.town)
        browser.come_back(self.authorize(browser.leave(), "boss"), 200)
        self.refused(browser.ask("POST", "/api/v1/account/totp"), 401, "agency's provider again", "fresh-factor")
        browser.come_back(self.authorize(browser.leave(anew=True), "boss"), 200)
        self.refused(browser.ask("POST", "/api/v1/account/totp"), 403, "no second factor here", "denied")


if __name__ == "__main__":
    unittest.main()
