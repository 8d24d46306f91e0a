// SPDX-License-Identifier: Apache-2.0
// The same hundred words in how people sign in and in what they are entered with: the names of factors, the agency's identity provider and
// what it says of its people, docks, categories, assignments, a staffing file and what is planned by it, why something was opened or done,
// and what is noted under a review. Each is on every page that shows it, as words, and nothing runs.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FIELDS, PACKED, said, shows, Staff, watched, WORDS } from "./hostile.mjs";
import { AGENCY, BIN, openBrowser, run, startProvider, totp, Town } from "./town.mjs";

const WEEK_S = 7 * 86_400;
/** What a factor and a provider are called is short. */
const SHORT = WORDS.filter((word) => Buffer.byteLength(word) <= 80);
const APIECE = 20; // factors of one person
const daysAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const noon = (days) => `${daysAgo(days)}T12:00:00.00Z`;

let town, browser, staff;
const ask = (...what) => staff.ask(...what);
const byName = () => town.url.replace("127.0.0.1", "localhost");

function addPerson(login, role, badge) {
  run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, `--login=${login}`, "--name", `Pat ${login}`, "--role", role,
    ...(badge === undefined ? [] : ["--badge", badge]), "--password-file", join(town.home, "password"));
}

before(async () => {
  assert.ok(SHORT.length >= 90, `${SHORT.length} fit`);
  town = new Town().advance(0);
  addPerson("coordinator", "coordinator");
  addPerson("auditor", "auditor");
  for (let i = 0; i < 5; ++i) addPerson(`names${i}`, "officer", `n${i}`);
  for (const i of PACKED.keys()) addPerson(`sergeant${i}`, "supervisor");
  await town.start();
  browser = await openBrowser();
  staff = new Staff(town, browser, ["chief", "clerk", "captain", "keeper"]);
});
after(async () => {
  await staff?.end();
  await browser?.close();
  await town?.end();
});

test("what people call their apps and passkeys, and why an administrator reset them", async () => {
  const chief = await staff.looking("chief");
  for (let i = 0; i < 4; ++i) {
    const login = `names${i}`;
    const words = SHORT.slice(i * APIECE, (i + 1) * APIECE);
    for (const name of words) {
      const { secret } = await ask(login, "POST", "/api/v1/account/totp", {});
      await ask(login, "POST", "/api/v1/account/totp/confirm", { code: totp(secret), name });
    }
    const own = await staff.looking(login);
    await own.at("/account", words);
    await own.visit.end();
    await chief.at(`/people/${login}`, words);
  }

  // A passkey needs a host name, and each an authenticator that has none yet.
  const words = SHORT.slice(4 * APIECE);
  const { visit, page, check } = await watched(browser, { url: byName() });
  await page.goto("/account");
  await visit.signIn("names4");
  await page.getByRole("heading", { name: "Your account" }).waitFor();
  const devtools = await visit.context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  let name;
  await page.route("**/api/v1/account/passkeys", (route) => route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), name }) }));
  for (name of words) {
    const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    });
    const answer = page.waitForResponse((response) => response.url().endsWith("/api/v1/account/passkeys"));
    await page.getByRole("button", { name: "Add a passkey" }).click();
    assert.equal((await answer).status(), 201);
    if (name === words[0]) await page.getByRole("button", { name: "I have kept them" }).click();
    await shows(page, [name], "the account");
    await devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  }
  await check("the account of who has passkeys");
  await visit.end();
  await chief.at("/people/names4", words);

  const reasons = said("reset");
  const { id } = await ask("chief", "GET", "/api/v1/people/names4");
  for (const reason of reasons) await ask("chief", "POST", `/api/v1/people/${id}/sign-in/reset`, { reason });
  await chief.at("/people/names4", reasons);
  for (const reason of PACKED) {
    for (const active of [false, true]) await ask("chief", "POST", `/api/v1/people/${id}/active`, { active, reason });
    for (const roles of [["supervisor"], ["officer"]]) await ask("chief", "POST", `/api/v1/people/${id}/roles`, { roles, reason });
  }
  await chief.at("/people/names4", reasons);
  await chief.at("/access-review");
  await chief.visit.end();
});

test("what people sign in as", async () => {
  // A login has no spaces and nothing that cannot be seen.
  const logins = WORDS.filter((word) => !/[\s\u200b\u202e]/.test(word));
  assert.ok(logins.length >= 20, `${logins.length} could be logins`);
  for (const [i, login] of logins.entries()) {
    if (i % 4 === 0) addPerson(login, "officer");
    else await ask("chief", "POST", "/api/v1/people", { login, name: login, roles: ["officer"] });
  }
  const chief = await staff.looking("chief");
  await chief.at("/people", logins);
  await chief.at("/access-review", logins);
  await chief.visit.end();
  for (const login of logins.filter((_, i) => i % 4 === 0)) {
    const { visit, page, check } = await watched(browser, town);
    await page.goto("/account");
    await visit.signIn(login);
    await page.getByRole("heading", { name: "Your account" }).waitFor();
    assert.match(await page.locator("header .account").textContent(), /Signed in as .*(ran|evil)/);
    await check(`the account of ${login}`);
    await visit.end();
  }
});

test("what an identity provider is called, and what it says of whom it lets in", async () => {
  const [names, groups] = ["claimed", "group"].map((field) => said(field, PACKED));
  const more = Object.fromEntries(PACKED.map((_, i) => [`op${i}`, { name: names[i], groups: [groups[i]], mfa: true, since: 600 }]));
  const secret = "secret of the client";
  const { provider, url: providerUrl } = await startProvider(secret, `${byName()}/sign-in/return`, { MORE_PEOPLE: JSON.stringify(more) });
  try {
    writeFileSync(join(town.home, "client-secret"), `${secret}\n`);
    const call = (name) => run(join(BIN, "lapel"), "sign-in", "provider", "set", "--data", town.data, "--agency", AGENCY, `--name=${name}`,
      "--issuer", providerUrl, "--client-id", "lapel", "--client-secret-file", join(town.home, "client-secret"), "--scope", "profile,groups",
      "--add-newcomers", ...groups.map((group) => `--map=${group}=officer`));
    call("Ashfield ID");
    const visits = [];
    for (const i of PACKED.keys()) {
      const here = await watched(browser, { url: byName() });
      visits.push(here);
      await here.page.goto("/account");
      await here.page.getByRole("button", { name: "Sign in with Ashfield ID" }).click();
      await here.page.getByLabel("User name").fill(`op${i}`);
      await here.page.getByRole("button", { name: "Continue" }).click();
      await here.page.getByText(`Signed in as op${i}`).waitFor();
      await here.page.getByRole("heading", { name: "Your account" }).waitFor();
      assert.match(await here.page.locator("header .account").textContent(), new RegExp(`claimed${i}\\.`));
      await here.check(`the account of newcomer ${i}`);
    }
    const chief = await staff.looking("chief");
    await chief.at("/people", names);
    for (const i of PACKED.keys()) await chief.at(`/people/op${i}`, [names[i]]);
    await chief.visit.end();

    const { page, check } = visits[0];
    const out = await watched(browser, town);
    for (const [i, name] of SHORT.entries()) {
      call(name);
      await out.page.goto("/sign-in");
      await shows(out.page, [`Sign in with ${name}`], "the sign-in page");
      await out.check(`the sign-in page with ${name}`);
      if (i % 4 !== 0) continue;
      await page.goto("/account");
      await shows(page, [`You sign in with ${name},`], "the account");
      // They signed in there some time ago: it is asked for again.
      await page.getByRole("button", { name: "Add an authenticator app" }).click();
      await shows(page, [`Sign in again with ${name}`], "the question for a factor");
      await check(`the account with ${name}`);
    }
    await out.visit.end();
    for (const { visit } of visits) {
      visit.foreign = visit.foreign.filter((url) => !url.startsWith(`${providerUrl}/`));
      await visit.end(...(visit === visits[0].visit ? [/status of 401/] : []));
    }
  } finally {
    provider.kill();
    run(join(BIN, "lapel"), "sign-in", "provider", "remove", "--data", town.data, "--agency", AGENCY);
  }
});

test("what docks are called, and the serials of cameras that they bring something from", async () => {
  const [names, serials] = ["dock", "brought"].map((field) => said(field, PACKED));
  const recordings = [];
  for (const i of PACKED.keys()) {
    const { code } = JSON.parse(run(join(BIN, "lapel"), "dock", "enroll", "--data", town.data, "--agency", AGENCY, `--name=${names[i]}`, "--json"));
    const [state, camera] = [`dock${i}`, `camera${i}`].map((name) => join(town.home, name));
    run(join(BIN, "lapel-dock"), "enroll", "--server", town.url, "--code", code, "--state", state);
    mkdirSync(camera);
    writeFileSync(join(camera, "clip.mp4"), `clip ${i}`);
    const told = run(join(BIN, "lapel-dock"), "run", "--state", state, "--camera", camera, "--once", "--json", `--device=${serials[i]}`);
    recordings.push(told.split("\n").filter(Boolean).map((line) => JSON.parse(line)).find((event) => event.recording !== undefined).recording);
  }
  const coordinator = await staff.looking("coordinator");
  await coordinator.at("/fleet", names, serials);
  await coordinator.visit.end();
  const clerk = await staff.looking("clerk");
  for (const [i, id] of recordings.entries()) {
    await clerk.page.goto(`/recordings/${id}`);
    await clerk.page.getByText(/\d+ events? checked/).waitFor();
    await shows(clerk.page, [names[i], serials[i]], `what dock ${i} brought`);
    await clerk.check(`what dock ${i} brought`);
  }
  await clerk.visit.end();
});

test("categories, and what people are assigned", async () => {
  const [categories, badges, units, cases] = ["category", "badge", "unit", "case"].map((field) => said(field));
  for (const name of categories) await ask("captain", "POST", "/api/v1/categories", { name });
  const captain = await staff.looking("captain");
  await captain.at("/people", categories);
  const { items } = await ask("captain", "GET", "/api/v1/categories");
  for (const { id, name } of items.slice(0, 5)) await ask("captain", "POST", `/api/v1/categories/${id}/retire`, { reason: name });
  await captain.at("/people");
  const begun = [];
  for (const i of FIELDS.keys()) {
    await ask("chief", "POST", "/api/v1/units", { name: units[i] });
    await ask("clerk", "POST", "/api/v1/cases", { number: cases[i], title: cases[i] });
    for (const [login, kind, target] of [["chief", "badge", badges[i]], ["chief", "unit", units[i]], ["clerk", "case", cases[i]]]) {
      begun.push([login, await ask(login, "POST", "/api/v1/assignments", { person: "hill", kind, target })]);
    }
  }
  await captain.at("/people", units, cases);
  await captain.at("/people/hill", badges.slice(-1), units, cases);
  for (const [i, [login, { id }]] of begun.slice(-9).entries()) await ask(login, "POST", `/api/v1/assignments/${id}/end`, { reason: FIELDS[i] });
  for (const reason of PACKED) await ask("captain", "PUT", "/api/v1/rules", { own_viewing: "allowed", reason });
  await captain.page.goto("/people/hill");
  await captain.page.getByText("What was, and what is to come").click();
  const more = captain.page.getByRole("button", { name: "Show more" });
  await captain.page.locator("details li").nth(49).waitFor();
  await more.click();
  await shows(captain.page, badges, "all assignments");
  await captain.check("all assignments");
  await captain.visit.end();
});

test("a staffing file, and the rotation that is planned by it", async () => {
  const fields = ["squad", "shift", "place", "alias", "source", "camera", "why"];
  const [units, shifts, places, aliases, sources, cameras, reasons] = fields.map((field) => said(field));
  const cell = (text) => `"${text.replaceAll('"', '""')}"`;
  const columns = ["what", "name", "aliases", "badge", "unit", "shift", "facility", "count", "begins", "ends", "from", "source"];
  const row = (fields) => columns.map((name) => (fields[name] === undefined ? "" : cell(String(fields[name])))).join(",");
  // An alias ends at a semicolon.
  const alias = aliases.map((word) => word.replaceAll(";", ""));
  const rows = FIELDS.flatMap((_, i) => [
    { what: "unit", name: units[i] }, { what: "shift", name: shifts[i], begins: "07:00", ends: "15:00" },
    { what: "facility", name: places[i], aliases: alias[i], source: sources[i] }, { what: "camera", name: cameras[i], from: daysAgo(100) },
    { what: "slot", unit: units[i], count: 1, from: daysAgo(100) },
  ]);
  rows.push({ what: "authorized", count: 9, from: daysAgo(90), source: sources[0] }, { what: "sworn", count: 8, from: daysAgo(90), source: sources[1] });
  for (const i of [0, 1, 2]) {
    for (const place of [{ unit: units[i] }, { shift: shifts[i] }, { facility: places[i] }]) rows.push({ what: "member", badge: `n${i}`, from: daysAgo(100), ...place });
  }
  await ask("chief", "POST", "/api/v1/staffing/import", { csv: `${columns.join(",")}\n${rows.map(row).join("\n")}\n`, zone: "America/New_York" });
  const chief = await staff.looking("chief");
  await chief.at("/staffing", units, shifts, places, alias, sources.slice(0, 2));
  await chief.at("/people/names0", [units[0]]);
  await chief.visit.end();

  const coordinator = await staff.looking("coordinator");
  await coordinator.at("/people/names0", [units[0], shifts[0], places[0]]);
  for (const person of ["names0", "names1", "names2"]) {
    for (const [i, reason] of reasons.entries()) {
      await ask("coordinator", "POST", "/api/v1/rotation/participants", { person, status: i % 2 === 0 ? "volunteered" : "withdrawn", on: daysAgo(90 - i), reason });
    }
  }
  await ask("coordinator", "PUT", "/api/v1/rotation/window", { min_days: 28, max_days: 42, reason: reasons[0] });
  await ask("coordinator", "PUT", "/api/v1/fleet/mode", { mode: "pool", reason: reasons[1] });
  const { slots } = await ask("coordinator", "GET", "/api/v1/rotation");
  const slot = (i) => slots.find(({ name }) => name.startsWith(units[i])).id;
  await ask("coordinator", "POST", `/api/v1/rotation/slots/${slot(0)}/turns`, {
    person: "names0", on: daysAgo(50), at: noon(50), camera: cameras[0], reason: reasons[2],
  });
  await coordinator.at("/fleet/rotation", units, [cameras[0]]);
  const { slots: seated } = await ask("coordinator", "GET", "/api/v1/rotation");
  const { id } = seated.find(({ name }) => name.startsWith(units[0])).seating[0].turn;
  await ask("coordinator", "POST", `/api/v1/rotation/turns/${id}/vacate`, { on: daysAgo(1), at: noon(1), reason: reasons[3] });
  await ask("coordinator", "POST", `/api/v1/rotation/slots/${slot(5)}/end`, { on: daysAgo(0), reason: reasons[4] });
  await coordinator.at("/fleet/rotation", [units[1]]);
  await coordinator.at("/fleet", cameras);
  await coordinator.visit.end();
});

test("why a recording was exported, released, locked and unlocked", async () => {
  const fields = ["case", "warrant", "release", "lock", "unlock", "decision"];
  const [cases, warrants, releases, locks, unlocks, decisions] = fields.map((field) => said(field, PACKED));
  const { id: officer } = await ask("chief", "GET", "/api/v1/people/hill");
  for (const person of ["clerk", "keeper"]) await ask("captain", "POST", "/api/v1/assignments", { person, kind: "clearance", target: "minor" });
  const recordings = await staff.upload(PACKED.length);
  const proposed = [];
  for (const [i, id] of recordings.entries()) {
    await ask("clerk", "POST", `/api/v1/recordings/${id}/exports`, { purpose: "discovery", case: cases[i], warrant: warrants[i] });
    await ask("clerk", "PATCH", `/api/v1/recordings/${id}`, { assigned_officer: officer, reason: "by the duty list" });
    await ask("captain", "POST", `/api/v1/recordings/${id}/release`, { reason: releases[i] });
    await ask("clerk", "PATCH", `/api/v1/recordings/${id}`, { restriction: "minor", reason: locks[i] });
    proposed.push(await ask("clerk", "POST", `/api/v1/recordings/${id}/unrestrict`, { reason: unlocks[i] }));
  }
  const clerk = await staff.looking("clerk");
  await clerk.at("/approvals", unlocks);
  for (const [i, { id }] of proposed.entries()) await ask("keeper", "POST", `/api/v1/proposals/${id}/approve`, { reason: decisions[i] });
  await clerk.at("/approvals", decisions);
  for (const [i, id] of recordings.entries()) {
    await clerk.page.goto(`/recordings/${id}`);
    await clerk.page.getByText(/\d+ events? checked/).waitFor();
    await shows(clerk.page, [cases[i], warrants[i], releases[i], locks[i]], `the custody of recording ${i}`);
    await clerk.check(`the custody of recording ${i}`);
  }
  await clerk.visit.end();
});

test("addresses that carry the words, to whoever is sent one", async () => {
  const out = await watched(browser, town);
  const clerk = await staff.looking("clerk");
  const everybody = [(word) => `/sign-in?agency=${word}`, (word) => `/sign-in/return?state=${word}&error=${word}`, (word) => `/setup#${word}.${word}`,
    (word) => `/shared#${word}`, (word) => `/${word}?${word}`];
  const signedIn = [(word) => `/recordings?incident=${word}&category=${word}&wearer=${word}&state=${word}`, (word) => `/recordings/${word}`,
    (word) => `/people/${word}/view-as`, (word) => `/holds?recording=${word}`, (word) => `/${word}#${word}`];
  for (const word of PACKED.map(encodeURIComponent)) {
    for (const [{ page, check }, places] of [[out, everybody], [clerk, signedIn]]) {
      for (const place of places) {
        // What is behind the # alone loads no page again.
        await page.goto("about:blank");
        await page.goto(place(word));
        await page.locator("main h1").first().waitFor();
        await check(place(word).slice(0, 80));
      }
    }
  }
  await out.visit.context.close();
  await clerk.visit.context.close();
});

test("what is noted under a review of access, and under a week", async () => {
  const [reviews, weeks] = ["review", "week"].map((field) => said(field, PACKED));
  const auditor = await staff.looking("auditor");
  for (const note of reviews) {
    const { sha256 } = await ask("auditor", "GET", "/api/v1/access-review");
    await ask("auditor", "POST", "/api/v1/access-review/sign", { sha256, note });
    await auditor.at("/access-review", [note]);
  }
  await auditor.visit.end();

  await staff.end();
  town.advance(WEEK_S);
  staff = new Staff(town, browser, []);
  await ask("coordinator", "POST", "/api/v1/devices", { serial: "AX-1" }); // by a clock alone no week ends
  for (const [i, note] of weeks.entries()) {
    const login = `sergeant${i}`;
    const [{ id }] = await staff.until(login, "/api/v1/digests", ({ items }) => items.length > 0 && items);
    await ask(login, "POST", `/api/v1/digests/${id}/sign`, { note });
    const sergeant = await staff.looking(login);
    await sergeant.at(`/weekly-review/${id}`, [note]);
    await sergeant.visit.end();
  }
});
