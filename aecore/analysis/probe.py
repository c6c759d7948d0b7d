"""How much of what people see in an image its code says plainly: a linear classifier on the codes."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from aecore.analysis.codes import codes_of
from aecore.data import ImageSet
from aecore.models.base import Autoencoder

STRENGTHS = (0.01, 0.1, 1.0)
"""Inverse strengths of regularisation that are tried."""

HELD_OUT = 1 / 6
"""Share of the training images on which the strength is chosen."""

FEWEST = 60
"""With fewer training images none are held out, and the strength is the middle one."""


def probe_accuracy(model: Autoencoder, images: ImageSet) -> float:
    """Share of the test images whose class a logistic regression on their codes names.

    Codes are divided by one number, so that the strengths mean the same for every model. The regularisation
    is chosen on held-out training images, never on the test images (Alain and Bengio, 2016).
    """
    train, test = codes_of(model, images.train_images), codes_of(model, images.test_images)
    scale = float(train.std()) or 1.0
    probe = linear_probe(train / scale, images.train_labels.cpu().numpy())
    return float(probe.score(test / scale, images.test_labels.cpu().numpy()))


def linear_probe(features: np.ndarray, labels: np.ndarray) -> LogisticRegression | Pipeline:
    """A logistic regression fitted to features (N, D) and labels (N,), with the strength that suits them.

    Where there are fewer images than features, it is fitted in the directions that the images span. What is
    sought is the same: with a penalty on their squares, the best weights lie in that space (the representer
    theorem; Schölkopf et al., 2001).
    """
    # its products are small: two threads, beside other work, took 40 times as long
    with threadpool_limits(1):
        if len(features) >= features.shape[1]:
            return _suited(features, labels)
        span = PCA(svd_solver="full").fit(features)
        return make_pipeline(span, _suited(span.transform(features), labels))


def _suited(features: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    return _classifier(_strength(features, labels)).fit(features, labels)


def _strength(features: np.ndarray, labels: np.ndarray) -> float:
    """The one that names most of the held-out images, all else being equal the smallest."""
    if len(labels) < FEWEST:
        return STRENGTHS[len(STRENGTHS) // 2]
    fitted, held_out, fitted_labels, held_out_labels = train_test_split(
        features, labels, test_size=HELD_OUT, random_state=0
    )
    return max(
        STRENGTHS,
        key=lambda strength: (
            _classifier(strength).fit(fitted, fitted_labels).score(held_out, held_out_labels)
        ),
    )


def _classifier(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=200)
