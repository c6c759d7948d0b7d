"""The Latent space page without a browser: the map, the links to it, every kind of model."""

import importlib.util
import sys

import numpy as np
import pytest
from every_model import small_config
from mapping import traces, trained, warnings
from paging import open_page

from aecore import data, runs
from aecore.analysis import estimate, space
from aecore.analysis.questions import Question, answer
from aecore.config import MODEL_CONFIGS, Experiment
from aecore.data import SOURCES, archive
from aecore.jobs import Analyses, Working, analyses
from aecore.runs.execution import create, execute
from pages.shared import landscape

pytestmark = pytest.mark.usefixtures("fresh_server", "nothing_is_trained")


def test_the_map_is_pca_of_the_codes_with_a_trace_for_each_class(drawn):
    app = open_page("latent")
    assert app.segmented_control(key="by").value == "pca"
    assert app.segmented_control(key="by").options == ["PCA", "t-SNE"]
    images = data.load("digits")
    model = runs.load(runs.get("zoo-digits-32"), "cpu")
    codes = model.encode(images.test_images / 255).numpy()
    centred = codes - codes.mean(0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:2]
    expected = centred @ directions.T
    for label, trace in enumerate(traces(drawn)[:10]):
        own = np.flatnonzero(images.test_labels.numpy() == label)
        assert trace.customdata.tolist() == own.tolist()
        np.testing.assert_allclose(np.abs(trace.x), np.abs(expected[own, 0]), atol=1e-3)
        np.testing.assert_allclose(np.abs(trace.y), np.abs(expected[own, 1]), atol=1e-3)
    assert "of the variance" in drawn[-1]["figure"].layout.xaxis.title.text
    assert drawn[-1]["selected"] is None
    assert any("Click a point" in info.value for info in app.info)
    app.segmented_control(key="pictures").set_value("all").run()
    assert sum(len(trace.x) for trace in traces(drawn)) == 1797
    assert app.query_params["pictures"] == "all"


@pytest.mark.parametrize("colour", ["error", "unit", "cluster"])
def test_points_can_be_coloured_by_more_than_their_class(drawn, colour):
    app = open_page("latent", colour=colour, unit="3")
    found = landscape.space("zoo-digits-32", "test", "cpu")
    values = {"error": found.errors, "unit": found.codes[:, 3]}.get(colour)
    for label, trace in enumerate(traces(drawn)[:10]):
        if values is None:
            assert set(trace.marker.color) <= set(range(10))
        else:
            np.testing.assert_array_equal(trace.marker.color, values[found.labels == label])
    if colour == "unit":
        app.number_input(key="unit-box").set_value(5).run()
        assert app.query_params["unit"] == "5"
        assert traces(drawn)[0].marker.color[0] == found.codes[found.labels == 0][0, 5]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("by", "umap", "cannot be drawn so"),
        ("by", "code", "cannot be drawn so"),
        ("pictures", "../etc", "no such pictures"),
        ("colour", "<b>", "colouring is unknown"),
        ("unit", "32", "choose 0 to 31"),
        ("unit", "-1", "choose 0 to 31"),
        ("look", "x" * 3000, "no such view"),
        ("b", "p360", "not on this map"),
        ("b", "p" + "9" * 4000, "not on this map"),
        ("a", "pca:nan,0", "not on this map"),
        ("a", "pca:1e99,0", "not on this map"),
        ("b", "pca:²,0", "not on this map"),
    ],
)
def test_a_bad_link_is_explained_and_the_default_shown(drawn, key, value, says):
    app = open_page("latent", **{key: value})
    assert len(warnings(app)) == 1
    assert says in warnings(app)[0]
    assert key not in app.query_params
    assert len(traces(drawn)) == 12
    app.run()
    assert not warnings(app)


def test_tsne_and_quality_are_questions(drawn, monkeypatch):
    asked = []

    def working(_, analysis, subject, settings, *, device):  # noqa: ARG001, as Analyses.ask
        asked.append((analysis, subject, dict(settings)))
        return Working(failure="no *process* could be started")

    monkeypatch.setattr(Analyses, "ask", working)
    app = open_page("latent", by="tsne")
    assert asked == [("tsne", "zoo-digits-32", {"pictures": "test"})]
    assert app.error[0].value == r"No \*process\* could be started\."
    assert not drawn
    app = open_page("latent", look="quality")
    assert asked[-1] == ("map-quality", "zoo-digits-32", {"projection": "pca", "pictures": "test"})
    assert drawn

    def here(_, analysis, subject, settings, *, device):
        return answer(Question(analysis, subject, settings), device)

    monkeypatch.setattr(Analyses, "ask", here)
    app = open_page("latent", by="tsne", look="quality")
    [table] = app.dataframe
    assert table.value[""].tolist()[-1] == "This map"
    assert table.value["kNN"].tolist()[-1] == "–"
    accuracy = [float(cell.rstrip("%")) for cell in table.value["kNN"][:-1]]
    assert min(accuracy) > 80
    assert any("no kNN on it" in caption.value for caption in app.caption)
    assert drawn[-1]["figure"].layout.xaxis.title.text == "t-SNE, first direction"
    app = open_page("latent", look="quality")
    assert not any("t-SNE" in caption.value for caption in app.caption)
    app = open_page("latent", by="tsne", b="tsne:1,2")
    assert any("five nearest points, approximately" in caption.value for caption in app.caption)


def test_what_is_being_computed_is_said_by_code_that_was_saved_meanwhile(drawn, monkeypatch):
    """A hot reload makes every class anew, and the server's questions still answer in the old ones."""
    spec = importlib.util.spec_from_file_location("analyses_before", analyses.__file__)
    before = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, before)
    spec.loader.exec_module(before)
    halfway = before.Working(share=0.5, doing="Halfway")
    monkeypatch.setattr(Analyses, "ask", lambda *_, **__: halfway)
    app = open_page("latent", by="tsne")
    assert [bar.proto.text for bar in app.get("progress")] == ["Halfway"]
    assert not drawn


def test_codes_that_take_long_are_a_question(drawn, monkeypatch):
    run = trained(code_size=4)
    asked = []

    def working(_, analysis, subject, settings, *, device):  # noqa: ARG001, as Analyses.ask
        asked.append((analysis, subject, dict(settings)))
        return Working(share=0.25, doing="Codes of 1,797 pictures")

    monkeypatch.setattr(Analyses, "ask", working)
    monkeypatch.setattr(estimate, "LONG", 0)
    open_page("latent", model=run.id, pictures="all")
    assert asked
    assert set(map(str, asked)) == {str(("codes", run.id, {"pictures": "all"}))}
    assert not drawn
    answer(space.asked(run.id, "all"), "cpu")
    asked.clear()
    open_page("latent", model=run.id, pictures="all")
    assert not asked
    assert sum(len(trace.x) for trace in traces(drawn)) == 1797


@pytest.mark.usefixtures("plain_sliders")
def test_codes_of_two_numbers_of_one_and_of_colour_pictures(drawn):
    two = trained(code_size=2)
    app = open_page("latent", model=two.id, b="code:0.5,0.5", look="units")
    assert app.segmented_control(key="by").options == ["The code itself", "PCA", "t-SNE"]
    assert len(app.slider) == 2
    one = trained(code_size=1)
    app = open_page("latent", model=one.id, look="plane", behind="yes")
    assert "No meaning" in drawn[-1]["figure"].layout.yaxis.title.text
    assert len(drawn[-1]["figure"].layout.images) == 1
    colour = trained("patches", code_size=4)
    app = open_page("latent", model=colour.id, b="p5", behind="yes")
    assert not app.error
    assert sum(len(trace.x) for trace in traces(drawn)) == 4000


@pytest.mark.parametrize("dataset", ["digits", "patches"])
@pytest.mark.parametrize("kind", MODEL_CONFIGS)
def test_every_kind_of_model_has_a_map_that_draws_back(drawn, kind, dataset):
    config = small_config(kind, SOURCES[dataset].image_shape, 3)
    run = create(
        Experiment(model=config).with_settings({"dataset": dataset, "epochs": 1, "train_count": 100})
    )
    list(execute(run, data.load(dataset), "cpu"))
    for look in ("place", "plane", "units"):
        app = open_page("latent", model=run.id, look=look, colour="cluster", a="p0", b="pca:0.1,0.1")
        assert not app.error
        assert sum(len(trace.x) for trace in traces(drawn)) == len(
            landscape.space(run.id, "test", "cpu").numbers
        )
        assert drawn[-1]["line"].shape == (12, 2)


def test_a_data_set_that_is_not_here_can_be_downloaded(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", "")
    monkeypatch.setattr(archive, "DEBIAN_FOLDER", tmp_path)
    app = open_page("latent", model="zoo-mnist-32")
    assert app.info[0].value == "MNIST is not on this machine."
    assert app.button(key="fetch").label == "Download MNIST"
