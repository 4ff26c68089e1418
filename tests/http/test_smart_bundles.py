# SPDX-License-Identifier: Apache-2.0
"""Batch, transaction and search by POST at the gate: their bodies are read and judged before any of
it reaches the API."""
import concurrent.futures
import gzip
import json
import subprocess
import time

import pytest
from support.forge import claims_of
from support.grounds import Grounds
from support.smart_vectors import rows
from support.wait import wait_until
from support.wire import Wire, bearer, head

SMART = "caregate_api record realm=/vlive/hpca; caregate_fhir on; caregate_smart on;"
LOCATIONS = """
        client_max_body_size 32m;
        location /fhir/ { """ + SMART + """ proxy_pass %(api)s; }
        location /small/ { """ + SMART + """ caregate_bundle_max 1k; proxy_pass %(api)s; }
        location /large/ { """ + SMART + """ caregate_bundle_max 8m; proxy_pass %(api)s; }
        location /unbuffered/ { """ + SMART + """ proxy_request_buffering off;
                                proxy_http_version 1.1; proxy_pass %(api)s; }
        location /ruled/ { """ + SMART + """ caregate_require DELETE=record.delete;
                           proxy_pass %(api)s; }
        location /jump/ { rewrite ^/jump/$ /fhir/ last; }
        location /twice/ { """ + SMART + """ error_page 502 = @again;
                           proxy_pass http://127.0.0.1:1; }
        location /mirror/ { mirror /fhir/; proxy_pass %(api)s; }
        location @again { caregate_api record realm=/vlive/hpca; caregate_smart /twice/;
                          proxy_pass %(api)s; }
"""
ALL = "system/*.cruds"
FHIR_JSON = ("Content-Type", "application/fhir+json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")


class Cast:
    """The grounds, with an API of SMART scopes, and tokens with any scopes at all."""

    def __init__(self):
        self.grounds = Grounds(LOCATIONS)
        house = self.grounds.house
        house.api("record", ALL, "record.delete")
        client = house.onboard("Portal", "record", ALL)
        rated = [house.onboard(f"Rated {rate}", "record", ALL, agreement=("--rate", rate))
                 for rate in ("3/h", "1/h")]
        self.grounds.start()
        self.claims = claims_of(house.token(client))
        self.made = {name: house.token(one) for name, one in zip(("three", "one"), rated)}

    def token(self, scope):
        if scope not in self.made:
            claims = {**self.claims, "scope": scope, "jti": f"jti-{len(self.made)}",
                      "exp": int(time.time()) + 3600}
            self.made[scope] = self.grounds.forge.sign(claims)
        return self.made[scope]

    def post(self, path, body, scope=ALL, headers=(FHIR_JSON,)):
        self.grounds.api.seen.clear()
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.grounds.ask(path, self.token(scope), "POST", headers, body)

    def bodies(self):
        return [one["body"].encode("latin-1") for one in self.grounds.api.seen]


@pytest.fixture(scope="module")
def cast():
    made = Cast()
    yield made
    made.grounds.close()


def entry(method, url, resource=None, **more):
    made = {"request": {"method": method, "url": url, **more}}
    return {**made, "resource": resource} if resource else made


def bundle(*entries, kind="transaction"):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def padded(size):
    """A transaction of about this many bytes."""
    text = {"status": "generated", "div": "x" * 1000}
    one = entry("POST", "Patient", {"resourceType": "Patient", "text": text})
    count = size // len(json.dumps(one)) + 1
    return json.dumps(bundle(*[one] * count)).encode()


def reason(answer):
    return answer.json()["issue"][0]["details"]["coding"][0]["code"]


MIXED = bundle(entry("GET", "Patient/1"), entry("PUT", "Observation/2", {
    "resourceType": "Observation", "id": "2", "status": "final"}), kind="batch")


@pytest.mark.parametrize("path", ["/fhir/", "/unbuffered/", "/jump/"])
def test_a_bundle_that_is_all_allowed_arrives_as_it_was_sent(cast, path):
    body = json.dumps(MIXED, indent=2).encode()
    answer = cast.post(path, body, "system/Patient.r system/Observation.u")
    assert answer.status == 200, answer
    assert cast.bodies() == [body]


@pytest.mark.parametrize("scope, lacking", [
    ("system/Patient.r", "system/Observation.u"),
    ("system/Observation.u", "system/Patient.r"),
    ("system/Observation.c system/Patient.r", "system/Observation.u"),
    ("patient/*.cruds", "system/Patient.r"),
])
def test_one_entry_that_is_not_allowed_keeps_all_of_them_out(cast, scope, lacking):
    answer = cast.post("/fhir/", MIXED, scope)
    assert (answer.status, reason(answer)) == (403, "smart_scope_insufficient")
    assert f'scope="{lacking}"' in answer.header("WWW-Authenticate")
    assert not cast.bodies()


def test_a_rule_for_a_method_holds_for_an_entry_by_it(cast):
    removal = bundle(entry("GET", "Patient/1"), entry("DELETE", "Patient/1"))
    answer = cast.post("/ruled/", removal, "system/Patient.rd")
    assert (answer.status, reason(answer)) == (403, "scope_insufficient")
    assert 'scope="record.delete"' in answer.header("WWW-Authenticate")
    assert not cast.bodies()
    assert cast.post("/ruled/", removal, "system/Patient.rd record.delete").status == 200
    assert cast.post("/ruled/", MIXED, "system/Patient.r system/Observation.u").status == 200


BAD = [
    ("not_json", b"{", "bundle_malformed", 400),
    ("empty", b"", "body_type_refused", 415),
    ("patient", {"resourceType": "Patient"}, "bundle_malformed", 400),
    ("collection", bundle(kind="collection"), "bundle_malformed", 400),
    ("twice", b'{"resourceType":"Bundle","type":"batch","type":"batch"}', "bundle_malformed", 400),
    ("no_request", bundle({"resource": {"resourceType": "Patient"}}), "bundle_malformed", 400),
    ("unknown", bundle(entry("GET", "Patient?_unknown=1")), "fhir_request_unclear", 403),
    ("graphql", bundle(entry("POST", "$graphql")), "fhir_request_unclear", 403),
    ("escaped", bundle(entry("GET", "Pati%65nt/1")), "fhir_request_unclear", 403),
    ("nested", bundle(entry("POST", "", bundle())), "fhir_request_unclear", 403),
    ("mismatch", bundle(entry("POST", "Patient", {"resourceType": "Observation"})),
     "fhir_request_unclear", 403),
]


@pytest.mark.parametrize("body, why, status", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_body_that_cannot_be_judged_is_refused(cast, body, why, status):
    headers = [FHIR_JSON] if body else []
    answer = cast.post("/fhir/", body, headers=headers)
    assert (answer.status, reason(answer)) == (status, why), answer
    assert not cast.bodies()


@pytest.mark.parametrize("headers", [
    [("Content-Type", "application/fhir+xml")],
    [("Content-Type", "application/xml")],
    [("Content-Type", "text/plain")],
    [("Content-Type", "application/fhir+json; charset=utf-16")],
    [FHIR_JSON, ("Content-Type", "application/fhir+xml")],
    [FHIR_JSON, ("Content-Encoding", "gzip")],
    [FHIR_JSON, ("Content-Encoding", "identity")],
    [FORM],
    [],
], ids=str)
def test_a_body_of_another_type_is_refused_before_it_is_read(cast, headers):
    body = json.dumps(MIXED).encode()
    body = gzip.compress(body) if ("Content-Encoding", "gzip") in headers else body
    answer = cast.post("/fhir/", body, headers=headers)
    assert (answer.status, reason(answer)) == (415, "body_type_refused"), answer
    assert not cast.bodies()


@pytest.mark.parametrize("value", [
    "application/json", "application/fhir+json; charset=utf-8",
    "application/fhir+json;charset=UTF-8",
    "application/fhir+json; fhirVersion=4.0", "Application/FHIR+JSON"])
def test_json_of_fhir_is_taken_however_it_is_named(cast, value):
    assert cast.post("/fhir/", MIXED, headers=[("Content-Type", value)]).status == 200


def chunked(cast, path, body, scope=ALL):
    """The same without saying how long it is."""
    cast.grounds.api.seen.clear()
    with Wire(cast.grounds.port) as wire:
        wire.send(head("POST", path, [bearer(cast.token(scope)), FHIR_JSON, "Connection: close",
                                      "Transfer-Encoding: chunked"]))
        for at in range(0, len(body), 60000):
            part = body[at:at + 60000]
            wire.send(b"%x\r\n" % len(part) + part + b"\r\n")
        wire.send(b"0\r\n\r\n")
        return wire.answer("POST")


@pytest.mark.parametrize("how", ["by_length", "chunked"])
@pytest.mark.parametrize("size", [100, 9000, 20000, 100000, 1000000])
def test_a_bundle_of_any_size_is_judged_to_its_end(cast, how, size):
    body = padded(size)
    last = json.loads(body)
    last["entry"].append(entry("DELETE", "Patient/1"))
    last = json.dumps(last).encode()
    send = cast.post if how == "by_length" else \
        lambda path, data, scope: chunked(cast, path, data, scope)
    assert send("/fhir/", body, "system/Patient.c").status == 200
    assert cast.bodies() == [body]
    answer = send("/fhir/", last, "system/Patient.c")
    assert (answer.status, reason(answer)) == (403, "smart_scope_insufficient")
    assert not cast.bodies()


def test_more_than_may_be_read_is_refused(cast):
    body = padded(1024 * 1024)
    assert len(body) > 1024 * 1024
    for send in (cast.post, lambda path, data: chunked(cast, path, data)):
        answer = send("/fhir/", body)
        assert (answer.status, reason(answer)) == (413, "bundle_too_large"), answer
        assert not cast.bodies()
        answer = send("/small/", padded(2000))
        assert (answer.status, reason(answer)) == (413, "bundle_too_large"), answer
        assert send("/large/", body).status == 200
    # What is no Bundle is not read, and as long as nginx lets it be.
    patient = {"resourceType": "Patient", "text": "x" * 2000000}
    assert cast.post("/fhir/Patient", patient).status == 200


FORMS = [row for row in rows("requests.txt", 0) if row.columns[1].startswith("form")]
DECISIONS = [row for row in rows("decisions.txt", 1) if row.request.form is not None]


def parametrized(table):
    return pytest.mark.parametrize("row", table, ids=[row.label for row in table])


@parametrized(FORMS)
def test_a_search_by_post_that_is_decided_arrives_as_it_was_sent(cast, row):
    body = row.request.form.encode()
    answer = cast.post("/fhir" + row.request.target, body, headers=[FORM])
    assert answer.status == 200, answer
    assert cast.bodies() == [body]


@parametrized(DECISIONS)
def test_a_token_opens_what_its_scopes_say_by_post_too(cast, row):
    answer = cast.post("/fhir" + row.request.target, row.request.form.encode(), row.columns[0],
                       [FORM])
    if row.columns[2] == "allowed":
        assert answer.status == 200, answer
        return
    assert answer.status == 403, answer
    assert f'scope="system/{row.columns[2]}"' in answer.header("WWW-Authenticate")
    assert not cast.bodies()


def test_a_form_is_a_form_in_utf8_and_not_compressed(cast):
    for headers in ([], [FHIR_JSON], [("Content-Type", "multipart/form-data; boundary=x")],
                    [FORM, ("Content-Encoding", "gzip")]):
        answer = cast.post("/fhir/Patient/_search", b"name=x", headers=headers)
        assert (answer.status, reason(answer)) == (415, "body_type_refused"), answer
    answer = cast.post("/fhir/Patient/_search", b"name=" + b"x" * 1100000, headers=[FORM])
    assert (answer.status, reason(answer)) == (413, "bundle_too_large"), answer


def test_a_header_with_a_provenance_creates_one_beside_a_bundle(cast):
    headers = [FHIR_JSON, ("X-Provenance", '{"resourceType":"Provenance"}')]
    scope = "system/Patient.r system/Observation.u"
    assert cast.post("/fhir/", MIXED, scope, headers).status == 403
    assert not cast.bodies()
    assert cast.post("/fhir/", MIXED, scope + " system/Provenance.c", headers).status == 200


def test_nothing_is_read_for_who_has_no_good_token(cast):
    with Wire(cast.grounds.port) as wire:
        wire.send(head("POST", "/fhir/", [FHIR_JSON, "Content-Length: 100000"]))
        assert wire.answer("POST").status == 401


def test_a_client_that_waits_to_send_is_told_to(cast):
    body = json.dumps(MIXED).encode()
    with Wire(cast.grounds.port) as wire:
        wire.send(head("POST", "/fhir/", [bearer(cast.token(ALL)), FHIR_JSON, "Connection: close",
                                          "Expect: 100-continue", f"Content-Length: {len(body)}"]))
        assert wire.reader.file.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert wire.reader.file.readline() == b"\r\n"
        wire.send(body)
        assert wire.answer("POST").status == 200


def test_it_is_the_same_over_http2(cast, tmp_path):
    def status(body, scope):
        file = tmp_path / "body"
        file.write_bytes(body)
        done = subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "--http2-prior-knowledge", "-w", "%{http_code}",
             "-H", f"Authorization: Bearer {cast.token(scope)}",
             "-H", "Content-Type: application/fhir+json", "--data-binary", f"@{file}",
             f"http://127.0.0.1:{cast.grounds.h2_port}/fhir/"],
            capture_output=True, check=True, timeout=20)
        return done.stdout
    for size in (100, 200000):
        assert status(padded(size), "system/Patient.c") == b"200"
        assert status(padded(size), "system/Patient.r") == b"403"
    assert status(padded(1100000), "system/Patient.c") == b"413"


def test_many_at_once_are_each_judged_by_their_own(cast):
    def one(number):
        scope = "system/Patient.c" if number % 2 else "system/Patient.r"
        answer = cast.grounds.ask("/fhir/", cast.token(scope), "POST", [FHIR_JSON],
                                  padded(1000 * number))
        return answer.status
    for scope in ("system/Patient.c", "system/Patient.r"):
        cast.token(scope)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        got = list(pool.map(one, range(1, 65)))
    assert got == [200 if number % 2 else 403 for number in range(1, 65)]


def test_clients_that_go_away_meanwhile_harm_nobody(cast):
    body = padded(500000)
    for _ in range(30):
        with Wire(cast.grounds.port) as wire:
            wire.send(head("POST", "/fhir/", [bearer(cast.token("system/Patient.r")), FHIR_JSON,
                                              f"Content-Length: {len(body)}"]) + body)
    assert cast.post("/fhir/", MIXED).status == 200


def test_a_bundle_is_judged_at_each_location_that_it_passes(cast):
    assert cast.post("/twice/", MIXED).status == 200
    assert cast.bodies() == [json.dumps(MIXED).encode()]
    assert cast.post("/twice/", MIXED, "system/Patient.r").status == 403
    assert not cast.bodies()


def test_a_bundle_that_is_mirrored_is_judged_where_it_goes(cast):
    body = json.dumps(MIXED).encode()
    for scope, count in ((ALL, 2), ("system/Patient.r", 1)):
        assert cast.post("/mirror/", body, scope).status == 200
        wait_until(lambda count=count: len(cast.bodies()) >= count, what="the mirrored request")
        assert cast.bodies() == [body] * count


def test_a_bundle_is_counted_once_and_only_if_it_is_let_in(cast):
    got = [cast.post("/fhir/", MIXED, "three").status for _ in range(4)]
    assert got == [200, 200, 200, 429]
    assert cast.post("/fhir/", bundle(entry("GET", "Foo/1")), "one").status == 403
    assert cast.post("/fhir/", MIXED, "one").status == 200
    assert cast.post("/fhir/", MIXED, "one").status == 429


def test_a_reload_loses_no_bundle(cast):
    body = padded(900000)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(cast.grounds.ask, "/fhir/", cast.token("system/Patient.c"), "POST",
                            [FHIR_JSON], body) for _ in range(24)]
        cast.grounds.house.reload()
        assert {one.result().status for one in sent} == {200}
