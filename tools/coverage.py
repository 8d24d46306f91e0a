#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what gcovr counted to the bars: lines of the modules that keep evidence, branches of what acknowledges and verifies.

    coverage.py GCOVR.json SECONDS

Prints each module, then each line with a branch that no test takes; exits 1 under a bar. Branches of exceptions are left out by
gcovr. gcc makes more of them than it marks: of the loop that destroys half an initializer list when a copy of a string throws, and
of temporaries in a braced list. So a branch counts where the source decides: on every line of the condition of an if, for, while or
switch, of what a TRY tries, of an expression with ?:, && or ||, and of a case. Left out besides, and nothing else: what a CHECK does
when it fails (it ends the process), and lines that say why in a comment with `no test:`.
docs/decisions/0012-branches-where-the-source-decides.md tells what that costs.
"""
import bisect
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test"))

import figures  # noqa: E402  (the path above leads there)

LINES_MIN = 90.0
MODULES = ("store", "ledger", "intake", "ingest", "evidence", "proof")

# What stands between a byte that came in and the word that it is kept; between evidence and the word that it holds. A file
# alone means all of it; names are functions as they are defined.
ACKNOWLEDGEMENT = {
    "src/ingest/routes.cc": None,
    "src/intake/uploads.cc": ("Uploads::take_over", "Uploads::create", "Uploads::repair_short", "Uploads::append", "Uploads::seal_one",
                              "Uploads::join", "Uploads::admit"),
    "src/intake/uploads.h": ("Writer::hold_back",),
    "src/intake/writer.cc": None,
    "src/evidence/vault.cc": ("Vault::admit",),
    "src/store/store.cc": ("Store::put",),
    "src/store/keys.cc": ("KeyStore::subject_key_or_create",),
    "src/bucket/fs_bucket.cc": ("FsBucket::put", "FsBucket::put_file"),
    "src/cameras/destination.cc": None,
    "src/ledger/ledger.cc": ("Ledger::commit",),
    "src/ledger/log.cc": ("Log::append", "Log::grow", "Log::swap"),
    "src/db/sqlite.cc": ("SqliteDatabase::write", "SqliteDatabase::write_in_group", "SqliteDatabase::end", "SqliteDatabase::commit",
                         "Connection::roll_back", "Connection::checkpoint_if_due", "Connection::make_found_commits_durable"),
    "src/db/postgres.cc": ("write_once", "PostgresDatabase::write_until_alone", "Connection::begin", "Connection::commit",
                           "Connection::roll_back"),
}
VERIFICATION = {
    "src/acts/tables_check.cc": None,
    "src/audit/check.cc": None,
    "src/audit/facts_check.cc": None,
    "src/ledger/check.cc": None,
    "src/oversight/record_check.cc": None,
    "src/program/record_check.cc": None,
    "src/proof/capture.cc": None,
    "src/proof/device_log.cc": None,
    "src/proof/entry.cc": None,
    "src/proof/extension.cc": None,
    "src/proof/note.cc": None,
    "src/proof/receipt.cc": None,
    "src/proof/tree.cc": None,
    "src/proof/package.cc": None,
    "src/roster/holds_check.cc": None,
    "src/roster/told.cc": None,
    "src/training/record_check.cc": None,
    "src/verify/camera_files.cc": None,
    "src/verify/command_line.cc": None,
    "src/verify/paths.cc": None,
}
REASON = "no test:"
BLANKED = re.compile(r"""R"\((?s:.*?)\)"|"(?:[^"\\\n]|\\.)*"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)*'|//[^\n]*""")
TOKEN = re.compile(r"\b(?:case|TRY)\b|&&|\|\||[?;,(){}\[\]]")
OPENED = {"(": ")", "[": "]", "{": "}"}


def deciding_lines(text):
    """(the lines on which the source decides, those of CHECKs that are statements of their own), from 1."""
    text = BLANKED.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    decide, checks = set(), set()

    def line(at):
        return bisect.bisect_right(starts, at)

    def spanned(first, last, braced):
        """The lines of an expression without those that begin in a list in braces, or in a lambda, within it."""
        while first < last and text[first].isspace():
            first += 1
        return set(range(line(first), line(last) + 1)) - braced

    class Open:
        """A bracket, what it is for, and the expression that is being read in it."""

        def __init__(self, at, keyword):
            self.at, self.keyword, self.begun, self.decides = at, keyword, at + 1, False
            self.braced, self.all_braced = set(), set()  # lines that begin in braces: in the expression, in all of the bracket

    stack = [Open(-1, None)]
    for found in TOKEN.finditer(text):
        word, at, top = found[0], found.start(), stack[-1]
        if word in OPENED:
            keyword = re.search(r"\b(if|for|while|switch|CHECK)(?: constexpr)?$", text[max(0, at - 20):at].rstrip()) if word == "(" else None
            stack.append(Open(at, keyword and keyword[1]))
        elif word in ("case", "TRY"):  # what the macro decides stands where its name does
            decide.add(line(at))
        elif word in ("?", "&&", "||"):
            top.decides = True
        elif word in (";", ",") or word in OPENED.values():
            if top.decides:
                decide |= spanned(top.begun, at - 1, top.braced)
            top.begun, top.decides, top.braced = found.end(), False, set()
            if word in (";", ",") or len(stack) == 1:
                continue
            stack.pop()
            if top.keyword == "CHECK":
                if not text[starts[line(top.at) - 1]:top.at].strip().removesuffix("CHECK"):
                    checks |= set(range(line(top.at), line(at) + 1))
            elif top.keyword:
                decide |= spanned(top.at, at, top.all_braced)
            inner = top.all_braced
            if word == "}":  # also the line that has nothing before its brace
                first = line(top.at)
                inner = inner | set(range(first + bool(text[starts[first - 1]:top.at].strip()), line(at) + 1))
            stack[-1].braced |= inner
            stack[-1].all_braced |= inner
            if word == "}" and not stack[-1].decides:
                stack[-1].begun, stack[-1].braced = found.end(), set()  # the end of a block
    return decide - checks, checks


def extent(lines, name):
    """The numbers of the lines of a function, from its name to the brace that closes it in the column in which it began."""
    member = name.split("::")[-1]
    forms = [re.compile(rf"^[^\s/].*\b{re.escape(name)}\("), re.compile(rf"^  [^\s/].*\b{re.escape(member)}\(.*\{{( .* \}})?$")]
    for form, end in zip(forms, ("}", "  }")):
        for first, line in enumerate(lines, 1):
            if form.match(line) and not line.endswith(";"):
                if line.endswith(" }"):
                    return range(first, first + 1)
                last = next(n for n, text in enumerate(lines[first:], first + 1) if text.rstrip(";") == end)
                return range(first, last + 1)
    raise SystemExit(f"coverage: {name} is not where the list says")


def branches_of(path, names, counted):
    """(taken, all, rows of what was not taken) in a file or in functions of it."""
    text = (ROOT / path).read_text()
    source = text.splitlines()
    decide, checks = deciding_lines(text)
    scopes = [range(1, len(source) + 1)] if names is None else [extent(source, name) for name in names]
    taken = total = 0
    missed = []
    for line in counted.get(path, []):
        number = line["line_number"]
        if not any(number in scope for scope in scopes):
            continue
        text = source[number - 1]
        branches = [branch for branch in line["branches"] if not branch["throw"]]
        if number in checks or REASON in text or line.get("gcovr/noncode"):
            continue
        if number not in decide:
            branches = []
        hit = sum(1 for branch in branches if branch["count"])
        taken += hit
        total += len(branches)
        if hit < len(branches):
            missed.append(f"{path}:{number}: {hit} of {len(branches)}: {text.strip()}")
        elif not branches and not line["count"] and names is not None and re.search(r"\w", text):
            missed.append(f"{path}:{number}: never run: {text.strip()}")
    return taken, total, missed


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    counted = {}
    for file in json.loads(pathlib.Path(arguments[0]).read_text())["files"]:
        counted[file["file"]] = file["lines"]
    seconds = int(arguments[1])
    kept = True

    told, worst = [], 100.0
    for module in MODULES:
        lines = [line for path, rows in counted.items() if path.startswith(f"src/{module}/") and path.endswith(".cc")
                 for line in rows if not line.get("gcovr/noncode")]
        if not lines:
            raise SystemExit(f"coverage: nothing was counted in {module}")
        share = 100 * sum(1 for line in lines if line["count"]) / len(lines)
        worst = min(worst, share)
        told.append(f"{module} {share:.1f} %")
        print(f"lines     {module:<16} {share:5.1f} % of {len(lines)}")
    kept &= worst >= LINES_MIN
    figures.record("S12", "lines that tests run", ", ".join(told), f"{LINES_MIN:.0f} % of each", worst >= LINES_MIN,
                   run="tools/soak.sh coverage", seconds=seconds)

    for title, scope in (("acknowledgement", ACKNOWLEDGEMENT), ("verification", VERIFICATION)):
        taken = total = 0
        missed = []
        for path, names in scope.items():
            if path not in counted:
                raise SystemExit(f"coverage: nothing was counted in {path}")
            part = branches_of(path, names, counted)
            taken, total = taken + part[0], total + part[1]
            missed += part[2]
        print(f"branches  {title:<16} {100 * taken / total:5.1f} % ({taken} of {total})")
        for row in missed:
            print(f"          {row}")
        kept &= not missed
        figures.record("S12", f"branches of {title} that tests take", f"{taken} of {total}, {100 * taken / total:.1f} %", "all of them",
                       not missed, run="tools/soak.sh coverage", seconds=seconds)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
