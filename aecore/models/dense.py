"""The autoencoder of the tutorials: fully connected layers."""

import math
from itertools import pairwise

from torch import Tensor, nn

from aecore.config import DenseConfig
from aecore.models.base import ACTIVATIONS, Autoencoder


class DenseAutoencoder(Autoencoder):
    """code = c(W_n a(... a(W_1 x + b_1) ...) + b_n);  image = o(V_n a(... a(V_1 code + d_1) ...) + d_n)

    a, c and o are the hidden, code and output activations. x is the image as one row of pixels.
    The weights carry the names of the tutorials' `AE` class (`encoder.0.weight` ... `decoder.8.bias`),
    so that a state dict saved there loads here.
    """

    def __init__(self, config: DenseConfig) -> None:
        super().__init__(config)
        widths = (math.prod(config.image_shape), *config.hidden, config.code_size)
        self.encoder = _layers(widths, config.activation, config.code_activation)
        self.decoder = _layers(widths[::-1], config.activation, config.output_activation)

    def encode(self, images: Tensor) -> Tensor:
        return self.encoder(images.flatten(1))

    def decode(self, codes: Tensor) -> Tensor:
        return self.decoder(codes).unflatten(1, self.config.image_shape)


def _layers(widths: tuple[int, ...], between: str, last: str) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), ACTIVATIONS[between]()]
    layers[-1] = ACTIVATIONS[last]()
    return nn.Sequential(*layers)
