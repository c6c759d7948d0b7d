"""How many labels it takes: the accuracy of a classifier that knows the classes of only some images."""

from collections.abc import Callable

import numpy as np

from aecore.analysis.classifiers import CLASSIFIERS, fitted
from aecore.analysis.draws import balanced
from aecore.analysis.feature_sets import FEATURES, Labelled, features, opened
from aecore.analysis.questions import Arrays, Say
from aecore.errors import LabError
from aecore.models.base import Autoencoder

COUNTS = (10, 30, 100, 300, 1_000, 3_000, 10_000)
"""Of labelled images; then all there are."""

DRAWS = 5
"""Of which images have labels, by the seeds 0, 1, ..., as long as there are at most MANY."""

MANY, DRAWS_OF_MANY = 1_000, 3


def counts(most: int) -> list[int]:
    """How many labels there are in turn, ascending, the last being `most`."""
    return [count for count in COUNTS if count < most] + [most]


def draws(count: int, total: int) -> int:
    """How often so many of `total` images are drawn: once where nothing is left to chance."""
    if count == total:
        return 1
    return DRAWS if count <= MANY else DRAWS_OF_MANY


def by_count(
    judge: Callable[[np.ndarray, int], float], labels: np.ndarray, most: int, effort: int, say: Say
) -> Arrays:
    """What `judge` finds of balanced draws of the images with labels (N,): the more labels, the better.

    It is given indices of the labelled images and the seed they were drawn with. `effort` is how many labels
    cost as much time as whatever does not depend on them. Returns `labels` (S,), how many there are in turn,
    up to `most`, `accuracy` (S, 5), NaN where there were fewer draws, and its `mean`, `low` and `high` (S,).
    """
    steps = counts(most)
    found = np.full((len(steps), DRAWS), np.nan)
    costs = [(count + effort) * draws(count, len(labels)) for count in steps]
    done = 0.0
    for row, count in enumerate(steps):
        for seed in range(draws(count, len(labels))):
            say(done / sum(costs), f"{count:,} labels, draw {seed + 1} of {draws(count, len(labels))}")
            found[row, seed] = judge(balanced(labels, count, seed), seed)
            done += count + effort
    return {
        "labels": np.array(steps),
        "accuracy": found,
        "mean": np.nanmean(found, 1),
        "low": np.nanmin(found, 1),
        "high": np.nanmax(found, 1),
    }


def judge_of(
    model: Autoencoder, images: Labelled, features_of: str, classifier: str
) -> Callable[[np.ndarray, int], float]:
    """For `by_count`: the accuracy on test images of one of CLASSIFIERS, on one of FEATURES.

    Raises LabError, what it returns too.
    """
    if features_of not in FEATURES:
        raise LabError(f"there are no features {features_of!r}: choose {', '.join(FEATURES)}")
    train, test = features(features_of, model, images)

    def judge(taken: np.ndarray, _seed: int) -> float:
        learnt = fitted(classifier, train[taken], images.train_labels[taken])
        return float(learnt.score(test, images.test_labels))

    return judge


def curve(model: Autoencoder, images: Labelled, features_of: str, classifier: str, say: Say) -> Arrays:
    """`by_count` of `judge_of`. Raises LabError."""
    judge = judge_of(model, images, features_of, classifier)
    most, count = CLASSIFIERS[classifier].most if classifier in CLASSIFIERS else None, len(images.train)
    return by_count(judge, images.train_labels, min(most or count, count), 1_000, say)


def of_run(
    subject: str, device: str, say: Say, *, features_of: str, classifier: str, dataset: str = ""
) -> Arrays:
    """The `curve` of a run's model, with labels of `dataset`, or of its own where that is empty.

    Raises LabError where model or data cannot be had or do not fit.
    """
    say(0.0, "Images and model")
    return curve(*opened(subject, device, dataset), features_of, classifier, say)
