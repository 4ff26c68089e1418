# SPDX-License-Identifier: Apache-2.0
"""Our tokens and keys as JOSE libraries judge them that are not ours: jwcrypto, Authlib, jose."""
import json

import pytest
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.jose.errors import JoseError
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK, JWKSet
from jwcrypto.jws import JWS
from jwcrypto.jwt import JWT

from support.form import claims, header
from support.node import run_node

AUDIENCE = "https://care.example/results"


@pytest.fixture(scope="module")
def token(house):
    return house.token(house.onboard("Judged", "results", "results.read"))


@pytest.fixture(scope="module")
def key_set(house):
    return house.request("GET", f"{house.realm}/oauth/jwks").text


def spoiled(token):
    """The token with another scope in it and the old signature."""
    import base64

    parts = token.split(".")
    changed = json.dumps({**claims(token), "scope": "results.write"}).encode()
    parts[1] = base64.urlsafe_b64encode(changed).decode().rstrip("=")
    return ".".join(parts)


def test_jwcrypto_verifies_signature_and_claims(house, token, key_set):
    judged = JWT(jwt=token, key=JWKSet.from_json(key_set), algs=["RS256"],
                 check_claims={"iss": house.issuer, "aud": AUDIENCE, "exp": None, "jti": None})
    assert json.loads(judged.claims) == claims(token)


def test_jwcrypto_refuses_a_changed_token(token, key_set):
    with pytest.raises(JWException):
        JWT(jwt=spoiled(token), key=JWKSet.from_json(key_set), algs=["RS256"])


def test_authlib_verifies_signature_and_claims(house, token, key_set):
    judged = JsonWebToken(["RS256"]).decode(
        token, JsonWebKey.import_key_set(json.loads(key_set)),
        claims_options={"iss": {"essential": True, "value": house.issuer},
                        "aud": {"essential": True, "value": AUDIENCE},
                        "exp": {"essential": True}, "jti": {"essential": True}})
    judged.validate()
    assert dict(judged) == claims(token)


def test_authlib_refuses_a_changed_token(token, key_set):
    with pytest.raises(JoseError):
        JsonWebToken(["RS256"]).decode(spoiled(token),
                                       JsonWebKey.import_key_set(json.loads(key_set)))


def test_jose_of_node_verifies_signature_and_claims(house, token, key_set, node):
    answer, error = run_node(node, "verify_token.mjs", {
        "token": token, "jwks": json.loads(key_set), "issuer": house.issuer, "audience": AUDIENCE,
        "algorithms": ["RS256"], "typ": "JWT"})
    assert error is None
    assert answer["payload"] == claims(token)
    assert answer["protectedHeader"] == header(token)


@pytest.mark.parametrize("change", ["token", "issuer", "audience"])
def test_jose_of_node_refuses_what_does_not_fit(house, token, key_set, node, change):
    question = {"token": token, "jwks": json.loads(key_set), "issuer": house.issuer,
                "audience": AUDIENCE}
    question[change] = spoiled(token) if change == "token" else "https://elsewhere.example"
    answer, error = run_node(node, "verify_token.mjs", question)
    assert answer is None
    assert error["code"].startswith("ERR_JW")


def test_kid_is_the_rfc7638_thumbprint_by_another_library(key_set):
    for key in json.loads(key_set)["keys"]:
        assert JWK(**key).thumbprint() == key["kid"]


def test_gate_refuses_a_token_that_another_library_made_with_its_own_key(house, token):
    """Same claims, same kid, a sound signature, by a key that is not the realm's."""
    stranger = JWK.generate(kty="RSA", size=2048)
    forged = JWS(json.dumps(claims(token)))
    forged.add_signature(stranger, None, json.dumps(header(token)))
    answer = house.gate("/results/1", forged.serialize(compact=True))
    assert answer.status_code == 401
    assert answer.json()["reason"] == "token_signature_invalid"
