# SPDX-License-Identifier: Apache-2.0
"""A camera that is killed leaves footage that plays and verifies: the fast lane's share of test/soak/camera_killed.py."""
import os
import sys
import unittest

from harness import ROOT

sys.path.append(str(ROOT / "test/soak"))

import camera_killed  # noqa: E402  (the path above leads there)


class Killed(unittest.TestCase):
    def test_what_is_there_plays_and_verifies(self):
        points = int(os.environ.get("LAPEL_CAMERA_KILLS", "8"))
        found, kills, signatures, seen, of = camera_killed.campaign(points)
        self.assertEqual((found, kills), ([], points))
        self.assertGreater(signatures, 0)
        self.assertEqual(seen, of)


if __name__ == "__main__":
    unittest.main()
