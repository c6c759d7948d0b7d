"""Settings of the networks of convolutions."""

import math
from abc import abstractmethod
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from aecore.config.lists import comma_list
from aecore.config.model import Activation, Channels, ModelConfig


class ConvConfig(ModelConfig):
    """Convolutions that halve the picture at each layer, and transposed convolutions back."""

    title = "Convolutional"

    kind: Literal["conv"] = "conv"
    """Which network of the registry this is."""

    channels: Channels = (32, 64)
    """Channels of each strided convolution, in the encoder's order; the decoder mirrors them."""


class PooledConfig(ModelConfig):
    """Convolutions and pooling whose last pictures, as they are, make the code."""

    settled = frozenset({"code_size"})

    channels: Channels
    """Channels of each convolution, in the encoder's order."""

    kernel_size: Annotated[int, Field(ge=1, le=64)]
    """Height and width of what a convolution sees at once."""

    @property
    @abstractmethod
    def code_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the pictures that make the code; 0 or less where nothing is left."""

    @property
    def carried(self) -> int:
        """How many of the code's numbers, its last, are the picture itself."""
        return 0

    @property
    def made(self) -> int:
        """The code size that the layers make."""
        return max(1, math.prod(self.code_shape) + self.carried)

    @model_validator(mode="before")
    @classmethod
    def _fits_the_image(cls, values: Any) -> Any:
        """Where they are not given, a kernel that fits and the code size that the layers make.

        Other values may be of any sort: they are checked later.
        """
        if not isinstance(values, dict):
            return values
        try:
            shape, channels = (
                tuple(map(int, comma_list(values.get(name, cls.model_fields[name].default))))
                for name in ("image_shape", "channels")
            )
            usual = min(cls.model_fields["kernel_size"].default, cls.widest_kernel(shape, len(channels)))
            kernel = int(values.get("kernel_size", usual))
            laid_out = cls.model_construct(image_shape=shape, channels=channels, kernel_size=kernel)
            return {"kernel_size": kernel, "code_size": laid_out.made, **values}
        except (TypeError, ValueError, IndexError, ZeroDivisionError):
            return values

    @classmethod
    def widest_kernel(cls, _shape: tuple[int, ...], _layers: int) -> int:
        """The largest kernel that leaves something of an image of this shape. With a margin any does."""
        return 63

    @model_validator(mode="after")
    def _makes_this_code(self) -> Self:
        channels, height, width = self.code_shape
        if height < 1 or width < 1:
            widest = self.widest_kernel(self.image_shape, len(self.channels))
            raise ValueError(
                f"kernel_size is {self.kernel_size}: choose at most {widest}, or fewer convolutions, "
                f"nothing is left of {self.image_shape[1]}×{self.image_shape[2]} pixels"
            )
        if self.code_size != self.made:
            picture = f", and the picture's {self.carried:,} numbers go along" if self.carried else ""
            raise ValueError(
                f"code_size is {self.code_size}: choose {self.made}, "
                f"the layers end with {channels} channels of {height}×{width}{picture}"
            )
        return self


class ConvDenseConfig(PooledConfig):
    """Convolutions without a margin and one pooling, back to the image by a fully connected layer."""

    title = "Convolutions to dense"

    kind: Literal["conv-dense"] = "conv-dense"
    """Which network of the registry this is."""

    channels: Channels = (8, 8, 8, 8)
    """Channels of each convolution, in the encoder's order."""

    kernel_size: Annotated[int, Field(ge=1, le=64)] = 6
    """Height and width of what a convolution sees at once; the picture loses this less 1 each time."""

    @classmethod
    def widest_kernel(cls, shape: tuple[int, ...], layers: int) -> int:
        return max(1, (min(shape[1:]) - 2) // layers + 1)

    @property
    def code_shape(self) -> tuple[int, int, int]:
        _, height, width = self.image_shape
        lost = len(self.channels) * (self.kernel_size - 1)
        return self.channels[-1], (height - lost) // 2, (width - lost) // 2


class ConvMapConfig(PooledConfig):
    """Convolutions, each with pooling, and transposed convolutions back; the code is small pictures."""

    title = "Fully convolutional"

    kind: Literal["conv-map"] = "conv-map"
    """Which network of the registry this is."""

    channels: Channels = (32, 32)
    """Channels of each convolution, in the encoder's order; the decoder mirrors them."""

    kernel_size: Annotated[int, Field(ge=1, le=63)] = 3
    """Height and width of what a convolution sees at once, an odd number."""

    @property
    def code_shape(self) -> tuple[int, int, int]:
        _, height, width = self.image_shape
        halvings = 2 ** len(self.channels)
        return self.channels[-1], -(-height // halvings), -(-width // halvings)

    @model_validator(mode="after")
    def _has_a_middle(self) -> Self:
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {self.kernel_size}: choose an odd number, it needs a middle")
        return self


class ConvResidualConfig(ConvMapConfig):
    """A fully convolutional network that only draws the difference from what it sees: for sharpening,
    colouring or filling in."""

    title = "Fully convolutional, residual"

    settled = frozenset({"code_size", "active", "lifetime", "output_activation"})

    kind: Literal["conv-residual"] = "conv-residual"
    """Which network of the registry this is."""

    output_activation: Literal["identity"] = "identity"
    """A difference has no bounds."""

    @property
    def carried(self) -> int:
        return self.pixel_count

    @model_validator(mode="after")
    def _is_not_sparse(self) -> Self:
        for name in ("active", "lifetime"):
            if (value := getattr(self, name)) is not None:
                raise ValueError(f"{name} is {value:g}: choose none, this code carries the picture along")
        return self


class ConvWinnersConfig(PooledConfig):
    """Convolutions whose last pictures, the maps, keep only their brightest pixel each."""

    title = "Convolutional, winner takes all"

    settled = frozenset({"code_size", "active"})

    kind: Literal["conv-winners"] = "conv-winners"
    """Which network of the registry this is."""

    channels: Channels = (16,)
    """Channels of each convolution, in the encoder's order; the last are the maps."""

    code_activation: Activation = "relu"
    """What is done with the code's own sums; winners are taken after it."""

    kernel_size: Annotated[int, Field(ge=1, le=63)] = 11
    """Height and width of what a convolution sees at once and a map's pixel paints; an odd number."""

    @property
    def code_shape(self) -> tuple[int, int, int]:
        _, height, width = self.image_shape
        return self.channels[-1], height, width

    @property
    def active_count(self) -> int:
        return self.channels[-1]

    @property
    def sparse(self) -> bool:
        return True

    @model_validator(mode="after")
    def _takes_winners(self) -> Self:
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {self.kernel_size}: choose an odd number, it needs a middle")
        if self.active is not None:
            raise ValueError(f"active is {self.active:g}: choose none, each map has one winner")
        return self
