// SPDX-License-Identifier: Apache-2.0
// A hundred words that are scripts elsewhere, in every field that takes words, shown on every page that shows them: nothing runs, and
// the page's own policy has nothing to report, because nothing ever tried.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { FIELDS, RUN, SHAPES, watched as watchedIn, WORDS } from "./hostile.mjs";
import { AGENCY, BIN, openBrowser, run, Town, until, Visit } from "./town.mjs";

let town, browser;
const watched = () => watchedIn(browser, town);
const tokens = {};

before(async () => {
  assert.equal(new Set(WORDS).size, 100);
  town = await new Town().start();
  for (const login of ["clerk", "captain", "chief"]) tokens[login] = run(join(BIN, "lapel"), "token", "create", "--data", town.data, "--user", login).trim();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

async function ask(login, method, path, body, headers = {}) {
  const answer = await fetch(town.url + path, {
    method,
    headers: { Authorization: `Bearer ${tokens[login]}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer;
}

async function upload(word) {
  const fields = { filename: `${word}.mp4`, filetype: word, incident: word, category: word, wearer: word, device: word, remark: word };
  const metadata = Object.entries(fields).map(([key, value]) => `${key} ${Buffer.from(value).toString("base64")}`).join(",");
  const made = await ask("clerk", "POST", "/api/v1/uploads", undefined, { "Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Metadata": metadata });
  const place = made.headers.get("location");
  const sent = await fetch(new URL(place, town.url), {
    method: "PATCH",
    headers: { Authorization: `Bearer ${tokens.clerk}`, "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream" },
    body: "x",
  });
  assert.equal(sent.status, 204);
  const told = async () => (await ask("clerk", "GET", new URL(place, town.url).pathname)).json();
  return until(told, ({ state, reason, recording }) => {
    assert.notEqual(state, "refused", reason);
    return state === "sealed" && recording;
  });
}

test("the harness sees what is kept from running", async () => {
  const { visit, page, seen } = await watched();
  await page.goto("/");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  let noticed = 0;
  for (const word of WORDS) {
    const before = seen.length;
    await page.evaluate((text) => {
      const place = document.createElement("div");
      document.body.append(place);
      place.innerHTML = text;
      for (const link of place.querySelectorAll("a")) link.click();
      // A script that is put there by innerHTML does not run: it is put there as a new one.
      for (const script of place.querySelectorAll("script")) {
        const again = document.createElement("script");
        again.textContent = script.textContent;
        script.replaceWith(again);
      }
    }, word);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 0)));
    if (seen.length > before) ++noticed;
  }
  assert.ok(noticed >= 20, `only ${noticed} of ${WORDS.length} were noticed`);
  assert.equal(await page.evaluate(() => window.ran), undefined, "the policy let something run");
  await visit.context.close();
});

test("the harness sees what does run, where a page has no policy", async () => {
  const { visit, page, check } = await watched();
  for (const [i, word] of WORDS.slice(0, 4 * 2).entries()) {
    if (i % 4 > 1) continue; // entities, and what is cut in two, are words everywhere
    await page.route("**/planted", (route) => route.fulfill({ contentType: "text/html", body: `<main>${word}</main>` }));
    await page.goto("/planted");
    await assert.rejects(check("the planted page"), /something ran on the planted page/, word);
    await page.unroute("**/planted");
  }
  await visit.context.close();
});

test("in every field, on every page, nothing runs", async () => {
  const recordings = [];
  for (let i = 0; i < FIELDS.length; i += 5) recordings.push(...(await Promise.all(FIELDS.slice(i, i + 5).map(upload))));
  for (const word of FIELDS) {
    await ask("chief", "POST", "/api/v1/units", { name: word });
    await ask("clerk", "POST", "/api/v1/cases", { number: word, title: word });
  }
  const password = join(town.home, "password");
  for (const [i, word] of FIELDS.entries()) {
    run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", `p${i}`, "--name", word, "--badge", word, "--role",
      "officer", "--password-file", password);
  }
  await Promise.all(
    recordings.map(async (id, i) => {
      await ask("clerk", "PATCH", `/api/v1/recordings/${id}`, { category: FIELDS[i], reason: FIELDS[i] });
      await ask("clerk", "POST", `/api/v1/recordings/${id}/views`, { purpose: "review", case: FIELDS[i], warrant: FIELDS[i] });
    }),
  );

  const { visit, page, check } = await watched();
  await page.goto("/");
  await visit.signIn("clerk");
  await page.getByRole("table").waitFor();
  await check("the list");
  const shown = [];
  for (const id of recordings) {
    await page.goto(`/recordings/${id}`);
    await page.getByRole("heading", { name: "Custody" }).waitFor();
    await page.getByText(/\d+ events? checked/).waitFor();
    shown.push(await page.locator("main").textContent());
    await check(`recording ${shown.length}`);
  }
  // It was all there, as words: what could not be seen proves nothing.
  for (const [i, text] of shown.entries()) assert.match(text, /ran(=|&#61;)1|evil\.example/, `${FIELDS[i]} was not on its page`);
  for (const word of FIELDS.slice(0, 5)) {
    await page.goto(`/recordings?q=${encodeURIComponent(word)}`);
    await page.getByRole("searchbox").or(page.getByLabel("Search")).first().waitFor();
    await check(`the search for ${word}`);
  }
  await page.goto("/people");
  await page.getByText(/ran=1/).first().waitFor();
  await check("people");
  const captain = await watched();
  await captain.page.goto("/people");
  await captain.visit.signIn("captain");
  await captain.page.getByText("Pat captain").first().waitFor();
  for (let i = 0; i < FIELDS.length; ++i) {
    await captain.page.goto("/people");
    await captain.page.getByRole("table").getByRole("link", { name: /ran(=|&#61;)1|evil/ }).nth(i).click();
    await captain.page.getByRole("heading", { name: "What this person may do, and why" }).waitFor();
    await captain.check(`person ${i}`);
  }
  await captain.visit.end();
  writeFileSync(join(town.home, "notice"), SHAPES.map((shape) => shape(RUN)).join("\n"));
  run(join(BIN, "lapel"), "sign-in", "rules", "--data", town.data, "--agency", AGENCY, "--banner-file", join(town.home, "notice"));
  await page.goto("/");
  await page.getByRole("heading", { name: "Notice of use" }).waitFor();
  await check("the notice of use");
  await page.getByRole("button", { name: "I understand and accept" }).click();
  await page.getByRole("link", { name: "Pat clerk" }).click();
  await page.getByRole("heading", { name: "Your account" }).waitFor();
  await check("the account");
  await visit.end();
});
