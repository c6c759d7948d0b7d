"""An app server that ends, however it ends: nothing trains on without it, and another server takes over."""

import json
import signal
import subprocess
import sys
import time

import pytest
from jobs_engine import (
    PATIENCE,
    REPOSITORY,
    environment,
    eventually,
    live,
    reached,
    small,
    status,
    trained_for,
    working,
)
from jobs_server import Server

from aecore import runs
from aecore.jobs import JobError

pytestmark = pytest.mark.slow


@pytest.fixture
def serve():
    """Begins a server; whatever is left of it after the test is killed."""
    servers = []

    def begin(home, *words):
        servers.append(Server(home, *words))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


def test_a_server_that_is_asked_to_end_leaves_no_process_and_its_queue_to_the_next(
    serve, monkeypatch, tmp_path
):
    both = [(how, tmp_path / how.name / "home") for how in (signal.SIGTERM, signal.SIGINT)]
    for _, home in both:
        home.parent.mkdir()
    servers = [serve(home) for _, home in both]  # at once, for each imports torch twice
    for server, (how, home) in zip(servers, both, strict=True):
        monkeypatch.setenv("AECORE_HOME", str(home))
        cut, *short = server.runs()
        assert len(server.family) >= 3  # itself, its engine, a worker
        begun = time.perf_counter()
        said = server.end(how)
        print(f"{len(server.family)} processes gone {time.perf_counter() - begun:.2f} s after {how.name}")
        assert "Fatal Python error" not in said
        eventually(lambda cut=cut: runs.get(cut).status, lambda now: now == "interrupted")
        with working(home) as jobs:
            eventually(jobs.active, lambda active, short=short: set(short) <= set(active))
            assert status(jobs, cut) == "failed"
            assert jobs.message(cut) == "the lab was ended while this run was training: resume it"


def test_two_servers_share_a_home_and_the_one_that_is_left_inherits(serve, own_home, monkeypatch):
    monkeypatch.setattr("aecore.jobs.dispatcher.SECONDS_BETWEEN_ADOPTIONS", 0.1)
    server = serve(own_home, "pause")
    cut, *short = server.runs()
    with working(own_home) as neighbour:
        own = neighbour.submit(small(), owner="me", device="cpu")
        reached(neighbour, own, "over")
        assert live(neighbour, own).ended == "finished"
        # the other's runs are seen and left alone
        assert neighbour.active() == []
        assert status(neighbour, cut) == "running"
        assert {status(neighbour, run) for run in short} == {"queued"}
        with pytest.raises(JobError, match="is not being trained here now"):
            neighbour.stop(cut, owner="me")
        with pytest.raises(JobError, match="is queued: only an interrupted one"):
            neighbour.resume(short[0], owner="me", device="cpu")
        with pytest.raises(runs.RunError, match="is being trained: stop it first"):
            neighbour.delete(cut, owner="me")

        begun = time.perf_counter()
        server.end(signal.SIGKILL)
        print(f"{len(server.family)} processes gone {time.perf_counter() - begun:.2f} s after SIGKILL")
        for run_id in short:
            eventually(
                lambda run_id=run_id: (runs.get(run_id).status, neighbour.trouble, neighbour.active()),
                lambda now: now[0] == "finished",
            )
        ended = [(runs.get(run_id).folder / "result.json").stat().st_mtime_ns for run_id in short]
        assert ended == sorted(ended)
        assert (status(neighbour, cut), status(neighbour, own)) == ("failed", "finished")
        assert neighbour.message(cut) == "the lab was ended while this run was training: resume it"
        neighbour.resume(cut, owner="me", device="cpu")
        trained_for(neighbour, cut, 10)


RELOADED = """
import importlib, json, sys
from jobs_engine import LONG, eventually, live, reached, small, trained_for
from aecore.jobs import Jobs

jobs = Jobs()
jobs.start()
first = jobs.submit(small(LONG), owner="me", device="cpu")
trained_for(jobs, first, 10)

for name in [name for name in sys.modules if name.partition(".")[0] == "aecore"]:
    del sys.modules[name]
import aecore.jobs, aecore.recipes, aecore.runs
assert aecore.jobs.Jobs is not Jobs

short = {"hidden": (16,), "batch_size": 160, "epochs": 3}
again = aecore.recipes.RECIPES["lab-32"].on("digits").with_settings(short)
second = jobs.submit(again, owner="me", device="cpu")
assert jobs.active() == [first, second]
trained_for(jobs, first, len(live(jobs, first).losses) + 50)
jobs.pause(first, owner="me")
reached(jobs, first, "paused")
jobs.change_learning_rate(first, 0.5, owner="me")
jobs.go_on(first, owner="me")
jobs.stop(first, owner="me")
reached(jobs, first, "over")
reached(jobs, second, "over")
third = jobs.submit(again, owner="me", device="cpu")
reached(jobs, third, "over")
runs = [aecore.runs.get(run_id) for run_id in (first, second, third)]
histories = [aecore.runs.read_history(run.folder).losses for run in runs]
kept = [losses == live(jobs, run.id).losses.tolist() for losses, run in zip(histories, runs)]
refused = []
for ask in (
    lambda: jobs.pause(first, owner="me"),
    lambda: jobs.rename("no-such-run", "name", owner="me"),
    lambda: jobs.submit(again.with_settings({"dataset": "patches"}), owner="me", device="cpu"),
):
    try:
        ask()
    except jobs.refusal as refusal:
        refused.append(str(refusal))
jobs.close()
print(json.dumps([[run.status for run in runs], [jobs.status(run) for run in runs], kept, refused]))
"""


def test_a_hot_reload_of_the_code_harms_neither_queue_nor_training(own_home):
    """Streamlit imports changed modules anew, beside the objects made from the old ones."""
    answer = subprocess.run(
        [sys.executable, "-c", RELOADED],
        cwd=REPOSITORY / "tests",
        env=environment(own_home),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert answer.returncode == 0, answer.stderr
    ended = ["stopped", "finished", "finished"]
    *seen, refused = json.loads(answer.stdout)
    assert seen == [ended, ended, [True, True, True]]
    sentences = ["is not being trained here now", "there is no run 'no-such-run'", "image_shape is 1×28×28"]
    assert [said in each for said, each in zip(sentences, refused, strict=True)] == [True] * 3
