// SPDX-License-Identifier: Apache-2.0
// A rendition in a browser: served by the real server in ranges, it plays, tells its length and size, and seeks.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BIN, FILM, openBrowser, Town, Visit } from "./town.mjs";

let town, browser, home;

before(async () => {
  home = mkdtempSync(join(tmpdir(), "lapel-rendition-"));
  town = await new Town().start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await town?.end();
  rmSync(home, { recursive: true, force: true });
});

/** By the worker itself, with the descriptors that a server gives it. */
function render(source, lines) {
  const path = join(home, "rendition.mp4");
  writeFileSync(join(home, "request"), `${JSON.stringify({ job: "rendition", v: 1, watermark: lines })}\n`);
  const answer = join(home, "answer");
  const files = [openSync(source, "r"), openSync(join(home, "request"), "r"), openSync(answer, "w"), openSync(path, "w+")];
  const done = spawnSync(join(BIN, "lapel-media"), ["--rendition"], { stdio: ["ignore", "ignore", "ignore", ...files], env: {} });
  files.forEach((file) => closeSync(file));
  assert.equal(done.status, 0, String(done.signal));
  const { rendition } = JSON.parse(readFileSync(answer, "utf8"));
  assert.ok(rendition);
  return { path, rendition };
}

test("a rendition plays, tells its length and size, and seeks in ranges", async () => {
  const { path, rendition } = render(FILM, ["Jane Doe", "jane.doe@example.org"]);
  const visit = await Visit.begin(browser, town);
  const { page } = visit;
  const ranges = [];
  page.on("response", (answer) => {
    if (answer.status() === 206) ranges.push(answer.headers()["content-range"]);
  });
  await page.goto("/upload");
  await visit.signIn("clerk");
  await page.locator("input[type=file]").setInputFiles(path);
  await page.locator("[data-state=sealed]").waitFor();
  await page.getByRole("link", { name: "Recordings", exact: true }).click();
  await page.getByRole("link", { name: "rendition.mp4" }).click();
  await page.getByRole("button", { name: "Open a view" }).click();
  await page.locator("select[name=purpose]").selectOption("review");
  await page.getByRole("button", { name: "Open the recording" }).click();
  await page.locator("video").waitFor();
  await page.waitForFunction(() => document.querySelector("video").readyState >= 2);
  const seen = await page.evaluate(() => {
    const { duration, videoWidth, videoHeight, seekable } = document.querySelector("video");
    return { duration, videoWidth, videoHeight, end: seekable.end(0) };
  });
  assert.deepEqual([seen.videoWidth, seen.videoHeight], [rendition.width, rendition.height]);
  assert.ok(Math.abs(seen.duration - rendition.duration_ms / 1000) < 0.1, String(seen.duration));
  assert.equal(seen.end, seen.duration);

  const shown = new Set();
  for (const at of [seen.duration / 2, 11, 1.25]) {
    await page.evaluate((time) => (document.querySelector("video").currentTime = time), at);
    await page.waitForFunction((time) => !document.querySelector("video").seeking && Math.abs(document.querySelector("video").currentTime - time) < 0.01, at);
    await page.waitForFunction(() => document.querySelector("video").readyState >= 2);
    // What is shown is another picture each time.
    shown.add(await page.evaluate(() => {
      const video = document.querySelector("video");
      const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 });
      const drawing = canvas.getContext("2d");
      drawing.drawImage(video, 0, 0, 64, 36);
      return drawing.getImageData(0, 0, 64, 36).data.join();
    }));
  }
  assert.equal(shown.size, 3);
  await page.evaluate(() => (document.querySelector("video").currentTime = 0));
  await page.evaluate(() => document.querySelector("video").play());
  await page.waitForFunction(() => document.querySelector("video").currentTime > 0.5);
  assert.ok(ranges.length > 0, "no range was asked for");
  await visit.end();
});
