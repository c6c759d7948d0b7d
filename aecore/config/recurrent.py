"""Settings of the network that reads an image row by row."""

from typing import Literal

from aecore.config.model import ModelConfig, Width


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
