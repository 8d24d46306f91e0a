#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what gcovr counted to the bars: lines of the modules that keep evidence, branches of what acknowledges and verifies.

    coverage.py GCOVR.json SECONDS

Prints each module, then each line with a branch that no test takes; exits 1 under a bar. Branches of exceptions are left out by
gcovr. gcc makes more of them than it marks: of the loop that destroys half an initializer list when a copy of a string throws, and
of temporaries in a braced list. So a branch counts where the source decides: on lines with if, for, while, switch, case, ?:, &&,
|| or TRY. Left out besides, and nothing else: what a CHECK does when it fails (it ends the process), and lines that say why in a
comment with `no test:`. docs/decisions/0012-branches-where-the-source-decides.md tells what that costs.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test"))

import figures  # noqa: E402  (the path above leads there)

LINES_MIN = 90.0
MODULES = ("store", "ledger", "ingest", "evidence", "proof")

# What stands between a byte that came in and the word that it is kept; between evidence and the word that it holds. A file
# alone means all of it; names are functions as they are defined.
ACKNOWLEDGEMENT = {
    "src/ingest/writer.cc": ("Writer::write", "Writer::write_aligned", "Writer::make_durable", "Writer::finish"),
    "src/store/store.cc": ("Store::put",),
    "src/store/keys.cc": ("KeyStore::subject_key_or_create",),
    "src/bucket/fs_bucket.cc": ("FsBucket::put", "FsBucket::put_file"),
    "src/ledger/ledger.cc": ("Ledger::commit",),
    "src/ledger/log.cc": ("Log::append", "Log::grow", "Log::swap"),
}
VERIFICATION = {
    "src/proof/entry.cc": None,
    "src/proof/note.cc": None,
    "src/proof/receipt.cc": None,
    "src/proof/tree.cc": None,
    "src/proof/package.cc": None,
    "src/verify/command_line.cc": None,
    "src/verify/paths.cc": None,
}
REASON = "no test:"
DECISION = re.compile(r"\b(if|for|while|switch|case|TRY)\b|\?|&&|\|\|")


def extent(lines, name):
    """The numbers of the lines of a function, from its name to the brace that closes it in its first column."""
    member = name.split("::")[-1]
    forms = [re.compile(rf"^[^\s/].*\b{re.escape(name)}\("), re.compile(rf"^  [^\s/].*\b{re.escape(member)}\(.*override \{{$")]
    for form, end in zip(forms, ("}", "  }")):
        for first, line in enumerate(lines, 1):
            if form.match(line) and not line.endswith(";"):
                last = next(n for n, text in enumerate(lines[first:], first + 1) if text.rstrip(";") == end)
                return range(first, last + 1)
    raise SystemExit(f"coverage: {name} is not where the list says")


def branches_of(path, names, counted):
    """(taken, all, rows of what was not taken) in a file or in functions of it."""
    source = (ROOT / path).read_text().splitlines()
    scopes = [range(1, len(source) + 1)] if names is None else [extent(source, name) for name in names]
    taken = total = 0
    missed = []
    for line in counted.get(path, []):
        number = line["line_number"]
        if not any(number in scope for scope in scopes):
            continue
        text = source[number - 1]
        branches = [branch for branch in line["branches"] if not branch["throw"]]
        if re.match(r"\s*CHECK\(", text) or REASON in text or line.get("gcovr/noncode"):
            continue
        if not DECISION.search(re.sub(r'"(?:[^"\\\\]|\\\\.)*"|//.*', "", text)):
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
