"""Runs on disk: complete, repeatable, and never begun where they cannot be."""

import itertools
import json
import math
import os
import subprocess
import sys

import pytest
import torch
from images import TRAIN_COUNT, experiment
from obstacles import ends_within
from sklearn.decomposition import PCA as SklearnPCA
from tiny_runs import (
    IMAGES,
    REPOSITORY,
    names_in,
    trained,
    without_seconds,
)

from aecore import runs
from aecore.control import Control
from aecore.data.batches import hold_out
from aecore.losses import evaluate
from aecore.models import build
from aecore.runs import RunError
from aecore.runs.execution import create, execute
from aecore.settings import SettingsError
from aecore.training import train

pytestmark = pytest.mark.usefixtures("tiny_digits")


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
    kept = epochs[run.result.best_epoch - 1]
    assert (run.result.dead_units, run.result.active_units) == (kept.dead_units, kept.active_units)
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
