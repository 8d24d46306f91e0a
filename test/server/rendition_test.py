# SPDX-License-Identifier: Apache-2.0
"""What lapel-media makes of footage for somebody who may watch and not have it: read back with another program's decoder."""
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

from harness import ROOT

sys.path.insert(0, str(ROOT / "test/soak"))

import worker  # noqa: E402  (the path above leads there)
from harness import BIN  # noqa: E402

SAMPLES = ROOT / "test/data/video/androidx+media/libraries/test_data/src/test/assets/media/mp4"
LINES = ["Jane Doe", "jane.doe@example.org", "share 4711"]
APART_MAX_S = 0.040  # sound and picture
EDGE_MAX = 1280


def tool(*command):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, (command, done.stderr[-2000:].decode(errors="replace"))
    return done.stdout


def ffmpeg(*arguments):
    return tool("ffmpeg", "-v", "error", "-y", "-nostdin", *arguments)


def probe(path, *wanted):
    return json.loads(tool("ffprobe", "-v", "error", "-of", "json", *(wanted or ("-show_streams", "-show_format")), path))


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (shutil.which("ffmpeg") and shutil.which("ffprobe")):
            raise RuntimeError("ffmpeg is missing (Debian: ffmpeg)")
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="lapel-rendition-"))
        cls.addClassCleanup(shutil.rmtree, cls.home)
        cls.count = 0

    @classmethod
    def path(cls, suffix):
        cls.count += 1
        return cls.home / f"{cls.count}{suffix}"

    @classmethod
    def render(cls, source, lines=None):
        """What the worker answers, and where its output is."""
        out = cls.path(".mp4")
        worker.JOBS["rendition"] = {"watermark": lines or LINES}
        with open(out, "w+b") as output:
            child, answer = worker.start([BIN / "lapel-media"], source, output, "rendition", stdout=subprocess.DEVNULL)
            with answer:
                text = answer.read()
            assert child.wait() == 0, (source, child.returncode)
        return json.loads(text), out

    @classmethod
    def made(cls, source, lines=None):
        result, out = cls.render(source, lines)
        assert "rendition" in result, result
        assert result["rendition"]["bytes"] == out.stat().st_size
        return out

    @staticmethod
    def gray(path, at=0.0, width=None, height=None):
        """One frame as rows of brightness, at or after a time; scaled where a size is given."""
        size = ("-vf", f"scale={width}:{height}:flags=area") if width else ()
        return ffmpeg(*(("-ss", at) if at else ()), "-i", path, "-frames:v", 1, *size, "-pix_fmt", "gray", "-f", "rawvideo", "-")

    @staticmethod
    def times(path, kind="v"):
        frames = probe(path, "-select_streams", kind, "-show_entries", "frame=best_effort_timestamp_time")["frames"]
        return [float(frame["best_effort_timestamp_time"]) for frame in frames]

    @staticmethod
    def stream(path, kind):
        return next((stream for stream in probe(path)["streams"] if stream["codec_type"] == kind), None)

    @classmethod
    def source(cls, *, size="640x360", seconds=8, picture="testsrc2", rate=30, sound=True, suffix=".mp4", more=()):
        out = cls.path(suffix)
        tracks = ("-f", "lavfi", "-i", f"sine=440:d={seconds}:r=48000") if sound else ()
        picture += ":" if "=" in picture else "="
        ffmpeg("-f", "lavfi", "-i", f"{picture}s={size}:r={rate}:d={seconds}", *tracks, "-preset", "ultrafast", *more, out)
        return out


class Mark(Case):
    def test_it_is_in_the_pixels_of_every_part_of_the_film_and_is_the_viewers_own(self):
        source = self.source(seconds=10)
        mine, other = self.made(source), self.made(source, ["Somebody Else", "else@example.org", "share 4712"])
        unmarked = self.path(".mp4")
        ffmpeg("-i", source, "-c:v", "libx264", "-preset", "veryfast", "-crf", "26", unmarked)
        before = None
        for at in (0.2, 3, 5, 7, 9.5):
            plain, a, b = (self.gray(path, at) for path in (unmarked, mine, other))
            marked = [i for i in range(len(plain)) if abs(a[i] - plain[i]) > 40]
            self.assertGreater(len(marked), 1500, at)
            self.assertLess(len(marked), len(plain) / 5, at)
            # At least twice: in both halves, from whichever side one cuts.
            for half in (lambda i: i % 640 < 320, lambda i: i % 640 >= 320, lambda i: i < 640 * 180, lambda i: i >= 640 * 180):
                self.assertGreater(sum(map(half, marked)), 200, at)
            self.assertGreater(sum(abs(a[i] - b[i]) > 40 for i in marked), 600, at)
            if before:
                self.assertLess(len(before & set(marked)), len(marked) * 0.9, f"nothing has moved at {at}")
            before = set(marked)

    def test_twenty_of_twenty_viewers_are_named_by_a_single_frame(self):
        source = self.source(size="480x270", seconds=6, sound=False)
        ground = self.source(size="480x270", seconds=6, picture="color=c=gray", rate=2, sound=False)
        viewers = [[f"Viewer {name}", f"{name.lower()}@example.org", f"share {4700 + i}"] for i, name in enumerate(
            "Abara Brandt Chen Dubois Eze Farah Gupta Haas Ito Jansen Kowalski Lopez Moreau Novak Okafor Petrov Quinn Rossi Silva Tanaka".split())]
        self.assertEqual(len(viewers), 20)
        for at in (1, 5):
            candidates = []
            for lines in viewers:
                frame = self.gray(self.made(ground, lines), at)
                level = sorted(frame)[len(frame) // 2]
                light = [i for i, v in enumerate(frame) if v > level + 25]
                dark = [i for i, v in enumerate(frame) if v < level - 25]
                candidates.append((light, dark))
            named = 0
            for number, lines in enumerate(viewers):
                frame = self.gray(self.made(source, lines), at)
                # Where a viewer's letters are, it is lighter than where their rims are.
                scores = [sum(frame[i] for i in light) / len(light) - sum(frame[i] for i in dark) / len(dark) for light, dark in candidates]
                named += scores.index(max(scores)) == number
            self.assertEqual(named, 20, f"at {at} s")

    def test_it_can_be_read_on_dark_and_on_bright(self):
        for color in ("black", "white", "gray"):
            source = self.source(picture=f"color=c={color}", seconds=1, rate=5, sound=False)
            frame = self.gray(self.made(source), 0)
            self.assertGreater(max(frame) - min(frame), 90, color)

    def test_the_same_footage_and_mark_give_the_same_file(self):
        source = SAMPLES / "sample_shorter_audio.mp4"
        self.assertEqual(self.made(source).read_bytes(), self.made(source).read_bytes())
        self.assertNotEqual(self.made(source).read_bytes(), self.made(source, ["Somebody Else"]).read_bytes())


class Picture(Case):
    def test_it_is_never_enlarged_and_has_even_edges(self):
        for size, wanted in (("1920x1080", (1280, 720)), ("1279x719", (1280, 720)), ("639x361", (640, 360)), ("130x98", (130, 98)),
                             ("33x17", (32, 16)), ("1081x1921", (720, 1280)), ("16x2000", (16, 1280))):
            with self.subTest(size):
                source = self.source(size=size, seconds=1, sound=False, suffix=".mkv", more=("-c:v", "mpeg4"))
                stream = self.stream(self.made(source), "video")
                self.assertLessEqual(abs(stream["width"] - wanted[0]), 2)
                self.assertLessEqual(abs(stream["height"] - wanted[1]), 2)
                self.assertEqual((stream["width"] % 2, stream["height"] % 2, stream["pix_fmt"], stream["codec_name"]), (0, 0, "yuv420p", "h264"))
                self.assertLessEqual(max(stream["width"], stream["height"]), EDGE_MAX)

    def test_it_stands_upright_as_the_poster_does(self):
        corner = "drawbox=w=320:h=180:color=white:t=fill,drawbox=x=320:w=320:h=180:color=black:t=fill"
        flat = self.source(size="640x360", seconds=1, sound=False, more=("-vf", corner))
        cases = [(flat, False)]
        for turn in (90, 180, 270):
            turned = self.path(".mp4")
            ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v", f"rotate={turn}", turned)
            cases.append((turned, turn != 180))
        cases.append((SAMPLES / "sample_rotate_and_reflect.mp4", True))
        for source, is_high in cases:
            with self.subTest(source):
                out = self.made(source)
                stream = self.stream(out, "video")
                self.assertEqual(stream["height"] > stream["width"], is_high)
                self.assertNotIn("side_data_list", stream)
                poster = self.path(".jpg")
                with open(poster, "w+b") as picture:
                    worker.JOBS["poster"] = {"at_ms": 0, "edge_px": 320}
                    child, answer = worker.start([BIN / "lapel-media"], source, picture, "poster", stdout=subprocess.DEVNULL)
                    with answer:
                        size = json.loads(answer.read())["picture"]
                    self.assertEqual(child.wait(), 0)
                want = self.gray(poster)
                got = self.gray(out, 0, size["width"], size["height"])

                def apart(a, b):
                    return sum(abs(x - y) for x, y in zip(a, b)) / len(a)
                rows = [got[i:i + size["width"]] for i in range(0, len(got), size["width"])]
                self.assertLess(apart(want, got), 14)
                # Else a flip would not be noticed.
                self.assertGreater(apart(want, b"".join(row[::-1] for row in rows)), 20)
                self.assertGreater(apart(want, b"".join(rows[::-1])), 20)

    def test_pixels_that_are_not_square_are_made_so(self):
        source = self.source(size="720x576", seconds=1, sound=False, more=("-vf", "setsar=64/45"))
        stream = self.stream(self.made(source), "video")
        self.assertEqual((stream["width"], stream["height"], stream["sample_aspect_ratio"]), (1024, 576, "1:1"))

    def test_a_picture_in_full_range_keeps_its_brightness(self):
        source = self.source(picture="color=c=white", seconds=1, sound=False, suffix=".mkv", more=("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"))
        frame = self.gray(self.made(source), 0)
        self.assertGreater(sorted(frame)[len(frame) // 2], 250)

    def test_a_still_is_a_film_of_one_picture(self):
        still = self.path(".png")
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=500x400", "-frames:v", 1, still)
        out = self.made(still)
        self.assertEqual(len(self.times(out)), 1)
        self.assertAlmostEqual(float(probe(out)["format"]["duration"]), 1, delta=0.1)


class Time(Case):
    FLASHES = (2.0, 5.0)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A flash and a tone at the same moments.
        cls.clap = cls.path(".mp4")
        when = "+".join(f"between(t,{t},{t + 0.2})" for t in cls.FLASHES)
        ffmpeg("-f", "lavfi", "-i", f"color=c=black:s=320x180:r=30:d=7,drawbox=x=80:y=40:w=160:h=100:color=white:t=fill:enable='{when}'",
               "-f", "lavfi", "-i", f"aevalsrc='if({when},sin(2*PI*1000*t),0)':s=44100:d=7", cls.clap)

    def flashes(self, path):
        middle = ffmpeg("-i", path, "-map", "0:v", "-fps_mode", "passthrough", "-vf", "crop=iw/4:ih/4:iw*3/8:ih*3/8,scale=16:16:flags=area",
                        "-pix_fmt", "gray", "-f", "rawvideo", "-")
        light = [sum(middle[i:i + 256]) / 256 for i in range(0, len(middle), 256)]
        times = self.times(path)
        self.assertEqual(len(times), len(light))
        return [times[i] for i in range(1, len(light)) if light[i] > 150 >= light[i - 1]]

    def tones(self, path):
        start = self.times(path, "a")[0]
        raw = ffmpeg("-i", path, "-map", "0:a", "-ac", 1, "-ar", 48000, "-f", "s16le", "-")
        out, last = [], -48000
        for i, (value,) in enumerate(struct.iter_unpack("<h", raw)):
            if abs(value) > 3000:
                if i - last > 9600:
                    out.append(start + i / 48000)
                last = i
        return out

    def variant(self, suffix, *arguments, source=None):
        out = self.path(suffix)
        ffmpeg("-i", source or self.clap, *arguments, out)
        return out

    def test_sound_stays_with_its_picture(self):
        gone = "aselect='not(between(t,0.5,1.5)+between(t,3,4))'"
        cases = {
            "as it was": self.clap,
            "a transport stream, which starts late": self.variant(".ts", "-c", "copy"),
            "sound of an odd rate": self.variant(".mkv", "-c:v", "copy", "-c:a", "pcm_s16le", "-ar", 37000),
            "five channels": self.variant(".mkv", "-c:v", "copy", "-c:a", "ac3", "-ac", 5),
            "telephone sound": self.variant(".mkv", "-c:v", "copy", "-c:a", "pcm_mulaw", "-ar", 8000, "-ac", 1),
            "sound with gaps": self.variant(".mkv", "-c:v", "copy", "-af", gone, "-c:a", "pcm_s16le"),
            "sixty frames": self.variant(".mp4", "-vf", "fps=60"),
            "frames at any time": self.variant(".mp4", "-vf", f"select='not(mod(n,4))+between(t,1.9,2.4)+between(t,4.9,5.4)'", "-fps_mode", "vfr"),
            "frames out of order in the file": self.variant(".mkv", "-c:v", "libx264", "-bf", 3, "-c:a", "libopus"),
        }
        for name, source in cases.items():
            with self.subTest(name):
                out = self.made(source)
                flashes, tones = self.flashes(out), self.tones(out)
                self.assertEqual((len(flashes), len(tones)), (2, 2), (flashes, tones))
                for flash, tone in zip(flashes, tones):
                    self.assertLess(abs(flash - tone), APART_MAX_S)
                self.assertAlmostEqual(flashes[1] - flashes[0], 3, delta=APART_MAX_S)

    def test_sound_that_is_late_stays_late(self):
        late = self.path(".mkv")
        ffmpeg("-i", self.clap, "-itsoffset", 0.5, "-i", self.clap, "-map", "0:v", "-map", "1:a", "-c", "copy", late)
        out = self.made(late)
        for flash, tone in zip(self.flashes(out), self.tones(out)):
            self.assertAlmostEqual(tone - flash, 0.5, delta=APART_MAX_S)

    def test_each_frame_keeps_its_own_time(self):
        source = self.variant(".mkv", "-vf", "select='not(mod(n,7))+not(mod(n,11))+between(t,3,3.5)'", "-fps_mode", "vfr", "-c:v", "libx264", "-an")
        want, got = self.times(source), self.times(self.made(source))
        self.assertEqual(len(want), len(got))
        self.assertGreater(len({round(b - a, 3) for a, b in zip(want, want[1:])}), 3)
        for a, b in zip(want, got):
            self.assertAlmostEqual(a - want[0], b, delta=0.002)

    def test_there_are_no_more_than_thirty_frames_a_second(self):
        for rate in (25, 30, 48, 60, 120):
            times = self.times(self.made(self.source(size="160x90", seconds=3, rate=rate, sound=False)))
            self.assertAlmostEqual(len(times) / 3, min(rate, 30), delta=1.1, msg=f"{rate}")
            self.assertGreater(min(b - a for a, b in zip(times, times[1:])), 0.015)
            self.assertLess(max(b - a for a, b in zip(times, times[1:])), 0.060)

    def test_a_player_can_begin_within_two_seconds_of_anywhere(self):
        out = self.made(self.source(size="160x90", seconds=9, sound=False))
        packets = probe(out, "-select_streams", "v", "-show_entries", "packet=pts_time,flags")["packets"]
        keys = [float(packet["pts_time"]) for packet in packets if "K" in packet["flags"]]
        self.assertEqual(keys[0], 0)
        self.assertLessEqual(max(b - a for a, b in zip(keys, [*keys[1:], 9])), 2.1)
        # And needs no more than the file's beginning to know where.
        self.assertLess(out.read_bytes().find(b"moov"), out.read_bytes().find(b"mdat"))


class Nothing(Case):
    """What does not come along, and what cannot be made."""

    def test_nothing_that_the_source_says_of_itself_comes_along(self):
        words = self.path(".srt")
        words.write_text("1\n00:00:00,000 --> 00:00:02,000\nspoken-secret\n")
        chapters = self.path(".txt")
        chapters.write_text(";FFMETADATA1\ntitle=title-secret\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=chapter-secret\n")
        source = self.path(".mp4")
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:d=3", "-f", "lavfi", "-i", "sine=440:d=3", "-i", words, "-i", chapters, "-map_metadata", 3,
               "-map", 0, "-map", 1, "-map", 2, "-c:s", "mov_text", "-metadata", "location=+40.7128-074.0060/", "-metadata", "comment=comment-secret",
               "-metadata", "creation_time=2020-02-02T02:02:02Z", "-metadata:s:v", "handler_name=camera-secret", "-metadata:s:a", "language=fra",
               "-metadata:s:v", "timecode=01:02:03:04", source)
        before = json.dumps(probe(source, "-show_streams", "-show_format", "-show_chapters"))
        for secret in ("chapter-secret", "comment-secret", "camera-secret", "2020-02-02", "+40.7128", "01:02:03:04", "fra"):
            self.assertIn(secret, before)
        for from_file in (source, SAMPLES / "sample_with_chapters.mp4", ROOT / "test/data/video/drewnoakes+metadata-extractor-images/mov/with-gps.mov"):
            out = self.made(from_file)
            told = probe(out, "-show_streams", "-show_format", "-show_chapters")
            self.assertEqual([stream["codec_type"] for stream in told["streams"]], ["video", "audio"][:len(told["streams"])])
            self.assertEqual(told["chapters"], [])
            self.assertEqual(set(told["format"]["tags"]), {"major_brand", "minor_version", "compatible_brands"})
            for stream in told["streams"]:
                self.assertEqual(stream["tags"], {"language": "und", "handler_name": stream["tags"]["handler_name"], "vendor_id": "[0][0][0][0]"})
                self.assertIn(stream["tags"]["handler_name"], ("VideoHandler", "SoundHandler"))
                self.assertNotIn("side_data_list", stream)
            bytes_of = out.read_bytes()
            for secret in (b"secret", b"40.7128", b"01:02:03"):
                self.assertNotIn(secret, bytes_of)
            # Times of making, in every header that has room for one.
            for box in (b"mvhd", b"tkhd", b"mdhd"):
                for found in re.finditer(box, bytes_of[:bytes_of.find(b"mdat")]):
                    version, created, changed = struct.unpack(">I", bytes_of[found.end():found.end() + 4])[0] >> 24, *struct.unpack(
                        ">II", bytes_of[found.end() + 4:found.end() + 12])
                    self.assertEqual((version, created, changed), (0, 0, 0), box)

    def test_sound_alone_gets_a_black_picture_with_the_mark(self):
        source = self.path(".m4a")
        ffmpeg("-f", "lavfi", "-i", "sine=440:d=6", source)
        result, out = self.render(source)
        self.assertEqual((result["verdict"], result["findings"]), ("whole", ["no_picture"]))
        self.assertAlmostEqual(float(probe(out)["format"]["duration"]), 6, delta=0.3)
        self.assertAlmostEqual(float(self.stream(out, "audio")["duration"]), 6, delta=0.1)
        for at in (0, 5):
            frame = self.gray(out, at)
            self.assertGreater(sum(v > 90 for v in frame), 1500)
            self.assertLess(sorted(frame)[len(frame) // 2], 4)

    def test_damaged_footage_goes_as_far_as_it_goes(self):
        source = self.source(seconds=8, more=("-g", "15", "-movflags", "+faststart"))
        whole = source.read_bytes()
        cut = self.path(".mp4")
        cut.write_bytes(whole[:len(whole) // 2])
        result, out = self.render(cut)
        self.assertIn("rendition", result)
        self.assertTrue(1 < result["rendition"]["duration_ms"] / 1000 < 7, result)
        self.assertEqual(len(self.times(out)), result["rendition"]["frames"])

        holes = bytearray(whole)
        for at in range(len(whole) // 3, len(whole) // 3 + 4000):
            holes[at] = at * 31 % 256
        broken = self.path(".mp4")
        broken.write_bytes(holes)
        result, out = self.render(broken)
        self.assertEqual((result["verdict"], result["findings"]), ("damaged", ["frames_failed"]))
        self.assertAlmostEqual(float(probe(out)["format"]["duration"]), 8, delta=0.2)
        self.assertGreater(len(self.times(out)), 200)

    def test_of_what_cannot_be_shown_nothing_is_made(self):
        empty, text, cut = self.path(".mp4"), self.path(".mp4"), self.path(".mp4")
        empty.write_bytes(b"")
        text.write_text("#EXTM3U\nfile:///etc/passwd\n")
        cut.write_bytes((ROOT / "test/data/video/Zulko+moviepy/media/chaplin.mp4").read_bytes()[:100_000])
        for source, finding in ((empty, "empty"), (text, "unknown_kind"), (cut, "index_missing")):
            result, out = self.render(source)
            self.assertNotIn("rendition", result)
            self.assertEqual(result["findings"], [finding])
            self.assertEqual(out.stat().st_size, 0)
        data = self.path(".mkv")
        words = self.path(".srt")
        words.write_text("1\n00:00:00,000 --> 00:00:02,000\nwords\n")
        ffmpeg("-i", words, data)
        self.assertEqual(self.render(data)[0]["findings"], ["no_streams"])

    def test_the_footage_is_as_it_was(self):
        source = self.source(seconds=1)
        before = source.read_bytes(), os.stat(source).st_mtime_ns
        self.made(source)
        self.assertEqual((source.read_bytes(), os.stat(source).st_mtime_ns), before)


if __name__ == "__main__":
    unittest.main()
