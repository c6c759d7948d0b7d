"""A code moved number by number, and the picture that follows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared import live_sliders, pictures
from pages.shared.live_sliders import Slider
from pages.shared.spots import Spot

if TYPE_CHECKING:
    from aecore.analysis.space import Space
    from aecore.models.base import Autoencoder

LARGE = 112
SLIDERS = 12
"""At once: more are a choice away."""


def show(model: "Autoencoder", space: "Space", spot: Spot | None, run_id: str) -> None:
    """Every number of a code to be moved by hand, the most varied first; the picture follows."""
    from aecore.analysis.codes import pictures_of

    start = space.codes.mean(0) if spot is None else spot.code
    order = np.argsort(-space.codes.std(0), stable=True)
    place = f"{run_id} {'mean' if spot is None else spot.word}"
    of, moved = st.session_state.get("moved", ("", {}))
    if of != place:  # what was moved there says nothing of the units here
        moved: dict[int, float] = {}
        st.session_state["moved"] = place, moved

    @st.fragment
    def move() -> None:
        beside = st.container(horizontal=True, gap="xsmall")
        groups = st.container(horizontal=True, vertical_alignment="bottom")
        count = len(order)
        first = 0
        if count > SLIDERS:
            first = groups.selectbox(
                "Units",
                list(range(0, count, SLIDERS)),
                format_func=lambda start: (
                    f"{start + 1} to {min(start + SLIDERS, count)} of {count:,}, by how much they vary"
                ),
                key="slider-group",
            )
        code = start.copy()
        code[list(moved)] = list(moved.values())
        before, after = pictures_of(model, np.stack([start, code]))
        where = (
            "The mean code"
            if spot is None
            else "The last place clicked"
            if spot.number is None
            else f"Picture {spot.number}"
        )
        with beside:
            _picture(pictures.picture(before, LARGE), where, f"{where}, decoded")
            _picture(pictures.picture(after, LARGE), "Moved", "The code as it was moved, decoded")
            _picture(pictures.code(code, LARGE), "Its code", "The numbers of the code as bars")
        groups.button(
            "Reset", key="reset", icon=":material/restart_alt:", on_click=moved.clear, disabled=not moved
        )

        def note(values: Mapping[str, float]) -> None:
            moved.update({int(unit): value for unit, value in values.items()})

        live_sliders.drawn(
            [_slider(space, unit, start, code) for unit in order[first : first + SLIDERS].tolist()],
            key="units",
            on_move=note,
        )

    move()


def _picture(png: bytes, caption: str, alt: str) -> None:
    st.image(pictures.address(png), caption=caption, alt=alt)


def _slider(space: "Space", unit: int, start: np.ndarray, code: np.ndarray) -> Slider:
    """From the smallest to the largest number of all codes."""
    values = space.codes[:, unit]
    low, high = min(float(values.min()), float(start[unit])), max(float(values.max()), float(start[unit]))
    if high - low < 1e-6:
        low, high = low - 1, high + 1
    return Slider(str(unit), f"Unit {unit}", low, high, float(code[unit]))
