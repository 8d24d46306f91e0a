// SPDX-License-Identifier: Apache-2.0
// Who may see what, as people meet it: the question about the home, the refusal, the roster, and what a person may do.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FILM, openBrowser, PASSWORD, run, totp, Town, Visit } from "./town.mjs";

let town, browser;

before(async () => {
  town = await new Town().start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

test("another case's recording is asked about, refused, and opened under a warrant", async () => {
  const clerk = await Visit.begin(browser, town);
  await clerk.page.goto("/upload");
  await clerk.signIn("clerk");
  await clerk.page.getByText("What is known of these files").click();
  await clerk.page.getByLabel("Incident number").fill("22-1187");
  await clerk.page.locator("input[type=file]").setInputFiles(FILM);
  await clerk.page.locator("[data-state=sealed]").waitFor();
  await clerk.page.getByRole("link", { name: "Open recording" }).click();
  await clerk.page.locator("[data-facts=agree]").waitFor();
  const address = new URL(clerk.page.url()).pathname;
  await clerk.end();

  // The detective touches no mouse.
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  const keys = async (...names) => {
    for (const name of names) await page.keyboard.press(name);
  };
  /** Into the field of that name, by Tab or back, and into no other. */
  const into = async (label, way, text) => {
    const field = page.getByRole("dialog").getByLabel(label);
    for (let steps = 0; steps < 8 && !(await field.evaluate((element) => element === document.activeElement)); ++steps) await keys(way);
    assert.equal(await field.evaluate((element) => element === document.activeElement), true, label);
    await (text === undefined ? keys("Space") : page.keyboard.type(text));
  };
  await page.goto(address);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.keyboard.type("detective");
  await keys("Tab");
  await page.keyboard.type(PASSWORD);
  await keys("Enter");
  await page.getByText(/\d+ events? checked/).waitFor();
  await keys("v");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("Inv");
  await into("Case number", "Tab", "22-2040");
  await keys("Enter");
  await page.getByText("Say first whether it shows the inside of a home.").waitFor();
  assert.equal(await page.locator("fieldset[aria-invalid=true]").count(), 1);
  await visit.look("purpose-asked");
  await into("Yes, inside a home", "Tab");
  await keys("Enter");
  await page.getByRole("alert").getByText("needs a warrant reference").waitFor();
  await visit.look("purpose-refused");
  assert.equal(await page.locator("video").count(), 0);
  await into("Warrant or court order", "Shift+Tab", "2222SW0117");
  await keys("Enter");
  await page.locator("video").waitFor();
  await page.waitForFunction(() => document.querySelector("video").readyState >= HTMLMediaElement.HAVE_CURRENT_DATA);

  // On record, and verified: the refusal, and after it the grant with what it rests on. What the page knew before is read again.
  await page.getByText("Recorded inside a home").waitFor();
  await page.locator("[data-facts=agree]").waitFor();
  assert.equal(await page.locator("[data-facts=differ]").count(), 0);
  const rows = page.locator(".events li");
  const names = await rows.evaluateAll((all) => all.map((row) => row.querySelector("summary").textContent));
  const [refusal, grant] = ["Refused", "Viewed"].map((name) => names.findIndex((text) => text.startsWith(name)));
  assert.ok(refusal >= 0 && grant > refusal, names.join(" | "));
  assert.equal(names.filter((text) => /^Viewed/.test(text)).length, 1);
  for (const [at, ...words] of [[refusal, "an unrelated investigation needs a warrant reference", "22-2040"], [grant, "2222SW0117", "22-2040"]]) {
    await rows.nth(at).locator("[data-proof=verified]").waitFor();
    await rows.nth(at).locator("summary").focus();
    await keys("Enter");
    for (const word of words) await rows.nth(at).getByText(word).first().waitFor();
  }
  await visit.look("recording-refusals");
  await visit.end(/status of 409/, /status of 403/);
});

test("a restricted recording says so, and opens to nobody by rank", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/upload");
  await visit.signIn("clerk");
  await page.locator("input[type=file]").setInputFiles({ name: "interview.mp4", mimeType: "video/mp4", buffer: Buffer.from("an interview") });
  await page.locator("[data-state=sealed]").waitFor();
  await page.getByRole("link", { name: "Open recording" }).click();
  await page.locator("[data-facts=agree]").waitFor();
  const id = page.url().split("/").at(-1);
  const answer = await visit.context.request.patch(`/api/v1/recordings/${id}`, {
    headers: { "X-Lapel": "1" }, data: { restriction: "minor", victim_sensitive: true, reason: "the child is named" },
  });
  assert.equal(answer.status(), 200);
  await page.reload();
  await page.getByText("Restricted (a minor)").waitFor();
  await page.locator("[data-facts=agree]").waitFor();
  await visit.look("recording-restricted");
  await page.getByRole("button", { name: "Open a view" }).click();
  await page.locator("select[name=purpose]").selectOption("review");
  await page.getByRole("button", { name: "Open the recording" }).click();
  await page.getByRole("alert").getByText("open to those who are cleared for its kind").waitFor();
  await visit.end(/status of 403/);
});

test("the roster: a unit, who belongs to it, and what a person may do by it", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/people");
  await visit.signIn("chief");
  await page.getByText("No units yet").waitFor();
  await visit.enrollApp(); // who belongs to a unit takes a factor shown now
  await page.getByText("No units yet").waitFor();
  await visit.look("people");
  await page.getByLabel("Name of a new unit").fill("Night");
  await page.getByRole("button", { name: "Add the unit" }).click();
  await page.getByRole("listitem").filter({ hasText: "Night" }).waitFor();
  await page.getByLabel("Name of a new unit").fill("Night");
  await page.getByRole("button", { name: "Add the unit" }).click();
  await page.getByRole("alert").waitFor();

  await page.getByRole("link", { name: "Pat hill" }).click();
  await page.getByRole("heading", { name: "Pat hill" }).waitFor();
  await page.getByText("wears badge b-hill").waitFor();
  await page.getByRole("button", { name: "Assign", exact: true }).click();
  await page.getByRole("dialog").locator("select").selectOption("unit");
  await page.getByLabel("Name of the unit").fill("Night");
  await visit.look("assign");
  await page.getByRole("dialog").getByRole("button", { name: "Assign", exact: true }).click();
  const member = page.getByRole("listitem").filter({ hasText: "Member of unit Night" });
  await member.waitFor();
  assert.match(await member.textContent(), /from the beginning/);
  const watch = page.getByRole("row", { name: /^Watch/ });
  assert.match(await watch.textContent(), /Allowed.*for: my own recording.*Not shown to exist/);
  await visit.look("person");
  await member.getByRole("button", { name: "End" }).click();
  await page.getByLabel("Reason").fill("moved to days");
  await page.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
  await member.waitFor({ state: "detached" });
  run("python3", "-c", "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as c: c.execute('DELETE FROM recovery_codes'), c.execute('DELETE FROM factors')",
    join(town.data, "catalog.db")); // of another test it is asked how one is enrolled
  await visit.end(/status of 409/);
});

test("roles change with a reason, and who has left may do nothing", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/people/captain");
  await visit.signIn("chief");
  await page.getByRole("button", { name: "Change roles" }).waitFor();
  const secret = await visit.enrollApp();
  run("python3", "-c", "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as c: c.execute('UPDATE sessions SET verified_us = verified_us - 301000000')",
    join(town.data, "catalog.db"));
  await page.getByRole("button", { name: "Change roles" }).click();
  const dialog = page.getByRole("dialog");
  const submit = dialog.getByRole("button", { name: "Change roles" });
  await dialog.getByText("Nothing changes yet.").waitFor();
  assert.equal(await submit.isEnabled(), false);
  await dialog.getByLabel("Auditor").check();
  await dialog.getByLabel("Command").uncheck();
  await dialog.getByText("Gives: Auditor. Takes: Command.").waitFor();
  await dialog.getByLabel("Auditor").uncheck();
  assert.equal(await submit.isEnabled(), false); // somebody without a role is nobody
  await dialog.getByLabel("Auditor").check();
  await visit.look("roles");
  await dialog.getByLabel("Reason").fill("inspections");
  await submit.click();
  // What was chosen waits while it is asked for.
  const again = page.getByRole("dialog", { name: "Show again that it is you" });
  await again.waitFor();
  await visit.look("roles-factor");
  await again.getByLabel("Code from your authenticator app").fill(totp(secret, Date.now() + 30_000));
  await again.getByRole("button", { name: "Continue" }).click();
  const account = page.getByRole("region", { name: "Account" });
  await account.getByText("Active", { exact: true }).waitFor();
  await account.getByText("Auditor").waitFor();
  assert.equal(await account.getByText("Command").count(), 0);

  await page.getByRole("button", { name: "Deactivate", exact: true }).click();
  await dialog.getByLabel("Reason").fill("retired");
  await visit.look("deactivate");
  await dialog.getByRole("button", { name: "Deactivate", exact: true }).click();
  await account.getByText("Deactivated").waitFor();
  await page.getByText("they may do nothing").waitFor();
  assert.equal(await page.getByRole("heading", { name: "What this person may do, and why" }).count(), 0);
  await visit.look("person-deactivated");
  await page.getByRole("link", { name: "All people" }).click();
  await page.getByRole("row", { name: /Pat captain/ }).getByText("Deactivated").waitFor();
  await visit.look("people-deactivated");
  await page.getByRole("link", { name: "Pat captain" }).click();
  await page.getByRole("button", { name: "Activate", exact: true }).click();
  await dialog.getByLabel("Reason").fill("back");
  await dialog.getByRole("button", { name: "Activate", exact: true }).click();
  await page.getByRole("heading", { name: "What this person may do, and why" }).waitFor();

  // About oneself there is nothing to press.
  await page.goto("/people/chief");
  await account.getByText("Administrator").waitFor();
  assert.equal(await page.getByRole("button", { name: "Change roles" }).count(), 0);
  assert.equal(await page.getByRole("button", { name: "Deactivate", exact: true }).count(), 0);
  await visit.end(/status of 401/);
});

test("who may not see the roster is told so, and may see what they may do themselves", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/people");
  await visit.signIn("union");
  await page.getByRole("alert").getByText("the roster: those who run the program").first().waitFor();
  await visit.look("people-denied");
  assert.equal(await page.getByRole("link", { name: "People", exact: true }).count(), 0);
  await page.goto("/people/union");
  await page.getByRole("heading", { name: "What this person may do, and why" }).waitFor();
  await page.goto("/people/hill");
  await page.getByRole("alert").getByText("that person, administrators, auditors and command").waitFor();
  await visit.end(/status of 403/);
});

/** Recordings of these incidents, so many of each. */
async function file(page, incidents) {
  await page.goto("/upload");
  await page.getByText("What is known of these files").click();
  for (const [incident, count] of incidents) {
    await page.getByLabel("Incident number").fill(incident);
    for (let i = 0; i < count; ++i) {
      const sealed = await page.locator("[data-state=sealed]").count();
      await page.locator("input[type=file]").setInputFiles(FILM);
      await page.locator("[data-state=sealed]").nth(sealed).waitFor();
    }
  }
}

/** To the nth recording of this incident, without loading the page again. */
async function openListed(page, incident, nth = 0) {
  await page.getByRole("link", { name: "Recordings", exact: true }).first().click();
  await page.getByRole("row", { name: new RegExp(incident) }).nth(nth).getByRole("link").first().click();
  await page.getByRole("heading", { name: "Custody" }).waitFor();
  return page.url().split("/").at(-1);
}

/** What the recording's custody holds of each view of it. */
async function views(visit, id) {
  const { items } = await (await visit.context.request.get(`/api/v1/recordings/${id}/custody`)).json();
  return items.filter((event) => event.type === "recording.viewed").map(({ event }) => [event.purpose, event.case]);
}

test("what a case is looked at for is said once, and covers its other recordings", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/upload");
  await visit.signIn("clerk");
  await file(page, [["24-0500", 2], ["24-0501", 1]]);
  await openListed(page, "24-0500");
  await page.getByRole("button", { name: "Open a view" }).click();
  await page.getByLabel("Purpose").selectOption("records_request");
  await page.getByLabel(/^Case/).fill("24-0500");
  await page.getByRole("button", { name: "Open the recording" }).click();
  await page.locator("video").waitFor();
  await openListed(page, "24-0500", 1);
  await page.getByText("You said before what you look at case 24-0500 for.").waitFor();
  await visit.look("purpose-said-before");
  await page.getByRole("button", { name: "Open for records request" }).click();
  await page.locator("video").waitFor();
  const viewed = page.locator(".events li").filter({ hasText: "Viewed" }).first();
  await viewed.locator("summary").click();
  await viewed.getByText("24-0500").waitFor();
  await openListed(page, "24-0501");
  await page.getByRole("button", { name: "Open a view" }).waitFor();
  await page.goto("/recordings");
  await openListed(page, "24-0500", 1);
  await page.getByRole("button", { name: "Open for records request" }).waitFor();
  await visit.end();
});

test("what a request is looked at for is said once, and one act opens each of its other recordings until one signs out", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  const dialog = page.getByRole("dialog");
  const offered = dialog.getByRole("group", { name: "Open it for what you said before" });
  const ask = async () => {
    await page.locator(".well").waitFor();
    await page.keyboard.press("v");
    await dialog.waitFor();
  };
  const say = async (purpose, number) => {
    await dialog.getByLabel("Purpose").selectOption(purpose);
    await dialog.getByLabel("Case or incident number").fill(number);
    await dialog.getByRole("button", { name: "Open the recording" }).click();
    await page.locator("video").waitFor();
  };
  await page.goto("/upload");
  await visit.signIn("clerk");
  await file(page, [1, 2, 3, 4, 5].map((n) => [`25-070${n}`, 1]));

  const ids = [await openListed(page, "25-0701")];
  await ask();
  assert.equal(await offered.count(), 0);
  await say("records_request", "R-2026-0143");

  // By keys: the offer is there and nothing of it chosen, so that Enter alone opens nothing.
  ids.push(await openListed(page, "25-0702"));
  await ask();
  const request = offered.getByRole("button", { name: "Records request R-2026-0143", exact: true });
  await request.waitFor();
  assert.deepEqual(await offered.getByRole("button").allTextContents(), ["Records request R-2026-0143"]);
  assert.equal(await offered.evaluate((element) => element === document.activeElement), true);
  assert.equal(await dialog.getByLabel("Purpose").inputValue(), "");
  await page.keyboard.press("Enter");
  assert.equal(await dialog.isVisible(), true);
  assert.deepEqual(await views(visit, ids[1]), []);
  await visit.look("purpose-offered");
  await page.keyboard.press("Tab");
  assert.equal(await request.evaluate((element) => element === document.activeElement), true);
  await page.keyboard.press("Enter");
  await page.locator("video").waitFor();

  ids.push(await openListed(page, "25-0703"));
  await page.reload();
  await ask();
  await request.click();
  await page.locator("video").waitFor();
  for (const id of ids) assert.deepEqual(await views(visit, id), [["records_request", "R-2026-0143"]]);

  // A docket and a review are offered beside it, the newest first; a review without a number is nothing that could be meant again.
  await openListed(page, "25-0704");
  await ask();
  await say("review", "");
  await openListed(page, "25-0704");
  await ask();
  await say("discovery", "26-CR-118");
  await openListed(page, "25-0705");
  await ask();
  await say("review", "Q3");
  await openListed(page, "25-0701");
  await ask();
  assert.deepEqual(await offered.getByRole("button").allTextContents(), ["Review, Q3", "Discovery, docket 26-CR-118", "Records request R-2026-0143"]);
  await visit.look("purpose-offered-several");
  await page.keyboard.press("Escape");

  const kept = () => page.evaluate(() => Object.entries(sessionStorage).filter(([, value]) => value.includes("R-2026-0143")));
  assert.equal((await kept()).length, 1);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.deepEqual(await kept(), []);
  await visit.signIn("keeper");
  await openListed(page, "25-0702");
  await ask();
  await dialog.getByLabel("Purpose").waitFor();
  assert.equal(await offered.count(), 0);
  await say("records_request", "R-2026-0143");
  assert.equal((await kept()).length, 1);

  // Another person's session in the same browser, and one that is over: neither leaves anything behind.
  const session = (method, data) => visit.context.request.fetch("/api/v1/session", { method, headers: { "X-Lapel": "1" }, ...(data && { data }) });
  // Away from the page first: what it asks for by itself would be refused in between, and the console would say so.
  const at = page.url();
  await page.goto("about:blank");
  assert.equal((await session("POST", { login: "clerk", password: PASSWORD })).status(), 200);
  await page.goto(at);
  await page.getByText("Signed in as clerk").or(page.getByRole("link", { name: "Pat clerk" })).first().waitFor();
  assert.deepEqual(await kept(), []);
  await ask();
  assert.equal(await offered.count(), 0);
  await say("records_request", "R-2026-0143");
  assert.equal((await kept()).length, 1);
  await page.goto("about:blank");
  await session("DELETE");
  await page.goto(at);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.deepEqual(await kept(), []);
  await visit.end();
});

test("what must be said of each recording is asked for each, whatever was said before", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  const dialog = page.getByRole("dialog");
  await page.goto("/upload");
  await visit.signIn("clerk");
  await file(page, [["25-0801", 1], ["25-0802", 1]]);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await visit.signIn("detective");
  const first = await openListed(page, "25-0801");
  await page.getByRole("button", { name: "Open a view" }).click();
  await dialog.getByLabel("Purpose").selectOption("review");
  await dialog.getByLabel("Case or incident number").fill("Q4");
  await dialog.getByLabel("No", { exact: true }).check();
  await dialog.getByRole("button", { name: "Open the recording" }).click();
  await page.locator("video").waitFor();
  const second = await openListed(page, "25-0802");
  await page.getByRole("button", { name: "Open a view" }).click();
  await dialog.getByRole("button", { name: "Review, Q4", exact: true }).click();
  await dialog.getByText("Say first whether it shows the inside of a home.").waitFor();
  assert.deepEqual(await views(visit, second), []);
  // What was chosen stands there, and nothing is answered for anybody.
  assert.equal(await dialog.getByLabel("Purpose").inputValue(), "review");
  assert.equal(await dialog.getByLabel("Case or incident number").inputValue(), "Q4");
  assert.equal(await dialog.getByRole("radio", { checked: true }).count(), 0);
  await visit.look("purpose-offered-asked");
  await dialog.getByLabel("No", { exact: true }).check();
  await dialog.getByRole("button", { name: "Review, Q4", exact: true }).click();
  await page.locator("video").waitFor();
  for (const id of [first, second]) assert.deepEqual(await views(visit, id), [["review", "Q4"]]);
  await visit.end(/status of 409/);
});
