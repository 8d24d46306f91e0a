# SPDX-License-Identifier: Apache-2.0
"""What the crash tests share: a server that can be made to die or fail at a call, a client that remembers what it was
told, and the checker as a program of its own.
"""
import concurrent.futures
import contextlib
import copy
import http.client
import json
import os
import pathlib
import queue
import random
import re
import select
import signal
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "server"))

from harness import BIN, Town, sha256, until  # noqa: E402  (the path above leads there)

# What a client sees when the server dies under it.
GONE = (OSError, http.client.HTTPException)
# Runs until a call of that number is made. What waits for the disk shares its writes, and how many share one is a matter of chance and of how busy the
# machine is: a call near the end may not be made in most runs.
ATTEMPTS_MAX = 40
NEAR = 12  # calls by which their order may differ from run to run


def build(folder, name, source, *flags, compiler="cc"):
    """Compiles one preloaded library."""
    out = pathlib.Path(folder) / f"{name}.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", *flags, "-o", out,
                    source, "-ldl"], check=True)
    return out


class Call:
    """One record of recorder.c."""

    def __init__(self, line, data, end):
        fields = line.split(" ", 6)
        self.number, self.name, self.errno = int(fields[0]), fields[1], int(fields[2])
        self.fd, self.offset, self.bytes, self.path = int(fields[3]), int(fields[4]), int(fields[5]), fields[6]
        self.data = data
        self.end = end  # where in the log the record ends

    @property
    def place(self):
        """What is called and on what kind of file: its name, but for what is made anew in every run."""
        last = "socket" if self.name == "send" else pathlib.Path(self.path).name.removesuffix(" (deleted)")
        last = re.sub(r"^[0-9a-f]{2,3}$", lambda shard: "X" * len(shard[0]), re.sub("[0-9a-f]{32}", "ID", last))
        return self.name, re.sub("[0-9]+", "N", last)

    def __str__(self):
        return f"{self.number} {self.name} {pathlib.Path(self.path).name} errno {self.errno}"


def aim(call, calls, target):
    """Where `call` is looked for next, after a run in which something else stood at `target`: where the one of its kind stood
    that was nearest, else one further on, and from the end of what is near to its beginning."""
    alike = [one.number for one in calls if one.number != target and one.place == call.place and abs(one.number - call.number) <= NEAR]
    further = target + 1 if target < call.number + NEAR else max(1, call.number - NEAR)
    return min(alike, key=lambda number: abs(number - call.number), default=further)


def read_calls(path):
    calls, text, at = [], pathlib.Path(path).read_bytes(), 0
    while (line_end := text.find(b"\n", at)) >= 0:
        line = text[at:line_end].decode()
        at = line_end + 1
        data = None
        if line.split(" ", 2)[1] == "write":
            count = int(line.split(" ", 6)[5])
            data, at = text[at:at + count], at + count + 1
        calls.append(Call(line, data, at))
    return calls


class Acks:
    """What the client was told, kept where the server cannot reach. The client never dies, so a write is enough."""

    def __init__(self, path, log):
        self.path, self.log = path, log
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.count = 0
        self.mutex = threading.Lock()

    def tell(self, upload, told, **more):
        # How far the server's log had come when the client knew: what ties this file to a moment of that one.
        log_bytes = self.log.stat().st_size if self.log.exists() else 0
        line = json.dumps({"upload": upload, "told": told, "log": log_bytes, "at": time.monotonic(), **more}) + "\n"
        with self.mutex:
            self.count += told != "sent"
            os.write(self.file, line.encode())

    def close(self):
        os.close(self.file)


class Upload:
    def __init__(self, name, data):
        self.name, self.data = name, data
        self.location = None
        self.offset = 0
        self.recording = None
        self.has_receipt = False

    @property
    def id(self):
        return self.location.rsplit("/", 1)[1]


class Refused(Exception):
    """An answer that is no success; nothing was acknowledged by it."""

    def __init__(self, answer):
        super().__init__(f"{answer.status} {answer.body[:300]}")
        self.status = answer.status


def number(name, default):
    """A size of a test, from the environment; all runs there are when it is 0."""
    return int(os.environ.get(name, default))


def seed():
    """One seed, one run; printed before anything else happens."""
    value = int(os.environ.get("LAPEL_CRASH_SEED", 0)) or random.SystemRandom().randrange(1, 2**32)
    print(f"seed {value} (LAPEL_CRASH_SEED={value} repeats it)", flush=True)
    return value


def spread(items, count):
    """`count` of the items, evenly."""
    if count == 0 or count >= len(items):
        return list(items)
    return [items[i * len(items) // count] for i in range(count)]


def in_pairs(function, items):
    """function of each item, in order, two at a time: each run mostly waits for the other's processes."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield from pool.map(function, items)


class Template:
    """A data directory with a clerk, made once and copied for every run. It has published at this beat already, so that
    with a long beat the calls of one upload are those of the next.
    """

    def __init__(self, beat=86_400):
        self.town = Town(beat=beat)
        self.token = self.town.add_user("clerk", "records")
        self.town.start()
        slug = next((self.town.data / "ledger").iterdir()).name
        until(lambda: self.town.request("GET", f"/ledger/{slug}/checkpoint").body.split(b"\n")[1] != b"0")
        if self.town.stop() != 0:
            raise AssertionError("the server did not stop well")
        self.checkers = Checkers()
        self.libraries = pathlib.Path(tempfile.mkdtemp(prefix="lapel-preload-"))
        self.recorder = build(self.libraries, "recorder", HERE / "recorder.c")

    def planted(self, name):
        return build(self.libraries, name, HERE / "planted" / f"{name}.c")

    def close(self):
        self.town.__exit__()
        self.checkers.close()
        shutil.rmtree(self.libraries)


class Checkers:
    """check.py as processes of its own, two of them kept: most of one look would be Python's start."""

    def __init__(self):
        self.idle = queue.Queue()
        self.all = []
        for _ in range(2):
            self.idle.put(self.another())

    def another(self):
        self.all.append(subprocess.Popen([sys.executable, HERE / "check.py", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True))
        return self.all[-1]

    def run(self, arguments):
        checker = self.idle.get()
        try:
            checker.stdin.write(json.dumps([str(a) for a in arguments]) + "\n")
            checker.stdin.flush()
            line = checker.stdout.readline()
            if not line:
                checker = self.another()  # of a catalog that cannot be read at all, this one has died
                raise AssertionError("the checker failed")
            return json.loads(line)
        finally:
            self.idle.put(checker)

    def close(self):
        for checker in self.all:
            checker.stdin.close()
            checker.wait()
            checker.stdout.close()


class Client:
    """Uploads file after file in pieces of any size, and goes on with the same one after the server's death. `bears`
    are refusals after which it asks again, as a client does that was told to come later; any other ends it.
    """

    def __init__(self, rig, seed_of_client, number_of_client, bytes_max=400_000, bears=()):
        self.rig, self.rng, self.number = rig, random.Random(seed_of_client), number_of_client
        self.bytes_max, self.bears = bytes_max, bears
        self.uploads = []
        self.refusals = 0
        self.failure = None
        self.is_stopping, self.is_running = False, False

    def run(self):
        self.is_running = True
        try:
            while not self.is_stopping:
                if not self.uploads or self.uploads[-1].has_receipt:
                    data = self.rng.randbytes(self.rng.randrange(1, self.bytes_max))
                    self.uploads.append(self.rig.new_upload(f"{self.number}-{len(self.uploads)}", data))
                try:
                    self.rig.finish(self.uploads[-1], self.rng.randrange(10_000, 90_000))
                except Refused as refused:
                    if refused.status not in self.bears:
                        raise
                    self.refusals += 1
        except GONE:
            pass
        except Exception as failure:  # pylint: disable=broad-except  (told by the thread that waits)
            self.failure = failure
        finally:
            self.is_running = False


@contextlib.contextmanager
def working(clients):
    """While the body runs, so do the clients; it ends when their server has died or they were told to stop."""
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()


class Rig:
    """A copy of the template's directory, its server, and everything told by it. `data` makes the directory in another
    way, `at` says on which filesystem it is; what the server says on stderr and what it told people stay outside.
    """

    def __init__(self, template, data=None, at=None):
        self.template, self.token = template, template.token
        self.town = copy.copy(template.town)
        self.town.home = pathlib.Path(tempfile.mkdtemp(prefix="lapel-crash-"))
        self.town.data = pathlib.Path(at or self.town.home) / "data"
        self.town.server = None
        if data is None:
            shutil.copytree(template.town.data, self.town.data)
        else:
            data(self.town.data)
        self.outside = pathlib.Path(tempfile.mkdtemp(prefix="lapel-outside-"))
        self.sources = self.outside / "sources"
        self.sources.mkdir()
        self.log = self.outside / "calls"
        self.acks = Acks(self.outside / "acks", self.log)
        self.checked = {}

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.acks.close()
        self.town.__exit__()
        shutil.rmtree(self.outside, ignore_errors=True)

    def take_over(self, other):
        """Takes over what another rig's client was told."""
        shutil.copytree(other.sources, self.sources, dirs_exist_ok=True)
        self.acks.path.write_bytes(other.acks.path.read_bytes())

    # ---- the server ----

    def start(self, fault=None, recorded=False, planted=(), tracer=()):
        """`recorded` may be "reads": then reads of the data directory are written down as well, elsewhere."""
        preload = [str(p) for p in planted]
        environment = []
        if fault or recorded:
            preload.append(str(self.template.recorder))
            environment.append(f"RECORDER_LOG={self.log}")
        if recorded == "reads":
            environment.append(f"RECORDER_READS={self.town.data}/")
        if fault:
            environment.append(f"RECORDER_FAULT={fault}")
        preloaded = ["env", f"LD_PRELOAD={' '.join(preload)}", *environment] if preload else []
        self.town.wrapper = [*map(str, tracer), *preloaded]
        self.town.start()
        return self

    @property
    def reads(self):
        return self.log.with_name(f"{self.log.name}.reads")

    def met(self):
        """The call that the fault met, or None where there were too few."""
        path = self.log.with_name(f"{self.log.name}.met")
        lines = path.read_text().splitlines() if path.exists() else []
        return Call(lines[-1], None, 0) if lines else None

    def stop_traced(self):
        """A tracer that is told to stop leaves its child running, so the child is told."""
        pid = self.town.server.pid
        child = int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text())
        os.kill(child, signal.SIGTERM)
        code = self.town.server.wait(timeout=60)
        self.town.kill()
        return code

    def wait_for(self, condition):
        """True once the condition holds, False when the server has died. Looks again every millisecond."""
        server = self.town.server
        if server is None:
            return False  # buried already, by the thread that had it killed
        watch = os.pidfd_open(server.pid)
        try:
            for _ in range(30_000):
                if condition():
                    return True
                if select.select([watch], [], [], 0.001)[0]:
                    return False
        finally:
            os.close(watch)
        raise AssertionError(f"nothing happened in half a minute: {self.errors()}")

    def wait_dead(self):
        """The server was ordered to die and closes its connections before it is gone."""
        code = self.town.server.wait(timeout=60)
        self.town.kill()
        return code

    def errors(self):
        return (self.town.home / "server.err").read_text()

    # ---- the client ----

    def new_upload(self, name, data):
        (self.sources / name).write_bytes(data)
        return Upload(name, data)

    def create(self, upload):
        answer = self.town.create(self.token, len(upload.data), filename=upload.name, sha256=sha256(upload.data))
        if answer.status != 201:
            raise Refused(answer)
        upload.location = answer.headers["Location"]
        self.acks.tell(upload.id, "created", name=upload.name)
        self.acks.tell(upload.id, "offset", offset=int(answer.headers["Upload-Offset"]))

    def head(self, upload):
        upload.offset = self.town.head_offset(upload.location, self.token)
        self.acks.tell(upload.id, "offset", offset=upload.offset)

    def patch(self, upload, end):
        self.acks.tell(upload.id, "sent", offset=end)
        answer = self.town.patch(upload.location, self.token, upload.offset, upload.data[upload.offset:end])
        if answer.status != 204:
            raise Refused(answer)
        upload.offset = int(answer.headers["Upload-Offset"])
        self.acks.tell(upload.id, "offset", offset=upload.offset)

    def send(self, upload, part_bytes):
        """Creates or resumes, up to the last byte."""
        if upload.location is None:
            self.create(upload)
        else:
            self.head(upload)
        while upload.offset < len(upload.data):
            self.patch(upload, min(upload.offset + part_bytes, len(upload.data)))

    def state(self, upload):
        answer = self.town.request("GET", upload.location, self.token)
        if answer.status != 200:
            raise Refused(answer)
        state = answer.json()
        if state["state"] == "sealed":
            upload.recording = state["recording"]
            self.acks.tell(upload.id, "sealed", recording=upload.recording)
        return state["state"]

    def fetch_receipt(self, upload):
        answer = self.town.request("GET", f"/api/v1/recordings/{upload.recording}/receipt", self.token)
        if answer.status != 200:
            raise Refused(answer)
        upload.has_receipt = True
        self.acks.tell(upload.id, "receipt", recording=upload.recording, text=answer.body.decode())

    def finish(self, upload, part_bytes):
        """To the receipt, on a server that nothing is wrong with."""
        self.send(upload, part_bytes)
        if not self.wait_for(lambda: self.state(upload) != "sealing"):
            raise ConnectionError("the server has died")
        if upload.recording is None:
            raise AssertionError(f"the upload came to nothing: {self.errors()}")
        self.fetch_receipt(upload)

    def run_to_receipt(self, upload, part_bytes):
        """The same with as many requests every time: whether the upload is sealed is seen from the disk, not by asking.
        Ends where the server does; true when that was not before the last answer.
        """
        try:
            self.send(upload, part_bytes)
            if self.wait_for(lambda: not (self.town.data / "uploads" / upload.id).exists()):
                self.state(upload)
                self.fetch_receipt(upload)
                # One answer more: when it is here, all that the receipt's answer did stands in the log.
                self.head(upload)
                return True
        except GONE:
            pass
        return False

    def recover(self, uploads, part_bytes):
        """What is true after the server died, and that all goes on from there. Returns what the checker found."""
        faults = self.check("dead")
        if faults:
            return faults  # from here nothing can be brought to a good end
        self.start()
        faults += self.check("live")
        for upload in uploads:
            self.finish(upload, part_bytes)
        faults += self.check("live", "--final")
        if self.town.stop() != 0:
            raise AssertionError(f"the server did not stop well: {self.errors()}")
        return faults + self.check("dead", "--final")

    # ---- the checker ----

    def remember(self, **what):
        """What the checker would remember of looks before."""
        (self.outside / "memory").write_text(json.dumps(what))

    def check(self, phase, *more):
        arguments = [phase, "--data", self.town.data, "--acks", self.acks.path, "--sources", self.sources, "--memory",
                     self.outside / "memory", *more]
        if phase == "live":
            arguments += ["--url", self.town.url, "--token", self.token, "--programs", BIN, "--vkey", self.town.vkey]
        report = self.template.checkers.run(arguments)
        for what, count in report["checked"].items():
            self.checked[what] = self.checked.get(what, 0) + count
        return report["faults"]
