# SPDX-License-Identifier: Apache-2.0
"""Tokens that are bound to a client's key (RFC 9449), at the token endpoint and at the gate."""
import concurrent.futures
import json
import subprocess
import threading
import time

import pytest

from support.dpop import Caller, Prover
from support.form import claims
from support.node import run_node
from support.wait import wait_until
from support.wire import exchange

RACERS = 64
TARGET = "/results/7"
UNSIGNED = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30."


@pytest.fixture(scope="module")
def client(house):
    return house.onboard("Bound clients", "results", "results.read results.write")


@pytest.fixture()
def caller(house, client):
    """A caller with a bound token who has the gate's nonce."""
    made = Caller(house, client).get_token()
    wait_until(lambda: made.call().status_code == 200, 5, "entry")
    return made


def challenge(answer):
    return answer.headers.get("WWW-Authenticate", "")


def assert_refused(answer, reason, error="invalid_dpop_proof", status=401):
    assert answer.status_code == status, answer.text
    assert answer.json()["reason"] == reason
    assert challenge(answer).startswith("DPoP ")
    assert f'error="{error}"' in challenge(answer)
    assert 'algs="ES256 PS256 EdDSA Ed25519"' in challenge(answer)


# Each row: what is wrong, how it comes to be (from a caller, the method and the URL of the request
# to the proof's text), and the reason that it is refused for. `at`: where it can be met.
def header(label, reason, **changes):
    return (label, reason, lambda who, claims: who.sign(claims, who.header(**changes)))


def payload(label, reason, **changes):
    def make(who, claims):
        changed = {name: (value(claims[name]) if callable(value) else value)
                   for name, value in changes.items()}
        return who.sign({name: value for name, value in {**claims, **changed}.items()
                         if value is not None})
    return (label, reason, make)


def own(label, reason, make):
    return (label, reason, make)


BAD = [
    header("typ missing", "proof_type_refused", typ=None),
    header("typ JWT", "proof_type_refused", typ="JWT"),
    header("typ in capitals", "proof_type_refused", typ="DPOP+JWT"),
    header("jwk missing", "proof_key_refused", jwk=None),
    header("jwk of another key", "proof_signature_invalid", jwk=Prover().public),
    header("jwk of another kind", "proof_key_refused", jwk=Prover("EdDSA").public),
    header("jwk a text", "proof_key_refused", jwk="key"),
    header("jwk symmetric", "proof_key_private", jwk={"kty": "oct", "k": "AAAA"}),
    own("jwk private", "proof_key_private",
        lambda who, claims: who.sign(claims, who.header(jwk=who.private))),
    own("alg none", "proof_algorithm_refused", lambda who, claims: UNSIGNED),
    own("alg not announced", "proof_algorithm_refused",
        lambda who, claims: Prover("ES384").sign(claims)),
    own("alg RS256", "proof_algorithm_refused", lambda who, claims: Prover("RS256").sign(claims)),
    own("no JWS", "proof_malformed", lambda who, claims: "proof"),
    own("payload no object", "proof_malformed", lambda who, claims: who.sign("[]")),
    own("signature cut", "proof_signature_invalid", lambda who, claims: who.sign(claims)[:-2]),
    own("signed by another key", "proof_signature_invalid",
        lambda who, claims: who.sign(claims, who.header(), Prover())),
    payload("jti missing", "proof_id_missing", jti=None),
    payload("jti too long", "proof_id_missing", jti="x" * 129),
    payload("htm missing", "proof_method_wrong", htm=None),
    payload("htm another", "proof_method_wrong", htm="DELETE"),
    payload("htm in small letters", "proof_method_wrong", htm=lambda method: method.lower()),
    payload("htu missing", "proof_target_wrong", htu=None),
    payload("htu of another path", "proof_target_wrong", htu=lambda url: url + "0"),
    payload("htu of another host", "proof_target_wrong", htu="https://elsewhere.example/"),
    payload("htu of another scheme", "proof_target_wrong",
            htu=lambda url: url.replace("https", "http")),
    payload("iat missing", "proof_time_missing", iat=None),
    payload("iat too old", "proof_expired", iat=lambda now: now - 65),
    payload("iat far ahead", "proof_in_future", iat=lambda now: now + 30),
]
BAD_IDS = [label for label, _, _ in BAD]
EACH_BAD = pytest.mark.parametrize("reason, make", [row[1:] for row in BAD], ids=BAD_IDS)


@EACH_BAD
def test_a_bad_proof_is_refused_for_its_reason_at_the_token_endpoint(house, client, reason, make):
    caller = Caller(house, client)
    proof = make(caller.prover, caller.prover.claims("POST", caller.token_url()))
    answer = caller.ask_for_token(proof)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "invalid_dpop_proof"
    told = {record.get("request_id"): record["reason"]  # a summary of many has none
            for record in house.cli("audit", "list", "--kind", "token_refused")}
    assert told[answer.headers["X-Request-ID"]] == reason


BAD_AT_GATE = BAD + [
    payload("ath missing", "proof_token_wrong", ath=None),
    payload("ath of another token", "proof_token_wrong", ath="A" * 43),
]


@pytest.mark.parametrize("reason, make", [row[1:] for row in BAD_AT_GATE],
                         ids=[row[0] for row in BAD_AT_GATE])
def test_a_bad_proof_is_refused_for_its_reason_at_the_gate(caller, reason, make):
    whole = caller.prover.claims("GET", caller.url(TARGET), caller.token, caller.nonce)
    proof = make(caller.prover, whole)
    # The jwk is looked at first: who brings another key than the token's has no proof at all.
    others = {"jwk of another key", "proof_signature_invalid"}
    answer = caller.call_with(proof, TARGET)
    if answer.json()["reason"] == "proof_key_wrong":
        assert reason in others
        assert_refused(answer, "proof_key_wrong", "invalid_token")
        return
    assert_refused(answer, reason)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["DPoP-Nonce"]


def test_a_bound_token_opens_the_gate_with_a_fresh_proof_and_the_api_sees_neither(caller, echo):
    assert caller.call("/results/7?patient=1").status_code == 200
    seen = {name.lower(): value for name, value in echo.seen[-1]["headers"]}
    assert not {"dpop", "authorization"} & set(seen)
    assert seen["caregate-client-id"] == caller.client.id
    assert claims(caller.token)["cnf"] == {"jkt": caller.prover.thumbprint}


@pytest.mark.parametrize("alg", ["PS256", "EdDSA"])
def test_a_key_of_each_announced_kind_will_do(house, client, alg):
    caller = Caller(house, client, alg).get_token()
    assert caller.call().status_code == 200


def test_a_proof_ten_seconds_off_is_taken(caller):
    now = int(time.time())
    for iat in (now - 10, now + 10):
        assert caller.call_with(caller.proof("GET", TARGET, iat=iat), TARGET).status_code == 200


def test_query_and_fragment_of_htu_do_not_count(caller):
    for htu in (TARGET + "?x=y", TARGET + "#z", "/results/./7", "/%72esults/7"):
        proof = caller.proof("GET", TARGET, htu=caller.url(htu))
        assert caller.call_with(proof, TARGET + "?a=b").status_code == 200


def test_a_bound_token_sent_as_bearer_is_refused(caller):
    for proof in (None, caller.proof("GET", TARGET)):
        assert_refused(caller.call_with(proof, TARGET, scheme="Bearer"), "token_bound",
                       "invalid_token")


def test_a_bearer_token_sent_with_a_proof_is_refused(house, client):
    caller = Caller(house, client)
    caller.token = house.token(client)
    assert_refused(caller.call_with(caller.proof("GET", TARGET), TARGET), "token_not_bound",
                   "invalid_token")
    stray = house.gate(TARGET, caller.token, headers={"DPoP": "whatever"})
    assert stray.status_code == 200


def test_a_proof_is_wanted_and_one_only(house, caller):
    assert_refused(caller.call_with(None, TARGET), "proof_missing")
    headers = [("Authorization", f"DPoP {caller.token}"), ("DPoP", caller.proof("GET", TARGET)),
               ("dpop", caller.proof("GET", TARGET))]
    answer = exchange(house.port, "GET", TARGET, headers, ca=house.ca)
    assert answer.status == 401
    assert answer.json()["reason"] == "proof_repeated"


def test_two_proofs_at_the_token_endpoint_are_refused(house, client):
    caller = Caller(house, client)
    body = (f"grant_type=client_credentials&client_id={client.id}"
            f"&client_secret={client.secret}").encode()
    proofs = [("DPoP", caller.prover.proof("POST", caller.token_url())) for _ in range(2)]
    answer = exchange(house.port, "POST", house.realm + "/oauth/token",
                      [("Content-Type", "application/x-www-form-urlencoded"), *proofs], body,
                      house.ca)
    assert answer.status == 400
    assert answer.json()["error"] == "invalid_dpop_proof"


def test_a_token_that_was_stolen_is_of_no_use_without_its_key(house, client, caller):
    thief = Caller(house, client)
    thief.token, thief.nonce = caller.token, caller.nonce
    assert_refused(thief.call_with(thief.proof("GET", TARGET), TARGET), "proof_key_wrong",
                   "invalid_token")


def test_a_client_that_must_bind_its_tokens_gets_none_without_a_proof(house):
    bound = house.onboard("Must bind", "results", "results.read", options=["--bind", "dpop"])
    answer = house.token_response(bound)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert "DPoP" in answer.json()["error_description"]
    assert Caller(house, bound).get_token().call().status_code == 200


def test_explain_names_the_key_that_a_token_is_bound_to(house, caller):
    done = house.run("explain", "--token", "-", "--api", "results", stdin=caller.token)
    assert (done.code, done.json["let_in"]) == (0, True)
    told = {step["rule"]: step.get("detail", "") for step in done.json["steps"]}
    assert caller.prover.thumbprint in told["the token is bound to a key"]
    bound = house.onboard("To be bound", "results", "results.read", options=["--bind", "dpop"])
    done = house.run("explain", "--client", bound.id, "--api", "results")
    told = {step["rule"]: step.get("detail", "") for step in done.json["steps"]}
    assert "DPoP" in told["the client's tokens are bound to it"]


def test_discovery_tells_the_algorithms_of_proofs(house):
    answer = house.request("GET", house.realm + "/.well-known/oauth-authorization-server")
    assert answer.json()["dpop_signing_alg_values_supported"] == [
        "ES256", "PS256", "EdDSA", "Ed25519"]


def race(work):
    """What RACERS threads got that began at once."""
    start = threading.Barrier(RACERS)

    def run(_):
        start.wait()
        return work()

    with concurrent.futures.ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


@pytest.fixture(scope="module")
def wide_house(echo_shared, fhir_api):
    """A house of two workers."""
    from support.house import House

    house = House()
    try:
        house.furnish(echo_shared.url, fhir_api.url)
        house.edit("worker_processes 1;", "worker_processes 2;")
        yield house.start()
    finally:
        house.close()


@pytest.fixture(scope="module")
def wide_caller(wide_house):
    client = wide_house.onboard("Racers", "results", "results.read")
    caller = Caller(wide_house, client).get_token()
    wait_until(lambda: caller.call().status_code == 200, 5, "entry")
    return caller


def raw_call(house, head):
    """A status over a connection of its own, so that both workers are met."""
    return int(house.raw(head).split(b" ", 2)[1])


def test_64_use_one_proof_at_the_token_endpoint_and_one_wins(wide_house, wide_caller):
    proof = wide_caller.prover.proof("POST", wide_caller.token_url())
    body = (f"grant_type=client_credentials&client_id={wide_caller.client.id}"
            f"&client_secret={wide_caller.client.secret}")
    head = (f"POST {wide_house.realm}/oauth/token HTTP/1.1\r\nHost: localhost\r\nDPoP: {proof}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    codes = race(lambda: raw_call(wide_house, head))
    assert sorted(codes) == [200] + [400] * (RACERS - 1)


def test_64_use_one_proof_at_the_gate_and_one_wins(wide_house, wide_caller):
    assert len(wide_house.workers()) == 2
    proof = wide_caller.proof("GET", TARGET)
    head = (f"GET {TARGET} HTTP/1.1\r\nHost: localhost:{wide_house.port}\r\nDPoP: {proof}\r\n"
            f"Authorization: DPoP {wide_caller.token}\r\nConnection: close\r\n\r\n").encode()
    codes = race(lambda: raw_call(wide_house, head))
    assert sorted(codes) == [200] + [401] * (RACERS - 1)
    assert wide_caller.call_with(proof, TARGET).json()["reason"] == "proof_replayed"


@pytest.mark.parametrize("delimiter", "?#")
def test_a_host_cannot_cut_the_path_out_of_the_target(wide_house, wide_caller, delimiter):
    """What ends a path in the Host would leave a proof for "/" fit for every path."""
    host = f"localhost:{wide_house.port}"
    proof = wide_caller.proof("GET", "/")
    codes = [raw_call(wide_house, (
        f"GET {TARGET} HTTP/1.1\r\nHost: {host}{end}\r\nDPoP: {proof}\r\n"
        f"Authorization: DPoP {wide_caller.token}\r\nConnection: close\r\n\r\n").encode())
        for end in (delimiter, "")]
    assert codes == [401, 401]
    good = wide_caller.proof("GET", TARGET)
    assert raw_call(wide_house, (
        f"GET {TARGET} HTTP/1.1\r\nHost: {host}\r\nDPoP: {good}\r\n"
        f"Authorization: DPoP {wide_caller.token}\r\nConnection: close\r\n\r\n").encode()) == 200


def test_a_proof_works_at_one_gate_only(own_house, caller):
    """The same realm's token at two gates: each takes only the nonce that it gave itself."""
    client = own_house.onboard("Two gates", "results", "results.read")
    other = Caller(own_house, client).get_token()
    assert other.call().status_code == 200
    other.nonce = caller.nonce
    assert_refused(other.call_with(other.proof("GET", TARGET), TARGET), "proof_nonce_refused",
                   "use_dpop_nonce")
    assert other.nonce != caller.nonce
    assert other.call_with(other.proof("GET", TARGET), TARGET).status_code == 200


def test_nonces_and_used_proofs_outlive_a_reload_and_no_start(own_house):
    client = own_house.onboard("Reload", "results", "results.read")
    caller = Caller(own_house, client).get_token()
    assert caller.call().status_code == 200
    nonce, used = caller.nonce, caller.proof("GET", TARGET)
    assert caller.call_with(used, TARGET).status_code == 200
    old = own_house.workers()
    own_house.reload()
    wait_until(lambda: own_house.workers() and not set(own_house.workers()) & set(old), 20,
               "new workers")
    assert caller.call_with(used, TARGET).json()["reason"] == "proof_replayed"
    assert caller.call_with(caller.proof("GET", TARGET), TARGET).status_code == 200
    own_house.stop()
    own_house.start()
    caller.nonce = nonce
    assert_refused(caller.call_with(caller.proof("GET", TARGET), TARGET), "proof_nonce_refused",
                   "use_dpop_nonce")
    assert caller.call().status_code == 200


def test_a_proof_is_used_once_though_a_request_passes_several_locations(make_house, echo):
    house = make_house(start=False)
    gate = "caregate_api results realm=/vlive/hpca;"
    house.add_to_server(
        f"location = /asked {{ internal; {gate} proxy_pass {echo.url}; }}\n"
        f"location /twice/ {{ {gate} auth_request /asked; proxy_pass {echo.url}; }}\n"
        f"location /open/ {{ auth_request /asked; proxy_pass {echo.url}; }}\n"
        f"location /jump/ {{ {gate} try_files /none @there; }}\n"
        f"location @there {{ {gate} proxy_pass {echo.url}; }}")
    house.start()
    caller = Caller(house, house.onboard("Jumps", "results", "results.read")).get_token()
    assert caller.call().status_code == 200
    for path in ("/twice/a", "/open/a", "/jump/a"):
        proof = caller.proof("GET", path)
        assert caller.call_with(proof, path).status_code == 200, path
        assert caller.call_with(proof, path).status_code == 401, path
        assert caller.call_with(None, path).status_code == 401, path


def test_a_proof_names_the_method_of_the_client_whatever_nginx_makes_of_it(make_house, echo):
    """error_page, as X-Accel-Redirect does, makes a GET of what was a POST."""
    house = make_house(start=False)
    house.add_to_server("location /away/ { error_page 418 =200 /results/7; return 418; }")
    house.start()
    caller = Caller(house, house.onboard("Away", "results", "results.read")).get_token()
    assert caller.call("/away/a", "POST").status_code == 200
    assert echo.seen[-1]["method"] == "GET"
    for method, other in (("POST", "GET"), ("GET", "POST"), ("PUT", "GET")):
        refused = caller.call_with(caller.proof(other, "/away/a"), "/away/a", method)
        assert_refused(refused, "proof_method_wrong")


def test_a_proof_that_opened_nothing_is_still_good(make_house, echo):
    house = make_house(start=False)
    gate = "caregate_api results realm=/vlive/hpca;"
    house.add_to_server(
        "location = /door { error_page 418 = @open; error_page 419 = @strict; "
        "if ($arg_to = open) { return 418; } return 419; }\n"
        f"location @open {{ {gate} proxy_pass {echo.url}; }}\n"
        f"location @strict {{ {gate} caregate_require results.write; proxy_pass {echo.url}; }}")
    house.start()
    caller = Caller(house, house.onboard("Doors", "results", "results.read")).get_token()
    assert caller.call("/door?to=open").status_code == 200
    proof = caller.proof("GET", "/door")
    for _ in range(2):
        assert_refused(caller.call_with(proof, "/door?to=strict"), "scope_insufficient",
                       "insufficient_scope", 403)
    assert caller.call_with(proof, "/door?to=open").status_code == 200
    assert_refused(caller.call_with(proof, "/door?to=open"), "proof_replayed")


def test_a_proof_that_came_too_early_is_good_later(house):
    client = house.onboard("Early", "results", "results.read", agreement=["--rate", "1/s"])
    caller = Caller(house, client).get_token()
    assert caller.call().status_code == 200
    proofs = []

    def is_too_early():
        proofs.append(caller.proof("GET", TARGET))
        return caller.call_with(proofs[-1], TARGET).status_code == 429

    def is_refused():
        return caller.call_with(proofs[-1], TARGET).json().get("reason") == "proof_replayed"

    wait_until(is_too_early, 10, "the limit")
    wait_until(lambda: caller.call_with(proofs[-1], TARGET).status_code == 200, 5, "entry")
    wait_until(is_refused, 5, "the proof to be used up")


def test_an_origin_says_what_clients_call_behind_a_proxy(make_house, echo):
    house = make_house(start=False)
    house.add_to_http("caregate_origin https://api.example.nhs.uk;")
    house.start()
    caller = Caller(house, house.onboard("Proxied", "results", "results.read")).get_token()
    caller.url = lambda path: "https://api.example.nhs.uk" + path
    assert caller.call().status_code == 200
    own_url = caller.proof("GET", TARGET, htu=house.base() + TARGET)
    assert_refused(caller.call_with(own_url, TARGET), "proof_target_wrong")


def test_what_clients_call_is_what_init_was_told(make_house, echo):
    """Out of the box, whatever name the request came by: else an API that is called by the same
    client could use a proof for another host here."""
    house = make_house(url="https://care.example.org")
    caller = Caller(house, house.onboard("Told", "results", "results.read")).get_token()
    own_url = caller.proof("GET", TARGET, htu=house.base() + TARGET)
    assert_refused(caller.call_with(own_url, TARGET), "proof_target_wrong")
    caller.url = lambda path: "https://care.example.org" + path
    assert caller.call().status_code == 200


@pytest.mark.parametrize("value", ["api.example", "ftp://api.example", "https://",
                                   "https://api.example/", "https://u@api.example",
                                   "'https://api example'"])
def test_an_origin_that_is_none_is_refused_by_nginx_t(make_house, value):
    house = make_house(start=False)
    house.add_to_http(f"caregate_origin {value};")
    done = house.test_conf()
    assert done.code != 0
    assert "caregate_origin" in done.err and "such as https://" in done.err


def test_a_forwarded_token_takes_its_proof_along(make_house, echo):
    house = make_house(start=False)
    house.add_to_server("location /forward/ { caregate_api results realm=/vlive/hpca; "
                        f"caregate_forward_token on; proxy_pass {echo.url}; }}")
    house.start()
    caller = Caller(house, house.onboard("Forward", "results", "results.read")).get_token()
    assert caller.call().status_code == 200
    proof = caller.proof("GET", "/forward/a")
    assert caller.call_with(proof, "/forward/a").status_code == 200
    assert ["DPoP", proof] in echo.seen[-1]["headers"]


def test_curl_calls_with_a_proof_over_http2(house, caller):
    answer = subprocess.run(
        ["curl", "-sS", "--http2", "--cacert", str(house.ca), "-o", "/dev/null", "-w",
         "%{http_version} %{http_code}", "--config", "-", caller.url(TARGET)],
        input=f'header = "Authorization: DPoP {caller.token}"\n'
              f'header = "DPoP: {caller.proof("GET", TARGET)}"\n',
        capture_output=True, text=True, timeout=30, check=True)
    assert answer.stdout == "2 200"


@pytest.mark.parametrize("script", ["oauth4webapi.mjs", "openid_client.mjs"])
def test_clients_of_npm_get_a_bound_token_and_call_with_proofs(make_house, node, script):
    house = make_house(start=False)
    house.cli("realm", "set", house.realm, "--token-response", "rfc")
    house.start()
    client = house.onboard("Foreign proofs", "results", "results.read",
                           options=["--bind", "dpop"])
    answer, error = run_node(node, script, {
        "issuer": house.issuer, "client_id": client.id, "client_secret": client.secret,
        "auth": "post", "dpop": True, "api": house.url + TARGET, "calls": 3}, house.ca)
    assert error is None
    assert answer["token_type"].lower() == "dpop"
    assert answer["statuses"] == [200, 200, 200]
    assert json.dumps(claims(answer["access_token"])["cnf"]).startswith('{"jkt"')
