// SPDX-License-Identifier: Apache-2.0
// Signing in as people do it: a set-up link, a passkey in Chromium's own virtual authenticator, an app, a lock, and a session that
// ends while somebody watches.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AGENCY, BIN, FILM, openBrowser, PASSWORD, run, totp, Town, Visit } from "./town.mjs";

let town, browser;

before(async () => {
  town = await new Town({ secondFactor: "required" }).start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

/** Passkeys need a host name: the page is opened at localhost. */
async function visitByName() {
  const visit = await Visit.begin(browser, { url: town.url.replace("127.0.0.1", "localhost") });
  const devtools = await visit.context.newCDPSession(visit.page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return { visit, page: visit.page, devtools, authenticatorId };
}

test("the first sign-in enrolls a passkey, and the next needs nothing else", async () => {
  const { visit, page } = await visitByName();
  await page.goto("/recordings");
  await visit.signIn("clerk");
  await page.getByRole("heading", { name: "Add a second factor" }).waitFor();
  await visit.look("enroll");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("heading", { name: "Keep your recovery codes" }).waitFor();
  assert.equal(await page.locator(".codes li").count(), 10);
  await visit.look("recovery-codes");
  await page.getByRole("button", { name: "I have kept them" }).click();
  await page.getByText("No recordings yet").waitFor();

  await page.getByRole("link", { name: "Pat clerk" }).click();
  await page.getByRole("heading", { name: "Your account" }).waitFor();
  await page.getByText("Second factor added").waitFor();
  await visit.look("account");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
  await visit.look("sign-in-with-passkey");
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("heading", { name: "Your account" }).waitFor();
  await page.getByText("Signed in", { exact: true }).first().waitFor();
  await visit.end();
});

test("an app is enrolled by its key, and its code is asked for after the password", async () => {
  const { visit, page } = await visitByName();
  await page.goto("/");
  await visit.signIn("hill");
  await page.getByRole("button", { name: "Set up an app" }).click();
  const secret = (await page.getByText(/^Key /).textContent()).replace(/^Key |Copy$/g, "").replaceAll(" ", "");
  assert.match(secret, /^[A-Z2-7]{32}$/);
  await page.getByRole("textbox", { name: "Code" }).fill("000000");
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText(/That code is wrong/).waitFor();
  await visit.look("enroll-app");
  await page.getByRole("textbox", { name: "Code" }).fill(totp(secret));
  await page.getByLabel(/Name, to tell/).fill("Phone");
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.locator(".codes").waitFor();
  const codes = await page.locator(".codes li").allTextContents();
  await page.getByRole("button", { name: "I have kept them" }).click();
  await page.getByRole("heading", { name: "Recordings", exact: true }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();

  await visit.signIn("hill");
  await page.getByRole("heading", { name: "Your second factor" }).waitFor();
  await page.getByLabel("Code from your authenticator app").fill("123456");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText(/That code is wrong/).waitFor();
  await visit.look("factor");
  await page.getByLabel("Code from your authenticator app").fill(totp(secret, Date.now() + 30_000));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Recordings", exact: true }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();

  await visit.signIn("hill");
  await page.getByRole("button", { name: "Use a recovery code instead" }).click();
  await page.getByLabel("Recovery code").fill(codes[0].toUpperCase());
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Recordings", exact: true }).waitFor();
  await visit.end(/status of 401/);
});

test("what was open is hidden when the session ends, and stands where it stood after signing in again", async () => {
  const { visit, page, devtools, authenticatorId } = await visitByName();
  await page.goto("/upload");
  await visit.signIn("keeper");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("button", { name: "I have kept them" }).click();
  await page.locator("input[type=file]").setInputFiles(FILM);
  await page.locator("[data-state=sealed]").waitFor();
  await page.getByRole("link", { name: "Recordings" }).first().click();
  await page.getByRole("table").getByRole("link").first().click();
  await page.getByRole("button", { name: "Open a view" }).click();
  await page.getByLabel("Purpose").selectOption("review");
  await page.getByRole("button", { name: "Open the recording" }).click();
  const video = page.locator("video");
  await video.evaluate(async (element) => {
    if (element.readyState < 1) await new Promise((resolve) => element.addEventListener("loadedmetadata", resolve, { once: true }));
    element.currentTime = 1.5;
    await element.play();
  });
  // Somebody else ended it: an administrator, or half an hour without a hand on the keys.
  run(join(BIN, "lapel"), "user", "reset-mfa", "--data", town.data, "--login", "keeper");
  // Whatever is asked next is told so; that may be a question of the page itself, which takes the button away before it is pressed.
  const ended = page.getByRole("heading", { name: "Sign in" }).waitFor();
  await Promise.race([ended, page.getByRole("button", { name: "Compare the bytes" }).click().catch(() => ended)]);
  await ended;
  assert.equal(await video.isVisible(), false);
  assert.equal(await video.evaluate((element) => element.paused), true);
  assert.equal(await page.getByLabel("Login").inputValue(), "keeper");
  await visit.look("ended");
  const at = await video.evaluate((element) => element.currentTime);
  await page.keyboard.press("g");
  await page.keyboard.press("u");
  // Its passkey is no longer known here: the browser does not offer it again.
  await devtools.send("WebAuthn.clearCredentials", { authenticatorId });
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("button", { name: "I have kept them" }).click();
  await video.waitFor({ state: "visible" });
  assert.ok(Math.abs((await video.evaluate((element) => element.currentTime)) - at) < 0.01, "the playhead moved");
  await visit.end(/status of 401/);
});

test("the notice of use stands before everything", async () => {
  const notice = join(town.home, "notice");
  writeFileSync(notice, "This system is for official use.\n\nWhat you do here is recorded and may be disclosed. By going on you agree to both.\n");
  const rules = (...extra) => run(join(BIN, "lapel"), "sign-in", "rules", "--data", town.data, "--agency", AGENCY, ...extra);
  rules("--second-factor", "optional", "--banner-file", notice);
  try {
    const visit = await Visit.begin(browser, town);
    const { page } = visit;
    await page.goto("/");
    await visit.signIn("union");
    await page.getByRole("heading", { name: "Notice of use" }).waitFor();
    await visit.look("notice-of-use");
    await page.getByRole("button", { name: "I understand and accept" }).click();
    await page.getByRole("heading", { name: "Nothing is known of bargaining yet" }).waitFor();
    await visit.end();
  } finally {
    writeFileSync(notice, "");
    rules("--second-factor", "required", "--banner-file", notice);
  }
});

test("five wrong passwords lock a login, and an administrator sees and releases it", async () => {
  const { visit, page } = await visitByName();
  await page.goto("/");
  for (let i = 0; i < 5; ++i) await visit.signIn("detective", "wrong password");
  await visit.signIn("chief");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("button", { name: "I have kept them" }).click();
  await page.getByRole("heading", { name: "Set up" }).waitFor();
  await page.goto("/people");
  await page.getByRole("link", { name: "Pat detective" }).click();
  await page.getByText(/^Locked since/).waitFor();
  await page.locator("summary", { hasText: "What happened" }).click();
  await page.getByText("Locked after five failures").waitFor();
  await visit.look("person-locked");
  await page.getByRole("button", { name: "Release the lock" }).click();
  await page.getByText("Not locked.").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await visit.signIn("detective");
  await page.getByRole("heading", { name: "Add a second factor" }).waitFor();
  await visit.end(/status of 401/);
});

test("the first administrator is made by the link that the server prints", async () => {
  const fresh = await new Town({ administrator: false }).start();
  try {
    const visit = await Visit.begin(browser, { url: fresh.url.replace("127.0.0.1", "localhost") });
    const { page } = visit;
    await page.goto(fresh.setupLink);
    await page.getByRole("heading", { name: "Set up the first administrator" }).waitFor();
    await visit.look("set-up");
    await page.getByLabel("Your name").fill("Ruth Abrams");
    await page.getByLabel("Login").fill("abrams");
    await page.getByLabel(/^Password/).fill("correct horse");
    await page.getByRole("button", { name: "Make the administrator" }).click();
    await page.getByRole("heading", { name: "Add a second factor" }).waitFor();
    await page.getByRole("button", { name: "Set up an app" }).click();
    const secret = (await page.getByText(/^Key /).textContent()).replace(/^Key |Copy$/g, "").replaceAll(" ", "");
    await page.getByRole("textbox", { name: "Code" }).fill(totp(secret));
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("button", { name: "I have kept them" }).click();
    await page.getByRole("heading", { name: "Set up", exact: true }).waitFor();
    await page.getByRole("link", { name: "People", exact: true }).click();
    await page.getByText("Ruth Abrams").first().waitFor();
    await visit.end();
    const late = await Visit.begin(browser, { url: fresh.url.replace("127.0.0.1", "localhost") });
    await late.page.goto(fresh.setupLink);
    await late.page.getByText("There is an administrator already").waitFor();
    await late.look("set-up-over");
    assert.equal(await late.page.getByRole("button", { name: "Make the administrator" }).isDisabled(), true);
    await late.end();
  } finally {
    await fresh.end();
  }
});
