"""The Runs page without a browser: the table, what can be done with runs, and their losses side by side."""

import csv
import json
from io import StringIO

import pytest
from images import experiment
from paging import opened, shown
from streamlit.testing.v1 import AppTest
from tiny_runs import IMAGES, interrupted, trained

from aecore import runs
from aecore.control import Control
from aecore.recipes import RECIPES
from aecore.runs import shelf
from aecore.runs.execution import create, execute
from pages.shared import listing

HOSTILE = "![x](http://example.org/x.png) <a href='http://example.org'>a</a> **bold** $x$"

pytestmark = pytest.mark.usefixtures("tiny_digits", "queue", "opened_before", "torch_is_there")


def open_page(*chosen: str, **address) -> AppTest:
    if chosen:
        address["runs"] = ",".join(chosen)
    return opened("runs", address)


def table(app: AppTest):
    return app.dataframe[0].value.to_dict("records")


def buttons(app: AppTest) -> dict:
    return {one.label: one for one in app.button}


def lines(app: AppTest) -> dict[str, list]:
    """Name and number of points of each line in the figure."""
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    return {line["name"]: line for line in figure["data"]}


def said(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.text, app.error, app.warning, app.info)
    return "\n".join(one.value for kind in kinds for one in kind)


def select(app: AppTest, *rows: int) -> AppTest:
    key = f"table-{hash(tuple(run.id for run in (*runs.list_runs(), *runs.zoo())))}"
    app.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return shown(app)


def test_own_runs_come_first_and_the_labs_after_them():
    first, second = trained(), interrupted()
    rows = table(open_page())
    assert [row["from"] for row in rows] == ["here", "here", *["the lab"] * len(runs.zoo())]
    assert rows[0]["status"] == "Interrupted"
    assert rows[0]["error"] is None or rows[0]["error"] != rows[0]["error"]  # None, or NaN beside numbers
    result = first.result
    assert rows[1]["error"] == result.test_mse
    assert rows[1]["gain"] == pytest.approx(result.pca_mse / result.test_mse)
    assert (rows[1]["code"], rows[1]["seconds"], rows[1]["recipe"]) == (3, result.seconds, "custom")
    assert rows[1]["created"].isoformat()[:26] == first.created[:26]
    assert second.id != first.id


def test_a_learning_rate_set_while_it_trained_is_told():
    run, control = create(experiment()), Control()
    control.change_learning_rate(0.002)
    list(execute(run, IMAGES, "cpu", control))
    changed = {row["name"]: row["changed"] for row in table(open_page())}
    assert "learning rate 0.002 by hand" in changed[run.name]


def test_nothing_trained_yet_leads_to_train():
    app = open_page()
    assert "trained nothing" in said(app)
    assert len(table(app)) == len(runs.zoo())
    buttons(app)["Train a model"].click()
    assert shown(app).button(key="train")


def test_nothing_at_all(monkeypatch, tmp_path):
    monkeypatch.setattr(shelf, "ZOO", tmp_path)
    app = open_page()
    assert not app.dataframe
    assert "Train a model" in buttons(app)


def test_states_of_the_queue(queue):
    ids = [queue.submit(RECIPES["lab-32"].on("digits"), owner="me", device="cpu") for _ in range(3)]
    queue.live(ids[1]).stage = "training"
    queue.live(ids[2]).stage = "paused"
    assert [row["status"] for row in table(open_page())[:3]] == ["Paused", "Training", "Waiting"]


def test_a_damaged_run_is_named_and_the_others_stay():
    good, bad = trained(), trained()
    (bad.folder / "config.json").write_text("{")
    app = open_page()
    assert "is damaged" in app.warning[0].value
    assert len(table(app)) == 1 + len(runs.zoo())
    assert good.folder.exists()


def test_a_link_chooses_runs_and_draws_their_losses():
    one, other = trained(epochs=4), trained(epochs=6)
    app = open_page(one.id, other.id)
    assert sorted(len(line["x"]["bdata"]) > 0 for line in lines(app).values()) == [True, True]
    assert sorted(lines(app)) == ["custom on digits", "custom on digits, 2"]
    assert app.query_params["runs"].split(",") == [other.id, one.id]  # as they stand in the table


def test_runs_of_one_name_are_told_apart_by_their_ids():
    both = [trained(), trained()]
    for run in both:
        runs.rename(run.id, "mine")
    app = open_page(*(run.id for run in both))
    assert set(lines(app)) == {f"mine · {run.id.removeprefix('custom-')}" for run in both}


def test_what_was_changed_of_a_recipe_is_in_the_table(queue):
    original = RECIPES["lab-32"].on("digits")
    changes = {"epochs": 5, "code_size": 4, "keep_best": not original.train.keep_best}
    for each in (original, original.with_settings(changes)):
        queue.submit(each, owner="me", device="cpu")
    trained()
    on = "on" if changes["keep_best"] else "off"
    unknown, changed, same = [row["changed"] for row in table(open_page())[:3]]
    assert not isinstance(unknown, str)
    assert (changed, same) == (f"code size 4, epochs 5, keep best {on}", "nothing")


@pytest.mark.parametrize(("width", "last"), [(358, "gain"), (820, "changed")])
def test_no_column_is_cut_in_two_on_a_phone_and_on_a_laptop(width, last):
    """Widths of the main part at windows of 390 and 1280 pixels."""
    box, borders = 33, 2
    columns = listing.columns()
    shown = list(columns)[: list(columns).index(last) + 1]
    assert box + borders + sum(columns[name]["width"] for name in shown) == width
    assert list(listing.row(runs.zoo()[0], "finished", "the lab")) == list(columns)


def test_the_table_is_given_away_as_csv():
    run = trained()
    runs.rename(run.id, "=cmd|'/C calc'!A0, or so")
    row = listing.row(runs.get(run.id), "finished", "here")
    [line] = csv.DictReader(StringIO(listing.as_csv([row], [run.id]).decode()))
    assert (line["run"], line["status"], line["code"]) == (run.id, "Finished", "3")
    assert float(line["error"]) == pytest.approx(run.result.test_mse, rel=1e-12)
    assert line["name"] == "'=cmd|'/C calc'!A0, or so"
    assert "Table (CSV)" in {one.label for one in open_page().get("download_button")}


def test_what_is_chosen_is_in_the_address():
    one, other = trained(), trained()
    app = select(open_page(), 0)
    assert app.query_params["runs"] == other.id
    app = select(app, 0, 1)
    assert app.query_params["runs"] == f"{other.id},{one.id}"
    app = select(app)
    assert "runs" not in app.query_params
    assert not app.get("plotly_chart")


def test_a_row_that_does_not_exist_is_not_chosen():
    app = select(open_page(), 99, -1)
    assert "runs" not in app.query_params


def test_a_single_run_in_the_address_is_chosen_too():
    run = trained()
    assert list(lines(open_page(run=run.id))) == [run.name]


@pytest.mark.parametrize("asked", ["gone", HOSTILE, "../..", ",,,", "a" * 5_000])
def test_a_link_to_runs_that_are_gone(asked):
    app = open_page(asked)
    assert HOSTILE not in said(app)
    assert "runs" not in app.query_params
    if asked != ",,,":
        assert "no longer on this server" in said(app)


def test_runs_on_different_images_are_not_compared():
    run = trained()
    app = open_page(run.id, "zoo-mnist-32")
    assert "different images" in said(app)
    assert "different losses" not in said(app)
    assert "different images" not in said(open_page(run.id))


def test_different_losses_are_not_compared():
    app = open_page(trained(loss="l1").id, trained().id)
    assert "different losses small (l1, mse)" in said(app)


def test_a_run_without_validation_losses_is_named():
    held_out, none = trained(), trained(validation_share=0)
    runs.rename(none.id, "holds nothing out")
    app = open_page(held_out.id, none.id, **{"loss-of": "validation_loss"})
    assert "Nothing to draw for holds nothing out" in said(app)
    assert len(lines(app)) == 2


def test_an_interrupted_run_has_nothing_to_draw_yet():
    app = open_page(interrupted().id)
    assert "Nothing to draw" in said(app)
    assert not app.get("plotly_chart")


def test_damaged_losses_are_named():
    good, bad = trained(), trained()
    (bad.folder / "history.csv").write_text("nonsense")
    app = open_page(good.id, bad.id)
    assert "is damaged" in said(app)
    assert list(lines(app)) == [good.name]


@pytest.mark.parametrize(
    "view", [{"across": "step", "scale": "linear"}, {"across": "second"}, {"across": HOSTILE}]
)
def test_every_view(view):
    assert lines(open_page(trained().id, **view))


def test_at_most_ten_lines():
    app = open_page(*(trained(epochs=1).id for _ in range(11)))
    assert len(lines(app)) == 10
    assert "first 10" in said(app)


def test_a_hostile_name_is_text():
    run = trained()
    runs.rename(run.id, HOSTILE[:100])
    app = open_page(run.id)
    assert table(app)[0]["name"] == HOSTILE[:100]
    others = (*app.markdown, *app.caption, *app.error, *app.warning, *app.info)
    assert not [one for one in others if "example.org" in one.value]
    assert "<" not in next(iter(lines(app)))


def test_rename_and_note():
    run = trained()
    app = open_page(run.id)
    buttons(app)["Name and note"].click()
    shown(app)
    app.text_input(key=f"name-{run.id}").set_value("  My best  ")
    app.text_area(key=f"note-{run.id}").set_value("*three* layers")
    buttons(app)["Save"].click()
    app = shown(shown(app))
    assert (table(app)[0]["name"], table(app)[0]["note"]) == ("My best", "*three* layers")
    assert app.query_params["runs"] == run.id


def test_a_name_that_cannot_be_is_said_in_the_dialog():
    run = trained()
    app = open_page(run.id)
    buttons(app)["Name and note"].click()
    shown(app)
    app.text_input(key=f"name-{run.id}").set_value(" ")
    buttons(app)["Save"].click()
    app.run()
    assert (
        "choose 1 to 100" in app.session_state["refused"]
    )  # the dialog is not open any more without a browser


def test_delete_asks_first():
    keep, first, second = trained(), trained(), trained()
    app = open_page(first.id, second.id)
    buttons(app)["Delete"].click()
    shown(app)
    assert {first.id, second.id} == {line.value.split("(")[1].strip(")") for line in app.text}
    assert len(runs.list_runs()) == 3
    app.button(key="delete-for-good").click()
    app = shown(shown(app))
    assert [run.id for run in runs.list_runs()] == [keep.id]
    assert "runs" not in app.query_params


def test_a_run_in_training_is_not_deleted(queue):
    from aecore.runs.record import run_lock

    run = interrupted()
    app = open_page(run.id)
    buttons(app)["Delete"].click()
    shown(app)
    with run_lock(run.folder):
        app.button(key="delete-for-good").click()
        shown(app)
    assert "is being trained" in said(app)
    assert queue.active() == []
    assert run.folder.exists()


def test_resume(queue):
    run = interrupted()
    app = open_page(run.id)
    buttons(app)["Resume"].click()
    assert table(shown(app))[0]["status"] == "Waiting"
    assert queue.position(run.id) == 1


def test_the_labs_own_runs_stay_as_they_are():
    app = open_page("zoo-digits-32")
    assert buttons(app)["Delete"].disabled
    assert buttons(app)["Name and note"].disabled
    pages = [link.proto.page for link in app.get("page_link")]
    assert pages == ["train", "reconstruct", "latent", "features", "compress", "classify"]


def test_somebody_elses_run_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("AECORE_PUBLIC", "1")
    app = open_page(interrupted().id)
    assert all(buttons(app)[label].disabled for label in ("Delete", "Name and note", "Resume"))
