// SPDX-License-Identifier: Apache-2.0
// A file request from both ends: the investigator who asks, and a shop owner with a phone, a link and a bad connection.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AGENCY, BIN, FILM, openBrowser, run, Town, Visit } from "./town.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const WORDS = "Please send the video of your front door camera, 2 Dec 2022, 18:00 to 20:00.";
let town, browser, folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "lapel-files-"));
  town = await new Town({ beat: 1 }).start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
  rmSync(folder, { recursive: true, force: true });
});

/** The clerk, who may ask for files and accept them, on the list of file requests. */
async function staff() {
  const clerk = await Visit.begin(browser, town);
  await clerk.page.goto("/file-requests");
  await clerk.signIn("clerk");
  await clerk.page.getByRole("heading", { name: "File requests" }).waitFor();
  return clerk;
}

async function ask(clerk, fill = async () => undefined) {
  const { page } = clerk;
  await page.getByRole("button", { name: "New file request" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name of the person or business").fill("Ella Marsh");
  await dialog.getByLabel("Incident or case").fill("22-1187");
  await dialog.getByLabel("What you ask for").fill(WORDS);
  await fill(dialog);
  await dialog.getByRole("button", { name: "Make the link" }).click();
  const link = (await page.locator("[data-request=link]").textContent()).trim();
  const code = page.locator("[data-request=code]");
  return { link, code: (await code.count()) === 0 ? null : (await code.textContent()).trim() };
}

test("a shop owner sends films from a phone over a bad connection and gets receipts; the agency accepts one", async () => {
  const clerk = await staff();
  await clerk.look("file-requests-none");
  await clerk.page.getByRole("button", { name: "New file request" }).click();
  await clerk.look("file-request-dialog");
  await clerk.page.keyboard.press("Escape");
  const made = await ask(clerk, (dialog) => dialog.getByLabel("Ask for a code too").check());
  await clerk.look("file-request-made");
  assert.match(made.link, new RegExp(`^${town.url}/send#[A-Za-z0-9_-]{43}$`));
  assert.match(made.code, /^[0-9]{4}-[0-9]{4}$/);
  await clerk.page.getByRole("button", { name: "Done" }).click();

  const phone = await Visit.begin(browser, town, PHONE);
  const { page } = phone;
  await page.goto(made.link);
  await page.getByLabel("Code of eight digits").fill("0000-0000");
  await phone.look("send-code");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await phone.look("send-wrong-code");
  await page.getByLabel("Code of eight digits").fill(made.code);
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("heading", { name: `${AGENCY} asks you for files` }).waitFor();
  await page.getByText(WORDS).waitFor();
  await phone.look("send-open");

  await page.getByLabel("How did you get the video?").selectOption("It is from my own camera");
  await page.getByLabel("Where is the camera?").fill("Over the door of 12 Main Street");
  await page.getByLabel("Is there something to know?").fill("It is <b>4 minutes</b> fast.");
  // The connection breaks before the first byte is sent, and comes back.
  await page.route("**/api/v1/uploads/*", (route) => (route.request().method() === "PATCH" ? route.abort("connectionfailed") : route.continue()));
  await page.locator("input[type=file]").setInputFiles(FILM);
  await page.locator("[data-state=reconnecting]").waitFor();
  await phone.look("send-no-connection");
  await page.unroute("**/api/v1/uploads/*");
  await page.locator("[data-state=sealed]").waitFor();
  await page.getByText("These are the same bytes as on your device.").waitFor();
  const digest = createHash("sha256").update(readFileSync(FILM)).digest("hex");
  assert.equal((await page.locator("[data-state=sealed] .digest").textContent()).replaceAll(" ", ""), digest);
  const [receipt] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save the receipt" }).click()]);
  assert.match(receipt.suggestedFilename(), /^[0-9a-f]{32}\.tlog-proof$/);
  const proof = join(folder, "film.tlog-proof");
  await receipt.saveAs(proof);
  run(join(BIN, "lapel-verify"), "--key", town.vkey, proof, FILM);
  await phone.look("send-sealed");

  // A page that calls itself a film, under a name that turns letters around.
  const hostile = join(folder, "film‮4pm.html");
  writeFileSync(hostile, "<script>alert(1)</script>");
  await page.locator("input[type=file]").setInputFiles(hostile);
  await page.locator("[data-state=sealed]").nth(1).waitFor();
  await page.getByText("film⟨U+202E⟩4pm.html").first().waitFor();

  // Loaded again, the page asks for the code anew and knows what was sent.
  await page.reload();
  await page.getByLabel("Code of eight digits").fill(made.code);
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("heading", { name: "Sent with this link" }).waitFor();
  await page.getByText("nasa_13013.mp4").waitFor();
  await phone.look("send-again");

  // The agency sees what came, and who said what of it.
  await clerk.page.reload();
  await clerk.page.getByRole("link", { name: "Ella Marsh" }).click();
  await clerk.page.getByRole("heading", { name: "What came" }).waitFor();
  await clerk.look("file-request");
  await clerk.page.getByRole("link", { name: "nasa_13013.mp4" }).click();
  await clerk.page.getByRole("heading", { name: "In quarantine" }).waitFor();
  await clerk.page.getByText("Over the door of 12 Main Street", { exact: true }).waitFor();
  await clerk.page.getByText("It is <b>4 minutes</b> fast.", { exact: true }).waitFor();
  assert.equal(await clerk.page.locator("video").count(), 0);
  const accept = clerk.page.getByRole("button", { name: "Accept" });
  while ((await accept.count()) === 0) {
    await clerk.page.reload();
    await clerk.page.getByRole("heading", { name: "In quarantine" }).waitFor();
  }
  await clerk.look("recording-quarantined");
  await accept.click();
  await clerk.page.getByRole("dialog").getByLabel("Reason").fill("The camera over the door");
  await clerk.look("recording-accept");
  await clerk.page.getByRole("dialog").getByRole("button", { name: "Accept" }).click();
  await clerk.page.getByRole("button", { name: "Open a view" }).waitFor();

  // The other one is saved at most, as a file.
  await clerk.page.goBack();
  await clerk.page.getByRole("link", { name: "film⟨U+202E⟩4pm.html" }).click();
  await clerk.page.getByRole("button", { name: "Save the file all the same" }).click();
  await clerk.page.getByRole("dialog").getByLabel("Reason").fill("To ask the sender");
  const [saved] = await Promise.all([clerk.page.waitForEvent("download"), clerk.page.getByRole("dialog").getByRole("button", { name: "Save the file all the same" }).click()]);
  assert.match(saved.suggestedFilename(), /^[0-9a-f]{32}\.bin$/);
  assert.equal(await clerk.page.getByRole("button", { name: "Accept" }).count(), 0);

  // Taken back, the link is none.
  await clerk.page.goto("/file-requests");
  await clerk.page.getByRole("link", { name: "Ella Marsh" }).click();
  await clerk.page.getByRole("button", { name: "Take back" }).click();
  await clerk.page.getByRole("dialog").getByLabel("Reason").fill("All is here");
  await clerk.page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
  await clerk.page.getByText("All is here").waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "This link does not work" }).waitFor();
  await phone.look("send-unknown");
  await phone.end(/status of 401/, /status of 404/, /ERR_CONNECTION_FAILED/);
  await clerk.end();
});

test("a link that takes no more says so, and one that is not complete too; all of it works by keyboard", async () => {
  const clerk = await staff();
  const made = await ask(clerk, (dialog) => dialog.getByLabel("At most so many files").fill("1"));
  const phone = await Visit.begin(browser, town, PHONE);
  const { page } = phone;
  await page.goto("/send");
  await page.getByRole("heading", { name: "The link is not complete" }).waitFor();
  await page.goto(made.link);
  await page.getByText("You can send 1 more file").waitFor();
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Choose files" }).press("Enter")]);
  await chooser.setFiles(FILM);
  await page.locator("[data-state=sealed]").waitFor();
  await page.getByText("You cannot send more files with this link.").waitFor();
  await phone.look("send-full");
  await phone.end();
  await clerk.end();
});

test("what one phone began another goes on with, by the same link and the same file", async () => {
  const clerk = await staff();
  const made = await ask(clerk);
  const CHUNK = 32 * 1024 * 1024;
  const file = join(folder, "night.mp4");
  writeFileSync(file, Buffer.alloc(CHUNK + 1_000_000, "footage of a night "));
  const first = await Visit.begin(browser, town, PHONE);
  await first.page.goto(made.link);
  await first.page.getByRole("button", { name: "Choose files" }).waitFor();
  await first.page.route("**/api/v1/uploads/*", (route) => (route.request().method() === "PATCH" && route.request().headers()["upload-offset"] !== "0" ? route.abort("connectionfailed") : route.continue()));
  await first.page.locator("input[type=file]").setInputFiles(file);
  await first.page.locator("[data-state=reconnecting]").waitFor();

  const second = await Visit.begin(browser, town, PHONE);
  await second.page.goto(made.link);
  await second.page.getByRole("button", { name: "Choose files" }).waitFor();
  const offsets = [];
  second.page.on("request", (request) => {
    if (request.method() === "PATCH") offsets.push(request.headers()["upload-offset"]);
  });
  await second.page.locator("input[type=file]").setInputFiles(file);
  await second.page.locator("[data-state=sealed]").waitFor();
  assert.deepEqual(offsets, [String(CHUNK)]);
  await second.page.getByText("These are the same bytes as on your device.").waitFor();
  await second.end();
  await first.end(/ERR_CONNECTION_FAILED/);
  await clerk.end();
});
