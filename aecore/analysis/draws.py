"""Which images get a label, when only some of them do."""

import numpy as np


def balanced(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Indices of `count` of the images with these labels (N,), drawn without replacement: int64, ascending.

    As many of each class, give or take one; a class that has too few gives all, and the others make up for
    it. A larger draw with the same seed has the smaller one in it.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    turn = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        own = np.flatnonzero(labels[order] == label)
        turn[own] = np.arange(len(own))
    return np.sort(order[np.argsort(turn, kind="stable")][:count])
