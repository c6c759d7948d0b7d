"""The thread that hands runs to workers in turn, and looks after what they train."""

import logging
import os
import secrets
import threading
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from time import monotonic
from typing import Any

from aecore.errors import LabError
from aecore.jobs import limits
from aecore.jobs.book import LAB_ENDED
from aecore.jobs.connection import ENGINE_DIED, Connection, connected, outcome
from aecore.jobs.limits import JobError
from aecore.jobs.queue import Queue, Training

SECONDS_BETWEEN_LOOKS = 0.5
"""It looks after the workers this often; people and events wake it at once."""

SECONDS_BETWEEN_LOOKS_FOR_A_WORKER = 0.1

SECONDS_BETWEEN_ADOPTIONS = 30
"""Of what other servers left behind."""

SECONDS_BEFORE_ANOTHER_TRY = 10

NO_ANSWER = "the training engine does not answer just now: try again"
NO_WORKER = "no worker has joined the training cluster: start a `dask worker`"


class Dispatcher:
    """At work from `start` to `close`, for one queue."""

    def __init__(self, queue: Queue) -> None:
        self.connection: Connection | None = None
        self._queue = queue
        self._thread: threading.Thread | None = None
        self._closing = False
        self._adopted = 0.0

    def start(self) -> None:
        """Begin to work, in a thread; further calls do nothing."""
        with self._queue.changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the engine with what it trains, which is then interrupted."""
        with self._queue.changed:
            self._closing = True
            self._queue.changed.notify_all()
        if self._thread:
            self._thread.join()

    def tell(self, run_id: str, wish: str, *values: Any) -> None:
        """Pass a wish on to a training. Raises JobError where there is none, or no answer soon."""
        with self._queue.changed:
            training, connection = self._queue.training.get(run_id), self.connection
        if training is None or connection is None:
            raise JobError(
                f"run {run_id} is not being trained here now: reload the page to see how it stands"
            )
        if not connection.tell(run_id, training.attempt, wish, *values, worker=training.worker):
            raise JobError(NO_ANSWER)

    def _work(self) -> None:
        queue = self._queue
        while not self._closing:
            try:
                self._adopt()
                with self._connected() as connection:
                    queue.trouble = ""
                    self._serve(connection)
                queue.trouble = "the connection to the training engine was lost: it is being restored"
            except Exception as error:  # whatever Dask raises, the queue must go on
                if not isinstance(error, OSError | LabError):
                    logging.getLogger(__name__).exception("the training engine cannot be used")
                queue.trouble = f"nothing can be trained just now: {error}"
                with queue.changed:
                    queue.changed.wait_for(lambda: self._closing, SECONDS_BEFORE_ANOTHER_TRY)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """What is being trained when the connection ends has ended, too."""
        try:
            with connected(self._queue.hear, os.environ.get("AECORE_SCHEDULER", "")) as connection:
                self.connection = connection
                yield connection
        finally:
            if lost := self.connection:
                self.connection = None
                for run_id in list(self._queue.training):
                    self._queue.end(run_id, LAB_ENDED if self._closing else lost.why_lost)

    def _adopt(self) -> None:
        self._queue.adopt()
        self._adopted = monotonic()

    def _serve(self, connection: Connection) -> None:
        """Hand out runs until the connection is lost or the server ends."""
        queue = self._queue
        while not self._closing and connection.working:
            try:
                tasks = connection.tasks()
            except TimeoutError:
                queue.trouble = "nothing can be trained just now: the training engine does not answer"
                continue
            except OSError:
                return
            self._look_after_trainings(tasks)
            try:
                if monotonic() - self._adopted > SECONDS_BETWEEN_ADOPTIONS:
                    self._adopt()
                self._hand_out(connection, (worker for worker, busy in tasks.items() if not busy))
                queue.trouble = "" if tasks or connection.engine else NO_WORKER
            except LabError as error:  # the book cannot be written: what is being trained goes on
                queue.trouble = f"nothing more can be trained just now: {error}"
            with queue.changed:
                queue.changed.wait(SECONDS_BETWEEN_LOOKS if tasks else SECONDS_BETWEEN_LOOKS_FOR_A_WORKER)

    def _look_after_trainings(self, workers: Container[str]) -> None:
        for run_id, training in list(self._queue.training.items()):
            if training.future.done():
                self._queue.end(run_id, outcome(training.future))
            elif training.worker not in workers:
                self._queue.end(run_id, ENGINE_DIED)  # and dropped, so that no other worker tries it again
            elif limits.public() and monotonic() - training.began > limits.MOST_SECONDS:
                with suppress(JobError):  # it is told again at the next look
                    self.tell(run_id, "stop", limits.out_of_time())

    def _hand_out(self, connection: Connection, idle: Iterable[str]) -> None:
        queue = self._queue
        with queue.changed:
            taken = {training.worker for training in queue.training.values()}
            free = [worker for worker in idle if worker not in taken]
            for one, worker in zip(queue.line(), free, strict=False):
                queue.begin(one)
                training = Training(attempt=secrets.token_hex(4), worker=worker, began=monotonic())
                queue.training[one.run] = training
                try:
                    future = connection.train(one.run, training.attempt, one.device, worker=worker)
                except Exception as error:  # whatever Dask raises: those in training go on
                    queue.end(one.run, f"the training engine did not take this run ({error}): resume it")
                    return  # and whether the connection still works is looked at before the next
                queue.training[one.run] = replace(training, future=future)
                future.add_done_callback(self._wake)

    def _wake(self, _future: Any) -> None:
        with self._queue.changed:
            self._queue.changed.notify_all()
