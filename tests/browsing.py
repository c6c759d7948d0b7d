"""The app as people meet it: a fresh server and a real Chromium. Fixtures and words for the browser tests."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import chromium
import psutil
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    FloatRect,
    Locator,
    Page,
    expect,
    sync_playwright,
)

REPOSITORY = Path(__file__).resolve().parents[1]
FLAGS = [
    "--no-sandbox",  # as root it starts only without; it sees nothing but our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",  # nothing but the page under test is asked for
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",  # WebGL without a graphics card
    "--use-gl=angle",
    "--use-angle=swiftshader",
]
PATIENCE = 60_000
"""Milliseconds until a page counts as broken: torch is imported twice on two cores that others use, too."""

DEEP = re.compile(r"^/[a-z]+/_stcore/(health|host-config)$")

expect.set_options(timeout=PATIENCE)


class Server:
    """A Streamlit server of the app in a process of its own."""

    def __init__(self, home: Path, log: Path, *options: str, app: Path = REPOSITORY / "app.py") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.home = home
        self._log = log
        settings = {
            "server.headless": "true",
            "server.address": "127.0.0.1",
            "server.port": str(port),
            "server.fileWatcherType": "none",
        } | dict(option.split("=") for option in options)
        command = [sys.executable, "-m", "streamlit", "run", str(app)]
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [*command, *(part for name, value in settings.items() for part in (f"--{name}", value))],
                cwd=app.parent,
                env={**os.environ, "AECORE_HOME": str(home), "PYTHONFAULTHANDLER": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_healthy()

    def _wait_until_healthy(self) -> None:
        give_up = monotonic() + 60
        while monotonic() < give_up:
            try:
                urlopen(f"{self.address}/_stcore/health", timeout=1).close()
                return
            except (URLError, TimeoutError):  # refused at once: the server needs both cores more than we do
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(timeout=0.1)
                    break  # it has ended
        pytest.fail(f"the server did not start:\n{self.log}")

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def complaints(self) -> list[str]:
        """Tracebacks and deprecations in the log, but for those of a socket that a closing tab has left."""
        tracebacks = re.split(r"(?=Traceback \(most recent call last\))", self.log)[1:]
        deprecations = re.findall(r".*deprecat.*", self.log, re.IGNORECASE)
        return [text for text in tracebacks if "starlette_websocket.py" not in text] + deprecations

    def family(self) -> list[psutil.Process]:
        """The server, the engine and everything they have started."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def workers(self) -> list[psutil.Process]:
        """The processes that train: the engine's children that have imported torch."""
        return [
            process
            for process in self.family()
            if process.is_running() and "spawn_main" in " ".join(process.cmdline())
        ]

    def end(self, how: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(timeout=120)  # PyTorch cannot be cut off while it loads
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # writes into the log what each thread does
            self.process.wait()
            pytest.fail(f"the server did not end:\n{self.log}")


@contextmanager
def serving(home: Path, log: Path, *options: str, app: Path = REPOSITORY / "app.py") -> Iterator[Server]:
    """A server, ended with the block; the test fails on a traceback or a deprecation in its log."""
    server = Server(home, log, *options, app=app)
    try:
        yield server
    finally:
        server.end()
    if server.complaints:
        pytest.fail("\n".join(server.complaints))


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


@contextmanager
def person(browser: Browser, **device: Any) -> Iterator[BrowserContext]:
    """One person's browser; the test fails on an error in a console, or a request to any other machine.

    Close it, or leave the page, before its server ends: a page misses its server loudly.
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | device)
    context.set_default_timeout(PATIENCE)
    errors, strangers = [], []
    context.on("weberror", lambda failed: is_left_early(failed.error) or errors.append(str(failed.error)))
    context.on("console", lambda message: is_fault(message) and errors.append(message.text))
    context.on("request", lambda request: is_local(request.url) or strangers.append(request.url))
    try:
        yield context
    finally:
        context.close()
    assert not errors, errors  # not rewritten by pytest, which would show them
    assert not strangers, strangers


def is_left_early(error: Error) -> bool:
    """Whether a page was left before its canvas had loaded its picture.

    The canvas (streamlit-drawable-canvas 0.13) goes on with it though it is gone, and complains.
    """
    return "reading 'clearRect'" in str(error) and "streamlit_drawable_canvas" in (error.stack or "")


def is_fault(message: ConsoleMessage) -> bool:
    """Whether a console says that something is wrong.

    Streamlit asks for its own addresses below a deep link, too, before it finds them at the root.
    """
    missing = "404" in message.text and DEEP.search(urlsplit(message.location["url"]).path)
    return message.type == "error" and not missing


@pytest.fixture
def context(browser) -> Iterator[BrowserContext]:
    with person(browser) as context:
        yield context


@pytest.fixture
def page(context) -> Page:
    return context.new_page()


@pytest.fixture
def phone(browser) -> Iterator[Page]:
    """A page on another device, which fingers touch."""
    with person(
        browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    ) as somebody_else:
        yield somebody_else.new_page()


@pytest.fixture
def cold_server(own_home, tmp_path) -> Iterator[Server]:
    """One that nobody has opened a page of, in the test's own home."""
    with serving(own_home, tmp_path / "server.log") as server:
        yield server


@pytest.fixture(scope="module")
def module_server(tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "aecore-home", folder / "server.log") as server:
        yield server


@pytest.fixture
def server(module_server, own_home, monkeypatch) -> Server:  # noqa: ARG001, which comes first
    """One that a module's tests share: PyTorch is loaded once. Its home takes the place of the test's own."""
    monkeypatch.setenv("AECORE_HOME", str(module_server.home))
    return module_server


def is_local(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", None)  # None: data: and blob:


def finished(page: Page) -> None:
    """Wait until the page's script has run to its end; no exception is on screen."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def eventually(condition: Callable[[], object], seconds: float = 60) -> object:
    """The first true answer of `condition`, asked again and again; fails when the time is over."""
    give_up = monotonic() + seconds
    while not (answer := condition()):
        if monotonic() > give_up:
            pytest.fail(f"still not so after {seconds} s: {condition}")
        Event().wait(0.05)
    return answer


def unscaled(image: Locator) -> bool:
    """Whether a picture, once the browser has it, is as wide on screen as its file is."""
    eventually(lambda: image.evaluate("image => image.complete && image.naturalWidth > 0"))
    shown, drawn = image.evaluate("image => [image.clientWidth, image.naturalWidth]")
    return shown == drawn


def box_at_rest(element: Locator) -> FloatRect:
    """Where an element is, once two looks find it in one place: a page may still move what is there."""
    seen: list[FloatRect | None] = [None]

    def rests() -> bool:
        seen.append(element.bounding_box())
        return seen[-1] is not None and seen[-1] == seen[-2]

    eventually(rests)
    assert seen[-1]
    return seen[-1]
