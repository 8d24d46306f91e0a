// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { base64 } from "../../verify/bytes.js";
import { commitmentOf } from "../../verify/entry.js";
import { eventExtra, FILE_SHA256, filled, Forge, GENESIS, json, LOG, object, type Plain, SUBJECT } from "../../verify/forge.js";
import { makeAnchor } from "../../verify/note.js";
import { verifyReceipt } from "../../verify/receipt.js";
import { type ComparedField, compareFacts, type Comparison, type ShownFacts } from "./facts.js";
import type { Checked } from "./proof.js";

const GROUP = "d4".repeat(16);
const OFFICER = "0e".repeat(16);
const AT = "2022-12-02T06:12:07.10Z";
const ADMISSION = {
  type: "recording.admitted",
  sha256: FILE_SHA256,
  bytes: 3,
  received_at: AT,
  recorded_at: "2022-12-02T06:00:00.00Z",
  chain_starts_at: "server",
  group: GROUP,
  wearer: "4711",
  incident: "22-1187",
  category: "Traffic stop",
  filename: "film.mp4",
  officer: OFFICER,
} as const;
const SHOWN: ShownFacts = {
  id: SUBJECT,
  sha256: FILE_SHA256,
  bytes: 3,
  received_at: AT,
  recorded_at: ADMISSION.recorded_at,
  chain_starts_at: "server",
  group: GROUP,
  wearer: "4711",
  incident: "22-1187",
  category: "Traffic stop",
  filename: "film.mp4",
  inside_home: null,
  victim_sensitive: false,
  restriction: null,
  assigned_officer: OFFICER,
};

type Fields = { readonly [key: string]: Plain };

/** A history of these events, each with a receipt that verifies. */
function verified(...events: readonly Fields[]): readonly Checked[] {
  const forge = new Forge(LOG);
  forge.addStatement(json(GENESIS));
  let prev: string | undefined;
  const sealed = events.map((fields, n) => {
    const common = { actor: "a1".repeat(16), at: AT, ledger: LOG.name, subject: SUBJECT, n };
    const event = object({ ...common, ...(prev === undefined ? {} : { prev }), ...fields });
    prev = base64(commitmentOf(event, filled(n)));
    return { index: forge.addEvent(event, filled(n)), extra: eventExtra(event, filled(n)) };
  });
  return sealed.map(({ index, extra }) => {
    const receipt = verifyReceipt(forge.receipt(index, extra), makeAnchor(LOG.vkey));
    return { kind: "verified", index, size: receipt.checkpoint.size, receipt };
  });
}

const changed = (field: string, to: Plain): Fields => ({ type: "recording.changed", field, old: "x", new: to, reason: "a slip" });

function fieldsOf(comparison: Comparison): readonly ComparedField[] {
  return comparison.kind === "differ" ? comparison.differences.map((each) => each.field) : [];
}

test("a row that shows what was sealed agrees, and names the sealed file", () => {
  assert.deepEqual(compareFacts(SHOWN, verified(ADMISSION)), { kind: "agree", file: { sha256: FILE_SHA256, bytes: 3 } });
});

test("what was never said is no field of the event, and null or empty in the row", () => {
  const { recorded_at: _r, group: _g, wearer: _w, incident: _i, category: _c, filename: _f, officer: _o, ...rest } = ADMISSION;
  const bare = { ...rest, unattributed: true };
  const shown = { ...SHOWN, recorded_at: null, group: null, wearer: null, incident: null, category: null, filename: "", assigned_officer: null };
  assert.equal(compareFacts(shown, verified(bare)).kind, "agree");
  assert.deepEqual(fieldsOf(compareFacts(SHOWN, verified(bare))), ["recorded_at", "group", "wearer", "incident", "category", "filename", "assigned_officer"]);
});

const FORGED: { readonly [F in ComparedField]: unknown } = {
  id: "ee".repeat(16),
  sha256: "0".repeat(64),
  bytes: 4,
  received_at: "2022-12-02T06:12:07.11Z",
  chain_starts_at: "camera",
  recorded_at: "2022-12-02T06:00:00.01Z",
  group: "e5".repeat(16),
  wearer: "4712",
  incident: "22-1188",
  category: "Other",
  filename: "film.mp5",
  inside_home: true,
  victim_sensitive: true,
  restriction: "minor",
  assigned_officer: "0f".repeat(16),
};

for (const field of Object.keys(FORGED) as ComparedField[]) {
  test(`another ${field} than was sealed differs, also when it is left out or of another type`, () => {
    const history = verified(ADMISSION);
    // What the row says nothing of, and the history neither, it may leave out in any way.
    const leftOut = SHOWN[field] === null ? [] : [null, undefined, ""];
    for (const value of [FORGED[field], ...leftOut, 7, {}, [SHOWN[field]]]) {
      assert.deepEqual(fieldsOf(compareFacts({ ...SHOWN, [field]: value }, history)), [field], JSON.stringify(value));
    }
  });
}

test("an admission that says nothing of an officer is compared with none, until a change does", () => {
  const { officer: _o, ...old } = ADMISSION;
  assert.equal(compareFacts(SHOWN, verified(old)).kind, "agree");
  assert.deepEqual(fieldsOf(compareFacts(SHOWN, verified(old, changed("assigned_officer", "0f".repeat(16))))), ["assigned_officer"]);
});

test("a difference is told as people read it", () => {
  const result = compareFacts({ ...SHOWN, wearer: "47\u202e12", incident: null, bytes: 4, group: null }, verified(ADMISSION));
  assert.deepEqual(result.kind === "differ" && result.differences, [
    { field: "bytes", shown: "4 bytes", sealed: "3 bytes" },
    { field: "group", shown: undefined, sealed: "d4d4 d4d4 d4d4 d4d4 d4d4 d4d4 d4d4 d4d4" },
    { field: "wearer", shown: "47⟨U+202E⟩12", sealed: "4711" },
    { field: "incident", shown: undefined, sealed: "22-1187" },
  ]);
});

test("a sealed change is what the row has to show, the last one of several", () => {
  const history = verified(ADMISSION, changed("wearer", "4712"), { type: "recording.viewed" }, changed("wearer", "4713"), changed("inside_home", true));
  assert.equal(compareFacts({ ...SHOWN, wearer: "4713", inside_home: true }, history).kind, "agree");
  assert.deepEqual(fieldsOf(compareFacts({ ...SHOWN, wearer: "4712", inside_home: true }, history)), ["wearer"]);
  assert.deepEqual(fieldsOf(compareFacts(SHOWN, history)), ["wearer", "inside_home"]);
});

test("a change without a new value takes the field away", () => {
  const history = verified(ADMISSION, { type: "recording.changed", field: "incident", old: "22-1187", reason: "a slip" });
  assert.equal(compareFacts({ ...SHOWN, incident: null }, history).kind, "agree");
  assert.deepEqual(fieldsOf(compareFacts(SHOWN, history)), ["incident"]);
});

test("no change gives a file other bytes, or another beginning", () => {
  for (const [field, to] of [["sha256", "0".repeat(64)], ["bytes", 4], ["chain_starts_at", "camera"], ["received_at", FORGED.received_at as string], ["id", "ee".repeat(16)]] as const) {
    const history = verified(ADMISSION, changed(field, to));
    assert.equal(compareFacts(SHOWN, history).kind, "agree");
    assert.deepEqual(fieldsOf(compareFacts({ ...SHOWN, [field]: to }, history)), [field]);
  }
});

const checked = (verdict: string, key: string): Fields => ({ type: "recording.derived", kind: "signature", verdict, key_is: key });

test("the newest check of a camera's signature says whether the chain begins at the camera", () => {
  const camera = { ...SHOWN, chain_starts_at: "camera" };
  for (const key of ["of_device", "of_root"]) {
    const history = verified(ADMISSION, checked("verified", "unknown"), checked("verified", key));
    assert.equal(compareFacts(camera, history).kind, "agree");
    assert.deepEqual(fieldsOf(compareFacts(SHOWN, history)), ["chain_starts_at"]);
  }
  for (const later of [checked("verified", "revoked"), checked("verified", "unknown"), checked("altered", "of_device"), checked("verified_with_gaps", "of_root")]) {
    const history = verified(ADMISSION, checked("verified", "of_device"), later);
    assert.equal(compareFacts(SHOWN, history).kind, "agree");
    assert.deepEqual(fieldsOf(compareFacts(camera, history)), ["chain_starts_at"]);
  }
  const withoutEffect = verified(ADMISSION, checked("verified", "of_device"), { type: "attempt", of: 1 });
  assert.deepEqual(fieldsOf(compareFacts(camera, withoutEffect)), ["chain_starts_at"]);
  const otherKind = verified(ADMISSION, { ...checked("verified", "of_device"), kind: "probe" });
  assert.deepEqual(fieldsOf(compareFacts(camera, otherKind)), ["chain_starts_at"]);
});

test("a change that took no effect changes nothing", () => {
  assert.equal(compareFacts(SHOWN, verified(ADMISSION, changed("wearer", "4712"), { type: "attempt", of: 1 })).kind, "agree");
});

test("another type of event changes nothing, whatever fields it has", () => {
  assert.equal(compareFacts(SHOWN, verified(ADMISSION, { ...changed("wearer", "4712"), type: "recording.viewed" })).kind, "agree");
});

test("without a verified admission nothing is said", () => {
  const unknown = { kind: "unknown", file: undefined };
  assert.deepEqual(compareFacts(SHOWN, []), unknown);
  assert.deepEqual(compareFacts(SHOWN, [{ kind: "refused", why: "x" }, ...verified(ADMISSION)]), unknown);
  assert.deepEqual(compareFacts(SHOWN, [{ kind: "unreachable", why: "x" }]), unknown);
  assert.deepEqual(compareFacts(SHOWN, verified({ type: "recording.viewed" })), unknown);
});

test("with a later event unverified, facts never agree, and those that cannot change still differ", () => {
  const history: readonly Checked[] = [...verified(ADMISSION), { kind: "unreachable", why: "x" }];
  assert.deepEqual(compareFacts(SHOWN, history), { kind: "unknown", file: { sha256: FILE_SHA256, bytes: 3 } });
  assert.equal(compareFacts({ ...SHOWN, wearer: "4712" }, history).kind, "unknown");
  assert.deepEqual(fieldsOf(compareFacts({ ...SHOWN, wearer: "4712", sha256: FORGED.sha256 }, history)), ["sha256"]);
});
