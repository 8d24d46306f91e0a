// SPDX-License-Identifier: Apache-2.0
// A body-worn system of another maker, as a coordinator lets it in: empty, the wizard with its refusals, the connection file saved once, what a simulated
// system then sends, what is marked on its recording, and a system that is refused; and whose signatures are believed; in both themes.
import assert from "node:assert/strict";
import { constants, createCipheriv, createHash, generateKeyPairSync, publicEncrypt, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { AGENCY, BIN, FILM, openBrowser, run, Town, until, Visit } from "./town.mjs";

let town, browser;

before(async () => {
  town = new Town();
  for (const [login, ...roles] of [["coordinator", "coordinator", "records"], ["armorer", "coordinator"], ["supervisor", "supervisor"]]) {
    run(join(BIN, "lapel"), "user", "add", "--data", town.data, "--agency", AGENCY, "--login", login, ...roles.flatMap((role) => ["--role", role]),
      "--password-file", join(town.home, "password"));
  }
  await town.start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

test("a camera system is let in, sends, and is refused", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/fleet");
  await visit.signIn("coordinator");
  await visit.enrollApp();
  await page.goto("/fleet");
  await page.getByText("No camera system").waitFor();
  await visit.look("systems-empty");
  await page.getByRole("button", { name: "Add a camera system" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("West station");
  await dialog.getByLabel("Address").fill("https://camera-server");
  await dialog.getByRole("button", { name: "Make the connection file" }).click();
  await dialog.getByRole("alert").getByText("Without a certificate a body-worn system speaks HTTP in the clear").waitFor();
  await visit.look("systems-wizard");
  await dialog.getByLabel("Address").fill(town.url);
  await dialog.getByRole("button", { name: "Make the connection file" }).click();
  await page.getByText("The connection file of West station").waitFor();
  const row = page.getByRole("table", { name: "Camera systems" }).getByRole("row", { name: "West station" });
  await row.getByText("Not heard of yet").waitFor();
  await visit.look("systems-made");
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save the file" }).click()]);
  assert.equal(saved.suggestedFilename(), "West-station-connection.json");
  const file = join(town.home, "west.json");
  await saved.saveAs(file);
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")).AuthenticationTokenURI, [`${town.url}/auth/v1.0`]);

  run(join(BIN, "lapel-sim"), "axis", "--connection", file, "--recordings", "2", "--clips", "1", "--cameras", "2", "--clip-file", FILM);
  await page.reload();
  await row.getByText("Connected").waitFor();
  await row.getByText("2 recordings").waitFor();
  assert.equal(await page.getByText("The connection file of West station").count(), 0, "it is shown once");
  await row.getByText("2 users, 2 cameras").click();
  await row.getByText("Officer 1 (fictitious), 9000").waitFor();
  await visit.look("systems");

  await page.goto("/recordings");
  await page.getByRole("link", { name: /^20221202T000000Z_.*\.mp4$/ }).first().click();
  const marked = page.getByRole("region", { name: "Marked" });
  await marked.getByText("Traffic: Stopped a car at the corner").waitFor();
  assert.match(await marked.textContent(), /0:10.*Traffic.*camera system West station · TriggerOn:Button/);
  await marked.getByText("What the camera's system said").click();
  await marked.getByText("America/New_York").waitFor();
  await page.getByText("2 files of one recording").waitFor();
  await visit.look("systems-recording");

  // Its trail is a file of its own, and opened under a view of its own.
  const trails = (await (await visit.context.request.get("/api/v1/recordings?q=gpstrail")).json()).items;
  for (const { id } of trails) {
    await until(async () => (await visit.context.request.get(`/api/v1/recordings/${id}`)).json(), ({ media }) => media.state === "done");
  }
  await page.getByRole("button", { name: "Open a view" }).click();
  await page.locator("select[name=purpose]").selectOption("review");
  await page.getByRole("button", { name: "Open the recording" }).click();
  await page.getByRole("button", { name: "Show the track" }).click();
  const track = page.getByRole("region", { name: "Where the camera was" });
  await track.getByRole("img", { name: /^A line of \d+ m/ }).waitFor();
  await track.getByText("42.45009° N, 73.24538° W").waitFor();
  const saved_gpx = await visit.context.request.get(await track.getByRole("link", { name: "Download as GPX" }).getAttribute("href"));
  assert.match(await saved_gpx.text(), /<trkpt lat="42.450085" lon="-73.245382">/);
  await visit.look("systems-track");

  await page.goto("/fleet");
  await row.getByRole("button", { name: "Refuse" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Refuse" }).click();
  await row.getByText("Refused").waitFor();
  assert.equal(await row.getByRole("button").count(), 0);
  await visit.end(/status of (400|401)/);
});

test("a camera's key is trusted by whoever keeps the cameras, and revoked", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/fleet");
  await visit.signIn("armorer");
  await visit.enrollApp();
  await page.goto("/fleet");
  const keys = page.getByRole("region", { name: "Keys of cameras" });
  await keys.getByText("No key is trusted").waitFor();
  await keys.getByRole("button", { name: "Trust a key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Serial of the camera").fill("BC-7");
  await dialog.getByLabel("Public key").fill("-----BEGIN PUBLIC KEY-----");
  await dialog.getByRole("button", { name: "Trust" }).click();
  await dialog.getByRole("alert").getByText("The key must be one public key in PEM").waitFor();
  await visit.look("keys-dialog");
  const { publicKey } = generateKeyPairSync("ed25519");
  await dialog.getByLabel("Public key").fill(publicKey.export({ type: "spki", format: "pem" }));
  await dialog.getByRole("button", { name: "Trust" }).click();
  const row = keys.getByRole("row", { name: "BC-7" });
  await row.getByText("Trusted", { exact: true }).waitFor();
  const digest = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("hex");
  await row.getByText(digest.replace(/(.{4})(?=.)/g, "$1 ")).waitFor();
  // One that is no certificate is no root.
  await keys.getByRole("button", { name: "Trust a root" }).click();
  await dialog.getByLabel("Certificate").fill(publicKey.export({ type: "spki", format: "pem" }));
  await dialog.getByRole("button", { name: "Trust" }).click();
  await dialog.getByRole("alert").getByText("The root must be one X.509 certificate").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await row.getByRole("button", { name: "Revoke" }).click();
  await dialog.getByLabel("Reason").fill("the camera was stolen");
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await row.getByText("Revoked", { exact: true }).waitFor();
  assert.equal(await row.getByRole("button").count(), 0);
  await visit.look("keys");
  await visit.end(/status of 400/);

  const looking = await Visit.begin(browser, town);
  await looking.page.goto("/fleet");
  await looking.signIn("supervisor");
  await looking.page.goto("/fleet");
  await looking.page.getByRole("region", { name: "Keys of cameras" }).getByRole("row", { name: "BC-7" }).waitFor();
  assert.equal(await looking.page.getByRole("button", { name: "Trust a key" }).count(), 0);
  await looking.end();
});

/** The calls of a body-worn system that encrypts, made by hand: one clip and its key object. */
async function sendEncrypted(file, film, publicKey) {
  const { BlobAPIUserName, BlobAPIKey, AuthenticationTokenURI } = JSON.parse(readFileSync(file, "utf8"));
  const given = await fetch(AuthenticationTokenURI[0], { headers: { "X-Auth-User": BlobAPIUserName, "X-Auth-Key": BlobAPIKey } });
  const put = async (path, body, headers = {}) => {
    const answer = await fetch(`${given.headers.get("X-Storage-Url")}/${path}`, { method: "PUT", headers: { "X-Auth-Token": given.headers.get("X-Auth-Token"), ...headers }, body });
    assert.equal(answer.status, 201, await answer.text());
  };
  for (const container of ["Users", "Devices"]) await put(container, "");
  await put("Users/u1", "", { "X-Object-Meta-Name": "One", "X-Object-Meta-Userid": "9100" });
  await put("Devices/c1", "", { "X-Object-Meta-Name": "Camera" });
  const container = "u1_c1_20221203T061207Z", name = "20221203T061207Z_77aa";
  await put(container, "");
  const key = randomBytes(32), iv = randomBytes(16), cipher = createCipheriv("aes-256-cbc", key, iv);
  const wrapped = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }, key);
  await put(`${container}/${name}.mp4`, Buffer.concat([cipher.update(readFileSync(film)), cipher.final()]), { "X-Object-Meta-Starttime": "1670047927" });
  await put(`${container}/${name}.key`, JSON.stringify({ EncryptedKey: wrapped.toString("base64"), ContentEncryptionIV: iv.toString("base64") }), { "X-Object-Meta-Filetype": "key" });
}

test("a clip that came encrypted is watched by whoever has the private key, and by no other", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const [mine, others, pub, file] = ["private.pem", "others.pem", "public.pem", "locked.json"].map((name) => join(town.home, name));
  writeFileSync(mine, privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(others, generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(pub, publicKey.export({ type: "spki", format: "pem" }));
  run(join(BIN, "lapel"), "camera-system", "add", "--data", town.data, "--agency", AGENCY, "--name", "Locked", "--url", town.url, "--encrypt-to", pub, "--out", file);
  await sendEncrypted(file, FILM, publicKey);

  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  const sent = [];
  page.on("request", (request) => sent.push(`${request.url()} ${request.postData() ?? ""}`));
  await page.goto("/recordings");
  await visit.signIn("clerk");
  await page.getByRole("link", { name: "20221203T061207Z_77aa.mp4" }).click();
  await page.getByRole("button", { name: "Open a view" }).click();
  await page.locator("select[name=purpose]").selectOption("review");
  await page.getByRole("button", { name: "Open the recording" }).click();
  await page.getByText("This clip came encrypted").waitFor();
  const choose = (path) => page.getByLabel("Private key (PEM)").setInputFiles(path);
  await choose(pub);
  await page.getByText("This is no private key in PEM").waitFor();
  await choose(others);
  await page.getByText("The clip is not opened by this key").waitFor();
  await visit.look("systems-locked");
  await choose(mine);
  const video = page.getByLabel("Recording player");
  await video.waitFor();
  await page.waitForFunction(() => document.querySelector("video").readyState >= 1);
  assert.ok(await video.evaluate((element) => element.duration > 10), "it plays");
  assert.ok(!sent.some((text) => text.includes("PRIVATE KEY")), "the key is sent nowhere");
  await page.getByText("2 files of one recording").waitFor();
  await visit.look("systems-unlocked");
  await visit.end();
});

test("who only sees the cameras lets nobody in", async () => {
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  await page.goto("/fleet");
  await visit.signIn("supervisor");
  await page.getByRole("table", { name: "Camera systems" }).getByRole("row", { name: "West station" }).waitFor();
  assert.equal(await page.getByRole("button", { name: /Add a camera system|New key|Refuse/ }).count(), 0);
  await visit.end();
});
