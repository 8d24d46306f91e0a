# SPDX-License-Identifier: Apache-2.0
"""Every transcript here, run; and the proof that the runner notices one that is not as written."""
import pathlib
import re
import shutil
import subprocess
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
                "one of two that ends badly": "    & bash -c 'trap \"exit 0\" TERM; echo up; while :; do read -t 1; done'\n    up\n"
                                             "    & bash -c 'trap \"exit 3\" TERM; echo up; while :; do read -t 1; done'\n    up\n    $ stop\n",
                "what ends badly when stopped": "    & bash -c 'trap \"exit 3\" TERM; echo up; while :; do read -t 1; done'\n    up\n    $ stop\n",
        }.items():
            with self.subTest(name), self.assertRaises(run.Mismatch):
                self.play(text)


class Transcripts(unittest.TestCase):
    """One test a transcript, named after it."""


class Readme(unittest.TestCase):
    """What the README tells a newcomer to type, typed: on another port, with a folder as the camera."""

    def test_its_commands_do_what_it_says(self):
        blocks = re.findall(r"```\n(.*?)```", (run.ROOT / "README.md").read_text(), re.S)
        typed = [block for block in blocks if "build/bin/" in block]
        self.assertEqual(len(typed), 3)
        with tempfile.TemporaryDirectory(prefix="lapel-readme-") as scratch:
            home = pathlib.Path(scratch)
            (home / "build").mkdir()
            (home / "build/bin").symlink_to(run.BIN)
            (home / "var").mkdir()
            (home / "camera").mkdir()
            for name in ("clip.mp4", "camera/clip.mp4"):
                shutil.copy(run.ROOT / "test/data/video/Zulko+moviepy/media/chaplin.mp4", home / name)
            (home / "password").write_text("a password of the town\n")

            def shell(command):
                done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=home, text=True, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=run.COMMAND_SECONDS_MAX)
                self.assertEqual(done.returncode, 0, command + done.stdout)
                return done.stdout
            shell('build/bin/lapel init --data var/data --agency "Ashfield Police Department" --beat 1 --admin chief --password-file password'
                  ' > var/ledger-key; build/bin/lapel user add --data var/data --agency ashfield-police-department --login records'
                  ' --role records --badge 107 --password-file password')
            server = subprocess.Popen([run.BIN / "lapel", "serve", "--data", "var/data", "--listen", "localhost:0"], cwd=home,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            try:
                address = server.stdout.readline().split()[-1]
                for block in typed:
                    said = shell(block.replace("http://localhost:8080", address).replace("/media/camera", "camera"))
                    if "export" in block:
                        self.assertEqual(said.count("VERIFIED"), 2, said)
                    if "lapel-camera" in block:
                        self.assertIn("VERIFIED: all of these files are what this camera signed.", said)
                self.assertTrue((home / "export/manifest.json").exists())
            finally:
                server.terminate()
                server.wait(timeout=run.COMMAND_SECONDS_MAX)
                server.stdout.close()


def add(path):
    def test(self):
        run.Transcript(path).run()
    setattr(Transcripts, f"test_{path.stem}", test)


for transcript in sorted(HERE.glob("*.lapel")):
    add(transcript)

if __name__ == "__main__":
    unittest.main()
