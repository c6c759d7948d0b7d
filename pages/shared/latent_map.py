"""A map of points on screen: what is drawn on it, and what the mouse does there."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from pages.shared.spots import Spot

FOLDER = Path(__file__).parent
CONFIG = {"displayModeBar": False, "scrollZoom": True}
Marks = Mapping[str, Sequence[float] | Sequence[str]]


def drawn(
    figure: go.Figure,
    sprite: bytes,
    *,
    name: str,
    alt: str,
    numbers: np.ndarray | None,
    selected: np.ndarray | None,
    hidden: Sequence[int],
    line: np.ndarray,
    marks: Marks,
    answer: Sequence[tuple[str, str]] = (),
    always: bool = False,
    on_click: Callable[[Mapping[str, Any]], None],
    on_lasso: Callable[[np.ndarray], None],
) -> None:
    """Draw a map from `scatter.figure` and listen to it; `name` is its own on the page, of letters.

    `numbers` are the pictures in the sprite, where they are not simply the first ones. Of the `selected`
    pictures' points the others are made pale; classes that are `hidden` are not there. `line` (P, 2) and
    `marks` (x, y, text) are drawn over them. The pictures of an `answer`, each with what it is and an address
    that holds it, are above the map: on a phone, where all else is below it, or `always`. `on_click` hears of
    a click {x, y, number}, number None on an empty place; `on_lasso` of the corners (V, 2) of an outline,
    none where it is taken away.
    """
    told = {
        "map": name,
        "numbers": None if numbers is None else numbers.tolist(),
        "selected": None if selected is None else selected.tolist(),
        "hidden": list(hidden),
        "line": {"x": line[:, 0].tolist(), "y": line[:, 1].tolist()},
        "marks": dict(marks),
        "answer": [{"what": what, "source": source} for what, source in answer],
        "always": always,
    }
    key = f"{name}-listener"
    listener = _listener()
    listener(
        data=told,
        key=key,
        on_click_change=lambda: _clicked(st.session_state[key].click, on_click),
        on_lasso_change=lambda: _outlined(st.session_state[key].lasso, on_lasso),
    )
    with st.container(key=name):
        st.plotly_chart(figure, key=f"{name}-figure", config=CONFIG, alt=alt)
    listener(data=sprite, key=f"{name}-sprite")


def marks(spots: Mapping[str, Spot]) -> Marks:
    """Places to mark, by the letters that they get."""
    return {
        "x": [float(spot.point[0]) for spot in spots.values()],
        "y": [float(spot.point[1]) for spot in spots.values()],
        "text": list(spots),
    }


@cache
def _listener() -> Callable[..., Any]:
    html, css, js = (
        (FOLDER / f"latent_map.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    return st.components.v2.component("latent_map", html=html, css=css, js=js)


def _clicked(event: Any, on_click: Callable[[Mapping[str, Any]], None]) -> None:
    """What a browser says may be anything."""
    if isinstance(event, Mapping) and {"x", "y", "number"} <= event.keys():
        x, y, number = _number(event["x"]), _number(event["y"]), event["number"]
        if x is not None and y is not None and (number is None or type(number) is int):
            on_click({"x": x, "y": y, "number": number})


def _outlined(event: Any, on_lasso: Callable[[np.ndarray], None]) -> None:
    if isinstance(event, Mapping) and all(isinstance(event.get(axis), list) for axis in ("x", "y")):
        corners = [(_number(x), _number(y)) for x, y in zip(event["x"], event["y"], strict=False)]
        if len(corners) <= 1_000 and not any(None in corner for corner in corners):
            on_lasso(np.array(corners, dtype=np.float64).reshape(-1, 2))


def _number(value: Any) -> float | None:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if plain and abs(value) < 1e9 else None
