# SPDX-License-Identifier: Apache-2.0
"""What clients, docks, disks and people may do wrong: each gets its status, a sentence and what to do, and nothing is lost.

upload_test.py and dock_test.py have the headers, names and receipts that are wrong in themselves. Here are lengths that lie,
time that has passed, disks that are full or elsewhere, and those who may not know.
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import sqlite3
import subprocess
import tempfile
import unittest

from dock_test import DockCase
from harness import BIN, Town, run, sha256, until

HERE = pathlib.Path(__file__).resolve().parent
BODY = "application/offset+octet-stream"
RESERVE = 256 * 2**20  # kept free for the ledger
NFS, SMB, FUSE = "6969", "fe534d42", "65735546"


def setUpModule():
    global FALSE_DISK, FOLDER
    FOLDER = tempfile.TemporaryDirectory(prefix="lapel-false-disk-")
    FALSE_DISK = pathlib.Path(FOLDER.name) / "false_disk.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-o", FALSE_DISK,
                    HERE / "false_disk.c", "-ldl"], check=True)


def tearDownModule():
    FOLDER.cleanup()


def on_false_disk(**told):
    """A command's first words that let it see another disk."""
    return ["env", f"LD_PRELOAD={FALSE_DISK}", *(f"FALSE_{name.upper()}={value}" for name, value in told.items())]


class Case(unittest.TestCase):
    def town(self, **options):
        town = Town(**options)
        self.addCleanup(town.__exit__)
        return town

    def problem(self, answer, status, slug, words):
        self.assertEqual((answer.status, answer.json()["type"]), (status, f"/problems/{slug}"), answer.body)
        self.assertIn(words, answer.json()["detail"])
        self.assertTrue(answer.json()["remedy"])


class Lengths(Case):
    """What is said to come is not what comes."""

    def setUp(self):
        self.home = self.town()
        self.token = self.home.add_user("clerk", "records")
        self.home.start()

    def location(self, length):
        return self.home.create(self.token, length).headers["Location"]

    def raw(self, location, fields, body=b"", close=False):
        """One PATCH as bytes: what the server answers, or None when it says nothing before the end."""
        head = [f"PATCH {location} HTTP/1.1", "Host: h", f"Authorization: Bearer {self.token}", "Tus-Resumable: 1.0.0",
                f"Content-Type: {BODY}", *fields, "", ""]
        with socket.create_connection(("127.0.0.1", self.home.port), timeout=30) as wire:
            wire.sendall("\r\n".join(head).encode() + body)
            if close:
                wire.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(wire, method="PATCH")
            try:
                answer.begin()
            except (http.client.HTTPException, OSError):
                return None
            return type("Answer", (), {"status": answer.status, "body": (body := answer.read()),
                                       "json": staticmethod(lambda: json.loads(body))})

    def test_a_chunked_body_that_goes_too_far(self):
        location = self.location(10)
        self.assertEqual(self.home.patch(location, self.token, 0, b"012").status, 204)
        chunks = b"7\r\n3456789\r\n1\r\nX\r\n0\r\n\r\n"
        self.problem(self.raw(location, ["Upload-Offset: 3", "Transfer-Encoding: chunked"], chunks),
                     413, "upload-too-long", "The upload is 10 bytes long")
        self.assertIn(self.home.head_offset(location, self.token), range(3, 11))  # and nothing acknowledged is lost
        offset = self.home.head_offset(location, self.token)
        if offset < 10:
            self.assertEqual(self.home.patch(location, self.token, offset, b"0123456789"[offset:]).status, 204)
        self.assertEqual(self.home.wait_state(location, self.token)["sha256"], sha256(b"0123456789"))

    def test_a_body_shorter_than_it_said(self):
        location = self.location(1_000_000)
        self.raw(location, ["Upload-Offset: 0", "Content-Length: 1000000"], b"a" * 54_321, close=True)
        until(lambda: self.home.head_offset(location, self.token), lambda offset: offset == 54_321)

    def test_giant_lengths(self):
        location = self.location(10)
        for length in (2**62, 2**63, 2**64 - 1):
            answer = self.raw(location, ["Upload-Offset: 0", f"Content-Length: {length}"], b"x")
            self.assertIn(answer.status, (400, 413), (length, answer.body))
            self.assertTrue(answer.json()["detail"])
        for length in ("18446744073709551616", "-1", "1e3", "0x1", "1, 1", ""):
            answer = self.raw(location, ["Upload-Offset: 0", f"Content-Length: {length}"], b"x")
            self.assertEqual(answer.status, 400, (length, answer.body))
        for offset in (2**53, 2**64, 2**80):
            self.problem(self.home.patch(location, self.token, offset, b"x"), 400, "tus-header", "Upload-Offset must be")
        self.problem(self.home.patch(location, self.token, 2**53 - 1, b"x"), 409, "upload-offset", "The upload stands at 0")
        self.problem(self.home.create(self.token, 2**53 - 1), 413, "upload-length-limit", "at most 1099511627776 bytes")
        self.problem(self.home.create(self.token, 2**53), 400, "tus-header", "Upload-Length must be")
        self.assertEqual(self.home.patch(location, self.token, 0, b"0123456789").status, 204)

    def test_a_header_sent_twice(self):
        location = self.location(10)
        for fields in (["Upload-Offset: 0", "Upload-Offset: 5"], ["Upload-Offset: 0", "Upload-Offset: 0"]):
            self.problem(self.raw(location, [*fields, "Content-Length: 1"], b"x"), 400, "tus-header", "Upload-Offset must be")
        self.problem(self.raw(location, ["Upload-Offset: 0", "Tus-Resumable: 0.2.2", "Content-Length: 1"], b"x"),
                     412, "tus-version", "is not spoken here")
        checksum = "Upload-Checksum: sha1 " + "A" * 27 + "="
        self.problem(self.raw(location, ["Upload-Offset: 0", checksum, checksum, "Content-Length: 1"], b"x"),
                     400, "tus-header", "Upload-Checksum must be")
        self.assertEqual(self.home.head_offset(location, self.token), 0)

    def test_metadata_that_is_too_much(self):
        def create(metadata):
            return self.home.tus("POST", "/api/v1/uploads", self.token, {"Upload-Length": "1", "Upload-Metadata": metadata})
        many = ",".join(f"k{i} {'YWFh' * 40}" for i in range(50))
        self.assertGreater(len(many), 8192)
        self.problem(create(many), 400, "tus-metadata", "at most 8192 bytes")
        self.assertEqual(create("A" * 70_000).status, 431)
        self.assertEqual(create(many[:many.rfind(",", 0, 8192)]).status, 201)


class Expired(Case):
    def test_an_upload_whose_time_has_passed(self):
        home = self.town()
        token, other = home.add_user("clerk", "records"), home.add_user("detective", "investigator")
        home.start()
        sealed = home.upload(token, b"sealed long ago")["recording"]
        location = home.create(token, 10).headers["Location"]
        self.assertEqual(home.patch(location, token, 0, b"01234").status, 204)
        catalog = sqlite3.connect(home.data / "catalog.db", timeout=30)
        with catalog:
            catalog.execute("UPDATE uploads SET expires_us = created_us - 1")
        for method, headers, body in (("PATCH", {"Upload-Offset": "5", "Content-Type": BODY}, b"56789"), ("GET", {}, None)):
            self.problem(home.tus(method, location, token, headers, body), 410, "upload-expired", "The upload has expired")
        self.assertEqual(home.tus("HEAD", location, token).status, 410)
        self.assertEqual(home.tus("GET", location, other).status, 404)
        self.assertEqual(home.tus("DELETE", location, token).status, 204)
        self.assertEqual(home.tus("GET", location, token).status, 404)
        # The row of a sealed upload may go as well; the recording stays.
        shown = home.request("GET", f"/api/v1/recordings/{sealed}", token)
        self.assertEqual((shown.status, shown.json()["sha256"]), (200, sha256(b"sealed long ago")))


class FullDisk(Case):
    def test_no_room_is_said_before_a_byte_is_taken(self):
        home = self.town()
        token = home.add_user("clerk", "records")
        room = 1_000_000
        home.wrapper = on_false_disk(free=RESERVE + room)
        home.start()
        self.problem(home.create(token, room + 1), 507, "storage-full", f"not enough room for {room + 1} bytes")
        first = home.create(token, 600_000)
        self.assertEqual(first.status, 201)
        # What is promised to one is not promised to another.
        self.problem(home.create(token, 400_001), 507, "storage-full", "not enough room")
        self.assertEqual(home.create(token, 400_000).status, 201)
        self.problem(home.create(token, 1), 507, "storage-full", "not enough room")
        self.assertEqual(home.tus("DELETE", first.headers["Location"], token).status, 204)
        self.assertEqual(home.create(token, 600_000).status, 201)
        # A file comes with its first bytes; until then an upload is its row, and what was refused left nothing.
        self.assertEqual(list((home.data / "uploads").iterdir()), [])

    def test_less_than_the_reserve_takes_nothing_at_all(self):
        home = self.town()
        token = home.add_user("clerk", "records")
        home.wrapper = on_false_disk(free=RESERVE - 1)
        home.start()
        self.problem(home.create(token, 1), 507, "storage-full", "not enough room for 1 bytes")
        self.assertEqual(list((home.data / "uploads").iterdir()), [])

    def test_a_trace_that_cannot_be_written_is_said_and_stops_nobody(self):
        home = self.town()
        token = home.add_user("clerk", "records")
        told = home.home / "server.err"
        home.wrapper = on_false_disk(mute=told)
        home.start()

        def ready():
            answer = home.request("GET", "/readyz")
            self.assertEqual(answer.status, 200, answer.body)
            return answer.json()

        def lost():
            return int(re.search(rb"^lapel_trace_lines_lost_total (\d+)$", home.request("GET", "/metrics").body, re.M)[1])
        self.assertEqual((ready()["trace"], ready()["reasons"], lost()), ("ok", [], 0))
        before = told.read_text()
        flag = told.with_name("server.err.full")
        flag.write_text("")
        self.assertEqual(home.request("GET", "/api/v1/recordings", token).status, 200)
        self.assertEqual(home.request("GET", "/api/v1/recordings").status, 401)
        state = ready()
        self.assertEqual((state["ready"], state["trace"]), (True, "losing lines"))
        (reason,) = state["reasons"]
        self.assertRegex(reason, r"^trace: 2 lines could not be written since \d{4}-\d\d-\d\dT")
        self.assertEqual(told.read_text(), before)
        flag.unlink()
        self.assertEqual(home.request("GET", "/api/v1/recordings", token).status, 200)
        self.assertEqual((ready()["trace"], ready()["reasons"], lost()), ("ok", [], 3))
        lines = [json.loads(line) for line in told.read_text()[len(before):].splitlines()]
        (said,) = [line for line in lines if line.get("event") == "trace_lost"]
        self.assertEqual((said["lines"], said["level"], said["since"]), (3, "error", reason.rpartition(" ")[2]))
        self.assertEqual(len(lines), 1 + 1 + 3)

    def test_a_disk_that_fills_while_bytes_arrive(self):
        home = self.town()
        token = home.add_user("clerk", "records")
        uploads = home.data / "uploads"
        home.wrapper = on_false_disk(full=uploads)
        home.start()
        data = os.urandom(300_000)
        location = home.create(token, len(data)).headers["Location"]
        self.assertEqual(home.patch(location, token, 0, data[:100_000]).status, 204)
        flag = uploads.with_name("uploads.full")
        flag.write_text("")
        for _ in range(3):
            answer = home.patch(location, token, 100_000, data[100_000:])
            self.assertEqual((answer.status, answer.json()["type"]), (507, "/problems/full"), answer.body)
            self.assertTrue(answer.json()["detail"] and answer.json()["remedy"])
            self.assertEqual(home.head_offset(location, token), 100_000)
        flag.unlink()
        self.assertEqual(home.patch(location, token, 100_000, data[100_000:]).status, 204)
        state = home.wait_state(location, token)
        self.assertEqual((state["state"], state["sha256"]), ("sealed", sha256(data)))
        self.assertEqual(home.stop(), 0)
        self.assertEqual(home.check_ledger(), (0, []))

    def test_whom_a_directory_changed_meanwhile_follows_as_soon_as_there_is_room(self):
        home = self.town()
        (home.home / "secret").write_text("s\n")
        run(BIN / "lapel", "sign-in", "provider", "set", "--data", home.data, "--agency", home.agency, "--issuer", "https://id.example", "--client-id", "lapel",
            "--client-secret-file", home.home / "secret", "--map", "Officers=officer")
        scim, chief = home.token("chief", "scim"), home.token("chief")
        writing = home.data / ".tmp"  # where what becomes a part of the ledger begins
        home.wrapper = on_false_disk(full=writing)
        home.start()

        def ask(method, path, **body):
            return home.request(method, f"/scim/v2{path}", scim, {"Content-Type": "application/scim+json"}, json.dumps(body) if body else None)

        def here():
            return [person["login"] for person in home.request("GET", "/api/v1/people", chief).json()["items"]]
        user = ask("POST", "/Users", userName="jo").json()["id"]
        flag = writing.with_name(".tmp.full")
        flag.write_text("")
        self.assertEqual(ask("POST", "/Groups", displayName="Officers", members=[{"value": user}]).status, 507)
        self.assertEqual((ask("GET", "/Users?count=0").status, here()), (200, ["chief"]))
        flag.unlink()
        self.assertEqual((ask("GET", "/Users?count=0").status, here()), (200, ["chief", "jo"]))



    def test_an_agency_that_could_not_be_added_is_added_once_there_is_room(self):
        home = self.town()
        chief = home.token("chief")
        objects = home.data / ".tmp"  # where each batch of a ledger is written first
        home.wrapper = on_false_disk(full=objects)
        home.start()

        def add():
            return home.request("POST", "/api/v1/agencies", chief, body=json.dumps({"name": "Conway Police"}))
        flag = objects.with_name(".tmp.full")
        flag.write_text("")
        self.problem(add(), 507, "full", "no space left")
        self.assertTrue((home.data / "keys/conway-police/log.key").exists(), "it came as far as its keys")
        flag.unlink()
        self.assertEqual(add().status, 201)
        self.assertEqual(add().status, 409)
        self.told_its_name(home)

    def test_an_agency_whose_ledger_could_not_begin_begins_it_later(self):
        home = self.town()
        chief = home.token("chief")
        subjects = home.data / "keys/conway-police/subjects"
        home.wrapper = on_false_disk(full=subjects)
        home.start()
        subjects.parent.mkdir()
        flag = subjects.with_name("subjects.full")
        flag.write_text("")
        added = home.request("POST", "/api/v1/agencies", chief, body=json.dumps({"name": "Conway Police"}))
        self.assertEqual(added.status, 201, added.body)
        self.assertEqual(self.first_events(home), [])
        flag.unlink()
        self.told_its_name(home)

    def first_events(self, home):
        """Of the hosted agency's console, in the hosted agency's ledger."""
        with contextlib.closing(sqlite3.connect(home.data / "catalog.db")) as db:
            return [kind for kind, in db.execute(
                "SELECT e.type FROM ledger_events e JOIN agencies a ON a.id = e.agency AND a.console = e.subject "
                "WHERE a.slug = 'conway-police' ORDER BY e.leaf_index")]

    def told_its_name(self, home):
        home.add_user("conway", "administrator", agency="conway-police")
        self.assertEqual(home.stop(), 0)
        self.assertEqual(self.first_events(home), ["identity.bound"])
        self.assertEqual(home.check_ledger(), (0, []))


class Knowing(Case):
    """Whoever may not know of a recording gets exactly the answer of an unknown id, whatever the token is for."""

    def test_refusals_do_not_tell(self):
        home = self.town()
        clerk = home.add_user("clerk", "records")
        for login, role in (("steward", "union"), ("planner", "program_manager"), ("signer", "approver")):
            home.add_user(login, role)
        home.add_user("officer", "officer", badge="4711")
        home.add_user("stranger", "officer", badge="4712")
        home.start()
        recording = home.upload(clerk, b"footage", wearer="4711")["recording"]
        asked = [("GET", ""), ("GET", "/receipt"), ("GET", "/custody"), ("GET", "/poster"), ("POST", "/views"), ("POST", "/exports")]
        view = json.dumps({"purpose": "review", "case": "22-1"})

        def ask(token, method, end, item):
            body = view if method == "POST" else None
            answer = home.request(method, f"/api/v1/recordings/{item}{end}", token, {"Content-Type": "application/json"}, body)
            told = answer.json() if answer.headers["Content-Type"] == "application/problem+json" else {}
            return answer.status, {k: v for k, v in told.items() if k in ("type", "title", "status", "detail", "remedy")}

        for login in ("chief", "steward", "planner", "signer", "stranger"):
            for scopes in ((), ("upload",), ("list",), ("show",), ("view", "receipt", "export")):
                token = home.token(login, *scopes)
                for method, end in asked:
                    unknown = ask(token, method, end, "0" * 32)
                    self.assertEqual(unknown[0], 404, (login, scopes, method, end))
                    self.assertEqual(ask(token, method, end, recording), unknown, (login, scopes, method, end))
        # Whoever may know is told the rule.
        narrow = home.token("officer", "list")
        self.assertEqual(ask(narrow, "GET", "", recording)[0], 403)
        self.assertIn("scopes", ask(narrow, "GET", "", recording)[1]["detail"])
        self.assertEqual(ask(home.token("officer"), "POST", "/views", recording)[0], 403)


class Docks(DockCase):
    def test_a_receipt_of_another_ledger_of_the_same_server(self):
        run(BIN / "lapel", "agency", "add", "--data", self.town.data, "--name", "Otherton Police")
        foreign = self.town.add_user("foreigner", "records", agency="Otherton Police")
        data = b"the only copy there is " * 100
        false = self.town.receipt(self.town.upload(foreign, data)["recording"], foreign)
        state = self.dock()
        self.fill({"a.mp4": data})
        self.relay.lies[("GET", "/api/v1/recordings/", "/receipt")] = lambda *unused: (200, {}, false)
        done = self.offload(state, "--erase")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("receipt", done.stderr)
        self.assertEqual((self.on_camera(), self.receipts(state)), ({b"a.mp4"}, []))

    def test_a_receipt_of_another_event_of_the_same_file(self):
        data = b"the only copy there is " * 100
        state = self.dock()
        self.fill({"a.mp4": data})

        def viewed(status, headers, body):
            recording = self.recordings()[0]["id"]
            view = self.town.request("POST", f"/api/v1/recordings/{recording}/views", self.clerk, {"Content-Type": "application/json"},
                                     json.dumps({"purpose": "review", "case": "22-1"}))
            self.assertEqual(view.status, 201, view.body)
            custody = self.town.request("GET", f"/api/v1/recordings/{recording}/custody", self.clerk).json()
            n = next(item["n"] for item in custody["items"] if item["type"] == "recording.viewed")
            return 200, headers, self.town.receipt(recording, self.clerk, f"?n={n}")

        self.relay.lies[("GET", "/api/v1/recordings/", "/receipt")] = viewed
        done = self.offload(state, "--erase")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertEqual((self.on_camera(), self.receipts(state)), ({b"a.mp4"}, []))
        self.relay.lies.clear()
        self.complete(state, "--erase")
        self.assertEqual(self.on_camera(), set())

    def test_a_dock_revoked_while_it_sends(self):
        state = self.dock()
        self.fill({"a.mp4": b"a" * 1_000_000})

        def revoke(status, headers, body):
            self.assertEqual(status, 201)
            self.revoke("east door")
            return status, headers, body

        self.relay.lies[("POST", "/api/v1/uploads", "")] = revoke
        done = self.offload(state, "--erase")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("revoked", done.stderr)
        self.assertEqual((self.on_camera(), self.recordings()), ({b"a.mp4"}, []))


class StartUp(Case):
    def serve(self, home, *wrapper):
        return run(*wrapper, BIN / "lapel", "serve", "--data", home.data, "--listen", "127.0.0.1:0", check=False, timeout=60)

    def refused(self, done, code, words):
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertIn(words, done.stderr)

    def test_in_the_clear_it_listens_on_this_machine_alone(self):
        home = self.town()
        for more in ((), ("--trusted-proxy", "10.0.0.1"), ("--public-url", "https://town.example"), ("--trusted-proxy", "10.0.0.1", "--public-url", "http://town.example")):
            self.refused(run(BIN / "lapel", "serve", "--data", home.data, "--listen", "0.0.0.0:0", *more, check=False, timeout=60), 2, "give --tls-cert and --tls-key")

    def test_over_tls_it_says_that_it_is_never_asked_otherwise(self):
        home = self.town()
        home.start("--public-url", "https://town.example", "--trusted-proxy", "127.0.0.1/32")
        for headers, told in (({"Host": "town.example"}, "max-age=31536000"), ({"Host": "lapel.example", "X-Forwarded-Proto": "https"}, "max-age=31536000"),
                              ({"Host": "lapel.example"}, None), ({"Host": "localhost:8443", "X-Forwarded-Proto": "https"}, None),
                              ({"Host": "127.0.0.1", "X-Forwarded-Proto": "https"}, None)):
            for path in ("/api/v1/session", "/no/such/page"):
                self.assertEqual(home.request("GET", path, headers=headers).headers["Strict-Transport-Security"], told, headers)
        policy = home.request("GET", "/", headers={"Accept": "text/html"}).headers["Permissions-Policy"]
        for what in ("camera", "microphone", "geolocation"):
            self.assertIn(f"{what}=()", policy)

    def test_a_data_directory_of_another_version(self):
        home = self.town()
        marker = home.data / "lapel.format"
        for text in (b"lapel-data/2\n", b"lapel-data/1", b"lapel-data/10\n", b"", b"\xff" * 200):
            marker.write_bytes(text)
            self.refused(self.serve(home), 2, "written by another version of Lapel")
        marker.unlink()
        self.refused(self.serve(home), 3, "not a Lapel data directory")
        marker.write_bytes(b"lapel-data/1\n")
        # A catalog that a newer program has been at, or one with other steps.
        for change in ("INSERT INTO schema_versions SELECT module, version + 1, 'of tomorrow', applied_us FROM schema_versions "
                       "WHERE module = 'ledger' ORDER BY version DESC LIMIT 1", "UPDATE schema_versions SET name = 'another'"):
            catalog = sqlite3.connect(home.data / "catalog.db")
            before = catalog.execute("SELECT * FROM schema_versions").fetchall()
            with catalog:
                catalog.execute(change)
            self.refused(self.serve(home), 2, "The database was")
            with catalog:
                catalog.execute("DELETE FROM schema_versions")
                catalog.executemany("INSERT INTO schema_versions VALUES (?, ?, ?, ?)", before)
            catalog.close()
        home.start()
        self.assertEqual(home.stop(), 0)

    def test_a_data_directory_that_has_lost_its_catalog(self):
        home = self.town()
        upload = home.data / "uploads" / ("0" * 32)
        upload.parent.mkdir(exist_ok=True)
        upload.write_bytes(b"durable")
        kept = {path: path.read_bytes() for path in home.data.glob("catalog.db*")}
        for path in kept:
            path.unlink()
        self.refused(self.serve(home), 6, "The catalog of this data directory is missing")
        checked = run(BIN / "lapel", "ledger", "check", "--data", home.data, check=False)
        self.assertEqual(checked.returncode, 6, checked.stdout)
        self.assertEqual(list(home.data.glob("catalog.db*")), [], "no new one is made")
        self.assertTrue(upload.exists())
        for path, data in kept.items():
            path.write_bytes(data)
        home.start()
        self.assertEqual(home.stop(), 0)

    def test_a_key_store_that_others_may_enter(self):
        home = self.town()
        for mode in (0o755, 0o701, 0o720, 0o777):
            (home.data / "keys").chmod(mode)
            self.refused(self.serve(home), 4, "open to others")
        (home.data / "keys").chmod(0o700)
        home.start()
        self.assertEqual(home.stop(), 0)

    def test_a_second_server_is_refused_and_the_first_goes_on(self):
        home = self.town()
        token = home.add_user("clerk", "records")
        home.start()
        # Nor does a newer one take the catalog further under it.
        with contextlib.closing(sqlite3.connect(home.data / "catalog.db", isolation_level=None, timeout=30)) as db:
            step = db.execute("SELECT module, version, name, applied_us FROM schema_versions WHERE module = 'ledger' AND name = 'roles'").fetchone()
            db.execute("DELETE FROM schema_versions WHERE module = 'ledger' AND name = 'roles'")
            db.execute("DROP INDEX ledger_events_of_roles")
            self.refused(self.serve(home), 5, "Another server is running on this data directory")
            self.assertEqual(db.execute("SELECT version FROM schema_versions WHERE module = 'ledger' AND name = 'roles'").fetchall(), [])
            self.assertTrue(step)
        self.assertEqual(home.upload(token, b"meanwhile")["state"], "sealed")
        home.kill()  # a lock is not left behind
        home.start()
        self.assertEqual(home.stop(), 0)

    def test_a_network_filesystem_under_catalog_ledger_or_keys(self):
        home = self.town()
        for magic, name in ((NFS, "nfs"), (SMB, "smb2"), (FUSE, "fuse")):
            for place in ("", "/ledger", "/keys"):
                done = self.serve(home, *on_false_disk(type=f"{magic}:{home.data}{place}"))
                self.refused(done, 2, f"Catalog and ledger cannot stand on {name}: a network filesystem may lose")
        # Nor is anything changed there by hand, or made.
        on_nfs = on_false_disk(type=f"{NFS}:{home.data}")
        self.refused(run(*on_nfs, BIN / "lapel", "ledger", "check", "--data", home.data, check=False), 2, "cannot stand on nfs")
        fresh = home.home / "fresh"
        self.refused(run(*on_false_disk(type=f"{NFS}:{fresh}"), BIN / "lapel", "init", "--data", fresh, "--agency", "X", "--admin", "a",
                         "--password-file", home.password_file, check=False), 2, "cannot stand on nfs")
        self.assertEqual(home.check_ledger(), (0, []))

    def test_a_network_filesystem_under_the_originals(self):
        home = self.town()
        token = home.add_user("clerk", "records")
        home.start()
        home.upload(token, b"one")
        home.stop()
        for place in ("objects", "uploads"):
            home.wrapper = on_false_disk(type=f"{NFS}:{home.data}/{place}")
            home.start()
            self.assertEqual(home.upload(token, f"two in {place}".encode())["state"], "sealed")
            self.assertEqual(home.stop(), 0)
            self.assertIn(f"warning: originals stand on nfs, a network filesystem, in {home.data}/{place}; it passed the start-up probe",
                          (home.home / "server.err").read_text())
            done = self.serve(home, *on_false_disk(type=f"{NFS}:{home.data}/{place}", rename=f"{home.data}/{place}"))
            self.refused(done, 2, "Originals cannot stand on nfs: ")
            self.assertEqual([p.name for p in (home.data / place).glob(".probe*")], [])
        self.assertEqual(home.check_ledger(), (0, []))


if __name__ == "__main__":
    unittest.main()
