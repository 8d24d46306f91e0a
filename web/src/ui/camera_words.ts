// SPDX-License-Identifier: Apache-2.0
// Numbers of a camera and the error of its clock, as people read them.
import type { CameraClock, CameraGap } from "../api/schema.js";
import { m } from "../app/messages.js";

const SHOWN = 10;

/** 121, 122; of many the first ones. Counters have leading zeros on cards, and people look for them. */
export function gapNumbers(gap: Pick<CameraGap, "numbers" | "missing">, digits = 4): string {
  const shown = gap.numbers.slice(0, SHOWN).map((n) => String(n).padStart(digits, "0"));
  return shown.join(", ") + (gap.missing > shown.length ? ", …" : "");
}

/** 5 h 0 min 2 s: the two or three parts that matter. */
export function shownOffset(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const [d, h, min, s] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${min} min ${s} s`;
  return min > 0 ? `${min} min ${s} s` : `${s} s`;
}

export function clockSentence(clock: Pick<CameraClock, "offset_ms" | "way" | "at_least" | "uncertainty_ms">): string {
  if (clock.offset_ms <= (clock.uncertainty_ms ?? 0)) return m.camera.clockRight;
  return m.camera.clock(shownOffset(clock.offset_ms), clock.way === "fast", clock.at_least);
}
