"""The registry of the kinds of network."""

from typing import Annotated, get_args

from pydantic import Field

from aecore.config.convolutional import (
    ConvConfig,
    ConvDenseConfig,
    ConvMapConfig,
    ConvResidualConfig,
    ConvWinnersConfig,
)
from aecore.config.dense import DenseConfig, VariationalConfig
from aecore.config.model import ModelConfig
from aecore.config.recurrent import RecurrentConfig

AnyModelConfig = Annotated[
    DenseConfig
    | ConvConfig
    | ConvDenseConfig
    | ConvMapConfig
    | ConvResidualConfig
    | ConvWinnersConfig
    | RecurrentConfig
    | VariationalConfig,
    Field(discriminator="kind"),
]
MODEL_CONFIGS: dict[str, type[ModelConfig]] = {
    config.model_fields["kind"].default: config for config in get_args(get_args(AnyModelConfig)[0])
}
