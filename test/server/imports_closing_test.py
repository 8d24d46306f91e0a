# SPDX-License-Identifier: Apache-2.0
"""What an import promises when several people work on it, when something comes late, and when somebody edits the catalog: what is closed stays as it
was reported, nothing comes in beside the report, each hold is placed once, and `lapel ledger check` tells what was changed.
"""
import concurrent.futures
import contextlib
import csv
import io
import json
import os
import sqlite3
import unittest

from harness import BIN, ROOT, TownCase, run, sha256, until


def table(*rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


class ImportCase(TownCase):
    @classmethod
    def populate(cls):
        cls.anna = cls.town.add_user("anna", "records")
        cls.bert = cls.town.add_user("bert", "records")
        cls.carla = cls.town.add_user("carla", "records")
        cls.whit = cls.town.add_user("whit", "officer", badge="4711")
        cls.morse = cls.town.add_user("morse", "investigator")
        cls.chief = cls.town.token("chief")

    def ask(self, method, path, body=None, token=None, status=200):
        answer = self.town.request(method, f"/api/v1{path}", token or self.anna, {"Content-Type": "application/json"},
                                   None if body is None else json.dumps(body))
        self.assertEqual(answer.status, status, answer.body)
        return answer.json() if answer.body else None

    def begin(self, files, title="June"):
        made = self.ask("POST", "/imports", {"title": title, "profile": "axon_evidence", "zone": "America/New_York"}, status=201)["id"]
        self.list(made, files)
        return made

    def list(self, made, files):
        return self.ask("POST", f"/imports/{made}/listing", {"files": [{"path": path, "bytes": len(data)} for path, data in files.items()]})

    def upload(self, made, path, token=None):
        return self.ask("POST", f"/imports/{made}/files", {"path": path}, token)["upload"]

    def send(self, made, path, data, token=None):
        upload = self.upload(made, path, token)
        self.assertEqual(self.town.patch(f"/api/v1/uploads/{upload}", token or self.anna, 0, data).status, 204)
        until(lambda: self.counts(made)["sealing"], lambda n: n == 0)

    def read(self, made, inventory, path="evidence.csv"):
        self.send(made, path, inventory)
        return self.ask("POST", f"/imports/{made}/reading", {})

    def counts(self, made):
        return self.ask("GET", f"/imports/{made}")["counts"]

    def lines(self, made):
        return self.ask("GET", f"/imports/{made}/lines?limit=200")["items"]

    def close(self, made, status=200, token=None, **body):
        return self.ask("POST", f"/imports/{made}/close", body, token, status)

    def report(self, made):
        return sha256(self.town.request("GET", f"/api/v1/imports/{made}/report?form=csv", self.anna).body)

    def holds(self, recording):
        return [row[0] for row in self.town.rows("SELECT matter FROM holds WHERE recording = ? ORDER BY matter", recording)]


class SeveralPeople(ImportCase):
    def test_a_file_that_another_sends_anew_comes_in_once(self):
        film = os.urandom(200_000)
        made = self.begin({"evidence.csv": (inventory := table({"File Name": "a.mp4", "Checksum": sha256(film)})), "a.mp4": film})
        self.read(made, inventory)
        half = self.upload(made, "a.mp4")
        self.assertEqual(self.town.patch(f"/api/v1/uploads/{half}", self.anna, 0, film[:100_000]).status, 204)
        self.send(made, "a.mp4", film, self.bert)
        self.assertEqual(self.town.patch(f"/api/v1/uploads/{half}", self.anna, 100_000, film[100_000:]).status, 404)
        self.assertEqual(self.close(made)["counts"]["arrived"], 1)
        self.assertEqual(self.town.rows("SELECT count(*) FROM recordings WHERE sha256 = ?", sha256(film))[0][0], 1)

    def test_what_another_has_begun_ends_when_the_import_is_closed(self):
        film = os.urandom(200_000)
        made = self.begin({"evidence.csv": (inventory := table({"File Name": "b.mp4", "Checksum": "0" * 64, "Legal Hold": "Jones v. Town"})), "b.mp4": film})
        self.read(made, inventory)
        half = self.upload(made, "b.mp4")
        self.assertEqual(self.town.patch(f"/api/v1/uploads/{half}", self.anna, 0, film[:100_000]).status, 204)
        closed = self.close(made, token=self.bert, leave_unsent=True, reason="It is asked for once more")
        self.assertEqual(closed["counts"]["unsent"], 1)
        self.assertEqual(self.town.patch(f"/api/v1/uploads/{half}", self.anna, 100_000, film[100_000:]).status, 404)
        self.assertEqual(self.town.rows("SELECT count(*) FROM recordings WHERE sha256 = ?", sha256(film))[0][0], 0)
        self.assertEqual(self.report(made), closed["report_sha256"])

    def test_what_is_asked_for_while_it_is_closed_is_in_its_report_or_is_refused(self):
        for number in range(30):
            made = self.begin({"evidence.csv": (inventory := table({"File Name": "a.mp4"})), "a.mp4": b"a" * 100, "c.mp4": b"c" * 100})
            self.read(made, inventory)
            self.send(made, "a.mp4", b"a" * 100)
            late = ((f"/imports/{made}/listing", {"files": [{"path": "late.mp4", "bytes": 5}]}), (f"/imports/{made}/files", {"path": "c.mp4"}))[number % 2]
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                def tell(path, body):
                    return self.town.request("POST", f"/api/v1{path}", self.bert, {"Content-Type": "application/json"}, json.dumps(body))
                closing = pool.submit(tell, f"/imports/{made}/close", {"leave_unsent": True, "reason": "no need"})
                other = pool.submit(tell, *late).result()
                closed = closing.result()
            self.assertIn(other.status, (200, 409, 423), other.body)
            if closed.status != 200:  # what came in meanwhile is to be seen first
                self.assertEqual(closed.status, 423, closed.body)
                self.close(made, leave_unsent=True, reason="no need")
            if other.status == 200 and number % 2 and other.json()["upload"]:
                self.assertIn(self.town.patch(f"/api/v1/uploads/{other.json()['upload']}", self.bert, 0, b"c" * 100).status, (404, 410))
            self.assertEqual(self.report(made), self.ask("GET", f"/imports/{made}")["report_sha256"], number)
            for path, body in (late, (f"/imports/{made}/reading", {})):
                self.ask("POST", path, body, self.bert, 409)

    def test_each_hold_is_placed_once_however_many_ask(self):
        rows = [{"File Name": f"{n}.mp4", "Legal Hold": "Smith v. Town"} for n in range(30)]
        files = {f"{n}.mp4": os.urandom(500) for n in range(30)}
        made = self.begin({"evidence.csv": (inventory := table(*rows)), **files})
        self.read(made, inventory)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            def look():
                for _ in range(20):
                    self.ask("POST", f"/imports/{made}/reading", {}, self.bert)
            looking = [pool.submit(look) for _ in range(2)]
            for path, data in files.items():
                upload = self.upload(made, path)
                self.assertEqual(self.town.patch(f"/api/v1/uploads/{upload}", self.anna, 0, data).status, 204)
            for each in looking:
                each.result()
        until(lambda: self.counts(made)["sealing"], lambda n: n == 0)
        self.close(made)
        held = self.town.rows("SELECT recording, count(*) FROM holds WHERE recording IN (SELECT recording FROM import_files WHERE import = ?) GROUP BY recording", made)
        self.assertEqual([count for _, count in held], [1] * 30)

    def test_a_hold_of_a_second_row_is_placed_before_it_closes(self):
        made = self.begin({"evidence.csv": (inventory := table({"File Name": "a.mp4", "Legal Hold": "No"}, {"File Name": "A.MP4", "Legal Hold": "Smith v. Town"})),
                           "a.mp4": b"held"})
        self.assertEqual(self.read(made, inventory)["findings"]["duplicate"], 1)
        self.send(made, "a.mp4", b"held")
        self.close(made)
        (line,) = (line for line in self.lines(made) if line["status"] == "arrived")
        self.assertEqual(self.holds(line["recording"]), ["Axon Evidence: Smith v. Town"])

    def test_no_hold_is_placed_in_the_name_of_somebody_who_has_left(self):
        made = self.ask("POST", "/imports", {"title": "June", "profile": "axon_evidence", "zone": "America/New_York"}, self.carla, 201)["id"]
        self.list(made, {"evidence.csv": (inventory := table({"File Name": "a.mp4", "Legal Hold": "Smith v. Town"})), "a.mp4": b"she began it"})
        self.read(made, inventory)
        self.ask("POST", "/people/carla/active", {"active": False, "reason": "retired"}, self.chief)
        self.send(made, "a.mp4", b"she began it")
        self.close(made, token=self.bert)
        self.assertEqual(self.town.rows("SELECT p.login, h.matter FROM holds h JOIN people p ON p.id = h.placed_by WHERE h.recording IN (SELECT recording FROM "
                                        "import_files WHERE import = ?)", made), [("bert", "Axon Evidence: Smith v. Town")])

    def test_who_may_know_of_no_hold_is_told_of_none(self):
        made = self.begin({"evidence.csv": (inventory := table({"File Name": "c.mp4", "Checksum": "0" * 64, "Owner Badge ID": "4711",
                                                                "Legal Hold": "Smith v. Town - wrongful death, Officer Whit"})), "c.mp4": b"film"})
        self.read(made, inventory)
        self.send(made, "c.mp4", b"film")
        (line,) = (line for line in self.lines(made) if line["path"] == "c.mp4")
        self.ask("POST", f"/recordings/{line['recording']}/origin/settle", {"reason": "Edited there for the suit"}, status=409)  # not closed yet
        self.close(made)
        self.ask("POST", f"/recordings/{line['recording']}/origin/settle", {"reason": "Edited there for the suit"}, status=204)
        self.ask("GET", "/holds", token=self.whit, status=403)
        theirs = self.ask("GET", f"/recordings/{line['recording']}/origin", token=self.whit)["origin"]
        self.assertEqual((theirs["path"], theirs["hold"], theirs["reason"], theirs["retain_until"]), ("c.mp4", None, None, None))
        ours = self.ask("GET", f"/recordings/{line['recording']}/origin")["origin"]
        self.assertEqual((ours["hold"], ours["reason"]), ("Smith v. Town - wrongful death, Officer Whit", "Edited there for the suit"))


class OddThings(ImportCase):
    def test_a_number_that_no_event_can_hold_holds_up_nothing(self):
        made = self.begin({"evidence.csv": (inventory := table({"File Name": "a.mp4", "File Size (Bytes)": 2**53 + 1}, {"File Name": "b.mp4", "File Size (Bytes)": 4})),
                           "a.mp4": b"aaaa", "b.mp4": b"bbbb"})
        self.assertEqual(self.read(made, inventory)["findings"]["unreadable"], 1)
        self.send(made, "a.mp4", b"aaaa")
        self.send(made, "b.mp4", b"bbbb")
        self.assertEqual(self.close(made)["counts"]["arrived"], 2)

    def test_a_long_title_holds_up_no_hold(self):
        made = self.begin({"evidence.csv": (inventory := table({"File Name": "a.mp4", "Legal Hold": "S" * 900})), "a.mp4": b"title"}, title="T" * 1000)
        self.read(made, inventory)
        self.send(made, "a.mp4", b"title")
        self.close(made)
        (line,) = (line for line in self.lines(made) if line["path"] == "a.mp4")
        self.assertEqual(len(self.holds(line["recording"])), 1)

    def test_an_inventory_that_comes_late_is_said_before_it_closes(self):
        made = self.begin({"evidence1.csv": (first := table({"File Name": "a.mp4"})), "a.mp4": b"aaaa"})
        self.read(made, first, "evidence1.csv")
        self.send(made, "a.mp4", b"aaaa")
        second = table({"File Name": "b.mp4"}, {"File Name": "gone.mp4"})
        self.list(made, {"evidence2.csv": second, "b.mp4": b"bbbb"})
        self.send(made, "evidence2.csv", second)
        answer = self.ask("POST", f"/imports/{made}/reading", {}, status=409)
        self.assertIn("An inventory came after files had been sent", answer["detail"])
        self.send(made, "b.mp4", b"bbbb")
        self.close(made, 409)
        self.assertEqual(self.close(made, reason="The second is brought in by itself")["reason"], "The second is brought in by itself")

    def test_names_that_are_shown_alike_are_two(self):
        folder = self.town.home / "latin"
        folder.mkdir()
        for name in (b"caf\xe9.mp4", b"caf\xe8.mp4"):
            (folder / os.fsdecode(name)).write_bytes(name)
        (folder / "evidence.csv").write_bytes(table({"File Name": "café.mp4"}))
        done = run(BIN / "lapel", "import", "run", folder, "--profile", "axon_evidence", "--zone", "America/New_York", "--json",
                   env={**os.environ, "LAPEL_SERVER": self.town.url, "LAPEL_TOKEN": self.anna})
        counts = json.loads(done.stdout)["counts"]
        self.assertEqual((counts["refused"], counts["missing"]), (2, 1))
        self.assertEqual(done.stderr.count("Its path is not UTF-8"), 2)
        made = self.begin({})
        long = "x" * 1_100
        listed = self.ask("POST", f"/imports/{made}/listing", {"files": [{"path": f"{long}{end}", "bytes": 1} for end in "ab"]})
        self.assertEqual(len({each["path"] for each in listed["refused"]}), 2)
        self.assertEqual(self.counts(made)["refused"], 2)

    def test_a_file_that_is_another_now_is_sent_as_it_is_now(self):
        made = self.begin({"evidence.csv": (inventory := table({"File Name": "a.mp4"})), "a.mp4": b"before"})
        self.read(made, inventory)
        begun = self.upload(made, "a.mp4")
        self.assertEqual(self.town.patch(f"/api/v1/uploads/{begun}", self.anna, 0, b"bef").status, 204)
        self.list(made, {"a.mp4": b"what it is now"})
        self.assertEqual(self.town.patch(f"/api/v1/uploads/{begun}", self.anna, 3, b"ore").status, 404)
        self.send(made, "a.mp4", b"what it is now")
        self.assertEqual(self.close(made)["counts"]["arrived"], 1)

    def test_an_empty_file_that_is_sent_twice_at_once_comes_in_once(self):
        def here():
            return self.town.rows("SELECT count(*) FROM recordings WHERE sha256 = ?", sha256(b""))[0][0]
        names = [f"{n}.mp4" for n in range(10)]
        made = self.begin({"evidence.csv": (inventory := table(*({"File Name": name} for name in names))), **dict.fromkeys(names, b"")})
        self.read(made, inventory)
        before = here()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            def tell(path, token):
                return self.town.request("POST", f"/api/v1/imports/{made}/files", token, {"Content-Type": "application/json"}, json.dumps({"path": path}))
            asked = [pool.submit(tell, name, token) for name in names for token in (self.anna, self.bert)]
            for each in asked:
                self.assertIn(each.result().status, (200, 423), each.result().body)
        until(lambda: self.counts(made), lambda counts: counts["arrived"] == len(names))
        self.assertEqual(self.ask("POST", f"/imports/{made}/files", {"path": names[0]})["state"], "in")
        self.assertEqual(here(), before + len(names))
        self.assertEqual(self.close(made)["counts"]["arrived"], len(names))
        self.assertEqual(self.town.rows("SELECT count(*) FROM pending_imports WHERE import = ?", made)[0][0], 0)

    def test_a_word_that_fits_two_files_fits_none_in_whichever_order_they_come(self):
        inventory = table({"File Name": "a.mp4"})
        mapping = {**json.loads((ROOT / "share/imports/axon_evidence.json").read_text()), "match": "name"}
        made = self.ask("POST", "/imports", {"title": "by name", "mapping": mapping, "zone": "America/New_York"}, status=201)["id"]
        self.list(made, {"evidence.csv": inventory, "x/a.mp4": b"one"})
        self.read(made, inventory)
        self.assertEqual((self.counts(made)["found"], self.counts(made)["extra"]), (1, 0))
        self.list(made, {"y/a.mp4": b"two"})
        self.assertEqual((self.counts(made)["found"], self.counts(made)["extra"]), (0, 2))

    def test_nobody_else_has_anything_done_by_asking(self):
        made = self.begin({"evidence.csv": table({"File Name": "a.mp4"})})
        for token in (self.whit, self.morse):
            for what in ("reading", "close"):
                self.ask("POST", f"/imports/{made}/{what}", {}, token, 403)


class Edited(ImportCase):
    def edit(self, sql):
        with contextlib.closing(sqlite3.connect(self.town.data / "catalog.db")) as catalog, catalog:
            self.assertEqual(catalog.execute(sql).rowcount, 1, sql)

    def test_the_check_tells_what_was_changed_of_an_import(self):
        made = self.begin({"evidence.csv": (inventory := table({"File Name": "a.mp4", "Checksum": "0" * 64}, {"File Name": "b.mp4"})), "a.mp4": b"aaaa", "b.mp4": b"bbbb"})
        self.read(made, inventory)
        self.send(made, "a.mp4", b"aaaa")
        still_open = self.begin({"evidence.csv": inventory, "a.mp4": b"AAAA"})
        self.read(still_open, inventory)
        self.send(still_open, "a.mp4", b"AAAA")
        self.send(made, "b.mp4", b"bbbb")
        self.close(made)
        recording = {line["path"]: line["recording"] for line in self.lines(made)}
        ours = self.lines(still_open)
        theirs = {line["path"]: line["recording"] for line in ours}
        self.town.stop()
        self.assertEqual(self.town.check_ledger(), (0, []))
        for change, undo, told in (
                (f"DELETE FROM pending_imports WHERE recording = '{recording['a.mp4']}'", f"INSERT INTO pending_imports VALUES ('{recording['a.mp4']}', '{made}')",
                 f"recording {recording['a.mp4']} is open, and its import is not closed, or it differs"),
                (f"INSERT INTO pending_imports VALUES ('{recording['b.mp4']}', '{made}')", f"DELETE FROM pending_imports WHERE recording = '{recording['b.mp4']}'",
                 f"recording {recording['b.mp4']} is kept back as pending, and its import is closed"),
                (f"UPDATE import_files SET agrees = 'yes' WHERE recording = '{theirs['a.mp4']}'", f"UPDATE import_files SET agrees = 'no' WHERE recording = '{theirs['a.mp4']}'",
                 f"recording {theirs['a.mp4']} is another in the list of its import"),
                (f"UPDATE import_rows SET vendor_id = 'E-9' WHERE import = '{made}' AND file = 'b.mp4'", f"UPDATE import_rows SET vendor_id = NULL WHERE import = '{made}' AND file = 'b.mp4'",
                 f"the report of import {made} is another")):
            self.edit(change)
            code, faults = self.town.check_ledger()
            self.assertTrue(any(told in fault for fault in faults), (change, faults))
            self.assertEqual(code, 6, change)
            self.edit(undo)
        self.assertEqual(self.town.check_ledger(), (0, []))
        self.town.start()


if __name__ == "__main__":
    unittest.main()
