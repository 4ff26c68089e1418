// SPDX-License-Identifier: Apache-2.0
//
// Calls each URL that it reads from standard input, and writes the status that came back. Node.js
// 18 or later; NODE_EXTRA_CA_CERTS=ca.pem for a development certificate.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const { TOKEN_URL, CLIENT_ID, SECRET_FILE } = process.env;
const form = new URLSearchParams({
  grant_type: "client_credentials",
  client_id: CLIENT_ID,
  client_secret: readFileSync(SECRET_FILE, "ascii").trim(),
});
let token;
let renewAt = 0;
let asking;

async function ask() {
  const asked = performance.now();
  const answer = await fetch(TOKEN_URL, {
    method: "POST", body: form, redirect: "error", signal: AbortSignal.timeout(10000),
  });
  if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
  const body = await answer.json();
  token = body.access_token;
  renewAt = asked + 1000 * (body.expires_in - Math.min(30, body.expires_in / 5));
}

// A good token, and not the one that an API refused; one request for all who wait.
async function getToken(refused) {
  if (!token || token === refused || performance.now() >= renewAt) {
    asking ??= ask().finally(() => { asking = undefined; });
    await asking;
  }
  return token;
}

async function call(url, options = {}) {
  const send = (bearer) => fetch(url, {
    redirect: "manual", ...options,
    headers: { ...options.headers, Authorization: `Bearer ${bearer}` },
  });
  const used = await getToken();
  const answer = await send(used);
  if (!answer.headers.get("WWW-Authenticate")?.includes('error="invalid_token"')) return answer;
  await answer.body?.cancel();
  return send(await getToken(used));
}

for await (const url of createInterface({ input: process.stdin })) {
  const answer = await call(url);
  await answer.body?.cancel();
  console.log(answer.status);
}
