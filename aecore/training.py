"""The one training loop: a generator that yields what has happened, several times a second."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from aecore.config import DataConfig, TrainConfig
from aecore.control import Control
from aecore.data.batches import shuffled_batches
from aecore.data.pairs import input_and_target
from aecore.data.transforms import TRANSFORMS
from aecore.losses import evaluate, mean_image
from aecore.models.base import Autoencoder
from aecore.objective import Assessment, assess, objective
from aecore.progress import Epoch, Progress
from aecore.state import TrainingState

SECONDS_BETWEEN_RECORDS = 0.2
"""Reading the losses waits for the device, so they are read about five times a second."""

PLAIN = DataConfig()
"""The model is shown images as they are and asked for the same."""

FAIR_STEPS = 100
"""Before so many steps, no model still in training is called no better than the mean image."""


def train(
    model: Autoencoder,
    train_images: Tensor,
    validation_images: Tensor,
    config: TrainConfig,
    *,
    data: DataConfig = PLAIN,
    control: Control | None = None,
    state: TrainingState | None = None,
) -> Iterator[Progress]:
    """Train `model` in place, yielding Progress after the first step, at epoch ends and five times a second.

    Images are uint8 (N, C, H, W) on the model's device; `validation_images` may be empty (0, C, H, W).
    `data` says what is made of an image before the model sees it or is asked for it; by default nothing.
    The caller sets the pace: a script prints each record, a test takes list(...), a run writes files.
    `control` reaches in while it runs. `state`, made for the same model and config, goes on where it was.
    While paused, a record with `paused` set comes about five times a second.

    With `keep_best` the model ends with the weights of its best validation loss.
    """
    control = control or Control()
    state = state or TrainingState(model, config, len(train_images))
    state.watch.start()
    for progress in _records(train_images, validation_images, data, control, state):
        state.watch.stop()  # what the caller does with a record is not training
        yield progress
        state.watch.start()


def _records(
    train_images: Tensor,
    validation_images: Tensor,
    data: DataConfig,
    control: Control,
    state: TrainingState,
) -> Iterator[Progress]:
    config = state.config
    watched = validation_images if len(validation_images) else train_images[:1_000]
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

    while not state.over:
        if state.phase_over:
            state.begin_next_phase()
        learner = state.learner.train()
        losses = _EpochLosses(len(train_images), config.batch_size, train_images.device)
        for batch in shuffled_batches(train_images, config.batch_size, state.generator):
            while control.paused:
                fresh = losses.read()  # which waits for the device: that was training
                state.watch.stop()
                yield record(fresh, paused=True)
                state.watch.stop()
                control.wait(SECONDS_BETWEEN_RECORDS)
                state.watch.start()
            if control.stopped or losses.diverged:
                break
            if (wanted := control.take_learning_rate()) is not None:
                state.change_learning_rate(wanted)
            learning_rate = state.learning_rate

            inputs, targets = input_and_target(batch, data, state.generator)
            loss = objective(learner, inputs, targets, config)
            state.descend(loss)
            losses.add(loss)
            control.step_taken()

            if state.watch.seconds >= next_record:
                yield record(losses.read())
                next_record = state.watch.seconds + SECONDS_BETWEEN_RECORDS

        fresh = losses.read()
        assessed = assess(learner.eval(), watched, config, data) if losses.complete else None
        if losses.diverged or assessed and not _usable(state.model, assessed):
            state.restore_best()
            yield record(fresh, ended="diverged", message=_not_a_number(state))
            return
        if not assessed:
            state.restore_best()
            message = f"stopped {control.reason} in epoch {state.epoch + 1}"
            yield record(fresh, ended="stopped", message=message)
            return

        validation_loss = assessed.objective if len(validation_images) else None
        state.end_epoch(losses.mean, validation_loss)
        message = ""
        if not state.over and state.step - state.steps_per_epoch < FAIR_STEPS <= state.step:
            message = _no_better_than_mean(train_images, watched, data, state)
        epoch = Epoch(
            epoch=state.epoch,
            step=state.step,
            seconds=state.watch.seconds,
            train_loss=losses.mean,
            validation_loss=validation_loss,
            learning_rate=learning_rate,
            phase=state.phase.name,
            dead_units=assessed.dead_units,
            active_units=assessed.active_units,
        )
        yield record(fresh, epoch=epoch, message=message)

    state.restore_best()
    message = _no_better_than_mean(train_images, watched, data, state)
    if not message and state.step < state.steps:
        message = (
            f"ended early: the validation loss has come down to {state.best_loss:.4f}"
            if state.good_enough
            else f"ended early: no better validation loss since epoch {state.best_epoch}"
        )
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


def _usable(model: Autoencoder, assessed: Assessment) -> bool:
    """Whether an epoch left numbers behind: its last step may break what its own loss cannot show."""
    return math.isfinite(assessed.objective) and all(weight.isfinite().all() for weight in model.parameters())


def _not_a_number(state: TrainingState) -> str:
    kept = f"; the weights of epoch {state.best_epoch} are kept" if state.best_weights else ""
    return (
        f"the loss is no longer a number after step {state.step:,}: "
        f"lower learning_rate (it was {state.highest_learning_rate:g}){kept}"
    )


def _no_better_than_mean(
    train_images: Tensor, watched: Tensor, data: DataConfig, state: TrainingState
) -> str:
    """A warning where one epoch has taught the model nothing, else an empty string."""
    ours = evaluate(state.learner.eval(), watched, state.config.loss, data)
    mean = TRANSFORMS[data.target_transform](mean_image(train_images)[None])  # each of them is linear
    to_beat = evaluate(lambda images: mean.expand_as(images), watched, state.config.loss, data)
    if ours < to_beat:
        return ""
    return (
        f"after {state.step:,} steps the loss ({ours:.4f}) is no better than answering every image with the "
        f"mean image ({to_beat:.4f}): if it stays so, lower learning_rate "
        f"(it is {state.highest_learning_rate:g}), or train longer where it still falls"
    )
