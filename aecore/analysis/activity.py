"""When the units of a code are active, how strongly, and for which classes."""

from dataclasses import dataclass

import numpy as np

ACTIVE = {"any": 0.0, "tenth": 0.1}
"""By name, what counts as active: an activation larger than this share of the unit's largest, signs apart."""

MOST_NUMBERS = 5_000_000
"""Of codes that are looked at together: 10,000 images of 500 units."""


def sample(count: int, code_size: int) -> np.ndarray:
    """Which of `count` images to look at: evenly spread, at most 10,000 and MOST_NUMBERS of codes; int64."""
    most = min(count, 10_000, max(512, MOST_NUMBERS // code_size))
    return np.linspace(0, count - 1, most).astype(np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays gives arrays, not a truth value
class Activity:
    """What the U units of a code do for N images of K classes."""

    density: np.ndarray
    """Share of the images for which each unit is active: float64 (U,)."""

    mean: np.ndarray
    """Mean absolute activation of each unit over all images: float32 (U,)."""

    dead: np.ndarray
    """Units that give every image the same number: bool (U,)."""

    always: np.ndarray
    """Units that are active for every image, and not dead: bool (U,)."""

    profile: np.ndarray
    """Mean absolute activation of each unit for each class, NaN for a class without images: (U, K)."""

    selectivity: np.ndarray
    """How much more active each unit is for its favourite class than for the mean of the other classes:
    (a - b) / (a + b), 0 for no more, 1 for that class alone; float64 (U,).
    Morcos et al., On the importance of single directions for generalization, 2018."""

    @property
    def active_units(self) -> float:
        """How many units are active for an image, on average: L0."""
        return self.density.sum().item()

    @property
    def favourite(self) -> np.ndarray:
        """The class for which each unit is most active: int64 (U,)."""
        return np.nanargmax(self.profile, axis=1)


def activity(codes: np.ndarray, labels: np.ndarray, class_count: int, active: str = "any") -> Activity:
    """What the units do, from codes (N, U), N at least 1, of images with labels (N,) below `class_count`.

    `active`, one of ACTIVE, says what counts.
    """
    dead = (codes == codes[:1]).all(0)
    density = active_at(codes, active).mean(0)
    sizes = np.abs(codes)
    members = (labels[:, None] == np.arange(class_count)).astype(np.float32)
    counts = members.sum(0)
    with np.errstate(invalid="ignore"):
        profile = (members.T @ sizes / counts[:, None]).T
    return Activity(
        density=density,
        mean=sizes.mean(0),
        dead=dead,
        always=(density == 1) & ~dead,
        profile=profile,
        selectivity=_selectivity(profile[:, counts > 0].astype(np.float64)),
    )


def active_at(codes: np.ndarray, active: str = "any") -> np.ndarray:
    """Which numbers of codes (N, U) count as active, by a name in ACTIVE: bool (N, U)."""
    sizes = np.abs(codes)
    return sizes > ACTIVE[active] * sizes.max(0)


def typical(codes: np.ndarray) -> np.ndarray:
    """One activation for each unit that stands for those it has in codes (N, U): (U,), float32.

    The root mean square of those that are not zero, with the sign of the strongest; 0 for a unit that never
    is active.
    """
    strongest = np.take_along_axis(codes, np.abs(codes).argmax(0)[None], 0)[0]
    counts = np.maximum(np.count_nonzero(codes, axis=0), 1)
    return (np.sign(strongest) * np.sqrt(np.square(codes).sum(0) / counts)).astype(np.float32)


def strongest(activations: np.ndarray, count: int) -> np.ndarray:
    """The images (count,) with the largest of one unit's activations (N,), signs apart; largest first."""
    return np.argsort(-np.abs(activations), stable=True)[:count]


def around(activations: np.ndarray, quantile: float, count: int) -> np.ndarray:
    """At most `count` images about a quantile of one unit's activations (N,), among those not zero.

    0.5 is the middle one of them by size, signs apart, 1 the strongest; strongest first.
    """
    among = np.flatnonzero(activations)
    ordered = among[np.argsort(-np.abs(activations[among]), stable=True)]
    first = round((1 - quantile) * (len(ordered) - 1)) - count // 2
    first = max(0, min(first, len(ordered) - count))
    return ordered[first : first + count]


def _selectivity(profile: np.ndarray) -> np.ndarray:
    if profile.shape[1] < 2:
        return np.zeros(len(profile))
    best = profile.max(1)
    rest = (profile.sum(1) - best) / (profile.shape[1] - 1)
    return (best - rest) / np.where(best + rest > 0, best + rest, 1)
