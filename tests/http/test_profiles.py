# SPDX-License-Identifier: Apache-2.0
"""A realm of each profile: clients as its users have them, of libraries that are not ours, get a
token and call an API with it; and what breaks the profile's rules is refused."""
import json
import pathlib
import subprocess
import time

import pytest

from support import certificates, forge
from support.assertion import authlib_session, enrol
from support.node import run_node

TARGET = "/results/7"
LIBRARIES = pytest.mark.parametrize("script", ["oauth4webapi.mjs", "openid_client.mjs"])
ALGORITHMS = {"smart": ["RS384", "ES384"], "nhs": ["RS512"], "fapi2": ["PS256", "ES256"]}
PAIRS = [(profile, alg) for profile, algs in ALGORITHMS.items() for alg in algs]


def by_key(house, client):
    """What a Node script is told of a client with a key."""
    return {"issuer": house.issuer, "client_id": client.id, "alg": client.key["alg"],
            "kid": client.key["kid"], "jwk": json.loads(client.key.export()), "auth": "key"}


def by_certificate(estate):
    """What a Node script is told of a certificate that it shows."""
    certificate, key = (pathlib.Path(path).read_text(encoding="utf-8") for path in estate.files)
    return {"certificate": certificate, "certificate_key": key}


@pytest.mark.parametrize("profile, alg", [
    ("smart", "RS384"), ("smart", "ES384"), ("nhs", "RS512"), ("documented", "EdDSA")])
def test_a_backend_service_by_jose_calls_the_api(estate, node, profile, alg):
    """SMART App Launch 2.2, Backend Services; NHS England's signed JWT, at its longest life."""
    house = estate.house(profile)
    client = enrol(house, alg, None)
    answer, error = run_node(node, "backend_service.mjs", {
        **by_key(house, client), "life": "5m", "scope": "results.read",
        "api": house.url + TARGET}, house.ca)
    assert error is None, error
    assert answer["status"] == 200
    token = answer["token"]
    assert (token["scope"], token["token_type"]) == ("results.read", "Bearer")
    assert 0 < token["expires_in"] <= 300


@LIBRARIES
@pytest.mark.parametrize("profile, alg", [pair for pair in PAIRS if pair[0] != "fapi2"])
def test_clients_of_npm_made_out_to_the_token_url_call_the_api(estate, node, script, profile, alg):
    house = estate.house(profile)
    client = enrol(house, alg, None)
    answer, error = run_node(node, script, {
        **by_key(house, client), "audience": client.token_url, "typ": "JWT",
        "api": house.url + TARGET, "calls": 1}, house.ca)
    assert error is None, error
    assert answer["statuses"] == [200]


@LIBRARIES
@pytest.mark.parametrize("alg", [*ALGORITHMS["fapi2"], "EdDSA"])
def test_clients_of_fapi_with_dpop_call_the_api(estate, node, script, alg):
    house = estate.house("fapi2")
    client = enrol(house, alg, None)
    answer, error = run_node(node, script, {
        **by_key(house, client), "dpop": True, "api": house.url + TARGET, "calls": 3}, house.ca)
    assert error is None, error
    assert answer["token_type"].lower() == "dpop"
    assert answer["statuses"] == [200, 200, 200]
    assert forge.header_of(answer["access_token"])["alg"] == "PS256"


@LIBRARIES
@pytest.mark.parametrize("auth", ["key", "certificate"])
def test_clients_of_fapi_with_certificates_call_the_api(estate, node, script, auth):
    """By private_key_jwt, too, the token is bound to the certificate of the connection."""
    house = estate.house("fapi2")
    client = (enrol(house, "PS256", None, bind="mtls") if auth == "key"
              else estate.enrol_by_certificate(house))
    proof = by_key(house, client) if auth == "key" else {
        "issuer": house.issuer, "client_id": client.id, "auth": auth}
    answer, error = run_node(node, script, {
        **proof, **by_certificate(estate), "api": estate.mtls_url(house, TARGET), "calls": 2},
        house.ca)
    assert error is None, error
    assert answer["statuses"] == [200, 200]
    assert forge.claims_of(answer["access_token"])["cnf"] == {
        "x5t#S256": certificates.thumbprint(estate.holder)}
    assert house.gate(TARGET, answer["access_token"]).json()["reason"] == "certificate_missing"


def test_curl_of_fapi_with_a_certificate_calls_the_api(estate):
    house = estate.house("fapi2")
    client = estate.enrol_by_certificate(house)
    certificate, key = estate.files

    def curl(*words, stdin=None):
        return subprocess.run(
            ["curl", "-sS", "--fail-with-body", "--cacert", str(house.ca), "--cert", certificate,
             "--key", key, *words], input=stdin, check=True, capture_output=True, text=True,
            timeout=30).stdout

    token = json.loads(curl(
        f"https://localhost:{house.mtls_port}{house.realm}/oauth/token", "--data",
        f"grant_type=client_credentials&client_id={client.id}"))["access_token"]
    seen = curl(estate.mtls_url(house, TARGET), "--config", "-",
                stdin=f'header = "Authorization: Bearer {token}"\n')
    assert json.loads(seen)["path"] == TARGET


@pytest.mark.parametrize("profile, alg", PAIRS)
def test_authlib_calls_the_api_by_key(estate, profile, alg):
    """In FAPI's profile the token is bound to a certificate, since Authlib makes no proofs."""
    house = estate.house(profile)
    bound = profile == "fapi2"
    client = enrol(house, alg, None, bind="mtls" if bound else "none")
    with authlib_session(house, client, house.issuer if bound else client.token_url) as session:
        base = f"https://localhost:{house.mtls_port}" if bound else house.url
        session.cert = estate.files if bound else None
        answer = session.fetch_token(f"{base}{house.realm}/oauth/token",
                                     grant_type="client_credentials")
        assert answer["token_type"] == "Bearer"
        assert session.get(base + TARGET).status_code == 200


# What a profile refuses, and why: (profile, the key's algorithm, changes of the claims, changes of
# the header, the reason that the audit has). Audiences by name, times from now. No more than ten a
# profile: past that the audit counts them.
REFUSED = [
    *((profile, alg, {}, {}, "does not allow the assertion's alg") for profile, alg in (
        ("smart", "RS256"), ("smart", "ES256"), ("nhs", "RS384"), ("nhs", "ES256"),
        ("fapi2", "RS256"), ("fapi2", "ES384"))),
    *((profile, algs[0], claims, {}, reason) for profile, algs in ALGORITHMS.items()
      for claims, reason in (({"aud": "elsewhere"}, "aud of the assertion"),
                             ({"exp": 400}, "too far ahead"))),
    ("smart", "ES384", {"aud": "issuer"}, {}, "aud of the assertion"),
    ("smart", "ES384", {"aud": ["right", "elsewhere"]}, {}, "aud of the assertion"),
    ("smart", "ES384", {}, {"kid": None}, "demands a kid"),
    ("nhs", "RS512", {"aud": "issuer"}, {}, "aud of the assertion"),
    ("nhs", "RS512", {"aud": ["right"]}, {}, "not an array"),
    ("nhs", "RS512", {}, {"kid": None}, "demands a kid"),
    ("nhs", "RS512", {}, {"typ": None}, "another typ"),
    ("nhs", "RS512", {}, {"typ": "at+jwt"}, "another typ"),
    ("fapi2", "ES256", {"aud": "token"}, {}, "aud of the assertion"),
    ("fapi2", "ES256", {"aud": ["right"]}, {}, "not an array"),
]


def spelt_out(client, claims, right):
    """The changes with audiences and times in the place of their names."""
    places = {"right": right, "issuer": client.house.issuer, "token": client.token_url,
              "elsewhere": "https://elsewhere.example/oauth/token"}
    made = dict(claims)
    audience = made.get("aud", "right")
    made["aud"] = ([places[one] for one in audience] if isinstance(audience, list)
                   else places[audience])
    if made.get("exp") is not None:
        made["exp"] += int(time.time())
    return made


def ask(client, profile, claims, header):
    """A token request by an assertion that is right but for the changes."""
    right = client.house.issuer if profile == "fapi2" else client.token_url
    signed = client.sign(client.claims(**spelt_out(client, claims, right)), **header)
    return client.ask(signed)


@pytest.mark.parametrize("profile, alg, claims, header, reason", REFUSED)
def test_what_breaks_a_profiles_rules_is_refused_for_that(estate, profile, alg, claims, header,
                                                          reason):
    house = estate.house(profile)
    client = enrol(house, alg, None)
    answer = ask(client, profile, claims, header)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    detail = house.cli("audit", "list", "--client", client.id)[-1]["detail"]
    assert reason in detail
