"""The page of a run without a browser, in every state that a run can be in."""

from threading import Event
from time import monotonic

import numpy as np
import pytest
from paging import shown
from tiny_runs import change_json, interrupted, trained
from train_page import HOSTILE, button, keys, metrics, open_page, said

from aecore import runs
from aecore.jobs import Jobs
from aecore.progress import Epoch
from aecore.recipes import RECIPES
from aecore.runs.record import run_lock
from pages.shared import engine, form, server, wording
from pages.shared import training as training_page

pytestmark = pytest.mark.usefixtures("opened_before", "torch_is_there")


def training(queue, stage, **settings):
    """A run in the queue's hands, in a stage of its training."""
    experiment = RECIPES["lab-32"].on("digits").with_settings({"epochs": 4} | settings)
    run_id = queue.submit(experiment, owner="me", device="cpu")
    live = queue.live(run_id)
    live.stage = stage
    if stage in ("training", "paused", "measuring"):
        live.step, live.steps, live.seconds = 25, 40, 5.0
        live.losses = np.linspace(0.1, 0.02, 25).tolist()
        live.epochs = [
            Epoch(
                epoch=number,
                step=10 * number,
                seconds=2.0 * number,
                train_loss=0.05,
                validation_loss=0.04 / number,
                learning_rate=1e-3,
                dead_units=3,
                active_units=12.25,
            )
            for number in (1, 2)
        ]
        live.images_per_second, live.learning_rate = 1234.5, 2.5e-3
        live.originals = live.reconstructions = np.zeros((10, 1, 28, 28), np.uint8)
    return run_id


def test_a_waiting_run_says_its_place_and_what_is_before_and_can_leave(queue):
    first = training(queue, "queued")
    assert "watch" not in keys(open_page(run=first))
    run_id = training(queue, "queued")
    app = open_page(run=run_id)
    assert "Number 2 in the queue" in app.get("progress")[0].proto.text
    assert "**lab\\-32 on digits** comes first" in app.info[0].value
    button(app, "watch").click()
    assert shown(app).query_params["run"] in (first, [first])
    app = open_page(run=run_id)
    button(app, "stop").click()
    shown(app)
    assert queue.position(run_id) is None
    assert "taken out of the queue" in app.info[0].value
    assert "resume" in keys(app)


def test_a_starting_run_says_what_it_does(queue):
    run_id = training(queue, "starting")
    queue.live(run_id).doing = "Downloading MNIST: 40%"
    app = open_page(run=run_id)
    assert r"Downloading MNIST\: 40\%" in app.get("progress")[0].proto.text
    assert button(app, "pause").disabled
    assert not button(app, "stop").disabled


@pytest.mark.parametrize(("stage", "control"), [("training", "pause"), ("paused", "go_on")])
def test_a_run_in_training_shows_how_far_it_is(queue, stage, control):
    run_id = training(queue, stage)
    queue.live(run_id).message = "after 25 steps the loss is no better than the mean image"
    app = open_page(run=run_id)
    progress = app.get("progress")[0].proto
    assert (progress.value, progress.text) == (62, "Step 25 of 40 · about 3 s left")
    assert metrics(app) == {
        "Epoch": "3 of 4",
        "Training loss": "0.06000",
        "Validation loss": "0.02000",
        "Active units": "12.2",
        "Dead units": "3",
        "Images per second": "1,234",
        "Learning rate": "0.0025",
    }
    assert {control, "step", "stop"} <= keys(app)
    assert not button(app, "stop").disabled
    assert "mean image" in app.warning[0].value
    assert len(app.image) == 2  # five pictures in each


def test_a_wish_that_cannot_be_granted_is_said_once(queue):
    app = open_page(run=training(queue, "training"))
    button(app, "pause").click()
    shown(app)
    assert "not being trained here" in app.error[0].value
    assert not shown(app).error


class Refusal(Exception):
    """What a queue from before a hot reload raises: no class that the pages import."""


def test_a_queue_from_before_a_hot_reload_is_understood(queue, monkeypatch):
    def refuse(*_, **__):
        raise Refusal("the training engine does not answer")

    app = open_page(run=training(queue, "training"))
    monkeypatch.setattr(Jobs, "refusal", Refusal)
    monkeypatch.setattr(Jobs, "pause", refuse)
    button(app, "pause").click()
    shown(app)
    assert "does not answer" in app.error[0].value
    monkeypatch.setattr(Jobs, "submit", refuse)
    app = open_page(recipe="lab-32", dataset="digits")
    button(app, "train").click()
    shown(app)
    assert "does not answer" in app.error[0].value


def test_an_impossible_learning_rate_is_said(queue):
    run_id = training(queue, "training")
    app = open_page(run=run_id)
    app.number_input(key=f"learning_rate-{run_id}").set_value(0.0)
    button(app, f"use-rate-{run_id}").click()
    shown(app)
    assert r"Learning rate is 0\: choose more than 0" in app.error[0].value
    assert [toast.value for toast in app.toast] == [app.error[0].value]


def test_a_new_learning_rate_is_confirmed_though_a_paused_training_shows_nothing_of_it(queue, monkeypatch):
    run_id = training(queue, "paused")
    told = []
    monkeypatch.setattr(queue._dispatcher, "tell", lambda *wish: told.append(wish))
    app = open_page(run=run_id)
    app.number_input(key=f"learning_rate-{run_id}").set_value(0.01)
    button(app, f"use-rate-{run_id}").click()
    shown(app)
    assert told == [(run_id, "change_learning_rate", 0.01)]
    assert [toast.value for toast in app.toast] == [
        "From the next step on: highest learning rate 0.01."  # it is one-cycle
    ]
    assert "Asked for last: **0.01**." in said(app)
    assert not app.error
    button(app, f"use-rate-{run_id}").click()  # a plateau may have lowered it meanwhile
    shown(app)
    assert told == 2 * [(run_id, "change_learning_rate", 0.01)]


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_a_stopped_run_says_that_it_does_not_go_on_and_can_be_trained_again():
    run = trained()
    change_json(run.folder / "result.json", ended="stopped", message="stopped by hand in epoch 2")
    app = open_page(run=run.id)
    assert "does not go on; it can be trained again" in app.info[0].value
    assert "resume" not in keys(app)
    button(app, "again").click()
    assert button(shown(app), "train")


def test_somebody_elses_run_can_only_be_watched(queue, monkeypatch):
    monkeypatch.setenv("AECORE_PUBLIC", "1")
    app = open_page(run=training(queue, "training"))
    assert all(button(app, key).disabled for key in ("pause", "step", "stop"))
    assert "Only who started this run" in said(app)
    assert metrics(app)["Epoch"] == "3 of 4"


def test_a_run_that_is_measured(queue):
    app = open_page(run=training(queue, "measuring"))
    assert "never saw" in app.get("progress")[0].proto.text
    assert button(app, "stop").disabled


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_a_finished_run_has_its_figures_and_ways_on():
    run = trained()
    app = open_page(run=run.id)
    result = run.result
    shown_figures = metrics(app)
    assert shown_figures["Test error"] == wording.error(result.test_mse)
    assert shown_figures["PCA, code of 3"] == wording.error(result.pca_mse)
    assert shown_figures["Mean image"] == f"{result.mean_image_mse:.5f}"
    gain = result.pca_mse / result.test_mse
    times = f"{gain:.1f} times smaller" if gain >= 1 else f"{1 / gain:.1f} times larger"
    assert f"**{times} than PCA's**" in said(app)
    assert {"again", "another"} <= keys(app)
    assert not {"pause", "stop", "resume"} & keys(app)
    pages = [link.proto.page for link in app.get("page_link")]
    assert pages == ["reconstruct", "latent", "features", "compress", "classify", "runs"]


@pytest.mark.usefixtures("queue")
def test_train_again_opens_the_form_with_the_runs_settings():
    zoo = next(run for run in runs.zoo() if run.experiment.data.dataset == "digits")
    app = open_page(run=zoo.id)
    assert metrics(app)["Test error"] == f"{zoo.result.test_mse:.5f}"
    button(app, "again").click()
    shown(app)
    assert dict(app.query_params) == form.link(zoo.experiment)
    assert app.number_input(key="epochs").value == zoo.experiment.train.epochs
    assert not button(app, "train").disabled


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_what_was_edited_before_does_not_mix_into_a_link():
    app = open_page(recipe="lab-32", dataset="digits")
    app.number_input(key="code_size").set_value(3)
    shown(app)
    app.query_params.clear()
    app.query_params["run"] = trained(epochs=2).id
    shown(app)
    button(app, "again").click()
    shown(app)
    assert app.number_input(key="epochs").value == 2
    assert app.number_input(key="batch_size").value == 7


@pytest.mark.usefixtures("queue")
def test_the_form_is_as_it_was_left_when_one_comes_back():
    app = open_page(recipe="tf-64", dataset="digits")
    app.number_input(key="epochs").set_value(3)
    shown(app)
    app.switch_page("pages/runs.py").run()
    app.query_params.clear()
    shown(app.switch_page("pages/train.py"))
    assert app.selectbox(key="recipe").value == "tf-64"
    assert app.number_input(key="epochs").value == 3


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_an_interrupted_run_can_be_resumed():
    run = interrupted()
    app = open_page(run=run.id)
    assert "cut off" in app.warning[0].value
    button(app, "resume").click()
    shown(app)
    assert engine.jobs().position(run.id) == 1
    assert "stop" in keys(app)


@pytest.mark.usefixtures("tiny_digits")
def test_a_failed_run_says_why(queue):
    run = interrupted()
    queue._own_book().enter(run.id, "me", "cpu")
    queue._own_book().mark(run.id, "", "device cpu has too little memory for this training")
    app = open_page(run=run.id)
    assert app.error[0].value == "Device cpu has too little memory for this training\\."
    assert "resume" in keys(app)


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_a_diverged_run_says_so_and_offers_a_lower_learning_rate():
    run = trained(
        optimizer="sgd",
        learning_rate=10.0,
        loss="mse",
        output_activation="identity",
        activation="relu",
        weight_std=1,
    )
    assert run.status == "diverged"
    app = open_page(run=run.id)
    assert "no longer a number" in app.error[0].value
    button(app, "calmer").click()
    shown(app)
    assert app.number_input(key="learning_rate").value == 1.0


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_a_run_trained_by_another_process():
    run = interrupted()
    with run_lock(run.folder):
        app = open_page(run=run.id)
    assert "Another process" in said(app)
    assert not {"pause", "stop", "resume"} & keys(app)


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("run", ["gone", "", "../../etc", HOSTILE, "a" * 3_000, "."])
def test_a_run_that_is_not_there(run):
    app = open_page(run=run)
    assert "no longer on this server" in app.warning[0].value
    assert HOSTILE not in said(app)
    button(app, "another").click()
    assert "train" in keys(shown(app))


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_a_damaged_run_is_named():
    run = trained()
    (run.folder / "result.json").write_text("{")
    app = open_page(run=run.id)
    assert "is damaged" in app.error[0].value
    assert "another" in keys(app)


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_a_database_that_cannot_be_read_is_named_and_the_labs_own_runs_need_none(own_home, monkeypatch):
    run = trained()
    (own_home / "lab.sqlite").write_bytes(b"this is no database, and long enough to be seen as none" * 100)
    app = open_page(run=run.id)
    assert r"lab\.sqlite is damaged" in app.error[0].value
    assert "no longer on this server" not in said(app)
    monkeypatch.setenv("AECORE_PUBLIC", "1")  # where it has to be looked up whose a run is
    app = open_page(run="zoo-digits-32")
    assert "Test error" in metrics(app)
    assert not app.error


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_a_resumed_run_taken_out_of_the_queue_can_be_resumed_again(queue):
    run = interrupted()
    queue.resume(run.id, owner="me", device="cpu")
    queue.stop(run.id, owner="me")
    app = open_page(run=run.id)
    assert "taken out of the queue" in app.warning[0].value
    assert "last saved epoch" in app.warning[0].value
    assert "resume" in keys(app)


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_damaged_losses_are_named_and_the_figures_stay():
    run = trained()
    (run.folder / "losses.npy").write_bytes(b"nonsense")
    app = open_page(run=run.id)
    assert "is damaged" in app.error[0].value
    assert "Test error" in metrics(app)


@pytest.mark.usefixtures("queue", "tiny_digits")
def test_a_name_is_shown_as_text():
    run = trained()
    runs.rename(run.id, HOSTILE)
    app = open_page(run=run.id)
    assert [text for text in app.text if text.value == HOSTILE]
    others = (*app.markdown, *app.caption, *app.error, *app.warning, *app.info, *app.title)
    assert not [one for one in others if "example.org" in one.value]


@pytest.mark.usefixtures("queue", "tiny_digits")
@pytest.mark.parametrize(
    "view",
    [
        {"across": "epoch", "scale": "linear", "smoothing": "moving", "over": "2"},
        {"across": "second", "smoothing": "none", "last": "yes"},
        {"across": HOSTILE, "scale": HOSTILE, "smoothing": HOSTILE, "over": HOSTILE, "last": HOSTILE},
    ],
)
def test_every_view_of_the_losses(view):
    app = open_page(run=trained().id, **view)
    assert len(app.get("echarts_chart")) == 1


@pytest.mark.slow
def test_a_training_from_the_click_to_its_figures(monkeypatch):
    """Through the real engine; the images are the real digits, for the engine is another process."""
    monkeypatch.setitem(server.place().things, "jobs", Jobs())
    app = open_page(recipe="lab-32", dataset="digits", epochs="2", hidden="16", code_size="4")
    button(app, "train").click()
    run_id = shown(app).query_params["run"]
    give_up = monotonic() + 120
    while engine.jobs().status(runs.get(run_id)) in training_page.SECONDS_BETWEEN_LOOKS:
        assert monotonic() < give_up, said(app)
        Event().wait(0.1)
        shown(app)
    assert metrics(shown(app))["Test error"] == wording.error(runs.get(run_id).result.test_mse)
    assert len(app.image) == 2
    engine.jobs().close()
