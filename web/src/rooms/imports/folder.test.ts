// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { folderOf, LISTED_AT_ONCE, listings, pathOf, type Placed } from "./folder.js";

const file = (webkitRelativePath: string, size = 1): Placed => ({ name: webkitRelativePath.split("/").at(-1) ?? "", size, webkitRelativePath });

test("a path begins below the folder that was chosen", () => {
  assert.equal(pathOf(file("June export/video/a.mp4")), "video/a.mp4");
  assert.equal(pathOf({ name: "alone.mp4", size: 1, webkitRelativePath: "" }), "alone.mp4");
});

test("files are listed by their paths, whatever order the browser has", () => {
  assert.deepEqual([...folderOf([file("x/b"), file("x/a/z"), file("x/B")]).keys()], ["B", "a/z", "b"]);
});

test("a listing is as long as the server takes, and nothing is left out", () => {
  const files = Array.from({ length: 2 * LISTED_AT_ONCE + 1 }, (_, i) => file(`x/${String(i).padStart(5, "0")}`, i));
  const parts = [...listings(folderOf(files))];
  assert.deepEqual(parts.map((part) => part.length), [LISTED_AT_ONCE, LISTED_AT_ONCE, 1]);
  assert.deepEqual(parts.flat()[700], { path: "00700", bytes: 700 });
  assert.deepEqual([...listings(folderOf([]))], []);
});
