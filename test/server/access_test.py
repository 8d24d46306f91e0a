# SPDX-License-Identifier: Apache-2.0
"""Who may see what, on a real server: the facts that it stands on, the doors beside the front one, and the list, which must hold
exactly what its asker is shown one by one."""
import base64
import concurrent.futures
import contextlib
import datetime
import json
import os
import pathlib
import sqlite3
import unittest

from harness import BIN, ROOT, Town, TownCase, run, until
from signing_in import Fresh, takes_a_person

FILM = (ROOT / "test/data/video/androidx+media/libraries/test_data/src/test/assets/media/mp4/sample_portrait.mp4").read_bytes()
ROLES = ("officer", "supervisor", "command", "investigator", "internal_affairs", "coordinator", "records", "da_liaison", "counsel",
         "auditor", "union", "program_manager", "approver", "administrator")
PURPOSES = ("investigation", "review", "discovery", "records_request", "training", "own_recording")


class Agency:
    """A town with one person of each role, and a few more."""

    def __init__(self, town):
        self.town = town
        self.tokens = {role: town.add_user(role, role, badge=str(100 + i)) for i, role in enumerate(ROLES)}
        self.ids, self.fresh = {}, Fresh(town)

    def add(self, login, *roles, badge=None):
        self.tokens[login] = self.town.add_user(login, *roles, badge=badge)

    def learn(self):
        page = self.ask("GET", "/api/v1/people", "administrator").json()
        self.ids = {person["login"]: person["id"] for person in page["items"]}

    def ask(self, method, path, who, wanted=None, **body):
        if takes_a_person(method, path, body):
            answer = self.fresh(who).ask(method, path, body)
        else:
            answer = self.town.request(method, path, self.tokens[who], body=json.dumps(body) if body else None)
        if wanted is not None and answer.status != wanted:
            raise AssertionError(f"{method} {path} as {who}: {answer.status} {answer.body[:300]!r}")
        return answer

    def begin(self, who, kind, person, target="", wanted=201, **more):
        return self.ask("POST", "/api/v1/assignments", who, wanted, kind=kind, person=person, target=target, **more).json()

    def end(self, who, assignment, wanted=200, **more):
        """A clearance, or an investigation."""
        return self.fresh(who).ask("POST", f"/api/v1/assignments/{assignment['id']}/end", more, wanted).json()

    def upload(self, **values):
        state = self.town.upload(self.tokens["records"], FILM, filename="a.mp4", **values)
        return state["recording"]

    def change(self, who, recording, wanted=200, **fields):
        return self.ask("PATCH", f"/api/v1/recordings/{recording}", who, wanted, **{"reason": "told by the test", **fields})

    def act(self, who, path, status):
        """By whoever is signed in and has just shown a second factor."""
        return self.fresh(who).ask("POST", path, {"reason": "told by the test"}, status).json()

    def unrestrict(self, recording, proposer, decider):
        made = self.act(proposer, f"/api/v1/recordings/{recording}/unrestrict", 201)
        self.act(decider, f"/api/v1/proposals/{made['id']}/approve", 200)

    def view(self, who, recording, purpose, **more):
        return self.ask("POST", f"/api/v1/recordings/{recording}/views", who, None, purpose=purpose, **more)

    def listed(self, who, query=""):
        answer = self.ask("GET", f"/api/v1/recordings?limit=200{query}", who)
        return {item["id"] for item in answer.json()["items"]} if answer.status == 200 else set()


def restriction_covers_every_file(test, a):
    """One file is locked, and the recording with it: by every door, for each file, also one that comes later, until it is lifted by any."""
    a.add("wearer", "records", "officer", badge="901")
    first = a.upload(wearer="201", incident="22-900")
    second = a.upload(wearer="901", incident="22-900", group=first)
    files, case = [first, second], {"purpose": "investigation", "case": "22-900"}
    ends_at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    views = [a.ask("POST", f"/api/v1/recordings/{file}/views", "investigator", 201, **case).json() for file in files]

    def share(who, kind, recordings, wanted=201):
        return a.ask("POST", "/api/v1/shares", who, wanted, kind=kind, recipient="Dana", recordings=recordings, purpose="discovery", case="22-900",
                     **({} if kind == "discovery" else {"ends_at": ends_at})).json()

    def entered(made):
        body = {"link": made["link"].partition("#")[2], "code": made["code"]["code"]}
        answer = a.town.request("POST", "/api/v1/received/session", None, {"X-Lapel": "1"}, json.dumps(body))
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return lambda method, path, **fields: a.town.request(method, path, None, {"X-Lapel": "1", "Cookie": cookie},
                                                             json.dumps({"share": made["share"]["id"], **fields}) if fields else None)
    sent, marked = share("investigator", "discovery", files), share("investigator", "view", files)
    original, copy = entered(sent), entered(marked)
    for made in (sent, marked):
        until(lambda: a.ask("GET", f"/api/v1/shares/{made['share']['id']}", "records", 200).json()["prepared_at"])

    def doors(is_open, state):
        made, hidden = (201, 200) if is_open else (404, 404)
        for file in files:
            path = f"/api/v1/recordings/{file}"
            for door in ("", "/custody", "/receipt"):
                test.assertEqual(a.ask("GET", path + door, "investigator").status, hidden, (file, door))
            for door in ("/views", "/exports"):
                test.assertEqual(a.ask("POST", path + door, "investigator", **case).status, made, (file, door))
            share("investigator", "download", [file], made)
            command = run(BIN / "lapel", "recording", "show", file, "--server", a.town.url, env={"LAPEL_TOKEN": a.tokens["investigator"]}, check=False)
            test.assertEqual(command.returncode, 0 if is_open else 3, command.stderr)
            for query in ("&incident=22-900", "&q=22-900", ""):
                test.assertEqual((file in a.listed("investigator", query), file in a.listed("records", query)), (is_open, True))
            shown = a.ask("GET", path, "records", 200).json()
            test.assertEqual((shown["state"], shown["restriction"]), state)
            for who in ("records", "command", "supervisor"):
                test.assertEqual(a.view(who, file, "review").status, 201 if is_open else 403, (file, who))
                if not is_open:
                    test.assertEqual(a.ask("GET", path + "/poster", who).status, 403, (file, who))
            if not is_open:
                a.ask("POST", "/api/v1/holds", "da_liaison", 404, matter="m", reason="r", recording=file)
        for view in views:
            test.assertEqual(a.ask("GET", view["original"], "investigator").status, hidden)
        for n in range(2):
            answer = original("GET", f"/api/v1/received/items/{n}/content?share={sent['share']['id']}")
            test.assertEqual(answer.status, 200 if is_open else 403, n)
            answer = copy("POST", f"/api/v1/received/items/{n}/views", use="watch")
            test.assertEqual(answer.status in (201, 503) if is_open else answer.status == 403, True, answer.body)

    doors(True, ("sealed", None))
    a.change("wearer", first, 403, restriction="minor")  # a file of it is theirs
    a.change("records", second, restriction="minor")
    files.append(a.upload(incident="22-900", group=first))
    doors(False, ("restricted", "minor"))
    for file, count in zip(files, (1, 1, 0)):
        events = a.ask("GET", f"/api/v1/recordings/{file}/custody", "records", 200).json()["items"]
        test.assertEqual(len([each for each in events if each["event"].get("field") == "restriction"]), count)
    cleared = [a.begin("command", "clearance", who, "minor") for who in ("investigator", "records", "internal_affairs", "wearer")]
    for file in files:
        a.change("records", file, restriction="minor")  # it is so already
        test.assertEqual(a.change("records", file, 403, restriction="medical").json()["type"], "/problems/two-person")
        a.ask("POST", f"/api/v1/recordings/{file}/views", "investigator", 201, **case)
    test.assertEqual(a.listed("investigator", "&incident=22-900"), set(files))
    a.act("wearer", f"/api/v1/recordings/{first}/unrestrict", 403)
    # What arrives meanwhile was not looked at.
    made = a.act("records", f"/api/v1/recordings/{files[2]}/unrestrict", 201)
    files.append(a.upload(incident="22-900", group=first))
    answer = a.act("internal_affairs", f"/api/v1/proposals/{made['id']}/approve", 409)
    test.assertIn("was changed since", answer["detail"])
    a.ask("POST", f"/api/v1/proposals/{made['id']}/withdraw", "records", 200, reason="another look")
    a.unrestrict(files[3], "records", "internal_affairs")
    for clearance in cleared:
        a.end("command", clearance, reason="served")
    doors(True, ("sealed", None))


class Facts(TownCase):
    @classmethod
    def populate(cls):
        cls.agency = Agency(cls.town)
        cls.agency.add("second", "officer", badge="201")
        cls.agency.add("sergeant", "supervisor")
        cls.town.second_factor("optional")

    def setUp(self):
        self.a = self.agency
        self.a.learn()

    def test_the_list_is_what_is_shown_one_by_one(self):
        a = self.a
        day = a.ask("POST", "/api/v1/units", "administrator", 201, name="Day").json()
        a.begin("administrator", "unit", "officer", "Day")
        a.begin("administrator", "unit_supervisor", "sergeant", "Day", **{"from": "2020-01-01T00:00:00Z"})
        a.ask("POST", "/api/v1/cases", "investigator", 201, number="22-500", title="A burglary")
        a.begin("investigator", "case", "da_liaison", "22-500")
        a.begin("command", "clearance", "counsel", "minor")
        recordings = [a.upload(wearer="100", incident="22-500"), a.upload(wearer="201"), a.upload(), a.upload(wearer="100")]
        a.change("records", recordings[0], restriction="minor")
        a.change("records", recordings[3], restriction="internal_affairs")
        shown = {}
        for who in a.tokens:
            shown[who] = {r for r in recordings if a.ask("GET", f"/api/v1/recordings/{r}", who).status == 200}
            self.assertEqual(a.listed(who) & set(recordings), shown[who], who)
            for r in shown[who]:  # a page asks for no still that is refused
                has_still = "poster" in a.ask("GET", f"/api/v1/recordings/{r}", who, 200).json()["may"]
                self.assertEqual(a.ask("GET", f"/api/v1/recordings/{r}/poster", who).status != 403, has_still, who)
        self.assertEqual(shown["sergeant"], {recordings[2]})  # what is restricted is known to her and closed
        for r in (recordings[0], recordings[3]):
            self.assertEqual(a.ask("GET", f"/api/v1/recordings/{r}", "sergeant").status, 403)
        self.assertEqual(a.ask("GET", f"/api/v1/recordings/{recordings[1]}", "sergeant").status, 404)  # of no unit of hers
        self.assertEqual(shown["supervisor"], {recordings[1], recordings[2]})  # of no unit, over those of none
        self.assertEqual(shown["officer"], set())
        self.assertEqual(shown["second"], {recordings[1]})
        self.assertEqual(shown["counsel"], {recordings[0], recordings[1], recordings[2]})
        self.assertEqual(shown["internal_affairs"], {recordings[1], recordings[2], recordings[3]})
        self.assertEqual(shown["investigator"], {recordings[1], recordings[2]})
        self.assertEqual(a.ask("GET", f"/api/v1/recordings/{recordings[0]}", "investigator").status, 404)
        self.assertEqual(a.ask("GET", f"/api/v1/recordings/{recordings[0]}", "da_liaison").status, 403)  # of her case
        for who in ("command", "coordinator", "records", "auditor"):
            self.assertEqual(shown[who], set(recordings), who)
        for who in ("union", "program_manager", "approver", "administrator"):
            self.assertEqual(shown[who], set(), who)
        self.assertEqual(a.listed("coordinator", "&unattributed=true") & set(recordings), {recordings[2]})
        self.assertIn(day, a.ask("GET", "/api/v1/units", "auditor").json()["items"])

    def test_command_and_internal_affairs_have_what_their_scope_says(self):
        a = self.a
        for name in ("North", "South", "East"):
            a.ask("POST", "/api/v1/units", "administrator", 201, name=name)
        for login, badge, unit in (("northern", "301", "North"), ("southern", "302", "South")):
            a.add(login, "officer", badge=badge)
            a.learn()
            a.begin("administrator", "unit", login, unit)
        a.add("captain", "command", badge="303")
        a.add("inquirer", "internal_affairs")
        a.add("captain_and_clerk", "command", "records")
        a.learn()
        scoped = ("captain", "inquirer", "captain_and_clerk")
        north, south, locked = a.upload(wearer="301", incident="22-710"), a.upload(wearer="302", incident="22-711"), a.upload(wearer="302")
        nobodys, own = a.upload(), a.upload(wearer="303")
        a.change("records", south, inside_home=True)
        a.change("records", locked, restriction="internal_affairs")
        every = {north, south, locked, nobodys, own}

        def expect(who, shown, closed=frozenset()):
            """By every door; `closed` they may know of without seeing it."""
            self.assertEqual(a.listed(who) & every, shown, who)
            for recording in every:
                status = 200 if recording in shown else 403 if recording in closed else 404
                for door in ("", "/custody", "/receipt"):
                    self.assertEqual(a.ask("GET", f"/api/v1/recordings/{recording}{door}", who).status, status, (who, recording, door))
                if status == 404:
                    self.assertEqual(a.view(who, recording, "review").status, 404)
                    self.assertEqual(a.ask("GET", f"/api/v1/recordings/{recording}/poster", who).status, 404)
                    a.change(who, recording, 404, category="other")
                    if who != "captain_and_clerk":
                        a.ask("POST", "/api/v1/holds", who, 404, matter="m", reason="r", recording=recording)

        # Until somebody says otherwise the agency is one.
        for who in scoped:
            expect(who, every)
        def begin(who, target):
            return a.fresh("administrator").ask("POST", "/api/v1/assignments", {"kind": "scope", "person": who, "target": target}, 201).json()["id"]
        # One that begins tomorrow changes nothing today.
        tomorrow = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        later = {"kind": "scope", "person": "captain", "target": "East", "from": tomorrow}
        a.fresh("administrator").ask("POST", "/api/v1/assignments", later, 201)
        expect("captain", every)
        reviewed = {each["login"]: each["scopes"] for each in a.ask("GET", "/api/v1/access-review", "auditor", 200).json()["items"]}
        self.assertIsNone(reviewed["captain"])
        # No token says what others see.
        self.assertEqual(a.begin("administrator", "scope", "captain", "North", 401)["type"], "/problems/fresh-factor")
        given = {who: begin(who, "North") for who in scoped}
        expect("captain", {north, nobodys})
        expect("inquirer", {north, nobodys})
        expect("captain_and_clerk", every)  # as the clerk that they are too
        # What the one role may do there the other does not lend it; and what binds whoever commands binds them everywhere.
        self.assertEqual(a.view("captain_and_clerk", north, "training").status, 201)
        self.assertEqual(a.view("captain_and_clerk", own, "training").status, 403)
        answer = a.view("captain_and_clerk", south, "review", case="22-999")
        self.assertIn("warrant", answer.json()["detail"])
        self.assertEqual(a.view("captain", north, "review").status, 201)
        # A case of theirs, another unit, and the whole of it.
        a.ask("POST", "/api/v1/cases", "investigator", 201, number="22-711", title="Over the river")
        works = a.begin("investigator", "case", "captain", "22-711")
        expect("captain", {north, south, nobodys})
        a.ask("POST", f"/api/v1/assignments/{works['id']}/end", "investigator", 200, reason="done")
        begin("captain", "South")
        expect("captain", {north, south, locked, nobodys})
        begin("inquirer", "agency")
        expect("inquirer", every)
        # The end of a scope is not the beginning of a wider one.
        a.ask("POST", f"/api/v1/assignments/{given['captain']}/end", "administrator", 401, reason="moved")
        a.act("administrator", f"/api/v1/assignments/{given['captain']}/end", 200)
        expect("captain", {south, locked, nobodys})
        admin = a.fresh("administrator")
        wrong = {"kind": "scope", "person": "captain", "target": "No such unit"}
        self.assertEqual(admin.ask("POST", "/api/v1/assignments", wrong, 404).json()["detail"], "No unit of this agency has that name")
        # Who commands does not say what, nor anybody for themselves.
        a.act("captain", f"/api/v1/assignments/{given['inquirer']}/end", 403)
        admin.ask("POST", "/api/v1/assignments", {"kind": "scope", "person": "administrator", "target": "agency"}, 403)
        reviewed = {each["login"]: each["scopes"] for each in a.ask("GET", "/api/v1/access-review", "auditor", 200).json()["items"]}
        self.assertEqual({who: reviewed[who] for who in (*scoped, "command")},
                         {"captain": ["South"], "inquirer": ["North", "agency"], "captain_and_clerk": ["North"], "command": None})
        rights = a.ask("GET", f"/api/v1/people/{a.ids['captain']}/rights", "administrator", 200).json()["rights"]
        shows = {right["recording"]: right["answer"] for right in rights if right["action"] == "show"}
        self.assertEqual(shows, {"own": "allow", "supervised": "allow", "other": "hide"})
        rights = a.ask("GET", f"/api/v1/people/{a.ids['inquirer']}/rights", "administrator", 200).json()["rights"]
        self.assertEqual({right["answer"] for right in rights if right["action"] == "show"}, {"allow"}, "who has all of it again")

    def test_people_give_the_agencys_own_categories_and_cameras_what_they_say(self):
        a = self.a
        recording = a.upload(category="As The Camera Says")
        a.change("records", recording, category="anything, while there is no list")
        arrest = a.ask("POST", "/api/v1/categories", "command", 201, name="Arrest").json()
        self.addCleanup(lambda: a.ask("POST", f"/api/v1/categories/{stop['id']}/retire", "command", reason="the test is over"))
        stop = a.ask("POST", "/api/v1/categories", "command", 201, name="Traffic stop").json()
        self.assertEqual(a.change("records", recording, category="Arrest").json()["category"], "Arrest")
        said = a.change("records", recording, 400, category="arrest").json()["detail"]
        self.assertIn("has no category arrest", said)
        self.assertIsNone(a.change("records", recording, category=None).json()["category"])
        a.change("records", recording, category="Arrest")
        # What comes in is kept as it came, for somebody to look at.
        self.assertEqual(a.ask("GET", f"/api/v1/recordings/{a.upload(category='As The Camera Says')}", "records", 200).json()["category"], "As The Camera Says")
        a.ask("POST", f"/api/v1/categories/{arrest['id']}/retire", "records", 403, reason="not theirs to say")
        a.ask("POST", f"/api/v1/categories/{arrest['id']}/retire", "command", 200, reason="split in two")
        a.change("records", recording, category="Arrest", inside_home=False)  # it has it already
        other = a.upload()
        a.change("records", other, 400, category="Arrest")
        again = a.ask("POST", "/api/v1/categories", "command", 201, name="Arrest").json()
        a.change("records", other, category="Arrest")
        for who, shown in (("officer", 200), ("union", 403), ("administrator", 200), ("approver", 403)):
            answer = a.ask("GET", "/api/v1/categories", who, shown)
            if shown == 200:
                self.assertEqual([(each["id"], each["retired_at"] is None) for each in answer.json()["items"] if each["name"] == "Arrest"],
                                 sorted([(arrest["id"], False), (again["id"], True)]))
        for body in ({"name": ""}, {"name": "a\nb"}, {"name": 7}, {}):
            a.ask("POST", "/api/v1/categories", "command", 400, **body)
        a.ask("POST", f"/api/v1/categories/{again['id']}/retire", "command", 200, reason="the test is over")
        self.assertEqual(run(BIN / "lapel", "ledger", "check", "--data", a.town.data, check=False).returncode, 0)
        with sqlite3.connect(a.town.data / "catalog.db") as catalog:
            catalog.execute("UPDATE categories SET retired_us = NULL WHERE id = ?", (arrest["id"],))
        told = run(BIN / "lapel", "ledger", "check", "--data", a.town.data, check=False)
        self.assertNotEqual(told.returncode, 0)
        self.assertIn(f"category {arrest['id']} is retired", told.stdout + told.stderr)
        with sqlite3.connect(a.town.data / "catalog.db") as catalog:
            catalog.execute("UPDATE categories SET retired_us = 1 WHERE id = ?", (arrest["id"],))

    def test_no_side_door_tells_more_than_the_front_one(self):
        a = self.a
        recording = a.upload(wearer="201", incident="22-600")
        unknown = "0" * 32
        doors = ["", "/custody", "/receipt", "/poster", "/filmstrip?view=" + unknown, "/track?view=" + unknown]
        for who in a.tokens:
            front = a.ask("GET", f"/api/v1/recordings/{recording}", who).status
            if front != 404:
                continue
            for door in doors:
                there, nowhere = (a.ask("GET", f"/api/v1/recordings/{r}{door}", who) for r in (recording, unknown))
                said = [{**answer.json(), "instance": None} for answer in (there, nowhere)]
                self.assertEqual((there.status, said[0]), (nowhere.status, said[1]), (who, door))
                self.assertEqual(set(there.headers) - {"X-Request-Id"}, set(nowhere.headers) - {"X-Request-Id"})
            for purpose in PURPOSES:
                self.assertEqual(a.view(who, recording, purpose, case="22-600").status, 404, (who, purpose))
                self.assertEqual(a.ask("POST", f"/api/v1/recordings/{recording}/exports", who, purpose=purpose).status, 404)
            self.assertEqual(a.change(who, recording, wanted=404, category="x").status, 404)
            self.assertEqual(a.ask("POST", f"/api/v1/recordings/{recording}/release", who, reason="x").status, 404)

    def test_of_what_is_locked_nobody_hears_that_it_was_shared(self):
        a = self.a
        recording, path = a.upload(incident="22-610"), "/api/v1/shares?recording="
        self.assertEqual(a.ask("GET", path + recording, "investigator", 200).json()["items"], [])
        a.change("records", recording, restriction="medical")
        there, nowhere = (a.ask("GET", path + each, "investigator", 404).json() for each in (recording, "0" * 32))
        self.assertEqual({**there, "instance": None}, {**nowhere, "instance": None})

    def test_a_view_ends_when_what_it_stood_on_does(self):
        a = self.a
        recording = a.upload(wearer="201", incident="22-700")
        opened = a.view("investigator", recording, "investigation", case="22-700").json()
        self.assertEqual(a.ask("GET", opened["original"], "investigator").status, 200)
        self.assertEqual(a.ask("GET", opened["original"], "records").status, 404)  # another's view is none
        a.change("command", recording, restriction="sexual_assault")
        self.assertEqual(a.ask("GET", opened["original"], "investigator").status, 404)
        clearance = a.begin("command", "clearance", "investigator", "sexual_assault")
        self.assertEqual(a.ask("GET", opened["original"], "investigator").status, 200)
        a.end("command", clearance, reason="reassigned")
        self.assertEqual(a.ask("GET", opened["original"], "investigator").status, 404)
        for who in ("records", "command"):
            a.change(who, recording, 403, restriction=None)  # not cleared, so not to be unlocked
        for who in ("records", "internal_affairs"):
            a.begin("command", "clearance", who, "sexual_assault")
            a.change(who, recording, 403, restriction=None)  # it takes two
        a.unrestrict(recording, "records", "internal_affairs")
        self.assertEqual(a.ask("GET", opened["original"], "investigator").status, 200)

    def test_a_restriction_covers_every_file_of_a_recording(self):
        restriction_covers_every_file(self, self.a)

    def test_in_a_catalog_of_before_a_lock_of_one_file_covers_all(self):
        a = self.a
        first = a.upload(incident="22-902")
        files = [first, a.upload(group=first), a.upload(group=first)]
        a.change("records", first, restriction="medical")

        def others(change):
            catalog = sqlite3.connect(self.town.data / "catalog.db", timeout=30)
            with catalog:
                catalog.execute(f"UPDATE recordings SET {change} WHERE id IN (?, ?)", (first, files[2]))
            catalog.close()
        others("restriction = NULL, state = 'sealed'")
        try:
            for file in files:
                self.assertEqual(a.ask("GET", f"/api/v1/recordings/{file}", "investigator").status, 404)
                self.assertEqual(a.view("records", file, "review").status, 403)
            self.assertEqual(a.listed("investigator") & set(files), set())
            self.assertEqual(len(a.listed("records") & set(files)), 3)
        finally:
            others("restriction = 'medical', state = 'restricted'")

    def test_rank_opens_nothing_that_is_restricted_and_nobody_clears_themselves(self):
        a = self.a
        recording = a.upload(wearer="201")
        a.change("internal_affairs", recording, restriction="strip_search")
        for who in ("command", "records", "supervisor"):
            self.assertEqual(a.view(who, recording, "review").status, 403, who)
        self.assertEqual(a.ask("GET", f"/api/v1/recordings/{recording}/poster", "command").status, 403)
        a.begin("command", "clearance", "command", "strip_search", wanted=403)
        a.begin("administrator", "clearance", "administrator", "strip_search", wanted=403)
        a.begin("internal_affairs", "investigation", "internal_affairs", wanted=403)

    def test_whose_recording_it_is_follows_from_who_wore_what_then(self):
        a = self.a
        a.add("early", "officer", badge="300")
        a.add("late", "officer")
        a.learn()
        badge = next(x for x in a.ask("GET", f"/api/v1/assignments?kind=badge&person={a.ids['early']}", "auditor").json()["items"])
        a.ask("POST", f"/api/v1/assignments/{badge['id']}/end", "administrator", 200, until="2024-06-01T00:00:00Z", reason="retired")
        a.begin("administrator", "badge", "late", "300", **{"from": "2024-06-01T00:00:00Z"})
        a.ask("POST", "/api/v1/devices", "coordinator", 200, serial="AX-9")
        a.begin("coordinator", "device", "second", "AX-9", **{"from": "2024-01-01T00:00:00Z", "until": "2024-02-01T00:00:00Z"})
        a.begin("coordinator", "device", "early", "AX-9", wanted=409, **{"from": "2024-01-15T00:00:00Z"})
        cases = [({"wearer": "300", "recorded_at": "2024-05-31T23:59:59Z"}, "early"), ({"wearer": "300", "recorded_at": "2024-06-01T00:00:00Z"}, "late"),
                 ({"device": "AX-9", "recorded_at": "2024-01-20T00:00:00Z"}, "second"),
                 # The roster's word before the badge that it came with, and nobody's after it.
                 ({"device": "AX-9", "wearer": "300", "recorded_at": "2024-01-20T00:00:00Z"}, "second"),
                 ({"device": "AX-9", "recorded_at": "2024-03-01T00:00:00Z"}, None), ({"wearer": "999"}, None)]
        for said, officer in cases:
            recording = a.upload(**said)
            shown = a.ask("GET", f"/api/v1/recordings/{recording}", "auditor", 200).json()
            self.assertEqual(shown["assigned_officer"], officer and a.ids[officer], said)
        a.change("coordinator", recording, assigned_officer=a.ids["late"])
        self.assertIn(recording, a.listed("late"))
        a.change("late", recording, 403, assigned_officer=None)  # not by the officer
        self.assertEqual(a.ask("GET", "/api/v1/people/late/rights", "late", 200).json()["badge"], "300")

    def test_an_officers_own_recording_waits_as_the_rule_says(self):
        a = self.a
        first, routine = a.upload(wearer="201", incident="22-800"), a.upload(wearer="201")

        def opens(recording):
            return a.view("second", recording, "own_recording").status
        self.assertEqual((opens(first), opens(routine)), (201, 201))
        a.ask("PUT", "/api/v1/rules", "administrator", 403, own_viewing="after_statement", reason="x")
        a.ask("PUT", "/api/v1/rules", "command", 200, own_viewing="after_statement", reason="General Order 12")
        # Of no known incident there is no statement either.
        self.assertEqual((opens(first), opens(routine)), (403, 403))
        self.assertEqual(a.ask("GET", f"/api/v1/recordings/{first}/poster", "second").status, 403)
        ahead = {"person": "second", "incident": "22-800", "filed_at": "2099-01-01T00:00:00Z"}
        self.assertIn("not filed yet", a.ask("POST", "/api/v1/statements", "records", 400, **ahead).json()["detail"])
        self.assertEqual(opens(first), 403)
        a.ask("POST", "/api/v1/statements", "second", 403, person="second", incident="22-800")
        a.ask("POST", "/api/v1/statements", "records", 204, person="second", incident="22-800")
        self.assertEqual(opens(first), 201)
        # Its officer says which incident it is, but not one that opens it.
        a.change("second", routine, 403, incident="22-800")
        a.change("second", routine, incident="22-801")
        a.change("second", routine, 403, incident="22-800")
        self.assertEqual(opens(routine), 403)
        a.ask("POST", "/api/v1/statements", "records", 204, person="second", incident="22-801")
        self.assertEqual(opens(routine), 201)
        # Recorded in error: what it has opened is closed, and the next one opens it again.
        taken_back = {"person": "second", "incident": "22-801", "reason": "filed by another officer"}
        a.ask("POST", "/api/v1/statements/withdraw", "second", 403, **taken_back)
        a.ask("POST", "/api/v1/statements/withdraw", "coordinator", 403, **taken_back)
        view = a.view("second", routine, "own_recording").json()["original"]
        a.ask("POST", "/api/v1/statements/withdraw", "records", 204, **taken_back)
        self.assertEqual((opens(routine), a.ask("GET", view, "second").status, opens(first)), (403, 403, 201))
        self.assertEqual(a.ask("GET", f"/api/v1/recordings/{routine}/poster", "second").status, 403)
        a.ask("POST", "/api/v1/statements/withdraw", "records", 404, **taken_back)
        a.ask("POST", "/api/v1/statements", "records", 204, person="second", incident="22-801")
        self.assertEqual(opens(routine), 201)
        a.ask("PUT", "/api/v1/rules", "command", 200, own_viewing="supervisor_releases", reason="General Order 13")
        self.assertEqual((opens(first), opens(routine)), (403, 403))
        a.ask("POST", f"/api/v1/recordings/{routine}/release", "second", 403, reason="mine")
        a.ask("POST", f"/api/v1/recordings/{routine}/release", "supervisor", 204, reason="report filed")
        self.assertEqual((opens(first), opens(routine)), (403, 201))
        a.ask("PUT", "/api/v1/rules", "command", 200, own_viewing="allowed", reason="General Order 14")
        investigation = a.begin("internal_affairs", "investigation", "second")
        answer = a.view("second", first, "own_recording")
        self.assertEqual(answer.status, 403)
        self.assertNotIn(b"investig", answer.body)  # not for a refusal to tell
        for who in ("second", "command", "auditor", "administrator", "supervisor"):
            kinds = {x["kind"] for x in a.ask("GET", "/api/v1/assignments", who).json().get("items", [])}
            self.assertNotIn("investigation", kinds, who)
        self.assertNotIn(b"investigation\",\"target", a.ask("GET", "/api/v1/people/second/rights", "second", 200).body)
        a.ask("POST", f"/api/v1/assignments/{investigation['id']}/end", "auditor", 404, reason="x")
        a.ask("POST", f"/api/v1/assignments/{investigation['id']}/end", "internal_affairs", 401, reason="by a token")
        a.end("internal_affairs", investigation, reason="closed")
        self.assertEqual(opens(first), 201)

    def test_nobody_moves_what_binds_them(self):
        a = self.a
        recording = a.upload(wearer="201", incident="22-810")
        a.ask("PUT", "/api/v1/rules", "command", 200, own_viewing="after_statement", reason="General Order 12")
        self.assertEqual(a.view("second", recording, "own_recording").status, 403)
        for incident in (None, "22-811"):
            for who in ("second", "investigator", "command", "supervisor", "internal_affairs"):
                a.change(who, recording, 403, incident=incident)
        a.ask("PUT", "/api/v1/rules", "command", 200, own_viewing="allowed", reason="General Order 14")
        # A home makes an unknown incident binding too, and so is that it is a home, or a victim's.
        home = a.upload(wearer="201")
        a.change("records", home, inside_home=True, victim_sensitive=True)
        for who in ("investigator", "command", "internal_affairs", "supervisor", "second"):
            a.change(who, home, 403, incident="22-2040")
            a.change(who, home, 403, inside_home=False)
            a.change(who, home, 403, victim_sensitive=False)
        self.assertEqual(a.view("investigator", home, "investigation", case="22-2040").status, 403)
        self.assertEqual(a.view("supervisor", home, "training").status, 403)
        a.change("records", home, incident="22-812", victim_sensitive=False)
        a.change("records", recording, incident="22-812")
        self.assertEqual(a.view("investigator", home, "investigation", case="22-812").status, 201)
        a.add("both", "officer", "coordinator")
        a.add("clerk_and_detective", "records", "investigator")
        a.learn()
        a.change("both", recording, 403, assigned_officer=a.ids["both"])
        a.change("clerk_and_detective", home, 403, inside_home=False)
        # Where nothing is known, the officer says it.
        fresh = a.upload(wearer="201")
        a.change("second", fresh, incident="22-813", category="arrest")

    def test_whoever_investigates_needs_the_warrant_whatever_they_call_it(self):
        a = self.a
        home = a.upload(wearer="201", incident="22-820")
        a.change("records", home, inside_home=True)
        for purpose in ("investigation", "review", "discovery"):
            for more in ({}, {"case": "22-821"}):
                self.assertEqual(a.view("investigator", home, purpose, **more).status, 403, (purpose, more))
            self.assertEqual(a.view("investigator", home, purpose, case="22-820").status, 201, purpose)
        # A number is a word until the agency has that case: then whoever names it works on it, by somebody else's word.
        a.ask("POST", "/api/v1/cases", "investigator", 201, number="22-820")
        self.assertEqual(a.view("investigator", home, "investigation", case="22-820").status, 403)
        a.begin("investigator", "case", "investigator", "22-820", wanted=403)
        a.begin("supervisor", "case", "investigator", "22-820")
        self.assertEqual(a.view("investigator", home, "investigation", case="22-820").status, 201)
        self.assertEqual(a.view("records", home, "records_request").status, 201)
        # Command leads investigations. Who reviews and discloses gives the number of a docket, or none.
        self.assertEqual(a.view("command", home, "review").status, 403)
        self.assertEqual(a.view("command", home, "review", case="22-821", warrant="W-12").status, 201)
        for who, purpose in (("records", "discovery"), ("counsel", "discovery"), ("supervisor", "review")):
            self.assertEqual(a.view(who, home, purpose, case="22-821").status, 201, who)

    def test_another_case_is_asked_about_a_home_whatever_the_purpose(self):
        a = self.a
        for incident in ("22-840", None):  # what belongs to no known incident is of no case that anybody names
            recording = a.upload(wearer="201", **({"incident": incident} if incident else {}))
            for who, purpose in (("investigator", "investigation"), ("investigator", "review"), ("investigator", "discovery"), ("command", "review"),
                                 ("internal_affairs", "review")):
                answer = a.view(who, recording, purpose, case="22-841")
                self.assertEqual((answer.status, answer.json()["type"]), (409, "/problems/inside-home"), (who, purpose, incident))
            for who, purpose, number in (("records", "records_request", "R-17"), ("records", "discovery", "26-CR-118"), ("counsel", "discovery", "26-CR-118")):
                self.assertEqual(a.view(who, recording, purpose, case=number).status, 201, "the number of a request or a docket is no investigation")
            self.assertEqual(a.view("investigator", recording, "review").status, 201)
            self.assertEqual(a.view("investigator", recording, "discovery", case="22-841", inside_home=False).status, 201)
            self.assertEqual(a.view("investigator", recording, "investigation", case="22-841").status, 201, "once it is said, nobody is asked")

    def test_what_one_file_shows_binds_each_file_of_the_recording(self):
        a = self.a
        first = a.upload(wearer="201", incident="22-850")
        second = a.upload(wearer="201", incident="22-850", group=first)
        a.change("records", first, inside_home=True, victim_sensitive=True)
        for file in (first, second):
            self.assertEqual(a.view("investigator", file, "investigation", case="22-851").status, 403)
            self.assertEqual(a.view("supervisor", file, "training").status, 403)
            self.assertEqual(a.ask("GET", f"/api/v1/recordings/{file}/poster", "records").status, 403)
        later = a.upload(wearer="201", incident="22-850", group=first)
        self.assertEqual(a.view("investigator", later, "investigation", case="22-851", inside_home=False).status, 403)
        # Nor is a file without an incident made one of their case by whoever wants to look.
        nowhere = a.upload(wearer="201", group=first)
        for who in ("investigator", "internal_affairs", "command", "second"):
            a.change(who, nowhere, 403, incident="22-851")
        self.assertEqual(a.view("investigator", nowhere, "investigation", case="22-851").status, 403)

    def test_who_investigates_gives_an_incident_only_to_what_is_no_home(self):
        a = self.a
        for who in ("investigator", "internal_affairs", "command"):
            recording = a.upload(wearer="201")
            a.change(who, recording, 403, incident="22-855")
            a.change(who, recording, 403, incident="22-855", inside_home=True)
            a.change(who, recording, incident="22-855", inside_home=False)
            self.assertEqual(a.view("investigator", recording, "investigation", case="22-855").status, 201)
        said = a.upload(wearer="201")
        a.change("records", said, inside_home=False)
        a.change("investigator", said, incident="22-856")
        # Its officer was there.
        a.change("second", a.upload(wearer="201"), incident="22-857")

    def test_nothing_leaves_unasked_for_want_of_a_case(self):
        a = self.a
        recording = a.upload(wearer="201", incident="22-858")
        ends_at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        terms = {"kind": "download", "recipient": "Dana", "recordings": [recording], "purpose": "review", "ends_at": ends_at}
        for who in ("investigator", "internal_affairs"):
            answer = a.ask("POST", "/api/v1/shares", who, None, **terms)
            self.assertEqual((answer.status, answer.json()["type"]), (409, "/problems/inside-home"), who)
        a.ask("POST", "/api/v1/shares", "records", 201, **terms)
        a.ask("POST", "/api/v1/shares", "investigator", 201, **terms, case="22-858")
        a.change("records", recording, inside_home=False)
        a.ask("POST", "/api/v1/shares", "investigator", 201, **terms)

    def test_an_officer_learns_from_custody_of_no_look_by_others(self):
        a = self.a
        recording = a.upload(wearer="201", incident="22-860")
        self.assertEqual(a.view("second", recording, "own_recording").status, 201)
        self.assertEqual(a.view("internal_affairs", recording, "investigation", case="IA-7", inside_home=False).status, 201)
        self.assertEqual(a.view("supervisor", recording, "review").status, 201)
        # That it was released, and is closed all the same, would tell why.
        a.ask("POST", f"/api/v1/recordings/{recording}/release", "supervisor", 204, reason="report filed")

        def custody(who):
            return [(item["n"], item["type"]) for item in a.ask("GET", f"/api/v1/recordings/{recording}/custody", who, 200).json()["items"]
                    if item["type"] != "recording.derived"]
        everything = custody("records")
        self.assertEqual([kind for _, kind in everything], ["recording.admitted", "recording.viewed", "recording.changed", "recording.viewed", "recording.viewed",
                                                             "recording.released"])
        self.assertEqual(custody("supervisor"), everything)
        # Nor what else others did or tried: a hold tells why in its own words.
        a.ask("POST", "/api/v1/holds", "internal_affairs", 201, matter="IA 26-31", reason="complaint against the officer", recording=recording)
        a.ask("POST", f"/api/v1/recordings/{recording}/release", "investigator", 403, reason="mine")
        a.ask("POST", f"/api/v1/recordings/{recording}/release", "second", 403, reason="my own try")
        everything = custody("records")
        self.assertEqual([kind for _, kind in everything[6:]], ["hold.placed", "recording.denied", "recording.denied"])
        tried = everything.pop()
        self.assertEqual(custody("second"), [*everything[:2], tried])
        own = custody("second")
        self.assertEqual(own, [*everything[:2], tried], "nor that somebody has said something of it by looking")
        for n, kind in [*everything, tried]:
            wanted = 200 if (n, kind) in own else 404
            answer = a.ask("GET", f"/api/v1/recordings/{recording}/receipt?n={n}&under=sealed", "second")
            self.assertEqual(answer.status, wanted, (n, kind, answer.body))

    def test_what_is_refused_is_in_custody_whatever_was_asked_for(self):
        a = self.a
        recording = a.upload(wearer="201", incident="22-880")
        a.change("auditor", recording, 403, category="arrest")
        a.change("supervisor", recording, 403, incident="22-881")
        a.ask("POST", f"/api/v1/recordings/{recording}/release", "investigator", 403, reason="mine")
        view = a.view("investigator", recording, "review").json()
        a.change("records", recording, restriction="minor")
        a.ask("GET", view["original"], "investigator", 404)
        denied = [(item["actor_name"], item["event"]["action"]) for item in a.ask("GET", f"/api/v1/recordings/{recording}/custody", "records", 200).json()["items"]
                  if item["type"] == "recording.denied"]
        self.assertEqual([action for _, action in denied], ["change", "reassign", "release_own"])
        self.assertEqual(len({who for who, _ in denied}), 3)
        # Facts, the still, a receipt, and a hold.
        a.ask("GET", f"/api/v1/recordings/{recording}", "second", 403)
        a.ask("GET", f"/api/v1/recordings/{recording}/poster", "command", 403)
        a.ask("GET", f"/api/v1/recordings/{recording}/receipt", "second", 403)
        a.ask("POST", "/api/v1/holds", "internal_affairs", 403, matter="m", reason="r", recording=recording)
        denied = [(item["actor_name"], item["event"]["action"]) for item in a.ask("GET", f"/api/v1/recordings/{recording}/custody", "records", 200).json()["items"]
                  if item["type"] == "recording.denied"]
        self.assertEqual([action for _, action in denied[3:]], ["show", "poster", "receipt", "place_hold"])
        # Of what somebody may not know of, nothing is sealed: a guess at an id is no act on a recording.
        a.change("investigator", recording, 404, category="arrest")
        self.assertEqual(len(denied), len([1 for item in a.ask("GET", f"/api/v1/recordings/{recording}/custody", "records", 200).json()["items"]
                                           if item["type"] == "recording.denied"]))

    def test_one_roles_work_opens_nothing_that_another_shows(self):
        a = self.a
        a.add("two_hats", "supervisor", "investigator", badge="701")
        a.add("walker", "officer", badge="702")
        a.learn()
        for unit, kind, who in (("Early", "unit_supervisor", "two_hats"), ("Late", "unit", "walker")):
            a.ask("POST", "/api/v1/units", "administrator", 201, name=unit)
            a.begin("administrator", kind, who, unit, **{"from": "2020-01-01T00:00:00Z"})
        elsewhere = a.upload(wearer="702", incident="22-870")
        for purpose, wanted in (("training", 403), ("review", 201), ("discovery", 201)):
            self.assertEqual(a.view("two_hats", elsewhere, purpose).status, wanted, purpose)

    def test_a_refused_word_is_no_fact(self):
        a = self.a
        recording = a.upload(wearer="201", incident="22-830")

        def said():
            return a.ask("GET", f"/api/v1/recordings/{recording}", "auditor", 200).json()["inside_home"]
        for who in ("auditor", "coordinator", "da_liaison", "counsel"):
            for answer in (False, True):
                self.assertEqual(a.view(who, recording, "training", inside_home=answer).status, 403)
                self.assertIsNone(said(), who)
        self.assertEqual(a.view("investigator", recording, "investigation", case="22-831").status, 409)
        self.assertEqual(a.view("investigator", recording, "investigation", case="22-831", inside_home=True).status, 403)
        self.assertTrue(said())

    def test_a_clearance_is_withdrawn_before_its_end(self):
        a = self.a
        recording = a.upload(wearer="201")
        a.change("internal_affairs", recording, restriction="medical")
        made = a.begin("command", "clearance", "investigator", "medical", until="2099-01-01T00:00:00Z")
        self.assertEqual(a.view("investigator", recording, "review").status, 201)
        a.end("command", made, reason="suspended")
        self.assertEqual(a.view("investigator", recording, "review").status, 404)
        a.end("command", made, 409, reason="later", until="2099-01-01T00:00:00Z")  # sooner, never later

    def test_nobody_is_cleared_by_office_for_what_they_are_in(self):
        a = self.a
        a.add("inspector", "internal_affairs", "officer", badge="401")
        a.add("boss", "command", "officer", badge="402")
        for login, badge in (("inspector", "401"), ("boss", "402")):
            recording = a.upload(wearer=badge)
            a.change("internal_affairs", recording, restriction="internal_affairs")
            self.assertEqual(a.view(login, recording, "review").status, 403, login)
            a.change(login, recording, 403, restriction=None)
            self.assertEqual(a.view("internal_affairs", recording, "review").status, 201)
        # Nor for the other files of the same recording.
        first = a.upload(incident="22-901")
        own = a.upload(wearer="401", group=first)
        a.change("internal_affairs", first, restriction="internal_affairs")
        for file in (first, own):
            self.assertEqual(a.view("inspector", file, "review").status, 403)
            self.assertEqual((file in a.listed("inspector"), file in a.listed("internal_affairs")), (False, True))
            self.assertEqual(a.view("internal_affairs", file, "review").status, 201)

    def test_no_list_holds_what_is_refused_one_by_one(self):
        """Whoever is in a recording, whatever else they are and whatever it is restricted for; and lists as others see them."""
        a = self.a
        for i, role in enumerate(ROLES):
            a.add(f"worn_by_{role}", role, "officer", badge=str(600 + i))
        a.learn()
        kinds = (None, "internal_affairs", "sexual_assault", "minor", "medical", "strip_search")
        a.begin("command", "clearance", "worn_by_investigator", "minor")
        a.begin("command", "clearance", "worn_by_internal_affairs", "medical")
        badges = {f"worn_by_{role}": str(600 + i) for i, role in enumerate(ROLES)}
        recordings = {(who, kind): a.upload(wearer=badges[who]) for who in
                      ("worn_by_internal_affairs", "worn_by_command", "worn_by_investigator", "worn_by_supervisor") for kind in kinds}
        recordings.update({(None, kind): a.upload() for kind in kinds})
        for (_, kind), recording in recordings.items():
            if kind:
                a.change("internal_affairs", recording, restriction=kind)
        every = set(recordings.values())
        for who in a.tokens:
            shown = {r for r in every if a.ask("GET", f"/api/v1/recordings/{r}", who).status == 200}
            listed = a.listed(who) & every
            self.assertEqual({k for k, r in recordings.items() if r in listed}, {k for k, r in recordings.items() if r in shown}, who)
            seen = a.ask("GET", f"/api/v1/people/{who}/recordings?limit=200", "auditor")
            self.assertEqual({item["id"] for item in seen.json()["items"]} & every if seen.status == 200 else set(), shown, who)
        inspectors = a.listed("worn_by_internal_affairs") & every
        self.assertNotIn(recordings["worn_by_internal_affairs", "internal_affairs"], inspectors)
        self.assertIn(recordings["worn_by_command", "internal_affairs"], inspectors)
        self.assertIn(recordings[None, "internal_affairs"], inspectors)
        self.assertIn(recordings["worn_by_internal_affairs", "medical"], inspectors)

    def test_an_investigation_outranks_a_release(self):
        a = self.a
        recording = a.upload(wearer="201")
        a.ask("POST", f"/api/v1/recordings/{recording}/release", "supervisor", 204, reason="report filed")
        investigation = a.begin("internal_affairs", "investigation", "second")
        self.assertEqual(a.view("second", recording, "own_recording").status, 403)
        a.ask("POST", f"/api/v1/recordings/{recording}/release", "supervisor", 204, reason="again")
        self.assertEqual(a.view("second", recording, "own_recording").status, 403)
        a.end("internal_affairs", investigation, reason="closed")
        self.assertEqual(a.view("second", recording, "own_recording").status, 201)

    def test_nobody_decides_about_themselves(self):
        a = self.a
        a.add("admin_sergeant", "administrator", "supervisor")
        a.add("keeper", "coordinator", "officer")
        a.ask("POST", "/api/v1/units", "administrator", 201, name="Dusk")
        a.ask("POST", "/api/v1/devices", "coordinator", 200, serial="AX-8")
        a.begin("admin_sergeant", "unit_supervisor", "admin_sergeant", "Dusk", wanted=403)
        a.begin("keeper", "device", "keeper", "AX-8", wanted=403)
        a.begin("coordinator", "device", "keeper", "AX-8")

    def test_units_hide_no_past_from_their_supervisor(self):
        a = self.a
        a.add("one", "officer", badge="501")
        a.add("two", "officer", badge="502")
        a.add("lead", "supervisor")
        before = [a.upload(wearer=badge, recorded_at="2024-05-01T00:00:00Z") for badge in ("501", "502")]
        a.ask("POST", "/api/v1/units", "administrator", 201, name="Dawn")
        for login in ("one", "two"):
            a.begin("administrator", "unit", login, "Dawn")
        a.begin("administrator", "unit_supervisor", "lead", "Dawn")
        self.assertLessEqual(set(before), a.listed("lead"))

    def test_a_victim_is_nobodys_lesson(self):
        a = self.a
        recording = a.upload(wearer="201")
        a.change("records", recording, victim_sensitive=True)
        self.assertEqual(a.view("supervisor", recording, "training").status, 403)
        self.assertEqual(a.view("supervisor", recording, "review").status, 201)
        self.assertEqual(a.ask("GET", f"/api/v1/recordings/{recording}/poster", "records").status, 403)

    def test_what_changes_is_in_custody_and_what_does_not_is_not(self):
        a = self.a
        recording = a.upload(category="patrol")
        a.change("records", recording, 400, reason="", category="x")
        a.change("records", recording, 400, categry="x")  # a misspelled change is none, and is not taken for one
        a.change("records", recording, 400, category="a\nb")
        a.change("records", recording, category="patrol")
        a.change("records", recording, category="use_of_force", incident="22-900")
        a.change("records", recording, category=None)
        events = [item["event"] for item in a.ask("GET", f"/api/v1/recordings/{recording}/custody", "records", 200).json()["items"]
                  if item["type"] == "recording.changed"]
        self.assertEqual([(e["field"], e.get("old"), e.get("new")) for e in events],
                         [("category", "patrol", "use_of_force"), ("incident", None, "22-900"), ("category", "use_of_force", None)])
        self.assertIn(recording, {r for r in a.listed("records", "&q=22-900")})

    def test_what_a_person_may_do_is_told_to_those_who_may_know(self):
        a = self.a
        rights = a.ask("GET", "/api/v1/people/second/rights", "administrator", 200).json()
        said = {(r["action"], r["purpose"], r["recording"]): r["answer"] for r in rights["rights"]}
        self.assertEqual(said["view", "own_recording", "own"], "allow")
        self.assertEqual(said["view", "own_recording", "other"], "hide")
        self.assertEqual(said["export", "discovery", "own"], "refuse")
        self.assertTrue(all(r["rule"] for r in rights["rights"]))
        self.assertEqual(a.ask("GET", "/api/v1/people/second/rights", "officer").status, 403)
        self.assertEqual(a.ask("GET", "/api/v1/people/nobody/rights", "officer").status, 403)
        self.assertEqual(a.ask("GET", "/api/v1/people/nobody/rights", "auditor").status, 404)

    def test_more_exports_than_may_be_read_at_once_are_refused(self):
        a = self.a
        recording = a.upload()
        export = f"/api/v1/recordings/{recording}/exports"
        until(lambda: a.ask("GET", f"/api/v1/recordings/{recording}", "records", 200).json()["media"]["state"], lambda state: state != "waiting")
        original = next((a.town.data / "objects").glob(f"*/{recording[:2]}/{recording}"))
        kept = original.with_name("kept")
        original.rename(kept)
        os.mkfifo(original)  # whoever opens it waits until somebody writes to it
        with concurrent.futures.ThreadPoolExecutor(5) as several:
            asked = [several.submit(a.ask, "POST", export, "records", None, purpose="discovery") for _ in range(5)]
            (refused,), waiting = concurrent.futures.wait(asked, return_when=concurrent.futures.FIRST_COMPLETED)
            self.assertEqual((refused.result().status, refused.result().headers["Retry-After"]), (503, "5"), refused.result().body)
            self.assertIn("4 exports", refused.result().json()["detail"])

            def all_have_read():
                with contextlib.suppress(OSError):  # nobody has it open just now
                    os.close(os.open(original, os.O_WRONLY | os.O_NONBLOCK))
                return all(each.done() for each in waiting)
            until(all_have_read)
            self.assertEqual({each.result().json()["type"] for each in waiting}, {"/problems/object-damaged"})
        kept.rename(original)
        a.ask("POST", export, "records", 201, purpose="discovery")

    def test_a_badge_is_taken_off_now_and_not_on_a_day_to_come(self):
        a = self.a
        a.add("leaver", "officer", badge="701")
        a.learn()
        page = a.ask("GET", "/api/v1/assignments?kind=badge", "administrator", 200).json()
        badge, = [each["id"] for each in page["items"] if each["target"] == "701"]
        end = f"/api/v1/assignments/{badge}/end"
        refused = a.ask("POST", end, "administrator", 400, reason="retires", until="2099-01-01T00:00:00Z")
        self.assertIn("taken off at once", refused.json()["detail"])

        def worn():
            return {p["login"]: p.get("badge") for p in a.ask("GET", "/api/v1/people", "administrator", 200).json()["items"]}["leaver"]
        self.assertEqual(worn(), "701")
        a.ask("POST", end, "administrator", 200, reason="retires")
        self.assertIsNone(worn())

    def test_an_earlier_end_of_a_badge_that_was_given_again_takes_nothing_off(self):
        a = self.a
        a.add("returner", "officer", badge="703")
        a.learn()

        def badges():
            return a.ask("GET", f"/api/v1/assignments?kind=badge&person={a.ids['returner']}", "administrator", 200).json()["items"]

        def worn():
            return a.ask("GET", "/api/v1/people/returner", "administrator", 200).json().get("badge")
        first, = [each["id"] for each in badges()]
        a.ask("POST", f"/api/v1/assignments/{first}/end", "administrator", 200, reason="leaves")
        a.begin("administrator", "badge", "returner", "703")
        self.assertEqual(worn(), "703")
        a.ask("POST", f"/api/v1/assignments/{first}/end", "administrator", 200, reason="left earlier", until="2024-06-01T00:00:00Z")
        self.assertEqual(worn(), "703")
        again, = [each["id"] for each in badges() if each["id"] != first]
        a.ask("POST", f"/api/v1/assignments/{again}/end", "administrator", 200, reason="leaves again")
        self.assertIsNone(worn())

    def test_bad_input_is_answered_with_a_sentence(self):
        a = self.a
        for method, path, who, status, body in (
                ("POST", "/api/v1/units", "administrator", 400, {"name": ""}), ("POST", "/api/v1/units", "administrator", 400, {"name": "a\nb"}),
                ("POST", "/api/v1/units", "administrator", 400, {"name": 7}), ("POST", "/api/v1/assignments", "administrator", 400, {"kind": "king", "person": "officer"}),
                ("POST", "/api/v1/assignments", "administrator", 404, {"kind": "unit", "person": "officer", "target": "nowhere"}),
                ("POST", "/api/v1/assignments", "administrator", 404, {"kind": "badge", "person": "nobody", "target": "1"}),
                ("POST", "/api/v1/assignments", "administrator", 400, {"kind": "badge", "person": "union", "target": "77", "from": "2024-01-02T00:00:00Z", "until": "2024-01-01T00:00:00Z"}),
                ("POST", "/api/v1/assignments", "administrator", 400, {"kind": "badge", "person": "union", "target": "77", "from": "yesterday"}),
                ("POST", "/api/v1/assignments", "command", 400, {"kind": "clearance", "person": "records", "target": "everything"}),
                ("GET", "/api/v1/assignments?kind=king", "auditor", 400, None), ("GET", "/api/v1/assignments?at=noon", "auditor", 400, None),
                ("POST", f"/api/v1/assignments/{'0' * 32}/end", "administrator", 404, {"reason": "x"}),
                ("PUT", "/api/v1/rules", "command", 400, {"own_viewing": "never", "reason": "x"}),
                ("POST", "/api/v1/statements", "records", 400, {"person": "officer"})):
            answer = a.ask(method, path, who, **(body or {}))
            self.assertEqual(answer.status, status, (method, path, body, answer.body))
            self.assertGreater(len(answer.json()["detail"]), 10)
        a.ask("POST", "/api/v1/units", "administrator", 201, name="Twice")
        a.ask("POST", "/api/v1/units", "administrator", 409, name="Twice")


class Exported(unittest.TestCase):
    def test_an_export_tells_each_badge_of_whoever_acted(self):
        """A name that was bound anew, with other events of the person in between that are nobody's business."""
        with Town(beat=1) as town:
            agency = Agency(town)
            town.start()
            agency.learn()
            agency.begin("internal_affairs", "investigation", "records")
            agency.begin("administrator", "badge", "records", "900")
            past = {"from": "2024-01-01T00:00:00Z", "until": "2024-02-01T00:00:00Z"}
            agency.begin("administrator", "badge", "records", "901", **past)  # once, so that nobody is called so today
            recording = agency.upload(wearer="100")
            out = town.home / "export"
            environment = {**os.environ, "LAPEL_TOKEN": agency.tokens["records"], "LAPEL_SERVER": town.url}
            run(BIN / "lapel", "recording", "export", recording, "--out", out, "--purpose", "discovery", env=environment)
            town.stop()
            done = run(BIN / "lapel-verify", "--key", town.vkey, out, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("badge 900", done.stdout)
            self.assertNotIn("badge 901", done.stdout)
            told = "".join(path.read_text() for path in out.rglob("*.tlog-proof"))
            opened = [base64.b64decode(line.removeprefix("extra ")) for line in told.splitlines() if line.startswith("extra ")]
            self.assertTrue(any(b"identity.bound" in text for text in opened))
            self.assertFalse(any(b"investigation" in text for text in opened))


class Tampered(unittest.TestCase):
    def test_a_fact_that_only_the_catalog_knows_is_told(self):
        """Whoever can write to the database could clear themselves; the ledger does not say so."""
        with Town() as town:
            agency = Agency(town)
            town.start()
            agency.learn()
            agency.begin("command", "clearance", "records", "minor")
            agency.ask("POST", "/api/v1/cases", "records", 201, number="22-1", title="")
            agency.ask("POST", "/api/v1/statements", "records", 204, person="officer", incident="22-1")
            agency.ask("POST", "/api/v1/statements", "records", 204, person="officer", incident="22-3")
            agency.ask("POST", "/api/v1/statements/withdraw", "records", 204, person="officer", incident="22-3", reason="another's")
            agency.ask("PUT", "/api/v1/rules", "command", 200, own_viewing="after_statement", reason="x")
            recording = agency.upload(wearer="100", incident="22-1")
            agency.ask("POST", f"/api/v1/recordings/{recording}/release", "command", 204, reason="x")
            agency.change("records", recording, restriction="minor")
            town.stop()
            self.assertEqual(town.check_ledger(), (0, []))
            whole = pathlib.Path(town.data / "catalog.db").read_bytes()
            someone = agency.ids["investigator"]
            for sql in (
                    f"INSERT INTO assignments (id, agency, person, kind, target, from_us) VALUES ('{'b' * 32}', '{'f' * 32}', '{someone}', 'clearance', 'minor', 0)",
                    "UPDATE assignments SET until_us = 9000000000000000000 WHERE kind = 'clearance'", "UPDATE assignments SET from_us = -5 WHERE kind = 'clearance'",
                    "UPDATE assignments SET id = CAST('zz' AS BLOB) WHERE kind = 'clearance'", "UPDATE assignments SET from_us = 5000000000 WHERE kind = 'badge'",
                    f"INSERT INTO assignments (id, agency, person, kind, target, from_us) SELECT '{'a' * 32}', agency, '{someone}', 'clearance', 'minor', 0 FROM people LIMIT 1",
                    f"UPDATE assignments SET person = '{someone}' WHERE kind = 'clearance'", "UPDATE assignments SET target = 'medical' WHERE kind = 'clearance'",
                    "UPDATE assignments SET until_us = from_us + 1000000 WHERE kind = 'clearance'", "DELETE FROM assignments WHERE kind = 'clearance'",
                    "UPDATE assignments SET from_us = from_us - 100000000 WHERE kind = 'clearance'",
                    "UPDATE statements SET withdrawn_us = 0 WHERE incident = '22-3'", "UPDATE statements SET withdrawn_us = withdrawn_us + 1000000",
                    "UPDATE statements SET withdrawn_us = filed_us WHERE incident = '22-1'", "DELETE FROM statements WHERE incident = '22-3'",
                    f"UPDATE statements SET person = '{someone}'", "UPDATE statements SET incident = '22-2'", "DELETE FROM releases",
                    f"UPDATE releases SET person = '{someone}'", "UPDATE agency_rules SET own_viewing = 'allowed'", "DELETE FROM agency_rules",
                    "UPDATE cases SET number = '22-9'", "UPDATE recordings SET restriction = NULL, state = 'sealed'",
                    "UPDATE recordings SET restriction = 'medical'", "UPDATE recordings SET state = 'sealed'", "UPDATE recordings SET is_victim_sensitive = 1",
                    f"UPDATE recordings SET assigned_officer = '{someone}'", "UPDATE recordings SET assigned_officer = NULL",
                    "UPDATE recordings SET inside_home_known = 1", "UPDATE recordings SET incident = '22-2'", "UPDATE people SET badge = '9' WHERE badge = '100'"):
                with self.subTest(sql=sql):
                    catalog = sqlite3.connect(town.data / "catalog.db")
                    self.assertGreater(catalog.execute(sql).rowcount, 0)
                    catalog.commit()
                    catalog.close()
                    code, faults = town.check_ledger()
                    self.assertEqual(code, 6)
                    self.assertTrue(faults)
                    (town.data / "catalog.db").write_bytes(whole)
            self.assertEqual(town.check_ledger(), (0, []))


if __name__ == "__main__":
    unittest.main()
