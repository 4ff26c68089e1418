// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, client_secret, scope?, auth: "post"|"basic", discovery?: "oauth2"|"oidc"}
// The token endpoint is found by discovery. Out: the token response.
import * as client from 'openid-client';
import { run } from './run.mjs';

await run(async ({ issuer, client_id, client_secret, scope, auth, discovery = 'oauth2' }) => {
  const authenticate = auth === 'basic' ? client.ClientSecretBasic : client.ClientSecretPost;
  const options = { algorithm: discovery };
  const server = new URL(issuer);
  const found = await client.discovery(
    server, client_id, undefined, authenticate(client_secret), options,
  );
  return client.clientCredentialsGrant(found, scope ? { scope } : {});
});
