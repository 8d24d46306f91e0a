# SPDX-License-Identifier: Apache-2.0
"""`lapel recording upload` and `custody`: what the web app does, from a terminal."""
import json
import os
import random
import socket
import threading
import unittest

from harness import BIN, Town, TownCase, run, sha256


class Cutter:
    """A line to the server that is cut once, after so many bytes have gone up it."""

    def __init__(self, port, cut_after):
        self.port, self.cut_after, self.sent, self.cuts = port, cut_after, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self.carry, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.carry, args=(server, client, False), daemon=True).start()

    def carry(self, source, sink, is_up):
        try:
            while piece := source.recv(65_536):
                if is_up:
                    self.sent += len(piece)
                    if not self.cuts and self.sent > self.cut_after:
                        self.cuts += 1
                        break
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        source.close()

    def close(self):
        self.listener.close()


class CommandLine(TownCase):
    @classmethod
    def populate(cls):
        cls.clerk = cls.town.add_user("clerk", "records", badge="12")
        cls.chief = cls.town.token("chief")

    def lapel(self, *args, token=None, server=None):
        environment = {**os.environ, "LAPEL_TOKEN": token or self.clerk, "LAPEL_SERVER": server or self.town.url}
        return run(BIN / "lapel", "recording", *args, check=False, env=environment)

    def file(self, name, data):
        path = self.town.home / name
        path.write_bytes(data)
        return path

    def shown(self, recording):
        return self.town.request("GET", f"/api/v1/recordings/{recording}", self.clerk).json()

    def test_files_are_sealed_and_verified_each_with_its_line(self):
        files = [self.file(f"clip {n}.mp4", random.Random(n).randbytes(50_000 + n)) for n in range(3)]
        empty = self.file("empty.mp4", b"")
        done = self.lapel("upload", *files, empty, "--key", self.town.vkey, "--wearer", "12", "--incident", "24-1",
                          "--category", "Traffic stop", "--device", "AX-9", "--recorded-at", "2024-02-29T23:59:59Z", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line["file"] for line in lines], [str(path) for path in [*files, empty]])
        for line, path in zip(lines, [*files, empty]):
            self.assertEqual((line["state"], line["verified"], line["sha256"]), ("sealed", True, sha256(path.read_bytes())))
            shown = self.shown(line["recording"])
            self.assertEqual((shown["filename"], shown["wearer"], shown["incident"], shown["category"], shown["device"],
                              shown["recorded_at"]),
                             (path.name, "12", "24-1", "Traffic stop", "AX-9", "2024-02-29T23:59:59.00Z"))

    def test_a_cut_line_is_resumed_and_nothing_durable_is_sent_again(self):
        data = random.Random(9).randbytes(72_000_000)
        path = self.file("long.mp4", data)
        cutter = Cutter(self.town.port, 48_000_000)
        try:
            done = self.lapel("upload", path, "--key", self.town.vkey, server=cutter.url)
        finally:
            cutter.close()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(cutter.cuts, 1)
        self.assertIn("sealed and verified", done.stdout)
        self.assertEqual(self.shown(done.stdout.split()[0])["sha256"], sha256(data))
        # Of the 48 MB before the cut, what the server had is not sent again: only what was under way, then and at each refused try.
        self.assertLess(cutter.sent, len(data) + 24_000_000)

    def test_what_cannot_be_is_said_with_its_exit_code(self):
        path = self.file("a.mp4", b"a")
        self.assertEqual(self.lapel("upload", self.town.home / "absent.mp4").returncode, 3)
        self.assertEqual(self.lapel("upload").returncode, 2)
        self.assertEqual(self.lapel("upload", path, "--recorded-at", "yesterday").returncode, 2)
        self.assertEqual(self.lapel("upload", path, "--group", "0" * 32).returncode, 2)
        self.assertEqual(self.lapel("upload", path, token=self.chief).returncode, 4)
        self.assertEqual(self.lapel("upload", path, token="nobody's").returncode, 4)
        self.assertEqual(self.lapel("upload", path, server="http://127.0.0.1:1").returncode, 7)
        self.assertEqual(self.lapel("upload", path, "--key", "nonsense").returncode, 2)
        # Another ledger's key: the file is sealed, and this program does not believe it.
        with Town(agency="Otherton Police") as other:
            refused = self.lapel("upload", path, "--key", other.vkey)
        self.assertEqual(refused.returncode, 6, refused.stdout + refused.stderr)
        self.assertEqual(refused.stdout, "")

    def test_custody_names_who_did_what(self):
        recording = self.lapel("upload", self.file("c.mp4", b"custody")).stdout.split()[0]
        self.town.request("POST", f"/api/v1/recordings/{recording}/views", self.clerk,
                          {"Content-Type": "application/json"}, json.dumps({"purpose": "review"}))
        text = self.lapel("custody", recording).stdout.splitlines()
        self.assertRegex(text[0], r"^ +0  \S+Z  recording\.admitted +clerk, badge 12$")
        self.assertTrue(any("recording.viewed" in line and line.endswith("clerk, badge 12 for review") for line in text), text)
        items = json.loads(self.lapel("custody", recording, "--json").stdout)["items"]
        self.assertEqual([item["n"] for item in items], list(range(len(items))))
        self.assertEqual(self.lapel("custody", "0" * 32).returncode, 3)

    def test_a_hostile_name_is_shown_as_escapes(self):
        recording = self.town.upload(self.clerk, b"x", filename="\x1b]0;owned\x07\r\nDONE.mp4")["recording"]
        for command in (("list",), ("show", recording)):
            out = self.lapel(*command).stdout
            self.assertIn("\\x1b]0;owned\\x07\\x0d\\x0aDONE.mp4", out)
            self.assertNotIn("\x1b", out)


if __name__ == "__main__":
    unittest.main()
