"""What a server has once: no visitor can end it, and no hot reload loses it."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import streamlit as st
from streamlit.watcher.local_sources_watcher import get_module_paths

from aecore.jobs import Jobs
from pages.shared import engine, server, warm


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch):
    monkeypatch.setattr(server.place(), "things", {})


def test_who_asks_at_once_gets_the_same():
    together = Barrier(8)

    def ask(_):
        together.wait()
        return server.kept("thing", object)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


def test_a_thing_that_could_not_be_made_is_made_by_the_next():
    with pytest.raises(ZeroDivisionError):
        server.kept("thing", lambda: 1 / 0)
    assert server.kept("thing", lambda: 2) == 2


def test_a_visitor_who_empties_the_caches_ends_nothing(monkeypatch):
    queue, (begun, loaded) = engine.jobs(), warm._server()
    closed = []
    monkeypatch.setattr(Jobs, "close", closed.append)
    st.cache_resource.clear()
    st.cache_data.clear()
    assert engine.jobs() is queue
    assert warm._server() == (begun, loaded)
    assert not closed


def test_a_hot_reload_finds_what_was_there(monkeypatch):
    """Streamlit drops every module that comes from a file of the app, and imports it again."""
    thing = server.kept("thing", object)
    assert get_module_paths(server.place()) == set()
    for name in [name for name in sys.modules if name.split(".")[0] in ("pages", "aecore")]:
        monkeypatch.delitem(sys.modules, name)
    from pages.shared import server as reloaded

    assert reloaded is not server
    assert reloaded.kept("thing", object) is thing
