"""What stands in a program's way, put there for a while: no room, no permission, no end."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65_534


@contextmanager
def no_room(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="only Unix can be told how large a file may be")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # else the first such write would end the process
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing in `folder` may be written; root, whom no permission binds, is somebody else meanwhile.

    Others must be able to reach `folder`, which pytest's tmp_path does not let them.
    """
    if os.name != "posix":
        pytest.skip("needs the permissions of Unix")
    is_root = os.geteuid() == 0
    if is_root and not hasattr(os, "setresuid"):
        pytest.skip("no permission binds root, and here root cannot be somebody else for a while")
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        if is_root:
            os.setresuid(NOBODY, NOBODY, 0)
        yield
    finally:
        if is_root:
            os.setresuid(0, 0, 0)
        for path, mode in modes.items():
            path.chmod(mode)


@contextmanager
def ends_within(seconds: int) -> Iterator[None]:
    """The test fails rather than waits for ever, where the system has such an alarm."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail(f"not over after {seconds} s"))
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
