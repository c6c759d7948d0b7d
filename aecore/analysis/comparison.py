"""A model beside two free baselines, on images of any data set that has its shape."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from aecore.analysis.reconstruction import Reconstruct, errors, psnr, reconstruct, ssim
from aecore.config import DataConfig, Experiment
from aecore.data import ImageSet
from aecore.data.batches import hold_out, pixels
from aecore.data.pairs import input_and_target
from aecore.data.transforms import TRANSFORMS
from aecore.errors import LabError
from aecore.losses import IMAGES_AT_ONCE, mean_image
from aecore.models.base import Autoencoder
from aecore.models.pca import PCA

SAMPLE = 500
"""SSIM takes a while for each image, so at most this many are judged by it."""

Split = Literal["test", "validation", "train"]


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays gives arrays, not a truth value
class Quality:
    """How well images came back."""

    errors: np.ndarray
    """Mean squared error per pixel of each image, pixels in [0, 1]: float32 (N,)."""

    ssim: np.ndarray
    """Structural similarity of each sampled image, 1 for a perfect one: float64 (S,)."""

    @property
    def mse(self) -> float:
        """The mean error of all images."""
        return self.errors.mean(dtype=np.float64).item()

    @property
    def psnr(self) -> float:
        """Decibels, of the mean error."""
        return psnr(self.mse)

    @property
    def mean_ssim(self) -> float:
        return self.ssim.mean().item()


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """The same images, come back from a model, from PCA, and from no code at all."""

    model: Quality
    pca: Quality | None
    """PCA beside it; None where that would copy the image."""

    mean_image: Quality
    """Every image answered with the mean of those training images."""

    sample: np.ndarray
    """Which images SSIM was measured on: at most 500 indices, evenly spread, int64 (S,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Baselines:
    """What is fitted to the targets that a model was trained on, to stand beside it."""

    pca: PCA | None
    """With as many components as a code has numbers other than zero; None where that would copy the image."""

    mean: Tensor
    """The mean image (C, H, W) in [0, 1]."""


def compare(model: Autoencoder, baselines: Baselines, inputs: Tensor, targets: Tensor) -> Comparison:
    """Judge a model by what it makes of `inputs`, where `targets` are asked for.

    Both are uint8 (N, C, H, W), N at least 1, on the device of model and baselines, from `versions`. The
    baselines are the model's, from `fit_baselines`: for images of another data set, too. MSE and PSNR are of
    all images, SSIM of an evenly spread sample of at most 500. Raises LabError where the images have another
    shape than the model's.
    """
    sample = np.linspace(0, len(targets) - 1, min(len(targets), SAMPLE)).astype(np.int64)
    sampled = inputs[sample.tolist()]
    wanted = targets[sample.tolist()].cpu().numpy()

    def quality(answer: Reconstruct) -> Quality:
        return Quality(
            errors=errors(answer, inputs, targets).numpy(),
            ssim=ssim(wanted, reconstruct(answer, sampled).cpu().numpy()),
        )

    return Comparison(
        model=quality(model),
        pca=quality(baselines.pca) if baselines.pca else None,
        mean_image=quality(baselines.mean.expand_as),
        sample=sample,
    )


class Versions(NamedTuple):
    """Two versions of the same images, both uint8 (N, C, H, W)."""

    inputs: Tensor
    """What a model sees."""

    targets: Tensor
    """What it is asked for."""

    def at(self, indices: np.ndarray) -> "Versions":
        """Those of some images only."""
        chosen = indices.tolist()
        return Versions(self.inputs[chosen], self.targets[chosen])

    @property
    def differ(self) -> bool:
        """Whether the model is asked for something else than it sees."""
        return not self.inputs.equal(self.targets)


def versions(images: Tensor, data: DataConfig) -> Versions:
    """What a model trained with `data` sees of uint8 images (N, C, H, W), and what it is asked for.

    Noise is the same each time, and cut off at black and white.
    """
    if data.noise == data.input_transform == data.target_transform == "none":
        return Versions(images, images)
    generator = torch.Generator(images.device).manual_seed(data.split_seed)
    pairs = [input_and_target(pixels(batch), data, generator) for batch in images.split(IMAGES_AT_ONCE)]
    return Versions(_stored([inputs for inputs, _ in pairs]), _stored([targets for _, targets in pairs]))


def redraw(method: Reconstruct, images: Versions) -> tuple[np.ndarray, np.ndarray]:
    """What `method` makes of the inputs, uint8, and how far above the targets it is, float32 in [-1, 1].

    Both are (N, C, H, W). Raises LabError as `reconstruct` does.
    """
    answers = reconstruct(method, images.inputs).cpu().numpy()
    return answers, (answers.astype(np.float32) - images.targets.cpu().numpy()) / 255


def _stored(batches: list[Tensor]) -> Tensor:
    return torch.cat([batch.clamp(0, 1).mul(255).round().to(torch.uint8) for batch in batches])


def fit_baselines(experiment: Experiment, images: ImageSet) -> Baselines:
    """PCA and mean of what the experiment is asked for of the images it trains on: of its own data set."""
    images = images.only(experiment.data.classes)
    train_images, _ = hold_out(images.train_images, experiment.data)
    transform, size = TRANSFORMS[experiment.data.target_transform], experiment.model.pca_size
    return Baselines(
        pca=PCA(train_images, size, transform) if size else None,
        mean=transform(mean_image(train_images)[None])[0],
    )


def splits(images: ImageSet, data: DataConfig) -> list[Split]:
    """The parts of a data set that `data` leaves any images in; see `split`."""
    division = _division(images, data)
    held_out = len(hold_out(images.only(division.classes).train_labels, division)[1])
    return ["test", "validation", "train"] if held_out else ["test", "train"]


def split(images: ImageSet, part: Split, data: DataConfig) -> tuple[Tensor, Tensor]:
    """One part of a data set: uint8 images (N, C, H, W) where they are, and labels (N,) on the CPU.

    They are those of an experiment with `data`, of its classes. Of a data set that it does not train on
    nothing is held out. Raises LabError for a part without images.
    """
    available, division = splits(images, data), _division(images, data)
    images = images.only(division.classes)
    if part == "test":
        return images.test_images, images.test_labels.cpu()
    if part not in available:
        raise LabError(
            f"data set {images.name} has no {part} images here, none held out: choose test or train"
        )
    which = ("train", "validation").index(part)
    return (
        hold_out(images.train_images, division)[which],
        hold_out(images.train_labels, division)[which].cpu(),
    )


def _division(images: ImageSet, data: DataConfig) -> DataConfig:
    if data.dataset == images.name:
        return data
    return data.replace(classes=(), train_count=None, validation_share=0)
