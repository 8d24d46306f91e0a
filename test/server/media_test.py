# SPDX-License-Identifier: Apache-2.0
"""Every recording is looked at by the sandboxed worker: whatever the file, whenever the server dies, and not without a sandbox."""
import csv
import json
import os
import shutil
import stat
import struct
import unittest
from xml.etree import ElementTree

from harness import BIN, ROOT, Town, run, sha256, until

DATA = ROOT / "test/data"
TELEMETRY = DATA / "telemetry"
ACROSS = {"0": False, "180": False, "90": True, "270": True, "-": False}


def expected():
    """Path below test/data and what another reader found there."""
    with open(DATA / "media_expected.tsv", newline="") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def jpeg_size(data):
    """Width and height by the frame header."""
    assert data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9", data[:16]
    at = 2
    while True:
        marker, length = struct.unpack(">xBH", data[at:at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length


class Room:
    """What tests of this room need beside a town."""

    def __init__(self, town):
        self.town = town
        self.clerk = town.add_user("clerk", "records")

    def upload(self, data, **values):
        state = self.town.upload(self.clerk, data, **values)
        assert state["state"] == "sealed", state
        return state["recording"]

    def show(self, recording, token=None):
        answer = self.town.request("GET", f"/api/v1/recordings/{recording}", token or self.clerk)
        assert answer.status == 200, answer.body
        return answer.json()

    def wait(self, recording, *states):
        """Asks until the job has come to rest. The bound is there for a server that never gets on."""
        return until(lambda: self.show(recording), lambda shown: shown["media"]["state"] in states)

    def view(self, recording, **fields):
        answer = self.town.request("POST", f"/api/v1/recordings/{recording}/views", self.clerk, body=json.dumps({"purpose": "review", **fields}))
        assert answer.status == 201, answer.body
        return answer.json()["view"]

    def picture(self, recording, kind, token=None, view=None):
        return self.town.request("GET", f"/api/v1/recordings/{recording}/{kind}" + (f"?view={view}" if view else ""), token or self.clerk)

    def derived(self, recording):
        items = self.town.request("GET", f"/api/v1/recordings/{recording}/custody", self.clerk).json()["items"]
        return [item["event"] for item in items if item["type"] == "recording.derived"]

    def object(self, recording):
        return next((self.town.data / "objects").glob(f"*/{recording[:2]}/{recording}"))

    def ready(self):
        return self.town.request("GET", "/readyz")


class Media(unittest.TestCase):
    def test_every_file_is_sealed_as_it_is_and_told_of_in_words(self):
        rows = expected()
        self.assertGreater(len(rows), 50)
        with Town() as town:
            room = Room(town)
            town.start()
            self.assertEqual(room.ready().json()["media"], "ok")
            sent = []
            for row in rows:
                data = (DATA / row["path"]).read_bytes()
                sent.append((row, data, room.upload(data, filename=os.path.basename(row["path"]))))
            location = town.create(room.clerk, 0).headers["Location"]
            empty = town.wait_state(location, room.clerk)["recording"]
            for row, data, recording in sent:
                with self.subTest(row["path"]):
                    self.check_one(room, room.wait(recording, "done", "failed"), row, data)
            self.assertEqual(room.wait(empty, "done", "failed")["media"]["verdict"], "not_media")
            listed = town.request("GET", "/api/v1/recordings?limit=200", room.clerk).json()["items"]
            self.assertEqual({item["id"]: item["media"]["verdict"] for item in listed},
                             {**{recording: row["verdict"] for row, _, recording in sent}, empty: "not_media"})
            self.assertEqual(list((town.data / "media").iterdir()), [])
            self.assertEqual(town.stop(), 0)
            self.assertEqual(town.check_ledger(), (0, []))

    def check_one(self, room, shown, row, data):
        media = shown["media"]
        self.assertEqual((shown["state"], shown["sha256"], media["state"], media["verdict"]),
                         ("sealed", sha256(data), "done", row["verdict"]))
        self.assertTrue(media["sentence"].endswith("."), media["sentence"])
        if row["duration_ms"] not in ("-", "0"):
            self.assertAlmostEqual(shown["duration_ms"], int(row["duration_ms"]), delta=2)
        if row["video"] != "-":
            size = (int(row["width"]), int(row["height"]))
            self.assertEqual((shown["width"], shown["height"]), size[::-1] if ACROSS[row["rotation"]] else size)
            self.assertEqual((shown["video_codec"], media["frames"]), (row["video"], int(row["frames"])))
        if row["audio"] != "-":
            self.assertEqual(shown["audio_codec"], row["audio"])

        # The original is what was sent, for reading only, and nothing else was made of it than the events say.
        stored = room.object(shown["id"])
        self.assertEqual(stored.read_bytes(), data)
        self.assertEqual(stat.S_IMODE(stored.stat().st_mode), 0o440)
        events = room.derived(shown["id"])
        kinds = [event["kind"] for event in events]
        has_pictures = row["video"] != "-" and row["verdict"] in ("whole", "damaged")
        self.assertEqual(kinds, ["probe", "poster", "filmstrip"] if has_pictures else ["probe"])
        for event in events:
            self.assertEqual((event["parent"], event["tool"]), (sha256(data), "lapel-media"))
            self.assertRegex(event["version"], "^sha256:[0-9a-f]{64}$")
            self.assertEqual(json.loads(event["arguments"])["job"], event["kind"])
        poster = room.picture(shown["id"], "poster")
        if not has_pictures:
            self.assertEqual(poster.status, 404)
            return
        self.assertEqual((poster.status, poster.headers["Content-Type"]), (200, "image/jpeg"))
        self.assertEqual(sha256(poster.body), events[1]["sha256"])
        width, height = jpeg_size(poster.body)
        self.assertLessEqual(max(width, height), 320)
        self.assertEqual(width < height, shown["width"] < shown["height"])

    def test_pictures_are_shown_to_whom_they_may(self):
        data = (DATA / "video/androidx+media/libraries/test_data/src/test/assets/media/mp4/sample_portrait.mp4").read_bytes()
        with Town() as town:
            room = Room(town)
            officer = town.add_user("officer", "officer", badge="4711")
            other = town.add_user("other", "officer", badge="4712")
            chief = town.token("chief")
            lister = town.token("clerk", "list")
            shower = town.token("clerk", "show")
            town.start()
            one = room.upload(data, wearer="4711")
            two = room.upload(data)
            for recording in (one, two):
                self.assertEqual(room.wait(recording, "done", "failed")["media"]["state"], "done")

            self.assertEqual([room.picture(one, "poster", token).status for token in (room.clerk, officer, other, chief, lister, shower)],
                             [200, 200, 404, 404, 200, 403])
            self.assertEqual(room.picture(two, "poster", officer).status, 404)
            self.assertEqual(town.request("GET", f"/api/v1/recordings/{one}/poster").status, 401)
            self.assertEqual(room.picture("0" * 32, "poster").status, 404)
            self.assertEqual(room.picture("x", "poster").status, 404)
            poster = room.picture(one, "poster")
            self.assertEqual(poster.headers["Cache-Control"], "private, no-store")
            self.assertIn("sandbox", poster.headers["Content-Security-Policy"])

            # A filmstrip is footage: under a view of this recording, opened by whoever asks.
            view, view_of_two = room.view(one), room.view(two)
            strip = room.picture(one, "filmstrip", view=view)
            self.assertEqual((strip.status, strip.headers["Content-Type"]), (200, "image/jpeg"))
            self.assertGreater(jpeg_size(strip.body)[0], 10 * 40)
            self.assertEqual(room.picture(one, "filmstrip").status, 400)
            for wrong in (view_of_two, "0" * 32, "x"):
                self.assertEqual(room.picture(one, "filmstrip", view=wrong).status, 404)
            self.assertEqual(room.picture(one, "filmstrip", officer, view).status, 404)

            # Inside a home: nothing in any list, whoever asks.
            room.view(one, inside_home=True)
            self.assertEqual([room.picture(one, "poster", token).status for token in (room.clerk, officer)], [403, 403])
            self.assertEqual(room.picture(one, "filmstrip", view=view).status, 200)

            # What is not what was stored is not shown.
            for path in (town.data / "derived").rglob("poster-*"):
                path.chmod(0o640)
                path.write_bytes(path.read_bytes()[:-1] + b"?")
            damaged = room.picture(two, "poster")
            self.assertEqual((damaged.status, damaged.json()["type"]), (500, "/problems/object-damaged"))
            self.assertNotIn(str(town.data).encode(), damaged.body)

    def test_where_a_camera_was_is_told_under_a_view(self):
        drive = (TELEMETRY / "mapillary+mapillary_tools/camm6.mp4").read_bytes()
        trail = (TELEMETRY / "AxisCommunications+body-worn-integration-api/README-excerpts/gnss_trail.json").read_bytes()
        walk = (TELEMETRY / "tkrajina+gpxpy/test_files/cerknicko-jezero.gpx").read_bytes()
        with Town() as town:
            room = Room(town)
            other = town.add_user("other", "officer", badge="4712")
            shower = town.token("clerk", "show")
            town.start()
            sent = {name: room.upload(data, filename=name) for name, data in (
                ("drive.mp4", drive), ("trail.json", trail), ("walk.gpx", walk[:len(walk) // 2]), ("words.srt", b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"))}
            shown = {name: room.wait(recording, "done", "failed") for name, recording in sent.items()}
            self.assertEqual({name: one["media"]["verdict"] for name, one in shown.items()},
                             {"drive.mp4": "whole", "trail.json": "whole", "walk.gpx": "damaged", "words.srt": "not_media"})
            self.assertEqual(shown["trail.json"]["media"]["sentence"], "The file says where a camera was; it has neither picture nor sound.")
            self.assertEqual({name: [event["kind"] for event in room.derived(recording)] for name, recording in sent.items()},
                             {"drive.mp4": ["probe", "poster", "filmstrip", "track"], "trail.json": ["probe", "track"], "walk.gpx": ["probe", "track"],
                              "words.srt": ["probe"]})

            # What is kept is what the ledger says of it, and what is given is made of that.
            drive = sent["drive.mp4"]
            kept = next((town.data / "derived").rglob(f"{drive}/track-1"))
            self.assertEqual(sha256(kept.read_bytes()), room.derived(drive)[3]["sha256"])
            view = room.view(drive)
            track = room.picture(drive, "track", view=view)
            self.assertEqual((track.status, track.headers["Cache-Control"]), (200, "private, no-store"))
            track = track.json()
            self.assertEqual((track["source"], track["without_fix"], len(track["points"])), ("camm", 1, 5))
            self.assertEqual({**track["points"][0], "course_deg": None},
                             {"latitude": 37.793585, "longitude": -122.461396, "at_ms": 500, "time": "2025-03-14T07:00:00.000Z", "altitude_m": 94.75,
                              "speed_m_s": 5, "course_deg": None, "accuracy_m": 2.5, "dop": None})
            line = room.picture(drive, "track", view=f"{view}&format=geojson")
            self.assertEqual(line.headers["Content-Type"], "application/geo+json")
            self.assertEqual(line.json()["geometry"]["coordinates"][0], [-122.461396, 37.793585, 94.75])
            gpx = room.picture(drive, "track", view=f"{view}&format=gpx")
            self.assertEqual(gpx.headers["Content-Type"], "application/gpx+xml")
            points = list(ElementTree.fromstring(gpx.body).iter("{http://www.topografix.com/GPX/1/1}trkpt"))
            self.assertEqual([(float(point.get("lat")), float(point.get("lon"))) for point in points],
                             [(point["latitude"], point["longitude"]) for point in track["points"]])
            half = room.picture(sent["walk.gpx"], "track", view=room.view(sent["walk.gpx"])).json()
            self.assertEqual(half["remarks"], ["breaks_off"])
            self.assertIn("breaks off", half["sentence"])

            # It is as much as the picture: nobody has it without a view of their own, of this recording.
            self.assertEqual(room.picture(drive, "track").status, 400)
            self.assertEqual(room.picture(drive, "track", view=f"{view}&format=kml").status, 400)
            for wrong in (room.view(sent["trail.json"]), "0" * 32, "x"):
                self.assertEqual(room.picture(drive, "track", view=wrong).status, 404)
            self.assertEqual(room.picture(drive, "track", other, view).status, 404)
            self.assertEqual(room.picture(drive, "track", shower, view).status, 403)
            self.assertEqual(room.picture(sent["words.srt"], "track", view=room.view(sent["words.srt"])).status, 204)
            kept.chmod(0o640)
            kept.write_bytes(kept.read_bytes().replace(b"37.793585", b"37.793586"))
            damaged = room.picture(drive, "track", view=view)
            self.assertEqual((damaged.status, damaged.json()["type"]), (500, "/problems/object-damaged"))
            self.assertEqual(town.stop(), 0)

    def test_a_server_killed_at_work_does_every_job_exactly_once(self):
        clips = [DATA / "video" / name for name in (
            "androidx+media/libraries/test_data/src/test/assets/media/mp4/sample_portrait.mp4",
            "pytorch+torchcodec/test/resources/nasa_13013.mp4",
            "sannies+mp4parser/examples/src/main/resources/count-video.mp4")]
        with Town() as town:
            room = Room(town)
            town.start()
            sent = [(room.upload(clips[i % len(clips)].read_bytes()), clips[i % len(clips)]) for i in range(12)]
            for _ in range(3):
                # Killed as soon as one more is done, so with others at work or waiting.
                done = sum(room.show(recording)["media"]["state"] == "done" for recording, _ in sent)
                until(lambda: sum(room.show(recording)["media"]["state"] == "done" for recording, _ in sent), lambda now: now > done or now == len(sent))
                town.kill()
                town.start()
            for recording, clip in sent:
                shown = room.wait(recording, "done", "failed")
                self.assertEqual((shown["media"]["state"], shown["media"]["verdict"]), ("done", "whole"))
                self.assertEqual(shown["sha256"], sha256(clip.read_bytes()))
                self.assertEqual([event["kind"] for event in room.derived(recording)], ["probe", "poster", "filmstrip"])
                self.assertEqual(room.picture(recording, "poster").status, 200)
            self.assertEqual(list((town.data / "media").iterdir()), [])
            self.assertEqual(town.stop(), 0)
            self.assertEqual(town.check_ledger(), (0, []))

    def test_without_its_worker_the_server_serves_and_says_so(self):
        data = (DATA / "video/pytorch+torchcodec/test/resources/h265_video.mp4").read_bytes()
        with Town() as town:
            room = Room(town)
            for program, words in ((town.home / "absent", "no media worker"), (shutil.which("true"), "no sandbox"), ("/dev/null", "no sandbox")):
                with self.subTest(program):
                    town.start("--media-worker", str(program))
                    ready = room.ready()
                    self.assertEqual((ready.status, ready.json()["ready"]), (200, True))
                    self.assertTrue(ready.json()["media"].startswith(f"blocked: {words}"), ready.json())
                    self.assertEqual([reason.split(":")[0] for reason in ready.json()["reasons"]], ["media"])
                    recording = room.upload(data)
                    media = room.wait(recording, "blocked")["media"]
                    jobs = json.loads(run(BIN / "lapel", "job", "list", "--data", town.data, "--state", "blocked",
                                          "--json").stdout)["items"]
                    job = next(job for job in jobs if job["subject"] == recording)
                    self.assertEqual(job["reason"], media["sentence"])
                    # Only what was given up is tried again by hand.
                    again = run(BIN / "lapel", "job", "retry", "--data", town.data, job["id"], check=False)
                    self.assertEqual(again.returncode, 5, again.stderr)
                    self.assertIsNone(media["verdict"])
                    self.assertTrue(media["sentence"].startswith(words), media)
                    self.assertEqual(room.picture(recording, "poster").status, 404)
                    self.assertEqual(room.derived(recording), [])
                    self.assertEqual(town.stop(), 0)
            # What waited is begun by the next server that has one.
            town.start()
            for item in town.request("GET", "/api/v1/recordings", room.clerk).json()["items"]:
                self.assertEqual(room.wait(item["id"], "done", "failed")["media"]["verdict"], "whole")

    def test_a_worker_is_never_found_by_path(self):
        """Beside the program that runs, and nowhere else."""
        with Town() as town:
            room = Room(town)
            alone = town.home / "alone"
            alone.mkdir()
            shutil.copy(BIN / "lapel", alone / "lapel")
            town.wrapper = ["env", f"PATH={BIN}:{os.environ['PATH']}", "sh", "-c", f'shift; exec {alone}/lapel "$@"', "sh"]
            town.start()
            self.assertTrue(room.ready().json()["media"].startswith("blocked: no media worker"))

    def test_a_server_stops_while_workers_are_at_work(self):
        data = (DATA / "video/sannies+mp4parser/examples/src/main/resources/count-video.mp4").read_bytes()
        with Town() as town:
            room = Room(town)
            town.start()
            recordings = [room.upload(data) for _ in range(6)]
            until(lambda: any(room.show(recording)["media"]["state"] != "waiting" for recording in recordings))
            self.assertEqual(town.stop(), 0)
            town.start()
            for recording in recordings:
                self.assertEqual(room.wait(recording, "done", "failed")["media"]["verdict"], "whole")
                self.assertEqual(len(room.derived(recording)), 3)


if __name__ == "__main__":
    unittest.main()
