"""The Features page without a browser."""

import json

import numpy as np
import pytest
from every_model import small_config
from paging import open_page

from aecore import data, runs
from aecore.analysis import estimate
from aecore.analysis.questions import Question, answer
from aecore.config import Experiment
from aecore.data import archive
from aecore.jobs import Jobs
from aecore.runs.execution import create, execute
from pages.shared import units

pytestmark = pytest.mark.usefixtures("fresh_server")


@pytest.fixture(autouse=True)
def one_question_is_answered(monkeypatch, own_home):  # noqa: ARG001, a fixture
    """Nothing is trained, and the question of the model on screen is answered beforehand."""
    monkeypatch.setattr(Jobs, "start", lambda _: None)
    answer(Question("sparsity", "zoo-digits-32"), "cpu")


@pytest.fixture
def sheets(monkeypatch) -> list[dict]:
    """What each sheet on screen was made of."""
    drawn, draw = [], units.sheet

    def note(tiles, frames=None):
        drawn.append({"tiles": tiles, "frames": frames})
        return draw(tiles, frames)

    monkeypatch.setattr(units, "sheet", note)
    return drawn


def trained(kind="dense", dataset="digits", code_size=12, **settings):
    model = small_config(kind, data.SOURCES[dataset].image_shape, code_size)
    experiment = Experiment(model=model).with_settings(
        {"dataset": dataset, "epochs": 1, "train_count": 300} | settings
    )
    run = create(experiment)
    list(execute(run, data.load(dataset), "cpu"))
    return runs.get(run.id)


def warnings(app):
    return [warning.value for warning in app.warning]


def captions(app):
    return " ".join(caption.value for caption in app.caption)


def test_the_figures_are_those_of_naive_computation(sheets):
    app = open_page("features")
    model, images = runs.load(runs.get("zoo-digits-32"), "cpu"), data.load("digits")
    floats = images.test_images / 255
    codes = model.encode(floats)
    errors = (model(floats) - floats).square().mean().item()
    explained = 1 - errors / (floats - floats.mean(0)).square().mean().item()
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Mean active units"] == "32.0"
    assert values["Dead"] == "0.0%"
    assert values["Always on"] == "100.0%"
    assert values["Explained variance"] == f"{explained:.1%}"
    unit = int(codes.abs().mean(0).argmax())
    assert app.number_input(key="unit-number").value == unit
    assert len(sheets[0]["tiles"]) == 32
    assert sheets[0]["frames"] == {0: units.CHOSEN}
    assert "not sparse" in captions(app)
    assert "not the code's units" in captions(app)  # it has a hidden layer


def test_a_dictionary_that_takes_long_is_asked_for_first(monkeypatch, answered_here):
    monkeypatch.setattr(estimate, "LONG", 0)
    run = trained(code_size=7)
    app = open_page("features", model=run.id)
    assert Question("dictionary", run.id) in answered_here
    assert next(metric.value for metric in app.metric if metric.label == "Mean active units") == "7.0"


def test_the_page_begins_with_a_dictionary_on_images_that_are_here(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", "")
    monkeypatch.setattr(archive, "DEBIAN_FOLDER", tmp_path)
    app = open_page("features", model="gone-away")
    assert app.sidebar.selectbox(key="model").value == "zoo-digits-dictionary"


def test_a_link_opens_the_same_unit_and_choices_are_written_into_it(sheets):
    app = open_page("features", unit="5", sort="number", scale="own")
    assert app.number_input(key="unit-number").value == 5
    assert sheets[0]["frames"] == {5: units.CHOSEN}
    app.number_input(key="unit-number").set_value(7).run()
    assert app.query_params["unit"] == "7"
    assert any("Unit 7" in heading.value for heading in app.subheader)
    app.selectbox(key="sort").set_value("activity").run()
    assert "sort" not in app.query_params
    app.segmented_control(key="active").set_value("tenth").run()
    assert app.query_params["active"] == "tenth"
    assert 5 < float(app.metric[0].value) < 32


@pytest.mark.usefixtures("plain_sliders")
def test_the_slider_silences_a_unit_and_leaves_it(monkeypatch):
    from pages.shared import pictures

    drawn, draw = [], pictures.grid

    def note(rows, **settings):
        drawn.append(rows)
        return draw(rows, **settings)

    monkeypatch.setattr(pictures, "grid", note)
    app = open_page("features", unit="3", picture="11")
    model, images = runs.load(runs.get("zoo-digits-32"), "cpu"), data.load("digits")
    code = model.encode(images.test_images[11:12] / 255)
    without = code.clone()
    without[0, 3] = 0
    before, after = ((model.decode(each).clamp(0, 1) * 255).round().numpy()[0, 0] for each in (code, without))
    asked, redrawn, changed, gain = drawn[0][0].tiles[..., 0]
    np.testing.assert_array_equal(asked, images.test_images[11, 0])
    assert np.abs(redrawn - before).max() <= 1
    assert np.abs(changed - after).max() <= 1
    now = float(code[0, 3])
    assert f"It is {now:.3g}. Zero silences the unit" in captions(app)
    drawn.clear()
    app.slider[0].set_value(now).run()
    assert (drawn[0][0].tiles[3] <= 2).all()  # as it is: nothing gained or lost
    app.button(key="another-picture").click().run()
    assert app.query_params["picture"] != "11"
    app.button(key="strongest-picture").click().run()
    assert "picture" not in app.query_params


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("unit", "32", "no such unit"),
        ("unit", "-1", "no such unit"),
        ("unit", "<b>", "no such unit"),
        ("unit", "9" * 5000, "no such unit"),
        ("page", "1", "no such page"),
        ("picture", "360", "no such picture"),
        ("sort", "colour", "order is unknown"),
        ("scale", "../..", "scale is unknown"),
        ("active", "1", "measure of activity is unknown"),
    ],
)
def test_a_bad_link_is_explained_and_the_default_shown(key, value, says):
    app = open_page("features", **{key: value})
    assert len(warnings(app)) == 1
    assert says in warnings(app)[0]
    assert key not in app.query_params
    assert app.metric[0].value == "32.0"


def test_a_dictionary_of_colour_squares_with_dead_units(sheets):
    run = trained(dataset="patches", hidden=(), active=2, code_activation="relu")
    app = open_page("features", model=run.id)
    result = runs.get(run.id).result
    assert sheets[0]["tiles"].shape == (12, 16, 16, 3)
    assert float(app.metric[0].value) <= 2
    assert "grey for nothing" in captions(app)
    assert list(sheets[0]["frames"].values()).count(units.DEAD) == int(app.metric[1].delta.split()[0])
    chart = json.loads(app.get("plotly_chart")[1].proto.spec or app.get("plotly_chart")[1].proto.figure.spec)
    assert {trace["name"] for trace in chart["data"]} >= {"top-k", "PCA", "this model"}
    assert result.active_units <= 2
    codes = runs.load(run, "cpu").encode(data.load("patches").test_images / 255)
    silent = int((codes == 0).all(0).nonzero()[0])
    told = captions(open_page("features", model=run.id, unit=str(silent)))
    assert "It is 0 in every picture: try what it would paint." in told
    assert "It is active for no picture" in told
    assert "activations other than zero" not in told


def test_a_code_of_thousands_is_paged(monkeypatch, sheets):
    monkeypatch.setattr(estimate, "LONG", float("inf"))  # computed in the page, however slow this machine is
    run = trained(kind="conv-winners")
    app = open_page("features", model=run.id, page="3", sort="number")
    assert len(sheets[0]["tiles"]) == units.PER_PAGE
    assert app.number_input(key="unit-number").value == 0
    assert "Of map 0, row 0, column 0." in captions(app)
    assert "similarity" not in app.selectbox(key="sort").options
    app.number_input(key="unit-number").set_value(12_543).run()
    assert "page" not in app.query_params
    assert units.CHOSEN in sheets[-2]["frames"].values()  # it went to the page of the unit
    app = open_page("features", model=run.id, sort="similarity")
    assert "order is unknown" in warnings(app)[0]


def test_a_recurrent_model_has_units_but_no_filters():
    app = open_page("features", model=trained(kind="recurrent").id)
    assert "row by row" in captions(app)
    assert app.metric


def test_tied_weights_are_shown_once():
    app = open_page("features", model=trained(hidden=(), tied=True).id)
    assert "has the decoder's weights" in captions(app)


@pytest.mark.usefixtures("plain_sliders")
def test_a_unit_that_never_is_active_says_so():
    run = trained(hidden=(), code_size=40, active=1)
    told = open_page("features", model=run.id)
    dead = int(told.metric[1].delta.split()[0])
    assert dead > 0
    app = open_page("features", model=run.id, unit=str(last_of(run)))
    assert any("Dead" in text.value for text in app.markdown)
    assert "active for no picture" in captions(app)
    assert app.slider


def last_of(run) -> int:
    codes = runs.load(run, "cpu").encode(data.load("digits").test_images / 255)
    return int((codes == 0).all(0).nonzero()[0])


def test_a_damaged_model_is_explained():
    run = trained()
    weights = run.folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    app = open_page("features", model=run.id)
    assert r"weights\.safetensors is damaged" in app.error[0].value
    assert not app.metric


def test_a_data_set_that_is_not_here_can_be_downloaded(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", "")
    monkeypatch.setattr(archive, "DEBIAN_FOLDER", tmp_path)
    app = open_page("features", model="zoo-fashion-mnist-32")
    assert app.info[0].value == "Fashion-MNIST is not on this machine."
    assert app.button(key="fetch").label == "Download Fashion-MNIST"
