"""The units of a code as a dictionary: how alike its pictures are, and how much of the images it tells."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from torch import Tensor

from aecore.analysis.activity import Activity, sample, typical
from aecore.analysis.codes import codes_of
from aecore.analysis.comparison import Versions
from aecore.analysis.features import atoms
from aecore.analysis.reconstruction import errors
from aecore.data.batches import pixels
from aecore.losses import IMAGES_AT_ONCE
from aecore.models.base import Autoencoder

MOST_COMPARED = 4_096
"""Units that are all compared with each other; of more, so many evenly spread ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Dictionary:
    """What a model's units stand for and do, on an evenly spread sample of images."""

    indices: np.ndarray
    """Which images: int64 (N,)."""

    codes: np.ndarray
    """Their codes: float32 (N, U)."""

    atoms: np.ndarray
    """What each unit stands for: float32 (U, C, H, W)."""

    are_columns: bool
    """Whether those are the decoder's columns, else its responses to each unit at `typical` activation."""

    typical: np.ndarray
    """An activation for each unit that stands for those it has: float32 (U,)."""

    explained_variance: float
    """Share of the sample's variance about its mean image that the reconstructions tell: 1 for all."""

    mean_coherence: float
    """Absolute cosine between the pictures of two units, mean over all pairs; NaN without a pair."""

    coherence: float
    """The largest of these."""

    @property
    def norms(self) -> np.ndarray:
        """Length of each unit's picture: the root of the sum of squares over its pixels, float32 (U,)."""
        return np.linalg.norm(self.atoms.reshape(len(self.atoms), -1), axis=1)


def look_into(model: Autoencoder, images: Versions) -> Dictionary:
    """The dictionary of a model by what it does for images, at least one, on its device.

    Raises LabError where they have another shape than the model's.
    """
    indices = sample(len(images.inputs), model.config.code_size)
    images = images.at(indices)
    codes = codes_of(model, images.inputs)
    activations = typical(codes)
    found, are_columns = atoms(model, activations)
    mean, largest = coherence(found)
    return Dictionary(
        indices=indices,
        codes=codes,
        atoms=found,
        are_columns=are_columns,
        typical=activations,
        explained_variance=explained_variance(
            errors(model, images.inputs, images.targets).numpy(), images.targets
        ),
        mean_coherence=mean,
        coherence=largest,
    )


def explained_variance(errors: np.ndarray, targets: Tensor) -> float:
    """1 minus the mean of squared errors per pixel (N,) over the variance of uint8 images (N, C, H, W).

    The variance is about the mean image. NaN where all images are the same.
    """
    total = torch.zeros(targets.shape[1:], dtype=torch.float64)
    squares = 0.0
    for batch in targets.split(IMAGES_AT_ONCE):
        floats = pixels(batch).double().cpu()
        total += floats.sum(0)
        squares += floats.square().sum().item()
    mean = total / len(targets)
    variance = squares / len(targets) / mean.numel() - mean.square().mean().item()
    return 1 - errors.mean(dtype=np.float64).item() / variance if variance > 1e-12 else float("nan")


def cosines(atoms: np.ndarray, unit: int) -> np.ndarray:
    """The cosine of one unit's picture with each of atoms (U, ...): (U,), 0 where one is empty."""
    directions = _directions(atoms)
    return directions @ directions[unit]


def alike(atoms: np.ndarray, unit: int, count: int) -> np.ndarray:
    """At most `count` other units whose pictures have the largest cosine with this one's, signs apart."""
    found = np.argsort(-np.abs(cosines(atoms, unit)), stable=True)
    return found[found != unit][:count]


def coherence(atoms: np.ndarray) -> tuple[float, float]:
    """Mean and largest absolute cosine between two of atoms (U, ...), those that are empty left out.

    Of more than MOST_COMPARED, so many evenly spread ones are compared. NaN where there are no two.
    """
    directions = _directions(atoms)
    directions = directions[np.any(directions, axis=1)]
    if len(directions) > MOST_COMPARED:
        directions = directions[np.linspace(0, len(directions) - 1, MOST_COMPARED).astype(int)]
    count = len(directions)
    if count < 2:
        return float("nan"), float("nan")
    found = np.abs(directions @ directions.T)
    np.fill_diagonal(found, 0)
    mean = found.sum(dtype=np.float64) / (count * (count - 1))
    return float(mean), min(float(found.max()), 1.0)


def by_similarity(atoms: np.ndarray) -> np.ndarray:
    """The units in an order that brings those with pictures alike together: int64 (U,).

    The leaves of an average-linkage tree over 1 - cosine, from scipy; at most MOST_COMPARED units.
    """
    if len(atoms) < 2:
        return np.arange(len(atoms))
    directions = _directions(atoms)
    distances = np.clip(1 - directions @ directions.T, 0, 2).astype(np.float64)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "average")
    return leaves_list(tree).astype(np.int64)


def ordered(dictionary: Dictionary, told: Activity, order: str) -> np.ndarray:
    """The units, most first, by what `order` names: activity, density, selectivity or norm; int64 (U,).

    Anything else leaves them by number. Equal ones keep their order.
    """
    values = {
        "activity": told.mean,
        "density": told.density,
        "selectivity": told.selectivity,
        "norm": dictionary.norms,
    }
    return np.argsort(-values.get(order, np.zeros(len(told.mean))), stable=True)


def _directions(atoms: np.ndarray) -> np.ndarray:
    """Each of atoms (U, ...) as a row of length 1; zeros where it is empty."""
    rows = atoms.reshape(len(atoms), -1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)
