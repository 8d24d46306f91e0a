# SPDX-License-Identifier: Apache-2.0
"""The catalog in PostgreSQL: made there, moved there, and what is refused. The server is a private one of this test."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from access_test import Agency, restriction_covers_every_file
from harness import BIN, Town, run
from people_test import tokens_are_sealed
from postgres import PrivatePostgres

CLIP = os.urandom(70_000)


def setUpModule():
    global POSTGRES
    POSTGRES = PrivatePostgres()


def tearDownModule():
    POSTGRES.close()


class OnPostgres(unittest.TestCase):
    def test_from_init_to_an_export_that_verifies(self):
        url = POSTGRES.new_database()
        with Town(beat=1, database=url) as town:  # an export waits for a published checkpoint
            self.assertFalse((town.data / "catalog.db").exists())
            token = town.add_user("clerk", "records")
            town.start()
            self.assertTrue(json.loads(town.request("GET", "/readyz").body)["ready"])
            sealed = town.upload(token, CLIP, filename="night.mp4", device="AB-0101", wearer="101", incident="26-1")
            self.assertEqual(sealed["state"], "sealed")
            self.assertEqual(town.verify(town.receipt(sealed["recording"], token), CLIP)[0], 0)
            found = town.request("GET", "/api/v1/recordings?q=NIGHT", token).json()["items"]
            self.assertEqual([item["id"] for item in found], [sealed["recording"]])
            out = town.home / "export"
            environment = {**os.environ, "LAPEL_TOKEN": token}
            run(BIN / "lapel", "recording", "--server", town.url, "export", sealed["recording"], "--purpose", "discovery", "--out",
                out, env=environment)
            verified = run(BIN / "lapel-verify", "--key", town.vkey, out, check=False)
            self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
            self.assertEqual(town.check_ledger(), (0, []))
            self.assertEqual(town.stop(), 0)
            settings = town.data / "lapel.toml"
            self.assertEqual(settings.read_text(), f'database = "{url}"\n')
            self.assertEqual(settings.stat().st_mode & 0o077, 0, "a URL may have a password")
            town.start()  # the directory remembers where its catalog is
            self.assertEqual(len(town.request("GET", "/api/v1/recordings", token).json()["items"]), 1)

    def test_a_restriction_covers_every_file_of_a_recording(self):
        with Town(beat=1, database=POSTGRES.new_database()) as town:
            town.second_factor("optional")
            agency = Agency(town)
            town.start()
            restriction_covers_every_file(self, agency)
            self.assertEqual(town.stop(), 0)
            self.assertEqual(town.check_ledger(), (0, []))

    def test_tokens_are_in_the_ledger(self):
        url = POSTGRES.new_database()
        with Town(database=url) as town:
            tokens_are_sealed(self, town, lambda statement: POSTGRES.sql(url, statement))

    def test_a_bucket_of_its_own_is_remembered_too(self):
        with tempfile.TemporaryDirectory() as elsewhere:
            home = pathlib.Path(tempfile.mkdtemp(prefix="lapel-test-"))
            try:
                (home / "password").write_text("correct horse battery staple\n")
                made = ["lapel", "init", "--data", home / "data", "--agency", "Ashfield", "--admin", "chief", "--password-file",
                        home / "password", "--bucket", f"file://{elsewhere}/bucket"]
                run(BIN / made[0], *made[1:])
                check = run(BIN / "lapel", "ledger", "check", "--data", home / "data")
                self.assertIn("statements", check.stdout)
                self.assertTrue((pathlib.Path(elsewhere) / "bucket/ledger/ashfield").is_dir())
                self.assertFalse((home / "data/ledger").exists())
                lost = run(BIN / "lapel", "ledger", "check", "--data", home / "data", "--bucket", f"file://{elsewhere}/other",
                           check=False)
                self.assertEqual(lost.returncode, 5)
                self.assertIn("bring objects, derived, ledger and uploads there first", lost.stderr)
                for bad in ("s3://bucket", "file://relative", "/plain/path"):
                    refused = run(BIN / "lapel", "ledger", "check", "--data", home / "data", "--bucket", bad, check=False)
                    self.assertEqual(refused.returncode, 2, refused.stderr)
                    self.assertIn("file:///absolute/path", refused.stderr)
            finally:
                shutil.rmtree(home)


class TheMove(unittest.TestCase):
    """`lapel init` knows no database in the oldest scripts: serve brings the embedded catalog along."""

    def town_with_a_recording(self):
        town = Town()
        self.addCleanup(town.__exit__)
        token = town.add_user("clerk", "records")
        town.start()
        sealed = town.upload(token, CLIP, filename="night.mp4")
        receipt = town.receipt(sealed["recording"], token)
        half = town.create(token, len(CLIP)).headers["Location"]
        self.assertEqual(town.patch(half, token, 0, CLIP[:30_000]).status, 204)
        self.assertEqual(town.stop(), 0)
        return town, token, sealed["recording"], receipt, half

    def must_be_whole(self, town, token, recording, receipt, half):
        self.assertEqual(town.request("GET", f"/api/v1/recordings/{recording}", token).status, 200)
        self.assertEqual(town.verify(receipt, CLIP)[0], 0)
        self.assertEqual(town.head_offset(half, token), 30_000)
        self.assertEqual(town.patch(half, token, 30_000, CLIP[30_000:]).status, 204)
        self.assertEqual(town.wait_state(half, token)["state"], "sealed")
        self.assertEqual(town.stop(), 0)
        self.assertEqual(town.check_ledger(), (0, []))

    def test_serve_brings_the_embedded_catalog_along(self):
        town, *kept = self.town_with_a_recording()
        town.start("--database", POSTGRES.new_database())
        self.assertFalse((town.data / "catalog.db").exists())
        self.assertTrue((town.data / "catalog.db.moved").exists())
        self.must_be_whole(town, *kept)

    def test_the_command_does_the_same(self):
        town, *kept = self.town_with_a_recording()
        moved = run(BIN / "lapel", "catalog", "move", "--data", town.data, "--database", POSTGRES.new_database())
        self.assertRegex(moved.stderr, r"Moved \d+ tables with \d+ rows; SHA-256 [0-9a-f]{64}\.")
        again = run(BIN / "lapel", "catalog", "move", "--data", town.data, check=False)
        self.assertEqual(again.returncode, 3, again.stderr)
        town.start()
        self.must_be_whole(town, *kept)

    def test_killed_at_each_call_it_goes_on_where_it_was(self):
        """kill -9 at each call that changes the directory, and at each that sends something to the database."""
        points = [(call, n) for call in ("rename", "renameat2", "unlink", "fsync") for n in range(1, 4)]
        points += [("sendto", n) for n in (1, 3, 10, 30, 60, 100, 140, 180)]
        reached = 0
        for call, n in points:
            with self.subTest(call=call, n=n):
                town, *kept = self.town_with_a_recording()
                database = POSTGRES.new_database()
                move = ["lapel", "catalog", "move", "--data", town.data, "--database", database]
                killed = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={n}",
                                         BIN / move[0], *move[1:]], capture_output=True, text=True, check=False)
                if killed.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL):
                    reached += 1
                elif "Moved" not in killed.stderr and "invalid system call" not in killed.stderr:
                    self.fail(killed.stderr)
                if (town.data / "catalog.db.moving").exists():
                    # Nobody may take either of the two for the catalog meanwhile.
                    early = run(BIN / "lapel", "ledger", "check", "--data", town.data, check=False)
                    self.assertEqual(early.returncode, 5, early.stderr)
                town.start("--database", database)
                self.must_be_whole(town, *kept)
        self.assertGreater(reached, 8)


class Refused(unittest.TestCase):
    def refusal(self, town, *more):
        ended = run(BIN / "lapel", "serve", "--data", town.data, "--listen", "127.0.0.1:0", *more, check=False)
        self.assertNotEqual(ended.returncode, 0)
        return ended.returncode, ended.stderr

    def test_a_database_that_is_not_this_directorys(self):
        with Town(database=POSTGRES.new_database()) as town, Town(database=POSTGRES.new_database()) as other:
            theirs = (other.data / "lapel.toml").read_text().split('"')[1]
            code, said = self.refusal(town, "--database", theirs)
            self.assertEqual(code, 5)
            self.assertIn("another installation's", said)
            code, said = self.refusal(town, "--database", POSTGRES.new_database())
            self.assertEqual(code, 5)
            self.assertIn("The database is empty", said)
            again = run(BIN / "lapel", "init", "--data", town.home / "new", "--agency", "X", "--admin", "chief", "--password-file",
                        town.password_file, "--database", theirs, check=False)
            self.assertEqual(again.returncode, 5)
            self.assertIn("The database is not empty", again.stderr)
            self.assertFalse((town.home / "new").exists())

    def test_two_catalogs_at_once(self):
        with Town() as town, Town(database=POSTGRES.new_database()) as other:
            theirs = (other.data / "lapel.toml").read_text().split('"')[1]
            code, said = self.refusal(town, "--database", theirs)
            self.assertEqual(code, 5)
            self.assertIn("the database is not empty; nothing was changed", said)
            self.assertTrue((town.data / "catalog.db").exists())
            beside = run(BIN / "lapel", "user", "add", "--data", town.data, "--agency", town.agency, "--login", "x", "--role",
                         "records", "--password-file", town.password_file, "--database", theirs, check=False)
            self.assertEqual(beside.returncode, 5)
            self.assertIn("still in the data directory", beside.stderr)

    def test_servers_that_are_none(self):
        with Town(database=POSTGRES.new_database()) as town:
            code, said = self.refusal(town, "--database", "postgresql://lapel:secret-word@127.0.0.1:1/x")
            self.assertEqual(code, 7)
            self.assertNotIn("secret-word", said)
            code, said = self.refusal(town, "--database", "mysql://127.0.0.1/x")
            self.assertEqual(code, 2)
            code, said = self.refusal(town, "--database", POSTGRES.new_database("--lc-collate=C.UTF-8"))
            self.assertEqual(code, 2)
            self.assertIn("LOCALE 'C'", said)

    def test_an_embedded_catalog_has_one_server_and_a_database_any_number(self):
        with Town() as town:
            town.start()
            code, said = self.refusal(town)
            self.assertEqual(code, 5)
            code, said = self.refusal(town, "--database", POSTGRES.new_database())
            self.assertEqual(code, 5, "nor is the catalog moved away under a server")
            self.assertTrue((town.data / "catalog.db").exists())
            self.assertEqual(town.stop(), 0)

    def test_settings_that_are_not_understood(self):
        with Town(database=POSTGRES.new_database()) as town:
            good = (town.data / "lapel.toml").read_text()
            for bad, why in (("database = 7\n", "must be a text"), ("databse = 'x'\n", "not \"databse\""), ("= x", "line 1")):
                (town.data / "lapel.toml").write_text(bad)
                code, said = self.refusal(town)
                self.assertEqual(code, 2, said)
                self.assertIn(why, said)
            (town.data / "lapel.toml").write_text(good)
            self.assertEqual(town.check_ledger(), (0, []))


if __name__ == "__main__":
    unittest.main()
