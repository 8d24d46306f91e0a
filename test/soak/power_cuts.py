#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Power cuts on real filesystems: what ext4 and XFS come back with after their own journals have been replayed.

A filesystem in an image holds the data directory of a server that takes uploads from several clients. At moments of no
choosing the image is copied in an instant, as a power cut would leave it: what the filesystem had not yet given to its
device is not in the copy. Some servers are killed and started again before, since what a killed process wrote looks
durable to the next one. The copy is mounted, replays its journal, and is held by check.py against what the clients had
been told when the copying began; on a share of the copies a server is started and brings every upload to its end.

Then the filesystem is shut down under the running server, which goes on answering until it is killed. Of a sync that is
under way at that moment either kernel may say that it was done when it was not: a program that does nothing but write
and fdatasync finds its last record gone as well. So what was told before the shutdown began must stand, and nothing that
was sent after it may be acknowledged. Last, how long a server takes to come back with a thousand uploads open.

Before anything is believed, a server whose syncs do nothing and one whose syncs come late must be found out by cuts on both, and
one whose syncs do nothing by shutting both down.
What is not modelled: a device that loses or reorders what it was given.

    power_cuts.py [ext4|xfs ...]

    LAPEL_POWER_CUTS      how many cuts on each filesystem (300)
    LAPEL_SHUTDOWNS       how many times each is shut down in place (200)
    LAPEL_OPEN_UPLOADS    how many uploads are open when the time to come back is taken (1000)
    LAPEL_SOAK_DIRECTORY  where the images lie
    LAPEL_CRASH_SEED      repeats a run, as far as the machine's own timing can be repeated
"""
import collections
import concurrent.futures
import json
import pathlib
import random
import sys
import time

TEST = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TEST), str(TEST / "crash"), str(TEST / "soak")]

import figures  # noqa: E402  (the path above leads there)
from filesystems import call, enter_own_namespaces, mounted, snapshot, workshop  # noqa: E402
from live import CLIENTS, GIB, Live, uploads_of, wait_until  # noqa: E402
from rig import Refused, Rig, Template, in_pairs, number, seed, working  # noqa: E402

CUTS_A_ROUND = 15  # then a new directory: every look at one reads all of it
ENDS_EVERY = 4  # of so many copies, one has a server started on it that brings all uploads to their end
PLANTED = {"no_sync_at_all": "no sync does anything", "late_sync": "told before it is durable"}
PLANTED_ROUNDS_MAX = 3
PLANTED_SHUTDOWNS_MAX = 10
CUTS_MIN = 300  # below it no bar is kept, as below the next
SHUTDOWNS_MIN = 200
OPEN_UPLOADS_MIN = 1_000
FAULTS_SHOWN_MAX = 20
RUN = "tools/soak.sh power_cuts"


class Cut:
    """One copy, and what had been told when it was begun; of it, so many acknowledgements were counted with an earlier copy."""

    def __init__(self, live, copy, earlier=None):
        self.kind, self.copy, self.sources = live.kind, copy, live.rig.sources
        self.counted_before = earlier.acknowledgements if earlier else 0
        acks = live.rig.acks.path
        before = whole_lines(acks.read_bytes())
        snapshot(live.image, copy)
        # What was on its way while the copying went on may have arrived; nobody had been told so.
        later = whole_lines(acks.read_bytes())[len(before):]
        self.acks = before + b"".join(line for line in later.splitlines(True) if json.loads(line)["told"] == "sent")
        self.acknowledgements = sum(json.loads(line)["told"] != "sent" for line in before.splitlines())


def whole_lines(text):
    return text[:text.rfind(b"\n") + 1]


def acknowledged_of_what_was_sent_after(lines, moment):
    sent, faults = {}, []
    for line in lines:
        told = json.loads(line)
        if told["told"] == "sent":
            sent[told["upload"]] = told
        elif told["told"] == "offset":
            request = sent.get(told["upload"])
            if request and request["at"] > moment and told["offset"] == request["offset"]:
                faults.append(f"{told['upload']}: bytes sent after the filesystem was gone are acknowledged")
    return faults


class Campaign:
    def __init__(self, template, shop, rng):
        self.template, self.shop, self.rng = template, shop, rng
        self.numbers = iter(range(1_000_000))

    def name(self, kind):
        return f"{kind}-{next(self.numbers)}"

    # ---- cuts ----

    def take_cuts(self, live, count):
        cuts = []
        with live:
            first = self.rng.randrange(1, count) if count > 1 and self.rng.random() < 0.5 else count
            for share in [first, count - first]:
                if share == 0:
                    continue
                live.start()
                with working(live.clients):
                    try:
                        for _ in range(share):
                            live.wait_for_answers()
                            cuts.append(Cut(live, self.shop / f"{live.place.name}.cut-{len(cuts)}", cuts[-1] if cuts else None))
                    finally:
                        live.rig.town.kill()
            if live.failures():
                raise AssertionError(f"a client failed: {live.failures()}")
            found = self.check_cuts(cuts)
        return found

    def check_cuts(self, cuts):
        return list(in_pairs(lambda numbered: self.check_cut(*numbered), enumerate(cuts)))

    def check_cut(self, order, cut):
        """(faults, counts, whether it was brought to its end)"""
        ends = order % ENDS_EVERY == 0
        try:
            place = cut.copy.with_name(cut.copy.name + ".mount")
            with mounted(cut.kind, cut.copy, place), Rig(self.template, data=lambda target: None, at=place) as rig:
                rig.sources = cut.sources
                rig.acks.path.write_bytes(cut.acks)
                rig.remember(acknowledgements=cut.counted_before)
                try:
                    if ends:
                        faults = rig.recover(uploads_of(rig, cut.acks), part_bytes=90_000)
                    else:
                        faults = rig.check("dead")
                except (AssertionError, OSError, Refused) as failure:
                    faults = [f"it did not come back: {failure}"]
                return faults, rig.checked, ends
        finally:
            cut.copy.unlink()

    def cuts(self, kind, count, planted):
        begun = time.monotonic()
        faults, counts, done, ended = [], collections.Counter(), 0, 0
        while done < count:
            live = Live(self, kind, self.name(kind))
            for found, checked, ends in self.take_cuts(live, min(CUTS_A_ROUND, count - done)):
                faults += [f"{kind}, cut {done}: {one}" for one in found]
                counts.update(checked)
                done += 1
                ended += ends
            print(f"  {kind}: {done} cuts, {len(faults)} faults, {time.monotonic() - begun:.0f} s", flush=True)
        told = counts["acknowledgements"]
        print(f"{kind}: {done} power cuts, {ended} of them brought to their end; checked {dict(counts)}")
        figures.record("R2", f"power cuts on {kind}: an instant copy of the disk under a live server, its journal replayed",
                       f"{done} cuts, {told} acknowledgements and {counts['files']} files checked, {len(faults)} faults, "
                       f"{ended} cuts brought to the end of every upload",
                       f"{CUTS_MIN} cuts, no acknowledged byte lost, no short object visible, no repair by hand",
                       not faults and done >= CUTS_MIN, RUN, time.monotonic() - begun, planted)
        return faults

    # ---- shut down in place ----

    def shut_down(self, kind, planted=()):
        """(faults, counts, how many clients were refused)"""
        with Live(self, kind, self.name(kind), planted) as live:
            live.start()
            with working(live.clients):
                try:
                    live.wait_for_answers()
                    begun = time.monotonic()
                    call("xfs_io", "-x", "-c", "shutdown", live.place)
                    ended = time.monotonic()
                    wait_until(lambda: sum(client.failure is not None for client in live.clients) * 2 >= CLIENTS)
                finally:
                    live.rig.town.kill()
            refused = [client for client in live.clients if isinstance(client.failure, Refused)]
            faults = [f"a client failed: {client.failure!r}" for client in live.clients
                      if client.failure and client not in refused]
            lines = live.rig.acks.path.read_bytes().splitlines(True)
            faults += acknowledged_of_what_was_sent_after(lines, ended)
            told = [(line, json.loads(line)) for line in lines]
            acks = b"".join(line for line, one in told if one["at"] < begun or one["told"] == "sent")
            live.rig.acks.path.write_bytes(acks)
            live.remount()
            uploads = uploads_of(live.rig, acks)
            if planted:
                return faults + self.look_at_what_is_left(live.rig), live.rig.checked, len(refused)
            return faults + live.rig.recover(uploads, part_bytes=90_000), live.rig.checked, len(refused)

    @staticmethod
    def look_at_what_is_left(rig):
        try:
            return rig.check("dead")
        except AssertionError as failure:  # so little that it cannot be read
            return [f"it did not come back: {failure}"]

    def shutdowns(self, kind, count, planted):
        begun = time.monotonic()
        faults, counts, refused = [], collections.Counter(), 0
        for done in range(count):
            found, checked, refusals = self.shut_down(kind)
            faults += [f"{kind}, shutdown {done}: {one}" for one in found]
            counts.update(checked)
            refused += refusals
        print(f"{kind}: {count} times shut down in place, {refused} clients refused; checked {dict(counts)}", flush=True)
        figures.record("R3", f"{kind} shut down under the server, which answers on until it is killed",
                       f"{count} times, {counts['acknowledgements']} acknowledgements checked, {len(faults)} faults",
                       f"{SHUTDOWNS_MIN} times, no acknowledged byte lost, every upload then sealed",
                       not faults and count >= SHUTDOWNS_MIN, RUN, time.monotonic() - begun, planted)
        return faults

    # ---- how long it takes to come back ----

    def come_back(self, kind, count):
        begun = time.monotonic()
        with Live(self, kind, self.name(kind)) as live:
            live.start()

            def open_one(i):
                upload = live.rig.new_upload(f"open-{i}", random.Random(i).randbytes(9_000))
                live.rig.create(upload)
                live.rig.patch(upload, 5_000)

            with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
                list(pool.map(open_one, range(count)))
            cut = Cut(live, self.shop / f"{live.place.name}.cut")
            live.rig.town.kill()
            place = cut.copy.with_name(cut.copy.name + ".mount")
            cut_at = time.monotonic()
            with mounted(kind, cut.copy, place), Rig(self.template, data=lambda target: None, at=place) as rig:
                mounted_at = time.monotonic()
                rig.sources = cut.sources
                rig.acks.path.write_bytes(cut.acks)
                rig.start()
                seconds = time.monotonic() - mounted_at
                faults = rig.check("live")
                rig.town.kill()
            cut.copy.unlink()
        print(f"{kind}: back after {seconds:.2f} s with {count} uploads open (the mount before it: "
              f"{mounted_at - cut_at:.2f} s), {len(faults)} faults", flush=True)
        allowed = 5 * max(1, count / 1_000)
        figures.record("R2", f"time from the start of the server to its first answer after a power cut, {kind}",
                       f"{seconds:.2f} s with {count} uploads open, {len(faults)} faults", f"5 s for each 1,000 open uploads, {OPEN_UPLOADS_MIN:,} of them",
                       not faults and seconds <= allowed and count >= OPEN_UPLOADS_MIN, RUN, time.monotonic() - begun)
        return [f"{kind}, come back: {one}" for one in faults] + \
            ([] if seconds <= allowed else [f"{kind}: back after {seconds:.1f} s with {count} open uploads, of {allowed:.1f} s"])

    # ---- bugs put there to be found ----

    def find_planted(self, kind):
        found = 0
        for name, what in PLANTED.items():
            for attempt in range(PLANTED_ROUNDS_MAX):
                outcomes = self.take_cuts(Live(self, kind, self.name(kind), planted=[name]), 4)
                faults = [fault for faults, _, _ in outcomes for fault in faults]
                if faults:
                    print(f"{kind}: found in round {attempt + 1}: {what} ({len(faults)} faults, the first: {faults[0]})",
                          flush=True)
                    found += 1
                    break
            else:
                raise SystemExit(f"{kind}: a planted bug was not found: {what}. What this campaign says is worth nothing.")
        return f"{found} of {len(PLANTED)} found"

    def find_planted_by_shutdowns(self, kind):
        name = "no_sync_at_all"
        for attempt in range(PLANTED_SHUTDOWNS_MAX):
            faults = self.shut_down(kind, [name])[0]
            if faults:
                print(f"{kind}: found by shutdown {attempt + 1}: {PLANTED[name]} ({len(faults)} faults, the first: {faults[0]})", flush=True)
                return "1 of 1 found"
        raise SystemExit(f"{kind}: a planted bug was not found by shutdowns: {PLANTED[name]}. What they say is worth nothing.")


def main():
    enter_own_namespaces()
    kinds = sys.argv[1:] or ["ext4", "xfs"]
    rng = random.Random(seed())
    # Every second a checkpoint, so that publishing is cut too.
    template = Template(beat=1)
    faults = []
    try:
        with workshop(16 * GIB) as shop:
            campaign = Campaign(template, shop, rng)
            for kind in kinds:
                planted = campaign.find_planted(kind)
                faults += campaign.cuts(kind, number("LAPEL_POWER_CUTS", CUTS_MIN), planted)
                planted = campaign.find_planted_by_shutdowns(kind)
                faults += campaign.shutdowns(kind, number("LAPEL_SHUTDOWNS", SHUTDOWNS_MIN), planted)
                faults += campaign.come_back(kind, number("LAPEL_OPEN_UPLOADS", OPEN_UPLOADS_MIN))
    finally:
        template.close()
    for fault in faults[:FAULTS_SHOWN_MAX]:
        print(fault)
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
