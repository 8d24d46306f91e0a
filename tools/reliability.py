#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/reliability.md of what the campaigns came to.

    tools/reliability.py                  the page anew, of the committed figures
    tools/reliability.py --from FILE...   takes the lines of a run as the committed figures, then the page

docs/figures/scorecard.json is written by hand: what is promised, where the bar stands, what a campaign leaves out.
docs/figures/reliability.jsonl is a run: its first line tells the machine and the day, or the first and the last of its days
("2026-11-28/2026-11-29"), each other line is a figure as test/figures.py writes it. Where two lines tell the same figure, the
last one counts. Lines of before figures named their revision have none, and the page says so.
"""
import datetime
import json
import os
import pathlib
import platform
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCORECARD = ROOT / "docs/figures/scorecard.json"
FIGURES = ROOT / "docs/figures/reliability.jsonl"
PAGE = ROOT / "docs/reliability.md"

ROW_KEYS = {"id", "name", "promise", "bar", "run", "not_modeled", "meanwhile"}
FIGURE_KEYS = {"id", "figure", "value", "bar", "held", "planted", "run", "seconds"}
REVISION_KEYS = {"revision", "dirty"}
GROUPS = (("R", "Durability"), ("T", "Tamper evidence"), ("S", "Security"))
NO_FIGURE = "No figure yet."

HEAD = """# Reliability, in figures

What was done to Lapel on purpose, how often, and what it came to. Made by `tools/reliability.py` from
`docs/figures/`, and a test holds it to that; nobody edits it.

For whoever has to rely on it, or to attack it in court: each row is a promise in plain words, then what was tried, then the
command that tries it again. A harness that cannot find a bug proves nothing, so that most of them first have to find bugs
that were put in on purpose (**planted**), and a run that does not find all of them keeps no bar; where a row says nothing of
them, it has none. **Bar** is what the run was held to, and one that was made shorter keeps none either; the bar of a release may be higher and is given beside the promise. **Revision** is the commit that was tried; *changed* means
that files differed from it. A row without a figure says so. *It leaves out* is what no run of it can show.

Every command runs on a Debian 12 machine from a clone of this repository; some need root for filesystems of their own.
`tools/soak.sh` runs all of them, and `tools/soak.sh save` makes this page of that run.
"""


class Wrong(Exception):
    """What was read is not what this program makes a page of."""


def read_scorecard(path=SCORECARD):
    rows = json.loads(path.read_text())
    for row in rows:
        if set(row) != ROW_KEYS or not all(isinstance(value, str) for value in row.values()):
            raise Wrong(f"{path.name}: {row.get('id')}: a row has {', '.join(sorted(ROW_KEYS))}, all of them texts")
        if not re.fullmatch("[RTS][0-9]{1,2}", row["id"]) or not row["name"] or not row["promise"] or not row["bar"]:
            raise Wrong(f"{path.name}: {row['id']}: a name, a promise and a bar are needed")
    ids = [row["id"] for row in rows]
    if len(set(ids)) != len(ids):
        raise Wrong(f"{path.name}: an id stands twice")
    return rows


def days(machine, where):
    """The day of a run, or its first and its last one."""
    date = machine.get("date")
    parts = date.split("/") if isinstance(date, str) else []
    try:
        found = [datetime.datetime.strptime(part, "%Y-%m-%d").date() for part in parts if re.fullmatch(r"\d{4}-\d\d-\d\d", part)]
    except ValueError:
        found = []  # the thirtieth of February
    if len(found) != len(parts) or len(found) not in (1, 2) or found != sorted(found):
        raise Wrong(f"{where}: the machine's date is {date!r}; it has to be a day as 2026-11-28, or two as 2026-11-28/2026-11-29")
    return found


def read_lines(path):
    """The lines of a file: figures, and the first one's machine if it tells one."""
    machine, figures = None, []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if not text.strip():
            continue
        line = json.loads(text)
        if number == 1 and "machine" in line:
            machine = line
            days(machine, f"{path.name}, line 1")
            continue
        is_whole = set(line) in (FIGURE_KEYS, FIGURE_KEYS | REVISION_KEYS) and isinstance(line.get("dirty", False), bool)
        if not is_whole or not isinstance(line["held"], bool) or not isinstance(line["seconds"], int):
            raise Wrong(f"{path.name}, line {number}: a figure has {', '.join(sorted(FIGURE_KEYS))}, and "
                        f"{' and '.join(sorted(REVISION_KEYS))} or neither")
        figures.append(line)
    return machine, figures


def settled(figures, rows):
    """Each figure once, the last that was told, in the order of the scorecard."""
    known = [row["id"] for row in rows]
    last = {}
    for line in figures:
        if line["id"] not in known:
            raise Wrong(f"a figure of {line['id']}, which is no row of the scorecard: {line['figure']}")
        # Of the same sweep one run may take every byte, and another every seventh.
        whole = re.sub(r"\bevery \d+(st|nd|rd|th) byte\b", "every byte", re.sub(r", of its events in every \d+\w\w row", "", line["figure"]))
        last[(line["id"], whole)] = line
    return sorted(last.values(), key=lambda line: known.index(line["id"]))


def this_machine():
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    release = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    return {"machine": {"processors": os.cpu_count(), "model": cpu[1] if cpu else platform.machine(),
                        "memory_gib": round(memory / 2 ** 20), "kernel": ".".join(platform.release().split(".")[:2]),
                        "system": release[1] if release else platform.system()},
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")}


def until(machine, today):
    """The same machine, when figures of today have come to those of its days."""
    told = days(machine, "the first line")
    last = max(told[-1], today)
    return {**machine, "date": str(last) if told[0] == last else f"{told[0]}/{last}"}


def cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def duration(seconds):
    return f"{seconds} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def code(text):
    return f"`{text}`" if re.match(r"(tools/|make |ctest |python3 |build/)", text) else text


def revision(line):
    if "revision" not in line:
        return "before revisions were kept"
    return (f"`{line['revision']}`" if line["revision"] else "none known") + (", changed" if line["dirty"] else "")


def section(row, figures):
    out = [f"### {row['id']}. {row['name']}", "", f"{row['promise']}", "", f"*Release bar:* {row['bar']}.", ""]
    if figures:
        out += ["| What was tried | What it came to | Bar | Kept | Planted | Took | Revision |", "|---|---|---|---|---|---|---|"]
        out += [f"| {cell(line['figure'])} | {cell(line['value'])} | {cell(line['bar'])} | {'yes' if line['held'] else '**NO**'} "
                f"| {cell(line['planted'] or '–')} | {duration(line['seconds'])} | {revision(line)} |" for line in figures]
        out.append("")
    else:
        out += [f"**{NO_FIGURE}**", ""]
    if row["meanwhile"]:
        out += [row["meanwhile"], ""]
    runs = list(dict.fromkeys(line["run"] for line in figures)) or [run for run in [row["run"]] if run]
    if runs:
        out += [f"*Repeat it:* {', '.join(code(run) for run in runs)}", ""]
    if row["not_modeled"]:
        out += [f"*It leaves out:* {row['not_modeled']}", ""]
    return out


def page(rows, machine, figures):
    by_row = {row["id"]: [line for line in figures if line["id"] == row["id"]] for row in rows}
    facts = machine["machine"]
    date = " to ".join(str(day) for day in days(machine, "the first line"))
    with_figures = sum(1 for row in rows if by_row[row["id"]])
    missed = [line for line in figures if not line["held"]]
    out = [HEAD,
           f"The figures below are of {date}, on {facts['processors']} processors ({facts['model']}), "
           f"{facts['memory_gib']} GiB of memory, {facts['system']}, Linux {facts['kernel']}.", "",
           f"**{with_figures} of {len(rows)} rows have a figure; {len(figures) - len(missed)} of {len(figures)} figures kept the "
           "bar that they were held to.**", ""]
    out += [f"Not kept: {line['id']}, {line['figure']}: {line['value']}." for line in missed]
    if missed:
        out.append("")
    out += ["| | | Figures | Bars kept |", "|---|---|---|---|"]
    for row in rows:
        mine = by_row[row["id"]]
        kept = sum(line["held"] for line in mine)
        told = f"{len(mine)} | {kept} of {len(mine)}" if mine else "none yet | –"
        out.append(f"| {row['id']} | {cell(row['name'])} | {told} |")
    out.append("")
    for letter, title in GROUPS:
        out += [f"## {title}", ""]
        for row in rows:
            if row["id"].startswith(letter):
                out += section(row, by_row[row["id"]])
    return "\n".join(out).rstrip("\n") + "\n"


def committed_page():
    rows = read_scorecard()
    machine, figures = read_lines(FIGURES)
    if machine is None:
        raise Wrong(f"{FIGURES.name}: the first line tells no machine")
    return page(rows, machine, settled(figures, rows))


def main(arguments):
    try:
        if arguments[:1] == ["--from"] and arguments[1:]:
            machine, figures, is_new = None, [], False
            for name in arguments[1:]:
                told, lines = read_lines(pathlib.Path(name))
                machine = told or machine
                is_new = is_new or told is None
                figures += lines
            if machine and is_new:
                machine = until(machine, datetime.datetime.now(datetime.timezone.utc).date())
            figures = settled(figures, read_scorecard())
            lines = [machine or this_machine(), *figures]
            FIGURES.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        elif arguments:
            print(__doc__, file=sys.stderr)
            return 2
        PAGE.write_text(committed_page())
    except (Wrong, OSError, ValueError) as problem:
        print(f"reliability: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
