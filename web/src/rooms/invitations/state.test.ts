// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { stateOf } from "./state.js";

const now = new Date("2022-12-02T12:00:00Z");
const standing = { revoked_at: null, ends_at: "2022-12-16T12:00:00Z", opened_at: null };

test("a file request waits until its link was opened", () => {
  assert.equal(stateOf(standing, now), "waiting");
  assert.equal(stateOf({ ...standing, opened_at: "2022-12-02T11:00:00Z" }, now), "opened");
});

test("its end is told before that it was opened, and that it was taken back before both", () => {
  const opened = { ...standing, opened_at: "2022-12-02T11:00:00Z" };
  assert.equal(stateOf({ ...opened, ends_at: "2022-12-02T12:00:00Z" }, now), "ended");
  assert.equal(stateOf({ ...opened, ends_at: "2022-12-02T12:00:00Z", revoked_at: "2022-12-02T11:30:00Z" }, now), "revoked");
});
