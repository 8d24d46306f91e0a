# SPDX-License-Identifier: Apache-2.0
"""The command line over HTTP, and a custody export that stands on its own: every file of it changed in turn is noticed, by
lapel-verify and by the second verifier (web/src/verify, made by `npm --prefix web run build`), which share no code."""
import json
import os
import random
import shutil
import sys
import unittest

from harness import BIN, ROOT, Town, run, sha256

sys.path.insert(0, str(ROOT / "test/soak"))

import races  # noqa: E402  (the path above leads there)


class Export(unittest.TestCase):
    def test_a_custody_export_stands_on_its_own(self):
        with Town(beat=1) as town:
            clerk = town.add_user("clerk", "records", badge="7")
            town.add_user("officer", "officer", badge="4711")
            town.start()
            data = random.Random(5).randbytes(9_000_000)  # more than one piece of a download
            recording = town.upload(clerk, data, filename="a.mp4", device="AX-1", wearer="4711")["recording"]
            environment = {**os.environ, "LAPEL_TOKEN": clerk, "LAPEL_SERVER": town.url}

            def lapel(*args, check=True, **changed):
                return run(BIN / "lapel", "recording", *args, check=check, env={**environment, **changed})

            self.assertIn(recording, lapel("list").stdout)
            self.assertEqual(json.loads(lapel("list", "--json").stdout)["items"][0]["id"], recording)
            self.assertEqual(lapel("list", "--device", "none").stdout, "")
            self.assertIn(sha256(data), lapel("show", recording).stdout)
            self.assertEqual(lapel("show", "0" * 32, check=False).returncode, 3)
            self.assertEqual(lapel("show", "nonsense", check=False).returncode, 2)
            self.assertEqual(lapel("list", check=False, LAPEL_TOKEN="").returncode, 4)
            self.assertEqual(lapel("list", check=False, LAPEL_TOKEN="wrong").returncode, 4)
            self.assertEqual(lapel("list", check=False, LAPEL_SERVER="http://127.0.0.1:1").returncode, 7)

            got = town.home / "got.mp4"
            self.assertEqual(lapel("get", recording, "--out", got, "--purpose", "fun", check=False).returncode, 2)
            self.assertEqual(lapel("get", recording, "--out", got, "--purpose", "investigation", check=False).returncode, 4)
            self.assertFalse(got.exists())
            lapel("get", recording, "--out", got, "--purpose", "review")
            self.assertEqual(got.read_bytes(), data)
            self.assertEqual(lapel("get", recording, "--out", got, "--purpose", "review", check=False).returncode, 5)
            self.assertIn("verified", lapel("verify", recording, got, "--key", town.vkey).stdout)
            got.write_bytes(data[:-1])
            self.assertEqual(lapel("verify", recording, got, "--key", town.vkey, check=False).returncode, 6)

            out = town.home / "export"
            lapel("export", recording, "--out", out, "--purpose", "discovery", "--case", "22-CR-9")
            town.stop()

            def verify():
                done = run(BIN / "lapel-verify", "--key", town.vkey, out, check=False)
                other = run("node", ROOT / "web/build/verify/cli.js", "export", "--key", town.vkey, out, check=False)
                words = done.stdout + done.stderr
                self.assertEqual(done.returncode, other.returncode, words + other.stdout + other.stderr)
                return done.returncode, words
            code, words = verify()
            self.assertEqual(code, 0, words)
            self.assertIn("ompleteness not proven", words)
            # Admitted, viewed, exported, and what the media worker derived in between: no number left out.
            rows = sorted(int(p.name.split(".")[0]) for p in (out / "subjects" / recording).iterdir())
            self.assertGreaterEqual(len(rows), 3)
            self.assertEqual(rows, list(range(len(rows))))
            self.assertEqual((out / "originals" / recording).read_bytes(), data)

            # One byte changed in each file, each file missing, one file more: always refused.
            for path in sorted(p for p in out.rglob("*") if p.is_file()):
                kept = path.read_bytes()
                at = random.Random(str(path.name)).randrange(len(kept))
                path.write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1:])
                self.assertEqual(verify()[0], 6, path)
                path.unlink()
                self.assertNotEqual(verify()[0], 0, path)
                path.write_bytes(kept)
            (out / "stray").write_text("x")
            self.assertEqual(verify()[0], 6)
            (out / "stray").unlink()
            shutil.rmtree(out / "subjects" / recording)
            self.assertNotEqual(verify()[0], 0)

    def test_nothing_is_written_for_a_server_that_names_files_of_its_own_choice(self):
        with Town(beat=1) as town:
            clerk = town.add_user("clerk", "records")
            town.start()
            recording = town.upload(clerk, b"footage", filename="a.mp4")["recording"]
            name = [""]

            proxy = races.Proxy(town.port, races.with_export_file(lambda: name[0]))
            try:
                for name[0] in ("../x", "/x", "a/../../x", "", ".", "subjects/", "\0", "\0x", "subjects/a\0b", "a\nb", "a\\b", "\u202ex"):
                    out = town.home / "out"
                    done = run(BIN / "lapel", "recording", "export", recording, "--out", out, "--purpose", "discovery", check=False,
                               env={**os.environ, "LAPEL_TOKEN": clerk, "LAPEL_SERVER": f"http://127.0.0.1:{proxy.port}"})
                    self.assertEqual(done.returncode, 7, (name[0], done.stderr))
                    self.assertIn("none of an export; nothing was written", done.stderr)
                    self.assertFalse(out.exists())
            finally:
                proxy.close()


class Damaged(unittest.TestCase):
    def test_a_damaged_original_is_not_exported_and_what_is_served_of_it_is_convicted(self):
        with Town(beat=1) as town:
            clerk = town.add_user("clerk", "records")
            town.start()
            data = random.Random(6).randbytes(100_000)
            recording = town.upload(clerk, data, filename="a.mp4")["recording"]
            path = next((town.data / "objects").glob(f"*/{recording[:2]}/{recording}"))
            damaged = bytearray(data)
            damaged[70_000] ^= 4
            path.chmod(0o640)
            path.write_bytes(damaged)
            path.chmod(0o440)
            exported = town.events("recording.exported")
            answer = town.request("POST", f"/api/v1/recordings/{recording}/exports", clerk, body='{"purpose": "discovery"}')
            self.assertEqual((answer.status, answer.json()["type"]), (500, "/problems/object-damaged"), answer.body)
            environment = {**os.environ, "LAPEL_TOKEN": clerk, "LAPEL_SERVER": town.url}
            done = run(BIN / "lapel", "recording", "export", recording, "--out", town.home / "export", "--purpose", "discovery", check=False,
                       env=environment)
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertIn("not the one that was sealed", done.stderr)
            self.assertFalse((town.home / "export").exists())
            self.assertEqual(town.events("recording.exported"), exported)
            # A view serves it unread: the ETag is what was sealed, and so is the receipt.
            view = town.request("POST", f"/api/v1/recordings/{recording}/views", clerk, body='{"purpose": "review"}').json()
            served = town.request("GET", view["original"], clerk)
            self.assertEqual((served.body, served.headers["ETag"]), (bytes(damaged), f'"{sha256(data)}"'))
            self.assertEqual(town.verify(town.receipt(recording, clerk), served.body)[0], 6)
            done = run(BIN / "lapel", "recording", "get", recording, "--out", town.home / "got", "--purpose", "review", check=False, env=environment)
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertFalse((town.home / "got").exists())


if __name__ == "__main__":
    unittest.main()
