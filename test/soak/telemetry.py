#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the media worker makes of every file of a corpus that may say where a camera was.

    telemetry.py TESTDATA

TESTDATA is a directory with `video` and `telemetry` in it, at any depth below. Prints for each file that has a track: its kind,
how many points, the first and the last of them, and what the worker says is missing; then how many files have none. Whether
that is right a person has to see, or another program; here a file fails only if the worker gives no answer, or a track
that is not in its own format. Exits 1 if one does.

    LAPEL_BIN  where the programs are (default build/bin)
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "server"))

import worker  # noqa: E402  (the path above leads there)
from harness import BIN  # noqa: E402

HEADER = ("lapel-track", "source", "damaged", "without_fix", "every", "remarks", "points")
COLUMNS = ("at_ms", "time_us", "latitude", "longitude", "altitude_m", "speed_m_s", "course_deg", "accuracy_m", "dop")


def ask(path, job):
    """The worker's answer, and what it has written."""
    with tempfile.TemporaryFile() as output:
        child, answer = worker.start([BIN / "lapel-media"], path, output, job, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with answer:
            text = answer.read()
        if child.wait() != 0:
            raise ValueError(f"the worker ended with {child.returncode}")
        output.seek(0)
        return json.loads(text), output.read().decode()


def parse(text):
    """Header and points, read anew from docs/formats/track.md."""
    lines = text.split("\n")
    if lines.pop() != "":
        raise ValueError("the last line has no end")
    header = {}
    for key in HEADER:
        found, value = lines.pop(0).split(" ", 1)
        if found != key:
            raise ValueError(f"{found!r} where {key!r} belongs")
        header[key] = value
    points = [dict(zip(COLUMNS, line.split(" "), strict=True)) for line in lines]
    if len(points) != int(header["points"]):
        raise ValueError(f"{len(points)} points, {header['points']} said")
    for point in points:
        if not (abs(float(point["latitude"])) <= 90 and abs(float(point["longitude"])) <= 180):
            raise ValueError(f"no place: {point}")
    return header, points


def shown(point):
    return " ".join(f"{name}={value}" for name, value in point.items() if value != "-")


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    root = pathlib.Path(sys.argv[1])
    counts, faults = collections.Counter(), 0
    for path in sorted(path for part in ("telemetry", "video") for path in (root / part).rglob("*") if path.is_file()):
        name = path.relative_to(root)
        try:
            found, _ = ask(path, "probe")
            if not found.get("may_have_track"):
                counts[f"{found['container'] or 'no media'}, nothing in it that could be a track"] += 1
                continue
            found, text = ask(path, "track")
            if "track" not in found:
                counts[f"{found['container']}, no positions"] += 1
                continue
            header, points = parse(text)
        except (ValueError, KeyError, IndexError) as error:
            faults += 1
            print(f"FAULT {name}: {error}")
            continue
        counts[header["source"]] += 1
        print(f"{name}\n    {header['source']} in {found['container']}: {header['points']} points, {header['damaged']} damaged, "
              f"{header['without_fix']} without fix, every {header['every']}, remarks {header['remarks']}, {' '.join(found['findings'])}")
        for point in points[:1] + points[-1:]:
            print(f"    {shown(point)}")
    for kind, count in sorted(counts.items()):
        print(f"{count:5} {kind}")
    print(f"{faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
