# SPDX-License-Identifier: Apache-2.0
"""Programs that use caregate/client.h, at our issuer and at one that others wrote."""
import base64
import json
import pathlib
import secrets
import subprocess
import tempfile

import pytest
from cryptography.hazmat.primitives import serialization
from jwcrypto import jwk

from support import certificates, process
from support.assertion import enrol, key_set, make_key
from support.form import claims, header
from support.house import build
from support.key_server import make_certificate
from support.ports import free_pair
from support.token_box import MODULE, PIN, TokenBox
from support.wait import wait_until

RESOURCE = "https://results.example/"
GOT, UNREACHABLE, TLS_FAILED, REFUSED, TROUBLED = 0, 1, 2, 3, 9
BEARER, DPOP = 1, 2
METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt",
           "self_signed_tls_client_auth"]
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def probe(run_as=None, **config):
    """What a program with this configuration gets."""
    done = subprocess.run([build() / "tests" / "support" / "client_probe"],
                          input=json.dumps(config), capture_output=True, text=True, timeout=60,
                          check=False, **run_as or {})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def private_pem(key):
    return key.export_to_pem(private_key=True, password=None).decode()


class Authority:
    """oidc-provider of npm for calling systems; a client for each way to prove oneself."""

    def __init__(self, node, folder):
        pem, self.ca = make_certificate(folder, "authority")
        self.key, self.secret = make_key("ES256"), secrets.token_hex(16) + "/+ %&"
        self.holder = certificates.make(("CN", "caller"))
        own = base64.b64encode(certificates.der(self.holder)).decode()
        public = json.loads(public_jwk(self.holder))
        clients = [
            {"client_id": METHODS[0], "client_secret": self.secret},
            {"client_id": METHODS[1], "client_secret": self.secret},
            {"client_id": METHODS[2], "jwks": json.loads(key_set(self.key))},
            {"client_id": METHODS[3], "tls_client_certificate_bound_access_tokens": True,
             "jwks": {"keys": [{**public, "x5c": [own]}]}},
        ]
        port = free_pair()
        self.token_url = f"https://127.0.0.1:{port}/token"
        question = {"port": port, "pem": str(pem), "resource": RESOURCE, "clients": [
            {**client, "token_endpoint_auth_method": client["client_id"]} for client in clients]}
        self.log = folder / "authority.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["node", str(node / "authority.mjs"), json.dumps(question)],
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        wait_until(lambda: b"ready" in self.log.read_bytes() or self.process.poll() is not None,
                   30, "an authority that listens")
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")

    def ask(self, method, **more):
        credentials = {
            METHODS[2]: {"key": private_pem(self.key), "kid": self.key["kid"]},
            METHODS[3]: {"certificate": certificates.pem(self.holder),
                         "certificate_key": holder_key(self.holder)},
        }.get(method, {"secret": self.secret})
        return probe(**{"token_url": self.token_url, "client_id": method, "method": method,
                        "ca_file": str(self.ca), "scope": "results.read", **credentials, **more})


def public_jwk(holder):
    return jwk.JWK.from_pyca(holder.certificate.public_key()).export_public()


def holder_key(holder):
    return holder.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                    serialization.NoEncryption()).decode()


@pytest.fixture(scope="module")
def authority(node):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="caregate-authority-"))
    server = Authority(node, folder)
    yield server
    process.end(server.process)


@pytest.mark.parametrize("method", METHODS)
def test_another_issuer_gives_a_token_by_each_method(authority, method):
    answer = authority.ask(method)
    assert (answer["outcome"], answer["type"]) == (GOT, BEARER), answer
    assert 110 <= answer["life_s"] <= 120
    said = claims(answer["token"])
    assert (said["client_id"], said["aud"]) == (method, RESOURCE)
    bound = {"x5t#S256": certificates.thumbprint(authority.holder)}
    assert said.get("cnf") == (bound if method == METHODS[3] else None)


@pytest.mark.parametrize("method", METHODS[:3])
def test_another_issuer_binds_a_token_after_telling_its_nonce(authority, method):
    answer = authority.ask(method, makes_proof_key=True, url="https://results.example/7")
    assert (answer["outcome"], answer["type"]) == (GOT, DPOP), answer
    key = header(answer["proof"])["jwk"]
    assert claims(answer["token"])["cnf"] == {"jkt": jwk.JWK(**key).thumbprint()}
    assert claims(answer["proof"])["htu"] == "https://results.example/7"


def test_another_issuers_refusal_is_told_without_what_is_secret(authority):
    wrong = secrets.token_hex(16)
    answer = authority.ask(METHODS[1], secret=wrong)
    assert (answer["outcome"], answer["error"]) == (REFUSED, "invalid_client")
    assert "it answered 401 invalid_client" in answer["trouble"]
    assert wrong not in json.dumps(answer)


def test_a_server_is_not_believed_by_another_ca(authority, house):
    answer = authority.ask(METHODS[1], ca_file=str(house.ca))
    assert answer["outcome"] == TLS_FAILED, answer
    assert "certificate" in answer["trouble"]


def test_a_server_that_is_away_is_told_as_such(authority):
    answer = authority.ask(METHODS[1], token_url=f"https://127.0.0.1:{free_pair()}/token")
    assert answer["outcome"] == UNREACHABLE, answer


def ours(house, client, **more):
    return probe(token_url=house.issuer + "/oauth/token", client_id=client.id,
                 ca_file=str(house.ca), **more)


def test_our_issuer_gives_a_bound_token_that_opens_nothing_by_itself(estate):
    house = estate.house("fapi2")
    client = enrol(house, "ES256", None)
    answer = ours(house, client, method="private_key_jwt", key=private_pem(client.key),
                  audience=house.issuer, makes_proof_key=True, url=house.url + "/results/7")
    assert (answer["outcome"], answer["type"]) == (GOT, DPOP), answer
    assert house.gate("/results/7", answer["token"]).status_code == 401


@pytest.mark.parametrize("method", METHODS[:2])
def test_our_issuers_token_opens_its_api_for_the_life_that_was_told(house, method):
    client = house.onboard(f"Caller {method}", "results", "results.read")
    answer = ours(house, client, method=method, secret=client.secret)
    assert answer["outcome"] == GOT, answer
    said = claims(answer["token"])
    assert said["exp"] - said["iat"] - 5 <= answer["life_s"] <= said["exp"] - said["iat"]
    assert house.gate("/results/7", answer["token"]).status_code == 200


def test_a_system_exchanges_its_callers_token(house):
    caller = house.onboard("Exchange, caller", "results", "results.read")
    server = house.onboard("Exchange, server", "results", "results.read")
    house.cli("client", "set", server.id, "--grant", "client_credentials", "--grant",
              "token-exchange")
    house.cli("api", "introspector", "results", "--add", server.id)
    subject = house.token(caller)
    known = {"subject_token": subject, "subject_token_type": ACCESS_TOKEN}
    answer = ours(house, server, method="client_secret_post", secret=server.secret,
                  grant=EXCHANGE, parameters=known)
    assert answer["outcome"] == GOT, answer
    said = claims(answer["token"])
    assert (said["sub"], said["act"]) == (caller.id, {"sub": server.id})
    refused = ours(house, server, method="client_secret_post", secret=server.secret,
                   grant=EXCHANGE, parameters={**known, "subject_token": subject[:-4] + "AAAA"})
    assert refused["outcome"] == REFUSED
    assert subject[:20] not in refused["trouble"]


@pytest.fixture(scope="module", name="box")
def make_box(house):
    made = TokenBox(house)
    yield made
    made.close()


@pytest.mark.parametrize("kind, alg", [("RSA", "PS256"), ("RSA", "RS256"), ("EC", "ES256"),
                                       ("OKP", "EdDSA")])
def test_a_key_that_never_leaves_its_module_proves_a_client(house, box, kind, alg):
    uri = box.add_key(f"caller {alg}", kind)
    client = enrol(house, alg, register=False)
    pem = (box.folder / f"caller {alg}.pem").read_bytes()
    client.add_keys(jwk.JWK.from_pem(pem))
    answer = ours(house, client, method="private_key_jwt", key=uri, alg=alg, pkcs11_module=MODULE,
                  pkcs11_pin=PIN, run_as=house.as_owner())
    assert answer["outcome"] == GOT, answer
    assert house.gate("/results/7", answer["token"]).status_code == 200


def test_a_refused_pin_is_told_but_not_shown(house, box):
    uri = box.add_key("caller with another pin", "EC")
    client = enrol(house, "ES256", register=False)
    answer = ours(house, client, method="private_key_jwt", key=uri, pkcs11_module=MODULE,
                  pkcs11_pin="wrongPin9876", run_as=house.as_owner())
    assert answer["outcome"] == TROUBLED, answer
    assert "PIN" in answer["trouble"] and "9876" not in answer["trouble"]


def test_the_command_line_finds_an_openid_providers_token_endpoint(authority, house):
    secret = house.home / "authority-secret"
    secret.write_text(authority.secret, encoding="utf-8")
    secret.chmod(0o600)
    answer = house.cli("token", "request", "--issuer", authority.token_url.removesuffix("/token"),
                       "--client", METHODS[1], "--secret-file", secret, "--ca-file", authority.ca,
                       "--scope", "results.read")
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 120)
