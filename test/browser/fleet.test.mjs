// SPDX-License-Identifier: Apache-2.0
// The coordinator's day as people meet it: a staffing file with its mistakes, the scan box from a scanner that is faster than the server, turns in
// their windows and who is next; empty, refused and denied; in both themes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { AGENCY, BIN, openBrowser, run, Town, Visit } from "./town.mjs";

let town, browser;

async function asked(login, path) {
  const visit = await Visit.begin(browser, town);
  await visit.page.goto(path);
  await visit.signIn(login);
  return visit;
}
const file = (name, text) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
const today = () => new Date().toISOString().slice(0, 10);
const daysAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

before(async () => {
  town = new Town();
  for (const [login, role, badge] of [["coordinator", "coordinator", "50"], ["ruiz", "officer", "102"], ["cole", "officer", "103"], ["diaz", "officer", "104"]]) {
    run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", login, "--name", `Pat ${login}`, "--role", role, "--badge", badge,
      "--password-file", join(town.home, "password"));
  }
  await town.start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

test("staffing is empty, then from a file; what is wrong in one is named and changes nothing", async () => {
  const visit = await asked("chief", "/staffing");
  const { page } = visit;
  await page.getByText("The sworn strength has not been entered").waitFor();
  await visit.look("staffing-empty");
  const send = async (text) => {
    await page.getByLabel("File", { exact: true }).setInputFiles(file("town.csv", text));
    await page.getByRole("button", { name: "Take it in" }).click();
  };
  await send("what,badge,unit,from\nmember,999,Patrol,2022-10-01\n");
  await page.getByRole("alert").getByText("Row 2, column unit: there is no unit").waitFor();
  await visit.look("staffing-refused");
  await send("what,name,aliases,badge,unit,shift,count,begins,ends,from,source\nauthorized,,,,,,4,,,2022-11-29,the chief\nsworn,,,,,,3 or 4,,,2022-11-29,the chief\n"
    + "unit,Patrol,,,,,,,,,\nshift,Days,,,,,,07:00,15:00,,\nfacility,Souza-Baranowski,Shirley; Lancaster,,,,,,,,\n"
    + ["AX-1", "AX-2", "AX-3"].map((serial) => `camera,${serial},,,,,,,,2022-12-01,\n`).join("")
    + ["102", "103", "104"].map((badge) => `member,,,${badge},Patrol,,,,,2022-10-01,\n`).join("") + "slot,,,,Patrol,Days,2,,,2022-12-01,\n");
  await page.getByText("14 entries are new, 0 were there already.").waitFor();
  await page.getByText("3 to 4 sworn and 3 cameras in service: 1 more officers than cameras").waitFor();
  assert.deepEqual(await page.getByRole("row", { name: "Sworn" }).getByRole("cell").allTextContents(), ["3 to 4", "Nov 29, 2022", "the chief"]);
  await page.getByText("also Shirley, Lancaster").waitFor();
  await visit.look("staffing");
  await visit.end(/status of 400/);
});

test("the scan box takes codes faster than they are answered, in order, and tells a code that comes again once", async () => {
  const visit = await asked("coordinator", "/fleet");
  const { page } = visit;
  const box = page.getByLabel("Code");
  await box.waitFor();
  await page.getByRole("table", { name: "Cameras, by serial" }).getByRole("row", { name: "AX-1" }).waitFor();
  assert.ok(await box.evaluate((field) => field === document.activeElement), "the scanner types into it at once");
  // As a scanner types: no waiting in between.
  await page.keyboard.type("102\nAX-1\n103\nAX-2\nAX-2\nAX-2\nnothing\n");
  const log = page.getByRole("list", { name: "Scans, the newest first" }).getByRole("listitem");
  await log.filter({ hasText: "Unknown" }).waitFor();
  assert.deepEqual((await log.allTextContents()).reverse().map((line) => line.split(/(?=[A-Z"])/)[0]), ["Officer", "Out", "Officer", "Out", "Again", "Unknown"]);
  const row = (serial) => page.getByRole("table", { name: "Cameras, by serial" }).getByRole("row", { name: serial });
  await row("AX-2").getByText("Pat cole, badge 103").waitFor();
  await visit.look("cameras");
  // An audit of what is left, by keyboard.
  await page.getByRole("radio", { name: "Audit" }).check();
  await box.fill("AX-2");
  await box.press("Enter");
  await log.filter({ hasText: "AX-2 is here, and out with Pat cole" }).waitFor();
  await page.getByRole("button", { name: "Finish" }).click();
  await page.getByText("1 scanned, 1 should be here").waitFor();
  await page.getByText("AX-3", { exact: true }).first().waitFor();
  await visit.look("audit");

  await row("AX-1").getByRole("link", { name: "AX-1" }).click();
  await page.getByRole("button", { name: "Report a fault" }).click();
  await page.getByLabel("What is wrong").fill("the clip is bent");
  await page.getByRole("dialog").getByRole("button", { name: "Report a fault" }).click();
  await page.getByText("1 open fault").waitFor();
  await visit.look("camera");
  await page.getByRole("button", { name: "Mended: the clip is bent" }).click();
  await page.getByLabel("What was done").fill("a new clip");
  await page.getByRole("dialog").getByRole("button", { name: "Mended" }).click();
  await page.getByText("Mended: a new clip").waitFor();
  await visit.end();
});

test("a turn is given, drawn in its window, and swapped with whom the plan proposes; an early one cannot be", async () => {
  const visit = await asked("coordinator", "/fleet/rotation");
  const { page } = visit;
  const post = async (path, data) => {
    const answer = await visit.context.request.post(`/api/v1/rotation/${path}`, { headers: { "X-Lapel": "1" }, data });
    assert.equal(answer.status(), 201, await answer.text());
    return answer.json();
  };
  await page.getByRole("heading", { name: "Patrol, Days" }).waitFor();
  for (const person of ["ruiz", "cole", "diaz"]) await post("participants", { person, status: "volunteered", on: daysAgo(60) });
  const slot = (await (await visit.context.request.get("/api/v1/rotation")).json()).slots[0].id;
  await post(`slots/${slot}/turns`, { person: "ruiz", on: daysAgo(50) });
  await page.reload();
  const seat = (name) => page.getByRole("table", { name: "Seats of Patrol, Days" }).getByRole("row", { name });
  await seat("Pat ruiz").getByText("Overdue").waitFor();
  await page.getByRole("button", { name: "Give a turn in Patrol, Days" }).click();
  await page.getByLabel("Who is next: login or badge").fill("104");
  await page.getByRole("dialog").getByRole("button", { name: "Give a turn" }).click();
  await seat("Pat diaz").getByText("Early").waitFor();
  assert.equal(await seat("Pat diaz").getByRole("button").count(), 0, "nobody is swapped early");
  await page.getByText("Pat cole, badge 103 has not worn one yet; Pat ruiz, badge 102 is on day 50 of 28 to 42").waitFor();
  await visit.look("rotation");
  await page.getByRole("button", { name: "Do this: Pat cole, badge 103 is next" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Swap" }).click();
  await seat("Pat cole").getByText("Day 0").waitFor();
  await page.getByText("Nothing is open today.").waitFor();
  // As it was: nothing is done by a click on another day's page.
  await page.getByLabel("As of").fill(daysAgo(1));
  await seat("Pat ruiz").getByText("Overdue").waitFor();
  assert.equal(await page.getByRole("button", { name: "Swap" }).count(), 0);
  assert.notEqual(today(), daysAgo(1));
  await visit.end();
});

test("whoever has nothing to do with it has no such page", async () => {
  const visit = await asked("hill", "/fleet");
  const { page } = visit;
  await page.getByRole("alert").first().getByText("Not allowed").waitFor();
  assert.equal(await page.getByRole("link", { name: "Cameras" }).count(), 0);
  assert.equal(await page.getByLabel("Code").count(), 0);
  await visit.look("cameras-denied");
  await visit.end(/status of 403/);
});
