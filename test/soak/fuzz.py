#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the fuzz targets of build/fuzz, each for a number of executions, and says what each came to.

  fuzz.py [TARGET ...]     targets as docs/fuzzing.md names them; all of them where none is named

  LAPEL_FUZZ_RUNS      executions of each target (1000000)
  LAPEL_FUZZ_SECONDS   a target that needs longer is stopped, its count told, and the run fails (none)
  JOBS                 targets at once (as many as there are processors)

First the bugs of test/soak/planted have to be found within that budget, or nothing else counts. Inputs worth keeping are kept
in build/fuzz/corpus, what fails in build/soak/found.
"""
import concurrent.futures
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
FOUND = ROOT / "build/soak/found"
RUNS = int(os.environ.get("LAPEL_FUZZ_RUNS", 1_000_000))
SECONDS = int(os.environ.get("LAPEL_FUZZ_SECONDS", 0))
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))
INPUT_SECONDS = 25  # one input that takes longer is a finding
MEMORY_MB = 2048
TAIL_LINES = 60


def fuzz(program, folders, artifacts, seconds):
    begun = time.monotonic()
    done = subprocess.run([program, f"-runs={RUNS}", f"-max_total_time={seconds}", f"-timeout={INPUT_SECONDS}",
                           f"-rss_limit_mb={MEMORY_MB}", "-print_final_stats=1", f"-artifact_prefix={artifacts}", *folders],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    executed = re.search(r"^stat::number_of_executed_units: *(\d+)", done.stdout, re.M)
    return done, int(executed[1]) if executed else 0, time.monotonic() - begun


def run_target(name):
    corpus = BUILD / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    folders = [corpus, ROOT / "test/soak/corpus" / name]
    if name.startswith("proof_"):
        folders.append(ROOT / "test/golden/ledger")
    done, executed, seconds = fuzz(BUILD / "fuzzers" / f"{name}_fuzz", folders, f"{FOUND}/{name}-", SECONDS)
    (ROOT / "build/soak" / f"fuzz_{name}.log").write_text(done.stdout)
    return name, done, executed, seconds


def find_planted(program):
    with tempfile.TemporaryDirectory() as folder:
        done, executed, _ = fuzz(program, [folder], f"{folder}/", SECONDS or 600)
        is_found = done.returncode != 0 and any(pathlib.Path(folder).glob("crash-*"))
    print(f"planted {program.name}: {'found' if is_found else 'NOT FOUND'} after {executed:,} executions", flush=True)
    return is_found


def main():
    begun = time.monotonic()
    known = sorted(path.name.removesuffix("_fuzz") for path in (BUILD / "fuzzers").glob("*_fuzz"))
    names = sys.argv[1:] or known
    if not names or set(names) - set(known):
        raise SystemExit(f"fuzz: no such target: {sorted(set(names) - set(known))}; there are {known}")
    shutil.rmtree(FOUND, ignore_errors=True)
    FOUND.mkdir(parents=True)
    planted = [find_planted(program) for program in sorted((BUILD / "planted").glob("*_fuzz"))]
    failed, short, total = [], [], 0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for name, done, executed, seconds in pool.map(run_target, names):
            total += executed
            note = ""
            if done.returncode != 0:
                failed.append(name)
                note = "  FOUND SOMETHING"
            elif executed < RUNS:
                short.append(name)
                note = f"  of {RUNS:,}: out of time"
            print(f"{name:32} {executed:10,} executions {executed / max(seconds, 0.001):9.0f}/s {seconds:7.0f} s{note}", flush=True)
            if done.returncode != 0:
                print("\n".join(done.stdout.splitlines()[-TAIL_LINES:]), flush=True)
    found = f"{sum(planted)} of {len(planted)} found"
    print(f"{len(names)} targets, {total:,} executions, {len(failed)} found something, {len(short)} fell short; planted: {found}")
    held = not failed and not short and names == known and RUNS >= 1_000_000
    figures.record("S8", "executions of each fuzz target (libFuzzer, ASan, UBSan)",
                   f"{len(names) - len(short)} of {len(names)} targets with {RUNS:,} each, {total:,} in all, {len(failed)} with a finding",
                   "every target 1,000,000, 0 findings", held, "tools/soak.sh fuzz", time.monotonic() - begun, planted=found)
    return 0 if planted and all(planted) and not failed and not short else 1


if __name__ == "__main__":
    sys.exit(main())
