"""Layers that draw random numbers in training, from a generator that the training keeps and saves."""

import torch
from torch import Tensor, nn


class Drawing(nn.Module):
    """A module that draws; without a generator of its own, from PyTorch's."""

    generator: torch.Generator | None = None


class Dropout(Drawing):
    """In training, sets a share p of the numbers to zero, and multiplies the others by 1 / (1 - p).

    As PyTorch's own, but its draws can be repeated. Srivastava et al., Dropout, 2014.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, values: Tensor) -> Tensor:
        if not self.training:
            return values
        kept = torch.empty_like(values).bernoulli_(1 - self.share, generator=self.generator)
        return values * kept.div_(1 - self.share)


def draw_from(model: nn.Module, generator: torch.Generator) -> None:
    """Let every layer of `model` that draws draw from `generator`, which is on the model's device."""
    for module in model.modules():
        if isinstance(module, Drawing):
            module.generator = generator
