"""Four classifiers on codes, and on what a code has to beat: as many principal components, and the pixels."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import confusion_matrix
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from aecore.analysis.draws import balanced
from aecore.analysis.feature_sets import FEATURES, Labelled, features, opened
from aecore.analysis.neighbourhoods import NEIGHBOURS
from aecore.analysis.probe import linear_probe
from aecore.analysis.questions import Arrays, Say
from aecore.errors import LabError
from aecore.models.base import Autoencoder

Fitted = Any
"""A classifier of scikit-learn, fitted."""

TREES = 100
AT_ONCE, MOST_NUMBERS = 4_000, 1_500_000
"""Training images, and features of all of them, for a classifier that somebody waits for: under 2 seconds."""

ALIKE = 50
"""Features that cost as much time as what does not depend on how many there are."""

SOFTNESS = 10.0
"""Of the support vector machine's margins: C, the inverse strength of regularisation."""


def nearest_neighbours(values: np.ndarray, labels: np.ndarray) -> KNeighborsClassifier:
    """What most of the five nearest are; of fewer where the rarest class has no five images."""
    rarest = int(np.unique(labels, return_counts=True)[1].min())
    return KNeighborsClassifier(min(NEIGHBOURS, rarest), algorithm="brute").fit(values, labels)


def support_vectors(values: np.ndarray, labels: np.ndarray) -> SVC:
    """Kernel exp(-|x - y|² / (D v)) for features (N, D) of variance v; a duel for each pair of classes."""
    return SVC(C=SOFTNESS, gamma="scale", decision_function_shape="ovo").fit(values, labels)


def forest(values: np.ndarray, labels: np.ndarray) -> RandomForestClassifier:
    """A hundred trees on images drawn with replacement, each fork one of √D features (Breiman, 2001)."""
    return RandomForestClassifier(TREES, n_jobs=-1, random_state=0).fit(values, labels)


@dataclass(frozen=True)
class Classifier:
    """How one kind of classifier is fitted, and to how much."""

    fit: Callable[[np.ndarray, np.ndarray], Fitted]
    """From features (N, D) and labels (N,)."""

    fitting: float
    """About which share of the time fitting takes, on MNIST; the rest goes by with test images."""

    most: int | None = None
    """Training images at most: it takes too long with more."""


CLASSIFIERS = {
    "probe": Classifier(linear_probe, 0.99),
    "knn": Classifier(nearest_neighbours, 0.01),
    "svm": Classifier(support_vectors, 0.5, 10_000),
    "forest": Classifier(forest, 0.95, 20_000),
}


def fitted(name: str, values: np.ndarray, labels: np.ndarray) -> Fitted:
    """One of CLASSIFIERS fitted to features (N, D) and labels (N,).

    Raises LabError where there is no such classifier, or all labels are equal.
    """
    if name not in CLASSIFIERS:
        raise LabError(f"there is no classifier {name!r}: choose {', '.join(CLASSIFIERS)}")
    if len(np.unique(labels)) < 2:
        raise LabError("all labelled images are of one class: there is nothing to tell apart")
    return CLASSIFIERS[name].fit(values, labels)


def fitted_at_once(name: str, values: np.ndarray, labels: np.ndarray) -> tuple[Fitted, int]:
    """The same while somebody waits: to fewer images, balanced, but for neighbours; and to how many."""
    count = len(values) if name == "knn" else min(len(values), AT_ONCE, MOST_NUMBERS // values.shape[1])
    taken = balanced(labels, count, seed=0)
    return fitted(name, values[taken], labels[taken]), len(taken)


def compared(model: Autoencoder, images: Labelled, classifier: str, say: Say) -> Arrays:
    """One of CLASSIFIERS on each of FEATURES, fitted to training images, judged on test images.

    One row for each: `accuracy` and its `uncertainty`, the standard error from so many test images, 0 to 1,
    `size`, how many features there are, `fit` and `predict`, seconds, all (3,), and `confusion` (3, C, C):
    how many test images of each class (rows) were taken for which (columns). Also `learnt` and `judged`, how
    many images, (1,). Raises LabError as `fitted` does.
    """
    most = CLASSIFIERS[classifier].most if classifier in CLASSIFIERS else None
    taken = balanced(images.train_labels, min(most or len(images.train), len(images.train)), seed=0)
    judged, rows = len(images.test), []
    costs = _costs(model)
    for done, name in enumerate(FEATURES):
        share = 0.02 + 0.98 * sum(costs[:done])
        say(share, f"{len(taken):,} training images, {name}")
        train, test = features(name, model, images)
        train = train[taken] if len(taken) < len(train) else train
        start = perf_counter()
        learnt = fitted(classifier, train, images.train_labels[taken])
        between = perf_counter()
        fitting = CLASSIFIERS[classifier].fitting
        say(share + 0.98 * costs[done] * fitting, f"{judged:,} test images, {name}")
        found = learnt.predict(test)
        end = perf_counter()
        right = float((found == images.test_labels).mean())
        rows.append(
            {
                "accuracy": right,
                "uncertainty": float(np.sqrt(right * (1 - right) / judged)),
                "size": train.shape[1],
                "fit": between - start,
                "predict": end - between,
                "confusion": confusion_matrix(images.test_labels, found, labels=range(images.classes)),
            }
        )
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    return columns | {"learnt": np.array([len(taken)]), "judged": np.array([judged])}


def _costs(model: Autoencoder) -> list[float]:
    """About which share of the time each of FEATURES takes: 784 pixels far more than a code of 32 numbers."""
    config = model.config
    numbers = [ALIKE + size for size in (config.code_size, config.code_size, config.pixel_count)]
    return [number / sum(numbers) for number in numbers]


def of_run(subject: str, device: str, say: Say, *, classifier: str, dataset: str = "") -> Arrays:
    """What is `compared` of a run's model, on images of `dataset`, or of its own where that is empty.

    Raises LabError where model or data cannot be had or do not fit.
    """
    say(0.0, "Images and model")
    return compared(*opened(subject, device, dataset), classifier, say)


def support(classifier: Fitted, values: np.ndarray, classes: int) -> np.ndarray:
    """How much speaks for each class: features (M, D) to shares (M, classes), 0 to 1.

    Probabilities of a linear probe, votes of neighbours and of trees, which sum to 1; of a support vector
    machine the share of its duels that a class wins.
    """
    found = np.zeros((len(values), classes))
    known = classifier.classes_
    found[:, known] = (
        duels(classifier, values) if isinstance(classifier, SVC) else classifier.predict_proba(values)
    )
    return found


def duels(machine: SVC, values: np.ndarray) -> np.ndarray:
    """Share of its C - 1 duels with other classes that each class wins: (M, C)."""
    count = len(machine.classes_)
    signs = machine.decision_function(values)
    if count == 2:
        return np.stack([signs <= 0, signs > 0], 1).astype(float)
    won = np.zeros((len(values), count))
    for column, (one, other) in enumerate(zip(*np.triu_indices(count, 1), strict=True)):
        won[:, one] += signs[:, column] > 0
        won[:, other] += signs[:, column] <= 0
    return won / (count - 1)
