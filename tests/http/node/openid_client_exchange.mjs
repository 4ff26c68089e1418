// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, client_secret, subject_token}. Exchanges the token (RFC 8693).
// Out: the token response.
import * as client from 'openid-client';
import { run } from './run.mjs';

await run(async ({ issuer, client_id, client_secret, subject_token }) => {
  const found = await client.discovery(
    new URL(issuer), client_id, undefined, client.ClientSecretBasic(client_secret),
    { algorithm: 'oauth2' },
  );
  return client.genericGrantRequest(found, 'urn:ietf:params:oauth:grant-type:token-exchange', {
    subject_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  });
});
