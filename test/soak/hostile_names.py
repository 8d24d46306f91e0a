#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names that were made to be taken for paths: 2,000 in Upload-Metadata, as many in an archive that is imported, and as many in
custody exports by a lying server.

    hostile_names.py [NAMES]

The server runs under strace, and every file that it creates, renames, links or opens to write must have a name of its own
making below its data directory; a tree of bait around it is compared before and after. `lapel import run`, under strace as well, is
given a ZIP archive of such names, and must write nothing at all. Then `lapel recording export`, watched likewise, gets answers whose files bear such names, and must write nothing outside the folder that it was given. That the
watch would see a write is shown first, of both: a media worker that the watched server starts writes where it may not, and so
does what runs after an import and after an export under the same watch.

    LAPEL_BIN          where the programs are (default build/bin)
    LAPEL_NAMES_SEED   repeats a run
    LAPEL_FIGURES      the file that takes the figures
"""
import collections
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import threading
import time
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent / "server"))
sys.path.insert(0, str(HERE.parent / "crash"))

import figures  # noqa: E402  (the paths above lead there)
import races  # noqa: E402
from harness import BIN, Town, metadata, run, until  # noqa: E402

CALLS = ("open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,"
         "rmdir,truncate,chmod,fchmodat,chown,fchownat")
# All that a server makes below its data directory; no name of an upload can be one of these but an id of the server's own.
OWN = re.compile(r"""(catalog\.db(-wal|-shm|-journal)?|catalog\.lock|lock|format|\.tmp(/\d+-\d+)?
    |uploads(/[0-9a-f]{32})?|media(/.*)?|derived(/.*)?|imports(/[0-9a-f]{32})?|objects(/[a-z0-9-]+(/[0-9a-f]{2}(/\.?[0-9a-f]{32}[.0-9a-z-]*)?)?)?
    |keys(/[a-z0-9-]+(/[A-Za-z0-9_.-]+)?(/[A-Za-z0-9_.-]+)?)?|ledger(/[a-z0-9-]+(/[a-z0-9./-]+)?)?|[a-z]+(/\.[A-Za-z0-9.-]+)?)$""", re.X)
FIELDS = ["filename", "filetype", "device", "wearer", "incident", "category", "note", "group"]

EXPORTS_AT_ONCE = 4  # more are told to try again; each waits for the next beat
NAMES = 2_000  # with fewer no bar is kept
RUN = "tools/soak.sh hostile_names"
SMALL_FILM = HERE.parent / "data/adversarial/google+AFL/testcases/multimedia/h264/small_movie.mp4"

PIECES = ["..", ".", "...", "~", "~root", "etc", "passwd", "bait", "objects", "uploads", "keys", "catalog.db", "lock", "C:", "con", "nul", "aux.mp4",
          "%2e%2e", "%2f", "%00", "..%c0%af", "‥", "．．", "．", "／", "∕", "\u202e", "\ufeff", "\u0000", "\n", "\r\n", "\t", "\x1b[2J", " ", "*", "?",
          "$(id)", "`id`", "${HOME}", "|id", ";id", "&", "-rf", "--", "'", '"', "<script>", "🏴", "e\u0301", "n" * 255, "n" * 300]
JOINTS = ["/", "\\", "//", "/./", "\\\\", "/../", ":", ""]


def hostile_names(rng, bait, count):
    """Names of many kinds, no two the same: climbing, absolute, of devices, in disguise, too long, not text at all."""
    names = {f"../../../../../../../..{bait}/x", f"{bait}/x", f"{bait}", "..", ".", "/", "//", "../", "/etc/cron.d/lapel", "/proc/self/environ",
             "/dev/null", "../objects/x", "../catalog.db", "originals/../../x", "subjects/x/../../../x", "./../x", "a/../../x", "..\\..\\x", ""}
    while len(names) < count:
        start = rng.choice(["", "", "/", "../", "../" * rng.randrange(1, 12), "..\\" * 3, str(bait) + "/", "file://", "\\\\host\\share\\", "originals/", "subjects/"])
        parts = [rng.choice(PIECES) for _ in range(rng.randrange(1, 5))]
        names.add(start + rng.choice(JOINTS).join(parts))
    return rng.sample(sorted(names), count)


def is_opened(name):
    """Not so of an archive with an empty name, a NUL in one, or an escape beside what is not ASCII: libzip refuses all of it."""
    return name != "" and "\0" not in name and (name.isascii() or "\x1b" not in name)


def snapshot(*roots):
    """Everything below, with what it is."""
    out = {}
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.is_symlink():
                out[str(path)] = "link " + os.readlink(path)
            elif path.is_file():
                out[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest() + oct(path.stat().st_mode)
            else:
                out[str(path)] = "folder"
    return out


def traced(trace, *command):
    return ["strace", "-f", "--seccomp-bpf", "-y", "-s", "4096", "-o", str(trace), "-e", f"trace={CALLS}", *command]


class Bait:
    """What nobody may touch, in a town's home: above the data directory and beside what is exported."""

    def __init__(self, town):
        self.folder, self.outside, self.traces = town.home / "bait", town.home / "outside", town.home / "traces"
        for place in (self.folder, self.outside / "bait"):
            place.mkdir(parents=True)
            (place / "x").write_text("bait")
        self.traces.mkdir()
        self.before = self.snapshot()

    def snapshot(self):
        return snapshot(self.folder, self.outside)

    @property
    def is_touched(self):
        return self.snapshot() != self.before


class Names:
    def __init__(self, seed, count):
        self.rng, self.count = random.Random(seed), count
        self.faults = []
        self.mutex = threading.Lock()

    def fault(self, text):
        with self.mutex:
            self.faults.append(text)
            if len(self.faults) <= 20:
                print(f"FAULT {text}", flush=True)

    # ---- what strace saw ----

    @staticmethod
    def written(trace):
        """Paths that some call would make, change or take away."""
        for line in trace.read_text(errors="surrogateescape").splitlines():
            found = re.match(r"\d+ +(\w+)\((.*)", line)
            if not found:
                continue
            name, rest = found.groups()
            if name in ("open", "openat", "openat2") and not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", rest):
                continue
            folder = re.match(r"(?:AT_FDCWD<([^>]*)>|\d+<([^>]*)>)", rest)
            for text in re.findall(r'"((?:[^"\\]|\\.)*)"', rest):
                yield name, text, os.path.normpath(os.path.join((folder and (folder[1] or folder[2])) or "/", text))

    def outside(self, trace, home, own=None):
        """(how many calls would write, which of them not below `home` or, where `own` is given, under another name than those)."""
        calls, found = 0, []
        for name, text, path in self.written(trace):
            calls += 1
            below = path.removeprefix(str(home)).lstrip("/") if path.startswith(str(home) + "/") else None
            is_own = below is not None and (own is None or own.match(below))
            if not (is_own or path == str(home) or path.startswith(("/dev/null", "/proc/self/"))) or ".." in text.split("/"):
                found.append(f"{name} of {text!r}")
        return calls, found

    @staticmethod
    def stop_traced(town):
        """A tracer that is told to stop leaves its child running, so the child is told."""
        pid = town.server.pid
        os.kill(int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()), signal.SIGTERM)
        code = town.server.wait(timeout=60)
        town.kill()
        town.wrapper = []
        return code

    # ---- what the watch has to see ----

    def find_planted(self):
        """Of the server's side, of imports and of exports: (found, of how many) each. Seen by strace, and by a look at the bait."""
        with Town(beat=1) as town:
            bait = Bait(town)
            token = town.add_user("clerk", "records")
            worker = town.home / "worker"
            worker.write_text(f"#!/bin/sh\n/usr/bin/touch {bait.folder}/planted {town.data}/objects/../../planted\n")
            worker.chmod(0o755)
            town.wrapper = traced(bait.traces / "server")
            town.start("--media-worker", worker)
            recording = town.upload(token, SMALL_FILM.read_bytes(), filename="a.mp4")["recording"]
            until((town.home / "planted").exists, why="no worker was started")
            self.stop_traced(town)
            said = self.outside(bait.traces / "server", town.data, OWN)[1]
            of_server = [any("/bait/planted" in text for text in said), any("/../../planted" in text for text in said), bait.is_touched]
            (bait.folder / "planted").unlink()
            town.start("--media-worker", "/nonexistent")
            under = ["sh", "-c", '"$@" && /usr/bin/touch ../bait/planted bait/planted', "sh"]
            seen = []
            for run_one in (lambda: self.bring_in(town.port, token, self.archive(town.home, ["a.mp4"]), bait, under),
                            lambda: self.export(town.port, token, recording, bait, "planted", under)):
                done, calls, said = run_one()
                seen.append([done.returncode == 0 and calls >= 2, any("'../bait/planted'" in text for text in said),
                             any("'bait/planted'" in text for text in said), bait.is_touched])
                for place in (bait.folder, bait.outside / "bait"):
                    (place / "planted").unlink(missing_ok=True)
            town.stop()
        of_import, of_export = seen
        print(f"planted: of the server {of_server}, of imports {of_import}, of exports {of_export}", flush=True)
        if not all(of_server + of_import + of_export):
            raise SystemExit("a planted write is not seen")
        return [f"{sum(seen)} of {len(seen)} found" for seen in (of_server, of_import, of_export)]

    # ---- in ----

    def upload_all(self, town, token, names):
        accepted = refused = 0
        connection = http.client.HTTPConnection("127.0.0.1", town.port, timeout=60)
        for i, name in enumerate(names):
            fields = {"filename": name, FIELDS[i % len(FIELDS)]: name}
            data = b"%d" % i
            connection.request("POST", "/api/v1/uploads", body=data, headers={
                "Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)),
                "Content-Type": "application/offset+octet-stream", "Upload-Metadata": metadata(**fields)})
            answer = connection.getresponse()
            body = answer.read()
            accepted += answer.status == 201
            refused += answer.status == 400
            if answer.status not in (201, 400):
                self.fault(f"{name!r} as {FIELDS[i % len(FIELDS)]}: {answer.status} {body[:200]}")
            if answer.status == 400 and len(json.loads(body)["detail"]) < 20:
                self.fault(f"{name!r} is refused without a sentence: {body[:200]}")
        # And as the path of a request, where an id is wanted.
        for name in names[::10]:
            target = "/api/v1/uploads/" + "".join(f"%{byte:02X}" for byte in name.encode())
            connection.request("HEAD", target, headers={"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"})
            answer = connection.getresponse()
            answer.read()
            if answer.status not in (400, 404, 405, 414):
                self.fault(f"an upload called {name!r}: {answer.status}")
        connection.close()
        return accepted, refused

    # ---- in, as another system's export ----

    @staticmethod
    def archive(folder, names):
        """An archive with a file for each name, and an inventory that tells of all of them."""
        path = folder / "export.zip"
        with zipfile.ZipFile(path, "w") as out:
            rows = ["File Name,Evidence ID,Title"]
            for number, name in enumerate(names):
                entry = zipfile.ZipInfo("x")
                entry.filename = name  # as it is: the constructor would mend it
                out.writestr(entry, SMALL_FILM.read_bytes() + b"%d" % number)
                cell = '"' + name.replace('"', '""') + '"'
                rows.append(f"{cell},V-{number},{cell}")
            out.writestr("evidence.csv", "\r\n".join(rows) + "\r\n")
        return path

    def bring_in(self, port, token, archive, bait, under=()):
        """One import under strace: (how it ended, how many calls would write, those of them that would write anywhere)."""
        trace = bait.traces / "import"
        done = run(*traced(trace, *under, BIN / "lapel"), "import", "run", archive, "--profile", "axon_evidence", "--zone", "America/New_York",
                   "--json", check=False, cwd=bait.outside, env={**os.environ, "LAPEL_TOKEN": token, "LAPEL_SERVER": f"http://127.0.0.1:{port}"})
        calls, said = self.outside(trace, bait.outside / "nothing")
        trace.unlink()
        return done, calls, said

    # ---- out ----

    def export(self, port, token, recording, bait, number, under=()):
        """One export under strace: (how it ended, how many calls would write, those that would outside the folder it was given)."""
        out, trace = bait.outside / f"export-{number}", bait.traces / f"export-{number}"
        done = run(*traced(trace, *under, BIN / "lapel"), "recording", "export", recording, "--out", out, "--purpose", "discovery", check=False,
                   cwd=bait.outside, env={**os.environ, "LAPEL_TOKEN": token, "LAPEL_SERVER": f"http://127.0.0.1:{port}"})
        calls, said = self.outside(trace, out)
        shutil.rmtree(out, ignore_errors=True)
        trace.unlink()
        return done, calls, said

    def export_all(self, town, token, recording, names, bait):
        """`lapel recording export` from a server that gives its files such names: (how they ended, calls, calls outside)."""
        numbers = {name: number for number, name in enumerate(names)}

        def export_share(mine):
            current, ends = [""], collections.Counter()

            proxy = races.Proxy(town.port, races.with_export_file(lambda: current[0]))
            try:
                for name in mine:
                    current[0] = name
                    done, calls, said = self.export(proxy.port, token, recording, bait, numbers[name])
                    ends[f"exit code {done.returncode}"] += 1
                    ends["calls"] += calls
                    ends["outside"] += len(said)
                    for text in said:
                        self.fault(f"an export with {name!r}: {text}")
                    if done.returncode and not re.search("none of an export|File name too long", done.stderr):
                        self.fault(f"an export with {name!r} ended before its name was looked at: {done.stderr!r}")
                    if done.returncode < 0 or (done.returncode and len(done.stderr) < 20):
                        self.fault(f"an export with {name!r} ends with {done.returncode}: {done.stderr!r}")
                    if done.returncode == 0 and calls < 2:
                        self.fault(f"an export with {name!r} wrote nothing that was seen: strace was not watching")
            finally:
                proxy.close()
            return ends

        with concurrent.futures.ThreadPoolExecutor(EXPORTS_AT_ONCE) as pool:
            shares = list(pool.map(export_share, [names[i::EXPORTS_AT_ONCE] for i in range(EXPORTS_AT_ONCE)]))
        ends = sum(shares, collections.Counter())
        calls, outside = ends.pop("calls", 0), ends.pop("outside", 0)
        return dict(ends), calls, outside

    def run(self):
        planted = self.find_planted()
        with Town(beat=1) as town:
            bait = Bait(town)
            names = hostile_names(self.rng, bait.folder, self.count)
            in_archives = [name for name in hostile_names(self.rng, bait.folder, 2 * self.count) if is_opened(name)][:self.count]
            token = town.add_user("clerk", "records")
            self.names_that_come_in(town, token, names, bait, planted[0])
            self.names_that_are_imported(town, token, in_archives, bait, planted[1])
            self.names_that_go_out(town, token, names, bait, planted[2])
        print(f"{len(self.faults)} faults")
        return 1 if self.faults else 0

    def names_that_come_in(self, town, token, names, bait, planted):
        begun, trace = time.monotonic(), bait.traces / "server"
        town.wrapper = traced(trace)
        town.start("--media-worker", "/nonexistent")
        accepted, refused = self.upload_all(town, token, names)
        deadline = time.monotonic() + 120
        while town.events("recording.admitted") < accepted:
            if time.monotonic() > deadline:
                self.fault(f"{town.events('recording.admitted')} of {accepted} are sealed")
                break
            time.sleep(0.1)
        if self.stop_traced(town) != 0:
            self.fault("the server did not stop well")
        calls, said = self.outside(trace, town.data, OWN)
        for text in said:
            self.fault(text)
        if calls < 3 * accepted:
            self.fault(f"only {calls} calls were seen for {accepted} uploads: strace was not watching")
        if bait.is_touched:
            self.fault("the bait was touched")
        left = {path.name for path in (town.data / "uploads").iterdir()}
        if left:
            self.fault(f"{left} are left among the uploads")
        seconds = time.monotonic() - begun
        print(f"{len(names)} names in Upload-Metadata: {accepted} kept as text, {refused} refused with a sentence; {calls} calls that write, "
              f"{len(said)} outside; {seconds:.0f} s", flush=True)
        figures.record("S7", "hostile names in Upload-Metadata", f"{len(names)} names; {calls} writing calls of the server watched, {len(said)} outside, "
                       f"{len(self.faults)} faults", f"{NAMES:,} names, 0 writes outside", not self.faults and len(names) >= NAMES, run=RUN,
                       seconds=seconds, planted=planted)

    def names_that_are_imported(self, town, token, names, bait, planted):
        begun, before, trace = time.monotonic(), len(self.faults), bait.traces / "server"
        trace.unlink()
        town.wrapper = traced(trace)
        town.start("--media-worker", "/nonexistent")
        sealed = town.events("recording.admitted")
        done, _, written = self.bring_in(town.port, token, self.archive(town.home, names), bait)
        for text in written:
            self.fault(f"an import: {text}")
        made = json.loads(done.stdout) if done.returncode in (0, 5) and done.stdout.startswith("{") else None
        if made is None:
            self.fault(f"the import ended with {done.returncode}: {done.stderr[-500:]!r}")
        arrived = made["counts"]["arrived"] + made["counts"]["extra"] if made else 0
        refused = made["counts"].get("refused", 0) if made else 0
        if made and (arrived == 0 or refused == 0):
            self.fault(f"all or none of the names were taken: {made['counts']}")
        if self.stop_traced(town) != 0:
            self.fault("the server did not stop well")
        calls, said = self.outside(trace, town.data, OWN)
        for text in said:
            self.fault(text)
        admitted = town.events("recording.admitted") - sealed
        if calls < 3 * admitted or admitted < arrived:
            self.fault(f"{calls} calls were seen for {admitted} recordings, of {arrived} that arrived")
        if bait.is_touched:
            self.fault("an import touched the bait")
        faults, seconds = len(self.faults) - before, time.monotonic() - begun
        print(f"{len(names)} names in an archive: {made and made['counts']}; {calls} calls of the server that write, {len(said)} outside, "
              f"{len(written)} of the importer; {seconds:.0f} s", flush=True)
        figures.record("S7", "hostile names in an archive that is imported", f"{len(names)} names, {arrived} taken as text, {refused} refused; {calls} "
                       f"writing calls of the server watched, {len(said)} outside; lapel import run wrote {len(written)} times; {faults} faults",
                       f"{NAMES:,} names, 0 writes outside", not faults and len(names) >= NAMES, run=RUN, seconds=seconds, planted=planted)

    def names_that_go_out(self, town, token, names, bait, planted):
        begun, before = time.monotonic(), len(self.faults)
        town.start("--media-worker", "/nonexistent")
        recording = town.upload(token, b"to be exported", filename="a.mp4")["recording"]
        ends, calls, outside = self.export_all(town, token, recording, names, bait)
        if bait.is_touched:
            self.fault("an export touched the bait")
        if town.stop() != 0 or town.check_ledger() != (0, []):
            self.fault("the server did not stop well, or its ledger has faults")
        faults, seconds = len(self.faults) - before, time.monotonic() - begun
        print(f"{len(names)} names in custody exports: ended with {ends}; {calls} calls that write, {outside} outside; {seconds:.0f} s", flush=True)
        figures.record("S7", "hostile names in custody exports by a lying server", f"{len(names)} names; {calls} writing calls of lapel recording export "
                       f"watched, {outside} outside, {faults} faults", f"{NAMES:,} names, 0 writes outside", not faults and len(names) >= NAMES, run=RUN,
                       seconds=seconds, planted=planted)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else NAMES
    seed = int(os.environ.get("LAPEL_NAMES_SEED", 0)) or random.SystemRandom().randrange(1, 2**32)
    print(f"seed {seed} (LAPEL_NAMES_SEED={seed} repeats it)", flush=True)
    return Names(seed, count).run()


if __name__ == "__main__":
    sys.exit(main())
