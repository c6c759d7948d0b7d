"""The pictures a run has learnt from, as a model without noise is shown them, and what it is asked for."""

from typing import NamedTuple

import numpy as np
from torch import Tensor

from aecore.analysis import space
from aecore.analysis.comparison import Split, split, versions
from aecore.data import ImageSet
from aecore.runs import Run


class Learnt(NamedTuple):
    """Images, N of them, evenly spread among all there are."""

    inputs: Tensor
    """What the model is shown: uint8 (N, C, H, W)."""

    targets: Tensor
    """What it is asked for, and its decoder draws: the same shape."""

    labels: np.ndarray
    """int64 (N,)."""


def learnt(run: Run, images: ImageSet, device: str, part: Split = "train", most: int | None = None) -> Learnt:
    """At most `most` images of one part of a run's data set, of the classes it was trained on; all for None.

    Raises LabError for a part without images.
    """
    data = run.experiment.data.replace(noise="none")
    found, labels = split(images, part, data)
    if most is not None and most < len(found):
        kept = np.linspace(0, len(found) - 1, most).astype(np.int64).tolist()
        found, labels = found[kept], labels[kept]
    seen = versions(found.to(device), data)
    return Learnt(seen.inputs, seen.targets, labels.numpy())


def room(code_size: int, most: int) -> int:
    """At most `most`: fewer where memory has no room for so many codes of that size."""
    return max(1, min(most, space.MOST_NUMBERS // code_size))
