// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, client_secret, api, calls}. Gets a token bound to a key of its own and
// calls the API so often. Out: {token, statuses}.
import * as client from 'openid-client';
import { run } from './run.mjs';

await run(async ({ issuer, client_id, client_secret, api, calls }) => {
  const found = await client.discovery(
    new URL(issuer), client_id, undefined, client.ClientSecretPost(client_secret),
    { algorithm: 'oauth2' },
  );
  const DPoP = client.getDPoPHandle(found, await client.randomDPoPKeyPair('ES256'));
  const token = await client.clientCredentialsGrant(found, {}, { DPoP });
  const statuses = [];
  for (let i = 0; i < calls; i += 1) {
    const answer = await client.fetchProtectedResource(
      found, token.access_token, new URL(api), 'GET', undefined, undefined, { DPoP },
    );
    statuses.push(answer.status);
  }
  return { token, statuses };
});
