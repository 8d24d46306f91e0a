// SPDX-License-Identifier: Apache-2.0
// A hundred words that are scripts elsewhere, and a visit that notes whatever one of them does, or is kept from doing.
import assert from "node:assert/strict";
import { Visit } from "./town.mjs";

export const RUN = "window.ran=1";
export const SHAPES = [
  (js) => `<script>${js}</script>`,
  (js) => `"><script>${js}</script>`,
  (js) => `'><script>${js}</script>`,
  (js) => `</title><script>${js}</script>`,
  (js) => `</textarea><script>${js}</script>`,
  (js) => `--><script>${js}</script><!--`,
  (js) => `<img src=x onerror=${js}>`,
  (js) => `"><img src=x onerror="${js}">`,
  (js) => `<svg onload=${js}>`,
  (js) => `<svg><script>${js}</script></svg>`,
  (js) => `<svg><animate onbegin=${js} attributeName=x>`,
  (js) => `<body onpageshow=${js}>`,
  (js) => `<iframe srcdoc="<script>parent.${js}</script>"></iframe>`,
  (js) => `<iframe src="javascript:parent.${js}"></iframe>`,
  (js) => `<a href="javascript:${js}">x</a>`,
  (js) => `javascript:${js}`,
  (js) => `<input autofocus onfocus=${js}>`,
  (js) => `" autofocus onfocus="${js}`,
  (js) => `' onmouseover='${js}`,
  (js) => `<details open ontoggle=${js}>x</details>`,
  (js) => `<video><source onerror=${js}></video>`,
  (js) => `<object data="javascript:${js}"></object>`,
  (js) => `<style>@import "http://evil.example/x.css";</style><base href="http://evil.example/">`,
  (js) => `\${${js}} {{constructor.constructor('${js}')()}}`,
  (js) => `<math><mtext><table><mglyph><style><img src=x onerror="${js}">`,
];
// As it is, in mixed case, as entities, and behind what a filter may cut off.
const DRESSES = [
  (text) => text,
  (text) => text.replace(/<(\w+)|javascript|on\w+(?==)|constructor/g, (word) => [...word].map((c, i) => (i % 2 === 0 ? c.toUpperCase() : c)).join("")),
  (text) => text.replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&#34;").replaceAll("=", "&#61;"),
  (text) => `\u202e${text.replace("<", "<\u200b<")}`,
];
const BY_SHAPE = SHAPES.map((shape) => DRESSES.map((dress) => dress(shape(RUN))));
export const WORDS = BY_SHAPE.flat();
/** Four words a field. */
export const FIELDS = BY_SHAPE.map((dressed) => dressed.join(" "));

/** A visit that notes whatever a page was kept from doing, and whatever it did. */
export async function watched(browser, town) {
  const visit = await Visit.begin(browser, town);
  const seen = [];
  visit.page.on("dialog", (dialog) => {
    seen.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  await visit.context.exposeBinding("noteViolation", (_, text) => seen.push(text));
  await visit.context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => void globalThis.noteViolation(`${event.violatedDirective} ${event.blockedURI}`));
  });
  const check = async (where) => {
    assert.equal(await visit.page.evaluate(() => window.ran), undefined, `something ran on ${where}`);
    assert.deepEqual(seen, [], where);
  };
  return { visit, page: visit.page, seen, check };
}
