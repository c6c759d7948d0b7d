"""Pictures before and after the code: which to show, and how they stand under each other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pages.shared import pictures, state

if TYPE_CHECKING:
    from aecore.analysis.comparison import Comparison, Versions
    from aecore.analysis.reconstruction import ClassErrors, Reconstruct
    from aecore.config import Experiment

SHOW = {"random": "At random", "best": "Best", "worst": "Worst"}
"""Which pictures: by chance, or those with the model's smallest or largest errors."""


def indices(
    show: str, errors: np.ndarray, labels: np.ndarray, label: int | None, count: int, draw: int
) -> np.ndarray:
    """At most `count` images to show, as `show` says; only those with `label`, unless that is None."""
    from aecore.analysis.reconstruction import extremes

    if show == "random":
        return state.drawn(labels, label, draw)[:count]
    among = np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)
    best, worst = extremes(errors[among], count)
    return among[best if show == "best" else worst]


def rows(
    images: "Versions",
    model: "Reconstruct",
    pca: "Reconstruct | None",
    compared: "Comparison",
    shown: np.ndarray,
) -> list[pictures.Row]:
    """The compared images that are `shown`: as they were, as the model saw them where that is not the same,
    what it made of them, how far off that is, and the same for PCA. The errors are those of the comparison.
    """
    from aecore.analysis.comparison import redraw

    images = images.at(shown)
    found = [pictures.Row("Original", pictures.rgb(images.targets.cpu().numpy()))]
    if images.differ:
        found.append(pictures.Row("It sees", pictures.rgb(images.inputs.cpu().numpy())))
    methods = [("Redrawn", "Error", model, compared.model), ("PCA", "PCA\nerror", pca, compared.pca)]
    for name, off, method, quality in methods:
        if method is not None and quality is not None:
            after, difference = redraw(method, images)
            texts = [f"{error:.4f}" for error in quality.errors[shown]]
            found.append(pictures.Row(name, pictures.rgb(after)))
            found.append(pictures.Row(off, pictures.signed(difference), texts))
    return found


def about(show: str, draw: int) -> str:
    """What was chosen, and what to look for."""
    if show == "random":
        return f"Draw number {draw}: a link to this page shows the same pictures."
    if show == "best":
        return "The smallest errors first. Look for what is plain in them."
    return "The largest errors first. Look for what is rare in them."


def asked(experiment: "Experiment") -> list[str]:
    """Sentences on what the model is shown and compared with, where that goes without saying no more."""
    told, data, model = [], experiment.data, experiment.model
    if not data.plain:
        told.append("Shown and judged as in its training: *It sees* is what the model was given.")
    if model.pca_size is None:
        told.append(
            f"PCA with {model.code_size:,} numbers copies a picture of {model.pixel_count:,}: it is left out."
        )
    elif model.pca_size < model.code_size:
        told.append(f"PCA has {model.pca_size:,} numbers, as many as a code has other than zero.")
    return told


def table(compared: "Comparison", labels: np.ndarray, names: Sequence[str]) -> bytes:
    """The error of every image, for the model and for PCA, as CSV."""
    columns = {
        "image": np.arange(len(labels)),
        "class": [names[label] for label in labels],
        "mse": compared.model.errors,
        **({"pca_mse": compared.pca.errors} if compared.pca else {}),
        "mean_image_mse": compared.mean_image.errors,
    }
    return pd.DataFrame(columns).to_csv(index=False).encode()


def by_class(
    compared: "Comparison", labels: np.ndarray, names: Sequence[str]
) -> dict[str, Sequence["ClassErrors"]]:
    """The errors class by class, of the model and of PCA."""
    from aecore.analysis.reconstruction import by_class

    methods = {"This model": compared.model, "PCA": compared.pca}
    return {name: by_class(method.errors, labels, names) for name, method in methods.items() if method}
