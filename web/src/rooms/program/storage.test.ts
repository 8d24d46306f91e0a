// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { lastMonth } from "./storage.js";

test("the last month is the one before, also over the turn of a year and by UTC", () => {
  assert.equal(lastMonth(new Date("2026-11-29T20:00:00Z")), "2026-10");
  assert.equal(lastMonth(new Date("2026-01-01T00:00:00Z")), "2025-12");
  assert.equal(lastMonth(new Date("2026-03-31T23:30:00-04:00")), "2026-03");
});
