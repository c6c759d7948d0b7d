"""The first page without a browser: the zoo's table, an empty zoo, and what must not break it."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aecore.config import ConvConfig, DataConfig, DenseConfig, Experiment
from aecore.runs import Result, shelf
from aecore.runs.record import FORMAT, write_json

REPOSITORY = Path(__file__).resolve().parents[1]
RESULT = Result(
    ended="finished",
    epochs=24,
    best_epoch=0,
    parameters=835_888,
    seconds=39.4,
    images_per_second=36_500.0,
    train_loss=0.0040,
    validation_loss=0.0042,
    test_loss=0.0042,
    test_mse=0.0042,
    pca_mse=0.0168,
    mean_image_mse=0.0672,
    device="cpu",
)


@pytest.fixture
def zoo(monkeypatch, tmp_path) -> Path:
    """An empty folder in place of the one that ships with the lab."""
    folder = tmp_path / "zoo"
    folder.mkdir()
    monkeypatch.setattr(shelf, "ZOO", folder)
    return folder


def write_run(folder: Path, experiment: Experiment, result: Result | None):
    folder.mkdir()
    write_json(
        folder / "config.json",
        {
            "format": FORMAT,
            "created": "2026-11-21T08:00:00+00:00",
            "versions": {},
            "experiment": experiment.model_dump(mode="json"),
        },
    )
    if result:
        write_json(folder / "result.json", result.model_dump(mode="json"))


def open_home() -> AppTest:
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=30).run()
    assert not app.exception
    return app


def test_the_zoo_is_a_table_with_its_baselines(zoo):
    write_run(zoo / "a", Experiment(recipe="lab-32", model=DenseConfig(code_size=32)), RESULT)
    conv = Experiment(recipe="conv-16", model=ConvConfig(code_size=16), data=DataConfig(dataset="digits"))
    write_run(zoo / "b", conv, RESULT.replace(test_mse=0.0084))
    rows = open_home().dataframe[0].value.to_dict("records")
    assert rows[0] == {
        "name": "lab-32 on mnist",
        "data": "MNIST",
        "network": "Dense",
        "code": 32,
        "smaller": 24.5,
        "error": 0.0042,
        "pca": 0.0168,
        "gain": pytest.approx(4),
        "mean": 0.0672,
        "seconds": 39.4,
    }
    assert rows[1]["network"] == "Convolutional"
    assert rows[1]["gain"] == pytest.approx(2)


@pytest.mark.usefixtures("zoo")
def test_an_empty_zoo_says_how_to_fill_it():
    app = open_home()
    assert not app.dataframe
    assert app.code[0].value == "make zoo"


def test_a_damaged_run_and_an_unfinished_one_are_left_out(zoo):
    write_run(zoo / "good", Experiment(), RESULT)
    write_run(zoo / "unfinished", Experiment(), None)
    (zoo / "damaged").mkdir()
    (zoo / "damaged" / "config.json").write_text("{")
    assert len(open_home().dataframe[0].value) == 1


def test_a_model_that_diverged_has_no_error_to_show(zoo):
    write_run(zoo / "diverged", Experiment(), RESULT.replace(ended="diverged", test_mse=None, test_loss=None))
    assert open_home().dataframe[0].value["error"].isna().all()


def test_the_page_does_not_import_torch():
    """The first paint does not wait for it."""
    script = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=30).run()\n"
        "assert not app.exception and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, check=True)
