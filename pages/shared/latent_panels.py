"""The latent map with what is seen on it: panels beside it, the classes and pictures to look for below."""

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from aecore.data import SOURCES
from pages.shared import address, landscape, latent_map, map_quality, places, second, selected, sliders, spots
from pages.shared.analysis import answered
from pages.shared.landscape import View

if TYPE_CHECKING:
    from aecore.analysis.plane import Plane
    from aecore.analysis.space import Space

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
    a, b = (spots.read(key, space, plane, projection) for key in ("a", "b"))
    chosen = selected.read(dataset)
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
        elif panel == "other":
            other = second.choose(run)
        beside = st.container()
    line = places.way(model, plane, a, b) if a and b and a.word != b.word else np.empty((0, 2))
    with left:
        area = st.container()
        shown = address.all_but(
            "Classes",
            {str(label): name for label, name in enumerate(names)},
            key="without",
            label_visibility="collapsed",
        )
        hidden = [label for label in range(len(names)) if str(label) not in shown]
        marks = [(spot, word) for spot, word in ((a, "A"), (b, "B"), (drawing, "You")) if spot]

        def outlined(space: "Space", plane: "Plane", outline: np.ndarray) -> None:
            selected.outlined(dataset, space, plane, [int(label) for label in shown], outline)
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
                marks={
                    "x": [float(spot.point[0]) for spot, _ in marks],
                    "y": [float(spot.point[1]) for spot, _ in marks],
                    "text": [word for _, word in marks],
                },
                on_click=lambda event: spots.clicked(event, projection),
                on_lasso=lambda outline: outlined(space, plane, outline),
            )
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
            st.button("Forget A and B", key="forget", on_click=spots.forget, disabled=not (a or b))
            few = f"{len(space.numbers):,} of " if len(space.numbers) < space.total else ""
            st.caption(
                f"{few}{space.total:,} pictures. Hold the mouse over a point, click a place, or draw a lasso."
            )
    if other is not None:
        with beside:
            second.show(
                other,
                which,
                projection,
                device,
                selected=chosen,
                hidden=hidden,
                picked={word: spot.number for spot, word in marks if spot.number is not None},
                on_lasso=outlined,
            )


def _find() -> None:
    if (number := st.session_state["find"]) is not None:
        spots.go_to(f"p{number}")
