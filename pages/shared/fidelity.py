"""How good new pictures are: a table and dots of their Fréchet distances."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import analysis, figures

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

WITH = {"normal": "N(0, 1)", "gaussian": "its Gaussian", "mixture": "its mixture"}
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
    st.markdown(told(answer))
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
            dots(found),
            key="fidelity-dots",
            config=figures.PLAIN,
            alt="Fréchet distance of each way to draw pictures, as dots with whiskers on a logarithmic axis",
        )
    source = SOURCES[run.experiment.data.dataset]
    st.caption(
        f"Each figure compares {int(answer['count'][0]):,} pictures with the {int(answer['judged'][0]):,} "
        "real test pictures, by the Fréchet distance (Heusel et al., 2017) in the 64 features of a small "
        f"classifier trained on {source.title}, which names **{answer['accuracy'][0]:.1%}** of the test "
        "pictures. It has no unit, and can be compared for one data set only. Dots are means over three "
        "draws, whiskers and ± their standard deviation. Grey dots bound it: training pictures as they are, "
        "and one picture again and again."
    )


def values(answer: "Arrays") -> dict[str, np.ndarray]:
    """The distances (seeds,) of each row that applies."""
    rows = dict(zip(ROWS, answer["distance"], strict=True))
    return {name: row for name, row in rows.items() if np.isfinite(row).all()}


def told(answer: "Arrays") -> str:
    """In words: which density is best, and whether a baseline is as good."""
    found = values(answer)
    means = {name: float(row.mean()) for name, row in found.items()}
    best = min(OURS, key=lambda name: means[name])
    other = "normal" if best != "normal" else "mixture"
    words = (
        f"Distance from real test pictures (Fréchet; lower is better): **{means[best]:,.1f}** with "
        f"{WITH[best]}, {means[other]:,.1f} with {WITH[other]}. Real training pictures "
        f"get {means['training']:,.1f}."
    )
    close = [name for name in OURS if name != best and found[name].min() <= found[best].max()]
    if close:
        words += f" Within chance, it is as good with {' and '.join(WITH[name] for name in close)}."
    if "pca" in means:
        pca = f"a mixture on PCA, without any network, gets {means['pca']:,.1f}"
        if found["pca"].max() < found[best].min():
            words += f" **The baseline wins**: {pca}."
        elif found["pca"].min() <= found[best].max():
            words += f" **The baseline is as good**, within chance: {pca}."
        else:
            words += f" {pca[0].upper()}{pca[1:]}."
    blurred = found["redrawn"].min() > found["training"].max()  # by more than chance
    if blurred and means["redrawn"] > 0.5 * means[best]:
        words += (
            f" Redrawn training pictures already get {means['redrawn']:,.1f}, so part of it is the decoder's "
            "blur."
        )
    return words


def table(found: dict[str, np.ndarray]) -> pd.DataFrame:
    """A row for each, the best first."""
    order = sorted(found, key=lambda name: found[name].mean())
    return pd.DataFrame(
        {
            "Pictures from": [ROWS[name] for name in order],
            "Distance": [f"{found[name].mean():,.1f} ± {found[name].std(ddof=1):.1f}" for name in order],
        }
    )


def dots(found: dict[str, np.ndarray]) -> go.Figure:
    """The same as dots with whiskers, the best at the top."""
    order = sorted(found, key=lambda name: -found[name].mean())
    means = [float(found[name].mean()) for name in order]
    spreads = [float(found[name].std(ddof=1)) for name in order]
    figure = go.Figure(layout={"height": 300, "margin": {"t": 5, "b": 10, "l": 5, "r": 5}})
    for name, mean, spread in zip(order, means, spreads, strict=True):
        colour = COLOURS.get(name, figures.COLOURS[0])
        figure.add_scatter(
            x=[mean],
            y=[ROWS[name]],
            mode="markers",
            marker={"color": colour, "size": 7},
            error_x={"array": [spread], "color": colour},
            showlegend=False,
            hovertemplate=f"%{{y}}: %{{x:,.1f}} ± {spread:.1f}<extra></extra>",
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
