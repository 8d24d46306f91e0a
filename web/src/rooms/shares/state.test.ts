// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { stateOf } from "./state.js";

const NOW = new Date("2026-11-28T12:00:00Z");
const file = { recording: "0".repeat(32), filename: "a.mp4", bytes: 1, sha256: "0".repeat(64), downloaded_at: null, copy: null };
const share = { revoked_at: null, failed_at: null, prepared_at: "2026-11-27T11:00:00.00Z", ends_at: "2026-11-28T12:00:01.00Z", received_at: null, opened_at: null, items: [file] };

test("the last thing that happened to a share is its state", () => {
  const opened = { ...share, opened_at: "2026-11-27T12:00:00.00Z" };
  const downloaded = { ...opened, items: [file, { ...file, downloaded_at: "2026-11-27T12:00:00.00Z" }] };
  const received = { ...downloaded, received_at: "2026-11-27T12:00:00.00Z" };
  assert.deepEqual([share, opened, downloaded, received].map((each) => stateOf(each, NOW)), ["waiting", "opened", "downloaded", "received"]);
});

test("one that has ended or was taken back is that, whatever happened before", () => {
  const received = { ...share, received_at: "2026-11-27T12:00:00.00Z" };
  assert.equal(stateOf({ ...received, ends_at: "2026-11-28T12:00:00.00Z" }, NOW), "ended");
  assert.equal(stateOf({ ...received, ends_at: null }, NOW), "received");
  assert.equal(stateOf({ ...received, ends_at: "2026-11-28T12:00:00.00Z", revoked_at: "2026-11-27T12:00:00.00Z" }, NOW), "revoked");
});

test("until its recordings were read it is being prepared, and it may fail", () => {
  const fresh = { ...share, prepared_at: null };
  assert.equal(stateOf(fresh, NOW), "preparing");
  // Whoever was let in by a code meanwhile has received nothing.
  assert.equal(stateOf({ ...fresh, opened_at: "2026-11-27T12:00:00.00Z" }, NOW), "preparing");
  const failed = { ...fresh, failed_at: "2026-11-27T12:00:00.00Z" };
  assert.equal(stateOf(failed, NOW), "failed");
  assert.equal(stateOf({ ...failed, ends_at: "2026-11-28T12:00:00.00Z" }, NOW), "failed");
  assert.equal(stateOf({ ...fresh, ends_at: "2026-11-28T12:00:00.00Z" }, NOW), "ended");
});
