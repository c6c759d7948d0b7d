"""First weights: those of PyTorch, of Keras, or of one normal distribution."""

import pytest
import torch
from images import SHAPE
from test_models import EVERY_MODEL
from torch import nn

from aecore.config import DenseConfig, RecurrentConfig
from aecore.models import build
from aecore.settings import SettingsError


def test_the_first_weights_are_those_of_pytorch_for_the_same_seed():
    torch.manual_seed(11)
    layers = [nn.Linear(64, 7), nn.Linear(7, 3), nn.Linear(3, 7), nn.Linear(7, 64)]
    model = build(DenseConfig(image_shape=SHAPE, hidden=(7,), code_size=3), seed=11)
    ours = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    for mine, expected in zip(ours, layers, strict=True):
        assert torch.equal(mine.weight, expected.weight)
        assert torch.equal(mine.bias, expected.bias)


def test_weight_std_draws_all_weights_and_all_biases_from_one_normal_distribution():
    """Mean, deviation, and the shares within one and two deviations: 100,000 weights and 10,000 biases."""
    std = 0.05
    model = build(DenseConfig(image_shape=(1, 100, 100), hidden=(), code_size=10, weight_std=std))
    for drawn in (model.decoder[0].weight, model.decoder[0].bias, model.encoder[0].weight):
        count = drawn.numel()
        assert abs(drawn.mean().item()) < 5 * std / count**0.5
        assert drawn.std().item() == pytest.approx(std, abs=5 * std / (2 * count) ** 0.5)
        assert (drawn.abs() < std).float().mean().item() == pytest.approx(0.6827, abs=0.025)
        assert (drawn.abs() < 2 * std).float().mean().item() == pytest.approx(0.9545, abs=0.012)


def test_keras_begins_with_glorots_uniform_weights_as_pytorch_draws_them():
    torch.manual_seed(11)
    layers = [nn.Linear(64, 7), nn.Linear(7, 3), nn.Linear(3, 7), nn.Linear(7, 64)]
    config = DenseConfig(image_shape=SHAPE, hidden=(7,), code_size=3, initialisation="keras")
    ours = [layer for layer in build(config, seed=11).modules() if isinstance(layer, nn.Linear)]
    for mine, expected in zip(ours, layers, strict=True):
        assert torch.equal(mine.weight, nn.init.xavier_uniform_(expected.weight))
        assert not mine.bias.any()


@EVERY_MODEL
def test_keras_begins_every_kind_with_weights_as_far_apart_as_its_layers_are_wide(config):
    """Uniform between -r and r with r² = 6 / (fan in + fan out), both counted here; LSTMs are apart."""
    layers = list(build(config.replace(initialisation="keras")).modules())
    for layer in layers:
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            seen = layer.weight[0, 0].numel()  # pixels of the kernel; 1 for a dense layer
            largest = (6 / (seen * sum(layer.weight.shape[:2]))) ** 0.5
            assert 0.8 * largest < layer.weight.abs().max().item() <= largest
            assert layer.bias is not None
            assert not layer.bias.any()


def test_keras_begins_an_lstm_with_orthogonal_memory_and_an_open_forget_gate():
    model = build(RecurrentConfig(memory=20, initialisation="keras"))
    for lstm in (model.read, model.write):
        squares = lstm.weight_hh_l0.T @ lstm.weight_hh_l0
        assert torch.allclose(squares, torch.eye(20), atol=1e-5)
        limit = (6 / (4 * 20 + lstm.input_size)) ** 0.5
        assert 0.9 * limit < lstm.weight_ih_l0.abs().max().item() <= limit
        biases = (lstm.bias_ih_l0 + lstm.bias_hh_l0).unflatten(0, (4, 20))  # input, forget, cell, output
        assert torch.equal(biases.mean(1), torch.tensor([0.0, 1.0, 0.0, 0.0]))


def test_how_far_first_weights_lie_apart_is_said_once():
    with pytest.raises(SettingsError, match=r"^weight_std is 0\.1: choose none, or initialisation pytorch"):
        DenseConfig(initialisation="keras", weight_std=0.1)


def test_settings_on_disk_that_do_not_name_it_begin_as_pytorch():
    stored = DenseConfig(image_shape=SHAPE).model_dump()
    del stored["initialisation"]
    assert DenseConfig(**stored) == DenseConfig(image_shape=SHAPE, initialisation="pytorch")
