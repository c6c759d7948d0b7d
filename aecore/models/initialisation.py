"""What the weights and biases of a model are before it has learned anything."""

import torch
from torch import nn

from aecore.config import ModelConfig
from aecore.models.base import Autoencoder


def initialise(model: Autoencoder, config: ModelConfig) -> None:
    """Give a model that PyTorch has just made the first weights its config asks for."""
    if config.weight_std is not None:
        for weight in model.parameters():
            nn.init.normal_(weight, std=config.weight_std)
    elif config.initialisation == "keras":
        as_keras(model)


@torch.no_grad()
def as_keras(model: nn.Module) -> None:
    """W ~ U(-r, r) with r² = 6 / (fan in + fan out), and biases of 0, as Keras's layers begin.

    Fans count the numbers that a layer's unit is made of and goes into, over the whole kernel of a
    convolution. In an LSTM the weights from row to row are orthogonal and the forget gate's bias is 1.
    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    """
    for name, weight in model.named_parameters():
        if weight.ndim < 2:
            nn.init.zeros_(weight)
        elif "weight_hh" in name:  # as PyTorch names an LSTM's weights from row to row
            nn.init.orthogonal_(weight)
        else:
            nn.init.xavier_uniform_(weight)
    for module in model.modules():
        if isinstance(module, nn.LSTM):
            _, forget, _, _ = module.get_parameter("bias_ih_l0").chunk(
                4
            )  # gates: input, forget, cell, output
            forget.fill_(1)
