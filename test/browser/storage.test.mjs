// SPDX-License-Identifier: Apache-2.0
// What a month's bill was for and what storage will come to: nothing yet, without a price, to the cent beside the bill, and otherwise than it is.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { AGENCY, BIN, openBrowser, run, Town, Visit } from "./town.mjs";

let town, browser;
const AHEAD_S = 63 * 86_400; // past a whole month, whatever day it is; after 90 days accounts that nobody used are disabled

async function asked(login) {
  const visit = await Visit.begin(browser, town);
  await visit.page.goto("/account"); // everybody has one
  await visit.signIn(login);
  await visit.page.getByRole("heading", { level: 1, name: "Your account" }).waitFor();
  return visit;
}

before(async () => {
  town = new Town();
  run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", "manager", "--name", "Pat manager", "--role", "program_manager",
    "--password-file", join(town.home, "password"));
  await town.advance(0).start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

test("a bill is split by what was used, and the rest is told; a forecast follows what is asked", async () => {
  const first = await asked("manager");
  await first.page.getByRole("link", { name: "Storage and bills" }).click();
  await first.page.getByText("No price is known for this month").waitFor();
  await first.page.getByText("Nothing was measured yet").waitFor();
  await first.look("storage-empty");
  await first.end(/status of 400/);

  const film = join(town.home, "a.bin");
  writeFileSync(film, Buffer.alloc(50_000_000, 1));
  const token = join(town.home, "token");
  writeFileSync(token, run(join(BIN, "lapel"), "token", "create", "--data", town.data, "--user", "clerk"));
  run(join(BIN, "lapel"), "recording", "upload", film, "--server", town.url, "--token-file", token);
  town.advance(AHEAD_S);
  const visit = await asked("manager");
  const { page } = visit;
  const now = new Date(Date.now() + AHEAD_S * 1000);
  const last = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1)).toISOString().slice(0, 7);
  const source = { by: "the vendor", where: "Its bill", on: "2022-12-01" };
  const said = [["contract/axon", "vendor", "Axon"], ["tariff/one", "from", "2022-01-01"], ["tariff/one", "storage_gb_month", "20"], ["tariff/one", "access_view", "0.125"],
    ["invoice/one", "contract", "contract/axon"], ["invoice/one", "month", last], ["invoice/one", "amount", "1.27"]];
  const answer = await visit.context.request.post("/api/v1/program/statements", {
    headers: { "X-Lapel": "1" }, data: { format: "lapel-program/1", statements: said.map(([subject, field, value]) => ({ subject, field, value, source })) } });
  assert.equal(answer.status(), 201, await answer.text());
  await page.goto("/program/storage");
  await page.getByLabel("Month", { exact: true }).evaluate((input) => input.removeAttribute("max")); // the browser's clock is not ahead
  await page.getByLabel("Month", { exact: true }).fill(last);
  const row = page.getByRole("table", { name: "Counted by this server" }).getByRole("row", { name: "0.050000 GB for the month" });
  await row.waitFor();
  assert.deepEqual(await row.getByRole("cell").allTextContents(), ["1.00", "0.00", "not known", "1.00"]);
  await page.getByText("Billed: 1.27. Of that, nothing metered accounts for 0.27.").waitFor();

  const year = (n) => page.getByRole("table", { name: "Year by year" }).getByRole("row").nth(n);
  await year(5).waitFor();
  const before = await year(1).textContent();
  await page.getByLabel("Bit rate").fill("200");
  await page.getByLabel("Price of a GB-month").fill("20");
  await page.getByRole("button", { name: "Work it out" }).click();
  // While it is being worked out there is no table.
  await page.waitForFunction((text) => ![text, undefined].includes(document.querySelectorAll("table")[1]?.rows[1]?.textContent), before);
  await page.getByText("How it is worked out, and what is assumed").last().click();
  await page.getByText("cost of month t =").waitFor();
  await visit.look("storage");
  await visit.end();
});

test("whoever has nothing to do with money has no such page", async () => {
  const visit = await asked("hill");
  assert.equal(await visit.page.getByRole("link", { name: "Storage and bills" }).count(), 0);
  await visit.page.goto("/program/storage");
  await visit.page.getByRole("alert").getByText("Not allowed").first().waitFor();
  await visit.end(/status of 403/);
});
