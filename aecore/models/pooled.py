"""Convolutional autoencoders whose code is what the last pooling leaves of the picture."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from aecore.config import ConvDenseConfig, ConvMapConfig, ConvResidualConfig
from aecore.models.base import Autoencoder, layer
from aecore.models.convolution import Convolution
from aecore.models.drawing import Dropout


class ConvDenseAutoencoder(Autoencoder):
    """code = flat(pool(f_n(... f_1(x) ...)));  image = o(W code + b)

    f_i: k x k convolution without a margin, which takes k - 1 pixels off height and width, then the hidden
    activation, the last one the code activation. pool: the largest of each 2x2 pixels. The decoder is one
    fully connected layer.
    """

    config: ConvDenseConfig

    def __init__(self, config: ConvDenseConfig) -> None:
        super().__init__(config)
        modules: list[nn.Module] = [Dropout(config.input_dropout)] if config.input_dropout else []
        *inner, end = pairwise((config.image_shape[0], *config.channels))
        for before, after in inner:
            convolution = Convolution(before, after, config.kernel_size)
            modules += layer(convolution, config.activation, config.hidden_dropout)
        modules += layer(Convolution(*end, config.kernel_size), config.code_activation)
        self.encoder = nn.Sequential(*modules, nn.MaxPool2d(2), nn.Flatten())
        self.decoder = nn.Sequential(
            *layer(nn.Linear(config.code_size, config.pixel_count), config.output_activation)
        )

    def units(self, images: Tensor) -> Tensor:
        return self.encoder(images)

    def decode(self, codes: Tensor) -> Tensor:
        return self.decoder(codes).unflatten(1, self.config.image_shape)


class ConvMapAutoencoder(Autoencoder):
    """code = flat(f_n(... f_1(x) ...));  image = o(W * g_1(... g_n(code) ...) + b)

    f_i: k x k convolution with a margin, activation (the code activation in the last), then the largest of
    each 2x2 pixels; an odd row or column counts as a pair. g_i: k x k transposed convolution with stride 2
    and activation, back to the size f_i was given. W: a k x k convolution with a margin.
    """

    config: ConvMapConfig

    def __init__(self, config: ConvMapConfig) -> None:
        super().__init__(config)
        channels, height, width = config.image_shape
        margin = config.kernel_size // 2
        down: list[nn.Module] = [Dropout(config.input_dropout)] if config.input_dropout else []
        up: list[nn.Module] = []
        widths = list(pairwise((channels, *config.channels)))
        for place, (before, after) in enumerate(widths, 1):
            is_last = place == len(widths)
            down += layer(
                Convolution(before, after, config.kernel_size, padding=margin),
                config.code_activation if is_last else config.activation,
                0.0 if is_last else config.hidden_dropout,
            )
            down.append(nn.MaxPool2d(2, ceil_mode=True))
            # the pictures a layer of the decoder gives have the channels its counterpart began with,
            # the outermost one as many as the first convolution made
            outwards = before if place > 1 else config.channels[0]
            back = nn.ConvTranspose2d(
                after,
                outwards,
                config.kernel_size,
                stride=2,
                padding=margin,
                output_padding=(1 - height % 2, 1 - width % 2),
            )
            up = [*layer(back, config.activation, config.hidden_dropout), *up]
            height, width = -(-height // 2), -(-width // 2)
        last = Convolution(config.channels[0], channels, config.kernel_size, padding=margin)
        self.encoder = nn.Sequential(*down, nn.Flatten())
        self.decoder = nn.Sequential(
            nn.Unflatten(1, config.code_shape), *up, *layer(last, config.output_activation)
        )

    def units(self, images: Tensor) -> Tensor:
        return self.encoder(images)

    def decode(self, codes: Tensor) -> Tensor:
        return self.decoder(codes)


class ConvResidualAutoencoder(ConvMapAutoencoder):
    """code = (flat(f_n(... f_1(x) ...)), flat(x));  image = W * g_1(... g_n(features) ...) + b + x

    The code is that of the fully convolutional network, the features, and after it the picture itself, to
    which the decoder adds. So what need not be changed need not be learned: for targets that are like the
    input. Residual learning: Kim et al., Accurate Image Super-Resolution Using Very Deep Convolutional
    Networks, 2016.
    """

    config: ConvResidualConfig

    def units(self, images: Tensor) -> Tensor:
        return torch.cat([self.encoder(images), images.flatten(1)], dim=1)

    def decode(self, codes: Tensor) -> Tensor:
        picture = self.config.carried
        features, images = codes[:, :-picture], codes[:, -picture:]
        return self.decoder(features) + images.unflatten(1, self.config.image_shape)
