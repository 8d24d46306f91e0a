// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { queryOf } from "./query.js";

test("addresses of the same list become one, and nothing foreign is passed on", () => {
  assert.equal(queryOf(""), "");
  assert.equal(queryOf("?officer=12&q=a%20b"), "q=a+b&officer=12");
  assert.equal(queryOf("?cursor=x&limit=9&q=%20&category=Traffic"), "category=Traffic");
  assert.equal(queryOf("?received_from=2026-11-28T00%3A00%3A00Z&unattributed=true&q=a"), "q=a&unattributed=true&received_from=2026-11-28T00%3A00%3A00Z");
});
