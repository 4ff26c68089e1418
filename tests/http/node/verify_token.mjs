// SPDX-License-Identifier: Apache-2.0
// In: {token, jwks, issuer, audience, algorithms?, typ?, required?}: claims that must be there.
// Out: {payload, protectedHeader}.
import { createLocalJWKSet, jwtVerify } from 'jose';
import { run } from './run.mjs';

await run(async ({ token, jwks, issuer, audience, algorithms, typ, required }) => {
  const requiredClaims = required ?? ['exp', 'iss', 'aud'];
  const expected = { issuer, audience, algorithms, typ, requiredClaims };
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), expected);
  return { payload, protectedHeader };
});
