// SPDX-License-Identifier: Apache-2.0
// A backend service as SMART App Launch and NHS England's API platform describe it, of the library
// jose alone. In: {issuer, client_id, scope?, alg, kid, jwk, life, api, fhir?}; `fhir` is the
// base of an API, below which SMART's document is read instead of the issuer's.
// Out: {token, status}: the token response, and what the API answered.
import { importJWK, SignJWT } from 'jose';
import { run } from './run.mjs';

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

async function assertion({ client_id, alg, kid, jwk, life }, audience) {
  return new SignJWT({})
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .setIssuer(client_id)
    .setSubject(client_id)
    .setAudience(audience)
    .setJti(crypto.randomUUID())
    .setExpirationTime(life)
    .sign(await importJWK(jwk, alg));
}

await run(async ({ issuer, scope, api, fhir, ...self }) => {
  const described = await fetch(fhir ? `${fhir}/.well-known/smart-configuration`
    : `${issuer}/.well-known/oauth-authorization-server`);
  const { token_endpoint } = await described.json();
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: TYPE,
    client_assertion: await assertion(self, token_endpoint),
    ...(scope ? { scope } : {}),
  });
  const response = await fetch(token_endpoint, { method: 'POST', body });
  const token = await response.json();
  if (!response.ok) {
    throw Object.assign(new Error('no token'), { data: { payload: token } });
  }
  const headers = { Authorization: `Bearer ${token.access_token}` };
  const answer = await fetch(api, { headers });
  await answer.arrayBuffer(); // what is not read keeps Node 18 waiting
  return { token, status: answer.status };
});
