"""How far the lab's recipes that transform photo patches come, beside what learnt nothing."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from aecore import runs
from aecore.analysis.reconstruction import picture_errors, psnr
from aecore.analysis.transform_quality import drawn, judged_versions
from aecore.analysis.transformation import METHODS, baseline_of
from aecore.config import Experiment
from aecore.data import SOURCES, ImageSet
from aecore.recipes import RECIPES
from aecore.reproduction.goals import Cell, Table
from aecore.reproduction.trials import measured_once

AHEAD = ("colourise", "sharpen", "sharpen-4", "inpaint")
"""Recipes that shall be ahead of their baselines; that of the others is exact."""

NAMES = (*AHEAD, "decolour", "shrink")


def measure(
    seeds: Sequence[int],
    device: str,
    listener: Callable[[str], Callable[..., None]],
    dataset: str = "patches",
    names: Sequence[str] = NAMES,
) -> Table:
    """A row for each recipe of `names`, on all test images; the figure is the smallest lead of a seed."""
    rows: list[list[Cell]] = []
    leads: dict[str, np.ndarray] = {}
    for name in names:
        found = [_errors(name, dataset, seed, device, listener) for seed in seeds]
        ours, theirs, floor = psnr(np.array([each["mse"] for each in found])).T  # (seeds,) each, decibels
        spread = float(ours.std(ddof=1)) if len(seeds) > 1 else None
        beside = [found[0]["baseline"], _decibels(theirs[0]), _decibels(floor[0])]
        rows.append([name, float(ours.mean()), spread, *beside])
        if name in AHEAD:
            leads[name] = ours - theirs
    smallest = np.min(list(leads.values()), axis=0)
    closest = min(leads, key=lambda name: float(leads[name].min()))
    best = next(row for row in rows if row[0] == closest)
    return Table(
        columns=["Recipe", "PSNR", "Spread over seeds", "Baseline", "Its PSNR", "PSNR of the input"],
        rows=rows,
        values=smallest.tolist(),
        reached=bool((smallest > 0).all()),
        remark=f"The baseline that comes closest is {best[3]}, in {closest}: {best[4]:.2f} dB.",
    )


def experiment(name: str, dataset: str, seed: int) -> Experiment:
    """The recipe with this seed."""
    return RECIPES[name].on(dataset).with_settings({"seed": seed})


def _decibels(value: float) -> Cell:
    return "exact" if np.isinf(value) else float(value)


def _errors(
    name: str, dataset: str, seed: int, device: str, listener: Callable[[str], Callable[..., None]]
) -> dict[str, Any]:
    """The mean squared error of the model, of its baseline and of the input as it is; the baseline's name."""

    def judge(run: runs.Run, images: ImageSet, _share: float | None) -> dict[str, Any]:
        beside = baseline_of(run.experiment, images)
        versions = judged_versions(run.experiment, images, SOURCES[dataset].test_count)
        found = drawn(runs.load(run, device), beside, versions)
        errors = [picture_errors(found["target"], found[method]).mean().item() for method in METHODS]
        return {"mse": errors, "baseline": beside.name}

    told = f"{name}-{dataset}-{seed}"
    return measured_once(f"transform-{told}", experiment(name, dataset, seed), device, listener(told), judge)
