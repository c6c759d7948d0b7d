"""A run as it lies on disk: one folder, read without torch.

    config.json           the experiment, when and with which versions it began
    history.csv           one row per epoch
    losses.npy            the loss of every step, float32
    checkpoints/          float16 weights after epochs 0, 1, 2, 4, 8, ...
    resume.safetensors    the training's state, while the run is unfinished
    weights.safetensors   the trained model
    result.json           how the run ended and its figures; its presence says that the run is over

Every file is written in one piece, so a crash at any moment leaves each file whole or absent.
"""

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from aecore.config import Experiment
from aecore.errors import LabError
from aecore.files import whole
from aecore.settings import Record, SettingsError

Status = Literal["running", "interrupted", "finished", "stopped", "diverged"]

FORMAT = 1
"""Of config.json; raised when an older lab could no longer read it."""


_looking = threading.Lock()
"""Held while a lock is tried, so that two who look at once do not take each other for a training."""


class RunError(LabError):
    """A run that is not there, damaged or busy: one sentence with the way out."""


class Figures(Record):
    """Errors of the stored weights on images never trained on, beside those of free baselines."""

    test_loss: float | None
    """In the loss it was trained with; None where no usable weights came out."""

    test_mse: float | None
    """Mean squared error per pixel, pixels in [0, 1]."""

    pca_mse: float | None
    """The same error of PCA, fitted to the same training images, with as many components as a code has
    numbers other than zero; None where PCA with so many would copy the image."""

    mean_image_mse: float
    """The same error of answering every image with the mean training image."""

    @property
    def gain_over_pca(self) -> float | None:
        """How many times smaller the test error is than PCA's."""
        return self.pca_mse / self.test_mse if self.test_mse and self.pca_mse is not None else None


class Result(Figures):
    """How a run ended, and its figures."""

    ended: Literal["finished", "stopped", "diverged"]
    message: str = ""
    """Why it ended early, or what was odd about it."""

    epochs: int
    best_epoch: int
    """The epoch whose weights are stored; 0 where none was picked out by a validation loss."""

    parameters: int
    seconds: float
    """Time spent training."""

    images_per_second: float
    rate_by_hand: float | None = None
    """The learning rate that was last asked for while it trained; None where nobody did."""

    train_loss: float | None
    """Of the last epoch, like validation_loss; None where no epoch was completed."""

    validation_loss: float | None
    dead_units: int | None = None
    """Units of the code that gave every image watched the same number, and how many numbers of a code were
    not zero, after the epoch whose weights were kept (the last in runs of an earlier lab); None where that
    did not look."""

    active_units: float | None = None
    device: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run's folder, and what people wrote about it."""

    folder: Path
    experiment: Experiment
    created: str
    """ISO 8601, UTC."""

    versions: dict[str, str]
    result: Result | None
    """None until the run is over."""

    name: str
    note: str = ""
    number: int = 1
    """Which of the runs of its recipe on its data set: the second one is named so, too."""

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def status(self) -> Status:
        """From the folder alone: a training holds the lock, and the system frees it when the process dies."""
        if self.result:
            return self.result.ended
        if not self.folder.exists():  # deleted since; the lock would bring the folder back
            return "interrupted"
        with _looking:
            try:
                with run_lock(self.folder).acquire(timeout=0):
                    return "interrupted"
            except Timeout:
                return "running"
            except OSError:  # a folder that cannot be written is not being trained in
                return "interrupted"


def run_lock(folder: Path) -> FileLock:
    """Held by the process that trains the run."""
    return FileLock(folder / ".lock")


def read_run(folder: Path) -> Run:
    """The run in `folder`. Raises RunError, naming the file, where it is damaged or of a later format."""
    config = _read_json(folder / "config.json")
    if config.get("format") != FORMAT:
        raise RunError(
            f"{folder / 'config.json'} has format {config.get('format')}: this lab reads format {FORMAT}"
        )
    result = folder / "result.json"
    try:
        experiment = Experiment(**config["experiment"])
        number = _of_type(int, config.get("number", 1))  # an earlier lab did not count
        return Run(
            folder=folder,
            experiment=experiment,
            created=_of_type(str, config["created"]),
            versions=_of_type(dict, config["versions"]),
            result=Result(**_read_json(result)) if result.exists() else None,
            name=f"{experiment.recipe} on {experiment.data.dataset}{f', {number}' if number > 1 else ''}",
            number=number,
        )
    except (KeyError, TypeError, SettingsError) as error:
        raise RunError(f"{folder} is damaged ({error}): restore it or delete the folder") from None


def _of_type(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} in place of a {kind.__name__}")
    return value


def write_json(path: Path, values: dict[str, Any]) -> None:
    with whole(path) as temporary:
        temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} is damaged ({error}): restore it or delete the run's folder") from None
    if not isinstance(values, dict):
        raise RunError(f"{path} is damaged (no JSON object): restore it or delete the run's folder")
    return values
