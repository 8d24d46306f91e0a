#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make bench`: ours and real peers, in turn, on this machine. One JSON line a comparison on stdout, talk on stderr.

  bench/run.py [BENCH]…        b1 b2 b3 b5 b8 b9 b10 b11, or nothing for all
  LAPEL_BENCH_PAIRS=5          rounds of each comparison, at least 5 for a figure that is told

A line has the medians of both, the median of the pairs' ratios, the bar that it is held against (null: none), and how many
pairs there were. Both sides of a pair run after one another with the same client, the same bytes and a fresh directory.
Exits with 1 when something is wrong with what was measured: a wrong hash, a missing entry, a sync that was not made. A bar
that is missed is a figure and not a failure.
"""
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

from servers import (BIN, BUILT, NATIVE, ROOT, Lapel, Nginx, Sink, SinkNoHash, TusNode, Tusd, absent, peak_rss_mib, run)
from statewide import PAGES, WHOLE_REPORT, Statewide

MIB, GIB = 1 << 20, 1 << 30
PAIRS = int(os.environ.get("LAPEL_BENCH_PAIRS", 5))
PAIRS_MORE = 3           # rounds repeated at most because they were disturbed
SCRATCH = BUILT / "scratch"
SOURCE = SCRATCH / "source"
FIRST_BYTE_REQUESTS = 200
WRK_S = 3
PAGE_REQUESTS = 10

missing = absent()
failed = {}               # peers that did not finish the comparison at hand, and why
OURS = {"lapel", "view", "plain", "sink", SinkNoHash.name}
made = 0


def talk(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def fresh():
    global made
    made += 1
    return SCRATCH / f"run-{made}"


def source():
    """1 GiB of noise in the page cache, the bytes that every upload is cut from."""
    if not SOURCE.exists():
        SCRATCH.mkdir(parents=True, exist_ok=True)
        with open(SOURCE, "wb") as out:
            for _ in range(64):
                out.write(os.urandom(16 * MIB))
            os.fsync(out.fileno())
    return SOURCE


def certificate():
    name = SCRATCH / "certificate"
    if not name.with_suffix(".crt").exists():
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
            "/CN=localhost", "-keyout", f"{name}.key", "-out", f"{name}.crt")
    return name


def line(bench, ours, peer, theirs, unit, ratios, bar, better, **more):
    """One comparison. `ours` and `theirs` are the values of each pair, None where the peer is absent."""
    values = {"bench": bench, "ours": round(statistics.median(ours), 4), "peer": peer,
              "theirs": round(statistics.median(theirs), 4) if theirs else None, "unit": unit,
              "ratio": round(statistics.median(ratios), 4) if ratios else None, "bar": bar, "better": better,
              "pairs": len(ratios)}
    if ratios:
        values["ratio_min"], values["ratio_max"] = round(min(ratios), 4), round(max(ratios), 4)
    print(json.dumps({**values, **more}), flush=True)


def compare(bench, samples, key, ours, peer, unit, bar=None, better="lower", plus=0.0, times=1.0, label=None, **more):
    """The line of one figure of two servers' samples. The yardstick is the peer's figure · times + plus."""
    label = label or peer
    own = [sample[key] for sample in samples[ours]]
    if peer not in samples:
        line(bench, own, label, None, unit, [], bar, better, absent=missing.get(peer) or failed.get(peer, "not run"), **more)
        return
    theirs = [sample[key] * times + plus for sample in samples[peer]]
    line(bench, own, label, theirs, unit, [a / b for a, b in zip(own, theirs)], bar, better, **more)


def spread(values):
    return max(values) / max(min(values), 1e-9)


def in_turn(runs, key):
    """{name: [sample of each round]}: all of `runs` in each round, in another order each time. A round that is far from the
    others on every side was disturbed by something else on the machine: it is dropped and made again.
    """
    failed.clear()
    names = [name for name in runs if name not in missing]
    rounds = []
    for number in range(PAIRS + PAIRS_MORE):
        if len(rounds) == PAIRS:
            break
        order = names[number % len(names):] + names[:number % len(names)]
        rounds.append({})
        for name in order:
            try:
                rounds[-1][name] = runs[name]()
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                if name in OURS:
                    raise
                # A peer that fails is told as absent; it takes no figure of ours with it.
                talk(f"  {name}: {error}")
                failed[name] = ("it did not answer in time" if isinstance(error, subprocess.TimeoutExpired) else
                                "it refused a request")
                names.remove(name)
                for made_before in rounds:
                    made_before.pop(name, None)
        talk("  " + ", ".join(f"{name} {rounds[-1][name][key]:.3f}" for name in names))
        if len(rounds) == PAIRS and number + 1 < PAIRS + PAIRS_MORE:
            if all(spread([r[name][key] for r in rounds]) > 2 for name in names):
                middle = {name: statistics.median(r[name][key] for r in rounds) for name in names}
                far = max(rounds, key=lambda r: sum(abs(r[name][key] / middle[name] - 1) for name in names))
                rounds.remove(far)
                talk("  a round was disturbed and is made again")
    return {name: [r[name] for r in rounds] for name in names}


# ---- B1: uploads ----

def upload(make, count, size, connections, *options):
    """One run of uploads into a new server: CPU a GiB until everything stands, and the time it took."""
    with make(fresh()).start() as server:
        before, start = server.cpu_s(), time.monotonic()
        told = server.client("--file", source(), "--count", count, "--bytes", size, "--connections", connections, *options)
        received_s = time.monotonic() - start
        server.settle(count)
        sealed_s = time.monotonic() - start
        if not isinstance(server, Lapel):
            run("sync", "-f", server.directory)
        durable_s = time.monotonic() - start
        cpu = server.cpu_s() - before
        if isinstance(server, Lapel):
            durable_s = received_s  # each answer said so
            check_uploads(server, told["uploads"], size)
        return {"cpu": cpu / (count * size / GIB), "durable_s": durable_s, "sealed_s": sealed_s,
                "rss": peak_rss_mib(server.process.pid)}


def check_uploads(server, uploads, size):
    """Every digest in the catalog is that of the bytes sent, and every recording has its sealed event."""
    rows = server.catalog("SELECT uploads.id, recordings.sha256, recordings.bytes, leaf_index FROM uploads JOIN recordings ON "
                          "recordings.id = uploads.recording JOIN ledger_events ON subject = recordings.id AND "
                          "type = 'recording.admitted'")
    found = {row[0]: row[1:] for row in rows}
    digests = {}
    for upload_told in uploads:
        at = upload_told["from"]
        if at not in digests:
            with open(SOURCE, "rb") as file:
                file.seek(at)
                digests[at] = hashlib.sha256(file.read(size)).hexdigest()
        sha256, stored, _ = found[upload_told["location"].rsplit("/", 1)[1]]
        if (sha256, stored) != (digests[at], size):
            raise RuntimeError(f"{upload_told} was stored as {sha256}, {stored} bytes; it is {digests[at]}")


def check_durability():
    """What the figures stand on: a sync for each acknowledged upload, an offset that survives kill -9, the stored bytes and a
    ledger that checks.
    """
    count, size, part = 16, MIB, 8 * MIB
    counted = SCRATCH / "syncs"
    with Lapel(fresh(), wrapper=("strace", "-f", "-c", "-e", "trace=fdatasync,fsync", "-o", counted)).start() as server:
        told = server.client("--file", source(), "--count", count, "--bytes", size, "--connections", 2)
        server.settle(count)
        check_uploads(server, told["uploads"], size)
        # strace hands no signal on: its child, the server, is the one to be asked.
        children = pathlib.Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        server.process.wait(timeout=60)
    calls = {fields[-1]: int(fields[3]) for fields in map(str.split, counted.read_text().splitlines())
             if fields and fields[-1] in ("fdatasync", "fsync")}
    if calls.get("fdatasync", 0) < count:
        raise RuntimeError(f"{count} uploads were acknowledged with {calls} syncs")
    talk(f"  {count} uploads of 1 MiB, sealed: {calls}")

    with Lapel(fresh()).start() as server:
        _, headers, _ = server.ask("POST", server.path, ("Upload-Length", str(2 * part)))
        location = headers["Location"]
        with open(SOURCE, "rb") as file:
            data = file.read(2 * part)
        patch = ("Content-Type", "application/offset+octet-stream")
        status, _, body = server.ask("PATCH", location, patch, ("Upload-Offset", "0"), body=data[:part])
        server.end(signal.SIGKILL)
        if status != 204:
            raise RuntimeError(f"PATCH answered {status}: {body}")
        server.start()
        _, headers, _ = server.ask("HEAD", location)
        if headers["Upload-Offset"] != str(part):
            raise RuntimeError(f"after a kill the upload stands at {headers['Upload-Offset']}, acknowledged were {part}")
        server.ask("PATCH", location, patch, ("Upload-Offset", str(part)), body=data[part:])
        server.settle(1)
        (recording, sha256), = server.catalog("SELECT id, sha256 FROM recordings")
        original, = server.data.glob(f"**/objects/*/*/{recording}")
        stored = run("openssl", "dgst", "-sha256", "-r", original).split()[0]
        if not stored == sha256 == hashlib.sha256(data).hexdigest():
            raise RuntimeError(f"stored {stored}, in the catalog {sha256}, sent {hashlib.sha256(data).hexdigest()}")
        server.end()
        run(BIN / "lapel", "ledger", "check", "--data", server.data)
    talk("  the offset acknowledged before kill -9 stood after it, and the ledger checks")
    return calls["fdatasync"] / count


def aes_gcm_s():
    """CPU of AES-256-GCM over a GiB in records of 16 KiB, as openssl has it here and now."""
    text = run("openssl", "speed", "-mr", "-seconds", 1, "-bytes", 16384, "-decrypt", "-evp", "aes-256-gcm",
               stdin=subprocess.DEVNULL)
    return GIB / float(re.search(r"^\+F:.*:([0-9.]+)$", text, re.M).group(1))


def tls_floor():
    sample = upload(Sink, 1, GIB, 1)
    sample["cpu"] += aes_gcm_s()
    return sample


def b1():
    talk("b1: what the figures stand on")
    syncs = check_durability()
    for name, count, size, connections in (("upload_1x1GiB", 1, GIB, 1), ("upload_8x256MiB", 8, 256 * MIB, 8)):
        talk(f"b1: {name}, CPU s/GiB")
        samples = in_turn({server.name: lambda server=server: upload(server, count, size, connections)
                           for server in (Lapel, Sink, Nginx, TusNode, Tusd)}, "cpu")
        for peer, bar in (("sink", 1.35), ("nginx", 0.8), ("@tus/server", 0.5), ("tusd", None)):
            compare(f"{name}_cpu", samples, "cpu", "lapel", peer, "CPU s/GiB", bar)
        compare(f"{name}_durable", samples, "durable_s", "lapel", "nginx", "s", None, label="nginx + sync")
    talk("b1: the same in patches of 8 MiB, CPU s/GiB")
    in_patches = lambda server: upload(server, 1, GIB, 1, "--patch", 8 * MIB)  # noqa: E731
    samples = in_turn({server.name: lambda server=server: in_patches(server) for server in (Lapel, TusNode, Tusd)}, "cpu")
    for peer in ("@tus/server", "tusd"):
        compare("upload_1x1GiB_patches_8MiB_cpu", samples, "cpu", "lapel", peer, "CPU s/GiB")
    talk("b1: over TLS 1.3, CPU s/GiB")
    samples = in_turn({"lapel": lambda: upload(lambda directory: Lapel(directory, certificate()), 1, GIB, 1),
                       "sink": tls_floor}, "cpu")
    compare("upload_1x1GiB_tls_cpu", samples, "cpu", "lapel", "sink", "CPU s/GiB", 1.5, label="sink + AES-GCM")
    talk("b1: 500 x 1 MiB on 8 connections, s")
    samples = in_turn({server.name: lambda server=server: upload(server, 500, MIB, 8)
                       for server in (Lapel, Nginx, TusNode, Tusd)}, "durable_s")
    compare("upload_500x1MiB_received", samples, "durable_s", "lapel", "nginx", "s", 1.3, label="nginx + sync",
            fdatasync_per_upload=round(syncs, 2))
    compare("upload_500x1MiB_sealed", {**samples, "nginx": [{"sealed_s": s["durable_s"]} for s in samples.get("nginx", [])]},
            "sealed_s", "lapel", "nginx", "s", label="nginx + sync")
    for peer in ("@tus/server", "tusd"):
        compare("upload_500x1MiB_cpu", samples, "cpu", "lapel", peer, "CPU s/GiB")
    talk("b1: memory at 64 uploads at once, MiB")
    samples = in_turn({"lapel": lambda: upload(Lapel, 64, 64 * MIB, 64), "nginx": lambda: upload(Nginx, 64, 64 * MIB, 64)},
                      "rss")
    own = [sample["rss"] for sample in samples["lapel"]]
    line("upload_64_at_once_memory", own, "the memory it may take", [237.0] * len(own), "MiB", [v / 237 for v in own], 1.0,
         "lower")


# ---- B3: ranges ----

class Player:
    """A server with one 1 GiB file to read ranges of, kept running while its runs alternate with another's."""

    def __init__(self, server):
        self.server = server.start()
        if isinstance(server, Lapel):
            server.client("--file", source(), "--count", 1, "--bytes", GIB)
            server.settle(1)
            self.recording = server.catalog("SELECT id FROM recordings")[0][0]
            self.url = server.open_view(self.recording)
            self.stored, = server.data.glob(f"**/objects/*/*/{self.recording}")
        else:
            self.stored = server.directory / "root/source"
            os.link(source(), self.stored)
            self.url = "/source"
        with open(self.stored, "rb") as file:  # into the page cache
            while file.read(16 * MIB):
                pass

    def wrk(self, connections):
        server = self.server
        environment = {**os.environ, "BENCH_SIZE": str(GIB)}
        if server.headers:
            environment["BENCH_AUTHORIZATION"] = server.headers[0].split(": ", 1)[1]
        before = server.cpu_s()
        told = run("wrk", "-t2", f"-c{connections}", f"-d{WRK_S}s", "--timeout", "30s", "-s", ROOT / "bench/range.lua",
                   f"http{'s' if server.tls else ''}://127.0.0.1:{server.port}{self.url}", env=environment)
        cpu = server.cpu_s() - before
        told = json.loads(re.search(r"^JSON (.*)$", told, re.M).group(1))
        if told["errors"]:
            raise RuntimeError(f"{server.name}: {told}")
        return {"rate": told["requests"] / told["us"] * 1e6, "cpu": cpu / (told["bytes"] / GIB),
                "p50_ms": told["p50_us"] / 1e3, "p99_ms": told["p99_us"] / 1e3}

    def first_byte(self, size=MIB, url=None):
        told = self.server.client("--count", FIRST_BYTE_REQUESTS, "--range", size, "--size", GIB, mode="get",
                                  path=url or self.url)
        return {"p50_ms": told["p50_ms"], "p99_ms": told["p99_ms"]}


def check_ranges(player):
    """Single, suffix and several ranges are the very bytes."""
    with open(SOURCE, "rb") as file:
        data = file.read(4096)
        file.seek(-100, os.SEEK_END)
        tail = file.read()
    for asked, wanted in (("bytes=10-19", [data[10:20]]), ("bytes=-100", [tail]),
                          ("bytes=0-9,1000-1009", [data[:10], data[1000:1010]])):
        status, _, body = player.server.ask("GET", player.url, ("Range", asked))
        if status != 206 or not all(part in body for part in wanted):
            raise RuntimeError(f"{asked} was answered {status} with other bytes")


def b3():
    if "nginx" in missing or "wrk" in missing:
        talk(f"b3: NOT RUN: {missing}")
        return
    for tls in (None, certificate()):
        kind = "tls" if tls else "http"
        with Lapel(fresh(), tls) as ours, Nginx(fresh(), tls) as theirs:
            players = {"lapel": Player(ours), "nginx": Player(theirs)}
            check_ranges(players["lapel"])
            for connections in (16, 64):
                talk(f"b3: ranges of 1 MiB by {kind}, {connections} connections, requests/s")
                samples = in_turn({name: lambda player=player: player.wrk(connections) for name, player in players.items()},
                                  "rate")
                compare(f"range_{kind}_c{connections}_rate", samples, "rate", "lapel", "nginx", "requests/s",
                        None if tls else 0.85, "higher")
                compare(f"range_{kind}_c{connections}_cpu", samples, "cpu", "lapel", "nginx", "CPU s/GiB", 1.0 if tls else None)
            talk(f"b3: first byte of a range by {kind}, keep-alive, ms")
            samples = in_turn({name: player.first_byte for name, player in players.items()}, "p50_ms")
            compare(f"range_{kind}_first_byte", samples, "p50_ms", "lapel", "nginx", "ms", 1.0, plus=1.0,
                    label="nginx + 1 ms", nginx_ms=round(statistics.median(s["p50_ms"] for s in samples["nginx"]), 4))


# ---- B5: the ledger ----

def b5():
    for attempt in ("append", "size"):
        talk(f"b5: {attempt}")
        scratch = fresh()
        done = subprocess.run([NATIVE / "ledger_bench", attempt, scratch, str(PAIRS)], stdout=subprocess.PIPE, text=True)
        shutil.rmtree(scratch, ignore_errors=True)
        if done.returncode != 0:
            raise RuntimeError(f"ledger_bench ended with {done.returncode}")
        print(done.stdout, end="", flush=True)


# ---- B2: shift change ----

DEVICES, CLIPS, CLIP_BYTES = 10, 10, 60 * MIB   # 1:100 of a state department, one device a link
LINK_BYTES_S = 20_000_000
ARRIVALS_S = 60
CUT_SHARE = 0.05
IDLE_S = 5


def with_players(server, url, start_uploads):
    """p99 of the first byte of ranges, of four players and two who list, while `start_uploads` runs or for some seconds."""
    def client(path, seconds, *options):
        return subprocess.Popen([str(a) for a in (NATIVE / "load", "get", f"127.0.0.1:{server.port}", path, "--header",
                                                  server.headers[0], "--seconds", seconds, *options)],
                                stdout=subprocess.PIPE, text=True)
    seconds = IDLE_S if not start_uploads else ARRIVALS_S
    uploads = start_uploads() if start_uploads else None
    players = [client(url, seconds, "--range", 256 * 1024, "--size", 64 * MIB, "--seed", n) for n in range(1, 5)]
    listers = [client("/api/v1/recordings", seconds) for _ in range(2)]
    told = [json.loads(process.communicate()[0]) for process in players + listers]
    return {"p99_ms": max(t["p99_ms"] for t in told[:4]), "p50_ms": statistics.median(t["p50_ms"] for t in told[:4]),
            "list_p99_ms": max(t["p99_ms"] for t in told[4:])}, uploads


def shift_change():
    with Lapel(fresh()).start() as server:
        server.client("--file", source(), "--count", 1, "--bytes", 64 * MIB)
        server.settle(1)
        url = server.open_view(server.catalog("SELECT id FROM recordings")[0][0])
        idle, _ = with_players(server, url, None)

        def uploads():
            return subprocess.Popen([str(a) for a in (
                NATIVE / "load", "tus", f"127.0.0.1:{server.port}", server.path, "--header", server.headers[0], "--file",
                source(), "--count", DEVICES * CLIPS, "--bytes", CLIP_BYTES, "--connections", DEVICES, "--rate", LINK_BYTES_S,
                "--arrivals", ARRIVALS_S, "--cut", CUT_SHARE, "--seed", made)], stdout=subprocess.PIPE, text=True)
        during, process = with_players(server, url, uploads)
        text, _ = process.communicate()
        if process.returncode != 0:
            raise RuntimeError("the devices' uploads failed")
        server.settle(DEVICES * CLIPS + 1)
        told = json.loads(text)
        check_uploads(server, told["uploads"], CLIP_BYTES)  # no byte lost: every digest is that of what was sent
        # At best the last device is done as soon as its link has carried its clips.
        best_s = told["last_arrival"] + CLIPS * CLIP_BYTES / LINK_BYTES_S
        whole = DEVICES * CLIPS * CLIP_BYTES / MIB
        return {"idle_ms": idle["p99_ms"], "during_ms": during["p99_ms"], "list_ms": during["list_p99_ms"],
                "resent": told["resent"], "cuts": told["cuts"], "rate": whole / told["seconds"], "best_rate": whole / best_s}


def b2():
    talk(f"b2: {DEVICES} devices x {CLIPS} clips of {CLIP_BYTES // MIB} MiB within {ARRIVALS_S} s, {CUT_SHARE:.0%} cut, 4 players, 2 who list")
    samples = in_turn({"lapel": shift_change}, "during_ms")["lapel"]
    during, idle = [s["during_ms"] for s in samples], [s["idle_ms"] for s in samples]
    line("shift_change_first_byte_p99", during, "the same, idle", idle, "ms", [a / b for a, b in zip(during, idle)], 3.0,
         "lower", list_p99_ms=round(statistics.median(s["list_ms"] for s in samples), 2))
    bytes_sent = DEVICES * CLIPS * CLIP_BYTES
    # 1 % of everything and one buffer a cut.
    allowed = [(bytes_sent * 0.01 + s["cuts"] * MIB) / MIB for s in samples]
    resent = [s["resent"] / MIB for s in samples]
    line("shift_change_resent", resent, "1 % + 1 MiB a cut", allowed, "MiB", [a / b for a, b in zip(resent, allowed)], 1.0, "lower",
         cuts=sum(s["cuts"] for s in samples))
    rates, links = [s["rate"] for s in samples], [s["best_rate"] for s in samples]
    line("shift_change_rate", rates, "the links", links, "MiB/s", [a / b for a, b in zip(rates, links)], None, "higher")


# ---- B8: what evidence costs ----

def b8():
    talk("b8: CPU of hash, catalog and ledger, s/GiB")
    # The server has no switch that takes its ledger away: floor programs stand in for it without, one with a hash and one without.
    samples = in_turn({server.name: lambda server=server: upload(server, 4, 256 * MIB, 4) for server in (Lapel, Sink, SinkNoHash)}, "cpu")
    compare("evidence_cpu", samples, "cpu", "lapel", SinkNoHash.name, "CPU s/GiB", 1.0, plus=0.8,
            label="sink without hash + 0.8 s/GiB",
            difference=round(statistics.median(a["cpu"] - b["cpu"] for a, b in
                                               zip(samples["lapel"], samples[SinkNoHash.name])), 3))
    for name, of, without in (("hash_cpu", Sink.name, SinkNoHash.name), ("ledger_and_catalog_cpu", "lapel", Sink.name)):
        compare(name, samples, "cpu", of, without, "CPU s/GiB",
                difference=round(statistics.median(a["cpu"] - b["cpu"] for a, b in zip(samples[of], samples[without])), 3))
    talk("b8: a request under a view, ms")
    with Lapel(fresh()) as server:
        player = Player(server)

        def plain():
            told = server.client("--count", FIRST_BYTE_REQUESTS, mode="get", path="/healthz")
            return {"p50_ms": told["p50_ms"]}
        samples = in_turn({"view": lambda: player.first_byte(4096), "plain": plain}, "p50_ms")
        compare("evidence_request", samples, "p50_ms", "view", "plain", "ms", 1.0, plus=1.0, label="a request without rights + 1 ms")


# ---- B9: what a decision costs ----

def b9():
    """A range of 1 MiB for whoever signs in and has a view, who they are and whether they may decided anew at each: beside the same bytes
    unprotected, as nginx sends them from the same file, and as the same server sends a file of its web app from memory.
    """
    talk("b9: a range of 1 MiB under a view, and 1 MiB without rights, ms")
    web = fresh()
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html>")
    with open(source(), "rb") as file:
        (web / "assets/plain").write_bytes(file.read(MIB))
    with Lapel(fresh(), wrapper=("env", f"LAPEL_WEB={web}")) as ours, Nginx(fresh()) as theirs:
        view = Player(ours)
        check_ranges(view)
        status, _, body = ours.ask("GET", "/assets/plain")
        if status != 200 or len(body) != MIB:
            raise RuntimeError(f"the unprotected file is answered {status} with {len(body)} bytes")
        # Without a view there is nothing, or the comparison would be of two open doors.
        status, _, _ = ours.ask("GET", view.url.replace(view.url.split("/")[4], "0" * 32), ("Range", "bytes=0-9"))
        if status != 404:
            raise RuntimeError(f"a view that is none is answered {status}")
        runs = {"view": view.first_byte,
                "plain": lambda: {"p50_ms": ours.client("--count", FIRST_BYTE_REQUESTS, mode="get", path="/assets/plain")["p50_ms"]}}
        if "nginx" not in missing:
            peer = Player(theirs)
            runs["nginx"] = peer.first_byte
        samples = in_turn(runs, "p50_ms")
        for name, label in (("plain", "a file of the web app + 1 ms"), ("nginx", "nginx + 1 ms")):
            more = {}
            if name in samples:
                more["extra_ms"] = round(statistics.median(a["p50_ms"] - b["p50_ms"] for a, b in zip(samples["view"], samples[name])), 4)
            compare("decision_1MiB", samples, "p50_ms", "view", name, "ms", 1.0, plus=1.0, label=label, **more)


# ---- B10: what time tells ----

HIDDEN = 200             # recordings that the asker may not know of
HIDDEN_PAIRS = 1000      # of a round, at each door
PAIR_S = 0.0024          # one principal is answered a thousand times a second and not more
AUC_OFF = 0.05           # as far from 0.5 as is no information


def auc(a, b):
    """The probability that one of a takes longer than one of b, ties being half: 0.5 tells nothing."""
    merged = sorted([(value, 0) for value in a] + [(value, 1) for value in b])
    ranks, at = 0.0, 0
    while at < len(merged):
        end = at
        while end < len(merged) and merged[end][0] == merged[at][0]:
            end += 1
        ranks += sum(which == 0 for _, which in merged[at:end]) * (at + end + 1) / 2
        at = end
    return (ranks - len(a) * (len(a) + 1) / 2) / (len(a) * len(b))


class Stranger:
    """An officer on one connection, who asks for what is hidden from them and for what never was, each first as often as the other."""

    def __init__(self, server, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = {"Authorization": f"Bearer {token}"}

    def ask(self, method, path, body):
        start = time.perf_counter_ns()
        self.connection.request(method, path, body, self.headers)
        answer = self.connection.getresponse()
        answer.read()
        took = time.perf_counter_ns() - start
        if answer.status != 404:
            raise RuntimeError(f"{method} {path} is answered {answer.status}")
        return took / 1e6

    def round(self, method, path, body, ids):
        """(ms of each that was hidden, ms of each that was not there)"""
        hidden, unknown = [], []
        begun = time.monotonic()
        for n in range(HIDDEN_PAIRS):
            both = [(hidden, random.choice(ids)), (unknown, secrets.token_hex(16))]
            random.shuffle(both)
            for times, id_ in both:
                times.append(self.ask(method, "/api/v1/" + path.format(id_), body))
            time.sleep(max(0.0, begun + (n + 1) * PAIR_S - time.monotonic()))
        return hidden, unknown


def b10():
    """Whether the time of an answer tells an officer that there is a recording that they may not know of."""
    with Lapel(fresh()) as server:
        password = server.directory / "password"
        password.write_text("correct horse battery staple\n")
        run(BIN / "lapel", "user", "add", "--data", server.data, "--agency", "Bench Police Department", "--login", "officer", "--role",
            "officer", "--password-file", password)
        token = json.loads(run(BIN / "lapel", "token", "create", "--data", server.data, "--user", "officer", "--json"))["token"]
        server.start()
        server.client("--file", source(), "--count", HIDDEN, "--bytes", 1024, "--connections", 2)
        server.settle(HIDDEN)
        recordings = [row[0] for row in server.catalog("SELECT id FROM recordings")]
        views = [server.open_view(recording).split("/")[4] for recording in recordings]
        while server.catalog("SELECT COUNT(*) FROM jobs WHERE state NOT IN ('done', 'failed')")[0][0]:
            time.sleep(0.1)  # the worker is not to be measured
        basis = json.dumps({"purpose": "own_recording"})
        change = json.dumps({"category": "x", "reason": "x"})
        doors = {"show": ("GET", "recordings/{}", None, recordings), "poster": ("GET", "recordings/{}/poster", None, recordings),
                 "custody": ("GET", "recordings/{}/custody", None, recordings),
                 "receipt": ("GET", "recordings/{}/receipt", None, recordings),
                 "view": ("POST", "recordings/{}/views", basis, recordings), "export": ("POST", "recordings/{}/exports", basis, recordings),
                 "change": ("PATCH", "recordings/{}", change, recordings), "original": ("GET", "views/{}/original", None, views)}
        stranger = Stranger(server, token)
        for name, (method, path, body, ids) in doors.items():
            talk(f"b10: {name}, ms of what is hidden and of what never was")
            stranger.round(method, path, body, ids)  # of which nothing is told: caches
            rounds = [stranger.round(method, path, body, ids) for _ in range(PAIRS)]
            told = [auc(*each) for each in rounds]
            medians = [statistics.median(hidden) / statistics.median(unknown) for hidden, unknown in rounds]
            talk("  " + ", ".join(f"{a:.3f}" for a in told))
            off = [abs(value - 0.5) for value in told]
            line(f"hidden_{name}", off, "as far as is no information", [AUC_OFF] * PAIRS, "AUC from 0.5",
                 [each / AUC_OFF for each in off], 1.0, "lower", auc=round(statistics.median(told), 4),
                 medians=round(statistics.median(medians), 4), asked=2 * PAIRS * HIDDEN_PAIRS)


def b11():
    """What each page of a state's program takes at the server, against 100 ms."""
    with Lapel(fresh()) as server:
        password = server.directory / "password"
        password.write_text("correct horse battery staple\n")
        run(BIN / "lapel", "user", "add", "--data", server.data, "--agency", "Bench Police Department", "--login", "state", "--role", "program_manager",
            "--role", "coordinator", "--role", "administrator", "--password-file", password)
        server.token = json.loads(run(BIN / "lapel", "token", "create", "--data", server.data, "--user", "state", "--json"))["token"]
        state = Statewide(server, talk)
        state.add_people()
        server.start()
        state.import_staffing()
        state.turn_for_years()
        state.state()
        for name, path in {**PAGES, "whole_report": WHOLE_REPORT}.items():
            state.ask("GET", path)
            times = []
            for _ in range(PAIRS):
                rounds = []
                for _ in range(PAGE_REQUESTS):
                    began = time.monotonic()
                    state.ask("GET", path)
                    rounds.append((time.monotonic() - began) * 1000)
                times.append(statistics.median(rounds))
            line(f"statewide_{name}", times, "100 ms", [100.0] * PAIRS, "ms", [each / 100 for each in times], 1.0 if name in PAGES else None, "lower")


BENCHES = {"b1": b1, "b2": b2, "b3": b3, "b5": b5, "b8": b8, "b9": b9, "b10": b10, "b11": b11}


def main():
    wanted = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown:
        sys.exit(f"usage: bench/run.py [{'|'.join(BENCHES)}]…: there is no {', '.join(unknown)}")
    for name, reason in missing.items():
        talk(f"{name} is absent: {reason}")
    shutil.rmtree(SCRATCH, ignore_errors=True)
    source()
    start = time.monotonic()
    try:
        for name in wanted:
            BENCHES[name]()
            talk(f"{name}: done after {time.monotonic() - start:.0f} s")
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)


if __name__ == "__main__":
    main()
