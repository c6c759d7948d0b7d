"""How a training ends: at its best, early, in numbers that are none, or no better than the mean image."""

import itertools
import math

import pytest
import torch
from images import SHAPE, pictures
from short_training import NONE_HELD_OUT, SHORT, TINY, TRAIN, VALIDATION, losses_of, run

from aecore import training
from aecore.config import DenseConfig, TrainConfig
from aecore.control import Control
from aecore.data import digits
from aecore.data.sources import SOURCES
from aecore.losses import evaluate, mean_image
from aecore.models import build
from aecore.recipes import RECIPES
from aecore.training import train


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
