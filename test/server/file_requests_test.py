# SPDX-License-Identifier: Apache-2.0
"""File requests: what somebody outside may send by a link, and what becomes of it."""
import concurrent.futures
import datetime
import hashlib
import http.client
import json
import pathlib
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

from harness import BIN, ROOT, Town, TownCase, metadata, run, until
from tus_js_client_test import SCRIPT, Wire

FILM = ROOT / "test/data/video/pytorch+torchcodec/test/resources/nasa_13013.mp4"
DAY = 86_400
WORDS = "Please send the video of your front door camera, 2 Dec 2022 18:00–20:00"


def at(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def hexed(data):
    return hashlib.sha256(data).hexdigest()


class Guest:
    """A phone with a link."""

    def __init__(self, town, made, code=None):
        self.town, self.token = town, None
        self.link = made["link"].partition("#")[2]
        self.code = code or made["code"]

    def enter(self, **other):
        body = {"link": self.link, **({"code": self.code} if self.code else {}), **other}
        answer = self.town.request("POST", "/api/v1/file-requests/session", body=json.dumps(body))
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
    def populate(cls):
        town = cls.town
        cls.records = town.add_user("records", "records")
        cls.morse = town.add_user("morse", "investigator")
        cls.lewis = town.add_user("lewis", "investigator")
        cls.others = {role: town.add_user(role, role) for role in (
            "officer", "supervisor", "command", "internal_affairs", "coordinator", "da_liaison", "counsel", "auditor", "union", "program_manager", "approver", "administrator")}

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


class FileRequestsTest(FileRequestCase):
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


if __name__ == "__main__":
    unittest.main()
