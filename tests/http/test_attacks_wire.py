# SPDX-License-Identifier: Apache-2.0
"""Request smuggling, header injection and response splitting (RFC 9112 §11)."""

import pytest
from support.grounds import Grounds
from support.wire import Wire, head

LOCATIONS = """
        location /api/ { %(gate)s proxy_pass %(api)s; }
        location /open/ { proxy_pass %(api)s; }
"""
INNER = b"GET /api/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def grounds():
    made = Grounds(LOCATIONS).start()
    yield made
    made.close()


def request(path, headers, body=b"", method="POST", token=None):
    if token:
        headers = [("Authorization", f"Bearer {token}"), *headers]
    return head(method, path, headers) + body


def statuses(grounds, data):
    """Of all responses on one connection until it is closed or quiet."""
    got = []
    with Wire(grounds.port, timeout_s=1) as wire:
        wire.send(data)
        while True:
            try:
                answer = wire.answer("POST")
            except TimeoutError:
                return got
            if answer is None:
                return got
            got.append(answer.status)


CHUNKED_INNER = b"0\r\n\r\n" + INNER
SMUGGLED = {
    "length_and_chunked": (["Content-Length: 5", "Transfer-Encoding: chunked"], CHUNKED_INNER),
    "chunked_and_length": (["Transfer-Encoding: chunked", "Content-Length: 60"], CHUNKED_INNER),
    "two_lengths": (["Content-Length: 0", f"Content-Length: {len(INNER)}"], INNER),
    "two_equal_lengths": ([f"Content-Length: {len(INNER)}"] * 2, INNER),
    "length_list": ([f"Content-Length: 0, {len(INNER)}"], INNER),
    "length_plus": ([f"Content-Length: +{len(INNER)}"], INNER),
    "length_minus": (["Content-Length: -1"], INNER),
    "length_hex": (["Content-Length: 0x10"], INNER),
    "length_letters": (["Content-Length: 1a"], INNER),
    "length_huge": (["Content-Length: 99999999999999999999"], INNER),
    "length_space_inside": (["Content-Length: 1 0"], INNER),
    "chunked_twice": (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], CHUNKED_INNER),
    "chunked_identity": (["Transfer-Encoding: chunked, identity"], CHUNKED_INNER),
    "identity": (["Transfer-Encoding: identity", "Content-Length: 5"], b"hello" + INNER),
    "unknown_coding": (["Transfer-Encoding: xchunked"], CHUNKED_INNER),
    "coding_with_tab": (["Transfer-Encoding:\tchunked,"], CHUNKED_INNER),
    "coding_after_vt": (["Transfer-Encoding: \x0bchunked"], CHUNKED_INNER),
    "space_before_colon": (["Transfer-Encoding : chunked"], CHUNKED_INNER),
    "obs_fold": (["X-A: 1", " Transfer-Encoding: chunked"], CHUNKED_INNER),
    "obs_fold_coding": (["Transfer-Encoding:", " chunked"], CHUNKED_INNER),
    "bad_chunk_size": (["Transfer-Encoding: chunked"], b"zz\r\nhello\r\n0\r\n\r\n"),
    "negative_chunk": (["Transfer-Encoding: chunked"], b"-1\r\nhello\r\n0\r\n\r\n"),
    "huge_chunk": (["Transfer-Encoding: chunked"], b"f" * 17 + b"\r\nhello\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("label", SMUGGLED)
@pytest.mark.parametrize("path", ["/api/x", "/open/x"])
def test_a_hidden_request_never_reaches_the_api(grounds, label, path):
    grounds.api.seen.clear()
    headers, body = SMUGGLED[label]
    token = grounds.token if path == "/api/x" else None
    got = statuses(grounds, request(path, headers, body, token=token))
    assert all(status in (200, 400, 401, 413, 501) for status in got), got
    # Whatever was taken for a second request had to pass the gate by itself, without a token.
    assert not grounds.seen("/api/smuggled")
    for seen in grounds.api.seen:
        names = [name.lower() for name, _ in seen["headers"]]
        assert names.count("content-length") + names.count("transfer-encoding") <= 1


MUST_REFUSE = ("length_and_chunked", "chunked_and_length", "two_lengths", "two_equal_lengths",
               "length_list", "length_plus", "length_minus", "length_hex", "length_letters",
               "length_huge", "chunked_twice", "chunked_identity", "unknown_coding",
               "bad_chunk_size", "negative_chunk", "huge_chunk")


@pytest.mark.parametrize("label", MUST_REFUSE)
def test_an_ambiguous_length_is_refused_and_the_connection_closed(grounds, label):
    headers, body = SMUGGLED[label]
    got = statuses(grounds, request("/open/x", headers, body))
    assert len(got) == 1 and got[0] in (400, 413, 501), got


def test_a_refused_body_is_not_read_as_a_request(grounds):
    grounds.api.seen.clear()
    inner = head("GET", "/open/smuggled")
    got = statuses(grounds, request("/api/x", [f"Content-Length: {len(inner)}"], inner))
    assert got == [401] and not grounds.seen("/open/smuggled")
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)
    got = statuses(grounds, request("/api/x", ["Transfer-Encoding: chunked"], chunk))
    assert got == [401] and not grounds.seen("/open/smuggled")


def test_a_body_not_waited_for_is_not_read_as_a_request(grounds):
    """RFC 9110 §10.1.1: refused before "100 Continue", so the connection cannot go on."""
    grounds.api.seen.clear()
    inner = head("GET", "/open/smuggled")
    with Wire(grounds.port) as wire:
        wire.send(request("/api/x", ["Expect: 100-continue", f"Content-Length: {len(inner)}"]))
        assert wire.answer("POST").status == 401
        assert wire.is_closed()
    assert not grounds.seen("/open/smuggled")


INJECTED = {
    "request_id_crlf": ["X-Request-ID: a\r\nX-Evil: 1"],
    "request_id_lf": ["X-Request-ID: a\nX-Evil: 1"],
    "request_id_encoded": ["X-Request-ID: a%0d%0aX-Evil:%201"],
    "request_id_cr": ["X-Request-ID: a\rX-Evil: 1"],
    "request_id_unicode": ["X-Request-ID: a\xe5\x98\x8a\xe5\x98\x8dX-Evil: 1"],
    "request_id_zero": ["X-Request-ID: a\0X-Evil: 1"],
    "host": ["X-Request-ID: a", "X-Forwarded-Host: a%0d%0aX-Evil: 1"],
}


@pytest.mark.parametrize("label", INJECTED)
@pytest.mark.parametrize("with_token", [False, True])
def test_a_request_id_never_splits_a_response(grounds, label, with_token):
    token = grounds.token if with_token else None
    with Wire(grounds.port) as wire:
        wire.send(request("/api/x", [*INJECTED[label], "Connection: close"], method="GET",
                          token=token))
        answer = wire.answer()
        assert wire.answer() is None
    assert answer.status in (200, 400, 401)
    assert answer.header("X-Evil") is None
    value = answer.header("X-Request-ID")
    assert value is None or value.isalnum()


PATHS = ("/api/x%0d%0aX-Evil:%201", "/api/%0aX-Evil:1", "/api/x?a=%0d%0aX-Evil:1", "/api/%00",
         "/api/x?%0d%0aSet-Cookie:a=b", "/api/%E5%98%8A%E5%98%8DX-Evil:1", "/%0d%0aX-Evil:1/api")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("with_token", [False, True])
def test_a_path_never_splits_a_response(grounds, path, with_token):
    grounds.api.seen.clear()
    answer = grounds.ask(path, grounds.token if with_token else None)
    assert answer.header("X-Evil") is None and answer.header("Set-Cookie") is None
    for seen in grounds.api.seen:
        names = [name for name, _ in seen["headers"]]
        assert "X-Evil" not in names and "Set-Cookie" not in names
        assert "\r" not in seen["path"] and "\n" not in seen["path"]


@pytest.mark.parametrize("path", ["/vlive/hpca/oauth/x%0d%0aX-Evil:1",
                                  "/vlive/hpca/.well-known/%0d%0aX-Evil:1"])
def test_the_issuer_splits_no_response(grounds, path):
    answer = grounds.house.request("GET", path)
    assert answer.status_code == 404 and "X-Evil" not in answer.headers


LINES = ("GET /api/x  HTTP/1.1", "GET  /api/x HTTP/1.1", "GET /api/ x HTTP/1.1",
         "GET /api/x HTTP/1.1 x", "GET\t/api/x\tHTTP/1.1", "GET /api/x\rHTTP/1.1",
         "\r\nGET /api/x HTTP/1.1", "GET /open/x HTTP/1.1\nX: y", "GET /api/x HTTP/1.\xb2",
         "GET /\x00api/x HTTP/1.1")


@pytest.mark.parametrize("line", LINES, ids=repr)
def test_an_odd_request_line_passes_no_gate(grounds, line):
    grounds.api.seen.clear()
    with Wire(grounds.port, timeout_s=1) as wire:
        wire.send(f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        try:
            answer = wire.answer()
        except TimeoutError:
            answer = None
    assert answer is None or answer.status in (400, 401, 404, 405, 505) or "/open/" in line
    assert not grounds.seen("/api/x")


def test_a_body_is_passed_on_as_long_as_it_is(grounds):
    chunks = b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
    data = request("/api/x", ["Transfer-Encoding: chunked"], chunks, token=grounds.token)
    with Wire(grounds.port) as wire:
        wire.send(data)
        answer = wire.answer("POST")
    assert answer.json()["body"] == "hello world"
    assert "X-Trailer" not in [name for name, _ in answer.json()["headers"]]
