"""How a model is trained."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from aecore.config.lists import comma_list
from aecore.settings import Record

Epochs = Annotated[int, Field(ge=1, le=10_000)]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A part of a training: what learns, and for how long."""

    name: str
    """In words."""

    epochs: int
    pair: int | None = None
    """Only this pair of layers learns, counted from 1 at the outside, between the frozen ones before it;
    None: all weights learn."""

    untied: bool = False
    """Whether the decoder has weights of its own, in a model that began tied."""


PHASES = {"pair_epochs", "untied_epochs"}
"""Settings of a training that are about one kind of model's layers."""


class TrainConfig(Record):
    """How a model is trained."""

    epochs: Epochs = 20
    """How many times the model sees every training image."""

    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 256
    """Images per step."""

    loss: Literal["mse", "bce", "l1"] = "mse"
    """What is made small: squared error, cross-entropy or absolute error, each the mean over all pixels."""

    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    """How weights follow the gradient."""

    learning_rate: Annotated[float, Field(gt=0, le=10)] = 1e-3
    """Length of a step; the highest one where a schedule changes it."""

    schedule: Literal["constant", "plateau", "one-cycle"] = "constant"
    """plateau divides the learning rate when the loss stops falling; one-cycle takes it up, then to zero."""

    plateau_patience: Annotated[int, Field(ge=0, le=1_000)] = 3
    """Epochs without a better loss before plateau lowers the learning rate."""

    plateau_divisor: Annotated[float, Field(gt=1, le=1_000)] = 2.0
    """What plateau divides the learning rate by."""

    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Pull of the weights towards zero; adamw applies it apart from the gradient."""

    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """How much of the last step sgd keeps."""

    l1_weight: Annotated[float, Field(ge=0, le=1_000)] = 0.0
    """Soft sparsity: adds this times the sum of a code's absolute values, mean over images, to the loss."""

    kl_weight: Annotated[float, Field(ge=0, le=1_000)] = 0.0
    """Soft sparsity: adds this times the KL divergence of a unit's mean activity from kl_target, mean over
    the units, to the loss."""

    kl_target: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """The mean activity, called rho, that the KL penalty pulls every unit towards."""

    kl_normalised: bool = False
    """Compare each unit's absolute value, divided by its largest in the batch, with kl_target: for codes that
    are not sigmoid."""

    pair_epochs: Annotated[tuple[Epochs, ...], Field(max_length=17), BeforeValidator(comma_list)] = ()
    """Layer by layer: epochs for each pair of layers alone, from the outside in, before all are trained
    together; one number counts for every pair."""

    untied_epochs: Annotated[int, Field(ge=0, le=10_000)] = 0
    """At the end, so many epochs more with a decoder that is no longer tied to the encoder."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Decides the first weights and the order of the images: same seed and device, same losses."""

    early_stop: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """Stop after this many epochs without a better validation loss; none never stops early."""

    stop_at: Annotated[float, Field(gt=0, le=10)] | None = None
    """Stop once the validation loss is as low as this; none goes on."""

    keep_best: bool = True
    """Keep the weights of the epoch with the lowest validation loss rather than the last ones."""

    def phases(self, pair_count: int) -> tuple[Phase, ...]:
        """What is trained in which order, for a model with so many pairs of layers."""
        epochs = self.pair_epochs * pair_count if len(self.pair_epochs) == 1 else self.pair_epochs
        together = "all layers" if epochs else "tied" if self.untied_epochs else ""
        found = [
            Phase(name=f"layer pair {pair}", epochs=count, pair=pair) for pair, count in enumerate(epochs, 1)
        ]
        found.append(Phase(name=together, epochs=self.epochs))
        if self.untied_epochs:
            found.append(Phase(name="untied", epochs=self.untied_epochs, untied=True))
        return tuple(found)
