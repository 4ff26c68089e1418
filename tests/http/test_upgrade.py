# SPDX-License-Identifier: Apache-2.0
"""A store of an older version is refused with the cure, and `caregate upgrade` loses nothing."""
import contextlib
import os
import pathlib
import sqlite3

import pytest

from support.store import ask, change, gather

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "src" / "store" / "schema"


def columns(store, table):
    return [row[1] for row in store.execute(f"pragma table_info({table})")]


def age(path, name):
    """Makes the database anew as the first version had it, with what that version kept."""
    gather(path)
    young = path.with_suffix(".young")
    path.rename(young)
    for end in ("-wal", "-shm"):
        pathlib.Path(f"{path}{end}").unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.execute("pragma journal_mode = wal")
        store.executescript((SCHEMA / f"{name}-001.sql").read_text())
        store.executescript("create table schema_version (version bigint not null);"
                            "insert into schema_version (version) values (1);")
        store.execute("attach ? as young", (str(young),))
        tables = [row[0] for row in store.execute(
            "select name from main.sqlite_master "
            "where type = 'table' and name <> 'schema_version'")]
        for table in tables:
            names = ", ".join(columns(store, table))
            store.execute(f"delete from main.{table}")
            store.execute(f"insert into main.{table} ({names}) select {names} from young.{table}")
        store.commit()
    owner = young.stat()
    os.chown(path, owner.st_uid, owner.st_gid)
    path.chmod(0o600)
    young.unlink()


@pytest.fixture()
def old_house(own_house):
    """A house with a client, stopped, whose store is of the first version."""
    own_house.client = own_house.onboard("Long here", "results", "results.read")
    own_house.stop()
    for name in ("registry", "audit"):
        age(own_house.dir / f"{name}.db", name)
    return own_house


def test_older_store_is_refused_with_its_cure(old_house):
    assert "`caregate upgrade`" in old_house.cli("client", "list", ok=False).err
    mends = {row["subject"]: row["mend"] for row in old_house.run("check").json
             if row["level"] == "error"}
    assert "`caregate upgrade`" in mends["registry.db"]
    assert "`caregate upgrade`" in mends["audit.db"]


def test_upgraded_store_has_lost_nothing(old_house):
    before = ask(old_house.dir / "registry.db", "select * from client")
    assert old_house.cli("upgrade")["store"] == "upgraded"
    assert [row[:len(before[0])] for row in
            ask(old_house.dir / "registry.db", "select * from client")] == before
    old_house.start()
    answer = old_house.gate("/results/1", old_house.token(old_house.client))
    assert answer.status_code == 200
    assert old_house.cli("audit", "list", "--kind", "store_upgraded")
    assert old_house.run("audit", "verify").code == 0


def test_upgraded_store_shares_smart_scopes_and_no_others(old_house):
    """What was declared before is, too: by an old version, as a scope like any other."""
    change(old_house.dir / "registry.db", "insert into api_scope (realm, scope, api, position) "
           f"values ('{old_house.realm}', 'system/Patient.rs', 'results', 9)")
    old_house.cli("upgrade")
    assert old_house.cli("api", "show", "results")["scope"] == [
        "results.read", "results.write", "system/Patient.rs"]
    assert old_house.api("fhir", "system/Patient.rs")["scope"] == ["system/Patient.rs"]
    taken = old_house.cli("api", "add", "more", "--audience", "https://care.example/more",
                          "--scope", "results.read", ok=False)
    assert "belongs to another API" in taken.err


def test_upgrade_leaves_a_current_store_as_it_is(own_house):
    own_house.stop()
    records = len(own_house.cli("audit", "list"))
    assert own_house.cli("upgrade")["store"] == "current"
    assert len(own_house.cli("audit", "list")) == records


def test_upgrade_refuses_a_newer_store(old_house):
    change(old_house.dir / "registry.db", "update schema_version set version = 99")
    assert "another version" in old_house.cli("upgrade", ok=False).err
    assert ask(old_house.dir / "registry.db", "select version from schema_version") == [(99,)]


def test_upgrade_without_a_store_says_what_makes_one(house, tmp_path):
    done = house.run("--dir", str(tmp_path), "upgrade")
    assert done.code == 1 and "`caregate init`" in done.err
    assert not list(tmp_path.iterdir())
