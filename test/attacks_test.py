#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every attack of test/golden/vectors is refused by both verifiers, and by both for its own reason.

  attacks_test.py AGREE     AGREE: build/release/tests/agree, which judges in C++; web/build/verify/vectors.js judges in TypeScript

test/golden/vectors/attacks.tsv says of each: what kind of attack it is, and what it has to be refused for. An attack that another
check stops tests nothing, and can hide that the check it was written for is gone. Planted before: verifiers that read on past a line's end,
forgive what is spelled otherwise, or ask no witness (test/soak/agree.cc); and answers that accept one vector, each in its turn, or refuse it
for a reason nobody asked for. Where the two verifiers come to one attack by
different checks, both are named ("path/misplaced": C++ first). Of an export all refusals count: one attack may have several.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
VECTORS = ROOT / "test/golden/vectors"
sys.path.insert(0, str(ROOT / "test"))
import figures  # noqa: E402

LEAST_IN_ALL = 400
# How many of each kind there are at least.
LEAST = {"truncate": 40, "reorder": 12, "drop": 40, "duplicate": 10, "wrong width": 15, "stale partial tile": 10,
         "equal size, another root": 9, "wrong origin": 7, "key-id clash": 6, "base64": 18, "JSON": 30, "decimal": 34, "CRLF": 9,
         "over-long": 28, "another type": 19, "another ledger": 9, "signature": 25, "content": 50, "spelling": 11}

# Sentence -> reason, the first that fits. Order matters only where a sentence holds another's words.
OURS = [
    (r"not signed by the key|log's signature does not hold", "signature"), (r"the cosignature of \S+ does not hold", "cosignature"),
    (r"checkpoint is of \S+, and the key is of|speaks of the ledger|names another ledger", "ledger"),
    (r"not a receipt: its form|not a signed note|not a checkpoint of three lines|no consistency proof: its form|not the manifest of", "form"),
    (r"not the path of a tile", "form"), (r"the root of an empty tree", "root"), (r"size does not have this tile", "width"), (r"alone does not give", "level"),
    (r"bundle is not of as many|tile has another length", "length"), (r"tile does not lead", "root"),
    (r"proof is from another size", "size"), (r"does not show that size", "consistency"),
    (r"path does not lead", "path"), (r"begins with ledger.genesis|snapshot is of a larger", "misplaced"),
    (r"dock's signature", "dock"), (r"admission is malformed", "admission"), (r"seconds after", "clock"),
    (r"[Tt]he file has|file's SHA|It has \d+ bytes, and|^(\S+: )?Its SHA", "file"), (r"not of the admission", "type"),
    (r"lacks this file|and it is missing", "missing"), (r"does not list this file", "unlisted"),
    (r"No admission in the export is of", "no admission"), (r"under another checkpoint", "other checkpoint"),
    (r"whole chain or not at all", "whole"), (r"chain has a gap", "gap"), (r"discloses no event", "no event"),
    (r"about another subject", "subject"), (r"and its name says", "row"), (r"does not point to the event before", "prev"),
    (r"belongs to a", "kind"), (r"begins with its admission", "first"), (r"binding is malformed", "binding"),
    (r"does not say who", "name"), (r"vouches for the key", "enrollment"), (r"file was admitted before", "admitted twice"),
    (r"does not name this recording", "offload"), (r"not one act|names no act", "act"), (r"names another device", "device"),
    (r"offload names no recording", "offload"), (r"attempt names no event", "attempt")]
THEIRS = [
    (r"not well-formed UTF-8", "form"),
    (r"not signed by the log key|log's signature is wrong", "signature"), (r"the cosignature by", "cosignature"),
    (r"of another ledger", "ledger"), (r"leaf 0|larger than the log was", "misplaced"),
    (r"does not have this tile", "width"), (r"alone does not give", "level"), (r"bundle (ends|has)|tile has another length", "length"),
    (r"tile does not lead|the root of an empty tree", "root"), (r"from another size", "size"),
    (r"consistency proof (is|should|does)|older tree|one size has two", "consistency"),
    (r"inclusion path|index lies outside", "path"), (r"dock's signature|dock lacks sig", "dock"),
    (r"the admission (lacks|sha256 is)|chain_starts_at|an admission is event 0|dock's statement differs", "admission"),
    (r"later time than a witness", "clock"), (r"the file has|file's SHA|original is longer", "file"), (r"not of an admission", "type"),
    (r"is missing", "missing"), (r"not listed in", "unlisted"), (r"no admission is of", "no admission"),
    (r"stands under another checkpoint", "other checkpoint"), (r"named but not exported", "whole"), (r"are not all from 0", "gap"),
    (r"discloses no event", "no event"), (r"another subject than its folder", "subject"), (r"receipt is of event", "row"),
    (r"does not continue", "prev"), (r"stands in the chain of", "kind"), (r"does not begin with its admission", "first"),
    (r"binding (has|lacks)", "binding"), (r"is not named in", "name"), (r"no enrollment before", "enrollment"), (r"is admitted twice", "admitted twice"),
    (r"chain of the device .* does not name|offload lacks recording", "offload"), (r"was another act|offload has no act", "act"),
    (r"does not name this device", "device"), (r"attempt names", "attempt"),
    (r"", "form")]  # whatever else is said is said of the form


def reasons(why, table):
    """All of them for an export, whose findings stand one after the other."""
    sentences = [part for part in re.split(r"; (?=\S+: )|\. (?=\S*: )", why) if part.strip()] or [why]
    found = []
    for sentence in sentences:
        for pattern, reason in table:
            if re.search(pattern, sentence):
                found.append(reason)
                break
    return found


def questions():
    for path in sorted(VECTORS.glob("*.json")):
        suite = json.loads(path.read_text(encoding="utf-8"))
        for vector in suite["vectors"]:
            if not vector["accept"]:
                asked = {key: value for key, value in vector.items() if key not in ("name", "kind", "accept", "why")}
                yield (vector["kind"], vector["name"]), {**asked, "key": suite["key"], "witnesses": suite["witnesses"]}


def judge(command, asked):
    lines = "".join(json.dumps(question) + "\n" for question in asked)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, encoding="utf-8", check=True)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def table():
    rows = {}
    for line in (VECTORS / "attacks.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, name, attack, reason = line.split("\t")
            if (kind, name) in rows:
                raise SystemExit(f"attacks.tsv has {kind} {name!r} twice")
            rows[(kind, name)] = (attack, reason)
    return rows


def fault_of(name, mine, other, rows):
    """What is wrong with two answers about one attack; None where nothing is."""
    if mine["accept"] or other["accept"]:
        return f"{name}: accepted by {'src/proof' if mine['accept'] else 'web/src/verify'}"
    got = reasons(mine["why"], OURS), reasons(other["why"], THEIRS)
    if name not in rows:
        return f"{name} has no row in attacks.tsv: {'/'.join(map(str, got))}: {mine['why']} | {other['why']}"
    wanted = rows[name][1]
    first, _, second = wanted.partition("/")
    if first not in got[0] or (second or first) not in got[1]:
        return f"{name}: refused for {got}, and should be for {wanted}: {mine['why']} | {other['why']}"
    return None


# What each verifier of agree.cc that is wrong on purpose forgives.
FORGIVING = ("trailing", "crlf", "member", "clock")


def find_forgiving(agree, asked, names, theirs, rows):
    """How many of the verifiers that are wrong on purpose accept an attack, and are told."""
    found = 0
    for planted in FORGIVING:
        answers = judge([agree, "judge", planted], asked)
        told = [name for name, mine, other in zip(names, answers, theirs) if mine["accept"] and fault_of(name, mine, other, rows)]
        print(f"planted: a verifier that forgives {planted}: " + (f"found by {len(told)} attacks" if told else "NOT FOUND"))
        found += bool(told)
    return found, len(FORGIVING)


def find_planted(names, ours, theirs, rows):
    """Of answers that are wrong about one vector, each vector in its turn, how many are found with every vector."""
    accepts, otherwise = {"accept": True, "why": ""}, {"accept": False, "why": "it was raining"}
    judges = {"accepts one vector, C++": lambda mine, other: (accepts, other),
              "accepts one vector, TypeScript": lambda mine, other: (mine, accepts),
              "refuses one for another reason, C++": lambda mine, other: (otherwise, other)}
    found = 0
    for what, judged in judges.items():
        unnoticed = [name for name, mine, other in zip(names, ours, theirs) if fault_of(name, *judged(mine, other), rows) is None]
        print(f"planted: a judge that {what}: " + ("found" if not unnoticed else f"NOT FOUND with {len(unnoticed)}: {unnoticed[:3]}"))
        found += not unnoticed
    return found, len(judges)


def main():
    begun = time.monotonic()
    names, asked = zip(*questions())
    rows = table()
    faults = [f"{kind} {name!r} stands in attacks.tsv and is no attack" for kind, name in rows.keys() - set(names)]
    counts = collections.Counter()
    ours = judge([sys.argv[1], "judge"], asked)
    theirs = judge(["node", ROOT / "web/build/verify/vectors.js", "--stdin"], asked)
    if not len(asked) == len(ours) == len(theirs):
        raise SystemExit("attacks: not every question was answered")
    forgiving, wrong = find_forgiving(sys.argv[1], asked, names, theirs, rows), find_planted(names, ours, theirs, rows)
    planted = forgiving[0] + wrong[0], forgiving[1] + wrong[1]
    if planted[0] < planted[1]:
        faults.append("a planted judge was not found")
    for name, mine, other in zip(names, ours, theirs):
        if name in rows:
            counts[rows[name][0]] += 1
        if fault := fault_of(name, mine, other, rows):
            faults.append(fault)
    for attack in sorted(set(counts) | set(LEAST)):
        print(f"{attack:26} {counts[attack]:4} (at least {LEAST.get(attack, '?')})")
        if attack not in LEAST:
            faults.append(f"{attack!r} is no kind of attack")
        elif counts[attack] < LEAST[attack]:
            faults.append(f"{counts[attack]} attacks of the kind {attack!r}, at least {LEAST[attack]}")
    if len(asked) < LEAST_IN_ALL:
        faults.append(f"{len(asked)} attacks, at least {LEAST_IN_ALL}")
    print("\n".join(faults))
    print(f"{len(asked)} attacks, {len(faults)} faults")
    figures.record("T2", "structure attacks refused by both verifiers, each for its own reason",
                   f"{len(asked)} attacks of {len(counts)} kinds, {len(faults)} faults", f"{LEAST_IN_ALL} attacks, 0 faults",
                   not faults, "tools/soak.sh attacks", time.monotonic() - begun, planted=f"{planted[0]} of {planted[1]} found")
    return 1 if faults else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    sys.exit(main())
