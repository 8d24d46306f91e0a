# SPDX-License-Identifier: Apache-2.0
"""Exports of other systems: mapped, kept byte for byte, resumed after a kill, reconciled; and every trick refused while the rest goes on.

The exports are made by test/scenarios/made_exports.py; no vendor made them.
"""
import csv
import hashlib
import json
import os
import subprocess
import unittest
import zipfile
from xml.etree import ElementTree

from harness import BIN, ROOT, TownCase, run, sha256, until

MADE = ROOT / "test/scenarios/made_exports.py"


class Imports(TownCase):
    @classmethod
    def populate(cls):
        cls.clerk = cls.town.add_user("clerk", "records")
        cls.detective = cls.town.add_user("detective", "investigator")
        cls.auditor = cls.town.add_user("auditor", "auditor")
        cls.town.add_user("whitfield", "officer", badge="4711")

    def made(self, kind, *more):
        out = self.town.home / f"{kind}-{self.id().rsplit('.', 1)[1]}"
        run("python3", MADE, kind, out, *more)
        return out

    def lapel(self, *args, token=None, code=0):
        done = run(BIN / "lapel", *args, check=False,
                   env={**os.environ, "LAPEL_SERVER": self.town.url, "LAPEL_TOKEN": token or self.clerk})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def ask(self, method, path, body=None, token=None, status=200):
        answer = self.town.request(method, f"/api/v1{path}", token or self.clerk, {"Content-Type": "application/json"},
                                   None if body is None else json.dumps(body))
        self.assertEqual(answer.status, status, answer.body)
        return answer.json() if answer.body else None

    def begin(self, profile="axon_evidence", **more):
        return self.ask("POST", "/imports", {"title": self.id(), "profile": profile, "zone": "America/New_York", **more}, status=201)["id"]

    def lines(self, import_id, **query):
        narrowed = "".join(f"&{name}={value}" for name, value in query.items())
        return self.ask("GET", f"/imports/{import_id}/lines?limit=200{narrowed}")["items"]

    def original(self, recording, token=None):
        view = self.ask("POST", f"/recordings/{recording}/views", {"purpose": "review"}, token, 201)
        return self.town.request("GET", view["original"], token or self.clerk).body

    def test_tricks_are_told_and_everything_else_comes_in(self):
        folder = self.made("tricks")
        done = self.lapel("import", "run", folder, "--profile", "axon_evidence", "--zone", "America/New_York", "--json", code=6)
        made = json.loads(done.stdout)
        self.assertEqual(made["state"], "closed")
        self.assertFalse(made["verified"])
        self.assertEqual({name: made["counts"][name] for name in ("expected", "arrived", "missing", "extra", "differing", "refused", "documents")},
                         {"expected": 6, "arrived": 3, "missing": 3, "extra": 2, "differing": 1, "refused": 3, "documents": 2})
        # What is here already depends on what ran before.
        self.assertEqual({kind: n for kind, n in made["findings"].items() if kind not in ("retention", "same_bytes")},
                         {"date": 2, "duplicate": 1, "hold": 2, "officer": 1, "path": 1})
        refused = {line["path"]: line["sentence"] for line in self.lines(made["id"], status="refused")}
        self.assertEqual(set(refused), {"link.mp4", "clash.mp4", "back\\slash.mp4"})
        self.assertIn("symbolic link", refused["link.mp4"])
        self.assertIn('"Clash.mp4"', refused["clash.mp4"])
        (differs,) = self.lines(made["id"], status="differs")
        on_disk = (folder / differs["path"]).read_bytes()
        self.assertEqual(differs["sha256"], sha256(on_disk))
        self.assertNotEqual(differs["vendor_hash"], differs["sha256"])
        # Kept as it arrived, and records' alone until somebody says why.
        shown = self.ask("GET", f"/recordings/{differs['recording']}")
        self.assertEqual(shown["state"], "imported_pending")
        self.assertEqual(self.original(differs["recording"]), on_disk)
        self.ask("POST", f"/recordings/{differs['recording']}/views", {"purpose": "review"}, self.detective, 403)
        self.lapel("import", "settle", differs["recording"], "--reason", "The vendor's portal had edited it")
        self.assertEqual(self.ask("GET", f"/recordings/{differs['recording']}")["state"], "held")
        self.assertEqual(self.original(differs["recording"], self.detective), on_disk)
        origin = self.ask("GET", f"/recordings/{differs['recording']}/origin")["origin"]
        self.assertEqual((origin["agrees"], origin["vendor_id"], origin["reason"]), ("no", "E-0003", "The vendor's portal had edited it"))
        self.lapel("import", "settle", differs["recording"], "--reason", "again", code=5)

    def test_the_vendors_own_log_and_inventory_are_kept_byte_for_byte_with_receipts(self):
        folder = self.made("motorola")
        made = json.loads(self.lapel("import", "run", folder, "--profile", "motorola_videomanager", "--zone", "America/New_York", "--json").stdout)
        documents = self.lines(made["id"], status="document")
        self.assertEqual({line["path"] for line in documents}, {"metadata.json", "audit.csv"})
        for line in documents + self.lines(made["id"], status="arrived"):
            data = (folder / line["path"]).read_bytes()
            self.assertEqual(self.original(line["recording"]), data)
            self.assertEqual(self.town.verify(self.town.receipt(line["recording"], self.clerk), data)[0], 0)
        (arrived,) = self.lines(made["id"], status="arrived")
        self.assertEqual((arrived["algorithm"], arrived["agrees"], arrived["incident"], arrived["recorded_at"]),
                         ("sha1", "yes", "2022-1204", "2022-12-02T06:14:00.00Z"))
        shown = self.ask("GET", f"/recordings/{arrived['recording']}")
        self.assertEqual((shown["wearer"], shown["device"], shown["category"], shown["state"]), ("4711", "V300-0042", "Traffic", "sealed"))

    def test_the_report_is_the_one_that_was_sealed_and_never_changes(self):
        folder = self.made("utility")
        made = json.loads(self.lapel("import", "run", folder, "--profile", "utility_availweb", "--zone", "America/New_York", "--json").stdout)
        out = self.town.home / "report.csv"
        self.lapel("import", "report", made["id"], "--out", out)
        self.assertEqual(sha256(out.read_bytes()), made["report_sha256"])
        ((event,),) = self.town.rows("SELECT event FROM ledger_events WHERE type = 'import.closed' ORDER BY leaf_index DESC LIMIT 1")
        event = event if isinstance(event, str) else event.decode()
        self.assertEqual(json.loads(event)["report"], made["report_sha256"])
        with out.open(newline="") as file:
            table = list(csv.DictReader(file))
        for row in table[:2]:
            self.assertEqual((row["status"], row["agrees"], row["algorithm"]), ("arrived", "yes", "md5"))
            self.assertEqual(row["vendor_hash"], hashlib.md5((folder / row["path"]).read_bytes()).hexdigest())
        as_json = self.town.request("GET", f"/api/v1/imports/{made['id']}/report?form=json", self.clerk).json()
        self.assertEqual([line["path"] for line in as_json["lines"]], [row["path"] for row in table])
        # Closed is closed.
        self.ask("POST", f"/imports/{made['id']}/listing", {"files": []}, status=409)
        self.ask("POST", f"/imports/{made['id']}/close", {}, status=409)

    def test_a_dry_run_changes_nothing_but_keeps_the_documents(self):
        folder = self.made("axon")
        before = self.town.rows("SELECT count(*) FROM recordings")[0][0]
        done = self.lapel("import", "run", folder, "--profile", "axon_evidence", "--zone", "America/New_York", "--dry-run")
        self.assertIn("UNVERIFIED", done.stdout)
        self.assertIn('It is held there: "Smith v. Town"', done.stdout)
        self.assertEqual(self.town.rows("SELECT count(*) FROM recordings")[0][0], before + 2)
        self.assertEqual(self.events_of("hold.placed", folder), 0)
        import_id = done.stdout.split()[0]
        self.assertEqual(self.ask("GET", f"/imports/{import_id}")["counts"]["unsent"], 2)
        # What is described by no mapping that there is, or by a broken one, is refused in words.
        self.lapel("import", "run", folder, "--profile", "nobody", code=3)
        self.ask("POST", "/imports", {"title": "x", "mapping": {"format": "other"}}, status=400)
        self.ask("POST", "/imports", {"title": "x", "profile": "axon_evidence"}, status=400)  # its times have no zone

    def test_an_inventory_of_xml_is_read_by_a_mapping_of_ones_own(self):
        folder = self.made("motorola")
        rows = json.loads((folder / "metadata.json").read_text())["recordings"]
        tree = ElementTree.Element("Export", xmlns="urn:vendor:export")
        for row in rows:
            element = ElementTree.SubElement(ElementTree.SubElement(tree, "Recordings"), "Recording", id=row["recordingId"])
            file = ElementTree.SubElement(element, "File", sha1=row["file"]["sha1"], size=str(row["file"]["size"]))
            ElementTree.SubElement(file, "Name").text = row["file"]["name"]
            ElementTree.SubElement(element, "Begun").text = row["startTime"]
        (folder / "metadata.json").unlink()
        ElementTree.ElementTree(tree).write(folder / "Inventory.xml", encoding="UTF-16", xml_declaration=True)
        mapping = {"format": "lapel-import-mapping/1", "name": "of_our_own", "title": "What the old system exports", "make": "Maker", "system": "Old system",
                   "verified": False, "sources": ["Seen in our own export"], "match": "name",
                   "inventory": {"files": ["*.xml"], "format": "xml", "rows_at": ["Export", "Recordings", "Recording"]},
                   "fields": {"file": {"columns": ["File.Name"]}, "vendor_id": {"columns": ["@id"]}, "bytes": {"columns": ["File.@size"]},
                              "hash": {"columns": ["File.@sha1"], "algorithm": "sha1"}, "recorded_at": {"columns": ["Begun"]}},
                   "time_forms": ["rfc3339"]}
        described = self.town.home / "mapping.json"
        described.write_text(json.dumps(mapping))
        made = json.loads(self.lapel("import", "run", folder, "--mapping", described, "--json").stdout)
        self.assertEqual(made["counts"]["arrived"], len(rows))
        arrived = self.lines(made["id"], status="arrived")
        self.assertEqual(sorted((line["vendor_id"], line["vendor_hash"], line["agrees"]) for line in arrived),
                         sorted((row["recordingId"], row["file"]["sha1"], "yes") for row in rows))
        # One that would have other files read is refused, and nothing comes in by it.
        (folder / "Inventory.xml").write_text('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Export>&b;</Export>')
        done = self.lapel("import", "run", folder, "--mapping", described, "--title", "again", code=2)
        self.assertIn("Line 1 of the XML has a document type, which is not read", done.stdout + done.stderr)

    def events_of(self, kind, folder):
        return self.town.rows("SELECT count(*) FROM ledger_events WHERE type = ? AND CAST(event AS TEXT) LIKE ?", kind, f"%{folder.name}%")[0][0]

    def test_a_killed_server_and_a_cut_command_lose_nothing_and_double_nothing(self):
        folder = self.made("many", "--files", "120")
        import_id = self.begin()
        command = [BIN / "lapel", "import", "run", folder, "--import", import_id, "--json"]
        environment = {**os.environ, "LAPEL_SERVER": self.town.url, "LAPEL_TOKEN": self.clerk}
        client = subprocess.Popen([str(word) for word in command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: self.ask("GET", f"/imports/{import_id}")["counts"], lambda counts: counts["arrived"] >= 10)
        finally:
            client.kill()
            client.wait()
        self.town.kill()
        self.town.start()
        made = json.loads(self.lapel("import", "run", folder, "--import", import_id, "--json").stdout)
        self.assertEqual((made["state"], made["counts"]["arrived"], made["counts"]["missing"], made["counts"]["differing"]),
                         ("closed", 120, 0, 0))
        here = self.town.rows("SELECT r.sha256 FROM recordings r JOIN import_recordings i ON i.recording = r.id WHERE i.import = ? AND i.role = 'file'",
                              import_id)
        self.assertEqual(sorted(row[0] for row in here), sorted(sha256(path.read_bytes()) for path in folder.rglob("*.bin")))
        self.assertEqual(self.town.rows("SELECT count(*) FROM pending_imports WHERE import = ?", import_id)[0][0], 0)

    def test_an_archive_is_brought_in_without_its_tricks(self):
        folder = self.made("axon")
        archive = self.town.home / "export.zip"
        with zipfile.ZipFile(archive, "w") as out:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    out.write(path, path.relative_to(folder))
            out.writestr("../up.mp4", b"x")
            out.writestr("/etc/absolute.mp4", b"x")
            link = zipfile.ZipInfo("link.mp4")
            link.create_system, link.external_attr = 3, 0o120777 << 16
            out.writestr(link, b"/etc/passwd")
            out.writestr("bomb.mp4", bytes(32 << 20), compress_type=zipfile.ZIP_DEFLATED)
            out.writestr("EVIDENCE.csv.bak/Twice.mp4", b"x")
            with self.assertWarns(UserWarning):
                out.writestr("EVIDENCE.csv.bak/Twice.mp4", b"y")
        made = json.loads(self.lapel("import", "run", archive, "--profile", "axon_evidence", "--zone", "America/New_York", "--json").stdout)
        self.assertEqual((made["counts"]["arrived"], made["counts"]["missing"], made["counts"]["extra"]), (2, 0, 1))
        refused = {line["path"]: line["sentence"] for line in self.lines(made["id"], status="refused")}
        self.assertEqual(set(refused), {"../up.mp4", "/etc/absolute.mp4", "link.mp4", "bomb.mp4", "EVIDENCE.csv.bak/Twice.mp4"})
        self.assertIn("over 200 times", refused["bomb.mp4"])
        self.assertIn("another entry", refused["EVIDENCE.csv.bak/Twice.mp4"])
        for line in self.lines(made["id"], status="arrived"):
            self.assertEqual(self.original(line["recording"]), (folder / line["path"]).read_bytes())
        # One byte of an entry changed: it is not taken, the others are.
        damaged = bytearray(archive.read_bytes())
        at = damaged.index((folder / "2022-1204/Interview_Room_2.mp4").read_bytes()[:64])
        damaged[at + 40] ^= 1
        archive.write_bytes(damaged)
        done = self.lapel("import", "run", archive, "--profile", "axon_evidence", "--zone", "America/New_York", code=5)
        self.assertIn("Interview_Room_2.mp4: not sent: An entry of the archive is damaged", done.stderr)
        import_id = done.stdout.split()[0]
        counts = self.ask("GET", f"/imports/{import_id}")["counts"]
        self.assertEqual((counts["arrived"], counts["unsent"]), (1, 1))
        self.lapel("import", "close", import_id, code=5)
        self.lapel("import", "close", import_id, "--leave-unsent", "--reason", "The archive is damaged; another was asked for")
        closed = self.ask("GET", f"/imports/{import_id}")
        self.assertEqual((closed["counts"]["missing"], closed["reason"]), (1, "The archive is damaged; another was asked for"))

    def test_only_records_bring_in_and_others_are_refused_by_the_rule(self):
        self.ask("GET", "/imports", token=self.auditor)
        for token in (self.auditor, self.detective):
            answer = self.ask("POST", "/imports", {"title": "x", "profile": "axon_evidence"}, token, 403)
            self.assertIn("imports from other systems: records", answer["detail"])
        self.ask("GET", "/imports", token=self.detective, status=403)
        self.ask("GET", f"/imports/{'0' * 32}", status=404)

    def test_what_is_no_inventory_is_said_with_its_row(self):
        import_id = self.begin()
        text = b"Evidence ID,File Name\nE-1,a.mp4,x\n"
        listed = self.ask("POST", f"/imports/{import_id}/listing", {"files": [{"path": "evidence.csv", "bytes": len(text)}]})
        self.assertEqual([each["path"] for each in listed["documents"]], ["evidence.csv"])
        self.ask("POST", f"/imports/{import_id}/reading", {}, status=409)
        upload = self.ask("POST", f"/imports/{import_id}/files", {"path": "evidence.csv"})["upload"]
        self.assertEqual(self.town.patch(f"/api/v1/uploads/{upload}", self.clerk, 0, text).status, 204)
        until(lambda: self.ask("GET", f"/imports/{import_id}")["counts"]["sealing"], lambda n: n == 0)
        answer = self.ask("POST", f"/imports/{import_id}/reading", {}, status=400)
        self.assertEqual(answer["detail"], "evidence.csv: Row 2 of the inventory has a cell under no column's name")
        self.ask("POST", f"/imports/{import_id}/close", {}, status=409)


if __name__ == "__main__":
    unittest.main()
