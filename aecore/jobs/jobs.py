"""What people ask of the queue: each wish is checked, granted, or refused in a sentence."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from aecore import runs
from aecore.config import Experiment, TrainConfig
from aecore.errors import LabError
from aecore.jobs import limits
from aecore.jobs.book import entries, entry, strike
from aecore.jobs.dispatcher import Dispatcher
from aecore.jobs.limits import JobError
from aecore.jobs.queue import Queue
from aecore.settings import SettingsError


class Jobs(Queue):
    """The queue of one app server. `start` it once; `close` ends what it trains.

    A thread starts the engine (or connects to the cluster in AECORE_SCHEDULER), hands it one run at a time
    and listens. No method waits for a training. `owner` is an opaque word for whoever asks; an empty
    `device` means the fastest that the worker has.
    """

    refusal: type[LabError] = LabError
    """What its methods raise for people. A page catches this one: after a hot reload of the code, the
    page's own LabError is another class."""

    def __init__(self) -> None:
        super().__init__()
        self._dispatcher = Dispatcher(self)

    def start(self) -> None:
        """Begin to work, in a thread; further calls do nothing."""
        self._dispatcher.start()

    def close(self) -> None:
        """End the engine with what it trains, which is then interrupted, and forget nothing that waits."""
        self._dispatcher.close()
        if self._book:
            self._book.close()

    def submit(self, experiment: Experiment, *, owner: str, device: str) -> str:
        """Queue a new run and return its id.

        Raises SettingsError for an experiment that cannot be, JobError where the queue does not take it.
        """
        from aecore.runs.execution import create  # takes seconds the first time: not while others wait

        if limits.public():
            limits.check_experiment(experiment)
        with self.changed, _room_to_write():
            self._check_room(owner)
            self._check_kept(owner)
            with _own_refusals():
                run = create(experiment)
            try:
                self._enter(run.id, owner, device)
            except BaseException:
                shutil.rmtree(run.folder, ignore_errors=True)
                raise
        return run.id

    def await_first_step(self, run_id: str, seconds: float) -> None:
        """Return once a run has taken its first step, or after so many seconds.

        At once where that is not to be expected: no engine is up, others are before it, it is over.
        """

        def soon() -> bool:
            live = self._lives.get(run_id)
            alone = self._dispatcher.connection is not None and self.active() == [run_id]
            return alone and live is not None and not live.step

        with self.changed:
            self.changed.wait_for(lambda: not soon(), seconds)

    def resume(self, run_id: str, *, owner: str, device: str) -> None:
        """Queue an interrupted run again. Raises JobError for any other."""
        self._check_may_change(run_id, owner)
        run = runs.get(run_id)
        if limits.public():
            limits.check_experiment(run.experiment)
        with self.changed, _room_to_write():
            status = self.status(run)
            if status not in ("interrupted", "failed", "withdrawn"):
                raise JobError(f"run {run_id} is {status}: only an interrupted one can be resumed")
            self._check_room(owner)
            self._enter(run_id, owner, device)

    def stop(self, run_id: str, *, owner: str) -> None:
        """End a training after the step it is in, keeping what it has learnt.

        One that waits, or whose images are being got ready, leaves the queue.
        """
        self._check_may_change(run_id, owner)
        with self.changed:
            if run_id in self._waiting:
                self._leave(run_id)
                return
        self._dispatcher.tell(run_id, "stop")
        with self.changed:
            if run_id not in self.training:  # it came to its end meanwhile
                return
            if self._lives[run_id].steps:
                self._show(run_id, "measuring")
            else:
                self._lives[run_id] = replace(self._lives[run_id], doing="Stopping")

    def pause(self, run_id: str, *, owner: str) -> None:
        """Hold a training before its next step."""
        self._pass_on(run_id, owner, "pause")

    def step(self, run_id: str, *, owner: str) -> None:
        """Hold a training after one step more."""
        self._pass_on(run_id, owner, "step")

    def go_on(self, run_id: str, *, owner: str) -> None:
        """End a pause."""
        self._pass_on(run_id, owner, "resume")

    def change_learning_rate(self, run_id: str, learning_rate: float, *, owner: str) -> None:
        """Use another (highest) learning rate from the next step on. Raises SettingsError for a bad one."""
        TrainConfig(learning_rate=learning_rate)
        self._pass_on(run_id, owner, "change_learning_rate", learning_rate)

    def rename(self, run_id: str, name: str, *, owner: str) -> None:
        self._check_may_change(run_id, owner)
        runs.rename(run_id, name)

    def annotate(self, run_id: str, note: str, *, owner: str) -> None:
        self._check_may_change(run_id, owner)
        runs.annotate(run_id, note)

    def delete(self, run_id: str, *, owner: str) -> None:
        """Remove a run for good; a waiting one leaves the queue.

        Raises JobError while it is trained here, RunError while it is elsewhere.
        """
        self._check_may_change(run_id, owner)
        with self.changed:
            if run_id in self.training:
                raise JobError(f"run {run_id} is being trained: stop it first")
            if run_id in self._waiting:
                self._leave(run_id)
            runs.delete(run_id)
            self._lives.pop(run_id, None)
            strike(run_id)

    def may_change(self, run_id: str, *, owner: str) -> bool:
        """Whether `owner` may stop, rename or delete a run: on a public host, only who asked for it."""
        if not limits.public():
            return True
        known = entry(run_id)
        return known is not None and known.owner == owner

    def _pass_on(self, run_id: str, owner: str, wish: str, *values: Any) -> None:
        self._check_may_change(run_id, owner)
        self._dispatcher.tell(run_id, wish, *values)

    def _check_may_change(self, run_id: str, owner: str) -> None:
        if not self.may_change(run_id, owner=owner):
            raise JobError(f"run {run_id} is somebody else's on this public lab: train one of your own")

    def _check_room(self, owner: str) -> None:
        if limits.public():
            limits.check_queue([one.owner for one in self.line()], owner)

    def _check_kept(self, owner: str) -> None:
        if limits.public():
            asked = entries()
            kept = [run.id for run in runs.list_runs()]
            limits.check_kept({run: asked[run].owner if run in asked else None for run in kept}, owner)


@contextmanager
def _room_to_write() -> Iterator[None]:
    """Say in a sentence why a run cannot be written down."""
    try:
        yield
    except OSError as error:
        raise JobError(
            f"the run cannot be kept ({error}): make room for it or let the lab write there"
        ) from None


@contextmanager
def _own_refusals() -> Iterator[None]:
    """After a hot reload of the code, what is imported late raises a SettingsError that is not ours."""
    try:
        yield
    except ValueError as error:
        if type(error).__name__ != SettingsError.__name__:
            raise
        raise SettingsError(str(error)) from None
