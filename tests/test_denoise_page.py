"""The Denoise page without a browser: what is drawn, chosen and refused."""

import numpy as np
import pytest
from paging import REPOSITORY, opened, shown
from streamlit.testing.v1 import AppTest
from train_page import said

from aecore import data, runs
from aecore.analysis import denoising, filters
from aecore.analysis.questions import Question, answer
from aecore.config import Experiment
from aecore.jobs import Working
from aecore.runs.execution import create, execute
from pages.shared import analysis, canvas, denoisers, noise_levels, pictures, restoring, state

pytestmark = pytest.mark.usefixtures("opened_before", "torch_is_there", "queue")


@pytest.fixture(autouse=True)
def tuned_on_two_pictures(monkeypatch):
    """How filters are tuned has tests of its own; here it shall be quick."""
    monkeypatch.setattr(filters, "TUNING_COUNT", 2)


@pytest.fixture(autouse=True)
def one_model_comes_with_the_lab(monkeypatch):
    """And it is no denoiser."""
    monkeypatch.setattr(runs, "zoo", lambda: [runs.get("zoo-digits-32")])


@pytest.fixture
def sheets(monkeypatch) -> list[dict]:
    """What the pictures on screen were made of."""
    drawn, draw = [], pictures.blocks

    def note(rows, **settings):
        drawn.append({"rows": rows, **settings})
        return draw(rows, **settings)

    monkeypatch.setattr(pictures, "blocks", note)
    return drawn


def open_page(**address) -> AppTest:
    return opened("denoise", {"model": "zoo-digits-32"} | address, seconds=120)


def trained(**settings):
    """A run on the digits, one epoch long."""
    run = create(Experiment().with_settings({"dataset": "digits", "epochs": 1, "code_size": 4} | settings))
    list(execute(run, data.load(run.experiment.data.dataset), "cpu"))
    return runs.get(run.id)


def denoiser(**settings):
    return trained(**({"noise": "gaussian", "noise_level": 0.5} | settings))


def test_a_test_picture_with_noise_and_what_model_and_filters_make_of_it(sheets):
    run = denoiser()
    app = open_page(model=run.id, image="7", level="0.3", seed="5")
    picture, error = sheets[-1]["rows"]
    clean = data.load("digits").test_images[7]
    np.testing.assert_array_equal(picture.tiles[0, ..., 0], clean[0].numpy())
    noisy = denoising.with_noise(clean[None] / 255, "gaussian", 0.3, seed=5)
    np.testing.assert_array_equal(picture.tiles[1, ..., 0], (noisy * 255).round()[0, 0].numpy())
    back = runs.load(run, "cpu")(noisy).clamp(0, 1)
    np.testing.assert_allclose(picture.tiles[2, ..., 0], (back * 255)[0, 0].numpy(), atol=1)
    before = 10 * np.log10(1 / (noisy - clean / 255).square().mean().item())
    after = 10 * np.log10(1 / (back - clean / 255).square().mean().item())
    assert picture.texts[:3] == ["", f"{before:.1f} dB", f"{after:.1f} dB"]
    assert error.texts[1].startswith("SSIM 0.")
    names = ["Median", "Gaussian", "Total var.", "Non-local"]
    assert sheets[-1]["headings"][:2] == ["Clean", "Noisy"]
    assert sheets[-1]["headings"][3:] == names
    assert f"from {before:.1f} dB to **{after:.1f} dB**" in said(app)
    assert "was trained without noise" not in said(app)


def test_a_model_that_is_no_denoiser_says_so_and_offers_the_recipe():
    app = open_page()
    assert "was trained without noise" in said(app)
    [link] = [link for link in app.get("page_link") if link.proto.label == "Train a denoiser"]
    assert "noise" in link.proto.query_string or "denoise" in link.proto.query_string


def test_other_denoisers_stand_beside_it_on_the_same_noise(sheets):
    one, other = denoiser(), denoiser(noise="masking", noise_level=0.4, seed=1)
    app = open_page(model=one.id)
    assert app.multiselect(key="beside").value == [other.id]
    assert len(sheets[-1]["headings"]) == 2 + 2 + 4
    app.multiselect(key="beside").set_value([])
    shown(app)
    assert app.query_params["beside"] == ""
    assert len(sheets[-1]["headings"]) == 2 + 1 + 4
    app.multiselect(key="beside").set_value(["zoo-digits-32"])
    shown(app)
    assert app.query_params["beside"] == "zoo-digits-32"
    tiles = sheets[-1]["rows"][0].tiles
    noisy = denoising.with_noise(data.load("digits").test_images[:1] / 255, "gaussian", 0.5, seed=0)
    np.testing.assert_array_equal(tiles[1, ..., 0], (noisy * 255).round()[0, 0].numpy())
    expected = runs.load(runs.get("zoo-digits-32"), "cpu")(noisy).clamp(0, 1)
    np.testing.assert_allclose(tiles[3, ..., 0], (expected * 255)[0, 0].numpy(), atol=1)


def test_noise_level_and_seed_are_in_the_address_and_another_noise_has_its_own_levels(sheets):
    run = denoiser()
    app = open_page(model=run.id)
    assert app.select_slider(key="level").value == "0.5"
    app.select_slider(key="level").set_value("1")
    shown(app)
    assert app.query_params["level"] == "1"
    app.segmented_control(key="noise").set_value("salt-and-pepper")
    shown(app)
    assert not app.warning
    assert "level" not in app.query_params
    assert app.select_slider(key="level").options[-1] == "0.5"
    before = sheets[-1]["rows"][0].tiles[1]
    app.button(key="other").click()
    shown(app)
    assert app.query_params["seed"] == "1"
    assert (sheets[-1]["rows"][0].tiles[1] != before).any()


def test_another_picture_of_a_class_goes_on_the_canvas(sheets):
    app = open_page(**{"class": "3"})
    images = data.load("digits")
    threes = images.test_images[images.test_labels == 3, 0].numpy()
    assert (sheets[-1]["rows"][0].tiles[0, ..., 0] == threes).all((1, 2)).any()
    app.button(key="denoise-another").click()
    shown(app)
    index = int(app.query_params["image"])
    assert images.test_labels[index] == 3
    np.testing.assert_array_equal(
        sheets[-1]["rows"][0].tiles[0, ..., 0], images.test_images[index, 0].numpy()
    )
    app.selectbox(key="class").set_value("8")  # the picture of a 3 is none of them
    shown(app)
    eights = images.test_images[images.test_labels == 8, 0].numpy()
    assert (sheets[-1]["rows"][0].tiles[0, ..., 0] == eights).all((1, 2)).any()


def test_an_empty_canvas_says_what_to_do():
    app = open_page()
    app.button(key="denoise-clear").click()
    shown(app)
    assert "The canvas is empty" in said(app)
    assert not app.get("imgs")


def draw(app: AppTest) -> None:
    """A stroke in place of what is on the canvas."""
    drawing = np.zeros((canvas.SIDE, canvas.SIDE), np.uint8)
    drawing[60:200, 120:150] = 255
    sheet = app.session_state["denoise-sheet"]
    app.session_state["denoise-sheet"] = canvas.Sheet(
        begun=sheet.begun, start=sheet.start, now=drawing, number=sheet.number, entry=sheet.entry
    )
    shown(app)


@pytest.mark.parametrize("begun_with", [{}, {"image": "9"}])
def test_what_was_drawn_survives_another_page_and_another_model(sheets, begun_with):
    run = denoiser()
    app = open_page(**begun_with)
    draw(app)
    mine = sheets[-1]["rows"][0].tiles[0]
    app.query_params.clear()  # as a browser does on the way to another page
    shown(app.switch_page("pages/home.py"))
    shown(app.switch_page("pages/denoise.py"))
    np.testing.assert_array_equal(sheets[-1]["rows"][0].tiles[0], mine)
    app.sidebar.selectbox(key="model").set_value(run.id)
    shown(app)
    np.testing.assert_array_equal(sheets[-1]["rows"][0].tiles[0], mine)
    assert mine[..., 0].max() == 255


def test_a_link_to_a_picture_that_is_followed_once_more_begins_with_it_once_more(sheets):
    app = open_page(image="9")
    picture = data.load("digits").test_images[9, 0].numpy()
    draw(app)
    assert (sheets[-1]["rows"][0].tiles[0, ..., 0] != picture).any()
    shown(app.switch_page("pages/home.py"))
    app.query_params["image"] = "9"
    shown(app.switch_page("pages/denoise.py"))
    np.testing.assert_array_equal(sheets[-1]["rows"][0].tiles[0, ..., 0], picture)


def test_the_page_begins_with_a_denoiser_until_somebody_chooses_a_model(monkeypatch):
    names = "zoo-digits-32", "zoo-digits-denoiser"
    monkeypatch.setattr(runs, "zoo", lambda: [runs.get(name) for name in names])
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=120).run()
    shown(app.switch_page("pages/denoise.py"))
    assert app.sidebar.selectbox(key="model").value == "zoo-digits-denoiser"
    shown(app.switch_page("pages/reconstruct.py"))
    assert app.sidebar.selectbox(key="model").value == "zoo-digits-32"
    app.sidebar.selectbox(key="model").set_value("zoo-digits-denoiser")
    shown(app)
    app.sidebar.selectbox(key="model").set_value("zoo-digits-32")
    shown(app)
    shown(app.switch_page("pages/denoise.py"))
    assert app.sidebar.selectbox(key="model").value == "zoo-digits-32"


def test_runs_of_one_name_are_told_apart_by_few_letters():
    run, other = denoiser(), denoiser(seed=1)
    assert denoisers.names([run]) == {run.name.replace(" on digits", ""): run}
    name, another = denoisers.names([run, other])
    if run.name == other.name:
        assert (name[-6:], another[-6:]) == (run.id[-6:], other.id[-6:])
    assert state.at_most(16, "lab-denoiser · lab's") == "lab-den… · lab's"
    assert state.at_most(16, "lab-denoiser") == "lab-denoiser"
    assert state.at_most(5, "lab-denoiser") == "lab-…"


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("noise", "brown", "linked noise is unknown"),
        ("level", "0.55", "level of noise is unknown"),
        ("level", "nan", "level of noise is unknown"),
        ("seed", "-1", "from 0 to 9,999"),
        ("image", "360", "choose 0 to 359"),
        ("image", "1e2", "choose 0 to 359"),
        ("class", "10", "no such class"),
        ("beside", "gone-away-123456", "no longer on this server"),
        ("beside", "../../etc/passwd", "no longer on this server"),
    ],
)
def test_a_bad_link_is_explained_and_the_default_shown(key, value, says, sheets):
    app = open_page(**{key: value})
    assert len(app.warning) == 1
    assert says in app.warning[0].value
    assert key not in app.query_params
    assert sheets


def test_colour_squares_stay_in_colour_until_a_stroke(sheets):
    run = trained(dataset="patches", image_shape=(3, 16, 16), train_count=500, noise="gaussian")
    open_page(model=run.id, image="3")
    tiles = sheets[-1]["rows"][0].tiles
    np.testing.assert_array_equal(tiles[0], data.load("patches").test_images[3].numpy().transpose(1, 2, 0))
    assert tiles.shape[1:] == (16, 16, 3)


def test_known_curves_are_shown_and_can_be_downloaded(monkeypatch):
    monkeypatch.setitem(denoising.LEVELS, "gaussian", (0.1, 0.5))
    monkeypatch.setattr(denoising, "COUNT", 5)
    run = denoiser()
    app = open_page(model=run.id)
    assert app.button(key="compute").label == "Compute 5 curves"
    answer(Question("denoising", run.id, {"noise": "gaussian", "dataset": "digits"}), "cpu")
    for name in filters.FILTERS:
        answer(Question("filtering", "digits", {"name": name, "noise": "gaussian"}), "cpu")
    shown(app)
    assert "compute" not in [button.key for button in app.button]
    assert len(app.get("plotly_chart")) == 1
    assert app.get("download_button")


def test_the_table_has_a_line_for_each_method_and_level():
    curve = {"level": np.array([0.1, 0.2]), "psnr": np.array([20.0, 10.0])}
    lines = noise_levels.table({"A": curve, "B": curve}, "masking").decode().splitlines()
    assert lines == [
        "method,noise,level,psnr",
        "A,masking,0.1,20.0",
        "A,masking,0.2,10.0",
        "B,masking,0.1,20.0",
        "B,masking,0.2,10.0",
    ]


@pytest.mark.parametrize("sent", [b"", b"rubbish", None, "<svg/>", b"\x89PNG\r\n\x1a\n" + b"\0" * 100])
def test_what_a_browser_sends_is_a_picture_of_the_canvas_or_nothing(sent):
    if sent is None:
        assert canvas._decoded(None) is None
        return
    with pytest.raises(Exception):  # noqa: B017, whatever Pillow raises: drawing() keeps what it had
        canvas._decoded(sent)


def test_the_canvas_has_the_size_of_a_drawing():
    from aecore.analysis.strokes import SIDE

    assert canvas.SIDE == SIDE


@pytest.mark.parametrize(
    ("ours", "filtered", "said"),
    [
        ((20.0, 0.8), (15.0, 0.5), "reaches less: 15.0 dB, SSIM 0.50."),
        ((15.9, 0.66), (15.6, 0.70), "reaches less: 15.6 dB, but more SSIM, 0.70."),
        ((12.0, 0.36), (13.3, 0.3), "reaches more: 13.3 dB, but less SSIM, 0.30."),
        ((12.0, 0.361), (13.3, 0.359), "reaches more: 13.3 dB, SSIM 0.36."),
    ],
)
def test_a_filter_that_wins_by_one_measure_alone_is_told_so(ours, filtered, said):
    nothing = np.zeros((1, 2, 2), np.uint8)
    found = [
        denoising.Restored(picture=nothing, difference=nothing, psnr=psnr, ssim=ssim)
        for psnr, ssim in ((10.0, 0.3), ours, filtered)
    ]
    assert restoring.told(found, ["mine", "Median"], 1).endswith(f"The best filter here, median, {said}")


@pytest.mark.parametrize(("dataset", "count"), [("digits", "360"), ("mnist", "1,000"), ("patches", "1,000")])
def test_as_many_pictures_are_named_as_curves_are_of(dataset, count):
    assert f"Mean PSNR of {count} test pictures" in noise_levels.about_curves(data.SOURCES[dataset])


def test_a_question_behind_others_says_so():
    told = "Curves: waits while the lab computes what was asked before (2 ahead of it)"
    assert analysis._doing(Working(place=2), "Curves") == told
