"""The state of a training between two steps, and how it is kept so that an interrupted one can go on."""

import json
import math
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from aecore.config import Phase, TrainConfig
from aecore.models.base import Autoencoder, Stacked
from aecore.models.drawing import draw_from
from aecore.models.weights import WeightsError, read_tensors, write_tensors
from aecore.settings import SettingsError

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


class Stopwatch:
    """Seconds between every `start` and `stop`."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._before = seconds
        self._since: float | None = None

    def start(self) -> None:
        self._since = perf_counter()

    def stop(self) -> None:
        self._before, self._since = self.seconds, None

    @property
    def seconds(self) -> float:
        return self._before + (perf_counter() - self._since if self._since is not None else 0.0)


class TrainingState:
    """Phase, optimiser, schedule, random generator, counters and best weights of a training.

    All of it together decides every later loss, so a saved state goes on to the losses of an uncut training.
    """

    def __init__(self, model: Autoencoder, config: TrainConfig, image_count: int) -> None:
        self.model = model
        self.config = config
        self.phases = config.phases(model.config.pair_count)
        self.steps_per_epoch = math.ceil(image_count / config.batch_size)
        self.epoch = 0
        """Epochs completed."""

        self.step = 0
        self.watch = Stopwatch()
        self.best_loss = math.inf
        self.best_epoch = 0
        self.best_weights: dict[str, Tensor] = {}
        self.generator = torch.Generator(next(model.parameters()).device).manual_seed(config.seed)
        draw_from(model, self.generator)
        self.rate_by_hand: float | None = None
        """The learning rate that was last asked for while it trained."""

        self._begin(0, config.learning_rate)

    def _begin(self, phase: int, learning_rate: float) -> None:
        """Choose what learns in a phase, and give it an optimiser and a schedule of its own."""
        self._phase = phase
        self._first_epoch, self._first_step = self.epoch, self.step
        self.learner: Autoencoder = self.model
        """What is trained now: the model, or its outer pairs of layers."""

        if self.phase.untied:
            self._stacked.untie()
        for weight in self.model.parameters():
            weight.requires_grad_(self.phase.pair is None)
        if self.phase.pair is not None:
            self.learner = self._stacked.outer(self.phase.pair)
            draw_from(self.learner, self.generator)
            for weight in self._stacked.pair(self.phase.pair):
                weight.requires_grad_(True)

        config = self.config
        momentum = {"momentum": config.momentum} if config.optimizer == "sgd" else {}
        self.optimizer = OPTIMIZERS[config.optimizer](
            [weight for weight in self.model.parameters() if weight.requires_grad],
            lr=learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
            **momentum,
        )
        self.one_cycle = self.plateau = None
        if config.schedule == "one-cycle":
            self.one_cycle = OneCycleLR(
                self.optimizer,
                learning_rate,
                total_steps=self.steps_per_epoch * self.phase.epochs,
                cycle_momentum=config.optimizer != "sgd",  # sgd keeps the momentum it was given
            )
        elif config.schedule == "plateau":
            self.plateau = ReduceLROnPlateau(
                self.optimizer, factor=1 / config.plateau_divisor, patience=config.plateau_patience
            )

    @property
    def _stacked(self) -> Stacked:
        """The model, which the settings let have such phases only where it is one."""
        assert isinstance(self.model, Stacked)
        return self.model

    @property
    def phase(self) -> Phase:
        """What learns now."""
        return self.phases[self._phase]

    @property
    def steps(self) -> int:
        """Steps planned in all."""
        to_come = sum(phase.epochs for phase in self.phases[self._phase :])
        return self._first_step + self.steps_per_epoch * to_come

    @property
    def phase_over(self) -> bool:
        taken = self.epoch - self._first_epoch
        return taken >= self.phase.epochs or self.out_of_patience or self.good_enough

    @property
    def over(self) -> bool:
        """Whether all phases are."""
        return self.phase_over and self._phase == len(self.phases) - 1

    def begin_next_phase(self) -> None:
        """Go on with the best weights of the phase that is over, and a fresh optimiser."""
        self.restore_best()
        self.best_loss = math.inf
        if self.best_epoch:
            self.best_epoch = self.epoch
        self._begin(
            self._phase + 1, self.highest_learning_rate if self.rate_by_hand else self.config.learning_rate
        )
        if self.best_weights:
            self._keep_weights()

    @property
    def learning_rate(self) -> float:
        """Of the next step."""
        return self.optimizer.param_groups[0]["lr"]

    @property
    def highest_learning_rate(self) -> float:
        """The setting behind it: under one-cycle the top of the curve."""
        group = self.optimizer.param_groups[0]
        return group.get("max_lr", group["lr"])

    def change_learning_rate(self, learning_rate: float) -> None:
        """Use another learning rate; under one-cycle the whole curve is scaled to this highest one."""
        group = self.optimizer.param_groups[0]
        self.rate_by_hand = learning_rate
        ratio = learning_rate / self.highest_learning_rate
        for name in ("lr", "initial_lr", "max_lr", "min_lr"):
            if name in group:
                group[name] *= ratio

    def descend(self, loss: Tensor) -> None:
        """One step down the gradient of `loss`."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.step += 1
        last_step = self._first_step + self.steps_per_epoch * self.phase.epochs
        if self.one_cycle and self.step < last_step:  # which has no successor to prepare
            self.one_cycle.step()

    def end_epoch(self, train_loss: float, validation_loss: float | None) -> None:
        """Count the epoch, let plateau see its loss, and keep the weights if they are the best so far."""
        self.epoch += 1
        loss = train_loss if validation_loss is None else validation_loss
        if self.plateau:
            self.plateau.step(loss)
        if validation_loss is not None and validation_loss < self.best_loss:
            self.best_loss, self.best_epoch = validation_loss, self.epoch
            if self.config.keep_best:
                self._keep_weights()

    def _keep_weights(self) -> None:
        self.best_weights = {name: weight.clone() for name, weight in self.model.state_dict().items()}

    @property
    def out_of_patience(self) -> bool:
        """Whether `early_stop` epochs have passed without a better validation loss."""
        patience = self.config.early_stop
        watched = self.best_epoch > 0  # a small training set can leave no image to hold out
        return patience is not None and watched and self.epoch - self.best_epoch >= patience

    @property
    def good_enough(self) -> bool:
        """Whether the validation loss has come down to `stop_at`."""
        return self.config.stop_at is not None and self.best_loss <= self.config.stop_at

    def restore_best(self) -> None:
        """Give the model its best weights back, if any were kept."""
        if self.best_weights:
            self.model.load_state_dict(self.best_weights)

    def save(self, path: Path) -> None:
        """Write everything to `path` (safetensors) in one piece. Call it between two epochs.

        Raises WeightsError where it cannot be written.
        """
        tensors = {f"model.{name}": weight for name, weight in self.model.state_dict().items()}
        tensors |= {f"best.{name}": weight for name, weight in self.best_weights.items()}
        moments = self.optimizer.state_dict()
        for index, values in moments["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in values.items()}
        tensors["generator"] = self.generator.get_state()
        scheduler = self.one_cycle or self.plateau
        counters = {
            "shapes": _shapes(tensors),
            "config": self.config.model_dump(mode="json"),
            "device": self.generator.device.type,
            "phase": [self._phase, self._first_epoch, self._first_step, self.rate_by_hand],
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.watch.seconds,
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "param_groups": moments["param_groups"],
            "scheduler": scheduler.state_dict() if scheduler else None,
        }
        write_tensors(path, tensors, {"state": json.dumps(counters)})

    def load(self, path: Path) -> None:
        """Take up what `save` wrote, weights included.

        Raises WeightsError where the file is damaged, SettingsError where it is from another kind of device.
        """
        tensors = read_tensors(path)
        try:
            with safe_open(path, "pt") as file:
                counters: dict[str, Any] = json.loads(file.metadata()["state"])
            if counters["shapes"] != _shapes(tensors):
                raise ValueError("it does not hold what was written to it")
            if TrainConfig(**counters["config"]) != self.config:
                raise ValueError("it belongs to a training with other settings")
            if counters["device"] != self.generator.device.type:
                raise SettingsError(
                    f"device is {self.generator.device.type}: choose {counters['device']}, "
                    "this training began there"
                )
            self._take_up(tensors, counters)
        except SettingsError:
            raise
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]  # PyTorch lists every weight, a line each
            raise WeightsError(f"{path} is damaged ({reason}): delete it to begin again") from None

    def _take_up(self, tensors: dict[str, Tensor], counters: dict[str, Any]) -> None:
        phase, first_epoch, first_step, rate_by_hand = counters["phase"]
        if not 0 <= phase < len(self.phases):
            raise ValueError(f"it is in phase {phase} of {len(self.phases)}")
        self._begin(phase, self.config.learning_rate)
        self._first_epoch, self._first_step = first_epoch, first_step
        self.model.load_state_dict(_below("model.", tensors))
        device = self.generator.device
        self.best_weights = {name: weight.to(device) for name, weight in _below("best.", tensors).items()}
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _below("optimizer.", tensors).items():
            index, key = name.split(".")
            moments.setdefault(int(index), {})[key] = value
        self.optimizer.load_state_dict({"state": moments, "param_groups": counters["param_groups"]})
        # an earlier lab kept only whether there was one
        self.rate_by_hand = self.highest_learning_rate if rate_by_hand is True else rate_by_hand or None
        self.generator.set_state(tensors["generator"])
        scheduler = self.one_cycle or self.plateau
        if scheduler:
            scheduler.load_state_dict(counters["scheduler"])
        self.epoch, self.step = counters["epoch"], counters["step"]
        self.watch = Stopwatch(counters["seconds"])
        self.best_loss, self.best_epoch = counters["best_loss"], counters["best_epoch"]


def _shapes(tensors: dict[str, Tensor]) -> dict[str, list[int]]:
    return {name: list(value.shape) for name, value in tensors.items()}


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
