"""What a worker says while it trains: at most five events a second, each a plain dictionary."""

import math
from collections import defaultdict
from dataclasses import asdict
from time import monotonic
from typing import Any

import numpy as np

from aecore.progress import Progress
from aecore.runs.record import Run

SECONDS_BETWEEN_EVENTS = 0.2
PREVIEW_COUNT = 10
MOST_PREVIEW_BYTES = 40_000
"""An event should stay below 50 kB: the scheduler keeps the last thousand."""


class Reporter:
    """Gathers a training's records into events, which `say` sends; `images` are the run's data set."""

    def __init__(self, say: Any, run: Run, images: Any, device: str) -> None:
        import torch

        from aecore.data.batches import hold_out, pixels
        from aecore.data.pairs import input_and_target

        data = run.experiment.data
        images = images.only(data.classes)
        self._say = say
        self._batch_size = run.experiment.train.batch_size
        # labels are split as images are, and in less time
        self._train_count = len(hold_out(images.train_labels, data)[0])
        bytes_each = images.test_images[0].nbytes * (1 if data.plain else 2)
        count = min(PREVIEW_COUNT, max(1, MOST_PREVIEW_BYTES // bytes_each))
        chosen = images.test_images[_one_of_each(images.test_labels.tolist(), count)].to(device)
        generator = torch.Generator(device).manual_seed(data.split_seed)
        self._inputs, targets = input_and_target(pixels(chosen), data, generator)
        self._pictures = {"originals": _as_bytes(targets)}
        if not data.plain:
            self._pictures["inputs"] = _as_bytes(self._inputs)
        self._state: Any = None
        self._losses: list[float] = []
        self._epochs: list[dict[str, Any]] = []
        self._message = ""
        self._loss_at_message = math.inf
        self._last_event = 0.0
        self._stage = ""
        self._shown_step = -1

    def watch(self, state: Any, history: Any) -> None:
        self._state = state
        self._say(
            stage="training",
            steps_before=len(history.losses),
            epochs_before=len(history.epochs),
            shape=list(self._inputs.shape),
            **self._pictures,
        )

    def hear(self, progress: Progress) -> None:
        self._losses += progress.losses
        if progress.epoch:
            self._epochs.append(asdict(progress.epoch))
        self._keep_message(progress)
        stage = _stage(progress)
        if stage == self._stage and monotonic() - self._last_event < SECONDS_BETWEEN_EVENTS:
            return
        event = {
            "stage": stage,
            "step": progress.step,
            "steps": progress.steps,
            "seconds": progress.seconds,
            "learning_rate": progress.learning_rate,
            "images_per_second": self._images_seen(progress.step) / max(progress.seconds, 1e-9),
            "losses": _packed(self._losses),
            "epochs": self._epochs,
            "message": self._message,
        }
        if progress.step != self._shown_step or progress.ended:
            event["reconstructions"] = self._reconstructions()
            self._shown_step = progress.step
        self._say(**event)
        self._losses, self._epochs = [], []
        self._last_event, self._stage = monotonic(), stage

    def _keep_message(self, progress: Progress) -> None:
        """A warning stays until an epoch with a lower loss than the one that it came with."""
        loss = math.inf
        if progress.epoch:
            validation_loss = progress.epoch.validation_loss
            loss = progress.epoch.train_loss if validation_loss is None else validation_loss
        if progress.message or loss < self._loss_at_message:
            self._message, self._loss_at_message = progress.message, loss

    def _images_seen(self, steps: int) -> int:
        """The last batch of an epoch may be a short one."""
        epochs, steps = divmod(steps, math.ceil(self._train_count / self._batch_size))
        return epochs * self._train_count + steps * self._batch_size

    def _reconstructions(self) -> bytes:
        import torch

        learner = self._state.learner  # another one in each phase
        mode = learner.training
        learner.eval()
        with torch.inference_mode():
            drawn = learner(self._inputs)
        learner.train(mode)
        return _as_bytes(drawn)


def _stage(progress: Progress) -> str:
    if progress.ended:
        return "over"
    if progress.step == progress.steps:
        return "measuring"
    return "paused" if progress.paused else "training"


def _one_of_each(labels: list[int], count: int) -> list[int]:
    """Indices of `count` images: the first of every class in turn, then the second of every class, ..."""
    seen: dict[int, int] = defaultdict(int)
    order = []
    for index, label in enumerate(labels):
        order.append((seen[label], label, index))
        seen[label] += 1
    return [index for *_, index in sorted(order)[:count]]


def _as_bytes(images: Any) -> bytes:
    """Of images (N, C, H, W) in [0, 1], as uint8."""
    return images.clamp(0, 1).mul(255).round().byte().cpu().numpy().tobytes()


def _packed(losses: list[float]) -> bytes:
    return np.asarray(losses, dtype=np.float32).tobytes()
