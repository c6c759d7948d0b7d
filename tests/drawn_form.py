"""The form alone, without the Train page: how tests draw it, and what it makes."""

from streamlit.testing.v1 import AppTest

from aecore.config import Experiment
from pages.shared import form


def drawn():
    import streamlit as st

    from aecore.recipes import RECIPES
    from aecore.settings import SettingsError
    from pages.shared import form

    experiment = RECIPES[st.query_params["recipe"]].on(st.query_params["dataset"])
    try:
        st.session_state["made"] = form.settings(experiment, st.container(), st.container(), {})
        st.session_state["refused"] = ""
    except SettingsError as error:
        st.session_state["refused"] = str(error)


def draw(recipe="lab-32", dataset="mnist", **address) -> AppTest:
    app = AppTest.from_function(drawn, default_timeout=30)
    for name, value in {"recipe": recipe, "dataset": dataset, **address}.items():
        app.query_params[name] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def made(app: AppTest) -> Experiment:
    assert app.session_state["refused"] == ""
    return app.session_state["made"]


def widgets(app: AppTest) -> dict:
    """Those of settings, by their names."""
    drawn = {one.key: one for one in [*app.number_input, *app.selectbox, *app.text_input, *app.toggle]}
    return {name: widget for name, widget in drawn.items() if name != form.SHOWN}
