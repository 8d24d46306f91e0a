# SPDX-License-Identifier: Apache-2.0
"""A real town for tests: a data directory, the real programs, and plain HTTP to talk to them.

The programs are found in LAPEL_BIN (default build/bin). Nothing here imports or repeats Lapel's own code.
"""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("LAPEL_BIN", ROOT / "build/bin"))
PASSWORD = "correct horse battery staple"
COUNTED = os.environ.get("LAPEL_COUNTED") == "1"  # a server that is killed takes along which branches it took
PATIENCE_S = 120
PAUSE_S = 0.002  # half of what the limit for one principal allows
PAUSE_S_MAX = 0.2


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def metadata(**values):
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def run(*args, check=True, **options):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{args} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done


def until(ask, done=bool, why="what was waited for does not come"):
    """The first answer of ask() that done() takes.

    What is waited for decides, and not the time: between two questions the processor is left to the server, and to the media workers
    that yield to everybody, for a tenth of the time waited so far; the end of patience is a failure.
    """
    begun = time.monotonic()
    while not done(answer := ask()):
        waited = time.monotonic() - begun
        assert waited < PATIENCE_S, f"{why}: {answer}"
        time.sleep(min(max(waited / 10, PAUSE_S), PAUSE_S_MAX))
    return answer


class Town:
    """One data directory and, while running, its server."""

    def __init__(self, beat=3600, agency="Ashfield Police Department", database=None, administrator="chief"):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="lapel-test-"))
        self.data = self.home / "data"
        self.agency = agency
        self.password_file = self.home / "password"
        self.password_file.write_text(PASSWORD + "\n")
        self.server = None
        self.port = 0
        self.wrapper = []
        place = ["--database", database] if database else []
        first = ["--admin", administrator, "--password-file", self.password_file] if administrator else []
        made = run(BIN / "lapel", "init", "--data", self.data, "--agency", agency, "--host", "ledger.example",
                   "--beat", beat, *first, *place)
        self.vkey = made.stdout.strip()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            if self.server and COUNTED:
                self.stop()
        finally:
            self.kill()
            shutil.rmtree(self.home, ignore_errors=True)

    def add_user(self, login, *roles, agency=None, badge=None):
        extra = ["--badge", badge] if badge else []
        run(BIN / "lapel", "user", "add", "--data", self.data, "--agency", agency or self.agency, "--login", login,
            "--password-file", self.password_file, *extra, *[x for role in roles for x in ("--role", role)])
        return self.token(login)

    def second_factor(self, rule):
        run(BIN / "lapel", "sign-in", "rules", "--data", self.data, "--agency", self.agency, "--second-factor", rule)

    def token(self, login, *scopes, days=90):
        done = run(BIN / "lapel", "token", "create", "--data", self.data, "--user", login, "--json", "--expires", str(days),
                   *[x for scope in scopes for x in ("--scope", scope)])
        return json.loads(done.stdout)["token"]

    def start(self, *extra, listen="127.0.0.1:0"):
        self.errors = open(self.home / "server.err", "ab")
        self.server = subprocess.Popen(
            [*self.wrapper, str(BIN / "lapel"), "serve", "--data", str(self.data), "--listen", listen, *extra],
            stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.server.stdout.readline()
        if not line.startswith("listening on "):
            raise AssertionError(f"the server did not start: {line!r} {(self.home / 'server.err').read_text()}")
        self.port = int(line.rsplit(":", 1)[1])
        return self

    def beside(self):
        """Another server of the same data directory (its catalog in PostgreSQL), to be started and stopped by itself."""
        other = Town.__new__(Town)
        other.__dict__.update(self.__dict__, server=None)
        return other

    def kill(self):
        if self.server:
            self.server.send_signal(signal.SIGKILL)
            self.server.wait()
            self.server.stdout.close()
            self.errors.close()
            self.server = None

    def stop(self):
        self.server.send_signal(signal.SIGTERM)
        code = self.server.wait(timeout=30)
        self.server.stdout.close()
        self.errors.close()
        self.server = None
        return code

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def request(self, method, path, token=None, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            everything = dict(headers or {})
            if token:
                everything["Authorization"] = f"Bearer {token}"
            connection.request(method, path, body=body, headers=everything)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    # ---- tus ----

    def tus(self, method, path, token, headers=None, body=None):
        return self.request(method, path, token, {"Tus-Resumable": "1.0.0", **(headers or {})}, body)

    def create(self, token, length, **values):
        headers = {"Upload-Length": str(length)}
        if values:
            headers["Upload-Metadata"] = metadata(**values)
        return self.tus("POST", "/api/v1/uploads", token, headers)

    def patch(self, location, token, offset, body, **headers):
        return self.tus("PATCH", location, token, {"Upload-Offset": str(offset),
                                                   "Content-Type": "application/offset+octet-stream", **headers}, body)

    def head_offset(self, location, token):
        answer = self.tus("HEAD", location, token)
        assert answer.status == 200, answer.status
        return int(answer.headers["Upload-Offset"])

    def wait_state(self, location, token, wanted=("sealed", "refused")):
        """Asks until the upload has come to rest."""
        def ask():
            answer = self.request("GET", location, token)
            assert answer.status == 200, (answer.status, answer.body)
            return answer.json()
        return until(ask, lambda state: state["state"] in wanted)

    def upload(self, token, data, **values):
        location = self.create(token, len(data), **values).headers["Location"]
        assert self.patch(location, token, 0, data).status == 204
        return self.wait_state(location, token)

    # ---- what outsiders do ----

    def verify(self, receipt, data):
        """lapel-verify over a receipt and a file: its exit code and words."""
        receipt_file, data_file = self.home / "r.tlog-proof", self.home / "r.bin"
        receipt_file.write_bytes(receipt)
        data_file.write_bytes(data)
        done = run(BIN / "lapel-verify", "--key", self.vkey, receipt_file, data_file, check=False)
        return done.returncode, done.stdout + done.stderr

    def receipt(self, recording, token, query=""):
        answer = self.request("GET", f"/api/v1/recordings/{recording}/receipt{query}", token)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.body

    def events(self, kind):
        """How many events of a type the catalog holds."""
        return self.rows("SELECT COUNT(*) FROM ledger_events WHERE type = ?", kind)[0][0]

    def rows(self, sql, *values):
        """What the catalog has, without a way to change it."""
        catalog = sqlite3.connect(f"file:{self.data / 'catalog.db'}?mode=ro", uri=True)
        try:
            return catalog.execute(sql, values).fetchall()
        finally:
            catalog.close()

    def check_ledger(self):
        done = run(BIN / "lapel", "ledger", "check", "--data", self.data, "--json", check=False)
        assert done.stdout, f"lapel ledger check ended with {done.returncode}: {done.stderr}"
        report = json.loads(done.stdout)
        return done.returncode, report["catalog"] + [fault for ledger in report["ledgers"] for fault in ledger["faults"]]


class TownCase(unittest.TestCase):
    """Tests that share one served town, whose ledger must be sound when they are done."""
    beat = 3600

    @classmethod
    def setUpClass(cls):
        cls.town = Town(beat=cls.beat)
        cls.populate()
        cls.town.start()

    @classmethod
    def populate(cls):
        """Adds the people, before the server runs."""

    @classmethod
    def tearDownClass(cls):
        code = cls.town.stop()
        faults = cls.town.check_ledger()
        cls.town.__exit__()
        assert code == 0, code
        assert faults == (0, []), faults


def sha256(data):
    return hashlib.sha256(data).hexdigest()
