"""Clusters that k-means finds without labels, beside the classes."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import analysis, class_figures, figures, pictures
from pages.shared.classes_told import FEATURES, choose_features
from pages.shared.similar import shortened

if TYPE_CHECKING:
    from aecore.analysis.questions import Arrays


def show(run: Run, dataset: str, device: str) -> None:
    """How well the clusters of codes, PCA and pixels fit the classes, and what is in them."""
    answer = analysis.answered("clustering", run.id, {"dataset": dataset}, device=device, title="Clusters")
    if answer is None:
        return
    names = SOURCES[dataset].class_names
    st.markdown(told(answer))
    st.dataframe(table(answer), hide_index=True, key="clusters", alt="Agreement of clusters and classes")
    seeds = answer["ari"].shape[1]
    st.caption(
        f"k-means with {len(names)} clusters on {int(answer['learnt'][0]):,} training pictures, seeds 0 to "
        f"{seeds - 1}; judged by where {int(answer['judged'][0]):,} test pictures fall. **ARI**: adjusted "
        "Rand index, 0 for chance. **NMI**: normalised mutual information. Both are 1 where clusters are the "
        "classes. Tightest: the seed whose clusters are the closest together, which needs no label."
    )
    st.download_button(
        "Clusters (CSV)",
        lambda: csv(answer, names),
        f"{run.id}-clusters-{dataset}.csv",
        key="clusters-csv",
        icon=":material/table:",
        on_click="ignore",
        help="Both measures for every seed, and how many of each class are in each of the tightest clusters.",
    )
    features = choose_features()
    row = list(FEATURES).index(features)
    counts = answer["counts"][row]
    heads = [_content(count, names) for count in counts]
    tiles = pictures.Row("Mean of\neach", pictures.rgb(answer["means"][row]), heads)
    st.image(
        pictures.address(pictures.grid([tiles], per_line=5)),
        alt=f"The mean training picture of each cluster: {', '.join(heads)}",
    )
    st.caption(
        "The mean training picture of each cluster, and how many of the test pictures in it are of its most "
        "frequent class."
    )
    labels = [
        f"no. {number}, mostly {shortened(names[int(count.argmax())])}" if count.any() else f"no. {number}"
        for number, count in enumerate(counts, 1)
    ]
    st.plotly_chart(
        class_figures.table_of_classes(
            counts, labels, names, "Cluster", dark=st.context.theme.type == "dark"
        ),
        key="cluster-table",
        config=figures.PLAIN,
        alt="How many test pictures of each class are in each cluster",
    )
    st.caption("Look for rows with two bright squares, classes in one cluster, and for columns with two.")


def told(answer: "Arrays") -> str:
    """Which features have clusters nearest to the classes."""
    means = dict(zip(FEATURES.values(), answer["ari"].mean(1), strict=True))
    best = max(means, key=lambda name: means[name])
    spans = {name: (row.min(), row.max()) for name, row in zip(FEATURES.values(), answer["ari"], strict=True)}
    others = [name for name in means if name != best]
    sure = all(spans[best][0] > spans[name][1] for name in others)
    doubt = "" if sure else " Seeds matter as much: the spans overlap."
    if best == "Code":
        return (
            f"Clusters of **the code** are nearest to the classes, ARI {means[best]:.2f} on average.{doubt}"
        )
    return (
        f"The baseline wins: clusters of **{best if best == 'PCA' else 'pixels'}** are nearest to the "
        f"classes, ARI {means[best]:.2f} on average; the code's have {means['Code']:.2f}.{doubt}"
    )


def table(answer: "Arrays") -> pd.DataFrame:
    """A row for each of FEATURES."""
    rows = []
    for row, name in enumerate(FEATURES.values()):
        cells = {"On": name}
        for key in ("ari", "nmi"):
            found = answer[key][row]
            cells[f"{key.upper()}, tightest"] = f"{found[answer['tightest'][row]]:.3f}"
            cells[f"{key.upper()}, mean of {len(found)} seeds"] = f"{found.mean():.3f}"
            cells[f"{key.upper()}, span"] = f"{found.min():.3f} to {found.max():.3f}"
        rows.append(cells)
    return pd.DataFrame(rows)


def _content(counts: np.ndarray, names: tuple[str, ...]) -> str:
    most = int(counts.argmax())
    return f"{shortened(names[most])}: {counts[most] / counts.sum():.0%}" if counts.any() else "empty"


def csv(answer: "Arrays", names: tuple[str, ...]) -> bytes:
    """Lines for every seed, then for every tightest cluster."""
    lines: list[dict[str, object]] = []
    for row, feature in enumerate(FEATURES.values()):
        for seed, (ari, nmi) in enumerate(zip(answer["ari"][row], answer["nmi"][row], strict=True)):
            lines.append({"features": feature, "seed": seed, "ari": ari, "nmi": nmi})
        for cluster, counts in enumerate(answer["counts"][row], 1):
            line: dict[str, object] = {"features": feature, "seed": int(answer["tightest"][row])}
            lines.append(line | {"cluster": cluster} | dict(zip(names, counts.tolist(), strict=True)))
    return pd.DataFrame(lines).to_csv(index=False).encode()
