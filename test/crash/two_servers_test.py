#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two servers on one PostgreSQL database and one directory, either killed at any time, and PostgreSQL itself.

Clients go from one server to the other as they like, in the middle of an upload too, and keep what they were told where
no server can reach it. The checker is a program of its own (check.py); it reads the catalog through PostgreSQL's client.

    LAPEL_TWO_SERVER_KILLS    how often a server is killed (8)
    LAPEL_DATABASE_KILLS      how often PostgreSQL is (2)
    LAPEL_CRASH_SEED          repeats a run's choices, though not its timing
"""
import contextlib
import copy
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from rig import GONE, Acks, Checkers, Refused, Upload, number, seed

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from figures import record  # noqa: E402
from harness import BIN, Town, sha256, until  # noqa: E402
from postgres import PrivatePostgres  # noqa: E402

CLIENTS = 8
BYTES_MAX = 300_000
PART_MAX = 60_000
PLANTED = {"R1": "two sequencers without a common swap", "R10": "a database that loses commits"}
FOUND = set()  # of these
LINES = []  # of figures, told when it is known what was found
KILLS_MIN, DATABASE_KILLS_MIN = 200, 20  # below these no bar is kept
# What a client asks HEAD after: another holds the upload, it has gone on or is finished since, the server is going, the
# catalog is away.
FOR_NOW = {403, 404, 409, 423, 500, 503}


def setUpModule():
    global SEED, POSTGRES, CHECKERS
    SEED = seed()
    POSTGRES = PrivatePostgres()
    CHECKERS = Checkers()


def tearDownModule():
    CHECKERS.close()
    POSTGRES.close()
    for line in LINES:
        record(*line, planted=f"{len(FOUND & {line[0]})} of 1 found")


class Pair:
    """One installation on PostgreSQL and two servers for it."""

    def __init__(self, rng):
        self.rng = rng
        self.database = POSTGRES.new_database()
        self.first = Town(beat=2, database=self.database)
        self.token = self.first.add_user("clerk", "records")
        self.second = copy.copy(self.first)
        self.databases = {id(self.first): self.database, id(self.second): self.database}
        self.outside = pathlib.Path(tempfile.mkdtemp(prefix="lapel-outside-"))
        self.sources = self.outside / "sources"
        self.sources.mkdir()
        self.acks = Acks(self.outside / "acks", self.outside / "no-log")
        self.mutex = threading.Lock()
        self.enough = threading.Event()
        self.uploads, self.crossings, self.troubles, self.broken = 0, 0, 0, []
        self.checked = {}

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.enough.set()
        for town in (self.first, self.second):
            town.kill()
        self.acks.close()
        self.first.__exit__()
        shutil.rmtree(self.outside, ignore_errors=True)

    def start(self, *towns):
        for town in towns or (self.first, self.second):
            town.start("--database", self.databases[id(town)])

    # ---- clients ----

    def one_upload(self, rng, towns):
        """From nothing to its receipt, each request to whichever server."""
        with self.mutex:
            self.uploads += 1
            upload = Upload(f"clip-{self.uploads}.mp4", None)
        upload.data = rng.randbytes(rng.randrange(1, BYTES_MAX))
        (self.sources / upload.name).write_bytes(upload.data)
        before, is_sealed = None, False
        for _ in range(20_000):
            town = rng.choice(towns)
            try:
                if upload.location is None:
                    answer = self.expect(201, town.create(self.token, len(upload.data), filename=upload.name,
                                                          sha256=sha256(upload.data)))
                    upload.location = answer.headers["Location"]
                    self.acks.tell(upload.id, "created", name=upload.name)
                    self.acks.tell(upload.id, "offset", offset=int(answer.headers["Upload-Offset"]))
                elif upload.offset < len(upload.data):
                    answer = self.expect(200, town.tus("HEAD", upload.location, self.token))
                    upload.offset = int(answer.headers["Upload-Offset"])
                    self.acks.tell(upload.id, "offset", offset=upload.offset)
                    if upload.offset < len(upload.data):
                        end = min(len(upload.data), upload.offset + rng.randrange(1, PART_MAX))
                        self.acks.tell(upload.id, "sent", offset=end)
                        answer = self.expect(204, town.patch(upload.location, self.token, upload.offset,
                                                             upload.data[upload.offset:end]))
                        upload.offset = int(answer.headers["Upload-Offset"])
                        self.acks.tell(upload.id, "offset", offset=upload.offset)
                        with self.mutex:
                            self.crossings += before not in (None, town)
                        before = town
                elif not is_sealed:
                    state = self.expect(200, town.request("GET", upload.location, self.token)).json()
                    if state["state"] == "refused":
                        raise AssertionError(f"refused: {state}")
                    if state["state"] == "sealed":
                        is_sealed, upload.recording = True, state["recording"]
                        self.acks.tell(upload.id, "sealed", recording=upload.recording)
                    else:
                        self.enough.wait(0.002)  # asked oftener, a fast machine meets the limit
                else:
                    path = f"/api/v1/recordings/{upload.recording}/receipt"
                    answer = self.expect(200, town.request("GET", path, self.token))
                    self.acks.tell(upload.id, "receipt", recording=upload.recording, text=answer.body.decode())
                    return
            except GONE:
                with self.mutex:
                    self.troubles += 1
                self.enough.wait(0.005)  # a server that is not there is not asked in a tight loop
            except Refused as refused:
                if refused.status not in FOR_NOW:
                    raise
                with self.mutex:
                    self.troubles += 1
        raise AssertionError(f"{upload.name} does not come to its end: {(self.first.home / 'server.err').read_text()[-3000:]}")

    @staticmethod
    def expect(status, answer):
        if answer.status != status:
            raise Refused(answer)
        return answer

    def client(self, number, towns):
        rng = random.Random(f"{SEED} {number}")
        try:
            while not self.enough.is_set():
                self.one_upload(rng, towns)
        except BaseException as error:  # told by the main thread
            self.broken.append(error)

    def run_clients(self, disturb, towns=None):
        towns = towns or (self.first, self.second)
        threads = [threading.Thread(target=self.client, args=(i, towns)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            disturb()
        finally:
            self.enough.set()
            for thread in threads:
                thread.join()
        if self.broken:
            raise self.broken[0]

    def until_told(self, more):
        """Waits until clients have been told so much more, or one has given up."""
        wanted = self.acks.count + more
        for _ in range(120_000):
            if self.acks.count >= wanted or self.broken:
                return
            time.sleep(0.001)
        raise AssertionError("the clients are told nothing any more")

    # ---- the checker ----

    def check(self, phase, *more, town=None):
        town = town or self.first
        arguments = [phase, "--data", town.data, "--acks", self.acks.path, "--sources", self.sources, "--memory",
                     self.outside / "memory", "--database", self.database, *more]
        if phase == "live":
            arguments += ["--url", town.url, "--token", self.token, "--programs", BIN, "--vkey", town.vkey]
        report = CHECKERS.run(arguments)
        for what, count in report["checked"].items():
            self.checked[what] = self.checked.get(what, 0) + count
        return report["faults"]

    def check_at_the_end(self):
        faults = self.check("live", "--final", town=self.first) + self.check("live", "--final", "--sample", "20", town=self.second)
        codes = [self.first.stop(), self.second.stop()]
        # A server killed between a seal and the removal of the upload's file leaves that to the next start.
        self.start(self.first)
        codes.append(self.first.stop())
        if codes != [0, 0, 0]:
            faults.append(f"servers ended with {codes}")
        return faults + self.check("dead", "--final")


class TwoServers(unittest.TestCase):
    def test_either_is_killed_and_nothing_is_lost_nor_sealed_twice(self):
        rng = random.Random(SEED)
        kills = number("LAPEL_TWO_SERVER_KILLS", 8)
        begun = time.monotonic()
        faults = []
        with Pair(rng) as pair:
            pair.start()

            def kill_again_and_again():
                for _ in range(kills):
                    pair.until_told(rng.randrange(5, 80))
                    both = rng.random() < 0.2
                    victims = [pair.first, pair.second] if both else [rng.choice([pair.first, pair.second])]
                    for town in victims:
                        town.kill()
                    if both:
                        faults.extend(pair.check("dead"))
                    pair.start(*victims)

            pair.run_clients(kill_again_and_again)
            faults += pair.check_at_the_end()
            print(f"{kills} kills, {pair.uploads} uploads, {pair.acks.count} acknowledgements, {pair.crossings} parts taken over "
                  f"from the other server, {pair.troubles} answers that were none", flush=True)
            LINES.append(("R1", "kills of either of two servers on one PostgreSQL database",
                          f"{kills} kills, {pair.acks.count} acknowledgements, {len(faults)} faults: lost, sealed twice or a fork",
                          f"{KILLS_MIN} kills, 0 lost, 0 sealed twice, no fork", not faults and kills >= KILLS_MIN,
                          "tools/soak.sh postgres", time.monotonic() - begun))
            self.assertEqual(faults, [])
            self.assertGreater(pair.crossings, kills, "uploads went on where the other server had left them")
            self.assertGreater(pair.checked["receipts"], kills)
            require_planted(self)

    def test_a_commit_on_its_way_when_its_server_dies_is_waited_for(self):
        """The offset of a part is being committed; its server is killed, and its lock on the file is gone at once; a client
        goes on at the other server from the old offset, with fewer bytes. Then the commit comes."""
        with Pair(random.Random(SEED)) as pair:
            POSTGRES.sql(pair.database, """
                CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NULL; END';
                CREATE CONSTRAINT TRIGGER wait_for_the_test AFTER UPDATE ON uploads DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                WHEN (NEW.state = 'sealing') EXECUTE FUNCTION wait_for_the_test()""")
            pair.start()
            data = random.Random(SEED).randbytes(100_000)
            (pair.sources / "night.mp4").write_bytes(data)
            location = pair.first.create(pair.token, len(data), filename="night.mp4").headers["Location"]
            upload = location.rsplit("/", 1)[1]
            pair.acks.tell(upload, "created", name="night.mp4")
            pair.acks.tell(upload, "sent", offset=len(data))
            self.assertEqual(pair.first.patch(location, pair.token, 0, data[:60_000]).status, 204)
            with held_lock(pair.database, 77):
                last = threading.Thread(target=self.try_to_send, args=(pair.first, location, pair.token, 60_000, data[60_000:]))
                last.start()
                until(lambda: POSTGRES.sql(pair.database, "SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND "
                                                          "wait_event = 'advisory'"))
                pair.first.kill()
                last.join()
                # Whatever the other server says to it, it must not touch what the commit will speak of.
                shorter = threading.Thread(target=self.try_to_send,
                                           args=(pair.second, location, pair.token, 60_000, data[60_000:70_000]))
                shorter.start()
                until(lambda: not shorter.is_alive() or POSTGRES.sql(
                    pair.database, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'"))
            shorter.join()
            pair.start(pair.first)
            self.assertEqual(pair.second.wait_state(location, pair.token)["state"], "sealed")
            self.assertEqual(pair.check_at_the_end(), [])

    @staticmethod
    def try_to_send(town, location, token, offset, data):
        try:
            town.patch(location, token, offset, data)
        except GONE:
            pass

    def test_postgresql_is_killed_and_the_servers_go_on_by_themselves(self):
        rng = random.Random(SEED + 1)
        kills = number("LAPEL_DATABASE_KILLS", 2)
        begun = time.monotonic()
        with Pair(rng) as pair:
            pair.start()

            def kill_the_database():
                for _ in range(kills):
                    pair.until_told(rng.randrange(20, 60))
                    POSTGRES.kill()
                    status = pair.first.request("GET", "/readyz").status
                    POSTGRES.start()
                    self.assertEqual(status, 503)

            pair.run_clients(kill_the_database)
            self.assertEqual(pair.first.request("GET", "/readyz").status, 200)
            faults = pair.check_at_the_end()
            LINES.append(("R10", "kills of PostgreSQL under two servers",
                          f"{kills} kills, {pair.acks.count} acknowledgements, {len(faults)} faults, no server restarted",
                          f"{DATABASE_KILLS_MIN} kills, 0 lost", not faults and kills >= DATABASE_KILLS_MIN,
                          "tools/soak.sh postgres", time.monotonic() - begun))
            self.assertEqual(faults, [])
            require_planted(self)


def require_planted(test):
    test.assertEqual(FOUND, set(PLANTED), "not all planted bugs were found before")


class BugsPlanted(unittest.TestCase):
    """What this harness has to find, or its silence about the product means nothing: so they come first."""

    def test_two_sequencers_without_a_common_swap_are_found(self):
        # Each server gets a database of its own, equal at first: the swap guards nothing between them.
        with Pair(random.Random(SEED + 2)) as pair:
            name = pair.database.rsplit("/", 1)[1]
            POSTGRES.databases += 1
            other = f"t{POSTGRES.databases}"
            POSTGRES.sql(POSTGRES.url("postgres"), f"CREATE DATABASE {other} TEMPLATE {name}")
            pair.databases[id(pair.second)] = POSTGRES.url(other)
            pair.start()
            for town in (pair.first, pair.second):
                rng = random.Random(SEED)
                for _ in range(3):
                    pair.one_upload(rng, (town,))
            pair.first.kill()
            pair.second.kill()
            faults = "\n".join(pair.check("dead"))
            # How it shows depends on which sizes the two happened to sign: both the same, or only one of them.
            self.assertRegex(faults, "two roots were signed at size|another history below size|leaves, after [0-9]+ had been seen")
            self.assertIn("the receipt's leaf is not in the ledger", faults)
            FOUND.add("R1")

    def test_a_database_that_loses_commits_is_found(self):
        with Pair(random.Random(SEED + 3)) as pair:
            pair.start()
            rng = random.Random(SEED)
            pair.one_upload(rng, (pair.first, pair.second))
            POSTGRES.kill()
            old = POSTGRES.home / "old"
            shutil.copytree(POSTGRES.data, old, copy_function=copy_with_owner)
            POSTGRES.start()
            pair.one_upload(rng, (pair.first, pair.second))
            for town in (pair.first, pair.second):
                town.kill()
            POSTGRES.kill()
            shutil.rmtree(POSTGRES.data)
            shutil.copytree(old, POSTGRES.data, copy_function=copy_with_owner)
            shutil.rmtree(old)
            own_tree(POSTGRES.data)
            POSTGRES.start()
            faults = "\n".join(pair.check("dead"))
            self.assertIn("its row is lost", faults)
            FOUND.add("R10")


@contextlib.contextmanager
def held_lock(database, number):
    """An advisory lock held by a session of PostgreSQL's own client."""
    holder = subprocess.Popen(["psql", "-X", "-A", "-t", "-q", "-d", database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        holder.stdin.write(f"SELECT 'held' FROM pg_advisory_lock({number});\n")
        holder.stdin.flush()
        if holder.stdout.readline() != "held\n":
            raise AssertionError("the lock was not to be had")
        yield
    finally:
        holder.stdin.close()
        holder.wait()
        holder.stdout.close()


def copy_with_owner(source, target):
    shutil.copy2(source, target)
    own(pathlib.Path(target), pathlib.Path(source).stat())


def own(path, like):
    if os.geteuid() == 0:
        os.chown(path, like.st_uid, like.st_gid)


def own_tree(root):
    like = root.parent.stat()
    for path in [root, *root.rglob("*")]:
        own(path, like)
    root.chmod(0o700)


if __name__ == "__main__":
    unittest.main()
