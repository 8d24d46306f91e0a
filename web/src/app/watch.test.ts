// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { BEAT_MS, shouldAsk } from "./watch.js";

const LIMIT = 30 * 60_000;
const at = (now: number, lastInput: number, lastAsked: number): boolean => shouldAsk({ idleLimitMs: LIMIT, now, lastInput, lastAsked });

test("input is told once a minute, and not at each key", () => {
  assert.equal(at(10_000, 9_000, 0), false);
  assert.equal(at(BEAT_MS, 59_000, 0), true);
  assert.equal(at(BEAT_MS + 1_000, 60_500, BEAT_MS), false);
});

test("without input nothing is told until the session may be over", () => {
  assert.equal(at(LIMIT - 1, 0, 0), false);
  assert.equal(at(LIMIT, 0, 0), true);
  assert.equal(at(LIMIT + 1, 0, LIMIT), true);
});
