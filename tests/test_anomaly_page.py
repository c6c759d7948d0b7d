"""The Anomaly page without a browser."""

import pytest
from paging import open_page

from aecore.analysis.questions import Question, answer
from aecore.jobs import Jobs
from pages.shared import detectors

pytestmark = pytest.mark.usefixtures("fresh_server")

MODEL = "zoo-digits-threes"


@pytest.fixture(autouse=True)
def it_is_answered(monkeypatch, own_home):  # noqa: ARG001, a fixture
    """Nothing is trained, and the question of the first view is answered beforehand."""
    monkeypatch.setattr(Jobs, "start", lambda _: None)
    answer(Question("anomaly", MODEL, {"normal": "3", "others": "", "most": 0}), "cpu")


def words(app) -> str:
    return " ".join(each.value for each in [*app.markdown, *app.caption])


def test_a_model_of_one_class_is_asked_about_the_others():
    app = open_page("anomaly", model=MODEL)
    assert app.multiselect(key="normal").value == ["3"]
    assert "**Reconstruction error** of the model tells best: AUROC **0.99" in words(app)
    table = app.dataframe[0].value
    assert list(table["Method"])[0] == "Reconstruction error"
    assert table["AUROC"].is_monotonic_decreasing
    assert len(table) == 7
    assert "of 323** strange" in words(app)
    assert "fitted to 6,000 of the model's normal training pictures at most" in words(app)


@pytest.mark.usefixtures("plain_sliders")
def test_moving_the_threshold_counts_anew_and_is_written_into_the_link():
    app = open_page("anomaly", model=MODEL)
    slider = app.slider(key="threshold-threshold")
    slider.set_value(slider.max).run()
    assert not app.exception
    assert "**0 false alarms**" in words(app)
    at = app.query_params["at"]
    assert at.startswith("95:")
    again = open_page("anomaly", model=MODEL, at=at)
    assert "**0 false alarms**" in words(again)
    app.slider(key="threshold-threshold").set_value(slider.min).run()  # which the address has rounded up
    assert "Finds **322 of 323** strange" not in words(app)
    assert "**36 false alarms**" in words(app)
    assert not app.warning


def test_another_method_and_view():
    app = open_page("anomaly", model=MODEL, by="knn", show="missed", **{"pass": "90"})
    assert not app.warning
    assert app.selectbox(key="by").value == "knn"
    assert "Strange pictures with the lowest scores" in words(app)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("normal", "3,77", "classes are unknown"),
        ("normal", "<b>", "classes are unknown"),
        ("strange", "../..", "not on this machine"),
        ("by", "magic", "method is unknown"),
        ("pass", "100", "share is unknown"),
        ("at", "95:1e9", "beyond all scores"),
        ("at", "95:nan", "beyond all scores"),
        ("at", "x", "beyond all scores"),
        ("show", "all", "view is unknown"),
    ],
)
def test_a_bad_link_is_explained_and_the_default_shown(key, value, says):
    app = open_page("anomaly", model=MODEL, **{key: value})
    assert len(app.warning) == 1
    assert says in app.warning[0].value
    assert key not in app.query_params
    assert "AUROC **0.99" in words(app)


def test_a_model_of_every_class_is_said_to_know_what_is_strange():
    answer(Question("anomaly", "zoo-digits-32", {"normal": "0", "others": "", "most": 0}), "cpu")
    app = open_page("anomaly", model="zoo-digits-32", normal="0", strange="classes")
    assert "has learnt from what is strange here, too" in words(app)


def test_classes_the_model_never_saw_are_one_sentence():
    app = open_page("anomaly", model=MODEL, normal="5")
    seen = " ".join(each.value for each in app.error)
    assert not seen or "learnt from none of these classes" in seen


def test_a_class_the_model_never_saw_among_the_normal_ones_is_said():
    answer(Question("anomaly", MODEL, {"normal": "3,5", "others": "", "most": 0}), "cpu")
    app = open_page("anomaly", model=MODEL, normal="3,5")
    assert "has never learnt 5" in words(app)
    assert any("classes=3%2C+5" in link.proto.query_string for link in app.page_link)


def test_nothing_normal_is_said():
    app = open_page("anomaly", model=MODEL)
    app.multiselect(key="normal").set_value([]).run()
    assert not app.exception
    assert "choose at least one class" in app.info[0].value


def test_class_names_are_no_markup_in_the_figure_of_classes():
    [bars] = detectors.by_class({"T-shirt/top": 0.9, "<b>": 0.8}).data
    assert list(bars.y) == ["T-shirt/top", "&lt;b&gt;"]
