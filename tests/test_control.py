"""What reaches into a training while it runs: pause, step, stop, and another learning rate."""

import itertools
import math
import queue
import threading

import pytest
import torch
from short_training import NONE_HELD_OUT, SHORT, TINY, TRAIN, VALIDATION, losses_of, run

from aecore import training
from aecore.config import TrainConfig
from aecore.control import Control
from aecore.data.batches import shuffled_batches
from aecore.losses import LOSSES, evaluate
from aecore.models import build
from aecore.settings import SettingsError
from aecore.state import TrainingState
from aecore.training import train


def in_another_thread(wish, *arguments):
    thread = threading.Thread(target=wish, args=arguments)
    thread.start()
    thread.join()


@pytest.mark.usefixtures("every_step")
def test_paused_it_says_so_and_takes_no_step_until_it_is_told_to():
    control, model = Control(), build(TINY)
    records = train(model, TRAIN, VALIDATION, SHORT, control=control)
    assert [next(records).step for _ in range(3)] == [1, 2, 3]
    in_another_thread(control.pause)
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    for _ in range(5):
        held = next(records)
        assert (held.paused, held.step, held.losses) == (True, 3, [])
    assert all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())

    in_another_thread(control.step)
    stepped, held = next(records), next(records)
    assert (stepped.paused, stepped.step, len(stepped.losses)) == (False, 4, 1)
    assert (held.paused, held.step) == (True, 4)

    in_another_thread(control.resume)
    rest = list(records)
    assert not any(record.paused for record in rest)
    assert rest[-1].step == 18


@pytest.mark.usefixtures("every_step")
def test_pausing_and_stepping_do_not_change_the_losses():
    control, losses = Control(), []
    for record in train(build(TINY), TRAIN, VALIDATION, SHORT, control=control):
        losses += record.losses
        control.step()
    assert losses == losses_of(run())


@pytest.mark.usefixtures("every_step")
def test_two_steps_asked_for_are_two_steps_and_a_pause_takes_back_those_not_taken():
    control = Control()
    control.pause()
    records = train(build(TINY), TRAIN, VALIDATION, SHORT, control=control)
    assert next(records).step == 0
    control.step()
    control.step()
    assert [next(records).step for _ in range(4)] == [1, 2, 2, 2]
    control.step()
    control.step()
    control.pause()
    assert [next(records).step for _ in range(3)] == [2, 2, 2]


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.usefixtures("every_step")
def test_stopped_it_ends_and_the_model_can_be_used(paused):
    control, model = Control(), build(TINY)
    records = train(model, TRAIN, VALIDATION, SHORT, control=control)
    for _ in range(9):  # into the second epoch
        last = next(records)
    if paused:
        control.pause()
        assert next(records).paused
    in_another_thread(control.stop)
    rest = list(records)
    assert (rest[-1].ended, rest[-1].message) == ("stopped", "stopped by hand in epoch 2")
    assert rest[-1].step == last.step
    assert math.isfinite(evaluate(model, VALIDATION))
    assert evaluate(model, VALIDATION) < evaluate(build(TINY), VALIDATION)


def test_stopped_before_its_first_step_it_has_done_nothing():
    control = Control()
    control.stop()
    (only,) = run(control=control)
    assert (only.ended, only.step, only.losses) == ("stopped", 0, [])


def test_stopped_it_keeps_the_best_epoch():
    control, model, losses = Control(), build(TINY), []
    for record in train(model, TRAIN, VALIDATION, TrainConfig(epochs=50, learning_rate=0.3), control=control):
        if record.epoch:
            losses.append(record.epoch.validation_loss)
            if losses[-1] > min(losses):
                control.stop()
    assert record.ended == "stopped"
    assert evaluate(model, VALIDATION) == min(losses)


@pytest.mark.usefixtures("every_step")
def test_another_learning_rate_counts_from_the_next_step_on():
    control = Control()
    model, reference = build(TINY), build(TINY)
    records = train(model, TRAIN, NONE_HELD_OUT, SHORT.replace(optimizer="sgd", momentum=0), control=control)
    losses = [next(records).losses[0] for _ in range(3)]
    in_another_thread(control.change_learning_rate, 0.5)
    rest = list(records)
    assert {record.learning_rate for record in rest} == {0.5}
    losses += losses_of(rest)

    order, expected = torch.Generator().manual_seed(0), []
    batches = itertools.chain.from_iterable(shuffled_batches(TRAIN, 7, order) for _ in range(3))
    for index, batch in enumerate(batches):
        cost = LOSSES["mse"](reference(batch), batch)
        expected.append(cost.item())
        reference.zero_grad()
        cost.backward()
        with torch.no_grad():
            for weight in reference.parameters():
                weight -= (0.01 if index < 3 else 0.5) * weight.grad
    assert losses == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("learning_rate", [-0.5, 0, 11, math.nan, math.inf, -math.inf])
@pytest.mark.usefixtures("every_step")
def test_a_learning_rate_that_cannot_be_is_refused_and_the_old_one_stays(learning_rate):
    control = Control()
    records = train(build(TINY), TRAIN, VALIDATION, SHORT, control=control)
    next(records)
    with pytest.raises(SettingsError, match="^learning_rate is .*: choose more than 0 and at most 10$"):
        control.change_learning_rate(learning_rate)
    assert {record.learning_rate for record in records} == {0.01}


@pytest.mark.usefixtures("every_step")
def test_under_one_cycle_another_learning_rate_scales_the_rest_of_the_curve():
    config = SHORT.replace(schedule="one-cycle", learning_rate=0.05)
    plain = [record.learning_rate for record in run(config)]
    control, scaled = Control(), []
    for record in train(build(TINY), TRAIN, VALIDATION, config, control=control):
        scaled.append(record.learning_rate)
        if record.step == 4:
            control.change_learning_rate(0.02)
    assert scaled[:4] == plain[:4]
    assert scaled[4:] == pytest.approx([rate * 0.02 / 0.05 for rate in plain[4:]])


def test_after_plateau_lowered_it_a_learning_rate_set_by_hand_is_what_counts():
    state = TrainingState(build(TINY), SHORT.replace(schedule="plateau", plateau_patience=0), 36)
    state.end_epoch(1.0, None)
    state.end_epoch(2.0, None)
    assert state.learning_rate == 0.005
    state.change_learning_rate(0.04)
    state.end_epoch(3.0, None)
    assert state.learning_rate == pytest.approx(0.02)


def test_a_pause_is_not_counted_as_training_nor_is_what_the_caller_does(monkeypatch):
    """On a clock of our own: a step takes 1 s, each wait and each record the caller looks at 1,000 s."""
    now = 0.0

    class SlowControl(Control):
        def wait(self, _seconds):
            nonlocal now
            now += 1000

        def step_taken(self):
            nonlocal now
            now += 1
            super().step_taken()

    monkeypatch.setattr("aecore.state.perf_counter", lambda: now)
    control, seconds = SlowControl(), {}
    for count, record in enumerate(train(build(TINY), TRAIN, VALIDATION, SHORT, control=control)):
        now += 1000
        seconds[record.step] = record.seconds
        if count == 2:
            control.pause()
        if count == 6:
            control.resume()
    assert all(told == step for step, told in seconds.items())
    assert record.step == 18


def test_in_its_own_thread_it_waits_for_a_wish_and_not_for_a_clock(monkeypatch):
    """An hour between looks: a paused training that answers was woken by the wish."""
    monkeypatch.setattr(training, "SECONDS_BETWEEN_RECORDS", 3600)
    control, records = Control(), queue.Queue()
    control.pause()

    def work():
        for record in train(build(TINY), TRAIN, VALIDATION, SHORT.replace(epochs=10_000), control=control):
            records.put(record)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert records.get(timeout=60).paused
    for wanted in (1, 2):
        control.step()
        while (record := records.get(timeout=60)).step < wanted or not record.paused:
            pass
        assert record.step == wanted
    control.resume()
    while records.get(timeout=60).epoch is None:
        pass
    control.pause()
    while not records.get(timeout=60).paused:
        pass
    control.stop()
    while (record := records.get(timeout=60)).ended is None:
        pass
    assert record.ended == "stopped"
    thread.join(timeout=60)
    assert not thread.is_alive()
