// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { readLink } from "./setup_link.js";

test("an administrator's link is a secret and no more", () => {
  assert.deepEqual(readLink("#abc-_1"), { secret: "abc-_1", login: undefined });
  assert.deepEqual(readLink(""), { secret: "", login: undefined });
});

test("a person's link says who they sign in as, whatever the letters", () => {
  assert.deepEqual(readLink("#abc.aGlsbA"), { secret: "abc", login: "hill" });
  assert.deepEqual(readLink("#abc.0L_Qs9C-"), { secret: "abc", login: "пго" });
});

test("a link that was copied in part is none", () => {
  assert.deepEqual(readLink("#abc.aGlsb!"), { secret: "", login: undefined });
  assert.deepEqual(readLink("#abc.0L_Q"), { secret: "", login: undefined });
});
