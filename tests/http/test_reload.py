# SPDX-License-Identifier: Apache-2.0
"""Reload and graceful end lose no request that nginx had begun to read."""

import contextlib
import signal
import threading
import time

import pytest
from support.load import Load, gate_request, token_request
from support.wait import wait_until
from support.wire import Wire, exchange


@pytest.fixture
def client(own_house):
    return own_house.onboard("Ward", "results", "results.read results.write")


class Begun:
    """Requests whose first half has been read by nginx, and their answers."""

    def __init__(self, house, requests, stack):
        self.wires = []
        for head, body in requests:
            wire = stack.enter_context(Wire(house.port, house.ca, 30))
            whole = head + body
            wire.send(whole[:-20])
            self.wires.append((wire, whole[-20:]))

    def finish(self):
        for wire, rest in self.wires:
            wire.send(rest)
        return [wire.answer() for wire, _ in self.wires]


def test_a_reload_answers_requests_that_had_begun(own_house, client):
    token = own_house.token(client)
    with contextlib.ExitStack() as stack:
        begun = Begun(own_house, [token_request(client), gate_request(token)] * 15, stack)
        time.sleep(0.3)
        old = own_house.workers()
        own_house.reload()
        assert own_house.workers() != old
        assert [answer and answer.status for answer in begun.finish()] == [200] * 30


def test_reloads_under_load_lose_nothing(own_house, client):
    token = own_house.token(client)
    with Load(own_house, [token_request(client), gate_request(token)], threads=6) as load:
        wait_until(lambda: load.count() > 20, 30, "the load")
        for _ in range(4):
            own_house.reload()
            count = load.count()
            wait_until(lambda: load.count() > count + 20, 30, "answers after the reload")
    assert set(load.statuses) == {200}, load.statuses
    assert load.unanswered == 0
    assert own_house.cli("audit", "verify")["verified"] is True


def test_a_reload_answers_requests_that_wait_for_the_api(own_house, echo, client):
    token = own_house.token(client)
    release = threading.Event()
    answers = []
    echo.reply = Waiting(release)

    def call():
        answers.append(own_house.gate("/results/slow", token).status_code)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(echo.seen) == 8, what="requests at the API")
    own_house.reload()
    release.set()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8


class Waiting(tuple):
    """An answer of the API that is looked at only when the test says so."""

    def __new__(cls, release):
        made = super().__new__(cls, (200, {"Content-Type": "text/plain"}, b"late"))
        made.release = release
        return made

    def __iter__(self):
        self.release.wait(20)
        return super().__iter__()


def test_a_reload_makes_a_new_configuration_live(own_house, client, echo):
    token = own_house.token(client)
    path = "/added/here"
    assert own_house.gate(path, token).status_code == 404
    own_house.protect("results", "/added/", echo.url, "--replace")
    assert own_house.gate(path, token).status_code == 404  # not before the reload
    own_house.reload()
    assert own_house.gate(path, token).status_code == 200
    assert own_house.gate(path).status_code == 401


def test_a_configuration_that_is_wrong_changes_nothing(own_house, client):
    token = own_house.token(client)
    old = own_house.workers()
    own_house.add_to_server("        location /wrong/ { caregate_require x; }")
    told = own_house.cli("reload", ok=False)
    assert "caregate_require" in told.err
    assert own_house.workers() == old
    assert own_house.gate("/results/x", token).status_code == 200


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "stop"])
def test_a_graceful_end_answers_requests_that_had_begun(own_house, client, how):
    token = own_house.token(client)
    server = own_house.server
    with contextlib.ExitStack() as stack:
        begun = Begun(own_house, [token_request(client), gate_request(token)] * 10, stack)
        time.sleep(0.3)
        if how == "stop":
            stopper = threading.Thread(target=lambda: own_house.cli("stop"))
            stopper.start()
        else:
            server.send_signal(getattr(signal, how))
        wait_until(lambda: not listens(own_house), what="an end to listening")
        answers = begun.finish()
        assert [answer and answer.status for answer in answers] == [200] * 20
    assert server.wait(30) == 0
    if how == "stop":
        stopper.join()
    tokens = [answer.json()["access_token"] for answer in answers[::2]]
    assert len(set(tokens)) == 10
    assert own_house.cli("audit", "verify")["verified"] is True
    issued = own_house.cli("audit", "list", "--kind", "token_issued")
    assert len(issued) == 11


def listens(house):
    try:
        return exchange(house.port, "GET", "/", ca=house.ca) is not None
    except OSError:
        return False


def test_a_graceful_end_answers_tokens_that_wait_in_the_queue(own_house, client):
    """All are sent before the end is asked for; those that were read are answered."""
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(own_house.port, own_house.ca, 30)) for _ in range(100)]
        server = own_house.server
        begun = Begun(own_house, [token_request(client)], stack)
        for wire in wires:
            wire.send(b"".join(token_request(client)))
        time.sleep(0.1)
        server.send_signal(signal.SIGTERM)
        answers = [wire.answer() for wire in wires]
        assert [answer and answer.status for answer in answers] == [200] * 100
        assert begun.finish()[0].status == 200
    assert server.wait(30) == 0


def test_a_second_request_to_end_does_not_wait(own_house, client):
    server = own_house.server
    with contextlib.ExitStack() as stack:
        Begun(own_house, [token_request(client)], stack)
        time.sleep(0.2)
        server.send_signal(signal.SIGTERM)
        wait_until(lambda: not listens(own_house), what="an end to listening")
        assert server.poll() is None
        server.send_signal(signal.SIGTERM)
        server.wait(10)


def test_the_log_is_opened_anew_on_demand(own_house, client):
    token = own_house.token(client)
    log = own_house.dir / "logs" / "access.log"
    log.rename(log.with_suffix(".1"))
    own_house.server.send_signal(signal.SIGUSR1)
    wait_until(log.exists, what="a new log")
    assert own_house.gate("/results/x", token).status_code == 200
    wait_until(lambda: "allowed" in log.read_text(encoding="utf-8"), what="a line in it")
