// SPDX-License-Identifier: Apache-2.0
// The digest of an original as the server serves it, fetched in pieces: memory stays constant whatever the file's length.
import { sha256 } from "@noble/hashes/sha2";
import { askRange, type Piece, Problem } from "../api/client.js";
import { m } from "../app/messages.js";
import { hex } from "../verify/bytes.js";
import type { FileFacts } from "../verify/receipt.js";

const PIECE_BYTES = 4 * 1024 * 1024;

/** The bytes from `first` to `last`, both included, or as far as the file goes. */
export type ReadPiece = (first: number, last: number) => Promise<Piece>;

/** An address of ranges. No range of an empty file can be satisfied, which is how one is known. */
export function rangesOf(address: string, signal: AbortSignal): ReadPiece {
  return async (first, last) => {
    try {
      return await askRange(address, first, last, { signal });
    } catch (error) {
      if (first === 0 && error instanceof Problem && error.status === 416) return { bytes: new Uint8Array(), total: 0 };
      throw error;
    }
  };
}

/** Reads all there is, also what goes beyond the length that was expected. Throws when a piece is not what was asked for. */
export async function digestInPieces(
  read: ReadPiece,
  onProgress: (done: number, total: number) => void,
  pieceBytes = PIECE_BYTES,
): Promise<FileFacts> {
  const hash = sha256.create();
  let done = 0;
  let total: number | undefined;
  while (total === undefined || done < total) {
    const piece: Piece = await read(done, done + pieceBytes - 1);
    if (total !== undefined && piece.total !== total) throw new Error(m.footage.otherLength);
    total = piece.total;
    if (piece.bytes.length !== Math.min(pieceBytes, total - done)) throw new Error(m.footage.otherPiece);
    hash.update(piece.bytes);
    done += piece.bytes.length;
    onProgress(done, total);
  }
  return { sha256: hex(hash.digest()), bytes: done };
}

export function isSameFile(a: FileFacts, b: FileFacts): boolean {
  return a.sha256 === b.sha256 && a.bytes === b.bytes;
}
