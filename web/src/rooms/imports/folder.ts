// SPDX-License-Identifier: Apache-2.0
// A folder that somebody has chosen: its files by the paths that they have in it.

/** What a File has of its place, where a folder was chosen. */
export interface Placed {
  readonly name: string;
  readonly size: number;
  readonly webkitRelativePath: string;
}

export interface Listed {
  readonly path: string;
  readonly bytes: number;
}

/** As many as the server takes at once. */
export const LISTED_AT_ONCE = 500;

/** The chosen folder's own name is none of a path's: it is called as whoever exported it pleased. */
export function pathOf(file: Placed): string {
  const path = file.webkitRelativePath;
  const slash = path.indexOf("/");
  return slash === -1 ? file.name : path.slice(slash + 1);
}

/** By path, in the order of their paths, so that a second look lists them as the first did. */
export function folderOf<F extends Placed>(files: Iterable<F>): ReadonlyMap<string, F> {
  const sorted = [...files].map((file) => [pathOf(file), file] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return new Map(sorted);
}

export function* listings(folder: ReadonlyMap<string, Placed>): Generator<readonly Listed[]> {
  let listed: Listed[] = [];
  for (const [path, file] of folder) {
    listed.push({ path, bytes: file.size });
    if (listed.length < LISTED_AT_ONCE) continue;
    yield listed;
    listed = [];
  }
  if (listed.length > 0) yield listed;
}
