"""A convolutional autoencoder: strided convolutions down, transposed convolutions back."""

import math
from itertools import pairwise

from torch import Tensor, nn

from aecore.config import ConvConfig
from aecore.models.base import ACTIVATIONS, Autoencoder, layer
from aecore.models.drawing import Dropout


class ConvAutoencoder(Autoencoder):
    """code = c(W f_n(... f_1(x) ...) + b);  image = g_1(... g_n(a(V code + d)) ...)

    f_i: 3x3 convolution with stride 2, then the hidden activation; it halves height and width, rounding up.
    g_i: 3x3 transposed convolution with stride 2, back to exactly the size f_i was given; the last one
    is followed by the output activation. Any image size works.
    """

    def __init__(self, config: ConvConfig) -> None:
        super().__init__(config)
        channels, height, width = config.image_shape
        sizes = [(height, width)]
        down: list[nn.Module] = [Dropout(config.input_dropout)] if config.input_dropout else []
        up: list[nn.Module] = []
        for before, after in pairwise((channels, *config.channels)):
            height, width = sizes[-1]
            sizes.append(((height + 1) // 2, (width + 1) // 2))
            down += layer(
                nn.Conv2d(before, after, 3, stride=2, padding=1), config.activation, config.hidden_dropout
            )
            # a stride-2 transposed convolution gives an odd size by itself; an even one needs one row more
            missing = (1 - height % 2, 1 - width % 2)
            back = nn.ConvTranspose2d(after, before, 3, stride=2, padding=1, output_padding=missing)
            last = not up
            up = [
                *layer(
                    back,
                    config.output_activation if last else config.activation,
                    0 if last else config.hidden_dropout,
                ),
                *up,
            ]
        narrow = (config.channels[-1], *sizes[-1])
        features = math.prod(narrow)
        self.encoder = nn.Sequential(
            *down,
            nn.Flatten(),
            nn.Linear(features, config.code_size),
            ACTIVATIONS[config.code_activation](),
        )
        self.decoder = nn.Sequential(
            *layer(nn.Linear(config.code_size, features), config.activation, config.hidden_dropout),
            nn.Unflatten(1, narrow),
            *up,
        )

    def units(self, images: Tensor) -> Tensor:
        return self.encoder(images)

    def decode(self, codes: Tensor) -> Tensor:
        return self.decoder(codes)
