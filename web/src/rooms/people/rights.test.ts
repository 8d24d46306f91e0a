// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Right } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { COMMON, isUniform, layOut } from "./rights.js";

const right = (action: string, recording: Right["recording"], answer: Right["answer"], rule: string, purpose: string | null = null): Right => ({ action, recording, answer, rule, purpose });

const hidden = { answer: "hide", purposes: [] };

test("an action is one row, whatever the recording and the purpose, and tells each rule once", () => {
  const rows = layOut([
    right("view", "own", "refuse", "a", "review"),
    right("view", "own", "allow", "a", "own_recording"),
    right("view", "own", "refuse", "a", "training"),
    right("view", "supervised", "refuse", "b", "review"),
    right("view", "other", "hide", "a", "review"),
  ]);
  assert.deepEqual(rows, [
    { action: "view", cells: { own: { answer: "allow", purposes: ["own_recording"] }, supervised: { answer: "refuse", purposes: [] }, other: hidden }, rules: ["a", "b"] },
  ]);
  assert.equal(isUniform(rows[0]!), false);
});

test("what everybody may do is left out", () => {
  assert.deepEqual(layOut([right("public", "own", "allow", "p"), right("sign_in", "own", "allow", "s"), right("list", "own", "allow", "l")]).map((row) => row.action), ["list"]);
});

test("the same answer for every recording is uniform, another purpose is another answer", () => {
  const all = ["own", "supervised", "other"] as const;
  assert.equal(isUniform(layOut(all.map((recording) => right("list", recording, "refuse", "l")))[0]!), true);
  assert.equal(isUniform(layOut(all.map((recording, n) => right("view", recording, "allow", "v", n === 0 ? "review" : "training")))[0]!), false);
});

test("every action that a person is told of has a name", () => {
  const rows = readFileSync("../docs/access.csv", "utf8").trim().split("\n").slice(1);
  const actions = new Set(rows.flatMap((row) => row.split(",")[1]!.split(" ")).filter((action) => /^[a-z_]+$/.test(action)));
  assert.ok(actions.size > 30, [...actions].join(" "));
  const nameless = [...actions].filter((action) => !COMMON.includes(action) && m.people.actions[action] === undefined);
  assert.deepEqual(nameless, []);
});
