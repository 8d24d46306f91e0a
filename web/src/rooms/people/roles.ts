// SPDX-License-Identifier: Apache-2.0
// Roles being chosen for a person: which there are, and what a choice gives and takes.
import type { Person } from "../../api/schema.js";
import { m } from "../../app/messages.js";

export type Role = Person["roles"][number];

/** In the order in which people read them. */
export const ROLES = Object.keys(m.people.roleNames) as readonly Role[];

export function withRole(roles: readonly Role[], role: Role, isHeld: boolean): readonly Role[] {
  return ROLES.filter((each) => (each === role ? isHeld : roles.includes(each)));
}

export interface RoleChange {
  readonly given: readonly Role[];
  readonly taken: readonly Role[];
}

export function changeOf(before: readonly Role[], after: readonly Role[]): RoleChange {
  return { given: ROLES.filter((role) => after.includes(role) && !before.includes(role)), taken: ROLES.filter((role) => before.includes(role) && !after.includes(role)) };
}

/** Whether it is worth asking for: something changes, and somebody who has left is deactivated instead of left without a role. */
export function isChange(before: readonly Role[], after: readonly Role[]): boolean {
  const { given, taken } = changeOf(before, after);
  return after.length > 0 && given.length + taken.length > 0;
}
