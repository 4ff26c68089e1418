# SPDX-License-Identifier: Apache-2.0
"""The example FHIR API by itself: what the gate's tests and the demo rely on."""

import base64
import copy
import hashlib
import http.client
import json
import pathlib
import socket
import subprocess
import sys
import time

import pytest
import requests

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "fhir-api"
FHIR = {"Content-Type": "application/fhir+json"}
START_MAX_S = 10
BODY_MAX_BYTES = 8 * 1024 * 1024
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"


class Api:
    """The program, running on a free port; its files stand in a folder of the test."""

    def __init__(self, folder, *options):
        self.log = folder / "log"
        port_file = folder / "port"
        port_file.unlink(missing_ok=True)
        command = [sys.executable, "-B", str(EXAMPLE / "fhir_api.py"), "--port", "0"]
        command += ["--port-file", str(port_file), "--log", str(self.log), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_MAX_S
        while not port_file.exists():
            assert self.process.poll() is None and time.monotonic() < deadline, "it did not start"
            time.sleep(0.02)
        self.port = int(port_file.read_text())
        self.url = f"http://127.0.0.1:{self.port}/fhir"

    def stop(self):
        self.process.terminate()
        return self.process.wait(START_MAX_S)

    def post(self, resource, kind="DocumentReference", **headers):
        body = json.dumps(resource)
        return requests.post(f"{self.url}/{kind}", body, headers={**FHIR, **headers})

    def log_lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    running = Api(tmp_path_factory.mktemp("api"), "--echo")
    yield running
    running.stop()


@pytest.fixture
def letter():
    return json.loads((EXAMPLE / "discharge-letter.json").read_text("utf-8"))


@pytest.fixture
def stored(api, letter):
    return api.post(letter).json()


def assert_outcome(response, status, code):
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("application/fhir+json")
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert code in [one["code"] for one in outcome["issue"]]
    assert all(one["severity"] == "error" for one in outcome["issue"])


def raw_exchange(api, request):
    """What comes back for these bytes, until the API closes."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while received := connection.recv(65536):
            answer += received
        return answer


# The letter


def test_letter_states_size_and_sha1_of_its_attachment(letter):
    attachment = letter["content"][0]["attachment"]
    data = base64.b64decode(attachment["data"], validate=True)
    assert data == (EXAMPLE / "discharge-letter.txt").read_bytes()
    assert attachment["size"] == len(data)
    assert base64.b64decode(attachment["hash"]) == hashlib.sha1(data).digest()


def test_letter_is_what_make_letter_makes(letter, tmp_path):
    for name in ("make_letter.py", "discharge-letter.txt"):
        (tmp_path / name).write_bytes((EXAMPLE / name).read_bytes())
    subprocess.run([sys.executable, "-B", str(tmp_path / "make_letter.py")], check=True)
    assert json.loads((tmp_path / "discharge-letter.json").read_text("utf-8")) == letter


def test_letter_has_a_test_nhs_number_with_a_true_check_digit(letter):
    digits = letter["subject"]["identifier"]["value"]
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9]))
    assert digits.startswith("999") and len(digits) == 10
    assert (11 - total % 11) % 11 == int(digits[9])


# Create, read, update, delete


def test_create_answers_201_with_location_etag_and_the_resource(api, letter):
    response = api.post(letter)
    assert response.status_code == 201
    body = response.json()
    assert response.headers["ETag"] == 'W/"1"' and body["meta"]["versionId"] == "1"
    assert response.headers["Location"] == f"/fhir/DocumentReference/{body['id']}/_history/1"
    assert response.headers["Last-Modified"].endswith("GMT")
    assert {name: body[name] for name in letter} == letter


def test_read_returns_what_was_created(api, stored):
    response = requests.get(f"{api.url}/DocumentReference/{stored['id']}")
    assert response.status_code == 200 and response.json() == stored
    assert response.headers["ETag"] == 'W/"1"'


def test_read_with_the_current_etag_answers_304_without_a_body(api, stored):
    url = f"{api.url}/DocumentReference/{stored['id']}"
    response = requests.get(url, headers={"If-None-Match": 'W/"1"'})
    assert response.status_code == 304 and response.content == b""
    assert requests.get(url, headers={"If-None-Match": 'W/"2"'}).status_code == 200


def test_update_makes_version_2_and_version_1_stays_readable(api, stored):
    url = f"{api.url}/DocumentReference/{stored['id']}"
    changed = {**stored, "status": "superseded"}
    response = requests.put(url, json.dumps(changed), headers={**FHIR, "If-Match": 'W/"1"'})
    assert response.status_code == 200 and response.headers["ETag"] == 'W/"2"'
    assert requests.get(url).json()["status"] == "superseded"
    assert requests.get(f"{url}/_history/1").json() == stored
    assert_outcome(requests.get(f"{url}/_history/3"), 404, "not-found")


def test_update_of_a_version_no_longer_current_answers_412(api, stored):
    url = f"{api.url}/DocumentReference/{stored['id']}"
    response = requests.put(url, json.dumps(stored), headers={**FHIR, "If-Match": 'W/"7"'})
    assert_outcome(response, 412, "conflict")
    assert requests.get(url).headers["ETag"] == 'W/"1"'


def test_update_creates_what_was_not_there(api, letter):
    url = f"{api.url}/DocumentReference/chosen-by-caller"
    body = json.dumps({**letter, "id": "chosen-by-caller"})
    assert requests.put(url, body, headers=FHIR).status_code == 201
    assert requests.get(url).json()["id"] == "chosen-by-caller"


def test_update_with_another_id_than_the_address_answers_400(api, letter):
    for body in ({**letter, "id": "other"}, letter):
        url = f"{api.url}/DocumentReference/one"
        assert_outcome(requests.put(url, json.dumps(body), headers=FHIR), 400, "value")


def test_deleted_resource_answers_410_and_an_update_brings_it_back(api, stored):
    url = f"{api.url}/DocumentReference/{stored['id']}"
    assert requests.delete(url).status_code == 204
    assert_outcome(requests.get(url), 410, "deleted")
    assert requests.delete(url).status_code == 204
    assert requests.put(url, json.dumps(stored), headers=FHIR).status_code == 201
    assert requests.get(url).json()["meta"]["versionId"] == "3"


def test_head_answers_as_get_without_a_body(api, stored):
    url = f"{api.url}/DocumentReference/{stored['id']}"
    got, head = requests.get(url), requests.head(url)
    assert head.status_code == 200 and head.content == b""
    assert head.headers["Content-Length"] == str(len(got.content))
    assert head.headers["ETag"] == got.headers["ETag"]


# Validation


def changed(letter, path, value):
    """A copy of the letter with one element set, or with value None, removed."""
    copied = copy.deepcopy(letter)
    *way, last = path
    place = copied
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copied


ATTACHMENT = ("content", 0, "attachment")
NOT_R4 = [
    ("another resource type", ("resourceType",), "Patient", "invalid"),
    ("no status", ("status",), None, "required"),
    ("a status of another resource", ("status",), "active", "value"),
    ("no content", ("content",), None, "required"),
    ("empty content", ("content",), [], "structure"),
    ("content that is no list", ("content",), {"attachment": {"url": "x"}}, "structure"),
    ("content without attachment", ("content", 0), {"format": {"code": "x"}}, "required"),
    ("an unknown element", ("patient",), {"reference": "Patient/1"}, "structure"),
    ("an unknown element deep down", (*ATTACHMENT, "mime"), "text/plain", "structure"),
    ("data that is no base64", (*ATTACHMENT, "data"), "SGVsbG8", "value"),
    ("a negative size", (*ATTACHMENT, "size"), -1, "value"),
    ("a type that is text", ("type",), "letter", "structure"),
    ("a subject that points nowhere", ("subject",), {"type": "Patient"}, "required"),
    ("a subject of a wrong type", ("subject",), {"reference": "Organization/1"}, "value"),
    ("one author not in a list", ("author",), {"display": "A"}, "structure"),
    ("a custodian that is a person", ("custodian",), {"reference": "Practitioner/1"}, "value"),
    ("a date without zone", ("date",), "2026-11-06T14:25:00", "value"),
    ("a day that is in no calendar", ("date",), "2026-02-30T14:25:00Z", "value"),
    ("a null", ("description",), [None], "value"),
]
NOT_OURS = [
    ("no content type", (*ATTACHMENT, "contentType"), None),
    ("no data and no url", (*ATTACHMENT, "data"), None),
    ("a size that is not that of the data", (*ATTACHMENT, "size"), 5),
    ("a hash of other data", (*ATTACHMENT, "hash"), base64.b64encode(bytes(20)).decode()),
    ("a wrong check digit", ("subject", "identifier", "value"), "9990123455"),
    ("ten equal digits", ("subject", "identifier", "value"), "9999999999"),
]


@pytest.mark.parametrize("path, value, code", [pytest.param(*row[1:], id=row[0]) for row in NOT_R4])
def test_create_refuses_what_is_not_r4(api, letter, path, value, code):
    assert_outcome(api.post(changed(letter, path, value)), 400, code)


@pytest.mark.parametrize("path, value", [pytest.param(*row[1:], id=row[0]) for row in NOT_OURS])
def test_create_refuses_what_breaks_its_own_rules(api, letter, path, value):
    assert_outcome(api.post(changed(letter, path, value)), 422, "business-rule")


def test_create_names_the_element_that_is_wrong(api, letter):
    issues = api.post(changed(letter, (*ATTACHMENT, "size"), "many")).json()["issue"]
    assert issues[0]["expression"] == ["DocumentReference.content[0].attachment.size"]


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":1e999}', b"\xff{}",
    b'{"a":"\\ud800"}', b"[" * 100000,
])
def test_create_refuses_what_is_not_a_json_object(api, body):
    response = requests.post(f"{api.url}/DocumentReference", body, headers=FHIR)
    assert_outcome(response, 400, "structure")


@pytest.mark.parametrize("content_type", [
    None, "text/plain", "application/fhir+xml", "application/fhir+json; charset=iso-8859-1",
])
def test_create_refuses_other_content_types(api, letter, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    body = json.dumps(letter).encode()
    assert_outcome(requests.post(f"{api.url}/DocumentReference", body, headers=headers), 415,
                   "not-supported")


@pytest.mark.parametrize("content_type", [
    "application/json", "Application/FHIR+JSON; charset=UTF-8",
    "application/fhir+json; fhirVersion=4.0",
])
def test_create_accepts_the_spellings_of_json(api, letter, content_type):
    assert api.post(letter, **{"Content-Type": content_type}).status_code == 201


# Search


def test_search_finds_by_id_patient_and_identifier_and_nothing_else(api, letter):
    other = {**letter, "subject": {"reference": "Patient/search-1"}}
    mine, theirs = api.post(letter).json()["id"], api.post(other).json()["id"]
    rows = [
        ({"_id": mine}, {mine}, {theirs}),
        ({"patient": "search-1"}, {theirs}, {mine}),
        ({"patient": "Patient/search-1"}, {theirs}, {mine}),
        ({"patient.identifier": f"{NHS_NUMBER}|9990123454"}, {mine}, {theirs}),
        ({"patient.identifier": "9990123454"}, {mine}, {theirs}),
        ({"patient.identifier": "urn:other|9990123454"}, set(), {mine, theirs}),
        ({"_id": mine, "patient": "search-1"}, set(), {mine, theirs}),
        ({"_id": f"{mine},{theirs}"}, {mine, theirs}, set()),
    ]
    for query, there, absent in rows:
        bundle = requests.get(f"{api.url}/DocumentReference", query).json()
        found = {entry["resource"]["id"] for entry in bundle.get("entry", [])}
        assert bundle["type"] == "searchset" and bundle["total"] == len(found)
        assert there <= found and not absent & found, query


def test_search_by_form_finds_the_same(api, stored):
    response = requests.post(f"{api.url}/DocumentReference/_search", {"_id": stored["id"]})
    assert [entry["resource"] for entry in response.json()["entry"]] == [stored]


def test_search_leaves_out_what_is_deleted(api, stored):
    requests.delete(f"{api.url}/DocumentReference/{stored['id']}")
    bundle = requests.get(f"{api.url}/DocumentReference", {"_id": stored["id"]}).json()
    assert bundle["total"] == 0 and "entry" not in bundle


def test_search_refuses_a_parameter_it_would_have_to_ignore(api):
    response = requests.get(f"{api.url}/DocumentReference", {"author": "x"})
    assert_outcome(response, 400, "not-supported")


# Binary


def test_binary_sent_raw_comes_back_raw_and_as_fhir(api):
    data = bytes(range(256))
    response = requests.post(f"{api.url}/Binary", data, headers={"Content-Type": "application/pdf"})
    assert response.status_code == 201
    url = f"{api.url}/Binary/{response.json()['id']}"
    raw = requests.get(url)
    assert raw.content == data and raw.headers["Content-Type"] == "application/pdf"
    as_fhir = requests.get(url, headers={"Accept": "application/fhir+json"}).json()
    assert as_fhir["resourceType"] == "Binary" and as_fhir["contentType"] == "application/pdf"
    assert base64.b64decode(as_fhir["data"]) == data


def test_binary_sent_as_fhir_comes_back_raw(api):
    resource = {"resourceType": "Binary", "contentType": "text/plain", "data": "SGVsbG8="}
    response = api.post(resource, "Binary")
    assert response.status_code == 201
    raw = requests.get(f"{api.url}/Binary/{response.json()['id']}")
    assert raw.content == b"Hello" and raw.headers["Content-Type"] == "text/plain"
    assert raw.headers["X-Content-Type-Options"] == "nosniff"


def test_binary_cannot_smuggle_a_header_through_its_content_type(api):
    resource = {"resourceType": "Binary", "contentType": "text/plain\r\nX-Evil: 1", "data": "SGVs"}
    response = api.post(resource, "Binary")
    assert_outcome(response, 400, "value")


# Addresses, methods, framing


def test_metadata_is_an_r4_capability_statement_with_oauth(api):
    statement = requests.get(f"{api.url}/metadata").json()
    assert statement["resourceType"] == "CapabilityStatement"
    assert statement["fhirVersion"] == "4.0.1"
    rest = statement["rest"][0]
    codes = [service["coding"][0]["code"] for service in rest["security"]["service"]]
    assert codes == ["OAuth", "SMART-on-FHIR"]
    assert [one["type"] for one in rest["resource"]] == ["Binary", "DocumentReference"]


@pytest.mark.parametrize("path", [
    "/", "/fhir", "/fhir/", "/fhir/DocumentReference/", "/fhir/DocumentReference/none",
    "/fhir/DocumentReference/%6eone", "/fhir/DocumentReference%2Fx", "/fhir/Patient",
    "/fhir/DocumentReference/a/b", "/fhir/documentreference", "/other/DocumentReference/x",
])
def test_unknown_address_answers_404(api, path):
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    outcome = json.loads(response.read())
    assert response.status == 404 and outcome["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("key", [".", "..", "..."])
def test_id_of_dots_is_no_way_out_of_the_folder(api, letter, key):
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    body = json.dumps({**letter, "id": key})
    connection.request("PUT", f"/fhir/DocumentReference/{key}", body, FHIR)
    assert connection.getresponse().status == 404


@pytest.mark.parametrize("method, path, allow", [
    ("DELETE", "DocumentReference", "GET, POST, HEAD"),
    ("POST", "DocumentReference/1", "GET, PUT, DELETE, HEAD"),
    ("PATCH", "DocumentReference/1", "GET, PUT, DELETE, HEAD"),
    ("OPTIONS", "metadata", "GET, HEAD"),
    ("PUT", "DocumentReference/1/_history/1", "GET, HEAD"),
])
def test_wrong_method_answers_405_and_says_what_is_allowed(api, method, path, allow):
    response = requests.request(method, f"{api.url}/{path}")
    assert_outcome(response, 405, "not-supported")
    assert response.headers["Allow"] == allow


def test_unknown_method_answers_501_as_an_operation_outcome(api):
    assert_outcome(requests.request("BREW", f"{api.url}/metadata"), 501, "not-supported")


def test_body_of_8_mib_is_taken_and_one_byte_more_answers_413(api):
    url, headers = f"{api.url}/Binary", {"Content-Type": "application/octet-stream"}
    assert requests.post(url, bytes(BODY_MAX_BYTES), headers=headers).status_code == 201
    over = bytes(BODY_MAX_BYTES + 1)
    assert_outcome(requests.post(url, over, headers=headers), 413, "too-long")
    assert_outcome(requests.post(url, iter([over]), headers=headers), 413, "too-long")


def test_chunked_body_is_read_whole_and_the_connection_stays_usable(api, letter):
    text = json.dumps(letter).encode()
    pieces = [text[start:start + 700] for start in range(0, len(text), 700)]
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    connection.request("POST", "/fhir/DocumentReference", iter(pieces), FHIR, encode_chunked=True)
    response = connection.getresponse()
    created = json.loads(response.read())
    assert response.status == 201 and created["content"] == letter["content"]
    kept = connection.sock
    connection.request("GET", f"/fhir/DocumentReference/{created['id']}")
    assert json.loads(connection.getresponse().read()) == created
    assert connection.sock is kept


@pytest.mark.parametrize("framing, body", [
    (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    (b"Content-Length: 5\r\nContent-Length: 5\r\n", b"Hello"),
    (b"Content-Length: +5\r\n", b"Hello"),
    (b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\n", b"5 x\r\nHello\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\n", b"4\r\nHello\r\n0\r\n\r\n"),
    (b"no colon here\r\nContent-Length: 5\r\n", b"Hello"),
])
def test_ambiguous_framing_answers_400_and_closes(api, framing, body):
    head = b"POST /fhir/Binary HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
    answer = raw_exchange(api, head + framing + b"\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"Connection: close" in answer
    assert answer.count(b"HTTP/1.1 ") == 1


# Who called


CALLER = {
    "Caregate-Client-Id": "client-1",
    "Caregate-Organisation": "ZZ901",
    "Caregate-Subject": "client-1",
    "Caregate-Scope": "documents:write",
    "Caregate-Token-Id": "token-1",
}


def test_log_says_who_created_what(api, letter):
    created = api.post(letter, **CALLER, **{"X-Request-ID": "request-1"}).json()
    line = api.log_lines()[-1]
    assert line["target"] == f"DocumentReference/{created['id']}/_history/1"
    assert (line["activity"], line["outcome"], line["request"]) == ("POST", 201, "request-1")
    assert line["agent"] == {"client": "client-1", "organisation": "ZZ901", "subject": "client-1",
                             "scope": "documents:write", "token": "token-1"}


def test_log_holds_no_nhs_number(api, stored):
    requests.get(f"{api.url}/DocumentReference", {"patient.identifier": "9990123454"})
    assert api.log_lines()[-1]["target"] == "DocumentReference"
    assert "9990123454" not in api.log.read_text()


def test_log_gives_an_unreadable_request_to_nobody(api):
    first = b"GET /fhir/metadata HTTP/1.1\r\nHost: a\r\nCaregate-Client-Id: client-1\r\n\r\n"
    raw_exchange(api, first + b"NONSENSE\r\n\r\n")
    known, unknown = api.log_lines()[-2:]
    assert known["agent"]["client"] == "client-1"
    assert unknown["outcome"] == 400 and unknown["agent"]["client"] is None


def test_who_echoes_every_header_in_order_with_repeats(api):
    request = (b"GET /fhir/$who?q=1 HTTP/1.1\r\nHost: a\r\nCaregate-Client-Id: one\r\n"
               b"caregate-client-id: two\r\nCaregate_Scope: x\r\nConnection: close\r\n\r\n")
    body = json.loads(raw_exchange(api, request).partition(b"\r\n\r\n")[2])
    assert body["headers"] == [["Host", "a"], ["Caregate-Client-Id", "one"],
                               ["caregate-client-id", "two"], ["Caregate_Scope", "x"],
                               ["Connection", "close"]]
    assert body["query"] == "q=1"


# Options


def test_who_is_not_served_without_echo(tmp_path):
    running = Api(tmp_path)
    try:
        assert_outcome(requests.get(f"{running.url}/$who"), 404, "not-supported")
    finally:
        running.stop()


def test_folder_keeps_versions_and_deletions_over_a_restart(tmp_path, letter):
    running = Api(tmp_path, "--folder", str(tmp_path / "kept"))
    kept, gone = running.post(letter).json(), running.post(letter).json()
    requests.delete(f"{running.url}/DocumentReference/{gone['id']}")
    assert running.stop() == 0
    running = Api(tmp_path, "--folder", str(tmp_path / "kept"))
    try:
        assert requests.get(f"{running.url}/DocumentReference/{kept['id']}").json() == kept
        assert requests.get(f"{running.url}/DocumentReference/{gone['id']}").status_code == 410
        old = requests.get(f"{running.url}/DocumentReference/{gone['id']}/_history/1")
        assert old.json() == gone
    finally:
        running.stop()


def test_any_resource_keeps_the_types_of_r4_and_no_others(tmp_path):
    running = Api(tmp_path, "--any-resource", "--base-url", "https://gate.example/fhir/")
    try:
        patient = {"resourceType": "Patient", "id": "p1", "anything": "goes"}
        created = running.post(patient, "Patient")
        place = created.headers["Location"]
        assert created.status_code == 201 and place.startswith("https://gate.example/fhir/Patient/")
        bundle = requests.get(f"{running.url}/Patient").json()
        assert bundle["entry"][0]["fullUrl"] == place.partition("/_history")[0]
        assert_outcome(running.post({"resourceType": "Foo"}, "Foo"), 404, "not-supported")
        assert_outcome(running.post(patient, "Observation"), 400, "invalid")
    finally:
        running.stop()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_it_refuses_to_listen_beyond_loopback(host):
    command = [sys.executable, "-B", str(EXAMPLE / "fhir_api.py"), "--port", "0", "--host", host]
    done = subprocess.run(command, capture_output=True, text=True, timeout=START_MAX_S)
    assert done.returncode == 2 and "loopback" in done.stderr
