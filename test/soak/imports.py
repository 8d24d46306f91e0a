#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""10,000 files of an export into one server, and what memory that takes: imports.py [FILES].

The server's resident memory is read at its beginning, and at its highest after a tenth of the files and after all of them. What grew with the
number of files would be ten times as much at the end; it may be half as much again, which is what one allocator's day differs from another's.
"""
import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "server"))

from harness import BIN, ROOT, Town, run  # noqa: E402  (the path above leads there)

FILES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000


def resident_kib(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise AssertionError(name)


def bring_in(town, token, folder):
    began = time.monotonic()
    done = run(BIN / "lapel", "import", "run", folder, "--profile", "axon_evidence", "--zone", "America/New_York", "--json",
               env={**os.environ, "LAPEL_SERVER": town.url, "LAPEL_TOKEN": token})
    made = json.loads(done.stdout)
    assert made["state"] == "closed" and made["counts"]["missing"] == 0 and made["counts"]["differing"] == 0, made["counts"]
    return made, time.monotonic() - began


def main():
    with Town() as town:
        clerk = town.add_user("clerk", "records")
        town.start()
        high, seconds = [], []
        at_rest = resident_kib(town.server.pid, "VmRSS")
        for files in (FILES // 10, FILES):
            folder = town.home / f"export-{files}"
            run("python3", ROOT / "test/scenarios/made_exports.py", "many", folder, "--files", files)
            made, took = bring_in(town, clerk, folder)
            assert made["counts"]["arrived"] == files, made["counts"]
            high.append(resident_kib(town.server.pid, "VmHWM"))
            seconds.append(took)
        print(json.dumps({"files": FILES, "seconds": round(seconds[1], 1), "files_per_second": round(FILES / seconds[1], 1),
                          "resident_at_rest_kib": at_rest, "highest_after_a_tenth_kib": high[0], "highest_after_all_kib": high[1]}))
        assert town.stop() == 0
        faults = town.check_ledger()
        assert faults == (0, []), faults
        assert high[1] <= 1.5 * high[0], "the memory of the server grows with the number of files"


if __name__ == "__main__":
    main()
