"""How good pictures are that are drawn from the codes of a plain autoencoder and of a variational one."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from aecore import runs
from aecore.analysis.fidelity import measured
from aecore.analysis.questions import EDITION
from aecore.data import ImageSet
from aecore.recipes import RECIPES
from aecore.reproduction.goals import Cell, Table
from aecore.reproduction.trials import measured_once

PLAIN, VARIATIONAL = "lab-32", "lab-variational"
WANTED = {
    PLAIN: ("normal", "gaussian", "mixture", "pca", "redrawn", "training"),
    VARIATIONAL: ("normal", "mixture", "redrawn"),
}
"""What is measured of each recipe."""

NAMES = {
    "normal": "N(0, 1) in place of codes",
    "gaussian": "a Gaussian of its codes",
    "mixture": "a mixture on its codes",
    "redrawn": "training pictures, redrawn",
}
WITHOUT = {"pca": "a mixture on 32 principal components", "training": "training pictures as they are"}
"""The rows that no network has to do with."""


def measure(
    seeds: Sequence[int], device: str, listener: Callable[[str], Callable[..., None]], dataset: str = "mnist"
) -> Table:
    """A row for each recipe and density, over the seeds of the trainings, the best first.

    Raises LabError where the data set is not to be had.
    """
    found: dict[str, list[float]] = {}
    accuracy = 0.0
    for seed in seeds:
        for recipe, rows in WANTED.items():
            told = _distances(recipe, seed, dataset, device, listener)
            accuracy = told["accuracy"]
            for row in rows:
                name = WITHOUT.get(row) or f"{recipe}: {NAMES[row]}"
                found.setdefault(name, []).append(told["distance"][row])
    ours, other, pca = (
        found[name]
        for name in (f"{PLAIN}: {NAMES['mixture']}", f"{PLAIN}: {NAMES['normal']}", WITHOUT["pca"])
    )
    return Table(
        columns=["Pictures from", "Fréchet distance, mean", "spread", "smallest", "largest"],
        rows=[_row(name, found[name]) for name in sorted(found, key=lambda name: np.mean(found[name]))],
        values=ours,
        reached=all(one < two for one, two in zip(ours, other, strict=True)),
        remark=f"Without a network it is {np.mean(pca):.1f}, from {WITHOUT['pca']}. The classifier names "
        f"{accuracy:.2%} of the test pictures.",
    )


def _row(name: str, values: Sequence[float]) -> list[Cell]:
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return [name, float(np.mean(values)), spread, min(values), max(values)]


def _distances(
    recipe: str, seed: int, dataset: str, device: str, listener: Callable[[str], Callable[..., None]]
) -> dict[str, Any]:
    """`distance` of each wanted row, the mean over three draws, and `accuracy` of the classifier."""
    experiment = RECIPES[recipe].on(dataset).with_settings({"seed": seed})

    def judge(run: runs.Run, images: ImageSet, _share: float | None) -> dict[str, Any]:
        rows = WANTED[recipe]
        told = measured(run, runs.load(run, device), images, rows=rows)
        means = told["distance"].mean(1).tolist()
        return {"distance": dict(zip(rows, means, strict=True)), "accuracy": float(told["accuracy"][0])}

    name = f"generate-{dataset}-{recipe}-{seed}"
    edition = f"{EDITION}: {', '.join(WANTED[recipe])}"
    return measured_once(name, experiment, device, listener(name[9:]), judge, edition)
