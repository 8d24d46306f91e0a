// SPDX-License-Identifier: Apache-2.0
// RFC 6962 trees over SHA-256. Indices may pass 2^32, so halving is arithmetic and never a bit operator.
import { sha256 } from "@noble/hashes/sha2";
import { concat, equal } from "./bytes.js";
import { refuse } from "./refusal.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const HASH_BYTES = 32;
export const EMPTY_ROOT = sha256(new Uint8Array());

export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(concat(LEAF, entry));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(NODE, left, right));
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

/** The root that `path` gives for a leaf; refuses a path longer or shorter than the tree's shape demands. */
export function rootFromPath(
  place: { readonly index: number; readonly size: number },
  leaf: Uint8Array,
  path: readonly Uint8Array[],
): Uint8Array {
  if (place.index >= place.size) refuse("the index lies outside the tree");
  let node = place.index;
  let last = place.size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) refuse("the inclusion path is too long");
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash);
      // The right edge of a tree that is not full has no sibling on these levels.
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last !== 0) refuse("the inclusion path is too short");
  return hash;
}

export function checkInclusion(
  place: { readonly index: number; readonly size: number },
  leaf: Uint8Array,
  path: readonly Uint8Array[],
  root: Uint8Array,
): void {
  if (!equal(rootFromPath(place, leaf, path), root)) refuse("the inclusion path does not lead to the root");
}

export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Checks that `older` is a prefix of `newer`. The empty tree is one of every tree, by an empty proof. */
export function checkConsistency(older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): void {
  if (older.size > newer.size) refuse("the older tree is the larger one");
  for (const head of [older, newer]) {
    if (head.size === 0 && !equal(head.root, EMPTY_ROOT)) refuse("the root of an empty tree is wrong");
  }
  if (older.size === newer.size || older.size === 0) {
    if (proof.length !== 0) refuse("the consistency proof should be empty");
    if (older.size === newer.size && !equal(older.root, newer.root)) refuse("one size has two roots");
    return;
  }
  let node = older.size - 1;
  let last = newer.size - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  // A full older tree is itself a node of the newer one, and the proof does not repeat it.
  const [start, ...rest] = node === 0 ? [older.root, ...proof] : proof;
  if (start === undefined) return refuse("the consistency proof is too short");
  let olderHash = start;
  let newerHash = start;
  for (const sibling of rest) {
    if (last === 0) refuse("the consistency proof is too long");
    if (isOdd(node) || node === last) {
      olderHash = nodeHash(sibling, olderHash);
      newerHash = nodeHash(sibling, newerHash);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      newerHash = nodeHash(newerHash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last !== 0) refuse("the consistency proof is too short");
  if (!equal(olderHash, older.root)) refuse("the consistency proof does not lead to the older root");
  if (!equal(newerHash, newer.root)) refuse("the consistency proof does not lead to the newer root");
}
