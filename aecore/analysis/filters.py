"""Filters that take noise out without having learnt anything: what a denoising autoencoder has to beat."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from skimage import filters
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle
from torch import Tensor

from aecore import data
from aecore.analysis import denoising
from aecore.analysis.denoising import quality, with_noise
from aecore.analysis.questions import Arrays, Say
from aecore.data.batches import pixels

Filter = Callable[[np.ndarray, float], np.ndarray]
"""From one image (C, H, W) in [0, 1] and a strength to its like."""

TUNING_COUNT = 30
"""Training images on which the strengths are chosen."""


def median(image: np.ndarray, size: float) -> np.ndarray:
    """The median of the `size`×`size` pixels around each."""
    return filters.median(image, np.ones((1, int(size), int(size))), mode="nearest")


def gaussian(image: np.ndarray, sigma: float) -> np.ndarray:
    """The mean around each pixel, weighted by a Gaussian `sigma` pixels wide."""
    return filters.gaussian(image, sigma, mode="nearest", channel_axis=0)


def total_variation(image: np.ndarray, weight: float) -> np.ndarray:
    """The smoothest image near this one, edges kept (Rudin, Osher and Fatemi, 1992; Chambolle, 2004)."""
    return denoise_tv_chambolle(image, weight=weight, channel_axis=0)


def non_local_means(image: np.ndarray, strength: float) -> np.ndarray:
    """The mean of the pixels whose 5×5 surroundings look alike (Buades, Coll and Morel, 2005)."""
    last = image.transpose(1, 2, 0)  # with a single channel first, scikit-image turns the picture around
    found = denoise_nl_means(last, patch_size=5, patch_distance=6, h=strength, channel_axis=-1)
    return found.reshape(last.shape).transpose(2, 0, 1)


FILTERS: dict[str, tuple[Filter, Sequence[float]]] = {
    "median": (median, (3, 5, 7)),
    "gaussian": (gaussian, (0.4, 0.6, 0.8, 1.0, 1.4, 2.0)),
    "total variation": (total_variation, (0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)),
    "non-local means": (non_local_means, (0.05, 0.1, 0.2, 0.4, 0.8)),
}
"""By name, the filter and the strengths to choose from."""


def restore(name: str, images: Tensor, strength: float) -> Tensor:
    """Images (N, C, H, W) in [0, 1] through a filter, on their device."""
    apply, _ = FILTERS[name]
    filtered = [apply(image, strength) for image in images.cpu().numpy()]
    return torch.from_numpy(np.stack(filtered)).to(images)


def tuned(name: str, dataset: str, noise: str, level: float) -> float:
    """The strength with the best mean PSNR on 30 training images of a data set with this noise.

    On training images, as a model is: the test images choose nothing.
    """
    images = pixels(data.load(dataset).train_images[:TUNING_COUNT])
    shown = with_noise(images, noise, level, seed=1)
    return max(FILTERS[name][1], key=lambda strength: quality(images, restore(name, shown, strength)).mean())


def by_level(subject: str, _device: str, say: Say, *, name: str, noise: str, seed: int = 0) -> Arrays:
    """The `denoising.curve` of a filter on 1,000 test images of the data set `subject`, tuned at each level.

    Also `strength` (L,). Filters compute on the CPU, whatever the device is.
    """
    images = denoising.test_images(subject)
    levels = iter(denoising.LEVELS[noise])
    strengths = []

    def at_next_level(shown: Tensor) -> Tensor:
        strengths.append(tuned(name, subject, noise, next(levels)))
        return restore(name, shown, strengths[-1])

    doing = f"The {name} filter on {len(images):,} pictures at each level"
    return {
        **denoising.curve(at_next_level, images, noise, seed, say, doing),
        "strength": np.array(strengths),
    }
