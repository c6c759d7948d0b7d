"""How good a map is, in numbers: whether those who are near on it belong together."""

import numpy as np
import torch
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier

from aecore import data, runs
from aecore.analysis import space
from aecore.analysis.codes import codes_of, components_of, pixels_of
from aecore.analysis.comparison import fit_baselines, versions
from aecore.analysis.plane import Projection, plane_of
from aecore.analysis.questions import Arrays, Question, Say, answer, kept
from aecore.data import ImageSet
from aecore.models.base import Autoencoder
from aecore.runs import Run

NEIGHBOURS = 5
JUDGED = 2_000
"""Test pictures at most: distances between all of them are compared."""

ROWS = ("pixels", "pca", "code", "map")
"""What is judged: the pictures themselves, PCA with as many numbers, the code, and the code on its plane."""


def knn_accuracy(fitted: np.ndarray, labels: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> float:
    """Share of `values` (M, D) whose class most of the five nearest of `fitted` (N, D) have, 0 to 1."""
    nearest = KNeighborsClassifier(min(NEIGHBOURS, len(fitted)), algorithm="brute")
    return float(nearest.fit(fitted, labels).score(values, wanted))


def faithfulness(originals: np.ndarray, values: np.ndarray) -> float:
    """Trustworthiness, 0 to 1 (Venna and Kaski, 2001): whether the five nearest of each of `values` (N, D)
    are among those near in `originals` (N, P), too; strangers count by how far away they were."""
    near = min(NEIGHBOURS, (len(values) - 1) // 2)
    return float(trustworthiness(originals, values, n_neighbors=near)) if near else np.nan


def separation(values: np.ndarray, labels: np.ndarray) -> float:
    """Mean silhouette, -1 to 1 (Rousseeuw, 1987): whether classes lie apart; NaN where there is one class."""
    classes = len(np.unique(labels))
    return float(silhouette_score(values, labels)) if 1 < classes < len(values) else np.nan


def measured(
    model: Autoencoder,
    run: Run,
    images: ImageSet,
    say: Say,
    *,
    projection: Projection,
    points: np.ndarray | None,
    which: space.Which,
) -> Arrays:
    """`knn`, `trust` and `silhouette`, float64 (4,), one for each of ROWS; NaN where there is none.

    kNN: the judged test pictures among the training pictures. Also `fitted` and `judged`, (1,): how many.
    `points` are the answer of the analysis `tsne`, for that projection; they say nothing of training
    pictures.
    """
    size, config = run.experiment.model.code_size, run.experiment.data
    known = kept(space.asked(run.id, which))
    test = space.space_of(model, run, images, which, known)
    among = np.flatnonzero(test.numbers < len(images.test_images))
    judged = among[space.chosen(len(among), space.MOST_NUMBERS // JUDGED)]
    device = next(model.parameters()).device
    shown = space.chosen(len(images.train_images), max(size, 1)).tolist()
    train = versions(images.train_images[shown].to(device), config).inputs
    labels, wanted = images.train_labels[shown].cpu().numpy(), test.labels[judged]
    seen = torch.from_numpy(test.inputs[judged])
    say(0.1, f"Codes of {len(train):,} training pictures")
    codes = codes_of(model, train)
    plane = plane_of(test.codes, projection, points)
    pca = fit_baselines(run.experiment, images).pca
    pairs: dict[str, tuple[np.ndarray | None, np.ndarray]] = {
        "pixels": (pixels_of(train.cpu()), pixels_of(seen)),
        "code": (codes, test.codes[judged]),
    }
    if pca:
        pairs["pca"] = components_of(pca, train.cpu()), components_of(pca, seen)
    if projection != "code":
        pairs["map"] = plane.place(codes) if plane.exact else None, plane.points[judged]
    found = {name: np.full(len(ROWS), np.nan) for name in ("knn", "trust", "silhouette")}
    originals = pairs["pixels"][1]
    for done, (name, (fitted, values)) in enumerate(pairs.items()):
        row = ROWS.index(name)
        say(0.2 + 0.8 * done / len(pairs), f"Neighbours of {len(values):,} pictures, {name}")
        if fitted is not None:
            found["knn"][row] = knn_accuracy(fitted, labels, values, wanted)
        found["trust"][row] = faithfulness(originals, values)
        found["silhouette"][row] = separation(values, wanted)
    return found | {"fitted": np.array([len(train)]), "judged": np.array([len(judged)])}


def of_run(subject: str, device: str, say: Say, *, projection: Projection, pictures: space.Which) -> Arrays:
    """What is `measured` of a run; t-SNE is computed first where that is asked for. Raises LabError."""
    run, points = runs.get(subject), None
    if projection == "tsne":
        points = answer(Question("tsne", subject, {"pictures": pictures}), device, say)["points"]
    model, images = runs.load(run, device), data.load(run.experiment.data.dataset)
    return measured(model, run, images, say, projection=projection, points=points, which=pictures)
