// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Offline, readProblem } from "../../api/client.js";
import { DECODE, NETWORK, whyItStopped } from "./stopped.js";

const UNKNOWN_KIND = 4;
const problem = (status: number) => readProblem(status, JSON.stringify({ type: "/problems/x" }));

test("the server's word goes before the player's: over, expired, or why the bytes do not come", () => {
  for (const code of [NETWORK, DECODE, UNKNOWN_KIND, undefined]) {
    const failed = { code, hasBegun: true, isAgain: false };
    assert.equal(whyItStopped(failed, problem(401)).is, "over");
    assert.equal(whyItStopped(failed, problem(410)).is, "expired");
    assert.equal(whyItStopped(failed, problem(416)).is, "cannot");
    for (const answer of [problem(403), problem(502), new Offline("away")]) assert.deepEqual(whyItStopped(failed, answer), { is: "kept", error: answer });
  }
});

test("where the bytes come, it goes on by itself once, and what cannot be decoded not at all", () => {
  assert.equal(whyItStopped({ code: NETWORK, hasBegun: true, isAgain: false }, undefined).is, "stumbled");
  assert.deepEqual(whyItStopped({ code: NETWORK, hasBegun: true, isAgain: true }, undefined), { is: "kept", error: undefined });
  assert.equal(whyItStopped({ code: DECODE, hasBegun: true, isAgain: false }, undefined).is, "cannot");
});

test("a file that never played is tried a second time before it is called one of an unknown kind", () => {
  assert.equal(whyItStopped({ code: UNKNOWN_KIND, hasBegun: false, isAgain: false }, undefined).is, "stumbled");
  assert.equal(whyItStopped({ code: UNKNOWN_KIND, hasBegun: false, isAgain: true }, undefined).is, "cannot");
  assert.equal(whyItStopped({ code: UNKNOWN_KIND, hasBegun: true, isAgain: true }, undefined).is, "kept");
});
