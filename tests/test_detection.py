"""Detection: a case worked by hand, and naive counting."""

import numpy as np
import pytest

from aecore.analysis import detection

NORMAL, STRANGE = np.array([0.0, 1, 2]), np.array([1.5, 3])


def test_figures_worked_out_by_hand():
    found = detection.figures(NORMAL, STRANGE)
    assert found.auroc == pytest.approx(5 / 6)  # of six pairs only (2, 1.5) is the wrong way round
    assert found.aupr == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert found.best_f1 == pytest.approx(0.8)  # above 1: two found, one false alarm


def test_one_threshold_worked_out_by_hand():
    told = detection.counts(NORMAL, STRANGE, 1)
    assert told == detection.Counts(found=2, missed=0, false_alarms=1, passed=2)
    assert (told.precision, told.recall) == (pytest.approx(2 / 3), 1)
    nothing = detection.counts(NORMAL, STRANGE, 3)
    assert np.isnan(nothing.precision)
    assert nothing.recall == 0


def test_the_threshold_lets_its_share_pass_and_ranks_begin_at_one():
    held_out = np.random.default_rng(0).normal(size=1_000)
    assert (held_out <= detection.threshold(held_out, 0.95)).mean() == pytest.approx(0.95, abs=0.001)
    assert detection.threshold(np.arange(12.0), 0.95) == 11  # of so few all pass, as without one fewer would
    assert detection.threshold(np.arange(20.0), 0.95) == 18
    assert [detection.rank(NORMAL, score) for score in (5, 2, 1.5, -1)] == [1, 2, 2, 4]


def test_curves_are_those_of_counting_at_every_threshold():
    draw = np.random.default_rng(1)
    normal, strange = draw.normal(size=40).round(1), draw.normal(1, size=30).round(1)  # with ties
    told = detection.curves(normal, strange)
    by_hand = {(0.0, 0.0)}
    for score in np.concatenate([normal, strange]):
        by_hand.add((float((normal >= score).mean()), float((strange >= score).mean())))
    shown = set(zip(told.false_alarms.tolist(), told.found.tolist(), strict=True))
    assert shown <= by_hand
    pairs = [(score > other) + 0.5 * (score == other) for score in strange for other in normal]
    assert detection.figures(normal, strange).auroc == pytest.approx(np.mean(pairs))
    area = np.trapezoid(told.found, told.false_alarms)
    assert area == pytest.approx(np.mean(pairs))
    by_score = [
        ((strange >= score).mean(), (strange >= score).sum() / (np.append(strange, normal) >= score).sum())
        for score in np.append(strange, normal)
    ]
    for pair in zip(told.recall[:-1], told.precision[:-1], strict=True):
        assert any(np.allclose(pair, other) for other in by_score)
