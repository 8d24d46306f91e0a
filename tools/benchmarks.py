#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/benchmarks.md from a saved run and the notes beside it.

  tools/benchmarks.py            writes the page
  tools/benchmarks.py --check    exits with 1 where the page is another than the lines make

Reads docs/figures/benchmarks.jsonl (the machine, then one line a comparison: `tools/bench.sh --save` writes it) and
docs/figures/benchmarks_notes.md (what was tried and where the time goes, under a heading for each bench it speaks of).
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES = ROOT / "docs/figures/benchmarks.jsonl"
NOTES = ROOT / "docs/figures/benchmarks_notes.md"
PAGE = ROOT / "docs/benchmarks.md"

HEAD = """# Benchmarks

Made by `tools/benchmarks.py` from one saved run; do not edit. Both sides of a comparison ran on the same machine, one after
the other, in turn, with the same client and the same bytes; each ratio is the median of the pairs, with the least and the
greatest. Only ratios are told: absolute figures are the machine's. Ours hashes, syncs, seals in the ledger and checks rights in
every run; nginx, `@tus/server` and tusd do none of these.

"""

TAIL = """
## How to repeat it

```
make bench                 # all of it: about half an hour on two cores; JSON lines on stdout
make bench BENCH=b3        # one: b1 uploads, b2 shift change, b3 ranges, b5 ledger, b8 what evidence costs, b9 what a decision costs,
                           # b10 what time tells, b11 the pages of a state's program
tools/bench.sh --save      # all of it into docs/figures/benchmarks.jsonl, and this page anew
```

The peers are fetched by the set-up, started on the loopback and ended by the bench. `sink` is `bench/sink.cc`: receive, hash,
write direct, sync, and nothing else. CPU is user and system time of the server's processes, from the first byte until every
upload is sealed. Before any figure is told, the bench checks the stored SHA-256, the ledger's entry of each upload, a sync for
each acknowledged upload, and that an offset acknowledged just before `kill -9` stands after a restart. An otherwise idle machine
is needed for times; CPU and ratios bear some company.

b2 is a shift's end, at 1:100 of a state department: ten devices with ten clips of 60 MiB each, which come within a minute, each on a link of
20 MB/s, while four clients play ranges and two read lists; `shift_change_rate` is beside what those links could carry at best.

b5 measures entries by writers that wait for them, and what they leave: bytes on disk beside a log that keeps entries and hashes alone, and a full
check (every leaf, tile, event and published root from leaf 0) beside two SHA-256 an entry. At ten million leaves all but 2,000 are padding.

b8 is what evidence costs. The server has no switch that takes hash, ledger or rights away, so that floor programs stand in for it without:
`hash_cpu` is the floor with a hash beside the floor without, `ledger_and_catalog_cpu` ours beside the floor with one, `evidence_cpu` all of it.

b10 asks, as an officer, for recordings that they may not know of and for ids that were never given, in turn and in either order, and
counts how often the answer about the one took longer than the answer about the other: always or never would tell everything, half of the times
(0.5) tells nothing. `hidden_…` is how far it is from that; beyond 0.05 is missed.

b11 fills in the program of a state, 5,000 people in 20 facilities with ten years of turns and statements, and asks for each page's answer; its
peer is the 100 ms that a page may take at the server. The whole report, which programs may ask for and no page does, has no bar.
"""


# What a bar is on the way to: held to nothing yet, and not forgotten either. By bench and peer.
AMBITIONS = {(f"upload_{kind}_cpu", peer): ambition for kind in ("1x1GiB", "8x256MiB")
             for peer, ambition in (("sink", 1.15), ("nginx", 0.6), ("@tus/server", 0.35))} | {
    ("upload_64_at_once_memory", "the memory it may take"): 118 / 237,
    ("range_http_c16_rate", "nginx"): 0.95, ("range_http_c64_rate", "nginx"): 0.95}


def number(value):
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}" if value >= 0.001 else f"{value:.5f}"


def is_held(line):
    if line["ratio"] is None or line["bar"] is None:
        return None
    return line["ratio"] <= line["bar"] if line["better"] == "lower" else line["ratio"] >= line["bar"]


def row(line):
    if line["ratio"] is None:
        return f"| {line['bench']} | {line['peer']} | absent: {line.get('absent', 'not run')} | | | |"
    limit = "≤" if line["better"] == "lower" else "≥"
    bar = "" if line["bar"] is None else f"{limit} {line['bar']:g}"
    ambition = AMBITIONS.get((line["bench"], line["peer"]))
    if ambition:
        bar += f" ({limit} {ambition:.3g})"
    held = {None: "", True: "held", False: "**missed**"}[is_held(line)]
    spread = f"{number(line['ratio_min'])}–{number(line['ratio_max'])}"
    return (f"| {line['bench']} | {line['peer']} | {number(line['ratio'])} ({spread}) | {bar} | {held} | "
            f"{line['unit']}, {line['better']} is better |")


def notes():
    """{bench: text} of the hand-written notes."""
    parts = re.split(r"^## (.*)$", NOTES.read_text(), flags=re.M)[1:] if NOTES.exists() else []
    return {name.strip(): text.strip() for name, text in zip(parts[::2], parts[1::2])}


def page(text, notes_by_bench):
    first, *lines = [json.loads(line) for line in text.splitlines() if line]
    machine, peers = first["machine"], first["peers"]
    out = [HEAD]
    out.append(f"Measured on {first['date']}: {machine['cpu']}, {machine['cores']} cores, {machine['ram_gib']} GiB, Linux "
               f"{machine['kernel']}, {machine['filesystem']} on {machine['disk']}; load before the run "
               f"{machine['load_before']}" + (f"; revision `{first['revision']}`" if first.get("revision") else "") + ". Peers: " +
               ", ".join(f"{name} {version}" for name, version in peers.items() if version) + ".\n")
    barred = [line for line in lines if is_held(line) is not None]
    held = sum(is_held(line) for line in barred)
    out.append(f"\n**{held} of {len(barred)} bars held.**\n")
    out.append("\n| Bench | Beside | Ratio (least–greatest) | Bar (ambition) | | Unit |\n|---|---|---|---|---|---|\n")
    out.extend(row(line) + "\n" for line in lines)
    missed = [line["bench"] for line in barred if not is_held(line)]
    unexplained = [bench for bench in missed if bench not in notes_by_bench]
    if notes_by_bench or unexplained:
        out.append("\n## Where the time goes\n")
    for bench, note in notes_by_bench.items():
        out.append(f"\n### {bench}\n\n{note}\n")
    for bench in dict.fromkeys(unexplained):
        out.append(f"\n### {bench}\n\nMissed in this run; no note has been written yet.\n")
    out.append(TAIL)
    return "".join(out)


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit("usage: tools/benchmarks.py [--check]")
    made = page(LINES.read_text(), notes())
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text() != made:
            sys.exit("docs/benchmarks.md is not what its lines make: run tools/benchmarks.py")
        return
    PAGE.write_text(made)


if __name__ == "__main__":
    main()
