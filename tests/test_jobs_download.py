"""A training whose images come from a mirror that takes its time."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from jobs_engine import eventually, in_the_worker, live, reached, status, working

from aecore import runs
from aecore.jobs.book import STOPPED_EARLY
from aecore.recipes import RECIPES


class Endless(BaseHTTPRequestHandler):
    """A mirror whose files never end; `left` is set when somebody has hung up."""

    left = threading.Event()

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(10**12))
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(2**16))
        except OSError:
            self.left.set()

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_training_that_waits_for_its_images_can_be_stopped_and_deleted(own_home, mirror, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", "")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with working(own_home) as jobs:
        eventually(lambda: jobs._dispatcher.connection)
        in_the_worker(
            jobs,
            "import pathlib, torchvision; from aecore.data import archive; "
            f"torchvision.datasets.MNIST.mirrors = ['{mirror}']; "
            "archive.DEBIAN_FOLDER = pathlib.Path('nowhere')",
        )
        run_id = jobs.submit(RECIPES["lab-32"].experiment, owner="me", device="cpu")
        reached(jobs, run_id, "starting")
        eventually(lambda: live(jobs, run_id).doing.startswith("Downloading"))
        jobs.stop(run_id, owner="me")
        reached(jobs, run_id, "over")
        assert Endless.left.wait(60)
        assert (status(jobs, run_id), jobs.message(run_id)) == ("withdrawn", STOPPED_EARLY)
        assert not list((own_home / "data").rglob("*ubyte*"))
        jobs.delete(run_id, owner="me")
        assert runs.list_runs() == []
