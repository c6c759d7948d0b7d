"""The Transform page without a browser."""

import re
import shutil
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import numpy as np
import pytest
import torch
from every_model import small_config
from paging import open_page
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from aecore import data, runs
from aecore.analysis.questions import Question, answer
from aecore.analysis.transform_quality import standing
from aecore.analysis.transformation import Transformed
from aecore.config import Experiment
from aecore.data import SOURCES, archive
from aecore.data.patches import strip
from aecore.data.transforms import TRANSFORMS
from aecore.jobs import Analyses, Jobs, Working
from aecore.runs.execution import create, execute
from pages.shared import canvas, closer, given, many_transformed, state, tasks, transformed

pytestmark = pytest.mark.usefixtures("fresh_server")


@pytest.fixture(autouse=True)
def nothing_is_computed_elsewhere(monkeypatch, own_home):  # noqa: ARG001, a fixture
    monkeypatch.setattr(Jobs, "start", lambda *_: None)
    monkeypatch.setattr(Analyses, "ask", lambda _, *ask, **settings: answer(Question(*ask), **settings))


SHELF = TemporaryDirectory()
"""Runs that several tests look at: each is trained, and asked about its test pictures, once."""


@cache
def made(*settings: str) -> Path:
    """A run that has learnt next to nothing, with the answer, apart from any test's home."""
    seen, asked, dataset, kind = settings
    told = {"dataset": dataset, "epochs": 1, "train_count": 60, "batch_size": 30}
    told |= {"input_transform": seen, "target_transform": asked}
    model = small_config(kind, SOURCES[dataset].image_shape, 12)
    run = create(Experiment(model=model).with_settings(told))
    list(execute(run, data.load(dataset), "cpu"))
    answer(Question("transforming", run.id), "cpu")
    return Path(shutil.copytree(run.folder, Path(SHELF.name) / run.id))


def trained(seen="half", asked="none", dataset="patches", kind="conv-map") -> str:
    """The id of a run, in this test's home."""
    folder = made(seen, asked, dataset, kind)
    shutil.copytree(folder, runs.runs_folder() / folder.name, dirs_exist_ok=True)
    return folder.name


def words(app) -> str:
    every = (*app.markdown, *app.caption, *app.info)
    return " ".join(each.value for each in every)


def refused(app) -> str:
    return " ".join(each.value for each in (*app.warning, *app.error))


def png(height=60, width=40, value=None) -> bytes:
    drawn = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(np.full_like(drawn, value) if value is not None else drawn).save(file, "PNG")
    return file.getvalue()


def upload(app, content: bytes, name="mine.png") -> None:
    app.file_uploader[0].set_value((name, content, "image/png")).run()
    assert not app.exception


def test_part_of_a_photo_stands_there_at_once_with_its_figures():
    app = open_page("transform", model=trained("half"))
    part = strip("china")[:, -320:]
    seen = TRANSFORMS["half"](torch.from_numpy(part)[None] / 255)[0].mul(255).round().numpy().astype(np.uint8)
    psnr = peak_signal_noise_ratio(part, seen, data_range=255)
    assert f"**Before**  \n{psnr:.1f} dB, SSIM" in words(app)
    assert "bicubic wins" in words(app)  # beside a model that knows nothing
    helps = [each.help for each in app.markdown if "dB" in each.value]
    assert len(helps) == 2
    assert all("3 dB more is half the squared error" in each and "Bicubic: " in each for each in helps)
    assert "tiles of 16×16 pixels, that overlap and are blended" in words(app)
    assert not refused(app)
    app.segmented_control(key="photo").set_value("flower").run()
    assert app.query_params["photo"] == "flower"
    assert f"{psnr:.1f} dB" not in app.caption[0].value


def test_choosing_a_task_chooses_a_model_for_it():
    app = open_page("transform", model=trained("half"))
    assert app.session_state["task"] == "half-none"
    app.pills(key="task").set_value("hole-none").run()
    assert app.query_params["model"] == "zoo-patches-inpaint"  # the lab's own, as both are of patches
    assert "each with a hole in its middle" in words(app)
    assert "What is around a hole stays as it was" in words(app)


def test_the_model_of_a_task_is_of_the_same_data_first():
    patches, digits = trained("hole"), trained("hole", dataset="digits", kind="dense")
    usable = {run_id: runs.get(run_id) for run_id in (patches, digits)}
    assert tasks.by_task(runs.get("zoo-digits-32"), usable)["hole", "none"].id == digits
    for run_id in (patches, digits):
        assert tasks.by_task(usable[run_id], usable)["hole", "none"].id == run_id


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (("quarter", "none"), "Four times as sharp"),
        (("none", "half"), "Half the resolution"),
        (("half", "grey"), "Grey from half the resolution"),
        (("hole", "quarter"), "A quarter of the resolution from a picture with a hole"),
    ],
)
def test_every_task_has_words(task, words):
    assert tasks.label(task) == words


def test_a_model_that_transforms_nothing_says_so_and_where_to_go_on():
    app = open_page("transform", model="zoo-digits-denoiser")
    assert "was trained to give back the picture itself" in words(app)
    [link] = [link.proto for link in app.page_link if link.proto.page == "train"]
    assert "recipe=colourise" in link.query_string
    assert not app.segmented_control


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("source", "camera", "kind of picture is unknown"),
        ("photo", "../../etc", "There is no such photo"),
        ("at", "1,<b>", "linked place is none"),
        ("at", "9999999,0", "linked place is none"),
        ("at", "5", "linked place is none"),
        ("order", "<b>", "order of pictures is unknown"),
        ("model", "nobody", "no longer on this server"),
    ],
)
def test_a_bad_link_is_explained_and_the_default_shown(key, value, says):
    app = open_page("transform", **({"model": trained("half")} | {key: value}))
    assert says in refused(app)
    assert key not in app.query_params


@pytest.mark.parametrize("image", ["-1", "4000", "x", "1e3"])
def test_a_picture_that_there_is_not_is_explained(image):
    app = open_page("transform", model=trained("grey"), source="test", image=image)
    assert "There is no such test picture: choose 0 to 3,999" in refused(app)


def test_a_place_far_outside_is_the_corner():
    assert closer.place((3, 50, 60), (99_999, 99_999)) == (
        60 - closer.SIDE,
        50 - closer.SIDE,
    )
    assert closer.place((3, 10, 70), (0, 0)) == (0, 0)


def test_another_test_picture():
    app = open_page("transform", model=trained("grey"), source="test")
    assert f"Test picture no. {given.USUAL['patches']}" in words(app)
    app.button(key="another").click().run()
    index = int(app.query_params["image"])
    assert f"Test picture no. {index:,}" in words(app)
    picture = data.load("patches").test_images[index].numpy()
    luma = (np.tensordot([0.299, 0.587, 0.114], picture, 1)).round().clip(0, 255)
    psnr = peak_signal_noise_ratio(picture, np.stack([luma] * 3).astype(np.uint8), data_range=255)
    assert f"**Before**  \n{psnr:.1f} dB" in words(app)


def test_where_arithmetic_is_exact_the_page_says_so():
    app = open_page("transform", model=trained("none", "half"))
    assert "A line of arithmetic, the box downsampling, does this exactly" in words(app)
    assert "**Box downsampling**  \nexact" in words(app)
    assert "box downsampling is exact, by definition" in words(app)
    assert list(app.dataframe[0].value["PSNR"])[1] == "exact"
    assert list(app.dataframe[0].value["8 of 10 pictures"])[1] == "exact"
    assert words(app).count("Look where it is off, though the exact answer is one line of arithmetic.") == 2
    assert "smooth guesses" not in words(app)
    assert "Look whether" not in words(app)
    assert "Shown at its old size, each square is one pixel." in words(app)


def test_ones_own_picture_is_degraded_first_and_judged():
    app = open_page("transform", model=trained("half"), source="upload")
    assert "Choose a picture" in words(app)
    upload(app, png(60, 40))
    assert "Your picture, 40×60 pixels" in words(app)
    assert "**Truth**" in words(app)
    assert "comes to" in words(app)


def test_what_is_small_already_becomes_larger_and_has_no_truth():
    run_id = trained("quarter")
    app = open_page("transform", model=run_id, source="upload", already="yes")
    assert app.toggle(key="already").label == given.ALREADY["quarter"]
    upload(app, png(30, 20))
    assert "Nobody has the truth here" in words(app)
    assert "**Truth**" not in words(app)
    assert not [each for each in app.caption if "SSIM 0" in each.value]
    picture = np.asarray(Image.open(BytesIO(png(30, 20)))).transpose(2, 0, 1)
    found = transformed.found(runs.get(run_id), given.Given(picture, True), "cpu")
    assert found.pictures["model"].shape == (3, 120, 80)


@pytest.mark.parametrize(("seen", "switches"), [("hole", 0), ("none", 0), ("grey", 1)])
def test_only_what_a_person_may_have_can_be_had_already(seen, switches):
    app = open_page("transform", model=trained(seen, "half" if seen == "none" else "none"), source="upload")
    assert len([each for each in app.toggle if each.key == "already"]) == switches


def test_a_large_picture_is_made_smaller_and_that_is_said():
    app = open_page("transform", model=trained("grey"), source="upload")
    upload(app, png(100, 1_500))
    assert "at most 768 pixels wide or high, so your picture of 1,500×100 was first made" in words(app)
    assert "smaller, to 768×51." in words(app)


def test_what_is_to_become_larger_is_made_so_small_that_the_result_is_not_too_large():
    app = open_page("transform", model=trained("quarter"), source="upload", already="yes")
    upload(app, png(300, 450))
    assert "so your picture of 450×300 was first made smaller, to 192×128." in words(app)


@pytest.mark.parametrize("already", ["no", "yes"])
def test_a_large_picture_is_computed_elsewhere_and_comes_to_the_same(monkeypatch, already):
    run_id = trained("quarter")
    given_picture = png(100, 120)
    shown, asked = [], []
    for most in (10**9, transformed.IN_THE_PAGE if already == "yes" else 1_000):
        monkeypatch.setattr(transformed, "IN_THE_PAGE", most)
        monkeypatch.setattr(
            Analyses,
            "ask",
            lambda _, *ask, **settings: asked.append(ask[0]) or answer(Question(*ask), **settings),
        )
        app = open_page("transform", model=run_id, source="upload", already=already)
        upload(app, given_picture)
        shown.append([each.value for each in (*app.markdown, *app.caption)])
        assert ("transformed" in asked) == (most < 10**9)
    assert shown[0] == shown[1]


def test_while_a_large_picture_is_computed_that_is_said(monkeypatch):
    def working(_, analysis, *ask, device):
        if analysis == "transformed":
            return Working(share=0.4, doing="Tile 1,537 of 3,577", begun=monotonic() - 2)
        return answer(Question(analysis, *ask), device=device)

    app = open_page("transform", model=trained("grey"), source="upload")
    monkeypatch.setattr(Analyses, "ask", working)
    upload(app, png(300, 400))
    [bar] = app.get("progress")
    assert bar.proto.value == 40
    told = bar.proto.text.replace("\\", "")
    assert re.fullmatch(r"Tile 1,537 of 3,577 · about \d+ s left", told)
    assert "**Truth**" not in words(app)


def test_a_picture_of_a_few_pixels_is_refused_in_a_sentence():
    app = open_page("transform", model=trained("half"), source="upload")
    upload(app, png(2, 30))
    assert any("30×2 pixels: choose one of at least 8 each way" in each.value for each in app.info)


def test_hostile_pictures_are_refused_in_a_sentence():
    app = open_page("transform", model=trained("half"), source="upload")
    for content in (b"", b"<script>", b"\x89PNG\r\n\x1a\n" + b"\0" * 50):
        upload(app, content, "<b>_c.png")
        assert "\\<b\\>\\_c\\.png cannot be read as a picture" in refused(app)
    upload(app, png(1, 1))
    assert not refused(app)
    assert "comes to" in words(app)


def test_a_model_of_digits_takes_a_drawing_and_sees_uploads_as_digits():
    run_id = trained("hole", dataset="digits", kind="dense")
    app = open_page("transform", model=run_id, source="drawing", image="7")
    expected = TRANSFORMS["hole"](data.load("digits").test_images[7:8])[0].numpy()
    psnr = peak_signal_noise_ratio(data.load("digits").test_images[7].numpy(), expected, data_range=255)
    assert f"**Before**  \n{psnr:.1f} dB" in words(app)
    assert "The framed block is removed" in words(app)
    app.segmented_control(key="source").set_value("upload").run()
    upload(app, png(300, 200))
    assert "Your picture as 28×28 pixels, the size that this model knows" in words(app)
    assert "tiles" not in words(app)


def test_a_hole_is_framed_in_black_too():
    lost = np.zeros((28, 28), bool)
    lost[7:21, 7:21] = True
    png = transformed.framed(np.zeros((1, 28, 28), np.uint8), lost, 168)
    drawn = np.asarray(Image.open(BytesIO(png)))
    assert drawn.shape == (168, 168, 3)
    rows, columns, _ = np.nonzero(drawn)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (41, 126, 41, 126)
    assert not drawn[50:118, 50:118].any()


def test_an_empty_canvas_says_what_to_do(monkeypatch):
    monkeypatch.setattr(canvas, "drawing", lambda *_: None)
    app = open_page("transform", model=trained("hole", dataset="digits", kind="dense"), source="drawing")
    assert "The canvas is empty" in words(app)


def test_a_source_chosen_for_another_model_is_left_without_a_word():
    app = open_page("transform", model=trained("half"), source="drawing")
    assert not refused(app)
    assert app.segmented_control(key="source").value == "photo"


@pytest.mark.parametrize(
    ("kind", "dataset", "seen"),
    [("variational", "digits", "half"), ("recurrent", "digits", "quarter"), ("dense", "patches", "hole")],
)
def test_over_many_test_pictures_the_table_is_the_answer(kind, dataset, seen):
    run_id = trained(seen, dataset=dataset, kind=kind)
    app = open_page("transform", model=run_id)
    found = answer(Question("transforming", run_id), "cpu")
    table = app.dataframe[0].value
    assert [f"{value:.1f} dB" for value in found["psnr"]] == list(table["PSNR"])
    assert [f"{value:.3f}" for value in found["mean_ssim"]] == list(table["SSIM"])
    stands = standing(found["mse"])
    most = f"on {max(stands.ahead, stands.behind):.0%} of pictures"
    assert (most if stands.few_decide else f"closer for {stands.ahead:.0%} of them") in words(app)
    app.segmented_control(key="order").set_value("lead").run()
    assert app.query_params["order"] == "lead"
    assert re.search("Furthest ahead of (b|pictures left)", words(app))
    lines = many_transformed.csv(found, "bicubic").decode().splitlines()
    assert len(lines) == 1 + found["mse"].shape[1]
    assert lines[0].startswith("picture,model mse,model psnr,model ssim,bicubic mse")
    assert float(lines[3].split(",")[1]) == pytest.approx(found["mse"][0, 2])


def judged(ours, theirs, floor) -> dict[str, np.ndarray]:
    """The answer about a few pictures of these errors."""
    mse = np.array([ours, theirs, floor], float)
    return {"mse": mse, "psnr": -10 * np.log10(mse.mean(1)), "mean_ssim": np.array([0.9, 0.8, 0.7])}


@pytest.mark.parametrize(
    ("run_id", "errors", "says"),
    [
        (
            "zoo-patches-sharpen",
            ([0.1, 0.03, 0.03, 0.03], [0.3, 0.02, 0.02, 0.02], [1, 1, 1, 1]),
            "**Ahead on average, behind on 75% of pictures**: it gains much on a few hard ones, such as "
            "edges, and loses a little on flat ones.",
        ),
        (
            "zoo-digits-inpaint",
            ([0.1, 0.03, 0.03, 0.03], [0.3, 0.02, 0.02, 0.02], [1, 1, 1, 1]),
            "it gains much on a few hard ones and loses a little on easy ones.",
        ),
        (
            "zoo-patches-sharpen",
            ([0.3, 0.02, 0.02, 0.02], [0.1, 0.03, 0.03, 0.03], [1, 1, 1, 1]),
            "**Behind on average, ahead on 75% of pictures**: it loses much on a few, and gains a little on",
        ),
        ("zoo-patches-sharpen", ([0.1, 0.1], [0.2, 0.2], [0.3, 0.3]), "**The model wins**; the model is"),
        ("zoo-patches-sharpen", ([0.2, 0.2], [0.1, 0.1], [0.3, 0.3]), "**Bicubic wins**; the model is"),
        ("zoo-patches-sharpen", ([0.2, 0.2], [0.2, 0.202], [0.3, 0.3]), "**About equal**; the model is"),
        (
            "zoo-patches-colourise",
            ([0.2, 0.2], [0.2, 0.3], [0.1, 0.15]),
            "mean colour to 6.0 dB; left grey, 9.0 dB. **Leaving them so wins**; the model is closer for 0%",
        ),
    ],
)
def test_who_wins_over_many_is_said_with_how_often(run_id, errors, says):
    answer = judged(*errors)
    run, name = runs.get(run_id), transformed.baseline(run_id).name
    assert says in many_transformed.told(run, answer, standing(answer["mse"]), name)


def one(ours: float, theirs: float, floor: float, likeness: float = 0.9) -> Transformed:
    """A picture with these figures."""
    black = np.zeros((3, 16, 16), np.uint8)
    return Transformed(
        lost=black[0] > 0,
        pictures={},
        target=black,
        psnr={"model": ours, "baseline": theirs, "input": floor},
        ssim={"model": likeness, "baseline": 0.9, "input": 0.9},
    )


@pytest.mark.parametrize(
    ("run_id", "figures", "says"),
    [
        ("zoo-patches-sharpen", (26, 25, 24), "**, bicubic to 25.0 dB: here the model wins."),
        ("zoo-patches-sharpen", (24, 25, 23), "**, bicubic to 25.0 dB: here bicubic wins."),
        ("zoo-patches-sharpen", (25.1, 25, 23), "**, bicubic to 25.0 dB: here the two are about equal."),
        (
            "zoo-patches-colourise",
            (24, 22.5, 22.6),
            "**, mean colour to 22.5 dB; left grey, 22.6 dB: here the model wins.",
        ),
        (
            "zoo-patches-colourise",
            (24, 23, 25),
            "mean colour to 23.0 dB; left grey, 25.0 dB: here leaving it so wins.",
        ),
        (
            "zoo-patches-sharpen",
            (26, 25, 24, 0.85),
            "the model wins (SSIM, which compares structure, says otherwise: 0.85 against 0.90).",
        ),
    ],
)
def test_who_wins_is_said_beside_the_better_of_the_baseline_and_nothing_done(run_id, figures, says):
    assert says in transformed.told(runs.get(run_id), one(*figures), transformed.baseline(run_id))


def test_where_a_few_pictures_decide_these_are_shown():
    app = open_page("transform", model="zoo-patches-sharpen")
    assert "behind on 72% of pictures" in words(app)
    assert app.segmented_control(key="order").value == "lead"


def test_a_broken_model_says_so():
    run_id = trained("grey", "half")
    (runs.get(run_id).folder / "weights.safetensors").write_bytes(b"0")
    assert "damaged" in refused(open_page("transform", model=run_id))


def test_the_lab_has_a_model_for_every_task_and_colours_on_a_first_visit():
    lab = state.usable([])
    assert set(tasks.TASKS) <= set(tasks.by_task(runs.get("zoo-patches-colourise"), lab))
    assert state.default_run(lab, "colourise").id == "zoo-patches-colourise"
    assert tasks.by_task(runs.get("zoo-digits-32"), lab)["hole", "none"].id == "zoo-digits-inpaint"


def test_a_model_of_the_lab_without_its_data_set_fills_the_hole_of_a_drawing(monkeypatch):
    monkeypatch.setattr(archive, "find", lambda _: None)
    drawing = np.zeros((canvas.SIDE, canvas.SIDE), np.uint8)
    drawing[60:220, 120:150] = 255
    monkeypatch.setattr(canvas, "drawing", lambda *_: drawing)
    app = open_page("transform", model="zoo-mnist-inpaint", source="drawing")
    assert "comes to" in words(app)
    assert "MNIST is not on this machine" in words(app)
