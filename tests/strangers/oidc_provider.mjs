// oidc-provider as an upstream identity provider, for the tests.
//
// usage: node oidc_provider.mjs ENVIRONMENT CERTIFICATE KEY OPTIONS
//
// ENVIRONMENT holds node_modules; OPTIONS is JSON:
//   clients      as oidc-provider has them; "certificate" of one that signs is its key
//   conforming   whether claims of scopes are at the UserInfo endpoint alone, as the standard has it
//   claims       whether it may be asked for single claims
// Serves https://localhost on a free port and says {"issuer": ...}. Whoever comes types a name: it is her
// address, verified, unless it begins with "unverified". With "factors", she used several.

import { X509Certificate, createHash, createPrivateKey, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [environment, certificate, key, text] = process.argv.slice(2);
const options = JSON.parse(text);
// Its notices about running without this and that; nobody reads them.
console.info = console.warn = console.log = () => {};
const require = createRequire(join(environment, "package.json"));
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));

// By way of PEM: Node 20 hangs where a key is exported while what generated it is collected, since both
// lock the same key.
const generate = (kind, kindOptions) =>
  createPrivateKey(
    generateKeyPairSync(kind, {
      ...kindOptions,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    }).privateKey,
  );
const jwk = (kind, kindOptions, alg) => ({
  ...generate(kind, kindOptions).export({ format: "jwk" }),
  alg,
  kid: alg,
  use: "sig",
});
const keys = [
  jwk("rsa", { modulusLength: 2048 }, "RS256"),
  jwk("rsa", { modulusLength: 2048 }, "PS256"),
  jwk("ec", { namedCurve: "P-256" }, "ES256"),
];

const clients = options.clients.map(({ certificate, ...client }) => {
  if (!certificate) return client;
  const { raw, publicKey } = new X509Certificate(certificate);
  const kid = createHash("sha256").update(raw).digest("base64url");
  return { ...client, jwks: { keys: [{ ...publicKey.export({ format: "jwk" }), kid }] } };
});

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) });
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `https://localhost:${server.address().port}`;

const provider = new Provider(issuer, {
  clients,
  jwks: { keys },
  cookies: { keys: ["a key for the tests"] },
  // What somebody used is told to whoever asks for it alone, where one can ask.
  claims: {
    openid: options.claims ? ["sub"] : ["sub", "amr"],
    amr: null,
    email: ["email", "email_verified"],
  },
  conformIdTokenClaims: options.conforming,
  features: {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: options.claims },
  },
  enabledJWA: {
    idTokenSigningAlgValues: ["RS256", "PS256", "ES256"],
  },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  async findAccount(_, sub) {
    const claims = { sub, email: sub, email_verified: !sub.startsWith("unverified") };
    return { accountId: sub, claims: async () => claims };
  },
  // Nobody is asked for consent.
  async loadExistingGrant({ oidc }) {
    const { client, session, provider } = oidc;
    const grant = new provider.Grant({
      clientId: client.clientId,
      accountId: session.accountId,
    });
    grant.addOIDCScope("openid email");
    grant.addOIDCClaims(["amr", "email", "email_verified"]);
    await grant.save();
    return grant;
  },
});

const escaped = (value) => value.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next();
  if (ctx.method === "GET") {
    const { params } = await provider.interactionDetails(ctx.req, ctx.res);
    ctx.type = "html";
    ctx.body = `<!doctype html><title>Fabrikam</title><h1>Fabrikam</h1>
      <form method="post" action="${ctx.path}">
        <input name="name" value="${escaped(params.login_hint ?? "")}">
        <input name="factors" value="">
        <button>Sign in</button>
      </form>`;
    return;
  }
  let body = "";
  for await (const chunk of ctx.req) body += chunk;
  const form = new URLSearchParams(body);
  const name = form.get("name");
  const login = { accountId: name };
  if (form.get("factors")) Object.assign(login, { amr: ["pwd", "mfa"] });
  const result = name
    ? { login }
    : { error: "access_denied", error_description: "she gave up" };
  // Writes the answer itself.
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
});

provider.on("server_error", (_, error) => console.error(error));
server.on("request", provider.callback());
process.stdout.write(`${JSON.stringify({ issuer })}\n`);

// Ends with the test, and does not stay when that was cut off.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
setTimeout(() => process.exit(3), 300_000);
