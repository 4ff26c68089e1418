# SPDX-License-Identifier: Apache-2.0
"""What comes back through the gate: the API's answers as they are, nginx's errors in our shape;
and what the log then says."""

import pytest
from support.grounds import Grounds
from support.ports import free_pair
from support.wait import wait_until

VARIABLES = ("client_id", "subject", "organisation", "scope", "token_id", "decision", "reason",
             "request_id")
LOCATIONS = """
        proxy_read_timeout 400ms;
        proxy_next_upstream off;
        location /documents/ { %(gate)s proxy_pass %(api)s; }
        location /fhir/ { %(gate)s caregate_fhir on; proxy_pass %(api)s; }
        location /nobody/ { %(gate)s proxy_pass http://127.0.0.1:DEAD; }
        location /fhir-nobody/ { %(gate)s caregate_fhir on; proxy_pass http://127.0.0.1:DEAD; }
        location /mine/ { %(gate)s proxy_intercept_errors on; error_page 502 =502 /page;
                          proxy_pass %(api)s; }
        location = /page { return 502 "the operator's own page"; }
        location /limited/ { %(gate)s limit_rate 1k; proxy_pass %(api)s; }
        location /shown/ { %(gate)s proxy_pass %(api)s; SHOWN }
        location /jump/ { %(gate)s rewrite ^ /landed last; }
        location = /landed { return 200 "landed"; SHOWN }
        location /open/ { proxy_pass %(api)s; SHOWN }
"""
SHOWN = " ".join(f'add_header X-Shown-{name.replace("_", "-")} "$caregate_{name}" always;'
                 for name in VARIABLES)


@pytest.fixture(scope="module")
def grounds():
    text = LOCATIONS.replace("SHOWN", SHOWN)
    made = Grounds(text.replace("DEAD", str(free_pair()))).start()
    yield made
    made.close()


ERRORS = [
    ("/documents/hang-up", 502, "upstream_unreachable", "Bad Gateway"),
    ("/nobody/x", 502, "upstream_unreachable", "Bad Gateway"),
    ("/documents/x?wait=2", 504, "upstream_timeout", "Gateway Timeout"),
]


@pytest.mark.parametrize("path, status, reason, title", ERRORS)
def test_an_unreachable_api_is_told_as_a_problem(grounds, path, status, reason, title):
    answer = grounds.ask(path, grounds.token)
    assert answer.status == status
    assert answer.header("Content-Type") == "application/problem+json"
    body = answer.json()
    assert body.pop("detail")
    assert body == {"status": status, "title": title, "reason": reason,
                    "request_id": answer.header("X-Request-ID")}
    assert answer.header("WWW-Authenticate") is None


@pytest.mark.parametrize("path, status, reason", [
    ("/fhir/hang-up", 502, "upstream_unreachable"),
    ("/fhir-nobody/x", 502, "upstream_unreachable"),
    ("/fhir/x?wait=2", 504, "upstream_timeout")])
def test_an_unreachable_fhir_api_is_told_as_an_outcome(grounds, path, status, reason):
    answer = grounds.ask(path, grounds.token)
    assert answer.status == status
    assert answer.header("Content-Type") == "application/fhir+json"
    issue, = answer.json()["issue"]
    assert issue["code"] == "transient" and issue["details"]["coding"][0]["code"] == reason


@pytest.mark.parametrize("path", ["/documents/hang-up", "/fhir/hang-up"])
def test_an_error_of_a_head_request_has_no_body(grounds, path):
    answer = grounds.ask(path, grounds.token, "HEAD")
    assert answer.status == 502 and answer.body == b""


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 422, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("path", ["/documents/answer", "/fhir/answer"])
def test_what_the_api_answers_passes_untouched(grounds, path, status):
    answer = grounds.ask(f"{path}?status={status}", grounds.token)
    assert (answer.status, answer.body) == (status, b"as the API said")
    assert answer.header("Content-Type") == "text/plain" and answer.header("X-Api") == "yes"


def test_the_operators_own_page_stands(grounds):
    answer = grounds.ask("/mine/hang-up", grounds.token)
    assert answer.status == 502 and answer.body == b"the operator's own page"


def test_a_body_reaches_the_api_unchanged(grounds):
    body = bytes(range(256)) * 300
    answer = grounds.ask("/documents/x", grounds.token, "POST", body=body)
    assert answer.json()["body"].encode("latin-1") == body


def shown(answer):
    return {name: answer.header(f"X-Shown-{name.replace('_', '-')}") for name in VARIABLES}


def test_variables_tell_of_the_caller(grounds):
    answer = grounds.ask("/shown/x", grounds.token)
    identity = {key: value for key, value in answer.json()["headers"]}
    assert shown(answer) == {
        "client_id": grounds.client.id, "subject": grounds.client.id, "organisation": "RX809",
        "scope": "documents.read documents.write", "decision": "allowed", "reason": None,
        "token_id": identity["Caregate-Token-Id"], "request_id": answer.header("X-Request-ID")}


def test_variables_tell_of_an_api_that_cannot_be_reached(grounds):
    told = shown(grounds.ask("/shown/hang-up", grounds.token))
    assert told["decision"] == "allowed" and told["reason"] == "upstream_unreachable"


def test_variables_survive_an_internal_jump(grounds):
    told = shown(grounds.ask("/jump/x", grounds.token))
    assert told["client_id"] == grounds.client.id and told["decision"] == "allowed"


def test_variables_are_empty_where_there_is_no_gate(grounds):
    told = shown(grounds.ask("/open/x", grounds.token))
    assert {told[name] for name in VARIABLES} == {None}


def log_line(grounds, request_id):
    lines = [line for line in grounds.house.access_log().splitlines() if request_id in line]
    return lines[0] if lines else None


@pytest.mark.parametrize("label, status, decision, reason", [
    ("good", 200, "allowed", "-"), ("none", 401, "refused", "token_missing"),
    ("bad", 401, "refused", "token_malformed"), ("expired", 401, "refused", "token_expired"),
    ("scope", 403, "refused", "scope_insufficient")])
def test_the_access_log_tells_the_decision(grounds, label, status, decision, reason):
    tokens = {"good": grounds.token, "none": None, "bad": "x.y.z",
              "expired": grounds.forge.vary(grounds.token, exp=1),
              "scope": grounds.forge.vary(grounds.token, scope="results.read")}
    name = f"log-{label}"
    answer = grounds.ask("/documents/x", tokens[label], headers=[("X-Request-ID", name)])
    assert answer.status == status
    line = wait_until(lambda: log_line(grounds, name), what="a line in the log")
    proven = grounds.client.id if label in ("good", "scope") else "-"
    assert f" {status} " in line and f" {decision} {reason} client={proven} " in line
