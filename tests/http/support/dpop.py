# SPDX-License-Identifier: Apache-2.0
"""Proofs of possession (RFC 9449) by a JOSE library that is not ours, and callers who send them."""
import base64
import hashlib
import json
import secrets
import time

from jwcrypto import jwk, jws

KINDS = {"ES256": {"kty": "EC", "crv": "P-256"}, "ES384": {"kty": "EC", "crv": "P-384"},
         "EdDSA": {"kty": "OKP", "crv": "Ed25519"}, "PS256": {"kty": "RSA", "size": 2048},
         "RS256": {"kty": "RSA", "size": 2048}}


def ath(token):
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Prover:
    """Who holds a key."""

    def __init__(self, alg="ES256"):
        self.alg = alg
        self.key = jwk.JWK.generate(**KINDS[alg])
        self.public = json.loads(self.key.export_public())
        self.private = json.loads(self.key.export_private())
        self.thumbprint = self.key.thumbprint()

    def header(self, **changes):
        members = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.public, **changes}
        return {name: value for name, value in members.items() if value is not None}

    def claims(self, method, url, token=None, nonce=None, **changes):
        members = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": url,
                   "iat": int(time.time()), "ath": ath(token) if token else None, "nonce": nonce,
                   **changes}
        return {name: value for name, value in members.items() if value is not None}

    def sign(self, claims, header=None, key=None):
        """A compact JWS of any header and payload; key: who signs it in truth."""
        signer = key or self
        signed = jws.JWS(json.dumps(claims) if isinstance(claims, dict) else claims)
        signed.allowed_algs = list(KINDS)
        signed.add_signature(signer.key, None, json.dumps(header or self.header()), None)
        return signed.serialize(compact=True)

    def proof(self, method, url, token=None, nonce=None, **changes):
        return self.sign(self.claims(method, url, token, nonce, **changes))


class Caller:
    """A client with a key at a house: `token` is bound to it, `nonce` the gate's last word."""

    def __init__(self, house, client, alg="ES256"):
        self.house, self.client = house, client
        self.prover = Prover(alg)
        self.nonce = None
        self.token = None

    def token_url(self):
        return self.house.issuer + "/oauth/token"

    def ask_for_token(self, proof=None, **more):
        proof = proof or self.prover.proof("POST", self.token_url())
        form = {"grant_type": "client_credentials", "client_id": self.client.id,
                "client_secret": self.client.secret, **more}
        return self.house.request("POST", f"{self.house.realm}/oauth/token", data=form,
                                  headers={"DPoP": proof})

    def get_token(self, **more):
        answer = self.ask_for_token(**more)
        assert answer.status_code == 200, answer.text
        assert answer.json()["token_type"] == "DPoP"
        self.token = answer.json()["access_token"]
        return self

    def url(self, path):
        return self.house.base() + path

    def proof(self, method, path, **changes):
        return self.prover.proof(method, self.url(path), self.token, self.nonce, **changes)

    def call_with(self, proof, path="/results/7", method="GET", scheme="DPoP", **more):
        headers = {"Authorization": f"{scheme} {self.token}", **more.pop("headers", {})}
        if proof is not None:
            headers["DPoP"] = proof
        answer = self.house.request(method, path, headers=headers, **more)
        self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
        return answer

    def call(self, path="/results/7", method="GET", **more):
        """As a good client does: with the nonce that it has, and again if it has none."""
        answer = self.call_with(self.proof(method, path), path, method, **more)
        if "use_dpop_nonce" in answer.headers.get("WWW-Authenticate", ""):
            answer = self.call_with(self.proof(method, path), path, method, **more)
        return answer
