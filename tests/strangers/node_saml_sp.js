// node-saml as a service provider, driven by the tests: one JSON object a line in, one out.
//
// usage: node node_saml_sp.js ENVIRONMENT OPTIONS
//
// ENVIRONMENT holds node_modules; OPTIONS are node-saml's own, as they are written in a program.
//   {"do": "redirect"}                      -> {"url": ...}
//   {"do": "post"}                          -> {"fields": {"SAMLRequest": ..., "RelayState": ...}}
//   {"do": "response", "SAMLResponse": ...} -> {"profile": ...} or {"error": ...}

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");
const { createInterface } = require("node:readline");

const [environment, options] = process.argv.slice(2);
const { SAML } = createRequire(join(environment, "package.json"))("@node-saml/node-saml");
const saml = new SAML(Function("readFileSync", `return (${options})`)(readFileSync));

const orders = {
  async redirect() {
    return { url: await saml.getAuthorizeUrlAsync("state-of-the-sp", undefined, {}) };
  },
  async post() {
    return { fields: await saml.getAuthorizeMessageAsync("state-of-the-sp", undefined, {}) };
  },
  async response({ SAMLResponse }) {
    return await saml.validatePostResponseAsync({ SAMLResponse });
  },
};

// No test takes a minute; one that was forgotten does not stay.
setTimeout(() => process.exit(3), 60_000);
const orders_in = createInterface({ input: process.stdin });
orders_in.on("close", () => process.exit(0));
orders_in.on("line", async (line) => {
  const order = JSON.parse(line);
  let answer;
  try {
    answer = await orders[order.do](order);
  } catch (error) {
    // The test reads what a stranger has to say.
    answer = { error: `${error.name}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
