"""Codes as points of a plane: arrays in, a Plotly figure out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st

HEIGHT = 420
INK = "#757c8d"
SPARSE = 2_000
"""Points are drawn larger where there are no more than these."""


@dataclass(frozen=True, eq=False)
class Colouring:
    """What the points are coloured by."""

    title: str
    values: np.ndarray
    """float32 (N,)."""

    names: Sequence[str] = ()
    """Of groups, where the values count them from 0."""


def figure(
    points: np.ndarray,
    numbers: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    axes: tuple[str, str],
    colouring: Colouring | None,
    behind: str | None = None,
    height: int = HEIGHT,
) -> go.Figure:
    """Points (N, 2), one trace for each class, and two more, empty, for a line and for marks.

    `numbers` (N,) go with the points as customdata. Without a `colouring` each class has its colour.
    `behind` is the address of a picture that fills the rectangle where the points are crowded, which is what
    is seen at first; `height` in screen pixels.
    """
    from aecore.analysis.plane import extent

    points = points.astype(np.float32)
    drawn = go.Figure(
        layout={
            "height": height,
            "margin": {"t": 30, "b": 10, "l": 10, "r": 10},
            "dragmode": "pan",
            "hovermode": False,
            "legend": {
                "orientation": "h",
                "y": 1.0,
                "yanchor": "bottom",
                "x": 0,
                "itemsizing": "constant",
                "itemclick": False,
                "itemdoubleclick": False,
            },
            "showlegend": colouring is None,
        }
    )
    size = 7 if len(points) <= SPARSE else 4
    for label, name in enumerate(class_names):
        own = np.flatnonzero(labels == label)
        look = {"size": size, "opacity": 0.75 if behind is None else 0.9}
        if colouring is not None:
            look |= {"color": colouring.values[own], "coloraxis": "coloraxis"}
        drawn.add_scattergl(
            x=points[own, 0],
            y=points[own, 1],
            customdata=numbers[own].astype(np.int32),
            mode="markers",
            name=name,
            marker=look,
            unselected={"marker": {"opacity": 0.06}},
            hoverinfo="none",
        )
    drawn.add_scattergl(  # SVG traces would lie below these
        x=[], y=[], mode="lines", line={"color": INK, "width": 3}, hoverinfo="none", showlegend=False
    )
    drawn.add_scattergl(
        x=[],
        y=[],
        text=[],
        mode="markers+text",
        textposition="middle center",
        textfont={"size": 12, "color": "#171c2b"},
        marker={"size": 24, "color": "#ffffff", "line": {"width": 3, "color": "#171c2b"}},
        hoverinfo="none",
        showlegend=False,
    )
    corners = np.stack(extent(points)).T.tolist()
    for axis, title, (low, high) in zip((drawn.update_xaxes, drawn.update_yaxes), axes, corners, strict=True):
        margin = (high - low) * 0.04 or 1
        axis(title=title, range=[low - margin, high + margin], zeroline=False)
    if colouring is not None:
        drawn.update_layout(coloraxis=_scale(colouring))
    if behind is not None:
        (left, right), (low, high) = corners
        place = {"x": left, "y": high, "sizex": right - left, "sizey": high - low, "xref": "x", "yref": "y"}
        drawn.add_layout_image(source=behind, sizing="stretch", layer="below", opacity=0.55, **place)
    return drawn


def _scale(colouring: Colouring) -> dict[str, object]:
    """A band for each group; else from the smallest value to the largest but for one in a hundred."""
    bar: dict[str, object] = {
        "title": {"text": colouring.title, "side": "top"},
        "orientation": "h",
        "thickness": 10,
        "len": 1,
        "y": 1.0,
        "yanchor": "bottom",
    }
    if colouring.names:
        colours = st.get_option("theme.chartCategoricalColors")[: len(colouring.names)]
        count = len(colours)
        bands = [[edge / count, colour] for band, colour in enumerate(colours) for edge in (band, band + 1)]
        bar |= {"tickvals": list(range(count)), "ticktext": list(colouring.names)}
        return {"colorscale": bands, "cmin": -0.5, "cmax": count - 0.5, "colorbar": bar}
    low, high = float(colouring.values.min()), float(np.percentile(colouring.values, 99))
    return {"cmin": low, "cmax": high if high > low else low + 1, "colorscale": "Viridis", "colorbar": bar}
