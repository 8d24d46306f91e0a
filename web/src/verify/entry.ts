// SPDX-License-Identifier: Apache-2.0
// What a leaf can hold: a statement for all to read, or a commitment to an event.
import { hmac } from "@noble/hashes/hmac";
import { sha256 } from "@noble/hashes/sha2";
import { base64, concat, utf8 } from "./bytes.js";
import { verifyEd25519 } from "./ed25519.js";
import { Fields, type Json, type JsonObject, writeJson } from "./json.js";
import { HASH_BYTES } from "./merkle.js";
import { isKeyName, parseLogKey } from "./note.js";
import { refuse } from "./refusal.js";

export const PUBLIC_ENTRY_BYTES_MAX = 65_535;

/** The entry that a leaf holds, and where it stands. */
export interface Leaf {
  readonly ledger: string;
  readonly index: number;
}

export interface Event {
  readonly json: JsonObject;
  readonly type: string;
  readonly actor: string;
  /** The ledger that binds a guest's name; absent for the agency's own people. */
  readonly actorLedger?: string;
  /** Equal in all events that one act left in several chains. */
  readonly act?: string;
  readonly subject: string;
  readonly n: number;
  readonly atMs: number;
  readonly prev?: Uint8Array;
  readonly commitment: Uint8Array;
}

export interface Admission {
  readonly sha256: string;
  readonly bytes: number;
  readonly chainStartsAt: string;
  /** The dock key whose signature was checked; who vouches for that key stands in the dock's own chain. */
  readonly dockKey?: string;
}

export interface Statement {
  readonly json: JsonObject;
  readonly type: string;
}

export interface Heads {
  readonly size: number;
  readonly root: Uint8Array;
}

export function commitmentOf(event: JsonObject, salt: Uint8Array): Uint8Array {
  return hmac(sha256, salt, utf8(writeJson(event)));
}

export function privateEntry(commitment: Uint8Array): Uint8Array {
  return utf8(
    writeJson(
      new Map<string, Json>([
        ["commitment", base64(commitment)],
        ["v", 1],
      ]),
    ),
  );
}

export function publicEntry(statement: JsonObject): Uint8Array {
  const entry = utf8(
    writeJson(
      new Map<string, Json>([
        ["statement", statement],
        ["v", 1],
      ]),
    ),
  );
  if (entry.length > PUBLIC_ENTRY_BYTES_MAX) refuse("the statement is longer than an entry may be");
  return entry;
}

/** Reads an event. Fields this version does not know are kept: they are part of what was committed to. */
export function readEvent(value: Json, salt: Uint8Array, leaf: Leaf): Event {
  const event = Fields.of(value, "the event");
  const json = value as JsonObject;
  if (leaf.index === 0) refuse("leaf 0 is the genesis statement, never an event");
  if (event.string("ledger") !== leaf.ledger) refuse("the event is of another ledger");
  const n = event.integer("n");
  if (event.has("prev") === (n === 0)) refuse("the event has prev exactly when n is 0");
  const type = event.text("type");
  const out: Event = {
    json,
    type,
    actor: event.id("actor"),
    ...(event.has("actor_ledger") ? { actorLedger: event.text("actor_ledger") } : {}),
    ...(event.has("act") ? { act: event.id("act") } : {}),
    subject: event.id("subject"),
    n,
    atMs: event.time("at"),
    ...(n > 0 ? { prev: event.bytes("prev", HASH_BYTES) } : {}),
    commitment: commitmentOf(json, salt),
  };
  if (type === "recording.admitted") readAdmission(out);
  if (type === "recording.destroyed") readDestruction(out, leaf);
  if (type === "attempt" && event.integer("of") >= n)
    refuse("an attempt names an event that does not precede it");
  return out;
}

export function readAdmission(event: Event): Admission {
  const fields = new Fields(event.json, "the admission");
  if (event.n !== 0) refuse("an admission is event 0 of its subject");
  const bytes = fields.integer("bytes");
  const digest = fields.sha256("sha256");
  const chainStartsAt = fields.string("chain_starts_at");
  if (!["camera", "dock", "server"].includes(chainStartsAt))
    refuse("chain_starts_at is neither camera, dock nor server");
  fields.time("received_at");
  if (fields.has("recorded_at")) fields.time("recorded_at");
  for (const name of ["device", "group"]) if (fields.has(name)) fields.id(name);
  const admission = { sha256: digest, bytes, chainStartsAt };
  return fields.has("dock") ? { ...admission, dockKey: checkDock(fields) } : admission;
}

function checkDock(admission: Fields): string {
  const dock = admission.object("dock");
  dock.time("at");
  if (dock.has("camera_at")) dock.time("camera_at");
  dock.id("file");
  for (const name of ["bytes", "device", "ledger", "sha256"]) {
    const both = admission.has(name) || dock.has(name);
    if (both && admission.raw(name) !== dock.raw(name)) refuse(`the dock's statement differs in ${name}`);
  }
  const key = dock.bytes("key", 32);
  const signature = dock.bytes("sig", 64);
  const unsigned = new Map(dock.entries().filter(([name]) => name !== "sig"));
  if (!verifyEd25519(key, concat(utf8("lapel-dock/v1\n"), utf8(writeJson(unsigned))), signature)) {
    refuse("the dock's signature is wrong");
  }
  return dock.string("key");
}

/** The last event of a subject: it names the log index of event 0 and repeats nothing about the content. */
function readDestruction(event: Event, leaf: Leaf): void {
  const fields = new Fields(event.json, "the destruction");
  fields.text("certificate");
  if (fields.integer("first", 1) >= leaf.index)
    refuse("the destruction names a first index that does not precede it");
  for (const name of ["sha256", "bytes", "received_at", "recorded_at"]) {
    if (fields.has(name)) refuse(`the destruction repeats ${name}`);
  }
  if (event.n === 0) refuse("the destruction is the first event of its subject");
}

/** Every type of statement and its fields; a leaf that holds anything else is misbehavior of the ledger. */
const STATEMENTS: Readonly<Record<string, (fields: Fields, leaf: Leaf) => void>> = {
  "ledger.genesis": (fields, leaf) => {
    fields.exactly(["beat", "floor", "heads", "key", "ledger", "policy", "type"], ["previous", "recovery"]);
    for (const name of ["beat", "floor", "heads"]) fields.integer(name, 1);
    parseLogKey(fields.string("key"), leaf.ledger, "the genesis key");
    fields.text("policy");
    if (fields.has("recovery")) parseLogKey(fields.string("recovery"), leaf.ledger, "the recovery key");
    if (!fields.has("previous")) return;
    const previous = fields.object("previous");
    previous.exactly(["origin", "root", "size"]);
    const origin = previous.string("origin");
    if (!isKeyName(origin)) refuse("the predecessor's origin is no name");
    if (origin === leaf.ledger) refuse("the ledger names itself as its predecessor");
    previous.bytes("root", HASH_BYTES);
    previous.integer("size");
  },
  "ledger.key": (fields, leaf) => {
    fields.exactly(["key", "ledger", "type"]);
    parseLogKey(fields.string("key"), leaf.ledger, "the new key");
  },
  "ledger.policy": (fields) => {
    fields.exactly(["ledger", "policy", "type"]);
    fields.text("policy");
  },
  "ledger.heads": (fields, leaf) => {
    fields.exactly(["ledger", "root", "size", "type"]);
    fields.bytes("root", HASH_BYTES);
    if (fields.integer("size", 1) > leaf.index)
      refuse("the snapshot is larger than the log was when it was logged");
  },
  "ledger.tally": (fields) => {
    fields.exactly(["counts", "from", "ledger", "to", "type"]);
    fields.time("from");
    fields.time("to");
    const counts = fields.object("counts");
    for (const [name] of counts.entries()) counts.integer(name);
  },
  "policy.adopted": (fields) => {
    fields.exactly(["ledger", "sha256", "type"]);
    fields.sha256("sha256");
  },
  "evidence.destroyed": (fields) => {
    fields.exactly(["certificates", "ledger", "type"]);
    const certificates = fields.array("certificates");
    if (certificates.length === 0) refuse("no certificate is named");
    for (const each of certificates)
      if (typeof each !== "string" || each === "") refuse("a certificate is not named");
  },
};

export function readStatement(value: Json, leaf: Leaf): Statement {
  const fields = Fields.of(value, "the statement");
  if (fields.string("ledger") !== leaf.ledger) refuse("the statement is of another ledger");
  const type = fields.string("type");
  const check = Object.hasOwn(STATEMENTS, type) ? STATEMENTS[type] : undefined;
  if (check === undefined) return refuse("the statement is of an unknown type");
  if ((type === "ledger.genesis") !== (leaf.index === 0))
    refuse("leaf 0, and only leaf 0, is the genesis statement");
  check(fields, leaf);
  return { json: value as JsonObject, type };
}

export function readHeads(statement: Statement): Heads {
  if (statement.type !== "ledger.heads") refuse("a head needs a statement of a snapshot");
  const fields = new Fields(statement.json, "the snapshot");
  return { size: fields.integer("size", 1), root: fields.bytes("root", HASH_BYTES) };
}
