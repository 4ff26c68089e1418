# SPDX-License-Identifier: Apache-2.0
"""Who is let in at the gate, and what the others are told (RFC 6750 §3, RFC 9457, FHIR R4)."""

import time

import pytest
from support.forge import claims_of, other_key
from support.grounds import Grounds

TEST_REALM = "/vtest/hpca"
RULES = """caregate_require GET,HEAD=documents.read; caregate_require POST,PUT=documents.write;"""
LOCATIONS = """
        location /documents/ { %(gate)s """ + RULES + """ proxy_pass %(api)s; }
        location /fhir/ { %(gate)s """ + RULES + """ caregate_fhir on; proxy_pass %(api)s; }
        location /any/ { %(gate)s proxy_pass %(api)s; }
        location /all/ { %(gate)s caregate_require documents.write; proxy_pass %(api)s; }
        location /both/ { %(gate)s caregate_require documents.read;
                          caregate_require POST=documents.write; proxy_pass %(api)s; }
        location /either/ { %(gate)s caregate_require GET=documents.read documents.write;
                            proxy_pass %(api)s; }
        location /nested/ { %(gate)s caregate_require documents.write;
                            location /nested/own/ { caregate_require documents.read;
                                                    proxy_pass %(api)s; }
                            location /nested/same/ { proxy_pass %(api)s; }
                            location /nested/other/ { caregate_api results realm=/vlive/hpca;
                                                      proxy_pass %(api)s; } }
        location /results/ { caregate_api results realm=/vlive/hpca; proxy_pass %(api)s; }
        location /test/ { caregate_api documents realm=/vtest/hpca; proxy_pass %(api)s; }
        location /unknown/ { caregate_api nothing realm=/vlive/hpca; proxy_pass %(api)s; }
        location /nowhere/ { caregate_api documents realm=/vnone/hpca; proxy_pass %(api)s; }
        location /unnamed/ { caregate_api documents; proxy_pass %(api)s; }
"""
TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable"}
FHIR_CODES = {400: "invalid", 401: "login", 403: "forbidden", 503: "transient"}
REALM = 'Bearer realm="/vlive/hpca"'
INVALID = REALM + ', error="invalid_token"'
NOT_BOUND = INVALID.replace("Bearer", "DPoP") + ', algs="ES256 PS256 EdDSA Ed25519"'
NEEDS_READ = REALM + ', error="insufficient_scope", scope="documents.read"'


class Cast:
    """The grounds, and tokens of every kind."""

    def __init__(self):
        self.grounds = Grounds(LOCATIONS)
        house = self.grounds.house
        self.results_client = house.onboard("Lab", "results", "results.read results.write")
        self.mixed_client = house.onboard("Mixed", ["documents", "results"],
                                          ["documents.read", "results.write"])
        house.cli("realm", "add", TEST_REALM)
        in_test = ("--realm", TEST_REALM)
        house.cli(*in_test, "org", "add", "RX809", "--name", "Example Trust")
        house.cli(*in_test, "api", "add", "documents", "--audience",
                  "https://care.example/documents", "--scope", "documents.read")
        made = house.cli(*in_test, "client", "add", "--org", "RX809", "--name", "Test")
        secret = house.cli(*in_test, "secret", "issue", "--client", made["client_id"])
        agreed = house.cli(*in_test, "agreement", "request", "--client", made["client_id"], "--api",
                           "documents", "--scope", "documents.read", "--purpose", "direct_care")
        house.cli(*in_test, "agreement", "approve", agreed["agreement_id"], "--by", "A Person")
        self.grounds.start()
        self.token = self.grounds.token
        self.forge = self.grounds.forge
        self.results = house.token(self.results_client)
        self.mixed = house.token(self.mixed_client)
        answer = house.token_response(realm=TEST_REALM, client_id=made["client_id"],
                                      client_secret=secret["secret"])
        self.of_test = answer.json()["access_token"]
        self.stranger = other_key()

    def scoped(self, scope):
        return self.forge.vary(self.token, scope=scope)

    def swapped(self):
        """A token of two APIs whose audiences stand at each other's places."""
        return self.forge.vary(self.mixed, aud=claims_of(self.mixed)["aud"][::-1])


@pytest.fixture(scope="module")
def cast():
    made = Cast()
    yield made
    made.grounds.close()


def now():
    return int(time.time())


# label: the Authorization header, status, challenge, reason.
REFUSALS = {
    "no_header": (lambda c: None, 401, REALM, "token_missing"),
    "empty": (lambda c: "", 401, REALM, "token_missing"),
    "basic": (lambda c: "Basic YTpi", 401, REALM, "token_missing"),
    "dpop": (lambda c: f"DPoP {c.token}", 401, NOT_BOUND, "token_not_bound"),
    "token_alone": (lambda c: c.token, 401, REALM, "token_missing"),
    "scheme_run_on": (lambda c: f"Bearer{c.token}", 401, REALM, "token_missing"),
    "tab": (lambda c: f"Bearer\t{c.token}", 401, REALM, "token_missing"),
    "scheme_alone": (lambda c: "Bearer", 401, INVALID, "token_malformed"),
    "colon": (lambda c: f"Bearer: {c.token}", 401, REALM, "token_missing"),
    "quoted": (lambda c: f'Bearer "{c.token}"', 401, INVALID, "token_malformed"),
    "two_tokens": (lambda c: f"Bearer {c.token} {c.token}", 401, INVALID, "token_malformed"),
    "comma": (lambda c: f"Bearer {c.token}, {c.token}", 401, INVALID, "token_malformed"),
    "opaque": (lambda c: "Bearer abc", 401, INVALID, "token_malformed"),
    "non_ascii": (lambda c: f"Bearer {c.token}\xe9", 401, INVALID, "token_malformed"),
    "expired": (lambda c: bearer(c, exp=now() - 1), 401, INVALID, "token_expired"),
    "expires_now": (lambda c: bearer(c, exp=now()), 401, INVALID, "token_expired"),
    "future": (lambda c: bearer(c, iat=now() + 90, exp=now() + 200), 401, INVALID,
               "token_issued_in_future"),
    "other_issuer": (lambda c: bearer(c, iss="https://localhost/vlive/hpca"), 401, INVALID,
                     "token_issuer_wrong"),
    "other_audience": (lambda c: bearer(c, aud=["https://care.example/none"]), 401, INVALID,
                       "token_audience_unknown"),
    "stranger's_key": (lambda c: "Bearer " + c.forge.sign(claims_of(c.token), key=c.stranger), 401,
                       INVALID, "token_signature_invalid"),
    "unknown_key": (lambda c: bearer(c, c.forge.header(kid="none")), 401, INVALID,
                    "token_key_unknown"),
    "other_type": (lambda c: bearer(c, c.forge.header(typ="at+jwt")), 401, INVALID,
                   "token_type_refused"),
    "other_algorithm": (lambda c: bearer(c, c.forge.header(alg="RS384")), 401, INVALID,
                        "token_algorithm_refused"),
    "other_realm": (lambda c: f"Bearer {c.of_test}", 401, INVALID, "token_key_unknown"),
    "other_api": (lambda c: f"Bearer {c.results}", 403, NEEDS_READ, "api_not_agreed"),
    "swapped_apis": (lambda c: f"Bearer {c.swapped()}", 403, NEEDS_READ, "api_not_agreed"),
    "audience_without_name": (lambda c: bearer(c, apis=["results"]), 403, NEEDS_READ,
                              "api_not_agreed"),
    "no_scope": (lambda c: bearer(c, scope="results.read"), 403, NEEDS_READ, "scope_insufficient"),
    "scope_in_other_case": (lambda c: bearer(c, scope="Documents.Read"), 403, NEEDS_READ,
                            "scope_insufficient"),
    "longer_scope": (lambda c: bearer(c, scope="documents.reader"), 403, NEEDS_READ,
                     "scope_insufficient"),
    "scope_of_other_method": (lambda c: bearer(c, scope="documents.write"), 403, NEEDS_READ,
                              "scope_insufficient"),
}


def bearer(cast, header=None, **changes):
    return "Bearer " + cast.forge.vary(cast.token, header, **changes)


def authorization(cast, label):
    value = REFUSALS[label][0](cast)
    return [] if value is None else [("Authorization", value)]


@pytest.mark.parametrize("label", REFUSALS)
def test_a_refusal_has_its_status_challenge_and_problem(cast, label):
    _, status, challenge, reason = REFUSALS[label]
    answer = cast.grounds.ask("/documents/" + label, headers=authorization(cast, label))
    assert (answer.status, answer.header("WWW-Authenticate")) == (status, challenge)
    assert answer.header("Content-Type") == "application/problem+json"
    assert answer.header("Cache-Control") == "no-store"
    body = answer.json()
    assert body.pop("detail")
    assert body == {"status": status, "title": TITLES[status], "reason": reason,
                    "request_id": answer.header("X-Request-ID")}
    assert not cast.grounds.seen("/documents/" + label)


@pytest.mark.parametrize("label", REFUSALS)
def test_a_refusal_on_a_fhir_route_is_an_operation_outcome(cast, label):
    _, status, challenge, reason = REFUSALS[label]
    answer = cast.grounds.ask("/fhir/" + label, headers=authorization(cast, label))
    assert (answer.status, answer.header("WWW-Authenticate")) == (status, challenge)
    assert answer.header("Content-Type") == "application/fhir+json"
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    issue, = outcome["issue"]
    assert (issue["severity"], issue["code"]) == ("error", FHIR_CODES[status])
    assert issue["details"]["coding"][0]["code"] == reason and issue["details"]["text"]
    assert answer.header("X-Request-ID") in issue["diagnostics"]


@pytest.mark.parametrize("label", REFUSALS)
def test_a_refusal_of_a_head_request_has_no_body(cast, label):
    _, status, challenge, _ = REFUSALS[label]
    answer = cast.grounds.ask("/documents/", None, "HEAD", authorization(cast, label))
    assert (answer.status, answer.header("WWW-Authenticate")) == (status, challenge)
    assert answer.body == b"" and int(answer.header("Content-Length")) > 0


ADMITTED = {
    "as_issued": lambda c: f"Bearer {c.token}",
    "lower_case_scheme": lambda c: f"bearer {c.token}",
    "upper_case_scheme": lambda c: f"BEARER {c.token}",
    "more_spaces": lambda c: f"Bearer   {c.token}",
    "slow_clock": lambda c: bearer(c, iat=now() + 50),
    "unknown_claim": lambda c: bearer(c, more={"a": [1]}),
    "last_second": lambda c: bearer(c, exp=now() + 30),
    "of_two_apis": lambda c: f"Bearer {c.mixed}",
}


@pytest.mark.parametrize("label", ADMITTED)
def test_a_good_token_is_let_in(cast, label):
    answer = cast.grounds.ask("/documents/x", headers=[("Authorization", ADMITTED[label](cast))])
    assert answer.status == 200, answer
    assert answer.header("WWW-Authenticate") is None


@pytest.mark.parametrize("query", ["access_token=", "a=b&access_token=x", "access%5Ftoken=x",
                                   "a;access_token=x&access_token=y", "%61ccess_token=x"])
@pytest.mark.parametrize("with_header", [False, True])
def test_a_token_in_the_query_is_refused(cast, query, with_header):
    answer = cast.grounds.ask(f"/documents/?{query}", cast.token if with_header else None)
    assert answer.status == 400
    assert answer.header("WWW-Authenticate") == REALM + ', error="invalid_request"'
    assert answer.json()["reason"] == "token_in_query"


def test_a_token_in_a_form_is_not_looked_for(cast):
    body = b"access_token=" + cast.token.encode()
    answer = cast.grounds.ask("/documents/", None, "POST", body=body, headers=[
        "Content-Type: application/x-www-form-urlencoded"])
    assert answer.status == 401 and answer.json()["reason"] == "token_missing"


READ, WRITE, BOTH = "documents.read", "documents.write", "documents.read documents.write"
RULE_ROWS = [
    # path, method, the token's scope, status
    ("/documents/", "GET", READ, 200), ("/documents/", "HEAD", READ, 200),
    ("/documents/", "POST", READ, 403), ("/documents/", "PUT", READ, 403),
    ("/documents/", "GET", WRITE, 403), ("/documents/", "HEAD", WRITE, 403),
    ("/documents/", "POST", WRITE, 200), ("/documents/", "PUT", WRITE, 200),
    ("/documents/", "GET", BOTH, 200), ("/documents/", "PUT", BOTH, 200),
    # What no rule covers wants one of the API's scopes.
    ("/documents/", "DELETE", READ, 200), ("/documents/", "OPTIONS", WRITE, 200),
    ("/documents/", "DELETE", "results.write", 403), ("/documents/", "QUERY", READ, 200),
    ("/any/", "POST", READ, 200), ("/any/", "GET", "results.read", 403),
    # A rule without methods is for all of them.
    ("/all/", "GET", READ, 403), ("/all/", "OPTIONS", READ, 403), ("/all/", "QUERY", READ, 403),
    ("/all/", "GET", WRITE, 200), ("/all/", "QUERY", WRITE, 200),
    # Of several rules each must be met.
    ("/both/", "POST", WRITE, 403), ("/both/", "POST", READ, 403), ("/both/", "POST", BOTH, 200),
    ("/both/", "GET", READ, 200), ("/either/", "GET", READ, 200), ("/either/", "GET", WRITE, 200),
    # A nested location takes over what it does not say itself.
    ("/nested/own/", "GET", READ, 200), ("/nested/own/", "GET", WRITE, 403),
    ("/nested/same/", "GET", READ, 403), ("/nested/same/", "GET", WRITE, 200),
    ("/nested/other/", "GET", WRITE, 403),
]


@pytest.mark.parametrize("path, method, scope, status", RULE_ROWS)
def test_rules_decide_by_method(cast, path, method, scope, status):
    answer = cast.grounds.ask(path, cast.scoped(scope), method)
    assert answer.status == status, answer


def test_the_challenge_names_the_scope_that_the_method_needs(cast):
    for path, method, scope in (("/documents/", "POST", "documents.write"),
                                ("/documents/", "DELETE", BOTH), ("/any/", "GET", BOTH),
                                ("/all/", "GET", "documents.write"), ("/both/", "POST", BOTH)):
        answer = cast.grounds.ask(path, cast.scoped("results.read"), method)
        assert answer.header("WWW-Authenticate").endswith(f'scope="{scope}"'), (path, method)


def test_a_token_of_several_apis_opens_each_with_its_own_scopes(cast):
    ask = cast.grounds.ask
    assert ask("/documents/", cast.mixed).status == 200
    assert ask("/results/", cast.mixed, "POST").status == 200
    # results.write is no scope of documents, whatever it is called.
    assert ask("/documents/", cast.mixed, "POST").json()["reason"] == "scope_insufficient"
    assert ask("/results/", cast.token).json()["reason"] == "api_not_agreed"


def test_a_realm_opens_nothing_of_another(cast):
    ask = cast.grounds.ask
    assert ask("/test/", cast.of_test).status == 200
    assert ask("/documents/", cast.of_test).status == 401
    answer = ask("/test/", cast.token)
    assert answer.status == 401
    assert answer.header("WWW-Authenticate") == INVALID.replace("/vlive/hpca", TEST_REALM)


@pytest.mark.parametrize("path", ["/unknown/", "/nowhere/", "/unnamed/"])
def test_a_location_that_names_nothing_known_lets_nobody_in(cast, path):
    answer = cast.grounds.ask(path, cast.token)
    assert answer.status == 503 and answer.json()["reason"] == "gate_misconfigured", answer
    for token in (None, cast.of_test):
        assert cast.grounds.ask(path, token).status in (401, 503)
    assert not cast.grounds.seen(path)
