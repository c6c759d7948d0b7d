"""The registry of autoencoders, and how to make one from its config."""

import math
from itertools import pairwise

import torch

from aecore.config import ModelConfig
from aecore.losses import IMAGES_AT_ONCE
from aecore.models.base import Autoencoder
from aecore.models.conv import ConvAutoencoder
from aecore.models.dense import DenseAutoencoder
from aecore.models.initialisation import initialise
from aecore.models.pooled import ConvDenseAutoencoder, ConvMapAutoencoder, ConvResidualAutoencoder
from aecore.models.recurrent import RecurrentAutoencoder
from aecore.models.variational import VariationalAutoencoder
from aecore.models.winners import ConvWinnersAutoencoder
from aecore.settings import SettingsError

MODELS: dict[str, type[Autoencoder]] = {
    "dense": DenseAutoencoder,
    "conv": ConvAutoencoder,
    "conv-dense": ConvDenseAutoencoder,
    "conv-map": ConvMapAutoencoder,
    "conv-residual": ConvResidualAutoencoder,
    "conv-winners": ConvWinnersAutoencoder,
    "recurrent": RecurrentAutoencoder,
    "variational": VariationalAutoencoder,
}

MOST_MEMORY = 8e9
"""Bytes that training a model may take."""


def count_parameters(config: ModelConfig) -> int:
    """How many weights and biases the model has; found without making them."""
    with torch.device("meta"):  # shapes without numbers
        return sum(weight.numel() for weight in MODELS[config.kind](config).parameters())


def weights_memory(config: ModelConfig) -> int:
    """Bytes that weights, gradients and Adam's two moments take."""
    return 4 * 4 * count_parameters(config)


def training_memory(config: ModelConfig, batch_size: int) -> int:
    """About how many bytes training takes, the images left out; found without taking any.

    What the weights take, and every layer's output for a batch with its gradient; or, where that is more,
    what goes into a layer and comes out of it when the model is measured, many images at once.
    """
    outputs = [math.prod(config.image_shape)]
    with torch.device("meta"):
        model = MODELS[config.kind](config)
        for module in model.modules():
            if not any(module.children()):  # a layer, not a group of layers
                module.register_forward_hook(lambda _layer, _input, output: outputs.append(_count(output)))
        model(torch.empty(1, *config.image_shape))
    measured = IMAGES_AT_ONCE * max(before + after for before, after in pairwise(outputs))
    return weights_memory(config) + 4 * max(2 * batch_size * sum(outputs[1:]), measured)


def _count(output: torch.Tensor | tuple[torch.Tensor, ...]) -> int:
    """How many numbers a layer gives out; a recurrent one gives its last memory besides."""
    return (output[0] if isinstance(output, tuple) else output).numel()


def check_size(config: ModelConfig, batch_size: int) -> None:
    """Raise SettingsError where training would take more memory than MOST_MEMORY."""
    _check_memory(training_memory(config, batch_size))


def build(config: ModelConfig, seed: int = 0) -> Autoencoder:
    """A fresh model on the CPU; the same seed gives the same weights.

    Raises SettingsError where its weights alone would take too much memory to train.
    """
    _check_memory(weights_memory(config))  # check_size loads much of PyTorch the first time: a second or more
    # layers draw from the global generator, which is not ours to move
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model = MODELS[config.kind](config)
        initialise(model, config)
    return model


def _check_memory(memory: int) -> None:
    if memory > MOST_MEMORY:
        raise SettingsError(
            f"training would take {memory / 1e9:,.0f} GB of memory: choose smaller layers, a smaller code "
            f"or a smaller batch_size, at most {MOST_MEMORY / 1e9:.0f} GB"
        )
