#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lapel-camera is killed, again and again: what is on its card plays, what is signed of it verifies, and its log says what happened.

    camera_killed.py [POINTS]      200 kills, every second one before a system call that writes, the others at a time

Each kill has a card of its own, and the camera its log through all of them. What is there is read by lapel-verify, by a second reader that
shares no code with it (test/server/camera_footage.py), and by ffmpeg. Afterwards the camera is switched on once more, and has to say that the
run before was cut.
"""
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/server"), str(ROOT / "test")]

import camera_footage  # noqa: E402  (the paths above lead there)
import figures  # noqa: E402
from camera_test import Camera  # noqa: E402
from harness import run  # noqa: E402

SCRIPT = "".join(f"{start} activate\n{start + 2} mute\n{start + 3} mark a hat\n{start + 4} unmute\n{start + 9} deactivate\n" for start in range(3, 40, 12)) + "50 stop\n"
FLAGS = ["--size", "160x90", "--rate", "10", "--bitrate", "150", "--pre-event", "2"]
CALLS = "pwrite64,fdatasync,fsync,rename,link,unlink"
WRITES = 300  # about what a run makes of these calls


def plays(path):
    """Nothing, or what a player complains of."""
    done = run("ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-", check=False)
    return f"{path.name} does not play: {done.stderr[:300]}" if done.returncode or done.stderr else ""


def faults_of_footage(camera, path):
    """What is wrong with one file, and what its signatures say."""
    data, key = path.read_bytes(), bytes.fromhex(camera.key)
    try:
        said, unsigned = camera_footage.verify_footage(data, key)
    except camera_footage.Breach as breach:
        return [f"{path.name}: the second reader finds a breach: {breach}"], []
    if not said:
        return [f"{path.name} has a name and no signature"], []
    code, report = camera.verify(path)
    footage = report["footage"][0]
    wanted = "in_part" if unsigned else "whole" if "end" in said[-1] else "cut"
    out = []
    if footage["standing"] != wanted or (code == 0) != (unsigned == 0) or footage["signatures"] != len(said):
        out.append(f"{path.name}: lapel-verify says {code}, {footage}, and the second reader {wanted}")
    if unsigned:
        # What a cut in the middle of a write left may not play to its end; what is signed does.
        path = path.with_suffix(".signed.mp4")
        path.write_bytes(data[:len(data) - unsigned])
    wrong = plays(path)
    if unsigned:
        path.unlink()
    return out + ([wrong] if wrong else []), said


def faults(camera):
    """All that is wrong on a card, and how many signatures hold there."""
    found, signed = [], {}
    try:
        entries = camera.entries()
    except (camera_footage.Breach, ValueError, KeyError) as breach:
        return [f"log: {breach}"], 0
    for path in camera.footage:
        wrong, said = faults_of_footage(camera, path)
        found += wrong
        if said:
            signed[path.name] = said
    known = {entry["recording"] for entry in entries if entry["event"] == "recording"}
    for name, said in signed.items():
        if said[0]["recording"] not in known:
            found.append(f"{name} was recorded, and the log does not tell of it")
    for entry in entries:
        if entry["event"] == "file" and entry["file"] not in signed:
            found.append(f"the log tells of {entry['file']}, which is not there")
        if entry["event"] == "recorded" and entry["file"]:
            said = signed.get(entry["file"], [])
            last = camera_footage.pieces((camera.card / entry["file"]).read_bytes())[0][-1][1] if said else b""
            if (len(said), hashlib.sha256(last[24:]).hexdigest()) != (entry["fragments"], entry["last"]):
                found.append(f"the log tells of {entry['fragments']} signatures in {entry['file']}, and there are {len(said)}")
    if camera.logs:
        code, report = camera.verify(*camera.logs)
        if code != 0:
            found.append(f"log: {report}")
    return found, sum(map(len, signed.values()))


def killed(camera, rng, number, lasts_s):
    """One run that ends early, and where. False where it had ended by itself."""
    (camera.home / "script").write_text(SCRIPT)
    command = camera.arguments(*FLAGS, "--speed", "fast", "--script", camera.home / "script")
    if number % 2:
        # The kill comes as such a call is entered: it does not happen.
        at = rng.randrange(1, WRITES)
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={CALLS}", "-e", f"inject={CALLS}:signal=SIGKILL:when={at}", *command]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return done.returncode != 0
    camera_process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        camera_process.wait(timeout=rng.uniform(0, lasts_s))
        return False
    except subprocess.TimeoutExpired:
        camera_process.kill()
        camera_process.wait()
        return True


def one_point(camera, rng, number, lasts_s):
    """A fresh card, a kill, what is found; then the camera is switched on again."""
    camera.card = camera.home / f"card {number}"
    if not killed(camera, rng, number, lasts_s):
        return None
    had_begun = camera.card.exists() and any(path.stat().st_size for path in camera.logs)
    found, signatures = faults(camera) if had_begun else ([], 0)
    camera.record("1 stop\n", video=FLAGS)
    again, _ = faults(camera)
    left = [path.name for path in camera.card.iterdir() if path.name.startswith(".")]
    if left:
        again.append(f"{left} stays without a name")
    if had_begun and "unclean" not in camera.events() and camera.entries()[-1]["event"] == "off" and len(camera.logs) > 1:
        first = camera_footage.verify_log([camera.logs[0].read_bytes()], bytes.fromhex(camera.key))
        if first and first[-1]["event"] != "off":
            again.append("the run that was cut is not told of by the next")
    return found + again, signatures


def sign(seed, message):
    """Ed25519, by RFC 8032: for a camera that signs what it should not."""
    hashed = hashlib.sha512(seed).digest()
    secret = int.from_bytes(hashed[:32], "little") & ((1 << 254) - 8) | 1 << 254

    def encoded(point):
        inverse = pow(point[2], -1, camera_footage.PRIME)
        x, y = point[0] * inverse % camera_footage.PRIME, point[1] * inverse % camera_footage.PRIME
        return (y | (x & 1) << 255).to_bytes(32, "little")
    public = encoded(camera_footage.times(secret, camera_footage.BASE))
    nonce = int.from_bytes(hashlib.sha512(hashed[32:] + message).digest(), "little") % camera_footage.ORDER
    first = encoded(camera_footage.times(nonce, camera_footage.BASE))
    challenge = int.from_bytes(hashlib.sha512(first + public + message).digest(), "little")
    return first + ((nonce + challenge * secret) % camera_footage.ORDER).to_bytes(32, "little")


def planted(camera):
    """How many of the bugs that a camera might have the harness sees, of how many."""
    camera.card = camera.home / "planted"
    camera.record("3 activate\n8 deactivate\n9 stop\n", video=FLAGS)
    [path], [log] = camera.footage, camera.logs
    good, lines = path.read_bytes(), log.read_bytes().splitlines(keepends=True)
    if faults(camera)[0]:
        raise SystemExit(f"what is good is called bad: {faults(camera)[0]}")
    pieces, _ = camera_footage.pieces(good)
    whole = [covered + box for covered, box in pieces]

    def sees(footage=good, text=b"".join(lines)):
        path.write_bytes(footage)
        log.write_bytes(text)
        return bool(faults(camera)[0])
    before_recorded = b"".join(line for line in lines if b'"recorded"' not in line and b'"off"' not in line)
    covered, box = pieces[0]
    mute = covered.replace(b"avcC", b"free")  # signed, and no player can do anything with it
    entry = json.loads(box[24 + len(camera_footage.CAPTURE_DOMAIN):-64])
    entry["sha256"] = hashlib.sha256(mute).hexdigest()
    text = camera_footage.CAPTURE_DOMAIN + camera_footage.canonical(entry) + b"\n"
    signed = text + sign(bytes.fromhex((camera.state / "signing_key").read_text()), text)
    unplayable = mute + (24 + len(signed)).to_bytes(4, "big") + box[4:24] + signed
    tries = {
        "a fragment that is signed before it is written": sees(b"".join(whole[:2]) + pieces[2][1], before_recorded),
        "a name before the first fragment is signed": sees(pieces[0][0], before_recorded),
        "an end that the log tells of before it is written": sees(b"".join(whole[:-1])),
        "footage that the log does not tell of": sees(good, b"".join(lines[:2])),
        "a log that loses a line": sees(good, b"".join(lines[:3] + lines[4:])),
        "a beginning that does not play": sees(unplayable, before_recorded),
    }
    for what in (what for what, is_seen in tries.items() if not is_seen):
        print("NOT SEEN:", what)
    return sum(tries.values()), len(tries)


def campaign(points, seed=9):
    """(faults, kills, signatures that held, planted bugs seen, of how many)"""
    rng, camera = random.Random(seed), Camera()
    try:
        camera.card = camera.home / "whole"
        began = time.monotonic()
        camera.record(SCRIPT, video=FLAGS)
        lasts_s = time.monotonic() - began
        found, kills, signatures, number = [], 0, 0, 0
        while kills < points:
            number += 1
            if number > 20 * points + 100:
                raise SystemExit("the camera ends before it is killed")
            outcome = one_point(camera, rng, number, lasts_s)
            if outcome is None:
                continue
            kills += 1
            found += [f"kill {number}: {fault}" for fault in outcome[0]]
            signatures += outcome[1]
        seen, of = planted(camera)
        return found, kills, signatures, seen, of
    finally:
        camera.close()


def main():
    points = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    began = time.monotonic()
    found, kills, signatures, seen, of = campaign(points)
    for fault in found[:20]:
        print("FAULT", fault)
    value = f"{kills} kills, {signatures} signatures held, {len(found)} faults"
    print(f"{value}; planted: {seen} of {of} found; {time.monotonic() - began:.0f} s")
    figures.record("R19", "a camera killed while it records: what is on its card plays and verifies, and its log tells of it", value,
                   "200 kills, 0 faults", not found and kills >= 200 and signatures > 0, "tools/soak.sh camera_killed",
                   time.monotonic() - began, f"{seen} of {of} found")
    sys.exit(0 if not found and seen == of else 1)


if __name__ == "__main__":
    main()
