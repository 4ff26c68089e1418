# SPDX-License-Identifier: Apache-2.0
"""Clients that prove themselves by a signed JWT: each family's rules, and attacks on them."""
import concurrent.futures
import json
import time

import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT

from support.assertion import TYPE, enrol, key_set, make_key
from support.form import claims
from support.house import House
from support.node import run_node

THREADS = 64


@pytest.fixture(scope="module")
def key_house(echo_shared, fhir_api):
    """A realm whose answers have no null in them."""
    own = House()
    try:
        own.cli("realm", "set", own.realm, "--token-response", "rfc")
        yield own.furnish(echo_shared.url, fhir_api.url).start()
    finally:
        own.close()


def public_answer(answer):
    return answer.status_code, answer.json()


@pytest.mark.parametrize("profile,alg,audience", [
    ("documented", "RS256", "token"), ("documented", "ES512", "issuer"),
    ("documented", "PS512", "both"), ("documented", "EdDSA", "token"),
    ("smart", "RS384", "token"), ("smart", "ES384", "token"), ("nhs", "RS512", "token"),
])
def test_each_familys_assertion_gets_a_token_that_opens_the_api(key_house, profile, alg, audience):
    client = enrol(key_house, alg, profile)
    named = {"token": client.token_url, "issuer": key_house.issuer,
             "both": [key_house.issuer, client.token_url]}[audience]
    answer = client.ask(client.sign(client.claims(aud=named)))
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    assert claims(token)["sub"] == client.id
    assert key_house.gate("/results/1", token).status_code == 200


@pytest.mark.parametrize("alg", ["PS256", "ES256", "EdDSA"])
def test_fapi_client_is_proved_by_an_assertion_for_the_issuer_alone(key_house, alg):
    client = enrol(key_house, alg, "fapi2")
    proved = client.ask(client.sign(client.claims(aud=key_house.issuer)))
    assert proved.json().get("error") != "invalid_client", proved.text
    refused = client.ask(client.sign(client.claims(aud=client.token_url)))
    assert refused.json()["error"] == "invalid_client"


def test_a_bad_assertion_cannot_be_told_from_an_unknown_client(key_house):
    client = enrol(key_house, "RS512", "nhs")
    stranger = make_key("RS512")
    now = int(time.time())
    unknown = client.ask(client.sign(client.claims(sub="nobody-2a2a2a2a", iss="nobody-2a2a2a2a")))
    assert public_answer(unknown)[0] == 401
    for bad in (client.sign(key=stranger), client.sign(kid=None), client.sign(kid="k2"),
                client.sign(typ=None), client.sign(client.claims(aud=key_house.issuer)),
                client.sign(client.claims(exp=now - 1)), client.sign(client.claims(exp=now + 400)),
                client.sign(client.claims(jti=None)), client.sign(client.claims(iss="another")),
                client.sign() + "x", "a.b.c", "x"):
        answer = client.ask(bad)
        assert public_answer(answer) == public_answer(unknown), bad
        assert answer.headers["WWW-Authenticate"] == unknown.headers["WWW-Authenticate"]
    assert client.ask().status_code == 200


def test_one_of_64_that_send_the_same_assertion_at_once_wins(make_house):
    house = make_house(start=False)
    conf = (house.dir / "nginx.conf").read_text(encoding="utf-8")
    line = next(one for one in conf.splitlines() if one.startswith("worker_processes"))
    house.edit(line, "worker_processes 2;")
    house.start()
    client = enrol(house)
    assertion = client.sign()
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: client.ask(assertion).status_code, range(THREADS)))
    assert set(answers) <= {200, 401, 429}  # 429 past 50 failures of a client at an address
    assert answers.count(200) == 1
    house.stop()
    house.start()
    assert client.ask(assertion).status_code == 401
    assert client.ask().status_code == 200


def test_an_assertion_of_one_client_proves_no_other(key_house):
    mine, other = enrol(key_house), enrol(key_house)
    forged = other.claims()
    assert mine.ask(mine.sign(forged)).json()["error"] == "invalid_client"
    assert mine.ask(client_id=other.id).json()["error"] == "invalid_client"


def test_a_secret_is_no_use_to_a_client_that_is_to_show_a_key(key_house):
    client = enrol(key_house)
    assert key_house.token_response(client.client).status_code == 401


def test_keys_change_without_a_pause(key_house):
    client = enrol(key_house)
    second = make_key("ES256", "k2")
    listed = key_house.cli("client", "key", "list", "--client", client.id)
    client.add_keys(second)
    assert client.ask().status_code == 200
    assert client.ask(client.sign(key=second)).status_code == 200
    key_house.cli("client", "key", "revoke", listed[0]["key_id"])
    assert client.ask().status_code == 401
    assert client.ask(client.sign(key=second)).status_code == 200
    shown = key_house.cli("client", "show", client.id)["keys"]
    assert [key["kind"] for key in shown] == ["jwks"]


def test_a_private_or_weak_key_is_not_registered(key_house):
    client = enrol(key_house, register=False)
    path = key_house.home / "bad.jwks"
    for text, says in (('{"keys":[' + client.key.export() + "]}", "PRIVATE"),
                       (key_set(client.key, client.key), "same kid"),
                       ('{"keys":[]}', "no key"), (client.key.export_public(), "JWK set")):
        path.write_text(text, encoding="utf-8")
        refused = key_house.cli("client", "key", "add", "--client", client.id, "--jwks", path,
                                ok=False)
        assert refused.code == 1 and says in refused.err, refused.err
    assert key_house.cli("client", "key", "add", "--client", client.id, ok=False).code == 2
    assert key_house.cli("client", "key", "list", "--client", client.id) == []


def test_registering_a_key_is_told_to_the_audit_and_its_lack_by_check(key_house):
    client = enrol(key_house, register=False)
    found = key_house.run("check").json
    assert any(one["subject"] == client.id and "has none" in one["finding"] for one in found)
    key_id = client.add_keys(client.key)
    key_house.cli("client", "key", "revoke", key_id)
    kinds = {one["kind"] for one in key_house.cli("audit", "list", "--client", client.id)}
    assert {"client_key_added", "client_key_revoked"} <= kinds


def test_the_audit_tells_why_an_assertion_was_refused(own_house):
    """In a house of its own, since past a rate refusals are only counted."""
    client = enrol(own_house)
    client.ask(client.sign(key=make_key("ES256")))
    told = own_house.cli("audit", "list", "--client", client.id)[-1]
    assert told["detail"] == "the signature of the assertion does not hold"


@pytest.mark.parametrize("profile", ["documented", "smart", "nhs", "fapi2"])
def test_discovery_names_what_the_realms_profile_takes(make_house, profile):
    house = make_house(furnish=False, start=False)
    house.cli("realm", "set", house.realm, "--profile", profile)
    house.start()
    found = house.request("GET", f"{house.realm}/.well-known/oauth-authorization-server").json()
    assert "private_key_jwt" in found["token_endpoint_auth_methods_supported"]
    assert ("client_secret_post" in found["token_endpoint_auth_methods_supported"]) == (
        profile == "documented")
    algs = set(found["token_endpoint_auth_signing_alg_values_supported"])
    assert algs == {"smart": {"RS384", "ES384"}, "nhs": {"RS512"},
                    "fapi2": {"PS256", "ES256", "EdDSA", "Ed25519"}}.get(profile, algs)
    assert {"RS512", "ES384", "EdDSA"} <= algs or profile != "documented"


@pytest.mark.parametrize("alg", ["RS512", "ES256"])
def test_authlib_gets_a_token_by_key(key_house, alg):
    client = enrol(key_house, alg)
    pem = client.key.export_to_pem(private_key=True, password=None)
    session = OAuth2Session(client.id, pem, token_endpoint_auth_method="private_key_jwt")
    session.verify = str(key_house.ca)
    session.trust_env = False
    session.register_client_auth_method(PrivateKeyJWT(
        client.token_url, claims={"exp": int(time.time()) + 240},
        headers={"kid": client.key["kid"], "alg": alg}, alg=alg))
    token = session.fetch_token(client.token_url, grant_type="client_credentials")
    assert token["token_type"] == "Bearer"


@pytest.mark.parametrize("script", ["openid_client.mjs", "oauth4webapi.mjs"])
@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
def test_clients_of_npm_get_a_token_by_key(key_house, node, script, alg):
    client = enrol(key_house, alg)
    answer, error = run_node(node, script, {
        "issuer": key_house.issuer, "client_id": client.id, "auth": "key", "alg": alg,
        "kid": client.key["kid"], "jwk": json.loads(client.key.export())}, key_house.ca)
    assert error is None, error
    assert answer["token_type"].lower() == "bearer"


def test_the_assertions_type_is_asked_for_by_name(key_house):
    client = enrol(key_house)
    answer = key_house.token_response(client_assertion=client.sign())
    assert answer.status_code == 400 and TYPE in answer.json()["error_description"]
