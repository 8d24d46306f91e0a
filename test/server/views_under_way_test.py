# SPDX-License-Identifier: Apache-2.0
"""Bytes that are under way when what they are sent under ends: a slow reader of a view is cut off, and so is who sends an upload."""
import http.client
import json
import select
import unittest

from harness import BIN, run, Town, until
from moved_clock import MovedClock
from signing_in import Browser

BIG = 48 << 20  # more than the kernels of both sides hold of a connection
VIEW_S, IDLE_S = 12 * 3_600, 30 * 60


class Reader:
    """Reads the beginning of a view's bytes, and then nothing until it is told."""

    def __init__(self, case, url, headers):
        self.case = case
        self.connection = http.client.HTTPConnection("127.0.0.1", case.town.port, timeout=60)
        case.addCleanup(self.connection.close)
        self.connection.request("GET", url, headers=headers)
        self.answer = self.connection.getresponse()
        case.assertIn(self.answer.status, (200, 206), self.answer.status)
        self.bytes = int(self.answer.headers["Content-Length"])
        self.read = len(self.answer.read(1 << 16))
        self.poller = select.poll()
        self.poller.register(self.connection.sock, 0)  # errors and hang-ups alone

    def is_cut(self, why):
        """Not a byte is read until the server has hung up by itself: what its kernel still held is gone, too."""
        self.case.assertTrue(self.poller.poll(60_000), f"the bytes are still sent: {why}")
        with self.case.assertRaises((ConnectionResetError, http.client.IncompleteRead)):
            self.answer.read()

    def goes_on(self):
        self.case.assertEqual(self.read + len(self.answer.read()), self.bytes)


class Served(unittest.TestCase):
    has_factors = True

    @classmethod
    def setUpClass(cls):
        town = cls.town = Town()
        cls.addClassCleanup(town.__exit__)
        cls.populate()
        cls.clerk, cls.administrator = town.add_user("clerk", "records"), town.token("chief")
        town.start()
        cls.film = town.upload(cls.clerk, bytes(BIG), filename="long.mp4", filetype="video/mp4", incident="22-1")["recording"]
        cls.count = 0

    @classmethod
    def populate(cls):
        """Before the server runs."""

    @classmethod
    def tearDownClass(cls):
        assert cls.town.stop() == 0
        assert cls.town.check_ledger() == (0, [])

    def person(self, *roles):
        type(self).count += 1
        login = f"person{self.count}"
        return login, self.town.add_user(login, *(roles or ("records",)))

    def signed_in(self, login):
        browser = Browser(self.town)
        browser.sign_in(login)
        if self.has_factors:
            browser.enroll_app()
        return browser

    def opened(self, ask, recording=None):
        answer = ask("POST", f"/api/v1/recordings/{recording or self.film}/views", {"purpose": "review"})
        self.assertEqual(answer.status, 201, answer.body)
        return answer.json()["original"]

    def by_token(self, token, recording=None, **headers):
        ask = lambda method, path, body: self.town.request(method, path, token, body=json.dumps(body))
        return Reader(self, self.opened(ask, recording), {"Authorization": f"Bearer {token}", **headers})

    def by_browser(self, browser, **headers):
        return Reader(self, self.opened(browser.ask), {"Host": browser.host, "Cookie": browser.cookie, **headers})

    def id_of(self, login):
        page = self.town.request("GET", "/api/v1/people", self.administrator).json()
        return next(each["id"] for each in page["items"] if each["login"] == login)


class ViewsUnderWay(Served):
    def test_signing_out_ends_what_that_session_was_being_sent_and_nothing_else(self):
        login, _ = self.person()
        here = self.signed_in(login)
        there = Browser(self.town)
        there.sign_in(login)
        there.ask("POST", "/api/v1/session/factor", {"recovery": here.codes.pop()}, 200)
        cut, part, kept = self.by_browser(here), self.by_browser(here, Range="bytes=1000-"), self.by_browser(there)
        here.ask("DELETE", "/api/v1/session", status=204)
        cut.is_cut("signed out")
        part.is_cut("signed out, of a range")
        kept.goes_on()

    def test_what_is_restricted_meanwhile_stops_and_the_custody_says_nothing_of_a_refusal(self):
        recording = self.town.upload(self.clerk, bytes(BIG) + b"x", filename="other.mp4", incident="22-2")["recording"]
        # Supervisors see what nobody is assigned to; the clerk is who locks it.
        reader, whole = self.by_token(self.person("command")[1], recording), self.by_token(self.person("command")[1])
        locked = self.town.request("PATCH", f"/api/v1/recordings/{recording}", self.clerk,
                                   body=json.dumps({"restriction": "minor", "reason": "A child is named"}))
        self.assertEqual(locked.status, 200, locked.body)
        reader.is_cut("it is locked")
        whole.goes_on()
        self.assertEqual(self.town.events("recording.denied"), 0, "nobody asked for anything")

    def test_a_role_taken_a_person_deactivated_and_credentials_reset(self):
        self.person("administrator")
        boss = self.signed_in(f"person{self.count}")
        taken, gone, reset = (self.person() for _ in range(3))
        readers = {login: self.by_token(token) for login, token in (taken, gone)}
        readers[reset[0]] = self.by_browser(self.signed_in(reset[0]))
        kept = self.by_token(self.person()[1])
        boss.ask("POST", f"/api/v1/people/{self.id_of(taken[0])}/roles", {"roles": ["union"], "reason": "moved"}, 200)
        readers[taken[0]].is_cut("the role is gone")
        boss.show_again()
        boss.ask("POST", f"/api/v1/people/{self.id_of(gone[0])}/active", {"active": False, "reason": "left"}, 200)
        readers[gone[0]].is_cut("the person is deactivated")
        boss.ask("POST", f"/api/v1/people/{self.id_of(reset[0])}/sign-in/reset", {"reason": "lost the key"}, 204)
        readers[reset[0]].is_cut("the credentials are reset")
        kept.goes_on()


class Sender:
    """Sends an upload of a gigabyte in one request, a little whenever it is asked to, until it is answered."""
    BYTES, PIECE = 1 << 30, 1 << 20

    def __init__(self, case, token):
        self.case, self.token = case, token
        self.location = case.town.create(token, self.BYTES, filename="long.mp4").headers["Location"]
        self.connection = http.client.HTTPConnection("127.0.0.1", case.town.port, timeout=60)
        case.addCleanup(self.connection.close)
        self.connection.putrequest("PATCH", self.location)
        for name, value in {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Length": str(self.BYTES),
                            "Content-Type": "application/offset+octet-stream"}.items():
            self.connection.putheader(name, value)
        self.connection.endheaders()
        self.sent = 0
        self.send()

    def send(self):
        """Whether it is answered already."""
        if select.select([self.connection.sock], [], [], 0)[0]:
            return True
        try:
            self.connection.sock.sendall(bytes(self.PIECE))
        except (BrokenPipeError, ConnectionResetError):
            return True  # within a piece: the answer came before the end of the connection, and is still to be read
        self.sent += self.PIECE
        self.case.assertLess(self.sent, self.BYTES, "all of it is taken")
        return False

    def is_refused(self, status):
        until(self.send)
        self.case.assertEqual(self.connection.getresponse().status, status)


class UploadsUnderWay(Served):
    def test_a_role_taken_a_person_deactivated_and_a_token_revoked(self):
        self.person("administrator")
        boss = self.signed_in(f"person{self.count}")
        taken, gone, revoked, kept = (self.person() for _ in range(4))
        made = json.loads(run(BIN / "lapel", "token", "create", "--data", self.town.data, "--user", revoked[0], "--json").stdout)
        senders = {"taken": Sender(self, taken[1]), "gone": Sender(self, gone[1]), "revoked": Sender(self, made["token"]), "kept": Sender(self, kept[1])}
        boss.ask("POST", f"/api/v1/people/{self.id_of(taken[0])}/roles", {"roles": ["union"], "reason": "moved"}, 200)
        boss.ask("POST", f"/api/v1/people/{self.id_of(gone[0])}/active", {"active": False, "reason": "left"}, 200)
        run(BIN / "lapel", "token", "revoke", "--data", self.town.data, made["id"])
        senders["taken"].is_refused(403)
        senders["gone"].is_refused(401)
        senders["revoked"].is_refused(401)
        self.assertFalse(senders["kept"].send(), "nothing has ended for them")
        # What came in is kept where it stands, and goes on for whoever may again.
        boss.ask("POST", f"/api/v1/people/{self.id_of(taken[0])}/roles", {"roles": ["records"], "reason": "back"}, 200)
        self.assertGreater(self.town.head_offset(senders["taken"].location, taken[1]), 0)
        self.assertGreater(self.town.head_offset(senders["revoked"].location, revoked[1]), 0)


class AsTimePasses(Served):
    has_factors = False  # whose codes go by a clock, too

    @classmethod
    def populate(cls):
        cls.town.second_factor("optional")
        cls.clock = MovedClock(cls.town.home)
        cls.town.wrapper = cls.clock.wrapper

    def test_a_session_left_alone_ends_and_being_sent_something_is_no_act(self):
        login, token = self.person()
        browser = self.signed_in(login)
        # As the web app tells it: its person was there just now. That holds of the request, not of all the time it takes.
        reader, other = self.by_browser(browser, **{"X-Lapel-Idle": "0"}), self.by_token(token)
        self.clock.move(IDLE_S + 1)
        reader.is_cut("nobody is there")
        other.goes_on()

    def test_a_view_ends_at_its_time(self):
        reader = self.by_token(self.person()[1])
        self.clock.move(VIEW_S + 1)
        reader.is_cut("the view has expired")

if __name__ == "__main__":
    unittest.main()
