"""The Reconstruct page without a browser, and the pictures it draws."""

import csv
import json
from io import StringIO

import numpy as np
import pytest
from paging import open_page
from sklearn.decomposition import PCA

from aecore import data, device, runs
from aecore.config import DenseConfig, Experiment
from aecore.data import DataError, archive
from aecore.data.batches import hold_out
from aecore.runs.execution import create, execute
from pages.shared import gallery, pictures, state

pytestmark = pytest.mark.usefixtures("fresh_server", "nothing_is_trained")
STRANGER = "mnist" if data.available("mnist") else "fashion-mnist"
needs_stranger = pytest.mark.skipif(
    not data.available(STRANGER), reason="no data set that fits is here, but the digits"
)


@pytest.fixture
def sheets(monkeypatch) -> list[dict]:
    """What all pieces of a grid on screen were made of, together."""
    drawn, draw = [], pictures.blocks

    def note(rows, **settings):
        drawn.append({"rows": rows, **settings})
        return draw(rows, **settings)

    monkeypatch.setattr(pictures, "blocks", note)
    return drawn


def warnings(app):
    return [warning.value for warning in app.warning]


def texts(app):
    return [caption.value for caption in app.caption]


def test_the_figures_are_those_of_naive_computation():
    app = open_page("reconstruct")
    run, images = runs.get("zoo-digits-32"), data.load("digits")
    model = runs.load(run, "cpu")
    train = hold_out(images.train_images, run.experiment.data)[0].flatten(1).numpy() / 255
    test = images.test_images.flatten(1).numpy() / 255
    ours = np.array([model(image[None] / 255).flatten().numpy() for image in images.test_images])
    pca = PCA(32, svd_solver="full").fit(train)
    linear = pca.inverse_transform(pca.transform(test))
    error, linear_error, mean_error = (
        np.mean([np.mean((a - b) ** 2) for a, b in zip(test, other, strict=True)])
        for other in (ours, linear, np.broadcast_to(train.mean(0), test.shape))
    )
    first, second, third = app.metric
    assert first.label == "Error on 360 pictures"
    assert first.value == f"{error:.5f}"
    assert first.delta == f"{linear_error / error:.1f}× smaller than PCA's"
    assert second.value == f"{10 * np.log10(1 / error):.1f} dB"
    assert third.label == "SSIM on 360 pictures"
    assert 0.9 < float(third.value) < 1
    assert any(f"PCA {linear_error:.5f}, mean picture {mean_error:.5f}" in text for text in texts(app))
    assert not any("its own data" in text for text in texts(app))


def test_rows_show_the_originals_the_reconstructions_and_their_difference(sheets):
    open_page("reconstruct", show="worst")
    original, redrawn, error, pca, pca_error = sheets[-1]["rows"]
    assert [row.label for row in sheets[-1]["rows"]] == ["Original", "Redrawn", "Error", "PCA", "PCA\nerror"]
    assert len(original.tiles) == len(pca.tiles) == 8
    images = data.load("digits").test_images
    model = runs.load(runs.get("zoo-digits-32"), "cpu")
    errors = (model(images / 255) - images / 255).square().mean((1, 2, 3))
    worst = errors.sort(descending=True)
    assert error.texts == [f"{value:.4f}" for value in worst.values[:8]]
    np.testing.assert_array_equal(original.tiles[..., 0], images[worst.indices[:8], 0].numpy())
    off = redrawn.tiles.astype(int)[..., 0] - original.tiles[..., 0]
    assert (error.tiles[off > 5][:, 0] > error.tiles[off > 5][:, 2]).all()  # orange where it is too bright
    assert (error.tiles[off < -5][:, 2] > error.tiles[off < -5][:, 0]).all()  # blue where it is too dark
    assert len(pca_error.texts) == 8


def test_a_link_opens_the_same_pictures_again_and_another_draw_others(sheets):
    app = open_page("reconstruct", draw="7", **{"class": "3"}, count="16", pca="no")
    first = sheets[-1]
    assert first["headings"] == ["3"] * 16
    assert [row.label for row in first["rows"]] == ["Original", "Redrawn", "Error"]
    open_page("reconstruct", draw="7", **{"class": "3"}, count="16", pca="no")
    np.testing.assert_array_equal(sheets[-1]["rows"][0].tiles, first["rows"][0].tiles)
    app.button(key="another").click().run()
    assert app.query_params["draw"] == "8"
    assert app.query_params["class"] == "3"
    assert (sheets[-1]["rows"][0].tiles != first["rows"][0].tiles).any()


def test_choices_are_written_into_the_address_and_defaults_taken_out(sheets):
    app = open_page("reconstruct")
    app.segmented_control(key="show").set_value("best").run()
    assert app.query_params["show"] == "best"
    assert app.button(key="another").disabled
    assert sheets[-1]["rows"][2].texts == sorted(sheets[-1]["rows"][2].texts)
    app.segmented_control(key="show").set_value("random").run()
    assert "show" not in app.query_params
    app.toggle(key="pca").set_value(False).run()
    assert app.query_params["pca"] == "no"
    assert len(sheets[-1]["rows"]) == 3


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("data", "nonsense", "unknown or has pictures of another shape"),
        ("data", "patches", "unknown or has pictures of another shape"),
        ("data", "../../etc/passwd", "unknown or has pictures of another shape"),
        ("part", "all", "no such part"),
        ("show", "<script>", "drawn at random"),
        ("class", "10", "no such class"),
        ("class", "-1", "no such class"),
        ("count", "1000000", "cannot be shown"),
        ("draw", "-1", "from 0 to 9,999"),
        ("draw", "1e3", "from 0 to 9,999"),
        ("draw", "²", "from 0 to 9,999"),
        ("draw", "9" * 5000, "from 0 to 9,999"),
    ],
)
def test_a_bad_link_is_explained_and_the_default_shown(key, value, says):
    app = open_page("reconstruct", **{key: value})
    assert len(warnings(app)) == 1
    assert says in warnings(app)[0]
    assert key not in app.query_params
    assert app.metric[0].label == "Error on 360 pictures"
    app.run()
    assert not warnings(app)


def test_validation_and_training_pictures_can_be_looked_at():
    app = open_page("reconstruct", part="validation")
    validation = app.metric[0].label
    app.segmented_control(key="part").set_value("train").run()
    assert validation == "Error on 120 pictures"
    assert app.metric[0].label == "Error on 1,317 pictures"


@needs_stranger
def test_pictures_it_does_not_know_stand_beside_its_own():
    app = open_page("reconstruct")
    app.pills(key="data").set_value(STRANGER).run()
    assert not app.exception
    assert app.query_params["data"] == STRANGER
    assert app.metric[0].label == "Error on 10,000 pictures"
    own = runs.get("zoo-digits-32").result.test_mse
    times = float(app.metric[0].value) / own
    told = next(text for text in texts(app) if "its own data" in text)
    assert f"{own:.5f}" in told
    assert float(told.split("**")[1].split("×")[0]) == pytest.approx(times, rel=0.01)
    assert app.segmented_control(key="part").options == ["Test", "Training"]  # nothing held out of these


def test_another_model_is_shown_its_own_data_unless_other_data_were_asked_for():
    app = open_page("reconstruct")
    assert app.pills(key="data").value == "digits"
    usable = [name for name in ("mnist", "fashion-mnist") if data.available(name)]
    for name in usable[:1]:
        app.sidebar.selectbox(key="model").set_value(f"zoo-{name}-32").run()
        assert app.pills(key="data").value == name


def test_a_data_set_that_is_not_here_can_be_downloaded(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", "")
    monkeypatch.setattr(archive, "DEBIAN_FOLDER", tmp_path)
    app = open_page("reconstruct", data="fashion-mnist")
    assert app.info[0].value == "Fashion-MNIST is not on this machine."
    assert not app.metric

    def no_network(_name, *, progress):
        progress(0.3, "Downloading")
        raise DataError("the connection to *nowhere* failed: try again")

    monkeypatch.setattr(data, "load", no_network)
    app.button(key="fetch").click().run()
    assert not app.exception
    assert app.error[0].value == r"The connection to \*nowhere\* failed\: try again\."


def test_a_model_whose_own_data_are_not_here_says_what_they_are_needed_for(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", "")
    monkeypatch.setattr(archive, "DEBIAN_FOLDER", tmp_path)
    app = open_page("reconstruct", model="zoo-mnist-32", data="digits")
    assert "MNIST is not on this machine, and PCA has to be fitted" in app.info[0].value


def test_a_damaged_model_is_explained():
    run = create(Experiment().with_settings({"dataset": "digits", "epochs": 1, "code_size": 2}))
    list(execute(run, data.load("digits"), "cpu"))
    weights = runs.get(run.id).folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    app = open_page("reconstruct", model=run.id)
    assert len(app.error) == 1
    assert r"weights\.safetensors is damaged" in app.error[0].value
    assert not app.metric


def test_a_model_of_colour_squares_is_offered_colour_squares_only(sheets):
    experiment = Experiment(model=DenseConfig(image_shape=(3, 16, 16))).with_settings(
        {"dataset": "patches", "epochs": 1, "code_size": 4, "train_count": 500}
    )
    run = create(experiment)
    list(execute(run, data.load("patches"), "cpu"))
    app = open_page("reconstruct", model=run.id)
    assert app.pills(key="data").options == ["Photo patches"]
    assert sheets[-1]["rows"][0].tiles.shape == (8, 16, 16, 3)


def test_a_run_with_a_name_and_one_without_weights():
    run = create(Experiment().with_settings({"dataset": "digits", "epochs": 1, "code_size": 2}))
    list(execute(run, data.load("digits"), "cpu"))
    runs.rename(run.id, "*My* first [one](x)")
    create(Experiment().with_settings({"dataset": "digits"}))  # not trained: nothing to question
    app = open_page("reconstruct")
    options = app.sidebar.selectbox(key="model").options
    assert len(options) == len(runs.zoo()) + 1
    assert options[0] == "*My* first [one](x)"


def test_another_device_loads_the_model_anew(monkeypatch):
    monkeypatch.setattr(device, "devices", lambda: ["cpu", "cpu:0"])  # two names for what every machine has
    app = open_page("reconstruct")
    before = state.model("zoo-digits-32", "cpu")
    app.sidebar.selectbox(key="device").set_value("cpu:0").run()
    assert not app.exception
    assert state.model("zoo-digits-32", "cpu:0") is not before
    assert (
        app.sidebar.caption[-1].value == "The model is on `cpu`."
    )  # its weights say so, whatever was chosen
    assert app.metric[0].label == "Error on 360 pictures"


def test_the_table_has_every_error():
    compared = state.comparison("zoo-digits-32", "digits", "test", "cpu")
    labels = state.classes("zoo-digits-32", "digits", "test")
    lines = list(csv.DictReader(StringIO(gallery.table(compared, labels, "0123456789").decode())))
    assert len(lines) == 360
    assert [line["class"] for line in lines] == [str(label) for label in labels]
    assert np.mean([float(line["mse"]) for line in lines]) == pytest.approx(compared.model.mse, rel=1e-5)
    assert float(lines[5]["pca_mse"]) == pytest.approx(compared.pca.errors[5], rel=1e-5)


def test_the_figure_names_its_axes_and_shows_every_class():
    app = open_page("reconstruct")
    chart = app.get("plotly_chart")[0].proto
    figure = json.loads(chart.spec or chart.figure.spec)
    assert figure["layout"]["yaxis"]["title"]["text"] == "Mean squared error per pixel"
    assert [trace["name"] for trace in figure["data"]] == ["This model", "PCA"]
    assert figure["data"][0]["x"] == list("0123456789")
