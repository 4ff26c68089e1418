# SPDX-License-Identifier: Apache-2.0
"""What the issuer publishes: RFC 7517 keys, RFC 8414 metadata, OpenID discovery."""
import base64
import subprocess

import pytest

AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


def places(realm):
    """In the realm, and RFC 8414 §3.1: between host and path."""
    return [realm + AUTHORIZATION_SERVER, AUTHORIZATION_SERVER + realm, realm + OPENID,
            OPENID + realm]


@pytest.mark.parametrize("index", range(4), ids=["realm", "rfc8414", "openid", "openid-rfc8414"])
def test_metadata_stands_at_both_places_under_both_names(house, index):
    answer = house.request("GET", places(house.realm)[index])
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    found = answer.json()
    assert found["issuer"] == house.issuer
    assert found["token_endpoint"] == house.issuer + "/oauth/token"
    assert found["jwks_uri"] == house.issuer + "/oauth/jwks"
    assert found["grant_types_supported"] == [
        "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"]
    assert found["response_types_supported"] == []
    assert sorted(found["token_endpoint_auth_methods_supported"]) == [
        "client_secret_basic", "client_secret_post", "private_key_jwt"]
    assert {"documents.read", "documents.write", "results.read"} <= set(found["scopes_supported"])


def test_metadata_promises_no_endpoint_that_is_not_there(house):
    """RFC 8414 §2: each URL in it answers."""
    found = house.request("GET", house.realm + AUTHORIZATION_SERVER).json()
    for name, url in found.items():
        if name.endswith(("_endpoint", "_uri")):
            answer = house.request("GET", url.removeprefix(house.base()))
            assert answer.status_code in (200, 405), f"{name}: {answer.status_code}"


def test_key_set_has_public_keys_only_and_may_be_kept_for_5_minutes(house):
    answer = house.request("GET", f"{house.realm}/oauth/jwks")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "max-age=300"
    assert answer.headers["Content-Type"].split(";")[0] in ("application/json",
                                                            "application/jwk-set+json")
    keys = answer.json()["keys"]
    assert len(keys) == 1
    for key in keys:
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
        assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
        assert len(base64.urlsafe_b64decode(key["n"] + "==")) == 256


@pytest.mark.parametrize("path", ["/oauth/jwks", AUTHORIZATION_SERVER])
def test_documents_answer_head_without_body(house, path):
    whole = house.request("GET", house.realm + path)
    answer = house.request("HEAD", house.realm + path)
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["Content-Length"] == whole.headers["Content-Length"]


@pytest.mark.parametrize("path", ["/oauth/jwks", AUTHORIZATION_SERVER, OPENID])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_documents_are_only_read(house, path, method):
    answer = house.request(method, house.realm + path)
    assert answer.status_code == 405, answer.text
    assert sorted(answer.headers["Allow"].replace(" ", "").split(",")) == ["GET", "HEAD"]


def test_documents_are_served_over_http2(house):
    done = subprocess.run(
        ["curl", "-s", "--http2", "--cacert", str(house.ca), "-o", "/dev/null", "-w",
         "%{http_version} %{http_code}", f"{house.base()}{house.realm}/oauth/jwks"],
        capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "2 200"


@pytest.mark.parametrize("path", ["/", "/index.html", "/vlive", "/vlive/", "/admin", "/console",
                                  "/metrics", "/healthz", "/.well-known/oauth-authorization-server",
                                  "/vtest/hpca/oauth/token", AUTHORIZATION_SERVER + "/vtest/hpca"])
def test_public_listener_serves_nothing_else(house, path):
    assert house.request("GET", path).status_code == 404
