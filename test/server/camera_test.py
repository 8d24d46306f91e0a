# SPDX-License-Identifier: Apache-2.0
"""lapel-camera from the outside: what it records plays, what it signs verifies for two readers, and nothing that was changed does."""
import functools
import hashlib
import json
import operator
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

import camera_footage
from harness import BIN, Town, run, until
from moved_clock import MovedClock

SMALL = ["--size", "320x180", "--bitrate", "300"]


def frames(path, stream):
    """The times of the packets of a stream, in seconds."""
    done = run("ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time,flags", "-of", "json", path)
    return json.loads(done.stdout)["packets"]


def times(path, stream):
    return [float(packet["pts_time"]) for packet in frames(path, stream)]


def decodes(path):
    """What a player complains of."""
    return run("ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-", check=False).stderr


def silences(path):
    done = run("ffmpeg", "-i", path, "-vn", "-af", "silencedetect=n=-60dB:d=0.3", "-f", "null", "-")
    words = [line.split() for line in done.stderr.splitlines() if "silence_" in line]
    starts = [float(line[line.index("silence_start:") + 1]) for line in words if "silence_start:" in line]
    ends = [float(line[line.index("silence_end:") + 1]) for line in words if "silence_end:" in line]
    return list(zip(starts, ends))


def sentence(body):
    """Of NMEA, with its check sum."""
    return f"${body}*{functools.reduce(operator.xor, body.encode()):02X}\r\n"


class Camera:
    """A camera's directory and its card."""

    def __init__(self, serial="BC-7"):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="lapel-camera-"))
        self.state, self.card = self.home / "state", self.home / "card"
        self.key = run(BIN / "lapel-camera", "init", "--state", self.state, "--serial", serial).stdout.strip()

    def arguments(self, *extra):
        return [str(a) for a in (BIN / "lapel-camera", "record", "--state", self.state, "--out", self.card, *extra)]

    def record(self, script=None, *extra, check=True, video=None):
        given = []
        if script:
            (self.home / "script").write_text(script)
            given = ["--script", self.home / "script"]
        return run(*self.arguments("--speed", "fast", *(video or SMALL), *given, *extra), check=check, stdin=subprocess.DEVNULL)

    def start(self, *extra):
        return subprocess.Popen(self.arguments(*SMALL, *extra), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def tell(self, *words, check=True):
        return run(BIN / "lapel-camera", words[0], "--state", self.state, *words[1:], check=check)

    def status(self):
        done = self.tell("status", check=False)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    @property
    def footage(self):
        return sorted(self.card.glob("*.mp4"))

    @property
    def logs(self):
        return sorted(self.card.glob("state-*.log"))

    def entries(self):
        return camera_footage.verify_log([path.read_bytes() for path in self.logs], bytes.fromhex(self.key))

    def events(self):
        return [entry["event"] for entry in self.entries()]

    def verify(self, *paths, key=None):
        done = run(BIN / "lapel-verify", "--camera-key", key or self.key, "--json", *paths, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def words(self, *paths):
        done = run(BIN / "lapel-verify", "--camera-key", self.key, *paths, check=False)
        return done.returncode, done.stdout

    def both_verify(self, path):
        """The statements of a file, of which lapel-verify and the second reader say the same."""
        said, unsigned = camera_footage.verify_footage(path.read_bytes(), bytes.fromhex(self.key))
        code, report = self.verify(path)
        footage = report["footage"][0]
        assert footage["signatures"] == len(said), report
        assert footage["bytes"] - footage["signed_bytes"] == unsigned, report
        assert (code == 0) == (unsigned == 0), report
        return said

    def close(self):
        shutil.rmtree(self.home)


class CameraCase(unittest.TestCase):
    def setUp(self):
        self.camera = Camera()
        self.addCleanup(self.camera.close)


class Recording(CameraCase):
    def test_an_event_with_the_seconds_before_and_after_it(self):
        self.camera.record("10.5 activate\n12 mute\n13 unmute\n15.5 deactivate\n20 stop\n", "--pre-event", "4", "--post-event", "2")
        [path] = self.camera.footage
        self.assertEqual(decodes(path), "")
        pictures, sounds = times(path, "v"), times(path, "a")
        # 4 s before, in whole seconds of footage, so up to one more; 5 s of event; 2 s after.
        pre_event = sounds[0]
        self.assertTrue(4 <= pre_event < 5, pre_event)
        self.assertAlmostEqual(pictures[0], 0)
        self.assertAlmostEqual(pictures[-1], pre_event + 7, delta=0.1)
        self.assertAlmostEqual(sounds[-1], pre_event + 7, delta=0.1)
        [(start, end)] = silences(path)
        self.assertAlmostEqual(start, pre_event + 1.5, delta=0.1)
        self.assertAlmostEqual(end, pre_event + 2.5, delta=0.1)
        said = self.camera.both_verify(path)
        self.assertEqual(said[-1]["end"], "deactivated")
        self.assertEqual([entry["sound"] for entry in said if entry["media_ms"] <= 1000 * pre_event], ["off"] * round(pre_event + 0.4))
        self.assertEqual({entry["sound"] for entry in said}, {"off", "on", "muted"})
        self.assertEqual(self.camera.events(), ["on", "buffering", "recording", "file", "muted", "unmuted", "post_event", "recorded", "off"])
        # Every fragment begins with a key picture.
        keys = [float(packet["pts_time"]) for packet in frames(path, "v") if "K" in packet["flags"]]
        ends = [entry["media_ms"] / 1000 for entry in said]
        self.assertEqual(len(keys), len(said))
        for key, end in zip(keys[1:], ends):
            self.assertAlmostEqual(key, end, delta=0.002)

    def test_no_sound_of_the_seconds_before_is_anywhere_in_the_file(self):
        self.camera.record("6 activate\n7 deactivate\n8 stop\n", "--pre-event", "5")
        [path] = self.camera.footage
        self.assertTrue(5 <= times(path, "a")[0] < 6)
        # As much sound as the event is long, at 48 kHz; what a decoder makes of it beyond that is a packet's lead.
        wave = self.camera.home / "sound.raw"
        run("ffmpeg", "-v", "error", "-i", path, "-vn", "-f", "s16le", wave)
        self.assertLess(wave.stat().st_size / 2 / 48000, 1.1)

    def test_h265_and_no_sound(self):
        self.camera.record("1 activate\n3 deactivate\n4 stop\n", "--codec", "h265", "--audio", "none", "--pre-event", "0")
        [path] = self.camera.footage
        self.assertEqual(decodes(path), "")
        shown = json.loads(run("ffprobe", "-v", "error", "-show_streams", "-of", "json", path).stdout)["streams"]
        self.assertEqual([stream["codec_name"] for stream in shown], ["hevc"])
        said = self.camera.both_verify(path)
        self.assertEqual((said[0]["video"], said[0]["audio"], said[0]["pre_event_ms"]), ("h265", "none", 0))
        self.assertEqual({entry["sound"] for entry in said}, {"off"})

    def test_a_file_as_the_source_begins_again_at_its_end(self):
        source = self.camera.home / "source.mkv"
        run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=15", "-f", "lavfi", "-i", "sine=sample_rate=22050", "-t", "3", source)
        self.camera.record("2 activate\n9 deactivate\n10 stop\n", "--audio", "file", "--rate", "15",
                           video=["--video", f"file:{source}", "--bitrate", "300"])
        [path] = self.camera.footage
        self.assertEqual(decodes(path), "")
        self.assertAlmostEqual(times(path, "v")[-1], 9, delta=0.2)
        self.assertAlmostEqual(times(path, "a")[-1], 9, delta=0.2)
        self.camera.both_verify(path)

    def test_events_for_a_workload(self):
        self.camera.record(None, "--events", "3", "--event-seconds", "2", "--event-gap", "2", "--pre-event", "1")
        self.assertEqual(len(self.camera.footage), 3)
        code, report = self.camera.verify(*self.camera.footage, *self.camera.logs)
        self.assertEqual((code, report["missing"], len(report["log"]["recordings"])), (0, 0, 3))

    def test_positions_stand_beside_the_footage_and_in_its_signatures(self):
        nmea = self.camera.home / "walk.nmea"
        lines = [sentence(f"GPRMC,0807{second:02}.00,{'V' if second == 5 else 'A'},3746.{4940 + second:04},N,12225.1640,W,0.1,0.0,300826,,,A")
                 for second in range(12)]
        lines[7] = lines[7].replace("3746", "3747")  # its check sum is wrong now
        nmea.write_text("".join(lines))
        self.camera.record("4 activate\n9 deactivate\n10 stop\n", "--pre-event", "2", "--gnss", f"nmea:{nmea}")
        [path] = self.camera.footage
        said = self.camera.both_verify(path)
        self.assertEqual(said[-1]["fix"], f"{37 + 46.4948 / 60:.6f},{-(122 + 25.1640 / 60):.6f}")
        [track] = self.camera.card.glob("*.nmea")
        self.assertEqual(track.stem, path.stem)
        self.assertEqual(track.read_bytes(), "".join(lines[2:9]).encode())
        [entry] = [entry for entry in self.camera.entries() if entry["event"] == "track"]
        self.assertEqual((entry["file"], entry["sha256"]), (track.name, hashlib.sha256(track.read_bytes()).hexdigest()))


class Changed(CameraCase):
    """One recording, changed in each way that there is."""

    def setUp(self):
        super().setUp()
        self.camera.record("3 activate\n7 deactivate\n8 stop\n", "--pre-event", "2")
        [self.path] = self.camera.footage
        self.data = self.path.read_bytes()
        self.pieces, _ = camera_footage.pieces(self.data)

    def judge(self, data):
        other = self.camera.home / "other.mp4"
        other.write_bytes(data)
        code, report = self.camera.verify(other)
        try:
            _, unsigned = camera_footage.verify_footage(data, bytes.fromhex(self.camera.key))
            second = unsigned == 0
        except camera_footage.Breach:
            second = False
        self.assertEqual(code == 0, second, "the two readers disagree")
        return code, report["footage"][0]

    def sample_of(self, track):
        """Where bytes of a packet of that track stand, in the fourth fragment."""
        done = run("ffprobe", "-v", "error", "-select_streams", track, "-show_entries", "packet=pos,size", "-of", "json", self.path)
        packet = json.loads(done.stdout)["packets"][-4]
        return int(packet["pos"]) + int(packet["size"]) // 2

    def flipped(self, at):
        data = bytearray(self.data)
        data[at] ^= 0x10
        return bytes(data)

    def test_unchanged(self):
        self.assertEqual(self.judge(self.data)[0], 0)

    def test_a_bit_of_the_pictures(self):
        code, report = self.judge(self.flipped(self.sample_of("v")))
        self.assertEqual((code, report["standing"]), (6, "breach"))
        self.assertRegex(report["breach"], "the bytes before signature [0-9]+ are not those that it signed")

    def test_a_bit_of_the_sound(self):
        code, report = self.judge(self.flipped(self.sample_of("a")))
        self.assertEqual((code, report["standing"]), (6, "breach"))
        self.assertRegex(report["breach"], "the bytes before signature [0-9]+ are not those that it signed")

    def test_a_bit_of_the_beginning(self):
        self.assertEqual(self.judge(self.flipped(self.data.index(b"moov") + 40))[1]["breach"], "the bytes before signature 0 are not those that it signed")

    def test_a_bit_of_what_was_signed_and_of_a_signature(self):
        at = self.data.index(b'"clock"', len(self.data) // 2)
        self.assertEqual(self.judge(self.flipped(at + 10))[0], 6)
        box_end = len(self.pieces[0][0]) + len(self.pieces[0][1])
        code, report = self.judge(self.flipped(box_end - 5))
        self.assertEqual((code, report["breach"]), (6, "a signature is not by the key that was given"))

    def test_a_fragment_left_out_and_two_that_changed_places(self):
        whole = [covered + box for covered, box in self.pieces]
        self.assertEqual(b"".join(whole), self.data)
        code, report = self.judge(b"".join(whole[:2] + whole[3:]))
        self.assertEqual((code, report["signatures"]), (6, 2))
        self.assertIn("fragments were left out, moved or taken from elsewhere", report["breach"])
        self.assertEqual(self.judge(b"".join([whole[0], whole[2], whole[1], *whole[3:]]))[0], 6)

    def test_its_signature_left_out(self):
        code, report = self.judge(b"".join(covered + (box if n != 2 else b"") for n, (covered, box) in enumerate(self.pieces)))
        self.assertEqual(code, 6)

    def test_footage_of_another_recording(self):
        self.camera.record("3 activate\n7 deactivate\n8 stop\n", "--pre-event", "2")
        other = [path for path in self.camera.footage if path != self.path][0]
        theirs, _ = camera_footage.pieces(other.read_bytes())
        data = b"".join(covered + box for covered, box in self.pieces[:2] + theirs[2:])
        self.assertEqual(self.judge(data)[0], 6)

    def test_cut_where_a_fragment_ends(self):
        data = b"".join(covered + box for covered, box in self.pieces[:3])
        code, report = self.judge(data)
        self.assertEqual((code, report["standing"]), (0, "cut"))
        (self.camera.home / "cut.mp4").write_bytes(data)
        self.assertIn("VERIFIED, CUT OFF", self.camera.words(self.camera.home / "cut.mp4")[1])

    def test_cut_anywhere_else(self):
        signed = len(b"".join(covered + box for covered, box in self.pieces[:3]))
        code, report = self.judge(self.data[:signed + 5000])
        self.assertEqual((code, report["standing"], report["signed_bytes"]), (6, "in_part", signed))
        words = self.camera.words(self.camera.home / "other.mp4")[1]
        self.assertIn("NOT VERIFIED AS A WHOLE", words)
        self.assertIn(f"The first {signed} bytes alone are a file that verifies", words)
        self.assertEqual(self.judge(self.data[:signed])[0], 0)

    def test_more_behind_the_end(self):
        code, report = self.judge(self.data + self.pieces[1][0])
        self.assertEqual((code, report["breach"]), (6, "bytes follow the end that the camera signed"))

    def test_another_camera(self):
        other = Camera("BC-8")
        self.addCleanup(other.close)
        code, report = self.camera.verify(self.path, key=other.key)
        self.assertEqual(code, 6)
        self.assertIn(self.camera.key, report["footage"][0]["breach"])

    def test_what_is_no_footage_of_a_camera(self):
        code, report = self.judge(b"".join(covered for covered, _ in self.pieces))
        self.assertEqual((code, report["standing"]), (6, "unsigned"))

    def test_a_key_is_asked_for(self):
        self.assertEqual(self.camera.verify(self.path, key="12")[0], 2)
        done = run(BIN / "lapel-verify", self.path, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--camera-key", done.stderr)

    def test_the_log_tells_of_footage_that_is_not_there(self):
        code, words = self.camera.words(*self.camera.logs)
        self.assertEqual(code, 0)
        self.assertIn(self.path.name, words)
        self.camera.record("3 activate\n4 deactivate\n5 stop\n", "--pre-event", "0")
        second = [path for path in self.camera.footage if path != self.path][0]
        code, report = self.camera.verify(*self.camera.logs, second)
        self.assertEqual((code, report["missing"]), (0, 1))
        self.assertIn(f"Not here: {self.path.name}", self.camera.words(*self.camera.logs, second)[1])
        # Cut so that it verifies by itself, it is not what the log says was recorded.
        cut = self.camera.home / "cut.mp4"
        cut.write_bytes(b"".join(covered + box for covered, box in self.pieces[:3]))
        self.assertEqual(self.camera.verify(cut)[0], 0)
        self.assertEqual(self.camera.verify(*self.camera.logs, cut)[0], 6)
        # A whole copy beside it makes it none, in whichever order they are given; two whole copies are as good as one.
        for copies in ((cut, self.path), (self.path, cut)):
            code, words = self.camera.words(*self.camera.logs, *copies)
            self.assertEqual(code, 6)
            self.assertIn(f"{cut}: the camera's log tells of {len(self.pieces)} signatures, and here are 3.", words)
        cut.write_bytes(self.data)
        self.assertEqual(self.camera.verify(*self.camera.logs, self.path, cut)[0], 0)


class Lines(CameraCase):
    """A camera that runs by the clock and is told what to do."""

    def start(self, *extra):
        camera = self.camera.start(*extra)
        self.addCleanup(lambda: (camera.kill(), camera.wait(), camera.stdin.close(), camera.stderr.close()))
        until(self.camera.status)
        return camera

    def test_by_commands(self):
        camera = self.start("--pre-event", "1")
        self.assertEqual(self.camera.status()["state"], "buffering")
        self.assertEqual(self.camera.tell("deactivate", check=False).returncode, 5)
        self.camera.tell("activate")
        self.assertEqual(self.camera.tell("activate", check=False).returncode, 5)
        self.camera.tell("mark", "Miranda ✓")
        self.camera.tell("mute")
        self.assertTrue(self.camera.status()["muted"])
        until(lambda: self.camera.status()["media_ms"], lambda ms: ms and ms > 1500)
        self.camera.tell("unmute")
        self.camera.tell("deactivate")
        self.camera.tell("stop")
        self.assertEqual(camera.wait(), 0)
        [path] = self.camera.footage
        said = self.camera.both_verify(path)
        self.assertNotEqual(said[0]["clock"], "simulated")
        [marker] = [entry for entry in self.camera.entries() if entry["event"] == "marker"]
        self.assertEqual(marker["text"], "Miranda ✓")
        self.assertEqual(stat.S_IMODE((self.camera.state / "signing_key").stat().st_mode), 0o600)
        self.assertEqual(self.camera.tell("status", check=False).returncode, 7)

    def test_by_standard_input_and_a_signal(self):
        camera = self.start("--pre-event", "0")
        camera.stdin.write("dance\nactivate\n")
        camera.stdin.flush()
        until(self.camera.status, lambda status: status["state"] == "recording" and status["media_ms"])
        camera.send_signal(signal.SIGTERM)
        self.assertEqual(camera.wait(), 0)
        self.assertIn("A command is one of", camera.stderr.read())
        [path] = self.camera.footage
        self.assertEqual(self.camera.both_verify(path)[-1]["end"], "off")
        self.assertEqual(self.camera.events()[-2:], ["recorded", "off"])

    def test_two_cameras_of_one_directory_and_two_on_one_card(self):
        self.start()
        beside = run(*self.camera.arguments(*SMALL), check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(beside.returncode, 5)
        other = Camera("BC-8")
        self.addCleanup(other.close)
        other.card = self.camera.card
        theirs = run(*other.arguments(*SMALL), check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(theirs.returncode, 5)
        self.assertIn("This card belongs to camera BC-7", theirs.stderr)


class Beside(CameraCase):
    """What stands beside a camera: a receiver, a clock."""

    def test_positions_of_gpsd(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        camera = self.camera.start("--pre-event", "0", "--gnss", f"gpsd:127.0.0.1:{listening.getsockname()[1]}")
        self.addCleanup(lambda: (camera.kill(), camera.wait(), camera.stdin.close(), camera.stderr.close()))
        connection, _ = listening.accept()
        with connection, connection.makefile("rwb") as gpsd:
            gpsd.write(b'{"class":"VERSION","release":"3.22","proto_major":3,"proto_minor":14}\r\n')
            self.assertEqual(gpsd.readline(), b'?WATCH={"enable":true,"nmea":true};\n')
            until(self.camera.status)
            self.camera.tell("activate")
            gpsd.write(sentence("GPRMC,080700.00,A,3746.4940,N,12225.1640,W,0.1,0.0,300826,,,A").encode())
            gpsd.flush()
            until(self.camera.status, lambda status: status["fix"] == "37.774900,-122.419400")
        # gpsd is gone now, and the camera goes on.
        before = self.camera.status()["media_ms"] or 0
        until(lambda: self.camera.status()["media_ms"], lambda ms: ms and ms > before + 500)
        self.camera.tell("stop")
        self.assertEqual(camera.wait(), 0)
        # What it was told is forgotten in time; it was signed while it stood.
        self.assertIn("37.774900,-122.419400", [part.get("fix") for part in self.camera.both_verify(self.camera.footage[0])])

    def test_a_clock_that_is_set_is_said_with_how_far_and_footage_keeps_its_time_line(self):
        clock = MovedClock(self.camera.home)
        camera = subprocess.Popen([*clock.wrapper, *self.camera.arguments(*SMALL, "--pre-event", "0")], stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (camera.kill(), camera.wait()))
        until(self.camera.status)
        self.camera.tell("activate")
        for hours, directions in ((1, ["forward"]), (-2, ["forward", "back"])):
            until(lambda: self.camera.footage)
            clock.move(hours * 3600)
            until(lambda: [entry["direction"] for entry in self.camera.entries() if entry["event"] == "clock_jump"], lambda said: said == directions)
        self.camera.tell("stop")
        self.assertEqual(camera.wait(), 0)
        jumps = [entry["by_ms"] for entry in self.camera.entries() if entry["event"] == "clock_jump"]
        self.assertAlmostEqual(jumps[0], 3_600_000, delta=100)
        self.assertAlmostEqual(jumps[1], 7_200_000, delta=100)
        [path] = self.camera.footage
        self.assertEqual(decodes(path), "")
        self.camera.both_verify(path)
        self.assertLess(times(path, "v")[-1], 60)
        self.assertIn("went back in between", self.camera.words(path)[1])


class Trouble(CameraCase):
    def test_init_never_overwrites_a_key(self):
        done = run(BIN / "lapel-camera", "init", "--state", self.camera.state, "--serial", "BC-9", check=False)
        self.assertEqual(done.returncode, 5)
        self.camera.record("1 activate\n2 stop\n", "--pre-event", "0")
        self.assertEqual(self.camera.both_verify(self.camera.footage[0])[0]["serial"], "BC-7")

    def test_bad_words(self):
        for words in (["--video", "beam:1"], ["--audio", "file"], ["--pre-event", "121"], ["--codec", "av1"], ["--size", "12"], ["--size", "7x9"],
                      ["--gnss", "stars"], ["--events", "1", "--script", self.camera.home / "state"]):
            done = self.camera.record(None, "--for", "1", *words, check=False)
            self.assertEqual(done.returncode, 2, (words, done.stderr))
        for script in ("1 dance\n", "x activate\n", "2 activate\n1 deactivate\n", "1 mark\n", "1 activate now\n"):
            done = self.camera.record(script, check=False)
            self.assertEqual(done.returncode, 2, script)
            self.assertIn("line ", done.stderr)

    def test_a_device_that_is_not_there(self):
        done = self.camera.record(None, "--for", "1", "--audio", "none", video=["--video", "v4l2:/dev/video99"], check=False)
        self.assertEqual(done.returncode, 7)
        self.assertIn("The source cannot be opened (/dev/video99: No such file or directory)", done.stderr)
        self.assertEqual(self.camera.events(), ["on", "error", "off"])

    def test_a_camera_that_is_pulled_out_ends_the_recording_soundly(self):
        pipe = self.camera.home / "pipe"
        os.mkfifo(pipe)
        feed = subprocess.Popen(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=15", "-t", "6", "-f", "nut", "-c:v", "mpeg4",
                                 pipe])
        self.addCleanup(feed.wait)
        done = self.camera.record("1 activate\n", "--audio", "none", "--rate", "15", "--pre-event", "0", video=["--video", f"file:{pipe}"], check=False)
        self.assertEqual(done.returncode, 7)
        [path] = self.camera.footage
        self.assertEqual(decodes(path), "")
        self.assertEqual(self.camera.both_verify(path)[-1]["end"], "camera lost")
        self.assertEqual(self.camera.events(), ["on", "buffering", "recording", "file", "error", "recorded", "off"])

    def test_a_run_that_was_cut_is_said_by_the_next_and_its_torn_line_stays(self):
        camera = self.camera.start("--pre-event", "0")
        until(self.camera.status)
        self.camera.tell("activate")
        until(lambda: self.camera.footage)
        camera.kill()
        camera.wait()
        camera.stdin.close()
        camera.stderr.close()
        with open(self.camera.logs[0], "ab") as log:
            log.write(b'{"entry":{"at":"2026-')
        torn = self.camera.logs[0].read_bytes()
        self.camera.record("2 stop\n")
        self.assertEqual(self.camera.logs[0].read_bytes(), torn)
        [unclean] = [entry for entry in self.camera.entries() if entry["event"] == "unclean"]
        self.assertEqual(unclean["torn"], 21)
        code, report = self.camera.verify(*self.camera.logs, *self.camera.footage)
        self.assertEqual([stretch["kind"] for stretch in report["log"]["stretches"]], ["on", "unknown", "on"])
        self.assertEqual(report["log"]["recordings"][0]["end"], "")

    def test_the_log_goes_on_where_the_card_was_emptied(self):
        self.camera.record("2 stop\n")
        first = self.camera.entries()
        shutil.rmtree(self.camera.card)
        self.camera.record("2 stop\n")
        second = self.camera.entries()
        self.assertEqual(second[0]["n"], first[-1]["n"] + 1)
        code, words = self.camera.words(*self.camera.logs)
        self.assertEqual(code, 0)
        self.assertIn(f"The {len(first)} lines before are not in these files", words)

    def test_a_log_that_was_changed(self):
        self.camera.record("1 activate\n2 deactivate\n3 stop\n")
        [log] = self.camera.logs
        lines = log.read_bytes().splitlines(keepends=True)
        for changed in (lines[:2] + lines[3:], [lines[0], lines[2], lines[1], *lines[3:]], [line.replace(b'"deactivated"', b'"forgotten!!"') for line in lines]):
            log.write_bytes(b"".join(changed))
            self.assertEqual(self.camera.verify(log)[0], 6)

    @unittest.skipUnless(os.geteuid() == 0, "only root can make a card of a size; for anybody a full disk is tried by recording_test.cc")
    def test_a_full_card_ends_the_recording_soundly(self):
        self.camera.card.mkdir()
        if run("mount", "-t", "tmpfs", "-o", "size=14m", "tmpfs", self.camera.card, check=False).returncode != 0:
            self.skipTest("root of a container may not mount; a full disk is tried by recording_test.cc as well")
        self.addCleanup(run, "umount", self.camera.card)
        done = self.camera.record("2 activate\n60 activate\n62 stop\n", video=["--size", "640x360", "--bitrate", "8000"])
        self.assertIn("The card is full", done.stderr)
        [path] = self.camera.footage
        self.assertEqual(decodes(path), "")
        self.assertEqual(self.camera.both_verify(path)[-1]["end"], "disk full")
        events = self.camera.events()
        self.assertEqual([event for event in events if event != "beat"],
                         ["on", "buffering", "disk_low", "recording", "file", "recorded", "error", "off"])


class Docked(unittest.TestCase):
    def test_it_docks_like_any_other_camera(self):
        with Town() as town:
            clerk = town.add_user("clerk", "records")
            town.start()
            camera = Camera()
            self.addCleanup(camera.close)
            camera.record("3 activate\n6 deactivate\n7 stop\n", "--pre-event", "2")
            code = json.loads(run(BIN / "lapel", "dock", "enroll", "--data", town.data, "--agency", town.agency, "--name", "door", "--json").stdout)["code"]
            state = town.home / "dock"
            run(BIN / "lapel-dock", "enroll", "--server", town.url, "--code", code, "--state", state)
            files = {path.name: path.read_bytes() for path in [*camera.footage, *camera.logs]}
            done = run(BIN / "lapel-dock", "run", "--state", state, "--camera", camera.card, "--once", "--erase", "--json")
            events = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(sum(event["event"] == "erased" for event in events), len(files))
            self.assertEqual([path.name for path in camera.card.iterdir()], ["lapel-camera.json"])
            listed = town.request("GET", "/api/v1/recordings", clerk).json()["items"]
            self.assertEqual({item["filename"]: item["sha256"] for item in listed},
                             {name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
            self.assertEqual({item["device"] for item in listed}, {"BC-7"})
            # The worker that examines footage takes it as what it is.
            film = [item["id"] for item in listed if item["filename"].endswith(".mp4")][0]
            shown = until(lambda: town.request("GET", f"/api/v1/recordings/{film}", clerk).json(), lambda item: item.get("duration_ms"))
            self.assertEqual((shown["video_codec"], shown["audio_codec"], shown["width"], shown["height"]), ("h264", "aac", 320, 180))
            self.assertAlmostEqual(shown["duration_ms"], 5000, delta=100)
            # The camera goes on where it was.
            camera.record("2 stop\n")
            self.assertGreater(camera.entries()[0]["n"], 1)


if __name__ == "__main__":
    unittest.main()
