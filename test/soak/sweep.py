#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every file of a corpus through the product: camera folder, lapel-dock, server, media worker, and back out.

    sweep.py TESTDATA

TESTDATA is a directory with `video`, `telemetry` and `adversarial` in it, at any depth below. A real dock offloads all of it
but telemetry that no camera writes as footage; the adversarial files go in by tus as well, under names that were made to
hurt. Whatever a file is, it must come back as the bytes it was, sealed, with a verdict and a sentence about it. Prints the
sentences for people to read, then each fault; exits 1 if there is one.

    LAPEL_BIN         where the programs are (default build/bin)
    LAPEL_SWEEP_SEED  repeats the choice of receipts
"""
import collections
import json
import os
import pathlib
import random
import sqlite3
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "server"))

import worker  # noqa: E402  (the path above leads there)
from harness import BIN, Town, run, sha256  # noqa: E402

# Telemetry is mostly text beside footage; these are footage with telemetry in it.
FOOTAGE = (".mp4", ".mov", ".ts", ".m2ts")
DEVICE = "SWEEP-1"
RECEIPTS = 5
MANY_ALIKE = 12  # of one folder and one sentence are counted, not named
JOBS_PATIENCE_S = 900  # without one more job at its end
# What only the server says, of a worker that gave no answer (docs/formats/media_worker.md).
WORKER_FAILED = {"stopped_at_deadline", "stopped_at_limit", "stopped_by_sandbox", "crashed", "bad_answer"}

HURTFUL = [
    "../../../../etc/passwd", "/etc/shadow", "..", ".", "C:\\Windows\\win.ini", "-rf --no-preserve-root", "a\nb\r\nX-Header: 1",
    "\x1b]0;title\x07\x1b[2J", "<script>alert(1)</script>.mp4", "'; DROP TABLE recordings; --", "%00%2e%2e%2f", "${HOME}`id`$(id)",
    "\u202egpj.4pm", "e\u0301\u200b\ufeff", "\U0001f4f9\U0001f3ff.mp4", "n" * 1024, "日本語のとても長い名前" * 30, "\x01\x02\x7f",
    "\"quoted\\\"",
    "{\"json\": [1]}", "key value,key2 value2", "CON.mp4", " ", "=cmd|'/C calc'!A0", "https://example.org/a.mp4?x=1#y", "&lt;&amp;.mp4",
]


class Sweep:
    def __init__(self, root):
        self.root = root
        self.faults = []
        self.begun = time.monotonic()
        self.names = {}       # digest -> paths of the corpus with these bytes
        self.bytes = {}       # digest -> how many
        self.expected = collections.Counter()  # digest -> recordings there must be

    def fault(self, text):
        self.faults.append(text)
        print(f"FAULT {text}", flush=True)

    def say(self, text):
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", flush=True)

    def check(self, condition, text):
        if not condition:
            self.fault(text)
        return condition

    # ---- in ----

    def files(self):
        """(path, bytes) of what is swept."""
        for part in ("video", "telemetry", "adversarial"):
            found = [path for path in sorted((self.root / part).rglob("*")) if path.is_file() and not path.is_symlink()]
            for path in found:
                if part != "telemetry" or path.suffix.lower() in FOOTAGE:
                    yield path, path.read_bytes()

    def expect(self, path, data):
        digest = sha256(data)
        self.expected[digest] += 1
        self.bytes[digest] = len(data)
        names = self.names.setdefault(digest, [])
        if path not in names:
            names.append(path)

    def fill_camera(self, camera):
        count = total = 0
        for path, data in self.files():
            place = camera / path.relative_to(self.root)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            self.expect(path, data)
            count, total = count + 1, total + len(data)
        if count == 0:
            raise SystemExit(f"{self.root} has no files in video, telemetry or adversarial")
        return count, total

    def offload(self, town, camera):
        state = town.home / "dock"
        code = json.loads(run(BIN / "lapel", "dock", "enroll", "--data", town.data, "--agency", town.agency, "--name", "sweep",
                              "--json").stdout)["code"]
        run(BIN / "lapel-dock", "enroll", "--server", town.url, "--code", code, "--state", state)
        done = run(BIN / "lapel-dock", "run", "--state", state, "--camera", camera, "--device", DEVICE, "--once", "--json",
                   check=False)
        events = collections.Counter(json.loads(line)["event"] for line in done.stdout.splitlines())
        self.check(done.returncode == 0, f"the dock ended with {done.returncode}: {done.stderr[-2000:]}")
        self.check(events["receipted"] == sum(self.expected.values()), f"the dock has {events['receipted']} receipts: {dict(events)}")
        self.check(not list((state / "spool").iterdir()), "the dock's spool is not empty")

    def upload_hurtful(self, town, token):
        """The adversarial files by tus, each under a name of its own kind. Returns recording -> the name it was sent with."""
        sent, total = {}, 0
        adversarial = [(path, data) for path, data in self.files() if path.is_relative_to(self.root / "adversarial")]
        for i, (path, data) in enumerate(adversarial):
            name = HURTFUL[i % len(HURTFUL)]
            state = town.upload(token, data, filename=name, filetype="video/mp4", incident=name[:40])
            self.expect(path, data)
            if self.check(state["state"] == "sealed", f"{path} as {name!r} came to {state}"):
                sent[state["recording"]] = name
            total += len(data)
        return sent, total

    # ---- inside ----

    def recordings(self, town, token):
        items, cursor = [], ""
        while True:
            page = town.request("GET", f"/api/v1/recordings?limit=200&cursor={cursor}", token).json()
            items += page["items"]
            cursor = page["next"]
            if not cursor:
                return items

    def wait_for_jobs(self, town, token):
        """Asks until every job has come to rest. The bound is there for a server that gets no further."""
        deadline, best = time.monotonic() + JOBS_PATIENCE_S, -1
        while True:
            items = self.recordings(town, token)
            resting = sum(item["media"] is not None and item["media"]["state"] in ("done", "failed", "blocked") for item in items)
            if resting == len(items):
                return items
            if resting > best:
                deadline, best = time.monotonic() + JOBS_PATIENCE_S, resting
            if time.monotonic() > deadline:
                self.fault(f"no job has ended in {JOBS_PATIENCE_S} s; {len(items) - resting} are open")
                return items

    def check_findings(self, town, items):
        """What the workers found, from the catalog of a stopped server: no job may have ended without a worker's answer."""
        catalog = sqlite3.connect(f"file:{town.data / 'catalog.db'}?mode=ro", uri=True)
        probes = dict(catalog.execute("SELECT recording, content FROM derived_items WHERE kind = 'probe'"))
        catalog.close()
        for item in items:
            if self.check(item["id"] in probes, f"{self.name(item)}: nothing is stored of what the worker found"):
                failed = set(json.loads(probes[item["id"]])["findings"]) & WORKER_FAILED
                self.check(not failed, f"{self.name(item)}: the worker gave no answer: {failed}")

    def check_one(self, town, token, item, names_sent):
        name = self.name(item)
        self.check(item["state"] == "sealed", f"{name}: the recording is {item['state']}")
        self.check(item["bytes"] == self.bytes.get(item["sha256"]), f"{name}: {item['bytes']} bytes")
        if item["id"] in names_sent:
            sent_as = names_sent[item["id"]]
            self.check(item["filename"] == sent_as, f"{name}: called {item['filename']!r}, sent as {sent_as!r}")
        else:
            self.check(item["device"] == DEVICE and item["chain_starts_at"] == "dock", f"{name}: did not come by the dock")
            known = {path.name for path in self.names.get(item["sha256"], [])}
            self.check(item["filename"] in known, f"{name}: called {item['filename']!r}")
        media = item["media"] or {"state": None, "verdict": None, "sentence": None}
        if self.check(media["state"] == "done", f"{name}: its job is {media['state']}: {media['sentence']}"):
            self.check(media["verdict"] in worker.VERDICTS and (media["sentence"] or "").endswith("."), f"{name}: {media}")
        view = town.request("POST", f"/api/v1/recordings/{item['id']}/views", token, body='{"purpose":"review"}')
        if self.check(view.status == 201, f"{name}: no view: {view.status} {view.body[:200]}"):
            served = town.request("GET", view.json()["original"], token)
            self.check(served.status == 200 and sha256(served.body) == item["sha256"], f"{name}: other bytes are served, {served.status}")

    def name(self, item):
        paths = self.names.get(item["sha256"])
        return str(paths[0].relative_to(self.root)) if paths else f"recording {item['id']} of unknown bytes"

    def check_receipts(self, town, token, items):
        seed = int(os.environ.get("LAPEL_SWEEP_SEED", 0)) or random.SystemRandom().randrange(1, 2**32)
        print(f"seed {seed} (LAPEL_SWEEP_SEED={seed} repeats the choice of receipts)")
        for item in random.Random(seed).sample(items, min(RECEIPTS, len(items))):
            if not self.names.get(item["sha256"]):
                continue  # told already
            data = self.names[item["sha256"]][0].read_bytes()
            receipt = town.receipt(item["id"], token)
            code, words = town.verify(receipt, data)
            self.check(code == 0, f"{self.name(item)}: lapel-verify ends with {code}: {words}")
            code, words = town.verify(receipt, data + b"x")
            self.check(code == 6, f"{self.name(item)}: lapel-verify takes another file: {code} {words}")

    def print_verdicts(self, items):
        """What people should read: each sentence once, with its files."""
        by_sentence = collections.defaultdict(set)
        verdicts = collections.Counter()
        for item in items:
            if item["media"] and item["media"]["verdict"]:
                verdicts[item["media"]["verdict"]] += 1
                if item["media"]["verdict"] != "whole":
                    by_sentence[(item["media"]["verdict"], item["media"]["sentence"])].add(self.name(item))
        for (verdict, sentence), names in sorted(by_sentence.items()):
            print(f"\n{verdict}: {sentence}")
            folders = collections.defaultdict(list)
            for name in sorted(names):
                folders[name.rpartition("/")[0]].append(name)
            for folder, inside in folders.items():
                print(f"    {folder}: {len(inside)} files" if len(inside) > MANY_ALIKE else "\n".join(f"    {name}" for name in inside))
        print(f"\nverdicts: {dict(verdicts)}", flush=True)

    # ---- the worker, watched ----

    def watch_worker(self):
        """The adversarial files in the worker alone, under strace: once it is shut in, it asks the system for nothing."""
        watched = 0
        for path, _ in self.files():
            if path.is_relative_to(self.root / "adversarial"):
                for fault in worker.examine(path).faults():
                    self.fault(f"{path.relative_to(self.root)}: {fault}")
                watched += 1
        return watched

    # ---- all of it ----

    def run(self):
        with Town() as town:
            token = town.add_user("clerk", "records")
            town.start()
            camera = town.home / "camera"
            count, total = self.fill_camera(camera)
            self.say(f"{count} files, {total:,} bytes on the camera")
            self.offload(town, camera)
            self.say("offloaded by the dock")
            names_sent, more = self.upload_hurtful(town, token)
            self.say(f"{len(names_sent)} files, {more:,} bytes sent under hurtful names")
            items = self.wait_for_jobs(town, token)
            self.say("every media job has come to rest")
            found = collections.Counter(item["sha256"] for item in items)
            for digest in {*found, *self.expected}:
                self.check(found[digest] == self.expected[digest],
                           f"{self.names.get(digest, [digest])[0]}: {found[digest]} recordings, sent {self.expected[digest]} times")
            for item in items:
                self.check_one(town, token, item, names_sent)
            self.say(f"{len(items)} recordings read back")
            self.check_receipts(town, token, items)
            ready = town.request("GET", "/readyz")
            self.check(ready.status == 200 and (ready.json()["ready"], ready.json()["media"]) == (True, "ok"),
                       f"/readyz: {ready.status} {ready.body}")
            self.check(not list((town.data / "media").iterdir()), "the media room left files behind")
            self.check(not list((town.data / "uploads").iterdir()), "uploads were left behind")
            code = town.stop()
            self.check(code == 0, f"the server ended with {code}")
            for line in (town.home / "server.err").read_text(errors="replace").splitlines():
                self.check('"level":"error"' not in line, f"the server said: {line}")
            self.check_findings(town, items)
            code, faults = town.check_ledger()
            self.check((code, faults) == (0, []), f"the ledger check ends with {code}: {faults}")
            self.say("server stopped, ledger checked")
            watched = self.watch_worker()
            self.say(f"{watched} files examined under strace")
        self.print_verdicts(items)
        seconds = time.monotonic() - self.begun
        print(f"{count + len(names_sent)} files, {total + more:,} bytes, {seconds:.0f} s, {len(self.faults)} faults")
        return 1 if self.faults else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    sys.exit(Sweep(pathlib.Path(sys.argv[1]).resolve()).run())
