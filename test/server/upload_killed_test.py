# SPDX-License-Identifier: Apache-2.0
"""A 12 MB upload by curl, killed at 20 points, ends in a receipt that verifies.

At every second point curl is killed, at the others the server (kill -9). After each, the offset that HEAD reports must be
one the disk holds: never less than any offset acknowledged before, never more than was sent. At the end the recording has
the file's digest, lapel-verify accepts its receipt, and the ledger checks clean.
"""
import pathlib
import random
import subprocess
import unittest

from harness import Town, sha256, until

SIZE = 12_000_000
POINTS = 20


class UploadKilled(unittest.TestCase):
    def test_killed_at_twenty_points(self):
        seed = random.SystemRandom().randrange(2**32)
        print(f"seed {seed}")
        random.seed(seed)
        data = random.randbytes(SIZE)
        with Town() as town:
            token = town.add_user("clerk", "records")
            town.start()
            location = town.create(token, SIZE, filename="night shift.mp4", sha256=sha256(data)).headers["Location"]
            acknowledged = 0
            cuts = sorted(random.sample(range(1, SIZE), POINTS))
            for number, cut in enumerate(cuts):
                if cut <= acknowledged:
                    continue
                self.send_until(town, location, token, data, acknowledged, cut)
                if number % 2:
                    town.kill()
                    town.start()
                offset = self.settled_offset(town, location, token)
                self.assertGreaterEqual(offset, acknowledged, "an acknowledged byte was lost")
                self.assertLessEqual(offset, cut, "more was acknowledged than was sent")
                acknowledged = offset
            rest = town.home / "rest"
            rest.write_bytes(data[acknowledged:])
            done = subprocess.run(self.curl(town, location, token, acknowledged) + ["--data-binary", f"@{rest}"],
                                  capture_output=True, text=True)
            self.assertEqual(done.stdout, "204", done.stderr)
            # Killed once more between "received" and "sealed": sealing goes on without the client.
            town.kill()
            town.start()
            state = town.wait_state(location, token)
            self.assertEqual(state["state"], "sealed", state)
            recording = state["recording"]
            shown = town.request("GET", f"/api/v1/recordings/{recording}", token).json()
            self.assertEqual(shown["sha256"], sha256(data))
            self.assertEqual(shown["bytes"], SIZE)
            self.assertEqual(shown["filename"], "night shift.mp4")
            receipt = town.receipt(recording, token)
            code, words = town.verify(receipt, data)
            self.assertEqual(code, 0, words)
            code, words = town.verify(receipt, data[:-1] + bytes([data[-1] ^ 1]))
            self.assertEqual(code, 6, words)
            self.assertEqual(town.stop(), 0)
            self.assertEqual(town.check_ledger(), (0, []))
            self.assertEqual(list((town.data / "uploads").iterdir()), [])

    def curl(self, town, location, token, offset):
        return ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PATCH", town.url + location,
                "-H", f"Authorization: Bearer {token}", "-H", "Tus-Resumable: 1.0.0", "-H", f"Upload-Offset: {offset}",
                "-H", "Content-Type: application/offset+octet-stream", "-H", "Expect:"]

    def send_until(self, town, location, token, data, offset, cut):
        """curl is given the bytes up to `cut` of a longer body and then killed, or left with a dead server."""
        curl = subprocess.Popen(self.curl(town, location, token, offset) + ["-T", "-"], stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            curl.stdin.write(data[offset:cut])
            curl.stdin.flush()
        except BrokenPipeError:
            pass
        curl.kill()
        curl.wait()
        curl.stdin.close()

    def settled_offset(self, town, location, token):
        """The server may still be writing what the killed curl had sent: an empty PATCH gets the upload when it has done."""
        answer = until(lambda: town.patch(location, token, town.head_offset(location, token), b""), lambda answer: answer.status not in (409, 423))
        self.assertEqual(answer.status, 204, answer.body)
        return int(answer.headers["Upload-Offset"])


if __name__ == "__main__":
    unittest.main()
