"""The training loop: exact and repeatable, with the schedules of the literature."""

import pytest
import torch
from images import pictures
from short_training import NONE_HELD_OUT, SHORT, TINY, TRAIN, VALIDATION, losses_of, run

from aecore import training
from aecore.config import DataConfig, TrainConfig
from aecore.data.batches import hold_out, pixels, shuffled_batches
from aecore.losses import LOSSES, evaluate
from aecore.models import build
from aecore.settings import SettingsError
from aecore.training import train

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


def test_pixels_are_fractions_of_255():
    assert pixels(torch.tensor([0, 51, 255], dtype=torch.uint8)).tolist() == pytest.approx([0, 0.2, 1])
