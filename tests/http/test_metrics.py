# SPDX-License-Identifier: Apache-2.0
"""Health and metrics: on a listener of their own, for this machine."""
import re
import shutil
import socket
import subprocess

import pytest

from support.wait import wait_until

LINE = re.compile(r'([a-z_]+)(\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? ([0-9.e+-]+|NaN)')


def get(house, path, method="GET"):
    return house.request(method, path, base=house.status)


def metrics(house):
    """Every sample: {name and labels: value}. The text format of Prometheus 0.0.4."""
    answer = get(house, "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples, typed = {}, set()
    for line in answer.text.splitlines():
        if line.startswith("# TYPE "):
            typed.add(line.split()[2])
        elif not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match, line
            assert match[1] in typed, line
            samples[match[1] + (match[2] or "")] = float(match[3])
    return samples


def test_healthz_and_readyz_say_yes(house):
    for path in ("/healthz", "/readyz"):
        answer = get(house, path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_status_is_not_served_to_the_public(house, path):
    assert house.request("GET", path).status_code == 404


def test_status_listener_is_on_loopback_alone(house):
    """No other address of the machine answers at its port."""
    port = int(house.status.rpartition(":")[2])
    found = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout
    for address in [word for word in found.split() if ":" not in word]:
        with pytest.raises(OSError):
            socket.create_connection((address, port), timeout=2).close()


def test_status_serves_nothing_else(house):
    assert get(house, "/").status_code == 404
    assert get(house, "/vlive/hpca/oauth/token", "POST").status_code in (404, 405)


def test_tokens_refusals_and_decisions_are_counted(own_house):
    house = own_house
    client = house.onboard("Counted", "results", "results.read")
    before = metrics(house)
    for _ in range(3):
        token = house.token(client)
    house.token_response(client, "never.heard")
    for _ in range(2):
        house.gate("/results/1", token)
    house.gate("/results/1")
    house.gate("/letters/1", token)

    def grown():
        after = metrics(house)
        return {name: after[name] - before.get(name, 0) for name in after
                if after[name] != before.get(name, 0)}

    wanted = {
        "caregate_tokens_issued_total": 3,
        'caregate_token_refusals_total{reason="scope_not_agreed"}': 1,
        'caregate_gate_decisions_total{decision="allowed",reason=""}': 2,
        'caregate_gate_decisions_total{decision="refused",reason="token_missing"}': 1,
        'caregate_gate_decisions_total{decision="refused",reason="api_not_agreed"}': 1,
    }
    wait_until(lambda: wanted.items() <= grown().items(), 5, f"{wanted}")


def test_metrics_tell_the_age_of_the_snapshot_and_the_workers(house):
    found = metrics(house)
    assert found["caregate_workers"] >= 1
    assert 0 <= found["caregate_snapshot_age_seconds"] <= 3
    assert found["caregate_snapshot_version"] >= 1
    assert found["caregate_queue_length"] == 0


def test_metrics_name_no_client_and_no_path(house):
    client = house.onboard("Unnamed", "results", "results.read")
    house.gate("/results/9434765919", house.token(client))
    text = get(house, "/metrics").text
    assert client.id not in text
    assert "9434765919" not in text
    assert "RX809" not in text


def test_readyz_says_no_while_the_store_is_away_and_healthz_goes_on(own_house):
    house = own_house
    aside = house.dir / "aside"
    aside.mkdir()
    names = [path.name for path in house.dir.glob("*.db*")]
    for name in names:
        shutil.move(house.dir / name, aside / name)
    house.kill_worker()
    wait_until(lambda: get(house, "/readyz").status_code == 503, 10, "a refusal of readyz")
    assert get(house, "/healthz").status_code == 200
    for name in names:
        shutil.move(aside / name, house.dir / name)
    wait_until(lambda: get(house, "/readyz").status_code == 200, 10, "readiness")
