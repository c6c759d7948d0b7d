"""The queue of trainings of one app server: who waits, what runs, what it says.

A thread starts the engine (or connects to the cluster in AECORE_SCHEDULER), hands it one run at a time and
listens. Every method may be called from any thread; none waits for a training.
"""

import contextlib
import logging
import os
import re
import secrets
import threading
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from aecore import runs
from aecore.config import Experiment, TrainConfig
from aecore.errors import LabError
from aecore.jobs import limits
from aecore.jobs.book import LAB_ENDED, Book, Entry, entry, strike
from aecore.jobs.engine import Engine
from aecore.jobs.limits import JobError
from aecore.jobs.line import Waiting, in_turn
from aecore.jobs.live import Live
from aecore.progress import Epoch

WORKER = "aecore.jobs.worker"
SECONDS_BETWEEN_LOOKS = 0.5
"""The thread looks after the engine this often; people and events wake it at once."""

SECONDS_BETWEEN_LOOKS_FOR_A_WORKER = 0.1

SECONDS_BETWEEN_ADOPTIONS = 30
"""Of what other servers left behind."""

SECONDS_TO_CONNECT = 10
SECONDS_BEFORE_ANOTHER_TRY = 10
MOST_REMEMBERED = 50
"""Trainings that are over; older ones are read from their folders."""

ENGINE_DIED = (
    "the process that trained this run was ended from outside, most likely because memory ran out: "
    "resume it, or train one with a smaller batch_size or model"
)
CONNECTION_LOST = "the connection to the training engine was lost: resume the run"
NO_ANSWER = "the training engine does not answer just now: try again"
NO_WORKER = "no worker has joined the training cluster: start a `dask worker`"


@dataclass(frozen=True, kw_only=True)
class _Training:
    """One run in the engine's hands."""

    attempt: str
    worker: str
    """The worker's address; one that is started in its place has another."""

    future: Any
    began: float


class Jobs:
    """The queue of one app server. `start` it once; `close` ends what it trains."""

    def __init__(self) -> None:
        self.trouble = ""
        """Why nothing can be trained just now, in a sentence; empty when all is well."""

        self._changed = threading.Condition(threading.RLock())
        self._lives: dict[str, Live] = {}
        self._waiting: dict[str, Waiting] = {}
        self._devices: dict[str, str] = {}
        self._served: dict[str, int] = {}
        self._training: dict[str, _Training] = {}
        self._thread: threading.Thread | None = None
        self._closing = False
        self._adopted = 0.0
        self._book: Book | None = None
        self._engine: Engine | None = None
        self._client: Any = None

    # what people ask for

    def submit(self, experiment: Experiment, *, owner: str, device: str) -> str:
        """Queue a new run and return its id. `owner` is an opaque word for whoever asks.

        Raises SettingsError for an experiment that cannot be, JobError where the queue does not take it.
        """
        from aecore.runs.execution import create  # takes seconds the first time: not while others wait

        if limits.public():
            limits.check_experiment(experiment)
        with self._changed, _room_to_write():
            self._check_room(owner)
            run = create(experiment)
            self._enter(run.id, owner, device)
        return run.id

    def resume(self, run_id: str, *, owner: str, device: str) -> None:
        """Queue an interrupted run again. Raises JobError for any other."""
        self._check_may_change(run_id, owner)
        run = runs.get(run_id)
        if limits.public():
            limits.check_experiment(run.experiment)
        with self._changed, _room_to_write():
            status = self.status(run)
            if status not in ("interrupted", "failed", "withdrawn"):
                raise JobError(f"run {run_id} is {status}: only an interrupted one can be resumed")
            self._check_room(owner)
            self._enter(run_id, owner, device)

    def stop(self, run_id: str, *, owner: str) -> None:
        """End a training after the step it is in, keeping what it has learnt; take a waiting one out."""
        self._check_may_change(run_id, owner)
        with self._changed:
            if run_id in self._waiting:
                self._leave_queue(run_id)
                return
        self._tell(run_id, "stop")
        with self._changed:
            if run_id in self._training:  # else it came to its end meanwhile
                self._lives[run_id].stage = "measuring"

    def pause(self, run_id: str, *, owner: str) -> None:
        """Hold a training before its next step."""
        self._check_may_change(run_id, owner)
        self._tell(run_id, "pause")

    def step(self, run_id: str, *, owner: str) -> None:
        """Hold a training after one step more."""
        self._check_may_change(run_id, owner)
        self._tell(run_id, "step")

    def go_on(self, run_id: str, *, owner: str) -> None:
        """End a pause."""
        self._check_may_change(run_id, owner)
        self._tell(run_id, "resume")

    def change_learning_rate(self, run_id: str, learning_rate: float, *, owner: str) -> None:
        """Use another (highest) learning rate from the next step on. Raises SettingsError for a bad one."""
        TrainConfig(learning_rate=learning_rate)
        self._check_may_change(run_id, owner)
        self._tell(run_id, "change_learning_rate", learning_rate)

    def rename(self, run_id: str, name: str, *, owner: str) -> None:
        self._check_may_change(run_id, owner)
        runs.rename(run_id, name)

    def annotate(self, run_id: str, note: str, *, owner: str) -> None:
        self._check_may_change(run_id, owner)
        runs.annotate(run_id, note)

    def delete(self, run_id: str, *, owner: str) -> None:
        """Remove a run for good; a waiting one leaves the queue. Raises RunError while it is trained."""
        self._check_may_change(run_id, owner)
        with self._changed:
            if run_id in self._training:
                raise JobError(f"run {run_id} is being trained: stop it first")
            if run_id in self._waiting:
                self._leave_queue(run_id)
            runs.delete(run_id)
            self._lives.pop(run_id, None)
            strike(run_id)

    # what people see

    def may_change(self, run_id: str, *, owner: str) -> bool:
        """Whether `owner` may stop, rename or delete a run: on a public host, only who asked for it."""
        if not limits.public():
            return True
        known = entry(run_id)
        return known is not None and known.owner == owner

    def live(self, run_id: str) -> Live | None:
        """A training as of its last event; None where this server has not had it in hand."""
        return self._lives.get(run_id)

    def position(self, run_id: str) -> int | None:
        """Place in the queue, 1 for the next; None for a run that does not wait."""
        with self._changed:
            line = in_turn(list(self._waiting.values()), self._served)
        return next((place for place, one in enumerate(line, 1) if one.run == run_id), None)

    def active(self) -> list[str]:
        """Ids of the runs in training, then of those waiting, in turn."""
        with self._changed:
            line = in_turn(list(self._waiting.values()), self._served)
            return [*self._training, *(one.run for one in line)]

    def status(self, run: runs.Run) -> str:
        """queued, starting, training, paused or measuring; withdrawn; failed; else the folder's."""
        live = self._lives.get(run.id)
        if live and live.stage != "over":
            return live.stage
        if run.status == "interrupted" and (known := entry(run.id)):
            if known.state == "withdrawn":
                return "withdrawn"
            if known.state and not self._keeps(known):
                return "queued" if known.state == "queued" else "starting"
            if known.message:
                return "failed"
        return run.status

    def message(self, run_id: str) -> str:
        """Why a run failed or was never begun, in a sentence; empty where neither is so."""
        known = entry(run_id)
        return known.message if known else ""

    # life

    def start(self) -> None:
        """Begin to work, in a thread; further calls do nothing."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the engine with what it trains, which is then interrupted, and forget nothing that waits."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join()
        if self._book:
            self._book.close()

    # the queue

    def _check_room(self, owner: str) -> None:
        if limits.public():
            limits.check_queue([one.owner for one in self._waiting.values()], owner)

    def _check_may_change(self, run_id: str, owner: str) -> None:
        if not self.may_change(run_id, owner=owner):
            raise JobError(f"run {run_id} is somebody else's on this public lab: train one of your own")

    def _enter(self, run_id: str, owner: str, device: str) -> None:
        self._wait(run_id, owner, device, self._own_book().enter(run_id, owner, device))

    def _wait(self, run_id: str, owner: str, device: str, submitted: float) -> None:
        self._waiting[run_id] = Waiting(run_id, owner, submitted)
        self._devices[run_id] = device
        self._lives.pop(run_id, None)
        self._lives[run_id] = Live(run=run_id)
        over = [known for known, live in self._lives.items() if live.stage == "over"]
        for old in over[: max(0, len(over) - MOST_REMEMBERED)]:
            del self._lives[old]
        self._changed.notify_all()

    def _leave_queue(self, run_id: str) -> None:
        self._own_book().mark(run_id, "withdrawn", "it was taken out of the queue before its turn")
        del self._waiting[run_id], self._lives[run_id]

    def _keeps(self, known: Entry) -> bool:
        """Whether it is this server that has a run in hand."""
        return self._book is not None and known.server == self._book.server

    def _own_book(self) -> Book:
        if self._book is None:
            self._book = Book()
        return self._book

    def _tell(self, run_id: str, wish: str, *values: Any) -> None:
        with self._changed:
            training, client = self._training.get(run_id), self._client
        if training is None or client is None:
            raise JobError(
                f"run {run_id} is not being trained here now: reload the page to see how it stands"
            )
        wish_of_this_attempt = (WORKER, "tell", run_id, training.attempt, wish, *values)
        try:
            heard = client.run(_call, *wish_of_this_attempt, workers=[training.worker], on_error="ignore")
        except Exception:  # whatever Dask raises where the client is closing, or just closed
            heard = None
        if not heard:
            raise JobError(NO_ANSWER)

    # the thread

    def _work(self) -> None:
        while not self._closing:
            try:
                self._adopt()
                with self._connection():
                    self.trouble = ""
                    self._serve()
                self.trouble = "the connection to the training engine was lost: it is being restored"
            except Exception as error:  # whatever Dask raises, the queue must go on
                if not isinstance(error, OSError | LabError):
                    logging.getLogger(__name__).exception("the training engine cannot be used")
                self.trouble = f"nothing can be trained just now: {error}"
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, SECONDS_BEFORE_ANOTHER_TRY)

    def _adopt(self) -> None:
        """Queue what servers that are gone have left behind."""
        with self._changed:
            for left in self._own_book().adopt():
                if left.run not in self._waiting:
                    self._wait(left.run, left.owner, left.device, left.submitted)
            self._adopted = monotonic()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[None]:
        from distributed import Client

        from aecore.jobs.worker import TOPIC

        address = os.environ.get("AECORE_SCHEDULER")
        if address:
            _check_address(address)
        else:
            self._engine = Engine()
        try:
            where = address or (self._engine and self._engine.address)
            self._client = Client(where, timeout=SECONDS_TO_CONNECT, set_as_default=False, name="aecore")
            self._client.subscribe_topic(TOPIC, self._hear)
            yield
        finally:
            if self._client:
                with contextlib.suppress(OSError, TimeoutError, RuntimeError):
                    self._client.close(timeout=2)
                self._client = None
            died = self._engine and not self._engine.running
            if self._engine:
                self._engine.close()
                self._engine = None
            for run_id in list(self._training):
                self._end(run_id, LAB_ENDED if self._closing else ENGINE_DIED if died else CONNECTION_LOST)

    def _serve(self) -> None:
        """Hand out runs until the engine is gone or the server ends."""
        while not self._closing:
            if self._engine and not self._engine.running or self._client.status != "running":
                return
            try:
                tasks = self._client.processing()  # of every worker, those that other apps asked for, too
            except OSError:
                return
            self._look_after_trainings(tasks)
            try:
                if monotonic() - self._adopted > SECONDS_BETWEEN_ADOPTIONS:
                    self._adopt()
                self._hand_out(worker for worker, busy in tasks.items() if not busy)
                self.trouble = "" if tasks or self._engine else NO_WORKER
            except LabError as error:  # the book cannot be written: what is being trained goes on
                self.trouble = f"nothing more can be trained just now: {error}"
            with self._changed:
                self._changed.wait(SECONDS_BETWEEN_LOOKS if tasks else SECONDS_BETWEEN_LOOKS_FOR_A_WORKER)

    def _look_after_trainings(self, workers: Container[str]) -> None:
        for run_id, training in list(self._training.items()):
            if training.future.done():
                self._end(run_id, _outcome(training.future))
            elif training.worker not in workers:
                self._end(run_id, ENGINE_DIED)  # and dropped, so that no other worker tries it again
            elif limits.public() and monotonic() - training.began > limits.MOST_SECONDS:
                with contextlib.suppress(JobError):  # it is told again at the next look
                    self._tell(run_id, "stop")

    def _hand_out(self, idle: Iterable[str]) -> None:
        with self._changed:
            taken = {training.worker for training in self._training.values()}
            free = [worker for worker in idle if worker not in taken]
            line = in_turn(list(self._waiting.values()), self._served)
            for one, worker in zip(line, free, strict=False):
                self._begin(one, worker)

    def _begin(self, one: Waiting, worker: str) -> None:
        self._own_book().mark(one.run, "training")
        del self._waiting[one.run]
        self._served[one.owner] = max(self._served.values(), default=0) + 1
        self._lives[one.run].stage = "starting"
        attempt = secrets.token_hex(4)
        future = self._client.submit(
            _call,
            WORKER,
            "train",
            one.run,
            attempt,
            self._devices[one.run],
            key=f"aecore-{one.run}-{attempt}",
            workers=[worker],
            pure=False,
            retries=0,
        )
        self._training[one.run] = _Training(attempt=attempt, worker=worker, future=future, began=monotonic())
        future.add_done_callback(self._wake)

    def _wake(self, _future: Any) -> None:
        with self._changed:
            self._changed.notify_all()

    def _end(self, run_id: str, failure: str) -> None:
        """A training has left the engine, for the reason in `failure` unless it came to its own end."""
        with self._changed:
            try:
                result = runs.read_run(_folder(run_id)).result
            except LabError as error:
                result, failure = None, failure or str(error)
            live = self._lives[run_id]
            if result:
                live.ended, live.message, failure = result.ended, result.message, ""
            else:
                live.ended, live.message = "failed", failure
            with contextlib.suppress(LabError):  # the folder still tells how the run stands
                self._own_book().mark(run_id, "", failure)
            del self._training[run_id]
            live.stage = "over"  # last: pages look at the record at any time
            self._changed.notify_all()

    # what the worker says

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        """Take in one event; called in Dask's own thread."""
        _, news = event
        with self._changed:
            live, training = self._lives.get(news["run"]), self._training.get(news["run"])
            if live is None or training is None or training.attempt != news["attempt"]:
                return
            live.stage = (
                "measuring" if news["stage"] == "over" else news["stage"]
            )  # over is the folder's word
            live.doing = news.get("doing", "")
            if "originals" in news:
                live.originals = _pictures(news["originals"], news["shape"])
                before = runs.read_history(_folder(live.run))
                live.losses = before.losses[: news["steps_before"]]
                live.epochs = before.epochs[: news["epochs_before"]]
            if "step" in news:
                live.step, live.steps, live.seconds = news["step"], news["steps"], news["seconds"]
                live.learning_rate = news["learning_rate"]
                live.images_per_second = news["images_per_second"]
                live.losses += np.frombuffer(news["losses"], np.float32).tolist()
                live.epochs += [Epoch(**epoch) for epoch in news["epochs"]]
                live.message = news["message"]
            if "reconstructions" in news and live.originals is not None:
                live.reconstructions = _pictures(news["reconstructions"], live.originals.shape)


@contextlib.contextmanager
def _room_to_write() -> Iterator[None]:
    """Say in a sentence why a run cannot be written down."""
    try:
        yield
    except OSError as error:
        raise JobError(
            f"the run cannot be kept ({error}): make room for it or let the lab write there"
        ) from None


def _check_address(address: str) -> None:
    """Raise JobError where there can be no scheduler: a Dask client that fails over its address hangs."""
    from dask import config

    parts = re.fullmatch(r"((?:tcp|tls)://)?(?:\[[\da-f:]+\]|[^\s/:]+):(\d{1,5})", address)
    if not parts or int(parts[2]) > 65_535:
        raise JobError(f"AECORE_SCHEDULER is {address!r}: write it like tcp://192.168.0.1:8786")
    if parts[1] == "tls://" and not config.get("distributed.comm.tls.ca-file", None):
        raise JobError(f"AECORE_SCHEDULER is {address!r}: set Dask's distributed.comm.tls as well")


def _folder(run_id: str) -> Path:
    """Of a run in the queue, so its id is ours; found without the database, which may be broken."""
    return runs.runs_folder() / run_id


def _pictures(data: bytes, shape: Any) -> np.ndarray:
    return np.frombuffer(data, np.uint8).reshape(tuple(shape))


def _outcome(future: Any) -> str:
    """Why a training that has left the engine failed; empty where it came to its own end."""
    from distributed import KilledWorker

    from aecore.jobs.worker import DIED

    if future.status == "finished":
        failure = future.result(timeout=10)
        return ENGINE_DIED if failure == DIED else failure
    if future.status == "error":
        error = future.exception(timeout=10)
        return ENGINE_DIED if isinstance(error, KilledWorker) else f"the training failed ({error})"
    return CONNECTION_LOST


def _call(module: str, function: str, *arguments: Any) -> Any:
    """Call a function of the worker's own copy of a module.

    Dask pickles this small function alone; pickling the module's own would bring a second copy of the
    module along where the app has reloaded it.
    """
    from importlib import import_module

    return getattr(import_module(module), function)(*arguments)
