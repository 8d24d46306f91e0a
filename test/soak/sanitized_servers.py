#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tests of the running server, with programs that watch their own memory (AddressSanitizer, UndefinedBehaviorSanitizer).

    sanitized_servers.py PROGRAMS SUITE...    the folder of the programs; suites of test/server, such as upload_test

A report is a file here, since what a server says goes with its directory; one report is a fault, whatever the suite makes of it. Leaks are
looked for where a program ends by itself: a command that is done, a server that was told to stop. One that was killed has no end.

First a server has to be reported that reads what it has freed, and one that forgets what it has taken.

    JOBS           suites at once (as many as there are processors)
    LAPEL_FIGURES  the file that takes the figures
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SUITES = HERE.parent / "server"
PLANTED = {"heap-use-after-free": (), "detected memory leaks": ("-DFORGOTTEN",)}
TAIL_LINES = 60

if len(sys.argv) < 3:
    sys.exit(__doc__)
os.environ["LAPEL_BIN"] = str(pathlib.Path(sys.argv[1]).resolve())  # read when harness.py is
sys.path[:0] = [str(HERE.parent), str(SUITES), str(HERE.parent / "crash")]

import figures  # noqa: E402  (the paths above lead there)
from harness import Town  # noqa: E402
from rig import build  # noqa: E402


def watch(folder):
    """From here on every program of ours writes its reports below the folder."""
    common = f"log_path={folder}/report"
    # The libraries that tests preload come before the sanitizer's own; they have nothing of its kind to intercept.
    os.environ["ASAN_OPTIONS"] = f"{common}:detect_leaks=1:verify_asan_link_order=0:exitcode=66"
    os.environ["UBSAN_OPTIONS"] = f"{common}:print_stacktrace=1"


def take_reports(folder):
    """What was reported since they were last taken."""
    texts = []
    for path in sorted(pathlib.Path(folder).glob("report*")):
        texts.append(path.read_text(errors="replace"))
        path.unlink()
    return texts


def find_planted(folder, words, flags):
    with Town() as town:
        if reports := take_reports(folder):  # of making it, without the bug
            print("\n".join(reports))
            return False
        library = build(town.home, "planted", HERE.parent / "crash/planted/freed_or_forgotten.c", "-fsanitize=address",
                        *flags, compiler="clang-14")  # as the programs are: one sanitizer in a process
        town.wrapper = ["env", f"LD_PRELOAD={library}"]
        try:
            town.start("--media-worker", "/nonexistent")
            town.stop()
        except AssertionError:
            pass  # it ended while it began
    reports = take_reports(folder)
    is_found = any(words in text and library.name in text for text in reports)
    print(f"planted: {words}: " + ("found" if is_found else f"NOT FOUND, {len(reports)} reports"), flush=True)
    return is_found


def run_suite(name):
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "unittest", name], cwd=SUITES, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False)
    print(f"{name}: {'passed' if done.returncode == 0 else 'FAILED'}, {time.monotonic() - begun:.0f} s", flush=True)
    if done.returncode != 0:
        print("\n".join(done.stdout.splitlines()[-TAIL_LINES:]), flush=True)
    return done.returncode == 0


def main():
    begun, suites = time.monotonic(), sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="lapel-reports-") as folder:
        watch(folder)
        found = sum(find_planted(folder, words, flags) for words, flags in PLANTED.items())
        if found < len(PLANTED):
            return 1
        with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", os.cpu_count() or 1))) as pool:
            failed = list(pool.map(run_suite, suites)).count(False)
        reports = take_reports(folder)
    for text in reports:
        print(text)
    print(f"{len(suites)} suites, {failed} failed, {len(reports)} reports")
    held = failed == 0 and not reports
    figures.record("S11", "tests of the running server under AddressSanitizer and UndefinedBehaviorSanitizer",
                   f"{', '.join(suites)}: {failed} failed, {len(reports)} reports, leaks at each program's own end among them", "0 reports", held,
                   "tools/soak.sh asan", time.monotonic() - begun, planted=f"{found} of {len(PLANTED)} found")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
