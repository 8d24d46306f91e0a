// SPDX-License-Identifier: Apache-2.0
// From change to change of a policy, without the view.
import type { Policy, PolicyChanges } from "../../api/schema.js";

/** The clauses that are not as they were, in order. */
export function changedKeys(changes: Pick<PolicyChanges, "clauses"> | undefined): readonly string[] {
  return changes?.clauses.filter((clause) => clause.change !== "same").map((clause) => clause.key) ?? [];
}

/** The one after or before; from nowhere the first or the last, and around at the ends. */
export function stepTo(keys: readonly string[], current: string | undefined, by: 1 | -1): string | undefined {
  const at = current === undefined ? -1 : keys.indexOf(current);
  if (at < 0) return by === 1 ? keys[0] : keys.at(-1);
  return keys[(at + by + keys.length) % keys.length];
}

/** The version that a reader is shown first: what they still have to read, else what is in force. */
export function versionToShow(policy: Pick<Policy, "number" | "next" | "acknowledged">): number | undefined {
  const isRead = policy.number !== null && policy.acknowledged !== null && policy.acknowledged >= policy.number;
  if (isRead && policy.next !== null && (policy.acknowledged ?? 0) < policy.next) return policy.next;
  return policy.number ?? policy.next ?? undefined;
}
