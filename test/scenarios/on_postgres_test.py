# SPDX-License-Identifier: Apache-2.0
"""The transcripts here, word for word, with the catalog in PostgreSQL: every command finds it by LAPEL_DATABASE. Those in the
folder postgres are of what only that allows.

    LAPEL_TRANSCRIPTS=all  every one; otherwise those named here, which between them go through every room
"""
import os
import pathlib
import sys
import unittest

import run

HERE = pathlib.Path(__file__).resolve().parent
NAMED = ("a_body_worn_system", "from_another_system", "path_of_a_recording", "sent_to_the_defense", "two_people", "who_may_know")
sys.path.insert(0, str(HERE.parent / "server"))

from postgres import PrivatePostgres  # noqa: E402  (the path above leads there)


class OnPostgres(unittest.TestCase):
    def test_each_transcript_reads_the_same(self):
        paths = HERE.glob("*.lapel") if os.environ.get("LAPEL_TRANSCRIPTS") == "all" else [HERE / f"{name}.lapel" for name in NAMED]
        with PrivatePostgres() as postgres:
            for path in sorted([*paths, *HERE.glob("postgres/*.lapel")]):
                with self.subTest(path.stem):
                    database = postgres.new_database()
                    self.assertGreater(run.Transcript(path, database).run(), 0)
                    if "--data" in path.read_text():  # others need no catalog
                        self.assertNotEqual(postgres.sql(database, "SELECT 1 FROM ledger_events LIMIT 1"), [], "it stood there")


if __name__ == "__main__":
    unittest.main()
