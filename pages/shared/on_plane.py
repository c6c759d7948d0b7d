"""What the decoder draws everywhere on a plane of codes, and where on it new codes lie."""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import densities, landscape, pictures, readiness, samples, state

if TYPE_CHECKING:
    from aecore.analysis.density import Density

ACROSS, WIDTH = 16, 448
JUDGED = 1_000
"""Test codes, and as many new ones, that say where they lie."""

NEVER = 0.05
"""A class of which fewer places than this share are reached next to never comes."""

DOT = 5
"""Radius of a mark, in pixels."""


def show(run: Run, device: str) -> None:
    """The plane with the codes of the samples on it; for codes of two numbers."""
    from aecore.analysis.generation import sampled
    from aecore.analysis.plane import extent

    wish = densities.choose(run)
    density = densities.density(run, wish.kind, device)
    if density is None or not readiness.there(run.id, "test", "code", device):
        return
    points = landscape.plane(run.id, "test", "code", device).points
    codes, drawn = sampled(state.model(run.id, device), density, samples.COUNT, wish.seed, wish.temperature)
    low, high = extent(points)
    beyond = int(((codes < low) | (codes > high)).any(1).sum())
    st.markdown(verdict(run, wish, density, device))
    with st.container(horizontal=True, gap="medium"):
        png = marked(decoded(run.id, device), codes, low, high)
        st.image(
            pictures.address(png),
            width=pictures.width(png),
            alt="What the decoder draws at places all over the plane, and dots where the new codes lie",
        )
        with st.container(width=340):
            sheet = pictures.grid([pictures.Row("", pictures.rgb(drawn))], per_line=samples.ACROSS, side=40)
            st.image(
                pictures.address(sheet), width=pictures.width(sheet), alt=f"{samples.COUNT} new pictures"
            )
            out = f" {beyond} lie beyond its edges." if beyond else ""
            st.caption(
                f"Left, the decoder's picture at every place over the range of test codes: from "
                f"{low[0]:.3g} to {high[0]:.3g} across, from {low[1]:.3g} to {high[1]:.3g} up. Orange dots: "
                f"where these {samples.COUNT} codes lie.{out} Look for dots on pictures of nothing."
            )
            st.page_link(
                "pages/latent.py",
                label="Explore this map in Latent space",
                icon=":material/scatter_plot:",
                query_params={"model": run.id},
            )


def verdict(run: Run, wish: densities.Wish, density: "Density", device: str) -> str:
    """In words: whether new codes lie where those of test pictures do, and which classes never come."""
    from aecore.analysis.density import reached
    from aecore.analysis.generation import new_codes

    space = landscape.space(run.id, "test", device)
    every = np.linspace(0, len(space.codes) - 1, min(JUDGED, len(space.codes))).astype(np.int64)
    codes, labels = space.codes[every], space.labels[every]
    new = new_codes(state.model(run.id, device), density, len(codes), wish.seed, wish.temperature)
    there, among = reached(codes, new), reached(new, codes)
    words = (
        f"**{densities.KINDS[wish.kind]}** reaches **{there.mean():.0%}** of the places where test pictures' "
        f"codes lie; **{among.mean():.0%}** of its codes lie among those."
    )
    if there.mean() < 0.5:
        words += (
            f" Its codes go from {_range(new[:, 0])} across and from {_range(new[:, 1])} up, "
            f"where test codes go from {_range(codes[:, 0])} and from {_range(codes[:, 1])}."
        )
    names = SOURCES[run.experiment.data.dataset].class_names
    classes = np.unique(labels)
    never = [names[label] for label in classes if there[labels == label].mean() < NEVER]
    if never and len(never) > len(classes) / 2:
        words += f" So most classes never come, {len(never)} of {len(classes)}."
    elif never:
        words += f" These next to never come: {', '.join(never)}."
    return words


def _range(values: np.ndarray) -> str:
    return f"{values.min():.3g} to {values.max():.3g}".replace("-", "−")


@st.cache_resource(max_entries=4, show_spinner=False)
def decoded(run_id: str, device: str) -> bytes:
    """The decoder's pictures at a grid of places, as one PNG."""
    from aecore.analysis.codes import pictures_of
    from aecore.analysis.plane import places

    plane = landscape.plane(run_id, "test", "code", device)
    images = pictures_of(state.model(run_id, device), plane.codes(places(plane.points, ACROSS, ACROSS)))
    return pictures.mosaic(images, ACROSS, WIDTH)


def marked(png: bytes, points: np.ndarray, low: np.ndarray, high: np.ndarray) -> bytes:
    """A picture of the rectangle from `low` to `high`, (2,) each, with a dot at each point (N, 2) inside."""
    canvas = Image.open(BytesIO(png)).convert("RGBA")
    draw = ImageDraw.Draw(canvas)
    inside = points[((points >= low) & (points <= high)).all(1)]
    share = (inside - low) / np.where(high > low, high - low, 1)
    for x, up in share.tolist():
        across, down = x * (canvas.width - 1), (1 - up) * (canvas.height - 1)
        box = (across - DOT, down - DOT, across + DOT, down + DOT)
        draw.ellipse(box, fill=pictures.TOO_BRIGHT, outline="#ffffff")
    return pictures.png(canvas)
