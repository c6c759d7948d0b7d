"""What every autoencoder is: a code between an encoder and a decoder."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from aecore.config import ModelConfig

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "silu": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "identity": nn.Identity,
}


class Autoencoder(nn.Module, ABC):
    """code = encode(images);  reconstruction = decode(code)

    Images are (B, C, H, W) in [0, 1], codes (B, code_size), reconstructions like the images.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config

    @abstractmethod
    def encode(self, images: Tensor) -> Tensor:
        """The codes (B, code_size) of images (B, C, H, W)."""

    @abstractmethod
    def decode(self, codes: Tensor) -> Tensor:
        """The images (B, C, H, W) that codes (B, code_size) stand for."""

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))
