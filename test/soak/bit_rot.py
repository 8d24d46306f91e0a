#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One bit at a time goes wrong in what a server keeps, and `lapel ledger check` has to name it.

    bit_rot.py [ORIGINALS [PAGE_BYTES [FLIPS]]]      1,000 originals, 2,000 bytes of the catalog, and 1,000 bits of the ledger's objects
                                                     and of rows each, where none are named; with fewer no bar is kept

A town is filled by its real server: originals, views, pictures that the media worker made, and a ledger of many tiles. Then,
on copies:
    originals   one bit flipped in each; all named, in batches, and nothing else
    tiles       one bit flipped in each object of the ledger, over and over, one at a time; named by object or by leaf
    rows        one bit flipped in a column that an event speaks of, as often; the row's subject, leaf or view is named
    pages       one byte changed anywhere in catalog.db: found by the check or by the database; where it is not, both databases
                are read row by row with Python's SQLite, and what differs is on the list below, read by people, or a fault
    serving     a damaged original is refused by every way out but a view, and the receipt convicts it
A check that ends by a signal is a fault whatever it found. Planted before each: a check of something else; of originals also one
that leaves a fault out, and one that sees a fault too many; of pages also one that ends by a signal, and one that says nothing; of
serving, a server whose original is not damaged at all, of which nothing may be as specified.

    LAPEL_BIN        where the programs are (default build/bin)
    LAPEL_ROT_SEED   repeats a run
    LAPEL_FIGURES    the file that takes the figures
"""
import collections
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent / "server"))

import figures  # noqa: E402  (the paths above lead there)
from harness import BIN, ROOT, Town, metadata, run, sha256  # noqa: E402

BATCH = 250        # originals damaged at once: the check names at most 1,000
FLIPS = 1_000      # of rows, and of the ledger's objects
ROWS_BATCH = 50
PLANTED = 20       # bits flipped under a check that is none
PAGE_BYTES = 2_000
ORIGINALS = 1_000
SERVED = 20
RUN = "tools/soak.sh bit_rot"
JOBS = 2           # checks at once
PATIENCE_S = 120

# Columns that may change without a word from the check, and why that harms no evidence (SECURITY.md says the same).
UNLISTED = {
    "uploads": "an upload's row after its recording is sealed; of an unfinished one the hash at its end will not fit",
    "jobs": "work that can be done again",
    "passwords": "a sign-in that no longer works, or, of a hash, no password fits",
    "tokens.secret_sha256": "a credential that no longer works: only its hash is kept, and no token fits another",
    "tokens.used_us": "on which day a token was used last, shown to administrators",
    "tokens.created_us": "below the hundredth of a second that the event keeps",
    "tokens.expires_us": "below the hundredth of a second that the event keeps",
    "tokens.revoked_us": "below the hundredth of a second that the event keeps",
    "tokens.is_sealed": "one that says it is of before is noted, if it is older than all events of tokens, and its event is compared all the same",
    "sessions": "as tokens.secret_sha256",
    "factors": "a factor that no longer works: an app's secret opens only with its owner's key",
    "recovery_codes": "as tokens.secret_sha256",
    "signin_failures": "who is locked out until an administrator releases them",
    "signin_events": "what happened to an account, shown to administrators; what concerns evidence is in the ledger",
    "signin_rules": "whether a second factor is asked for, and the words of the notice, where no event has changed them since there are such events",
    "signin_keys": "under which challenges are made, for five minutes each",
    "used_challenges": "as signin_keys",
    "setup_links": "as tokens.secret_sha256; a link for a hosted agency's first administrator lives seven days",
    "person_links": "as setup_links; a link for somebody who was added",
    "sign_in_providers.client_secret": "a provider that does not believe this server; it opens only with the agency's key",
    "sign_in_providers.set_us": "when; the event has it",
    "provider_links": "an account at the provider that is nobody here until it is linked again",
    "managed_people": "whether somebody signs in through the provider alone; what they may do is compared",
    "directory_users": "what the directory said last, and says again; what follows of it is compared with the person",
    "directory_groups": "as directory_users",
    "directory_members": "as directory_users",
    "camera_accounts": "as tokens.secret_sha256; where a system reaches this server, and when it was last there",
    "camera_entries": "what a camera system said last of its users and cameras, and says again; whose a recording is is compared with its admission",
    "camera_containers": "as camera_entries; what was said of a recording when it was complete is compared, with its files' number",
    "camera_files": "which objects of a container are there already: one that is sent again is admitted again; the files themselves are compared",
    "camera_numbers": "what a camera's counter and a file's header said, from which gaps and overlaps are found: one may go untold, or be told that is none; "
                      "findings are sealed and compared, and so are the recordings",
    "camera_marks": "how far the ledger has been read for that: too far back, what is there already stays; too far ahead, files between are not judged",
    "dock_codes": "as tokens.secret_sha256; a code lives 15 minutes",
    "share_codes": "as tokens.secret_sha256; a code lives a day",
    "share_sessions": "as tokens.secret_sha256",
    "share_views.ends_us": "until when a view of a recipient serves bytes, within the share's own end, which is compared",
    "watched_acts.tie": "what somebody had to do with a recording, by the roster of that moment",
    "watch_marks.leaf_index": "how far the ledger has been followed: too far back, what is there already is refused",
    "watch_marks.shares_after": "from where on shares were looks: what was judged before it, or was not after it, is told",
    "digest_weeks.from_us": "of a week that nobody had to read; where a digest was made it is compared",
    "digest_weeks.leaf_index": "as digest_weeks.from_us",
    "digest_weeks.is_made": "makes a week again, which has its digests already",
    "alerts.acknowledged_us": "when; who and why are compared, and the event has it",
    "digests.signed_us": "when; that it is signed is compared, and the event has it",
    "access_reviews.at_us": "when; the event has it",
    "program_draft_reviews.decided_us": "below the hundredth of a second that the event keeps",
    "program_drafts.drafted_us": "below the hundredth of a second that the event keeps",
    "program_publications.published_us": "below the hundredth of a second that the event keeps",
    "program_statements.recorded_at_us": "below the hundredth of a second that the event keeps",
    "schema_versions": "the version of a module's tables: a higher one is refused at start, a lower one fails to be reached again",
    "agencies.name": "how the agency is called on screens; its origin and slug are compared",
    "agencies.is_first": "which ledger answers without its slug in the address",
    "people.login": "the name one signs in with",
    "people.added_us": "shown to administrators; the event has it",
    "devices.added_us": "as people.added_us",
    "docks.added_us": "as people.added_us",
    "docks.enrolled_us": "as people.added_us",
    "docks.revoked_us": "when; that it is revoked is compared",
    "recordings.filetype": "what the uploader called it: a hint for the player",
    "recordings.folded": "a copy for searching",
    "recordings.more": "further words of the uploader",
    "recordings.revision": "how often it was changed, by which a change or a decision about what was changed meanwhile is refused: one may be refused that "
                           "need not, or done that should not; what was done is compared",
    "recordings.recorded_us": "below the hundredth of a second that the event keeps",
    "recordings.received_us": "below the hundredth of a second that the event keeps",
    "recordings.media_verdict": "copy of the item `probe`, which is compared",
    "recordings.media_sentence": "copy of the item `probe`",
    "recordings.duration_ms": "copy of the item `probe`",
    "recordings.width": "copy of the item `probe`",
    "recordings.height": "copy of the item `probe`",
    "recordings.frames": "copy of the item `probe`",
    "recordings.video_codec": "copy of the item `probe`",
    "recordings.audio_codec": "copy of the item `probe`",
    "recordings.file_created_us": "copy of the item `probe`",
    "views.opened_us": "the event has it",
    "views.expires_us": "until when a view could be watched",
    "derived_items.made_us": "the event has it",
    "renditions.made_us": "the event has it",
    "renditions.watermark": "its item's arguments have it, which are compared",
    "renditions.refusal": "why there is no copy, for who waits for it",
    "renditions.forgotten_us": "when a copy was removed; its holder's right is told elsewhere",
    "renditions.swept_us": "whether its bytes are looked for once more",
    "ledger_published.at_us": "no reader is given it: the checkpoint is what outsiders hold",
    "ledgers.scheduled_s": "makes statements early, late or twice, which outsiders see and the check counts",
    "ledgers.tallied_to_us": "as scheduled_s",
    "ledgers.last_beat": "delays or repeats a beat, which outsiders see",
}

# Of these, only what lies below the hundredth of a second.
BELOW_A_HUNDREDTH = ("recordings.recorded_us", "recordings.received_us", "program_statements.recorded_at_us",
                     "program_publications.published_us", "program_drafts.drafted_us", "program_draft_reviews.decided_us",
                     "tokens.created_us", "tokens.expires_us", "tokens.revoked_us")


class Rot:
    def __init__(self, seed, originals, page_bytes, flips):
        self.rng = random.Random(seed)
        self.originals, self.page_bytes, self.flips = originals, page_bytes, flips
        self.faults = []
        self.results = {}
        self.planted, self.seconds, self.was_kept = {}, {}, {}
        self.begun = time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", flush=True)

    def fault(self, text):
        self.faults.append(text)
        if len(self.faults) <= 40:
            print(f"FAULT {text}", flush=True)

    # ---- the town ----

    def fill(self, town):
        self.token = town.add_user("clerk", "records", badge="7")
        town.start()
        clips = self.clips()
        for clip in clips:
            town.upload(self.token, clip.read_bytes(), filename=clip.name, device="AX-1", wearer="7", recorded_at="2026-11-01T10:00:00Z")
        deadline = time.monotonic() + PATIENCE_S
        while any(item["media"]["state"] not in ("done", "failed") for item in self.list(town)):
            if time.monotonic() > deadline:
                raise AssertionError("the media worker comes to no end")
        town.stop()
        town.start("--media-worker", "/nonexistent")  # the rest is no footage and needs no pictures
        connection = http.client.HTTPConnection("127.0.0.1", town.port, timeout=60)
        for number in range(self.originals):
            data = self.rng.randbytes(self.rng.randrange(64, 9_000))
            more = {"filename": f"{number}.bin", "incident": f"24-{number:06}", "category": "Traffic stop", "device": f"AX-{number % 7}"}
            connection.request("POST", "/api/v1/uploads", body=data, headers={
                "Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)),
                "Content-Type": "application/offset+octet-stream", "Upload-Metadata": metadata(**more)})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 201:
                raise AssertionError(f"not created: {answer.status}")
        connection.close()
        deadline = time.monotonic() + PATIENCE_S
        while town.events("recording.admitted") < self.originals + len(clips):
            if time.monotonic() > deadline:
                raise AssertionError("not all are sealed")
            time.sleep(0.05)
        for recording in self.rng.sample(self.recordings(town), min(200, self.originals)):
            answer = town.request("POST", f"/api/v1/recordings/{recording}/views", self.token,
                                  body=json.dumps({"purpose": "review", "case": "24-000117"}))
            if answer.status != 201:
                raise AssertionError(answer.body)
        # All of it under a published checkpoint and, but for the end, in full tiles.
        deadline = time.monotonic() + PATIENCE_S
        while not town.rows("SELECT 1 FROM ledgers WHERE tiled_size >= 1024 AND size - tiled_size < 256"):
            if time.monotonic() > deadline:
                raise AssertionError(f"no tiles: {town.rows('SELECT size, tiled_size FROM ledgers')}")
            time.sleep(0.2)
        if town.stop() != 0:
            raise AssertionError("the server did not stop well")
        catalog = sqlite3.connect(town.data / "catalog.db")
        catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        catalog.close()
        for name in ("catalog.db-wal", "catalog.db-shm"):
            (town.data / name).unlink(missing_ok=True)

    @staticmethod
    def clips():
        lines = (ROOT / "test/data/media_expected.tsv").read_text().splitlines()
        whole = [row[0] for row in (line.split("\t") for line in lines) if row[1] == "whole" and row[3] == "mp4" and row[9] == "h264"]
        return sorted((ROOT / "test/data" / path for path in whole), key=lambda path: path.stat().st_size)[:3]

    def list(self, town):
        return town.request("GET", "/api/v1/recordings?limit=200", self.token).json()["items"]

    def recordings(self, town):
        return [row[0] for row in town.rows("SELECT id FROM recordings ORDER BY id")]

    # ---- the check ----

    def check(self, data):
        """(exit code, what is told). A signal is a fault whatever was found."""
        done = run(BIN / "lapel", "ledger", "check", "--data", data, "--json", check=False, errors="surrogateescape")
        if not (done.stdout + done.stderr).isascii() and any("\udc80" <= c <= "\udcff" for c in done.stdout + done.stderr):
            self.fault(f"the check says what is no text: {done.stderr[:400]!r}")
        if done.returncode < 0:
            self.fault(f"the check ended by signal {-done.returncode}: {done.stderr[-400:]}")
        texts = []
        if done.stdout:
            report = json.loads(done.stdout)
            texts = [text for ledger in report["ledgers"] for text in ledger["faults"]] + report["catalog"]
        return done.returncode, texts + ([done.stderr] if done.returncode and not texts else [])

    def copy(self, data, to):
        subprocess.run(["cp", "-a", "--reflink=auto", data, to], check=True)
        return to

    # ---- originals ----

    def flip_file(self, path, from_byte=0):
        data = bytearray(path.read_bytes())
        bit = self.rng.randrange(8 * from_byte, 8 * len(data))
        data[bit // 8] ^= 1 << bit % 8
        mode = path.stat().st_mode
        path.chmod(0o640)
        path.write_bytes(data)
        path.chmod(mode)
        return bit

    def batch_of_originals(self, data, recordings, check):
        """How many of these, damaged all at once, the check does not name, and how much else it names."""
        paths = [next((data / "objects").glob(f"*/{recording[:2]}/{recording}")) for recording in recordings]
        kept = [path.read_bytes() for path in paths]
        for path in paths:
            self.flip_file(path)
        code, texts = check(data)
        for path, content in zip(paths, kept):
            mode = path.stat().st_mode
            path.chmod(0o640)
            path.write_bytes(content)
            path.chmod(mode)
        named = {text.partition("original of recording ")[2].partition(":")[0] for text in texts}
        missed = set(recordings) - named
        return (missed if code == 6 else set(recordings)), [text for text in texts if text.partition("original of recording ")[2].partition(":")[0]
                                                            not in recordings]

    def rot_originals(self, data, recordings):
        missed, extra = set(), []
        for at in range(0, len(recordings), BATCH):
            batch = self.batch_of_originals(data, recordings[at:at + BATCH], self.check)
            missed, extra = missed | batch[0], extra + batch[1]
        for recording in missed:
            self.fault(f"original of {recording}: a flipped bit is not named")
        for text in extra:
            self.fault(f"said besides: {text}")
        self.results["originals"] = (len(recordings), len(recordings) - len(missed))

    def found(self, what, *found):
        """What a poor check would say has to be noticed, or the campaign ends."""
        if not all(found):
            raise SystemExit(f"{what}: a planted check is not noticed: {found}")
        self.planted[what] = f"{sum(found)} of {len(found)} found"

    def elsewhere(self, pristine):
        """A check that looks at something else."""
        return lambda unused: self.check(pristine)

    def plant_in_originals(self, data, pristine, recordings):
        elsewhere = self.elsewhere(pristine)

        def one_less(directory):
            code, texts = self.check(directory)
            return code, texts[1:]

        def one_more(directory):
            code, texts = self.check(directory)
            return code, texts + [f"original of recording {'0' * 32}: its bytes hash to something else"]

        batch = recordings[:20]
        self.found("originals", self.batch_of_originals(data, batch, elsewhere)[0] == set(batch),
                   len(self.batch_of_originals(data, batch, one_less)[0]) == 1, len(self.batch_of_originals(data, batch, one_more)[1]) == 1)

    # ---- tiles ----

    def rot_tiles(self, data, pristine):
        missed = self.flip_tiles(data, PLANTED, self.elsewhere(pristine))[1]
        self.found("objects of the ledger", len(missed) == PLANTED)
        tried, missed, self.unnamed, objects = self.flip_tiles(data, self.flips, self.check)
        for text in missed:
            self.fault(text)
        self.results["objects of the ledger"] = (tried, tried - len(missed))
        return objects

    def flip_tiles(self, data, flips, check):
        """A random bit of each object of the ledger, over and over: (how many, what was not named, of how many only the ledger was,
        how many objects there are)."""
        catalog = sqlite3.connect(f"file:{data / 'catalog.db'}?mode=ro", uri=True)
        tiled = catalog.execute("SELECT tiled_size FROM ledgers").fetchone()[0]
        batches = dict(catalog.execute("SELECT object, first_index FROM ledger_batches"))
        catalog.close()
        # What has gone into tiles stands about until it is old, and nobody reads it again: whole batches, and of the last
        # of them the entries before the tiles' end.
        objects, first_bytes = [], {}
        for path in sorted(path for path in (data / "ledger").rglob("*") if path.is_file()):
            name = str(path.relative_to(data))
            if "staged" not in path.parts:
                objects.append(path)
            elif name in batches:
                content, at = path.read_bytes(), 0
                for _ in range(max(tiled - batches[name], 0)):
                    at += 2 + int.from_bytes(content[at:at + 2], "big")
                objects.append(path)
                first_bytes[path] = at
        missed, unnamed = [], 0
        for tried in range(flips):
            path = objects[tried % len(objects)]
            content = path.read_bytes()
            bit = self.flip_file(path, first_bytes.get(path, 0))
            code, texts = check(data)
            path.unlink()
            path.write_bytes(content)
            path.chmod(0o440)
            name = str(path.relative_to(data))
            if code == 6 and any(name in text or self.is_leaf_of(path, text) for text in texts):
                continue
            if code == 6 and path in first_bytes and any("do not hash to the stored root" in text for text in texts):
                unnamed += 1  # nothing but the root vouches for a batch until it is in tiles: the ledger is named, not the batch
            else:
                missed.append(f"{name}: bit {bit} is not named: {code} {texts[:3]}")
        return flips, missed, unnamed, len(objects)

    @staticmethod
    def is_leaf_of(path, text):
        """A bundle is named as well by a leaf in it."""
        leaf = re.search(r"leaf (\d+)", text)
        if not leaf or "entries" not in path.parts:
            return False
        bundle = int("".join(part.lstrip("x") for part in path.parts[path.parts.index("entries") + 1:]))
        return bundle == int(leaf[1]) // 256

    # ---- rows ----

    # Of which columns an event speaks, and by what the check names the row: SQL of (row, name, column values).
    COLUMNS = [
        ("recordings", "'recording ' || id", ["sha256", "bytes", "filename", "uploader", "device", "incident", "category", "chain_starts_at"]),
        ("views", "'view ' || id", ["person", "purpose", "case_number"]),
        ("ledger_events", "'leaf ' || leaf_index || ':'", ["event", "at_us", "type"]),
        ("ledger_chains", "'subject ' || subject || ':'", ["last_commitment", "last_index"]),
    ]

    def rot_rows(self, data, pristine):
        missed = self.flip_rows(data, PLANTED, self.elsewhere(pristine))[1]
        self.found("rows", len(missed) == PLANTED)
        tried, missed = self.flip_rows(data, self.flips, self.check)
        for text in missed:
            self.fault(text)
        self.results["rows"] = (tried, tried - len(missed))

    def flip_rows(self, data, flips, check):
        """(how many, what was not named)"""
        catalog_file = data / "catalog.db"
        pristine = catalog_file.read_bytes()
        catalog = sqlite3.connect(f"file:{catalog_file}?mode=ro", uri=True)
        cells = []
        for table, name, columns in self.COLUMNS:
            for column in columns:
                rows = catalog.execute(f"SELECT rowid, {name}, {column} FROM {table} WHERE {column} IS NOT NULL AND {column} <> ''").fetchall()
                cells += [(table, column, *row) for row in rows]
        catalog.close()
        # As many of each column as of any other, as far as it has so many; then of those that have more.
        by_column = collections.defaultdict(list)
        for cell in self.rng.sample(cells, len(cells)):
            by_column[cell[:2]].append(cell)
        chosen = [column[i] for i in range(max(map(len, by_column.values()))) for column in by_column.values() if i < len(column)]
        tried, missed = 0, []
        while chosen and tried < flips:
            # Disjoint, so that each can be named by itself; an event that is damaged may take its row's name with it.
            batch, rows = [], set()
            tables = next(group for group in (("recordings", "views"), ("ledger_events",), ("ledger_chains",)) if chosen[0][0] in group)
            for cell in chosen[:8 * ROWS_BATCH]:
                if cell[0] in tables and len(batch) < min(ROWS_BATCH, flips - tried) and (cell[0], cell[2]) not in rows:
                    rows.add((cell[0], cell[2]))
                    batch.append(cell)
            taken = set(batch)
            chosen = [cell for cell in chosen if cell not in taken]
            catalog = sqlite3.connect(catalog_file)
            for cell in list(batch):
                table, column, row, _, value = cell
                try:
                    catalog.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (self.flip_value(value, column), row))
                except sqlite3.IntegrityError:
                    batch.remove(cell)  # the catalog's own rules say no
            catalog.commit()
            catalog.close()
            code, texts = check(data)
            self.restore(catalog_file, pristine)
            for table, column, row, name, value in batch:
                tried += 1
                if code != 6 or not any(name in text for text in texts):
                    missed.append(f"{table}.{column} of row {row} ({name}), {value!r}: a flipped bit is not named: {code} {texts[:2]}")
        return tried, missed

    def flip_value(self, value, column):
        if isinstance(value, int):
            # Times are compared to the hundredth of a second, as the event has them.
            return value ^ (1 << self.rng.randrange(14 if column.endswith("_us") else 0, 40))
        data = bytearray(value.encode())
        while True:  # a bit that leaves text a text: what is none is tried among the pages
            changed = bytearray(data)
            bit = self.rng.randrange(8 * len(data))
            changed[bit // 8] ^= 1 << bit % 8
            if changed[bit // 8] and changed[bit // 8] < 128 and data[bit // 8] < 128:
                return changed.decode()

    @staticmethod
    def restore(catalog_file, pristine):
        for name in ("catalog.db-wal", "catalog.db-shm"):
            catalog_file.with_name(name).unlink(missing_ok=True)
        catalog_file.write_bytes(pristine)

    # ---- pages ----

    def plant_in_pages(self, copy, whole, pristine, rows):
        """A byte of a digest that recordings and events have: whoever does not see it, dies of it or says nothing is noticed."""
        digest = next(iter(rows["recordings"][1]))[rows["recordings"][0].index("sha256")]
        places = [found.start() for found in re.finditer(digest, pristine)]

        def noticed(check):
            ends = [self.one_page_byte(copy, pristine, rows, at, 1, check)[0] for at in places]
            return "FAULT" in ends

        self.found("bytes of the catalog", noticed(self.elsewhere(whole)), noticed(lambda unused: (-11, [])), noticed(lambda unused: (6, ["no"])))

    def rot_pages(self, copies, whole):
        pristine = (copies[0] / "catalog.db").read_bytes()
        rows = dump(copies[0] / "catalog.db")
        self.plant_in_pages(copies[0], whole, pristine, rows)
        places = [(self.rng.randrange(len(pristine)), self.rng.randrange(1, 256)) for _ in range(self.page_bytes)]
        # The header and the pages of the schema are few among so many: each of their first bytes as well.
        places += [(at, self.rng.randrange(1, 256)) for at in range(100)]

        def share(copy, mine):
            return [self.one_page_byte(copy, pristine, rows, *place) for place in mine]

        with concurrent.futures.ThreadPoolExecutor(len(copies)) as pool:
            shares = pool.map(share, copies, [places[i::len(copies)] for i in range(len(copies))])
            ends = [end for ended in shares for end in ended]
        counts = collections.Counter(end for end, _ in ends)
        for end, text in ends:
            if end == "FAULT":
                self.fault(text)
        self.results["bytes of the catalog"] = (len(ends), len(ends) - counts["FAULT"])
        self.page_ends = counts
        print("\n".join(f"    {count:5}  {end}" for end, count in counts.most_common()), flush=True)

    def one_page_byte(self, copy, pristine, rows, at, mask, check=None):
        catalog_file = copy / "catalog.db"
        changed = bytearray(pristine)
        changed[at] ^= mask
        self.restore(catalog_file, changed)
        code, texts = (check or self.check)(copy)
        where = f"byte {at} of catalog.db (page {at // 4096 + 1}) ^ {mask:#x}"
        if code != 0:
            sentence = " ".join(texts)
            if code < 0:
                return "FAULT", f"{where}: ended by signal {-code}"
            if len(sentence) < 20:
                return "FAULT", f"{where}: ends with {code} and says nothing: {sentence!r}"
            return f"found, exit code {code}", ""
        # Not a word: then it must be of no consequence, which two readings of the database show.
        self.restore(catalog_file, changed)
        try:
            other = dump(catalog_file)
        except sqlite3.DatabaseError as error:
            return "FAULT", f"{where}: not found, and Python cannot read the database: {error}"
        if other == rows:
            return "irrelevant: every row reads the same", ""
        reasons = set()
        for table in {*rows, *other}:
            mine, theirs = rows.get(table), other.get(table)
            if mine == theirs:
                continue
            columns = differing(mine, theirs)
            for column, is_small in columns:
                key = table if table in UNLISTED else f"{table}.{column}"
                if key not in UNLISTED or (key in BELOW_A_HUNDREDTH and not is_small):
                    return "FAULT", f"{where}: not found, and {table}.{column} differs"
                reasons.add(key)
        return "no evidence: " + ", ".join(sorted(reasons)), ""

    # ---- serving ----

    def serve_damaged(self, town, data, recordings):
        town.data = data
        sound = self.serve(town, data, recordings[:1], is_damaged=False)
        self.found("ways out", *[way not in sound.ways for way in WAYS_OUT])
        served = self.serve(town, data, self.rng.sample(recordings, SERVED), is_damaged=True)
        for text in served.faults:
            self.fault(text)
        self.results["ways out"] = (sum(served.ways.values()) + len(served.faults), sum(served.ways.values()))
        print("\n".join(f"    {count:5}  {way}" for way, count in served.ways.items()), flush=True)

    def serve(self, town, data, chosen, is_damaged):
        """What each way out makes of a damaged original."""
        served = Counter_of_ways()
        genuine = {}
        for recording in chosen:
            path = next((data / "objects").glob(f"*/{recording[:2]}/{recording}"))
            genuine[recording] = path.read_bytes()
            if is_damaged:
                self.flip_file(path)
        town.start("--media-worker", "/nonexistent")
        environment = {**os.environ, "LAPEL_TOKEN": self.token, "LAPEL_SERVER": town.url}
        for recording in chosen:
            base = f"/api/v1/recordings/{recording}"
            answer = town.request("POST", f"{base}/exports", self.token, body='{"purpose": "discovery"}')
            served.must("export over HTTP refused", answer.status == 500 and answer.json()["type"] == "/problems/object-damaged", answer.body)
            out = town.home / f"export-{recording}"
            done = run(BIN / "lapel", "recording", "export", recording, "--out", out, "--purpose", "discovery", check=False, env=environment)
            served.must("lapel recording export refused", done.returncode == 6 and not (out / "originals" / recording).exists(), done.stderr)
            got = town.home / f"got-{recording}"
            done = run(BIN / "lapel", "recording", "get", recording, "--out", got, "--purpose", "review", check=False, env=environment)
            served.must("lapel recording get refused", done.returncode == 6 and not got.exists(), done.stderr)
            view = town.request("POST", f"{base}/views", self.token, body='{"purpose": "review"}').json()
            answer = town.request("GET", view["original"], self.token)
            is_told = answer.headers["ETag"] == f'"{sha256(genuine[recording])}"' and sha256(answer.body) != sha256(genuine[recording])
            served.must("a view serves it, beside the sealed digest as its ETag", answer.status == 200 and is_told, answer.headers)
            code, _ = town.verify(town.receipt(recording, self.token), answer.body)
            served.must("its receipt convicts it", code == 6, code)
            for written in (out, got):  # of what is not damaged
                subprocess.run(["rm", "-rf", written], check=True)
        code, texts = self.check(data)  # beside the running server
        served.must("named by a check beside the server", code == 6 and all(any(r in text for text in texts) for r in chosen), texts)
        town.stop()
        return served

    # ---- all of it ----

    def run(self):
        with Town(beat=1) as town:
            self.fill(town)
            recordings = self.recordings(town)
            size = (town.data / "catalog.db").stat().st_size
            self.say(f"{len(recordings)} originals, a catalog of {size:,} bytes")
            pristine = town.data
            work = [self.copy(pristine, town.home / f"copy-{i}") for i in range(JOBS)]
            before = time.monotonic()
            if self.check(work[0]) != (0, []):
                raise SystemExit(f"faults where nothing is damaged: {self.check(work[0])}")
            self.say(f"0 false alarms on the untouched copy; a check takes {time.monotonic() - before:.2f} s")
            with self.timed("originals"):
                self.plant_in_originals(work[0], pristine, recordings)
                self.rot_originals(work[0], recordings)
            with self.timed("objects of the ledger"):
                objects = self.rot_tiles(work[0], pristine)
            self.say(f"there are {objects} objects of the ledger")
            with self.timed("rows"):
                self.rot_rows(work[0], pristine)
            for copy in work:
                shutil.rmtree(copy)
                self.copy(pristine, copy)
            with self.timed("bytes of the catalog"):
                self.rot_pages(work, pristine)
            shutil.rmtree(work[0])
            self.copy(pristine, work[0])
            with self.timed("ways out"):
                self.serve_damaged(town, work[0], recordings)
            self.is_still_sound = self.check(pristine) == (0, [])
            if not self.is_still_sound:
                self.fault("the untouched directory has faults at the end")
        return 1 if self.faults else 0


    @contextlib.contextmanager
    def timed(self, what):
        begun, before = time.monotonic(), len(self.faults)
        yield
        self.seconds[what] = time.monotonic() - begun
        self.say(f"{what}: {self.results[what]}, {len(self.faults) - before} faults; planted: {self.planted[what]}")
        self.was_kept[what] = len(self.faults) == before

    def record(self, what, figure, value, bar, is_enough):
        # A check that sees faults where there are none says so before everything or after it.
        figures.record("R8", figure, value, bar, is_enough and self.was_kept[what] and self.is_still_sound, run=RUN, seconds=self.seconds[what],
                       planted=self.planted[what])

    def record_all(self):
        tried, found = self.results["originals"]
        self.record("originals", "one bit flipped in an original, of many at once", f"{found} of {tried} named, nothing else said",
                    f"{ORIGINALS:,} originals, each named by one check; 0 false alarms, of the untouched directory as well", tried >= ORIGINALS)
        tried, found = self.results["objects of the ledger"]
        self.record("objects of the ledger", "one bit flipped in an object of the ledger: tiles, entries, staged batches",
                    f"{found} of {tried}: {found - self.unnamed} named by object or leaf, {self.unnamed} in staged batches by their ledger and its "
                    "size alone", f"{FLIPS:,} bits, each found by one check and named; in a batch not yet in tiles its ledger is named", tried >= FLIPS)
        tried, found = self.results["rows"]
        self.record("rows", f"one bit flipped in a column of recordings, views or the ledger that an event speaks of, up to {ROWS_BATCH} rows at once", f"{found} of {tried} named",
                    f"{FLIPS:,} bits, each named by its recording, view, subject or leaf in one check", tried >= FLIPS)
        ends = "; ".join(f"{end}: {count}" for end, count in self.page_ends.most_common())
        self.record("bytes of the catalog", "one byte changed anywhere in catalog.db", ends,
                    f"{PAGE_BYTES:,} bytes, each found, or shown to be of no consequence", self.page_ends.total() >= PAGE_BYTES)
        tried, found = self.results["ways out"]
        self.record("ways out", "a damaged original on its way out", f"{found} of {tried} as specified: exports and downloads by lapel refused, "
                    "receipts convict; a view serves ranges unread, beside the sealed digest", f"{SERVED} originals: never exported; flagged wherever "
                    "all of it is read", found == tried)


WAYS_OUT = ("export over HTTP refused", "lapel recording export refused", "lapel recording get refused",
            "a view serves it, beside the sealed digest as its ETag", "its receipt convicts it", "named by a check beside the server")


class Counter_of_ways:
    def __init__(self):
        self.ways, self.faults = collections.Counter(), []

    def must(self, way, holds, otherwise):
        if holds:
            self.ways[way] += 1
        else:
            self.faults.append(f"not so: {way}: {str(otherwise)[:300]}")


def dump(path):
    """Every row of every table, by the table's name, without the help of any index; and the schema."""
    catalog = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    catalog.text_factory = bytes
    try:
        schema = catalog.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
        out = {"sqlite_master": (["type", "name", "tbl_name", "sql"], schema)}
        for kind, name, _, _ in schema:
            if kind == b"table":
                cursor = catalog.execute(f'SELECT rowid, * FROM "{name.decode()}" NOT INDEXED ORDER BY rowid')
                out[name.decode()] = ([column[0] for column in cursor.description], cursor.fetchall())
        return out
    finally:
        catalog.close()


def differing(mine, theirs):
    """(column in which two tables differ, whether only by less than a hundredth of a second)."""
    if mine is None or theirs is None or mine[0] != theirs[0] or len(mine[1]) != len(theirs[1]):
        return {("its rows", False)}
    return {(column, isinstance(x, int) and isinstance(y, int) and x // 10_000 == y // 10_000)
            for a, b in zip(mine[1], theirs[1]) for column, x, y in zip(mine[0], a, b) if x != y or type(x) is not type(y)}


def main():
    sizes = [int(argument) for argument in sys.argv[1:]]
    seed = int(os.environ.get("LAPEL_ROT_SEED", 0)) or random.SystemRandom().randrange(1, 2**32)
    print(f"seed {seed} (LAPEL_ROT_SEED={seed} repeats it)", flush=True)
    rot = Rot(seed, *[*sizes, *(ORIGINALS, PAGE_BYTES, FLIPS)[len(sizes):]])
    code = rot.run()
    print(f"{rot.results}, {time.monotonic() - rot.begun:.0f} s, {len(rot.faults)} faults")
    rot.record_all()
    return code


if __name__ == "__main__":
    sys.exit(main())
