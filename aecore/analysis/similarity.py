"""How much alike what the units of a code stand for is."""

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

MOST_COMPARED = 4_096
"""Units that are all compared with each other; of more, so many evenly spread ones."""


def cosines(atoms: np.ndarray, unit: int) -> np.ndarray:
    """The cosine of one unit's picture with each of atoms (U, ...): (U,), 0 where one is empty."""
    directions = _directions(atoms)
    return directions @ directions[unit]


def alike(atoms: np.ndarray, unit: int, count: int) -> np.ndarray:
    """At most `count` other units whose pictures have the largest cosine with this one's, signs apart."""
    found = np.argsort(-np.abs(cosines(atoms, unit)), stable=True)
    return found[found != unit][:count]


def coherence(atoms: np.ndarray) -> tuple[float, float]:
    """Mean and largest absolute cosine between two of atoms (U, ...), those that are empty left out.

    Of more than MOST_COMPARED, so many evenly spread ones are compared. NaN where there are no two.
    """
    directions = _directions(atoms)
    directions = directions[np.any(directions, axis=1)]
    if len(directions) > MOST_COMPARED:
        directions = directions[np.linspace(0, len(directions) - 1, MOST_COMPARED).astype(int)]
    count = len(directions)
    if count < 2:
        return float("nan"), float("nan")
    found = np.abs(directions @ directions.T)
    np.fill_diagonal(found, 0)
    mean = found.sum(dtype=np.float64) / (count * (count - 1))
    return float(mean), min(float(found.max()), 1.0)


def by_similarity(atoms: np.ndarray) -> np.ndarray:
    """The units in an order that brings those with pictures alike together: int64 (U,).

    The leaves of an average-linkage tree over 1 - cosine, from scipy; at most MOST_COMPARED units.
    """
    if len(atoms) < 2:
        return np.arange(len(atoms))
    directions = _directions(atoms)
    distances = np.clip(1 - directions @ directions.T, 0, 2).astype(np.float64)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "average")
    return leaves_list(tree).astype(np.int64)


def _directions(atoms: np.ndarray) -> np.ndarray:
    """Each of atoms (U, ...) as a row of length 1; zeros where it is empty."""
    rows = atoms.reshape(len(atoms), -1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)
