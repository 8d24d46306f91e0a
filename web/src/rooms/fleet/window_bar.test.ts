// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { barOf } from "./window_bar.js";

test("a bar has the day and the window on it", () => {
  assert.deepEqual(barOf(28, 28, 42), { day: 50, opens: 50, closes: 75 });
  assert.equal(barOf(900, 28, 42).day, 100);
});
