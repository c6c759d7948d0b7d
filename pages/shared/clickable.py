"""A picture on screen that can be clicked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared import pictures

SCRIPT = Path(__file__).with_suffix(".js")


def picture(png: bytes, *, key: str, alt: str, on_click: Callable[[float, float], None]) -> None:
    """Show a PNG; `on_click` hears where it was clicked, x and y in its own pixels from the top left."""
    listener = st.components.v2.component("clickable", js=SCRIPT.read_text(encoding="utf-8"))
    with st.container(key=f"{key}-picture"):
        listener(
            data={"source": pictures.address(png), "alt": alt},
            key=key,
            on_at_change=lambda: _clicked(st.session_state[key].at, on_click),
        )


def _clicked(place: Any, on_click: Callable[[float, float], None]) -> None:
    """What a browser says may be anything."""
    if not isinstance(place, Mapping):
        return
    x, y = place.get("x"), place.get("y")
    if all(type(value) in (int, float) and 0 <= value < 1e5 for value in (x, y)):
        on_click(float(x), float(y))
