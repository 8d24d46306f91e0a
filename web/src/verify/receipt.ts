// SPDX-License-Identifier: Apache-2.0
// Receipts (tlog-proofs whose `extra` opens one leaf) and what they prove about a file.
import { base64, concat, decimal, equal, fromBase64, fromBase64Of, fromUtf8, u64, utf8 } from "./bytes.js";
import {
  type Admission,
  type Event,
  type Heads,
  type Statement,
  privateEntry,
  publicEntry,
  readAdmission,
  readEvent,
  readHeads,
  readStatement,
} from "./entry.js";
import { Fields, parseJson } from "./json.js";
import { checkInclusion, HASH_BYTES, leafHash } from "./merkle.js";
import { type Anchor, type Checkpoint, verifyCheckpoint } from "./note.js";
import { refuse } from "./refusal.js";

export const RECEIPT_BYTES_MAX = 262_144;

/** A witness's clock and the server's may differ by this much before an event comes from the future. */
export const CLOCK_TOLERANCE_S = 300;

const MAGIC = "c2sp.org/tlog-proof@v1";
const SALT_BYTES = 32;
const BLIND_BYTES = 32;

interface Proof {
  readonly extra: Uint8Array;
  readonly index: number;
  readonly path: readonly Uint8Array[];
  readonly checkpoint: Uint8Array;
}

/** What one subject's history was at a snapshot. */
export interface Head {
  /** Log index of the subject's event 0. */
  readonly first: number;
  readonly n: number;
  readonly commitment: Uint8Array;
  readonly snapshot: Heads;
}

export type Opened =
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "statement"; readonly statement: Statement }
  | { readonly kind: "head"; readonly statement: Statement; readonly head: Head };

export interface Receipt {
  readonly index: number;
  readonly checkpoint: Checkpoint;
  readonly opened: Opened;
}

export function looksLikeReceipt(bytes: Uint8Array): boolean {
  return equal(bytes.subarray(0, MAGIC.length + 1), utf8(`${MAGIC}\n`));
}

function parseProof(bytes: Uint8Array): Proof {
  if (bytes.length > RECEIPT_BYTES_MAX) refuse(`the receipt is longer than ${RECEIPT_BYTES_MAX} bytes`);
  const text = fromUtf8(bytes, "the receipt");
  const end = text.indexOf("\n\n");
  if (end < 0) return refuse("the receipt has no checkpoint");
  const [magic, extra, index, ...path] = text.slice(0, end).split("\n");
  if (magic !== MAGIC) refuse("this is not a tlog-proof, version 1");
  // The format leaves `extra` out when there is none, but a leaf of this ledger cannot be rebuilt without it.
  if (extra === undefined || !extra.startsWith("extra ")) return refuse("the receipt does not open its leaf");
  if (index === undefined || !index.startsWith("index ")) return refuse("the receipt has no index");
  return {
    extra: fromBase64(extra.slice("extra ".length), "extra"),
    index: decimal(index.slice("index ".length), "the index"),
    path: path.map((line) => fromBase64Of(HASH_BYTES, line, "a hash of the path")),
    checkpoint: utf8(text.slice(end + 2)),
  };
}

/** Verifies everything that a receipt says by itself; throws Refusal with the first thing that is wrong. */
export function verifyReceipt(bytes: Uint8Array, anchor: Anchor): Receipt {
  const proof = parseProof(bytes);
  return verifyProof(proof, verifyCheckpoint(proof.checkpoint, anchor));
}

/** The same under a checkpoint that was verified already, and that the receipt must carry byte for byte. */
export function verifyReceiptUnder(bytes: Uint8Array, checkpoint: Checkpoint): Receipt {
  const proof = parseProof(bytes);
  if (!equal(proof.checkpoint, checkpoint.bytes)) refuse("the receipt stands under another checkpoint");
  return verifyProof(proof, checkpoint);
}

function verifyProof(proof: Proof, checkpoint: Checkpoint): Receipt {
  const leaf = { ledger: checkpoint.origin, index: proof.index };
  const extra = Fields.of(parseJson(proof.extra, "extra"), "extra");
  const { opened, entry } = openLeaf(extra, leaf);
  checkInclusion({ index: proof.index, size: checkpoint.size }, leafHash(entry), proof.path, checkpoint.root);
  if (opened.kind === "event") checkClock(opened.event, checkpoint);
  return { index: proof.index, checkpoint, opened };
}

function openLeaf(
  extra: Fields,
  leaf: { readonly ledger: string; readonly index: number },
): { readonly opened: Opened; readonly entry: Uint8Array } {
  if (extra.has("event")) {
    extra.exactly(["event", "salt"]);
    const event = readEvent(extra.raw("event"), extra.bytes("salt", SALT_BYTES), leaf);
    return { opened: { kind: "event", event }, entry: privateEntry(event.commitment) };
  }
  extra.exactly(["statement"], ["head"]);
  const statement = readStatement(extra.raw("statement"), leaf);
  const entry = publicEntry(statement.json);
  if (!extra.has("head")) return { opened: { kind: "statement", statement }, entry };
  return {
    opened: { kind: "head", statement, head: readHead(extra.object("head"), readHeads(statement)) },
    entry,
  };
}

function readHead(fields: Fields, snapshot: Heads): Head {
  fields.exactly(["blind", "commitment", "first", "n", "path"]);
  const head = {
    first: fields.integer("first"),
    n: fields.integer("n"),
    commitment: fields.bytes("commitment", HASH_BYTES),
    snapshot,
  };
  const path = fields
    .array("path")
    .map((hash) =>
      typeof hash === "string"
        ? fromBase64Of(HASH_BYTES, hash, "a hash of the head's path")
        : refuse("a hash is no string"),
    );
  const entry = concat(fields.bytes("blind", BLIND_BYTES), u64(head.n), head.commitment);
  checkInclusion({ index: head.first, size: snapshot.size }, leafHash(entry), path, snapshot.root);
  return head;
}

function checkClock(event: Event, checkpoint: Checkpoint): void {
  const times = checkpoint.cosignatures.map((cosignature) => cosignature.time);
  for (const time of times) {
    const latestMs = (time + BigInt(CLOCK_TOLERANCE_S)) * 1000n;
    if (BigInt(event.atMs) > latestMs) refuse("the event claims a later time than a witness saw it at");
  }
}

/** The digest and length of a file, however the caller obtained them. */
export interface FileFacts {
  readonly sha256: string;
  readonly bytes: number;
}

/** A file is proven by its admission and by nothing else: other events may name the same digest. */
export function checkFile(receipt: Receipt, file: FileFacts): Admission {
  if (receipt.opened.kind !== "event" || receipt.opened.event.type !== "recording.admitted") {
    return refuse("the receipt is not of an admission, so it proves no file");
  }
  const admission = readAdmission(receipt.opened.event);
  if (admission.bytes !== file.bytes)
    refuse(`the file has ${file.bytes} bytes, the receipt says ${admission.bytes}`);
  if (admission.sha256 !== file.sha256) refuse("the file's SHA-256 is not the one in the receipt");
  return admission;
}

export function describeOpened(opened: Opened): string {
  if (opened.kind === "event")
    return `${opened.event.type}, event ${opened.event.n} of ${opened.event.subject}`;
  if (opened.kind === "statement") return opened.statement.type;
  const { snapshot, n, commitment } = opened.head;
  return `the head at size ${snapshot.size}: event ${n}, ${base64(commitment)}`;
}
