# SPDX-License-Identifier: Apache-2.0
"""HL7's own examples of FHIR R4 (npm hl7.fhir.r4.examples), sent through the gate."""
import hashlib
import json
import pathlib

import pytest

from support.form import claims

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = [line for line in (ROOT / "examples" / "fhir-api" / "r4-types.txt").read_text().split("\n")
         if line and not line.startswith("#")]
# HL7 gives no example of these.
WITHOUT = {"Parameters", "SubstanceNucleicAcid", "SubstancePolymer", "SubstanceProtein",
           "SubstanceReferenceInformation", "SubstanceSourceMaterial"}
FHIR_JSON = {"Content-Type": "application/fhir+json"}
A_TYPE = 2
SAMPLE_MAX_BYTES = 512 * 1024
BIG_FROM_BYTES, BIG_MAX_BYTES = 1024 * 1024, 8 * 1024 * 1024


@pytest.fixture(scope="module")
def examples(node):
    """Every example by type, the same order on every machine."""
    found = {}
    folder = node / "node_modules" / "hl7.fhir.r4.examples"
    for path in sorted(folder.glob("*-*.json")):
        found.setdefault(path.name.partition("-")[0], []).append(path)
    assert len(found) > 100, folder
    return found


@pytest.fixture(scope="module")
def token(house):
    return house.token(house.onboard("Replay", ["documents", "results"],
                                     ["documents.read documents.write", "results.write"]))


def sample(examples, kind):
    small = [path for path in examples[kind] if path.stat().st_size <= SAMPLE_MAX_BYTES]
    return [path.read_bytes() for path in small[:A_TYPE]]


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind not in WITHOUT])
def test_example_arrives_byte_for_byte(house, echo, token, examples, kind):
    bodies = sample(examples, kind)
    assert bodies
    for body in bodies:
        answer = house.gate(f"/results/{kind}", token, "POST", FHIR_JSON, data=body)
        assert answer.status_code == 200, answer.text
        seen = answer.json()
        assert seen["sha256"] == hashlib.sha256(body).hexdigest()
        assert seen["path"] == f"/results/{kind}"
        assert dict(seen["headers"])["Content-Type"] == "application/fhir+json"
        assert "Authorization" not in dict(seen["headers"])


# The example API has rules of its own for DocumentReference and Binary.
@pytest.mark.parametrize("kind", [kind for kind in TYPES
                                  if kind not in WITHOUT | {"DocumentReference", "Binary"}])
def test_example_is_contributed_and_read_back_through_the_gate(house, token, examples, kind):
    sent = json.loads(sample(examples, kind)[0])
    made = house.gate(f"/fhir/{kind}", token, "POST", FHIR_JSON, data=json.dumps(sent).encode())
    assert made.status_code == 201, made.text
    place = "/fhir/" + "/".join(made.headers["Location"].split("/fhir/")[1].split("/")[:2])
    read = house.gate(place, token)
    assert read.status_code == 200
    assert read.headers["Content-Type"].startswith("application/fhir+json")
    got = read.json()
    for resource in (sent, got):
        resource.pop("id", None)
        resource.pop("meta", None)
    assert got == sent
    assert house.gate(place).status_code == 401


@pytest.mark.parametrize("chunked", [False, True], ids=["by-length", "chunked"])
def test_large_example_arrives_byte_for_byte(house, echo, token, examples, chunked):
    sizes = [(path.stat().st_size, path) for path in examples["Bundle"]]
    body = min(pair for pair in sizes if BIG_FROM_BYTES <= pair[0] <= BIG_MAX_BYTES)[1].read_bytes()
    data = (body[at:at + 60000] for at in range(0, len(body), 60000)) if chunked else body
    answer = house.gate("/results/Bundle", token, "POST", FHIR_JSON, data=data)
    assert answer.status_code == 200, answer.text
    assert answer.json()["sha256"] == hashlib.sha256(body).hexdigest()


def test_large_example_without_a_token_is_refused_and_does_not_arrive(house, echo, examples):
    body = max(examples["Binary"], key=lambda path: path.stat().st_size).read_bytes()
    assert house.gate("/results/Binary", None, "POST", FHIR_JSON, data=body).status_code == 401
    assert echo.seen == []


def test_discharge_letter_is_contributed_and_read_back(house, token):
    letter = (ROOT / "examples" / "fhir-api" / "discharge-letter.json").read_bytes()
    made = house.gate("/fhir/DocumentReference", token, "POST", FHIR_JSON, data=letter)
    assert made.status_code == 201, made.text
    place = "/fhir/DocumentReference/" + made.json()["id"]
    got = house.gate(place, token).json()
    assert got["content"] == json.loads(letter)["content"]


def test_api_learns_who_called_from_the_gate_alone(house, token):
    answer = house.gate("/fhir/$who", token, headers={"Caregate-Client-Id": "somebody-else"})
    assert answer.status_code == 200, answer.text
    assert claims(token)["client_id"] in answer.text
    assert "somebody-else" not in answer.text
