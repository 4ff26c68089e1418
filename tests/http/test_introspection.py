# SPDX-License-Identifier: Apache-2.0
"""Introspection (RFC 7662), its signed answers (RFC 9701) and revocation (RFC 7009)."""
import json
import secrets
import time

import pytest
from authlib.integrations.requests_client import OAuth2Session
from jwcrypto import jwk, jws

from support.form import basic, claims, header, post
from support.forge import Forge
from support.node import run_node
from support.wait import wait_until

INTROSPECT = "/oauth/introspect"
REVOKE = "/oauth/revoke"
SIGNED = "application/token-introspection+jwt"
INACTIVE = b'{"active":false}'
GATE_WAIT_S = 2
BOTH = pytest.mark.parametrize("path", [INTROSPECT, REVOKE], ids=["introspect", "revoke"])


@pytest.fixture(scope="module")
def client(house):
    return house.onboard("Introspected", ["results", "documents"],
                         ["results.read results.write", "documents.read"])


@pytest.fixture(scope="module")
def stranger(house):
    return house.onboard("Stranger", "results", "results.read")


@pytest.fixture(scope="module")
def server(house):
    """The resource server of `results`."""
    own = house.onboard("Results server", [], [])
    house.cli("api", "introspector", "results", "--add", own.id)
    return own


@pytest.fixture(scope="module")
def forge(house):
    return Forge(house.dir, house.realm)


def present(house, client, token, path=INTROSPECT, accept=None, **more):
    """The token shown to an endpoint by a client."""
    headers = {"Authorization": basic(client.id, client.secret)}
    if accept is not None:
        headers["Accept"] = accept
    return post(house, {"token": token, **more}, headers, path=path)


def told(house, client, token, **more):
    """What the client is told, once the issuer knows of what was just changed."""
    answer = present(house, client, token, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


def assert_inactive(answer):
    assert answer.status_code == 200, answer.text
    assert answer.content == INACTIVE
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_client_is_told_all_that_its_own_token_says(house, client):
    token = house.token(client)
    assert told(house, client, token) == {"active": True, "token_type": "Bearer", **claims(token)}


def test_credentials_may_stand_in_the_form_too(house, client):
    answer = post(house, {"token": house.token(client), "client_id": client.id,
                          "client_secret": client.secret}, path=INTROSPECT)
    assert answer.json()["active"] is True


def test_a_stranger_is_told_nothing_of_a_good_token(house, client, stranger):
    assert_inactive(present(house, stranger, house.token(client)))


def test_a_resource_server_is_told_its_own_part_of_a_token(house, client, server):
    token = house.token(client)
    whole, part = claims(token), told(house, server, token)
    assert len(whole["apis"]) == 2
    place = whole["apis"].index("results")
    assert part["apis"] == ["results"]
    assert part["aud"] == [whole["aud"][place]]
    assert part["agreements"] == [whole["agreements"][place]]
    assert set(part["scope"].split()) == {"results.read", "results.write"}
    for name in ("iss", "sub", "client_id", "exp", "iat", "jti", "org"):
        assert part[name] == whole[name]
    assert "documents" not in json.dumps(part)
    assert_inactive(present(house, server, house.token(client, "documents.read")))


def test_a_resource_server_is_one_until_it_is_removed(house, client):
    own = house.onboard("Once a server", [], [])
    token = house.token(client)
    house.cli("api", "introspector", "results", "--add", own.id)
    assert told(house, own, token)["active"] is True
    house.cli("api", "introspector", "results", "--remove", own.id)
    assert_inactive(present(house, own, token))


@pytest.mark.parametrize("vary", [
    pytest.param(lambda forge, token: forge.vary(token, exp=int(time.time()) - 1), id="expired"),
    pytest.param(lambda forge, token: forge.vary(token, iat=int(time.time()) + 600), id="future"),
    pytest.param(lambda forge, token: forge.vary(token, iss="https://other.example"), id="issuer"),
    pytest.param(lambda forge, token: forge.vary(token, agreements=["agr_a", "agr_b"]),
                 id="no-such-agreement"),
    pytest.param(lambda forge, token: forge.vary(token, jti=None), id="no-jti"),
    pytest.param(lambda forge, token: forge.vary(token, header=forge.header(typ="logout+jwt")),
                 id="type"),
    pytest.param(lambda forge, token: forge.vary(token, header=forge.header(kid="other")),
                 id="kid"),
    pytest.param(lambda forge, token: token[:-8] + "AAAAAAAA", id="signature"),
    pytest.param(lambda forge, token: token.rsplit(".", 1)[0] + ".", id="unsigned"),
    pytest.param(lambda forge, token: token + "." + token, id="twice"),
    pytest.param(lambda forge, token: "garbage", id="garbage"),
    pytest.param(lambda forge, token: "a" * 7000, id="huge"),
    pytest.param(lambda forge, token: "💙" * 100, id="hearts"),
    pytest.param(lambda forge, token: "' or 1=1 --", id="sql"),
    pytest.param(lambda forge, token: secrets.token_urlsafe(32), id="opaque"),
])
def test_what_is_no_live_token_of_the_realm_is_inactive(house, client, forge, vary):
    """One and the same answer, byte for byte, whatever it is; and nothing to revoke."""
    token = vary(forge, house.token(client))
    assert_inactive(present(house, client, token))
    assert present(house, client, token, REVOKE).status_code == 200


def test_a_forgery_that_would_be_good_is_told_as_one(house, client, forge):
    """So that the rows above fail for their own reason."""
    assert told(house, client, forge.lasting(house.token(client), 60))["active"] is True


def test_a_token_of_a_client_that_is_not_there_is_inactive(house, client, server, forge):
    token = forge.vary(house.token(client), client_id="nobody")
    for asking in (client, server):
        assert_inactive(present(house, asking, token))


def test_a_token_of_another_realm_is_inactive(make_house):
    house = make_house()
    other = "/vtest/hpca"
    client = house.onboard("Of two realms", "results", "results.read")
    token = house.token(client)
    house.cli("realm", "add", other)
    house.reload()
    words = ("--realm", other)
    house.cli(*words, "org", "add", "RX809", "--name", "Example Trust")
    made = house.cli(*words, "client", "add", "--org", "RX809", "--name", "Tester")
    secret = house.cli(*words, "secret", "issue", "--client", made["client_id"])["secret"]
    asking = {"Authorization": basic(made["client_id"], secret)}
    assert_inactive(wait_until(
        lambda: (lambda a: a if a.status_code == 200 else None)(
            post(house, {"token": token}, asking, realm=other, path=INTROSPECT)), 10, "an answer"))
    assert post(house, {"token": token}, asking, realm=other, path=REVOKE).status_code == 200
    assert told(house, client, token)["active"] is True


def test_a_token_of_a_suspended_client_is_inactive_and_stays_so(house, server):
    own = house.onboard("To be suspended", "results", "results.read")
    token = house.token(own)
    assert told(house, server, token)["active"] is True
    house.cli("client", "suspend", own.id)
    assert_inactive(present(house, server, token))
    assert present(house, own, token).status_code == 401
    house.cli("client", "resume", own.id)
    assert_inactive(present(house, server, token))
    assert told(house, server, house.token(own))["active"] is True


def test_what_is_withdrawn_drops_out_of_the_answer(house):
    own = house.onboard("To be withdrawn", ["results", "documents"],
                        ["results.read", "documents.read"])
    token = house.token(own)
    house.cli("agreement", "withdraw", own.agreements[0], "--by", "Dr Example")
    left = told(house, own, token)
    assert (left["apis"], left["scope"]) == (["documents"], "documents.read")
    house.cli("agreement", "withdraw", own.agreements[1], "--by", "Dr Example")
    assert_inactive(present(house, own, token))


def test_a_signed_answer_is_proven_by_the_realms_keys_and_is_for_who_asked(house, client, server):
    token = house.token(client)
    before = int(time.time())
    for asking in (client, server):
        answer = present(house, asking, token, accept=SIGNED)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == SIGNED
        assert answer.headers["Cache-Control"] == "no-store"
        keys = jwk.JWKSet.from_json(house.request("GET", f"{house.realm}/oauth/jwks").text)
        proven = jws.JWS()
        proven.deserialize(answer.text)
        proven.verify(keys.get_key(header(answer.text)["kid"]))
        assert header(answer.text)["typ"] == "token-introspection+jwt"
        found = json.loads(proven.payload)
        assert set(found) == {"iss", "aud", "iat", "token_introspection"}
        assert (found["iss"], found["aud"]) == (house.issuer, asking.id)
        assert before <= found["iat"] <= time.time() + 1
        assert found["token_introspection"] == told(house, asking, token)


def test_a_signed_answer_on_an_inactive_token_says_no_more(house, client, stranger):
    answer = present(house, stranger, house.token(client), accept=SIGNED)
    assert claims(answer.text)["token_introspection"] == {"active": False}


def test_a_signed_answer_opens_nothing(house, client):
    answer = present(house, client, house.token(client), accept=SIGNED).text
    assert house.gate("/results/1", answer).status_code == 401
    assert_inactive(present(house, client, answer))
    assert_inactive(present(house, client, house.token(client) + "." + answer))


@pytest.mark.parametrize("accept, signed", [
    ("*/*", False), ("application/json", False), (f"{SIGNED}, application/json", False),
    (f"{SIGNED};q=0.9, application/json;q=0.8", True), (f"{SIGNED}, */*;q=0.1", True),
    ("text/html", False), ("@", False), ("a" * 3000, False),
])
def test_the_form_of_the_answer_is_the_one_that_is_rather_accepted(house, client, accept, signed):
    answer = present(house, client, house.token(client), accept=accept)
    assert answer.headers["Content-Type"] == (SIGNED if signed else "application/json")


def test_an_error_is_json_whatever_is_accepted(house, client):
    answer = present(house, client, "", accept=SIGNED)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@BOTH
@pytest.mark.parametrize("fields, status, error", [
    ({}, 401, "invalid_client"),
    ({"token": "x"}, 401, "invalid_client"),
    ({"token": "x", "client_id": "nobody", "client_secret": "x"}, 401, "invalid_client"),
    ([("token", "x"), ("token", "y")], 400, "invalid_request"),
    ("token=%zz", 400, "invalid_request"),
    ({"token": "x" * 9000}, 413, "invalid_request"),
])
def test_a_request_that_is_wrong_is_refused_as_at_the_token_endpoint(house, path, fields, status,
                                                                     error):
    answer = post(house, fields, path=path)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert bool(answer.headers.get("WWW-Authenticate")) == (status == 401)
    assert answer.headers["Cache-Control"] == "no-store"


@BOTH
def test_wrong_guesses_are_answered_alike(house, client, path):
    """Unknown client, wrong secret: same text, same headers."""
    seen = set()
    for id_, secret in ((client.id, "wrong"), ("nobody-7f3k9q2x", client.secret)):
        answer = post(house, {"token": "x"}, {"Authorization": basic(id_, secret)}, path=path)
        seen.add((answer.status_code, answer.text, answer.headers["WWW-Authenticate"]))
    assert len(seen) == 1


@BOTH
@pytest.mark.parametrize("more", [{}, {"token": ""}], ids=["missing", "empty"])
def test_a_request_without_a_token_is_refused(house, client, path, more):
    answer = post(house, more, {"Authorization": basic(client.id, client.secret)}, path=path)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "token" in answer.json()["error_description"]


@BOTH
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_taken(house, path, method):
    answer = house.request(method, house.realm + path + "?token=x")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


@BOTH
def test_what_is_no_form_is_refused(house, client, path):
    answer = post(house, json.dumps({"token": "x"}),
                  {"Authorization": basic(client.id, client.secret),
                   "Content-Type": "application/json"}, path=path)
    assert (answer.status_code, answer.json()["error"]) == (415, "invalid_request")


@BOTH
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "never_heard", ""])
def test_a_hint_is_only_a_hint(house, client, path, hint):
    token = house.token(client)
    answer = present(house, client, token, path, token_type_hint=hint, colour="blue")
    assert answer.status_code == 200
    assert told(house, client, token)["active"] is (path == INTROSPECT)


def test_a_token_that_its_client_revokes_is_refused_at_the_gate_within_two_seconds(house, client):
    token, other = house.token(client), house.token(client)
    assert house.gate("/results/1", token).status_code == 200
    answer = present(house, client, token, REVOKE)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert_inactive(present(house, client, token))
    wait_until(lambda: house.gate("/results/1", token).status_code == 401, GATE_WAIT_S,
               "the refusal")
    assert house.gate("/results/1", token).json()["reason"] == "token_revoked"
    assert house.gate("/results/1", other).status_code == 200
    assert told(house, client, other)["active"] is True


def test_revoking_again_changes_nothing(house, client):
    token = house.token(client)
    for _ in range(3):
        assert present(house, client, token, REVOKE).status_code == 200
        assert_inactive(present(house, client, token))


def test_a_token_of_another_client_is_not_revoked(house, client, stranger, server):
    """RFC 7009 §2.1: refused, and the client is told so; for a resource server, too."""
    token = house.token(client)
    for other in (stranger, server):
        answer = present(house, other, token, REVOKE)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert told(house, client, token)["active"] is True
    assert house.gate("/results/1", token).status_code == 200


def test_a_revocation_is_in_the_audit_with_its_client(house, client):
    token = house.token(client)
    assert present(house, client, token, REVOKE).status_code == 200
    records = house.cli("audit", "list", "--kind", "token_revoked", "--client", client.id)
    mine = [record for record in records if record["token_id"] == claims(token)["jti"]]
    assert len(mine) == 1
    assert (mine[0]["actor"], mine[0]["organisation"]) == (client.id, "RX809")


def test_an_operator_revokes_a_token_at_hand(house, client):
    token = house.token(client)
    assert house.cli("token", "revoke", "-", stdin=token)["client_id"] == client.id
    assert_inactive(present(house, client, token))
    records = house.cli("audit", "list", "--kind", "token_revoked", "--client", client.id)
    assert [r["actor"].split(":")[0] for r in records
            if r["token_id"] == claims(token)["jti"]] == ["operator"]


def test_questions_are_not_recorded_one_by_one_but_refusals_are(own_house):
    house, client = own_house, own_house.onboard("Counted", "results", "results.read")

    def count(kind):
        return len(house.cli("audit", "list", "--kind", kind, "--client", client.id))
    before = count("token_refused"), count("token_issued")
    token = house.token(client)
    for _ in range(5):
        present(house, client, token)
    assert (count("token_refused"), count("token_issued")) == (before[0], before[1] + 1)
    assert present(house, client._replace(secret="wrong"), token).status_code == 401
    assert count("token_refused") == before[0] + 1


def test_discovery_names_the_endpoints_and_what_they_take(house):
    found = house.request("GET", house.realm + "/.well-known/oauth-authorization-server").json()
    assert found["introspection_endpoint"] == house.issuer + INTROSPECT
    assert found["revocation_endpoint"] == house.issuer + REVOKE
    for name in ("introspection", "revocation"):
        assert (found[f"{name}_endpoint_auth_methods_supported"]
                == found["token_endpoint_auth_methods_supported"])
    keys = house.request("GET", f"{house.realm}/oauth/jwks").json()["keys"]
    assert found["introspection_signing_alg_values_supported"] == [keys[0]["alg"]]


@pytest.mark.parametrize("signed", [False, True], ids=["json", "jwt"])
@pytest.mark.parametrize("library", ["oauth4webapi", "openid_client"])
def test_clients_of_npm_introspect_and_revoke(house, client, node, library, signed):
    answer, error = run_node(node, f"{library}_introspect.mjs", {
        "issuer": house.issuer, "client_id": client.id, "client_secret": client.secret,
        "token": house.token(client), "signed": signed}, house.ca)
    assert error is None, error
    assert answer["before"]["active"] is True
    assert answer["before"]["client_id"] == client.id
    assert answer["after"] == {"active": False}


def test_a_signed_answer_is_verified_by_jose_of_npm(house, client, server, node):
    token = house.token(client)
    answer = present(house, server, token, accept=SIGNED).text
    keys = house.request("GET", f"{house.realm}/oauth/jwks").json()
    question = {"token": answer, "jwks": keys, "issuer": house.issuer, "audience": server.id,
                "typ": "token-introspection+jwt", "required": ["iss", "aud", "iat"]}
    found, error = run_node(node, "verify_token.mjs", question)
    assert error is None, error
    assert found["payload"]["token_introspection"] == told(house, server, token)
    found, error = run_node(node, "verify_token.mjs", {**question, "audience": client.id})
    assert found is None and "aud" in error["message"]


@pytest.mark.parametrize("method", ["post", "basic"])
def test_authlib_introspects_and_revokes(house, client, method):
    token = house.token(client)
    with OAuth2Session(client.id, client.secret,
                       token_endpoint_auth_method=f"client_secret_{method}",
                       revocation_endpoint_auth_method=f"client_secret_{method}") as session:
        session.verify, session.trust_env = str(house.ca), False

        def introspect():
            return session.introspect_token(house.issuer + INTROSPECT, token).json()
        assert introspect()["client_id"] == client.id
        assert session.revoke_token(house.issuer + REVOKE, token).status_code == 200
        assert introspect() == {"active": False}
