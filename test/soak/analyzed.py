#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The figure of a suite under a sanitizer, or of static analysis, from what it printed.

    analyzed.py asan|tsan LOG SECONDS        LOG as ctest writes it
    analyzed.py clang_tidy LOG SECONDS FILES LOG as run-clang-tidy writes it, FILES how many it was given
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import figures  # noqa: E402  (the path above leads there)

SUITES = {"asan": "the suite under AddressSanitizer and UndefinedBehaviorSanitizer", "tsan": "the suite under ThreadSanitizer"}
REPORT = re.compile(r"(ERROR|WARNING): (Address|Thread|Leak)Sanitizer|runtime error:")


def main():
    what, text, seconds = sys.argv[1], pathlib.Path(sys.argv[2]).read_text(errors="replace"), int(sys.argv[3])
    if what == "clang_tidy":
        found = set(re.findall(r"^\S+:\d+:\d+: (?:warning|error): .*$", text, re.M))
        held = not found and int(sys.argv[4]) > 0
        figures.record("S11", "clang-tidy over src and test", f"{sys.argv[4]} files, {len(found)} findings", "0 findings", held,
                       "tools/soak.sh clang_tidy", seconds)
        return 0 if held else 1
    summary = re.search(r"(\d+)% tests passed, (\d+) tests? failed out of (\d+)", text)
    if not summary:
        raise SystemExit("the suite did not come to its end")
    reports = len(REPORT.findall(text))
    held = (summary[1], summary[2], reports) == ("100", "0", 0) and int(summary[3]) > 0
    figures.record("S11", SUITES[what], f"{summary[3]} test programs, {summary[2]} failed, {reports} reports", "0 reports", held,
                   f"tools/soak.sh {what}", seconds)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
