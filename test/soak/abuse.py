#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a few bad clients can do to an honest one, and to what is kept.

    abuse.py

An honest client uploads small files in four pieces and watches them sealed, once alone and once beside each kind of abuse:
heads, bodies and readers that crawl, connections that do nothing, uploads that are created and never begun, bodies of one
byte, and lengths beyond all bounds. How long its requests took is measured and reported, never asserted. Asserted is what
must hold at any speed: every upload of the honest client is sealed as the bytes it sent; the limits are met to the last
unit; the server's memory stays below RSS_MAX; and a week later what was abandoned has given its room back, while nothing
that was finished, or is still young, has lost a byte. A server whose quota is one too high is planted before, and has to be found.

    LAPEL_BIN        where the programs are (default build/bin)
    LAPEL_FIGURES    the file that takes the figures
"""
import concurrent.futures
import contextlib
import http.client
import json
import pathlib
import random
import resource
import select
import socket
import sqlite3
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent / "server"))
sys.path.insert(0, str(HERE.parent / "crash"))

import figures  # noqa: E402  (the paths above lead there)
import races  # noqa: E402
from harness import Town, metadata, sha256  # noqa: E402

RSS_MAX = 512 << 20
CONNECTIONS_MAX = 10_000     # of the server (src/http/server.h)
UNFINISHED_MAX = 2_000       # of one person (src/base/limits.h)
LENGTH_MAX = 1 << 40         # of one upload
CRAWLERS = 300
HONEST_UPLOADS = 80          # a phase
PIECES = 4
HONEST_BYTES = 64 << 10
DAY_US = 86_400 * 1_000_000
PATIENCE_S = 120
PATCH_TYPE = "application/offset+octet-stream"


# ---- the honest client, a process of its own ----

def honest(port, token, seed, uploads):
    """(seconds of each request, recording -> digest of what was sent, complaints, how often it was turned away)."""
    rng = random.Random(seed)
    seconds, sent, complaints, turned_away = [], {}, [], []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def ask(method, path, body=None, **headers):
        begun = time.monotonic()
        while True:
            connection.request(method, path, body=body, headers={"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0", **headers})
            answer = connection.getresponse()
            content = answer.read()
            # Turned away for want of a thread: it comes again, as any dock does, and all of that is waiting.
            if answer.status != 503 or time.monotonic() - begun > PATIENCE_S:
                break
            turned_away.append(path)
            time.sleep(0.02)
        seconds.append(time.monotonic() - begun)
        return answer.status, answer.headers, content

    for number in range(uploads):
        data = rng.randbytes(HONEST_BYTES)
        status, headers, body = ask("POST", "/api/v1/uploads", **{"Upload-Length": str(len(data)), "Upload-Metadata": metadata(filename=f"{number}.bin")})
        if status != 201:
            complaints.append(f"create: {status} {body[:200]}")
            continue
        location, size = headers["Location"], len(data) // PIECES
        for at in range(0, len(data), size):
            status, _, body = ask("PATCH", location, data[at:at + size], **{"Upload-Offset": str(at), "Content-Type": PATCH_TYPE})
            if status != 204:
                complaints.append(f"patch at {at}: {status} {body[:200]}")
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            status, _, body = ask("GET", location)
            state = json.loads(body)
            if state["state"] == "sealed":
                sent[state["recording"]] = sha256(data)
                break
            time.sleep(0.01)
        else:
            complaints.append(f"not sealed: {state}")
    connection.close()
    return seconds, sent, complaints, len(turned_away)


def percentile(seconds, part):
    return sorted(seconds)[min(int(len(seconds) * part), len(seconds) - 1)]


# ---- abuse, each until told to stop ----

class Abuse:
    def __init__(self, town, token, name):
        self.town, self.token, self.name = town, token, name
        self.stop = threading.Event()
        self.sockets = []
        self.notes = []
        self.made = None  # unfinished uploads, of the flood

    def connect(self, receive_bytes=None):
        link = socket.socket()
        if receive_bytes:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        link.settimeout(PATIENCE_S)
        link.connect(("127.0.0.1", self.town.port))
        self.sockets.append(link)
        return link

    def head(self, method, path, **headers):
        lines = [f"{method} {path} HTTP/1.1", "Host: a", f"Authorization: Bearer {self.token}", "Tus-Resumable: 1.0.0"]
        return "\r\n".join(lines + [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()] + ["", ""]).encode()

    def create(self, length):
        return self.town.create(self.token, length)

    def crawl(self, links, more):
        """One byte to each, every second, while it takes them."""
        alive = list(links)
        while not self.stop.wait(1.0):
            for link in list(alive):
                try:
                    link.send(more)
                except OSError:
                    alive.remove(link)

    def close(self):
        for link in self.sockets:
            link.close()

    # ---- kinds ----

    def crawling_heads(self):
        links = [self.connect() for _ in range(CRAWLERS)]
        for link in links:
            link.send(b"PATCH /api/v1/uploads/x HTTP/1.1\r\nX-Slow: ")
        yield
        self.crawl(links, b"a")

    def crawling_bodies(self):
        links = []
        for _ in range(CRAWLERS):
            location = self.create(1 << 20).headers["Location"]
            link = self.connect()
            link.send(self.head("PATCH", location, Upload_Offset=0, Content_Type=PATCH_TYPE, Content_Length=1 << 20) + b"a" * 100)
            links.append(link)
        yield
        self.crawl(links, b"a")

    def crawling_readers(self):
        for _ in range(CRAWLERS):
            link = self.connect(receive_bytes=2048)
            link.send(self.head("GET", self.original))
        yield
        self.stop.wait()

    def idle_connections(self):
        for _ in range(CONNECTIONS_MAX - 40):
            self.connect()
        yield
        self.stop.wait()

    def creation_flood(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.town.port, timeout=PATIENCE_S)
        made = 0
        refused = set()
        yield
        while not self.stop.is_set():
            connection.request("POST", "/api/v1/uploads", headers={"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0", "Upload-Length": "10"})
            answer = connection.getresponse()
            answer.read()
            made += answer.status == 201
            if answer.status != 201:
                refused.add(answer.status)
                # It goes on asking, though no longer as fast as it can: the quota is what is tried here.
                self.stop.wait(0.01)
        while made <= UNFINISHED_MAX and not refused:
            connection.request("POST", "/api/v1/uploads", headers={"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0", "Upload-Length": "10"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 201:
                refused.add(answer.status)
                break
            made += 1
        self.made = made
        if made != UNFINISHED_MAX or refused != {429}:
            self.notes.append(f"{made} unfinished uploads of {UNFINISHED_MAX} could be made, then {refused}")
        answer = self.create(10)
        if answer.status != 429 or "unfinished" not in answer.json()["detail"]:
            self.notes.append(f"upload {UNFINISHED_MAX + 1}: {answer.status} {answer.body[:200]}")
        connection.close()

    def one_byte_bodies(self):
        locations = [self.create(1_000_000).headers["Location"] for _ in range(4)]
        yield
        threads = [threading.Thread(target=self.drip, args=(location,)) for location in locations]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def drip(self, location):
        connection = http.client.HTTPConnection("127.0.0.1", self.town.port, timeout=PATIENCE_S)
        offset = 0
        while not self.stop.is_set():
            connection.request("PATCH", location, body=b"a", headers={"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0",
                                                                      "Upload-Offset": str(offset), "Content-Type": PATCH_TYPE})
            answer = connection.getresponse()
            answer.read()
            offset += 1
            if answer.status != 204 or answer.headers["Upload-Offset"] != str(offset):
                self.notes.append(f"byte {offset} of a body of one: {answer.status}")
                break
        connection.close()

    def lengths_beyond_all_bounds(self):
        yield
        expected = {str(LENGTH_MAX + 1): 413, str(2**63 - 1): 413, str(2**63): 413, str(2**64): 400, "9" * 40: 400, "-1": 400, "0x10": 400, "1e9": 400}
        while not self.stop.wait(0.01):
            for length, status in expected.items():
                answer = self.town.tus("POST", "/api/v1/uploads", self.token, {"Upload-Length": length})
                if answer.status not in (status, 400, 413) or answer.status == 201:
                    self.notes.append(f"Upload-Length {length}: {answer.status}, not {status}")


def one_too_many():
    """A lie for races.Proxy: a quota that is higher by one than it should be."""
    lies = iter([True])

    def lie(proxy, method, path, headers, body):
        answer = proxy.forward(method, path, headers, body)
        if method == "POST" and answer[0] == 429 and next(lies, False):
            return 201, {"Tus-Resumable": "1.0.0", "Location": "/api/v1/uploads/" + "0" * 32, "Upload-Offset": "0"}, b""
        return answer

    return lie


def find_planted():
    with Town() as town:
        token = town.add_user("flood", "records")
        town.start("--media-worker", "/nonexistent")
        proxy = races.Proxy(town.port, one_too_many())
        town.port = proxy.port
        try:
            abuse = Abuse(town, token, "creation_flood")
            abuse.stop.set()
            for _ in abuse.creation_flood():
                pass
        finally:
            proxy.close()
    wanted = f"{UNFINISHED_MAX + 1} unfinished uploads of {UNFINISHED_MAX} could be made"
    is_found = any(note.startswith(wanted) for note in abuse.notes)
    print(f"planted: a quota one too high: {'found' if is_found else 'NOT FOUND'}: {abuse.notes}", flush=True)
    return is_found


KINDS = ["crawling_heads", "crawling_bodies", "crawling_readers", "idle_connections", "creation_flood", "one_byte_bodies",
         "lengths_beyond_all_bounds"]


class Watch:
    """The most memory that the server was seen to hold."""

    def __init__(self, pid):
        self.pid = pid

    def status(self, name):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) << 10
        raise AssertionError(name)

    def peak(self):
        return self.status("VmHWM")

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")


class Abused:
    def __init__(self):
        self.faults = []
        self.sent = {}
        self.rows = []
        self.turned_away = 0
        self.made = None
        self.begun = time.monotonic()

    def must(self, holds, text):
        if not holds:
            self.faults.append(text)
            if len(self.faults) <= 20:
                print(f"FAULT {text}", flush=True)

    def measure(self, town, token, seed, pool):
        seconds, sent, complaints, turned_away = pool.submit(honest, town.port, token, seed, HONEST_UPLOADS).result()
        for complaint in complaints:
            self.must(False, f"the honest client: {complaint}")
        self.sent.update(sent)
        self.turned_away += turned_away
        return percentile(seconds, 0.99), percentile(seconds, 0.5)

    def phase(self, town, honest_token, abuser, kind, watch, pool):
        quiet, quiet_median = self.measure(town, honest_token, f"{kind} quiet", pool)
        watch.forget_peak()
        abuse = Abuse(town, abuser, kind)
        abuse.original = self.original
        steps = getattr(abuse, kind)()
        next(steps)
        thread = threading.Thread(target=lambda: [None for _ in steps])
        thread.start()
        try:
            p99, median = self.measure(town, honest_token, kind, pool)
            if kind == "idle_connections":
                self.refused_beyond_the_limit(town)
        finally:
            abuse.stop.set()
            thread.join()
            abuse.close()
        for note in abuse.notes[:5]:
            self.must(False, f"{kind}: {note}")
        self.made = self.made if abuse.made is None else abuse.made
        peak = watch.peak()
        self.must(peak <= RSS_MAX, f"{kind}: {peak >> 20} MiB resident")
        self.rows.append((kind, quiet, p99, peak))
        print(f"{kind:26} honest p99 {1000 * p99:7.1f} ms, quiet {1000 * quiet:7.1f} ms (ratio {p99 / quiet:5.2f}); median {1000 * median:6.1f}, quiet "
              f"{1000 * quiet_median:6.1f}; server {peak >> 20} MiB", flush=True)

    def refused_beyond_the_limit(self, town):
        """With all connections taken a further one gets no service, and does not take one from others."""
        more, closed = [], 0
        for _ in range(200):
            link = socket.create_connection(("127.0.0.1", town.port), timeout=PATIENCE_S)
            more.append(link)
        for link in more:
            poll = select.poll()  # a descriptor this high is beyond select()
            poll.register(link, select.POLLIN)
            with contextlib.suppress(ConnectionResetError):
                if not poll.poll(50) or not (link.recv(4096) or b"HTTP/1.1 503").startswith(b"HTTP/1.1 503"):
                    continue
            closed += 1
        self.must(closed >= 200 - 40 - 8, f"only {closed} of 200 connections beyond the limit were sent away")
        for link in more:
            link.close()

    def a_week_later(self, town, token):
        """Abandoned uploads, a young one and the finished ones, when the time of the first is up."""
        young = town.create(token, 5_000).headers["Location"]
        town.patch(young, token, 0, b"y" * 4_000)
        town.stop()
        uploads = town.data / "uploads"
        before = sum(path.stat().st_blocks * 512 for path in uploads.iterdir())
        catalog = sqlite3.connect(town.data / "catalog.db")
        # As if eight days had gone by for all but the young one.
        catalog.execute("UPDATE uploads SET created_us = created_us - ?1, expires_us = expires_us - ?1, received_us = received_us - ?1 WHERE id <> ?2",
                        (8 * DAY_US, young.rsplit("/", 1)[1]))
        abandoned = {row[0] for row in catalog.execute("SELECT id FROM uploads WHERE state = 'receiving' AND id <> ?", (young.rsplit("/", 1)[1],))}
        sealed = catalog.execute("SELECT COUNT(*) FROM recordings").fetchone()[0]
        catalog.commit()
        catalog.close()
        self.must(len(abandoned) > UNFINISHED_MAX, f"only {len(abandoned)} uploads were abandoned")
        town.start("--media-worker", "/nonexistent")
        deadline = time.monotonic() + 300  # looked for every minute, a thousand at a time
        while time.monotonic() < deadline and len(list(uploads.iterdir())) > 1:
            time.sleep(1)
        left = [path.name for path in uploads.iterdir()]
        self.must(left == [young.rsplit("/", 1)[1]], f"{len(left)} files are left of {len(abandoned)} abandoned uploads and a young one")
        self.must(town.head_offset(young, token) == 4_000, "the young upload lost bytes")
        answer = town.create(self.abuser, 10)
        self.must(answer.status == 201, f"whose uploads have expired may not make another: {answer.status}")
        rows = sqlite3.connect(f"file:{town.data / 'catalog.db'}?mode=ro", uri=True)
        self.must(rows.execute("SELECT COUNT(*) FROM recordings").fetchone()[0] == sealed, "recordings went with the uploads")
        rows.close()
        for recording, digest in self.sent.items():
            path = next((town.data / "objects").glob(f"*/{recording[:2]}/{recording}"), None)
            self.must(path is not None and sha256(path.read_bytes()) == digest, f"recording {recording} is not what was sent")
        return len(abandoned), before

    def run(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        wanted = CONNECTIONS_MAX + 2_000
        if hard != resource.RLIM_INFINITY and hard < wanted:
            print(f"NOT RUN: {wanted} open files are needed here, {hard} are allowed")
            return 77
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        if not find_planted():
            return 1
        with Town() as town, concurrent.futures.ProcessPoolExecutor(1) as pool:
            token = town.add_user("honest", "records")
            abusers = {kind: town.add_user(kind.replace("_", "-"), "records") for kind in KINDS}
            self.abuser = abusers["creation_flood"]
            town.start("--media-worker", "/nonexistent")
            recording = town.upload(abusers["crawling_readers"], random.Random(1).randbytes(32 << 20))["recording"]
            self.original = town.request("POST", f"/api/v1/recordings/{recording}/views", abusers["crawling_readers"],
                                         body='{"purpose": "review"}').json()["original"]
            watch = Watch(town.server.pid)
            self.measure(town, token, "warm", pool)
            for kind in KINDS:
                self.phase(town, token, abusers[kind], kind, watch, pool)
            abandoned, room = self.a_week_later(town, token)
            print(f"a week later: {abandoned} abandoned uploads and {room:,} bytes given back, {len(self.sent)} recordings whole", flush=True)
            self.must(town.stop() == 0, "the server did not stop well")
            self.must(town.check_ledger() == (0, []), "the ledger has faults")
        seconds = time.monotonic() - self.begun
        worst = max(self.rows, key=lambda row: row[2] / row[1])
        ratios = ", ".join(f"{kind.replace('_', ' ')} {p99 / quiet:.2f}" for kind, quiet, p99, _ in self.rows)
        figures.record("S9", "an honest client's p99 beside abuse, as a ratio to quiet", f"{ratios}; worst {worst[2] / worst[1]:.2f} "
                       f"({1000 * worst[2]:.0f} ms against {1000 * worst[1]:.0f}); "
                       f"turned away by 503 and back {self.turned_away} times", "≤ 2, abusers on the same processors",
                       worst[2] <= 2 * worst[1], run="tools/soak.sh abuse", seconds=seconds)
        figures.record("S9", "the server's memory under abuse", f"{max(row[3] for row in self.rows) >> 20} MiB resident at most, {CONNECTIONS_MAX} "
                       "idle connections included", "≤ 512 MiB", max(row[3] for row in self.rows) <= RSS_MAX, run="tools/soak.sh abuse", seconds=seconds)
        figures.record("S9", "quotas and abandoned uploads", f"{self.made} unfinished uploads and not one more; {abandoned} abandoned ones given back "
                       f"with {room} bytes; {len(self.sent)} recordings whole", f"{UNFINISHED_MAX} exactly; never a finished one", not self.faults,
                       run="tools/soak.sh abuse", seconds=seconds, planted="1 of 1 found")
        print(f"{len(self.faults)} faults, {seconds:.0f} s")
        return 1 if self.faults else 0


if __name__ == "__main__":
    sys.exit(Abused().run())
