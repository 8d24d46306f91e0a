// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { BEAT_MS, shouldAsk } from "./watch.js";

const LIMIT = 30 * 60_000;
const at = (now: number, lastInput: number, lastAsked: number): boolean => shouldAsk({ idleLimitMs: LIMIT, now, lastInput, lastAsked });

test("the server is asked once a minute, whether somebody is at the keys or only watches", () => {
  for (const lastInput of [0, 59_000]) {
    assert.equal(at(BEAT_MS - 1, lastInput, 0), false);
    assert.equal(at(BEAT_MS, lastInput, 0), true);
    assert.equal(at(BEAT_MS + 1_000, lastInput, BEAT_MS), false);
  }
});

test("once the session may be over, it is asked at every look", () => {
  assert.equal(at(LIMIT - 1, 0, LIMIT - 2), false);
  assert.equal(at(LIMIT, 0, LIMIT - 1), true);
  assert.equal(at(LIMIT + 1, 0, LIMIT), true);
});
