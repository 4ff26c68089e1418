# SPDX-License-Identifier: Apache-2.0
"""Tokens that the issuer would never issue, signed with the realm's true key or with another."""

import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import sqlite3
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jwcrypto.jwk import JWK

SEALED_VERSION = 1


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def as_json(value):
    return value if isinstance(value, (bytes, str)) else json.dumps(value, separators=(",", ":"))


def part(value):
    """A segment of a token: of a JSON value, a JSON text, or bytes."""
    value = as_json(value)
    return b64(value.encode() if isinstance(value, str) else value)


def claims_of(token):
    return json.loads(unb64(token.split(".")[1]))


def header_of(token):
    return json.loads(unb64(token.split(".")[0]))


def rs256(key, data):
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def hs256(secret, data):
    return hmac.new(secret, data, hashlib.sha256).digest()


def other_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk_of(key):
    """A private key of any kind, for jwcrypto to sign with."""
    return JWK.from_pem(key.private_bytes(serialization.Encoding.PEM,
                                          serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()))


def open_sealed(master_key, context, sealed):
    """Version, nonce, AES-256-GCM text with its tag; the context is associated data."""
    assert sealed[0] == SEALED_VERSION
    return AESGCM(master_key).decrypt(sealed[1:13], sealed[13:], context)


class Forge:
    """Opens a data folder as somebody could who has its master key, too: the newest key of a realm,
    or that of a kid."""

    def __init__(self, folder, realm, kid=None):
        self.realm = realm
        master_key = unb64((folder / "master.key").read_text("ascii").strip())
        with contextlib.closing(sqlite3.connect(folder / "registry.db")) as database:
            self.kid, sealed, self.jwk = database.execute(
                "select kid, sealed, public_jwk from signing_key where realm = ?"
                " and kid = coalesce(?, kid) order by sign_from_s desc", (realm, kid)).fetchone()
        context = realm.encode() + b"\0" + self.kid.encode()
        self.pkcs8 = open_sealed(master_key, context, sealed)
        self.master_key = master_key
        self.key = serialization.load_der_private_key(self.pkcs8, None)

    def public(self, encoding, form):
        return self.key.public_key().public_bytes(encoding, form)

    def header(self, **changes):
        """The header of a true token, changed; None takes a member out."""
        members = {"alg": "RS256", "typ": "JWT", "kid": self.kid, **changes}
        return {name: value for name, value in members.items() if value is not None}

    def sign(self, claims, header=None, key=None):
        """claims and header: values, or JSON texts as they are."""
        data = f"{part(self.header() if header is None else header)}.{part(claims)}"
        return f"{data}.{b64(rs256(key or self.key, data.encode()))}"

    def vary(self, token, header=None, **changes):
        """A true token signed anew with other claims; None takes a claim out."""
        claims = {**claims_of(token), "jti": secrets.token_urlsafe(16), **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        return self.sign(claims, header)

    def lasting(self, token, seconds):
        now = int(time.time())
        return self.vary(token, iat=now, exp=now + seconds)
