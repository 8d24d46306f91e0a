// SPDX-License-Identifier: Apache-2.0
// Who is signed in, as one value that screens can follow.
import { askJson, onSignedOut } from "../api/client.js";
import type { Session } from "../api/schema.js";

export type SignedIn =
  | { readonly state: "asking" }
  | { readonly state: "out"; readonly hasEnded: boolean }
  | { readonly state: "in"; readonly session: Session }
  | { readonly state: "failed"; readonly error: unknown };

let current: SignedIn = { state: "asking" };
const listeners = new Set<() => void>();

function become(next: SignedIn): void {
  current = next;
  for (const listener of listeners) listener();
}

export const signedIn = (): SignedIn => current;
export const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export async function resumeSession(): Promise<void> {
  try {
    const session = await askJson<"GET /api/v1/session">("/api/v1/session");
    become(session === undefined ? { state: "out", hasEnded: false } : { state: "in", session });
  } catch (error) {
    become({ state: "failed", error });
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  become({ state: "in", session: await await askJson<"POST /api/v1/session">("/api/v1/session", { method: "POST", body: { login, password } }) });
}

export async function signOut(): Promise<void> {
  await askJson<"DELETE /api/v1/session">("/api/v1/session", { method: "DELETE" });
  become({ state: "out", hasEnded: false });
}

onSignedOut(() => {
  if (current.state === "in") become({ state: "out", hasEnded: true });
});
