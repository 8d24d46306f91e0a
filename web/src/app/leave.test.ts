// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToReturn, readReturn } from "./leave.js";

test("one comes back to where one was, on this site only", () => {
  assert.equal(pathToReturn("/people/1?tab=a#b"), "/people/1?tab=a#b");
  for (const elsewhere of [null, "", "https://evil.example/", "//evil.example/", "/\\evil.example", "people", "javascript:alert(1)"]) {
    assert.equal(pathToReturn(elsewhere), "/recordings", String(elsewhere));
  }
  assert.equal(pathToReturn("/sign-in"), "/recordings");
  assert.equal(pathToReturn("/sign-in/return?code=1"), "/recordings");
});

test("a return is read as it came", () => {
  assert.deepEqual(readReturn("?code=a%20b&state=s&iss=https%3A%2F%2Flogin.example&session_state=x"), { state: "s", code: "a b", iss: "https://login.example" });
  assert.deepEqual(readReturn("?error=access_denied&state=s"), { state: "s", error: "access_denied" });
  assert.equal(readReturn("?code=a"), undefined);
  assert.equal(readReturn(""), undefined);
});
