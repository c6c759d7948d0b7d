"""The sigmoid network of the TensorFlow tutorial, the one with a table of losses."""

from aecore.config import DenseConfig, TrainConfig
from aecore.recipes.recipe import Published, Recipe

RECIPES = (
    Recipe(
        name="tf-64",
        title="TensorFlow tutorial, sigmoid, code of 64",
        source="Aymeric Damien's TensorFlow-Examples, autoencoder; the figures are Ocademy's.",
        published=(
            Published("training loss", 0.0165, step=1_000),
            Published("training loss", 0.0063, step=5_000),
            Published("training loss", 0.0049, step=10_000),
            Published("training loss", 0.0036, step=20_000),
        ),
        note="86 epochs of 235 steps make its 20,000; its batches run across epochs, ours do not.",
        model=DenseConfig(
            hidden=(128,),
            code_size=64,
            activation="sigmoid",
            code_activation="sigmoid",
            weight_std=0.05,
        ),
        train=TrainConfig(epochs=86, batch_size=256, learning_rate=0.01),
    ),
)
