"""The frame without a browser: PyTorch in the background, the device, the model, and what links ask for."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import enumerate as threads

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

from aecore import device, runs
from aecore.jobs import Jobs
from aecore.recipes import RECIPES
from aecore.runs.execution import create
from pages.shared import engine, server, state, warm
from pages.shared.wording import plain

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch):
    """Nothing cached and nothing known of PyTorch; and nothing is trained, so no engine is needed."""
    monkeypatch.setattr(Jobs, "start", lambda _: None)
    monkeypatch.setattr(server.place(), "things", {})
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def open_app(page="pages/home.py", warm_first=True, **address) -> AppTest:
    if warm_first:
        make_warm()
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app if page == "pages/home.py" else go(app, page)


def go(app: AppTest, page: str) -> AppTest:
    app.switch_page(page).run()
    assert not app.exception
    return app


def make_warm():
    warm.start()
    warm._server()[1].wait(60)
    assert warm.ready()


def captions(app):
    return [caption.value for caption in app.sidebar.caption]


def test_no_run_asks_for_torch_and_pages_are_drawn_while_the_background_loads_it():
    program = """
import sys, threading
from importlib.abc import MetaPathFinder

go_on, asked, asked_by = threading.Event(), threading.Event(), []

class Gate(MetaPathFinder):
    def find_spec(self, name, *_):
        if name == "torch":
            asked_by.append(threading.current_thread().name)
            asked.set()
            go_on.wait(60)

sys.meta_path.insert(0, Gate())
from streamlit.testing.v1 import AppTest
from pages.shared import warm

def look(app):
    app.run()
    assert not app.exception
    assert app.metric
    return not app.button(key="home_another").disabled

app = AppTest.from_file("app.py", default_timeout=60)
assert not look(app)
assert asked_by == []  # the browser has not drawn anything yet
warm.start()
assert asked.wait(60)
assert not look(app)
assert "torch" not in sys.modules
go_on.set()
assert warm._server()[1].wait(60)
assert look(app)
assert asked_by == ["warm"], asked_by
"""
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)


def test_one_thread_loads_torch_however_often_it_is_asked_to(monkeypatch):
    calls = []
    monkeypatch.setattr("aecore.models.build", calls.append)
    for _ in range(3):
        warm.start()
    for thread in threads():
        if thread.name == "warm":
            thread.join(60)
    assert len(calls) == 1
    assert warm.ready()


def test_a_failed_import_does_not_keep_pages_waiting(monkeypatch):
    def broken(_config):
        raise ImportError("no such library")

    monkeypatch.setattr("aecore.models.build", broken)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    make_warm()


def test_the_device_is_in_the_address_and_survives_navigation(monkeypatch):
    monkeypatch.setattr(device, "devices", lambda: ["cpu", "cpu:0"])  # two names for what every machine has
    app = open_app(device="cpu:0")
    assert app.sidebar.selectbox(key="device").value == "cpu:0"
    go(app, "pages/reconstruct.py")
    assert app.sidebar.selectbox(key="device").value == "cpu:0"
    assert app.query_params["device"] == "cpu:0"


def test_another_device_is_another_object_on_that_device():
    on_cpu, on_meta = (state.model("zoo-digits-32", name) for name in ("cpu", "meta"))
    assert on_cpu is not on_meta
    assert state.model("zoo-digits-32", "cpu") is on_cpu
    assert {str(weight.device) for weight in on_meta.parameters()} == {"meta"}
    assert {str(weight.device) for weight in on_cpu.parameters()} == {"cpu"}
    assert not on_cpu.training
    assert not any(weight.requires_grad for weight in on_cpu.parameters())


def test_a_model_chosen_for_a_graphics_card_answers_as_on_the_processor():
    cards = [name for name in device.devices() if name != "cpu"]
    if not cards:
        pytest.skip("no graphics card is here")
    images = state.images("digits").test_images[:8] / 255
    expected = state.model("zoo-digits-32", "cpu")(images)
    for name in cards:
        app = open_app(device=name)
        assert f"The model is on `{name}`." in captions(app)
        drawn = state.model("zoo-digits-32", name)(images.to(name))
        assert torch.allclose(drawn.cpu(), expected, atol=1e-3)


@pytest.mark.parametrize("name", ["cpu", "meta"])
def test_where_the_model_is_comes_from_its_weights(name):
    def script(name):
        import streamlit as st

        from pages.shared import frame, state

        st.session_state.device = "something else"
        frame.say_where(state.model("zoo-digits-32", name))

    app = AppTest.from_function(script, args=(name,), default_timeout=60).run()
    assert captions(app) == [f"The model is on `{name}`."]


def test_a_link_to_a_device_that_is_not_here_says_so(monkeypatch):
    monkeypatch.setattr(device, "devices", lambda: ["cpu"])
    app = open_app(device="cuda:7")
    assert [warning.value for warning in app.sidebar.warning] == [
        "The linked device is not on this machine: going on with cpu."
    ]
    assert app.sidebar.selectbox(key="device").value == "cpu"
    assert "The model is on `cpu`." in captions(app)


def test_with_a_cluster_the_devices_are_said_to_be_this_machines(monkeypatch):
    assert not [text for text in captions(open_app()) if "cluster" in text]
    monkeypatch.setenv("AECORE_SCHEDULER", "tcp://127.0.0.1:8786")
    assert [text for text in captions(open_app()) if "cluster" in text]


def test_a_wrong_default_device_is_explained_and_the_fastest_taken(monkeypatch):
    monkeypatch.setenv("AECORE_DEVICE", "abacus")
    app = open_app()
    assert r"device is abacus\: choose" in app.sidebar.error[0].value
    assert app.sidebar.selectbox(key="device").value == device.devices()[0]


@pytest.mark.parametrize("asked", ["../../etc", "zoo-mnist-32/../zoo-digits-32", "", "<b>x</b>"])
def test_a_link_to_a_model_that_is_not_here_says_so_and_shows_the_default(asked):
    app = open_app("pages/reconstruct.py")
    default = app.sidebar.selectbox(key="model").value
    app.query_params["model"] = asked
    app.run()
    assert not app.exception
    assert [warning.value for warning in app.warning] == [
        "That model is no longer on this server: this is another one."
    ]
    assert app.sidebar.selectbox(key="model").value == default
    assert "model" not in app.query_params


def test_a_link_to_a_model_that_is_still_in_training_says_that():
    run = create(RECIPES["lab-32"].on("digits"))
    app = open_app("pages/reconstruct.py")
    app.query_params["model"] = run.id
    app.run()
    assert app.warning[0].value.startswith(f"{plain(run.name)} has not been trained to its end")


def test_the_chosen_model_is_in_the_address_and_known_on_the_way_back():
    app = open_app("pages/reconstruct.py", model="zoo-digits-32")
    assert app.sidebar.selectbox(key="model").value == "zoo-digits-32"
    app.sidebar.selectbox(key="model").set_value("zoo-fashion-mnist-32").run()
    assert app.query_params["model"] == "zoo-fashion-mnist-32"
    go(app, "pages/home.py")
    del app.query_params["model"]  # as the menu does
    go(app, "pages/reconstruct.py")
    assert app.sidebar.selectbox(key="model").value == "zoo-fashion-mnist-32"
    assert app.query_params["model"] == "zoo-fashion-mnist-32"


def test_models_that_read_the_same_are_told_apart():
    ours = runs.get("zoo-digits-32")
    twin = replace(ours, folder=ours.folder.with_name("lab-32-digits-abc123"))
    other = replace(ours, folder=ours.folder.with_name("lab-32-digits-def456"), name="my own")
    assert state.labels({run.id: run for run in (ours, twin, other)}) == {
        "zoo-digits-32": "lab-32 on digits · lab's",
        "lab-32-digits-abc123": "lab-32 on digits · abc123",
        "lab-32-digits-def456": "my own",
    }


def test_a_long_name_is_shortened_where_it_is_chosen_and_whole_below(own_home):
    name = "what comes of it when the code is *very* short"
    ours = runs.get("zoo-digits-32")
    for run_id in ("lab-32-digits-abc123", "lab-32-digits-def456"):
        shutil.copytree(ours.folder, own_home / "runs" / run_id)
        runs.rename(run_id, name)
    app = open_app("pages/reconstruct.py", model="lab-32-digits-abc123")
    assert app.sidebar.selectbox(key="model").options[:2] == [
        "what comes of it… · def456",
        "what comes of it… · abc123",
    ]
    assert captions(app)[0].startswith(f"**{plain(name)}**: Dense network, trained on Handwritten digits")


def test_a_damaged_notebook_is_explained(own_home):
    own_home.mkdir()
    (own_home / "lab.sqlite").write_text("this is no database, and long enough to be sure of that" * 20)
    app = open_app("pages/reconstruct.py")
    assert [error.value for error in app.error if r"lab\.sqlite" not in error.value] == []
    assert app.metric[0].label.startswith("Error on")  # the lab's own models need no notebook
    assert app.sidebar.selectbox(key="model").value in {run.id for run in runs.zoo()}


def test_on_a_cluster_its_workers_choose_the_device(monkeypatch):
    monkeypatch.delenv("AECORE_SCHEDULER", raising=False)
    assert engine.training_device() == device.choose()
    monkeypatch.setenv("AECORE_SCHEDULER", "tcp://127.0.0.1:8786")
    assert engine.training_device() == ""
