// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { marked, shownMoney, shownValue } from "./figures.js";

test("amounts are grouped and lose no digit", () => {
  for (const [given, shown] of [["0.00", "0.00"], ["999.99", "999.99"], ["1000.00", "1,000.00"], ["166586.73", "166,586.73"], ["100000000000.00", "100,000,000,000.00"], ["9007199254740993.01", "9,007,199,254,740,993.01"]] as const) {
    assert.equal(shownMoney(given), shown);
  }
});

test("what is about so much keeps the mark, and values are shown by their kind", () => {
  assert.equal(marked("5", true), "≈ 5");
  assert.equal(marked("5", false), "5");
  assert.deepEqual(["185000.00", [87, 88], 97, "2022-11-28", "Axon", null].map(shownValue), ["185,000.00", "87 to 88", "97", "2022-11-28", "Axon", ""]);
});
