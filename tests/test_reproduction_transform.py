"""The goal about transformed patches, with recipes that learn next to nothing."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from every_model import small_config

from aecore import data, runs
from aecore.config import DataConfig, TrainConfig
from aecore.data.transforms import TRANSFORMS
from aecore.recipes import RECIPES, Recipe
from aecore.reproduction import document, transform
from aecore.reproduction.goals import GOALS, pursue


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Recipes of the goal's names that are trained in a second, and fewer pictures."""
    patches = data.load("patches")
    few = replace(
        patches,
        train_images=patches.train_images[:100],
        train_labels=patches.train_labels[:100],
        test_images=patches.test_images[:90],
        test_labels=patches.test_labels[:90],
    )
    monkeypatch.setattr(data, "load", lambda *_, **__: few)
    for name, (seen, asked) in {"sharpen": ("half", "none"), "shrink": ("none", "half")}.items():
        recipe = Recipe(
            name=name,
            title=name,
            source="Nobody.",
            note="For the tests.",
            model=small_config("conv-map", (3, 16, 16), 6),
            data=DataConfig(dataset="patches", input_transform=seen, target_transform=asked, train_count=60),
            train=TrainConfig(epochs=1, batch_size=20),
        )
        monkeypatch.setitem(RECIPES, name, recipe)
    monkeypatch.setattr(transform, "NAMES", ("sharpen", "shrink"))
    monkeypatch.setattr(transform.measure, "__defaults__", ("patches", ("sharpen", "shrink")))


def listener(_name):
    return lambda _progress: None


def test_the_table_is_that_of_all_test_patches(own_home):
    found = transform.measure([0, 1], "cpu", listener)
    targets = data.load("patches").test_images / 255
    shown = TRANSFORMS["half"](targets).mul(255).round() / 255
    smooth = F.interpolate(shown[..., ::2, ::2], scale_factor=2, mode="bicubic").clamp(0, 1)

    def decibels(answer: torch.Tensor) -> float:
        return -10 * np.log10(((answer * 255).round() / 255 - targets).square().double().mean().item())

    own = [run for run in runs.list_runs() if run.experiment.recipe == "sharpen"]
    own.sort(key=lambda run: run.experiment.train.seed)
    models = [runs.load(run, "cpu") for run in own]
    assert [run.experiment.train.seed for run in own] == [0, 1]
    ours = [decibels(model(shown).detach().clamp(0, 1)) for model in models]
    name, mean, spread, beside, theirs, floor = found.rows[0]
    assert (name, beside) == ("sharpen", "bicubic")
    assert mean == pytest.approx(np.mean(ours), abs=1e-3)
    assert spread == pytest.approx(np.std(ours, ddof=1), abs=1e-3)
    assert theirs == pytest.approx(decibels(smooth), abs=1e-3)
    assert floor == pytest.approx(decibels(shown), abs=1e-3)
    assert found.values == pytest.approx([each - theirs for each in ours], abs=2e-3)
    assert not found.reached
    assert found.rows[1][3:5] == ["box downsampling", "exact"]
    assert "bicubic, in sharpen" in found.remark
    assert len(list((own_home / "reproduction").glob("transform-*.json"))) == 4


def test_the_goal_is_told_in_the_document():
    goal = GOALS["transform"]
    result = pursue(goal, [0], "cpu", listener)
    json.dumps(result, allow_nan=False)
    assert result["verdict"] == "short"
    page = document.in_words([result])
    assert goal.title in page
    assert "| shrink |" in page
    assert "exact" in page
