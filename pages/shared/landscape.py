"""What the latent map of a run is drawn from, kept in memory once per server, by plain strings."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from aecore import runs
from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import pictures, scatter, sprite, state

if TYPE_CHECKING:
    from aecore.analysis.plane import Plane, Projection
    from aecore.analysis.space import Space, Which
    from aecore.models.base import Autoencoder


class View(NamedTuple):
    """What a map shows."""

    run: Run
    which: "Which"
    projection: "Projection"
    device: str
    model: "Autoencoder"
    space: "Space"
    plane: "Plane"


COLOURS = {"class": "Class", "error": "Error", "unit": "A unit", "cluster": "Cluster"}
TILES = 20
"""Places across and down at which the decoder draws the whole plane."""

TILE = 32
"""Pixels: larger pictures make a coarser plane."""

PLANE_SIDE = 560
"""Screen pixels of the drawn plane."""


def view(run: Run, which: "Which", projection: "Projection", device: str) -> View:
    """A run's codes on a plane. Raises LabError."""
    model, found = state.model(run.id, device), space(run.id, which, device)
    return View(run, which, projection, device, model, found, plane(run.id, which, projection, device))


@st.cache_resource(max_entries=3, show_spinner=False)
def space(run_id: str, which: "Which", device: str) -> "Space":
    """The pictures of a run's data set and their codes, computed unless they are kept. Raises LabError."""
    from aecore.analysis.questions import kept
    from aecore.analysis.space import asked, space_of

    run = runs.get(run_id)
    images, known = state.images(run.experiment.data.dataset), kept(asked(run_id, which))
    return space_of(state.model(run_id, device), run, images, which, known)


@st.cache_resource(max_entries=4, show_spinner=False)
def plane(run_id: str, which: "Which", projection: "Projection", device: str) -> "Plane":
    """Those codes on a plane; of t-SNE the answer must have been computed. Raises LabError."""
    from aecore.analysis.plane import plane_of
    from aecore.analysis.questions import Question, kept

    points = None
    if projection == "tsne" and (answer := kept(Question("tsne", run_id, {"pictures": which}))):
        points = answer["points"]
    return plane_of(space(run_id, which, device).codes, projection, points)


@st.cache_resource(max_entries=4, show_spinner=False)
def clusters(run_id: str, which: "Which", device: str) -> np.ndarray:
    """The number of each code's cluster."""
    from aecore.analysis.selection import clusters

    return clusters(space(run_id, which, device).codes)


def colouring(run_id: str, which: "Which", device: str, colour: str, unit: int) -> scatter.Colouring | None:
    """What the points are coloured by; None for the class."""
    found = space(run_id, which, device)
    if colour == "error":
        return scatter.Colouring("Mean squared error per pixel", found.errors)
    if colour == "unit":
        return scatter.Colouring(f"Activity of unit {unit}", found.codes[:, unit])
    if colour == "cluster":
        groups = clusters(run_id, which, device)
        names = [str(number) for number in range(int(groups.max()) + 1)]
        return scatter.Colouring("Cluster (k-means)", groups.astype(np.float32), names)
    return None


@st.cache_resource(max_entries=6, show_spinner=False)
def figure(
    run_id: str,
    which: "Which",
    projection: "Projection",
    colour: str,
    unit: int,
    behind: bool,
    device: str,
    height: int = scatter.HEIGHT,
) -> go.Figure:
    """The map, the same object each time: a figure that changes is drawn from scratch."""
    found, drawn = space(run_id, which, device), plane(run_id, which, projection, device)
    picture = pictures.address(decoded(run_id, which, projection, device)) if behind else None
    return scatter.figure(
        drawn.points,
        found.numbers,
        found.labels,
        SOURCES[runs.get(run_id).experiment.data.dataset].class_names,
        drawn.axes,
        colouring(run_id, which, device, colour, unit),
        picture,
        height,
    )


def numbers(space: "Space") -> np.ndarray | None:
    """Which pictures a sprite of this space holds; None where they are simply the first ones."""
    return None if space.numbers[-1] == len(space.numbers) - 1 else space.numbers


@st.cache_resource(max_entries=3, show_spinner=False)
def thumbnails(run_id: str, which: "Which", device: str, name: str) -> bytes:
    """The sprite of all pictures on the map called `name`."""
    return sprite.sprite(space(run_id, which, device).inputs, name)


@st.cache_resource(max_entries=4, show_spinner=False)
def decoded(run_id: str, which: "Which", projection: "Projection", device: str) -> bytes:
    """What the decoder draws everywhere on the plane; a PNG."""
    from aecore.analysis.codes import pictures_of
    from aecore.analysis.plane import places

    drawn = plane(run_id, which, projection, device)
    model = state.model(run_id, device)
    height, width = model.config.image_shape[1:]
    tiles = max(4, TILES * TILE // max(height, width, TILE))
    images = pictures_of(model, drawn.codes(places(drawn.points, tiles, tiles)))
    return pictures.mosaic(images, tiles, PLANE_SIDE)
