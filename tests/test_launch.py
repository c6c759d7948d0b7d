"""From the form to a run without a browser: what a click on Train trains, and where it leads."""

import pytest
import streamlit as st
from paging import REPOSITORY, shown
from streamlit.testing.v1 import AppTest
from tiny_runs import interrupted, trained
from train_page import button, keys, open_page, said

from aecore import runs
from aecore.recipes import RECIPES
from pages.shared import launch, training

pytestmark = pytest.mark.usefixtures("opened_before", "torch_is_there")


def test_train_queues_the_experiment_and_goes_to_the_run(queue):
    app = open_page(recipe="lab-32", dataset="digits", epochs="2", code_size="5")
    button(app, "train").click()
    shown(app)
    [run] = runs.list_runs()
    assert app.query_params["run"] == run.id
    expected = RECIPES["lab-32"].on("digits").with_settings({"epochs": 2, "code_size": 5})
    assert run.experiment == expected
    assert queue.position(run.id) == 1
    assert "train" not in keys(app)


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    ("chosen", "typed", "recipe", "changed"),
    [
        ({}, {"epochs": 7}, "lab-32", {"epochs": 7, "code_size": 5}),
        ({"kind": "conv"}, {"epochs": 7}, "lab-32", {"kind": "conv", "epochs": 7, "code_size": 5}),
        ({"recipe": "gfg-9"}, {}, "gfg-9", {}),
    ],
)
def test_what_was_chosen_and_typed_just_before_the_click_is_trained(chosen, typed, recipe, changed):
    app = open_page(recipe="lab-32", dataset="digits", code_size="5")
    for name, value in chosen.items():
        app.selectbox(key=name).set_value(value)
    for name, value in typed.items():
        app.number_input(key=name).set_value(value)
    button(app, "train").click()
    shown(app)
    [run] = runs.list_runs()
    assert run.experiment == RECIPES[recipe].on("digits").with_settings(changed)
    assert app.session_state["as-left"] == run.experiment  # which the form begins with the next time


@pytest.mark.usefixtures("queue")
def test_a_mistake_just_before_the_click_is_said_once_and_nothing_is_trained():
    app = open_page(recipe="lab-32", dataset="digits")
    app.number_input(key="batch_size").set_value(0)
    button(app, "train").click()
    shown(app)
    assert len(app.error) == 1
    assert not runs.list_runs()


def test_an_event_on_its_way_at_the_click_does_not_bring_the_form_back(queue):
    app = open_page(recipe="lab-32", dataset="digits", epochs="2")
    form_address = dict(app.query_params)
    button(app, "train").click()
    shown(app)
    run_id = queue.active()[0]
    app.query_params.clear()
    for name, value in form_address.items():
        app.query_params[name] = value
    shown(app)
    assert app.query_params["run"] in (run_id, [run_id])
    button(app, "another").click()
    shown(app)
    assert "run" not in app.query_params
    assert "train" in keys(app)


def test_a_refused_training_is_said_beside_the_form(queue, monkeypatch):
    monkeypatch.setenv("AECORE_PUBLIC", "1")
    for _ in range(2):
        queue.submit(RECIPES["lab-32"].on("digits"), owner="me", device="cpu")
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=60)
    app.session_state["owner"] = "me"
    shown(app)
    app.query_params["dataset"] = "digits"
    shown(app.switch_page("pages/train.py"))
    button(app, "train").click()
    shown(app)
    assert [error for error in app.error if "are waiting" in error.value]
    assert "run" not in app.query_params
    assert len(runs.list_runs()) == 2


def test_a_run_in_training_is_offered_to_whoever_comes(queue):
    run_id = queue.submit(RECIPES["lab-32"].on("digits"), owner="other", device="cpu")
    runs.rename(run_id, "*mine*")
    app = open_page()
    assert r"**\*mine\*** is next in the queue." in said(app)
    button(app, "watch").click()
    shown(app)
    assert app.query_params["run"] == run_id


class Queueing:
    """A lock that is free again once another thread, which held it, has noted its run."""

    def __init__(self, launch, run_id):
        self.launch, self.run_id = launch, run_id

    def __enter__(self):
        self.launch.run, self.launch.unheard = self.run_id, True

    def __exit__(self, *error):
        pass


def test_what_else_comes_while_a_training_is_being_queued_waits_and_leads_to_it(queue):
    app = open_page(recipe="lab-32", dataset="digits")
    run_id = queue.submit(RECIPES["lab-32"].on("digits"), owner="me", device="cpu")
    launched = app.session_state["launched"]
    launched.lock = Queueing(launched, run_id)
    assert shown(app).query_params["run"] in (run_id, [run_id])


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_the_page_of_a_run_looks_again_until_it_is_over_and_the_browser_has_heard_of_it(monkeypatch):
    run_id = trained().id
    app, clocks, fragment = open_page(run=run_id), [], st.fragment

    def noting(*args, **options):
        clocks.append(options.get("run_every"))
        return fragment(*args, **options)

    monkeypatch.setattr(st, "fragment", noting)
    app.session_state["launched"] = launch.Launch(run=run_id, unheard=True)
    shown(app)
    assert clocks == [training.SECONDS_TO_HEAR]
    app.session_state["launched"].unheard = False
    shown(app)
    assert clocks[1:] == [None]
    open_page(run=interrupted().id)  # which somebody may resume elsewhere
    assert clocks[-1] == 3.0
