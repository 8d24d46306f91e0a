#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The figure of a sweep over a ledger, from what tamper_test printed.

    sweep_1000.py FILE SECONDS
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import figures  # noqa: E402  (the path above leads there)


def main():
    text = pathlib.Path(sys.argv[1]).read_text()
    sweeps = re.findall(r"^(checkpoint|receipts|tile and entries|custody export|staged entries|opened events|catalog): (\d+) changes, (\d+) unnoticed"
                        r"(?:, (1 byte in \d+))?$", text, re.M)
    planted = re.findall(r"^planted: .*: \d+ changes, (\d+) unnoticed", text, re.M)
    passed = re.search(r"\[  PASSED  \] (\d+) tests", text)
    if len(sweeps) != 7 or not planted or not passed:
        raise SystemExit("the sweep did not come to its end")
    told = "; ".join(f"{name}: {count} changes, {missed} unnoticed" + (f" ({sampled})" if sampled else "") for name, count, missed, sampled in sweeps)
    held = "FAILED" not in text
    figures.record("T1", "every byte of a 1,024-leaf ledger", told + "; those unnoticed are on the reviewed list of tamper_test.cc",
                   "100 % noticed or on the reviewed list", held, run="tools/soak.sh sweep_1000", seconds=int(sys.argv[2]),
                   planted=f"{sum(int(count) > 0 for count in planted)} of {len(planted)} found")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
