"""Images most similar to one: in code space, and in what a code has to beat."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from aecore.analysis import space
from aecore.analysis.feature_sets import FEATURES, Labelled, features, opened
from aecore.analysis.questions import Arrays, Say
from aecore.models.base import Autoencoder

FOUND = 10
QUERIES = 2_000
"""Test images at most."""


def precision(gallery: np.ndarray, labels: np.ndarray, queries: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Share of the ten nearest of `gallery` (N, D) to each of `queries` (Q, D) that are of its class: (Q,).

    Euclidean distances; of all where there are fewer than ten. This is precision at 10 (Manning, Raghavan and
    Schütze, Introduction to Information Retrieval, 2008, section 8.4).
    """
    nearest = NearestNeighbors(n_neighbors=min(FOUND, len(gallery)), algorithm="brute").fit(gallery)
    found = nearest.kneighbors(queries, return_distance=False)
    return (labels[found] == wanted[:, None]).mean(1)


def retrieved(model: Autoencoder, images: Labelled, say: Say) -> Arrays:
    """`precision` of test images among the training images, for each of FEATURES.

    `precision` (3,) is the mean over the queries and `uncertainty` (3,) its standard error, `classes` (3, C)
    the mean over those of each class, NaN where there are none. Also `gallery` and `queries`, (1,): how many
    images.
    """
    asked = space.chosen(len(images.test), space.MOST_NUMBERS // QUERIES)
    wanted = images.test_labels[asked]
    found = np.zeros((len(FEATURES), len(asked)))
    for row, name in enumerate(FEATURES):
        say(0.1 + 0.9 * row / len(FEATURES), f"{len(asked):,} queries, {name}")
        gallery, test = features(name, model, images)
        found[row] = precision(gallery, images.train_labels, test[asked], wanted)
    classes = [
        found[:, wanted == label].mean(1) if (wanted == label).any() else np.full(len(FEATURES), np.nan)
        for label in range(images.classes)
    ]
    return {
        "precision": found.mean(1),
        "uncertainty": found.std(1) / np.sqrt(len(asked)),
        "classes": np.stack(classes, 1),
        "gallery": np.array([len(images.train)]),
        "queries": np.array([len(asked)]),
    }


def of_run(subject: str, device: str, say: Say, *, dataset: str = "") -> Arrays:
    """What is `retrieved` by a run's model, of images of `dataset`, or of its own where that is empty.

    Raises LabError where model or data cannot be had or do not fit.
    """
    say(0.0, "Images and model")
    return retrieved(*opened(subject, device, dataset), say)
