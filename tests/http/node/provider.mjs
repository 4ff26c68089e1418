// SPDX-License-Identifier: Apache-2.0
// An OpenID provider, oidc-provider as it comes, with sign-in pages that take anybody's word.
// In, as the first argument: JSON of {port, pem, client_id, client_secret, redirect_uri, alg}.
// Says "ready" when it listens, on https by the certificate and key of `pem`; ends with its stdin.
import fs from 'node:fs';
import https from 'node:https';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

const { port, pem, client_id, client_secret, redirect_uri, alg } = JSON.parse(process.argv[2]);

const { privateKey } = await generateKeyPair(alg, { extractable: true });
const key = { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `provider-${alg}` };

const provider = new Provider(`https://127.0.0.1:${port}`, {
  clients: [{
    client_id,
    client_secret,
    redirect_uris: [redirect_uri],
    id_token_signed_response_alg: alg,
    require_auth_time: true,
  }],
  cookies: { keys: ['any'] },
  enabledJWA: { idTokenSigningAlgValues: [alg] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  jwks: { keys: [key] },
});

const text = fs.readFileSync(pem);
https.createServer({ cert: text, key: text }, provider.callback())
  .listen(port, '127.0.0.1', () => console.log('ready'));
process.stdin.on('end', () => process.exit(0)).resume();
