# SPDX-License-Identifier: Apache-2.0
"""The bundle of keys and rules that an issuer gives to gates on other machines."""
import concurrent.futures
import json
import time

import pytest
from jwcrypto import jwk, jws
from support.gate_machine import add_gate, ask_bundle
from support.wait import wait_until


def opened(house, answer):
    """The snapshot in a bundle, proven by the realm's published keys."""
    assert answer.status_code == 200, answer.text
    token = jws.JWS()
    token.deserialize(answer.text)
    keys = house.request("GET", f"{house.realm}/oauth/jwks").text
    token.verify(jwk.JWKSet.from_json(keys).get_key(token.jose_header["kid"]))
    assert token.jose_header["typ"] == "caregate-gate-bundle"
    return json.loads(token.payload)


def tag(snapshot):
    sequence = snapshot["version"] + snapshot["denylist_generation"]
    return f"{sequence}-{snapshot['keys_generation']}"


@pytest.fixture
def gate(own_house):
    return add_gate(own_house)


def test_a_gate_is_given_the_realms_keys_and_rules_signed(own_house, gate):
    snapshot = opened(own_house, ask_bundle(own_house, gate))
    (realm,) = snapshot["realms"]
    assert realm["issuer"] == own_house.issuer
    assert {api["name"] for api in realm["apis"]} == {"documents", "results", "letters"}
    published = own_house.request("GET", f"{own_house.realm}/oauth/jwks").json()
    assert realm["jwks"] == published


def test_a_client_that_is_no_gate_gets_no_bundle(own_house):
    client = own_house.onboard("Ward", "results", "results.read")
    refused = ask_bundle(own_house, client)
    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")


def test_a_waiting_gate_is_answered_when_something_changes(own_house, gate):
    have = tag(opened(own_house, ask_bundle(own_house, gate)))
    client = own_house.onboard("Ward", "results", "results.read")
    have = tag(opened(own_house, ask_bundle(own_house, gate)))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask_bundle, own_house, gate, have=have, wait=50)
        time.sleep(0.5)
        assert not waiting.done()
        own_house.cli("client", "suspend", client.id)
        snapshot = opened(own_house, waiting.result(10))
    assert [entry[0] for entry in snapshot["realms"][0]["denied"]["clients"]] == [client.id]


def test_a_gate_that_waited_in_vain_is_told_so(own_house, gate):
    have = tag(opened(own_house, ask_bundle(own_house, gate)))
    answer = ask_bundle(own_house, gate, have=have, wait=1)
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_reload_answers_gates_that_wait_at_once(own_house, gate):
    have = tag(opened(own_house, ask_bundle(own_house, gate)))
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(ask_bundle, own_house, gate, have=have, wait=60) for _ in range(3)]
        time.sleep(0.5)
        old = own_house.workers()
        own_house.reload()
        assert [one.result(20).status_code for one in waiting] == [204] * 3
        wait_until(lambda: not set(own_house.workers()) & set(old), 20, "the end of the old worker")


def test_gates_that_wait_keep_nobody_else_waiting(own_house, gate):
    client = own_house.onboard("Ward", "results", "results.read")
    have = tag(opened(own_house, ask_bundle(own_house, gate)))
    gates = [add_gate(own_house, f"Gate {number}") for number in range(4)]
    have = tag(opened(own_house, ask_bundle(own_house, gate)))
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(ask_bundle, own_house, one, have=have, wait=20) for one in gates * 4]
        time.sleep(0.5)
        assert not any(one.done() for one in waiting)
        assert own_house.token_response(client).status_code == 200
        own_house.cli("client", "suspend", client.id)
        assert {one.result(10).status_code for one in waiting} == {200}


def test_one_gate_cannot_fill_the_waiting_room(own_house, gate):
    have = tag(opened(own_house, ask_bundle(own_house, gate)))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(ask_bundle, own_house, gate, have=have, wait=20) for _ in range(8)]
        wait_until(lambda: sum(one.done() for one in waiting) == 4, 10, "four that do not wait")
        assert {one.result().status_code for one in waiting if one.done()} == {204}
        own_house.reload()
        assert {one.result(20).status_code for one in waiting} == {204}
