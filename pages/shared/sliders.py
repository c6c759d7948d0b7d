"""A code moved number by number, and the picture that follows."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared import pictures
from pages.shared.spots import Spot

if TYPE_CHECKING:
    from aecore.analysis.space import Space
    from aecore.models.base import Autoencoder

LARGE = 112
SLIDERS = 12
"""At once: more are a choice away."""


def show(model: "Autoencoder", space: "Space", spot: Spot | None) -> None:
    """Every number of a code to be moved by hand, the most varied first; the picture follows."""
    from aecore.analysis.codes import pictures_of

    start = space.codes.mean(0) if spot is None else spot.code
    order = np.argsort(-space.codes.std(0), stable=True)
    word = "mean" if spot is None else spot.word
    moved: dict[int, float] = st.session_state.setdefault("moved", {}).setdefault(word, {})

    @st.fragment
    def move() -> None:
        left, right = st.container(horizontal=True), st.container()
        count = len(order)
        first = 0
        if count > SLIDERS:
            groups = list(range(0, count, SLIDERS))
            first = right.selectbox(
                "Units",
                groups,
                format_func=lambda start: (
                    f"{start + 1} to {min(start + SLIDERS, count)} of {count:,}, by how much they vary"
                ),
                key="slider-group",
            )
        code = start.copy()
        with right.container(horizontal=True):
            for unit in order[first : first + SLIDERS].tolist():
                _slider(space, unit, float(start[unit]), word, moved)
        code[list(moved)] = list(moved.values())
        before, after = pictures_of(model, np.stack([start, code]))
        where = (
            "The mean code"
            if spot is None
            else "The last place clicked"
            if spot.number is None
            else f"Picture {spot.number}"
        )
        left.image(pictures.picture(before, LARGE), caption=where, alt=f"{where}, decoded")
        left.image(pictures.picture(after, LARGE), caption="Moved", alt="The code as it was moved, decoded")
        left.image(pictures.code(code, LARGE), caption="Its code", alt="The numbers of the code as bars")
        left.button(
            "Reset",
            key="reset",
            icon=":material/restart_alt:",
            on_click=_reset,
            args=(word, moved),
            disabled=not moved,
        )

    move()


def _slider(space: "Space", unit: int, start: float, word: str, moved: dict[int, float]) -> None:
    values = space.codes[:, unit]
    low, high = min(float(values.min()), start), max(float(values.max()), start)
    if high - low < 1e-6:
        low, high = low - 1, high + 1
    key = f"unit-{unit}-{word}"
    st.session_state[key] = moved.get(unit, start)

    def note() -> None:
        moved[unit] = st.session_state[key]

    st.slider(
        f"Unit {unit}", low, high, step=(high - low) / 100, key=key, on_change=note, width=150, format="%.2f"
    )


def _reset(word: str, moved: dict[int, float]) -> None:
    moved.clear()
    st.session_state["moved"].pop(word, None)
