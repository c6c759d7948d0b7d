"""scikit-learn's handwritten digits, brought to MNIST's form: the data set that is always there."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

from aecore.data.imageset import ImageSet, Progress
from aecore.data.sources import Source

BRIGHTEST = 16  # the 8x8 pictures count ink from 0 to 16


def load(source: Source, _progress: Progress | None) -> ImageSet:
    """The 1,797 digits, split once and for all; each class has the same share in both parts."""
    pixels, labels = map(torch.from_numpy, load_digits(return_X_y=True))
    images = enlarge(pixels.unflatten(1, (8, 8)))
    train, test = train_test_split(
        range(len(labels)), test_size=source.test_count, stratify=labels, random_state=0
    )
    return ImageSet(source.name, images[train], labels[train], images[test], labels[test], source.class_names)


def enlarge(pictures: Tensor) -> Tensor:
    """Pictures (N, 8, 8) in 0..16 as uint8 images (N, 1, 28, 28).

    The digit becomes 20 pixels high with 4 pixels of black around it, as in MNIST. The margin is
    added first, so that strokes touching the edge fade out instead of being cut: 12 pixels become
    30, of which the outermost ring goes.
    """
    framed = F.pad(pictures.float().unsqueeze(1) * (255 / BRIGHTEST), (2, 2, 2, 2))
    large = F.interpolate(framed, scale_factor=2.5, mode="bicubic")[..., 1:-1, 1:-1]
    return large.round().clamp(0, 255).to(torch.uint8)  # bicubic overshoots at sharp edges
