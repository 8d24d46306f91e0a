// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Outcome, Queue, SENDING_MAX, type TransferEvents } from "./queue.js";

/** Stands for the wire: each test says what happens on it. */
class Wire {
  readonly log: string[] = [];
  readonly events: TransferEvents[] = [];
  readonly outcomes: ((outcome: Outcome) => void)[] = [];
  readonly queue = new Queue({
    transfer: (file, _metadata, events) => {
      this.events.push(events);
      const say = (what: string) => {
        this.log.push(`${what} ${file.name}`);
        return Promise.resolve();
      };
      return { start: () => void say("start"), pause: () => say("pause"), discard: () => say("discard") };
    },
    outcome: () => new Promise((resolve) => this.outcomes.push(resolve)),
  });

  add(...names: string[]): void {
    this.queue.add(
      names.map((name) => ({ name, size: 100 }) as File),
      {},
    );
  }
  states(): string {
    return this.queue.list().map((item) => item.state).join(" ");
  }
}

test("no more than the limit are sent at once, and the next follows in order", () => {
  const wire = new Wire();
  wire.add("a", "b", "c", "d");
  assert.equal(SENDING_MAX, 2);
  assert.equal(wire.states(), "sending sending waiting waiting");
  wire.events[1]?.received("/u/b");
  assert.equal(wire.states(), "sending received sending waiting");
  assert.deepEqual(wire.log, ["start a", "start b", "start c"]);
});

test("received is not sealed: only the server's word makes it so", async () => {
  const wire = new Wire();
  wire.add("a");
  wire.events[0]?.progress(100);
  assert.equal(wire.states(), "sending");
  wire.events[0]?.received("/u/a");
  assert.equal(wire.states(), "received");
  wire.outcomes[0]?.({ state: "sealed", recording: "r1", sha256: "00" });
  await Promise.resolve();
  assert.equal(wire.states(), "sealed");
  assert.equal(wire.queue.list()[0]?.recording, "r1");
});

test("a refusal keeps its reason", async () => {
  const wire = new Wire();
  wire.add("a");
  wire.events[0]?.received("/u/a");
  wire.outcomes[0]?.({ state: "refused", why: "other bytes" });
  await Promise.resolve();
  assert.equal(wire.queue.list()[0]?.why, "other bytes");
});

test("a pause keeps the count, ignores late words, and lets another start", () => {
  const wire = new Wire();
  wire.add("a", "b", "c");
  wire.events[0]?.progress(40);
  wire.queue.pause(1);
  wire.events[0]?.progress(60);
  wire.events[0]?.reconnecting();
  wire.events[0]?.failed("cut");
  assert.equal(wire.states(), "paused sending sending");
  assert.equal(wire.queue.list()[0]?.sent, 40);
  wire.queue.resume(1);
  assert.equal(wire.states(), "waiting sending sending");
});

test("pausing all starts nothing, and resuming all starts in order", () => {
  const wire = new Wire();
  wire.add("a", "b", "c");
  wire.queue.pauseAll();
  assert.equal(wire.states(), "paused paused paused");
  assert.deepEqual(wire.log, ["start a", "start b", "pause a", "pause b"]);
  assert.equal(wire.queue.isBusy(), false);
  wire.queue.resumeAll();
  assert.equal(wire.states(), "sending sending waiting");
});

test("a lost connection is told, and progress ends it", () => {
  const wire = new Wire();
  wire.add("a");
  wire.events[0]?.reconnecting();
  assert.equal(wire.states(), "reconnecting");
  wire.events[0]?.progress(10);
  assert.equal(wire.states(), "sending");
});

test("what failed can be resumed", () => {
  const wire = new Wire();
  wire.add("a");
  wire.events[0]?.failed("no");
  assert.equal(wire.states(), "failed");
  wire.queue.resume(1);
  assert.equal(wire.states(), "sending");
});

test("removing discards only what is not whole, and what is being sealed stays", () => {
  const wire = new Wire();
  wire.add("a", "b");
  wire.events[0]?.received("/u/a");
  wire.queue.remove(1);
  wire.queue.remove(2);
  assert.equal(wire.states(), "received");
  assert.deepEqual(wire.log.slice(-1), ["discard b"]);
});
