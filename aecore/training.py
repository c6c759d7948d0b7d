"""The one training loop: a generator that yields what has happened, several times a second."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from aecore.config import TrainConfig
from aecore.control import Control
from aecore.data.batches import shuffled_batches
from aecore.losses import LOSSES, evaluate, mean_image
from aecore.models.base import Autoencoder
from aecore.progress import Epoch, Progress
from aecore.state import TrainingState

SECONDS_BETWEEN_RECORDS = 0.2
"""Reading the losses waits for the device, so they are read about five times a second."""

FAIR_STEPS = 100
"""Before so many steps, no model still in training is called no better than the mean image."""


def train(
    model: Autoencoder,
    train_images: Tensor,
    validation_images: Tensor,
    config: TrainConfig,
    *,
    control: Control | None = None,
    state: TrainingState | None = None,
) -> Iterator[Progress]:
    """Train `model` in place, yielding Progress after the first step, at epoch ends and five times a second.

    Images are uint8 (N, C, H, W) on the model's device; `validation_images` may be empty (0, C, H, W).
    The caller sets the pace: a script prints each record, a test takes list(...), a run writes files.
    `control` reaches in while it runs. `state`, made for the same model and config, goes on where it was.
    While paused, a record with `paused` set comes about five times a second.

    With `keep_best` the model ends with the weights of its best validation loss.
    """
    control = control or Control()
    state = state or TrainingState(model, config, len(train_images))
    state.watch.start()
    for progress in _records(model, train_images, validation_images, config, control, state):
        state.watch.stop()  # what the caller does with a record is not training
        yield progress
        state.watch.start()


def _records(
    model: Autoencoder,
    train_images: Tensor,
    validation_images: Tensor,
    config: TrainConfig,
    control: Control,
    state: TrainingState,
) -> Iterator[Progress]:
    loss_of = LOSSES[config.loss]
    next_record = 0.0

    def record(losses: list[float], **what) -> Progress:
        return Progress(
            step=state.step,
            steps=state.steps,
            seconds=state.watch.seconds,
            losses=losses,
            learning_rate=state.learning_rate,
            **what,
        )

    while state.epoch < config.epochs and not state.out_of_patience:
        model.train()
        losses = _EpochLosses(len(train_images), config.batch_size, train_images.device)
        for batch in shuffled_batches(train_images, config.batch_size, state.generator):
            while control.paused:
                yield record(losses.read(), paused=True)
                state.watch.stop()
                control.wait(SECONDS_BETWEEN_RECORDS)
                state.watch.start()
            if control.stopped or losses.diverged:
                break
            if (wanted := control.take_learning_rate()) is not None:
                state.change_learning_rate(wanted)
            learning_rate = state.learning_rate

            loss = loss_of(model(batch), batch)
            state.descend(loss)
            losses.add(loss)
            control.step_taken()

            if state.watch.seconds >= next_record:
                yield record(losses.read())
                next_record = state.watch.seconds + SECONDS_BETWEEN_RECORDS

        fresh = losses.read()
        validation_loss = None
        if losses.complete:
            model.eval()
            if len(validation_images):
                validation_loss = evaluate(model, validation_images, config.loss)
        if losses.diverged or losses.complete and not _usable(model, validation_loss, train_images, config):
            state.restore_best()
            yield record(fresh, ended="diverged", message=_not_a_number(state))
            return
        if not losses.complete:
            state.restore_best()
            message = f"stopped {control.reason} in epoch {state.epoch + 1}"
            yield record(fresh, ended="stopped", message=message)
            return

        state.end_epoch(losses.mean, validation_loss)
        message = ""
        goes_on = state.epoch < config.epochs and not state.out_of_patience
        if goes_on and state.step - state.steps_per_epoch < FAIR_STEPS <= state.step:
            message = _no_better_than_mean(model, train_images, validation_images, state)
        epoch = Epoch(
            epoch=state.epoch,
            step=state.step,
            seconds=state.watch.seconds,
            train_loss=losses.mean,
            validation_loss=validation_loss,
            learning_rate=learning_rate,
        )
        yield record(fresh, epoch=epoch, message=message)

    state.restore_best()
    message = _no_better_than_mean(model.eval(), train_images, validation_images, state)
    if not message and state.epoch < config.epochs:
        message = f"ended early: no better validation loss since epoch {state.best_epoch}"
    yield record([], ended="finished", message=message)


class _EpochLosses:
    """The losses of one epoch's steps: on the device until they are read, for every read waits for it."""

    def __init__(self, image_count: int, batch_size: int, device: torch.device) -> None:
        self._batch_sizes = [batch_size] * (image_count // batch_size)
        if image_count % batch_size:
            self._batch_sizes.append(image_count % batch_size)
        # one block: a small tensor kept from each step would pin the heap between the large ones of two
        # steps, so that every step takes fresh memory (measured: 250 page faults a step, 6 % of its time)
        self._on_device = torch.empty(len(self._batch_sizes), device=device)
        self._added = 0
        self._read: list[float] = []
        self.diverged = False
        """Whether a loss read so far is not a finite number."""

    def add(self, loss: Tensor) -> None:
        self._on_device[self._added] = loss.detach()
        self._added += 1

    def read(self) -> list[float]:
        """Those added since the last call."""
        fresh = self._on_device[len(self._read) : self._added].tolist()
        self._read += fresh
        self.diverged |= not all(map(math.isfinite, fresh))
        return fresh

    @property
    def complete(self) -> bool:
        return self._added == len(self._batch_sizes)

    @property
    def mean(self) -> float:
        """Mean over the images, so that a short last batch counts fairly."""
        total = sum(loss * size for loss, size in zip(self._read, self._batch_sizes, strict=True))
        return total / sum(self._batch_sizes)


def _usable(
    model: Autoencoder, validation_loss: float | None, train_images: Tensor, config: TrainConfig
) -> bool:
    """Whether an epoch left numbers behind: its last step may break what its own loss cannot show."""
    if validation_loss is None:
        validation_loss = evaluate(model, train_images[:1_000], config.loss)
    return math.isfinite(validation_loss) and all(weight.isfinite().all() for weight in model.parameters())


def _not_a_number(state: TrainingState) -> str:
    kept = f"; the weights of epoch {state.best_epoch} are kept" if state.best_weights else ""
    return (
        f"the loss is no longer a number after step {state.step:,}: "
        f"lower learning_rate (it was {state.highest_learning_rate:g}){kept}"
    )


def _no_better_than_mean(
    model: Autoencoder, train_images: Tensor, validation_images: Tensor, state: TrainingState
) -> str:
    """A warning where one epoch has taught the model nothing, else an empty string."""
    images = validation_images if len(validation_images) else train_images[:5_000]
    ours = evaluate(model, images, state.config.loss)
    to_beat = evaluate(mean_image(train_images).expand_as, images, state.config.loss)
    if ours < to_beat:
        return ""
    return (
        f"after {state.step:,} steps the loss ({ours:.4f}) is no better than answering every image with the "
        f"mean image ({to_beat:.4f}): if it stays so, lower learning_rate "
        f"(it is {state.highest_learning_rate:g}), or train longer where it still falls"
    )
