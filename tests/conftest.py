"""What every test gets: an empty home of its own, and the data sets that lie beside the checkout."""

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path) -> Path:
    """The test's AECORE_HOME; AECORE_DATA is ../shared/data where that exists."""
    home = tmp_path / "aecore-home"
    monkeypatch.setenv("AECORE_HOME", str(home))
    if DATA.is_dir():
        monkeypatch.setenv("AECORE_DATA", str(DATA))
    return home
