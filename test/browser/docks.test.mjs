// SPDX-License-Identifier: Apache-2.0
// Docks: the empty state with its three steps, a dock that reads a card with a number missing, what that says on the recording and on the camera; in both themes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { AGENCY, BIN, openBrowser, run, Town, until, Visit } from "./town.mjs";

let town, browser, dock;

before(async () => {
  town = new Town();
  run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", "porter", "--role", "coordinator", "--role", "records",
    "--password-file", join(town.home, "password"));
  await town.start();
  browser = await openBrowser();
});
after(async () => {
  if (dock !== undefined && dock.exitCode === null) {
    dock.kill();
    await once(dock, "exit");
  }
  await browser?.close();
  await town?.end();
});

function card(folder, ...numbers) {
  const films = join(folder, "DCIM/100GOPRO");
  mkdirSync(films, { recursive: true });
  mkdirSync(join(folder, "MISC"), { recursive: true });
  writeFileSync(join(folder, "MISC/version.txt"), '{"camera type": "HERO11 Black", "camera serial number": "C3471325208908"}');
  for (const number of numbers) {
    const film = join(films, `GX01${number}.MP4`);
    writeFileSync(film, `film ${number}`);
    utimesSync(film, 1_700_000_000 + Number(number), 1_700_000_000 + Number(number));
  }
}

test("a dock reads a card, and what is missing is told", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/fleet");
  await visit.signIn("porter");
  await visit.enrollApp();
  await page.goto("/fleet");
  await page.getByText("No docks yet").waitFor();
  await page.getByText("lapel-dock run --state DIR --cameras DIR").waitFor();
  await visit.look("docks-empty");

  const { code } = JSON.parse(run(join(BIN, "lapel"), "dock", "enroll", "--data", town.data, "--agency", AGENCY, "--name", "Front desk", "--json"));
  const state = join(town.home, "dock"), cards = join(town.home, "cards");
  run(join(BIN, "lapel-dock"), "enroll", "--server", town.url, "--code", code, "--state", state);
  await page.reload();
  const row = page.getByRole("table", { name: "Docks, by name" }).getByRole("row", { name: "Front desk" });
  await row.getByText("Enrolled").waitFor();

  card(join(cards, "reader1"), "0120", "0123");
  dock = spawn(join(BIN, "lapel-dock"), ["run", "--state", state, "--cameras", cards], { stdio: "ignore" });
  const got = async (path) => (await visit.context.request.get(path)).json();
  await until(() => got("/api/v1/docks"), ({ items }) => items[0].state?.bays[0]?.state === "safe", "a bay that is safe");
  await page.reload();
  await row.getByText("Online").waitFor();
  await row.getByText("Safe to take").waitFor();
  await row.getByText("reader1: C3471325208908").waitFor();
  await row.getByText("Nothing").waitFor();
  await visit.look("docks");

  await until(() => got("/api/v1/devices/C3471325208908/record"), ({ gaps }) => gaps.length > 0, "a gap");
  await page.goto("/recordings");
  await page.getByRole("link", { name: "GX010123.MP4" }).click();
  const told = page.getByRole("region", { name: "The camera's record" });
  await told.getByText("2 files before this one did not arrive: 0121, 0122").waitFor();
  await visit.look("recording-gap");

  await page.goto("/fleet");
  await page.getByRole("link", { name: "C3471325208908" }).click();
  await page.getByRole("region", { name: "The camera's record" }).getByText("2 files did not arrive: 0121, 0122").waitFor();
  await visit.look("camera-record");
  await visit.end();
});
