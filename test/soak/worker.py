# SPDX-License-Identifier: Apache-2.0
"""The media worker alone, started as a server starts it, under strace: how it ends, and what it asked the system for after it
was shut in.

Once its filter is in place a worker tries the root directory once, to see it refused, and ends. Whatever else appears among its
calls for files, sockets or processes is a way out, but for one thing that FFmpeg tries in vain: the names of programs in a
transport stream are converted by iconv, which looks for its tables and is refused them.
"""
import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import typing

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "server"))

from harness import BIN  # noqa: E402  (the path above leads there)

VERDICTS = ("whole", "damaged", "unreadable", "not_media")
AFTER_THE_FILTER = ('"/", O_RDONLY|O_CLOEXEC|O_DIRECTORY) = -1 EPERM', "exit_group(0)", "exited with 0")
ICONV = re.compile(r'openat\(AT_FDCWD, "[^"]*/gconv/gconv-modules[^"]*", [A-Z_|]+\) = -1 EPERM ')
CPU_SECONDS_MAX = {"rendition": 6 * 3600}  # as protocol/media.h has them
CPU_SECONDS_MAX_ELSE = 120
MEMORY_BYTES_MAX = 1 << 30
JOBS = {"probe": {}, "poster": {"edge_px": 320}, "filmstrip": {"frames": 10, "height_px": 90},
        "rendition": {"watermark": ["Jane Doe", "jane.doe@example.org"]}, "track": {}}
WALL_SECONDS_MAX = 600


class Examined(typing.NamedTuple):
    job: str
    code: int
    stderr: str
    result: bytes
    picture: int     # bytes of it
    after: list      # strace's lines after the filter; None where there never was one
    seconds: float   # of a processor
    memory: int      # bytes resident at most
    stopped: bool    # by us, because it would not end

    def faults(self):
        """What is wrong, in words; nothing for a worker that did as it should, whatever it made of the file."""
        if self.stopped:
            yield "the worker would not end"
        if self.after is None:
            yield f"the worker was never shut in: {self.code} {self.stderr[-300:]}"
            return
        after = [line for line in self.after if not ICONV.search(line)]
        # One that a limit or a crash ended has said less, never more.
        if self.code == 0:
            if not (len(after) == len(AFTER_THE_FILTER) and all(part in line for part, line in zip(AFTER_THE_FILTER, after))):
                yield f"the worker went on to {after}"
            try:
                result = json.loads(self.result)
                if result["verdict"] not in VERDICTS:
                    yield f"the verdict is {result['verdict']!r}"
            except (ValueError, KeyError):
                yield f"the answer is {self.result[:200]!r}"
        else:
            asked = [line for line in after[1:] if not any(end in line for end in ("+++", "--- SIG", "exit_group("))]
            if asked or AFTER_THE_FILTER[0] not in "".join(after[:1]):
                yield f"the worker went on to {after}"
            yield f"the worker ended with {self.code}: {after[-1:]} {self.stderr[-300:]}"
        if self.seconds > CPU_SECONDS_MAX.get(self.job, CPU_SECONDS_MAX_ELSE) + 1:
            yield f"{self.seconds:.0f} s of processor"
        if self.memory > MEMORY_BYTES_MAX:
            yield f"{self.memory:,} bytes of memory"


def start(program, path, picture, job="probe", **pipes):
    """A program with a worker's descriptors, 3 to 6, and where its answer can be read."""
    question, answer = os.pipe(), os.pipe()
    os.write(question[1], json.dumps({**JOBS[job], "job": job, "v": 1}, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    os.close(question[1])
    with open(path, "rb") as footage:
        # Copies out of their way first, so that a shell can put them there.
        copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
                  for descriptor in (footage.fileno(), question[0], answer[1], picture.fileno())]
    os.close(question[0])
    os.close(answer[1])
    if job == "rendition":  # a sandbox of its own
        program = [*program, "--rendition"]
    placed = " ".join(f"{3 + i}<&{copy} {copy}<&-" for i, copy in enumerate(copies))
    child = subprocess.Popen(["bash", "-c", f'exec {placed}; exec "$@"', "bash", *program], pass_fds=copies, stdin=subprocess.DEVNULL,
                             start_new_session=True, **pipes)
    for copy in copies:
        os.close(copy)
    return child, os.fdopen(answer[0], "rb")


def examine(path, job="probe", program=(BIN / "lapel-media",), patience_s=WALL_SECONDS_MAX):
    strace = shutil.which("strace")
    if not strace:
        raise SystemExit("NOT RUN: strace is missing (Debian: strace)")
    with tempfile.TemporaryDirectory(prefix="lapel-worker-") as home, open(f"{home}/picture", "w+b") as picture, \
            open(f"{home}/stderr", "w+b") as errors:
        child, answer = start([strace, "-f", "-o", f"{home}/trace", "-e", "trace=%file,%network,%process,seccomp", *program], path, picture, job,
                              stdout=subprocess.DEVNULL, stderr=errors)
        late = threading.Event()

        def stop():
            late.set()
            os.killpg(child.pid, 9)
        timer = threading.Timer(patience_s, stop)
        timer.start()
        _, status, used = os.wait4(child.pid, 0)
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        with answer:
            result = answer.read()
        lines = pathlib.Path(home, "trace").read_text(errors="replace").splitlines()
        shut = [i for i, line in enumerate(lines) if "seccomp(SECCOMP_SET_MODE_FILTER" in line]
        return Examined(job, child.returncode, pathlib.Path(home, "stderr").read_text(errors="replace"), result, os.fstat(picture.fileno()).st_size,
                        lines[shut[-1] + 1:] if shut else None, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, late.is_set())
