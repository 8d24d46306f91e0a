// SPDX-License-Identifier: Apache-2.0
// The same hundred words in what the rooms around the recordings take: shares and what their recipients see, holds, proposals, statements,
// the directory's people and groups, cameras, hosted agencies, the program, and the oversight of all that. They are written by the API and
// looked at on every page that shows them: each is there, as words, and nothing runs.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FIELDS, RUN, SHAPES, watched as watchedIn } from "./hostile.mjs";
import { AGENCY, BIN, openBrowser, run, Town, Visit } from "./town.mjs";

const SCIM = "urn:ietf:params:scim:schemas:core:2.0";
const ROUNDS = 2_000;
/** All of them in as few fields as hold them, where each has a page of its own. */
const PACKED = FIELDS.reduce((packed, word) => {
  const last = packed.at(-1);
  if (last === undefined || Buffer.byteLength(`${last} ${word}`) > 900) return [...packed, word];
  return [...packed.slice(0, -1), `${last} ${word}`];
}, []);

let town, browser;
const staff = {};
const watched = () => watchedIn(browser, town);

/** The words of one field, which tell it from every other. */
const said = (field, words = FIELDS) => words.map((word, i) => `${word} ${field}${i}.`);
/** What cannot be seen is spelled out where people read it. */
const spelled = (text) => text.replaceAll("⟨U+202E⟩", "\u202e");

before(async () => {
  town = new Town();
  const people = [["coordinator", "coordinator"], ["manager", "program_manager"], ["townclerk", "approver"],
    ...PACKED.map((_, i) => [`looks${i}`, "investigator"])];
  for (const [login, role] of people) {
    run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", login, "--name", `Pat ${login}`, "--role", role,
      "--password-file", join(town.home, "password"));
  }
  await town.start();
  browser = await openBrowser();
});
after(async () => {
  for (const visit of Object.values(staff)) await visit.context.close();
  await browser?.close();
  await town?.end();
});

/** Signed in, and with a second factor just shown where what two people do takes one. */
async function signedIn(login) {
  if (staff[login] !== undefined) return staff[login];
  const visit = await Visit.begin(browser, town);
  await visit.page.goto("/account");
  await visit.signIn(login);
  if (["clerk", "townclerk"].includes(login)) await visit.enrollApp();
  return (staff[login] = visit);
}

async function ask(login, method, path, data) {
  const { context } = await signedIn(login);
  const answer = await context.request.fetch(path, { method, headers: { "X-Lapel": "1" }, ...(data === undefined ? {} : { data }) });
  assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
  return answer.status() === 204 ? undefined : answer.json();
}

async function upload(count) {
  const ids = [];
  for (let i = 0; i < count; ++i) {
    const visit = await signedIn("clerk");
    const headers = { "X-Lapel": "1", "Tus-Resumable": "1.0.0", "Upload-Length": "1", "Content-Type": "application/offset+octet-stream" };
    const made = await visit.context.request.post("/api/v1/uploads", { headers, data: Buffer.from("x") });
    assert.equal(made.status(), 201, await made.text());
    ids.push(made.headers().location);
  }
  return Promise.all(ids.map(async (place) => {
    for (let round = 0; round < ROUNDS; ++round) {
      const { state, recording } = await ask("clerk", "GET", new URL(place, town.url).pathname);
      if (state === "sealed") return recording;
    }
    return assert.fail(`${place} is not sealed`);
  }));
}

/** Whoever looks, and whether all of these words are on what they look at. */
async function looking(login) {
  const { visit, page, check } = await watched();
  await visit.context.addCookies(await (await signedIn(login)).context.cookies());
  await page.goto("/account");
  await page.getByRole("heading", { name: "Your account" }).waitFor();
  const at = async (path, ...words) => {
    await page.goto(path);
    if (words.length > 0) await shows(page, words.flat(), path);
    await check(path);
  };
  return { visit, page, check, at };
}

async function shows(page, words, where) {
  const has = async () => {
    const text = spelled(await page.locator("main").last().textContent());
    return words.filter((word) => !text.includes(word));
  };
  await page.waitForFunction((last) => document.querySelector("main")?.textContent.includes(last), words.at(-1).split(" ").at(-1)).catch(() => undefined);
  const missing = await has();
  assert.equal(missing.length, 0, `not on ${where}: ${missing.slice(0, 3).join("\n")}`);
}

test("shares: whom they are for and why, for the agency and for the recipient; and, in no page, why they ended", async () => {
  const [recording] = await upload(1);
  const [cases, orders, reasons] = ["case", "order", "reason"].map((field) => said(field));
  // Whom a share names is refused where it turns the letters around it.
  const [recipients, offices] = ["recipient", "office"].map((field) => said(field).map((word) => word.replaceAll("\u202e", "")));
  const made = [];
  for (const i of FIELDS.keys()) {
    made.push(await ask("clerk", "POST", "/api/v1/shares", {
      kind: "download", recipient: recipients[i], organization: offices[i], recordings: [recording], purpose: "records_request", case: cases[i], order: orders[i],
      ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    }));
  }
  const { page, check, visit } = await watched();
  for (const [i, share] of made.entries()) {
    await page.goto(new URL(share.link, town.url).href);
    await page.getByLabel("Code of eight digits").fill(share.code.code);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("heading", { name: /^Recordings for/ }).waitFor();
    await shows(page, [recipients[i], cases[i], orders[i]], `the page of recipient ${i}`);
    await check(`the page of recipient ${i}`);
  }
  await visit.end();
  for (const [i, share] of made.entries()) await ask("clerk", "POST", `/api/v1/shares/${share.share.id}/revoke`, { reason: reasons[i] });
  const clerk = await looking("clerk");
  await clerk.at("/shares", recipients, offices, cases);
  await clerk.at(`/recordings/${recording}`);
  await clerk.page.getByText(/\d+ events? checked/).waitFor();
  await clerk.check("the custody of what was shared");
  await clerk.visit.end();
});

test("holds and proposals: matters, reasons, and what was answered", async () => {
  const [matters, reasons, incidents, releases, refusals] = ["matter", "reason", "incident", "release", "refusal"].map((field) => said(field));
  const proposed = [];
  for (const i of FIELDS.keys()) {
    const hold = await ask("clerk", "POST", "/api/v1/holds", { matter: matters[i], reason: reasons[i], incident: incidents[i] });
    proposed.push(await ask("clerk", "POST", `/api/v1/holds/${hold.id}/release`, { reason: releases[i] }));
  }
  const clerk = await looking("clerk");
  await clerk.at("/holds", matters, reasons, incidents);
  await clerk.at("/approvals", releases, matters);
  for (const [i, { id }] of proposed.entries()) {
    if (i % 2 === 0) await ask("townclerk", "POST", `/api/v1/proposals/${id}/refuse`, { reason: refusals[i] });
    else await ask("clerk", "POST", `/api/v1/proposals/${id}/withdraw`, { reason: refusals[i] });
  }
  await clerk.at("/approvals", refusals, matters);
  await clerk.visit.end();
});

test("statements of an officer, incidents, categories and rules", async () => {
  const [incidents, moved, categories, why] = ["filed", "incident", "category", "why"].map((field) => said(field));
  for (const incident of incidents) await ask("captain", "POST", "/api/v1/statements", { person: "hill", incident });
  const recordings = await upload(FIELDS.length);
  for (const [i, id] of recordings.entries()) await ask("clerk", "PATCH", `/api/v1/recordings/${id}`, { incident: moved[i], category: categories[i], reason: why[i] });
  const captain = await looking("captain");
  await captain.at("/people/hill", incidents);
  await captain.visit.end();
  const clerk = await looking("clerk");
  await clerk.at("/recordings", moved, categories);
  await clerk.visit.end();
});

test("what a directory says: people and groups by SCIM", async () => {
  run(join(BIN, "lapel"), "sign-in", "provider", "set", "--data", town.data, "--agency", AGENCY, "--name", "Ashfield ID", "--issuer", "https://id.example",
    "--client-id", "lapel", "--client-secret-file", join(town.home, "password"), "--map", "Officers=officer");
  const token = run(join(BIN, "lapel"), "token", "create", "--data", town.data, "--user", "chief", "--scope", "scim").trim();
  const scim = async (path, body) => {
    const answer = await fetch(`${town.url}/scim/v2${path}`, {
      method: "POST", headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/scim+json" }, body: JSON.stringify(body),
    });
    assert.equal(answer.status, 201, await answer.clone().text());
    return answer.json();
  };
  const [names, groups] = ["displayed", "group"].map((field) => said(field, PACKED));
  const members = [];
  for (const [i, displayName] of names.entries()) {
    const user = await scim("/Users", { schemas: [`${SCIM}:User`], userName: `directory${i}`, externalId: `ext${i}`, displayName, active: true });
    members.push({ value: user.id });
    await scim("/Groups", { schemas: [`${SCIM}:Group`], displayName: groups[i], members: [{ value: user.id }] });
  }
  await scim("/Groups", { schemas: [`${SCIM}:Group`], displayName: "Officers", members });
  const chief = await looking("chief");
  await chief.at("/people", names);
  for (const i of PACKED.keys()) await chief.at(`/people/directory${i}`, [names[i]]);
  await chief.at("/access-review", names);
  await chief.visit.end();
});

test("cameras: serials, why they are out of service, faults, what was done, and what was scanned", async () => {
  const [serials, reasons, faults, fixes, firmware, codes, places] = ["serial", "reason", "fault", "fix", "firmware", "code", "place"].map((field) => said(field, PACKED));
  for (const serial of serials) await ask("coordinator", "POST", "/api/v1/devices", { serial });
  const { items } = await ask("coordinator", "GET", "/api/v1/fleet/cameras");
  const ids = serials.map((serial) => items.find((camera) => camera.serial === serial).id);
  const coordinator = await looking("coordinator");
  for (const [i, id] of ids.entries()) {
    await ask("coordinator", "POST", `/api/v1/fleet/cameras/${id}/reports`, { firmware: firmware[i] });
    const fault = await ask("coordinator", "POST", `/api/v1/fleet/cameras/${id}/faults`, { what: faults[i] });
    await ask("coordinator", "POST", `/api/v1/fleet/faults/${fault.id}/fix`, { fix: fixes[i] });
    await ask("coordinator", "POST", `/api/v1/fleet/cameras/${id}/state`, { state: "out_of_service", reason: reasons[i] });
    await coordinator.at(`/fleet/cameras/${id}`, serials[i], faults[i], fixes[i], firmware[i]);
  }
  const audit = await ask("coordinator", "POST", "/api/v1/fleet/runs", { mode: "audit" });
  for (const [i, code] of codes.entries()) await ask("coordinator", "POST", `/api/v1/fleet/runs/${audit.id}/scans`, { code, place: places[i] });
  await coordinator.at("/fleet", serials);
  // As a scanner would type them, where the label on a camera is another's work.
  const box = coordinator.page.getByLabel("Code");
  for (const word of SHAPES.map((shape) => shape(RUN))) {
    await box.fill(word);
    await box.press("Enter");
  }
  const scans = coordinator.page.getByRole("list", { name: "Scans, the newest first" });
  await scans.getByText("mglyph").waitFor();
  await coordinator.check("the scan box");
  await coordinator.visit.end();
});

test("agencies that are hosted", async () => {
  const names = said("agency");
  for (const [i, name] of names.entries()) await ask("chief", "POST", "/api/v1/agencies", { name, slug: `a${i}` });
  const chief = await looking("chief");
  await chief.at("/agencies", names);
  await chief.visit.end();
});

test("the program: whatever is said of it, and by whom", async () => {
  const fields = ["title", "members", "parent", "about", "position", "answer", "note", "by", "where", "reason", "vendor", "paid", "milestone"];
  const [titles, members, parents, about, positions, answers, notes, by, where, reasons, vendors, remarks, milestones] = fields.map((field) => said(field));
  const day = "2022-10-25";
  const statements = FIELDS.flatMap((_, i) => {
    const of = (subject, field, value, more = {}) => ({ subject, field, value, source: `s${i}`, recorded_on: day, ...more });
    return [
      of(`bargaining_unit/u${i}`, "title", titles[i]), of(`bargaining_unit/u${i}`, "members", members[i]), of(`bargaining_unit/u${i}`, "parent", parents[i]),
      of(`bargaining/b${i}`, "unit", `bargaining_unit/u${i}`), of(`bargaining/b${i}`, "about", about[i]), of(`bargaining/b${i}`, "state", "open"),
      of(`bargaining/b${i}`, "position", positions[i], { reason: reasons[i] }), of(`bargaining/b${i}`, "agency_position", answers[i]), of(`bargaining/b${i}`, "note", notes[i]),
      of(`contract/c${i}`, "vendor", vendors[i]), of(`contract/c${i}`, "note", remarks[i]),
      of(`milestone/m${i}`, "title", milestones[i]), of(`milestone/m${i}`, "on", day),
    ];
  });
  const sources = Object.fromEntries(FIELDS.map((_, i) => [`s${i}`, { by: by[i], where: where[i], on: day }]));
  await ask("manager", "POST", "/api/v1/program/statements", { format: "lapel-program/1", recorded_on: day, sources, statements });
  const manager = await looking("manager");
  await manager.at("/program/bargaining", titles, about, positions, answers, notes, by, reasons);
  await manager.at("/program/money", vendors);
  await manager.visit.end();
});

test("oversight: why an alert is settled, and what is noted under a review", async () => {
  const reasons = said("settled", PACKED);
  const recordings = await upload(20);
  for (const i of PACKED.keys()) {
    await signedIn(`looks${i}`);
    await Promise.all(recordings.map((id) => ask(`looks${i}`, "POST", `/api/v1/recordings/${id}/views`, { purpose: "review" })));
  }
  let alerts = [];
  for (let round = 0; round < ROUNDS && alerts.length < PACKED.length; ++round) ({ items: alerts } = await ask("captain", "GET", "/api/v1/alerts"));
  assert.equal(alerts.length, PACKED.length);
  const captain = await looking("captain");
  for (const [i, { id }] of alerts.entries()) {
    await ask("captain", "POST", `/api/v1/alerts/${id}/acknowledge`, { reason: reasons[i] });
    await captain.at(`/alerts/${id}`, reasons[i]);
  }
  await captain.at("/alerts", "Pat looks0");
  await captain.visit.end();
});
