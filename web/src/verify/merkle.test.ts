// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { fromBase64Of, utf8 } from "./bytes.js";
import { treeConsistency, treePath, treeRoot } from "./forge.js";
import {
  checkConsistency,
  checkInclusion,
  EMPTY_ROOT,
  HASH_BYTES,
  leafHash,
  rootFromPath,
} from "./merkle.js";
import { Refusal } from "./refusal.js";

const VECTORS = fileURLToPath(new URL("../../../test/data/merkle/", import.meta.url));

interface Vector {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string | null;
  readonly leafHash: string | null;
  readonly size1: number;
  readonly size2: number;
  readonly root1: string | null;
  readonly root2: string | null;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

function vectorsIn(folder: string): (readonly [string, Vector])[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return vectorsIn(path);
    return entry.name.endsWith(".json")
      ? [[path, JSON.parse(readFileSync(path, "utf8")) as Vector] as const]
      : [];
  });
}

function hash(text: string | null): Uint8Array {
  return fromBase64Of(HASH_BYTES, text ?? "", "a hash");
}

function refused(check: () => void): boolean {
  try {
    check();
    return false;
  } catch (error) {
    if (error instanceof Refusal) return true;
    throw error;
  }
}

function replay(folder: string, check: (vector: Vector) => void): number {
  const vectors = vectorsIn(join(VECTORS, folder));
  for (const [path, vector] of vectors)
    assert.equal(
      refused(() => check(vector)),
      vector.wantErr,
      path,
    );
  return vectors.length;
}

test("public inclusion vectors get their published verdicts", () => {
  const count = replay("inclusion", (v) =>
    checkInclusion(
      { index: v.leafIdx, size: v.treeSize },
      hash(v.leafHash),
      (v.proof ?? []).map(hash),
      hash(v.root),
    ),
  );
  assert.ok(count >= 59, `${count} vectors`);
});

test("public consistency vectors get their published verdicts", () => {
  const count = replay("consistency", (v) =>
    checkConsistency(
      { size: v.size1, root: hash(v.root1) },
      { size: v.size2, root: hash(v.root2) },
      (v.proof ?? []).map(hash),
    ),
  );
  assert.ok(count >= 63, `${count} vectors`);
});

const leaves = Array.from({ length: 17 }, (_, i) => leafHash(utf8(`leaf ${i}`)));

test("every path of every tree up to 17 leaves verifies, and no path one hash longer or shorter", () => {
  for (let size = 1; size <= leaves.length; size++) {
    const tree = leaves.slice(0, size);
    const root = treeRoot(tree);
    tree.forEach((leaf, index) => {
      const path = treePath(index, tree);
      checkInclusion({ index, size }, leaf, path, root);
      assert.ok(refused(() => rootFromPath({ index, size }, leaf, [...path, leaf])));
      if (path.length > 0) assert.ok(refused(() => rootFromPath({ index, size }, leaf, path.slice(0, -1))));
    });
  }
});

test("every consistency proof up to 17 leaves verifies, and none with a changed number of hashes", () => {
  for (let size = 1; size <= leaves.length; size++) {
    const newer = { size, root: treeRoot(leaves.slice(0, size)) };
    for (let old = 1; old <= size; old++) {
      const older = { size: old, root: treeRoot(leaves.slice(0, old)) };
      const proof = treeConsistency(old, leaves.slice(0, size));
      checkConsistency(older, newer, proof);
      assert.ok(refused(() => checkConsistency(older, newer, [...proof, newer.root])));
      if (proof.length === 0) continue;
      assert.ok(refused(() => checkConsistency(older, newer, proof.slice(0, -1))));
      assert.ok(refused(() => checkConsistency(older, newer, [newer.root, ...proof.slice(1)])));
    }
  }
});

test("the empty tree is a prefix of any tree by an empty proof only", () => {
  const newer = { size: 3, root: treeRoot(leaves.slice(0, 3)) };
  checkConsistency({ size: 0, root: EMPTY_ROOT }, newer, []);
  assert.ok(refused(() => checkConsistency({ size: 0, root: newer.root }, newer, [])));
  assert.ok(refused(() => checkConsistency({ size: 0, root: EMPTY_ROOT }, newer, [newer.root])));
});

test("indices beyond 2^32 keep their bits", () => {
  const size = 2 ** 40;
  const path = Array.from({ length: 40 }, () => EMPTY_ROOT);
  const low = rootFromPath({ index: 1, size }, EMPTY_ROOT, path);
  const high = rootFromPath({ index: 1 + 2 ** 35, size }, leafHash(utf8("x")), path);
  assert.notDeepEqual(low, high);
  assert.ok(refused(() => rootFromPath({ index: 2 ** 35, size }, EMPTY_ROOT, path.slice(1))));
});
