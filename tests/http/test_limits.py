# SPDX-License-Identifier: Apache-2.0
"""Who asks too often or guesses is slowed down: alone, by every worker, and across reloads."""
import contextlib
import re
import time

import pytest
import requests
import requests.adapters

from support.store import ask
from support.wait import wait_until
from test_issuer_errors import locked, read_answer
from test_metrics import metrics

GATE_WAIT_S = 2.0

FREE = 51  # failures of a client at an address that are answered 401 before the first delay
GUESSES = FREE + 20
SCOPE = "documents.read documents.write"
FORM = {"grant_type": "client_credentials"}
PID_LOG = """
    log_format workers '$pid $status';
    access_log {path} workers;
"""


class From(requests.adapters.HTTPAdapter):
    """Calls from one of this machine's own addresses."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args, **more):
        super().init_poolmanager(*args, source_address=(self.address, 0), **more)


def post(house, client_id, secret, address="127.0.0.1"):
    """One token request on a connection of its own."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", From(address))
        return session.post(f"{house.url}{house.realm}/oauth/token", verify=str(house.ca),
                            data={**FORM, "client_id": client_id, "client_secret": secret},
                            timeout=20)


def ask_as(house, client, address="127.0.0.1"):
    return post(house, client.id, client.secret, address)


def guess(house, client_id, address="127.0.0.1", times=GUESSES):
    """The answers to so many wrong secrets."""
    return [post(house, client_id, f"cgs_guess{number}", address) for number in range(times)]


def statuses(answers):
    return [answer.status_code for answer in answers]


def assert_slowed_down(answer):
    assert answer.status_code == 429
    assert answer.json()["error"] == "slow_down"
    assert answer.headers["Cache-Control"] == "no-store"
    assert 1 <= int(answer.headers["Retry-After"]) <= 300


@pytest.fixture(scope="module")
def throttled(echo_shared, fhir_api):
    """A house with two workers, whose clients get 5 tokens at once and then one a minute."""
    from support.house import House
    made = House()
    try:
        made.furnish(echo_shared.url, fhir_api.url)
        made.edit("worker_processes 1;", "worker_processes 2;")
        made.add_to_http("caregate_token_rate 1/min burst=5;")
        made.add_to_http(PID_LOG.format(path=made.dir / "logs" / "workers.log"))
        yield made.start()
    finally:
        made.close()


@pytest.fixture(scope="module")
def open_house(echo_shared, fhir_api):
    """A house as `init` makes it."""
    from support.house import House
    made = House()
    try:
        yield made.furnish(echo_shared.url, fhir_api.url).start()
    finally:
        made.close()


def test_a_guesser_is_told_to_slow_down_and_may_try_again_after_the_delay(open_house):
    house = open_house
    client = house.onboard("Guessed", "documents", SCOPE)
    answers = guess(house, client.id, "127.0.0.2")
    assert statuses(answers[:FREE]) == [401] * FREE
    assert 429 in statuses(answers)
    last = answers[-1]
    while last.status_code != 429:
        last = post(house, client.id, "cgs_more", "127.0.0.2")
    assert_slowed_down(last)
    time.sleep(int(last.headers["Retry-After"]))
    assert post(house, client.id, "cgs_once_more", "127.0.0.2").status_code == 401


def test_an_unknown_client_is_slowed_down_like_a_known_one(open_house):
    house = open_house
    client = house.onboard("Known", "documents", SCOPE)
    known = guess(house, client.id, "127.0.0.3")
    unknown = guess(house, "nobody-at-all", "127.0.0.3")
    for answers in (known, unknown):
        assert statuses(answers[:FREE]) == [401] * FREE
        assert_slowed_down(answers[FREE])
    assert known[FREE].content == unknown[FREE].content
    shown = [{name for name in answers[FREE].headers if name != "Date"}
             for answers in (known, unknown)]
    assert shown[0] == shown[1]


def test_the_victims_own_address_goes_on_working_throughout(open_house):
    house = open_house
    client = house.onboard("Victim", "documents", SCOPE)
    assert ask_as(house, client, "127.0.0.4").status_code == 200
    for number in range(GUESSES):
        post(house, client.id, "cgs_wrong", f"127.0.1.{number % 20 + 1}")
        post(house, client.id, "cgs_wrong", "127.0.0.4")
        assert ask_as(house, client, "127.0.0.4").status_code == 200


def test_guesses_from_the_victims_own_address_do_not_keep_it_out(open_house):
    house = open_house
    client = house.onboard("Neighbour", "documents", SCOPE)
    assert ask_as(house, client, "127.0.0.5").status_code == 200
    assert 429 in statuses(guess(house, client.id, "127.0.0.5"))
    assert ask_as(house, client, "127.0.0.5").status_code == 200


def test_what_is_slowed_down_is_counted_and_told_to_the_audit(open_house):
    house = open_house
    before = metrics(house).get('caregate_token_refusals_total{reason="too_many_failures"}', 0)
    slowed = statuses(guess(house, "nobody-in-the-audit", "127.0.0.6")).count(429)
    assert slowed >= 10
    after = metrics(house)['caregate_token_refusals_total{reason="too_many_failures"}']
    assert after - before == slowed
    records = [row for row in house.cli("audit", "list", "--kind", "token_refused")
               if row["address"] == "127.0.0.6" and row["reason"] == "too_many_failures"]
    assert 1 <= len(records) <= 20
    assert not any("client_id" in row for row in records)


def test_the_rate_of_a_client_is_one_for_all_workers(throttled):
    house = throttled
    client = house.onboard("Rated", "documents", SCOPE)
    answers = [ask_as(house, client) for _ in range(40)]
    assert statuses(answers).count(200) == 5
    assert_slowed_down(answers[-1])
    assert int(answers[-1].headers["Retry-After"]) <= 60
    workers = set(re.findall(r"^(\d+) ", (house.dir / "logs" / "workers.log").read_text(), re.M))
    assert len(workers) == 2, "one worker took all connections"
    other = house.onboard("Another", "documents", SCOPE)
    assert ask_as(house, other).status_code == 200


def test_failures_are_counted_by_all_workers_together(throttled):
    answers = statuses(guess(throttled, "nobody-to-either", "127.0.0.7"))
    assert answers[:FREE] == [401] * FREE
    assert answers.count(429) >= 10


def test_a_reload_keeps_what_was_counted(throttled):
    house = throttled
    client = house.onboard("Reloaded", "documents", SCOPE)
    assert statuses(ask_as(house, client) for _ in range(6)) == [200] * 5 + [429]
    guess(house, "nobody-reloaded", "127.0.0.8")
    old = ask_as(house, client)
    house.cli("reload", json=False)
    assert statuses(ask_as(house, client) for _ in range(10)) == [429] * 10
    # Forgotten, there would be another FREE to guess before the first of these.
    assert 429 in statuses(guess(house, "nobody-reloaded", "127.0.0.8", FREE - 1))
    assert_slowed_down(old)


def token_bytes(house, client):
    body = f"grant_type=client_credentials&client_id={client.id}&client_secret={client.secret}"
    return (f"POST {house.realm}/oauth/token HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


def test_a_flood_of_one_client_lets_another_wait_for_a_few_batches_only(open_house):
    house = open_house
    loud = house.onboard("Loud", "documents", SCOPE)
    quiet = house.onboard("Quiet", "documents", SCOPE)
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(house.connect()) for _ in range(301)]
        with locked(house.dir / "audit.db"):
            for link in links[:-1]:
                link.sendall(token_bytes(house, loud))
            wait_until(lambda: metrics(house)["caregate_queue_length"] >= 300, 10, "the flood")
            links[-1].sendall(token_bytes(house, quiet))
            wait_until(lambda: metrics(house)["caregate_queue_length"] >= 301, 10, "the last one")
        answers = [read_answer(link)[0] for link in links]
    assert answers == [200] * 301
    order = [row[0] for row in ask(
        house.dir / "audit.db", "select record from audit_record where record like"
        " '%token_issued%' order by number desc limit 301")]
    place = next(number for number, record in enumerate(reversed(order)) if quiet.id in record)
    # Two batches of 32 were under way when it came; it is in the next.
    assert place < 3 * 32


def test_the_share_of_one_caller_leaves_room_for_others(open_house):
    house = open_house
    loud = house.onboard("Louder", "documents", SCOPE)
    quiet = house.onboard("Quieter", "documents", SCOPE)
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(house.connect()) for _ in range(640)]
        with locked(house.dir / "audit.db"):
            for link in links[:-10]:
                link.sendall(token_bytes(house, loud))
            wait_until(lambda: metrics(house)["caregate_queue_length"] >= 512, 10, "the flood")
            for link in links[-10:]:
                link.sendall(token_bytes(house, quiet))
            wait_until(lambda: metrics(house)["caregate_queue_length"] >= 522, 10, "the others")
        answers = [read_answer(link)[0] for link in links]
    assert answers[-10:] == [200] * 10
    assert set(answers[:-10]) == {200, 503}


@pytest.mark.parametrize("value", ["5", "0/s", "1001/s", "5/day", "5/s burst=0", "5/s burst=100001",
                                   "5/s rate=3", "off burst=5", "5/s; caregate_token_rate 6/s"])
def test_a_wrong_token_rate_is_refused_with_what_is_allowed(make_house, value):
    house = make_house(furnish=False, start=False)
    house.add_to_http(f"caregate_token_rate {value};")
    done = house.test_conf()
    assert done.code != 0
    assert '"caregate_token_rate"' in done.err
    assert "allowed is: off, or RATE [burst=N]" in done.err


@pytest.mark.parametrize("value", ["off", "20/s", "600/min", "5000/h burst=100"])
def test_a_token_rate_is_taken(make_house, value):
    house = make_house(furnish=False, start=False)
    house.add_to_http(f"caregate_token_rate {value};")
    assert house.test_conf().code == 0


def call(house, token, path="/results/x"):
    return house.gate(path, token)


@pytest.fixture(scope="module")
def limited(throttled):
    """A client that may call results twice a second, and the FHIR API three times a minute."""
    house = throttled
    client = house.onboard("Limited", "results", "results.read", agreement=["--rate", "2/s"])
    return house.onboard("", "documents", SCOPE, client=client, agreement=["--rate", "3/min"])


def test_the_limit_of_an_agreement_is_kept_and_recovers(throttled, limited):
    house = throttled
    token = house.token(limited, scope="results.read")
    wait_until(lambda: call(house, token).status_code == 429, 10, "the limit")
    answers = [call(house, token) for _ in range(20)]
    last = answers[-1]
    assert last.status_code == 429
    assert last.headers["Content-Type"] == "application/problem+json"
    assert last.json()["reason"] == "agreement_rate_exceeded"
    assert "WWW-Authenticate" not in last.headers
    assert int(last.headers["Retry-After"]) == 1
    assert statuses(answers).count(200) <= 10  # however long they took
    time.sleep(1)
    assert call(house, token).status_code == 200


def test_the_limit_at_a_fhir_api_is_an_operation_outcome(throttled, limited):
    house = throttled
    token = house.token(limited, scope=SCOPE)
    answers = [call(house, token, "/fhir/Patient/1") for _ in range(12)]
    assert statuses(answers[3:]) == [429] * 9
    assert 429 not in statuses(answers[:3])
    last = answers[-1]
    assert last.headers["Content-Type"] == "application/fhir+json"
    issue = last.json()["issue"][0]
    assert issue["code"] == "throttled"
    assert issue["details"]["coding"][0]["code"] == "agreement_rate_exceeded"
    assert 1 <= int(last.headers["Retry-After"]) <= 20
    counted = metrics(house)[
        'caregate_gate_decisions_total{decision="refused",reason="agreement_rate_exceeded"}']
    assert counted >= 9


def test_the_limit_of_an_agreement_is_one_for_all_workers_and_its_own(throttled):
    house = throttled
    one = house.onboard("One", "results", "results.read", agreement=["--rate", "4/h"])
    two = house.onboard("Two", "results", "results.read")
    tokens = [house.token(client) for client in (one, two)]
    time.sleep(GATE_WAIT_S)  # until then a worker may not have heard of the limit
    for token, passed in zip(tokens, (4, 24)):
        answers = []
        for _ in range(24):
            with requests.Session() as session:  # a connection of its own
                session.trust_env, session.verify = False, str(house.ca)
                answers.append(session.get(house.url + "/results/x", timeout=20, headers={
                    "Authorization": f"Bearer {token}"}).status_code)
        assert answers.count(200) == passed
        assert answers.count(429) == 24 - passed
    workers = set(re.findall(r"^(\d+) ", (house.dir / "logs" / "workers.log").read_text(), re.M))
    assert len(workers) >= 2


GATED = "caregate_api results realm=/vlive/hpca;"
# Ways on which one request passes several locations of an API, and a path that takes each.
WAYS = {
    "/named/a": "location /named/ { %(gated)s try_files /none @there; } "
                "location @there { %(gated)s proxy_pass %(api)s; }",
    "/try/a": "location /try/ { %(gated)s try_files /none /results/a; }",
    "/error/a": "location /error/ { %(gated)s error_page 418 =200 /results/a; return 418; }",
    "/rewrite/a": "location /rewrite/ { %(gated)s rewrite ^ /results/a last; }",
    "/accel/accel?to=/results/a": "location /accel/ { %(gated)s proxy_pass %(api)s; }",
    "/asks/a": "location /asks/ { %(gated)s auth_request /results/a; proxy_pass %(api)s; }",
    "/mirror/a": "location /mirror/ { %(gated)s mirror /results/a; proxy_pass %(api)s; }",
    "/added/a": "location /added/ { %(gated)s add_after_body /results/a; addition_types *; "
                "proxy_pass %(api)s; }",
}
TURNS = 2


@pytest.fixture()
def odd_api():
    from support.odd_api import OddApi
    api = OddApi()
    yield api
    api.close()


def test_a_request_counts_once_although_it_passes_several_locations(make_house, odd_api):
    house = make_house(start=False)
    house.add_to_server("\n".join(WAYS.values()) % {"gated": GATED, "api": odd_api.url})
    client = house.onboard("Ways", "results", "results.read",
                           agreement=["--rate", f"{TURNS * len(WAYS)}/h"])
    house.start()
    token = house.token(client)
    for path in TURNS * list(WAYS):
        assert call(house, token, path).status_code == 200, path
    assert call(house, token).status_code == 429


def test_the_rate_of_an_agreement_is_shown(throttled):
    house = throttled
    client = house.onboard("Shown", "results", "results.read", agreement=["--rate", "600/min"])
    shown = house.cli("agreement", "show", client.agreements[0])
    assert shown["rate"] == "600/min"
    listed = house.cli("agreement", "list", "--client", client.id)
    assert [row["rate"] for row in listed] == ["600/min"]
    assert "600/min" in house.cli("agreement", "show", client.agreements[0], json=False)
    plain = house.onboard("Plain", "results", "results.read")
    assert house.cli("agreement", "show", plain.agreements[0])["rate"] is None


def test_an_agreement_is_limited_while_it_is_in_force(throttled):
    """And tokens that were there before are bound by it, until it is taken off."""
    house = throttled
    client = house.onboard("Slowed", "results", "results.read", agreement=["--rate", "600/s"])
    token, agreement = house.token(client), client.agreements[0]
    assert statuses(call(house, token) for _ in range(20)) == [200] * 20
    limited = house.cli("agreement", "limit", agreement, "--rate", "2/h")
    assert (limited["rate"], limited["limited_to"]) == ("600/s", "2/h")
    wait_until(lambda: call(house, token).status_code == 429, GATE_WAIT_S + 1, "the limit")
    refused = house.cli("agreement", "limit", agreement, "--rate", "601/s", ok=False)
    assert refused.code == 1 and "more than was agreed" in refused.err
    house.cli("agreement", "limit", agreement, "--rate", "agreed")
    wait_until(lambda: call(house, token).status_code == 200, GATE_WAIT_S + 1, "the end of it")


@pytest.mark.parametrize("rate", ["5", "0/s", "1001/s", "5/day", "-1/s", ""])
def test_a_wrong_rate_of_an_agreement_is_refused(open_house, rate):
    house = open_house
    client = house.cli("client", "add", "--org", "RX809", "--name", "Wrong rate")["client_id"]
    refused = house.cli("agreement", "request", "--client", client, "--api", "results", "--scope",
                        "results.read", "--purpose", "direct_care", "--rate", rate, ok=False)
    assert "20/s" in refused.err


def test_the_smallest_zone_has_room_for_limits(make_house):
    house = make_house(start=False)
    house.add_to_http("caregate_zone 256k;")
    house.start()
    client = house.onboard("Small", "results", "results.read", agreement=["--rate", "1/h"])
    token = house.token(client)
    wait_until(lambda: call(house, token).status_code == 429, 10, "the limit")
    assert 429 in statuses(guess(house, "nobody-in-256k", "127.0.0.9"))
