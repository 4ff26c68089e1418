// SPDX-License-Identifier: Apache-2.0
// In: {token_url, client_id, client_secret, scope?, auth: "post"|"basic"}. Out: the token response.
import { ClientCredentials } from 'simple-oauth2';
import { run } from './run.mjs';

await run(async ({ token_url, client_id, client_secret, scope, auth }) => {
  const { origin, pathname } = new URL(token_url);
  const client = new ClientCredentials({
    client: { id: client_id, secret: client_secret },
    auth: { tokenHost: origin, tokenPath: pathname },
    options: { authorizationMethod: auth === 'basic' ? 'header' : 'body' },
  });
  const { token } = await client.getToken(scope ? { scope } : {});
  return token;
});
