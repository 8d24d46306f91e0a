# SPDX-License-Identifier: Apache-2.0
"""Cards of cameras that mount: what their names say, several at once, pulled in the middle, and copies that only the agency opens."""
import contextlib
import datetime
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import unittest

from dock_test import DockCase
from harness import BIN, ROOT, run, sha256, until

VERSION = '{\n"info version":"2.0",\n"firmware version":"H22.01.01.20.00",\n"camera type":"HERO11 Black",\n"camera serial number":"C3471325208908",\n}\n'
SERIAL = "C3471325208908"


def gopro(*names):
    """A card as the camera leaves it: a comma behind the last member of version.txt and all."""
    files = {f"DCIM/100GOPRO/{name}": f"{name} ".encode() * 5000 for name in names}
    files["MISC/version.txt"] = VERSION.encode()
    return files


class CardCase(DockCase):
    def setUp(self):
        super().setUp()
        self.coordinator = self.town.add_user("keeper", "coordinator")

    def watch(self, state, *arguments):
        dock = subprocess.Popen([str(a) for a in (BIN / "lapel-dock", "run", "--state", state, "--json", *arguments)],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(lambda: (dock.kill(), dock.wait(), dock.stdout.close()))
        return dock

    def until(self, dock, wanted):
        """Reads what the dock says until `wanted` has been said; all of it."""
        said = []
        while not said or not wanted(said[-1]):
            line = dock.stdout.readline()
            self.assertTrue(line, said)
            said.append(json.loads(line))
        return said

    def end(self, dock):
        dock.send_signal(signal.SIGTERM)
        self.assertEqual(dock.wait(timeout=60), 0)

    def get(self, path, token=None):
        answer = self.town.request("GET", path, token or self.clerk)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def by_name(self):
        return {item["filename"]: item for item in self.recordings()}

    def record(self, wanted):
        """What the server says of the camera, once it has judged."""
        return until(lambda: self.get(f"/api/v1/devices/{SERIAL}/record", self.coordinator), wanted)


class Profiles(CardCase):
    def test_chapters_and_side_cars_are_one_recording(self):
        state = self.dock()
        files = gopro("GX010120.MP4", "GX010123.MP4", "GX020123.MP4", "GX030123.MP4", "GL010123.LRV", "GX010123.THM", "GX010125.MP4")
        self.fill(files)
        self.complete(state)
        found = self.by_name()
        self.assertEqual(sorted(item["sha256"] for item in found.values()), sorted(sha256(data) for data in files.values()))
        first = found["GX010123.MP4"]
        for name in ("GX020123.MP4", "GX030123.MP4", "GL010123.LRV", "GX010123.THM"):
            self.assertEqual(found[name]["group"], first["id"], name)
        for name in ("GX010120.MP4", "GX010125.MP4", "version.txt"):
            self.assertIsNone(found[name]["group"], name)
        clips = [clip["filename"] for clip in self.get(f"/api/v1/recordings/{first['id']}")["clips"]]
        self.assertEqual(clips[0], "GX010123.MP4")
        self.assertEqual(sorted(clips), ["GL010123.LRV", "GX010123.MP4", "GX010123.THM", "GX020123.MP4", "GX030123.MP4"])
        self.assertEqual({item["device"] for item in found.values()}, {SERIAL})
        self.assertEqual({key: value for key, value in found["GX020123.MP4"]["metadata"].items() if key.startswith("camera_")},
                         {"camera_profile": "gopro", "camera_sequence": "123", "camera_counter": "1-9999", "camera_chapter": "2",
                          "camera_model": "HERO11 Black", "camera_firmware": "H22.01.01.20.00"})
        self.assertEqual(found["GL010123.LRV"]["metadata"]["camera_role"], "side_car")
        self.problems()

    def test_a_chapter_that_comes_later_joins_its_recording(self):
        state = self.dock()
        self.fill(gopro("GX010123.MP4"))
        self.complete(state, "--erase")
        self.assertEqual(self.on_camera(), {b"MISC/version.txt"})  # what says whose the card is stays on it
        self.fill({"DCIM/100GOPRO/GX020123.MP4": b"the rest"})
        self.complete(state, "--erase")
        found = self.by_name()
        self.assertEqual(found["GX020123.MP4"]["group"], found["GX010123.MP4"]["id"])
        # And a file of another time by the same name does not.
        self.fill({"DCIM/100GOPRO/GX010123.MP4": b"after a reset"})
        old = (self.camera / "DCIM/100GOPRO/GX010123.MP4")
        os.utime(old, (1_500_000_000, 1_500_000_000))
        self.fill({"DCIM/100GOPRO/GX020123.MP4": b"after a reset, the rest"})
        os.utime(self.camera / "DCIM/100GOPRO/GX020123.MP4", (1_500_000_600, 1_500_000_600))
        self.complete(state)
        by_sha = {item["sha256"]: item for item in self.recordings()}
        self.assertEqual(by_sha[sha256(b"after a reset, the rest")]["group"], by_sha[sha256(b"after a reset")]["id"])

    def test_a_part_whose_first_file_is_refused_goes_by_itself(self):
        state = self.dock()
        self.fill(gopro("GX010123.MP4", "GX020123.MP4"))
        refused = []

        def refuse_first(status, headers, body):
            metadata = self.relay.creations[-1]["Upload-Metadata"]
            if not refused or refused[0] == metadata:
                refused[:] = [metadata]
                return 415, {}, json.dumps({"detail": "not this one"}).encode()
            return status, headers, body

        self.relay.lies[("POST", "/api/v1/uploads", "")] = refuse_first
        done = self.offload(state, "--parallel", 1)
        self.assertNotEqual(done.returncode, 0)
        self.relay.lies.clear()
        self.complete(state)
        self.assertEqual(len(self.recordings()), 3)

    def test_times_in_names(self):
        state = self.dock()
        files = {"Record/20221202_184119_NF.mp4": b"front", "Record/20221202_184119_NR.mp4": b"rear", "Record/20221202_184119_N.gps": b"$GPRMC",
                 "Record/20221106_013000_PF.mp4": b"parked", "Record/20221399_184119_NF.mp4": b"looks alike"}
        self.fill(files)
        zoneless = self.home / "zoneless"
        self.fill({name: data + b"!" for name, data in files.items()}, zoneless)
        for name in files:
            os.utime(zoneless / name, (1_670_000_000, 1_670_000_000))
        self.complete(state, "--zone", "America/New_York")
        found = self.by_name()
        self.assertEqual(found["20221202_184119_NF.mp4"]["recorded_at"], "2022-12-02T23:41:19.00Z")
        self.assertEqual(found["20221202_184119_NF.mp4"]["metadata"]["camera_time"], "2022-12-02T18:41:19")
        self.assertEqual(found["20221202_184119_NF.mp4"]["metadata"]["camera_zone"], "America/New_York")
        self.assertEqual(found["20221106_013000_PF.mp4"]["metadata"]["camera_time_note"], "comes twice: the first is taken")
        self.assertEqual(found["20221202_184119_N.gps"]["group"], found["20221202_184119_NF.mp4"]["id"])
        self.assertIsNone(found["20221202_184119_NR.mp4"]["group"])
        self.assertNotIn("camera_profile", found["20221399_184119_NF.mp4"]["metadata"])
        # Where nobody says which zone, the name is kept as it is and the file's time stands.
        self.assertEqual(self.offload(state, camera=zoneless).returncode, 0)
        unzoned = next(i for i in self.recordings() if i["sha256"] == sha256(b"front!"))
        self.assertEqual((unzoned["recorded_at"], unzoned["metadata"]["camera_zone"]), ("2022-12-02T16:53:20.00Z", "unknown"))

    def test_lines_that_are_none(self):
        state = self.dock()
        for extra in (["--zone", "Mars/Olympus"], ["--camera", self.home, "--device", "X1"], ["--cameras", self.home, "--device", "X1"]):
            done = self.offload(state, *extra)
            self.assertEqual(done.returncode, 2, (extra, done.stderr))
        self.assertEqual(run(BIN / "lapel-dock", "run", "--state", state, check=False).returncode, 2)

    def test_profiles_that_cannot_be_read_hold_up_nothing(self):
        state = self.dock()
        profiles = self.home / "profiles"
        profiles.mkdir()
        (profiles / "bad.json").write_text("{")
        self.fill(gopro("GX010123.MP4"))
        done = self.offload(state, "--profiles", profiles)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("bad.json", done.stderr)
        self.assertEqual(len(self.recordings()), 2)


class SeveralAtOnce(CardCase):
    def test_each_by_itself(self):
        state = self.dock()
        cameras = [self.home / name for name in ("left", "middle", "right")]
        for number, camera in enumerate(cameras[:2]):
            self.fill({f"{i}.mp4": random.randbytes(50_000) for i in range(5)}, camera)
            (camera / "lapel-camera.json").write_text(json.dumps({"serial": f"X{number}"}))
        done = self.offload(state, "--camera", cameras[1], "--camera", cameras[2], camera=cameras[0])
        # One that is not there is told, and stops no other.
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(sorted((r["device"] for r in self.recordings())), ["X0"] * 5 + ["X1"] * 5)
        self.assertEqual({e["bay"] for e in done.events if e["event"] == "receipted"}, {"left", "middle"})

    def test_they_share_one_spool(self):
        state = self.dock()
        cameras = [self.home / f"camera {i}" for i in range(3)]
        for camera in cameras:
            self.fill({f"{i}.mp4": random.randbytes(100_000) for i in range(4)}, camera)
        done = self.offload(state, "--spool-max", 250_000, "--camera", cameras[1], "--camera", cameras[2], camera=cameras[0])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(len(self.recordings()), 12)

    def test_cards_that_come_and_go(self):
        state = self.dock()
        cards = self.home / "cards"
        dock = self.watch(state, "--cameras", cards)
        self.fill(gopro("GX010123.MP4"), cards / "sdb1")
        said = self.until(dock, lambda e: e["event"] == "receipted" and e["path"].endswith(".MP4"))
        self.assertEqual({e["bay"] for e in said if e["event"] == "copied"}, {"sdb1"})
        shutil.rmtree(cards / "sdb1")
        self.fill({"a.mp4": b"another"}, cards / "sdc1")
        self.assertEqual(self.until(dock, lambda e: e["event"] == "receipted" and e["path"] == "a.mp4")[-1]["bay"], "sdc1")
        # The same place again, another card.
        self.fill(gopro("GX010124.MP4"), cards / "sdb1")
        self.until(dock, lambda e: e["event"] == "receipted" and "GX010124" in e["path"])
        item, = until(lambda: self.get("/api/v1/docks", self.coordinator)["items"],  # told to the server as it changes
                      lambda items: items[0]["state"] and {(b["name"], b["state"]) for b in items[0]["state"]["bays"]} == {("sdb1", "safe"), ("sdc1", "safe")})
        self.assertEqual((item["name"], item["offline"], item["state"]["files_waiting"]), ("east door", False, 0))
        self.assertEqual({b["serial"] for b in item["state"]["bays"]}, {SERIAL, None})
        self.assertEqual(self.town.request("GET", "/api/v1/docks", self.clerk).status, 403)
        self.end(dock)
        self.problems()

    def copy_under_way(self, dock, state):
        """Stops the dock when it has begun to write a copy of the large file, and holds it open."""
        self.addCleanup(dock.kill)  # who stands still would never be gone
        def is_begun():
            for path in (state / "spool").glob("*.chunks"):
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_size > 8_000_000:
                        dock.send_signal(signal.SIGSTOP)
                        self.assertFalse(path.with_suffix(".json").exists(), "the copy was whole already")
                        return True
            return False
        until(is_begun)

    def test_a_camera_pulled_in_the_middle_of_a_copy(self):
        state = self.dock()
        cards, kept = self.home / "cards", self.home / "kept"
        large = os.urandom(1 << 20) * 400
        self.fill({"b.mp4": b"small"}, cards / "other")
        self.fill({"a.mp4": large}, cards / "pulled")
        dock = self.watch(state, "--cameras", cards)
        self.copy_under_way(dock, state)
        # What a driver does to a device that is gone: the bytes end, and then there is no folder.
        os.truncate(cards / "pulled" / "a.mp4", 1)
        os.rename(cards / "pulled", kept)
        dock.send_signal(signal.SIGCONT)
        said = self.until(dock, lambda e: e["event"] == "taken_away")
        self.assertEqual((said[-1]["bay"], said[-1]["files"]), ("pulled", 1))
        self.assertTrue(any(e["event"] == "unread" and e["bay"] == "pulled" for e in said))
        self.assertFalse(any(e["event"] == "copied" and e["bay"] == "pulled" for e in said))
        self.assertEqual([p.name for p in (state / "spool").glob("*.chunks")], [])
        # Put back, it is copied whole; the other one never noticed.
        self.fill({"a.mp4": large}, cards / "pulled")
        self.until(dock, lambda e: e["event"] == "receipted" and e["path"] == "a.mp4")
        self.end(dock)
        self.assertEqual(sorted(r["sha256"] for r in self.recordings()), sorted([sha256(large), sha256(b"small")]))
        self.problems()

    def test_once_does_not_end_well_for_a_camera_that_went_away(self):
        state = self.dock()
        large = os.urandom(1 << 20) * 400
        self.fill({"a.mp4": large})
        dock = subprocess.Popen(self.arguments(state), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.copy_under_way(dock, state)
        os.truncate(self.camera / "a.mp4", 1)
        os.unlink(self.camera / "a.mp4")
        dock.send_signal(signal.SIGCONT)
        _, words = dock.communicate()
        self.assertEqual(dock.returncode, 1, words)
        self.assertIn("taken away before 1 files were copied", words)
        self.assertEqual(self.recordings(), [])


class SealedToTheAgency(CardCase):
    def spooled(self, state, files):
        self.town.kill()
        self.fill(files)
        self.assertEqual(self.offload(state).returncode, 7)
        self.town.start()
        return [json.loads(p.read_text()) for p in (state / "spool").glob("*.json")]

    def ask(self, state, file, wrapped):
        """As the dock of this state would: with a token of its own."""
        taken = []
        self.relay.lies[("POST", "/api/v1/docks/token", "")] = lambda s, h, b: (taken.append(json.loads(b)), (s, h, b))[1]
        self.fill({f"ask {len(self.relay.seen)}.mp4": os.urandom(8)})
        self.offload(state)
        del self.relay.lies[("POST", "/api/v1/docks/token", "")]
        token = taken[-1]["token"] if taken and "token" in taken[-1] else None
        return self.town.request("POST", "/api/v1/docks/unwrap", token, {"Content-Type": "application/json"},
                                 json.dumps({"file": file, "wrapped": wrapped}))

    def test_a_later_run_asks_the_server(self):
        state = self.dock()
        item, = self.spooled(state, {"a.mp4": b"what was said in the kitchen" * 1000})
        self.assertEqual(item["format"], "lapel-dock-item/2")
        # Nothing on the dock's disk opens it: no file there holds a key of it.
        self.assertEqual(sorted(p.name for p in state.iterdir()), ["agency_key.tlog-proof", "dock.json", "lock", "receipts", "signing_key", "spool"])
        self.complete(state)
        self.assertEqual(len(self.recordings()), 1)
        dock = json.loads((state / "dock.json").read_text())["dock"]
        with contextlib.closing(sqlite3.connect(self.town.data / "catalog.db")) as db:
            events = db.execute("SELECT event FROM ledger_events WHERE subject = ? AND type = 'dock.copy_opened'", (dock,)).fetchall()
        self.assertEqual([json.loads(event)["file"] for event, in events], [item["file"]])
        self.problems()

    def test_nobody_else_gets_the_key(self):
        state, other = self.dock(), self.dock("west door")
        item, = self.spooled(state, {"a.mp4": b"a"})
        own = self.ask(state, item["file"], item["key"])
        self.assertEqual(own.status, 200)
        self.assertEqual(len(bytes.fromhex(own.json()["key"])), 32)
        self.assertEqual(self.ask(other, item["file"], item["key"]).status, 400)
        self.assertEqual(self.ask(state, "00" * 16, item["key"]).status, 400)
        for wrong in ("", "00", "00" * 92, item["key"][:-2] + "00", "zz", item["key"] * 100):
            self.assertIn(self.ask(state, item["file"], wrong).status, (400, 413), wrong[:10])
        for token in (None, "lapeldock_00"):
            self.assertEqual(self.town.request("POST", "/api/v1/docks/unwrap", token, {"Content-Type": "application/json"},
                                               json.dumps({"file": item["file"], "wrapped": item["key"]})).status, 401)
        self.assertEqual(self.town.request("POST", "/api/v1/docks/unwrap", self.clerk, {"Content-Type": "application/json"},
                                           json.dumps({"file": item["file"], "wrapped": item["key"]})).status, 403)

    def test_a_revoked_dock_gets_nothing(self):
        state = self.dock()
        self.spooled(state, {"a.mp4": b"the only words " * 100})
        self.revoke("east door")
        done = self.offload(state)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(self.recordings(), [])
        self.assertEqual(self.on_camera(), {b"a.mp4"})

    def test_copies_of_the_first_format_go_on(self):
        # A dock of before: its own key on its own disk, and a server that has no such page.
        state = self.dock()
        (state / "agency_key.tlog-proof").unlink()
        self.relay.lies[("POST", "/api/v1/docks/spool-key", "")] = lambda *unused: (404, {}, b"{}")
        self.town.kill()
        self.fill({"a.mp4": b"of before" * 1000})
        self.assertEqual(self.offload(state).returncode, 7)
        sidecar, = (state / "spool").glob("*.json")
        item = json.loads(sidecar.read_text())
        self.assertNotIn("key", item)
        sidecar.write_text(json.dumps(item | {"format": "lapel-dock-item/1"}))
        self.assertTrue((state / "spool_key").exists())
        self.town.start()
        self.relay.lies.clear()
        self.complete(state)
        self.assertEqual([r["sha256"] for r in self.recordings()], [sha256(b"of before" * 1000)])
        # It has learned the agency's key meanwhile: the next copy is sealed to that.
        self.assertTrue((state / "agency_key.tlog-proof").exists())
        item, = self.spooled(state, {"b.mp4": b"b"})
        self.assertIn("key", item)

    def test_a_key_that_the_ledger_does_not_vouch_for(self):
        state = self.dock()
        receipt = state / "agency_key.tlog-proof"
        good = receipt.read_bytes()
        receipt.write_bytes(good.replace(b"index ", b"index 1"))
        done = self.offload(state)
        self.assertEqual(done.returncode, 6, done.stderr)
        # A true receipt of something else tells no key.
        receipt.write_bytes(self.town.receipt(self.town.upload(self.clerk, b"x")["recording"], self.clerk))
        self.assertEqual(self.offload(state).returncode, 6)
        receipt.write_bytes(good)
        self.assertEqual(self.offload(state).returncode, 0)


class Records(CardCase):
    def test_numbers_that_are_missing_and_that_come_late(self):
        state = self.dock()
        self.fill(gopro("GX010120.MP4", "GX010123.MP4", "GX020123.MP4", "GX010125.MP4"))
        for minute, number in enumerate(("010120", "010123", "020123", "010125")):
            os.utime(self.camera / f"DCIM/100GOPRO/GX{number}.MP4", (1_670_000_000 + minute * 60,) * 2)
        self.complete(state)
        record = self.record(lambda r: len(r["gaps"]) == 2)
        self.assertEqual([(g["numbers"], g["closed_at"]) for g in reversed(record["gaps"])], [([121, 122], None), ([124], None)])
        found = self.by_name()
        told = self.get(f"/api/v1/recordings/{found['GX010123.MP4']['id']}/camera")
        self.assertEqual([g["numbers"] for g in told["missing_before"]], [[121, 122]])
        self.assertEqual([g["numbers"] for g in told["missing_after"]], [[124]])
        # A file that comes late closes a part of it.
        self.fill({"DCIM/100GOPRO/GX010122.MP4": b"late"})
        os.utime(self.camera / "DCIM/100GOPRO/GX010122.MP4", (1_670_000_030,) * 2)
        self.complete(state)
        record = self.record(lambda r: len(r["gaps"]) == 3)
        self.assertEqual([g["numbers"] for g in record["gaps"] if not g["closed_at"]], [[121], [124]])
        self.assertEqual([g["numbers"] for g in record["gaps"] if g["closed_at"]], [[121, 122]])
        self.assertEqual(self.town.request("GET", f"/api/v1/devices/{SERIAL}/record", self.clerk).status, 403)
        self.assertEqual(self.town.request("GET", "/api/v1/devices/nobody/record", self.coordinator).status, 404)
        self.problems()

    def test_a_clock_that_is_ahead(self):
        state = self.dock()
        self.fill(gopro("GX010120.MP4"))
        ahead = int(pathlib.Path(self.camera).stat().st_mtime) + 86_400
        os.utime(self.camera / "DCIM/100GOPRO/GX010120.MP4", (ahead, ahead))
        self.complete(state)
        record = self.record(lambda r: r["clock"])
        measured, = record["clock"]
        self.assertEqual((measured["method"], measured["way"], measured["at_least"]), ("future", "fast", True))
        self.assertGreater(measured["offset_ms"], 86_000_000)
        item = self.by_name()["GX010120.MP4"]
        self.assertGreater(item["recorded_at"], item["received_at"])  # what the camera said stays
        self.assertEqual(self.get(f"/api/v1/recordings/{item['id']}/camera")["clock"][0]["method"], "future")
        self.problems()

    def test_a_clock_against_satellites_and_films_that_overlap(self):
        state = self.dock()
        drive = (ROOT / "test/data/telemetry/mapillary+mapillary_tools/camm6.mp4").read_bytes()
        karma = (ROOT / "test/data/telemetry/gopro+gpmf-parser/samples/karma_small.mp4").read_bytes()
        # The same twelve seconds under two numbers: no camera records two films at once through one lens.
        self.fill({**gopro(), "DCIM/100GOPRO/GX010200.MP4": karma, "DCIM/100GOPRO/GX010201.MP4": drive, "DCIM/100GOPRO/GX010202.MP4": drive + b"\0\0\0\x08free"})
        self.complete(state)
        record = self.record(lambda r: len(r["clock"]) == 3)
        found = self.by_name()
        measured = {each["recording"]: each for each in record["clock"]}
        one = measured[found["GX010201.MP4"]["id"]]
        self.assertEqual((one["method"], one["at_least"], one["uncertainty_ms"]), ("satellites", False, 1000))
        said, truth = (datetime.datetime.fromisoformat(one[key].replace("Z", "+00:00")) for key in ("camera_said", "true_time"))
        self.assertEqual(said.timestamp(), 1741935600)  # as the header has it
        off = (said - truth).total_seconds()
        self.assertAlmostEqual(one["offset_ms"] / 1000, abs(off), places=2)
        self.assertEqual(one["way"], "slow" if off < 0 else "fast")
        for item in found.values():
            until(lambda: self.get(f"/api/v1/recordings/{item['id']}")["media"]["state"], lambda state: state in ("done", "failed"))
        # The next card that is read to its end has the camera judged.
        self.fill({"DCIM/100GOPRO/GX010203.MP4": b"no film"})
        self.complete(state)
        overlap, = self.record(lambda r: r["overlaps"])["overlaps"]
        self.assertEqual((overlap["kind"], {overlap["recording"], overlap["other"]}), ("time", {found["GX010201.MP4"]["id"], found["GX010202.MP4"]["id"]}))
        self.assertGreater(overlap["shared_ms"], 11_000)
        told = self.get(f"/api/v1/recordings/{found['GX010201.MP4']['id']}/camera")
        self.assertEqual([each["other"] for each in told["overlaps"]], [found["GX010202.MP4"]["id"]])
        self.problems()


class Units(unittest.TestCase):
    """The files of a dock PC, where this machine can read them."""

    # A dock PC has systemd; a container that runs tests may have none, and the product is not built with it.
    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd here to read its units")
    def test_units_are_ones(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("lapel-dock.service", "lapel-dock-card@.service"):
                text = (ROOT / "share/dock" / name).read_text().replace("/usr/bin/lapel-dock", str(BIN / "lapel-dock"))
                pathlib.Path(folder, name).write_text(text)
            done = run("systemd-analyze", "verify", "--man=no", *sorted(pathlib.Path(folder).iterdir()), check=False)
            self.assertEqual((done.returncode, [line for line in done.stderr.splitlines() if folder in line]), (0, []), done.stderr)


del DockCase

if __name__ == "__main__":
    unittest.main()
