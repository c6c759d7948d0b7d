"""The list of a network's layers: right for every model, for odd ones too, and without taking memory."""

import pytest
import torch
from every_model import small_configs
from torch import nn

from aecore.analysis.layers import Layer, layers
from aecore.config import ConvConfig, DenseConfig
from aecore.models import MODELS, build
from aecore.models.base import ACTIVATIONS, Autoencoder

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 16, 16), (1, 31, 17), (1, 1, 1)]
EVERY_MODEL = pytest.mark.parametrize(
    "config",
    small_configs(SHAPES, code_size=12),
    ids=lambda config: f"{config.kind}-{'x'.join(map(str, config.image_shape))}",
)


def rows(config):
    return [
        (layer.part, layer.name, layer.activation, layer.output_shape, layer.parameters)
        for layer in layers(config)
    ]


def test_the_tutorials_network():
    config = DenseConfig(hidden=(128, 64), code_size=9, activation="relu", code_activation="tanh")
    assert rows(config) == [
        ("encoder", "Flatten", "", (784,), 0),
        ("encoder", "Linear", "relu", (128,), 784 * 128 + 128),
        ("encoder", "Linear", "relu", (64,), 128 * 64 + 64),
        ("encoder", "Linear", "tanh", (9,), 64 * 9 + 9),
        ("decoder", "Linear", "relu", (64,), 9 * 64 + 64),
        ("decoder", "Linear", "relu", (128,), 64 * 128 + 128),
        ("decoder", "Linear", "sigmoid", (784,), 128 * 784 + 784),
        ("decoder", "Unflatten", "", (1, 28, 28), 0),
    ]


def test_a_convolutional_network_on_an_odd_shape():
    config = ConvConfig(
        image_shape=(3, 31, 17), channels=(5, 7), code_size=2, activation="silu", output_activation="identity"
    )
    assert rows(config) == [
        ("encoder", "Convolution 3×3, stride 2", "silu", (5, 16, 9), 3 * 5 * 9 + 5),
        ("encoder", "Convolution 3×3, stride 2", "silu", (7, 8, 5), 5 * 7 * 9 + 7),
        ("encoder", "Flatten", "", (280,), 0),
        ("encoder", "Linear", "", (2,), 280 * 2 + 2),
        ("decoder", "Linear", "silu", (280,), 2 * 280 + 280),
        ("decoder", "Unflatten", "", (7, 8, 5), 0),
        ("decoder", "Transposed convolution 3×3, stride 2", "silu", (5, 16, 9), 7 * 5 * 9 + 5),
        ("decoder", "Transposed convolution 3×3, stride 2", "", (3, 31, 17), 5 * 3 * 9 + 3),
    ]


@EVERY_MODEL
def test_every_weight_is_counted_once_and_the_shapes_are_those_of_a_real_image(config):
    model = build(config)
    codes = model.encode(torch.rand(1, *config.image_shape))
    found = layers(config)
    assert sum(layer.parameters for layer in found) == sum(weight.numel() for weight in model.parameters())
    encoder = [layer for layer in found if layer.part == "encoder"]
    assert found[: len(encoder)] == encoder
    assert encoder[-1].output_shape == codes.shape[1:]
    assert found[-1].part == "decoder"
    assert found[-1].output_shape == model.decode(codes).shape[1:]
    assert {layer.activation for layer in found} <= ACTIVATIONS.keys() - {"identity"} | {""}


def test_the_largest_layers_take_no_memory():
    found = layers(DenseConfig(hidden=(65_536, 65_536)))  # 35 GB of weights
    assert (
        Layer(
            part="encoder",
            name="Linear",
            activation="relu",
            output_shape=(65_536,),
            parameters=65_536 * 65_536 + 65_536,
        )
        in found
    )


class Tied(Autoencoder):
    """One matrix there and back, the second time without a layer."""

    def __init__(self, config):
        super().__init__(config)
        self.encoder = nn.Linear(64, config.code_size)
        self.bias = nn.Parameter(torch.zeros(64))

    def units(self, images):
        return self.encoder(images.flatten(1)).relu()

    def decode(self, codes):
        return (codes @ self.encoder.weight + self.bias).unflatten(1, self.config.image_shape)


class Bias(nn.Module):
    """A layer with a weight of its own, and one within."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(16, 4)
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, images):
        return self.inner(images) + self.bias


class Pooled(Autoencoder):
    """Layers of many kinds, one used twice, and an activation before any sum."""

    def __init__(self, config):
        super().__init__(config)
        self.twice = nn.Conv2d(1, 1, (1, 3), padding=(0, 1))
        self.down = nn.Sequential(nn.ReLU(), nn.BatchNorm2d(1), nn.MaxPool2d(2), nn.Flatten(), Bias())
        self.back = nn.Sequential(nn.Tanh(), nn.Unflatten(1, (1, 2, 2)), nn.ConvTranspose2d(1, 1, 4, (4, 2)))

    def units(self, images):
        return self.down(self.twice(self.twice(images)))

    def decode(self, codes):
        return self.back(codes).repeat(1, 1, 1, 2)[..., :8]


@pytest.mark.parametrize("model", [Tied, Pooled])
def test_of_a_model_without_tidy_layers_every_weight_is_counted_once(model, monkeypatch):
    monkeypatch.setitem(MODELS, "dense", model)
    config = DenseConfig(image_shape=(1, 8, 8), code_size=4)
    found = layers(config)
    assert sum(layer.parameters for layer in found) == sum(
        weight.numel() for weight in model(config).parameters()
    )
    assert [layer for layer in found if layer.part == "encoder"][-1].output_shape == (4,)
    assert found[-1].output_shape == (1, 8, 8)


def test_what_a_model_does_without_layers_makes_a_row(monkeypatch):
    monkeypatch.setitem(MODELS, "dense", Tied)
    assert rows(DenseConfig(image_shape=(1, 8, 8), code_size=4)) == [
        ("encoder", "Flatten", "", (64,), 0),
        ("encoder", "Linear", "", (4,), 64 * 4 + 4),
        ("decoder", "Further sums", "", (1, 8, 8), 64),
    ]


def test_layers_of_other_kinds_have_readable_names(monkeypatch):
    monkeypatch.setitem(MODELS, "dense", Pooled)
    assert rows(DenseConfig(image_shape=(1, 8, 8), code_size=4)) == [
        ("encoder", "Convolution 1×3", "", (1, 8, 8), 4),
        ("encoder", "Convolution 1×3", "relu", (1, 8, 8), 0),
        ("encoder", "Batch norm 2d", "", (1, 8, 8), 2),
        ("encoder", "Max pool 2d", "", (1, 4, 4), 0),
        ("encoder", "Flatten", "", (16,), 0),
        ("encoder", "Linear", "", (4,), 68),
        ("encoder", "Bias", "", (4,), 4),
        ("decoder", "Activation", "tanh", (4,), 0),
        ("decoder", "Unflatten", "", (1, 2, 2), 0),
        ("decoder", "Transposed convolution 4×4, stride 4×2", "", (1, 8, 6), 17),
        ("decoder", "Further sums", "", (1, 8, 8), 0),
    ]
