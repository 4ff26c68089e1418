# SPDX-License-Identifier: Apache-2.0
"""Clients that prove themselves by certificate, and tokens bound to one (RFC 8705), over real
handshakes and behind a proxy that passes the certificate on."""
import collections
import datetime
import socket
import ssl
import subprocess

import pytest
import requests
from requests.adapters import HTTPAdapter
from support import certificates, forge
from support.house import House, build, environment
from support.ports import free_pair
from support.wait import wait_until

HOUR = datetime.timedelta(hours=1)
SUBJECT = (("C", "GB"), ("O", "Example Trust"), ("CN", "ward"))
DN = "CN=ward,O=Example Trust,C=GB"
HOST = "ward.example"
PROXY = "127.0.0.2"
HEADER = "Client-Cert"
VERIFIED = "Client-Cert-Verified"
DIRECTIVE = f"    caregate_client_certificate_header {HEADER} from={PROXY} verified={VERIFIED};"
REALIP = "\n    set_real_ip_from 127.0.0.0/8;\n    real_ip_header X-Forwarded-For;"
BY_SUBJECT = ("--tls-subject", DN)
BY_DNS = ("--tls-san-dns", HOST)

Scene = collections.namedtuple("Scene", "house clients holders files")


class From(HTTPAdapter):
    """Connections from one address of this machine."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args, **more):
        super().init_poolmanager(*args, source_address=(self.address, 0), **more)


def enroll(house, name, auth, *keys, bind="none"):
    client = house.onboard(name, "results", "results.read")
    for key in keys:
        house.cli("client", "key", "add", "--client", client.id, *key)
    house.cli("client", "set", client.id, "--auth", auth, "--bind", bind)
    return client


@pytest.fixture(scope="module", name="scene")
def make_scene(echo_shared, fhir_api, tmp_path_factory):
    """A house that asks for certificates on a port of its own, and who may have one."""
    house = House(mtls=True)
    folder = tmp_path_factory.mktemp("certificates")
    folder.chmod(0o755)
    try:
        authority = certificates.make(("CN", "Clients' authority"), is_ca=True)
        stranger = certificates.make(("CN", "Clients' authority"), is_ca=True)
        certificates.trust(house, authority)
        house.add_to_http(DIRECTIVE + REALIP)
        holders = {
            "good": certificates.make(*SUBJECT, signer=authority, dns=["x.example", HOST]),
            "renewed": certificates.make(*SUBJECT, signer=authority, dns=[HOST]),
            "other": certificates.make(("CN", "other"), signer=authority, dns=["other.example"]),
            "reversed": certificates.make(*reversed(SUBJECT), signer=authority),
            "upper": certificates.make(("C", "GB"), ("O", "Example Trust"), ("CN", "WARD"),
                                       signer=authority),
            "stranger": certificates.make(*SUBJECT, signer=stranger, dns=[HOST]),
            "expired": certificates.make(*SUBJECT, signer=authority, dns=[HOST], end=-HOUR),
            "early": certificates.make(*SUBJECT, signer=authority, dns=[HOST], start=HOUR),
            "own": certificates.make(*SUBJECT, dns=[HOST]),
            "own_too": certificates.make(*SUBJECT, dns=[HOST]),
            "own_expired": certificates.make(*SUBJECT, end=-HOUR),
        }
        files = {name: certificates.write(holder, folder, name)
                 for name, holder in holders.items()}
        house.furnish(echo_shared.url, fhir_api.url).start()
        certificate = ("--certificate", files["own"][0])
        clients = {
            "subject": enroll(house, "By subject", "tls_client_auth", BY_SUBJECT),
            "dns": enroll(house, "By DNS name", "tls_client_auth", BY_DNS),
            "own": enroll(house, "Self-signed", "self_signed_tls_client_auth", certificate,
                          ("--certificate", files["own_expired"][0])),
            "bound": enroll(house, "Bound", "tls_client_auth", BY_SUBJECT, bind="mtls"),
            "secret": enroll(house, "By secret, bound", "client_secret", bind="mtls"),
        }
        yield Scene(house, clients, holders, files)
    finally:
        house.close()


def send(scene, method, path, who=None, mtls=True, address=None, **more):
    """One request over a connection of its own."""
    port = scene.house.mtls_port if mtls else scene.house.port
    with requests.Session() as session:
        session.trust_env = False
        if address:
            session.mount("https://", From(address))
        return session.request(method, f"https://localhost:{port}{path}", timeout=20,
                               verify=str(scene.house.ca),
                               cert=scene.files[who] if who else None, **more)


def ask(scene, client, who=None, **more):
    """A token request with nothing in the form that proves anything."""
    form = {"grant_type": "client_credentials", "client_id": scene.clients[client].id,
            **more.pop("form", {})}
    return send(scene, "POST", f"{scene.house.realm}/oauth/token", who, data=form, **more)


def token_of(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def call(scene, token, who=None, **more):
    headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
    return send(scene, "GET", "/results/1", who, headers=headers, **more)


def refused_by_nginx(answer):
    """nginx ends it itself where it verifies and the reason is not the missing authority."""
    return answer.status_code == 400 and "SSL certificate error" in answer.text


@pytest.mark.parametrize("client, who", [
    ("subject", "good"), ("dns", "good"), ("subject", "renewed"), ("own", "own")])
def test_a_client_proves_itself_by_its_certificate(scene, client, who):
    answer = ask(scene, client, who)
    claims = forge.claims_of(token_of(answer))
    assert claims["client_id"] == scene.clients[client].id
    assert "cnf" not in claims


@pytest.mark.parametrize("client, who", [
    ("subject", "other"), ("dns", "other"), ("subject", "reversed"), ("subject", "upper"),
    ("dns", "reversed"), ("subject", "stranger"), ("dns", "stranger"), ("subject", "own"),
    ("dns", "own"), ("subject", "expired"), ("subject", "early"), ("own", "own_too"),
    ("own", "own_expired"), ("own", "good"), ("secret", "good")])
def test_another_certificate_proves_nothing(scene, client, who):
    answer = ask(scene, client, who)
    if not refused_by_nginx(answer):
        assert answer.status_code == 401, answer.text
        assert answer.json()["error"] == "invalid_client"
        assert "do not prove a client" in answer.json()["error_description"]


def test_a_certificate_of_an_unknown_client_is_refused_in_the_same_words(scene):
    known = ask(scene, "subject", "other")
    unknown = ask(scene, "subject", "other", form={"client_id": "nobody-0000000"})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


def test_a_client_of_certificates_without_one_is_refused(scene):
    for mtls in (True, False):
        answer = ask(scene, "subject", mtls=mtls)
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"


def test_a_certificate_goes_with_a_client_id(scene):
    answer = send(scene, "POST", f"{scene.house.realm}/oauth/token", "good",
                  data={"grant_type": "client_credentials"})
    assert answer.status_code == 401
    assert "client_id" in answer.json()["error_description"]


def test_curl_gets_a_token_by_certificate(scene):
    certificate, key = scene.files["good"]
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--cacert", str(scene.house.ca), "--cert",
         certificate, "--key", key, "--data", "grant_type=client_credentials", "--data",
         f"client_id={scene.clients['subject'].id}",
         f"https://localhost:{scene.house.mtls_port}{scene.house.realm}/oauth/token"],
        check=True, capture_output=True, text=True, timeout=30)
    assert '"access_token":"' in done.stdout


def test_the_public_listener_asks_for_no_certificate(scene):
    answer = ask(scene, "subject", "good", mtls=False)
    assert answer.status_code == 401


@pytest.mark.parametrize("client, form", [("bound", {}), ("secret", {"client_secret": ""})])
def test_a_bound_token_is_let_in_with_its_certificate_only(scene, echo, client, form):
    if form:
        form = {"client_secret": scene.clients[client].secret}
    answer = ask(scene, client, "good", form=form)
    token = token_of(answer)
    assert answer.json()["token_type"] == "Bearer"
    thumbprint = certificates.thumbprint(scene.holders["good"])
    assert forge.claims_of(token)["cnf"] == {"x5t#S256": thumbprint}
    for _ in range(2):  # proven anew, then remembered
        assert call(scene, token, "good").status_code == 200
        for who, mtls, reason in (("renewed", True, "certificate_wrong"),
                                  ("own", True, "certificate_wrong"),
                                  (None, True, "certificate_missing"),
                                  ("good", False, "certificate_missing"),
                                  (None, False, "certificate_missing")):
            refused = call(scene, token, who, mtls=mtls)
            assert refused.status_code == 401, (who, mtls)
            assert refused.json()["reason"] == reason
            assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert len(echo.seen) == 2


def test_explain_says_whether_a_certificate_fits_a_bound_token(scene):
    token = token_of(ask(scene, "bound", who="good"))
    for who, fits in (("good", True), ("other", False)):
        done = scene.house.run("explain", "--token", "-", "--api", "results", "--certificate",
                               str(scene.files[who][0]), stdin=token)
        assert (done.code, done.json["let_in"]) == ((0, True) if fits else (1, False))
        assert done.json["reason"] == (None if fits else "certificate_wrong")
        told = {step["rule"]: step.get("detail", "") for step in done.json["steps"]}
        assert certificates.thumbprint(scene.holders["good"]) in told[
            "the token is bound to a certificate"]
        assert certificates.thumbprint(scene.holders[who]) in told[
            "the token may come with this certificate"]
    client = scene.clients["bound"].id
    refused = scene.house.cli("explain", "--client", client, "--api", "results", "--certificate",
                              str(scene.files["good"][0]), ok=False)
    assert refused.code == 2
    junk = scene.house.cli("explain", "--token", "-", "--api", "results", "--certificate",
                           str(scene.house.ca.parent / "server.key"), ok=False, stdin=token)
    assert junk.code == 1
    assert "PEM" in junk.err
    assert scene.house.run("explain", "--client", client, "--api", "results").code == 0


def test_a_client_whose_tokens_are_bound_gets_none_without_certificate(scene):
    secret = {"client_secret": scene.clients["secret"].secret}
    for mtls in (True, False):
        answer = ask(scene, "secret", mtls=mtls, form=secret)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
        assert "client certificate" in answer.json()["error_description"]


def test_a_plain_token_needs_no_certificate(scene, echo):
    token = token_of(ask(scene, "subject", "good"))
    for who, mtls in (("good", True), ("own", True), (None, True), (None, False)):
        assert call(scene, token, who, mtls=mtls).status_code == 200
    assert len(echo.seen) == 4


def by_proxy(who, form=certificates.as_sequence, verified="SUCCESS"):
    def headers(scene):
        said = {VERIFIED: verified} if verified else {}
        return {HEADER: form(scene.holders[who]), **said}
    return headers


@pytest.mark.parametrize("form", [certificates.as_sequence, certificates.as_escaped])
@pytest.mark.parametrize("client, who", [("subject", "good"), ("dns", "good"), ("own", "own")])
def test_a_certificate_from_the_proxy_is_believed(scene, client, who, form):
    headers = by_proxy(who, form)(scene)
    answer = ask(scene, client, mtls=False, address=PROXY, headers=headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.3"])
@pytest.mark.parametrize("mtls", [True, False])
def test_a_certificate_header_from_elsewhere_is_never_believed(scene, address, mtls):
    for client, who in (("subject", "good"), ("own", "own")):
        answer = ask(scene, client, mtls=mtls, address=address, headers=by_proxy(who)(scene))
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"


def test_a_certificate_header_does_not_stand_in_for_that_of_the_connection(scene):
    """A client with another certificate of its own is known by that."""
    answer = ask(scene, "subject", "other", headers=by_proxy("good")(scene))
    assert answer.status_code == 401
    assert ask(scene, "subject", "good", headers=by_proxy("other")(scene)).status_code == 200


def test_the_proxy_is_known_by_its_own_address_whatever_it_forwards(scene):
    """realip puts another address in the place of the connection's."""
    forwarded = {**by_proxy("good")(scene), "X-Forwarded-For": PROXY}
    for address in ("127.0.0.1", "127.0.0.3"):
        answer = ask(scene, "subject", mtls=False, address=address, headers=forwarded)
        assert answer.status_code == 401
    forwarded["X-Forwarded-For"] = "192.0.2.1"
    answer = ask(scene, "subject", mtls=False, address=PROXY, headers=forwarded)
    assert answer.status_code == 200


def test_behind_the_proxy_its_own_certificate_is_nobodys(scene):
    assert ask(scene, "subject", "good", address=PROXY).status_code == 401


@pytest.mark.parametrize("verified", [None, "NONE", "FAILED:unable to verify", "success", ""])
def test_a_chain_that_the_proxy_did_not_verify_is_not_trusted(scene, verified):
    headers = by_proxy("good", verified=verified)(scene)
    assert ask(scene, "subject", mtls=False, address=PROXY, headers=headers).status_code == 401


def test_a_self_signed_certificate_needs_no_chain_behind_the_proxy(scene):
    headers = by_proxy("own", verified="NONE")(scene)
    assert ask(scene, "own", mtls=False, address=PROXY, headers=headers).status_code == 200


@pytest.mark.parametrize("who", ["expired", "early"])
def test_a_certificate_from_the_proxy_is_believed_within_its_life_only(scene, who):
    headers = by_proxy(who)(scene)
    assert ask(scene, "subject", mtls=False, address=PROXY, headers=headers).status_code == 401


@pytest.mark.parametrize("value", [
    "", ":", "::", ":AAAA:", "(null)", "-----BEGIN%20CERTIFICATE-----", ":%s", "%s:"])
def test_a_malformed_certificate_from_the_proxy_proves_nothing(scene, value):
    text = certificates.as_sequence(scene.holders["good"]).strip(":")
    headers = {HEADER: value.replace("%s", text), VERIFIED: "SUCCESS"}
    assert ask(scene, "subject", mtls=False, address=PROXY, headers=headers).status_code == 401


def raw_from_proxy(scene, lines):
    """A token request from the proxy's address with headers that no library would send."""
    body = f"grant_type=client_credentials&client_id={scene.clients['own'].id}"
    head = [f"POST {scene.house.realm}/oauth/token HTTP/1.1", "Host: localhost",
            "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}",
            "Connection: close", *lines, "", body]
    context = ssl.create_default_context(cafile=str(scene.house.ca))
    with socket.create_connection(("127.0.0.1", scene.house.port), 20, (PROXY, 0)) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as link:
            link.sendall("\r\n".join(head).encode())
            parts = []
            while part := link.recv(65536):
                parts.append(part)
    return int(b"".join(parts).split()[1])


def test_a_certificate_that_comes_twice_is_not_believed(scene):
    good = certificates.as_sequence(scene.holders["own"])
    other = certificates.as_sequence(scene.holders["own_too"])
    assert raw_from_proxy(scene, [f"{HEADER}: {good}"]) == 200
    for lines in ([good, good], [other, good], [good, other]):
        assert raw_from_proxy(scene, [f"{HEADER}: {line}" for line in lines]) == 401
    assert raw_from_proxy(scene, [f"{HEADER}: {good}", f"client-cert: {other}"]) == 401
    assert raw_from_proxy(scene, [f"{HEADER}: {good}, {other}"]) == 401


def test_a_token_bound_behind_the_proxy_is_let_in_with_its_certificate_only(scene, echo):
    good = by_proxy("good")(scene)
    token = token_of(ask(scene, "bound", mtls=False, address=PROXY, headers=good))
    assert call(scene, token, mtls=False, address=PROXY, headers=good).status_code == 200
    for address, headers, reason in (
            (PROXY, by_proxy("renewed")(scene), "certificate_wrong"),
            (PROXY, {}, "certificate_missing"),
            (PROXY, {HEADER: ":AAAA"}, "certificate_malformed"),
            ("127.0.0.1", good, "certificate_missing")):
        refused = call(scene, token, mtls=False, address=address, headers=headers)
        assert (refused.status_code, refused.json()["reason"]) == (401, reason)
    assert call(scene, token, "good").status_code == 200
    assert len(echo.seen) == 2


@pytest.mark.parametrize("address", [PROXY, "127.0.0.1"])
def test_a_certificate_header_never_reaches_an_api(scene, echo, address):
    token = token_of(ask(scene, "subject", "good"))
    headers = {**by_proxy("good")(scene), "X-Other": "kept"}
    assert call(scene, token, mtls=False, address=address, headers=headers).status_code == 200
    names = {name.lower() for name, _ in echo.seen[-1]["headers"]}
    assert "x-other" in names
    assert not names & {HEADER.lower(), VERIFIED.lower()}


def test_metadata_tells_where_certificates_are_asked_for(scene):
    document = send(scene, "GET", f"{scene.house.realm}/.well-known/oauth-authorization-server",
                    mtls=False).json()
    base = f"https://localhost:{scene.house.mtls_port}{scene.house.realm}"
    assert document["mtls_endpoint_aliases"] == {
        "token_endpoint": f"{base}/oauth/token",
        "introspection_endpoint": f"{base}/oauth/introspect",
        "revocation_endpoint": f"{base}/oauth/revoke",
    }
    assert document["tls_client_certificate_bound_access_tokens"] is True
    methods = document["token_endpoint_auth_methods_supported"]
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(methods)


def test_metadata_tells_of_no_certificates_where_none_are_asked_for(house):
    document = house.request(
        "GET", f"{house.realm}/.well-known/oauth-authorization-server").json()
    assert "mtls_endpoint_aliases" not in document
    assert document.get("tls_client_certificate_bound_access_tokens", False) is False
    assert "tls_client_auth" not in document["token_endpoint_auth_methods_supported"]


@pytest.mark.parametrize("words", [
    "Client-Cert", "Client-Cert from=", "Client-Cert from=everywhere", "Client-Cert 127.0.0.1",
    "Client-Cert from=127.0.0.1/8", "Client_Cert from=127.0.0.1", "Client-Cert from=127.0.0.1,",
    "Client-Cert from=127.0.0.1 always", "Client-Cert from=127.0.0.1 verified=",
    "Client-Cert from=127.0.0.1 verified=a_b",
    "A from=127.0.0.1;\n    caregate_client_certificate_header B from=127.0.0.1"])
def test_a_wrong_certificate_header_is_refused_by_nginx_t(make_house, words):
    house = make_house(furnish=False, start=False)
    house.add_to_http(f"    caregate_client_certificate_header {words};")
    done = house.test_conf()
    assert done.code != 0
    assert "caregate_client_certificate_header" in done.err


@pytest.mark.parametrize("listen", ["127.0.0.1", "127.0.0.1:0", "nowhere:", "127.0.0.1:16443",
                                    "127.0.0.1:16444"])
def test_init_refuses_a_listener_that_is_none_or_taken(tmp_path, listen):
    done = subprocess.run(
        [str(build() / "cli" / "caregate"), "--dir", str(tmp_path / "data"), "init", "--listen",
         "127.0.0.1:16443", "--mtls-listen", listen],
        check=False, capture_output=True, text=True, timeout=60, env=environment())
    assert done.returncode == 2
    assert "--mtls-listen" in done.stderr
    assert not (tmp_path / "data").exists()


SERVER = """    server {
        listen 127.0.0.1:%d ssl http2;
        ssl_certificate tls/server.pem;
        ssl_certificate_key tls/server.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_verify_client optional_no_ca;
        ssl_verify_depth 3;
        include realms/*.conf;
        include apis/*/*.conf;
        location / {
            return 404;
        }
    }
"""


def test_a_folder_made_without_learns_where_clients_with_certificates_call(make_house, tmp_path):
    """As OPERATOR.md says."""
    house = make_house(start=False)
    house.mtls_port = free_pair()
    house.add_to_http(SERVER % house.mtls_port)
    house.start()
    holder = certificates.make(*SUBJECT)
    files = {"own": certificates.write(holder, tmp_path, "own")}
    client = enroll(house, "Late", "self_signed_tls_client_auth",
                    ("--certificate", files["own"][0]), bind="mtls")
    url = f"https://localhost:{house.mtls_port}"

    def aliases():
        path = "/.well-known/oauth-authorization-server" + house.realm
        return house.request("GET", path).json().get("mtls_endpoint_aliases")

    assert aliases() is None and house.cli("realm", "show")["mtls_issuer"] is None
    assert house.cli("realm", "mtls-url", url + "/") == {"mtls_url": url}
    wait_until(lambda: aliases() is not None, what="the alias")
    assert aliases()["token_endpoint"] == f"{url}{house.realm}/oauth/token"
    assert house.cli("realm", "show")["mtls_issuer"] == url + house.realm
    scene = Scene(house, {"late": client}, {"own": holder}, files)
    assert call(scene, token_of(ask(scene, "late", "own")), "own").status_code == 200
    house.cli("realm", "mtls-url", "off")
    wait_until(lambda: aliases() is None, what="its end")
    assert house.cli("realm", "mtls-url", "off", ok=False).code != 0
    told = [one["detail"] for one in house.cli("audit", "list", "--kind", "realm_changed")]
    assert told == [url, "off"]
