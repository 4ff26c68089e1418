# SPDX-License-Identifier: Apache-2.0
"""Token exchange (RFC 8693) between systems: an API that calls another one on behalf of its
caller, through two gates."""
import collections
import json
import time

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from support import certificates
from support.dpop import Caller
from support.form import basic, claims, post
from support.forge import Forge
from support.house import House
from support.node import run_node
from support.relay import ACCESS_TOKEN, GRANT, JWT, Relay, exchange
from support.wait import wait_until

ORDERS = "https://care.example/orders"
RESULTS = "https://care.example/results"
GATE_WAIT_S = 2
SNOMED = "http://snomed.info/sct|"
FORWARD = "caregate_forward_token on;"

Scene = collections.namedtuple("Scene", "house caller server")


def add_server(house, name, *options, scopes="results.read results.write", **more):
    """A system that serves `orders` and may exchange."""
    made = house.onboard(name, "results", scopes, **more)
    house.cli("client", "set", made.id, "--grant", "client_credentials", "--grant",
              "token-exchange", *options)
    house.cli("api", "introspector", "orders", "--add", made.id)
    return made


def add_caller(house, name, scopes="results.read", **more):
    made = house.onboard(name, "orders", "orders.place")
    return house.onboard(name, "results", scopes, client=made, **more)


@pytest.fixture(scope="module", name="scene")
def make_scene(echo_shared, fhir_api):
    """`orders` is an API that calls `results`, which the session's echo stands for."""
    house, relay = House(mtls=True), Relay()
    try:
        house.furnish(echo_shared.url, fhir_api.url)
        house.api("orders", "orders.place")
        house.cli("realm", "set", house.realm, "--token-response", "rfc")
        house.protect("orders", "/orders/", relay.url)
        house.edit("client_max_body_size", f"{FORWARD} client_max_body_size",
                   "apis/vlive_hpca/orders.conf")
        house.start()
        made = Scene(house, add_caller(house, "Ward"), add_server(house, "Orders"))
        relay.house, relay.client = house, made.server
        token = house.token(made.caller)
        wait_until(lambda: house.gate("/orders/1", token).status_code == 200, 5, "entry")
        yield made
    finally:
        house.close()
        relay.close()


def exchanged(scene, token, **more):
    """The token that the server gets for a caller's."""
    answer = exchange(scene.house, scene.server, token, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def assert_refused(answer, error, reason_part):
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == error
    assert reason_part in answer.json()["error_description"]
    assert answer.headers["Cache-Control"] == "no-store"


def sent(answer, name):
    return [value for given, value in answer["headers"]
            if given.lower().replace("_", "-") == name.lower()]


def test_api_calls_another_on_behalf_of_its_caller(scene):
    house, caller, server = scene
    token = house.token(caller)
    answer = house.gate("/orders/7", token).json()
    assert (answer["exchange"], answer["status"]) == (200, 200), answer
    made, held = claims(answer["token"]), claims(token)
    assert made["sub"] == caller.id and made["client_id"] == server.id
    assert made["aud"] == [RESULTS] and made["scope"] == "results.read"
    assert made["act"] == {"sub": server.id}
    place = held["apis"].index("results")
    assert made["on_behalf_of"] == {"client_id": caller.id, "epoch": held["epoch"],
                                    "jti": held["jti"],
                                    "agreements": [held["agreements"][place]]}
    assert made["exp"] <= held["exp"]
    assert sent(answer["behind"], "Caregate-Subject") == [caller.id]
    assert sent(answer["behind"], "Caregate-Client-Id") == [server.id]
    assert sent(answer["behind"], "Caregate-Actor-Subject") == [server.id]


def test_answer_says_what_was_issued(scene):
    answer = exchange(scene.house, scene.server, scene.house.token(scene.caller))
    body = answer.json()
    assert set(body) == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert body["issued_token_type"] == ACCESS_TOKEN
    assert body["token_type"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_actor_is_told_of_a_token_that_was_not_exchanged(scene):
    house, server = scene.house, scene.server
    lies = {"Caregate-Actor-Subject": "liar", "caregate_actor_subject": "liar"}
    own = house.token(server)
    wait_until(lambda: house.gate("/results/1", own).status_code == 200, 5, "entry")
    for token in (own, exchanged(scene, house.token(scene.caller))):
        answer = house.gate("/results/1", token, headers=lies)
        actors = [server.id] if "act" in claims(token) else []
        assert sent(answer.json(), "Caregate-Actor-Subject") == actors


@pytest.mark.parametrize("form, error, told", [
    ({"subject_token": None}, "invalid_request", "subject_token"),
    ({"subject_token_type": None}, "invalid_request", "subject_token_type"),
    ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request",
     "subject_token_type"),
    ({"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request",
     "subject_token_type"),
    ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request",
     "requested_token_type"),
    ({"actor_token": "a.b.c"}, "invalid_request", "actor_token_type"),
    ({"actor_token": "a.b.c", "actor_token_type": ACCESS_TOKEN}, "invalid_request", "actor_token"),
    ({"subject_token": "a.b.c"}, "invalid_request", "subject_token"),
    ({"subject_token": "x"}, "invalid_request", "subject_token"),
    ({"audience": "https://elsewhere.example/"}, "invalid_target", "resource"),
    ({"audience": ORDERS}, "invalid_target", "resource"),
    ({"resource": "https://care.example/documents"}, "invalid_target", "resource"),
    ({"resource": "results"}, "invalid_target", "resource"),
    ({"scope": "results.write"}, "invalid_scope", "scope"),
    ({"scope": "orders.place"}, "invalid_scope", "scope"),
    ({"scope": "never.heard"}, "invalid_scope", "scope"),
])
def test_what_cannot_be_exchanged_is_refused(scene, form, error, told):
    form = {"subject_token": scene.house.token(scene.caller), "subject_token_type": ACCESS_TOKEN,
            **form}
    token, kind = form.pop("subject_token"), form.pop("subject_token_type")
    assert_refused(exchange(scene.house, scene.server, token, kind, **form), error, told)


@pytest.mark.parametrize("form", [
    {}, {"kind": JWT}, {"requested_token_type": ACCESS_TOKEN}, {"requested_token_type": JWT},
    {"audience": RESULTS}, {"resource": RESULTS}, {"audience": RESULTS, "resource": RESULTS},
    {"audience": [RESULTS, RESULTS]}, {"scope": "results.read"}, {"unknown": "parameter"},
])
def test_what_can_be_asked_for_is_granted_within_both(scene, form):
    answer = exchange(scene.house, scene.server, scene.house.token(scene.caller), **form)
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == "results.read"
    assert answer.json()["issued_token_type"] == ACCESS_TOKEN


def vary(**changes):
    return lambda forge, token: forge.vary(token, **changes)


@pytest.mark.parametrize("make", [
    pytest.param(vary(exp=int(time.time()) - 1), id="expired"),
    pytest.param(vary(iat=int(time.time()) + 600), id="future"),
    pytest.param(vary(iss="https://elsewhere.example"), id="issuer"),
    pytest.param(vary(jti=None), id="no-jti"),
    pytest.param(vary(act={"sub": "x", "iss": "y"}), id="act"),
    pytest.param(vary(on_behalf_of={"client_id": "x"}), id="on-behalf-of"),
    pytest.param(lambda forge, token: forge.vary(token, header=forge.header(typ="dpop+jwt")),
                 id="type"),
    pytest.param(lambda forge, token: forge.vary(token, header=forge.header(kid="other")),
                 id="kid"),
    pytest.param(lambda forge, token: token[:-6] + "AAAAAA", id="signature"),
    pytest.param(lambda forge, token: token + "A" * 4096, id="long"),
])
def test_a_token_that_proves_nothing_is_refused(scene, make):
    token = make(Forge(scene.house.dir, scene.house.realm), scene.house.token(scene.caller))
    assert_refused(exchange(scene.house, scene.server, token), "invalid_request", "subject_token")


def test_who_serves_none_of_the_apis_exchanges_nothing(scene):
    house = scene.house
    other = house.onboard("Elsewhere", "results", "results.read")
    house.cli("client", "set", other.id, "--grant", "token-exchange")
    token = house.token(scene.caller)
    wait_until(lambda: exchange(house, other, token).json()["error"] != "unauthorized_client", 5,
               "the grant")
    assert_refused(exchange(house, other, token), "invalid_request", "introspector")
    without = house.token(scene.caller, "results.read")
    assert_refused(exchange(house, scene.server, without), "invalid_request", "introspector")


def test_a_client_without_the_grant_is_refused(scene):
    house = scene.house
    other = house.onboard("No exchange", "results", "results.read")
    house.cli("api", "introspector", "orders", "--add", other.id)
    token = house.token(scene.caller)
    assert_refused(exchange(house, other, token), "unauthorized_client", "grant")
    house.cli("client", "set", other.id, "--grant", "token-exchange")
    assert exchange(house, other, token).status_code == 200
    assert_refused(house.token_response(other), "unauthorized_client", "grant")


def test_a_wrong_secret_proves_nobody(scene):
    wrong = scene.server._replace(secret="cgs_wrong")
    answer = exchange(scene.house, wrong, scene.house.token(scene.caller))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_an_exchanged_token_is_not_exchanged_again(scene):
    house = scene.house
    second = add_server(house, "Second in line")
    house.cli("api", "introspector", "results", "--add", second.id)
    token = exchanged(scene, house.token(scene.caller))
    assert_refused(exchange(house, second, token), "invalid_request", "exchanged")
    assert exchange(house, second, house.token(scene.caller)).status_code == 200


def test_a_subject_token_may_be_used_for_several(scene):
    token = scene.house.token(scene.caller)
    ids = {claims(exchanged(scene, token))["jti"] for _ in range(3)}
    assert len(ids) == 3


def test_exchanged_token_does_not_outlive_its_subject(scene):
    forge = Forge(scene.house.dir, scene.house.realm)
    end = int(time.time()) + 20
    token = forge.vary(scene.house.token(scene.caller), exp=end)
    answer = exchange(scene.house, scene.server, token)
    assert claims(answer.json()["access_token"])["exp"] == end
    assert answer.json()["expires_in"] <= 20


def test_a_persons_token_keeps_the_person_and_who_acted_before(scene):
    forge = Forge(scene.house.dir, scene.house.realm)
    person = {"sub": "login:7f3k", "idp": "login", "acr": "P9", "auth_time": 1767225600}
    token = forge.vary(scene.house.token(scene.caller), act={"sub": "carer"}, **person)
    made = claims(exchanged(scene, token))
    assert {name: made[name] for name in person} == person
    assert made["act"] == {"sub": scene.server.id, "act": {"sub": "carer"}}
    assert made["on_behalf_of"]["client_id"] == scene.caller.id
    chain = {"sub": "a", "act": {"sub": "b", "act": {"sub": "c", "act": {"sub": "d"}}}}
    longest = forge.vary(token, act=chain)
    assert_refused(exchange(scene.house, scene.server, longest), "invalid_request", "")


def test_narrowing_of_both_holds(scene):
    house = scene.house
    caller = add_caller(house, "Narrow ward", agreement=("--type", "736253002", "--type",
                                                         "861421000000109"))
    server = add_server(house, "Narrow orders", scopes="results.read",
                        agreement=("--type", "736253002", "--organisation", "RX809"))
    answer = exchange(house, server, house.token(caller))
    assert answer.status_code == 200, answer.text
    want = [{"type": "caregate_documents", "locations": [RESULTS], "actions": ["results.read"],
             "document_types": [SNOMED + "736253002"],
             "organisations": ["https://fhir.nhs.uk/Id/ods-organization-code|RX809"]}]
    assert answer.json()["authorization_details"] == want
    token = answer.json()["access_token"]
    wait_until(lambda: house.gate("/results/1", token).status_code == 200, 5, "entry")
    told = sent(house.gate("/results/1", token).json(), "Caregate-Authorization-Details")
    assert [json.loads(value) for value in told] == [want]


def revoke(house, caller, token):
    answer = post(house, {"token": token}, {"Authorization": basic(caller.id, caller.secret)},
                  path="/oauth/revoke")
    assert answer.status_code == 200, answer.text


def withdraw(house, caller, token):
    held = claims(token)
    agreement = held["agreements"][held["apis"].index("results")]
    house.cli("agreement", "withdraw", agreement, "--by", "Person 0")


@pytest.mark.parametrize("end, reason", [
    (revoke, "token_revoked"),
    (lambda house, caller, token: house.cli("token", "revoke", "-", stdin=token), "token_revoked"),
    (withdraw, "agreement_withdrawn"),
    (lambda house, caller, token: house.cli("client", "suspend", caller.id), "client_suspended"),
], ids=["revoked-by-the-caller", "revoked-by-the-operator", "withdrawn", "suspended"])
def test_an_exchanged_token_ends_with_what_it_was_exchanged_for(scene, end, reason):
    house = scene.house
    caller = add_caller(house, "Ending")
    held = house.token(caller)
    token = exchanged(scene, held)
    wait_until(lambda: house.gate("/results/1", token).status_code == 200, 5, "entry")
    asked = {"Authorization": basic(scene.server.id, scene.server.secret)}
    assert post(house, {"token": token}, asked, path="/oauth/introspect").json()["active"] is True
    end(house, caller, held)
    wait_until(lambda: house.gate("/results/1", token).status_code != 200, GATE_WAIT_S, "its end")
    assert house.gate("/results/1", token).json()["reason"] == reason
    answer = post(house, {"token": token}, asked, path="/oauth/introspect")
    assert answer.json() == {"active": False}
    assert_refused(exchange(house, scene.server, held),
                   "invalid_scope" if reason == "agreement_withdrawn" else "invalid_request", "")
    done = house.cli("explain", "--token", "-", "--api", "results", stdin=token, ok=False)
    assert done.json["reason"] == reason


def test_the_servers_own_end_ends_it_too(scene):
    house = scene.house
    server = add_server(house, "Ending orders")
    token = exchange(house, server, house.token(scene.caller)).json()["access_token"]
    wait_until(lambda: house.gate("/results/1", token).status_code == 200, 5, "entry")
    house.cli("client", "suspend", server.id)
    wait_until(lambda: house.gate("/results/1", token).status_code == 401, GATE_WAIT_S, "its end")


def test_introspection_explain_and_decode_say_on_whose_behalf(scene):
    house, caller, server = scene
    token = exchanged(scene, house.token(caller))
    own = {"Authorization": basic(server.id, server.secret)}
    told = post(house, {"token": token}, own, path="/oauth/introspect").json()
    assert told == {"active": True, "token_type": "Bearer", **claims(token)}
    decoded = house.cli("token", "decode", "-", stdin=token)["claims"]
    assert decoded["act"] == {"sub": server.id}
    assert decoded["on_behalf_of"]["client_id"] == caller.id
    house.cli("token", "verify", "-", stdin=token)
    steps = house.cli("explain", "--token", "-", "--api", "results", stdin=token)["steps"]
    assert any(f"{server.id} for {caller.id}," in step.get("detail", "") for step in steps)


def test_audit_says_on_whose_behalf(scene):
    token = exchanged(scene, scene.house.token(scene.caller))
    records = scene.house.cli("audit", "list", "--kind", "token_issued")
    record = [row for row in records if row.get("token_id") == claims(token)["jti"]][0]
    assert record["client_id"] == scene.server.id
    assert record["detail"].startswith(f"on behalf of {scene.caller.id} by token ")


def test_exchanged_token_is_bound_to_the_servers_key(scene):
    house = scene.house
    server = add_server(house, "Bound orders", "--bind", "dpop")
    token = house.token(scene.caller)
    bound = Caller(house, server)
    form = {"grant_type": GRANT, "subject_token": token, "subject_token_type": ACCESS_TOKEN}
    assert exchange(house, server, token).json()["error"] == "invalid_request"  # without a proof
    bound.get_token(**form)
    assert claims(bound.token)["cnf"] == {"jkt": bound.prover.thumbprint}
    wait_until(lambda: bound.call("/results/1").status_code == 200, 5, "entry")
    assert house.gate("/results/1", bound.token).status_code == 401


def test_bound_subject_token_is_exchanged_by_who_was_sent_it(scene):
    house = scene.house
    caller = Caller(house, scene.caller).get_token()
    assert "cnf" not in claims(exchanged(scene, caller.token))


def test_exchanged_token_is_bound_to_the_servers_certificate(scene, tmp_path):
    house = scene.house
    server = add_server(house, "Certified orders")
    holder = certificates.make(("CN", "orders"), dns=["orders.example"])
    files = certificates.write(holder, tmp_path, "orders")
    house.cli("client", "key", "add", "--client", server.id, "--certificate", files[0])
    house.cli("client", "set", server.id, "--auth", "self_signed_tls_client_auth", "--bind", "mtls")
    form = {"grant_type": GRANT, "client_id": server.id, "subject_token_type": ACCESS_TOKEN,
            "subject_token": house.token(scene.caller)}
    url = f"https://localhost:{house.mtls_port}"
    answer = requests.post(f"{url}{house.realm}/oauth/token", data=form, cert=files,
                           verify=str(house.ca), timeout=20)
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    assert list(claims(token)["cnf"]) == ["x5t#S256"]
    assert house.gate("/results/1", token).status_code == 401


@pytest.mark.parametrize("script", ["oauth4webapi_exchange.mjs", "openid_client_exchange.mjs"])
def test_strict_clients_of_npm_exchange_a_token(scene, node, script):
    house, server = scene.house, scene.server
    question = {"issuer": house.issuer, "client_id": server.id, "client_secret": server.secret,
                "subject_token": house.token(scene.caller)}
    answer, error = run_node(node, script, question, house.ca)
    assert error is None
    assert answer["issued_token_type"] == ACCESS_TOKEN
    assert claims(answer["access_token"])["sub"] == scene.caller.id
    answer, error = run_node(node, script, {**question, "subject_token": "a.b.c"}, house.ca)
    assert answer is None and error["error"] == "invalid_request"


def test_authlib_exchanges_a_token(scene):
    house, server = scene.house, scene.server
    with AuthlibSession(server.id, server.secret, scope="results.read",
                        token_endpoint_auth_method="client_secret_basic") as session:
        session.verify, session.trust_env = str(house.ca), False
        answer = session.fetch_token(house.issuer + "/oauth/token", grant_type=GRANT,
                                     subject_token=house.token(scene.caller),
                                     subject_token_type=ACCESS_TOKEN)
        assert answer["issued_token_type"] == ACCESS_TOKEN
        assert session.get(house.url + "/results/7").json()["path"] == "/results/7"


def test_metadata_list_the_grant(scene):
    path = f"/.well-known/oauth-authorization-server{scene.house.realm}"
    assert GRANT in scene.house.request("GET", path).json()["grant_types_supported"]
