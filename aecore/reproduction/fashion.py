"""The lab's own recipes on clothes: they were chosen on digits."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from aecore import runs
from aecore.data import ImageSet
from aecore.errors import LabError
from aecore.recipes import RECIPES
from aecore.reproduction.goals import Cell, Table
from aecore.reproduction.trials import measured_once

NAMES = ("lab-2", "lab-9", "lab-16", "lab-32", "lab-64")


def measure(
    seeds: Sequence[int],
    device: str,
    listener: Callable[[str], Callable[..., None]],
    dataset: str = "fashion-mnist",
    names: Sequence[str] = NAMES,
) -> Table:
    """A row for each recipe of `names`; the figure is the largest share of PCA's error that one leaves."""
    rows: list[list[Cell]] = []
    shares: dict[str, np.ndarray] = {}
    for name in names:
        found = [_errors(name, dataset, seed, device, listener) for seed in seeds]
        ours, pca, mean_image = np.array([each["mse"] for each in found]).T  # (seeds,) each
        spread = float(ours.std(ddof=1)) if len(seeds) > 1 else None
        shares[name] = ours / pca
        size = RECIPES[name].on(dataset).model.code_size
        rows.append([name, size, float(ours.mean()), spread, float(pca[0]), float(mean_image[0])])
    largest = np.max(list(shares.values()), axis=0)
    closest = max(shares, key=lambda name: float(shares[name].max()))
    return Table(
        columns=["Recipe", "Code", "Test error", "Spread over seeds", "PCA", "Mean image"],
        rows=rows,
        values=largest.tolist(),
        reached=bool((largest < 1).all()),
        remark=f"PCA comes closest at {closest}: up to {shares[closest].max():.0%} of its error is left.",
    )


def _errors(
    name: str, dataset: str, seed: int, device: str, listener: Callable[[str], Callable[..., None]]
) -> dict[str, Any]:
    """Mean squared errors of test images: the model's, PCA's of the same code size, the mean image's."""

    def judge(run: runs.Run, _images: ImageSet, _share: float | None) -> dict[str, Any]:
        result = run.result
        if not result or result.test_mse is None:
            raise LabError(
                f"{told} broke off and left nothing to measure: give the recipe a lower learning_rate"
            )
        return {"mse": [result.test_mse, result.pca_mse, result.mean_image_mse]}

    told = f"{name}-{dataset}-{seed}"
    experiment = RECIPES[name].on(dataset).with_settings({"seed": seed})
    return measured_once(f"fashion-{told}", experiment, device, listener(told), judge)
