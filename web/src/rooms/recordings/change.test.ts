// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Recording } from "../../api/schema.js";
import { changeable, changeOf, saidOf } from "./change.js";

const known = {
  category: "Traffic",
  incident: null,
  assigned_officer: "a".repeat(32),
  inside_home: null,
  victim_sensitive: false,
  restriction: null,
  may: ["change"],
} as unknown as Recording;

test("what is as it was is not asked for", () => {
  assert.equal(changeOf(known, saidOf(known)), undefined);
  assert.equal(changeOf(known, { ...saidOf(known), category: " Traffic ", incident: " " }), undefined);
});

test("each thing that is another is asked for, and nothing beside it", () => {
  assert.deepEqual(changeOf(known, { ...saidOf(known), category: "" }), { category: null });
  assert.deepEqual(changeOf(known, { ...saidOf(known), incident: " 22-1 " }), { incident: "22-1" });
  assert.deepEqual(changeOf(known, { ...saidOf(known), officer: "" }), { assigned_officer: null });
  assert.deepEqual(changeOf(known, { ...saidOf(known), insideHome: false }), { inside_home: false });
  assert.deepEqual(changeOf(known, { ...saidOf(known), victimSensitive: true, restriction: "minor" }), { victim_sensitive: true, restriction: "minor" });
});

test("what binds who may look is open while nobody has said it, and then only to those who correct", () => {
  assert.deepEqual([...changeable(known)].sort(), ["category", "incident", "insideHome", "victimSensitive"]);
  const said = { ...known, incident: "22-1", inside_home: true, victim_sensitive: true } as Recording;
  assert.deepEqual([...changeable(said)], ["category"]);
  assert.deepEqual([...changeable({ ...said, may: ["change", "reassign"] })].sort(), ["category", "incident", "insideHome", "officer", "victimSensitive"]);
  // A home's recording is not moved to another incident by who could look by it.
  assert.equal(changeable({ ...known, inside_home: true } as Recording).has("incident"), false);
});

test("a lock is set once, by those who may, and nobody changes what they may not", () => {
  const may = { ...known, may: ["change", "restrict"] } as Recording;
  assert.equal(changeable(may).has("restriction"), true);
  assert.equal(changeable({ ...may, restriction: "minor" }).has("restriction"), false);
  assert.equal(changeable({ ...may, may: ["restrict", "reassign"] }).size, 0);
});
