"""A convolution that is quick to few channels, too, on a CPU."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.grad import conv2d_weight

FEW = 8
"""Channels. oneDNN, with which PyTorch computes on x86 processors, takes 16 of the result at once where there
is AVX-512, and as long for fewer."""

FEWEST_APART = 16
"""So many channels of the input make one channel of the output sooner each by itself."""

NUMBERS_AT_ONCE = 2**22
"""16 MB of them: blocks of more than 32 MB come from the system anew, page by page, at every step."""


class Convolution(nn.Conv2d):
    """nn.Conv2d with stride 1, a bias and `padding` below the kernel's size, for batches of images.

    With oneDNN, 16 channels to one, kernels of 11 x 11, take 13 times as long as one channel to 16, though
    both are as many multiply-adds, and each of the gradients takes as long again. The same sums in another
    way, that of `_ToFewChannels`, take a tenth of it.
    """

    def __init__(self, before: int, after: int, kernel_size: int, padding: int = 0) -> None:
        super().__init__(before, after, kernel_size, padding=padding)
        self.margin = padding

    def forward(self, images: Tensor) -> Tensor:
        """(B, before, H, W) to (B, after, H + 2 padding - k + 1, W + 2 padding - k + 1)."""
        # from fewer channels than it leads to, as in a network's first layer, PyTorch's way is the quick one
        to_few = self.out_channels <= min(FEW, self.in_channels) and self.kernel_size[0] > 1
        if to_few and images.device.type == "cpu" and torch.backends.mkldnn.is_available():
            return _ToFewChannels.apply(images, self.weight, self.bias, self.margin)
        return super().forward(images)


class _ToFewChannels(Function):
    """Forward, to a single channel: a depthwise convolution, then the sum over channels.

    The gradient of the images is the convolution of the output's gradient with the mirrored kernels. The
    gradient of these mirrored kernels, in that convolution, is the weights' own, mirrored.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor, margin: int) -> Tensor:
        ctx.save_for_backward(images, weight)
        ctx.margin = margin
        after, before = weight.shape[:2]
        if after > 1 or before < FEWEST_APART:
            return F.conv2d(images, weight, bias, padding=margin)
        kernels = weight.transpose(0, 1)
        parts = images.split(max(1, NUMBERS_AT_ONCE // images.shape[1:].numel()))
        sums = [F.conv2d(part, kernels, padding=margin, groups=before).sum(1, keepdim=True) for part in parts]
        return torch.cat(sums).add_(bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        images, weight = ctx.saved_tensors
        to_images, to_weight, to_bias, _ = ctx.needs_input_grad
        kernels = _mirrored(weight)
        margin = weight.shape[-1] - 1 - ctx.margin
        return (
            F.conv2d(gradient, kernels, padding=margin) if to_images else None,
            _mirrored(conv2d_weight(gradient, kernels.shape, images, padding=margin)) if to_weight else None,
            gradient.sum((0, 2, 3)) if to_bias else None,
            None,
        )


def _mirrored(weight: Tensor) -> Tensor:
    """(after, before, k, k) to (before, after, k, k), every kernel turned upside down and left to right."""
    return weight.flip(2, 3).transpose(0, 1)
