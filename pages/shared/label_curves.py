"""Accuracy against the number of labels: codes, PCA and pixels, and encoders that go on learning."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from aecore import runs
from aecore.data import SOURCES
from aecore.errors import LabError
from aecore.runs import Run
from pages.shared import address, analysis, class_figures, figures, state
from pages.shared.analysis import Ask
from pages.shared.class_figures import Look
from pages.shared.classes_told import CLASSIFIERS, FEATURES, choose
from pages.shared.wording import plain

if TYPE_CHECKING:
    from aecore.analysis.questions import Arrays

TUNED, FRESH = "Fine-tuned", "From scratch"
OTHER = "Fine-tuned, from "
LOOKS = {"Code": Look(0), "PCA": Look(1), "Pixels": Look(2), TUNED: Look(0, "dash"), FRESH: Look(5, "dash")}
HEIGHT = 420
FEW = 100


def show(run: Run, dataset: str, device: str) -> None:
    """Curves of all of these on labels of one data set, and who wins with a hundred labels."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        classifier = choose()
        other = _other(run, dataset)
    settings = {"classifier": classifier, "dataset": dataset}
    asked = {
        title: Ask("few-labels", run.id, {"features_of": name} | settings) for name, title in FEATURES.items()
    }
    asked[TUNED] = Ask("fine-tuning", run.id, {"start": "trained", "dataset": dataset})
    asked[FRESH] = Ask("fine-tuning", run.id, {"start": "fresh", "dataset": dataset})
    looks = dict(LOOKS)
    if other:
        name = f"{OTHER}{other.name}"
        asked[name] = Ask("fine-tuning", other.id, {"start": "trained", "dataset": dataset})
        looks[name] = Look(3, "dash")

    def show_them(curves: "dict[str, Arrays]") -> None:
        if not curves:
            st.skeleton(height=HEIGHT)
            return
        st.markdown(told(curves))
        st.plotly_chart(
            class_figures.accuracy_by_labels(curves, looks),
            key="label-curves",
            config=figures.PLAIN,
            alt=f"Test accuracy of {', '.join(curves)} against the number of labels",
        )
        st.download_button(
            "Curves (CSV)",
            lambda: csv(curves),
            f"{run.id}-labels-{dataset}.csv",
            key="labels-csv",
            icon=":material/table:",
            on_click="ignore",
            help="The accuracy of every draw, with the seed it was drawn with.",
        )

    analysis.answers(asked, show_them, device=device, title="Curves")
    st.caption(
        "Bands reach from the worst draw to the best: up to 1,000 labels 5 draws of who has one, "
        "then 3, seeds 0, 1, ...; with all labels nothing is drawn. SVM learns from 10,000 labels at most, "
        "the forest from 20,000. As many of each class. Solid: "
        f"{_lower(CLASSIFIERS[classifier])} on features that no label had a part in. Dashed: the whole "
        "encoder and a layer upon its code learn the labels (Adam, rate 0.001, batches of 32, 200 steps and "
        "5 epochs at least), from what the model learnt, or from its first weights. Test pictures of "
        f"{SOURCES[dataset].title}. Look for where solid lines are overtaken."
    )


def _other(run: Run, dataset: str) -> Run | None:
    """A model trained on another data set, to be fine-tuned on the same labels."""
    try:
        usable = state.usable(runs.list_runs())
    except LabError:  # a damaged notebook; choosing a model has said so
        usable = state.usable([])
    shape = run.experiment.model.image_shape
    elsewhere = {
        each.id: each
        for each in usable.values()
        if each.experiment.model.image_shape == shape
        and each.experiment.data.dataset != dataset
        and each.id != run.id
    }
    model = run.experiment.model
    alike = [
        each.id
        for each in elsewhere.values()
        if (each.experiment.model.kind, each.experiment.model.code_size) == (model.kind, model.code_size)
    ]
    chosen = address.choose(
        "Also fine-tuned, trained on other pictures",
        {"none": "None"} | state.labels(elsewhere),
        key="other",
        default=next(iter([*alike, "none"])),
        refusal="The linked other model cannot be compared here: this is the usual one.",
        width=300,
    )
    return elsewhere.get(chosen)


def told(curves: "Mapping[str, Arrays]") -> str:
    """Who is best with few labels, and whether the draws leave a doubt."""
    ranked = []
    for name, curve in curves.items():
        at = int(np.abs(np.log(curve["labels"] / FEW)).argmin())
        ranked.append((float(curve["mean"][at]), name, float(curve["low"][at]), float(curve["high"][at])))
        labels = int(curve["labels"][at])
    ranked.sort(reverse=True)
    parts = [f"{plain(name)} {mean:.1%} ({low:.1%} to {high:.1%})" for mean, name, low, high in ranked]
    sentence = f"With {labels:,} labels: **{parts[0]}**" + "".join(f", {part}" for part in parts[1:]) + "."
    if len(ranked) > 1:
        sure = ranked[0][2] > ranked[1][3]
        sentence += (
            " Its worst draw is better than the best of the next."
            if sure
            else " The bands of the first two overlap."
        )
    by_name = {name: mean for mean, name, *_ in ranked}
    if {TUNED, FRESH, "Code", "Pixels"} <= set(by_name):
        ours = max(by_name[TUNED], by_name["Code"])
        beaten = [name for name in (FRESH, "Pixels", "PCA") if name in by_name and by_name[name] >= ours]
        sentence += (
            f" What the model learnt without labels does not pay here: {' and '.join(beaten)} "
            f"{'are' if len(beaten) > 1 else 'is'} as good or better."
            if beaten
            else " What the model learnt without labels pays here."
        )
    return sentence


def _lower(name: str) -> str:
    return name if name == "SVM" else name.lower()


def csv(curves: "Mapping[str, Arrays]") -> bytes:
    """A line for each method, number of labels and draw."""
    lines = [
        {"method": name, "labels": int(labels), "seed": seed, "accuracy": accuracy}
        for name, curve in curves.items()
        for labels, row in zip(curve["labels"], curve["accuracy"], strict=True)
        for seed, accuracy in enumerate(row)
        if not np.isnan(accuracy)
    ]
    return pd.DataFrame(lines).to_csv(index=False).encode()
