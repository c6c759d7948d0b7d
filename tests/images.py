"""Tiny inputs for the tests: a data set of 8x8 images, and experiments that train on it in milliseconds."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from aecore.config import DenseConfig, Experiment
from aecore.data import SOURCES, ImageSet

# For every test in the process, on purpose, and for the children that import this module: with images this
# small two threads wait for each other longer than they work, and the order of sums, so every last digit of a
# loss, must not depend on which test files were collected.
torch.set_num_threads(1)

SHAPE = (1, 8, 8)
TRAIN_COUNT, TEST_COUNT = 45, 20

TINY_DIGITS = replace(SOURCES["digits"], image_shape=SHAPE, train_count=TRAIN_COUNT, test_count=TEST_COUNT)
"""Stands in for SOURCES["digits"], so that runs of 8x8 images can be created."""


def pictures(count: int, shape: tuple[int, int, int] = SHAPE, seed: int = 0) -> Tensor:
    """Uint8 images (count, *shape), each a mixture of four patterns that `shape` alone decides."""
    patterns = torch.rand(4, *shape, generator=torch.Generator().manual_seed(99))
    shares = torch.rand(count, 4, generator=torch.Generator().manual_seed(seed)) ** 4
    mixtures = torch.einsum("np,pchw->nchw", shares / shares.sum(1, keepdim=True), patterns)
    return (mixtures * 255).round().to(torch.uint8)


def image_set() -> ImageSet:
    """The tiny data set, called digits."""
    labels = torch.arange(TRAIN_COUNT) % 10
    return ImageSet(
        name="digits",
        train_images=pictures(TRAIN_COUNT, seed=1),
        train_labels=labels,
        test_images=pictures(TEST_COUNT, seed=2),
        test_labels=labels[:TEST_COUNT],
        class_names=SOURCES["digits"].class_names,
    )


def experiment(**settings: Any) -> Experiment:
    """A small network on the tiny data set: 36 training and 9 validation images, 3 epochs of 6 steps."""
    plain = Experiment(model=DenseConfig(image_shape=SHAPE))
    small = {"dataset": "digits", "validation_share": 0.2, "code_size": 3}
    if settings.get("kind", "dense") == "dense":
        small["hidden"] = (7,)
    short = {"epochs": 3, "batch_size": 7, "learning_rate": 0.01}
    return plain.with_settings(small | short | settings)
