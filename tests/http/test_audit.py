# SPDX-License-Identifier: Apache-2.0
"""The audit by the command line: what is in it, that it proves itself, that it goes on after a
prune."""
import base64
import hashlib
import json
import re
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from jwcrypto.jwk import JWK

from support.form import claims
from support.house import House
from support.store import change, gather
from support.wait import wait_until

SECRETS = re.compile(r"cgs_[A-Za-z0-9_-]{20}|eyJ[A-Za-z0-9_-]{10}|PRIVATE KEY")
FAR = "2099-01-01"


@pytest.fixture(scope="module")
def told(echo_shared, fhir_api):
    """A house with a day's work behind it, stopped; `client`, `token` and `refused` say what."""
    house = House()
    try:
        house.furnish(echo_shared.url, fhir_api.url).start()
        house.client = house.onboard("Audited", "results", "results.read")
        house.refused = house.token_response(house.client, "never.heard").headers["X-Request-ID"]
        house.token_response(house.client._replace(secret="wrong"))
        house.access = claims(house.token(house.client))
        house.gate("/results/1", house.token(house.client))
        house.gate("/results/9434765919?nhs=9434765919")
        house.gate("/letters/1", house.token(house.client))
        house.cli("token", "revoke", "--jti", house.access["jti"])
        house.cli("agreement", "withdraw", house.client.agreements[0], "--by", "Dr A. Example",
                  "--why", "over")
        house.cli("client", "suspend", house.client.id)
        house.cli("key", "rotate", "--now")
        wait_until(lambda: {"access_refused"} <= {row["kind"] for row in
                                                  house.cli("audit", "list")},
                   10, "the gate's refusals in the audit")
        house.stop()
        yield house
    finally:
        house.close()


@pytest.fixture()
def tampered(told):
    """Its audit, open to a hand with SQLite; put back as it was afterwards."""
    path = told.dir / "audit.db"
    gather(path)
    kept = path.read_bytes()
    yield path
    for name in ("audit.db-wal", "audit.db-shm"):
        (told.dir / name).unlink(missing_ok=True)
    path.write_bytes(kept)


def rows(house, *words):
    return house.cli("audit", "list", *words)


def test_every_step_of_the_main_job_is_in_the_audit(told):
    kinds = [row["kind"] for row in rows(told)]
    for kind in ("store_created", "realm_added", "key_created", "organisation_added", "api_added",
                 "client_added", "secret_issued", "agreement_requested", "agreement_approved",
                 "process_started", "token_issued", "token_refused", "access_refused",
                 "token_revoked", "agreement_withdrawn", "client_suspended"):
        assert kind in kinds, kind


def test_issued_token_is_recorded_with_who_what_and_whence(told):
    row = next(row for row in rows(told, "--kind", "token_issued")
               if row["token_id"] == told.access["jti"])
    assert row["client_id"] == row["actor"] == told.client.id
    assert row["organisation"] == "RX809"
    assert row["api"] == "results"
    assert row["agreement"] == told.client.agreements[0]
    assert row["realm"] == told.realm
    assert row["address"] == "127.0.0.1"
    assert re.fullmatch(r"[0-9a-f]{32}", row["request_id"])
    assert abs(row["time"] - told.access["iat"]) <= 1
    assert row["number"] >= 1 and row["writer"]


def test_refusal_is_recorded_with_its_reason_and_request(told):
    refused = {row.get("request_id"): row for row in rows(told, "--kind", "token_refused")}
    assert refused[told.refused]["reason"] == "scope_not_agreed"
    assert "client_authentication_failed" in {row["reason"] for row in refused.values()}
    access = rows(told, "--kind", "access_refused")
    assert {"token_missing", "api_not_agreed"} <= {row["reason"] for row in access}


def test_a_record_leaves_out_what_is_not_known(told):
    """Who sent no token is nobody: not somebody without a name."""
    row = next(row for row in rows(told, "--kind", "access_refused")
               if row["reason"] == "token_missing")
    assert not {"client_id", "organisation", "token_id", "agreement"} & set(row)
    assert all(row.values())


def test_audit_tells_what_the_public_answer_does_not(told):
    row = next(row for row in rows(told, "--kind", "token_refused")
               if row["reason"] == "client_authentication_failed")
    assert row["detail"] == "wrong, revoked or expired secret"


def test_person_who_decided_is_named(told):
    row = rows(told, "--kind", "agreement_withdrawn")[0]
    assert "Dr A. Example" in json.dumps(row)
    assert row["agreement"] == told.client.agreements[0]


def test_audit_holds_no_secret_no_token_and_no_patient(told):
    text = told.cli("audit", "export", json=False)
    assert not SECRETS.search(text)
    assert "9434765919" not in text
    assert told.client.secret not in text


@pytest.mark.parametrize("words, holds", [
    pytest.param(["--kind", "token_issued"], lambda row: row["kind"] == "token_issued", id="kind"),
    pytest.param(["--client", "CLIENT"], lambda row: row["client_id"].startswith("audited-"),
                 id="client"),
    pytest.param(["--since", "2026-01-01"], lambda row: row["time"] > 1767225600, id="since"),
])
def test_list_shows_what_is_asked_for(told, words, holds):
    found = rows(told, *[told.client.id if word == "CLIENT" else word for word in words])
    assert found and all(holds(row) for row in found)


def test_list_knows_limits_in_number_and_time(told):
    assert len(rows(told, "--limit", "3")) == 3
    assert rows(told, "--until", "2026-01-01") == []
    assert rows(told, "--since", FAR) == []


def test_sound_audit_verifies(told):
    proof = told.cli("audit", "verify")
    assert proof["verified"] is True
    assert proof["first_bad"] is None
    assert proof["records"] == len(rows(told))
    assert proof["writers"] >= 2 and proof["checkpoints"] >= 1


CHANGES = [
    pytest.param("update audit_record set record = replace(record, 'token_issued', 'token_denied')"
                 " where record like '%token_issued%'", id="record-changed"),
    pytest.param("update audit_record set time_s = time_s + 1 where number = 2", id="time-changed"),
    pytest.param("delete from audit_record where number = 2", id="record-removed"),
    pytest.param("update audit_record set hash = zeroblob(32) where number = 2", id="hash-changed"),
    pytest.param("delete from audit_record where writer = 'cli'", id="writer-removed"),
    pytest.param("delete from audit_record where writer = 'cli' and number = (select max(number) "
                 "from audit_record where writer = 'cli')", id="last-record-removed"),
    pytest.param("update audit_checkpoint set payload = replace(payload, '1', '2')",
                 id="checkpoint-changed"),
    pytest.param("update audit_checkpoint set signature = zeroblob(256)", id="signature-changed"),
    pytest.param("update audit_record set number = number + 1000 where number = 3",
                 id="number-changed"),
]


@pytest.mark.parametrize("statement", CHANGES)
def test_tampering_is_found_and_the_first_bad_one_is_named(told, tampered, statement):
    assert change(tampered, statement) > 0
    found = told.cli("audit", "verify", ok=False)
    assert found.code == 1
    assert found.json["verified"] is False
    assert found.json["first_bad"]


def test_first_changed_record_is_named_by_writer_and_number(told, tampered):
    assert change(tampered, "update audit_record set record = record || ' ' "
                            "where writer = 'cli' and number in (5, 7)") == 2
    found = json.dumps(told.cli("audit", "verify", ok=False).json["first_bad"])
    assert "cli" in found and "5" in found and "7" not in found


def exported(house, name):
    path = house.home / name
    count = house.cli("audit", "export", path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return path, count, lines


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_export_can_be_verified_elsewhere_by_other_means(told):
    """Hash chains with hashlib, checkpoints with cryptography; nothing of ours."""
    path, count, lines = exported(told, "elsewhere.jsonl")
    hashes = chains(path.read_text().splitlines())
    assert len([mark for mark in hashes if mark[1] > 0]) == count["records"] == len(rows(told))
    keys = {line["key"]["kid"]: JWK(**line["key"]) for line in lines if "key" in line}
    points = [line["checkpoint"] for line in lines if "checkpoint" in line]
    assert len(points) == count["checkpoints"] >= 1
    previous = ""
    for point in points:
        payload = json.loads(point["payload"])
        keys[point["kid"]].get_op_key("verify").verify(
            b64(point["signature"]), point["payload"].encode(), padding.PKCS1v15(),
            SHA256())
        assert payload["previous"] == previous
        for head in payload["heads"]:
            assert hashes[head["writer"], head["number"]] == b64(head["hash"])
        digest = hashlib.sha256(point["payload"].encode()).digest()
        previous = base64.urlsafe_b64encode(digest).decode().rstrip("=")


def chains(texts):
    """The hash after each record: SHA-256 of the hash before it and the record's bytes."""
    found = {}
    for text in texts:
        line = json.loads(text)
        if "chain" in line:
            mark = line["chain"]
            found[mark["writer"], mark["number"]] = b64(mark["hash"])
            if mark["number"] == 0:
                assert b64(mark["hash"]) == hashlib.sha256(mark["writer"].encode()).digest()
        elif "writer" in line:
            before = found[line["writer"], line["number"] - 1]
            found[line["writer"], line["number"]] = hashlib.sha256(before + text.encode()).digest()
    return found


def test_export_does_not_write_over_a_file(told):
    path = told.home / "there"
    path.write_text("mine")
    assert told.cli("audit", "export", path, ok=False).code == 1
    assert path.read_text() == "mine"


def test_prune_wants_an_export_that_holds_what_goes(told):
    path, _, _ = exported(told, "short.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    cut = [line for line in lines if '"number":3,' not in line]
    assert len(cut) < len(lines)
    path.write_text("".join(cut))
    before = told.cli("audit", "verify")["records"]
    assert told.cli("audit", "prune", "--before", FAR, "--exported", path, ok=False).code == 1
    assert told.cli("audit", "verify")["records"] == before


def test_audit_verifies_and_goes_on_after_a_prune(make_house):
    house = make_house()
    client = house.onboard("Pruned", "results", "results.read")
    house.token(client)
    path, count, _ = exported(house, "before.jsonl")
    gone = house.cli("audit", "prune", "--before", FAR, "--exported", path)["removed"]
    assert gone > 0
    proof = house.cli("audit", "verify")
    assert proof["verified"] is True
    left = [row["kind"] for row in rows(house)]
    assert "pruned" in left, "the prune itself is in the audit"
    own = left.count("pruned") + left.count("checkpoint_made")
    assert proof["records"] == len(left) == count["records"] - gone + own
    token = claims(house.token(client))
    assert token["jti"] in {row.get("token_id") for row in rows(house)}
    assert house.cli("audit", "verify")["verified"] is True
    house.stop()
    house.start()
    house.token(client)
    assert house.cli("audit", "verify")["verified"] is True


def test_token_that_a_client_has_is_on_disk(own_house):
    """kill -9 straight after the answer: the record is there."""
    house = own_house
    client = house.onboard("Durable", "results", "results.read")
    jti = claims(house.token(client))["jti"]
    house.kill()
    assert jti in {row.get("token_id") for row in rows(house)}
    assert house.cli("audit", "verify")["verified"] is True


def test_flood_of_refusals_is_counted_not_listed(own_house):
    house = own_house
    began = time.monotonic()
    for _ in range(300):
        assert house.gate("/results/1", "junk").status_code == 401
    assert time.monotonic() - began < 30
    house.stop()
    found = rows(house, "--kind", "access_refused")
    assert 0 < len(found) < 200
    assert sum(row.get("count", 1) for row in found) == 300
