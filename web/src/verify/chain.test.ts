// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { base64, concat, u64 } from "./bytes.js";
import { type Chain, verifyChain } from "./chain.js";
import { commitmentOf } from "./entry.js";
import {
  eventExtra,
  FILE_SHA256,
  filled,
  Forge,
  GENESIS,
  json,
  LOG,
  object,
  type Plain,
  SUBJECT,
  treePath,
  treeRoot,
} from "./forge.js";
import type { Json, JsonObject } from "./json.js";
import { leafHash } from "./merkle.js";
import { makeAnchor } from "./note.js";
import { type Receipt, verifyReceipt } from "./receipt.js";
import { Refusal } from "./refusal.js";

const ANCHOR = makeAnchor(LOG.vkey);

interface Logged {
  readonly event: JsonObject;
  readonly salt: Uint8Array;
  readonly commitment: Uint8Array;
  readonly index: number;
}

/** A ledger that logs one subject's events and takes snapshots, honestly or as each test bends it. */
class Story {
  readonly forge = new Forge(LOG);
  readonly rows: Logged[] = [];
  private readonly proofs: (() => Receipt)[] = [];

  constructor() {
    this.forge.addStatement(json(GENESIS));
    this.forge.addPadding();
  }

  log(type: string, change: Record<string, Plain> = {}): this {
    const n = this.rows.length;
    const prev = this.rows.at(-1)?.commitment;
    const event = object({
      actor: "a1".repeat(16),
      at: "2022-12-02T06:12:07.41Z",
      ledger: LOG.name,
      n,
      subject: SUBJECT,
      type,
      ...(prev === undefined ? {} : { prev: base64(prev) }),
      ...(type === "recording.admitted"
        ? { bytes: 3, chain_starts_at: "server", received_at: "2022-12-02T06:12:07.10Z", sha256: FILE_SHA256 }
        : {}),
      ...change,
    });
    const salt = filled(n + 1);
    const commitment = commitmentOf(event, salt);
    this.rows.push({ event, salt, commitment, index: this.forge.addEvent(event, salt) });
    this.forge.addPadding();
    return this;
  }

  /** Logs a snapshot that names `n` and `commitment` for leaf `first`, and keeps the head proof. */
  snapshot(
    claim: { readonly first?: number; readonly n?: number; readonly commitment?: Uint8Array } = {},
  ): this {
    const size = this.forge.leaves.length;
    const first = claim.first ?? this.rows[0]?.index ?? 0;
    const n = claim.n ?? this.rows.length - 1;
    const commitment = claim.commitment ?? this.rows.at(-1)?.commitment ?? filled(0);
    const leaves = Array.from({ length: size }, (_, i) =>
      leafHash(concat(filled(i), i === first ? concat(u64(n), commitment) : new Uint8Array(40))),
    );
    const statement = object({
      ledger: LOG.name,
      root: base64(treeRoot(leaves)),
      size,
      type: "ledger.heads",
    });
    const index = this.forge.addStatement(statement);
    const head = object({
      blind: base64(filled(first)),
      commitment: base64(commitment),
      first,
      n,
      path: treePath(first, leaves).map(base64),
    });
    const extra = new Map<string, Json>([
      ["head", head],
      ["statement", statement],
    ]);
    this.proofs.push(() => verifyReceipt(this.forge.receipt(index, extra), ANCHOR));
    return this;
  }

  receipts(): Receipt[] {
    return this.rows.map((row) =>
      verifyReceipt(this.forge.receipt(row.index, eventExtra(row.event, row.salt)), ANCHOR),
    );
  }

  heads(): Receipt[] {
    return this.proofs.map((proof) => proof());
  }

  judge(): Chain {
    return verifyChain(this.receipts(), this.heads());
  }
}

function story(): Story {
  return new Story().log("recording.admitted").log("recording.viewed").log("recording.viewed");
}

function refuses(judge: () => Chain, why: RegExp): void {
  assert.throws(judge, (error) => error instanceof Refusal && why.test(error.message));
}

test("a whole chain with heads verifies and says which rows no snapshot covers", () => {
  const chain = new Story()
    .log("recording.admitted")
    .snapshot()
    .log("recording.viewed")
    .snapshot()
    .log("recording.viewed")
    .judge();
  assert.equal(chain.rows, 3);
  assert.equal(chain.subject, SUBJECT);
  assert.deepEqual(chain.notYetCovered, [2]);
  assert.equal(chain.destroyed, false);
});

test("a chain without heads verifies and is covered nowhere", () => {
  const chain = story().judge();
  assert.equal(chain.coveredBelow, 0);
  assert.deepEqual(chain.notYetCovered, [0, 1, 2]);
});

test("no rows, a missing row, a repeated row and rows out of order are refused", () => {
  const rows = story().receipts() as [Receipt, Receipt, Receipt];
  refuses(() => verifyChain([]), /empty/);
  refuses(() => verifyChain(rows.slice(1)), /event 0/);
  refuses(() => verifyChain([rows[0], rows[2]]), /event 1 is missing/);
  refuses(() => verifyChain([rows[0], rows[0]]), /twice/);
  refuses(() => verifyChain([rows[0], rows[2], rows[1]]), /event 1 is missing/);
  refuses(() => verifyChain([rows[1], rows[0]]), /event 0/);
  refuses(
    () => verifyChain([...rows, ...new Story().log("recording.admitted").receipts()]),
    /two checkpoints/,
  );
});

test("a last row withheld is refused by the head that names it", () => {
  const whole = story().snapshot();
  refuses(
    () => verifyChain(whole.receipts().slice(0, 2), whole.heads()),
    /excludes this history: it names event 2/,
  );
});

test("a row of another subject is refused", () => {
  refuses(
    () =>
      new Story()
        .log("recording.admitted")
        .log("recording.viewed", { subject: "ff".repeat(16) })
        .judge(),
    /another subject/,
  );
});

test("a row that continues another history is refused", () => {
  refuses(
    () =>
      story()
        .log("recording.viewed", { prev: base64(filled(9)) })
        .judge(),
    /does not continue/,
  );
});

test("two events of one n are refused", () => {
  refuses(() => story().log("recording.viewed", { n: 2 }).judge(), /missing or out of order/);
});

test("a row logged before its predecessor is refused", () => {
  const bent = new Story();
  const admitted = new Story().log("recording.admitted").rows[0] as Logged;
  const next = object({
    actor: "a1".repeat(16),
    at: "2022-12-02T06:12:07.41Z",
    ledger: LOG.name,
    n: 1,
    prev: base64(admitted.commitment),
    subject: SUBJECT,
    type: "recording.viewed",
  });
  const early = bent.forge.addEvent(next, filled(2));
  const late = bent.forge.addEvent(admitted.event, admitted.salt);
  const receipt = (index: number, event: JsonObject, salt: Uint8Array): Receipt =>
    verifyReceipt(bent.forge.receipt(index, eventExtra(event, salt)), ANCHOR);
  const rows = [receipt(late, admitted.event, admitted.salt), receipt(early, next, filled(2))];
  refuses(() => verifyChain(rows), /stands before/);
});

test("a commitment logged twice is refused when both leaves are shown", () => {
  const twice = new Story().log("recording.admitted");
  const row = twice.rows[0] as Logged;
  twice.forge.addEvent(row.event, row.salt);
  const [receipt] = twice.receipts() as [Receipt];
  refuses(() => verifyChain([receipt, receipt]), /twice/);
});

test("heads that name another n, another commitment or another first are refused", () => {
  refuses(() => story().snapshot({ n: 1 }).judge(), /names event 1/);
  refuses(() => story().snapshot({ n: 3 }).judge(), /names event 3/);
  refuses(
    () =>
      story()
        .snapshot({ commitment: filled(9) })
        .judge(),
    /excludes/,
  );
  refuses(() => story().snapshot({ first: 1 }).judge(), /another subject/);
  refuses(() => story().snapshot().snapshot({ n: 0 }).judge(), /names event 0/);
});

test("a head that admits to nothing for this subject is refused", () => {
  refuses(
    () =>
      story()
        .snapshot({ n: 0, commitment: filled(0) })
        .judge(),
    /excludes/,
  );
});

test("statements are no rows and events are no heads", () => {
  const whole = story().snapshot();
  refuses(() => verifyChain(whole.heads()), /not an event/);
  refuses(() => verifyChain(whole.receipts(), whole.receipts()), /no head/);
});

function destroyed(change: Record<string, Plain> = {}): Story {
  const whole = new Story().log("recording.admitted").log("recording.viewed").snapshot();
  return whole.log("recording.destroyed", { certificate: "c1", first: whole.rows[0]?.index ?? 0, ...change });
}

test("a destroyed recording verifies by its last row alone, and by the heads before and after it", () => {
  const tombstone = destroyed().snapshot();
  const chain = verifyChain(tombstone.receipts().slice(-1), tombstone.heads());
  assert.equal(chain.destroyed, true);
  assert.deepEqual(chain.notYetCovered, []);
  assert.equal(tombstone.judge().rows, 3);
});

test("a destruction with another first, or one that its heads exclude, is refused", () => {
  const other = destroyed({ first: 1 });
  refuses(() => other.judge(), /another first/);
  refuses(() => verifyChain(other.receipts().slice(-1), other.heads()), /another subject/);
  const forked = destroyed({ prev: base64(filled(9)) });
  refuses(() => verifyChain(forked.receipts().slice(-1), forked.heads()), /does not continue it/);
  const renamed = destroyed().snapshot({ n: 1 });
  refuses(() => verifyChain(renamed.receipts().slice(-1), renamed.heads()), /names event 1/);
  const skipped = destroyed({ n: 1 });
  refuses(() => verifyChain(skipped.receipts().slice(-1), skipped.heads()), /came later/);
});

test("an event after the destruction is refused, and so is a tail that is not a destruction", () => {
  refuses(() => destroyed().log("recording.viewed").judge(), /follows the destruction/);
  refuses(() => verifyChain(story().receipts().slice(-1)), /event 0/);
  refuses(() => verifyChain(destroyed().receipts().slice(1)), /event 0/);
});
