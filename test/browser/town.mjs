// SPDX-License-Identifier: Apache-2.0
// A town for browser tests: the real server on a data directory of its own, and a browser that is watched: no request
// leaves the origin, the console stays clean but for what a test says it provokes.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(join(ROOT, "web/package.json"));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const BIN = process.env.LAPEL_BIN ?? join(ROOT, "build/bin");
const WEB = process.env.LAPEL_WEB ?? join(ROOT, "build/share/lapel/web");
const SHOTS = process.env.SHOTS;
export const PASSWORD = "correct horse battery staple";
export const AGENCY = "Ashfield Police Department";

export const video = (path) => join(ROOT, "test/data/video", path);
/** H.264 and AAC, 13 seconds: a browser plays and seeks it. */
export const FILM = video("pytorch+torchcodec/test/resources/nasa_13013.mp4");

export function run(...words) {
  const done = spawnSync(words[0], words.slice(1), { encoding: "utf8" });
  assert.equal(done.status, 0, `${words.join(" ")}: ${done.stderr}`);
  return done.stdout;
}

/** The real OpenID provider of the tests, as a process of its own, and where it listens. */
export async function startProvider(secret, returns, environment = {}) {
  const provider = spawn(process.execPath, [join(ROOT, "test/browser/oidc_provider.mjs"), secret, returns], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  const url = await new Promise((resolve, reject) => {
    let text = "";
    provider.stdout.on("data", (bytes) => {
      text += bytes;
      const found = /^listening on (\S+)$/m.exec(text);
      if (found) resolve(found[1]);
    });
    provider.on("exit", (code) => reject(new Error(`the provider ended with ${code}`)));
  });
  return { provider, url };
}

export class Town {
  home = mkdtempSync(join(tmpdir(), "lapel-browser-"));
  data = join(this.home, "data");
  port = 0;
  server;

  constructor({ secondFactor = "optional", administrator = true, beat = 3600 } = {}) {
    const password = join(this.home, "password");
    writeFileSync(password, `${PASSWORD}\n`);
    this.vkey = run(join(BIN, "lapel"), "init", "--data", this.data, "--agency", AGENCY, "--host", "ledger.example", "--beat", String(beat),
      ...(administrator ? ["--admin", "chief", "--password-file", password] : [])).trim();
    if (!administrator) return;
    run(join(BIN, "lapel"), "sign-in", "rules", "--data", this.data, "--agency", AGENCY, "--second-factor", secondFactor);
    for (const [login, role] of [["clerk", "records"], ["hill", "officer"], ["union", "union"], ["detective", "investigator"], ["captain", "command"], ["keeper", "records"]]) {
      run(join(BIN, "lapel"), "user", "add", "--data", this.data, "--agency", AGENCY, "--login", login, "--name", `Pat ${login}`, "--badge",
        `b-${login}`, "--role", role, "--password-file", password);
    }
  }

  /** The server's clock goes ahead by so much; before its first start. */
  advance(seconds) {
    const library = join(this.home, "false_clock.so");
    const offset = join(this.home, "clock");
    if (this.clock === undefined) run("cc", "-shared", "-fPIC", "-O1", "-o", library, join(ROOT, "test/server/false_clock.c"), "-ldl");
    this.ahead = (this.ahead ?? 0) + seconds;
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(this.ahead) * 1_000_000_000n);
    // In place: the server has the file mapped.
    writeFileSync(offset, bytes, { flag: this.clock === undefined ? "w" : "r+" });
    this.clock = { LD_PRELOAD: library, FALSE_CLOCK: offset };
    return this;
  }

  /** Starts on the port it had before, so that an open page finds it again. */
  async start() {
    const server = spawn(join(BIN, "lapel"), ["serve", "--data", this.data, "--listen", `127.0.0.1:${this.port}`, "--web", WEB], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.clock },
    });
    this.server = server;
    let errors = "";
    server.stderr.on("data", (bytes) => (errors += bytes));
    const line = await new Promise((resolve, reject) => {
      let text = "";
      server.stdout.on("data", (bytes) => {
        text += bytes;
        this.setupLink = /^set up .* at (\S+)$/m.exec(text)?.[1];
        if (text.includes("\n")) resolve(text);
      });
      server.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${errors}`)));
    });
    this.port = Number(/:(\d+)\n/.exec(line)[1]);
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async kill() {
    if (this.server === undefined || this.server.exitCode !== null) return;
    const gone = new Promise((resolve) => this.server.on("exit", resolve));
    this.server.kill("SIGKILL");
    await gone;
  }

  async end() {
    await this.kill();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** RFC 6238 by hand. */
export function totp(secret, at = Date.now()) {
  const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac("sha1", key).update(step).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

export async function openBrowser() {
  // Without it Chromium drops a file to be sent whose name is not ASCII, where nobody has set a locale.
  const browser = await chromium.launch({
    env: { ...process.env, LC_ALL: "C.UTF-8" },
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"],
  });
  const close = browser.close.bind(browser);
  browser.close = async () => {
    for (const visit of OPEN) await visit.tell().catch(() => undefined);
    return close();
  };
  return browser;
}

/** Visits that have not been ended: where a test failed, what its pages showed then. */
const OPEN = new Set();

const PATIENCE_MS = 120_000;
const PAUSE_MS = 20;

/**
 * What find() makes of the first answer of ask() that it makes something of. What is waited for decides, and not the time: between
 * two questions the processor is left to the server, and the end of patience is a failure.
 */
export async function until(ask, find, what = "what was waited for") {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    const found = find(await ask());
    if (found) return found;
    await pause(PAUSE_MS);
  }
  return assert.fail(`${what} does not come`);
}

/** A page in a context of its own, and everything it did that it should not have. */
export class Visit {
  console = [];
  foreign = [];

  static async begin(browser, town, options = {}) {
    const visit = new Visit();
    visit.town = town;
    visit.context = await browser.newContext({ baseURL: town.url, timezoneId: "America/New_York", locale: "en-US", viewport: { width: 1280, height: 800 }, ...options });
    visit.page = await visit.context.newPage();
    visit.page.setDefaultTimeout(60_000);
    visit.page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") visit.console.push(message.text());
    });
    visit.page.on("pageerror", (error) => visit.console.push(String(error)));
    visit.page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.origin !== town.url && url.protocol !== "blob:") visit.foreign.push(request.url());
    });
    OPEN.add(visit);
    return visit;
  }

  async signIn(login, password = PASSWORD) {
    const { page } = this;
    await page.getByLabel("Login").fill(login);
    await page.getByLabel("Password", { exact: true }).fill(password);
    // Leaving the page before the answer would leave nobody signed in.
    const answer = page.waitForResponse((response) => response.request().method() === "POST" && response.url().endsWith("/api/v1/session"));
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await answer;
  }

  /** An authenticator app for whoever is signed in. Its code of this half minute is used up; the next one counts. */
  async enrollApp() {
    const ask = async (path, data) => (await this.context.request.post(`/api/v1/account/${path}`, { headers: { "X-Lapel": "1" }, data })).json();
    const { secret } = await ask("totp", {});
    assert.equal((await ask("totp/confirm", { code: totp(secret), name: "Phone" })).recovery_codes.length, 10);
    await this.page.reload();
    return secret;
  }

  /** No violation of WCAG 2.0 to 2.2 A and AA, in either theme; with SHOTS=DIR also a picture of each. */
  async look(name) {
    const { page } = this;
    for (const theme of ["light", "dark"]) {
      await page.evaluate((value) => (document.documentElement.dataset.theme = value), theme);
      // Straight through the debugger: the page's own policy allows no script but the app's.
      await page.evaluate(AXE);
      const violations = await page.evaluate(async () => {
        const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
        const result = await globalThis.axe.run(document, { runOnly: tags });
        return result.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
      });
      if (SHOTS) {
        mkdirSync(SHOTS, { recursive: true });
        await page.screenshot({ path: join(SHOTS, `${name}-${theme}.png`), fullPage: true });
      }
      assert.deepEqual(violations, [], `${name}, ${theme}`);
    }
    await page.evaluate(() => delete document.documentElement.dataset.theme);
  }

  /** On standard error, for whoever reads why a test failed. */
  async tell() {
    const text = await this.page.locator("body").innerText({ timeout: 5_000 });
    const states = await this.page.locator("[data-state]").evaluateAll((all) => all.map((each) => each.dataset.state));
    console.error([`left open: ${this.page.url()}`, text, `states: ${states}`, ...this.console].join("\n").replaceAll(/^/gm, "| "));
  }

  /** Ends the visit. `provoked`: what the console was made to say by this test; each must have been said. */
  async end(...provoked) {
    OPEN.delete(this);
    await this.context.close();
    for (const pattern of provoked) assert.ok(this.console.some((text) => pattern.test(text)), `the console did not say ${pattern}`);
    assert.deepEqual(this.console.filter((text) => !provoked.some((pattern) => pattern.test(text))), []);
    assert.deepEqual(this.foreign, []);
  }
}
