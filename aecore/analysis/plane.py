"""The plane that codes are drawn on, and the way back: from any place on it to a code."""

from typing import Literal, Protocol, get_args

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from aecore.errors import LabError

Projection = Literal["code", "pca", "tsne"]
NEIGHBOURS = 5
"""Whose codes are mixed where there is no exact way back."""

DENSE = 2_000
"""Up to so many numbers PCA comes from the eigenvectors of their covariances, above from a Lanczos method."""


OUTER = 2
"""Percent of the points at either end of an axis that need not be seen at first: codes can lie far out."""


class Plane(Protocol):
    """Codes (N, K) as points of a plane."""

    points: np.ndarray
    """Where the codes are: float32 (N, 2)."""

    @property
    def exact(self) -> bool:
        """Whether a place on the plane stands for one code."""
        ...

    @property
    def axes(self) -> tuple[str, str]:
        """What the two directions are called."""
        ...

    def place(self, codes: np.ndarray) -> np.ndarray:
        """Where other codes (M, K) belong: float32 (M, 2)."""
        ...

    def codes(self, points: np.ndarray) -> np.ndarray:
        """The codes, float32 (M, K), that places (M, 2) stand for."""
        ...


class Direct:
    """A code of two numbers is a place. One number alone is spread out sideways, which means nothing."""

    exact = True

    def __init__(self, codes: np.ndarray) -> None:
        self._size = codes.shape[1]
        self.axes = ("First number of the code", "Second number of the code")
        if self._size == 1:
            self.axes = ("The code", "No meaning: spread out so that points do not hide each other")
        self.points = self.place(codes)

    def place(self, codes: np.ndarray) -> np.ndarray:
        if self._size == 2:
            return np.asarray(codes, np.float32)
        aside = np.random.default_rng(0).random((len(codes), 1))
        return np.concatenate([codes, aside], axis=1).astype(np.float32)

    def codes(self, points: np.ndarray) -> np.ndarray:
        return np.asarray(points, np.float32)[:, : self._size]


class Principal:
    """point = P (code - m);  code = Pᵀ point + m

    P has the two directions in which these codes vary most (Pearson, 1901), m is their mean. Any code on
    that plane comes back exactly; what a code has beside it is lost.
    """

    exact = True

    def __init__(self, codes: np.ndarray) -> None:
        solver = "covariance_eigh"
        if codes.shape[1] > DENSE:
            solver = "arpack" if min(codes.shape) > 2 and np.ptp(codes, axis=0).any() else "full"
        self._pca = PCA(2, svd_solver=solver, random_state=0)
        self.points = self._pca.fit_transform(codes).astype(np.float32)
        with np.errstate(invalid="ignore"):  # codes that are all equal vary in no direction
            shares = np.nan_to_num(self._pca.explained_variance_ratio_)
        first, second = (f"{share:.0%} of the variance" for share in shares)
        self.axes = (f"First component, {first}", f"Second component, {second}")

    def place(self, codes: np.ndarray) -> np.ndarray:
        return self._pca.transform(codes).astype(np.float32)

    def codes(self, points: np.ndarray) -> np.ndarray:
        return self._pca.inverse_transform(points).astype(np.float32)


class Mixed:
    """Points that were found for these codes alone, as by t-SNE: between them, neighbours are mixed.

    code = Σ w_i code_i / Σ w_i,  w_i = 1 / distance_i, over the five nearest points; a place on a point has
    that point's code. The same the other way round, with distances between codes. (Shepard, 1968)
    """

    exact = False
    axes = ("t-SNE, first direction", "t-SNE, second direction")

    def __init__(self, codes: np.ndarray, points: np.ndarray) -> None:
        if len(codes) != len(points):
            raise LabError(f"there are {len(points)} points for {len(codes)} codes: compute them again")
        self.points = np.asarray(points, np.float32)
        self._codes = codes
        nearest = min(NEIGHBOURS, len(codes))
        self._by_point = NearestNeighbors(n_neighbors=nearest).fit(self.points)
        self._by_code = NearestNeighbors(n_neighbors=nearest).fit(codes)

    def place(self, codes: np.ndarray) -> np.ndarray:
        return _mixture(self._by_code, codes, self.points)

    def codes(self, points: np.ndarray) -> np.ndarray:
        return _mixture(self._by_point, points, self._codes)


def _mixture(index: NearestNeighbors, where: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of the `values` (N, D) of the nearest to each of (M, ...), weighted by 1 / distance: (M, D)."""
    distances, nearest = index.kneighbors(where)
    on_one = distances == 0
    with np.errstate(divide="ignore"):
        weights = np.where(on_one.any(1, keepdims=True), on_one, 1 / distances)
    weights /= weights.sum(1, keepdims=True)
    return np.einsum("mn,mnd->md", weights, values[nearest]).astype(np.float32)


def projections(code_size: int) -> list[Projection]:
    """What codes of this size can be drawn by, the plainest first."""
    return (
        ["code", "tsne"] if code_size == 1 else ["code", "pca", "tsne"] if code_size == 2 else ["pca", "tsne"]
    )


def plane_of(codes: np.ndarray, projection: Projection, points: np.ndarray | None = None) -> Plane:
    """Codes (N, K) on a plane. `points` (N, 2) are the answer of the analysis `tsne`, needed for that alone.

    Raises LabError where codes of this size cannot be drawn so.
    """
    if projection not in get_args(Projection) or projection not in projections(codes.shape[1]):
        possible = " or ".join(projections(codes.shape[1]))
        raise LabError(f"projection is {projection!r}: choose {possible} for a code of {codes.shape[1]}")
    if projection == "tsne":
        if points is None:
            raise LabError("t-SNE takes a while: ask for its points first")
        return Mixed(codes, points)
    return Direct(codes) if projection == "code" else Principal(codes)


def extent(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lower left and upper right corners, (2,) each, of the rectangle where points (N, 2) are crowded.

    Along each axis that is where all but the outer 2 % at either end are, and a quarter of it more to both
    sides. Where that is four fifths of the way from the first point to the last, it is the whole way.
    """
    first, last = points.min(0), points.max(0)
    low, high = np.percentile(points, [OUTER, 100 - OUTER], axis=0)
    margin = (high - low) / 4
    low, high = np.maximum(first, low - margin), np.minimum(last, high + margin)
    crowded = high - low < 0.8 * (last - first)
    return np.where(crowded, low, first), np.where(crowded, high, last)


def outside(points: np.ndarray) -> int:
    """How many of points (N, 2) are outside their own `extent`."""
    low, high = extent(points)
    return int(((points < low) | (points > high)).any(1).sum())


def places(points: np.ndarray, across: int, down: int) -> np.ndarray:
    """A grid of places over the `extent` of points (N, 2), row by row from the top: (D*A, 2).

    They are the middles of equal cells.
    """
    low, high = extent(points)
    x = low[0] + (high[0] - low[0]) * (np.arange(across) + 0.5) / across
    y = high[1] - (high[1] - low[1]) * (np.arange(down) + 0.5) / down
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def path(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Codes (steps, K) on the straight line from one code (K,) to another, both ends included."""
    share = np.linspace(0, 1, steps)[:, None]
    return ((1 - share) * start + share * end).astype(np.float32)
