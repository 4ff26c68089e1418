// SPDX-License-Identifier: Apache-2.0
// Who asks, and how they prove it, for oauth4webapi and for openid-client, which name alike what
// they share. Of the question: {auth: "post"|"basic"|"key"|"certificate"}, with
//   "post", "basic"  client_secret
//   "key"            {jwk, alg, kid}, and {audience?, typ?} of the assertion, where the library's
//                    own are not what the profile asks for
// and {certificate, certificate_key} in PEM, for each connection.
import { Agent, fetch } from 'undici';

const algorithms = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  RS384: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  RS512: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  EdDSA: { name: 'Ed25519' }, // which names it so in the header, too (RFC 9864)
};

async function byKey(library, { jwk, alg, kid, audience, typ }) {
  const plain = { ...jwk };
  delete plain.use;
  delete plain.key_ops;
  const key = await crypto.subtle.importKey('jwk', plain, algorithms[alg], false, ['sign']);
  return library.PrivateKeyJwt({ kid, key }, {
    [library.modifyAssertion]: (header, payload) => {
      Object.assign(header, typ ? { typ } : {});
      Object.assign(payload, audience ? { aud: audience } : {});
    },
  });
}

const ways = {
  post: (library, { client_secret }) => library.ClientSecretPost(client_secret),
  basic: (library, { client_secret }) => library.ClientSecretBasic(client_secret),
  key: byKey,
  certificate: (library) => library.TlsClientAuth(),
};

export async function method(library, asker) {
  return ways[asker.auth](library, asker);
}

// What a library's request takes as an option, so that the certificate is shown.
export function transport(library, { certificate, certificate_key }) {
  if (!certificate) {
    return {};
  }
  const dispatcher = new Agent({ connect: { cert: certificate, key: certificate_key } });
  return { [library.customFetch]: (url, options) => fetch(url, { ...options, dispatcher }) };
}
