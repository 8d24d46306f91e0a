#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Media files that were made to hurt, each in the real worker under strace.

    hostile_media.py [FILE_OR_FOLDER ...]

The files are made here, from those of test/data: playlists and scripts that name other files, references to data elsewhere,
boxes and elements whose sizes lie, tables and pictures of any size, boxes nested deep, streams by the thousand, durations of
nothing, edit lists without an end, footage cut at each box and packet. Those of the fuzzers' seeds and of the command line come
besides. Whatever a file is, the worker must ask the system for nothing once it is shut in, answer with a verdict, and end within
its limits. Workers that do not (test/soak/planted/worker.py) must be found first.

    LAPEL_BIN       where the programs are (default build/bin)
    LAPEL_FIGURES   the file that takes the figures
    JOBS            how many at once (as many as there are processors)
"""
import collections
import concurrent.futures
import os
import pathlib
import struct
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import figures  # noqa: E402  (the path above leads there)
import worker  # noqa: E402

DATA = HERE.parent / "data"
SMALL = DATA / "video/androidx+media/libraries/test_data/src/test/assets/media"
FILES_MIN = 500
PLANTED_SECONDS = 5
HOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"edts", b"udta", b"moof", b"traf", b"mvex"}
LYING_SIZES = (0, 1, 7, 8, 9, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def box(name, body=b""):
    return struct.pack(">I", len(body) + 8) + name + body


def boxes(data, begin=0, end=None, path=()):
    """(where, bytes, path) of each box and of those in it; stops at what is none."""
    at, end = begin, len(data) if end is None else end
    while at + 8 <= end:
        size, name = struct.unpack(">I4s", data[at:at + 8])
        if size < 8 or at + size > end:
            return
        yield at, size, (*path, name)
        if name in HOLDERS:
            yield from boxes(data, at + 8, at + size, (*path, name))
        at += size


def changed(data, change):
    """The boxes of `data`, each body as `change(path, body)` wants it, and the sizes of all that hold it right again."""
    def copy(begin, end, path):
        out = b""
        for at, size, inside in boxes(data, begin, end, path):
            if len(inside) != len(path) + 1:
                continue
            name = inside[-1]
            body = copy(at + 8, at + size, inside) if name in HOLDERS else data[at + 8:at + size]
            out += box(name, change(name, body))
        return out
    return copy(0, len(data), ())


def alias(path):
    """An Apple alias record that names an absolute path."""
    name = os.fsencode(path)
    record = bytearray(150)
    record[7] = 2
    record[50] = min(63, len(name))
    record[51:51 + min(63, len(name))] = name[:63]
    out = bytes(record) + b"\0\2" + struct.pack(">H", len(name)) + name
    return out + b"\0" * (len(name) % 2) + b"\xff\xff\0\0"


def scripts(secret):
    """Text that players take for a list of what to play."""
    url = f"file://{secret}"
    texts = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n",
        "hls_key": f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n',
        "hls_map": f'#EXTM3U\n#EXT-X-MAP:URI="{url}"\n#EXTINF:10,\n{url}\n',
        "hls_concat": f"#EXTM3U\n#EXTINF:10,\nconcat:{url}|{url}\n#EXT-X-ENDLIST\n",
        "hls_subfile": f"#EXTM3U\n#EXTINF:10,\nsubfile,,start,0,end,99,,:{url}\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{secret}'\n# {url}\n",
        "ffconcat_option": f"ffconcat version 1.0\nfile '{url}'\noption safe 0\n",
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns={url}\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        "dash": f'<?xml version="1.0"?><MPD><Period><BaseURL>{url}\n</BaseURL></Period></MPD>',
        "smil": f'<smil><body><video src="{url}\n"/></body></smil>',
        "asx": f'<asx version="3.0"><entry><ref href="{url}\n"/></entry></asx>',
        "imf": f'<?xml version="1.0"?><AssetMap><Path>{url}\n</Path></AssetMap>',
        "ffmetadata": f";FFMETADATA1\ntitle={url}\n",
        "svg": f'<svg xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="{url}\n"/></svg>',
        "mvg": f"push graphic-context\nimage over 0,0 0,0 '{url}'\n",
        "ass": f"[Script Info]\nScriptType: v4.00+\n[Fonts]\nfontname: {url}\n",
        "srt": f"1\n00:00:00,000 --> 00:00:01,000\n<img src='{url}'>\n",
        "vobsub": f"# VobSub index file, v7\nid: en, index: 0\ntimestamp: 00:00:00:000, filepos: 000000000\n# {url}\n",
        "xspf": f"<playlist><trackList><track><location>{url}\n</location></track></trackList></playlist>",
        "protocol": f"{url}\n", "rtsp": f"rtsp://127.0.0.1:9/{url}\n", "tee": f"tee:{url}|[f=mpegts]udp://127.0.0.1:9\n",
        "crypto": f"crypto+{url}\n", "cache": f"cache:{url}\n", "data": f"data:application/x-mpegurl,#EXTM3U%0A{url}\n",
    }
    starts = {"": b"", "bom": b"\xef\xbb\xbf", "lines": b"\n" * 40, "ftyp": box(b"ftyp", b"isom\0\0\0\0isom"),
              "free": box(b"ftyp", b"isom\0\0\0\0isom") + box(b"free", bytes(64)), "riff": b"RIFF\xff\xff\xff\x7fAVI ",
              "ebml": b"\x1a\x45\xdf\xa3\x80", "sync": b"\x47\x40\0\x10" + b"\xff" * 184, "id3": b"ID3\4\0\0\0\0\0\0"}
    for name, text in texts.items():
        for start, magic in starts.items():
            yield f"script/{name}{'-' + start if start else ''}", magic + text.encode()


def references(secret):
    """Media whose samples are said to lie in another file."""
    plain = (DATA / "video/Zulko+moviepy/media/chaplin.mp4").read_bytes()
    url = f"file://{secret}".encode()
    entries = {
        "url": box(b"url ", b"\0\0\0\0" + url + b"\0"), "urn": box(b"urn ", b"\0\0\0\0" + url + b"\0" + url + b"\0"),
        "alias": box(b"alis", b"\0\0\0\0" + alias(secret)), "resource": box(b"rsrc", b"\0\0\0\0" + alias(secret)),
        "http": box(b"url ", b"\0\0\0\0http://127.0.0.1:9/a\0"), "relative": box(b"url ", b"\0\0\0\0../secret.mp4\0"),
        "concat": box(b"url ", b"\0\0\0\0concat:" + url + b"|" + url + b"\0"), "endless_name": box(b"url ", b"\0\0\0\0" + b"a" * 70_000),
    }
    for name, entry in entries.items():
        for count in (1, 2, 0xFFFFFFFF):
            table = bytes(4) + struct.pack(">I", count) + entry * min(count, 2)
            yield f"reference/{name}-{count}", changed(plain, lambda at, body, table=table: table if at == b"dref" else body)
    movie = box(b"rmra", box(b"rmda", box(b"rdrf", b"\0\0\0\0url " + struct.pack(">I", len(url) + 1) + url + b"\0")))
    yield "reference/movie", box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", movie)
    avi = (SMALL / "avi/sample.avi").read_bytes()
    # The trick of 2017: subtitles inside the footage that are a playlist.
    subtitles = b"GAB2\0\2\0" + struct.pack("<I", 10) + "secret.m3u".encode("utf-16-le") + b"\4\0" + b"#EXTM3U\n#EXTINF:1,\n" + url + b"\n"
    yield "reference/subtitles_behind", avi + subtitles
    at = avi.find(b"movi") + 4
    chunk = b"02sb" + struct.pack("<I", len(subtitles)) + subtitles + b"\0" * (len(subtitles) % 2)
    yield "reference/subtitles_inside", avi[:at] + chunk + avi[at:]
    mkv = (SMALL / "mkv/sample_with_srt.mkv").read_bytes()
    for name in (b"file:///etc/passwd", url, b"../../../../x" * 200):
        attachment = b"\x46\x6e" + struct.pack(">Q", len(name) | 1 << 56) + name
        yield f"reference/attachment-{len(name)}", mkv + b"\x19\x41\xa4\x69" + struct.pack(">Q", len(attachment) | 1 << 56) + attachment


def lying_tables():
    """Counts and sizes that no file could have."""
    whole = {"short": (SMALL / "mp4/sample_audio_only.mp4").read_bytes(), "hevc": (DATA / "video/pytorch+torchcodec/test/resources/h265_video.mp4").read_bytes(),
             "fragmented": (SMALL / "mp4/sample_fragmented.mp4").read_bytes()}
    for source, data in whole.items():
        for number, (at, _, path) in enumerate(boxes(data)):
            for size in LYING_SIZES[number % 2::2] if source == "short" else (LYING_SIZES[number % len(LYING_SIZES)],):
                yield f"size/{source}-{number}-{path[-1].decode('latin-1')}-{size:x}", data[:at] + struct.pack(">I", size) + data[at + 4:]
        for table, skip in ((b"stsz", 8), (b"stts", 4), (b"stsc", 4), (b"stco", 4), (b"ctts", 4), (b"stss", 4), (b"elst", 4), (b"dref", 4), (b"stsd", 4), (b"trun", 4)):
            for count in (0, 0xFFFFFFFF, 0x10000000):
                if table in {path[-1] for _, _, path in boxes(data)}:
                    yield f"count/{source}-{table.decode()}-{count:x}", changed(
                        data, lambda at, body, table=table, skip=skip, count=count:
                        body[:skip] + struct.pack(">I", count) + body[skip + 4:] if at == table else body)
    data = whole["hevc"]
    for name, skip in ((b"mvhd", 12), (b"mdhd", 12)):
        for scale, duration in ((0, 1), (1, 0xFFFFFFFF), (0xFFFFFFFF, 0), (0, 0)):
            yield f"duration/{name.decode()}-{scale:x}-{duration:x}", changed(
                data, lambda at, body, name=name, skip=skip, scale=scale, duration=duration:
                body[:skip] + struct.pack(">II", scale, duration) + body[skip + 8:] if at == name else body)
    for entries, start, rate in ((1, -1, 1), (1_000, 0, 1), (200_000, 0, 1), (200_000, 1, 0), (50_000, -1, -1), (3, 1 << 30, 0x7FFF)):
        table = struct.pack(">II", 0, entries) + struct.pack(">Iihh", 1, start, rate, 0) * entries
        edits = box(b"edts", box(b"elst", table))
        yield f"edits/{entries}-{start}-{rate}", changed(data, lambda at, body, edits=edits: edits + body if at == b"trak" else body)
    for side in (0, 1, 0x7FFF, 0xFFFF):
        yield f"dimensions/{side:x}", changed(
            data, lambda at, body, side=side: body[:8 + 32] + struct.pack(">HH", side, side) + body[8 + 36:] if at == b"stsd" else body)
    movie = next(data[at:at + size] for at, size, path in boxes(data) if path == (b"moov",))
    track = next(data[at:at + size] for at, size, path in boxes(data) if path == (b"moov", b"trak"))
    for many in (2, 65, 1_000, 20_000):
        yield f"streams/{many}", box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", movie[8:] + track * (many - 1))
    for depth in (10, 1_000, 100_000):
        for name in (b"moov", b"trak", b"udta", b"meta"):
            nested = b"".join(struct.pack(">I4s", 8 * (depth - level), name) for level in range(depth))
            yield f"nested/{name.decode()}-{depth}", box(b"ftyp", b"isom\0\0\0\0isom") + nested


def pictures():
    png = b"\x89PNG\r\n\x1a\n"
    for width, height in ((0, 0), (1, 0x7FFFFFFF), (60_000, 60_000), (0xFFFFFFFF, 1), (16_384, 16_384)):
        yield f"picture/png-{width}x{height}", png + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", width, height) + b"\x08\2\0\0\0" + bytes(4) + \
            struct.pack(">I", 16) + b"IDAT" + bytes(40)
    for width, height in ((0, 0), (65_535, 65_535), (65_535, 1)):
        yield f"picture/jpeg-{width}x{height}", b"\xff\xd8\xff\xc0\0\x11\x08" + struct.pack(">HH", height, width) + \
            b"\3\1\x22\0\2\x11\1\3\x11\1\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0" + bytes(400)
    for name, text in (("zTXt", b"Comment\0\0" + bytes(1000)), ("iCCP", b"x\0\0" + bytes(1000)), ("eXIf", b"MM\0*" + b"\xff" * 1000), ("acTL", b"\xff" * 8)):
        yield f"picture/png-{name}", png + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 8, 8) + b"\x08\2\0\0\0" + bytes(4) + \
            struct.pack(">I", len(text)) + name.encode() + text + bytes(4)


def elements():
    """Matroska, transport stream, RIFF, Ogg, FLAC: sizes, counts and chains that lie."""
    mkv = (SMALL / "mkv/sample.mkv").read_bytes()
    for where in (4, 0x28, 0x30, 0x34, 0x40, 0x50, 0x80, 0x100):
        for size in (b"\x01\xff\xff\xff\xff\xff\xff\xff", b"\x01" + b"\0" * 7, b"\xff", b"\x80", b"\0"):
            yield f"element/mkv-{where:x}-{size[:1].hex()}{len(size)}", mkv[:where] + size + mkv[where + len(size):]
    for depth in (10, 1_000, 20_000):
        yield f"element/mkv-nested-{depth}", mkv[:0x28] + (b"\x19\x41\xa4\x69\x01" + b"\xff" * 7) * depth
    packet = b"\x47\x40\0\x10\0\0\xb0"
    for many, declared in ((1, 0x3FD), (40, 0xFFF), (4_000, 0x3FD)):
        section = b"".join(struct.pack(">HH", number & 0xFFFF, 0xE000 | number & 0x1FFF) for number in range(44))
        yield f"element/ts-programs-{many}-{declared:x}", (packet + struct.pack(">H", declared)[1:] + b"\0\1\xc1\0\0" + section)[:188].ljust(188, b"\xff") * many
    for rate in (0, 1, 0xFFFFFFFF):
        for channels, bits in ((0, 0), (0xFFFF, 0xFFFF), (1, 1), (64, 64)):
            yield f"element/wav-{rate:x}-{channels}-{bits}", b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\1\0" + \
                struct.pack("<HIIHH", channels, rate, rate, channels * bits // 8 & 0xFFFF, bits) + b"data\xff\xff\xff\x7f" + bytes(2_000)
    for segments in (0, 1, 255):
        page = b"OggS\0\2" + bytes(20) + bytes([segments]) + b"\xff" * segments
        yield f"element/ogg-{segments}", (page + bytes(255 * segments)) * 3
        yield f"element/ogg-cut-{segments}", page
    for kind in range(0, 128, 9):
        yield f"element/flac-{kind}", b"fLaC" + bytes([kind]) + b"\xff\xff\xff" + bytes(400)
    avi = (SMALL / "avi/sample.avi").read_bytes()
    for name in (b"hdrl", b"strh", b"strf", b"movi", b"idx1", b"avih"):
        at = avi.find(name)
        for size in LYING_SIZES:
            if at > 0:
                yield f"element/avi-{name.decode()}-{size:x}", avi[:at + 4] + struct.pack("<I", size) + avi[at + 8:]


def cuts():
    """Footage that ends at each box, and a byte before and after."""
    for source in (SMALL / "mp4/sample_audio_only.mp4", SMALL / "mp4/sample_fragmented.mp4", DATA / "video/pytorch+torchcodec/test/resources/h265_video.mp4",
                   DATA / "video/drewnoakes+metadata-extractor-images/3gp/sample.3gp"):
        data = source.read_bytes()
        ends = sorted({at + size for at, size, _ in boxes(data)} | {at + 8 for at, _, _ in boxes(data)})
        for number, end in enumerate(ends):
            yield f"cut/{source.name}-{end}", data[:max(1, end - 1 + number % 3)]


def seeds(folders):
    for folder in folders:
        paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        for path in paths:
            yield f"seed/{path.relative_to(folder.parent)}", path.read_bytes()


def find_planted(secret, home):
    """How many of the workers that are none are told apart from one that is."""
    playlist = home / "planted"
    playlist.write_bytes(f"#EXTM3U\nfile://{secret}\n".encode())
    wanted = {"follows": str(secret), "nonsense": "the verdict is", "endless": "would not end"}
    found = 0
    for kind, words in wanted.items():
        examined = worker.examine(playlist, program=(sys.executable, HERE / "planted/worker.py", kind), patience_s=PLANTED_SECONDS)
        is_found = any(words in fault for fault in examined.faults())
        print(f"planted {kind}: {'found' if is_found else 'NOT FOUND'}", flush=True)
        found += is_found
    return found, len(wanted)


def main():
    begun = time.monotonic()
    folders = [HERE / "corpus", DATA / "adversarial", *(pathlib.Path(name).resolve() for name in sys.argv[1:])]
    faults, kinds, codes, slowest, largest = [], collections.Counter(), collections.Counter(), 0.0, 0
    with tempfile.TemporaryDirectory(prefix="lapel-hostile-") as name:
        home = pathlib.Path(name)
        secret = home / "secret.mp4"
        secret.write_bytes((SMALL / "mp4/bt601.mov").read_bytes())
        planted = find_planted(secret, home)

        def examine(numbered):
            number, (file, data) = numbered
            path = home / f"{number}.mp4"
            path.write_bytes(data)
            examined = worker.examine(path, job=list(worker.JOBS)[number % len(worker.JOBS)])
            path.unlink()
            return file, examined

        makers = (scripts(secret), references(secret), lying_tables(), pictures(), elements(), cuts(), seeds(folders))
        with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", os.cpu_count() or 1))) as pool:
            for file, examined in pool.map(examine, enumerate(file for maker in makers for file in maker)):
                kinds[file.split("/")[0]] += 1
                codes[examined.code] += 1
                slowest, largest = max(slowest, examined.seconds), max(largest, examined.memory)
                for fault in examined.faults():
                    faults.append(f"{file}: {fault}")
                    print(f"FAULT {faults[-1]}", flush=True)
    count, seconds = sum(kinds.values()), time.monotonic() - begun
    print(f"{count} files {dict(kinds)}, ended with {dict(codes)}; at most {slowest:.1f} s of a processor and {largest >> 20} MiB; {len(faults)} faults, {seconds:.0f} s")
    held = not faults and count >= FILES_MIN and planted[0] == planted[1]
    figures.record("S3", "media files made to hurt, each in the worker under strace",
                   f"{count} files of {len(kinds)} kinds, {len(faults)} faults: nothing asked of the system after the filter, a verdict each, "
                   f"at most {slowest:.1f} s of a processor and {largest >> 20} MiB",
                   f"{FILES_MIN} files, no foreign file or socket opened, each within 120 s and 1 GiB", held, "tools/soak.sh hostile_media", seconds,
                   planted=f"{planted[0]} of {planted[1]} found")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
