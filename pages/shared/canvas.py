"""A canvas for mouse, pen and finger; what is drawn stays while people go to other pages and models."""

from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from pages.shared import pictures

SIDE = 280
"""Pixels, each way: the `SIDE` of aecore.analysis.strokes, which is loaded with PyTorch."""

TOOLS = {"Brush": "#ffffff", "Eraser": "#000000"}
WIDTHS = (8, 60)
WIDTH = 24
"""Pixels of a stroke: about two of MNIST's, when the drawing fills the canvas."""


@dataclass(frozen=True)
class Sheet:
    """What is on a canvas."""

    begun: np.ndarray | None = None
    """What was on it before the first stroke; None for nothing."""

    start: np.ndarray | None = None
    """What the browser's canvas began with, when it was last put on a page."""

    now: np.ndarray | None = None
    number: int = 0
    """Counts the browser's canvases: another is begun for another picture."""

    entry: int = 0
    """When it was last drawn: leaving a page ends the browser's canvas."""


def choose_width(key: str, on_screen: int) -> int:
    """How wide the strokes on a canvas are, in its pixels; `on_screen` is the slider's own width."""
    chosen = st.slider("Stroke width", *WIDTHS, WIDTH, 4, key=f"{key}-width", format="%d px", width=on_screen)
    return min(max(int(chosen), WIDTHS[0]), WIDTHS[1])


def drawing(key: str, width: int) -> np.ndarray | None:
    """The canvas; what is drawn on it, uint8 (280, 280), white on black, or None for nothing.

    Strokes are `width` pixels wide. Each runs the fragment it is called in. `key` names the drawing, on
    whichever pages it is shown.
    """
    from streamlit_drawable_canvas import st_canvas

    entry, sheet = st.session_state.get("entries", 0), _sheet(key)
    if sheet.entry != entry:
        sheet = replace(sheet, start=sheet.now, number=sheet.number + 1, entry=entry)
    with st.container(key=f"{key}-canvas", width=SIDE, gap="small"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            tool = st.segmented_control(
                "Tool",
                list(TOOLS),
                default="Brush",
                required=True,
                key=f"{key}-tool",
                label_visibility="collapsed",
            )
            st.button("Clear", key=f"{key}-clear", icon=":material/delete:", on_click=begin, args=(key, None))
        try:
            canvas = st_canvas(
                stroke_width=width,
                stroke_color=TOOLS.get(str(tool), TOOLS["Brush"]),
                background_color="#000000",
                width=SIDE,
                height=SIDE,
                initial_drawing=_objects(sheet.start),
                return_image_data=True,
                key=f"{key}-{sheet.number}",
            )
            drawn = _decoded(canvas.image_bytes)
        except Exception:  # what a browser sends may be anything
            drawn = None
        _toolbar()(key=f"{key}-toolbar", data={"container": f"{key}-canvas", "number": sheet.number})
    if drawn is not None:
        sheet = replace(sheet, now=drawn if drawn.any() else None)
    st.session_state[_name(key)] = sheet
    return sheet.now


def begin(key: str, picture: np.ndarray | None) -> None:
    """Put a picture, uint8 (280, 280), on the canvas in place of what is there, or None for nothing."""
    sheet = _sheet(key)
    st.session_state[_name(key)] = replace(
        sheet, begun=picture, start=picture, now=picture, number=sheet.number + 1
    )


def untouched(key: str) -> bool:
    """Whether the canvas shows just what it was begun with."""
    sheet = _sheet(key)
    if sheet.now is None or sheet.begun is None:
        return sheet.now is sheet.begun
    return np.array_equal(sheet.now, sheet.begun)


def is_new(key: str) -> bool:
    """Whether nothing was ever drawn or put on the canvas, nor cleared from it, in this session."""
    return _name(key) not in st.session_state


def begun_with_a_picture(key: str) -> bool:
    """Whether there was something on the canvas before the first stroke."""
    return _sheet(key).begun is not None


def _sheet(key: str) -> Sheet:
    return st.session_state.get(_name(key), Sheet())


def _name(key: str) -> str:
    return f"{key}-sheet"


def _decoded(png: bytes | None) -> np.ndarray | None:
    """The canvas as uint8 (280, 280); None where there is none. Raises for anything but such a picture."""
    if png is None:
        return None
    with Image.open(BytesIO(png), formats=["PNG"]) as image:
        if image.size != (SIDE, SIDE):  # known before any pixel is decoded
            raise ValueError(f"a canvas of {image.size}")
        return np.asarray(image.convert("L"))


def _objects(picture: np.ndarray | None) -> dict[str, Any] | None:
    """A picture as the canvas's first object, so that it is sent back with the strokes, and can be erased."""
    if picture is None:
        return None
    image = {
        "type": "Image",
        "left": 0,
        "top": 0,
        "originX": "left",
        "originY": "top",
        "width": SIDE,
        "height": SIDE,
        "src": pictures.address(pictures.png(Image.fromarray(picture))),
        "selectable": False,
        "evented": False,
    }
    return {"objects": [image]}


@cache
def _toolbar() -> Any:
    """Brings the canvas's undo and redo to where a finger finds them."""
    script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return st.components.v2.component("canvas_toolbar", js=script)
