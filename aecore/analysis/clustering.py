"""Whether images of a class lie together, when nobody says which classes there are: k-means."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, confusion_matrix, normalized_mutual_info_score
from threadpoolctl import threadpool_limits
from torch import Tensor

from aecore.analysis.feature_sets import FEATURES, Labelled, features, opened
from aecore.analysis.questions import Arrays, Say
from aecore.losses import mean_image
from aecore.models.base import Autoencoder

SEEDS = 5


def agreement(labels: np.ndarray, clusters: np.ndarray) -> tuple[float, float]:
    """Adjusted Rand index (Hubert and Arabie, 1985) and normalised mutual information of two partitions (N,).

    Both are 1 for equal ones; the first is 0 on average for what chance makes.
    """
    return float(adjusted_rand_score(labels, clusters)), float(normalized_mutual_info_score(labels, clusters))


def clustered(model: Autoencoder, images: Labelled, say: Say) -> Arrays:
    """k-means with as many clusters as classes on each of FEATURES, begun with five seeds.

    Clusters are made of training images; where test images fall is judged. `ari` and `nmi`, (3, 5), have a
    column for each seed. `tightest` (3,) is the seed with the smallest sum of squares on the training images,
    a choice that needs no label. `counts` (3, C, C) says how many test images of each class (columns) are in
    each of its clusters (rows), and `means`, uint8 (3, C, ...), are the mean training images of those, in the
    order of the class most of a cluster are of. Also `learnt` and `judged`, (1,): how many images.
    """
    shape = len(FEATURES), SEEDS
    ari, nmi, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    counts, means = [], []
    for row, name in enumerate(FEATURES):
        train, test = features(name, model, images)
        found: list[tuple[np.ndarray, np.ndarray]] = []  # clusters of training and of test images
        for seed in range(SEEDS):
            say((row + seed / SEEDS) / len(FEATURES), f"k-means, {name}, seed {seed}")
            method = KMeans(images.classes, random_state=seed)  # k-means++, which begins once
            with threadpool_limits(1):  # two threads, beside other work, took 9 times as long
                found.append((np.asarray(method.fit_predict(train)), np.asarray(method.predict(test))))
            ari[row, seed], nmi[row, seed] = agreement(images.test_labels, found[-1][1])
            squares[row, seed] = method.inertia_
        learnt, judged = found[int(squares[row].argmin())]
        table = contents(judged, images.test_labels, images.classes)
        order = np.argsort(table.argmax(1), kind="stable")
        counts.append(table[order])
        means.append(mean_images(images.train, learnt, images.classes)[order])
    return {
        "ari": ari,
        "nmi": nmi,
        "tightest": squares.argmin(1),
        "counts": np.stack(counts),
        "means": np.stack(means),
        "learnt": np.array([len(images.train)]),
        "judged": np.array([len(images.test)]),
    }


def of_run(subject: str, device: str, say: Say, *, dataset: str = "") -> Arrays:
    """What is `clustered` of a run's model, on images of `dataset`, or of its own where that is empty.

    Raises LabError where model or data cannot be had or do not fit.
    """
    say(0.0, "Images and model")
    return clustered(*opened(subject, device, dataset), say)


def contents(clusters: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """How many images of each class (columns) are in each of as many clusters (rows): int64."""
    return confusion_matrix(clusters, labels, labels=range(classes))


def mean_images(images: Tensor, clusters: np.ndarray, count: int) -> np.ndarray:
    """The mean of the uint8 images (N, C, H, W) in each of `count` clusters: uint8 (count, C, H, W).

    Black for one that is empty, as some are where not all images have different features.
    """
    means = np.zeros((count, *images.shape[1:]), np.uint8)
    for cluster in np.unique(clusters):
        own = images[np.flatnonzero(clusters == cluster).tolist()]
        means[cluster] = mean_image(own).mul(255).round().cpu().numpy()
    return means
