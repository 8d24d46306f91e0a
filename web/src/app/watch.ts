// SPDX-License-Identifier: Apache-2.0
// The watch on a session: it tells the server that somebody is at the keys, and finds out when the session has ended. Pure but for
// what it is given, so that a test moves its clock.

/** How often it looks, and how often it tells the server of input. */
export const TICK_MS = 20_000;
export const BEAT_MS = 60_000;

export interface Watched {
  readonly idleLimitMs: number;
  readonly now: number;
  readonly lastInput: number;
  readonly lastAsked: number;
}

/** Whether to ask the server now: somebody was at the keys and it has not heard of it, or nobody was and the session may be over. */
export function shouldAsk({ idleLimitMs, now, lastInput, lastAsked }: Watched): boolean {
  if (now - lastInput >= idleLimitMs) return true;
  return lastInput > lastAsked && now - lastAsked >= BEAT_MS;
}
