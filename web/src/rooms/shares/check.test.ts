// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceivedFile } from "../../api/schema.js";
import { check } from "./check.js";

const shared: readonly ReceivedFile[] = [
  { n: 0, filename: "a.mp4", bytes: 3, sha256: "a".repeat(64), recorded_at: null, duration_ms: null, copy: null },
  { n: 1, filename: "", bytes: 4, sha256: "b".repeat(64), recorded_at: null, duration_ms: null, copy: null },
];
const proofs = { key: async () => "no key", receipt: async () => new Uint8Array() };

test("a file of another digest or another length is none of them", async () => {
  assert.deepEqual(await check({ sha256: "c".repeat(64), bytes: 3 }, shared, proofs), { is: "other" });
  assert.deepEqual(await check({ sha256: "a".repeat(64), bytes: 4 }, shared, proofs), { is: "other" });
});

test("without a receipt that verifies, the same digest is not called proven", async () => {
  const checked = await check({ sha256: "b".repeat(64), bytes: 4 }, shared, proofs);
  assert.equal(checked.is, "unproven");
  assert.ok(checked.is === "unproven" && checked.name === "b".repeat(64) && checked.why !== "");
  const asked: number[] = [];
  const failing = { ...proofs, key: async () => Promise.reject(new Error("nobody answers")), receipt: async (n: number) => (asked.push(n), new Uint8Array()) };
  assert.deepEqual(await check({ sha256: "a".repeat(64), bytes: 3 }, shared, failing), { is: "unproven", name: "a.mp4", why: "nobody answers" });
  assert.deepEqual(asked, []);
});
