# SPDX-License-Identifier: Apache-2.0
"""A look into the store files with SQLite's own library, and a hand in them."""
import contextlib
import sqlite3

WAIT_S = 10


def ask(path, statement, *values):
    """The rows of a question."""
    with contextlib.closing(sqlite3.connect(path, timeout=WAIT_S)) as store:
        return store.execute(statement, values).fetchall()


def change(path, statement, *values):
    """How many rows a statement changed."""
    with contextlib.closing(sqlite3.connect(path, timeout=WAIT_S)) as store:
        with store:
            return store.execute(statement, values).rowcount


def gather(path):
    """Brings what is in the write-ahead log into the file itself."""
    with contextlib.closing(sqlite3.connect(path, timeout=WAIT_S)) as store:
        store.execute("pragma wal_checkpoint(truncate)")
