"""Classifiers on codes, principal components and pixels: against scikit-learn and by hand."""

import numpy as np
import pytest
from every_model import small_configs
from labelled_images import some, two_heaps, untrained
from sklearn.decomposition import PCA as TheirPCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from aecore.analysis import feature_sets, questions
from aecore.analysis.classifiers import CLASSIFIERS, compared, duels, fitted, support
from aecore.analysis.draws import balanced
from aecore.analysis.feature_sets import FEATURES, asked, codebook, features, labelled
from aecore.analysis.probe import STRENGTHS, linear_probe
from aecore.analysis.questions import to_nobody
from aecore.config import DenseConfig, Experiment
from aecore.errors import LabError

GREY, COLOUR = (1, 28, 28), (3, 16, 16)
EVERY = [
    pytest.param(config, dataset, id=f"{config.kind}-{dataset}")
    for shape, dataset in ((GREY, "digits"), (COLOUR, "patches"))
    for config in small_configs([shape], code_size=5)
]


def test_a_probe_of_few_images_is_the_one_on_all_their_features():
    drawn = np.random.default_rng(0)
    values, labels = drawn.normal(size=(40, 90)) + 3, drawn.integers(0, 3, 40)
    values[labels == 1, :5] += 2
    theirs = LogisticRegression(C=STRENGTHS[1], max_iter=2_000, tol=1e-8).fit(values, labels)
    asked = drawn.normal(size=(30, 90)) + 3
    ours = linear_probe(values, labels).predict_proba(asked)
    np.testing.assert_allclose(ours, theirs.predict_proba(asked), atol=2e-3)


def small():
    return untrained(DenseConfig(hidden=(), code_size=6), "digits", train=300, test=100)


@pytest.mark.parametrize("count", [2, 7, 10, 30, 99])
def test_a_draw_has_as_many_of_each_class_and_the_smaller_one_in_it(count):
    labels = np.random.default_rng(0).integers(0, 10, 200)
    drawn = balanced(labels, count, seed=3)
    assert len(set(drawn.tolist())) == count
    assert list(drawn) == sorted(drawn)
    counts = np.bincount(labels[drawn], minlength=10)
    assert counts.max() - counts.min() <= 1
    assert set(balanced(labels, count - 1, seed=3)) < set(drawn)
    assert not np.array_equal(drawn, balanced(labels, count, seed=4))


def test_a_class_with_too_few_gives_all_and_the_others_make_up_for_it():
    labels = np.array([0] * 10 + [1] * 2 + [2] * 10)
    assert np.bincount(labels[balanced(labels, 12, 0)]).tolist() == [5, 2, 5]
    assert len(balanced(labels, 22, 0)) == 22


@pytest.mark.parametrize(("config", "dataset"), EVERY)
def test_features_of_every_model_are_its_codes_as_many_components_and_the_pixels(config, dataset):
    model, images = untrained(config, dataset)
    pixels = images.train.flatten(1).numpy() / 255
    size, most = config.code_size, pixels.shape[1]
    for name in FEATURES:
        train, test = features(name, model, images)
        assert train.shape == (120, {"code": size, "pca": min(size, most), "pixels": most}[name])
        assert test.shape == (40, train.shape[1])
        assert train.std() == pytest.approx(1, rel=1e-3) or not train.any()
        assert train.dtype == test.dtype == np.float32
    train, test = features("pixels", model, images)
    np.testing.assert_allclose(test * pixels.std(), images.test.flatten(1).numpy() / 255, atol=1e-5)
    codes = model.encode(images.test / 255).detach().numpy()
    scaled = features("code", model, images)[1]
    scale = model.encode(images.train / 255).detach().numpy().std() or 1
    np.testing.assert_allclose(scaled * scale, codes, atol=1e-4)


def test_components_are_those_of_scikit_learn_up_to_their_signs():
    model, images = small()
    theirs = TheirPCA(6).fit(images.train.flatten(1).numpy() / 255)
    wanted = theirs.transform(images.test.flatten(1).numpy() / 255)
    found = features("pca", model, images)[1]
    scale = theirs.transform(images.train.flatten(1).numpy() / 255).std()
    np.testing.assert_allclose(np.abs(found * scale), np.abs(wanted), atol=1e-3)


def test_the_model_sees_pictures_transformed_but_without_noise(monkeypatch):
    experiment = Experiment(model=DenseConfig(hidden=(), code_size=6)).with_settings(
        {"dataset": "digits", "noise": "gaussian", "input_transform": "half"}
    )
    images = some("digits", 40, 20)
    seen = labelled(experiment, images, "cpu").train
    halved = images.train_images.float().unflatten(3, (14, 2)).unflatten(2, (14, 2)).mean((3, 5))
    assert (seen[..., ::2, ::2] - halved).abs().max() <= 1
    monkeypatch.setattr(feature_sets, "MOST_NUMBERS", 784 * 10)
    fewer = labelled(experiment.with_settings({"input_transform": "none"}), images, "cpu")
    assert fewer.train.shape == fewer.test.shape == (10, *GREY)
    assert fewer.train[-1].equal(images.train_images[-1])  # evenly spread, the last one too
    assert fewer.train_labels[-1] == images.train_labels[-1]


def test_a_codebook_takes_the_codes_that_are_kept_to_three_digits():
    fresh = codebook("zoo-digits-32", "cpu", "digits")
    np.testing.assert_array_equal(fresh.codes, features("code", fresh.model, fresh.images)[0])
    questions.answer(asked("zoo-digits-32", "digits"), "cpu")
    kept = codebook("zoo-digits-32", "cpu", "digits")
    assert not np.array_equal(kept.codes, fresh.codes)
    np.testing.assert_allclose(kept.codes, fresh.codes, rtol=2e-3, atol=2e-3)


def test_each_classifier_is_what_scikit_learn_makes_of_its_settings():
    model, images = small()
    train, test = features("code", model, images)
    labels = images.train_labels
    theirs = {
        "knn": KNeighborsClassifier(5),
        "svm": SVC(C=10, gamma=1 / (6 * train.var())),
        "forest": RandomForestClassifier(100, random_state=0),
    }
    for name, classifier in theirs.items():
        wanted = classifier.fit(train, labels).predict(test)
        found = fitted(name, train, labels).predict(test)
        assert (found == wanted).mean() >= 0.99
    scores = [
        LogisticRegression(C=strength, max_iter=200).fit(train, labels).score(test, images.test_labels)
        for strength in STRENGTHS
    ]
    found = fitted("probe", train, labels).score(test, images.test_labels)
    assert min(abs(found - score) for score in scores) < 0.011


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_comparison_counts_what_is_right_by_hand(name):
    model, images = small()
    found = compared(model, images, name, to_nobody)
    assert found["learnt"] == [300]
    assert found["judged"] == [100]
    assert found["size"].tolist() == [6, 6, 784]
    for row, feature in enumerate(FEATURES):
        train, test = features(feature, model, images)
        answers = fitted(name, train, images.train_labels).predict(test)
        table = np.zeros((10, 10), int)
        for label, answer in zip(images.test_labels, answers, strict=True):
            table[label, answer] += 1
        np.testing.assert_array_equal(found["confusion"][row], table)
        assert found["accuracy"][row] == pytest.approx(table.trace() / 100)
    share = found["accuracy"]
    np.testing.assert_allclose(found["uncertainty"], np.sqrt(share * (1 - share) / 100))
    assert (found["fit"] > 0).all()
    assert (found["predict"] > 0).all()


def test_its_progress_leaves_most_of_the_time_to_the_pixels():
    told: list[tuple[float, str]] = []
    compared(*small(), "knn", lambda share, doing: told.append((share, doing)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert [doing.split(", ")[1] for _, doing in told] == [name for name in FEATURES for _ in range(2)]
    assert shares[-2] < 0.2
    assert shares[-1] < 0.2  # neighbours are found when they are asked for


@pytest.mark.parametrize(("config", "dataset"), EVERY)
def test_every_model_can_be_compared(config, dataset):
    model, images = untrained(config, dataset)
    found = compared(model, images, "knn", to_nobody)
    assert (found["accuracy"] > 1.5 / images.classes).all() or dataset == "patches"
    assert (found["confusion"].sum((1, 2)) == 40).all()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_two_heaps_are_told_apart_and_support_says_so(name):
    points, labels = two_heaps()
    classifier = fitted(name, points, labels)
    assert classifier.score(points, labels) == 1
    found = support(classifier, points, classes=3)
    assert found.shape == (80, 3)
    assert not found[:, 2].any()
    np.testing.assert_allclose(found.sum(1), 1)
    np.testing.assert_array_equal(found.argmax(1), labels)


def test_neighbours_are_fewer_where_a_class_has_few():
    points, labels = two_heaps(3)
    assert fitted("knn", points, labels).n_neighbors == 3
    assert fitted("knn", points[2:], labels[2:]).n_neighbors == 1


def test_duels_are_won_by_the_class_a_machine_of_two_classes_names():
    model, images = small()
    train, test = features("code", model, images)
    machine = fitted("svm", train, images.train_labels)
    won = duels(machine, test)
    np.testing.assert_allclose(won.sum(1), 10 * 9 / 2 / 9)
    pairs = 0
    for one, other in ((0, 1), (3, 8), (4, 9)):
        among = np.isin(images.train_labels, (one, other))
        alone = SVC(C=10, gamma=machine._gamma).fit(train[among], images.train_labels[among])
        few = np.isin(images.test_labels, (one, other))
        for code, answer in zip(test[few], alone.predict(test[few]), strict=True):
            signs = machine.decision_function(code[None])[0]
            columns = list(zip(*np.triu_indices(10, 1), strict=True))
            pairs += (signs[columns.index((one, other))] > 0) == (answer == one)
    assert pairs == np.isin(images.test_labels, (0, 1, 3, 8, 4, 9)).sum()
    best = won.max(1, keepdims=True)
    assert all(won[row, answer] == best[row] for row, answer in enumerate(machine.predict(test)))


def test_what_cannot_be_fitted_is_refused():
    points, labels = two_heaps()
    with pytest.raises(LabError, match="no classifier 'oracle': choose probe, knn, svm, forest"):
        fitted("oracle", points, labels)
    with pytest.raises(LabError, match="one class"):
        fitted("knn", points, labels * 0)
