"""How the recipe for one class was chosen: by normal pictures that were held out, and by nothing strange."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from aecore import runs
from aecore.config import DataConfig
from aecore.data import SOURCES, ImageSet
from aecore.data.batches import hold_out
from aecore.losses import evaluate
from aecore.recipes import RECIPES
from aecore.reproduction.goals import Table
from aecore.reproduction.one_class import RECIPE, experiment
from aecore.reproduction.trials import digest_of, measured_once

DISTURBANCES = (0.25, 0.5, 1.0)
"""Standard deviations of the noise that a candidate has to take away, whatever it was trained with."""

ALTERNATIVES: Sequence[Mapping[str, Any]] = (
    {"noise": "none"},
    {"noise_level": 0.25, "least_noise": None},
    {"noise_level": 0.5, "least_noise": None},
    {"noise_level": 1.0, "least_noise": None},
    {"noise_level": 1.0, "least_noise": 0.25},
    {"noise_clip": True},
    {"activation": "relu"},
    {"hidden": (256,)},
    {"hidden": (512,)},
    {"code_size": 32},
    {"code_size": 64},
    {"learning_rate": 2e-3},
    {"learning_rate": 4e-3},
    {"learning_rate": 8e-3},
)
"""What a candidate has other than the recipe; those that change nothing are left out."""


def measure(
    seeds: Sequence[int], device: str, listener: Callable[[str], Callable[..., None]], dataset: str = "mnist"
) -> Table:
    """A row for the recipe and each candidate that differs from it, the best first."""
    recipe = RECIPES[RECIPE].on(dataset)
    candidates = {"the recipe": {}} | {
        _words(change): change for change in ALTERNATIVES if recipe.with_settings(dict(change)) != recipe
    }
    found = {
        name: np.array([_restored(dataset, change, seed, device, listener) for seed in seeds])
        for name, change in candidates.items()
    }  # each (seeds, classes, disturbances), decibels; NaN where a training diverged
    of_recipe = found["the recipe"]
    leads = {name: _lead(each - of_recipe) for name, each in found.items()}
    order = sorted(found, key=lambda name: np.nan_to_num(leads[name][0], nan=-np.inf), reverse=True)
    best = next(name for name in order if name != "the recipe")
    return Table(
        columns=["Candidate", *(f"noise {level:g}" for level in DISTURBANCES), "Ahead by", "Standard error"],
        rows=[[name, *(_cell(each) for each in (*found[name].mean((0, 1)), *leads[name]))] for name in order],
        values=of_recipe.mean((1, 2)).tolist(),
        reached=not any(ahead > 2 * error for ahead, error in leads.values()),
        remark=f"The best of the others is {best}: {found[best].mean():.2f}.",
    )


def _lead(differences: np.ndarray) -> tuple[float, float]:
    """By how many decibels a candidate is ahead, from differences (seeds, classes, disturbances), and the
    standard error of that over seeds and classes."""
    of_each = differences.mean(2).ravel()
    return float(of_each.mean()), float(of_each.std(ddof=1) / np.sqrt(len(of_each)))


def _cell(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _restored(
    dataset: str,
    change: Mapping[str, Any],
    seed: int,
    device: str,
    listener: Callable[[str], Callable[..., None]],
) -> list[list[float]]:
    """PSNR in dB of held-out images of each class, brought back from each disturbance."""

    def judge(run: runs.Run, images: ImageSet, _share: float | None) -> dict[str, Any]:
        if not run.result or run.result.test_mse is None:  # it diverged, and left no weights
            return {"psnr": [float("nan")] * len(DISTURBANCES)}
        own = images.only(run.experiment.data.classes).to(device)
        _, held_out = hold_out(own.train_images, run.experiment.data)
        model = runs.load(run, device)
        disturbed = (
            DataConfig(noise="gaussian", noise_level=level, noise_clip=False) for level in DISTURBANCES
        )
        return {"psnr": [-10 * np.log10(evaluate(model, held_out, data=each)) for each in disturbed]}

    found = []
    for number in range(len(SOURCES[dataset].class_names)):
        one = experiment(dataset, number, seed).with_settings(dict(change))
        name = f"one-class-recipe-{digest_of(one)}"
        found.append(measured_once(name, one, device, listener(f"{number}, {_words(change)}"), judge)["psnr"])
    return found


def _words(change: Mapping[str, Any]) -> str:
    """Such as "hidden 512"."""
    return ", ".join(
        f"{name} {' '.join(map(str, value)) if isinstance(value, tuple) else value}"
        for name, value in change.items()
    )
