// SPDX-License-Identifier: Apache-2.0
// What a person may do, laid out for reading: a row an action, a column for each way of standing to a recording.
import type { Right } from "../../api/schema.js";

export const RELATIONS = ["own", "supervised", "other"] as const;
export type Relation = (typeof RELATIONS)[number];

/** What somebody gets for one action with one way of standing; for those that need a purpose, for which of them. */
export interface Cell {
  readonly answer: string;
  readonly purposes: readonly string[];
}

export interface RightRow {
  readonly action: string;
  readonly cells: { readonly [R in Relation]: Cell };
  /** Each rule once, in the order of the columns. */
  readonly rules: readonly string[];
}

/** Actions that everybody has, or that nobody of an agency has, and that say nothing about a person. */
export const COMMON: readonly string[] = ["public", "sign_in", "receive"];
const NOTHING: Cell = { answer: "hide", purposes: [] };

function merge(cell: Cell, right: Right): Cell {
  // Allowed for one purpose is allowed; and where none is, what is known of the item is what the answer tells.
  const purposes = right.answer === "allow" && right.purpose !== null ? [...cell.purposes, right.purpose] : cell.purposes;
  const answer = cell.answer === "allow" || right.answer === "allow" ? "allow" : right.answer;
  return { answer, purposes };
}

export function layOut(rights: readonly Right[]): readonly RightRow[] {
  const rows = new Map<string, RightRow>();
  for (const right of rights) {
    if (COMMON.includes(right.action)) continue;
    const row = rows.get(right.action) ?? { action: right.action, cells: { own: NOTHING, supervised: NOTHING, other: NOTHING }, rules: [] };
    rows.set(right.action, {
      ...row,
      cells: { ...row.cells, [right.recording]: merge(row.cells[right.recording], right) },
      rules: row.rules.includes(right.rule) ? row.rules : [...row.rules, right.rule],
    });
  }
  return [...rows.values()];
}

/** Whether the way of standing to a recording makes no difference: then one word says it. */
export function isUniform({ cells }: RightRow): boolean {
  const said = RELATIONS.map((relation) => `${cells[relation].answer} ${cells[relation].purposes.join(" ")}`);
  return said.every((each) => each === said[0]);
}
