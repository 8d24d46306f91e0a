// SPDX-License-Identifier: Apache-2.0
// Where an export's files come from: a folder, files dropped on a page, an archive, or a map in a test.
import { concat } from "./bytes.js";
import { refuse } from "./refusal.js";

export interface SourceFile {
  /** Below the export's root, with "/" between names. */
  readonly path: string;
  /** Anything but plain bytes, such as a link or a device, is listed and never opened. */
  readonly kind: "file" | "other";
}

/** A file that cannot be read throws whatever it throws, but no Refusal: it gives no verdict. */
export interface FileSource {
  /** Everything that is not a directory. */
  list(): Promise<readonly SourceFile[]>;
  stream(path: string): AsyncIterable<Uint8Array>;
}

/** Reads a file that has no business being large, and never holds more of it than `limit`. */
export async function readSmall(source: FileSource, path: string, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of source.stream(path)) {
    length += part.length;
    if (length > limit) refuse(`the file is longer than ${limit} bytes`);
    parts.push(part);
  }
  return concat(...parts);
}

export function filesInMemory(files: ReadonlyMap<string, Uint8Array>): FileSource {
  return {
    list: async () => [...files.keys()].map((path) => ({ path, kind: "file" })),
    async *stream(path) {
      const bytes = files.get(path);
      if (bytes === undefined) throw new Error(`${path} is not there`);
      yield bytes;
    },
  };
}
