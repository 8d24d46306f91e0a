// SPDX-License-Identifier: Apache-2.0
// The staff app as a person uses it, against the real server: sign in, upload, watch, check custody.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { FILM, openBrowser, Town, until, video, Visit } from "./town.mjs";

let town, browser;

before(async () => {
  town = await new Town().start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const grouped = (hex) => hex.replace(/(.{4})(?=.)/g, "$1 ");

async function uploadFilm(visit) {
  const { page } = visit;
  await page.goto("/upload");
  await page.locator("input[type=file]").setInputFiles(FILM);
  await page.locator("[data-state=sealed]").waitFor();
}

test("a wrong login and a wrong password are refused in the same words, a right one opens the page asked for", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/upload");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await visit.look("sign-in");
  await visit.signIn("clerk", "wrong password");
  const words = await page.getByRole("alert").textContent();
  await visit.signIn("nobody", "wrong password");
  await page.getByRole("button", { name: "Sign in", disabled: false }).waitFor();
  assert.equal(await page.getByRole("alert").textContent(), words);
  await visit.look("sign-in-refused");
  await visit.signIn("clerk");
  await page.getByRole("heading", { name: "Upload" }).waitFor();
  const [cookie] = await visit.context.cookies();
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, "Strict");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await visit.context.addCookies([cookie]);
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await visit.end(/status of 401/);
});

test("the list says when it is empty, and why somebody may not see it", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/");
  await visit.signIn("clerk");
  await page.getByText("No recordings yet").waitFor();
  await visit.look("list-empty");
  await page.goto("/recordings?q=nothing+of+the+kind");
  await page.getByText("No recording matches").waitFor();
  await page.goto("/no/such/page");
  await page.getByText("There is nothing here").waitFor();
  await visit.look("not-found");
  await page.getByRole("button", { name: "Sign out" }).click();
  await visit.signIn("union");
  await page.goto("/recordings");
  await page.getByText("Not allowed").waitFor();
  await visit.look("list-denied");
  assert.equal(await page.getByRole("link", { name: "Upload" }).count(), 0);
  await page.goto("/upload");
  await page.getByText("You may not upload").waitFor();
  await page.goto(`/recordings/${"0".repeat(32)}`);
  await page.getByText("There is nothing here").waitFor();
  await visit.end(/status of 403/, /status of 404/);
});

test("a real film is received, sealed, listed, watched under a purpose, and its custody verifies in the browser", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/upload");
  await visit.signIn("clerk");
  await page.getByText("Nothing in the queue").waitFor();
  await visit.look("upload-empty");
  await page.getByText("What is known of these files").click();
  await page.getByLabel("Incident number").fill("22-1187");
  await page.getByLabel("Category").fill("Traffic stop");
  await page.getByLabel("Officer's badge").fill("b-hill");
  await page.locator("input[type=file]").setInputFiles(FILM);
  const row = page.locator("[data-state=sealed]");
  await row.waitFor();
  assert.match(await row.textContent(), /Sealed: recorded in the ledger/);
  assert.ok((await row.textContent()).includes(grouped(sha256(readFileSync(FILM)))));
  await visit.look("upload-sealed");

  await page.getByRole("link", { name: "Recordings", exact: true }).click();
  const listed = page.getByRole("row", { name: /nasa_13013\.mp4/ });
  await listed.waitFor();
  for (const text of ["b-hill", "22-1187", "Traffic stop", "673 kB", "Sealed"]) assert.ok((await listed.textContent()).includes(text), text);
  await visit.look("list");

  await page.getByRole("link", { name: "nasa_13013.mp4" }).click();
  await page.getByText("custody is shown from this server on").waitFor();
  await page.locator("[data-verdict=verified]").waitFor();
  await visit.look("recording");
  assert.equal(await page.locator("video").count(), 0);

  await page.getByRole("button", { name: "Open a view" }).click();
  await page.getByRole("button", { name: "Open the recording" }).click();
  await page.getByText("Choose a purpose first").waitFor();
  await visit.look("purpose");
  await page.locator("select[name=purpose]").selectOption("records_request");
  await page.getByRole("button", { name: "Open the recording" }).click();
  await page.locator("video").waitFor();
  await page.waitForFunction(() => document.querySelector("video").readyState >= 2);
  const duration = await page.evaluate(() => document.querySelector("video").duration);
  assert.ok(duration > 12 && duration < 15, String(duration));
  await page.keyboard.press("k");
  await page.waitForFunction(() => document.querySelector("video").currentTime > 0.3);
  await page.keyboard.press("k");
  await page.waitForFunction(() => document.querySelector("video").paused);
  await page.evaluate(() => (document.querySelector("video").currentTime = 10));
  await page.waitForFunction(() => !document.querySelector("video").seeking && document.querySelector("video").currentTime === 10);
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction(() => document.querySelector("video").currentTime === 5);

  // The view that was just opened is in custody, with its purpose, and verified too.
  const viewed = page.locator(".events li").filter({ hasText: "Viewed" });
  await viewed.locator("[data-proof=verified]").waitFor();
  await page.getByText(/\d+ events checked/).waitFor();
  assert.match(await viewed.textContent(), /Records request/);
  assert.match(await viewed.textContent(), /Pat clerk, badge b-clerk/);
  assert.equal(await viewed.locator("[data-proof=verified]").count(), 1);
  await viewed.locator("summary").click();
  await viewed.getByText("under a checkpoint signed at size").waitFor();
  await visit.look("recording-viewing");

  // The list has a picture of it as soon as the worker has made one.
  await page.getByRole("link", { name: "Recordings", exact: true }).click();
  await listed.waitFor();
  const reloaded = async () => {
    await page.reload();
    await listed.waitFor();
    return page.locator("img.poster").count();
  };
  await until(reloaded, (posters) => posters > 0, "a poster");
  await page.waitForFunction(() => document.querySelector("img.poster")?.naturalWidth > 0);
  await visit.look("list-posters");
  await visit.end();
});

test("a row that shows other facts than were sealed is denied in words, field by field", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/upload");
  await visit.signIn("clerk");
  await page.getByText("What is known of these files").click();
  await page.getByLabel("Officer's badge").fill("b-hill");
  await page.locator("input[type=file]").setInputFiles({ name: "body\u202egpj.exe", mimeType: "application/octet-stream", buffer: randomBytes(1_000) });
  await page.locator("[data-state=sealed]").waitFor();
  await page.getByRole("link", { name: "Open recording" }).click();
  await page.locator("[data-facts=agree]").waitFor();
  await page.getByRole("heading", { name: "body⟨U+202E⟩gpj.exe" }).waitFor();
  assert.equal(await page.locator("[data-facts=differ]").count(), 0);
  const address = page.url();
  await visit.look("recording-agrees");

  const forged = "0".repeat(64);
  const row = (url) => url.pathname === `/api/v1${new URL(address).pathname}`;
  await page.route(row, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), wearer: "b-4712", sha256: forged } });
  });
  await page.reload();
  const notice = page.locator("[data-facts=differ]");
  await notice.waitFor();
  const words = await notice.textContent();
  assert.ok(words.includes("Do not rely on this page."), words);
  assert.ok(words.includes("The server shows officer b-4712; what was sealed says b-hill."), words);
  assert.ok(words.includes(`The server shows SHA-256 ${grouped(forged)}; what was sealed says `), words);
  assert.equal(await notice.locator("li").count(), 2);
  await page.locator("[data-verdict=refused]").waitFor();
  assert.equal(await page.locator("[data-facts=agree]").count(), 0);
  assert.equal(await page.locator(".notice.ok").count(), 0);
  await visit.look("recording-differs");
  await visit.end();
});

test("the footage is compared with what was sealed on demand: verified as served, refused with one byte changed", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/upload");
  await visit.signIn("clerk");
  // A byte more than the film: other tests count those with its bytes.
  const film = Buffer.concat([readFileSync(FILM), Buffer.of(0)]);
  await page.locator("input[type=file]").setInputFiles({ name: "compared.mp4", mimeType: "video/mp4", buffer: film });
  await page.locator("[data-state=sealed]").waitFor();
  await page.getByRole("link", { name: "Open recording" }).click();
  await page.getByRole("button", { name: "Open a view" }).click();
  await page.locator("select[name=purpose]").selectOption("review");
  await page.getByRole("button", { name: "Open the recording" }).click();
  await page.getByText("The bytes played here have not been compared.").waitFor();
  const compare = page.getByRole("button", { name: "Compare the bytes" });
  await compare.focus();
  await page.keyboard.press("Enter");
  await page.locator("[role=status][data-bytes=verified]").waitFor();
  await page.getByText("All 672,982 bytes fetched under this view are those that were sealed.").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Compare again");
  await visit.look("recording-bytes-verified");

  // The same address with one byte changed on the way, and then with an answer held back, which can be given up.
  const original = await page.locator("video").getAttribute("src");
  const ranges = (url) => url.pathname + url.search === original;
  // One route for both: between two of them a request might pass.
  let isHeldBack = false;
  await page.route(ranges, async (route) => {
    if (isHeldBack) return;
    const answer = await route.fetch();
    const body = await answer.body();
    body[body.length >> 1] ^= 1;
    await route.fulfill({ response: answer, body });
  });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Compare again");
  await page.keyboard.press("Enter");
  await page.locator("[role=status][data-bytes=differs]").waitFor();
  await page.getByText("Do not rely on this footage.").waitFor();
  await visit.look("recording-bytes-differ");
  isHeldBack = true;
  await page.keyboard.press("Enter");
  await page.getByRole("progressbar", { name: "Bytes compared" }).waitFor();
  await visit.look("recording-bytes-comparing");
  await page.getByRole("button", { name: "Cancel" }).press("Enter");
  await page.locator("[role=status][data-bytes=idle]").waitFor();
  await visit.end();
});

test("what does not hold is refused in words: a tampered receipt, and another key than the ledger's", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/recordings");
  await visit.signIn("clerk");
  await page.route("**/receipt?n=0", async (route) => {
    const answer = await route.fetch();
    // One character of the log's signature.
    const text = (await answer.text()).replace(/(\S)(\S{4}\n)$/, (_all, letter, rest) => (letter === "A" ? "B" : "A") + rest);
    await route.fulfill({ response: answer, body: text });
  });
  await page.getByRole("link", { name: "nasa_13013.mp4" }).first().click();
  await page.locator("[data-verdict=refused]").waitFor();
  await page.getByText(/The proof does not hold: .*signature/).waitFor();
  assert.equal(await page.locator("[data-proof=verified]").count(), 0);
  await visit.look("recording-refused");
  await page.unroute("**/receipt?n=0");
  await page.getByRole("button", { name: "Check again" }).click();
  await page.locator("[data-verdict=verified]").waitFor();

  await page.getByText("How to anchor the check").click();
  const field = page.getByLabel("Ledger key from elsewhere");
  await field.fill("no key at all");
  await page.getByRole("button", { name: "Check with this key" }).click();
  await page.getByText("This key cannot be used").waitFor();
  await visit.look("recording-anchor");
  await field.fill(town.vkey);
  await page.getByRole("button", { name: "Check with this key" }).click();
  await page.getByText("Checked with the key you entered").waitFor();
  await page.locator("[data-verdict=verified]").waitFor();
  await field.fill("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  await page.getByRole("button", { name: "Check with this key" }).click();
  await page.getByText(/The proof does not hold: the checkpoint is of another ledger/).first().waitFor();
  await visit.end();
});

test("an upload is paused, survives a killed server, resumes where it was, and is sealed with the file's own digest", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/upload");
  await visit.signIn("clerk");
  const bytes = randomBytes(3_000_000);
  const wire = await visit.context.newCDPSession(page);
  const throttle = (rate) =>
    wire.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: rate });
  await wire.send("Network.enable");
  await throttle(250_000);
  const patches = [];
  page.on("request", (request) => {
    if (request.method() === "PATCH") patches.push(Number(request.headers()["upload-offset"]));
  });
  await page.locator("input[type=file]").setInputFiles({ name: "cut.bin", mimeType: "application/octet-stream", buffer: bytes });
  const progress = (least) => page.waitForFunction((wanted) => document.querySelector("progress")?.value >= wanted, least);
  await progress(300_000);
  await page.getByRole("button", { name: "Pause: cut.bin" }).click();
  await page.locator("[data-state=paused]").waitFor();
  await visit.look("upload-paused");
  await page.getByRole("button", { name: "Resume: cut.bin" }).click();
  await page.locator("[data-state=sending]").waitFor();
  await progress(1_000_000);
  await town.kill();
  await page.locator("[data-state=reconnecting]").waitFor();
  await visit.look("upload-reconnecting");
  await throttle(-1);
  await town.start();
  const row = page.locator("[data-state=sealed]");
  await row.waitFor({ timeout: 60_000 });
  assert.ok((await row.textContent()).includes(grouped(sha256(bytes))));
  assert.equal(patches[0], 0);
  assert.ok(patches.slice(1).every((offset) => offset > 0), `every later request went on from somewhere: ${patches}`);
  await visit.end(/ERR_(CONNECTION|EMPTY|ABORTED|SOCKET)|Failed to load resource/);
});

test("the main path needs no mouse", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  const keys = async (...names) => {
    for (const name of names) await page.keyboard.press(name);
  };
  await page.goto("/recordings");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.keyboard.type("clerk");
  await keys("Tab");
  await page.keyboard.type("correct horse battery staple");
  await keys("Enter");
  await page.getByRole("row", { name: /cut\.bin/ }).waitFor();
  await keys("?");
  await page.getByRole("dialog").waitFor();
  await visit.look("help");
  await keys("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const chooser = page.waitForEvent("filechooser");
  await keys("g", "u");
  await page.getByText("Nothing in the queue").waitFor();
  await keys("c");
  await (await chooser).setFiles(video("sannies+mp4parser/examples/src/main/resources/count-video.mp4"));
  await page.locator("[data-state=sealed]").waitFor();
  await keys("g", "r");
  await page.getByRole("row", { name: /count-video/ }).waitFor();
  await keys("/");
  await page.keyboard.type("count");
  await keys("Enter");
  await page.waitForURL(/q=count/);
  await page.getByRole("row", { name: /cut\.bin/ }).waitFor({ state: "detached" });
  await page.getByRole("row", { name: /count-video/ }).waitFor();
  await keys("Escape", "ArrowDown", "Enter");
  await page.getByRole("button", { name: "Open a view" }).waitFor();
  await page.locator("[data-verdict=verified]").waitFor();
  for (let i = 0; i < 30 && (await page.evaluate(() => document.activeElement.textContent)) !== "Open a view"; i++) await keys("Tab");
  await keys("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("Rev");
  await keys("Enter");
  for (let i = 0; i < 10 && (await page.evaluate(() => document.activeElement.textContent)) !== "Open the recording"; i++) await keys("Tab");
  await keys("Enter");
  await page.waitForFunction(() => document.querySelector("video")?.readyState >= 2);
  await keys("Space");
  await page.waitForFunction(() => document.querySelector("video").currentTime > 0.2);
  await visit.end();
});

test("the same bytes under another name are pointed out, and never merged", async () => {
  const visit = await Visit.begin(browser, town, { viewport: { width: 390, height: 800 } });
  const { page } = visit;
  await page.goto("/upload");
  await visit.signIn("clerk");
  await page.getByRole("heading", { name: "Upload" }).waitFor();
  await uploadFilm(visit);
  await page.getByRole("link", { name: "Open recording" }).click();
  await page.getByText("1 other recording has exactly these bytes").waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0, "the page scrolls sideways on a phone");
  await visit.look("recording-phone");
  await visit.end();
});

test("files dropped on the page are queued, sealed, and listed together as files of one recording", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/upload");
  await visit.signIn("clerk");
  await page.getByText("Nothing in the queue").waitFor();
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    for (const name of ["first.bin", "second.bin"]) transfer.items.add(new File([name.repeat(9_000)], name));
    return transfer;
  });
  await page.locator(".drop").dispatchEvent("drop", { dataTransfer: dropped });
  await page.locator("[data-state=sealed]").nth(1).waitFor();
  const recordings = await page.evaluate(async () => (await (await fetch("/api/v1/recordings?q=first.bin")).json()).items);
  assert.equal(recordings.length, 1);
  assert.equal(recordings[0].sha256, sha256(Buffer.from("first.bin".repeat(9_000))));

  // A further file of it, as a program would send it, is linked from its page and back.
  const further = await page.evaluate(async (group) => {
    const headers = { "Tus-Resumable": "1.0.0", "X-Lapel": "1", "Content-Type": "application/offset+octet-stream", "Upload-Length": "7" };
    const sent = await fetch("/api/v1/uploads", { method: "POST", body: "further", headers: { ...headers, "Upload-Metadata": `group ${btoa(group)}` } });
    for (;;) {
      const { state, recording } = await (await fetch(sent.headers.get("Location"))).json();
      if (state === "sealed") return recording;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }, recordings[0].id);
  await page.goto(`/recordings/${recordings[0].id}`);
  await page.getByText("2 files of one recording").waitFor();
  await visit.look("recording-files");
  await page.getByRole("link", { name: "File 2" }).click();
  await page.waitForURL(`**/recordings/${further}`);
  await page.getByRole("link", { name: "File 1" }).waitFor();
  await visit.end();
});
