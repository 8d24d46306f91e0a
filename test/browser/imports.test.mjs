// SPDX-License-Identifier: Apache-2.0
// An export of another system, as records brings it in: empty, begun, its dry run, sent, left in the middle and gone on with, reconciled; what differs is said on
// its recording; in both themes. The export is made for the test (test/scenarios/made_exports.py).
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openBrowser, run, Town, Visit } from "./town.mjs";

const MADE = fileURLToPath(new URL("../scenarios/made_exports.py", import.meta.url));
let town, browser;

before(async () => {
  town = new Town();
  await town.start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

async function begin(page, title) {
  await page.getByRole("button", { name: "Bring in an export" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What it is called").fill(title);
  await dialog.getByLabel("From which system").selectOption({ label: "Axon Evidence" });
  await dialog.getByText("never been run on a real export").waitFor();
  return dialog;
}

test("an export is brought in, left in the middle, gone on with and reconciled", async () => {
  const folder = join(town.home, "export");
  run("python3", MADE, "tricks", folder);
  // What a browser would follow, or cannot tell apart, it does not hand out as it lies there.
  for (const name of ["link.mp4", "back\\slash.mp4"]) rmSync(join(folder, name));
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/imports");
  await visit.signIn("clerk");
  await page.getByText("Nothing has been brought in yet").waitFor();
  await visit.look("imports-empty");
  const dialog = await begin(page, "Axon export, June");
  await visit.look("imports-begin");
  await dialog.getByRole("button", { name: "Begin" }).click();
  await page.getByRole("heading", { name: "Axon export, June" }).waitFor();
  await visit.look("import-new");

  await page.locator("input[data-folder]").setInputFiles(folder);
  await page.getByRole("heading", { name: "What would come in" }).waitFor();
  await page.getByText("Held in the other system").click();
  await page.getByText('It is held there: "Smith v. Town"').first().waitFor();
  const count = async (name) => Number(await page.locator(`[data-count=${name}] dd`).textContent());
  assert.equal(await count("expected"), 6);
  assert.equal(await count("found"), 3);
  assert.equal(await count("refused"), 1);
  await visit.look("import-dry-run");

  // Left before anything is sent: the server knows what is missing.
  await page.reload();
  await page.getByRole("button", { name: "Choose the same folder again to go on" }).waitFor();
  await visit.look("import-resumed");
  await page.locator("input[data-folder]").setInputFiles(folder);
  await page.getByRole("button", { name: "Bring in 5 files" }).click();
  await page.getByRole("button", { name: "Reconcile and close" }).waitFor();
  assert.equal(await count("arrived"), 3);
  assert.equal(await count("differing"), 1);
  await visit.look("import-sent");
  await page.getByRole("button", { name: "Reconcile and close" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reconcile and close" }).click();
  await page.getByRole("link", { name: "Download as CSV" }).waitFor();
  await page.getByLabel("Show").selectOption({ label: "Refused" });
  await page.getByRole("cell", { name: "clash.mp4", exact: true }).waitFor();
  await visit.look("import-closed");
  const report = await visit.context.request.get(await page.getByRole("link", { name: "Download as CSV" }).getAttribute("href"));
  assert.match(await report.text(), /^status,path,row,/);

  await page.getByLabel("Show").selectOption({ label: "Differs" });
  await page.getByRole("link", { name: "2022-1204/changed.mp4" }).click();
  await page.getByText("This file is not the one in the vendor's inventory").waitFor();
  await visit.look("import-differs");
  await page.getByRole("button", { name: "Say why" }).click();
  await page.getByRole("dialog").getByLabel("Reason").fill("Edited in the vendor's portal");
  await page.getByRole("dialog").getByRole("button", { name: "Say why" }).click();
  await page.getByText("It differs from the vendor's inventory: Edited in the vendor's portal").waitFor();
  await page.goto("/imports");
  await page.getByRole("cell", { name: "3 of 6" }).waitFor();
  await visit.look("imports");
  await visit.end();
});

test("an auditor sees what came of it, and an officer nothing", async () => {
  const visit = await Visit.begin(browser, town);
  await visit.page.goto("/imports");
  await visit.signIn("captain");
  await visit.page.getByRole("link", { name: "Axon export, June" }).waitFor();
  assert.equal(await visit.page.getByRole("button", { name: "Bring in an export" }).count(), 0);
  await visit.end();
  const other = await Visit.begin(browser, town);
  await other.page.goto("/imports");
  await other.signIn("hill");
  await other.page.getByText("Imports are not open to you").waitFor();
  await other.look("imports-denied");
  await other.end();
});
