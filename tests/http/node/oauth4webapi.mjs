// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, scope?, discovery?: "oauth2"|"oidc", dpop?: true, api?, calls?}, and who
// asks (who.mjs). The token endpoint is found by discovery; then the API is called so often.
// Out: the token response with the calls' statuses.
import * as oauth from 'oauth4webapi';
import { run } from './run.mjs';
import { method, transport } from './who.mjs';

async function call(token, api, options) {
  const once = () => oauth.protectedResourceRequest(
    token, 'GET', new URL(api), undefined, undefined, options,
  );
  try {
    return await once();
  } catch (error) {
    if (oauth.isDPoPNonceError(error)) {
      return once();
    }
    throw error;
  }
}

await run(async ({ issuer, client_id, scope, discovery, dpop, api, calls = 0, ...asker }) => {
  const url = new URL(issuer);
  const options = transport(oauth, asker);
  const described = await oauth.discoveryRequest(
    url, { algorithm: discovery ?? 'oauth2', ...options },
  );
  const server = await oauth.processDiscoveryResponse(url, described);
  const client = { client_id, use_mtls_endpoint_aliases: Boolean(asker.certificate) };
  if (dpop) {
    options.DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  }
  const response = await oauth.clientCredentialsGrantRequest(
    server, client, await method(oauth, asker), new URLSearchParams(scope ? { scope } : {}),
    options,
  );
  const token = await oauth.processClientCredentialsResponse(server, client, response);
  const statuses = [];
  for (let i = 0; i < calls; i += 1) {
    statuses.push((await call(token.access_token, api, options)).status);
  }
  return { ...token, statuses };
});
