// SPDX-License-Identifier: Apache-2.0
// The first day: a blank server, the link that it printed, and a recording whose custody is verified, without a mouse.
//
// What counts as an action: a link opened, the text of a field, a key (each Tab too), a chord ("g i"), and a line typed at the console
// of the server or of the dock.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { BIN, FILM, openBrowser, PASSWORD, run, Town, Visit } from "./town.mjs";

const MOST = 40;

let town, browser;

before(async () => {
  town = await new Town({ administrator: false }).start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

/** Does what people do, and counts it. */
class Hands {
  done = [];

  async open(page, address) {
    this.done.push(`open ${address.replace(/#.*/, "#…")}`);
    await page.goto(address);
  }

  /** Into the field that has the focus, or the next one. */
  async fill(page, label, text) {
    const place = (await page.locator("dialog[open]").count()) > 0 ? page.locator("dialog[open]") : page;
    const field = place.getByLabel(label, { exact: true });
    await field.waitFor();
    const hasFocus = () => field.evaluate((element) => element === document.activeElement);
    if (!(await hasFocus())) await this.press(page, "Tab");
    assert.ok(await hasFocus(), `the focus was not on ${label}`);
    this.done.push(`fill ${typeof label === "string" ? label : label.source}`);
    await page.keyboard.type(text);
  }

  /** Each of these is one action: a key, or a chord with a space in it. */
  async press(page, ...chords) {
    for (const chord of chords) {
      this.done.push(chord);
      for (const key of chord.split(" ")) await page.keyboard.press(key);
    }
  }

  type(...words) {
    this.done.push(`${basename(words[0])} ${words[1]}`);
    return run(...words);
  }
}

const focused = (page) => page.evaluate(() => (document.activeElement.labels?.[0] ?? document.activeElement).textContent);

/** At a host name, and with an authenticator in the machine: passkeys need both. */
async function visitByName(url) {
  const visit = await Visit.begin(browser, { url });
  const devtools = await visit.context.newCDPSession(visit.page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return visit;
}

/** What a first sign-in asks for. */
async function enroll(visit, hands) {
  const { page } = visit;
  await page.getByRole("heading", { name: "Add a second factor" }).waitFor();
  assert.equal(await focused(page), "Add a passkey");
  await hands.press(page, "Enter");
  await page.getByRole("heading", { name: "Keep your recovery codes" }).waitFor();
  assert.equal(await focused(page), "I have kept them");
  await hands.press(page, "Enter");
}

test("from a blank server to a verified recording, in forty actions at most", async (t) => {
  const url = town.url.replace("127.0.0.1", "localhost");
  const hands = new Hands();

  // Whoever installs it, with the link from the server's own console.
  const it = await visitByName(url);
  await hands.open(it.page, town.setupLink);
  await hands.fill(it.page, "Your name", "Ruth Abrams");
  await hands.fill(it.page, "Login", "abrams");
  await hands.fill(it.page, /^Password/, PASSWORD);
  await hands.press(it.page, "Enter");
  await enroll(it, hands);
  await it.page.getByText("3 steps are left").waitFor();
  await it.look("first-day-steps");
  await hands.press(it.page, "Tab");
  assert.equal(await focused(it.page), "Add people");
  await hands.press(it.page, "Enter");
  const dialog = it.page.getByRole("dialog");
  await dialog.waitFor();
  // Of a town of ten: the chief wears a camera too.
  await hands.fill(it.page, "Name", "Chief Abel");
  await hands.fill(it.page, "Login", "abel");
  for (let tabs = 0; (await focused(it.page)) !== "Command" && tabs < 10; ++tabs) await hands.press(it.page, "Tab");
  await hands.press(it.page, "Space");
  assert.equal(await dialog.getByLabel("Command").isChecked(), true);
  await hands.press(it.page, "Enter");
  const handed = await it.page.getByRole("status").filter({ hasText: "Hand this link to Chief Abel" }).locator(".mono").textContent();

  // The dock: a code from the server's console, given to it at its own; then a camera is put in.
  const slug = "ashfield-police-department";
  const code = hands.type(join(BIN, "lapel"), "dock", "enroll", "--data", town.data, "--agency", slug, "--name", "front-desk").trim();
  const state = join(town.home, "dock");
  const camera = join(town.home, "camera");
  hands.type(join(BIN, "lapel-dock"), "enroll", "--server", town.url, "--code", code, "--state", state);
  mkdirSync(camera);
  copyFileSync(FILM, join(camera, "sample.mp4"));
  hands.type(join(BIN, "lapel-dock"), "run", "--state", state, "--camera", camera, "--once");

  // The chief, at another computer.
  const chief = await visitByName(url);
  await hands.open(chief.page, handed);
  await hands.fill(chief.page, /^Password/, PASSWORD);
  await hands.press(chief.page, "Enter");
  await enroll(chief, hands);
  await chief.page.getByRole("heading", { name: "Your account" }).waitFor();
  await hands.press(chief.page, "g p");
  await chief.page.getByRole("button", { name: "Change the rule" }).waitFor();
  await hands.press(chief.page, "r");
  await chief.page.getByRole("dialog").waitFor();
  await hands.press(chief.page, "ArrowDown");
  await hands.fill(chief.page, "Reason", "our policy of this year");
  await hands.press(chief.page, "Enter");
  await chief.page.locator("[data-rule=after_statement]").waitFor();
  await hands.press(chief.page, "g r");
  await chief.page.getByRole("row", { name: /sample\.mp4/ }).waitFor();
  await hands.press(chief.page, "ArrowDown", "Enter");
  await chief.page.getByText("The dock signed this file; custody is shown from the dock on.").waitFor();
  const verdict = chief.page.locator("[data-verdict=verified]");
  await verdict.waitFor();
  assert.match(await verdict.textContent(), /checked: each is in the ledger, and none in between is missing/);
  await chief.page.locator("[data-facts=agree]").waitFor();
  assert.ok((await chief.page.locator("[data-proof=verified]").count()) > 0);
  await chief.look("first-day-verified");

  await hands.press(it.page, "g i");
  await it.page.getByText("Everything is set up").waitFor();
  await it.look("first-day-done");
  assert.ok(hands.done.length <= MOST, `${hands.done.length} actions: ${hands.done.join(", ")}`);
  // What counts nothing would prove nothing.
  assert.ok(hands.done.length >= 25, hands.done.join(", "));
  t.diagnostic(`${hands.done.length} actions: ${hands.done.join(", ")}`);
  await it.end();
  await chief.end();
});
