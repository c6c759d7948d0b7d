"""What a training says while it runs: plain values, readable without torch."""

from dataclasses import dataclass
from typing import Literal

Ending = Literal["finished", "stopped", "diverged"]


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One finished epoch: a row of the run's history."""

    epoch: int
    """1 for the first."""

    step: int
    """Steps taken since the training began."""

    seconds: float
    """Time spent training since it began, pauses left out."""

    train_loss: float
    """Mean over the images of the epoch, each seen while the weights were still changing; what sparsity or a
    variational code costs is part of it."""

    validation_loss: float | None
    """The same of the held-out images after the epoch; None where none are held out."""

    learning_rate: float
    """Of the epoch's last step."""

    phase: str = ""
    """What was being trained, where a training has several phases."""

    dead_units: int | None = None
    """Units of the code that gave every image the same number, out of up to a thousand; None if not known."""

    active_units: float | None = None
    """How many numbers of a code were not zero, mean over those images."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What happened since the last record."""

    step: int
    """Steps taken since the training began."""

    steps: int
    """Steps planned in all."""

    seconds: float
    """Time spent training since it began, pauses left out."""

    losses: list[float]
    """The loss of each step since the last record."""

    learning_rate: float
    paused: bool = False
    epoch: Epoch | None = None
    """Set on the record that ends an epoch; the training state may be saved then."""

    message: str = ""
    """A warning, or why the training ended, for people."""

    ended: Ending | None = None
    """Set on the last record."""
