// SPDX-License-Identifier: Apache-2.0
// What a recording is said to be, as a form has it: what of it may be changed, and what was.
import type { Recording, RecordingChange, Restriction } from "../../api/schema.js";

export interface Said {
  readonly category: string;
  readonly incident: string;
  /** Empty: nobody. */
  readonly officer: string;
  /** Undefined: nobody has said. */
  readonly insideHome: boolean | undefined;
  readonly victimSensitive: boolean;
  /** Empty: none. */
  readonly restriction: Restriction | "";
}
export type Field = keyof Said;

export function saidOf(recording: Recording): Said {
  return {
    category: recording.category ?? "",
    incident: recording.incident ?? "",
    officer: recording.assigned_officer ?? "",
    insideHome: recording.inside_home ?? undefined,
    victimSensitive: recording.victim_sensitive,
    restriction: recording.restriction ?? "",
  };
}

/** What whoever asked for the recording may change, as it stands. What binds who may look is corrected by fewer, where it is known. */
export function changeable(recording: Recording): ReadonlySet<Field> {
  const may = new Set(recording.may);
  const out = new Set<Field>();
  if (!may.has("change")) return out;
  const mayCorrect = may.has("reassign");
  out.add("category");
  if (mayCorrect) out.add("officer");
  if (mayCorrect || (recording.incident === null && recording.inside_home !== true)) out.add("incident");
  if (mayCorrect || recording.inside_home !== true) out.add("insideHome");
  if (mayCorrect || !recording.victim_sensitive) out.add("victimSensitive");
  // A lock that stands is lifted by two people.
  if (may.has("restrict") && recording.restriction === null) out.add("restriction");
  return out;
}

/** What is asked for, but for the reason; undefined where nothing is another. */
export function changeOf(recording: Recording, said: Said): Omit<RecordingChange, "reason"> | undefined {
  const before = saidOf(recording);
  const text = (value: string): string | null => (value.trim() === "" ? null : value.trim());
  const change: Omit<RecordingChange, "reason"> = {
    ...(said.category.trim() === before.category ? {} : { category: text(said.category) }),
    ...(said.incident.trim() === before.incident ? {} : { incident: text(said.incident) }),
    ...(said.officer === before.officer ? {} : { assigned_officer: text(said.officer) }),
    ...(said.insideHome === before.insideHome || said.insideHome === undefined ? {} : { inside_home: said.insideHome }),
    ...(said.victimSensitive === before.victimSensitive ? {} : { victim_sensitive: said.victimSensitive }),
    ...(said.restriction === before.restriction || said.restriction === "" ? {} : { restriction: said.restriction }),
  };
  return Object.keys(change).length === 0 ? undefined : change;
}
