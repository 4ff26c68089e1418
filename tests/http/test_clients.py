# SPDX-License-Identifier: Apache-2.0
"""Clients that are not ours get a token and call an API, unmodified."""
import json
import subprocess

import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

from support.form import claims
from support.node import run_node
from support.wait import wait_until

BOTH = pytest.mark.parametrize("method", ["post", "basic"])


@pytest.fixture(scope="module")
def client(house):
    return house.onboard("Foreign clients", "results", "results.read results.write")


@pytest.fixture(scope="module")
def strict_house(echo_shared, fhir_api):
    """A realm whose answers have no null in them."""
    from support.house import House

    house = House()
    try:
        house.cli("realm", "set", house.realm, "--token-response", "rfc")
        yield house.furnish(echo_shared.url, fhir_api.url).start()
    finally:
        house.close()


@pytest.fixture(scope="module")
def strict_client(strict_house):
    return strict_house.onboard("Strict clients", "results", "results.read results.write")


def curl(house, *words, stdin=None):
    done = subprocess.run(["curl", "-sS", "--fail-with-body", "--cacert", str(house.ca), *words],
                          input=stdin, capture_output=True, text=True, timeout=30, check=True)
    return json.loads(done.stdout)


@BOTH
def test_curl_gets_a_token_and_calls_the_api(house, client, method):
    url = house.issuer + "/oauth/token"
    if method == "post":
        answer = curl(house, url, "--data", "@-", stdin="grant_type=client_credentials&client_id="
                      f"{client.id}&client_secret={client.secret}")
    else:
        answer = curl(house, url, "--data", "grant_type=client_credentials", "--config", "-",
                      stdin=f'user = "{client.id}:{client.secret}"\n')
    assert answer["token_type"] == "Bearer"
    seen = curl(house, house.url + "/results/7", "--config", "-",
                stdin=f'header = "Authorization: Bearer {answer["access_token"]}"\n')
    assert seen["path"] == "/results/7"


@BOTH
def test_authlib_gets_a_token_and_calls_the_api(house, client, method):
    with AuthlibSession(client.id, client.secret, scope="results.read",
                        token_endpoint_auth_method=f"client_secret_{method}") as session:
        session.verify, session.trust_env = str(house.ca), False
        answer = session.fetch_token(house.issuer + "/oauth/token",
                                     grant_type="client_credentials")
        assert answer["scope"] == "results.read"
        assert session.get(house.url + "/results/7").json()["path"] == "/results/7"


@BOTH
def test_requests_oauthlib_gets_a_token_and_calls_the_api(house, client, method):
    with OAuth2Session(client=BackendApplicationClient(client_id=client.id)) as session:
        session.verify, session.trust_env = str(house.ca), False
        how = {"include_client_id": True} if method == "post" else {"auth": (client.id,
                                                                             client.secret)}
        session.fetch_token(house.issuer + "/oauth/token", client_secret=client.secret,
                            verify=str(house.ca), **how)
        assert session.get(house.url + "/results/7").json()["path"] == "/results/7"


@BOTH
def test_simple_oauth2_of_npm_gets_a_token(house, client, node, method):
    answer, error = run_node(node, "simple_oauth2.mjs", {
        "token_url": house.issuer + "/oauth/token", "client_id": client.id,
        "client_secret": client.secret, "auth": method}, house.ca)
    assert error is None
    assert house.gate("/results/7", answer["access_token"]).status_code == 200


@BOTH
@pytest.mark.parametrize("discovery", ["oauth2", "oidc"])
@pytest.mark.parametrize("script", ["oauth4webapi.mjs", "openid_client.mjs"])
def test_strict_clients_of_npm_discover_the_realm_and_get_a_token(strict_house, strict_client, node,
                                                                  script, discovery, method):
    answer, error = run_node(node, script, {
        "issuer": strict_house.issuer, "client_id": strict_client.id,
        "client_secret": strict_client.secret, "scope": "results.read", "auth": method,
        "discovery": discovery}, strict_house.ca)
    assert error is None
    assert claims(answer["access_token"])["scope"] == "results.read"
    wait_until(lambda: strict_house.gate("/results/7", answer["access_token"]).status_code == 200,
               2, "entry")


@pytest.mark.parametrize("script", ["oauth4webapi.mjs", "openid_client.mjs", "simple_oauth2.mjs"])
def test_clients_of_npm_understand_our_refusal(strict_house, strict_client, node, script):
    answer, error = run_node(node, script, {
        "issuer": strict_house.issuer, "token_url": strict_house.issuer + "/oauth/token",
        "client_id": strict_client.id, "client_secret": strict_client.secret,
        "scope": "never.heard", "auth": "post"}, strict_house.ca)
    assert answer is None
    assert error["error"] == "invalid_scope"
    assert error["error_description"]


def test_client_of_npm_refuses_a_server_that_it_does_not_trust(house, client, node):
    """The development certificate is no reason for anybody to turn verification off."""
    answer, error = run_node(node, "simple_oauth2.mjs", {
        "token_url": house.issuer + "/oauth/token", "client_id": client.id,
        "client_secret": client.secret, "auth": "post"})
    assert answer is None
    assert "certificate" in str(error)


def test_our_own_token_request_is_a_client_too(house, client):
    answer = house.cli("token", "request", "--issuer", house.issuer, "--client", client.id,
                       "--ca-file", house.ca, "--scope", "results.read", stdin=client.secret)
    assert answer["scope"] == "results.read"
    file = house.home / "secret"
    file.write_text(client.secret + "\n")
    file.chmod(0o600)
    answer = house.cli("token", "request", "--issuer", house.issuer, "--client", client.id,
                       "--ca-file", house.ca, "--secret-file", file)
    file.unlink()
    assert house.gate("/results/7", answer["access_token"]).status_code == 200
