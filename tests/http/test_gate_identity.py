# SPDX-License-Identifier: Apache-2.0
"""Who is calling, as the API behind is told: from the token, never from the client."""

import re
import subprocess

import pytest
from support.forge import claims_of
from support.grounds import Grounds
from support.odd_api import headers_of
from support.wire import Wire, head

NAMES = ("Caregate-Client-Id", "Caregate-Organisation", "Caregate-Subject", "Caregate-Scope",
         "Caregate-Token-Id")
# And those of tokens that an agreement narrows or that were exchanged, as none is here.
ALL_NAMES = (*NAMES, "Caregate-Authorization-Details", "Caregate-Actor-Subject")
# Underscores and other odd letters in names reach the modules only when the operator lets them.
LOCATIONS = """
        underscores_in_headers on;
        ignore_invalid_headers off;
        location /api/ { %(gate)s proxy_pass %(api)s; }
        location /forward/ { %(gate)s caregate_forward_token on; proxy_pass %(api)s; }
        location /open/ { proxy_pass %(api)s; }
        location /jump/ { rewrite ^ /open/after-jump last; }
        location /error/ { proxy_pass %(api)s; proxy_intercept_errors on; error_page 404 =
                           /open/after-error; }
        location /try/ { try_files /none @open; }
        location @open { proxy_pass %(api)s; }
        location /accel/ { proxy_pass %(api)s; }
        error_page 400 /open/after-bad-request;
"""


@pytest.fixture(scope="module")
def grounds():
    made = Grounds(LOCATIONS).start()
    yield made
    made.close()


def folded(name):
    """What a name becomes in CGI, WSGI and the like."""
    return re.sub("[^a-z0-9]", "-", name.lower())


def identity_of(seen):
    """The identity that an API would make out of headers, names folded."""
    names = {folded(name) for name in ALL_NAMES}
    return sorted((folded(name), value) for name, value in seen["headers"] if folded(name) in names)


def true_identity(token):
    claims = claims_of(token)
    values = [claims[name] for name in ("client_id", "org", "sub", "scope", "jti")]
    return sorted((folded(name), value) for name, value in zip(NAMES, values))


def spellings(name):
    yield from (name, name.lower(), name.upper(), name.swapcase(), name.replace("-", "_"),
                name.upper().replace("-", "_"), name.replace("-", "."), name.replace("-", "~"),
                name.replace("-", "!"), name.replace("-", "_", 1), name.replace("-", "|"),
                name.replace("-", "+"), name.replace("-", "'"))


ALL_SPELLINGS = sorted({spelling for name in ALL_NAMES for spelling in spellings(name)})


def test_the_api_is_told_who_calls(grounds):
    answer = grounds.ask("/api/x", grounds.token)
    assert identity_of(answer.json()) == true_identity(grounds.token)
    for name in NAMES:
        assert len(headers_of(answer, name)) == 1


@pytest.mark.parametrize("spelling", ALL_SPELLINGS)
def test_a_smuggled_identity_never_reaches_an_api(grounds, spelling):
    lies = [(spelling, "liar"), ("X-Between", "1"), (spelling, "liar too")]
    answer = grounds.ask("/api/x", grounds.token, headers=lies)
    assert answer.status == 200 and identity_of(answer.json()) == true_identity(grounds.token)
    for path in ("/open/x", "/jump/x", "/try/x"):
        answer = grounds.ask(path, headers=lies)
        assert answer.status == 200 and identity_of(answer.json()) == []
        assert headers_of(answer, "X-Between") == ["1"]


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "POST", "DELETE", "PATCH", "QUERY"])
def test_no_method_carries_a_smuggled_identity(grounds, method):
    lies = [(name, "liar") for name in ALL_NAMES]
    for path, token, wanted in (("/open/m", None, []), ("/api/m", grounds.token,
                                                        true_identity(grounds.token))):
        grounds.api.seen.clear()
        assert grounds.ask(path, token, method, lies).status == 200
        assert identity_of(grounds.seen(path)[-1]) == wanted


def test_hundreds_of_smuggled_headers_are_all_taken_out(grounds):
    lies = [(name, "liar") for name in ALL_NAMES for _ in range(60)]
    for lines in (lies, lies[:1] + [("X-A", "1")] * 40 + lies, [("X-A", "1")] * 40 + lies):
        answer = grounds.ask("/open/x", headers=lines)
        assert answer.status == 200 and identity_of(answer.json()) == []
        assert len(headers_of(answer, "X-A")) == len(lines) - len(
            [one for one in lines if one[0] != "X-A"])
        answer = grounds.ask("/api/x", grounds.token, headers=lines)
        assert identity_of(answer.json()) == true_identity(grounds.token)


def test_names_that_only_look_alike_are_left_alone(grounds):
    others = [("Caregate-Client-Ids", "1"), ("XCaregate-Client-Id", "2"), ("Caregate-Client", "3"),
              ("Caregate--Client-Id", "4"), ("CaregateXClientXId", "5")]
    answer = grounds.ask("/open/x", headers=others)
    assert [headers_of(answer, name) for name, _ in others] == [[value] for _, value in others]


def test_a_smuggled_identity_does_not_survive_an_error_page(grounds):
    lies = [("Caregate-Client-Id", "liar")]
    answer = grounds.ask("/error/answer?status=404", headers=lies)
    assert answer.status == 200 and identity_of(answer.json()) == []
    answer = grounds.ask("/accel/accel?to=/open/after-accel", headers=lies)
    assert answer.json()["path"] == "/open/after-accel" and identity_of(answer.json()) == []


def test_a_smuggled_identity_does_not_survive_a_request_in_error(grounds):
    with Wire(grounds.port) as wire:
        wire.send(head("GET", "/open/x", ["Caregate-Client-Id: liar", "Content-Length: x"]))
        assert wire.answer().status in (200, 400)
    for seen in grounds.seen("/open/after-bad-request"):
        assert identity_of(seen) == []


@pytest.mark.parametrize("path", ["/open/h2", "/api/h2"])
def test_a_smuggled_identity_does_not_come_through_http2(grounds, path):
    token = grounds.token if path.startswith("/api") else None
    lies = [word for spelling in ALL_SPELLINGS if re.fullmatch("[A-Za-z_.-]+", spelling)
            for word in ("-H", f"{spelling}: liar")]
    given = ["-H", f"Authorization: Bearer {token}"] if token else []
    done = subprocess.run(["curl", "-sS", "--fail", "--http2-prior-knowledge", *given, *lies,
                           f"http://127.0.0.1:{grounds.h2_port}{path}"], check=True, timeout=20,
                          capture_output=True)
    assert b'"headers"' in done.stdout
    wanted = true_identity(token) if token else []
    assert identity_of(grounds.seen(path)[-1]) == wanted


def test_the_token_is_not_passed_on(grounds):
    answer = grounds.ask("/api/x", grounds.token)
    assert headers_of(answer, "Authorization") == []
    assert grounds.token not in answer.body.decode()


def test_the_token_is_passed_on_where_that_is_turned_on(grounds):
    answer = grounds.ask("/forward/x", grounds.token)
    assert headers_of(answer, "Authorization") == [f"Bearer {grounds.token}"]
    assert identity_of(answer.json()) == true_identity(grounds.token)


def test_an_open_location_passes_authorization_untouched(grounds):
    answer = grounds.ask("/open/x", headers=[("Authorization", "Basic YTpi")])
    assert headers_of(answer, "Authorization") == ["Basic YTpi"]


GOOD_IDS = ("a", "A.b_c-9", "x" * 64, "0af7651916cd43dd8448eb211c80319c")
BAD_IDS = ("x" * 65, "a b", "a\tb", "a/b", "a;b", "\xe9", "a,b", "<script>", "${jndi:ldap://x}",
           '"', "%0d%0aX-Evil: 1", "")


@pytest.mark.parametrize("path", ["/api/x", "/refused"])
@pytest.mark.parametrize("value", GOOD_IDS)
def test_a_request_id_is_mirrored(grounds, path, value):
    token = None if path == "/refused" else grounds.token
    answer = grounds.ask("/api/x", token, headers=[("X-Request-ID", value)])
    assert answer.header("X-Request-ID") == value
    if token:
        assert headers_of(answer, "X-Request-ID") == [value]
    else:
        assert answer.json()["request_id"] == value


@pytest.mark.parametrize("lines", [[("X-Request-ID", value)] for value in BAD_IDS] + [
    [("X-Request-ID", "a"), ("X-Request-ID", "b")], [("X-Request-ID", "a"), ("X_Request_ID", "b")],
    []])
def test_a_request_id_that_may_not_stand_is_replaced(grounds, lines):
    answer = grounds.ask("/api/x", grounds.token, headers=lines)
    made = answer.header("X-Request-ID")
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert headers_of(answer, "X-Request-ID") == [made]
    assert headers_of(answer, "X_Request_ID") == []
    refused = grounds.ask("/api/x", headers=lines)
    assert re.fullmatch("[0-9a-f]{32}", refused.json()["request_id"])
    assert refused.header("X-Evil") is None


def test_fresh_request_ids_differ(grounds):
    made = {grounds.ask("/api/x", grounds.token).header("X-Request-ID") for _ in range(20)}
    assert len(made) == 20
