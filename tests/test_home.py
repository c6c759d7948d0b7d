"""The first page without a browser: a model at work, the ways on, the zoo's table, and what may be broken."""

import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from aecore import data, runs
from aecore.analysis.questions import Question, answer
from aecore.config import ConvConfig, DataConfig, DenseConfig, Experiment
from aecore.jobs import Jobs
from aecore.runs import Result, shelf
from aecore.runs.example import look, read_example
from aecore.runs.record import FORMAT, write_json
from pages.shared import demo, server, state, warm
from pages.shared.wording import plain

REPOSITORY = Path(__file__).resolve().parents[1]
RESULT = Result(
    ended="finished",
    epochs=24,
    best_epoch=0,
    parameters=835_888,
    seconds=39.4,
    images_per_second=36_500.0,
    train_loss=0.0040,
    validation_loss=0.0042,
    test_loss=0.0042,
    test_mse=0.0042,
    pca_mse=0.0168,
    mean_image_mse=0.0672,
    device="cpu",
)


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch):
    """Nothing cached and nothing known of PyTorch; and nothing is trained, so no engine is needed."""
    monkeypatch.setattr(Jobs, "start", lambda _: None)
    monkeypatch.setattr(server.place(), "things", {})
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def zoo(monkeypatch, tmp_path) -> Path:
    """An empty folder in place of the one that ships with the lab."""
    folder = tmp_path / "zoo"
    folder.mkdir()
    monkeypatch.setattr(shelf, "ZOO", folder)
    return folder


def write_run(folder: Path, experiment: Experiment, result: Result | None):
    folder.mkdir()
    write_json(
        folder / "config.json",
        {
            "format": FORMAT,
            "created": "2026-11-21T08:00:00+00:00",
            "versions": {},
            "experiment": experiment.model_dump(mode="json"),
        },
    )
    if result:
        write_json(folder / "result.json", result.model_dump(mode="json"))


def open_home() -> AppTest:
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=30).run()
    assert not app.exception
    return app


def test_the_zoo_is_a_table_with_its_baselines(zoo):
    write_run(zoo / "a", Experiment(recipe="lab-32", model=DenseConfig(code_size=32)), RESULT)
    conv = Experiment(recipe="conv-16", model=ConvConfig(code_size=16), data=DataConfig(dataset="digits"))
    write_run(zoo / "b", conv, RESULT.replace(test_mse=0.0084))
    rows = open_home().dataframe[0].value.to_dict("records")
    assert rows[0] == {
        "name": "lab-32 on mnist",
        "network": "Dense",
        "code": 32,
        "smaller": 24.5,
        "error": 0.0042,
        "pca": 0.0168,
        "gain": pytest.approx(4),
        "mean": 0.0672,
        "seconds": 39.4,
    }
    assert rows[1]["network"] == "Convolutional"
    assert rows[1]["gain"] == pytest.approx(2)


@pytest.mark.usefixtures("zoo")
def test_an_empty_zoo_says_how_to_fill_it():
    app = open_home()
    assert not app.dataframe
    assert app.code[0].value == "make zoo"


def test_a_damaged_run_and_an_unfinished_one_are_left_out(zoo):
    write_run(zoo / "good", Experiment(), RESULT)
    write_run(zoo / "unfinished", Experiment(), None)
    (zoo / "damaged").mkdir()
    (zoo / "damaged" / "config.json").write_text("{")
    assert len(open_home().dataframe[0].value) == 1


def test_a_model_that_diverged_has_no_error_to_show(zoo):
    write_run(zoo / "good", Experiment(), RESULT)
    write_run(zoo / "diverged", Experiment(), RESULT.replace(ended="diverged", test_mse=None, test_loss=None))
    assert open_home().dataframe[0].value["error"].isna().tolist() == [True, False]


def open_live() -> AppTest:
    warm.start()
    assert warm._server()[1].wait(60)
    return open_home()


def shown(app: AppTest) -> tuple[str, list[str]]:
    """The error on screen and what the three pictures are called."""
    return app.metric[0].value, [image.alt for image in app.get("imgs") for image in image.proto.imgs]


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.caption]


def test_before_torch_a_stored_picture_is_shown_and_nothing_can_be_pressed():
    app = open_home()
    stored = read_example(shelf.ZOO / "zoo-digits-32")
    assert app.metric[0].value == f"{stored.mse:.5f}"
    assert app.button(key="home_another").disabled
    assert app.pills(key="home_class").disabled
    assert len(app.dataframe[0].value) == len(runs.zoo())
    told = next(text for text in captions(app) if "Stored" in text)
    assert told.startswith(r"Stored with **lab\-32 on digits**")
    assert told.endswith("live.")


def test_a_live_picture_says_which_model_drew_it():
    app = open_live()
    app.button(key="home_another").click().run()
    name = state.default_run({run.id: run for run in runs.zoo()}).name
    assert any(text.startswith(f"Live, by **{plain(name)}**") for text in captions(app))
    assert not any("Stored" in text for text in captions(app))


def test_the_stored_picture_of_the_model_that_is_live_says_so(zoo):
    shutil.copytree(Path(runs.__file__).parents[1] / "zoo" / "zoo-digits-32", zoo / "zoo-digits-32")
    assert any(text.endswith("In a few seconds it is live.") for text in captions(open_home()))
    assert any(text.endswith("It is live now: ask for another one.") for text in captions(open_live()))


def test_the_stored_picture_is_what_its_model_makes_of_a_test_picture():
    stored = read_example(shelf.ZOO / "zoo-digits-32")
    images = data.load("digits")
    pixels = images.test_images.numpy()
    index = next(i for i, image in enumerate(pixels) if (image == stored.original).all())
    model = runs.load(runs.get("zoo-digits-32"), "cpu")
    seen = look(model, images.test_images[index], stored.class_name)
    assert images.class_names[images.test_labels[index]] == stored.class_name
    assert np.abs(seen.reconstruction.astype(int) - stored.reconstruction).max() <= 1
    np.testing.assert_allclose(seen.code, stored.code, atol=1e-3)
    assert seen.mse == pytest.approx(stored.mse, rel=1e-3)
    again = model(images.test_images / 255)
    errors = (again - images.test_images / 255).square().mean((1, 2, 3))
    assert (errors < stored.mse * 0.999).sum() <= len(errors) / 2 <= (errors < stored.mse * 1.001).sum() + 1


def test_a_live_model_shows_another_picture_of_the_asked_class():
    app = open_live()
    assert not app.button(key="home_another").disabled
    first = app.metric[0].value
    app.pills(key="home_class").set_value("7").run()
    seven = app.metric[0].value
    app.button(key="home_another").click().run()
    other = app.metric[0].value
    assert not app.exception
    assert len({first, seven, other}) == 3

    run = state.default_run({run.id: run for run in runs.zoo()})
    images = state.images(run.experiment.data.dataset)
    sevens = [
        f"{look(state.model(run.id, 'cpu'), image, '7').mse:.5f}"
        for image in images.test_images[images.test_labels == 7]
    ]
    assert {seven, other} <= set(sevens)


def test_a_live_page_says_where_the_model_is():
    app = open_live()
    assert app.sidebar.caption[-1].value == f"The model is on `{app.sidebar.selectbox(key='device').value}`."


def test_damaged_weights_are_explained_and_the_rest_of_the_page_stays(zoo):
    shutil.copytree(Path(runs.__file__).parents[1] / "zoo" / "zoo-digits-32", zoo / "zoo-digits-32")
    (zoo / "zoo-digits-32" / "weights.safetensors").write_bytes(b"nothing of the kind")
    app = open_live()
    assert "weights" in app.error[0].value
    assert app.button(key="home_another").disabled
    assert app.metric  # the stored picture
    assert not any("live" in text for text in captions(app))
    assert len(app.dataframe[0].value) == 1


def test_a_damaged_stored_picture_is_explained(zoo):
    shutil.copytree(Path(runs.__file__).parents[1] / "zoo" / "zoo-digits-32", zoo / "zoo-digits-32")
    (zoo / "zoo-digits-32" / "example.json").write_text("{}")
    app = open_home()
    assert "example" in app.error[0].value
    assert len(app.dataframe[0].value) == 1


def test_every_demo_link_leads_to_a_page_and_choices_that_exist():
    app = open_home()
    links = [link for link in app.page_link if "counter" in link.proto.icon]
    assert [link.proto.icon[-2] for link in links] == ["1", "2", "3", "4", "5"]
    for link in links:
        assert parse_qs(link.proto.query_string)["model"][0] in state.usable([])
    assert len({link.proto.query_string for link in links}) == 5


def test_every_way_on_leads_to_another_page():
    pages = [link.proto.page for link in open_home().page_link if "counter" not in link.proto.icon]
    inside = ["reconstruct", "denoise", "latent", "features"]
    work = ["compress", "classify", "anomaly", "transform", "generate"]
    assert pages == ["train", "runs", *inside, *work]


def test_the_ways_on_have_the_names_of_the_menus_sections():
    menu = re.findall(r'^        "([^"]+)": \[$', (REPOSITORY / "app.py").read_text(), re.MULTILINE)
    assert len(menu) == 3
    assert [text.value for text in open_home().markdown if text.value.strip("*") in menu] == [
        f"**{section}**" for section in menu
    ]


def test_a_zoo_without_the_other_models_has_a_shorter_demo():
    run = runs.get("zoo-digits-32")
    assert [step.title for step in demo.steps(run, [run.id])] == [
        "What it keeps",
        "It only knows its own data",
    ]


def test_the_demo_shows_the_model_pictures_it_does_not_know():
    run = runs.get("zoo-digits-32")
    stranger = demo.steps(run, state.usable([]))[-1].address["data"]
    assert stranger != "digits"
    assert data.SOURCES[stranger].image_shape == run.experiment.model.image_shape


@pytest.mark.parametrize("dataset", ["mnist", "digits"])
def test_every_link_of_the_demo_opens_what_its_sentence_promises(dataset):
    if not data.available(dataset):
        pytest.skip(f"{dataset} is not on this machine")
    run = runs.get(f"zoo-{dataset}-32")
    answer(Question("sparsity", run.id), "cpu")  # so that no engine is needed
    first, map_of, noisy, units, foreign = demo.steps(run, state.usable([]))
    app = open_step(first)
    assert r"32" in app.sidebar.caption[-2].value
    assert app.toggle(key="pca").value
    app = open_step(map_of)
    assert runs.get(map_of.address["model"]).experiment.model.code_size == 2
    labels = state.images(dataset).test_labels
    one, other = (int(map_of.address[key][1:]) for key in "ab")
    assert labels[one] != labels[other]
    assert any("on the way" in caption.value for caption in app.caption)
    app = open_step(noisy)
    [told] = [text.value for text in app.markdown if "brings the noisy picture from" in text.value]
    assert "reaches less" in told  # than the model that learnt to
    app = open_step(units)
    assert any(metric.label == "Mean active units" for metric in app.metric)
    assert float(next(m.value for m in app.metric if m.label == "Mean active units")) < 26
    if data.available(foreign.address["data"]):
        open_step(foreign)


def open_step(step: demo.Step) -> AppTest:
    """The page of a link, with everything that the link asked for."""
    warm.start()
    assert warm._server()[1].wait(60)
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=120).run()
    for key, value in step.address.items():
        app.query_params[key] = value
    app.switch_page(step.page).run()
    assert not app.exception
    assert not app.warning
    assert not app.error
    assert not app.info
    for key, value in step.address.items():
        assert app.query_params[key] == value
    return app
