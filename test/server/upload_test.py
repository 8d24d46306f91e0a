# SPDX-License-Identifier: Apache-2.0
"""tus as a stranger would speak it: every header wrong in turn, every extension, and who may do what."""
import base64
import hashlib
import random
import re
import unittest

from harness import BIN, Town, TownCase, metadata, run, sha256, until

BODY = "application/offset+octet-stream"


class Uploads(TownCase):
    @classmethod
    def populate(cls):
        cls.token = cls.town.add_user("clerk", "records")
        cls.other = cls.town.add_user("detective", "investigator")
        cls.chief = cls.town.token("chief")

    def problem(self, answer, status, slug):
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        body = answer.json()
        self.assertEqual(body["type"], f"/problems/{slug}")
        self.assertTrue(body["detail"] and body["remedy"])
        self.assertEqual(answer.headers["Tus-Resumable"], "1.0.0")

    def test_options_tells_what_is_spoken(self):
        answer = self.town.request("OPTIONS", "/api/v1/uploads")
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.headers["Tus-Version"], "1.0.0")
        self.assertEqual(set(answer.headers["Tus-Extension"].split(",")),
                         {"creation", "creation-with-upload", "checksum", "expiration", "termination", "concatenation"})
        self.assertEqual(answer.headers["Tus-Checksum-Algorithm"], "sha1,sha256")

    def test_pieces_of_odd_sizes_make_the_same_file(self):
        random.seed(7)
        data = random.randbytes(3_500_001)
        location = self.town.create(self.token, len(data), sha256=sha256(data)).headers["Location"]
        at = 0
        while at < len(data):
            size = random.choice([1, 4095, 4096, 4097, 12_289, 65_536, 1_048_575, 1_048_576, 1_048_577])
            answer = self.town.patch(location, self.token, at, data[at:at + size])
            self.assertEqual(answer.status, 204, answer.body)
            at = min(at + size, len(data))
            self.assertEqual(int(answer.headers["Upload-Offset"]), at)
            self.assertEqual(self.town.head_offset(location, self.token), at)
        self.assertEqual(self.town.wait_state(location, self.token)["state"], "sealed")

    def test_creation_with_upload_and_empty_file(self):
        answer = self.town.tus("POST", "/api/v1/uploads", self.token, {"Upload-Length": "5", "Content-Type": BODY}, b"hello")
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.headers["Upload-Offset"], "5")
        self.assertEqual(self.town.wait_state(answer.headers["Location"], self.token)["sha256"], sha256(b"hello"))
        empty = self.town.create(self.token, 0)
        self.assertEqual(empty.status, 201)
        self.assertEqual(self.town.wait_state(empty.headers["Location"], self.token)["sha256"], sha256(b""))

    def test_declared_digest_that_does_not_match_is_refused_in_words(self):
        state = self.town.upload(self.token, b"not this", sha256=sha256(b"that"))
        self.assertEqual(state["state"], "refused")
        self.assertIn(sha256(b"that"), state["reason"])
        self.assertIsNone(state["recording"])

    def test_checksum(self):
        data = b"x" * 5000
        location = self.town.create(self.token, len(data)).headers["Location"]
        for algorithm in ("sha1", "sha256"):
            wrong = base64.b64encode(hashlib.new(algorithm, b"other").digest()).decode()
            answer = self.town.patch(location, self.token, 0, data[:100], **{"Upload-Checksum": f"{algorithm} {wrong}"})
            self.problem(answer, 460, "checksum-mismatch")
            self.assertEqual(self.town.head_offset(location, self.token), 0)
        for bad in ("md5 AAAA", "crc32 AAAA"):
            self.problem(self.town.patch(location, self.token, 0, b"x", **{"Upload-Checksum": bad}), 400, "checksum-algorithm")
        for bad in ("sha1", "sha1 ", "sha1 !!!!", "sha256 " + base64.b64encode(b"short").decode()):
            self.problem(self.town.patch(location, self.token, 0, b"x", **{"Upload-Checksum": bad}), 400, "tus-header")
        good = base64.b64encode(hashlib.sha1(data[:100]).digest()).decode()
        self.assertEqual(self.town.patch(location, self.token, 0, data[:100], **{"Upload-Checksum": f"sha1 {good}"}).status, 204)
        good = base64.b64encode(hashlib.sha256(data[100:]).digest()).decode()
        self.assertEqual(self.town.patch(location, self.token, 100, data[100:], **{"Upload-Checksum": f"sha256 {good}"}).status, 204)
        self.assertEqual(self.town.wait_state(location, self.token)["sha256"], sha256(data))

    def test_concatenation(self):
        random.seed(3)
        parts = [random.randbytes(size) for size in (1, 70_000, 200_000)]
        locations = []
        for part in parts:
            created = self.town.tus("POST", "/api/v1/uploads", self.token, {"Upload-Length": str(len(part)), "Upload-Concat": "partial"})
            locations.append(created.headers["Location"])
        early = self.town.tus("POST", "/api/v1/uploads", self.token, {"Upload-Concat": "final;" + " ".join(locations)})
        self.problem(early, 400, "concatenation")
        for location, part in zip(locations, parts):
            self.assertEqual(self.town.patch(location, self.token, 0, part).status, 204)
        whole = b"".join(parts)
        foreign = self.town.tus("POST", "/api/v1/uploads", self.other, {"Upload-Concat": "final;" + " ".join(locations)})
        self.problem(foreign, 400, "concatenation")
        final = self.town.tus("POST", "/api/v1/uploads", self.token,
                              {"Upload-Concat": "final;" + " ".join(locations), "Upload-Metadata": metadata(sha256=sha256(whole))})
        self.assertEqual(final.status, 201, final.body)
        self.assertEqual(int(final.headers["Upload-Offset"]), len(whole))
        state = self.town.wait_state(final.headers["Location"], self.token)
        self.assertEqual((state["state"], state["sha256"]), ("sealed", sha256(whole)))
        head = self.town.tus("HEAD", final.headers["Location"], self.token)
        self.assertEqual(head.headers["Upload-Concat"], "final;" + " ".join(locations))
        again = self.town.tus("POST", "/api/v1/uploads", self.token, {"Upload-Concat": "final;" + " ".join(locations)})
        self.problem(again, 400, "concatenation")
        self.problem(self.town.patch(final.headers["Location"], self.token, len(whole), b"x"), 413, "upload-too-long")

    def test_termination_never_touches_what_is_sealed(self):
        location = self.town.create(self.token, 10).headers["Location"]
        self.assertEqual(self.town.tus("DELETE", location, self.token).status, 204)
        self.problem(self.town.tus("DELETE", location, self.token), 404, "not-found")
        location = self.town.create(self.token, 3).headers["Location"]
        self.town.patch(location, self.token, 0, b"abc")
        recording = self.town.wait_state(location, self.token)["recording"]
        self.problem(self.town.tus("DELETE", location, self.token), 403, "upload-finished")
        self.assertEqual(self.town.request("GET", f"/api/v1/recordings/{recording}", self.token).status, 200)

    def test_creation_refuses(self):
        def create(headers, token=self.token, body=None):
            return self.town.request("POST", "/api/v1/uploads", token, headers, body)
        tus = {"Tus-Resumable": "1.0.0"}
        self.problem(create({"Upload-Length": "1"}), 412, "tus-version")
        self.problem(create({"Upload-Length": "1", "Tus-Resumable": "0.2.2"}), 412, "tus-version")
        self.assertEqual(create({"Upload-Length": "1"}).headers["Tus-Version"], "1.0.0")
        self.problem(create(tus), 400, "tus-header")
        for bad in ("-1", "+1", "1.0", "0x10", "01", "", " ", "1e3", "99999999999999999999", "abc"):
            self.problem(create({**tus, "Upload-Length": bad}), 400, "tus-header")
        self.problem(create({**tus, "Upload-Defer-Length": "1"}), 400, "tus-header")
        self.problem(create({**tus, "Upload-Length": str(2**41)}), 413, "upload-length-limit")
        self.problem(create({**tus, "Upload-Length": str(2**40)}), 507, "storage-full")
        self.problem(create({**tus, "Upload-Length": "1", "Upload-Concat": "partly"}), 400, "tus-header")
        for bad in ("final;", "final;nonsense", "final;/api/v1/uploads/" + "0" * 32):
            self.problem(create({**tus, "Upload-Concat": bad}), 400, "concatenation")
        self.problem(create({**tus, "Upload-Length": "1", "Content-Type": "text/plain"}, body=b"x"), 415, "tus-content-type")
        self.problem(create({**tus, "Upload-Length": "1", "Content-Type": BODY}, body=b"xyz"), 413, "upload-too-long")
        for bad in ("filename", ):
            self.assertEqual(create({**tus, "Upload-Length": "1", "Upload-Metadata": bad}).status, 201)  # a key without value
        for bad in ("filename !!!", "filename YQ", "a YQ==,a YQ==", ",", "filename YQ==,", "sha256 YQ==", "recorded_at YQ==",
                    "filename /w==", "filename AA==", "x " + base64.b64encode(b"y" * 1025).decode()):
            self.problem(create({**tus, "Upload-Length": "1", "Upload-Metadata": bad}), 400, "tus-metadata")
        self.problem(create({**tus, "Upload-Length": "1", "Upload-Metadata": ",".join(f"k{i} YQ==" for i in range(65))}), 400, "tus-metadata")

    def test_patch_refuses_and_keeps_the_offset(self):
        location = self.town.create(self.token, 10).headers["Location"]
        good = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": BODY}

        def patch(without=None, token=self.token, body=b"ab", **changed):
            headers = {k: v for k, v in {**good, **{k.replace("_", "-"): v for k, v in changed.items()}}.items() if k != without}
            return self.town.request("PATCH", location, token, headers, body)
        self.problem(patch(without="Tus-Resumable"), 412, "tus-version")
        self.problem(patch(without="Content-Type"), 415, "tus-content-type")
        self.problem(patch(Content_Type="application/octet-stream"), 415, "tus-content-type")
        self.problem(patch(without="Upload-Offset"), 400, "tus-header")
        self.problem(patch(Upload_Offset="-1"), 400, "tus-header")
        self.problem(patch(Upload_Offset="1"), 409, "upload-offset")
        self.problem(patch(body=b"x" * 11), 413, "upload-too-long")
        self.problem(patch(token=self.other), 404, "not-found")
        self.problem(patch(token=None), 401, "unauthenticated")
        self.problem(patch(token="lapel_" + "0" * 32 + "_" + "0" * 64), 401, "unauthenticated")
        self.problem(self.town.patch("/api/v1/uploads/" + "0" * 32, self.token, 0, b"x"), 404, "not-found")
        self.problem(self.town.patch("/api/v1/uploads/nonsense", self.token, 0, b"x"), 404, "not-found")
        self.assertEqual(self.town.head_offset(location, self.token), 0)
        # A chunked body that turns out too long: what fitted before the refusal is not lost, and no more than that is kept.
        self.assertEqual(self.town.patch(location, self.token, 0, b"0123456789").status, 204)

    def test_hostile_names_are_text(self):
        for name in ("../../etc/passwd", "/etc/passwd", "a\\b:c*?.mp4", "-rf", "<script>alert(1)</script>", "név\u202egpj.exe",
                     "line\nbreak", "x" * 1024, " "):
            state = self.town.upload(self.token, b"bytes", filename=name)
            self.assertEqual(state["state"], "sealed")
            shown = self.town.request("GET", f"/api/v1/recordings/{state['recording']}", self.token).json()
            self.assertEqual(shown["filename"], name)
        for path in self.town.data.rglob("*"):
            self.assertRegex(path.name, r"\A[a-z0-9._-]+\Z")

    def test_who_may_upload(self):
        self.problem(self.town.create(self.chief, 1), 403, "rule")
        self.assertEqual(self.town.create(self.other, 1).status, 201)
        self.problem(self.town.create(self.town.token("clerk", "list", "show"), 1), 403, "rule")
        self.assertEqual(self.town.create(self.town.token("clerk", "upload"), 1).status, 201)

    def test_a_second_writer_gets_423(self):
        import http.client
        location = self.town.create(self.token, 1_000_000).headers["Location"]
        first = http.client.HTTPConnection("127.0.0.1", self.town.port, timeout=30)
        first.putrequest("PATCH", location)
        for name, value in {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0", "Upload-Offset": "0",
                            "Content-Type": BODY, "Content-Length": "1000000", "Expect": "100-continue"}.items():
            first.putheader(name, value)
        first.endheaders()
        # The interim answer comes only once the writer has the upload.
        self.assertIn(b"100", first.sock.recv(100))
        second = self.town.patch(location, self.token, 0, b"x")
        self.problem(second, 423, "upload-locked")
        self.assertTrue(second.headers["Retry-After"])
        self.problem(self.town.tus("DELETE", location, self.token), 423, "upload-locked")
        first.send(b"y" * 123_456)
        first.close()
        until(lambda: self.town.head_offset(location, self.token), lambda offset: offset == 123_456, why="what arrived before the cut is not kept")


class Recordings(unittest.TestCase):
    def test_life_of_a_recording(self):
        with Town(beat=1) as town:
            clerk = town.add_user("clerk", "records")
            officer = town.add_user("officer", "officer", badge="4711")
            stranger = town.add_user("stranger", "officer", badge="4712")
            detective = town.add_user("detective", "investigator")
            chief = town.token("chief")
            added = run(BIN / "lapel", "agency", "add", "--data", town.data, "--name", "Otherton Police")
            self.assertTrue(added.stdout.startswith("ledger.example/otherton-police+"))
            foreign = town.add_user("foreigner", "investigator", "records", agency="Otherton Police")
            town.start()
            data = random.Random(1).randbytes(300_000)
            values = dict(filename="a.mp4", filetype="video/mp4", recorded_at="2022-12-02T01:12:07.41-05:00", device="AX-0042",
                          wearer="4711", incident="22-1234", category="Traffic stop", color="red")
            first = town.upload(clerk, data, **values)["recording"]
            second = town.upload(clerk, data, device="AX-0042")["recording"]
            path = f"/api/v1/recordings/{first}"

            shown = town.request("GET", path, clerk).json()
            self.assertEqual(shown["recorded_at"], "2022-12-02T06:12:07.41Z")
            self.assertEqual((shown["wearer"], shown["incident"], shown["category"], shown["device"]),
                             ("4711", "22-1234", "Traffic stop", "AX-0042"))
            self.assertEqual(shown["metadata"], {"color": "red"})
            self.assertEqual(shown["same_bytes_as"], [second])
            self.assertEqual(shown["chain_starts_at"], "server")

            # Who may know of it: others get exactly the answer of an unknown id.
            unknown = town.request("GET", "/api/v1/recordings/" + "0" * 32, foreign)
            for token in (foreign, stranger, chief):
                answer = town.request("GET", path, token)
                self.assertEqual(answer.status, 404)
                strip = lambda a: re.sub(rb'"instance":"[^"]*"', b"", a.body)
                self.assertEqual(strip(answer), strip(unknown))
            self.assertEqual(town.request("GET", path, officer).status, 200)
            self.assertEqual([item["id"] for item in town.request("GET", "/api/v1/recordings", officer).json()["items"]], [first])
            self.assertEqual(town.request("GET", "/api/v1/recordings", chief).status, 403)
            self.assertEqual(town.request("GET", "/api/v1/recordings", foreign).json()["items"], [])

            # Newest first, in pages.
            page = town.request("GET", "/api/v1/recordings?limit=1", clerk).json()
            self.assertEqual([item["id"] for item in page["items"]], [second])
            page = town.request("GET", f"/api/v1/recordings?limit=1&cursor={page['next']}", clerk).json()
            self.assertEqual([item["id"] for item in page["items"]], [first])
            self.assertIsNone(page["next"])
            for query, found in {"officer=4711": [first], "device=AX-0042": [second, first], "category=Traffic%20stop": [first],
                                 "incident=22-1234": [first], "q=A.MP": [first], "from=2023-01-01T00:00:00Z": [second],
                                 "to=2023-01-01T00:00:00Z": [first], "device=none": []}.items():
                items = town.request("GET", f"/api/v1/recordings?{query}", clerk).json()["items"]
                self.assertEqual([item["id"] for item in items], found, query)
            for bad in ("limit=0", "limit=201", "limit=x", "cursor=1.2", "cursor=x", "from=yesterday"):
                self.assertEqual(town.request("GET", f"/api/v1/recordings?{bad}", clerk).status, 400, bad)

            # Views: on record before bytes; for their own person; with a purpose that is the role's work.
            def view(token, recording=first, **body):
                import json
                return town.request("POST", f"/api/v1/recordings/{recording}/views", token, body=json.dumps(body))
            for body in ({}, {"purpose": "fun"}, {"purpose": 1}, {"purpose": "review", "case": 7}, {"purpose": "review", "inside_home": "yes"}):
                self.assertEqual(view(clerk, **body).status, 400, body)
            self.assertEqual(view(clerk, purpose="investigation").status, 403)
            self.assertEqual(view(officer, purpose="review").status, 403)
            self.assertEqual(view(stranger, purpose="own_recording").status, 404)
            self.assertEqual(view(foreign, purpose="review").status, 404)
            own = view(officer, purpose="own_recording")
            self.assertEqual(own.status, 201)
            original = own.json()["original"]
            self.assertEqual(town.request("GET", original, officer).body, data)
            self.assertEqual(town.request("GET", original, clerk).status, 404)
            self.assertEqual(town.request("GET", original).status, 401)
            head = town.request("HEAD", original, officer)
            self.assertEqual((head.status, head.headers["Content-Length"], head.body), (200, "300000", b""))
            etag = head.headers["ETag"]
            self.assertEqual(etag, f'"{sha256(data)}"')
            for given, status, expected in [("bytes=0-0", 206, data[:1]), ("bytes=-5", 206, data[-5:]), ("bytes=299999-", 206, data[-1:]),
                                            ("bytes=5-4", 200, data), ("bytes=300000-", 416, None), ("lines=1-2", 200, data)]:
                answer = town.request("GET", original, officer, {"Range": given})
                self.assertEqual(answer.status, status, given)
                if expected is not None:
                    self.assertEqual(answer.body, expected, given)
            several = town.request("GET", original, officer, {"Range": "bytes=0-1,100-102"})
            self.assertEqual(several.status, 206)
            self.assertIn("multipart/byteranges", several.headers["Content-Type"])
            self.assertIn(data[100:103], several.body)
            self.assertEqual(town.request("GET", original, officer, {"Range": "bytes=0-0", "If-Range": '"other"'}).status, 200)
            self.assertEqual(town.request("GET", original, officer, {"Range": "bytes=0-0", "If-Range": etag}).status, 206)

            # Inside a home: an unrelated investigation needs a warrant reference.
            self.assertEqual(view(detective, purpose="investigation", case="22-1234", inside_home=True).status, 201)
            refused = view(detective, purpose="investigation", case="23-1")
            self.assertEqual((refused.status, refused.json()["type"]), (403, "/problems/rule"))
            self.assertEqual(view(detective, purpose="investigation", case="23-1", warrant="SW-9").status, 201)

            # Custody: every act, in order, each with a receipt that holds.
            items = town.request("GET", path + "/custody", clerk).json()["items"]
            # The media worker's own acts come in between when it gets to them.
            acts = [item for item in items if item["type"] != "recording.derived"]
            self.assertEqual([item["type"] for item in acts],
                             ["recording.admitted", "recording.refused", "recording.refused", "recording.viewed", "recording.changed", "recording.viewed",
                              "recording.refused", "recording.viewed"])
            self.assertEqual([item["n"] for item in items], list(range(len(items))))
            self.assertEqual(acts[-1]["event"]["warrant"], "SW-9")
            last = acts[-1]["n"]
            for item in items:
                receipt = town.receipt(first, clerk, f"?n={item['n']}")
                self.assertIn(f"index {item['index']}\n".encode(), receipt)
            self.assertEqual(town.verify(town.receipt(first, clerk), data)[0], 0)
            self.assertEqual(town.verify(town.receipt(first, clerk, f"?n={last}"), data)[0], 6)
            self.assertEqual(town.request("GET", path + "/receipt?n=999", clerk).status, 404)

            # Published at the next beat; never before.
            def under_the_published():
                answer = town.request("GET", path + f"/receipt?n={last}&under=published", clerk)
                if answer.status != 200:
                    self.assertEqual((answer.status, answer.json()["type"]), (409, "/problems/not-sealed"))
                return answer
            checkpoint = until(under_the_published, lambda answer: answer.status == 200).body.split(b"\n\n")[1]
            size = int(checkpoint.split(b"\n")[1])
            self.assertEqual(size % 16, 0)
            # Another beat may have come since.
            self.assertGreaterEqual(int(town.request("GET", "/ledger/checkpoint").body.split(b"\n")[1]), size)
            self.assertEqual(town.request("GET", "/ledger/key").body.decode().strip(), town.vkey)
            self.assertEqual(town.request("GET", "/ledger/otherton-police/key").body.decode(), added.stdout)
            for wrong in ("checkpoint/", "tile/0/000.p/255", "tile/0/001", "tile/00/000", "nowhere/checkpoint", "", "tile/1/000.p/1"):
                self.assertEqual(town.request("GET", f"/ledger/{wrong}").status, 404, wrong)
            width = f".p/{size}" if size < 256 else ""
            self.assertEqual(len(town.request("GET", f"/ledger/ashfield-police-department/tile/0/000{width}").body), 32 * min(size, 256))
            self.assertEqual(town.stop(), 0)
            self.assertEqual(town.check_ledger(), (0, []))


class Refusals(unittest.TestCase):
    """Start-up says no in a sentence, and nothing is overwritten."""

    def test_start_up(self):
        with Town() as town:
            lapel = BIN / "lapel"
            again = run(lapel, "init", "--data", town.data, "--agency", "X", "--admin", "a", "--password-file", town.password_file, check=False)
            self.assertEqual(again.returncode, 5, again.stderr)
            self.assertIn("never overwrites", again.stderr)
            partial = town.home / "partial"
            partial.mkdir()
            (partial / "stray").write_text("x")
            done = run(lapel, "init", "--data", partial, "--agency", "X", "--admin", "a", "--password-file", town.password_file, check=False)
            self.assertEqual(done.returncode, 5)
            self.assertEqual([p.name for p in partial.iterdir()], ["stray"])
            self.assertEqual(run(lapel, "serve", "--data", partial, check=False).returncode, 3)
            town.start()
            second = run(lapel, "serve", "--data", town.data, "--listen", "127.0.0.1:0", check=False)
            self.assertEqual(second.returncode, 5)
            self.assertIn("Another server", second.stderr)
            town.kill()
            (town.data / "lapel.format").write_text("lapel-data/2\n")
            other = run(lapel, "serve", "--data", town.data, check=False)
            self.assertEqual(other.returncode, 2)
            self.assertIn("another version", other.stderr)
            self.assertEqual(run(lapel, "serve", check=False).returncode, 2)
            self.assertEqual(run(lapel, "nonsense", check=False).returncode, 2)
            self.assertEqual(run(lapel, "--help").returncode, 0)

    def test_people_and_tokens(self):
        with Town() as town:
            lapel = BIN / "lapel"

            def add(login, role="records", **more):
                return run(lapel, "user", "add", "--data", town.data, "--agency", more.get("agency", town.agency), "--login", login,
                           "--role", role, "--password-file", more.get("password", town.password_file), check=False)
            self.assertEqual(add("a").returncode, 0)
            self.assertEqual(add("a").returncode, 5)
            self.assertEqual(add("b", role="king").returncode, 2)
            self.assertEqual(add("b c").returncode, 2)
            self.assertEqual(add("b", agency="Nowhere").returncode, 3)
            short = town.home / "short"
            short.write_text("1234567\n")
            self.assertEqual(add("b", password=short).returncode, 2)
            self.assertEqual(add("b", password=town.home / "absent").returncode, 3)
            self.assertEqual(run(lapel, "token", "create", "--data", town.data, "--user", "nobody", check=False).returncode, 3)
            self.assertEqual(run(lapel, "token", "create", "--data", town.data, "--user", "a", "--scope", "all", check=False).returncode, 2)


if __name__ == "__main__":
    unittest.main()
