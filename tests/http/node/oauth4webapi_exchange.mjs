// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, client_secret, subject_token}. Exchanges the token (RFC 8693).
// Out: the token response.
import * as oauth from 'oauth4webapi';
import { run } from './run.mjs';

await run(async ({ issuer, client_id, client_secret, subject_token }) => {
  const url = new URL(issuer);
  const described = await oauth.discoveryRequest(url, { algorithm: 'oauth2' });
  const server = await oauth.processDiscoveryResponse(url, described);
  const client = { client_id };
  const response = await oauth.genericTokenEndpointRequest(
    server, client, oauth.ClientSecretPost(client_secret),
    'urn:ietf:params:oauth:grant-type:token-exchange',
    { subject_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
  );
  return oauth.processGenericTokenEndpointResponse(server, client, response);
});
