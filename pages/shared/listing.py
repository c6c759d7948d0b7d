"""Runs as rows of a table."""

from datetime import datetime
from typing import Any

import streamlit as st
from streamlit.column_config import DatetimeColumn, NumberColumn, TextColumn

from aecore.runs import Run
from pages.shared.controls import BADGES


def columns() -> dict[str, Any]:
    """For st.dataframe; times are those of the visitor's own clock."""
    return {
        "name": TextColumn("Name", pinned=True, width=150),
        "error": NumberColumn(
            "Test error", format="%.5f", help="Mean squared error per pixel on images it never saw."
        ),
        "gain": NumberColumn("Gain", format="%.1f×", help="PCA's error divided by the run's."),
        "pca": NumberColumn(
            "PCA", format="%.5f", help="The error of PCA with as many numbers as a code has other than zero."
        ),
        "code": NumberColumn("Code size", help="How many numbers an image becomes."),
        "data": TextColumn("Images"),
        "status": TextColumn("Status"),
        "seconds": NumberColumn("Trained in", format="%.1f s"),
        "created": DatetimeColumn("Begun", format="YYYY-MM-DD HH:mm", timezone=st.context.timezone),
        "from": TextColumn("From", help="Trained here, or come with the lab."),
        "recipe": TextColumn("Recipe", help="What it began as."),
        "note": TextColumn("Note", width="medium"),
    }


def row(run: Run, status: str, origin: str) -> dict[str, Any]:
    """One run as `columns` show it; `origin` says where it comes from."""
    result, experiment = run.result, run.experiment
    return {
        "name": run.name,
        "error": result and result.test_mse,
        "gain": result and result.gain_over_pca,
        "pca": result and result.pca_mse,
        "code": experiment.model.code_size,
        "data": experiment.data.dataset,
        "status": BADGES[status][0],
        "seconds": result and result.seconds,
        "created": datetime.fromisoformat(run.created),
        "from": origin,
        "recipe": experiment.recipe,
        "note": run.note,
    }
