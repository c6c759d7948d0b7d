"""Runs are listed, numbered, named, noted and removed, and the zoo is there for all."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from images import SHAPE, TEST_COUNT, experiment
from tiny_runs import IMAGES, change_json, interrupted, names_in, trained

from aecore import runs
from aecore.config import Experiment
from aecore.data.batches import pixels
from aecore.losses import evaluate
from aecore.runs import RunError, shelf
from aecore.runs.execution import create, execute
from aecore.runs.notebook import read_notes

pytestmark = pytest.mark.usefixtures("tiny_digits")


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
