# SPDX-License-Identifier: Apache-2.0
"""File requests: what somebody outside may send by a link, and what becomes of it."""
import concurrent.futures
import contextlib
import datetime
import hashlib
import http.client
import itertools
import json
import pathlib
import select
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from harness import BIN, ROOT, Town, TownCase, run, until
from moved_clock import MovedClock
from tus_js_client_test import SCRIPT, Wire

FILM = ROOT / "test/data/video/pytorch+torchcodec/test/resources/nasa_13013.mp4"
DAY = 86_400
PHONES = itertools.count(1)
WORDS = "Please send the video of your front door camera, 2 Dec 2022 18:00–20:00"


def at(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def hexed(data):
    return hashlib.sha256(data).hexdigest()


class Guest:
    """A phone with a link."""

    def __init__(self, town, made, code=None):
        self.town, self.token = town, None
        # Each phone has an address of its own, where the server believes its proxy.
        self.address = {"X-Forwarded-For": f"192.0.2.{next(PHONES) % 250}"}
        self.link = made["link"].partition("#")[2]
        self.code = code or made["code"]

    def enter(self, **other):
        body = {"link": self.link, **({"code": self.code} if self.code else {}), **other}
        answer = self.town.request("POST", "/api/v1/file-requests/session", headers=self.address, body=json.dumps(body))
        if answer.status == 201:
            self.token = answer.json()["token"]
        return answer

    def mine(self):
        return self.town.request("GET", "/api/v1/file-requests/mine", self.token)

    def send(self, data, **values):
        return self.town.upload(self.token, data, **values)


class FileRequestCase(TownCase):
    beat = 1

    @classmethod
    def setUpClass(cls):
        cls.town = Town(beat=cls.beat)
        cls.populate()
        cls.town.start("--trusted-proxy", "127.0.0.1/32")

    @classmethod
    def populate(cls):
        town = cls.town
        cls.records = town.add_user("records", "records")
        cls.morse = town.add_user("morse", "investigator")
        cls.lewis = town.add_user("lewis", "investigator")
        cls.others = {role: town.add_user(role, role) for role in (
            "officer", "command", "auditor")}

    def ask(self, token=None, **terms):
        body = {"name": "Ella Marsh", "incident": "22-1187", "words": WORDS, **terms}
        return self.town.request("POST", "/api/v1/file-requests", token or self.morse, body=json.dumps(body))

    def made(self, **terms):
        answer = self.ask(**terms)
        self.assertEqual(answer.status, 201, answer.body)
        return answer.json()

    def guest(self, made=None, **terms):
        guest = Guest(self.town, made or self.made(**terms))
        self.assertEqual(guest.enter().status, 201)
        return guest

    def shown(self, made, token=None):
        return self.town.request("GET", f"/api/v1/file-requests/{made['file_request']['id']}", token or self.morse)

    def revoke(self, made, token=None):
        return self.town.request("POST", f"/api/v1/file-requests/{made['file_request']['id']}/revoke", token or self.morse, body='{"reason": "sent to the wrong person"}')

    def recording(self, id, token=None):
        return self.town.request("GET", f"/api/v1/recordings/{id}", token or self.records)

    def examined(self, id):
        return until(lambda: self.recording(id).json(), lambda shown: shown["media"] and shown["media"]["verdict"])

    def accept(self, id, token=None):
        return self.town.request("POST", f"/api/v1/recordings/{id}/accept", token or self.morse, body='{"reason": "the camera over the door"}')

    def view(self, id, token=None, **terms):
        return self.town.request("POST", f"/api/v1/recordings/{id}/views", token or self.records, body=json.dumps({"purpose": "review", **terms}))

    def chain(self, subject):
        with sqlite3.connect(f"file:{self.town.data}/catalog.db?mode=ro", uri=True) as catalog:
            return [json.loads(event) for (event,) in catalog.execute("SELECT event FROM ledger_events WHERE subject = ? ORDER BY n", (subject,))]


class Sending:
    def test_a_shop_owner_sends_a_film_that_is_quarantined_examined_accepted_and_then_plays(self):
        made = self.made(contact="413 555 0100")
        id = made["file_request"]["id"]
        guest = self.guest(made)
        mine = guest.mine().json()
        self.assertEqual((mine["words"], mine["agency_name"], mine["files"]), (WORDS, "Ashfield Police Department", []))
        film = FILM.read_bytes()
        said = {"sender_name": "Ella Marsh", "sender_role": "owner", "where": "front door", "words": "It is 4 minutes fast."}
        sent = guest.send(film, filename="door.mp4", filetype="video/mp4", sha256=hexed(film), recorded_at="2022-12-02T18:00:00Z", **said)
        self.assertEqual(sent["state"], "sealed")
        recording = sent["recording"]
        shown = self.recording(recording).json()
        self.assertEqual((shown["state"], shown["incident"], shown["chain_starts_at"], shown["sha256"], shown["metadata"]),
                         ("quarantined", "22-1187", "server", hexed(film), said))
        admitted = self.chain(recording)[0]
        self.assertEqual((admitted["actor"], admitted["quarantined"], json.loads(admitted["said"])), (id, True, said))
        # Its receipt is the sender's, under a published checkpoint; the other receipts and everything else are not.
        receipt = until(lambda: self.town.request("GET", f"/api/v1/recordings/{recording}/receipt", guest.token), lambda answer: answer.status == 200)
        self.assertEqual(self.town.verify(receipt.body, film)[0], 0)
        # Nobody looks at it before it is accepted, and it is not before it was examined.
        self.assertEqual(self.examined(recording)["media"]["verdict"], "whole")
        self.assertEqual(self.view(recording, self.morse).status, 403)
        self.assertEqual(self.accept(recording, self.others["command"]).status, 403)
        self.assertEqual(self.accept(recording, self.others["officer"]).status, 404)
        self.assertEqual(self.accept(recording).json(), {"id": recording, "state": "sealed"})
        self.assertEqual(self.accept(recording).status, 409)
        viewed = self.view(recording, self.morse)
        self.assertEqual(viewed.status, 201, viewed.body)
        original = self.town.request("GET", viewed.json()["original"], self.morse)
        self.assertEqual((original.status, original.body, original.headers["Content-Type"], original.headers["Content-Disposition"]), (200, film, "video/mp4", None))
        custody = self.town.request("GET", f"/api/v1/recordings/{recording}/custody", self.records).json()["items"]
        self.assertEqual([item["actor_name"] for item in custody if item["type"] in ("recording.admitted", "recording.accepted")],
                         ["Ella Marsh, by a file request", "morse"])
        types = [event["type"] for event in self.chain(id)]
        self.assertEqual(types, ["identity.bound", "file_request.created", "file_request.opened", "file_request.received"])
        self.assertNotIn("413 555 0100", json.dumps(self.chain(id)))
        told = self.shown(made).json()
        self.assertEqual([(file["recording"], file["state"], file["verdict"]) for file in told["files"]], [(recording, "sealed", "whole")])
        self.assertEqual((told["files_used"], told["bytes_used"], told["contact"]), (1, len(film), "413 555 0100"))


class Outsiders:
    """Who is let in, and to what."""

    def test_an_unknown_link_and_one_that_was_taken_back_get_the_same_answer(self):
        made = self.made()
        guest = self.guest(made)
        self.assertEqual(self.revoke(made).status, 200)
        taken_back, unknown = guest.enter(), guest.enter(link="A" * 43)
        for answer in (taken_back, unknown):
            self.assertEqual(answer.status, 404)
        def plain(answer):
            id = answer.headers["X-Request-Id"]
            return answer.body.decode().replace(id, ""), sorted((name, value.replace(id, "")) for name, value in answer.headers.items() if name != "Date")
        self.assertEqual(plain(taken_back), plain(unknown))
        # What was let in before is out as well.
        self.assertEqual(guest.mine().status, 401)

    def test_the_token_of_a_link_opens_nothing_but_its_own_uploads_and_their_receipts(self):
        guest = self.guest()
        theirs = self.town.upload(self.records, b"of the agency", filename="a.bin")["recording"]
        other = self.guest()
        upload = self.town.create(other.token, 5).headers["Location"]
        for method, path, status in (("GET", f"/api/v1/recordings/{theirs}", 404), ("GET", f"/api/v1/recordings/{theirs}/receipt", 404), ("GET", f"/api/v1/recordings/{theirs}/poster", 404),
                                     ("GET", "/api/v1/recordings", 404), ("GET", "/api/v1/file-requests", 404), ("GET", "/api/v1/people", 404), ("GET", "/api/v1/cases", 404),
                                     ("GET", upload, 404), ("HEAD", upload, 404), ("DELETE", upload, 404), ("PATCH", upload, 404), ("POST", f"/api/v1/recordings/{theirs}/accept", 404),
                                     ("POST", f"/api/v1/recordings/{theirs}/views", 404), ("GET", f"/api/v1/recordings/{'0' * 32}", 404)):
            with self.subTest(path=path, method=method):
                headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"} if "upload" in path else {}
                body = '{"reason": "x", "purpose": "review"}' if method == "POST" else None
                self.assertEqual(self.town.request(method, path, guest.token, headers, body).status, status)

    def test_who_may_not_see_a_file_request_is_told_that_there_is_none(self):
        made = self.made()
        unknown = self.town.request("GET", f"/api/v1/file-requests/{'0' * 32}", self.lewis)
        for token in (self.lewis, self.others["officer"]):
            answer = self.shown(made, token)
            self.assertEqual((answer.status, answer.json()["detail"]), (404, unknown.json()["detail"]))
            self.assertEqual(self.revoke(made, token).status, 404)
        for token in (self.records, self.others["command"], self.others["auditor"]):
            self.assertEqual(self.shown(made, token).status, 200)
        self.assertEqual(self.revoke(made, self.others["auditor"]).status, 403)
        listed = self.town.request("GET", "/api/v1/file-requests?limit=200", self.lewis).json()["items"]
        self.assertNotIn(made["file_request"]["id"], [each["id"] for each in listed])

    def test_a_code_dies_of_wrong_ones_and_a_new_one_opens_again(self):
        made = self.made(code=True)
        self.assertRegex(made["code"], r"\A[0-9]{4}-[0-9]{4}\Z")
        guest = Guest(self.town, made)
        def wrong(n):
            return Guest(self.town, made, f"{n:04}-0000" if made["code"] != f"{n:04}-0000" else "9999-9999").enter().status
        self.assertEqual([wrong(n) for n in range(10)], [401] * 10)
        self.assertEqual(guest.enter().status, 401)
        self.assertTrue(self.shown(made).json()["code_dead"])
        guest.code = self.town.request("POST", f"/api/v1/file-requests/{made['file_request']['id']}/codes", self.morse).json()["code"]
        self.assertEqual(guest.enter().status, 201)
        self.assertFalse(self.shown(made).json()["code_dead"])
        self.assertEqual([event["type"] for event in self.chain(made["file_request"]["id"])],
                         ["identity.bound", "file_request.created", "file_request.code_given", "file_request.opened"])

    def test_one_address_tries_so_many_links_and_then_waits(self):
        with Town() as town:
            town.start()
            tries = [town.request("POST", "/api/v1/file-requests/session", body=json.dumps({"link": f"{n:043}"})) for n in range(30)]
            self.assertEqual({answer.status for answer in tries}, {404, 429})
            self.assertIn("Retry-After", next(answer for answer in tries if answer.status == 429).headers)

    def test_terms_that_make_no_sense_are_refused_in_a_sentence(self):
        for terms in ({"name": "Ella\u202eMarsh"}, {"name": "a\nb"}, {"words": "a\u0007b"}, {"words": "x" * 4097}, {"ends_at": at(-1)}, {"ends_at": at(91 * DAY)},
                      {"files_max": 0}, {"files_max": 501}, {"bytes_max": 0}, {"bytes_max": (500 << 30) + 1}, {"incident": ""}):
            with self.subTest(**terms):
                answer = self.ask(**terms)
                self.assertEqual(answer.status, 400, answer.body)
                self.assertTrue(answer.json()["detail"])
        self.assertEqual(self.made(words="Zwei Sätze.\n" + "ä" * 2_000)["file_request"]["words"], "Zwei Sätze.\n" + "ä" * 2_000)

    def test_what_a_sender_may_not_say_is_refused_before_a_byte_is_taken(self):
        guest = self.guest()
        for said in ({"incident": "22-9"}, {"wearer": "107"}, {"device": "AX-1"}, {"category": "Assault"}, {"group": "0" * 32},
                     {f"k{n}": "\"" * 900 for n in range(5)}):
            with self.subTest(said=list(said)):
                answer = self.town.create(guest.token, 1, **said)
                self.assertEqual((answer.status, answer.json()["type"]), (400, "/problems/tus-metadata"))
        partial = self.town.tus("POST", "/api/v1/uploads", guest.token, {"Upload-Length": "1", "Upload-Concat": "partial"})
        self.assertEqual((partial.status, partial.json()["type"]), (400, "/problems/concatenation"))


class Quota:
    def test_of_two_phones_at_once_no_more_begin_than_the_quota_holds(self):
        made = self.made(files_max=3, bytes_max=3_000)
        phones = [self.guest(made), self.guest(made)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: self.town.create(phones[n % 2].token, 1_000), range(16)))
        self.assertEqual(sorted(answer.status for answer in answers), [201] * 3 + [413] * 13)
        self.assertEqual({answer.json()["type"] for answer in answers if answer.status == 413}, {"/problems/file-request-quota"})
        # What is given up is given back.
        given_up = next(answer for answer in answers if answer.status == 201).headers["Location"]
        self.assertEqual(self.town.tus("DELETE", given_up, phones[1].token).status, 204)
        self.assertEqual(self.town.create(phones[0].token, 1_001).status, 413)
        self.assertEqual(self.town.create(phones[0].token, 1_000).status, 201)

    def test_the_quota_is_the_same_after_a_crash_and_counts_what_is_sealed(self):
        with Town() as town:
            morse = town.add_user("morse", "investigator")
            town.start()
            made = json.loads(town.request("POST", "/api/v1/file-requests", morse, body=json.dumps(
                {"name": "Ella", "incident": "22-1", "words": WORDS, "files_max": 5, "bytes_max": 300})).body)
            guest = Guest(town, made)
            guest.enter()
            guest.send(b"a" * 100, filename="a")
            begun = town.create(guest.token, 150).headers["Location"]
            self.assertEqual(town.patch(begun, guest.token, 0, b"b" * 60).status, 204)
            town.kill()
            town.start()
            # The same session goes on, and so does the upload.
            mine = guest.mine().json()
            self.assertEqual((mine["files_used"], mine["bytes_used"], len(mine["files"])), (2, 250, 1))
            self.assertEqual([(each["bytes"], each["offset"]) for each in mine["under_way"]], [(150, 60)])
            self.assertEqual(town.create(guest.token, 51).status, 413)
            self.assertEqual(town.patch(begun, guest.token, 60, b"b" * 90).status, 204)
            self.assertEqual(town.wait_state(begun, guest.token)["state"], "sealed")
            self.assertEqual(town.create(guest.token, 51).status, 413)
            self.assertEqual(town.create(guest.token, 50).status, 201)

    def test_an_upload_that_was_abandoned_expires_and_gives_its_quota_back_and_the_link_ends_at_its_time(self):
        with Town() as town:
            clock = MovedClock(town.home)
            town.wrapper = clock.wrapper
            morse = town.add_user("morse", "investigator")
            town.start()
            made = json.loads(town.request("POST", "/api/v1/file-requests", morse, body=json.dumps(
                {"name": "Ella", "incident": "22-1", "words": WORDS, "files_max": 1})).body)
            guest = Guest(town, made)
            self.assertEqual(guest.enter().status, 201)
            self.assertEqual(town.create(guest.token, 100).status, 201)
            self.assertEqual(town.create(guest.token, 100).status, 413)
            clock.move(8 * DAY)
            self.assertEqual(guest.mine().status, 401)  # the session is over; the link opens another
            until(guest.enter, lambda answer: answer.status == 201)
            self.assertEqual(until(lambda: town.create(guest.token, 100), lambda answer: answer.status == 201).status, 201)
            clock.move(7 * DAY)
            ended = until(guest.enter, lambda answer: answer.status != 429)
            self.assertEqual((ended.status, ended.json()["type"]), (410, "/problems/file-request-ended"))
            self.assertEqual(town.create(guest.token, 1).status, 401)

    def test_a_revocation_stops_what_is_being_received_and_keeps_what_was_received_whole(self):
        made = self.made()
        guest = self.guest(made)
        whole = guest.send(b"whole", filename="w")["recording"]
        location = self.town.create(guest.token, 50_000_000).headers["Location"]
        connection = http.client.HTTPConnection("127.0.0.1", self.town.port, timeout=60)
        self.addCleanup(connection.close)
        connection.putrequest("PATCH", location)
        for name, value in (("Authorization", f"Bearer {guest.token}"), ("Tus-Resumable", "1.0.0"), ("Upload-Offset", "0"),
                            ("Content-Type", "application/offset+octet-stream"), ("Content-Length", "50000000")):
            connection.putheader(name, value)
        connection.endheaders(b"x" * 1_000_000)
        self.assertEqual(self.revoke(made).status, 200)
        sent = 1_000_000
        # Until the server has had enough: it asks again four times a second.
        try:
            while sent < 49_000_000:
                connection.send(b"x" * 10_000)
                sent += 10_000
                if select.select([connection.sock], [], [], 0.01)[0]:
                    break
            status = connection.getresponse().status
        except (ConnectionError, http.client.HTTPException):
            status = 401  # it had answered and gone
        self.assertEqual(status, 401)
        self.assertLess(sent, 49_000_000)
        self.assertEqual(self.town.tus("HEAD", location, guest.token).status, 401)
        self.assertEqual(self.recording(whole).json()["state"], "quarantined")


class BadConnection:
    def test_a_tus_client_is_cut_off_twice_and_another_phone_with_the_same_link_goes_on(self):
        made = self.made()
        guest = self.guest(made)
        data = bytes(range(256)) * 12_000
        file = self.town.home / "source.mp4"
        file.write_bytes(data)
        wire = Wire(self.town)
        self.addCleanup(wire.close)

        def client(token, **options):
            job = {"file": str(file), "isResumed": False, "options": {
                "endpoint": wire.endpoint, "headers": {"Authorization": f"Bearer {token}"}, "metadata": {"filename": "door.mp4", "sha256": hexed(data)},
                "retryDelays": [0] + [50] * 100, **options}}
            process = subprocess.Popen(["node", str(SCRIPT), json.dumps(job)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(lambda: (process.kill(), process.communicate()))
            return process
        wire.hold_each(1_000_000)
        first = client(guest.token)
        wire.wait_held(1)
        first.stdin.write("abort\n")
        first.stdin.flush()
        self.assertEqual(json.loads(first.stdout.readline()), {"event": "abort"})
        wire.cut()
        other = self.guest(made)
        under_way = until(lambda: other.mine().json()["under_way"], lambda items: items and items[0]["offset"] > 0)[0]
        self.assertEqual((under_way["filename"], under_way["bytes"], under_way["sha256"]), ("door.mp4", len(data), hexed(data)))
        second = client(other.token, uploadUrl=f"{wire.endpoint}/{under_way['upload']}")
        out, errors = second.communicate(timeout=60)
        self.assertEqual(json.loads(out)["event"], "success", out + errors)
        sealed = self.town.wait_state(f"/api/v1/uploads/{under_way['upload']}", guest.token)
        self.assertEqual((sealed["state"], sealed["sha256"]), ("sealed", hexed(data)))

    def test_bytes_that_are_not_those_of_the_phone_are_refused_and_said_so(self):
        guest = self.guest()
        refused = guest.send(b"other bytes", filename="a", sha256=hexed(b"the bytes"))
        self.assertEqual(refused["state"], "refused")
        self.assertEqual([(each["state"], bool(each["reason"])) for each in guest.mine().json()["under_way"]], [("refused", True)])

    def test_what_was_refused_counts_until_it_is_gone(self):
        guest = self.guest(files_max=2, bytes_max=25)
        for _ in range(2):
            self.assertEqual(guest.send(b"ten bytes.", filename="a", sha256=hexed(b"others"))["state"], "refused")
        self.assertEqual((guest.mine().json()["files_used"], guest.mine().json()["bytes_used"]), (2, 20))
        self.assertEqual(self.town.create(guest.token, 1, filename="b").status, 413)
        gone = guest.mine().json()["under_way"][0]["upload"]
        self.assertEqual(self.town.tus("DELETE", f"/api/v1/uploads/{gone}", guest.token).status, 204)
        self.assertEqual(guest.send(b"ten bytes.", filename="b")["state"], "sealed")


class HostileFiles:
    FILES = {
        "page.html": ("text/html", b"<html><script>fetch('/api/v1/recordings')</script></html>"),
        "picture.svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        "film.mp4": ("video/mp4", b"MZ\x90\x00" + bytes(2_000)),
        "archive.zip": ("application/zip", b"PK\x03\x04" + b"../../etc/passwd".ljust(3_000, b"\0")),
        "../../../etc/cron.d/x": ("video/mp4", b"#!/bin/sh\nrm -rf /\n"),
        "photo\u202egpj.exe": ("image/jpeg", b"MZ" + bytes(500)),
        "a\u0000b".replace("\u0000", "\u0001"): ("text/javascript", b"alert(1)"),
    }

    def test_nothing_that_an_outsider_sent_is_served_so_that_a_browser_runs_it(self):
        guest = self.guest()
        for name, (kind, data) in self.FILES.items():
            with self.subTest(name=name):
                recording = guest.send(data, filename=name, filetype=kind)["recording"]
                shown = self.examined(recording)
                self.assertEqual((shown["state"], shown["filename"]), ("quarantined", name))
                self.assertNotEqual(shown["media"]["verdict"], "whole")
                refused = self.accept(recording)
                self.assertEqual(refused.status, 409, refused.body)
                # Without a reason nothing; with one, a file to be saved, which is on record.
                for reason in (None, ""):
                    self.assertEqual(self.view(recording, despite_quarantine=reason).json()["type"], "/problems/quarantined")
                opened = self.view(recording, despite_quarantine="to see what it is")
                self.assertEqual(opened.status, 201, opened.body)
                bytes_ = self.town.request("GET", opened.json()["original"], self.records)
                self.assertEqual((bytes_.status, bytes_.body), (200, data))
                self.assertEqual(bytes_.headers["Content-Type"], "application/octet-stream")
                self.assertEqual(bytes_.headers["Content-Disposition"], f'attachment; filename="{recording}.bin"')
                self.assertEqual(bytes_.headers["X-Content-Type-Options"], "nosniff")
                self.assertIn("sandbox", bytes_.headers["Content-Security-Policy"])
                self.assertEqual(self.town.request("GET", f"/api/v1/recordings/{recording}/poster", self.records).status, 403)
                viewed = [event for event in self.chain(recording) if event["type"] == "recording.viewed"]
                self.assertEqual([event["despite"] for event in viewed], ["to see what it is"])
                share = {"kind": "download", "recipient": "Dana", "recordings": [recording], "purpose": "review", "ends_at": at(3600)}
                self.assertEqual(self.town.request("POST", "/api/v1/shares", self.records, body=json.dumps(share)).status, 403)

    def test_a_film_with_a_page_behind_it_is_accepted_as_a_film_and_served_as_nothing_else(self):
        guest = self.guest()
        data = FILM.read_bytes() + b"<html><script>alert(1)</script></html>"
        recording = guest.send(data, filename="film.html", filetype="text/html")["recording"]
        verdict = self.examined(recording)["media"]["verdict"]
        self.assertIn(verdict, ("whole", "damaged"))
        self.assertEqual(self.accept(recording).status, 200)
        original = self.town.request("GET", self.view(recording).json()["original"], self.records)
        self.assertEqual((original.status, original.headers["Content-Type"]), (200, "application/octet-stream"))
        self.assertEqual(original.headers["X-Content-Type-Options"], "nosniff")

    def test_while_it_is_in_quarantine_nothing_else_changes_its_state(self):
        guest = self.guest()
        recording = guest.send(b"locked?", filename="a")["recording"]
        answer = self.town.request("PATCH", f"/api/v1/recordings/{recording}", self.records, {"Content-Type": "application/json"},
                                   json.dumps({"restriction": "minor", "reason": "a child"}))
        self.assertEqual(answer.status, 409, answer.body)
        self.assertEqual(self.recording(recording).json()["state"], "quarantined")


class FileRequestsTest(Sending, Outsiders, Quota, BadConnection, HostileFiles, FileRequestCase):
    """All of it in one town."""


class LedgerCheckTest(unittest.TestCase):
    def test_rows_of_file_requests_that_were_changed_behind_the_ledger_are_found(self):
        with Town() as town:
            morse = town.add_user("morse", "investigator")
            town.start()
            made = json.loads(town.request("POST", "/api/v1/file-requests", morse, body=json.dumps({"name": "Ella", "incident": "22-1", "words": WORDS})).body)
            guest = Guest(town, made)
            guest.enter()
            recording = guest.send(b"a film", filename="a", sender_words="my own")["recording"]
            self.assertEqual(town.stop(), 0)
            self.assertEqual(town.check_ledger(), (0, []))
            for change, word in (("UPDATE file_requests SET words = 'other'", "file_request"), ("UPDATE file_requests SET name = 'Eve'", "name"),
                                 ("DELETE FROM file_request_openings", "opening"), ("UPDATE recordings SET state = 'sealed'", "state"),
                                 ("UPDATE recordings SET more = '{}'", "said"), ("UPDATE file_request_files SET recording = 'x'", "file"),
                                 ("UPDATE file_requests SET revoked_us = 0, revoke_reason = 'x'", "revoke")):
                with self.subTest(change=change), tempfile.TemporaryDirectory() as kept:
                    shutil.copytree(town.data, pathlib.Path(kept) / "data")
                    with contextlib.closing(sqlite3.connect(pathlib.Path(kept) / "data/catalog.db")) as catalog, catalog:
                        catalog.execute(change)
                    done = run(BIN / "lapel", "ledger", "check", "--data", pathlib.Path(kept) / "data", check=False)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn(word, done.stdout)


if __name__ == "__main__":
    unittest.main()
