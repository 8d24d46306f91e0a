// SPDX-License-Identifier: Apache-2.0
// The window of a turn, as a bar.

/** How far along its window a turn is, of a bar that ends a third after it. */
export function barOf(day: number, least: number, most: number): { readonly day: number; readonly opens: number; readonly closes: number } {
  const whole = Math.ceil((most * 4) / 3);
  const part = (days: number): number => Math.round((Math.min(days, whole) / whole) * 1000) / 10;
  return { day: part(day), opens: part(least), closes: part(most) };
}
