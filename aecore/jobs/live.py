"""What is known of a training while it runs: kept by the app's server, filled by the worker's events."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from aecore.progress import Ending, Epoch
from aecore.runs import read_history

Stage = Literal["queued", "starting", "training", "paused", "measuring", "over"]


def _none_yet() -> np.ndarray:
    return np.empty(0, np.float32)


@dataclass(kw_only=True)
class Live:
    """One training, as of its last event (up to five a second).

    Each event makes a new record, so that whoever reads this one sees nothing half-filled.
    """

    run: str
    stage: Stage = "queued"
    doing: str = ""
    """What is being done before the first step, such as downloading, for people."""

    step: int = 0
    steps: int = 0
    """Steps planned in all; 0 until training begins."""

    seconds: float = 0.0
    """Time spent training, pauses left out."""

    losses: np.ndarray = field(default_factory=_none_yet)
    """The loss of every step, float32 (N,)."""

    epochs: list[Epoch] = field(default_factory=list)
    images_per_second: float | None = None
    learning_rate: float | None = None
    message: str = ""
    """The last warning, or why the training ended, for people."""

    ended: Ending | Literal["failed"] | None = None
    originals: np.ndarray | None = None
    """What is asked for of ten test images, uint8 (10, C, H, W), the same all along."""

    inputs: np.ndarray | None = None
    """What the model sees of them, uint8 (10, C, H, W), where that is not the same."""

    reconstructions: np.ndarray | None = None
    """What the model makes of them now, uint8 (10, C, H, W)."""

    @property
    def seconds_left(self) -> float | None:
        """Until the last step, at the average speed so far."""
        if not self.step or not self.steps:
            return None
        return self.seconds / self.step * (self.steps - self.step)

    def after(self, news: dict[str, Any], folder: Path) -> "Live":
        """The record after one more event. `folder` is the run's, for what was trained before."""
        # that a run is over is the folder's word
        known: dict[str, Any] = {"stage": "measuring" if news["stage"] == "over" else news["stage"]}
        known["doing"] = news.get("doing", "")
        if "originals" in news:
            before = read_history(folder)
            known["originals"] = _pictures(news["originals"], news["shape"])
            known["inputs"] = _pictures(news["inputs"], news["shape"]) if "inputs" in news else None
            known["losses"] = np.array(before.losses[: news["steps_before"]], np.float32)
            known["epochs"] = before.epochs[: news["epochs_before"]]
        if "step" in news:
            same = ("step", "steps", "seconds", "learning_rate", "images_per_second", "message")
            known |= {name: news[name] for name in same}
            known["losses"] = _joined(self.losses, np.frombuffer(news["losses"], np.float32))
            known["epochs"] = [*self.epochs, *(Epoch(**epoch) for epoch in news["epochs"])]
        if "reconstructions" in news and self.originals is not None:
            known["reconstructions"] = _pictures(news["reconstructions"], self.originals.shape)
        return replace(self, **known)

    def over(self, ended: Ending | Literal["failed"], message: str) -> "Live":
        """The record of a training that has ended; its losses, where the folder has all, are dropped."""
        end = replace(self, stage="over", ended=ended, message=message)
        return end if ended == "failed" else replace(end, losses=_none_yet(), epochs=[])

    def with_losses(self, folder: Path) -> "Live":
        """The record with what `over` has dropped. Raises RunError where the run's folder is damaged."""
        if self.stage != "over" or self.ended == "failed":
            return self
        history = read_history(folder)
        return replace(self, losses=np.array(history.losses, np.float32), epochs=history.epochs)


def _joined(losses: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Both in one array; `losses` stays as it is.

    The room behind them doubles when it is full, so that a long training is not copied at every event.
    """
    count = len(losses) + len(fresh)
    room = losses if losses.base is None else losses.base
    if len(room) < count:
        room = np.empty(2 * count, np.float32)
        room[: len(losses)] = losses
    room[len(losses) : count] = fresh
    return room[:count]


def _pictures(data: bytes, shape: Any) -> np.ndarray:
    return np.frombuffer(data, np.uint8).reshape(tuple(shape))
