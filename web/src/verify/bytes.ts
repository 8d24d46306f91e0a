// SPDX-License-Identifier: Apache-2.0
// Bytes and their two spellings. Written here rather than taken from Buffer or atob: both accept texts
// that do not re-encode to themselves, and the module has to run in a browser and in Node alike.
import { refuse } from "./refusal.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const SEXTET = new Map([...ALPHABET].map((letter, value) => [letter, value] as const));

// ignoreBOM keeps a leading U+FEFF as a character; without it the decoder would silently drop three bytes.
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Plain comparison: everything compared in this module is public, so its timing tells nothing. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Refuses overlong forms, surrogates, values above U+10FFFF and truncated sequences, on the bytes. */
export function fromUtf8(bytes: Uint8Array, what: string): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return refuse(`${what} is not well-formed UTF-8`);
  }
}

export function u64(value: number | bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value));
  return out;
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function base64(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out += ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63);
    out += left > 1 ? ALPHABET.charAt((group >> 6) & 63) : "=";
    out += left > 2 ? ALPHABET.charAt(group & 63) : "=";
  }
  return out;
}

/** Standard padded base64; any text that does not re-encode to itself is refused. */
export function fromBase64(text: string, what: string): Uint8Array {
  if (text.length % 4 !== 0) refuse(`${what} is not padded base64`);
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const out = new Uint8Array((text.length / 4) * 3 - padding);
  let group = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const padded = i >= text.length - padding;
    const sextet = padded ? 0 : SEXTET.get(text.charAt(i));
    if (sextet === undefined) refuse(`${what} is not base64`);
    group = (group << 6) | (sextet ?? 0);
    if (i % 4 === 3) {
      for (const shift of [16, 8, 0]) if (at < out.length) out[at++] = (group >> shift) & 255;
      group = 0;
    }
  }
  if (base64(out) !== text) refuse(`${what} is not the canonical base64 of its bytes`);
  return out;
}

/** Base64 of exactly `length` bytes. */
export function fromBase64Of(length: number, text: string, what: string): Uint8Array {
  const out = fromBase64(text, what);
  if (out.length !== length) refuse(`${what} has ${out.length} bytes instead of ${length}`);
  return out;
}

/**
 * A decimal without sign, zero or space. The bound is the ledger's one range of integers: a size or an
 * index beyond 2^53-1 could not be named in any statement.
 */
export function decimal(text: string, what: string): number {
  if (!/^(0|[1-9][0-9]*)$/.test(text)) refuse(`${what} is not a plain decimal`);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) refuse(`${what} is beyond 2^53-1`);
  return value;
}
