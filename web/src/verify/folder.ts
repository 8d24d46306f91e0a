// SPDX-License-Identifier: Apache-2.0
// Files of a disk, for Node; everything else in this module runs in a browser too.
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { FileSource, SourceFile } from "./source.js";

export class Unreadable extends Error {
  constructor(path: string, cause: unknown) {
    super(`${path}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`);
  }
}

export async function* streamFile(path: string): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    throw new Unreadable(path, error);
  }
}

/** Follows no link below `root`: the bytes have to be in the folder itself. */
export function folderSource(root: string): FileSource {
  return {
    async list() {
      const found: SourceFile[] = [];
      // A list of folders yet to read rather than recursion, because depth is the sender's choice.
      const folders = [""];
      for (let below = folders.pop(); below !== undefined; below = folders.pop()) {
        const entries = await readdir(join(root, below), { withFileTypes: true }).catch((error: unknown) => {
          throw new Unreadable(join(root, below ?? ""), error);
        });
        for (const entry of entries) {
          const path = `${below}${entry.name}`;
          if (entry.isDirectory()) folders.push(`${path}/`);
          else found.push({ path, kind: entry.isFile() ? "file" : "other" });
        }
      }
      return found;
    },
    stream: (path) => streamFile(join(root, path)),
  };
}
