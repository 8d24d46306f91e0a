# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of a test's own: made in a scratch directory, on loopback, gone with the test.

As root it is run by the user postgres, since initdb refuses root. It syncs what it commits, as an agency's would.
"""
import os
import pathlib
import pwd
import select
import shutil
import signal
import subprocess
import tempfile

from ports import free_port

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")


class PrivatePostgres:
    def __init__(self, *settings):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="lapel-postgres-"))
        self.data = self.home / "data"
        self.settings = settings
        self.databases = 0
        self.server = None
        self.owner = []
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.home, owner.pw_uid, owner.pw_gid)
            self.owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self.run(*self.owner, PROGRAMS / "initdb", "-D", self.data, "--locale=C", "--encoding=UTF8", "-A", "trust", "-U",
                 "lapel", "--no-sync", "--no-instructions")
        self.port = free_port()
        try:
            self.start()
        except BaseException:
            shutil.rmtree(self.home, ignore_errors=True)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    @staticmethod
    def run(*words):
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd="/")
        if done.returncode != 0:
            raise AssertionError(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        settings = ["listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", "max_connections=200",
                    "shared_buffers=16MB", "logging_collector=off", *self.settings]
        self.server = subprocess.Popen(
            [*self.owner, str(PROGRAMS / "postgres"), "-D", str(self.data), *[x for s in settings for x in ("-c", s)]],
            stderr=subprocess.PIPE, text=True, cwd="/", start_new_session=True)
        said = []
        for line in self.server.stderr:
            said.append(line)
            if "ready to accept connections" in line:
                break
        else:
            raise AssertionError("PostgreSQL did not start: " + "".join(said))
        # Read on, lest it blocks on a full pipe.
        self.log = open(self.home / "log", "ab")
        self.reader = subprocess.Popen(["cat"], stdin=self.server.stderr, stdout=self.log)

    def kill(self):
        """Every process of it at once, as when the machine goes."""
        if self.server is None:
            return
        # Each backend has a session of its own, so no group has them all. Stopped, the postmaster makes no further ones.
        self.server.send_signal(signal.SIGSTOP)
        postmaster = pathlib.Path(f"/proc/{self.server.pid}")
        while (postmaster / "stat").read_text().rsplit(")", 1)[1].split()[0] not in "TZ":
            pass
        backends = [int(pid) for pid in (postmaster / f"task/{self.server.pid}/children").read_text().split()]
        watches = [os.pidfd_open(pid) for pid in backends]
        for watch in watches:
            signal.pidfd_send_signal(watch, signal.SIGKILL)
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()
        for watch in watches:
            select.select([watch], [], [], 60)
            os.close(watch)
        self.end_log()

    def stop(self):
        self.server.send_signal(signal.SIGINT)
        self.server.wait(timeout=60)
        self.end_log()

    def end_log(self):
        self.reader.wait()
        self.server.stderr.close()
        self.log.close()
        self.server = None

    def url(self, database):
        return f"postgresql://lapel@127.0.0.1:{self.port}/{database}"

    def new_database(self, *more):
        self.databases += 1
        name = f"t{self.databases}"
        self.run(PROGRAMS / "createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "lapel", "-T", "template0", *more, name)
        return self.url(name)

    def sql(self, url, statement):
        """The rows of one statement, by the server's own client: lists of texts."""
        out = self.run(PROGRAMS / "psql", "-X", "-A", "-t", "-q", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement)
        return [line.split("\t") for line in out.splitlines()]


class OnPrivatePostgres:
    """Before a class of tests: the catalog of its servers, made with `options`, is in a server of the class's own."""

    @classmethod
    def setUpClass(cls):
        postgres = PrivatePostgres()
        cls.addClassCleanup(postgres.close)
        cls.options = {"database": postgres.new_database()}
        super().setUpClass()
