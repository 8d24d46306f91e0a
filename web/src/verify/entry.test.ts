// SPDX-License-Identifier: Apache-2.0
// Attacks on the content of leaves. The ledger itself committed to each, logged and signed it, so that
// the one check under test is all that stands against it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519 } from "@noble/curves/ed25519";
import { hmac } from "@noble/hashes/hmac";
import { sha256 } from "@noble/hashes/sha2";
import { accepted, ANCHOR, EVENT, FORGE, refused, SOON } from "./attack.js";
import { base64, concat, hex, u64, utf8 } from "./bytes.js";
import { privateEntry } from "./entry.js";
import {
  admission,
  assemble,
  dockStatement,
  eventExtra,
  FILE,
  FILE_SHA256,
  filled,
  Forge,
  GENESIS,
  json,
  ledgerWith,
  LOG,
  object,
  type Plain,
  receiptOf,
  receiptOfStatement,
  SALT,
  signer,
  statementExtra,
  SUBJECT,
  treePath,
  treeRoot,
  WITNESS_A,
  WITNESS_B,
} from "./forge.js";
import { type JsonObject, writeJson } from "./json.js";
import { leafHash } from "./merkle.js";
import { verifyReceipt } from "./receipt.js";

// Events that the ledger itself committed to and signed.
function eventAttack(
  name: string,
  change: Record<string, Plain | undefined>,
  why: RegExp,
  salt = SALT,
): void {
  refused(name, () => receiptOf(admission(change), salt), why);
}

eventAttack("an event of another ledger", { ledger: "ledger.example/elsewhere" }, /another ledger/);
eventAttack("an event without ledger", { ledger: undefined }, /lacks ledger/);
eventAttack("an event without actor", { actor: undefined }, /lacks actor/);
eventAttack("an actor that is a name", { actor: "Officer Smith" }, /not an id/);
eventAttack("an event without subject", { subject: undefined }, /lacks subject/);
eventAttack("a subject in upper case", { subject: SUBJECT.toUpperCase() }, /not an id/);
eventAttack("a subject in UUID form", { subject: "00112233-4455-6677-8899-aabbccddeeff" }, /not an id/);
eventAttack("an event without type", { type: undefined }, /lacks type/);
eventAttack("an empty type", { type: "" }, /empty/);
eventAttack("an event without n", { n: undefined }, /lacks n/);
eventAttack("n in a string", { n: "0" }, /not an integer/);
eventAttack("n that is true", { n: true }, /not an integer/);
eventAttack("an event without at", { at: undefined }, /lacks at/);
eventAttack("at in Unix seconds", { at: 1669961527 }, /not a string/);
eventAttack("at with an offset", { at: "2022-12-02T06:12:07.41+00:00" }, /not a time/);
eventAttack("at with second 60", { at: "2022-12-02T06:12:60.00Z" }, /no real time/);
eventAttack("at later than the cosignatures allow", { at: "2022-12-02T06:18:00.01Z" }, /later time/);
eventAttack("prev at n = 0", { prev: base64(filled(1)) }, /prev/);
eventAttack("an admission at n = 1", { n: 1, prev: base64(filled(1)) }, /event 0/);
eventAttack("another event at n = 1 without prev", { n: 1, type: "recording.viewed" }, /prev/);
eventAttack(
  "a prev of 31 bytes",
  { n: 1, prev: base64(filled(1, 31)), type: "recording.viewed" },
  /31 bytes/,
);
eventAttack("an act that is no id", { act: "yes" }, /not an id/);
eventAttack(
  "an attempt of a later event",
  { n: 1, prev: base64(filled(1)), type: "attempt", of: 1 },
  /does not precede/,
);
eventAttack("an attempt of nothing", { n: 1, prev: base64(filled(1)), type: "attempt" }, /lacks of/);
eventAttack(
  "a destruction that repeats the digest",
  {
    n: 1,
    prev: base64(filled(1)),
    type: "recording.destroyed",
    certificate: "c",
    first: 1,
    bytes: undefined,
    received_at: undefined,
    dock: undefined,
    device: undefined,
  },
  /repeats sha256/,
);
eventAttack(
  "a destruction whose first is not before it",
  {
    n: 1,
    prev: base64(filled(1)),
    type: "recording.destroyed",
    certificate: "c",
    first: 2,
  },
  /does not precede/,
);
eventAttack("an admission without sha256", { sha256: undefined, dock: undefined }, /lacks sha256/);
eventAttack("a digest in upper case", { sha256: FILE_SHA256.toUpperCase(), dock: undefined }, /SHA-256/);
eventAttack("a digest in base64", { sha256: base64(sha256(FILE)), dock: undefined }, /SHA-256/);
eventAttack("an admission without bytes", { bytes: undefined, dock: undefined }, /lacks bytes/);
eventAttack("bytes in a string", { bytes: "3", dock: undefined }, /not an integer/);
eventAttack("an admission without received_at", { received_at: undefined }, /lacks received_at/);
eventAttack("a chain that starts nowhere", { chain_starts_at: "cloud" }, /chain_starts_at/);
eventAttack("a recorded_at that is empty", { recorded_at: "" }, /not a time/);
eventAttack("a group that is no id", { group: "1" }, /not an id/);
eventAttack("a device that is a serial number", { device: "X1", dock: undefined }, /not an id/);
refused("a salt of 31 bytes", () => receiptOf(EVENT, filled(1, 31)), /31 bytes/);
refused("a salt of 33 bytes", () => receiptOf(EVENT, filled(1, 33)), /33 bytes/);
refused("another salt", () => ledgerWith(EVENT).receipt(2, eventExtra(EVENT, filled(1))), /does not lead/);

// Docks.
const IDENTITY = concat(filled(1, 1), filled(0, 31));

function dockAttack(name: string, dock: Plain, why: RegExp): void {
  eventAttack(`a dock's statement ${name}`, { dock }, why);
}

dockAttack("of another file", dockStatement({ sha256: hex(sha256(utf8("abd"))) }), /differs in sha256/);
dockAttack("of another length", dockStatement({ bytes: 4 }), /differs in bytes/);
dockAttack("for another ledger", dockStatement({ ledger: "ledger.example/elsewhere" }), /differs in ledger/);
dockAttack("of another device", dockStatement({ device: "00".repeat(16) }), /differs in device/);
dockAttack("with a false signature", { ...dockStatement(), sig: base64(filled(1, 64)) }, /dock's signature/);
dockAttack(
  "changed after signing",
  { ...dockStatement(), at: "2022-12-02T06:12:05.00Z" },
  /dock's signature/,
);
dockAttack("with a field added after signing", { ...dockStatement(), note: "x" }, /dock's signature/);
dockAttack(
  "with a key of small order, for which this signature fits any message",
  {
    ...dockStatement(),
    key: base64(IDENTITY),
    sig: base64(concat(IDENTITY, new Uint8Array(32))),
  },
  /dock's signature/,
);
dockAttack("with another's key", { ...dockStatement(), key: base64(LOG.publicKey) }, /dock's signature/);
dockAttack("with a signature of 63 bytes", { ...dockStatement(), sig: base64(filled(1, 63)) }, /63 bytes/);
dockAttack("without file", { ...dockStatement(), file: "" }, /not an id/);
dockAttack("that is a string", "dock", /not an object/);
dockAttack("with a wrong camera time", dockStatement({ camera_at: "yesterday" }), /not a time/);
eventAttack("a dock's statement of a device that the event lacks", { device: undefined }, /lacks device/);
refused(
  "a dock's signature without its domain line",
  () => {
    const { sig: _, ...unsigned } = dockStatement();
    const sig = base64(ed25519.sign(utf8(writeJson(json(unsigned))), filled(0xd0)));
    return receiptOf(admission({ dock: { ...unsigned, sig } }));
  },
  /dock's signature/,
);

// Extra: whatever is odd about it was also what the ledger committed to.
function rawEvent(name: string, edit: (text: string) => string | Uint8Array, why: RegExp): void {
  refused(
    name,
    () => {
      const text = writeJson(EVENT);
      const out = edit(text);
      assert.notEqual(out, text);
      const raw = typeof out === "string" ? utf8(out) : out;
      const forge = new Forge(LOG, [WITNESS_A, WITNESS_B], SOON);
      forge.addPadding();
      forge.addPadding();
      forge.add(privateEntry(hmac(sha256, SALT, raw)));
      const extra = concat(utf8('{"event":'), raw, utf8(`,"salt":"${base64(SALT)}"}`));
      return assemble({ ...forge.parts(2, ""), extra: base64(extra) });
    },
    why,
  );
}

rawEvent("an event with a space", (t) => t.replace('"n":0', '"n": 0'), /not JSON/);
rawEvent(
  "an event with keys out of order",
  (t) => t.replace(/("n":0),("received_at":"[^"]*")/, "$2,$1"),
  /canonical/,
);
rawEvent("an event with a duplicate key", (t) => t.replace('"n":0', '"n":0,"n":0'), /twice/);
rawEvent("an event with n = 0.0", (t) => t.replace('"n":0', '"n":0.0'), /brace/);
rawEvent("an event with n = -0", (t) => t.replace('"n":0', '"n":-0'), /not JSON/);
rawEvent("an event with n = 00", (t) => t.replace('"n":0', '"n":00'), /canonical/);
rawEvent("an event with null", (t) => t.replace('"n":0', '"n":0,"note":null'), /not JSON/);
rawEvent("an event with an escaped letter", (t) => t.replace("recording", "\\u0072ecording"), /canonical/);
rawEvent("an event with a lone surrogate", (t) => t.replace('"n":0', '"n":0,"note":"\\udc00"'), /surrogate/);
rawEvent(
  "an event in overlong UTF-8",
  (t) => {
    const cut = t.indexOf('"received_at"');
    return concat(utf8(`${t.slice(0, cut)}"note":"`), Uint8Array.of(0xc1, 0x81), utf8(`",${t.slice(cut)}`));
  },
  /UTF-8/,
);
rawEvent("an event nested too deep", (t) => t.replace('"n":0', '"n":0,"note":[[[[]]]]'), /deeper/);

function extraAttack(name: string, extra: (good: JsonObject) => string | JsonObject, why: RegExp): void {
  refused(name, () => FORGE.receipt(2, extra(eventExtra(EVENT, SALT))), why);
}

extraAttack("an unknown field in extra", (good) => new Map([...good, ["x", 1]]), /unknown field x/);
extraAttack("an extra without salt", (good) => new Map([...good].slice(0, 1)), /lacks salt/);
extraAttack(
  "an extra with event and statement",
  (good) => new Map([...good, ["statement", json(GENESIS)]]),
  /unknown field statement/,
);
extraAttack(
  "an extra with event and head",
  (good) => new Map([...good, ["head", object({})]]),
  /unknown field head/,
);
extraAttack("an extra that is an array", () => "[]", /not an object/);
extraAttack("an extra that is empty", () => "{}", /lacks statement/);
extraAttack("a newline after extra's JSON", (good) => `${writeJson(good)}\n`, /bytes after/);
extraAttack("an event that is a string", () => `{"event":"x","salt":"${base64(SALT)}"}`, /not an object/);
extraAttack(
  "a commitment in the place of an event",
  () => `{"commitment":"${base64(SALT)}","v":1}`,
  /lacks statement/,
);
extraAttack(
  "a statement for a private leaf",
  () => statementExtra(json({ ...GENESIS, type: "ledger.genesis" })),
  /leaf 0/,
);

refused(
  "a private entry with a field more",
  () => {
    const forge = new Forge(LOG);
    forge.addPadding();
    const commitment = base64(hmac(sha256, SALT, utf8(writeJson(EVENT))));
    forge.add(utf8(`{"commitment":"${commitment}","v":1,"x":1}`));
    return forge.receipt(1, eventExtra(EVENT, SALT));
  },
  /does not lead/,
);
refused(
  "a private entry of version 2",
  () => {
    const forge = new Forge(LOG);
    forge.addPadding();
    const commitment = base64(hmac(sha256, SALT, utf8(writeJson(EVENT))));
    forge.add(utf8(`{"commitment":"${commitment}","v":2}`));
    return forge.receipt(1, eventExtra(EVENT, SALT));
  },
  /does not lead/,
);
refused(
  "padding, opened as an event with its own commitment as text",
  () => {
    const forge = new Forge(LOG);
    forge.addPadding();
    const index = forge.addPadding();
    return forge.receipt(index, eventExtra(EVENT, SALT));
  },
  /does not lead/,
);

// Statements.
function statementAttack(name: string, statement: Record<string, Plain>, index: number, why: RegExp): void {
  refused(name, () => receiptOfStatement(statement, index), why);
}

const HEADS = { ledger: LOG.name, root: base64(filled(7)), size: 4, type: "ledger.heads" };
statementAttack("a genesis that is not leaf 0", GENESIS, 1, /leaf 0/);
statementAttack("another statement at leaf 0", { ...HEADS, size: 1 }, 0, /leaf 0/);
statementAttack(
  "a statement of another ledger",
  { ...GENESIS, ledger: "ledger.example/elsewhere" },
  0,
  /another ledger/,
);
statementAttack("an unknown statement", { ledger: LOG.name, type: "ledger.joke" }, 3, /unknown type/);
statementAttack(
  "a statement named like a prototype member",
  { ledger: LOG.name, type: "constructor" },
  3,
  /unknown type/,
);
statementAttack("an unknown field in a statement", { ...HEADS, x: 1 }, 5, /unknown field x/);
statementAttack("a genesis with a beat of 0", { ...GENESIS, beat: 0 }, 0, /below 1/);
statementAttack(
  "a genesis whose key is a witness's",
  { ...GENESIS, key: WITNESS_A.vkey },
  0,
  /not a log key/,
);
statementAttack(
  "a genesis whose key is another ledger's",
  { ...GENESIS, key: signer("ledger.example/x", filled(3), 0x01).vkey },
  0,
  /another ledger/,
);
statementAttack("a genesis whose recovery key is broken", { ...GENESIS, recovery: "x" }, 0, /name\+id\+key/);
statementAttack(
  "a genesis with an unknown field in previous",
  {
    ...GENESIS,
    previous: { origin: "ledger.example/old", root: base64(filled(1)), size: 3, x: 1 },
  },
  0,
  /unknown field x/,
);
statementAttack("a snapshot larger than its own index", HEADS, 3, /larger/);
statementAttack("a snapshot of size 0", { ...HEADS, size: 0 }, 5, /below 1/);
statementAttack(
  "a snapshot with a root of 31 bytes",
  { ...HEADS, root: base64(filled(7, 31)) },
  5,
  /31 bytes/,
);
const TALLY = {
  counts: { a: 1 },
  from: "2022-12-01T00:00:00.00Z",
  ledger: LOG.name,
  to: "2023-01-01T00:00:00.00Z",
  type: "ledger.tally",
};
statementAttack("a tally whose counts are words", { ...TALLY, counts: { a: "x" } }, 5, /not an integer/);
statementAttack("a tally of no real month", { ...TALLY, to: "2022-13-01T00:00:00.00Z" }, 5, /no real time/);
statementAttack(
  "a destruction of nothing",
  { certificates: [], ledger: LOG.name, type: "evidence.destroyed" },
  5,
  /no certificate/,
);
statementAttack(
  "a policy without its digest",
  { ledger: LOG.name, sha256: "", type: "policy.adopted" },
  5,
  /SHA-256/,
);
refused(
  "an unknown field beside a statement",
  () => ledgerWith(EVENT).receipt(0, new Map([...statementExtra(json(GENESIS)), ["x", 1]])),
  /unknown field x/,
);
refused(
  "a statement longer than an entry may be",
  () => receiptOfStatement({ ...GENESIS, policy: "x".repeat(65_536) }, 0),
  /longer than an entry/,
);
refused(
  "an entry wrapper with a field more",
  () => {
    const forge = new Forge(LOG);
    forge.add(utf8(`{"note":1,"statement":${writeJson(json(GENESIS))},"v":1}`));
    return forge.receipt(0, statementExtra(json(GENESIS)));
  },
  /does not lead/,
);

// Heads.
const SNAPSHOT = [0, 1, 2, 3].map((i) =>
  leafHash(concat(filled(i), u64(i === 2 ? 1 : 0), i === 2 ? filled(0xcc) : new Uint8Array(32))),
);
const HEAD = {
  blind: base64(filled(2)),
  commitment: base64(filled(0xcc)),
  first: 2,
  n: 1,
  path: treePath(2, SNAPSHOT).map(base64),
};

function headReceipt(head: Record<string, Plain>): Uint8Array {
  const forge = new Forge(LOG);
  for (let i = 0; i < 5; i++) forge.addPadding();
  const statement = json({ ...HEADS, root: base64(treeRoot(SNAPSHOT)) });
  const index = forge.addStatement(statement);
  return forge.receipt(
    index,
    new Map([
      ["head", json(head)],
      ["statement", statement],
    ]),
  );
}

test("a head proof verifies", () => {
  const { opened } = verifyReceipt(headReceipt(HEAD), ANCHOR);
  assert.ok(
    opened.kind === "head" &&
      opened.head.first === 2 &&
      opened.head.n === 1 &&
      opened.head.snapshot.size === 4,
  );
});

refused("a head of another n", () => headReceipt({ ...HEAD, n: 2 }), /does not lead/);
refused("a head of another first", () => headReceipt({ ...HEAD, first: 3 }), /does not lead/);
refused("a head outside the snapshot", () => headReceipt({ ...HEAD, first: 4 }), /outside/);
refused(
  "a head of another commitment",
  () => headReceipt({ ...HEAD, commitment: base64(filled(1)) }),
  /does not lead/,
);
refused(
  "a head with another blind",
  () => headReceipt({ ...HEAD, blind: base64(filled(1)) }),
  /does not lead/,
);
refused(
  "a head with a blind of 31 bytes",
  () => headReceipt({ ...HEAD, blind: base64(filled(1, 31)) }),
  /31 bytes/,
);
refused("a head with a short path", () => headReceipt({ ...HEAD, path: HEAD.path.slice(1) }), /too short/);
refused(
  "a head with a long path",
  () => headReceipt({ ...HEAD, path: [...HEAD.path, ...HEAD.path] }),
  /too long/,
);
refused("a head with a path of numbers", () => headReceipt({ ...HEAD, path: [1, 2] }), /no string/);
refused("a head with an unknown field", () => headReceipt({ ...HEAD, x: 1 }), /unknown field x/);
refused(
  "a head without a snapshot",
  () => {
    const forge = new Forge(LOG);
    forge.addStatement(json(GENESIS));
    return forge.receipt(
      0,
      new Map([
        ["head", json(HEAD)],
        ["statement", json(GENESIS)],
      ]),
    );
  },
  /snapshot/,
);

// What must not be refused.
accepted(
  "fields of an event that this version does not know",
  () => receiptOf(admission({ category: "stop", tags: ["a", { b: true }] })),
  "final",
);
accepted(
  "an event exactly at the tolerance",
  () => receiptOf(admission({ at: "2022-12-02T06:18:00.00Z" })),
  "final",
);
accepted(
  "an admission without a dock",
  () => receiptOf(admission({ dock: undefined, device: undefined, chain_starts_at: "server" })),
  "final",
);
accepted("an empty file", () => receiptOf(admission({ dock: undefined, bytes: 0 })), "final");
accepted("text beyond ASCII", () => receiptOf(admission({ note: "caf\u00e9 \u{1f4f7}" })), "final");
accepted("genesis", () => receiptOfStatement(GENESIS, 0), "sealed");
accepted(
  "a genesis with recovery and previous",
  () =>
    receiptOfStatement(
      {
        ...GENESIS,
        recovery: signer(LOG.name, filled(9), 0x01).vkey,
        previous: { origin: "ledger.example/old", root: base64(filled(1)), size: 3 },
      },
      0,
    ),
  "sealed",
);
accepted("a snapshot of exactly its index", () => receiptOfStatement(HEADS, 4), "sealed");
