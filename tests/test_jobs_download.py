"""A training whose images come from a mirror that takes its time."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from jobs_engine import engine_of, eventually, in_the_worker, live, reached, status, working

from aecore import runs
from aecore.jobs import limits
from aecore.recipes import RECIPES


class Endless(BaseHTTPRequestHandler):
    """A mirror whose files never end, and who says how long they are only below /length."""

    left = threading.Event()
    """Set when somebody has hung up."""

    def do_GET(self):
        self.send_response(200)
        if self.path.startswith("/length"):
            self.send_header("Content-Length", str(10**12))
        self.end_headers()
        try:
            while not self.left.wait(0.01):
                self.wfile.write(bytes(2**16))
        except OSError:
            self.left.set()

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror():
    Endless.left.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def engine(lab):
    """One to which no data set is at hand."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_DATA", "")
        patch.setenv("NO_PROXY", "127.0.0.1")
        with working(lab) as jobs:
            engine_of(jobs)
            yield jobs


@pytest.fixture
def downloading(jobs, mirror):
    """A function that asks for a training; its id, once a part of the mirror sends its images."""

    def begin(part: str) -> str:
        in_the_worker(
            jobs,
            "import pathlib, torchvision; from aecore.data import archive; "
            f"torchvision.datasets.MNIST.mirrors = ['{mirror}{part}/']; "
            "archive.DEBIAN_FOLDER = pathlib.Path('nowhere')",
        )
        run_id = jobs.submit(RECIPES["lab-32"].experiment, owner="me", device="cpu")
        eventually(lambda: live(jobs, run_id).doing.startswith("Downloading"))
        return run_id

    return begin


@pytest.mark.parametrize("part", ["length", "no-length"])
def test_a_training_that_waits_for_its_images_can_be_stopped_and_deleted(jobs, lab, downloading, part):
    run_id = downloading(part)
    jobs.stop(run_id, owner="me")
    reached(jobs, run_id, "over")
    assert Endless.left.wait(60)
    assert status(jobs, run_id) == "withdrawn"
    assert jobs.message(run_id) == "stopped by hand while its images were being got ready"
    assert not [path for path in (lab / "data").rglob("*") if path.is_file()]
    jobs.delete(run_id, owner="me")
    assert runs.list_runs() == []


def test_a_public_host_says_that_a_download_took_too_long(jobs, downloading, monkeypatch):
    run_id = downloading("length")
    monkeypatch.setattr(limits, "MOST_SECONDS", 0.5)
    monkeypatch.setenv("AECORE_PUBLIC", "1")
    reached(jobs, run_id, "over")
    assert jobs.message(run_id).startswith("stopped after 0.5 seconds (pauses counted), the most on this")
    assert jobs.message(run_id).endswith("lab, while its images were being got ready")


def test_a_resumed_training_that_waits_for_its_images_stays_interrupted(jobs, downloading):
    run_id = downloading("length")
    (runs.get(run_id).folder / "checkpoints").mkdir()  # it has been trained before
    jobs.stop(run_id, owner="me")
    reached(jobs, run_id, "over")
    assert status(jobs, run_id) == "interrupted"
