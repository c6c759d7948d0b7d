"""What every test gets: an empty home of its own, and the data sets that lie beside the checkout."""

import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from browsing import (  # noqa: F401, fixtures
    browser,
    cold_server,
    context,
    module_server,
    page,
    phone,
    server,
)
from generating import grids  # noqa: F401, a fixture
from jobs_engine import engine, jobs, lab  # noqa: F401, fixtures
from mapping import drawn  # noqa: F401, a fixture
from paging import (  # noqa: F401, fixtures
    answered_here,
    fresh_server,
    nothing_is_trained,
    opened_before,
    plain_sliders,
    queue,
    torch_is_there,
)

if "PYTEST_XDIST_WORKER" in os.environ:
    # several threads in each of several processes wait for one another: up to eight times as long (measured)
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# a run of the tests in the background ignores Ctrl-C, and so would every process they start and interrupt
signal.signal(signal.SIGINT, signal.default_int_handler)

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
if DATA.is_dir():
    os.environ["AECORE_DATA"] = str(DATA)  # also for what is skipped where a data set is not here


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests of engines are told by their names."""
    for item in items:
        if item.path.stem.startswith(("test_jobs", "test_cluster")):
            item.add_marker("engine")


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path) -> Path:
    """The test's AECORE_HOME."""
    home = tmp_path / "aecore-home"
    monkeypatch.setenv("AECORE_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def small_numbers_are_no_zeros():
    """As a training in this process makes them for whatever comes after it."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


@pytest.fixture(scope="module", autouse=True)
def nothing_outlives_its_module():
    """A queue that a page has started would adopt the runs in later tests' homes."""
    yield
    if pages := sys.modules.get("pages.shared.server"):
        for name in ("jobs", "analyses"):
            if left := pages.place().things.pop(name, None):
                left.close()


@pytest.fixture
def tiny_digits(monkeypatch):
    """Runs of the tests' 8x8 images can be created: they stand in for the digits."""
    from images import TINY_DIGITS

    from aecore.data import SOURCES

    monkeypatch.setitem(SOURCES, "digits", TINY_DIGITS)


@pytest.fixture
def every_step(monkeypatch):
    """Trainings give a record after every step."""
    from aecore import training

    monkeypatch.setattr(training, "SECONDS_BETWEEN_RECORDS", 0)


@pytest.fixture
def open_home(monkeypatch):
    """A home that every user of the machine may look into; pytest's own folders are one user's."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        monkeypatch.setenv("AECORE_HOME", str(home))
        yield home
