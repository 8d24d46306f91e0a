// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { changeOf, isChange, ROLES, withRole } from "./roles.js";

test("every role of the contract can be chosen, and no other", () => {
  const contract = parse(readFileSync("../api/openapi.yaml", "utf8")) as { components: { schemas: { Role: { enum: string[] } } } };
  assert.deepEqual([...ROLES].sort(), [...contract.components.schemas.Role.enum].sort());
});

test("a role is given and taken once, whatever the order it was chosen in", () => {
  assert.deepEqual(withRole(["records"], "officer", true), ["officer", "records"]);
  assert.deepEqual(withRole(["officer"], "officer", true), ["officer"]);
  assert.deepEqual(withRole(["records", "officer"], "officer", false), ["records"]);
  assert.deepEqual(withRole(["records"], "officer", false), ["records"]);
});

test("a change tells what is given and what is taken", () => {
  assert.deepEqual(changeOf(["officer", "records"], ["records", "auditor", "command"]), { given: ["command", "auditor"], taken: ["officer"] });
});

test("nothing, and nobody's roles, is no change", () => {
  assert.equal(isChange(["officer", "records"], ["records", "officer"]), false);
  assert.equal(isChange(["officer"], []), false);
  assert.equal(isChange(["officer"], ["officer", "records"]), true);
  assert.equal(isChange(["officer", "records"], ["officer"]), true);
});
