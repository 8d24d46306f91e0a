# SPDX-License-Identifier: Apache-2.0
"""A camera's signature in footage: what it comes to, whose key it is, and that neither can be changed behind the ledger's back."""
import json
import shutil
import sqlite3
import unittest

import camera_footage
from camera_test import Camera
from harness import BIN, ROOT, TownCase, run, until
from ledger_check_test import check

SIGNED = ROOT / "test/data/signed"


class SignedVideo(TownCase):
    @classmethod
    def populate(cls):
        cls.clerk = cls.town.add_user("clerk", "records")

    def key(self, *args, check=True):
        return run(BIN / "lapel", "camera-key", *args, "--data", self.town.data, "--agency", "ashfield-police-department", check=check)

    def add(self, data, **values):
        state = self.town.upload(self.clerk, data, **values)
        self.assertEqual(state["state"], "sealed", state)
        return state["recording"]

    def show(self, recording):
        return self.town.request("GET", f"/api/v1/recordings/{recording}", self.clerk).json()

    def looked_at(self, recording):
        return until(lambda: self.show(recording), lambda shown: shown["media"]["state"] == "done")

    def stands(self, recording, standing):
        return until(lambda: self.show(recording), lambda shown: shown["signature"]["key_is"] == standing)

    def derived(self, recording):
        items = self.town.request("GET", f"/api/v1/recordings/{recording}/custody", self.clerk).json()["items"]
        return [item["event"] for item in items if item["type"] == "recording.derived" and item["event"]["kind"] == "signature"]

    def alter(self, sql, *values):
        catalog = sqlite3.connect(self.town.data / "catalog.db", timeout=60)
        with catalog:
            catalog.execute(sql, values)
        catalog.close()

    def test_who_vouches_for_the_key_is_sealed_with_each_check(self):
        film = (SIGNED / "axis_frame.mp4").read_bytes()
        own, others = self.add(film, device="ACCC8E012345"), self.add(film, device="ACCC8E999999")
        shown = self.looked_at(own)
        self.assertEqual((shown["signature"]["verdict"], shown["signature"]["key_is"], shown["chain_starts_at"]), ("verified", "unknown", "server"))
        self.assertEqual(shown["signature"]["key"]["pem"], (SIGNED / "camera.pem").read_text())
        self.looked_at(others)
        self.key("add", "--serial", "ACCC8E012345", "--key", SIGNED / "camera.pem")
        self.assertEqual(self.stands(own, "of_device")["chain_starts_at"], "camera")
        self.assertEqual(self.stands(others, "of_other_device")["chain_starts_at"], "server")
        # What comes in now is judged by it at once.
        third = self.looked_at(self.add(film, device="ACCC8E012345"))
        self.assertEqual((third["signature"]["key_is"], third["chain_starts_at"]), ("of_device", "camera"))
        self.assertEqual(len(self.derived(third["id"])), 1)
        again = self.key("add", "--serial", "ACCC8E012345", "--key", SIGNED / "camera.pem", check=False)
        self.assertEqual(again.returncode, 5)
        fingerprint = shown["signature"]["key"]["sha256"]
        listed = json.loads(self.key("list", "--json").stdout)["items"]
        self.assertEqual([(key["kind"], key["serial"], key["sha256"], key["revoked_at"]) for key in listed if key["serial"] == "ACCC8E012345"],
                         [("key", "ACCC8E012345", fingerprint, None)])
        self.key("revoke", "--sha256", fingerprint, "--reason", "the camera was stolen")
        self.assertEqual(self.stands(own, "revoked")["chain_starts_at"], "server")
        self.assertEqual([event["key_is"] for event in self.derived(own)], ["unknown", "of_device", "revoked"])
        self.assertEqual({event["verdict"] for event in self.derived(own)}, {"verified"})
        until(lambda: self.show(others), lambda now: now["signature"]["key_is"] == "revoked")

        # Nothing of it can be changed in the catalog without being found.
        code, report = check(self.town.data)
        self.assertEqual((code, report["faults"]), (0, []))
        for sql in ("UPDATE recordings SET signature_key_is = 'of_device' WHERE id = ?", "UPDATE recordings SET signature_verdict = NULL WHERE id = ?",
                    "UPDATE derived_items SET content = REPLACE(content, 'verified', 'unsigned') WHERE kind = 'signature' AND recording = ?",
                    "DELETE FROM derived_items WHERE kind = 'signature' AND recording = ?"):
            with self.subTest(sql):
                before = self.town.rows("SELECT signature_key_is, signature_verdict FROM recordings WHERE id = ?", own)[0]
                item = self.town.rows("SELECT * FROM derived_items WHERE kind = 'signature' AND recording = ?", own)[0]
                self.alter(sql, own)
                self.assertEqual(check(self.town.data)[0], 6)
                self.alter("UPDATE recordings SET signature_key_is = ?, signature_verdict = ? WHERE id = ?", *tuple(before), own)
                self.alter("DELETE FROM derived_items WHERE kind = 'signature' AND recording = ?", own)
                self.alter(f"INSERT INTO derived_items VALUES ({', '.join('?' * len(tuple(item)))})", *tuple(item))
        self.assertEqual(check(self.town.data)[0], 0)

    def test_zz_a_key_that_is_revoked_while_a_check_is_under_way_counts_no_more(self):
        """Last: the key of the others is not trusted after it."""
        film = (SIGNED / "axis_frame.mp4").read_bytes()
        recordings = []
        for number in range(6):
            self.key("add", "--serial", "ACCC8E012345", "--key", SIGNED / "camera.pem")
            listed = json.loads(self.key("list", "--json").stdout)["items"]
            fingerprint, = {key["sha256"] for key in listed if key["revoked_at"] is None and key["serial"] == "ACCC8E012345"}
            recordings.append(self.add(film + bytes(number + 1), device="ACCC8E012345"))
            if number % 2:  # its check has begun, or is done
                until(lambda: self.show(recordings[-1])["media"]["state"], lambda state: state != "waiting")
            self.key("revoke", "--sha256", fingerprint, "--reason", "the camera was stolen")
        for recording in recordings:
            shown = until(lambda: self.show(recording), lambda shown: shown["signature"] and shown["signature"]["key_is"] == "revoked")
            self.assertEqual(shown["chain_starts_at"], "server")

    def test_a_root_vouches_for_what_its_certificates_lead_to(self):
        onvif, chain = self.add((SIGNED / "onvif_frame.mp4").read_bytes()), self.add((SIGNED / "axis_chain.mp4").read_bytes())
        self.assertEqual(self.looked_at(onvif)["signature"]["key_is"], "unknown")
        self.looked_at(chain)
        self.key("add", "--root", SIGNED / "other_root.pem")
        self.key("add", "--root", SIGNED / "root.pem")
        for recording in (onvif, chain):
            shown = self.stands(recording, "of_root")
            self.assertEqual(shown["chain_starts_at"], "camera")
            self.assertIn("a root that this agency trusts", shown["chain_note"])
            self.assertEqual(shown["signature"]["chain"][1], "CN=Lapel Test Camera Factory 3,O=Lapel Test Works")
        # It vouches for every camera of its maker: of which one this is, the signed serial says.
        another = self.add((SIGNED / "axis_chain.mp4").read_bytes(), device="SOME-OTHER-CAMERA")
        shown = self.looked_at(another)
        self.assertEqual((shown["signature"]["verdict"], shown["signature"]["key_is"], shown["chain_starts_at"]), ("verified", "of_other_device", "server"))
        self.assertIn("not shown", shown["chain_note"])

    def test_an_open_camera_signs_sound_as_well_and_its_chain_starts_there(self):
        camera = Camera("BC-7")
        self.addCleanup(shutil.rmtree, camera.home)
        camera.record(None, "--events", "1", "--event-seconds", "4", "--pre-event", "0")
        film = camera.footage[0].read_bytes()
        key = camera.home / "key"
        key.write_text(camera.key + "\n")
        first = self.looked_at(self.add(film, device="BC-7"))
        found = first["signature"]
        self.assertEqual((found["scheme"], found["verdict"], found["key_is"], first["chain_starts_at"]), ("lapel_camera", "verified", "unknown", "server"))
        self.assertEqual((found["pictures"], found["pictures_valid"]), (120, 120))
        self.assertEqual((found["product"]["serial"], found["key"]["kind"], found["cut_off"], found["sound"]), ("BC-7", "Ed25519", False, True))
        self.assertIn("sound and the file's own times as well", found["words"])
        self.key("add", "--serial", "BC-7", "--key", key)
        self.assertEqual(self.stands(first["id"], "of_device")["chain_starts_at"], "camera")

        # Cut where a signature ends, with bytes behind it, and with one bit of its sound another.
        boxes = [at for at in range(len(film)) if film.startswith(camera_footage.USER_TYPE, at)]
        ends = [at - 8 + int.from_bytes(film[at - 8:at - 4], "big") for at in boxes]
        cut = self.looked_at(self.add(film[:ends[1]], device="BC-7"))
        self.assertEqual((cut["signature"]["verdict"], cut["signature"]["cut_off"], cut["chain_starts_at"]), ("verified", True, "camera"))
        self.assertIn("The camera's own end is missing", cut["signature"]["words"])
        more = self.looked_at(self.add(film[:boxes[2] - 8], device="BC-7"))
        self.assertEqual((more["signature"]["verdict"], more["chain_starts_at"]), ("verified_with_gaps", "server"))
        self.assertEqual((more["signature"]["pictures_valid"], more["signature"]["pictures_uncovered"]), (60, 30))
        track = json.loads(run("ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", "packet=pos,size", "-of", "json",
                               camera.footage[0]).stdout)["packets"]
        sound = next(packet for packet in track if int(packet["pos"]) > ends[1])
        bent = bytearray(film)
        bent[int(sound["pos"]) + int(sound["size"]) // 2] ^= 1
        altered = self.looked_at(self.add(bytes(bent), device="BC-7"))
        self.assertEqual((altered["signature"]["verdict"], altered["chain_starts_at"]), ("altered", "server"))
        self.assertEqual(altered["signature"]["breach"], "the bytes before signature 2 are not those that it signed")
        self.assertEqual((altered["signature"]["pictures_valid"], altered["signature"]["pictures_altered"]), (60, 60))
        self.assertEqual(check(self.town.data)[0], 0)

    def test_what_is_not_signed_says_so_and_what_is_no_key_is_refused(self):
        shown = self.looked_at(self.add((SIGNED / "plain.mp4").read_bytes()))
        self.assertIsNone(shown["signature"])
        self.assertEqual(shown["chain_note"], "Nobody signed this file before it came in; custody is shown from this server on.")
        listed = self.town.request("GET", "/api/v1/recordings", self.clerk).json()["items"]
        self.assertTrue(all(item["signature"] is None for item in listed))
        for args in (("--serial", "A", "--key", SIGNED / "root.pem"), ("--root", SIGNED / "camera.pem"), ("--key", SIGNED / "camera.pem"),
                     ("--serial", "A", "--key", SIGNED / "plain.mp4"), ("--serial", "A", "--root", SIGNED / "root.pem"), ()):
            refused = self.key("add", *args, check=False)
            self.assertEqual(refused.returncode, 2, (args, refused.stderr))
        unknown = self.key("revoke", "--sha256", "00" * 32, "--reason", "a test", check=False)
        self.assertEqual(unknown.returncode, 3)


if __name__ == "__main__":
    unittest.main()
