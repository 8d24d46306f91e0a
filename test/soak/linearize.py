#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says whether what many clients were told of one upload can be true: is there one order of their requests, each between
its sending and its answer, in which a simple upload would have given every one of these answers?

    linearize.py FILE      prints {"history", "verdict", "why"} for each line of FILE; ends with 1 if one is not "linearizable"

It has nothing of Lapel's code and asks nobody: all it knows is the file and the upload below. FILE has one history a line,
{"history": name, "length": L, "kind": "whole" | "partial", "events": [...]}, its events in the order in which one observer
saw them:
    {"call": id, "op": …}        a request is about to be sent
    {"return": id, "status": …}  its answer is here. A request without one was cut, by either side

The upload. It is open at offset 0 when the history begins, has L bytes to get, and remembers what was written.
    patch {offset, bytes, fill, sent, whole?}: the body is `bytes` times the byte `fill`, of which `sent` were sent
        204 {offset}  open, the request's offset was the upload's, and the body fits: the upload moves to the answer's offset
        409 {offset?} open at another offset: at this one, where the answer says so
        403           whole, sealed or joined                     404  gone
        413           the body would go beyond L                  460  open at this offset; a checksum did not hold; nothing moves
        423           nothing moves, and another request to write, remove or join was under way
        no answer     nothing moves, or, open at this offset, once, at any time after the call, some of the bytes sent count: with
                      `whole` (a checksum) all of them or none, without it any first part of them
    head    200 {offset}: of an upload that is not gone           404  gone
    state   200 {state, offset}: "receiving" while open, "sealing" once whole, "sealed" from some moment after that on; a partial
            upload is "receiving" also when it has all its bytes, and "sealed" once joined      404  gone
    delete  204  open; gone from then on   403  whole, sealed or joined   404  gone   423  as above   no answer: either
    join    201  a partial upload with all its bytes; joined from then on   400  any other   423  as above   no answer: either
    content {base64}: the bytes that are kept in the end, of an upload that is sealed or joined
    evidence {recordings, admissions}: one of each if it is sealed or joined, else none

The search is Wing and Gong's, with Lowe's memory of what was tried. An answer that moves nothing is taken as soon as it
fits, which loses no order. Of the ways in which a cut body may count, only those that another answer could tell apart are
tried. A search that grows over NODES_MAX is "undecided", which is no success.
"""
import base64
import json
import sys

NODES_MAX = 200_000
OPEN, WHOLE, SEALED, JOINED, GONE = "open", "whole", "sealed", "joined", "gone"
WRITERS = ("patch", "delete", "join")


class Op:
    def __init__(self, event, position):
        self.id, self.kind, self.request = event["call"], event["op"], event
        self.call, self.ret = position, None
        self.answer = None
        self.bit = 0

    @property
    def status(self):
        return self.answer["status"] if self.answer else None


class Malformed(Exception):
    """The file is no history; nothing can be said of it."""


def read_ops(history):
    ops = {}
    for position, event in enumerate(history["events"]):
        if "call" in event:
            if event["call"] in ops:
                raise Malformed(f"call {event['call']} twice")
            ops[event["call"]] = Op(event, position)
        else:
            op = ops.get(event["return"])
            if op is None or op.ret is not None:
                raise Malformed(f"an answer to {event['return']} without a call")
            op.ret, op.answer = position, event
    fills = [op.request["fill"] for op in ops.values() if op.kind == "patch"]
    if len(set(fills)) != len(fills) or not all(1 <= fill <= 255 for fill in fills):
        raise Malformed("two bodies have the same fill")
    return list(ops.values())


class Search:
    def __init__(self, history):
        self.length, self.is_partial = history["length"], history["kind"] == "partial"
        self.ops = read_ops(history)
        for i, op in enumerate(self.ops):
            op.bit = 1 << i
        self.answered = sum(op.bit for op in self.ops if op.answer)
        self.by_return = sorted((op for op in self.ops if op.answer), key=lambda op: op.ret)
        # Bytes never change once they count, so what is kept in the end rules out orders from the start.
        self.content = None
        for op in self.ops:
            if op.kind == "content" and op.answer:
                self.content = base64.b64decode(op.answer["base64"])
        # The offsets that some answer tells of, or some request asks to write at.
        self.named = {self.length}
        for op in self.ops:
            if op.answer and "offset" in op.answer:
                self.named.add(op.answer["offset"])
            if op.kind == "patch":
                self.named.add(op.request["offset"])
        self.nodes = 0
        self.furthest = 0
        self.stuck_at = None

    # ---- the upload ----

    def is_full(self, state):
        return state[1] == self.length

    def write(self, state, op, count):
        """The state after `count` bytes of the body counted; None where they cannot be those that are kept."""
        stage, offset, runs = state
        fill = op.request["fill"]
        if self.content is not None and self.content[offset:offset + count] != bytes([fill]) * count:
            return None
        offset += count
        if count:
            runs += ((fill, count),)
        if offset == self.length and not self.is_partial:
            stage = WHOLE
        return stage, offset, runs

    def is_contended(self, op):
        for other in self.ops:
            if other is op or other.kind not in WRITERS or other.status == 423:
                continue
            if other.call < op.ret and (other.ret is None or other.ret > op.call):
                return True
        return False

    def after(self, op, state):
        """The states that the upload may be in once it has given this answer; none where it could not have given it."""
        stage, offset, runs = state
        request, answer, status = op.request, op.answer, op.status
        if op.kind != "content" and op.kind != "evidence" and status == 423:
            return [state] if op.kind in WRITERS and self.is_contended(op) else []
        if op.kind == "patch":
            at, size = request["offset"], request["bytes"]
            goes_beyond = at <= self.length < at + size
            if status == 404:
                return [state] if stage == GONE else []
            if stage == GONE:
                return []
            if status == 413:
                return [state] if goes_beyond else []
            if goes_beyond:
                return []
            if status == 403:
                return [state] if stage != OPEN else []
            if stage != OPEN:
                return []
            if status == 409:
                return [state] if at != offset and answer.get("offset", offset) == offset else []
            if at != offset:
                return []
            if status == 460:
                return [state] if request.get("whole") == "bad" else []
            if status == 204 and request.get("whole") != "bad" and answer["offset"] == offset + size:
                written = self.write(state, op, size)
                return [written] if written else []
            return []
        if op.kind == "head":
            if status == 404:
                return [state] if stage == GONE else []
            return [state] if status == 200 and stage != GONE and answer["offset"] == offset else []
        if op.kind == "state":
            if status == 404:
                return [state] if stage == GONE else []
            if status != 200 or stage == GONE or answer["offset"] != offset:
                return []
            told = answer["state"]
            if stage == WHOLE and told == "sealed":
                return [(SEALED, offset, runs)]
            fits = {OPEN: "receiving", WHOLE: "sealing", SEALED: "sealed", JOINED: "sealed"}[stage] == told
            return [state] if fits else []
        if op.kind == "delete":
            if status == 404:
                return [state] if stage == GONE else []
            if status == 403:
                return [state] if stage in (WHOLE, SEALED, JOINED) else []
            return [(GONE, 0, ())] if status == 204 and stage == OPEN else []
        if op.kind == "join":
            can_be_joined = self.is_partial and stage == OPEN and self.is_full(state)
            if status == 400:
                return [] if can_be_joined else [state]
            return [(JOINED, offset, runs)] if status == 201 and can_be_joined else []
        if op.kind == "content":
            written = b"".join(bytes([fill]) * count for fill, count in runs)
            if stage == WHOLE:
                stage = SEALED
            return [(stage, offset, runs)] if stage in (SEALED, JOINED) and written == self.content else []
        if op.kind == "evidence":
            kept = 1 if stage in (WHOLE, SEALED, JOINED) else 0
            return [state] if (answer["recordings"], answer["admissions"]) == (kept, kept) else []
        raise Malformed(f"no such op: {op.kind}")

    def after_cut(self, op, state):
        """The states that a request without an answer may bring about."""
        stage, offset, runs = state
        if stage != OPEN:
            return []
        if op.kind == "delete":
            return [(GONE, 0, ())]
        if op.kind == "join":
            return [(JOINED, offset, runs)] if self.is_partial and self.is_full(state) else []
        if op.kind != "patch" or op.request["offset"] != offset:
            return []
        size, sent, whole = op.request["bytes"], op.request["sent"], op.request.get("whole")
        if offset + size > self.length:
            return []
        if whole:
            counts = [size] if whole == "good" and sent == size else []
        else:
            counts = [count for count in range(1, sent + 1) if offset + count in self.named]
            others = next((count for count in range(1, sent + 1) if offset + count not in self.named), None)
            if others:
                counts.append(others)
        written = (self.write(state, op, count) for count in counts)
        return [new for new in written if new]

    # ---- the order ----

    def candidates(self, done):
        """Requests that may be next: none that was answered before them is still to come."""
        first = next((op.ret for op in self.by_return if not done & op.bit), None)
        return [op for op in self.ops if not done & op.bit and (first is None or op.call < first)]

    def take_what_fits(self, done, state):
        """Answers that move nothing, as soon as they fit."""
        while True:
            before = done
            for op in self.candidates(done):
                if op.answer and self.after(op, state) == [state]:
                    done |= op.bit
            if done == before:
                return done

    def run(self):
        stack, seen = [(0, (OPEN, 0, ()))], set()
        while stack:
            done, state = stack.pop()
            done = self.take_what_fits(done, state)
            if done & self.answered == self.answered:
                return "linearizable", ""
            if (done, state) in seen:
                continue
            seen.add((done, state))
            self.nodes += 1
            if self.nodes > NODES_MAX:
                return "undecided", f"after {self.nodes} steps"
            if (count := bin(done).count("1")) >= self.furthest:
                self.furthest, self.stuck_at = count, (done, state)
            for op in reversed(self.candidates(done)):
                for new in self.after(op, state) if op.answer else self.after_cut(op, state):
                    stack.append((done | op.bit, new))
        return "not linearizable", self.explain()

    def explain(self):
        """What no order gets beyond."""
        done, state = self.stuck_at
        first = next(op for op in self.by_return if not done & op.bit)
        request = {key: value for key, value in first.request.items() if key != "call"}
        answer = {key: value for key, value in first.answer.items() if key not in ("return", "base64")}
        return (f"{bin(done & self.answered).count('1')} of {bin(self.answered).count('1')} answers fit an upload that is then {state[0]} at "
                f"{state[1]} of {self.length}; request {first.id} does not: {request} was answered {answer}")


def judge(history):
    try:
        verdict, why = Search(history).run()
    except (Malformed, KeyError, TypeError, ValueError) as error:
        verdict, why = "malformed", f"{type(error).__name__}: {error}"
    return {"history": history.get("history"), "verdict": verdict, "why": why}


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    is_good = True
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            verdict = judge(json.loads(line))
            is_good = is_good and verdict["verdict"] == "linearizable"
            print(json.dumps(verdict))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
