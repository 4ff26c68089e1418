# SPDX-License-Identifier: Apache-2.0
"""Client secrets: several at once, with an end, taken back, never kept as they are."""
import hashlib
import re
import time

import pytest

from support.form import token_request
from support.store import ask
from support.wait import wait_until


@pytest.fixture(scope="module")
def client(house):
    return house.onboard("Secret tests", "documents", "documents.write")


def issue(house, client, *options):
    made = house.cli("secret", "issue", "--client", client.id, *options)
    return client._replace(secret=made["secret"], secret_id=made["secret_id"]), made


def listed(house, client):
    return {row["secret_id"]: row
            for row in house.cli("secret", "list", "--client", client.id)}


def test_secret_has_a_shape_that_scanners_can_find(client):
    assert re.fullmatch(r"cgs_[A-Za-z0-9_-]{49}", client.secret)


def test_several_secrets_are_good_at_once(house, client):
    second, _ = issue(house, client)
    third, _ = issue(house, client)
    for one in (client, second, third):
        assert house.token_response(one).status_code == 200


def test_secret_ends_by_its_date(house):
    own = house.onboard("Ending", "documents", "documents.write")
    short, made = issue(house, own, "--expires", "2s")
    assert made["expires_at"] - time.time() < 3
    assert house.token_response(short).status_code == 200
    wait_until(lambda: house.token_response(short).status_code == 401, 5, "the end of the secret")
    assert house.token_response(own).status_code == 200


def test_secret_lives_a_year_if_nothing_is_said_and_forever_if_asked(house, client):
    _, year = issue(house, client)
    assert abs(year["expires_at"] - time.time() - 365 * 86400) < 60
    _, forever = issue(house, client, "--expires", "never")
    assert forever["expires_at"] is None


def test_revoked_secret_is_refused_at_once_and_the_others_go_on(house):
    own = house.onboard("Revoking", "documents", "documents.write")
    second, _ = issue(house, own)
    assert house.token_response(own).status_code == 200
    house.cli("secret", "revoke", own.secret_id, "--force")
    assert house.token_response(own).status_code == 401
    assert house.token_response(second).status_code == 200
    assert listed(house, own)[own.secret_id]["revoked_at"] is not None


def test_last_secret_is_revoked_only_by_force(house):
    own = house.onboard("Last one", "documents", "documents.write")
    refused = house.cli("secret", "revoke", own.secret_id, ok=False)
    assert refused.code == 1
    assert "force" in refused.err
    assert house.token_response(own).status_code == 200
    house.cli("secret", "revoke", own.secret_id, "--force")
    assert house.token_response(own).status_code == 401


def test_new_secret_is_good_at_once(house):
    own = house.onboard("At once", "documents", "documents.write")
    assert house.token_response(own).status_code == 200
    second, _ = issue(house, own)
    assert house.token_response(second).status_code == 200


def test_store_holds_digests_only(house, client):
    """SHA-256 of 256 random bits; grep of every file of the data folder finds no secret."""
    house.token(client)
    rows = ask(house.dir / "registry.db", "select digest from credential where id = ?",
               client.secret_id)
    assert rows[0][0] == hashlib.sha256(client.secret.encode()).digest()
    for path in house.home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert client.secret.encode() not in data, path
            assert client.secret[4:-6].encode() not in data, path
    assert client.secret not in house.cli("secret", "list", json=False)


def test_last_use_is_shown_and_written_once_a_minute_at_most(make_house):
    """Use is noted in memory; a graceful end writes what waits, a hundred uses in one go."""
    house = make_house()
    own = house.onboard("Used", "documents", "documents.write")
    unused = house.onboard("Unused", "documents", "documents.write")
    before = int(time.time())
    for _ in range(30):
        assert token_request(house, own).status_code == 200
    version = registry_version(house)
    house.stop()
    assert registry_version(house) == version, "a use is no change that gates must hear of"
    assert before <= listed(house, own)[own.secret_id]["last_used_at"] <= time.time()
    assert listed(house, unused)[unused.secret_id]["last_used_at"] is None


def registry_version(house):
    return ask(house.dir / "registry.db", "select registry from version")[0][0]
