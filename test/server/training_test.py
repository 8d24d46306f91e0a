# SPDX-License-Identifier: Apache-2.0
"""Policies and training of a real server: what an officer lacks bars that officer alone, whichever way a camera would come to them; and
an acknowledgement by a passkey is checked here by OpenSSL, from what the server keeps of it and nothing else."""
import base64
import contextlib
import hashlib
import json
import sqlite3
import subprocess
import threading
import unittest

from harness import Town, TownCase
from signing_in import Authenticator, Browser

CLAUSES = [{"key": "stops", "heading": "When to record", "text": "Record every stop."}]
CHECK = [{"question": "When?", "choices": ["Never", "Always"], "right": 2}]
P256 = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"  # a SubjectPublicKeyInfo of P-256, up to x and y


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class TrainingTest(TownCase):
    @classmethod
    def populate(cls):
        town = cls.town
        cls.manager = town.add_user("manager", "program_manager")
        cls.keeper = town.add_user("keeper", "coordinator", badge="50")
        cls.sergeant = town.add_user("sergeant", "supervisor")
        for number, login in enumerate(("reyes", "cole", "price", "diaz", "hill", "ruiz"), 101):
            town.add_user(login, "officer", badge=str(number))
        cls.number = 0

    def ask(self, method, path, token, expected, **body):
        answer = self.town.request(method, path, token, body=json.dumps(body) if method != "GET" else None)
        self.assertEqual(answer.status, expected, (method, path, answer.body))
        return answer.json() if answer.body else None

    def policy(self, **more):
        """One of its own for each test, with its first version."""
        TrainingTest.number += 1
        slug = f"policy-{self.number}"
        self.ask("POST", "/api/v1/policies", self.manager, 201, slug=slug, title=f"Policy {self.number}", **more)
        self.ask("POST", f"/api/v1/policies/{slug}/versions", self.manager, 201, clauses=CLAUSES, check=CHECK)
        return slug

    def drop(self, **what):
        self.ask("PUT", "/api/v1/training/requirements", self.manager, 200, required=False, reason="the test is over", **what)

    def browser(self, login, own=None):
        browser = Browser(self.town)
        browser.sign_in(login)
        if own is None:
            browser.enroll_app()
        else:
            self.assertEqual(browser.enroll_passkey(own).status, 201)
        return browser

    def acknowledge(self, browser, slug, status=201, number=1, **body):
        return browser.ask("POST", f"/api/v1/policies/{slug}/versions/{number}/acknowledgements", {"answers": [2], **body}, status).json()

    def test_a_passkey_signs_what_is_acknowledged_and_anybody_can_check_it(self):
        slug = self.policy()
        own = Authenticator(self.town.home, "reyes")
        browser = self.browser("reyes", own)
        version = browser.ask("GET", f"/api/v1/policies/{slug}/in-force", status=200).json()
        wrong = self.acknowledge(browser, slug, 200, answers=[1])
        self.assertEqual((wrong["wrong"], wrong["question"], wrong["acknowledged_at"]), ([1], None, None))
        question = self.acknowledge(browser, slug, 200)["question"]
        # Of another challenge: a sign-in is no acknowledgement.
        sign_in = browser.ask("POST", "/api/v1/session/passkey-question", status=200).json()
        self.assertEqual(self.acknowledge(browser, slug, 401, passkey=own.present(sign_in, browser.origin))["type"], "/problems/second-factor")
        other = Authenticator(self.town.home, "stranger")
        self.assertEqual(self.acknowledge(browser, slug, 401, passkey=other.present(question, browser.origin))["type"], "/problems/second-factor")
        self.assertIsNotNone(self.acknowledge(browser, slug, passkey=own.present(question, browser.origin))["acknowledged_at"])
        self.acknowledge(browser, slug, 409, passkey=own.present(question, browser.origin))

        record = browser.ask("GET", "/api/v1/training/people/reyes", status=200).json()
        kept = next(each for each in record["acknowledgements"] if each["policy"] == slug)
        self.assertEqual(kept["proof"], "passkey")
        self.assertEqual(kept["sha256"], hashlib.sha256(version["text"].encode()).hexdigest())
        signed = kept["passkey"]
        statement = json.loads(signed["statement"])
        self.assertEqual({"v": 1, "ledger": "ledger.example/ashfield-police-department", "policy": slug, "number": 1, "sha256": kept["sha256"],
                          "person": record["person"]["id"]}, statement)
        client, data = unpadded(signed["client_data"]), unpadded(signed["authenticator_data"])
        self.assertEqual(unpadded(json.loads(client)["challenge"]), hashlib.sha256(signed["statement"].encode()).digest())
        self.assertEqual(data[:32], hashlib.sha256(signed["rp_id"].encode()).digest())
        self.assertEqual(signed["public_key"], b"".join(own.public()).hex())
        self.assertTrue(self.is_signed(signed, data + hashlib.sha256(client).digest()))
        self.assertFalse(self.is_signed(signed, data + hashlib.sha256(client + b" ").digest()), "the check can fail")

    def is_signed(self, signed, message):
        files = {name: self.town.home / f"outsider.{name}" for name in ("pem", "sig", "message")}
        der = base64.b64encode(bytes.fromhex(P256 + signed["public_key"])).decode()
        files["pem"].write_text(f"-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n")
        files["sig"].write_bytes(unpadded(signed["signature"]))
        files["message"].write_bytes(message)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", files["pem"], "-signature", files["sig"], files["message"]], capture_output=True)
        return done.returncode == 0

    def test_no_token_acknowledges_and_nobody_for_another(self):
        slug = self.policy()
        answer = self.town.request("POST", f"/api/v1/policies/{slug}/versions/1/acknowledgements", self.manager, body=json.dumps({"answers": [2]}))
        self.assertEqual((answer.status, answer.json()["type"]), (401, "/problems/fresh-factor"))
        hill = self.browser("hill")
        own = Authenticator(self.town.home, "diaz")
        diaz = self.browser("diaz", own)
        question = self.acknowledge(diaz, slug, 200)["question"]
        # The signature of somebody else, over what that one would acknowledge.
        self.assertEqual(self.acknowledge(hill, slug, 401, passkey=own.present(question, diaz.origin))["type"], "/problems/second-factor")
        self.assertIsNotNone(self.acknowledge(hill, slug)["acknowledged_at"])
        proofs = [each["proof"] for each in hill.ask("GET", "/api/v1/training/people/hill").json()["acknowledgements"] if each["policy"] == slug]
        self.assertEqual(proofs, ["second_factor"])

    def test_what_is_missing_bars_that_officer_alone_whichever_way_a_camera_comes(self):
        slug = self.policy(required=True)
        self.addCleanup(self.drop, policy=slug)
        cole = self.browser("cole")
        self.acknowledge(cole, slug)
        self.ask("POST", "/api/v1/staffing/import", self.town.add_user("chief_of_staff", "administrator", "coordinator"), 201,
                 csv="what,name,badge,unit,count,from\nunit,Pilot,,,,\ncamera,BX-1,,,,2022-12-01\ncamera,BX-2,,,,2022-12-01\n"
                     "member,,102,Pilot,,2022-10-01T12:00:00Z\nmember,,103,Pilot,,2022-10-01T12:00:00Z\nslot,,,Pilot,2,2022-12-01\n")
        sentence = f"price has not acknowledged version 1 of Policy {slug.removeprefix('policy-')}"
        run_of = self.ask("POST", "/api/v1/fleet/runs", self.keeper, 201, mode="out")["id"]

        def scan(code, officer=None):
            return self.ask("POST", f"/api/v1/fleet/runs/{run_of}/scans", self.keeper, 200, code=code, officer=officer)
        refused = scan("BX-1", "103")
        self.assertEqual((refused["result"], refused["sentence"]), ("refused", sentence))
        self.assertEqual(scan("BX-1", "102")["result"], "out")
        back = self.ask("POST", "/api/v1/fleet/runs", self.keeper, 201, mode="in")["id"]
        self.ask("POST", f"/api/v1/fleet/runs/{back}/scans", self.keeper, 200, code="BX-1")
        # By hand, and by a turn; but not what is over.
        device = {"kind": "device", "person": "price", "target": "BX-2"}
        self.assertEqual(self.ask("POST", "/api/v1/assignments", self.sergeant, 409, **device)["detail"], sentence)
        self.ask("POST", "/api/v1/assignments", self.sergeant, 201, **{"from": "2022-12-02T08:00:00Z"}, until="2022-12-02T16:00:00Z", **device)
        for person in ("price", "cole"):
            self.ask("POST", "/api/v1/rotation/participants", self.keeper, 201, person=person, status="volunteered", on="2022-10-13")
        slot = next(each["id"] for each in self.ask("GET", "/api/v1/rotation", self.keeper, 200)["slots"] if each["unit"]["name"] == "Pilot")
        turns = f"/api/v1/rotation/slots/{slot}/turns"
        self.assertEqual(self.ask("POST", turns, self.keeper, 409, person="price", camera="BX-2")["detail"], sentence)
        first = {"person": "cole", "on": "2022-12-02", "camera": "BX-2", "at": "2022-12-02T20:00:00Z"}
        turn = self.ask("POST", turns, self.keeper, 201, **first)["id"]
        swap = {"person": "price", "on": "2022-12-30", "at": "2022-12-30T12:00:00Z"}
        self.assertEqual(self.ask("POST", f"/api/v1/rotation/turns/{turn}/swap", self.keeper, 409, **swap)["detail"], sentence)
        self.acknowledge(self.browser("price"), slug)
        self.ask("POST", f"/api/v1/rotation/turns/{turn}/swap", self.keeper, 201, **swap)

    def test_of_two_who_do_it_at_once_one_is_told_so(self):
        slug = self.policy()
        browser = self.browser("ruiz")
        answers = []

        def at_once(send):
            threads = [threading.Thread(target=lambda: answers.append(send())) for _ in range(4)]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            found = sorted(answers)
            answers.clear()
            return found
        path = f"/api/v1/policies/{slug}/versions/1/acknowledgements"
        self.assertEqual(at_once(lambda: browser.ask("POST", path, {"answers": [2]}).status), [201, 409, 409, 409])
        self.ask("POST", "/api/v1/training/courses", self.manager, 201, slug=slug, title="Basic")
        plan = {"course": slug, "on": "2022-11-30", "place": "roll call"}
        self.assertEqual(at_once(lambda: self.town.request("POST", "/api/v1/training/sessions", self.manager, body=json.dumps(plan)).status), [201, 409, 409, 409])
        session = self.ask("GET", "/api/v1/training/sessions", self.manager, 200)["items"][0]["id"]
        scans = at_once(lambda: self.town.request("POST", f"/api/v1/training/sessions/{session}/attendances", self.keeper, body='{"code": "ruiz"}').status)
        self.assertEqual(scans.count(200) + scans.count(409), 4)
        self.assertEqual(len(self.ask("GET", f"/api/v1/training/sessions/{session}", self.keeper, 200)["roster"]), 1)
        issue = json.dumps({"clauses": CLAUSES, "effective": "2099-01-01"})
        self.assertEqual(at_once(lambda: self.town.request("POST", f"/api/v1/policies/{slug}/versions", self.manager, body=issue).status), [201, 409, 409, 409])
        self.assertEqual([each["number"] for each in self.ask("GET", f"/api/v1/policies/{slug}", self.manager, 200)["versions"]], [1, 2])


class DamagedText(unittest.TestCase):
    def test_is_found_and_not_shown(self):
        with Town() as town:
            manager = town.add_user("manager", "program_manager")
            town.start()

            def post(path, **body):
                answer = town.request("POST", path, manager, body=json.dumps(body))
                self.assertEqual(answer.status, 201, answer.body)
                return answer.json()
            post("/api/v1/policies", slug="temporary", title="Temporary policy")
            sha256 = post("/api/v1/policies/temporary/versions", clauses=CLAUSES, check=CHECK)["sha256"]
            town.stop()
            self.assertEqual(town.check_ledger(), (0, []))
            with contextlib.closing(sqlite3.connect(town.data / "catalog.db")) as catalog, catalog:
                changed = catalog.execute("UPDATE policy_texts SET body = replace(body, 'every', 'no') WHERE sha256 = ?", (sha256,)).rowcount
            self.assertEqual(changed, 1)
            self.assertEqual(town.check_ledger(), (6, [f"policy text {sha256}: its words are others"]))
            town.start()
            self.assertEqual(town.request("GET", "/api/v1/policies/temporary/in-force", manager).status, 500)


if __name__ == "__main__":
    unittest.main()
