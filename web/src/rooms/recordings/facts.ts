// SPDX-License-Identifier: Apache-2.0
// Whether the facts that the server shows of a recording are those that were sealed: each is compared with the verified
// admission, as the verified changes after it left it. What no event holds (the camera's serial, what the media worker
// found) is not compared, and the page says so.
import { m } from "../../app/messages.js";
import { grouped, shownName, shownTime } from "../../ui/format.js";
import { readAdmission, type Event } from "../../verify/entry.js";
import type { Json, JsonObject } from "../../verify/json.js";
import type { FileFacts } from "../../verify/receipt.js";
import type { Checked } from "./proof.js";

/** What an admission says once and for all. */
const FIXED = ["sha256", "bytes", "received_at", "chain_starts_at"] as const;
/** What `recording.changed` may have given another value since. */
const CHANGEABLE = ["recorded_at", "group", "wearer", "incident", "category", "filename", "inside_home", "victim_sensitive", "restriction", "assigned_officer"] as const;

export type ComparedField = "id" | (typeof FIXED)[number] | (typeof CHANGEABLE)[number];
/** The server's row. Nothing in it is believed, whatever the contract says of it. */
export type ShownFacts = { readonly [F in ComparedField]: unknown };

export interface Difference {
  readonly field: ComparedField;
  /** As people read them; undefined: none. */
  readonly shown: string | undefined;
  readonly sealed: string | undefined;
}

export type Comparison =
  /** No verified admission, or not every event verified: nothing can be said of all facts. */
  | { readonly kind: "unknown"; readonly file: FileFacts | undefined }
  | { readonly kind: "agree"; readonly file: FileFacts }
  | { readonly kind: "differ"; readonly file: FileFacts; readonly differences: readonly Difference[] };


/** Null and the empty text are how a row says that nothing is known; an event has no such field then. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function shownValue(field: ComparedField, value: unknown): string | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value === "boolean") return value ? m.facts.yes : m.facts.no;
  if (field === "bytes" && typeof value === "number") return m.recording.bytes(value);
  if (typeof value !== "string") return shownName(JSON.stringify(value));
  // Spelled as in the facts, so that the two can be laid beside each other.
  if (/^[0-9a-f]{32,}$/.test(value)) return grouped(value);
  const isTime = field === "received_at" || field === "recorded_at";
  return isTime ? `${shownTime(value)} (${shownName(value)})` : shownName(value);
}

/** The admission's fields, and what later events made of those that may change. */
function sealedFacts(admission: Event, later: readonly Event[]): JsonObject {
  const facts = new Map<string, Json>(admission.json);
  // An attempt says that the event it names took no effect.
  const withoutEffect = new Set(later.filter((event) => event.type === "attempt").map((event) => event.json.get("of")));
  facts.set("id", admission.subject);
  facts.set("victim_sensitive", false);
  // An admission names its officer shortly; later events speak of the row's column.
  const officer = admission.json.get("officer");
  if (officer !== undefined) facts.set("assigned_officer", officer);
  for (const event of later) {
    // A camera's signature that was checked may show custody from the camera on; the newest check counts.
    if (event.type === "recording.derived" && event.json.get("kind") === "signature" && !withoutEffect.has(event.n)) {
      const isOfCamera = event.json.get("verdict") === "verified" && ["of_device", "of_root"].includes(String(event.json.get("key_is")));
      const admitted = admission.json.get("chain_starts_at");
      if (isOfCamera) facts.set("chain_starts_at", "camera");
      else if (admitted !== undefined) facts.set("chain_starts_at", admitted);
    }
    const field = event.json.get("field");
    if (event.type !== "recording.changed" || withoutEffect.has(event.n)) continue;
    if (typeof field !== "string" || !(CHANGEABLE as readonly string[]).includes(field)) continue;
    const value = event.json.get("new");
    if (value === undefined) facts.delete(field);
    else facts.set(field, value);
  }
  return facts;
}

/** Compares a row with a history that was checked event by event. */
export function compareFacts(shown: ShownFacts, checked: readonly Checked[]): Comparison {
  const events: Event[] = [];
  for (const verdict of checked) {
    if (verdict.kind !== "verified" || verdict.receipt.opened.kind !== "event") break;
    events.push(verdict.receipt.opened.event);
  }
  const [admission, ...later] = events;
  if (admission === undefined || admission.type !== "recording.admitted") return { kind: "unknown", file: undefined };
  const { sha256, bytes } = readAdmission(admission);
  const file = { sha256, bytes };
  const isWhole = events.length === checked.length;
  // Admissions of before said nothing of an officer, either way.
  const tellsOfficer =
    admission.json.has("officer") || admission.json.has("unattributed") || later.some((event) => event.json.get("field") === "assigned_officer");
  const sealed = sealedFacts(admission, later);
  // A change that did not verify may explain another value, but never another digest; a check of the camera's signature that did not
  // may explain that the chain is said to begin earlier.
  const fixed = FIXED.filter((field) => isWhole || field !== "chain_starts_at" || shown.chain_starts_at !== "camera");
  const fields: readonly ComparedField[] = isWhole ? ["id", ...fixed, ...CHANGEABLE] : ["id", ...fixed];
  const differences = fields
    .filter((field) => field !== "assigned_officer" || tellsOfficer)
    .filter((field) => (isAbsent(shown[field]) ? sealed.has(field) : shown[field] !== sealed.get(field)))
    .map((field) => ({ field, shown: shownValue(field, shown[field]), sealed: shownValue(field, sealed.get(field)) }));
  if (differences.length > 0) return { kind: "differ", file, differences };
  return isWhole ? { kind: "agree", file } : { kind: "unknown", file };
}
