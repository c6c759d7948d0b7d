"""The Fréchet distance beside closed forms, and the classifier whose features it is taken in."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import nn

from aecore import data
from aecore.analysis import frechet, judge
from aecore.analysis.judge import features_of, judge_of
from aecore.analysis.questions import Question, answer
from aecore.data import ImageSet


def spread(size: int, seed: int, rank: int | None = None) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(size, rank or size))
    return root @ root.T


def test_equal_covariances_leave_the_squared_distance_of_the_means():
    covariance = spread(5, 0)
    found = frechet.of_gaussians(np.zeros(5), covariance, np.array([3.0, 4, 0, 0, 0]), covariance)
    assert found == pytest.approx(25)


def test_diagonal_ones_are_as_far_apart_as_their_standard_deviations():
    one, other = np.array([1.0, 4, 9]), np.array([4.0, 4, 1])
    found = frechet.of_gaussians(np.zeros(3), np.diag(one), np.ones(3), np.diag(other))
    assert found == pytest.approx(3 + (1 - 2) ** 2 + 0 + (3 - 1) ** 2)


def test_a_worked_case_of_2_by_2():
    # the product has determinant 3 · 4 = 12 and trace 2·2 + 1·0 + 1·0 + 2·2 = 8;
    # of a 2×2 matrix M the root has trace sqrt(tr M + 2 sqrt(det M))
    one, other = np.array([[2.0, 1], [1, 2]]), np.array([[2.0, 0], [0, 2]])
    wanted = 4 + 4 - 2 * np.sqrt(8 + 2 * np.sqrt(12))
    assert frechet.of_gaussians(np.zeros(2), one, np.zeros(2), other) == pytest.approx(wanted)


def test_it_is_what_the_root_of_the_product_gives_and_the_same_both_ways():
    one, other, mean = spread(8, 1), spread(8, 2), np.arange(8.0)
    wanted = mean @ mean + np.trace(one + other - 2 * sqrtm(one @ other).real)
    assert frechet.of_gaussians(mean, one, np.zeros(8), other) == pytest.approx(wanted, rel=1e-6)
    assert frechet.of_gaussians(np.zeros(8), other, mean, one) == pytest.approx(wanted, rel=1e-6)


def test_singular_covariances_are_no_trouble():
    flat = spread(20, 3, rank=4)
    assert frechet.of_gaussians(np.zeros(20), flat, np.zeros(20), flat) == pytest.approx(0, abs=1e-5)
    none = np.zeros((20, 20))
    assert frechet.of_gaussians(np.zeros(20), none, np.zeros(20), flat) == pytest.approx(np.trace(flat))
    few = np.random.default_rng(0).normal(size=(5, 20))
    assert frechet.distance(few, few) == pytest.approx(0, abs=1e-6)
    assert frechet.distance(few, few + 2) == pytest.approx(20 * 4)


def test_of_features_it_nears_that_of_the_gaussians_they_are_from():
    drawn = np.random.default_rng(0)
    one, other = drawn.normal(size=(50_000, 3)), 2 * drawn.normal(size=(50_000, 3)) + 1
    assert frechet.distance(one, other) == pytest.approx(3 * 1 + 3 * (2 - 1) ** 2, rel=0.02)


@pytest.fixture
def few_steps(monkeypatch):
    monkeypatch.setattr(judge, "STEPS", 120)


@pytest.mark.usefixtures("few_steps")
def test_the_judge_names_digits_and_is_the_same_each_time():
    images = data.load("digits")
    found = answer(Question("judge", "digits"), "cpu")
    kept, right = judge_of(images, "cpu")
    assert right == found["accuracy"][0] > 0.8
    with torch.inference_mode():
        named = kept(images.test_images / 255).argmax(1)
    assert (named == images.test_labels).float().mean() == pytest.approx(right)
    again = judge.trained(images).state_dict()
    assert all(weight.equal(again[name]) for name, weight in kept.state_dict().items())
    features = features_of(kept, images.test_images)
    assert features.shape == (360, judge.FEATURES)
    with torch.inference_mode():
        scores = nn.functional.linear(torch.from_numpy(features[:5]), kept.scores.weight, kept.scores.bias)
        torch.testing.assert_close(scores, kept(images.test_images[:5] / 255))


@pytest.mark.parametrize("shape", [(1, 5, 9), (3, 16, 16), (1, 1, 1)])
def test_a_judge_takes_pictures_of_any_size(shape, few_steps):  # noqa: ARG001, a fixture
    pictures = torch.randint(0, 256, (40, *shape), dtype=torch.uint8)
    labels = torch.arange(40) % 2
    found = judge.trained(ImageSet("odd", pictures, labels, pictures, labels, ("a", "b")))
    assert features_of(found, pictures).shape == (40, judge.FEATURES)
