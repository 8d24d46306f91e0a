#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/reliability.md is what the committed figures give, and says so where there is none."""
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest


ROOT = pathlib.Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("reliability", ROOT / "tools/reliability.py")
reliability = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(reliability)

MACHINE = {"machine": {"processors": 2, "model": "m", "memory_gib": 4, "kernel": "6", "system": "Debian"}, "date": "2026-01-02"}
ROWS = [{"id": "R1", "name": "Killed", "promise": "It stays.", "bar": "0 lost", "run": "tools/soak.sh crash",
         "not_modeled": "Drives that lie.", "meanwhile": ""},
        {"id": "S4", "name": "Links", "promise": "They end.", "bar": "1 s", "run": "", "not_modeled": "", "meanwhile": "None exist."}]
LINE = {"id": "R1", "figure": "kills", "value": "10 of 10", "bar": "0 lost", "held": True, "planted": "5 of 5 found",
        "run": "tools/soak.sh crash", "seconds": 90}


class Page(unittest.TestCase):
    def test_the_committed_page_is_what_the_figures_give(self):
        self.assertEqual((ROOT / "docs/reliability.md").read_text(), reliability.committed_page(),
                         "run tools/reliability.py")

    def test_each_row_of_the_scorecard_is_there_and_one_without_a_figure_says_so(self):
        rows = reliability.read_scorecard()
        self.assertEqual([row["id"] for row in rows], [f"{letter}{n}" for letter, last in (("R", 17), ("T", 7), ("S", 14))
                                                       for n in range(1, last + 1)])
        _, lines = reliability.read_lines(reliability.FIGURES)
        self.assertTrue(lines)
        sections = re.split(r"^### ", (ROOT / "docs/reliability.md").read_text(), flags=re.M)[1:]
        self.assertEqual([section.split(".")[0] for section in sections], [row["id"] for row in rows])
        for row, section in zip(rows, sections):
            has_figure = any(line["id"] == row["id"] for line in lines)
            self.assertEqual(reliability.NO_FIGURE in section, not has_figure, row["id"])
            self.assertTrue(has_figure or row["meanwhile"] or row["not_modeled"], f"{row['id']}: nothing tells why")

    def test_commands_to_repeat_it_exist(self):
        parts = set(re.findall(r"^part_(\w+)\(\)", (ROOT / "tools/soak.sh").read_text(), re.M))
        for row in reliability.read_scorecard():
            if row["run"].startswith("tools/soak.sh "):
                self.assertLessEqual(set(row["run"].split()[1:]), parts, row["id"])

    def test_a_bar_that_was_missed_is_said_first_and_in_its_row(self):
        page = reliability.page(ROWS, MACHINE, [{**LINE, "held": False}])
        self.assertIn("0 of 1 figures kept", page)
        self.assertIn("Not kept: R1, kills: 10 of 10.", page)
        self.assertIn("| **NO** |", page)
        self.assertNotIn("Not kept:", reliability.page(ROWS, MACHINE, [LINE]))

    def test_no_figures_at_all_are_no_success(self):
        page = reliability.page(ROWS, MACHINE, [])
        self.assertIn("**0 of 2 rows have a figure; 0 of 0 figures kept", page)
        self.assertEqual(page.count("**No figure yet.**"), 2)

    def test_what_is_told_cannot_break_the_table(self):
        page = reliability.page(ROWS, MACHINE, [{**LINE, "value": "a | b\nc"}])
        self.assertIn("| a \\| b c |", page)


class Lines(unittest.TestCase):
    def test_the_last_of_two_counts(self):
        self.assertEqual(reliability.settled([LINE, {**LINE, "value": "11 of 11"}], ROWS), [{**LINE, "value": "11 of 11"}])

    def test_a_figure_of_no_row_is_refused(self):
        with self.assertRaises(reliability.Wrong):
            reliability.settled([{**LINE, "id": "R99"}], ROWS)

    def test_a_line_that_lacks_something_is_refused(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for line in ({key: LINE[key] for key in LINE if key != "planted"}, {**LINE, "held": "yes"}, {**LINE, "more": 1}):
                file.seek(0)
                file.truncate()
                file.write(json.dumps(line) + "\n")
                file.flush()
                with self.assertRaises(reliability.Wrong):
                    reliability.read_lines(pathlib.Path(file.name))

    def test_what_campaigns_record_is_what_is_read(self):
        with tempfile.TemporaryDirectory() as home:
            path = pathlib.Path(home) / "figures.jsonl"
            done = subprocess.run([sys.executable, "-c", "import figures; figures.record('R1', 'kills', '1 of 1', '0 lost', True, "
                                   "run='tools/soak.sh crash', seconds=1.6)"], cwd=ROOT / "test",
                                  env={"LAPEL_FIGURES": str(path)}, timeout=60)
            self.assertEqual(done.returncode, 0)
            machine, lines = reliability.read_lines(path)
            self.assertIsNone(machine)
            self.assertEqual(lines, [{**LINE, "value": "1 of 1", "planted": None, "seconds": 2}])


if __name__ == "__main__":
    unittest.main()
