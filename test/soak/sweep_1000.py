#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The figures of the sweeps over a ledger, from what tamper_test printed.

    sweep_1000.py FOLDER      FOLDER has one file for each of its tests

A sweep that was not whole says of how many bytes it took one, and keeps no bar.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import figures  # noqa: E402  (the path above leads there)

# Each sweep, and the verifier that looks away from just that, which has to be found out.
SWEEPS = {"checkpoint": "signatures not looked at", "receipts": "a receipt's path not followed", "tile and entries": "a tile's last hash not looked at",
          "custody export": "an export's originals not read", "staged entries": None, "opened events": "a ledger that is opened and not checked",
          "catalog": "a ledger that is opened and not checked"}

# Each byte of a receipt is tried among the receipts; in an export only that it is asked for.
RESTS = {"custody export": ", of its receipts every 37th"}


def ordinal(number):
    end = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{end}"


def main():
    texts = [path.read_text(errors="replace") for path in sorted(pathlib.Path(sys.argv[1]).glob("*.txt"))]
    planted = dict(re.findall(r"^planted: (.*): \d+ changes, (\d+) unnoticed", "\n".join(texts), re.M))
    told, all_held = set(), True
    for text in texts:
        held = re.search(r"^\[  PASSED  \] 1 test", text, re.M) is not None and "FAILED" not in text
        milliseconds = re.search(r"\((\d+) ms total\)", text)
        all_held = all_held and held
        for name, count, missed, _, one_in in re.findall(r"^([a-z ]+): (\d+) changes, (\d+) unnoticed(, 1 byte in (\d+))?$", text, re.M):
            if name not in SWEEPS or not milliseconds:
                continue
            told.add(name)
            one = ordinal(int(one_in)) if one_in else ""
            if name == "catalog":  # by fields; of its events, which are most of it, not each row where there is no time
                which, rest = "every field", f", of its events in every {one} row" if one else ""
            else:
                which, rest = f"every {one} byte" if one else "every byte", RESTS.get(name, "")
            found = planted.get(SWEEPS[name])
            figures.record("T1", f"{which} of a 1,024-leaf ledger's {name}{rest}", f"{count} changes, {missed} unnoticed" +
                           (", each of these on the reviewed list of tamper_test.cc" if int(missed) and held else ""),
                           f"of every {'field' if name == 'catalog' else 'byte'}{RESTS.get(name, '')}, 100 % noticed or on the reviewed list",
                           held and not one_in, run="tools/soak.sh sweep_1000",
                           seconds=int(milliseconds[1]) / 1000,
                           planted=None if SWEEPS[name] is None else f"{int(found is not None and int(found) > 0)} of 1 found")
    if told != set(SWEEPS) or set(planted) != set(SWEEPS.values()) - {None}:
        raise SystemExit(f"the sweeps did not come to their end: {sorted(set(SWEEPS) - told)}")
    return 0 if all_held and all(int(count) > 0 for count in planted.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
