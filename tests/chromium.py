"""The Chromium of the browser tests: find one, or get one with `python tests/chromium.py`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_PATHS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find() -> str | None:
    """The path of an installed Chromium or Chrome, else of Playwright's own, else None."""
    installed = [*map(shutil.which, NAMES), *MAC_PATHS]
    with sync_playwright() as playwright:
        candidates = [*installed, playwright.chromium.executable_path]
    return next((path for path in candidates if path and Path(path).exists()), None)


def install():
    """Ask the system's package manager where we may, else Playwright; a failure is not an error."""
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        quietly("apt-get", "update")
        quietly("apt-get", "install", "--yes", "--no-install-recommends", "chromium")
    if not find():
        quietly(sys.executable, "-m", "playwright", "install", "--no-shell", "chromium")


def quietly(*command: str):
    """Run a command; print what it said only if it failed."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"{' '.join(command)} failed:\n{done.stderr[-500:]}")


if __name__ == "__main__":
    if not find():
        print("No Chromium or Chrome is installed: getting one for the browser tests.")
        install()
    print(f"Browser tests use {find() or 'nothing: no Chromium could be had, they will be skipped'}.")
