# SPDX-License-Identifier: Apache-2.0
"""A server on a filesystem of its own, and clients at work: what the campaigns on real filesystems share."""
import json
import pathlib
import sys
import threading
import time

TEST = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TEST), str(TEST / "crash")]

from filesystems import flush, make, mounted  # noqa: E402  (the path above leads there)
from rig import Client, Rig, Upload  # noqa: E402

GIB = 1 << 30
CLIENTS = 6
ANSWERS_BETWEEN_MAX = 25
ERRORS_SHOWN = 2_000  # bytes of the end of what a server said


class Live:
    """A filesystem in an image, a data directory on it, and clients whose memory is elsewhere."""

    def __init__(self, campaign, kind, name, planted=(), options=()):
        self.campaign, self.kind, self.planted, self.options = campaign, kind, planted, options
        self.image = campaign.shop / f"{name}.img"
        self.place = campaign.shop / name

    def __enter__(self):
        make(self.kind, self.image, GIB, *self.options)
        self.mount = mounted(self.kind, self.image, self.place)
        self.mount.__enter__()
        self.rig = Rig(self.campaign.template, at=self.place)
        flush(self.place)
        self.clients = [Client(self.rig, self.campaign.rng.randrange(2**32), i, bytes_max=200_000)
                        for i in range(CLIENTS)]
        return self

    def __exit__(self, *unused):
        self.rig.__exit__()
        self.mount.__exit__(None, None, None)
        self.image.unlink()

    def remount(self):
        self.mount.__exit__(None, None, None)
        self.mount = mounted(self.kind, self.image, self.place)
        self.mount.__enter__()

    def start(self):
        self.rig.start(planted=[self.campaign.template.planted(name) for name in self.planted])

    def wait_for_answers(self):
        enough = self.rig.acks.count + self.campaign.rng.randrange(1, ANSWERS_BETWEEN_MAX)
        if not self.rig.wait_for(lambda: self.rig.acks.count >= enough):
            raise AssertionError(f"the server died by itself: {self.rig.errors()[-ERRORS_SHOWN:]}")

    def failures(self):
        return [repr(client.failure) for client in self.clients if client.failure]


def uploads_of(rig, acks):
    """The uploads whose creation was acknowledged and whose receipt was not."""
    out = {}
    for line in acks.splitlines():
        told = json.loads(line)
        if told["told"] == "created":
            upload = Upload(told["name"], (rig.sources / told["name"]).read_bytes())
            upload.location = f"/api/v1/uploads/{told['upload']}"
            out[told["upload"]] = upload
        elif told["told"] == "receipt":
            out.pop(told["upload"], None)
    return list(out.values())


def wait_until(condition, seconds=10):
    """Looks again every millisecond; true when it came about."""
    end, never = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < end:
        if condition():
            return True
        never.wait(0.001)
    return False
