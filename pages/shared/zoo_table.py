"""The models that come with the lab as a table, each beside its baselines."""

from collections.abc import Sequence

import streamlit as st
from streamlit.column_config import NumberColumn, TextColumn

from aecore.runs import Run

COLUMNS = {  # together as wide as the table on a laptop: none is cut in two
    "name": TextColumn("Model", pinned=True, width=192, help="Its recipe, and what it was trained on."),
    "code": NumberColumn("Code size", width=70, help="How many numbers a picture becomes."),
    "error": NumberColumn(
        "Error",
        format="%.5f",
        width=66,
        help="Mean squared error per pixel, where black is 0 and white is 1.",
    ),
    "pca": NumberColumn(
        "PCA error",
        format="%.5f",
        width=70,
        help="Principal component analysis with as many numbers as a code has other than zero.",
    ),
    "gain": NumberColumn("Gain", format="%.2f×", width=60, help="PCA's error divided by the model's."),
    "mean": NumberColumn(
        "Mean picture",
        format="%.5f",
        width=90,
        help="The error when every picture is answered with the average one: the worst to expect.",
    ),
    "smaller": NumberColumn(
        "Smaller by", format="%.2f×", width=74, help="Numbers in the picture for each number in its code."
    ),
    "network": TextColumn(
        "Network",
        width=124,
        help="Dense: every unit looks at every pixel. Convolutional: small filters slide over the picture. "
        "Variational: dense, with codes drawn at random, in training, about what the encoder says.",
    ),
    "seconds": NumberColumn(
        "Trained in", format="%.0f s", width=70, help="Training time on the machine that made the model."
    ),
}


def show(zoo: Sequence[Run]) -> None:
    """A row for each run that is over, and what to look for."""
    st.caption(
        "Look at *Error*: how far redrawn pictures are from the originals, on pictures the model never saw "
        "in training. Lower is better. *PCA error* is what the classical method, which only scales and adds "
        "pixels, reaches with as many numbers; a dash where those suffice to copy a picture. *Gain* says "
        "how many times smaller the model's error is: at 1× and below the network is not worth its trouble. "
        "*Mean picture* is the error of answering every picture with the average one. *Smaller by* counts "
        "the pixels that the network is given; those of the 8×8 digits were enlarged to 28×28 first."
    )
    st.dataframe(
        [
            {
                "name": run.name,
                "code": run.experiment.model.code_size,
                "error": run.result.test_mse,
                "pca": run.result.pca_mse,
                "gain": run.result.gain_over_pca,
                "mean": run.result.mean_image_mse,
                "smaller": run.experiment.model.compression,
                "network": run.experiment.model.title.partition(",")[0],
                "seconds": run.result.seconds,
            }
            for run in zoo
            if run.result
        ],
        column_config=COLUMNS,
        hide_index=True,
        placeholder="–",
        height="content",
        alt="The trained models that come with the lab, their code size and test error beside two baselines",
    )
