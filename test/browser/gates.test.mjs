// SPDX-License-Identifier: Apache-2.0
// What a program waits for, as people meet it: exactly what is missing, who may waive it and does, and a phase that begins only then; sites of a
// rollout; the same for a union, with nobody by name; empty and denied.
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

async function asked(login, page) {
  const visit = await Visit.begin(browser, town);
  await visit.page.goto("/account"); // everybody has one
  await visit.signIn(login);
  await visit.page.getByRole("heading", { level: 1, name: "Your account" }).waitFor();
  if (page !== undefined) await visit.page.goto(page);
  return visit;
}
async function state(visit, file) {
  const answer = await visit.context.request.post("/api/v1/program/statements", { headers: { "X-Lapel": "1" }, data: file });
  assert.equal(answer.status(), 201, await answer.text());
}

before(async () => {
  town = new Town();
  for (const [login, role] of [["manager", "program_manager"], ["commander", "command"]]) {
    run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", login, "--name", `Pat ${login}`, "--role", role,
      "--password-file", join(town.home, "password"));
  }
  await town.start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

test("a phase says exactly what it waits for, and begins when whom its gates name has waived what is not met", async () => {
  const manager = await asked("manager", "/program/gates");
  await manager.page.getByRole("heading", { name: "No phase is planned yet" }).waitFor();
  await manager.look("gates-empty");
  await state(manager, plan(
    ["phase/pilot", "title", "The pilot"],
    ["gate/notice", "title", "The public was told"], ["gate/notice", "opens", "phase/pilot"], ["gate/notice", "needs", "stated"], ["gate/notice", "met_on", "2022-11-08"],
    ["gate/dock", "title", "A dock takes in what cameras bring"], ["gate/dock", "opens", "phase/pilot"], ["gate/dock", "needs", "docks"], ["gate/dock", "owner", "The coordinator"], ["gate/dock", "waivable_by", "command"],
    ["gate/backup", "title", "A backup was restored"], ["gate/backup", "opens", "phase/pilot"], ["gate/backup", "needs", "restore_test"], ["gate/backup", "waivable_by", "command"]));
  await manager.page.reload();
  await manager.page.getByText("2 of 3 gates not met").waitFor();
  const gate = (visit, title) => visit.page.getByRole("listitem").filter({ hasText: title });
  assert.match(await gate(manager, "A dock takes in").textContent(), /Not met.*0 of 1 ready.*Owner: The coordinator.*May be waived by: command.*No dock is enrolled/);
  assert.match(await gate(manager, "A backup was restored").textContent(), /Not available.*Nothing in Lapel tells of it yet/);
  assert.match(await gate(manager, "The public was told").textContent(), /Met/);
  assert.equal(await manager.page.getByRole("button", { name: "Begin" }).count(), 0);
  assert.equal(await manager.page.getByRole("button", { name: "Waive" }).count(), 0); // command's to do
  await manager.look("gates-shut");

  const chief = await asked("commander");
  await chief.enrollApp();
  await chief.page.getByRole("link", { name: "Launch" }).click();
  for (const title of ["A dock takes in", "A backup was restored"]) {
    await gate(chief, title).getByRole("button", { name: "Waive" }).click();
    const dialog = chief.page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("It comes on Friday");
    if (title === "A dock takes in") await chief.look("gates-waive");
    await dialog.getByRole("button", { name: "Waive" }).click();
    await dialog.waitFor({ state: "detached" });
    await gate(chief, title).getByText("Waived by Pat commander on").waitFor();
  }
  assert.equal(await chief.page.getByRole("button", { name: "Waive" }).count(), 0);
  await chief.look("gates-waived");
  await chief.end();

  await manager.page.reload();
  await manager.page.getByRole("button", { name: "Begin" }).click();
  await manager.page.getByRole("dialog").getByLabel("On").fill("2022-11-09"); // before the waivers
  await manager.page.getByRole("dialog").getByRole("button", { name: "Begin" }).click();
  await manager.page.getByRole("dialog").getByRole("alert").getByText("2 of 3 gates are unmet").waitFor();
  await manager.look("gates-refused");
  await manager.page.getByRole("dialog").getByLabel("On").fill("");
  await manager.page.getByRole("dialog").getByRole("button", { name: "Begin" }).click();
  await manager.page.getByRole("dialog").waitFor({ state: "detached" });
  await manager.page.getByText("Begun").first().waitFor();
  await manager.page.getByLabel("As of").fill("2022-11-09");
  await manager.page.getByText("As it was known on 2022-11-09.").waitFor();
  await manager.page.getByRole("heading", { name: "No phase is planned yet" }).waitFor(); // it was stated today
  await manager.end(/status of 403/);
});

test("sites of a rollout with how many are live; a union is told of the same gates, and an officer of none", async () => {
  const manager = await asked("manager");
  await state(manager, sample("correction_2023"));
  await manager.page.goto("/program/gates");
  await manager.page.getByText("1 of 14 sites live, 7.1 %").waitFor();
  const site = manager.page.getByRole("table", { name: "Sites" }).getByRole("row", { name: "Souza-Baranowski Correctional Center" });
  assert.deepEqual(await site.getByRole("cell").allTextContents(), ["50", "48,606.61", "≈ Sep 1, 2023", "Live"]);
  await manager.page.getByText("whether that is the 1st it does not say").waitFor();
  await manager.look("gates-sites");
  await manager.end();
  const union = await asked("union", "/program/gates");
  await union.page.getByText("Bargaining has come to an end").waitFor();
  await union.look("gates-union");
  await union.end();
  const denied = await asked("hill", "/program/gates");
  await denied.page.getByRole("alert").getByText("Not allowed").waitFor();
  assert.equal(await denied.page.getByRole("link", { name: "Launch" }).count(), 0);
  await denied.end(/status of 403/);
});
