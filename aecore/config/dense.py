"""Settings of the networks of fully connected layers."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from aecore.config.model import ModelConfig, Widths


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


class VariationalConfig(ModelConfig):
    """A dense autoencoder whose code is a normal distribution for each image, kept close to N(0, 1)."""

    title = "Variational"

    settled = frozenset({"active", "lifetime", "code_activation"})

    kind: Literal["variational"] = "variational"
    """Which network of the registry this is."""

    code_activation: Literal["identity"] = "identity"
    """The mean of a normal distribution has no bounds."""

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
