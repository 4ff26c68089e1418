// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, client_secret, api, calls}. Gets a token bound to a key of its own and
// calls the API so often. Out: {token, statuses}.
import * as oauth from 'oauth4webapi';
import { run } from './run.mjs';

await run(async ({ issuer, client_id, client_secret, api, calls }) => {
  const url = new URL(issuer);
  const server = await oauth.processDiscoveryResponse(
    url, await oauth.discoveryRequest(url, { algorithm: 'oauth2' }),
  );
  const client = { client_id };
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const response = await oauth.clientCredentialsGrantRequest(
    server, client, oauth.ClientSecretPost(client_secret), new URLSearchParams(), { DPoP },
  );
  const token = await oauth.processClientCredentialsResponse(server, client, response);
  const call = () => oauth.protectedResourceRequest(
    token.access_token, 'GET', new URL(api), undefined, undefined, { DPoP },
  );
  const statuses = [];
  for (let i = 0; i < calls; i += 1) {
    const answer = await call().catch((error) => {
      if (oauth.isDPoPNonceError(error)) {
        return call();
      }
      throw error;
    });
    statuses.push(answer.status);
  }
  return { token, statuses };
});
