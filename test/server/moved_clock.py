# SPDX-License-Identifier: Apache-2.0
"""A server's clock, ahead by as much as a test says: false_clock.c, compiled once, and the file that it reads."""
import calendar
import contextlib
import pathlib
import struct
import subprocess
import time

DAY_S = 86_400
HERE = pathlib.Path(__file__).resolve().parent


class MovedClock:
    def __init__(self, home):
        self.library, self.offset, self.ahead_s = home / "false_clock.so", home / "clock", 0
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", self.library, HERE / "false_clock.c", "-ldl"], check=True)
        self.offset.write_bytes(bytes(16))
        # The first words of a command that goes by it.
        self.wrapper = ["env", f"LD_PRELOAD={self.library}", f"FALSE_CLOCK={self.offset}"]

    def move(self, seconds):
        """In place: the server has the file mapped. Never back."""
        self.ahead_s += seconds
        self._write(0, self.ahead_s)

    @contextlib.contextmanager
    def standing_still(self):
        """What happens meanwhile all happens at one time."""
        self._write(8, time.time() + self.ahead_s)
        try:
            yield
        finally:
            self._write(8, 0)

    def _write(self, place, seconds):
        with open(self.offset, "r+b") as file:
            file.seek(place)
            file.write(struct.pack("=q", int(seconds * 1_000_000_000)))

    def into_next_month(self):
        """To noon of its 15th, whatever day it is."""
        now = time.gmtime(time.time() + self.ahead_s)
        self.move(calendar.timegm((now.tm_year + now.tm_mon // 12, now.tm_mon % 12 + 1, 15, 12, 0, 0)) - (time.time() + self.ahead_s))

    def into_next_week(self):
        """To noon of its Wednesday, whatever day it is: this week has ended, and that one has not."""
        monday_began = 4 * DAY_S  # 1970 began on a Thursday
        self.move(9.5 * DAY_S - (time.time() + self.ahead_s - monday_began) % (7 * DAY_S))
