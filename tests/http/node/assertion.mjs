// SPDX-License-Identifier: Apache-2.0
// In: {client_id, audience, alg, kid, jwk}. Out: {assertion}, made by the library jose.
import { importJWK, SignJWT } from 'jose';
import { run } from './run.mjs';

await run(async ({ client_id, audience, alg, kid, jwk }) => {
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .setIssuer(client_id)
    .setSubject(client_id)
    .setAudience(audience)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime('4m')
    .sign(await importJWK(jwk, alg));
  return { assertion };
});
