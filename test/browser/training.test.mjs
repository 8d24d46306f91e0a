// SPDX-License-Identifier: Apache-2.0
// Training and policy as people meet it: a policy is put there and issued, read and acknowledged by a passkey, replaced by a version whose
// changes are gone through by keyboard; a roster is scanned; empty, refused and denied; in both themes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { AGENCY, BIN, openBrowser, run, Town, Visit } from "./town.mjs";

let town, browser;

async function asked(login, path, url = town.url) {
  const visit = await Visit.begin(browser, { url });
  await visit.page.goto(path);
  await visit.signIn(login);
  return visit;
}

/** At a host name, and with an authenticator in the machine: passkeys need both. */
async function withPasskey(login, path) {
  const visit = await Visit.begin(browser, { url: town.url.replace("127.0.0.1", "localhost") });
  const devtools = await visit.context.newCDPSession(visit.page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await visit.page.goto("/account");
  await visit.signIn(login);
  await visit.page.getByRole("button", { name: "Add a passkey" }).click();
  await visit.page.getByRole("heading", { name: "Keep your recovery codes" }).waitFor();
  await visit.page.goto(path);
  return visit;
}

async function send(visit, method, path, data, status) {
  const answer = await visit.context.request.fetch(path, { method, headers: { "X-Lapel": "1" }, data });
  assert.equal(answer.status(), status, await answer.text());
  return answer.json();
}

const file = (content) => ({ name: "version.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(content)) });
const FIRST = {
  clauses: [
    { key: "activation", heading: "When to record", text: "Record every traffic stop and every arrest.\nSay so at the start.", items: ["when-activate", "notice"] },
    { key: "own-viewing", heading: "Seeing your own recording", text: "After the statement is filed.", items: ["own-viewing"], setting: "own_viewing", says: "after_statement" },
    { key: "retention", heading: "How long it is kept", text: "At least 180 days, at most 30 months.", items: ["retention"], setting: "retention_band", says: "180 days to 30 months" },
    { key: "homes", heading: "Inside a home", text: "Footage of a home is seen for another case with a warrant alone.", setting: "warrant_for_homes", says: "always" },
  ],
  check: [
    { question: "When do you record?", choices: ["When I like", "Every stop and every arrest"], right: 2 },
    { question: "When may you see your own recording?", choices: ["After my statement is filed", "At once"], right: 1 },
  ],
};
const SECOND = {
  ...FIRST,
  clauses: [
    { ...FIRST.clauses[0], text: "Record every contact with the public.\nSay so at the start." },
    FIRST.clauses[1],
    { ...FIRST.clauses[2], text: "At least 365 days, at most 30 months." },
    { key: "release", heading: "Public release", text: "The records office decides.", items: ["public-release"] },
  ],
};

before(async () => {
  town = new Town();
  for (const [login, role, badge] of [["manager", "program_manager", "40"], ["coordinator", "coordinator", "50"], ["reyes", "officer", "101"], ["cole", "officer", "102"]]) {
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

test("a policy is added, its first version issued from a file; what is wrong in one is named", async () => {
  const visit = await asked("manager", "/training");
  const { page } = visit;
  await page.getByRole("heading", { name: "No policies yet" }).waitFor();
  await page.getByText("Nothing is missing: you may be given a camera.").waitFor();
  await page.getByRole("heading", { name: "Nothing is asked of anybody yet" }).waitFor();
  await visit.look("training-empty");
  await page.getByRole("button", { name: "Add a policy" }).click();
  await page.getByLabel("Title").fill("Temporary policy");
  await page.getByLabel("Short name (").fill("temporary-policy");
  await visit.look("training-add");
  await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("link", { name: "Temporary policy" }).click();
  await page.getByRole("heading", { name: "No version yet" }).waitFor();
  await page.getByText("Issue the next version").first().click();
  const issue = async (content) => {
    await page.getByLabel("File (JSON").setInputFiles(file(content));
    await page.getByRole("button", { name: "Issue the next version" }).click();
  };
  await issue({ clauses: [{ key: "The first", heading: "When", text: "Record." }] });
  await page.getByRole("alert").getByText("Clause 1: \"key\" must be of a-z").waitFor();
  await issue(FIRST);
  await page.getByRole("heading", { name: "When to record" }).waitFor();
  const clause = (name) => page.getByRole("region", { name });
  await clause("Seeing your own recording").getByText("Not so. The clause says after_statement. When officers may see their own recordings: allowed").waitFor();
  await clause("How long it is kept").getByText("Not enforced by Lapel").waitFor();
  await clause("Inside a home").getByText("Enforced. A warrant to see a home for an unrelated case: always").waitFor();
  await visit.look("policy");
  await visit.end(/status of 400/);
});

test("an officer reads it, answers the check, and a passkey signs; then what changed, from change to change by keyboard", async () => {
  const visit = await withPasskey("reyes", "/training");
  const { page } = visit;
  await page.getByText("Pat reyes has not acknowledged version 1 of Temporary policy").waitFor();
  await visit.look("training-officer");
  await page.getByRole("link", { name: "Temporary policy" }).click();
  const answer = async (first, second) => {
    await page.getByLabel(first).check();
    await page.getByLabel(second).check();
    await page.getByRole("button", { name: /^I have read version/ }).click();
  };
  await answer("When I like", "After my statement is filed");
  await page.getByText("Question 1 is not answered right").waitFor();
  await visit.look("policy-check-wrong");
  await answer("Every stop and every arrest", "After my statement is filed");
  await page.getByText("You acknowledged this version").waitFor();
  assert.equal(await page.getByRole("button", { name: /^I have read version/ }).count(), 0);

  const manager = await asked("manager", "/training");
  await manager.page.getByRole("link", { name: "Temporary policy" }).waitFor();
  await send(manager, "POST", "/api/v1/policies/temporary-policy/versions", { ...SECOND, note: "After the first week" }, 201);
  await manager.end();
  await page.reload();
  await page.getByLabel("Show what changed since version 1").waitFor();
  assert.ok(await page.getByLabel("Show what changed since version 1").isChecked(), "of a version that was acknowledged before");
  await page.getByText("4 clauses changed").waitFor();
  const focused = () => page.evaluate(() => document.activeElement.id);
  const changed = [];
  for (const key of ["n", "n", "n", "n", "n", "p"]) {
    await page.keyboard.press(key);
    changed.push((await focused()).replace("clause-", ""));
  }
  assert.deepEqual(changed, ["activation", "retention", "homes", "release", "activation", "release"]);
  assert.deepEqual(await page.locator("#clause-retention del, #clause-retention ins").allTextContents(), [" removed: 180", " added: 365"]);
  await visit.look("policy-changes");
  await answer("Every stop and every arrest", "After my statement is filed");
  await page.getByText("You acknowledged this version").waitFor();
  await page.getByRole("link", { name: "Training and policy" }).click();
  await page.getByText("Nothing is missing: you may be given a camera.").waitFor();
  await page.getByRole("link", { name: "My record" }).click();
  await page.getByRole("table", { name: "Versions, in order" }).getByRole("row", { name: "Version 2" }).getByText("Signed with a passkey").waitFor();
  await visit.look("training-record");
  await visit.end();
});

test("a roster is scanned, and who lacks what is told", async () => {
  const visit = await asked("coordinator", "/training");
  const { page } = visit;
  await page.getByRole("button", { name: "Add a course" }).click();
  await page.getByLabel("Title").fill("Body-worn cameras, basic");
  await page.getByLabel("Short name (").fill("basic");
  await page.getByLabel("Counts for months").fill("1");
  await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("table", { name: "Courses, by title" }).getByText("1 month").waitFor();
  await page.getByRole("button", { name: "Plan a session" }).click();
  await page.getByLabel("Trainer").fill("Sgt. Boyd");
  await page.getByLabel("Place").fill("Roll call room");
  await page.getByRole("dialog").getByRole("button", { name: "Plan a session" }).click();
  const sessions = page.getByRole("table", { name: "Sessions, the newest day first" });
  await sessions.getByRole("button", { name: "Roster" }).click();
  const box = page.getByLabel("Badge or login");
  await box.waitFor();
  assert.ok(await box.evaluate((field) => field === document.activeElement), "the scanner types into it at once");
  await page.keyboard.type("101\n102\n101\nnothing\n50\n");
  const log = page.getByRole("list", { name: "Scans, the newest first" }).getByRole("listitem");
  await log.filter({ hasText: "never their own attendance" }).waitFor();
  const words = ["Attended", "Attended", "Again", "Unknown", "Not sent"];
  assert.deepEqual((await log.allTextContents()).reverse().map((line, i) => line.slice(0, words[i].length)), words);
  await page.getByRole("button", { name: "Take back: Pat cole, badge 102" }).click();
  await page.getByRole("dialog").getByLabel("Reason").fill("Somebody else's badge");
  await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
  await sessions.getByRole("row", { name: "basic" }).getByRole("cell", { name: "1", exact: true }).waitFor();
  await visit.look("training-roster");
  await page.reload();
  const lacking = page.getByRole("table", { name: "People of whom something is asked, by login" });
  await lacking.getByRole("row", { name: "Pat cole" }).getByText("Pat cole has not attended Body-worn cameras, basic").waitFor();
  await lacking.getByRole("row", { name: "Pat reyes" }).getByText(/^Body-worn cameras, basic until/).waitFor();
  await page.getByLabel("Only those who lack something").check();
  assert.equal(await lacking.getByRole("row", { name: "Pat reyes" }).count(), 0);
  await page.getByText(/of 37 items have a clause/).click();
  await page.getByRole("row", { name: "public-release" }).getByRole("link", { name: "Public release" }).waitFor();
  await visit.look("training-overview");
  await visit.end(/status of 403/);
});

test("whoever has no second factor is told to enroll one; another's record is not theirs to see", async () => {
  const visit = await asked("hill", "/training/policies/temporary-policy");
  const { page } = visit;
  await page.getByLabel("Every stop and every arrest").check();
  await page.getByLabel("After my statement is filed").check();
  await page.getByRole("button", { name: "I have read version 2" }).click();
  await page.getByRole("alert").getByText("This takes a second factor, and you have none").waitFor();
  await visit.look("policy-no-factor");
  await page.goto("/training/people/reyes");
  await page.getByRole("alert").getByText("Not allowed").waitFor();
  await visit.look("training-denied");
  await page.goto("/training/policies/none");
  await page.getByRole("alert").waitFor();
  await visit.end(/status of 401/, /status of 403/, /status of 404/);
});
