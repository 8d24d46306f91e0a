// SPDX-License-Identifier: Apache-2.0
// What this tab keeps of what somebody said, so that loading the page again asks nothing twice: until they sign out, their session is
// over, or somebody else signs in. Nothing of the evidence is kept here.
import type { Session } from "../api/schema.js";

const KEY = "lapel.said";
const VERSION = 1;

/** A login is one person's in one agency. */
export const personOf = (session: Session): string => `${session.agency} ${session.login}`;

/** What was written for this person; what is damaged, of another version or somebody else's is nothing. */
export function readFor(who: string, text: string | null): unknown {
  try {
    const kept: unknown = JSON.parse(text ?? "null");
    if (typeof kept !== "object" || kept === null || !("version" in kept) || !("who" in kept) || !("value" in kept)) return undefined;
    return kept.version === VERSION && kept.who === who ? kept.value : undefined;
  } catch {
    return undefined;
  }
}

export function writtenFor(who: string, value: unknown): string {
  return JSON.stringify({ version: VERSION, who, value });
}

/** A browser that keeps nothing still knows it until the page is left. */
let known: string | null = null;

export function readKept(who: string): unknown {
  let text = known;
  try {
    text = sessionStorage.getItem(KEY) ?? known;
  } catch {
    // Then it is what this page knows.
  }
  return readFor(who, text);
}

export function writeKept(who: string, value: unknown): void {
  known = writtenFor(who, value);
  try {
    sessionStorage.setItem(KEY, known);
  } catch {
    // It is lost when the page is left.
  }
}

export function forgetKept(): void {
  known = null;
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}
