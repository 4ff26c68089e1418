# SPDX-License-Identifier: Apache-2.0
"""What SMART scopes open at the gate: the tables of tests/vectors/smart over HTTP, and what nginx
could make of a request on its way."""
import subprocess
import time

import pytest
from support.forge import claims_of
from support.grounds import Grounds
from support.house import House
from support.smart_vectors import rows
from support.wait import wait_until

SMART = "caregate_api record realm=/vlive/hpca; caregate_smart on;"
LOCATIONS = """
        location /fhir/ { """ + SMART + """ caregate_fhir on; proxy_pass %(api)s;
            caregate_operation Claim/$send system/Claim.c system/ClaimResponse.r;
            location /fhir/Device/ { proxy_pass %(api)s; } }
        location /mapped/ { """ + SMART + """ proxy_pass %(api)s/inner/; }
        location ~ ^/regex/ { caregate_api record realm=/vlive/hpca; caregate_smart /regex/;
                              proxy_pass %(api)s; }
        location = /exact { caregate_api record realm=/vlive/hpca; caregate_smart /; return 200; }
        location /ruled/ { """ + SMART + """ caregate_require DELETE=record.delete;
                           proxy_pass %(api)s; }
        location /plain/ { caregate_api record realm=/vlive/hpca; proxy_pass %(api)s; }
        location /jump/ { rewrite ^/jump/(.*)$ /fhir/$1 last; }
        location /wide/ { rewrite ^/wide/(.*)$ /fhir/$1?_include=* last; }
        location /named/ { error_page 418 =200 @named; return 418; }
        location @named { caregate_api record realm=/vlive/hpca; caregate_smart /named/;
                          proxy_pass %(api)s; }
        location /mirror/ { mirror /fhir/Binary; proxy_pass %(api)s; }
"""
ALL = "system/*.cruds"
PUBLIC = ("system/*.cruds", "record.delete")


class Cast:
    """The grounds, with an API of SMART scopes, and tokens with any scopes at all."""

    def __init__(self):
        self.grounds = Grounds(LOCATIONS)
        house = self.grounds.house
        house.api("record", *PUBLIC)
        client = house.onboard("Portal", "record", ALL)
        self.grounds.start()
        self.claims = claims_of(house.token(client))
        self.made = {}

    def token(self, scope):
        if scope not in self.made:
            claims = {**self.claims, "scope": scope, "jti": f"jti-{len(self.made)}",
                      "exp": int(time.time()) + 3600}
            self.made[scope] = self.grounds.forge.sign(claims)
        return self.made[scope]

    def ask(self, path, scope=ALL, method="GET", headers=(), body=b""):
        self.grounds.api.seen.clear()
        return self.grounds.ask(path, self.token(scope), method, list(headers), body)

    def reached(self):
        return [(one["method"], one["path"]) for one in self.grounds.api.seen]

    def ask_row(self, request, scope):
        headers = []
        if request.condition is not None:
            headers.append(("If-None-Exist", request.condition))
        if request.form is not None:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        method = "PROPFIND" if request.method == "OTHER" else request.method
        return self.ask("/fhir" + request.target, scope, method, headers,
                        (request.form or "").encode())


@pytest.fixture(scope="module")
def cast():
    made = Cast()
    yield made
    made.grounds.close()


REQUESTS = rows("requests.txt", 0)
DECIDED = [row for row in REQUESTS if row.columns[1] != "refused"
           and not row.columns[1].startswith(("bundle", "form"))]
UNDECIDED = [row for row in REQUESTS if row.columns[1] == "refused"]
DECISIONS = [row for row in rows("decisions.txt", 1) if row.request.form is None]


def parametrized(table):
    return pytest.mark.parametrize("row", table, ids=[row.label for row in table])


@parametrized(DECIDED)
def test_a_request_that_is_decided_arrives_as_it_was_sent(cast, row):
    answer = cast.ask_row(row.request, ALL)
    assert answer.status == 200, answer
    assert cast.reached() == [(row.request.method, "/fhir" + row.request.target)]


@parametrized(UNDECIDED)
def test_a_request_that_is_not_decided_does_not_arrive(cast, row):
    answer = cast.ask_row(row.request, ALL)
    assert answer.status in (400, 403, 405), answer
    assert not cast.reached()


@parametrized(DECISIONS)
def test_a_token_opens_what_its_scopes_say(cast, row):
    answer = cast.ask_row(row.request, row.columns[0])
    if row.columns[2] == "allowed":
        assert answer.status == 200, answer
        assert len(cast.reached()) == 1
        return
    assert not cast.reached()
    if row.columns[2] == "refused":
        assert answer.status in (400, 403), answer
        return
    assert answer.status == 403, answer
    assert f'error="insufficient_scope", scope="system/{row.columns[2]}"' in \
        answer.header("WWW-Authenticate")


def test_a_refusal_is_an_outcome_that_names_the_scope_which_is_lacking(cast):
    answer = cast.ask("/fhir/Observation?_include=Observation:subject:Patient",
                      "system/Observation.rs")
    assert answer.status == 403
    assert answer.header("WWW-Authenticate") == \
        'Bearer realm="/vlive/hpca", error="insufficient_scope", scope="system/Patient.r"'
    issue = answer.json()["issue"][0]
    assert issue["code"] == "forbidden"
    assert issue["details"]["coding"][0]["code"] == "smart_scope_insufficient"


def test_a_refusal_that_no_scope_would_mend_names_none(cast):
    answer = cast.ask("/fhir/Foo/1")
    assert answer.status == 403 and answer.header("WWW-Authenticate") is None
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "fhir_request_unclear"


def test_no_token_is_asked_for_one_first(cast):
    cast.grounds.api.seen.clear()
    assert cast.grounds.ask("/fhir/Foo/1").status == 401
    assert cast.grounds.ask("/fhir/metadata").status == 401
    assert not cast.reached()


@pytest.mark.parametrize("name", [
    "X-HTTP-Method-Override", "x-http-method-override", "X-HTTP-Method", "X-Method-Override",
    "X-Original-Method", "X-Original-URL", "X-Rewrite-URL", "X-Cascade"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_header_that_says_another_method_is_refused(cast, name, method):
    path = "/fhir/Patient" if method == "POST" else "/fhir/Patient/1"
    assert cast.ask(path, method=method).status == 200
    answer = cast.ask(path, method=method, headers=[(name, "DELETE")])
    assert answer.status == 400, answer
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "fhir_request_overridden"
    assert not cast.reached()


def test_a_header_with_a_provenance_creates_one(cast):
    headers = [("X-Provenance", '{"resourceType":"Provenance"}')]
    answer = cast.ask("/fhir/Patient", "system/Patient.c", "POST", headers)
    assert answer.status == 403
    assert 'scope="system/Provenance.c"' in answer.header("WWW-Authenticate")
    assert not cast.reached()
    both = "system/Patient.c system/Provenance.c"
    assert cast.ask("/fhir/Patient", both, "POST", headers).status == 200


@pytest.mark.parametrize("types", [
    ["application/x-www-form-urlencoded"], ["Application/X-WWW-Form-URLEncoded, a/b"],
    ["multipart/form-data; boundary=x"], ["application/fhir+json", "text/plain"]], ids=str)
@pytest.mark.parametrize("method, target", [
    ("POST", "/fhir/Patient"), ("PUT", "/fhir/Patient/1"), ("POST", "/fhir/Patient/$validate")])
def test_a_form_is_the_body_of_a_search_alone(cast, method, target, types):
    """Frameworks read a method, and parameters, from a form: "_method=DELETE"."""
    headers = [("Content-Type", value) for value in types]
    answer = cast.ask(target, ALL, method, headers, b"_method=DELETE")
    assert answer.status == 415, answer
    assert not cast.reached()
    headers = [("Content-Type", "application/fhir+json")]
    assert cast.ask(target, ALL, method, headers, b"{}").status == 200


def test_two_conditions_are_refused(cast):
    twice = [("If-None-Exist", "identifier=1"), ("if-none-exist", "identifier=2")]
    assert cast.ask("/fhir/Patient", method="POST", headers=twice).status == 403
    assert not cast.reached()


@pytest.mark.parametrize("path", ["/mapped/Patient/1", "/regex/Patient/1", "/exact", "/exact?a=b"])
def test_the_base_is_where_it_is_said_to_be(cast, path):
    good = cast.ask(path, "system/Patient.r")
    if path.startswith("/exact"):
        assert good.status == 403  # below the base "/" it is no type
        return
    assert good.status == 200
    assert cast.ask(path, "system/Observation.r").status == 403
    assert not cast.reached()


def test_a_path_that_is_sent_on_otherwise_is_judged_as_it_is_sent_on(cast):
    assert cast.ask("/mapped/Patient/1", "system/Patient.r").status == 200
    assert cast.reached() == [("GET", "/inner/Patient/1")]
    for path in ("/mapped/Pati%65nt/1", "/mapped//Patient/1", "/mapped/./Patient/1"):
        assert cast.ask(path).status == 403
        assert not cast.reached()


def test_a_nested_location_is_judged_below_the_same_base(cast):
    assert cast.ask("/fhir/Device/1", "system/Device.r").status == 200
    assert cast.ask("/fhir/Device/1", "system/Patient.r").status == 403
    assert not cast.reached()


def test_a_rule_holds_besides(cast):
    assert cast.ask("/ruled/Patient/1", "system/Patient.d", "DELETE").status == 403
    assert not cast.reached()
    assert cast.ask("/ruled/Patient/1", "system/Patient.d record.delete", "DELETE").status == 200
    assert cast.ask("/ruled/Patient/1", "record.delete", "DELETE").status == 403
    assert cast.ask("/ruled/Patient/1", "system/Patient.r").status == 200


@pytest.mark.parametrize("path", ["/jump/Patient/1", "/named/Patient/1"])
def test_an_internal_jump_does_not_get_round_it(cast, path):
    assert cast.ask(path, "system/Observation.r").status == 403
    assert not cast.reached()
    assert cast.ask(path, "system/Patient.r").status == 200


def test_a_rewrite_is_judged_by_what_it_makes(cast):
    assert cast.ask("/wide/Patient", "system/Patient.rs").status == 403
    assert not cast.reached()
    assert cast.ask("/wide/Patient", "system/*.rs").status == 200
    assert cast.reached() == [("GET", "/fhir/Patient?_include=*")]


def test_a_mirror_does_not_get_round_it(cast):
    for scope, mirrored in (("system/Binary.c", 1), ("system/Patient.c", 0)):
        assert cast.ask("/mirror/x", scope, "POST", body=b"x").status == 200
        wait_until(lambda: len(cast.reached()) >= 1 + mirrored, what="the mirrored request")
        assert cast.reached().count(("POST", "/fhir/Binary")) == mirrored


def test_a_token_for_another_api_too_opens_nothing(cast):
    claims = {**cast.claims, "scope": ALL, "jti": "two"}
    claims["aud"] = [*claims["aud"], "https://care.example/documents"]
    claims["apis"] = [*claims["apis"], "documents"]
    claims["agreements"] = [*claims["agreements"], claims["agreements"][0]]
    cast.made["two"] = cast.grounds.forge.sign(claims)
    assert cast.ask("/fhir/Patient/1", "two").status == 403
    assert not cast.reached()


def test_an_operation_that_the_operator_vouches_for_needs_its_scopes(cast):
    path = "/fhir/Claim/$send"
    assert cast.ask(path, "system/Claim.c system/ClaimResponse.r", "POST").status == 200
    answer = cast.ask(path, "system/Claim.c", "POST")
    assert answer.status == 403
    assert 'scope="system/ClaimResponse.r"' in answer.header("WWW-Authenticate")


def test_it_is_the_same_over_http2(cast):
    def status(path, scope):
        done = subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "--http2-prior-knowledge", "-w", "%{http_code}",
             "-H", f"Authorization: Bearer {cast.token(scope)}",
             f"http://127.0.0.1:{cast.grounds.h2_port}{path}"],
            capture_output=True, check=True, timeout=20)
        return done.stdout
    assert status("/fhir/Patient/1", "system/Patient.r") == b"200"
    assert status("/fhir/Patient/1", "system/Patient.s") == b"403"
    assert status("/fhir/Pati%65nt/1", ALL) == b"403"


CONFIGURATIONS = [
    ("location /a/ { caregate_smart on; }", 'needs "caregate_api"'),
    ("location /a/ { caregate_operation $x system/Claim.c; }", 'needs "caregate_api"'),
    ("location /a/ { %(api)s caregate_operation $x system/Claim.c; }", 'needs "caregate_smart"'),
    ("location = /a/ { %(api)s caregate_smart on; }", "does not tell where the base is"),
    ("location ~ /a/ { %(api)s caregate_smart on; }", "does not tell where the base is"),
    ("location @a { %(api)s caregate_smart on; }", "does not tell where the base is"),
    ("location /a { %(api)s caregate_smart on; }", "with '/' at both ends"),
    ("location /a/ { %(api)s caregate_smart a/; }", "with '/' at both ends"),
    ("location /a/ { %(api)s caregate_smart /a//b/; }", "with '/' at both ends"),
    ("location /a/ { %(api)s caregate_smart /a/../b/; }", "with '/' at both ends"),
    ("location /a/ { %(api)s caregate_smart on; caregate_smart off; }", "given twice"),
    ("location /a/ { %(api)s caregate_smart on; caregate_operation $x patient/Claim.c; }",
     "SMART scopes of systems"),
    ("location /a/ { %(api)s caregate_smart on; caregate_operation $x system/Claim.c?a=b; }",
     "SMART scopes of systems"),
    ("location /a/ { %(api)s caregate_smart on; caregate_operation x system/Claim.c; }",
     "an operation is $NAME"),
    ("location /a/ { %(api)s caregate_smart on; caregate_operation Foo/$x system/Claim.c; }",
     "an operation is $NAME"),
    ("location /a/ { %(api)s caregate_smart on; caregate_operation $graphql system/*.r; }",
     "GraphQL"),
]


@pytest.fixture(scope="module")
def bare():
    made = House()
    yield made
    made.close()


@pytest.mark.parametrize("location, message", CONFIGURATIONS)
def test_a_configuration_that_makes_no_sense_is_refused(bare, location, message):
    conf = bare.dir / "nginx.conf"
    before = conf.read_text("utf-8")
    bare.add_to_server(location % {"api": "caregate_api record realm=/vlive/hpca;"})
    done = bare.test_conf()
    conf.write_text(before, "utf-8")
    assert done.code != 0 and message in done.err, done.err


def test_a_token_that_was_issued_carries_scopes_that_the_gate_reads(cast):
    house = cast.grounds.house
    cast.made["issued"] = house.token(house.onboard("Reader", "record", ALL))
    assert cast.ask("/fhir/Patient/1", "issued").status == 200
