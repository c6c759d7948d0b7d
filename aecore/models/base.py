"""What every autoencoder is: a code between an encoder and a decoder."""

from abc import ABC, abstractmethod
from collections.abc import Collection

from torch import Tensor, nn

from aecore.config import ModelConfig
from aecore.models.drawing import Drawing, Dropout
from aecore.models.sparsity import keep_largest, winner_take_all

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "silu": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "identity": nn.Identity,
}


class Autoencoder(Drawing, ABC):
    """code = sparse(units(images));  reconstruction = decode(code)

    Images are (B, C, H, W) in [0, 1], codes (B, code_size), reconstructions like the images. `sparse` keeps
    the `active` largest numbers of each code and, in training, the winners of `lifetime`.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config

    @abstractmethod
    def units(self, images: Tensor) -> Tensor:
        """What the code's units answer to images (B, C, H, W), before any is silenced; (B, code_size)."""

    @abstractmethod
    def decode(self, codes: Tensor) -> Tensor:
        """The images (B, C, H, W) that codes (B, code_size) stand for."""

    def encode(self, images: Tensor) -> Tensor:
        """The codes (B, code_size) of images (B, C, H, W)."""
        return self.sparse(self.units(images))

    def sparse(self, codes: Tensor) -> Tensor:
        """Codes (B, code_size) with the units silenced that are not to be active."""
        if self.config.active is not None:
            codes = keep_largest(codes, self.config.active_count)
        if self.config.lifetime is not None and self.training:
            codes = winner_take_all(codes, self.config.lifetime)
        return codes

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))

    def learn(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor | float]:
        """What training needs of images (B, C, H, W): reconstructions, codes, and what the code itself costs.

        That cost, a scalar, is added to the loss; only a variational code has one.
        """
        codes = self.encode(images)
        return self.decode(codes), codes, 0.0

    def fit_to(self, names: Collection[str]) -> None:
        """Become what these names of weights belong to, where a training can change what there is."""


class Stacked(Autoencoder):
    """An autoencoder whose layers can be trained pair by pair, from the outside in.

    Pairs are counted from 1 at the outside, up to the config's `pair_count`.
    """

    @abstractmethod
    def outer(self, pairs: int) -> Autoencoder:
        """The autoencoder that the outermost `pairs` pairs of layers make, with this one's own weights."""

    @abstractmethod
    def pair(self, number: int) -> list[nn.Parameter]:
        """The weights of one pair of layers."""

    @abstractmethod
    def untie(self) -> None:
        """Give a tied decoder weights of its own; nothing where it has them."""


def layer(sums: nn.Module, activation: str, dropout: float = 0.0) -> list[nn.Module]:
    """A layer's modules: the sums, what is done with them, and dropout where there is any."""
    return [sums, ACTIVATIONS[activation](), *([Dropout(dropout)] if dropout else [])]
