// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { grouped, shortDigest, shownBytes, shownDuration, shownTime } from "./format.js";

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
