"""What a worker says of a training, and what becomes of it in the record that pages read. No engine."""

from concurrent.futures import Future
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from jobs_engine import small

from aecore import data, runs
from aecore.config import Experiment
from aecore.jobs import Jobs, Live, worker
from aecore.jobs.queue import Training
from aecore.jobs.reporter import Reporter
from aecore.progress import Epoch, Progress
from aecore.runs.execution import create, execute


def epoch(number: int, loss: float, validation_loss: float | None = None) -> Epoch:
    return Epoch(
        epoch=number,
        step=10 * number,
        seconds=1.0 * number,
        train_loss=loss,
        validation_loss=validation_loss,
        learning_rate=1e-3,
    )


def news(losses, step, epochs=(), **more):
    return {
        "stage": "training",
        "step": step,
        "steps": 1_000,
        "seconds": step / 100,
        "learning_rate": 1e-3,
        "images_per_second": 5_000.0,
        "losses": np.asarray(losses, np.float32).tobytes(),
        "epochs": [asdict(one) for one in epochs],
        "message": "",
        **more,
    }


def pictures(value):
    return np.full((2, 1, 3, 3), value, np.uint8).tobytes()


BEGIN = {
    "stage": "training",
    "steps_before": 0,
    "epochs_before": 0,
    "originals": pictures(1),
    "shape": [2, 1, 3, 3],
}


# the record


def test_every_event_makes_a_record_and_leaves_those_before_as_they_were(tmp_path):
    records = [Live(run="run").after(BEGIN, tmp_path)]
    chance = np.random.default_rng(0)
    losses = chance.random(300, np.float32)
    counts = [0, *sorted(chance.choice(range(1, 300), 40, replace=False).tolist()), 300]
    for before, now in zip(counts, counts[1:], strict=False):
        event = news(losses[before:now], now, [epoch(now, 0.5)], reconstructions=pictures(now % 256))
        records.append(records[-1].after(event, tmp_path))
    for number, (count, record) in enumerate(zip(counts, records, strict=True)):
        assert record.step == len(record.losses) == count
        assert np.array_equal(record.losses, losses[:count])
        assert [one.epoch for one in record.epochs] == counts[1 : number + 1]
        if count:
            assert set(record.reconstructions.flat) == {count % 256}
    last = records[-1]
    assert last.losses.dtype == last.losses.copy().dtype == np.float32
    assert last.losses[-3:].tolist() == losses[-3:].tolist()
    assert last.seconds_left == pytest.approx(7.0)


def test_a_long_training_is_not_copied_at_every_event(tmp_path):
    live = Live(run="run").after(BEGIN, tmp_path)
    rooms = set()
    for step in range(1, 10_001):
        live = live.after(news([0.5], step), tmp_path)
        rooms.add(live.losses.__array_interface__["data"][0])
    assert len(live.losses) == 10_000
    assert len(rooms) < 30


def test_a_resumed_training_begins_with_what_is_in_its_folder():
    run = create(small())
    history = runs.History([epoch(1, 0.5), epoch(2, 0.4)], np.linspace(1, 0.4, 20).tolist())
    history.write(run.folder)
    begin = BEGIN | {"steps_before": 10, "epochs_before": 1}
    live = Live(run=run.id).after(begin, run.folder)
    assert np.array_equal(live.losses, np.asarray(history.losses[:10], np.float32))
    assert live.epochs == history.epochs[:1]
    live = live.after(news([0.25], 11), run.folder)
    assert live.losses.tolist() == [*np.float32(history.losses[:10]).tolist(), 0.25]


# in the queue


@pytest.fixture
def jobs():
    """A queue that nobody works on."""
    jobs = Jobs()
    yield jobs
    jobs.close()


@pytest.fixture
def in_training(jobs):
    """A run that the queue takes to be trained; whoever says so is of this attempt."""
    run_id = jobs.submit(small(epochs=1), owner="me", device="cpu")
    (one,) = jobs.line()
    jobs.begin(one)
    jobs.training[run_id] = Training(attempt="this", worker="tcp://somewhere", future=Future(), began=0.0)
    return run_id


def test_what_an_earlier_attempt_says_is_not_heard(jobs, in_training):
    def said(attempt, **what):
        jobs.hear((0.0, {"run": in_training, "attempt": attempt, **what}))
        return jobs.live(in_training).stage

    assert said("earlier", **BEGIN) == "starting"
    assert said("this", **BEGIN) == "training"
    assert said("earlier", stage="paused") == "training"
    jobs.hear((0.0, {"run": "no-such-run", "attempt": "this", "stage": "paused"}))
    assert jobs.live("no-such-run") is None


def test_the_losses_of_a_training_that_is_over_are_in_its_folder_alone(jobs, in_training):
    run = runs.get(in_training)
    for _ in execute(run, data.load("digits"), "cpu"):
        pass
    history = runs.read_history(run.folder)
    jobs.hear((0.0, {"run": run.id, "attempt": "this", **BEGIN}))
    jobs.hear((0.0, {"run": run.id, "attempt": "this", **news(history.losses, 8, history.epochs)}))
    assert jobs.live(run.id).losses.tolist() == history.losses
    jobs.end(run.id, "")
    assert len(jobs._lives[run.id].losses) == len(jobs._lives[run.id].epochs) == 0
    live = jobs.live(run.id)
    assert (live.stage, live.ended, live.step) == ("over", "finished", 8)
    assert (live.losses.tolist(), live.epochs) == (history.losses, history.epochs)
    (run.folder / "losses.npy").write_bytes(b"rubbish")
    assert jobs.live(run.id) is None


def test_a_training_that_failed_keeps_what_its_folder_may_lack(jobs, in_training):
    jobs.hear((0.0, {"run": in_training, "attempt": "this", **BEGIN}))
    jobs.hear((0.0, {"run": in_training, "attempt": "this", **news([0.5, 0.25], 2)}))
    jobs.end(in_training, "it was cut off")
    live = jobs.live(in_training)
    assert (live.stage, live.ended, live.message) == ("over", "failed", "it was cut off")
    assert live.losses.tolist() == [0.5, 0.25]
    assert jobs.message(in_training) == "it was cut off"


# what the worker says


def reporter(experiment: Experiment, monkeypatch) -> tuple[Reporter, list]:
    """One that lets no event wait for the next, and what it says."""
    monkeypatch.setattr("aecore.jobs.reporter.SECONDS_BETWEEN_EVENTS", 0)
    said = []
    reporter = Reporter(lambda **event: said.append(event), create(experiment), data.load("digits"), "cpu")
    reporter.watch(SimpleNamespace(learner=torch.nn.Identity()), runs.History())
    return reporter, said


def progress(step: int, message: str = "", epoch: Epoch | None = None) -> Progress:
    return Progress(
        step=step,
        steps=100,
        seconds=2.0,
        losses=[0.5],
        learning_rate=1e-3,
        message=message,
        epoch=epoch,
    )


@pytest.mark.parametrize("validated", [True, False])
def test_a_warning_stays_until_an_epoch_is_better_than_the_one_that_was_warned_of(monkeypatch, validated):
    speaker, said = reporter(small(), monkeypatch)

    def message(number, loss, warning=""):
        end = epoch(number, 1.0, loss) if validated else epoch(number, loss)
        speaker.hear(progress(10 * number, warning, end))
        return said[-1]["message"]

    assert message(1, 0.9) == ""
    assert message(2, 0.8, "no better than the mean image") == "no better than the mean image"
    speaker.hear(progress(21))
    assert said[-1]["message"] == "no better than the mean image"
    assert message(3, 0.8) == "no better than the mean image"
    assert message(4, 0.7) == ""
    assert message(5, 0.9) == ""


@pytest.mark.parametrize(
    ("step", "images"), [(1, 256), (5, 1_280), (6, 1_317), (7, 1_317 + 256), (12, 2_634)]
)
def test_images_seen_are_those_of_full_and_of_short_batches(monkeypatch, step, images):
    speaker, said = reporter(small(batch_size=256), monkeypatch)
    speaker.hear(progress(step))
    assert said[-1]["images_per_second"] == images / 2.0


def test_a_wish_that_comes_after_the_end_leaves_nothing_behind():
    worker.tell("no-such-run", "this", "pause")
    assert ("no-such-run", "this") in worker._controls  # for a training that is yet to come
    assert worker.train("no-such-run", "this", "cpu")  # fails: there is neither run nor Dask here
    worker.tell("no-such-run", "this", "stop")
    assert not worker._controls
