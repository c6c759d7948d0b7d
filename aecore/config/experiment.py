"""One model, shown one data set, trained one way."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from aecore.config.data import DataConfig
from aecore.config.dense import DenseConfig
from aecore.config.kinds import MODEL_CONFIGS, AnyModelConfig
from aecore.config.model import ModelConfig
from aecore.config.train import PHASES, Phase, TrainConfig
from aecore.settings import Record, SettingsError, either, unknown

FolderName = Annotated[
    str,
    Field(
        pattern="^[a-z0-9][a-z0-9-]{0,59}$",
        json_schema_extra={"limits": "lower-case letters, digits and hyphens, at most 60"},
    ),
]


class Experiment(Record):
    """One model, shown one data set, trained one way: all that is needed to train it again."""

    recipe: FolderName = "custom"
    """Name of the recipe this began as; the run's folder is named after it."""

    model: AnyModelConfig = DenseConfig()
    data: DataConfig = DataConfig()
    train: TrainConfig = TrainConfig()

    @property
    def phases(self) -> tuple[Phase, ...]:
        """What is trained in which order; a single one for most."""
        return self.train.phases(self.model.pair_count)

    @property
    def epochs(self) -> int:
        """Of all phases together."""
        return sum(phase.epochs for phase in self.phases)

    @property
    def task(self) -> tuple[str, str] | None:
        """The transforms of what the model sees and of what it is asked for; None where they are the same.

        Grey images have no colour to lose: for them `grey` is `none`.
        """
        seen, asked = self.data.input_transform, self.data.target_transform
        if self.model.image_shape[0] == 1:
            seen, asked = ("none" if each == "grey" else each for each in (seen, asked))
        return None if seen == asked else (seen, asked)

    @property
    def warnings(self) -> list[str]:
        """What is allowed but probably not meant, a sentence each."""
        model, train = self.model, self.train
        held_back = model.sparse or train.l1_weight or train.kl_weight or getattr(model, "beta", 0)
        disturbed = self.task or self.data.noise != "none" or model.input_dropout
        if model.code_size < model.pixel_count or held_back or disturbed:
            return []
        return [
            f"A code of {model.code_size:,} numbers is as wide as the image ({model.pixel_count:,}), without "
            "sparsity or noise: the model can copy, and need not learn anything about the images."
        ]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        model, train = self.model, self.train
        if train.loss == "bce" and "output_activation" in model.settled:
            raise ValueError("loss is bce: choose mse or l1, this kind's pixels may leave 0 to 1")
        if train.loss == "bce" and model.output_activation != "sigmoid":
            raise ValueError(
                f"output_activation is {model.output_activation}: "
                "choose sigmoid, bce needs pixels between 0 and 1"
            )
        for name in ("early_stop", "stop_at"):
            if getattr(train, name) and not self.data.validation_share:
                raise ValueError(f"validation_share is 0: choose up to 0.5, {name} watches held-out images")
        if train.kl_weight and model.code_activation != "sigmoid" and not train.kl_normalised:
            if "code_activation" in model.settled:
                raise ValueError("kl_normalised is false: choose true, this kind's code may leave 0 to 1")
            raise ValueError(
                f"code_activation is {model.code_activation}: choose sigmoid, or kl_normalised true, "
                "kl_weight compares activities between 0 and 1"
            )
        if train.pair_epochs and not model.pair_count:
            raise ValueError(
                f"pair_epochs is {_listed(train.pair_epochs)}: choose none, "
                "only a dense model whose decoder mirrors the encoder is trained layer by layer"
            )
        if len(train.pair_epochs) not in (0, 1, model.pair_count):
            raise ValueError(
                f"pair_epochs is {_listed(train.pair_epochs)}: choose one number or {model.pair_count}, "
                "one for each pair of layers"
            )
        if train.untied_epochs and not getattr(model, "tied", False):
            raise ValueError(
                f"untied_epochs is {train.untied_epochs}: choose 0, only a tied decoder can be untied"
            )
        return self

    def with_settings(self, settings: dict[str, Any]) -> "Experiment":
        """A copy with settings changed by their bare names, such as {"epochs": 5, "code_size": 16}.

        A new `kind` keeps what all models share and takes its own defaults for the rest; phases are those of
        the old kind's layers, and go, as do a loss and a penalty that its settled activations rule out.
        Raises SettingsError for a name that no record has, or a value outside its limits.
        """
        model = self.model.model_dump()
        kind = settings.get("kind", self.model.kind)
        if kind != self.model.kind:
            if kind not in MODEL_CONFIGS:
                raise SettingsError(f"kind is {kind}: choose {either(MODEL_CONFIGS)}")
            model = {name: model[name] for name in ModelConfig.model_fields} | {"kind": kind}
        settled = MODEL_CONFIGS[kind].settled
        for name in settled:
            del model[name]
        gone = set()
        if kind != self.model.kind:
            gone |= PHASES
            if "output_activation" in settled and self.train.loss == "bce":
                gone.add("loss")
            if "code_activation" in settled and not self.train.kl_normalised:
                gone.add("kl_weight")
        fields = {
            "model": MODEL_CONFIGS[kind].model_fields,
            "data": DataConfig.model_fields,
            "train": TrainConfig.model_fields,
        }
        changed: dict[str, Any] = {
            "model": model,
            "data": self.data.model_dump(),
            "train": self.train.model_dump(exclude=gone),
        }
        for name, value in settings.items():
            part = next((part for part in fields if name in fields[part]), None)
            if part is None:
                known = [name for names in fields.values() for name in names]
                raise SettingsError(unknown("setting", name, known))
            changed[part][name] = value
        return Experiment(recipe=self.recipe, **changed)


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))
