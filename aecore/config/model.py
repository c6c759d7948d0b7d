"""What a network is: the settings that all kinds share."""

import math
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from aecore.config.lists import comma_list
from aecore.settings import Record

Activation = Literal["relu", "leaky_relu", "silu", "sigmoid", "tanh", "identity"]

Side = Annotated[int, Field(ge=1, le=1024)]
Width = Annotated[int, Field(ge=1, le=65_536)]
ImageShape = Annotated[tuple[Side, Side, Side], BeforeValidator(comma_list)]
Widths = Annotated[tuple[Width, ...], Field(max_length=16), BeforeValidator(comma_list)]
Channels = Annotated[tuple[Width, ...], Field(min_length=1, max_length=8), BeforeValidator(comma_list)]
Share = Annotated[float, Field(gt=0, lt=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]


class ModelConfig(Record):
    """What every autoencoder has, whatever its kind."""

    title: ClassVar[str]
    """The kind in words."""

    settled: ClassVar[frozenset[str]] = frozenset()
    """Settings shared by all kinds that are not free in this one."""

    kind: str
    """Which network of the registry this is."""

    image_shape: ImageShape = (1, 28, 28)
    """Channels, height and width of an image."""

    code_size: Width = 32
    """How many numbers the code has: the bottleneck an image must pass through."""

    activation: Activation = "relu"
    """What the hidden layers do with their sums."""

    code_activation: Activation = "identity"
    """What is done with the code's own sums; identity leaves them as they are."""

    output_activation: Activation = "sigmoid"
    """What is done with each pixel's sum; sigmoid keeps it between 0 and 1, identity does not bound it."""

    active: Width | Share | None = None
    """Hard sparsity: how many numbers (16) or which share (0.25) of each code are kept, the largest; the
    rest are set to zero. None keeps all."""

    lifetime: Share | None = None
    """Lifetime sparsity, winner takes all: in training, each unit stays active only for this share of a
    batch, where it is largest. None lets it be active for all."""

    input_dropout: Dropout = 0.0
    """Share of the pixels left out in training, at random; the others are made brighter to match."""

    hidden_dropout: Dropout = 0.0
    """Share of each hidden layer's outputs left out in training, at random."""

    initialisation: Literal["pytorch", "keras"] = "pytorch"
    """Whose first weights: PyTorch's, or Keras's, which are Glorot's uniform ones with biases of 0."""

    weight_std: Annotated[float, Field(gt=0, le=10)] | None = None
    """Draw all first weights and biases from N(0, this²) instead; none leaves those of initialisation."""

    @property
    def pixel_count(self) -> int:
        """How many numbers an image has."""
        return math.prod(self.image_shape)

    @property
    def compression(self) -> float:
        """How many numbers of an image each number of its code stands for."""
        return self.pixel_count / self.code_size

    @property
    def active_count(self) -> int:
        """How many numbers of a code may be other than zero."""
        if self.active is None:
            return self.code_size
        return self.active if isinstance(self.active, int) else max(1, round(self.active * self.code_size))

    @property
    def pca_size(self) -> int | None:
        """How many components PCA has beside it: as many as a code has numbers other than zero.

        None where those are as many as the pixels, for PCA copies the image then and is no yardstick.
        """
        return self.active_count if self.active_count < self.pixel_count else None

    @property
    def sparse(self) -> bool:
        """Whether some units of a code are silenced, in training at least."""
        return self.active is not None or self.lifetime is not None

    @property
    def pair_count(self) -> int:
        """How many pairs of layers can be trained one after the other, from the outside in; 0 for none."""
        return 0

    @model_validator(mode="after")
    def _begins_one_way(self) -> Self:
        if self.weight_std is not None and self.initialisation != "pytorch":
            raise ValueError(
                f"weight_std is {self.weight_std:g}: choose none, or initialisation pytorch, "
                f"for {self.initialisation} sets how far the first weights lie apart"
            )
        return self

    @model_validator(mode="after")
    def _keeps_some_of_the_code(self) -> Self:
        if self.active_count > self.code_size:
            raise ValueError(f"active is {self.active}: choose 1 to {self.code_size} (the code size)")
        return self
