# SPDX-License-Identifier: Apache-2.0
"""`make run` with each of the samples: the server stands, and the program that it tells is the one of the sample's files."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.request

from harness import BIN, ROOT


class Samples(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="lapel-sample-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def serve(self, sample):
        """(address, data) of a server that stands until the test ends."""
        server = subprocess.Popen([ROOT / "tools/run.sh"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  env={**os.environ, "SAMPLE": sample, "VAR": str(self.home / "var"), "PORT": "0"})
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait, 60)
        self.addCleanup(server.terminate)
        said = []
        for line in server.stdout:
            said.append(line)
            if line.startswith("listening on "):
                return line.split()[-1], self.home / "var/data"
        self.fail("".join(said))

    def ask(self, address, data, login, what):
        token = subprocess.run([BIN / "lapel", "token", "create", "--data", data, "--user", login], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        request = urllib.request.Request(f"{address}/api/v1/program/{what}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def test_pittsfield(self):
        costs = self.ask(*self.serve("pittsfield"), "program_manager", "costs")
        self.assertEqual([payment["city"] for payment in costs["payments"]][:2], ["0.00", "124967.27"])

    def test_berkshire_is_five_towns_of_which_none_sees_another(self):
        address, data = self.serve("berkshire")
        whole = self.ask(address, data, "program_manager", "costs")
        self.assertEqual([award["sum"]["amount"] for award in whole["rounds"]], ["435583.73"])
        for town, award in (("dalton", "129368.00"), ("north-adams", "94492.00"), ("cheshire", "26196.00"), ("williamstown", "18941.00")):
            report = json.dumps(self.ask(address, data, f"{town}-program_manager", "report"))
            self.assertIn(award, report)
            self.assertNotIn("166586.73", report)

    def test_correction(self):
        gates = self.ask(*self.serve("correction"), "program_manager", "gates")
        self.assertEqual([(each["live"], each["of"]) for each in gates["rollouts"]], [(1, 14)])

    def test_one_that_is_none_says_which_there_are(self):
        done = subprocess.run([ROOT / "tools/run.sh"], env={**os.environ, "SAMPLE": "elsewhere", "VAR": str(self.home / "var")}, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("pittsfield, berkshire or correction", done.stderr)
