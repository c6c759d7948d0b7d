"""What lies together in the latent space: inside an outline, in one class, near a place."""

import numpy as np
from skimage.measure import approximate_polygon, points_in_poly
from sklearn.cluster import MiniBatchKMeans
from sklearn.neighbors import NearestNeighbors

CLUSTERS = 10
NEAR = 0.002
"""Of an outline's width and height: so far a corner may be from the line that is drawn in its place."""


def inside(points: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """Indices of the points (N, 2) inside a closed outline (V, 2), ascending: int64."""
    return np.flatnonzero(points_in_poly(points, outline)) if len(outline) > 2 else np.empty(0, np.int64)


def simplified(outline: np.ndarray, most: int) -> np.ndarray:
    """A closed outline (V, 2) with at most `most` corners, those that shape it most: (W, 2).

    By Ramer (1972) and Douglas and Peucker (1973), the tolerance raised until they are few enough.
    """
    span = np.ptp(outline, axis=0)
    scaled = outline / np.where(span > 0, span, 1)
    closed, tolerance = np.concatenate([scaled, scaled[:1]]), NEAR
    while len(corners := approximate_polygon(closed, tolerance)) > most + 1:
        tolerance *= 1.5
    return corners[:-1] * np.where(span > 0, span, 1)


def class_counts(labels: np.ndarray, classes: int) -> np.ndarray:
    """How many of the labels (N,) are each class: int64 (classes,)."""
    return np.bincount(labels, minlength=classes)


def nearest(values: np.ndarray, to: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the `count` of (N, ...) nearest to one (...), and their Euclidean distances, nearest first.

    Images are taken as they are stored, so that distances between them are in grey levels.
    """
    flat = values.reshape(len(values), -1)
    found = NearestNeighbors(n_neighbors=min(count, len(flat)), algorithm="brute").fit(
        flat if flat.dtype == np.float32 else flat.astype(np.float32)
    )
    distances, indices = found.kneighbors(to.reshape(1, -1).astype(np.float32))
    return indices[0], distances[0]


def clusters(codes: np.ndarray) -> np.ndarray:
    """Which of at most ten clusters each code (N, K) is in: int64 (N,), the largest cluster is 0.

    k-means on random batches (Sculley, 2010), begun with the same seed each time.
    """
    count = min(CLUSTERS, len(np.unique(codes[:1_000], axis=0)))
    found = MiniBatchKMeans(count, batch_size=4_096, n_init="auto", random_state=0).fit_predict(codes)
    order = np.argsort(-np.bincount(found, minlength=count), stable=True)
    return np.argsort(order)[found]
