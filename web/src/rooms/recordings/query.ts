// SPDX-License-Identifier: Apache-2.0
// The list's filters as they stand in an address.

export const FILTERS = ["q", "officer", "incident", "category", "device", "from", "to"] as const;

/** Only what the list knows, in one order, so that two addresses of the same list are one. */
export function queryOf(search: string): string {
  const given = new URLSearchParams(search);
  const known = new URLSearchParams();
  for (const name of FILTERS) {
    const value = given.get(name)?.trim() ?? "";
    if (value !== "") known.set(name, value);
  }
  return known.toString();
}
