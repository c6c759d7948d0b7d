"""The card of one unit: what it stands for, when it is active, and for what."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import dictionary, pictures, state, units

if TYPE_CHECKING:
    from aecore.analysis.activity import Activity
    from aecore.analysis.dictionary import Dictionary

WIDTH, SIDE = 272, 128  # screen pixels of the card, and of a large picture
EXAMPLES, BINS, ALIKE = 8, 24, 8
PER_BLOCK = 4  # pictures beside each other on a phone
BLUE, ORANGE = pictures.TOO_DARK, pictures.TOO_BRIGHT


def facts(run: Run, found: "Dictionary", told: "Activity", unit: int, device: str) -> None:
    """The unit's picture, large, and what it does in figures."""
    with st.container(horizontal=True):
        st.image(
            pictures.address(pictures.picture(_tile(found.atoms[unit]), SIDE)),
            width=SIDE,
            caption="What it paints",
            alt=f"What unit {unit} adds to a picture",
        )
        if (seen := _filter(run, unit, device)) is not None:
            st.image(
                pictures.address(pictures.picture(_tile(seen), SIDE)),
                width=SIDE,
                caption="What it looks for",
                alt=f"The encoder's weights to unit {unit}",
            )
    model = run.experiment.model
    if shape := getattr(model, "code_shape", None):
        st.caption(_place(unit, shape, model.image_shape))
    if told.dead[unit]:
        st.markdown(":material/block: **Dead**: it gives every picture the same number.")
        return
    names = SOURCES[run.experiment.data.dataset].class_names
    always = ", **always on**" if told.always[unit] else ""
    st.markdown(
        f"Active for **{told.density[unit]:.1%}** of the pictures{always}. Typical activation "
        f"**{found.typical[unit]:.3g}**, norm of its picture {found.norms[unit]:.3g}."
    )
    st.markdown(
        f"Most active for **{names[told.favourite[unit]]}**: class selectivity "
        f"{told.selectivity[unit]:.2f}, where 1 is for that class alone."
    )


def _place(unit: int, maps: Sequence[int], image: Sequence[int]) -> str:
    """Where it is in the last maps or, in a code that carries the picture along, in that."""
    first = math.prod(maps)
    what, place = ("map", unit) if unit < first else ("the picture's own channel", unit - first)
    number, row, column = np.unravel_index(place, tuple(maps if unit < first else image))
    return f"Of {what} {number}, row {row}, column {column}."


def profile(run: Run, found: "Dictionary", told: "Activity", unit: int) -> None:
    """How strong its activations are, and for which classes."""
    names = SOURCES[run.experiment.data.dataset].class_names
    values = found.codes[:, unit]
    active = values[values != 0]
    if not len(active):  # `examples` has said that it is active for no picture
        return
    left, right = st.columns(2)
    with left:
        counts, edges = np.histogram(active, BINS)
        st.echarts_chart(
            _bars([f"{edge:.2g}" for edge in edges[:-1]], counts, "Activation", "Pictures", BLUE),
            key="histogram",
            height=220,
            alt=f"How many pictures give unit {unit} which activation, zeros left out",
        )
    with right:
        st.echarts_chart(
            _bars(list(names), np.nan_to_num(told.profile[unit]), "Class", "Mean activation", ORANGE),
            key="profile",
            height=220,
            alt=f"Mean activation of unit {unit} for each class",
        )
    zeros = len(values) - len(active)
    st.caption(
        f"Left: {len(active):,} activations other than zero; the {zeros:,} zeros are left out. Right: the "
        "mean over all pictures of a class, signs apart. Look for a class that stands out, or a second hump."
    )


def examples(run: Run, found: "Dictionary", unit: int, device: str) -> None:
    """Pictures for which it is active: the strongest, and those about its quartiles."""
    from aecore.analysis.activity import around

    values = found.codes[:, unit]
    count = min(EXAMPLES, np.count_nonzero(values))
    if not count:
        st.caption("It is active for no picture, so there is no example of what it finds.")
        return
    quantiles = {"Strongest": 1.0, "Upper quarter": 0.75, "Middle": 0.5, "Lower quarter": 0.25}
    if np.count_nonzero(values) < 4 * EXAMPLES:
        quantiles = {"Strongest": 1.0}
    inputs = state.versions(run.id, run.experiment.data.dataset, "test", device)
    rows = []
    for name, quantile in quantiles.items():
        chosen = around(values, quantile, count)
        images = inputs.at(found.indices[chosen]).inputs.cpu().numpy()
        rows.append(pictures.Row(name, pictures.rgb(images), [f"{value:.2g}" for value in values[chosen]]))
    _blocks(rows, f"Test pictures for which unit {unit} is active, strongest first")
    st.caption("Below each picture the unit's activation. Look for what the upper rows share.")


def alike(found: "Dictionary", unit: int, scale: str) -> None:
    """The units whose pictures are most like this one's."""
    from aecore.analysis.similarity import alike, cosines

    others = alike(found.atoms, unit, ALIKE)
    if not len(others):
        return
    near = cosines(found.atoms, unit)[others]
    row = pictures.Row("Most alike", units.tiles(found, others, scale), [f"{value:.2f}" for value in near])
    names = [str(other) for other in others]
    _blocks([row], f"The units most alike to unit {unit}: {', '.join(names)}", names)
    st.caption("Above each its number, below it the cosine of the two pictures: −1 is the negative.")


def _blocks(rows: Sequence[pictures.Row], alt: str, headings: Sequence[str] = ()) -> None:
    """Pictures in pieces that lie side by side on a laptop, and one below the other on a phone."""
    pieces = pictures.blocks(rows, size=PER_BLOCK, headings=headings)
    with st.container(horizontal=True, gap="small"):
        for number, png in enumerate(pieces, 1):
            st.image(
                pictures.address(png), width=pictures.width(png), alt=f"{alt}, part {number} of {len(pieces)}"
            )


def _tile(found: np.ndarray) -> np.ndarray:
    """A picture (C, H, W) around 0 as one to show (3, H, W)."""
    return units.own_scale(found[None])[0].transpose(2, 0, 1)


def _filter(run: Run, unit: int, device: str) -> np.ndarray | None:
    """The encoder's own picture of a unit, where it has one that is not the decoder's."""
    from aecore.analysis.features import filter_of_each_unit, filters

    model = state.model(run.id, device)
    found = filters(model) if filter_of_each_unit(model) else None
    return None if found is None or dictionary.same_as_units(run, found, device) else found[unit]


def _bars(names: list[str], values: np.ndarray, across: str, up: str, colour: str) -> dict[str, Any]:
    """ECharts options for bars: always of one structure, so that it changes in place."""
    return {
        "animation": False,
        "grid": {"left": 8, "right": 8, "top": 30, "bottom": 26, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "xAxis": {
            "type": "category",
            "data": names,
            "name": across,
            "nameLocation": "middle",
            "nameGap": 26,
        },
        "yAxis": {"type": "value", "name": up, "nameTextStyle": {"align": "left"}},
        "series": [{"type": "bar", "data": values.tolist(), "itemStyle": {"color": colour}}],
    }
