"""Arrays in, Plotly figures out: which classes are taken for which, and accuracy against labels."""

import html
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from pages.shared.figures import COLOURS

GREY = "#757c8d"


class Look(NamedTuple):
    """How a curve is drawn."""

    colour: int
    dash: str = "solid"


def table_of_classes(
    counts: np.ndarray, rows: Sequence[str], columns: Sequence[str], title: str, *, dark: bool
) -> go.Figure:
    """How many of each row (R, C) are in each column; the colour is the share of the row.

    `title` is what the rows are, and `dark` whether what is behind the figure is.
    """
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    # above, room for the figure's buttons, which are always there on a phone
    figure = go.Figure(layout={"height": 136 + 30 * len(rows), "margin": {"t": 36, "b": 10}})
    figure.add_heatmap(
        z=shares,
        x=list(columns),
        y=list(rows),
        customdata=counts,
        colorscale=[[0, "rgba(86,131,254,0)"], [0.03, "rgba(86,131,254,0.25)"], [1, "rgba(86,131,254,0.85)"]],
        zmin=0,
        zmax=1,
        xgap=2,
        ygap=2,
        showscale=False,
        hovertemplate="%{y} → %{x}: %{customdata:,}, %{z:.1%} of the row<extra></extra>",
    )
    # texts of their own: the heat map's are dark or light by its colours alone, as if those were opaque
    filled = np.argwhere(counts > 0)
    figure.add_scatter(
        x=[columns[column] for _, column in filled],
        y=[rows[row] for row, _ in filled],
        text=[f"{counts[row, column]}" for row, column in filled],
        mode="text",
        textfont={"color": "#f5f7ff" if dark else "#171c2b"},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_xaxes(title="Class", type="category", showgrid=False)
    figure.update_yaxes(title=title, type="category", autorange="reversed", showgrid=False)
    return figure


def accuracy_by_labels(
    curves: Mapping[str, Mapping[str, np.ndarray]], looks: Mapping[str, Look]
) -> go.Figure:
    """Mean test accuracy against the number of labels, with a band from the worst draw to the best.

    Each of `curves` has `labels`, `mean`, `low` and `high` (S,).
    """
    figure = go.Figure(layout={"height": 400, "margin": {"t": 10, "b": 10}})
    for name, curve in curves.items():
        colour, dash = COLOURS[looks[name].colour], looks[name].dash
        band = np.concatenate([curve["high"], curve["low"][::-1]])
        figure.add_scatter(
            x=np.concatenate([curve["labels"], curve["labels"][::-1]]),
            y=band,
            fill="toself",
            fillcolor=colour,
            opacity=0.13,
            mode="lines",
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
        )
        figure.add_scatter(
            x=curve["labels"],
            y=curve["mean"],
            name=html.escape(name),  # a run's, from people
            legendgroup=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash},
            marker={"size": 6},
            customdata=np.stack([curve["low"], curve["high"]], 1),
            hovertemplate="%{x:,} labels: %{y:.1%}<br>draws from %{customdata[0]:.1%} to "
            "%{customdata[1]:.1%}<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(title="Labelled pictures", type="log", dtick=1, tickformat=",")
    figure.update_yaxes(title="Test accuracy", tickformat=".0%")
    figure.update_layout(legend={"orientation": "h", "y": -0.2, "x": 0})
    return figure
