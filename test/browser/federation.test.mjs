// SPDX-License-Identifier: Apache-2.0
// Signing in through a real identity provider, as people do it: there and back across sites, which a browser's cookies notice.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AGENCY, BIN, openBrowser, run, startProvider, Town, Visit } from "./town.mjs";

const SECRET = "secret of the client";
let town, browser, provider, providerUrl;

before(async () => {
  town = await new Town({ secondFactor: "required" }).start();
  browser = await openBrowser();
  ({ provider, url: providerUrl } = await startProvider(SECRET, `${byName()}/sign-in/return`));
  const secret = join(town.home, "client-secret");
  writeFileSync(secret, `${SECRET}\n`);
  run(join(BIN, "lapel"), "sign-in", "provider", "set", "--data", town.data, "--agency", AGENCY, "--name", "Ashfield ID", "--issuer", providerUrl,
    "--client-id", "lapel", "--client-secret-file", secret, "--map", "Officers=officer", "--map", "Chiefs=administrator", "--map", "Records=records",
    "--scope", "profile,groups", "--add-newcomers");
});
after(async () => {
  await browser?.close();
  provider?.kill();
  await town?.end();
});

const byName = () => town.url.replace("127.0.0.1", "localhost");

async function visit(path) {
  const visiting = await Visit.begin(browser, { url: byName() });
  await visiting.page.goto(path);
  return { visiting, page: visiting.page };
}

async function through(page, login) {
  await page.getByRole("button", { name: "Sign in with Ashfield ID" }).click();
  await page.getByRole("heading", { name: "Ashfield ID" }).waitFor();
  await page.getByLabel("User name").fill(login);
  await page.getByRole("button", { name: "Continue" }).click();
}

/** The provider is the one other site that is gone to. */
async function end(visiting, ...provoked) {
  assert.ok(visiting.foreign.length > 0);
  visiting.foreign = visiting.foreign.filter((url) => !url.startsWith(`${providerUrl}/`));
  await visiting.end(...provoked);
}

test("an officer signs in there, is entered here, and is back where they were going", async () => {
  const { visiting, page } = await visit("/recordings?incident=22-1187");
  await page.getByRole("button", { name: "Sign in with Ashfield ID" }).waitFor();
  await visiting.look("sign-in-with-provider");
  await through(page, "doe");
  await page.getByRole("heading", { name: "Recordings", exact: true }).waitFor();
  assert.equal(page.url(), `${byName()}/recordings?incident=22-1187`);
  await page.getByText("Signed in as doe").waitFor();
  const cookies = await visiting.context.cookies(byName());
  assert.deepEqual(cookies.map((cookie) => [cookie.name, cookie.sameSite, cookie.httpOnly]), [["lapel-session", "Strict", true]]);
  // The session stands when the page is loaded anew.
  await page.reload();
  await page.getByText("Signed in as doe").waitFor();
  await end(visiting);
});

test("an administrator confirms there what takes a factor shown now, and has no factor of their own here", async () => {
  const { visiting, page } = await visit("/");
  const devtools = await visiting.context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await through(page, "boss");
  await page.getByRole("heading", { name: "Recordings", exact: true }).waitFor();
  await page.getByRole("link", { name: "Robin Boss" }).click();
  await page.getByRole("heading", { name: "Your account" }).waitFor();
  await page.getByText("identity provider", { exact: false }).first().waitFor();
  assert.equal(await page.getByLabel("New password").count(), 0);
  await visiting.look("account-of-provider");
  // The provider asked ten minutes ago who this is; for this it asks again.
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("heading", { name: "Show again that it is you" }).waitFor();
  await visiting.look("again-through-provider");
  await page.getByRole("button", { name: "Sign in again with Ashfield ID" }).click();
  await page.getByLabel("User name").fill("boss");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { name: "Your account" }).waitFor();
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByText("This account signs in through the agency's identity provider: it has no second factor here").waitFor();
  await visiting.look("factor-of-provider");
  await end(visiting, /401/, /403/);
});

test("who shows no second factor there, has no role here or turns it down is told so and is nobody", async () => {
  const { visiting, page } = await visit("/recordings");
  await through(page, "lazy");
  await page.getByText(/more than a password was shown, which your agency requires/).waitFor();
  assert.equal(page.url(), `${byName()}/sign-in/return`, "the code stays in the address");
  await visiting.look("provider-refused");
  await page.getByRole("button", { name: "Back to signing in" }).click();
  await page.getByRole("button", { name: "Sign in with Ashfield ID" }).waitFor();
  await visiting.context.clearCookies({ domain: "127.0.0.1" });
  await through(page, "guest");
  await page.getByText("Your account at Ashfield ID is in no group that has a role here").waitFor();
  await page.getByRole("button", { name: "Back to signing in" }).click();
  await visiting.context.clearCookies({ domain: "127.0.0.1" });
  await page.getByRole("button", { name: "Sign in with Ashfield ID" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("it was told there that you do not sign in").waitFor();
  assert.deepEqual((await visiting.context.cookies(byName())).filter((cookie) => cookie.name === "lapel-session"), []);
  await end(visiting, /401/, /403/);
});

test("a link with another's code signs nobody in", async () => {
  // The attacker goes there and back, and keeps what came back for somebody else to open.
  const attacker = await visit("/");
  let link;
  attacker.page.on("request", (request) => {
    if (request.url().includes("/sign-in/return?")) link = request.url();
  });
  await attacker.page.route("**/api/v1/session/provider/return", (route) => route.abort());
  await through(attacker.page, "doe");
  await attacker.page.getByRole("heading", { name: "You are not signed in" }).waitFor();
  assert.match(link, /code=/);
  const victim = await visit(link);
  await victim.page.getByText(/this browser began no sign-in there/).waitFor();
  assert.deepEqual(await victim.visiting.context.cookies(byName()), []);
  await victim.visiting.end(/401/);
  await attacker.visiting.context.close();
});

test("where several agencies share a server, people name theirs first", async () => {
  run(join(BIN, "lapel"), "agency", "add", "--data", town.data, "--name", "Otherton Police");
  const { visiting, page } = await visit("/recordings");
  const field = page.getByLabel("Your agency's short name");
  await field.waitFor();
  await visiting.look("sign-in-several-agencies");
  for (const name of ["otherton-police", "nobody"]) {
    await field.fill(name);
    await field.press("Enter");
    await page.getByText(/No agency of that name signs in through an identity provider here/).waitFor();
  }
  await visiting.look("sign-in-no-such-agency");
  await field.fill("ashfield-police-department");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("User name").fill("doe");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Signed in as doe").waitFor();
  await page.getByText("No recordings yet").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  // The browser remembers which.
  await page.getByRole("button", { name: "Sign in with Ashfield ID" }).waitFor();
  await end(visiting, /404/);
});
