"""The training loop: exact, repeatable, honest about how it ends, and obedient while it runs."""

import itertools
import math
import queue
import threading

import pytest
import torch
from images import SHAPE, pictures

from aecore import training
from aecore.config import DataConfig, DenseConfig, TrainConfig
from aecore.control import Control
from aecore.data import digits
from aecore.data.batches import hold_out, pixels, shuffled_batches
from aecore.data.sources import SOURCES
from aecore.losses import LOSSES, evaluate, mean_image
from aecore.models import build
from aecore.recipes import RECIPES
from aecore.settings import SettingsError
from aecore.state import TrainingState
from aecore.training import train

TINY = DenseConfig(image_shape=SHAPE, hidden=(7,), code_size=3)
TRAIN, VALIDATION = pictures(36, seed=1), pictures(9, seed=2)
NONE_HELD_OUT = VALIDATION[:0]
SHORT = TrainConfig(epochs=3, batch_size=7, learning_rate=0.01)
"""6 steps per epoch, the last of one image: 18 in all."""


@pytest.fixture
def every_step(monkeypatch):
    """A record after every step."""
    monkeypatch.setattr(training, "SECONDS_BETWEEN_RECORDS", 0)


def run(config=SHORT, model=None, validation=VALIDATION, **how):
    return list(train(model or build(TINY, config.seed), TRAIN, validation, config, **how))


def losses_of(records):
    return [loss for record in records for loss in record.losses]


# What is learnt


OPTIMIZERS = {
    "adam": lambda weights, c: torch.optim.Adam(weights, c.learning_rate, weight_decay=c.weight_decay),
    "adamw": lambda weights, c: torch.optim.AdamW(weights, c.learning_rate, weight_decay=c.weight_decay),
    "sgd": lambda weights, c: torch.optim.SGD(
        weights, c.learning_rate, momentum=c.momentum, weight_decay=c.weight_decay
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_losses_are_those_of_the_loop_every_tutorial_writes(optimizer, loss):
    config = SHORT.replace(optimizer=optimizer, loss=loss, momentum=0.8, weight_decay=0.02, seed=3)
    model, order = build(TINY, seed=3), torch.Generator().manual_seed(3)
    descent, expected = OPTIMIZERS[optimizer](model.parameters(), config), []
    for _ in range(config.epochs):
        for indices in torch.randperm(36, generator=order).split(7):
            batch = TRAIN[indices].float() / 255
            cost = LOSSES[loss](model(batch), batch)
            descent.zero_grad()
            cost.backward()
            descent.step()
            expected.append(cost.item())
    assert losses_of(run(config)) == pytest.approx(expected, rel=1e-4)


def test_the_same_seed_gives_the_same_losses_and_another_seed_others():
    one, again, other = (losses_of(run(SHORT.replace(seed=seed))) for seed in (5, 5, 6))
    assert one == again
    assert one != other


def test_the_seed_decides_the_order_of_the_images_too():
    orders = [losses_of(run(SHORT.replace(seed=seed), model=build(TINY, 0))) for seed in (5, 5, 6)]
    assert orders[0] == orders[1] != orders[2]


def test_torchs_own_random_numbers_have_no_say():
    torch.manual_seed(1)
    one = losses_of(run())
    torch.manual_seed(2)
    assert losses_of(run()) == one


def test_every_epoch_shows_every_image_once_in_another_order():
    generator = torch.Generator().manual_seed(0)
    numbered = torch.arange(36, dtype=torch.uint8).reshape(36, 1, 1, 1)
    orders = []
    for _ in range(2):
        batches = list(shuffled_batches(numbered, 7, generator))
        assert [len(batch) for batch in batches] == [7, 7, 7, 7, 7, 1]
        orders.append((torch.cat(batches) * 255).round().flatten().tolist())
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(36))
    assert list(range(36)) != orders[0] != orders[1]


def test_images_are_left_as_they_were():
    before = TRAIN.clone(), VALIDATION.clone()
    run()
    assert torch.equal(TRAIN, before[0])
    assert torch.equal(VALIDATION, before[1])


@pytest.mark.parametrize(
    ("count", "share", "held_out"),
    [(None, 0.2, 20), (None, 1 / 12, 8), (50, 0.1, 5), (10, 0.5, 5), (None, 0, 0)],
)
def test_held_out_images_are_exactly_the_share_and_never_trained_on(count, share, held_out):
    images = torch.arange(100, dtype=torch.uint8).reshape(100, 1, 1, 1)
    config = DataConfig(train_count=count, validation_share=share, split_seed=1)
    train_images, validation_images = (part.flatten().tolist() for part in hold_out(images, config))
    assert len(validation_images) == held_out
    assert len(train_images) == (count or 100) - held_out
    assert len({*train_images, *validation_images}) == (count or 100)  # disjoint, none twice
    assert hold_out(images, config)[1].flatten().tolist() == validation_images
    if held_out:
        assert hold_out(images, config.replace(split_seed=2))[1].flatten().tolist() != validation_images


def test_more_images_than_there_are_cannot_be_asked_for():
    with pytest.raises(SettingsError, match="^train_count is 101: choose 10 to 100 "):
        hold_out(TRAIN.repeat(3, 1, 1, 1)[:100], DataConfig(train_count=101))


def test_validation_images_do_not_change_what_is_learnt():
    expected = losses_of(run(validation=NONE_HELD_OUT))
    assert losses_of(run(validation=VALIDATION)) == expected
    assert losses_of(run(validation=pictures(20, seed=8))) == expected


# What is reported


def test_the_first_step_is_reported_at_once(monkeypatch):
    monkeypatch.setattr(training, "SECONDS_BETWEEN_RECORDS", 3600)
    first, *rest = run()
    assert (first.step, first.steps, len(first.losses), first.epoch) == (1, 18, 1, None)
    assert [record.step for record in rest if record.epoch] == [6, 12, 18]


@pytest.mark.parametrize("seconds", [0, 3600])
def test_every_steps_loss_is_reported_once_and_in_order(monkeypatch, seconds):
    monkeypatch.setattr(training, "SECONDS_BETWEEN_RECORDS", seconds)
    records = run()
    told = 0
    for record in records:
        told += len(record.losses)
        assert told == record.step
    assert told == 18
    monkeypatch.setattr(training, "SECONDS_BETWEEN_RECORDS", 0)
    assert losses_of(records) == losses_of(run())


def test_the_last_record_and_no_other_says_how_it_ended():
    *rest, last = run()
    assert last.ended == "finished"
    assert {record.ended for record in rest} == {None}
    assert [record.epoch.epoch for record in [*rest, last] if record.epoch] == [1, 2, 3]


def test_an_epochs_loss_is_the_mean_over_its_images_though_the_last_batch_is_short():
    records = run()
    losses = losses_of(records)
    for record in records:
        if record.epoch:
            of_epoch = losses[record.step - 6 : record.step]
            fair = sum(loss * size for loss, size in zip(of_epoch, [7, 7, 7, 7, 7, 1], strict=True)) / 36
            assert record.epoch.train_loss == pytest.approx(fair, rel=1e-12)
            assert record.epoch.train_loss != pytest.approx(sum(of_epoch) / 6, rel=1e-6)


def test_the_validation_loss_is_that_of_the_weights_after_the_epoch():
    config, model = SHORT.replace(keep_best=False), build(TINY)
    for record in train(model, TRAIN, VALIDATION, config):
        if record.epoch:
            assert record.epoch.validation_loss == evaluate(model, VALIDATION)
    assert {record.epoch.validation_loss for record in run(validation=NONE_HELD_OUT) if record.epoch} == {
        None
    }


# Schedules


def dummy(learning_rate):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], learning_rate)


@pytest.mark.parametrize(("epochs", "optimizer"), [(1, "adam"), (3, "adamw"), (4, "sgd")])
@pytest.mark.usefixtures("every_step")
def test_one_cycle_follows_torchs_own_schedule(epochs, optimizer):
    config = SHORT.replace(epochs=epochs, schedule="one-cycle", learning_rate=0.05, optimizer=optimizer)
    driven = dummy(0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(driven, 0.05, total_steps=6 * epochs, cycle_momentum=False)
    expected = []
    for _ in range(6 * epochs):
        expected.append(driven.param_groups[0]["lr"])
        driven.step()
        if len(expected) < 6 * epochs:
            schedule.step()
    records = run(config)
    of_next_step = [record.learning_rate for record in records if record.losses]
    assert of_next_step == pytest.approx([*expected[1:], expected[-1]])
    of_last_step = [record.epoch.learning_rate for record in records if record.epoch]
    assert of_last_step == pytest.approx(expected[5::6])
    assert max(expected) > 10 * expected[-1]


@pytest.mark.parametrize("held_out", [True, False])
def test_plateau_follows_torchs_own_schedule(held_out):
    config = TrainConfig(
        epochs=40, batch_size=12, learning_rate=0.3, schedule="plateau", plateau_patience=1, plateau_divisor=3
    )
    driven = dummy(0.3)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(driven, factor=1 / 3, patience=1)
    epochs = [r.epoch for r in run(config, validation=VALIDATION if held_out else NONE_HELD_OUT) if r.epoch]
    for epoch in epochs:
        assert epoch.learning_rate == pytest.approx(driven.param_groups[0]["lr"])
        schedule.step(epoch.validation_loss if held_out else epoch.train_loss)
    assert epochs[-1].learning_rate < 0.1 < 0.2 < epochs[0].learning_rate  # it was lowered at all


def test_constant_stays():
    assert {record.learning_rate for record in run()} == {0.01}


# How it ends


def test_keep_best_ends_with_the_weights_of_the_best_epoch_and_without_it_with_the_last():
    wild = TrainConfig(epochs=12, batch_size=7, learning_rate=0.3)
    for keep_best in (True, False):
        model = build(TINY)
        validation_losses = [
            record.epoch.validation_loss
            for record in train(model, TRAIN, VALIDATION, wild.replace(keep_best=keep_best))
            if record.epoch
        ]
        assert min(validation_losses) < validation_losses[-1]  # else this shows nothing
        expected = min(validation_losses) if keep_best else validation_losses[-1]
        assert evaluate(model, VALIDATION) == expected


def test_early_stop_ends_after_so_many_epochs_without_a_better_loss():
    config = TrainConfig(epochs=200, batch_size=7, learning_rate=0.3, early_stop=3)
    model = build(TINY)
    records = list(train(model, TRAIN, VALIDATION, config))
    losses = [record.epoch.validation_loss for record in records if record.epoch]
    best = losses.index(min(losses))
    assert len(losses) == best + 1 + 3 < 200
    assert all(min(losses[end - 3 : end]) < min(losses[: end - 3]) for end in range(4, len(losses)))
    assert records[-1].ended == "finished"
    assert records[-1].message == f"ended early: no better validation loss since epoch {best + 1}"
    assert evaluate(model, VALIDATION) == losses[best]


def test_early_stop_without_held_out_images_has_nothing_to_watch_and_never_stops():
    """A small train_count can leave no image for a small share."""
    records = run(SHORT.replace(early_stop=1, epochs=5), validation=NONE_HELD_OUT)
    assert (records[-1].step, records[-1].message) == (30, "")


EXPLOSIVE = DenseConfig(image_shape=SHAPE, hidden=(16, 16), code_size=8, output_activation="identity")


@pytest.mark.parametrize("validation", [VALIDATION, NONE_HELD_OUT], ids=["held out", "none held out"])
@pytest.mark.parametrize("seconds", [0, 3600])
def test_a_loss_that_is_no_number_ends_the_training_and_says_what_to_change(monkeypatch, seconds, validation):
    monkeypatch.setattr(training, "SECONDS_BETWEEN_RECORDS", seconds)
    config = TrainConfig(epochs=50, batch_size=7, optimizer="sgd", learning_rate=10)
    records = run(config, model=build(EXPLOSIVE.replace(weight_std=0.5)), validation=validation)
    last = records[-1]
    assert last.ended == "diverged"
    assert "lower learning_rate (it was 10)" in last.message
    losses = losses_of(records)
    assert len(losses) == last.step < 300
    assert not math.isfinite(losses[-1])
    if seconds == 0:  # every loss is looked at before the next step
        assert all(map(math.isfinite, losses[:-1]))


def test_after_diverging_the_best_weights_are_back():
    """Two calm epochs, then a learning rate that explodes."""
    control, model = Control(), build(EXPLOSIVE.replace(weight_std=0.5))
    config = TrainConfig(epochs=50, batch_size=7, optimizer="sgd", learning_rate=1e-4)
    validation_losses = []
    for record in train(model, TRAIN, VALIDATION, config, control=control):
        if record.epoch:
            validation_losses.append(record.epoch.validation_loss)
            if record.epoch.epoch == 2:
                control.change_learning_rate(10)
    assert record.ended == "diverged"
    assert "it was 10)" in record.message
    assert record.message.endswith("; the weights of epoch 2 are kept")
    assert evaluate(model, VALIDATION) == validation_losses[1] == min(validation_losses[:2])


@pytest.mark.parametrize("validation", [VALIDATION, NONE_HELD_OUT], ids=["held out", "none held out"])
def test_weights_broken_by_the_very_last_step_are_not_called_finished(validation):
    """The loss of that step is still a number: it was computed before."""
    config = TrainConfig(epochs=1, batch_size=36, optimizer="sgd", learning_rate=10)
    model = build(EXPLOSIVE.replace(hidden=()))
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
        model.encoder[0].weight.fill_(1e-8)
        model.decoder[0].weight.fill_(1e22)  # a loss of about 1e32, but a step of 1e39: no float32
    records = run(config, model=model, validation=validation)
    assert math.isfinite(losses_of(records)[0])
    assert not all(weight.isfinite().all() for weight in model.parameters())
    assert records[-1].ended == "diverged"
    assert "lower learning_rate" in records[-1].message


@pytest.mark.parametrize(
    ("settings", "warned_at"),
    [
        ({"epochs": 2, "batch_size": 32}, [44]),  # too short to be told before it ends
        ({"epochs": 5, "batch_size": 32}, [110]),
        ({"epochs": 6, "batch_size": 32}, [110, 132]),
        ({"epochs": 5, "batch_size": 14}, [100, 250]),
        ({"epochs": 2, "batch_size": 14}, [100]),
        ({"epochs": 1, "batch_size": 4}, [175]),
        ({"epochs": 3, "batch_size": 4}, [175, 525]),
        ({"epochs": 9, "batch_size": 14, "early_stop": 1}, [100]),  # and the epoch of step 100 is its last
        ({"epochs": 9, "batch_size": 14, "early_stop": 2}, [100, 150]),
    ],
    ids=str,
)
def test_a_network_no_better_than_the_mean_image_is_told_once_it_had_its_chance_and_at_the_end(
    settings, warned_at
):
    """The tutorials' network at their learning rate: it answers every digit with the same grey picture."""
    images = digits.load(SOURCES["digits"], None).train_images[:800]
    deep = RECIPES["gfg-9"].experiment.model
    config = TrainConfig(learning_rate=0.1, **settings)
    records = list(train(build(deep), images[100:], images[:100], config))
    warned = [record for record in records if record.message]
    assert [record.step for record in warned] == warned_at
    assert warned[-1] is records[-1]
    assert all(record.epoch for record in warned[:-1])
    to_beat = evaluate(mean_image(images[100:]).expand_as, images[:100])
    for record in warned:
        assert record.message.startswith(f"after {record.step} steps the loss (")
        assert f"the mean image ({to_beat:.4f})" in record.message
        assert "lower learning_rate (it is 0.1)" in record.message


def test_a_network_that_learns_is_not_warned_about():
    wide, images = TINY.replace(hidden=(64,)), pictures(200, seed=3)
    for epochs, validation in itertools.product((1, 2, 4), (VALIDATION, NONE_HELD_OUT)):
        config = TrainConfig(epochs=epochs, batch_size=4, learning_rate=0.01)
        assert not any(record.message for record in train(build(wide), images, validation, config))


def test_the_warning_at_the_end_is_about_the_weights_that_are_kept():
    """One good epoch, then all is spoilt: with keep_best there is nothing to warn about."""
    for keep_best in (True, False):
        control = Control()
        config = TrainConfig(epochs=4, batch_size=7, learning_rate=0.01, keep_best=keep_best)
        wide = build(TINY.replace(hidden=(64,)))
        for record in train(wide, pictures(200, seed=3), VALIDATION, config, control=control):
            if record.epoch and record.epoch.epoch == 3:
                control.change_learning_rate(10)
        assert record.ended == "finished"
        assert ("no better than" in record.message) != keep_best


# Control


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


def test_pixels_are_fractions_of_255():
    assert pixels(torch.tensor([0, 51, 255], dtype=torch.uint8)).tolist() == pytest.approx([0, 0.2, 1])
