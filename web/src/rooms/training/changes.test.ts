// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { changedKeys, stepTo, versionToShow } from "./changes.js";

const clause = (key: string, change: "same" | "added" | "removed" | "changed") => ({ key, change, heading: [], text: [], mapping: null });

test("the changes are gone through in order, and around", () => {
  const keys = changedKeys({ clauses: [clause("a", "same"), clause("b", "changed"), clause("c", "removed"), clause("d", "same"), clause("e", "added")] });
  assert.deepEqual(keys, ["b", "c", "e"]);
  assert.equal(stepTo(keys, undefined, 1), "b");
  assert.equal(stepTo(keys, undefined, -1), "e");
  assert.equal(stepTo(keys, "b", 1), "c");
  assert.equal(stepTo(keys, "e", 1), "b");
  assert.equal(stepTo(keys, "b", -1), "e");
  assert.equal(stepTo(keys, "gone", 1), "b");
  assert.equal(stepTo([], undefined, 1), undefined);
  assert.deepEqual(changedKeys(undefined), []);
});

test("what is still to be read is shown first", () => {
  assert.equal(versionToShow({ number: 2, next: null, acknowledged: 1 }), 2);
  assert.equal(versionToShow({ number: 2, next: 3, acknowledged: 2 }), 3);
  assert.equal(versionToShow({ number: 2, next: 3, acknowledged: 1 }), 2);
  assert.equal(versionToShow({ number: 2, next: 3, acknowledged: 3 }), 2);
  assert.equal(versionToShow({ number: null, next: 1, acknowledged: null }), 1);
  assert.equal(versionToShow({ number: null, next: null, acknowledged: null }), undefined);
});
