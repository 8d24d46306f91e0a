#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A simulated body-worn system sends over TLS to a server that is killed again and again: each object is there once.

    camera_system.py [RECORDINGS [KILLS]]      1,000 recordings of two clips, a trail and a bookmark each, and 20 kills

Of a hundred calls thirty are cut off midway, and thirty are made again although they were answered. What was answered is kept here, by
what lapel-sim told, and compared with the catalog and with what `lapel ledger check` says of it.
"""
import collections
import json
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/server"), str(ROOT / "test")]

import figures  # noqa: E402  (the paths above lead there)
from content_destination_test import certificate  # noqa: E402
from harness import BIN, Town, run  # noqa: E402


def faults(answered, kept):
    """By what was answered for, and by what there is: counts of (container, digest)."""
    out = [f"{key} was answered for and is not there" for key in answered - kept]
    out += [f"{key} is there and was not sent, or is there again" for key in kept - answered]
    return out


def planted(answered, kept):
    """Whether the comparison sees what it is there to see."""
    some = next(iter(answered))
    lost = faults(answered, kept - collections.Counter([some]))
    twice = faults(answered, kept + collections.Counter([some]))
    return sum(len(found) == 1 for found in (lost, twice))


def send(town, recordings, kills, rng, tls):
    """What the simulator was answered, while its server is killed now and then."""
    out = town.home / "west.json"
    run(BIN / "lapel", "camera-system", "add", "--data", town.data, "--agency", town.agency, "--name", "West", "--url", f"https://127.0.0.1:{town.port}",
        "--certificate", tls[1], "--out", out)
    sim = subprocess.Popen([BIN / "lapel-sim", "axis", "--connection", out, "--recordings", str(recordings), "--clip-bytes", "60000", "--cut", "30", "--repeat",
                            "30", "--senders", "4", "--seed", "11"], stdout=subprocess.PIPE, text=True)
    lines, killed = [], 0
    every = max(1, recordings * 5 // (kills + 1))
    due = rng.randrange(every // 2, every + 1)
    for line in sim.stdout:
        lines.append(json.loads(line))
        if killed < kills and len(lines) >= due:
            killed, due = killed + 1, due + rng.randrange(every // 2, every + 1)
            port = town.port
            town.kill()
            town.start("--tls-cert", str(tls[1]), "--tls-key", str(tls[0]), listen=f"127.0.0.1:{port}")
    if sim.wait() != 0:
        raise SystemExit(f"lapel-sim ended with {sim.returncode}")
    return lines, killed


def main():
    recordings, kills = (int(given or usual) for given, usual in zip([*sys.argv[1:], "", ""], (1000, 20)))
    began, rng = time.monotonic(), random.Random(4)
    with Town() as town:
        tls = certificate(town.home)
        town.start("--tls-cert", str(tls[1]), "--tls-key", str(tls[0]))
        lines, killed = send(town, recordings, kills, rng, tls)
        answered = collections.Counter((line["container"], line["sha256"]) for line in lines if "sha256" in line and not line["name"].startswith("bookmark_"))
        kept = collections.Counter((json.loads(more)["container"], sha256) for more, sha256 in town.rows("SELECT more, sha256 FROM recordings"))
        found = faults(answered, kept)
        marked = town.rows("SELECT COUNT(*) FROM camera_markers")[0][0]
        complete = collections.Counter(row[0] for row in town.rows("SELECT container FROM camera_recordings"))
        if marked != recordings:
            found.append(f"{marked} markers of {recordings} recordings")
        if complete != collections.Counter(line["container"] for line in lines if "complete" in line):
            found.append("what is complete is not what was said to be")
        town.kill()
        checked = run(BIN / "lapel", "ledger", "check", "--data", town.data, check=False)
        if checked.returncode != 0:
            found.append(f"ledger check: {checked.stdout}{checked.stderr}")
        calls = sum(line.get("calls", 0) for line in lines)
        seen = planted(answered, kept)
    for fault in found[:20]:
        print("FAULT", fault)
    value = f"{recordings} recordings, {sum(answered.values())} files in {calls} calls, {killed} kills of the server, {len(found)} faults"
    print(f"{value}; planted: {seen} of 2 found; {time.monotonic() - began:.0f} s")
    held = not found and seen == 2 and recordings >= 1000 and killed >= 20
    figures.record("R18", "recordings of a simulated body-worn system over TLS, a third of the calls cut off, a third made again", value,
                   "1,000 recordings, 20 kills, each file exactly once", held, "tools/soak.sh camera_system", time.monotonic() - began, f"{seen} of 2 found")
    sys.exit(0 if not found and seen == 2 else 1)


if __name__ == "__main__":
    main()
