# SPDX-License-Identifier: Apache-2.0
"""Clients that prove themselves by a key: their key sets and their assertions (RFC 7523)."""
import json
import secrets
import time

from authlib.common.urls import add_params_to_qs
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from jwcrypto import jwk, jws

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KINDS = {"RS": {"kty": "RSA", "size": 2048}, "PS": {"kty": "RSA", "size": 2048},
         "ES256": {"kty": "EC", "crv": "P-256"}, "ES384": {"kty": "EC", "crv": "P-384"},
         "ES512": {"kty": "EC", "crv": "P-521"}, "EdDSA": {"kty": "OKP", "crv": "Ed25519"}}


def make_key(alg, kid="k1"):
    kind = KINDS.get(alg) or KINDS[alg[:2]]
    return jwk.JWK.generate(kid=kid, alg=alg, use="sig", **kind)


def key_set(*keys):
    """The JWK set of the public halves, as text."""
    return json.dumps({"keys": [json.loads(key.export_public()) for key in keys]})


class KeyClient:
    """A client of a house with a key pair."""

    def __init__(self, house, client, key):
        self.house, self.id, self.key = house, client.id, key
        self.client = client

    @property
    def token_url(self):
        return self.house.issuer + "/oauth/token"

    def claims(self, **changed):
        now = int(time.time())
        made = {"iss": self.id, "sub": self.id, "aud": self.token_url, "iat": now,
                "exp": now + 240, "jti": secrets.token_hex(16), **changed}
        return {name: value for name, value in made.items() if value is not None}

    def sign(self, claims=None, key=None, **header):
        key = key or self.key
        named = {"alg": key["alg"], "kid": key["kid"], "typ": "JWT", **header}
        named = {name: value for name, value in named.items() if value is not None}
        token = jws.JWS(json.dumps(claims or self.claims()))
        token.allowed_algs = [named["alg"]]
        token.add_signature(key, None, json.dumps(named))
        return token.serialize(compact=True)

    def ask(self, assertion=None, **more):
        """The answer to a token request."""
        return self.house.token_response(client_assertion_type=TYPE,
                                         client_assertion=assertion or self.sign(), **more)

    def add_keys(self, *keys):
        """Registers a set by value; its id."""
        path = self.house.home / f"{secrets.token_hex(4)}.jwks"
        path.write_text(key_set(*keys), encoding="utf-8")
        return self.house.cli("client", "key", "add", "--client", self.id, "--jwks",
                              path)["key_id"]


def enrol(house, alg="ES256", profile="documented", kid="k1", register=True, bind="none"):
    """A client with an agreement, whose key is registered by value. Without a profile it has its
    realm's."""
    client = house.onboard(f"Keys {alg}", "results", "results.read results.write")
    own = ["--profile", profile] if profile else []
    house.cli("client", "set", client.id, "--auth", "private_key_jwt", "--bind", bind, *own)
    made = KeyClient(house, client, make_key(alg, kid))
    if register:
        made.add_keys(made.key)
    return made


def authlib_session(house, client, audience):
    """Authlib's own signature; its PrivateKeyJWT names no kid in the header."""
    def prove(auth, method, uri, headers, body):
        assertion = private_key_jwt_sign(
            auth.client_secret, client.id, audience, client.key["alg"], expires_in=300,
            header={"kid": client.key["kid"], "typ": "JWT"})
        return uri, headers, add_params_to_qs(body, [
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion.decode())])

    pem = client.key.export_to_pem(private_key=True, password=None)
    session = OAuth2Session(client.id, pem, token_endpoint_auth_method="private_key_jwt")
    session.verify, session.trust_env = str(house.ca), False
    session.register_client_auth_method(("private_key_jwt", prove))
    return session
