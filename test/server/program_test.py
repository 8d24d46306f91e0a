# SPDX-License-Identifier: Apache-2.0
"""The program around the cameras on a real server: statements are taken whole and sealed, reports leave out what is under embargo, and what somebody
changes in the catalog is found."""
import concurrent.futures
import io
import json
import shutil
import sqlite3
import subprocess
import unittest
import zipfile

from harness import BIN, ROOT, Town, run, sha256
from moved_clock import MovedClock
from postgres import OnPrivatePostgres, PrivatePostgres
from signing_in import Fresh

SOURCE = {"by": "the grantor", "where": "A notice", "on": "2022-10-21"}
REPORTS = ("status", "costs", "report", "statements")


def said(subject, field, value=None, **more):
    return {"subject": subject, "field": field, "source": "s", **({} if value is None else {"value": value}), **more}


def payments(*amounts):
    out = [said("contract/axon", "vendor", "Axon")]
    for number, amount in enumerate(amounts, 1):
        out += [said(f"payment/{number}", "contract", "contract/axon"), said(f"payment/{number}", "n", number),
                said(f"payment/{number}", "amount", amount)]
    return out


class Program:
    """A town with somebody of each role that has to do with it."""

    def __init__(self, **options):
        self.town = Town(**options)
        self.tokens = {login: self.town.add_user(login, role) for login, role in (
            ("manager", "program_manager"), ("captain", "command"), ("auditor", "auditor"), ("union", "union"), ("attorney", "counsel"), ("hill", "officer"))}
        self.town.start()

    def ask(self, what, who, status=200, query=""):
        answer = self.town.request("GET", f"/api/v1/program/{what}{query}", self.tokens[who])
        assert answer.status == status, (what, who, answer.status, answer.body[:300])
        return answer.json()

    def post(self, what, who, status=201, **body):
        answer = self.town.request("POST", f"/api/v1/program/{what}", self.tokens[who], body=json.dumps(body))
        assert answer.status == status, (what, who, answer.status, answer.body[:300])
        return answer.json()

    def state(self, *statements, who="manager", status=201, **more):
        body = {"format": "lapel-program/1", "sources": {"s": SOURCE}, "statements": list(statements), **more}
        answer = self.town.request("POST", "/api/v1/program/statements", self.tokens[who], body=json.dumps(body))
        assert answer.status == status, (answer.status, answer.body[:500])
        return answer.json()

    def published(self, who):
        """All that somebody is told without asking for what is under embargo."""
        out = {what: self.ask(what, who) for what in REPORTS}
        for answer in out.values():
            for own in ("may_include_embargoed", "may_include_privileged"):
                answer.pop(own, None)
        return out


def sample(name):
    return json.loads((ROOT / "share/program" / f"{name}.json").read_text())


class OnSqlite(unittest.TestCase):
    options = {}

    @classmethod
    def setUpClass(cls):
        cls.program = Program(**cls.options)
        cls.addClassCleanup(cls.program.town.__exit__)

    def test_a_file_is_taken_whole_and_once_and_the_embargo_opens_with_its_release(self):
        program = self.program
        self.assertEqual(program.ask("statements", "auditor"), {"items": [], "next": None})
        bad = [*payments("106515", "185039"), said("payment/3", "amount", "a lot")]
        refused = program.state(*bad, status=400)
        self.assertIn("Statement 8 (payment/3 amount): \"value\" must be an amount", refused["detail"])
        self.assertEqual(program.ask("statements", "auditor")["items"], [], "nothing half imported")
        for who in ("captain", "auditor", "union"):
            program.state(*bad[:-1], who=who, status=403)

        done = program.state(*payments("106515", "185039"))
        self.assertEqual((done["added"], done["already"]), (7, 0))
        self.assertEqual(program.state(*payments("106515", "185039"), status=200), {"import": None, "added": 0, "already": 7})
        before = program.published("auditor")
        self.assertEqual(before["costs"]["payments"][0], {"n": 1, "amount": "106515.00", "grant": None, "city": None, "approximate": False})
        self.assertEqual(before["costs"]["total"], {"amount": "291554.00", "approximate": False})

        grant = [said("embargo/e", "covers", "grant/g"), said("grant/g", "award", "166586.73"), said("grant/g", "pays", "contract/axon"),
                 said("grant/g", "recipient", "Pittsfield")]
        program.state(*grant)
        for who in ("manager", "captain", "auditor"):
            self.assertEqual(program.published(who), before, f"{who} learns nothing by what was not asked for")
        for what in REPORTS:
            program.ask(what, "union", 403)
            program.ask(what, "auditor", 403, "?embargoed=included")
            asked = json.dumps(program.ask(what, "captain", query="?embargoed=included"))
            self.assertEqual("166586.73" in asked, what != "status", "who may see it is shown it where it is asked for")
        # A cursor that names what is hidden is one that never was.
        shown = program.ask("statements", "manager", query="?embargoed=included&limit=1")
        self.assertEqual(len(shown["items"]), 1)
        hidden = next(item["id"] for item in program.ask("statements", "manager", query="?embargoed=included")["items"] if item["field"] == "award")
        self.assertEqual(program.ask("statements", "auditor", 400, f"?cursor={hidden}")["detail"],
                         program.ask("statements", "auditor", 400, f"?cursor={'0' * 32}")["detail"])
        program.ask("statements", "auditor", query=f"?cursor={shown['next']}")

        program.state(said("embargo/e", "released_on", "2022-11-28"))
        costs = program.ask("costs", "auditor")
        self.assertEqual([(each["grant"], each["city"]) for each in costs["payments"]], [("106515.00", "0.00"), ("60071.73", "124967.27")])
        self.assertEqual((costs["grant_residual"], costs["grant_unspent"]), ("60071.73", "0.00"))

        # What is published keeps its bytes; a correction marks it.
        def publications():
            return program.ask("publications", "auditor")["items"]
        self.assertEqual(publications(), [])
        body = json.dumps({"title": "To the council"})
        self.assertEqual(program.town.request("POST", "/api/v1/program/publications", program.tokens["auditor"], body=body).status, 403)
        made = program.town.request("POST", "/api/v1/program/publications", program.tokens["manager"], body=body)
        self.assertEqual(made.status, 201, made.body)
        self.assertEqual([(each["title"], each["is_superseded"]) for each in publications()], [("To the council", False)])
        content = program.ask(f"publications/{made.json()['id']}", "auditor")["content"]
        award = next(item["id"] for item in program.ask("statements", "auditor")["items"] if item["field"] == "award")
        program.state(said("grant/g", "award", "166586.37", corrects=award, reason="Two digits were turned"))
        marked, = publications()
        self.assertEqual([(each["statement"], each["status"]) for each in marked["superseded"]], [(award, "corrected")])
        self.assertEqual(program.ask(f"publications/{marked['id']}", "auditor")["content"], content)
        self.assertEqual((marked["sha256"], sha256(content.encode())), (made.json()["sha256"],) * 2)

        # Of two that state at the same time, each takes place or says that it did not.
        def one(number):
            body = {"format": "lapel-program/1", "sources": {"s": SOURCE}, "statements": [said("program/bwc", "title", f"Title {number}")]}
            return program.town.request("POST", "/api/v1/program/statements", program.tokens["manager"], body=json.dumps(body)).status
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            statuses = sorted(pool.map(one, range(4)))
        self.assertEqual(statuses.count(201), 1, "a title is stated once; the others are told")
        self.assertTrue(set(statuses) <= {201, 400, 409}, statuses)
        program.ask("costs", "auditor", 404, "?contract=other")
        for query in ("?as_of=2022-13-01", "?as_of=9000-01-01", "?by=me", "?embargoed=yes"):
            program.ask("costs", "auditor", 400, query)
        for query in ("?limit=0", "?limit=x"):
            program.ask("statements", "auditor", 400, query)


class OfBargaining(unittest.TestCase):
    options = {}

    def setUp(self):
        self.program = Program(**self.options)
        self.addCleanup(self.program.town.__exit__)

    def told(self, who="auditor", status=200, query=""):
        return self.program.ask("bargaining", who, status, query)


class Bargaining(OfBargaining):
    def test_nothing_is_sent_or_ordered_before_what_must_come_first(self):
        state = self.program.state
        self.assertEqual([self.told()[list_] for list_ in ("units", "bargaining", "notices", "pilots", "tasks")], [[]] * 5)
        self.assertEqual(self.told()["phases"], [])
        state(said("bargaining_unit/one", "title", "Local 1"), said("notice/n", "title", "Notice of intent"), said("notice/n", "purpose", "impact_bargaining"),
              said("notice/n", "to", "bargaining_unit/one"), said("notice_reviewer/mayor", "title", "the mayor"), said("notice_reviewer/mayor", "from", "2022-10-28"),
              said("participation/one", "pilot", "pilot/p"), said("participation/one", "unit", "bargaining_unit/one"), said("participation/one", "participants", 6))
        order = said("participation/one", "mode", "ordered", reason="Nobody volunteers")
        sent = said("notice/n", "sent_at", "2022-10-28T16:40:00-04:00")
        review = [said("notice_review/r", "notice", "notice/n"), said("notice_review/r", "reviewer", "notice_reviewer/mayor"),
                  said("notice_review/r", "decided_at", "2022-10-28T16:00:00-04:00")]
        for refused, why in ((order, "until a notice of impact bargaining was sent"), (sent, "before notice_reviewer/mayor (the mayor) has decided")):
            answer = state(said("program/bwc", "title", "Cameras"), refused, status=403)
            self.assertIn(why, answer["detail"])
            self.assertEqual(answer["type"], "/problems/rule")
        self.assertEqual(self.program.ask("status", "auditor")["titles"], [], "nothing half taken")
        self.assertEqual(self.told("union")["notices"], [], "no unit learns of it before it is sent")
        self.assertEqual([(each["state"], each["reviews"][0]["decision"]) for each in self.told()["notices"]], [("waits_for_review", None)])
        state(*review, said("notice_review/r", "decision", "approved"), sent)
        notice, = self.told("union")["notices"]
        self.assertEqual((notice["state"], notice["sent_at"]["value"], notice["to"][0]["received_at"]), ("sent", "2022-10-28T16:40:00-04:00", None))
        received = [said("notice_delivery/d", "notice", "notice/n"), said("notice_delivery/d", "unit", "bargaining_unit/one")]
        state(*received, said("notice_delivery/d", "received_at", "2022-10-28T20:39:59Z"), status=403)
        state(*received, said("notice_delivery/d", "received_at", "2022-10-28T16:52:00-04:00"))
        state(order)
        report = self.told("union")
        self.assertEqual(report["notices"][0]["to"][0]["received_at"]["value"], "2022-10-28T16:52:00-04:00")
        self.assertEqual([(each["state"], each["participants"]["number"], each["mandatory_wear"], each["by_unit"][0]["mode"]["value"]) for each in report["pilots"]],
                         [("has_participants", 6, "off", "ordered")])
        # Whoever has no part in it; and what a program manager alone may do.
        self.told("hill", 403)
        for who in ("union", "attorney", "captain", "auditor"):
            state(said("program/bwc", "title", "Cameras"), who=who, status=403)
        for who, status in (("union", 403), ("auditor", 403), ("attorney", 403), ("captain", 200)):
            self.told(who, status, "?embargoed=included")
        self.program.ask("report", "attorney", 403)
        self.told(status=400, query="?privileged=yes")


class Privileged(OfBargaining):
    def test_what_is_privileged_is_in_no_answer_to_anybody_who_did_not_ask(self):
        program, town = self.program, self.program.town
        clerk = town.add_user("clerk", "records", "administrator", "investigator", "supervisor")
        tokens = {**program.tokens, "clerk": clerk, None: None}
        for name in ("pittsfield_2022", "pittsfield_bargaining_2022"):
            answer = town.request("POST", "/api/v1/program/statements", program.tokens["manager"], body=json.dumps(sample(name)))
            self.assertEqual(answer.status, 201, answer.body)
        paths = [path for path, item in town.request("GET", "/api/v1/openapi.json").json()["paths"].items() if "get" in item and "{" not in path]
        asked = [*paths, "/api/v1/recordings?q=Quetzalcoatl", "/api/v1/program/statements?limit=200", "/", "/ledger/tile/0/000", "/ledger/tile/entries/000"]

        def everything():
            return {(who, path): town.request("GET", path, token) for who, token in tokens.items() for path in asked}
        before = everything()
        source = {"by": "Quetzalcoatl", "where": "Quetzalcoatl", "on": "2022-11-08"}
        notes = [{"subject": subject, "field": field, "value": f"Quetzalcoatl {field}", "source": source, "reason": "Quetzalcoatl", "name": f"quetzalcoatl-{number}"}
                 for number, (subject, field) in enumerate((("bargaining/447s", "concerns"), ("bargaining/447", "privileged_note"), ("notice/intent", "privileged_note")))]
        program.state(*notes, recorded_on="2022-11-29")
        program.state({"subject": "bargaining/447s", "field": "concerns", "value": "Quetzalcoatl again", "source": source, "corrects": "quetzalcoatl-0", "reason": "Quetzalcoatl"})
        # A refusal names what was refused to whoever wrote it, and the trace says nothing of it.
        program.state({**notes[0], "name": "quetzalcoatl-9", "value": "Quetzalcoatl\n"}, status=400)
        after = everything()
        self.assertGreater(len(paths), 25)
        for key, answer in after.items():
            self.assertNotIn(b"quetzalcoatl", answer.body.lower(), key)
            self.assertEqual(answer.status, before[key].status, key)
            if "/program/" in key[1] and answer.status == 200:
                self.assertEqual(answer.body, before[key].body, key)
        for who in ("manager", "captain", "attorney"):
            asked_for = json.dumps(self.told(who, query="?privileged=included"))
            for each in ("privileged_note", "again"):
                self.assertIn(f"Quetzalcoatl {each}", asked_for, who)
        for who in ("auditor", "union", "hill"):
            self.told(who, 403, "?privileged=included")
        for what in REPORTS:
            for who in ("auditor", "union", "attorney"):
                program.ask(what, who, 403, "?privileged=included")
        # Whoever publishes, and whatever they may see.
        made = town.request("POST", "/api/v1/program/publications", program.tokens["manager"], body=json.dumps({"title": "To the council", "as_of": "2022-11-29"}))
        self.assertEqual(made.status, 201, made.body)
        shown = town.request("GET", f"/api/v1/program/publications/{made.json()['id']}", program.tokens["auditor"])
        content = json.loads(shown.json()["content"])
        self.assertIn(b"2022-11-10", shown.body)
        self.assertNotIn(b"quetzalcoatl", shown.body.lower())
        self.assertEqual((content["privileged"], "may_include_privileged" in content), ("left_out", False))
        # A statement that is shown to nobody is no place to begin a page either.
        hidden = next(each["id"] for each in program.ask("statements", "manager", query="?privileged=included&limit=200&cursor=" + self.cursor())["items"] if each["field"] == "concerns")
        self.assertEqual(program.ask("statements", "auditor", 400, f"?cursor={hidden}")["detail"], program.ask("statements", "auditor", 400, f"?cursor={'0' * 32}")["detail"])
        town.stop()
        self.assertNotIn(b"quetzalcoatl", (town.home / "server.err").read_bytes().lower())
        self.assertEqual(town.check_ledger()[0], 0)
        found = [path.name for path in town.data.rglob("*") if path.is_file() and b"quetzalcoatl" in path.read_bytes().lower()]
        self.assertEqual([name for name in found if not name.startswith("catalog.db")], [])

    def cursor(self):
        """Of the page that has what was stated last."""
        page, cursor = self.program.ask("statements", "manager", query="?privileged=included&limit=200"), ""
        while page["next"]:
            cursor = page["next"]
            page = self.program.ask("statements", "manager", query=f"?privileged=included&limit=200&cursor={cursor}")
        return cursor


class Reports(unittest.TestCase):
    """A report is drafted by one and decided on by another, and what must not be told is in no form of it."""

    options = {}

    def setUp(self):
        self.program = Program(**self.options)
        self.addCleanup(self.program.town.__exit__)

    def file(self, path, who="manager", status=200):
        answer = self.program.town.request("GET", f"/api/v1/program/{path}", self.program.tokens[who])
        self.assertEqual(answer.status, status, answer.body[:300])
        return answer

    def words(self, path, form, **more):
        """What somebody reads who opens the file."""
        body = self.file(f"{path}{'&' if '?' in path else '?'}format={form}", **more).body
        if form == "pdf":
            return subprocess.run(["pdftotext", "-layout", "-", "-"], input=body, capture_output=True, check=True).stdout.decode()
        return body.decode()

    def test_what_is_privileged_or_under_embargo_is_in_no_form_of_any_report(self):
        program = self.program
        program.state(*payments("106515", "185039"), said("bargaining_unit/u", "title", "Local 447"), said("bargaining/b", "unit", "bargaining_unit/u"),
                      said("bargaining/b", "about", "wear"), said("report_reviewer/chief", "title", "the chief"),
                      said("report_reviewer/chief", "login", "captain"), said("report_reviewer/chief", "from", "2022-10-21"))
        program.state(said("bargaining/b", "concerns", "Quetzal one"), said("bargaining/b", "privileged_note", "Quetzal two"))
        hidden = [said("embargo/quetzal", "covers", "grant/quetzal"), said("grant/quetzal", "award", "166586.73"), said("grant/quetzal", "pays", "contract/axon"),
                  said("grant/quetzal", "recipient", "Quetzal three"), said("embargo/quetzal", "covers", "figure/quetzal"), said("figure/quetzal", "what", "complaints"),
                  said("figure/quetzal", "from", "2022-10-01"), said("figure/quetzal", "until", "2022-10-20"), said("figure/quetzal", "text", "Quetzal four")]
        program.state(*hidden)
        draft = program.post("drafts", "manager", title="To the council")
        program.post(f"drafts/{draft['id']}/reviews", "captain", decision="approved", reason="Good")
        made = program.post(f"drafts/{draft['id']}/publication", "manager")
        paths = ("report", f"drafts/{draft['id']}", f"publications/{made['id']}", f"publications/{made['id']}?marked=superseded", "profiles/illinois/report?year=2022",
                 "profiles/dc/report?from=2022-07-01&until=2022-12-31")
        for path in paths:
            for form in ("json", "html", "pdf", "csv"):
                for who in ("manager", "captain", "auditor"):
                    with self.subTest(path, form=form, who=who):
                        words = self.words(path, form, who=who)
                        for word in ("quetzal", "166586", "166,586"):
                            self.assertNotIn(word, words.lower())
        # As whom a reviewer signs in is in no report either.
        for form in ("json", "html", "pdf", "csv"):
            self.assertNotIn("captain", self.words("report", form, who="auditor"))
        # It can be found where it may be asked for: the test can fail.
        for form in ("html", "pdf", "csv"):
            self.assertIn("166,586.73" if form == "pdf" else "quetzal", self.words("report?embargoed=included", form).lower())
            self.assertIn("UNDER EMBARGO: NOT TO BE HANDED OUT", self.words("report?embargoed=included", form))
        self.file("grants/quetzal/pack", status=404)
        self.file("report?format=pdf&embargoed=included", who="auditor", status=403)

    def test_a_pack_is_read_by_anybody_and_its_sums_are_right(self):
        program = self.program
        program.state(*payments("106515", "185039"), said("grant/g", "award", "166586.73"), said("grant/g", "pays", "contract/axon"), said("grant/g", "term", "Report by May"))
        first, again = (self.file("grants/g/pack").body for _ in range(2))
        self.assertEqual(first, again, "the same is the same file")
        with zipfile.ZipFile(io.BytesIO(first)) as pack:
            self.assertIsNone(pack.testzip())
            files = {name: pack.read(name) for name in pack.namelist()}
        sums = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
        self.assertEqual(sums, {name: sha256(data) for name, data in files.items()})
        self.assertEqual(files["payments.csv"].decode().split("\r\n")[1:3], ["1,106515.00,106515.00,0.00,no", "2,185039.00,60071.73,124967.27,no"])
        self.assertIn(b"Report by May", files["cover.html"])
        self.assertEqual(json.loads(files["evidence.json"])["shares"], [{"n": 1, "amount": "106515.00"}, {"n": 2, "amount": "60071.73"}])

    def test_a_draft_is_decided_on_by_whoever_is_named_and_an_embargo_takes_it_away(self):
        program = self.program
        program.state(*payments("106515"), said("grant/g", "award", "166586.73"))
        plain = program.post("publications", "manager", title="Nobody is named")
        self.assertEqual(set(plain["papers"]), {"csv", "html", "pdf"})
        for form, digest in plain["papers"].items():
            self.assertEqual(sha256(self.file(f"publications/{plain['id']}?format={form}").body), digest)
        self.assertIsNone(plain["draft"])
        unreviewed = program.post("drafts", "manager", title="Nobody reads it")
        self.assertEqual((unreviewed["state"], unreviewed["reviews"], unreviewed["may_publish"]), ("may_be_published", [], True))
        program.state(said("report_reviewer/chief", "title", "the chief"), said("report_reviewer/chief", "login", "captain"), said("report_reviewer/chief", "from", "2022-10-21"),
                      said("report_reviewer/attorney", "title", "counsel"), said("report_reviewer/attorney", "login", "attorney"), said("report_reviewer/attorney", "from", "2022-10-21"))
        self.assertIn("once", program.post("publications", "manager", 403, title="x")["detail"])
        # Whoever is named later reads what is not published yet as well.
        program.post(f"drafts/{unreviewed['id']}/publication", "manager", 403)
        draft = program.post("drafts", "manager", title="To the council")["id"]
        for who, status in (("manager", 403), ("auditor", 403), ("union", 403)):
            program.post(f"drafts/{draft}/reviews", who, status, decision="approved", reason="Good")
        answer = program.post(f"drafts/{draft}/reviews", "captain", decision="approved", reason="Good")
        self.assertEqual([(each["title"], each["decision"]) for each in answer["reviews"]], [("the chief", "approved"), ("counsel", None)])
        self.assertIn("counsel", program.post(f"drafts/{draft}/publication", "manager", 403)["detail"])
        # Two decide at once: one of them does.
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda decision: program.town.request(
                "POST", f"/api/v1/program/drafts/{draft}/reviews", program.tokens["attorney"], body=json.dumps({"decision": decision, "reason": "As I see it"})).status,
                ["approved"] * 4))
        self.assertEqual(sorted(done), [201, 409, 409, 409])
        # What comes under embargo meanwhile takes the draft away from everybody.
        program.state(said("embargo/e", "covers", "grant/g"))
        for who, told in (("captain", ["grant/g"]), ("auditor", []), ("attorney", [])):
            shown = program.ask(f"drafts/{draft}", who)
            self.assertEqual((shown["state"], shown["content"], shown["under_embargo"]), ("under_embargo", None, told), who)
            self.file(f"drafts/{draft}?format=pdf", who=who, status=403)
        self.assertIn("grant/g", program.post(f"drafts/{draft}/publication", "manager", 403)["detail"])
        program.state(said("embargo/e", "released_on", "2022-11-28"))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda _: program.town.request(
                "POST", f"/api/v1/program/drafts/{draft}/publication", program.tokens["manager"], body="{}").status, range(4)))
        self.assertEqual(sorted(done), [201, 409, 409, 409])
        published = program.ask("publications", "auditor")["items"][0]
        self.assertEqual((published["draft"], published["sha256"]), (draft, program.ask(f"drafts/{draft}", "auditor")["sha256"]))
        program.town.stop()
        self.assertEqual(program.town.check_ledger(), (0, []))


class ReportsOnPostgres(Reports):
    @classmethod
    def setUpClass(cls):
        cls.postgres = PrivatePostgres()
        cls.addClassCleanup(cls.postgres.close)

    def setUp(self):
        self.options = {"database": self.postgres.new_database()}
        super().setUp()


class BargainingOnPostgres(OnPrivatePostgres, Bargaining):
    pass


class PrivilegedOnPostgres(OnPrivatePostgres, Privileged):
    pass


class Volumes(unittest.TestCase):
    """What arrived in months that pass by the server's clock, and a forecast of it."""

    options = {}

    def setUp(self):
        self.town = Town(**self.options)
        self.addCleanup(self.town.__exit__)
        self.clock = MovedClock(self.town.home)
        self.town.wrapper = self.clock.wrapper
        for login, role, badge in (("manager", "program_manager", None), ("clerk", "records", None), ("hill", "officer", "101"), ("cole", "officer", "102")):
            self.town.add_user(login, role, badge=badge)
        self.tokens = {login: self.town.token(login, days=366) for login in ("manager", "clerk")}
        self.town.start()
        self.files = 0

    def arrives(self, size, **values):
        self.files += 1
        return self.town.upload(self.tokens["clerk"], self.files.to_bytes(4, "big").ljust(size, b"."), filename=f"{self.files}.bin", **values)["recording"]

    def ask(self, method, path, status=200, **body):
        answer = self.town.request(method, path, self.tokens["manager"], body=json.dumps(body) if body else None)
        self.assertEqual(answer.status, status, answer.body)
        return answer.json()

    def test_what_arrived_is_told_by_month_and_what_it_comes_to(self):
        volumes = "/api/v1/program/volumes"
        self.assertIn("Nothing has arrived", self.ask("GET", volumes, 400)["detail"])
        self.arrives(5_000, wearer="101")
        self.assertIn("No whole month", self.ask("GET", volumes, 400)["detail"])
        sent = []
        for month in range(3):
            self.clock.into_next_month()
            self.arrives(1_000 * (month + 1), wearer="101", category="routine")
            self.arrives(2_000, wearer="102", category="routine")
            self.arrives(500)
            sent.append(1_000 * (month + 1) + 2_000)
        self.clock.into_next_month()
        told = self.ask("GET", volumes)
        self.assertEqual([month["wearers"] for month in told["months"]], [2, 2, 2])
        self.assertEqual([[(each["category"], each["recordings"], each["bytes"]) for each in month["categories"]] for month in told["months"]],
                         [[("routine", 2, size), ("uncategorized", 1, 500)] for size in sent])
        self.assertEqual([(each["category"], each["recordings"], each["bytes"]) for each in told["stored"]],
                         [("routine", 6, sum(sent)), ("uncategorized", 4, 6_500)])
        one = self.ask("GET", f"{volumes}?from={told['months'][1]['month']}&until={told['months'][1]['month']}")
        self.assertEqual(one["months"], told["months"][1:2])
        self.assertEqual(sum(each["bytes"] for each in one["stored"]), sum(sent[:2]) + 6_000, "what arrived later was not there yet")

        what_if = {"retention_days": {"routine": 30}, "other_retention_days": 60, "price_gb_month": "1000", "headcount": 4, "years": 2}
        made = self.ask("POST", "/api/v1/program/forecast", what_if=what_if)
        self.assertEqual(made["volumes"], told)
        self.assertEqual((made["mean_wearers"], made["arriving_bytes_a_month"]), ("2.00", {"routine": 8_000, "uncategorized": 1_000}))
        # Twice the people: each category stands at what arrives while it is kept, and nothing of before is left.
        stands = round((8_000 * 30 + 1_000 * 60) / 30.4375)
        self.assertEqual([year["stored_bytes"]["middle"] for year in made["years"]], [stands, stands])
        self.assertEqual(made["years"][1]["cost"]["middle"], f"{12 * round(stands / 1e9 * 1000, 2):.2f}")
        file, answer = self.town.home / "volumes.json", self.town.home / "forecast.json"
        file.write_text(json.dumps(told))
        options = ["--retention", "routine=30", "--other-retention", "60", "--price", "1000", "--headcount", "4", "--years", "2", "--json"]
        by_command = run(BIN / "lapel", "forecast", file, *options).stdout
        self.assertEqual(json.loads(by_command), made)
        answer.write_text(json.dumps(made))
        self.assertEqual(run(BIN / "lapel", "forecast", answer, "--json").stdout, by_command, "made again from what was told")


class VolumesOnPostgres(OnPrivatePostgres, Volumes):
    pass


class OnPostgres(OnPrivatePostgres, OnSqlite):
    pass


class InTheLedger(unittest.TestCase):
    def test_what_is_changed_is_found_and_an_event_tells_nothing(self):
        program = Program()
        with program.town as town:
            samples = sample("pittsfield_2022")
            body = json.dumps(samples)
            answer = town.request("POST", "/api/v1/program/statements", program.tokens["manager"], body=body)
            self.assertEqual((answer.status, answer.json()["added"]), (201, len(samples["statements"])), answer.body)
            # More than one event holds.
            notes = [said("program/bwc", "note", f"Note {number}") for number in range(300)]
            program.state(*notes)
            self.assertEqual(len(program.ask("report", "auditor")["subjects"]), len({each["subject"] for each in samples["statements"]}))
            made = town.request("POST", "/api/v1/program/publications", program.tokens["manager"], body=json.dumps({"title": "To the council", "as_of": "2022-10-25"}))
            self.assertEqual(made.status, 201, made.body)
            program.state(said("report_reviewer/chief", "title", "the chief"), said("report_reviewer/chief", "login", "captain"), said("report_reviewer/chief", "from", "2022-10-21"))
            draft = program.post("drafts", "manager", title="To the council")
            program.post(f"drafts/{draft['id']}/reviews", "captain", decision="approved", reason="Good")
            gate = [said("gate/restore", field, value) for field, value in (
                ("title", "A backup was restored"), ("opens", "phase/full"), ("needs", "restore_test"), ("waivable_by", "command"))]
            program.state(*gate)
            Fresh(town)("captain").ask("POST", "/api/v1/program/waivers", {"gate": "restore", "reason": "Until one can be tried"}, 201)
            shown = program.ask(f"publications/{made.json()['id']}", "manager")
            for word in ("166586", "eopss", "embargo/"):
                self.assertNotIn(word, shown["content"], "whoever publishes, what is under embargo is not in it")
            town.stop()
            self.assertEqual(town.check_ledger(), (0, []))
            catalog = sqlite3.connect(f"file:{town.data / 'catalog.db'}?mode=ro", uri=True)
            events = [row[0] for row in catalog.execute("SELECT event FROM ledger_events WHERE type = 'program.stated' ORDER BY leaf_index")]
            catalog.close()
            self.assertEqual([len(json.loads(event)["statements"]) for event in events], [len(samples["statements"]), 128, 128, 44, 3, len(gate), 1])
            for word in ("Pittsfield", "16658673", "166586", "axon", "grant", "WAMC", "Note"):
                self.assertFalse([event for event in events if word in str(event)], word)

            kept = town.home / "kept"
            shutil.copytree(town.data, kept)
            one = "WHERE field = 'award'"
            for change, found in (
                    (f"UPDATE program_statements SET low = low + 1 {one}", "does not say what was sealed"),
                    (f"UPDATE program_statements SET said_by = 'the mayor' {one}", "does not say what was sealed"),
                    (f"UPDATE program_statements SET recorded_on = recorded_on + 1 {one}", "does not say what was sealed"),
                    (f"UPDATE program_statements SET approximate = 1 {one}", "does not say what was sealed"),
                    (f"UPDATE program_statements SET recorded_at_us = recorded_at_us - 86400000000 {one}", "it was sealed at"),
                    (f"UPDATE program_statements SET place = 127, leaf_index = 5000 {one}", "the catalog has it, and no event"),
                    ("UPDATE program_statements SET reason = 'None was needed' WHERE kind = 'gate_waiver'", "waiver "),
                    ("UPDATE ledger_events SET event = REPLACE(event, 'Until one', 'Until two') WHERE type = 'program.gate_waived'", "an event says so, and the catalog does not"),
                    ("UPDATE program_publications SET content = content || ' '", "kept as"),
                    ("UPDATE program_publications SET title = 'To the mayor'", "the catalog has it, and no event"),
                    ("UPDATE program_publications SET as_of = as_of + 1", "the catalog has it, and no event"),
                    ("DELETE FROM program_publications", "an event says so, and the catalog does not"),
                    ("UPDATE program_publications SET draft = (SELECT id FROM program_drafts)", "the catalog has it, and no event"),
                    ("UPDATE program_papers SET content = '' WHERE form = 'pdf'", "kept as"),
                    ("UPDATE program_papers SET sha256 = '' WHERE form = 'csv'", "kept as"),
                    ("DELETE FROM program_papers WHERE form = 'html'", "the catalog has it, and no event"),
                    ("UPDATE program_drafts SET content = content || ' '", "kept as"),
                    ("UPDATE program_drafts SET title = 'To the mayor'", "the catalog has it, and no event"),
                    ("UPDATE program_draft_reviews SET decision = 'refused'", "the catalog has it, and no event"),
                    ("UPDATE program_draft_reviews SET reason = 'Bad'", "the catalog has it, and no event"),
                    ("UPDATE program_draft_reviews SET person = (SELECT id FROM people WHERE login = 'manager')", "the catalog has it, and no event"),
                    ("DELETE FROM program_draft_reviews", "an event says so, and the catalog does not"),
                    (f"DELETE FROM program_statements {one}", "an event says so, and the catalog does not")):
                with self.subTest(change):
                    shutil.rmtree(town.data)
                    shutil.copytree(kept, town.data)
                    catalog = sqlite3.connect(town.data / "catalog.db")
                    self.assertEqual(catalog.execute(change).rowcount, 1)
                    catalog.commit()
                    catalog.close()
                    code, faults = town.check_ledger()
                    self.assertEqual(code, 6)
                    self.assertTrue(any(found in fault for fault in faults), faults)


if __name__ == "__main__":
    unittest.main()
