// SPDX-License-Identifier: Apache-2.0
// The money, bargaining and reports of the program as people meet them: as of a day, to the cent, with corrections beside what they correct; what is under embargo
// only where it is asked for; a report that another reads first; by keyboard, in both themes, empty and denied.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { AGENCY, BIN, openBrowser, run, Town, Visit } from "./town.mjs";

let town, browser;
const sample = (name) => JSON.parse(readFileSync(fileURLToPath(new URL(`../../share/program/${name}.json`, import.meta.url)), "utf8"));

async function asked(login) {
  const visit = await Visit.begin(browser, town);
  await visit.page.goto("/account"); // everybody has one
  await visit.signIn(login);
  // The answer alone is no page: keys pressed before one stands are heard by nobody.
  await visit.page.getByRole("heading", { level: 1, name: "Your account" }).waitFor();
  return visit;
}
async function state(visit, file) {
  const answer = await visit.context.request.post("/api/v1/program/statements", { headers: { "X-Lapel": "1" }, data: file });
  assert.equal(answer.status(), 201, await answer.text());
}

before(async () => {
  town = new Town();
  for (const [login, role] of [["manager", "program_manager"], ["planner", "program_manager"], ["checker", "auditor"], ["mayor", "approver"]]) {
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

test("bargaining is empty, then each side's words over time; a notice waits for its reviewer, and its union is not told before it is sent", async () => {
  const visit = await asked("planner");
  const { page } = visit;
  await page.goto("/program/bargaining");
  await page.getByRole("heading", { name: "Nothing is known of bargaining yet" }).waitFor();
  await visit.look("bargaining-empty");
  const whole = sample("pittsfield_bargaining_2022");
  const waits = whole.statements.filter((said) => said.recorded_on <= "2022-10-28" && said.field !== "sent_at" && !/^notice_(review|delivery)\//.test(said.subject));
  await state(visit, { ...whole, statements: waits });
  await page.reload();
  await page.getByText("Waits for its reviewers").waitFor();
  assert.deepEqual(await page.getByRole("table", { name: "Reviewed by" }).getByRole("row", { name: "the mayor" }).getByRole("cell").allTextContents(), ["Not decided", ""]);
  await page.getByText("Paused – no participants").waitFor();
  await page.getByText("No officer must wear a camera").waitFor();
  // Both versions of who takes part, side by side, and the rule beside the day.
  const claims = page.getByRole("article");
  assert.match(await claims.filter({ hasText: /^8/ }).textContent(), /No longer so.*Said by the chief, in a letter, 2022-10-20/);
  await page.getByText("Sessions are to be held from 2022-10-25 to 2022-11-11: 2.5 weeks, which are 17 whole days.").first().waitFor();
  await visit.look("bargaining-waits");

  // A union representative comes for this page, and knows of no notice that nobody has sent.
  const union = await asked("union");
  await union.page.goto("/");
  await union.page.getByRole("heading", { name: "IBPO Local 447S", exact: true }).waitFor();
  assert.equal(await union.page.getByText("Waits for its reviewers").count(), 0);
  assert.equal(await union.page.getByRole("link", { name: "Money" }).count(), 0);
  assert.equal(await union.page.getByLabel("Show what is privileged").count(), 0);
  await union.look("bargaining-union");

  await state(visit, whole);
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await page.getByRole("heading", { name: "Money", exact: true }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("b");
  await page.getByText("Over on 2022-11-10.").first().waitFor();
  await page.getByLabel("As of").fill("2022-10-07");
  await page.getByText("6 participants").waitFor();
  await page.getByLabel("As of").fill("");
  await page.getByText("Sent 2022-10-28 / 2022-11-01").waitFor();
  await union.page.reload();
  await union.page.getByRole("table", { name: "For" }).getByRole("row", { name: "IBPO Local 447 2022-10-28 Assumed" }).waitFor();
  await union.end();
  await visit.look("bargaining");
  await visit.end();
});

test("what is privileged is shown only where it is asked for, and marked", async () => {
  const visit = await asked("planner");
  const { page } = visit;
  const source = { by: "the attorney", where: "A talk", on: "2022-11-08" };
  await state(visit, { format: "lapel-program/1", statements: [{ subject: "bargaining/447s", field: "concerns", value: "What was said behind a door", source }] });
  await page.goto("/program/bargaining");
  await page.getByRole("heading", { name: "IBPO Local 447S", exact: true }).waitFor();
  assert.equal(await page.getByText("behind a door").count(), 0);
  await page.getByLabel("Show what is privileged").check();
  await page.getByText("Do not hand it out").waitFor();
  await page.getByText("What was said behind a door").waitFor();
  await visit.look("bargaining-privileged");
  await page.getByLabel("Show what is privileged").uncheck();
  await page.getByText("behind a door").waitFor({ state: "detached" });
  await visit.end();
  const denied = await asked("hill");
  assert.equal(await denied.page.getByRole("link", { name: "Bargaining" }).count(), 0);
  await denied.page.goto("/program/bargaining");
  await denied.page.getByRole("alert").getByText("Not allowed").waitFor();
  await denied.look("bargaining-denied");
  await denied.end(/status of 403/);
});

test("money is empty, then to the cent, as of any day, and an embargo opens only to whoever asks and may", async () => {
  const visit = await asked("manager");
  const { page } = visit;
  // Whoever has no list is taken to what they have.
  await page.goto("/");
  await page.getByRole("heading", { name: "Nothing is known of money yet" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Recordings" }).count(), 0);
  await visit.look("money-empty");
  await state(visit, sample("pittsfield_2022"));
  await page.reload();

  const row = (name) => page.getByRole("table", { name: "Payments" }).getByRole("row", { name });
  await row("Payment 1").waitFor();
  assert.deepEqual(await row("Payment 1").getByRole("cell").allTextContents(), ["106,515.00", "106,515.00", "0.00", "exact"]);
  assert.deepEqual(await row("Payment 2").getByRole("cell").allTextContents(), ["185,039.00", "60,071.73", "124,967.27", "exact"]);
  assert.deepEqual(await row("Together").getByRole("cell").allTextContents(), ["≈ 846,554.00", "", "", "about, rests on an assumption"]);
  await page.getByText("60,071.73 is left of them").waitFor();
  // Both versions, side by side.
  const claims = page.getByRole("article");
  assert.match(await claims.filter({ hasText: "280,000.00" }).textContent(), /Corrected.*Said by the chief, to the council, 2022-11-29/);
  assert.match(await claims.filter({ hasText: "≈ 185,000.00" }).textContent(), /Stands/);
  await visit.look("money");

  // As of the day of the council: nothing that tells the award, whoever looks.
  await page.getByLabel("As of").fill("2022-10-25");
  await page.getByText("As it was known on 2022-10-25.").waitFor();
  await page.getByRole("heading", { name: "Nothing is known of money yet" }).waitFor();
  await page.getByLabel("Show what is under embargo").check();
  await page.getByText("Do not hand it out").waitFor();
  await page.getByRole("table", { name: "Grants" }).getByRole("row", { name: "grant/eopss-fy23 Pittsfield 166,586.73 2022-10-21" }).waitFor();
  await visit.look("money-embargo");
  await page.getByLabel("As of").fill("2022-11-29");
  await row("Together").waitFor();
  assert.equal(await row("Together").getByRole("cell").first().textContent(), "≈ 1,131,554.00");
  await visit.end();
});

test("a round of grants tells that two accounts differ by rounding, and a reader without the right has no key to the embargo", async () => {
  const manager = await asked("manager");
  await state(manager, sample("berkshire_round"));
  await manager.end();
  const visit = await asked("checker");
  const { page } = visit;
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await page.getByText("The accounts are 1.70 apart").waitFor();
  const together = page.getByRole("table", { name: "Awards" }).getByRole("row", { name: "These together" });
  assert.deepEqual(await together.getByRole("cell").allTextContents(), ["435,583.73", "435,585.43"]);
  assert.equal(await page.getByLabel("Show what is under embargo").count(), 0);
  await visit.look("money-round");
  await visit.end();
});

test("whoever has nothing to do with it has no such page", async () => {
  const visit = await asked("hill");
  const { page } = visit;
  assert.equal(await page.getByRole("link", { name: "Money" }).count(), 0);
  await page.goto("/program/money");
  await page.getByRole("alert").getByText("Not allowed").waitFor();
  await visit.look("money-denied");
  await visit.end(/status of 403/);
});

test("a report is drafted, refused, drafted again, approved by another and published; what supersedes it is in sight, and its files are there", async () => {
  const visit = await asked("planner");
  const { page } = visit;
  await page.keyboard.press("g");
  await page.keyboard.press("e");
  await page.getByRole("heading", { name: "Reports", exact: true }).waitFor();
  await page.getByRole("heading", { name: "There is no draft" }).waitFor();
  await page.getByRole("heading", { name: "No measure is stated" }).waitFor();
  await visit.look("reports-empty");
  await state(visit, sample("pittsfield_evaluation_2022"));
  const source = { by: "the mayor", where: "An instruction", on: "2022-10-28" };
  const named = [["title", "the mayor"], ["login", "mayor"], ["from", "2022-10-28"]];
  await state(visit, { format: "lapel-program/1", statements: named.map(([field, value]) => ({ subject: "report_reviewer/mayor", field, value, source })) });
  await page.reload();

  const draft = async (title) => {
    await page.getByRole("button", { name: "Build a report" }).click();
    await page.getByLabel("What it is called").fill(title);
    await page.getByRole("dialog").getByLabel("As of").fill("2022-11-29");
    await page.getByRole("button", { name: "Draft it" }).click();
    await page.getByRole("article", { name: title }).waitFor();
  };
  await draft("To the council");
  const mine = page.getByRole("article", { name: "To the council" });
  await mine.getByText("Waits for its reviewers").waitFor();
  assert.equal(await mine.getByRole("button").count(), 0, "nobody decides on what they drafted");

  const mayor = await asked("mayor");
  assert.equal(await mayor.page.getByRole("link", { name: "Money" }).count(), 0);
  await mayor.page.getByRole("link", { name: "Reports" }).click();
  const theirs = mayor.page.getByRole("article");
  await theirs.getByRole("button", { name: "Refuse" }).click();
  await mayor.page.getByLabel("Reason").fill("Say when the pilot starts");
  await mayor.page.getByRole("dialog").getByRole("button", { name: "Refuse" }).click();
  await theirs.getByText(/Refused by Pat mayor, .*: Say when the pilot starts/).waitFor();
  await mayor.look("reports-reviewer");

  await page.reload();
  await mine.getByText("Refused", { exact: true }).waitFor();
  await draft("To the council, again");
  await mayor.page.reload();
  const second = mayor.page.getByRole("article", { name: "To the council, again" });
  await second.getByRole("button", { name: "Approve" }).click();
  await mayor.page.getByLabel("Reason").fill("It may go out");
  await mayor.page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await second.getByText("May be published").waitFor();
  await mayor.end();

  await page.reload();
  await page.getByRole("article", { name: "To the council, again" }).getByRole("button", { name: "Publish" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Publish" }).click();
  const row = page.getByRole("table", { name: "Published" }).getByRole("row", { name: "To the council, again" });
  await row.waitFor();
  for (const form of ["PDF", "HTML", "CSV"]) {
    const link = row.getByRole("link", { name: `${form}: To the council, again`, exact: true });
    const answer = await visit.context.request.get(await link.evaluate((a) => a.href));
    assert.equal(answer.status(), 200);
    assert.match(answer.headers()["content-disposition"], /^attachment; /);
    assert.match(answer.headers()["content-security-policy"], /sandbox/);
  }
  // The measures of a pilot of which nothing is here, and a report that a statute asks for.
  const measures = page.getByRole("table", { name: "What the pilot is judged by" });
  assert.match(await measures.getByRole("row", { name: /^Complaints/ }).textContent(), /not known/);
  await page.getByLabel("Year").fill("2022");
  await page.getByRole("link", { name: "PDF: Annual report on officer-worn body cameras (Illinois), 2022" }).waitFor();
  await visit.look("reports");
  await visit.end();

  const denied = await asked("hill");
  assert.equal(await denied.page.getByRole("link", { name: "Reports" }).count(), 0);
  await denied.page.goto("/program/report");
  await denied.page.getByRole("alert").getByText("Not allowed").waitFor();
  await denied.look("reports-denied");
  await denied.end(/status of 403/);
});
