// SPDX-License-Identifier: Apache-2.0
// A film that is cut off while it plays: the bytes stumble, the session ends elsewhere, or nobody is at the keys for half an hour. What
// may not be seen is hidden, and the playhead is kept.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FILM, openBrowser, PASSWORD, run, Town, Visit } from "./town.mjs";

/** Seconds into the film: far beyond what a player fetches ahead. */
const FAR_S = 400;
const IDLE_S = 30 * 60;

let town, browser, long;

before(async () => {
  // Before its first start, so that its clock can be moved later.
  town = await new Town().advance(0).start();
  browser = await openBrowser();
  // The film forty times over, by copy: nearly nine minutes, of which a player fetches a part.
  long = join(town.home, "long.mp4");
  run("ffmpeg", "-v", "error", "-nostdin", "-stream_loop", "39", "-i", FILM, "-c", "copy", "-movflags", "+faststart", long);
});
after(async () => {
  await browser?.close();
  await town?.end();
});

const playhead = (page) => page.locator("video").evaluate((player) => player.currentTime);
const isPaused = (page) => page.locator("video").evaluate((player) => player.paused);
const seek = (page, to) => page.locator("video").evaluate((player, at) => void (player.currentTime = at), to);
const atPlayhead = (page, at) =>
  page.waitForFunction((wanted) => {
    const player = document.querySelector("video");
    return player !== null && player.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && !player.seeking && Math.abs(player.currentTime - wanted) < 5;
  }, at);

let isUploaded = false;

/** Whoever it is, with the long film open; its parts that were asked for, with what they were answered. */
async function watching(login, before = async () => undefined) {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await before(page);
  await page.goto(isUploaded ? "/recordings" : "/upload");
  await visit.signIn(login);
  if (!isUploaded) {
    await page.locator("input[type=file]").setInputFiles(long);
    await page.locator("[data-state=sealed]").waitFor();
    isUploaded = true;
    await page.getByRole("link", { name: "Recordings" }).first().click();
  }
  await page.getByRole("table").getByRole("link", { name: "long.mp4" }).click();
  const parts = [];
  page.on("response", (response) => {
    if (response.url().endsWith("/original") && response.request().headers()["x-lapel"] === undefined) parts.push(response.status());
  });
  await open(page);
  return { visit, page, parts };
}

async function open(page) {
  await page.getByRole("button", { name: "Open a view" }).click();
  await page.getByLabel("Purpose").selectOption("review");
  await page.getByRole("button", { name: "Open the recording" }).click();
  await page.waitForFunction(() => document.querySelector("video")?.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA);
  await page.getByText(/\d+ events? checked/).waitFor();
}

async function signInAgain(visit) {
  const { page } = visit;
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.locator("main#main").isVisible(), false);
  assert.equal(await page.getByLabel("Login").inputValue(), "keeper");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** From another browser, as the account page does it. */
async function endElsewhere(login) {
  const other = await Visit.begin(browser, town);
  await other.page.goto("/account");
  await other.signIn(login);
  await other.page.getByRole("heading", { name: "Your account" }).waitFor();
  const ended = other.page.waitForResponse((response) => response.url().endsWith("/other-sessions"));
  await other.page.getByRole("button", { name: "Sign out everywhere else" }).click();
  assert.equal((await ended).status(), 204);
  await other.end();
}

const bytesOf = (url) => url.pathname.endsWith("/original");
const badGateway = (route) => route.fulfill({ status: 502, body: "Bad gateway" });

test("a film whose bytes stumble once goes on by itself, from where it was", async () => {
  const { visit, page } = await watching("keeper");
  await page.keyboard.press("k");
  let stumbles = 0;
  await page.route(bytesOf, (route) => (stumbles++ === 0 ? badGateway(route) : route.continue()));
  await seek(page, FAR_S);
  await atPlayhead(page, FAR_S);
  assert.ok(stumbles > 1, "nothing stumbled");
  await page.waitForFunction(() => !document.querySelector("video").paused);
  await visit.end(/status of 502/);
});

test("while the bytes do not come, the film says where it stopped, and goes on from there when somebody tries again", async () => {
  const { visit, page } = await watching("keeper");
  await page.route(bytesOf, badGateway);
  await seek(page, FAR_S);
  const stopped = page.getByText(/^The film stopped at 6:40: its bytes do not come\. The server answered 502\./);
  await stopped.waitFor();
  await visit.look("film-stopped");
  // The page itself asks too, why.
  const why = page.waitForResponse((response) => bytesOf(new URL(response.url())) && response.request().headers()["x-lapel"] !== undefined);
  await page.getByRole("button", { name: "Try again" }).click();
  await why;
  await stopped.waitFor();
  await page.unroute(bytesOf);
  // By the key that plays it, too.
  await page.keyboard.press("k");
  await atPlayhead(page, FAR_S);
  assert.equal(await isPaused(page), true);
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "VIDEO");
  await page.keyboard.press("Space");
  await page.waitForFunction((at) => document.querySelector("video").currentTime > at + 0.2, FAR_S);
  await visit.end(/status of 502/);
});

test("a view that has ended is opened anew, and the film stands where it stood", async () => {
  const { visit, page } = await watching("keeper", (page) => page.clock.install());
  // Only the browser thinks that it is tomorrow: the server would have ended the session too.
  await page.clock.setSystemTime(Date.now() + 13 * 3_600_000);
  await page.route(bytesOf, badGateway);
  await seek(page, FAR_S);
  await page.getByText("The view has ended.").waitFor();
  await page.unroute(bytesOf);
  await page.clock.setSystemTime(Date.now());
  await open(page);
  await atPlayhead(page, FAR_S);
  await visit.end(/status of 502/);
});

test("a session that ends elsewhere hides the film with the first part that is refused, and signing in goes back to it", async () => {
  const { visit, page, parts } = await watching("keeper");
  await page.keyboard.press("k");
  await page.waitForFunction(() => document.querySelector("video").currentTime > 0.2);
  await endElsewhere("keeper");
  await seek(page, FAR_S);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.ok(parts.includes(401), `the film's own bytes were refused: ${parts}`);
  await visit.look("film-session-over");
  await signInAgain(visit);
  await page.locator("video").waitFor({ state: "visible" });
  await atPlayhead(page, FAR_S);
  assert.equal(await isPaused(page), true);
  await page.keyboard.press("k");
  await page.waitForFunction((at) => document.querySelector("video").currentTime > at + 0.2, FAR_S);
  await visit.end(/status of 401/);
});

test("a session that ends elsewhere is noticed within a minute and a half by who only watches", async () => {
  const { visit, page, parts } = await watching("keeper", (page) => page.clock.install());
  await page.keyboard.press("k");
  await page.waitForFunction(() => document.querySelector("video").currentTime > 0.2);
  await endElsewhere("keeper");
  assert.equal(await page.locator("video").isVisible(), true);
  await page.clock.runFor(90_000);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.locator("video").isVisible(), false);
  assert.equal(await isPaused(page), true);
  const at = await playhead(page);
  await signInAgain(visit);
  await page.locator("video").waitFor({ state: "visible" });
  assert.ok(Math.abs((await playhead(page)) - at) < 0.01, "the playhead moved");
  assert.ok(!parts.includes(401), "no part was refused: the page asked");
  await visit.end();
});

test("half an hour without a hand on the keys hides the film, though it plays; a key in between does not", async () => {
  const { visit, page, parts } = await watching("keeper", (page) => page.clock.install());
  /** For the server and for the page, which asks it how things stand. */
  const pass = async (seconds) => {
    const asked = page.waitForResponse((response) => response.url().endsWith("/api/v1/session"));
    town.advance(seconds);
    await page.clock.fastForward(seconds * 1_000);
    return (await asked).status();
  };
  await page.keyboard.press("k");
  assert.equal(await pass(IDLE_S - 300), 200);
  // Somebody is there, which the server is told within a minute and a half.
  await page.keyboard.press("m");
  assert.equal(await pass(90), 200);
  assert.equal(await pass(IDLE_S - 300), 200);
  assert.equal(await page.locator("video").isVisible(), true);
  // The film goes on, and fetches what comes next: nobody is at the keys for that.
  const before = parts.length;
  await seek(page, FAR_S);
  await atPlayhead(page, FAR_S);
  assert.deepEqual(parts.slice(before).filter((status) => status !== 206), []);
  assert.ok(parts.length > before, "the film fetched nothing");
  await page.waitForFunction((at) => document.querySelector("video").currentTime > at + 0.2, FAR_S);
  assert.equal(await isPaused(page), false);
  assert.equal(await pass(240), 204);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.locator("video").isVisible(), false);
  assert.equal(await isPaused(page), true);
  await page.getByText("Your session has ended. Sign in to go on where you were.").waitFor();
  const at = await playhead(page);
  assert.ok(at > FAR_S);
  await page.keyboard.press("Escape");
  await page.locator("body").press("k");
  assert.equal(await isPaused(page), true);
  await signInAgain(visit);
  await page.locator("video").waitFor({ state: "visible" });
  assert.ok(Math.abs((await playhead(page)) - at) < 0.01, "the playhead moved");
  await page.keyboard.press("k");
  await page.waitForFunction((from) => document.querySelector("video").currentTime > from, at);
  await visit.end();
});
