"""New pictures from a model: the densities its codes are drawn from, and what the decoder makes of those."""

from typing import Literal, get_args

import numpy as np
import torch

from aecore import data, runs
from aecore.analysis import estimate
from aecore.analysis.codes import codes_of, pictures_of
from aecore.analysis.density import (
    DENSE,
    Axes,
    Density,
    as_arrays,
    axes_of,
    draw,
    from_arrays,
    gaussian,
    mixture,
    standard,
)
from aecore.analysis.learnt import Learnt, learnt, room
from aecore.analysis.questions import Arrays, Question, Say, answer, to_nobody
from aecore.config import Experiment
from aecore.data import SOURCES, ImageSet
from aecore.errors import LabError
from aecore.models.base import Autoencoder
from aecore.runs import Run

Kind = Literal["normal", "gaussian", "mixture"]
"""N(0, 1), the Gaussian of a run's codes, or the mixture fitted to them."""

MOST_FITTED = 20_000
"""Codes of so many training images, evenly spread, say where codes lie."""

NUMBERS, FEWEST = 20_000 * 256, 1_000
"""Numbers in those codes together: of wide ones, which take long, there are fewer, but FEWEST at least."""


def sampled(
    model: Autoencoder, density: Density, count: int, seed: int, temperature: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Codes (count, K) drawn from a density, and what the decoder makes of them, uint8 (count, C, H, W).

    Where the model leaves only so many units of a code active, the largest, so do these.
    """
    codes = new_codes(model, density, count, seed, temperature)
    return codes, pictures_of(model, codes)


@torch.inference_mode()
def new_codes(
    model: Autoencoder, density: Density, count: int, seed: int, temperature: float = 1.0
) -> np.ndarray:
    """Those codes alone."""
    codes = torch.from_numpy(draw(density, count, seed, temperature))
    return model.sparse(codes.to(next(model.parameters()).device)).cpu().numpy()


def statistics(model: Autoencoder, seen: Learnt, classes: int) -> Arrays:
    """Where the codes of images lie, on the whole and class by class.

    The fields of Axes; `spread` (K,), the standard deviation of each of the code's numbers;
    `class_codes` (classes, K) and `class_pictures` (classes, C, H, W) in [0, 1], the means of each class, NaN
    where it has no image; `count` (1,), how many images.
    """
    codes = codes_of(model, seen.inputs)
    pictures = seen.targets.cpu().flatten(1).numpy()
    means = np.full((classes, codes.shape[1]), np.nan, np.float32)
    averages = np.full((classes, pictures.shape[1]), np.nan, np.float32)
    for label in np.unique(seen.labels):
        own = seen.labels == label
        means[label] = codes[own].mean(0)
        averages[label] = pictures[own].mean(0, dtype=np.float64) / 255
    return axes_of(codes)._asdict() | {
        "spread": codes.std(0),
        "class_codes": means,
        "class_pictures": averages.reshape(classes, *seen.targets.shape[1:]),
        "count": np.array([len(codes)]),
    }


def statistics_of_run(subject: str, device: str, say: Say) -> Arrays:
    """The `statistics` of some of the images a run has learnt from: `fitted_count`. Raises LabError."""
    run = runs.get(subject)
    images = data.load(run.experiment.data.dataset)
    say(0.0, "Finding the codes of training pictures")
    return statistics_of(run, images, runs.load(run, device))


def statistics_of(run: Run, images: ImageSet, model: Autoencoder) -> Arrays:
    """The same where model and images are there already."""
    return statistics(model, _fitted_to(run, images, model), len(images.class_names))


def mixture_of_run(subject: str, device: str, say: Say) -> Arrays:
    """The mixture fitted to the codes of the same images, as arrays. Raises LabError."""
    found = axes_in(answer(Question("code-statistics", subject), device, say))
    run = runs.get(subject)
    model = runs.load(run, device)
    codes = codes_of(model, _fitted_to(run, data.load(run.experiment.data.dataset), model).inputs)
    return as_arrays(mixture(codes, found, say))


def axes_in(told: Arrays) -> Axes:
    """The axes among statistics."""
    return Axes(**{name: told[name] for name in Axes._fields})


def density_of_run(subject: str, kind: Kind, device: str, say: Say = to_nobody) -> Density:
    """One of a run's densities, fitted unless it was before.

    Raises LabError where there is no such kind, or model or data cannot be had.
    """
    if kind == "normal":
        return standard(runs.get(subject).experiment.model.code_size)
    if kind == "gaussian":
        return gaussian(axes_in(answer(Question("code-statistics", subject), device, say)))
    if kind != "mixture":
        raise LabError(f"the density is {kind!r}: choose {', '.join(get_args(Kind))}")
    return from_arrays(answer(Question("code-mixture", subject), device, say))


def takes_long(experiment: Experiment, device: str) -> bool:
    """Whether statistics are a question because a page could not wait for them."""
    model = experiment.model
    count = min(fitted_count(model.code_size), SOURCES[experiment.data.dataset].train_count)
    return model.code_size > DENSE // 2 or estimate.takes_long(model, count, device)


def fitted_count(code_size: int) -> int:
    """To how many codes of that size a density is fitted, at most."""
    return room(code_size, min(MOST_FITTED, max(FEWEST, NUMBERS // code_size)))


def _fitted_to(run: Run, images: ImageSet, model: Autoencoder) -> Learnt:
    device = str(next(model.parameters()).device)
    return learnt(run, images, device, most=fitted_count(model.config.code_size))
