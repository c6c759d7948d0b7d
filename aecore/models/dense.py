"""The autoencoder of the tutorials: fully connected layers."""

from collections.abc import Collection
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aecore.config import DenseConfig
from aecore.models.base import Autoencoder, Stacked, layer
from aecore.models.drawing import Dropout


class DenseAutoencoder(Stacked):
    """code = c(W_n a(... a(W_1 x + b_1) ...) + b_n);  image = o(V_n a(... a(V_1 code + d_1) ...) + d_n)

    a, c and o are the hidden, code and output activations. x is the image as one row of pixels. Tied, the
    decoder has V_i = W_{n+1-i} transposed, until `untie` gives it weights of its own.
    The weights carry the names of the tutorials' `AE` class (`encoder.0.weight` ... `decoder.8.bias`),
    so that a state dict saved there loads here.
    """

    config: DenseConfig

    def __init__(self, config: DenseConfig) -> None:
        super().__init__(config)
        down = (config.pixel_count, *config.hidden, config.code_size)
        up = (config.code_size, *config.decoder_widths, config.pixel_count)
        self.input_dropout = Dropout(config.input_dropout) if config.input_dropout else nn.Identity()
        self.encoder = dense_layers(down, config.activation, config.code_activation, config.hidden_dropout)
        self.decoder = dense_layers(up, config.activation, config.output_activation, config.hidden_dropout)
        if config.tied:
            for place, encoding in zip(_sums(self.decoder), reversed(_sums(self.encoder)), strict=True):
                tied = self.encoder[encoding]
                assert isinstance(tied, nn.Linear)
                self.decoder[place] = Transposed(tied)

    def units(self, images: Tensor) -> Tensor:
        return self.encoder(self.input_dropout(images.flatten(1)))

    def decode(self, codes: Tensor) -> Tensor:
        return self.decoder(codes).unflatten(1, self.config.image_shape)

    def outer(self, pairs: int) -> Autoencoder:
        return OuterPairs(self, pairs)

    def pair(self, number: int) -> list[nn.Parameter]:
        encoding, decoding = _sums(self.encoder)[number - 1], _sums(self.decoder)[-number]
        both = [*self.encoder[encoding].parameters(), *self.decoder[decoding].parameters()]
        return list(dict.fromkeys(both))  # a tied weight is in both

    def untie(self) -> None:  # its weights begin as the encoder's, transposed, so no picture changes
        for place in _sums(self.decoder):
            if isinstance(tied := self.decoder[place], Transposed):
                self.decoder[place] = tied.free()

    def fit_to(self, names: Collection[str]) -> None:
        if "decoder.0.weight" in names:
            self.untie()


class OuterPairs(Autoencoder):
    """The outermost pairs of a dense autoencoder's layers; what they hand on takes the place of the code."""

    config: DenseConfig

    def __init__(self, whole: DenseAutoencoder, pairs: int) -> None:
        super().__init__(whole.config)
        self.input_dropout = whole.input_dropout
        after = [*_sums(whole.encoder), len(whole.encoder)][pairs]
        self.encoder = whole.encoder[:after]
        self.decoder = whole.decoder[_sums(whole.decoder)[-pairs] :]
        self._is_whole = after == len(whole.encoder)

    def units(self, images: Tensor) -> Tensor:
        return self.encoder(self.input_dropout(images.flatten(1)))

    def sparse(self, codes: Tensor) -> Tensor:
        return super().sparse(codes) if self._is_whole else codes

    def decode(self, codes: Tensor) -> Tensor:
        return self.decoder(codes).unflatten(1, self.config.image_shape)


class Transposed(nn.Module):
    """h -> Wᵀ h + d, where W is the weight of an encoder's layer and d a bias of its own."""

    def __init__(self, encoding: nn.Linear) -> None:
        super().__init__()
        self.bias = nn.Linear(encoding.out_features, encoding.in_features).bias  # PyTorch's first values
        self._encoding = [encoding]  # in a list, so that its weight stays the encoder's alone

    @property
    def weight(self) -> Tensor:
        return self._encoding[0].weight

    def forward(self, hidden: Tensor) -> Tensor:
        return F.linear(hidden, self.weight.T, self.bias)

    def free(self) -> nn.Linear:
        """A layer that computes the same with weights of its own."""
        outputs, inputs = self.weight.shape
        with torch.device("meta"):  # draws nothing
            own = nn.Linear(outputs, inputs)
        own.to_empty(device=self.weight.device)
        own.weight.data.copy_(self.weight.T)
        own.bias = self.bias
        return own


def dense_layers(widths: tuple[int, ...], between: str, last: str, dropout: float = 0.0) -> nn.Sequential:
    """Fully connected layers from widths[0] to widths[-1]; the last has no dropout."""
    modules: list[nn.Module] = []
    *inner, end = pairwise(widths)
    for before, after in inner:
        modules += layer(nn.Linear(before, after), between, dropout)
    return nn.Sequential(*modules, *layer(nn.Linear(*end), last))


def _sums(layers: nn.Sequential) -> list[int]:
    """Where in `layers` the weights are."""
    return [place for place, module in enumerate(layers) if isinstance(module, nn.Linear | Transposed)]
