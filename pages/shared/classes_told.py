"""Four classifiers on codes, principal components and pixels: accuracy, confusion and time in a table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import address, analysis, class_figures, figures
from pages.shared.analysis import Ask

if TYPE_CHECKING:
    from aecore.analysis.questions import Arrays

FEATURES = {"code": "Code", "pca": "PCA", "pixels": "Pixels"}
"""By the names, and in the order, of aecore.analysis.feature_sets.FEATURES."""

CLASSIFIERS = {
    "probe": "Linear probe",
    "knn": "Neighbours",
    "svm": "SVM",
    "forest": "Random forest",
}
"""By the names of aecore.analysis.classifiers.CLASSIFIERS."""

QUICKEST = ("forest", "knn", "svm", "probe")
"""In this order they are asked for: with many pictures the last takes minutes."""

HEIGHT = 178
"""Of the table with a row for each."""

SETTINGS = (
    "**Linear probe**: logistic regression, 200 iterations at most; its strength, 0.01, 0.1 or 1, is chosen "
    "on a sixth of the training pictures. **Neighbours**: most of the 5 nearest. **SVM**: Gaussian kernel, "
    "C = 10, on at most 10,000 training pictures. **Random forest**: 100 trees, at most 20,000. Every seed "
    "is 0. All features are divided by one number, their standard deviation on training pictures. PCA is "
    "fitted to those. Seconds are of the machine that computed this, beside whatever else it did; for the "
    "lab's own models that may be another."
)


def choose(key: str = "classifier", default: str = "probe") -> str:
    """One of CLASSIFIERS."""
    return address.choose(
        "Classifier",
        CLASSIFIERS,
        key=key,
        default=default,
        refusal="The linked classifier is unknown: this is another one.",
        widget=st.segmented_control,
        wrap=True,
    )


def choose_features() -> str:
    """One of FEATURES."""
    return address.choose(
        "On",
        FEATURES,
        key="on",
        default="code",
        refusal="The linked features are unknown: these are the codes.",
        widget=st.segmented_control,
        wrap=True,
    )


def show(run: Run, dataset: str, device: str) -> None:
    """All classifiers on all features, and for one of both what is taken for what."""
    names = SOURCES[dataset].class_names
    asked = {
        CLASSIFIERS[name]: Ask("classifying", run.id, {"classifier": name, "dataset": dataset})
        for name in QUICKEST
    }

    def show_them(found: "dict[str, Arrays]") -> None:
        if not found:
            st.skeleton(height=HEIGHT)
            return
        found = {title: found[title] for title in CLASSIFIERS.values() if title in found}
        st.markdown(told(found))
        st.dataframe(
            table(found), hide_index=True, key="accuracies", alt="Accuracy and time of each classifier"
        )
        st.caption(SETTINGS)
        st.download_button(
            "Accuracies (CSV)",
            lambda: csv(found, names),
            f"{run.id}-classifiers-{dataset}.csv",
            key="accuracies-csv",
            icon=":material/table:",
            on_click="ignore",
            help="Accuracy, its standard error, seconds, and how often each class was taken for which.",
        )

    analysis.answers(asked, show_them, device=device, title="Classifiers")
    st.subheader("What is taken for what")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        classifier, features = choose(default="knn"), choose_features()
    answer = analysis.answered(*asked[CLASSIFIERS[classifier]], device=device, title="Classifier")
    if answer is None:
        return
    st.plotly_chart(
        class_figures.table_of_classes(
            answer["confusion"][list(FEATURES).index(features)],
            names,
            names,
            "True class",
            dark=st.context.theme.type == "dark",
        ),
        key="confusion",
        config=figures.PLAIN,
        alt=f"How often {CLASSIFIERS[classifier]} on {FEATURES[features]} takes each class for which",
    )
    st.caption("Test pictures of each class, and what they are taken for. Look for colour off the diagonal.")


def told(found: "Mapping[str, Arrays]") -> str:
    """In a sentence for each: where the code is the best, and where it is not."""
    sentences = []
    best, at = "", -1.0
    for name, answer in found.items():
        for feature, accuracy in zip(FEATURES.values(), answer["accuracy"], strict=True):
            if accuracy > at:
                best, at = f"{name} on {_named(feature)}", float(accuracy)
    so_far = " so far" if len(found) < len(CLASSIFIERS) else ""
    sentences.append(f"The best{so_far} is **{best}**: {at:.1%} of the test pictures.")
    ahead: dict[bool, list[str]] = {True: [], False: []}  # by more than chance, or not
    for name, answer in found.items():
        accuracy = dict(zip(FEATURES.values(), answer["accuracy"], strict=True))
        winner = max(accuracy, key=lambda feature: accuracy[feature])
        if accuracy[winner] > accuracy["Code"]:
            sure = bool(accuracy[winner] - accuracy["Code"] > 2 * answer["uncertainty"].max())
            ahead[sure].append(
                f"{name if name == 'SVM' else name.lower()} ({_named(winner)} {accuracy[winner]:.1%})"
            )
    if ahead[True]:
        sentences.append(f"A baseline beats the code with {', '.join(ahead[True])}.")
    if ahead[False]:
        sentences.append(f"A baseline is ahead, but no more than by chance, with {', '.join(ahead[False])}.")
    if len(found) == len(CLASSIFIERS) and not ahead[True] + ahead[False]:
        sentences.append("With no classifier does PCA or do pixels beat the code.")
    error = max(float(answer["uncertainty"].max()) for answer in found.values())
    sentences.append(f"Standard error of each: {error:.1%} or less.")
    return " ".join(sentences)


def _named(feature: str) -> str:
    return feature if feature == "PCA" else {"Code": "the code", "Pixels": "pixels"}[feature]


def table(found: "Mapping[str, Arrays]") -> pd.DataFrame:
    """A row for each classifier."""
    sizes = next(iter(found.values()))["size"]
    heads = [f"{name} ({size:,})" for name, size in zip(FEATURES.values(), sizes, strict=True)]
    rows = []
    for name, answer in found.items():
        row = {"Classifier": name}
        row |= {head: f"{value:.1%}" for head, value in zip(heads, answer["accuracy"], strict=True)}
        for title, key in (("Fit", "fit"), ("Predict", "predict")):
            row[f"{title}, s: code / PCA / pixels"] = " / ".join(map(_seconds, answer[key]))
        row["Learnt from"] = f"{int(answer['learnt'][0]):,}"
        rows.append(row)
    return pd.DataFrame(rows)


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def csv(found: "Mapping[str, Arrays]", names: tuple[str, ...]) -> bytes:
    """A line for each classifier and features: figures, and every cell of the confusion matrix."""
    lines = []
    for name, answer in found.items():
        for row, feature in enumerate(FEATURES.values()):
            line = {"classifier": name, "features": feature}
            line |= {key: answer[key][row] for key in ("size", "accuracy", "uncertainty", "fit", "predict")}
            line |= {key: int(answer[key][0]) for key in ("learnt", "judged")}
            for true, counts in zip(names, answer["confusion"][row], strict=True):
                line |= {f"{true} as {taken}": int(n) for taken, n in zip(names, counts, strict=True)}
            lines.append(line)
    return pd.DataFrame(lines).to_csv(index=False).encode()
