"""What a model makes of images, and how far from them it is: image by image and class by class."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from aecore.data.batches import pixels
from aecore.errors import LabError
from aecore.losses import IMAGES_AT_ONCE
from aecore.models.base import Autoencoder
from aecore.models.pca import PCA

Reconstruct = Callable[[Tensor], Tensor]
"""From images (B, C, H, W) in [0, 1] to their like: an Autoencoder in eval mode, a PCA, or any function."""


@torch.inference_mode()
def reconstruct(model: Reconstruct, images: Tensor) -> Tensor:
    """What `model` makes of uint8 images (N, C, H, W): uint8 of the same shape, on the same device.

    Raises LabError where the images have another shape than the model's.
    """
    pictures = [answer.clamp(0, 1).mul(255).round().to(torch.uint8) for _, answer in _answers(model, images)]
    return torch.cat([images[:0], *pictures])


@torch.inference_mode()
def errors(model: Reconstruct, images: Tensor, targets: Tensor | None = None) -> Tensor:
    """Mean squared error per pixel of each uint8 image (N, C, H, W): float32 (N,), on the CPU.

    Pixels in [0, 1], of the reconstruction as it is, neither rounded nor cut off, against `targets`, like the
    images, or the images themselves. Raises LabError as `reconstruct` does.
    """
    wanted = (images if targets is None else targets).split(IMAGES_AT_ONCE)
    found = [
        (answer - pixels(batch)).square().flatten(1).mean(1)
        for (_, answer), batch in zip(_answers(model, images), wanted, strict=False)
    ]
    return torch.cat([torch.empty(0, device=images.device), *found]).cpu()


def _answers(model: Reconstruct, images: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of images as floats, each with its reconstruction; never the whole set at once."""
    check_shape(model, images)
    for batch in images.split(IMAGES_AT_ONCE):
        if len(batch):  # no image at all is one empty batch
            batch = pixels(batch)
            yield batch, model(batch)


def check_shape(model: Reconstruct, images: Tensor) -> None:
    """Raise LabError where images (N, C, H, W) have another shape than those the model was made for."""
    if isinstance(model, Autoencoder):
        fits = model.config.image_shape
    elif isinstance(model, PCA):
        fits = model.mean.shape
    else:
        return
    if images.shape[1:] != fits:
        shape, wanted = ("×".join(map(str, each)) for each in (images.shape[1:], fits))
        raise LabError(
            f"the images are {shape}: choose images of {wanted}, the shape this model was trained on"
        )


def picture_errors(originals: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """Mean squared error per pixel of pairs of uint8 images (N, C, H, W), pixels in [0, 1]: float64 (N,)."""
    difference = originals.astype(np.float32) - pictures
    return np.square(difference).reshape(len(difference), -1).mean(1, dtype=np.float64) / 255**2


@overload
def psnr(mse: float) -> float: ...
@overload
def psnr(mse: np.ndarray) -> np.ndarray: ...
def psnr(mse):
    """Peak signal-to-noise ratio in decibels of a mean squared error, pixels in [0, 1]; infinite for 0."""
    with np.errstate(divide="ignore"):
        decibels = 10 * np.log10(np.divide(1, mse))
    return decibels if isinstance(mse, np.ndarray) else float(decibels)


def ssim(originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Structural similarity of each pair of uint8 images (N, C, H, W): float64 (N,), 1 for equal ones.

    The mean over all windows and channels (Wang et al., 2004), in scikit-image's form: windows of 7×7
    pixels that all count alike. The paper's own have 11×11, weighted by a Gaussian; of a picture of 28×28
    pixels they would leave only the 18×18 in the middle. Windows are smaller where the image is, down to
    3×3; under that there is no window, and the answer is NaN.
    """
    shortest = min(originals.shape[2:])
    if shortest < 3:
        return np.full(len(originals), np.nan)
    window = min(7, shortest - 1 + shortest % 2)
    return np.array(
        [
            structural_similarity(original, picture, win_size=window, data_range=255, channel_axis=0)
            for original, picture in zip(originals, reconstructions, strict=True)
        ]
    )


@dataclass(frozen=True, kw_only=True)
class ClassErrors:
    """The errors of one class's images."""

    name: str
    count: int
    mean: float
    low: float
    """A tenth of the images have a smaller error (10th percentile)."""

    high: float
    """A tenth of the images have a larger error (90th percentile)."""


def by_class(
    errors: Tensor | np.ndarray, labels: Tensor | np.ndarray, class_names: Sequence[str]
) -> list[ClassErrors]:
    """Errors (N,) of images with labels (N,), class by class in the order of `class_names`.

    A class without images is left out.
    """
    errors, labels = np.asarray(errors, np.float64), np.asarray(labels)
    classes = []
    for label, name in enumerate(class_names):
        if len(own := errors[labels == label]):
            low, high = np.percentile(own, [10, 90]).tolist()
            classes.append(ClassErrors(name=name, count=len(own), mean=own.mean().item(), low=low, high=high))
    return classes


def extremes(errors: Tensor | np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the `count` smallest errors, best first, and of the largest, worst first: int64.

    Equal errors keep the order of the images. All images where there are no more than `count`.
    """
    errors = np.asarray(errors)
    return np.argsort(errors, stable=True)[:count], np.argsort(-errors, stable=True)[:count]
