"""What every page promises, without a browser: opened before PyTorch is there, and where no model is."""

from pathlib import Path

import pytest
import streamlit as st
from paging import REPOSITORY, opened

from aecore import device
from aecore.data import archive
from aecore.runs import shelf
from pages.shared import server, warm

PAGES = sorted(file.stem for file in (REPOSITORY / "pages").glob("*.py"))
LOOK_INTO_A_MODEL = sorted(set(PAGES) - {"home", "train", "runs"})

pytestmark = pytest.mark.usefixtures("nothing_is_trained", "answered_here", "plain_sliders")


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch):
    """Nothing cached and nothing known of PyTorch, and no data set but those that need no file."""
    monkeypatch.setenv("AECORE_DATA", "")
    monkeypatch.setattr(archive, "DEBIAN_FOLDER", Path("nowhere"))
    monkeypatch.setattr(server.place(), "things", {})
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.mark.parametrize("page", LOOK_INTO_A_MODEL)
def test_opened_cold_it_waits_and_shows_a_model(page):
    assert not warm.ready()
    app = opened(page, {}, seconds=240)
    assert warm.ready()
    assert app.title[0].value
    assert app.sidebar.selectbox(key="device").value == device.choose()
    assert app.sidebar.selectbox(key="model").value.startswith("zoo-")
    assert not app.error


def test_train_opened_cold_has_a_form_and_a_button_that_waits(monkeypatch):
    monkeypatch.setattr(warm, "wait", st.stop)
    app = opened("train", {})
    assert app.button(key="not-yet").disabled
    assert app.number_input(key="epochs").value


def test_runs_opened_cold_lists_what_comes_with_the_lab():
    assert len(opened("runs", {}).dataframe[0].value)


@pytest.mark.parametrize("page", PAGES)
def test_without_any_model_it_says_so_and_what_to_do(page, monkeypatch, tmp_path):
    monkeypatch.setattr(shelf, "ZOO", tmp_path)
    app = opened(page, {}, seconds=120)
    assert app.title[0].value
    if page in LOOK_INTO_A_MODEL:
        assert app.info[0].value == "There is no trained model yet: train one first."
        assert [link.value for link in app.page_link] == ["Train a model"]
    else:
        ways = [button.label for button in app.button] + [code.value for code in app.code]
        assert {"Train", "Train a model", "make zoo"} & {*ways}
