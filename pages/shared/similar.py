"""Training pictures most similar to one, by its code and by its pixels, and how good they are in general."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from aecore.data import SOURCES
from aecore.errors import LabError
from aecore.runs import Run
from pages.shared import analysis, canvas, pictures, restoring, state
from pages.shared.classes_told import FEATURES
from pages.shared.wording import sentence

if TYPE_CHECKING:
    from aecore.analysis.feature_sets import Codebook
    from aecore.analysis.questions import Arrays

KEY = "classify"
"""Of the canvas, which is one for both parts."""

FOUND, PER_LINE = 10, 5
WIDTH = 420
"""Screen pixels of what stands beside the canvas."""


@st.cache_resource(max_entries=4, show_spinner=False)
def codebook(run_id: str, dataset: str, device: str) -> "Codebook":
    """The training pictures of a data set with a run's codes. Raises LabError."""
    from aecore.analysis.feature_sets import codebook

    return codebook(run_id, device, dataset)


def is_there(run: Run, dataset: str, device: str) -> bool:
    """Whether `codebook` needs no wait; else a bar is drawn until that is so."""
    if not state.takes_long("analysis.feature_sets", run.id, dataset, device=device):
        return True
    title = "Codes of the training pictures"
    return analysis.answered("codebook", run.id, {"dataset": dataset}, device=device, title=title) is not None


def show(run: Run, dataset: str, device: str) -> None:
    """The pictures most similar to what is on the canvas; below, precision over many test pictures."""

    @st.fragment
    def at_work() -> None:
        with st.container(horizontal=True, gap="medium"):
            with st.container(width=canvas.SIDE):
                drawing = restoring.drawn(KEY, dataset)
            with st.container(width=WIDTH):
                if drawing is None:
                    empty()
                    return
                try:
                    with st.spinner("Codes of the training pictures, a moment the first time"):
                        book = codebook(run.id, dataset, device)
                        image, code = book.look_at(restoring.clean(KEY, dataset, drawing))
                    neighbours(book, dataset, image, code, FOUND)
                except LabError as error:
                    st.error(sentence(str(error)))
                    return
                st.caption(
                    f"The {FOUND} nearest of {len(book.codes):,} training pictures, the nearest first. Look "
                    "for what both find similar, and what only one of them does."
                )

    if is_there(run, dataset, device):
        at_work()
    st.subheader("How often the ten most similar are of the same class")
    answer = analysis.answered(
        "retrieval", run.id, {"dataset": dataset}, device=device, title="Precision of similar pictures"
    )
    if answer is not None:
        precision(run, answer, dataset)


def empty() -> None:
    """What to do where nothing is drawn."""
    st.info("The canvas is empty: draw something, or begin with a test picture.", icon=":material/draw:")


def neighbours(book: "Codebook", dataset: str, image: np.ndarray, code: np.ndarray, count: int) -> None:
    """The training pictures nearest to an image, by its code and by its pixels, with their classes."""
    from aecore.analysis.selection import nearest

    names, images = SOURCES[dataset].class_names, book.images
    train = images.train.cpu().numpy()
    for title, (found, _) in {
        "By code": nearest(book.codes, code, count),
        "By pixels": nearest(train, image, count),
    }.items():
        classes = [names[label] for label in images.train_labels[found]]
        row = pictures.Row(title, pictures.rgb(train[found]), [shortened(name) for name in classes])
        st.image(
            pictures.address(pictures.grid([row], per_line=PER_LINE)),
            alt=f"{title}, the most similar training pictures: {', '.join(classes)}",
        )


def shortened(name: str) -> str:
    """A class's name, as much of it as fits under a picture."""
    return name if len(name) <= 8 else f"{name[:7]}…"


def precision(run: Run, answer: "Arrays", dataset: str) -> None:
    """Precision at 10 on the whole and for each class, as a table."""
    names = SOURCES[dataset].class_names
    values = dict(zip(FEATURES, answer["precision"], strict=True))
    best = max(values, key=lambda name: values[name])
    error = float(answer["uncertainty"].max())
    if best == "code":
        told = f"**The code** finds most: {values[best]:.1%} of its ten nearest are of the class."
    else:
        told = (
            f"The baseline wins: {values[best]:.1%} by **{FEATURES[best] if best == 'pca' else 'pixels'}**, "
            f"{values['code']:.1%} by the code."
        )
    st.markdown(f"{told} Standard error of each: {error:.1%}.")
    rows = [
        {"By": title, "All": f"{answer['precision'][row]:.1%}"}
        | {name: _cell(value) for name, value in zip(names, answer["classes"][row], strict=True)}
        for row, title in enumerate(FEATURES.values())
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="precision", alt="Precision at 10 by class")
    st.caption(
        f"Precision at 10: {int(answer['queries'][0]):,} test pictures among {int(answer['gallery'][0]):,} "
        "training pictures, Euclidean distances."
    )
    st.download_button(
        "Precision (CSV)",
        lambda: csv(answer, names),
        f"{run.id}-similar-{dataset}.csv",
        key="precision-csv",
        icon=":material/table:",
        on_click="ignore",
        help="On the whole, with its standard error, and for each class.",
    )


def _cell(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.0%}"


def csv(answer: "Arrays", names: tuple[str, ...]) -> bytes:
    """A line for each of FEATURES."""
    lines = [
        {
            "features": title,
            "precision": answer["precision"][row],
            "uncertainty": answer["uncertainty"][row],
            **dict(zip(names, answer["classes"][row].tolist(), strict=True)),
        }
        for row, title in enumerate(FEATURES.values())
    ]
    return pd.DataFrame(lines).to_csv(index=False).encode()
