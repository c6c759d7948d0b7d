"""Pages without a browser: fixtures for tests that run them by AppTest."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from aecore.analysis.questions import Question, answer
from aecore.jobs import Analyses, Jobs
from pages.shared import live_sliders, server, warm

REPOSITORY = Path(__file__).resolve().parents[1]


def open_page(name: str, **address: str) -> AppTest:
    """A page that looks into a model, the digits' own where the address names no other; PyTorch is there."""
    warm.start()
    assert warm._server()[1].wait(120)
    return opened(name, {"model": "zoo-digits-32"} | address, seconds=240)


def opened(name: str, address: Mapping[str, str], seconds: int = 60) -> AppTest:
    """A page by its address; a run of its script may take so many seconds."""
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=seconds).run()
    for key, value in address.items():
        app.query_params[key] = value
    return shown(app.switch_page(f"pages/{name}.py"))


def shown(app: AppTest) -> AppTest:
    """Run it; no exception is on screen."""
    app.run()
    assert not app.exception
    return app


@pytest.fixture(scope="module")
def fresh_server():
    """What the pages keep in memory is shared by a module's tests and by no others."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def nothing_is_trained(monkeypatch):
    """So no engine is needed."""
    monkeypatch.setattr(Jobs, "start", lambda _: None)


@pytest.fixture
def answered_here(monkeypatch):
    """The questions that pages ask, answered at once: processes of their own have their own tests."""
    asked = []

    def ask(_, analysis, subject, settings, *, device):
        asked.append(Question(analysis, subject, settings))
        return answer(asked[-1], device)

    monkeypatch.setattr(Analyses, "ask", ask)
    return asked


@pytest.fixture
def plain_sliders(monkeypatch):
    """Streamlit's sliders in place of those that only a browser can move."""

    def drawn(sliders, *, key, on_move, wide=False):  # noqa: ARG001, as live_sliders.drawn
        for each in sliders:
            name = f"{key}-{each.name}"
            st.session_state[name] = each.value
            note = partial(lambda each, name: on_move({each.name: st.session_state[name]}), each, name)
            st.slider(each.label, each.low, each.high, key=name, on_change=note)

    monkeypatch.setattr(live_sliders, "drawn", drawn)


@pytest.fixture
def queue(monkeypatch):
    """The page's queue, that takes runs and trains none of them."""
    monkeypatch.setattr(Jobs, "start", lambda _: None)
    queue = Jobs()
    monkeypatch.setitem(server.place().things, "jobs", queue)
    yield queue
    queue.close()


@pytest.fixture
def opened_before(monkeypatch):
    """Pages open in their frame, as on a server that somebody has opened before."""
    make = PagesManager.__init__

    def without_guessing(self, *arguments, **settings):
        make(self, *arguments, **settings)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", without_guessing)


@pytest.fixture(scope="module")
def torch_is_there():
    warm.start()
    assert warm._server()[1].wait(60)
    yield
    st.cache_resource.clear()
