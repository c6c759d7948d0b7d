"""Trainings in the engine that cannot go on: each says why in a sentence, and the queue goes on."""

import resource
import shutil
from contextlib import suppress

import pytest
from jobs_engine import (
    LONG,
    ask,
    fails,
    goes_on,
    in_the_worker,
    reached,
    small,
    status,
    trained_for,
)

from aecore import runs
from aecore.device import devices
from aecore.jobs import JobError
from aecore.recipes import RECIPES
from aecore.runs.execution import create
from aecore.settings import either


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


def test_a_training_that_raises_says_what_and_the_queue_goes_on(jobs):
    in_the_worker(
        jobs,
        "from aecore.runs import execution\n"
        "execution.before = execution.execute\n"
        "def raising(*_, **__):\n"
        "    from aecore.runs import execution\n"
        "    execution.execute = execution.before\n"
        "    raise RuntimeError('boom\\nand more')\n"
        "execution.execute = raising\n",
    )
    run_id = jobs.submit(small(), owner="me", device="cpu")
    assert fails(jobs, run_id) == "the training failed (RuntimeError: boom): the engine's log says more"
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
        "device cpu has too little memory for this: choose a smaller batch_size or model"
    )
    in_the_worker(
        jobs,
        "import resource\n"
        "most = resource.getrlimit(resource.RLIMIT_AS)[1]\n"
        "resource.setrlimit(resource.RLIMIT_AS, (most, most))\n",
    )
    assert goes_on(jobs)
