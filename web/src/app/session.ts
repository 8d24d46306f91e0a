// SPDX-License-Identifier: Apache-2.0
// Who is signed in, as one value that screens can follow. A session that has ended keeps what was open, hidden, for whoever signs
// in again as the same person: the playhead stays where it was.
import { askJson, onSignedOut } from "../api/client.js";
import { idleSeconds, lastInputAt, noteInput, notePointer } from "../api/idle.js";
import type { ComingBack, FactorShown, PresentedPasskey, Session, SetupRequest } from "../api/schema.js";
import { forgetKept, personOf, readKept } from "./kept.js";
import { shouldAsk, TICK_MS } from "./watch.js";

export type SignedIn =
  | { readonly state: "asking" }
  | { readonly state: "out"; readonly held?: Session | undefined }
  /** Signing in needs more: a second factor, to have one enrolled, or the notice accepted. */
  | { readonly state: "unfinished"; readonly session: Session; readonly held?: Session | undefined }
  | { readonly state: "in"; readonly session: Session }
  | { readonly state: "failed"; readonly error: unknown };

let current: SignedIn = { state: "asking" };
const listeners = new Set<() => void>();

function become(next: SignedIn): void {
  // What somebody said in this tab ends with their session, and is nobody else's.
  if (next.state === "out" || ("session" in next && readKept(personOf(next.session)) === undefined)) forgetKept();
  current = next;
  for (const listener of listeners) listener();
}

/** What was open when the session ended. */
function held(): Session | undefined {
  if (current.state === "in") return current.session;
  return current.state === "out" || current.state === "unfinished" ? current.held : undefined;
}

export const signedIn = (): SignedIn => current;
export const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Tabs of one browser share the cookie: who signs in or out in one is told to the others. */
const others = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("lapel.session");
if (others !== undefined) others.onmessage = () => void resumeSession();
const tell = (): void => others?.postMessage("changed");

function enter(session: Session): void {
  become(session.needs === null ? { state: "in", session } : { state: "unfinished", session, held: held() });
}

function entered(session: Session): void {
  enter(session);
  tell();
}

function leave(keeps: "content" | "nothing"): void {
  become({ state: "out", held: keeps === "content" ? held() : undefined });
}

export async function resumeSession(): Promise<void> {
  try {
    const session = await askJson<"GET /api/v1/session">("/api/v1/session");
    if (session === undefined) leave("content");
    else enter(session);
  } catch (error) {
    become({ state: "failed", error });
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  entered(await askJson<"POST /api/v1/session">("/api/v1/session", { method: "POST", body: { login, password } }));
}

export async function signInByPasskey(answer: PresentedPasskey): Promise<void> {
  entered(await askJson<"POST /api/v1/session/passkey">("/api/v1/session/passkey", { method: "POST", body: answer }));
}

export async function showFactor(factor: FactorShown): Promise<void> {
  entered(await askJson<"POST /api/v1/session/factor">("/api/v1/session/factor", { method: "POST", body: factor }));
}

export async function acceptBanner(): Promise<void> {
  entered(await askJson<"POST /api/v1/session/banner">("/api/v1/session/banner", { method: "POST" }));
}

export async function setUp(request: SetupRequest): Promise<void> {
  entered(await askJson<"POST /api/v1/setup">("/api/v1/setup", { method: "POST", body: request }));
}

/** What the provider sent the browser back with. */
export async function comeBack(returned: ComingBack): Promise<void> {
  entered(await askJson<"POST /api/v1/session/provider/return">("/api/v1/session/provider/return", { method: "POST", body: returned }));
}

export async function signOut(): Promise<void> {
  forgetKept();
  try {
    await askJson<"DELETE /api/v1/session">("/api/v1/session", { method: "DELETE" });
    leave("nothing");
    tell();
  } catch (error) {
    // Nothing is shown to whoever sits there next, though the server has not heard of it.
    become({ state: "failed", error });
  }
}

onSignedOut((slug) => {
  if (current.state !== "in" && current.state !== "unfinished") return;
  // The session stands and needs more: what, the server says.
  if (slug === "sign-in-unfinished") void resumeSession();
  else leave("content");
});

/** Watches over the session until the page is left. */
export function watchSession(): () => void {
  const events = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;
  const onInput = (event: Event): void => (event.type === "pointermove" ? notePointer(event as PointerEvent) : noteInput());
  for (const event of events) document.addEventListener(event, onInput, { capture: true, passive: true });
  let lastAsked = Date.now();
  const timer = setInterval(() => {
    if (current.state !== "in") return;
    const now = Date.now();
    if (!shouldAsk({ idleLimitMs: current.session.idle_seconds * 1000, now, lastInput: lastInputAt(), lastAsked })) return;
    lastAsked = now;
    const isIdle = idleSeconds(now) >= current.session.idle_seconds;
    askJson<"GET /api/v1/session">("/api/v1/session").then(
      (session) => {
        if (current.state !== "in") return;
        if (session === undefined) leave("content");
        else if (session.login !== current.session.login || session.needs !== null) enter(session);
      },
      () => {
        // The server cannot be asked: nobody at the keys for so long hides the content all the same.
        if (isIdle && current.state === "in") leave("content");
      },
    );
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    for (const event of events) document.removeEventListener(event, onInput, { capture: true });
  };
}
