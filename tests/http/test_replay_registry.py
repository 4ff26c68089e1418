# SPDX-License-Identifier: Apache-2.0
"""What was let in lately, held against a changed registry: `caregate explain replay`."""
import time

import pytest

from support.wait import wait_until


def write(house, text):
    path = house.home / "change.yaml"
    path.write_text(f"caregate: 1\nrealms:\n  - path: {house.realm}\n{text}", encoding="utf-8")
    return path


def client(name, more=""):
    return f"    clients: [{{id: {name}, organisation: RX809, name: Replayed{more}}}]\n"


def audited(house, kind):
    return house.cli("audit", "list", "--kind", kind)


@pytest.fixture()
def called(own_house):
    """A client that got a token and called twice."""
    own_house.caller = own_house.onboard("Replayed", "results", "results.read")
    own_house.bearer = own_house.token(own_house.caller)
    for _ in range(2):
        assert own_house.gate("/results/1", own_house.bearer).status_code == 200
    wait_until(lambda: (own_house.dir / "logs" / "access.log").read_text().count(" allowed ") == 2,
               10, "both calls in the log")
    return own_house


def test_change_that_would_refuse_who_was_let_in_is_told(called):
    path = write(called, client(called.caller.id, ", suspended: true"))
    done = called.run("explain", "replay", "--since", "1d", "--dry-run", path)
    assert done.code == 1 and "1 that was let in would be refused" in done.err
    assert done.json == [{
        "verdict": "would be refused", "client_id": called.caller.id, "api": "results",
        "tokens": 1, "calls": 2, "refusals": 0, "reason": "client_suspended"}]
    assert called.cli("client", "show", called.caller.id)["state"] == "active"
    assert called.gate("/results/1", called.bearer).status_code == 200


def test_change_that_refuses_nobody_is_told_so(called):
    path = write(called, client(called.caller.id))
    assert called.cli("explain", "replay", "--since", "1d", "--dry-run", path) == []
    assert called.cli("explain", "replay", "--since", "1d") == []


def test_client_with_smart_scopes_alone_is_no_change(own_house):
    """What SMART scopes open is the location's to say: here they count as any others."""
    own_house.api("record", "system/*.rs")
    caller = own_house.onboard("Smart", "record", "system/Patient.rs")
    own_house.token(caller)
    wait_until(lambda: audited(own_house, "token_issued"), 10, "the token in the audit")
    assert own_house.cli("explain", "replay", "--since", "1d") == []
    own_house.cli("agreement", "withdraw", caller.agreements[0], "--by", "Dr A")
    done = own_house.run("explain", "replay", "--since", "1d")
    assert [row["reason"] for row in done.json] == ["agreement_withdrawn"]


def test_registry_as_it_is_now_is_judged_without_a_file(called):
    called.cli("agreement", "withdraw", called.caller.agreements[0], "--by", "Dr A")
    done = called.run("explain", "replay", "--since", "1d")
    assert done.code == 1
    assert [(row["api"], row["reason"]) for row in done.json] == [
        ("results", "agreement_withdrawn")]


def test_change_that_would_let_in_who_was_refused_is_told(own_house):
    """A token of before, shown at the gate, tells the audit whose call of which API was refused."""
    caller = own_house.onboard("Replayed", "results", "results.read")
    bearer = own_house.token(caller)
    own_house.cli("client", "suspend", caller.id)
    wait_until(lambda: own_house.gate("/results/1", bearer).status_code == 401, 10,
               "the gate to refuse")
    wait_until(lambda: audited(own_house, "access_refused"), 10, "the refusal in the audit")
    issued = audited(own_house, "token_issued")[-1]["time"]
    wait_until(lambda: time.time() >= issued + 3, 10, "the token to be of a second before")
    own_house.gate("/results/1", bearer)
    path = write(own_house, client(caller.id, ", suspended: false"))
    wait_until(lambda: audited(own_house, "access_refused")[-1]["time"] > issued + 1, 10,
               "a refusal of later")
    span = int(time.time()) - issued - 1
    done = own_house.run("explain", "replay", "--since", f"{span}s", "--dry-run", path)
    told = [(row["verdict"], row["client_id"], row["api"]) for row in done.json]
    assert told == [("would be let in", caller.id, "results")], done
    assert done.code == 0


def test_file_with_an_error_is_not_replayed(called):
    path = write(called, "    colour: red\n")
    done = called.run("explain", "replay", "--since", "1d", "--dry-run", path)
    assert done.code == 1 and "change.yaml:4: there is no key" in done.err


def test_log_of_another_place_is_read_by_its_name(called):
    log = called.home / "other.log"
    log.write_text((called.dir / "logs" / "access.log").read_text() * 3)
    called.cli("client", "suspend", called.caller.id)
    done = called.run("explain", "replay", "--since", "1d", "--log", log)
    assert [row["calls"] for row in done.json] == [6]
    assert called.run("explain", "replay", "--since", "1d", "--log", "/nowhere").code == 1
