"""The registry of autoencoders, and how to make one from its config."""

import torch
from torch import nn

from aecore.config import ModelConfig
from aecore.models.base import Autoencoder
from aecore.models.conv import ConvAutoencoder
from aecore.models.dense import DenseAutoencoder
from aecore.settings import SettingsError

MODELS: dict[str, type[Autoencoder]] = {"dense": DenseAutoencoder, "conv": ConvAutoencoder}

MOST_PARAMETERS = 500_000_000
"""A larger network's weights and optimiser moments would not fit in 8 GB."""


def check_size(config: ModelConfig) -> None:
    """Raise SettingsError where the network would be too large to train; takes no memory."""
    with torch.device("meta"):  # shapes without numbers
        parameters = sum(weight.numel() for weight in MODELS[config.kind](config).parameters())
    if parameters > MOST_PARAMETERS:
        raise SettingsError(
            f"the network would have {parameters:,} parameters: "
            f"choose smaller layers or a smaller code, at most {MOST_PARAMETERS:,}"
        )


def build(config: ModelConfig, seed: int = 0) -> Autoencoder:
    """A fresh model on the CPU; the same seed gives the same weights.

    Raises SettingsError where the network would be too large to train.
    """
    check_size(config)
    with torch.random.fork_rng(
        devices=[]
    ):  # layers draw from the global generator, which is not ours to move
        torch.default_generator.manual_seed(seed)
        model = MODELS[config.kind](config)
        if config.weight_std is not None:
            for weight in model.parameters():
                nn.init.normal_(weight, std=config.weight_std)
    return model
