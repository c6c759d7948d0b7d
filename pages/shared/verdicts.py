"""What a threshold on strangeness finds, and how the methods compare without one."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from aecore.analysis.methods import METHODS, OF_THE_MODEL
from pages.shared import address, detectors, live_sliders
from pages.shared.hunt import Found
from pages.shared.live_sliders import Slider
from pages.shared.wording import within

if TYPE_CHECKING:
    from aecore.analysis.detection import Counts, Figures

PASS = {"90": "90 %", "95": "95 %", "99": "99 %"}
FEW = 50
"""Held-out pictures: of fewer, one more or less that passes is 2 % and more."""

BEST_F1 = "Of the threshold that is best in hindsight, with the strange pictures at hand: it flatters."

PLAIN_CHART = {"displayModeBar": False}


def show(found: Found) -> None:
    """The scores with a threshold, and the methods side by side; then what each threshold would do."""
    from aecore.analysis.detection import figures

    judged = {name: figures(*found.by(name)[1:]) for name in found.methods}
    left, right = st.columns([1, 1], gap="medium")
    with left:
        _threshold(found)
    with right:
        _methods(found, judged)
    if not found.hunt.single:
        _curves(found)


def _threshold(found: Found) -> None:
    method = found.hunt.method
    held_out, normal, strange = found.by(method)
    if method not in found.methods:
        st.info(f"{METHODS[method]} does not apply: the code is as large as the picture.")
        return
    low, high = detectors.span(normal, strange)
    figure = detectors.histogram(normal, strange, low, high, found.hunt.single)

    @st.fragment
    def moved() -> None:
        from aecore.analysis.detection import counts, threshold

        share = address.choose(
            "Held-out normal pictures that pass",
            PASS,
            key="pass",
            default="95",
            refusal="The linked share is unknown: this lets 95 % of the normal pictures pass.",
            widget=st.segmented_control,
            help="At least so many. Sets the threshold without looking at anything strange; then move it.",
        )
        st.plotly_chart(
            figure,
            key="histogram",
            config=PLAIN_CHART,
            alt=f"How many normal and strange pictures have each score by {within(METHODS[method])}",
        )
        usual = min(max(threshold(held_out, int(share) / 100), low), high)
        value = _threshold_of(share, usual, low, high)
        place, below = st.container(), st.container()
        with below:
            _count(counts(normal, strange, value), held_out, value)
        with place:
            live_sliders.drawn(
                [Slider("threshold", "Strange is what scores above", low, high, value)],
                key="threshold",
                on_move=lambda now: address.write("at", f"{share}:{now['threshold']:.6g}"),
                wide=True,
            )

    moved()


def _count(told: "Counts", held_out: np.ndarray, value: float) -> None:
    precision = "" if np.isnan(told.precision) else f"precision {told.precision:.1%}, "
    strange, normal = told.found + told.missed, told.false_alarms + told.passed
    st.markdown(
        f"Finds **{told.found:,} of {strange:,}** strange, with **{told.false_alarms:,} false alarms** among "
        f"{normal:,} normal: {precision}recall {told.recall:.1%}."
    )
    st.caption(
        f"{(held_out <= value).mean():.1%} of {len(held_out):,} held-out normal pictures pass"
        f"{': so few that the threshold is rough' * (len(held_out) < FEW)}. Look for how far the two colours "
        "overlap."
    )


def _threshold_of(share: str, usual: float, low: float, high: float) -> float:
    """Where the address says, for this share of normal pictures that pass; else the usual one."""

    rounded = (high - low) / 1000  # what six digits in the address may be beyond a slider's end, and more

    def valid(asked: str) -> bool:
        of, _, value = asked.partition(":")
        try:
            inside = of != share or low - rounded <= float(value) <= high + rounded
            return not asked or of in PASS and inside
        except ValueError:
            return False

    refusal = "The linked threshold is beyond all scores: this is the usual one."
    asked = address.asked("at", "", valid, refusal)
    of, _, value = asked.partition(":")
    return min(max(float(value), low), high) if of == share else usual


def _methods(found: Found, judged: "dict[str, Figures]") -> None:
    from aecore.analysis.anomaly import MOST_FITTED
    from aecore.analysis.detection import rank

    best = max(judged, key=lambda name: judged[name].auroc)
    ours = max((name for name in judged if name in OF_THE_MODEL), key=lambda name: judged[name].auroc)
    if found.hunt.single:
        table = pd.DataFrame(
            {
                "Method": [METHODS[name] for name in judged],
                "Whose": [_whose(name) for name in judged],
                "Place of the strange one": [
                    rank(found.by(name)[1], float(found.by(name)[2][0])) for name in judged
                ],
            }
        )
        total = len(found.normal_numbers) + 1
        first = int((table["Place of the strange one"] == 1).sum())
        st.markdown(
            f"**One strange picture among {total:,}.** {first} of {len(judged)} methods put it first."
        )
        st.dataframe(table, hide_index=True, key="methods")
    else:
        table = pd.DataFrame(
            {
                "Method": [METHODS[name] for name in judged],
                "Whose": [_whose(name) for name in judged],
                **{
                    title: [getattr(each, field) for each in judged.values()]
                    for title, field in (("AUROC", "auroc"), ("AUPR", "aupr"), ("Best F1", "best_f1"))
                },
            }
        ).sort_values("AUROC", ascending=False)
        st.markdown(_sentence(judged, best, ours))
        st.dataframe(
            table,
            hide_index=True,
            key="methods",
            column_config={
                title: st.column_config.NumberColumn(format="%.4f", help=words)
                for title, words in (("AUROC", None), ("AUPR", None), ("Best F1", BEST_F1))
            },
        )
    st.caption(
        f"Baselines, and what is usual among codes, are fitted to {MOST_FITTED:,} of the model's normal "
        "training pictures at most; the model itself learnt from all of its own. The forest's seed is 0."
    )
    st.download_button(
        "Methods (CSV)",
        lambda: table.to_csv(index=False),
        "methods.csv",
        key="methods-csv",
        icon=":material/table:",
        on_click="ignore",
    )


def _sentence(judged: "dict[str, Figures]", best: str, ours: str) -> str:
    if best in OF_THE_MODEL:
        others = [name for name in judged if name not in OF_THE_MODEL]
        second = max(others, key=lambda name: judged[name].auroc)
        return (
            f"**{METHODS[best]}** of the model tells best: AUROC **{judged[best].auroc:.4f}**. The best "
            f"method without it, {within(METHODS[second])}, reaches {judged[second].auroc:.4f}."
        )
    return (
        f"Here **{within(METHODS[best])}**, which needs no model, tells best: AUROC "
        f"**{judged[best].auroc:.4f}**. The model's best, {within(METHODS[ours])}, reaches "
        f"{judged[ours].auroc:.4f}."
    )


def _whose(name: str) -> str:
    return "the model" if name in OF_THE_MODEL else "baseline"


def _curves(found: Found) -> None:
    from aecore.analysis.detection import auroc, curves

    told = {METHODS[name]: curves(*found.by(name)[1:]) for name in found.methods}
    share = len(found.strange_numbers) / (len(found.strange_numbers) + len(found.normal_numbers))
    left, middle, right = st.columns(3, gap="medium")
    with left:
        st.plotly_chart(
            detectors.roc(told, METHODS[found.hunt.method]),
            key="roc",
            config=PLAIN_CHART,
            alt="Share of strange pictures found against share of false alarms, for every method",
        )
    with middle:
        st.plotly_chart(
            detectors.precision_recall(told, METHODS[found.hunt.method], share),
            key="precision",
            config=PLAIN_CHART,
            alt="Precision against recall, for every method",
        )
    if found.hunt.method in found.methods:
        _, normal, strange = found.by(found.hunt.method)
        labels = _labels(found)
        names = found.hunt.from_where.class_names
        areas = {names[label]: auroc(normal, strange[labels == label]) for label in np.unique(labels)}
        with right:
            st.plotly_chart(
                detectors.by_class(areas),
                key="by-class",
                config=PLAIN_CHART,
                alt=f"AUROC of {within(METHODS[found.hunt.method])} for each class of strange pictures",
            )
    st.caption(
        "Thick: the method chosen above; dotted: guessing. Look for the upper left corner where it is about "
        "false alarms, for the upper right one of the precision, and for classes that hide: an AUROC of 0.5 "
        "is guessing."
    )


def _labels(found: Found) -> np.ndarray:
    from pages.shared import state

    return state.images(found.hunt.from_where.name).test_labels.numpy()[found.strange_numbers]
