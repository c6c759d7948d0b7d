"""The units of a code as a dictionary: how alike its pictures are, and how much of the images it tells."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aecore import data, runs
from aecore.analysis import estimate
from aecore.analysis.activity import Activity, sample, typical
from aecore.analysis.codes import codes_of
from aecore.analysis.comparison import Versions, versions
from aecore.analysis.features import atoms
from aecore.analysis.questions import Arrays, Say, to_nobody
from aecore.analysis.similarity import coherence
from aecore.config import Experiment
from aecore.data import SOURCES
from aecore.data.batches import pixels
from aecore.losses import IMAGES_AT_ONCE
from aecore.models.base import Autoencoder


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


NUMBERS = ("are_columns", "explained_variance", "mean_coherence", "coherence")
"""What of a dictionary is no array."""


def look_into(model: Autoencoder, images: Versions, say: Say = to_nobody) -> Dictionary:
    """The dictionary of a model by what it does for images, at least one, on its device.

    Raises LabError where they have another shape than the model's.
    """
    indices = sample(len(images.inputs), model.config.code_size)
    images = images.at(indices)
    say(0.0, f"Codes of {len(indices):,} pictures")
    codes = codes_of(model, images.inputs)
    say(0.2, "Redrawing them")
    errors = errors_of(model, codes, images.targets)
    activations = typical(codes)
    found, are_columns = atoms(model, activations, lambda share, doing: say(0.4 + 0.5 * share, doing))
    say(0.9, "How much alike they are")
    mean, largest = coherence(found)
    return Dictionary(
        indices=indices,
        codes=codes,
        atoms=found,
        are_columns=are_columns,
        typical=activations,
        explained_variance=explained_variance(errors, images.targets),
        mean_coherence=mean,
        coherence=largest,
    )


def takes_long(experiment: Experiment, device: str) -> bool:
    """Whether to `look_into` its model on test images is too long a while for a page: rather ask `of_run`."""
    model = experiment.model
    count = len(sample(SOURCES[experiment.data.dataset].test_count, model.code_size))
    return estimate.takes_long(model, count + model.code_size, device)


def of_run(subject: str, device: str, say: Say) -> Arrays:
    """The dictionary of a run on test images of its own data set, as `restored` takes it.

    Raises LabError where model or data set cannot be had.
    """
    run = runs.get(subject)
    model, images = runs.load(run, device), data.load(run.experiment.data.dataset).test_images
    found = look_into(model, versions(images.to(device), run.experiment.data), say)
    return {name: np.atleast_1d(value) for name, value in vars(found).items()}


def restored(arrays: Mapping[str, np.ndarray]) -> Dictionary:
    """A dictionary from an answer of `of_run`."""
    numbers = {name: arrays[name].item() for name in NUMBERS}
    return Dictionary(**{**arrays, **numbers})


@torch.inference_mode()
def errors_of(model: Autoencoder, codes: np.ndarray, targets: Tensor) -> np.ndarray:
    """Mean squared error per pixel of what is drawn from each code (N, K) of uint8 targets: float32 (N,).

    As `reconstruction.errors` of their images, whose codes need not be computed once more.
    """
    batches = zip(torch.from_numpy(codes).split(IMAGES_AT_ONCE), targets.split(IMAGES_AT_ONCE), strict=True)
    found = [
        (model.decode(some.to(targets.device)) - pixels(wanted)).square().flatten(1).mean(1).cpu()
        for some, wanted in batches
    ]
    return torch.cat(found).numpy()


def explained_variance(errors: np.ndarray, targets: Tensor) -> float:
    """1 minus the mean of squared errors per pixel (N,) over the variance of uint8 images (N, C, H, W).

    The variance is about the mean image. NaN where all images are the same.
    """
    total, squares = torch.zeros(targets.shape[1:], dtype=torch.int64), 0
    for batch in targets.split(IMAGES_AT_ONCE):
        total += batch.sum(0, dtype=torch.int64).cpu()
        squares += batch.int().square().sum(dtype=torch.int64).item()
    mean = total.double() / len(targets)
    variance = (squares / len(targets) / mean.numel() - mean.square().mean().item()) / 255**2
    return 1 - errors.mean(dtype=np.float64).item() / variance if variance > 1e-12 else float("nan")


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
