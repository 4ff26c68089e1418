// SPDX-License-Identifier: Apache-2.0
// An authorisation server for calling systems: oidc-provider as it comes, with client credentials,
// DPoP whose proofs must have a nonce, and certificates.
// In, as the first argument: JSON of {port, pem, resource, clients}.
// Says "ready" when it listens, on https by the certificate and key of `pem`; ends with its stdin.
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import Provider from 'oidc-provider';

const { port, pem, resource, clients } = JSON.parse(process.argv[2]);

// The client's, in PEM, from the connection itself.
function getCertificate({ req }) {
  const { raw } = req.socket.getPeerCertificate();
  return raw && `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----`;
}

const getResourceServerInfo = () => (
  { scope: 'results.read', accessTokenFormat: 'jwt', accessTokenTTL: 120 });

const provider = new Provider(`https://127.0.0.1:${port}`, {
  clients: clients.map((client) => ({
    redirect_uris: [], response_types: [], grant_types: ['client_credentials'], ...client })),
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt',
    'self_signed_tls_client_auth'],
  cookies: { keys: ['any'] },
  features: {
    clientCredentials: { enabled: true },
    dPoP: { enabled: true, nonceSecret: crypto.randomBytes(32), requireNonce: () => true },
    mTLS: {
      enabled: true, certificateBoundAccessTokens: true, selfSignedTlsClientAuth: true,
      getCertificate },
    resourceIndicators: { enabled: true, defaultResource: () => resource, getResourceServerInfo },
  },
});

const text = fs.readFileSync(pem);
https.createServer({ cert: text, key: text, requestCert: true, rejectUnauthorized: false },
  provider.callback()).listen(port, '127.0.0.1', () => console.log('ready'));
process.stdin.on('end', () => process.exit(0)).resume();
