"""Lists of numbers as people type them."""

from typing import Any


def comma_list(value: Any) -> Any:
    """Let a command line or a text field say 512,256; anything but text is passed on."""
    if not isinstance(value, str):
        return value
    listed = value.strip().removesuffix(",")
    return [part.strip() for part in listed.split(",")] if listed else []
