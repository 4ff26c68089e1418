# SPDX-License-Identifier: Apache-2.0
"""The documented request and its answer: RFC 6749 §4.4, RFC 7519, RFC 9068."""
import base64
import json
import re
import subprocess
import time

import pytest

from support.form import basic, claims, header, post, token_request

DOCUMENTED = "documents.write"


@pytest.fixture(scope="module")
def client(house):
    return house.onboard("Token tests", ["documents", "results"],
                         ["documents.read documents.write", "results.read"])


@pytest.fixture(scope="module")
def writer(house):
    return house.onboard("Letter writer", "documents", DOCUMENTED)


def raw_request(house, body):
    """The documented request, byte for byte; what comes back, head and body."""
    head = (f"POST {house.realm}/oauth/token HTTP/1.1\r\n"
            f"Host: localhost:{house.port}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n")
    return house.raw(head.encode() + body).split(b"\r\n\r\n", 1)


def test_documented_request_gets_the_documented_answer_byte_for_byte(house, writer):
    body = f"grant_type=client_credentials&client_id={writer.id}&client_secret={writer.secret}"
    head, answer = raw_request(house, body.encode())
    assert head.startswith(b"HTTP/1.1 200 ")
    token = json.loads(answer)["access_token"]
    assert answer.decode() == ('{"token_type":"Bearer","access_token":"' + token + '",'
                               '"refresh_token":null,"expires_in":300,"scope":"documents.write"}')
    assert token.startswith("eyJhbGciOiJSUzI")


def test_answer_is_json_that_nobody_may_keep(house, writer):
    answer = house.token_response(writer)
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"


@pytest.mark.parametrize("form, headers", [
    pytest.param("post", {}, id="client_secret_post"),
    pytest.param("basic", {}, id="client_secret_basic"),
    pytest.param("basic_and_id", {}, id="basic-with-the-same-client_id-in-the-body"),
    pytest.param("post", {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
                 id="charset"),
    pytest.param("post", {"Content-Type": "Application/X-WWW-Form-URLencoded;charset=utf-8"},
                 id="content-type-in-any-case"),
])
def test_both_authentication_methods_are_taken(house, writer, form, headers):
    fields = {"grant_type": "client_credentials"}
    if form == "post":
        fields.update(client_id=writer.id, client_secret=writer.secret)
    else:
        headers = {**headers, "Authorization": basic(writer.id, writer.secret)}
    if form == "basic_and_id":
        fields["client_id"] = writer.id
    answer = post(house, fields, headers)
    assert answer.status_code == 200, answer.text


def test_basic_credentials_are_form_encoded(house, writer):
    """RFC 6749 §2.3.1: both are form-encoded before base64."""
    encoded = writer.secret.replace("_", "%5F").replace("-", "%2d")
    pair = base64.b64encode(f"{writer.id.replace('-', '%2D')}:{encoded}".encode()).decode()
    answer = post(house, {"grant_type": "client_credentials"}, {"Authorization": f"Basic {pair}"})
    assert answer.status_code == 200, answer.text


def test_scheme_name_of_basic_is_taken_in_any_case(house, writer):
    pair = basic(writer.id, writer.secret).partition(" ")[2]
    for scheme in ("basic", "BASIC"):
        answer = post(house, {"grant_type": "client_credentials"},
                      {"Authorization": f"{scheme} {pair}"})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", ["scope", "resource", "client_assertion", "audience"])
def test_empty_parameter_counts_as_left_out(house, writer, name):
    answer = token_request(house, writer, **{name: ""})
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == DOCUMENTED


@pytest.mark.parametrize("name", ["flavour", "nonce", "Grant_Type"])
def test_unknown_parameter_is_ignored(house, writer, name):
    assert token_request(house, writer, **{name: "x"}).status_code == 200


def test_chunked_form_is_read(house, writer):
    body = f"grant_type=client_credentials&client_id={writer.id}&client_secret={writer.secret}"
    pieces = (part.encode() for part in (body[:20], body[20:50], body[50:]))
    answer = house.request("POST", f"{house.realm}/oauth/token", data=pieces,
                           headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 200, answer.text


def test_token_is_issued_over_http2(house, writer):
    form = f"grant_type=client_credentials&client_id={writer.id}&client_secret={writer.secret}"
    done = subprocess.run(
        ["curl", "-s", "--http2", "--cacert", str(house.ca), "--data", "@-", "-w",
         "\n%{http_version} %{http_code}", f"{house.base()}{house.realm}/oauth/token"],
        input=form, capture_output=True, text=True, timeout=30, check=True)
    body, _, last = done.stdout.rpartition("\n")
    assert last == "2 200"
    assert json.loads(body)["token_type"] == "Bearer"


def test_claims_are_those_of_the_contract(house, client):
    before = int(time.time())
    answer = house.token_response(client)
    token = claims(answer.json()["access_token"])
    assert set(token) == {"iss", "sub", "client_id", "aud", "apis", "agreements", "scope", "exp",
                          "iat", "jti", "org", "epoch"}
    assert token["iss"] == house.issuer
    assert token["sub"] == token["client_id"] == client.id
    assert dict(zip(token["apis"], token["aud"])) == {
        "documents": "https://care.example/documents", "results": "https://care.example/results"}
    assert dict(zip(token["apis"], token["agreements"])) == dict(
        zip(["documents", "results"], client.agreements))
    assert sorted(token["scope"].split()) == ["documents.read", "documents.write", "results.read"]
    assert before <= token["iat"] <= int(time.time())
    assert token["exp"] - token["iat"] == answer.json()["expires_in"] == 300
    assert len(base64.urlsafe_b64decode(token["jti"] + "==")) == 16
    assert token["org"] == "RX809"
    assert token["epoch"] == 0


def test_token_header_names_algorithm_first_then_type_and_key(house, writer):
    token = house.token(writer)
    assert base64.urlsafe_b64decode(token.split(".")[0] + "==").startswith(b'{"alg":"RS256",')
    assert set(header(token)) == {"alg", "typ", "kid"}
    assert header(token)["typ"] == "JWT"
    keys = house.request("GET", f"{house.realm}/oauth/jwks").json()["keys"]
    assert header(token)["kid"] in [key["kid"] for key in keys]


def test_jti_differs_from_token_to_token(house, writer):
    assert len({claims(house.token(writer))["jti"] for _ in range(20)}) == 20


def test_one_token_serves_many_requests(house, client):
    token = house.token(client)
    for _ in range(5):
        assert house.gate("/results/1", token).status_code == 200


@pytest.mark.parametrize("asked, given", [
    pytest.param(None, "documents.read documents.write results.read", id="all-without-scope"),
    pytest.param("documents.read", "documents.read", id="one"),
    pytest.param("documents.read results.read", "documents.read results.read", id="two-apis"),
    pytest.param("documents.read results.write", "documents.read", id="the-intersection"),
    pytest.param("documents.read never.heard", "documents.read", id="an-unknown-word-beside"),
])
def test_scope_given_is_what_is_agreed_of_what_is_asked(house, client, asked, given):
    answer = house.token_response(client, asked).json()
    assert sorted(answer["scope"].split()) == sorted(given.split())
    token = claims(answer["access_token"])
    assert token["scope"] == answer["scope"]
    assert set(token["apis"]) == {word.split(".")[0] for word in given.split()}


@pytest.mark.parametrize("resource, apis", [
    pytest.param("https://care.example/results", ["results"], id="one"),
    pytest.param("https://care.example/documents", ["documents"], id="the-other"),
])
def test_resource_narrows_the_token_to_its_api(house, client, resource, apis):
    """RFC 8707 §2."""
    token = claims(token_request(house, client, resource=resource).json()["access_token"])
    assert token["apis"] == apis
    assert token["aud"] == [resource]


def test_repeated_resource_names_several_apis(house, client):
    """RFC 8707 §2: it is the one parameter that may be repeated."""
    fields = [("grant_type", "client_credentials"), ("client_id", client.id),
              ("client_secret", client.secret), ("resource", "https://care.example/results"),
              ("resource", "https://care.example/documents")]
    answer = house.request("POST", f"{house.realm}/oauth/token", data=fields)
    assert answer.status_code == 200, answer.text
    assert sorted(claims(answer.json()["access_token"])["apis"]) == ["documents", "results"]


def test_token_of_common_agreements_stays_under_4_kb(house, client):
    assert len(house.token(client)) < 4096


@pytest.mark.parametrize("given", ["abc", "A.b_c-9", "x" * 64])
def test_request_id_is_mirrored(house, writer, given):
    answer = post(house, {"grant_type": "client_credentials", "client_id": writer.id,
                          "client_secret": writer.secret}, {"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a/b", "é".encode().decode("latin-1")])
def test_request_id_that_does_not_fit_is_replaced(house, writer, given):
    answer = post(house, {"grant_type": "client_credentials", "client_id": writer.id,
                          "client_secret": writer.secret}, {"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])
