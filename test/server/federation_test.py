# SPDX-License-Identifier: Apache-2.0
"""Signing in through the agency's own identity provider, on a real server: who gets in, as what, and every lie that a provider, a
browser or somebody in between could tell. Each lie is told by a provider that was believed the moment before."""
import base64
import hashlib
import json
import time
import unittest

from harness import BIN, PASSWORD, Town, run
from identity_provider import Key, Provider, Token
from signing_in import GUARD, Authenticator, Browser, b64url

SESSION = "/api/v1/session"
PROVIDER = "/api/v1/session/provider"
RETURN = "/api/v1/session/provider/return"


class Traveler(Browser):
    """A browser that keeps every cookie by its name."""

    def __init__(self, town, host="localhost"):
        super().__init__(town, host)
        self.jar = {}

    def ask(self, method, path, body=None, status=None, headers=None):
        everything = {"Host": self.host, "Origin": self.origin, **GUARD, **(headers or {})}
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
        answer = self.ask("POST", PROVIDER, body, status)
        return answer.json()["location"] if status == 200 else answer

    def come_back(self, returned, status=None):
        return self.ask("POST", RETURN, returned, status)

    def through(self, realm, status=200, **person):
        return self.come_back(realm.authorize(self.leave(), **person), status)


class Federation(unittest.TestCase):
    MAP = ("Officers=officer", "Records=records", "Chiefs=administrator")

    @classmethod
    def setUpClass(cls):
        cls.provider = Provider()
        cls.addClassCleanup(cls.provider.close)
        cls.town = Town()
        cls.addClassCleanup(cls.town.__exit__)
        cls.town.add_user("hill", "officer")
        cls.town.start()
        cls.people = 0

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


class Lies(Federation):
    """One after the other, each told to a server that believed the same provider before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.counted = set()

    def told(self, name):
        self.assertNotIn(name, self.counted, "a vector of this name was told before")
        self.counted.add(name)

    def test_tokens(self):
        import bad_tokens
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
                        Traveler(self.town).through(realm, **person)
                        realm.spoil_token = vector.spoil
                        answer = Traveler(self.town).through(realm, None, **person)
                        self.refused(answer, vector.status, vector.words, vector.slug)
                        self.told(vector.name)
                        told += 1
        self.assertGreaterEqual(told, 130)

    def test_answers_for_a_code(self):
        import bad_tokens
        realm = self.provider.realm()
        self.configure(realm)
        for name, (status, words, spoil) in bad_tokens.ANSWERS.items():
            with self.subTest(name):
                person = self.somebody()
                realm.heal()
                Traveler(self.town).through(realm, **person)
                realm.spoil_answer = spoil
                answer = Traveler(self.town).through(realm, None, **person)
                self.refused(answer, status, words, "unavailable" if status == 503 else "provider-answer")
                self.told(name)

    def test_documents(self):
        import bad_tokens
        for name, (status, words, spoil) in bad_tokens.DOCUMENTS.items():
            with self.subTest(name):
                realm = self.provider.realm()
                self.configure(realm)
                Traveler(self.town).through(realm, **self.somebody())
                realm.spoil_document = lambda good, spoil=spoil, realm=realm: spoil(good, realm)
                self.configure(realm)  # anew: nothing is remembered of it
                answer = Traveler(self.town).leave(None)
                self.refused(answer, status, words, "unavailable" if status == 503 else "provider-answer")
                self.told(name)

    def test_keys(self):
        import bad_tokens
        for name, (status, words, spoil) in bad_tokens.KEY_SETS.items():
            with self.subTest(name):
                realm = self.provider.realm()
                self.configure(realm)
                person = self.somebody()
                Traveler(self.town).through(realm, **person)
                realm.spoil_keys = lambda good, spoil=spoil, realm=realm: spoil(good, realm)
                self.configure(realm)
                answer = Traveler(self.town).through(realm, None, **person)
                self.refused(answer, status, words, "unavailable" if status == 503 else "provider-answer")
                self.told(name)


if __name__ == "__main__":
    unittest.main()
