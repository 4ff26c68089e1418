# SPDX-License-Identifier: Apache-2.0
"""People sign in elsewhere, and their ID tokens are exchanged for access tokens (RFC 8693)."""
import base64
import concurrent.futures
import json
import pathlib
import secrets
import tempfile

import pytest

from support.assertion import KeyClient, key_set, make_key
from support.provider import NhsLogin, Provider
from support.wait import wait_until

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
THREADS = 64


@pytest.fixture(scope="module")
def folder():
    made = pathlib.Path(tempfile.mkdtemp(prefix="caregate-provider-"))
    made.chmod(0o755)
    return made


@pytest.fixture(scope="module")
def provider(node, folder):
    """oidc-provider of npm, as it comes."""
    server = Provider(node, folder)
    yield server
    server.close()


@pytest.fixture(scope="module")
def login(folder):
    """Somebody who signs ID tokens as NHS login does, its keys in a file."""
    made = NhsLogin()
    made.file = folder / "login.jwks"
    made.file.write_text(key_set(made.key), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def ward(house, login):
    """A client of the shared house that NHS login knows."""
    house.cli("upstream", "add", "nhs-login", "--kind", "nhs-login", "--issuer", login.issuer,
              "--jwks", login.file)
    return enrol(house, "nhs-login", login.audience)


def enrol(house, upstream, audience):
    client = house.onboard("Ward app", "results", "results.read results.write")
    house.cli("client", "set", client.id, "--grant", "client_credentials", "--grant",
              "token-exchange")
    house.cli("client", "upstream", "add", "--client", client.id, "--upstream", upstream,
              "--audience", audience)
    return client


def exchange(house, client, id_token, **more):
    return house.token_response(client, grant_type=GRANT, subject_token=id_token,
                                subject_token_type=ID_TOKEN, **more)


def claims_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def last_detail(house, client):
    return house.cli("audit", "list", "--client", client.id)[-1].get("detail")


def test_a_person_who_signed_in_reaches_the_api(make_house, provider, echo):
    """The whole way: a code flow at somebody else's provider, its ID token exchanged, the token
    used; its keys are fetched from where its discovery says."""
    own = make_house(start=False)
    own.add_to_http(f"    caregate_fetch_hosts {provider.host};\n"
                    f"    caregate_fetch_ca {provider.ca};")
    own.start()
    own.cli("upstream", "add", "staff", "--kind", "oidc", "--issuer", provider.issuer,
            "--jwks-uri", provider.metadata()["jwks_uri"])
    client = enrol(own, "staff", provider.audience)
    id_token = provider.sign_in("ann")
    answer = exchange(own, client, id_token, scope="results.read")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    claims = claims_of(body["access_token"])
    assert claims["sub"] == "staff:ann"
    assert claims["client_id"] == client.id
    assert claims["idp"] == "staff"
    assert claims["auth_time"] == claims_of(id_token)["auth_time"]
    assert own.gate("/results/1", body["access_token"]).status_code == 200
    seen = {name.lower(): value for name, value in echo.seen[-1]["headers"]}
    assert seen["caregate-subject"] == "staff:ann"
    assert seen["caregate-client-id"] == client.id
    again = exchange(own, client, id_token, scope="results.read")
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")
    assert last_detail(own, client) == "the subject token was exchanged before"
    assert claims_of(exchange(own, client, provider.sign_in("bob")).json()["access_token"])[
        "sub"] == "staff:bob"


def test_keys_of_a_provider_that_is_away_are_temporarily_unavailable(make_house, login):
    own = make_house(start=False)
    own.add_to_http("    caregate_fetch_hosts 127.0.0.1:9;")
    own.start()
    own.cli("upstream", "add", "away", "--kind", "nhs-login", "--issuer", login.issuer,
            "--jwks-uri", "https://127.0.0.1:9/jwks.json")
    client = enrol(own, "away", login.audience)
    id_token = login.id_token()
    answer = exchange(own, client, id_token)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    own.cli("upstream", "set", "away", "--jwks", login.file)
    assert exchange(own, client, id_token).status_code == 200


def test_an_id_token_like_those_of_nhs_login_is_exchanged(house, ward, login):
    claims = login.claims(nhs_number="9434765919", family_name="Example", birthdate="1980-01-01")
    answer = exchange(house, ward, login.id_token(claims))
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    made = claims_of(token)
    assert (made["sub"], made["idp"], made["acr"]) == (
        f"nhs-login:{claims['sub']}", "nhs-login", "P9.Cp.Cd")
    assert "9434765919" not in json.dumps(made) and "Example" not in json.dumps(made)
    assert house.gate("/results/1", token).status_code == 200


# What is changed of a good ID token of NHS login (claims, header), and what is said of it, to the
# caller as to the audit.
BAD = {
    "iss of nobody": ({"iss": "https://evil.example"}, {},
                      "the client is registered with no issuer of the ID token's iss"),
    "iss with a slash more": ({"iss": NhsLogin.issuer + "/"}, {},
                              "the client is registered with no issuer of the ID token's iss"),
    "aud of another": ({"aud": "clinic-app"}, {},
                       "aud of the ID token is not an id that this client is registered with at "
                       "the issuer"),
    "aud of two": ({"aud": ["ward-app", "clinic-app"]}, {},
                   "aud of the ID token is not exactly one value"),
    "azp of another": ({"azp": "clinic-app"}, {}, "azp of the ID token is not its aud"),
    "over": ({"exp": 1700000000}, {}, "the ID token is over: exp is past"),
    "no exp": ({"exp": None}, {}, "the ID token has no exp"),
    "no iat": ({"iat": None}, {}, "the ID token has no iat"),
    "of the future": ({"iat": 4000000000}, {}, "iat of the ID token is in the future"),
    "no sub": ({"sub": None}, {},
               "sub of the ID token is not 1 to 255 visible ASCII characters"),
    "sub with a line's end": ({"sub": "a\r\nCaregate-Subject: b"}, {},
                              "sub of the ID token is not 1 to 255 visible ASCII characters"),
    "a lower level": ({"vot": "P5.Cp.Cd"}, {},
                      "the person was not identified at a level that is accepted here"),
    "no vtm": ({"vtm": None}, {}, "the ID token has no vot, or no vtm to say what its vot means"),
    "a logout token": ({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, {},
                       "the ID token has events: a logout token is none"),
    "an access token of NHS login": ({"scope": "openid profile"}, {},
                                     "the ID token has a scope: an access token is none"),
    "typ of an access token": ({}, {"typ": "at+jwt"},
                               "typ of the ID token is not JWT: send an ID token, no other kind"),
    "another alg": ({}, {"alg": "RS256"},
                    "alg of the ID token is not the one configured for its issuer"),
    "another kid": ({}, {"kid": "login-2"}, "none of its issuer's keys has the ID token's kid"),
    "no kid": ({}, {"kid": None}, "the ID token's header has no kid"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_id_token_is_refused_for_its_reason(house, ward, login, case):
    changed, header, detail = BAD[case]
    key = make_key(header["alg"], "login-1") if "alg" in header else None
    answer = exchange(house, ward, login.id_token(login.claims(**changed), key, **header))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), answer.text
    assert answer.json()["error_description"] == detail


def test_an_id_token_without_a_good_signature_is_refused(house, ward, login):
    good = login.id_token()
    head, payload, _ = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    for token in (login.id_token(key=make_key("RS512", "login-1")), f"{none}.{payload}.",
                  f"{head}.{payload}.{'A' * 342}", f"{head}.{payload}", good[:-8]):
        answer = exchange(house, ward, token)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert exchange(house, ward, good).status_code == 200


def test_one_of_64_that_exchange_the_same_id_token_gets_a_token(house, ward, login):
    id_token = login.id_token()
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: exchange(house, ward, id_token), range(THREADS)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (THREADS - 1)


def test_another_client_cannot_exchange_an_id_token_that_leaked(house, ward, login):
    other = house.onboard("Thief", "results", "results.read")
    house.cli("client", "set", other.id, "--grant", "token-exchange")
    id_token = login.id_token()
    assert exchange(house, other, id_token).status_code == 400
    assert exchange(house, ward, id_token).status_code == 200


@pytest.mark.parametrize("form", ["name", "token"])
def test_who_acts_for_a_person_is_told_to_the_api(house, ward, login, echo, form):
    carer = login.claims(sub="bob")
    act = {"sub": "bob" if form == "name" else login.id_token(carer)}
    answer = exchange(house, ward, login.id_token(login.claims(sub="ann", act=act)))
    token = answer.json()["access_token"]
    assert claims_of(token)["act"] == {"sub": "nhs-login:bob"}
    assert house.gate("/results/1", token).status_code == 200
    seen = {name.lower(): value for name, value in echo.seen[-1]["headers"]}
    assert seen["caregate-subject"] == "nhs-login:ann"
    assert seen["caregate-actor-subject"] == "nhs-login:bob"


def test_a_person_is_never_taken_for_a_client(house, ward, login):
    """RFC 9700 §4.15: whatever sub an issuer gives, it is no client's id."""
    answer = exchange(house, ward, login.id_token(login.claims(sub=ward.id)))
    assert claims_of(answer.json()["access_token"])["sub"] == f"nhs-login:{ward.id}"


def test_an_id_token_opens_nothing_at_the_gate(house, login):
    answer = house.gate("/results/1", login.id_token())
    assert answer.status_code == 401


def test_suspending_the_client_stops_the_tokens_of_its_people(house, login, ward):
    client = enrol(house, "nhs-login", "ward-app-" + secrets.token_hex(4))
    audience = house.cli("client", "upstream", "list", "--client", client.id)[0]["audience"]
    token = exchange(house, client, login.id_token(login.claims(aud=audience))).json()[
        "access_token"]
    assert house.gate("/results/1", token).status_code == 200
    house.cli("client", "suspend", client.id)
    wait_until(lambda: house.gate("/results/1", token).status_code == 401, 4, "the refusal")


def test_a_client_that_proves_itself_by_key_exchanges_as_at_the_nhs_platform(house, login, ward):
    """profile nhs: RS512 both ways, client assertion and ID token in one form."""
    client = enrol(house, "nhs-login", "ward-app-" + secrets.token_hex(4))
    audience = house.cli("client", "upstream", "list", "--client", client.id)[0]["audience"]
    house.cli("client", "set", client.id, "--auth", "private_key_jwt", "--profile", "nhs")
    keyed = KeyClient(house, client, make_key("RS512"))
    keyed.add_keys(keyed.key)
    answer = keyed.ask(grant_type=GRANT, subject_token_type=ID_TOKEN,
                       subject_token=login.id_token(login.claims(aud=audience)))
    assert answer.status_code == 200, answer.text
    assert claims_of(answer.json()["access_token"])["acr"] == "P9.Cp.Cd"
