"""How good new pictures are: a table and bars of their Fréchet distances."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import analysis, figures
from pages.shared.wording import plain

if TYPE_CHECKING:
    from aecore.analysis.questions import Arrays

ROWS = {
    "normal": "N(0, 1)",
    "gaussian": "Gaussian of its codes",
    "mixture": "Mixture on its codes",
    "pca": "Mixture on PCA, no network",
    "redrawn": "Training pictures, redrawn",
    "training": "Training pictures",
    "mean": "Mean picture, repeated",
}
"""By the names, and in the order, of aecore.analysis.fidelity.ROWS."""

OURS = ("normal", "gaussian", "mixture")
BOUNDS = ("redrawn", "training", "mean")
COLOURS = {"pca": figures.COLOURS[1]} | dict.fromkeys(BOUNDS, "#757c8d")


def show(run: Run, device: str) -> None:
    """The distances of a run's samples, once they are known."""
    answer = analysis.answered(
        "generation", run.id, {}, device=device, title="Drawing and judging thousands of pictures"
    )
    if answer is None:
        return
    st.markdown(told(run, answer))
    found = values(answer)
    left, right = st.columns([1, 1], gap="medium")
    with left:
        st.dataframe(
            table(found), hide_index=True, key="fidelity", alt="Fréchet distance of each way to draw"
        )
        st.download_button(
            "Distances (CSV)",
            lambda: csv(answer),
            f"{run.id}-generation.csv",
            key="fidelity-csv",
            icon=":material/table:",
            on_click="ignore",
        )
    with right:
        st.plotly_chart(
            bars(found),
            key="fidelity-bars",
            config=figures.PLAIN,
            alt="Fréchet distance of each way to draw pictures, as bars on a logarithmic axis",
        )
    source = SOURCES[run.experiment.data.dataset]
    st.caption(
        f"Fréchet distance (Heusel et al., 2017) of {int(answer['count'][0]):,} pictures from "
        f"{int(answer['judged'][0]):,} test pictures, in the 64 features of a small classifier trained on "
        f"{source.title}, which names **{answer['accuracy'][0]:.1%}** of the test pictures. Less is better; "
        "it has no unit, and can be compared for one data set only. Means over three draws, ± their standard "
        "deviation. Grey bars bound it: training pictures as they are, and one picture again and again."
    )


def values(answer: "Arrays") -> dict[str, np.ndarray]:
    """The distances (seeds,) of each row that applies."""
    rows = dict(zip(ROWS, answer["distance"], strict=True))
    return {name: row for name, row in rows.items() if np.isfinite(row).all()}


def told(run: Run, answer: "Arrays") -> str:
    """In words: which density is best, and whether a baseline is as good."""
    found = values(answer)
    means = {name: float(row.mean()) for name, row in found.items()}
    best = min(OURS, key=lambda name: means[name])
    words = (
        f"Pictures of **{plain(run.name)}** are best from its **{_within(best)}**: "
        f"{means[best]:,.1f}, beside {means['normal']:,.1f} from N(0, 1)"
        if best != "normal"
        else f"Pictures of **{plain(run.name)}** are best from **N(0, 1)**: {means[best]:,.1f}, beside "
        f"{means['mixture']:,.1f} from the mixture"
    )
    words += f"; training pictures themselves have {means['training']:,.1f}."
    if "pca" in means:
        wins = found["pca"].max() < found[best].min()
        ties = not wins and found["pca"].min() <= found[best].max()
        if wins:
            words += (
                f" **The baseline wins**: a mixture on PCA, without any network, has {means['pca']:,.1f}."
            )
        elif ties:
            words += f" A mixture on PCA, without any network, is as good within chance: {means['pca']:,.1f}."
        else:
            words += f" A mixture on PCA, without any network, has {means['pca']:,.1f}."
    if means["redrawn"] > 0.5 * means[best]:
        words += " Much of it the decoder alone is to blame for: redrawn pictures have " + (
            f"{means['redrawn']:,.1f}."
        )
    return words


def _within(name: str) -> str:
    return {"gaussian": "Gaussian", "mixture": "mixture"}[name]


def table(found: dict[str, np.ndarray]) -> pd.DataFrame:
    """A row for each, the best first."""
    order = sorted(found, key=lambda name: found[name].mean())
    return pd.DataFrame(
        {
            "Pictures from": [ROWS[name] for name in order],
            "Distance": [f"{found[name].mean():,.1f} ± {found[name].std(ddof=1):.1f}" for name in order],
        }
    )


def bars(found: dict[str, np.ndarray]) -> go.Figure:
    """The same as bars, the best at the top."""
    order = sorted(found, key=lambda name: -found[name].mean())
    means = [float(found[name].mean()) for name in order]
    figure = go.Figure(layout={"height": 300, "margin": {"t": 5, "b": 10, "l": 5, "r": 5}})
    figure.add_bar(
        x=means,
        y=[ROWS[name] for name in order],
        orientation="h",
        marker={"color": [COLOURS.get(name, figures.COLOURS[0]) for name in order]},
        hovertemplate="%{y}: %{x:,.1f}<extra></extra>",
    )
    figure.update_xaxes(title="Fréchet distance, logarithmic", **figures.logarithmic(means))
    powers = [10**power for power in range(-3, 7)]  # there is no room for more marks
    figure.update_xaxes(tickvals=powers, ticktext=[f"{power:,g}" for power in powers])
    figure.update_yaxes(automargin=True)
    return figure


def csv(answer: "Arrays") -> bytes:
    """A line for each row: its distance with each seed, their mean and standard deviation, and of what."""
    lines = [
        {
            "pictures from": ROWS[name],
            **{f"seed {seed}": value for seed, value in enumerate(row.tolist())},
            "mean": row.mean(),
            "standard deviation": row.std(ddof=1),
            "pictures": int(answer["count"][0]),
            "test pictures": int(answer["judged"][0]),
            "classifier's accuracy": float(answer["accuracy"][0]),
        }
        for name, row in values(answer).items()
    ]
    return pd.DataFrame(lines).to_csv(index=False).encode()
