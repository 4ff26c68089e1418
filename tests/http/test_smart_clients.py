# SPDX-License-Identifier: Apache-2.0
"""SMART scopes at the gate under other people's hands: HL7's examples of FHIR R4 and the client of
npm (fhirclient), unmodified."""
import json
import time

import pytest
from support.forge import Forge, claims_of
from support.house import House
from support.node import run_node
from test_replay_fhir import FHIR_JSON, TYPES, WITHOUT, sample

ALL = "system/*.cruds"
AT = "/record/"
KINDS = [kind for kind in TYPES if kind not in WITHOUT]
# The example API has rules of its own for these.
OWN_RULES = {"DocumentReference", "Binary"}


class Record:
    """A house with the example FHIR API behind the gate, as `api protect --smart` writes it, and
    tokens with any scopes."""

    def __init__(self, echo_url, fhir_url):
        self.house = House().furnish(echo_url, fhir_url)
        self.house.api("record", ALL)
        self.house.protect("record", AT, fhir_url + "/fhir/", "--smart")
        self.house.api("echo", ALL)
        self.house.protect("echo", "/echo/", echo_url + "/echo/", "--smart")
        clients = {api: self.house.onboard("Portal", api, ALL) for api in ("record", "echo")}
        self.house.start()
        self.forge = Forge(self.house.dir, self.house.realm)
        self.claims = {api: claims_of(self.house.token(one)) for api, one in clients.items()}
        self.count = 0

    def token(self, scope, api="record"):
        self.count += 1
        return self.forge.sign({**self.claims[api], "scope": scope, "jti": f"jti-{self.count}",
                                "exp": int(time.time()) + 3600})

    def ask(self, path, scope, method="GET", **more):
        return self.house.gate(path, self.token(scope), method, FHIR_JSON, **more)


@pytest.fixture(scope="module")
def record(echo_shared, fhir_api):
    made = Record(echo_shared.url, fhir_api.url)
    yield made
    made.house.close()


@pytest.fixture(scope="module")
def examples(node):
    found = {}
    for path in sorted((node / "node_modules" / "hl7.fhir.r4.examples").glob("*-*.json")):
        found.setdefault(path.name.partition("-")[0], []).append(path)
    assert len(found) > 100
    return found


def other_than(kind):
    return "Basic" if kind != "Basic" else "Patient"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in OWN_RULES])
def test_example_is_written_and_read_by_those_whose_scopes_say_so(record, examples, kind):
    body = sample(examples, kind)[0]
    for scope in (f"system/{kind}.ruds", f"system/{kind}.read", f"system/{other_than(kind)}.cruds",
                  f"patient/{kind}.cruds", f"user/{kind}.*", f"system/{kind}.c?_tag=x"):
        assert record.ask(AT + kind, scope, "POST", data=body).status_code == 403
    for scope in (f"system/{kind}.c", f"system/{kind}.write", "system/*.*", ALL):
        made = record.ask(AT + kind, scope, "POST", data=body)
        assert made.status_code == 201, made.text
    place = AT + "/".join(made.headers["Location"].split("/fhir/")[1].split("/")[:2])
    for scope in (f"system/{kind}.r", f"system/{kind}.read", "system/*.rs"):
        assert record.ask(place, scope).json()["resourceType"] == kind
    for scope in (f"system/{kind}.cuds", f"system/{other_than(kind)}.r",
                  f"system/{kind}.rs?_tag=x"):
        assert record.ask(place, scope).status_code == 403


@pytest.mark.parametrize("kind", KINDS)
def test_example_is_an_entry_of_a_transaction(record, echo, examples, kind):
    for body in sample(examples, kind):
        entry = {"request": {"method": "POST", "url": kind}, "resource": json.loads(body)}
        text = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
        for scope, status in ((f"system/{kind}.c", 200), (f"system/{kind}.ruds", 403),
                              (f"system/{other_than(kind)}.cruds", 403)):
            echo.seen.clear()
            # A reference that searches is one more thing that is needed.
            scope += " system/*.s" if "?" in text else ""
            answer = record.house.gate("/echo/", record.token(scope, "echo"), "POST", FHIR_JSON,
                                       data=text.encode())
            assert answer.status_code == status, (scope, answer.text)
            assert len(echo.seen) == (status == 200)


def bundles_to_run(examples):
    """Those of HL7's examples that a server would run."""
    found = []
    for path in examples["Bundle"]:
        if path.stat().st_size < 1024 * 1024:
            body = path.read_bytes()
            if json.loads(body).get("type") in ("batch", "transaction"):
                found.append(body)
    return found


def test_hl7s_own_transactions_are_judged(record, echo, examples):
    bodies = bundles_to_run(examples)
    assert bodies
    for body in bodies:
        answer = record.house.gate("/echo/", record.token("system/Basic.r", "echo"), "POST",
                                   FHIR_JSON, data=body)
        assert answer.status_code == 403, answer.text
        assert not echo.seen
        echo.seen.clear()


CALLS = [("GET", "Patient/1"), ("GET", "Patient?name=x"), ("GET", "Observation/1"),
         ("GET", "Observation?category=laboratory"), ("GET", "Observation?code=x"),
         ("GET", "Patient?_revinclude=Observation:subject"), ("POST", "Patient"),
         ("DELETE", "Patient/1"), ("GET", "Foo/1"), ("GET", "Patient?_unknown=x"),
         ("GET", "metadata"), ("GET", "Patient/1/$everything"), ("POST", "Claim/$send")]


@pytest.mark.parametrize("method, target", CALLS, ids=[" ".join(call) for call in CALLS])
def test_explanation_is_what_the_gate_answers(record, agreed, method, target):
    client, token = agreed
    answer = record.house.gate(AT + target, token, method, FHIR_JSON)
    refused = answer.status_code == 403
    for words, text in ((("--client", client.id), None), (("--token", "-"), token)):
        said = record.house.run("explain", *words, "--api", "record", "--method", method, "--path",
                                AT + target, stdin=text)
        assert said.code == (1 if refused else 0), said.err + said.out
        if refused:
            coding = answer.json()["issue"][0]["details"]["coding"][0]
            assert said.json["reason"] == coding["code"]


@pytest.fixture(scope="module")
def agreed(record):
    """A client that has agreed less than the API has, and its token."""
    client = record.house.onboard("Narrow", "record", ["system/Patient.rs",
                                                       "system/Observation.rs?category=laboratory"])
    return client, record.house.token(client)


def batch(*requests):
    return json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [
        {"request": {"method": method, "url": url}} for method, url in requests]})


BODIES = [
    ("", batch(("GET", "Patient/1"), ("GET", "Observation?category=laboratory")), None),
    ("", batch(("GET", "Patient/1"), ("GET", "Observation/1")),
     "entry 2: this is needed: system/Observation.r"),
    ("", batch(("DELETE", "Patient/1")), "entry 1: this is needed: system/Patient.d"),
    ("", batch(("GET", "Patient/1"), ("GET", "Foo/1"), ("GET", "Patient/2")), "entry 2: Send a"),
    ("", "{}", "Bundle"), ("", "", "Bundle"), ("", " " * 1100000, "fewer entries"),
    ("Observation/_search", "category=laboratory", None),
    ("Observation/_search", "code=x", "system/Observation.s"),
    ("Patient/_search", "_revinclude=Observation:subject", "system/Observation.r"),
    ("Patient", "{}", "system/Patient.c")]


@pytest.mark.parametrize("target, body, told", BODIES, ids=range(len(BODIES)))
def test_explanation_of_a_body_is_what_the_gate_answers(record, agreed, tmp_path, target, body,
                                                        told):
    """It also says which entry of a Bundle is refused."""
    client, token = agreed
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = record.house.gate(AT + target, token, "POST",
                               form if target.endswith("_search") else FHIR_JSON, data=body)
    (tmp_path / "body").write_text(body, encoding="utf-8")
    said = record.house.run("explain", "--client", client.id, "--api", "record", "--method",
                            "POST", "--path", AT + target, "--body", tmp_path / "body")
    assert said.json["let_in"] == (told is None), said.out
    assert said.json["let_in"] == (answer.json().get("issue", [{}])[0].get("details") is None)
    if told is not None:
        assert said.json["reason"] == answer.json()["issue"][0]["details"]["coding"][0]["code"]
        assert told in said.json["steps"][-1]["detail"]


def test_explanation_without_a_path_says_what_is_missing(record, agreed):
    said = record.house.run("explain", "--client", agreed[0].id, "--api", "record")
    assert said.code == 0 and "--path" in said.out


def test_client_of_npm_does_what_its_scopes_say(record, node):
    house = record.house
    patient = {"resourceType": "Patient", "name": [{"family": "Chalmers"}]}
    made = record.ask(AT + "Patient", ALL, "POST", data=json.dumps(patient).encode()).json()
    calls = [
        ["request", f"Patient/{made['id']}"],
        ["request", "Patient?family=Chalmers"],
        ["request", "Patient?family=Chalmers&_revinclude=Provenance:target"],
        ["create", patient],
        ["update", made],
        ["request", f"Observation/{made['id']}"],
        ["request", "metadata"],
    ]

    def statuses(scope):
        question = {"server_url": house.base() + AT.rstrip("/"),
                    "access_token": record.token(scope), "calls": calls}
        answers, error = run_node(node, "fhir_client.mjs", question, house.ca)
        assert error is None, error
        return [403 if "Forbidden" in str(one.get("message")) else "passed" for one in answers]

    assert statuses("system/Patient.rs") == ["passed", "passed", 403, 403, 403, 403, "passed"]
    assert statuses("system/Patient.rs system/Provenance.r") == \
        ["passed", "passed", "passed", 403, 403, 403, "passed"]
    assert statuses("system/Patient.cu") == [403, 403, 403, "passed", "passed", 403, "passed"]
    assert statuses(ALL) == ["passed"] * 7
