// SPDX-License-Identifier: Apache-2.0
// Figures as they are shown. Amounts stay the texts that the server gave: nothing is computed with them.

/** "166586.73" as "166,586.73". */
export function shownMoney(text: string): string {
  const [whole = "", decimals] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

/** What was said as "about" has the mark of it. */
export function marked(text: string, isApproximate: boolean): string {
  return isApproximate ? `≈ ${text}` : text;
}

/** The value of a statement, of whatever type. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(" to ");
  if (typeof value === "string") return /^\d+\.\d{2}$/.test(value) ? shownMoney(value) : value;
  return typeof value === "number" ? String(value) : "";
}
