#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports as other systems might make them, MADE FOR THE TESTS: made_exports.py KIND DIR [--files N].

No vendor made these. They have real footage of test/data in them and the files and columns that the mappings in share/imports look for,
which were never compared with a real export either; they show that Lapel does what the mappings say, not that the mappings are right.
"""
import argparse
import csv
import hashlib
import json
import pathlib
import shutil

ROOT = pathlib.Path(__file__).resolve().parents[2]
VIDEO = ROOT / "test/data/video"
NASA = VIDEO / "pytorch+torchcodec/test/resources/nasa_13013.mp4"
PORTRAIT = VIDEO / "androidx+media/libraries/test_data/src/test/assets/media/mp4/sample_portrait.mp4"
AUDIO = VIDEO / "androidx+media/libraries/test_data/src/test/assets/media/mp4/sample_audio_only.mp4"
CHAPLIN = VIDEO / "Zulko+moviepy/media/chaplin.mp4"
MARK = "MADE FOR A TEST OF LAPEL, NOT BY ANY VENDOR"


def digest(path, name):
    return hashlib.new(name, path.read_bytes()).hexdigest()


def copy(source, place):
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    return place


def write_table(path, rows, delimiter=","):
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def axon(out):
    """Videos in folders, a table beside them, one audit trail a recording."""
    body = copy(NASA, out / "2022-1204/Axon_Body_3_Video_2022-12-02_0712.mp4")
    car = copy(AUDIO, out / "2022-1204/Interview_Room_2.mp4")
    rows = []
    for number, (file, title, category) in enumerate(((body, "Elm Street, traffic stop", "Traffic Stop"),
                                                      (car, "Interview room 2", "Interview")), 1):
        rows.append({"Evidence ID": f"E-{number:04}", "Title": title, "File Name": str(file.relative_to(out)),
                     "File Size (Bytes)": file.stat().st_size, "Checksum": digest(file, "sha256"),
                     "Recorded On": f"Dec {number + 1}, 2022 1:12:07 AM", "Category": category, "Case ID": "2022-1204",
                     "Owner Badge ID": "4711", "Device Serial Number": f"X8{number:07}",
                     "Legal Hold": "Smith v. Town" if number == 1 else "No", "Deletion Scheduled": "12/2/2025 1:12:07 AM"})
    write_table(out / "evidence.csv", rows)
    (out / "E-0001_audit_trail.pdf").write_bytes(f"%PDF-1.4\n% {MARK}\n%%EOF\n".encode())


def motorola(out):
    """One folder, JSON with the facts of each, a log."""
    file = copy(PORTRAIT, out / "media/V300_20221202_0714.mp4")
    out.joinpath("metadata.json").write_text(json.dumps({
        "note": MARK, "exportedBy": "records",
        "recordings": [{"recordingId": "7b1c", "file": {"name": file.name, "size": file.stat().st_size, "sha1": digest(file, "sha1")},
                        "startTime": "2022-12-02T06:14:00Z", "classification": "Traffic", "incident": {"reference": "2022-1204"},
                        "operator": {"badge": "4711", "name": "fictitious"}, "device": {"serial": "V300-0042"},
                        "legalHold": False}]}, indent=1))
    out.joinpath("audit.csv").write_text(f"when,who,what\n2022-12-02T07:00:00Z,records,{MARK}\n")


def utility(out):
    """Files called by their id, a table with semicolons."""
    file = copy(CHAPLIN, out / "video/UT-90017.mp4")
    photo = copy(VIDEO / "openpreserve+format-corpus/video/Quicktime/photo-jpeg.mov", out / "video/UT-90018.mov")
    rows = [{"Media ID": each.stem, "Bytes": each.stat().st_size, "MD5": digest(each, "md5").upper(),
             "Start Time": "12/02/2022 01:16:30", "Classification": "Traffic", "Call Number": "2022-1204", "Badge": "4711",
             "Device Serial": "BW-77", "Litigation Hold": "N", "Purge Date": "06/02/2023"} for each in (file, photo)]
    write_table(out / "media_report.csv", rows, ";")
    out.joinpath("chain_of_custody.csv").write_text(f"media;who;when\nUT-90017;{MARK};12/02/2022\n")


def tricks(out):
    """An inventory that lies, and names that are no names: what each is told of stands in imports_test.py."""
    axon(out)
    with (out / "evidence.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    changed = dict(rows[0], **{"Evidence ID": "E-0003", "File Name": "2022-1204/changed.mp4"})
    copy(PORTRAIT, out / changed["File Name"])
    gone = dict(rows[1], **{"Evidence ID": "E-0004", "File Name": "2022-1204/gone.mp4", "Recorded On": "sometime"})
    twice = dict(rows[1], **{"Evidence ID": "E-0005", "Recorded On": "Nov 6, 2022 1:30:00 AM"})
    up = dict(rows[1], **{"Evidence ID": "E-0006", "File Name": "../../etc/passwd", "Owner Badge ID": "1"})
    write_table(out / "evidence.csv", rows + [changed, gone, twice, up])
    copy(CHAPLIN, out / "2022-1204/not in the table.mp4")
    (out / "link.mp4").symlink_to("/etc/hostname")
    for name in ("Clash.mp4", "clash.mp4"):
        (out / name).write_bytes(name.encode())
    (out / "back\\slash.mp4").write_bytes(b"x")


def many(out, files):
    """Very many very small files."""
    rows = []
    for number in range(files):
        path = out / f"folder{number // 500:04}/file{number:06}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"made for a test %d\n" % number)
        rows.append({"Evidence ID": f"E-{number}", "File Name": str(path.relative_to(out)), "File Size (Bytes)": path.stat().st_size,
                     "Checksum": digest(path, "sha256"), "Recorded On": "2022-12-02T06:14:00Z", "Category": "Traffic",
                     "Case ID": f"2022-{number // 100}"})
    write_table(out / "evidence.csv", rows)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("kind", choices=["axon", "motorola", "utility", "tricks", "many"])
    arguments.add_argument("out", type=pathlib.Path)
    arguments.add_argument("--files", type=int, default=500)
    options = arguments.parse_args()
    options.out.mkdir(parents=True)
    if options.kind == "many":
        many(options.out, options.files)
    else:
        {"axon": axon, "motorola": motorola, "utility": utility, "tricks": tricks}[options.kind](options.out)


if __name__ == "__main__":
    main()
