"""The queue of one app server: who waits, what is being trained, and what is known of each."""

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aecore import runs
from aecore.errors import LabError
from aecore.jobs.book import STOPPED_EARLY, Book, Entry, entry
from aecore.jobs.line import Waiting, in_turn
from aecore.jobs.live import Live, Stage

MOST_REMEMBERED = 50
"""Trainings that are over; older ones are read from their folders."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """One run in a worker's hands."""

    attempt: str
    worker: str
    """The worker's address; one that is started in its place has another."""

    began: float
    """By the clock `monotonic`."""

    future: Any = None
    """Dask's, of what the worker answers."""


class Queue:
    """Shared by people, who ask and look, and the dispatcher; every method may be called from any thread."""

    def __init__(self) -> None:
        self.trouble = ""
        """Why nothing can be trained just now, in a sentence; empty when all is well."""

        self.changed = threading.Condition(threading.RLock())
        """Notified when somebody should look; hold it to look at more than one thing at a time."""

        self.training: dict[str, Training] = {}
        self._waiting: dict[str, Waiting] = {}
        self._lives: dict[str, Live] = {}
        self._served: dict[str, int] = {}
        self._book: Book | None = None

    # what is seen of it

    def live(self, run_id: str) -> Live | None:
        """A training as of its last event; None where this server does not remember it."""
        live = self._lives.get(run_id)
        with suppress(runs.RunError):
            return live and live.with_losses(_folder(run_id))
        return None

    def line(self) -> list[Waiting]:
        """Who waits, in the order in which they will begin."""
        with self.changed:
            return in_turn(list(self._waiting.values()), self._served)

    def position(self, run_id: str) -> int | None:
        """Place in the queue, 1 for the next; None for a run that does not wait."""
        return next((place for place, one in enumerate(self.line(), 1) if one.run == run_id), None)

    def active(self) -> list[str]:
        """Ids of the runs in training, then of those waiting, in turn."""
        with self.changed:
            return [*self.training, *(one.run for one in self.line())]

    def status(self, run: runs.Run) -> str:
        """queued, starting, training, paused or measuring; failed; else the folder's.

        One that has left the queue is interrupted, or withdrawn where it had never begun.
        """
        live = self._lives.get(run.id)
        if live and live.stage != "over":
            return live.stage
        if run.status == "interrupted" and (known := entry(run.id)):
            if known.state == "withdrawn":
                return "interrupted" if (run.folder / "checkpoints").exists() else "withdrawn"
            if known.state and not self._keeps(known):
                return "queued" if known.state == "queued" else "starting"
            if known.message:
                return "failed"
        return run.status

    def message(self, run_id: str) -> str:
        """Why a run failed or left the queue, in a sentence; empty where neither is so."""
        known = entry(run_id)
        return known.message if known else ""

    # a run's way through it

    def _enter(self, run_id: str, owner: str, device: str) -> None:
        self._wait(Waiting(run_id, owner, self._own_book().enter(run_id, owner, device), device))

    def _wait(self, one: Waiting) -> None:
        self._waiting[one.run] = one
        self._lives.pop(one.run, None)
        self._lives[one.run] = Live(run=one.run)
        over = [known for known, live in self._lives.items() if live.stage == "over"]
        for old in over[: max(0, len(over) - MOST_REMEMBERED)]:
            del self._lives[old]
        self.changed.notify_all()

    def _leave(self, run_id: str) -> None:
        self._own_book().mark(run_id, "withdrawn", "it was taken out of the queue before its turn")
        del self._waiting[run_id], self._lives[run_id]

    def _show(self, run_id: str, stage: Stage) -> None:
        self._lives[run_id] = replace(self._lives[run_id], stage=stage)

    def adopt(self) -> None:
        """Take in what servers that are gone have left behind."""
        with self.changed:
            for left in self._own_book().adopt():
                if left.run not in self._waiting:
                    self._wait(Waiting(left.run, left.owner, left.submitted, left.device))

    def begin(self, one: Waiting) -> None:
        """It is this one's turn. Raises RunError, and it waits on, where that cannot be written down."""
        with self.changed:
            self._own_book().mark(one.run, "training")
            del self._waiting[one.run]
            self._served[one.owner] = max(self._served.values(), default=0) + 1
            self._show(one.run, "starting")

    def hear(self, event: tuple[float, dict[str, Any]]) -> None:
        """Take in what a worker says."""
        _, news = event
        run_id = news["run"]
        with self.changed:
            training = self.training.get(run_id)
            if training and training.attempt == news["attempt"]:
                before = self._lives[run_id]
                self._lives[run_id] = before.after(news, _folder(run_id))
                if not before.step and self._lives[run_id].step:
                    self.changed.notify_all()

    def end(self, run_id: str, failure: str) -> None:
        """A training has left its worker, for the reason in `failure` unless it came to its own end."""
        with self.changed:
            try:
                result = runs.read_run(_folder(run_id)).result
            except LabError as error:
                result, failure = None, failure or str(error)
            live = self._lives[run_id]
            live = live.over(result.ended, result.message) if result else live.over("failed", failure)
            state = "withdrawn" if failure.endswith(STOPPED_EARLY) else ""
            with suppress(LabError):  # the folder still tells how the run stands
                self._own_book().mark(run_id, state, "" if result else failure)
            del self.training[run_id]
            self._lives[run_id] = live
            self.changed.notify_all()

    # the book

    def _keeps(self, known: Entry) -> bool:
        """Whether it is this server that has a run in hand."""
        return self._book is not None and known.server == self._book.server

    def _own_book(self) -> Book:
        if self._book is None:
            self._book = Book()
        return self._book


def _folder(run_id: str) -> Path:
    """Of a run in the queue, so its id is ours; found without the database, which may be broken."""
    return runs.runs_folder() / run_id
