"""What people write on runs (name, note), in one SQLite file.

Everything else about a run is read from its folder; losing this file loses names and notes, never a run.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aecore.home import home
from aecore.runs.record import RunError

SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (
    run  TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    note TEXT NOT NULL
)
"""


@dataclass(frozen=True)
class Notes:
    """What is written on one run."""

    name: str
    note: str


def read_notes() -> dict[str, Notes]:
    """The notes on every run that has any, by run id. Reads in a home that cannot be written, too."""
    if not _path().exists():
        return {}
    with _database(read_only=True) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'notes'").fetchone():
            return {}  # the first writer was cut off
        rows = database.execute("SELECT run, name, note FROM notes").fetchall()
    return {run: Notes(name, note) for run, name, note in rows}


def write_name(run: str, name: str) -> None:
    """Give a run another name; its note stays as it is at that moment."""
    with _database() as database:
        database.execute(
            "INSERT INTO notes (run, name, note) VALUES (?, ?, '') "
            "ON CONFLICT (run) DO UPDATE SET name = excluded.name",
            (run, name),
        )


def write_note(run: str, note: str, name: str) -> None:
    """Write another note on a run; its name stays as it is at that moment, `name` if it has none yet."""
    with _database() as database:
        database.execute(
            "INSERT INTO notes (run, name, note) VALUES (?, ?, ?) "
            "ON CONFLICT (run) DO UPDATE SET note = excluded.note",
            (run, name, note),
        )


def forget_notes(run: str) -> None:
    """Drop what is written on a run that is gone."""
    if _path().exists():
        with _database() as database:
            database.execute("DELETE FROM notes WHERE run = ?", (run,))


def _path() -> Path:
    return home() / "lab.sqlite"


@contextmanager
def _database(read_only: bool = False) -> Iterator[sqlite3.Connection]:
    """One transaction, committed when the block ends well. Write-ahead logging: readers never wait."""
    path = _path()
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # a write-ahead log needs a place to be; where there is none, nobody writes
        writable = os.access(path.parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
        read = "mode=ro" if writable else "immutable=1"
        address = f"{path.absolute().as_uri()}?{read if read_only else 'mode=rwc'}"
        with closing(sqlite3.connect(address, timeout=10, uri=True)) as database, database:
            if not read_only:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute(SCHEMA)
            yield database
    except sqlite3.OperationalError as error:  # locked, read-only, disk full, ...: nothing is lost
        raise RunError(
            f"{path} cannot be used now ({error}): make its folder writable or try again"
        ) from None
    except sqlite3.DatabaseError as error:
        raise RunError(f"{path} is damaged ({error}): move it away, only names and notes are in it") from None
