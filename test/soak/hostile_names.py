#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names that were made to be taken for paths: 2,000 in Upload-Metadata, and as many in custody exports by a lying server.

    hostile_names.py [NAMES]

The server runs under strace, and every file that it creates, renames, links or opens to write must have a name of its own
making below its data directory; a tree of bait around it is compared before and after. Then `lapel recording export` gets
answers whose files bear such names, and must write nothing outside the folder that it was given. That the watch would see a
write is shown first, by writing one.

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
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent / "server"))
sys.path.insert(0, str(HERE.parent / "crash"))

import figures  # noqa: E402  (the paths above lead there)
import races  # noqa: E402
from harness import BIN, Town, metadata, run  # noqa: E402

CALLS = ("open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,"
         "rmdir,truncate,chmod,fchmodat,chown,fchownat")
# All that a server makes below its data directory; no name of an upload can be one of these but an id of the server's own.
OWN = re.compile(r"""(catalog\.db(-wal|-shm|-journal)?|catalog\.lock|lock|format|\.tmp(/\d+-\d+)?
    |uploads(/[0-9a-f]{32})?|media(/.*)?|derived(/.*)?|objects(/[a-z0-9-]+(/[0-9a-f]{2}(/\.?[0-9a-f]{32}[.0-9a-z-]*)?)?)?
    |keys(/[a-z0-9-]+(/[A-Za-z0-9_.-]+)?(/[A-Za-z0-9_.-]+)?)?|ledger(/[a-z0-9-]+(/[a-z0-9./-]+)?)?|[a-z]+(/\.[A-Za-z0-9.-]+)?)$""", re.X)
FIELDS = ["filename", "filetype", "device", "wearer", "incident", "category", "note", "group"]

EXPORTS_AT_ONCE = 32  # each waits for the next beat

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


class Names:
    def __init__(self, seed, count):
        self.rng, self.count = random.Random(seed), count
        self.faults = []
        self.is_planting = False
        self.begun = time.monotonic()

    def fault(self, text):
        self.faults.append(text)
        if len(self.faults) <= 20 and not self.is_planting:
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

    def check_trace(self, trace, data):
        calls = 0
        for name, text, path in self.written(trace):
            calls += 1
            below = path.removeprefix(str(data)).lstrip("/") if path.startswith(str(data) + "/") else None
            is_own = (below is not None and OWN.match(below)) or path == str(data) or path.startswith(("/dev/null", "/proc/self/"))
            if not is_own or ".." in text.split("/"):
                self.fault(f"{name} of {text!r}")
        return calls

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

    # ---- out ----

    def export_all(self, town, token, recording, names, outside):
        """`lapel recording export` from a server that gives its files such names."""
        def export_share(mine):
            current, ends = [""], collections.Counter()

            proxy = races.Proxy(town.port, races.with_export_file(lambda: current[0]))
            try:
                for name in mine:
                    current[0] = name
                    out = outside / f"export-{names.index(name)}"
                    done = run(BIN / "lapel", "recording", "export", recording, "--out", out, "--purpose", "discovery", check=False, cwd=outside,
                               env={**os.environ, "LAPEL_TOKEN": token, "LAPEL_SERVER": f"http://127.0.0.1:{proxy.port}"})
                    ends[f"exit code {done.returncode}"] += 1
                    if done.returncode < 0 or (done.returncode and len(done.stderr) < 20):
                        self.fault(f"an export with {name!r} ends with {done.returncode}: {done.stderr!r}")
                    shutil.rmtree(out, ignore_errors=True)
            finally:
                proxy.close()
            return ends

        with concurrent.futures.ThreadPoolExecutor(EXPORTS_AT_ONCE) as pool:
            shares = list(pool.map(export_share, [names[i::EXPORTS_AT_ONCE] for i in range(EXPORTS_AT_ONCE)]))
        return dict(sum(shares, collections.Counter()))

    def run(self):
        with Town(beat=1) as town:
            bait = town.home / "bait"
            for place in (bait, town.home / "outside/bait"):
                place.mkdir(parents=True)
                (place / "x").write_text("bait")
            names = hostile_names(self.rng, bait, self.count)
            token = town.add_user("clerk", "records")
            trace = town.home / "trace"
            town.wrapper = ["strace", "-f", "--seccomp-bpf", "-y", "-s", "4096", "-o", str(trace), "-e", f"trace={CALLS}"]
            before = snapshot(bait, town.home / "outside")
            town.start("--media-worker", "/nonexistent")
            begun = time.monotonic()
            accepted, refused = self.upload_all(town, token, names)
            deadline = time.monotonic() + 120
            while town.events("recording.admitted") < accepted:
                if time.monotonic() > deadline:
                    self.fault(f"{town.events('recording.admitted')} of {accepted} are sealed")
                    break
                time.sleep(0.1)
            # A tracer that is told to stop leaves its child running, so the child is told.
            pid = town.server.pid
            os.kill(int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()), signal.SIGTERM)
            if town.server.wait(timeout=60) != 0:
                self.fault("the server did not stop well")
            town.kill()
            town.wrapper = []
            calls = self.check_trace(trace, town.data)
            print(f"{len(names)} names in Upload-Metadata: {accepted} kept as text, {refused} refused with a sentence; {calls} calls that write, "
                  f"{len(self.faults)} outside; {time.monotonic() - begun:.0f} s", flush=True)
            if calls < 3 * accepted:
                self.fault(f"only {calls} calls were seen for {accepted} uploads: strace was not watching")
            # The watch itself: one write where none may be has to be seen by both.
            planted = self.planted(trace, town, bait, before)

            if snapshot(bait, town.home / "outside") != before:
                self.fault("the bait was touched")
            left = {path.name for path in (town.data / "uploads").iterdir()}
            if left:
                self.fault(f"{left} are left among the uploads")
            town.start("--media-worker", "/nonexistent")
            recording = town.upload(token, b"to be exported", filename="a.mp4")["recording"]
            ends = self.export_all(town, token, recording, names, town.home / "outside")
            print(f"{len(names)} names in custody exports: ended with {ends}", flush=True)
            if snapshot(bait, town.home / "outside") != before:
                self.fault("an export touched the bait")
            if town.stop() != 0 or town.check_ledger() != (0, []):
                self.fault("the server did not stop well, or its ledger has faults")
        seconds = time.monotonic() - self.begun
        figures.record("S7", "hostile names in Upload-Metadata and custody exports", f"{len(names)} of each; {calls} writing calls watched, "
                       f"{len(self.faults)} outside", "0 writes outside", not self.faults, run="tools/soak.sh hostile_names", seconds=seconds,
                       planted=planted)
        print(f"{len(self.faults)} faults, {seconds:.0f} s; planted {planted}")
        return 1 if self.faults else 0

    def planted(self, trace, town, bait, before):
        faults, self.faults, self.is_planting = self.faults, [], True
        other = trace.with_name("planted")
        subprocess.run(["strace", "-f", "-y", "-s", "4096", "-o", other, "-e", f"trace={CALLS}", "touch", bait / "planted",
                        f"{town.data}/objects/../../planted"], check=True)
        self.check_trace(other, town.data)
        seen = [len(self.faults) >= 2, snapshot(bait, town.home / "outside") != before]
        (bait / "planted").unlink()
        (town.home / "planted").unlink(missing_ok=True)
        self.faults, self.is_planting = faults, False
        if not all(seen):
            raise SystemExit(f"a planted write is not seen: {seen}")
        return f"{sum(seen)} of {len(seen)} found"


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    seed = int(os.environ.get("LAPEL_NAMES_SEED", 0)) or random.SystemRandom().randrange(1, 2**32)
    print(f"seed {seed} (LAPEL_NAMES_SEED={seed} repeats it)", flush=True)
    return Names(seed, count).run()


if __name__ == "__main__":
    sys.exit(main())
