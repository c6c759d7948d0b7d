"""A second run's map beside the first: the same pictures, and one selection for both."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import runs
from aecore.data import SOURCES
from aecore.errors import LabError
from aecore.runs import Run
from pages.shared import address, landscape, latent_map, places, readiness, spots, state
from pages.shared.landscape import View
from pages.shared.spots import Spot
from pages.shared.wording import sentence

if TYPE_CHECKING:
    from aecore.analysis.plane import Projection
    from aecore.analysis.space import Which

HEIGHT = 340
"""Screen pixels: with what is above it, it ends where the first map does."""


def choose(run: Run) -> Run | None:
    """Another run on the same data set; None where there is none."""
    dataset = run.experiment.data.dataset
    try:
        usable = state.usable(runs.list_runs())
    except LabError:  # a damaged notebook: the frame has said so
        usable = state.usable([])
    others = {
        other.id: other
        for other in usable.values()
        if other.experiment.data.dataset == dataset and other.id != run.id
    }
    if not others:
        st.info(f"There is no other model of {SOURCES[dataset].title} yet.", icon=":material/model_training:")
        st.page_link("pages/train.py", label="Train another model", icon=":material/play_arrow:")
        return None
    chosen = address.choose(
        "Other model",
        state.labels(others),
        key="other",
        default=next(iter(others)),
        refusal="That other model is not on this server, or of other pictures: this is another one.",
    )
    return others[chosen]


def view(other: Run, like: View) -> View | None:
    """Its codes on a plane by the same projection, if that can be; None while they are computed."""
    from aecore.analysis.plane import projections

    possible = projections(other.experiment.model.code_size)
    by = like.projection if like.projection in possible else possible[0]
    try:
        if not readiness.there(other.id, like.which, by, like.device):
            return None
        with st.spinner("Computing the codes, some seconds the first time"):
            return landscape.view(other, like.which, by, like.device)
    except LabError as error:
        st.error(sentence(str(error)))
        return None


def show(
    seen: View,
    *,
    selected: np.ndarray | None,
    hidden: list[int],
    picked: Mapping[str, int],
    on_lasso: Callable[[str, "Projection", "Which", np.ndarray], None],
) -> None:
    """Its map; `picked` are marked pictures, by mark. `on_lasso` hears whose map it is, and the outline."""
    run, which, projection, device, model, space, plane = seen
    at = {mark: space.position(number) for mark, number in picked.items()}
    marks = {mark: _spot(seen, position) for mark, position in at.items() if position is not None}
    empty = spots.read("c", space, plane, projection)
    if empty:
        marks["C"] = empty
    latent_map.drawn(
        landscape.figure(run.id, which, projection, "class", 0, False, device, HEIGHT),
        landscape.thumbnails(run.id, which, device, "second"),
        name="second",
        alt=f"The codes of the same pictures in {run.name}",
        numbers=landscape.numbers(space),
        selected=selected,
        hidden=hidden,
        line=np.empty((0, 2)),
        marks=latent_map.marks(marks),
        answer=places.glimpse(model, space, marks.get("C") or marks.get("B")),
        always=True,
        on_click=lambda event: spots.clicked_there(event, projection),
        on_lasso=lambda outline: on_lasso(run.id, projection, which, outline),
    )
    st.caption(
        "A lasso on either map selects on both; above this one is what its own model draws. Look whether "
        "pictures that are together here are apart there."
    )
    if empty and empty.number is None:
        st.caption(f"C: no picture is at {places.coordinates(empty)}. {places.how(plane)}")


def _spot(seen: View, position: int) -> Spot:
    space, plane = seen.space, seen.plane
    number = int(space.numbers[position])
    return Spot(number, plane.points[position], space.codes[position], f"p{number}")
