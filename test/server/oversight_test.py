# SPDX-License-Identifier: Apache-2.0
"""Those who look are watched, on a real server whose clock the test moves: alerts on unusual reading, weekly digests, what nobody is
assigned to, the review of access, and the list as another sees it."""
import concurrent.futures
import csv
import datetime
import io
import json
import sqlite3
import time
import unittest

from harness import BIN, Town, run, sha256, until
from moved_clock import MovedClock
from postgres import PrivatePostgres
from signing_in import Browser, Fresh, takes_a_person

MINUTE, DAY = 60, 86_400
ALERT_WITHIN_S = 60  # kAlertWithinUs


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Watched:
    """A town whose server's clock goes as told."""

    def __init__(self, **options):
        self.town = Town(**options)
        self.tokens, self.ids, self.films = {}, {}, 0
        self.fresh = Fresh(self.town)
        self.clock = MovedClock(self.town.home)
        self.move = self.clock.move
        self.town.wrapper = self.clock.wrapper

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.town.__exit__()

    def add(self, login, *roles, **more):
        self.tokens[login] = self.town.add_user(login, *roles, **more)

    def start(self):
        self.town.start()
        self.ids = {each["login"]: each["id"] for each in self.ask("GET", "/api/v1/people", "boss", 200).json()["items"]}
        return self

    def ask(self, method, path, who, wanted=None, **body):
        if takes_a_person(method, path, body):
            answer = self.fresh(who).ask(method, path, body)
        else:
            answer = self.town.request(method, path, self.tokens[who], body=json.dumps(body) if body else None)
        if wanted is not None and answer.status != wanted:
            raise AssertionError(f"{method} {path} as {who}: {answer.status} {answer.body[:300]!r}")
        return answer

    def assign(self, who, kind, person, target):
        return self.ask("POST", "/api/v1/assignments", who, 201, kind=kind, person=person, target=target).json()

    def upload(self, count, **values):
        out = []
        for _ in range(count):
            self.films += 1
            out.append(self.town.upload(self.tokens["clerk"], b"film %d" % self.films, filename=f"{self.films}.bin", **values)["recording"])
        return out

    def view(self, who, recording, status=201, purpose="review", **more):
        return self.ask("POST", f"/api/v1/recordings/{recording}/views", who, status, purpose=purpose, **more)

    def events(self, kind, subject=None):
        catalog = sqlite3.connect(f"file:{self.town.data / 'catalog.db'}?mode=ro", uri=True)
        try:
            return [json.loads(row[0]) for row in catalog.execute(
                "SELECT event FROM ledger_events WHERE type = ? AND (? IS NULL OR subject = ?) ORDER BY leaf_index", (kind, subject, subject))]
        finally:
            catalog.close()

    def rows(self, sql):
        return self.town.rows(sql)

    def followed(self):
        """Returns when the server has judged every look that is sealed by now. It does so by itself."""
        wanted = self.rows("SELECT COUNT(*) FROM ledger_events WHERE type IN ('recording.viewed', 'recording.exported', 'recording.shared', 'recording.refused')")
        until(lambda: self.rows("SELECT COUNT(*) FROM watched_acts"), lambda judged: judged == wanted, "the looks are not judged")

    def happens(self):
        """Something is sealed at this time: by a clock alone no week ends."""
        self.ask("GET", "/api/v1/recordings", "captain", 200)

    def change(self, *statements):
        """In the catalog, behind everybody's back."""
        catalog = sqlite3.connect(self.town.data / "catalog.db")
        try:
            with catalog:
                for statement in statements:
                    catalog.execute(*([statement] if isinstance(statement, str) else statement))
        finally:
            catalog.close()

    def checks(self, case):
        self.town.stop()
        case.assertEqual(self.town.check_ledger(), (0, []))


def people(town):
    for login, role in (("boss", "administrator"), ("clerk", "records"), ("captain", "command"), ("auditor", "auditor"), ("ia", "internal_affairs"),
                        ("sergeant", "supervisor"), ("other", "supervisor"), ("union", "union"), ("keeper", "coordinator")):
        town.add(login, role)
    town.add("hill", "officer", badge="101")
    town.add("detective", "investigator", badge="102")
    town.add("reader", "investigator", badge="103")


class UnusualReading(unittest.TestCase):
    def town(self):
        town = Watched()
        self.addCleanup(town.__exit__)
        people(town)
        return town.start()

    def alerts(self, town, who="captain"):
        return town.ask("GET", "/api/v1/alerts", who, 200).json()["items"]

    def test_the_twentieth_look_is_an_alert_within_a_minute_though_nobody_asks(self):
        town = self.town()
        recordings = town.upload(20, wearer="101")
        for recording in recordings[:19]:
            town.view("detective", recording)
        town.move(MINUTE)  # of the ten that they have
        before = time.monotonic()
        town.view("detective", recordings[19])
        # By the ledger's own rows: a question to the server would be somebody who asks.
        (raised,) = until(lambda: town.events("alert.raised", town.ids["detective"]), why="nothing is raised")
        self.assertLessEqual(time.monotonic() - before, ALERT_WITHIN_S)
        looked = max(event["at"] for event in town.events("recording.viewed"))
        self.assertLessEqual((moment(raised["at"]) - moment(looked)).total_seconds(), ALERT_WITHIN_S)
        (alert,) = self.alerts(town)
        self.assertEqual(alert["id"], raised["alert"])
        self.assertLessEqual((moment(alert["at"]) - moment(looked)).total_seconds(), ALERT_WITHIN_S)

    def test_nineteen_are_none_twenty_are_one_and_the_reader_never_hears_of_it(self):
        town = self.town()
        recordings = town.upload(30, wearer="101")
        for recording in recordings[:19]:
            town.view("detective", recording)
        town.followed()
        self.assertEqual(self.alerts(town), [])
        town.view("detective", recordings[3])  # the same again is not another
        town.followed()
        self.assertEqual(self.alerts(town), [])
        town.view("detective", recordings[19])
        town.followed()
        (alert,) = self.alerts(town)
        self.assertEqual((alert["person"]["id"], alert["recordings"], alert["acknowledged"], alert["may_acknowledge"]),
                         (town.ids["detective"], 20, None, True))
        # Ten more are the same burst.
        for recording in recordings[20:]:
            town.view("detective", recording)
        town.followed()
        (again,) = self.alerts(town)
        self.assertEqual(again["id"], alert["id"])
        self.assertGreater(again["until"], alert["until"])
        (raised,) = town.events("alert.raised", town.ids["detective"])
        self.assertEqual((raised["alert"], raised["recordings"], raised["window_s"]), (alert["id"], 20, 600))

        # Who is told, and who is not. The reader gets what an id gets that there is none of.
        path = f"/api/v1/alerts/{alert['id']}"
        for who in ("captain", "auditor", "ia"):
            self.assertEqual([each["id"] for each in self.alerts(town, who)], [alert["id"]])
            self.assertEqual(len(town.ask("GET", path, who, 200).json()["looks"]), 31)
        for who in ("detective", "hill", "clerk", "boss", "union", "keeper"):
            town.ask("GET", "/api/v1/alerts", who, 403)
            town.ask("GET", path, who, 403)
        self.assertFalse(self.alerts(town, "auditor")[0]["may_acknowledge"])
        town.ask("POST", f"{path}/acknowledge", "auditor", 403, reason="x")

        # Of the recordings, a supervisor is named only those that they are shown.
        shown = {look["recording"] for look in town.ask("GET", path, "captain", 200).json()["looks"]}
        self.assertEqual(shown, set(recordings))

        for body, status in (({"reason": ""}, 400), ({"reason": "a\nb"}, 400), ({}, 400), ({"reason": 7}, 400)):
            answer = town.town.request("POST", f"{path}/acknowledge", town.tokens["captain"], body=json.dumps(body))
            self.assertEqual(answer.status, status, answer.body)
        settled = town.ask("POST", f"{path}/acknowledge", "captain", 200, reason="a search for a missing child").json()
        self.assertEqual((settled["acknowledged"]["by"]["id"], settled["acknowledged"]["reason"], settled["may_acknowledge"]),
                         (town.ids["captain"], "a search for a missing child", False))
        town.ask("POST", f"{path}/acknowledge", "ia", 409, reason="again")
        (said,) = town.events("alert.acknowledged", town.ids["detective"])
        self.assertEqual((said["alert"], said["reason"], said["actor"]), (alert["id"], "a search for a missing child", town.ids["captain"]))

        # What goes on after that is not what was settled: twenty more are another.
        for recording in recordings[:19]:
            town.view("detective", recording)
        town.followed()
        self.assertEqual([each["id"] for each in self.alerts(town)], [alert["id"]])
        town.view("detective", recordings[19])
        town.followed()
        fresh, settled = self.alerts(town)
        self.assertEqual((settled["id"], fresh["acknowledged"], fresh["recordings"]), (alert["id"], None, 20))
        looks = town.ask("GET", f"/api/v1/alerts/{fresh['id']}", "captain", 200).json()["looks"]
        self.assertEqual([look["recording"] for look in looks], recordings[:20])

        # A page at a time, what waits for somebody first.
        first = town.ask("GET", "/api/v1/alerts?limit=1", "captain", 200).json()
        rest = town.ask("GET", f"/api/v1/alerts?limit=1&cursor={first['next']}", "captain", 200).json()
        self.assertEqual(([each["id"] for each in first["items"] + rest["items"]], rest["next"]), ([fresh["id"], alert["id"]], None))
        for query in ("limit=0", "limit=201", "limit=x", "cursor=x", "cursor=0.1", "cursor=0.1.x", f"cursor=0.x.{'0' * 32}"):
            for kind in ("alerts", "digests"):
                town.ask("GET", f"/api/v1/{kind}?{query}", "captain", 400)
        town.checks(self)

    def test_whoever_could_see_alerts_is_not_told_of_their_own(self):
        town = self.town()
        for recording in town.upload(20, wearer="101"):
            town.view("captain", recording)
        town.followed()
        (alert,) = self.alerts(town, "auditor")
        self.assertEqual(self.alerts(town, "captain"), [])
        unknown = town.ask("GET", f"/api/v1/alerts/{'0' * 32}", "captain", 404).json()
        own = town.ask("GET", f"/api/v1/alerts/{alert['id']}", "captain", 404).json()
        self.assertEqual({**own, "instance": 0, "detail": own["detail"]}, {**unknown, "instance": 0})
        town.ask("POST", f"/api/v1/alerts/{alert['id']}/acknowledge", "captain", 404, reason="my own")
        town.checks(self)

    def test_twenty_over_eleven_minutes_are_none_and_twenty_refusals_are_one(self):
        town = self.town()
        recordings = town.upload(20, wearer="101")
        for recording in recordings:
            town.view("detective", recording)
            town.move(11 * MINUTE / 19)
        town.followed()
        self.assertEqual(self.alerts(town), [])
        # Wanting to is looking: nobody exports for training.
        for recording in recordings:
            town.ask("POST", f"/api/v1/recordings/{recording}/views", "reader", 403, purpose="training")
        town.followed()
        self.assertEqual([each["person"]["id"] for each in self.alerts(town)], [town.ids["reader"]])
        # Giving away is looking: one share of twenty.
        town.move(11 * MINUTE)
        for recording in recordings:
            town.ask("PATCH", f"/api/v1/recordings/{recording}", "captain", 200, inside_home=False, reason="the street")
        self.share(town, "detective", recordings, case="22-1")
        town.followed()
        (alert,) = [each for each in self.alerts(town) if each["person"]["id"] == town.ids["detective"]]
        looks = town.ask("GET", f"/api/v1/alerts/{alert['id']}", "captain", 200).json()["looks"]
        self.assertEqual([(look["act"], look["purpose"], look["tie"], look["case"], look["recording"]) for look in looks],
                         [("shared", "investigation", "unit", "22-1", recording) for recording in recordings])
        town.checks(self)

    def share(self, town, who, recordings, **terms):
        ends_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + town.clock.ahead_s + DAY))
        town.ask("POST", "/api/v1/shares", who, 201, kind="view", recipient="Dana Whitfield", purpose="investigation", ends_at=ends_at,
                 recordings=recordings, **terms)

    def test_an_incident_that_its_reader_gave_it_covers_nothing(self):
        town = self.town()
        town.ask("POST", "/api/v1/cases", "captain", 201, number="22-1187")
        town.assign("captain", "case", "detective", "22-1187")

        def looks(who, number, *setters):
            (recording,) = town.upload(1, wearer="101")
            for setter, incident in setters:
                town.ask("PATCH", f"/api/v1/recordings/{recording}", setter, 200, incident=incident, inside_home=False, reason="told by the test")
            town.view(who, recording, purpose="investigation", case=number, inside_home=False)
            return recording
        # Whoever said it last decides; and what is said afterwards comes too late.
        given = {looks(who, number, *setters): tie for tie, who, number, *setters in (
            ("named", "reader", "24-1", ("clerk", "24-1")),
            ("named", "reader", "24-1", ("reader", "24-7"), ("clerk", "24-1")),
            ("unit", "reader", "24-1", ("clerk", "24-7"), ("clerk", ""), ("reader", "24-1")),
            ("case", "detective", "22-1187", ("clerk", "22-1187")),
            ("unit", "detective", "22-1187", ("detective", "22-1187")))}
        later = looks("ia", "24-1")
        town.ask("PATCH", f"/api/v1/recordings/{later}", "clerk", 200, incident="24-1", reason="told by the test")
        town.followed()
        self.assertEqual(dict(town.rows("SELECT recording, tie FROM watched_acts")), {**given, later: "unit"})
        for n in range(19):
            looks("reader", "24-2", ("reader", "24-2"))
        town.followed()
        self.assertEqual([each["person"]["id"] for each in self.alerts(town)], [town.ids["reader"]])
        town.checks(self)

    def test_twenty_of_ones_own_or_of_one_case_are_none(self):
        town = self.town()
        own = town.upload(21, wearer="101")
        for recording in own:
            town.view("hill", recording, purpose="own_recording")
        town.ask("POST", "/api/v1/cases", "captain", 201, number="22-1187")
        town.assign("captain", "case", "detective", "22-1187")
        of_case = town.upload(21, wearer="101", incident="22-1187")
        for recording in of_case:
            town.view("detective", recording, purpose="investigation", case="22-1187")
        self.share(town, "detective", of_case, case="22-1187")
        # An incident that Lapel has no case for, named as the case: one purpose. Each its own: none.
        for recording in town.upload(21, incident="22-7"):
            town.view("reader", recording, purpose="investigation", case="22-7")
        town.followed()
        self.assertEqual(self.alerts(town), [])
        for number in range(20):
            (recording,) = town.upload(1, incident=f"23-{number}")
            town.view("reader", recording, purpose="investigation", case=f"23-{number}")
        town.followed()
        self.assertEqual([each["person"]["id"] for each in self.alerts(town)], [town.ids["reader"]])
        # Naming a case that one does not work on covers nothing.
        for recording in of_case[:20]:
            town.view("ia", recording, purpose="investigation", case="22-1187", inside_home=False)
        town.followed()
        self.assertEqual({each["person"]["id"] for each in self.alerts(town)}, {town.ids["reader"], town.ids["ia"]})
        town.checks(self)

    def test_a_server_that_is_killed_in_between_loses_no_look_and_a_burst_has_one_alert(self):
        town = self.town()
        recordings = town.upload(40, wearer="101")
        for number, recording in enumerate(recordings):
            town.view("detective", recording)
            if number in (5, 18, 19, 30):
                town.town.kill()
                town.town.start()
        town.followed()
        (alert,) = self.alerts(town)
        self.assertEqual(alert["recordings"], 20)
        self.assertEqual(len(town.events("alert.raised")), 1)
        # After a rest, a further one is another.
        town.move(30 * MINUTE)
        for recording in recordings[:20]:
            town.view("detective", recording)
        town.followed()
        self.assertEqual(len(self.alerts(town)), 2)
        town.checks(self)

    def test_a_supervisor_hears_of_their_own_unit(self):
        town = self.town()
        for name in ("Night", "Day"):
            town.ask("POST", "/api/v1/units", "boss", 201, name=name)
        town.assign("boss", "unit", "detective", "Night")
        town.assign("boss", "unit", "hill", "Day")
        town.assign("boss", "unit_supervisor", "sergeant", "Night")
        town.assign("boss", "unit_supervisor", "other", "Day")
        recordings = town.upload(20, wearer="101")
        for recording in recordings:
            town.view("detective", recording, purpose="investigation", case="22-1", inside_home=False)
        town.followed()
        (alert,) = self.alerts(town, "sergeant")
        path = f"/api/v1/alerts/{alert['id']}"
        self.assertEqual(self.alerts(town, "other"), [])
        town.ask("GET", path, "other", 404)
        town.ask("POST", f"{path}/acknowledge", "other", 404, reason="not mine")
        # The recordings are of another unit: that there were looks is told, at which recordings is not.
        looks = town.ask("GET", path, "sergeant", 200).json()["looks"]
        self.assertEqual([sorted(look.items()) for look in looks],
                         [[("act", "viewed"), ("at", look["at"]), ("case", None), ("purpose", None), ("recording", None), ("tie", None)] for look in looks])
        self.assertEqual({look["recording"] for look in town.ask("GET", path, "captain", 200).json()["looks"]}, set(recordings))
        town.ask("POST", f"{path}/acknowledge", "sergeant", 200, reason="asked; a training list")
        town.checks(self)

    def test_a_row_that_the_ledger_does_not_know_is_found(self):
        town = self.town()
        recordings = town.upload(20, wearer="101")
        with town.clock.standing_still():  # looks at one time are told apart all the same
            for recording in recordings:
                town.view("detective", recording)
        town.followed()
        town.town.stop()

        def faults(*statements):
            town.change(*statements)
            code, told = town.town.check_ledger()
            self.assertEqual(code, 6 if told else 0)
            return sorted(fault.split(" ")[0] for fault in told)
        self.assertEqual(faults("UPDATE alerts SET reason = 'nothing to see', acknowledged_by = person, acknowledged_us = at_us"), ["alert"] * 2)
        self.assertEqual(faults("UPDATE alerts SET reason = NULL, acknowledged_by = NULL, acknowledged_us = NULL"), [])
        for column in ("from_us", "at_us", "until_us", "from_leaf", "at_leaf", "until_leaf"):  # by less than what the event of it keeps
            self.assertEqual(set(faults(f"UPDATE alerts SET {column} = {column} + 1")), {"alert"}, column)
            self.assertEqual(faults(f"UPDATE alerts SET {column} = {column} - 1"), [])
        looks = [leaf for (leaf,) in town.rows("SELECT leaf_index FROM watched_acts ORDER BY leaf_index")]
        self.assertEqual(len(faults(f"UPDATE alerts SET from_leaf = {looks[1]}")), 1)
        self.assertEqual(faults(f"UPDATE alerts SET from_leaf = {looks[0]}"), [])
        # A look at another time: both sides of it are told.
        look = f"WHERE leaf_index = {looks[1]}"
        self.assertEqual(faults(f"UPDATE watched_acts SET at_us = at_us + 1 {look}"), ["look"] * 2)
        self.assertEqual(faults(f"UPDATE watched_acts SET at_us = at_us - 1 {look}"), [])
        # Where no event can be: before the first leaf, and behind the last event.
        for place in ("-1 - leaf_index", "leaf_index + 1000000"):
            self.assertEqual(faults("INSERT INTO watched_acts (agency, leaf_index, person, recording, at_us, act, tie, purpose, case_number) SELECT agency, "
                                    f"{place}, person, recording, at_us, act, tie, purpose, case_number FROM watched_acts {look}"), ["watched_acts:"], place)
            self.assertEqual(faults("DELETE FROM watched_acts WHERE leaf_index < 0 OR leaf_index > 1000000"), [])

        # A mark too far back: it is told by the check, and by the server, which judges nothing before it is put right.
        mark = town.rows("SELECT leaf_index FROM watch_marks")[0][0]
        self.assertEqual(faults("UPDATE watch_marks SET leaf_index = -1"), ["look"] * 20)
        town.town.start()
        ready = until(lambda: town.town.request("GET", "/readyz").json(), lambda ready: ready["oversight"] == "behind")
        self.assertEqual((ready["ready"], ready["reasons"][-1].split(":")[0]), (True, "oversight"))
        town.change(("UPDATE watch_marks SET leaf_index = ?", (mark,)))
        ready = until(lambda: town.town.request("GET", "/readyz").json(), lambda ready: ready["oversight"] == "ok")
        self.assertFalse(any(reason.startswith("oversight") for reason in ready["reasons"]))
        town.checks(self)
        self.assertEqual(faults((f"UPDATE watched_acts SET person = ? {look}", (town.ids["hill"],))), ["look"] * 2)
        self.assertEqual(faults(f"DELETE FROM watched_acts {look}"), ["look"])


class WeeklyDigests(unittest.TestCase):
    def test_each_supervisor_reads_and_signs_a_week_of_their_unit(self):
        with Watched() as town:
            people(town)
            town.start()
            self.fill(town)
            town.followed()
            for who in ("sergeant", "captain"):
                self.assertEqual(town.ask("GET", "/api/v1/digests", who, 200).json()["items"], [])  # no week has ended
            town.clock.into_next_week()
            town.happens()
            until(lambda: town.events("digest.made"), lambda made: len(made) >= 3)
            self.read(town)
            self.sign(town)
            town.checks(self)
            self.changed(town)

    def fill(self, town):
        town.ask("POST", "/api/v1/units", "boss", 201, name="Night")
        for login in ("hill", "detective", "captain"):
            town.assign("boss", "unit", login, "Night")
        town.assign("boss", "unit_supervisor", "sergeant", "Night")
        own = town.upload(1, wearer="101")[0]
        strays = town.upload(3)
        town.view("hill", own, purpose="own_recording")
        for recording in (own, own, strays[0]):
            town.view("detective", recording)
        elsewhere = town.upload(1, wearer="103")[0]
        town.view("detective", elsewhere, purpose="investigation", case="22-1", inside_home=False)
        town.view("detective", own, 403, purpose="training")
        town.ask("POST", f"/api/v1/recordings/{own}/exports", "detective", 201, purpose="discovery")
        town.view("reader", own)
        for recording in town.upload(20, wearer="103"):
            town.view("captain", recording)
        town.ask("PATCH", f"/api/v1/recordings/{own}", "captain", 200, inside_home=False, reason="the street")
        town.ask("POST", "/api/v1/shares", "detective", 201, kind="discovery", recipient="Dana Whitfield", purpose="discovery", case="22-1",
                 recordings=[own, elsewhere])
        for login in ("hill", "captain"):
            run(BIN / "lapel", "user", "reset-mfa", "--data", town.town.data, "--login", login)
        # Who has left before the week ended stands in it, whether or not they looked at anything.
        for login in ("reader", "union"):
            town.ask("POST", f"/api/v1/people/{login}/active", "boss", 200, active=False, reason="left")

    def digest(self, town, who, reader=None):
        items = town.ask("GET", "/api/v1/digests", who, 200).json()["items"]
        items = [each for each in items if each["reader"]["id"] == town.ids[reader or who]]
        return town.ask("GET", f"/api/v1/digests/{items[-1]['id']}", who, 200).json()

    def read(self, town):
        made = self.digest(town, "sergeant")
        content = made["content"]
        by_person = {each["person"]: each for each in content["people"]}
        nothing = {"viewed": {}, "recordings": 0, "exported": 0, "shared": 0, "refused": 0, "outside": 0, "late": 0}
        self.assertEqual(by_person, {town.ids[login]: {**nothing, "person": town.ids[login], **counts} for login, counts in (
            ("hill", {"viewed": {"own_recording": 1}, "recordings": 1}),
            ("detective", {"viewed": {"review": 3, "investigation": 1}, "recordings": 3, "exported": 1, "shared": 2, "refused": 1, "outside": 2}),
            ("captain", {"viewed": {"review": 20}, "recordings": 20, "outside": 20}))})
        self.assertEqual((content["members"], [unit["name"] for unit in content["units"]]), (3, ["Night"]))
        self.assertEqual([alert["person"] for alert in content["alerts"]], [town.ids["captain"]])
        self.assertEqual(content["unattributed"], {"received": 3, "open": 3})
        self.assertEqual(sorted((act["event"], act["person"]) for act in content["console"]), sorted(("factors_reset", town.ids[login]) for login in ("hill", "captain")))
        self.assertEqual({each["id"] for each in made["names"]}, {town.ids[login] for login in ("hill", "detective", "captain")})
        # To whom it is partly about nothing of that is shown, and no hash by which they could tell.
        partly = self.digest(town, "captain", "sergeant")
        self.assertNotIn(town.ids["captain"], json.dumps({**partly, "reader": None}))
        self.assertEqual(([len(partly["content"][part]) for part in ("people", "alerts", "console")], partly["sha256"]), ([2, 0, 1], None))
        self.assertEqual(self.digest(town, "auditor", "sergeant"), {**made, "sha256": None, "may_sign": False})
        begun, ended = made["from"], made["to"]
        self.assertEqual((time.strptime(begun[:19], "%Y-%m-%dT%H:%M:%S").tm_wday, begun[10:], ended[10:]), (0, "T00:00:00.00Z", "T00:00:00.00Z"))
        # Who is in no unit is in that of the supervisor without one; and who is in no supervisor's, in command's.
        others = self.digest(town, "other")["content"]
        self.assertEqual(({each["person"] for each in others["people"]}, others["members"]), ({town.ids["reader"]}, 8))
        command = self.digest(town, "captain")
        self.assertEqual(command["content"]["people"], [])
        self.assertEqual(command["content"]["members"], 2)  # the two supervisors
        # Whose words they are: those that were sealed.
        self.assertEqual({event["sha256"] for event in town.events("digest.made")}, {row[0] for row in town.rows("SELECT sha256 FROM digests")})
        for content, digest in town.rows("SELECT content, sha256 FROM digests"):
            self.assertEqual(sha256(content.encode()), digest)

    def sign(self, town):
        made = self.digest(town, "sergeant")
        path = f"/api/v1/digests/{made['id']}"
        self.assertTrue(made["may_sign"])
        town.ask("GET", path, "other", 404)  # another supervisor's is not there
        town.ask("POST", f"{path}/sign", "other", 404, note="x")
        for who in ("captain", "auditor", "ia"):
            self.assertFalse(town.ask("GET", path, who, 200).json()["may_sign"])
            town.ask("POST", f"{path}/sign", who, 403, note="x")
        for who in ("hill", "clerk", "boss", "keeper", "detective"):
            town.ask("GET", "/api/v1/digests", who, 403)
            town.ask("GET", path, who, 403)
        overdue = [each["overdue"] for each in town.ask("GET", "/api/v1/digests", "captain", 200).json()["items"]]
        self.assertNotIn(True, overdue)
        town.move(7 * DAY)
        overdue = [each for each in town.ask("GET", "/api/v1/digests", "captain", 200).json()["items"] if each["overdue"]]
        self.assertIn(made["id"], {each["id"] for each in overdue})
        signed = town.ask("POST", f"{path}/sign", "sergeant", 200, note="talked to the detective").json()
        self.assertFalse(signed["overdue"] or signed["may_sign"])
        town.ask("POST", f"{path}/sign", "sergeant", 409, note="again")
        (event,) = town.events("digest.signed", town.ids["sergeant"])
        self.assertEqual((event["digest"], event["sha256"], event["note"]), (made["id"], made["sha256"], "talked to the detective"))
        self.assertEqual(self.digest(town, "sergeant")["content"], made["content"])

    def changed(self, town):
        for statement, told in (("UPDATE digests SET content = replace(content, '\"refused\":1', '\"refused\":0') WHERE content LIKE '%\"refused\":1%'", ["digest"] * 2),
                                ("UPDATE digests SET content = replace(content, '\"refused\":0,\"shared\":2', '\"refused\":1,\"shared\":2')", []),
                                ("UPDATE digest_weeks SET leaf_index = leaf_index + 1 WHERE from_us = (SELECT MIN(from_us) FROM digest_weeks)", ["week"])):
            town.change(statement)
            code, faults = town.town.check_ledger()
            self.assertEqual((code, sorted(fault.split(" ")[0] for fault in faults)), (6 if told else 0, told), faults)

    def test_a_clock_that_ran_ahead_loses_no_look(self):
        with Watched() as town:
            people(town)
            town.start()
            week = 7 * DAY
            town.clock.into_next_week()
            films = town.upload(4)

            def looks(counts):
                """At one more recording. What the newest digest of that many says of the reader, when all of them are there."""
                town.happens()
                town.followed()
                items = until(lambda: town.ask("GET", "/api/v1/digests?limit=200", "sergeant", 200).json()["items"], lambda items: len(items) == counts)
                made = max(town.rows("SELECT leaf_index, from_us FROM digest_weeks"))[1] // 1_000_000
                (shown,) = [each for each in items if each["from"] == time.strftime("%Y-%m-%dT%H:%M:%S.00Z", time.gmtime(made))]
                content = town.ask("GET", f"/api/v1/digests/{shown['id']}", "sergeant", 200).json()["content"]
                return [(each["viewed"], each["late"]) for each in content["people"] if each["person"] == town.ids["detective"]]
            self.assertEqual(looks(1), [])  # that of this week has ended
            town.view("detective", films[0])
            town.move(10 * week)
            town.view("detective", films[1])
            self.assertEqual(looks(1 + 8), [])  # as many weeks as are made up for
            town.move(-10 * week)
            town.view("detective", films[2])
            town.move(week)
            # Of the week itself, and the one that would have to be waited for.
            self.assertEqual(looks(1 + 8 + 1), [({"review": 3}, 1)])
            town.move(-week)
            town.view("detective", films[3])
            town.move(2 * week)
            self.assertEqual(looks(1 + 8 + 2), [({"review": 1}, 1)])
            town.checks(self)


class Reviews(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = town = Watched()
        cls.addClassCleanup(town.__exit__)
        town.town.second_factor("optional")
        people(town)
        town.start()

    def test_a_who_has_access(self):
        town = self.w
        town.ask("POST", "/api/v1/cases", "captain", 201, number="22-1")
        town.assign("captain", "case", "detective", "22-1")
        town.assign("captain", "clearance", "reader", "minor")
        town.ask("POST", "/api/v1/assignments", "ia", 201, kind="investigation", person="hill")
        boss = Browser(town.town)
        boss.sign_in("boss")
        boss.enroll_app()
        boss.ask("POST", "/api/v1/people/keeper/roles", {"roles": ["coordinator", "auditor"], "reason": "stands in"}, 200)
        town.town.token("clerk", "list", "upload")
        browser = Browser(town.town)
        browser.sign_in("clerk")
        browser.enroll_app()
        for who in ("boss", "auditor", "captain"):
            review = town.ask("GET", "/api/v1/access-review", who, 200).json()
            rows = {each["login"]: each for each in review["items"]}
            self.assertEqual(set(rows), {*town.tokens, "chief"})
            self.assertEqual(rows["clerk"]["factors"], ["totp"])
            self.assertEqual([token["scopes"] for token in rows["clerk"]["tokens"]], [None, ["upload", "list"]])
            self.assertEqual((rows["keeper"]["roles"], rows["keeper"]["roles_by"]), (["coordinator", "auditor"], "boss"))
            self.assertEqual((rows["clerk"]["roles_by"], rows["clerk"]["idle"]), ("server console", False))
            self.assertIsNotNone(rows["clerk"]["last_day"])
            self.assertEqual((rows["chief"]["never_here"], rows["union"]["never_here"]), (True, True))
            self.assertEqual(rows["detective"]["cases"], None if who == "boss" else ["22-1"])
            self.assertEqual(rows["reader"]["clearances"], None if who == "boss" else ["minor"])
            self.assertNotIn("investigation", json.dumps(review))
        for who in ("clerk", "hill", "ia", "sergeant", "union", "detective"):
            town.ask("GET", "/api/v1/access-review", who, 403)
            town.ask("POST", "/api/v1/access-review/sign", who, 403, sha256="0" * 64)
        answer = town.ask("GET", "/api/v1/access-review?format=csv", "auditor", 200)
        self.assertTrue(answer.headers["Content-Type"].startswith("text/csv"))
        table = {row["login"]: row for row in csv.DictReader(io.StringIO(answer.body.decode(), newline=""))}
        self.assertEqual((table["keeper"]["roles"], table["reader"]["clearances"], table["chief"]["flag"]), ("coordinator; auditor", "minor", "never signed in"))
        town.ask("GET", "/api/v1/access-review?format=xlsx", "auditor", 400)
        said = run(BIN / "lapel", "person", "review", "--server", town.town.url, env={"LAPEL_TOKEN": town.tokens["auditor"]}).stdout
        self.assertRegex(said, r"(?m)^chief .*never signed in")
        self.assertEqual(json.loads(run(BIN / "lapel", "person", "review", "--json", "--server", town.town.url,
                                        env={"LAPEL_TOKEN": town.tokens["auditor"]}).stdout)["sha256"],
                         town.ask("GET", "/api/v1/access-review", "auditor").json()["sha256"])

    def test_b_signed_as_it_was_looked_at(self):
        town = self.w
        looked = town.ask("GET", "/api/v1/access-review", "auditor", 200).json()
        self.assertIsNone(looked["last_signed"])
        town.ask("POST", "/api/v1/people/union/active", "boss", 200, active=False, reason="left")
        town.ask("POST", "/api/v1/access-review/sign", "auditor", 409, sha256=looked["sha256"])
        looked = town.ask("GET", "/api/v1/access-review", "auditor", 200).json()
        town.ask("POST", "/api/v1/access-review/sign", "auditor", 204, sha256=looked["sha256"], note="second quarter")
        signed = town.ask("GET", "/api/v1/access-review", "captain", 200).json()["last_signed"]
        self.assertEqual((signed["by"], signed["note"], signed["people"]), ("auditor", "second quarter", len(looked["items"])))
        (event,) = town.events("access.reviewed", town.ids["auditor"])
        self.assertEqual((event["sha256"], event["people"]), (looked["sha256"], len(looked["items"])))

    def test_c_idle_after_ninety_days(self):
        town = self.w
        town.move(89 * DAY)
        town.ask("GET", "/api/v1/people", "boss", 200)  # here on this day
        rows = {each["login"]: each for each in town.ask("GET", "/api/v1/access-review", "boss", 200).json()["items"]}
        self.assertEqual((rows["detective"]["idle"], rows["boss"]["idle"]), (False, False))
        town.town.stop()
        catalog = sqlite3.connect(town.town.data / "catalog.db")
        with catalog:  # the tokens of this test end after ninety days
            catalog.execute("UPDATE tokens SET expires_us = expires_us + 10000000000000")
        catalog.close()
        town.town.start()
        town.move(2 * DAY)
        rows = {each["login"]: each for each in town.ask("GET", "/api/v1/access-review", "boss", 200).json()["items"]}
        self.assertEqual((rows["detective"]["idle"], rows["boss"]["idle"], rows["chief"]["idle"]), (True, False, False))
        self.assertFalse(rows["union"]["idle"])  # who has left is not idle
        with sqlite3.connect(town.town.data / "catalog.db", timeout=60) as catalog:  # as the ledger says
            catalog.execute("UPDATE tokens SET expires_us = expires_us - 10000000000000")
        catalog.close()
        town.checks(self)


class AsAnotherSees(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = town = Watched()
        cls.addClassCleanup(town.__exit__)
        people(town)
        town.add("wearer", "officer", "administrator", badge="104")
        town.add("inspector", "internal_affairs", "auditor")
        town.start()
        cls.own = town.upload(3, wearer="101")
        cls.others = town.upload(2, wearer="104")
        cls.locked = town.upload(1, wearer="101")[0]
        town.ask("PATCH", f"/api/v1/recordings/{cls.locked}", "clerk", 200, restriction="minor", reason="told by the test")

    def seen(self, who, person, query=""):
        return self.w.ask("GET", f"/api/v1/people/{person}/recordings{query}", who, 200).json()

    def test_the_list_is_theirs_and_the_rows_are_those_that_both_may_see(self):
        town = self.w
        listed = [each["id"] for each in town.ask("GET", "/api/v1/recordings", "hill", 200).json()["items"]]
        self.assertEqual(set(listed), set(self.own))
        for who in ("captain", "auditor"):
            seen = self.seen(who, "hill")
            self.assertEqual(([each["id"] for each in seen["items"]], seen["total"], seen["hidden"], seen["next"]), (listed, 3, 0, None))
            rights = {(right["action"], right["purpose"]): right["answer"] for right in seen["items"][0]["rights"]}
            self.assertEqual((rights["view", "own_recording"], rights["view", "review"], rights["restrict", None]), ("allow", "refuse", "refuse"))
            for each in seen["items"]:  # each answer is what they get
                answer = town.ask("POST", f"/api/v1/recordings/{each['id']}/views", "hill", None, purpose="own_recording")
                self.assertEqual(answer.status, 201)

    def test_an_administrator_gains_no_row_by_it(self):
        town = self.w
        town.ask("GET", "/api/v1/recordings", "boss", 403)
        for person, total in (("hill", 3), ("captain", 6), ("union", 0)):
            seen = self.seen("boss", person)
            self.assertEqual((seen["items"], seen["total"], seen["hidden"]), ([], total, total))

    def test_what_is_not_theirs_is_one_number_and_takes_no_place(self):
        answer = self.w.ask("GET", "/api/v1/people/captain/recordings?limit=1", "boss", 200).body.decode()
        for recording in (*self.own, *self.others, self.locked):
            self.assertNotIn(recording, answer)
        seen = json.loads(answer)
        self.assertEqual((seen["total"], seen["hidden"], seen["next"]), (6, 6, None))
        # Who is shown some of them is told of each page what they are told of every other.
        cursor, items = "", []
        while cursor is not None:
            seen = self.seen("wearer", "captain", f"?limit=1&cursor={cursor}")
            self.assertEqual((seen["total"], seen["hidden"], len(seen["items"])), (6, 4, 1))
            items += [each["id"] for each in seen["items"]]
            cursor = seen["next"]
        self.assertEqual(sorted(items), sorted(self.others))

    def test_what_somebody_was_cleared_for_shows_in_what_they_may_do(self):
        town = self.w
        self.assertIn(self.locked, {each["id"] for each in self.seen("captain", "clerk")["items"]})  # command sees the row, by its own right
        town.assign("captain", "clearance", "detective", "minor")
        before = self.seen("auditor", "detective")
        rights = {(right["action"], right["purpose"]): right["answer"] for each in before["items"] if each["id"] == self.locked for right in each["rights"]}
        self.assertEqual(rights["view", "review"], "allow")

    def test_pages_and_refusals(self):
        town = self.w
        first = self.seen("auditor", "captain", "?limit=4")
        rest = self.seen("auditor", "captain", f"?limit=4&cursor={first['next']}")
        self.assertEqual((len(first["items"]), len(rest["items"]), rest["next"]), (4, 2, None))
        self.assertEqual(len({each["id"] for each in first["items"] + rest["items"]}), 6)
        for query in ("?limit=0", "?limit=201", "?limit=x", "?cursor=x", "?cursor=0", "?cursor=-1", "?cursor=4x", "?cursor=99999"):
            town.ask("GET", f"/api/v1/people/captain/recordings{query}", "auditor", 400)
        for who in ("clerk", "hill", "sergeant", "ia", "union"):
            answers = [town.ask("GET", f"/api/v1/people/{person}/recordings", who) for person in ("captain", "nobody", "0" * 32)]
            self.assertEqual([(answer.status, answer.json()["detail"]) for answer in answers], [(403, answers[0].json()["detail"])] * 3)
        town.ask("GET", "/api/v1/people/nobody/recordings", "auditor", 404)
        town.ask("GET", f"/api/v1/people/{'0' * 32}/recordings", "auditor", 404)
        self.assertEqual(self.seen("hill", "hill")["total"], 3)  # everybody may know what they may do

    def test_zy_nobody_learns_by_it_who_is_investigated(self):
        town = self.w

        def may(who):
            item = self.seen(who, "wearer")["items"][0]
            self.assertIn(item["id"], self.others)
            return {(right["action"], right["purpose"]): right["answer"] for right in item["rights"]}["view", "own_recording"]
        self.assertEqual([may(who) for who in ("captain", "auditor", "wearer")], ["allow"] * 3)
        town.ask("POST", "/api/v1/assignments", "ia", 201, kind="investigation", person="wearer")
        self.assertEqual([may(who) for who in ("captain", "auditor")], ["allow"] * 2)
        # It is told to whoever may say it; and to themselves what they are answered.
        town.view("wearer", self.others[0], 403, purpose="own_recording")
        self.assertEqual([may(who) for who in ("wearer", "inspector")], ["refuse"] * 2)

    def test_zz_each_use_is_in_the_chains_of_both(self):
        town = self.w
        before = len(town.events("list.viewed_as", town.ids["wearer"]))
        self.seen("auditor", "wearer")
        said = town.events("list.viewed_as", town.ids["wearer"])[before:]
        self.assertEqual([(event["actor"], event["items"]) for event in said], [(town.ids["auditor"], 2)])
        own = town.events("list.viewed_as", town.ids["auditor"])[-1]
        self.assertEqual((own["act"], own["person"], own["items"]), (said[0]["act"], town.ids["wearer"], 2))
        town.ask("POST", "/api/v1/people/wearer/active", "boss", 200, active=False, reason="left")
        town.ask("GET", "/api/v1/people/wearer/recordings", "auditor", 409)
        town.checks(self)


class OnPostgres(unittest.TestCase):
    def test_the_same_there(self):
        with PrivatePostgres() as postgres, Watched(database=postgres.new_database()) as town:
            people(town)
            town.start()
            town.ask("POST", "/api/v1/units", "boss", 201, name="Night")
            town.assign("boss", "unit", "detective", "Night")
            town.assign("boss", "unit_supervisor", "sergeant", "Night")
            recordings = town.upload(20, wearer="101") + town.upload(1)
            for recording in recordings[:20]:
                town.view("detective", recording)

            def listed(path, who):
                return until(lambda: town.ask("GET", path, who, 200).json()["items"])
            (alert,) = listed("/api/v1/alerts", "sergeant")
            self.assertEqual(len(town.ask("GET", f"/api/v1/alerts/{alert['id']}", "captain", 200).json()["looks"]), 20)
            self.assertEqual(town.ask("GET", "/api/v1/alerts", "other", 200).json()["items"], [])
            town.ask("POST", f"/api/v1/alerts/{alert['id']}/acknowledge", "sergeant", 200, reason="asked")
            self.assertEqual([day["open"] for day in listed("/api/v1/unattributed", "sergeant")], [1])
            self.assertEqual(town.ask("GET", "/api/v1/people/hill/recordings", "auditor", 200).json()["total"], 20)
            self.assertEqual(town.ask("GET", "/api/v1/people/sergeant/recordings", "boss", 200).json()["total"], 1)
            review = town.ask("GET", "/api/v1/access-review", "captain", 200).json()
            town.ask("POST", "/api/v1/access-review/sign", "captain", 204, sha256=review["sha256"])
            town.clock.into_next_week()
            town.happens()
            digest = listed("/api/v1/digests", "sergeant")[0]
            content = town.ask("GET", f"/api/v1/digests/{digest['id']}", "sergeant", 200).json()["content"]
            self.assertEqual([each["viewed"] for each in content["people"]], [{"review": 20}])
            self.assertEqual((len(content["alerts"]), content["unattributed"]), (1, {"received": 1, "open": 1}))
            town.ask("POST", f"/api/v1/digests/{digest['id']}/sign", "sergeant", 200, note="read")
            town.checks(self)

    def test_two_servers_judge_a_look_once(self):
        with PrivatePostgres() as postgres, Watched(database=postgres.new_database()) as town:
            people(town)
            town.start()
            second = town.town.beside().start()
            try:
                recordings = town.upload(60, wearer="101")
                with concurrent.futures.ThreadPoolExecutor(4) as pool:
                    def look(number):
                        server = (town.town, second)[number % 2]
                        return server.request("POST", f"/api/v1/recordings/{recordings[number]}/views", town.tokens[("detective", "reader")[number % 4 // 2]],
                                              body=json.dumps({"purpose": "review"})).status
                    self.assertEqual(set(pool.map(look, range(60))), {201})
                items = until(lambda: town.ask("GET", "/api/v1/alerts", "captain", 200).json()["items"], lambda items: len(items) >= 2)
                self.assertEqual(sorted(each["person"]["id"] for each in items), sorted([town.ids["detective"], town.ids["reader"]]))
                # Each has judged all of them by the end of the week, and made it once.
                town.clock.into_next_week()
                town.happens()
                digests = until(lambda: town.ask("GET", "/api/v1/digests", "captain", 200).json()["items"])
                self.assertEqual(len({(each["reader"]["id"], each["from"]) for each in digests}), len(digests))
            finally:
                second.stop()
            self.assertEqual(len(town.ask("GET", "/api/v1/alerts", "captain", 200).json()["items"]), 2)
            town.checks(self)


class Unattributed(unittest.TestCase):
    def test_by_the_day_for_those_who_see_them(self):
        with Watched() as town:
            people(town)
            town.start()
            first = town.upload(2)
            town.move(DAY)
            second = town.upload(1)
            town.upload(1, wearer="101")
            for who in ("keeper", "sergeant", "captain", "clerk"):
                days = town.ask("GET", "/api/v1/unattributed", who, 200).json()["items"]
                self.assertEqual([day["open"] for day in days], [1, 2])
                listed = town.ask("GET", f"/api/v1/recordings?unattributed=true&received_from={days[0]['day']}", who, 200).json()["items"]
                self.assertEqual([each["id"] for each in listed], second)
                listed = town.ask("GET", f"/api/v1/recordings?unattributed=true&received_to={days[0]['day']}", who, 200).json()["items"]
                self.assertEqual({each["id"] for each in listed}, set(first))
            self.assertEqual(town.ask("GET", "/api/v1/unattributed", "hill", 200).json()["items"], [])
            for who in ("boss", "union"):
                town.ask("GET", "/api/v1/unattributed", who, 403)
            town.ask("PATCH", f"/api/v1/recordings/{first[0]}", "keeper", 200, assigned_officer=town.ids["hill"], reason="worn by hill")
            self.assertEqual([day["open"] for day in town.ask("GET", "/api/v1/unattributed", "keeper", 200).json()["items"]], [1, 1])
            said = run(BIN / "lapel", "recording", "list", "--unattributed", "--json", "--server", town.town.url, env={"LAPEL_TOKEN": town.tokens["keeper"]})
            self.assertEqual({each["id"] for each in json.loads(said.stdout)["items"]}, {first[1], *second})
            town.checks(self)


if __name__ == "__main__":
    unittest.main()
