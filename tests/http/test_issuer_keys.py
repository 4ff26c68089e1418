# SPDX-License-Identifier: Apache-2.0
"""Signing keys: the next one is published before it signs, and no valid token is ever refused."""
import time

from support.form import header
from support.store import ask, change
from support.wait import wait_until

GATE_WAIT_S = 2.0
NOW_WAIT_S = 10.0  # `rotate --now` signs after five seconds


def published(house):
    keys = house.request("GET", f"{house.realm}/oauth/jwks").json()["keys"]
    return [key["kid"] for key in keys]


def states(house):
    return {key["kid"]: key["state"] for key in house.cli("key", "list")
            if key["realm"] == house.realm}


def let_in(house, *tokens):
    return all(house.gate("/results/1", token).status_code == 200 for token in tokens)


def sealed(house, kid):
    return ask(house.dir / "registry.db", "select sealed from signing_key where kid = ?", kid)


def gate_knows(house):
    """Whether the gate's snapshot is of the registry as it is now."""
    version = ask(house.dir / "registry.db", "select registry from version")[0][0]
    metrics = house.request("GET", "/metrics", base=house.status).text
    return f"\ncaregate_snapshot_version {version}\n" in metrics


def bring_forward(house, kid):
    """Moves the start of an announced key to now: what ten minutes of waiting would do."""
    registry, now = house.dir / "registry.db", int(time.time())
    change(registry, "update signing_key set sign_from_s = ?, publish_from_s = ? where kid = ?",
           now, now - 600, kid)
    change(registry, "update version set registry = registry + 1, keys = keys + 1")


def test_announced_key_is_published_ten_minutes_before_it_signs(own_house):
    house = own_house
    client = house.onboard("Rotation", "results", "results.read")
    old = house.token(client)
    made = house.cli("key", "rotate")
    assert made["state"] == "announced"
    assert made["signs_from"] - made["published_from"] >= 600
    wait_until(lambda: made["kid"] in published(house), GATE_WAIT_S, "the next key in the key set")
    assert header(old)["kid"] in published(house)
    assert header(house.token(client))["kid"] == header(old)["kid"]
    assert house.cli("key", "rotate", ok=False).code == 1, "one is announced already"


def test_no_token_is_refused_while_an_announced_key_takes_over(own_house):
    house = own_house
    client = house.onboard("Takeover", "results", "results.read")
    old = house.token(client)
    made = house.cli("key", "rotate")
    wait_until(lambda: gate_knows(house), GATE_WAIT_S, "a gate that knows the next key")
    bring_forward(house, made["kid"])
    deadline = time.monotonic() + NOW_WAIT_S
    while header(house.token(client))["kid"] != made["kid"]:
        assert let_in(house, old, house.token(client))
        assert time.monotonic() < deadline, "the next key does not sign"
    for _ in range(20):
        assert let_in(house, old, house.token(client))
    assert header(old)["kid"] in published(house), "its tokens live for minutes yet"
    assert states(house) == {header(old)["kid"]: "retained", made["kid"]: "active"}


def test_lost_key_is_replaced_in_seconds_and_its_tokens_refused_once_it_is_retired(own_house):
    house = own_house
    client = house.onboard("Lost key", "results", "results.read")
    old = house.token(client)
    first = header(old)["kid"]
    assert house.cli("key", "retire", first, ok=False).code == 1, "it signs"
    made = house.cli("key", "rotate", "--now")
    assert made["signs_from"] - made["published_from"] <= 5
    deadline = time.monotonic() + NOW_WAIT_S
    while header(fresh := house.token(client))["kid"] == first:
        assert let_in(house, old, fresh)
        assert time.monotonic() < deadline, "the new key does not sign"
    assert let_in(house, old, fresh)
    assert house.cli("key", "retire", first) == {"kid": first, "state": "gone"}
    wait_until(lambda: house.gate("/results/1", old).status_code == 401, GATE_WAIT_S, "refusal")
    assert house.gate("/results/1", old).json()["reason"] == "token_key_unknown"
    assert let_in(house, fresh)
    wait_until(lambda: published(house) == [made["kid"]], GATE_WAIT_S, "the key set")
    assert states(house)[first] == "gone"


def test_private_key_of_a_retired_key_is_destroyed(make_house):
    house = make_house(start=False)
    first = house.cli("key", "list")[0]["kid"]
    assert len(sealed(house, first)[0][0]) > 1000
    house.cli("key", "rotate", "--now")
    wait_until(lambda: states(house).get(first) == "retained", NOW_WAIT_S, "the next key")
    house.cli("key", "retire", first)
    assert not any(data for (data,) in sealed(house, first))


def test_resealed_keys_serve_on_under_the_new_master_key(own_house):
    house = own_house
    client = house.onboard("Reseal", "results", "results.read")
    old, before = house.token(client), (house.dir / "master.key").read_bytes()
    house.cli("key", "reseal")
    assert (house.dir / "master.key").read_bytes() != before
    house.reload()
    fresh = house.token(client)
    assert header(fresh)["kid"] == header(old)["kid"]
    assert let_in(house, old, fresh)
    assert before.strip() not in (house.dir / "registry.db").read_bytes()


def test_keys_change_by_themselves_when_their_life_is_over(own_house):
    """The active key is made to look old; the workers that run do the rest."""
    house = own_house
    client = house.onboard("Schedule", "results", "results.read")
    old = house.token(client)
    first = header(old)["kid"]
    row = next(key for key in house.cli("key", "list") if key["kid"] == first)
    assert row["next_change_at"] == row["signs_from"] + 90 * 86400 - 600
    change(house.dir / "registry.db", "update signing_key set sign_from_s = sign_from_s - ? "
                                      "where kid = ?", 2 * 86400, first)
    house.cli("realm", "set", house.realm, "--key-life", "2d")
    wait_until(lambda: len(states(house)) == 2, 5, "the next key")
    (second,) = set(states(house)) - {first}
    assert states(house) == {first: "active", second: "announced"}
    rows = {key["kid"]: key for key in house.cli("key", "list")}
    assert rows[first]["next_change_at"] == rows[second]["signs_from"]
    wait_until(lambda: gate_knows(house), GATE_WAIT_S, "a gate that knows the next key")
    bring_forward(house, second)
    wait_until(lambda: header(house.token(client))["kid"] == second, NOW_WAIT_S, "the next key")
    assert let_in(house, old, house.token(client))
    change(house.dir / "registry.db", "update signing_key set retain_until_s = ? where kid = ?",
           int(time.time()) - 1, first)
    change(house.dir / "registry.db", "update version set registry = registry + 1")
    wait_until(lambda: not any(data for (data,) in sealed(house, first)), 5, "its end")
    assert states(house)[first] == "gone"
    created = house.cli("audit", "list", "--kind", "key_created")
    assert [row["detail"] for row in created if row.get("actor", "").endswith("/worker0")] == \
        [second]
    deleted, = house.cli("audit", "list", "--kind", "key_deleted")
    assert deleted["detail"] == first


def test_a_schedule_that_makes_no_sense_is_refused_and_off_is_a_word(make_house):
    house = make_house(start=False)
    assert house.cli("realm", "show")["key_life_s"] == 90 * 86400
    refused = house.cli("realm", "set", house.realm, "--key-life", "5m", ok=False)
    assert refused.code == 2 and "--key-life" in refused.err
    assert house.cli("realm", "set", house.realm, "--key-life", "off")["key_life_s"] is None
    assert all(key["next_change_at"] is None for key in house.cli("key", "list"))
