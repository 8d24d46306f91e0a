# SPDX-License-Identifier: Apache-2.0
"""Accounts that nobody uses are disabled after the agency's days, and given back by an administrator or at the console."""
import json
import unittest

from harness import BIN, Town, run, until
from moved_clock import DAY_S, MovedClock
from signing_in import Browser


class IdleAccounts(unittest.TestCase):
    def setUp(self):
        self.town = town = Town(administrator=None)
        self.addCleanup(town.__exit__)
        self.clock = MovedClock(town.home)
        town.wrapper = self.clock.wrapper
        town.second_factor("optional")
        self.tokens = {}

    def add(self, login, *roles, **more):
        self.town.add_user(login, *roles, **more)
        self.tokens[login] = self.town.token(login, days=366)

    def lapel(self, *args, code=0):
        """At the server's console, by the same clock."""
        done = run(*self.clock.wrapper, BIN / "lapel", *args, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def rules(self, *args, agency=None, code=0):
        return self.lapel("sign-in", "rules", "--data", self.town.data, "--agency", agency or self.town.agency, "--json", *args, code=code)

    def rows(self, sql):
        return self.town.rows(sql)

    def active(self):
        return {login for login, in self.rows("SELECT login FROM people WHERE active_until_us IS NULL")}

    def wait(self, *logins):
        """Until nobody but these is active: the server looks by itself."""
        until(self.active, lambda active: active == set(logins), f"others than {logins} are active")

    def use(self, login):
        self.assertEqual(self.town.request("GET", "/api/v1/rules", self.tokens[login]).status, 200)

    def sign_in(self, login, status=200):
        return Browser(self.town).sign_in(login, status=status)

    def people(self, who="boss"):
        return {each["login"]: each for each in self.town.request("GET", "/api/v1/people", self.tokens[who]).json()["items"]}

    def test_who_was_not_here_for_ninety_days_is_disabled_and_given_back(self):
        for login, role in (("boss", "administrator"), ("second", "administrator"), ("clerk", "records"), ("by_password", "records"), ("by_program", "records")):
            self.add(login, role)
        run(BIN / "lapel", "agency", "add", "--data", self.town.data, "--name", "Zoar Police")
        self.add("zoar", "administrator", agency="Zoar Police")
        self.add("quiet", "records", agency="Zoar Police")
        for wrong in ("0", "29", "366", "never", "-1"):
            self.rules("--idle-days", wrong, code=2)
        self.assertEqual(json.loads(self.rules())["idle_days"], 90, "what nobody has set")
        self.assertEqual(json.loads(self.rules("--idle-days", "30", agency="Zoar Police"))["idle_days"], 30)
        self.assertEqual(json.loads(self.rules("--second-factor", "optional", agency="Zoar Police"))["idle_days"], 30, "the rest stays")
        self.town.start()
        everybody = {"boss", "second", "clerk", "by_password", "by_program", "zoar", "quiet"}
        self.assertEqual(self.active(), everybody)
        first_day = 60
        self.clock.move(29 * DAY_S)
        self.use("zoar")
        self.clock.move((first_day - 29) * DAY_S)
        self.wait(*everybody - {"quiet"})  # whose agency has thirty; its administrator is its last
        self.sign_in("by_password")
        for login in ("by_program", "boss"):
            self.use(login)
        Browser(self.town).sign_in("clerk", "wrong", 401)
        self.clock.move((89 - first_day) * DAY_S)
        self.wait(*everybody - {"quiet"})
        self.clock.move(2 * DAY_S)
        # A wrong password is no use of an account; and an administrator is one like the others while there is another.
        self.wait("by_password", "by_program", "boss", "zoar")
        for login, status in (("clerk", 401), ("by_program", 200)):
            self.assertEqual(self.town.request("GET", "/api/v1/rules", self.tokens[login]).status, status, login)
        people = self.people()
        self.assertEqual({login for login, each in people.items() if not each["active"]}, {"clerk", "second"})
        state = self.town.request("GET", f"/api/v1/people/{people['clerk']['id']}/sign-in", self.tokens["boss"]).json()
        self.assertEqual([(e["event"], e["detail"], e["by"]) for e in state["events"] if e["event"] != "failed"], [("disabled", "90 days without a sign-in", None)])
        review = {each["login"]: each for each in self.town.request("GET", "/api/v1/access-review", self.tokens["boss"]).json()["items"]}
        self.assertEqual((review["clerk"]["active"], review["clerk"]["never_here"], review["by_program"]["never_here"]), (False, True, False))
        (said,) = [json.loads(event) for event, in self.rows(f"SELECT event FROM ledger_events WHERE type = 'person.active' AND subject = '{people['clerk']['id']}'")]
        ((console,),) = self.rows("SELECT console FROM agencies WHERE is_first = 1")
        self.assertEqual((said["active"], said["reason"], said["actor"]), (False, "Nobody has signed in for 90 days", console))

        # By an administrator: it counts anew from then, and what was given before stays worthless.
        boss = Browser(self.town)
        boss.sign_in("boss")
        given = boss.ask("POST", f"/api/v1/people/{people['clerk']['id']}/active", {"active": True, "reason": "back from leave"})
        if given.status == 401:  # which takes a factor
            self.assertEqual(given.json()["type"], "/problems/no-factor")
            given = self.town.request("POST", f"/api/v1/people/{people['clerk']['id']}/active", self.tokens["boss"], body=json.dumps({"active": True, "reason": "back"}))
        self.assertEqual(given.status, 200, given.body)
        self.sign_in("clerk")
        self.assertEqual(self.town.request("GET", "/api/v1/rules", self.tokens["clerk"]).status, 401)
        # At the console.
        self.lapel("user", "activate", "--data", self.town.data, "--login", "second")
        self.lapel("user", "activate", "--data", self.town.data, "--login", "second", code=5)
        self.sign_in("second")
        acts = self.town.request("GET", "/api/v1/sign-in/console", self.tokens["boss"]).json()["items"]
        self.assertEqual([(act["event"], act["name"]) for act in acts], [("activated", "second")])
        self.clock.move(2 * DAY_S)
        self.lapel("user", "add", "--data", self.town.data, "--agency", self.town.agency, "--login", "late", "--role", "records", "--password-file", self.town.password_file)
        self.clock.move(60 * DAY_S)
        self.wait("boss", "clerk", "second", "late", "by_program", "zoar")

        # All of them are idle: whoever of the administrators was here last stays, and that is said.
        self.clock.move(200 * DAY_S)
        self.wait("second", "zoar")
        second = self.rows("SELECT id FROM people WHERE login = 'second'")[0][0]
        until(lambda: (self.town.home / "server.err").read_text(), lambda text: any(
            second in line and "last administrator" in line for line in text.splitlines()), "nothing is said of the last administrator")
        self.assertEqual(self.town.stop(), 0)
        self.assertEqual(self.town.check_ledger(), (0, []))


if __name__ == "__main__":
    unittest.main()
