"""The trained runs that come with the lab are what they say they are."""

import dataclasses

import numpy as np
import pytest

from aecore import data, runs, zoo
from aecore.analysis import questions
from aecore.analysis.questions import SHIPPED, answer, is_kept, kept
from aecore.losses import evaluate
from aecore.recipes import RECIPES
from aecore.runs import RunError, shelf
from aecore.runs.execution import create, execute

MEGABYTE = 2**20


def test_every_entry_is_there_and_small():
    assert {run.id for run in runs.zoo()} == set(zoo.ENTRIES)
    sizes = [(run.folder / "weights.safetensors").stat().st_size for run in runs.zoo()]
    assert max(sizes) < 2 * MEGABYTE
    assert sum(sizes) < 16 * MEGABYTE


@pytest.mark.parametrize("name", zoo.ENTRIES)
def test_stored_figures_are_those_of_the_stored_weights(name):
    run = runs.get(name)
    dataset = run.experiment.data.dataset
    if not data.available(dataset):
        pytest.skip(f"{dataset} is not on this machine")
    model = runs.load(run, "cpu")
    images = data.load(dataset).only(run.experiment.data.classes).test_images
    found = evaluate(model, images, "mse", run.experiment.data)
    assert found == pytest.approx(run.result.test_mse, rel=1e-4)


@pytest.mark.parametrize(("name", "entry"), zoo.ENTRIES.items())
def test_every_entry_was_made_by_its_recipe_as_it_stands(name, entry):
    made = runs.get(name).experiment
    assert made == entry.experiment
    expected = RECIPES[entry.recipe].on(entry.dataset)
    assert made.train == expected.train
    assert made.data.replace(classes=()) == expected.data.replace(classes=())


@pytest.mark.parametrize("name", zoo.ENTRIES)
def test_every_entry_beats_pca_of_the_same_size(name):
    """But for winners of a batch: their codes are dense in use, they are made for their units. And codes
    wider than the image have no PCA of their size."""
    run = runs.get(name)
    if run.experiment.model.lifetime is None and run.experiment.model.pca_size is not None:
        assert run.result.gain_over_pca > 1


@pytest.mark.parametrize("question", zoo.FIRST_QUESTIONS, ids=lambda question: question.key)
def test_first_answers_come_with_the_lab(question, own_home):
    assert is_kept(question)
    assert not own_home.exists()
    assert all(
        values.dtype != np.uint8 for values in kept(question).values()
    )  # pictures are not ours to give


def test_no_answer_is_shipped_that_nobody_asks_for():
    files = {file.stem for file in SHIPPED.rglob("*.safetensors")}
    assert files == {question.key for question in zoo.FIRST_QUESTIONS}


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [each for each in zoo.FIRST_QUESTIONS if runs.get(each.subject).experiment.data.dataset in zoo.FREE],
    ids=lambda question: question.key,
)
def test_a_first_answer_is_what_is_computed(question, monkeypatch, tmp_path, own_home):  # noqa: ARG001
    there = kept(question)
    monkeypatch.setattr(questions, "SHIPPED", tmp_path)
    here = answer(question, "cpu")
    assert here.keys() == there.keys()
    for name in set(here) - {"fit", "predict"}:  # seconds
        same = np.isclose(here[name], there[name], rtol=1e-3, atol=1e-4)
        assert same.mean() > 0.99, name  # a picture at the very border may fall to the other side


def test_making_an_entry_replaces_it_and_leaves_nothing_else_behind(monkeypatch, tmp_path):
    shelf_folder = tmp_path / "zoo"
    shelf_folder.mkdir()
    monkeypatch.setattr(shelf, "ZOO", shelf_folder)
    monkeypatch.setattr(zoo, "ZOO", shelf_folder)
    tiny = dataclasses.replace(RECIPES["lab-32"], adapted={"digits": {"epochs": 2, "train_count": 100}})
    monkeypatch.setitem(RECIPES, "lab-32", tiny)
    own = create(tiny.on("digits"))
    for _ in range(2):
        heard = []
        made = zoo.make("zoo-digits-32", "cpu", heard.append)
        assert heard[-1].ended == "finished"
    assert [folder.name for folder in shelf_folder.iterdir()] == ["zoo-digits-32"]
    assert [run.id for run in runs.list_runs()] == [own.id]
    assert made.name == "lab-32 on digits"  # and not the person's second
    model = runs.load(made, "cpu")
    assert evaluate(model, data.load("digits").test_images) == pytest.approx(made.result.test_mse)
    assert len(runs.read_history(made.folder).epochs) == 2


def test_resuming_an_entry_is_refused_and_leaves_no_file_behind():
    run = runs.get("zoo-digits-32")
    before = set(run.folder.iterdir())
    with pytest.raises(RunError, match="is over and its weights stay as they are"):
        next(execute(run, data.load("digits"), "cpu"))
    assert set(run.folder.iterdir()) == before
