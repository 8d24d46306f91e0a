// SPDX-License-Identifier: Apache-2.0
// The watch on a session: it tells the server whether somebody is at the keys, and finds out when the session has ended, here or
// elsewhere. Pure but for what it is given, so that a test moves its clock.

/** How often it looks, and how often it asks the server. */
export const TICK_MS = 20_000;
export const BEAT_MS = 60_000;

export interface Watched {
  readonly idleLimitMs: number;
  readonly now: number;
  readonly lastInput: number;
  readonly lastAsked: number;
}

/** Whether to ask the server now: once a minute, since who only watches asks for nothing else; and at every look once nobody was at the
 * keys for so long that the session may be over. */
export function shouldAsk({ idleLimitMs, now, lastInput, lastAsked }: Watched): boolean {
  return now - lastInput >= idleLimitMs || now - lastAsked >= BEAT_MS;
}
