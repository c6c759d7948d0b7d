"""Runs on disk: complete, repeatable, interruptible at any moment, and readable whatever else is damaged."""

import itertools
import json
import math
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from images import SHAPE, TEST_COUNT, TINY_DIGITS, TRAIN_COUNT, experiment, image_set
from obstacles import ends_within, no_room, read_only
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from sklearn.decomposition import PCA as SklearnPCA

from aecore import runs, training
from aecore.control import Control
from aecore.data import SOURCES
from aecore.data.batches import hold_out, pixels
from aecore.losses import evaluate
from aecore.models import build
from aecore.models.weights import WeightsError, save_weights
from aecore.runs import RunError, execution, shelf
from aecore.runs.execution import create, execute
from aecore.runs.history import COLUMNS
from aecore.runs.notebook import read_notes
from aecore.settings import SettingsError
from aecore.training import train

REPOSITORY = Path(__file__).resolve().parents[1]
IMAGES = image_set()


@pytest.fixture(autouse=True)
def tiny_digits(monkeypatch):
    monkeypatch.setitem(SOURCES, "digits", TINY_DIGITS)


@pytest.fixture
def every_step(monkeypatch):
    """A record after every step."""
    monkeypatch.setattr(training, "SECONDS_BETWEEN_RECORDS", 0)


def trained(**settings):
    run = create(experiment(**settings))
    list(execute(run, IMAGES, "cpu"))
    return runs.get(run.id)


def interrupted(**settings):
    run = create(experiment(**settings))
    records = execute(run, IMAGES, "cpu")
    next(records)
    records.close()
    return run


def names_in(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# A finished run


def test_a_finished_run_holds_what_its_description_says_and_nothing_else():
    run = trained(epochs=9)
    assert names_in(run.folder) - {".lock"} == {
        "config.json",
        "history.csv",
        "losses.npy",
        "weights.safetensors",
        "result.json",
        *(f"checkpoints/epoch-{epoch:05}.safetensors" for epoch in (0, 1, 2, 4, 8)),
    }
    assert run.status == "finished"
    assert run.experiment == experiment(epochs=9)
    assert run.versions["torch"] == torch.__version__
    assert run.folder.parent == runs.runs_folder()


def test_its_losses_are_those_of_the_training_alone():
    run = trained()
    train_images, validation_images = hold_out(IMAGES.train_images, run.experiment.data)
    model = build(run.experiment.model, run.experiment.train.seed)
    records = list(train(model, train_images, validation_images, run.experiment.train))
    history = runs.read_history(run.folder)
    assert history.losses == [loss for record in records for loss in record.losses]
    assert without_seconds(history) == [{**vars(r.epoch), "seconds": None} for r in records if r.epoch]
    assert [epoch.step for epoch in history.epochs] == [6, 12, 18]


def without_seconds(history):
    return [{**vars(epoch), "seconds": None} for epoch in history.epochs]


@pytest.mark.parametrize("loss", ["mse", "bce", "l1"])
@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_its_figures_can_be_recomputed_from_the_stored_weights(kind, loss):
    shared = {"kind": kind, "loss": loss}
    run = trained(**shared, **({} if kind == "dense" else {"channels": (4,)}))
    result, model = run.result, runs.load(run, "cpu")
    images = IMAGES.test_images.double() / 255
    answers = model(images.float()).double()
    assert result.test_mse == pytest.approx(((answers - images) ** 2).mean().item(), rel=1e-5)
    naive = {
        "mse": (answers - images) ** 2,
        "l1": (answers - images).abs(),
        "bce": -(images * answers.log() + (1 - images) * (1 - answers).log()),
    }
    assert result.test_loss == pytest.approx(naive[loss].mean().item(), rel=1e-5)
    train_images, validation_images = hold_out(IMAGES.train_images, run.experiment.data)
    seen = train_images.double() / 255
    mean = seen.mean(0)
    assert result.mean_image_mse == pytest.approx(((mean - images) ** 2).mean().item(), rel=1e-5)
    pca = SklearnPCA(3).fit(seen.flatten(1).numpy())
    nearest = pca.inverse_transform(pca.transform(images.flatten(1).numpy()))
    assert result.pca_mse == pytest.approx(((nearest - images.flatten(1).numpy()) ** 2).mean(), rel=1e-3)
    assert result.parameters == sum(weight.numel() for weight in model.state_dict().values())
    epochs = runs.read_history(run.folder).epochs
    best = min(epochs, key=lambda epoch: epoch.validation_loss)
    assert evaluate(model, validation_images, loss) == best.validation_loss
    assert (result.best_epoch, result.epochs) == (best.epoch, 3)
    assert (result.train_loss, result.validation_loss) == (epochs[-1].train_loss, epochs[-1].validation_loss)
    assert result.images_per_second == pytest.approx(3 * 36 / result.seconds)


def test_the_loaded_model_is_for_use_and_not_for_training():
    model = runs.load(trained(), "cpu")
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())


def test_a_new_process_gets_the_same_test_error():
    run = trained()
    program = """
import sys
from images import image_set
from aecore import runs
from aecore.losses import evaluate
run = runs.get(sys.argv[1])
print(run.status, repr(run.result.test_mse), repr(evaluate(runs.load(run, "cpu"), image_set().test_images)))
"""
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "tests")])
    answer = subprocess.run(
        [sys.executable, "-c", program, run.id],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert answer.stdout.split() == ["finished", *[repr(run.result.test_mse)] * 2], answer.stderr


def test_a_checkpoint_is_the_model_after_that_epoch():
    """The last one too, though the run itself keeps the weights of an earlier, better epoch."""
    run = trained(epochs=8, learning_rate=0.3, seed=1)
    _, validation_images = hold_out(IMAGES.train_images, run.experiment.data)
    epochs = runs.read_history(run.folder).epochs
    assert run.result.best_epoch < 8
    for epoch in (1, 2, 4, 8):
        measured = evaluate(runs.load(run, "cpu", epoch), validation_images)
        assert measured == pytest.approx(epochs[epoch - 1].validation_loss, rel=1e-3), epoch  # float16
    fresh = build(run.experiment.model, run.experiment.train.seed)
    assert evaluate(runs.load(run, "cpu", 0), validation_images) == pytest.approx(
        evaluate(fresh, validation_images), rel=1e-3
    )
    with pytest.raises(RunError, match="has no weights of epoch 3: "):
        runs.load(run, "cpu", 3)


def test_finished_weights_are_never_overwritten():
    run = trained()
    before = {name: (run.folder / name).read_bytes() for name in names_in(run.folder)}
    with pytest.raises(RunError, match=f"^run {run.id} is over"):
        next(execute(run, IMAGES, "cpu"))
    assert {name: (run.folder / name).read_bytes() for name in names_in(run.folder)} == before


def test_a_run_without_held_out_images_keeps_its_last_weights():
    run = trained(validation_share=0)
    assert (run.result.validation_loss, run.result.best_epoch) == (None, 0)
    assert [epoch.validation_loss for epoch in runs.read_history(run.folder).epochs] == [None] * 3
    assert runs.load(run, "cpu")


def test_a_run_stopped_by_hand_is_over_and_can_be_used():
    control, run = Control(), create(experiment())
    for record in execute(run, IMAGES, "cpu", control):
        if record.epoch:
            control.stop()
    run = runs.get(run.id)
    assert (run.status, run.result.epochs) == ("stopped", 1)
    assert "stopped by hand" in run.result.message
    assert evaluate(runs.load(run, "cpu"), IMAGES.test_images) == run.result.test_mse


EXPLOSIVE = {"optimizer": "sgd", "learning_rate": 10, "output_activation": "identity", "epochs": 20}


DIVERGING = [
    {"weight_std": 0.5},
    {"weight_std": 10.0},
    {"weight_std": 10.0, "validation_share": 0},
    {"weight_std": 10.0, "batch_size": 36, "hidden": (32,) * 4},
    {"weight_std": 10.0, "batch_size": 36, "hidden": (32,) * 4, "keep_best": False},
    {"weight_std": 10.0, "batch_size": 36, "hidden": (32,) * 4, "epochs": 1},
    {"weight_std": 10.0, "batch_size": 45, "hidden": (32,) * 4, "epochs": 1, "validation_share": 0},
]
BOUNDED = {"loss": "bce", "output_activation": "sigmoid", "optimizer": "adam", "weight_std": 10.0}
"""No answer is far off, but inside the network there is no such limit."""


@pytest.mark.parametrize(
    "settings",
    [
        *({"loss": loss, **settings} for loss, settings in itertools.product(("mse", "l1"), DIVERGING)),
        {**BOUNDED, "hidden": (32,) * 16},
        {**BOUNDED, "hidden": (32,) * 16, "validation_share": 0},
        {**BOUNDED, "hidden": (32,) * 16, "batch_size": 36},
        {**BOUNDED, "hidden": (32,) * 16, "batch_size": 36, "epochs": 1},
        {**BOUNDED, "hidden": (32,) * 16, "batch_size": 45, "epochs": 1, "validation_share": 0},
    ],
    ids=str,
)
def test_a_run_that_diverged_is_over_says_so_and_others_are_still_listed(settings):
    """Whether it is seen in a step's loss, in the validation loss, or only in the weights or test images."""
    good, run = trained(), create(experiment(**{**EXPLOSIVE, **settings}))
    list(execute(run, IMAGES, "cpu"))
    run = runs.get(run.id)
    assert run.status == "diverged"
    assert "lower learning_rate (it was 10)" in run.result.message
    check_figures(run)
    assert {each.id for each in runs.list_runs()} == {good.id, run.id}


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "l1", "hidden": (32,) * 4},
        {"loss": "l1", "hidden": (32,) * 4, "keep_best": False},
        {"loss": "l1", "hidden": (32,) * 8},
        {"loss": "l1", "hidden": (32,) * 8, "validation_share": 0, "batch_size": 45},
    ],
    ids=str,
)
def test_a_run_with_a_loss_but_no_squared_error_is_over_and_says_what_is_odd(settings):
    """The loss is a number, its square is none: the training itself has nothing to stop for."""
    wild = {**EXPLOSIVE, "optimizer": "adam", "weight_std": 10.0, "epochs": 1, "batch_size": 36}
    run = trained(**{**wild, **settings})
    assert run.status == "finished"
    assert "is no better than answering every image with the mean image" in run.result.message
    assert run.result.test_mse is run.result.gain_over_pca is None
    assert run.result.test_loss > 1e9
    check_figures(run)


def check_figures(run):
    """Those of the stored weights; none in place of what is no finite number, or where nothing is stored."""
    for file in run.folder.glob("*.json"):
        json.loads(file.read_text(), parse_constant=lambda word: pytest.fail(f"{word} in a record"))
    assert math.isfinite(run.result.pca_mse + run.result.mean_image_mse)
    assert len(runs.read_history(run.folder).losses) > 0
    if (run.folder / "weights.safetensors").exists():
        model = runs.load(run, "cpu")
        for told, loss in ((run.result.test_mse, "mse"), (run.result.test_loss, run.experiment.train.loss)):
            measured = evaluate(model, IMAGES.test_images, loss)
            assert told == (measured if math.isfinite(measured) else None)
    else:
        assert (run.result.test_mse, run.result.test_loss) == (None, None)
        with pytest.raises(RunError, match=f"run {run.id} is diverged and has no weights: "):
            runs.load(run, "cpu")


def test_a_collapsed_run_says_so_in_its_result_and_a_good_one_says_nothing():
    collapsed = trained(learning_rate=10, weight_std=1.0, keep_best=False)
    assert "is no better than answering every image with the mean image" in collapsed.result.message
    assert collapsed.status == "finished"
    good = trained(epochs=20)
    assert good.result.test_mse < good.result.mean_image_mse
    assert good.result.message == ""


# What cannot be started


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"image_shape": (1, 9, 9)}, "image_shape is 1×9×9: choose 1×8×8"),
        ({"train_count": TRAIN_COUNT + 1}, f"train_count is {TRAIN_COUNT + 1}: choose 10 to {TRAIN_COUNT}"),
        ({"hidden": (65_536, 65_536)}, "training would take 138 GB of memory: choose smaller layers"),
        ({"hidden": (65_536,), "batch_size": 65_536}, "training would take "),
        (
            {"kind": "conv", "channels": (60_000,), "code_size": 1, "batch_size": 1437},
            "training would take ",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(settings, sentence):
    with pytest.raises(SettingsError) as error:
        create(experiment(**settings))
    assert str(error.value).startswith(sentence)
    assert not runs.runs_folder().exists()
    if sentence.startswith("training would take"):
        assert "memory" in str(error.value)
        assert "smaller batch_size" in str(error.value)


@pytest.mark.parametrize("obstacle", ["a link to nowhere", "a file"])
def test_where_no_run_can_be_put_it_is_an_error_and_not_a_search_without_end(own_home, obstacle):
    own_home.mkdir()
    if obstacle == "a file":
        (own_home / "runs").write_text("in the way")
    else:
        (own_home / "runs").symlink_to(own_home / "gone" / "with the disk")
    with ends_within(30), pytest.raises(OSError, match="runs"):
        create(experiment())


@pytest.mark.parametrize("recipe", ["../escaped", "a/b", "/tmp/absolute", ".hidden", "", "x" * 300, "a\0b"])
def test_a_recipe_name_cannot_lead_out_of_the_runs_folder(recipe, tmp_path):
    """A config can come from anywhere; whether refused or tamed, nothing lands elsewhere or out of sight."""
    try:
        run = create(experiment().replace(recipe=recipe))
    except SettingsError:
        assert not list(tmp_path.rglob("config.json"))
    else:
        assert run.folder.resolve().parent == runs.runs_folder().resolve()
        assert [each.id for each in runs.list_runs()] == [run.id]


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
]
assert len(CASES) == 20


WENT_ON: dict[int, int] = {}
"""By case, how many of its cut trainings were taken up from a saved state."""


@pytest.mark.parametrize("number", range(20))
@pytest.mark.usefixtures("every_step")
def test_a_run_cut_at_a_random_moment_and_resumed_is_the_uncut_one(monkeypatch, number):
    WENT_ON[number] = cut_and_compare(monkeypatch, number)


@pytest.mark.usefixtures("every_step")
def test_most_of_those_runs_went_on_from_a_saved_state(monkeypatch):
    """Else they would show less than they say: a run that begins again is of course the uncut one."""
    for number in set(range(20)) - WENT_ON.keys():
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


@pytest.mark.usefixtures("every_step")
def test_a_learning_rate_set_by_hand_outlives_an_interruption(monkeypatch):
    monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", 0)
    run, control = create(experiment()), Control()
    records = execute(run, IMAGES, "cpu", control)
    next(records)
    control.change_learning_rate(0.002)
    next(record for record in records if record.epoch)
    records.close()
    assert {record.learning_rate for record in execute(run, IMAGES, "cpu")} == {0.002}


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


# One training at a time


def test_a_run_being_trained_is_running_and_can_be_neither_trained_twice_nor_deleted():
    run = create(experiment())
    assert run.status == "interrupted"
    records = execute(run, IMAGES, "cpu")
    next(records)
    assert run.status == runs.get(run.id).status == "running"
    with pytest.raises(RunError, match=f"^run {run.id} is being trained by another process"):
        next(execute(run, IMAGES, "cpu"))
    with pytest.raises(RunError, match=f"^run {run.id} is being trained: stop it first"):
        runs.delete(run.id)
    records.close()
    assert run.status == "interrupted"
    list(execute(run, IMAGES, "cpu"))
    assert runs.get(run.id).status == "finished"


def test_another_process_sees_that_a_run_is_being_trained():
    run = create(experiment())
    records = execute(run, IMAGES, "cpu")
    next(records)
    program = """
import sys
from aecore import runs
print(runs.get(sys.argv[1]).status)
try:
    runs.delete(sys.argv[1])
except runs.RunError as error:
    print(error)
"""
    answer = fresh_process(program, run.id).communicate()
    assert answer[0].splitlines() == ["running", f"run {run.id} is being trained: stop it first"], answer[1]
    records.close()


def fresh_process(program, *arguments):
    """Without torch: listing and noting need none, so this takes half a second."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )


def test_a_training_closed_by_another_thread_than_its_own_is_interrupted():
    run = create(experiment())
    records = execute(run, IMAGES, "cpu")
    thread = threading.Thread(target=next, args=(records,))
    thread.start()
    thread.join()
    assert run.status == "running"
    records.close()
    assert run.status == "interrupted"


def test_many_who_look_at_once_all_see_the_same_status():
    """To ask whether a run is being trained is not to train it."""
    run, seen = interrupted(), []

    def look():
        seen.extend(run.status for _ in range(200))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {"interrupted"}


@pytest.mark.parametrize("obstacle", ["a folder that cannot be written", "a lock that is a folder"])
def test_where_the_lock_cannot_be_opened_nobody_trains(open_home, obstacle):
    run = interrupted()
    (run.folder / ".lock").unlink(missing_ok=True)
    if obstacle == "a lock that is a folder":
        (run.folder / ".lock").mkdir()
    with read_only(open_home):
        assert run.status == "interrupted"
        assert [each.status for each in runs.list_runs()] == ["interrupted"]


@pytest.fixture
def open_home(monkeypatch):
    """A home that every user of the machine may look into; pytest's own folders are one user's."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        monkeypatch.setenv("AECORE_HOME", str(home))
        yield home


# The shelf


def test_runs_are_listed_newest_first(monkeypatch):
    first, second, third = (create(experiment()) for _ in range(3))
    for run, created in ((first, "2026-01-02"), (second, "2026-01-03"), (third, "2026-01-01")):
        change_json(run.folder / "config.json", created=f"{created}T00:00:00+00:00")
    assert [run.id for run in runs.list_runs()] == [second.id, first.id, third.id]
    monkeypatch.setenv("AECORE_HOME", os.environ["AECORE_HOME"] + "-other")
    assert runs.list_runs() == []


def change_json(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_folders_that_are_no_runs_are_passed_over():
    run = trained()
    (runs.runs_folder() / "begun-and-cut-off").mkdir()
    (runs.runs_folder() / "a-file").write_text("not a folder")
    shutil.copytree(run.folder, runs.runs_folder() / ".half-deleted")
    (run.folder / ".weights.safetensors.abc123").write_bytes(b"half")
    assert [each.id for each in runs.list_runs()] == [run.id]
    assert runs.damaged_runs() == []
    assert runs.load(runs.get(run.id), "cpu")


NAMES = [
    "Größe 9 ☂",
    "<b>bold</b> & **more**",
    "'; DROP TABLE notes; --",
    "line\nbreak",
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
    assert {each.id: each.name for each in runs.list_runs()} == {run.id: name, other.id: "custom on digits"}
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
    assert runs.get(run.id).name == "custom on digits"


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
    with pytest.raises(RunError) as error:
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
