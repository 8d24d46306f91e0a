// SPDX-License-Identifier: Apache-2.0
// The list's filters as they stand in an address.

/** Those that have a field in the form. */
export const FILTERS = ["q", "officer", "incident", "category", "device", "from", "to"] as const;

/** Those that a link brings along. */
const LINKED = ["unattributed", "received_from", "received_to"] as const;

/** Only what the list knows, in one order, so that two addresses of the same list are one. */
export function queryOf(search: string): string {
  const given = new URLSearchParams(search);
  const known = new URLSearchParams();
  for (const name of [...FILTERS, ...LINKED]) {
    const value = given.get(name)?.trim() ?? "";
    if (value !== "") known.set(name, value);
  }
  return known.toString();
}
