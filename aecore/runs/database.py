"""The one SQLite file: what changes about runs, beside the folders that hold them.

Losing it loses names, notes and the queue, never a run.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from aecore.home import home
from aecore.runs.record import RunError

TABLES = (
    "CREATE TABLE IF NOT EXISTS notes (run TEXT PRIMARY KEY, name TEXT NOT NULL, note TEXT NOT NULL)",
    # state is queued, training, withdrawn or empty; server is the one that has the run in hand
    "CREATE TABLE IF NOT EXISTS jobs (run TEXT PRIMARY KEY, owner TEXT NOT NULL, device TEXT NOT NULL, "
    "server TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL, submitted REAL NOT NULL)",
)


@contextmanager
def writing() -> Iterator[sqlite3.Connection]:
    """One transaction, committed when the block ends well; the file is made where there is none.

    Write-ahead logging: readers never wait. Raises RunError, here and in `reading`, where the file cannot
    be used.
    """
    _path().parent.mkdir(parents=True, exist_ok=True)
    with _connection("mode=rwc") as database:
        database.execute("PRAGMA journal_mode = WAL")
        for table in TABLES:
            database.execute(table)
        yield database


@contextmanager
def reading(table: str) -> Iterator[sqlite3.Connection | None]:
    """A connection to read `table`, or None where nothing has been written to it yet.

    Reads in a home that cannot be written, too.
    """
    if not _path().exists():
        yield None
        return
    folder = _path().parent
    # a write-ahead log needs a place to be; where there is none, nobody writes
    writable = os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
    with _connection("mode=ro" if writable else "immutable=1") as database:
        known = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        yield database if known else None  # else the first writer was cut off


def _path() -> Path:
    return home() / "lab.sqlite"


@contextmanager
def _connection(how: str) -> Iterator[sqlite3.Connection]:
    path = _path()
    address = f"{path.absolute().as_uri()}?{how}"
    try:
        with closing(sqlite3.connect(address, timeout=10, uri=True)) as database, database:
            yield database
    except sqlite3.OperationalError as error:  # locked, read-only, disk full, ...: nothing is lost
        raise RunError(
            f"{path} cannot be used now ({error}): make its folder writable or try again"
        ) from None
    except sqlite3.DatabaseError as error:
        raise RunError(
            f"{path} is damaged ({error}): move it away, only names, notes and the queue are in it"
        ) from None
