"""A convolution that processors are quick at, whatever its channels are."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.grad import conv2d_weight

MANY = 16
"""Channels. oneDNN, with which PyTorch computes on processors, works on so many of the result at once."""

NUMBERS_AT_ONCE = 2**22
"""So few that their memory is at hand again for the next ones: twice as many took four times as long each."""


class Convolution(nn.Conv2d):
    """nn.Conv2d with stride 1, whose way to few channels on a CPU is made of convolutions to many.

    From 16 channels to one, with kernels of 11 x 11, oneDNN takes 13 times as long as from one to 16, which
    is as many multiply-adds, and as long again for each gradient. See `_FromMany` for the other way.
    """

    def __init__(self, before: int, after: int, kernel_size: int, padding: int = 0) -> None:
        super().__init__(before, after, kernel_size, padding=padding)
        self.margin = padding

    def forward(self, images: Tensor) -> Tensor:
        """(B, before, H, W) to (B, after, H + 2 padding - k + 1, W + 2 padding - k + 1)."""
        to_few = self.out_channels < MANY and self.out_channels <= self.in_channels
        if to_few and images.device.type == "cpu":
            return _FromMany.apply(images, self.weight, self.bias, self.margin)
        return super().forward(images)


class _FromMany(Function):
    """Forwards, to one channel: what each channel adds, by itself, and then the sum.

    Backwards, to the images: from the gradient, by the kernels mirrored, as forwards. To the weights: they
    are the mirrored kernels of the way back, for which images and gradient have changed places.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor, margin: int) -> Tensor:
        ctx.save_for_backward(images, weight)
        ctx.margin = margin
        after, before = weight.shape[:2]
        if after > 1 or before < MANY:
            return F.conv2d(images, weight, bias, padding=margin)
        kernels = weight.transpose(0, 1)
        parts = images.split(max(1, NUMBERS_AT_ONCE // images.shape[1:].numel()))
        sums = [F.conv2d(part, kernels, padding=margin, groups=before).sum(1, keepdim=True) for part in parts]
        return torch.cat(sums).add_(bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        images, weight = ctx.saved_tensors
        back = _mirrored(weight)
        margin = weight.shape[-1] - 1 - ctx.margin
        to_images = F.conv2d(gradient, back, padding=margin) if ctx.needs_input_grad[0] else None
        to_weight = _mirrored(conv2d_weight(gradient, back.shape, images, padding=margin))
        return to_images, to_weight, gradient.sum((0, 2, 3)), None


def _mirrored(weight: Tensor) -> Tensor:
    """(after, before, k, k) to (before, after, k, k), every kernel turned upside down and left to right."""
    return weight.flip(2, 3).transpose(0, 1)
