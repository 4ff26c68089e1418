// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, client_secret, token, signed}. Introspects, revokes, introspects again.
// Out: {before, after}: what introspection said.
import * as client from 'openid-client';
import { run } from './run.mjs';

await run(async ({ issuer, client_id, client_secret, token, signed }) => {
  const found = await client.discovery(
    new URL(issuer), client_id, signed ? { introspection_signed_response_alg: 'RS256' } : {},
    client.ClientSecretPost(client_secret), { algorithm: 'oauth2' },
  );
  if (signed) {
    client.enableNonRepudiationChecks(found);
  }
  const before = await client.tokenIntrospection(found, token);
  await client.tokenRevocation(found, token);
  return { before, after: await client.tokenIntrospection(found, token) };
});
