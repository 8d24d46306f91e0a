// SPDX-License-Identifier: Apache-2.0
// The same hundred words in what the rooms around the recordings take: shares and what their recipients see, holds, proposals, statements,
// the directory's people and groups, cameras, hosted agencies, the program, and the oversight of all that. They are written by the API and
// looked at on every page that shows them: each is there, as words, and nothing runs.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FIELDS, PACKED, RUN, said, SHAPES, shows, Staff, watched as watchedIn } from "./hostile.mjs";
import { AGENCY, BIN, openBrowser, run, Town } from "./town.mjs";

const SCIM = "urn:ietf:params:scim:schemas:core:2.0";

let town, browser, staff;
const watched = () => watchedIn(browser, town);
const ask = (...what) => staff.ask(...what);
const upload = (count) => staff.upload(count);
const looking = (login) => staff.looking(login);

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
  staff = new Staff(town, browser, ["clerk", "townclerk"]);
});
after(async () => {
  await staff?.end();
  await browser?.close();
  await town?.end();
});

test("shares: whom they are for and why, for the agency and for the recipient; and, in no page, why they ended", async () => {
  const [recording] = await upload(1);
  const [cases, orders, reasons, warrants] = ["case", "order", "reason", "warrant"].map((field) => said(field));
  // Whom a share names is refused where it turns the letters around it.
  const [recipients, offices] = ["recipient", "office"].map((field) => said(field).map((word) => word.replaceAll("\u202e", "")));
  const made = [];
  for (const i of FIELDS.keys()) {
    made.push(await ask("clerk", "POST", "/api/v1/shares", {
      kind: "download", recipient: recipients[i], organization: offices[i], recordings: [recording], purpose: "records_request", case: cases[i], order: orders[i], warrant: warrants[i],
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
  await shows(clerk.page, warrants, "the custody of what was shared");
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
  const approvals = said("approval", PACKED);
  for (const reason of approvals) {
    const hold = await ask("clerk", "POST", "/api/v1/holds", { matter: "Smith v. City", reason, incident: "24-0100" });
    const { id } = await ask("clerk", "POST", `/api/v1/holds/${hold.id}/release`, { reason });
    await ask("townclerk", "POST", `/api/v1/proposals/${id}/approve`, { reason });
  }
  await clerk.at("/approvals", approvals);
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
  const [names, groups, ids, formatted, given] = ["displayed", "group", "external", "formatted", "given"].map((field) => said(field, PACKED));
  const members = [];
  for (const [i, displayName] of names.entries()) {
    const user = await scim("/Users", { schemas: [`${SCIM}:User`], userName: `directory${i}`, externalId: ids[i], displayName, active: true });
    members.push({ value: user.id });
    await scim("/Groups", { schemas: [`${SCIM}:Group`], displayName: groups[i], members: [{ value: user.id }] });
  }
  // A directory has three ways to say what somebody is called.
  for (const [i, name] of [...formatted.map((word) => ({ formatted: word })), ...given.map((word) => ({ givenName: word }))].entries()) {
    const user = await scim("/Users", { schemas: [`${SCIM}:User`], userName: `named${i}`, name, active: true });
    members.push({ value: user.id });
  }
  await scim("/Groups", { schemas: [`${SCIM}:Group`], displayName: "Officers", members });
  const chief = await looking("chief");
  await chief.at("/people", names, formatted, given);
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

test("policies and training: clauses, checks, courses, sessions, and why one was cancelled", async () => {
  const [titles, notes, headings, texts, questions, choices, says, courses, places, trainers, reasons] = [
    "title", "note", "heading", "text", "question", "choice", "says", "course", "place", "trainer", "reason"].map((field) => said(field, PACKED));
  const manager = await looking("manager");
  for (const i of PACKED.keys()) {
    await ask("manager", "POST", "/api/v1/policies", { slug: `policy-${i}`, title: titles[i], required: true });
    const clauses = [{ key: "first", heading: headings[i], text: texts[i], setting: "own_viewing", says: says[i] }];
    const issue = (note) => ask("manager", "POST", `/api/v1/policies/policy-${i}/versions`, { clauses, note, check: [{ question: questions[i], choices: [choices[i], "b"], right: 2 }] });
    await issue(notes[i]);
    await manager.at(`/training/policies/policy-${i}`, [titles[i], notes[i], headings[i], texts[i], says[i], questions[i], choices[i]]);
    clauses.push({ ...clauses[0], key: "second" });
    await issue("again");
    await manager.page.goto(`/training/policies/policy-${i}`);
    await manager.page.getByLabel("Show what changed since version 1").check();
    await manager.page.getByText("1 clause changed").waitFor();
    await manager.check(`the changes of policy ${i}`);
    await ask("manager", "POST", "/api/v1/training/courses", { slug: `course-${i}`, title: courses[i], required: true });
    const session = await ask("manager", "POST", "/api/v1/training/sessions", { course: `course-${i}`, on: "2022-11-30", place: places[i], trainer: trainers[i] });
    await ask("manager", "POST", `/api/v1/training/sessions/${session.id}/cancel`, { reason: reasons[i] });
    await ask("manager", "POST", "/api/v1/training/sessions", { course: `course-${i}`, on: "2022-12-01", place: places[i], trainer: trainers[i] });
  }
  await manager.at("/training", titles, courses, places, trainers, reasons);
  await manager.visit.end();
});

test("agencies that are hosted", async () => {
  const names = said("agency");
  for (const [i, name] of names.entries()) await ask("chief", "POST", "/api/v1/agencies", { name, slug: `a${i}` });
  const chief = await looking("chief");
  await chief.at("/agencies", names);
  await chief.visit.end();
});

test("the program: whatever is said of it, and by whom", async () => {
  const fields = ["title", "members", "parent", "about", "position", "answer", "note", "by", "where", "reason", "vendor", "paid", "milestone", "told",
    "round", "grantor", "recipient", "term", "quote", "session", "offer", "notice", "text", "noted", "task", "concern", "counsel", "embargo", "pilot"];
  const of = Object.fromEntries(fields.map((field) => [field, said(field)]));
  const reviewers = said("reviewer", PACKED);
  const day = "2022-10-25";
  const statements = FIELDS.flatMap((_, i) => {
    const state = (subject, field, value, more = {}) => ({ subject, field, value, source: `s${i}`, recorded_on: day, ...more });
    return [
      ...["title", "members", "parent"].map((field) => state(`bargaining_unit/u${i}`, field, of[field][i])),
      state(`bargaining/b${i}`, "unit", `bargaining_unit/u${i}`), state(`bargaining/b${i}`, "about", of.about[i]), state(`bargaining/b${i}`, "state", "open"),
      state(`bargaining/b${i}`, "position", of.position[i], { reason: of.reason[i] }), state(`bargaining/b${i}`, "agency_position", of.answer[i]),
      state(`bargaining/b${i}`, "note", of.note[i]), state(`bargaining/b${i}`, "concerns", of.concern[i]), state(`bargaining/b${i}`, "privileged_note", of.counsel[i]),
      ...[["bargaining", `bargaining/b${i}`], ["on", day], ["note", of.session[i]]].map(([field, value]) => state(`bargaining_session/s${i}`, field, value)),
      ...[["bargaining", `bargaining/b${i}`], ["made_by", "unit"], ["text", of.offer[i]]].map(([field, value]) => state(`bargaining_offer/o${i}`, field, value)),
      state(`notice/n${i}`, "title", of.notice[i]), state(`notice/n${i}`, "purpose", "intent"), state(`notice/n${i}`, "to", `bargaining_unit/u${i}`),
      state(`notice/n${i}`, "text", of.text[i]), state(`notice/n${i}`, "note", of.noted[i]), state(`notice/n${i}`, "privileged_note", of.counsel[i]),
      state(`task/t${i}`, "title", of.task[i]), state(`task/t${i}`, "state", "planned"), state(`task/t${i}`, "note", of.note[i]),
      state(`contract/c${i}`, "vendor", of.vendor[i]), state(`contract/c${i}`, "note", of.paid[i]),
      state(`quote/q${i}`, "vendor", of.quote[i]), state(`quote/q${i}`, "amount", "100.00"),
      state(`round/r${i}`, "title", of.round[i]), state(`round/r${i}`, "grantor", of.grantor[i]),
      state(`grant/g${i}`, "recipient", of.recipient[i]), state(`grant/g${i}`, "grantor", of.grantor[i]), state(`grant/g${i}`, "award", "100.00"),
      state(`grant/g${i}`, "term", of.term[i]), ...(i % 2 === 0 ? [state(`grant/g${i}`, "round", `round/r${i}`)] : []),
      state(`milestone/m${i}`, "title", of.milestone[i]), state(`milestone/m${i}`, "on", day), state(`milestone/m${i}`, "note", of.told[i]),
      state(`pilot/p${i}`, "state", of.pilot[i]), state(`pilot/p${i}`, "note", of.told[i]),
      state(`milestone/e${i}`, "title", of.milestone[i]), state(`embargo/e${i}`, "covers", `milestone/e${i}`), state(`embargo/e${i}`, "by", of.embargo[i]),
    ];
  });
  const more = (subject, field, value) => ({ subject, field, value, source: "s0", recorded_on: day });
  for (const [i, title] of reviewers.entries()) {
    statements.push(more(`notice_reviewer/v${i}`, "title", title), more(`notice_reviewer/v${i}`, "from", day));
  }
  statements.push(more("program/p", "title", of.title[0]), ...of.note.map((note) => more("program/p", "note", note)));
  const sources = Object.fromEntries(FIELDS.map((_, i) => [`s${i}`, { by: of.by[i], where: of.where[i], on: day }]));
  await ask("manager", "POST", "/api/v1/program/statements", { format: "lapel-program/1", recorded_on: day, sources, statements });
  const manager = await looking("manager");
  await manager.at("/program/bargaining", of.title, of.about, of.position, of.answer, of.note, of.by, of.where, of.reason, of.session, of.offer, of.notice,
    of.text, of.noted, of.task, reviewers);
  await manager.page.getByLabel("Show what is privileged").check();
  await shows(manager.page, of.counsel, "what is privileged");
  await manager.check("what is privileged");
  await manager.at("/program/money", of.vendor, of.round, of.recipient);
  await manager.page.getByLabel("embargo").check();
  await manager.check("what is under embargo");
  await manager.visit.end();
});

test("oversight: why an alert is settled", async () => {
  const reasons = said("settled", PACKED);
  const recordings = await upload(20);
  for (const i of PACKED.keys()) {
    await staff.signedIn(`looks${i}`);
    await Promise.all(recordings.map((id) => ask(`looks${i}`, "POST", `/api/v1/recordings/${id}/views`, { purpose: "review" })));
  }
  const alerts = await staff.until("captain", "/api/v1/alerts", ({ items }) => items.length === PACKED.length && items);
  const captain = await looking("captain");
  for (const [i, { id }] of alerts.entries()) {
    await ask("captain", "POST", `/api/v1/alerts/${id}/acknowledge`, { reason: reasons[i] });
    await captain.at(`/alerts/${id}`, reasons[i]);
  }
  await captain.at("/alerts", "Pat looks0");
  await captain.visit.end();
});
