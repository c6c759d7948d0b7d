"""Analyses that take longer than a page may, computed one after the other beside the trainings."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from aecore.analysis import questions
from aecore.analysis.questions import Arrays, Question, Setting
from aecore.errors import LabError
from aecore.jobs.connection import Connection, connected
from aecore.jobs.limits import JobError

ANALYST = "aecore.jobs.analyst"
SECONDS_IDLE = 60
"""So long the process stays for another question: it holds as much memory as the one that trains."""

SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_UNASKED = 90
"""A question that nobody has asked again for so long is not begun: a page that waits asks all the time, even
in a window behind others, where browsers let it only once a minute."""

MOST_WAITING = 20
MOST_REMEMBERED = 100
"""Questions that could not be answered."""

MOST_HELD = 24
"""Answers that are in no file, up to 8 MB each: more than may wait, so none is gone before it is seen."""

WORKER_DIED = (
    "the process that computed this was ended from outside, most likely because memory ran out: try again, "
    "or ask for less"
)


@dataclass(frozen=True, kw_only=True)
class Working:
    """How far a question is that has no answer yet."""

    place: int = 0
    """How many questions are before it."""

    share: float = 0.0
    doing: str = ""
    begun: float | None = None
    """By the clock `monotonic`, when the first word of it came."""

    failure: str = ""
    """Why there will be no answer, in a sentence."""

    @property
    def seconds_left(self) -> float | None:
        """As far as can be told."""
        if self.begun is None or self.share < 0.02:
            return None
        return (monotonic() - self.begun) * (1 - self.share) / self.share


class Analyses:
    """The questions of one app server. Every method may be called from any thread; none waits for an answer.

    The process that computes is started for the first question, and ends when none has come for a minute.
    """

    refusal: type[LabError] = LabError
    """What its methods raise for people, as for `Jobs`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, tuple[Question, str]] = {}
        self._working: dict[str, Working] = {}
        self._asked: dict[str, float] = {}
        self._failed: dict[str, str] = {}
        self._held: dict[str, Arrays] = {}
        self._thread: threading.Thread | None = None
        self._closing = False

    def ask(
        self, analysis: str, subject: str, settings: Mapping[str, Setting], *, device: str
    ) -> Arrays | Working:
        """The answer, or how far it is; whoever asks first has it computed on `device`.

        Raises JobError where too many wait, another LabError where the question cannot be.
        """
        question = Question(analysis, subject, settings)
        key = question.key  # before others have to wait
        with self._changed:
            if failure := self._failed.get(key):
                return Working(failure=failure)
            if key not in self._waiting:
                if (known := self._known(question)) is not None:
                    return known
                self._enter(question, device)
            self._asked[key] = monotonic()
            place = list(self._waiting).index(key)
            return replace(self._working[key], place=place)

    def again(self, analysis: str, subject: str, settings: Mapping[str, Setting]) -> None:
        """Forget that a question could not be answered: the next to ask has it tried anew."""
        with self._changed:
            self._failed.pop(Question(analysis, subject, settings).key, None)

    def close(self) -> None:
        """End the process with what it computes."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread:
            thread.join()

    def _known(self, question: Question) -> Arrays | None:
        if (known := questions.kept(question)) is not None or not question.passing:
            return known
        if (held := self._held.pop(question.key, None)) is not None:
            self._held[question.key] = held  # the last to be forgotten
        return held

    def _enter(self, question: Question, device: str) -> None:
        if len(self._waiting) >= MOST_WAITING:
            raise JobError(f"{MOST_WAITING} analyses are waiting: try again when some are done")
        self._waiting[question.key] = question, device
        self._working[question.key] = Working()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="analyses", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _work(self) -> None:
        while self._wanted():
            try:
                with connected(self._hear) as connection:
                    self._serve(connection)
            except Exception as error:  # whatever Dask raises: a page must not wait for ever
                self._give_up(f"nothing can be computed just now: {error}")

    def _wanted(self) -> bool:
        """Whether there is anything to do; if not, this thread is gone, and the next question begins one."""
        with self._changed:
            if self._waiting and not self._closing:
                return True
            self._thread = None
            return False

    def _serve(self, connection: Connection) -> None:
        """Answer questions until the connection is lost or none has come for a while."""
        while connection.working:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing, SECONDS_IDLE)
                self._forget_unasked()
                if not self._waiting or self._closing:
                    return
                key, (question, device) = next(iter(self._waiting.items()))
            future = connection.ask(
                ANALYST, "answer", question.analysis, question.subject, dict(question.settings), device
            )
            failure, answer = self._outcome(future, connection)
            with self._changed:
                if answer is not None:
                    self._hold(key, answer)
                self._done(key, failure)

    def _forget_unasked(self) -> None:
        for key in list(self._waiting):
            if monotonic() - self._asked[key] > SECONDS_UNASKED:
                self._done(key, "")

    def _hold(self, key: str, answer: Arrays) -> None:
        self._held[key] = answer
        while len(self._held) > MOST_HELD:
            del self._held[next(iter(self._held))]

    def _outcome(self, future: Any, connection: Connection) -> tuple[str, Arrays | None]:
        """Why a question has no answer, empty where it has one; and the answer where it is in no file."""
        with self._changed:  # Dask's own callback needs a thread pool, which is gone when a server ends
            while not future.done() and connection.working and not self._closing:
                self._changed.wait(SECONDS_BETWEEN_LOOKS)
        if not future.done():
            return "the analysis was cut off: try again", None
        return future.result(timeout=10) if future.status == "finished" else (WORKER_DIED, None)

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        _, news = event
        with self._changed:
            if known := self._working.get(news["key"]):
                self._working[news["key"]] = replace(
                    known,
                    share=news["share"],
                    doing=news["doing"],
                    begun=known.begun or monotonic(),
                )

    def _done(self, key: str, failure: str) -> None:
        self._waiting.pop(key, None)
        self._working.pop(key, None)
        self._asked.pop(key, None)
        if failure:
            self._failed[key] = failure
            while len(self._failed) > MOST_REMEMBERED:
                del self._failed[next(iter(self._failed))]

    def _give_up(self, failure: str) -> None:
        with self._changed:
            for key in list(self._waiting):
                self._done(key, failure)
