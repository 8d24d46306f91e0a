// SPDX-License-Identifier: Apache-2.0
// To the agency's identity provider and back: what this tab has to remember meanwhile, and what it finds when it is back.
import { askJson } from "../api/client.js";
import type { ComingBack, Leaving } from "../api/schema.js";

const KEY = "lapel.left";

/** Where one comes back to: a page of this very site. */
export function pathToReturn(kept: string | null): string {
  return kept !== null && /^\/(?![/\\])/.test(kept) && !kept.startsWith("/sign-in") ? kept : "/recordings";
}

/** Goes to the provider; the page is left when this has answered. */
export async function leaveForProvider(why: Leaving): Promise<void> {
  const { location: there } = await askJson<"POST /api/v1/session/provider">("/api/v1/session/provider", { method: "POST", body: why });
  try {
    sessionStorage.setItem(KEY, `${location.pathname}${location.search}${location.hash}`);
  } catch {
    // A browser that keeps nothing comes back to the first page.
  }
  location.assign(there);
}

export function takePath(): string {
  try {
    const kept = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return pathToReturn(kept);
  } catch {
    return pathToReturn(null);
  }
}

/** What stands in the address that the provider sent the browser to; undefined where that is nothing of a sign-in. */
export function readReturn(search: string): ComingBack | undefined {
  const query = new URLSearchParams(search);
  const state = query.get("state");
  if (state === null) return undefined;
  const out: { -readonly [K in keyof ComingBack]: ComingBack[K] } = { state };
  for (const name of ["code", "iss", "error"] as const) {
    const value = query.get(name);
    if (value !== null) out[name] = value;
  }
  return out;
}
