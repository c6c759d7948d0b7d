"""The Generate page without a browser: samples, the plane and the figures."""

import json
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from every_model import LEAST_SIDE
from generating import PLAIN, model_of, sheet, told
from paging import open_page
from PIL import Image
from test_features_page import captions, trained, warnings

from aecore import data, runs
from aecore.analysis import fidelity as measuring
from aecore.analysis import judge
from aecore.analysis.codes import codes_of, pictures_of
from aecore.analysis.density import draw, gaussian
from aecore.analysis.generation import axes_in, density_of_run
from aecore.analysis.learnt import learnt
from aecore.analysis.questions import Question, answer
from aecore.config import MODEL_CONFIGS
from aecore.data import archive
from pages.shared import fidelity, on_plane, pictures, samples, state

pytestmark = pytest.mark.usefixtures("fresh_server", "nothing_is_trained")


def test_the_usual_model_is_the_variational_one_and_draws_from_its_prior(grids):
    run = state.default_run(state.usable([]), "variational")
    app = open_page("generate", model=run.id)
    assert run.experiment.model.kind == "variational"
    assert app.segmented_control(key="density").value == "normal"
    codes = np.random.default_rng(0)
    codes.choice(1, samples.COUNT, p=[1.0])  # of one component there is no choice
    wanted = codes.standard_normal((samples.COUNT, run.experiment.model.code_size)).astype(np.float32)
    np.testing.assert_allclose(sheet(grids), pictures_of(model_of(run.id), wanted)[:, 0], atol=1)
    assert "which this model was trained to expect. Look for pictures that are half one digit" in told(app)


def test_the_standard_normal_on_a_plain_model_is_called_wrong(grids):
    app = open_page("generate", density="normal")
    codes = codes_of(model_of(), learnt(runs.get(PLAIN), data.load("digits"), "cpu").inputs)
    spread = codes.std(0)
    assert "These look wrong, and should" in told(app)
    assert f"{spread.min():.2f} to {spread.max():.2f}" in " ".join(each.proto.help for each in app.markdown)
    first = sheet(grids)
    app.button(key="another-draw").click().run()
    assert app.query_params["seed"] == "1"
    second = sheet(grids)
    assert (first != second).any()
    open_page("generate", density="normal", seed="1")
    np.testing.assert_array_equal(sheet(grids), second)  # the address draws the same again


def test_a_gaussian_without_temperature_is_the_mean_again_and_again(grids):
    app = open_page("generate", density="gaussian", temperature="0")
    assert "All the same: the decoder's picture of the mean code." in captions(app)
    told = answer(Question("code-statistics", PLAIN), "cpu")
    mean = pictures_of(model_of(), told["mean"][None])[0, 0]
    for picture in sheet(grids):
        np.testing.assert_array_equal(picture, mean)
    app = open_page("generate", density="gaussian", temperature="1.5", seed="3")
    assert "Farther out than codes lie" in captions(app)
    wanted = pictures_of(model_of(), draw(gaussian(axes_in(told)), samples.COUNT, 3, 1.5))
    np.testing.assert_allclose(sheet(grids), wanted[:, 0], atol=1)


def test_a_mixture_is_fitted_first_and_its_neighbours_are_the_nearest_ones(grids):
    found = density_of_run(PLAIN, "mixture", "cpu")
    app = open_page("generate", nearest="yes")
    assert app.segmented_control(key="density").value == "mixture"
    assert f"{found.components} clusters" in told(app)
    new = sheet(grids, rows=2)
    np.testing.assert_allclose(new, pictures_of(model_of(), draw(found, samples.COUNT, 0))[:, 0], atol=1)
    gallery = learnt(runs.get(PLAIN), data.load("digits"), "cpu").targets.numpy()[:, 0]
    every = [np.sqrt(((picture / 255 - gallery / 255) ** 2).sum((1, 2))) for picture in new]
    middle = np.median([each.min() for each in every])
    assert f"A typical new picture is **{middle:.2f}** away" in told(app)
    texts = [text for piece in grids[-3:] for text in piece[1].texts]
    assert texts[0] == f"nearest {every[0].min():.2f}"
    assert grids[-3][0].texts[0] == "new"
    lower = np.concatenate([np.stack([row.tiles for row in each[1::2]]) for each in grids[-3:]], axis=1)
    np.testing.assert_array_equal(lower[0, 0, ..., 0], gallery[every[0].argmin()])
    assert "none of these is" in told(app)
    near = samples.Near(lower, ["1"] * 2, np.array([0.5, 2]), 9)
    assert pd.read_csv(BytesIO(samples.csv(near)))["distance"].tolist() == [0.5, 2]


def test_copies_are_called_copies():
    far = np.full(36, 4.0)
    said = samples.verdict(far, 4.5, 3.9)
    assert "is **4.00** away from its nearest training picture" in said
    assert "are 4.50 away (3.90 once redrawn). A copy would be near 0: **none of these is**." in said
    assert "nearer than test pictures" in samples.verdict(far / 2, 4, 4)
    far[:2] = 0.1
    assert "A copy would be near 0: **2 of these 36 are nearer than 1.00**." in samples.verdict(far, 4, 4)


def test_the_whole_sheet_is_one_png():
    images = np.arange(36, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 28, 28), np.uint8)
    png = np.asarray(Image.open(BytesIO(samples.whole_sheet(images))).convert("L"))
    assert png[10::96, 10::88].ravel().tolist() == list(range(36))


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("part", "plane", "no such part"),
        ("density", "flow", "density is unknown"),
        ("temperature", "1e9", "temperature is unknown"),
        ("seed", "-1", "no number from 0"),
        ("seed", "9" * 5000, "no number from 0"),
        ("model", "../..", "no longer on this server"),
    ],
)
def test_a_bad_link_is_explained_and_the_default_shown(key, value, says):
    density_of_run(PLAIN, "mixture", "cpu")
    app = open_page("generate", **{key: value})
    assert len(warnings(app)) == 1
    assert says in warnings(app)[0]
    assert key not in app.query_params


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("walk", "from", "test-10"),
        ("walk", "to-nth", "-1"),
        ("sum", "a", "<b>"),
        ("sum", "a-nth", "1" * 5000),
        ("sum", "c", "mean--1"),
        ("sum", "b", "draw-3"),
    ],
)
def test_a_bad_picture_is_explained_and_another_taken(part, key, value):
    app = open_page("generate", part=part, **{key: value})
    assert len(warnings(app)) == 1
    assert "There is no such" in warnings(app)[0]
    assert key not in app.query_params


def test_the_plane_of_two_numbers_has_a_dot_for_every_code(grids):
    app = open_page("generate", model="zoo-digits-2", part="plane", density="normal")
    assert "these 36 codes lie" in captions(app)
    assert "**N(0, 1)** reaches **" in told(app)
    assert "where test codes go from −10.3 to 26.3" in told(app)
    assert "These next to never come: 1, 2, 4, 6" in told(app)
    codes = draw(density_of_run("zoo-digits-2", "normal", "cpu"), 36, 0)
    tiles = grids[-1][0].tiles[..., 0]
    np.testing.assert_allclose(tiles, pictures_of(model_of("zoo-digits-2"), codes)[:, 0], atol=1)
    black = pictures.png(Image.new("RGB", (101, 201)))
    marked = on_plane.marked(black, np.array([[0.0, 0], [5, 1], [99, 99]]), np.zeros(2), np.array([10.0, 4]))
    shown = np.asarray(Image.open(BytesIO(marked)).convert("RGB")).astype(int)
    orange = tuple(int(pictures.TOO_BRIGHT[i : i + 2], 16) for i in (1, 3, 5))
    assert tuple(shown[200, 0]) == tuple(shown[150, 50]) == orange  # up is up
    assert shown[:, 60:].sum() == 0
    fitted = told(open_page("generate", model="zoo-digits-2", part="plane", density="gaussian"))
    assert "never come" not in fitted
    assert "Its codes go" not in fitted


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(judge, "STEPS", 40)
    monkeypatch.setattr(measuring, "FEWEST", 150)
    monkeypatch.setattr(measuring, "MOST", 150)


@pytest.mark.usefixtures("small")
def test_how_good_they_are_is_told_with_the_baseline_and_the_accuracy():
    found = answer(Question("generation", PLAIN), "cpu")
    app = open_page("generate", part="quality")
    table = app.dataframe[0].value
    means = dict(zip(fidelity.ROWS, found["distance"].mean(1), strict=True))
    assert table["Pictures from"].tolist() == [
        fidelity.ROWS[name] for name in sorted(means, key=lambda name: means[name])
    ]
    assert f"**{means['mixture']:,.1f}** with " in told(app)
    assert f"with its mixture, {means['normal']:,.1f} with N(0, 1). Real training pictures get" in told(app)
    assert "compares 150 pictures with the 150 real test pictures" in captions(app)
    assert f"{found['accuracy'][0]:.1%}" in captions(app)
    figures = pd.read_csv(BytesIO(fidelity.csv(found))).set_index("pictures from")
    np.testing.assert_allclose(
        figures.loc["N(0, 1)", ["seed 0", "seed 1", "seed 2"]].astype(float), found["distance"][0]
    )
    chart = json.loads(app.get("plotly_chart")[0].proto.spec or app.get("plotly_chart")[0].proto.figure.spec)
    assert [each["y"][0] for each in chart["data"]] == table["Pictures from"].tolist()[::-1]
    assert all(each["error_x"]["array"][0] > 0 for each in chart["data"][-2:])


def test_where_a_baseline_wins_it_is_said():
    rows = dict.fromkeys(fidelity.ROWS, [9.0, 10, 11]) | {"redrawn": [1.0, 1, 1], "training": [0.5, 0.5, 0.5]}

    def said(**changes):
        return fidelity.told({"distance": np.array(list((rows | changes).values()))})

    assert "The baseline wins" in said(pca=[5.0, 5, 5])
    assert "as good**, within chance" in said(pca=[10.0, 11, 12])
    assert "without any network, gets 30.0" in said(pca=[29.0, 30, 31])
    assert "PCA" not in said(pca=[np.nan] * 3)
    assert "**3.0** with N(0, 1), 10.0 with its mixture" in said(normal=[3.0, 3, 3])
    assert "Redrawn training pictures already get 8.0" in said(redrawn=[8.0, 8, 8])
    assert "blur" not in said(redrawn=[8.0, 8, 8], training=[7.0, 8, 9])


@pytest.mark.parametrize("dataset", ["digits", "patches"])
@pytest.mark.parametrize("kind", MODEL_CONFIGS)
def test_every_kind_of_model_draws(kind, dataset, monkeypatch):
    from aecore.analysis import generation

    if min(data.SOURCES[dataset].image_shape[1:]) < LEAST_SIDE.get(kind, 1):
        pytest.skip("images are too small")
    monkeypatch.setattr(generation, "MOST_FITTED", 60)
    run = trained(kind=kind, dataset=dataset, train_count=80)
    answer(Question("code-mixture", run.id), "cpu")
    for address in ({"nearest": "yes"}, {"part": "walk"}):
        app = open_page("generate", model=run.id, **address)
        assert not app.error
    assert "mean code of each class" in captions(app)


def test_a_model_of_one_class_is_asked_for_no_other():
    app = open_page("generate", model="zoo-digits-threes", part="walk")
    assert app.selectbox(key="from").options == ["Test picture of 3", "Mean of 3", "Drawing 1", "Drawing 2"]
    assert "nowhere to go" in captions(app)
    app = open_page("generate", model="zoo-digits-threes", part="sum", a="test-4")
    assert "There is no such picture" in warnings(app)[0]


def test_a_damaged_model_is_explained():
    run = trained()
    weights = run.folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    app = open_page("generate", model=run.id)
    assert r"weights\.safetensors is damaged" in app.error[0].value


def test_a_data_set_that_is_not_here_can_be_downloaded(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", "")
    monkeypatch.setattr(archive, "DEBIAN_FOLDER", tmp_path)
    app = open_page("generate", model="zoo-fashion-mnist-32")
    assert app.info[0].value == "Fashion-MNIST is not on this machine."
