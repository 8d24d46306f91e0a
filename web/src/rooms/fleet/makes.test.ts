// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MAKES, readmeTable } from "./makes.js";

test("the README says of each make what the page says", () => {
  assert.ok(readFileSync("../README.md", "utf8").includes(readmeTable()), `README.md lacks this table:\n${readmeTable()}`);
});

test("each system that there is a mapping for is in the table, and none is called tried that is not", () => {
  const folder = "../share/imports";
  const mappings = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as { make: string; verified: boolean });
  const listed = MAKES.filter(({ way }) => way === "export");
  assert.deepEqual(mappings.map(({ make }) => make).sort(), listed.map(({ make }) => make).sort());
  for (const { make, verified } of mappings) {
    const told = listed.find((each) => each.make === make)?.tried ?? "";
    assert.equal(told.startsWith("unverified"), !verified, make);
  }
});
