"""The queue's book in the database: who asked for which run, and what became of it.

Each app server enters its own runs. A server holds a lock while it lives, so that another one can tell
whose queue has been left behind, however that server ended.
"""

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from aecore.home import home
from aecore.runs.database import reading, writing

LAB_ENDED = "the lab was ended while this run was training: resume it"
STOPPED_EARLY = "while its images were being got ready"
"""How the sentence ends about a run that was stopped before a training of it had begun."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the book says of one run."""

    run: str
    owner: str
    """Who asked for it; an opaque word."""

    device: str
    server: str
    state: str
    """queued, training, withdrawn before it was trained, or empty, when nobody has it in hand."""

    message: str
    """Why it is not being trained any more, for people; empty where it simply ended."""

    submitted: float
    """Seconds since 1970."""


COLUMNS = "run, owner, device, server, state, message, submitted"


class Book:
    """The entries of one server. Making one takes the server's lock; `close` gives it back."""

    def __init__(self) -> None:
        self.server = secrets.token_hex(4)
        _locks().mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self.server)
        self._lock.acquire()

    def enter(self, run: str, owner: str, device: str) -> float:
        """Queue a run, anew if it was in the book before. Returns the moment that counts for its turn."""
        now = time.time()
        with writing() as database:
            database.execute(
                f"INSERT OR REPLACE INTO jobs ({COLUMNS}) VALUES (?, ?, ?, ?, 'queued', '', ?)",
                (run, owner, device, self.server, now),
            )
        return now

    def mark(self, run: str, state: str, message: str = "") -> None:
        with writing() as database:
            database.execute(
                "UPDATE jobs SET state = ?, message = ? WHERE run = ?",
                (state, message, run),
            )

    def adopt(self) -> list[Entry]:
        """Take over what servers that are gone have left behind; returns the runs still to be trained.

        What they were training is marked as cut off.
        """
        for server in {entry.server for entry in entries().values()} - {self.server}:
            lock = _lock(server)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue  # that server lives
            with writing() as database:
                database.execute(
                    "UPDATE jobs SET state = '', message = ? WHERE server = ? AND state = 'training'",
                    (LAB_ENDED, server),
                )
                database.execute("UPDATE jobs SET server = ? WHERE server = ?", (self.server, server))
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)
        return [
            entry for entry in entries().values() if entry.server == self.server and entry.state == "queued"
        ]

    def close(self) -> None:
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)


def entries() -> dict[str, Entry]:
    """Everything in the book, by run."""
    return {one.run: one for one in _read("")}


def entry(run: str) -> Entry | None:
    """What the book says of `run`, if anything."""
    return next(iter(_read("WHERE run = ?", run)), None)


def strike(run: str) -> None:
    """Take a run that is gone out of the book."""
    if entry(run):
        with writing() as database:
            database.execute("DELETE FROM jobs WHERE run = ?", (run,))


def _read(which: str, *values: str) -> list[Entry]:
    with reading("jobs") as database:
        rows = database.execute(f"SELECT {COLUMNS} FROM jobs {which}", values) if database else []
        return [Entry(**dict(zip(COLUMNS.split(", "), row, strict=True))) for row in rows]


def _locks() -> Path:
    return home() / "servers"


def _lock(server: str) -> FileLock:
    return FileLock(_locks() / f"{server}.lock", thread_local=False)
