// SPDX-License-Identifier: Apache-2.0
// The action registry as React sees it: screens register, keys perform.
import { createContext, useContext, useEffect, useLayoutEffect, useSyncExternalStore, type ReactNode } from "react";
import { type Action, Keyboard, Registry } from "./actions.js";
import { signedIn } from "./session.js";
import { readSetting } from "./settings.js";

const registry = new Registry();
const keyboard = new Keyboard();
const Context = createContext(registry);

/** Keys that belong to whatever has the focus: text, menus, and the player's own controls. */
function belongsToFocus(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest("dialog[open]") !== null) return true;
  if (target.matches("select, textarea, [contenteditable]")) return true;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type) || event.key === " ";
  return (event.key === " " || event.key === "Enter") && target.matches("button, a, summary, label");
}

function onKeyDown(event: KeyboardEvent): void {
  // What is kept for whoever signs in again answers to no key.
  if (signedIn().state !== "in") return;
  if (event.defaultPrevented || event.isComposing || belongsToFocus(event)) return;
  const isSingle = !event.ctrlKey && !event.metaKey && !event.altKey;
  // Arrows move the list; they are no character anybody would say.
  if (isSingle && event.key.length === 1 && readSetting("singleKeys") === "off") return;
  const action = keyboard.find(registry.list(), event, event.timeStamp);
  if (action === undefined) return;
  event.preventDefault();
  action.perform();
}

export function ActionProvider({ children }: { readonly children: ReactNode }): ReactNode {
  useEffect(() => {
    // On the way down: a player that has the focus would act on the same key first, and play what is then paused.
    document.addEventListener("keydown", onKeyDown, { capture: true });
    return () => document.removeEventListener("keydown", onKeyDown, { capture: true });
  }, []);
  return <Context.Provider value={registry}>{children}</Context.Provider>;
}

/** Registers while mounted. The list must be memoized. */
export function useActions(actions: readonly Action[]): void {
  const context = useContext(Context);
  // Before it can be seen: who sees a button may press its key.
  useLayoutEffect(() => context.add(actions), [context, actions]);
}

export function useActionList(): readonly Action[] {
  const context = useContext(Context);
  return useSyncExternalStore(context.subscribe, context.list);
}
