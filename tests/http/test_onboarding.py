# SPDX-License-Identifier: Apache-2.0
"""On-boarding by the command line: what is agreed, by whom, from when, until when."""
import re
import time

import pytest

from support.form import claims
from support.wait import wait_until

GATE_WAIT_S = 2.0
PURPOSE = ["--purpose", "direct_care"]


@pytest.fixture()
def client(house, request):
    """A client of the test's own, with a secret and no agreement."""
    made = house.cli("client", "add", "--org", "RX809", "--name", request.node.name[:40])
    secret = house.cli("secret", "issue", "--client", made["client_id"])
    return house_client(made, secret)


def house_client(made, secret):
    from support.house import Client

    return Client(made["client_id"], secret["secret"], secret["secret_id"], [])


def ask(house, client, api="results", scopes=("results.read",), options=()):
    words = [word for scope in scopes for word in ("--scope", scope)]
    return house.cli("agreement", "request", "--client", client.id, "--api", api, *words,
                     *PURPOSE, *options)["agreement_id"]


def state(house, agreement):
    return house.cli("agreement", "show", agreement)["state"]


def date(offset_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset_s))


def test_main_job_step_by_step_through_the_command_line(house, echo):
    """Each command prints what the contract says, and the next one takes it."""
    assert house.cli("org", "add", "A1B2C", "--name", "Example Practice")["organisation"] == "A1B2C"
    made = house.cli("client", "add", "--org", "A1B2C", "--name", "Practice system")
    assert set(made) == {"client_id"}
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", made["client_id"])
    secret = house.cli("secret", "issue", "--client", made["client_id"])
    assert set(secret) == {"client_id", "secret", "secret_id", "expires_at"}
    client = house_client(made, secret)
    assert house.token_response(client).json()["error"] == "invalid_scope"
    requested = house.cli("agreement", "request", "--client", client.id, "--api", "results",
                          "--scope", "results.read", *PURPOSE)
    assert requested["state"] == "requested"
    assert set(requested) == {"agreement_id", "state"}
    assert house.token_response(client).json()["error"] == "invalid_scope"
    approved = house.cli("agreement", "approve", requested["agreement_id"], "--by", "Dr A. Example")
    assert approved["state"] == "in_force"
    answer = house.gate("/results/1", house.token(client))
    assert answer.status_code == 200
    sent = dict(answer.json()["headers"])
    assert sent["Caregate-Client-Id"] == client.id
    assert sent["Caregate-Organisation"] == "A1B2C"


def test_agreement_is_in_force_once_as_many_people_approved_as_the_api_wants(house, client):
    agreement = ask(house, client, "letters", ["letters.send"])
    first = house.cli("agreement", "approve", agreement, "--by", "Dr A. Example")
    assert first["state"] == "requested"
    assert house.token_response(client).json()["error"] == "invalid_scope"
    second = house.cli("agreement", "approve", agreement, "--by", "Ms B. Example")
    assert second["state"] == "in_force"
    assert house.token_response(client).json()["scope"] == "letters.send"


@pytest.mark.parametrize("again", ["Dr A. Example", "dr a. example", " Dr A. Example ",
                                   "Dr  A. Example"])
def test_same_person_does_not_count_twice(house, client, again):
    agreement = ask(house, client, "letters", ["letters.send"])
    house.cli("agreement", "approve", agreement, "--by", "Dr A. Example")
    refused = house.cli("agreement", "approve", agreement, "--by", again, ok=False)
    assert refused.code == 1
    assert state(house, agreement) == "requested"
    assert house.cli("agreement", "show", agreement)["approvals"] == 1


def test_refused_agreement_stays_refused(house, client):
    agreement = ask(house, client)
    refused = house.cli("agreement", "refuse", agreement, "--by", "Dr A. Example", "--why", "no")
    assert refused["state"] == "refused"
    assert house.cli("agreement", "approve", agreement, "--by", "Ms B.", ok=False).code == 1
    assert house.token_response(client).json()["error"] == "invalid_scope"


def test_requested_agreement_cannot_be_withdrawn_and_one_in_force_not_refused(house, client):
    agreement = ask(house, client)
    assert house.cli("agreement", "withdraw", agreement, "--by", "A", ok=False).code == 1
    house.cli("agreement", "approve", agreement, "--by", "A")
    assert house.cli("agreement", "refuse", agreement, "--by", "B", ok=False).code == 1
    assert state(house, agreement) == "in_force"


def test_withdrawal_ends_tokens_at_the_issuer_at_once_and_at_the_gate_within_2_s(house, client):
    agreement = ask(house, client)
    house.cli("agreement", "approve", agreement, "--by", "A")
    token = house.token(client)
    assert house.gate("/results/1", token).status_code == 200
    house.cli("agreement", "withdraw", agreement, "--by", "B", "--why", "project over")
    assert house.token_response(client).json()["error"] == "invalid_scope"
    wait_until(lambda: house.gate("/results/1", token).status_code == 403, GATE_WAIT_S, "refusal")
    answer = house.gate("/results/1", token)
    assert answer.json()["reason"] == "agreement_withdrawn"
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_withdrawal_leaves_the_clients_other_agreements(house, client):
    first, second = ask(house, client), ask(house, client, "documents", ["documents.read"])
    for agreement in (first, second):
        house.cli("agreement", "approve", agreement, "--by", "A")
    token = house.token(client)
    house.cli("agreement", "withdraw", first, "--by", "A")
    wait_until(lambda: house.gate("/results/1", token).status_code == 403, GATE_WAIT_S, "refusal")
    assert house.gate("/fhir/$who", token).status_code == 200
    assert house.token_response(client).json()["scope"] == "documents.read"


def test_suspension_is_honoured_at_once_and_resuming_does_not_revive_old_tokens(house, client):
    house.cli("agreement", "approve", ask(house, client), "--by", "A")
    token = house.token(client)
    assert claims(token)["epoch"] == 0
    assert house.gate("/results/1", token).status_code == 200
    house.cli("client", "suspend", client.id)
    assert house.token_response(client).json()["error"] == "invalid_client"
    wait_until(lambda: house.gate("/results/1", token).status_code == 401, GATE_WAIT_S, "refusal")
    assert house.gate("/results/1", token).json()["reason"] == "client_suspended"
    house.cli("client", "resume", client.id)
    fresh = house.token(client)
    assert claims(fresh)["epoch"] > 0
    wait_until(lambda: house.gate("/results/1", fresh).status_code == 200, GATE_WAIT_S, "entry")
    assert house.gate("/results/1", token).status_code == 401


def test_retired_client_cannot_come_back(house, client):
    house.cli("agreement", "approve", ask(house, client), "--by", "A")
    token = house.token(client)
    house.cli("client", "retire", client.id)
    assert house.token_response(client).json()["error"] == "invalid_client"
    wait_until(lambda: house.gate("/results/1", token).status_code == 401, GATE_WAIT_S, "refusal")
    assert house.cli("client", "resume", client.id, ok=False).code == 1


def test_agreement_runs_out_by_itself(house, client):
    agreement = ask(house, client, options=["--until", date(3)])
    house.cli("agreement", "approve", agreement, "--by", "A")
    token = house.token(client)
    assert house.gate("/results/1", token).status_code == 200
    wait_until(lambda: house.token_response(client).status_code == 400, 6, "the end")
    assert house.token_response(client).json()["error"] == "invalid_scope"
    assert state(house, agreement) not in ("in_force", "requested")
    assert house.gate("/results/1", token).status_code == 401


def test_agreement_begins_by_its_date(house, client):
    agreement = ask(house, client, options=["--from", date(3)])
    house.cli("agreement", "approve", agreement, "--by", "A")
    assert house.token_response(client).json()["error"] == "invalid_scope"
    wait_until(lambda: house.token_response(client).status_code == 200, 6, "the beginning")
    assert state(house, agreement) == "in_force"


@pytest.mark.parametrize("code", ["direct_care", "emergency_care", "research", "legal",
                                  "Direct care", "clinical-audit"])
def test_purpose_is_one_of_a_list_with_words_beside(house, client, code):
    made = house.cli("agreement", "request", "--client", client.id, "--api", "results", "--scope",
                     "results.read", "--purpose", code, "--purpose-text", "letters of discharge")
    shown = house.cli("agreement", "show", made["agreement_id"])
    assert shown["purpose"] == re.sub(r"[ -]", "_", code.lower())
    assert shown["purpose_text"] == "letters of discharge"


REFUSED = [
    pytest.param(["--purpose", "lunch"], 1, "direct_care", id="unknown-purpose"),
    pytest.param([], 2, "--purpose", id="no-purpose"),
    pytest.param([*PURPOSE, "--from", "tomorrow"], 2, "2026-01-31", id="no-date"),
    pytest.param([*PURPOSE, "--until", "2020-01-01"], 1, "end", id="end-is-past"),
    pytest.param([*PURPOSE, "--from", "2031-01-01", "--until", "2030-01-01"], 1, "end",
                 id="end-before-beginning"),
    pytest.param([*PURPOSE, "--until", "2030-02-30"], 2, "date", id="no-such-day"),
    pytest.param([*PURPOSE, "--scope", "results.burn"], 1, "results.write", id="unknown-scope"),
    pytest.param([*PURPOSE, "--scope", "documents.read"], 1, "results.read",
                 id="scope-of-another-api"),
]


@pytest.mark.parametrize("options, code, word", REFUSED)
def test_wrong_agreement_is_refused_and_the_error_says_what_to_mend(house, client, options, code,
                                                                    word):
    refused = house.cli("agreement", "request", "--client", client.id, "--api", "results",
                        "--scope", "results.read", *options, ok=False)
    assert refused.code == code
    assert word in refused.err
    assert refused.out == ""
    assert house.cli("agreement", "list", "--client", client.id) == []


@pytest.mark.parametrize("words, names", [
    pytest.param(["client", "add", "--org", "ZZ999", "--name", "x"], "RX809", id="organisation"),
    pytest.param(["client", "show", "nobody"], "client list", id="client"),
    pytest.param(["secret", "issue", "--client", "nobody"], "client list", id="client-of-secret"),
    pytest.param(["api", "show", "lettrs"], "api list", id="api"),
    pytest.param(["agreement", "approve", "agr_aaaaaaaaaaaa", "--by", "A"], "agr", id="agreement"),
    pytest.param(["secret", "revoke", "sec_aaaaaaaaaaaa"], "sec", id="secret"),
    pytest.param(["realm", "show", "/nowhere"], "/vlive/hpca", id="realm"),
    pytest.param(["--realm", "/nowhere", "client", "list"], "/vlive/hpca", id="realm-option"),
])
def test_what_is_not_there_is_named_with_where_to_look(house, words, names):
    refused = house.cli(*words, ok=False)
    assert refused.code == 1, refused
    assert names in refused.err


@pytest.mark.parametrize("words, status", [
    pytest.param(["api", "add", "more", "--audience", "https://care.example/more", "--scope",
                  "documents.read"], 1, id="scope-taken"),
    pytest.param(["api", "add", "more", "--audience", "https://care.example/documents",
                  "--scope", "more.read"], 1, id="audience-taken"),
    pytest.param(["api", "add", "documents", "--audience", "https://care.example/more",
                  "--scope", "more.read"], 1, id="name-taken"),
    pytest.param(["org", "add", "RX809", "--name", "Again"], 1, id="organisation-taken"),
    pytest.param(["realm", "add", "/vlive/hpca"], 1, id="realm-taken"),
    pytest.param(["realm", "add", "vlive"], 1, id="realm-without-slash"),
    pytest.param(["realm", "add", "/Vlive"], 1, id="realm-in-capitals"),
    pytest.param(["realm", "add", "/a/../b"], 1, id="realm-with-dots"),
    pytest.param(["api", "add", "more", "--audience", "no uri", "--scope", "more.read"], None,
                 id="audience-no-uri"),
    pytest.param(["api", "add", "more", "--audience", "https://care.example/more", "--scope",
                  'a"b'], None, id="scope-with-quote"),
    pytest.param(["org", "add", "no ods", "--name", "x"], None, id="no-ods-code"),
])
def test_conflicts_and_malformed_names_are_refused(house, words, status):
    refused = house.cli(*words, ok=False)
    assert refused.code == status or (status is None and refused.code in (1, 2)), refused
    assert refused.err.startswith("caregate")


def test_token_carries_exactly_what_is_in_force_at_that_second(house, client):
    documents = ask(house, client, "documents", ["documents.read", "documents.write"])
    results = ask(house, client)
    later = ask(house, client, "results", ["results.write"], ["--from", date(3600)])
    for agreement in (documents, later):
        house.cli("agreement", "approve", agreement, "--by", "A")
    token = claims(house.token(client))
    assert sorted(token["scope"].split()) == ["documents.read", "documents.write"]
    assert token["agreements"] == [documents]
    house.cli("agreement", "approve", results, "--by", "A")
    token = claims(house.token(client))
    assert set(token["agreements"]) == {documents, results}
    house.cli("agreement", "withdraw", documents, "--by", "A")
    assert claims(house.token(client))["agreements"] == [results]


def test_retired_api_gets_no_tokens_and_the_gate_refuses_it(own_house):
    house = own_house
    client = house.onboard("Retired API", ["results", "documents"],
                           ["results.read", "documents.read"])
    token = house.token(client)
    assert house.gate("/results/1", token).status_code == 200
    house.cli("api", "retire", "results")
    assert house.token_response(client).json()["scope"] == "documents.read"
    wait_until(lambda: house.gate("/results/1", token).status_code != 200, GATE_WAIT_S, "refusal")
    assert house.gate("/fhir/$who", token).status_code == 200


def test_new_api_is_protected_after_a_reload(own_house, echo):
    house = own_house
    house.api("scans", "scans.read")
    client = house.onboard("Scanner", "scans", "scans.read")
    house.protect("scans", "/scans/", echo.url)
    assert house.gate("/scans/1", house.token(client)).status_code == 404
    house.reload()
    assert house.gate("/scans/1").status_code == 401
    token = house.token(client)
    wait_until(lambda: house.gate("/scans/1", token).status_code == 200, GATE_WAIT_S, "entry")
    answer = house.gate("/scans/1?a=b", token)
    assert answer.json()["path"] == "/scans/1?a=b"


def test_client_set_changes_how_a_client_proves_itself(house, client):
    """At once for the issuer; what is not named stays."""
    house.agree(client.id, "results", "results.read")
    assert house.token_response(client).status_code == 200
    before = house.cli("client", "show", client.id)
    changed = house.cli("client", "set", client.id, "--auth", "private_key_jwt")
    assert changed == {name: before[name] for name in changed} | {"auth": "private_key_jwt"}
    refused = house.token_response(client)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    record = house.cli("audit", "list", "--kind", "token_refused", "--client", client.id)[-1]
    assert record["detail"] == "the client is registered for another way of authentication"
    house.cli("client", "set", client.id, "--auth", "client_secret")
    assert house.token_response(client).status_code == 200
    assert [record["actor"] != "" for record in house.cli("audit", "list", "--kind",
                                                          "client_changed")[-2:]] == [True, True]


@pytest.mark.parametrize("words, wanted", [
    (("--auth", "password"), "client_secret, private_key_jwt"),
    (("--bind", "tls"), "none, dpop or mtls"),
    (("--profile", "fapi"), "documented, smart, nhs, fapi2"),
    (("--profile", "smart"), "private_key_jwt"),
    ((), "says not what to change"),
])
def test_client_set_says_what_to_mend(house, client, words, wanted):
    before = house.cli("client", "show", client.id)
    assert wanted in house.cli("client", "set", client.id, *words, ok=False).err
    assert house.cli("client", "show", client.id) == before
