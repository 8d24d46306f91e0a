# SPDX-License-Identifier: Apache-2.0
"""lapel ledger check finds what was changed behind the ledger's back: an original, a row, a derived item, a name, a key."""
import json
import pathlib
import shutil
import sqlite3
import tempfile
import threading
import unittest

from harness import BIN, ROOT, Town, run, until


def check(data):
    done = run(BIN / "lapel", "ledger", "check", "--data", data, "--json", check=False)
    if not done.stdout:
        return done.returncode, {"faults": [done.stderr], "notes": []}
    report = json.loads(done.stdout)
    return done.returncode, report["ledgers"][0] if report["ledgers"] else {"faults": report["catalog"], "notes": []}


ROW = ("agency, sha256, bytes, codec, filename, filetype, recorded_us, received_us, sort_us, uploader, device, wearer, assigned_officer, incident, "
       "category, group_id, chain_starts_at, state, is_inside_home, more")

class LedgerCheck(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.town = town = Town()
        cls.addClassCleanup(town.__exit__)
        cls.clerk = town.add_user("clerk", "records", "investigator")
        cls.officer = town.add_user("officer", "officer", badge="4711")
        town.add_user("other", "officer", badge="4712")
        town.start()
        clip = (ROOT / "test/data" / cls.clip()).read_bytes()
        cls.first = cls.seal(clip, filename="street 1.mp4", device="X60A0042S", wearer="4711", incident="24-000117",
                             category="traffic stop", recorded_at="2022-12-02T06:00:00.129Z")
        cls.second = cls.seal(b"part two", filename="street 2.mp4", device="X60A0042S", group=cls.first)
        cls.seal(b"nothing is known of this")
        cls.viewed = cls.post("views", {"purpose": "investigation", "case": "24-000117", "warrant": "W-12",
                                        "inside_home": True})["view"]
        cls.exported = cls.post("exports", {"purpose": "review", "warrant": "W-12"})["view"]
        cls.offload()
        for item in town.request("GET", "/api/v1/recordings", cls.clerk).json()["items"]:
            until(lambda: town.request("GET", f"/api/v1/recordings/{item['id']}", cls.clerk).json()["media"]["state"],
                  lambda state: state in ("done", "failed"))
        cls.served = check(town.data)
        assert town.stop() == 0

    @classmethod
    def clip(cls):
        """The smallest file of which every kind of item is derived."""
        lines = (ROOT / "test/data/media_expected.tsv").read_text().splitlines()
        whole = [row[0] for row in (line.split("\t") for line in lines) if row[1] == "whole" and row[3] == "mp4" and row[9] == "h264"]
        return min(whole, key=lambda path: (ROOT / "test/data" / path).stat().st_size)

    @classmethod
    def seal(cls, data, **values):
        state = cls.town.upload(cls.clerk, data, **values)
        assert state["state"] == "sealed", state
        return state["recording"]

    @classmethod
    def post(cls, what, fields):
        answer = cls.town.request("POST", f"/api/v1/recordings/{cls.first}/{what}", cls.clerk, body=json.dumps(fields))
        assert answer.status == 201, answer.body
        return answer.json()

    @classmethod
    def offload(cls):
        """Two docks, of which one has delivered a file and the other is revoked."""
        town, camera = cls.town, cls.town.home / "camera"
        camera.mkdir()
        (camera / "cam.mp4").write_bytes(b"from a camera")
        for name in ("east door", "west door"):
            code = json.loads(run(BIN / "lapel", "dock", "enroll", "--data", town.data, "--agency", town.agency, "--name", name, "--json").stdout)["code"]
            run(BIN / "lapel-dock", "enroll", "--server", town.url, "--code", code, "--state", town.home / name)
        run(BIN / "lapel-dock", "run", "--state", town.home / "east door", "--camera", camera, "--once")
        run(BIN / "lapel", "dock", "revoke", "--data", town.data, "--agency", town.agency, "--name", "west door")

    def object(self, data, recording):
        return next((data / "objects").glob(f"*/{recording[:2]}/{recording}"))

    def test_nothing_is_found_where_nothing_was_changed(self):
        for code, report in (self.served, check(self.town.data)):
            self.assertEqual((code, report["faults"], report["notes"]), (0, [], []))
            self.assertEqual((report["recordings"], report["originals"], report["views"]), (4, 4, 2))
            # chief, clerk, officer, other; two docks; one device; the console
            self.assertEqual(report["identities"], 8)
            self.assertGreaterEqual(report["derived"], 3 + 3)

    # What is changed in the catalog, and what the fault has to name.
    def rows(self):
        first, second, view, export = self.first, self.second, self.viewed, self.exported
        column = [
            ("sha256 = '" + "0" * 64 + "'", "sha256"), ("bytes = bytes + 1", "bytes"),
            ("codec = 'other'", "codec"), ("filename = 'other.mp4'", "filename other.mp4"), ("filename = ''", "filename nothing"),
            ("recorded_us = recorded_us + 10000, sort_us = sort_us + 10000", "recorded_at 2022-12-02T06:00:00.13Z"),
            ("recorded_us = NULL, sort_us = received_us", "recorded_at nothing"), ("recorded_us = -1, sort_us = -1", "recorded_at -1"),
            ("received_us = received_us + 10000", "received_at"), ("sort_us = sort_us + 1", "sorted under another time"),
            ("uploader = (SELECT id FROM people WHERE login = 'other')", "uploader"), ("device = 'X60A0043S'", "device X60A0043S"),
            ("device = NULL", "device nothing"), ("wearer = '4712'", "wearer 4712"),
            ("assigned_officer = (SELECT id FROM people WHERE login = 'other')", "officer"), ("assigned_officer = NULL", "officer nothing"),
            ("incident = '24-000118'", "incident 24-000118"), ("category = NULL", "category nothing"), ("group_id = '" + second + "'", "group"),
            ("dock_file = '" + "0" * 32 + "'", "dock file"), ("chain_starts_at = 'camera'", "chain_starts_at camera"),
            ("state = 'destroyed'", "state destroyed"), ("is_inside_home = 0", "inside_home 0")]
        table = [(f"UPDATE recordings SET {change} WHERE id = '{first}'", "recording " + first, words) for change, words in column]
        table += [
            (f"UPDATE recordings SET bytes = 'many' WHERE id = '{first}'", "recordings.bytes", "no integer", "'many'", first),
            (f"UPDATE recordings SET incident = CAST(incident AS BLOB) WHERE id = '{first}'", "recordings.incident", "no text", first),
            (f"UPDATE recordings SET group_id = NULL WHERE id = '{second}'", "recording " + second, "group nothing"),
            ("UPDATE recordings SET dock_file = NULL WHERE dock_file IS NOT NULL", "recording", "dock file nothing"),
            (f"DELETE FROM recordings WHERE id = '{first}'", "recording " + first, "no row"),
            (f"INSERT INTO recordings (id, {ROW}) SELECT '{'0' * 32}', {ROW} FROM recordings WHERE id = '{first}'", "recording " + "0" * 32, "no event"),
            (f"DELETE FROM views WHERE id = '{view}'", "view " + view, "no row"),
            (f"DELETE FROM views WHERE id = '{export}'", "view " + export, "no row"),
            (f"UPDATE views SET recording = '{second}' WHERE id = '{view}'", "view " + view, "recording " + second),
            (f"UPDATE views SET person = (SELECT id FROM people WHERE login = 'other') WHERE id = '{view}'", "view " + view, "person"),
            (f"UPDATE views SET purpose = 'training' WHERE id = '{view}'", "view " + view, "purpose training"),
            (f"UPDATE views SET case_number = '24-1' WHERE id = '{view}'", "view " + view, "case 24-1"),
            (f"UPDATE views SET warrant = NULL WHERE id = '{view}'", "view " + view, "warrant nothing"),
            (f"INSERT INTO views SELECT '{'0' * 32}', recording, agency, person, purpose, case_number, warrant, opened_us, expires_us FROM "
             f"views WHERE id = '{view}'", "recording " + first, "views 3"),
            (f"DELETE FROM derived_items WHERE recording = '{first}' AND kind = 'poster'", "poster of recording " + first, "no row"),
            (f"INSERT INTO derived_items SELECT '{'0' * 32}', kind, agency, tool, version, arguments, parent_sha256, sha256, bytes, object, "
             f"content, made_us FROM derived_items WHERE recording = '{first}' AND kind = 'poster'", "derived_items", "no recording")]
        for change, words in (("tool = 'x'", "tool x"), ("version = 'x'", "version x"), ("arguments = 'x'", "arguments x"),
                              ("parent_sha256 = 'x'", "parent x"), ("sha256 = 'x'", "sha256 x"), ("bytes = 1", "bytes 1"),
                              ("content = content || ' '", "not what was derived")):
            table.append((f"UPDATE derived_items SET {change} WHERE recording = '{first}' AND kind = 'probe'", "probe of recording " + first, words))
        table += [
            (f"UPDATE derived_items SET object = (SELECT object FROM derived_items WHERE recording = '{first}' AND kind = 'filmstrip') WHERE "
             f"recording = '{first}' AND kind = 'poster'", "poster of recording " + first, "poster"),
            (f"UPDATE derived_items SET object = '../catalog.db' WHERE recording = '{first}' AND kind = 'poster'", "poster of recording " + first, "no name"),
            ("UPDATE people SET name = 'Somebody' WHERE login = 'officer'", "person ", "name Somebody"),
            ("UPDATE people SET badge = '4713' WHERE login = 'officer'", "person ", "badge 4713"),
            ("UPDATE people SET badge = NULL WHERE login = 'other'", "person ", "badge nothing"),
            ("DELETE FROM people WHERE login = 'other'", "recipient ", "the catalog has 0"),
            (f"INSERT INTO people (id, agency, login, name, added_us) SELECT '{'0' * 32}', agency, 'nobody', name, added_us FROM people WHERE login = 'other'", "person " + "0" * 32, "no event"),
            ("INSERT INTO person_roles SELECT id, 'administrator' FROM people WHERE login = 'other'", "person ", "roles administrator, officer"),
            ("DELETE FROM person_roles WHERE person = (SELECT id FROM people WHERE login = 'other')", "person ", "roles"),
            ("UPDATE devices SET serial = 'X60A0043S'", "device ", "serial X60A0043S"),
            ("DELETE FROM devices", "device ", "the catalog has 0"),
            ("UPDATE docks SET name = 'north door' WHERE name = 'east door'", "dock ", "name north door"),
            ("UPDATE docks SET public_key = '" + "0" * 64 + "' WHERE name = 'east door'", "dock ", "key " + "0" * 64),
            ("UPDATE docks SET revoked_us = 1 WHERE name = 'east door'", "dock ", "revoked yes"),
            ("UPDATE docks SET revoked_us = NULL WHERE name = 'west door'", "dock ", "revoked no"),
            ("DELETE FROM docks WHERE name = 'west door'", "recipient ", "the catalog has 0"),
            ("DELETE FROM agencies", "ledger ", "no agency"),
            ("UPDATE agencies SET slug = 'elsewhere'", "agency ", "slug elsewhere"),
            ("UPDATE agencies SET console = (SELECT id FROM people WHERE login = 'chief')", "recipient ", "the catalog has 2")]
        return table

    # What is done to a stored file, and what the fault has to name.
    def files(self):
        def rewrite(change):
            def act(path, unused):
                data = bytearray(path.read_bytes())
                path.chmod(0o640)
                path.write_bytes(change(data))
                path.chmod(0o440)
            return act

        def flipped(data):
            data[len(data) // 2] ^= 1
            return data

        def become(kind):
            def act(path, other):
                path.unlink()
                if kind == "symlink":
                    path.symlink_to(other)
                elif kind == "directory":
                    path.mkdir()
                elif kind == "another":
                    shutil.copy2(other, path)
            return act
        original, poster = "original of recording " + self.first, "poster of recording " + self.first
        return [("flipped", self.first, rewrite(flipped), original, "hash to"),
                ("truncated", self.first, rewrite(lambda data: data[:-1]), original, "were sealed"),
                ("longer", self.first, rewrite(lambda data: data + b"\0"), original, "were sealed"),
                ("deleted", self.first, become("nothing"), original, "missing"),
                ("swapped", self.first, become("another"), original, "sealed"),
                ("a symlink", self.first, become("symlink"), original, "no regular file"),
                ("a directory", self.first, become("directory"), original, "no regular file"),
                ("poster flipped", "poster", rewrite(flipped), poster, "not what was derived"),
                ("poster deleted", "poster", become("nothing"), poster, "missing")]

    def tampered(self, act):
        """Code and report of the check of a copy that `act` has changed."""
        with tempfile.TemporaryDirectory(prefix="lapel-test-") as home:
            copy = pathlib.Path(home) / "data"
            shutil.copytree(self.town.data, copy)
            act(copy)
            return check(copy)

    def assert_found(self, code, report, *words):
        self.assertEqual(code, 6, report)
        self.assertTrue(any(all(word in fault for word in words) for fault in report["faults"]), (words, report["faults"]))

    def test_every_change_of_a_row_is_found(self):
        for sql, *words in self.rows():
            with self.subTest(sql):
                def act(copy):
                    catalog = sqlite3.connect(copy / "catalog.db")
                    self.assertGreater(catalog.execute(sql).rowcount, 0)
                    catalog.commit()
                    catalog.close()
                self.assert_found(*self.tampered(act), *words)

    def test_an_original_that_may_be_written_to_is_noted(self):
        code, report = self.tampered(lambda copy: self.object(copy, self.first).chmod(0o640))
        self.assertEqual((code, report["faults"]), (0, []))
        self.assertTrue(any("may be written to" in text for text in report["notes"]), report["notes"])

    def test_every_change_of_a_file_is_found(self):
        for name, which, change, *words in self.files():
            with self.subTest(name):
                def act(copy):
                    path = self.object(copy, which) if which != "poster" else next((copy / "derived").glob(f"*/*/{self.first}/poster-*"))
                    # A copy of the same bytes, so that a link to it is told from the file only by being a link.
                    same = copy / "same"
                    shutil.copy2(path, same)
                    change(path, same if name == "a symlink" else self.object(copy, self.second))
                self.assert_found(*self.tampered(act), *words)

    def test_damage_of_the_catalogs_own_file_is_told(self):
        def by_sql(*statements):
            def act(copy):
                catalog = sqlite3.connect(copy / "catalog.db")
                for statement in statements:
                    catalog.execute(statement)
                catalog.commit()
                catalog.close()
            return act

        def flip(copy):
            # The last cell of an index's first page that was written: its key, of which the row says otherwise.
            catalog = sqlite3.connect(copy / "catalog.db")
            catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            page = catalog.execute("SELECT rootpage FROM sqlite_master WHERE name = 'recordings_by_sha256'").fetchone()[0]
            size = catalog.execute("PRAGMA page_size").fetchone()[0]
            catalog.close()
            data = bytearray((copy / "catalog.db").read_bytes())
            data[page * size - 40] ^= 1
            (copy / "catalog.db").write_bytes(data)
        rewrite = "UPDATE sqlite_master SET sql = replace(sql, '{}', '{}') WHERE name = '{}'"
        for act, *words in (
                (flip, "recordings_by_sha256"),
                (by_sql("DROP INDEX recordings_by_time"), "missing", "recordings_by_time"),
                (by_sql("CREATE TABLE notes (text TEXT)"), "not of this schema", "notes"),
                (by_sql("PRAGMA writable_schema = ON", rewrite.format("is_inside_home IN (0, 1)", "is_inside_home IN (0, 2)", "recordings")),
                 "recordings")):
            with self.subTest(words):
                self.assert_found(*self.tampered(act), *words)

    def test_what_is_sealed_during_the_check_is_no_fault(self):
        with Town() as town:
            clerk = town.add_user("clerk", "records")
            town.start()
            stop, sealed = threading.Event(), []

            def keep_sealing():
                while not stop.is_set():
                    recording = town.upload(clerk, b"file %d" % len(sealed), filename="a.mp4", device=f"AX-{len(sealed)}")["recording"]
                    town.request("POST", f"/api/v1/recordings/{recording}/views", clerk, body='{"purpose": "review"}')
                    sealed.append(recording)
            sealer = threading.Thread(target=keep_sealing)
            sealer.start()
            try:
                for turn in range(200):
                    before = len(sealed)
                    code, report = check(town.data)
                    self.assertEqual((code, report["faults"]), (0, []))
                    self.assertGreaterEqual(report["recordings"], before)
                    if turn >= 5 and len(sealed) > 6:
                        break
            finally:
                stop.set()
                sealer.join()
            self.assertGreater(len(sealed), 6)
            code, report = check(town.data)
            self.assertEqual((code, report["faults"], report["notes"], report["recordings"]), (0, [], [], len(sealed)))

    def test_a_file_that_nobody_admitted_is_noted_and_no_fault(self):
        stray = "ab" * 16

        def act(copy):
            place = self.object(copy, self.first).parents[1] / stray[:2]
            place.mkdir(exist_ok=True)
            (place / stray).write_bytes(b"left by an interrupted admission")
        code, report = self.tampered(act)
        self.assertEqual((code, report["faults"]), (0, []))
        self.assertEqual(len(report["notes"]), 1)
        self.assertIn(stray, report["notes"][0])


if __name__ == "__main__":
    unittest.main()
