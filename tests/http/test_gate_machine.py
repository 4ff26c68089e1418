# SPDX-License-Identifier: Apache-2.0
"""A gate on another machine: fed by its issuer, and without it."""
import shutil
import time

import pytest
from support.assertion import key_set, make_key
from support.drill import Drill, replace_key
from support.gate_machine import FalseIssuer, GateMachine, add_gate, ask_bundle
from support.wait import wait_until


@pytest.fixture
def make_machine(own_house):
    made = []

    def make(start=True, **options):
        gate = options.pop("gate", None) or add_gate(own_house)
        machine = GateMachine(own_house, gate, **options)
        made.append(machine)
        return machine.start() if start else machine

    yield make
    for machine in made:
        machine.close()


@pytest.fixture
def machine(make_machine):
    return make_machine()


@pytest.fixture
def client(own_house):
    return own_house.onboard("Ward", "results", "results.read results.write")


def test_a_gate_elsewhere_lets_in_what_the_issuers_own_does(own_house, client, machine):
    token = own_house.token(client)
    assert own_house.gate("/results/x", token).status_code == 200
    assert machine.status_of(token) == 200
    assert machine.status_of(None) == 401
    assert machine.status_of(token, "/letters/x") == 403
    assert machine.metric("caregate_bundle_sequence") > 0


def test_a_change_at_the_issuer_reaches_the_gate_within_two_seconds(own_house, client, machine):
    token = own_house.token(client)
    machine.wait_for(token, 200)
    own_house.cli("client", "suspend", client.id)
    done = time.monotonic()
    machine.wait_for(token, 401)
    assert time.monotonic() - done < 2


def test_a_gate_goes_on_without_its_issuer_and_catches_up(own_house, client, machine):
    token = own_house.token(client)
    machine.wait_for(token, 200)
    own_house.kill()
    assert machine.status_of(token) == 200
    own_house.cli("client", "suspend", client.id)
    own_house.start()
    machine.wait_for(token, 401, 20)


def test_a_gate_starts_without_its_issuer_from_its_last_bundle(own_house, client, machine):
    token = own_house.token(client)
    machine.wait_for(token, 200)
    own_house.stop()
    machine.stop()
    machine.start()
    assert machine.status_of(token) == 200
    assert machine.status_of(None) == 401


def test_a_gate_that_never_had_a_bundle_lets_nobody_in(own_house, client, make_machine):
    token = own_house.token(client)
    machine = make_machine(start=False)
    own_house.stop()
    machine.start()
    assert machine.status_of(token) == 503
    own_house.start()
    machine.wait_for(token, 200, 20)


def test_reloads_of_either_side_lose_nothing(own_house, client, machine):
    token = own_house.token(client)
    machine.wait_for(token, 200)
    machine.reload()
    assert machine.status_of(token) == 200
    own_house.reload()
    own_house.cli("client", "suspend", client.id)
    machine.wait_for(token, 401, 20)


def test_a_reload_of_the_gate_is_not_held_up_by_its_waiting(machine):
    old = machine.workers()
    begun = time.monotonic()
    machine.reload()
    wait_until(lambda: not set(machine.workers()) & set(old), 20, "the end of the old worker")
    assert time.monotonic() - begun < 10


def replace_by_liar(house, **answers):
    """What stands in the issuer's place and answers so."""
    house.stop()
    liar = FalseIssuer(house)
    for end, body in answers.items():
        liar.answer(end.replace("_", "-"), body)
    return liar


def refusals(machine):
    return machine.metric("caregate_bundles_refused_total")


def test_an_older_bundle_is_never_accepted_not_even_after_a_restart(own_house, client, machine):
    token = own_house.token(client)
    older = ask_bundle(own_house, add_gate(own_house, "Other")).text
    own_house.cli("client", "suspend", client.id)
    machine.wait_for(token, 401)
    keys = own_house.request("GET", f"{own_house.realm}/oauth/jwks").text
    liar = replace_by_liar(own_house, gate_bundle=older, jwks=keys)
    try:
        wait_until(lambda: refusals(machine) > 0, 30, "a refused bundle")
        assert machine.status_of(token) == 401
        machine.stop()
        machine.start()
        wait_until(lambda: refusals(machine) > 0, 30, "a refused bundle")
        assert machine.status_of(token) == 401
        assert "older than the one that is held" in machine.log()
        found = machine.run("check")
        assert found.code == 1 and "older than the one that is held" in found.out
        assert "remove its state file" in found.out
    finally:
        liar.stop()


def test_a_bundle_that_the_realms_keys_did_not_sign_is_refused(own_house, client, machine):
    token = own_house.token(client)
    bundle = ask_bundle(own_house, add_gate(own_house, "Other")).text
    machine.wait_for(token, 200)
    head, payload, _ = bundle.split(".")
    liar = replace_by_liar(own_house, gate_bundle=f"{head}.{payload}.{'A' * 342}")
    try:
        wait_until(lambda: refusals(machine) > 0, 30, "a refused bundle")
        assert machine.status_of(token) == 200
        assert "not signed by a key of this realm" in machine.log()
    finally:
        liar.stop()


def test_a_gate_follows_a_change_of_keys(own_house, client, machine):
    old = own_house.token(client)
    machine.wait_for(old, 200)
    replace_key(own_house)
    machine.wait_for(old, 401)
    fresh = own_house.token(client)
    machine.wait_for(fresh, 200)


def test_a_gate_that_was_away_while_all_keys_changed_finds_the_new_ones(own_house, client,
                                                                        machine):
    old = own_house.token(client)
    machine.wait_for(old, 200)
    machine.stop()
    replace_key(own_house)
    machine.start()
    machine.wait_for(own_house.token(client), 200)
    machine.wait_for(old, 401)


def test_a_gate_stops_trusting_what_is_too_old(own_house, client, make_machine):
    machine = make_machine(directives=["caregate_snapshot_max_age 3s"])
    token = own_house.token(client)
    machine.wait_for(token, 200)
    time.sleep(4)
    assert machine.status_of(token) == 200, "its issuer is there"
    own_house.kill()
    machine.wait_for(token, 503)
    assert machine.gate("/results/x", token).json()["reason"] == "snapshot_too_old"
    assert machine.metric("caregate_bundle_fetch_failures_total") > 0
    machine.stop()
    machine.start()
    assert machine.status_of(token) == 503, "a restart makes nothing younger"
    own_house.start()
    machine.wait_for(token, 200, 30)


@pytest.mark.parametrize("profile, alg, more", [
    ("documented", "ES256", ""), ("smart", "ES384", ""), ("nhs", "RS512", "alg=RS512"),
    ("fapi2", "ES256", "audience=ISSUER")])
def test_a_gate_may_prove_itself_by_a_key(own_house, client, make_machine, profile, alg, more):
    gate = add_gate(own_house)
    key = make_key(alg)
    sets = own_house.home / "gate.jwks"
    sets.write_text(key_set(key), encoding="utf-8")
    own_house.cli("client", "set", gate.id, "--profile", profile, "--auth", "private_key_jwt",
                  "--bind", "dpop" if profile == "fapi2" else "none")
    own_house.cli("client", "key", "add", "--client", gate.id, "--jwks", sets)
    pem = own_house.home / "gate.pem"
    pem.write_bytes(key.export_to_pem(private_key=True, password=None))
    pem.chmod(0o600)
    shutil.chown(pem, own_house.owner())
    more = more.replace("ISSUER", own_house.issuer)
    machine = make_machine(gate=gate, credential=f"key_file={pem} kid=k1 {more}")
    token = own_house.token(client)
    machine.wait_for(token, 200)
    machine.gate("/results/x", "no-token")
    wait_until(lambda: told(own_house, gate), 10, "the refusal in the audit")


def told(house, gate):
    """The refusals of the gate in the issuer's audit."""
    listed = house.cli("audit", "list", "--kind", "access_refused")
    return [event for event in listed if event["actor"] == gate.id]


def test_refusals_are_told_to_the_issuers_audit(own_house, machine):
    gate = machine.gate_client
    machine.gate("/results/x", "no-token", headers={"X-Request-ID": "told-1"})
    event = wait_until(lambda: told(own_house, gate), 10, "the refusal in the audit")[0]
    assert event["reason"] == "token_malformed"
    assert event["request_id"] == "told-1"
    assert event["realm"] == own_house.realm
    assert own_house.cli("audit", "verify")["verified"] is True


def test_refusals_wait_for_an_issuer_that_is_away_and_for_the_end(own_house, machine):
    gate = machine.gate_client
    own_house.stop()
    for _ in range(3):
        machine.status_of("no-token")
    time.sleep(2)
    own_house.start()
    wait_until(lambda: len(told(own_house, gate)) == 3, 30, "refusals that waited")
    machine.status_of(None)
    machine.stop()
    assert [event["reason"] for event in told(own_house, gate)].count("token_missing") == 1


def test_several_workers_have_the_same_rules(own_house, client, make_machine):
    machine = make_machine(start=False)
    machine.edit("worker_processes 1;", "worker_processes 3;")
    machine.start()
    token = own_house.token(client)
    wait_until(lambda: [machine.status_of(token) for _ in range(12)] == [200] * 12, 20, "all")
    own_house.cli("client", "suspend", client.id)
    time.sleep(2)
    assert {machine.status_of(token) for _ in range(12)} == {401}
    machine.kill_worker()
    wait_until(lambda: machine.status_of(token) == 401, 20, "new workers with the same rules")


def test_a_server_of_another_authority_is_not_believed(own_house, client, make_machine, tmp_path):
    machine = make_machine(start=False)
    (machine.dir / "tls" / "issuer-ca.pem").write_text((machine.dir / "tls" / "ca.pem").read_text())
    machine.start()
    assert machine.status_of(own_house.token(client)) == 503
    assert "caregate: trouble with" in machine.log()


def test_a_gate_that_the_issuer_does_not_know_says_so(own_house, make_machine):
    machine = make_machine(gate=own_house.onboard("Ward", "results", "results.read"))
    wait_until(lambda: "this client is no gate" in machine.log(), 10, "why in the log")
    assert machine.gate_client.secret not in machine.log()


def test_a_damaged_state_file_is_told_and_replaced(own_house, client, machine):
    token = own_house.token(client)
    machine.wait_for(token, 200)
    machine.stop()
    text = machine.state.read_bytes()
    machine.state.write_bytes(text[:-40] + b"A" * 40)
    machine.start()
    machine.wait_for(token, 200)
    assert "state file cannot be read" in machine.log()
    machine.stop()
    assert machine.state.read_bytes()[60:] == text[60:]


def test_a_gate_is_not_configured_by_halves(own_house, make_machine):
    machine = make_machine(start=False)
    directive, (url, client_id, secret, _) = machine.directive()
    for words, want in (
            ([url, client_id], "by what"),
            ([url, secret], "as which client"),
            (["ftp://x/y", client_id, secret], "no https URL"),
            (["http://care.example/y", client_id, secret], "no https URL"),
            ([url + "/", client_id, secret], "ends with a slash"),
            ([url + "?a", client_id, secret], "no issuer"),
            ([url, client_id, secret, "kid=k"], "go with key_file"),
            ([url, client_id, secret, secret], "is enough"),
            ([url, client_id, client_id, secret], "given twice"),
            ([url, client_id, secret, "other=1"], "not known"),
            ([url, client_id, "secret_file=/nowhere"], "cannot be opened")):
        conf = (machine.dir / "nginx.conf").read_text(encoding="utf-8")
        machine.edit(directive, f"caregate_trust {' '.join(words)};")
        refused = machine.test_conf()
        assert refused.code != 0 and want in refused.err, (words, refused.err)
        (machine.dir / "nginx.conf").write_text(conf, encoding="utf-8")
    for more, want in (("caregate_store sqlite:x.db;", "without a store"),
                       (directive, "given twice")):
        conf = (machine.dir / "nginx.conf").read_text(encoding="utf-8")
        machine.add_to_http(f"    {more}")
        refused = machine.test_conf()
        assert refused.code != 0 and want in refused.err, (more, refused.err)
        (machine.dir / "nginx.conf").write_text(conf, encoding="utf-8")
    machine.add_to_server("location /vlive/hpca/ { caregate_issuer /vlive/hpca; }")
    assert "for a gate without one" in machine.test_conf().err


def test_init_makes_a_gate_whose_apis_are_protected_by_name(own_house, client, make_machine, echo):
    machine = make_machine(start=False)
    made = machine.cli("api", "protect", "results", "--realm", own_house.realm, "--at", "/again/",
                       "--upstream", echo.url, "--require", "results.read", "--replace")
    assert made["at"] == "/again/"
    machine.start()
    token = own_house.token(client)
    wait_until(lambda: machine.status_of(token, "/again/x") == 200, 10, "what init made")
    assert machine.status_of(None, "/again/x") == 401


def test_apps_are_sent_from_a_gate_to_the_document_of_its_issuer(own_house, client, make_machine,
                                                                 echo):
    """SMART App Launch 2.2: below the address of the API, without a token; and only this."""
    machine = make_machine(start=False)
    machine.cli("api", "protect", "results", "--realm", own_house.realm, "--at", "/records/",
                "--upstream", echo.url, "--smart", "--replace")
    assert not [row for row in machine.cli("check") if row["level"] != "ok"]
    machine.start()
    document = "/.well-known/smart-configuration"
    sent = machine.request("GET", "/records" + document, allow_redirects=False)
    assert sent.status_code == 302
    assert sent.headers["Location"] == own_house.issuer + document
    assert own_house.request("GET", own_house.realm + document).json()["token_endpoint"]
    assert machine.status_of(None, f"/records{document}/x") == 401
    assert machine.status_of(None, own_house.realm + "/oauth/token") == 404


def test_check_tells_whether_the_issuer_gives_the_gate_its_bundle(own_house, make_machine):
    machine = make_machine(start=False)
    found = {row["subject"]: row["level"] for row in machine.cli("check")}
    assert found[own_house.issuer] == "ok"
    (machine.dir / "state" / "bundle").write_text("damaged", encoding="utf-8")
    found = {row["subject"]: row["level"] for row in machine.cli("check")}
    assert found[own_house.issuer] == "ok"
    assert found[str(machine.dir / "state" / "bundle")] == "warning"
    own_house.cli("client", "suspend", machine.gate_client.id)
    refused = machine.run("check")
    assert refused.code == 1
    assert "it answered 401" in refused.out
    own_house.stop()
    assert "it gives this gate no bundle" in machine.run("check").out


def test_an_outage_of_the_issuer_is_as_the_documentation_says(own_house):
    rows = Drill(own_house, outage_s=1).run()
    assert len(rows) > 12
    assert [row for row in rows if row[2] != row[3]] == []


@pytest.mark.parametrize("words", [
    ["--trust", "https://id.example/vlive/hpca"],
    ["--client", "gate-1"],
    ["--trust", "https://id.example", "--client", "gate-1"],
    ["--trust", "https://id.example/vlive/hpca", "--client", "No", "--secret-file", "x"],
    ["--trust", "https://id.example/vlive/hpca", "--client", "gate-1", "--secret-file", "x",
     "--mtls-listen", "127.0.0.1:1"]])
def test_init_of_a_gate_wants_all_that_it_takes(own_house, words):
    assert own_house.run("init", *words).code == 2
