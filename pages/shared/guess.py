"""What a classifier on the codes takes a drawing for, how sure it is, and what it compares it with."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from aecore.data import SOURCES
from aecore.errors import LabError
from aecore.runs import Run
from pages.shared import canvas, restoring, similar
from pages.shared.classes_told import choose
from pages.shared.wording import plain, sentence

if TYPE_CHECKING:
    import numpy as np

SHOWN = 3
"""Classes at most, the likeliest first."""

MEANS = {
    "probe": "probability",
    "knn": "of its 5 nearest neighbours",
    "svm": "of its duels with other classes won",
    "forest": "of the trees, by their votes",
}


@st.cache_resource(max_entries=8, show_spinner=False)
def learnt(run_id: str, dataset: str, classifier: str, device: str) -> tuple[Any, int]:
    """A classifier fitted to codes of training pictures, and to how many. Raises LabError."""
    from aecore.analysis.classifiers import fitted_at_once

    book = similar.codebook(run_id, dataset, device)
    return fitted_at_once(classifier, book.codes, book.images.train_labels)


def show(run: Run, dataset: str, device: str) -> None:
    """The canvas, what the drawing is taken for, and the pictures nearest to it."""
    names = SOURCES[dataset].class_names
    classifier = choose(default="knn")

    @st.fragment
    def at_work() -> None:
        with st.container(horizontal=True, gap="medium"):
            with st.container(width=canvas.SIDE):
                drawing = restoring.drawn(similar.KEY, dataset)
            with st.container(width=similar.WIDTH):
                if drawing is None:
                    similar.empty()
                    return
                try:
                    with st.spinner("Learning the classes, some seconds the first time"):
                        book = similar.codebook(run.id, dataset, device)
                        machine, count = learnt(run.id, dataset, classifier, device)
                        image, code = book.look_at(restoring.clean(similar.KEY, dataset, drawing))
                    verdict(machine, code, names, MEANS[classifier])
                    similar.neighbours(book, dataset, image, code, similar.PER_LINE)
                except LabError as error:
                    st.error(sentence(str(error)))
                    return
                st.caption(
                    f"Learnt from the codes of {count:,} training pictures; above, those nearest to the "
                    "drawing. Look for what a small stroke changes."
                )

    if similar.is_there(run, dataset, device):
        at_work()


def verdict(machine: Any, code: "np.ndarray", names: tuple[str, ...], means: str) -> None:
    """The classes that most speaks for, with bars."""
    from aecore.analysis.classifiers import support

    shares = support(machine, code[None], len(names))[0]
    answer = names[int(machine.predict(code[None])[0])]
    st.markdown(f"Taken for **{plain(answer)}**: one of the classes must be named, whatever it is.")
    for label in [each for each in (-shares).argsort(kind="stable") if shares[each] > 0][:SHOWN]:
        st.progress(float(min(1.0, shares[label])), f"{plain(names[label])}: {shares[label]:.0%} {means}")
