// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { clockSentence, gapNumbers, shownOffset } from "./camera_words.js";

test("missing numbers are told as cards write them", () => {
  assert.equal(gapNumbers({ numbers: [121, 122], missing: 2 }), "0121, 0122");
  assert.equal(gapNumbers({ numbers: [9999, 1], missing: 2 }), "9999, 0001");
  assert.equal(gapNumbers({ numbers: Array.from({ length: 50 }, (_, i) => i), missing: 400 }).split(", ").length, 11);
});

test("a clock's error is told in the parts that matter", () => {
  assert.equal(shownOffset(0), "0.0 s");
  assert.equal(shownOffset(2_500), "2.5 s");
  assert.equal(shownOffset(61_000), "1 min 1 s");
  assert.equal(shownOffset(18_002_000), "5 h 0 min 2 s");
  assert.equal(shownOffset(90_000_000), "1 d 1 h");
  const clock = { offset_ms: 61_000, way: "fast", at_least: false, uncertainty_ms: 1000 } as const;
  assert.match(clockSentence(clock), /1 min 1 s ahead/);
  assert.match(clockSentence({ ...clock, way: "slow" }), /behind/);
  assert.match(clockSentence({ ...clock, at_least: true, uncertainty_ms: null }), /at least/);
  assert.doesNotMatch(clockSentence({ ...clock, offset_ms: 900 }), /ahead|behind/);
});
