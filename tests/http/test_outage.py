# SPDX-License-Identifier: Apache-2.0
"""The store is away: the gate goes on, the issuer says so, and all is well when it is back."""

import contextlib
import pathlib
import shutil
import sqlite3
import time

import pytest
import requests
from support.wait import wait_until

NOTICED_S = 15
BOTH = ("registry.db", "audit.db")


class Ward:
    """A house of one's own with a client and a token."""

    def __init__(self, house):
        self.house = house
        self.client = house.onboard("Ward", "results", "results.read results.write")
        self.token = house.token(self.client)
        self.pids = house.workers()
        self.away = house.home / "away"
        self.away.mkdir()

    def gate(self):
        return self.house.gate("/results/x", self.token).status_code

    def issue(self):
        return self.house.token_response(self.client)

    def take_away(self, names=BOTH):
        for name in names:
            for path in sorted(self.house.dir.glob(f"{name}*")):
                shutil.move(path, self.away / path.name)

    def bring_back(self):
        for path in self.away.iterdir():
            shutil.move(path, self.house.dir / path.name)

    def wait_refused(self):
        def refused():
            answer = self.issue()
            return [answer] if answer.status_code == 503 else []  # such an answer itself is false
        return wait_until(refused, NOTICED_S, "an issuer that says that its store is away")[0]

    def wait_issued(self):
        wait_until(lambda: self.issue().status_code == 200, NOTICED_S, "a token after the outage")

    def ready(self):
        return requests.get(f"{self.house.status}/readyz", timeout=10)

    def age(self):
        text = requests.get(f"{self.house.status}/metrics", timeout=10).text
        return int(next(line.split()[1] for line in text.splitlines()
                        if line.startswith("caregate_snapshot_age_seconds ")))


@pytest.fixture
def ward(own_house):
    return Ward(own_house)


def assert_unavailable(answer):
    assert answer.status_code == 503
    assert answer.json()["error"] == "temporarily_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("names", [("registry.db",), ("audit.db",), BOTH], ids="+".join)
def test_the_gate_goes_on_without_the_store_and_the_issuer_recovers(ward, names):
    ward.take_away(names)
    assert_unavailable(ward.wait_refused())
    assert [ward.gate() for _ in range(20)] == [200] * 20
    assert ward.house.gate("/results/x").status_code == 401
    time.sleep(1.2)  # each of the issuer's threads looks once a second
    for _ in range(5):
        assert_unavailable(ward.issue())
    ready = ward.ready()
    assert ready.status_code == 503 and ("the store" in ready.text or "the audit" in ready.text)
    assert requests.get(f"{ward.house.status}/healthz", timeout=10).status_code == 200
    ward.bring_back()
    ward.wait_issued()
    wait_until(lambda: ward.ready().status_code == 200, NOTICED_S, "readiness")
    assert ward.house.workers() == ward.pids  # without a restart
    assert ward.house.cli("audit", "verify")["verified"] is True


def test_what_changed_meanwhile_is_heard_of_once_the_store_is_back(ward):
    ward.take_away()
    ward.wait_refused()
    ward.house.dir, real = ward.away, ward.house.dir
    try:
        ward.house.cli("client", "suspend", ward.client.id)
    finally:
        ward.house.dir = real
    assert ward.gate() == 200  # nobody could tell it yet
    ward.bring_back()
    wait_until(lambda: ward.gate() == 401, NOTICED_S, "the suspension")


def test_a_damaged_store_is_an_outage_too(ward):
    ward.take_away()
    for name in BOTH:
        (ward.house.dir / name).write_bytes(b"this is no database" * 100)
    assert_unavailable(ward.wait_refused())
    assert [ward.gate() for _ in range(10)] == [200] * 10
    for name in BOTH:
        for path in ward.house.dir.glob(f"{name}*"):
            path.unlink()
    ward.bring_back()
    ward.wait_issued()
    assert ward.house.workers() == ward.pids


def test_an_empty_store_in_its_place_opens_and_closes_nothing(ward):
    """SQLite makes a missing file; an empty one must not become a registry without clients."""
    ward.take_away()
    for name in BOTH:
        (ward.house.dir / name).touch(0o666)
    assert_unavailable(ward.wait_refused())
    time.sleep(1.2)  # the gate asks twice a second
    assert [ward.gate() for _ in range(10)] == [200] * 10
    for name in BOTH:
        for path in ward.house.dir.glob(f"{name}*"):
            path.unlink()
    ward.bring_back()
    ward.wait_issued()


def test_files_that_may_not_be_read_are_an_outage_too(ward):
    modes = {path: path.stat().st_mode for path in ward.house.dir.glob("*.db*")}
    for path in modes:
        path.chmod(0)
    ward.house.reload()  # the new workers have nothing open yet
    try:
        answer = ward.issue()
        assert [ward.gate() for _ in range(10)] == [200] * 10
        # Who runs as root is not kept out by a mode.
        assert answer.status_code in (200, 503)
        if answer.status_code == 503:
            assert_unavailable(answer)
    finally:
        for path in filter(pathlib.Path.exists, modes):
            path.chmod(modes[path])
    ward.wait_issued()


def test_a_store_that_another_holds_locked_is_an_outage_that_ends(ward):
    with contextlib.closing(sqlite3.connect(ward.house.dir / "audit.db")) as other:
        other.execute("begin immediate")
        begun = time.monotonic()
        answer = ward.issue()
        assert time.monotonic() - begun < 15
        assert_unavailable(answer)
        assert [ward.gate() for _ in range(10)] == [200] * 10
        other.execute("rollback")
    ward.wait_issued()
    assert ward.house.cli("audit", "verify")["verified"] is True


def test_a_reload_while_the_store_is_away_keeps_the_gate_working(ward):
    ward.take_away()
    ward.wait_refused()
    ward.house.reload()
    assert ward.house.workers() != ward.pids
    assert [ward.gate() for _ in range(20)] == [200] * 20
    assert_unavailable(ward.issue())
    ward.bring_back()
    ward.wait_issued()


def test_a_worker_born_while_the_store_is_away_serves_the_gate_at_once(ward):
    ward.take_away()
    ward.wait_refused()
    ward.house.kill_worker()
    assert [ward.gate() for _ in range(20)] == [200] * 20
    ward.bring_back()
    ward.wait_issued()


def test_a_worker_born_while_the_store_is_there_serves_the_gate_at_once(ward):
    for _ in range(3):
        ward.house.kill_worker()
        assert ward.gate() == 200 and ward.house.gate("/results/x").status_code == 401
        assert ward.issue().status_code == 200


def test_a_server_started_without_its_store_lets_nobody_in_until_it_is_back(ward):
    assert ward.house.stop() == 0
    ward.take_away()
    ward.house.start()
    answer = ward.house.gate("/results/x", ward.token)
    assert answer.status_code == 503 and answer.json()["reason"] == "snapshot_missing"
    assert ward.house.gate("/results/x").status_code == 503
    assert_unavailable(ward.issue())
    ward.bring_back()
    wait_until(lambda: ward.gate() == 200, NOTICED_S, "the gate's first snapshot")
    ward.wait_issued()


def test_a_snapshot_past_its_age_lets_nobody_in(make_house):
    house = make_house(start=False)
    house.add_to_http("    caregate_snapshot_max_age 3s;")
    ward = Ward(house.start())
    time.sleep(4)  # as long as the store is there, it stays young
    assert ward.gate() == 200
    ward.take_away()
    began = time.monotonic()
    wait_until(lambda: ward.gate() == 503, NOTICED_S, "the end of trust")
    assert time.monotonic() - began > 1.5
    answer = house.gate("/results/x", ward.token)
    assert answer.json()["reason"] == "snapshot_too_old"
    assert house.gate("/fhir/Patient", ward.token).json()["issue"][0]["code"] == "transient"
    house.reload()  # a new worker does not make it any younger
    assert ward.gate() == 503
    ward.bring_back()
    wait_until(lambda: ward.gate() == 200, NOTICED_S, "trust regained")
