"""What sparsity costs: the test errors of a data set's runs against how many of their units are active."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import analysis, figures, state
from pages.shared.wording import plain

MARK = {"top-k": "circle", "winner takes all": "diamond", "L1": "square", "KL": "triangle-up"}

AT_ONCE = 3
"""Runs whose units are being counted, so that one that cannot be counted holds up none of the others."""


@dataclass(frozen=True)
class Point:
    """One run on the chart."""

    name: str
    means: str
    """What makes its codes sparse, in words."""

    active_units: float
    code_size: int
    error: float


def show(run: Run, active: str, device: str) -> None:
    """The chart for the data set of `run`, which is marked, by a name in aecore.analysis.activity.ACTIVE."""
    dataset = run.experiment.data.dataset
    others = [other for other in state.usable_here().values() if other.experiment.data.dataset == dataset]
    judged = [other for other in others if other.experiment.data.plain]
    points: dict[str, Point] = {}
    for asked, other in enumerate(judged):
        if asked - len(points) < AT_ONCE and (point := _point(other, active, device)):
            points[other.id] = point
    baseline = sorted(
        {
            (other.experiment.model.active_count, other.result.pca_mse)
            for other in judged
            if other.result and other.result.pca_mse is not None
        }
    )
    if points:
        st.plotly_chart(
            figure(list(points.values()), points.get(run.id), baseline),
            key="frontier",
            config=figures.PLAIN,
            alt=f"Test error against mean active units of {len(points)} runs on {SOURCES[dataset].title}",
        )
    left_out = len(others) - len(judged)
    missing = len(judged) - len(points)
    told = [
        f"{len(points)} run{'s' * (len(points) != 1)} on {SOURCES[dataset].title}, yours and the lab's.",
        f"Active units of {missing} more are being counted." if missing else "",
        f"Left out: {left_out} with noise or another target." if left_out else "",
        "Look for the lower left: few active units and a small error. The line is PCA with as many numbers. "
        "A code that nothing makes sparse has all its units active.",
    ]
    st.caption(" ".join(sentence for sentence in told if sentence))


def figure(points: Sequence[Point], own: Point | None, baseline: Sequence[tuple[int, float]]) -> go.Figure:
    """Runs as points, a colour for each means of sparsity, and PCA (numbers, error) as a line."""
    chart = go.Figure(layout={"height": 440, "margin": {"t": 10, "b": 10}})
    for means in sorted({point.means for point in points}):
        those = [point for point in points if point.means == means]
        chart.add_scatter(
            name=means,
            x=[point.active_units for point in those],
            y=[point.error for point in those],
            mode="markers",
            marker={"size": 11, "symbol": MARK.get(means, "x" if " and " in means else "circle-open")},
            customdata=[(html.escape(point.name), point.code_size) for point in those],
            hovertemplate="%{customdata[0]}<br>%{x:.1f} of %{customdata[1]:,} units active<br>"
            "test error %{y:.5f}<extra>%{fullData.name}</extra>",
        )
    if baseline:
        chart.add_scatter(
            name="PCA",
            x=[size for size, _ in baseline],
            y=[error for _, error in baseline],
            mode="lines+markers",
            line={"dash": "dot", "color": "#757c8d"},
            marker={"size": 5},
            hovertemplate="PCA with %{x} numbers: %{y:.5f}<extra></extra>",
        )
    if own:
        chart.add_scatter(
            name="this model",
            x=[own.active_units],
            y=[own.error],
            mode="markers",
            marker={"size": 20, "symbol": "circle-open", "color": "#1bbe6e", "line": {"width": 3}},
            hoverinfo="skip",
        )
    units = [point.active_units for point in points] + [size for size, _ in baseline]
    chart.update_xaxes(title="Mean active units for a picture", **figures.logarithmic(units))
    errors = [point.error for point in points] + [error for _, error in baseline]
    chart.update_yaxes(title="Test error (MSE per pixel)", **figures.logarithmic(errors))
    chart.update_layout(showlegend=True, legend=figures.BELOW)
    return chart


def _point(run: Run, active: str, device: str) -> Point | None:
    """Where a run stands; None while its units are being counted, which is said where this is called."""
    from aecore.analysis.sparsity import means

    assert run.result and run.result.test_mse is not None
    count = run.result.active_units if active == "any" else None
    if count is None:
        answer = _counted(run, active, device)
        if answer is None:
            return None
        count = answer
    return Point(
        name=run.name,
        means=" and ".join(means(run.experiment)) or _otherwise(run),
        active_units=count,
        code_size=run.experiment.model.code_size,
        error=run.result.test_mse,
    )


def _counted(run: Run, active: str, device: str) -> float | None:
    known = analysis.answered(
        "sparsity", run.id, {}, device=device, title=f"Counting active units of {plain(run.name)}"
    )
    return None if known is None else float(known[active][0])


def _otherwise(run: Run) -> str:
    return "variational" if run.experiment.model.kind == "variational" else "dense"
