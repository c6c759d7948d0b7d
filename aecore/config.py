"""Settings as frozen records: what a model is, what it is shown, how it is trained.

One record makes the form, the command-line settings, the JSON on disk and the error sentence.
Torch is not imported here, so that a form or `--help` appears at once.
"""

import math
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from aecore.settings import Record, SettingsError, either, unknown

Activation = Literal["relu", "leaky_relu", "silu", "sigmoid", "tanh", "identity"]


def _comma_list(value: Any) -> Any:
    """Let a command line or a text field say 512,256."""
    if not isinstance(value, str):
        return value
    listed = value.strip().removesuffix(",")
    return [part.strip() for part in listed.split(",")] if listed else []


Side = Annotated[int, Field(ge=1, le=1024)]
Width = Annotated[int, Field(ge=1, le=65_536)]
ImageShape = Annotated[tuple[Side, Side, Side], BeforeValidator(_comma_list)]
Widths = Annotated[tuple[Width, ...], Field(max_length=16), BeforeValidator(_comma_list)]
Channels = Annotated[tuple[Width, ...], Field(min_length=1, max_length=8), BeforeValidator(_comma_list)]


class ModelConfig(Record):
    """What every autoencoder has, whatever its kind."""

    title: ClassVar[str]
    """The kind in words."""

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

    output_activation: Literal["sigmoid", "identity"] = "sigmoid"
    """sigmoid keeps every pixel between 0 and 1; identity does not bound it."""

    weight_std: Annotated[float, Field(gt=0, le=10)] | None = None
    """Draw all first weights and biases from N(0, this²); none leaves PyTorch's default."""

    @property
    def compression(self) -> float:
        """How many numbers of an image each number of its code stands for."""
        return math.prod(self.image_shape) / self.code_size


class DenseConfig(ModelConfig):
    """Fully connected layers that narrow to the code and widen back."""

    title = "Dense"

    kind: Literal["dense"] = "dense"
    """Which network of the registry this is."""

    hidden: Widths = (512,)
    """Widths of the layers between image and code, in the encoder's order; the decoder mirrors them."""


class ConvConfig(ModelConfig):
    """Convolutions that halve the picture at each layer, and transposed convolutions back."""

    title = "Convolutional"

    kind: Literal["conv"] = "conv"
    """Which network of the registry this is."""

    channels: Channels = (32, 64)
    """Channels of each strided convolution, in the encoder's order; the decoder mirrors them."""


MODEL_CONFIGS: dict[str, type[ModelConfig]] = {"dense": DenseConfig, "conv": ConvConfig}
AnyModelConfig = Annotated[DenseConfig | ConvConfig, Field(discriminator="kind")]


FolderName = Annotated[
    str,
    Field(
        pattern="^[a-z0-9][a-z0-9-]{0,59}$",
        json_schema_extra={"limits": "lower-case letters, digits and hyphens, at most 60"},
    ),
]


class DataConfig(Record):
    """Which images a model is shown."""

    dataset: Literal["mnist", "fashion-mnist", "digits", "patches"] = "mnist"
    """Where the images come from."""

    train_count: Annotated[int, Field(ge=10)] | None = None
    """Use only this many training images, drawn at random; none uses all."""

    validation_share: Annotated[float, Field(ge=0, le=0.5)] = 1 / 12
    """Share of the training images held out to watch progress; the test images are never used for that."""

    split_seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Decides which images are drawn and held out, whatever the training seed."""


class TrainConfig(Record):
    """How a model is trained."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 20
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

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Decides the first weights and the order of the images: same seed and device, same losses."""

    early_stop: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """Stop after this many epochs without a better validation loss; none never stops early."""

    keep_best: bool = True
    """Keep the weights of the epoch with the lowest validation loss rather than the last ones."""


class Experiment(Record):
    """One model, shown one data set, trained one way: all that is needed to train it again."""

    recipe: FolderName = "custom"
    """Name of the recipe this began as; the run's folder is named after it."""

    model: AnyModelConfig = DenseConfig()
    data: DataConfig = DataConfig()
    train: TrainConfig = TrainConfig()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.train.loss == "bce" and self.model.output_activation != "sigmoid":
            raise ValueError(
                f"output_activation is {self.model.output_activation}: "
                "choose sigmoid, bce needs pixels between 0 and 1"
            )
        if self.train.early_stop and not self.data.validation_share:
            raise ValueError("validation_share is 0: choose up to 0.5, early_stop watches held-out images")
        return self

    def with_settings(self, settings: dict[str, Any]) -> "Experiment":
        """A copy with settings changed by their bare names, such as {"epochs": 5, "code_size": 16}.

        A new `kind` keeps what all models share and takes its own defaults for the rest.
        Raises SettingsError for a name that no record has, or a value outside its limits.
        """
        model = self.model.model_dump()
        kind = settings.get("kind", self.model.kind)
        if kind != self.model.kind:
            model = {name: model[name] for name in ModelConfig.model_fields} | {"kind": kind}
        if kind not in MODEL_CONFIGS:
            raise SettingsError(f"kind is {kind}: choose {either(MODEL_CONFIGS)}")
        fields = {
            "model": MODEL_CONFIGS[kind].model_fields,
            "data": DataConfig.model_fields,
            "train": TrainConfig.model_fields,
        }
        changed: dict[str, Any] = {
            "model": model,
            "data": self.data.model_dump(),
            "train": self.train.model_dump(),
        }
        for name, value in settings.items():
            part = next((part for part in fields if name in fields[part]), None)
            if part is None:
                known = [name for names in fields.values() for name in names]
                raise SettingsError(unknown("setting", name, known))
            changed[part][name] = value
        return Experiment(recipe=self.recipe, **changed)
