// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, client_secret, scope?, auth: "post"|"basic", discovery?: "oauth2"|"oidc"}
// The token endpoint is found by discovery. Out: the token response.
import * as oauth from 'oauth4webapi';
import { run } from './run.mjs';

await run(async ({ issuer, client_id, client_secret, scope, auth, discovery = 'oauth2' }) => {
  const url = new URL(issuer);
  const described = await oauth.discoveryRequest(url, { algorithm: discovery });
  const server = await oauth.processDiscoveryResponse(url, described);
  const authenticate = auth === 'basic' ? oauth.ClientSecretBasic : oauth.ClientSecretPost;
  const client = { client_id };
  const response = await oauth.clientCredentialsGrantRequest(
    server, client, authenticate(client_secret), new URLSearchParams(scope ? { scope } : {}),
  );
  return oauth.processClientCredentialsResponse(server, client, response);
});
