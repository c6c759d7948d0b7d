"""Each digit of MNIST as the only normal one: how well the lab's recipe and others tell the rest from it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from aecore import runs
from aecore.analysis.anomaly import cases, scores
from aecore.analysis.detection import figures
from aecore.analysis.methods import METHODS, OF_THE_MODEL
from aecore.analysis.questions import to_nobody
from aecore.config import Experiment
from aecore.data import SOURCES, ImageSet
from aecore.recipes import RECIPES
from aecore.reproduction.goals import Table
from aecore.reproduction.trials import measured_once

RECIPE = "lab-normal"
AIM = 0.95


def measure(
    seeds: Sequence[int], device: str, listener: Callable[[str], Callable[..., None]], dataset: str = "mnist"
) -> Table:
    """A row for each class, means over the seeds, and one for the mean of all."""
    names = SOURCES[dataset].class_names
    found = np.array(
        [[_areas(dataset, number, seed, device, listener) for number in range(len(names))] for seed in seeds]
    )  # (seeds, classes, methods)
    by_class = found.mean(0)
    rows = zip([*names, "mean"], [*by_class, by_class.mean(0)], strict=True)
    means = dict(zip(METHODS, by_class.mean(0).tolist(), strict=True))
    values = found[:, :, list(METHODS).index("error")].mean(1)
    best = max((name for name in METHODS if name not in OF_THE_MODEL), key=lambda name: means[name])
    return Table(
        columns=["Normal", *METHODS.values()],
        rows=[[name, *row.tolist()] for name, row in rows],
        values=values.tolist(),
        reached=bool(values.mean() >= AIM),
        remark=f"The best method without a network is {METHODS[best]}: {means[best]:.4f}.",
    )


def experiment(dataset: str, number: int, seed: int) -> Experiment:
    """The lab's recipe with one class as the normal one."""
    return RECIPES[RECIPE].on(dataset).with_settings({"classes": (number,), "seed": seed})


def _areas(
    dataset: str, number: int, seed: int, device: str, listener: Callable[[str], Callable[..., None]]
) -> list[float]:
    """The area under the ROC curve of each method."""
    one = experiment(dataset, number, seed)

    def judge(run: runs.Run, images: ImageSet, _share: float | None) -> dict[str, Any]:
        told = scores(runs.load(run, device), one.data, cases(images, one.data, one.data.classes), to_nobody)
        pairs = zip(told["normal"], told["strange"], strict=True)
        return {"auroc": [figures(*pair).auroc for pair in pairs]}

    name = f"one-class-{dataset}-{number}-{seed}"
    return measured_once(name, one, device, listener(f"{name[10:]}"), judge)["auroc"]
