"""Test images to compress: of a model's own data set, and others, in the form of its own."""

import numpy as np
import torch

from aecore.analysis.comparison import versions
from aecore.config import DataConfig
from aecore.data import ImageSet
from aecore.data.uploads import Shape, fitted

COUNT = 1_000
"""Test images, here and everywhere in this package."""

WIDE, FEWER = 1_000, 250
"""Of codes wider than that, so many images where several data sets are compared and a page waits for all."""


def for_each(code_size: int) -> int:
    """How many images of each data set are compressed where several are compared."""
    return FEWER if code_size > WIDE else COUNT


def sample(images: torch.Tensor, count: int = COUNT) -> torch.Tensor:
    """Evenly spread images of (N, C, H, W), at most `count`."""
    chosen = np.linspace(0, len(images) - 1, min(count, len(images))).astype(int)
    return images[chosen.tolist()]


def asked_for(images: ImageSet, target_transform: str) -> np.ndarray:
    """That sample of test images, uint8 (N, C, H, W), as a model with such a transform is asked for them."""
    data = DataConfig().replace(target_transform=target_transform)
    return versions(sample(images.test_images), data).targets.numpy()


def brought(images: ImageSet, shape: Shape, count: int = COUNT) -> np.ndarray:
    """A sample of a data set's test images, uint8 (N, C, H, W), at most `count`, brought to `shape`.

    Grey or in colour as that asks, and enlarged or made smaller as people's own pictures are.
    """
    found = sample(images.test_images, count).numpy()
    if found.shape[1:] == shape:
        return found
    colours = np.broadcast_to(found, (len(found), 3, *found.shape[2:])).transpose(0, 2, 3, 1)
    return np.stack([fitted(np.ascontiguousarray(image), shape) for image in colours])
