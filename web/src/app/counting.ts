// SPDX-License-Identifier: Apache-2.0
// Numbers in sentences, and the form of the noun beside them.
const plural = new Intl.PluralRules("en");
export const count = new Intl.NumberFormat("en");

export function counted(n: number, one: string, other: string): string {
  return `${count.format(n)} ${plural.select(n) === "one" ? one : other}`;
}
