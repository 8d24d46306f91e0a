# SPDX-License-Identifier: Apache-2.0
"""A state's program, filled in through the doors that people use: 5,000 people in 20 facilities, ten years of turns and of what was said.

Only the people themselves are put into the catalog directly: adding each costs a password's hashing, and none of them signs in here.
"""
import concurrent.futures
import datetime
import json
import secrets
import sqlite3

PEOPLE, FACILITIES, YEARS = 5_000, 20, 10
SHIFTS = ("Days", "Evenings", "Nights")
SEATS = 2                 # of each facility and shift
TURN_DAYS = 35            # within the window of 28 to 42
STATEMENTS_OF_FILE = 2_000
AT_A_TIME = 8
FIRST_DAY = datetime.date(2016, 1, 4)

PAGES = {
    "status": "program/status", "costs": "program/costs?contract=cameras", "money": "program/report?kinds=grant,round,contract,payment,quote",
    "reports": "program/report?kinds=grant", "bargaining": "program/bargaining",
    "gates": "program/gates", "metering": "program/metering?month=2026-01", "statements": "program/statements?limit=200",
    "as_of": "program/report?as_of=2021-06-30&kinds=grant,round,contract,payment,quote",
    "published": "program/publications", "staffing": "staffing", "cameras": "fleet/cameras",
    "docks": "fleet/docks", "rotation": "rotation", "rotation_as_of": "rotation?as_of=2021-06-30", "plan": "rotation/plan",
    "participants": "rotation/participants", "people": "people?limit=200", "units": "units",
}
WHOLE_REPORT = "program/report"  # what a program may ask for; no page does


class Statewide:
    def __init__(self, server, talk):
        self.server, self.talk = server, talk
        # In the order in which they take turns, those of one facility together.
        self.badges = [str(10_000 + n) for n in range(PEOPLE)]

    def facility(self, n):
        return f"Facility {n + 1:02}"

    def add_people(self):
        catalog = sqlite3.connect(self.server.data / "catalog.db", timeout=30)
        with catalog:
            agency, = catalog.execute("SELECT id FROM agencies").fetchone()
            for badge in self.badges:
                person = secrets.token_hex(16)
                catalog.execute("INSERT INTO people (id, agency, login, name, badge, added_us) VALUES (?, ?, ?, ?, ?, 1)",
                                (person, agency, f"officer-{badge}", f"Officer {badge} (fictitious)", badge))
                catalog.execute("INSERT INTO person_roles (person, role) VALUES (?, 'officer')", (person,))
                catalog.execute("INSERT INTO assignments (id, agency, person, kind, target, from_us) VALUES (?, ?, ?, 'badge', ?, 0)",
                                (person, agency, person, badge))
        catalog.close()

    def ask(self, method, path, body=None):
        status, _, text = self.server.ask(method, f"/api/v1/{path}", body=json.dumps(body) if body is not None else None)
        if status not in (200, 201, 204):
            raise RuntimeError(f"{method} {path}: {status} {text[:400]}")
        return json.loads(text) if text else None

    def import_staffing(self):
        head = "what,name,badge,unit,shift,count,begins,ends,from"
        rows = [f"unit,{self.facility(n)},,,,,,," for n in range(FACILITIES)]
        rows += [f"shift,{name},,,,,{begins},{ends}," for name, begins, ends in zip(SHIFTS, ("07:00", "15:00", "23:00"), ("15:00", "23:00", "07:00"))]
        rows += [f"member,,{badge},{self.facility(n % FACILITIES)},,,,,2016-01-01" for n, badge in enumerate(self.badges)]
        rows += [f"slot,,,{self.facility(n)},{shift},{SEATS},,,{FIRST_DAY}" for n in range(FACILITIES) for shift in SHIFTS]
        rows += [f"camera,AX-{n:04},,,,,,,2016-01-01" for n in range(FACILITIES * len(SHIFTS) * SEATS)]
        for at in range(0, len(rows), 2_000):
            self.ask("POST", "staffing/import", {"csv": "\n".join([head, *rows[at:at + 2_000]]), "zone": "America/New_York"})

    def turn_for_years(self):
        """Each facility by itself, several at a time, as their coordinators would."""
        takers = {}
        for n, badge in enumerate(self.badges):
            takers.setdefault(self.facility(n % FACILITIES), []).append(badge)
        seats = {}
        for slot in self.ask("GET", f"rotation?as_of={FIRST_DAY}")["slots"]:
            seats.setdefault(slot["unit"]["name"], []).extend([slot["id"]] * slot["seats"])
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
            turns = sum(pool.map(lambda unit: self.turn_one(seats[unit], takers[unit][:len(seats[unit]) * 20]), seats))
        self.talk(f"b11: {turns} turns in {YEARS} years")

    def turn_one(self, slots, badges):
        for badge in badges:
            self.ask("POST", "rotation/participants", {"person": badge, "status": "volunteered", "on": "2015-12-31"})
        latest, given = [None] * len(slots), 0
        for n in range(YEARS * 365 // TURN_DAYS):
            day = FIRST_DAY + datetime.timedelta(days=TURN_DAYS * n)
            for seat, slot in enumerate(slots):
                path = f"rotation/slots/{slot}/turns" if latest[seat] is None else f"rotation/turns/{latest[seat]}/swap"
                latest[seat] = self.ask("POST", path, {"person": badges[given % len(badges)], "on": str(day)})["id"]
                given += 1
        return given

    def state(self):
        said = [("program/state", "title", "Cameras of a state (made up)"), ("contract/cameras", "vendor", "A vendor (made up)"),
                ("contract/cameras", "years", YEARS), ("contract/cameras", "recurring", "3000000"), ("rollout/sites", "title", "Every facility"),
                ("rollout/sites", "by", "2024-07-01"), ("rollout/sites", "sites", FACILITIES), ("phase/full", "title", "Every facility")]
        for n in range(FACILITIES):
            said += [(f"site/s{n}", "title", self.facility(n)), (f"site/s{n}", "rollout", "rollout/sites"), (f"site/s{n}", "wearers", 250),
                     (f"site/s{n}", "live_on", f"20{16 + n % YEARS}-03-01")]
        for n, needs in enumerate(("policy", "training", "bargaining", "docks", "restore_test")):
            said += [(f"gate/g{n}", "title", f"Gate {n}"), (f"gate/g{n}", "opens", "phase/full"), (f"gate/g{n}", "needs", needs)]
        for year in range(YEARS):
            for n in range(FACILITIES * 12):
                said += [(f"milestone/y{year}-{n}", "title", f"Milestone {n} of year {year + 1}"),
                         (f"milestone/y{year}-{n}", "on", f"20{16 + year}-{n % 12 + 1:02}-15"), (f"milestone/y{year}-{n}", "note", "Made up for a measurement")]
        statements = [{"subject": subject, "field": field, "value": value, "source": "s"} for subject, field, value in said]
        for at in range(0, len(statements), STATEMENTS_OF_FILE):
            self.ask("POST", "program/statements", {"format": "lapel-program/1", "sources": {"s": {"by": "nobody", "where": "A bench", "on": "2016-01-01"}},
                                                    "statements": statements[at:at + STATEMENTS_OF_FILE]})
        self.talk(f"b11: {len(statements)} statements")
        self.ask("POST", "program/publications", {"title": "To the legislature"})
