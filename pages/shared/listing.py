"""Runs as rows of a table."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.column_config import DatetimeColumn, NumberColumn, TextColumn

from aecore.runs import Run
from pages.shared import form
from pages.shared.controls import BADGES
from pages.shared.wording import learning_rate

Row = dict[str, Any]


def columns() -> dict[str, Any]:
    """For st.dataframe; times are those of the visitor's own clock.

    With the box that chooses a row, a phone (358 pixels) ends behind the gain and a laptop (820) behind what
    was changed, so that no column is cut in two there.
    """
    return {
        "name": TextColumn("Name", pinned=True, width=193),
        "error": NumberColumn(
            "Test error",
            format="%.5f",
            width=74,
            help="Mean squared error per pixel on images it never saw.",
        ),
        "gain": NumberColumn("Gain", format="%.2f×", width=56, help="PCA's error divided by the run's."),
        "pca": NumberColumn(
            "PCA",
            format="%.5f",
            width=68,
            help="The error of PCA with as many numbers as a code has other than zero.",
        ),
        "code": NumberColumn("Code size", width=74, help="How many numbers an image becomes."),
        "status": TextColumn("Status", width=90),
        "from": TextColumn("From", width=62, help="Trained here, or come with the lab."),
        "changed": TextColumn(
            "Changed",
            width=168,
            help="Settings that are not those of its recipe, and a learning rate set while it trained.",
        ),
        "seconds": NumberColumn("Trained in", format="%.1f s"),
        "created": DatetimeColumn("Begun", format="YYYY-MM-DD HH:mm", timezone=st.context.timezone),
        "data": TextColumn("Images"),
        "recipe": TextColumn("Recipe", help="What it began as."),
        "note": TextColumn("Note", width="medium"),
    }


def row(run: Run, status: str, origin: str) -> Row:
    """One run as `columns` show it; `origin` says where it comes from."""
    result, experiment = run.result, run.experiment
    return {
        "name": run.name,
        "error": result and result.test_mse,
        "gain": result and result.gain_over_pca,
        "pca": result and result.pca_mse,
        "code": experiment.model.code_size,
        "status": BADGES[status][0],
        "from": origin,
        "changed": _changed(run),
        "seconds": result and result.seconds,
        "created": datetime.fromisoformat(run.created),
        "data": experiment.data.dataset,
        "recipe": experiment.recipe,
        "note": run.note,
    }


def _changed(run: Run) -> str | None:
    """Settings other than the recipe's, and what was changed while it trained."""
    changed, rate = form.told_of(run.experiment), run.result and run.result.rate_by_hand
    if not rate:
        return changed
    by_hand = f"{learning_rate(run.experiment.train, rate)} by hand"
    return by_hand if changed in (None, "nothing") else f"{changed}, {by_hand}"


def offer(rows: Sequence[Row], ids: Sequence[str]) -> None:
    """A button that gives the table away, every column of it."""
    st.download_button(
        "Table (CSV)",
        lambda: as_csv(rows, ids),
        "runs.csv",
        key="csv",
        icon=":material/table:",
        on_click="ignore",
        help="Every run with all its columns, one line each, as CSV.",
    )


def as_csv(rows: Sequence[Row], ids: Sequence[str]) -> bytes:
    """The table for a spreadsheet, each run with its id."""
    lines = [{"run": run_id} | row for run_id, row in zip(ids, rows, strict=True)]
    return pd.DataFrame(lines).map(_no_formula).to_csv(index=False).encode()


def _no_formula(value: Any) -> Any:
    """A name that a spreadsheet would compute is marked as text: on a public host anybody writes names."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
