# SPDX-License-Identifier: Apache-2.0
"""Two agencies on one server share nothing: whatever the contract names with an id, nobody of the one learns from any answer whether
the other has it. Made from the contract itself: an operation that it gains later is asked here, or fails here."""
import datetime
import json
import secrets
import unittest

import importing
from access_test import FILM, ROLES
from harness import BIN, Town, run, sha256, until
from moved_clock import MovedClock
from signing_in import Browser

OTHER = "Otherton Police"
TUS = {"Tus-Resumable": "1.0.0"}
REASON = {"reason": "told by the test"}

# Of each operation with an id in its path: what the id names, and a body that is right but for whose it is.
ASKED = {
    "upload_offset": ("upload", None), "upload_state": ("upload", None), "append_to_upload": ("upload", b"x"), "remove_upload": ("upload", None),
    "show_recording": ("recording", None), "change_recording": ("recording", {"category": "Traffic", **REASON}),
    "release_recording": ("recording", REASON), "recording_custody": ("recording", None), "recording_receipt": ("recording", None),
    "recording_poster": ("recording", None), "recording_filmstrip": ("recording", None), "recording_track": ("recording", None), "open_view": ("recording", {"purpose": "review"}),
    "open_export": ("recording", {"purpose": "review"}), "view_original": ("view", None), "view_export": ("export", None),
    "show_sign_in": ("person", None), "show_person": ("person", None),
    "change_activity": ("person", {"active": False, **REASON}),
    "person_rights": ("person", None), "end_assignment": ("assignment", REASON), "retire_category": ("category", REASON), "view_as": ("person", None),
    "show_alert": ("alert", None), "acknowledge_alert": ("alert", REASON), "show_digest": ("digest", None), "sign_digest": ("digest", {"note": "read"}),
    "show_publication": ("publication", None), "show_draft": ("draft", None), "review_draft": ("draft", {"decision": "approved", **REASON}),
    "publish_draft": ("draft", {}), "show_share": ("share", None), "revoke_share": ("share", REASON), "give_share_code": ("share", None),
    "show_proposal": ("proposal", None), "withdraw_proposal": ("proposal", REASON), "renew_setup_link": ("agency", None),
    "show_directory_user": ("directory_user", None), "put_directory_user": ("directory_user", {"userName": "in_step"}),
    "patch_directory_user": ("directory_user", {"Operations": [{"op": "add", "path": "displayName", "value": "In Step"}]}),
    "remove_directory_user": ("directory_user", None),
    "show_directory_group": ("directory_group", None), "put_directory_group": ("directory_group", {"displayName": "Night watch"}),
    "patch_directory_group": ("directory_group", {"Operations": [{"op": "add", "path": "externalId", "value": "g"}]}),
    "remove_directory_group": ("directory_group", None),
    "show_camera": ("camera", None), "report_camera": ("camera", {"firmware": "1"}), "set_camera_state": ("camera", {"state": "in_service", **REASON}),
    "add_fault": ("camera", {"what": "dark"}), "fix_fault": ("fault", {"fix": "new"}), "scan": ("run", {"code": "AX-7"}), "end_scans": ("run", {}),
    "show_policy": ("policy", None), "policy_in_force": ("policy", None), "show_policy_version": ("policy", None), "policy_changes": ("policy", None),
    "issue_policy": ("policy", {"clauses": [{"key": "a", "heading": "A", "text": "Read it."}]}), "acknowledge_policy": ("policy", {"answers": [1]}),
    "training_record": ("person", None), "recording_policies": ("recording", None),
    "show_session_roster": ("session", None), "cancel_session": ("session", REASON), "scan_attendance": ("session", {"code": "hill"}),
    "withdraw_attendance": ("attendance", REASON),
    "camera_system_entries": ("system", None), "revoke_camera_system": ("system", None), "revoke_camera_key": ("key", REASON), "recording_markers": ("recording", None),
    "recording_camera": ("recording", None), "recording_origin": ("recording", None), "accept_recording": ("recording", REASON),
    "settle_recording_origin": ("imported", REASON), "camera_record": ("camera", None),
    "show_file_request": ("file_request", None), "give_file_request_code": ("file_request", None), "revoke_file_request": ("file_request", REASON),
    "show_import": ("import", None), "list_import_files": ("import", {"files": [{"path": "a.csv", "bytes": 1}]}), "read_import": ("import", {}),
    "send_import_file": ("import", {"path": "a.csv"}), "list_unsent_import_files": ("import", None), "list_import_findings": ("import", None),
    "list_import_lines": ("import", None), "import_report": ("import", None), "close_import": ("import", REASON),
    "begin_turn": ("slot", {"person": "hill"}), "end_slot": ("slot", REASON), "swap_turn": ("turn", {"person": "hill"}), "vacate_turn": ("turn", REASON),
}
ETAG = f'"{sha256(FILM)}"'
# What those of the same agency may know of; all else is to them as if it were not there, or none of their business whether it is.
FLEET = {"camera", "fault", "run", "slot", "turn", "system", "key"}
TRAINING = {"session", "attendance"}
ROWS = {"recording", "locked", "person", "assignment"}
KNOWN = {
    "supervisor": FLEET | {"person", "assignment"}, "investigator": {"recording", "person", "assignment"},
    "command": FLEET | ROWS | {"share", "proposal", "publication", "draft", "alert", "digest", "category"},
    "internal_affairs": ROWS | {"proposal", "alert", "digest"}, "coordinator": FLEET | ROWS, "records": ROWS | {"share", "proposal"},
    "da_liaison": {"recording", "proposal"}, "counsel": {"recording", "proposal", "draft"},
    "auditor": FLEET | ROWS | {"share", "proposal", "publication", "draft", "alert", "digest"},
    "program_manager": FLEET | {"person", "assignment", "publication", "draft"}, "approver": {"proposal", "draft"},
    "administrator": FLEET | {"person", "assignment", "agency"},
}
for _role in ("command", "records", "auditor"):  # what comes in from elsewhere
    KNOWN[_role] = KNOWN[_role] | {"import", "imported", "file_request"}
# A policy is for everybody to read; its sessions' rosters are for those who keep them.
KNOWN = {role: KNOWN.get(role, set()) | {"policy"} | (TRAINING if role in ("coordinator", "program_manager") else set()) for role in ROLES}
# Those that are the same for everybody, or are of whoever asks by a cookie.
ELSEWHERE = {"upload_item_options": "says what of tus is spoken, of no upload in particular", "remove_factor": "is found by the session alone",
             "change_roles": "takes a session, and no token: people_test.py asks across agencies", "invite_person": "as change_roles",
             "renew_camera_system": "takes a session, and no token", "unlock_person": "takes a session, and no token", "reset_factors": "takes a session, and no token",
             **{operation: "takes a session, and no token: two_people_test.py asks across agencies" for operation in
                ("propose_hold_release", "propose_lift", "approve_proposal", "refuse_proposal")}}


class TwoAgencies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.town = town = Town()
        cls.addClassCleanup(town.__exit__)
        run(BIN / "lapel", "agency", "add", "--data", town.data, "--name", OTHER)
        cls.tokens = {role: town.add_user(f"other_{role}", role, agency=OTHER) for role in ROLES}
        # Somebody who may do whatever anybody may, in the agency that has the things.
        cls.own = town.add_user("everybody", *ROLES, badge="1")
        # A directory has a token of its own.
        cls.tokens["directory"], cls.own_directory = town.token("other_administrator", "scim"), town.token("everybody", "scim")
        cls.uploader = town.add_user("uploader", "records")
        town.add_user("hill", "officer", badge="2")
        # Of the same agency, and on none of its cases.
        cls.strangers = {role: town.add_user(f"stranger_{role}", role) for role in ROLES}
        clock = MovedClock(town.home)
        town.wrapper = clock.wrapper
        town.start()
        recording = town.upload(cls.uploader, FILM, filename="a.mp4", wearer="2", incident="22-1")["recording"]
        # Before the clock moves: an app's code is of the hour.
        proposal = cls.proposal(recording)
        watched = cls.watched(town, clock)
        cls.document = town.request("GET", "/api/v1/openapi.json").json()
        people = {person["login"]: person["id"] for person in town.request("GET", "/api/v1/people", cls.own).json()["items"]}

        def ask(path, **body):
            return town.request("POST", path, cls.own, body=json.dumps(body)).json()
        unit = ask("/api/v1/units", name="Night")
        assert unit["id"]
        # Its pictures are asked for too.
        until(lambda: town.request("GET", f"/api/v1/recordings/{recording}", cls.own).json()["media"]["state"], lambda state: state == "done")
        locked = town.upload(cls.uploader, FILM, filename="locked.mp4", wearer="2", incident="22-1")["recording"]
        done = town.request("PATCH", f"/api/v1/recordings/{locked}", cls.own, body=json.dumps({"restriction": "minor", **REASON}))
        assert done.status == 200, done.body
        cls.ids = {"recording": recording, "locked": locked, "person": people["hill"],
                   "upload": town.create(cls.own, 3, filename="b.bin").headers["Location"].rsplit("/", 1)[1],
                   "view": ask(f"/api/v1/recordings/{recording}/views", purpose="review")["view"],
                   "export": ask(f"/api/v1/recordings/{recording}/exports", purpose="review")["view"],
                   "directory_user": cls.scim("Users", {"userName": "in_step"}), "directory_group": cls.scim("Groups", {"displayName": "Night watch"}),
                   "share": ask("/api/v1/shares", kind="discovery", recipient="Somebody", recordings=[recording], purpose="discovery", case="22-1")["share"]["id"],
                   "publication": ask("/api/v1/program/publications", title="To the council")["id"], "draft": ask("/api/v1/program/drafts", title="To the council")["id"], "proposal": proposal, "agency": town.request("GET", "/api/v1/agencies", cls.own).json()["items"][0]["id"],
                   "import": importing.begin(town, cls.own, ("a.csv", b"x")), "imported": importing.one_that_differs(town, cls.own),
                   "file_request": ask("/api/v1/file-requests", name="Ella Marsh", incident="22-1", words="The film of your door", code=True)["file_request"]["id"],
                   **watched, "system": cls.system(), "key": cls.key(), **cls.rotating(ask), **cls.training(ask), "category": ask("/api/v1/categories", name="Night work")["id"],
                   "assignment": ask("/api/v1/assignments", kind="badge", person="hill", target="B-77")["id"]}

    @classmethod
    def system(cls):
        """A body-worn system, and the file by which it connects."""
        of = ["--data", cls.town.data, "--agency", cls.town.agency]
        run(BIN / "lapel", "camera-system", "add", *of, "--name", "West", "--url", cls.town.url, "--out", cls.town.home / "west.json")
        return json.loads(run(BIN / "lapel", "camera-system", "list", *of, "--json").stdout)["items"][0]["id"]

    @classmethod
    def key(cls):
        """A key whose signatures in footage are believed, by its fingerprint."""
        of = ["--data", cls.town.data, "--agency", cls.town.agency]
        file = cls.town.home / "camera.key"
        file.write_text("07" * 32)
        run(BIN / "lapel", "camera-key", "add", *of, "--serial", "BC-7", "--key", file)
        return json.loads(run(BIN / "lapel", "camera-key", "list", *of, "--json").stdout)["items"][0]["sha256"]

    @classmethod
    def rotating(cls, ask):
        """A camera with a fault, a run of scans, and whose turn it is."""
        cls.town.add_user("ruiz", "officer", badge="3")
        done = ask("/api/v1/staffing/import", csv="what,name,badge,unit,count,from\nunit,Rotating,,,,\ncamera,AX-7,,,,2022-12-01\n"
                   "member,,3,Rotating,,2022-10-01T12:00:00Z\nslot,,,Rotating,2,2022-12-01\n")
        assert done["added"] == 4, done
        ask("/api/v1/rotation/participants", person="ruiz", status="volunteered", on="2022-10-13")
        slot = cls.town.request("GET", "/api/v1/rotation", cls.own).json()["slots"][0]["id"]
        camera = cls.town.request("GET", "/api/v1/fleet/cameras", cls.own).json()["items"][0]["id"]
        return {"slot": slot, "camera": camera, "fault": ask(f"/api/v1/fleet/cameras/{camera}/faults", what="dark")["id"],
                "run": ask("/api/v1/fleet/runs", mode="audit")["id"],
                "turn": ask(f"/api/v1/rotation/slots/{slot}/turns", person="ruiz", on="2022-12-02")["id"]}

    @classmethod
    def training(cls, ask):
        """A policy that has to be read, a session, and somebody who attended it."""
        policy = ask("/api/v1/policies", slug="read-me", title="Night policy")["id"]
        check = [{"question": "Read it?", "choices": ["No", "Yes"], "right": 2}]
        ask(f"/api/v1/policies/{policy}/versions", clauses=[{"key": "a", "heading": "A", "text": "Read me."}], check=check)
        ask("/api/v1/training/courses", slug="night-work", title="Night work")
        sessions = [ask("/api/v1/training/sessions", course="night-work", on="2022-11-30", place=place)["id"] for place in ("here", "there")]
        ask(f"/api/v1/training/sessions/{sessions[1]}/attendances", code="hill")
        roster = cls.town.request("GET", f"/api/v1/training/sessions/{sessions[1]}", cls.own).json()["roster"]
        return {"policy": policy, "session": sessions[0], "attendance": roster[0]["id"]}

    @classmethod
    def watched(cls, town, clock):
        """An alert about the uploader, and a digest of their week."""
        for number in range(20):
            film = town.upload(cls.uploader, b"film %d" % number, filename=f"{number}.bin")["recording"]
            answer = town.request("POST", f"/api/v1/recordings/{film}/views", cls.uploader, body=json.dumps({"purpose": "review"}))
            assert answer.status == 201, answer.body
        out = {}
        for kind in ("alert", "digest"):
            # One's own, of all the digests: a supervisor of the same agency has one too.
            of = {"alert": ("person", "uploader"), "digest": ("reader", "everybody")}[kind]
            out[kind] = until(lambda: [each["id"] for each in town.request("GET", f"/api/v1/{kind}s", cls.own).json()["items"]
                                       if each[of[0]]["name"].startswith(of[1])])[0]
            clock.into_next_week()
            assert town.request("GET", "/api/v1/recordings", cls.own).status == 200  # by a clock alone no week ends
        return out

    @classmethod
    def proposal(cls, recording):
        body = {"matter": "Doe", "recording": recording, **REASON}
        hold = cls.town.request("POST", "/api/v1/holds", cls.own, body=json.dumps(body)).json()["id"]
        browser = Browser(cls.town)
        browser.sign_in("everybody")
        browser.enroll_app()
        # Who supervises another unit supervises nobody else.
        browser.ask("POST", "/api/v1/units", {"name": "Day"}, 201)
        day = {"kind": "unit_supervisor", "person": "stranger_supervisor", "target": "Day", "from": "2020-01-01T00:00:00Z"}
        browser.ask("POST", "/api/v1/assignments", day, 201)
        return browser.ask("POST", f"/api/v1/holds/{hold}/release", REASON, 201).json()["id"]

    @classmethod
    def scim(cls, kind, body):
        return cls.town.request("POST", f"/scim/v2/{kind}", cls.own_directory, body=json.dumps(body)).json()["id"]

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if isinstance(operation, dict) and "operationId" in operation:
                    yield method.upper(), path, operation["operationId"]

    def ask(self, method, path, operation, id_, token, extra=None):
        body, headers = ASKED[operation][1] if method != "HEAD" else None, {**(extra or {})}
        if path.startswith("/api/v1/uploads"):
            headers.update(TUS)
        if isinstance(body, bytes):
            headers.update({"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
        elif body is not None:
            body = json.dumps(body)
        target = path.replace("{id}", id_).replace("{number}", "1") + (f"?view={self.ids['view']}" if operation in ("recording_filmstrip", "recording_track") else "")
        answer = self.town.request(method, target, token, headers, body)
        text = answer.body.decode(errors="replace").replace(id_, "<id>")
        instance = answer.headers["X-Request-Id"]
        names = tuple(sorted((name, value.replace(id_, "<id>")) for name, value in answer.headers.items() if name not in ("Date", "X-Request-Id")))
        return answer.status, text.replace(instance, "<request>"), names

    def test_no_answer_tells_the_others_whether_there_is_one(self):
        known = {operation for _, path, operation in self.operations() if "{id}" in path}
        self.assertEqual(known - set(ELSEWHERE), set(ASKED), "what the contract names with an id, and what is asked here")
        asked = 0
        for method, path, operation in self.operations():
            if operation not in ASKED:
                continue
            id_ = self.ids[ASKED[operation][0]]
            for role, token in [*self.tokens.items(), ("nobody", None)]:
                for extra in ({}, {"Range": "bytes=0-0"}, {"If-None-Match": "*"}):
                    there = self.ask(method, path, operation, id_, token, extra)
                    unknown = self.ask(method, path, operation, secrets.token_hex(16), token, extra)
                    self.assertEqual(there, unknown, f"{operation} as {role} of the other agency")
                    self.assertGreaterEqual(there[0], 400, f"{operation} as {role}")
                    asked += 1
        self.assertGreater(asked, 22 * 15)

    def test_nor_is_anybody_of_the_same_agency_told_of_what_is_not_theirs_to_know(self):
        asked = 0
        for method, path, operation in self.operations():
            if operation not in ASKED or path.startswith("/scim/"):
                continue
            kind = ASKED[operation][0]
            for name in (kind, "locked") if kind == "recording" else (kind,):
                for role, token in self.strangers.items():
                    if name in KNOWN.get(role, ()):
                        continue
                    for verb in (method, *(("HEAD",) if method == "GET" else ())):
                        for extra in ({}, {"Range": "bytes=0-0"}, {"If-None-Match": "*"}, {"If-None-Match": ETAG},
                                      {"Range": "bytes=0-9", "If-Range": ETAG}):
                            there = self.ask(verb, path, operation, self.ids[name], token, extra)
                            unknown = self.ask(verb, path, operation, secrets.token_hex(16), token, extra)
                            self.assertEqual(there, unknown, f"{verb} {operation} of {name} as {role}")
                            self.assertGreaterEqual(there[0], 400, f"{verb} {operation} of {name} as {role}")
                            asked += 1
        self.assertGreater(asked, 2000)

    def test_no_search_finds_what_is_hidden(self):
        """An officer's, a supervisor's of another unit, an investigator's outside the case: by its words, each filter, each cursor."""
        def said(token, query):
            answer = self.town.request("GET", f"/api/v1/recordings?{query}", token)
            headers = [(name, value) for name, value in answer.headers.items() if name not in ("Date", "X-Request-Id")]
            return answer.status, answer.body, headers
        hidden = {"officer": ("recording", "locked"), "supervisor": ("recording", "locked"), "investigator": ("locked",)}
        for role, names in hidden.items():
            token = self.strangers[role]
            for name in names:
                shown = self.town.request("GET", f"/api/v1/recordings/{self.ids[name]}", self.own).json()
                at = int(datetime.datetime.fromisoformat(shown["received_at"].replace("Z", "+00:00")).timestamp() * 1_000_000)
                # The investigator finds the other of the two by what they have in common.
                words = {"q": ["locked.mp4", "locked"] if name == "locked" else ["a.mp4", "22-1"],
                         **({"officer": ["2"], "incident": ["22-1"]} if role != "investigator" else {})}
                for field, values in words.items():
                    for value in values:
                        for more in ("", "&limit=1", f"&cursor={at + 1}.{'f' * 32}"):
                            other = f"{field}={'x' * len(value)}{more}"
                            self.assertEqual(said(token, f"{field}={value}{more}"), said(token, other), f"{role} {field}={value}{more}")
                # A cursor that names it is one like any other.
                by_cursor = [said(token, f"q=locked&cursor={at}.{id_}") for id_ in (self.ids[name], secrets.token_hex(16))]
                self.assertEqual(*by_cursor, role)
            # Page by page there are as many as in one, and none of them is it.
            whole = [item["id"] for item in self.town.request("GET", "/api/v1/recordings?limit=200", token).json()["items"]]
            paged, cursor = [], ""
            while cursor is not None:
                page = self.town.request("GET", f"/api/v1/recordings?limit=1{cursor}", token).json()
                paged += [item["id"] for item in page["items"]]
                cursor = page["next"] and f"&cursor={page['next']}"
                for name in names:
                    self.assertNotIn(self.ids[name], json.dumps(page), role)
            self.assertEqual(paged, whole, role)
            self.assertFalse({self.ids[name] for name in names} & set(whole), role)
            seen = self.town.request("GET", f"/api/v1/people/stranger_{role}/recordings", token).json()
            self.assertEqual((seen["total"], seen["hidden"]), (len(whole), 0), "nor by their number")
            for name in names:
                for body in ({"kind": "discovery", "recipient": "Dana", "purpose": "discovery"}, {"matter": "Doe", **REASON}):
                    path, field = ("/api/v1/shares", "recordings") if "kind" in body else ("/api/v1/holds", "recording")
                    answers = []
                    for id_ in (self.ids[name], secrets.token_hex(16)):
                        named = {**body, field: [id_] if field == "recordings" else id_}
                        answer = self.town.request("POST", path, token, body=json.dumps(named))
                        text = answer.body.decode().replace(id_, "<id>").replace(answer.headers["X-Request-Id"], "<request>")
                        answers.append((answer.status, text))
                    self.assertEqual(*answers, f"{path} of {name} as {role}")
                    self.assertGreaterEqual(answers[0][0], 400)

    def test_a_body_that_names_what_is_the_others_tells_no_more(self):
        for path, bodies in {
                "/api/v1/assignments": [{"kind": kind, "target": target} for kind, target in
                                        (("badge", "7"), ("unit", "Night"), ("unit_supervisor", "Night"), ("case", "22-1"), ("clearance", "minor"),
                                         ("investigation", ""), ("device", "AX-1"))],
                "/api/v1/statements": [{"incident": "22-1"}]}.items():
            for body in bodies:
                for role, token in self.tokens.items():
                    answers = []
                    for person in (self.ids["person"], secrets.token_hex(16)):
                        answer = self.town.request("POST", path, token, body=json.dumps({**body, "person": person}))
                        answers.append((answer.status, {**answer.json(), "instance": None}))
                    self.assertEqual(*answers, f"{path} {body} as {role}")
                    self.assertGreaterEqual(answers[0][0], 400)

    def test_a_hold_on_what_is_the_others_is_one_on_nothing(self):
        for role, token in self.tokens.items():
            answers = []
            for recording in (self.ids["recording"], secrets.token_hex(16)):
                answer = self.town.request("POST", "/api/v1/holds", token, body=json.dumps({"matter": "Doe", "recording": recording, **REASON}))
                answers.append((answer.status, answer.body.replace(recording.encode(), b"<id>").replace(answer.headers["X-Request-Id"].encode(), b"")))
            self.assertEqual(*answers, role)
            self.assertIn(answers[0][0], (403, 404))

    def test_lists_and_searches_are_of_ones_own(self):
        for role, token in self.tokens.items():
            for path in ("/api/v1/recordings", "/api/v1/recordings?q=a.mp4", "/api/v1/recordings?incident=22-1", "/api/v1/recordings?officer=2",
                         "/api/v1/people", "/api/v1/alerts", "/api/v1/digests", "/api/v1/unattributed", "/api/v1/access-review", "/api/v1/units", "/api/v1/categories", "/api/v1/cases", "/api/v1/assignments", "/api/v1/shares", "/api/v1/holds", "/api/v1/proposals", "/api/v1/agencies", "/api/v1/staffing", "/api/v1/fleet/cameras", "/api/v1/fleet/docks", "/api/v1/rotation", "/api/v1/rotation/plan", "/api/v1/rotation/participants", "/api/v1/policies", "/api/v1/training", "/api/v1/training/courses", "/api/v1/training/sessions", "/api/v1/training/checklist", "/api/v1/program/report", "/api/v1/program/bargaining", "/api/v1/program/gates", "/api/v1/program/metering?month=2022-03", "/api/v1/program/statements", "/api/v1/program/publications", f"/api/v1/assignments?person={self.ids['person']}"):
                answer = self.town.request("GET", path, token)
                for word in (self.ids["recording"], self.ids["person"], self.ids["assignment"], self.ids["proposal"], "Doe", "a.mp4", "22-1", "Night", "Rotating", "AX-7", "uploader"):
                    if answer.status < 400:
                        self.assertNotIn(word, answer.body.decode(), f"{path} as {role}")

    def test_zz_the_same_questions_find_it_in_its_own_agency(self):
        """Last: some of them change what they name."""
        for method, path, operation in sorted(self.operations(), key=lambda each: ("change" in each[2] or "remove" in each[2], each[2])):
            if operation not in ASKED:
                continue
            own = self.own_directory if path.startswith("/scim/") else self.own
            there = self.ask(method, path, operation, self.ids[ASKED[operation][0]], own)
            unknown = self.ask(method, path, operation, secrets.token_hex(16), own)
            self.assertNotEqual(there, unknown, f"{operation} finds nothing even where it is: the comparison would prove nothing")


if __name__ == "__main__":
    unittest.main()
