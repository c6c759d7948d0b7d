"""How well a number tells strange images from normal ones: the larger, the stranger."""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve


class Curves(NamedTuple):
    """What every threshold would do; float64 arrays of equal length within each pair."""

    false_alarms: np.ndarray
    """Share of the normal images called strange, ascending from 0 to 1."""

    found: np.ndarray
    """Share of the strange images called strange, at the same thresholds."""

    recall: np.ndarray
    """The same share, descending, for the curve of precision."""

    precision: np.ndarray
    """Share of the images called strange that are."""


class Figures(NamedTuple):
    """What can be said without a threshold, all in [0, 1]."""

    auroc: float
    """Chance that a strange image scores higher than a normal one; 0.5 is guessing."""

    aupr: float
    """Average precision; the share of strange images is guessing."""

    best_f1: float
    """The F1 of the best threshold there is. Found with the strange images at hand, so it flatters."""


class Counts(NamedTuple):
    """What one threshold does."""

    found: int
    missed: int
    false_alarms: int
    passed: int

    @property
    def precision(self) -> float:
        """NaN where nothing is called strange."""
        called = self.found + self.false_alarms
        return self.found / called if called else np.nan

    @property
    def recall(self) -> float:
        return self.found / (self.found + self.missed)


def curves(normal: np.ndarray, strange: np.ndarray) -> Curves:
    """From the scores of normal (N,) and strange (S,) images, both finite and at least one of each."""
    scores, wanted = _joined(normal, strange)
    false_alarms, found, _ = roc_curve(wanted, scores)
    precision, recall, _ = precision_recall_curve(wanted, scores)
    return Curves(false_alarms, found, recall, precision)


def auroc(normal: np.ndarray, strange: np.ndarray) -> float:
    """From the same scores, the first of the figures alone."""
    scores, wanted = _joined(normal, strange)
    return float(roc_auc_score(wanted, scores))


def figures(normal: np.ndarray, strange: np.ndarray) -> Figures:
    """From the same scores."""
    scores, wanted = _joined(normal, strange)
    precision, recall, _ = precision_recall_curve(wanted, scores)
    with np.errstate(invalid="ignore"):
        f1 = np.nan_to_num(2 * precision * recall / (precision + recall))
    return Figures(
        auroc=auroc(normal, strange),
        aupr=float(average_precision_score(wanted, scores)),
        best_f1=float(f1.max()),
    )


def counts(normal: np.ndarray, strange: np.ndarray, threshold: float) -> Counts:
    """What comes of calling strange what scores above the threshold."""
    found, false_alarms = int((strange > threshold).sum()), int((normal > threshold).sum())
    return Counts(
        found=found,
        missed=len(strange) - found,
        false_alarms=false_alarms,
        passed=len(normal) - false_alarms,
    )


def threshold(held_out: np.ndarray, share: float) -> float:
    """The lowest score of held-out normal images that at least this share, such as 0.95, is not above."""
    return float(np.quantile(held_out, share, method="inverted_cdf"))


def rank(normal: np.ndarray, score: float) -> int:
    """The place of a score among normal images, 1 for the strangest."""
    return 1 + int((normal >= score).sum())


def _joined(normal: np.ndarray, strange: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([normal, strange]), np.repeat([0, 1], [len(normal), len(strange)])
