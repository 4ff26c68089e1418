// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, client_secret, scope?, auth: "post"|"basic"|"key",
// discovery?: "oauth2"|"oidc"}; with "key", instead of the secret, {jwk, alg, kid}.
// The token endpoint is found by discovery. Out: the token response.
import * as oauth from 'oauth4webapi';
import { privateKey } from './private_key.mjs';
import { run } from './run.mjs';

async function method({ auth, client_secret, ...own }) {
  if (auth === 'key') {
    return oauth.PrivateKeyJwt(await privateKey(own));
  }
  return (auth === 'basic' ? oauth.ClientSecretBasic : oauth.ClientSecretPost)(client_secret);
}

await run(async ({ issuer, client_id, scope, discovery = 'oauth2', ...own }) => {
  const url = new URL(issuer);
  const described = await oauth.discoveryRequest(url, { algorithm: discovery });
  const server = await oauth.processDiscoveryResponse(url, described);
  const client = { client_id };
  const response = await oauth.clientCredentialsGrantRequest(
    server, client, await method(own), new URLSearchParams(scope ? { scope } : {}),
  );
  return oauth.processClientCredentialsResponse(server, client, response);
});
