"""The one training loop: a generator that yields what has happened, several times a second."""

import math
from collections.abc import Iterator
from typing import Any

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
    for progress in _Loop(train_images, validation_images, data, control, state).records():
        state.watch.stop()  # what the caller does with a record is not training
        yield progress
        state.watch.start()


class _Loop:
    """Phases of epochs of steps, and the records that tell of them."""

    def __init__(
        self,
        train_images: Tensor,
        validation_images: Tensor,
        data: DataConfig,
        control: Control,
        state: TrainingState,
    ) -> None:
        self._train_images, self._validation_images = train_images, validation_images
        self._watched = validation_images if len(validation_images) else train_images[:1_000]
        self._data, self._control, self._state = data, control, state
        self._last_rate = state.learning_rate
        """The learning rate of the last step."""
        self._next_record = 0.0
        """By the clock of the training, which stands still while it is paused."""

    def records(self) -> Iterator[Progress]:
        state = self._state
        while not state.over:
            if state.phase_over:
                state.begin_next_phase()
            losses = _EpochLosses(len(self._train_images), state.config.batch_size, self._train_images.device)
            yield from self._steps(losses)
            last = self._end_of_epoch(losses)
            yield last
            if last.ended:
                return
        state.restore_best()
        yield self._record([], ended="finished", message=self._how_it_finished())

    def _steps(self, losses: "_EpochLosses") -> Iterator[Progress]:
        """One epoch's steps, or fewer where somebody stops it or a loss is no number."""
        state, control = self._state, self._control
        learner = state.learner.train()
        for batch in shuffled_batches(self._train_images, state.config.batch_size, state.generator):
            while control.paused:
                fresh = losses.read()  # which waits for the device: that was training
                state.watch.stop()
                yield self._record(fresh, paused=True)
                state.watch.stop()
                control.wait(SECONDS_BETWEEN_RECORDS)
                state.watch.start()
            if control.stopped or losses.diverged:
                return
            if (wanted := control.take_learning_rate()) is not None:
                state.change_learning_rate(wanted)
            self._last_rate = state.learning_rate

            inputs, targets = input_and_target(batch, self._data, state.generator)
            loss = objective(learner, inputs, targets, state.config)
            state.descend(loss)
            losses.add(loss)
            control.step_taken()

            if state.watch.seconds >= self._next_record:
                yield self._record(losses.read())
                self._next_record = state.watch.seconds + SECONDS_BETWEEN_RECORDS

    def _end_of_epoch(self, losses: "_EpochLosses") -> Progress:
        """Look at what the epoch has made of the model, and take it into the state, or end the training."""
        state = self._state
        fresh = losses.read()
        learner = state.learner.eval()
        assessed = assess(learner, self._watched, state.config, self._data) if losses.complete else None
        if losses.diverged or assessed and not _usable(state.model, assessed):
            state.restore_best()
            return self._record(fresh, ended="diverged", message=_not_a_number(state))
        if not assessed:
            state.restore_best()
            message = f"stopped {self._control.reason} in epoch {state.epoch + 1}"
            return self._record(fresh, ended="stopped", message=message)

        validation_loss = assessed.objective if len(self._validation_images) else None
        state.end_epoch(losses.mean, validation_loss)
        message = ""
        if not state.over and state.step - state.steps_per_epoch < FAIR_STEPS <= state.step:
            message = self._no_better_than_mean()
        epoch = Epoch(
            epoch=state.epoch,
            step=state.step,
            seconds=state.watch.seconds,
            train_loss=losses.mean,
            validation_loss=validation_loss,
            learning_rate=self._last_rate,
            phase=state.phase.name,
            dead_units=assessed.dead_units,
            active_units=assessed.active_units,
        )
        return self._record(fresh, epoch=epoch, message=message)

    def _record(self, losses: list[float], **what: Any) -> Progress:
        state = self._state
        return Progress(
            step=state.step,
            steps=state.steps,
            seconds=state.watch.seconds,
            losses=losses,
            learning_rate=state.learning_rate,
            **what,
        )

    def _how_it_finished(self) -> str:
        """A warning, or why it ended before its last step; else an empty string."""
        state = self._state
        if message := self._no_better_than_mean():
            return message
        if state.step == state.steps:
            return ""
        if state.good_enough:
            return f"ended early: the validation loss has come down to {state.best_loss:.4f}"
        return f"ended early: no better validation loss since epoch {state.best_epoch}"

    def _no_better_than_mean(self) -> str:
        """A warning where what was learnt so far is nothing, else an empty string."""
        state, data = self._state, self._data
        transform = TRANSFORMS[data.target_transform]  # each of them is linear
        mean = transform(mean_image(self._train_images)[None])
        ours = evaluate(state.learner.eval(), self._watched, state.config.loss, data)
        to_beat = evaluate(lambda images: mean.expand_as(images), self._watched, state.config.loss, data)
        if ours < to_beat:
            return ""
        return (
            f"after {state.step:,} steps the loss ({ours:.4f}) is no better than answering every image with "
            f"the mean image ({to_beat:.4f}): if it stays so, lower learning_rate "
            f"(it is {state.highest_learning_rate:g}), or train longer where it still falls"
        )


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
