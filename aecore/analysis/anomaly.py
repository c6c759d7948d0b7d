"""How strange images are: to a model that has learnt from normal ones, and to methods without a model."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from sklearn.covariance import LedoitWolf
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from torch import Tensor

from aecore import data, runs
from aecore.analysis.codes import codes_of
from aecore.analysis.comparison import Versions, versions
from aecore.analysis.questions import Arrays, Say
from aecore.analysis.reconstruction import errors
from aecore.config import DataConfig
from aecore.data import ImageSet
from aecore.data.batches import hold_out, pixels
from aecore.errors import LabError
from aecore.models.base import Autoencoder
from aecore.models.pca import PCA

METHODS = {
    "error": "Reconstruction error",
    "code": "Distance of the code",
    "both": "Error and distance",
    "pca": "PCA error",
    "knn": "Nearest neighbours",
    "lof": "Local outlier factor",
    "forest": "Isolation forest",
}
"""By name, what tells how strange an image is: the first three ask the model, the others know none.

error: mean squared error of the image redrawn. code: squared Mahalanobis distance of its code from those of
normal images, whose covariance is estimated after Ledoit and Wolf (2004). both: the sum of the logarithms
of these two, each measured in standard deviations of held-out normal images (after Denouden and others,
Improving Reconstruction Autoencoder Out-of-distribution Detection with Mahalanobis Distance, 2018). pca: the
error of PCA of the code's size. knn: mean distance to the five nearest normal images. lof: Breunig and
others, 2000. forest: Liu, Ting and Zhou, 2008. The last three see pixels.
"""

OF_THE_MODEL = ("error", "code", "both")

MOST_FITTED = 6_000
"""So many normal training images, the first, are fitted to: about one class of MNIST."""

NEIGHBOURS = 5
TINY = 1e-12

Score = Callable[[Versions], np.ndarray]


class Cases(NamedTuple):
    """Images to be told apart."""

    learnt: Tensor
    """Normal training images, which every method is fitted to: uint8 (N, C, H, W), as the next three."""

    held_out: Tensor
    """Normal training images that none is fitted to: what is usual is read off them. Where nothing was held
    out they are those learnt."""

    normal: Tensor
    """Normal test images."""

    strange: Tensor
    """Test images that are not normal. Nothing is chosen by them."""

    normal_numbers: np.ndarray
    """Their places among the test images of their data set, int64 (N,)."""

    strange_numbers: np.ndarray


def cases(
    images: ImageSet, config: DataConfig, normal: Sequence[int], others: ImageSet | None = None
) -> Cases:
    """What a model that was trained on `images` with `config` can be asked to tell apart.

    The classes `normal` are normal, all of them where that is empty. Strange are the test images of the other
    classes, or all of `others`. Raises LabError where the model has learnt from no normal image, where none
    would be strange, or where `others` have another shape.
    """
    learnt, held_out = _learnt(images, config, normal)
    if not len(learnt):
        raise LabError("the model has learnt from none of these classes: choose those it was trained on")
    usual = _among(images.test_labels, normal)
    if others is None:
        others, strange = images, ~usual
    else:
        strange = torch.ones(len(others.test_labels), dtype=torch.bool)
    if others.image_shape != images.image_shape:
        shape, wanted = ("×".join(map(str, each.image_shape)) for each in (others, images))
        raise LabError(f"{others.name} has images of {shape}: choose a data set of {wanted}, the model's")
    if not strange.any():
        raise LabError("every class is normal and none strange: choose fewer classes, or another data set")
    return Cases(
        learnt=learnt[:MOST_FITTED],
        held_out=held_out if len(held_out) else learnt[:MOST_FITTED],
        normal=images.test_images[usual],
        strange=others.test_images[strange],
        normal_numbers=np.flatnonzero(usual.numpy()),
        strange_numbers=np.flatnonzero(strange.numpy()),
    )


def scores(model: Autoencoder, config: DataConfig, found: Cases, say: Say) -> Arrays:
    """How strange each image is to each of METHODS, in their order: the larger, the stranger.

    `held_out`, `normal` and `strange`, float32 (7, N), with NaN where a method does not apply: PCA beside a
    code as large as the image. Images are shown to the model without the noise of its training. Raises
    LabError where they have another shape than the model's.
    """
    clean, device = config.replace(noise="none"), next(model.parameters()).device
    learnt, *parts = (
        versions(part.to(device), clean)
        for part in (found.learnt, found.held_out, found.normal, found.strange)
    )
    told = {name: [np.full(len(part.inputs), np.nan) for part in parts] for name in METHODS}
    for done, (name, score) in enumerate(_methods(model, learnt)):
        say(done / (len(METHODS) - 1), f"{METHODS[name]}, {sum(len(part.inputs) for part in parts):,} images")
        told[name] = [score(part) for part in parts]
    for name in ("error", "code"):
        usual = np.log(told[name][0] + TINY)
        spread = usual.std() or 1
        for place, values in enumerate(told[name]):
            added = (np.log(values + TINY) - usual.mean()) / spread
            told["both"][place] = added if name == "error" else told["both"][place] + added
    return {
        part: np.stack([told[name][place] for name in METHODS]).astype(np.float32)
        for place, part in enumerate(("held_out", "normal", "strange"))
    }


def of_run(subject: str, device: str, say: Say, *, normal: str, others: str, most: int) -> Arrays:
    """The `scores` of a run for normal classes such as "0,3", with the numbers of the images.

    Strange are the first `most` of those in `cases`; 0 takes all. Empty `others` are the other classes of the
    run's own data set. Raises LabError where run, data or classes do not allow it.
    """
    run = runs.get(subject)
    config = run.experiment.data
    images = data.load(config.dataset)
    found = cases(
        images,
        config,
        [int(number) for number in normal.split(",") if number],
        data.load(others) if others else None,
    )
    if most:
        found = found._replace(strange=found.strange[:most], strange_numbers=found.strange_numbers[:most])
    return scores(runs.load(run, device), config, found, say) | {
        "normal_numbers": found.normal_numbers,
        "strange_numbers": found.strange_numbers,
    }


def _learnt(images: ImageSet, config: DataConfig, normal: Sequence[int]) -> list[Tensor]:
    """The normal ones of the images that a model was trained on, and of those held out."""
    own = images.only(config.classes)
    parts = zip(hold_out(own.train_images, config), hold_out(own.train_labels, config), strict=True)
    return [part[_among(labels, normal)] for part, labels in parts]


def _among(labels: Tensor, classes: Sequence[int]) -> Tensor:
    """Which labels are one of `classes`; all of them where that is empty."""
    if not classes:
        return torch.ones_like(labels, dtype=torch.bool)
    return torch.isin(labels, torch.tensor(list(classes)))


def _methods(model: Autoencoder, learnt: Versions) -> Iterator[tuple[str, Score]]:
    """One after the other, as each is fitted only when the one before has been asked."""
    yield "error", lambda seen: errors(model, *seen).numpy()
    usual = LedoitWolf().fit(codes_of(model, learnt.inputs))
    yield "code", lambda seen: usual.mahalanobis(codes_of(model, seen.inputs))
    if size := model.config.pca_size:
        pca = PCA(learnt.targets, size)
        yield "pca", lambda seen: errors(pca, seen.targets).numpy()
    flat = _flat(learnt)
    near = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(flat)), algorithm="brute").fit(flat)
    yield "knn", lambda seen: near.kneighbors(_flat(seen))[0].mean(1)
    factor = LocalOutlierFactor(n_neighbors=min(20, len(flat) - 1), algorithm="brute", novelty=True).fit(flat)
    yield "lof", lambda seen: -factor.score_samples(_flat(seen))
    forest = IsolationForest(random_state=0).fit(flat)
    yield "forest", lambda seen: -forest.score_samples(_flat(seen))


def _flat(seen: Versions) -> np.ndarray:
    return pixels(seen.targets).flatten(1).cpu().numpy()
