"""What the model makes of a place on its map: the picture there, its neighbours, the way between two."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared import landscape, pictures
from pages.shared.spots import Spot
from pages.shared.wording import error

if TYPE_CHECKING:
    from aecore.analysis.plane import Plane
    from aecore.analysis.space import Space
    from aecore.models.base import Autoencoder

LARGE = 112
NEIGHBOURS = 5
STEPS = 12
SLIDERS = 12


def show(
    model: "Autoencoder", space: "Space", plane: "Plane", names: Sequence[str], spot: Spot | None
) -> None:
    """The picture that the decoder makes at a place, and which pictures are nearest to it."""
    if spot is None:
        st.info(
            "Click a point, or an empty place: the decoder draws what belongs there. "
            "Click a second one to see the way between them.",
            icon=":material/ads_click:",
        )
        return
    from aecore.analysis.codes import pictures_of
    from aecore.analysis.selection import nearest

    drawn = pictures_of(model, spot.code[None])
    by_code, _ = nearest(space.codes, spot.code, NEIGHBOURS + 1)
    with st.container(horizontal=True):
        if spot.number is None:
            about = f"the place {_coordinates(spot)}"
            st.image(
                pictures.picture(drawn[0], LARGE), caption="Decoded", alt=f"What the decoder draws at {about}"
            )
            st.caption(
                f"At {_coordinates(spot)} there is no picture: this is what the decoder makes of "
                + (
                    "the code there."
                    if plane.exact
                    else "the mixed codes of the five nearest points, approximately."
                )
            )
            by_pixels, _ = nearest(space.inputs, drawn[0], NEIGHBOURS)
            by_code = by_code[:NEIGHBOURS]
        else:
            at = space.position(spot.number)
            assert at is not None
            name = names[space.labels[at]]
            st.image(
                pictures.picture(space.inputs[at], LARGE),
                caption="It sees",
                alt=f"Picture {spot.number}, {name}",
            )
            st.image(
                pictures.picture(drawn[0], LARGE), caption="Redrawn", alt="The same, redrawn from its code"
            )
            st.caption(f"Picture {spot.number}, class {name}. Error {error(float(space.errors[at]))}.")
            by_pixels, _ = nearest(space.inputs, space.inputs[at], NEIGHBOURS + 1)
            by_code, by_pixels = by_code[by_code != at][:NEIGHBOURS], by_pixels[by_pixels != at][:NEIGHBOURS]
    rows = [
        pictures.Row(label, pictures.rgb(space.inputs[near]), [f"{names[space.labels[i]]}" for i in near])
        for label, near in (("By code", by_code), ("By pixels", by_pixels))
    ]
    st.image(
        pictures.grid(rows, per_line=NEIGHBOURS),
        alt="The pictures nearest to it in code space, and under them the nearest in pixel space",
    )
    st.caption("Nearest pictures, by code and by pixels. Look for neighbours of another class.")


def way(model: "Autoencoder", plane: "Plane", a: Spot, b: Spot) -> np.ndarray:
    """Draw the pictures between two places; the points (P, 2) of the way are returned."""
    from aecore.analysis.codes import pictures_of
    from aecore.analysis.plane import path

    codes = path(a.code, b.code, STEPS)
    texts = ["A", *[""] * (STEPS - 2), "B"]
    strip = pictures.grid(
        [pictures.Row("A to B", pictures.rgb(pictures_of(model, codes)), texts)], per_line=STEPS
    )
    st.image(strip, alt="What the decoder draws on the straight way from one code to the other")
    st.caption("Look for pictures on the way that are nothing in particular: there the map has a gap.")
    return plane.place(codes)


def whole(run_id: str, which: str, projection: str, device: str, plane: "Plane") -> None:
    """What the decoder draws everywhere, as the map lies."""
    st.image(
        landscape.decoded(run_id, which, projection, device),
        alt="What the decoder draws at places all over the map, in the same order",
    )
    how = "" if plane.exact else " Between points it is approximate: codes of the five nearest, mixed."
    st.caption(f"The decoder's pictures all over the rectangle of the points, as the map lies.{how}")


def _coordinates(spot: Spot) -> str:
    return f"({spot.point[0]:.3g}, {spot.point[1]:.3g})"


def sliders(model: "Autoencoder", space: "Space", spot: Spot | None) -> None:
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
