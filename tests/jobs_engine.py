"""Real trainings in a real engine, for the tests of aecore.jobs: waited for, overheard, and counted.

Nothing here sleeps for a fixed time: a busy machine imports torch for half a minute, a quiet one for three
seconds.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed import Client

from aecore import runs
from aecore.config import Experiment
from aecore.jobs import JobError, Jobs, Live, connection
from aecore.jobs.engine import Engine
from aecore.jobs.worker import TOPIC
from aecore.recipes import RECIPES

REPOSITORY = Path(__file__).resolve().parents[1]
PATIENCE = 120
"""Seconds until what was waited for is taken to have failed."""

LONG = 10_000
"""Epochs: far more than any test waits for."""


def eventually(see: Callable[[], Any], enough: Callable[[Any], Any] = bool) -> Any:
    """What `see` returns as soon as that is `enough`; fails with what it returned last."""
    deadline = time.monotonic() + PATIENCE
    while not enough(seen := see()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {PATIENCE} s, and at last saw {seen!r}")
        time.sleep(0.01)
    return seen


def small(epochs: int = 3, **settings: Any) -> Experiment:
    """Trains on the digits in a moment: 8 steps an epoch, 5 ms each."""
    plain = RECIPES["lab-32"].on("digits")
    return plain.with_settings({"hidden": (16,), "batch_size": 160, "epochs": epochs, **settings})


@contextmanager
def working(home: Path) -> Iterator[Jobs]:
    """Jobs at work in `home`, their engine warmed up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_HOME", str(home))
        # a worker that imports torch on a busy machine hears nothing for seconds
        patch.setattr(connection, "SECONDS_TO_ANSWER", PATIENCE)
        jobs = Jobs()
        jobs.start()
        try:
            yield jobs
        finally:
            jobs.close()


@contextmanager
def cleared(jobs: Jobs) -> Iterator[Jobs]:
    """Whatever a test has left in the queue is stopped after it."""
    yield jobs

    def left() -> list[str]:
        for run_id in (active := jobs.active()):
            with suppress(JobError):  # it has just ended, or its engine is just coming back
                jobs.stop(run_id, owner="me")
        return active

    eventually(left, lambda active: not active)


def engine_of(jobs: Jobs) -> psutil.Popen:
    """The engine's process, once it can be reached."""
    return _engine(jobs).process


def scheduler_of(jobs: Jobs) -> str:
    return _engine(jobs).address


def _engine(jobs: Jobs) -> Engine:
    return eventually(lambda: jobs._dispatcher.connection).engine


def live(jobs: Jobs, run_id: str) -> Live:
    known = jobs.live(run_id)
    assert known is not None
    return known


def reached(jobs: Jobs, run_id: str, *stages: str) -> Live:
    """The live record, once it has reached one of `stages`; over ends the wait, too."""

    def see() -> tuple[str, str, str]:
        now = live(jobs, run_id)
        return now.stage, now.message, jobs.trouble

    seen = eventually(see, lambda seen: seen[0] in (*stages, "over"))
    assert seen[0] in stages, seen
    return live(jobs, run_id)


def trained_for(jobs: Jobs, run_id: str, steps: int) -> Live:
    """The live record, once at least so many steps are known; over ends the wait, too."""

    def see() -> tuple[int, str, str, str]:
        now = live(jobs, run_id)
        return len(now.losses), now.stage, now.message, jobs.trouble

    seen = eventually(see, lambda seen: seen[0] >= steps or seen[1] == "over")
    assert seen[0] >= steps, seen
    return live(jobs, run_id)


def at_step(jobs: Jobs, run_id: str, step: int) -> Live:
    """The live record, once exactly that step is the last one known."""
    return eventually(lambda: live(jobs, run_id), lambda now: now.step == step)


def status(jobs: Jobs, run_id: str) -> str:
    return jobs.status(runs.get(run_id))


def family(pid: int) -> list[psutil.Process]:
    """A process with all that stem from it."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those still at work; the dead may wait as zombies for a parent who does not look."""
    return [one for one in processes if one.is_running() and _status(one) != psutil.STATUS_ZOMBIE]


def _status(process: psutil.Process) -> str:
    try:
        return process.status()
    except psutil.NoSuchProcess:
        return psutil.STATUS_ZOMBIE


def environment(home: Path, **more: str) -> dict[str, str]:
    """For a process that is to find aecore wherever it begins."""
    paths = {"PYTHONPATH": str(REPOSITORY), "AECORE_HOME": str(home)}
    return {**os.environ, **paths, "GOMP_SPINCOUNT": "10000", **more}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def engine(lab):
    with working(lab) as jobs:
        engine_of(jobs)  # there, before a test has a home of its own: the engine takes that of its beginning
        yield jobs


@pytest.fixture
def jobs(engine, lab, monkeypatch):
    monkeypatch.setenv("AECORE_HOME", str(lab))
    with cleared(engine) as jobs:
        yield jobs


@contextmanager
def the_worker(jobs):
    """The engine's scheduler, to reach into the process that trains."""
    with Client(scheduler_of(jobs), set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
        yield client


def in_the_worker(jobs, program):
    with the_worker(jobs) as client:
        client.run(exec, program)


def pid_of_the_worker(jobs):
    with the_worker(jobs) as client:
        (pid,) = client.run(os.getpid).values()
    return pid


def ask(jobs, *epochs, **settings):
    return jobs.submit(small(*epochs, **settings), owner="me", device="cpu")


def fails(jobs, run_id):
    """The sentence that a run failed with, the same wherever it is looked for."""
    reached(jobs, run_id, "over")
    sentence = live(jobs, run_id).message
    assert live(jobs, run_id).ended == "failed"
    assert sentence == jobs.message(run_id)
    assert "\n" not in sentence
    assert len(sentence) < 600
    return sentence


def goes_on(jobs):
    """Whether another run is trained to its end, with nobody's help."""
    run_id = ask(jobs)
    reached(jobs, run_id, "over")
    return live(jobs, run_id).ended == "finished" and jobs.trouble == ""


@contextmanager
def overheard(jobs):
    """A list that grows by every event, as another client of the engine's scheduler hears them."""
    heard = []
    client = Client(scheduler_of(jobs), set_as_default=False)
    client.subscribe_topic(TOPIC, lambda event: heard.append(event[1]))
    try:
        yield heard
    finally:
        client.close()
