"""The lab's own recipes on another data set: what is measured, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from aecore import data, runs
from aecore.data.batches import hold_out
from aecore.errors import LabError
from aecore.recipes import RECIPES
from aecore.reproduction import document, fashion
from aecore.reproduction.goals import GOALS, pursue

SHORT = {"epochs": 2, "validation_share": 0.5}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """The recipes as they are on digits, but for 2 epochs."""
    monkeypatch.setattr(
        "aecore.recipes.Recipe.on",
        lambda recipe, dataset: recipe.experiment.with_settings({"dataset": dataset, **SHORT}),
    )


def listener(_name: str):
    return lambda _progress: None


def test_errors_beside_pca_and_the_mean_image():
    found = fashion.measure([0, 1], "cpu", listener, "digits", ["lab-9", "lab-32"])
    images = data.load("digits")
    own = [run for run in runs.list_runs() if run.experiment.recipe == "lab-9"]
    test = images.test_images.flatten(1).numpy() / 255
    ours = [
        np.square(runs.load(run, "cpu")(images.test_images / 255).detach().flatten(1).numpy() - test).mean()
        for run in own
    ]
    name, size, mean, spread, pca, mean_image = found.rows[0]
    assert (name, size) == ("lab-9", 9)
    assert mean == pytest.approx(np.mean(ours), rel=1e-4)
    assert spread == pytest.approx(np.std(ours, ddof=1), rel=1e-3)
    learnt_from, _ = hold_out(images.train_images, own[0].experiment.data)
    train = learnt_from.flatten(1).numpy() / 255
    assert mean_image == pytest.approx(np.square(train.mean(0) - test).mean(), rel=1e-3)
    model = PCA(9).fit(train)
    assert pca == pytest.approx(
        np.square(model.inverse_transform(model.transform(test)) - test).mean(), rel=1e-3
    )
    shares = [run.result.test_mse / run.result.pca_mse for run in runs.list_runs()]
    assert sorted(shares)[-2:] == pytest.approx(
        sorted(found.values)
    )  # lab-32's, who has far to go in 2 epochs
    assert found.reached is False
    assert f"at lab-32: up to {max(shares):.0%}" in found.remark


def test_a_training_that_broke_off_is_named(monkeypatch):
    wild = {"optimizer": "sgd", "learning_rate": 10, "schedule": "constant", "weight_std": 5.0}
    for name, value in (wild | {"output_activation": "identity"}).items():
        monkeypatch.setitem(SHORT, name, value)
    with pytest.raises(LabError, match="lab-9-digits-0 broke off"):
        fashion.measure([0], "cpu", listener, "digits", ["lab-9"])


def test_the_document_tells_of_it(monkeypatch):
    monkeypatch.setattr(fashion.measure, "__defaults__", ("digits", ["lab-2"]))
    result = pursue(GOALS["fashion"], [0], "cpu", listener)
    page = document.in_words([result])
    assert GOALS["fashion"].title in page
    assert "| lab-2 | 2 |" in page


def test_its_subjects_are_what_it_trains():
    assert GOALS["fashion"].subjects == fashion.NAMES
    assert all(name in RECIPES for name in fashion.NAMES)
