"""What a network is: the settings that all kinds share, and those of each kind."""

import math
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

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

    weight_std: Annotated[float, Field(gt=0, le=10)] | None = None
    """Draw all first weights and biases from N(0, this²); none leaves PyTorch's default."""

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
    def _keeps_some_of_the_code(self) -> Self:
        if self.active_count > self.code_size:
            raise ValueError(f"active is {self.active}: choose 1 to {self.code_size} (the code size)")
        return self


class DenseConfig(ModelConfig):
    """Fully connected layers that narrow to the code and widen back."""

    title = "Dense"

    kind: Literal["dense"] = "dense"
    """Which network of the registry this is."""

    hidden: Widths = (512,)
    """Widths of the layers between image and code, in the encoder's order; the decoder mirrors them."""

    decoder_hidden: Widths | None = None
    """Widths of the layers between code and image, in the decoder's order; none mirrors the encoder's."""

    tied: bool = False
    """Whether the decoder uses the encoder's weights, transposed, with biases of its own."""

    @property
    def decoder_widths(self) -> tuple[int, ...]:
        """Of the layers between code and image."""
        return self.hidden[::-1] if self.decoder_hidden is None else self.decoder_hidden

    @property
    def mirrored(self) -> bool:
        """Whether every layer of the encoder has its counterpart in the decoder."""
        return self.decoder_widths == self.hidden[::-1]

    @property
    def pair_count(self) -> int:
        return len(self.hidden) + 1 if self.mirrored else 0

    @model_validator(mode="after")
    def _ties_what_fits(self) -> Self:
        if self.tied and not self.mirrored:
            mirror = ", ".join(map(str, self.hidden[::-1])) or "no layers"
            found = ", ".join(map(str, self.decoder_widths)) or "no layers"
            raise ValueError(
                f"decoder_hidden is {found}: choose {mirror} or none, a tied decoder is the encoder's mirror"
            )
        return self


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
    def code_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the pictures that make the code; 0 or less where nothing is left."""
        raise NotImplementedError

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
            kernel = int(values.get("kernel_size", cls.largest_kernel(shape, len(channels))))
            laid_out = cls.model_construct(image_shape=shape, channels=channels, kernel_size=kernel)
            return {"kernel_size": kernel, "code_size": max(1, math.prod(laid_out.code_shape)), **values}
        except (TypeError, ValueError, IndexError, ZeroDivisionError):
            return values

    @classmethod
    def largest_kernel(cls, _shape: tuple[int, ...], _layers: int) -> int:
        """Up to the default, the largest kernel that leaves something of an image of this shape."""
        return cls.model_fields["kernel_size"].default

    @model_validator(mode="after")
    def _makes_this_code(self) -> Self:
        channels, height, width = self.code_shape
        if height < 1 or width < 1:
            raise ValueError(
                f"kernel_size is {self.kernel_size}: choose a smaller one or fewer channels, "
                f"nothing is left of {self.image_shape[1]}×{self.image_shape[2]} pixels"
            )
        if self.code_size != (made := channels * height * width):
            raise ValueError(
                f"code_size is {self.code_size}: choose {made}, "
                f"the layers end with {channels} channels of {height}×{width}"
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
    def largest_kernel(cls, shape: tuple[int, ...], layers: int) -> int:
        most = (min(shape[1:]) - 2) // layers + 1
        return min(cls.model_fields["kernel_size"].default, max(1, most))

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


class ConvWinnersConfig(PooledConfig):
    """Convolutions whose last pictures, the maps, keep in training only their brightest pixel each."""

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
    def sparse(self) -> bool:
        return True

    @model_validator(mode="after")
    def _takes_winners(self) -> Self:
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {self.kernel_size}: choose an odd number, it needs a middle")
        if self.active is not None:
            raise ValueError(f"active is {self.active:g}: choose none, each map has one winner")
        return self


class RecurrentConfig(ModelConfig):
    """An LSTM that reads the image row by row, and one that writes it again."""

    title = "Recurrent"

    settled = frozenset({"activation"})

    kind: Literal["recurrent"] = "recurrent"
    """Which network of the registry this is."""

    activation: Literal["tanh"] = "tanh"
    """An LSTM brings its own."""

    memory: Width = 128
    """How many numbers each LSTM remembers from row to row."""


class VariationalConfig(ModelConfig):
    """A dense autoencoder whose code is a normal distribution for each image, kept close to N(0, 1)."""

    title = "Variational"

    settled = frozenset({"active", "lifetime"})

    kind: Literal["variational"] = "variational"
    """Which network of the registry this is."""

    hidden: Widths = (512,)
    """Widths of the layers between image and code, in the encoder's order; the decoder mirrors them."""

    beta: Annotated[float, Field(ge=0, le=1_000)] = 1.0
    """Weight of the codes' distance from N(0, 1), in nats per pixel; 1 with bce is the variational bound."""

    @model_validator(mode="after")
    def _is_not_sparse(self) -> Self:
        for name in ("active", "lifetime"):
            if (value := getattr(self, name)) is not None:
                raise ValueError(f"{name} is {value:g}: choose none, a variational code is not sparse")
        return self


AnyModelConfig = Annotated[
    DenseConfig
    | ConvConfig
    | ConvDenseConfig
    | ConvMapConfig
    | ConvWinnersConfig
    | RecurrentConfig
    | VariationalConfig,
    Field(discriminator="kind"),
]
MODEL_CONFIGS: dict[str, type[ModelConfig]] = {
    config.model_fields["kind"].default: config for config in get_args(get_args(AnyModelConfig)[0])
}
