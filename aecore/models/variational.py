"""The variational autoencoder: a code that is a distribution."""

import torch
from torch import Tensor, nn

from aecore.config import VariationalConfig
from aecore.models.base import Autoencoder
from aecore.models.dense import dense_layers
from aecore.models.drawing import Dropout


class VariationalAutoencoder(Autoencoder):
    """q(z | x) = N(mean(x), exp(log_variance(x)));  z = mean + exp(log_variance / 2) ε;  image = decode(z)

    Dense layers compute mean and logarithm of the variance of each of the code's numbers. An image's code is
    the mean; only in training is z drawn. Learning adds beta KL(q || N(0, 1)) per pixel to the loss, so that
    with beta = 1 and cross-entropy the loss is the negative evidence lower bound divided by the pixels.
    Kingma and Welling, Auto-Encoding Variational Bayes, 2014; beta: Higgins et al., 2017.
    """

    config: VariationalConfig

    def __init__(self, config: VariationalConfig) -> None:
        super().__init__(config)
        hidden, pixels = config.hidden, config.pixel_count
        self.input_dropout = Dropout(config.input_dropout) if config.input_dropout else nn.Identity()
        narrow = (pixels, *hidden)[-1]
        self.encoder = (
            dense_layers((pixels, *hidden), config.activation, config.activation, config.hidden_dropout)
            if hidden
            else nn.Identity()
        )
        self.mean = nn.Linear(narrow, config.code_size)
        self.log_variance = nn.Linear(narrow, config.code_size)
        self.decoder = dense_layers(
            (config.code_size, *hidden[::-1], pixels),
            config.activation,
            config.output_activation,
            config.hidden_dropout,
        )

    def units(self, images: Tensor) -> Tensor:
        return self.mean(self._hidden(images))

    def decode(self, codes: Tensor) -> Tensor:
        return self.decoder(codes).unflatten(1, self.config.image_shape)

    def distribution(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the codes of images (B, C, H, W), each (B, code_size)."""
        hidden = self._hidden(images)
        return self.mean(hidden), self.log_variance(hidden)

    def learn(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor | float]:
        mean, log_variance = self.distribution(images)
        codes = mean
        if self.training:
            noise = torch.empty_like(mean).normal_(generator=self.generator)
            codes = mean + (log_variance / 2).exp() * noise
        divergence = divergence_from_standard(mean, log_variance).mean()
        return self.decode(codes), codes, self.config.beta * divergence / self.config.pixel_count

    def _hidden(self, images: Tensor) -> Tensor:
        return self.encoder(self.input_dropout(images.flatten(1)))


def divergence_from_standard(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) in nats, summed over the units: (B, U) to (B,)."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2
