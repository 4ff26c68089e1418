# SPDX-License-Identifier: Apache-2.0
"""`caregate token request` as a client of each kind, and `caregate token proof` for its calls."""
import subprocess

import pytest

from support import certificates
from support.assertion import enrol
from support.form import claims, header

TARGET = "/results/7"
REQUEST = ["token", "request", "--issuer"]


def key_file(house, key, name="key"):
    """A PEM file of a private key that others may not read."""
    path = house.home / f"{name}.pem"
    path.write_bytes(key.export_to_pem(private_key=True, password=None))
    path.chmod(0o600)
    return path


def request(house, client, *words, ok=True, **more):
    return house.cli(*REQUEST, house.issuer, "--client", client.id, "--ca-file", house.ca, *words,
                     ok=ok, **more)


def call_by_curl(house, *words, headers):
    """A status and its headers; what is sent stands on standard input."""
    done = subprocess.run(
        ["curl", "-sS", "-D", "-", "-o", "/dev/null", "--cacert", str(house.ca), "-H", "@-",
         *words],
        input=headers, capture_output=True, text=True, timeout=30, check=True)
    lines = [line.partition(": ") for line in done.stdout.splitlines()]
    return int(done.stdout.split()[1]), {name.lower(): value for name, _, value in lines}


@pytest.mark.parametrize("profile, alg", [
    ("documented", "ES256"), ("documented", "EdDSA"), ("smart", "RS384"), ("smart", "ES384"),
    ("nhs", "RS512")])
def test_a_key_proves_a_client_by_what_the_issuer_takes_first(estate, profile, alg):
    house = estate.house(profile)
    client = enrol(house, alg, None)
    answer = request(house, client, "--key-file", key_file(house, client.key), "--kid",
                     client.key["kid"], "--scope", "results.read")
    assert answer["scope"] == "results.read"
    assert house.gate(TARGET, answer["access_token"]).status_code == 200


def test_an_algorithm_may_be_named(estate):
    house = estate.house("documented")
    client = enrol(house, "PS512", None)
    named = ["--key-file", key_file(house, client.key)]
    assert "do not prove a client" in request(house, client, *named, ok=False).err
    assert request(house, client, *named, "--alg", "PS512")["token_type"] == "Bearer"
    assert "signs by none of ES256" in request(house, client, *named, "--alg", "ES256",
                                               ok=False).err


def test_a_token_bound_to_a_key_opens_the_api_with_proofs_of_it(estate):
    house = estate.house("fapi2")
    client = enrol(house, "ES256", None)
    holder = key_file(house, enrol(house, "ES256", None).key, "holder")
    answer = request(house, client, "--key-file", key_file(house, client.key), "--audience",
                     house.issuer, "--dpop-key-file", holder)
    assert answer["token_type"] == "DPoP"
    token = answer["access_token"]
    prove = ["token", "proof", "--dpop-key-file", holder, "--url", house.url + TARGET + "?a=b"]
    status, told = call_by_curl(house, house.url + TARGET,
                                headers=house.cli(*prove, stdin=token, json=False))
    assert (status, told["www-authenticate"].count("use_dpop_nonce")) == (401, 1)
    again = house.cli(*prove, "--nonce", told["dpop-nonce"], stdin=token)
    assert sorted(again) == ["authorization", "dpop"]
    text = "".join(f"{name}: {value}\n" for name, value in again.items())
    assert call_by_curl(house, house.url + TARGET, headers=text)[0] == 200
    assert call_by_curl(house, house.url + TARGET, headers=text)[0] == 401
    posted = house.cli(*prove, "--method", "POST", "--nonce", told["dpop-nonce"], stdin=token,
                       json=False)
    assert call_by_curl(house, house.url + TARGET, headers=posted)[0] == 401
    assert call_by_curl(house, "-X", "POST", house.url + TARGET, headers=posted)[0] == 200


def test_a_certificate_proves_a_client_and_binds_its_token(estate):
    house = estate.house("fapi2")
    client = estate.enrol_by_certificate(house)
    certificate, key = estate.files
    answer = request(house, client, "--certificate", certificate, "--certificate-key-file", key)
    assert claims(answer["access_token"])["cnf"] == {
        "x5t#S256": certificates.thumbprint(estate.holder)}
    opened = call_by_curl(house, "--cert", certificate, "--key", key,
                          estate.mtls_url(house, TARGET),
                          headers=f"Authorization: Bearer {answer['access_token']}\n")
    assert opened[0] == 200


@pytest.mark.parametrize("profile, auth", [("fapi2", "key"), ("documented", "secret")])
def test_a_certificate_goes_with_a_key_or_a_secret(estate, profile, auth):
    house = estate.house(profile)
    certificate = ["--certificate", estate.files[0], "--certificate-key-file", estate.files[1]]
    if auth == "key":
        client = enrol(house, "PS256", None, bind="mtls")
        answer = request(house, client, *certificate, "--audience", house.issuer, "--key-file",
                         key_file(house, client.key))
    else:
        client = house.onboard("Secret, bound", "results", "results.read",
                               options=["--bind", "mtls"])
        answer = request(house, client, *certificate, "--secret-file", "-", stdin=client.secret)
    assert "x5t#S256" in claims(answer["access_token"])["cnf"]


def test_a_resource_narrows_the_token(house):
    client = house.onboard("Two", ["results", "documents"], ["results.read", "documents.read"])
    answer = request(house, client, "--resource", "https://care.example/documents",
                     stdin=client.secret)
    assert claims(answer["access_token"])["apis"] == ["documents"]
    both = request(house, client, "--resource", "https://care.example/documents", "--resource",
                   "https://care.example/results", stdin=client.secret)
    assert sorted(claims(both["access_token"])["apis"]) == ["documents", "results"]


@pytest.mark.parametrize("option", ["--secret-file", "--key-file", "--dpop-key-file",
                                    "--certificate-key-file"])
def test_a_file_that_others_may_read_is_refused(house, estate, option):
    client = house.onboard("Open", "results", "results.read")
    path = house.home / "open"
    path.write_text(client.secret, encoding="utf-8")
    path.chmod(0o640)
    more = ["--certificate", estate.files[0]] if "certificate" in option else []
    done = request(house, client, option, path, *more, ok=False, stdin=client.secret)
    assert f"others may read or write {path}; mend it with chmod 600" in done.err


def test_nothing_of_a_key_is_told(estate):
    """Neither by a complaint nor by the token's header."""
    house = estate.house("smart")
    client = enrol(house, "ES384", None)
    path = key_file(house, client.key)
    text = path.read_text(encoding="utf-8")
    answer = request(house, client, "--key-file", path, "--kid", client.key["kid"])
    assert "kid" in header(answer["access_token"])
    path.write_text(text.replace("BEGIN", "BEGUN"), encoding="utf-8")
    done = request(house, client, "--key-file", path, ok=False)
    assert "holds no private key in PEM" in done.err
    assert text.splitlines()[1] not in done.err + done.out
