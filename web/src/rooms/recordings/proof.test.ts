// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustodyItem } from "../../api/schema.js";
import { base64, utf8 } from "../../verify/bytes.js";
import { commitmentOf } from "../../verify/entry.js";
import { eventExtra, FILE_SHA256, filled, Forge, GENESIS, json, LOG, object, SUBJECT } from "../../verify/forge.js";
import { type Json, type JsonObject } from "../../verify/json.js";
import { BadAnchor, judge, readKey, type Verdict } from "./proof.js";

const ANCHOR = readKey(`${LOG.vkey}\n`);

function plain(value: Json): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, member]) => [key, plain(member)]));
  return value;
}

interface Row {
  readonly item: CustodyItem;
  readonly receipt: Uint8Array;
}

/** An honest history of two events, receipts under the last checkpoint. */
function history(): readonly [Row, Row] {
  const forge = new Forge(LOG);
  forge.addStatement(json(GENESIS));
  forge.addPadding();
  const common = { actor: "a1".repeat(16), at: "2022-12-02T06:12:07.41Z", ledger: LOG.name, subject: SUBJECT };
  const admitted = object({
    ...common,
    n: 0,
    type: "recording.admitted",
    bytes: 3,
    chain_starts_at: "server",
    received_at: "2022-12-02T06:12:07.10Z",
    sha256: FILE_SHA256,
  });
  const viewed = object({ ...common, n: 1, type: "recording.viewed", prev: base64(commitmentOf(admitted, filled(1))) });
  const at = [forge.addEvent(admitted, filled(1)), forge.addEvent(viewed, filled(2))];
  const row = (i: number, event: JsonObject): Row => ({
    item: {
      n: i,
      index: at[i] as number,
      type: event.get("type") as string,
      at: event.get("at") as string,
      event: plain(event) as CustodyItem["event"],
      actor_name: null,
      salt: "",
      receipt: "",
    },
    receipt: forge.receipt(at[i] as number, eventExtra(event, filled(i + 1))),
  });
  return [row(0, admitted), row(1, viewed)];
}

const [first, second] = history();
const firstVerdict = judge(first.item, first.receipt, ANCHOR, SUBJECT, undefined);

function refused(verdict: Verdict, why: RegExp): void {
  assert.equal(verdict.kind, "refused");
  assert.match(verdict.kind === "refused" ? verdict.why : "", why);
}

test("an honest history verifies row by row", () => {
  assert.equal(firstVerdict.kind, "verified");
  assert.equal(judge(second.item, second.receipt, ANCHOR, SUBJECT, firstVerdict).kind, "verified");
});

test("a receipt with one byte changed is refused in words", () => {
  const bytes = first.receipt.slice();
  const at = bytes.length - 10;
  bytes[at] = bytes[at] === 65 ? 66 : 65;
  refused(judge(first.item, bytes, ANCHOR, SUBJECT, undefined), /signature/);
  refused(judge(first.item, utf8("<html>"), ANCHOR, SUBJECT, undefined), /no checkpoint/);
});

test("a genuine receipt beside a row that says something else is refused", () => {
  const actor = { ...first.item, event: { ...first.item.event, actor: "b2".repeat(16) } };
  refused(judge(actor, first.receipt, ANCHOR, SUBJECT, undefined), /another event/);
  refused(judge({ ...first.item, type: "recording.viewed" }, first.receipt, ANCHOR, SUBJECT, undefined), /another event/);
  refused(judge({ ...first.item, at: "2022-12-02T06:12:07.42Z" }, first.receipt, ANCHOR, SUBJECT, undefined), /another event/);
  refused(judge({ ...first.item, index: 99 }, first.receipt, ANCHOR, SUBJECT, undefined), /another event/);
  refused(judge(second.item, first.receipt, ANCHOR, SUBJECT, firstVerdict), /another event/);
  refused(judge({ ...first.item, event: { ...first.item.event, at: 0.5 } }, first.receipt, ANCHOR, SUBJECT, undefined), /form/);
});

test("another recording's receipt is refused", () => {
  refused(judge(first.item, first.receipt, ANCHOR, "f".repeat(32), undefined), /another recording/);
});

test("a row without the one before it is refused", () => {
  refused(judge(second.item, second.receipt, ANCHOR, SUBJECT, undefined), /the event before it did not verify/);
  refused(judge(second.item, second.receipt, ANCHOR, SUBJECT, { kind: "refused", why: "x" }), /did not verify/);
  refused(judge(first.item, first.receipt, ANCHOR, SUBJECT, firstVerdict), /continue/);
});

test("a key that is none is the question's fault, not the evidence's", () => {
  for (const text of ["", "x", LOG.vkey.slice(1), "<html>"]) assert.throws(() => readKey(text), BadAnchor);
});
