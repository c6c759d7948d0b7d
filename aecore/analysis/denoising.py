"""How much of the noise is taken out again: by a model, at levels it was trained on and at others."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from aecore import data, runs
from aecore.analysis.questions import Arrays, Say
from aecore.analysis.reconstruction import check_shape, psnr
from aecore.data.batches import pixels
from aecore.data.noise import NOISES

COUNT = 1_000
"""Test images that a curve is the mean of."""

LEVELS = {
    "gaussian": tuple(level / 10 for level in range(1, 11)),
    "masking": tuple(level / 10 for level in range(1, 10)),
    "salt-and-pepper": tuple(level / 20 for level in range(1, 11)),
}
"""The levels of a curve, by the kind of noise; a model was trained on one of them, or on some between two."""


def with_noise(images: Tensor, noise: str, level: float, seed: int) -> Tensor:
    """Images (N, C, H, W) in [0, 1] with noise of one level, cut off at black and white.

    The same seed draws the same noise whatever the device of the images.
    """
    generator = torch.Generator().manual_seed(seed)
    return NOISES[noise](images.cpu(), level, generator).clamp_(0, 1).to(images.device)


def quality(originals: Tensor, answers: Tensor) -> np.ndarray:
    """PSNR in decibels of each answer (N, C, H, W), cut off at black and white: float64 (N,)."""
    errors = (answers.clamp(0, 1) - originals).square().flatten(1).mean(1)
    return psnr(errors.double().cpu().numpy())


def curve(
    restore: Callable[[Tensor], Tensor], images: Tensor, noise: str, seed: int, say: Say, doing: str
) -> Arrays:
    """What `restore` makes of images (N, C, H, W) in [0, 1] at each of the LEVELS of a kind of noise.

    Returns `level` (L,), and (L,) each, in decibels over all images: `noisy`, the mean PSNR before,
    `psnr`, the mean after, and `low` and `high`, its 10th and 90th percentile.
    """
    levels, rows = LEVELS[noise], []
    for done, level in enumerate(levels):
        say(done / len(levels), doing)
        shown = with_noise(images, noise, level, seed)
        after = quality(images, restore(shown))
        low, high = np.percentile(after, [10, 90])
        rows.append((level, quality(images, shown).mean(), after.mean(), low, high))
    names = ("level", "noisy", "psnr", "low", "high")
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def test_images(dataset: str, count: int = COUNT) -> Tensor:
    """Evenly spread test images of a data set, at most `count`: (N, C, H, W) in [0, 1], on the CPU."""
    images = data.load(dataset).test_images
    chosen = np.linspace(0, len(images) - 1, min(count, len(images))).astype(int)
    return pixels(images[chosen.tolist()])


@torch.inference_mode()
def by_level(subject: str, device: str, say: Say, *, noise: str, seed: int = 0) -> Arrays:
    """The `curve` of the model of a run, on 1,000 test images of its own data set.

    Raises LabError where the model or its data set cannot be had.
    """
    run = runs.get(subject)
    model = runs.load(run, device)
    images = test_images(run.experiment.data.dataset).to(device)
    check_shape(model, images)
    return curve(model, images, noise, seed, say, f"Restoring {len(images):,} pictures at each level")
