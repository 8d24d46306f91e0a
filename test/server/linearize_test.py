#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checker of histories, by histories written by hand: what is possible passes, and each kind of lie is named a lie."""
import base64
import copy
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "soak"))

import linearize  # noqa: E402  (the path above leads there)

MUTATIONS = 2_000


class Story:
    """A history, told in order. Without `wait` a request is answered at once."""

    def __init__(self, length=10, kind="whole"):
        self.history = {"history": "by hand", "length": length, "kind": kind, "events": []}
        self.calls = 0

    def call(self, op, **request):
        self.calls += 1
        if op == "patch":
            request = {"fill": self.calls, "sent": request["bytes"], **request}
        self.history["events"].append({"call": self.calls, "op": op, **request})
        return self.calls

    def back(self, call, status, **answer):
        self.history["events"].append({"return": call, "status": status, **answer})
        return self

    def ask(self, op, status, answer=None, **request):
        return self.back(self.call(op, **request), status, **(answer or {}))

    def patch(self, at, size, status=204, **more):
        answer = {"offset": at + size} if status == 204 else {}
        return self.ask("patch", status, answer, offset=at, bytes=size, **more)

    def head(self, offset):
        return self.ask("head", 200, {"offset": offset})

    def state(self, state, offset):
        return self.ask("state", 200, {"state": state, "offset": offset})

    def kept(self, *runs, recordings=1, admissions=1):
        content = b"".join(bytes([fill]) * count for fill, count in runs)
        self.ask("content", 200, {"base64": base64.b64encode(content).decode()})
        return self.ask("evidence", 200, {"recordings": recordings, "admissions": admissions})

    def verdict(self):
        return linearize.judge(self.history)["verdict"]


def good_stories():
    yield "one client", Story().head(0).patch(0, 4).head(4).patch(4, 6).state("sealing", 10).state("sealed", 10).kept((2, 4), (4, 6))
    story = Story()
    first, second = story.call("patch", offset=0, bytes=4), story.call("patch", offset=0, bytes=3)
    yield "two at once, one wins", story.back(second, 204, offset=3).back(first, 409, offset=3).patch(3, 7).kept((2, 3), (3, 7))
    story = Story()
    first, second = story.call("patch", offset=0, bytes=4), story.call("patch", offset=0, bytes=3)
    yield "two at once, one waits", story.back(second, 423).back(first, 204, offset=4).patch(4, 6).kept((1, 4), (3, 6))
    story = Story()
    story.call("patch", offset=0, bytes=6)
    yield "a cut body counts in part, late", story.head(0).head(5).patch(5, 5).kept((1, 5), (4, 5))
    story = Story()
    story.call("patch", offset=0, bytes=6)
    yield "a cut body does not count", story.head(0).patch(0, 10).kept((3, 10))
    story = Story()
    story.call("patch", offset=0, bytes=4)
    story.call("patch", offset=2, bytes=4)
    yield "two cut bodies, one behind the other where nobody looked", story.head(0).head(5).patch(5, 5).kept((1, 2), (2, 3), (5, 5))
    story = Story()
    head = story.call("head")
    yield "a slow HEAD tells of either moment", story.patch(0, 4).back(head, 200, offset=0).patch(4, 6).kept((2, 4), (3, 6))
    story = Story()
    patch, delete = story.call("patch", offset=0, bytes=10), story.call("delete")
    yield "removed or written", story.back(delete, 423).back(patch, 204, offset=10).ask("delete", 403).kept((1, 10))
    yield "removed", Story().patch(0, 4).ask("delete", 204).ask("head", 404).patch(4, 1, 404).ask("evidence", 200, {"recordings": 0, "admissions": 0})
    yield "checksum that does not hold", Story().patch(0, 4, 460, whole="bad").head(0).patch(0, 10, whole="good").kept((3, 10))
    yield "beyond the end", Story().patch(0, 11, 413).patch(5, 6, 413).patch(12, 1, 409).patch(0, 10).patch(10, 0, 403).kept((4, 10))
    yield "joined", (Story(kind="partial").ask("join", 400).patch(0, 10).state("receiving", 10).patch(10, 0).ask("join", 201)
                     .state("sealed", 10).ask("join", 400).ask("delete", 403).patch(10, 0, 403).kept((2, 10)))
    story = Story(kind="partial").patch(0, 10)
    story.call("join")
    yield "joined by a request that nobody heard answered", story.state("receiving", 10).state("sealed", 10).kept((1, 10))


def bad_stories():
    yield "HEAD goes back", Story().patch(0, 4).head(4).head(0)
    yield "HEAD runs ahead", Story().patch(0, 4).head(5)
    yield "HEAD from a cache after an answer", Story().head(0).patch(0, 4).head(0).patch(4, 6).kept((2, 4), (4, 6))
    story = Story()
    first, second = story.call("patch", offset=0, bytes=4), story.call("patch", offset=0, bytes=3)
    yield "two writers at one offset", story.back(first, 204, offset=4).back(second, 204, offset=3)
    story = Story()
    first, second = story.call("patch", offset=0, bytes=4), story.call("patch", offset=0, bytes=4)
    yield "two writers of one length", story.back(first, 204, offset=4).back(second, 204, offset=4).patch(4, 6)
    yield "an answer one too high", Story().ask("patch", 204, {"offset": 5}, offset=0, bytes=4)
    yield "an answer without its bytes", Story().ask("patch", 204, {"offset": 0}, offset=0, bytes=4)
    yield "bytes of a refused request are kept", Story().patch(0, 4, 409).patch(0, 4).patch(4, 6).kept((1, 4), (3, 6))
    yield "bytes of another request are kept", Story().patch(0, 4).patch(4, 6).kept((1, 3), (2, 7))
    yield "bytes are lost from what is kept", Story().patch(0, 4).patch(4, 6).kept((1, 4), (2, 5))
    yield "acknowledged and then lost", Story().patch(0, 4).patch(0, 10).kept((2, 10))
    yield "refused at its own offset", Story().patch(0, 4, 409)
    yield "refused by an offset where it never stood", Story().patch(0, 4).ask("patch", 409, {"offset": 3}, offset=0, bytes=2)
    yield "busy with nobody about", Story().patch(0, 4).patch(4, 2, 423)
    story = Story()
    yield "busy with readers only", story.back(story.call("patch", offset=0, bytes=1), 423).head(0)
    story = Story()
    first, second = story.call("patch", offset=0, bytes=4), story.call("patch", offset=0, bytes=3)
    yield "each is busy with the other", story.back(first, 423).back(second, 423)
    yield "back from the dead", Story().patch(0, 4).ask("delete", 204).head(4)
    yield "gone without being removed", Story().patch(0, 4).ask("head", 404)
    yield "removed after it was whole", Story().patch(0, 10).ask("delete", 204)
    yield "written after it was whole", Story().patch(0, 10).patch(10, 0).kept((1, 10))
    yield "sealed before it is whole", Story().patch(0, 4).state("sealed", 4)
    yield "sealed, and sealing again", Story().patch(0, 10).state("sealed", 10).state("sealing", 10)
    yield "two recordings", Story().patch(0, 10).kept((1, 10), recordings=2)
    yield "no admission", Story().patch(0, 10).kept((1, 10), admissions=0)
    yield "evidence of what was removed", Story().ask("delete", 204).ask("evidence", 200, {"recordings": 1, "admissions": 1})
    yield "a checksum that did not hold counts", Story().patch(0, 4, whole="bad")
    story = Story()
    story.call("patch", offset=0, bytes=6, sent=3)
    yield "more of a cut body counts than was sent", story.head(4)
    story = Story()
    story.call("patch", offset=0, bytes=6, whole="good")
    yield "a part of a checked body counts", story.head(3)
    story = Story()
    story.call("patch", offset=0, bytes=6)
    yield "a cut body counts twice", story.head(6).patch(6, 4).ask("delete", 403).kept((1, 5), (3, 5))
    story = Story()
    story.call("patch", offset=4, bytes=6)
    yield "a cut body at another offset counts", story.head(6)
    yield "beyond the end and taken", Story().patch(5, 6, 409).patch(0, 10)
    yield "within the end and too long", Story().patch(0, 4, 413)
    yield "joined twice", Story(kind="partial").patch(0, 10).ask("join", 201).ask("join", 201)
    yield "joined before it was whole", Story(kind="partial").patch(0, 4).ask("join", 201)
    yield "refused although it could be joined", Story(kind="partial").patch(0, 10).ask("join", 400).ask("join", 201)
    yield "what is no upload's part is joined", Story().patch(0, 10).ask("join", 201)


# Changes of one answer that no order can explain, whatever else happened: who says so of an upload that has the bytes it has.
def mutate(rng, history):
    """(what was done, the history with one answer changed), or None where this choice has nothing to change."""
    changed = copy.deepcopy(history)
    events = changed["events"]
    calls = {event["call"]: event for event in events if "call" in event}
    answers = [event for event in events if "return" in event]
    offsets = {event["offset"] for event in answers if "offset" in event} | {calls[c].get("offset", 0) for c in calls}
    what = rng.choice(["offset never reached", "offset beyond the end", "won and lost", "kept byte", "evidence", "found what is gone",
                       "an answer of another kind"])
    with_offset = [event for event in answers if "offset" in event and event["status"] in (200, 204)]
    if what == "offset never reached":
        # Only where nobody's cut body could have brought it there.
        if any(c not in {event["return"] for event in answers} for c in calls):
            return None
        event = rng.choice(with_offset)
        event["offset"] = rng.choice([n for n in range(changed["length"] + 2) if n not in offsets] or [changed["length"] + 1])
    elif what == "offset beyond the end":
        rng.choice(with_offset)["offset"] = changed["length"] + rng.randrange(1, 9)
    elif what == "won and lost":
        won = [event for event in answers if calls[event["return"]]["op"] == "patch" and event["status"] == 204 and
               calls[event["return"]]["bytes"] > 0]
        if not won or not any(calls[event["return"]]["op"] == "content" for event in answers):
            return None
        event = rng.choice(won)
        event.pop("offset")
        event["status"] = rng.choice([409, 423, 460, 403, 404])
    elif what == "kept byte":
        content = [event for event in answers if "base64" in event]
        if not content:
            return None
        kept = bytearray(base64.b64decode(content[0]["base64"]))
        kept[rng.randrange(len(kept))] ^= 1 << rng.randrange(8)
        content[0]["base64"] = base64.b64encode(bytes(kept)).decode()
    elif what == "evidence":
        event = [event for event in answers if "recordings" in event][0]
        event[rng.choice(["recordings", "admissions"])] += rng.choice([1, -1])
    elif what == "found what is gone":
        heads = [event for event in answers if calls[event["return"]]["op"] in ("head", "state") and event["status"] == 200]
        if any(calls[event["return"]]["op"] == "delete" for event in answers) or not heads:
            return None
        event = rng.choice(heads)
        event.pop("offset")
        event["status"] = 404
    else:
        event = rng.choice([event for event in answers if calls[event["return"]]["op"] == "head"])
        event["status"] = rng.choice([204, 403, 500, 201])
    return what, changed


def real_histories(count):
    """Histories of the kind that races.py plays, told by an upload made here: one thread, so that which is right is known."""
    rng = random.Random(7)
    for _ in range(count):
        story, length = Story(length=rng.randrange(4, 60)), None
        length, offset, waiting, runs = story.history["length"], 0, [], []
        while offset < length and story.calls < 60:
            if waiting and rng.random() < 0.6:
                call, op, at, size = waiting.pop(rng.randrange(len(waiting)))
                if op == "head":
                    story.back(call, 200, offset=offset)
                elif at == offset and size:
                    offset += size
                    runs.append((call, size))
                    story.back(call, 204, offset=offset)
                elif at == offset:
                    story.back(call, 204, offset=offset)
                else:
                    story.back(call, 409, offset=offset)
            elif rng.random() < 0.3:
                waiting.append((story.call("head"), "head", 0, 0))
            else:
                at = offset if rng.random() < 0.8 else rng.randrange(length)
                size = rng.randrange(min(length - at, 9) + 1)
                waiting.append((story.call("patch", offset=at, bytes=size), "patch", at, size))
        if offset < length:
            story.patch(offset, length - offset)
            runs.append((story.calls, length - offset))
        for call, op, at, size in waiting:
            if op == "head":
                story.back(call, 200, offset=length)
            else:
                story.back(call, 413 if at + size > length else 403)
        yield story.head(length).kept(*runs).history


class Linearize(unittest.TestCase):
    def test_what_can_be_true_passes(self):
        for name, story in good_stories():
            with self.subTest(name):
                self.assertEqual(linearize.judge(story.history), {"history": "by hand", "verdict": "linearizable", "why": ""})

    def test_each_kind_of_lie_is_found(self):
        for name, story in bad_stories():
            with self.subTest(name):
                self.assertEqual(story.verdict(), "not linearizable")

    def test_what_is_no_history_is_not_passed(self):
        twice = Story().head(0)
        twice.back(1, 200, offset=0)
        same_fill = Story().patch(0, 1, fill=3).patch(1, 1, fill=3)
        for story in (Story().back(7, 200), twice, same_fill, Story().ask("dance", 200), Story().ask("head", 200)):
            self.assertEqual(story.verdict(), "malformed")

    def test_one_answer_changed_is_found_every_time(self):
        rng = random.Random(11)
        histories = list(real_histories(60))
        for history in histories:
            self.assertEqual(linearize.judge(history)["verdict"], "linearizable")
        tried, missed = {}, []
        while sum(tried.values()) < MUTATIONS:
            mutation = mutate(rng, rng.choice(histories))
            if mutation is None:
                continue
            what, changed = mutation
            tried[what] = tried.get(what, 0) + 1
            if linearize.judge(changed)["verdict"] == "linearizable":
                missed.append((what, changed))
        print(f"{sum(tried.values())} changes of one answer, {len(missed)} missed: {tried}")
        self.assertEqual(missed, [])
        self.assertGreater(min(tried.values()), 20)


if __name__ == "__main__":
    unittest.main()
