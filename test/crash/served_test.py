#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The entry comes before the effect: whoever was served a byte of an original, or an export, is in the ledger.

A recording is viewed and exported while the server is killed before, within and after each call that leaves an effect or
tells of one. However little came of an original, a durable leaf must name the view that it came under. The same is asked
of the disk that a power cut leaves after each answer, with nothing that came by luck. An entry of which nothing came is
no fault: it says that somebody tried. (The proofs of an export wait for the next checkpoint; its original does not.)

    LAPEL_SERVED_POINTS  how many of the points are tried, 0 for all
    LAPEL_CRASH_SEED     repeats a run
"""
import collections
import contextlib
import http.client
import http.server
import json
import pathlib
import random
import shutil
import sys
import threading
import time
import unittest

from power_cut import Disk
from rig import ATTEMPTS_MAX, GONE, Refused, Rig, Template, aim, in_pairs, number, read_calls, seed, spread

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import figures  # noqa: E402  (the path above leads there)

SIZE = 300 * 1024  # more than a socket takes at once
PURPOSE = json.dumps({"purpose": "review"})
FOUND = []  # the planted bugs
PLANTED = 2
LINES = []


def setUpModule():
    global SEED, TEMPLATE, SHOWN
    SEED = seed()
    TEMPLATE = Template()
    # A second template: one in which there is something to see.
    with Rig(TEMPLATE) as rig:
        rig.start()
        SHOWN = rig.new_upload("night.mp4", random.Random(SEED).randbytes(SIZE))
        rig.finish(SHOWN, SIZE)
        if rig.town.stop() != 0:
            raise AssertionError(rig.errors())
        SHOWN.directory = TEMPLATE.libraries / "shown"
        shutil.copytree(rig.town.data, SHOWN.directory)


def tearDownModule():
    TEMPLATE.close()
    for line in LINES:
        figures.record(*line, planted=f"{len(FOUND)} of {PLANTED} found")


def open_rig():
    return Rig(TEMPLATE, data=lambda target: shutil.copytree(SHOWN.directory, target))


def open_view(rig, kind):
    """The view's id, as the answer tells it."""
    answer = rig.town.request("POST", f"/api/v1/recordings/{SHOWN.recording}/{kind}", rig.token, body=PURPOSE)
    if answer.status != 201:
        raise Refused(answer)
    return answer.json()["view"]


def fetch(rig, view, kind, ranges=None):
    """Reads what comes until it ends or breaks off, and notes how much came. True when all came."""
    connection = http.client.HTTPConnection("127.0.0.1", rig.town.port, timeout=60)
    count = 0
    try:
        headers = {"Authorization": f"Bearer {rig.token}", **({"Range": ranges} if ranges else {})}
        connection.request("GET", f"/api/v1/views/{view}/original", headers=headers)
        answer = connection.getresponse()
        while part := answer.read1(1 << 14):
            if answer.status in (200, 206):
                count += len(part)
        if answer.status not in (200, 206):
            raise AssertionError(f"the original: {answer.status}")
        return True
    except GONE:
        return False
    finally:
        connection.close()
        if count:
            rig.acks.tell(None, "served", recording=SHOWN.recording, view=view, type=kind, bytes=count)


def look_at_it(rig):
    """Views and exports; ends where the server does, and is true when that was not before the last answer."""
    try:
        for kind, many in [("recording.viewed", "views"), ("recording.exported", "exports")]:
            view = open_view(rig, many)
            if not fetch(rig, view, kind, f"bytes=0-{SIZE // 2}") or not fetch(rig, view, kind):
                return False
        # One answer more: when it is here, all that the one before did stands in the log.
        rig.town.request("GET", "/healthz")
        return True
    except GONE:
        return False


class Served(unittest.TestCase):
    def enumerate_calls(self):
        with open_rig() as rig:
            disk = Disk(rig.town.data)
            rig.start(recorded=True)
            self.assertTrue(look_at_it(rig), rig.errors())
            rig.town.kill()
            calls = read_calls(rig.log)
            end = max(i for i, call in enumerate(calls) if call.name == "send")
            return [call for call in calls[:end + 1] if call.number > 0], calls, disk, rig.acks.path.read_text()

    def test_killed_at_each_call_of_a_view_and_of_an_export(self):
        begun = time.monotonic()
        calls = self.enumerate_calls()[0]
        points = [(kind, call) for call in calls for kind in ("before", "torn", "after")
                  if kind != "torn" or call.name == "write"]
        tried = spread(points, number("LAPEL_SERVED_POINTS", 16))

        def try_point(point):
            """(the point, whether it was reached, faults, counts)"""
            kind, call = point
            target, checked = call.number, collections.Counter()
            for _ in range(ATTEMPTS_MAX):
                with open_rig() as rig:
                    rig.start(fault=f"{kind}:{target}")
                    if look_at_it(rig) and rig.met() is None:
                        rig.town.kill()
                        target = aim(call, read_calls(rig.log), target)
                        continue
                    if rig.wait_dead() != -9:
                        return f"{kind} {call}", False, [f"the server died otherwise: {rig.errors()}"], rig.checked
                    faults = rig.check("dead")
                    rig.start()
                    faults += rig.check("live")
                    rig.town.kill()
                    checked.update(rig.checked)
                    is_reached = rig.met().place == call.place
                    if faults or is_reached:
                        return f"{kind} {call}", is_reached, faults, checked
                    target = aim(call, read_calls(rig.log), target)
            return f"{kind} {call}", False, [f"not reached in {ATTEMPTS_MAX} runs"], checked

        reached, lossy, checked = 0, 0, collections.Counter()
        for point, is_reached, faults, counts in in_pairs(try_point, tried):
            with self.subTest(point=point):
                self.assertEqual(faults, [])
            reached += is_reached
            lossy += bool(faults)
            checked.update(counts)
        print(f"{len(calls)} calls, {len(points)} points, {len(tried)} tried, {reached} reached; checked {dict(checked)}")
        LINES.append(("R5", "kill -9 before, within and after each call of a view and of an export",
                      f"{reached} of {len(points)} points, {checked['served']} times something had been served, "
                      f"{lossy} without an earlier leaf", "every served byte has an earlier durable leaf",
                      reached == len(points) and lossy == 0, "tools/soak.sh crash", time.monotonic() - begun))
        self.assertEqual(reached, len(tried))
        self.assertGreater(checked["served"], 0)
        self.assertEqual(len(FOUND), PLANTED, "not all planted bugs were found before")

    def check_cuts(self):
        """Faults of the disk as a power cut leaves it after each answer, when nothing came by luck."""
        _, calls, disk, told = self.enumerate_calls()
        lines = told.splitlines(True)
        answers = [i for i, call in enumerate(calls) if call.name == "send" and call.number > 0]
        faults, done, cuts = [], 0, 0
        for position in answers:
            for call in calls[done:position + 1]:
                disk.apply(call)
            done = position + 1
            # Who was being answered may have had the bytes: what is told later than this answer does not count yet.
            known = [line for line in lines if json.loads(line)["log"] <= calls[position].end]
            with Rig(TEMPLATE, data=lambda target: disk.write_after_cut(target, None)) as after:
                after.acks.path.write_text("".join(known))
                faults += after.check("dead", "--modes-unknown")
                cuts += 1
        return faults, cuts

    def test_after_a_power_cut_what_was_served_is_entered(self):
        faults, cuts = self.check_cuts()
        print(f"{cuts} cuts")
        self.assertEqual(faults, [])

    # By its name, what is planted comes first: who does not find it has no campaign.
    def test_a_planted_entry_is_not_durable_when_it_is_told(self):
        planted = [TEMPLATE.planted("no_sync")]
        start = Rig.start
        try:
            Rig.start = lambda rig, **more: start(rig, **{**more, "planted": planted})
            faults, _ = self.check_cuts()
        finally:
            Rig.start = start
        self.assertTrue(any("not in the ledger" in fault for fault in faults), faults)
        FOUND.append("no_sync")

    def test_a_planted_proxy_serves_bytes_before_the_view_is_asked_for(self):
        with open_rig() as rig:
            rig.start()
            port = rig.town.port
            with contextlib.closing(HastyProxy(rig)) as proxy:
                look_at_it(rig)
                self.assertGreater(proxy.served, 0)
            rig.town.port = port
            rig.town.kill()
            faults = rig.check("dead")
        self.assertTrue(any("not in the ledger" in fault for fault in faults), faults)
        FOUND.append("hasty proxy")


class HastyProxy:
    """Opens views by itself, serves the original, and asks the server for a view only then; which it does not live to do."""

    def __init__(self, rig):
        proxy, self.served = self, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body):
                self.send_response_only(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.answer(201, json.dumps({"view": "0" * 32}).encode())

            def do_GET(self):
                if proxy.served:
                    rig.town.kill()  # between the effect and its entry
                    return
                proxy.served += 1
                self.answer(200, SHOWN.data)

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        rig.town.port = self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    unittest.main()
