"""What the trials of a recipe come to, beside what its source reports."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from aecore.recipes import Published, Recipe
from aecore.reproduction.trials import Trial

Verdict = Literal["reproduced", "differs", "measured", "short"]

TOLERANCE = 0.10
"""A figure counts as reproduced where ours is within a tenth of it, or better."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the trials of one recipe come to."""

    recipe: Recipe
    trials: Sequence[Trial]

    @property
    def verdict(self) -> Verdict:
        """reproduced: every published figure is reached; measured: there are none; differs: the recipe says
        why they cannot be reached; else short."""
        if not self.recipe.published:
            return "measured"
        means = [mean(self.figures(place)) for place in range(len(self.recipe.published))]
        if all(map(reached, self.recipe.published, means)):
            return "reproduced"
        return "differs" if self.recipe.differs else "short"

    def figures(self, place: int) -> list[float | None]:
        """Of every seed, the one that belongs to the published figure at `place`."""
        return [trial.ours[place] for trial in self.trials]

    def as_json(self) -> dict[str, Any]:
        """One object: published and ours side by side, each of ours with mean and spread over the seeds."""
        published = self.recipe.published
        fastest = max(self.trials, key=lambda trial: trial.images_per_second)  # others were held up
        return {
            "recipe": self.recipe.name,
            "settings": self.trials[0].settings,
            "published": [str(figure) for figure in published],
            "ours": [_summary(self.figures(place)) for place in range(len(published))],
            "verdict": self.verdict,
            "test_mse": _summary([trial.test_mse for trial in self.trials]),
            "pca_mse": self.trials[0].pca_mse,
            "code_size": self.recipe.experiment.model.code_size,
            "seconds": fastest.seconds,
            "images_per_second": fastest.images_per_second,
            "processor_share": fastest.processor_share,
            "dead_units": mean([trial.dead_units for trial in self.trials]),
            "active_units": mean([trial.active_units for trial in self.trials]),
            "seeds": [trial.seed for trial in self.trials],
            "day": fastest.day,
            "machine": fastest.machine,
        }


def mean(values: Iterable[float | None]) -> float | None:
    """None where one is missing."""
    known = list(values)
    return None if None in known else float(np.mean(known))  # type: ignore[arg-type]


def reached(published: Published, ours: float | None) -> bool:
    """Whether `ours` is as good as the published figure, or within a tenth of it; in errors, for a probe."""
    if ours is None or not math.isfinite(ours):
        return False
    if published.quantity == "probe accuracy":
        return 100 - ours <= (100 - published.value) * (1 + TOLERANCE)
    return ours <= published.value * (1 + TOLERANCE)


def _summary(values: Sequence[float | None]) -> dict[str, float | None]:
    """Mean and standard deviation over seeds; no spread from one seed."""
    spread = None if None in values or len(values) < 2 else float(np.std(values, ddof=1))  # type: ignore[arg-type]
    return {"mean": mean(values), "spread": spread}
