# SPDX-License-Identifier: Apache-2.0
"""Manual pages and completions say what the programs themselves say, and a real bash offers it."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import BIN, run

SHARE = BIN.parent / "share"
PROGRAMS = {"lapel": 1, "lapel-dock": 1, "lapel-camera": 1, "lapel-sim": 1, "lapel-verify": 1, "lapel-media": 8}
FLAG = re.compile(r"--[a-z][a-z0-9-]*|(?<![\w-])-[a-z](?![\w-])")


def page(name, section):
    return (SHARE / f"man/man{section}/{name}.{section}").read_text()


def help_of(program, *words):
    return run(BIN / program, *words, "--help").stdout


def flags_of_help(text):
    """The flags in the first column of --help."""
    found = set()
    for line in text.splitlines():
        if re.match(r"  -", line):
            found.update(FLAG.findall(re.split(r" {2,}|Needs:", line.strip())[0]))
    return found


def flags_of_page(text, sections=("OPTIONS", "OPTIONS OF THE GROUP")):
    found = set()
    for title, body in re.findall(r"^\.SH (.*)\n((?:(?!\.SH ).*\n)*)", text, re.M):
        if title in sections:
            for row in re.findall(r"^\.TP\n(.*)", body, re.M):
                found.update(FLAG.findall(row.replace("\\-", "-").replace("\\fB", " ").replace("\\fR", " ")))
    return found


def commands_of_help(text):
    _, _, listed = text.partition("Subcommands:\n")
    return re.findall(r"^  ([a-z-]+)", listed, re.M)


def leaves(program, *words):
    """The commands that do something, as the words that lead to them, by asking the program."""
    subs = commands_of_help(help_of(program, *words))
    return [leaf for sub in subs for leaf in leaves(program, *words, sub)] if subs else [words]


def offers(line, cwd=None):
    """What bash offers for the last word of a line, with nothing but the script of that program loaded."""
    program = line.split()[0]
    script = ('source "$1"; complete -p "$2" >&2 || exit 3; COMP_LINE=$3; COMP_POINT=${#3}\n'
              # Bash's own splitting: at blanks, and at = and : as words of their own.
              'mapfile -t COMP_WORDS < <(python3 -c "$4" "$3"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n'
              'function=$(complete -p "$2"); function=${function#*-F }; ${function%% *} || exit 4\n'
              'printf "%s\\n" "${COMPREPLY[@]}"')
    split = ("import re, sys\nline = sys.argv[1]\nwords = re.findall(r'[=:]|[^\\s=:]+', line)\n"
             "words += [''] if line.endswith((' ', '=')) else []\nprint('\\n'.join(words))")
    done = subprocess.run(["bash", "--norc", "--noprofile", "-uc", script, "bash", str(SHARE / "bash-completion/completions" / program),
                           program, line, split], capture_output=True, text=True, cwd=cwd, timeout=60)
    if done.returncode or "complete -F" not in done.stderr:
        raise AssertionError((line, done.returncode, done.stderr))
    if len(done.stderr.splitlines()) != 1:
        raise AssertionError((line, done.stderr))
    return sorted(done.stdout.split())


class Pages(unittest.TestCase):
    def test_each_command_has_its_page_and_each_page_its_command(self):
        pages = {path.name for path in (SHARE / "man").glob("man*/*")}
        expected = {f"{program}.{section}" for program, section in PROGRAMS.items()}
        expected |= {"-".join(["lapel", *words]) + ".1" for words in leaves("lapel")}
        self.assertEqual(pages, expected)
        self.assertGreater(len(pages), 20)

    def test_each_flag_of_help_is_in_the_page_and_the_reverse(self):
        for words in leaves("lapel"):
            flags = flags_of_help(help_of("lapel", *words))
            groups = [flags_of_help(help_of("lapel", *words[:n])) for n in range(1, len(words))]
            self.assertEqual(flags.union(*groups), flags_of_page(page("-".join(["lapel", *words]), 1)), words)
        for program, section in PROGRAMS.items():
            flags = flags_of_help(help_of(program))
            text = page(program, section)
            self.assertEqual(flags, flags_of_page(text), program)
        # A program without groups tells its commands in its one page.
        text = page("lapel-dock", 1)
        told = flags_of_page(text, ("COMMANDS",))
        self.assertEqual(told, set().union(*(flags_of_help(help_of("lapel-dock", *words)) for words in leaves("lapel-dock"))))

    def test_help_all_reaches_each_flag_of_each_command(self):
        for program in ("lapel", "lapel-dock"):
            whole = set()
            for line in run(BIN / program, "--help-all").stdout.splitlines():
                whole |= flags_of_help("  " + line.strip())
            for words in leaves(program):
                self.assertEqual(flags_of_help(help_of(program, *words)) - whole, set(), words)

    def test_a_flag_that_is_left_out_would_be_seen(self):
        text = page("lapel-recording-export", 1)
        cut = re.sub(r"\.TP\n\\fB\\-\\-warrant.*\n.*\n", "", text)
        self.assertNotEqual(cut, text)
        self.assertEqual(flags_of_page(text) - flags_of_page(cut), {"--warrant"})
        self.assertIn("--warrant", flags_of_help(help_of("lapel", "recording", "export")))

    def test_closed_sets_exit_codes_and_variables_are_told(self):
        text = page("lapel-recording-export", 1).replace("\\fB", "").replace("\\fR", "").replace("\\-", "-")
        self.assertIn("One of investigation, review, discovery, records_request, training, own_recording.", text)
        for wanted in ("LAPEL_TOKEN", "LAPEL_SERVER", ".SH EXIT STATUS", "lapel-recording-get"):
            self.assertIn(wanted, text)
        for program, statuses in {"lapel": [0, 1, 2, 3, 4, 5, 6, 7, 130], "lapel-dock": [0, 1, 2, 3, 4, 5, 6, 7, 130],
                                  "lapel-verify": [0, 1, 2, 6], "lapel-media": [0, 2, 20, 21, 22]}.items():
            _, _, exits = page(program, PROGRAMS[program]).partition(".SH EXIT STATUS\n")
            exits = exits.split(".SH ")[0]
            self.assertEqual([int(n) for n in re.findall(r"^\.TP\n\\fB(\d+)\\fR$", exits, re.M)], statuses)
        # The table of problems, from which lapel takes its exit codes, names no other.
        errors = (pathlib.Path(__file__).resolve().parents[2] / "docs/errors.md").read_text()
        rows = [line.split("|") for line in errors.splitlines() if line.startswith("| `/problems/")]
        self.assertLessEqual({int(row[4]) for row in rows}, {0, 1, 2, 3, 4, 5, 6, 7})
        self.assertIn("LAPEL_WEB", page("lapel-serve", 1))
        self.assertNotIn("LAPEL_TOKEN", page("lapel-serve", 1))
        self.assertIn("LAPEL_TOKEN", page("lapel", 1))

    def test_the_typesetter_warns_of_nothing(self):
        self.assertIsNotNone(shutil.which("groff"), "Debian: groff-base")
        paths = sorted((SHARE / "man").glob("man*/*"))
        for path in paths:
            done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", str(path)], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), path)
        # And it does warn of what is wrong.
        with tempfile.NamedTemporaryFile("w", suffix=".1") as bad:
            bad.write(paths[0].read_text() + ".NOSUCH macro\n")
            bad.flush()
            done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", bad.name], capture_output=True, text=True)
            self.assertIn("NOSUCH", done.stderr)

    def test_a_page_reads_as_a_page(self):
        done = subprocess.run(["groff", "-man", "-Tascii", "-P-c", str(SHARE / "man/man1/lapel-user-add.1")], capture_output=True,
                              text=True, check=True)
        text = re.sub(r".\x08", "", done.stdout)
        words = " ".join(text.split())
        self.assertIn("lapel-user-add - Add a person", words)
        self.assertIn("--role ROLE What the person may do. One of officer, supervisor,", words)


class Completion(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(offers("lapel re"), ["recording"])
        self.assertEqual(offers("lapel recording "), ["accept", "change", "custody", "export", "get", "list", "release", "show", "unrestrict", "upload", "verify"])
        self.assertEqual(offers("lapel recording ex"), ["export"])
        self.assertEqual(offers("lapel --help-all recording ex"), ["export"])
        self.assertEqual(offers("lapel-dock "), ["enroll", "run"])
        self.assertEqual(offers("lapel nonsense "), offers("lapel "))

    def test_flags(self):
        self.assertEqual(offers("lapel recording export --p"), ["--purpose"])
        self.assertEqual(offers("lapel recording export --server http://localhost:8080 --ser"), ["--server"])
        self.assertEqual(offers("lapel-verify --"), ["--camera-key", "--help", "--json", "--key", "--witness"])
        self.assertEqual(offers("lapel-media --s"), ["--self-test"])
        for words in leaves("lapel"):
            self.assertLessEqual(flags_of_help(help_of("lapel", *words)), set(offers(" ".join(["lapel", *words, "-"]))), words)

    def test_values_of_closed_sets(self):
        self.assertEqual(offers("lapel recording export --purpose re"), ["records_request", "review"])
        self.assertEqual(offers("lapel recording get abc --purpose=tr"), ["training"])
        self.assertEqual(offers("lapel job list --state "), ["blocked", "done", "failed", "running", "waiting"])
        self.assertEqual(offers("lapel user add --role officer,au"), ["officer,auditor"])
        self.assertEqual(len(offers("lapel user add --role ")), 14)
        self.assertEqual(offers("lapel token create --scope vi"), ["view"])
        # What the parser takes is what is offered: it refuses another, and names these.
        refused = run(BIN / "lapel", "job", "list", "--data", "/nonexistent", "--state", "lost", check=False)
        self.assertEqual(refused.returncode, 2)
        for state in offers("lapel job list --state "):
            self.assertIn(state, refused.stderr)

    def test_a_value_is_not_taken_for_a_command(self):
        self.assertEqual(offers("lapel recording list --query upload --of"), ["--officer"])
        self.assertEqual(offers("lapel recording list --query "), [])

    def test_files_and_folders(self):
        with tempfile.TemporaryDirectory() as home:
            (pathlib.Path(home) / "clips").mkdir()
            (pathlib.Path(home) / "clip.mp4").write_bytes(b"")
            self.assertEqual(offers("lapel recording upload cl", home), ["clip.mp4", "clips"])
            self.assertEqual(offers("lapel init --data cl", home), ["clips"])
            self.assertEqual(offers("lapel-verify --key abc cl", home), ["clip.mp4", "clips"])
            self.assertEqual(offers("lapel-verify --key abc -- -", home), [])

    def test_nothing_of_the_line_is_run(self):
        with tempfile.TemporaryDirectory() as home:
            for line in ("lapel $(touch ran) ", "lapel recording export --purpose $(touch\tran)", "lapel recording upload `touch\tran`",
                         "lapel user add --role officer,$(touch\tran)"):
                offers(line, home)
            self.assertEqual(os.listdir(home), [])


if __name__ == "__main__":
    unittest.main()
