// SPDX-License-Identifier: Apache-2.0
// A share from both ends: the clerk who sends it, and somebody outside who has a link, a code and no account.
import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AGENCY, BIN, FILM, openBrowser, run, Town, Visit } from "./town.mjs";

let town, browser;

before(async () => {
  town = await new Town({ beat: 1 }).start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

/** Signs the clerk in with a sealed film of incident 22-1 open. */
async function withFilm() {
  const clerk = await Visit.begin(browser, town);
  const { page } = clerk;
  await page.goto("/upload");
  await clerk.signIn("clerk");
  await page.getByText("What is known of these files").click().catch(() => undefined);
  await page.locator("input[type=file]").setInputFiles(FILM);
  await page.locator("[data-state=sealed]").waitFor();
  await page.goto("/recordings");
  await page.locator("td.name a").first().click();
  await page.getByRole("heading", { name: "nasa_13013.mp4" }).waitFor();
  return clerk;
}

async function share(clerk, kind, fill = async () => undefined) {
  const { page } = clerk;
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await page.getByLabel("Name of the person").fill("Dana Whitfield");
  await page.getByLabel("Office or firm").fill("Berkshire District Attorney");
  await page.getByRole("radio", { name: kind }).check();
  await fill(page.getByRole("dialog"));
  await page.getByRole("dialog").getByRole("button", { name: "Share" }).click();
  const link = await page.locator("[data-share=link]").textContent();
  const code = await page.locator("[data-share=code]").textContent();
  return { link: link.trim(), code: code.trim() };
}

async function enter(made) {
  const outside = await Visit.begin(browser, town);
  await outside.page.goto(made.link);
  await outside.page.getByLabel("Code of eight digits").fill(made.code);
  await outside.page.getByRole("button", { name: "Open" }).click();
  await outside.page.getByRole("heading", { name: "Recordings for Dana Whitfield" }).waitFor();
  return outside;
}

test("a prosecutor opens the link, watches, downloads, checks the file and confirms; the clerk sees each step", async () => {
  const clerk = await withFilm();
  await clerk.page.getByRole("button", { name: "Share", exact: true }).click();
  await clerk.look("share-dialog");
  await clerk.page.keyboard.press("Escape");
  const made = await share(clerk, /^Download/, async (dialog) => {
    await dialog.getByLabel("Purpose").selectOption("Discovery");
    await dialog.getByLabel("Case or incident number").fill("22-1");
  });
  await clerk.look("share-made");
  assert.match(made.link, new RegExp(`^${town.url}/shared#[A-Za-z0-9_-]{43}$`));
  await clerk.page.getByRole("button", { name: "Done" }).click();

  const wrong = await Visit.begin(browser, town);
  await wrong.page.goto(made.link);
  await wrong.page.getByLabel("Code of eight digits").fill("0000-0000");
  await wrong.look("received-enter");
  await wrong.page.getByRole("button", { name: "Open" }).click();
  await wrong.page.getByRole("alert").waitFor();
  await wrong.look("received-wrong-code");
  await wrong.end(/status of 401/);

  const outside = await enter(made);
  const { page } = outside;
  assert.equal(new URL(page.url()).hash, "", "the secret leaves the address");
  await page.getByText(`Sent by Pat clerk, ${AGENCY}`).waitFor();
  await page.getByRole("button", { name: "Watch" }).click();
  const video = page.locator("video");
  await page.waitForFunction(() => (document.querySelector("video")?.duration ?? 0) > 12);
  await video.evaluate((player) => player.play());
  await page.waitForFunction(() => document.querySelector("video").currentTime > 0.1);
  await outside.look("received");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
  assert.equal(download.suggestedFilename(), "nasa_13013.mp4");
  const file = join(town.home, "downloaded.mp4");
  await download.saveAs(file);
  assert.deepEqual(readFileSync(file), readFileSync(FILM));

  await page.getByRole("link", { name: "Receipt for lapel-verify" }).waitFor();
  await page.locator("input[type=file]").setInputFiles(file);
  await page.locator("[data-checked=same]").waitFor();
  await outside.look("received-checked");
  const spoiled = readFileSync(file);
  spoiled[1000] ^= 1;
  writeFileSync(join(town.home, "spoiled.mp4"), spoiled);
  await page.locator("input[type=file]").setInputFiles(join(town.home, "spoiled.mp4"));
  await page.locator("[data-checked=other]").waitFor();

  await clerk.page.goto("/shares");
  await clerk.page.getByText("Downloaded", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Confirm receipt" }).click();
  await page.getByText(/You confirmed receipt/).waitFor();
  await clerk.page.reload();
  await clerk.page.getByText("Received", { exact: true }).waitFor();
  await clerk.page.getByText("opened 2 times").waitFor();
  await clerk.look("shares");

  await clerk.page.getByRole("button", { name: "New code" }).click();
  await clerk.page.getByRole("dialog").getByRole("button", { name: "New code" }).click();
  await clerk.page.locator("[data-share=code]").waitFor();
  await clerk.look("share-code");
  await clerk.page.getByRole("button", { name: "Done" }).click();
  await clerk.page.getByRole("button", { name: "Take back" }).click();
  await clerk.page.getByLabel("Reason").fill("Sent to the wrong office");
  await clerk.look("share-take-back");
  await clerk.page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
  await clerk.page.getByText("Taken back", { exact: true }).waitFor();
  await page.reload();
  await page.getByText("This share has been taken back. Ask Pat clerk").waitFor();
  await outside.look("received-ended");
  await clerk.end();
  await outside.end(/status of 410/);
});

test("discovery names its protective order first, and the clerk learns nothing of what is watched", async () => {
  const clerk = await withFilm();
  const made = await share(clerk, /^Discovery/, async (dialog) => {
    assert.equal(await dialog.getByLabel("Ends").count(), 0);
    await dialog.getByLabel("Case number").fill("22-1");
    await dialog.getByLabel("Protective order").fill("Commonwealth v. Doe.\nNot to be shown to others than the defense.");
  });
  const outside = await enter(made);
  const { page } = outside;
  assert.equal(await page.getByRole("button", { name: "Watch" }).count(), 0);
  await page.getByText("Not to be shown to others than the defense.", { exact: true }).waitFor();
  await outside.look("received-order");
  await page.getByRole("button", { name: "I accept the protective order" }).click();
  for (let turn = 0; turn < 2; ++turn) {
    await page.getByRole("button", { name: "Watch" }).click();
    await page.waitForFunction(() => (document.querySelector("video")?.duration ?? 0) > 12);
    await page.getByRole("button", { name: "Close", exact: true }).click();
  }
  await clerk.page.goto("/shares");
  const row = clerk.page.locator("tr", { hasText: "Discovery" }).first();
  await row.getByText("Opened", { exact: true }).waitFor();
  assert.equal(await row.getByText(/opened \d/).count(), 0);
  await page.getByRole("button", { name: "Close for this browser" }).click();
  await page.getByText("you will need a new code").waitFor();
  await page.goto("/shared");
  await page.getByText("this address alone leads nowhere").waitFor();
  await outside.look("received-no-link");
  await clerk.end();
  await outside.end(/status of 401/);
});

test("what was damaged on the disk goes to nobody, and the clerk reads why", async () => {
  const clerk = await withFilm();
  const { page } = clerk;
  const recording = new URL(page.url()).pathname.split("/").at(-1);
  const objects = join(town.data, "objects");
  const stored = readdirSync(objects, { recursive: true }).find((name) => name.includes(recording));
  const sealed = readFileSync(join(objects, stored));
  chmodSync(join(objects, stored), 0o600);
  const damaged = Buffer.from(sealed);
  damaged[1000] ^= 1;
  writeFileSync(join(objects, stored), damaged);
  await share(clerk, /^Download/, async (dialog) => {
    await dialog.getByLabel("Purpose").selectOption("Discovery");
    await dialog.getByLabel("Case or incident number").fill("22-1");
  });
  await page.getByRole("button", { name: "Done" }).click();
  const row = page.locator("tr", { hasText: "Could not be prepared" });
  // The list is of the moment at which it was opened.
  for (let isThere = false; !isThere; isThere = (await row.count()) > 0) {
    await page.goto("/shares");
    await page.getByRole("columnheader", { name: "State" }).waitFor();
  }
  await row.getByText("The stored file is not the one that was sealed").waitFor();
  assert.equal(await row.getByRole("button").count(), 0, "nothing can be done to it");
  await clerk.look("shares-failed");
  writeFileSync(join(objects, stored), sealed);
  await clerk.end();
});

test("whoever sent it reads that somebody guessed, and nothing of what was locked since", async () => {
  const clerk = await withFilm();
  const recording = new URL(clerk.page.url()).pathname.split("/").at(-1);
  const detective = await Visit.begin(browser, town);
  const { page } = detective;
  await page.goto("/shares");
  await detective.signIn("detective");
  await page.getByText("Nothing has been shared yet").waitFor();
  const headers = { "X-Lapel": "1" };
  const outside = await clerk.context.request.patch(`/api/v1/recordings/${recording}`, { headers, data: { inside_home: false, reason: "a street" } });
  assert.equal(outside.status(), 200);
  const data = { kind: "discovery", recipient: "Dana Whitfield", recordings: [recording], purpose: "discovery", case: "22-1" };
  const made = await (await detective.context.request.post("/api/v1/shares", { headers, data })).json();
  for (let n = 0; n < 5; n++) {
    const guessed = await clerk.context.request.post("/api/v1/received/session", { headers, data: { link: made.link.split("#")[1], code: "0000-0000" } });
    assert.equal(guessed.status(), 401);
  }
  await page.reload();
  await page.getByText("Five wrong codes were tried, last").waitFor();
  await page.getByRole("link", { name: "nasa_13013.mp4" }).waitFor();
  const locked = await clerk.context.request.patch(`/api/v1/recordings/${recording}`, { headers, data: { restriction: "minor", reason: "a child" } });
  assert.equal(locked.status(), 200);
  await page.reload();
  await page.getByText("A recording that you may not see now").waitFor();
  assert.equal(await page.getByText("nasa_13013.mp4").count(), 0);
  await page.getByRole("button", { name: "New code" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "New code" }).click();
  await page.getByText("may be shared any more").waitFor();
  await detective.look("shares-locked-since");
  await clerk.end();
  await detective.end(/status of 403/);
});
