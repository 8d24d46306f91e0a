# SPDX-License-Identifier: Apache-2.0
"""The list as people use it: searching it, paging through it, and recordings of several files."""
import unittest
import urllib.parse

from harness import TownCase, sha256


class List(TownCase):
    beat = 1

    @classmethod
    def populate(cls):
        cls.clerk = cls.town.add_user("clerk", "records")
        cls.other = cls.town.add_user("detective", "investigator")
        cls.officer = cls.town.add_user("officer", "officer", badge="4711")

    def add(self, data, **values):
        return self.town.upload(self.clerk, data, **values)["recording"]

    def show(self, recording, token=None):
        answer = self.town.request("GET", f"/api/v1/recordings/{recording}", token or self.clerk)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def find(self, text, token=None):
        query = urllib.parse.urlencode({"q": text})
        answer = self.town.request("GET", f"/api/v1/recordings?{query}", token or self.clerk)
        self.assertEqual(answer.status, 200, answer.body)
        return {item["id"] for item in answer.json()["items"]}

    def test_search_looks_in_what_people_remember_whatever_the_case(self):
        street = self.add(b"street", filename="Calle Peña 12.MP4", incident="24-000117", category="Traffic stop")
        wearer = self.add(b"wearer", filename="100%_sure.mp4", wearer="4711", device="X60A0042S")
        self.assertEqual(self.find("calle pEÑA"), {street})
        self.assertEqual(self.find("000117"), {street})
        self.assertEqual(self.find("TRAFFIC"), {street})
        self.assertEqual(self.find("x60a0042s"), {wearer})
        # What would be a pattern in SQL is text here.
        self.assertEqual(self.find("100%_s"), {wearer})
        self.assertEqual(self.find("%"), {wearer})
        self.assertEqual(self.find("' OR 1=1 --"), set())
        # An officer finds what is assigned to them, and learns nothing of the rest.
        self.assertEqual(self.find("SURE", self.officer), {wearer})
        self.assertEqual(self.find("calle", self.officer), set())

    def test_each_query_is_an_event_in_the_askers_own_chain(self):
        def leaves():
            return self.town.events("recordings.listed")
        before = leaves()
        self.find("nothing has this name")
        answer = self.town.request("GET", "/api/v1/recordings?from=1969-12-31T23:59:59Z&to=9999-12-31T23:59:59%2B00:00&limit=2", self.clerk)
        self.assertIn(answer.status, (200, 400))
        self.assertEqual(leaves(), before + (2 if answer.status == 200 else 1))
        # A poster is part of the list that showed it, and a refused query is no act.
        self.town.request("GET", f"/api/v1/recordings/{'0' * 32}/poster", self.clerk)
        self.town.request("GET", "/api/v1/recordings?limit=nonsense", self.clerk)
        self.assertEqual(leaves(), before + (2 if answer.status == 200 else 1))

    def test_a_page_goes_on_after_a_recording_of_the_far_future(self):
        far = self.add(b"clock gone wrong", category="far", recorded_at="9999-12-31T23:59:59Z")
        near = self.add(b"clock right", category="far", recorded_at="2022-12-02T06:00:00Z")
        page = self.town.request("GET", "/api/v1/recordings?category=far&limit=1", self.clerk).json()
        self.assertEqual([item["id"] for item in page["items"]], [far])
        further = self.town.request("GET", f"/api/v1/recordings?category=far&limit=1&cursor={page['next']}", self.clerk)
        self.assertEqual([item["id"] for item in further.json()["items"]], [near])

    def test_equal_bytes_and_first_files_are_named_only_to_who_may_know_of_them(self):
        mine = self.add(b"twice", wearer="4711")
        hidden = self.add(b"twice")
        self.assertEqual(self.show(mine)["same_bytes_as"], [hidden])
        self.assertEqual(self.show(mine, self.officer)["same_bytes_as"], [])
        further = self.add(b"a further file", wearer="4711", group=hidden)
        self.assertEqual(self.show(further)["group"], hidden)
        self.assertIsNone(self.show(further, self.officer)["group"])

    def test_a_view_is_for_who_may_view_when_the_bytes_are_asked_for(self):
        recording = self.add(b"watched")
        opened = self.town.request("POST", f"/api/v1/recordings/{recording}/views", self.clerk,
                                   {"Content-Type": "application/json"}, '{"purpose": "review"}').json()
        self.assertEqual(self.town.request("GET", opened["original"], self.clerk).body, b"watched")
        narrow = self.town.token("clerk", "list", "show")
        for url in (opened["original"], f"/api/v1/recordings/{recording}/filmstrip?view={opened['view']}"):
            refused = self.town.request("GET", url, narrow)
            self.assertEqual(refused.status, 403, refused.body)
        self.assertEqual(self.town.request("GET", opened["original"], self.town.token("clerk", "view")).status, 200)
        self.assertEqual(self.town.request("GET", opened["original"], self.other).status, 404)

    def test_files_of_one_recording_name_its_first_and_are_listed_with_it(self):
        first = self.add(b"part one", filename="cam_1.mp4", recorded_at="2022-12-02T06:00:00Z")
        # Sent out of order; listed in the order of their times.
        third = self.add(b"part three", filename="cam_3.mp4", recorded_at="2022-12-02T06:20:00Z", group=first)
        second = self.add(b"part two", filename="cam_2.mp4", recorded_at="2022-12-02T06:10:00Z", group=first)
        for recording in (first, second, third):
            shown = self.show(recording)
            self.assertEqual(shown["group"], None if recording == first else first)
            self.assertEqual([(clip["id"], clip["sha256"], clip["bytes"]) for clip in shown["clips"]],
                             [(first, sha256(b"part one"), 8), (second, sha256(b"part two"), 8), (third, sha256(b"part three"), 10)])
        for clip, data in zip(self.show(second)["clips"], (b"part one", b"part two", b"part three")):
            receipt = self.town.request("GET", clip["receipt"], self.clerk)
            self.assertEqual(receipt.status, 200)
            code, words = self.town.verify(receipt.body, data)
            self.assertEqual(code, 0, words)
        # The link is in the ledger, in each further file's own admission.
        admitted = self.town.request("GET", f"/api/v1/recordings/{second}/custody", self.clerk).json()["items"][0]
        self.assertEqual(admitted["event"]["group"], first)

    def test_a_group_is_the_first_file_of_ones_own(self):
        first = self.add(b"mine")
        further = self.add(b"mine too", group=first)
        for token, group in ((self.clerk, "not an id"), (self.clerk, "0" * 32), (self.clerk, further), (self.other, first)):
            answer = self.town.create(token, 5, group=group)
            self.assertEqual(answer.status, 400, answer.body)
            self.assertIn('"group"', answer.json()["detail"].replace("\\", ""))

    def test_a_file_that_one_may_not_know_of_is_not_among_the_clips(self):
        mine = self.add(b"of 4711", wearer="4711")
        theirs = self.add(b"of somebody else", group=mine)
        self.assertEqual([clip["id"] for clip in self.show(mine)["clips"]], [mine, theirs])
        self.assertEqual([clip["id"] for clip in self.show(mine, self.officer)["clips"]], [mine])


if __name__ == "__main__":
    unittest.main()
