// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Choices } from "./chosen.js";

test("what was said for a case covers its recordings, and no others", () => {
  const choices = new Choices();
  assert.equal(choices.find("hill", "22-1"), undefined);
  choices.remember("hill", { purpose: "investigation", case: "22-1" });
  assert.deepEqual(choices.find("hill", "22-1"), { purpose: "investigation", case: "22-1" });
  assert.equal(choices.find("hill", "22-2"), undefined);
  assert.equal(choices.find("hill", null), undefined);
  choices.remember("hill", { purpose: "discovery", case: "22-1" });
  assert.equal(choices.find("hill", "22-1")?.purpose, "discovery");
});

test("what one person said is nothing that another did", () => {
  const choices = new Choices();
  choices.remember("hill", { purpose: "review", case: "22-1" });
  assert.equal(choices.find("ruiz", "22-1"), undefined);
  assert.equal(choices.find("hill", "22-1"), undefined, "somebody else was here in between");
});
