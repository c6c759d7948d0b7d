"""How strange images are: to a model that has learnt from normal ones, and to methods without a model."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA as Components
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from torch import Tensor

from aecore import data, runs
from aecore.analysis.codes import codes_of
from aecore.analysis.comparison import Versions, versions
from aecore.analysis.methods import METHODS
from aecore.analysis.questions import Arrays, Say
from aecore.analysis.reconstruction import errors
from aecore.config import DataConfig
from aecore.data import ImageSet
from aecore.data.batches import hold_out, pixels
from aecore.errors import LabError
from aecore.models.base import Autoencoder
from aecore.models.pca import PCA

MOST_FITTED = 6_000
"""So many normal training images, the first, are fitted to: about one class of MNIST."""

FEWEST_FITTED = 2
"""One image alone has no neighbours, and codes that are all the same."""

WIDE = 256
"""Of a code with more numbers, distances are taken in as many of its principal components: the inverse of a
covariance takes minutes where there are thousands."""

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
    classes, or all of `others`. Raises LabError where the model has learnt from no normal image or from a
    single one, where none would be strange, or where `others` have another shape.
    """
    learnt, held_out = _learnt(images, config, normal)
    if not len(learnt):
        raise LabError("the model has learnt from none of these classes: choose those it was trained on")
    if len(learnt) < FEWEST_FITTED:
        raise LabError(
            "the model has learnt from a single picture of these classes, and nothing can be fitted to one: "
            "choose more classes, or train with a larger train_count"
        )
    usual = _among(images.test_labels, normal)
    if others is None:
        others, strange = images, ~usual
    else:
        strange = torch.ones(len(others.test_labels), dtype=torch.bool)
    if others.image_shape != images.image_shape:
        shape, wanted = ("×".join(map(str, each.image_shape)) for each in (others, images))
        raise LabError(f"data set {others.name} has images of {shape}: choose one of {wanted}, the model's")
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


def as_asked(images: np.ndarray, config: DataConfig, device: str) -> Versions:
    """Uint8 images (N, C, H, W) as a model trained with `config` is shown them here: without noise."""
    return versions(torch.from_numpy(images).to(device), config.replace(noise="none"))


def error_of(model: Autoencoder, config: DataConfig, image: np.ndarray) -> tuple[float, Versions]:
    """The score `error` of one uint8 image (C, H, W), and the versions of it that were compared."""
    seen = as_asked(image[None], config, str(next(model.parameters()).device))
    return float(errors(model, *seen)[0]), seen


def holds_out(labels: Tensor, config: DataConfig, normal: Sequence[int]) -> bool:
    """Whether any image of the classes `normal` was held out of a training with `config` on images with these
    labels (N,); where none was, `cases` has those learnt in their place."""
    own = labels[_among(labels, config.classes)]
    return bool(_among(hold_out(own, config)[1], normal).any())


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
    usual = _Usual(codes_of(model, learnt.inputs))
    yield "code", lambda seen: usual.distance(codes_of(model, seen.inputs))
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


class _Usual:
    """Where the codes (N, K) of normal images lie."""

    def __init__(self, codes: np.ndarray) -> None:
        wide = codes.shape[1] > WIDE
        self.directions = Components(min(WIDE, *codes.shape), random_state=0).fit(codes) if wide else None
        self.spread = LedoitWolf().fit(self._seen(codes))

    def distance(self, codes: np.ndarray) -> np.ndarray:
        """Squared Mahalanobis distances of codes (N, K): float64 (N,)."""
        return self.spread.mahalanobis(self._seen(codes))

    def _seen(self, codes: np.ndarray) -> np.ndarray:
        return self.directions.transform(codes) if self.directions else codes


def _flat(seen: Versions) -> np.ndarray:
    return pixels(seen.targets).flatten(1).cpu().numpy()
