"""Pages without a browser: fixtures for tests that run them by AppTest."""

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from aecore.jobs import Jobs
from pages.shared import server, warm


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
