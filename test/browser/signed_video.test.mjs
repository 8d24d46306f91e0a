// SPDX-License-Identifier: Apache-2.0
// A film that its camera signed: the page says in words what came of it, and that a sound signature by a stranger's key is no green light.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { AGENCY, BIN, openBrowser, run, Town, Visit } from "./town.mjs";

const SIGNED = fileURLToPath(new URL("../data/signed/", import.meta.url));

let town, browser, edited;

before(async () => {
  town = await new Town().start();
  browser = await openBrowser();
  const film = readFileSync(join(SIGNED, "axis_frame.mp4"));
  film[20000] ^= 1; // of one picture
  edited = join(town.home, "edited.mp4");
  writeFileSync(edited, film);
});
after(async () => {
  await browser?.close();
  await town?.end();
});

/** The panel of a recording whose check has come so far; it is read anew with the page. */
async function panel(page, address, word) {
  for (;;) {
    await page.goto(address);
    const found = page.getByRole("region", { name: "Signed by the camera" });
    await found.waitFor();
    if ((await found.innerText()).includes(word)) return found;
  }
}

test("The verdict stands in words, with what is covered and whose key it is", { timeout: 240_000 }, async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/upload");
  await visit.signIn("clerk");
  await page.locator("input[type=file]").setInputFiles([join(SIGNED, "axis_frame.mp4"), edited, join(SIGNED, "plain.mp4")]);
  await page.locator("[data-state=sealed]").nth(2).waitFor();
  const addresses = {};
  for (const name of ["axis_frame.mp4", "edited.mp4", "plain.mp4"]) {
    await page.goto("/recordings");
    await page.getByRole("table").getByRole("link", { name }).click();
    await page.getByRole("region", { name: "Signed by the camera" }).waitFor();
    addresses[name] = page.url();
  }

  let found = await panel(page, addresses["axis_frame.mp4"], "as signed, by an unknown key");
  assert.match(await found.innerText(), /120 of 125 pictures, from 0\.0 s to 4\.8 s/);
  assert.match(await found.innerText(), /This agency does not know the key/);
  await found.getByRole("img", { name: "120 of 125 pictures are covered and as signed" }).waitFor();
  await visit.look("signed_by_a_stranger");

  found = await panel(page, addresses["edited.mp4"], "altered since it was signed");
  assert.match(await found.innerText(), /1 picture is not what was signed, first at 1\.6 s/);
  await visit.look("signed_and_altered");

  await panel(page, addresses["plain.mp4"], "No camera's signature was found in it.");

  run(join(BIN, "lapel"), "camera-key", "add", "--data", town.data, "--agency", AGENCY, "--serial", "ACCC8E012345", "--key", join(SIGNED, "camera.pem"));
  found = await panel(page, addresses["axis_frame.mp4"], "The key is one that this agency bound to this camera.");
  assert.doesNotMatch(await found.innerText(), /unknown key/);
  await page.getByText("custody is shown from the camera on").waitFor();
  // What the page itself verified agrees with it: the start of the chain is told by the newest sealed check.
  await page.getByText("each is in the ledger, and none in between is missing").waitFor();
  await visit.look("signed_by_the_camera");
  await visit.end();
});
