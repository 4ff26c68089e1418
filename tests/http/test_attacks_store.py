# SPDX-License-Identifier: Apache-2.0
"""A stolen store gives nothing away, a changed audit is found out."""

import base64
import contextlib
import hashlib
import json
import shutil
import sqlite3

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                          PublicFormat)
from support.forge import Forge, claims_of, open_sealed, unb64
from support.house import House
from support.wait import wait_until

STORES = ("registry.db", "registry.db-wal", "audit.db", "audit.db-wal")


@pytest.fixture(scope="module")
def lived_in(house):
    """A house in which tokens were issued, used and refused."""
    client = house.onboard("Stolen", "results", "results.read results.write")
    tokens = [house.token(client) for _ in range(3)]
    for token in tokens:
        assert house.gate("/results/x", token).status_code == 200
    assert house.gate("/results/x", tokens[0][:-3]).status_code == 401
    assert house.token_response(client._replace(secret="cgs_wrong")).status_code == 401
    return client, tokens


@contextlib.contextmanager
def opened(path):
    """The database, committed and closed at the end."""
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
        yield database


def stores(house):
    return {name: (house.dir / name).read_bytes() for name in STORES
            if (house.dir / name).exists()}


def forms(secret):
    """How bytes could lie in a file."""
    secret = secret if isinstance(secret, bytes) else secret.encode()
    yield from (secret, base64.b64encode(secret), base64.urlsafe_b64encode(secret).rstrip(b"="),
                secret.hex().encode(), secret.hex().upper().encode())


def assert_nowhere(house, secret, what):
    for name, data in stores(house).items():
        for form in forms(secret):
            assert form not in data, f"{what} stands in {name}"


def test_no_client_secret_is_in_the_store(house, lived_in):
    client, _ = lived_in
    assert_nowhere(house, client.secret, "a client's secret")
    body = client.secret.removeprefix("cgs_")
    assert_nowhere(house, body[:20], "a part of a secret")
    assert_nowhere(house, "cgs_wrong", "a secret that was presented")


def test_no_token_is_in_the_store(house, lived_in):
    for token in lived_in[1]:
        for segment in token.split("."):
            assert_nowhere(house, segment[-40:], "a part of a token")


def test_no_private_key_is_in_the_store(house, lived_in):
    for realm in (house.realm, "audit"):
        forge = Forge(house.dir, realm)
        numbers = forge.key.private_numbers()
        for name in ("p", "q", "d", "dmp1", "dmq1", "iqmp"):
            value = getattr(numbers, name)
            data = value.to_bytes((value.bit_length() + 7) // 8, "big")
            assert_nowhere(house, data[8:40], f"{name} of a signing key")
        assert_nowhere(house, forge.pkcs8[40:80], "a private key")
        pem = forge.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        assert_nowhere(house, pem.splitlines()[3], "a private key")
        public = forge.public(Encoding.DER, PublicFormat.PKCS1)
        assert public  # the pair is whole: the search looked for the right key
    assert not any(b"PRIVATE KEY" in data for data in stores(house).values())


def test_the_master_key_is_not_in_the_store(house, lived_in):
    text = (house.dir / "master.key").read_text("ascii").strip()
    assert_nowhere(house, text, "the master key")
    assert_nowhere(house, unb64(text), "the master key")


def test_what_the_search_looks_for_it_would_find(house, lived_in):
    client, _ = lived_in
    data = stores(house)
    assert any(client.id.encode() in one for one in data.values())
    digest = hashlib.sha256(client.secret.encode()).digest()
    assert any(digest in one for one in data.values())


def test_a_sealed_key_opens_under_no_other_name_and_no_other_key(house, lived_in):
    """The seal holds realm and kid: a key cannot be moved to another realm of the store."""
    forge = Forge(house.dir, house.realm)
    with opened(house.dir / "registry.db") as database:
        sealed, = database.execute("select sealed from signing_key where kid = ?",
                                   (forge.kid,)).fetchone()
    context = house.realm.encode() + b"\0" + forge.kid.encode()
    assert open_sealed(forge.master_key, context, sealed) == forge.pkcs8
    for key, name in ((bytes(32), context), (forge.master_key, b"/vtest/hpca\0" + context),
                      (forge.master_key, context + b"x")):
        with pytest.raises(InvalidTag):
            open_sealed(key, name, sealed)


@pytest.mark.parametrize("name", ["master.key", "registry.db", "audit.db", "tls/server.key",
                                  "nginx.conf"])
def test_what_is_secret_is_the_owners_only(house, lived_in, name):
    assert (house.dir / name).stat().st_mode & 0o077 == 0


# The audit.

@pytest.fixture(scope="module")
def audited():
    """A folder of a server that has ended, with a signed checkpoint in its audit."""
    own = House()
    own.cli("org", "add", "RX809", "--name", "Example Trust")
    own.api("results", "results.read")
    own.start()
    client = own.onboard("Audited", "results", "results.read")
    for _ in range(5):
        own.token(client)
    assert own.token_response(client._replace(secret="x")).status_code == 401
    assert own.stop() == 0
    verified = own.cli("audit", "verify")
    assert verified["verified"]
    kept = own.home / "kept.db"
    with contextlib.closing(sqlite3.connect(own.dir / "audit.db")) as database:
        database.execute("pragma wal_checkpoint(truncate)")
    shutil.copy(own.dir / "audit.db", kept)
    yield own, kept
    own.close()


def restore(own, kept):
    for name in ("audit.db-wal", "audit.db-shm"):
        (own.dir / name).unlink(missing_ok=True)
    with open(own.dir / "audit.db", "r+b") as file:
        file.truncate(0)
        file.write(kept.read_bytes())


def worker_of(database):
    return database.execute("select writer from audit_record where record like '%token_issued%'"
                            " order by number limit 1").fetchone()[0]


TAMPERING = {
    "record_changed": "update audit_record set record = replace(record, 'RX809', 'RX999')"
                      " where writer = :w and number = :n",
    "record_changed_by_a_space": "update audit_record set record = record || ' '"
                                 " where writer = :w and number = :n",
    "record_removed": "delete from audit_record where writer = :w and number = :n",
    "hash_changed": "update audit_record set hash = zeroblob(32)"
                    " where writer = :w and number = :n",
    "time_changed": "update audit_record set time_s = time_s - 3600"
                    " where writer = :w and number = :n",
    "number_changed": "update audit_record set number = number + 1000"
                      " where writer = :w and number = :n",
    "moved_to_another_writer": "update audit_record set writer = 'other/worker9'"
                               " where writer = :w and number = :n",
}


@pytest.mark.parametrize("label", TAMPERING)
def test_a_changed_audit_is_found_out_at_its_first_wrong_record(audited, label):
    own, kept = audited
    restore(own, kept)
    with opened(own.dir / "audit.db") as database:
        writer = worker_of(database)
        number, = database.execute("select min(number) from audit_record where writer = ? and"
                                   " record like '%token_issued%'", (writer,)).fetchone()
        done = database.execute(TAMPERING[label], {"w": writer, "n": number})
        assert done.rowcount == 1
    told = own.cli("audit", "verify", ok=False)
    assert told.code == 1
    assert told.json["verified"] is False
    first = json.dumps(told.json["first_bad"]) + told.err
    assert writer in first or "other/worker9" in first
    assert str(number) in first or label in ("moved_to_another_writer", "number_changed")


def rehash(database, writer, change):
    """What somebody does who knows how the chain is made: mends every hash after a change."""
    rows = database.execute("select number, record, hash from audit_record where writer = ?"
                            " order by number", (writer,)).fetchall()
    before = None
    for number, record, old in rows:
        fresh = change(number, record)
        if before is not None or fresh != record:
            previous = before if before is not None else hash_before(database, writer, number)
            old = hashlib.sha256(previous + fresh.encode()).digest()
            database.execute("update audit_record set record = ?, hash = ? where writer = ? and"
                             " number = ?", (fresh, old, writer, number))
            before = old
    database.execute("update audit_writer set hash = ? where writer = ?", (before, writer))


def hash_before(database, writer, number):
    return database.execute("select hash from audit_record where writer = ? and number = ?",
                            (writer, number - 1)).fetchone()[0]


def test_a_chain_made_anew_contradicts_the_signed_checkpoint(audited):
    own, kept = audited
    restore(own, kept)
    with opened(own.dir / "audit.db") as database:
        payloads = database.execute("select payload from audit_checkpoint").fetchall()
        rehash(database, "cli", lambda _, record: record.replace("RX809", "RX999"))
    assert any('"cli"' in payload for payload, in payloads), "no checkpoint covers the change"
    assert own.cli("audit", "verify", ok=False).json["verified"] is False


@pytest.mark.parametrize("statement", [
    "update audit_checkpoint set signature = zeroblob(256)",
    "update audit_checkpoint set payload = payload || ' '",
    "update audit_writer set number = number + 1", "update audit_writer set hash = zeroblob(32)",
    "delete from audit_record", "delete from audit_writer",
    "delete from audit_record where number = (select max(number) from audit_record)"])
def test_a_changed_head_or_checkpoint_is_found_out(audited, statement):
    own, kept = audited
    restore(own, kept)
    with opened(own.dir / "audit.db") as database:
        assert database.execute(statement).rowcount >= 1
    told = own.cli("audit", "verify", ok=False)
    assert told.code == 1 and told.json["verified"] is False


def test_an_untouched_audit_verifies(audited):
    own, kept = audited
    restore(own, kept)
    assert own.cli("audit", "verify")["verified"] is True


def test_each_issued_token_is_in_the_audit(house, lived_in):
    client, tokens = lived_in
    wanted = {claims_of(token)["jti"] for token in tokens}

    def recorded():
        found = house.cli("audit", "list", "--kind", "token_issued", "--client", client.id)
        return wanted <= {record["token_id"] for record in found}

    wait_until(recorded, what="a record of every token")
