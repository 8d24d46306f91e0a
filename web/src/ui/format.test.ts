// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { grouped, shortDigest, shownBytes, shownDuration, shownName, shownTime } from "./format.js";

test("sizes have three digits and never round up to a thousand", () => {
  assert.equal(shownBytes(0), "0 B");
  assert.equal(shownBytes(999), "999 B");
  assert.equal(shownBytes(1000), "1.00 kB");
  assert.equal(shownBytes(999_499), "999 kB");
  assert.equal(shownBytes(999_999), "1.00 MB");
  assert.equal(shownBytes(672_981), "673 kB");
  assert.equal(shownBytes(99_960_000), "100 MB");
  assert.equal(shownBytes(1_099_511_627_776), "1.10 TB");
});

test("times name their zone, also in the repeated hour", () => {
  assert.equal(shownTime("2022-12-02T06:12:07Z", "America/New_York"), "Dec 2, 2022, 01:12:07 EST");
  assert.match(shownTime("2022-11-06T05:30:00Z", "America/New_York"), /01:30:00 EDT/);
  assert.match(shownTime("2022-11-06T06:30:00Z", "America/New_York"), /01:30:00 EST/);
  assert.equal(shownTime("not a time"), "not a time");
});

test("durations", () => {
  assert.equal(shownDuration(999), "0:00");
  assert.equal(shownDuration(123_000), "2:03");
  assert.equal(shownDuration(3_723_000), "1:02:03");
});

test("digests are grouped and shortened at both ends", () => {
  assert.equal(grouped("abcdef012"), "abcd ef01 2");
  assert.equal(shortDigest("0".repeat(32) + "f".repeat(32)), "0000 0000 … ffff ffff");
  assert.equal(shortDigest("abc"), "abc");
});

test("marks that reorder, break or hide text are shown as what they are", () => {
  assert.equal(shownName("body\u202egpj.exe"), "body⟨U+202E⟩gpj.exe");
  const marks = [0, 0x0a, 0x1b, 0x7f, 0x80, 0x9f, 0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069];
  for (const code of marks) {
    const shown = shownName(`a${String.fromCharCode(code)}b`);
    assert.equal(shown, `a⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩b`);
  }
});

test("names in any script stay as they are", () => {
  for (const name of ["", "nasa 13013.mp4", "فيديو.mp4", "écran – 2.mov", "\u{1f46e}\u200d\u2640\ufe0f.mp4", "a\u00a0b"]) assert.equal(shownName(name), name);
});
