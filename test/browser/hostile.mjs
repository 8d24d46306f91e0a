// SPDX-License-Identifier: Apache-2.0
// A hundred words that are scripts elsewhere, and a visit that notes whatever one of them does, or is kept from doing.
import assert from "node:assert/strict";
import { totp, until, Visit } from "./town.mjs";

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
/** All of them in as few fields as hold them, where each has a page of its own. */
export const PACKED = FIELDS.reduce((packed, word) => {
  const last = packed.at(-1);
  if (last === undefined || Buffer.byteLength(`${last} ${word}`) > 900) return [...packed, word];
  return [...packed.slice(0, -1), `${last} ${word}`];
}, []);
/** The words of one field, which tell it from every other. */
export const said = (field, words = FIELDS) => words.map((word, i) => `${word} ${field}${i}.`);

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

/** Whether all of these words are on the page, as words. */
export async function shows(page, words, where) {
  // What cannot be seen is spelled out where people read it.
  const spelled = words.map((word) => word.replaceAll("\u202e", "⟨U+202E⟩"));
  const areThere = ([raw, shown]) => {
    const text = [...document.querySelectorAll("main, dialog[open]")].map(({ textContent }) => textContent).join("\n");
    return raw.every((word, i) => text.includes(word) || text.includes(shown[i]));
  };
  await page.waitForFunction(areThere, [words, spelled]).catch(() => undefined);
  const text = (await page.locator("main, dialog[open]").allTextContents()).join("\n");
  const missing = words.filter((word, i) => !text.includes(word) && !text.includes(spelled[i]));
  assert.equal(missing.length, 0, `not on ${where}: ${missing.slice(0, 3).join("\n")}`);
}

/** Who writes the words and looks at them, each signed in once. */
export class Staff {
  #visits = {};

  constructor(town, browser, withFactor) {
    this.town = town;
    this.browser = browser;
    this.withFactor = withFactor;
  }

  /** Signed in, and with a second factor just shown where what two people do takes one. */
  async signedIn(login) {
    if (this.#visits[login] !== undefined) return this.#visits[login];
    const visit = await Visit.begin(this.browser, this.town);
    await visit.page.goto("/account");
    await visit.signIn(login);
    if (this.withFactor.includes(login)) visit.secret = await visit.enrollApp();
    return (this.#visits[login] = visit);
  }

  async ask(login, method, path, data) {
    const { context, secret } = await this.signedIn(login);
    const send = (to, how, what) => context.request.fetch(to, { method: how, headers: { "X-Lapel": "1" }, ...(what === undefined ? {} : { data: what }) });
    let answer = await send(path, method, data);
    // Five minutes are over: it is shown again.
    if (answer.status() === 401 && secret !== undefined && (await answer.text()).includes("/problems/fresh-factor")) {
      await send("/api/v1/session/factor", "POST", { totp: totp(secret) });
      answer = await send(path, method, data);
    }
    assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer.status() === 204 ? undefined : answer.json();
  }

  async upload(count) {
    const ids = [];
    for (let i = 0; i < count; ++i) {
      const visit = await this.signedIn("clerk");
      const headers = { "X-Lapel": "1", "Tus-Resumable": "1.0.0", "Upload-Length": "1", "Content-Type": "application/offset+octet-stream" };
      const made = await visit.context.request.post("/api/v1/uploads", { headers, data: Buffer.from("x") });
      assert.equal(made.status(), 201, await made.text());
      ids.push(made.headers().location);
    }
    return Promise.all(ids.map((place) => this.until("clerk", new URL(place, this.town.url).pathname, ({ recording }) => recording)));
  }

  /** What this finds, once the server has come to it. */
  until(login, path, find) {
    return until(() => this.ask(login, "GET", path), find, path);
  }

  /** Whoever looks, and whether all of these words are on what they look at. */
  async looking(login) {
    const { visit, page, check } = await watched(this.browser, this.town);
    await visit.context.addCookies(await (await this.signedIn(login)).context.cookies());
    await page.goto("/account");
    await page.getByRole("heading", { name: "Your account" }).waitFor();
    const at = async (path, ...words) => {
      await page.goto(path);
      if (words.length > 0) await shows(page, words.flat(), path);
      await check(path);
    };
    return { visit, page, check, at };
  }

  async end() {
    for (const visit of Object.values(this.#visits)) await visit.context.close();
  }
}
