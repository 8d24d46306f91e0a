#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""EIO and ENOSPC at each call of an upload's path: nothing is acknowledged that is not true after a restart.

After the error the client does what clients do: it asks HEAD, sends again, and sends another file. Then the server is
killed. Two directories are checked: as it stands, from which everything must come to its end; and after a power cut, in
which nothing that was not synced came by luck and what a failed sync was to save is gone for good.

    LAPEL_ERROR_POINTS  how many are tried, 0 for all; the catalog's many writes give way first
    LAPEL_CRASH_SEED    repeats a run
"""
import collections
import errno
import pathlib
import random
import sys
import time
import unittest

from power_cut import Disk
from rig import ATTEMPTS_MAX, GONE, Refused, Rig, Template, in_pairs, number, read_calls, seed, spread

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import figures  # noqa: E402  (the path above leads there)

SIZE = 200 * 1024
PART = 70_000
FOUND = []  # the planted bugs
PLANTED = 2
LINES = []  # of figures, told when it is known what was found
NEAR = 12  # calls by which their order may differ from run to run
FAILING = {"write": (errno.EIO, errno.ENOSPC), "sync": (errno.EIO, errno.ENOSPC), "link": (errno.EIO, errno.ENOSPC),
           "rename": (errno.EIO, errno.ENOSPC), "create": (errno.EIO, errno.ENOSPC), "mkdir": (errno.EIO, errno.ENOSPC),
           "truncate": (errno.EIO, errno.ENOSPC), "unlink": (errno.EIO,)}


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


class Errors(unittest.TestCase):
    def points(self, data):
        with Rig(TEMPLATE) as rig:
            upload = rig.new_upload("night.mp4", data)
            rig.start(recorded=True)
            rig.run_to_receipt(upload, PART)
            rig.town.kill()
            calls = read_calls(rig.log)
        end = max(i for i, call in enumerate(calls) if call.name == "send")
        self.calls = [call for call in calls[:end] if call.number > 0]
        self.assertLessEqual({call.name for call in self.calls} - {"send"}, set(FAILING))
        everything = [(call, error) for call in self.calls for error in FAILING.get(call.name, ())]
        is_catalog = lambda point: point[0].name == "write" and point[0].path.endswith("-wal")
        first = [point for point in everything if not is_catalog(point)]
        rest = [point for point in everything if is_catalog(point)]
        wanted = number("LAPEL_ERROR_POINTS", 120)
        left = 0 if wanted == 0 else max(1, wanted - len(first))
        return everything, spread(first, wanted) + spread(rest, left)

    def fail_at(self, data, target, error, planted=()):
        """(its calls, faults where the server was killed, faults after a power cut, refusals, counts), with call `target` failing"""
        with Rig(TEMPLATE) as rig:
            disk = Disk(rig.town.data)
            uploads = [rig.new_upload("night.mp4", data), rig.new_upload("day.mp4", data[:PART])]
            rig.start(fault=f"error:{target}:{error}", planted=planted)
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
            return calls, rig.recover(uploads, PART), cut, refusals, rig.checked

    def check_power_cut(self, rig, disk):
        with Rig(TEMPLATE, data=lambda target: disk.write_after_cut(target, None)) as after:
            after.take_over(rig)
            faults = after.check("dead", "--modes-unknown")
            if not faults:
                after.start()
                faults = after.check("live")
            return faults

    def test_an_error_at_each_call_of_an_upload(self):
        data = random.Random(SEED).randbytes(SIZE)
        everything, tried = self.points(data)
        def fail_until_reached(point):
            call, error = point
            target = call.number
            for _ in range(ATTEMPTS_MAX):
                calls, *outcome = self.fail_at(data, target, error)
                is_reached = any(one.number == target and one.errno == error for one in calls)
                if outcome[0] or outcome[1] or is_reached:
                    break
                # Fewer calls this time, or another kind of call that cannot fail so: what it came to counts all the same. Threads
                # take turns as the machine lets them, so the next time aims at where that kind of call stood now.
                alike = [one.number for one in calls if one.name == call.name and abs(one.number - call.number) <= NEAR]
                target = min(alike, key=lambda number: abs(number - call.number), default=call.number)
            return point, is_reached, outcome

        begun = time.monotonic()
        counts, refused, reached, lossy = collections.Counter(), 0, 0, 0
        runs = in_pairs(fail_until_reached, tried)
        for (call, error), is_reached, (faults, cut, refusals, checked) in runs:
            with self.subTest(call=str(call), error=errno.errorcode[error]):
                self.assertEqual(faults, [])
                self.assertEqual(cut, [], "after a power cut")
                self.assertTrue(is_reached, f"not reached in {ATTEMPTS_MAX} runs")
            lossy += bool(faults or cut)
            reached += is_reached
            refused += refusals > 0
            counts.update(checked)
        print(f"{len(self.calls)} calls, {len(everything)} errors, {len(tried)} tried, {reached} reached, "
              f"{refused} with a refusal; checked {dict(counts)}")
        LINES.append(("R4", "EIO and ENOSPC at each call of an upload, then kill -9, or a power cut that keeps nothing by luck",
                      f"{reached} of {len(everything)} errors met, {lossy} with a fault, {refused} told to the client",
                      "every error met; never acknowledged, no failed sync taken for a good one",
                      reached == len(everything) and lossy == 0, "tools/soak.sh crash", time.monotonic() - begun))

    def test_planted_a_server_that_takes_a_failed_sync_for_a_good_one(self):
        data = random.Random(SEED).randbytes(SIZE)
        self.points(data)
        deaf = [TEMPLATE.planted("deaf_sync")]
        answers = [i for i, call in enumerate(self.calls) if call.name == "send"]
        # Of the first part's request: the sync of its data, of the directory that names its file, and that of the catalog.
        of_part = [call for call in self.calls[answers[0]:answers[1]] if call.name == "sync"]
        self.assertEqual([call.path.endswith("-wal") for call in of_part], [False, False, True])
        _, faults, cut, _, _ = self.fail_at(data, of_part[0].number, errno.EIO, deaf)
        self.assertEqual(faults, [])  # without the cut nobody would know
        self.assertTrue(any("differ" in fault for fault in cut), cut)
        FOUND.append("the data's sync")
        _, faults, cut, _, _ = self.fail_at(data, of_part[2].number, errno.EIO, deaf)
        self.assertTrue(any("told" in fault or "damaged" in fault for fault in cut), cut)
        FOUND.append("the catalog's sync")


if __name__ == "__main__":
    unittest.main()
