"""The units of a code all together: how sparse, how much alike, and what they do for many pictures."""

import math
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import figures, pictures, state, units

if TYPE_CHECKING:
    from aecore.analysis.activity import Activity
    from aecore.analysis.dictionary import Dictionary

SAMPLES = 512


def orders(size: int) -> dict[str, str]:
    """The orders there are for a code of this size."""
    from aecore.analysis.similarity import MOST_COMPARED

    return {
        name: label for name, label in units.ORDERS.items() if name != "similarity" or size <= MOST_COMPARED
    }


def measures(found: "Dictionary", told: "Activity") -> None:
    """Figures about the whole dictionary."""
    size = len(told.dead)
    with st.container(horizontal=True):
        st.metric(
            "Mean active units",
            f"{told.active_units:,.1f}",
            f"of {size:,}",
            delta_color="off",
            delta_arrow="off",
            help="L0: how many units are active for a picture, on average over a sample of "
            f"{len(found.codes):,} test pictures.",
        )
        st.metric(
            "Dead",
            f"{told.dead.mean():.1%}",
            f"{told.dead.sum():,} of {size:,}",
            delta_color="off",
            delta_arrow="off",
            help=f"Units that give all {len(found.codes):,} test pictures of the sample the same number.",
        )
        st.metric(
            "Always on",
            f"{told.always.mean():.1%}",
            f"{told.always.sum():,} of {size:,}",
            delta_color="off",
            delta_arrow="off",
            help="Units that are active for each of these pictures, and not dead.",
        )
        st.metric(
            "Explained variance",
            _share(found.explained_variance),
            help="How much of the pictures' variance about their mean the reconstructions tell: 100 % for "
            "perfect ones, 0 for the mean picture.",
        )
        st.metric(
            "Coherence",
            _number(found.coherence),
            f"{_number(found.mean_coherence)} on average",
            delta_color="off",
            delta_arrow="off",
            help="The largest absolute cosine between what two units stand for: 1 where one says what "
            "another says already. Of more than 4,096 units an even sample is compared.",
        )


def heatmap(run: Run, found: "Dictionary", shown: np.ndarray) -> None:
    """The codes of 512 test pictures, class by class, for the units that are `shown`."""
    chosen = np.linspace(0, len(found.codes) - 1, min(SAMPLES, len(found.codes))).astype(int)
    source = SOURCES[run.experiment.data.dataset]
    labels = state.classes(run.id, source.name, "test")[found.indices][chosen]
    by_class = np.argsort(labels, stable=True)
    st.plotly_chart(
        codes_figure(found.codes[chosen][by_class][:, shown], labels[by_class], shown, source.class_names),
        key="codes",
        config=figures.PLAIN,
        alt=f"The codes of {len(chosen)} test pictures of {source.title}, a column for each, sorted by class",
    )
    first = (
        f" Only the first {len(shown):,} units in order are drawn."
        if len(shown) < found.codes.shape[1]
        else ""
    )
    st.caption(
        "A column for each picture, a row for each unit in the order chosen above. Look for rows that light "
        f"up for one class, rows that never do, and rows that always do.{first}"
    )


def codes_figure(
    codes: np.ndarray, labels: np.ndarray, units_shown: np.ndarray, names: tuple[str, ...]
) -> go.Figure:
    """Codes (N, U), sorted by their labels (N,), as a heatmap with pictures across and units down."""
    most = float(np.quantile(np.abs(codes[codes != 0]), 0.98)) if codes.any() else 1.0
    figure = go.Figure(layout={"height": 446, "margin": {"t": 36, "b": 10}})
    figure.add_heatmap(
        z=codes.T.astype(np.float32),
        customdata=np.broadcast_to(units_shown[:, None], codes.T.shape).astype(np.int32),
        zmin=-most,
        zmax=most,
        colorscale=[(0, pictures.TOO_DARK), (0.5, "#000000"), (1, pictures.TOO_BRIGHT)],
        colorbar={"title": {"text": "Activation"}},
        hovertemplate="picture %{x}, unit %{customdata}: %{z:.3g}<extra></extra>",
    )
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    middles = (starts + np.r_[starts[1:], len(labels)]) / 2
    figure.update_xaxes(
        title="Test pictures, by class", tickvals=middles, ticktext=[names[labels[start]] for start in starts]
    )
    figure.update_yaxes(title="Units, in order", autorange="reversed")
    return figure


def same_as_units(run: Run, filters: np.ndarray, device: str) -> bool:
    """Whether the encoder's filters are the decoder's columns, as with tied weights."""
    atoms = state.dictionary(run.id, device).atoms
    return filters.shape == atoms.shape and np.allclose(filters, atoms, atol=1e-5)


def encoder(run: Run, device: str) -> None:
    """The weights of the encoder's first layer, as pictures."""
    from aecore.analysis.features import filter_of_each_unit, filters

    model = state.model(run.id, device)
    found = filters(model)
    if found is not None and same_as_units(run, found, device):
        st.caption("The encoder has the decoder's weights: it looks for what each unit paints.")
        return
    if found is None:
        st.caption("This encoder reads a picture row by row, so its first weights make no pictures.")
        return
    largest = np.argsort(-np.linalg.norm(found.reshape(len(found), -1), axis=1), stable=True)[
        : units.PER_PAGE
    ]
    png = units.sheet(units.own_scale(found[largest])).png
    st.image(
        pictures.address(png),
        width=pictures.width(png),
        alt=f"The {len(largest)} strongest filters of the first layer",
    )
    whose = "code's units" if filter_of_each_unit(model) else "first layer, which are not the code's units"
    colours = (
        "grey for nothing"
        if found.shape[1] == 3
        else "orange where light makes its sum larger, blue where it makes it smaller"
    )
    st.caption(
        f"The weights to the {whose}: {len(largest):,} of {len(found):,}, the strongest first, each on its "
        f"own scale, {colours}."
    )


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1%}"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"
