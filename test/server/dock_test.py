# SPDX-License-Identifier: Apache-2.0
"""Docks: the real lapel-dock against the real server, and against one that lies.

Between the two stands a relay with an address of its own, so that the server may be killed and come back on another port,
connections may be cut in the middle, and single answers may be replaced by false ones.
"""
import concurrent.futures
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
import unittest

from harness import BIN, ROOT, Town, run, sha256

HOSTILE = [b"plain.mp4", b"two words.mp4", b"-rf", b"new\nline.mp4", b"\x1b[31mred\x1b[0m.mp4", "umläut ✓.mp4".encode(),
           b"not utf-8 \xff\xfe.mp4", b"quote\"and'back\\slash", b"%41%00", b"..hidden", b"a" * 255, b",comma;=", b"deep/er/and er/x.mp4"]


class Relay:
    """Passes requests on to a town's server, whatever port that has now, and lets a test speak in between."""

    def __init__(self, town):
        self.town = town
        self.lies = {}          # (method, start of path, end of path) -> function(answer) -> (status, headers, body)
        self.cut_after = None   # of the next upload's body: bytes after which both connections end
        self.seen = []          # (method, path)
        self.creations = []     # the head of each upload that was begun
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *unused):
                pass

            def pass_on(self):
                relay.seen.append((self.command, self.path))
                if (self.command, self.path) == ("POST", "/api/v1/uploads"):
                    relay.creations.append(dict(self.headers))
                length = int(self.headers.get("Content-Length", 0))
                upstream = http.client.HTTPConnection("127.0.0.1", relay.town.port, timeout=30)
                try:
                    upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in self.headers.items():
                        if name.lower() not in ("expect", "connection"):
                            upstream.putheader(name, value)
                    upstream.endheaders()
                    left = length
                    while left:
                        piece = self.rfile.read1(min(left, 65536))
                        if not piece:
                            raise ConnectionError("the dock went away")
                        if self.command == "PATCH" and relay.cut_after is not None:
                            piece = piece[:relay.cut_after]
                            relay.cut_after -= len(piece)
                        upstream.send(piece)
                        left -= len(piece)
                        if relay.cut_after == 0:
                            relay.cut_after = None
                            raise ConnectionError("cut")
                    answer = upstream.getresponse()
                    body = answer.read()
                    reply = (answer.status, dict(answer.getheaders()), body)
                except (OSError, http.client.HTTPException):
                    self.close_connection = True
                    self.connection.close()
                    return
                finally:
                    upstream.close()
                for (method, start, end), lie in list(relay.lies.items()):
                    if self.command == method and self.path.startswith(start) and self.path.endswith(end):
                        reply = lie(*reply)
                status, headers, body = reply
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_POST = do_PATCH = do_HEAD = do_DELETE = pass_on

        class QuietServer(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *unused):
                pass

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def count(self, method, start, end=""):
        return sum(1 for m, p in self.seen if m == method and p.startswith(start) and p.endswith(end))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class DockCase(unittest.TestCase):
    def setUp(self):
        self.town = Town()
        self.addCleanup(self.town.__exit__)
        self.clerk = self.town.add_user("clerk", "records")
        self.town.start()
        self.relay = Relay(self.town)
        self.addCleanup(self.relay.close)
        self.home = self.town.home
        self.camera = self.home / "camera"
        self.camera.mkdir()

    # ---- enrollment ----

    def code(self, name, town=None):
        town = town or self.town
        done = run(BIN / "lapel", "dock", "enroll", "--data", town.data, "--agency", town.agency, "--name", name, "--json")
        return json.loads(done.stdout)["code"]

    def enroll(self, code, state, url=None, *extra):
        return run(BIN / "lapel-dock", "enroll", "--server", url or self.relay.url, "--code", code, "--state", state, *extra, check=False)

    def dock(self, name="east door"):
        state = self.home / f"state {name}"
        done = self.enroll(self.code(name), state)
        self.assertEqual(done.returncode, 0, done.stderr)
        return state

    def revoke(self, name):
        run(BIN / "lapel", "dock", "revoke", "--data", self.town.data, "--agency", self.town.agency, "--name", name)

    # ---- running ----

    def arguments(self, state, *extra, camera=None):
        return [str(a) for a in (BIN / "lapel-dock", "run", "--state", state, "--camera", camera or self.camera, "--once", "--json", *extra)]

    def offload(self, state, *extra, camera=None):
        done = subprocess.run(self.arguments(state, *extra, camera=camera), capture_output=True, text=True)
        done.events = [json.loads(line) for line in done.stdout.splitlines()]
        return done

    def complete(self, state, *extra):
        done = self.offload(state, *extra)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def fill(self, files, camera=None):
        for name, data in files.items():
            path = pathlib.Path(os.fsdecode(os.path.join(os.fsencode(camera or self.camera), os.fsencode(name))))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def on_camera(self):
        root = os.fsencode(self.camera)
        return {os.path.relpath(os.path.join(top, name), root) for top, _, names in os.walk(root) for name in names}

    def recordings(self):
        items, cursor = [], ""
        while True:
            page = self.town.request("GET", f"/api/v1/recordings?limit=200&cursor={cursor}", self.clerk).json()
            items += page["items"]
            cursor = page["next"]
            if not cursor:
                return items

    def receipts(self, state):
        return sorted((state / "receipts").glob("*.tlog-proof"))

    def problems(self):
        self.assertEqual(self.town.stop(), 0)
        self.assertEqual(self.town.check_ledger(), (0, []))


class Enrollment(DockCase):
    def test_a_code_serves_one_dock_once(self):
        code = self.code("east door")
        first = self.enroll(code, self.home / "a")
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertEqual(first.stdout.strip(), self.town.vkey)
        again = self.enroll(code, self.home / "b")
        self.assertEqual(again.returncode, 4, again.stderr)
        self.assertIn("unknown, used or older", again.stderr)
        self.assertFalse((self.home / "b" / "dock.json").exists())
        self.assertEqual(self.offload(self.home / "b").returncode, 3)
        same = self.enroll(self.code("west door"), self.home / "a")
        self.assertEqual(same.returncode, 5, same.stderr)
        taken = run(BIN / "lapel", "dock", "enroll", "--data", self.town.data, "--agency", self.town.agency, "--name", "east door", check=False)
        self.assertEqual(taken.returncode, 5, taken.stderr)
        listed = run(BIN / "lapel", "dock", "list", "--data", self.town.data, "--agency", self.town.agency, "--json")
        self.assertEqual([item["name"] for item in json.loads(listed.stdout)["items"]], ["east door"])
        self.problems()

    def test_secrets_are_the_docks_alone(self):
        state = self.dock()
        for name in ("signing_key", "agency_key.tlog-proof", "dock.json"):
            self.assertEqual(stat.S_IMODE((state / name).stat().st_mode), 0o600, name)
        self.assertFalse((state / "spool_key").exists())  # no key of copies is on the dock
        (state / "signing_key").chmod(0o640)
        done = self.offload(state)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("can be read by others", done.stderr)

    def test_codes_that_are_none(self):
        good = self.code("east door")
        other = Town(agency="Elsewhere")
        self.addCleanup(other.__exit__)
        for number, (code, exit_code) in enumerate([
                ("", 2), ("aaaaa", 2), (good[:-1], 2), (good[:-1] + ("a" if good[-1] != "a" else "b"), 2),
                (self.code("east door", other), 4)]):
            state = self.home / f"none{number}"
            done = self.enroll(code, state)
            self.assertEqual(done.returncode, exit_code, (code, done.stderr))
            self.assertFalse((state / "dock.json").exists())
        # None of it used the good one up; and people write codes as they like.
        self.assertEqual(self.enroll(good.upper().replace("-", " "), self.home / "good").returncode, 0)

    def test_an_expired_code(self):
        code = self.code("east door")
        catalog = sqlite3.connect(self.town.data / "catalog.db")
        with catalog:
            moved = catalog.execute("UPDATE dock_codes SET expires_us = expires_us - 15 * 60 * 1000000").rowcount
        catalog.close()
        self.assertEqual(moved, 1)
        self.assertEqual(self.enroll(code, self.home / "late").returncode, 4)

    def test_a_server_with_another_ledger_key_is_refused(self):
        other = Town(agency="Elsewhere")
        self.addCleanup(other.__exit__)

        def with_other_key(status, headers, body):
            return status, headers, json.dumps({**json.loads(body), "vkey": other.vkey, "origin": other.vkey.split("+")[0]}).encode()

        self.relay.lies[("POST", "/api/v1/docks/enroll", "")] = with_other_key
        code = self.code("east door")
        done = self.enroll(code, self.home / "a")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("another ledger key", done.stderr)
        self.assertFalse((self.home / "a" / "dock.json").exists())
        self.assertEqual(self.offload(self.home / "a").returncode, 3)
        # The same directory and the true server: the answer that was lost is given again.
        self.relay.lies.clear()
        self.assertEqual(self.enroll(code, self.home / "a").returncode, 0)
        self.assertEqual(self.offload(self.home / "a").returncode, 0)

    def test_answers_that_are_none(self):
        code = self.code("east door")
        for answer in [(200, {}, b""), (200, {}, b"{}"), (200, {}, b"<html>"), (200, {}, b"x" * 2_000_000), (500, {}, b""), (302, {"Location": "/"}, b"")]:
            self.relay.lies[("POST", "/api/v1/docks/enroll", "")] = lambda *unused, answer=answer: answer
            done = self.enroll(code, self.home / "a")
            self.assertIn(done.returncode, (2, 7), (answer, done.stderr))
            self.assertFalse((self.home / "a" / "dock.json").exists())

    def test_plain_http_is_for_this_machine(self):
        code = self.code("east door")
        for url in ("http://lapel.example", "http://127.example", "ftp://127.0.0.1", "http://127.0.0.1/path", "http://u:p@127.0.0.1", "nonsense://", ""):
            self.assertEqual(self.enroll(code, self.home / "a", url or " ").returncode, 2, url)
        self.assertFalse((self.home / "a").exists())

    def test_nobody_there(self):
        self.town.kill()
        self.assertEqual(self.enroll("x", self.home / "a").returncode, 2)
        self.town.start()
        code = self.code("east door")
        self.town.kill()
        self.assertEqual(self.enroll(code, self.home / "a").returncode, 7)
        self.town.start()
        self.assertEqual(self.enroll(code, self.home / "a").returncode, 0)


class Tokens(DockCase):
    def post(self, path, token=None, **body):
        return self.town.request("POST", path, token, {"Content-Type": "application/json"}, json.dumps(body))

    def test_bodies_that_are_none(self):
        for path in ("enroll", "nonce", "token"):
            for body in (b"", b"{}", b"[]", b"null", b"{", b'{"dock": 1}', b'{"dock": "zz"}', b"\xff", b"[" * 5000, b'{"code": "' + b"a" * 20_000 + b'"}'):
                answer = self.town.request("POST", f"/api/v1/docks/{path}", None, {"Content-Type": "application/json"}, body)
                self.assertIn(answer.status, (400, 413), (path, body[:20], answer.body))
                self.assertTrue(answer.json()["detail"])

    def test_strangers_and_false_signatures(self):
        state = self.dock()
        dock = json.loads((state / "dock.json").read_text())["dock"]
        self.assertEqual(self.post("/api/v1/docks/nonce", dock="00" * 16).status, 401)
        nonce = self.post("/api/v1/docks/nonce", dock=dock).json()["nonce"]
        for wrong in ("00" * 64, "ff" * 64):
            answer = self.post("/api/v1/docks/token", dock=dock, nonce=nonce, signature=wrong)
            self.assertEqual((answer.status, answer.json()["type"]), (401, "/problems/unauthenticated"))
        self.assertEqual(self.post("/api/v1/docks/token", dock="00" * 16, nonce=nonce, signature="00" * 64).status, 401)
        for token in ("lapeldock_", "lapeldock_" + "00" * 72, "lapeldock_" + nonce, "lapeldock_" + "zz" * 72):
            self.assertEqual(self.post("/api/v1/devices", token, serial="X1").status, 401, token)

    def test_a_nonce_serves_once_and_a_token_until_revoked(self):
        state = self.dock()
        taken = {}

        def keep(name):
            def lie(status, headers, body):
                taken[name] = json.loads(body)
                return status, headers, body
            return lie

        self.relay.lies[("POST", "/api/v1/docks/token", "")] = keep("token")
        self.relay.lies[("POST", "/api/v1/docks/nonce", "")] = keep("nonce")
        self.fill({"a.mp4": b"a"})
        self.complete(state, "--device", "X81234")
        token = taken["token"]["token"]
        device = self.post("/api/v1/devices", token, serial="X81234")
        self.assertEqual((device.status, device.json()["serial"]), (200, "X81234"))
        self.assertEqual(self.post("/api/v1/devices", token, serial="X81234").json(), device.json())
        for serial in ("", "a\nb", "x" * 1025, 7, None):
            self.assertEqual(self.post("/api/v1/devices", token, serial=serial).status, 400, serial)
        # A dock appends; it reads nothing.
        self.assertEqual(self.town.request("GET", "/api/v1/recordings", token).status, 404)
        other = self.town.upload(self.clerk, b"not the dock's")["recording"]
        for path in ("", "/receipt", "/custody"):
            self.assertEqual(self.town.request("GET", f"/api/v1/recordings/{other}{path}", token).status, 404, path)
        # Without the signature of the dock there is no upload.
        self.assertEqual(self.town.create(token, 5, filename="x").json()["type"], "/problems/dock-statement")
        self.revoke("east door")
        answer = self.post("/api/v1/devices", token, serial="X81234")
        self.assertEqual(answer.status, 401)
        self.assertIn("revoked", answer.json()["detail"])
        self.fill({"b.mp4": b"b"})
        done = self.offload(state)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("revoked", done.stderr)
        self.problems()


class Offloading(DockCase):
    def test_everything_arrives_once_under_its_own_name(self):
        state = self.dock()
        random.seed(5)
        files = {name: random.randbytes(random.choice([100, 70_000, 1_048_576, 1_048_577])) for name in HOSTILE}
        files[b"empty"] = b""
        sample = sorted(p for p in (ROOT / "test/data/video").rglob("*.mp4"))[0]
        files[b"DCIM/sample.mp4"] = sample.read_bytes()
        self.fill(files)
        (self.camera / "lapel-camera.json").write_text('{"serial": "X81234"}')
        (self.camera / "link.mp4").symlink_to("/etc/passwd")
        (self.camera / "linked").symlink_to(self.town.data)
        os.mkfifo(self.camera / "pipe")
        done = self.offload(state)
        self.assertEqual(done.returncode, 0, done.stderr)
        items = self.recordings()
        self.assertEqual(sorted(i["sha256"] for i in items), sorted(sha256(d) for d in files.values()))
        by_digest = {sha256(data): name for name, data in files.items()}
        for item in items:
            name = by_digest[item["sha256"]]
            self.assertEqual((item["device"], item["chain_starts_at"]), ("X81234", "dock"))
            try:
                self.assertEqual(item["filename"], name.decode().rsplit("/", 1)[-1])
            except UnicodeDecodeError:
                self.assertEqual(item["filename"], "not%20utf-8%20%FF%FE.mp4")
        self.assertEqual(len(self.receipts(state)), len(files))
        for receipt in self.receipts(state):
            record = json.loads(receipt.with_suffix(".json").read_text())
            data = next(d for d in files.values() if sha256(d) == record["sha256"])
            self.assertEqual(self.town.verify(receipt.read_bytes(), data)[0], 0)
            self.assertEqual(self.town.verify(receipt.read_bytes(), data + b"x")[0], 6)
        self.assertEqual(list((state / "spool").iterdir()), [])
        self.assertEqual(self.on_camera(), {*files, b"lapel-camera.json", b"link.mp4", b"pipe"})
        # Again: nothing is copied, nothing is sent.
        self.relay.seen.clear()
        again = self.offload(state)
        self.assertEqual((again.returncode, self.relay.seen), (0, []), again.stderr)
        self.assertNotIn("\x1b", done.stderr)
        # A file that changed is another file, whatever it is called.
        self.fill({b"plain.mp4": b"new words"})
        self.complete(state)
        self.assertEqual(len(self.recordings()), len(files) + 1)
        self.problems()

    def test_the_spool_cannot_be_read_without_its_key(self):
        state = self.dock()
        self.town.kill()
        words = b"what was said in the kitchen " * 5000
        self.fill({"a.mp4": words})
        done = self.offload(state)
        self.assertEqual(done.returncode, 7, done.stderr)
        copies = list((state / "spool").glob("*.chunks"))
        self.assertEqual(len(copies), 1)
        self.assertNotIn(b"kitchen", copies[0].read_bytes())
        self.assertEqual(self.on_camera(), {b"a.mp4"})
        # Damage is met, not sent.
        good = copies[0].read_bytes()
        copies[0].write_bytes(good[:70_000] + bytes([good[70_000] ^ 1]) + good[70_001:])
        self.town.start()
        done = self.offload(state, "--erase")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertEqual((self.on_camera(), self.recordings()), ({b"a.mp4"}, []))
        copies[0].write_bytes(good)
        self.complete(state, "--erase")
        self.assertEqual(self.on_camera(), set())
        self.assertEqual([r["sha256"] for r in self.recordings()], [sha256(words)])

    def test_a_spool_that_is_full(self):
        state = self.dock()
        self.fill({f"{i}.mp4": random.randbytes(100_000) for i in range(8)})
        # Room for two at once: the others wait until receipts free it.
        done = self.offload(state, "--spool-max", 250_000)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.recordings()), 8)
        # One that can never fit is said, and does not keep the others.
        self.fill({"large.mp4": random.randbytes(300_000), "small.mp4": random.randbytes(1000)})
        done = self.offload(state, "--spool-max", 250_000, "--erase")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("no room", done.stderr)
        self.assertIn(b"large.mp4", self.on_camera())
        self.assertEqual(len(self.recordings()), 9)

    def test_connections_cut_in_the_middle_resume(self):
        state = self.dock()
        data = random.randbytes(6_000_000)
        self.fill({"a.mp4": data})
        for cut in (1, 65_536, 2_500_000):
            self.relay.cut_after = cut
            (self.camera / "a.mp4").write_bytes(data := random.randbytes(6_000_000))
            self.relay.seen.clear()
            done = self.offload(state)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertGreaterEqual(self.relay.count("HEAD", "/api/v1/uploads/"), 1)
            self.assertEqual(self.relay.count("POST", "/api/v1/uploads"), 1)
            self.assertIn(sha256(data), [r["sha256"] for r in self.recordings()])
        self.problems()

    def test_killed_at_many_points(self):
        """kill -9 of the dock, and now and then of the server, wherever it is; then everything is there exactly once."""
        seed = random.SystemRandom().randrange(2**32)
        print(f"seed {seed}")
        chance = random.Random(seed)
        state = self.dock()
        files = {f"DCIM/{i:02}.mp4": chance.randbytes(chance.choice([10, 300_000, 1_048_576, 3_000_000])) for i in range(12)}
        self.fill(files)
        (self.camera / "lapel-camera.json").write_text('{"serial": "X81234"}')
        for point in range(15):
            dock = subprocess.Popen(self.arguments(state, "--erase"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                # The first second is the two looks; what matters comes after it.
                dock.wait(timeout=chance.choice([0.05, 1.02]) + chance.random() * 0.5)
            except subprocess.TimeoutExpired:
                pass
            if point % 4 == 3:
                self.town.kill()
            dock.kill()
            dock.wait()
            if point % 4 == 3:
                self.town.start()
        done = self.offload(state, "--erase")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.on_camera(), {b"lapel-camera.json"})
        self.assertEqual(sorted(r["sha256"] for r in self.recordings()), sorted(sha256(d) for d in files.values()))
        records = [json.loads(p.read_text()) for p in (state / "receipts").glob("*.json")]
        self.assertEqual(sorted(r["sha256"] for r in records), sorted(sha256(d) for d in files.values()))
        for receipt in self.receipts(state):
            record = json.loads(receipt.with_suffix(".json").read_text())
            data = next(d for d in files.values() if sha256(d) == record["sha256"])
            self.assertEqual(self.town.verify(receipt.read_bytes(), data)[0], 0)
        self.assertEqual(list((state / "spool").iterdir()), [])
        self.problems()

    def test_an_upload_that_expired_is_made_anew_under_the_same_file_id(self):
        state = self.dock()
        data = random.randbytes(500_000)
        self.fill({"a.mp4": data})
        self.relay.cut_after = 100_000
        self.relay.lies[("HEAD", "/api/v1/uploads/", "")] = lambda *unused: (404, {}, b"")
        done = self.offload(state)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreaterEqual(self.relay.count("POST", "/api/v1/uploads"), 2)
        self.assertEqual([r["sha256"] for r in self.recordings()], [sha256(data)])

    def test_answer_lost_after_sealing_is_no_second_recording(self):
        state = self.dock()
        data = b"the one and only"
        self.fill({"a.mp4": data})
        self.relay.lies[("GET", "/api/v1/recordings/", "/receipt")] = lambda *unused: (503, {}, b"")
        self.assertEqual(self.offload(state, "--erase").returncode, 7)
        self.assertEqual(self.on_camera(), {b"a.mp4"})
        # The dock forgets its upload: it sends the file again, with the same id.
        sidecar, = (state / "spool").glob("*.json")
        record = json.loads(sidecar.read_text())
        del record["upload"]
        sidecar.write_text(json.dumps(record))
        self.relay.lies.clear()
        self.complete(state, "--erase")
        self.assertEqual(self.on_camera(), set())
        self.assertEqual(len(self.recordings()), 1)

    def test_a_file_that_is_sent_more_than_once_is_stored_once(self):
        state = self.dock()
        data = random.randbytes(300_000)
        self.fill({"a.mp4": data})
        self.relay.lies[("POST", "/api/v1/uploads", "")] = lambda *unused: (503, {}, b"")
        self.assertEqual(self.offload(state).returncode, 7)
        head = self.relay.creations[0]
        token = head["Authorization"].removeprefix("Bearer ")
        same = {name: head[name] for name in ("Upload-Length", "Upload-Metadata")}

        def send():
            location = self.town.tus("POST", "/api/v1/uploads", token, same).headers["Location"]
            self.assertEqual(self.town.patch(location, token, 0, data).status, 204)
            return self.town.wait_state(location, token)

        def stored():
            return [path.name for path in (self.town.data / "objects").rglob("*") if path.is_file()]
        with concurrent.futures.ThreadPoolExecutor(4) as several:
            at_once = [sent.result() for sent in [several.submit(send) for _ in range(4)]]
        recording, = {sent["recording"] for sent in [*at_once, send()]}
        self.assertEqual(stored(), [recording])
        # Nor is what is refused: the dock has given the id to another file, as far as the catalog knows.
        catalog = self.town.data / "catalog.db"
        with contextlib.closing(sqlite3.connect(catalog, isolation_level=None, timeout=30)) as db:
            db.execute("UPDATE recordings SET bytes = bytes + 1")
            self.assertEqual(send()["state"], "refused")
            db.execute("UPDATE recordings SET bytes = bytes - 1")
        self.assertEqual(stored(), [recording])

    def test_two_cameras_with_like_files(self):
        state = self.dock()
        other = self.home / "other camera"
        for camera, serial, data in ((self.camera, "X1", b"one!"), (other, "X2", b"two!")):
            self.fill({"VID_0001.mp4": data}, camera)
            (camera / "lapel-camera.json").write_text(json.dumps({"serial": serial}))
            os.utime(camera / "VID_0001.mp4", (1_700_000_000, 1_700_000_000))
            self.assertEqual(self.offload(state, "--erase", camera=camera).returncode, 0)
        third = self.home / "third camera"  # the same serial, name, size and time: only the bytes differ
        self.fill({"VID_0001.mp4": b"new!"}, third)
        (third / "lapel-camera.json").write_text('{"serial": "X1"}')
        os.utime(third / "VID_0001.mp4", (1_700_000_000, 1_700_000_000))
        self.assertEqual(self.offload(state, camera=third).returncode, 0)
        self.assertEqual(sorted((r["device"], r["sha256"]) for r in self.recordings()),
                         sorted([("X1", sha256(b"one!")), ("X2", sha256(b"two!")), ("X1", sha256(b"new!"))]))

    def test_a_camera_file_that_says_nothing_holds_nothing_up(self):
        state = self.dock()
        self.fill({"a.mp4": b"a"})
        for text in ("", "{", '{"serial": 7}', '{"serial": ""}', '{"serial": "a\\u0000b"}', "x" * 100_000):
            (self.camera / "lapel-camera.json").write_text(text)
            done = self.offload(state, "--device", "X9")
            self.assertEqual(done.returncode, 0, (text, done.stderr))
        self.assertEqual([r["device"] for r in self.recordings()], ["X9"])

    def test_limits_of_depth(self):
        state = self.dock()
        deep = self.camera.joinpath(*["d"] * 40)
        deep.mkdir(parents=True)
        (deep / "a.mp4").write_bytes(b"a")
        self.fill({"b.mp4": b"b"})
        done = self.offload(state)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue(any(e["event"] == "left_out" and "deeper" in e["reason"] for e in done.events))
        self.assertEqual([r["sha256"] for r in self.recordings()], [sha256(b"b")])

    def test_watching_goes_on_without_camera_and_server(self):
        state = self.dock()
        self.town.kill()
        shutil.rmtree(self.camera)
        dock = subprocess.Popen([str(a) for a in (BIN / "lapel-dock", "run", "--state", state, "--camera", self.camera, "--json")],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(lambda: (dock.kill(), dock.wait(), dock.stdout.close()))
        self.camera.mkdir()
        self.fill({"a.mp4": b"a" * 1000})
        seen = set()
        while "retry" not in seen:
            seen.add(json.loads(dock.stdout.readline())["event"])
        self.assertIn("copied", seen)
        beside = self.offload(state)
        self.assertEqual(beside.returncode, 5, beside.stderr)  # one dock a state
        self.town.start()
        while "receipted" not in seen:
            seen.add(json.loads(dock.stdout.readline())["event"])
        dock.send_signal(signal.SIGTERM)
        self.assertEqual(dock.wait(timeout=30), 0)
        self.assertEqual(self.on_camera(), {b"a.mp4"})


class Erasing(DockCase):
    """A camera loses a file only for a receipt that is true."""

    DATA = b"the only copy there is " * 1000

    def sealed(self, false_receipt):
        """The dock meets a server that gives this receipt; nothing may go. Then the truth, and it goes."""
        state = self.dock()
        receipt = false_receipt(state)
        self.fill({"a.mp4": self.DATA})
        self.relay.lies[("GET", "/api/v1/recordings/", "/receipt")] = lambda *unused: (200, {}, receipt)
        done = self.offload(state, "--erase")
        self.assertIn(done.returncode, (6, 7), done.stderr)
        self.assertEqual(self.on_camera(), {b"a.mp4"})
        self.assertEqual(self.receipts(state), [])
        self.assertFalse([e for e in done.events if e["event"] in ("erased", "receipted")])
        code = done.returncode
        self.relay.lies.clear()
        self.complete(state, "--erase")
        self.assertEqual(self.on_camera(), set())
        return code

    def test_a_receipt_that_the_server_no_longer_gives(self):
        """A server restored from an old backup has lost what it gave receipts for; the camera may hold the only copy."""
        state = self.dock()
        self.fill({"a.mp4": self.DATA})
        self.complete(state)
        self.relay.lies[("GET", "/api/v1/recordings/", "/receipt")] = lambda *unused: (404, {}, b'{"detail": "No such recording"}')
        done = self.offload(state, "--erase")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertEqual(self.on_camera(), {b"a.mp4"})
        # One that cannot be reached says nothing either way: the receipt is proof enough.
        self.relay.lies[("GET", "/api/v1/recordings/", "/receipt")] = lambda *unused: (503, {}, b"")
        self.complete(state, "--erase")
        self.assertEqual(self.on_camera(), set())

    def test_a_receipt_by_another_key(self):
        with Town() as other:  # even of the same name
            token = other.add_user("clerk", "records")
            other.start()
            receipt = other.receipt(other.upload(token, self.DATA)["recording"], token)
        self.assertEqual(self.sealed(lambda state: receipt), 6)

    def test_a_receipt_of_another_file(self):
        def older(state):
            before = self.home / "camera of yesterday"
            self.fill({"a.mp4": b"an older file"}, before)
            self.assertEqual(self.offload(state, camera=before).returncode, 0)
            path, = self.receipts(state)
            receipt = path.read_bytes()
            for record in (path, path.with_suffix(".json")):
                record.unlink()
            return receipt
        self.assertEqual(self.sealed(older), 6)

    def test_a_receipt_without_the_docks_statement(self):
        receipt = self.town.receipt(self.town.upload(self.clerk, self.DATA)["recording"], self.clerk)
        self.assertEqual(self.sealed(lambda state: receipt), 6)

    def test_a_receipt_with_another_docks_statement(self):
        other = self.dock("west door")
        self.fill({"a.mp4": self.DATA})
        self.complete(other)
        receipt = self.receipts(other)[0].read_bytes()
        self.assertEqual(self.sealed(lambda state: receipt), 6)

    def test_garbage(self):
        answers = [(200, {}, b"OK"), (200, {}, b""), (200, {}, b"\xff" * 100_000), (404, {}, b""), (200, {}, b"x" * 3_000_000)]
        state = self.dock()
        self.fill({"a.mp4": self.DATA})
        for answer in answers:
            self.relay.lies[("GET", "/api/v1/recordings/", "/receipt")] = lambda *unused, answer=answer: answer
            done = self.offload(state, "--erase")
            self.assertIn(done.returncode, (2, 6, 7), (answer[0], done.stderr))
            self.assertEqual((self.on_camera(), self.receipts(state)), ({b"a.mp4"}, []))

    def test_a_true_receipt_changed_in_any_line(self):
        state = self.dock()
        self.fill({"a.mp4": self.DATA})
        for line in range(8):
            def lie(status, headers, body, line=line):
                lines = body.split(b"\n")
                at = line % len(lines)
                lines[at] = lines[at][:-2] + (b"zz" if lines[at][-2:] != b"zz" else b"yy")
                return status, headers, b"\n".join(lines)
            self.relay.lies[("GET", "/api/v1/recordings/", "/receipt")] = lie
            self.assertEqual(self.offload(state, "--erase").returncode, 6, line)
            self.assertEqual(self.on_camera(), {b"a.mp4"})

    def test_a_server_that_says_sealed_and_keeps_nothing(self):
        state = self.dock()
        self.fill({"a.mp4": self.DATA})
        self.relay.lies[("GET", "/api/v1/uploads/", "")] = lambda *unused: (
            200, {"Content-Type": "application/json"}, json.dumps({"state": "sealed", "recording": "00" * 16}).encode())
        done = self.offload(state, "--erase")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertEqual(self.on_camera(), {b"a.mp4"})

    def test_a_kept_receipt_that_was_tampered_with(self):
        state = self.dock()
        self.fill({"a.mp4": self.DATA})
        self.complete(state)
        receipt, = self.receipts(state)
        good = receipt.read_bytes()
        receipt.write_bytes(good.replace(b"index ", b"index 1"))
        done = self.offload(state, "--erase")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertEqual(self.on_camera(), {b"a.mp4"})
        receipt.write_bytes(good)
        self.complete(state, "--erase")
        self.assertEqual(self.on_camera(), set())

    def test_a_file_that_changes_before_it_is_erased_is_kept_and_sent_anew(self):
        state = self.dock()
        self.fill({"a.mp4": self.DATA})
        path = self.camera / "a.mp4"
        times = path.stat()
        changed = self.DATA[:-1] + b"!"
        done_once = []

        def meddle(status, headers, body):
            if not done_once:
                done_once.append(True)
                path.write_bytes(changed)
                os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as if nothing had happened
            return status, headers, body

        self.relay.lies[("GET", "/api/v1/recordings/", "/receipt")] = meddle
        done = self.offload(state, "--erase")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue([e for e in done.events if e["event"] == "not_erased"], done.events)
        self.assertEqual(self.on_camera(), set())
        self.assertEqual(sorted(r["sha256"] for r in self.recordings()), sorted([sha256(self.DATA), sha256(changed)]))

    def test_revoked_between_copy_and_upload(self):
        state = self.dock()
        self.fill({"a.mp4": self.DATA})
        self.revoke("east door")
        done = self.offload(state, "--erase")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(self.on_camera(), {b"a.mp4"})
        self.assertEqual(self.recordings(), [])


if __name__ == "__main__":
    unittest.main()
