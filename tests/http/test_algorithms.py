# SPDX-License-Identifier: Apache-2.0
"""Realms that sign with RS256, PS256, ES256 and EdDSA: other libraries verify their tokens, the
gate lets them in, a change of algorithm refuses nothing that is valid, and no key verifies what is
not of its own algorithm (RFC 8725 §3.1)."""
import json

import pytest
from authlib.jose import JsonWebKey, JsonWebToken
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT
from support.forge import b64, hs256, part, unb64
from support.form import claims, header
from support.house import House
from support.node import run_node
from support.wait import wait_until
from support.walk import ALGORITHMS, TAKEOVER_S, Walk

AUDIENCE = "https://care.example/results"
# RFC 7518 §6, RFC 8037 §2: what a public key of each has beside use, alg and kid.
MEMBERS = {"RS256": {"kty": "RSA"}, "PS256": {"kty": "RSA"},
           "ES256": {"kty": "EC", "crv": "P-256"}, "EdDSA": {"kty": "OKP", "crv": "Ed25519"}}
NUMBERS = {"RSA": {"n", "e"}, "EC": {"x", "y"}, "OKP": {"x"}}


@pytest.fixture(scope="module")
def walk(echo_shared, fhir_api):
    house = House()
    try:
        yield Walk(house.furnish(echo_shared.url, fhir_api.url).start())
    finally:
        house.close()


def assert_refused(walk, token, reason):
    answer = walk.house.gate("/results/1", token)
    assert (answer.status_code, answer.json()["reason"]) == (401, reason)
    assert walk.house.gate("/results/1", walk.tokens["RS256"]).status_code == 200


def test_no_valid_token_is_refused_while_the_algorithm_changes(walk):
    assert walk.refused == []
    assert {alg: header(token)["alg"] for alg, token in walk.tokens.items()} == {
        alg: alg for alg in ALGORITHMS}


def test_keys_of_several_algorithms_are_published_side_by_side(walk):
    keys = {key["alg"]: key for key in walk.key_set()["keys"]}
    assert set(keys) == set(ALGORITHMS)
    for alg, key in keys.items():
        fixed = {**MEMBERS[alg], "use": "sig", "alg": alg, "kid": walk.kids[alg]}
        assert {name: key[name] for name in fixed} == fixed
        assert set(key) == set(fixed) | NUMBERS[key["kty"]]


def test_key_list_tells_the_algorithm_of_each_key(walk):
    listed = {key["kid"]: key["alg"] for key in walk.house.cli("key", "list")
              if key["realm"] == walk.house.realm}
    assert listed == {kid: alg for alg, kid in walk.kids.items()}


def test_realm_set_says_that_the_next_key_brings_the_algorithm(walk):
    assert all(f"one of {alg}: `caregate key rotate`" in said for alg, said in walk.said.items())


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_gate_and_command_line_accept_a_token_of_each_algorithm(walk, alg):
    token = walk.tokens[alg]
    assert walk.house.gate("/results/1", token).status_code == 200
    verified = walk.house.cli("token", "verify", "-", stdin=token)
    assert verified["verified"] is True
    decoded = walk.house.cli("token", "decode", "-", stdin=token)
    assert decoded["header"] == {"alg": alg, "typ": "JWT", "kid": walk.kids[alg]}


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_jwcrypto_verifies_a_token_of_each_algorithm(walk, alg):
    judged = JWT(jwt=walk.tokens[alg], key=JWKSet.from_json(json.dumps(walk.key_set())),
                 algs=[alg], check_claims={"iss": walk.house.issuer, "aud": AUDIENCE, "exp": None})
    assert json.loads(judged.claims) == claims(walk.tokens[alg])


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_authlib_verifies_a_token_of_each_algorithm(walk, alg):
    judged = JsonWebToken([alg]).decode(
        walk.tokens[alg], JsonWebKey.import_key_set(walk.key_set()),
        claims_options={"iss": {"essential": True, "value": walk.house.issuer},
                        "aud": {"essential": True, "value": AUDIENCE}})
    judged.validate()
    assert dict(judged) == claims(walk.tokens[alg])


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_jose_of_node_verifies_a_token_of_each_algorithm(walk, node, alg):
    answer, error = run_node(node, "verify_token.mjs", {
        "token": walk.tokens[alg], "jwks": walk.key_set(), "issuer": walk.house.issuer,
        "audience": AUDIENCE, "algorithms": [alg], "typ": "JWT"})
    assert error is None
    assert answer["payload"] == claims(walk.tokens[alg])


def secrets_of(forge):
    """A public key in the forms in which a library may take it for a secret."""
    yield forge.public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    yield forge.public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    yield forge.jwk.encode()
    jwk = json.loads(forge.jwk)
    yield unb64(jwk.get("n") or jwk["x"])
    yield unb64(jwk["x"]) + unb64(jwk.get("y", "")) if "x" in jwk else b""


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_no_public_key_is_an_hmac_secret(walk, alg):
    for secret in secrets_of(walk.keys[alg]):
        for name in ("HS256", alg):
            data = (part({**header(walk.tokens[alg]), "alg": name}) + "."
                    + part(claims(walk.tokens[alg])))
            token = f"{data}.{b64(hs256(secret, data.encode()))}"
            assert_refused(walk, token, "token_algorithm_refused" if name == "HS256"
                           else "token_signature_invalid")


@pytest.mark.parametrize("signer", ALGORITHMS)
@pytest.mark.parametrize("named", ALGORITHMS)
def test_a_key_takes_tokens_of_its_own_algorithm_alone(walk, signer, named):
    """Rightly signed, by a key of the realm, under the kid of another."""
    token = walk.forged(signer, kid=walk.kids[named])
    if signer == named:
        assert walk.house.gate("/results/1", token).status_code == 200
        return
    assert_refused(walk, token, "token_algorithm_refused")


@pytest.mark.parametrize("signer, alg", [("RS256", "PS256"), ("RS256", "RS384"),
                                         ("PS256", "RS256"), ("PS256", "PS512")])
def test_an_rsa_key_takes_no_other_algorithm_of_rsa(walk, signer, alg):
    assert_refused(walk, walk.forged(signer, alg=alg), "token_algorithm_refused")


@pytest.mark.parametrize("name, alg", [("RS256", "ES256"), ("ES256", "EdDSA"), ("EdDSA", "RS256"),
                                       ("ES256", "none"), ("PS256", "ES256K")])
def test_the_headers_word_makes_no_algorithm(walk, name, alg):
    """The true signature, under a header that names another algorithm."""
    _, payload, signature = walk.tokens[name].split(".")
    token = f"{part({**header(walk.tokens[name]), 'alg': alg})}.{payload}.{signature}"
    assert_refused(walk, token, "token_algorithm_refused")


ORDER = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)


def der(r, s):
    def integer(value):
        data = value.to_bytes(33, "big").lstrip(b"\0")
        data = b"\0" * (data[0] >> 7) + data
        return bytes([2, len(data)]) + data
    both = integer(r) + integer(s)
    return bytes([0x30, len(both)]) + both


# RFC 7518 §3.4; CVE-2022-21449 is the zeros.
FORMS = {
    "der": der,
    "zeros": lambda r, s: b"\0" * 64,
    "no_r": lambda r, s: b"\0" * 32 + s.to_bytes(32, "big"),
    "no_s": lambda r, s: r.to_bytes(32, "big") + b"\0" * 32,
    "order": lambda r, s: ORDER.to_bytes(32, "big") + s.to_bytes(32, "big"),
    "short": lambda r, s: r.to_bytes(32, "big") + s.to_bytes(32, "big")[:31],
    "long": lambda r, s: r.to_bytes(33, "big") + s.to_bytes(33, "big"),
    "exchanged": lambda r, s: s.to_bytes(32, "big") + r.to_bytes(32, "big"),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_ecdsa_signature_has_one_form(walk, form):
    data, _, signature = walk.tokens["ES256"].rpartition(".")
    raw = unb64(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    assert_refused(walk, f"{data}.{b64(FORMS[form](r, s))}", "token_signature_invalid")


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS512", "ES384", "HS256", "none", "es256",
                                 "Ed25519", ""])
def test_a_realm_signs_with_one_of_four_algorithms(walk, alg):
    done = walk.house.run("realm", "set", walk.house.realm, "--alg", alg)
    assert done.code != 0
    assert "RS256, PS256, ES256 or EdDSA" in done.err
    assert walk.house.cli("realm", "show")["alg"] == "EdDSA"


def test_check_tells_of_a_realm_whose_key_is_of_another_algorithm(make_house):
    house = make_house(start=False)
    house.cli("realm", "set", house.realm, "--alg", "ES256")

    def findings():
        return [row for row in house.run("check").json if "is set to ES256" in row["finding"]]

    assert [row["level"] for row in findings()] == ["warning"]
    assert "key rotate" in findings()[0]["mend"]
    house.cli("key", "rotate", "--now")
    assert findings() == [], "the next key waits"
    wait_until(lambda: [key["state"] for key in house.cli("key", "list")
                        if key["alg"] == "ES256"] == ["active"], TAKEOVER_S, "the next key")
    assert findings() == []


def test_a_realm_can_begin_with_another_algorithm(make_house):
    house = make_house(start=False)
    house.cli("realm", "add", "/vtest/hpca", "--alg", "ES256")
    made = [key for key in house.cli("key", "list", "--realm", "/vtest/hpca")
            if key["realm"] == "/vtest/hpca"]
    assert [(key["alg"], key["state"]) for key in made] == [("ES256", "active")]
