// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519";
import { sha512 } from "@noble/hashes/sha2";
import { concat, hex, utf8 } from "./bytes.js";
import { isPublicKey, verifyEd25519 } from "./ed25519.js";
import { filled } from "./forge.js";

const { Point } = ed25519;
const L = Point.Fn.ORDER;
const seed = filled(7);
const key = ed25519.getPublicKey(seed);
const message = utf8("a message");
const good = ed25519.sign(message, seed);

function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(Uint8Array.from(bytes).reverse())}`);
}

function bytesOf(value: bigint): Uint8Array {
  return unhex(value.toString(16).padStart(64, "0")).reverse();
}

/** A signature whose R carries a point of order eight: only multiplying by eight hides it. */
function twisted(): Uint8Array {
  const { scalar } = ed25519.utils.getExtendedPublicKey(seed);
  const torsion = Point.fromHex(ED25519_TORSION_SUBGROUP[1] ?? "");
  const r = 12345n;
  const encodedR = Point.BASE.multiply(r).add(torsion).toBytes();
  const k = numberOf(sha512(concat(encodedR, key, message))) % L;
  return concat(encodedR, bytesOf((r + k * scalar) % L));
}

test("an honest signature verifies, under its own key and message only", () => {
  assert.ok(verifyEd25519(key, message, good));
  assert.ok(!verifyEd25519(key, utf8("another"), good));
  assert.ok(!verifyEd25519(ed25519.getPublicKey(filled(8)), message, good));
});

test("RFC 8032's first two test vectors verify", () => {
  const vectors = [
    [
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
  ] as const;
  for (const [publicKey, text, signature] of vectors) {
    assert.ok(verifyEd25519(unhex(publicKey), unhex(text), unhex(signature)));
  }
});

test("S is below the group order: S + L is another spelling of one signature", () => {
  const s = numberOf(good.subarray(32));
  assert.ok(!verifyEd25519(key, message, concat(good.subarray(0, 32), bytesOf(s + L))));
  assert.ok(!verifyEd25519(key, message, concat(good.subarray(0, 32), bytesOf(L))));
  assert.ok(!verifyEd25519(key, message, concat(good.subarray(0, 32), filled(0xff))));
});

test("the equation has no cofactor, unlike the library's own verify", () => {
  assert.ok(ed25519.verify(twisted(), message, key, { zip215: false }), "the library became stricter");
  assert.ok(!verifyEd25519(key, message, twisted()));
});

test("keys of small order, keys off the curve and non-canonical keys are no keys", () => {
  const p = 2n ** 255n - 19n;
  for (const torsion of ED25519_TORSION_SUBGROUP) assert.ok(!isPublicKey(unhex(torsion)), torsion);
  assert.ok(!isPublicKey(bytesOf(2n)), "y = 2 is on no point");
  assert.ok(!isPublicKey(bytesOf(p + 3n)), "y is not reduced");
  assert.ok(!isPublicKey(bytesOf(1n + 2n ** 255n)), "x = 0 has no sign");
  assert.ok(!isPublicKey(key.subarray(1)));
  assert.ok(isPublicKey(key));
});

test("a key of small order would sign anything", () => {
  const identity = bytesOf(1n);
  assert.ok(!verifyEd25519(identity, message, concat(identity, new Uint8Array(32))));
});

test("signatures of the wrong length and every one-bit change are refused", () => {
  assert.ok(!verifyEd25519(key, message, good.subarray(0, 63)));
  assert.ok(!verifyEd25519(key, message, concat(good, Uint8Array.of(0))));
  for (let bit = 0; bit < 512; bit += 5) {
    const changed = Uint8Array.from(good);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.ok(!verifyEd25519(key, message, changed), `bit ${bit}`);
  }
});
