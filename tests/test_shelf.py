"""Runs are listed, named, removed and read whatever else is damaged."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from images import SHAPE, TEST_COUNT, experiment
from obstacles import no_room, read_only
from tiny_runs import IMAGES, change_json, fresh_process, interrupted, names_in, trained

from aecore import runs
from aecore.config import Experiment
from aecore.data.batches import pixels
from aecore.losses import evaluate
from aecore.models.weights import WeightsError
from aecore.runs import RunError, shelf
from aecore.runs.execution import create, execute
from aecore.runs.notebook import read_notes

pytestmark = pytest.mark.usefixtures("tiny_digits")


# The shelf


def test_runs_are_listed_newest_first(monkeypatch):
    first, second, third = (create(experiment()) for _ in range(3))
    for run, created in ((first, "2026-01-02"), (second, "2026-01-03"), (third, "2026-01-01")):
        change_json(run.folder / "config.json", created=f"{created}T00:00:00+00:00")
    assert [run.id for run in runs.list_runs()] == [second.id, first.id, third.id]
    monkeypatch.setenv("AECORE_HOME", os.environ["AECORE_HOME"] + "-other")
    assert runs.list_runs() == []


def test_folders_that_are_no_runs_are_passed_over():
    run = trained()
    (runs.runs_folder() / "begun-and-cut-off").mkdir()
    (runs.runs_folder() / "a-file").write_text("not a folder")
    shutil.copytree(run.folder, runs.runs_folder() / ".half-deleted")
    (run.folder / ".weights.safetensors.abc123").write_bytes(b"half")
    assert [each.id for each in runs.list_runs()] == [run.id]
    assert runs.damaged_runs() == []
    assert runs.load(runs.get(run.id), "cpu")


def test_a_new_run_has_a_number_that_no_other_of_its_recipe_and_data_set_has():
    first, second, third = (create(experiment()) for _ in range(3))
    other = create(Experiment(recipe="other", data=first.experiment.data, model=first.experiment.model))
    assert [run.name for run in (first, second, third, other)] == [
        "custom on digits",
        "custom on digits, 2",
        "custom on digits, 3",
        "other on digits",
    ]
    runs.rename(first.id, "custom on digits, 9")
    runs.delete(second.id)
    (third.folder / "config.json").write_text("{")
    assert create(experiment()).name == "custom on digits, 2"
    change_json(first.folder / "config.json", number=7)
    assert create(experiment()).name == "custom on digits, 8"


def test_a_run_of_an_earlier_lab_has_no_number():
    run = create(experiment())
    config = json.loads((run.folder / "config.json").read_text())
    del config["number"]
    (run.folder / "config.json").write_text(json.dumps(config))
    assert (runs.get(run.id).name, create(experiment()).name) == ("custom on digits", "custom on digits, 2")


NAMES = [
    "Größe 9 ☂",
    "<b>bold</b> & **more**",
    "'; DROP TABLE notes; --",
    "../../x",
    "a" * 100,
]


@pytest.mark.parametrize("name", NAMES)
def test_names_and_notes_are_kept_to_the_letter(name):
    run, other = interrupted(), interrupted()
    assert run.name == "custom on digits"
    runs.rename(run.id, name)
    runs.annotate(run.id, f"{name} {name}")
    again = runs.get(run.id)
    assert (again.id, again.name, again.note) == (run.id, name, f"{name} {name}")
    assert {each.id: each.name for each in runs.list_runs()} == {run.id: name, other.id: other.name}
    runs.annotate(run.id, "")
    assert (runs.get(run.id).name, runs.get(run.id).note) == (name, "")


@pytest.mark.parametrize("name", ["", "   ", "a" * 101])
def test_a_name_has_1_to_100_characters(name):
    run = interrupted()
    with pytest.raises(RunError, match=f"^the name has {len(name.strip())} characters: choose 1 to 100$"):
        runs.rename(run.id, name)
    assert runs.get(run.id).name == "custom on digits"


def test_a_note_has_at_most_10000_characters():
    run = interrupted()
    runs.annotate(run.id, "x" * 10_000)
    with pytest.raises(RunError, match="^the note has 10,001 characters: choose at most 10,000$"):
        runs.annotate(run.id, "x" * 10_001)


def test_a_deleted_run_is_gone_with_its_notes_and_stays_gone():
    run, other = trained(), trained()
    runs.rename(run.id, "doomed")
    runs.rename(other.id, "kept")
    runs.delete(run.id)
    assert [each.name for each in runs.list_runs()] == ["kept"]
    assert not run.folder.exists()
    with pytest.raises(RunError, match="there is no run"):
        runs.get(run.id)
    assert [path.name for path in runs.runs_folder().iterdir()] == [other.id]
    shutil.copytree(other.folder, run.folder)
    assert runs.get(run.id).name == other.name


@pytest.mark.parametrize("moment", ["before", "halfway"])
def test_a_removal_that_was_cut_off_has_forgotten_the_notes_and_the_next_one_removes_the_rest(
    monkeypatch, moment
):
    """Notes left behind would be those of another run some day, or of nothing for ever."""
    run, other, third = trained(), trained(), trained()
    for each in (run, other, third):
        runs.rename(each.id, f"name of {each.id}")

    def killed(folder, *_arguments, **_how):
        if moment == "halfway":
            (Path(folder) / "config.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "rmtree", killed)
        runs.delete(run.id)
    assert {each.id for each in runs.list_runs()} == {other.id, third.id}
    assert runs.damaged_runs() == []
    assert not run.folder.exists()
    assert read_notes().keys() == {other.id, third.id}
    assert len(list(runs.runs_folder().iterdir())) == 3  # what is left of it is out of sight

    runs.delete(other.id)
    assert [path.name for path in runs.runs_folder().iterdir()] == [third.id]
    assert read_notes().keys() == {third.id}


def test_hidden_files_of_the_system_do_not_stand_in_a_removals_way():
    """Finder, for one, puts a .DS_Store into every folder it shows."""
    run, other = trained(), trained()
    (runs.runs_folder() / ".DS_Store").write_bytes(b"where the icons are")
    runs.delete(run.id)
    assert [each.id for each in runs.list_runs()] == [other.id]
    assert (runs.runs_folder() / other.id / "weights.safetensors").exists()


def test_two_removals_at_once_both_succeed(monkeypatch):
    """One finds what the other has just hidden, and either may be the first to remove it."""
    first, second = trained(), trained()
    rmtree = shutil.rmtree

    def overtaken(folder, *arguments, **how):
        monkeypatch.setattr(shutil, "rmtree", rmtree)
        runs.delete(second.id)
        rmtree(folder, *arguments, **how)

    monkeypatch.setattr(shutil, "rmtree", overtaken)
    runs.delete(first.id)
    assert list(runs.runs_folder().iterdir()) == []


def test_who_still_holds_a_deleted_run_can_neither_train_it_nor_bring_its_folder_back():
    """Another tab, or a queued training."""
    run = interrupted()
    runs.delete(run.id)
    assert run.status == "interrupted"
    assert not run.folder.exists()
    with pytest.raises(RunError, match=f"^there is no run '{run.id}' any more"):
        list(execute(run, IMAGES, "cpu"))
    assert not run.folder.exists()


@pytest.mark.parametrize(
    "run_id", ["", ".", "..", "../x", "/etc", "no-such-run", "*", "%s", "a\0b", "config.json", "Größe"]
)
@pytest.mark.parametrize(
    "deed", [runs.get, runs.delete, lambda run_id: runs.rename(run_id, "x"), lambda i: runs.annotate(i, "x")]
)
def test_an_unknown_id_is_one_sentence(deed, run_id):
    interrupted()
    outside = runs.runs_folder().parent / "x"
    shutil.copytree(next(runs.runs_folder().iterdir()), outside)
    with pytest.raises(runs.MissingRunError) as error:
        deed(run_id)
    assert str(error.value) == f"there is no run {run_id!r}: `python -m aecore runs` lists them"
    with pytest.raises(RunError):
        deed(str(outside))
    assert (outside / "config.json").exists()
    assert len(runs.list_runs()) == 1


def test_the_zoo_is_there_for_all_and_cannot_be_changed(monkeypatch, tmp_path):
    monkeypatch.setattr(shelf, "ZOO", tmp_path / "zoo")
    assert runs.zoo() == []
    model = trained()
    shutil.copytree(model.folder, tmp_path / "zoo" / "zoo-digits")
    runs.delete(model.id)
    (only,) = runs.zoo()
    assert (only.id, only.status, only.result) == ("zoo-digits", "finished", model.result)
    assert runs.get("zoo-digits").folder == only.folder
    assert runs.list_runs() == []
    before = names_in(tmp_path / "zoo")
    for deed in (
        runs.delete,
        lambda run_id: runs.rename(run_id, "x"),
        lambda run_id: runs.annotate(run_id, "x"),
    ):
        with pytest.raises(RunError, match="^run zoo-digits comes with the lab and stays as it is"):
            deed("zoo-digits")
    with pytest.raises(RunError, match="is over"):
        next(execute(only, IMAGES, "cpu"))
    assert names_in(tmp_path / "zoo") == before
    assert evaluate(runs.load(only, "cpu"), IMAGES.test_images) == model.result.test_mse


# Damage


def change(**changes):
    return lambda path: change_json(path, **changes)


DAMAGES = {
    "config.json": {
        "empty": lambda path: path.write_bytes(b""),
        "truncated": lambda path: path.write_bytes(path.read_bytes()[:-20]),
        "zeros": lambda path: path.write_bytes(bytes(1000)),
        "not text": lambda path: path.write_bytes(b"\xff\xfe"),
        "a list": lambda path: path.write_text("[]"),
        "a later format": change(format=99),
        "another experiment": change(experiment={"model": {"kind": "vae"}}),
        "no experiment": change(experiment=None),
        "a number for a date": change(created=5),
        "no versions": change(versions=None),
        "a word for its number": change(number="two"),
    },
    "result.json": {
        "empty": lambda path: path.write_bytes(b""),
        "truncated": lambda path: path.write_bytes(path.read_bytes()[:-20]),
        "a list": lambda path: path.write_text("[]"),
        "another ending": change(ended="exploded"),
        "no number": change(test_mse="small"),
        "not finite": change(test_mse=float("nan")),
        "a name too many": change(accuracy=1),
    },
}


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        pytest.param(name, damage, id=f"{name} {how}")
        for name, damages in DAMAGES.items()
        for how, damage in damages.items()
    ],
)
def test_a_damaged_record_is_named_once_and_the_other_runs_are_listed(name, damage):
    good, bad = trained(), trained()
    damage(bad.folder / name)
    assert [run.id for run in runs.list_runs()] == [good.id]
    (sentence,) = runs.damaged_runs()
    assert str(bad.folder) in sentence
    assert "\n" not in sentence
    with pytest.raises(RunError) as error:
        runs.get(bad.id)
    assert str(error.value) == sentence
    runs.delete(bad.id)
    assert runs.damaged_runs() == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("losses.npy", None, id="losses lost"),
        pytest.param("losses.npy", b"", id="losses empty"),
        pytest.param("losses.npy", bytes(1000), id="losses zeros"),
        pytest.param("losses.npy", 0.5, id="losses truncated"),
        pytest.param("losses.npy", 0.1, id="losses truncated in their header"),
        pytest.param("losses.npy", b"PK\x03\x04", id="losses that begin like a zip file"),
        pytest.param("losses.npy", b"PK\x05\x06" + bytes(18), id="losses an empty zip file"),
        pytest.param("losses.npy", lambda path: npz(path), id="losses a zip file of arrays"),
        pytest.param("losses.npy", lambda path: pickled(path), id="losses a pickle"),
        pytest.param("history.csv", b"", id="history empty"),
        pytest.param("history.csv", bytes(1000), id="history zeros"),
        pytest.param("history.csv", bytes(200_000), id="history many zeros"),
        pytest.param("history.csv", 0.6, id="history truncated"),
        pytest.param("history.csv", b"epoch,step\n1,6\n", id="history of other columns"),
        pytest.param("history.csv", b"\xff\xfe\xff", id="history not text"),
    ],
)
def test_a_damaged_history_is_named_and_the_run_still_opens(name, content):
    run = trained()
    path = run.folder / name
    if content is None:
        path.unlink()
    elif callable(content):
        content(path)
    elif isinstance(content, float):
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * content)])
    else:
        path.write_bytes(content)
    with pytest.raises(RunError, match=f"{name} is damaged") as error:
        runs.read_history(run.folder)
    assert "\n" not in str(error.value)
    assert evaluate(runs.load(runs.get(run.id), "cpu"), IMAGES.test_images) == run.result.test_mse


def npz(path):
    with path.open("wb") as file:
        np.savez(file, losses=np.zeros(18, np.float32))


def pickled(path):
    with path.open("wb") as file:
        np.save(file, np.array([0.5, None], dtype=object), allow_pickle=True)


def test_a_run_without_history_has_an_empty_one():
    assert runs.read_history(create(experiment()).folder) == runs.History([], [])


def test_damaged_weights_are_named_and_lost_ones_too():
    run = trained()
    weights = run.folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(WeightsError, match="weights.safetensors is damaged"):
        runs.load(run, "cpu")
    weights.unlink()
    with pytest.raises(RunError, match=f"^run {run.id} is finished and has no weights: "):
        runs.load(run, "cpu")


def test_without_their_database_runs_are_still_readable():
    """Names and notes are all that is in it."""
    run = trained()
    runs.rename(run.id, "mine")
    database = runs.runs_folder().parent / "lab.sqlite"
    for beside in database.parent.glob("lab.sqlite*"):
        beside.unlink()
    assert runs.get(run.id).name == "custom on digits"
    database.write_bytes(b"this is no database, and long enough to be seen as none" * 100)
    for deed in (runs.list_runs, lambda: runs.get(run.id), lambda: runs.rename(run.id, "x")):
        with pytest.raises(RunError) as error:
            deed()
        assert str(error.value).startswith(f"{database} is damaged (")
        assert "move it away" in str(error.value)
        assert "\n" not in str(error.value)
    assert runs.get("zoo-digits-32").name == "lab-32 on digits"  # nobody can have written on the lab's own
    again = runs.read_run(run.folder)
    assert replace(again, name="mine") == replace(run, name="mine")
    assert runs.load(again, "cpu")
    database.unlink()
    assert [each.id for each in runs.list_runs()] == [run.id]


def test_in_a_home_that_cannot_be_written_names_and_notes_can_be_read(open_home):
    run = trained()
    runs.rename(run.id, "mine")
    runs.annotate(run.id, "a note")
    with read_only(open_home):
        (again,) = runs.list_runs()
        assert (again.name, again.note) == ("mine", "a note")
        assert (runs.get(run.id).name, runs.get(run.id).note) == ("mine", "a note")
        assert evaluate(runs.load(again, "cpu"), IMAGES.test_images) == run.result.test_mse
        for deed in (runs.rename, runs.annotate):
            with pytest.raises(RunError) as error:
                deed(run.id, "x")
            check_nothing_is_lost(error, open_home)
    assert runs.get(run.id).name == "mine"


def check_nothing_is_lost(error, home):
    """To move a sound database away would lose it."""
    assert str(error.value).startswith(f"{home / 'lab.sqlite'} ")
    assert "move it away" not in str(error.value)
    assert "damaged" not in str(error.value)
    assert "\n" not in str(error.value)


def test_without_any_notes_a_home_that_cannot_be_written_is_readable_too(open_home):
    run = trained()
    with read_only(open_home):
        assert [each.id for each in runs.list_runs()] == [run.id]


def test_while_another_holds_the_notes_they_can_be_read_and_writing_says_that_it_cannot_be_now(
    monkeypatch, own_home
):
    run = interrupted()
    runs.rename(run.id, "mine")
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *path, **how: connect(*path, **{**how, "timeout": 0}))
    with closing(connect(own_home / "lab.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE notes SET name = 'half way'")
        assert runs.get(run.id).name == "mine"
        with pytest.raises(RunError, match="locked") as error:
            runs.rename(run.id, "x")
        check_nothing_is_lost(error, own_home)
        other.execute("ROLLBACK")
    assert runs.get(run.id).name == "mine"


def test_a_full_disk_keeps_the_old_notes_and_does_not_call_them_damaged(own_home):
    run = interrupted()
    runs.annotate(run.id, "old")
    with no_room(20_000), pytest.raises(RunError) as error:
        runs.annotate(run.id, "x" * 10_000)
    check_nothing_is_lost(error, own_home)
    assert runs.get(run.id).note == "old"
    runs.annotate(run.id, "x" * 10_000)
    assert runs.get(run.id).note == "x" * 10_000


def test_two_processes_that_write_notes_at_once_lose_neither_names_nor_notes():
    run, other = interrupted(), interrupted()
    program = """
import sys
from aecore import runs
deed, ids = getattr(runs, sys.argv[1]), sys.argv[2:]
for count in range(60):
    for run_id in ids:
        deed(run_id, f"{sys.argv[1]} {count}")
"""
    writers = [fresh_process(program, deed, run.id, other.id) for deed in ("rename", "annotate")]
    for writer in writers:
        _, complaint = writer.communicate()
        assert writer.returncode == 0, complaint
    assert {(each.name, each.note) for each in runs.list_runs()} == {("rename 59", "annotate 59")}


def test_the_test_images_were_never_trained_on():
    """Else these figures would say nothing: a run whose test images are others has the same weights."""
    run = create(experiment())
    list(execute(run, replace(IMAGES, test_images=pixels(IMAGES.test_images[:5]).mul(0).byte()), "cpu"))
    assert (run.folder / "weights.safetensors").read_bytes() == (
        trained().folder / "weights.safetensors"
    ).read_bytes()
    assert (len(IMAGES.test_images), IMAGES.image_shape) == (TEST_COUNT, SHAPE)


@pytest.mark.parametrize("name", ["two\nlines", "tab\there", "\x1b[31mred"])
def test_a_name_is_one_line_that_can_be_printed(name):
    run = trained()
    with pytest.raises(RunError, match="choose one line without control characters"):
        runs.rename(run.id, name)
