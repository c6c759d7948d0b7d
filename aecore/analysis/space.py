"""Which pictures a look into the latent space is about, and what the model makes of them."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from aecore import data, runs
from aecore.analysis import estimate
from aecore.analysis.codes import coded, for_the_disk
from aecore.analysis.comparison import versions
from aecore.analysis.questions import Arrays, Question, Say, kept, to_nobody
from aecore.config import Experiment
from aecore.data import SOURCES, ImageSet
from aecore.errors import LabError
from aecore.models.base import Autoencoder
from aecore.runs import Run

Which = Literal["test", "all"]
"""At most 10,000 test images, or all test and training images."""

AT_FIRST = 10_000
MOST_NUMBERS = 40_000_000
"""Numbers in all codes together, 160 MB; of larger codes there are fewer pictures."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Space:
    """Images of a data set and their codes, N of them."""

    numbers: np.ndarray
    """Which images: int64 (N,), ascending. Test images are counted first, then training images."""

    inputs: np.ndarray
    """What the model sees: uint8 (N, C, H, W)."""

    labels: np.ndarray
    """int64 (N,)."""

    codes: np.ndarray
    """float32 (N, K)."""

    errors: np.ndarray
    """Mean squared error per pixel of each reconstruction, pixels in [0, 1]: float32 (N,)."""

    total: int
    """How many images there were to choose from."""

    def position(self, number: int) -> int | None:
        """Where in these arrays an image stands; None where it is not among them."""
        at = int(np.searchsorted(self.numbers, number))
        return at if at < len(self.numbers) and self.numbers[at] == number else None


def chosen(count: int, code_size: int) -> np.ndarray:
    """Evenly spread indices of at most as many of `count` images as memory has room for codes of: int64."""
    return np.linspace(0, count - 1, max(1, min(count, MOST_NUMBERS // code_size))).astype(np.int64)


def population(images: ImageSet, which: Which, code_size: int) -> tuple[np.ndarray, Tensor, np.ndarray, int]:
    """Numbers, uint8 images and labels of those to look at, and of how many they were chosen.

    Raises LabError where `which` is neither "test" nor "all".
    """
    if which not in get_args(Which):
        raise LabError(f"pictures is {which!r}: choose test or all")
    test = len(images.test_images)
    total = test if which == "test" else test + len(images.train_images)
    numbers = chosen(total, code_size)
    if which == "test" and len(numbers) > AT_FIRST:
        numbers = numbers[chosen(len(numbers), MOST_NUMBERS // AT_FIRST)]
    pictures = torch.cat(
        [
            images.test_images[numbers[numbers < test].tolist()],
            images.train_images[(numbers[numbers >= test] - test).tolist()],
        ]
    )
    labels = torch.cat([images.test_labels, images.train_labels]).cpu().numpy()[numbers]
    return numbers, pictures, labels, total


def space_of(
    model: Autoencoder,
    run: Run,
    images: ImageSet,
    which: Which,
    known: Arrays | None = None,
    say: Say = to_nobody,
) -> Space:
    """The codes of a run's own data set, on the model's device: those `known` from `of_run`, else now.

    Raises LabError as `population` does.
    """
    numbers, pictures, labels, total = population(images, which, run.experiment.model.code_size)
    seen = versions(pictures.to(next(model.parameters()).device), run.experiment.data)
    if known is not None and known["codes"].shape == (len(numbers), run.experiment.model.code_size):
        codes, errors = known["codes"].astype(np.float32), known["errors"]
    else:
        codes, errors = coded(model, seen.inputs, seen.targets, say)
    return Space(
        numbers=numbers,
        inputs=seen.inputs.cpu().numpy(),
        labels=labels,
        codes=codes,
        errors=errors,
        total=total,
    )


def takes_long(experiment: Experiment, which: Which, device: str) -> bool:
    """Whether codes are a question because a page could not wait for them."""
    source, model = SOURCES[experiment.data.dataset], experiment.model
    count = source.test_count if which == "test" else source.test_count + source.train_count
    count = len(chosen(count, model.code_size))
    return estimate.takes_long(model, min(count, AT_FIRST) if which == "test" else count, device)


def asked(run_id: str, which: Which) -> Question:
    """The question for the codes of a run."""
    return Question("codes", run_id, {"pictures": which})


def of_run(run_id: str, which: Which, device: str, say: Say = to_nobody) -> Space:
    """The space of a run, from its id, with the kept answer for its codes if there is one.

    Raises LabError where model or data set cannot be had.
    """
    run = runs.get(run_id)
    images = data.load(run.experiment.data.dataset)
    return space_of(runs.load(run, device), run, images, which, kept(asked(run_id, which)), say)


def codes_of_run(subject: str, device: str, say: Say, *, pictures: Which) -> Arrays:
    """`codes` (N, K) and `errors` (N,) of a run, in the order of its space; what `asked` asks for.

    Codes are those `for_the_disk`. Raises LabError.
    """
    found = of_run(subject, pictures, device, say)
    return {"codes": for_the_disk(found.codes), "errors": found.errors}
