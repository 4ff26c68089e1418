# SPDX-License-Identifier: Apache-2.0
"""SMART Backend Services at the issuer (SMART App Launch 2.2): an app that knows the address of a
FHIR API finds the token URL below it, proves itself by RS384 or ES384, and gets what is agreed of
the scopes that it asks for, for one API."""
import collections
import json
import subprocess

import pytest

from support import forge
from support.assertion import KeyClient, authlib_session, make_key
from support.form import claims
from support.node import run_node
from support.wait import wait_until
from test_profiles import by_key

DOCUMENT = "/.well-known/smart-configuration"
LABORATORY = ("category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory")
AGREED = ["system/Patient.rs", f"system/Observation.rs?{LABORATORY}"]

Place = collections.namedtuple("Place", "house base")


def enrol_smart(place, alg, api="records", scopes=tuple(AGREED)):
    """A client by key with an agreement for SMART scopes."""
    client = place.house.onboard(f"Smart {alg}", api, list(scopes))
    made = KeyClient(place.house, client, make_key(alg))
    made.add_keys(made.key)
    return made


@pytest.fixture(scope="module")
def place(estate):
    """A realm of the profile smart with two FHIR APIs, whose scopes are the same words."""
    house = estate.house("smart")
    for name in ("records", "labs"):
        house.api(name, "system/*.cruds", "patient/*.rs")
        house.protect(name, f"/{name}/R4/", estate.fhir.url + "/fhir/", "--smart")
    old = house.workers()
    house.reload()
    wait_until(lambda: not set(house.workers()) & set(old), 20, "workers of the new configuration")
    return Place(house, "/records/R4")


def places(place):
    realm = place.house.realm
    return [realm + DOCUMENT, DOCUMENT + realm, place.base + DOCUMENT]


@pytest.mark.parametrize("index", range(3), ids=["realm", "rfc8414", "fhir"])
@pytest.mark.parametrize("accept", ["application/fhir+json", "text/html", "*/*"])
def test_discovery_stands_at_each_place_without_a_token(place, index, accept):
    """"Using .well-known": as application/json whatever is accepted, for pages of any origin."""
    house = place.house
    answer = house.request("GET", places(place)[index],
                           headers={"Accept": accept, "Origin": "https://app.example"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    found = answer.json()
    assert found["token_endpoint"] == house.issuer + "/oauth/token"
    assert found["grant_types_supported"] == ["client_credentials"]
    assert found["capabilities"] == ["client-confidential-asymmetric", "permission-v1",
                                     "permission-v2"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["token_endpoint_auth_methods_supported"][0] == "private_key_jwt"
    assert found["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert found["scopes_supported"].count("system/*.cruds") == 1
    assert not {"issuer", "authorization_endpoint"} & set(found)


def test_discovery_promises_no_endpoint_that_is_not_there(place):
    found = place.house.request("GET", place.base + DOCUMENT).json()
    urls = [value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(urls) == 4
    for url in urls:
        answer = place.house.request("GET", url.removeprefix(place.house.base()))
        assert answer.status_code in (200, 405), url


@pytest.mark.parametrize("path", ["/.well-known/smart-configuration/", "/.well-known/",
                                  "/.well-known/smart-configuration/..%2f..%2fPatient",
                                  "/.well-known/oauth-authorization-server", "/Patient",
                                  "/.well-known/smart-configuration;/Patient"])
def test_discovery_below_the_api_opens_nothing_else_of_it(place, path):
    answer = place.house.request("GET", place.base + path)
    assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_discovery_below_the_api_is_only_read(place, method):
    answer = place.house.request(method, place.base + DOCUMENT, data="x")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


def run_jose(place, node, client, scope):
    house = place.house
    return run_node(node, "backend_service.mjs", {
        **by_key(house, client), "life": "5m", "scope": scope, "fhir": house.url + place.base,
        "api": house.url + place.base + "/metadata"}, house.ca)


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_a_backend_service_by_jose_finds_all_below_the_api(place, node, alg):
    client = enrol_smart(place, alg)
    answer, error = run_jose(place, node, client, "system/*.rs")
    assert error is None, error
    token = answer["token"]
    assert token["token_type"] == "Bearer" and 0 < token["expires_in"] <= 300
    assert token["scope"].split() == AGREED
    assert "refresh_token" not in token
    held = claims(token["access_token"])
    assert (held["scope"], held["apis"]) == (token["scope"], ["records"])
    assert answer["status"] == 200


def test_the_token_opens_what_it_says_and_nothing_else(place):
    client = enrol_smart(place, "ES384", scopes=["system/Bundle.c", "system/DocumentReference.r"])
    token = client.ask(scope="system/*.rs").json()["access_token"]
    house = place.house
    assert house.gate(place.base + "/DocumentReference/none", token).status_code == 404
    assert house.gate(place.base + "/DocumentReference", token).status_code == 403
    assert house.gate(place.base + "/Patient/none", token).status_code == 403
    assert house.gate("/labs/R4/DocumentReference/none", token).status_code == 403


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
@pytest.mark.parametrize("asked, granted", [
    ("system/Patient.rs", "system/Patient.rs"), ("system/Patient.read", "system/Patient.read"),
    ("system/Patient.cruds system/Task.rs", "system/Patient.rs"),
    ("system/Observation.r", f"system/Observation.r?{LABORATORY}")])
def test_authlib_gets_what_is_agreed_of_what_it_asks_for(place, alg, asked, granted):
    client = enrol_smart(place, alg)
    with authlib_session(place.house, client, client.token_url) as session:
        token = session.fetch_token(client.token_url, grant_type="client_credentials", scope=asked)
    assert token["scope"] == granted
    assert forge.claims_of(token["access_token"])["scope"] == granted


def test_curl_asks_for_a_part_of_the_records(place):
    client = enrol_smart(place, "ES384")
    scope = f"system/Observation.s?_tag=x&{LABORATORY}"
    done = subprocess.run(
        ["curl", "-sS", "--fail-with-body", "--cacert", str(place.house.ca), client.token_url,
         "--data", "grant_type=client_credentials", "--data-urlencode", f"scope={scope}", "--data",
         "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
         "--data-urlencode", f"client_assertion={client.sign()}"],
        check=True, capture_output=True, text=True, timeout=30)
    assert json.loads(done.stdout)["scope"] == scope


def test_a_token_is_for_one_api_which_resource_chooses(place):
    client = enrol_smart(place, "ES384")
    place.house.agree(client.id, "labs", "system/*.rs")
    refused = client.ask(scope="system/Patient.rs")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")
    assert "resource" in refused.json()["error_description"]
    answer = client.ask(scope="system/*.rs", resource="https://care.example/labs")
    assert answer.json()["scope"] == "system/*.rs"
    assert claims(answer.json()["access_token"])["apis"] == ["labs"]
    answer = client.ask(resource="https://care.example/records")
    assert answer.json()["scope"].split() == AGREED


@pytest.mark.parametrize("scope, told", [
    ("patient/Patient.rs", "for people"), ("system/Patient.rs user/*.rs", "for people"),
    ("system/Patient.sr", "write a SMART scope"), ("system/Person.rs", ""),
    ("system/Observation.rs?code:in=http://x.example", "write a SMART scope"),
    ("system/Patient.cud", "")])
def test_what_a_system_cannot_have_is_refused_with_the_cure(place, scope, told):
    answer = enrol_smart(place, "ES384").ask(scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert told in answer.json()["error_description"]


def test_an_agreement_says_what_a_wildcard_means(place):
    house = place.house
    client = enrol_smart(place, "ES384")
    ask = ["agreement", "request", "--client", client.id, "--api", "records", "--purpose",
           "direct_care", "--scope"]
    wide = house.cli(*ask, "system/*.rs")
    done = house.run("agreement", "approve", wide["agreement_id"], "--by", "A")
    assert "system/*.rs is for every type of resource" in done.err
    named = house.run(*ask, "system/Patient.rs")
    assert named.code == 0 and "every type" not in named.err
    assert "every type" in house.run(*ask, "system/*.r").err
    assert "has no scope user/Patient.rs" in house.cli(*ask, "user/Patient.rs", ok=False).err


@pytest.mark.parametrize("scope", ["system/Patient.dus", "system/Persons.rs", "user/x"])
def test_an_api_has_no_scope_that_only_looks_smart(place, scope):
    done = place.house.cli("api", "add", "odd", "--audience", "https://care.example/odd",
                           "--scope", scope, ok=False)
    assert "is a SMART scope" in done.err


def test_check_finds_no_fault_with_what_protect_wrote(place):
    found = place.house.run("check").json
    assert not [row for row in found if row["level"] == "error"], found
    assert "smart-configuration" not in json.dumps(found)


@pytest.mark.parametrize("method, path, status, told", [
    ("GET", "/DocumentReference/none", 404, ""), ("GET", "/DocumentReference", 403, "Reference.s"),
    ("DELETE", "/DocumentReference/none", 403, "Reference.d"), ("GET", "/metadata", 200, ""),
    ("GET", "/Patient/a%2Fb", 403, "")])
def test_explain_says_of_a_fhir_request_what_the_gate_does(place, method, path, status, told):
    house = place.house
    client = enrol_smart(place, "ES384", scopes=["system/Bundle.c", "system/DocumentReference.r"])
    house.agree(client.id, "labs", "system/*.cruds")
    token = client.ask(resource="https://care.example/records").json()["access_token"]
    answer = house.gate(place.base + path, token, method)
    assert answer.status_code == status
    for who in (["--client", client.id], ["--token", "-"]):
        said = house.run("explain", *who, "--api", "records", "--method", method, "--path",
                         place.base + path, stdin=token).json
        assert said["let_in"] == (status != 403)
        assert told in (said["steps"][-1].get("detail") or "")
        if status == 403:
            assert said["reason"] == answer.json()["issue"][0]["details"]["coding"][0]["code"]
