#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, one that has no inodes left, and a quota that is used up, at moments of no choosing.

Clients upload to a server on a small filesystem. Again and again it is filled, down to nothing or to a little, or to
just above what the server keeps for its ledger; then there is room again. While it is full: a new upload is refused with
507; nobody is told anything that is not true; originals under a view, receipts and the checkpoint are still served, also
by a server that was killed and started again meanwhile; and what had been accepted while the ledger's reserve was there
is sealed. When there is room again, whatever was under way comes to its end within ten seconds, by the same process. In the end check.py holds the directory against what everybody was told.

A server that is started while not even a mebibyte is free may refuse to: SQLite makes the index of its log anew, and
that takes up room. Then it says so in a sentence, ends with 1, and starts when there is room.

Before anything is believed of a kind, bugs must be found by it: a server that takes a write without room for one that was done
(of inodes: that does not ask how many are left), and one that never finds room again.

    full_disk.py [ext4|xfs|inodes|quota ...]

    LAPEL_FULL_DISKS      how many times in all (500)
    LAPEL_SOAK_DIRECTORY  where the images lie
    LAPEL_CRASH_SEED      repeats a run, as far as the machine's own timing can be repeated

This machine's kernel may keep no quota (CONFIG_QFMT_V2), so it is kept by a preloaded library, over_quota.c.
"""
import collections
import os
import pathlib
import random
import re
import sqlite3
import sys
import time

TEST = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TEST), str(TEST / "crash"), str(TEST / "soak")]

import figures  # noqa: E402  (the path above leads there)
from filesystems import enter_own_namespaces, workshop  # noqa: E402
from live import ERRORS_SHOWN, GIB, Live, wait_until  # noqa: E402
from rig import GONE, Refused, Template, build, number, seed, working  # noqa: E402

RESERVE = 256 << 20  # limits::kDiskReserveBytes
INODES = 8_192
HEAL_SECONDS_MAX = 10
HEAL_SECONDS_WAITED = 40  # a server that needs longer than it may is told from one that never heals
FULLS_A_TOWN = 20
START_BYTES_MAX = 1 << 20  # with so much room a server starts
RESTARTS = 0.15  # how often the server is killed and started again while there is no room
FULL_IS_FINE = ("full_is_fine", "a write without room is taken for one that was done", "differ")
FULL_FOR_GOOD = ("full_for_good", "once there was no room there never is again", "no upload went through")
# With no quota for an upload's bytes there is none for the row that tells of them: only who takes both for done acknowledges.
QUOTA_IS_FINE = ("quota_is_fine", "a write without quota is taken for one that was done", "the row says|row is lost|differ|damaged|client failed")
INODES_UNASKED = ("inodes_unasked", "nobody asks how many inodes are left", "was accepted while there was no room")
PLANTED = {"ext4": (FULL_IS_FINE, FULL_FOR_GOOD), "xfs": (FULL_IS_FINE, FULL_FOR_GOOD), "inodes": (INODES_UNASKED, FULL_FOR_GOOD),
           "quota": (QUOTA_IS_FINE, FULL_FOR_GOOD)}
PLANTED_FULLS_MAX = 60
PLANTED_HEAL_SECONDS = 12
FULLS_MIN = 500  # of all kinds; with fewer no bar is kept
FAULTS_SHOWN_MAX = 20
RUN = "tools/soak.sh full_disk"


class Blocks:
    """Takes all the room but `left` bytes, in an instant: blocks are reserved and nothing is written."""

    def __init__(self, place):
        self.path = place / "filler"
        self.seals = False  # whether what was accepted can be sealed though there is room for no more

    def fill(self, rng):
        left = rng.choice([0, rng.randrange(1 << 16), rng.randrange(1 << 20), RESERVE + rng.randrange(4 << 20)])
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            size, step = 0, 1 << 30
            while step >= 4096:
                try:
                    os.posix_fallocate(file, size, step)
                    size += step
                except OSError:
                    step //= 2
            os.ftruncate(file, max(0, size - left))
        finally:
            os.close(file)
        return left

    def free(self):
        self.path.unlink(missing_ok=True)


class Inodes:
    """Takes all inodes but a few, or so many that no more uploads are accepted. There is room for bytes all the while."""

    def __init__(self, place):
        self.path = place / "fillers"
        self.path.mkdir()
        self.count = 0
        self.seals = False

    def fill(self, rng):
        left = rng.choice([0, rng.randrange(1, 40), rng.randrange(800, 1_000)])
        keeps_reserve = left >= 800
        try:
            while not keeps_reserve or os.statvfs(self.path).f_favail > left:
                os.close(os.open(self.path / str(self.count), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                self.count += 1
        except OSError:
            pass
        for _ in range(0 if keeps_reserve else left):
            self.count -= 1
            (self.path / str(self.count)).unlink()
        self.seals = keeps_reserve
        return 0

    def free(self):
        while self.count > 0:
            self.count -= 1
            (self.path / str(self.count)).unlink()


class Quota:
    """While the file is there, over_quota.c lets nothing grow. The disk itself looks empty to whoever asks it."""

    def __init__(self, flag):
        self.flag = flag
        self.seals = False

    def fill(self, rng):
        del rng
        self.flag.touch()
        return 0

    def free(self):
        self.flag.unlink(missing_ok=True)


class Town(Live):
    """A live server on a filesystem that can be filled."""

    def __init__(self, campaign, kind, planted=()):
        options = ("-N", str(INODES)) if kind == "inodes" else ()
        filesystem = "xfs" if kind == "xfs" else "ext4"
        super().__init__(campaign, filesystem, f"{kind}-{next(campaign.numbers)}", planted, options)
        self.what = kind
        self.heal_seconds = PLANTED_HEAL_SECONDS if planted else HEAL_SECONDS_WAITED

    def __enter__(self):
        super().__enter__()
        self.filler = {"inodes": lambda: Inodes(self.place), "quota": lambda: Quota(self.rig.outside / "over"),
                       }.get(self.what, lambda: Blocks(self.place))()
        for client in self.clients:
            client.bears = (507,)
        self.probes = self.not_started = 0
        self.accepted = []  # of those that should have been refused, what is to be finished later
        return self

    def start(self):
        planted = [self.campaign.template.planted(name) for name in self.planted]
        tracer = []
        if self.what == "quota":
            planted.append(self.campaign.over_quota)
            tracer = ["env", f"OVER_QUOTA={self.rig.outside / 'over'}"]
        self.rig.start(planted=planted, tracer=tracer)

    def upload_one(self):
        self.probes += 1
        probe = self.rig.new_upload(f"probe-{self.probes}", self.campaign.rng.randbytes(60_000))
        self.rig.finish(probe, 50_000)
        return probe

    def open_a_view(self):
        """A sealed recording under a view, to be read while there is no room."""
        self.shown = self.upload_one()
        opened = self.rig.town.request("POST", f"/api/v1/recordings/{self.shown.recording}/views", self.rig.token,
                                       body='{"purpose": "review"}')
        if opened.status != 201:
            raise AssertionError(f"no view: {opened.status} {opened.body}")
        self.original = opened.json()["original"]

    def read_all(self):
        """What is not served as it should be."""
        slug = next((self.rig.town.data / "ledger").iterdir()).name
        faults = []
        for path in [self.original, f"/api/v1/recordings/{self.shown.recording}/receipt", f"/ledger/{slug}/checkpoint",
                     f"/api/v1/recordings/{self.shown.recording}", self.shown.location]:
            answer = self.rig.town.request("GET", path, self.rig.token)
            if answer.status != 200:
                faults.append(f"GET {path} while full: {answer.status} {answer.body[:200]}")
            elif path == self.original and answer.body != self.shown.data:
                faults.append("the original was served with other bytes while full")
        # Who looks for what is entered before it is answered: without room for the entry there is no answer.
        listed = self.rig.town.request("GET", "/api/v1/recordings", self.rig.token)
        if listed.status not in (200, 507):
            faults.append(f"a list while full: {listed.status} {listed.body[:200]}")
        return faults

    def refused_creation(self):
        """While there is no room for anything, a new upload is refused, and with 507."""
        is_quota = self.what == "quota"
        data = self.campaign.rng.randbytes(300_000) if is_quota else bytes(50_000_000)
        upload = self.rig.new_upload(f"refused-{self.probes}-{len(self.accepted)}", data)
        try:
            self.rig.create(upload)
            if is_quota:
                # Nobody can be asked how much quota is left, and a row that fits into what the catalog has already takes none:
                # then it is the first bytes that are refused.
                self.accepted.append(upload)
                self.rig.patch(upload, 100_000)
        except Refused as refused:
            return [] if refused.status == 507 else [f"creation while full: {refused}"]
        return [f"an upload of {len(data)} bytes was accepted while there was no room"]

    def one_full(self, heals):
        """Fills, looks, frees, looks. Returns the faults."""
        rng = self.campaign.rng
        faults = []
        restarts = rng.random() < RESTARTS
        refused_before = sum(client.refusals for client in self.clients)
        with working(self.clients):
            try:
                self.wait_for_answers()
                left = self.filler.fill(rng)
                # Some client or other meets it; where room is left above the reserve, all that was accepted is sealed.
                wait_until(lambda: sum(client.refusals for client in self.clients) > refused_before, 2)
                faults += self.read_all()
                if left < RESERVE:
                    faults += self.refused_creation()
                if left >= RESERVE or self.filler.seals:
                    faults += self.sealed_while_full()
                if restarts:
                    faults += self.restart(left)
                self.filler.free()
                if not restarts:
                    faults += self.heal(heals)
            finally:
                self.filler.free()
                for client in self.clients:
                    client.is_stopping = True
        for client in self.clients:
            client.is_stopping = False
            if client.failure:
                faults.append(f"a client failed: {client.failure!r}")
                client.failure = None
        if restarts:
            faults += self.heal(heals)
        return faults

    def restart(self, left):
        """Killed while there is no room; what was told is there, and is served again."""
        self.rig.town.kill()
        faults = self.rig.check("dead")
        try:
            self.start()
            return faults + self.read_all()
        except AssertionError:
            code, said = self.rig.town.server.wait(), self.rig.errors()[-ERRORS_SHOWN:]
            self.rig.town.kill()
        is_plain = code == 1 and "Free or add storage; nothing already accepted is lost." in said
        if not is_plain or self.what == "inodes" or left >= START_BYTES_MAX:
            faults.append(f"it does not start with {left} bytes free: {code} {said}")
        self.not_started += 1
        self.filler.free()
        self.start()
        return faults + self.read_all()

    def jobs_given_up(self):
        catalog = sqlite3.connect(f"file:{self.rig.town.data / 'catalog.db'}?mode=ro", uri=True)
        try:
            given_up = catalog.execute("SELECT reason FROM jobs WHERE state = 'failed'").fetchall()
        finally:
            catalog.close()
        return [f"a job was given up: {reason}" for (reason,) in given_up]

    def sealed_while_full(self):
        """What was accepted fits into the room that is left, and the ledger has its reserve."""
        waiting = [client.uploads[-1] for client in self.clients
                   if client.uploads and client.uploads[-1].location and not client.uploads[-1].has_receipt]
        if wait_until(lambda: all(upload.has_receipt for upload in waiting), HEAL_SECONDS_MAX):
            return []
        return [f"accepted and not sealed within the reserve: {[upload.name for upload in waiting if not upload.has_receipt]}"]

    def heal(self, heals):
        """From the moment there is room: a new upload, and all those under way, come to their receipts."""
        begun = time.monotonic()
        waiting = [client.uploads[-1] for client in self.clients
                   if client.uploads and not client.uploads[-1].has_receipt]
        is_stopped = self.rig.town.server.poll() is not None
        if is_stopped:
            return [f"the server ended itself: {self.rig.errors()[-ERRORS_SHOWN:]}"]

        def try_one():
            try:
                self.upload_one()
                return True
            except (Refused, *GONE) as failure:
                self.last_refusal = failure
                return False

        if not wait_until(try_one, self.heal_seconds):
            return [f"no upload went through within {self.heal_seconds} s of there being room: {self.last_refusal}"]
        if any(client.is_running for client in self.clients):
            wait_until(lambda: all(upload.has_receipt for upload in waiting), self.heal_seconds)
        else:
            for upload in waiting:
                self.rig.finish(upload, 90_000)
        seconds = time.monotonic() - begun
        heals.append(seconds)
        left = [upload.name for upload in waiting if not upload.has_receipt]
        if left or seconds > HEAL_SECONDS_MAX:
            return [f"{seconds:.1f} s after there was room, not at their end: {left}: "
                    f"{self.rig.errors()[-ERRORS_SHOWN:]}"]
        return []


class Campaign:
    def __init__(self, template, shop, rng):
        self.template, self.shop, self.rng = template, shop, rng
        self.numbers = iter(range(1_000_000))
        self.over_quota = build(template.libraries, "over_quota", TEST / "soak" / "over_quota.c")

    def fulls(self, kind, count, planted=(), until_fault=False):
        """(faults, counts, seconds that healing took, refusals, uploads)"""
        faults, checked, heals = [], collections.Counter(), []
        with Town(self, kind, planted) as town:
            town.start()
            town.open_a_view()
            for i in range(count):
                found = town.one_full(heals)
                if until_fault and not found:
                    town.rig.town.kill()
                    found = town.rig.check("dead")
                    if not found:
                        town.start()
                faults += [f"{kind}, full {i}: {one}" for one in found]
                if found:
                    break
            refusals = sum(client.refusals for client in town.clients)
            uploads = [upload for client in town.clients for upload in client.uploads]
            if not faults:
                town.rig.town.kill()
                faults = town.rig.recover([*town.accepted, *(upload for upload in uploads if not upload.has_receipt)], 90_000)
                faults += town.jobs_given_up()
            checked.update(town.rig.checked)
            checked["not started"] += town.not_started
        return faults, checked, heals, refusals, len(uploads)

    def find_planted(self, kind):
        for name, what, words in PLANTED[kind]:
            for attempt in range(1, PLANTED_FULLS_MAX // FULLS_A_TOWN + 1):
                faults = self.fulls(kind, FULLS_A_TOWN, [name], until_fault=True)[0]
                telling = [fault for fault in faults if re.search(words, fault)]
                if telling:
                    print(f"{kind}: found in town {attempt}: {what} ({telling[0][:300]})", flush=True)
                    break
            else:
                raise SystemExit(f"{kind}: a planted bug was not found: {what}. What this campaign says is worth nothing.")
        return f"{len(PLANTED[kind])} of {len(PLANTED[kind])} found"

    def run(self, kind, count, planted):
        begun = time.monotonic()
        faults, counts, heals, refusals, uploads, done = [], collections.Counter(), [], 0, 0, 0
        while done < count:
            share = min(FULLS_A_TOWN, count - done)
            found, checked, seconds, refused, many = self.fulls(kind, share)
            faults += found
            counts.update(checked)
            heals += seconds
            refusals += refused
            uploads += many
            done += share
            print(f"  {kind}: {done} times full, {len(faults)} faults, {time.monotonic() - begun:.0f} s", flush=True)
        slowest = max(heals, default=0)
        print(f"{kind}: {done} times full, {uploads} uploads, {refusals} refused with 507, healed within {slowest:.2f} s, "
              f"{counts['not started']} times a server would not start with nothing free; checked {dict(counts)}", flush=True)
        least = FULLS_MIN // len(PLANTED)
        names = {"ext4": "disk full, ext4", "xfs": "disk full, XFS", "inodes": "no inodes left, ext4",
                 "quota": "quota used up (kept by a preloaded library), ext4"}
        figures.record("R6", f"{names[kind]}, at random moments of six uploads",
                       f"{done} times, {uploads} uploads all sealed, {refusals} requests refused with 507, all under way at "
                       f"its end within {slowest:.1f} s of there being room, {len(faults)} faults",
                       f"{least} times, 507 before acceptance, nothing told that is not true, reads served while full, all at its "
                       "end within 10 s and without a restart", not faults and done >= least, RUN, time.monotonic() - begun, planted)
        return faults


def main():
    enter_own_namespaces()
    kinds = sys.argv[1:] or list(PLANTED)
    rng = random.Random(seed())
    template = Template(beat=1)
    faults = []
    try:
        with workshop(16 * GIB) as shop:
            campaign = Campaign(template, shop, rng)
            for kind in kinds:
                planted = campaign.find_planted(kind)
                faults += campaign.run(kind, -(-number("LAPEL_FULL_DISKS", FULLS_MIN) // len(kinds)), planted)
    finally:
        template.close()
    for fault in faults[:FAULTS_SHOWN_MAX]:
        print(fault)
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
