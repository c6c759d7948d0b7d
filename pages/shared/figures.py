"""Arrays in, Plotly figures out. A figure that changes is drawn from scratch, so these stay constant."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

if TYPE_CHECKING:
    from aecore.analysis.reconstruction import ClassErrors

PLAIN = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}
"""For st.plotly_chart's `config`: only buttons that do something here."""


def error_by_class(methods: dict[str, Sequence["ClassErrors"]]) -> go.Figure:
    """Mean error of each class, a bar for each method, with the span of the middle 80 % of its images."""
    figure = go.Figure(layout={"barmode": "group", "height": 320, "margin": {"t": 30, "b": 10}})
    for method, classes in methods.items():
        means = [each.mean for each in classes]
        figure.add_bar(
            name=method,
            x=[each.name for each in classes],
            y=means,
            error_y={
                "type": "data",
                "array": [max(0, each.high - each.mean) for each in classes],
                "arrayminus": [max(0, each.mean - each.low) for each in classes],
                "thickness": 1,
                "width": 3,
                "color": "#757c8d",
            },
            customdata=[(each.count, each.low, each.high) for each in classes],
            hovertemplate="%{x}: %{y:.5f} on average<br>8 of 10 pictures from %{customdata[1]:.5f} to "
            "%{customdata[2]:.5f}<br>%{customdata[0]:,} pictures<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(title="Class", type="category")
    figure.update_yaxes(title="Mean squared error per pixel", rangemode="tozero")
    figure.update_layout(legend={"orientation": "h", "y": 1.12, "x": 0})
    return figure


def class_counts(counts: Sequence[int], names: Sequence[str]) -> go.Figure:
    """How many there are of each class, as bars."""
    figure = go.Figure(layout={"height": 170, "margin": {"t": 5, "b": 5}})
    figure.add_bar(x=list(names), y=list(counts), hovertemplate="%{x}: %{y:,}<extra></extra>")
    figure.update_xaxes(title="Class", type="category")
    figure.update_yaxes(title="Pictures", rangemode="tozero")
    return figure
