// SPDX-License-Identifier: Apache-2.0
// Ed25519 verification as the ledger fixes it: RFC 8032, S < L, the equation without the cofactor.
//
// The library's own verify is not used, for its `zip215: false` still multiplies both sides by eight: it
// accepts signatures whose R or A carries a component of small order, and a verifier that compares
// [S]B - [k]A with R, as most do, refuses them. Two honest verifiers must not differ over one receipt.
import { ed25519 } from "@noble/curves/ed25519";
import { sha512 } from "@noble/hashes/sha2";
import { concat, equal } from "./bytes.js";

const { Point } = ed25519;
const L = Point.Fn.ORDER;

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** A canonical encoding of a point that is not of small order; a key of small order signs anything. */
function publicPoint(key: Uint8Array): InstanceType<typeof Point> | undefined {
  try {
    const point = Point.fromBytes(key, false);
    return point.isSmallOrder() ? undefined : point;
  } catch {
    return undefined;
  }
}

/** A point that a secret can have: whatever else carries a component of small order was made by hand. */
export function isPublicKey(key: Uint8Array): boolean {
  return key.length === 32 && (publicPoint(key)?.isTorsionFree() ?? false);
}

export function verifyEd25519(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false;
  const point = publicPoint(key);
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (point === undefined || s >= L) return false;
  const k = littleEndian(sha512(concat(r, key, message))) % L;
  const expected = Point.BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(k));
  // Comparing encodings also refuses every R that is not canonically encoded.
  return equal(expected.toBytes(), r);
}
