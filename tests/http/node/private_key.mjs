// SPDX-License-Identifier: Apache-2.0
// A private JWK as Web Crypto has it, for clients that prove themselves by a key.
const algorithms = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
};

export async function privateKey({ jwk, alg, kid }) {
  const plain = { ...jwk };
  delete plain.use;
  delete plain.key_ops;
  const key = await crypto.subtle.importKey('jwk', plain, algorithms[alg], false, ['sign']);
  return { kid, key };
}
