"""The app as people meet it: a fresh server and a real Chromium."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import chromium
import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).resolve().parents[1]
FLAGS = [
    "--no-sandbox",  # as root it starts only without; it sees nothing but our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",  # nothing but the page under test is asked for
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium.find()
    if path is None:
        pytest.skip("no Chromium or Chrome is installed, and none could be had")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        except Error as error:
            pytest.skip(f"{path} does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def page(browser) -> Iterator[Page]:
    """An empty tab; the test fails on an error in its console, or a request to any other machine."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    errors, strangers = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("request", lambda request: is_local(request.url) or strangers.append(request.url))
    yield page
    page.close()
    assert not errors
    assert not strangers


def is_local(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", None)  # None: data: and blob:


@pytest.fixture
def server(own_home, tmp_path) -> Iterator[str]:
    """The address of a fresh server of its own; the test fails on a traceback or a deprecation in its log."""
    log = tmp_path / "server.log"
    with start_server(log, {**os.environ, "AECORE_HOME": str(own_home)}) as address:
        yield address
    assert not re.search("Traceback|deprecat", log.read_text(), re.IGNORECASE), log.read_text()


@contextmanager
def start_server(log: Path, environment: dict[str, str]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    options = [
        "--server.address",
        "127.0.0.1",
        "--server.port",
        str(port),
        "--server.fileWatcherType",
        "none",
    ]
    with log.open("w") as output:
        server = subprocess.Popen(
            command + options, cwd=REPOSITORY, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_healthy(server, address, log)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=10)


def wait_until_healthy(server: subprocess.Popen, address: str, log: Path):
    give_up = monotonic() + 30
    while monotonic() < give_up:
        try:
            urlopen(f"{address}/_stcore/health", timeout=1).close()
            return
        except (URLError, TimeoutError):  # refused at once: the server needs both cores more than we do
            with suppress(subprocess.TimeoutExpired):
                server.wait(timeout=0.1)
                break  # it has ended
    pytest.fail(f"the server did not start:\n{log.read_text()}")


def expect_home(page: Page):
    """Home is there, finished, and inside the frame of app.py."""
    expect(page.get_by_role("heading", name="Models that come with the lab")).to_be_visible(timeout=15_000)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page).to_have_title("Home · Autoencoder Lab")


def test_home_on_a_fresh_server(server, page, capsys):
    start = monotonic()
    page.goto(server)
    expect_home(page)
    with capsys.disabled():
        print(f"\nfirst paint on a fresh server: {monotonic() - start:.1f} s")


def test_a_deep_link_to_a_fresh_server_gets_the_frame(server, browser):
    page = browser.new_page()  # its console is not looked at: Streamlit says there that Home is at /
    page.goto(f"{server}/home")
    expect_home(page)
    page.close()
