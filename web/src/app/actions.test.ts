// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Action, CHORD_MS, Keyboard, type Key, nameOfKey, Registry, shownKeys } from "./actions.js";

function key(name: string, held: Partial<Key> = {}): Key {
  return { key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...held };
}

function action(id: string, shortcut: string, more: Partial<Action> = {}): Action {
  return { id, label: id, shortcut, scope: "everywhere", perform: () => {}, ...more };
}

test("keys are named as shortcuts spell them", () => {
  assert.equal(nameOfKey(key(" ")), "Space");
  assert.equal(nameOfKey(key("?", { shiftKey: true })), "?");
  assert.equal(nameOfKey(key("ArrowLeft", { shiftKey: true })), "Shift+ArrowLeft");
  assert.equal(nameOfKey(key("k", { metaKey: true })), "Ctrl+k");
  assert.equal(nameOfKey(key("K")), "k");
});

test("a chord needs both keys, in order and in time", () => {
  const actions = [action("go", "g r"), action("plain", "r")];
  const keyboard = new Keyboard();
  assert.equal(keyboard.find(actions, key("g"), 0), undefined);
  assert.equal(keyboard.find(actions, key("r"), CHORD_MS)?.id, "go");
  assert.equal(keyboard.find(actions, key("g"), 0), undefined);
  assert.equal(keyboard.find(actions, key("r"), CHORD_MS + 1)?.id, "plain");
  assert.equal(keyboard.find(actions, key("r"), 0)?.id, "plain");
});

test("a key between forgets the first of a chord", () => {
  const actions = [action("go", "g r")];
  const keyboard = new Keyboard();
  keyboard.find(actions, key("g"), 0);
  keyboard.find(actions, key("x"), 1);
  assert.equal(keyboard.find(actions, key("r"), 2), undefined);
});

test("a screen's own meaning of a key wins, and what cannot be done now is passed over", () => {
  const everywhere = action("everywhere", "/");
  const here = action("here", "/", { scope: "here" });
  assert.equal(new Keyboard().find([everywhere, here], key("/"), 0)?.id, "here");
  const never = action("never", "/", { scope: "here", when: () => false });
  assert.equal(new Keyboard().find([everywhere, never], key("/"), 0)?.id, "everywhere");
  assert.equal(new Keyboard().find([never], key("/"), 0), undefined);
});

test("the registry knows what is shown now and tells of changes", () => {
  const registry = new Registry();
  let told = 0;
  registry.subscribe(() => told++);
  const remove = registry.add([action("a", "a")]);
  assert.deepEqual(registry.list().map((each) => each.id), ["a"]);
  const same = registry.list();
  assert.equal(registry.list(), same);
  remove();
  assert.deepEqual(registry.list(), []);
  assert.equal(told, 2);
});

test("shortcuts are shown as keys", () => {
  assert.deepEqual(shownKeys("g r"), ["G", "R"]);
  assert.deepEqual(shownKeys("ArrowLeft"), ["←"]);
});
