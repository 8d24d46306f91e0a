# SPDX-License-Identifier: Apache-2.0
"""docs/access.csv over HTTP: what each role, and whoever holds none, is answered at each door of the contract, beside what the table says.

One sweep asks and keeps what was answered; each test compares that with a table. doors.py says what is asked.
"""
import base64
import csv
import dataclasses
import json
import secrets
import sqlite3
import unittest
from typing import NamedTuple

import importing
from access_test import FILM, ROLES, Agency
from doors import BYTES, DOORS, ELSEWHERE, REASON, TUS
from harness import BIN, ROOT, Town, metadata, run, sha256, until
from moved_clock import MovedClock
from openapi_test import Dock
from shares_test import Recipient, at

# Those who are nobody in the agency's roster. A token is one for everything else than a dock's.
NOBODIES = ("anonymous", "share_recipient", "dock", "program_token")
FACTS = {"home": "home_unrelated", "sensitive": "sensitive", "waits": "own_waits"}
FOREIGN = ("records", "command", "administrator")
HOLDS = ("records", "counsel", "da_liaison", "command", "internal_affairs")
SENDERS = ("investigator", "internal_affairs", "da_liaison", "counsel")
# The rows that decide nothing over HTTP, and why.
UNREACHED = {
    ("camera_system", "upload register_device", "*"): "has doors of its own: content_destination_test.py",
    ("camera_system", "*", "*"): "is nobody at any other door: content_destination_test.py",
    **{("file_request", *rest): "is nobody at any other door than its own: file_requests_test.py"
       for rest in (("upload", "*"), ("receipt", "own"), ("*", "*"))},
    ("*", "receive", "*"): "at a recipient's doors no other credential is looked at: everybody else is asked for the link and the code",
    ("administrator", "scim", "own"): "takes an identity provider, by whose groups the administrator is one: scim_test.py",
}


def table():
    with open(ROOT / "docs/access.csv", newline="") as file:
        return list(csv.DictReader(file))


def fits(cell, value):
    return cell == "*" or (value in cell.removeprefix("!").split()) != cell.startswith("!")


def row_of(rows, case):
    return next(row for row in rows if all(fits(row[column], value) for column, value in case.items()))


def plain(answer, thing):
    """All that an answer says but for the id that was asked for, its own and the time."""
    headers = sorted((name, value.replace(thing.id, "<id>")) for name, value in answer.headers.items()
                     if name not in ("Date", "X-Request-Id"))
    return answer.status, headers, answer.body.decode().replace(thing.id, "<id>").replace(answer.headers["X-Request-Id"], "<request>")


class Asker(NamedTuple):
    name: str                  # whose credential it is
    actor: str                 # what the table calls them
    town: object
    agency: str = "own"
    is_cleared: bool = False
    is_scoped: bool = False    # to what is of the unit Night


@dataclasses.dataclass
class Thing:
    id: str
    officer: str = ""          # whose it is
    unit: str = ""
    fact: str = ""
    state: str = "sealed"
    incident: str = "22-1"
    proposer: str = ""
    has_still: bool = False
    again: object = None       # makes another like it


class Asked(NamedTuple):
    operation: str
    asker: str
    thing: str
    first: tuple               # what is asked of the agency before that, as the table has its cases
    cases: tuple               # each action in turn
    hiding: tuple              # those without which there is nothing
    is_any: bool
    is_without: bool           # a person who has shown a factor, where it takes one
    unless_theirs: str
    allowed: tuple
    status: int
    problem: str
    body: bytes

    @property
    def is_scim(self):
        return self.cases[-1]["action"] == "scim"

    def expected(self, rows):
        """(the answer, the rows that gave it)"""
        used = []
        if self.is_without and not self.hiding:
            return "sign_in", used
        for case in self.first:
            used.append(row_of(rows, case))
            if used[-1]["answer"] != "allow":
                return used[-1]["answer"], used
        for case in self.hiding:
            used.append(row_of(rows, case))
            if used[-1]["answer"] != "allow":
                return "sign_in" if used[-1]["answer"] == "sign_in" else "hide", used
        if self.is_without:
            return "sign_in", used
        for case in self.cases:
            used.append(row_of(rows, case))
            if (used[-1]["answer"] == "allow") == self.is_any:
                break
        answer = used[-1]["answer"]
        return self.unless_theirs if self.unless_theirs and (answer == "allow" or self.is_scim) else answer, used

    def answered(self):
        """As the table calls it; else the status."""
        if self.status in self.allowed and self.problem != "/problems/inside-home":
            return "allow"
        if not self.problem:  # HEAD has no body
            return {401: "sign_in", 403: "refuse", 404: "hide"}.get(self.status, str(self.status))
        # Who was refused the same a hundred times within the sweep is refused at a pace.
        if (self.status, self.problem) == (429, "/problems/limited") and b"1 in 60 seconds" in self.body:
            return "refuse"
        known = {(401, "/problems/unauthenticated"): "sign_in", (401, "/problems/fresh-factor"): "sign_in",
                 (401, "/problems/share-code"): "sign_in", (403, "/problems/rule"): "refuse", (403, "/problems/two-person"): "refuse",
                 (404, "/problems/not-found"): "hide", (409, "/problems/inside-home"): "ask"}
        return known.get((self.status, self.problem), str(self.status))


class Streets:
    """An agency with one person of each role and everything that the contract has a door to, in each state."""

    def __init__(self, town):
        self.town, self.asked, self.told, self.hidden, self.made = town, [], [], 0, 0
        run(BIN / "lapel", "agency", "add", "--data", town.data, "--name", "Otherton Police")
        self.a = a = Agency(town)
        # Makes and proposes what the others are asked about, and is none of them.
        a.add("everybody", *ROLES, badge="1")
        for login, badge in (("nightly", "201"), ("walker", "202"), ("spare", "203")):
            a.add(login, "officer", badge=badge)
        for role in ROLES:
            a.add(f"cleared_{role}", role)
        a.add("captain", "command")
        a.add("inquirer", "internal_affairs")
        for role in FOREIGN:
            a.tokens[f"foreign_{role}"] = town.add_user(f"foreign_{role}", role, agency="Otherton Police")
        a.tokens["program_token"] = town.token("records", "upload", "list")
        self.directories = {role: town.token(role, "scim") for role in (*ROLES, *(f"foreign_{role}" for role in FOREIGN))}
        self.clock = MovedClock(town.home)
        town.wrapper = self.clock.wrapper
        town.start()
        a.learn()
        document = town.request("GET", "/api/v1/openapi.json").json()
        self.operations = {operation["operationId"]: (method.upper(), path, operation["x-action"])
                           for path, methods in document["paths"].items() for method, operation in methods.items()
                           if isinstance(operation, dict) and "operationId" in operation}
        self.askers = {name: Asker(name, actor, self, **more) for name, actor, more in (
            *((role, role, {}) for role in ROLES), *((name, name, {}) for name in NOBODIES),
            *((f"cleared_{role}", role, {"is_cleared": True}) for role in ROLES),
            *((f"foreign_{role}", role, {"agency": "foreign"}) for role in FOREIGN),
            ("captain", "command", {"is_scoped": True}), ("inquirer", "internal_affairs", {"is_scoped": True}))}
        self.enroll_dock()
        self.roster()
        self.things = {}
        # Of what everybody may read.
        self.public = {"/problems/{slug}": "/problems/rule", "{slug}": town.vkey.split("+")[0].split("/")[1], "{level}": "0"}

    def own(self, method, path, wanted=None, **body):
        return self.a.ask(method, path, "everybody", wanted, **body).json()

    def fresh(self, path, body, wanted=201):
        return self.a.fresh("everybody").ask("POST", path, body, wanted).json()

    def enroll_dock(self):
        town, self.dock = self.town, Dock(self.town.home)
        made = run(BIN / "lapel", "dock", "enroll", "--data", town.data, "--agency", town.agency, "--name", "east door", "--json")
        self.enrolled = self.of_dock("enroll", self.dock.enrollment(json.loads(made.stdout)["code"]))
        self.give_dock_token()

    def of_dock(self, what, body):
        return self.town.request("POST", f"/api/v1/docks/{what}", body=json.dumps(body)).json()

    def give_dock_token(self):
        id_, origin = self.enrolled["dock"], self.enrolled["origin"]
        nonce = self.of_dock("nonce", {"dock": id_})["nonce"]
        signed = {"dock": id_, "nonce": nonce, "signature": self.dock.sign(f"lapel-dock-token/1\n{origin}\n{nonce}")}
        self.a.tokens["dock"] = self.of_dock("token", signed)["token"]

    def roster(self):
        past = {"from": "2020-01-01T00:00:00Z"}

        def begin(*args, **more):
            self.a.begin("everybody", *args, **more)
        for unit in ("Night", "Day", "Spare"):
            self.own("POST", "/api/v1/units", 201, name=unit)
        for kind, who, unit in (("unit", "nightly", "Night"), ("unit", "walker", "Day"), ("unit_supervisor", "supervisor", "Night"),
                                ("unit_supervisor", "cleared_supervisor", "Night"), ("unit", "investigator", "Night")):
            begin(kind, who, unit, **past)
        for number in ("22-500", "22-501"):
            self.own("POST", "/api/v1/cases", 201, number=number)
        for role in ROLES:
            begin("case", role, "22-500")
            begin("clearance", f"cleared_{role}", "minor")
        self.a.begin("command", "clearance", "everybody", "minor")
        for who in ("captain", "inquirer"):
            self.fresh("/api/v1/assignments", {"kind": "scope", "person": who, "target": "Night"})
        for serial in ("AX-1", "AX-2", "AX-3"):
            self.own("POST", "/api/v1/devices", 200, serial=serial)

    # ---- the things ----

    def recording(self, officer="nightly", fact="", state="sealed", incident="22-1", film=None):
        badges = {"nightly": "201", "walker": "202", **{role: str(100 + n) for n, role in enumerate(ROLES)}}
        values = {**({"wearer": badges[officer]} if officer in badges else {}), "incident": incident}
        self.made += 1
        id_ = self.town.upload(self.a.tokens["everybody"], film or b"film %d" % self.made, filename="a.mp4", **values)["recording"]
        if fact != "unasked":
            self.a.change("everybody", id_, inside_home=fact == "home")
        if fact == "sensitive":
            self.a.change("everybody", id_, victim_sensitive=True)
        if state == "held":
            self.own("POST", "/api/v1/holds", 201, matter="Doe", recording=id_, **REASON)
        elif state == "restricted":
            self.a.change("everybody", id_, restriction="minor")
        elif state != "sealed":
            # Nothing brings a recording there yet.
            with sqlite3.connect(self.town.data / "catalog.db", timeout=30) as catalog:
                catalog.execute("UPDATE recordings SET state = ? WHERE id = ?", (state, id_))
        unit = {"nightly": "Night", "walker": "Day"}.get(officer, "")
        return Thing(id_, officer, unit, fact, state, incident, has_still=film is not None,
                     again=lambda: self.recording(officer, fact, state, incident))

    def make_recordings(self):
        # Those with a poster first: it is made of one after the other.
        filmed = {officer: self.recording(officer, film=FILM) for officer in ("nightly", "officer", "records")}
        self.case = self.recording("walker", incident="22-500", film=FILM)
        self.night, self.day, self.nobodys = filmed["nightly"], self.recording("walker"), self.recording("nobody")
        self.home, self.unasked = (self.recording("nightly", fact, incident="22-600") for fact in ("home", "unasked"))
        self.sensitive = self.recording("nightly", "sensitive")
        self.owns = {role: filmed[role] if role in filmed else self.recording(role) for role in ROLES}
        self.docks = self.dock_recording()
        self.held = [self.recording(officer, state="held") for officer in ("nightly", "walker")]
        self.locked = [self.recording(officer, state="restricted") for officer in ("nightly", "walker", "nobody")]
        self.locked_case = self.recording("walker", state="restricted", incident="22-500")
        self.locked_owns = {role: self.recording(role, state="restricted") for role in ROLES}
        self.others = [self.recording("nightly", state=state) for state in ("disposed", "quarantined", "imported_pending")]
        for thing in (*filmed.values(), self.case):
            until(lambda: self.own("GET", f"/api/v1/recordings/{thing.id}", 200)["media"]["state"], lambda state: state == "done")

    def statement(self, data):
        """What a dock signs of a file that it sends."""
        said = {"at": "2022-12-02T06:00:00.00Z", "bytes": len(data), "file": secrets.token_hex(16), "ledger": self.enrolled["origin"],
                "key": base64.b64encode(bytes.fromhex(self.dock.public_key)).decode(), "sha256": sha256(data)}

        def canonical(value):
            return json.dumps(value, sort_keys=True, separators=(",", ":"))
        signature = bytes.fromhex(self.dock.sign("lapel-dock/v1\n" + canonical(said)))
        return {"sha256": said["sha256"], "dock": canonical({**said, "sig": base64.b64encode(signature).decode()})}

    def dock_recording(self):
        id_ = self.town.upload(self.a.tokens["dock"], b"docked", filename="d.bin", **self.statement(b"docked"))["recording"]
        return Thing(id_, "dock")

    def recordings_for(self, asker):
        if asker.agency == "foreign":
            return [self.night, self.locked[0]]
        if asker.is_scoped:
            return [self.day]
        if asker.is_cleared:
            return self.locked
        if asker.actor == "program_token":
            return [self.night, self.home, self.sensitive, self.locked[0], self.owns["records"], *self.others]
        if asker.actor in NOBODIES:
            return [self.night, self.locked[0], *([self.docks] if asker.actor == "dock" and self.docks else [])]
        return [self.night, self.day, self.nobodys, self.case, self.home, self.unasked, self.sensitive, self.owns[asker.name],
                *self.held, *self.locked, self.locked_case, self.locked_owns[asker.name], *self.others]

    def things_for(self, about, asker):
        if about == "recording":
            return self.recordings_for(asker)
        if asker.is_cleared and not about.endswith("of lift"):
            return []
        if about == "self":
            return [Thing(self.a.ids[asker.name], asker.name)] if asker.name in self.a.ids else []
        made = self.things[about]
        made = made.get(asker.name, []) if isinstance(made, dict) else made
        return made if isinstance(made, list) else [made]

    # ---- asking ----

    @staticmethod
    def relation(door, asker, thing):
        if asker.agency == "foreign" and thing:
            return "foreign"
        if not thing:
            return door.relation if asker.name not in NOBODIES else "other"
        if thing.officer == asker.name or (thing.officer == "records" and asker.actor == "program_token"):
            return "own"
        if thing.incident == "22-500":
            return "case" if asker.actor in ROLES else "other"
        if thing.officer == "nobody":
            return "unattributed" if asker.actor in ROLES else "other"
        return "supervised" if asker.actor == "supervisor" and thing.unit == "Night" else "other"

    @staticmethod
    def fact(door, asker, thing, action):
        if action == "manage_agencies":
            return "lead" if asker.agency == "own" else "-"
        if not thing:
            return "-"
        if asker.is_scoped and door.about in ("recording", "proposal of lift"):
            return "outside_scope"
        if asker.is_cleared and thing.state == "restricted":
            return "proposed" if thing.proposer == asker.name and action == "lift_restriction" else "cleared"
        if thing.proposer == asker.name and action in ("decide_hold_release", "lift_restriction"):
            return "proposed"
        if action in ("view", "export", "share"):
            if thing.fact == "home" and door.case == thing.incident:
                return "home_related"
            if thing.fact == "home" and door.warrant:
                return "home_warrant"
            if thing.fact == "unasked" and door.case != thing.incident:
                return "home_unasked"
            if not door.case:
                return "no_case"
        return FACTS.get(thing.fact, "-")

    def case_of(self, door, asker, thing, action):
        return {"actor": asker.actor, "action": action, "relation": self.relation(door, asker, thing),
                "state": thing.state if thing else "sealed", "purpose": door.purpose, "fact": self.fact(door, asker, thing, action)}

    def send(self, door, asker, thing):
        method, path, _ = self.operations[door.operation]
        for name, value in (*self.public.items(), *(((name, thing.id) for name in ("{id}", "{n}")) if thing else ())):
            path = path.replace(name, value)
        path += door.query(asker, thing) if callable(door.query) else door.query
        body, headers = door.body(asker, thing) if callable(door.body) else door.body, dict(door.headers)
        if door.is_fresh and asker.name in self.a.ids:
            return self.a.fresh(asker.name).ask(method, path, body)
        if door.operation == "create_upload" and asker.actor == "dock":
            headers["Upload-Metadata"] = metadata(**self.statement(b"x"))
        if asker.actor == "share_recipient":
            headers.update({"X-Lapel": "1", "Cookie": self.cookie})
        elif "/received" in path:
            headers.update({"X-Lapel": "1"})
        token = self.directories.get(asker.name) if path.startswith("/scim/") else None
        return self.town.request(method, path, token or self.a.tokens.get(asker.name), headers,
                                 json.dumps(body) if isinstance(body, dict) else body)

    def ask(self, door, asker, thing, rows):
        _, path, action = self.operations[door.operation]
        actions = door.actions or tuple(action.split())
        # At a recipient's doors no other credential is looked at.
        who = asker if actions != ("receive",) or asker.actor == "share_recipient" else self.askers["anonymous"]

        def case(action):
            return self.case_of(door, who, thing, action)

        def of_agency(action):
            return self.case_of(door, who, None, action)
        is_theirs = not thing or asker.name in (thing.proposer, thing.officer)
        # Whoever has no directory's token is refused as such, whatever else they have.
        unless_theirs = "refuse" if path.startswith("/scim/") and asker.actor == "dock" else "" if is_theirs else door.unless_theirs
        asked = Asked(door.operation, asker.name, repr(thing and (door.about, thing.officer, thing.state, thing.fact)),
                      tuple(map(of_agency, door.first)), tuple(map(case, actions)),
                      (*((of_agency(door.known_by),) if door.known_by else ()), *((case(door.seen_by),) if door.seen_by else ())),
                      door.is_any, door.is_fresh and asker.name not in self.a.ids, unless_theirs, door.allowed, 0, "", b"")
        if door.is_changing and thing.again and asked.expected(rows)[0] == "allow":
            thing = thing.again()
        answer = self.send(door, asker, thing)
        problem = answer.json()["type"] if answer.body and "problem+json" in (answer.headers.get("Content-Type") or "") else ""
        self.asked.append(asked._replace(status=answer.status, problem=problem, body=answer.body[:200]))
        if answer.status == 404 and thing:
            unknown = dataclasses.replace(thing, id=secrets.token_hex(16))
            there, nowhere = plain(answer, thing), plain(self.send(door, asker, unknown), unknown)
            self.hidden += 1
            if there != nowhere:
                self.told.append((asked.operation, asked.asker, asked.thing, there, nowhere))

    def sweep(self, rows, doors):
        for door in doors:
            for asker in self.askers.values():
                if asker.agency == "foreign" and door.about != "recording" and "manage_agencies" not in self.operations[door.operation][2]:
                    continue  # two_agencies_test.py
                if not door.about:
                    if not asker.is_cleared and not asker.is_scoped:
                        self.ask(door, asker, None, rows)
                    continue
                for thing in self.things_for(door.about, asker):
                    if door.only is None or door.only(thing):
                        self.ask(door, asker, thing, rows)

    # ---- everything else that has an id ----

    def several(self, make):
        return Thing(make(), again=lambda: Thing(make()))

    def make_the_rest(self):
        own, things = self.own, self.things
        checkpoint = until(lambda: self.town.request("GET", "/ledger/checkpoint"), lambda answer: answer.status == 200)
        size = int(checkpoint.body.split(b"\n")[1])
        self.public["{number}"] = "1"
        self.public["{index}"] = f"000.p/{size}" if size < 256 else "000"
        things["spare"] = Thing(self.a.ids["spare"])
        things["category"] = self.several(lambda: own("POST", "/api/v1/categories", 201, name=secrets.token_hex(4))["id"])
        self.make_uploads()
        self.make_shares()
        self.make_file_requests()
        self.make_imports()
        self.make_assignments()
        self.make_proposals()
        self.volumes = own("GET", "/api/v1/program/volumes?from=2022-01&until=2022-03", 200)
        things["publication"] = Thing(own("POST", "/api/v1/program/publications", 201, title="To the mayor")["id"])
        things["draft"] = self.several(lambda: own("POST", "/api/v1/program/drafts", 201, title="To the mayor")["id"])
        source = {"by": "the grantor", "where": "A notice", "on": "2022-10-21"}
        own("POST", "/api/v1/program/statements", 201, format="lapel-program/1",
            statements=[{"subject": subject, "field": field, "value": value, "source": source} for subject, field, value in (
                ("grant/open", "award", "1.00"), ("phase/pilot", "title", "The pilot"),
                *((f"gate/by-{who}", *said) for who, role in (("command", "command"), ("manager", "program_manager"))
                  for said in (("title", "A gate"), ("opens", "phase/full"), ("needs", "stated"), ("waivable_by", role))))])
        self.public.update({"{profile}": "illinois", "{grant}": "open"})
        agencies = {each["name"]: each["id"] for each in own("GET", "/api/v1/agencies", 200)["items"]}
        things["agency"] = Thing(agencies["Otherton Police"])
        self.make_fleet()
        self.make_training()
        scim = self.town.token("everybody", "scim")

        def directory(kind, name):
            return lambda: self.town.request("POST", f"/scim/v2/{kind}", scim, body=json.dumps({name: secrets.token_hex(4)})).json()["id"]
        things["directory user"] = self.several(directory("Users", "userName"))
        things["directory group"] = self.several(directory("Groups", "displayName"))

    def make_uploads(self):
        def begun(who):
            def make():
                more = self.statement(b"xyz") if who == "dock" else {}
                return Thing(self.town.create(self.a.tokens[who], 3, **more).headers["Location"].rsplit("/", 1)[1], who, again=make)
            return make()
        self.things["upload of another"] = begun("everybody")
        self.things["own upload"] = {who: begun(who) for who in ("investigator", "records", "dock", "program_token")}

    def make_shares(self):
        def shared(who):
            def make():
                body = {"recipient": "Dana", "recordings": [self.day.id], "case": "22-1",
                        **({"kind": "download", "purpose": "review", "ends_at": at(3600)} if who == "internal_affairs" else
                           {"kind": "discovery", "purpose": "discovery"})}
                return Thing(self.a.ask("POST", "/api/v1/shares", who, 201, **body).json()["share"]["id"], who, again=make)
            return make()
        self.things["share of another"] = shared("everybody")
        self.things["own share"] = {who: shared(who) for who in SENDERS}
        # What was sent stands as it stood, or was locked or destroyed since.
        sent = [self.recording("walker") for _ in range(3)]
        made = self.own("POST", "/api/v1/shares", 201, kind="discovery", recipient="Dana", recordings=[thing.id for thing in sent],
                        purpose="discovery", case="22-1")
        recipient = Recipient(self.town)
        assert recipient.enter(made).status == 201
        self.cookie, self.sent = recipient.cookie, recipient.share
        until(lambda: self.own("GET", f"/api/v1/shares/{self.sent}", 200)["prepared_at"])
        self.a.change("everybody", sent[1].id, restriction="minor")
        with sqlite3.connect(self.town.data / "catalog.db", timeout=30) as catalog:
            catalog.execute("UPDATE recordings SET state = 'disposed' WHERE id = ?", (sent[2].id,))
        self.things["sent"] = [Thing(str(n), state=state) for n, state in enumerate(("sealed", "restricted", "disposed"))]

    def make_file_requests(self):
        def asked(who):
            def make():
                body = {"name": "Ella Marsh", "incident": "22-1", "words": "The film of your door", "code": True}
                made = self.a.ask("POST", "/api/v1/file-requests", who, 201, **body).json()
                return Thing(made["file_request"]["id"], who, again=make)
            return make()
        self.things["file request of another"] = asked("everybody")
        self.things["own file request"] = {who: asked(who) for who in ("investigator", "records")}

    def make_imports(self):
        """One of which nothing was sent, and what differs from the inventory of another."""
        everybody = self.a.tokens["everybody"]
        self.things["import"] = Thing(importing.begin(self.town, everybody, ("evidence.csv", b"x")))
        self.things["imported"] = Thing(importing.one_that_differs(self.town, everybody))

    def make_assignments(self):
        def begun(kind, who, target):
            if kind == "clearance":
                return self.fresh("/api/v1/assignments", {"kind": kind, "person": who, "target": target})["id"]
            return self.a.begin("everybody", kind, who, target)["id"]
        for kind, target in (("device", "AX-2"), ("badge", "204"), ("case", "22-501"), ("clearance", "minor"), ("investigation", "")):
            self.things[f"assignment of {kind}"] = Thing(begun(kind, "spare", target))
        for kind in ("badge", "case"):
            of = {each["person"]: each["id"] for each in self.own("GET", f"/api/v1/assignments?kind={kind}", 200)["items"]}
            self.things[f"own assignment of {kind}"] = {role: Thing(of[self.a.ids[role]], role) for role in ROLES}
        given = {"device": ("coordinator", "AX-3"), "clearance": ("command", "medical")}
        for kind, (who, target) in given.items():
            self.things[f"own assignment of {kind}"] = {who: Thing(begun(kind, who, target), who)}
        # Until then what they are in themselves waits for nothing.
        self.things["own assignment of investigation"] = {}

    def make_proposals(self):
        def held(recording):
            return self.own("POST", "/api/v1/holds", 201, matter="Doe", recording=recording.id, **REASON)["id"]

        def released(recording, by="everybody", **more):
            def make():
                made = self.a.fresh(by).ask("POST", f"/api/v1/holds/{held(recording)}/release", REASON, 201).json()
                return Thing(made["id"], again=make, **more)
            return make()

        def lifted(by):
            def make():
                recording = self.recording("walker", state="restricted")
                id_ = self.a.fresh(by).ask("POST", f"/api/v1/recordings/{recording.id}/unrestrict", REASON, 201).json()["id"]
                return Thing(id_, "walker", "Day", state="restricted", proposer=by, again=make)
            return make()
        self.things["hold"] = Thing(held(self.held[0]))
        self.things["own hold"] = {who: Thing(held(self.recording(who)), who) for who in (*HOLDS, "auditor", "officer")}
        by_one = {who: released(self.held[1], who, proposer=who) for who in HOLDS}
        by_another = released(self.held[1])
        self.things["proposal of release"] = {name: [by_another, *([by_one[name]] if name in by_one else [])]
                                              for name in (*ROLES, *NOBODIES)}
        self.things["own proposal of release"] = {who: released(self.recording(who), officer=who) for who in HOLDS}
        lift = lifted("everybody")
        lifts = {name: lifted(name) for name in ("cleared_command", "cleared_records", "cleared_internal_affairs")}
        self.things["proposal of lift"] = {name: [lift, *([lifts[name]] if name in lifts else [])] for name in self.askers}

    def make_fleet(self):
        own, things = self.own, self.things
        own("POST", "/api/v1/staffing/import", 201, csv="what,name,badge,unit,count,from\nunit,Rotating,,,,\ncamera,AX-7,,,,2022-12-01\n"
            "member,,202,Rotating,,2022-10-01T12:00:00Z\nslot,,,Rotating,2,2022-12-01\n")
        own("POST", "/api/v1/rotation/participants", 201, person="walker", status="volunteered", on="2022-10-13")
        slot = own("GET", "/api/v1/rotation", 200)["slots"][0]["id"]
        camera = own("GET", "/api/v1/fleet/cameras", 200)["items"][0]["id"]
        things["slot"], things["camera"] = Thing(slot), Thing(camera)
        things["fault"] = self.several(lambda: own("POST", f"/api/v1/fleet/cameras/{camera}/faults", 201, what="dark")["id"])
        things["camera system"] = self.several(lambda: self.fresh("/api/v1/camera-systems", {"name": secrets.token_hex(4)})["id"])
        things["no camera key"] = Thing("0" * 64)
        things["run"] = self.several(lambda: own("POST", "/api/v1/fleet/runs", 201, mode="audit")["id"])
        things["turn"] = Thing(own("POST", f"/api/v1/rotation/slots/{slot}/turns", 201, person="walker", on="2022-12-02")["id"])

    def make_training(self):
        own, things = self.own, self.things
        text = {"clauses": [{"key": "a", "heading": "A", "text": "Read me."}],
                "check": [{"question": "Read it?", "choices": ["No", "Yes"], "right": 2}]}
        policy = own("POST", "/api/v1/policies", 201, slug="read-me", title="Read me")["id"]
        own("POST", f"/api/v1/policies/{policy}/versions", 201, **text)
        things["policy"], things["policy version"] = Thing(policy), Thing(policy)
        own("POST", "/api/v1/training/courses", 201, slug="basic", title="Basic")

        def planned():
            return own("POST", "/api/v1/training/sessions", 201, course="basic", on="2022-11-29", place=secrets.token_hex(4))["id"]

        def attended():
            session = planned()
            own("POST", f"/api/v1/training/sessions/{session}/attendances", 200, code="spare")
            return own("GET", f"/api/v1/training/sessions/{session}", 200)["roster"][0]["id"]
        things["session"], things["held session"], things["attendance"] = self.several(planned), Thing(planned()), self.several(attended)

    def wait_for_statements(self):
        """What is somebody's own waits from now on."""
        self.a.ask("PUT", "/api/v1/rules", "command", 200, own_viewing="after_statement", **REASON)
        for thing in self.owns.values():
            thing.fact = "waits"

    def investigate_themselves(self):
        made = self.a.begin("everybody", "investigation", "internal_affairs")
        self.things["own assignment of investigation"] = {"internal_affairs": Thing(made["id"], "internal_affairs")}

    def make_watched(self):
        """Alerts about two who looked at more than others do, and the digests of their week. Last: the clock moves past every session."""
        for who, purpose in (("investigator", "review"), ("command", "training")):
            for _ in range(20):
                film = self.recording("nightly")
                assert self.a.view(who, film.id, purpose).status == 201
        alerts = until(lambda: self.own("GET", "/api/v1/alerts")["items"], lambda items: len(items) > 1)
        self.clock.into_next_week()
        self.give_dock_token()
        self.own("GET", "/api/v1/recordings", 200)  # by a clock alone no week ends
        names = {id_: login for login, id_ in self.a.ids.items()}
        # They come one after the other: those of two who ask have to be among them.
        digests = until(lambda: self.own("GET", "/api/v1/digests")["items"],
                        lambda items: {"supervisor", "command"} <= {names[each["reader"]["id"]] for each in items})

        def about(each, person):
            name = names[each[person]["id"]]
            return Thing(each["id"], name, "Night" if name == "investigator" else "")
        self.things["alert"] = [about(each, "person") for each in alerts]
        self.things["digest"] = [about(each, "reader") for each in digests]


class TheTable(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = table()
        cls.town = town = Town()
        cls.addClassCleanup(town.__exit__)
        cls.streets = streets = Streets(town)
        streets.make_recordings()
        streets.make_the_rest()
        watching = ("show_alert", "acknowledge_alert", "show_digest", "sign_digest")
        streets.sweep(cls.rows, [door for door in DOORS if door.operation not in watching])
        streets.wait_for_statements()
        streets.sweep(cls.rows, [door._replace(only=lambda thing: thing.fact == "waits") for door in DOORS if door.about == "recording" and
                                 door.operation in ("recording_poster", "open_view", "open_export", "make_share") and door.case == "22-1"])
        streets.investigate_themselves()
        streets.sweep(cls.rows, [door for door in DOORS if door.about == "own assignment of investigation"])
        streets.make_watched()
        streets.sweep(cls.rows, [door for door in DOORS if door.operation in watching])

    @classmethod
    def differences(cls, rows):
        out = []
        for asked in cls.streets.asked:
            expected, _ = asked.expected(rows)
            if asked.answered() != expected:
                out.append((asked.operation, asked.asker, asked.thing, asked.cases[-1], expected, asked.status, asked.problem, asked.body))
        return out

    def test_every_door_answers_as_the_table_says(self):
        different = self.differences(self.rows)
        self.assertEqual(different, [], f"{len(different)} of {len(self.streets.asked)} answers")
        self.assertGreater(len(self.streets.asked), 10_000)

    def test_an_upload_takes_the_right_at_each_step(self):
        """Whoever began it may no more, or shows a credential of theirs that may not."""
        a, town = self.streets.a, self.town
        listing = town.token("records", "list")
        location = town.create(a.tokens["records"], 3).headers["Location"]
        for token in (listing, a.tokens["officer"]):
            for method, headers, body in (("GET", {}, None), ("HEAD", TUS, None), ("PATCH", BYTES, b"abc"), ("DELETE", TUS, None)):
                self.assertEqual(town.request(method, location, token, headers, body).status, 403, method)
        self.assertEqual(town.head_offset(location, a.tokens["records"]), 0)

    def test_what_is_hidden_is_answered_as_what_never_was(self):
        self.assertEqual(self.streets.told, [])
        self.assertGreater(self.streets.hidden, 1000)

    def test_a_row_that_says_otherwise_is_found(self):
        deciding = {}
        for asked in self.streets.asked:
            for row in asked.expected(self.rows)[1]:
                deciding.setdefault(id(row), []).append(asked)
        for number, row in enumerate(self.rows):
            line = number + 2
            if (row["actor"], row["action"], row["relation"]) in UNREACHED and id(row) not in deciding:
                continue
            self.assertTrue(id(row) in deciding, f"line {line} decides nothing that is asked over HTTP: {row}")
            others = {"allow", "refuse", "hide", "sign_in", "ask"} - {row["answer"]}
            for answer in others:
                turned = [*self.rows[:number], {**row, "answer": answer}, *self.rows[number + 1:]]
                self.assertTrue(any(asked.answered() != asked.expected(turned)[0] for asked in deciding[id(row)]),
                                f"line {line} could say {answer}")

    def test_every_operation_is_asked_for_each_of_its_actions(self):
        actions = {}
        for door in DOORS:
            actions.setdefault(door.operation, set()).update(door.actions or self.streets.operations[door.operation][2].split())
        for operation, (_, _, action) in self.streets.operations.items():
            self.assertEqual(actions.get(operation), None if operation in ELSEWHERE else set(action.split()), operation)
        self.assertEqual({asked.operation for asked in self.streets.asked}, set(actions))


if __name__ == "__main__":
    unittest.main()
