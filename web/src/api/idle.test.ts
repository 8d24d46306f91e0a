// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { idleSeconds, noteInput, notePointer } from "./idle.js";

test("seconds are counted from the last input, whole ones", () => {
  noteInput(10_000);
  assert.equal(idleSeconds(10_999), 0);
  assert.equal(idleSeconds(71_500), 61);
  assert.equal(idleSeconds(9_000), 0);
});

test("a pointer that moves is input, and one that only rests while the page moves is none", () => {
  notePointer({ screenX: 10, screenY: 20 }, 100_000);
  assert.equal(idleSeconds(100_000), 0);
  notePointer({ screenX: 10, screenY: 20 }, 160_000);
  assert.equal(idleSeconds(160_000), 60);
  notePointer({ screenX: 10, screenY: 21 }, 160_000);
  assert.equal(idleSeconds(160_000), 0);
});
