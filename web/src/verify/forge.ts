// SPDX-License-Identifier: Apache-2.0
// For tests: a ledger in memory that signs whatever it is told to, so that each attack reaches the one check
// that must stop it. Trees are built from RFC 6962's recursive definition, not by the verifier's loops.
import { ed25519 } from "@noble/curves/ed25519";
import { hmac } from "@noble/hashes/hmac";
import { sha256 } from "@noble/hashes/sha2";
import { base64, concat, hex, u64, utf8 } from "./bytes.js";
import { commitmentOf, privateEntry } from "./entry.js";
import { type Json, type JsonObject, writeJson } from "./json.js";
import { EMPTY_ROOT, leafHash, nodeHash } from "./merkle.js";

export type Plain = boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

export function json(value: Plain): Json {
  if (Array.isArray(value)) return value.map(json);
  if (typeof value !== "object") return value;
  return new Map(Object.entries(value).map(([key, member]) => [key, json(member as Plain)] as const));
}

export function object(value: { readonly [key: string]: Plain }): JsonObject {
  return json(value) as JsonObject;
}

export function filled(byte: number, length = 32): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

export interface Signer {
  readonly name: string;
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly type: number;
  readonly id: Uint8Array;
  readonly vkey: string;
}

export function vkeyOf(name: string, type: number, publicKey: Uint8Array, id?: string): string {
  const typed = concat(Uint8Array.of(type), publicKey);
  return `${name}+${id ?? hex(sha256(concat(utf8(`${name}\n`), typed)).subarray(0, 4))}+${base64(typed)}`;
}

export function signer(name: string, seed: Uint8Array, type: 0x01 | 0x04): Signer {
  const publicKey = ed25519.getPublicKey(seed);
  const vkey = vkeyOf(name, type, publicKey);
  const id = sha256(concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey)).subarray(0, 4);
  return { name, seed, publicKey, type, id, vkey };
}

export function signatureLine(name: string, id: Uint8Array, signature: Uint8Array): string {
  return `\u2014 ${name} ${base64(concat(id, signature))}\n`;
}

export function signLine(by: Signer, text: string): string {
  return signatureLine(by.name, by.id, ed25519.sign(utf8(text), by.seed));
}

export function cosignLine(by: Signer, text: string, time: bigint | number): string {
  const signature = ed25519.sign(utf8(`cosignature/v1\ntime ${time}\n${text}`), by.seed);
  return signatureLine(by.name, by.id, concat(u64(time), signature));
}

function split(size: number): number {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return EMPTY_ROOT;
  if (leaves.length === 1) return only;
  const k = split(leaves.length);
  return nodeHash(treeRoot(leaves.slice(0, k)), treeRoot(leaves.slice(k)));
}

export function treePath(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...treePath(index, leaves.slice(0, k)), treeRoot(leaves.slice(k))]
    : [...treePath(index - k, leaves.slice(k)), treeRoot(leaves.slice(0, k))];
}

/** RFC 6962's SUBPROOF: whether the older tree is known to the reader decides if its own root is repeated. */
export function treeConsistency(older: number, leaves: readonly Uint8Array[], known = true): Uint8Array[] {
  if (older === leaves.length) return known ? [] : [treeRoot(leaves)];
  const k = split(leaves.length);
  return older <= k
    ? [...treeConsistency(older, leaves.slice(0, k), known), treeRoot(leaves.slice(k))]
    : [...treeConsistency(older - k, leaves.slice(k), false), treeRoot(leaves.slice(0, k))];
}

/** The parts of a receipt as text, so that a test can put any other text in the place of one. */
export interface ReceiptParts {
  readonly magic: string;
  readonly extra: string;
  readonly index: string;
  readonly path: readonly string[];
  readonly text: string;
  readonly signatures: string;
}

export function assemble(parts: ReceiptParts): Uint8Array {
  const lines = [parts.magic, `extra ${parts.extra}`, `index ${parts.index}`, ...parts.path];
  return utf8(`${lines.join("\n")}\n\n${parts.text}\n${parts.signatures}`);
}

export class Forge {
  readonly leaves: Uint8Array[] = [];

  constructor(
    readonly log: Signer,
    readonly witnesses: readonly Signer[] = [],
    readonly cosignedAt: bigint | number = 1_700_000_000,
  ) {}

  get origin(): string {
    return this.log.name;
  }

  /** Adds any bytes as an entry and gives its index. */
  add(entry: Uint8Array): number {
    return this.leaves.push(leafHash(entry)) - 1;
  }

  addStatement(statement: Json): number {
    return this.add(
      utf8(
        writeJson(
          new Map<string, Json>([
            ["statement", statement],
            ["v", 1],
          ]),
        ),
      ),
    );
  }

  addEvent(event: JsonObject, salt: Uint8Array): number {
    return this.add(privateEntry(commitmentOf(event, salt)));
  }

  addPadding(): number {
    return this.add(privateEntry(hmac(sha256, filled(0x33), u64(this.leaves.length))));
  }

  text(size = this.leaves.length): string {
    return `${this.origin}\n${size}\n${base64(treeRoot(this.leaves.slice(0, size)))}\n`;
  }

  signatures(text: string): string {
    return (
      signLine(this.log, text) + this.witnesses.map((w) => cosignLine(w, text, this.cosignedAt)).join("")
    );
  }

  parts(index: number, extra: string | JsonObject): ReceiptParts {
    const text = this.text();
    return {
      magic: "c2sp.org/tlog-proof@v1",
      extra: base64(utf8(typeof extra === "string" ? extra : writeJson(extra))),
      index: String(index),
      path: treePath(index, this.leaves).map(base64),
      text,
      signatures: this.signatures(text),
    };
  }

  receipt(index: number, extra: string | JsonObject): Uint8Array {
    return assemble(this.parts(index, extra));
  }
}

export function eventExtra(event: JsonObject, salt: Uint8Array): JsonObject {
  return new Map<string, Json>([
    ["event", event],
    ["salt", base64(salt)],
  ]);
}

export function statementExtra(statement: Json): JsonObject {
  return new Map([["statement", statement]]);
}

export const LOG = signer(
  "ledger.example/ashfield",
  Uint8Array.from({ length: 32 }, (_, i) => i),
  0x01,
);
export const WITNESS_A = signer("witness.example/a", filled(0xa1), 0x04);
export const WITNESS_B = signer("witness.example/b", filled(0xb2), 0x04);
export const SALT = filled(0x5a);
export const SUBJECT = "00112233445566778899aabbccddeeff";
export const FILE = utf8("abc");
export const FILE_SHA256 = hex(sha256(FILE));
export const DEVICE = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf";
const DOCK_SEED = filled(0xd0);

export const GENESIS = {
  beat: 60,
  floor: 4,
  heads: 86400,
  key: LOG.vkey,
  ledger: LOG.name,
  policy: "quorum none\n",
  type: "ledger.genesis",
};

export function dockStatement(change: Record<string, Plain> = {}): Record<string, Plain> {
  const unsigned: Record<string, Plain> = {
    at: "2022-12-02T06:12:06.00Z",
    bytes: 3,
    camera_at: "2022-12-02T06:11:59.99Z",
    device: DEVICE,
    file: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
    key: base64(ed25519.getPublicKey(DOCK_SEED)),
    ledger: LOG.name,
    sha256: FILE_SHA256,
    ...change,
  };
  const message = concat(utf8("lapel-dock/v1\n"), utf8(writeJson(json(unsigned))));
  return { ...unsigned, sig: base64(ed25519.sign(message, DOCK_SEED)) };
}

export function admission(change: Record<string, Plain | undefined> = {}): JsonObject {
  const whole: Record<string, Plain | undefined> = {
    actor: "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1",
    at: "2022-12-02T06:12:07.41Z",
    bytes: 3,
    chain_starts_at: "dock",
    device: DEVICE,
    dock: dockStatement(),
    ledger: LOG.name,
    n: 0,
    received_at: "2022-12-02T06:12:07.10Z",
    sha256: FILE_SHA256,
    subject: SUBJECT,
    type: "recording.admitted",
    ...change,
  };
  return object(
    Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined)) as Record<
      string,
      Plain
    >,
  );
}

/** A ledger of five leaves with `event` at index 2, cosigned by both witnesses a minute after its time. */
export function ledgerWith(event: JsonObject, salt = SALT): Forge {
  const forge = new Forge(LOG, [WITNESS_A, WITNESS_B], Date.parse("2022-12-02T06:13:00Z") / 1000);
  forge.addStatement(json(GENESIS));
  forge.addPadding();
  forge.addEvent(event, salt);
  forge.addPadding();
  forge.addPadding();
  return forge;
}

export function receiptOf(event: JsonObject, salt = SALT): Uint8Array {
  return ledgerWith(event, salt).receipt(2, eventExtra(event, salt));
}

export function receiptOfStatement(statement: { readonly [key: string]: Plain }, index: number): Uint8Array {
  const forge = new Forge(LOG);
  while (forge.leaves.length < index) forge.addPadding();
  forge.addStatement(json(statement));
  return forge.receipt(index, statementExtra(json(statement)));
}
