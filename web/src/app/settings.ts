// SPDX-License-Identifier: Apache-2.0
// What one person prefers in one browser. Nothing of the evidence is kept here.

const DEFAULTS = { theme: "system", singleKeys: "on", agency: "" } as const;
export type Setting = keyof typeof DEFAULTS;

export function readSetting(name: Setting): string {
  try {
    return localStorage.getItem(`lapel.${name}`) ?? DEFAULTS[name];
  } catch {
    return DEFAULTS[name];
  }
}

export function writeSetting(name: Setting, value: string): void {
  try {
    localStorage.setItem(`lapel.${name}`, value);
  } catch {
    // A browser that keeps nothing still shows the choice until the page is left.
  }
}

export function applyTheme(theme: string): void {
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
}
