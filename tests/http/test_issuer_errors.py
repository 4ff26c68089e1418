# SPDX-License-Identifier: Apache-2.0
"""The issuer's table of errors: RFC 6749 §5.2, RFC 8707 §2."""
import base64
import contextlib
import re
import select
import sqlite3
import time

import pytest

from support.form import basic, post, token_request
from support.store import change

FORM_MAX_BYTES = 64 * 1024
DOCUMENTED = "documents.write"


@pytest.fixture(scope="module")
def client(house):
    return house.onboard("Error tests", "documents", DOCUMENTED)


@pytest.fixture(scope="module")
def unauthorised(house):
    """A client with a secret and no agreement."""
    made = house.cli("client", "add", "--org", "RX809", "--name", "Nothing agreed")
    secret = house.cli("secret", "issue", "--client", made["client_id"])["secret"]
    return made["client_id"], secret


@pytest.fixture(scope="module")
def suspended(house):
    own = house.onboard("Suspended", "documents", DOCUMENTED)
    house.cli("client", "suspend", own.id)
    return own


def check(answer, status, error, *words):
    """The shape that every error has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert len(answer.headers["X-Request-ID"]) == 32
    body = answer.json()
    assert body["error"] == error
    assert set(body) <= {"error", "error_description", "error_uri"}
    # RFC 6749 §5.2: the characters of error_description.
    assert all(c in "\x20\x21" or "\x23" <= c <= "\x5b" or "\x5d" <= c <= "\x7e"
               for c in body["error_description"]), body["error_description"]
    for word in words:
        assert word in body["error_description"]
    challenge = answer.headers.get("WWW-Authenticate")
    assert bool(challenge) == (status == 401)
    if challenge:
        assert challenge.startswith('Basic realm="')
    return body


@pytest.mark.parametrize("fields", [
    pytest.param({"client_id": None, "client_secret": None}, id="no-credentials"),
    pytest.param({"client_secret": None}, id="no-secret"),
    pytest.param({"client_secret": ""}, id="empty-secret"),
    pytest.param({"client_id": None}, id="no-id"),
    pytest.param({"client_id": ""}, id="empty-id"),
    pytest.param({"client_id": "nobody-at-all-7f3k9q2x"}, id="unknown-client"),
    pytest.param({"client_id": "x" * 5000}, id="endless-id"),
    pytest.param({"client_id": "' or 1=1 --"}, id="sql-in-the-id"),
    pytest.param({"client_secret": "wrong"}, id="wrong-secret"),
    pytest.param({"client_secret": "cgs_" + "A" * 49}, id="well-formed-wrong-secret"),
])
def test_wrong_credentials_are_invalid_client(house, client, fields):
    check(token_request(house, client, **fields), 401, "invalid_client")


@pytest.mark.parametrize("change", [
    pytest.param(lambda secret: secret[:-1], id="cut"),
    pytest.param(lambda secret: secret + "A", id="longer"),
    pytest.param(lambda secret: secret.swapcase(), id="case"),
    pytest.param(lambda secret: " " + secret, id="blank-before"),
])
def test_nearly_right_secret_is_invalid_client(house, client, change):
    check(token_request(house, client, client_secret=change(client.secret)), 401, "invalid_client")


def test_suspended_client_is_invalid_client(house, suspended):
    check(token_request(house, suspended), 401, "invalid_client")


def test_secret_of_another_client_is_invalid_client(house, client, suspended):
    check(token_request(house, client, client_secret=suspended.secret), 401, "invalid_client")


def test_unknown_client_cannot_be_told_from_wrong_secret_or_suspension(house, client, suspended):
    answers = [token_request(house, client, client_secret="cgs_" + "A" * 49),
               token_request(house, client, client_id="nobody-at-all-7f3k9q2x"),
               token_request(house, suspended)]
    assert len({answer.text for answer in answers}) == 1
    volatile = {"Date", "X-Request-ID"}
    heads = [sorted(pair for pair in answer.headers.items() if pair[0] not in volatile)
             for answer in answers]
    assert heads[0] == heads[1] == heads[2]


def test_challenge_names_the_realm(house, client):
    answer = token_request(house, client, client_secret="wrong")
    assert house.realm in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("fields, error, words", [
    pytest.param({"grant_type": None}, "invalid_request", ["grant_type"], id="no-grant-type"),
    pytest.param({"grant_type": ""}, "invalid_request", ["grant_type"], id="empty-grant-type"),
    pytest.param({"grant_type": "password"}, "unsupported_grant_type", [], id="password-grant"),
    pytest.param({"grant_type": "Client_Credentials"}, "unsupported_grant_type", [],
                 id="grant-in-other-case"),
    pytest.param({"grant_type": "client_credentials "}, "unsupported_grant_type", [],
                 id="grant-with-blank"),
    pytest.param({"scope": "never.heard"}, "invalid_scope", ["scope"], id="unknown-scope"),
    pytest.param({"scope": "results.read"}, "invalid_scope", ["scope"], id="not-agreed-scope"),
    pytest.param({"scope": 'a"b'}, "invalid_scope", ["scope"], id="quote-in-scope"),
    pytest.param({"scope": "a\\b"}, "invalid_scope", ["scope"], id="backslash-in-scope"),
    pytest.param({"scope": "a\nb"}, "invalid_request", ["control"], id="line-feed-in-scope"),
    pytest.param({"client_secret": "a\0b"}, "invalid_request", ["control"], id="zero-byte"),
    pytest.param({"scope": "é"}, "invalid_scope", ["scope"], id="not-ascii-scope"),
    pytest.param({"resource": "https://care.example/unknown"}, "invalid_target", ["resource"],
                 id="unknown-resource"),
    pytest.param({"resource": "https://care.example/results"}, "invalid_target", ["resource"],
                 id="not-agreed-resource"),
])
def test_request_that_asks_wrongly_is_told_what_to_mend(house, client, fields, error, words):
    check(token_request(house, client, **fields), 400, error, *words)


def test_client_without_agreement_gets_invalid_scope(house, unauthorised):
    client_id, secret = unauthorised
    answer = post(house, {"grant_type": "client_credentials", "client_id": client_id,
                          "client_secret": secret})
    check(answer, 400, "invalid_scope")


def test_grant_that_the_client_may_not_use_is_unauthorized_client(own_house):
    house = own_house
    client = house.onboard("No grant", "documents", DOCUMENTED)
    registry = house.dir / "registry.db"
    change(registry, "update client set grants = 'authorization_code' where id = ?", client.id)
    change(registry, "update version set registry = registry + 1")
    check(house.token_response(client), 400, "unauthorized_client")


@pytest.mark.parametrize("name", ["grant_type", "client_id", "client_secret", "scope", "anything"])
def test_repeated_parameter_is_invalid_request(house, client, name):
    """RFC 6749 §3.2."""
    fields = {"grant_type": "client_credentials", "client_id": client.id,
              "client_secret": client.secret, "scope": DOCUMENTED, "anything": "x"}
    body = check(post(house, [*fields.items(), (name, fields[name])]), 400, "invalid_request")
    assert client.secret not in str(body)
    if name != "anything":
        assert name in body["error_description"]


@pytest.mark.parametrize("fields, who", [
    pytest.param({"client_id": "ID", "client_secret": "SECRET"}, "ID", id="basic-and-post"),
    pytest.param({"client_secret": "SECRET"}, "ID", id="basic-and-a-secret"),
    pytest.param({"client_id": "somebody-else"}, "ID", id="two-client-ids"),
])
def test_two_authentication_methods_are_invalid_request(house, client, fields, who):
    """RFC 6749 §2.3."""
    values = {"ID": client.id, "SECRET": client.secret}
    form = {name: values.get(value, value) for name, value in fields.items()}
    answer = post(house, {"grant_type": "client_credentials", **form},
                  {"Authorization": basic(values[who], client.secret)})
    check(answer, 400, "invalid_request")


@pytest.mark.parametrize("value", [
    pytest.param("Basic ???", id="not-base64"),
    pytest.param("Basic " + base64.b64encode(b"no colon").decode(), id="no-colon"),
    pytest.param("Basic " + base64.b64encode(b"a%zz:b").decode(), id="bad-escape"),
    pytest.param("Basic", id="nothing"),
])
def test_malformed_basic_is_refused(house, client, value):
    answer = post(house, {"grant_type": "client_credentials"}, {"Authorization": value})
    assert answer.status_code in (400, 401), answer.text
    assert answer.json()["error"] in ("invalid_request", "invalid_client")


def test_two_authorization_headers_are_refused_by_nginx(house, client):
    value = basic(client.id, client.secret)
    answer = house.raw((f"POST {house.realm}/oauth/token HTTP/1.1\r\nHost: localhost\r\n"
                        f"Authorization: {value}\r\nAuthorization: {value}\r\n"
                        "Content-Type: application/x-www-form-urlencoded\r\n"
                        "Content-Length: 29\r\nConnection: close\r\n\r\n"
                        "grant_type=client_credentials").encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"access_token" not in answer


@pytest.mark.parametrize("body", [
    "grant_type=client_credentials&client_id=%zz",
    "grant_type=client_credentials&client_id=%4",
    "grant_type=client_credentials&client_id=%00",
    "grant_type=client_credentials&client_id=\x00",
    "grant_type=client_credentials&client_id=%ff%fe",
])
def test_malformed_form_is_refused(house, body):
    answer = post(house, body)
    assert answer.status_code in (400, 401), answer.text
    assert answer.json()["error"] in ("invalid_request", "invalid_client")


@pytest.mark.parametrize("content_type", [
    "application/json", "multipart/form-data; boundary=x", "text/plain", "",
    "application/x-www-form-urlencoded2",
])
def test_body_that_is_no_form_is_415(house, client, content_type):
    check(token_request(house, client, {"Content-Type": content_type}), 415, "invalid_request")


def test_credentials_in_the_query_do_not_count(house, client):
    """RFC 6749 §2.3.1: they MUST NOT be in the request URI."""
    query = f"?client_id={client.id}&client_secret={client.secret}"
    answer = post(house, {"grant_type": "client_credentials"}, path="/oauth/token" + query)
    check(answer, 401, "invalid_client")


@pytest.mark.parametrize("chunked", [False, True], ids=["by-length", "chunked"])
def test_form_too_large_is_413(house, client, chunked):
    body = (f"grant_type=client_credentials&client_id={client.id}"
            f"&client_secret={client.secret}&filler=").encode() + b"x" * (4 * FORM_MAX_BYTES)
    data = iter([body[:1000], body[1000:]]) if chunked else body
    check(post(house, data), 413, "invalid_request")


def test_an_answer_before_the_end_of_the_body_says_that_the_connection_closes(house):
    """RFC 9112 §9.6: else the client would send its next request into a closing connection."""
    chunk = b"x" * (FORM_MAX_BYTES + 1)
    answer = house.raw((f"POST {house.realm}/oauth/token HTTP/1.1\r\nHost: localhost\r\n"
                        "Content-Type: application/x-www-form-urlencoded\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n"
                        f"{len(chunk):x}\r\n").encode() + chunk + b"\r\n")
    head = answer.split(b"\r\n\r\n", 1)[0].lower()
    assert head.startswith(b"http/1.1 413 "), answer
    assert b"\r\nconnection: close" in head


def test_form_of_many_parameters_is_refused(house, client):
    fields = "&".join(f"p{number}=1" for number in range(2000))
    answer = post(house, f"grant_type=client_credentials&client_id={client.id}"
                         f"&client_secret={client.secret}&{fields}")
    assert answer.status_code in (400, 413), answer.text
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_token_endpoint_answers_other_methods_with_405_and_allow(house, method):
    answer = house.request(method, f"{house.realm}/oauth/token")
    check(answer, 405, "invalid_request")
    assert answer.headers["Allow"] == "POST"


def test_token_endpoint_answers_head_with_405_and_no_body(house):
    answer = house.request("HEAD", f"{house.realm}/oauth/token")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert answer.content == b""


@pytest.mark.parametrize("path", [
    "/", "/oauth", "/oauth/", "/oauth/tokens", "/oauth/token/", "/oauth/token/x", "/oauth//token/x",
    "/admin", "/admin/v1", "/console", "/console/", "/metrics", "/healthz", "/.well-known/",
    "/oauth/authorize", "/oauth/token.json", "/oauth/%74oken%2f",
])
def test_unknown_path_of_a_realm_is_404_json(house, path):
    answer = house.request("GET", house.realm + path)
    assert answer.status_code == 404, answer.text
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "SECRET", "patient-9434765919"])
@pytest.mark.parametrize("name", ["grant_type", "client_id", "scope", "resource", "unknown"])
def test_error_never_echoes_what_was_sent(house, client, name, text):
    sent = client.secret if text == "SECRET" else text
    answer = token_request(house, client, **{name: sent})
    assert sent not in answer.text
    assert sent not in str(answer.headers)


def test_error_answer_mirrors_the_request_id(house, client):
    answer = token_request(house, client, {"X-Request-ID": "trace-1"}, client_secret="wrong")
    assert answer.headers["X-Request-ID"] == "trace-1"


def test_token_that_would_pass_4_kb_is_refused_with_the_advice_to_ask_for_fewer(make_house):
    house = make_house()
    names = ["cardiology", "radiology", "pathology", "psychiatry"]
    scopes = [[f"{name}.operation.of.some.length.in.its.department.{number:03}"
               for number in range(25)] for name in names]
    for name, words in zip(names, scopes):
        house.api(name, *words)
    client = house.onboard("Wide", names, scopes)
    check(house.token_response(client), 400, "invalid_scope", "fewer")
    assert house.token_response(client, " ".join(scopes[0])).status_code == 200


def test_store_away_is_503_with_retry_after_and_comes_back(own_house):
    """The store is moved away under the running issuer, then back."""
    house = own_house
    client = house.onboard("Outage", "documents", DOCUMENTED)
    assert house.token_response(client).status_code == 200
    aside = house.dir / "aside"
    aside.mkdir()
    names = [path.name for path in house.dir.glob("*.db*")]
    for name in names:
        (house.dir / name).rename(aside / name)
    house.kill_worker()
    answer = house.token_response(client)
    check(answer, 503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    for name in names:
        (aside / name).rename(house.dir / name)
    deadline = time.monotonic() + 20
    while house.token_response(client).status_code != 200:
        assert time.monotonic() < deadline, "the issuer did not come back"
        time.sleep(0.1)


QUEUE_MAX = 512
CROWD = 600


@contextlib.contextmanager
def locked(path):
    """Holds the writer's lock of a store, as a slow disk would."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.execute("begin immediate")
        yield
        store.execute("rollback")


def read_answer(link):
    """(status, head) of the answer on a connection that is closed after it."""
    data = b""
    while part := link.recv(65536):
        data += part
    head = data.partition(b"\r\n\r\n")[0].decode()
    return int(head.split()[1]), head


def test_queue_that_is_full_is_503_with_retry_after_and_the_others_get_their_tokens(own_house):
    house = own_house
    client = house.onboard("Crowd", "documents", DOCUMENTED)
    body = f"grant_type=client_credentials&client_id={client.id}&client_secret={client.secret}"
    request = (f"POST {house.realm}/oauth/token HTTP/1.1\r\nHost: localhost\r\n"
               "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(house.connect()) for _ in range(CROWD)]
        with locked(house.dir / "audit.db"):
            for link in links:
                link.sendall(request)
            assert select.select(links, [], [], 10)[0], "a queue without an end"
        answers = [read_answer(link) for link in links]
    statuses = [status for status, _ in answers]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= QUEUE_MAX
    for status, head in answers:
        assert bool(re.search(r"^Retry-After: [1-9]\r?$", head, re.M)) == (status == 503), head
