"""When units are active and how alike they are, against loops, scikit-learn, scipy and cases by hand."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.metrics import r2_score
from sklearn.metrics.pairwise import cosine_similarity

from aecore.analysis import activity as module
from aecore.analysis import dictionary, similarity
from aecore.analysis.activity import active_at, activity, around, sample, strongest
from aecore.analysis.questions import Question, answer
from aecore.analysis.sparsity import means
from aecore.config import ConvWinnersConfig, Experiment
from aecore.recipes import RECIPES

CODES = np.array([[0, 1, 5, 2.0], [0, 0, 5, -1], [0, 3, 5, 0.1], [0, 0, 5, 0]], np.float32)
LABELS = np.array([0, 1, 0, 1])


def test_density_and_marks_are_worked_by_hand():
    found = activity(CODES, LABELS, class_count=3)
    assert found.density.tolist() == [0, 0.5, 1, 0.75]
    assert found.dead.tolist() == [True, False, True, False]  # zero or not: the same for every image
    assert found.always.tolist() == [False] * 4
    assert found.active_units == 2.25
    np.testing.assert_allclose(found.mean, [0, 1, 5, 0.775])
    np.testing.assert_allclose(found.profile[:, :2], [[0, 0], [2, 0], [5, 5], [1.05, 0.5]])
    assert np.isnan(found.profile[:, 2]).all()  # no image of that class
    assert found.favourite.tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(found.selectivity, [0, 1, 0, 0.55 / 1.55])


def test_a_tenth_of_the_largest_leaves_out_what_is_small():
    assert active_at(CODES, "tenth")[:, 3].tolist() == [True, True, False, False]
    assert activity(CODES, LABELS, 2, "tenth").density.tolist() == [0, 0.5, 1, 0.5]


def test_a_unit_never_silent_is_always_on():
    codes = np.array([[1, 0.0], [2, 1], [3, 0]], np.float32)
    assert activity(codes, np.zeros(3, int), 1).always.tolist() == [True, False]
    assert activity(codes, np.zeros(3, int), 1).selectivity.tolist() == [0, 0]  # one class only


def test_selectivity_and_profile_are_those_of_loops():
    drawn = np.random.default_rng(0)
    codes = np.maximum(drawn.normal(size=(200, 6)), 0).astype(np.float32)
    labels = drawn.integers(0, 4, 200)
    found = activity(codes, labels, 4)
    for unit in range(6):
        classes = [codes[labels == label, unit].mean() for label in range(4)]
        best = max(classes)
        rest = (sum(classes) - best) / 3
        assert found.selectivity[unit] == pytest.approx((best - rest) / (best + rest), rel=1e-4)
        assert found.favourite[unit] == int(np.argmax(classes))


def test_examples_are_the_strongest_and_those_about_a_quantile():
    values = np.array([0, 3, -5, 1, 0, 2, 4], np.float32)
    assert strongest(values, 3).tolist() == [2, 6, 1]
    assert around(values, 1, 2).tolist() == [2, 6]
    assert around(values, 0.5, 1).tolist() == [1]
    assert around(values, 0, 2).tolist() == [5, 3]
    assert around(values, 0.5, 9).tolist() == [2, 6, 1, 5, 3]
    assert around(np.zeros(3, np.float32), 0.5, 2).tolist() == []


def test_a_sample_is_evenly_spread_and_bounded(monkeypatch):
    assert sample(5, 32).tolist() == [0, 1, 2, 3, 4]
    assert len(sample(70_000, 32)) == 10_000
    assert sample(70_000, 32)[-1] == 69_999
    assert len(sample(10_000, 2_000)) == 2_500
    monkeypatch.setattr(module, "MOST_NUMBERS", 10)
    assert len(sample(10_000, 2_000)) == 512


def test_cosines_and_coherence_are_scikit_learns():
    atoms = np.random.default_rng(1).normal(size=(7, 1, 3, 4)).astype(np.float32)
    atoms[3] = 0
    cosine = cosine_similarity(atoms.reshape(7, -1))
    np.testing.assert_allclose(similarity.cosines(atoms, 2), cosine[2], atol=1e-6)
    alive = np.delete(np.delete(np.abs(cosine), 3, 0), 3, 1)
    pairs = alive[np.triu_indices(6, 1)]
    assert similarity.coherence(atoms) == pytest.approx((pairs.mean(), pairs.max()), rel=1e-5)
    expected = sorted(set(range(7)) - {2}, key=lambda unit: -abs(cosine[2, unit]))
    assert similarity.alike(atoms, 2, 4).tolist() == expected[:4]


def test_coherence_by_hand():
    atoms = np.array([[1, 0], [0, 2], [3, 3.0]], np.float32)
    mean, largest = similarity.coherence(atoms)
    assert largest == pytest.approx(np.sqrt(0.5))
    assert mean == pytest.approx(np.sqrt(0.5) * 2 / 3)
    assert similarity.coherence(np.ones((2, 4), np.float32)) == pytest.approx((1, 1))
    assert np.isnan(similarity.coherence(np.ones((1, 4), np.float32))).all()


def test_the_order_by_similarity_brings_twins_together():
    drawn = np.random.default_rng(2)
    groups = drawn.normal(size=(4, 20))
    atoms = np.concatenate([groups + 0.01 * drawn.normal(size=(4, 20)) for _ in range(3)]).astype(np.float32)
    order = similarity.by_similarity(atoms)
    assert sorted(order.tolist()) == list(range(12))
    assert all(len(set(order[first : first + 3] % 4)) == 1 for first in range(0, 12, 3))
    in_order = np.diag(cdist(atoms[order], atoms[order], "cosine"), 1).sum()
    assert in_order < np.diag(cdist(atoms, atoms, "cosine"), 1).sum()
    assert similarity.by_similarity(atoms[:1]).tolist() == [0]


def test_explained_variance_is_scikit_learns():
    images = torch.randint(0, 256, (50, 1, 2, 3), dtype=torch.uint8)
    floats = (images / 255).flatten(1).double().numpy()
    guess = np.clip(floats + 0.1, 0, 1)
    errors = np.square(guess - floats).mean(1)
    expected = r2_score(floats, guess, multioutput="variance_weighted")
    assert dictionary.explained_variance(errors, images) == pytest.approx(expected, rel=1e-6)
    assert np.isnan(dictionary.explained_variance(errors, images[:1].expand(50, -1, -1, -1)))


def test_what_makes_codes_sparse_is_read_off_the_settings():
    named = {name: means(RECIPES[name].on(RECIPES[name].data.dataset)) for name in RECIPES}
    assert named["k-sparse"] == ["top-k"]
    assert named["fc-wta"] == named["conv-wta"] == ["winner takes all"]
    assert named["zhong-combined"] == ["top-k", "winner takes all"]
    assert named["zhong-l1"] == ["L1"]
    assert named["zhong-kl-strong"] == ["KL"]
    assert named["lab-32"] == named["lab-variational"] == []
    assert means(Experiment(model=ConvWinnersConfig())) == ["winner takes all"]


def test_the_active_units_of_a_run_are_counted_on_its_test_images():
    found = answer(Question("sparsity", "zoo-digits-32"), "cpu")
    assert found["any"].tolist() == [32]  # nothing silences a unit of a dense code
    assert 5 < found["tenth"][0] < 32
