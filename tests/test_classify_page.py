"""The Classify page without a browser: every part of it, on the digits and on other models."""

import json
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from paging import open_page
from test_features_page import captions, trained, warnings

from aecore import data, runs
from aecore.analysis import clustering, estimate, feature_sets, few_labels, fine_tuning, questions
from aecore.analysis.feature_sets import features, labelled
from aecore.analysis.questions import Question, answer
from aecore.data import archive
from aecore.jobs import Jobs
from pages.shared import class_figures, classes_told, clusters, guess, label_curves, similar

pytestmark = pytest.mark.usefixtures("fresh_server")

CLASSIFIERS = tuple(classes_told.CLASSIFIERS)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch, own_home):
    """Nothing is trained, and what takes long is made short; no answer comes with the lab."""
    monkeypatch.setattr(questions, "SHIPPED", own_home / "none")
    monkeypatch.setattr(Jobs, "start", lambda _: None)
    monkeypatch.setattr(feature_sets, "MOST_NUMBERS", 784 * 400)  # of 400 pictures
    monkeypatch.setattr(fine_tuning, "STEPS", 20)
    monkeypatch.setattr(fine_tuning, "EPOCHS", 1)
    monkeypatch.setattr(few_labels, "COUNTS", (10, 100))
    monkeypatch.setattr(few_labels, "DRAWS", 2)
    monkeypatch.setattr(few_labels, "DRAWS_OF_MANY", 1)
    monkeypatch.setattr(clustering, "SEEDS", 2)


def known(analysis, run="zoo-digits-32", dataset="digits", **settings):
    """Answered beforehand: the process that answers otherwise is another test's matter."""
    return answer(Question(analysis, run, {"dataset": dataset} | settings), "cpu")


def markdown(app):
    return " ".join(each.value for each in app.markdown)


def test_the_classifiers_are_compared_and_what_wins_is_said():
    found = {name: known("classifying", classifier=name) for name in CLASSIFIERS}
    app = open_page("classify")
    table = app.dataframe[0].value
    assert table["Classifier"].tolist() == list(classes_told.CLASSIFIERS.values())
    model, images = runs.load(runs.get("zoo-digits-32"), "cpu"), data.load("digits")
    seen = labelled(runs.get("zoo-digits-32").experiment, images, "cpu")
    train, test = features("code", model, seen)
    distances = ((test[:, None] - train[None]) ** 2).sum(2)
    votes = seen.train_labels[distances.argsort(1)[:, :5]]
    right = [np.bincount(five, minlength=10).argmax() for five in votes] == seen.test_labels
    assert table["Code (32)"][1] == f"{right.mean():.1%}"
    best = max(answer["accuracy"].max() for answer in found.values())
    assert f"{best:.1%} of the test pictures" in markdown(app)
    losing = [name for name in CLASSIFIERS if found[name]["accuracy"].argmax() != 0]
    assert losing
    assert "A baseline beats the code" in markdown(app) or "A baseline is ahead" in markdown(app)
    chart = json.loads(app.get("plotly_chart")[0].proto.spec or app.get("plotly_chart")[0].proto.figure.spec)
    assert len(chart["data"][0]["x"]) == 10
    app.segmented_control(key="on").set_value("pixels").run()
    assert app.query_params["on"] == "pixels"
    assert not app.exception


def test_no_table_claims_what_is_not_so():
    row = {"uncertainty": np.full(3, 0.01)}
    found = {
        name: row | {"accuracy": np.array([0.9, 0.8, 0.7])} for name in classes_told.CLASSIFIERS.values()
    }
    assert "With no classifier does PCA or do pixels beat the code." in classes_told.told(found)
    assert "beat" not in classes_told.told({"SVM": found["SVM"]})  # not all of them are there yet
    found["SVM"] = row | {"accuracy": np.array([0.9, 0.8, 0.95])}
    told = classes_told.told(found)
    assert "**SVM on pixels**: 95.0%" in told
    assert "beats the code with SVM (pixels 95.0%)" in told
    found["SVM"] = row | {"accuracy": np.array([0.9, 0.915, 0.8])}
    assert "no more than by chance, with SVM (PCA 91.5%)" in classes_told.told(found)
    found["SVM"] = row | {"accuracy": np.array([0.9, 0.9, 0.9])}
    assert "beats" not in classes_told.told(found)


def test_few_labels_are_told_with_their_spread():
    known("few-labels", features_of="code", classifier="probe")
    for name in ("pca", "pixels"):
        known("few-labels", features_of=name, classifier="probe")
    for start in ("trained", "fresh"):
        known("fine-tuning", start=start)
    known("fine-tuning", run="zoo-fashion-mnist-32", start="trained")
    app = open_page("classify", part="few")
    assert app.selectbox(key="other").value == "zoo-fashion-mnist-32"
    assert "With 100 labels: **" in markdown(app)
    assert ("pays here" in markdown(app)) != ("does not pay here" in markdown(app))
    spec = app.get("plotly_chart")[0].proto
    names = [line.get("name") for line in json.loads(spec.spec or spec.figure.spec)["data"]]
    assert {"Code", "PCA", "Pixels", "Fine-tuned", "From scratch"} < set(names)
    app.selectbox(key="other").set_value("none").run()
    assert app.query_params["other"] == "none"


def curve(*means):
    values = np.array(means)
    return {
        "labels": np.array([10, 100]),
        "mean": values,
        "low": values - 0.01,
        "high": values + 0.01,
        "accuracy": np.stack([values - 0.01, values, values + 0.01, values * np.nan], 1),
    }


def test_who_wins_with_few_labels_by_hand():
    curves = {"Code": curve(0.3, 0.8), "Pixels": curve(0.9, 0.7), "Fine-tuned": curve(0.1, 0.6)}
    told = label_curves.told(curves)
    assert told.startswith("With 100 labels: **Code 80.0% (79.0% to 81.0%)**, Pixels 70.0%")
    assert "Its worst draw is better than the best of the next." in told
    curves["From scratch"] = curve(0.1, 0.795)
    told = label_curves.told(curves)
    assert "bands of the first two overlap" in told
    assert "pays here." in told
    curves["From scratch"] = curve(0.1, 0.9)
    assert "does not pay here: From scratch is as good or better" in label_curves.told(curves)
    table = pd.read_csv(BytesIO(label_curves.csv(curves)))
    assert len(table) == 4 * 2 * 3
    line = table[(table.method == "Code") & (table.labels == 100) & (table.seed == 2)]
    assert line.accuracy.item() == pytest.approx(0.81)


def test_clusters_are_shown_with_what_is_in_them():
    found = known("clustering")
    app = open_page("classify", part="clusters", on="pixels")
    table = app.dataframe[0].value
    assert table["ARI, tightest"][0] == f"{found['ari'][0, found['tightest'][0]]:.3f}"
    assert table["NMI, span"][2] == f"{found['nmi'][2].min():.3f} to {found['nmi'][2].max():.3f}"
    assert ("The baseline wins" in markdown(app)) == (found["ari"].mean(1).argmax() != 0)
    names = data.SOURCES["digits"].class_names
    lines = pd.read_csv(BytesIO(clusters.csv(found, names)))
    assert lines[names[3]].sum() == (data.load("digits").test_labels == 3).sum() * 3
    assert len(lines) == 3 * (2 + 10)


def test_similar_pictures_of_a_test_picture_are_those_of_a_naive_search(monkeypatch):
    known("retrieval")
    drawn, draw = [], similar.pictures.grid
    monkeypatch.setattr(
        similar.pictures, "grid", lambda rows, **how: drawn.append(rows[0]) or draw(rows, **how)
    )
    app = open_page("classify", part="similar", image="7")
    run, asked = runs.get("zoo-digits-32"), data.load("digits").test_images[7:8]
    code, images = runs.load(run, "cpu").encode, labelled(run.experiment, data.load("digits"), "cpu")
    distances = (code(images.train / 255) - code(asked / 255)).square().sum(1)
    nearest = distances.argsort()[:10]
    np.testing.assert_array_equal(drawn[0].tiles[..., 0], images.train[nearest, 0].numpy())
    assert list(drawn[0].texts) == [str(label) for label in images.train_labels[nearest]]
    flat = (images.train.float() - asked.float()).square().flatten(1).sum(1)
    np.testing.assert_array_equal(drawn[1].tiles[..., 0], images.train[flat.argsort()[:10], 0].numpy())
    assert "Precision at 10" in captions(app)


@pytest.mark.parametrize("part", ["similar", "draw"])
def test_codes_that_take_long_are_asked_for_first(monkeypatch, answered_here, part):
    monkeypatch.setattr(estimate, "LONG", 0)
    run = trained(code_size=7 if part == "draw" else 8)
    app = open_page("classify", part=part, model=run.id, image="7")
    assert feature_sets.asked(run.id, "digits") in answered_here
    assert "of 400 training pictures" in captions(app)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_a_picture_is_named_and_how_sure_the_classifier_is(classifier):
    images = data.load("digits")
    zero = int((images.test_labels == 0).nonzero()[0])
    app = open_page("classify", part="draw", classifier=classifier, image=str(zero))
    assert "Taken for **0**" in markdown(app)
    assert guess.MEANS[classifier] in app.get("progress")[0].proto.text
    assert app.get("progress")[0].proto.text.startswith("0: ")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("part", "<script>", "part is unknown"),
        ("labels", "patches", "does not take pictures"),
        ("classifier", "oracle", "classifier is unknown"),
        ("image", "360", "no such test picture"),
        ("image", "-1", "no such test picture"),
    ],
)
def test_a_hostile_link_is_refused_in_a_sentence(key, value, says):
    if key == "part":
        for name in CLASSIFIERS:
            known("classifying", classifier=name)
    app = open_page("classify", **({"part": "draw"} | {key: value}))
    assert says in warnings(app)[0]
    assert key not in app.query_params or app.query_params[key] != [value]


@pytest.mark.parametrize("part", ["on", "other"])
def test_unknown_features_and_models_are_refused_too(part):
    known("clustering")
    for name in ("code", "pca", "pixels"):
        known("few-labels", features_of=name, classifier="probe")
    for run, start in (
        ("zoo-digits-32", "trained"),
        ("zoo-digits-32", "fresh"),
        ("zoo-fashion-mnist-32", "trained"),
    ):
        known("fine-tuning", run=run, start=start)
    app = open_page("classify", part={"on": "clusters", "other": "few"}[part], **{part: "nobody"})
    assert (
        "is unknown" in warnings(app)[0] or "are unknown" in warnings(app)[0] or "cannot" in warnings(app)[0]
    )


def test_colour_squares_of_two_classes():
    run = trained(dataset="patches", hidden=())
    for name in ("knn", "probe", "svm", "forest"):
        known("classifying", run=run.id, dataset="patches", classifier=name)
    known("clustering", run=run.id, dataset="patches")
    app = open_page("classify", model=run.id)
    assert app.dataframe[0].value.columns[1] == "Code (12)"
    app = open_page("classify", model=run.id, part="clusters")
    assert len(app.dataframe[0].value) == 3
    app = open_page("classify", model=run.id, part="draw", classifier="svm")
    assert "china" in markdown(app) or "flower" in markdown(app)


def test_a_data_set_that_is_not_here_can_be_downloaded(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", "")
    monkeypatch.setattr(archive, "DEBIAN_FOLDER", tmp_path)
    app = open_page("classify", labels="fashion-mnist")
    assert app.info[0].value == "Fashion-MNIST is not on this machine."
    assert app.button(key="fetch").label == "Download Fashion-MNIST"


def test_an_empty_class_has_no_share():
    counts, names = np.array([[0, 0], [1, 3]]), ("a", "b")
    figure = class_figures.table_of_classes(counts, names, names, "True class", dark=False)
    assert figure.data[0].z.tolist() == [[0, 0], [0.25, 0.75]]
    texts = figure.data[1]
    assert list(zip(texts.y, texts.x, texts.text, strict=True)) == [("b", "a", "1"), ("b", "b", "3")]


def test_a_runs_name_is_no_markup_in_a_figure():
    name = "<b>bold</b>"
    figure = class_figures.accuracy_by_labels({name: curve(0.1, 0.2)}, {name: class_figures.Look(0)})
    assert figure.data[1].name == "&lt;b&gt;bold&lt;/b&gt;"


def test_seconds_have_two_digits_and_no_powers():
    assert [classes_told._seconds(value) for value in (0.00123, 3.14, 130.3)] == ["0.0012", "3.1", "130"]
