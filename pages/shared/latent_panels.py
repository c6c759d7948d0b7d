"""The latent map with what is seen on it: panels beside it, the classes and pictures to look for below."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import (
    address,
    landscape,
    latent_map,
    map_quality,
    outlines,
    places,
    second,
    selected,
    sliders,
    spots,
)
from pages.shared.analysis import answered
from pages.shared.landscape import View

if TYPE_CHECKING:
    from aecore.analysis.plane import Plane, Projection
    from aecore.analysis.space import Space, Which

LOOKS = {
    "place": "Place",
    "plane": "Plane",
    "units": "Sliders",
    "selection": "Selection",
    "quality": "Quality",
    "draw": "Draw",
    "other": "Other model",
}
"""The panels beside the map, by their names in the address."""


@st.fragment
def look(view: View, figure: go.Figure, sprite: bytes) -> None:
    """The map of a view and what is seen there: a click draws no more than this anew."""
    run, which, projection, device, model, space, plane = view
    dataset = run.experiment.data.dataset
    title, names = SOURCES[dataset].title, SOURCES[dataset].class_names
    panel = address.choose(
        "Look at",
        LOOKS,
        key="look",
        default="place",
        refusal="There is no such view: this is the last place clicked.",
        widget=st.segmented_control,
        label_visibility="collapsed",
    )
    left, right = st.columns([1.04, 1], gap="small")
    area = left.container()
    shown = address.all_but(
        "Classes",
        {str(label): name for label, name in enumerate(names)},
        key="without",
        widget=left.pills,
        label_visibility="collapsed",
        wrap=True,
    )
    hidden = [label for label in range(len(names)) if str(label) not in shown]
    a, b = (spots.read(key, space, plane, projection) for key in ("a", "b"))
    chosen = _chosen(run, device, hidden)
    drawing, other = None, None
    with right:
        if panel == "place":
            places.show(model, space, plane, names, b)
        elif panel == "plane":
            places.whole(run.id, which, projection, device, plane)
        elif panel == "units":
            sliders.show(model, space, b, run.id)
        elif panel == "selection":
            selected.show(model, space, plane, names, chosen, run)
        elif panel == "quality":
            settings = {"projection": projection, "pictures": which}
            answer = answered("map-quality", run.id, settings, device=device, title="Quality of the map")
            if answer is not None:
                map_quality.show(answer, run.experiment.model)
        elif panel == "draw":
            drawing = places.draw(model, space, plane, dataset, names)
        elif panel == "other" and (beside := second.choose(run)):
            other = second.view(beside, view)
        second_map, below = st.container(), st.container()
    with below:
        line = places.way(model, plane, a, b) if a and b and a.word != b.word else np.empty((0, 2))
    marks = {mark: spot for mark, spot in {"A": a, "B": b, "You": drawing}.items() if spot}

    def outlined(run_id: str, projection: "Projection", which: "Which", outline: np.ndarray) -> None:
        outlines.note(run_id, projection, which, outline)
        if panel != "other":
            address.write("look", "selection")

    with area:
        latent_map.drawn(
            figure,
            sprite,
            name="map",
            alt=f"The codes of {len(space.numbers):,} pictures of {title} as points of a plane",
            numbers=landscape.numbers(space),
            selected=chosen,
            hidden=hidden,
            line=line,
            marks=latent_map.marks(marks),
            answer=places.glimpse(model, space, drawing or b),
            on_click=lambda event: spots.clicked(event, projection),
            on_lasso=lambda outline: outlined(run.id, projection, which, outline),
        )
    if other is not None:
        with second_map:
            picked = {mark: spot.number for mark, spot in marks.items() if spot.number is not None}
            second.show(other, selected=chosen, hidden=hidden, picked=picked, on_lasso=outlined)
    _below(space, plane)


def _chosen(run: Run, device: str, hidden: Sequence[int]) -> np.ndarray | None:
    """The numbers of the selected pictures, but for those of hidden classes; None where none are selected."""
    found = outlines.read(run, device)
    return None if found is None else found[0][~np.isin(found[1], hidden)]


def _below(space: "Space", plane: "Plane") -> None:
    from aecore.analysis.plane import outside

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Find picture",
            0,
            int(space.numbers[-1]),
            None,
            key="find",
            width=160,
            placeholder="Number",
            on_change=_find,
        )
        known = any(key in st.query_params for key in ("a", "b", "c"))
        st.button("Forget all places", key="forget", on_click=spots.forget, disabled=not known)
        few = f"{len(space.numbers):,} of " if len(space.numbers) < space.total else ""
        count = outside(plane.points)
        far = f" {count:,} of them lie further out: *Whole map* shows them." if count else ""
        st.caption(
            f"{few}{space.total:,} pictures. Hold the mouse over a point, click a place, or draw a lasso."
            f"{far}"
        )


def _find() -> None:
    if (number := st.session_state["find"]) is not None:
        spots.go_to(f"p{number}")
