#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that race for one upload, a few histories of what test/soak/races.py plays by the thousand, and its planted bugs."""
import os
import pathlib
import random
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "soak"))

import races  # noqa: E402  (the path above leads there)
from postgres import PrivatePostgres  # noqa: E402


def setUpModule():
    global SEED, LIBRARIES, POSTGRES
    SEED = int(os.environ.get("LAPEL_RACES_SEED", 0)) or random.SystemRandom().randrange(1, 2**32)
    print(f"seed {SEED} (LAPEL_RACES_SEED={SEED} repeats it)", flush=True)
    LIBRARIES = tempfile.TemporaryDirectory()
    POSTGRES = PrivatePostgres()


def tearDownModule():
    POSTGRES.close()
    LIBRARIES.cleanup()


class OneUpload(unittest.TestCase):
    def race(self, histories, **servers):
        played = races.Races(SEED, histories, processes=2, **servers).run()
        played.report()
        self.assertEqual([text for text, _ in played.faults], [])
        self.assertGreater(len(played.recordings), histories // 2)
        # It was a race: most requests lost it, and of each kind some won.
        for answer in ("patch 204", "patch 409", "patch 423", "head 200", "join 201", "join 400", "state 200"):
            self.assertGreater(played.answers[answer], 0, played.answers)

    def test_all_that_racing_clients_are_told_has_one_order(self):
        self.race(150)

    def test_two_servers_that_share_a_postgres_and_a_directory_take_turns_writing_sealing_and_removing(self):
        self.race(100, servers=2, database=POSTGRES.new_database())


class PlantedBugs(unittest.TestCase):
    def test_each_lie_between_clients_and_server_is_found(self):
        for name, _, where in races.planted_bugs(SEED, LIBRARIES.name, POSTGRES):
            with self.subTest(name):
                self.assertIsNotNone(where)

    def test_an_honest_proxy_is_no_lie(self):
        self.assertIsNone(races.find_planted(SEED, races.honest, histories=6))


if __name__ == "__main__":
    unittest.main()
