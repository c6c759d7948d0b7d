"""Accuracy against the number of labels, with a classifier and with an encoder that goes on learning."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from every_model import small_configs
from labelled_images import untrained
from sklearn.neighbors import KNeighborsClassifier

from aecore.analysis import few_labels, fine_tuning
from aecore.analysis.draws import balanced
from aecore.analysis.feature_sets import features
from aecore.analysis.few_labels import by_count, counts, curve, draws
from aecore.analysis.questions import Question, answer, to_nobody
from aecore.config import DenseConfig
from aecore.errors import LabError
from aecore.models import build

SHAPES = {"digits": (1, 28, 28), "patches": (3, 16, 16)}
EVERY = [
    pytest.param(config, dataset, id=f"{config.kind}-{dataset}")
    for dataset, shape in SHAPES.items()
    for config in small_configs([shape], code_size=5)
]


def test_counts_rise_to_all_there_are_which_are_not_drawn():
    assert counts(1_437) == [10, 30, 100, 300, 1_000, 1_437]
    assert counts(300) == [10, 30, 100, 300]
    assert [draws(count, 1_437) for count in (10, 1_000, 1_200, 1_437)] == [5, 5, 3, 1]


def test_every_draw_is_judged_and_its_spread_is_told():
    labels, asked, heard = np.arange(200) % 10, [], []

    def judge(taken, seed):
        asked.append((len(taken), seed))
        np.testing.assert_array_equal(taken, balanced(labels, len(taken), seed))
        return len(taken) / 1000 + seed / 10

    found = by_count(judge, labels, 200, 100, lambda share, _doing: heard.append(share))
    assert asked == [(count, seed) for count in (10, 30, 100) for seed in range(5)] + [(200, 0)]
    assert found["labels"].tolist() == [10, 30, 100, 200]
    np.testing.assert_allclose(found["mean"], [0.21, 0.23, 0.3, 0.2])
    np.testing.assert_allclose(found["low"], [0.01, 0.03, 0.1, 0.2])
    np.testing.assert_allclose(found["high"], [0.41, 0.43, 0.5, 0.2])
    assert np.isnan(found["accuracy"][3, 1:]).all()
    assert heard[0] == 0
    assert heard == sorted(heard)
    assert heard[-1] < 1


def test_a_curve_is_scikit_learns_accuracy_on_each_draw():
    model, images = untrained(DenseConfig(hidden=(), code_size=6), "digits", train=120, test=100)
    found = curve(model, images, "pixels", "knn", to_nobody)
    train, test = features("pixels", model, images)
    for row, (count, near) in enumerate(((10, 1), (30, 3), (100, 5))):
        taken = balanced(images.train_labels, count, 1)
        theirs = KNeighborsClassifier(near).fit(train[taken], images.train_labels[taken])
        assert found["accuracy"][row, 1] == pytest.approx(theirs.score(test, images.test_labels), abs=0.011)
    assert found["mean"][-1] > found["mean"][0]


def test_unknown_features_classifiers_and_starts_are_refused():
    model, images = untrained(DenseConfig(hidden=(), code_size=6), "digits")
    with pytest.raises(LabError, match="no features 'soul': choose code, pca, pixels"):
        curve(model, images, "soul", "knn", to_nobody)
    with pytest.raises(LabError, match="no classifier 'oracle'"):
        curve(model, images, "code", "oracle", to_nobody)
    with pytest.raises(LabError, match="'half': choose trained or fresh"):
        answer(Question("fine-tuning", "zoo-digits-32", {"start": "half"}), "cpu")


def test_one_step_of_fine_tuning_by_hand(monkeypatch):
    monkeypatch.setattr(fine_tuning, "STEPS", 1)
    monkeypatch.setattr(fine_tuning, "EPOCHS", 1)
    model, images = untrained(DenseConfig(hidden=(), code_size=6), "digits")
    few, labels = images.train[:20], images.train_labels[:20]
    network = fine_tuning.fine_tuned(model, few, labels, 10, seed=0)
    codes = model.encode(few / 255).detach() / float(model.encode(few / 255).detach().numpy().std())
    # all scores are 0 before: the gradient of a class's weights is the mean of (1/10 - is it) code
    gradient = (0.1 - F.one_hot(torch.from_numpy(labels), 10).float()).T @ codes / 20
    first_step_of_adam = -fine_tuning.LEARNING_RATE * gradient.sign()
    moved = gradient.abs() > 1e-4
    assert moved.sum() > 30
    torch.testing.assert_close(network.head.weight[moved], first_step_of_adam[moved], rtol=1e-2, atol=0)
    fresh = build(model.config).state_dict()
    assert all(weight.equal(fresh[name]) for name, weight in model.state_dict().items())  # it is not moved


@pytest.mark.parametrize(("config", "dataset"), EVERY)
def test_the_encoder_of_every_model_learns_labels_by_heart(config, dataset, monkeypatch):
    monkeypatch.setattr(fine_tuning, "STEPS", 60)
    model, images = untrained(config, dataset)
    taken = balanced(images.train_labels, 20, 0)
    few, labels = images.train[taken.tolist()], images.train_labels[taken]
    network = fine_tuning.fine_tuned(model, few, labels, images.classes, seed=0)
    assert fine_tuning.accuracy(network, few, labels) > 2 / images.classes - 0.3
    before = model.state_dict()
    assert any(not weight.equal(before[name]) for name, weight in network.encoder.named_parameters())


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    model, images = untrained(DenseConfig(hidden=(), code_size=6), "digits")
    few, labels = images.train[:50], images.train_labels[:50]
    one, same, other = (fine_tuning.fine_tuned(model, few, labels, 10, seed) for seed in (0, 0, 1))
    assert one.head.weight.equal(same.head.weight)
    assert not one.head.weight.equal(other.head.weight)
    wrong = np.full(len(images.test), 99)
    assert fine_tuning.accuracy(one, images.test, wrong) == 0


def test_of_a_run_both_starts_on_its_own_labels_and_on_others(monkeypatch):
    monkeypatch.setattr(fine_tuning, "STEPS", 30)
    monkeypatch.setattr(few_labels, "COUNTS", (10,))
    monkeypatch.setattr(few_labels, "DRAWS", 2)
    monkeypatch.setattr(fine_tuning, "EPOCHS", 1)
    found = {
        (run, start): answer(Question("fine-tuning", run, {"start": start, "dataset": "digits"}), "cpu")
        for run, start in (
            ("zoo-digits-32", "trained"),
            ("zoo-digits-32", "fresh"),
            ("zoo-fashion-mnist-32", "trained"),
        )
    }
    for one in found.values():
        assert one["labels"].tolist() == [10, 1_437]
        assert one["mean"][1] > one["mean"][0] > 0.15
    means = [one["mean"].tolist() for one in found.values()]
    assert means[0] != means[1] != means[2]


def test_labels_of_another_shape_are_refused():
    with pytest.raises(LabError, match="choose images of 1×28×28"):
        answer(Question("fine-tuning", "zoo-digits-32", {"start": "trained", "dataset": "patches"}), "cpu")
