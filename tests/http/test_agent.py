# SPDX-License-Identifier: Apache-2.0
"""The agent: what a local system calls without a token goes on with one."""
import concurrent.futures
import os
import signal
import time

import pytest
from support.wait import wait_until


@pytest.fixture
def scene(make_agent_scene):
    return make_agent_scene()


def test_a_call_without_a_token_goes_on_with_one(scene):
    answer = scene.agent.call("/record/patients/1?x=2")
    assert answer.status_code == 200
    seen, = scene.api.seen
    assert seen["path"] == "/patients/1?x=2"
    assert seen["authorization"] == [f"Bearer {scene.issuer.given[0]}"]
    form, _ = scene.issuer.seen[0]
    assert form == {"grant_type": "client_credentials", "client_id": "ward-1",
                    "client_secret": scene.secret}


def test_one_token_serves_all_calls_and_workers(make_agent_scene):
    scene = make_agent_scene(workers=2)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: scene.agent.call(headers={"Connection": "close"})
                              .status_code, range(200)))
    assert codes == [200] * 200
    assert len(scene.issuer.seen) == 1


def test_many_calls_wait_for_the_one_question(make_agent_scene):
    scene = make_agent_scene(workers=2)
    scene.issuer.wait_s = 0.5
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        codes = list(pool.map(lambda _: scene.agent.call(headers={"Connection": "close"})
                              .status_code, range(40)))
    assert codes == [200] * 40
    assert len(scene.issuer.seen) == 1
    assert "token=waited" in scene.agent.access_log()


def test_what_the_caller_says_of_itself_does_not_go_on(scene):
    scene.agent.call(headers={"Authorization": "Bearer own", "DPoP": "own",
                              "Caregate-Client-Id": "somebody"})
    seen, = scene.api.seen
    assert seen["authorization"] == [f"Bearer {scene.issuer.given[0]}"]
    names = [name.lower() for name, _ in seen["headers"]]
    assert "dpop" not in names and "caregate-client-id" not in names


def test_a_token_is_renewed_ahead_of_its_end_beside_the_calls(make_agent_scene):
    scene = make_agent_scene()
    scene.issuer.life_s = 4  # renewed between 3.48 and 3.72 s, so at whole seconds 3 to 4
    deadline = time.monotonic() + 9
    while time.monotonic() < deadline:
        answer = scene.agent.call()
        assert answer.status_code == 200
        time.sleep(0.05)
    assert 2 <= len(scene.issuer.seen) <= 4
    assert scene.agent.access_log().count("token=waited") <= 2


def test_without_its_issuer_the_agent_says_so_and_when_to_come_again(make_agent_scene):
    scene = make_agent_scene()
    scene.issuer.stop()
    answer = scene.agent.call()
    assert answer.status_code == 503
    assert answer.json()["reason"] == "issuer_unreachable"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Cache-Control"] == "no-store"
    assert not scene.api.seen
    assert "no token for profile \"record\"" in scene.agent.log()
    scene.issuer.start()
    wait_until(lambda: scene.agent.call().status_code == 200, 10, "a token")
    assert "there is a token for profile \"record\" again" in scene.agent.log()


def test_a_token_outlives_its_issuers_absence(make_agent_scene):
    scene = make_agent_scene()
    scene.issuer.life_s = 60
    assert scene.agent.call().status_code == 200
    scene.issuer.stop()
    for _ in range(20):
        assert scene.agent.call().status_code == 200


@pytest.mark.parametrize("answer, status, reason", [
    ((401, [], b'{"error":"invalid_client"}'), 502, "issuer_refused"),
    ((400, [], b'{"error":"unauthorized_client"}'), 502, "issuer_refused"),
    ((429, [("Retry-After", "7")], b""), 503, "issuer_busy"),
    ((500, [], b""), 503, "issuer_failed"),
    ((302, [("Location", "http://127.0.0.1:1/")], b""), 502, "issuer_not_understood"),
    ((200, [], b"<html>"), 502, "issuer_not_understood"),
    ((200, [], b"x" * 100000), 502, "issuer_not_understood"),
    ((200, [], b'{"access_token":"a\\nb","token_type":"Bearer","expires_in":9}'), 502,
     "issuer_not_understood"),
    ((200, [], b'{"access_token":"abc","token_type":"mac","expires_in":9}'), 502,
     "issuer_not_understood"),
    ((200, [], b'{"access_token":"abc","token_type":"Bearer","expires_in":-1}'), 502,
     "issuer_not_understood"),
])
def test_what_an_issuer_says_is_told_in_the_agents_words(make_agent_scene, answer, status, reason):
    scene = make_agent_scene()
    scene.issuer.answer = lambda _: (answer[0], [("Content-Type", "application/json"),
                                                 *answer[1]], answer[2])
    told = scene.agent.call()
    assert (told.status_code, told.json()["reason"]) == (status, reason), scene.agent.log()
    assert not scene.api.seen
    if answer[1][:1] == [("Retry-After", "7")]:
        assert int(told.headers["Retry-After"]) >= 6


def test_a_slow_issuer_is_waited_for_so_long(make_agent_scene):
    scene = make_agent_scene(profile=["timeout 500ms"])
    scene.issuer.wait_s = 3
    began = time.monotonic()
    answer = scene.agent.call()
    assert answer.status_code == 503
    assert answer.json()["reason"] in ("issuer_unreachable", "token_wait_over")
    assert time.monotonic() - began < 2.5


def test_what_fails_is_not_asked_again_with_each_call(make_agent_scene):
    scene = make_agent_scene()
    scene.issuer.answer = lambda _: (500, [], b"")
    for _ in range(50):
        assert scene.agent.call().status_code == 503
    assert len(scene.issuer.seen) <= 3


# 401.

def test_after_401_the_call_is_made_again_with_a_new_token(scene):
    assert scene.agent.call().status_code == 200
    scene.api.good = ["none"]

    def renew(form):
        answer = scene.issuer.good(form)
        scene.api.good = [scene.issuer.given[-1]]
        return answer

    scene.issuer.answer = renew
    answer = scene.agent.call("/record/letter", "POST", data=b"y" * 50000)
    assert answer.status_code == 200
    assert answer.content == b"record of " + b"y" * 50000
    assert "WWW-Authenticate" not in answer.headers
    assert len(scene.issuer.seen) == 2
    assert [one["authorization"][0][7:] for one in scene.api.seen[1:]] == scene.issuer.given[:2]
    assert "token=repeated" in scene.agent.access_log()
    assert "tries=401, 200" in scene.agent.access_log() or (
        "tries=401 : 200" in scene.agent.access_log())
    assert scene.agent.call().status_code == 200


def test_a_second_401_is_the_callers(scene):
    scene.api.good = ["none"]
    answer = scene.agent.call()
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'
    assert answer.content == b"who are you?"
    assert len(scene.api.seen) == 2


def test_an_api_that_takes_no_token_at_all_does_not_drive_the_agent_to_its_issuer(scene):
    scene.api.good = ["none"]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda _: scene.agent.call(headers={"Connection": "close"})
                              .status_code, range(200)))
    assert codes == [401] * 200
    assert len(scene.issuer.seen) <= 3


@pytest.mark.parametrize("challenge", ['Basic realm="x"', 'Bearer realm="x"',
                                       'Bearer error="insufficient_scope"'])
def test_another_401_is_not_repeated(scene, challenge):
    scene.api.reply = (401, [("WWW-Authenticate", challenge)], b"no")
    assert scene.agent.call().status_code == 401
    assert len(scene.api.seen) == 1


def test_a_body_that_was_passed_on_as_it_came_is_not_repeated(make_agent_scene):
    scene = make_agent_scene(location="proxy_request_buffering off;")
    scene.api.good = ["none"]
    assert scene.agent.call(method="POST", data=b"z" * 300000).status_code == 401
    assert len(scene.api.seen) == 1


def test_a_large_body_in_a_file_is_repeated_whole(make_agent_scene):
    scene = make_agent_scene(location="client_body_buffer_size 1k;")
    assert scene.agent.call().status_code == 200
    scene.api.good = []

    def renew(form):
        answer = scene.issuer.good(form)
        scene.api.good = [scene.issuer.given[-1]]
        return answer

    scene.issuer.answer = renew
    data = bytes(range(256)) * 4000
    answer = scene.agent.call(method="PUT", data=data)
    assert answer.status_code == 200
    assert answer.content == b"record of " + data


def test_without_an_issuer_a_refused_token_ends_in_503(scene):
    assert scene.agent.call().status_code == 200
    scene.issuer.stop()
    scene.api.good = []
    answer = scene.agent.call()
    assert answer.status_code == 503
    assert answer.json()["reason"] == "issuer_unreachable"
    assert "WWW-Authenticate" not in answer.headers


# Faults.

def test_a_reload_keeps_the_token(scene):
    assert scene.agent.call().status_code == 200
    scene.agent.reload()
    for _ in range(10):
        assert scene.agent.call(headers={"Connection": "close"}).status_code == 200
    assert len(scene.issuer.seen) == 1


def test_another_client_after_a_reload_gets_a_token_of_its_own(scene):
    assert scene.agent.call().status_code == 200
    lines = [line.replace("ward-1", "ward-2") for line in scene.agent.parts["profile"]]
    scene.agent.reload(profile=lines)
    wait_until(lambda: scene.agent.call(headers={"Connection": "close"}).status_code == 200
               and len(scene.issuer.seen) == 2, 10, "a second question")
    assert scene.issuer.seen[1][0]["client_id"] == "ward-2"


def test_another_worker_goes_on_when_the_one_that_asks_is_killed(make_agent_scene):
    scene = make_agent_scene()
    scene.agent.deaths_expected = True
    scene.issuer.wait_s = 3
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        lost = pool.submit(scene.agent.call, headers={"Connection": "close"})
        wait_until(lambda: scene.issuer.seen, 10, "a question")
        old, = scene.agent.workers()
        scene.issuer.wait_s = 0
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: scene.agent.workers() not in ([], [old]), 10, "another worker")
        began = time.monotonic()
        assert scene.agent.call(headers={"Connection": "close"}).status_code == 200
        assert time.monotonic() - began < 2
        assert lost.exception(20)


def test_callers_that_leave_while_they_wait_harm_nobody(make_agent_scene):
    scene = make_agent_scene()
    scene.issuer.wait_s = 1
    for _ in range(30):
        with pytest.raises(Exception):
            scene.agent.call(timeout=0.02, headers={"Connection": "close"})
    assert scene.agent.call().status_code == 200
    assert len(scene.issuer.seen) == 1
