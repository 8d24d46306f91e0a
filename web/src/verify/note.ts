// SPDX-License-Identifier: Apache-2.0
// Verifier keys, signed notes, checkpoints and cosignatures, as C2SP specifies them.
import { sha256 } from "@noble/hashes/sha2";
import { concat, decimal, equal, fromBase64, fromBase64Of, fromUtf8, hex, utf8 } from "./bytes.js";
import { isPublicKey, verifyEd25519 } from "./ed25519.js";
import { EMPTY_ROOT, HASH_BYTES, type TreeHead } from "./merkle.js";
import { BadAnchor, Refusal, refuse } from "./refusal.js";

/** The specification wants at least 16; lines by unknown signers are merely carried. */
export const SIGNATURES_MAX = 64;
export const CHECKPOINT_BYTES_MAX = 65_536;

const LOG_KEY = 0x01;
const WITNESS_KEY = 0x04;
const KEY_ID_BYTES = 4;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const TIMESTAMP_MAX = 2n ** 63n - 1n;

// U+0085 is a Unicode space that the regular expression \s does not know.
const KEY_NAME = /^[^\p{White_Space}+]+$/u;
// U+000A is the one control character that a note may have.
const CONTROL_IN_NOTE = /[\u0000-\u0009\u000b-\u001f]/;

/** What a key, and with it a ledger, may be called. */
export function isKeyName(name: string): boolean {
  return KEY_NAME.test(name) && !CONTROL_IN_NOTE.test(name);
}

export interface VerifierKey {
  readonly vkey: string;
  readonly name: string;
  readonly id: Uint8Array;
  readonly type: number;
  readonly publicKey: Uint8Array;
}

/** Reads `<name>+<id>+<key>`; throws Refusal, because vkeys also stand inside statements. */
export function parseVerifierKey(vkey: string, what = "the verifier key"): VerifierKey {
  // Only the first two plus signs separate: the alphabet of the third part has one of its own.
  const parts = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey);
  if (parts === null) return refuse(`${what} is not of the form name+id+key`);
  const [name, id, key] = parts.slice(1) as [string, string, string];
  if (!isKeyName(name)) refuse(`${what} has a name that no note may carry`);
  const typed = fromBase64(key, `${what}'s key part`);
  const type = typed[0];
  if (type !== LOG_KEY && type !== WITNESS_KEY) return refuse(`${what} is of an unsupported type`);
  if (typed.length !== 1 + PUBLIC_KEY_BYTES) refuse(`${what} has the wrong length`);
  const computed = sha256(concat(utf8(`${name}\n`), typed)).subarray(0, KEY_ID_BYTES);
  if (hex(computed) !== id) refuse(`${what} names an id that its key does not have`);
  const publicKey = typed.subarray(1);
  if (!isPublicKey(publicKey)) refuse(`${what} holds no usable Ed25519 point`);
  return { vkey, name, id: computed, type, publicKey };
}

/** A log key carries the ledger's origin as its name and signs checkpoints only. */
export function parseLogKey(vkey: string, origin: string, what: string): VerifierKey {
  const key = parseVerifierKey(vkey, what);
  if (key.type !== LOG_KEY) refuse(`${what} is not a log key`);
  if (key.name !== origin) refuse(`${what} is the key of another ledger`);
  return key;
}

/** What a verifier was given from elsewhere: one log key, and every witness it insists on. */
export interface Anchor {
  readonly log: VerifierKey;
  readonly witnesses: readonly VerifierKey[];
}

export function makeAnchor(log: string, witnesses: readonly string[] = []): Anchor {
  const read = (vkey: string, what: string, type: number): VerifierKey => {
    try {
      const key = parseVerifierKey(vkey, what);
      return key.type === type ? key : refuse(`${what} is of the wrong type`);
    } catch (error) {
      throw error instanceof Refusal ? new BadAnchor(error.message) : error;
    }
  };
  const anchor = {
    log: read(log, "the log key", LOG_KEY),
    witnesses: [...new Set(witnesses)].map((vkey) => read(vkey, "the witness key", WITNESS_KEY)),
  };
  const keys = [anchor.log, ...anchor.witnesses];
  keys.forEach((key, i) => {
    for (const other of keys.slice(0, i)) {
      // One secret under two names would count as two voices.
      if (equal(key.publicKey, other.publicKey)) throw new BadAnchor("one public key is given for two uses");
      if (key.name === other.name && equal(key.id, other.id))
        throw new BadAnchor("two keys share a name and id");
    }
  });
  return anchor;
}

interface SignatureLine {
  readonly name: string;
  readonly id: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** With its final newline: these are the bytes that were signed. */
  readonly text: string;
  readonly signatures: readonly SignatureLine[];
}

export function parseNote(bytes: Uint8Array): Note {
  const note = fromUtf8(bytes, "the note");
  if (CONTROL_IN_NOTE.test(note)) refuse("the note has a control character");
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) return refuse("the note has no signature block");
  const lines = note
    .slice(split + 2)
    .split("\n")
    .slice(0, -1);
  if (lines.length === 0) refuse("the note has no signature");
  if (lines.length > SIGNATURES_MAX) refuse(`the note has more than ${SIGNATURES_MAX} signatures`);
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): SignatureLine {
  const parts = /^\u2014 ([^ ]+) ([^ ]+)$/u.exec(line);
  if (parts === null) return refuse("a signature line is malformed");
  const [name, encoded] = parts.slice(1) as [string, string];
  if (!KEY_NAME.test(name)) refuse("a signature line has a name that is not allowed");
  const blob = fromBase64(encoded, "a signature");
  if (blob.length <= KEY_ID_BYTES) refuse("a signature is too short");
  return { name, id: blob.subarray(0, KEY_ID_BYTES), signature: blob.subarray(KEY_ID_BYTES) };
}

export interface Cosignature {
  readonly witness: string;
  /** Unix seconds; a bigint because the format allows 2^63-1. */
  readonly time: bigint;
}

export interface Checkpoint extends TreeHead {
  readonly origin: string;
  readonly text: string;
  /** The whole note with its signatures: what "the same checkpoint" means. */
  readonly bytes: Uint8Array;
  /** Valid ones by the anchor's witnesses, one for each: its earliest. */
  readonly cosignatures: readonly Cosignature[];
  /** Witnesses of the anchor that have not cosigned. */
  readonly missing: readonly string[];
  /** Final only if the verifier named a witness and every one that it named has cosigned. */
  readonly state: "sealed" | "final";
}

/** Reads and verifies a checkpoint. A signature by a known key that fails spoils the whole note. */
export function verifyCheckpoint(bytes: Uint8Array, anchor: Anchor): Checkpoint {
  if (bytes.length > CHECKPOINT_BYTES_MAX)
    refuse(`the checkpoint is longer than ${CHECKPOINT_BYTES_MAX} bytes`);
  const note = parseNote(bytes);
  const lines = note.text.split("\n");
  if (lines.length !== 4) refuse("the checkpoint has not exactly three lines");
  const [origin, sizeText, rootText] = lines as [string, string, string, string];
  const size = decimal(sizeText, "the checkpoint's size");
  const root = fromBase64Of(HASH_BYTES, rootText, "the checkpoint's root");
  if (origin !== anchor.log.name) refuse("the checkpoint is of another ledger");
  if (size === 0 && !equal(root, EMPTY_ROOT)) refuse("the root of an empty tree is wrong");

  const linesBy = (key: VerifierKey): readonly SignatureLine[] =>
    note.signatures.filter((line) => line.name === key.name && equal(line.id, key.id));

  const byLog = linesBy(anchor.log);
  if (byLog.length === 0) refuse("the checkpoint is not signed by the log key");
  for (const line of byLog) {
    if (!verifyEd25519(anchor.log.publicKey, utf8(note.text), line.signature))
      refuse("the log's signature is wrong");
  }
  const cosignatures: Cosignature[] = [];
  const missing: string[] = [];
  for (const witness of anchor.witnesses) {
    const times = linesBy(witness).map((line) => cosignatureTime(witness, note.text, line.signature));
    const [first, ...others] = times;
    if (first === undefined) missing.push(witness.name);
    else cosignatures.push({ witness: witness.name, time: others.reduce((a, b) => (b < a ? b : a), first) });
  }
  const state = anchor.witnesses.length > 0 && missing.length === 0 ? "final" : "sealed";
  return { origin, size, root, text: note.text, bytes, cosignatures, missing, state };
}

function cosignatureTime(witness: VerifierKey, text: string, blob: Uint8Array): bigint {
  if (blob.length !== 8 + SIGNATURE_BYTES)
    return refuse(`the cosignature by ${witness.name} has the wrong length`);
  const time = new DataView(blob.buffer, blob.byteOffset, 8).getBigUint64(0);
  if (time > TIMESTAMP_MAX) refuse(`the cosignature by ${witness.name} has an impossible time`);
  const message = utf8(`cosignature/v1\ntime ${time}\n${text}`);
  if (!verifyEd25519(witness.publicKey, message, blob.subarray(8))) {
    refuse(`the cosignature by ${witness.name} is wrong`);
  }
  return time;
}
