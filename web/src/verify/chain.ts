// SPDX-License-Identifier: Apache-2.0
// The whole history of one subject: receipts of all its events under one checkpoint, and heads that exclude
// any other history up to their snapshots.
import { base64, equal } from "./bytes.js";
import type { Event } from "./entry.js";
import { Fields } from "./json.js";
import type { Checkpoint } from "./note.js";
import type { Head, Receipt } from "./receipt.js";
import { refuse } from "./refusal.js";

export interface Chain {
  readonly subject: string;
  readonly checkpoint: Checkpoint;
  readonly rows: number;
  /** Rows with an index below this were the subject's whole history then; 0 when no head was given. */
  readonly coveredBelow: number;
  /** The n of rows that no snapshot covers yet. */
  readonly notYetCovered: readonly number[];
  /** The row by which everything else was destroyed, when that is what the chain ends with. */
  readonly destroyed: boolean;
}

/** One event and where it stands in the log. */
export interface Row {
  readonly index: number;
  readonly event: Event;
}

/** Judges receipts that were already verified, in the order of their events, and head proofs in any order. */
export function verifyChain(receipts: readonly Receipt[], headReceipts: readonly Receipt[] = []): Chain {
  const rows = receipts.map(rowOf);
  const heads = headReceipts.map(headOf);
  const [first] = rows;
  const [firstReceipt] = receipts;
  const last = rows.at(-1);
  if (first === undefined || firstReceipt === undefined || last === undefined)
    return refuse("the chain is empty");
  for (const receipt of [...receipts, ...headReceipts]) {
    if (receipt.checkpoint.text !== firstReceipt.checkpoint.text) refuse("the chain spans two checkpoints");
  }
  const destroyed = last.event.type === "recording.destroyed";
  const firstIndex = destroyed ? destroyedFirst(last.event) : first.index;
  // After destruction the earlier rows can be opened by nobody, so the last one travels alone.
  if (first.event.n !== 0 && !(destroyed && rows.length === 1))
    refuse("the chain does not start with event 0");
  if (first.event.n === 0 && firstIndex !== first.index) refuse("the destruction names another first index");
  checkNoGap(rows);
  checkOrder(rows);
  for (const head of heads) checkHead(head, rows, firstIndex);

  const coveredBelow = Math.max(0, ...heads.map((head) => head.snapshot.size));
  return {
    subject: first.event.subject,
    checkpoint: firstReceipt.checkpoint,
    rows: rows.length,
    coveredBelow,
    notYetCovered: rows.filter((row) => row.index >= coveredBelow).map((row) => row.event.n),
    destroyed,
  };
}

function rowOf(receipt: Receipt): Row {
  if (receipt.opened.kind !== "event") return refuse("a row of the chain is not an event");
  return { index: receipt.index, event: receipt.opened.event };
}

function headOf(receipt: Receipt): Head {
  return receipt.opened.kind === "head" ? receipt.opened.head : refuse("a head proof has no head");
}

function destroyedFirst(event: Event): number {
  return new Fields(event.json, "the destruction").integer("first");
}

function checkNoGap(rows: readonly Row[]): void {
  const seen = new Set<string>();
  rows.forEach((row, i) => {
    // A commitment that stands twice in the log convicts the log, even if each leaf verifies.
    const commitment = base64(row.event.commitment);
    if (seen.has(commitment)) refuse("one commitment stands twice in the chain");
    seen.add(commitment);
    const before = rows[i - 1]?.event;
    if (before !== undefined && row.event.n !== before.n + 1)
      refuse(`event ${before.n + 1} is missing or out of order`);
  });
}

/** What holds between the disclosed events of one subject, by rising n, even if some between are withheld. */
export function checkOrder(rows: readonly Row[]): void {
  rows.forEach((row, i) => {
    const { event } = row;
    const before = rows[i - 1];
    if (before === undefined) return;
    if (event.subject !== before.event.subject) refuse(`row ${event.n} is of another subject`);
    const adjacent = event.n === before.event.n + 1;
    if (adjacent && (event.prev === undefined || !equal(event.prev, before.event.commitment))) {
      refuse(`event ${event.n} does not continue event ${before.event.n}`);
    }
    if (row.index <= before.index)
      refuse(`event ${event.n} stands before event ${before.event.n} in the log`);
    if (before.event.type === "recording.destroyed") refuse("an event follows the destruction");
  });
}

function checkHead(head: Head, rows: readonly Row[], firstIndex: number): void {
  const size = head.snapshot.size;
  if (head.first !== firstIndex) refuse(`the head at size ${size} is of another subject`);
  const covered = rows.filter((row) => row.index < size).at(-1);
  if (covered !== undefined) {
    const same = covered.event.n === head.n && equal(covered.event.commitment, head.commitment);
    if (!same) refuse(`the head at size ${size} excludes this history: it names event ${head.n}`);
    return;
  }
  // Only a destroyed recording comes here: its earlier rows are gone, and the head names one of them.
  const next = rows[0]?.event;
  if (next === undefined || head.n >= next.n)
    refuse(`the head at size ${size} names an event that came later`);
  if (next?.n === head.n + 1 && next.prev !== undefined && !equal(next.prev, head.commitment)) {
    refuse(`the head at size ${size} excludes this history: event ${next.n} does not continue it`);
  }
}
