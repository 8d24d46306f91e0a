// SPDX-License-Identifier: Apache-2.0
// How recordings of each make come in. The table of the README is made of this, and a test holds it to it.

export interface Make {
  readonly make: string;
  /** Sends by itself, mounts as a folder at a dock, or gives an export of its own evidence system. */
  readonly way: "live" | "mount" | "export";
  readonly how: string;
  readonly tried: string;
}

export const MAKES: readonly Make[] = [
  { make: "Axis body-worn", way: "live", how: "its system sends, by a connection file", tried: "against the published API; no real system yet" },
  { make: "GoPro", way: "mount", how: "a dock offloads its card; its track is read", tried: "sample files; no real camera yet" },
  { make: "Dashcams and others that mount as a drive", way: "mount", how: "a dock offloads the drive", tried: "sample files; no real camera yet" },
  { make: "Axon", way: "export", how: "an export of Axon Evidence", tried: "unverified: never run on a real export" },
  { make: "Motorola", way: "export", how: "an export of VideoManager or CommandCentral", tried: "unverified: never run on a real export" },
  { make: "Utility", way: "export", how: "an export of AVaiL Web", tried: "unverified: never run on a real export" },
  { make: "Genetec", way: "export", how: "an export of Clearance", tried: "unverified: never run on a real export" },
];

export const WAYS: Readonly<Record<Make["way"], string>> = { live: "docks live", mount: "mounts", export: "export only" };

/** As the README has it. */
export function readmeTable(): string {
  const rows = MAKES.map(({ make, way, how, tried }) => `| ${make} | ${WAYS[way]} | ${how} | ${tried} |`);
  return ["| Make | Comes in | How | Tried |", "|---|---|---|---|", ...rows].join("\n");
}
