// SPDX-License-Identifier: Apache-2.0
// Tiles and bundles of entries (C2SP tlog-tiles), and one checkpoint extending another: what a mirror of the log keeps.
import { decimal, equal, fromBase64Of, fromUtf8, utf8 } from "./bytes.js";
import { checkConsistency, EMPTY_ROOT, HASH_BYTES, leafHash, nodeHash } from "./merkle.js";
import { type Anchor, type Checkpoint, verifyCheckpoint } from "./note.js";
import { refuse } from "./refusal.js";

const TILE_WIDTH = 256;
const LEVEL_MAX = 63;
const CONSISTENCY_PATH_MAX = 64;

export interface TileId {
  /** -1 is a bundle of entries. */
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

export function parseTilePath(path: string): TileId {
  const parts = /^tile\/(entries|[0-9]+)\/((?:x[0-9]{3}\/)*)([0-9]{3})(?:\.p\/([0-9]+))?$/.exec(path);
  if (parts === null) return refuse("this is not the path of a tile");
  const [, levelText = "", groups = "", last = "", widthText] = parts;
  const level = levelText === "entries" ? -1 : decimal(levelText, "the tile's level");
  if (level > LEVEL_MAX) refuse("the tile's level is too high");
  if (groups.startsWith("x000/")) refuse("the tile's index has a needless group");
  const index = Number(`${groups.replaceAll(/[x/]/g, "")}${last}`);
  if (!Number.isSafeInteger(index)) refuse("the tile's index is beyond 2^53-1");
  const width = widthText === undefined ? TILE_WIDTH : decimal(widthText, "the tile's width");
  if (width < 1 || (widthText !== undefined && width >= TILE_WIDTH))
    refuse("the tile's width is out of range");
  return { level, index, width };
}

/** A partial tile is of one size of the tree only: a narrower one is stale. */
function checkWidth(tile: TileId, size: number): void {
  const nodes = Math.floor(size / TILE_WIDTH ** Math.max(tile.level, 0));
  const width = Math.min(TILE_WIDTH, nodes - tile.index * TILE_WIDTH);
  if (width !== tile.width) refuse(`a tree of size ${size} does not have this tile at this width`);
}

function parseTile(bytes: Uint8Array, width: number): Uint8Array[] {
  if (bytes.length !== width * HASH_BYTES) refuse("the tile has another length than its width asks for");
  return Array.from({ length: width }, (_, i) => bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

function parseBundle(bytes: Uint8Array, count: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (at + 2 + length > bytes.length || at + 2 > bytes.length) refuse("the bundle ends within an entry");
    entries.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (entries.length !== count) refuse("the bundle has another number of entries than its width");
  return entries;
}

function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  const [first] = hashes;
  if (first === undefined) return EMPTY_ROOT;
  if (hashes.length === 1) return first;
  let left = 1;
  while (left * 2 < hashes.length) left *= 2;
  return nodeHash(rootOf(hashes.slice(0, left)), rootOf(hashes.slice(left)));
}

/** The only tile or bundle of leaves of a tree that fits into one, against that tree's checkpoint. */
export function verifyOnlyTile(path: string, bytes: Uint8Array, note: Uint8Array, anchor: Anchor): Checkpoint {
  const checkpoint = verifyCheckpoint(note, anchor);
  const tile = parseTilePath(path);
  checkWidth(tile, checkpoint.size);
  if (tile.level > 0 || checkpoint.size > TILE_WIDTH) refuse("the tile alone does not give the tree's root");
  const leaves = tile.level < 0 ? parseBundle(bytes, tile.width).map(leafHash) : parseTile(bytes, tile.width);
  if (!equal(rootOf(leaves), checkpoint.root)) refuse("the tile does not lead to the root");
  return checkpoint;
}

/** `proof` is "old SIZE", the path's hashes a line each, an empty line, the larger checkpoint. */
export function verifyExtension(smaller: Uint8Array, proof: Uint8Array, anchor: Anchor): Checkpoint {
  const text = fromUtf8(proof, "the consistency proof");
  const end = text.indexOf("\n\n");
  const [old, ...lines] = text.slice(0, Math.max(0, end)).split("\n");
  if (end < 0 || old === undefined || !old.startsWith("old ")) return refuse("this is not a consistency proof");
  const oldSize = decimal(old.slice("old ".length), "the proof's older size");
  if (lines.length > CONSISTENCY_PATH_MAX) refuse("the consistency proof has too many lines");
  const path = lines.map((line) => fromBase64Of(HASH_BYTES, line, "a hash of the proof"));
  const older = verifyCheckpoint(smaller, anchor);
  const newer = verifyCheckpoint(utf8(text.slice(end + 2)), anchor);
  if (oldSize !== older.size) refuse("the proof is from another size than the smaller checkpoint's");
  checkConsistency(older, newer, path);
  return newer;
}
