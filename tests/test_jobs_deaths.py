"""What fails: a worker, the engine, a training, and the queue that goes on without them."""

import os
import re
import signal
import time
from threading import Thread

import psutil
import pytest
from jobs_engine import (
    LONG,
    PATIENCE,
    alive,
    ask,
    at_step,
    engine_of,
    eventually,
    fails,
    family,
    goes_on,
    in_the_worker,
    live,
    pid_of_the_worker,
    reached,
    small,
    status,
    the_worker,
    trained_for,
    working,
)

from aecore import runs
from aecore.jobs import JobError, connection, limits
from aecore.jobs.connection import ENGINE_DIED, WORKER, call
from aecore.jobs.dispatcher import NO_ANSWER
from aecore.jobs.engine import Engine
from aecore.jobs.worker import DIED
from aecore.runs.execution import create


@pytest.mark.slow
def test_a_killed_worker_fails_its_run_alone_which_goes_on_as_if_never_cut(jobs):
    few_steps = {"batch_size": 640}  # three an epoch, for every epoch is saved below
    uncut = ask(jobs, 200, **few_steps)
    reached(jobs, uncut, "over")

    in_the_worker(jobs, "from aecore.runs import execution; execution.SECONDS_BETWEEN_SAVES = 0")
    worker = pid_of_the_worker(jobs)
    cut, waiting = ask(jobs, 200, **few_steps), ask(jobs)
    resume = runs.get(cut).folder / "resume.safetensors"
    reached(jobs, cut, "starting", "training")
    jobs.pause(cut, owner="me")  # so that no machine is fast enough to end it before the kill
    reached(jobs, cut, "paused")
    while not resume.exists() or len(live(jobs, cut).losses) < 12:
        step = live(jobs, cut).step
        jobs.step(cut, owner="me")
        at_step(jobs, cut, step + 1)
    begun = time.perf_counter()
    os.kill(worker, signal.SIGKILL)
    assert fails(jobs, cut) == ENGINE_DIED
    print(f"the worker's death was known after {time.perf_counter() - begun:.2f} s")
    assert status(jobs, cut) == "failed"
    reached(jobs, waiting, "over")
    print(f"the next run was over {time.perf_counter() - begun:.2f} s after that death")
    assert live(jobs, waiting).ended == "finished"

    assert resume.exists()
    jobs.resume(cut, owner="me", device="cpu")
    assert status(jobs, cut) in ("queued", "starting", "training")
    assert jobs.message(cut) == ""
    first = eventually(lambda: live(jobs, cut), lambda now: len(now.losses))
    assert len(first.losses) >= 9  # it has not begun again, but goes on from its last full epoch
    reached(jobs, cut, "over")
    assert live(jobs, cut).ended == "finished" == status(jobs, cut)
    history, expected = (runs.read_history(runs.get(run).folder) for run in (cut, uncut))
    assert history.losses == expected.losses == live(jobs, cut).losses.tolist()
    assert first.losses.tolist() == history.losses[: len(first.losses)]
    assert len(live(jobs, cut).epochs) == 200
    assert runs.get(cut).result.test_mse == runs.get(uncut).result.test_mse


@pytest.mark.slow
def test_a_killed_engine_leaves_nothing_behind_and_another_takes_its_place(jobs):
    cut, waiting = ask(jobs, LONG), ask(jobs)
    trained_for(jobs, cut, 10)
    before = family(engine_of(jobs).pid)
    begun = time.perf_counter()
    engine_of(jobs).kill()
    assert fails(jobs, cut) == ENGINE_DIED
    print(f"the engine's death was known after {time.perf_counter() - begun:.2f} s")
    eventually(lambda: alive(before), lambda left: not left)
    reached(jobs, waiting, "over")
    print(f"the next run was over {time.perf_counter() - begun:.2f} s after that death")
    assert live(jobs, waiting).ended == "finished"
    assert status(jobs, cut) == "failed"
    jobs.resume(cut, owner="me", device="cpu")
    trained_for(jobs, cut, 1)


@pytest.mark.slow
def test_a_worker_that_does_not_answer_keeps_nobody_waiting(jobs, monkeypatch):
    worker = psutil.Process(pid_of_the_worker(jobs))
    run_id = ask(jobs, LONG)
    trained_for(jobs, run_id, 5)
    monkeypatch.setattr(connection, "SECONDS_TO_ANSWER", 0.5)
    worker.suspend()
    try:
        answers = []

        def ask_for_a_pause():
            try:
                jobs.pause(run_id, owner="me")
            except JobError as refused:
                answers.append(str(refused))

        asking = Thread(target=ask_for_a_pause, daemon=True)
        asking.start()
        asking.join(PATIENCE)
        assert answers == [NO_ANSWER]
    finally:
        worker.resume()
    monkeypatch.setattr(connection, "SECONDS_TO_ANSWER", PATIENCE)
    jobs.pause(run_id, owner="me")
    reached(jobs, run_id, "paused")


def test_a_task_that_the_scheduler_repeats_trains_nothing(jobs):
    run = create(small())
    with the_worker(jobs) as client:
        answers = [
            client.submit(call, WORKER, "train", run.id, "an attempt", "cpu", pure=False).result(timeout=60)
            for _ in range(2)
        ]
    assert answers == ["", DIED]
    assert runs.get(run.id).status == "finished"


def test_a_database_that_breaks_ends_no_training(jobs, lab, monkeypatch):
    monkeypatch.setattr("aecore.jobs.dispatcher.SECONDS_BETWEEN_ADOPTIONS", 0)
    goes_on(jobs)
    training, waiting = ask(jobs, LONG), ask(jobs)
    trained_for(jobs, training, 5)
    for path in lab.glob("lab.sqlite*"):
        path.unlink(missing_ok=True)
    (lab / "lab.sqlite").write_text("no database")
    eventually(lambda: jobs.trouble, lambda trouble: "lab.sqlite is damaged" in trouble)
    with pytest.raises(runs.RunError, match="lab.sqlite is damaged"):
        ask(jobs)
    trained_for(jobs, training, len(live(jobs, training).losses) + 50)
    jobs.stop(training, owner="me")
    reached(jobs, training, "over")
    assert live(jobs, training).ended == "stopped"
    assert live(jobs, waiting).stage == "queued"
    (lab / "lab.sqlite").unlink()
    reached(jobs, waiting, "over")
    assert live(jobs, waiting).ended == "finished"
    assert goes_on(jobs)


def test_a_run_in_training_is_not_deleted(jobs):
    run_id = ask(jobs, LONG)
    trained_for(jobs, run_id, 5)
    with pytest.raises(JobError, match=f"run {run_id} is being trained: stop it first"):
        jobs.delete(run_id, owner="me")
    trained_for(jobs, run_id, 20)
    jobs.stop(run_id, owner="me")
    reached(jobs, run_id, "over")
    jobs.delete(run_id, owner="me")
    assert jobs.live(run_id) is None


def test_a_public_host_stops_what_takes_too_long_pauses_counted(jobs, monkeypatch):
    monkeypatch.setenv("AECORE_PUBLIC", "1")
    run_id = ask(jobs, 500)
    trained_for(jobs, run_id, 1)
    with pytest.raises(JobError, match="is somebody else's"):
        jobs.stop(run_id, owner="you")
    with pytest.raises(JobError, match="is somebody else's"):
        jobs.pause(run_id, owner="you")
    jobs.pause(run_id, owner="me")
    reached(jobs, run_id, "paused")
    monkeypatch.setattr(limits, "MOST_SECONDS", 0.5)
    reached(jobs, run_id, "over")
    assert live(jobs, run_id).ended == runs.get(run_id).status == "stopped"
    assert live(jobs, run_id).message == runs.get(run_id).result.message
    assert re.fullmatch(
        r"stopped after 0\.5 seconds \(pauses counted\), the most on this public lab, in epoch \d+",
        live(jobs, run_id).message,
    )


def test_a_run_that_dask_does_not_take_has_failed_and_another_is_trained(jobs):
    assert goes_on(jobs)
    engine = engine_of(jobs)

    def refuse(*_, **__):
        raise RuntimeError("no")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection.Connection, "train", refuse)
        run_id = ask(jobs)
        assert fails(jobs, run_id) == "the training engine did not take this run (no): resume it"
    assert status(jobs, run_id) == "failed"
    assert goes_on(jobs)
    assert engine_of(jobs) is engine


def test_an_engine_that_says_nothing_is_ended(monkeypatch):
    monkeypatch.setattr("aecore.jobs.engine.SECONDS_TO_START", 0.01)
    with pytest.raises(JobError, match=r"did not start within 0\.01 s: it said nothing"):
        Engine()


def test_an_engine_that_does_not_start_is_told_and_tried_again(own_home, monkeypatch):
    monkeypatch.setattr("aecore.jobs.dispatcher.SECONDS_BEFORE_ANOTHER_TRY", 0.1)
    monkeypatch.setattr("sys.executable", "/bin/false")
    own_home.mkdir()
    (own_home / "lab.sqlite").write_text("no database")
    with working(own_home) as jobs:
        eventually(lambda: jobs.trouble, lambda trouble: "lab.sqlite is damaged" in trouble)
        with pytest.raises(runs.RunError, match="lab.sqlite is damaged"):
            ask(jobs)
        (own_home / "lab.sqlite").unlink()
        eventually(lambda: jobs.trouble, lambda trouble: "the training engine did not start" in trouble)
        run_id = ask(jobs, LONG)
        with pytest.raises(JobError, match="is not being trained here now"):
            jobs.pause(run_id, owner="me")
        monkeypatch.undo()
        monkeypatch.setenv("AECORE_HOME", str(own_home))
        trained_for(jobs, run_id, 1)
        assert jobs.trouble == ""
        processes = family(engine_of(jobs).pid)
    eventually(lambda: alive(processes), lambda left: not left)  # closing has ended it
    eventually(lambda: runs.get(run_id).status, lambda now: now == "interrupted")
    assert jobs.message(run_id).startswith("the lab was ended while this run was training")
