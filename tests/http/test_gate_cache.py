# SPDX-License-Identifier: Apache-2.0
"""A verified token is remembered, what was decided about it is not."""

import time

import pytest
from support.grounds import Grounds
from support.wait import wait_until

LOCATIONS = """
        location /documents/ { %(gate)s caregate_require GET=documents.read;
                               caregate_require POST=documents.write; proxy_pass %(api)s; }
        location /results/ { caregate_api results realm=/vlive/hpca; proxy_pass %(api)s; }
"""
HEARD_OF_S = 2  # a withdrawal is live at the gate within this


@pytest.fixture(scope="module")
def grounds():
    made = Grounds(LOCATIONS).start()
    yield made
    made.close()


@pytest.fixture
def keyed():
    """Grounds whose keys the test may change."""
    made = Grounds(LOCATIONS).start()
    yield made
    made.close()


def ask(grounds, token, path="/documents/x", method="GET"):
    answer = grounds.ask(path, token, method)
    return "ok" if answer.status == 200 else answer.json()["reason"]


def assert_soon(grounds, token, reason):
    """Refused for that reason within two seconds, and from then on."""
    since = time.monotonic()
    while (told := ask(grounds, token)) != reason:
        took = time.monotonic() - since
        assert took < HEARD_OF_S, f"after {took:.1f} s it is {told}, not {reason}"
        time.sleep(0.02)
    for _ in range(3):
        assert ask(grounds, token) == reason


def test_expiry_is_looked_at_on_a_hit(grounds):
    token = grounds.forge.lasting(grounds.token, 2)
    for _ in range(5):
        assert ask(grounds, token) == "ok"
    time.sleep(2)
    assert [ask(grounds, token) for _ in range(3)] == ["token_expired"] * 3


def test_the_verdict_of_one_route_is_not_used_on_another(grounds):
    reader = grounds.forge.vary(grounds.token, scope="documents.read")
    for _ in range(4):
        assert ask(grounds, reader) == "ok"
        assert ask(grounds, reader, method="POST") == "scope_insufficient"
        assert ask(grounds, reader, "/results/x") == "api_not_agreed"


def test_a_remembered_token_does_not_vouch_for_its_neighbours(grounds):
    token = grounds.token
    assert ask(grounds, token) == "ok"
    header, payload, signature = token.split(".")
    for other in (token + "A", token[:-1], token[:-1] + ("A" if token[-1] != "A" else "B"),
                  f"{header}.{payload}.", f"{header}.{payload}", token + "=", token.upper(),
                  f"{header}.{payload[:-1]}.{signature}", f"{payload}.{header}.{signature}"):
        assert ask(grounds, other) != "ok", other
    assert ask(grounds, token) == "ok"


def test_a_suspended_client_is_refused_within_two_seconds(grounds):
    client = grounds.house.onboard("Suspended", "documents", "documents.read")
    token = grounds.house.token(client)
    assert ask(grounds, token) == "ok"
    grounds.house.cli("client", "suspend", client.id)
    assert_soon(grounds, token, "client_suspended")
    grounds.house.cli("client", "resume", client.id)
    fresh = grounds.house.token(client)
    wait_until(lambda: ask(grounds, fresh) == "ok", what="a new token that is let in")
    assert ask(grounds, token) == "client_suspended"  # it is not revived


def test_a_withdrawn_agreement_is_refused_within_two_seconds(grounds):
    client = grounds.house.onboard("Withdrawn", "documents", "documents.read")
    token = grounds.house.token(client)
    assert ask(grounds, token) == "ok"
    grounds.house.cli("agreement", "withdraw", client.agreements[0], "--by", "A Person")
    assert_soon(grounds, token, "agreement_withdrawn")
    assert ask(grounds, grounds.token) == "ok"


def test_a_revoked_token_is_refused_within_two_seconds(grounds):
    token = grounds.house.token(grounds.client)
    other = grounds.house.token(grounds.client)
    jti = grounds.ask("/documents/x", token).json()["headers"]
    jti = dict(map(tuple, jti))["Caregate-Token-Id"]
    assert ask(grounds, token) == "ok"
    grounds.house.cli("token", "revoke", "--jti", jti)
    assert_soon(grounds, token, "token_revoked")
    assert ask(grounds, other) == "ok"


def test_a_token_of_a_retired_key_is_refused_although_remembered(keyed):
    assert ask(keyed, keyed.token) == "ok"
    keyed.house.cli("key", "rotate", "--now")

    def signed_anew():
        fresh = keyed.house.token(keyed.client)
        return fresh if fresh.split(".")[0] != keyed.token.split(".")[0] else None

    fresh = wait_until(signed_anew, 15, "a token of the next key")
    assert ask(keyed, keyed.token) == "ok" and ask(keyed, fresh) == "ok"
    keyed.house.cli("key", "retire", keyed.forge.kid)
    assert_soon(keyed, keyed.token, "token_key_unknown")
    assert ask(keyed, fresh) == "ok"


def test_every_worker_hears_of_a_suspension_within_two_seconds():
    made = Grounds(LOCATIONS)
    made.house.edit("worker_processes 1;", "worker_processes 4;")
    made.start()
    try:
        client = made.house.onboard("Many", "documents", "documents.read")
        token = made.house.token(client)
        assert len(made.house.workers()) == 4
        assert {ask(made, token) for _ in range(60)} == {"ok"}
        made.house.cli("client", "suspend", client.id)
        time.sleep(HEARD_OF_S)
        assert {ask(made, token) for _ in range(60)} == {"client_suspended"}
        made.house.kill_worker()
        assert {ask(made, token) for _ in range(60)} == {"client_suspended"}
        assert {ask(made, made.token) for _ in range(60)} == {"ok"}
    finally:
        made.close()
