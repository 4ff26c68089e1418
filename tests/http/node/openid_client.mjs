// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, scope?, discovery?: "oauth2"|"oidc", dpop?: true, api?, calls?}, and who
// asks (who.mjs). The token endpoint is found by discovery; then the API is called so often.
// Out: the token response with the calls' statuses.
import * as client from 'openid-client';
import { run } from './run.mjs';
import { method, transport } from './who.mjs';

await run(async ({ issuer, client_id, scope, discovery, dpop, api, calls = 0, ...asker }) => {
  const found = await client.discovery(
    new URL(issuer), client_id, { use_mtls_endpoint_aliases: Boolean(asker.certificate) },
    await method(client, asker), { algorithm: discovery ?? 'oauth2', ...transport(client, asker) },
  );
  const options = dpop
    ? { DPoP: client.getDPoPHandle(found, await client.randomDPoPKeyPair('ES256')) } : {};
  const token = await client.clientCredentialsGrant(found, scope ? { scope } : {}, options);
  const statuses = [];
  for (let i = 0; i < calls; i += 1) {
    const answer = await client.fetchProtectedResource(
      found, token.access_token, new URL(api), 'GET', undefined, undefined, options,
    );
    statuses.push(answer.status);
  }
  return { ...token, statuses };
});
