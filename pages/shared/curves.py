"""Losses as figures: live while a run is trained, and side by side when runs are compared."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from aecore.analysis.curves import Track, exponential_mean, moving_mean, thin
from aecore.jobs import Live
from aecore.runs import Run, read_history

MOST_POINTS = 500
LAST_STEPS = 100
UNITS = {"step": "Steps", "epoch": "Epochs", "second": "Seconds"}
SCALES = {"log": "Logarithmic", "linear": "Linear"}
SMOOTHING = {"none": "None", "exponential": "Exponential mean", "moving": "Moving mean"}


@dataclass(frozen=True, kw_only=True)
class View:
    """How people want to see a curve."""

    unit: str = "step"
    """One of UNITS."""

    scale: str = "log"
    """One of SCALES."""

    smoothing: str = "exponential"
    """One of SMOOTHING."""

    over: int = 20
    """About how many steps are smoothed together."""

    last_steps: bool = False
    """Only the last hundred."""


def track(run: Run, now: Live | None) -> Track:
    """What is known of a run's losses: from its training on this server, else from its folder.

    Raises RunError where the folder's history is damaged.
    """
    epochs, seconds, planned = [], 0.0, 0
    if now and now.step:
        losses, epochs, seconds, planned = now.losses.copy(), now.epochs.copy(), now.seconds, now.steps
        step = now.step
    else:
        history = read_history(run.folder)
        losses, epochs, step = history.losses, history.epochs, len(history.losses)
        seconds = run.result.seconds if run.result else epochs[-1].seconds if epochs else 0.0
    planned_per_epoch = planned / run.experiment.epochs or 1.0
    steps_per_epoch = epochs[0].step / epochs[0].epoch if epochs else planned_per_epoch
    return Track(
        losses=np.asarray(losses),
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        step=step,
        seconds=seconds,
    )


def live(track: Track, view: View, loss: str) -> dict[str, Any]:
    """ECharts options for the losses of one training: always of one structure, so it changes in place."""
    begin = max(0, len(track.losses) - LAST_STEPS) if view.last_steps else 0
    each = track.losses[begin:]
    smooth = _smooth(track.losses, view)[begin:]
    validation = [
        (epoch.step, epoch.validation_loss)
        for epoch in track.epochs
        if epoch.validation_loss is not None and epoch.step > begin
    ]
    log = view.scale == "log"
    bounds = _around(np.concatenate([each, [value for _, value in validation]])) if log else {}
    blue, orange = st.get_option("theme.chartCategoricalColors")[:2]
    faint = 1.0 if view.smoothing == "none" else 0.3
    series = [
        _line("Each step", _points(track, view, begin, each), blue, 1, faint)
        | {"markArea": _bands(track, view, begin)},
        _line("Smoothed", _points(track, view, begin, smooth), blue, 2.5, 1),
        _line("Validation", _epoch_points(track, view, validation), orange, 2.5, 1)
        | {"showSymbol": len(validation) < 40, "symbolSize": 6},
    ]
    drawn = [line["name"] for line in series if line["data"]]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 34, "bottom": 28, "containLabel": True},
        "legend": {
            "top": 0,
            "right": 8,
            "icon": "roundRect",
            "itemHeight": 4,
            "itemWidth": 18,
            "data": drawn,
        },
        "tooltip": {"trigger": "axis", "valueFormatter": "%.5f"},
        "xAxis": {
            "type": "value",
            "name": UNITS[view.unit],
            "nameLocation": "middle",
            "nameGap": 26,
            "min": "dataMin",
            "max": "dataMax",
        },
        "yAxis": {"type": "log" if log else "value", "name": f"Loss ({loss})", "scale": True} | bounds,
        "series": series,
    }


def _bands(track: Track, view: View, begin: int) -> dict[str, Any]:
    """A band for every phase of the training that is in view, each other one tinted."""
    bands = []
    for number, (name, first, last) in enumerate(track.phases):
        if last > begin:
            left, right = track.along(view.unit, np.array([max(first, begin), last])).tolist()
            tint = {"color": "#8888881f" if number % 2 else "transparent"}
            bands.append([{"name": name, "xAxis": left, "itemStyle": tint}, {"xAxis": right}])
    return {"silent": True, "label": {"position": "insideTop", "color": "#888888"}, "data": bands}


def _around(values: np.ndarray) -> dict[str, float]:
    """Where a logarithmic axis ends: at 1, 2 or 5 times a power of ten below and above all values."""
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return {}
    marks = np.array([mark * 10.0**power for power in range(-12, 13) for mark in (1, 2, 5)])
    low = max(0, int(np.searchsorted(marks, values.min(), "right")) - 1)
    high = min(len(marks) - 1, max(low + 1, int(np.searchsorted(marks, values.max()))))
    return {"min": float(f"{marks[low]:g}"), "max": float(f"{marks[high]:g}")}


def _smooth(losses: np.ndarray, view: View) -> np.ndarray:
    if view.smoothing == "none":
        return np.empty(0)
    if view.smoothing == "exponential":
        return exponential_mean(losses, 1 - 1 / view.over)
    return moving_mean(losses, view.over)


def _points(track: Track, view: View, begin: int, values: np.ndarray) -> list[list[float | None]]:
    kept = thin(values, MOST_POINTS)
    return _pairs(track.along(view.unit, begin + 1 + kept), values[kept], view)


def _epoch_points(track: Track, view: View, rows: Sequence[tuple[int, float]]) -> list[list[float | None]]:
    steps, values = np.array([step for step, _ in rows]), np.array([value for _, value in rows])
    kept = thin(values, MOST_POINTS)
    return _pairs(track.along(view.unit, steps[kept]), values[kept], view) if rows else []


def _pairs(places: np.ndarray, values: np.ndarray, view: View) -> list[list[float | None]]:
    return [
        [float(f"{place:.6g}"), float(f"{value:.5g}") if _drawable(value, view) else None]
        for place, value in zip(places.tolist(), values.tolist(), strict=True)
    ]


def _drawable(value: float, view: View) -> bool:
    return math.isfinite(value) and (value > 0 or view.scale == "linear")


def _line(name: str, points: list, colour: str, width: float, opacity: float) -> dict[str, Any]:
    return {
        "name": name,
        "type": "line",
        "data": points,
        "showSymbol": False,
        "color": colour,
        "lineStyle": {"width": width, "opacity": opacity},
        "itemStyle": {"opacity": opacity},
        "emphasis": {"disabled": True},
    }
