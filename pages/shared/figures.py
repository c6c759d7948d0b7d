"""Arrays in, Plotly figures out. A figure that changes is drawn from scratch, so these stay constant."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

if TYPE_CHECKING:
    from aecore.analysis.reconstruction import ClassErrors

PLAIN = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}
"""For st.plotly_chart's `config`: only buttons that do something here."""

BELOW = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
"""A legend under the figure: its buttons, always there on a phone, would cover one above. On a narrow screen
the names stand one below the other, so the figure needs some 14 pixels of height for each."""

COLOURS = (
    "#5683fe",
    "#ff8103",
    "#1bbe6e",
    "#cb70bb",
    "#206178",
    "#e73d07",
    "#7608f6",
    "#738969",
    "#973d35",
    "#a23bb4",
)
"""The theme's (.streamlit/config.toml), for figures in which one colour has several lines."""


def error_by_class(methods: dict[str, Sequence["ClassErrors"]]) -> go.Figure:
    """Mean error of each class, a bar for each method, with the span of the middle 80 % of its images."""
    figure = go.Figure(layout={"barmode": "group", "height": 350, "margin": {"t": 10, "b": 10}})
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
    figure.update_layout(legend=BELOW)
    return figure


def psnr_by_level(
    curves: Mapping[str, Mapping[str, np.ndarray]],
    learnt: Mapping[str, tuple[float, float]],
    dashed: Sequence[str],
    unit: str,
) -> go.Figure:
    """Mean PSNR against the level of noise, a line for each method; grey is what it was before.

    Each of `curves` has `level`, `noisy` and `psnr` (L,). Thick is what lies between the two of `learnt`.
    """
    figure = go.Figure(layout={"height": 440 + 14 * len(curves), "margin": {"t": 10, "b": 10}})
    hover = "%{x:g}: %{y:.1f} dB<extra>%{fullData.name}</extra>"
    for first in list(curves.values())[:1]:
        line = {"color": "#757c8d", "dash": "dot"}
        figure.add_scatter(x=first["level"], y=first["noisy"], name="Noisy", line=line, hovertemplate=hover)
    for index, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[index % len(COLOURS)]
        line = {"color": colour, "dash": "dash" if name in dashed else "solid"}
        level, psnr = curve["level"], curve["psnr"]
        figure.add_scatter(
            x=level,
            y=psnr,
            name=name,
            line=line,
            marker={"size": 5},
            mode="lines+markers",
            hovertemplate=hover,
        )
        if name in learnt:
            low, high = learnt[name]
            inside = level[(level > low) & (level < high)]
            at = np.clip(np.unique([low, *inside, high]), level.min(), level.max())
            figure.add_scatter(
                x=at,
                y=np.interp(at, level, psnr),
                mode="lines" if len(at) > 1 else "markers",
                line={"color": colour, "width": 9},
                marker={"color": colour, "size": 15, "symbol": "diamond"},
                opacity=0.45,
                showlegend=False,
                hoverinfo="skip",
            )
    figure.update_xaxes(title=unit, rangemode="tozero")
    figure.update_yaxes(title="Mean PSNR, decibels")
    figure.update_layout(legend=BELOW)
    return figure


def class_counts(counts: Sequence[int], names: Sequence[str]) -> go.Figure:
    """How many there are of each class, as bars."""
    figure = go.Figure(layout={"height": 170, "margin": {"t": 5, "b": 5}})
    figure.add_bar(x=list(names), y=list(counts), hovertemplate="%{x}: %{y:,}<extra></extra>")
    figure.update_xaxes(title="Class", type="category")
    figure.update_yaxes(title="Pictures", rangemode="tozero")
    return figure


def logarithmic(values: Sequence[float]) -> dict[str, Any]:
    """A logarithmic axis about these values, with marks at 1, 2 and 5 times the powers of ten."""
    ends = [math.log10(max(end, 1e-9)) for end in (min(values) / 1.5, max(values) * 1.5)]
    powers = range(math.floor(ends[0]), math.ceil(ends[1]) + 1)
    marks = [mark * 10.0**power for power in powers for mark in (1, 2, 5)]
    return {"type": "log", "range": ends, "tickvals": marks, "ticktext": [f"{mark:,.10g}" for mark in marks]}
