#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the fuzz targets of build/fuzz, each for a number of executions, and says what each came to.

  fuzz.py [TARGET ...]     targets as docs/fuzzing.md names them; all of them where none is named
  fuzz.py --save           what each came through goes into docs/figures/fuzzing.json, for runs on other machines to go on from

  LAPEL_FUZZ_GO_ON=1   counts what a target came through in earlier runs, here or as saved, if its program is the same to the byte
  LAPEL_FUZZ_RUNS      executions of each target (1000000)
  LAPEL_FUZZ_SECONDS   a target that needs longer is stopped, its count told, and the run fails (none)
  JOBS                 targets at once (as many as there are processors)

First the bugs of test/soak/planted have to be found within that budget, or nothing else counts. Inputs worth keeping are kept
in build/fuzz/corpus, what fails in build/soak/found.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test"))
import figures  # noqa: E402

BUILD = ROOT / "build/fuzz"
SOAK = ROOT / "build/soak"
FOUND = SOAK / "found"
SAVED = ROOT / "docs/figures/fuzzing.json"
RUNS = int(os.environ.get("LAPEL_FUZZ_RUNS", 1_000_000))
SECONDS = int(os.environ.get("LAPEL_FUZZ_SECONDS", 0))
GO_ON = os.environ.get("LAPEL_FUZZ_GO_ON") == "1"
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))
ROUND = 100_000  # executions after which the fuzzer starts anew, from what it has kept: what was done by then is not lost
INPUT_SECONDS = 25  # one input that takes longer is a finding
MEMORY_MB = 2048
# What FFmpeg frees is large: ASan need not give each piece of its shadow back to the kernel, nor keep more of it than one input
# leaves behind. Both cost page faults, half of the time of an execution, and find nothing.
SANITIZER = "clear_shadow_mmap_threshold=16777216:quarantine_size_mb=64"
TAIL_LINES = 60


def fuzz(program, runs, folders, artifacts, seconds):
    # Its weighing of inputs by rarity takes as long as running a small one, and led no further in the same number of runs.
    done = subprocess.run([program, f"-runs={runs}", f"-max_total_time={seconds}", f"-timeout={INPUT_SECONDS}",
                           f"-rss_limit_mb={MEMORY_MB}", "-entropic=0", "-print_final_stats=1", f"-artifact_prefix={artifacts}",
                           *folders],
                          env={"ASAN_OPTIONS": SANITIZER} | os.environ,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    executed = re.search(r"^stat::number_of_executed_units: *(\d+)", done.stdout, re.M)
    return done, int(executed[1]) if executed else 0


def saved():
    return json.loads(SAVED.read_text()) if SAVED.exists() else {}


def come_through(name, digest, kept):
    """(executions, seconds) that this very program has come through, as is known here, or else as was saved."""
    progress = SOAK / f"fuzz_{name}.json"
    known = ([json.loads(progress.read_text())] if progress.exists() else []) + ([kept[name]] if name in kept else [])
    return next(((one["executions"], one["seconds"]) for one in known if one["program"] == digest), (0, 0))


def save():
    out = saved()
    for progress in sorted(SOAK.glob("fuzz_*.json")):
        name, here = progress.stem.removeprefix("fuzz_"), json.loads(progress.read_text())
        if out.get(name, {}).get("program") != here["program"] or out[name]["executions"] < here["executions"]:
            out[name] = here | {"seconds": round(here["seconds"])}
    SAVED.write_text(json.dumps(out, indent=1, sort_keys=True) + "\n")


def run_target(name):
    """(name, the end of its last round or None where there was none to run, executions, seconds), all rounds together."""
    program = BUILD / "fuzzers" / f"{name}_fuzz"
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    progress = SOAK / f"fuzz_{name}.json"
    executions, seconds = come_through(name, digest, saved()) if GO_ON else (0, 0)
    corpus = BUILD / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    folders = [corpus, ROOT / "test/soak/corpus" / name]
    if name.startswith("proof_"):
        folders.append(ROOT / "test/golden/ledger")
    done, begun = None, time.monotonic()
    while executions < RUNS:
        left = max(1, int(SECONDS - (time.monotonic() - begun))) if SECONDS else 0
        round_begun = time.monotonic()
        done, executed = fuzz(program, min(ROUND, RUNS - executions), folders, f"{FOUND}/{name}-", left)
        executions, seconds = executions + executed, seconds + time.monotonic() - round_begun
        (SOAK / f"fuzz_{name}.log").write_text(done.stdout)
        if done.returncode != 0 or executed == 0:
            progress.write_text(json.dumps({"program": digest, "executions": 0, "seconds": 0}))  # nor what was saved of it
            break
        progress.write_text(json.dumps({"program": digest, "executions": executions, "seconds": seconds}))
        if SECONDS and time.monotonic() - begun >= SECONDS:
            break
    return name, done, executions, seconds


def find_planted(program):
    with tempfile.TemporaryDirectory() as folder:
        done, executed = fuzz(program, RUNS, [folder], f"{folder}/", SECONDS or 600)
        is_found = done.returncode != 0 and any(pathlib.Path(folder).glob("crash-*"))
    print(f"planted {program.name}: {'found' if is_found else 'NOT FOUND'} after {executed:,} executions", flush=True)
    return is_found


def main():
    begun = time.monotonic()
    known = sorted(path.name.removesuffix("_fuzz") for path in (BUILD / "fuzzers").glob("*_fuzz"))
    if sys.argv[1:] == ["--save"]:
        save()
        return 0
    names = sys.argv[1:] or known
    if not names or set(names) - set(known):
        raise SystemExit(f"fuzz: no such target: {sorted(set(names) - set(known))}; there are {known}")
    if not GO_ON:
        shutil.rmtree(FOUND, ignore_errors=True)
    FOUND.mkdir(parents=True, exist_ok=True)
    planted = [find_planted(program) for program in sorted((BUILD / "planted").glob("*_fuzz"))]
    failed, short, total, spent = [], [], 0, 0.0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for name, done, executed, seconds in pool.map(run_target, names):
            total += executed
            spent += seconds
            note = ""
            if done is None:
                note = "  (before)"
            elif done.returncode != 0 or executed == 0:
                failed.append(name)
                note = "  FOUND SOMETHING"
            elif executed < RUNS:
                short.append(name)
                note = f"  of {RUNS:,}: out of time"
            print(f"{name:32} {executed:10,} executions {executed / max(seconds, 0.001):9.0f}/s {seconds:7.0f} s{note}", flush=True)
            if name in failed:
                print("\n".join(done.stdout.splitlines()[-TAIL_LINES:]), flush=True)
    found = f"{sum(planted)} of {len(planted)} found"
    print(f"{len(names)} targets, {total:,} executions, {len(failed)} found something, {len(short)} fell short; planted: {found}")
    held = not failed and not short and names == known and RUNS >= 1_000_000
    figures.record("S8", "executions of each fuzz target (libFuzzer, ASan, UBSan)",
                   f"{len(names) - len(short)} of {len(names)} targets with {RUNS:,} each, {total:,} in all, {len(failed)} with a finding",
                   "every target 1,000,000, 0 findings", held, "tools/soak.sh fuzz",
                   spent if GO_ON else time.monotonic() - begun, planted=found)  # executions of earlier runs took the time of those
    return 0 if planted and all(planted) and not failed and not short else 1


if __name__ == "__main__":
    sys.exit(main())
