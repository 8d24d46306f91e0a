// SPDX-License-Identifier: Apache-2.0
// For tests: one genuine ledger that all attacks start from, and the two things a test can say of a receipt.
import assert from "node:assert/strict";
import { test } from "node:test";
import { admission, ledgerWith, LOG, WITNESS_A, WITNESS_B } from "./forge.js";
import { makeAnchor } from "./note.js";
import { verifyReceipt } from "./receipt.js";
import { Refusal } from "./refusal.js";

export const ANCHOR = makeAnchor(LOG.vkey, [WITNESS_A.vkey, WITNESS_B.vkey]);
export const EVENT = admission();
export const FORGE = ledgerWith(EVENT);
export const SOON = FORGE.cosignedAt;

/** The reason is part of the claim: an attack that another check stops tests nothing. */
export function refused(name: string, bytes: Uint8Array | (() => Uint8Array), why: RegExp): void {
  test(`refused: ${name}`, () => {
    const attack = typeof bytes === "function" ? bytes() : bytes;
    assert.throws(
      () => verifyReceipt(attack, ANCHOR),
      (error) => error instanceof Refusal && why.test(error.message),
    );
  });
}

/** What an honest ledger may hand out must verify. */
export function accepted(name: string, bytes: () => Uint8Array, state: "sealed" | "final"): void {
  test(`accepted: ${name}`, () => assert.equal(verifyReceipt(bytes(), ANCHOR).checkpoint.state, state));
}
