"""The Compress page without a browser."""

import shutil
from io import BytesIO

import numpy as np
import pytest
from every_model import small_config
from paging import open_page
from PIL import Image
from test_features_page import trained

from aecore import data, runs
from aecore.analysis import estimate
from aecore.analysis.questions import Question, answer
from aecore.compression import aez, codec_of, compress, decompress
from aecore.compression.codec import find
from aecore.compression.formats import lossless
from aecore.compression.quality import trial
from aecore.compression.samples import sample
from aecore.config import Experiment
from aecore.data import SOURCES, archive
from aecore.data import uploads as files
from aecore.jobs import Jobs
from aecore.runs.execution import create, execute
from pages.shared import canvas, rate, reopened, strangers

pytestmark = pytest.mark.usefixtures("fresh_server")


@pytest.fixture(autouse=True)
def nothing_is_computed_elsewhere(monkeypatch, own_home):  # noqa: ARG001, a fixture
    """And other data sets are not on this machine."""
    monkeypatch.setattr(Jobs, "start", lambda *_: None)
    monkeypatch.setattr(strangers, "available", lambda name: name == "digits")


def metrics(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def markdown(app) -> str:
    return " ".join(each.value for each in app.markdown)


def png(side: int = 28, value: int = 255) -> bytes:
    file = BytesIO()
    pixels = np.zeros((side, side), np.uint8)
    pixels[side // 4 : side // 2, side // 4 : side // 2] = value
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_the_figures_are_those_of_a_file():
    app = open_page("compress", bits="4")
    codec, images = codec_of(runs.get("zoo-digits-32"), "cpu"), data.load("digits").test_images
    content = compress(codec, images, 4, "range")
    error = np.square(decompress(codec, content).pictures / 255 - images.numpy() / 255).mean()
    found = metrics(app)
    assert found["Bytes on disk"] == f"{len(content):,}"
    assert found["Bytes a picture"] == f"{len(content) / 360:.1f}"
    assert found["Bits per pixel"] == f"{8 * len(content) / 360 / 784:.3f}"
    assert found["PSNR"] == f"{-10 * np.log10(error):.1f} dB"
    frame = app.dataframe[0].value
    assert list(frame["File"])[0] == "This file"
    assert frame["Bytes a picture"].is_monotonic_increasing
    assert "has paid for itself after" in markdown(app)
    smallest = [name for name in app.dataframe[0].value["File"] if name != "This file"][0]
    assert f"a picture, as {smallest}" in markdown(app)  # not beside the format that suits the lab
    assert app.query_params["bits"] == "4"
    app.segmented_control(key="coder").set_value("none").run()
    assert app.query_params["coder"] == "none"
    assert int(metrics(app)["Bytes on disk"].replace(",", "")) == 360 * 16 + 41 + len("zoo-digits-32\ndigits")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("source", "camera", "linked pictures are unknown"),
        ("bits", "9", "number of bits is unknown"),
        ("bits", "<b>", "number of bits is unknown"),
        ("coder", "huffman", "coder is unknown"),
        ("coder", "../../etc", "coder is unknown"),
    ],
)
def test_a_bad_link_is_explained_and_the_default_shown(key, value, says):
    app = open_page("compress", **{key: value})
    assert [warning.value for warning in app.warning if says in warning.value]
    assert metrics(app)["Bytes a picture"] == "18.2"


def test_half_precision_has_no_range_coder():
    app = open_page("compress", bits="16", coder="range")
    assert not app.warning
    assert app.segmented_control(key="coder").options == ["zlib", "None"]
    assert float(metrics(app)["Bytes a picture"]) > 55


def test_a_drawing_is_compressed_by_itself():
    app = open_page("compress", source="drawing", image="7", bits="8")
    codec = codec_of(runs.get("zoo-digits-32"), "cpu")
    content = compress(codec, data.load("digits").test_images[7:8], 8, "range")
    assert metrics(app)["Bytes on disk"] == f"{len(content)}"
    assert "Bytes a picture" not in metrics(app)
    names = list(app.dataframe[0].value["File"])
    assert {"This file", "PNG", "JPEG as good", "WebP as good"} <= set(names)
    smallest = next(name for name in names if name != "This file")
    assert f"a picture, as {smallest.replace('as good', 'of this quality')}" in markdown(app)


def test_an_empty_canvas_says_what_to_do(monkeypatch):
    monkeypatch.setattr(canvas, "drawing", lambda *_: None)
    app = open_page("compress", source="drawing")
    assert [info.value for info in app.info if "canvas is empty" in info.value]


def test_ones_own_pictures_and_what_is_none():
    app = open_page("compress", source="upload")
    assert [info.value for info in app.info if "Choose a picture" in info.value]
    files = (("a.png", png()), ("b.png", png(300)), ("<b>_c.png", b"nothing"))
    app.file_uploader[0].set_value([(*file, "image/png") for file in files]).run()
    assert not app.exception
    [error] = [error.value for error in app.error]
    assert "\\<b\\>\\_c\\.png cannot be read as a picture" in error
    found = metrics(app)
    assert float(found["Bytes a picture"]) == int(found["Bytes on disk"]) / 2


def test_a_picture_is_read_once_however_often_the_page_is_drawn(monkeypatch):
    read, picture = [], files.picture
    monkeypatch.setattr(files, "picture", lambda *given: read.append(given[1]) or picture(*given))
    app = open_page("compress", source="upload")
    app.file_uploader[0].set_value([(name, png(), "image/png") for name in ("a.png", "b.png")]).run()
    before = metrics(app)
    app.select_slider(key="bits").set_value("2").run()
    assert not app.exception
    assert metrics(app) != before
    assert read == ["the file a.png", "the file b.png"]


def reopen(app, content: bytes):
    uploader = next(each for each in app.file_uploader if each.key == "reopen")
    uploader.set_value(("x.aez", content, "application/octet-stream"))
    app.run()
    assert not app.exception
    return " ".join(error.value for error in app.error)


def test_a_file_is_opened_again_or_refused():
    app = open_page("compress")
    codec = codec_of(runs.get("zoo-digits-32"), "cpu")
    content = compress(codec, data.load("digits").test_images[:45], 6, "zlib")
    assert reopen(app, content) == ""
    assert "**45 pictures** out of" in markdown(app)
    damaged = bytearray(content)
    damaged[100] ^= 4
    for hostile, says in (
        (bytes(damaged), "damaged"),
        (content[:-9], "cut off"),
        (b"<script>", "no .aez file"),
        (b"", "no .aez file"),
        (content[:4] + b"\x07" + content[5:], "version 7"),
    ):
        assert says in reopen(app, hostile).replace("\\", "")
    other = codec_of(runs.get("zoo-digits-2"), "cpu")
    theirs = compress(other, data.load("digits").test_images[:3])
    assert "made by zoo-digits-2, not by zoo-digits-32" in reopen(app, theirs).replace("\\", "")
    app.button(key="take-maker").click().run()
    assert app.query_params["model"] == "zoo-digits-2"
    assert "**3 pictures** out of" in markdown(app)


def test_another_model_of_the_same_name_is_told():
    app = open_page("compress")
    contents = aez.read(
        compress(codec_of(runs.get("zoo-digits-32"), "cpu"), data.load("digits").test_images[:2])
    )
    forged = aez.write(type(contents)(**{**vars(contents), "fingerprint": b"12345678"}))
    assert "another model" in reopen(app, forged)


def test_a_small_file_that_asks_for_very_much_is_for_the_command_line(monkeypatch):
    app = open_page("compress")
    content = compress(codec_of(runs.get("zoo-digits-32"), "cpu"), data.load("digits").test_images[:3])
    monkeypatch.setattr(reopened, "MOST_PICTURES", 2)
    assert "3 pictures in codes of 32 numbers are too many for this page" in reopen(app, content)
    monkeypatch.setattr(reopened, "MOST_PICTURES", 3)
    monkeypatch.setattr(reopened, "MOST_NUMBERS", 95)
    assert "python -m aecore decompress" in reopen(app, content)
    monkeypatch.setattr(reopened, "MOST_NUMBERS", 96)
    assert reopen(app, content) == ""


def test_a_model_asked_for_another_picture_is_compared_with_files_of_that():
    app = open_page("compress", model="zoo-patches-decolour", bits="4")
    images = sample(data.load("patches").test_images)
    found = trial(codec_of(runs.get("zoo-patches-decolour"), "cpu"), images.numpy(), 4, "range")
    sizes = app.dataframe[0].value.set_index("File")["Bytes a picture"]
    assert sizes["PNG"] == pytest.approx(lossless(found.asked)["PNG"])
    assert sizes["PNG"] < lossless(images.numpy())["PNG"]
    assert not [button for button in app.button if button.key == "compute"]
    assert "No curves here" in " ".join(caption.value for caption in app.caption)


def test_files_smaller_and_larger_than_all_of_a_method_are_told_apart():
    sizes, decibels = np.array([10.0, 20.0, 30.0]), np.array([15.0, 25.0, 24.0])
    assert rate._reached(sizes, decibels, 15) == "reaches 20.0 dB"
    assert rate._reached(sizes, decibels, 9) == "needs at least 10 bytes (15.0 dB)"
    assert rate._reached(sizes, decibels, 31) == "needs fewer, 20 bytes, for its best, 25.0 dB"
    # from its best on, a method has nothing to gain from more bytes
    assert rate._reached(sizes, decibels, 25) == "needs fewer, 20 bytes, for its best, 25.0 dB"


def test_a_codec_that_takes_long_is_asked_for_first(monkeypatch, answered_here):
    monkeypatch.setattr(estimate, "LONG", 0)
    run = trained(code_size=7)
    app = open_page("compress", model=run.id)
    assert answered_here[0] == Question("codec", run.id)
    content = compress(codec_of(run, "cpu"), data.load("digits").test_images, 5, "range")
    assert metrics(app)["Bytes on disk"] == f"{len(content):,}"
    answered_here.clear()
    open_page("compress", model=run.id)
    assert Question("codec", run.id) not in answered_here  # it was kept with the run


@pytest.mark.usefixtures("answered_here")
def test_curves_are_asked_for_and_drawn(monkeypatch):
    monkeypatch.setattr(rate, "MOST_MODELS", 2)
    app = open_page("compress")
    assert app.button(key="compute").label == "Compute 4 curves"
    app.button(key="compute").click().run()
    assert not app.exception
    assert app.query_params["curve"] == "yes"
    assert "PCA, at its best size, reaches" in markdown(app)
    curves = {
        name: answer(Question(*ask), "cpu") for name, ask in rate.asks(runs.get("zoo-digits-32")).items()
    }
    chart = rate.figure(curves, None)
    lines = {trace.name: trace for trace in chart.data}
    assert "lab-32 (32)" in lines and "PCA, the best sizes" in lines and "JPEG, all in one" in lines
    marked = rate.figure({"<b>x</b> (32)": curves["lab-32 (32)"]}, None)
    assert marked.data[0].name == "&lt;b&gt;x&lt;/b&gt; (32)"
    assert list(lines["lab-32 (32)"].x) == list(curves["lab-32 (32)"]["bytes"])
    assert rate.table(curves).count(b"\n") > 100


def test_other_data_is_told_from_the_models_own(monkeypatch):
    monkeypatch.setattr(strangers, "available", lambda name: name in ("digits", "patches"))
    app = open_page("compress")
    frame = app.dataframe[1].value
    assert list(frame["Test pictures of"]) == ["Handwritten digits (8×8)", "Photo patches"]
    assert float(frame["PSNR"][0].split()[0]) > float(frame["PSNR"][1].split()[0]) + 10
    assert "comes back with" in " ".join(caption.value for caption in app.caption)


def test_without_its_data_set_a_model_of_the_lab_still_compresses_a_drawing(monkeypatch):
    monkeypatch.setattr(archive, "find", lambda _: None)
    app = open_page("compress", model="zoo-mnist-32")
    assert [info.value for info in app.info if "is not on this machine" in info.value]
    digits = data.load("digits").test_images[:3]
    assert reopen(app, compress(codec_of(runs.get("zoo-mnist-32"), "cpu"), digits)) == ""
    assert "**3 pictures** out of" in markdown(app)
    app = open_page("compress", model="zoo-mnist-32", source="upload")
    app.file_uploader[0].set_value([("a.png", png(), "image/png")]).run()
    assert not app.exception
    assert int(metrics(app)["Bytes on disk"]) < 100


@pytest.mark.parametrize("kind", ["conv-winners"])
def test_other_kinds_of_models_and_colours(kind, monkeypatch):
    monkeypatch.setattr(strangers, "available", lambda _: False)
    model = small_config(kind, SOURCES["patches"].image_shape, 12)
    settings = {"dataset": "patches", "epochs": 1, "train_count": 100}
    images = data.load("patches")
    run = create(Experiment(model=model).with_settings(settings))
    list(execute(run, images, "cpu"))
    app = open_page("compress", model=run.id, bits="8")
    found = metrics(app)
    assert int(found["Bytes on disk"].replace(",", "")) == len(
        compress(codec_of(runs.get(run.id), "cpu"), sample(images.test_images), 8)
    )
    assert find(runs.get(run.id)) == run.folder / "codec.safetensors"


def test_a_broken_model_says_so(own_home):
    folder = own_home / "runs" / "lab-32-digits-000000"
    shutil.copytree(runs.get("zoo-digits-32").folder, folder)
    (folder / "codec.safetensors").write_bytes(b"0")
    app = open_page("compress", model=folder.name)
    assert [error.value for error in app.error if "damaged" in error.value]
