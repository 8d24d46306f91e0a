#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what a data directory holds with what its server has told people.

A program of its own, that has nothing of Lapel's code: it reads the catalog with Python's SQLite, files as files, and
hashes the tree by RFC 6962 itself. `lapel ledger check` and `lapel-verify` are heard as witnesses besides.

    check.py dead --data DIR --acks FILE --sources DIR --memory FILE
        no server runs; the catalog is read from a copy, so that looking does not repair
    check.py live … --url URL --token TOKEN --programs DIR --vkey KEY
        the server runs and nobody is sending
    --final: every upload has come to its end
    --database URL: the catalog is in PostgreSQL, and read by PostgreSQL's own client

FILE has one JSON object a line, in the order in which the client was told (rig.py writes it):
    {"upload", "name", "told": "created"}      201; the file DIR/name of the sources is what will be sent
    {"upload", "told": "sent", "offset"}       about to send up to there
    {"upload", "told": "offset", "offset"}     201, 204 or HEAD
    {"upload", "told": "sealed", "recording"}
    {"upload", "told": "receipt", "recording", "text"}
    {"recording", "told": "served", "type", "view", "share", "bytes"}  so much of an original, or of an export, came under this view,
                                               or to this share's recipient; what is null is not in the event either
The memory keeps every (size, root) ever seen, so that a ledger that goes back is noticed, and how many acknowledgements were
counted, so that each is counted once. Prints {"faults", "checked"}; ends with 1 when there is a fault. With --batch alone: each
line has the arguments of one look as a JSON array, and is answered by a line.
"""
import argparse
import base64
import collections
import hashlib
import hmac
import http.client
import json
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import urllib.parse

ENTRIES_PER_BUNDLE = 256


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def tree_roots(leaves, sizes):
    """The root at each of `sizes`, from one walk: the tree is a stack of complete subtrees, folded from its end."""
    def folded(stack):
        if not stack:
            return hashlib.sha256().digest()
        root = stack[-1][1]
        for _, left in reversed(stack[:-1]):
            root = hashlib.sha256(b"\1" + left + root).digest()
        return root

    roots, stack = {}, []
    if 0 in sizes:
        roots[0] = folded(stack)
    for size, leaf in enumerate(leaves, 1):
        stack.append((1, leaf))
        while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
            (width, left), (_, right) = stack[-2:]
            stack[-2:] = [(2 * width, hashlib.sha256(b"\1" + left + right).digest())]
        if size in sizes:
            roots[size] = folded(stack)
    return roots


def root_by_path(leaf, index, size, path):
    """RFC 9162, 2.1.3.2. None when the path has another length than index and size demand."""
    node, last, path = leaf, size - 1, list(path)
    while last > 0:
        if index % 2 == 1 or index < last:
            if not path:
                return None
            sibling = path.pop(0)
            node = hashlib.sha256(b"\1" + (sibling + node if index % 2 == 1 else node + sibling)).digest()
        index, last = index // 2, last // 2
    return None if path else node


def parse_bundle(data):
    entries = []
    while data:
        length = int.from_bytes(data[:2], "big")
        if len(data) < 2 + length:
            raise ValueError("a bundle ends early")
        entries.append(data[2:2 + length])
        data = data[2 + length:]
    return entries


def tile_path(index):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


def named(served):
    return " ".join(f"{what} {served[what]}" for what in ("type", "view", "share") if served[what])


class Upload:
    def __init__(self):
        self.name, self.offset, self.sent, self.recording = None, 0, 0, None
        self.receipts = []


class Receipt:
    def __init__(self, text):
        head, _, note = text.partition("\n\n")
        lines = head.split("\n")
        if lines[0] != "c2sp.org/tlog-proof@v1":
            raise ValueError("no tlog-proof")
        extra = json.loads(base64.b64decode(lines[1].removeprefix("extra ")))
        self.index = int(lines[2].removeprefix("index "))
        self.path = [base64.b64decode(line) for line in lines[3:]]
        self.event, salt = extra["event"], base64.b64decode(extra["salt"])
        # The subset of JSON that is hashed has one way to be written.
        message = json.dumps(self.event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        commitment = base64.b64encode(hmac.digest(salt, message, "sha256")).decode()
        self.leaf = leaf_hash(b'{"commitment":"%s","v":1}' % commitment.encode())
        self.size, root = int(note.split("\n")[1]), note.split("\n")[2]
        self.root = base64.b64decode(root)


class Checker:
    def __init__(self, options):
        self.options = options
        self.data = pathlib.Path(options.data)
        self.faults, self.checked = [], collections.Counter()  # what is wrong; how much was looked at
        self.uploads, self.served, self.acknowledgements = {}, [], 0
        for line in pathlib.Path(options.acks).read_text().splitlines():
            self.take(json.loads(line))
        memory = pathlib.Path(options.memory)
        self.memory = {"heads": {}, "published": [], "acknowledgements": 0, **(json.loads(memory.read_text()) if memory.exists() else {})}
        # Each is counted at the first look at it, whatever the number of looks.
        self.checked["acknowledgements"] = max(0, self.acknowledgements - self.memory["acknowledgements"])
        self.memory["acknowledgements"] = max(self.acknowledgements, self.memory["acknowledgements"])

    def take(self, told):
        self.acknowledgements += told["told"] != "sent"
        if told["told"] == "served":
            self.served.append(told)
            return
        upload = self.uploads.setdefault(told["upload"], Upload())
        if told["told"] == "created":
            upload.name = told["name"]
        elif told["told"] == "sent":
            upload.sent = max(upload.sent, told["offset"])
        elif told["told"] == "offset":
            # A lie is caught here too: no server can have received what nobody sent.
            if told["offset"] > upload.sent:
                self.fault(told["upload"], f"told offset {told['offset']} when {upload.sent} bytes had been sent")
            upload.offset = max(upload.offset, told["offset"])
        elif told["told"] == "sealed":
            if upload.recording not in (None, told["recording"]):
                self.fault(told["upload"], "sealed as two recordings")
            upload.recording = told["recording"]
        elif told["told"] == "receipt":
            upload.receipts.append(told["text"])

    def fault(self, what, why):
        self.faults.append(f"{what}: {why}")

    def must(self, condition, what, why):
        self.checked["conditions"] += 1
        if not condition:
            self.fault(what, why)
        return condition

    def source(self, upload):
        return (pathlib.Path(self.options.sources) / upload.name).read_bytes()

    def object_path(self, recording):
        return self.data / "objects" / self.slug / recording[:2] / recording

    # ---- what the directory holds ----

    def read_database(self):
        """The same of a catalog in PostgreSQL, as rows of JSON from its own client."""
        def read(sql):
            done = subprocess.run(["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.options.database, "-c",
                                   f"SELECT row_to_json(r) FROM ({sql}) r"], capture_output=True, text=True, check=True)
            return [json.loads(line) for line in done.stdout.splitlines()]
        self.read_rows(read)

    def read_catalog(self):
        # A reader that closes last would check the log point into the file and so change what is being looked at.
        with tempfile.TemporaryDirectory() as scratch:
            for name in ("catalog.db", "catalog.db-wal"):
                if (self.data / name).exists():
                    shutil.copyfile(self.data / name, f"{scratch}/{name}")
            database = sqlite3.connect(f"{scratch}/catalog.db")
            database.row_factory = sqlite3.Row
            damage = [row[0] for row in database.execute("PRAGMA integrity_check")]
            self.must(damage == ["ok"], "catalog", f"damaged: {damage[:3]}")
            self.read_rows(lambda sql: [dict(row) for row in database.execute(sql)])
            database.close()

    def read_rows(self, read):
        self.upload_rows = {row["id"]: row for row in read("SELECT * FROM uploads")}
        self.recordings = {row["id"]: row for row in read("SELECT id, sha256, bytes FROM recordings")}
        self.events = read("SELECT subject, n, leaf_index, type, event FROM ledger_events")
        self.ledger = read("SELECT slug, origin, size, root, tiled_size FROM ledgers")[0]
        self.batches = read("SELECT first_index, entries, object FROM ledger_batches ORDER BY first_index")
        self.published = read("SELECT size, root FROM ledger_published ORDER BY size")
        self.slug = self.ledger["slug"]

    def read_leaves(self):
        entries = []
        for bundle in range(self.ledger["tiled_size"] // ENTRIES_PER_BUNDLE):
            entries += parse_bundle((self.data / f"ledger/{self.slug}/tile/entries/{tile_path(bundle)}").read_bytes())
        for batch in self.batches:
            staged = parse_bundle((self.data / batch["object"]).read_bytes())
            if len(staged) != batch["entries"] or batch["first_index"] > len(entries):
                raise ValueError(f"batch at {batch['first_index']} has {len(staged)} of {batch['entries']} entries")
            entries += staged[len(entries) - batch["first_index"]:]
        return [leaf_hash(entry) for entry in entries]

    def check_ledger(self):
        try:
            leaves = self.read_leaves()
        except (OSError, ValueError) as error:
            self.fault("ledger", f"entries cannot be read: {error}")
            return
        size, root = self.ledger["size"], self.ledger["root"]
        if not self.must(len(leaves) == size, "ledger", f"{len(leaves)} leaves stand where the head says {size}"):
            return
        heads = {int(key): value for key, value in self.memory["heads"].items()}
        receipts = []
        for name, upload in self.uploads.items():
            for text in upload.receipts:
                receipt = Receipt(text)
                receipts.append((name, upload, receipt))
                known = heads.setdefault(receipt.size, receipt.root.hex())
                self.must(known == receipt.root.hex(), name, f"two roots were signed at size {receipt.size}")
        newest = max(heads, default=0)
        self.must(newest <= size, "ledger", f"{size} leaves, after {newest} had been seen")
        heads[size] = heads.get(size, root)
        roots = tree_roots(leaves, set(heads) | {row["size"] for row in self.published})
        for old, old_root in heads.items():
            self.must(old > size or roots[old].hex() == old_root, "ledger", f"another history below size {old}")
        for row in self.published:
            self.must(row["size"] <= size and roots.get(row["size"], b"").hex() == row["root"], "ledger",
                      f"published at {row['size']} what is not in the tree")
        sizes = [row["size"] for row in self.published]
        self.must(set(self.memory["published"]) <= set(sizes), "ledger", "a published size is forgotten")
        for name, upload, receipt in receipts:
            self.must(receipt.index < size and leaves[receipt.index] == receipt.leaf, name,
                      "the receipt's leaf is not in the ledger")
            self.must(root_by_path(receipt.leaf, receipt.index, receipt.size, receipt.path) == receipt.root, name,
                      "the receipt's path does not lead to its root")
            event = receipt.event
            self.must((event["type"], event["subject"], event["sha256"]) ==
                      ("recording.admitted", upload.recording, hashlib.sha256(self.source(upload)).hexdigest()), name,
                      "the receipt is about something else")
            self.checked["receipts"] += 1
        self.memory.update(heads=heads, published=sizes)

    def check_directory(self):
        """Every promise, against rows and files alone."""
        if self.options.database:
            self.read_database()
        else:
            self.read_catalog()
        self.check_ledger()
        admitted = collections.defaultdict(list)
        for event in self.events:
            if event["type"] == "recording.admitted":
                admitted[json.loads(event["event"])["sha256"]].append(event)
        for name, upload in self.uploads.items():
            if upload.name is None:
                continue  # its answer never came
            self.check_upload(name, upload, admitted)
        self.check_recordings()
        self.check_served()

    def check_served(self):
        """The entry first: whatever anybody was served has a leaf below the durable head that names the view."""
        entered = set()
        for event in self.events:
            if event["leaf_index"] < self.ledger["size"]:
                fields = json.loads(event["event"])
                entered.add((event["subject"], event["type"], fields.get("view"), fields.get("share")))
        for served in self.served:
            self.checked["served"] += 1
            self.checked["served outside"] += served["share"] is not None
            self.must((served["recording"], served["type"], served["view"], served["share"]) in entered, served["recording"],
                      f"{served['bytes']} bytes were served by what is not in the ledger: {named(served)}")

    def check_recordings(self):
        """What people are shown is whole, also where nobody was told of it."""
        for recording, row in self.recordings.items():
            try:
                found = self.object_path(recording).read_bytes()
            except OSError as error:
                self.must(False, recording, f"a recording without its file: {error}")
                continue
            is_whole = (len(found), hashlib.sha256(found).hexdigest()) == (row["bytes"], row["sha256"])
            self.must(is_whole, recording, f"its file has {len(found)} bytes and the row says {row['bytes']}, or they differ")

    def check_upload(self, name, upload, admitted):
        row, data = self.upload_rows.get(name), self.source(upload)
        if not self.must(row is not None, name, "its row is lost"):
            return
        digest = hashlib.sha256(data).hexdigest()
        leaves = admitted[digest]
        self.must(upload.offset <= row["offset_bytes"] <= upload.sent, name,
                  f"told {upload.offset}, sent {upload.sent}, the row says {row['offset_bytes']}")
        self.must(row["state"] != "refused", name, f"refused: {row['reason']}")
        self.must(upload.recording is None or (row["state"], row["recording"]) == ("sealed", upload.recording), name,
                  f"told sealed as {upload.recording}, the row says {row['state']} as {row['recording']}")
        self.must(row["state"] == "sealed" or not self.options.final, name, f"still {row['state']} at the end")
        admissions = 1 if row["state"] == "sealed" else 0
        self.must(len(leaves) == admissions, name, f"{row['state']} with {len(leaves)} admissions")
        is_sealed = upload.recording is not None or row["state"] == "sealed"
        path = self.object_path(upload.recording or row["recording"]) if is_sealed else self.data / "uploads" / name
        self.checked["files"] += 1
        try:
            # Of a long upload only what was promised need stand; a sealed one has to its last byte what was sent.
            found = path.read_bytes()
        except OSError as error:
            self.must(row["offset_bytes"] == 0 and not is_sealed, name, f"no file: {error}")
            return
        if is_sealed:
            self.must(found == data, name, f"the sealed file differs: {len(found)} bytes of {len(data)}")
            is_read_only = path.stat().st_mode & 0o222 == 0
            self.must(is_read_only or self.options.modes_unknown, name, "the sealed file can be written")
            recording = self.recordings.get(upload.recording or row["recording"], {})
            self.must((recording.get("sha256"), recording.get("bytes")) == (digest, len(data)), name,
                      "no row of the recording")
        else:
            offset = max(upload.offset, row["offset_bytes"])
            self.must(found[:offset] == data[:offset], name, f"bytes below {offset} differ from those sent")
        if self.options.final and self.options.url is None:
            self.must(not (self.data / "uploads" / name).exists(), name, "its upload's file is still there")

    # ---- what the server says ----

    def request(self, method, path):
        host = urllib.parse.urlsplit(self.options.url).netloc
        connection = http.client.HTTPConnection(host, timeout=60)
        try:
            headers = {"Authorization": f"Bearer {self.options.token}", "Tus-Resumable": "1.0.0"}
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def check_answers(self):
        sealed = [name for name, upload in self.uploads.items() if upload.recording is not None]
        left_out = set()
        if self.options.sample is not None and self.options.sample < len(sealed):
            left_out = set(sealed) - set(random.sample(sealed, self.options.sample))
        for name, upload in self.uploads.items():
            if upload.name is None or name in left_out:
                continue
            location = f"/api/v1/uploads/{name}"
            status, headers, _ = self.request("HEAD", location)
            if not self.must(status == 200, name, f"HEAD answers {status}"):
                continue
            offset = int(headers["Upload-Offset"])
            self.must(upload.offset <= offset <= upload.sent, name,
                      f"told {upload.offset}, sent {upload.sent}, HEAD says {offset}")
            state = json.loads(self.request("GET", location)[2])
            is_as_told = (state["state"], state["recording"]) == ("sealed", upload.recording)
            self.must(upload.recording is None or is_as_told, name, f"told sealed, now {state['state']}")
            if state["state"] != "sealed":
                self.must(not self.options.final, name, f"still {state['state']} at the end")
                continue
            status, _, text = self.request("GET", f"/api/v1/recordings/{state['recording']}/receipt")
            self.must(status == 200, name, f"no receipt: {status}")
            # Old receipts hold for good: a new one of each recording will do on the way, all are shown at the end.
            for receipt in upload.receipts if self.options.final else []:
                self.verify(name, upload, receipt.encode())
            if status == 200 and not (self.options.final and upload.receipts):
                self.verify(name, upload, text)
        for served in self.served:
            self.check_proof_of_view(served)

    def check_proof_of_view(self, served):
        """What was served can be proven to have been entered."""
        recording = served["recording"]
        items = json.loads(self.request("GET", f"/api/v1/recordings/{recording}/custody")[2])["items"]
        numbers = [item["n"] for item in items if (item["type"], *map(item["event"].get, ("view", "share"))) ==
                   (served["type"], served["view"], served["share"])]
        if not self.must(len(numbers) == 1, recording, f"custody has {len(numbers)} entries of {named(served)}"):
            return
        status, _, text = self.request("GET", f"/api/v1/recordings/{recording}/receipt?n={numbers[0]}")
        if not self.must(status == 200, recording, f"no receipt of {named(served)}: {status}"):
            return
        receipt = Receipt(text.decode())
        self.must(tuple(map(receipt.event.get, ("type", "view", "share"))) == (served["type"], served["view"], served["share"]), recording,
                  "the receipt is about another view")
        self.must(root_by_path(receipt.leaf, receipt.index, receipt.size, receipt.path) == receipt.root, recording,
                  "the path of a view's receipt does not lead to its root")

    def verify(self, name, upload, receipt):
        with tempfile.NamedTemporaryFile(suffix=".tlog-proof") as file:
            file.write(receipt)
            file.flush()
            source = f"{self.options.sources}/{upload.name}"
            verify = [f"{self.options.programs}/lapel-verify", "--key", self.options.vkey, file.name, source]
            done = subprocess.run(verify, capture_output=True, text=True, check=False)
        self.checked["verified"] += 1
        self.must(done.returncode == 0, name, f"lapel-verify: {done.stdout}{done.stderr}")

    def run_ledger_check(self):
        done = subprocess.run([f"{self.options.programs}/lapel", "ledger", "check", "--data", str(self.data)],
                              capture_output=True, text=True, check=False)
        self.must(done.returncode == 0, "ledger", f"lapel ledger check: {done.stdout}{done.stderr}")

    def report(self):
        pathlib.Path(self.options.memory).write_text(json.dumps(self.memory))
        return {"faults": self.faults, "checked": self.checked}


def check(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("phase", choices=["dead", "live"])
    for name in ("data", "acks", "sources", "memory"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("url", "token", "programs", "vkey"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--database")
    parser.add_argument("--final", action="store_true")
    parser.add_argument("--sample", type=int, help="ask about so many of the sealed uploads, and all others")
    parser.add_argument("--modes-unknown", action="store_true", help="of a rebuilt directory: modes were not recorded")
    checker = Checker(parser.parse_args(arguments))
    if checker.options.phase == "dead":
        checker.check_directory()
    else:
        checker.check_answers()
        checker.run_ledger_check()
    return checker.report()


def main():
    if sys.argv[1:] == ["--batch"]:
        for line in sys.stdin:
            print(json.dumps(check(json.loads(line))), flush=True)
        return 0
    report = check(sys.argv[1:])
    print(json.dumps(report))
    return 1 if report["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
