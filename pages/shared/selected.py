"""Pictures chosen on a map by an outline: what they are, what their mean is, and a table of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from aecore.runs import Run
from pages.shared import figures, outlines, pictures, places
from pages.shared.wording import error, plain

if TYPE_CHECKING:
    from aecore.analysis.plane import Plane
    from aecore.analysis.space import Space
    from aecore.models.base import Autoencoder

SHOWN = 15
PER_LINE = 5
MOST_UNITS = 128
"""Of a code, in the table."""


def show(
    model: "Autoencoder",
    space: "Space",
    plane: "Plane",
    names: Sequence[str],
    numbers: np.ndarray | None,
    run: Run,
) -> None:
    """The selected pictures."""
    if numbers is None:
        st.info("Choose the lasso above the map and draw around some points.", icon=":material/lasso_select:")
        return
    at = np.flatnonzero(np.isin(space.numbers, numbers))
    if not len(at):
        st.info("There is no point inside: draw around some.", icon=":material/lasso_select:")
        return
    from aecore.analysis.codes import pictures_of
    from aecore.analysis.selection import class_counts, nearest

    counts = class_counts(space.labels[at], len(names))
    most = int(counts.argmax())
    code = space.codes[at].mean(0)
    mean = pictures_of(model, code[None])
    by_code, _ = nearest(space.codes, code, places.NEIGHBOURS)
    by_pixels, _ = nearest(space.inputs, mean[0], places.NEIGHBOURS)
    with st.container(horizontal=True):
        st.image(
            pictures.address(pictures.picture(mean[0], 112)),
            caption="Mean code, decoded",
            alt="The mean of the selected codes, decoded",
        )
        kinds = int((counts > 0).sum())
        st.markdown(
            f"**{len(at):,}** pictures of {kinds} class{'es' * (kinds > 1)}: "
            f"{counts[most] / len(at):.0%} are {plain(names[most])}. Error "
            f"{error(float(space.errors[at].mean()))} on average, {error(float(space.errors.mean()))} in all."
        )
    places.neighbours(space, names, by_code, by_pixels, "the mean code's picture")
    st.plotly_chart(
        figures.class_counts(counts, names),
        key="class-counts",
        config=figures.PLAIN,
        alt="How many of the selected pictures are of each class",
    )
    shown = np.sort(np.random.default_rng(0).permutation(at)[:SHOWN])
    row = pictures.Row(
        "Selected", pictures.rgb(space.inputs[shown]), [names[label] for label in space.labels[shown]]
    )
    st.image(
        pictures.address(pictures.grid([row], per_line=PER_LINE)),
        alt=f"{len(shown)} of the selected pictures",
    )
    with st.container(horizontal=True):
        st.download_button(
            "Selection (CSV)",
            lambda: table(space, plane, names, at),
            f"{run.id}-selection.csv",
            key="selection-csv",
            icon=":material/table:",
            on_click="ignore",
            help="Number, class, error, place on the map and code of every selected picture, as CSV.",
        )
        st.button(
            "Clear",
            key="clear",
            icon=":material/close:",
            on_click=outlines.forget,
        )


def table(space: "Space", plane: "Plane", names: Sequence[str], at: np.ndarray) -> bytes:
    """One line for each of the pictures that stand `at` (M,), as CSV; of codes at most 128 numbers."""
    codes = space.codes[at, :MOST_UNITS]
    columns: dict[str, object] = {
        "picture": space.numbers[at],
        "class": [names[label] for label in space.labels[at]],
        "mse": space.errors[at],
        "x": plane.points[at, 0],
        "y": plane.points[at, 1],
        **{f"code_{unit}": codes[:, unit] for unit in range(codes.shape[1])},
    }
    return pd.DataFrame(columns).to_csv(index=False).encode()
