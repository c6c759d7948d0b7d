"""What fails: a worker, the engine, a training, and the queue that goes on without them."""

import os
import re
import resource
import shutil
import signal
import time
from contextlib import contextmanager, suppress
from threading import Thread

import psutil
import pytest
from distributed import Client
from jobs_engine import (
    LONG,
    PATIENCE,
    alive,
    at_step,
    cleared,
    engine_of,
    eventually,
    family,
    live,
    reached,
    scheduler_of,
    small,
    status,
    trained_for,
    working,
)

from aecore import runs
from aecore.device import devices
from aecore.jobs import JobError, connection, limits
from aecore.jobs.connection import ENGINE_DIED, WORKER, call
from aecore.jobs.dispatcher import NO_ANSWER
from aecore.jobs.worker import DIED
from aecore.recipes import RECIPES
from aecore.runs.execution import create
from aecore.settings import either


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def engine(lab):
    with working(lab) as jobs:
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


def test_a_damaged_state_is_named_and_the_queue_goes_on(jobs):
    run = create(small())
    (run.folder / "resume.safetensors").write_bytes(b"rubbish")
    jobs.resume(run.id, owner="me", device="cpu")
    assert "resume.safetensors is damaged" in fails(jobs, run.id)
    assert status(jobs, run.id) == "failed"
    assert goes_on(jobs)


def test_a_damaged_config_is_named_and_the_queue_goes_on(jobs):
    busy, run_id = ask(jobs, LONG), ask(jobs)
    (runs.get(run_id).folder / "config.json").write_text("{}")
    jobs.stop(busy, owner="me")
    assert "config.json has format None" in fails(jobs, run_id)
    assert goes_on(jobs)
    jobs.delete(run_id, owner="me")


@pytest.mark.parametrize("gone", ["deleted while it waits", "deleted while it is trained"])
def test_a_folder_that_is_gone_is_told_and_the_queue_goes_on(jobs, tmp_path, gone):
    busy, run_id = ask(jobs, LONG), ask(jobs, LONG)
    folder = runs.get(run_id).folder
    if gone == "deleted while it is trained":
        jobs.stop(busy, owner="me")
        trained_for(jobs, run_id, 10)
        folder.rename(tmp_path / "away")  # at once; the worker would write between two deletions
        with suppress(JobError):  # where it has just failed over its next checkpoint
            jobs.stop(run_id, owner="me")
    else:
        shutil.rmtree(folder)
        jobs.stop(busy, owner="me")
    print(fails(jobs, run_id))
    assert goes_on(jobs)
    assert not folder.exists()


def test_a_data_set_that_is_not_there_is_named_and_the_queue_goes_on(jobs, tmp_path):
    nowhere = "http://127.0.0.1:9"  # nobody listens there, so no download begins
    in_the_worker(
        jobs,
        "import os, pathlib\n"
        "from aecore.data import archive\n"
        f"os.environ.update(AECORE_DATA={str(tmp_path)!r}, https_proxy={nowhere!r}, http_proxy={nowhere!r})\n"
        f"archive.DEBIAN_FOLDER = pathlib.Path({str(tmp_path)!r})\n",
    )
    mnist = RECIPES["lab-32"].on("mnist")
    run_id = jobs.submit(mnist, owner="me", device="cpu")
    assert "MNIST is not on this machine and could not be downloaded" in fails(jobs, run_id)
    assert status(jobs, run_id) == "failed"
    assert goes_on(jobs)


def test_a_device_that_is_not_there_is_named_and_the_queue_goes_on(jobs):
    run_id = jobs.submit(small(), owner="me", device="cuda:7")
    assert fails(jobs, run_id) == f"device is cuda:7: choose {either(devices())}"
    assert goes_on(jobs)


def test_where_nobody_chose_a_device_it_is_the_fastest_of_the_worker(jobs):
    run_id = jobs.submit(small(), owner="me", device="")
    reached(jobs, run_id, "over")
    assert runs.get(run_id).result.device == devices()[0]


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


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS"), reason="needs a limit of memory")
def test_a_training_without_memory_says_so_and_the_queue_goes_on(jobs):
    assert goes_on(jobs)  # so all that is imported on the way is there
    in_the_worker(
        jobs,
        "import psutil, resource\n"
        "most = resource.getrlimit(resource.RLIMIT_AS)[1]\n"
        "now = psutil.Process().memory_info().vms\n"
        "resource.setrlimit(resource.RLIMIT_AS, (now + 300_000_000, most))\n",
    )
    run_id = ask(jobs, hidden=(14_000, 14_000))
    assert fails(jobs, run_id) == (
        "cpu has too little memory for this training: choose a smaller batch_size or model"
    )
    in_the_worker(
        jobs,
        "import resource\n"
        "most = resource.getrlimit(resource.RLIMIT_AS)[1]\n"
        "resource.setrlimit(resource.RLIMIT_AS, (most, most))\n",
    )
    assert goes_on(jobs)


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
