"""New pictures on a sheet, with the training picture nearest to each."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import address, densities, pictures, state

if TYPE_CHECKING:
    from aecore.analysis.density import Density

COUNT, ACROSS = 36, 9
PER_PIECE = 3
"""Pictures side by side in a piece of the sheet: three of them are as wide as a laptop's page, one fits on a
phone."""

SIDE = 84

COPY = 0.25
"""What is nearer to a training picture than this share of what is usual for redrawn ones is called a copy."""


class Near(NamedTuple):
    """The training picture nearest to each of N new ones."""

    pictures: np.ndarray
    """uint8 (N, C, H, W)."""

    classes: list[str]
    distances: np.ndarray
    """Euclidean, pixels in [0, 1]: float64 (N,)."""

    count: int
    """Among how many."""


def show(run: Run, device: str) -> None:
    """The sheet of a density; another draw draws no more than this anew."""
    wish = densities.choose(run)
    density = densities.density(run, wish.kind, device)
    if density is None:
        return
    said, place, below = st.container(), st.container(), st.container()
    drawn = pictures_of(run, density, wish, device)
    with below.container(horizontal=True, vertical_alignment="center"):
        beside = address.switch("Nearest training pictures", key="nearest", default=False)
        st.download_button(
            "Sheet (PNG)",
            lambda: whole_sheet(drawn),
            f"{run.id}-{wish.kind}-{wish.seed}.png",
            key="sheet-png",
            icon=":material/image:",
            on_click="ignore",
        )
        if beside:
            with st.spinner("Comparing with every training picture"):
                near = _nearest(run, drawn, device)
            st.download_button(
                "Distances (CSV)",
                lambda: csv(near),
                f"{run.id}-{wish.kind}-{wish.seed}-nearest.csv",
                key="nearest-csv",
                icon=":material/table:",
                on_click="ignore",
            )
    rows = [pictures.Row("", pictures.rgb(drawn))]
    with place:
        if beside:
            first = np.arange(COUNT) % PER_PIECE == 0  # of its line in each piece: room for words is there
            rows = [
                pictures.Row("", pictures.rgb(drawn), ["new" if each else "" for each in first]),
                pictures.Row(
                    "",
                    pictures.rgb(near.pictures),
                    [
                        f"nearest {distance:.2f}" if each else f"{distance:.2f}"
                        for each, distance in zip(first, near.distances, strict=True)
                    ],
                ),
            ]
            st.markdown(
                verdict(near.distances, *usual(run.id, device)),
                help=f"Euclidean distance of the pixels, from 0 to 1, to the nearest of {near.count:,} "
                "training pictures; half of the pictures are nearer, half are farther. Redrawn by the model, "
                "test pictures lose details as new ones lack them, which brings them nearer to all others.",
            )
            _sheet(rows, "New pictures, and below each the nearest training picture with its distance")
        else:
            _sheet(rows, f"{COUNT} new pictures")
    with said:
        if (known := densities.statistics(run, device)) is not None:
            words, figures = densities.told(run, wish, density, known)
            st.markdown(words, help=figures)
    data = run.experiment.data
    if data.input_transform != "none" or data.target_transform != "none":
        st.caption(
            "This model is asked for other pictures than it is shown: new ones are like those asked for."
        )
    st.caption(
        f"Draw {wish.seed}, temperature {wish.temperature:g}. {densities.far(wish, density)}Copy this page's "
        "link to get the same pictures again."
    )


def pictures_of(run: Run, density: "Density", wish: densities.Wish, device: str) -> np.ndarray:
    """COUNT new pictures: uint8 (N, C, H, W)."""
    from aecore.analysis.generation import sampled

    return sampled(state.model(run.id, device), density, COUNT, wish.seed, wish.temperature)[1]


def whole_sheet(drawn: np.ndarray) -> bytes:
    """All of them in one PNG."""
    return pictures.grid([pictures.Row("", pictures.rgb(drawn))], per_line=ACROSS, side=SIDE)


def _sheet(rows: list[pictures.Row], alt: str) -> None:
    """The rows in pieces, side by side where there is room; each line of pictures has all rows below it."""
    lines = np.arange(COUNT).reshape(-1, ACROSS)
    with st.container(horizontal=True, gap="xxsmall"):
        for piece in np.split(lines, ACROSS // PER_PIECE, axis=1):
            part = [
                pictures.Row(row.label, row.tiles[line], [row.texts[int(i)] for i in line if row.texts])
                for line in piece
                for row in rows
            ]
            png = pictures.grid(part, per_line=PER_PIECE, side=SIDE)
            st.image(pictures.address(png), width=pictures.width(png), alt=alt)


def verdict(distances: np.ndarray, fresh: float, redrawn: float, alike: float = 0.0) -> str:
    """Whether new pictures are copies, in words; distances (N,), and those usual for test pictures.

    `alike` is the share of redrawn test pictures that are as near as a copy: of plain sky, for one.
    """
    middle, near = float(np.median(distances)), redrawn * COPY
    copies = int((distances < near).sum())
    if copies:
        found = f"{copies} of these {len(distances)} {'are' if copies > 1 else 'is'} nearer than {near:.2f}"
        if copies / len(distances) > 2 * alike:
            found = f"**{found}**"
        if alike:
            found += f", and so are {alike:.0%} of redrawn test pictures, which nobody copied"
    elif middle < 0.8 * redrawn:
        found = "none of these is, but they are **nearer than test pictures**: look for pairs that are alike"
    else:
        found = "**none of these is**"
    return (
        f"A typical new picture is **{middle:.2f}** away from its nearest training picture; real test "
        f"pictures are {fresh:.2f} away ({redrawn:.2f} once redrawn). A copy would be near 0: {found}."
    )


def _nearest(run: Run, drawn: np.ndarray, device: str) -> Near:
    from aecore.analysis.copies import nearest_to_each

    gallery, names = (
        densities.learnt(run.id, "train", device),
        SOURCES[run.experiment.data.dataset].class_names,
    )
    found, distances = nearest_to_each(drawn, gallery.targets)
    return Near(
        gallery.targets[found.tolist()].cpu().numpy(),
        [names[label] for label in gallery.labels[found]],
        distances,
        len(gallery.labels),
    )


def csv(near: Near) -> bytes:
    """A line for each new picture, in the order of the sheet."""
    columns = {"sample": np.arange(1, len(near.distances) + 1), "distance": near.distances}
    return pd.DataFrame(columns | {"class of the nearest": near.classes}).to_csv(index=False).encode()


@st.cache_resource(max_entries=20, show_spinner=False)
def usual(run_id: str, device: str) -> tuple[float, float, float]:
    """How far half of the test pictures are from a training picture at most, and half of them redrawn; and
    which share of these would be called copies."""
    from aecore.analysis.copies import usual_distances

    gallery = densities.learnt(run_id, "train", device).targets
    fresh, redrawn = usual_distances(
        state.model(run_id, device), densities.learnt(run_id, "test", device), gallery
    )
    usually = float(np.median(redrawn))
    return float(np.median(fresh)), usually, float((redrawn < COPY * usually).mean())
