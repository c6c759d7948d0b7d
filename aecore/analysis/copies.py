"""Whether new pictures are copies: the training picture nearest to each, and how near others come."""

import numpy as np
import torch
from torch import Tensor

from aecore.analysis.codes import codes_of, pictures_of
from aecore.analysis.learnt import Learnt
from aecore.models.base import Autoencoder

AT_ONCE = 5_000
"""Training images that are compared at a time: their numbers are 30 MB for 28×28 pixels."""

ASKED = 200
"""Test images that say what distance is usual."""


def nearest_to_each(pictures: np.ndarray, gallery: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """For each of uint8 pictures (M, C, H, W) the nearest of a gallery (N, C, H, W): indices and distances.

    Both (M,), int64 and float64. Distances are Euclidean, pixels in [0, 1]. Exact: whole numbers are
    multiplied and added as float64, which holds them; of equally near ones it is the first.
    """
    asked = torch.from_numpy(pictures).flatten(1).double()
    best = torch.full((len(asked),), torch.inf, dtype=torch.float64)
    found = torch.zeros(len(asked), dtype=torch.int64)
    for start in range(0, len(gallery), AT_ONCE):
        batch = gallery[start : start + AT_ONCE].cpu().flatten(1).double()
        squares = batch.square().sum(1) - 2 * asked @ batch.T
        least, at = squares.min(1)
        nearer = least < best
        best, found = torch.where(nearer, least, best), torch.where(nearer, start + at, found)
    distances = (best + asked.square().sum(1)).clamp(min=0).sqrt() / 255
    return found.numpy(), distances.numpy()


def usual_distances(model: Autoencoder, test: Learnt, gallery: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """How far ASKED test images are from the nearest of a gallery, and how far, redrawn, they are: (A,) both.

    A redrawn picture lacks details as a new one does, and pictures without details are nearer to all others:
    the second says what a new picture's distance should be beside.
    """
    shown = np.linspace(0, len(test.labels) - 1, min(ASKED, len(test.labels))).astype(np.int64).tolist()
    redrawn = pictures_of(model, codes_of(model, test.inputs[shown]))
    both = np.concatenate([test.targets[shown].cpu().numpy(), redrawn])
    _, distances = nearest_to_each(both, gallery)
    fresh, redrawn = np.split(distances, 2)
    return fresh, redrawn
