#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many clients race each other for one upload, over and over, and every history is judged by linearize.py.

    races.py [HISTORIES]             10,000 where none is named
    races.py --sanitized [HISTORIES] programs built with the thread sanitizer: one report of theirs is a fault (1,500)

Each history is one upload on a real `lapel serve` and CLIENTS connections to it, all with a request under way at once: bodies
at the right offset, an old one or none, whole, in two pieces, cut off in the middle or sent by somebody who hangs up without
listening, with a checksum that holds or not; HEAD, GET, DELETE, and joining. Every byte a request sends is its own number,
so that the bytes kept in the end say whose they were. Then one client alone brings the upload to its end, and what the
catalog and the disk hold of it becomes the history's last two events. After all of them: as many recordings, admissions
and objects as histories that say so, nothing left among the uploads, and a ledger that is sound.

A quarter as many are played on two servers that share a PostgreSQL and a directory, which is how two of them may be.

Before all that, bugs planted between clients and server must be found, or the run fails.

    LAPEL_BIN          where the programs are (default build/bin)
    LAPEL_RACES_SEED   repeats a run, as far as the machine's timing lets it
    LAPEL_FIGURES      the file that takes the figures
"""
import base64
import collections
import concurrent.futures
import contextlib
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import random
import select
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent / "server"))
sys.path.insert(0, str(HERE.parent / "crash"))

import figures  # noqa: E402  (the paths above lead there)
from harness import BIN, Town  # noqa: E402
from postgres import PROGRAMS, PrivatePostgres  # noqa: E402
from rig import build  # noqa: E402

CLIENTS = 32
PROCESSES = 3          # each plays one history at a time
LENGTH_MAX = 12_000    # a few blocks of a disk, so that a writer's unfinished block is raced for too
PATIENCE_S = 60        # without any answer at all; a server that is merely slow gives one sooner
SETTLE_TRIES = 5_000   # requests to bring one upload to its end
CHUNK = 250            # histories a file for the checker
SHARE = 100            # of one clerk, who may so send as many small pieces as come; small, so that no process is left with many at the end
PLANTED_MAX = 120      # histories in which a planted bug must be found
HISTORIES_MIN = 10_000       # with fewer no bar is kept
TWO_SERVERS_SHARE = 4        # two servers get one of so many
SANITIZED_MIN = 1_500
PATCH_TYPE = "application/offset+octet-stream"


class Gone(Exception):
    """The other side hung up."""


class Client:
    """One connection at a time, and the request under way on it."""

    def __init__(self, port):
        self.port = port
        self.socket = None
        self.input = b""
        self.op = None          # under way
        self.later = b""        # of its body, still to be sent
        self.due = 0            # when, counted in events

    def connect(self):
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.input = b""

    def hang_up(self, rudely=False):
        if self.socket is None:
            return
        if rudely:  # RST in place of FIN
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        self.socket = None

    def send(self, data):
        try:
            self.connect()
            self.socket.sendall(data)
        except OSError as error:
            self.hang_up()
            raise Gone() from error

    def receive(self):
        """An answer once it is whole: (status, headers, body). None while it is not."""
        try:
            more = self.socket.recv(65_536)
        except OSError as error:
            self.hang_up()
            raise Gone() from error
        if not more:
            self.hang_up()
            raise Gone()
        self.input += more
        end = self.input.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self.input[:end].decode("latin-1").split("\r\n")
        headers = dict((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:]))
        size = 0 if self.op["op"] == "head" else int(headers.get("content-length", 0))
        if len(self.input) < end + 4 + size:
            return None
        body, self.input = self.input[end + 4:end + 4 + size], self.input[end + 4 + size:]
        if headers.get("connection", "").lower() == "close":
            self.hang_up()
        return int(lines[0].split(" ")[1]), headers, body


class History:
    """One upload and all that was asked and told of it."""

    def __init__(self, name, racer):
        self.name, self.racer, self.rng = name, racer, random.Random(f"{racer.seed}/{name}")
        self.kind = self.rng.choices(["whole", "whole with delete", "partial", "partial with delete"], [55, 15, 22, 8])[0]
        self.length = self.rng.choice([self.rng.randrange(1, 64), self.rng.randrange(1, LENGTH_MAX)])
        self.events = []
        self.location = None
        self.known = 0            # the furthest offset that somebody was told
        self.calls = 0
        self.fills = 0
        self.final = None         # of a partial upload, what it was joined into
        self.ticks = 0

    @property
    def is_partial(self):
        return self.kind.startswith("partial")

    def record(self):
        return {"history": self.name, "kind": "partial" if self.is_partial else "whole", "length": self.length, "events": self.events}

    # ---- requests ----

    def head_of(self, method, path, *lines):
        return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: a", f"Authorization: Bearer {self.racer.token}", "Tus-Resumable: 1.0.0",
                            *lines, "", ""]).encode()

    def call(self, client, op, **request):
        self.calls += 1
        client.op = {"call": self.calls, "op": op, **request}
        self.events.append(client.op)

    def lost(self, client):
        client.op, client.later = None, b""

    def patch(self, client, offset, size, how):
        """how: plain, split, cut (after some of it), deaf (nobody listens), checked, checked badly."""
        self.fills += 1
        fill = self.fills
        sent = self.rng.randrange(0, size + 1) if how == "cut" else size
        more = {}
        headers = [f"Upload-Offset: {offset}", f"Content-Type: {PATCH_TYPE}", f"Content-Length: {size}"]
        body = bytes([fill]) * size
        if how in ("checked", "checked badly"):
            digest = hashlib.sha256(body if how == "checked" else body + b"x").digest()
            headers.append(f"Upload-Checksum: sha256 {base64.b64encode(digest).decode()}")
            more["whole"] = "good" if how == "checked" else "bad"
        self.call(client, "patch", offset=offset, bytes=size, fill=fill, sent=sent, **more)
        first = self.rng.randrange(0, size + 1) if how == "split" else sent
        client.send(self.head_of("PATCH", self.location, *headers) + body[:first])
        if how == "split" and first < size:
            client.later = body[first:]
            client.due = self.ticks + self.rng.randrange(0, 2 * CLIENTS)
        elif how in ("cut", "deaf"):
            client.hang_up(rudely=self.rng.random() < 0.3)
            self.lost(client)

    def random_patch(self, client):
        choice = self.rng.random()
        offset = self.known if choice < 0.8 else self.rng.randrange(0, self.known + 1) if choice < 0.9 else self.rng.randrange(self.length + 2)
        rest = max(self.length - offset, 0)
        if self.rng.random() < 0.02:
            size = rest + 1 + self.rng.randrange(3)
        elif self.rng.random() < 0.1:
            size = rest
        else:
            size = self.rng.randrange(0, max(min(rest, self.length // 4 + 1), 1) + 1)
        how = self.rng.choices(["plain", "split", "cut", "deaf", "checked", "checked badly"], [48, 16, 14, 6, 10, 6])[0]
        self.patch(client, offset, size, how)

    def random_op(self, client):
        weights = {"patch": 62, "head": 20, "state": 12}
        if self.kind.endswith("delete"):
            weights["delete"] = 3
        if self.is_partial:
            weights["join"] = 8
        op = self.rng.choices(list(weights), list(weights.values()))[0]
        if op == "patch" and self.fills < 250:
            self.random_patch(client)
        else:
            self.plain(client, op if op != "patch" else "head")

    def plain(self, client, op):
        self.call(client, op)
        if op == "join":
            client.send(self.head_of("POST", "/api/v1/uploads", f"Upload-Concat: final;{self.location}", "Content-Length: 0"))
            if self.rng.random() < 0.1 and not self.racer.is_settling:
                client.hang_up(rudely=self.rng.random() < 0.5)
                self.lost(client)
        else:
            method = {"head": "HEAD", "state": "GET", "delete": "DELETE"}[op]
            client.send(self.head_of(method, self.location))

    def answered(self, client, status, headers, body):
        """Notes what was told. Returns the event."""
        event = {"return": client.op["call"], "status": status}
        if client.op["op"] == "state" and status == 200:
            told = json.loads(body)
            event["state"], event["offset"] = told["state"], told["offset"]
        elif "upload-offset" in headers and status in (200, 204):
            event["offset"] = int(headers["upload-offset"])
        elif status == 409 and (stands := body.partition(b"stands at ")[2].partition(b",")[0]).isdigit():
            event["offset"] = int(stands)
        elif client.op["op"] == "join" and status == 201:
            self.final = headers["location"]
        self.known = max(self.known, event.get("offset", 0))
        self.events.append(event)
        self.lost(client)
        return event


class Racer:
    """Plays histories, one after the other, with connections that it keeps."""

    def __init__(self, ports, token, data, seed):
        self.token, self.seed = token, seed
        self.data = pathlib.Path(data)
        self.clients = [Client(ports[i % len(ports)]) for i in range(CLIENTS)]
        self.is_settling = False
        self.answers = collections.Counter()

    def close(self):
        for client in self.clients:
            client.hang_up()

    def ask_alone(self, history, send):
        """One request and its answer, with nobody else about. None when there was none."""
        client = self.clients[0]
        try:
            send(client)
            while True:
                answer = client.receive()
                if answer:
                    self.count(client.op, answer[0])
                    return history.answered(client, *answer)
        except Gone:
            history.lost(client)
            return None

    def count(self, op, status):
        self.answers[f"{op['op']} {status}"] += 1

    def create(self, history):
        client = self.clients[0]
        kind = ["Upload-Concat: partial"] if history.is_partial else []
        for _ in range(2):  # a connection that was kept may have been closed meanwhile
            try:
                client.op = {"op": "create"}
                client.send(history.head_of("POST", "/api/v1/uploads", f"Upload-Length: {history.length}", "Content-Length: 0", *kind))
                while not (answer := client.receive()):
                    pass
                break
            except Gone:
                pass
        else:
            raise AssertionError("nobody answers")
        client.op = None
        if answer[0] != 201:
            raise AssertionError(f"no upload: {answer}")
        history.location = answer[1]["location"]

    def race(self, history):
        """Everybody at once, until each has asked what it has to ask."""
        self.is_settling = False
        todo = {client: history.rng.randrange(1, 5) for client in self.clients}
        waiting = {}  # descriptor -> client
        poll = select.poll()
        ready = list(self.clients)
        history.rng.shuffle(ready)
        while True:
            for client in ready:
                while client.op is None and todo[client] > 0:
                    todo[client] -= 1
                    try:
                        history.random_op(client)
                    except Gone:
                        history.lost(client)
                if client.op is not None:
                    waiting[client.socket.fileno()] = client
                    poll.register(client.socket, select.POLLIN)
            ready = []
            late = [client for client in waiting.values() if client.later]
            if not waiting:
                return
            # Where everybody waits for the rest of somebody's body, that rest is due at once.
            events = poll.poll(2 if late else PATIENCE_S * 1000)
            if not events and not late:
                raise AssertionError(f"nobody answers any more: {[client.op for client in waiting.values()]}")
            history.ticks += len(events) or CLIENTS
            for descriptor, _ in events:
                client = waiting[descriptor]
                try:
                    answer = client.receive()
                    if not answer:
                        continue
                    self.count(client.op, answer[0])
                    history.answered(client, *answer)
                except Gone:
                    history.lost(client)
                poll.unregister(descriptor)
                del waiting[descriptor]
                ready.append(client)
            for descriptor, client in list(waiting.items()):
                if client.later and client.due <= history.ticks:
                    later, client.later = client.later, b""
                    try:
                        client.socket.sendall(later)
                    except OSError:
                        pass  # it has answered already and closed: what it said is read next

    def settle(self, history):
        """One client alone brings the upload to its end. What still holds it is given up soon, since nobody sends any more."""
        self.is_settling = True
        for _ in range(SETTLE_TRIES):
            told = self.ask_alone(history, lambda client: history.plain(client, "state"))
            if told is None:
                continue
            if told["status"] == 404 or told["state"] not in ("receiving",):
                return
            if told["offset"] < history.length or not history.is_partial:
                if history.fills < 254:
                    size = history.length - told["offset"]
                    self.ask_alone(history, lambda client: history.patch(client, told["offset"], size, "plain"))
                else:
                    self.ask_alone(history, lambda client: history.plain(client, "delete"))
            else:
                self.ask_alone(history, lambda client: history.plain(client, "join"))
        raise AssertionError(f"{history.name} does not come to its end: {history.events[-4:]}")

    def play(self, name):
        history = History(name, self)
        self.create(history)
        self.race(history)
        self.settle(history)
        return history

    # ---- what is kept ----

    def verify(self, history, catalog):
        """Takes down what the catalog and the disk hold, once there is nothing left to be done for it."""
        upload = history.location.rsplit("/", 1)[1]
        if history.is_partial:
            row = catalog.execute("SELECT id FROM uploads WHERE parts = ?", (upload,)).fetchone()
            if history.final and (row is None or not history.final.endswith(row[0])):
                raise AssertionError(f"{history.name}: told {history.final}, the catalog has {row}")
            upload = row[0] if row else upload
        deadline = time.monotonic() + PATIENCE_S
        while True:
            row = catalog.execute("SELECT kind, state, recording FROM uploads WHERE id = ?", (upload,)).fetchone()
            if row is None or row[1] != "sealing":
                break
            if time.monotonic() > deadline:
                raise AssertionError(f"{history.name} is not sealed in {PATIENCE_S} s")
            time.sleep(0.005)
        if not history.is_partial:
            self.ask_alone(history, lambda client: history.plain(client, "state"))
        recording = None
        if row and row[0] != "partial":
            recording = row[2]
            name = next(iter((self.data / "objects").glob(f"*/{recording[:2]}/{recording}")), None)
            kept = base64.b64encode(name.read_bytes()).decode() if name else ""
            history.events += [{"call": "content", "op": "content"}, {"return": "content", "status": 200, "base64": kept}]
        count = lambda sql: int(catalog.execute(sql, (recording,)).fetchone()[0])  # noqa: E731
        history.events += [
            {"call": "evidence", "op": "evidence"},
            {"return": "evidence", "status": 200, "recordings": count("SELECT COUNT(*) FROM recordings WHERE id = ?"),
             "admissions": count("SELECT COUNT(*) FROM ledger_events WHERE subject = ? AND n = 0 AND type = 'recording.admitted'")}]
        return recording


class PostgresCatalog:
    """What this program asks of a catalog, asked of PostgreSQL's own client: all that it answers are texts."""

    def __init__(self, url):
        self.client = subprocess.Popen([PROGRAMS / "psql", "-X", "-A", "-t", "-q", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", url],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")

    def execute(self, sql, values=()):
        """The rows; as with SQLite, to be read by fetchone() or one after the other."""
        for value in values:
            if value is not None and not value.isalnum():
                raise AssertionError(f"an id is none: {value}")
            sql = sql.replace("?", "NULL" if value is None else f"'{value}'", 1)
        self.client.stdin.write(sql + ";\n\\echo end of rows\n")
        self.client.stdin.flush()
        rows = []
        while (line := self.client.stdout.readline()) != "end of rows\n":
            if not line:
                raise AssertionError(f"psql has ended with {self.client.wait()}: {sql}")
            rows.append(tuple(text or None for text in line[:-1].split("\t")))
        return Fetched(rows)

    def close(self):
        self.client.stdin.close()
        self.client.wait()
        self.client.stdout.close()


class Fetched(list):
    def fetchone(self):
        return self[0] if self else None


def open_catalog(data, database):
    if database:
        return PostgresCatalog(database)
    return sqlite3.connect(f"file:{data}/catalog.db?mode=ro", uri=True, timeout=PATIENCE_S, isolation_level=None)


def judge(lines):
    """What the checker, a program of its own, says of each history."""
    with tempfile.NamedTemporaryFile("w", suffix=".histories") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        done = subprocess.run([sys.executable, HERE / "linearize.py", file.name], capture_output=True, text=True, check=False)
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    if len(verdicts) != len(lines):
        raise AssertionError(f"the checker failed: {done.stderr}")
    return verdicts


def play_some(ports, token, data, database, seed, names):
    """A process's share: plays, verifies, has it judged. Returns (recordings, faults, answers, requests)."""
    racer = Racer(ports, token, data, seed)
    catalog = open_catalog(data, database)
    recordings, faults, requests = [], [], 0
    try:
        for begin in range(0, len(names), CHUNK):
            played, lines = [racer.play(name) for name in names[begin:begin + CHUNK]], []
            for history in played:
                recordings.append(racer.verify(history, catalog))
                requests += history.calls
                lines.append(json.dumps(history.record(), separators=(",", ":")))
            for verdict, line in zip(judge(lines), lines):
                if verdict["verdict"] != "linearizable":
                    faults.append((f"history {verdict['history']}: {verdict['verdict']}: {verdict['why']}", line))
    finally:
        catalog.close()
        racer.close()
    return [recording for recording in recordings if recording], faults, racer.answers, requests


@contextlib.contextmanager
def served(servers=1, preload=None, clerks=1, database=None):
    """A town with clerks and as many servers on one data directory as asked for: more than one where its catalog is in PostgreSQL."""
    with Town(database=database) as town:
        tokens = [town.add_user(f"clerk{n}", "records") for n in range(clerks)]
        town.wrapper = ["env", f"LD_PRELOAD={preload}"] if preload else []
        town.ports, town.others = [], []
        try:
            for _ in range(servers):
                if town.server:
                    town.others.append((town.server, town.errors))
                town.start("--media-worker", "/nonexistent")
                town.ports.append(town.port)
            yield town, tokens
        finally:
            stop_others(town, signal.SIGKILL)


def stop_others(town, how):
    codes = []
    for server, errors in town.others:
        server.send_signal(how)
        codes.append(server.wait(timeout=PATIENCE_S))
        server.stdout.close()
        errors.close()
    town.others = []
    return codes


class Races:
    def __init__(self, seed, histories, processes=PROCESSES, servers=1, preload=None, database=None):
        self.seed, self.histories, self.processes = seed, histories, processes
        self.servers, self.preload, self.database = servers, preload, database
        self.faults, self.recordings = [], []
        self.answers = collections.Counter()
        self.requests = 0
        self.seconds = 0

    def run(self):
        begun = time.monotonic()
        share = max(min(SHARE, self.histories // self.processes), 1)
        with served(self.servers, self.preload, -(-self.histories // share), self.database) as (town, tokens):
            names = list(range(self.histories))
            with concurrent.futures.ProcessPoolExecutor(self.processes) as pool:
                shares = [names[at:at + share] for at in range(0, len(names), share)]
                for done in [pool.submit(play_some, town.ports, token, town.data, self.database, self.seed, some)
                             for token, some in zip(tokens, shares, strict=True)]:
                    recordings, faults, answers, requests = done.result()
                    self.recordings += recordings
                    self.faults += faults
                    self.answers += answers
                    self.requests += requests
            self.check_all(town, [town.stop(), *stop_others(town, signal.SIGTERM)])
        self.seconds = time.monotonic() - begun
        return self

    def fault(self, text):
        self.faults.append((text, ""))

    def check_all(self, town, codes):
        if any(codes):
            self.fault(f"the servers ended with {codes}: {(town.home / 'server.err').read_text()[-2000:]}")
        for line in (town.home / "server.err").read_text(errors="replace").splitlines():
            if '"level":"error"' in line:
                self.fault(f"the server said: {line}")
        catalog = open_catalog(town.data, self.database)
        rows = [row[0] for row in catalog.execute("SELECT id FROM recordings")]
        events = [row[0] for row in catalog.execute("SELECT subject FROM ledger_events WHERE type = 'recording.admitted'")]
        catalog.close()
        objects = [path.name for path in (town.data / "objects").glob("*/*/*")]
        for what, ids in (("recordings", rows), ("admissions", events), ("objects", objects)):
            if sorted(ids) != sorted(self.recordings):
                self.fault(f"{len(ids)} {what}, the histories tell of {len(self.recordings)}")
        left = list((town.data / "uploads").iterdir())
        if left:
            self.fault(f"{len(left)} files are left among the uploads: {left[:3]}")
        result = town.check_ledger()
        if result != (0, []):
            self.fault(f"lapel ledger check: {result}")

    def report(self):
        kinds = ", ".join(f"{what}: {count}" for what, count in sorted(self.answers.items()))
        print(f"{self.histories} histories, {self.requests} requests, {len(self.recordings)} recordings, {self.seconds:.0f} s, "
              f"{len(self.faults)} faults\nanswers: {kinds}", flush=True)
        for text, line in self.faults[:20]:
            print(f"FAULT {text}")
        keep = [line for _, line in self.faults if line]
        if keep:
            with tempfile.NamedTemporaryFile("w", prefix="lapel-races-", suffix=".histories", delete=False) as file:
                file.write("\n".join(keep) + "\n")
            print(f"the histories are kept in {file.name}")


# ---- bugs put there to be found ----

def with_export_file(named):
    """A lie for Proxy: every custody export has one file more, called what `named()` says at that moment."""
    def lie(proxy, method, path, headers, body):
        status, headers, text = proxy.forward(method, path, headers, body)
        if path.endswith("/export") and status == 200:
            answer = json.loads(text)
            answer["files"][named()] = "written by a liar"
            text = json.dumps(answer).encode()
        return status, headers, text
    return lie


class Proxy:
    """Between clients and server, one answer for each request; `lie` decides what becomes of it."""

    def __init__(self, port, lie):
        self.server_port, self.lie = port, lie
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                size = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(size) if size else b""
                self.close_connection = True
                with contextlib.suppress(OSError, http.client.HTTPException):
                    if len(body) < size:  # cut by its client, and cut it goes on: a shorter one that is whole would be another
                        proxy.forward_cut(self.command, self.path, dict(self.headers.items()), body)
                        return
                    status, headers, text = proxy.lie(proxy, self.command, self.path, dict(self.headers.items()), body)
                    self.send_response_only(status)
                    for name, value in {**headers, "Content-Length": str(len(text)), "Connection": "close"}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    if self.command != "HEAD":
                        self.wfile.write(text)

            do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = serve

            def log_message(self, *unused):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 4 * CLIENTS

            def handle_error(self, *unused):
                pass  # a client that hangs up

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.server.server_address[1]

    def forward_cut(self, method, path, headers, body):
        with socket.create_connection(("127.0.0.1", self.server_port), timeout=PATIENCE_S) as connection:
            lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
            connection.sendall("\r\n".join(lines).encode("latin-1") + body)

    def forward(self, method, path, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=PATIENCE_S)
        try:
            own = ("host", "content-length", "connection")
            kept = {name: value for name, value in headers.items() if name.lower() not in own}
            connection.request(method, path, body=body, headers=kept)
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            connection.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def honest(proxy, method, path, headers, body):
    return proxy.forward(method, path, headers, body)


def head_from_a_cache():
    cache, asked = {}, collections.Counter()

    def lie(proxy, method, path, headers, body):
        if method != "HEAD":
            return proxy.forward(method, path, headers, body)
        asked[path] += 1
        if path not in cache or asked[path] % 3 == 0:
            cache[path] = proxy.forward(method, path, headers, body)
        return cache[path]

    return lie


def patch_acknowledged_before_it_is_taken(proxy, method, path, headers, body):
    answer = proxy.forward(method, path, headers, body)
    if method == "PATCH" and answer[0] in (409, 423):
        offset = int(headers["Upload-Offset"]) + len(body)
        return 204, {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset)}, b""
    return answer


def patch_sent_twice(proxy, method, path, headers, body):
    answer = proxy.forward(method, path, headers, body)
    if method == "PATCH" and answer[0] == 204:
        return proxy.forward(method, path, headers, body)
    return answer


def delete_only_acknowledged(proxy, method, path, headers, body):
    if method == "DELETE":
        return 204, {"Tus-Resumable": "1.0.0"}, b""
    return proxy.forward(method, path, headers, body)


def offset_one_too_high(proxy, method, path, headers, body):
    answer = proxy.forward(method, path, headers, body)
    if method == "PATCH" and answer[0] == 204 and body and int(headers["Upload-Offset"]) > 0:
        answer[1]["Upload-Offset"] = str(int(answer[1]["Upload-Offset"]) + 1)
    return answer


def refused_and_written(proxy, method, path, headers, body):
    """The lie of a server that compares offsets without a lock: the loser's bytes are in the file all the same."""
    answer = proxy.forward(method, path, headers, body)
    if method == "PATCH" and answer[0] == 204 and len(body) % 5 == 0:
        return 423, {"Tus-Resumable": "1.0.0"}, b""
    return answer


def joined_but_refused(proxy, method, path, headers, body):
    answer = proxy.forward(method, path, headers, body)
    if method == "POST" and answer[0] == 201 and "Upload-Concat" in headers and headers["Upload-Concat"].startswith("final"):
        return 400, {"Tus-Resumable": "1.0.0"}, b""
    return answer


LIES = {
    "HEAD from a cache": head_from_a_cache,
    "PATCH acknowledged that was refused": lambda: patch_acknowledged_before_it_is_taken,
    "PATCH sent twice on two connections": lambda: patch_sent_twice,
    "DELETE only acknowledged": lambda: delete_only_acknowledged,
    "offset told one too high": lambda: offset_one_too_high,
    "PATCH refused and written": lambda: refused_and_written,
    "joined and refused": lambda: joined_but_refused,
}


def find_planted(seed, lie=None, servers=1, preload=None, histories=PLANTED_MAX, database=None):
    """In which history, counted from one, the bug is found; None if it is not. What is found has to be found by the checker."""
    with contextlib.ExitStack() as stack:
        town, (token,) = stack.enter_context(served(servers, preload, database=database))
        ports = town.ports
        if lie:
            proxy = Proxy(ports[0], lie)
            stack.callback(proxy.close)
            ports = [proxy.port]
        racer = Racer(ports, token, town.data, seed)
        stack.callback(racer.close)
        catalog = open_catalog(town.data, database)
        stack.callback(catalog.close)
        for name in range(histories):
            try:
                history = racer.play(name)
                racer.verify(history, catalog)
            except AssertionError:
                continue  # it came to no end: that is no finding of the checker's
            verdict = judge([json.dumps(history.record())])[0]
            if verdict["verdict"] == "not linearizable":
                return name + 1, verdict["why"]
    return None


def preloaded(libraries, name, *flags):
    return build(libraries, name, HERE.parent / "crash" / "planted" / f"{name}.c", *flags)


def planted_bugs(seed, libraries, postgres):
    """(name, with how many servers, what find_planted says) of each."""
    for name, lie in LIES.items():
        yield name, 1, find_planted(seed, lie())
    # Each server knows only its own writers, and the lock on the file, which would tell of the other's, holds nobody.
    yield "lock dropped", 2, find_planted(seed, servers=2, preload=preloaded(libraries, "no_flock"), database=postgres.new_database())


def sanitized(seed, histories):
    """The same race in a server that watches its own threads. The sanitizer's reports are files; it ends the process with 66."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as reports:
        os.environ["TSAN_OPTIONS"] = f"halt_on_error=0:exitcode=66:second_deadlock_stack=1:log_path={reports}/report"

        def reported(**how):
            races = Races(seed, how.pop("histories"), processes=2, **how).run()
            texts = [path.read_text(errors="replace") for path in pathlib.Path(reports).glob("report*")]
            for path in pathlib.Path(reports).glob("report*"):
                path.unlink()
            return races, texts

        _, texts = reported(histories=20, preload=preloaded(reports, "data_race", "-fsanitize=thread"))
        is_found = any("data race" in text and "flock" in text for text in texts)
        print("planted: a data race: " + ("found" if is_found else f"NOT FOUND, {len(texts)} reports"), flush=True)
        if not is_found:
            return 1
        races, texts = reported(histories=histories)
        races.report()
        for text in texts:
            print(text)
    figures.record("R7", f"{CLIENTS} clients race one upload on a server under the thread sanitizer",
                   f"{histories} histories, {races.requests} requests, {len(texts)} reports, {len(races.faults)} other faults",
                   f"{SANITIZED_MIN:,} histories, 0 reports", histories >= SANITIZED_MIN and not texts and not races.faults,
                   run="tools/soak.sh races_tsan", seconds=time.monotonic() - begun, planted="1 of 1 found")
    return 1 if texts or races.faults else 0


def main():
    is_sanitized = sys.argv[1:2] == ["--sanitized"]
    numbers = sys.argv[2:] if is_sanitized else sys.argv[1:]
    histories = int(numbers[0]) if numbers else SANITIZED_MIN if is_sanitized else HISTORIES_MIN
    seed = int(os.environ.get("LAPEL_RACES_SEED", 0)) or random.SystemRandom().randrange(1, 2**32)
    print(f"seed {seed} (LAPEL_RACES_SEED={seed} repeats it)", flush=True)
    if is_sanitized:
        return sanitized(seed, histories)
    bugs, found = collections.Counter(), collections.Counter()  # by how many servers there were
    with tempfile.TemporaryDirectory() as libraries, PrivatePostgres() as postgres:
        for name, servers, where in planted_bugs(seed, libraries, postgres):
            bugs[servers] += 1
            found[servers] += where is not None
            print(f"planted: {name}: " + (f"found in history {where[0]}: {where[1]}" if where else "NOT FOUND"), flush=True)
        if found != bugs:
            return 1
        # An honest proxy is no bug: what was found above was the lie.
        if where := find_planted(seed, honest, histories=20):
            print(f"FAULT through an honest proxy: {where}")
            return 1
        one = Races(seed, histories).run()
        one.report()
        two = Races(seed, max(histories // TWO_SERVERS_SHARE, 1), servers=2, database=postgres.new_database()).run()
        two.report()
    for races, least, what in ((one, HISTORIES_MIN, "one server"),
                               (two, HISTORIES_MIN // TWO_SERVERS_SHARE, "two servers that share a PostgreSQL and a directory")):
        bad = len(races.faults)
        figures.record("R7", f"{CLIENTS} clients race one upload, {what}",
                       f"{races.histories} histories, {races.requests} requests, {races.histories - min(bad, races.histories)} linearizable; "
                       f"{len(races.recordings)} recordings, as many admissions and objects",
                       f"{least:,} histories, all linearizable; one recording and one admission of each that was finished",
                       bad == 0 and races.histories >= least, run="tools/soak.sh races", seconds=races.seconds,
                       planted=f"{found[races.servers]} of {bugs[races.servers]} found")
    return 1 if one.faults or two.faults else 0


if __name__ == "__main__":
    sys.exit(main())
