# SPDX-License-Identifier: Apache-2.0
"""Rich authorisation (RFC 9396): agreements narrowed to document types and organisations, what a
client may ask of them, and what the API behind is told."""
import json

import pytest
from support.form import claims

SNOMED = "http://snomed.info/sct|"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code|"
PLAN, SUMMARY, NEWS = (SNOMED + code for code in ("736253002", "861421000000109",
                                                  "1363501000000100"))
RESULTS = "https://care.example/results"
DOCUMENTS = "https://care.example/documents"
HEADER = "Caregate-Authorization-Details"
NARROWING = ("--type", "736253002", "--type", "861421000000109", "--organisation", "RX809",
             "--organisation", "Y51")
GRANTED = {"type": "caregate_documents", "locations": [RESULTS],
           "actions": ["results.read", "results.write"], "document_types": [PLAN, SUMMARY],
           "organisations": [ODS + "RX809", ODS + "Y51"]}


@pytest.fixture(scope="module")
def client(house):
    """Narrowed at /results/, not at /fhir/."""
    made = house.onboard("Locator", "results", "results.read results.write", agreement=NARROWING)
    return house.onboard("Locator", "documents", "documents.read", client=made)


@pytest.fixture(scope="module")
def plain(house):
    return house.onboard("Plain", "results", "results.read results.write")


def wish(**members):
    return {"type": "caregate_documents", "locations": [RESULTS], **members}


def ask(house, client, details, **more):
    text = details if isinstance(details, str) else json.dumps(details)
    return house.token_response(client, authorization_details=text, **more)


def sent(answer, name=HEADER):
    """The values of a header at the API behind."""
    assert answer.status_code == 200, answer.text
    return [value for sent_name, value in answer.json()["headers"]
            if sent_name.lower().replace("_", "-") == name.lower()]


def test_answer_token_and_api_say_alike_what_is_agreed(house, client):
    answer = house.token_response(client)
    token = answer.json()["access_token"]
    assert answer.json()["authorization_details"] == [GRANTED]
    assert claims(token)["authorization_details"] == [GRANTED]
    assert sorted(answer.json()["scope"].split()) == ["documents.read", *GRANTED["actions"]]
    for _ in range(2):  # the second from the gate's cache
        values = sent(house.gate("/results/1", token))
        assert [json.loads(value) for value in values] == [[GRANTED]]
        assert values[0].isascii() and values[0].isprintable() and " " not in values[0]


def test_token_of_plain_agreements_has_no_details(house, client, plain):
    answer = house.token_response(plain)
    assert "authorization_details" not in answer.json()
    assert "authorization_details" not in claims(answer.json()["access_token"])
    assert sent(house.gate("/results/1", answer.json()["access_token"])) == []
    assert "authorization_details" not in house.token_response(client, "documents.read").json()


def test_client_gets_the_part_that_it_asks_for(house, client):
    wanted = wish(actions=["results.read"], document_types=[SUMMARY], organisations=[ODS + "Y51"])
    answer = ask(house, client, [wanted])
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == "results.read"
    assert answer.json()["authorization_details"] == [wanted]
    token = answer.json()["access_token"]
    assert claims(token)["aud"] == [RESULTS]
    assert json.loads(sent(house.gate("/results/1", token))[0]) == [wanted]
    assert house.gate("/fhir/Patient", token).status_code == 403


@pytest.mark.parametrize("more, scope", [
    ({"scope": "results.write"}, "results.write"),
    ({"resource": RESULTS}, "results.read results.write"),
    ({"resource": [RESULTS, DOCUMENTS]}, "results.read results.write"),
    ({"scope": "results.read documents.read", "resource": RESULTS}, "results.read"),
], ids=["scope", "resource", "resources", "both"])
def test_scope_and_resource_hold_beside_details(house, client, more, scope):
    answer = ask(house, client, [wish(document_types=[PLAN])], **more)
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == scope
    assert answer.json()["authorization_details"] == [
        {**GRANTED, "actions": scope.split(), "document_types": [PLAN]}]


@pytest.mark.parametrize("more, error", [
    ({"scope": "documents.read"}, "invalid_scope"),
    ({"resource": DOCUMENTS}, "invalid_authorization_details"),
    ({"resource": "https://care.example/none"}, "invalid_target"),
], ids=["scope", "resource", "unknown resource"])
def test_details_open_nothing_that_scope_or_resource_leave_out(house, client, more, error):
    answer = ask(house, client, [wish()], **more)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("members, hint", [
    ({"document_types": [NEWS]}, "ask in document_types only"),
    ({"document_types": [PLAN, NEWS]}, "ask in document_types only"),
    ({"organisations": [ODS + "RYG"]}, "ask in organisations only"),
    ({"actions": ["results.read", "documents.read"]}, "ask in actions only"),
    ({"actions": ["letters.send"]}, "ask in actions only"),
    ({"locations": ["https://care.example/letters"]}, "name in locations only"),
    ({"locations": [RESULTS, "https://care.example/letters"]}, "name in locations only"),
    ({"locations": [RESULTS + "/"]}, "name in locations only"),
], ids=["type", "one type", "organisation", "scope of another API", "scope not agreed", "API",
        "one API", "almost the API"])
def test_what_goes_beyond_the_agreement_is_refused(house, client, members, hint):
    for details in ([wish(**members)], [wish(), wish(**members)]):
        answer = ask(house, client, details)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_authorization_details"
        assert hint in answer.json()["error_description"]
        assert "access_token" not in answer.json()


TEXT = json.dumps(wish())


@pytest.mark.parametrize("details", [
    "x", "{", "[", "null", "true", '"caregate_documents"', TEXT, "[]", "[[]]", "[null]", "[{}]",
    f"[{TEXT}][]", f"[{TEXT},]",
    [{"type": "payment_initiation", "locations": [RESULTS]}],
    [{"type": "caregate_documents"}], [{"locations": [RESULTS]}],
    [{"type": ["caregate_documents"], "locations": [RESULTS]}],
    [wish(datatypes=["x"])], [wish(privileges=["admin"])], [wish(identifier="x")],
    [wish(locations=RESULTS)], [wish(locations=[])], [wish(actions=[])], [wish(actions=None)],
    [wish(actions=["results.read", "results.read"])],
    [wish(actions=["results.read results.write"])],
    [wish(document_types=["736253002"])], [wish(document_types=[SNOMED + "736253003"])],
    [wish(document_types=[{"code": "736253002"}])], [wish(organisations=["RX809"])],
    [wish(organisations=[ODS + "rx809"])], [wish(organisations=[ODS + "RX809\r\nX-A: 1"])],
    f'[{TEXT[:-1]}, "actions": ["results.read"], "actions": ["results.write"]}}]',
    f'[{TEXT[:-1]}, "type": "caregate_documents"}}]',
    "[" * 17 + "]" * 17, "[" * 1200 + "]" * 1200, '[{"type":' * 300,
    [wish()] * 33, [wish(organisations=[f"{ODS}A{number:02}" for number in range(33)])],
    "[" + " " * 4096 + TEXT + "]",
], ids=lambda value: (value if isinstance(value, str) else json.dumps(value))[:40])
def test_malformed_details_are_refused(house, client, details):
    answer = ask(house, client, details)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "invalid_authorization_details"
    assert answer.headers["Cache-Control"] == "no-store"


def test_details_may_be_sent_once_and_left_empty(house, client):
    answer = house.token_response(client, authorization_details=[f"[{TEXT}]", f"[{TEXT}]"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "authorization_details is repeated" in answer.json()["error_description"]
    assert ask(house, client, "").json()["authorization_details"] == [GRANTED]


def test_details_need_a_proven_client(house, client):
    stranger = client._replace(secret="cgs_" + "x" * 49)
    for details in ("[", [wish(document_types=[NEWS])], [wish()]):
        assert ask(house, stranger, details).json()["error"] == "invalid_client"


@pytest.mark.parametrize("name", [HEADER, HEADER.lower(), HEADER.replace("-", "_"),
                                  HEADER.replace("-", "."), HEADER.upper()])
def test_smuggled_details_never_reach_an_api(house, client, plain, name):
    lie = {name: '[{"type":"caregate_documents","locations":["*"]}]'}
    assert sent(house.gate("/results/1", house.token(plain), headers=lie)) == []
    told = sent(house.gate("/results/1", house.token(client), headers=lie))
    assert [json.loads(value) for value in told] == [[GRANTED]]


@pytest.mark.parametrize("resource", [
    "results", "/results", "//care.example/results", RESULTS + "#part", RESULTS + "#",
    "https://care.example/re sults", "https://care.example/\x7f", "https://care.example/%2",
    "https://care.example/\u00e9", ":", "#",
])
def test_resource_is_an_absolute_uri_without_fragment(house, client, resource):
    """RFC 8707 §2."""
    answer = house.token_response(client, resource=resource)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] in ("invalid_target", "invalid_request")
    if resource.isprintable() and resource.isascii():
        assert answer.json()["error"] == "invalid_target"
        assert "absolute URI without a fragment" in answer.json()["error_description"]


def test_several_resources_give_a_token_for_all_of_them(house, client):
    """RFC 8707 §2, and one that is not agreed spoils the request."""
    token = house.token(client, resource=[RESULTS, DOCUMENTS])
    assert sorted(claims(token)["aud"]) == [DOCUMENTS, RESULTS]
    assert claims(house.token(client, resource=DOCUMENTS))["aud"] == [DOCUMENTS]
    answer = house.token_response(client, resource=[RESULTS, "https://care.example/letters"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")


def test_metadata_names_the_type(house):
    """RFC 9396 §10."""
    found = house.request("GET", f"{house.realm}/.well-known/oauth-authorization-server").json()
    assert found["authorization_details_types_supported"] == ["caregate_documents"]


def test_explain_tells_what_is_narrowed(house, client, tmp_path):
    explained = house.cli("explain", "--client", client.id, "--api", "results")
    details = [step.get("detail") for step in explained["steps"]]
    assert "document types 736253002 861421000000109; organisations RX809 Y51" in details
    path = tmp_path / "token"
    path.write_text(house.token(client), encoding="utf-8")
    explained = house.cli("explain", "--token", path, "--api", "results")
    assert explained["let_in"] is True
    assert [GRANTED] in [json.loads(step["detail"]) for step in explained["steps"]
                         if step.get("detail", "").startswith("[")]


def test_audit_tells_of_the_narrowing_by_ids_alone(house, client):
    token_id = claims(house.token(client))["jti"]
    records = [one for one in house.cli("audit", "list", "--kind", "token_issued")
               if one["token_id"] == token_id]
    assert [one["detail"] for one in records] == [f"narrowed: {client.agreements[0]}"]


@pytest.mark.parametrize("options, says", [
    (["--type", "736253003"], "SNOMED CT codes"), (["--type", "1"], "SNOMED CT codes"),
    (["--type", "736253002", "--type", "736253002"], "SNOMED CT codes"),
    (["--organisation", "rx809"], "ODS codes"),
])
def test_agreement_with_a_wrong_code_is_not_requested(house, client, options, says):
    refused = house.cli("agreement", "request", "--client", client.id, "--api", "results",
                        "--scope", "results.read", "--purpose", "direct_care", *options, ok=False)
    assert refused.code == 1 and says in refused.err


def test_agreement_stays_narrowed_as_it_was_requested(house, client):
    shown = house.cli("agreement", "show", client.agreements[0])
    assert shown["document_types"] == ["736253002", "861421000000109"]
    assert shown["organisations"] == ["RX809", "Y51"]
    listed = {one["agreement_id"]: one for one in house.cli("agreement", "list")}
    assert listed[client.agreements[0]] == shown
    assert listed[client.agreements[1]]["document_types"] is None
