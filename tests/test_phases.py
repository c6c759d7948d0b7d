"""Trainings in several phases: layer by layer, all together, and with a decoder that is set free."""

import pytest
import torch
import torch.nn.functional as F
from images import SHAPE, pictures
from torch import nn

from aecore.config import DenseConfig, TrainConfig
from aecore.losses import evaluate
from aecore.models import build
from aecore.models.weights import load_weights, save_weights
from aecore.state import TrainingState
from aecore.training import train

DEEP = DenseConfig(image_shape=SHAPE, hidden=(20, 10), code_size=4, code_activation="leaky_relu")
TRAIN, VALIDATION = pictures(36, seed=1), pictures(9, seed=2)
SHORT = TrainConfig(epochs=2, batch_size=12, learning_rate=0.01)
"""3 steps per epoch."""


def weights_of(model):
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def epochs_of(config, model, validation=VALIDATION):
    """The model's weights after each epoch, by the epoch's record."""
    seen = []
    for progress in train(model, TRAIN, validation, config):
        if progress.epoch:
            seen.append((progress.epoch, weights_of(model)))
    return seen


@pytest.mark.parametrize("tied", [False, True])
def test_layer_by_layer_only_the_newest_pair_learns_until_all_do(tied):
    model = build(DEEP.replace(tied=tied))
    before = weights_of(model)
    pairs = {1: ("encoder.0", "decoder.4"), 2: ("encoder.2", "decoder.2"), 3: ("encoder.4", "decoder.0")}
    phases = []
    for epoch, now in epochs_of(SHORT.replace(pair_epochs=(2, 1, 1)), model):
        changed = {name.rpartition(".")[0] for name in now if not torch.equal(now[name], before[name])}
        phases.append(epoch.phase)
        pair = epoch.phase.removeprefix("layer pair ")
        everything = {layer for both in pairs.values() for layer in both}
        assert changed == (set(pairs[int(pair)]) if pair.isdigit() else everything)
        before = now
    assert phases == ["layer pair 1"] * 2 + ["layer pair 2", "layer pair 3"] + ["all layers"] * 2


def test_layer_by_layer_the_losses_are_those_of_stacked_autoencoders_written_out():
    """Pair 1 as an autoencoder of its own, then pair 2 within frozen copies of it, then all."""
    config = DenseConfig(image_shape=SHAPE, hidden=(20,), code_size=4)
    learning = SHORT.replace(pair_epochs=(1, 2), keep_best=False)
    ours = [
        loss for progress in train(build(config), TRAIN, VALIDATION, learning) for loss in progress.losses
    ]

    model = build(config)
    encoder, decoder = [nn.Sequential(*part) for part in (model.encoder, model.decoder)]
    order, expected = torch.Generator().manual_seed(learning.seed), []
    stages = [
        (1, nn.Sequential(encoder[:2], decoder[2:]), [*encoder[0].parameters(), *decoder[2].parameters()]),
        (2, nn.Sequential(encoder, decoder), [*encoder[2].parameters(), *decoder[0].parameters()]),
        (2, nn.Sequential(encoder, decoder), list(model.parameters())),
    ]
    for epochs, network, learnt in stages:
        descent = torch.optim.Adam(learnt, learning.learning_rate)
        for _ in range(epochs):
            for indices in torch.randperm(36, generator=order).split(12):
                batch = TRAIN[indices].flatten(1) / 255
                loss = F.mse_loss(network(batch), batch)
                descent.zero_grad()
                loss.backward()
                descent.step()
                expected.append(loss.item())
    assert ours == pytest.approx(expected, rel=1e-4)


def test_set_free_a_decoder_begins_with_the_encoders_weights_and_then_goes_its_own_way():
    model = build(DEEP.replace(tied=True))
    learning = SHORT.replace(epochs=1, untied_epochs=1, keep_best=False)
    state = TrainingState(model, learning, len(TRAIN))
    for progress in train(model, TRAIN, VALIDATION, learning, state=state):
        if progress.epoch and progress.epoch.phase == "tied":
            tied_loss = evaluate(model, VALIDATION)
            encoding = model.encoder[4].weight.detach().clone()
            assert "decoder.0.weight" not in model.state_dict()
    assert "decoder.0.weight" in model.state_dict()
    assert not torch.equal(model.decoder[0].weight, model.encoder[4].weight.T)
    assert not torch.equal(model.encoder[4].weight, encoding)

    fresh = build(DEEP.replace(tied=True))
    before = evaluate(fresh, VALIDATION)
    fresh.untie()
    assert evaluate(fresh, VALIDATION) == pytest.approx(before, rel=1e-6)
    assert tied_loss != before


def test_setting_it_free_draws_no_random_numbers_of_pytorchs():
    model = build(DEEP.replace(tied=True))
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    model.untie()
    assert torch.equal(torch.rand(3), expected)


def test_a_model_set_free_is_stored_and_opened_again(tmp_path):
    model = build(DEEP.replace(tied=True))
    model.untie()
    with torch.no_grad():
        model.decoder[0].weight.mul_(2)
    save_weights(model, tmp_path / "weights.safetensors")
    again = build(DEEP.replace(tied=True), seed=9)
    load_weights(again, tmp_path / "weights.safetensors")
    assert evaluate(again, VALIDATION) == evaluate(model, VALIDATION)


def test_each_phase_has_its_own_schedule_and_the_steps_of_all_are_planned():
    learning = SHORT.replace(pair_epochs=(2, 1, 1), schedule="one-cycle")
    records = list(train(build(DEEP), TRAIN, VALIDATION, learning))
    assert {record.steps for record in records} == {3 * (2 + 1 + 1 + 2)}
    assert records[-1].step == 18
    rates = [record.epoch.learning_rate for record in records if record.epoch]
    ends = [rates[1], rates[2], rates[3], rates[5]]  # of each cycle: far below where it began
    assert max(ends) < SHORT.learning_rate / 1_000


def test_early_stop_ends_a_phase_and_not_the_training():
    learning = TrainConfig(
        epochs=3, pair_epochs=(50,), batch_size=12, learning_rate=1.0, optimizer="sgd", early_stop=2
    )
    records = list(train(build(DEEP.replace(weight_std=3.0)), TRAIN, VALIDATION, learning))
    names = [record.epoch.phase for record in records if record.epoch]
    assert list(dict.fromkeys(names)) == ["layer pair 1", "layer pair 2", "layer pair 3", "all layers"]
    assert len(names) < 3 * 50
    assert records[-1].ended == "finished"


def test_the_best_weights_of_a_phase_are_what_the_next_begins_with():
    """With a learning rate that makes every epoch worse, the weights of the first one are carried on."""
    learning = SHORT.replace(pair_epochs=(4, 1, 1), learning_rate=3.0, optimizer="sgd")
    model = build(DEEP)
    state = TrainingState(model, learning, len(TRAIN))
    best, losses = {}, []
    for progress in train(model, TRAIN, VALIDATION, learning, state=state):
        if progress.epoch and progress.epoch.phase == "layer pair 1":
            if not losses or progress.epoch.validation_loss < min(losses):
                best = weights_of(model)
            losses.append(progress.epoch.validation_loss)
        elif progress.epoch and progress.epoch.phase == "layer pair 2":
            for name in ("encoder.0.weight", "decoder.4.bias"):
                assert torch.equal(dict(model.named_parameters())[name], best[name])
            return


def test_a_phase_keeps_a_learning_rate_that_was_set_by_hand():
    learning = SHORT.replace(pair_epochs=(1,))
    state = TrainingState(build(DEEP), learning, len(TRAIN))
    state.change_learning_rate(0.5)
    state.epoch = 1
    state.begin_next_phase()
    assert state.learning_rate == 0.5
