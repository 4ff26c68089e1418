# SPDX-License-Identifier: Apache-2.0
"""The token endpoint under attack: guessing, doubled parameters, exhaustion, open doors."""

import base64
import contextlib
import pathlib
import re
import resource
import ssl
import threading
import time

import pytest
import requests
from support.wire import Wire, bearer, exchange, head

FORM = "application/x-www-form-urlencoded"
TOKEN_PATH = "/vlive/hpca/oauth/token"


@pytest.fixture(scope="module")
def client(house):
    return house.onboard("Attacked", "documents", "documents.read documents.write")


def post(house, body, headers=(), ca=True):
    headers = [("Content-Type", FORM), *headers]
    return exchange(house.port, "POST", TOKEN_PATH, headers, body.encode("latin-1"),
                    house.ca if ca else None)


def basic(client_id, secret):
    pair = f"{client_id}:{secret}".encode()
    return ("Authorization", "Basic " + base64.b64encode(pair).decode())


def good_body(client, **more):
    form = {"grant_type": "client_credentials", "client_id": client.id,
            "client_secret": client.secret, **more}
    return "&".join(f"{name}={value}" for name, value in form.items())


def assert_works(house, client):
    assert post(house, good_body(client)).status == 200


def public_face(answer):
    """All that an attacker sees, without what differs for every request."""
    headers = [(name, value) for name, value in answer.headers
               if name not in ("Date", "X-Request-ID")]
    return answer.status, headers, answer.body


GUESSES = {
    "wrong_secret": lambda c: (c.id, c.secret[:-1] + ("a" if c.secret[-1] != "a" else "b")),
    "wrong_checksum": lambda c: (c.id, c.secret[:-6] + "AAAAAA"),
    "upper_case_secret": lambda c: (c.id, c.secret.upper()),
    "short_secret": lambda c: (c.id, "x"),
    "prefix_of_secret": lambda c: (c.id, c.secret[:20]),
    "longer_secret": lambda c: (c.id, c.secret + "x"),
    "spaced_secret": lambda c: (c.id, c.secret + "%20"),
    "long_secret": lambda c: (c.id, "x" * 4000),
    "unknown_client": lambda c: ("nobody-12345678", c.secret),
    "upper_case_client": lambda c: (c.id.upper(), c.secret),
    "client_of_sql": lambda c: ("' or '1'='1", c.secret),
    "secret_of_sql": lambda c: (c.id, "' or '1'='1"),
    "wildcard": lambda c: ("%25", c.secret),
    "long_client": lambda c: ("x" * 3000, c.secret),
    "ids_swapped": lambda c: (c.secret, c.id),
    "secret_id": lambda c: (c.id, c.secret_id),
}


@pytest.mark.parametrize("label", GUESSES)
def test_every_wrong_guess_gets_the_same_answer_by_form(house, client, label):
    """RFC 6749 §5.2; nobody learns which clients there are."""
    client_id, secret = GUESSES[label](client)
    reference = post(house, "grant_type=client_credentials&client_id=nobody&client_secret=x")
    answer = post(house, f"grant_type=client_credentials&client_id={client_id}"
                         f"&client_secret={secret}")
    assert answer.status == 401 and answer.json()["error"] == "invalid_client"
    assert public_face(answer) == public_face(reference)


@pytest.mark.parametrize("label", GUESSES)
def test_every_wrong_guess_gets_the_same_answer_by_basic(house, client, label):
    client_id, secret = GUESSES[label](client)
    body = "grant_type=client_credentials"
    reference = post(house, body, [basic("nobody", "x")])
    answer = post(house, body, [basic(client_id, secret)])
    assert answer.status == 401
    assert public_face(answer) == public_face(reference)


def test_a_suspended_client_looks_like_a_wrong_secret(house):
    client = house.onboard("Gone", "documents", "documents.read")
    wrong = public_face(post(house, good_body(client, client_secret="x")))
    house.cli("client", "suspend", client.id)
    assert public_face(post(house, good_body(client))) == wrong


def test_a_secret_of_one_client_opens_no_other(house, client):
    other = house.onboard("Other", "documents", "documents.read")
    assert post(house, good_body(other, client_secret=client.secret)).status == 401
    assert post(house, good_body(client, client_secret=other.secret)).status == 401


DOUBLED = ("grant_type=client_credentials", "client_id=x", "client_secret=x",
           "scope=documents.read", "%63lient_id=x", "scope=", "grant_type=")


@pytest.mark.parametrize("extra", DOUBLED)
@pytest.mark.parametrize("first", [False, True])
def test_a_doubled_parameter_is_refused(house, client, extra, first):
    """RFC 6749 §3.2: request parameters MUST NOT be included more than once."""
    body = good_body(client, scope="documents.read")
    body = f"{extra}&{body}" if first else f"{body}&{extra}"
    answer = post(house, body)
    if extra.endswith("="):  # an empty parameter counts as left out
        assert answer.status in (200, 400)
        return
    assert answer.status == 400 and answer.json()["error"] == "invalid_request"


def test_a_doubled_unknown_parameter_changes_nothing(house, client):
    assert post(house, good_body(client) + "&a=1&a=2").status in (200, 400)


AT_ONCE = {
    "basic_and_form": (lambda c: good_body(c), lambda c: [basic(c.id, c.secret)]),
    "basic_and_secret": (lambda c: f"grant_type=client_credentials&client_secret={c.secret}",
                         lambda c: [basic(c.id, c.secret)]),
    "basic_and_other_id": (lambda c: "grant_type=client_credentials&client_id=other",
                           lambda c: [basic(c.id, c.secret)]),
    "wrong_basic_and_good_form": (lambda c: good_body(c), lambda c: [basic("x", "y")]),
}


@pytest.mark.parametrize("label", AT_ONCE)
def test_two_ways_to_authenticate_at_once_are_refused(house, client, label):
    """RFC 6749 §2.3: MUST NOT use more than one authentication method in each request."""
    body, headers = AT_ONCE[label]
    answer = post(house, body(client), headers(client))
    assert answer.status in (400, 401) and "access_token" not in answer.json()


@pytest.mark.parametrize("headers", [
    [("Authorization", "Basic")], [("Authorization", "Basic ====")],
    [("Authorization", "Basic " + base64.b64encode(b"no colon").decode())],
    [("Authorization", "Basic " + base64.b64encode(b"a%zz:b").decode())],
    [("Authorization", "Basic " + base64.b64encode(b"a\0b:c").decode())],
    [("Authorization", "Basic " + base64.b64encode(b"\xff\xfe:c").decode())],
    [("Authorization", "Basic " + "QQ" * 3000)], [("Authorization", "Bearer x")],
    [("Authorization", "Digest username=x")], [basic("a", "b"), basic("a", "b")]])
def test_odd_authorization_gets_no_token(house, client, headers):
    answer = post(house, "grant_type=client_credentials", headers)
    assert answer.status in (400, 401), answer
    assert_works(house, client)


HOSTILE_FORMS = ("a" * 9000, "&" * 8000, "=&" * 4000, "a=b&" * 2000, "%" * 8000, "%00=%00",
                 "\0" * 100, "a=%zz", "a=%", "%ff%fe=1", "\xff" * 100, "scope=a++b",
                 "scope=" + "x+" * 3000,
                 "scope=%0d%0aX-Evil:1", "a=1;b=2", '{"grant_type":"client_credentials"}',
                 "<?xml version='1.0'?>", "grant_type[]=client_credentials",
                 "grant_type=client_credentials%00", "grant_type=CLIENT_CREDENTIALS",
                 "grant_type=password&username=a&password=b", "grant_type=implicit",
                 "grant_type=" + "x" * 7000, "&".join(f"p{n}=1" for n in range(33)))


@pytest.mark.parametrize("body", HOSTILE_FORMS, ids=lambda body: f"{body[:16]!r}_{len(body)}")
@pytest.mark.parametrize("authenticated", [False, True])
def test_a_hostile_form_is_refused_in_bounded_time(house, client, body, authenticated):
    begun = time.monotonic()
    answer = post(house, body, [basic(client.id, client.secret)] if authenticated else ())
    assert 400 <= answer.status < 500, answer
    assert answer.header("X-Evil") is None and answer.json()["error"]
    assert time.monotonic() - begun < 5
    assert_works(house, client)


@pytest.mark.parametrize("length", [8193, 20000, 10**9])
def test_a_body_too_large_is_refused_before_it_is_sent(house, length):
    with Wire(house.port, house.ca) as wire:
        wire.send(head("POST", TOKEN_PATH, [("Content-Type", FORM), ("Content-Length", length)]))
        answer = wire.answer("POST")
        assert answer.status == 413 and answer.json()["error"] == "invalid_request"


def test_an_endless_chunked_body_is_cut_off(house, client):
    with Wire(house.port, house.ca) as wire:
        wire.send(head("POST", TOKEN_PATH, [("Content-Type", FORM),
                                            ("Transfer-Encoding", "chunked")]))
        with contextlib.suppress(OSError):
            for _ in range(40):
                wire.send(b"400\r\n" + b"a" * 1024 + b"\r\n")
        assert wire.answer("POST").status == 413
    assert_works(house, client)


@pytest.fixture
def many_files():
    """The test itself holds more than the usual 1024 open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_server_may_open_as_many_files_as_it_is_allowed(make_house):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        own = make_house(furnish=False)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = pathlib.Path(f"/proc/{own.workers()[0]}/limits").read_text(encoding="ascii")
    line = next(one for one in limits.splitlines() if one.startswith("Max open files"))
    assert line.split()[3] == line.split()[4] != "512"


def test_idle_connections_do_not_keep_others_out(house, client, many_files):
    """A thousand that say nothing, or half a request; nginx's own timeouts end them."""
    begun = head("POST", TOKEN_PATH, [("Content-Type", FORM), ("Content-Length", 100)])
    with contextlib.ExitStack() as stack:
        for number in range(1000):
            wire = stack.enter_context(Wire(house.port))
            if number % 4 == 0:
                wire.send(b"\x16\x03\x01" + b"\0" * (number % 60))
        for _ in range(40):
            wire = stack.enter_context(Wire(house.port, house.ca))
            wire.send(begun + b"grant_type=")
        started = time.monotonic()
        for _ in range(5):
            assert_works(house, client)
        assert time.monotonic() - started < 10
    assert_works(house, client)


def test_clients_that_go_away_in_the_middle_harm_nobody(house, client):
    body = good_body(client).encode()
    whole = head("POST", TOKEN_PATH, [("Content-Type", FORM), ("Content-Length", len(body))]) + body
    for cut in range(1, len(whole), 37):
        with Wire(house.port, house.ca) as wire:
            wire.send(whole[:cut])
    for _ in range(30):  # sent whole, not waited for
        with Wire(house.port, house.ca) as wire:
            wire.send(whole)
    assert_works(house, client)


def test_guessing_at_once_keeps_nobody_else_out(house, client):
    """A crowd with wrong secrets, and a client with the right one beside it."""
    stop = threading.Event()
    statuses = set()

    def guess():
        with requests.Session() as session:
            session.trust_env, session.verify = False, str(house.ca)
            while not stop.is_set():
                form = {"grant_type": "client_credentials", "client_id": client.id,
                        "client_secret": "wrong"}
                statuses.add(session.post(house.base() + TOKEN_PATH, form, timeout=20).status_code)

    crowd = [threading.Thread(target=guess) for _ in range(8)]
    for thread in crowd:
        thread.start()
    try:
        answers = [post(house, good_body(client)).status for _ in range(20)]
    finally:
        stop.set()
        for thread in crowd:
            thread.join()
    assert answers == [200] * 20
    assert statuses and statuses <= {401, 429, 503}


PATHS = ("/admin", "/admin/", "/admin/v1", "/admin/v1/clients", "/admin/v1/openapi.json",
         "/console", "/console/", "/metrics", "/healthz", "/readyz", "/status", "/nginx_status",
         "/server-status", "/", "/index.html", "/.env", "/.git/config", "/registry.db",
         "/audit.db", "/master.key", "/nginx.conf", "/tls/server.key", "/logs/access.log",
         "/data/registry.db", "/actuator", "/debug", "/api", "/login", "/register", "/setup",
         "/install", "/oauth/token", "/.well-known/openid-configuration",
         "/vtest/hpca/oauth/token", "/vlive/oauth/token", "/vlive/hpca",
         "/vlive/hpca/admin/v1/clients", "/vlive/hpca/admin/", "/vlive/hpca/console/",
         "/vlive/hpca/metrics", "/vlive/hpca/healthz", "/vlive/hpca/oauth/register",
         "/vlive/hpca/oauth/clients", "/vlive/hpca/oauth/token/", "/vlive/hpca/oauth/token/x",
         "/vlive/hpca/oauth/../../../master.key", "/vlive/hpca/oauth/TOKEN",
         "/vlive/hpca//x/oauth/jwks", "/vlive/hpca/%2e%2e/master.key",
         "/vlive/hpca/oauth/jwks.json", "/vlive/hpcax/oauth/token", "/..%2fmaster.key",
         "/tls/..%2fmaster.key")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_open_door_on_the_public_listener(house, path, method):
    answer = exchange(house.port, method, path, ca=house.ca)
    assert answer.status in (400, 404, 405, 301), answer
    if answer.status == 301:
        assert path == "/vlive/hpca" and answer.header("Location").endswith("/vlive/hpca/")
    assert b"caregate_" not in answer.body and b"PRIVATE" not in answer.body


DEFAULTS = (("admin", "admin"), ("admin", "password"), ("caregate", "caregate"), ("root", ""),
            ("test", "test"), ("client", "secret"), ("admin", ""), ("", ""), ("", "admin"))


@pytest.mark.parametrize("client_id, secret", DEFAULTS)
def test_no_default_credentials_work(house, client_id, secret):
    body = f"grant_type=client_credentials&client_id={client_id}&client_secret={secret}"
    assert post(house, body).status == 401
    assert post(house, "grant_type=client_credentials", [basic(client_id, secret)]).status == 401


def test_a_fresh_house_has_no_client(make_house):
    fresh = make_house(furnish=False, start=False)
    assert fresh.cli("client", "list") == [] and fresh.cli("secret", "list") == []


def test_the_status_listener_is_for_this_machine_only(house):
    conf = (house.dir / "nginx.conf").read_text(encoding="utf-8")
    status = house.status.removeprefix("http://")
    assert f"listen {status};" in conf and status.startswith("127.0.0.1:")


def test_the_server_does_not_tell_its_version(house):
    for answer in (exchange(house.port, "GET", "/", ca=house.ca),
                   exchange(house.port, "GET", "/fhir/Patient", [bearer("x")], ca=house.ca),
                   post(house, "a=b")):
        assert answer.header("Server") == "nginx"


def test_an_error_never_echoes_what_was_sent(house, client):
    marker = "cgs_PLANTED0123456789"
    for body in (f"grant_type={marker}", good_body(client, scope=marker),
                 good_body(client, client_secret=marker), good_body(client, resource=marker),
                 f"{marker}={marker}", f"grant_type=client_credentials&client_id={marker}"):
        answer = post(house, body)
        assert marker.encode() not in answer.body
        assert not any(marker in value for _, value in answer.headers)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_only_tls_of_today_is_spoken(house):
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(str(house.ca))
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with Wire(house.port) as wire, pytest.raises((ssl.SSLError, ConnectionResetError)):
            context.wrap_socket(wire.socket, server_hostname="localhost")
    assert re.match("TLSv1.[23]", Wire(house.port, house.ca).socket.version())
