"""What is known of a training while it runs: kept by the app's server, filled by the worker's events."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from aecore.progress import Ending, Epoch

Stage = Literal["queued", "starting", "training", "paused", "measuring", "over"]


@dataclass(kw_only=True)
class Live:
    """One training, as of its last event (up to five a second)."""

    run: str
    stage: Stage = "queued"
    doing: str = ""
    """What is being done before the first step, such as downloading, for people."""

    step: int = 0
    steps: int = 0
    """Steps planned in all; 0 until training begins."""

    seconds: float = 0.0
    """Time spent training, pauses left out."""

    losses: list[float] = field(default_factory=list)
    """The loss of every step."""

    epochs: list[Epoch] = field(default_factory=list)
    images_per_second: float | None = None
    learning_rate: float | None = None
    message: str = ""
    """The last warning, or why the training ended, for people."""

    ended: Ending | Literal["failed"] | None = None
    originals: np.ndarray | None = None
    """Ten test images, uint8 (10, C, H, W), the same all along."""

    reconstructions: np.ndarray | None = None
    """What the model makes of them now, uint8 (10, C, H, W)."""

    @property
    def seconds_left(self) -> float | None:
        """Until the last step, at the average speed so far."""
        if not self.step or not self.steps:
            return None
        return self.seconds / self.step * (self.steps - self.step)
