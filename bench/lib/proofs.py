# SPDX-License-Identifier: Apache-2.0
"""What clients prove themselves with, made ahead by a library that is not ours."""
import base64
import hashlib
import json
import subprocess
import time
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ASSERTION_TYPE = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
ASSERTION_LIFE_S = 300


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size):
    return base64url(value.to_bytes(size, "big"))


class RsaKey:
    """RSA of 2048 bits, under RS512."""
    alg = "RS512"

    def __init__(self):
        self.private = rsa.generate_private_key(65537, 2048)
        numbers = self.private.public_key().public_numbers()
        self.jwk = {"kty": "RSA", "n": number(numbers.n, 256), "e": number(numbers.e, 3)}

    def sign(self, text):
        return self.private.sign(text, padding.PKCS1v15(), hashes.SHA512())


class EcKey:
    """P-256, under ES256."""
    alg = "ES256"

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())
        numbers = self.private.public_key().public_numbers()
        self.jwk = {"kty": "EC", "crv": "P-256", "x": number(numbers.x, 32),
                    "y": number(numbers.y, 32)}

    def sign(self, text):
        r, s = decode_dss_signature(self.private.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def compact(key, header, claims):
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{base64url(key.sign(text.encode()))}"


def assertion(key, client, token_url):
    """RFC 7523: as the NHS England API platform documents it."""
    now = int(time.time())
    return compact(key, {"alg": key.alg, "typ": "JWT", "kid": "bench"}, {
        "iss": client, "sub": client, "aud": token_url, "jti": str(uuid.uuid4()),
        "iat": now, "exp": now + ASSERTION_LIFE_S})


def proof(key, token_url):
    """RFC 9449, for the token endpoint."""
    return signed_proof(key, "POST", token_url)


def proof_of_call(key, url, token, nonce=None):
    """For a call of an API, with the nonce of its gate."""
    digest = hashlib.sha256(token.encode()).digest()
    return signed_proof(key, "GET", url, ath=base64url(digest),
                        **({} if nonce is None else {"nonce": nonce}))


def signed_proof(key, method, url, **claims):
    return compact(key, {"typ": "dpop+jwt", "alg": key.alg, "jwk": key.jwk}, {
        "jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time()), **claims})


def certificate(folder, name, subject):
    """A self-signed certificate and its key, as files in PEM."""
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", subject, "-out", str(paths[0]), "-keyout",
         str(paths[1])], capture_output=True, check=True)
    return paths
