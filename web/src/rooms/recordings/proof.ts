// SPDX-License-Identifier: Apache-2.0
// Whether what is shown is what the ledger holds: every receipt verified here, and tied to the row it stands beside.
import type { CustodyItem } from "../../api/schema.js";
import { equal } from "../../verify/bytes.js";
import type { Event } from "../../verify/entry.js";
import { type Json, writeJson } from "../../verify/json.js";
import { type Anchor, makeAnchor } from "../../verify/note.js";
import { type Receipt, verifyReceipt } from "../../verify/receipt.js";
import { BadAnchor, Refusal, refuse } from "../../verify/refusal.js";
import { m } from "../../app/messages.js";

export type Verdict =
  | { readonly kind: "verified"; readonly index: number; readonly size: number; readonly receipt: Receipt }
  | { readonly kind: "refused"; readonly why: string };

/** A verdict, or none because the receipt did not come. */
export type Checked = Verdict | { readonly kind: "unreachable"; readonly why: string };

/** Throws BadAnchor, whose message says what is wrong with the key. */
export function readKey(text: string): Anchor {
  return makeAnchor(text.trim());
}

export { BadAnchor };

/** A row's JSON as the verifier writes it; a value that no event can hold is refused, not forced. */
function asLedgerJson(value: unknown): Json {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (Array.isArray(value)) return value.map(asLedgerJson);
  if (typeof value === "object" && value !== null) {
    return new Map(Object.entries(value).map(([key, member]) => [key, asLedgerJson(member)] as const));
  }
  return refuse("the event shown is not of a form that the ledger can hold");
}

/** What is wrong between this event and the one before it. */
function gapBefore(event: Event, before: Verdict | undefined): string | undefined {
  if (before?.kind !== "verified") return m.custody.openBefore;
  const { opened } = before.receipt;
  const isNext =
    opened.kind === "event" && opened.event.n === event.n - 1 && event.prev !== undefined && equal(event.prev, opened.event.commitment);
  return isNext ? undefined : m.custody.brokenChain;
}

/** A row as it came. Its event is believed in nothing, whatever the contract says of it. */
type Row = Pick<CustodyItem, "n" | "index" | "type" | "at"> & { readonly event: Readonly<Record<string, unknown>> };

/**
 * A receipt that verifies still says nothing of a row that shows something else, so the event in the receipt has to be
 * the very event of the row, of the recording that was asked for, and to continue the row before it.
 */
export function judge(
  item: Row,
  receiptBytes: Uint8Array,
  anchor: Anchor,
  recording: string,
  before: Verdict | undefined,
): Verdict {
  try {
    const receipt = verifyReceipt(receiptBytes, anchor);
    if (receipt.opened.kind !== "event") return { kind: "refused", why: m.custody.otherEvent };
    const { event } = receipt.opened;
    if (event.subject !== recording) return { kind: "refused", why: m.custody.otherSubject };
    const isSame =
      writeJson(event.json) === writeJson(asLedgerJson(item.event)) &&
      event.n === item.n &&
      event.type === item.type &&
      event.json.get("at") === item.at &&
      receipt.index === item.index;
    if (!isSame) return { kind: "refused", why: m.custody.otherEvent };
    const why = item.n === 0 && before === undefined ? undefined : gapBefore(event, before);
    if (why !== undefined) return { kind: "refused", why };
    return { kind: "verified", index: receipt.index, size: receipt.checkpoint.size, receipt };
  } catch (error) {
    if (error instanceof Refusal) return { kind: "refused", why: error.message };
    throw error;
  }
}
