# SPDX-License-Identifier: Apache-2.0
"""What a campaign came to, as one line of JSON in the file that LAPEL_FIGURES names; nothing where it names none.

docs/reliability.md is made from such lines. `id` is a row of docs/figures/scorecard.json; `held` says whether the bar
was kept, `planted` how many of the bugs put in on purpose were found, `run` the command that repeats it.
"""
import json
import os


def record(id, figure, value, bar, held, run, seconds, planted=None):
    path = os.environ.get("LAPEL_FIGURES")
    if not path:
        return
    line = {"id": id, "figure": figure, "value": value, "bar": bar, "held": bool(held), "planted": planted, "run": run,
            "seconds": round(seconds)}
    # One write of one line: campaigns of several processes may share the file.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, (json.dumps(line, ensure_ascii=False) + "\n").encode())
    finally:
        os.close(descriptor)
