"""Which images a model is shown, and what is done to them before."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from aecore.config.lists import comma_list
from aecore.settings import Record

ClassNumber = Annotated[int, Field(ge=0, lt=100)]
Transform = Literal["none", "grey", "half", "quarter", "hole"]


class DataConfig(Record):
    """Which images a model is shown, and what it is asked to make of them."""

    dataset: Literal["mnist", "fashion-mnist", "digits", "patches"] = "mnist"
    """Where the images come from."""

    classes: Annotated[tuple[ClassNumber, ...], Field(max_length=100), BeforeValidator(comma_list)] = ()
    """Use only images of these classes, by number, the first being 0; empty uses all. A model of one class
    finds what is not of it."""

    train_count: Annotated[int, Field(ge=10)] | None = None
    """Use only this many training images, drawn at random; none uses all."""

    validation_share: Annotated[float, Field(ge=0, le=0.5)] = 1 / 12
    """Share of the training images held out to watch progress; the test images are never used for that."""

    split_seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Decides which images are drawn and held out, whatever the training seed."""

    noise: Literal["none", "gaussian", "masking", "salt-and-pepper"] = "none"
    """What is done to the input, never to the target, and afresh each time: normal noise is added, pixels set
    to 0, or to 0 and 1."""

    noise_level: Annotated[float, Field(gt=0, le=10)] = 0.5
    """Standard deviation of gaussian noise, pixels being 0 to 1; for the others, share of the pixels set."""

    least_noise: Annotated[float, Field(ge=0, le=10)] | None = None
    """Draw each image's own level between this and noise_level; none takes noise_level for every image."""

    noise_clip: bool = True
    """Bring noisy pixels back to between 0 and 1."""

    input_transform: Transform = "none"
    """What the model sees instead of the image: its grey version, half or a quarter of its resolution, or
    the image without its middle."""

    target_transform: Transform = "none"
    """What the model is asked for instead of the image."""

    @property
    def same_image(self) -> bool:
        """Whether the model is asked for what it sees, but for noise."""
        return self.input_transform == self.target_transform

    @property
    def plain(self) -> bool:
        """Whether the model is asked for exactly what it sees."""
        return self.noise == "none" and self.same_image

    @model_validator(mode="after")
    def _noise_can_be_drawn(self) -> Self:
        if self.noise in ("masking", "salt-and-pepper") and self.noise_level > 1:
            raise ValueError(
                f"noise_level is {self.noise_level:g}: choose up to 1, {self.noise} sets a share"
            )
        if self.noise != "none" and self.least_noise is not None and self.least_noise > self.noise_level:
            raise ValueError(
                f"least_noise is {self.least_noise:g}: choose up to {self.noise_level:g} (the noise_level)"
            )
        return self
