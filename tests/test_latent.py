"""The Latent space page without a browser, and what it is made of."""

import csv
import json
from io import BytesIO, StringIO

import numpy as np
import pytest
from every_model import small_config
from paging import open_page
from PIL import Image

from aecore import data, runs
from aecore.analysis.codes import codes_of_pictures
from aecore.analysis.questions import Question, answer
from aecore.analysis.strokes import as_image
from aecore.config import MODEL_CONFIGS, DenseConfig, Experiment
from aecore.data import SOURCES, archive
from aecore.jobs import Analyses, Working
from aecore.runs.execution import create, execute
from pages.shared import canvas, landscape, latent_map, pictures, scatter, selected, spots, sprite

pytestmark = pytest.mark.usefixtures("fresh_server", "nothing_is_trained")


@pytest.fixture
def drawn(monkeypatch) -> list[dict]:
    """What each map on screen was drawn from."""
    maps = []

    def note(figure, sheets, **settings):
        maps.append({"figure": figure, "sprite": sheets, **settings})

    monkeypatch.setattr(latent_map, "drawn", note)
    return maps


def trained(dataset="digits", **settings):
    shape = SOURCES[dataset].image_shape
    settings = {"dataset": dataset, "epochs": 1, "hidden": (16,), "train_count": 300} | settings
    run = create(Experiment(model=DenseConfig(image_shape=shape)).with_settings(settings))
    list(execute(run, data.load(dataset), "cpu"))
    return run


def warnings(app):
    return [warning.value for warning in app.warning]


def traces(drawn):
    return drawn[-1]["figure"].data


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


def test_a_link_opens_two_places_with_the_way_between_them(drawn):
    app = open_page("latent", a="p7", b="pca:0.5,-0.25", without="3,8")
    plane = landscape.plane("zoo-digits-32", "test", "pca", "cpu")
    marks = drawn[-1]["marks"]
    assert marks["text"] == ["A", "B"]
    np.testing.assert_allclose([marks["x"][0], marks["y"][0]], plane.points[7], rtol=1e-6)
    assert (marks["x"][1], marks["y"][1]) == (0.5, -0.25)
    np.testing.assert_allclose(drawn[-1]["line"][[0, -1]], [plane.points[7], [0.5, -0.25]], atol=1e-3)
    assert drawn[-1]["hidden"] == [3, 8]
    assert any("At (0.5, -0.25) there is no picture" in caption.value for caption in app.caption)
    app.button(key="forget").click().run()
    assert "a" not in app.query_params
    assert drawn[-1]["marks"]["text"] == []
    app.number_input(key="find").set_value(12).run()
    assert app.query_params["b"] == "p12"
    label = landscape.space("zoo-digits-32", "test", "cpu").labels[12]
    assert any(f"Picture 12, class {label}" in caption.value for caption in app.caption)


@pytest.mark.parametrize("value", [0.0, -123456.789, 1.25, -0.00001234567, 1e-7, 999_999_999.0])
def test_a_place_in_the_address_can_be_read_again(value):
    word = spots._short(value)
    assert spots.PLACE.fullmatch(f"pca:{word},{word}")
    assert float(word) == pytest.approx(value, rel=1e-3, abs=1e-9)


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


def test_the_selection_is_counted_and_can_be_cleared(drawn):
    app = open_page("latent", look="selection")
    assert any("lasso" in info.value for info in app.info)
    images = data.load("digits")
    numbers = np.flatnonzero(images.test_labels.numpy() == 4)[:9]
    numbers = np.append(numbers, np.flatnonzero(images.test_labels.numpy() == 1)[:3])
    app.session_state["selected"] = ("digits", np.sort(numbers))
    app.run()
    assert not app.exception
    told = next(text.value for text in app.markdown if "pictures of" in text.value)
    assert told.startswith("**12** pictures of 2 classes: 75% are 4.")
    assert drawn[-1]["selected"].tolist() == sorted(numbers)
    app.button(key="clear").click().run()
    assert drawn[-1]["selected"] is None
    app.session_state["selected"] = ("patches", np.arange(3))  # of another data set
    app.run()
    assert drawn[-1]["selected"] is None


def test_the_outline_selects_what_is_inside_and_shown():
    found = landscape.space("zoo-digits-32", "test", "cpu")
    plane = landscape.plane("zoo-digits-32", "test", "pca", "cpu")
    taken = {}
    keep, selected.take = selected.take, lambda dataset, numbers: taken.update({dataset: numbers})
    try:
        everything = np.array([[-1e3, -1e3], [1e3, -1e3], [1e3, 1e3], [-1e3, 1e3]])
        selected.outlined("digits", found, plane, [2, 5], everything)
        assert set(found.labels[taken["digits"]]) == {2, 5}
        selected.outlined("digits", found, plane, [2], np.empty((0, 2)))
        assert taken["digits"] is None
    finally:
        selected.take = keep


def test_the_table_of_a_selection():
    found = landscape.space("zoo-digits-32", "test", "cpu")
    plane = landscape.plane("zoo-digits-32", "test", "pca", "cpu")
    lines = list(
        csv.DictReader(StringIO(selected.table(found, plane, "0123456789", np.array([3, 9])).decode()))
    )
    assert [line["picture"] for line in lines] == ["3", "9"]
    assert float(lines[1]["code_31"]) == pytest.approx(found.codes[9, 31], rel=1e-4)
    assert float(lines[0]["y"]) == pytest.approx(plane.points[3, 1], rel=1e-4)
    assert lines[0]["class"] == str(found.labels[3])


def test_a_unit_moved_by_hand_is_kept_until_it_is_reset(drawn):  # noqa: ARG001, a fixture
    app = open_page("latent", look="units", b="p3")
    code = landscape.space("zoo-digits-32", "test", "cpu").codes[3]
    assert len(app.slider) == 12
    unit = int(app.slider[0].label.removeprefix("Unit "))
    assert app.slider[0].value == pytest.approx(code[unit], abs=1e-5)
    high = app.slider[0].max
    app.slider[0].set_value(high).run()
    app.selectbox(key="slider-group").set_value(12).run()
    assert app.slider[0].label != f"Unit {unit}"
    app.selectbox(key="slider-group").set_value(0).run()
    assert app.slider[0].value == high
    app.button(key="reset").click().run()
    assert app.slider[0].value == pytest.approx(code[unit], abs=1e-5)


def test_tsne_and_quality_are_questions(drawn, monkeypatch):
    asked = []

    def working(_, analysis, subject, settings, *, device):  # noqa: ARG001, as Analyses.ask
        asked.append((analysis, subject, dict(settings)))
        return Working(failure="no *process* could be started")

    monkeypatch.setattr(Analyses, "ask", working)
    app = open_page("latent", by="tsne")
    assert asked == [("tsne", "zoo-digits-32", {"pictures": "test"})]
    assert app.error[0].value == r"no \*process\* could be started"
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
    assert drawn[-1]["figure"].layout.xaxis.title.text == "t-SNE, first direction"
    app = open_page("latent", by="tsne", b="tsne:1,2")
    assert any("five nearest points, approximately" in caption.value for caption in app.caption)


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


def test_a_second_model_shares_the_selection(drawn):
    other = trained(code_size=2)
    app = open_page("latent", look="other", other=other.id, b="p7", without="1")
    app.session_state["selected"] = ("digits", np.arange(10, 30))
    app.run()
    assert not app.exception
    first, beside = drawn[-2:]
    assert (first["name"], beside["name"]) == ("map", "second")
    assert first["selected"].tolist() == beside["selected"].tolist() == list(range(10, 30))
    assert first["hidden"] == beside["hidden"] == [1]
    assert beside["marks"]["text"] == ["B"]
    codes = runs.load(runs.get(other.id), "cpu").encode(data.load("digits").test_images[7:8] / 255)
    plane = landscape.plane(other.id, "test", "pca", "cpu")
    np.testing.assert_allclose(plane.place(codes.numpy())[0, 0], beside["marks"]["x"][0], atol=1e-4)
    app = open_page("latent", look="other", other="zoo-mnist-32")
    assert "other model is not on this server" in warnings(app)[0]


def test_two_maps_are_on_one_page():
    app = open_page("latent", look="other", other=trained(code_size=2).id, a="p3", b="pca:1,1")
    assert len(app.get("plotly_chart")) == 2
    assert not app.error


def test_without_a_second_model_the_way_to_one_is_shown(drawn, monkeypatch):
    alone = [runs.get("zoo-digits-32")]
    monkeypatch.setattr(runs, "zoo", lambda: alone)
    app = open_page("latent", look="other")
    assert "There is no other model" in app.info[0].value
    assert len(drawn) == 1


def test_a_drawing_lands_where_its_code_is(drawn, monkeypatch):
    app = open_page("latent", look="draw")
    assert drawn[-1]["marks"]["text"] == []
    stroke = np.zeros((280, 280), np.uint8)
    stroke[40:240, 125:155] = 255
    monkeypatch.setattr(canvas, "drawing", lambda _key: stroke)
    app.run()
    assert not app.exception
    model = runs.load(runs.get("zoo-digits-32"), "cpu")
    code = codes_of_pictures(model, as_image(stroke, "digits")[None])
    place = landscape.plane("zoo-digits-32", "test", "pca", "cpu").place(code)[0]
    assert drawn[-1]["marks"]["text"] == ["You"]
    np.testing.assert_allclose([drawn[-1]["marks"]["x"][0], drawn[-1]["marks"]["y"][0]], place, rtol=1e-5)


def test_a_data_set_that_is_not_here_can_be_downloaded(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", "")
    monkeypatch.setattr(archive, "DEBIAN_FOLDER", tmp_path)
    app = open_page("latent", model="zoo-mnist-32")
    assert app.info[0].value == "MNIST is not on this machine."
    assert app.button(key="fetch").label == "Download MNIST"


def test_what_a_browser_sends_may_be_anything():
    heard = []
    for event in (None, 3, [], {"x": "1", "y": 2, "number": 3}, {"x": 1e300, "y": 2, "number": None}):
        latent_map._clicked(event, heard.append)
    latent_map._clicked({"x": 1, "y": float("nan"), "number": None}, heard.append)
    latent_map._clicked({"x": 1, "y": 2, "number": True}, heard.append)
    for event in (None, {"x": [1], "y": 3}, {"x": ["a"], "y": [1]}, {"x": [0] * 2000, "y": [0] * 2000}):
        latent_map._outlined(event, heard.append)
    assert heard == []
    latent_map._clicked({"x": 1, "y": 2.5, "number": 7}, heard.append)
    latent_map._outlined({"x": [0, 1, 1], "y": [0, 0, 1]}, heard.append)
    assert heard[0] == {"x": 1.0, "y": 2.5, "number": 7}
    assert heard[1].tolist() == [[0, 0], [1, 0], [1, 1]]


@pytest.mark.parametrize(("channels", "side", "shown"), [(1, 28, 28), (3, 16, 16), (1, 70, 24)])
def test_the_sprite_holds_every_picture_in_its_place(channels, side, shown):
    images = np.random.default_rng(0).integers(0, 256, (2_503, channels, side, side), np.uint8)
    sheets = sprite.sprite(images, "map")
    length = int.from_bytes(sheets[:4], "little")
    head = json.loads(sheets[4 : 4 + length])
    assert (head["sprite"], head["height"], head["width"]) == ("map", shown, shown)
    assert len(head["sizes"]) == 2
    assert len(sheets) == 4 + length + sum(head["sizes"])
    start = 4 + length + head["sizes"][0]
    second = np.asarray(Image.open(BytesIO(sheets[start:])))
    last = second[:shown, 2 * shown : 3 * shown]
    stride = -(-side // 32)
    np.testing.assert_array_equal(
        last.reshape(shown, shown, -1), images[2_502, :, ::stride, ::stride].transpose(1, 2, 0)
    )


def test_a_mosaic_has_no_gaps_and_keeps_its_order():
    images = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((6, 1, 2, 2), np.uint8) * 40
    whole = np.asarray(Image.open(BytesIO(pictures.mosaic(images, 3, 13))))
    assert whole.shape == (8, 12, 3)
    np.testing.assert_array_equal(whole[::4, ::4, 0], [[0, 40, 80], [120, 160, 200]])
    assert Image.open(BytesIO(pictures.mosaic(images, 3, 3))).size == (3, 2)


def test_the_figure_has_arrays_of_single_precision_and_a_band_for_each_group():
    points, labels = np.arange(8.0).reshape(4, 2), np.array([0, 1, 1, 0])
    groups = scatter.Colouring("k-means", np.array([0, 1, 2, 0], np.float32), ["a", "b", "c"])
    figure = scatter.figure(points, np.arange(4), labels, ["x", "y"], ("one", "two"), groups)
    assert figure.data[0].x.dtype == np.float32
    assert figure.layout.coloraxis.cmax == 2.5
    assert len({colour for _, colour in figure.layout.coloraxis.colorscale}) == 3
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("one", "two")
