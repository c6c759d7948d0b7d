"""Clusters and similar images: against scikit-learn, naive loops, and by hand."""

import numpy as np
import pytest
from every_model import small_configs
from labelled_images import two_heaps, untrained
from sklearn.cluster import KMeans

from aecore.analysis import clustering, retrieval
from aecore.analysis.clustering import agreement, clustered, contents, mean_images
from aecore.analysis.feature_sets import FEATURES, features
from aecore.analysis.questions import to_nobody
from aecore.config import DenseConfig

EVERY = [
    pytest.param(config, dataset, id=f"{config.kind}-{dataset}")
    for shape, dataset in (((1, 28, 28), "digits"), ((3, 16, 16), "patches"))
    for config in small_configs([shape], code_size=5)
]


def naive_precision(gallery, labels, queries, wanted):
    shares = []
    for query, label in zip(queries, wanted, strict=True):
        distances = [float(((query - each) ** 2).sum()) for each in gallery]
        nearest = sorted(range(len(gallery)), key=distances.__getitem__)[:10]
        shares.append(sum(labels[place] == label for place in nearest) / len(nearest))
    return shares


def test_precision_at_ten_is_that_of_a_naive_loop():
    model, images = untrained(DenseConfig(hidden=(), code_size=6), "digits")
    for name in FEATURES:
        train, test = features(name, model, images)
        found = retrieval.precision(train, images.train_labels, test, images.test_labels)
        np.testing.assert_allclose(
            found, naive_precision(train, images.train_labels, test, images.test_labels), atol=1e-9
        )


def test_precision_by_hand():
    gallery = np.arange(12, dtype=np.float32)[:, None]
    labels = np.array([0] * 9 + [1] * 3)
    queries, wanted = np.array([[0.0], [11.0], [11.0]], np.float32), np.array([0, 1, 0])
    found = retrieval.precision(gallery, labels, queries, wanted)
    np.testing.assert_allclose(found, [0.9, 0.3, 0.7])  # 0..9, and 2..11 twice
    np.testing.assert_allclose(retrieval.precision(gallery[:4], labels[:4], queries, wanted), [1, 0, 1])


@pytest.mark.parametrize(("config", "dataset"), EVERY)
def test_every_model_finds_similar_images(config, dataset):
    model, images = untrained(config, dataset)
    found = retrieval.retrieved(model, images, to_nobody)
    assert found["gallery"] == [120]
    assert found["queries"] == [40]
    sizes = np.bincount(images.test_labels, minlength=images.classes)
    np.testing.assert_allclose(found["classes"] @ sizes / 40, found["precision"])
    train, test = features("code", model, images)
    each = retrieval.precision(train, images.train_labels, test, images.test_labels)
    assert found["precision"][0] == pytest.approx(each.mean())
    assert found["uncertainty"][0] == pytest.approx(each.std() / 40**0.5)


def test_agreement_by_hand():
    labels = np.array([0, 0, 0, 1, 1, 1])
    assert agreement(labels, 1 - labels) == (1.0, pytest.approx(1.0))
    assert agreement(labels, labels * 0) == (0.0, 0.0)
    # pairs together in both: 2; in the labels 6, in the clusters 7, of 15; expected 2.8, at most 6.5
    found = agreement(labels, np.array([0, 0, 1, 1, 1, 1]))
    assert found[0] == pytest.approx((4 - 2.8) / (6.5 - 2.8))


def test_what_is_in_a_cluster_and_its_mean_picture():
    model, images = untrained(DenseConfig(hidden=(), code_size=6), "digits")
    table = contents(np.array([0, 0, 2]), np.array([1, 1, 0]), 3)
    assert table.tolist() == [[0, 2, 0], [0, 0, 0], [1, 0, 0]]
    clusters = np.array([0] * 60 + [2] * 60)
    means = mean_images(images.train, clusters, 3)
    assert np.abs(means[0] - images.train[:60].float().mean(0).numpy()).max() <= 0.51
    assert not means[1].any()


@pytest.mark.parametrize(("config", "dataset"), EVERY)
def test_every_model_is_clustered_and_judged_on_other_images(config, dataset, monkeypatch):
    monkeypatch.setattr(clustering, "SEEDS", 2)
    model, images = untrained(config, dataset)
    found = clustered(model, images, to_nobody)
    assert found["ari"].shape == found["nmi"].shape == (3, 2)
    assert (found["counts"].sum((1, 2)) == 40).all()
    assert found["means"].shape == (3, images.classes, *config.image_shape)
    for row, name in enumerate(FEATURES):
        train, test = features(name, model, images)
        theirs = [KMeans(images.classes, n_init=1, random_state=seed).fit(train) for seed in (0, 1)]
        tightest = int(found["tightest"][row])
        assert theirs[tightest].inertia_ == pytest.approx(min(one.inertia_ for one in theirs))
        best = theirs[tightest].predict(test)
        assert found["ari"][row, tightest] == pytest.approx(agreement(images.test_labels, best)[0])
        assert sorted(found["counts"][row].sum(1)) == sorted(np.bincount(best, minlength=images.classes))


def test_two_heaps_are_two_clusters():
    points, labels = two_heaps()
    assert agreement(labels, KMeans(2, random_state=0).fit_predict(points))[0] == 1
