# SPDX-License-Identifier: Apache-2.0
"""Slow clients are bounded by nginx's own timeouts, at the issuer and at the gate."""

import contextlib
import time

import pytest
from support.grounds import Grounds
from support.wire import Wire, head

FORM = ("Content-Type", "application/x-www-form-urlencoded")
LOCATIONS = """
        client_body_timeout 500ms;
        client_header_timeout 500ms;
        keepalive_timeout 500ms;
        lingering_timeout 500ms;
        location /vlive/hpca/ { caregate_issuer /vlive/hpca; }
        location /api/ { %(gate)s proxy_pass %(api)s; }
"""
TOKEN_PATH = "/vlive/hpca/oauth/token"
ENDED_S = 5


@pytest.fixture(scope="module")
def grounds():
    made = Grounds(LOCATIONS).start()
    yield made
    made.close()


def beginnings(grounds):
    """Label, and what is sent before silence."""
    post = [FORM, ("Content-Length", 100)]
    chunked = [FORM, ("Transfer-Encoding", "chunked")]
    token = ("Authorization", f"Bearer {grounds.token}")
    return {
        "half_a_line": b"POST " + TOKEN_PATH.encode(),
        "half_a_head": head("POST", TOKEN_PATH, post)[:-2],
        "no_body": head("POST", TOKEN_PATH, post),
        "half_a_body": head("POST", TOKEN_PATH, post) + b"grant_type=",
        "half_a_chunk": head("POST", TOKEN_PATH, chunked) + b"20\r\ngrant",
        "chunk_without_end": head("POST", TOKEN_PATH, chunked) + b"5\r\ngrant\r\n",
        "gate_half_a_body": head("POST", "/api/x", [token, *post]) + b"x",
        "gate_refused_half_a_body": head("POST", "/api/x", post) + b"x",
    }


LABELS = ("half_a_line", "half_a_head", "no_body", "half_a_body", "half_a_chunk",
          "chunk_without_end", "gate_half_a_body", "gate_refused_half_a_body")


@pytest.mark.parametrize("label", LABELS)
def test_a_client_that_falls_silent_is_let_go(grounds, label):
    begun = time.monotonic()
    with Wire(grounds.port, timeout_s=ENDED_S + 3) as wire:
        wire.send(beginnings(grounds)[label])
        while wire.socket.recv(65536):
            pass
    assert time.monotonic() - begun < ENDED_S
    assert grounds.house.token(grounds.client)


def test_a_body_that_drips_is_taken_as_it_comes(grounds):
    body = (f"grant_type=client_credentials&client_id={grounds.client.id}"
            f"&client_secret={grounds.client.secret}").encode()
    with Wire(grounds.port) as wire:
        wire.send(head("POST", TOKEN_PATH, [FORM, ("Content-Length", len(body))]))
        for at in range(0, len(body), 10):
            wire.send(body[at:at + 10])
            time.sleep(0.02)
        assert wire.answer("POST").status == 200


def test_a_head_that_drips_past_its_time_is_cut_off(grounds):
    """The timeout is for the whole head, not for each read."""
    begun = time.monotonic()
    with Wire(grounds.port) as wire, contextlib.suppress(OSError):
        wire.send("GET /api/x HTTP/1.1\r\nHost: localhost\r\n")
        for number in range(40):
            wire.send(f"X-{number}: y\r\n")
            time.sleep(0.1)
    assert time.monotonic() - begun < ENDED_S


def test_hundreds_of_slow_clients_keep_nobody_out(grounds):
    with contextlib.ExitStack() as stack:
        for number in range(200):
            wire = stack.enter_context(Wire(grounds.port))
            wire.send(beginnings(grounds)[LABELS[number % len(LABELS)]])
        begun = time.monotonic()
        for _ in range(5):
            assert grounds.ask("/api/x", grounds.token).status == 200
            assert grounds.house.token(grounds.client)
        assert time.monotonic() - begun < 10
