"""How good new pictures are: the Fréchet distance from test pictures, beside what bounds it."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from aecore import data, runs
from aecore.analysis import frechet
from aecore.analysis.codes import codes_of, components_of, pictures_of
from aecore.analysis.density import Density, axes_of, draw, gaussian, mixture, standard
from aecore.analysis.generation import fitted_count, sampled
from aecore.analysis.judge import features_of, judge_of
from aecore.analysis.learnt import Learnt, learnt, room
from aecore.analysis.questions import Arrays, Say, to_nobody
from aecore.data import ImageSet
from aecore.models.base import Autoencoder
from aecore.models.pca import PCA
from aecore.runs import Run

ROWS = ("normal", "gaussian", "mixture", "pca", "redrawn", "training", "mean")
"""What is judged, in the order of an answer: samples from the three densities of the model's codes, and from
a mixture of as many principal components of the pixels; training pictures redrawn by the model; training
pictures as they are, which is as near as can be; and their mean, again and again."""

SEEDS = (0, 1, 2)
FEWEST, MOST = 1_000, 10_000
"""New pictures for a figure, but no more than there are training pictures, which stand beside them."""

Draw = Callable[[int], np.ndarray]
"""From a seed to uint8 pictures (N, C, H, W)."""


def measured(
    run: Run,
    model: Autoencoder,
    images: ImageSet,
    say: Say = to_nobody,
    rows: Sequence[str] = ROWS,
    seeds: Sequence[int] = SEEDS,
) -> Arrays:
    """Fréchet distances, in the features of the data set's judge, from what the test images ask for.

    `distance` float64 (rows, seeds): a seed draws samples, or which training pictures; NaN for PCA where the
    code is as large as the picture. `accuracy` (1,) is the judge's on test images, `count` (1,) how many
    pictures each figure is of, `judged` (1,) of how many test pictures they are compared with, `components`
    (1,) how many the model's mixture has, 0 where it is not asked for. Raises LabError.
    """
    device, size = str(next(model.parameters()).device), model.config.code_size
    judge, right = judge_of(images, device, _within(say, 0, 0.3))
    test = learnt(run, images, device, "test", MOST).targets
    every = learnt(run, images, device)
    count = min(room(size, min(MOST, max(FEWEST, len(test)))), len(every.labels))
    wanted = features_of(judge, test)
    found = np.full((len(rows), len(seeds)), np.nan)
    components = 0
    for done, (row, density, drawn) in enumerate(_sources(run, model, every, count, rows, say)):
        for column, seed in enumerate(seeds):
            step = f"{len(seeds) * done + column + 1} of {len(seeds) * len(rows)}"
            say(
                0.35 + 0.65 * (done + 0.5) / len(rows), f"Drawing and judging {count:,} pictures, step {step}"
            )
            pictures = drawn(seed)
            found[rows.index(row), column] = frechet.distance(features_of(judge, pictures), wanted)
        if row == "mixture" and density:
            components = density.components
    return {
        "distance": found,
        "accuracy": np.array([right]),
        "count": np.array([count]),
        "judged": np.array([len(test)]),
        "components": np.array([components]),
    }


def of_run(subject: str, device: str, say: Say) -> Arrays:
    """What is `measured` of a run, a row for each of ROWS. Raises LabError."""
    run = runs.get(subject)
    return measured(run, runs.load(run, device), data.load(run.experiment.data.dataset), say)


def _sources(
    run: Run, model: Autoencoder, every: Learnt, count: int, rows: Sequence[str], say: Say
) -> Iterator[tuple[str, Density | None, Draw]]:
    """One after the other, as each is fitted only when the one before has been judged."""
    some = np.linspace(0, len(every.labels) - 1, min(fitted_count(model.config.code_size), len(every.labels)))
    fitted = some.astype(np.int64).tolist()
    codes = codes_of(model, every.inputs[fitted]) if {"gaussian", "mixture"} & {*rows} else None

    def part(place: float) -> Say:
        start = 0.35 + 0.65 * place / len(rows)
        return _within(say, start, start + 0.3 / len(rows))

    for place, row in enumerate(rows):
        if row == "normal":
            yield row, *_from(model, standard(model.config.code_size), count)
        elif row == "gaussian" and codes is not None:
            yield row, *_from(model, gaussian(axes_of(codes)), count)
        elif row == "mixture" and codes is not None:
            yield row, *_from(model, mixture(codes, axes_of(codes), part(place)), count)
        elif row == "pca":
            if components := run.experiment.model.pca_size:
                yield row, *_from_components(every.targets, fitted, components, count, part(place))
        elif row == "mean":
            mean = every.targets.float().mean(0).round().to(torch.uint8).cpu().numpy()
            yield row, None, lambda _seed, mean=mean: np.broadcast_to(mean, (count, *mean.shape)).copy()
        else:
            yield row, None, _training(model, every, count, redrawn=row == "redrawn")


def _from(model: Autoencoder, density: Density, count: int) -> tuple[Density, Draw]:
    return density, lambda seed: sampled(model, density, count, seed)[1]


def _from_components(
    pictures: torch.Tensor, fitted: list[int], components: int, count: int, say: Say
) -> tuple[Density, Draw]:
    """The mixture on principal components of the pictures in place of codes."""
    pca = PCA(pictures, components)
    codes = components_of(pca, pictures[fitted])
    density = mixture(codes, axes_of(codes), say)

    @torch.inference_mode()
    def drawn(seed: int) -> np.ndarray:
        values = torch.from_numpy(draw(density, count, seed)).to(pictures.device)
        return pca.decode(values).clamp(0, 1).mul(255).round().to(torch.uint8).cpu().numpy()

    return density, drawn


def _training(model: Autoencoder, every: Learnt, count: int, *, redrawn: bool) -> Draw:
    """Training pictures, drawn by the seed; all of them where there are no more."""

    def drawn(seed: int) -> np.ndarray:
        chosen = np.random.default_rng(seed).permutation(len(every.labels))[:count].tolist()
        if redrawn:
            return pictures_of(model, codes_of(model, every.inputs[chosen]))
        return every.targets[chosen].cpu().numpy()

    return drawn


def _within(say: Say, start: float, end: float) -> Say:
    return lambda share, doing: say(start + (end - start) * share, doing)
