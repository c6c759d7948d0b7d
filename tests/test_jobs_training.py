"""A training in the engine: what is seen of it while it runs, and what people can wish for meanwhile."""

import time
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from dask.system import CPU_COUNT
from distributed import Client
from distributed.protocol import dumps
from jobs_engine import (
    LONG,
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

from aecore import data, runs
from aecore.jobs import JobError
from aecore.jobs.connection import WORKER, call
from aecore.jobs.worker import TOPIC
from aecore.runs.execution import create, execute
from aecore.settings import SettingsError

BAD_LEARNING_RATES = [0, -1, 11, float("nan"), float("inf"), "fast", None]


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


@pytest.fixture
def as_many_threads():
    """This process computes with as many threads as the engine, so that sums are added in the same order."""
    before = torch.get_num_threads()
    torch.set_num_threads(CPU_COUNT)
    yield
    torch.set_num_threads(before)


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


def test_paused_it_takes_no_step_and_each_wish_for_one_takes_one(jobs):
    run_id = jobs.submit(small(LONG), owner="me", device="cpu")
    trained_for(jobs, run_id, 20)
    with overheard(jobs) as heard:
        asked = time.perf_counter()
        jobs.pause(run_id, owner="me")
        reached(jobs, run_id, "paused")
        print(f"paused {(time.perf_counter() - asked) * 1000:.0f} ms after it was asked for")
        held = live(jobs, run_id).step

        def steps_while_paused():
            return [event["step"] for event in heard if event["stage"] == "paused"]

        eventually(steps_while_paused, lambda steps: len(steps) >= 4)
        assert set(steps_while_paused()) == {held}
        assert live(jobs, run_id).step == held
        assert status(jobs, run_id) == "paused"

        for taken in (1, 2, 3):
            heard.clear()
            jobs.step(run_id, owner="me")
            at_step(jobs, run_id, held + taken)
            eventually(steps_while_paused, lambda steps, taken=taken: steps.count(held + taken) >= 2)
        held_at = live(jobs, run_id)
        assert held_at.step == len(held_at.losses) == held + 3

    jobs.go_on(run_id, owner="me")
    reached(jobs, run_id, "training")
    trained_for(jobs, run_id, held + 30)
    assert live(jobs, run_id).seconds > held_at.seconds
    jobs.stop(run_id, owner="me")
    reached(jobs, run_id, "over")
    losses = runs.read_history(runs.get(run_id).folder).losses
    assert losses[: held + 3] == held_at.losses.tolist()
    assert losses == live(jobs, run_id).losses.tolist()


def test_images_per_second_count_a_short_last_batch_as_it_is(jobs):
    """Digits: 1,317 training images, six batches of 256, the last of 37."""
    run_id = jobs.submit(small(epochs=8, batch_size=256), owner="me", device="cpu")
    reached(jobs, run_id, "over")
    end, result = live(jobs, run_id), runs.get(run_id).result
    assert end.images_per_second == pytest.approx(8 * 1_317 / result.seconds)
    assert end.images_per_second == pytest.approx(result.images_per_second)


def test_a_step_asked_for_while_it_trains_is_its_last_before_a_pause(jobs):
    run_id = jobs.submit(small(LONG), owner="me", device="cpu")
    trained_for(jobs, run_id, 20)
    jobs.step(run_id, owner="me")
    reached(jobs, run_id, "paused")


def test_a_changed_learning_rate_is_used_and_shown(jobs):
    run_id = jobs.submit(small(LONG, schedule="constant", learning_rate=1e-3), owner="me", device="cpu")
    trained_for(jobs, run_id, 20)
    assert live(jobs, run_id).learning_rate == pytest.approx(1e-3)
    jobs.pause(run_id, owner="me")
    reached(jobs, run_id, "paused")
    before = live(jobs, run_id)
    step, picture = before.step, before.reconstructions
    jobs.change_learning_rate(run_id, 1e-9, owner="me")
    for taken in (1, 2):
        jobs.step(run_id, owner="me")
        now = at_step(jobs, run_id, step + taken)
    assert now.learning_rate == pytest.approx(1e-9)
    assert np.array_equal(now.reconstructions, picture)  # steps so small change no pixel
    jobs.change_learning_rate(run_id, 0.1, owner="me")
    jobs.step(run_id, owner="me")
    assert not np.array_equal(at_step(jobs, run_id, step + 3).reconstructions, picture)


@pytest.mark.parametrize("bad", BAD_LEARNING_RATES, ids=str)
def test_a_bad_learning_rate_is_refused_with_a_sentence(jobs, bad):
    run_id = jobs.submit(small(LONG, schedule="constant", learning_rate=1e-3), owner="me", device="cpu")
    with pytest.raises(SettingsError, match=r"learning_rate is .+: choose"):
        jobs.change_learning_rate(run_id, bad, owner="me")
    trained_for(jobs, run_id, 5)
    assert live(jobs, run_id).learning_rate == pytest.approx(1e-3)


def test_stopped_it_keeps_what_it_has_learnt(jobs):
    run_id = jobs.submit(small(LONG, schedule="constant", learning_rate=3e-3), owner="me", device="cpu")
    trained_for(jobs, run_id, 300)
    asked = time.perf_counter()
    jobs.stop(run_id, owner="me")
    answered = time.perf_counter()
    reached(jobs, run_id, "over")
    print(
        f"stop: answered in {(answered - asked) * 1000:.0f} ms, over in {time.perf_counter() - asked:.2f} s"
    )
    run = runs.get(run_id)
    end = live(jobs, run_id)
    assert (end.ended, end.message) == (run.result.ended, run.result.message)
    assert run.status == status(jobs, run_id) == "stopped"
    assert "stopped by hand in epoch" in run.result.message
    assert run.result.test_mse < run.result.mean_image_mse
    assert runs.load(run, "cpu")


def test_a_paused_training_can_be_stopped(jobs):
    run_id = jobs.submit(small(LONG), owner="me", device="cpu")
    trained_for(jobs, run_id, 5)
    jobs.pause(run_id, owner="me")
    reached(jobs, run_id, "paused")
    jobs.stop(run_id, owner="me")
    reached(jobs, run_id, "over")
    assert runs.get(run_id).status == "stopped"


def test_stopped_before_its_first_step_it_is_stopped_too(jobs):
    for _ in range(5):  # the wish races with the training's beginning
        run_id = jobs.submit(small(LONG), owner="me", device="cpu")
        eventually(lambda run_id=run_id: live(jobs, run_id).stage, lambda stage: stage != "queued")
        jobs.stop(run_id, owner="me")
        reached(jobs, run_id, "over")
        end = live(jobs, run_id)
        assert end.ended == runs.get(run_id).status == "stopped"
        assert end.losses.tolist() == runs.read_history(runs.get(run_id).folder).losses


def test_a_stop_that_comes_with_the_end_leaves_the_run_over(jobs):
    """However the wish and the last step fall, nothing is left in between."""
    for epochs in range(1, 8):
        run_id = jobs.submit(small(epochs), owner="me", device="cpu")
        trained_for(jobs, run_id, 8 * epochs)
        try:
            jobs.stop(run_id, owner="me")
        except JobError as refused:
            assert "is not being trained here now" in str(refused)
        reached(jobs, run_id, "over")
        eventually(jobs.active, lambda active: not active)
        assert live(jobs, run_id).stage == "over"
        assert live(jobs, run_id).ended == runs.get(run_id).status


def test_a_stop_answered_after_the_end_leaves_the_run_over(jobs, monkeypatch):
    tell = jobs._dispatcher.tell

    def tell_slowly(run_id, *wish):
        tell(run_id, *wish)
        reached(jobs, run_id, "over")

    monkeypatch.setattr(jobs._dispatcher, "tell", tell_slowly)
    run_id = jobs.submit(small(LONG), owner="me", device="cpu")
    trained_for(jobs, run_id, 5)
    jobs.stop(run_id, owner="me")
    assert status(jobs, run_id) == live(jobs, run_id).stage.replace("over", "stopped") == "stopped"


def seen(jobs, run_id):
    """All of the live record, in a form that can be compared."""
    fields = vars(live(jobs, run_id)).items()
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in fields}


def wishes(jobs, run_id):
    yield lambda: jobs.stop(run_id, owner="me")
    yield lambda: jobs.pause(run_id, owner="me")
    yield lambda: jobs.step(run_id, owner="me")
    yield lambda: jobs.go_on(run_id, owner="me")
    yield lambda: jobs.change_learning_rate(run_id, 0.1, owner="me")


def test_wishes_about_runs_that_are_not_being_trained_are_refused_with_a_sentence(jobs):
    run_id = jobs.submit(small(1), owner="me", device="cpu")
    reached(jobs, run_id, "over")
    before = seen(jobs, run_id)
    for unknown in (run_id, "no-such-run", "", "../../etc"):
        for wish in wishes(jobs, unknown):
            with pytest.raises(JobError, match=r"is not being trained here now: reload the page"):
                wish()
    assert seen(jobs, run_id) == before


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
