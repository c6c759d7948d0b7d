"""Records, histories, weights and notes that are damaged or cannot be written are named; the rest goes on."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from images import experiment
from obstacles import no_room, read_only
from tiny_runs import IMAGES, change_json, fresh_process, interrupted, trained

from aecore import runs
from aecore.losses import evaluate
from aecore.models.weights import WeightsError
from aecore.runs import RunError
from aecore.runs.execution import create

pytestmark = pytest.mark.usefixtures("tiny_digits")


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
