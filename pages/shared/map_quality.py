"""How good a map is, in numbers, beside the pictures themselves and PCA."""

import math

import pandas as pd
import streamlit as st

from aecore.analysis.questions import Arrays
from aecore.config import ModelConfig

ROWS = {
    "pixels": "Pixels",
    "pca": "PCA",
    "code": "Code",
    "map": "This map",
}
"""What is judged, by the names that `aecore.analysis.neighbourhoods.ROWS` has for it."""


def show(answer: Arrays, model: ModelConfig) -> None:
    """The measures as a table, a row for each of ROWS that has any; for a `model`."""
    sizes = {"pca": f" ({model.pca_size:,})" if model.pca_size else "", "code": f" ({model.code_size:,})"}
    fitted, judged = int(answer["fitted"][0]), int(answer["judged"][0])
    table = pd.DataFrame(
        {
            "": [f"{name}{sizes.get(row, '')}" for row, name in ROWS.items()],
            "kNN": [_cell(value, ".1%") for value in answer["knn"]],
            "Trustworthiness": [_cell(value, ".3f") for value in answer["trust"]],
            "Silhouette": [_cell(value, ".3f") for value in answer["silhouette"]],
        }
    )
    table = table[[any(value != "–" for value in row[1:]) for row in table.itertuples(index=False)]]
    st.dataframe(
        table, hide_index=True, key="quality-table", alt="Measures of the map, beside pixels and PCA"
    )
    on_map = list(ROWS).index("map")
    only_judged = math.isnan(answer["knn"][on_map]) and not math.isnan(answer["trust"][on_map])
    placeless = " t-SNE has no place for training pictures, so there is no kNN on it." if only_judged else ""
    st.caption(
        f"**kNN**: how often most of the 5 nearest of {fitted:,} training pictures have the right "
        "class. **Trustworthiness**: whether the 5 nearest are near in pixels, too; 1 if so. **Silhouette**: "
        f"whether classes lie apart, from −1 to 1. Measured on {judged:,} test pictures. Look for a code "
        f"that keeps up with the pictures at a fraction of their size.{placeless}"
    )


def _cell(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form).replace("-", "−")
