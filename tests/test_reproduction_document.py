"""What comes of trials: rows, verdicts, and the results that come with the lab."""

import json
from dataclasses import replace

import numpy as np
import pytest

from aecore import reproduction
from aecore.config import DenseConfig, TrainConfig
from aecore.recipes import RECIPES, Published, Recipe
from aecore.recipes.recipe import ALL_IMAGES
from aecore.reproduction import Row, Trial, document
from aecore.reproduction.rows import reached
from aecore.reproduction.trials import settings_of

TINY = Recipe(
    name="tiny",
    title="Tiny",
    source="Nobody",
    note="For the tests.",
    published=(Published("training loss", 0.05, step=10),),
    model=DenseConfig(hidden=(7,), code_size=3),
    data=ALL_IMAGES.replace(dataset="digits"),
    train=TrainConfig(epochs=4),
)


@pytest.mark.parametrize(
    ("published", "ours", "enough"),
    [
        (Published("training loss", 0.01), 0.011, True),
        (Published("training loss", 0.01), 0.0111, False),
        (Published("training loss", 0.01), 0.002, True),
        (Published("test error", 0.01), None, False),
        (Published("test error", 0.01), float("nan"), False),
        (Published("probe accuracy", 98.0), 97.81, True),
        (Published("probe accuracy", 98.0), 97.79, False),
        (Published("probe accuracy", 98.0), 99.0, True),
    ],
)
def test_reached_is_within_a_tenth_of_the_published_error_or_better(published, ours, enough):
    assert reached(published, ours) is enough


def made(ours, seed=0, **changes):
    plain = {
        "recipe": "tiny",
        "seed": seed,
        "settings": "x",
        "ours": ours,
        "test_mse": 0.02 + seed / 100,
        "pca_mse": 0.03,
        "seconds": 10.0,
        "images_per_second": 100.0,
        "dead_units": seed,
        "active_units": 3.0,
        "ended": "finished",
        "day": "2026-01-02",
        "machine": "a machine",
    }
    return Trial(**plain | changes)


def test_verdicts():
    one = replace(TINY, published=(Published("training loss", 0.05),))
    trials = [made([0.05]), made([0.06], seed=1)]  # their mean is 10 % above
    assert Row(recipe=one, trials=trials).verdict == "reproduced"
    assert Row(recipe=one, trials=[made([0.06])]).verdict == "short"
    assert Row(recipe=replace(one, differs=True), trials=[made([0.06])]).verdict == "differs"
    assert Row(recipe=replace(one, differs=True), trials=[made([0.05])]).verdict == "reproduced"
    assert Row(recipe=replace(one, published=()), trials=[made([])]).verdict == "measured"
    assert Row(recipe=one, trials=[made([0.05]), made([None], seed=1)]).verdict == "short"


def test_a_row_has_mean_and_spread_over_the_seeds():
    one = replace(TINY, published=(Published("training loss", 0.05),))
    row = Row(recipe=one, trials=[made([0.04]), made([0.06], seed=1)]).as_json()
    assert row["recipe"] == "tiny"
    assert row["published"] == ["training loss 0.05"]
    assert row["ours"][0]["mean"] == pytest.approx(0.05)
    assert row["ours"][0]["spread"] == pytest.approx(np.std([0.04, 0.06], ddof=1))
    assert row["test_mse"]["mean"] == pytest.approx(0.025)
    assert (row["dead_units"], row["seeds"], row["verdict"]) == (0.5, [0, 1], "reproduced")
    alone = Row(recipe=one, trials=[made([0.04])]).as_json()
    assert alone["ours"][0]["spread"] is None
    json.dumps(row)


def test_speed_is_the_fastest_seeds_for_others_were_held_up():
    slow = made([0.05], seconds=30.0, images_per_second=50.0, processor_share=0.3, day="2026-01-03")
    fast = made([0.05], seed=1, seconds=15.0, images_per_second=100.0, processor_share=0.95)
    row = Row(recipe=replace(TINY, published=TINY.published[:1]), trials=[slow, fast]).as_json()
    assert (row["seconds"], row["images_per_second"], row["processor_share"]) == (15.0, 100.0, 0.95)
    assert (row["day"], row["machine"]) == ("2026-01-02", "a machine")


def test_seconds_of_a_training_that_shared_the_processor_are_not_shown(monkeypatch, tmp_path):
    monkeypatch.setattr(document, "STORED", tmp_path / "reproduction.json")
    shares = {"lab-32": 0.95, "lab-64": 0.3, "gfg-9": None}  # None: measured before it was noticed
    for name, share in shares.items():
        alone = made([], recipe=name, seconds=77.0, processor_share=share)
        reproduction.publish([Row(recipe=RECIPES[name], trials=[alone]).as_json()])
    lines = document.in_words(reproduction.stored()).splitlines()
    found = {
        name: [line.split(" | ")[6:8] for line in lines if line.startswith(f"| {name} ")][1]
        for name in shares
    }
    assert found == {"lab-32": ["77", "100"], "lab-64": ["–", "–"], "gfg-9": ["77", "100"]}


def test_publishing_replaces_a_recipes_results_and_keeps_the_others(monkeypatch, tmp_path):
    monkeypatch.setattr(document, "STORED", tmp_path / "docs" / "reproduction.json")
    names = ["lab-32", "gfg-9", "tf-64"]
    rows = {
        name: Row(
            recipe=RECIPES[name],
            trials=[
                made(
                    [0.01] * len(RECIPES[name].published),
                    recipe=name,
                    settings=settings_of(RECIPES[name], 0),
                )
            ],
        )
        for name in names
    }
    assert reproduction.stored() == []
    reproduction.publish([rows["tf-64"].as_json(), rows["lab-32"].as_json()])
    reproduction.publish([rows["gfg-9"].as_json()])
    assert [one["recipe"] for one in reproduction.stored()] == names
    again = Row(recipe=RECIPES["gfg-9"], trials=[made([], test_mse=0.5, recipe="gfg-9")])
    reproduction.publish([again.as_json()])
    assert [one["test_mse"]["mean"] for one in reproduction.stored()] == [0.02, 0.5, 0.02]
    page = (tmp_path / "docs" / "reproduction.md").read_text()
    assert "| tf-64 | training loss 0.0165 at step 1,000<br>" in page
    assert "| 9 | 0.03000 | 0.50000 (gfg-9) | – |" in page


def test_a_result_of_other_settings_than_the_recipes_is_marked():
    def line(settings):
        row = Row(recipe=RECIPES["lab-2"], trials=[made([], seed=3, recipe="lab-2", settings=settings)])
        return document.in_words([row.as_json()]).splitlines()[11]

    recipe = RECIPES["lab-2"]
    longer = replace(recipe, train=recipe.train.replace(epochs=recipe.train.epochs + 1))
    assert line(settings_of(recipe, 3)) == "| lab-2 | – | – | measured |"
    assert line(settings_of(longer, 3)) == "| lab-2 † | – | – | measured |"


def test_a_goal_whose_subject_has_other_settings_now_is_marked(monkeypatch):
    def heading():
        return next(line for line in document.in_words([stored]).splitlines() if "32 numbers" in line)

    [stored] = (one for one in reproduction.stored() if one["recipe"] == "neighbours")
    assert heading() == "## Nearest neighbours on 32 numbers"
    goal = reproduction.GOALS["neighbours"]
    monkeypatch.setitem(reproduction.GOALS, "neighbours", replace(goal, subjects=("zoo-mnist-2",)))
    assert heading() == "## Nearest neighbours on 32 numbers †"


@pytest.mark.parametrize("goal", reproduction.GOALS.values(), ids=reproduction.GOALS)
def test_settings_of_a_goal_change_with_those_of_each_of_its_subjects(goal, monkeypatch):
    before = goal.settings
    assert len(set(before.split())) == len(goal.subjects)
    for name in set(goal.subjects) & set(RECIPES):
        recipe = RECIPES[name]
        with monkeypatch.context() as patch:
            patch.setitem(RECIPES, name, replace(recipe, train=recipe.train.replace(epochs=1)))
            assert goal.settings != before


def test_the_stored_results_are_of_recipes_there_are_with_the_figures_they_publish():
    for one in document.of_recipes(reproduction.stored()):
        recipe = RECIPES[one["recipe"]]
        assert one["published"] == [str(figure) for figure in recipe.published]
        assert len(one["ours"]) == len(one["published"])
        assert one["code_size"] == recipe.experiment.model.code_size
