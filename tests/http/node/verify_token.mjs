// SPDX-License-Identifier: Apache-2.0
// In: {token, jwks, issuer, audience, algorithms?, typ?}. Out: {payload, protectedHeader}.
import { createLocalJWKSet, jwtVerify } from 'jose';
import { run } from './run.mjs';

await run(async ({ token, jwks, issuer, audience, algorithms, typ }) => {
  const expected = { issuer, audience, algorithms, typ, requiredClaims: ['exp', 'iss', 'aud'] };
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), expected);
  return { payload, protectedHeader };
});
