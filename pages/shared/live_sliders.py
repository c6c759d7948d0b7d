"""Sliders that say where they are while they are dragged, not only when they are let go."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

FOLDER = Path(__file__).parent
STEPS = 200
"""From one end of a slider to the other: an arrow key moves it by one."""


class Slider(NamedTuple):
    """One of several sliders."""

    name: str
    """Its own among them."""

    label: str
    low: float
    high: float
    value: float


def drawn(
    sliders: Sequence[Slider], *, key: str, on_move: Callable[[Mapping[str, float]], None], wide: bool = False
) -> None:
    """Draw sliders, as many beside each other as there is room for, or `wide` ones, one below the other.

    `on_move` hears the new values, by name, of those that were moved; then the fragment runs. The browser
    says the next ones when it has this run's sliders, so draw what depends on them first.
    """
    told = {
        "heard": st.session_state.get(_heard(key)),
        "steps": STEPS,
        "wide": wide,
        "sliders": [slider._asdict() for slider in sliders],
    }
    _component()(
        data=told, key=key, on_moved_change=lambda: _moved(st.session_state[key].moved, sliders, key, on_move)
    )


@cache
def _component() -> Callable[..., Any]:
    css, js = ((FOLDER / f"live_sliders.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    html = '<div class="sliders"></div>'
    return st.components.v2.component("live_sliders", html=html, css=css, js=js)


def _heard(key: str) -> str:
    return f"{key}-heard"


def _moved(
    event: Any, sliders: Sequence[Slider], key: str, on_move: Callable[[Mapping[str, float]], None]
) -> None:
    """What a browser says may be anything: a value beyond its slider's ends is taken back to them."""
    if not isinstance(event, Mapping) or not isinstance(event.get("values"), Mapping):
        return
    if type(number := event.get("number")) is int and 0 <= number < 2**53:
        st.session_state[_heard(key)] = number
    values = event["values"]
    moved = {
        slider.name: float(min(max(values[slider.name], slider.low), slider.high))
        for slider in sliders
        if type(values.get(slider.name)) in (int, float) and abs(values[slider.name]) < math.inf
    }
    if moved:
        on_move(moved)
