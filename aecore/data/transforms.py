"""What is made of an image before a model sees it, or is asked for it; the shape stays."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor


def grey(images: Tensor) -> Tensor:
    """Luma (ITU-R BT.601) in every channel; grey images stay as they are."""
    if images.shape[1] != 3:
        return images
    red, green, blue = images.split(1, dim=1)
    return (0.299 * red + 0.587 * green + 0.114 * blue).expand_as(images).contiguous()


def coarse(images: Tensor, factor: int) -> Tensor:
    """Means of squares of `factor` by `factor` pixels, each shown as a square; smaller ones at the edge."""
    height, width = images.shape[-2:]
    means = F.avg_pool2d(images, factor, ceil_mode=True, count_include_pad=False)
    return F.interpolate(means, scale_factor=factor, mode="nearest")[..., :height, :width].contiguous()


def hole(images: Tensor) -> Tensor:
    """The middle, half as high and wide as the image, set to 0."""
    height, width = images.shape[-2:]
    top, left = height // 4, width // 4
    holed = images.clone()
    holed[..., top : top + height // 2, left : left + width // 2] = 0
    return holed


TRANSFORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda images: images,
    "grey": grey,
    "half": lambda images: coarse(images, 2),
    "quarter": lambda images: coarse(images, 4),
    "hole": hole,
}
"""Transform by name: images (B, C, H, W) in [0, 1] to images of the same shape."""
