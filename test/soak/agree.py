#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks two verifiers that share no code the same questions, and says where they differ.

  agree.py PROGRAM [COUNT]      PROGRAM: build/release/tests/agree; COUNT: LAPEL_AGREE_INPUTS, else 2,000

Two pairs of processes share the questions (LAPEL_AGREE_PAIRS=2), a block of them at a time. A question is a
receipt, a checkpoint or an export, bent by bytes, tokens, lines or structure (test/soak/agree.cc), with a trusted key. Both
must accept it or both refuse it, and where they accept, say the same of it. Before the run each bug that can be planted in
the answers of one side has to be found, or the run fails. LAPEL_AGREE_SEED chooses the questions (1).
LAPEL_AGREE_GO_ON=1 counts the blocks that earlier runs agreed on, where both programs are the same to the byte.
"""
import collections
import hashlib
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test"))
import figures  # noqa: E402

OTHER = ROOT / "web/build/verify/vectors.js"
PLANTED = ("trailing", "crlf", "member", "clock", "said")
PLANTED_QUESTIONS = 1_000
BLOCK = 10_000  # questions, after which what was agreed on is not asked again
SHOWN_MAX = 20


class Comparison:
    def __init__(self):
        self.asked = self.accepted = 0
        self.kinds = collections.Counter()
        self.differences = []

    def compare(self, seed, ours, theirs):
        self.asked += 1
        self.accepted += ours["accept"] and theirs["accept"]
        self.kinds[(ours["kind"], "accepted" if ours["accept"] else "refused")] += 1
        assert (ours["id"], ours["kind"]) == (theirs["id"], theirs["kind"]), "the answers are out of step"
        if ours["accept"] == theirs["accept"] and (not ours["accept"] or ours["said"] == theirs["said"]):
            return
        self.differences.append((seed, ours, theirs))

    def show(self):
        for seed, ours, theirs in self.differences[:SHOWN_MAX]:
            print(f"seed {seed}, question {ours['id']} ({ours['kind']}):")
            for who, answer in (("src/proof", ours), ("web/src/verify", theirs)):
                said = answer.get("said", "")
                print(f"  {who}: {'accepts, saying ' + repr(said) if answer['accept'] else 'refuses: ' + answer['why']}")


class Progress:
    """What was asked so far. A block that was agreed on is kept in a file, for a run that goes on."""
    FILE = ROOT / "build/soak/agree.json"

    def __init__(self, program, seed, goes_on):
        parts = hashlib.sha256(program.read_bytes())
        for path in sorted(OTHER.parent.glob("*.js")):
            parts.update(path.read_bytes())
        self.of = [parts.hexdigest(), seed, BLOCK]
        self.blocks = set()
        self.comparison = Comparison()
        self.lock = threading.Lock()
        kept = json.loads(self.FILE.read_text()) if goes_on and self.FILE.exists() else {}
        if kept.get("of") == self.of:
            self.blocks = set(kept["blocks"])
            self.comparison.asked, self.comparison.accepted = kept["asked"], kept["accepted"]
            self.comparison.kinds.update({(kind, verdict): number for kind, verdict, number in kept["kinds"]})

    def add(self, first, part):
        with self.lock:
            total = self.comparison
            total.asked += part.asked
            total.accepted += part.accepted
            total.kinds.update(part.kinds)
            total.differences += part.differences
            if part.asked != BLOCK or part.differences:
                return
            self.blocks.add(first)
            self.FILE.parent.mkdir(parents=True, exist_ok=True)
            kinds = [[kind, verdict, number] for (kind, verdict), number in total.kinds.items()]
            text = json.dumps({"of": self.of, "blocks": sorted(self.blocks), "asked": total.asked, "accepted": total.accepted,
                               "kinds": kinds})
            self.FILE.with_suffix(".new").write_text(text)
            self.FILE.with_suffix(".new").replace(self.FILE)


def ours(program, seed, first, count, planted=()):
    return subprocess.Popen([program, "answer", *planted, str(seed), str(first), str(count)], stdout=subprocess.PIPE, text=True,
                            encoding="utf-8")


def theirs(program, seed, first, count):
    made = subprocess.Popen([program, "make", str(seed), str(first), str(count)], stdout=subprocess.PIPE)
    answers = subprocess.Popen(["node", OTHER, "--stdin"], stdin=made.stdout, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    made.stdout.close()
    return made, answers


def ended_well(processes, answered, asked):
    codes = [process.wait() for process in processes]
    if answered != asked or any(codes):
        raise RuntimeError(f"{answered} of {asked} questions were answered, the programs ended with {codes}")


def ask(program, seed, first, count, comparison):
    made, right = theirs(program, seed, first, count)
    left = ours(program, seed, first, count)
    number = 0
    for mine, other in zip(left.stdout, right.stdout):
        comparison.compare(seed, json.loads(mine), json.loads(other))
        number += 1
    ended_well((made, right, left), number, count)


def find_planted(program, seed):
    """Each bug's answers against those of the other side, which is asked once."""
    made, right = theirs(program, seed, 0, PLANTED_QUESTIONS)
    answers = [json.loads(line) for line in right.stdout]
    ended_well((made, right), len(answers), PLANTED_QUESTIONS)

    def differences(*planted):
        left = ours(program, seed, 0, PLANTED_QUESTIONS, planted)
        comparison = Comparison()
        for mine, other in zip(left.stdout, answers):
            comparison.compare(seed, json.loads(mine), other)
        ended_well((left,), comparison.asked, PLANTED_QUESTIONS)
        return {mine["id"] for _, mine, _ in comparison.differences}

    honest, found = differences(), []
    for bug in PLANTED:
        number = len(differences(bug) - honest)
        print(f"planted {bug}: {number} differences in {PLANTED_QUESTIONS} questions", flush=True)
        if number:
            found.append(bug)
    return found


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    count = int(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("LAPEL_AGREE_INPUTS", 2_000))
    seed = int(os.environ.get("LAPEL_AGREE_SEED", 1))
    pairs = max(1, int(os.environ.get("LAPEL_AGREE_PAIRS", 2)))
    if not OTHER.is_file():
        raise SystemExit(f"agree: {OTHER} is not built: npm --prefix web run build")
    begun = time.monotonic()
    found = find_planted(program, seed)
    progress = Progress(program, seed, os.environ.get("LAPEL_AGREE_GO_ON") == "1")
    comparison = progress.comparison
    before = comparison.asked
    blocks = queue.SimpleQueue()
    for first in range(0, count, BLOCK):
        if first not in progress.blocks:
            blocks.put((first, min(BLOCK, count - first)))
    failures = []

    def take_blocks():
        while not failures and not comparison.differences:
            try:
                first, size = blocks.get_nowait()
            except queue.Empty:
                return
            part = Comparison()
            try:
                ask(program, seed, first, size, part)
            except Exception as error:  # a thread's end is nobody's exit code
                failures.append(error)
            progress.add(first, part)

    asking = time.monotonic()
    threads = [threading.Thread(target=take_blocks) for _ in range(pairs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = (comparison.asked - before) / max(1e-9, time.monotonic() - asking)
    comparison.show()
    for (kind, verdict), number in sorted(comparison.kinds.items()):
        print(f"  {kind:12} {verdict:9} {number:9,}")
    for error in failures:
        print(f"agree: {error!r}")
    print(f"{comparison.asked:,} questions, {comparison.accepted:,} accepted by both, {len(comparison.differences):,} disagreements, "
          f"{rate:.0f} a second; planted bugs found: {len(found)} of {len(PLANTED)}")
    # Questions that nobody accepts would agree for nothing.
    balanced = comparison.accepted >= comparison.asked // 20
    if not balanced:
        print("agree: too few of the questions are accepted: the changes are too crude")
    held = not failures and not comparison.differences and comparison.asked == count and balanced
    figures.record("T2", "agreement of two verifiers on changed receipts, checkpoints, tiles, proofs and exports",
                   f"{comparison.asked:,} inputs, {comparison.accepted:,} accepted by both, {len(comparison.differences)} disagreements",
                   "1,000,000 inputs, 0 disagreements", held and comparison.asked >= 1_000_000, "tools/soak.sh agree",
                   time.monotonic() - begun, planted=f"{len(found)} of {len(PLANTED)} found")
    return 0 if held and len(found) == len(PLANTED) else 1


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    sys.exit(main())
