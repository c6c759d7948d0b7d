"""Scores in, Plotly figures out: how normal and strange pictures are told apart."""

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from pages.shared.figures import COLOURS

if TYPE_CHECKING:
    from aecore.analysis.detection import Curves

BINS = 60
MOST_POINTS = 400
"""Of a curve: more are not seen."""

HEIGHT = 300
NORMAL, STRANGE = COLOURS[0], COLOURS[1]


def span(normal: np.ndarray, strange: np.ndarray) -> tuple[float, float]:
    """Where scores begin, and where all but the last few of the larger group end."""
    low = float(min(normal.min(), strange.min()))
    high = float(max(np.quantile(normal, 0.999), np.quantile(strange, 0.99)))
    return low, high if high > low else low + 1


def histogram(normal: np.ndarray, strange: np.ndarray, low: float, high: float, single: bool) -> go.Figure:
    """The share of each group at every score; one strange picture is a line. Its ends are the slider's."""
    figure = _figure(220)
    bins = {"start": low, "end": high, "size": (high - low) / BINS}
    groups = [("normal", normal, NORMAL)] + ([] if single else [("strange", strange, STRANGE)])
    for name, values, colour in groups:
        shares, edges = np.histogram(np.clip(values, low, high), BINS, (low, high))
        figure.add_bar(
            name=name,
            x=(edges[1:] + edges[:-1]) / 2,
            y=shares / len(values),
            width=bins["size"],
            marker={"color": colour, "line": {"width": 0}},
            opacity=0.6,
            hovertemplate="%{x:.4g}: %{y:.1%} of the " + name + "<extra></extra>",
        )
    if single:
        at = float(np.clip(strange[0], low, high))
        figure.add_vline(
            at,
            line={"color": STRANGE, "width": 3},
            annotation_text="the strange one ",
            annotation_position="top left" if at > (low + high) / 2 else "top right",
        )
    figure.update_layout(barmode="overlay", margin={"l": 8, "r": 8, "t": 10, "b": 10}, bargap=0)
    figure.update_xaxes(range=[low, high], title="Score")
    figure.update_yaxes(visible=False)
    return figure


def roc(methods: "Mapping[str, Curves]", chosen: str) -> go.Figure:
    """Found against false alarms, a line for each method, the chosen one thick."""
    figure = _figure(HEIGHT)
    below = {"x": 1, "xanchor": "right", "y": 0.02, "yanchor": "bottom", "orientation": "v"}
    figure.update_layout(legend=below | {"bgcolor": "rgba(0,0,0,0)", "font": {"size": 11}})
    _line(figure, "guessing", np.array([0, 1]), np.array([0, 1]), {"dash": "dot", "color": "#757c8d"})
    for index, (name, told) in enumerate(methods.items()):
        _line(figure, name, told.false_alarms, told.found, _style(index, name == chosen))
    figure.update_xaxes(title="False alarms", range=[0, 1.02], tickformat=".0%", dtick=0.5)
    figure.update_yaxes(title="Found", range=[0, 1.02], tickformat=".0%")
    return figure


def precision_recall(methods: "Mapping[str, Curves]", chosen: str, share: float) -> go.Figure:
    """Precision against recall; guessing is the share of strange pictures."""
    figure = _figure(HEIGHT).update_layout(showlegend=False)
    _line(figure, "guessing", np.array([0, 1]), np.array([share, share]), {"dash": "dot", "color": "#757c8d"})
    for index, (name, told) in enumerate(methods.items()):
        _line(figure, name, told.recall, told.precision, _style(index, name == chosen))
    figure.update_xaxes(title="Found (recall)", range=[0, 1.02], tickformat=".0%", dtick=0.5)
    figure.update_yaxes(title="Precision", range=[0, 1.02], tickformat=".0%")
    return figure


def by_class(areas: Mapping[str, float]) -> go.Figure:
    """AUROC of each class of strange pictures, the best hidden on top."""
    ordered = sorted(areas.items(), key=lambda pair: -pair[1])
    figure = _figure(HEIGHT)
    figure.add_bar(
        x=[area for _, area in ordered],
        y=[html.escape(name) for name, _ in ordered],
        orientation="h",
        text=[f"{area:.3f}" for _, area in ordered],
        marker={"color": STRANGE},
        hovertemplate="%{y}: %{x:.4f}<extra></extra>",
    )
    figure.update_xaxes(title="AUROC", range=[min(0.5, *areas.values()), 1])
    figure.update_yaxes(type="category", title="Class")
    return figure


def _line(figure: go.Figure, name: str, x: np.ndarray, y: np.ndarray, line: dict[str, Any]) -> None:
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).astype(int))
    figure.add_scatter(
        name=name,
        x=x[kept],
        y=y[kept],
        mode="lines",
        line=line,
        hovertemplate="%{x:.1%}, %{y:.1%}<extra>" + name + "</extra>",
    )


def _style(index: int, chosen: bool) -> dict[str, Any]:
    return {"color": COLOURS[index % len(COLOURS)], "width": 4 if chosen else 1.5}


def _figure(height: int) -> go.Figure:
    figure = go.Figure(layout={"height": height, "margin": {"t": 10, "b": 10, "l": 10, "r": 10}})
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    return figure
