#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The figure of a suite under a sanitizer, or of static analysis, from what it printed.

    analyzed.py asan|tsan PLANTED LOG SECONDS         LOG as ctest writes it
    analyzed.py clang_tidy PLANTED LOG SECONDS FILES  LOG as run-clang-tidy writes it, FILES how many it was given

PLANTED is what the same tool said of planted/<what>.cc. A tool that does not report each line that is marked there is not
believed about anything else.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import figures  # noqa: E402  (the path above leads there)

SUITES = {"asan": "units, conformance and corpora under AddressSanitizer and UndefinedBehaviorSanitizer", "tsan": "units, conformance and corpora under ThreadSanitizer"}
REPORT = re.compile(r"(?:ERROR|WARNING): (?:Address|Thread|Leak)Sanitizer|runtime error:")
FINDING = re.compile(r"^(\S+:\d+:\d+): (?:warning|error): .*$", re.M)
COLOR = re.compile(r"\x1b\[[0-9;]*m")
# Where the analyzer ends on a path through a coroutine. It knows neither that a frame is resumed nor by whom, and takes what the
# resumer has set for uninitialized.
UNMODELED = re.compile(r"/boost/asio/impl/awaitable\.hpp:")


def printed(path):
    return COLOR.sub("", pathlib.Path(path).read_text(errors="replace"))


def findings(text):
    """What clang-tidy found, each place once, and how many it could not judge."""
    found = {match[0]: match[1] for match in FINDING.finditer(text)}
    told = {line for line, place in found.items() if not UNMODELED.search(place)}
    return told, len(found) - len(told)


def main():
    what, text, seconds = sys.argv[1], printed(sys.argv[3]), int(sys.argv[4])
    planted = (HERE / f"planted/{what}.cc").read_text().count("// planted: ")
    said = printed(sys.argv[2])
    seen = len(findings(said)[0] if what == "clang_tidy" else REPORT.findall(said))
    if seen < planted:
        raise SystemExit(f"{seen} of {planted} planted bugs are reported")
    planted = f"{planted} of {planted}"
    if what == "clang_tidy":
        found, unmodeled = findings(text)
        held = not found and int(sys.argv[5]) > 0
        figures.record("S11", "clang-tidy over src and test", f"{sys.argv[5]} files, {len(found)} findings; {unmodeled} paths through coroutines of "
                       "Boost.Asio that it cannot judge", "0 findings", held, "tools/soak.sh clang_tidy", seconds, planted)
        return 0 if held else 1
    summary = re.search(r"(\d+)% tests passed, (\d+) tests? failed out of (\d+)", text)
    if not summary:
        raise SystemExit("the suite did not come to its end")
    reports = len(REPORT.findall(text))
    held = (summary[1], summary[2], reports) == ("100", "0", 0) and int(summary[3]) > 0
    figures.record("S11", SUITES[what], f"{summary[3]} test programs, {summary[2]} failed, {reports} reports", "0 reports", held,
                   f"tools/soak.sh {what}", seconds, planted)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
