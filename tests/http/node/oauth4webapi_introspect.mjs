// SPDX-License-Identifier: Apache-2.0
// In: {issuer, client_id, client_secret, token, signed}. Introspects, revokes, introspects again.
// Out: {before, after}: what introspection said.
import * as oauth from 'oauth4webapi';
import { run } from './run.mjs';

await run(async ({ issuer, client_id, client_secret, token, signed }) => {
  const url = new URL(issuer);
  const described = await oauth.discoveryRequest(url, { algorithm: 'oauth2' });
  const server = await oauth.processDiscoveryResponse(url, described);
  const client = signed
    ? { client_id, introspection_signed_response_alg: 'RS256' } : { client_id };
  const proof = oauth.ClientSecretPost(client_secret);

  async function introspect() {
    const response = await oauth.introspectionRequest(
      server, client, proof, token, { requestJwtResponse: signed },
    );
    const found = await oauth.processIntrospectionResponse(server, client, response);
    if (signed) {
      await oauth.validateApplicationLevelSignature(server, response);
    }
    return found;
  }

  const before = await introspect();
  const response = await oauth.revocationRequest(server, client, proof, token);
  await oauth.processRevocationResponse(response);
  return { before, after: await introspect() };
});
