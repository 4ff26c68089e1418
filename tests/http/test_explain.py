# SPDX-License-Identifier: Apache-2.0
"""`caregate explain` and `caregate token` say what issuer and gate then do."""
import pytest

from support.form import claims, header
from support.wait import wait_until

GATE_WAIT_S = 2.0


@pytest.fixture(scope="module")
def client(house):
    return house.onboard("Explained", ["results", "documents"],
                         ["results.read", "documents.read"])


def nothing(house, client):
    """Leaves all as it is."""


def withdraw(house, client):
    house.cli("agreement", "withdraw", client.agreements[0], "--by", "A")


def suspend(house, client):
    house.cli("client", "suspend", client.id)


def resume(house, client):
    suspend(house, client)
    house.cli("client", "resume", client.id)


def retire(house, client):
    house.cli("client", "retire", client.id)


def revoke_secret(house, client):
    house.cli("secret", "revoke", client.secret_id, "--force")


def answers(house, client, token):
    """What the gate does, as (let in, reason)."""
    answer = house.gate("/results/1", token)
    if answer.status_code == 200:
        return True, None
    return False, answer.json()["reason"]


def explained(house, *words, stdin=None):
    done = house.run("explain", *words, stdin=stdin)
    assert done.json is not None, done
    assert done.code == (0 if done.json["let_in"] else 1)
    for step in done.json["steps"]:
        assert isinstance(step["held"], bool) and step["rule"]
    failed = [step for step in done.json["steps"] if not step["held"]]
    assert bool(failed) == (not done.json["let_in"])
    return done.json["let_in"], done.json["reason"]


@pytest.mark.parametrize("change", [nothing, withdraw, suspend, resume, retire],
                         ids=lambda change: change.__name__)
def test_explanation_of_a_token_is_what_the_gate_answers(house, change):
    own = house.onboard("Explained " + change.__name__, "results", "results.read")
    token = house.token(own)
    change(house, own)
    said = explained(house, "--token", "-", "--api", "results", stdin=token)
    wait_until(lambda: answers(house, own, token) == said, GATE_WAIT_S, f"the gate's {said}")


@pytest.mark.parametrize("change", [nothing, withdraw, suspend, resume, retire, revoke_secret],
                         ids=lambda change: change.__name__)
def test_explanation_of_a_client_is_what_the_issuer_does(house, change):
    own = house.onboard("Explained for " + change.__name__, "results", "results.read")
    change(house, own)
    let_in, _ = explained(house, "--client", own.id, "--api", "results")
    answer = house.token_response(own)
    assert (answer.status_code == 200) == let_in
    if let_in:
        token = answer.json()["access_token"]
        wait_until(lambda: house.gate("/results/1", token).status_code == 200, GATE_WAIT_S, "entry")


def test_explanation_of_an_api_that_is_not_agreed_names_the_reason_of_the_gate(house, client):
    said = explained(house, "--client", client.id, "--api", "letters")
    assert said == (False, "api_not_agreed")
    answer = house.gate("/letters/1", house.token(client))
    assert (answer.status_code, answer.json()["reason"]) == (403, "api_not_agreed")


@pytest.mark.parametrize("spoil, reason", [
    pytest.param(lambda token: "junk", "token_malformed", id="junk"),
    pytest.param(lambda token: token[:-8] + "AAAAAAAA", "token_signature_invalid", id="signature"),
    pytest.param(lambda token: token + ".x", "token_malformed", id="four-parts"),
])
def test_explanation_and_verification_of_a_bad_token_are_the_gates(house, client, spoil, reason):
    token = spoil(house.token(client))
    assert answers(house, client, token) == (False, reason)
    assert explained(house, "--token", "-", "--api", "results", stdin=token) == (False, reason)
    verified = house.cli("token", "verify", stdin=token, ok=False)
    assert (verified.code, verified.json["reason"]) == (1, reason)


METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


@pytest.mark.parametrize("scope", ["documents.read", "documents.write",
                                   "documents.read documents.write"])
@pytest.mark.parametrize("method", METHODS)
def test_explanation_knows_what_the_location_wants_by_method(house, scope, method):
    own = house.onboard("By method", "documents", scope)
    answer = house.gate("/fhir/Patient/none", house.token(own), method)
    words = ["--client", own.id, "--api", "documents", "--method", method]
    let_in, reason = explained(house, *words)
    assert let_in == (answer.status_code != 403)
    if not let_in:
        assert reason == "scope_insufficient"
        outcome = house.gate("/fhir/Patient/none", house.token(own), method)
        if method != "HEAD":
            assert outcome.json()["issue"][0]["details"]["coding"][0]["code"] == reason
    assert explained(house, *words, "--path", "/fhir/Patient/none") == (let_in, reason)


def test_explanation_of_a_path_of_another_api_is_refused(house, client):
    refused = house.cli("explain", "--client", client.id, "--api", "documents", "--path",
                        "/results/1", ok=False)
    assert refused.code == 1
    assert "/results/1" in refused.err


def test_explanation_takes_the_longest_location_that_holds_the_path(make_house, echo):
    house = make_house(start=False)
    house.add_to_server(
        "        location /fhir/open/ { caregate_api documents realm=/vlive/hpca; "
        f"proxy_pass {echo.url}; }}\n"
        "        location /fhir/closed/ { caregate_api documents realm=/vlive/hpca; "
        f"caregate_require documents.write; proxy_pass {echo.url}; }}")
    house.start()
    own = house.onboard("Places", "documents", "documents.read")
    token = house.token(own)
    for method, path in (("GET", "/fhir/open/1"), ("POST", "/fhir/open/1"),
                         ("GET", "/fhir/closed/1"), ("POST", "/fhir/other"),
                         ("GET", "/fhir/other")):
        let_in, _ = explained(house, "--client", own.id, "--api", "documents", "--method", method,
                              "--path", path)
        assert let_in == (house.gate(path, token, method).status_code != 403), (method, path)


def test_explanation_wants_a_client_or_a_token(house, client):
    assert house.cli("explain", "--api", "results", ok=False).code == 2
    assert house.cli("explain", "--client", client.id, ok=False).code == 2
    assert house.cli("explain", "--client", client.id, "--token", "-", "--api", "results",
                     ok=False, stdin="x").code == 2
    assert house.cli("explain", "--client", "nobody", "--api", "results", ok=False).code == 1


def test_token_is_laid_open_from_a_file_a_response_and_standard_input(house, client):
    answer = house.token_response(client)
    token = answer.json()["access_token"]
    file = house.home / "response"
    file.write_text(answer.text)
    for words, stdin in (([file], None), ([], token + "\n"), ([], answer.text)):
        shown = house.cli("token", "decode", *words, stdin=stdin)
        assert shown["verified"] is False
        assert shown["header"] == header(token)
        assert shown["claims"] == claims(token)
    file.unlink()


def test_good_token_verifies(house, client):
    found = house.cli("token", "verify", stdin=house.token(client))
    assert found["verified"] is True
    assert found["reason"] is None
    assert all(step["held"] for step in found["checks"])


def test_revoked_token_is_refused_within_2_s_and_only_that_one(house, client):
    token, other = house.token(client), house.token(client)
    assert house.gate("/results/1", token).status_code == 200
    house.cli("token", "revoke", "--jti", claims(token)["jti"])
    assert house.cli("token", "verify", stdin=token, ok=False).json["reason"] == "token_revoked"
    wait_until(lambda: answers(house, client, token) == (False, "token_revoked"), GATE_WAIT_S,
               "the refusal")
    assert house.gate("/results/1", other).status_code == 200


def test_whole_token_in_place_of_a_jti_is_refused_without_echo(house, client):
    token = house.token(client)
    refused = house.cli("token", "revoke", "--jti", token, ok=False)
    assert refused.code == 2
    assert token not in refused.err
