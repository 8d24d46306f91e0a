# SPDX-License-Identifier: Apache-2.0
"""What a campaign came to, as one line of JSON in the file that LAPEL_FIGURES names; nothing where it names none.

docs/reliability.md is made from such lines. `id` is a row of docs/figures/scorecard.json; `held` says whether the bar
was kept, `planted` how many of the bugs put in on purpose were found ("5 of 5 found"), `run` the command that repeats it.
Whoever does not find all that was planted keeps no bar, whatever else it came to. Each line names the revision that it is
of, and says whether tracked files differed from it, when the campaign began or when it ended.
"""
import functools
import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Figures of an earlier part, saved meanwhile, change nothing of what is tried.
MADE_OF_FIGURES = (":!docs/figures/reliability.jsonl", ":!docs/reliability.md")


def tree():
    """(the revision checked out, or None where there is no clone; whether tracked files differ from it)"""
    def git(*arguments):
        try:
            return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return None
    revision = git("rev-parse", "--short=12", "HEAD")
    changes = git("status", "--porcelain", "--untracked-files=no", "--", ".", *MADE_OF_FIGURES)
    return revision.strip() if revision else None, changes is None or changes != ""


@functools.cache
def tree_at_the_start():
    return tree()


if os.environ.get("LAPEL_FIGURES"):
    tree_at_the_start()  # a campaign takes hours, and people go on working


def found_all(planted):
    """False where fewer planted bugs were found than there were, or none was planted though it is told of some."""
    counts = re.match(r"(\d+) of (\d+)", planted)
    return counts is not None and 0 < int(counts[2]) <= int(counts[1])


def record(id, figure, value, bar, held, run, seconds, planted=None):
    path = os.environ.get("LAPEL_FIGURES")
    if not path:
        return
    revision, is_dirty = tree_at_the_start()
    held = bool(held) and (planted is None or found_all(planted))
    line = {"id": id, "figure": figure, "value": value, "bar": bar, "held": held, "planted": planted, "run": run,
            "seconds": round(seconds), "revision": revision, "dirty": is_dirty or tree() != (revision, is_dirty)}
    # One write of one line: campaigns of several processes may share the file.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, (json.dumps(line, ensure_ascii=False) + "\n").encode())
    finally:
        os.close(descriptor)
