// SPDX-License-Identifier: Apache-2.0
// Those who look are watched, as people meet it: an alert and what came of it, a week that is read and signed, the review of who has
// access, and the list as another sees it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { AGENCY, BIN, openBrowser, run, Town, until, Visit } from "./town.mjs";

const WEEK_S = 7 * 86_400;
let town, browser, clerk;

/** Signed in by the API, in a context of its own. */
async function asked(login) {
  const visit = await Visit.begin(browser, town);
  await visit.page.goto("/account"); // everybody has one
  await visit.signIn(login);
  return visit;
}

before(async () => {
  town = new Town().advance(0);
  for (const [login, role] of [["sergeant", "supervisor"], ["auditor", "auditor"], ["keeperofcameras", "coordinator"], ["deputy", "administrator"]]) {
    run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", login, "--name", `Pat ${login}`, "--role", role,
      "--password-file", join(town.home, "password"));
  }
  await town.start();
  browser = await openBrowser();
  clerk = await asked("clerk");
  await clerk.page.goto("/upload");
  const files = (names) => names.map((name) => ({ name, mimeType: "video/mp4", buffer: Buffer.from(name) }));
  await clerk.page.getByText("What is known of these files").click();
  await clerk.page.getByLabel("Officer's badge").fill("b-hill");
  await clerk.page.locator("input[type=file]").setInputFiles(files(Array.from({ length: 20 }, (_, n) => `night-${n}.mp4`)));
  for (let n = 0; n < 20; n++) await clerk.page.locator("[data-state=sealed]").nth(n).waitFor();
  await clerk.page.getByLabel("Officer's badge").fill("");
  await clerk.page.locator("input[type=file]").setInputFiles(files(["stray.mp4"]));
  await clerk.page.locator("[data-state=sealed]").nth(20).waitFor();

  const detective = await asked("detective");
  const { items } = await (await detective.context.request.get("/api/v1/recordings?q=night")).json();
  assert.equal(items.length, 20);
  for (const { id } of items) {
    const answer = await detective.context.request.post(`/api/v1/recordings/${id}/views`, { headers: { "X-Lapel": "1" }, data: { purpose: "review" } });
    assert.equal(answer.status(), 201);
  }
  await detective.end();
});
after(async () => {
  await clerk?.end();
  await browser?.close();
  await town?.end();
});

/** Asks until the server has come to it by itself. */
const comes = (visit, path, isThere) => until(async () => (await visit.context.request.get(path)).json(), isThere, path);

test("an alert is seen, asked about and settled", async () => {
  const visit = await asked("sergeant");
  const { page } = visit;
  await comes(visit, "/api/v1/alerts", ({ items }) => items.length === 1);
  await page.getByRole("link", { name: "Alerts" }).click();
  await page.getByRole("cell", { name: "20 recordings" }).waitFor();
  await page.getByText("Open", { exact: true }).waitFor();
  await visit.look("alerts");
  await page.getByRole("row", { name: /Pat detective/ }).getByRole("link").click();
  await page.getByRole("heading", { name: /Pat detective/ }).waitFor();
  assert.equal(await page.getByRole("row", { name: /Viewed/ }).count(), 20);
  await visit.look("alert");
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await page.getByLabel("Reason").fill("looked for a stolen car in every film of the night");
  await visit.look("alert-acknowledge");
  await page.getByRole("dialog").getByRole("button", { name: "Acknowledge" }).click();
  await page.getByText("looked for a stolen car in every film of the night").waitFor();
  assert.equal(await page.getByRole("button", { name: "Acknowledge" }).count(), 0);
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.getByRole("heading", { level: 1, name: "Alerts" }).waitFor();
  await page.getByText("Acknowledged", { exact: true }).waitFor();
  await visit.look("alerts-settled");
  await visit.end();
});

test("whoever it is about has no such page", async () => {
  const visit = await asked("detective");
  const { page } = visit;
  for (const name of ["Alerts", "Weekly review", "Access review"]) assert.equal(await page.getByRole("link", { name }).count(), 0);
  await page.goto("/alerts");
  await page.getByRole("alert").getByText("Not allowed").waitFor();
  await visit.look("alerts-denied");
  await visit.end(/status of 403/);
});

test("nobody's recordings, for whoever keeps the cameras", async () => {
  const visit = await asked("keeperofcameras");
  const { page } = visit;
  await page.getByRole("link", { name: "Weekly review" }).click();
  await page.getByText("1 recording", { exact: true }).waitFor();
  await visit.look("unattributed");
  await page.getByRole("listitem").filter({ hasText: "1 recording" }).getByRole("link").click();
  await page.getByText("Only recordings that nobody is assigned to, received on").waitFor();
  await page.getByRole("link", { name: "stray.mp4" }).waitFor();
  assert.equal(await page.locator("[data-row]").count(), 1);
  await visit.end();
});

test("the review of access is read and signed, and a change in between is not signed over", async () => {
  const visit = await asked("auditor");
  const { page } = visit;
  await page.getByRole("link", { name: "Access review" }).click();
  await page.getByText("Nobody has signed a review yet").waitFor();
  const row = page.getByRole("row", { name: /Pat captain/ });
  assert.match(await row.textContent(), /Command.*server console.*Never signed in.*No second factor/);
  await visit.look("access-review");
  const chief = await asked("chief");
  await chief.enrollApp();
  const changed = await chief.context.request.post("/api/v1/people/captain/roles", { headers: { "X-Lapel": "1" }, data: { roles: ["command", "auditor"], reason: "stands in" } });
  assert.equal(changed.status(), 200);
  await chief.end();
  await page.getByRole("button", { name: "Sign the review" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Note (optional)").fill("fourth quarter");
  await dialog.getByRole("button", { name: "Sign the review" }).click();
  await dialog.getByText("access has changed since you looked").waitFor();
  await visit.look("access-review-changed");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.reload();
  await page.getByRole("row", { name: /Pat captain.*Command, Auditor/ }).waitFor();
  await page.getByRole("button", { name: "Sign the review" }).click();
  await dialog.getByLabel("Note (optional)").fill("fourth quarter");
  await dialog.getByRole("button", { name: "Sign the review" }).click();
  await page.getByText("Last signed by Pat auditor").waitFor();
  await page.getByText("fourth quarter").waitFor();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download as CSV" }).click();
  assert.equal((await download).suggestedFilename(), "access-review.csv");
  await visit.end(/status of 409/);
});

test("the list as another sees it, and for an administrator how long it is", async () => {
  const auditor = await asked("auditor");
  await auditor.page.goto("/people/hill");
  await auditor.page.getByRole("link", { name: "See the list as they do" }).click();
  await auditor.page.getByRole("heading", { name: "The list as Pat hill sees it" }).waitFor();
  await auditor.page.getByText("Their list holds 20 recordings. 20 shown.").waitFor();
  // In pages of eight, to the last.
  await auditor.page.route(/\/people\/[^/]+\/recordings\?/, (route) => route.continue({ url: `${route.request().url()}&limit=8` }));
  await auditor.page.reload();
  const more = auditor.page.getByRole("button", { name: "Show more" });
  for (const shown of [8, 16, 20]) {
    await auditor.page.getByText(`Their list holds 20 recordings. ${shown} shown.`).waitFor();
    if (shown < 20) await more.click();
  }
  assert.equal(await more.count(), 0);
  assert.match(await auditor.page.getByRole("row", { name: /night-7\.mp4/ }).textContent(), /Watch for: my own recording/);
  assert.equal(await auditor.page.locator("img").count(), 0);
  await auditor.look("view-as");
  await auditor.end();
  const chief = await asked("deputy");
  await chief.page.goto("/people/hill/view-as");
  await chief.page.getByText("Their list holds 20 recordings. 20 not for you to see.").waitFor();
  assert.equal(await chief.page.getByRole("row").count(), 0);
  await chief.look("view-as-administrator");
  await chief.end();
});

test("to look as another is to read: nothing there writes, by mouse or key, and what is done from there is one's own", async () => {
  for (const login of ["auditor", "captain", "deputy"]) {
    const visit = await asked(login);
    const { page } = visit;
    const sent = [];
    await page.goto("/people/hill/view-as");
    await page.getByText("Their list holds 20 recordings.").waitFor();
    page.on("request", (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));
    const main = page.locator("main");
    assert.equal(await main.locator("button, input, select, textarea, form, video, audio, img, [contenteditable], [draggable=true]").count(), 0, login);
    const places = await main.locator("a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    for (const place of places) assert.match(place, /^\/people\/hill$|^\/recordings\/[0-9a-f]{32}$/);
    assert.equal(places.length, login === "deputy" ? 1 : 21);
    // Every key that could be one of an action, but for the one that goes elsewhere.
    await main.focus();
    for (const key of [..."abcdefhijklmnopqrstuvwxyz0123456789/.,", "Enter", "Delete", "Backspace", " "]) await page.keyboard.press(key);
    assert.deepEqual(sent.filter((request) => !request.startsWith("GET ")), [], login);
    await page.keyboard.press("?");
    const keys = page.getByRole("dialog").locator(".keys dt");
    await keys.first().waitFor();
    // What the keys do here is to go to another room, and to show this.
    const rooms = await page.locator("header nav a").allTextContents();
    for (const label of await keys.allTextContents()) assert.ok([...rooms, "Keys and help"].includes(label), label);
    await page.keyboard.press("Escape");
    assert.equal(new URL(page.url()).pathname, "/people/hill/view-as");
    await page.getByText(`Signed in as ${login}`).waitFor();
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const answer = await visit.context.request.fetch("/api/v1/people/hill/recordings", { method, headers: { "X-Lapel": "1" }, data: {} });
      assert.equal(answer.status(), 405, method);
    }
    await visit.end();
  }

  // Hill may watch it, and the auditor who comes to it from Hill's list may not: the question is refused, and it was the auditor's.
  const visit = await asked("auditor");
  const { page } = visit;
  await page.goto("/people/hill/view-as");
  await page.getByRole("link", { name: "night-7.mp4" }).click();
  await page.getByRole("button", { name: "Open a view" }).click();
  await page.getByLabel("Purpose").selectOption("own_recording");
  await page.getByRole("button", { name: "Open the recording" }).click();
  await page.getByRole("dialog").getByRole("alert").waitFor();
  const { items } = await (await visit.context.request.get(`/api/v1/recordings/${page.url().split("/").at(-1)}/custody`)).json();
  assert.deepEqual(items.slice(-1).map(({ type, actor_name }) => [type, actor_name]), [["recording.refused", "Pat auditor"]]);
  await visit.end(/status of 403/);
});

test("a week is read and signed by whom it is for", async () => {
  town.advance(WEEK_S);
  const visit = await asked("sergeant");
  const { page } = visit;
  assert.equal((await visit.context.request.get("/api/v1/recordings")).status(), 200); // by a clock alone no week ends
  await comes(visit, "/api/v1/digests", ({ items }) => items.length > 0);
  await page.getByRole("link", { name: "Weekly review" }).click();
  await page.getByText("To be signed").waitFor();
  await visit.look("weekly");
  await page.getByRole("link", { name: /^Week of/ }).click();
  const row = page.getByRole("row", { name: /Pat detective/ });
  await row.waitFor();
  assert.match(await row.textContent(), /Review 20/i);
  await page.getByRole("region", { name: "Alerts" }).getByRole("link", { name: /Pat detective/ }).waitFor();
  await visit.look("digest");
  await page.getByRole("button", { name: "Sign the week" }).click();
  await page.getByLabel("Note (optional)").fill("talked to the detective");
  await visit.look("digest-sign");
  await page.getByRole("dialog").getByRole("button", { name: "Sign the week" }).click();
  await page.getByText("talked to the detective").waitFor();
  assert.equal(await page.getByRole("button", { name: "Sign the week" }).count(), 0);
  await visit.look("digest-signed");
  await visit.end();
});
