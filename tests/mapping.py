"""Latent maps without a browser: what they are drawn from, and quick runs to draw them of."""

import pytest

from aecore.config import DenseConfig, Experiment
from aecore.data import SOURCES


@pytest.fixture
def drawn(monkeypatch) -> list[dict]:
    """What each map on screen was drawn from."""
    from pages.shared import latent_map

    maps = []

    def note(figure, sheets, **settings):
        maps.append({"figure": figure, "sprite": sheets, **settings})

    monkeypatch.setattr(latent_map, "drawn", note)
    return maps


def trained(dataset="digits", **settings):
    from aecore import data
    from aecore.runs.execution import create, execute

    shape = SOURCES[dataset].image_shape
    settings = {"dataset": dataset, "epochs": 1, "hidden": (16,), "train_count": 300} | settings
    run = create(Experiment(model=DenseConfig(image_shape=shape)).with_settings(settings))
    list(execute(run, data.load(dataset), "cpu"))
    return run


def warnings(app):
    return [warning.value for warning in app.warning]


def traces(drawn):
    return drawn[-1]["figure"].data
