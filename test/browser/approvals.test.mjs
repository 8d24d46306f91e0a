// SPDX-License-Identifier: Apache-2.0
// What takes two people, as they meet it: a hold placed, its release proposed by one and approved by an approver who sees nothing else;
// and an agency that is hosted, handed over by a link.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AGENCY, BIN, openBrowser, PASSWORD, run, totp, Town, Visit } from "./town.mjs";

let town, browser;

before(async () => {
  town = new Town();
  run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", "townclerk", "--name", "Toni Clerk", "--role", "approver",
    "--password-file", join(town.home, "password"));
  run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", "counsel", "--name", "Pat counsel", "--role", "counsel",
    "--password-file", join(town.home, "password"));
  await town.start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

/** As if everybody had shown their factor longer ago than it counts. */
const letFactorsAge = () =>
  run("python3", "-c", "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as c: c.execute('UPDATE sessions SET verified_us = verified_us - 301000000')",
    join(town.data, "catalog.db"));

test("a hold is placed by one and released by two, of whom one sees the proposal alone", async () => {
  const clerk = await Visit.begin(browser, town);
  const { page } = clerk;
  await page.goto("/holds");
  await clerk.signIn("clerk");
  await page.getByText("No holds").waitFor();
  await clerk.look("holds-empty");
  await page.goto("/upload");
  await page.getByText("What is known of these files").click();
  await page.getByLabel("Incident number").fill("22-1187");
  await page.locator("input[type=file]").setInputFiles({ name: "doorway.mp4", mimeType: "video/mp4", buffer: Buffer.from("a doorway") });
  await page.locator("[data-state=sealed]").waitFor();
  await page.getByRole("link", { name: "Open recording" }).click();
  await page.locator("[data-facts=agree]").waitFor();
  const address = new URL(page.url()).pathname;
  await page.getByRole("link", { name: "Place a hold" }).click();
  await page.getByLabel("Matter, by its name or number").fill("Doe v. Town of Ashfield");
  await page.getByLabel("Reason").fill("Letter of claim, 12 November");
  await clerk.look("hold-place");
  await page.getByRole("dialog").getByRole("button", { name: "Place a hold" }).click();
  await page.getByText("Standing").waitFor();
  await page.getByRole("button", { name: "Place a hold" }).click();
  await page.getByLabel("Matter, by its name or number").fill("Complaint 24-07");
  await page.getByLabel("Incident number").fill("22-1187");
  await page.getByLabel("Reason").fill("Until it is heard");
  await page.keyboard.press("Enter");
  await page.getByText("Incident 22-1187").waitFor();
  await clerk.look("holds");
  await page.goto(address);
  await page.getByText("Under a legal hold").waitFor();
  await page.locator("[data-facts=agree]").waitFor();
  await clerk.look("recording-held");

  await page.goto("/holds");
  await page.getByRole("button", { name: "Propose release of the hold for Doe v. Town of Ashfield" }).click();
  await page.getByLabel("Reason").fill("Settled on 20 November");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("This takes a second factor, and you have none").waitFor();
  await clerk.look("no-factor");
  await page.getByRole("link", { name: "Enroll one under Your account" }).click();
  await page.getByRole("button", { name: "Add an authenticator app" }).waitFor();
  const secret = await clerk.enrollApp();
  await page.goto("/holds");
  letFactorsAge();
  await page.getByRole("button", { name: "Propose release of the hold for Doe v. Town of Ashfield" }).click();
  await page.getByLabel("Reason").fill("Settled on 20 November");
  await page.keyboard.press("Enter");
  // What was typed waits while it is asked for.
  await page.getByRole("dialog", { name: "Show again that it is you" }).waitFor();
  await clerk.look("fresh-factor");
  await page.getByLabel("Code from your authenticator app").fill(totp(secret, Date.now() + 30_000));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Proposed. Somebody else decides").waitFor();
  await page.getByRole("link", { name: "Release proposed" }).click();
  await page.getByText("You proposed this: somebody else decides.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
  await clerk.look("approvals-own");

  const approver = await Visit.begin(browser, town);
  await approver.page.goto("/");
  await approver.signIn("townclerk");
  await approver.page.getByText("Release the hold for Doe v. Town of Ashfield").waitFor();
  assert.equal(new URL(approver.page.url()).pathname, "/approvals");
  assert.deepEqual(await approver.page.getByRole("navigation", { name: "Rooms" }).getByRole("link").allTextContents(), ["Approvals", "Reports", "Training"]);
  await approver.look("approvals");
  await approver.enrollApp();
  await approver.page.getByRole("button", { name: "Approve" }).click();
  await approver.page.getByLabel("Reason").fill("The settlement is filed");
  await approver.look("approve");
  await approver.page.keyboard.press("Enter");
  await approver.page.getByText("Nothing waits to be decided").waitFor();
  await approver.page.getByText("Toni Clerk: The settlement is filed").waitFor();
  await approver.look("approvals-decided");
  await approver.page.goto(address);
  await approver.page.getByText("There is nothing here").waitFor();
  await approver.page.goto("/holds");
  await approver.page.getByText("Not allowed").waitFor();
  await approver.end(/status of 404/, /status of 403/);

  await page.goto("/holds");
  await page.getByText("Released", { exact: true }).click();
  await page.getByText("Doe v. Town of Ashfield").waitFor();
  // The other one stands.
  await page.goto(address);
  await page.getByText("Under a legal hold").waitFor();
  await page.getByText("Proposal approved").waitFor();
  await page.locator("[data-facts=agree]").waitFor();
  await clerk.end(/status of 401/);
});

test("a restriction is proposed to be lifted, and two are told that it takes two", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/upload");
  await visit.signIn("keeper");
  await page.getByRole("heading", { name: "Upload" }).waitFor();
  await visit.enrollApp();
  await page.locator("input[type=file]").setInputFiles({ name: "ward.mp4", mimeType: "video/mp4", buffer: Buffer.from("a ward") });
  await page.locator("[data-state=sealed]").waitFor();
  await page.getByRole("link", { name: "Open recording" }).click();
  await page.locator("[data-facts=agree]").waitFor();
  const id = page.url().split("/").at(-1);
  const headers = { "X-Lapel": "1" };
  assert.equal((await visit.context.request.patch(`/api/v1/recordings/${id}`, { headers, data: { restriction: "medical", reason: "a ward" } })).status(), 200);
  await page.reload();
  await page.getByRole("button", { name: "Propose to lift the restriction" }).click();
  await page.getByLabel("Reason").fill("The patient agrees");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("two of them who are cleared for it").waitFor();
  await visit.look("lift-refused");
  await page.keyboard.press("Escape");

  const captain = await Visit.begin(browser, town);
  await captain.page.goto("/people");
  await captain.signIn("captain");
  await captain.page.getByRole("heading", { name: "People" }).waitFor();
  await captain.enrollApp();
  const cleared = await captain.context.request.post("/api/v1/assignments", { headers, data: { kind: "clearance", person: "keeper", target: "medical" } });
  assert.equal(cleared.status(), 201);
  await captain.end();

  await page.getByRole("button", { name: "Propose to lift the restriction" }).click();
  await page.getByLabel("Reason").fill("The patient agrees");
  await page.keyboard.press("Enter");
  await page.getByText("Proposed. Somebody else who is cleared").waitFor();
  await visit.end(/status of 403/);
});

test("holds beyond a page come when they are asked for", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/holds");
  await visit.signIn("counsel");
  await page.getByRole("button", { name: "Place a hold" }).waitFor();
  for (let i = 0; i < 51; ++i) {
    const data = { matter: `Claim ${i}`, incident: `31-${i}`, reason: "a letter" };
    assert.equal((await visit.context.request.post("/api/v1/holds", { headers: { "X-Lapel": "1" }, data })).status(), 201);
  }
  await page.reload();
  const listed = page.getByText(/^Incident 31-/);
  await listed.first().waitFor();
  const first = await listed.count();
  assert.ok(first < 51, `${first} on the first page`);
  await page.getByRole("button", { name: "Show more" }).click();
  await listed.nth(50).waitFor();
  assert.equal(await page.getByRole("button", { name: "Show more" }).count(), 0);
  await visit.end();
});

test("the lead agency adds another, sees its numbers, and hands over a link", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/agencies");
  await visit.signIn("chief");
  await page.getByText("This agency").waitFor();
  await page.getByRole("button", { name: "Add an agency" }).click();
  await visit.look("agency-add");
  await page.getByLabel("Name of the agency").fill("Conway Police");
  await page.keyboard.press("Enter");
  await page.getByText("Hand this link to Conway Police").waitFor();
  await page.getByRole("row", { name: /Conway Police/ }).getByText("Link is out").waitFor();
  const link = await page.locator(".notice .mono").textContent();
  await visit.look("agencies");

  const theirs = await Visit.begin(browser, town);
  await theirs.page.goto(link);
  await theirs.page.getByLabel("Login").fill("conway");
  await theirs.page.getByLabel("Password, of at least 8 characters").fill(PASSWORD);
  await theirs.page.getByRole("button", { name: "Make the administrator" }).click();
  await theirs.page.getByText("Add a second factor").waitFor();
  await theirs.end();

  await page.reload();
  await page.getByRole("row", { name: /Conway Police/ }).getByText("In use").waitFor();
  await page.getByRole("button", { name: "Add an agency" }).click();
  await page.getByLabel("Name of the agency").fill("Conway Police");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await visit.end(/status of 409/);
});
