// SPDX-License-Identifier: Apache-2.0
// A certified OpenID provider, the npm package oidc-provider, as an agency's own: node oidc_provider.mjs CLIENT_SECRET REDIRECT_URI.
// Whoever types a login of its people is signed in. What its pages ask stands here; what its tokens say is the package's.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(fileURLToPath(new URL("../../web/package.json", import.meta.url)));
const { default: Provider } = await import(require.resolve("oidc-provider"));
const [secret, ...redirects] = process.argv.slice(2);

/** sub: name, groups, whether more than a password is shown, and for how many seconds they have been signed in there. */
const PEOPLE = {
  doe: { name: "Jamie Doe", groups: ["Officers"], mfa: true },
  boss: { name: "Robin Boss", groups: ["Chiefs", "Records"], mfa: true, since: 600 },
  lazy: { name: "Lou Lazy", groups: ["Officers"], mfa: false },
  guest: { name: "Gil Guest", groups: ["Visitors"], mfa: true },
  ...JSON.parse(process.env.MORE_PEOPLE ?? "{}"),
};

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(url, {
  clients: [{ client_id: "lapel", client_secret: secret, redirect_uris: redirects, grant_types: ["authorization_code"], response_types: ["code"] }],
  claims: { openid: ["sub", "amr"], profile: ["name", "preferred_username"], groups: ["groups"], acr: null, auth_time: null, iss: null, sid: null },
  scopes: ["openid", "profile", "groups"],
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  cookies: { keys: ["of a test"] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id, name: PEOPLE[id].name, groups: PEOPLE[id].groups }) }),
  // The agency's people are not asked whether their agency may know who they are.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid profile groups");
    await grant.save();
    return grant;
  },
});
const answer = provider.callback();
server.on("request", (request, response) => {
  if (request.url === "/favicon.ico") return void response.writeHead(204).end();
  if (!request.url.startsWith("/interaction/")) return void answer(request, response);
  if (request.method === "GET") {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(`<!doctype html><html lang="en"><title>Ashfield ID</title><main><h1>Ashfield ID</h1><form method="post">
      <label>User name <input name="login" autofocus></label><button>Continue</button><button name="cancel" value="1">Cancel</button></form></main>`);
    return;
  }
  let body = "";
  request.on("data", (bytes) => (body += bytes));
  request.on("end", async () => {
    const form = new URLSearchParams(body);
    const login = form.get("login");
    const { params } = await provider.interactionDetails(request, response);
    const ago = params.prompt === "login" ? 0 : (PEOPLE[login]?.since ?? 0);
    const result =
      form.has("cancel") || !Object.hasOwn(PEOPLE, login)
        ? { error: "access_denied", error_description: "Turned down" }
        : { login: { accountId: login, amr: PEOPLE[login].mfa ? ["pwd", "mfa"] : ["pwd"], ts: Math.floor(Date.now() / 1000) - ago } };
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false }).catch((error) => response.destroy(error));
  });
});
console.log(`listening on ${url}`);
