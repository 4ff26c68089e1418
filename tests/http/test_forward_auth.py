# SPDX-License-Identifier: Apache-2.0
"""Gateways that are not Caregate's nginx ask it before they pass a request on, each with the
configuration that examples/gateways/ shows."""
import collections
import http.client
import pathlib
import shutil
import subprocess

import pytest
import requests
from support import forge
from support.dpop import Caller
from support.house import House
from support.odd_api import OddApi
from support.ports import free_pair
from support.process import end
from support.wait import wait_until

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "gateways"
SERVER = """
    log_format asked '$http_x_http_method_override $http_if_none_exist $http_x_provenance';
    server {
        listen 127.0.0.1:%(port)d;
        access_log logs/asked.log asked;
        caregate_origin https://api.example;
        location = /ask/documents {
            caregate_api documents realm=/vlive/hpca;
            caregate_require GET,HEAD=documents.read;
            caregate_require POST,PUT,DELETE=documents.write;
            caregate_forward_auth original;
        }
        location = /forwarded/documents {
            caregate_api documents realm=/vlive/hpca;
            caregate_require GET,HEAD=documents.read;
            caregate_require POST,PUT,DELETE=documents.write;
            caregate_forward_auth forwarded;
        }
        location /request/documents/ {
            caregate_api documents realm=/vlive/hpca;
            caregate_require GET,HEAD=documents.read;
            caregate_require POST,PUT,DELETE=documents.write;
            caregate_forward_auth request;
        }
        location = /smart {
            caregate_api records realm=/vlive/hpca;
            caregate_smart /fhir/;
            caregate_forward_auth original;
        }
        location = /fhir {
            caregate_api documents realm=/vlive/hpca;
            caregate_fhir on;
            caregate_forward_auth original;
        }
    }
"""
NGINX = """
daemon off;
pid %(folder)s/nginx.pid;
error_log %(folder)s/error.log;
events {}
http {
    access_log off;
    client_body_temp_path %(folder)s/body;
    proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
%(server)s
}
"""
FORGED = {"Caregate-Client-Id": "forged", "caregate_client_id": "forged",
          "Caregate-Subject": "forged", "Caregate-Actor-Subject": "forged"}

Scene = collections.namedtuple("Scene", "house gate api reader writer records")


@pytest.fixture(scope="module", name="scene")
def make_scene():
    """A house that others ask, and an API behind them that tells what reached it."""
    house, api, gate = House(), OddApi(), free_pair()
    try:
        house.furnish(api.url, api.url)
        house.add_to_http(SERVER % {"port": gate})
        reader = house.onboard("Reader", "documents", "documents.read")
        writer = house.onboard("Writer", "documents", "documents.read documents.write")
        house.api("records", "system/*.cruds")
        records = house.onboard("Records", "records", "system/Patient.rs system/Patient.c")
        house.start()
        yield Scene(house, f"127.0.0.1:{gate}", api, reader, writer, records)
    finally:
        house.close()
        api.close()


def configure(name, scene, listen, ask="/ask/documents"):
    """The example's file with this scene's addresses."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    text = text.replace("/ask/documents", ask).replace("GATE", scene.gate)
    return text.replace("API", scene.api.url.split("//")[1]).replace("LISTEN", listen)


def nginx(folder, scene, listen):
    server = configure("nginx.conf", scene, listen)
    path = folder / "nginx.conf"
    path.write_text(NGINX % {"folder": folder, "server": server}, encoding="utf-8")
    return [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-e", str(folder / "error.log"),
            "-p", str(folder), "-c", str(path)]


def caddy(folder, scene, listen):
    path = folder / "Caddyfile"
    text = configure("Caddyfile", scene, listen, "/forwarded/documents")
    path.write_text(text, encoding="utf-8")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(path)]


def haproxy(folder, scene, listen):
    path = folder / "haproxy.cfg"
    path.write_text(configure("haproxy.cfg", scene, listen), encoding="utf-8")
    shutil.copy(EXAMPLES / "caregate.lua", folder)
    return [shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "-db", "-f", str(path)]


@pytest.fixture(scope="module", name="front", params=[nginx, caddy, haproxy],
                ids=lambda make: make.__name__)
def make_front(request, scene, tmp_path_factory):
    """Each gateway in turn, as its URL; it runs until its tests are done."""
    folder = tmp_path_factory.mktemp(request.param.__name__)
    folder.chmod(0o777)
    listen = f"127.0.0.1:{free_pair()}"
    with open(folder / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            request.param(folder, scene, listen), cwd=folder, stdout=log, stderr=log,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder)})
    try:
        wait_until(lambda: answers(f"http://{listen}/"), what="the gateway's first answer")
        yield f"http://{listen}"
    finally:
        end(process)


def answers(url):
    try:
        return requests.get(url, timeout=2).status_code > 0
    except requests.RequestException:
        return False


def call(front, token=None, method="GET", path="/documents/1?a=b", headers=(), **more):
    given = dict(headers)
    if token is not None:
        given["Authorization"] = f"Bearer {token}"
    return requests.request(method, front + path, headers=given, timeout=10, **more)


def test_a_token_opens_the_api_behind(scene, front):
    """Method, path, query and body reach the API, with who is calling, and without the token."""
    scene.api.seen.clear()
    token = scene.house.token(scene.writer)
    answer = call(front, token, "POST", headers=FORGED, data=b"a document")
    assert answer.status_code == 200, answer.text
    seen = scene.api.seen[-1]
    told = collections.Counter(name.lower() for name, _ in seen["headers"])
    headers = {name.lower(): value for name, value in seen["headers"]}
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/documents/1?a=b",
                                                           "a document")
    assert headers["caregate-client-id"] == scene.writer.id
    assert headers["caregate-subject"] == scene.writer.id
    assert headers["caregate-organisation"] == "RX809"
    assert headers["caregate-token-id"] == forge.claims_of(token)["jti"]
    assert headers["caregate-scope"] == forge.claims_of(token)["scope"]
    assert "authorization" not in headers and headers["x-request-id"]
    assert "forged" not in headers.values(), seen
    assert all(count == 1 for name, count in told.items() if name.startswith("caregate")), told


def test_a_refusal_stops_at_the_gateway(scene, front, request):
    """No token, a bad one, and one without the scope of this method. nginx hands on no challenge
    of a 403."""
    scene.api.seen.clear()
    reader = scene.house.token(scene.reader)
    assert call(front, reader).status_code == 200
    rows = ((None, "GET", 401, "Bearer"), ("bad", "GET", 401, 'error="invalid_token"'),
            (reader, "POST", 403, 'scope="documents.write"'),
            (reader, "DELETE", 403, 'error="insufficient_scope"'))
    for token, method, status, challenge in rows:
        answer = call(front, token, method, headers=FORGED)
        assert answer.status_code == status, (method, answer.text)
        if status == 401 or "nginx" not in request.node.name:
            assert challenge in answer.headers["WWW-Authenticate"], answer.headers
    assert len(scene.api.seen) == 1


def test_a_caller_cannot_ask_about_another_request(scene, front):
    """The gateway's own headers win over the caller's of the same names."""
    scene.api.seen.clear()
    reader = scene.house.token(scene.reader)
    lies = {"X-Original-Method": "GET", "X-Original-URI": "/documents/", "X_Original_Method": "GET",
            "X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/documents/"}
    assert call(front, reader, "POST", headers=lies).status_code >= 400
    assert scene.api.seen == []


def test_a_withdrawn_agreement_closes_it(scene, front):
    client = scene.house.onboard("Gone", "documents", "documents.read")
    token = scene.house.token(client)
    assert call(front, token).status_code == 200
    scene.house.cli("agreement", "withdraw", client.agreements[0], "--by", "Someone")
    wait_until(lambda: call(front, token).status_code == 403, what="the refusal")


def ask(scene, path, token=None, method="GET", **headers):
    """What a gateway asks."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        given["Authorization"] = f"Bearer {token}"
    return requests.request(method, f"http://{scene.gate}{path}", headers=given, timeout=10)


def test_envoy_is_answered(scene):
    """ext_authz asks with the request's own method, at its path behind the prefix."""
    reader = scene.house.token(scene.reader)
    answer = ask(scene, "/request/documents/documents/1?a=b", reader)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Caregate-Client-Id"] == scene.reader.id
    refusal = ask(scene, "/request/documents/documents/1", reader, "POST")
    assert (refusal.status_code, refusal.json()["reason"]) == (403, "scope_insufficient")
    climbs = ask(scene, "/request/documents/documents/..%2fadmin", reader)
    assert (climbs.status_code, climbs.json()["reason"]) == (400, "path_ambiguous")
    query = ask(scene, "/request/documents/1?access_token=x", reader)
    assert (query.status_code, query.json()["reason"]) == (400, "token_in_query")


def test_what_is_not_told_once_is_refused(scene):
    reader = scene.house.token(scene.reader)
    good = {"X-Original-Method": "GET", "X-Original-URI": "/documents/1"}
    assert ask(scene, "/ask/documents", reader, **good).status_code == 200
    rows = ({"X-Original-Method": "GET"}, {"X-Original-URI": "/documents/1"}, {},
            {**good, "X-Original-URI": ""}, {**good, "X-Original-URI": "documents/1"},
            {**good, "X-Original-URI": "/a#b"}, {**good, "X-Original-URI": "/a b"},
            {**good, "X-Original-URI": "https://api.example/a"})
    for headers in rows:
        answer = ask(scene, "/ask/documents", reader, **headers)
        assert (answer.status_code, answer.json()["reason"]) == \
            (400, "forwarded_request_unclear"), headers
    climbs = ask(scene, "/ask/documents", reader, **{**good, "X-Original-URI": "/a/../b"})
    assert climbs.json()["reason"] == "path_ambiguous"
    query = ask(scene, "/ask/documents", reader, **{**good, "X-Original-URI": "/a?access_token=b"})
    assert query.json()["reason"] == "token_in_query"
    post = ask(scene, "/ask/documents", reader, **{**good, "X-Original-Method": "POST"})
    assert post.json()["reason"] == "scope_insufficient"


def test_a_fhir_location_refuses_by_outcome(scene):
    answer = ask(scene, "/fhir", X_Original_Method="GET", X_Original_URI="/Patient/1")
    assert answer.status_code == 401
    assert answer.json()["resourceType"] == "OperationOutcome"


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/fhir+json"}


@pytest.mark.parametrize("method, uri, headers, reason", [
    ("GET", "/fhir/Patient/1", {}, None),
    ("GET", "/fhir/Patient?name=x", {}, None),
    ("POST", "/fhir/Patient", JSON, None),
    ("GET", "/fhir/Patient?_revinclude=Observation:subject", {}, "smart_scope_insufficient"),
    ("GET", "/fhir/Task/1", {}, "smart_scope_insufficient"),
    ("POST", "/fhir/Patient", {**JSON, "X-Provenance": "{}"}, "smart_scope_insufficient"),
    ("GET", "/fhir/Patient/1", {"X-HTTP-Method-Override": "DELETE"}, "fhir_request_overridden"),
    ("POST", "/fhir/Patient/_search", FORM, "fhir_request_unclear"),
    ("POST", "/fhir/", JSON, "fhir_request_unclear"),
    ("GET", "/other/Patient/1", {}, "fhir_request_unclear"),
])
def test_smart_scopes_are_held_against_the_request(scene, method, uri, headers, reason):
    """Also what only a body could tell, which the gateway keeps to itself."""
    token = scene.house.token(scene.records)
    answer = ask(scene, "/smart", token,
                 **{"X-Original-Method": method, "X-Original-URI": uri, **headers})
    assert answer.status_code == (200 if reason is None else answer.json()["status"])
    assert reason is None or answer.json()["reason"] == reason


def test_every_header_that_may_decide_is_told(scene, front):
    """Were one kept back, Caregate would judge another request than the API gets."""
    told = {"X-HTTP-Method-Override": "DELETE", "If-None-Exist": "name=x", "X-Provenance": "{}"}
    log = scene.house.dir / "logs" / "asked.log"
    before = len(log.read_text(encoding="utf-8"))
    assert call(front, scene.house.token(scene.reader), headers=told).status_code == 200
    wait_until(lambda: "DELETE name=x {}\n" in log.read_text(encoding="utf-8")[before:],
               what="the question's log")


def seen_by_api(scene, front, path="/documents/1", headers=()):
    """What reached the API of a request whose path is sent as it stands here, with `headers` over
    those of a good one."""
    scene.api.seen.clear()
    connection = http.client.HTTPConnection(front.split("//")[1], timeout=10)
    connection.putrequest("GET", path)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    connection.getresponse().read()
    connection.close()
    return scene.api.seen


@pytest.mark.parametrize("path", ["/%64ocuments/1", "//documents/1", "/./documents/1",
                                  "/a/../documents/1", "/DOCUMENTS/1", "/documents%2f1", "/other"])
def test_no_spelling_of_a_path_gets_by_unasked(scene, front, path):
    """The API behind reads escapes and dots, whatever the gateway makes of them."""
    assert seen_by_api(scene, front, path) == []


def test_no_header_is_taken_for_another(scene, front):
    """Caregate's nginx sees no name with an underscore; an API may read it as with hyphens."""
    sent = [("Authorization", f"Bearer {scene.house.token(scene.reader)}"),
            ("X_HTTP_Method_Override", "DELETE"), ("If_None_Exist", "name=x")]
    seen, = seen_by_api(scene, front, headers=sent)
    assert [name for name, _ in seen["headers"] if "_" in name] == []


def test_a_caller_cannot_have_left_out_what_is_told(scene, front):
    """RFC 9110 §7.6.1: what Connection names goes no further than the next server."""
    names = "Caregate-Client-Id, Caregate-Authorization-Details"
    sent = [("Authorization", f"Bearer {scene.house.token(scene.reader)}"), ("Connection", names)]
    seen, = seen_by_api(scene, front, headers=sent)
    headers = {name.lower(): value for name, value in seen["headers"]}
    assert headers["caregate-client-id"] == scene.reader.id
    assert "caregate" not in headers.get("connection", "").lower()


def test_what_is_not_told_is_not_there(scene, front):
    """Without the header an API takes it that nothing is narrowed, and nobody acts."""
    sent = [("Authorization", f"Bearer {scene.house.token(scene.reader)}")]
    seen, = seen_by_api(scene, front, headers=sent)
    told = {name.lower() for name, value in seen["headers"] if value}
    assert not told & {"caregate-actor-subject", "caregate-authorization-details"}


def test_a_proof_is_for_the_request_that_is_asked_about(scene):
    """Method and URL of a DPoP proof are those that the caller used at the gateway."""
    client = scene.house.onboard("Bound", "documents", "documents.read")
    caller = Caller(scene.house, client)
    token, url = caller.get_token().token, "https://api.example/documents/1"

    def show(proof):
        return requests.get(f"http://{scene.gate}/ask/documents", timeout=10, headers={
            "Authorization": f"DPoP {token}", "DPoP": proof, "X-Original-Method": "GET",
            "X-Original-URI": "/documents/1?a=b"})

    nonce = show(caller.prover.proof("GET", url, token)).headers["DPoP-Nonce"]
    assert show(caller.prover.proof("GET", url, token, nonce)).status_code == 200
    other = show(caller.prover.proof("GET", "https://api.example/documents/2", token, nonce))
    assert (other.status_code, other.json()["reason"]) == (401, "proof_target_wrong")
    method = show(caller.prover.proof("POST", url, token, nonce))
    assert (method.status_code, method.json()["reason"]) == (401, "proof_method_wrong")


@pytest.mark.parametrize("line, complaint", [
    ("caregate_forward_auth maybe;", "original, forwarded or request"),
    ("caregate_forward_auth original; caregate_forward_auth original;", "given twice"),
    ("caregate_forward_auth original;", 'needs "caregate_api"'),
    ("caregate_forward_auth request;", "ends in /"),
])
def test_mistakes_are_refused_by_nginx(make_house, line, complaint):
    house = make_house(start=False)
    house.add_to_http("    server { listen 127.0.0.1:1; location = /ask { %s } }" % line)
    done = house.test_conf()
    assert done.code != 0 and complaint in done.err, done.err
