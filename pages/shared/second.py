"""A second run's map beside the first: the same pictures, and one selection for both."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from aecore import runs
from aecore.data import SOURCES
from aecore.errors import LabError
from aecore.runs import Run
from pages.shared import address, landscape, latent_map, spots, state
from pages.shared.wording import plain

if TYPE_CHECKING:
    from aecore.analysis.plane import Plane, Projection
    from aecore.analysis.space import Space, Which


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


def show(
    other: Run,
    which: "Which",
    projection: "Projection",
    device: str,
    *,
    selected: np.ndarray | None,
    hidden: list[int],
    picked: Mapping[str, int],
    on_lasso: Callable[["Space", "Plane", np.ndarray], None],
) -> None:
    """Its map, by the same `projection` without waiting; `picked` are marked pictures, by mark."""
    from aecore.analysis.plane import projections

    possible = projections(other.experiment.model.code_size)
    by = projection if projection in possible and projection != "tsne" else possible[0]
    try:
        with st.spinner("Computing the codes, some seconds the first time"):
            space = landscape.space(other.id, which, device)
            plane = landscape.plane(other.id, which, by, device)
            figure = landscape.figure(other.id, which, by, "class", 0, False, device)
            sheets = landscape.thumbnails(other.id, which, device, "second")
    except LabError as error:
        st.error(plain(str(error)))
        return
    at = {mark: space.position(number) for mark, number in picked.items()}
    marks = [(mark, plane.points[position]) for mark, position in at.items() if position is not None]
    latent_map.drawn(
        figure,
        sheets,
        name="second",
        alt=f"The codes of the same pictures in {other.name}",
        numbers=landscape.numbers(space),
        selected=selected,
        hidden=hidden,
        line=np.empty((0, 2)),
        marks={
            "x": [float(point[0]) for _, point in marks],
            "y": [float(point[1]) for _, point in marks],
            "text": [mark for mark, _ in marks],
        },
        on_click=_clicked,
        on_lasso=lambda outline: on_lasso(space, plane, outline),
    )
    st.caption(
        "A lasso on either map selects on both. Look whether pictures that are together here are apart there."
    )


def _clicked(event: Mapping[str, Any]) -> None:
    """A picture is one on both maps; an empty place is one of this map only."""
    if event["number"] is not None:
        spots.go_to(f"p{event['number']}")
