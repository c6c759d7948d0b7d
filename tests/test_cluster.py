"""A real scheduler and real workers, started by hand elsewhere, as a lab of several machines has them."""

import contextlib
import operator
import os
import signal
import socket
import subprocess
import sys

import pytest
from dask.system import CPU_COUNT
from distributed import Client
from jobs_engine import (
    LONG,
    alive,
    cleared,
    environment,
    eventually,
    family,
    live,
    reached,
    small,
    status,
    trained_for,
    working,
)
from jobs_server import Server

from aecore import runs
from aecore.jobs.connection import WORKER, call

pytestmark = pytest.mark.slow

LISTENING = ["--host", "127.0.0.1", "--no-dashboard"]


class Cluster:
    """Processes of Dask's own command line, each with its log."""

    def __init__(self, folder, home):
        self.folder, self.home = folder, home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.processes = []

    def start_scheduler(self):
        self.scheduler = self._start("dask_scheduler", "--port", str(self.port))

    def start_worker(self):
        threads = ["--nthreads", "1", "--nworkers", "1"]
        self._start("dask_worker", self.address, *threads, "--local-directory", str(self.folder))

    def _start(self, command, *arguments):
        log = (self.folder / f"{command}-{len(self.processes)}.log").open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{command}", *LISTENING, *arguments],
            cwd=self.folder,
            env=environment(self.home),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        self.processes.append(process)
        return process

    def workers(self):
        """The processes that train, by the address they are known by."""
        with Client(self.address, set_as_default=False, timeout=60) as client:
            return client.run(os.getpid)

    def close(self):
        family_of_all = []
        for process in self.processes:
            if process.poll() is None:
                family_of_all += family(process.pid)
        for process in family_of_all:
            with contextlib.suppress(Exception):
                process.kill()
        for process in self.processes:
            process.wait()
        eventually(lambda: alive(family_of_all), lambda left: not left)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, lab):
    cluster = Cluster(tmp_path_factory.mktemp("elsewhere"), lab)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def connected(lab, cluster):
    """The app's side. Nothing listens at the scheduler's address yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_SCHEDULER", cluster.address)
        patch.setattr("aecore.jobs.dispatcher.SECONDS_BEFORE_ANOTHER_TRY", 0.1)
        patch.setattr("aecore.jobs.connection.SECONDS_TO_CONNECT", 1)
        with working(lab) as jobs:
            yield jobs


@pytest.fixture
def jobs(connected, lab, monkeypatch):
    monkeypatch.setenv("AECORE_HOME", str(lab))
    with cleared(connected) as jobs:
        yield jobs


def test_from_nothing_to_a_trained_run(jobs, cluster):
    run_id = jobs.submit(small(epochs=30), owner="me", device="cpu")
    eventually(lambda: jobs.trouble, lambda trouble: cluster.address in trouble)
    assert live(jobs, run_id).stage == "queued"
    cluster.start_scheduler()
    eventually(lambda: jobs.trouble, lambda trouble: "start a `dask worker`" in trouble)
    assert live(jobs, run_id).stage == "queued"
    cluster.start_worker()
    reached(jobs, run_id, "over")
    assert jobs.trouble == ""
    run, end = runs.get(run_id), live(jobs, run_id)
    assert (end.ended, end.message) == (run.result.ended, run.result.message) == ("finished", "")
    history = runs.read_history(run.folder)
    assert (end.losses.tolist(), end.epochs) == (history.losses, history.epochs)
    assert end.reconstructions.shape == (10, 1, 28, 28)
    with Client(cluster.address, set_as_default=False) as client:
        assert set(client.run(call, WORKER, "threads").values()) == {CPU_COUNT}
        # in the thread that trained, numbers too small for it are zero
        assert client.submit(operator.mul, 1e-309, 0.5).result() == 0


def test_points_come_while_it_trains_and_wishes_arrive(jobs):
    run_id = jobs.submit(small(LONG, schedule="constant", learning_rate=1e-3), owner="me", device="cpu")
    for steps in (1, 20, 40):
        trained_for(jobs, run_id, steps)
    assert live(jobs, run_id).stage == "training"
    jobs.pause(run_id, owner="me")
    held = reached(jobs, run_id, "paused").step
    jobs.change_learning_rate(run_id, 2e-3, owner="me")
    jobs.step(run_id, owner="me")
    eventually(lambda: live(jobs, run_id).step, lambda step: step == held + 1)
    assert live(jobs, run_id).learning_rate == pytest.approx(2e-3)
    jobs.stop(run_id, owner="me")
    reached(jobs, run_id, "over")
    assert runs.get(run_id).status == "stopped"


def test_two_workers_train_two_runs_at_once_and_a_third_waits(jobs, cluster):
    cluster.start_worker()
    eventually(cluster.workers, lambda workers: len(workers) == 2)
    first, second, third = (jobs.submit(small(LONG), owner="me", device="cpu") for _ in range(3))
    trained_for(jobs, first, 10)
    jobs.pause(first, owner="me")  # leaves the processor to the other worker, which imports torch
    trained_for(jobs, second, 10)
    jobs.go_on(first, owner="me")
    for run_id in (first, second):
        trained_for(jobs, run_id, len(live(jobs, run_id).losses) + 10)
    assert jobs.active() == [first, second, third]
    assert (live(jobs, third).stage, jobs.position(third)) == ("queued", 1)
    jobs.stop(first, owner="me")
    trained_for(jobs, third, 10)
    assert live(jobs, second).stage == "training"
    assert runs.get(first).status == "stopped"


def test_a_killed_worker_fails_its_run_alone_and_nobody_tries_it_again(jobs, cluster):
    eventually(cluster.workers, lambda workers: len(workers) == 2)
    doomed, other = (jobs.submit(small(LONG), owner="me", device="cpu") for _ in range(2))
    trained_for(jobs, doomed, 10)
    trained_for(jobs, other, 10)
    with Client(cluster.address, set_as_default=False) as client:
        (worker,) = [at for at, tasks in client.processing().items() if any(doomed in key for key in tasks)]
        pid = client.run(os.getpid)[worker]
    jobs.pause(other, owner="me")
    reached(jobs, other, "paused")
    waiting = jobs.submit(small(), owner="me", device="cpu")
    os.kill(pid, signal.SIGKILL)
    reached(jobs, doomed, "over")
    assert live(jobs, doomed).ended == "failed"
    assert "was ended from outside" in live(jobs, doomed).message == jobs.message(doomed)
    assert status(jobs, doomed) == "failed"
    reached(jobs, waiting, "over")  # by the worker that the nanny has started instead
    assert live(jobs, waiting).ended == "finished"
    assert live(jobs, other).stage == "paused"
    assert status(jobs, doomed) == "failed"


def test_an_app_that_is_gone_leaves_no_training_behind(jobs, cluster):
    eventually(cluster.workers, lambda workers: len(workers) == 2)
    server = Server(cluster.home, AECORE_SCHEDULER=cluster.address)
    try:
        cut, *short = server.runs()
        for run_id in short:  # by the other worker
            eventually(lambda run_id=run_id: runs.get(run_id).status, lambda status: status == "finished")
        assert runs.get(cut).status == "running"
        server.end(signal.SIGKILL)
    finally:
        server.close()
    eventually(lambda: runs.get(cut).status, lambda status: status == "interrupted")
    both = [jobs.submit(small(LONG), owner="me", device="cpu") for _ in range(2)]
    for run_id in both:
        trained_for(jobs, run_id, 10)


def test_a_scheduler_that_is_gone_and_comes_back(jobs, cluster):
    run_id = jobs.submit(small(LONG), owner="me", device="cpu")
    trained_for(jobs, run_id, 10)
    gone = cluster.scheduler
    gone.kill()
    gone.wait()
    reached(jobs, run_id, "over")
    assert live(jobs, run_id).ended == "failed"
    assert "connection to the training engine was lost" in live(jobs, run_id).message
    eventually(lambda: status(jobs, run_id), lambda now: now == "failed")  # its worker has ended itself
    waiting = jobs.submit(small(), owner="me", device="cpu")
    eventually(lambda: jobs.trouble, lambda trouble: cluster.address in trouble)
    cluster.start_scheduler()
    cluster.start_worker()
    reached(jobs, waiting, "over")
    assert live(jobs, waiting).ended == "finished"
    assert jobs.trouble == ""
    jobs.resume(run_id, owner="me", device="cpu")
    trained_for(jobs, run_id, 1)
