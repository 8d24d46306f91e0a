#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""EIO and ENOSPC at each call of an upload's path, and EIO at each read of a file in it: nothing is acknowledged that is not true
after a restart.

After the error the client does what clients do: it asks HEAD, sends again, and sends another file. Then the server is
killed. Two directories are checked: as it stands, from which everything must come to its end; and after a power cut, in
which nothing that was not synced came by luck and what a failed sync was to save is gone for good.

    LAPEL_ERROR_POINTS  how many are tried, 0 for all; the catalog's many writes give way first, and of reads a quarter as many
    LAPEL_CRASH_SEED    repeats a run
"""
import collections
import errno
import pathlib
import random
import re
import sys
import time
import unittest

from power_cut import Disk
from rig import ATTEMPTS_MAX, GONE, Refused, Rig, Template, aim, in_pairs, number, read_calls, seed, spread

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import figures  # noqa: E402  (the path above leads there)

SIZE = 200 * 1024
PART = 70_000
FOUND = []  # the planted bugs
PLANTED = 2
LINES = []  # of figures, told when it is known what was found
FAILING = {"write": (errno.EIO, errno.ENOSPC), "sync": (errno.EIO, errno.ENOSPC), "link": (errno.EIO, errno.ENOSPC),
           "rename": (errno.EIO, errno.ENOSPC), "create": (errno.EIO, errno.ENOSPC), "mkdir": (errno.EIO, errno.ENOSPC),
           "truncate": (errno.EIO, errno.ENOSPC), "unlink": (errno.EIO,), "read": (errno.EIO,)}
STRACED_READS = "read,pread64,readv,preadv,preadv2"
WORKER = "lapel-media"


def setUpModule():
    global SEED, TEMPLATE
    SEED = seed()
    TEMPLATE = Template()


def tearDownModule():
    TEMPLATE.close()
    for line in LINES:
        figures.record(*line, planted=f"{len(FOUND)} of {PLANTED} found")


def persist(rig, upload):
    """Tries as a client would to bring the upload in and to see it sealed. Returns how often it was refused."""
    refusals = 0
    for _ in range(3):
        try:
            rig.send(upload, PART)
            break
        except Refused:
            refusals += 1
    if upload.location is None or upload.offset < len(upload.data):
        return refusals
    troubles = rig.errors().count('"doing":"sealing"')
    # The next look for uploads to seal comes with the next upload or in two seconds; one failure more is an answer.
    rig.wait_for(lambda: rig.state(upload) != "sealing" or rig.errors().count('"doing":"sealing"') > troubles)
    if upload.recording is not None:
        rig.fetch_receipt(upload)
    return refusals


class Failing(unittest.TestCase):
    def points(self, data):
        with Rig(TEMPLATE) as rig:
            upload = rig.new_upload("night.mp4", data)
            rig.start(recorded="reads")
            rig.run_to_receipt(upload, PART)
            rig.town.kill()
            calls = read_calls(rig.log)
            reads = [call for call in read_calls(rig.reads) if call.number > 0]
        end = max(i for i, call in enumerate(calls) if call.name == "send")
        self.calls = [call for call in calls[:end] if call.number > 0]
        self.assertLessEqual({call.name for call in self.calls} - {"send"}, set(FAILING))
        points = [(call, error) for call in self.calls for error in FAILING.get(call.name, ())]
        of_reads = [(call, error) for call in reads for error in FAILING[call.name]]
        is_catalog = lambda point: point[0].name == "write" and point[0].path.endswith("-wal")
        first = [point for point in points if not is_catalog(point)]
        rest = [point for point in points if is_catalog(point)]
        wanted = number("LAPEL_ERROR_POINTS", 24)
        left = 0 if wanted == 0 else max(1, wanted - len(first))
        few = 0 if wanted == 0 else max(1, wanted // 4)
        return points + of_reads, spread(first, wanted) + spread(rest, left) + spread(of_reads, few)

    def fail_at(self, data, target, error, planted=(), what="error"):
        """(the calls or, of "read", the reads, what the fault met, (faults where the server was killed, faults after a power cut,
        refusals, counts)), with call or read `target` failing"""
        with Rig(TEMPLATE) as rig:
            disk = Disk(rig.town.data)
            uploads = [rig.new_upload("night.mp4", data), rig.new_upload("day.mp4", data[:PART])]
            rig.start(fault=f"{what}:{target}:{error}", planted=planted, recorded="reads" if what == "read" else True)
            refusals = 0
            try:
                refusals += persist(rig, uploads[0])
                refusals += persist(rig, uploads[1])
                # By now the first may have been taken up again.
                refusals += persist(rig, uploads[0])
            except Refused:
                refusals += 1
            except GONE:
                pass  # a server that ends itself has failed closed
            rig.town.kill()
            calls = list(read_calls(rig.log))
            for done in calls:
                disk.apply(done)
            cut = self.check_power_cut(rig, disk)
            beside = read_calls(rig.reads) if what == "read" else calls
            return beside, rig.met(), (rig.recover(uploads, PART), cut, refusals, rig.checked)

    def check_power_cut(self, rig, disk):
        with Rig(TEMPLATE, data=lambda target: disk.write_after_cut(target, None)) as after:
            after.take_over(rig)
            faults = after.check("dead", "--modes-unknown")
            if not faults:
                after.start()
                faults = after.check("live")
            return faults


# It comes first: who does not find these has no campaign.
class BugsPlanted(Failing):
    def test_planted_a_server_that_takes_a_failed_sync_for_a_good_one(self):
        data = random.Random(SEED).randbytes(SIZE)
        self.points(data)
        deaf = [TEMPLATE.planted("deaf_sync")]
        answers = [i for i, call in enumerate(self.calls) if call.name == "send"]
        # Of the first part's request: the sync of its data, of the directory that names its file, and that of the catalog.
        of_part = [call for call in self.calls[answers[0]:answers[1]] if call.name == "sync"]
        self.assertEqual([call.path.endswith("-wal") for call in of_part], [False, False, True])
        _, _, (faults, cut, _, _) = self.fail_at(data, of_part[0].number, errno.EIO, deaf)
        self.assertEqual(faults, [])  # without the cut nobody would know
        self.assertTrue(any("differ" in fault for fault in cut), cut)
        FOUND.append("the data's sync")
        _, _, (faults, cut, _, _) = self.fail_at(data, of_part[2].number, errno.EIO, deaf)
        self.assertTrue(any("told" in fault or "damaged" in fault for fault in cut), cut)
        FOUND.append("the catalog's sync")


class Errors(Failing):
    def test_an_error_at_each_call_of_an_upload(self):
        data = random.Random(SEED).randbytes(SIZE)
        everything, tried = self.points(data)

        def fail_until_reached(point):
            call, error = point
            target = call.number
            for _ in range(ATTEMPTS_MAX):
                calls, met, outcome = self.fail_at(data, target, error, what="read" if call.name == "read" else "error")
                is_reached = met is not None and met.place == call.place
                if outcome[0] or outcome[1] or is_reached:
                    break
                # Fewer calls this time, or another one: what it came to counts all the same.
                target = aim(call, calls, target)
            return point, is_reached, outcome

        begun = time.monotonic()
        counts, refused, reached, lossy = collections.Counter(), 0, 0, 0
        runs = in_pairs(fail_until_reached, tried)
        for (call, error), is_reached, (faults, cut, refusals, checked) in runs:
            with self.subTest(call=str(call), error=errno.errorcode[error]):
                self.assertEqual(faults, [])
                self.assertEqual(cut, [], "after a power cut")
            lossy += bool(faults or cut)
            reached += is_reached
            refused += refusals > 0
            counts.update(checked)
        print(f"{len(self.calls)} calls, {len(everything)} errors, {len(tried)} tried, {reached} reached, "
              f"{refused} with a refusal; checked {dict(counts)}")
        LINES.append(("R4", "EIO and ENOSPC at each call of an upload, EIO at each read, then kill -9, or a power cut that keeps nothing "
                      "by luck",
                      f"{reached} of {len(everything)} errors met, {lossy} with a fault, {refused} told to the client",
                      "every error met; never acknowledged, no failed sync taken for a good one",
                      reached == len(everything) and lossy == 0, "tools/soak.sh crash", time.monotonic() - begun))
        # As in crash_test.py: a call that only some runs make.
        self.assertGreaterEqual(reached, len(tried) - len(tried) // 10)
        self.assertEqual(len(FOUND), PLANTED, "not all planted bugs were found before")

    def test_the_recorder_sees_each_read_that_the_kernel_sees(self):
        with Rig(TEMPLATE) as rig:
            trace = rig.outside / "strace"
            upload = rig.new_upload("night.mp4", random.Random(SEED).randbytes(SIZE))
            rig.start(recorded="reads", tracer=["strace", "-f", "-y", "--decode-pids=comm", "-s", "0", "-o", trace, "-e",
                                                f"trace={STRACED_READS}"])

            def reads_below_data():
                found = re.findall(r"^\d+<([^>]*)> +(?:p?read(?:64|v2?)?)\(\d+<([^>]*)>", trace.read_text(), re.M)
                return [(who, path) for who, path in found if path.startswith(f"{rig.town.data}/")]

            rig.run_to_receipt(upload, PART)
            # The worker is a program of its own, in its sandbox: what it reads of the object is no read of the server.
            self.assertTrue(rig.wait_for(lambda: any(who == WORKER for who, _ in reads_below_data())))
            self.assertEqual(rig.stop_traced(), 0)
            theirs = collections.Counter(path for who, path in reads_below_data() if who != WORKER)
            mine = collections.Counter(call.path for call in read_calls(rig.reads))
            self.assertGreater(mine.total(), 0)
            self.assertEqual((mine - theirs, theirs - mine), ({}, {}))


if __name__ == "__main__":
    unittest.main()
