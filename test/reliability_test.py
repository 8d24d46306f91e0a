#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/reliability.md is what the committed figures give, and says so where there is none."""
import datetime
import importlib.util
import json
import os
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
sys.path.insert(0, str(ROOT / "test"))
import figures  # noqa: E402  (the path above leads there)

MACHINE = {"machine": {"processors": 2, "model": "m", "memory_gib": 4, "kernel": "6", "system": "Debian"}, "date": "2026-01-02"}
ROWS = [{"id": "R1", "name": "Killed", "promise": "It stays.", "bar": "0 lost", "run": "tools/soak.sh crash",
         "not_modeled": "Drives that lie.", "meanwhile": ""},
        {"id": "S4", "name": "Links", "promise": "They end.", "bar": "1 s", "run": "", "not_modeled": "", "meanwhile": "None exist."}]
OLD_LINE = {"id": "R1", "figure": "kills", "value": "10 of 10", "bar": "0 lost", "held": True, "planted": "5 of 5 found",
            "run": "tools/soak.sh crash", "seconds": 90}
LINE = {**OLD_LINE, "revision": "0123456789ab", "dirty": False}


def denied_wrongly(row, root):
    """Whoever writes that something does not exist names the folder or file where it would be, and it is not there."""
    found = []
    for sentence in re.findall(r"(?:[^.]|[.](?=[a-z]))+[.]?", row["not_modeled"] + " " + row["meanwhile"]):
        if re.search(r"\b(do|does) not exist\b", sentence):
            places = [place for group in re.findall(r"\((no [^)]*)\)", sentence) for place in re.findall(r"no ((?:src|web|test)/[\w/.]+)", group)]
            found += [f"{place} exists" for place in places if (root / place).exists()]
            found += [] if places else [f"names no folder: {sentence.strip()}"]
    return found


class Page(unittest.TestCase):
    def test_the_committed_page_is_what_the_figures_give(self):
        self.assertEqual((ROOT / "docs/reliability.md").read_text(), reliability.committed_page(),
                         "run tools/reliability.py")

    def test_each_row_of_the_scorecard_is_there_and_one_without_a_figure_says_so(self):
        rows = reliability.read_scorecard()
        self.assertEqual([row["id"] for row in rows], [f"{letter}{n}" for letter, last in (("R", 19), ("T", 7), ("S", 14))
                                                       for n in range(1, last + 1)])
        _, lines = reliability.read_lines(reliability.FIGURES)
        self.assertTrue(lines)
        sections = re.split(r"^### ", (ROOT / "docs/reliability.md").read_text(), flags=re.M)[1:]
        self.assertEqual([section.split(".")[0] for section in sections], [row["id"] for row in rows])
        for row, section in zip(rows, sections):
            has_figure = any(line["id"] == row["id"] for line in lines)
            self.assertEqual(reliability.NO_FIGURE in section, not has_figure, row["id"])
            self.assertTrue(has_figure or row["meanwhile"] or row["not_modeled"], f"{row['id']}: nothing tells why")

    def test_a_row_with_a_figure_says_what_it_leaves_out(self):
        told = {line["id"] for line in reliability.read_lines(reliability.FIGURES)[1]}
        for row in reliability.read_scorecard():
            self.assertTrue(row["id"] not in told or row["not_modeled"], row["id"])

    def test_what_is_said_not_to_exist_does_not(self):
        for row in reliability.read_scorecard():
            self.assertEqual(denied_wrongly(row, ROOT), [], row["id"])
        row = {"promise": "", "not_modeled": "", "meanwhile": "Shares do not exist yet (no src/sharing). It is so."}
        self.assertEqual(denied_wrongly(row, ROOT), ["src/sharing exists"])
        for words in ("Shares do not exist yet.", "Paper does not exist; see no src/nowhere."):
            self.assertEqual(denied_wrongly({**row, "meanwhile": words}, ROOT), [f"names no folder: {words}"])
        self.assertEqual(denied_wrongly({**row, "meanwhile": "It does not exist yet (no src/nowhere)."}, ROOT), [])

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

    def test_each_figure_names_its_revision_or_that_none_was_kept(self):
        self.assertIn("| 90 s | `0123456789ab` |", reliability.page(ROWS, MACHINE, [LINE]))
        self.assertIn("| 90 s | `0123456789ab`, changed |", reliability.page(ROWS, MACHINE, [{**LINE, "dirty": True}]))
        self.assertIn("| 90 s | none known, changed |", reliability.page(ROWS, MACHINE, [{**LINE, "revision": None, "dirty": True}]))
        self.assertIn("| 90 s | before revisions were kept |", reliability.page(ROWS, MACHINE, [OLD_LINE]))

    def test_a_run_of_two_days_says_both(self):
        self.assertIn("are of 2026-01-02, on", reliability.page(ROWS, MACHINE, [LINE]))
        page = reliability.page(ROWS, {**MACHINE, "date": "2026-01-02/2026-01-03"}, [LINE])
        self.assertIn("are of 2026-01-02 to 2026-01-03, on", page)

    def test_figures_of_today_beside_those_of_before_widen_the_days(self):
        for date, today, both in (("2026-01-02", "2026-01-02", "2026-01-02"), ("2026-01-02", "2026-01-05", "2026-01-02/2026-01-05"),
                                  ("2026-01-02/2026-01-03", "2026-01-05", "2026-01-02/2026-01-05")):
            self.assertEqual(reliability.until({**MACHINE, "date": date}, datetime.date.fromisoformat(today))["date"], both)

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

    def test_a_sweep_of_every_seventh_byte_is_the_same_figure_as_a_whole_one(self):
        whole, sampled = {**LINE, "figure": "every byte of it"}, {**LINE, "figure": "every 7th byte of it"}
        self.assertEqual(reliability.settled([whole, sampled], ROWS), [sampled])
        self.assertEqual(reliability.settled([sampled, whole], ROWS), [whole])

    def test_a_figure_of_no_row_is_refused(self):
        with self.assertRaises(reliability.Wrong):
            reliability.settled([{**LINE, "id": "R99"}], ROWS)

    def test_a_line_that_lacks_something_is_refused(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for line in ({key: LINE[key] for key in LINE if key != "planted"}, {**LINE, "held": "yes"}, {**LINE, "more": 1},
                         {key: LINE[key] for key in LINE if key != "dirty"}, {**LINE, "dirty": "no"}):
                with self.assertRaises(reliability.Wrong):
                    self.read(file, line)
            for line in (LINE, OLD_LINE):
                self.assertEqual(self.read(file, line), (None, [line]))

    @staticmethod
    def read(file, *lines):
        file.seek(0)
        file.truncate()
        file.write("".join(json.dumps(line) + "\n" for line in lines))
        file.flush()
        return reliability.read_lines(pathlib.Path(file.name))

    def test_a_machine_without_a_date_that_is_one_is_refused_in_words(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for date in ("2026-11-28 and 29", "yesterday", "2026-02-30", "2026-11-29/2026-11-28", "2026-1-2", "20261128",
                         "2026-11-28/2026-11-29/2026-11-30", "/", "", 20261128, None):
                with self.assertRaisesRegex(reliability.Wrong, "line 1: the machine's date is .*; it has to be a day as"):
                    self.read(file, {**MACHINE, "date": date}, LINE)
            for date in ("2026-11-28", "2026-11-28/2026-11-29", "2024-02-29"):
                self.assertEqual(self.read(file, {**MACHINE, "date": date}, LINE)[1], [LINE])

    def recorded(self, *arguments):
        """What is read of what a campaign records."""
        with tempfile.TemporaryDirectory() as home:
            path = pathlib.Path(home) / "figures.jsonl"
            program = f"import figures; figures.record('R1', 'kills', {', '.join(arguments)}, run='tools/soak.sh crash', seconds=1.6)"
            done = subprocess.run([sys.executable, "-c", program], cwd=ROOT / "test", env={**os.environ, "LAPEL_FIGURES": str(path)},
                                  timeout=60)
            self.assertEqual(done.returncode, 0)
            machine, (line,) = reliability.read_lines(path)
            self.assertIsNone(machine)
            return line

    def test_what_campaigns_record_is_what_is_read(self):
        line = self.recorded("'1 of 1'", "'0 lost'", "True")
        self.assertEqual(line, {**line, **OLD_LINE, "value": "1 of 1", "planted": None, "seconds": 2})
        git = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
        if git.returncode == 0:
            self.assertEqual(line["revision"], git.stdout.strip())
        else:
            self.assertEqual((line["revision"], line["dirty"]), (None, True))

    def test_a_run_that_did_not_find_all_that_was_planted_keeps_no_bar(self):
        for planted, held in (("5 of 5 found", True), ("4 of 5 found", False), ("0 of 6 found", False), ("0 of 0 found", False),
                              ("2 of 2", True), ("9 of 10 found", False), ("10 of 9 found", True), ("", False)):
            self.assertEqual(self.recorded("'1 of 1'", "'0 lost'", "True", f"planted={planted!r}")["held"], held, planted)
        self.assertFalse(self.recorded("'1 of 1'", "'0 lost'", "False", "planted='5 of 5 found'")["held"])

    def test_of_committed_figures_none_is_held_that_missed_a_planted_bug(self):
        for line in reliability.read_lines(reliability.FIGURES)[1]:
            self.assertTrue(not line["held"] or line["planted"] is None or figures.found_all(line["planted"]), line["figure"])

    def test_a_tree_that_differs_from_its_revision_is_told(self):
        def git(*arguments):
            subprocess.run(["git", "-C", home, "-c", "user.name=n", "-c", "user.email=e", *arguments], check=True, capture_output=True)
        root = figures.ROOT
        with tempfile.TemporaryDirectory() as home:
            figures.ROOT = pathlib.Path(home)
            try:
                self.assertEqual(figures.tree(), (None, True))  # no clone
                git("init")
                (figures.ROOT / "docs/figures").mkdir(parents=True)
                for name in ("kept", "docs/figures/reliability.jsonl", "docs/reliability.md"):
                    (figures.ROOT / name).write_text("a")
                git("add", ".")
                git("commit", "-m", "one")
                self.assertRegex(figures.tree()[0], "^[0-9a-f]{12}$")
                self.assertFalse(figures.tree()[1])
                (figures.ROOT / "docs/figures/reliability.jsonl").write_text("b")
                (figures.ROOT / "docs/reliability.md").write_text("b")
                (figures.ROOT / "untracked").write_text("b")
                self.assertFalse(figures.tree()[1])
                (figures.ROOT / "kept").write_text("b")
                self.assertTrue(figures.tree()[1])
            finally:
                figures.ROOT = root


if __name__ == "__main__":
    unittest.main()
