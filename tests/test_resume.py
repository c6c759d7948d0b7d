"""Runs are interruptible at any moment, and trained by one process at a time."""

import itertools
import json
import random
import shutil

import numpy as np
import pytest
import torch
from images import experiment
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tiny_runs import (
    IMAGES,
    names_in,
    trained,
    without_seconds,
)

from aecore import runs
from aecore.control import Control
from aecore.models import build
from aecore.models.weights import WeightsError, save_weights
from aecore.runs import RunError, execution
from aecore.runs.execution import create, execute
from aecore.runs.history import COLUMNS

pytestmark = pytest.mark.usefixtures("tiny_digits")


# Interrupted and resumed


CASES = [
    {"optimizer": optimizer, "schedule": schedule}
    for optimizer, schedule in itertools.product(
        ("adam", "adamw", "sgd"), ("constant", "plateau", "one-cycle")
    )
]
CASES += [
    {"optimizer": "sgd", "momentum": 0},
    {"optimizer": "adamw", "weight_decay": 0.05, "keep_best": False},
    {"learning_rate": 0.3, "early_stop": 3},
    {"learning_rate": 0.3, "early_stop": 2, "keep_best": False, "schedule": "plateau"},
    {"validation_share": 0},
    {"validation_share": 0, "schedule": "plateau", "learning_rate": 0.3},
    {"kind": "conv", "channels": (4,), "schedule": "one-cycle"},
    {"batch_size": 36, "schedule": "one-cycle"},
    {"loss": "bce", "weight_std": 0.05},
    {"train_count": 20, "batch_size": 5},
    {"schedule": "one-cycle", "learning_rate": 0.3, "early_stop": 3},
    {"pair_epochs": (1, 2), "schedule": "one-cycle"},
    {"tied": True, "pair_epochs": (1,), "untied_epochs": 2},
    {"tied": True, "untied_epochs": 3, "keep_best": False, "schedule": "plateau"},
    {"noise": "gaussian", "noise_level": 0.3, "least_noise": 0.1, "hidden_dropout": 0.2},
    {"kind": "variational", "hidden": (7,), "beta": 0.01},
    {"active": 2, "lifetime": 0.3, "l1_weight": 0.01},
]


WENT_ON: dict[int, int] = {}
"""By case, how many of its cut trainings were taken up from a saved state."""


@pytest.mark.parametrize("number", range(len(CASES)))
@pytest.mark.usefixtures("every_step")
def test_a_run_cut_at_a_random_moment_and_resumed_is_the_uncut_one(monkeypatch, number):
    WENT_ON[number] = cut_and_compare(monkeypatch, number)


@pytest.mark.usefixtures("every_step")
def test_most_of_those_runs_went_on_from_a_saved_state(monkeypatch):
    """Else they would show less than they say: a run that begins again is of course the uncut one."""
    for number in set(range(len(CASES))) - WENT_ON.keys():
        WENT_ON[number] = cut_and_compare(monkeypatch, number)
    assert sum(map(bool, WENT_ON.values())) >= 12
    assert len(set(WENT_ON.values())) >= 2  # and not all of them


def cut_and_compare(monkeypatch, number):
    """Cut after a random record, sometimes twice, with its state saved at every epoch or only at some."""
    chance = random.Random(number)
    settings = {"epochs": 7, "plateau_patience": 0, "seed": number, **CASES[number]}
    monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", 1e9)
    uncut = create(experiment(**settings))
    moments = [moment(record) for record in execute(uncut, IMAGES, "cpu")]
    assert len(set(moments)) == len(moments)
    uncut = runs.get(uncut.id)

    run = create(experiment(**settings))
    save_always, went_on = chance.random() < 0.5, 0
    for _ in range(chance.choice([1, 1, 2])):
        monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", 0)
        records = execute(runs.get(run.id), IMAGES, "cpu")
        record = next(records)
        went_on += record.step > 1
        cut = chance.choice(moments[moments.index(moment(record)) : -1])  # after the last one it is over
        while moment(record) != cut:
            saves = 0 if save_always or chance.random() < 0.5 else 1e9
            monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", saves)
            record = next(records)
        records.close()
        assert runs.get(run.id).status == "interrupted"
    records = execute(runs.get(run.id), IMAGES, "cpu")
    went_on += next(records).step > 1
    list(records)
    run = runs.get(run.id)

    history, expected = runs.read_history(run.folder), runs.read_history(uncut.folder)
    assert history.losses == expected.losses
    assert without_seconds(history) == without_seconds(expected)
    assert all(a.seconds < b.seconds for a, b in itertools.pairwise(history.epochs))
    timeless = {"seconds": 1, "images_per_second": 1}
    assert run.result.replace(**timeless) == uncut.result.replace(**timeless)
    assert names_in(run.folder) - {".lock"} == names_in(uncut.folder) - {".lock"}
    for name in names_in(run.folder):
        if name.endswith((".safetensors", ".npy")):
            assert (run.folder / name).read_bytes() == (uncut.folder / name).read_bytes(), name
    return went_on


def moment(record):
    return record.step, record.epoch is not None, record.ended


@pytest.mark.parametrize("cut_after", range(1, 8))
def test_a_best_epoch_before_the_interruption_is_not_forgotten(monkeypatch, cut_after):
    settings = {"epochs": 8, "learning_rate": 0.3, "seed": 1, "early_stop": 4}
    uncut = trained(**settings)
    assert uncut.result.best_epoch < uncut.result.epochs - 1
    monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", 0)
    run = create(experiment(**settings))
    records = execute(run, IMAGES, "cpu")
    for record in records:
        if record.epoch and record.epoch.epoch == cut_after:
            break
    records.close()
    list(execute(run, IMAGES, "cpu"))
    run = runs.get(run.id)
    assert (run.result.best_epoch, run.result.epochs) == (uncut.result.best_epoch, uncut.result.epochs)
    assert run.result.message == uncut.result.message
    assert run.result.test_mse == uncut.result.test_mse


@pytest.mark.usefixtures("every_step")
def test_a_saved_run_goes_on_where_it_was_and_an_unsaved_one_begins_again(monkeypatch):
    for seconds, first_step in ((0, 13), (1e9, 1)):
        monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", seconds)
        run = create(experiment())
        records = execute(run, IMAGES, "cpu")
        for record in records:
            if record.epoch and record.epoch.epoch == 2:
                break
        records.close()
        assert (run.folder / "resume.safetensors").exists() == (seconds == 0)
        assert next(execute(run, IMAGES, "cpu")).step == first_step


def test_time_spent_before_the_interruption_counts(monkeypatch):
    monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", 0)
    run = create(experiment())
    records = execute(run, IMAGES, "cpu")
    before = next(record for record in records if record.epoch)
    records.close()
    assert before.seconds < next(execute(run, IMAGES, "cpu")).seconds


@pytest.mark.parametrize("earlier_lab", [False, True])
@pytest.mark.usefixtures("every_step")
def test_a_learning_rate_set_by_hand_outlives_an_interruption(monkeypatch, earlier_lab):
    monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", 0)
    run, control = create(experiment()), Control()
    records = execute(run, IMAGES, "cpu", control)
    next(records)
    control.change_learning_rate(0.002)
    next(record for record in records if record.epoch)
    records.close()
    if earlier_lab:  # it kept only that there was one
        file = run.folder / "resume.safetensors"
        with safe_open(file, "pt") as kept:
            state = json.loads(kept.metadata()["state"])
        assert state["phase"][-1] == 0.002
        rewrite(file, metadata={"state": json.dumps(state | {"phase": [*state["phase"][:-1], True]})})
    assert {record.learning_rate for record in execute(run, IMAGES, "cpu")} == {0.002}
    assert runs.get(run.id).result.rate_by_hand == 0.002


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-50]),
        lambda path: path.write_bytes(b""),
        lambda path: save_weights(build(experiment().model), path),  # weights, but no training state
        lambda path: rewrite(path, metadata={}),
        lambda path: rewrite(path, metadata={"state": ""}),
        lambda path: rewrite(path, metadata={"state": "no JSON"}),
        lambda path: rewrite(path, metadata={"state": "{}"}),
        lambda path: rewrite(path, metadata={"state": "[]"}),
        lambda path: rewrite(path, metadata={"state": "5"}),
        lambda path: rewrite(path, {"model.encoder.0.bias": None}),
        lambda path: rewrite(path, {"best.encoder.0.bias": None}),
        lambda path: rewrite(path, {"optimizer.0.exp_avg": None}),
        lambda path: rewrite(
            path, {f"optimizer.0.{part}": None for part in ("exp_avg", "exp_avg_sq", "step")}
        ),
        lambda path: rewrite(path, {"generator": None}),
        lambda path: rewrite(path, {"generator": torch.zeros(3)}),
        lambda path: rewrite(path, {"model.extra": torch.zeros(3)}),
        lambda path: rewrite(path, {"optimizer.x.y.z": torch.zeros(3)}),
        lambda path: rewrite(path, {"optimizer.0.exp_avg": torch.zeros(2, 2)}),
        lambda path: shutil.copy(saved(code_size=4).folder / path.name, path),
        lambda path: shutil.copy(saved(hidden=(7, 7)).folder / path.name, path),
        lambda path: shutil.copy(saved(optimizer="sgd").folder / path.name, path),
        lambda path: shutil.copy(saved(schedule="plateau").folder / path.name, path),
    ],
    ids=[
        "truncated",
        "empty",
        "something else",
        "no metadata",
        "empty metadata",
        "metadata not JSON",
        "metadata {}",
        "metadata []",
        "metadata 5",
        "a weight missing",
        "a best weight missing",
        "a moment missing",
        "all of a weight's moments missing",
        "no generator",
        "another generator",
        "a weight too many",
        "a moment of nothing",
        "a moment of another shape",
        "of another code size",
        "of another network",
        "of another optimizer",
        "of another schedule",
    ],
)
def test_a_damaged_training_state_is_named(damage):
    run = saved(schedule="one-cycle")
    damage(run.folder / "resume.safetensors")
    with pytest.raises(WeightsError, match="resume.safetensors is damaged") as error:
        next(execute(run, IMAGES, "cpu"))
    assert str(run.folder) in str(error.value)
    assert "\n" not in str(error.value)
    assert run.status == "interrupted"


def saved(**settings):
    """A run cut after its first epoch, whose state was saved."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "SECONDS_BETWEEN_SAVES", 0)
        run = create(experiment(**settings))
        records = execute(run, IMAGES, "cpu")
        next(record for record in records if record.epoch)
        records.close()
    return run


def rewrite(path, tensors=None, metadata=None):
    """Change, add or, with None, take away tensors of a safetensors file, or replace its metadata."""
    with safe_open(path, "pt") as file:
        described = file.metadata() if metadata is None else metadata
    changed = {**load_file(path), **(tensors or {})}
    save_file({name: value for name, value in changed.items() if value is not None}, path, described or None)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "history.csv").unlink(),
        lambda folder: (folder / "losses.npy").unlink(),
        lambda folder: (folder / "history.csv").write_text(",".join(COLUMNS) + "\n"),
        lambda folder: np.save(folder / "losses.npy", np.zeros(3, np.float32)),
    ],
    ids=["no epochs", "no losses", "fewer epochs", "fewer losses"],
)
def test_a_saved_run_without_all_of_its_history_is_not_taken_up(damage):
    """It would be over some day, with half a history and no word about it."""
    run = saved()
    damage(run.folder)
    before = names_in(run.folder)
    with pytest.raises(RunError, match=r"history|losses\.npy is damaged"):
        next(execute(run, IMAGES, "cpu"))
    assert names_in(run.folder) == before


def test_a_history_is_cut_to_what_is_asked_for_and_never_shorter():
    history = runs.read_history(trained().folder)
    assert history.cut(3, 18) == history
    part = history.cut(2, 12)
    assert (len(part.epochs), len(part.losses)) == (2, 12)
    assert history.cut(0, 0) == runs.History([], [])
    for epochs, steps in ((4, 18), (3, 19), (4, 24)):
        with pytest.raises(RunError):
            history.cut(epochs, steps)
