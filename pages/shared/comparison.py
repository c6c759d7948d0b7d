"""The losses of several runs in one Plotly figure, which changes only with what is chosen."""

import html
import math
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from aecore.analysis.curves import Track, thin
from pages.shared.curves import MOST_POINTS, UNITS
from pages.shared.figures import BELOW

LOSSES = {"train_loss": "Training", "validation_loss": "Validation"}


def losses(tracks: Mapping[str, Track], which: str, unit: str, log: bool) -> go.Figure:
    """A line for each track, by its run's name: the `which` (one of LOSSES) of each epoch along `unit`."""
    figure = go.Figure(
        layout={"height": 340 + 14 * len(tracks), "margin": {"t": 10, "b": 10}, "hovermode": "x"}
    )
    positive = []
    for name, track in tracks.items():
        rows = [(epoch.step, getattr(epoch, which)) for epoch in track.epochs]
        rows = [(step, loss) for step, loss in rows if loss is not None and math.isfinite(loss)]
        steps, values = np.array([step for step, _ in rows]), np.array([loss for _, loss in rows])
        kept = thin(values, MOST_POINTS)
        positive += [loss for loss in values if loss > 0]
        figure.add_scatter(
            name=html.escape(name),
            x=track.along(unit, steps[kept]) if rows else [],
            y=values[kept],
            mode="lines+markers" if len(kept) < 40 else "lines",
            hovertemplate="%{y:.5f}<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(title=UNITS[unit], rangemode="tozero")
    if unit == "epoch" and max((len(track.epochs) for track in tracks.values()), default=0) < 8:
        figure.update_xaxes(dtick=1)  # no half epochs
    figure.update_yaxes(title=f"{LOSSES[which]} loss", exponentformat="none")
    if log:
        span = math.log10(max(positive) / min(positive)) if positive else 0
        # Plotly then marks 1, 2 and 5 times each power of ten, and powers alone where there are many; each is
        # written out: by itself it would say 5 for 0.05
        marks = min(7, max(3, math.ceil(span / 0.45)))
        figure.update_yaxes(type="log", nticks=marks, minorloglabels="complete")
    figure.update_layout(showlegend=True, legend=BELOW)
    return figure
