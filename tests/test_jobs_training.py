"""A training in the engine: what is seen of it while it runs, and what people can wish for meanwhile."""

import time

import numpy as np
import pytest
import torch
from dask.system import CPU_COUNT
from distributed import Client
from distributed.protocol import dumps
from jobs_engine import (
    LONG,
    PATIENCE,
    engine_of,
    eventually,
    family,
    live,
    overheard,
    reached,
    scheduler_of,
    small,
    status,
)

from aecore import data, runs
from aecore.jobs.connection import WORKER, call
from aecore.runs.execution import create, execute


@pytest.fixture
def as_many_threads():
    """This process computes with as many threads as the engine, so that sums are added in the same order."""
    before = torch.get_num_threads()
    torch.set_num_threads(CPU_COUNT)
    yield
    torch.set_num_threads(before)


def test_a_training_is_seen_while_it_runs_and_never_by_halves(jobs):
    begun = time.perf_counter()
    run_id = jobs.submit(small(LONG), owner="me", device="cpu")
    records = []

    def look():
        now = live(jobs, run_id)
        if not records or len(now.losses) > len(records[-1].losses):
            records.append(now)
            print(f"{len(now.losses)} losses {time.perf_counter() - begun:.2f} s after it was asked for")
        return now.stage, len(records)

    eventually(look, lambda seen: seen[0] == "over" or seen[1] > 5)
    jobs.stop(run_id, owner="me")
    end = reached(jobs, run_id, "over")
    history = runs.read_history(runs.get(run_id).folder)
    for seen in records:  # each is whole, and stays as it was
        assert seen.losses.tolist() == history.losses[: len(seen.losses)]
        assert seen.epochs == history.epochs[: len(seen.epochs)]
        assert seen.step == len(seen.losses)
        assert (seen.reconstructions is None) == (seen.step == 0)
    assert end.losses.tolist() == history.losses
    assert end.step == len(history.losses)
    assert end.reconstructions.shape == (10, 1, 28, 28)


def test_who_waits_for_the_first_step_has_it_and_nobody_waits_behind_another_run(jobs):
    engine_of(jobs)
    first, second = (jobs.submit(small(LONG), owner="me", device="cpu") for _ in range(2))
    jobs.await_first_step(second, PATIENCE)  # returns, though it is not its turn for hours
    assert jobs.position(second)
    jobs.stop(second, owner="me")
    jobs.await_first_step(first, PATIENCE)
    assert live(jobs, first).step > 0
    jobs.await_first_step("never-heard-of", PATIENCE)


@pytest.mark.usefixtures("as_many_threads")
def test_a_training_comes_to_the_end_it_would_have_come_to_without_the_queue(jobs):
    experiment = small(epochs=20, hidden=(256,))
    run_id = jobs.submit(experiment, owner="me", device="cpu")
    end = reached(jobs, run_id, "over")
    run = runs.get(run_id)
    history = runs.read_history(run.folder)
    assert (end.ended, end.message) == (run.result.ended, run.result.message) == ("finished", "")
    assert end.losses.tolist() == history.losses
    assert end.epochs == history.epochs
    assert end.step == end.steps == len(history.losses)
    assert len(end.epochs) == 20
    assert end.seconds == pytest.approx(run.result.seconds)
    assert end.seconds_left == 0
    assert jobs.status(run) == "finished"
    assert jobs.message(run_id) == ""
    assert jobs.active() == []

    same = create(experiment)
    for _ in execute(same, data.load("digits"), "cpu"):
        pass
    assert runs.read_history(same.folder).losses == history.losses
    assert runs.get(same.id).result.test_mse == run.result.test_mse


@pytest.mark.usefixtures("as_many_threads")
def test_ten_test_images_one_of_each_class_are_drawn_by_the_model_as_it_is(jobs):
    run_id = jobs.submit(small(epochs=40), owner="me", device="cpu")
    reached(jobs, run_id, "over")
    end = live(jobs, run_id)
    digits = data.load("digits")

    assert end.originals.dtype == end.reconstructions.dtype == np.uint8
    firsts = [digits.test_labels.tolist().index(label) for label in range(10)]
    assert np.array_equal(end.originals, digits.test_images[firsts].numpy())

    model = runs.load(runs.get(run_id), "cpu")
    with torch.inference_mode():
        drawn = model(digits.test_images[firsts] / 255).clamp(0, 1) * 255
    assert np.abs(end.reconstructions - drawn.numpy()).max() <= 0.51  # rounded, and nothing else


@pytest.mark.usefixtures("as_many_threads")
def test_a_denoiser_is_shown_noisy_pictures_and_redraws_those(jobs):
    run_id = jobs.submit(small(noise="masking", noise_level=0.5), owner="me", device="cpu")
    reached(jobs, run_id, "over")
    end = live(jobs, run_id)
    assert 0.4 < (end.inputs[end.originals > 0] == 0).mean() < 0.6
    assert np.array_equal(end.inputs[end.inputs > 0], end.originals[end.inputs > 0])
    model = runs.load(runs.get(run_id), "cpu")
    with torch.inference_mode():
        drawn = model(torch.from_numpy(end.inputs.copy()) / 255).clamp(0, 1) * 255
    assert np.abs(end.reconstructions - drawn.numpy()).max() <= 0.51


def test_layer_by_layer_the_pictures_are_those_of_the_pairs_that_have_learnt(jobs):
    """The outer pair alone redraws well; through inner pairs that have not learnt yet it would not."""
    with overheard(jobs) as heard:
        run_id = jobs.submit(
            small(1, hidden=(64,), code_size=2, pair_epochs=(60,), learning_rate=0.01),
            owner="me",
            device="cpu",
        )
        reached(jobs, run_id, "over")
    originals = live(jobs, run_id).originals.astype(float)
    first_pair = [e for e in heard if e.get("step", 0) <= 8 * 60 and "reconstructions" in e][-1]
    drawn = np.frombuffer(first_pair["reconstructions"], np.uint8).reshape(originals.shape)
    assert ((drawn - originals) ** 2).mean() < ((originals.mean(0) - originals) ** 2).mean() / 2


def test_the_pictures_change_as_it_learns_and_no_event_is_large(jobs):
    with overheard(jobs) as heard:
        run_id = jobs.submit(small(LONG), owner="me", device="cpu")

        def drawn() -> int:
            return len({event["reconstructions"] for event in heard if "reconstructions" in event})

        eventually(drawn, lambda different: different > 3)
        jobs.stop(run_id, owner="me")
        eventually(lambda: heard[-1]["stage"], lambda stage: stage == "over")
    losses = np.concatenate([np.frombuffer(event.get("losses", b""), np.float32) for event in heard])
    reached(jobs, run_id, "over")
    assert losses.tolist() == runs.read_history(runs.get(run_id).folder).losses
    assert max(sum(map(len, dumps(event))) for event in heard) < 50_000  # the scheduler keeps a thousand


def test_images_per_second_count_a_short_last_batch_as_it_is(jobs):
    """Digits: 1,317 training images, six batches of 256, the last of 37."""
    run_id = jobs.submit(small(epochs=8, batch_size=256), owner="me", device="cpu")
    reached(jobs, run_id, "over")
    end, result = live(jobs, run_id), runs.get(run_id).result
    assert end.images_per_second == pytest.approx(8 * 1_317 / result.seconds)
    assert end.images_per_second == pytest.approx(result.images_per_second)


def test_a_diverging_training_says_so(jobs):
    settings = {"optimizer": "sgd", "learning_rate": 10, "schedule": "constant", "weight_std": 5.0}
    run_id = jobs.submit(small(20, **settings), owner="me", device="cpu")
    reached(jobs, run_id, "over")
    end, run = live(jobs, run_id), runs.get(run_id)
    assert end.ended == run.status == "diverged"
    assert end.message == run.result.message != ""


def test_a_training_computes_on_all_cores(jobs):
    """Dask's own setting is one thread: its tasks usually share the cores."""
    run_id = jobs.submit(small(1), owner="me", device="cpu")
    reached(jobs, run_id, "over")
    with Client(scheduler_of(jobs), set_as_default=False) as client:
        assert client.submit(call, WORKER, "threads", pure=False).result(timeout=60) == CPU_COUNT


def test_the_engine_listens_to_this_machine_alone(jobs):
    eventually(lambda: family(engine_of(jobs).pid), lambda processes: len(processes) > 2)
    heard = [
        connection.laddr.ip
        for process in family(engine_of(jobs).pid)
        for connection in process.net_connections(kind="inet")
        if connection.status == "LISTEN"
    ]
    assert len(heard) >= 2
    assert set(heard) == {"127.0.0.1"}


def test_only_the_last_trainings_are_remembered_and_each_in_its_folder(jobs, monkeypatch):
    monkeypatch.setattr("aecore.jobs.queue.MOST_REMEMBERED", 2)
    ended = []
    for _ in range(4):
        run_id = jobs.submit(small(1), owner="me", device="cpu")
        reached(jobs, run_id, "over")
        ended.append(run_id)
    assert [jobs.live(run_id) is not None for run_id in ended] == [False, True, True, True]
    assert status(jobs, ended[0]) == "finished"
