// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { digestInPieces, isSameFile, type ReadPiece } from "./footage.js";

const FILE = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) & 255);
const SHA256 = createHash("sha256").update(FILE).digest("hex");
const from =
  (file: Uint8Array): ReadPiece =>
  async (first, last) => ({ bytes: file.slice(first, last + 1), total: file.length });
const quiet = (): void => undefined;

test("the digest is of all bytes, whatever the pieces", async () => {
  for (const pieceBytes of [1, 64, 999, 1000, 1001, 4096]) {
    assert.deepEqual(await digestInPieces(from(FILE), quiet, pieceBytes), { sha256: SHA256, bytes: 1000 });
  }
});

test("an empty file is one piece", async () => {
  const empty = createHash("sha256").digest("hex");
  assert.deepEqual(await digestInPieces(from(new Uint8Array()), quiet), { sha256: empty, bytes: 0 });
});

test("progress goes up to the whole, and never asks for more than a piece", async () => {
  const steps: number[] = [];
  const asked: number[] = [];
  const read: ReadPiece = (first, last) => {
    asked.push(last - first + 1);
    return from(FILE)(first, last);
  };
  await digestInPieces(read, (done) => steps.push(done), 400);
  assert.deepEqual(steps, [400, 800, 1000]);
  assert.deepEqual(asked, [400, 400, 400]);
});

test("one bit, one byte less and one byte more each make another file", async () => {
  const sealed = { sha256: SHA256, bytes: 1000 };
  const flipped = FILE.slice();
  flipped[500] = (flipped[500] ?? 0) ^ 1;
  const longer = new Uint8Array(1001);
  longer.set(FILE);
  for (const other of [flipped, FILE.slice(0, 999), longer]) {
    assert.equal(isSameFile(await digestInPieces(from(other), quiet, 64), sealed), false);
  }
  assert.equal(isSameFile({ ...sealed, bytes: 999 }, sealed), false);
  assert.equal(isSameFile(await digestInPieces(from(FILE), quiet, 64), sealed), true);
});

test("a piece that is short, long or of a file of another length stops it", async () => {
  const short: ReadPiece = async (first, last) => ({ bytes: FILE.slice(first, last), total: 1000 });
  const long: ReadPiece = async (first, last) => ({ bytes: FILE.slice(first, last + 2), total: 1000 });
  const growing: ReadPiece = async (first, last) => ({ bytes: FILE.slice(first, last + 1), total: 1000 + first });
  await assert.rejects(digestInPieces(short, quiet, 64), /another piece/);
  await assert.rejects(digestInPieces(long, quiet, 64), /another piece/);
  await assert.rejects(digestInPieces(growing, quiet, 64), /another one while it was read/);
});

test("a reader that fails, as one that is cancelled does, fails the whole", async () => {
  const abort = new AbortController();
  const read: ReadPiece = async (first, last) => {
    abort.signal.throwIfAborted();
    if (first > 0) abort.abort();
    return from(FILE)(first, last);
  };
  await assert.rejects(digestInPieces(read, quiet, 400), { name: "AbortError" });
});
