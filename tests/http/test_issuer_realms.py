# SPDX-License-Identifier: Apache-2.0
"""Realms: each an issuer of its own, with its own keys, lives and shape of answer."""
import time

import pytest

from support.form import claims, header
from support.wait import wait_until

TEST = "/vtest/hpca"
GATE_WAIT_S = 2.0


@pytest.fixture(scope="module")
def two(echo_shared, fhir_api):
    """Two realms with APIs of the same names, protected at different places."""
    from support.house import House

    house = House()
    try:
        house.furnish(echo_shared.url, fhir_api.url)
        house.cli("realm", "add", TEST)
        house.cli("--realm", TEST, "org", "add", "RX809", "--name", "Example Trust")
        house.cli("--realm", TEST, "api", "add", "results", "--audience",
                  "https://care.example/results", "--scope", "results.read")
        house.cli("--realm", TEST, "api", "protect", "results", "--at", "/test-results/",
                  "--upstream", echo_shared.url)
        yield house.start()
    finally:
        house.close()


class InRealm:
    """The harness's on-boarding in one realm of several."""

    def __init__(self, house, realm):
        self.house, self.realm = house, realm

    def cli(self, *args, **more):
        return self.house.cli("--realm", self.realm, *args, **more)

    def __getattr__(self, name):
        return getattr(self.house, name)

    def onboard(self, *args, **more):
        return type(self.house).onboard(self, *args, **more)

    def agree(self, *args, **more):
        return type(self.house).agree(self, *args, **more)


@pytest.fixture(scope="module")
def live(two):
    return InRealm(two, two.realm)


@pytest.fixture(scope="module")
def test(two):
    return InRealm(two, TEST)


@pytest.fixture(scope="module")
def live_client(live):
    return live.onboard("Live", "results", "results.read")


@pytest.fixture(scope="module")
def test_client(test):
    return test.onboard("Test", "results", "results.read")


def test_client_of_one_realm_is_unknown_in_the_other(two, live_client, test_client):
    assert two.token_response(live_client).status_code == 200
    assert two.token_response(test_client, realm=TEST).status_code == 200
    assert two.token_response(live_client, realm=TEST).json()["error"] == "invalid_client"
    assert two.token_response(test_client).json()["error"] == "invalid_client"


def test_each_realm_names_itself_and_signs_with_its_own_key(two, live_client, test_client):
    tokens = {two.realm: two.token(live_client), TEST: two.token(test_client, realm=TEST)}
    for realm, token in tokens.items():
        found = two.request("GET", f"{realm}/.well-known/oauth-authorization-server").json()
        assert claims(token)["iss"] == found["issuer"] == two.url + realm
    kids = {realm: {key["kid"] for key in
                    two.request("GET", f"{realm}/oauth/jwks").json()["keys"]} for realm in tokens}
    assert not kids[two.realm] & kids[TEST]
    for realm, token in tokens.items():
        assert header(token)["kid"] in kids[realm]


def test_token_of_one_realm_is_refused_at_the_apis_of_the_other(two, live_client, test_client):
    """Both tokens name an API called results with the same audience."""
    live_token, test_token = two.token(live_client), two.token(test_client, realm=TEST)
    assert two.gate("/results/1", live_token).status_code == 200
    assert two.gate("/test-results/1", test_token).status_code == 200
    for path, token in (("/results/1", test_token), ("/test-results/1", live_token)):
        answer = two.gate(path, token)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_command_line_asks_which_realm_is_meant(two):
    refused = two.cli("client", "list", ok=False)
    assert refused.code == 2
    assert TEST in refused.err and two.realm in refused.err


def test_new_realm_is_served_after_a_reload(own_house):
    house = own_house
    house.cli("realm", "add", "/vtrain/a.b/c-d")
    assert house.request("GET", "/vtrain/a.b/c-d/oauth/jwks").status_code == 404
    house.reload()
    assert house.request("GET", "/vtrain/a.b/c-d/oauth/jwks").status_code == 200
    place = "/.well-known/oauth-authorization-server/vtrain/a.b/c-d"
    assert house.request("GET", place).json()["issuer"] == house.url + "/vtrain/a.b/c-d"


def life(house, client, **more):
    answer = house.token_response(client, **more).json()
    token = claims(answer["access_token"])
    assert token["exp"] - token["iat"] == answer["expires_in"]
    return answer["expires_in"]


def test_token_life_is_set_by_realm_api_and_client(make_house):
    """The client's own life counts first, then the shortest of the APIs', then the realm's."""
    house = make_house()
    house.api("quick", "quick.read", options=["--token-life", "60"])
    plain = house.onboard("Plain", ["results", "quick"], ["results.read", "quick.read"])
    own = house.onboard("Own", ["results", "quick"], ["results.read", "quick.read"],
                        options=["--token-life", "90"])
    assert life(house, plain, scope="results.read") == 300
    assert life(house, plain, scope="quick.read") == 60
    assert life(house, plain) == 60
    assert life(house, own, scope="results.read") == 90
    house.cli("realm", "set", house.realm, "--token-life", "120")
    wait_until(lambda: life(house, plain, scope="results.read") == 120, GATE_WAIT_S,
               "the realm's new life")


def test_token_is_refused_once_it_is_over(make_house):
    house = make_house()
    client = house.onboard("Short", "results", "results.read", options=["--token-life", "2"])
    token = house.token(client)
    assert house.gate("/results/1", token).status_code == 200
    wait_until(lambda: time.time() >= claims(token)["exp"], 5, "the token's end")
    answer = house.gate("/results/1", token)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "token_expired"
    assert house.gate("/results/1", house.token(client)).status_code == 200


def test_token_never_outlives_its_agreement(make_house):
    house = make_house()
    end = int(time.time()) + 40
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    client = house.onboard("Ending", "results", "results.read", agreement=["--until", text])
    answer = house.token_response(client).json()
    assert claims(answer["access_token"])["exp"] == end
    assert answer["expires_in"] == end - claims(answer["access_token"])["iat"]


@pytest.mark.parametrize("where", ["realm", "client"])
def test_rfc_token_response_leaves_refresh_token_out(make_house, where):
    house = make_house()
    options = ["--token-response", "rfc"] if where == "client" else []
    client = house.onboard("Strict", "results", "results.read", options=options)
    if where == "realm":
        house.cli("realm", "set", house.realm, "--token-response", "rfc")
        wait_until(lambda: "refresh_token" not in house.token_response(client).json(),
                   GATE_WAIT_S, "the realm's new shape")
    assert set(house.token_response(client).json()) == {
        "token_type", "access_token", "expires_in", "scope"}


def test_profile_decides_type_and_shape(make_house):
    """RFC 9068 §2.1: at+jwt, in the profiles whose clients know it."""
    house = make_house()
    client = house.onboard("Profile", "results", "results.read")
    assert header(house.token(client))["typ"] == "JWT"
    house.cli("client", "set", client.id, "--profile", "documented")
    house.cli("realm", "set", house.realm, "--profile", "smart")
    wait_until(lambda: header(house.token(client))["typ"] == "at+jwt", GATE_WAIT_S, "the type")
    assert "refresh_token" not in house.token_response(client).json()
    wait_until(lambda: house.gate("/results/1", house.token(client)).status_code == 200,
               GATE_WAIT_S, "a gate that takes the type")
