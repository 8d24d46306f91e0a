# SPDX-License-Identifier: Apache-2.0
"""tus-js-client, unmodified, against the real server: chunks, aborts, parts in parallel, removal, and a server that dies.

Client and server talk over a wire that counts each request's body, can hold uploads in the middle, and leads to the server
on whatever port it has. So where a client is interrupted, and what it sends again, are exact numbers.
"""
import http.client
import http.server
import json
import pathlib
import random
import subprocess
import threading
import unittest
import urllib.parse

from harness import Town, sha256, until

SCRIPT = pathlib.Path(__file__).with_name("tus_js_client.mjs")
SIZE = 6_000_001
PATIENCE_S = 60
PARTS = 3
PART_BYTES = SIZE // PARTS  # of all but the last, which has the rest
FILENAME = "nächtlich, “zwei” ✓.mp4"


class Request:
    def __init__(self, method, path, offset):
        self.method, self.path, self.offset = method, path, offset
        self.body_bytes = 0  # that reached the server
        self.status = None   # what the server answered, if it did

    def __repr__(self):
        return f"{self.method} {self.path} at {self.offset}: {self.body_bytes} bytes, {self.status}"


class Wire:
    """Passes requests on to a town's server."""

    def __init__(self, town):
        self.requests = []
        self.mutex = threading.Condition()
        self.hold_at = None  # bytes of one upload
        self.sent = {}       # path -> bytes of that upload which were passed on
        self.held = set()    # paths whose first request over that is being held
        wire = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                request = Request(self.command, self.path, self.headers.get("Upload-Offset"))
                wire.requests.append(request)
                upstream = http.client.HTTPConnection("127.0.0.1", town.port, timeout=PATIENCE_S)
                try:
                    upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in self.headers.items():
                        if name.lower() != "connection":
                            upstream.putheader(name, value)
                    upstream.endheaders()
                    self.pass_body(request, upstream)
                    answer = upstream.getresponse()
                    body = answer.read()
                except (OSError, http.client.HTTPException):
                    self.close_connection = True
                    return
                finally:
                    upstream.close()
                request.status = answer.status
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "connection"):
                        self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def pass_body(self, request, upstream):
                left, is_taken = int(self.headers.get("Content-Length", 0)), True
                while left:
                    room = wire.room(request)
                    piece = self.rfile.read1(min(left, 65_536, room))
                    if not piece:
                        raise ConnectionError("the client went away")
                    left -= len(piece)
                    if is_taken:
                        try:
                            upstream.send(piece)
                        except OSError:
                            is_taken = False  # it has answered already; the client is heard out, then told
                            continue
                        request.body_bytes += len(piece)
                        wire.sent[self.path] = wire.sent.get(self.path, 0) + len(piece)

            def log_message(self, *unused):
                pass

            do_GET = do_POST = do_PATCH = do_HEAD = do_DELETE = pass_on

        class QuietServer(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *unused):
                pass  # a client that went away

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/api/v1/uploads"

    def room(self, request):
        """How much more of its upload may pass. Where nothing may, holds until cut(), and ends the connection then."""
        with self.mutex:
            if self.hold_at is None or request.method != "PATCH" or request.path in self.held:
                return 65_536
            room = self.hold_at - self.sent.get(request.path, 0)
            if room > 0:
                return room
            self.held.add(request.path)
            self.mutex.notify_all()
            if not self.mutex.wait_for(lambda: self.hold_at is None, PATIENCE_S):
                raise AssertionError("held for too long")
            raise ConnectionError("cut")

    def hold_each(self, upload_bytes):
        """From now on, each upload stops after so many of its bytes."""
        with self.mutex:
            self.hold_at = upload_bytes
            self.held.clear()
            self.sent.clear()
            self.requests.clear()

    def wait_held(self, uploads):
        with self.mutex:
            if not self.mutex.wait_for(lambda: len(self.held) == uploads, PATIENCE_S):
                raise AssertionError(f"only {len(self.held)} uploads came so far: {self.requests}")

    def cut(self):
        """Ends what is held, for client and server, and holds nothing more."""
        with self.mutex:
            self.hold_at = None
            self.mutex.notify_all()

    def of(self, method):
        return [request for request in self.requests if request.method == method]

    def body_bytes(self):
        return sum(request.body_bytes for request in self.requests)

    def close(self):
        self.cut()
        self.server.shutdown()
        self.server.server_close()


class TusJsClient(unittest.TestCase):
    def setUp(self):
        self.town = Town()
        self.addCleanup(self.town.__exit__)
        self.clerk = self.town.add_user("clerk", "records")
        self.town.start()
        self.wire = Wire(self.town)
        self.addCleanup(self.wire.close)
        self.data = random.Random(SIZE).randbytes(SIZE)
        self.file = self.town.home / "source.mp4"
        self.file.write_bytes(self.data)
        self.storage = self.town.home / "unfinished.json"

    def client(self, is_resumed=False, storage=True, **options):
        job = {"file": str(self.file), "isResumed": is_resumed,
               "options": {"endpoint": self.wire.endpoint, "headers": {"Authorization": f"Bearer {self.clerk}"},
                           "metadata": {"filename": FILENAME, "device": "X81234"}, "retryDelays": [0] + [50] * 200, **options}}
        if storage:
            job["storage"] = str(self.storage)
        process = subprocess.Popen(["node", str(SCRIPT), json.dumps(job)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        return process

    def end(self, process, command=None):
        """What the client told at its end."""
        out, errors = process.communicate(command, timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 0, out + errors)
        return json.loads(out)

    def succeed(self, process):
        told = self.end(process)
        self.assertEqual(told["event"], "success", told)
        return told["url"]

    def interrupt(self, process, uploads, command="abort"):
        """Where the wire holds so many uploads, the client ends itself and the network ends with it."""
        self.wire.wait_held(uploads)
        process.stdin.write(command + "\n")
        process.stdin.flush()
        self.assertEqual(json.loads(process.stdout.readline()), {"event": command})
        self.wire.cut()
        self.assertEqual(process.wait(timeout=PATIENCE_S), 0)

    def wait_offset(self, path, offset):
        """What arrived before a connection was cut is kept: all of it, as soon as the server has noticed."""
        until(lambda: self.town.head_offset(path, self.clerk) == offset)

    def unfinished(self):
        return list((self.town.data / "uploads").iterdir())

    def check_sealed(self, url):
        state = self.town.wait_state(urllib.parse.urlsplit(url).path, self.clerk)
        self.assertEqual((state["state"], state["sha256"]), ("sealed", sha256(self.data)), state)
        recording = state["recording"]
        shown = self.town.request("GET", f"/api/v1/recordings/{recording}", self.clerk).json()
        self.assertEqual((shown["filename"], shown["device"], shown["bytes"], shown["sha256"]),
                         (FILENAME, "X81234", SIZE, sha256(self.data)))
        view = self.town.request("POST", f"/api/v1/recordings/{recording}/views", self.clerk, body='{"purpose":"review"}')
        self.assertEqual(self.town.request("GET", view.json()["original"], self.clerk).body, self.data)
        receipt = self.town.receipt(recording, self.clerk)
        self.assertEqual(self.town.verify(receipt, self.data)[0], 0)
        self.assertEqual(self.town.verify(receipt, self.data[:-1])[0], 6)
        self.assertEqual(len(self.town.request("GET", "/api/v1/recordings", self.clerk).json()["items"]), 1)
        self.assertEqual(self.town.stop(), 0)
        self.assertEqual(self.town.check_ledger(), (0, []))

    # ---- one after another ----

    def test_in_chunks(self):
        url = self.succeed(self.client(chunkSize=1_000_000))
        self.assertEqual([request.offset for request in self.wire.of("PATCH")], [str(i * 1_000_000) for i in range(7)])
        self.assertEqual(self.wire.body_bytes(), SIZE)
        self.check_sealed(url)

    def test_created_with_its_first_bytes(self):
        url = self.succeed(self.client(chunkSize=4_000_000, uploadDataDuringCreation=True))
        self.assertEqual([(r.method, r.body_bytes) for r in self.wire.requests], [("POST", 4_000_000), ("PATCH", SIZE - 4_000_000)])
        self.check_sealed(url)

    def abort_in_the_third_chunk(self):
        self.wire.hold_each(2_500_000)
        self.interrupt(self.client(chunkSize=1_000_000), 1)
        path = self.wire.requests[-1].path
        self.wait_offset(path, 2_500_000)
        self.wire.requests.clear()
        return path

    def check_only_the_rest_was_sent(self, url):
        self.assertEqual([request.method for request in self.wire.requests], ["HEAD"] + ["PATCH"] * 4)
        self.assertEqual([int(request.offset) for request in self.wire.of("PATCH")], [2_500_000, 3_500_000, 4_500_000, 5_500_000])
        self.assertEqual(self.wire.body_bytes(), SIZE - 2_500_000)
        self.check_sealed(url)

    def test_aborted_and_resumed_from_what_the_client_stored(self):
        path = self.abort_in_the_third_chunk()
        url = self.succeed(self.client(is_resumed=True, chunkSize=1_000_000))
        self.assertTrue(url.endswith(path))
        self.check_only_the_rest_was_sent(url)

    def test_aborted_and_resumed_at_its_address(self):
        path = self.abort_in_the_third_chunk()
        address = self.wire.endpoint.removesuffix("/api/v1/uploads") + path
        self.check_only_the_rest_was_sent(self.succeed(self.client(storage=False, uploadUrl=address, chunkSize=1_000_000)))

    def test_resumed_while_the_server_still_waits_for_the_connection_that_died(self):
        self.wire.hold_each(1_500_000)
        first = self.client()
        self.wire.wait_held(1)
        first.kill()
        # The server cannot know yet. A second client is told to come back later, and does.
        second = self.client(is_resumed=True)
        until(lambda: 423 in [request.status for request in self.wire.of("PATCH")])
        self.wire.cut()
        self.check_sealed(self.succeed(second))

    # ---- in parallel ----

    def test_in_parallel(self):
        url = self.succeed(self.client(parallelUploads=PARTS))
        self.assertEqual(len(self.wire.of("POST")), PARTS + 1)
        self.assertEqual(len({request.path for request in self.wire.of("PATCH")}), PARTS)
        self.assertEqual(self.wire.body_bytes(), SIZE)
        self.check_sealed(url)

    def test_in_parallel_aborted_and_resumed(self):
        kept = 1_300_000
        self.wire.hold_each(kept)
        self.interrupt(self.client(parallelUploads=PARTS), PARTS)
        for request in self.wire.of("PATCH"):
            self.wait_offset(request.path, kept)
        self.wire.requests.clear()
        url = self.succeed(self.client(is_resumed=True, parallelUploads=PARTS))
        self.assertEqual([request.method for request in self.wire.requests].count("HEAD"), PARTS)
        self.assertEqual([(int(r.offset), r.body_bytes) for r in sorted(self.wire.of("PATCH"), key=lambda r: r.body_bytes)],
                         [(kept, PART_BYTES - kept)] * (PARTS - 1) + [(kept, SIZE - (PARTS - 1) * PART_BYTES - kept)])
        self.assertEqual(len(self.wire.of("POST")), 1)  # the one that joins them
        self.check_sealed(url)

    def test_in_parallel_resumed_when_some_parts_are_whole(self):
        self.wire.hold_each(PART_BYTES)  # the last part has a byte more
        process = self.client(parallelUploads=PARTS)
        self.wire.wait_held(1)
        until(lambda: [request.status for request in self.wire.of("PATCH")].count(204) == PARTS - 1)
        self.interrupt(process, 1)
        self.wait_offset(next(r.path for r in self.wire.of("PATCH") if r.status is None), PART_BYTES)
        self.wire.requests.clear()
        url = self.succeed(self.client(is_resumed=True, parallelUploads=PARTS))
        self.assertEqual(self.wire.body_bytes(), SIZE - PARTS * PART_BYTES)
        self.check_sealed(url)

    # ---- removal ----

    def test_removed(self):
        for parts in (1, PARTS):
            with self.subTest(parts=parts):
                self.wire.hold_each(1_000_000)
                process = self.client(parallelUploads=parts)
                self.wire.wait_held(parts)
                until(lambda: len(self.unfinished()) == parts)  # a file comes with its first bytes, and those may be on their way
                paths = {request.path for request in self.wire.of("PATCH")}
                process.stdin.write("terminate\n")
                process.stdin.flush()
                self.wire.cut()
                self.assertEqual(self.end(process), {"event": "terminate"})
                self.assertEqual({request.path for request in self.wire.of("DELETE") if request.status == 204}, paths)
                for path in paths:
                    self.assertEqual(self.town.tus("HEAD", path, self.clerk).status, 404)
                self.assertEqual(self.unfinished(), [])
        self.assertEqual(self.town.request("GET", "/api/v1/recordings", self.clerk).json()["items"], [])

    # ---- a server that dies ----

    def killed_in_the_middle(self, parts):
        self.wire.hold_each(1_200_000)
        process = self.client(parallelUploads=parts, chunkSize=500_000)
        self.wire.wait_held(parts)
        acknowledged = {request.path: int(request.offset) for request in self.wire.of("PATCH") if request.status is None}
        self.assertEqual(set(acknowledged.values()), {1_000_000})
        self.town.kill()
        before = len(self.wire.requests)
        self.wire.cut()
        until(lambda: len(self.wire.requests) >= before + 2 * parts)  # the client finds nobody there
        self.town.start()
        url = self.succeed(process)
        later = self.wire.requests[before:]
        for path, offset in acknowledged.items():
            sent = [request for request in later if request.method == "PATCH" and request.path == path]
            self.assertGreaterEqual(min(int(request.offset) for request in sent), offset, "sent again what was acknowledged")
        self.assertLessEqual(sum(request.body_bytes for request in later), SIZE - 1_000_000 * parts)
        self.check_sealed(url)

    def test_a_server_killed_in_the_middle(self):
        self.killed_in_the_middle(1)

    def test_a_server_killed_in_the_middle_of_parts(self):
        self.killed_in_the_middle(PARTS)


if __name__ == "__main__":
    unittest.main()
