"""Settings as frozen records: what a model is, what it is shown, how it is trained.

One record makes the form, the command-line settings, the JSON on disk and the error sentence.
Torch is not imported here, so that a form or `--help` appears at once.
"""

from aecore.config.convolutional import (
    ConvConfig,
    ConvDenseConfig,
    ConvMapConfig,
    ConvResidualConfig,
    ConvWinnersConfig,
)
from aecore.config.data import DataConfig
from aecore.config.dense import DenseConfig, VariationalConfig
from aecore.config.experiment import Experiment
from aecore.config.kinds import MODEL_CONFIGS, AnyModelConfig
from aecore.config.model import Activation, Channels, ModelConfig
from aecore.config.recurrent import RecurrentConfig
from aecore.config.train import PHASES, Phase, TrainConfig

__all__ = [
    "MODEL_CONFIGS",
    "PHASES",
    "Activation",
    "AnyModelConfig",
    "Channels",
    "ConvConfig",
    "ConvDenseConfig",
    "ConvMapConfig",
    "ConvResidualConfig",
    "ConvWinnersConfig",
    "DataConfig",
    "DenseConfig",
    "Experiment",
    "ModelConfig",
    "Phase",
    "RecurrentConfig",
    "TrainConfig",
    "VariationalConfig",
]
