#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks two verifiers that share no code the same questions, and says where they differ.

  agree.py PROGRAM [COUNT]      PROGRAM: build/release/tests/agree; COUNT: LAPEL_AGREE_INPUTS, else 2,000

Half of the questions are another seed's, by a second pair of processes at the same time (LAPEL_AGREE_PAIRS=2). A question is a
receipt, a checkpoint or an export, bent by bytes, tokens, lines or structure (test/soak/agree.cc), with a trusted key. Both
must accept it or both refuse it, and where they accept, say the same of it. Before the run each bug that can be planted in
the answers of one side has to be found, or the run fails. LAPEL_AGREE_SEED chooses the questions (1).
"""
import collections
import json
import os
import pathlib
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
SHOWN_MAX = 20


class Comparison:
    def __init__(self):
        self.asked = self.accepted = 0
        self.kinds = collections.Counter()
        self.differences = []
        self.lock = threading.Lock()

    def compare(self, seed, ours, theirs):
        with self.lock:
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


def ours(program, seed, count, planted=()):
    return subprocess.Popen([program, "answer", *planted, str(seed), "0", str(count)], stdout=subprocess.PIPE, text=True,
                            encoding="utf-8")


def theirs(program, seed, count):
    made = subprocess.Popen([program, "make", str(seed), "0", str(count)], stdout=subprocess.PIPE)
    answers = subprocess.Popen(["node", OTHER, "--stdin"], stdin=made.stdout, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    made.stdout.close()
    return made, answers


def ended_well(processes, answered, asked):
    codes = [process.wait() for process in processes]
    if answered != asked or any(codes):
        raise RuntimeError(f"{answered} of {asked} questions were answered, the programs ended with {codes}")


def ask(program, seed, count, comparison):
    made, right = theirs(program, seed, count)
    left = ours(program, seed, count)
    number = 0
    for mine, other in zip(left.stdout, right.stdout):
        comparison.compare(seed, json.loads(mine), json.loads(other))
        number += 1
    ended_well((made, right, left), number, count)


def find_planted(program, seed):
    """Each bug's answers against those of the other side, which is asked once."""
    made, right = theirs(program, seed, PLANTED_QUESTIONS)
    answers = [json.loads(line) for line in right.stdout]
    ended_well((made, right), len(answers), PLANTED_QUESTIONS)

    def differences(*planted):
        left = ours(program, seed, PLANTED_QUESTIONS, planted)
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
    comparison = Comparison()
    shares = [count // pairs + (1 if i < count % pairs else 0) for i in range(pairs)]
    failures = []

    def share(i):
        try:
            ask(program, seed + i, shares[i], comparison)
        except Exception as error:  # a thread's end is nobody's exit code
            failures.append(error)

    asking = time.monotonic()
    threads = [threading.Thread(target=share, args=(i,)) for i in range(pairs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = comparison.asked / max(1e-9, time.monotonic() - asking)
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
    figures.record("T2", "agreement of two verifiers on changed receipts, checkpoints and exports",
                   f"{comparison.asked:,} inputs, {comparison.accepted:,} accepted by both, {len(comparison.differences)} disagreements",
                   "1,000,000 inputs, 0 disagreements", held and comparison.asked >= 1_000_000, "tools/soak.sh agree",
                   time.monotonic() - begun, planted=f"{len(found)} of {len(PLANTED)} found")
    return 0 if held and len(found) == len(PLANTED) else 1


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    sys.exit(main())
