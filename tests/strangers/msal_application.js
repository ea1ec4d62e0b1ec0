// An application that signs people in by MSAL for Node, with the demo's simulated Entra as its authority.
//
// usage: NODE_EXTRA_CA_CERTS=CA.pem node msal_application.js ENVIRONMENT START_URL
//
// ENVIRONMENT holds node_modules. One JSON object a line in, one out, as of msal_application.py:
//   {"do": "become", "id": CLIENT, "registration": {...}, and "secret" or "key" and "thumbprint"}
//                                      -> {}: registered so, it goes on as that confidential client
//   {"do": "begin", "mode": MODE}      -> {"address": where the browser is sent}
//   {"do": "finish", "brought": {...}} -> {"claims": of the ID token, verified, "user": userinfo}
//   {"do": "silent"}                   -> {"cached": "cache" or "provider", "refreshed": claims}

const { createPublicKey, verify } = require("node:crypto");
const { createRequire } = require("node:module");
const { join } = require("node:path");
const { createInterface } = require("node:readline");

require("./localhost_names.js");

const [environment, start] = process.argv.slice(2);
const { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } = createRequire(join(environment, "package.json"))(
  "@azure/msal-node",
);

const entra = new URL(start);
const authority = `${entra.origin}/contoso.onmicrosoft.com`;
let clientId = "00000000-0000-0000-0000-000000000001";
const scopes = ["User.Read"];
const redirectUri = "http://localhost:49153";
// Microsoft, who would be asked about any other, does not know the demo.
const knownAuthorities = [entra.host];
let application = new PublicClientApplication({ auth: { clientId, authority, knownAuthorities } });
let flow;
let account;

const json = async (address, options) => (await fetch(address, options)).json();
const decoded = (text) => JSON.parse(Buffer.from(text, "base64url").toString());

// The claims of an ID token, by what discovery says.
async function verified(token) {
  const document = await json(`${authority}/v2.0/.well-known/openid-configuration`);
  const { keys } = await json(document.jwks_uri);
  const [header, payload, signature] = token.split(".");
  const jwk = keys.find(({ kid }) => kid === decoded(header).kid);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const message = Buffer.from(`${header}.${payload}`);
  if (!verify("RSA-SHA256", message, key, Buffer.from(signature, "base64url"))) {
    throw new Error("the signature does not hold");
  }
  const claims = decoded(payload);
  if (claims.iss !== document.issuer || claims.aud !== clientId) {
    throw new Error("another's token");
  }
  return claims;
}

const orders = {
  async become({ id, registration, secret, key, thumbprint }) {
    const registered = await fetch(`${entra.origin}/v1.0/applications`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(registration),
    });
    if (!registered.ok) throw new Error(await registered.text());
    clientId = id;
    const proof = secret
      ? { clientSecret: secret }
      : { clientCertificate: { privateKey: key, thumbprintSha256: thumbprint } };
    const auth = { clientId, authority, knownAuthorities, ...proof };
    application = new ConfidentialClientApplication({ auth });
    return {};
  },
  async begin({ mode }) {
    const random = new CryptoProvider();
    const { verifier, challenge } = await random.generatePkceCodes();
    flow = { verifier, state: random.createNewGuid(), nonce: random.createNewGuid() };
    const address = await application.getAuthCodeUrl({
      scopes,
      redirectUri,
      responseMode: mode,
      state: flow.state,
      nonce: flow.nonce,
      codeChallenge: challenge,
      codeChallengeMethod: "S256",
    });
    return { address };
  },
  async finish({ brought }) {
    const request = {
      scopes,
      redirectUri,
      code: brought.code,
      codeVerifier: flow.verifier,
      state: flow.state,
      nonce: flow.nonce,
    };
    const token = await application.acquireTokenByCode(request, brought);
    account = token.account;
    const headers = { Authorization: `Bearer ${token.accessToken}` };
    const user = await json(`${entra.origin}/oidc/userinfo`, { headers });
    return { claims: await verified(token.idToken), user };
  },
  async silent() {
    const cached = await application.acquireTokenSilent({ account, scopes });
    const fresh = await application.acquireTokenSilent({ account, scopes, forceRefresh: true });
    const source = cached.fromCache ? "cache" : "provider";
    return { cached: source, refreshed: await verified(fresh.idToken) };
  },
};

(async () => {
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    const said = await orders[order.do](order).catch((error) => ({ error: String(error) }));
    console.log(JSON.stringify(said));
  }
})();
