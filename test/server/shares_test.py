# SPDX-License-Identifier: Apache-2.0
"""Shares: what a recipient outside, without an account, gets and when it ends."""
import concurrent.futures
import datetime
import hashlib
import http.client
import json
import pathlib
import select
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from harness import BIN, ROOT, Town, TownCase, run, until
from signing_in import Fresh

FILM = ROOT / "test/data/video/pytorch+torchcodec/test/resources/nasa_13013.mp4"
GUARD = {"X-Lapel": "1"}
BIG = 48 << 20


def at(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def frame(town, film):
    """The picture at its third second, as bytes of pixels."""
    path = town.home / "frame.mp4"
    path.write_bytes(film)
    return subprocess.run(["ffmpeg", "-v", "error", "-ss", "3", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
                          capture_output=True, check=True).stdout


class Recipient:
    """A browser that keeps one cookie."""

    def __init__(self, town):
        self.town, self.cookie, self.share = town, None, None

    def ask(self, method, path, body=None, headers=None):
        everything = dict(GUARD if headers is None else headers)
        if self.cookie:
            everything["Cookie"] = self.cookie
        return self.town.request(method, path, None, everything, None if body is None else json.dumps(body))

    def enter(self, made, code=None):
        answer = self.ask("POST", "/api/v1/received/session", {"link": made["link"].partition("#")[2], "code": code or made["code"]["code"]})
        if answer.status == 201:
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie, cookie
            self.cookie, self.share = cookie.partition(";")[0], answer.json()["share"]
        return answer

    def open(self, n=0, use="watch"):
        return self.ask("POST", f"/api/v1/received/items/{n}/views", {"share": self.share, "use": use})

    def say(self, what, headers=None):
        return self.ask("POST", f"/api/v1/received/{what}", {"share": self.share}, headers)

    def item(self, what, n=0):
        return self.ask("GET", f"/api/v1/received/items/{n}/{what}?share={self.share}")

    def bytes(self, n=0, use="download"):
        opened = self.open(n, use)
        assert opened.status == 201, opened.body
        return self.ask("GET", opened.json()["content"])


class SharesTest(TownCase):
    beat = 1

    @classmethod
    def populate(cls):
        town = cls.town
        cls.records = town.add_user("records", "records")
        cls.liaison = town.add_user("liaison", "da_liaison")
        cls.investigator = town.add_user("morse", "investigator")
        cls.others = {role: town.add_user(role, role) for role in (
            "officer", "supervisor", "command", "coordinator", "auditor", "union", "program_manager", "approver", "administrator")}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        town = cls.town
        cls.film = town.upload(cls.records, FILM.read_bytes(), filename="Ünter \"den\" Linden.mp4", filetype="video/mp4", incident="22-1")["recording"]
        cls.big = town.upload(cls.records, bytes(range(256)) * (BIG // 256), filename="big.bin", incident="22-1")["recording"]

    def share(self, token=None, **terms):
        body = {"kind": "download", "recipient": "Dana Whitfield", "recordings": [self.film], "purpose": "discovery", "case": "22-1"}
        if terms.get("kind") != "discovery" and "ends_at" not in terms:
            body["ends_at"] = at(3600)
        return self.town.request("POST", "/api/v1/shares", token or self.records, body=json.dumps({**body, **terms}))

    def made(self, **terms):
        """A share that has been prepared."""
        answer = self.share(**terms)
        self.assertEqual(answer.status, 201, answer.body)
        made = answer.json()
        self.assertIsNone(until(lambda: self.shown(made), lambda share: share["prepared_at"] or share["failed_at"])["reason"])
        return made

    def recipient(self, made):
        recipient = Recipient(self.town)
        answer = recipient.enter(made)
        self.assertEqual(answer.status, 201, answer.body)
        return recipient

    def shown(self, made):
        return self.town.request("GET", f"/api/v1/shares/{made['share']['id']}", self.records).json()

    def chain(self, made, kind):
        """The events of a type in the share's own chain."""
        with sqlite3.connect(f"file:{self.town.data}/catalog.db?mode=ro", uri=True) as catalog:
            return [json.loads(event) for (event,) in catalog.execute(
                "SELECT event FROM ledger_events WHERE subject = ? AND type = ? ORDER BY n", (made["share"]["id"], kind))]

    def events(self, recording, share):
        items = self.town.request("GET", f"/api/v1/recordings/{recording}/custody", self.records).json()["items"]
        return [item for item in items if item["event"].get("share") == share["share"]["id"]]

    def test_a_recipient_gets_the_very_bytes_and_it_is_all_in_custody(self):
        made = self.made(organization="Berkshire District Attorney")
        recipient = self.recipient(made)
        seen = recipient.ask("GET", "/api/v1/received").json()
        self.assertEqual((seen["recipient"], seen["organization"], seen["from"], seen["agency_name"]),
                         ("Dana Whitfield", "Berkshire District Attorney", "records", self.town.agency))
        self.assertEqual(self.events(self.film, made)[0]["type"], "recording.shared")
        got = recipient.bytes()
        self.assertEqual(got.status, 200)
        self.assertEqual(got.body, FILM.read_bytes())
        self.assertEqual(seen["items"][0]["sha256"], hashlib.sha256(got.body).hexdigest())
        self.assertEqual(got.headers["Content-Disposition"], "attachment; filename*=UTF-8''%C3%9Cnter%20%22den%22%20Linden.mp4")
        self.assertEqual(got.headers["Cache-Control"], "private, no-store")
        part = recipient.ask("GET", recipient.open(use="watch").json()["content"], headers={**GUARD, "Range": "bytes=10-19"})
        self.assertEqual((part.status, part.body), (206, FILM.read_bytes()[10:20]))
        events = self.events(self.film, made)
        self.assertEqual([(event["type"], event["event"].get("use")) for event in events],
                         [("recording.shared", None), ("recording.received", "download"), ("recording.received", "watch")])
        self.assertEqual(events[1]["actor_name"], "Dana Whitfield, recipient of a share")
        self.assertEqual(self.shown(made)["views_used"], 2)
        self.assertIsNotNone(self.shown(made)["items"][0]["downloaded_at"])
        confirmed = recipient.say("receipt")
        self.assertIsNotNone(confirmed.json()["received_at"])
        self.assertEqual(self.shown(made)["received_at"], confirmed.json()["received_at"])

    def test_the_receipt_verifies_offline_with_the_file(self):
        recipient = self.recipient(self.made())
        answer = until(lambda: recipient.item("receipt"), lambda answer: answer.status != 409)  # it is of the next beat
        self.assertEqual(answer.status, 200, answer.body)
        home = self.town.home / "received"
        home.mkdir(exist_ok=True)
        (home / "film.mp4").write_bytes(recipient.bytes().body)
        (home / "film.mp4.tlog-proof").write_bytes(answer.body)
        run(BIN / "lapel-verify", "--key", self.town.vkey, home / "film.mp4.tlog-proof", home / "film.mp4")
        (home / "film.mp4").write_bytes(FILM.read_bytes()[:-1])
        self.assertEqual(run(BIN / "lapel-verify", "--key", self.town.vkey, home / "film.mp4.tlog-proof", home / "film.mp4", check=False).returncode, 6)

    def test_link_and_code_are_needed_both_and_a_code_works_once(self):
        made = self.made()
        link, code = made["link"].partition("#")[2], made["code"]["code"]
        self.assertGreaterEqual(len(link), 43)
        self.assertRegex(code, r"^[0-9]{4}-[0-9]{4}$")
        for recipient, wrong in ((Recipient(self.town), {"link": link, "code": "0000-0000"}), (Recipient(self.town), {"link": "BA"[link[0] == "B"] + link[1:], "code": code})):
            answer = recipient.ask("POST", "/api/v1/received/session", wrong)
            self.assertEqual((answer.status, answer.json()["type"]), (401, "/problems/share-code"))
            self.assertEqual(recipient.ask("GET", "/api/v1/received").status, 401)
        first = self.recipient(made)
        self.assertEqual(Recipient(self.town).enter(made).status, 401)
        again = self.town.request("POST", f"/api/v1/shares/{made['share']['id']}/codes", self.records).json()
        second = Recipient(self.town)
        self.assertEqual(second.enter(made, again["code"]).status, 201)
        self.assertEqual(first.ask("GET", "/api/v1/received").status, 200)
        self.assertEqual(second.ask("DELETE", "/api/v1/received/session").status, 204)
        self.assertEqual(second.ask("GET", "/api/v1/received").status, 401)

    def test_a_code_dies_of_five_wrong_ones_however_many_try_at_once(self):
        made = self.made()
        right = made["code"]["code"].replace("-", "")
        wrong = [f"{(int(right) + n) % 10**8:08}" for n in range(1, 41)]
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda code: Recipient(self.town).enter(made, code).status, wrong))
        self.assertEqual(set(answers), {401})
        self.assertEqual(Recipient(self.town).enter(made).status, 401)
        # Once, and the next code's death is another.
        self.assertEqual([event["failures"] for event in self.chain(made, "share.code_failed")], [5])
        self.assertEqual(self.shown(made)["code_failed_at"], self.chain(made, "share.code_failed")[0]["at"])
        again = self.town.request("POST", f"/api/v1/shares/{made['share']['id']}/codes", self.records).json()
        self.assertEqual(Recipient(self.town).enter(made, again["code"]).status, 201)

    def test_a_code_stands_four_wrong_ones_and_not_five(self):
        for count, status in ((4, 201), (5, 401)):
            made = self.made()
            right = made["code"]["code"].replace("-", "")
            for n in range(1, count + 1):
                self.assertEqual(Recipient(self.town).enter(made, f"{(int(right) + n) % 10**8:08}").status, 401)
            self.assertEqual(Recipient(self.town).enter(made).status, status, count)
            self.assertEqual(len(self.chain(made, "share.code_failed")), count - 4)
            self.assertEqual(self.shown(made)["code_failed_at"] is None, count == 4)

    def test_whoever_guesses_a_code_of_discovery_is_traced_and_its_recipient_is_not(self):
        made = self.made(kind="discovery")
        share = made["share"]["id"]
        self.assertEqual(Recipient(self.town).enter(made, "0000-0000").status, 401)
        lines = [json.loads(line) for line in (self.town.home / "server.err").read_text().splitlines() if share in line]
        of_guess = [line for line in lines if line["route"].startswith("/api/v1/received")]
        self.assertEqual([(line["status"], line["problem"], line["actor"], line["client"]) for line in of_guess],
                         [(401, "share-code", share, "127.0.0.1")])
        self.assertEqual(Recipient(self.town).enter(made).status, 201)
        lines = [line for line in (self.town.home / "server.err").read_text().splitlines() if share in line and "/received" in line]
        self.assertEqual(len(lines), 1, "the right code is nobody's business")

    def test_a_death_that_was_not_told_is_told_with_the_next_code(self):
        made = self.made()
        share = made["share"]["id"]
        # As a server leaves it that is killed between the count and the seal.
        with sqlite3.connect(self.town.data / "catalog.db") as catalog:
            catalog.execute("UPDATE share_codes SET failures = 5, is_dead = 1 WHERE share = ?", (share,))
        self.assertEqual(self.town.request("POST", f"/api/v1/shares/{share}/codes", self.records).status, 201)
        self.assertEqual(len(self.chain(made, "share.code_failed")), 1)

    def test_one_code_lets_one_browser_in_however_many_come_at_once(self):
        made = self.made()
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: Recipient(self.town).enter(made).status, range(20)))
        self.assertEqual(answers.count(201), 1, answers)

    def test_a_cap_is_passed_by_nobody(self):
        made = self.made(views_max=7)
        recipient = self.recipient(made)
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda _: recipient.open(), range(50)))
        opened = [answer.json()["content"] for answer in answers if answer.status == 201]
        self.assertEqual(len(opened), 7)
        self.assertEqual({answer.status for answer in answers}, {201, 410})
        self.assertEqual(self.shown(made)["views_used"], 7)
        self.assertEqual(sum(event["type"] == "recording.received" for event in self.events(self.film, made)), 7)
        self.assertEqual(recipient.ask("GET", opened[0]).status, 200)
        self.assertEqual(recipient.open().status, 410)

    def test_it_ends_when_it_says_and_not_before(self):
        ends = at(10)
        made = self.made(ends_at=ends)
        recipient = self.recipient(made)
        content = recipient.open().json()["content"]
        end = datetime.datetime.fromisoformat(ends.replace("Z", "+00:00"))
        statuses = set()

        def asked():
            before = datetime.datetime.now(datetime.timezone.utc)
            status = recipient.ask("GET", content, headers={**GUARD, "Range": "bytes=0-0"}).status
            after = datetime.datetime.now(datetime.timezone.utc)
            if after < end:
                self.assertEqual(status, 206, f"{end - after} before its end")
            if before >= end:
                self.assertEqual(status, 410)
            statuses.add(status)
            return before >= end

        until(asked)
        self.assertIn(206, statuses)
        self.assertEqual(recipient.open().status, 410)
        self.assertEqual(recipient.ask("GET", "/api/v1/received").json()["type"], "/problems/share-ended")
        self.assertIn("Ask records of", recipient.ask("GET", "/api/v1/received").json()["detail"])
        self.assertEqual(Recipient(self.town).enter(made).status, 410)

    def test_what_is_taken_back_stops_while_it_is_being_sent(self):
        made = self.made(recordings=[self.big])
        recipient = self.recipient(made)
        content = recipient.open(use="download").json()["content"]
        connection = http.client.HTTPConnection("127.0.0.1", self.town.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", content, headers={"Cookie": recipient.cookie})
        answer = connection.getresponse()
        self.assertEqual((answer.status, int(answer.headers["Content-Length"])), (200, BIG))
        self.assertEqual(len(answer.read(1 << 16)), 1 << 16)
        # A second reader of the same file has another share, and goes on.
        other = self.recipient(self.made(recordings=[self.big]))
        revoked = self.town.request("POST", f"/api/v1/shares/{made['share']['id']}/revoke", self.records, body=json.dumps({"reason": "Sent to the wrong office"}))
        self.assertEqual(revoked.status, 200, revoked.body)
        # Not a byte is read until the server has hung up by itself: what its kernel still held is gone, too.
        poller = select.poll()
        poller.register(connection.sock, 0)  # errors and hang-ups alone
        self.assertTrue(poller.poll(60_000), "the connection stands a minute after the share was taken back")
        with self.assertRaises((ConnectionResetError, http.client.IncompleteRead)):
            answer.read()
        self.assertEqual(recipient.ask("GET", content).status, 410)
        self.assertEqual(recipient.open().status, 410)
        self.assertEqual(Recipient(self.town).enter(made).status, 410)
        self.assertEqual(len(other.bytes().body), BIG)
        again = self.town.request("POST", f"/api/v1/shares/{made['share']['id']}/revoke", self.records, body=json.dumps({"reason": "again"}))
        self.assertEqual(again.status, 409)

    def test_of_discovery_nothing_is_kept_but_that_it_was_opened_downloaded_and_received(self):
        made = self.made(kind="discovery", recordings=[self.film, self.big])
        traced = len((self.town.home / "server.err").read_bytes())
        recipient = self.recipient(made)
        self.assertEqual(recipient.ask("GET", f"/api/v1/received/items/0/content?share={recipient.share}&download=1").status, 409, "not without its being noted")
        for _ in range(3):
            self.assertEqual(recipient.bytes(0, "watch").status, 200)
            self.assertEqual(recipient.ask("GET", recipient.open(0, "watch").json()["content"], headers={**GUARD, "Range": "bytes=100-199"}).status, 206)
            self.assertEqual(recipient.bytes(0, "download").body, FILM.read_bytes())
        self.assertEqual(recipient.say("receipt").status, 200)
        self.assertEqual(recipient.ask("DELETE", "/api/v1/received/session").status, 204)
        with open(self.town.home / "server.err", "rb") as trace:
            trace.seek(traced)
            self.assertNotIn(b"received", trace.read())
        events = self.events(self.film, made)
        self.assertEqual([(event["type"], event["event"].get("use")) for event in events], [("recording.shared", None), ("recording.received", "download")])
        self.assertEqual(len(self.events(self.big, made)), 1)
        shown = self.shown(made)
        self.assertIsNone(shown["views_used"])
        self.assertTrue(shown["opened_at"] and shown["received_at"] and shown["items"][0]["downloaded_at"])
        self.assertIsNone(shown["items"][1]["downloaded_at"])
        with sqlite3.connect(f"file:{self.town.data}/catalog.db?mode=ro", uri=True) as catalog:
            self.assertEqual(catalog.execute("SELECT COUNT(*) FROM share_views WHERE share = ?", (made["share"]["id"],)).fetchone(), (0,))
        for wrong in ({"ends_at": at(3600)}, {"views_max": 3}, {"purpose": "records_request"}, {"case": None}):
            self.assertEqual(self.share(**{"kind": "discovery", **wrong}).status, 400, wrong)

    def test_of_many_first_downloads_one_is_noted(self):
        made = self.made(kind="discovery")
        recipient = self.recipient(made)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: recipient.open(use="download").status, range(20)))
        self.assertEqual(set(answers), {201})
        self.assertEqual([event["type"] for event in self.events(self.film, made)], ["recording.shared", "recording.received"])

    def test_what_is_locked_stops_while_it_is_being_sent(self):
        film = self.town.upload(self.records, bytes(BIG), filename="long.bin", incident="22-1")["recording"]
        recipient = self.recipient(self.made(recordings=[film]))
        content = recipient.open(use="download").json()["content"]
        connection = http.client.HTTPConnection("127.0.0.1", self.town.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", content, headers={"Cookie": recipient.cookie})
        answer = connection.getresponse()
        self.assertEqual(len(answer.read(1 << 16)), 1 << 16)
        locked = self.town.request("PATCH", f"/api/v1/recordings/{film}", self.records, body=json.dumps({"restriction": "minor", "reason": "A child is named"}))
        self.assertEqual(locked.status, 200, locked.body)
        poller = select.poll()
        poller.register(connection.sock, 0)
        self.assertTrue(poller.poll(60_000), "the connection stands a minute after the recording was locked")

    def test_a_browser_with_two_shares_acts_on_the_one_that_it_shows(self):
        first, second = self.made(kind="discovery", order="Order one"), self.made(kind="discovery", order="Order two")
        browser = Recipient(self.town)
        self.assertEqual(browser.enter(first).status, 201)
        shown = browser.share
        self.assertEqual(browser.enter(second).status, 201)
        browser.share = shown
        for answer in (browser.say("order"), browser.say("receipt"), browser.open(), browser.item("content"), browser.item("receipt")):
            self.assertEqual((answer.status, answer.json()["type"]), (409, "/problems/conflict"))
        self.assertEqual((self.shown(first)["accepted_at"], self.shown(second)["accepted_at"]), (None, None))

    def test_a_token_that_may_share_and_nothing_else_is_told_link_and_code(self):
        answer = self.share(self.town.token("records", "share"))
        self.assertEqual(answer.status, 201, answer.body)
        self.assertEqual(Recipient(self.town).enter(answer.json()).status, 201)

    def test_the_link_names_the_server_as_it_was_said_to_be_reached(self):
        with Town() as other:
            records = other.add_user("records", "records")
            other.start("--public-url", "https://lapel.example/")
            film = other.upload(records, b"film", filename="a.bin", incident="22-1")["recording"]
            answer = other.request("POST", "/api/v1/shares", records, {"Host": "evil.example"}, json.dumps(
                {"kind": "discovery", "recipient": "Dana Whitfield", "recordings": [film], "purpose": "discovery", "case": "22-1"}))
            self.assertTrue(answer.json()["link"].startswith("https://lapel.example/shared#"), answer.body)

    def test_a_protective_order_comes_first(self):
        made = self.made(kind="discovery", order="Commonwealth v. Doe: not to be shown to others than the defense.")
        recipient = self.recipient(made)
        self.assertEqual(recipient.ask("GET", "/api/v1/received").json()["order"], made["share"]["order"])
        for what in ("content", "receipt"):
            self.assertEqual(recipient.item(what).status, 409)
        self.assertEqual(recipient.open().status, 409)
        self.assertIsNotNone(recipient.say("order").json()["accepted_at"])
        self.assertEqual(recipient.bytes().body, FILM.read_bytes())

    def test_what_is_locked_later_is_not_given_out(self):
        film = self.town.upload(self.records, b"of a child", filename="child.bin", incident="22-1")["recording"]
        made = self.made(recordings=[film])
        recipient = self.recipient(made)
        content = recipient.open().json()["content"]
        Fresh(self.town)("command").ask("POST", "/api/v1/assignments", {"kind": "clearance", "person": "records", "target": "minor"}, 201)
        self.assertEqual(self.town.request("PATCH", f"/api/v1/recordings/{film}", self.records, body=json.dumps({"restriction": "minor", "reason": "A child is named"})).status, 200)
        for answer in (recipient.ask("GET", content), recipient.open(), recipient.item("receipt")):
            self.assertEqual((answer.status, answer.json()["detail"]), (403, "restricted since it was shared"))
        # Shared by somebody who is cleared for it, it is given out as what it is.
        self.assertEqual(self.recipient(self.made(recordings=[film])).bytes().body, b"of a child")
        self.assertEqual(self.share(self.liaison, recordings=[film]).status, 404)

    def test_who_may_not_know_of_a_recording_now_learns_nothing_of_it_from_its_share(self):
        film = self.town.upload(self.records, b"told by nobody", filename="secret name.bin", incident="22-11")["recording"]
        made = self.made(token=self.liaison, recordings=[self.film, film], case="22-11")
        path = f"/api/v1/shares/{made['share']['id']}"
        def items(token):
            shown = self.town.request("GET", path, token).json()["items"]
            (listed,) = [share["items"] for share in self.town.request("GET", "/api/v1/shares", token).json()["items"] if share["id"] == made["share"]["id"]]
            self.assertEqual(shown, listed)
            return shown
        before = items(self.liaison)
        self.assertEqual([item["filename"] for item in before], ['Ünter "den" Linden.mp4', "secret name.bin"])
        self.assertEqual(self.town.request("PATCH", f"/api/v1/recordings/{film}", self.records, body=json.dumps({"restriction": "minor", "reason": "A child is named"})).status, 200)
        self.assertEqual(items(self.liaison), [before[0], {"recording": None, "filename": None, "bytes": None, "sha256": None, "downloaded_at": None, "copy": None}])
        self.assertEqual(items(self.records), before)
        for token in (self.liaison, self.records):
            refused = self.town.request("POST", path + "/codes", token)
            self.assertEqual((refused.status, refused.json()["type"]), (403, "/problems/rule"), refused.body)
            self.assertIn("may be shared any more", refused.json()["detail"])
        revoked = self.town.request("POST", path + "/revoke", self.liaison, body=json.dumps({"reason": "It was locked"}))
        self.assertEqual((revoked.status, revoked.json()["items"][1]["filename"]), (200, None))

    def test_a_code_is_given_for_what_its_maker_may_still_share(self):
        leaver = self.town.add_user("leaver", "records")
        mine, theirs = self.made(kind="discovery"), self.made(kind="discovery", token=leaver)
        code = lambda made: self.town.request("POST", f"/api/v1/shares/{made['share']['id']}/codes", self.records).status
        self.assertEqual((code(mine), code(theirs)), (201, 201))
        with sqlite3.connect(self.town.data / "catalog.db") as catalog:
            catalog.execute("UPDATE person_roles SET role = 'coordinator' WHERE person = (SELECT id FROM people WHERE login = 'leaver')")
        self.assertEqual((code(mine), code(theirs)), (201, 403))
        with sqlite3.connect(self.town.data / "catalog.db") as catalog:
            catalog.execute("UPDATE person_roles SET role = 'records' WHERE person = (SELECT id FROM people WHERE login = 'leaver')")
        left = self.town.request("POST", "/api/v1/people/leaver/active", self.others["administrator"], body=json.dumps({"active": False, "reason": "Has left"}))
        self.assertEqual(left.status, 200, left.body)
        self.assertEqual(code(theirs), 201, "discovery outlasts careers")

    def test_the_list_comes_by_the_page(self):
        made = [self.made(recordings=[self.film])["share"]["id"] for _ in range(5)]
        self.town.request("POST", f"/api/v1/shares/{made[-1]}/revoke", self.records, body=json.dumps({"reason": "It is enough"}))
        listed, cursor = [], ""
        while cursor is not None:
            page = self.town.request("GET", f"/api/v1/shares?recording={self.film}&limit=2{cursor}", self.records).json()
            listed += page["items"]
            cursor = page["next"] and f"&cursor={page['next']}"
        ids = [share["id"] for share in listed]
        self.assertEqual((len(ids), set(made) - set(ids)), (len(set(ids)), set()))
        # Those that stand first, and of each the newest.
        now = at(0)
        over = [share["revoked_at"] is not None or (share["ends_at"] or now) < now for share in listed]
        self.assertEqual(over, sorted(over))
        for past in (False, True):
            times = [share["made_at"] for share, is_over in zip(listed, over) if is_over == past]
            self.assertEqual(times, sorted(times, reverse=True))

    def test_who_may_share_see_and_take_back(self):
        for role, token in self.others.items():
            self.assertIn(self.share(token).status, (403, 404), role)
        self.assertEqual(self.share(self.liaison, purpose="records_request").status, 403)
        self.assertEqual(self.share(None, purpose="training").status, 403)
        own = self.share(self.liaison).json()["share"]["id"]
        other = self.made()["share"]["id"]
        reason = json.dumps({"reason": "told by the test"})

        def seen(token, of):
            return self.town.request("GET", f"/api/v1/shares/{of}", token).status
        for role, token in self.others.items():
            expected = 200 if role in ("command", "auditor") else 404
            self.assertEqual((seen(token, own), seen(token, other)), (expected, expected), role)
            self.assertEqual(self.town.request("GET", "/api/v1/shares", token).status, 200 if expected == 200 else 403, role)
            if role != "command":
                self.assertEqual(self.town.request("POST", f"/api/v1/shares/{own}/revoke", token, body=reason).status, 403 if expected == 200 else 404, role)
                self.assertEqual(self.town.request("POST", f"/api/v1/shares/{own}/codes", token).status, 403 if expected == 200 else 404, role)
        self.assertEqual((seen(self.liaison, own), seen(self.liaison, other), seen(self.investigator, own)), (200, 404, 404))
        listed = self.town.request("GET", "/api/v1/shares", self.liaison).json()["items"]
        self.assertEqual({share["made_by"] for share in listed}, {"liaison"})
        self.assertEqual(self.town.request("POST", f"/api/v1/shares/{own}/revoke", self.others["command"], body=reason).status, 200)
        narrow = self.town.token("records", "list")
        for method, path in (("GET", "/api/v1/shares"), ("GET", f"/api/v1/shares/{other}"), ("POST", f"/api/v1/shares/{other}/codes"), ("POST", "/api/v1/shares")):
            self.assertIn(self.town.request(method, path, narrow, body=json.dumps({"kind": "download", "recipient": "X", "recordings": [self.film], "purpose": "discovery", "ends_at": at(60)}) if method == "POST" else None).status, (403, 404), path)

    def test_neither_cookie_opens_the_others_doors(self):
        recipient = self.recipient(self.made())
        document = self.town.request("GET", "/api/v1/openapi.json").json()
        asked = 0
        for path, methods in document["paths"].items():
            if "get" not in methods or "received" in path or methods["get"].get("x-action") in ("public", "sign_in"):
                continue
            answer = recipient.ask("GET", path.replace("{id}", self.film).replace("{n}", "0"))
            self.assertIn(answer.status, (401, 404, 400), path)
            asked += 1
        self.assertGreater(asked, 15)
        for token in (self.records, self.others["administrator"]):
            for path in ("/api/v1/received", "/api/v1/received/items/0/content"):
                self.assertEqual(self.town.request("GET", path, token).status, 401)
        # Another site's form has no such header.
        self.assertEqual(recipient.say("receipt", headers={}).status, 403)
        other = self.recipient(self.made())
        content = recipient.open().json()["content"]
        self.assertEqual(other.ask("GET", content).status, 404)

    def test_secrets_are_kept_nowhere(self):
        made = self.made()
        recipient = self.recipient(made)
        recipient.bytes()
        again = self.town.request("POST", f"/api/v1/shares/{made['share']['id']}/codes", self.records).json()["code"]
        secrets = [made["link"].partition("#")[2], recipient.cookie.partition("=")[2], again.replace("-", ""), again]
        for path in [*self.town.data.rglob("*"), self.town.home / "server.err"]:
            if path.is_file() and path.stat().st_size < BIG and "objects" not in path.parts:
                content = path.read_bytes()
                for secret in secrets:
                    self.assertNotIn(secret.encode(), content, path)

    def test_for_viewing_there_is_a_marked_copy_and_never_the_original(self):
        made = self.made(kind="view", organization="Berkshire District Attorney", views_max=2)
        recipient = self.recipient(made)

        def copy():
            return recipient.ask("GET", "/api/v1/received").json()["items"][0]["copy"]
        state = until(copy, lambda state: state["ready"] or state["final"])
        self.assertTrue(state["ready"], state)
        content = recipient.open().json()["content"]
        got = recipient.ask("GET", content)
        self.assertEqual((got.status, got.headers["Content-Type"]), (200, "video/mp4"))
        self.assertNotIn("Content-Disposition", got.headers)
        self.assertNotEqual(got.body, FILM.read_bytes())
        # Marked for this recipient: another's copy of the same recording has other pictures.
        other = self.recipient(self.made(kind="view", recipient="Sam Ortega"))
        answer = until(other.open, lambda answer: answer.status != 503)
        self.assertEqual(answer.status, 201, answer.body)
        self.assertNotEqual(frame(self.town, got.body), frame(self.town, other.ask("GET", answer.json()["content"]).body))
        for use, path in (("download", "views"), (None, "receipt"), (None, "content")):
            answer = recipient.open(0, use) if use else recipient.item(path)
            self.assertIn(answer.status, (403, 404), path)
        derived = [event for event in self.town.request("GET", f"/api/v1/recordings/{self.film}/custody", self.records).json()["items"]
                   if event["event"].get("for") == made["share"]["id"]]
        self.assertEqual([(event["type"], event["event"]["kind"]) for event in derived], [("recording.derived", "rendition")])
        self.assertEqual(derived[0]["event"]["sha256"], hashlib.sha256(got.body).hexdigest())
        self.assertIn("Dana Whitfield", derived[0]["event"]["arguments"])
        files = list(self.town.data.glob("derived/**/rendition-*"))
        self.assertEqual(self.town.request("POST", f"/api/v1/shares/{made['share']['id']}/revoke", self.records, body=json.dumps({"reason": "It is enough"})).status, 200)
        self.assertEqual(recipient.ask("GET", content).status, 410)
        self.assertLess(len(list(self.town.data.glob("derived/**/rendition-*"))), len(files), "the copy is gone with the share")

    def files(self):
        return set(self.town.data.glob("derived/**/rendition-*"))

    def copied(self):
        """A share for viewing and the file of its copy."""
        before = self.files()
        made = self.made(kind="view")
        until(lambda: self.shown(made)["items"][0]["copy"], lambda copy: copy["ready"])
        return made, min(self.files() - before)

    def set_end(self, made, us):
        catalog = sqlite3.connect(self.town.data / "catalog.db", timeout=30)
        with catalog:
            before = catalog.execute("SELECT ends_us FROM shares WHERE id = ?", (made["share"]["id"],)).fetchone()[0]
            catalog.execute("UPDATE shares SET ends_us = ? WHERE id = ?", (us, made["share"]["id"]))
        catalog.close()
        return before

    def test_a_copy_is_gone_with_its_share_whoever_looks_or_not(self):
        made, file = self.copied()
        end = self.set_end(made, 1)
        until(lambda: not file.exists(), why="the copy of a share that has ended is still there")
        self.set_end(made, end)

    def test_a_copy_is_gone_also_where_the_server_was_killed_in_between(self):
        made, file = self.copied()
        self.assertEqual(self.town.stop(), 0)
        # Between what the catalog says and what the disk does.
        self.town.wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(file), "-e", "trace=unlink", "-e", "inject=unlink:signal=KILL"]
        self.town.start()
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.town.request("POST", f"/api/v1/shares/{made['share']['id']}/revoke", self.records, body=json.dumps({"reason": "It is enough"}))
        self.town.server.wait()  # whoever traced it ends when it has
        self.town.kill()
        self.town.wrapper = []
        self.assertTrue(file.exists(), "the server was to be killed before the file was gone")
        self.town.start()
        until(lambda: not file.exists(), why="a killed server has left a copy of a share that was taken back")
        self.assertIsNotNone(self.shown(made)["revoked_at"])
        # And of one that was being made when its share was taken back: what the attempt had kept, and no row names.
        before = self.files()
        made = self.made(kind="view")
        until(lambda: self.shown(made)["items"][0]["copy"], lambda copy: copy["ready"] or copy["reason"] == "It is being made.")
        self.assertEqual(self.town.request("POST", f"/api/v1/shares/{made['share']['id']}/revoke", self.records, body=json.dumps({"reason": "It is enough"})).status, 200)
        self.town.kill()
        catalog = sqlite3.connect(self.town.data / "catalog.db", timeout=30)
        with catalog:
            copy, made_us = catalog.execute("SELECT id, made_us FROM renditions WHERE holder = ?", (made["share"]["id"],)).fetchone()
        catalog.close()
        left = file.with_name(f"rendition-{copy}-1")
        if made_us is None:
            left.write_bytes(b"as much as was written")
        self.town.start()
        until(lambda: not self.files() - before, why="what was made of a copy when the server was killed is still there")

    def test_what_cannot_be_watched_yet_is_refused_and_not_counted(self):
        # One that nothing can be made of stays so.
        made = self.made(kind="view", recordings=[self.big], views_max=1)
        recipient = self.recipient(made)
        for _ in range(3):
            self.assertEqual(recipient.open().status, 503)
        self.assertEqual(self.shown(made)["views_used"], 0)

    def test_what_is_no_footage_cannot_be_shared_for_viewing_and_says_so(self):
        recipient = self.recipient(self.made(kind="view", recordings=[self.big]))
        copy = until(lambda: recipient.ask("GET", "/api/v1/received").json()["items"][0]["copy"], lambda copy: copy["final"])
        self.assertFalse(copy["ready"])
        self.assertTrue(copy["reason"])
        answer = recipient.open()
        self.assertEqual(answer.status, 503)
        self.assertIn(copy["reason"], answer.json()["detail"])

    def failed(self, made):
        """Why a share could not be prepared."""
        share = until(lambda: self.shown(made), lambda share: share["prepared_at"] or share["failed_at"])
        self.assertIsNone(share["prepared_at"])
        return share["reason"]

    def test_what_is_damaged_goes_out_by_no_share(self):
        other = self.town.upload(self.records, b"what was sealed", filename="a.bin", incident="22-1")["recording"]
        (stored,) = self.town.data.glob(f"objects/**/{other}*")
        stored.chmod(0o600)
        stored.write_bytes(b"what was changd")
        made = self.share(recordings=[self.film, other]).json()
        self.assertEqual(self.failed(made), "The stored file is not the one that was sealed, so it is not exported")
        answer = Recipient(self.town).enter(made)
        self.assertEqual((answer.status, answer.json()["type"]), (410, "/problems/share-ended"))
        self.assertIn("could not be prepared", answer.json()["detail"])
        self.assertEqual(self.town.request("POST", f"/api/v1/shares/{made['share']['id']}/codes", self.records).status, 409)
        listed = self.town.request("GET", f"/api/v1/shares?recording={other}", self.records).json()["items"]
        self.assertEqual([share["failed_at"] is not None for share in listed], [True])
        stored.write_bytes(b"what was sealed")  # that the check at the end finds nothing

    def test_bad_terms_are_refused_in_words(self):
        for wrong, word in (({"kind": "loan"}, "kind"), ({"recipient": ""}, "recipient"), ({"recordings": []}, "1 to 50"), ({"recordings": [self.film] * 2}, "each once"),
                            ({"recordings": [self.film] * 51}, "1 to 50"), ({"purpose": "fun"}, "purpose"), ({"ends_at": None}, "needs a time"), ({"ends_at": at(-5)}, "future"),
                            ({"ends_at": at(400 * 86400)}, "366 days"), ({"views_max": 0}, "cap"), ({"views_max": 10001}, "cap"), ({"views_max": "3"}, "views_max"),
                            ({"recipient": "a\nb"}, "control"), ({"order": 5}, "order"), ({"recordings": "x"}, "recordings")):
            answer = self.share(**wrong)
            self.assertEqual(answer.status, 400, wrong)
            self.assertIn(word, answer.json()["detail"])
        self.assertEqual(self.share(recordings=["0" * 32]).status, 404)


class SharesOnRecord(unittest.TestCase):
    """What is changed in a copy of the catalog behind the ledger's back, and what `lapel ledger check` says of it."""

    @classmethod
    def setUpClass(cls):
        cls.town = town = Town()
        cls.addClassCleanup(town.__exit__)
        records = town.add_user("records", "records")
        town.start()
        films = [town.upload(records, data, filename=data.decode(), incident="22-1")["recording"] for data in (b"one", b"two")]
        made = town.request("POST", "/api/v1/shares", records, body=json.dumps({
            "kind": "download", "recipient": "Dana Whitfield", "organization": "Public Defender", "recordings": films, "purpose": "discovery",
            "case": "22-1", "warrant": "W-1", "ends_at": at(3600), "views_max": 9, "order": "For the defense alone."})).json()
        cls.share = made["share"]["id"]
        recipient = Recipient(town)
        assert {recipient.enter(made, "0000-0000").status for _ in range(5)} == {401}
        made["code"] = town.request("POST", f"/api/v1/shares/{cls.share}/codes", records).json()
        assert recipient.enter(made).status == 201
        assert recipient.say("order").status == 200
        until(lambda: recipient.ask("GET", "/api/v1/received").json()["prepared_at"])
        assert recipient.bytes(0).body == b"one"
        assert recipient.say("receipt").status == 200
        assert town.request("POST", f"/api/v1/shares/{cls.share}/revoke", records, body=json.dumps({"reason": "It is enough"})).status == 200
        assert town.stop() == 0

    def faults(self, sql):
        with tempfile.TemporaryDirectory(prefix="lapel-test-") as home:
            copy = pathlib.Path(home) / "data"
            shutil.copytree(self.town.data, copy)
            if sql:
                catalog = sqlite3.connect(copy / "catalog.db")
                self.assertGreater(catalog.execute(sql).rowcount, 0, sql)
                catalog.commit()
                catalog.close()
            done = run(BIN / "lapel", "ledger", "check", "--data", copy, "--json", check=False)
            return [fault for ledger in json.loads(done.stdout)["ledgers"] for fault in ledger["faults"]]

    def test_every_change_is_found(self):
        self.assertEqual(self.faults(None), [])
        changes = [f"UPDATE shares SET {change}" for change in (
            "kind = 'view'", "recipient = 'Somebody'", "warrant = 'W-1, order For the defense alone.', order_text = NULL", "organization = NULL", "purpose = 'review'", "case_number = '22-2'", "warrant = NULL", "order_text = NULL",
            "secret_sha256 = 'x'", "made_us = made_us + 10000", "ends_us = NULL", "ends_us = ends_us + 10000000", "views_max = NULL", "views_max = 10",
            "views_used = 0", "views_used = 2", "revoked_us = NULL", "waits = 0", "prepared_us = NULL", "prepared_us = prepared_us + 10000", "failed_us = made_us", "failure = 'nothing'", "opened_us = NULL", "accepted_us = NULL", "received_us = received_us + 10000", "code_failed_us = NULL", "code_failed_us = code_failed_us + 10000",
            "maker = (SELECT id FROM people WHERE login = 'chief')", "agency = 'x'")]
        changes += ["DELETE FROM share_views", "UPDATE share_views SET use_as = 'watch'", "UPDATE share_views SET n = 1", "UPDATE share_views SET id = 'x'",
                    "DELETE FROM share_items WHERE n = 1", "UPDATE share_items SET downloaded_us = NULL", "UPDATE share_items SET downloaded_us = 1 WHERE n = 1",
                    "UPDATE share_items SET restriction = 'minor' WHERE n = 1", "UPDATE share_items SET n = 7 WHERE n = 0",
                    "UPDATE share_items SET recording = (SELECT recording FROM share_items WHERE n = 1) WHERE n = 0",
                    "INSERT INTO share_views SELECT 'y', share, n, agency, use_as, ends_us FROM share_views", "DELETE FROM shares"]
        for sql in changes:
            with self.subTest(sql):
                found = self.faults(sql)
                self.assertTrue(any("share" in fault for fault in found), found)


if __name__ == "__main__":
    unittest.main()
