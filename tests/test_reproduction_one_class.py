"""How the recipe for one class was chosen: the table of candidates, against arithmetic of its own."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aecore import data, runs
from aecore.config import DenseConfig
from aecore.data.batches import hold_out
from aecore.recipes import RECIPES
from aecore.reproduction import one_class_recipe
from aecore.reproduction.one_class import RECIPE


@pytest.fixture
def tiny(monkeypatch, own_home):  # noqa: ARG001, a fixture
    """The recipe with a network and a training of seconds for all ten classes."""
    short = {"epochs": 3, "batch_size": 64}
    small = replace(RECIPES[RECIPE], model=DenseConfig(hidden=(), code_size=6), adapted={"digits": short})
    monkeypatch.setitem(RECIPES, RECIPE, small)
    monkeypatch.setattr(one_class_recipe, "ALTERNATIVES", ({"code_size": 6}, {"code_size": 2}))


def listener(_name):
    return lambda _progress: None


def test_candidates_are_judged_by_held_out_pictures_of_their_class_alone(tiny):  # noqa: ARG001
    found = one_class_recipe.measure([0], "cpu", listener, "digits")
    assert [row[0] for row in found.rows] == ["the recipe", "code_size 2"]  # one of the two changes nothing
    assert found.reached

    images = data.load("digits")
    decibels = np.zeros((10, 3))
    own = [run for run in runs.list_runs() if run.experiment.model.code_size == 6]
    for run in own:
        [number] = run.experiment.data.classes
        of_class = images.train_images[images.train_labels == number]
        held_out = hold_out(of_class, run.experiment.data)[1] / 255
        model = runs.load(run, "cpu")
        for place, level in enumerate((0.25, 0.5, 1.0)):
            drawn = torch.Generator().manual_seed(0)  # always the same noise, that of the data's split_seed
            disturbed = held_out + level * torch.randn(held_out.shape, generator=drawn)
            error = float((model(disturbed) - held_out).square().mean())
            decibels[number, place] = 10 * np.log10(1 / error)
    assert len(own) == 10
    np.testing.assert_allclose(found.rows[0][1:4], decibels.mean(0), atol=1e-4)
    assert found.values == [pytest.approx(np.mean(found.rows[0][1:4]))]


def listed(monkeypatch, leads: dict[int, float]):
    """The table where candidates of these code sizes are so many decibels ahead of the recipe, by a little
    more or less for each class."""
    sizes = ({"code_size": size} for size in leads)
    monkeypatch.setattr(one_class_recipe, "ALTERNATIVES", tuple(sizes))

    def restored(_dataset, change, *_):
        ahead = leads[change["code_size"]] if change else 0.0
        rough = np.linspace(-0.1, 0.1, 10) if change else np.zeros(10)
        return (20 + ahead + np.outer(rough, np.ones(3))).tolist()

    monkeypatch.setattr(one_class_recipe, "_restored", restored)
    return one_class_recipe.measure([0], "cpu", listener, "digits")


def test_a_candidate_that_is_clearly_ahead_is_told_as_that(monkeypatch):
    error = np.linspace(-0.1, 0.1, 10).std(ddof=1) / np.sqrt(10)
    found = listed(monkeypatch, {4: 2.1 * error, 2: -1.0})
    assert not found.reached
    assert [row[0] for row in found.rows] == ["code_size 4", "the recipe", "code_size 2"]
    assert found.rows[0][-2:] == [pytest.approx(2.1 * error), pytest.approx(error)]
    assert listed(monkeypatch, {4: 1.9 * error, 2: -1.0}).reached


def test_a_candidate_that_diverged_has_no_figures_and_comes_last(monkeypatch):
    found = listed(monkeypatch, {4: float("nan"), 2: -1.0})
    assert found.rows[-1] == ["code_size 4", *[None] * 5]
    assert found.reached
