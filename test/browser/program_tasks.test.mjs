// SPDX-License-Identifier: Apache-2.0
// Two days of a program, done in the browser from one end to the other: a pilot that cannot begin because one officer is untrained, and a chief's two
// reports to the council, before an award may be known and after.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { AGENCY, BIN, openBrowser, run, Town, Visit } from "./town.mjs";

let town, browser;
const sample = (name) => JSON.parse(readFileSync(fileURLToPath(new URL(`../../share/program/${name}.json`, import.meta.url)), "utf8"));
const source = { by: "the program manager", where: "A plan", on: "2022-11-08" };
const plan = (...said) => ({ format: "lapel-program/1", statements: said.map(([subject, field, value]) => ({ subject, field, value, source })) });

async function asked(login, url = town.url) {
  const visit = await Visit.begin(browser, { url });
  await visit.page.goto("/account"); // everybody has one
  await visit.signIn(login);
  await visit.page.getByRole("heading", { level: 1, name: "Your account" }).waitFor();
  return visit;
}
async function send(visit, method, path, data, status) {
  const answer = await visit.context.request.fetch(path, { method, headers: { "X-Lapel": "1" }, data });
  assert.equal(answer.status(), status, await answer.text());
}

before(async () => {
  town = new Town();
  for (const [login, roles, badge] of [["chief-2", ["program_manager", "coordinator"], "1"], ["reyes", ["officer"], "101"], ["cole", ["officer"], "102"]]) {
    run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", login, "--name", `Pat ${login}`, ...roles.flatMap((role) => ["--role", role]), "--badge", badge,
      "--password-file", join(town.home, "password"));
  }
  await town.start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

test("a pilot with one officer untrained is blocked by exactly one gate, opens when the roster is scanned, and who has not acknowledged is refused alone", async () => {
  const visit = await asked("chief-2");
  const { page } = visit;
  await send(visit, "POST", "/api/v1/program/statements", plan(
    ["phase/pilot", "title", "The pilot"],
    ["gate/policy", "title", "The temporary policy is issued"], ["gate/policy", "opens", "phase/pilot"], ["gate/policy", "needs", "stated"], ["gate/policy", "met_on", "2022-10-13"],
    ["gate/training", "title", "All who take part are trained"], ["gate/training", "opens", "phase/pilot"], ["gate/training", "needs", "training"]), 201);
  await page.goto("/training");
  await page.getByRole("button", { name: "Add a course" }).click();
  await page.getByLabel("Title").fill("Body-worn cameras, basic");
  await page.getByLabel("Short name (").fill("basic");
  await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("button", { name: "Plan a session" }).click();
  await page.getByLabel("Trainer").fill("The training lead");
  await page.getByRole("dialog").getByRole("button", { name: "Plan a session" }).click();
  await page.getByRole("button", { name: "Roster" }).waitFor();
  const roster = async (badge) => {
    await page.goto("/training");
    await page.getByRole("table", { name: "Sessions, the newest day first" }).getByRole("button", { name: "Roster" }).click();
    await page.getByLabel("Badge or login").waitFor();
    await page.keyboard.type(`${badge}\n`);
    await page.getByRole("list", { name: "Scans, the newest first" }).getByRole("listitem").filter({ hasText: "Attended" }).waitFor();
  };
  await roster("101");
  await roster("b-hill"); // the town's own officer

  await page.getByRole("link", { name: "Launch" }).click();
  await page.getByText("1 of 2 gates not met").waitFor();
  const gate = page.getByRole("listitem").filter({ hasText: "All who take part are trained" });
  assert.match(await gate.textContent(), /Not met.*2 of 3 ready.*Pat cole has not attended Body-worn cameras, basic/);
  assert.equal(await page.getByRole("button", { name: "Begin" }).count(), 0);
  await roster("102");
  await page.getByRole("link", { name: "Launch" }).click();
  await page.getByRole("button", { name: "Begin" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Begin" }).click();
  await page.getByText("Begun").first().waitFor();

  // A policy that is asked of everybody; one of the two acknowledges it.
  const content = { clauses: [{ key: "activation", heading: "When to record", text: "Every stop." }], check: [] };
  await send(visit, "POST", "/api/v1/policies", { slug: "temporary", title: "Temporary policy", required: true }, 201);
  await send(visit, "POST", "/api/v1/policies/temporary/versions", content, 201);
  const officer = await asked("reyes");
  await officer.enrollApp();
  await officer.page.goto("/training/policies/temporary");
  await officer.page.getByRole("button", { name: /^I have read version 1/ }).click();
  await officer.page.getByText("You acknowledged this version").waitFor();
  await officer.end();
  await send(visit, "POST", "/api/v1/staffing/import", { csv: "what,name,from\ncamera,AX-1,2022-12-01\ncamera,AX-2,2022-12-01\n" }, 201);
  await page.goto("/fleet");
  await page.getByLabel("Code").waitFor();
  await page.keyboard.type("101\nAX-1\n102\nAX-2\n");
  const log = page.getByRole("list", { name: "Scans, the newest first" }).getByRole("listitem");
  await log.filter({ hasText: "Pat cole has not acknowledged version 1 of Temporary policy" }).waitFor();
  await log.filter({ hasText: "AX-1 is out with Pat reyes" }).waitFor();
  await visit.look("pilot-officer-refused");
  await visit.end();
});

test("a chief builds the council's reports of 25 October and 29 November: the award is absent, then present with its shares; a correction is shown both ways", async () => {
  const visit = await asked("chief-2");
  const { page } = visit;
  await send(visit, "POST", "/api/v1/program/statements", sample("pittsfield_2022"), 201);
  await page.getByRole("link", { name: "Reports" }).click();
  const build = async (title, day) => {
    await page.getByRole("button", { name: "Build a report" }).click();
    await page.getByLabel("What it is called").fill(title);
    await page.getByRole("dialog").getByLabel("As of").fill(day);
    await page.getByRole("button", { name: "Draft it" }).click();
    await page.getByRole("article", { name: title }).getByRole("button", { name: "Publish" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Publish" }).click();
    const row = page.getByRole("table", { name: "Published" }).getByRole("row", { name: title });
    await row.waitFor();
    const files = {};
    for (const form of ["HTML", "CSV"]) {
      const link = row.getByRole("link", { name: `${form}: ${title}`, exact: true });
      files[form] = await (await visit.context.request.get(await link.evaluate((a) => a.href))).text();
    }
    return files;
  };
  const october = await build("To the council, 25 October", "2022-10-25");
  for (const text of Object.values(october)) {
    for (const hidden of ["166586.73", "166,586.73", "60071.73", "60,071.73", "124967.27", "124,967.27", "eopss"]) assert.ok(!text.includes(hidden), hidden);
  }
  const november = await build("To the council, 29 November", "2022-11-29");
  for (const figure of ["166,586.73", "124,967.27"]) assert.ok(november.HTML.includes(figure), figure);
  const corrected = await build("To the council, 30 November", "2022-11-30");
  for (const figure of ["280,000.00", "185,000.00"]) assert.ok(corrected.HTML.includes(figure), figure);
  const row = page.getByRole("table", { name: "Published" }).getByRole("row", { name: "To the council, 29 November" });
  await row.getByText("Superseded").first().waitFor();
  await visit.look("council-reports");
  await visit.end();
});
