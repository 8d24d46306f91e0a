// SPDX-License-Identifier: Apache-2.0
// The facts that access stands on, entered where people are: who is added, who wore what when, which statements are filed.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BIN, openBrowser, PASSWORD, run, totp, Town, Visit } from "./town.mjs";

let town, browser;

before(async () => {
  town = await new Town().start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

const shownLongAgo = () =>
  run("python3", "-c", "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as c: c.execute('UPDATE sessions SET verified_us = verified_us - 301000000')",
    join(town.data, "catalog.db"));

test("an administrator adds a person, who chooses a password by the link, alone and once", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/people");
  await visit.signIn("chief");
  await page.getByRole("button", { name: "Add a person" }).waitFor();
  const secret = await visit.enrollApp();
  shownLongAgo();
  await page.getByRole("button", { name: "Add a person" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await page.keyboard.type("Sam Keeper");
  await page.keyboard.press("Tab");
  await page.keyboard.type("clerk");
  await dialog.getByLabel("Officer", { exact: true }).uncheck();
  assert.equal(await dialog.getByRole("button", { name: "Add a person" }).isDisabled(), true, "nobody is nothing");
  await dialog.getByLabel("Camera coordinator").check();
  await visit.look("add-person");
  await dialog.getByRole("button", { name: "Add a person" }).click();
  // What was filled in waits while it is asked for.
  const again = page.getByRole("dialog", { name: "Show again that it is you" });
  await again.getByLabel("Code from your authenticator app").fill(totp(secret, Date.now() + 30_000));
  await again.getByRole("button", { name: "Continue" }).click();
  await dialog.getByRole("alert").getByText("This login or badge is taken").waitFor();
  await dialog.getByLabel("Login").fill("sam");
  await dialog.getByLabel("Badge (optional)").fill("b-sam");
  await dialog.getByLabel("Login").press("Enter");
  await dialog.waitFor({ state: "detached" });
  const shown = page.getByRole("status").filter({ hasText: "Hand this link to Sam Keeper" });
  const link = await shown.locator(".mono").textContent();
  assert.match(link, /\/setup#[A-Za-z0-9_-]{43}\.c2Ft$/);
  await page.getByRole("row", { name: /Sam Keeper/ }).waitFor();
  await visit.look("person-added");

  // A new link, where the first one is lost: that one counts no more.
  await page.getByRole("link", { name: "Sam Keeper" }).click();
  await page.getByText("No password yet").waitFor();
  await page.getByRole("button", { name: "New link" }).click();
  await dialog.getByText("The link from before counts no more").waitFor();
  await visit.look("new-link");
  await dialog.getByRole("button", { name: "New link" }).click();
  const newer = await page.getByRole("status").filter({ hasText: "Hand this link" }).locator(".mono").textContent();
  await visit.look("person-invited");
  assert.notEqual(newer, link);
  await visit.end(/status of 401/, /status of 409/);

  const sam = await Visit.begin(browser, town);
  await sam.page.goto(link);
  await sam.page.getByRole("heading", { name: "Choose your password" }).waitFor();
  assert.equal(await sam.page.getByLabel("Login").inputValue(), "sam");
  assert.equal(await sam.page.getByLabel("Your name").count(), 0);
  assert.equal(new URL(sam.page.url()).hash, "", "the secret does not stay in the address");
  await sam.page.keyboard.type("a password of my own");
  await sam.page.keyboard.press("Enter");
  await sam.page.getByRole("alert").getByText("This set-up link is not valid").waitFor();
  await sam.look("setup-refused");
  await sam.page.goto("about:blank");
  await sam.page.goto(newer);
  await sam.page.getByRole("heading", { name: "Choose your password" }).waitFor();
  await sam.look("setup-person");
  await sam.page.keyboard.type("a password of my own");
  await sam.page.keyboard.press("Enter");
  await sam.page.getByText("Signed in as sam").waitFor();
  await sam.page.getByRole("button", { name: "Sign out", exact: true }).click();
  await sam.signIn("sam", "a password of my own");
  await sam.page.getByText("Signed in as sam").waitFor();
  await sam.end(/status of 401/);
});

test("who wore which camera from when until when is entered and ended on the person's page", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/people");
  await visit.signIn("sam", "a password of my own");
  await page.getByRole("heading", { name: "People", exact: true }).waitFor();
  for (const serial of ["AX-1042", "AX-1043"]) {
    const known = await visit.context.request.post("/api/v1/devices", { headers: { "X-Lapel": "1" }, data: { serial } });
    assert.equal(known.status(), 200);
  }
  await page.getByRole("link", { name: "Pat hill" }).click();
  const dialog = page.getByRole("dialog");
  const assign = async (serial, from, until) => {
    await page.getByRole("button", { name: "Assign", exact: true }).click();
    await dialog.getByLabel("Serial of the camera").fill(serial);
    await dialog.getByLabel("From").fill(from);
    await dialog.getByLabel("Until").fill(until);
  };
  await assign("AX-1042", "2026-01-02T06:30", "2026-01-01T06:30");
  await visit.look("camera-assign");
  await dialog.getByRole("button", { name: "Assign" }).click();
  await dialog.getByRole("alert").waitFor();
  await visit.look("camera-refused");
  await dialog.getByLabel("Until").fill("");
  await dialog.getByRole("button", { name: "Assign" }).click();
  const assigned = page.getByRole("region", { name: "Assigned today" });
  await assigned.getByRole("link", { name: "AX-1042" }).waitFor();
  // Local to the minute, and told so.
  await assigned.getByText("from Jan 2, 2026, 06:30:00 EST", { exact: true }).waitFor();
  const camera = await (await visit.context.request.get("/api/v1/fleet/cameras/AX-1042")).json();
  assert.deepEqual(camera.worn.map(({ officer, from, until }) => [officer.name, from, until]), [["Pat hill, badge b-hill", "2026-01-02T11:30:00.00Z", null]]);
  await assigned.getByRole("listitem").filter({ hasText: "06:30:00 EST" }).getByRole("button", { name: "End" }).click();
  await dialog.getByLabel("Reason").fill("swapped");
  await dialog.getByLabel("When it ends").fill("2026-01-20T18:00");
  await visit.look("camera-end");
  await dialog.getByRole("button", { name: "End" }).click();
  await assigned.getByText("from Jan 2, 2026, 06:30:00 EST", { exact: true }).waitFor({ state: "detached" });
  // Who wore it then stays findable.
  await page.getByText("What was, and what is to come").click();
  await page.getByText("from Jan 2, 2026, 06:30:00 EST until Jan 20, 2026, 18:00:00 EST").waitFor();
  await assign("AX-1043", "2026-02-01T06:00", "2100-03-01T06:00");
  await dialog.getByRole("button", { name: "Assign", exact: true }).click();
  await page.getByText("from Feb 1, 2026, 06:00:00 EST until Mar 1, 2100, 06:00:00 EST").first().waitFor();
  await visit.look("person-coordinator");
  // What it brought before anybody had said who wore it is nobody's, and is assigned with it.
  const token = join(town.home, "clerk.token");
  writeFileSync(token, run(join(BIN, "lapel"), "token", "create", "--data", town.data, "--user", "clerk"));
  const brought = ["2025-12-01T10:00:00Z", "2025-12-01T11:00:00Z", "2025-12-03T10:00:00Z"].map(
    (at) => run(join(BIN, "lapel"), "recording", "upload", "--server", town.url, "--token-file", token, "--device", "AX-1043", "--recorded-at", at, token).split(" ")[0],
  );
  await assign("AX-1043", "2025-12-01T00:00", "2025-12-02T00:00");
  await dialog.getByRole("button", { name: "Assign", exact: true }).click();
  await dialog.getByText("2 recordings of AX-1043 from that time are nobody's").waitFor();
  await dialog.getByLabel("Reason").fill("the paper log of December");
  await visit.look("camera-nobodys");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  const hill = (await (await visit.context.request.get("/api/v1/people/hill")).json()).id;
  const officers = [];
  for (const id of brought) officers.push((await (await visit.context.request.get(`/api/v1/recordings/${id}`)).json()).assigned_officer);
  assert.deepEqual(officers, [hill, hill, null]);
  await visit.end(/status of 4\d\d/);
});

test("a statement is recorded on the person's page by whoever may, and listed there", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/people");
  await visit.signIn("clerk");
  await page.getByRole("link", { name: "Pat hill" }).click();
  await page.getByText("None on record").waitFor();
  const record = page.getByRole("button", { name: "Record a statement" });
  const dialog = page.getByRole("dialog");
  await record.focus();
  await page.keyboard.press("Enter");
  await dialog.waitFor();
  await page.keyboard.type("22-1187");
  await dialog.getByLabel("When it was filed").fill("2026-01-05T09:15");
  await visit.look("statement");
  await page.keyboard.press("Enter");
  await page.getByRole("row", { name: /22-1187/ }).getByText("Jan 5, 2026, 09:15:00 EST").waitFor();
  await visit.look("statements");
  await record.click();
  await dialog.getByLabel("Incident").fill("22-1187");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").getByText("on record already").waitFor();
  await visit.look("statement-refused");
  await page.keyboard.press("Escape");
  // Of another officer after all: it is taken back, stays to be seen, and can be recorded again.
  await page.getByRole("button", { name: "Take back the statement on 22-1187" }).click();
  await dialog.getByLabel("Reason").fill("Ruiz filed it");
  await visit.look("statement-taken-back");
  await page.keyboard.press("Enter");
  await page.getByRole("row", { name: /22-1187/ }).getByText(/Taken back/).waitFor();
  await record.click();
  await dialog.getByLabel("Incident").fill("22-1187");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Take back the statement on 22-1187" }).waitFor();
  assert.equal(await page.getByRole("row", { name: /22-1187/ }).count(), 2);
  await visit.look("statements-taken-back");
  // Nobody vouches for their own, and who may not record one sees none.
  await page.goto("/people");
  await page.getByRole("row", { name: /Pat clerk/ }).getByRole("link").click();
  await page.getByRole("heading", { name: "Statements" }).waitFor();
  assert.equal(await record.count(), 0);
  await visit.end(/status of 4\d\d/);
  const detective = await Visit.begin(browser, town);
  await detective.page.goto("/people");
  await detective.signIn("detective");
  await detective.page.getByRole("link", { name: "Pat hill" }).click();
  await detective.page.getByRole("heading", { name: "Assigned today" }).waitFor();
  assert.equal(await detective.page.getByRole("heading", { name: "Statements" }).count(), 0);
  await detective.page.goto("/people");
  await detective.page.getByText("They may watch them at any time.").waitFor();
  assert.equal(await detective.page.getByRole("button", { name: "Change the rule" }).count(), 0);
  assert.equal(await detective.page.getByRole("button", { name: "Add a person" }).count(), 0);
  await detective.end();
});

test("denied: whoever manages no people is told so where setting up is told", async () => {
  const visit = await Visit.begin(browser, town);
  await visit.page.goto("/start");
  await visit.signIn("hill");
  await visit.page.getByRole("alert").getByText("Not allowed").waitFor();
  await visit.look("start-denied");
  await visit.end(/status of 403/);
});

test("a new agency's administrator is told what is still to be done, until it is", async () => {
  const empty = await new Town({ administrator: false }).start();
  try {
    const visit = await Visit.begin(browser, empty);
    const { page } = visit;
    await page.goto(empty.setupLink.replace(/^https?:\/\/[^/]+/, empty.url));
    await page.getByLabel("Your name").fill("Pat Chief");
    await page.getByLabel("Login").fill("chief");
    await page.getByLabel("Password, of at least").fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Add a second factor" }).waitFor();
    await visit.enrollApp();
    await page.goto("/");
    await page.waitForURL("**/start");
    await page.getByText("3 steps are left").waitFor();
    assert.equal(await page.getByRole("heading", { name: "Add a second factor to your account" }).count(), 0, "that is done");
    await page.getByText(`lapel dock enroll --data DIR --agency`).waitFor();
    await visit.look("start");

    // From the list to the dialog, and back with one step less.
    await page.getByRole("link", { name: "Add people" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.getByRole("dialog").getByLabel("Name").fill("Pat Captain");
    await page.getByRole("dialog").getByLabel("Login").fill("captain");
    await page.getByRole("dialog").getByLabel("Command").check();
    await page.keyboard.press("Enter");
    await page.getByText("Hand this link to Pat Captain").waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("i");
    await page.getByText("2 steps are left").waitFor();
    await page.route("**/api/v1/first-steps", (route) => route.fulfill({ json: { people: true, dock: true, own_viewing: true } }));
    await page.reload();
    await page.getByText("Everything is set up").waitFor();
    await visit.look("start-done");
    await page.unroute("**/api/v1/first-steps");
    await page.route("**/api/v1/first-steps", (route) => route.abort());
    await page.reload();
    await page.getByText("The server cannot be reached").waitFor();
    await visit.look("start-error");
    await visit.end(/Failed to load resource/);
  } finally {
    await empty.end();
  }
});
