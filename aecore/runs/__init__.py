"""Runs: trained models on disk with everything needed to open, question and repeat them.

Listing and reading runs does not import torch; `aecore.runs.execution` trains them, `load` opens them.
"""

from typing import TYPE_CHECKING

from aecore.runs.history import History, read_history
from aecore.runs.record import Result, Run, RunError, Status, read_run
from aecore.runs.shelf import (
    MissingRunError,
    annotate,
    damaged_runs,
    delete,
    get,
    list_runs,
    rename,
    runs_folder,
    zoo,
)

if TYPE_CHECKING:
    from aecore.models.base import Autoencoder

__all__ = [
    "History",
    "MissingRunError",
    "Result",
    "Run",
    "RunError",
    "Status",
    "annotate",
    "damaged_runs",
    "delete",
    "get",
    "list_runs",
    "load",
    "read_history",
    "read_run",
    "rename",
    "runs_folder",
    "zoo",
]


def load(run: Run, device: str, epoch: int | None = None) -> "Autoencoder":
    """The trained model of a run on `device`, for use and not for training: eval mode, no gradients.

    With `epoch`, as it was after that epoch, from the checkpoints (0, 1, 2, 4, 8, ...; float16).
    Raises RunError where the run has no such weights, WeightsError where the file is damaged.
    """
    from aecore.models import build
    from aecore.models.weights import load_weights

    weights = run.folder / "weights.safetensors"
    if epoch is not None:
        weights = run.folder / "checkpoints" / f"epoch-{epoch:05}.safetensors"
    if not weights.exists():
        what = "no weights" if epoch is None else f"no weights of epoch {epoch}"
        raise RunError(f"run {run.id} is {run.status} and has {what}: choose another run or train it again")
    model = build(run.experiment.model)
    load_weights(model, weights)
    return model.to(device).eval().requires_grad_(False)
