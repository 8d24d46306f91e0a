# SPDX-License-Identifier: Apache-2.0
"""Every transcript here, run; and the proof that the runner notices one that is not as written."""
import pathlib
import tempfile
import unittest

import run

HERE = pathlib.Path(__file__).resolve().parent


class Runner(unittest.TestCase):
    def play(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".lapel") as file:
            file.write(text)
            file.flush()
            return run.Transcript(pathlib.Path(file.name)).run()

    def test_what_is_as_written_passes(self):
        self.assertEqual(self.play("Prose.\n\n    $ echo one two\n    one <word>\n    $ echo $word\n    <word>\n    $ exit 4\n    [4]\n"
                                   "    $ seq 5\n    1\n    ...\n    5\n"), 4)

    def test_what_is_not_is_noticed(self):
        for name, text in {
                "other output": "    $ echo a\n    b\n",
                "output that is not written": "    $ echo a\n",
                "output that does not come": "    $ true\n    a\n",
                "more output at the end": "    $ seq 2\n    1\n",
                "another exit code": "    $ exit 3\n    [4]\n",
                "a failure that is not written": "    $ false\n",
                "a word that changes": "    $ echo a\n    <word>\n    $ echo b\n    <word>\n",
                "a word twice in a line": "    $ echo a b\n    <word> <word>\n",
                "an end that never comes": "    $ seq 5\n    1\n    ...\n    9\n",
                "output before any command": "    a\n",
                "nothing to run": "Prose.\n",
                "stopping what does not run": "    $ stop\n",
                "what ends badly when stopped": "    & bash -c 'trap \"exit 3\" TERM; echo up; while :; do read -t 1; done'\n    up\n    $ stop\n",
        }.items():
            with self.subTest(name), self.assertRaises(run.Mismatch):
                self.play(text)


class Transcripts(unittest.TestCase):
    """One test a transcript, named after it."""


def add(path):
    def test(self):
        run.Transcript(path).run()
    setattr(Transcripts, f"test_{path.stem}", test)


for transcript in sorted(HERE.glob("*.lapel")):
    add(transcript)

if __name__ == "__main__":
    unittest.main()
