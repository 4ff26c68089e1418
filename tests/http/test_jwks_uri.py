# SPDX-License-Identifier: Apache-2.0
"""Key sets that clients publish: fetched by our rules, whatever the other side does."""
import concurrent.futures
import pathlib
import secrets
import tempfile
import time

import pytest

from support.assertion import enrol, key_set, make_key
from support.house import House
from support.key_server import KeyServer, make_certificate, slowly

PATIENCE_S = 8
PAIR_FAILURES = 50  # CG_LIMIT_PAIR_FAILURES
WAITING = 256  # WAITING_MAX of nginx/ngx_http_caregate_wait.c


@pytest.fixture(scope="module")
def keys():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="caregate-keys-"))
    folder.chmod(0o755)
    server = KeyServer(folder)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def fetching(echo_shared, fhir_api, keys):
    """A house of one worker that fetches keys from that server."""
    own = House()
    try:
        conf = (own.dir / "nginx.conf").read_text(encoding="utf-8")
        line = next(one for one in conf.splitlines() if one.startswith("worker_processes"))
        own.edit(line, "worker_processes 1;")
        own.add_to_http(f"    caregate_fetch_hosts 127.0.0.1:{keys.port};\n"
                        f"    caregate_fetch_ca {keys.ca};")
        yield own.furnish(echo_shared.url, fhir_api.url).start()
    finally:
        own.close()


def publish_for(client, keys, *published, max_age=None, path=None):
    """Publishes the keys at a path of the client's own and registers it; the path."""
    path = path or f"/{secrets.token_hex(4)}.jwks"
    url = keys.publish(path, key_set(*(published or (client.key,))), max_age)
    client.house.cli("client", "key", "add", "--client", client.id, "--jwks-uri", url)
    return path


def detail(client):
    return client.house.cli("audit", "list", "--client", client.id)[-1].get("detail")


def assert_told_to_come_back(answer):
    assert answer.status_code == 503
    assert answer.json()["error"] == "temporarily_unavailable"
    assert "key set" in answer.json()["error_description"]
    assert answer.headers["Retry-After"] == "10"


def test_a_published_key_is_fetched_once_and_kept(fetching, keys):
    client = enrol(fetching, register=False)
    path = publish_for(client, keys, max_age=600)
    for _ in range(5):
        assert client.ask().status_code == 200
    assert keys.count(path) == 1


def test_many_requests_at_once_make_one_fetch(fetching, keys):
    client = enrol(fetching, register=False)
    path = publish_for(client, keys)
    keys.answers[path] = slowly(1, keys.answers[path])
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: client.ask().status_code, range(16)))
    assert answers == [200] * 16
    assert keys.count(path) == 1


def test_a_client_changes_its_key_without_a_refusal(fetching, keys):
    client = enrol(fetching, register=False)
    path = publish_for(client, keys, max_age=600)
    assert client.ask().status_code == 200
    second = make_key("ES256", "k2")
    keys.publish(path, key_set(second), 600)
    assert client.ask(client.sign(key=second)).status_code == 200
    assert client.ask().status_code == 401
    assert keys.count(path) == 2


def test_a_flood_of_unknown_kids_has_a_set_fetched_once_more_only(fetching, keys):
    client = enrol(fetching, register=False)
    path = publish_for(client, keys, max_age=600)
    assert client.ask().status_code == 200
    stranger = make_key("ES256")
    for number in range(20):
        assert client.ask(client.sign(key=stranger, kid=f"x{number}")).status_code == 401
    assert keys.count(path) == 2
    assert client.ask().status_code == 200


def test_nothing_is_fetched_from_a_host_that_is_not_listed(fetching, keys):
    client = enrol(fetching, register=False)
    fetching.cli("client", "key", "add", "--client", client.id, "--jwks-uri",
                 keys.url("/unlisted.jwks").replace("127.0.0.1", "localhost"))
    assert client.ask().status_code == 401
    assert keys.count("/unlisted.jwks") == 0


def test_without_a_list_nothing_is_fetched(own_house, keys):
    client = enrol(own_house, register=False)
    path = publish_for(client, keys)
    assert client.ask().status_code == 401
    assert detail(client) == "the host of the client's keys is not in caregate_fetch_hosts"
    assert keys.count(path) == 0


@pytest.mark.parametrize("kind", ["redirect", "huge", "no json", "no keys", "private", "missing"])
def test_an_answer_that_is_no_key_set_proves_nobody_and_is_remembered(fetching, keys, kind):
    client = enrol(fetching, register=False)
    path = publish_for(client, keys)
    good = keys.answers[path][2].decode()
    elsewhere = keys.publish(path + "-elsewhere", good)
    if kind == "redirect":
        keys.publish(path, good, status=302, Location=elsewhere)
    else:
        keys.publish(path, {"huge": good + " " * 40000, "no json": "<html>", "missing": good,
                            "no keys": '{"keys":[]}',
                            "private": '{"keys":[' + client.key.export() + "]}"}[kind],
                     status=404 if kind == "missing" else 200)
    before = keys.count(path)
    for _ in range(5):
        assert_told_to_come_back(client.ask())
    assert keys.count(path) == before + 1
    assert keys.count(path + "-elsewhere") == 0


def test_a_certificate_that_is_not_trusted_is_refused(make_house, keys):
    house = make_house(start=False)
    _, other = make_certificate(house.home, "other")
    house.add_to_http(f"    caregate_fetch_hosts 127.0.0.1:{keys.port};\n"
                      f"    caregate_fetch_ca {other};")
    house.start()
    client = enrol(house, register=False)
    path = publish_for(client, keys)
    assert_told_to_come_back(client.ask())
    assert keys.count(path) == 0
    assert detail(client) == "the client's keys cannot be fetched from their address"


def test_a_slow_host_holds_nobody_else_up(fetching, keys):
    slow, other = enrol(fetching, register=False), enrol(fetching)
    published = enrol(fetching, register=False)
    path = publish_for(slow, keys)
    keys.answers[path] = slowly(PATIENCE_S, keys.answers[path])
    publish_for(published, keys)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(slow.ask) for _ in range(4)]
        time.sleep(0.5)
        began = time.monotonic()
        for _ in range(10):
            assert other.ask().status_code == 200
            assert published.ask().status_code == 200
        assert time.monotonic() - began < 4
        assert not any(one.done() for one in waiting)
        for one in waiting:
            assert_told_to_come_back(one.result())


def test_a_host_that_goes_away_is_done_without_for_a_time(make_house, tmp_path):
    tmp_path.chmod(0o755)
    for above in tmp_path.parents[:2]:
        above.chmod(0o755)
    server = KeyServer(tmp_path)
    house = make_house(start=False)
    house.add_to_http(f"    caregate_fetch_hosts 127.0.0.1:{server.port};\n"
                      f"    caregate_fetch_ca {server.ca};")
    house.start()
    client = enrol(house, register=False)
    publish_for(client, server, max_age=600)
    assert client.ask().status_code == 200
    server.stop()
    assert client.ask().status_code == 200
    unknown = client.sign(key=make_key("ES256", "k2"))
    assert_told_to_come_back(client.ask(unknown))
    house.stop()
    house.start()
    assert_told_to_come_back(client.ask())


def test_while_its_host_is_away_a_client_is_not_locked_out(fetching, keys):
    client = enrol(fetching, register=False)
    path = publish_for(client, keys)
    keys.publish(path, "", status=500)
    for _ in range(2 * PAIR_FAILURES):
        assert_told_to_come_back(client.ask())
    client.add_keys(make_key("ES256", "k2"), client.key)
    assert client.ask().status_code == 200


def test_more_than_may_wait_for_keys_are_told_to_come_back(fetching, keys):
    client = enrol(fetching, register=False)
    path = publish_for(client, keys)
    keys.answers[path] = slowly(3, keys.answers[path])
    assertions = [client.sign() for _ in range(WAITING + 20)]
    with concurrent.futures.ThreadPoolExecutor(len(assertions)) as pool:
        answers = list(pool.map(client.ask, assertions))
    refused = [one for one in answers if one.status_code != 200]
    assert len(answers) - len(refused) >= WAITING // 2 and len(refused) >= 10
    for one in refused:
        assert_told_to_come_back(one)
    assert client.ask().status_code == 200


def test_a_reload_waits_for_those_that_wait_for_keys(fetching, keys):
    client = enrol(fetching, register=False)
    path = publish_for(client, keys)
    keys.answers[path] = slowly(2, keys.answers[path])
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.ask)
        time.sleep(0.5)
        fetching.cli("reload")
        assert waiting.result().status_code == 200


@pytest.mark.parametrize("value", ["https://keys.example", "keys.example/x", "keys.example:0",
                                   "keys.example:65536", "*.example", "a:b", ":443"])
def test_what_is_no_host_is_refused_by_nginx_t(make_house, value):
    house = make_house(furnish=False, start=False)
    house.add_to_http(f"caregate_fetch_hosts {value};")
    done = house.test_conf()
    assert done.code != 0 and '"caregate_fetch_hosts"' in done.err


def test_an_authority_that_cannot_be_read_is_refused_by_nginx_t(make_house):
    house = make_house(furnish=False, start=False)
    house.add_to_http("caregate_fetch_ca /nowhere/ca.pem;")
    done = house.test_conf()
    assert done.code != 0 and '"caregate_fetch_ca"' in done.err
