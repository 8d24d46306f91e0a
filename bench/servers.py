# SPDX-License-Identifier: Apache-2.0
"""The servers that are measured: ours, the floor, and real peers. Each is started on the loopback in a fresh directory and
ended by its process id. What is missing on this machine has a reason instead of a server.
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("LAPEL_BIN", ROOT / "build/bin"))
BUILT = ROOT / "build/bench"
NATIVE = BUILT / "src"       # sink, load and ledger_bench
PEERS = BUILT / "peers"      # what tools/setup-bench.sh has laid there
START_S = 30                 # a server that says nothing for so long does not come
CLIENT_S = 60                # one run of a client
SEAL_S = 120                 # an upload that is not sealed by then never will be

_ticks = os.sysconf("SC_CLK_TCK")


def processes_of(root):
    """The process and all below it."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue  # ended meanwhile
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(parents.get(pid, []))
    return found


def cpu_s(root):
    """User and system time of a process tree, of children that ended too."""
    total = 0
    for pid in processes_of(root):
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / _ticks


def peak_rss_mib(root):
    total = 0
    for pid in processes_of(root):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                total += int(line.split()[1])
    return total / 1024


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*args, **options):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, args))} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class Server:
    """A started server. `mode`, `path` and `headers` are what the client needs to upload to it."""
    mode, path, headers, tls = "tus", "/files", (), False

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.process = None
        self.port = 0

    def spawn(self, *args, stdout=subprocess.PIPE):
        self.log = open(self.directory.with_suffix(".log"), "ab")
        self.process = subprocess.Popen([str(a) for a in args], stdout=stdout, stderr=self.log, text=True)

    def announced(self):
        """Waits for the line that names the port."""
        line = self.process.stdout.readline()
        if "listening on" not in line:
            raise RuntimeError(f"{self.name} did not start: {line!r} {self.directory.with_suffix('.log').read_text()}")
        self.port = int(line.rstrip("/\n").rsplit(":", 1)[1])
        return self

    def answers(self):
        """Waits until the port takes connections."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} did not start: {self.directory.with_suffix('.log').read_text()}")

    def cpu_s(self):
        return cpu_s(self.process.pid)

    def settle(self, count):
        """Until what was sent stands where this server keeps it: for peers that is at once."""

    def end(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            if self.process.stdout:
                self.process.stdout.close()
            self.log.close()
            self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.end(signal.SIGKILL if sys.exc_info()[0] else signal.SIGTERM)
        shutil.rmtree(self.directory, ignore_errors=True)

    def client(self, *options, mode=None, path=None):
        """One run of the client against this server: what it printed."""
        args = [NATIVE / "load", mode or self.mode, f"127.0.0.1:{self.port}", path or self.path]
        for header in self.headers:
            args += ["--header", header]
        if self.tls:
            args += ["--tls", 1]
        return json.loads(run(*args, *options, timeout=CLIENT_S))


class Sink(Server):
    name, mode, path = "sink", "put", "/"
    flags = ("direct",)

    def start(self):
        self.spawn(NATIVE / "sink", self.directory, *self.flags)
        return self.announced()


class SinkNoHash(Sink):
    name, flags = "sink without hash", ("direct", "nohash")


class Nginx(Server):
    """nginx as a DAV server and for static files, in its own directory. It neither hashes nor syncs."""
    name, mode, path = "nginx", "put", "/"

    def __init__(self, directory, tls=None):
        super().__init__(directory)
        self.certificate, self.tls = tls, tls is not None

    def start(self):
        self.port = free_port()
        root = self.directory / "root"
        root.mkdir()
        (self.directory / "temp").mkdir()
        listen = f"listen 127.0.0.1:{self.port}"
        if self.tls:
            listen += f" ssl; ssl_certificate {self.certificate}.crt; ssl_certificate_key {self.certificate}.key"
        config = self.directory / "nginx.conf"
        temporary = " ".join(f"{kind}_temp_path {self.directory}/temp/{kind};"
                             for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config.write_text(f"""
{"user root;" if os.geteuid() == 0 else ""}
worker_processes 2;
pid {self.directory}/pid;
error_log stderr error;
daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 75;
  {temporary}
  server {{
    {listen};
    root {root};
    client_max_body_size 0;
    location / {{ dav_methods PUT; }}
  }}
}}
""")
        program = PEERS / "nginx/usr/sbin/nginx"
        self.spawn(program, "-p", self.directory, "-e", "stderr", "-c", config, stdout=subprocess.DEVNULL)
        return self.answers()


class TusNode(Server):
    name, path = "@tus/server", "/files"

    def start(self):
        self.spawn("node", PEERS / "node/tus_server.mjs", self.directory)
        return self.announced()


class Tusd(Server):
    name, path = "tusd", "/files/"

    def start(self):
        self.port = free_port()
        # It tells of each request there, and would wait for whoever does not read a pipe.
        self.spawn(PEERS / "bin/tusd", "-host", "127.0.0.1", "-port", self.port, "-upload-dir", self.directory,
                   "-base-path", "/files/", "-verbose=false", stdout=subprocess.DEVNULL)
        return self.answers()


class Lapel(Server):
    """The real program over a fresh copy of a town that was made once."""
    name, path = "lapel", "/api/v1/uploads"
    towns = {}

    def __init__(self, directory, tls=None, beat=3600, wrapper=()):
        super().__init__(directory)
        self.certificate, self.tls, self.wrapper = tls, tls is not None, wrapper
        self.data = self.directory / "data"
        town = self.town(self.directory.parent / f"town-{beat}", beat)
        shutil.copytree(town / "data", self.data)
        self.token = (town / "token").read_text()
        self.headers = (f"Authorization: Bearer {self.token}",)

    @staticmethod
    def town(home, beat):
        if not home.exists():
            home.mkdir(parents=True)
            password = home / "password"
            password.write_text("correct horse battery staple\n")
            run(BIN / "lapel", "init", "--data", home / "data", "--agency", "Bench Police Department", "--host",
                "bench.example", "--beat", beat, "--admin", "chief", "--password-file", password)
            run(BIN / "lapel", "user", "add", "--data", home / "data", "--agency", "Bench Police Department", "--login",
                "clerk", "--role", "records", "--password-file", password)
            made = run(BIN / "lapel", "token", "create", "--data", home / "data", "--user", "clerk", "--json")
            (home / "token").write_text(json.loads(made)["token"])
            # Served once, so that what a first start makes is there in every copy.
            with subprocess.Popen([BIN / "lapel", "serve", "--data", home / "data", "--listen", "127.0.0.1:0"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as once:
                once.stdout.readline()
                once.send_signal(signal.SIGTERM)
        return home

    def start(self):
        tls = ["--tls-cert", f"{self.certificate}.crt", "--tls-key", f"{self.certificate}.key"] if self.tls else []
        self.spawn(*self.wrapper, BIN / "lapel", "serve", "--data", self.data, "--listen", "127.0.0.1:0", *tls)
        return self.announced()

    def catalog(self, sql, *params):
        catalog = sqlite3.connect(f"file:{self.data / 'catalog.db'}?mode=ro", uri=True, timeout=30)
        try:
            return catalog.execute(sql, params).fetchall()
        finally:
            catalog.close()

    def settle(self, count):
        """Until every upload is sealed. Asked of the catalog, so that asking costs the server nothing."""
        deadline = time.monotonic() + SEAL_S
        while time.monotonic() < deadline:
            if self.catalog("SELECT COUNT(*) FROM uploads WHERE state = 'sealed'")[0][0] == count:
                return
            time.sleep(0.005)
        raise RuntimeError(f"not sealed: {self.catalog('SELECT state, reason, COUNT(*) FROM uploads GROUP BY 1, 2')}")

    def ask(self, method, path, *options, body=None):
        """(status, headers, body) of a request that is not measured."""
        if self.tls:
            context = ssl._create_unverified_context()  # a certificate made for the bench
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0", **dict(options)}
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers, text

    def open_view(self, recording):
        status, _, body = self.ask("POST", f"/api/v1/recordings/{recording}/views",
                                    body=json.dumps({"purpose": "review"}))
        if status != 201:
            raise RuntimeError(f"no view: {status} {body}")
        return json.loads(body)["original"]


def absent():
    """Peers that cannot be started here, each with its reason."""
    out = {}
    if not (PEERS / "nginx/usr/sbin/nginx").exists():
        out["nginx"] = "the Debian package was not unpacked"
    if not shutil.which("node"):
        out["@tus/server"] = "no Node.js"
    elif not (PEERS / "node/node_modules/@tus/server").exists():
        out["@tus/server"] = "the npm packages were not installed"
    elif [int(x) for x in run("node", "--version").strip().lstrip("v").split(".")[:2]] < [20, 19]:
        out["@tus/server"] = "it needs Node.js 20.19"
    if not (PEERS / "bin/tusd").exists():
        out["tusd"] = "no Go toolchain, or its modules could not be fetched"
    if not shutil.which("wrk"):
        out["wrk"] = "the Debian package is not installed"
    return out
