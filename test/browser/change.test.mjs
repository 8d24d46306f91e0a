// SPDX-License-Identifier: Apache-2.0
// What a recording is said to be, changed where it is looked at; and its release to the officer who waits for it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { AGENCY, BIN, FILM, openBrowser, run, Town, Visit } from "./town.mjs";

let town, browser;

before(async () => {
  town = await new Town().start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

/** A recording of officer hill's, sealed; its page is open. */
async function upload(visit, file = FILM) {
  const { page } = visit;
  await page.goto("/upload");
  await visit.signIn("clerk");
  await page.getByText("What is known of these files").click();
  await page.getByLabel("Officer's badge").fill("b-hill");
  await page.locator("input[type=file]").setInputFiles(file);
  await page.locator("[data-state=sealed]").waitFor();
  await page.getByRole("link", { name: "Open recording" }).click();
  await page.locator("[data-facts=agree]").waitFor();
  return new URL(page.url()).pathname;
}

const fact = (page, name) => page.locator(".facts dl > div").filter({ has: page.getByText(name, { exact: true }) }).locator("dd");
const tabTo = async (page, name) => {
  for (let i = 0; i < 60; i++) {
    if ((await page.evaluate(() => document.activeElement.textContent)) === name) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`no ${name} by Tab`);
};

test("records corrects what a recording is said to be, by keyboard, and what plays goes on", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  const address = await upload(visit);
  await page.getByRole("button", { name: "Open a view" }).click();
  await page.locator("select[name=purpose]").selectOption("review");
  await page.getByRole("button", { name: "Open the recording" }).click();
  await page.locator("video").waitFor();
  await fact(page, "Assigned to").getByText("Pat hill, badge b-hill").waitFor();

  await tabTo(page, "Change");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  assert.equal(await dialog.getByRole("button", { name: "Change it" }).isDisabled(), true, "nothing is another yet");
  await page.keyboard.type("Traffic");
  await page.keyboard.press("Tab");
  await page.keyboard.type("22-1187");
  await dialog.getByLabel("Assigned officer").selectOption({ label: "Pat detective, badge b-detective" });
  await dialog.getByLabel("Yes, inside a home").check();
  await dialog.getByLabel("Shows a victim").check();
  await visit.look("change");
  await dialog.getByLabel("Reason").fill("The incident's own report");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });

  await fact(page, "Category").getByText("Traffic").waitFor();
  await fact(page, "Incident").getByText("22-1187").waitFor();
  await fact(page, "Assigned to").getByText("Pat detective, badge b-detective").waitFor();
  await page.getByText("Recorded inside a home").waitFor();
  assert.equal(await page.locator("video").count(), 1);
  // Custody is read again, and says the same as the page.
  await page.locator("[data-facts=agree]").waitFor();
  assert.equal(await page.locator(".events li").filter({ hasText: "Changed" }).count(), 5);
  await visit.look("changed");
  await page.reload();
  await fact(page, "Incident").getByText("22-1187").waitFor();
  await visit.end();

  // An investigator may say what it is, and correct nothing that binds who may look.
  const detective = await Visit.begin(browser, town);
  await detective.page.goto(address);
  await detective.signIn("detective");
  await detective.page.getByRole("button", { name: "Change", exact: true }).click();
  await detective.page.getByRole("dialog").getByText("corrected by others than you").waitFor();
  assert.equal(await detective.page.getByRole("dialog").getByLabel("Incident").count(), 0);
  assert.equal(await detective.page.getByRole("dialog").getByLabel("Assigned officer").count(), 0);
  assert.equal(await detective.page.getByRole("dialog").getByLabel("Shows a victim").count(), 0);
  await detective.look("change-fewer");
  await detective.page.keyboard.press("Escape");
  await detective.page.getByRole("dialog").waitFor({ state: "detached" });
  await detective.end();
});

test("a lock is set in the dialog, and a refusal stands in it with its rule", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  const address = await upload(visit, { name: "interview.mp4", mimeType: "video/mp4", buffer: Buffer.from("an interview") });
  await page.getByRole("button", { name: "Change", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Restrict to those cleared for").selectOption("minor");
  await dialog.getByText("Lifting it takes two people").waitFor();
  await dialog.getByLabel("Reason").fill("The child is named");

  // Meanwhile somebody else does the same: the server's word is shown where it was asked for.
  const other = await visit.context.request.patch(`/api/v1${address}`, { headers: { "X-Lapel": "1" }, data: { restriction: "medical", reason: "An ambulance" } });
  assert.equal(other.status(), 200);
  await dialog.getByRole("button", { name: "Change it" }).click();
  await dialog.getByRole("alert").getByText(/cleared/).waitFor();
  await visit.look("change-refused");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.reload();
  await page.getByText("Restricted (medical)").waitFor();
  await visit.end(/status of 403/);
});

test("who may change nothing has no button", async () => {
  const visit = await Visit.begin(browser, town);
  await visit.page.goto("/recordings?q=nasa");
  await visit.signIn("captain");
  await visit.page.getByRole("link", { name: "nasa_13013.mp4" }).first().click();
  await visit.page.getByRole("button", { name: "Change", exact: true }).waitFor();
  const address = new URL(visit.page.url()).pathname;
  await visit.page.route(`**/api/v1${address}`, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), may: [] } });
  });
  await visit.page.reload();
  await visit.page.getByRole("button", { name: "Open a view" }).waitFor();
  assert.equal(await visit.page.getByRole("button", { name: "Change", exact: true }).count(), 0);
  await visit.end();
});

test("a recording that waits for a superior is released to its officer, once", async () => {
  const clerk = await Visit.begin(browser, town);
  const address = await upload(clerk, { name: "traffic_stop.mp4", mimeType: "video/mp4", buffer: readFileSync(FILM) });
  await clerk.end();

  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto(address);
  await visit.signIn("captain");
  await page.locator("[data-facts=agree]").waitFor();
  const release = page.getByRole("button", { name: "Release to its officer" });
  assert.equal(await release.count(), 0, "nobody waits for it");

  // The rule is set under People, by command, with its reason and a second factor.
  await visit.enrollApp();
  await page.goto("/people");
  await page.locator("[data-rule=allowed]").waitFor();
  await page.getByRole("button", { name: "Change the rule" }).click();
  await page.getByRole("dialog").getByLabel("After a release").check();
  await page.getByRole("dialog").getByLabel("Reason").fill("General Order 12");
  await visit.look("rule");
  await page.keyboard.press("Enter");
  await page.locator("[data-rule=supervisor_releases]").waitFor();
  await visit.look("rule-set");

  await page.goto(address);
  await release.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("The report is written");
  await visit.look("release");
  await page.keyboard.press("Enter");
  await page.locator(".events li").filter({ hasText: "Released to its officer" }).locator("[data-proof=verified]").waitFor();
  await release.waitFor({ state: "detached" });
  await page.reload();
  await page.locator("[data-facts=agree]").waitFor();
  assert.equal(await release.count(), 0);
  await visit.end();

  const officer = await Visit.begin(browser, town);
  await officer.page.goto(address);
  await officer.signIn("hill");
  await officer.page.getByRole("button", { name: "Open a view" }).click();
  await officer.page.locator("select[name=purpose]").selectOption("own_recording");
  await officer.page.getByRole("button", { name: "Open the recording" }).click();
  await officer.page.getByText("Viewing for my own recording").waitFor();
  assert.equal(await officer.page.getByRole("button", { name: "Release to its officer" }).count(), 0);
  await officer.end();
});

test("command names the agency's categories, and records chooses among them", async () => {
  run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", "commander", "--name", "Pat commander", "--role", "command",
    "--password-file", join(town.home, "password"));
  const captain = await Visit.begin(browser, town);
  await captain.page.goto("/people");
  await captain.signIn("commander");
  const panel = captain.page.getByRole("region", { name: "Categories" });
  await panel.getByText("None yet.").waitFor();
  for (const name of ["Arrest", "Traffic stop", "Typo"]) {
    await panel.getByLabel("Name of the category").fill(name);
    await captain.page.keyboard.press("Enter");
    await panel.getByText(name, { exact: true }).waitFor();
  }
  await panel.getByRole("button", { name: "Retire Typo" }).click();
  await captain.page.getByRole("dialog").getByLabel("Reason").fill("misspelt");
  await captain.look("category-retire");
  await captain.page.keyboard.press("Enter");
  await panel.getByText(/^retired /).waitFor();
  await captain.look("categories");
  await captain.end();

  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await upload(visit);
  await tabTo(page, "Change");
  await page.keyboard.press("Enter");
  const category = page.getByRole("dialog").getByLabel("Category");
  assert.deepEqual(await category.getByRole("option").allTextContents(), ["–", "Arrest", "Traffic stop"]);
  await category.selectOption("Traffic stop");
  await visit.look("change-category");
  await page.getByRole("dialog").getByLabel("Reason").fill("as reported");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await fact(page, "Category").getByText("Traffic stop").waitFor();
  await visit.end();
});
