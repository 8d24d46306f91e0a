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
import sys
import threading
import time
import unittest

from rig import ATTEMPTS_MAX, GONE, NEAR, Call, Client, Rig, Template, aim, in_pairs, number, read_calls, seed, spread, working

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import figures  # noqa: E402  (the path above leads there)

SIZE = 200 * 1024
PART = 70_000  # three parts, none of which ends at a block
KILLS_A_TOWN = 100
STRACED = ("write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendfile,fsync,fdatasync,sync_file_range,syncfs,sync,"
           "ftruncate,fallocate,copy_file_range,rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,rmdir,"
           "mkdir,mkdirat")
FOUND = set()  # the planted bugs
PLANTED = 8
HASTY_POINTS = 20
HASTY_KILLS = 20
LINES = []  # of figures, told when it is known what was found
NAMES = {"pwrite64": "write", "writev": "send", "sendto": "send", "sendmsg": "send", "sendfile": "send",
         "fsync": "sync", "fdatasync": "sync", "ftruncate": "truncate"}


def setUpModule():
    global SEED, TEMPLATE
    SEED = seed()
    TEMPLATE = Template()


def tearDownModule():
    TEMPLATE.close()
    for line in LINES:
        figures.record(*line, planted=f"{len(FOUND)} of {PLANTED} found")


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


def enumerate_calls(test, data):
    """What a whole upload calls, which has to be what strace sees of it."""
    with Rig(TEMPLATE) as rig:
        trace = rig.outside / "strace"
        upload = rig.new_upload("night.mp4", data)
        rig.start(recorded=True, tracer=["strace", "-f", "-y", "-s", "0", "-o", trace, "-e", f"trace={STRACED}"])
        rig.run_to_receipt(upload, PART)
        test.assertTrue(upload.has_receipt, rig.errors())
        test.assertEqual(rig.stop_traced(), 0)
        calls = read_calls(rig.log)
        mine = collections.Counter((call.name, "socket" if call.name == "send" else call.path.split(" -> ")[-1])
                                   for call in calls if call.name != "create")
        theirs = straced_calls(trace, rig.town.home)
        test.assertEqual((mine - theirs, theirs - mine), ({}, {}), "the recorder does not see what the kernel sees")
        end = max(i for i, call in enumerate(calls) if call.name == "send")
        return [call for call in calls[:end + 1] if call.number > 0]


def points_of(calls):
    return [(kind, call) for call in calls for kind in ("before", "torn", "after") if kind != "torn" or call.name == "write"]


def try_point(point, data, rig_of=Rig):
    """(the point, how often it was tried until it was reached or 0, faults, counts). It is reached when the call that the server
    died at is one of the same name on the same kind of file; where it was another, what it came to counts all the same."""
    kind, call = point
    name, target, checked = f"{kind} {call}", call.number, collections.Counter()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        with rig_of(TEMPLATE) as rig:
            upload = rig.new_upload("night.mp4", data)
            rig.start(fault=f"{kind}:{target}")
            # After the last answer the client knows all, and the server dies nevertheless.
            if rig.run_to_receipt(upload, PART) and rig.met() is None:
                rig.town.kill()
                target = aim(call, read_calls(rig.log), target)
                continue  # there were fewer calls this time: what is counted in groups came in fewer groups
            if rig.wait_dead() != -9:
                return name, 0, [f"the server died otherwise: {rig.errors()}"], rig.checked
            is_reached = rig.met().place == call.place
            faults = rig.recover([upload], PART)
            checked.update(rig.checked)
            if faults or is_reached:
                return name, attempt if is_reached else 0, faults, checked
            target = aim(call, read_calls(rig.log), target)
    return name, 0, [], checked


def kill_a_town(template, seed_of_town, kills, rig_of=Rig):
    """(how many uploads were sealed at the end, faults, counts)"""
    rng = random.Random(seed_of_town)
    faults = []
    with rig_of(template) as rig:
        clients = [Client(rig, rng.randrange(2**32), i) for i in range(8)]
        for number_of_kill in range(kills):
            how = rng.choice(["before", "after", "torn", "outside"])
            rig.start()
            found = rig.check("live", "--sample", "4")
            if how != "outside":
                rig.town.kill()
                rig.start(fault=f"{how}:{rng.randrange(1, 800)}")
            enough = rig.acks.count + rng.randrange(1, 60)
            with working(clients):
                if how == "outside":
                    rig.wait_for(lambda: rig.acks.count >= enough)
                    rig.town.kill()
                elif rig.wait_dead() != -9:
                    found.append(f"the server died otherwise: {rig.errors()}")
            rig.checked["kills"] = number_of_kill + 1
            found += [str(client.failure) for client in clients if client.failure] + rig.check("dead")
            faults += [f"kill {number_of_kill}, {how}: {one}" for one in found]
            if faults:
                return 0, faults, rig.checked
        uploads = [upload for client in clients for upload in client.uploads]
        faults = rig.recover([upload for upload in uploads if not upload.has_receipt], PART)
        return len(uploads), faults, rig.checked


# ---- bugs put there to be found: they come first, and who does not find them has no campaign ----

class LyingProxy:
    """Between client and server; hears requests and changes answers as told."""

    def __init__(self, rig, lie=lambda method, headers, text: text, hear=lambda method, headers, body: None):
        proxy, self.port = self, rig.town.port

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                hear(self.command, self.headers, body)
                proxy.serve(self, body)

            do_GET = do_HEAD = do_POST = do_PATCH = forward

            def log_message(self, *unused):
                pass

        self.lie = lie
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.stand_before(rig)

    def serve(self, handler, body):
        answer = self.ask(handler, body)
        if answer is None:
            handler.close_connection = True  # the server is gone, and the client sees just that
            return
        status, headers, text = answer
        self.tell(handler, status, headers, self.lie(handler.command, headers, text))

    def ask(self, handler, body):
        """(status, headers, body) of the server's answer, or None."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in ("host", "content-length")}
        try:
            connection.request(handler.command, handler.path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        except GONE:
            return None
        finally:
            connection.close()

    @staticmethod
    def tell(handler, status, headers, text):
        handler.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(text)), "Connection": "close"}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)

    def stand_before(self, rig):
        """Before a server that has just been started."""
        self.port = rig.town.port
        rig.town.port = self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class HastyProxy(LyingProxy):
    """Says of each part that it has been received, and sends it on only then. Whatever else is asked of that upload waits until it
    was: as long as the server lives, all is as if nothing were wrong."""

    def __init__(self, rig):
        self.locks = collections.defaultdict(threading.Lock)
        super().__init__(rig)

    def serve(self, handler, body):
        with self.locks[handler.path]:
            if handler.command != "PATCH":
                super().serve(handler, body)
                return
            offset = int(handler.headers["Upload-Offset"]) + len(body)
            self.tell(handler, 204, {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset)}, b"")
            self.ask(handler, body)


class HastyRig(Rig):
    """A server whose clients, and whose checker, know it through such a proxy."""
    proxy = None

    def start(self, **more):
        super().start(**more)
        if self.proxy is None:
            self.proxy = HastyProxy(self)
        else:
            self.proxy.stand_before(self)
        return self

    def __exit__(self, *unused):
        if self.proxy is not None:
            self.proxy.close()
        super().__exit__()


class BugsPlanted(unittest.TestCase):
    def setUp(self):
        self.data = random.Random(SEED).randbytes(SIZE)

    def found(self, faults, words):
        self.assertTrue(any(words in fault for fault in faults), faults)
        FOUND.add(self.id())

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
        # It leads somewhere until the upload's file is removed, a moment after the seal.
        faults = self.preloaded("symbolic_link", lambda rig, upload: rig.state(upload) == "sealed" and
                                not any((rig.town.data / "uploads").iterdir()))
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

    def test_an_offset_from_a_cache(self):
        known = {"offset": 0}

        def hear(method, headers, body):
            if method == "PATCH":
                known["offset"] = int(headers["Upload-Offset"]) + len(body)

        def lie(method, headers, text):
            if method == "HEAD":
                headers["Upload-Offset"] = str(known["offset"])
            return text

        with Rig(TEMPLATE) as rig:
            upload = rig.new_upload("night.mp4", self.data)
            rig.start()
            with contextlib.closing(LyingProxy(rig, lie, hear)) as proxy:
                rig.create(upload)
                rig.patch(upload, PART)
                rig.town.kill()
                with self.assertRaises(GONE):
                    rig.patch(upload, 2 * PART)
                rig.start()
                proxy.stand_before(rig)
                rig.head(upload)
            rig.town.kill()
            self.found(rig.check("dead"), f"told {2 * PART}, sent {2 * PART}, the row says {PART}")

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

    def test_parts_told_as_received_before_they_are_at_points_of_an_upload(self):
        points = [("after", call) for call in enumerate_calls(self, self.data)]
        found = list(in_pairs(lambda point: try_point(point, self.data, HastyRig), spread(points, HASTY_POINTS)))
        faults = [fault for _, _, faults, _ in found for fault in faults]
        print(f"planted: parts told too early: {sum(any('the row says' in one for one in faults) for _, _, faults, _ in found)} of "
              f"{len(found)} points tell of it")
        self.found(faults, "the row says")

    def test_parts_told_as_received_before_they_are_in_a_town(self):
        template = Template(beat=1)
        self.addCleanup(template.close)
        _, faults, checked = kill_a_town(template, SEED, HASTY_KILLS, HastyRig)
        print(f"planted: parts told too early: found by kill {checked['kills']} of {HASTY_KILLS}")
        self.found(faults, "the row says")

    def test_such_a_proxy_alone_is_no_fault(self):
        # What is found above is found of the kill, not of the proxy.
        with HastyRig(TEMPLATE) as rig:
            upload = rig.new_upload("night.mp4", self.data)
            rig.start()
            rig.finish(upload, PART)
            self.assertEqual(rig.check("live", "--final"), [])
            rig.town.stop()
            self.assertEqual(rig.check("dead", "--final"), [])


class Counts(unittest.TestCase):
    def test_an_acknowledgement_is_counted_once_however_often_it_is_looked_at(self):
        with Rig(TEMPLATE) as rig:
            upload = rig.new_upload("night.mp4", random.Random(SEED).randbytes(SIZE))
            rig.start()
            rig.create(upload)
            rig.patch(upload, PART)
            rig.town.kill()
            self.assertEqual(rig.recover([upload], PART), [])
            self.assertGreater(rig.acks.count, 6)
            self.assertEqual(rig.checked["acknowledgements"], rig.acks.count)


# ---- the campaigns ----

class Points(unittest.TestCase):
    @staticmethod
    def call(number, name, path):
        return Call(f"{number} {name} 0 7 0 0 {path}", None, 0)

    def test_a_call_is_known_by_its_name_and_by_what_its_file_is(self):
        one, other = "0123456789abcdef" * 2, "fedcba9876543210" * 2
        for name, path, alike in (("write", f"/a/uploads/{one}", f"/b/uploads/{other}"), ("send", "socket:[12]", "socket:[345]"),
                                  ("create", "/a/keys/ashfield/subjects/3b4", "/b/keys/ashfield/subjects/891"),
                                  ("sync", "/a/objects/ashfield/89", "/b/objects/ashfield/c0"),
                                  ("link", f"/a/.tmp/1-0 -> /a/staged/000017-{one}", f"/b/.tmp/99-12 -> /b/staged/000213-{other}"),
                                  ("sync", "/a/catalog.db-wal", "/b/catalog.db-wal")):
            self.assertEqual(self.call(1, name, path).place, self.call(2, name, alike).place)
        for name, path in (("sync", "/a/catalog.db"), ("write", "/a/catalog.db-wal"), ("sync", f"/a/uploads/{one}"), ("sync", "/a/uploads")):
            self.assertNotEqual(self.call(1, "sync", "/a/catalog.db-wal").place, self.call(1, name, path).place)

    def test_what_was_missed_is_looked_for_where_its_kind_stood_nearest_and_else_all_around(self):
        wanted = self.call(20, "sync", "/a/catalog.db-wal")
        calls = [self.call(number, "sync" if number in (3, 14, 23) else "write", "/a/catalog.db-wal") for number in range(1, 30)]
        self.assertEqual(aim(wanted, calls, 20), 23)
        self.assertEqual(aim(wanted, calls, 23), 14)
        tried = [20]
        for _ in range(2 * NEAR):
            tried.append(aim(wanted, calls[:2], tried[-1]))
        self.assertEqual(sorted(tried), list(range(20 - NEAR, 20 + NEAR + 1)))


class EveryCall(unittest.TestCase):
    def test_kill_before_after_and_within_each_call_of_an_upload(self):
        begun = time.monotonic()
        data = random.Random(SEED).randbytes(SIZE)
        calls = enumerate_calls(self, data)
        points = points_of(calls)
        tried = spread(points, number("LAPEL_CRASH_POINTS", 20))
        reached, again, lossy, checked = 0, 0, 0, collections.Counter()
        for point, attempts, faults, counts in in_pairs(lambda point: try_point(point, data), tried):
            with self.subTest(point=point):
                self.assertEqual(faults, [])
            reached += attempts > 0
            again += attempts > 1
            lossy += bool(faults)
            checked.update(counts)
        print(f"{len(calls)} calls, {len(points)} points, {len(tried)} tried, {reached} reached, {again} of them not at "
              f"once; checked {dict(checked)}")
        LINES.append(("R1", "kill -9 before, within and after each call of an upload that leaves an effect or tells of one",
                      f"{reached} of {len(points)} points reached, {lossy} with a fault",
                      "every point reached, no acknowledged byte lost, no false acknowledgement, every upload sealed",
                      reached == len(points) and lossy == 0, "tools/soak.sh crash", time.monotonic() - begun))
        # A call that only some runs make may be met in none of those; the figure keeps its bar only where all were reached.
        self.assertGreaterEqual(reached, len(tried) - len(tried) // 10)
        require_planted(self)


def require_planted(test):
    """Of a harness that does not find what was put there to be found, a campaign says nothing."""
    test.assertEqual(len(FOUND), PLANTED, "not all planted bugs were found before")


class RandomKills(unittest.TestCase):
    def test_eight_uploads_live_through_random_kills(self):
        begun = time.monotonic()
        rng = random.Random(SEED)
        kills = number("LAPEL_CRASH_KILLS", 40)
        # Every second a checkpoint: padding, tiles and the forgetting of batches are killed too.
        template = Template(beat=1)
        self.addCleanup(template.close)
        # A town grows with every kill, and so does each look at all of it: after some hundred a new one is founded.
        towns = [(rng.randrange(2**32), min(KILLS_A_TOWN, kills - first)) for first in range(0, kills, KILLS_A_TOWN)]
        uploads, faults, checked = 0, [], collections.Counter()
        for more, found, counts in in_pairs(lambda town: kill_a_town(template, *town), towns):
            uploads += more
            faults += found
            checked.update(counts)
            print(f"  {checked['kills']} kills, {len(faults)} faults, {time.monotonic() - begun:.0f} s", flush=True)
        print(f"{kills} kills of {len(towns)} towns, {uploads} uploads, all sealed; checked {dict(checked)}")
        LINES.append(("R1", "kill -9 at random, eight uploads in flight, a checkpoint every second",
                      f"{checked['kills']} kills, {uploads} uploads sealed, {len(faults)} faults",
                      "2,000 kills, no acknowledged byte lost, every upload sealed, no repair by hand",
                      checked["kills"] >= 2_000 and not faults, "tools/soak.sh crash", time.monotonic() - begun))
        self.assertEqual(faults, [])
        require_planted(self)


if __name__ == "__main__":
    unittest.main()
