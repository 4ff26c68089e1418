# SPDX-License-Identifier: Apache-2.0
"""Killed without warning under load: what a client has, the audit has; nothing is damaged.

CAREGATE_KILL_ROUNDS says how often (6 if it is not set)."""

import os
import signal
import subprocess
import time

import pytest
from support.forge import claims_of
from support.house import build, environment
from support.load import Load, token_request
from support.wait import wait_until

ROUNDS = int(os.environ.get("CAREGATE_KILL_ROUNDS", "6"))


def recorded(house):
    return {record["token_id"] for record in house.cli("audit", "list", "--kind", "token_issued")}


def kill_in_turn(house, round_number, load):
    """A worker, or all of nginx, at another moment each time."""
    count = load.count()
    wait_until(lambda: load.count() > count + 5, 60, "answers")
    time.sleep(0.013 * (round_number % 7))
    if round_number % 2:
        house.kill()
        house.start()
    else:
        house.kill_worker()


@pytest.mark.max_seconds(120 + 20 * ROUNDS)
def test_no_token_without_its_record_however_the_server_dies(own_house):
    client = own_house.onboard("Ward", "results", "results.read")
    with Load(own_house, [token_request(client)]) as load:
        for round_number in range(ROUNDS):
            kill_in_turn(own_house, round_number, load)
            told = own_house.cli("audit", "verify")
            assert told["verified"] is True, (round_number, told)
        count = load.count()
        wait_until(lambda: load.count() > count + 10, 60, "answers after the last death")
    tokens = {claims_of(token)["jti"] for token in load.tokens}
    assert len(tokens) == len(load.tokens) > ROUNDS
    missing = tokens - recorded(own_house)
    assert not missing, f"{len(missing)} of {len(tokens)} tokens have no record"
    assert set(load.statuses) <= {200, 502, 503}, load.statuses
    assert own_house.stop() == 0
    assert own_house.cli("audit", "verify")["verified"] is True
    own_house.start()
    assert own_house.gate("/results/x", own_house.token(client)).status_code == 200


def test_a_registry_change_is_whole_or_not_at_all(own_house):
    """The command line is killed while it changes the registry."""
    done = 0
    for number in range(8):
        command = [str(build() / "cli" / "caregate"), "--dir", str(own_house.dir), "--json",
                   "client", "add", "--org", "RX809", "--name", f"Ward {number}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   env=environment())
        time.sleep(0.02 * number)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done += process.returncode == 0
    added = own_house.cli("audit", "list", "--kind", "client_added")
    failed = own_house.cli("audit", "list", "--kind", "change_failed")
    clients = {row["client_id"] for row in own_house.cli("client", "list")}
    assert len(clients) >= done
    assert clients <= {record["client_id"] for record in added}
    assert len(added) - len(failed) <= len(clients) + 1
    assert own_house.cli("audit", "verify")["verified"] is True
