"""What tests of the Generate page share: what is on screen, as numbers and as words."""

import numpy as np
import pytest

from aecore import runs
from pages.shared import pictures, samples

PLAIN = "zoo-digits-32"


@pytest.fixture
def grids(monkeypatch) -> list[list[pictures.Row]]:
    """The rows of every grid on screen."""
    drawn, grid = [], pictures.grid

    def note(rows, **settings):
        drawn.append(list(rows))
        return grid(rows, **settings)

    monkeypatch.setattr(pictures, "grid", note)
    return drawn


def model_of(run: str = PLAIN):
    return runs.load(runs.get(run), "cpu")


def sheet(grids, rows: int = 1) -> np.ndarray:
    """The new pictures of the last sheet, in their order: grey levels (36, 28, 28)."""
    pieces = [np.stack([row.tiles for row in piece[::rows]]) for piece in grids[-3:]]
    return np.concatenate(pieces, axis=1)[..., 0].reshape(samples.COUNT, *pieces[0].shape[2:4])


def told(app) -> str:
    return " ".join(each.value for each in app.markdown)
