// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clip } from "../../api/schema.js";
import { draw, SIDE, trailOf } from "./route.js";

const at = (latitude: number, longitude: number): { readonly latitude: number; readonly longitude: number } => ({ latitude, longitude });

test("north is up and east is right, and the picture is as wide as it is high", () => {
  const drawn = draw([at(42, -73), at(42.001, -73)]);
  assert.ok(drawn !== undefined);
  assert.equal(drawn.start[0], drawn.end[0]);
  assert.ok(drawn.end[1] < drawn.start[1]);
  assert.ok(Math.abs(drawn.side_m - 111.195) < 0.01);
  assert.equal(drawn.path, "M150.0 288.0L150.0 12.0");
});

test("a meter is as long to the east as to the north", () => {
  // At 60 degrees a degree of longitude is half as long as one of latitude.
  const drawn = draw([at(60, 10), at(60, 10.002), at(60.001, 10.002)]);
  assert.ok(drawn !== undefined);
  const [, corner] = drawn.path.slice(1).split("L").map((text) => text.split(" ").map(Number));
  assert.ok(corner !== undefined);
  assert.ok(Math.abs((corner[0] ?? 0) - drawn.start[0] - ((corner[1] ?? 0) - drawn.end[1])) < 0.3);
});

test("one place is in the middle, and over the date line it is no way around the world", () => {
  const place = draw([at(42, -73)]);
  assert.deepEqual([place?.start, place?.side_m], [[SIDE / 2, SIDE / 2], 20]);
  const over = draw([at(0, 179.9999), at(0, -179.9999)]);
  assert.ok(over !== undefined && over.side_m < 30);
  assert.equal(draw([]), undefined);
});

test("a trail is a file beside the clip", () => {
  const clip = (id: string, filename: string): Clip => ({ id, filename, sha256: "", bytes: 1, receipt: "" });
  const clips = [clip("a", "1.mp4"), clip("b", "1_gpstrail.json"), clip("c", "other.json")];
  assert.equal(trailOf({ id: "a", clips })?.id, "b");
  assert.equal(trailOf({ id: "b", clips }), undefined);
  assert.equal(trailOf({ id: "a", clips: [clip("a", "1.mp4"), clip("c", "DJI_0001.SRT")] })?.id, "c");
});
