"""Runs on disk: complete, repeatable, interruptible at any moment, and readable whatever else is damaged."""

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from images import SHAPE, TEST_COUNT, TINY_DIGITS, TRAIN_COUNT, experiment, image_set
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


@pytest.mark.parametrize(
    "settings",
    [
        {"weight_std": 0.5},
        {"weight_std": 10.0},
        {"weight_std": 10.0, "validation_share": 0},
        {"weight_std": 10.0, "batch_size": 36, "hidden": (32,) * 4},
        {"weight_std": 10.0, "batch_size": 36, "hidden": (32,) * 4, "keep_best": False},
        {"weight_std": 10.0, "batch_size": 36, "hidden": (32,) * 4, "epochs": 1},
        {"weight_std": 10.0, "batch_size": 45, "hidden": (32,) * 4, "epochs": 1, "validation_share": 0},
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
    if run.result.test_mse is None:
        with pytest.raises(RunError, match=f"run {run.id} is diverged and has no weights: "):
            runs.load(run, "cpu")
    else:
        assert evaluate(runs.load(run, "cpu"), IMAGES.test_images) == run.result.test_mse
    assert {each.id for each in runs.list_runs()} == {good.id, run.id}


# What cannot be started


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"image_shape": (1, 9, 9)}, "image_shape is 1×9×9: choose 1×8×8"),
        ({"train_count": TRAIN_COUNT + 1}, f"train_count is {TRAIN_COUNT + 1}: choose 10 to {TRAIN_COUNT}"),
        ({"hidden": (65_536, 65_536)}, "the network would have 8,598,978,627 parameters: choose smaller"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(settings, sentence):
    with pytest.raises(SettingsError) as error:
        create(experiment(**settings))
    assert str(error.value).startswith(sentence)
    assert not runs.runs_folder().exists()


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


@pytest.mark.parametrize("number", range(20))
@pytest.mark.usefixtures("every_step")
def test_a_run_cut_at_a_random_moment_and_resumed_is_the_uncut_one(monkeypatch, number):
    """Cut after a random record, sometimes twice, with its state saved at every epoch or only at some."""
    chance = random.Random(number)
    settings = {"epochs": 7, "plateau_patience": 0, "seed": number, **CASES[number]}
    monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", 1e9)
    uncut = create(experiment(**settings))
    record_count = sum(1 for _ in execute(uncut, IMAGES, "cpu"))
    uncut = runs.get(uncut.id)

    run = create(experiment(**settings))
    save_always, went_on = chance.random() < 0.5, 0
    for _ in range(chance.choice([1, 1, 2])):
        monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", 0)
        records = execute(runs.get(run.id), IMAGES, "cpu")
        for index, record in enumerate(records):
            went_on += index == 0 and record.step > 1
            if record.ended is None and index >= chance.randrange(record_count):
                break
            saves = 0 if save_always or chance.random() < 0.5 else 1e9
            monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", saves)
        records.close()
        if record.ended:
            break
        assert runs.get(run.id).status == "interrupted"
    if not record.ended:
        list(execute(runs.get(run.id), IMAGES, "cpu"))
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
    ],
    ids=["truncated", "empty", "something else"],
)
def test_a_damaged_training_state_is_named(monkeypatch, damage):
    monkeypatch.setattr(execution, "SECONDS_BETWEEN_SAVES", 0)
    run = create(experiment())
    records = execute(run, IMAGES, "cpu")
    next(record for record in records if record.epoch)
    records.close()
    damage(run.folder / "resume.safetensors")
    with pytest.raises(WeightsError, match="resume.safetensors is damaged"):
        next(execute(run, IMAGES, "cpu"))
    assert run.status == "interrupted"


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
    elif isinstance(content, float):
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * content)])
    else:
        path.write_bytes(content)
    with pytest.raises(RunError, match=f"{name} is damaged") as error:
        runs.read_history(run.folder)
    assert "\n" not in str(error.value)
    assert evaluate(runs.load(runs.get(run.id), "cpu"), IMAGES.test_images) == run.result.test_mse


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
        assert str(error.value).startswith(f"{database} cannot be used (")
        assert "move it away" in str(error.value)
    again = runs.read_run(run.folder)
    assert replace(again, name="mine") == replace(run, name="mine")
    assert runs.load(again, "cpu")
    database.unlink()
    assert [each.id for each in runs.list_runs()] == [run.id]


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
