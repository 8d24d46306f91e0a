# SPDX-License-Identifier: Apache-2.0
"""The trace: a line for every request, granted or refused, with who, what, when, from where and what came of it; and nothing in
it that names people, opens anything or tells what footage shows."""
import hashlib
import json
import re
import unittest

from harness import PASSWORD, Town
from signing_in import Browser, next_totp


class Trace(unittest.TestCase):
    def setUp(self):
        self.town = Town()
        self.addCleanup(self.town.__exit__)

    def lines(self):
        out = []
        for line in (self.town.home / "server.err").read_text().splitlines():
            if line.startswith("{"):
                out.append(json.loads(line))
        return out

    def test_every_request_is_told_and_nothing_that_is_secret(self):
        town = self.town
        clerk, union = town.add_user("clerk", "records"), town.add_user("unionist", "union")
        town.start()
        recording = town.upload(clerk, b"x" * 1000, filename="screaming.mp4", incident="22-0815", wearer="K4711", category="Robbery")["recording"]
        asked = [("GET", "/healthz", None, 200), ("GET", "/api/v1/recordings?q=screaming", clerk, 200),
                 ("GET", "/api/v1/recordings", union, 403), ("GET", f"/api/v1/recordings/{recording}", clerk, 200),
                 ("GET", f"/api/v1/recordings/{'0' * 32}", clerk, 404), ("GET", "/api/v1/recordings", None, 401),
                 ("GET", "/api/v1/recordings", clerk[:-1] + ("0" if clerk[-1] != "0" else "1"), 401),
                 ("POST", f"/api/v1/recordings/{recording}/views", union, 404), ("GET", "/no/such/unionist", None, 404),
                 ("DELETE", "/api/v1/recordings", clerk, 405), ("GET", "/api/v1/people/clerk/rights", clerk, 200)]
        ids, bodies = [], []
        for method, path, token, status in asked:
            answer = town.request(method, path, token, body='{"purpose": "review"}' if method == "POST" else None)
            self.assertEqual(answer.status, status, path)
            ids.append(answer.headers["X-Request-Id"])
            bodies.append(answer.body)
        browser = Browser(town)
        browser.sign_in("clerk")
        secret, codes = browser.enroll_app()
        half = Browser(town)
        half.sign_in("clerk", "wrong password", 401)
        half.sign_in("clerk")
        pending = half.cookie.split("=")[1]
        half.ask("POST", "/api/v1/session/factor", {"totp": next_totp(secret)}, 200)
        self.assertEqual(town.stop(), 0)

        lines = {line["request"]: line for line in self.lines() if line.get("event") == "request"}
        for id_, (method, path, token, status) in zip(ids, asked):
            line = lines[id_]
            self.assertEqual((line["method"], line["status"], line["client"]), (method, status, "127.0.0.1"), path)
            self.assertRegex(line["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\dZ$")
            self.assertGreaterEqual(line["ms"], 0)
            self.assertEqual("actor" in line, status not in (401, 405) and token is not None, line)
        self.assertEqual(lines[ids[3]]["route"], "/api/v1/recordings/{id}")
        self.assertEqual(lines[ids[3]]["id"], recording)
        self.assertEqual((lines[ids[2]]["problem"], bool(lines[ids[2]]["rule"])), ("rule", True))
        self.assertEqual(lines[ids[10]]["route"], "/api/v1/people/{id}/rights")
        signed_in = [line for line in lines.values() if line["route"] == "/api/v1/session" and line["method"] == "POST"]
        self.assertEqual(sorted(line["status"] for line in signed_in), [200, 200, 401])
        # By which token or session, and whose login somebody tried; of neither anything that opens a door.
        person = lines[ids[3]]["actor"]
        self.assertEqual([line.get("account") for line in signed_in if line["status"] == 401], [person])
        self.assertEqual(lines[ids[3]]["token"], clerk.split("_")[1][:12])
        self.assertNotIn("token", lines[ids[5]])
        self.assertNotIn("token", lines[ids[6]])
        shown = [line for line in lines.values() if line["route"] == "/api/v1/session/factor"]
        self.assertEqual([line["session"] for line in shown], [hashlib.sha256(bytes.fromhex(pending)).hexdigest()[:12]])
        self.assertEqual(lines[ids[0]]["bytes"], len("ok\n"))
        self.assertEqual(lines[ids[4]]["bytes"], len(bodies[4]))
        self.assertEqual({line["level"] for line in lines.values()}, {"info"})

        text = (town.home / "server.err").read_text()
        for word in (clerk, union, PASSWORD, "clerk", "unionist", "screaming", "22-0815", "K4711", "Robbery", secret, *codes,
                     browser.cookie.split("=")[1], half.cookie.split("=")[1], pending, "wrong password"):
            self.assertNotIn(word, text)

    def test_what_is_told_of_bytes_is_what_the_body_has(self):
        town = self.town
        clerk = town.add_user("clerk", "records")
        town.start()
        recording = town.upload(clerk, b"x" * 100_000, filename="a.bin")["recording"]
        view = town.request("POST", f"/api/v1/recordings/{recording}/views", clerk, body='{"purpose": "review"}').json()["original"]
        told = {}
        for method, span, bytes_ in (("GET", None, 100_000), ("GET", "bytes=10-19", 10), ("HEAD", None, 0)):
            answer = town.request(method, view, clerk, {"Range": span} if span else None)
            told[answer.headers["X-Request-Id"]] = bytes_
        town.stop()
        self.assertEqual({line["request"]: line["bytes"] for line in self.lines() if line.get("request") in told}, told)

    def test_a_fault_inside_is_told_with_what_the_client_does_not_learn(self):
        town = self.town
        clerk = town.add_user("clerk", "records")
        town.start()
        recording = town.upload(clerk, b"x" * 1000, filename="a.bin")["recording"]
        view = town.request("POST", f"/api/v1/recordings/{recording}/views", clerk, body='{"purpose": "review"}').json()
        original = next((town.data / "objects").glob("*/*/*"))
        original.unlink()
        answer = town.request("GET", view["original"], clerk)
        self.assertEqual(answer.status, 500, answer.body)
        town.stop()
        line = [line for line in self.lines() if line.get("request") == answer.headers["X-Request-Id"]][0]
        self.assertEqual((line["level"], line["status"], line["problem"]), ("error", 500, answer.json()["type"].removeprefix("/problems/")))
        self.assertTrue(line["detail"])
        self.assertFalse(re.search(r"/objects/", answer.body.decode()))


if __name__ == "__main__":
    unittest.main()
