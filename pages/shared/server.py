"""What a server has once, from its first page to its end."""

import sys
from collections.abc import Callable
from threading import Lock
from types import ModuleType
from typing import Any, TypeVar

NAME = "autoencoder_lab_server"

Thing = TypeVar("Thing")


class Place(ModuleType):
    """A module that is no file: any browser can empty Streamlit's caches, a saved file drops its modules."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self.lock = Lock()
        self.things: dict[str, Any] = {}


def place() -> Any:
    """The server's one `Place`, which after a hot reload is of the class as it was before."""
    return sys.modules.setdefault(NAME, Place())


def kept(name: str, make: Callable[[], Thing]) -> Thing:
    """The server's one thing of this name, made by whoever asks first."""
    with place().lock:
        if name not in place().things:
            place().things[name] = make()
        return place().things[name]
