"""Where codes lie, as a density to draw new ones from."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from aecore.analysis.questions import Arrays, Say, to_nobody

DENSE, WIDE = 1_024, 256
"""Codes of up to DENSE numbers have all their principal axes; of wider ones only the first WIDE are found."""

MIXED = 64
"""Along so many principal axes, the first, a mixture is fitted; along the others one Gaussian."""

CANDIDATES = (
    (1, "full"),
    (10, "diag"),
    (40, "diag"),
    (10, "full"),
    (20, "full"),
    (40, "full"),
)
"""Components of a mixture, and what their covariances are like, of which held-out codes choose."""

FEWEST = 10
"""Codes for each component at least."""

NEIGHBOURS = 3
"""Up to which a code's neighbourhood reaches."""

HELD_OUT = 1 / 6
FLAT = 1e-6
"""Of the widest axis: along one that is narrower codes do not vary, dead units for example."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Density:
    """code = mean + Σ_d z_d axis_d;  (z_1 .. z_M) ~ Σ_c w_c N(m_c, F_c F_cᵀ),  the other z_d ~ N(0, s_d²)

    A Gaussian is one without mixed axes, M = 0. C components, D axes, K numbers in a code; float32.
    """

    mean: np.ndarray
    """(K,)"""

    axes: np.ndarray
    """Unit vectors, orthogonal: (D, K). None at all, (0, K), for the axes of the code itself, D = K."""

    scales: np.ndarray
    """s: (D - M,)."""

    weights: np.ndarray
    """w: (C,), their sum is 1."""

    means: np.ndarray
    """m: (C, M)."""

    factors: np.ndarray
    """F: (C, M, M)."""

    limits: np.ndarray
    """No number that is drawn is below the first or above the second: those of the codes it was fitted to."""

    @property
    def components(self) -> int:
        return len(self.weights)


class Axes(NamedTuple):
    """The directions in which codes vary, the widest first."""

    mean: np.ndarray
    axes: np.ndarray
    scales: np.ndarray
    """Standard deviations of the codes along them: (D,)."""

    limits: np.ndarray
    """The smallest and the largest number in any code: (2,)."""


def standard(size: int) -> Density:
    """N(0, 1) for each of a code's numbers: variational models are trained to have that, others not."""
    return Density(
        mean=np.zeros(size, np.float32),
        axes=np.empty((0, size), np.float32),
        scales=np.ones(size, np.float32),
        limits=np.array([-np.inf, np.inf], np.float32),
        **_one(),
    )


def axes_of(codes: np.ndarray) -> Axes:
    """The principal axes of codes (N, K), N at least 1, but for those along which they do not vary."""
    limits = np.array([codes.min(), codes.max()], np.float32)
    if len(codes) < 2 or not np.ptp(codes, axis=0).any():
        return Axes(codes.mean(0), np.empty((0, codes.shape[1]), np.float32), np.empty(0, np.float32), limits)
    dense = codes.shape[1] <= DENSE
    found = PCA(
        min(codes.shape if dense else (WIDE, *codes.shape)),
        svd_solver="covariance_eigh" if dense else "randomized",
        random_state=0,
    )
    with threadpool_limits(1):  # sums in another order would give other last digits
        found.fit(codes.astype(np.float64) if dense else codes)
    scales = np.sqrt(np.asarray(found.explained_variance_))
    kept = scales > FLAT * scales[0]
    axes, scales = np.asarray(found.components_)[kept].astype(np.float32), scales[kept].astype(np.float32)
    return Axes(codes.mean(0), axes, scales, limits)


def gaussian(found: Axes) -> Density:
    """N(mean, covariance) of the codes that these axes are of; along no others, where codes are wider than
    DENSE and only the WIDE widest were found."""
    return Density(mean=found.mean, axes=found.axes, scales=found.scales, limits=found.limits, **_one())


def mixture(codes: np.ndarray, found: Axes, say: Say = to_nobody) -> Density:
    """A Gaussian mixture fitted to codes (N, K) along the first MIXED of their axes (Dempster et al., 1977).

    How many components, and whether their covariances are full or diagonal, is what gives a sixth of the
    codes, held out, the greatest likelihood; that is then fitted to all. Along further axes it is the
    Gaussian.
    """
    mixed = min(MIXED, len(found.axes))
    if not mixed:
        return gaussian(found)
    order = np.random.default_rng(0).permutation(len(codes))
    best: tuple[int, str] = CANDIDATES[0]
    at = -np.inf
    with threadpool_limits(1):
        scale = float(found.scales[0])
        places = ((codes[order] - found.mean) @ found.axes[:mixed].T / scale).astype(np.float64)
        held_out, fitted = np.split(places, [max(1, round(HELD_OUT * len(places)))])
        possible = [each for each in CANDIDATES if each[0] == 1 or each[0] * FEWEST <= len(fitted)]
        costs = np.cumsum([0, *(count * (5 if kind == "full" else 1) for count, kind in possible)])
        for done, (count, kind) in enumerate(possible):
            say(float(costs[done] / costs[-1]), f"Fitting the mixture, step {done + 1} of {len(possible)}")
            if (score := _fitted(fitted, count, kind).score(held_out)) > at:
                best, at = (count, kind), score
        chosen: Any = _fitted(places, *best)  # scikit-learn's types leave out what fitting adds
    spread = chosen.covariances_
    if chosen.covariance_type == "full":
        factors = np.linalg.cholesky(spread)
    else:
        factors = np.sqrt(spread)[:, :, None] * np.eye(mixed)
    return Density(
        mean=found.mean,
        axes=found.axes,
        scales=found.scales[mixed:],
        weights=(chosen.weights_ / chosen.weights_.sum()).astype(np.float32),
        means=(scale * chosen.means_).astype(np.float32),
        factors=(scale * factors).astype(np.float32),
        limits=found.limits,
    )


def _fitted(places: np.ndarray, count: int, kind: str) -> GaussianMixture:
    tried = GaussianMixture(
        count, covariance_type=kind, reg_covar=1e-5, max_iter=60, tol=3e-3, random_state=0
    )
    return tried.fit(places)


def draw(density: Density, count: int, seed: int, temperature: float = 1.0) -> np.ndarray:
    """New codes, float32 (count, K): the same for the same seed, whatever the machine's threads.

    `temperature` is what the deviations from the mean, of a mixture from those of its components, are
    multiplied by: 0 gives the means themselves, 1 what was fitted.
    """
    generator = np.random.default_rng(seed)
    weights = density.weights.astype(np.float64)
    which = generator.choice(len(weights), count, p=weights / weights.sum())
    mixed = density.means.shape[1]
    noise = temperature * generator.standard_normal((count, mixed + len(density.scales)))
    places = noise.copy()
    places[:, mixed:] *= density.scales
    with threadpool_limits(1):
        for component in np.unique(which) if mixed else []:
            own = which == component
            spread = noise[own, :mixed] @ density.factors[component].T.astype(np.float64)
            places[own, :mixed] = density.means[component] + spread
        codes = places @ density.axes if len(density.axes) else places
    if not places.shape[1]:
        codes = np.zeros((count, len(density.mean)))
    return np.clip(density.mean + codes, *density.limits).astype(np.float32)


def reached(places: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Whether each of places (N, K) lies where codes (M, K) do: bool (N,).

    That is, nearer to one of them than its NEIGHBOURS-th nearest among themselves. The share of new codes
    that lie where those of pictures do is their precision, the other way round their recall (Kynkäänniemi et
    al., 2019).
    """
    own = np.sort(cdist(codes, codes), axis=1)
    radii = own[:, min(NEIGHBOURS, len(codes) - 1)]
    return np.any(cdist(places, codes) <= radii, axis=1)


def as_arrays(density: Density) -> Arrays:
    """What `from_arrays` makes a density of again."""
    return {field.name: getattr(density, field.name) for field in fields(density)}


def from_arrays(arrays: Mapping[str, np.ndarray]) -> Density:
    """A density as it was kept; other arrays among them are left alone."""
    return Density(**{field.name: arrays[field.name] for field in fields(Density)})


def _one() -> dict[str, np.ndarray]:
    """A single component without mixed axes."""
    return {
        "weights": np.ones(1, np.float32),
        "means": np.zeros((1, 0), np.float32),
        "factors": np.zeros((1, 0, 0), np.float32),
    }
