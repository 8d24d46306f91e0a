// SPDX-License-Identifier: Apache-2.0
// What a person can do, as values: one list feeds buttons, keys and the help sheet, so that they never disagree.

export interface Action {
  readonly id: string;
  readonly label: string;
  /** A key ("/", "Space", "ArrowDown") or two in a row ("g r"); "Shift+" and "Ctrl+" may stand before. */
  readonly shortcut?: string;
  /** Whether it can be done now; always when left out. */
  readonly when?: () => boolean;
  readonly scope: "everywhere" | "here";
  readonly perform: () => void;
}

/** How long the first key of two is remembered. */
export const CHORD_MS = 1_500;

export interface Key {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

export function nameOfKey(event: Key): string {
  const key = event.key === " " ? "Space" : event.key;
  // A character already says whether Shift was held: "?" is not "Shift+?".
  const shift = event.shiftKey && key.length > 1 ? "Shift+" : "";
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${shift}${key.length === 1 ? key.toLowerCase() : key}`;
}

/** Reads the keys of two-key shortcuts; one for the whole page. */
export class Keyboard {
  private first: { readonly key: string; readonly at: number } | undefined;

  /** The action that this key completes, if there is one. */
  find(actions: readonly Action[], event: Key, nowMs: number): Action | undefined {
    const key = nameOfKey(event);
    const possible = actions.filter((action) => action.when === undefined || action.when());
    const before = this.first;
    this.first = undefined;
    if (before !== undefined && nowMs - before.at <= CHORD_MS) {
      const chord = possible.find((action) => action.shortcut === `${before.key} ${key}`);
      if (chord !== undefined) return chord;
    }
    // What is nearer to the person wins: a screen may give a key another meaning.
    const match =
      possible.find((action) => action.shortcut === key && action.scope === "here") ??
      possible.find((action) => action.shortcut === key);
    if (match === undefined && possible.some((action) => action.shortcut?.startsWith(`${key} `) === true)) {
      this.first = { key, at: nowMs };
    }
    return match;
  }
}

/** The screens' actions, while each is shown. */
export class Registry {
  private readonly groups = new Set<readonly Action[]>();
  private readonly listeners = new Set<() => void>();
  private all: readonly Action[] = [];

  add(actions: readonly Action[]): () => void {
    this.groups.add(actions);
    this.changed();
    return () => {
      this.groups.delete(actions);
      this.changed();
    };
  }

  readonly list = (): readonly Action[] => this.all;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private changed(): void {
    this.all = [...this.groups].flat();
    for (const listener of this.listeners) listener();
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
};

/** For the help sheet: "g r" as G then R. */
export function shownKeys(shortcut: string): readonly string[] {
  return shortcut.split(" ").map((key) => WORDS[key] ?? (key.length === 1 ? key.toUpperCase() : key));
}
