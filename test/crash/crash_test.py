#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 in the path of an upload: at every call that matters, at random, and with bugs planted, to be found.

    LAPEL_CRASH_POINTS  how many of the points of one upload are tried, 0 for all
    LAPEL_CRASH_KILLS   how many random kills eight uploads live through
    LAPEL_CRASH_SEED    repeats a run
"""
import collections
import contextlib
import http.client
import http.server
import json
import pathlib
import random
import re
import threading
import unittest

from rig import GONE, Rig, Template, in_pairs, number, read_calls, seed, spread

SIZE = 200 * 1024
PART = 70_000  # three parts, none of which ends at a block
STRACED = ("write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendfile,fsync,fdatasync,sync_file_range,syncfs,sync,"
           "ftruncate,fallocate,copy_file_range,rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,rmdir,"
           "mkdir,mkdirat")
NAMES = {"pwrite64": "write", "writev": "send", "sendto": "send", "sendmsg": "send", "sendfile": "send",
         "fsync": "sync", "fdatasync": "sync", "ftruncate": "truncate"}


def setUpModule():
    global SEED, TEMPLATE
    SEED = seed()
    TEMPLATE = Template()


def tearDownModule():
    TEMPLATE.close()


def straced_calls(path, home):
    """(name, file) of what strace saw done to the data directory or told to a socket, with the names of recorder.c."""
    calls = collections.Counter()
    for line in pathlib.Path(path).read_text().splitlines():
        found = re.match(r"\d+ +(\w+)\((.*)", line)
        if not found:
            continue  # the end of a call that another thread interrupted, or of a thread
        name, arguments = found.groups()
        descriptor = re.match(r"\d+<([^>]*)>", arguments)
        if descriptor and descriptor[1].startswith(("socket:", "TCP:")):
            calls[("send" if name == "write" else NAMES.get(name, name), "socket")] += 1
            continue
        where = descriptor[1] if descriptor else re.findall(r'"([^"]*)"', arguments)[-1]
        if where.startswith(str(home)) and not where.endswith("server.err"):
            calls[(NAMES.get(name, name), where)] += 1
    return calls


class EveryCall(unittest.TestCase):
    def test_kill_before_after_and_within_each_call_of_an_upload(self):
        rng = random.Random(SEED)
        data = rng.randbytes(SIZE)
        calls = self.enumerate_calls(data)
        points = [(kind, call) for call in calls for kind in ("before", "torn", "after")
                  if kind != "torn" or call.name == "write"]
        tried = spread(points, number("LAPEL_CRASH_POINTS", 60))

        def try_point(point):
            kind, call = point
            with Rig(TEMPLATE) as rig:
                upload = rig.new_upload("night.mp4", data)
                rig.start(fault=f"{kind}:{call.number}")
                rig.run_to_receipt(upload, PART)
                is_reached = not rig.wait_for(lambda: upload.has_receipt)  # else there were fewer calls this time
                ended = rig.wait_dead() if is_reached else rig.town.kill()
                return f"{kind} {call}", is_reached, ended, rig.recover([upload], PART), rig.checked

        reached, checked = 0, collections.Counter()
        for point, is_reached, ended, faults, counts in in_pairs(try_point, tried):
            with self.subTest(point=point):
                self.assertEqual(faults, [])
                self.assertEqual(ended, -9 if is_reached else None)
            reached += is_reached
            checked.update(counts)
        print(f"{len(calls)} calls, {len(points)} points, {len(tried)} tried, {reached} reached; "
              f"checked {dict(checked)}")
        self.assertGreaterEqual(reached, len(tried) * 9 // 10)

    def enumerate_calls(self, data):
        with Rig(TEMPLATE) as rig:
            trace = rig.outside / "strace"
            upload = rig.new_upload("night.mp4", data)
            rig.start(recorded=True, tracer=["strace", "-f", "-y", "-s", "0", "-o", trace, "-e", f"trace={STRACED}"])
            rig.run_to_receipt(upload, PART)
            self.assertTrue(upload.has_receipt, rig.errors())
            self.assertEqual(rig.stop_traced(), 0)
            calls = read_calls(rig.log)
            mine = collections.Counter((call.name, "socket" if call.name == "send" else call.path.split(" -> ")[-1])
                                       for call in calls if call.name != "create")
            theirs = straced_calls(trace, rig.town.home)
            self.assertEqual((mine - theirs, theirs - mine), ({}, {}), "the recorder does not see what the kernel sees")
            end = max(i for i, call in enumerate(calls) if call.name == "send")
            return [call for call in calls[:end + 1] if call.number > 0]


class RandomKills(unittest.TestCase):
    def test_eight_uploads_live_through_random_kills(self):
        rng = random.Random(SEED)
        kills = number("LAPEL_CRASH_KILLS", 100)
        # Every second a checkpoint: padding, tiles and the forgetting of batches are killed too.
        template = Template(beat=1)
        self.addCleanup(template.close)
        with Rig(template) as rig:
            clients = [Client(rig, rng.randrange(2**32), i) for i in range(8)]
            for number_of_kill in range(kills):
                how = rng.choice(["before", "after", "torn", "outside"])
                with self.subTest(kill=number_of_kill, how=how):
                    rig.start()
                    self.assertEqual(rig.check("live", "--sample", "4"), [])
                    if how != "outside":
                        rig.town.kill()
                        rig.start(fault=f"{how}:{rng.randrange(1, 800)}")
                    enough = rig.acks.count + rng.randrange(1, 60)
                    threads = [threading.Thread(target=client.run) for client in clients]
                    for thread in threads:
                        thread.start()
                    if how == "outside":
                        rig.wait_for(lambda: rig.acks.count >= enough)
                        rig.town.kill()
                    else:
                        self.assertEqual(rig.wait_dead(), -9)
                    for thread in threads:
                        thread.join()
                    for client in clients:
                        self.assertIsNone(client.failure, client.failure)
                    self.assertEqual(rig.check("dead"), [])
            uploads = [upload for client in clients for upload in client.uploads]
            self.assertEqual(rig.recover([upload for upload in uploads if not upload.has_receipt], PART), [])
            print(f"{kills} kills, {len(uploads)} uploads, all sealed; checked {rig.checked}")


class Client:
    """Uploads file after file in pieces of any size, and goes on with the same one after the server's death."""

    def __init__(self, rig, seed_of_client, number_of_client):
        self.rig, self.rng, self.number = rig, random.Random(seed_of_client), number_of_client
        self.uploads = []
        self.failure = None

    def run(self):
        try:
            while True:
                if not self.uploads or self.uploads[-1].has_receipt:
                    data = self.rng.randbytes(self.rng.randrange(1, 400_000))
                    self.uploads.append(self.rig.new_upload(f"{self.number}-{len(self.uploads)}", data))
                self.rig.finish(self.uploads[-1], self.rng.randrange(10_000, 90_000))
        except GONE:
            pass
        except Exception as failure:  # pylint: disable=broad-except  (told by the thread that waits)
            self.failure = failure


# ---- bugs put there to be found ----

class LyingProxy:
    """Between client and server; changes answers as told."""

    def __init__(self, rig, lie):
        port = rig.town.port

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                own = ("host", "content-length")
                headers = {name: value for name, value in self.headers.items() if name.lower() not in own}
                connection.request(self.command, self.path, body=body, headers=headers)
                answer = connection.getresponse()
                headers, text = dict(answer.headers), answer.read()
                connection.close()
                text = lie(self.command, headers, text)
                self.send_response_only(answer.status)
                headers["Content-Length"] = str(len(text))
                headers["Connection"] = "close"
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_HEAD = do_POST = do_PATCH = forward

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        rig.town.port = self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class PlantedBugs(unittest.TestCase):
    def setUp(self):
        self.data = random.Random(SEED).randbytes(SIZE)

    def found(self, faults, words):
        self.assertTrue(any(words in fault for fault in faults), faults)

    def preloaded(self, name, until):
        """What the checker says of an upload to a server with a bug, killed when `until` holds."""
        with Rig(TEMPLATE) as rig:
            upload = rig.new_upload("night.mp4", self.data)
            rig.start(planted=[TEMPLATE.planted(name)])
            rig.send(upload, PART)
            self.assertTrue(rig.wait_for(lambda: until(rig, upload)))
            rig.town.kill()
            return rig.check("dead", "--final")

    def test_a_write_that_loses_its_last_block(self):
        faults = self.preloaded("lost_tail", lambda rig, upload: rig.state(upload) == "sealed")
        self.found(faults, "the sealed file differs")

    def test_an_object_that_is_only_a_symbolic_link_to_the_upload(self):
        faults = self.preloaded("symbolic_link", lambda rig, upload: rig.state(upload) == "sealed")
        self.found(faults, "no file")

    def test_a_link_that_is_never_made(self):
        # The server notices by itself and says so; nothing is sealed, and the checker misses the end of the upload.
        faults = self.preloaded("no_link", lambda rig, upload: '"doing":"sealing"' in rig.errors())
        self.found(faults, "still sealing at the end")

    def test_an_offset_told_one_too_high(self):
        def lie(method, headers, text):
            if method == "PATCH":
                headers["Upload-Offset"] = str(int(headers["Upload-Offset"]) + 1)
            return text

        with Rig(TEMPLATE) as rig:
            upload = rig.new_upload("night.mp4", self.data)
            rig.start()
            with contextlib.closing(LyingProxy(rig, lie)):
                rig.create(upload)
                rig.patch(upload, PART)
            rig.town.kill()
            faults = rig.check("dead")
            self.found(faults, f"told offset {PART + 1} when {PART} bytes had been sent")
            self.found(faults, f"told {PART + 1}, sent {PART}, the row says {PART}")
            rig.start()
            self.found(rig.check("live"), f"HEAD says {PART}")

    def test_sealed_told_too_early(self):
        def lie(method, headers, text):
            return json.dumps({"state": "sealed", "recording": "0" * 32}).encode() if method == "GET" else text

        with Rig(TEMPLATE) as rig:
            upload = rig.new_upload("night.mp4", self.data)
            rig.start()
            with contextlib.closing(LyingProxy(rig, lie)):
                rig.create(upload)
                rig.patch(upload, PART)
                rig.state(upload)
            rig.town.kill()
            self.found(rig.check("dead"), "told sealed as")
            rig.start()
            self.found(rig.check("live"), "told sealed, now receiving")


if __name__ == "__main__":
    unittest.main()
