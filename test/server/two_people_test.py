# SPDX-License-Identifier: Apache-2.0
"""What takes two people: legal holds released and restrictions lifted, each proposed by one and decided by another, on the real server."""
import json
import shutil
import sqlite3
import threading
import unittest

from harness import BIN, PASSWORD, Town, TownCase, run
from signing_in import Browser, next_totp

RACERS = 50
REASON = {"reason": "told by the test"}
PEOPLE = {"clerk": ["records"], "second": ["records"], "lawyer": ["counsel"], "captain": ["command"], "internal": ["internal_affairs"],
          "liaison": ["da_liaison"], "outsider": ["approver"], "auditor": ["auditor"], "hill": ["officer"], "detective": ["investigator"],
          "both": ["records", "approver"], "boss": ["administrator"], "wearer": ["officer", "records"]}


def release_factor(town, login):
    """Its last proof was longer ago than it may be, as if somebody had gone to lunch."""
    catalog = sqlite3.connect(town.data / "catalog.db", timeout=30)
    changed = catalog.execute("UPDATE sessions SET verified_us = verified_us - 301000000 WHERE person = (SELECT id FROM people WHERE login = ?)", (login,)).rowcount
    catalog.commit()
    catalog.close()
    assert changed > 0


class TwoPeople(TownCase):
    @classmethod
    def populate(cls):
        cls.town.second_factor("optional")
        cls.tokens = {login: cls.town.add_user(login, *roles, badge="7" if login == "wearer" else None) for login, roles in PEOPLE.items()}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browsers = {}
        for login in PEOPLE:
            cls.browsers[login] = cls.signed_in(login)

    @classmethod
    def signed_in(cls, login):
        """With a second factor that was shown just now."""
        browser = Browser(cls.town)
        browser.sign_in(login)
        browser.enroll_app()
        return browser

    def ask(self, who, method, path, body=None, status=None, slug=None):
        """By whoever is signed in."""
        answer = self.browsers[who].ask(method, path, body, status)
        if slug:
            self.assertEqual(answer.json()["type"], f"/problems/{slug}", answer.body)
        return answer.json() if answer.body else None

    def by_token(self, who, method, path, body=None, status=None, slug=None):
        answer = self.town.request(method, path, self.tokens[who], body=json.dumps(body) if body is not None else None)
        if status is not None:
            self.assertEqual(answer.status, status, answer.body)
        if slug:
            self.assertEqual(answer.json()["type"], f"/problems/{slug}", answer.body)
        return answer.json()

    def record(self, **values):
        return self.town.upload(self.tokens["clerk"], b"footage", filename="a.bin", **values)["recording"]

    def hold(self, who="clerk", **scope):
        return self.by_token(who, "POST", "/api/v1/holds", {"matter": "Doe v. Ashfield", **REASON, **scope}, 201)

    def propose(self, hold, who="clerk"):
        return self.ask(who, "POST", f"/api/v1/holds/{hold['id']}/release", REASON, 201)

    def decide(self, who, proposal, verb="approve", status=200, slug=None):
        return self.ask(who, "POST", f"/api/v1/proposals/{proposal['id']}/{verb}", REASON, status, slug)

    def state(self, recording):
        return self.by_token("clerk", "GET", f"/api/v1/recordings/{recording}", status=200)["state"]

    def pages(self, who, path, limit):
        """A list, by pages that are full but for the last."""
        out, cursor = [], ""
        while True:
            page = self.by_token(who, "GET", f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}", status=200)
            out += page["items"]
            if page["next"] is None:
                return out
            self.assertEqual(len(page["items"]), limit)
            cursor = f"&cursor={page['next']}"

    def events(self, recording):
        items = self.by_token("clerk", "GET", f"/api/v1/recordings/{recording}/custody", status=200)["items"]
        return [item["type"] for item in items if item["type"] != "recording.derived"]

    # ---- holds ----

    def test_a_hold_is_placed_by_one_and_released_by_two(self):
        recording = self.record()
        hold = self.hold(recording=recording)
        self.assertEqual((hold["covers"], hold["placed_by_name"], hold["released_at"], self.state(recording)), (1, "clerk", None, "held"))
        proposal = self.propose(hold)
        self.assertEqual((proposal["state"], proposal["recording"], proposal["matter"], proposal["is_own"], proposal["may_decide"]),
                         ("open", recording, "Doe v. Ashfield", True, False))
        self.assertEqual(self.state(recording), "held")
        self.ask("clerk", "POST", f"/api/v1/holds/{hold['id']}/release", REASON, 409, "conflict")
        seen = self.ask("outsider", "GET", f"/api/v1/proposals/{proposal['id']}", status=200)
        self.assertTrue(seen["may_decide"])
        self.assertIn(recording, seen["text"])
        decided = self.decide("outsider", proposal)
        self.assertEqual((decided["state"], decided["decider_name"]), ("approved", "outsider"))
        self.assertEqual(self.state(recording), "sealed")
        self.assertEqual(self.events(recording), ["recording.admitted", "hold.placed", "proposal.made", "proposal.approved", "hold.released"])
        listed = next(each for each in self.by_token("auditor", "GET", "/api/v1/holds", status=200)["items"] if each["id"] == hold["id"])
        self.assertIsNotNone(listed["released_at"])
        self.ask("clerk", "POST", f"/api/v1/holds/{hold['id']}/release", REASON, 409, "conflict")

    def test_holds_stand_beside_one_another_and_over_what_arrives_later(self):
        before = self.record(incident="30-1")
        first, second = self.hold(incident="30-1"), self.hold("liaison", recording=before)
        self.assertEqual(self.state(before), "held")
        proposal = self.propose(first)
        later = self.record(incident="30-1")
        self.assertEqual(self.state(later), "held")
        # It would free more than was looked at.
        answer = self.decide("lawyer", proposal, status=409, slug="conflict")
        self.assertIn("covers other recordings", answer["detail"])
        self.decide("clerk", proposal, "withdraw")
        self.decide("lawyer", self.propose(first))
        self.assertEqual((self.state(before), self.state(later)), ("held", "sealed"))
        self.decide("lawyer", self.propose(second))
        self.assertEqual(self.state(before), "sealed")

    def test_a_hold_covers_the_further_files_of_its_recording(self):
        first = self.record()
        further = self.town.upload(self.tokens["clerk"], b"more", filename="b.bin", group=first)["recording"]
        self.hold(recording=first)
        self.assertEqual((self.state(first), self.state(further)), ("held", "held"))

    def test_a_hold_on_an_incident_covers_further_files_too(self):
        first = self.record(incident="31-1")
        further = self.record(group=first)
        hold = self.hold(incident="31-1")
        self.assertEqual((hold["covers"], self.state(first), self.state(further)), (2, "held", "held"))

    def test_nobody_moves_a_recording_out_of_a_hold_alone(self):
        recording = self.record(incident="31-2")
        hold = self.hold(incident="31-2")
        for incident in ("31-3", None):
            self.by_token("clerk", "PATCH", f"/api/v1/recordings/{recording}", {"incident": incident, **REASON}, 403, "two-person")
        self.assertEqual((self.state(recording), self.by_token("clerk", "GET", f"/api/v1/recordings/{recording}", status=200)["incident"]), ("held", "31-2"))
        self.decide("lawyer", self.propose(hold))
        self.by_token("clerk", "PATCH", f"/api/v1/recordings/{recording}", {"incident": "31-3", **REASON}, 200)

    def test_as_many_others_are_not_the_same_ones(self):
        kept = self.record(incident="31-4")
        other = self.record()
        hold = self.hold(incident="31-4")
        proposal = self.propose(hold)
        # One leaves by the database's own hand, and one comes: the number is as it was.
        catalog = sqlite3.connect(self.town.data / "catalog.db", timeout=30)
        with catalog:
            catalog.execute("UPDATE recordings SET incident = NULL WHERE id = ?", (kept,))
            catalog.execute("UPDATE recordings SET incident = '31-4' WHERE id = ?", (other,))
        try:
            self.decide("lawyer", proposal, status=409, slug="conflict")
        finally:
            with catalog:
                catalog.execute("UPDATE recordings SET incident = '31-4' WHERE id = ?", (kept,))
                catalog.execute("UPDATE recordings SET incident = NULL WHERE id = ?", (other,))
            catalog.close()

    def test_a_token_that_may_propose_nothing_takes_no_proposal_back(self):
        proposal = self.propose(self.hold(recording=self.record()))
        token = self.town.token("clerk", "see_proposals")
        answer = self.town.request("POST", f"/api/v1/proposals/{proposal['id']}/withdraw", token, body=json.dumps(REASON))
        self.assertEqual((answer.status, answer.json()["type"]), (403, "/problems/rule"))

    def test_who_may_place_a_hold(self):
        recording = self.record()
        for who in PEOPLE:
            may = who in ("clerk", "second", "lawyer", "captain", "internal", "liaison", "both", "wearer")
            self.by_token(who, "POST", "/api/v1/holds", {"matter": "m", **REASON, "recording": recording}, 201 if may else 403)
            self.by_token(who, "GET", "/api/v1/holds", status=200 if may or who == "auditor" else 403)
        for wrong in ({}, {"matter": "m", "recording": recording}, {"matter": "m", **REASON}, {"matter": "m", **REASON, "recording": "x"},
                      {"matter": "m", **REASON, "recording": recording, "incident": "30-2"}):
            self.by_token("clerk", "POST", "/api/v1/holds", wrong, 400, "invalid")
        self.by_token("clerk", "POST", "/api/v1/holds", {"matter": "m", **REASON, "recording": "0" * 32}, 404, "not-found")

    def test_what_is_locked_shows_its_lock_before_its_hold(self):
        recording = self.record()
        self.hold(recording=recording)
        self.by_token("captain", "PATCH", f"/api/v1/recordings/{recording}", {"restriction": "minor", **REASON}, 200)
        self.assertEqual(self.state(recording), "restricted")
        # Counsel is not cleared: there is no such recording, and no such hold.
        self.by_token("lawyer", "GET", f"/api/v1/recordings/{recording}", status=404)
        self.by_token("lawyer", "POST", "/api/v1/holds", {"matter": "m", **REASON, "recording": recording}, 404, "not-found")
        held = [hold for hold in self.by_token("clerk", "GET", "/api/v1/holds")["items"] if hold["recording"] == recording]
        self.assertEqual(len(held), 1)
        self.assertNotIn(recording, json.dumps(self.by_token("lawyer", "GET", "/api/v1/holds", status=200)))
        self.ask("lawyer", "POST", f"/api/v1/holds/{held[0]['id']}/release", REASON, 404, "not-found")

    # ---- two people ----

    def test_one_person_is_never_both(self):
        proposal = self.propose(self.hold(incident="31-1"), "both")
        self.decide("both", proposal, status=403, slug="two-person")
        other = Browser(self.town)
        other.sign_in("both")
        other.codes = self.browsers["both"].codes
        other.show_again()
        answer = other.ask("POST", f"/api/v1/proposals/{proposal['id']}/approve", REASON, 403)
        self.assertEqual(answer.json()["type"], "/problems/two-person")
        for verb in ("approve", "refuse"):
            self.by_token("both", "POST", f"/api/v1/proposals/{proposal['id']}/{verb}", REASON, 401, "fresh-factor")
            self.by_token("captain", "POST", f"/api/v1/proposals/{proposal['id']}/{verb}", REASON, 401, "fresh-factor")
        self.by_token("clerk", "POST", f"/api/v1/holds/{self.hold(incident='31-2')['id']}/release", REASON, 401, "fresh-factor")
        self.decide("captain", proposal, "withdraw", 403, "two-person")
        self.assertEqual(self.decide("captain", proposal, "refuse")["state"], "refused")
        self.decide("lawyer", proposal, status=409, slug="conflict")

    def test_lists_come_by_the_page(self):
        hidden = self.record()
        held = self.hold(recording=hidden)
        self.by_token("captain", "PATCH", f"/api/v1/recordings/{hidden}", {"restriction": "minor", **REASON}, 200)
        holds = [self.hold(incident=f"37-{i}")["id"] for i in range(55)]
        made = [self.propose({"id": each}) for each in holds[:7]]
        self.decide("lawyer", made[0])
        self.decide("lawyer", made[1], "refuse")

        def ids(items):
            out = [each["id"] for each in items]
            self.assertEqual(len(out), len(set(out)))
            return set(out)
        for who, sees in (("clerk", True), ("lawyer", False)):
            for limit in (7, 200):
                listed = self.pages(who, "/api/v1/holds", limit)
                self.assertEqual((held["id"] in ids(listed), set(holds) - ids(listed)), (sees, set()))
                # Those that stand first, and of each the newest.
                for past in (False, True):
                    times = [each["placed_at"] for each in listed if (each["released_at"] is not None) == past]
                    self.assertEqual(times, sorted(times, reverse=True))
                self.assertEqual([each["released_at"] is not None for each in listed], sorted(each["released_at"] is not None for each in listed))
        mine = {each["id"] for each in made}
        for who in ("clerk", "outsider"):
            listed = self.pages(who, "/api/v1/proposals", 2)
            self.assertEqual(mine - ids(listed), set())
            self.assertEqual([each["proposed_at"] for each in listed], sorted((each["proposed_at"] for each in listed), reverse=True))
            self.assertEqual(ids(self.pages(who, "/api/v1/proposals?state=open", 3)) & mine, {each["id"] for each in made[2:]})
        everybody = self.pages("auditor", "/api/v1/assignments", 200)
        self.assertEqual(self.pages("auditor", "/api/v1/assignments", 3), everybody)
        self.assertIn(self.by_token("auditor", "GET", "/api/v1/assignments?kind=badge", status=200)["items"][0], everybody)
        # The command asks for all of them.
        listed = run(BIN / "lapel", "hold", "list", "--json", "--server", self.town.url, env={"LAPEL_TOKEN": self.tokens["clerk"]})
        self.assertEqual(json.loads(listed.stdout)["items"], self.pages("clerk", "/api/v1/holds", 200))
        for path in ("holds", "proposals", "assignments", "shares"):
            for bad in ("limit=0", "limit=201", "limit=x", "cursor=x", "cursor=0.1.", "cursor=0.1.'"):
                self.by_token("clerk", "GET", f"/api/v1/{path}?{bad}", status=400, slug="invalid")

    def test_of_fifty_who_decide_at_once_one_does(self):
        recording = self.record()
        hold = self.hold(recording=recording)
        proposal = self.propose(hold)
        deciders = [self.browsers[who] for who in ("second", "lawyer", "captain", "outsider")]
        answers, gate = [None] * RACERS, threading.Barrier(RACERS)

        def decide(i):
            gate.wait()
            verb = "refuse" if i % 5 == 4 else "approve"
            answers[i] = deciders[i % len(deciders)].ask("POST", f"/api/v1/proposals/{proposal['id']}/{verb}", REASON)
        threads = [threading.Thread(target=decide, args=(i,)) for i in range(RACERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(answer.status for answer in answers), [200] + [409] * (RACERS - 1))
        won = next(answer.json() for answer in answers if answer.status == 200)
        self.assertEqual(self.state(recording), "sealed" if won["state"] == "approved" else "held")
        decisions = [kind for kind in self.events(recording) if kind.startswith("proposal.") and kind != "proposal.made"]
        self.assertEqual(decisions, ["proposal." + won["state"]])

    def test_nobody_decides_on_their_own_recording(self):
        recording = self.record(wearer="7", incident="32-1")
        for hold in (self.hold("wearer", recording=recording), self.hold(incident="32-1")):
            self.ask("wearer", "POST", f"/api/v1/holds/{hold['id']}/release", REASON, 403, "rule")
            proposal = self.propose(hold)
            self.assertFalse(self.ask("wearer", "GET", f"/api/v1/proposals/{proposal['id']}", status=200)["may_decide"])
            self.decide("wearer", proposal, status=403, slug="rule")
            self.decide("second", proposal)

    def test_what_a_rule_refuses_is_in_custody(self):
        recording = self.record(wearer="7")
        hold = self.hold(recording=recording)
        proposal = self.propose(hold)
        path = f"/api/v1/recordings/{recording}"
        refused = [("wearer", "propose_hold_release", lambda: self.ask("wearer", "POST", f"/api/v1/holds/{hold['id']}/release", REASON, 403, "rule")),
                   ("clerk", "decide_hold_release", lambda: self.decide("clerk", proposal, status=403, slug="two-person")),
                   ("wearer", "decide_hold_release", lambda: self.decide("wearer", proposal, "refuse", 403, "rule")),
                   ("auditor", "decide_hold_release", lambda: self.decide("auditor", proposal, status=403, slug="rule")),
                   ("captain", "propose_hold_release", lambda: self.decide("captain", proposal, "withdraw", 403, "two-person"))]
        for _, _, act in refused:
            act()
        self.by_token("captain", "PATCH", path, {"restriction": "internal_affairs", **REASON}, 200)
        self.ask("clerk", "POST", path + "/unrestrict", REASON, 403, "rule")
        # Of what they may not know of, or have no fresh factor for, nothing is sealed.
        self.ask("lawyer", "POST", path + "/unrestrict", REASON, 404, "not-found")
        self.by_token("clerk", "POST", path + "/unrestrict", REASON, 401, "fresh-factor")
        items = self.by_token("captain", "GET", path + "/custody", status=200)["items"]
        denied = [(each["actor_name"].partition(",")[0], each["event"]["action"]) for each in items if each["type"] == "proposal.denied"]
        self.assertEqual(denied, [(who, action) for who, action, _ in refused] + [("clerk", "restrict")])
        for each in items:
            if each["type"] == "proposal.denied":
                self.assertTrue(each["event"]["rule"])

    def test_an_approver_sees_the_proposal_and_nothing_else(self):
        recording = self.record(wearer="7", incident="33-1")
        hold = self.hold(recording=recording)
        proposal = self.propose(hold)
        view = self.by_token("second", "POST", f"/api/v1/recordings/{recording}/views", {"purpose": "review"}, 201)["view"]
        for path, status in ((f"/api/v1/recordings/{recording}", 404), ("/api/v1/recordings", 403), ("/api/v1/recordings?q=a.bin", 403),
                             ("/api/v1/recordings?incident=33-1", 403), (f"/api/v1/recordings/{recording}/poster", 404),
                             (f"/api/v1/recordings/{recording}/custody", 404), (f"/api/v1/recordings/{recording}/receipt", 404),
                             (f"/api/v1/recordings/{recording}/filmstrip?view={view}", 404), (f"/api/v1/views/{view}/original", 404),
                             ("/api/v1/holds", 403), ("/api/v1/people", 403), ("/api/v1/cases", 403), ("/api/v1/units", 403), ("/api/v1/assignments", 403)):
            self.ask("outsider", "GET", path, status=status)
        self.ask("outsider", "POST", f"/api/v1/recordings/{recording}/views", {"purpose": "review"}, 404)
        self.ask("outsider", "POST", f"/api/v1/recordings/{recording}/unrestrict", REASON, 404)
        self.ask("outsider", "POST", f"/api/v1/holds/{hold['id']}/release", REASON, 403, "rule")
        session = self.ask("outsider", "GET", "/api/v1/session", status=200)
        self.assertEqual(session["may"], ["see_proposals", "read_policies", "review_report"])
        for page in (self.ask("outsider", "GET", "/api/v1/proposals", status=200), self.ask("outsider", "GET", "/api/v1/proposals?state=open", status=200)):
            self.assertIn(proposal["id"], [each["id"] for each in page["items"]])
        for who in ("hill", "detective", "boss"):
            self.ask(who, "GET", "/api/v1/proposals", status=403, slug="rule")
            for some in (proposal["id"], "0" * 32):
                self.ask(who, "GET", f"/api/v1/proposals/{some}", status=403, slug="rule")
                self.ask(who, "POST", f"/api/v1/proposals/{some}/approve", REASON, 403, "rule")
        for who in ("auditor", "internal", "liaison"):
            self.ask(who, "GET", f"/api/v1/proposals/{proposal['id']}", status=200)
            self.decide(who, proposal, status=403, slug="rule")
        self.ask("auditor", "GET", "/api/v1/proposals?state=eternal", status=400, slug="invalid")

    def test_a_factor_that_was_shown_long_ago_is_asked_for_again(self):
        self.town.add_user("tired", "records", "approver")
        browser = Browser(self.town)
        browser.sign_in("tired")
        secret, _ = browser.enroll_app()
        hold, other = self.hold(incident="34-1"), self.propose(self.hold(incident="34-2"))
        release_factor(self.town, "tired")
        for path in (f"/api/v1/holds/{hold['id']}/release", f"/api/v1/proposals/{other['id']}/approve", f"/api/v1/proposals/{other['id']}/refuse"):
            self.assertEqual(browser.ask("POST", path, REASON, 401).json()["type"], "/problems/fresh-factor")
        browser.ask("POST", "/api/v1/session/factor", {"totp": next_totp(secret)}, 200)
        browser.ask("POST", f"/api/v1/holds/{hold['id']}/release", REASON, 201)
        browser.ask("POST", f"/api/v1/proposals/{other['id']}/approve", REASON, 200)

    def test_a_password_alone_is_no_half_of_two(self):
        """Also where people may sign in by it, and however lately it was given."""
        self.town.add_user("alone", "records", "approver")
        browser = Browser(self.town)
        browser.sign_in("alone")
        recording = self.record()
        hold, other = self.hold(incident="34-3"), self.propose(self.hold(incident="34-4"))
        self.by_token("captain", "PATCH", f"/api/v1/recordings/{recording}", {"restriction": "strip_search", **REASON}, 200)
        self.ask("captain", "POST", "/api/v1/assignments", {"kind": "clearance", "person": "alone", "target": "strip_search"}, 201)
        acts = {f"/api/v1/holds/{hold['id']}/release": 201, f"/api/v1/recordings/{recording}/unrestrict": 201,
                f"/api/v1/proposals/{other['id']}/refuse": 200, f"/api/v1/proposals/{other['id']}/approve": 409}
        for _ in range(2):
            for path in acts:
                answer = browser.ask("POST", path, REASON, 401).json()
                self.assertEqual(answer["type"], "/problems/no-factor")
                self.assertIn("enroll a passkey or an authenticator app under Your account", answer["detail"])
            browser.ask("POST", "/api/v1/session/factor", {"password": PASSWORD}, 200)
        browser.enroll_app()
        for path, status in acts.items():
            browser.ask("POST", path, REASON, status)
        # Nor is a password one again when the factor is taken away.
        for factor in browser.ask("GET", "/api/v1/account", status=200).json()["factors"]:
            browser.ask("DELETE", f"/api/v1/account/factors/{factor['id']}", status=204)
        browser.ask("POST", "/api/v1/session/factor", {"password": PASSWORD}, 200)
        for path in acts:
            self.assertEqual(browser.ask("POST", path, REASON, 401).json()["type"], "/problems/no-factor")

    def test_rights_that_are_gone_count_no_more(self):
        self.town.add_user("fading", "records")
        self.town.add_user("judge", "approver")
        fading, judge = self.signed_in("fading"), self.signed_in("judge")
        holds = [self.hold(incident=f"35-{i}") for i in range(3)]
        made = [fading.ask("POST", f"/api/v1/holds/{hold['id']}/release", REASON, 201).json() for hold in holds]

        def approve(browser, proposal):
            return browser.ask("POST", f"/api/v1/proposals/{proposal['id']}/approve", REASON)
        self.browsers["boss"].show_again()
        self.ask("boss", "POST", "/api/v1/people/judge/roles", {"roles": ["program_manager"], **REASON}, 200)
        self.assertEqual(approve(judge, made[0]).status, 403)
        self.ask("boss", "POST", "/api/v1/people/judge/roles", {"roles": ["approver"], **REASON}, 200)
        self.assertEqual(approve(judge, made[0]).status, 200)
        self.ask("boss", "POST", "/api/v1/people/fading/roles", {"roles": ["officer"], **REASON}, 200)
        answer = approve(judge, made[1])
        self.assertEqual(answer.status, 409, answer.body)
        self.assertIn("may no longer do so", answer.json()["detail"])
        self.by_token("boss", "POST", "/api/v1/people/fading/active", {"active": False, **REASON}, 200)
        self.assertEqual(approve(judge, made[2]).status, 409)
        # Refused it can be: then another may propose it.
        judge.ask("POST", f"/api/v1/proposals/{made[2]['id']}/refuse", REASON, 200)
        self.assertEqual(approve(judge, self.propose(holds[2])).status, 200)

    def test_another_agency_finds_none_of_it(self):
        town, other = self.town, "Otherton Police"
        run(BIN / "lapel", "agency", "add", "--data", town.data, "--name", other)
        run(BIN / "lapel", "sign-in", "rules", "--data", town.data, "--agency", other, "--second-factor", "optional")
        recording = self.record()
        hold = self.hold(recording=recording)
        proposal = self.propose(hold)
        ways = [(f"/api/v1/holds/{hold['id']}/release", hold["id"]), (f"/api/v1/recordings/{recording}/unrestrict", recording)]
        ways += [(f"/api/v1/proposals/{proposal['id']}/{verb}", proposal["id"]) for verb in ("approve", "refuse", "withdraw")]
        for role in ("records", "counsel", "approver", "command", "internal_affairs", "administrator", "officer"):
            town.add_user(f"their_{role}", role, agency=other)
            browser = self.signed_in(f"their_{role}")
            for path, id_ in ways:
                answers = []
                for asked in (id_, "f" * 32):
                    answer = browser.ask("POST", path.replace(id_, asked), REASON)
                    answers.append((answer.status, answer.body.replace(asked.encode(), b"<id>").replace(answer.headers["X-Request-Id"].encode(), b"")))
                self.assertEqual(*answers, f"{path} as {role}")
                self.assertIn(answers[0][0], (403, 404))
        self.assertEqual(self.state(recording), "held")

    # ---- restrictions ----

    def test_a_restriction_is_lifted_by_two_who_are_cleared(self):
        recording = self.record()
        path = f"/api/v1/recordings/{recording}"
        self.by_token("clerk", "PATCH", path, {"restriction": "sexual_assault", **REASON}, 200)
        self.ask("clerk", "POST", path + "/unrestrict", REASON, 403, "rule")
        for who in ("clerk", "second"):
            self.ask("captain", "POST", "/api/v1/assignments", {"kind": "clearance", "person": who, "target": "sexual_assault"}, 201)
        for change in (None, "minor"):
            self.by_token("clerk", "PATCH", path, {"restriction": change, **REASON}, 403, "two-person")
        proposal = self.ask("clerk", "POST", path + "/unrestrict", REASON, 201)
        self.assertEqual((proposal["act"], proposal["recording"], proposal["hold"]), ("lift_restriction", recording, None))
        self.decide("clerk", proposal, status=403, slug="two-person")
        self.decide("captain", proposal, status=403, slug="rule")  # not cleared
        # Nothing of a restricted recording is an approver's, and nothing is counsel's who is not cleared.
        for who in ("outsider", "lawyer", "liaison"):
            self.ask(who, "GET", f"/api/v1/proposals/{proposal['id']}", status=404, slug="not-found")
            self.ask(who, "GET", f"/api/v1/proposals/{'0' * 32}", status=404, slug="not-found")
            self.assertNotIn(recording, json.dumps(self.ask(who, "GET", "/api/v1/proposals")))
        self.by_token("clerk", "PATCH", path, {"category": "Assault", **REASON}, 200)
        answer = self.decide("second", proposal, status=409, slug="conflict")
        self.assertIn("was changed since", answer["detail"])
        self.assertEqual(self.state(recording), "restricted")
        self.decide("clerk", proposal, "withdraw")
        self.decide("second", self.ask("clerk", "POST", path + "/unrestrict", REASON, 201))
        self.assertEqual(self.state(recording), "sealed")
        self.assertEqual(self.events(recording)[-2:], ["proposal.approved", "recording.changed"])
        self.ask("clerk", "POST", path + "/unrestrict", REASON, 409, "conflict")

    # ---- the ledger ----

    def test_zz_the_ledger_knows_every_row(self):
        """Last: of all that the others have left."""
        hold = self.hold(incident="36-1")
        made = self.propose(hold)
        released = self.hold(incident="36-2")
        approved = self.decide("captain", self.propose(released))
        place = f"id = '{hold['id']}'"
        person = "(SELECT id FROM people WHERE login = 'boss')"
        changes = [(f"UPDATE holds SET {change} WHERE {place}", "hold " + hold["id"]) for change in (
            "matter = 'Roe'", "reason = 'none'", "incident = '36-9'", f"placed_by = {person}", "placed_us = placed_us + 1",
            f"released_us = 1, released_by = '{made['id']}'")]
        changes += [(f"DELETE FROM holds WHERE {place}", "hold " + hold["id"]),
                    (f"UPDATE holds SET released_us = NULL, released_by = NULL WHERE id = '{released['id']}'", "hold " + released["id"]),
                    (f"INSERT INTO holds SELECT '{'0' * 32}', agency, matter, reason, recording, incident, placed_by, placed_us, NULL, NULL FROM holds WHERE {place}", "hold " + "0" * 32),
                    (f"UPDATE holds SET agency = 'x' WHERE {place}", "holds")]
        place = f"id = '{made['id']}'"
        changes += [(f"UPDATE proposals SET {change} WHERE {place}", "proposal " + made["id"]) for change in (
            "act = 'lift_restriction'", "item = 'x'", "revision = 7", "reason = 'none'", f"proposer = {person}", "proposed_us = 1", "expires_us = expires_us + 1",
            f"state = 'approved', decider = {person}, decided_us = 1", f"state = 'withdrawn', decider = proposer, decided_us = 1")]
        changes += [(f"UPDATE proposals SET {change} WHERE id = '{approved['id']}'", "proposal " + approved["id"]) for change in (
            "state = 'refused'", f"decider = {person}", "decided_us = 1", "decision_reason = 'none'", "state = 'open', decider = NULL, decided_us = NULL")]
        changes += [(f"DELETE FROM proposals WHERE {place}", "proposal " + made["id"])]
        whole, copy = self.town.data, self.town.home / "copy"
        self.town.stop()  # a catalog that is written to is not copied file by file
        try:
            for sql, words in [("SELECT 1", None), *changes]:
                with self.subTest(sql):
                    shutil.rmtree(copy, ignore_errors=True)
                    shutil.copytree(whole, copy)
                    catalog = sqlite3.connect(copy / "catalog.db")
                    catalog.execute("PRAGMA foreign_keys = OFF")
                    done = catalog.execute(sql)
                    catalog.commit()
                    if words:
                        self.assertEqual(done.rowcount, 1)
                    catalog.close()
                    self.town.data = copy
                    code, faults = self.town.check_ledger()
                    self.assertEqual(code, 6 if words else 0, faults)
                    self.assertEqual(any(words in fault for fault in faults), True) if words else self.assertEqual(faults, [])
        finally:
            self.town.data = whole
            self.town.start()


class CommandLine(unittest.TestCase):
    def test_it_signs_in_for_one_act(self):
        with Town() as town:
            clerk = town.add_user("clerk", "records")
            town.add_user("outsider", "approver")
            town.start()
            recording = town.upload(clerk, b"footage", filename="a.bin")["recording"]
            factors = {}
            for login in ("clerk", "outsider"):
                browser = Browser(town)
                browser.sign_in(login)
                factors[login] = browser.enroll_app()

            def lapel(*words, login=None, code=None, **options):
                who = ["--login", login, "--password-file", town.password_file] + (["--code", code] if code else []) if login else []
                return run(BIN / "lapel", *words, *who, "--server", town.url, check=False, env={"LAPEL_TOKEN": clerk}, **options)
            hold = lapel("hold", "add", "--matter", "Doe", "--reason", "a letter", "--recording", recording).stdout.strip()
            self.assertRegex(hold, "^[0-9a-f]{32}$")
            release = ("hold", "release", hold, "--reason", "settled")
            self.assertEqual(lapel(*release, login="clerk").returncode, 4)
            self.assertEqual(lapel(*release, login="clerk", code="000000").returncode, 4)
            done = lapel(*release, login="clerk", code=next_totp(factors["clerk"][0]))
            self.assertEqual(done.returncode, 0, done.stderr)
            proposal = done.stdout.strip()
            self.assertIn("open", lapel("proposal", "list", "--state", "open").stdout)
            approve = ("proposal", "approve", proposal, "--reason", "read the letter")
            own = lapel(*approve, login="clerk", code=factors["clerk"][1][0])
            self.assertEqual((own.returncode, "two people" in own.stderr), (4, True), own.stderr)
            done = lapel(*approve, login="outsider", code=factors["outsider"][1][0])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(lapel("proposal", "show", proposal, "--json").stdout)["state"], "approved")
            self.assertEqual(lapel(*approve, login="outsider", code=factors["outsider"][1][1]).returncode, 5)
            self.assertEqual(lapel("hold", "list", "--json").returncode, 0)
            self.assertEqual(lapel("proposal", "withdraw", "0" * 32, "--reason", "x").returncode, 3)
            # No session is left behind but those of the browsers.
            catalog = sqlite3.connect(f"file:{town.data / 'catalog.db'}?mode=ro", uri=True)
            self.assertEqual(catalog.execute("SELECT COUNT(*) FROM sessions").fetchone()[0], 2)
            catalog.close()
            self.assertEqual(town.stop(), 0)
            self.assertEqual(town.check_ledger(), (0, []))


if __name__ == "__main__":
    unittest.main()
