"""Colour patches cut from scikit-learn's two sample photos, each 427 pixels high and 640 wide.

Test patches come from one vertical strip of each photo, training patches from what lies to the
left and right of it, so no pixel is in both. The strips were chosen so that both parts show the
same matter with about the same contrast: the one in `china` has the pagoda's right eaves, sky, lake
and trees, the one in `flower` the dahlia's right petals and the dark leaves behind. Strip edges are
multiples of 8, so no block of the JPEG compression (8 x 8 pixels) reaches across them either.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.datasets import load_sample_images
from torch import Tensor

from aecore.data.imageset import ImageSet, Progress
from aecore.data.sources import Source

SIZE = 16
HEIGHT, WIDTH = 427, 640
TEST_STRIPS = {"china": (272, 400), "flower": (384, 512)}
"""The first column of each strip, and the first column after it."""


def load(source: Source, _progress: Progress | None) -> ImageSet:
    """As many patches from each photo, in turn: labels are 0, 1, 0, 1, ... for china and flower."""
    train_images, train_labels = _cut("train", source.train_count)
    test_images, test_labels = _cut("test", source.test_count)
    return ImageSet(source.name, train_images, train_labels, test_images, test_labels, source.class_names)


def strip(photo: str) -> np.ndarray:
    """All that was held out of one photo, which test patches are cut from: uint8 (3, 427, 128)."""
    first, after = TEST_STRIPS[photo]
    whole = load_sample_images().images[list(TEST_STRIPS).index(photo)]
    return np.ascontiguousarray(whole[:, first:after].transpose(2, 0, 1))


def corners(photo: str, part: Literal["train", "test"], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns (count,) of the top left pixels of `count` different patches, the same every time."""
    first, after = TEST_STRIPS[photo]
    columns = {
        "train": np.r_[0 : first - SIZE + 1, after : WIDTH - SIZE + 1],
        "test": np.r_[first : after - SIZE + 1],
    }[part]
    places = (HEIGHT - SIZE + 1) * len(columns)
    row, column = divmod(np.random.default_rng(0).choice(places, count, replace=False), len(columns))
    return row, columns[column]


def _cut(part: Literal["train", "test"], count: int) -> tuple[Tensor, Tensor]:
    """Patches (count, 3, 16, 16) and labels (count,), the photos taking turns."""
    each = count // len(TEST_STRIPS)
    patches = [
        torch.from_numpy(sliding_window_view(photo, (SIZE, SIZE), axis=(0, 1))[corners(name, part, each)])
        for name, photo in zip(TEST_STRIPS, load_sample_images().images, strict=True)
    ]
    return torch.stack(patches, dim=1).flatten(0, 1), torch.arange(len(patches)).repeat(each)
