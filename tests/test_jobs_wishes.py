"""What people wish of a training in the engine: pause, step, stop, another learning rate."""

import time

import numpy as np
import pytest
from jobs_engine import (
    LONG,
    at_step,
    eventually,
    live,
    overheard,
    reached,
    small,
    status,
    trained_for,
)

from aecore import runs
from aecore.jobs import JobError
from aecore.settings import SettingsError

BAD_LEARNING_RATES = [0, -1, 11, float("nan"), float("inf"), "fast", None]


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


def test_stopped_before_its_first_step_it_has_not_begun_or_is_stopped(jobs):
    for _ in range(8):  # the wish races with the training's beginning
        run_id = jobs.submit(small(LONG), owner="me", device="cpu")
        eventually(lambda run_id=run_id: live(jobs, run_id).stage, lambda stage: stage != "queued")
        jobs.stop(run_id, owner="me")
        reached(jobs, run_id, "over")
        run, end = runs.get(run_id), live(jobs, run_id)
        if run.result:
            assert end.ended == run.status == "stopped"
            assert end.losses.tolist() == runs.read_history(run.folder).losses
        else:
            assert status(jobs, run_id) == "withdrawn"
            assert jobs.message(run_id) == "stopped by hand while its images were being got ready"
            assert not (run.folder / "checkpoints").exists()


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
