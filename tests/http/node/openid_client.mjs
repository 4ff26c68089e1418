// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, client_secret, scope?, auth: "post"|"basic"|"key",
// discovery?: "oauth2"|"oidc"}; with "key", instead of the secret, {jwk, alg, kid}.
// The token endpoint is found by discovery. Out: the token response.
import * as client from 'openid-client';
import { privateKey } from './private_key.mjs';
import { run } from './run.mjs';

async function method({ auth, client_secret, ...own }) {
  if (auth === 'key') {
    return client.PrivateKeyJwt(await privateKey(own));
  }
  return (auth === 'basic' ? client.ClientSecretBasic : client.ClientSecretPost)(client_secret);
}

await run(async ({ issuer, client_id, scope, discovery = 'oauth2', ...own }) => {
  const options = { algorithm: discovery };
  const server = new URL(issuer);
  const found = await client.discovery(
    server, client_id, undefined, await method(own), options,
  );
  return client.clientCredentialsGrant(found, scope ? { scope } : {});
});
