// SPDX-License-Identifier: Apache-2.0
// How long nobody has touched a key or a pointer here. Sent with every request: the server counts as activity what a person
// does, and not what a player fetches.

let lastInput = Date.now();

export function noteInput(now: number = Date.now()): void {
  lastInput = now;
}

let pointer = "";

/** A pointer that rests is reported too, by some browsers, whenever the page moves under it: nobody's hand is on that. */
export function notePointer({ screenX, screenY }: { readonly screenX: number; readonly screenY: number }, now: number = Date.now()): void {
  const place = `${screenX} ${screenY}`;
  if (place === pointer) return;
  pointer = place;
  noteInput(now);
}

/** Milliseconds of the clock. */
export const lastInputAt = (): number => lastInput;

export function idleSeconds(now: number = Date.now()): number {
  return Math.max(0, Math.floor((now - lastInput) / 1000));
}
