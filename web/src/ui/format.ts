// SPDX-License-Identifier: Apache-2.0
// Numbers and times as people read them.

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Decimal units, three digits: 999 B, 1.50 MB. */
export function shownBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** 2 Dec 2022, 01:12:07 EST: where the reader is, and saying where that is. */
export function shownTime(iso: string, zone?: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return new Intl.DateTimeFormat("en-US", {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
    ...(zone === undefined ? {} : { timeZone: zone }),
  }).format(time);
}

/** Nov 23, 2026: a day that the server counts, which is one of UTC wherever the reader is. */
export function shownDay(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return new Intl.DateTimeFormat("en-US", { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" }).format(time);
}

/** As an input of date and time wants it: local, to the minute. */
export function localMinute(time: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}T${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** What such an input says, as the server is told it; undefined where it was left empty. */
export function instantOf(local: string): string | undefined {
  const time = new Date(local);
  return local === "" || Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** 1:02:03, or 2:03 below an hour. */
export function shownDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const pad = (n: number): string => String(n).padStart(2, "0");
  const [h, min, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${pad(min)}:${pad(s)}` : `${min}:${pad(s)}`;
}

/**
 * Text that came with the evidence, with what cannot be seen made visible: control characters, line separators, and marks
 * that turn the order of the letters around, under which "gpj.exe" reads as another kind of file.
 */
export function shownName(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (mark) => `⟨U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

/** Groups of four, so that two people can read a digest to each other. */
export function grouped(hex: string): string {
  return hex.replace(/(.{4})(?=.)/g, "$1 ");
}

/** The first and last eight: enough to tell two apart, never enough to trust. */
export function shortDigest(hex: string): string {
  return hex.length <= 20 ? hex : `${grouped(hex.slice(0, 8))} … ${grouped(hex.slice(-8))}`;
}
