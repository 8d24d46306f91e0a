#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A decoder that was taken over: test/escape enters the worker's sandbox and tries its list of ways out, beside a live server.

    sandbox.py ESCAPE        ESCAPE is the program media_escape of the build

As whoever runs this and, where that is root, as nobody as well. Of each attempt the list itself says what must become of it:
refused, denied, killed or held by a limit; or allowed, where a worker needs it. Outside the sandbox those that any user may do
must succeed, or the list would prove nothing.

    LAPEL_BIN       where the programs are (default build/bin)
    LAPEL_FIGURES   the file that takes the figures
"""
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import figures  # noqa: E402  (the path above leads there)
import worker  # noqa: E402
from harness import Town  # noqa: E402

ATTEMPTS_MIN = 60


def attempts(program, mode, user, home):
    """[(name, expected, outcome)], and the faults of it."""
    room = home / f"room-{mode}-{user or 'self'}"
    room.mkdir()
    room.chmod(0o777)
    canary, footage = room / "canary", room / "input"
    canary.write_text("sings")
    canary.chmod(0o666)
    footage.write_text("footage")
    reachable = room / "media_escape"  # a build directory need not be one that nobody can enter
    shutil.copy(program, reachable)
    reachable.chmod(0o755)
    become = ["setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups"] if user else []
    with open(room / "picture", "w+b") as picture:
        os.fchmod(picture.fileno(), 0o666)
        child, answer = worker.start([*become, reachable, mode, room], footage, picture, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, errors = child.communicate()
        answer.close()
    rows = [tuple(line.split()) for line in out.decode().splitlines()]
    faults = [f"{name}: {outcome}, not {expected}" for name, expected, outcome in rows if outcome != expected]
    if child.returncode != 0 or len(rows) < ATTEMPTS_MIN:
        faults.append(f"{len(rows)} attempts, ended with {child.returncode}: {errors.decode()[-300:]}")
    if mode == "attempts" and (canary.read_text(), footage.read_text()) != ("sings", "footage"):
        faults.append("what lay beside it is changed")
    return rows, faults


def main():
    program, begun = pathlib.Path(sys.argv[1]).resolve(), time.monotonic()
    users = [None, "nobody"] if os.geteuid() == 0 else [None]
    faults, tried = [], []
    with Town() as town:
        town.start()
        home = town.home / "escape"
        home.mkdir()
        for folder in (home, *home.parents[:-1]):
            folder.chmod(folder.stat().st_mode | 0o011)
        before = town.request("GET", "/readyz")
        for user in users:
            rows, more = attempts(program, "attempts", user, home)
            tried.append(rows)
            faults += more
        control, more = attempts(program, "control", users[-1], home)
        after = town.request("GET", "/readyz")
        if before.status != 200 or after.status != 200 or before.body != after.body:
            faults.append(f"the server says {after.status} {after.body}, before that {before.status} {before.body}")
        code = town.stop()
        if code != 0:
            faults.append(f"the server ended with {code}")
    outcomes = collections.Counter(outcome for rows in tried for _, _, outcome in rows)
    meant = len(control) - len(more)
    kept = outcomes.total() - outcomes["succeeded"]
    for fault in faults + more:
        print(f"FAULT {fault}")
    seconds = time.monotonic() - begun
    print(f"{sum(map(len, tried))} attempts as {len(users)} users: {dict(outcomes)}; {meant} of {len(control)} succeed outside; {len(faults)} faults, {seconds:.0f} s")
    held = not faults and not more and kept >= ATTEMPTS_MIN
    figures.record("S2", "ways out tried from inside the worker's sandbox, beside a live server",
                   f"{kept} attempts as {len(users)} users kept in, {outcomes['succeeded']} things let through that a worker needs, {len(faults)} faults",
                   f"{ATTEMPTS_MIN} attempts, none succeeds, the server unaffected", held, "tools/soak.sh sandbox", seconds,
                   planted=f"{meant} of {len(control)} succeed without the sandbox")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
