"""Recipes trained, and measured as their sources measured; what is finished is kept."""

from dataclasses import replace

import numpy as np
import pytest
from images import SHAPE, TINY_DIGITS, image_set
from sklearn.linear_model import LogisticRegression

from aecore import data, runs
from aecore.analysis.codes import codes_of
from aecore.analysis.probe import probe_accuracy
from aecore.config import MODEL_CONFIGS, DataConfig, DenseConfig, TrainConfig
from aecore.data import SOURCES
from aecore.data.batches import pixels
from aecore.models import build
from aecore.recipes import RECIPES, Published, Recipe
from aecore.recipes.recipe import ALL_IMAGES
from aecore.reproduction import trial
from aecore.reproduction.trials import loss_around, measured_once, settings_of
from aecore.settings import SettingsError

TINY = Recipe(
    name="tiny",
    title="Tiny",
    source="Nobody",
    note="For the tests.",
    published=(
        Published("training loss", 0.05, step=10),
        Published("validation loss", 0.05),
        Published("test error", 0.05),
        Published("probe accuracy", 10),
    ),
    model=DenseConfig(image_shape=SHAPE, hidden=(7,), code_size=3),
    data=ALL_IMAGES.replace(dataset="digits"),
    train=TrainConfig(epochs=4, batch_size=9, learning_rate=0.01, loss="bce"),
)


@pytest.fixture
def tiny(monkeypatch):
    """The recipe can be trained, and its images are the tests' own."""
    monkeypatch.setitem(SOURCES, "digits", TINY_DIGITS)
    monkeypatch.setattr(data, "load", lambda _name: image_set())
    return TINY


def done(recipe, seed=0, listen=lambda _progress: None):
    return trial(recipe, seed, "cpu", listen)


class Cut(Exception):
    """Somebody switched the machine off."""


def cut(_progress):
    raise Cut


def test_a_trial_measures_each_published_figure_as_its_source_did(tiny):
    found = done(tiny)
    run = runs.list_runs()[0]
    losses = runs.read_history(run.folder).losses
    assert found.ours[0] == pytest.approx(np.mean(losses))  # 20 steps: fewer than the hundred around step 10
    assert found.ours[1] == run.result.test_loss != run.result.test_mse
    assert found.ours[2] == found.test_mse == run.result.test_mse
    images, model = image_set(), runs.load(run, "cpu")
    assert found.ours[3] == 100 * probe_accuracy(model, images)
    assert (found.ended, found.seed, found.dead_units) == ("finished", 0, run.result.dead_units)
    assert found.processor_share is not None
    assert 0 < found.processor_share < 1.05


def test_what_is_finished_is_not_trained_again_and_other_settings_are(tiny):
    first, heard = done(tiny), []
    assert done(tiny, listen=heard.append) == first
    assert not heard
    longer = replace(tiny, train=tiny.train.replace(epochs=5))
    assert done(longer, listen=heard.append) != first
    assert heard


def test_a_trial_that_was_cut_off_goes_on_with_the_same_run(tiny):
    with pytest.raises(Cut):
        done(tiny, listen=cut)
    begun = runs.list_runs()[0].id
    found = done(tiny)
    assert [run.id for run in runs.list_runs()] == [begun]
    assert found.ended == "finished"


def test_two_measurements_of_one_experiment_share_its_training(tiny):
    def measure(run, _images, share):
        return {"run": run.id, "share": share}

    first, heard = done(tiny), []
    experiment = tiny.experiment.with_settings({"seed": 0})
    found = measured_once("another", experiment, "cpu", heard.append, measure)
    assert not heard
    assert found["run"] == runs.list_runs()[0].id
    assert found["share"] == first.processor_share


def test_a_run_deleted_meanwhile_is_begun_again(tiny):
    with pytest.raises(Cut):
        done(tiny, listen=cut)
    runs.delete(runs.list_runs()[0].id)
    assert done(tiny).ended == "finished"


def test_a_damaged_record_is_named(tiny, own_home):
    done(tiny)
    (own_home / "reproduction" / "tiny-0.json").write_text("{")
    with pytest.raises(SettingsError, match=r"tiny-0\.json cannot be read .*: restore it or delete it"):
        done(tiny)


def test_the_loss_around_a_step_is_the_mean_of_a_hundred():
    losses = list(range(1_000))
    assert loss_around(losses, 500) == np.mean(losses[450:550])
    assert loss_around(losses, 1_000) == loss_around(losses, None) == np.mean(losses[900:])
    assert loss_around(losses, 20) == np.mean(losses[:70])
    assert loss_around(losses, 1_001) is None
    assert loss_around([], None) is None


def test_settings_of_a_recipe_are_the_same_where_they_are_spelt_out_and_others_where_one_changes():
    spelt_out = replace(TINY, model=DenseConfig(**TINY.model.model_dump()))
    digest = settings_of(TINY, 0)
    assert settings_of(spelt_out, 0) == digest
    others = [settings_of(TINY, 1), settings_of(replace(TINY, train=TINY.train.replace(epochs=5)), 0)]
    others += [
        settings_of(replace(TINY, model=MODEL_CONFIGS[kind](image_shape=SHAPE)), 0)
        for kind in ("conv", "variational")
    ]
    assert len({digest, *others}) == 5


def test_a_probe_is_a_logistic_regression_that_never_saw_the_test_images():
    images = image_set()
    model = build(DenseConfig(image_shape=SHAPE, hidden=(), code_size=6)).eval()
    train, test = codes_of(model, images.train_images), codes_of(model, images.test_images)
    assert train.shape == (45, 6)
    assert np.array_equal(test, model.encode(pixels(images.test_images)).detach().numpy())
    scores = {
        LogisticRegression(C=strength, max_iter=200)
        .fit(train / train.std(), images.train_labels.numpy())
        .score(test / train.std(), images.test_labels.numpy())
        for strength in (0.01, 0.1, 1.0)
    }
    assert probe_accuracy(model, images) in scores


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_names_its_source_and_says_what_to_expect(name):
    recipe = RECIPES[name]
    assert recipe.experiment.recipe == name
    assert len(recipe.title) <= 46, "the list of experiments would cut it off"
    assert recipe.source.endswith(".")
    assert recipe.note.endswith(".")
    assert recipe.experiment.warnings == []
    assert recipe.published or not recipe.differs
    assert isinstance(recipe.data, DataConfig)
