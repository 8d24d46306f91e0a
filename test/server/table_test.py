# SPDX-License-Identifier: Apache-2.0
"""docs/access.csv over HTTP: what each role is answered at each door that the contract names an action of, beside what the table says."""
import csv
import json
import re
import unittest

from access_test import ROLES, Agency
from harness import ROOT, Town, until

PURPOSES = ("investigation", "review", "discovery", "records_request", "training", "own_recording")
SAYS = {200: "allow", 201: "allow", 204: "allow", 401: "sign_in", 403: "refuse", 404: "hide", 409: "ask"}
# Doors that something else than the asker's role opens, and why they are not asked here.
ELSEWHERE = {"/api/v1/account": "is the asker's own, by a session", "/api/v1/received": "is a recipient's, by a link and a code",
             "/api/v1/views": "takes a view: two_agencies_test.py", "/scim": "takes a directory's token: scim_test.py",
             "/api/v1/sign-in": "is how somebody becomes one", "/api/v1/program/volumes": "has no whole month in a town of today: program_test.py"}


def table():
    with open(ROOT / "docs/access.csv", newline="") as file:
        return list(csv.DictReader(file))


def fits(cell, value):
    return cell == "*" or (value in cell.removeprefix("!").split()) != cell.startswith("!")


def answer_of(rows, **case):
    return next(row["answer"] for row in rows if all(fits(row[column], value) for column, value in case.items()))


class TheTable(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.town = town = Town()
        cls.addClassCleanup(town.__exit__)
        cls.a = a = Agency(town)
        town.start()
        a.learn()
        cls.rows = table()
        # Of the officer's unit, which the supervisor supervises, and of nobody else who asks; known to be no home.
        cls.recording = a.upload(wearer="201", incident="22-1100")
        a.change("records", cls.recording, inside_home=False)
        until(lambda: a.ask("GET", f"/api/v1/recordings/{cls.recording}", "records", 200).json()["media"]["state"], lambda state: state == "done")
        cls.document = town.request("GET", "/api/v1/openapi.json").json()

    def differences(self, rows):
        out, asked = [], 0
        for path, methods in self.document["paths"].items():
            operation = methods.get("get")
            if not operation or path.startswith(tuple(ELSEWHERE)) or re.search(r"{(?!id})", path):
                continue
            if ("{id}" in path and not path.startswith("/api/v1/recordings/")) or any(parameter.get("required") for parameter in operation.get("parameters", [])
                                                                                      if parameter.get("in") == "query"):
                continue
            action = operation["x-action"]
            if " " in action or action in ("public", "sign_in"):
                continue
            for role in (*ROLES, "anonymous"):
                expected = answer_of(rows, actor=role, action=action, relation=self.relation(role, action, path), state="sealed", purpose="review",
                                     fact="lead" if action == "manage_agencies" else "no_such_fact")
                answer = self.town.request("GET", path.replace("{id}", self.recording), self.a.tokens.get(role))
                asked += 1
                if SAYS.get(answer.status) != expected:
                    out.append((operation["operationId"], role, expected, answer.status, answer.body[:100]))
        for role in ROLES:
            for purpose in PURPOSES:
                for action, door in (("view", "views"), ("export", "exports")):
                    expected = answer_of(rows, actor=role, action=action, relation=self.relation(role, action, "{id}"), state="sealed", purpose=purpose,
                                         fact="no_such_fact")
                    answer = self.a.ask("POST", f"/api/v1/recordings/{self.recording}/{door}", role, purpose=purpose, case="22-1100")
                    asked += 1
                    if SAYS.get(answer.status) != expected:
                        out.append((door, role, purpose, expected, answer.status, answer.body[:100]))
        return asked, out

    @staticmethod
    def relation(role, action, path):
        """How whoever asks stands to what is asked for: what concerns no recording concerns themselves, or the agency as a whole."""
        if role == "anonymous":
            return "other"
        if "{id}" in path:
            return "supervised" if role == "supervisor" else "other"
        if action in ("see_alerts", "see_digests"):
            return "unattributed"
        return "own" if action in ("explain", "see_shares") else "other"

    def test_every_door_answers_as_the_table_says(self):
        asked, different = self.differences(self.rows)
        self.assertEqual(different, [])
        self.assertGreater(asked, 400)

    def test_another_table_is_not_what_is_answered(self):
        wrong = json.loads(json.dumps(self.rows))
        row = next(row for row in wrong if row["actor"] == "coordinator auditor" and "view" in row["action"].split())
        row["answer"] = "allow"
        _, different = self.differences(wrong)
        self.assertTrue(different)
        self.assertEqual({role for _, role, *_ in different}, {"coordinator", "auditor"})


if __name__ == "__main__":
    unittest.main()
