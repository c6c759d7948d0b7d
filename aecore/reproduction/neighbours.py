"""How many test digits of MNIST their nearest neighbours name, by the lab's own code of 32 numbers."""

from collections.abc import Callable, Sequence

from aecore.analysis.classifiers import compared
from aecore.analysis.feature_sets import FEATURES, opened
from aecore.analysis.questions import to_nobody
from aecore.reproduction.goals import Table

AIM = 0.965
NAMES = {"code": "code", "pca": "PCA", "pixels": "pixels"}


def measure(
    _seeds: Sequence[int],
    device: str,
    _listener: Callable[[str], Callable[..., None]],
    dataset: str = "mnist",
) -> Table:
    """A row for each of the features. Nothing is drawn or trained: every seed gives the same.

    Raises LabError where the data set is not to be had.
    """
    found = compared(*opened(f"zoo-{dataset}-32", device, dataset), "knn", to_nobody)
    told = {
        name: (NAMES[name], int(size), float(accuracy), float(error))
        for name, size, accuracy, error in zip(
            FEATURES, found["size"], found["accuracy"], found["uncertainty"], strict=True
        )
    }
    ours = told["code"][2]
    best = max((row for name, row in told.items() if name != "code"), key=lambda row: row[2])
    return Table(
        columns=["Neighbours by", "Numbers", "Accuracy", "Standard error"],
        rows=sorted(told.values(), key=lambda row: row[2], reverse=True),
        values=[ours],
        reached=ours >= AIM,
        remark=f"The best baseline is {best[0]}: {best[2]:.4f}.",
    )
