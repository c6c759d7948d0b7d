"""Images as numbers to tell their classes by: their codes, as many principal components, and the pixels."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aecore import data, runs
from aecore.analysis import estimate, space
from aecore.analysis.codes import codes_of, codes_of_pictures, components_of, for_the_disk, pixels_of
from aecore.analysis.comparison import versions
from aecore.analysis.questions import Arrays, Question, Say, kept
from aecore.analysis.reconstruction import check_shape
from aecore.config import DataConfig, Experiment, ModelConfig
from aecore.data import SOURCES, ImageSet
from aecore.models.base import Autoencoder
from aecore.models.pca import PCA

FEATURES = ("code", "pca", "pixels")
"""In this order wherever an answer has one row for each."""

MOST_NUMBERS = 60_000_000
"""In one set of features of all training images, 240 MB; where features are many, images are fewer."""

MOST_JUDGED = 10_000
"""Test images."""


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays gives arrays, not a truth value
class Labelled:
    """Images and their classes: N to learn from, M to be judged by."""

    train: Tensor
    """uint8 (N, C, H, W), as the model sees them, but without noise."""

    test: Tensor
    """The same of test images: (M, C, H, W)."""

    train_labels: np.ndarray
    """int64 (N,)."""

    test_labels: np.ndarray
    """int64 (M,)."""

    classes: int


def labelled(experiment: Experiment, images: ImageSet, device: str) -> Labelled:
    """Evenly spread images of a data set, as the experiment's model sees them, on a device.

    All of them, unless memory has no room for the codes or pixels of so many.
    """
    seen, most = experiment.data.replace(noise="none"), _most(experiment.model)

    def some(pictures: Tensor, labels: Tensor, most: int) -> tuple[Tensor, np.ndarray]:
        kept = space.chosen(len(pictures), max(1, space.MOST_NUMBERS // most)).tolist()
        return versions(pictures[kept].to(device), seen).inputs, labels[kept].cpu().numpy()

    train, train_labels = some(images.train_images, images.train_labels, most)
    test, test_labels = some(images.test_images, images.test_labels, min(most, MOST_JUDGED))
    return Labelled(
        train=train,
        test=test,
        train_labels=train_labels,
        test_labels=test_labels,
        classes=len(images.class_names),
    )


def _most(model: ModelConfig) -> int:
    return max(1, MOST_NUMBERS // max(model.code_size, model.pixel_count))


def opened(subject: str, device: str, dataset: str) -> tuple[Autoencoder, Labelled]:
    """The model of a run, by its id, and the images of a data set, of its own one for an empty name.

    Raises LabError where one cannot be had, or the images have another shape.
    """
    run = runs.get(subject)
    model, images = runs.load(run, device), data.load(dataset or run.experiment.data.dataset)
    check_shape(model, images.test_images)
    return model, labelled(run.experiment, images, device)


def features(name: str, model: Autoencoder, images: Labelled) -> tuple[np.ndarray, np.ndarray]:
    """One of FEATURES of training and test images: float32 (N, D) and (M, D).

    D is the size of the code, for PCA as well where pixels are not fewer; PCA is fitted to the training
    images. All are divided by one number, the standard deviation of those of the training images, so that
    the settings of a classifier mean the same for every model.
    """
    train, test = _numbers(name, model, images)
    scale = float(train.std()) or 1.0
    return train / scale, test / scale


def _numbers(name: str, model: Autoencoder, images: Labelled) -> tuple[np.ndarray, np.ndarray]:
    if name == "code":
        return codes_of(model, images.train), codes_of(model, images.test)
    if name == "pca":
        pca = PCA(images.train, model.config.code_size)
        return components_of(pca, images.train), components_of(pca, images.test)
    return pixels_of(images.train), pixels_of(images.test)


@dataclass(frozen=True, kw_only=True, eq=False)
class Codebook:
    """Training images with their codes, to compare one more image with."""

    model: Autoencoder
    images: Labelled
    seen: DataConfig
    codes: np.ndarray
    """float32 (N, code_size), all divided by `scale`."""

    scale: float

    def look_at(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """An image, uint8 (C, H, W), as the model sees it, and its code (code_size,), divided by `scale`."""
        shown = versions(torch.from_numpy(image)[None], self.seen).inputs
        return shown[0].numpy(), codes_of_pictures(self.model, shown.numpy())[0] / self.scale


def codebook(subject: str, device: str, dataset: str) -> Codebook:
    """The training images of a data set with the codes of a run's model: those kept by `asked`, else of now.

    Raises LabError as `opened` does.
    """
    model, images = opened(subject, device, dataset)
    known = kept(asked(subject, dataset))
    if known is not None and known["codes"].shape == (len(images.train), model.config.code_size):
        codes = known["codes"].astype(np.float32)
    else:
        codes = codes_of(model, images.train)
    scale = float(codes.std()) or 1.0
    seen = runs.get(subject).experiment.data.replace(noise="none")
    return Codebook(model=model, images=images, seen=seen, codes=codes / scale, scale=scale)


def takes_long(experiment: Experiment, dataset: str, device: str) -> bool:
    """Whether the codes of a codebook are a question because a page could not wait for them."""
    model = experiment.model
    count = min(SOURCES[dataset].train_count, _most(model))
    return estimate.takes_long(model, count // 2, device)  # the decoder has nothing to do


def asked(run_id: str, dataset: str) -> Question:
    """The question for the codes of a run's codebook."""
    return Question("codebook", run_id, {"dataset": dataset})


def codes_of_run(subject: str, device: str, say: Say, *, dataset: str) -> Arrays:
    """`codes` (N, K) of the training images of a data set, `for_the_disk`; what `asked` asks for.

    Raises LabError.
    """
    model, images = opened(subject, device, dataset)
    return {"codes": for_the_disk(codes_of(model, images.train, say))}
