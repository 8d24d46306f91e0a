#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs transcripts: run.py FILE.lapel... with the programs in LAPEL_BIN (default build/bin).

A transcript is prose for people, and indented by four spaces what they would see at a terminal:

    $ command        run by bash in an empty directory of its own, with the programs on PATH
    output           what it prints must be just this, line by line
    [4]              and its exit code, when it is not 0
    & command        left running; its first line of output follows
    $ stop           asks all that was left running to end: each must end well, with 0
    $ kill           ends by kill -9 what has been running longest
    $ next month     puts the clock of all that is left running on to the 15th of the next month

In output, <name> stands for a word that is not known beforehand. The first time it may be anything without a space; from then
on it is that word, and commands have it as $name; $SAMPLES has footage, $PROGRAMS the sample programs, $EXPORTS makes
exports of other systems, $APP is somebody's authenticator app, and $PORT is a port for a server that comes back to it. Within a
line, ... stands for anything; on a line of its own, for any lines.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("LAPEL_BIN", ROOT / "build/bin")).resolve()
COMMAND_SECONDS_MAX = 120

sys.path.insert(0, str(ROOT / "test/server"))

from moved_clock import MovedClock  # noqa: E402  (the path above leads there)
from ports import free_port  # noqa: E402


class Mismatch(Exception):
    pass


class Step:
    def __init__(self, line, kind, command):
        self.line, self.kind, self.command, self.output, self.code = line, kind, command, [], 0


def read_steps(path):
    steps = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if not text.startswith("    "):
            continue
        text = text[4:]
        if text[:2] in ("$ ", "& "):
            steps.append(Step(number, text[0], text[2:]))
        elif not steps:
            raise Mismatch(f"{path.name}:{number}: output without a command")
        elif steps[-1].command.endswith("\\"):
            steps[-1].command += "\n" + text
        elif re.fullmatch(r"\[\d+\]", text):
            steps[-1].code = int(text[1:-1])
        else:
            steps[-1].output.append(text)
    return steps


class Transcript:
    def __init__(self, path, database=None):
        self.path = path
        self.place = {"PORT": str(free_port()), **({"LAPEL_DATABASE": database} if database else {})}
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="lapel-scenario-"))
        self.words = {}
        self.running = []
        self.clock = None  # that of what is left running, where the transcript moves it

    def pattern(self, line):
        """A line as a regular expression; words known by now as themselves."""
        out, fresh = "", set()
        for part in re.split(r"(<[a-z_]+>|\.\.\.)", line):
            name = part[1:-1]
            if part == "...":
                out += ".*"
            elif re.fullmatch(r"<[a-z_]+>", part) is None:
                out += re.escape(part)
            elif name in self.words:
                out += re.escape(self.words[name])
            elif name in fresh:
                out += f"(?P={name})"
            else:
                out += rf"(?P<{name}>\S+?)"
                fresh.add(name)
        return out

    def match(self, step, lines):
        wanted, at = list(step.output), 0
        while wanted:
            line = wanted.pop(0)
            if line == "...":
                if not wanted:
                    return
                while at < len(lines) and not re.fullmatch(self.pattern(wanted[0]), lines[at]):
                    at += 1
                continue
            found = at < len(lines) and re.fullmatch(self.pattern(line), lines[at])
            if not found:
                raise Mismatch(f"expected: {line}\n     got: {lines[at] if at < len(lines) else '(no more output)'}")
            self.words.update(found.groupdict())
            at += 1
        if at < len(lines):
            raise Mismatch(f"output not in the transcript: {lines[at]}")

    def environment(self):
        return {**os.environ, **self.words, **self.place, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.home), "TZ": "UTC",
                "LC_ALL": "C.UTF-8", "SAMPLES": str(ROOT / "test/data"), "PROGRAMS": str(ROOT / "share/program"),
                "APP": str(ROOT / "test/scenarios/app.py"),
                "EXPORTS": str(ROOT / "test/scenarios/made_exports.py")}

    def perform(self, step):
        if step.kind == "&":
            ahead = " ".join(map(str, self.clock.wrapper)) + " " if self.clock else ""
            self.running.append(subprocess.Popen(["bash", "-c", f"exec {ahead}{step.command}"], cwd=self.home, env=self.environment(),
                                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
            return [self.running[-1].stdout.readline().rstrip("\n")], 0
        if step.command == "next month":
            self.clock.into_next_month()
            return [], 0
        if step.command in ("stop", "kill"):
            if not self.running:
                raise Mismatch("nothing is running")
            if step.command == "kill":
                self.end(signal.SIGKILL)
                return [], 0
            codes = [self.end(signal.SIGTERM) for _ in range(len(self.running))]
            return [], next((code for code in codes if code), 0)
        done = subprocess.run(["bash", "-c", step.command], cwd=self.home, env=self.environment(), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=COMMAND_SECONDS_MAX)
        return done.stdout.splitlines(), done.returncode

    def end(self, how):
        process = self.running.pop(0)
        process.send_signal(how)
        try:
            return process.wait(timeout=COMMAND_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            process.stdout.close()

    def run(self):
        steps = read_steps(self.path)
        if not steps:
            raise Mismatch(f"{self.path.name}: no command in it")
        if any(step.command == "next month" for step in steps):
            self.clock = MovedClock(self.home)
        try:
            for step in steps:
                lines, code = self.perform(step)
                try:
                    self.match(step, lines)
                    if code != step.code:
                        raise Mismatch(f"exit code {code}, expected {step.code}")
                except Mismatch as why:
                    said = "\n".join(lines)
                    raise Mismatch(f"{self.path.name}:{step.line}: {step.kind} {step.command}\n{why}\n---\n{said}") from None
            return len(steps)
        finally:
            while self.running:
                self.end(signal.SIGKILL)
            shutil.rmtree(self.home, ignore_errors=True)


def main(paths):
    failed = 0
    for path in paths:
        try:
            print(f"{path}: {Transcript(pathlib.Path(path)).run()} commands as written")
        except (Mismatch, subprocess.TimeoutExpired) as why:
            failed += 1
            print(f"{path}: FAILED\n{why}")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
