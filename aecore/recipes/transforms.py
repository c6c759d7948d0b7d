"""Input is not the target: a model that colours, and one that sharpens."""

from aecore.config import ConvMapConfig, DataConfig, TrainConfig
from aecore.recipes.recipe import Recipe

SOURCE = "This lab: the tutorials' list of uses names image transformation without an experiment."
PATCHES = ConvMapConfig(image_shape=(3, 16, 16), channels=(32, 64), activation="silu", code_activation="silu")
TRAINING = TrainConfig(epochs=20, batch_size=128, learning_rate=3e-3, schedule="one-cycle")

RECIPES = (
    Recipe(
        name="colourise",
        title="Colour from grey",
        source=SOURCE,
        note="It sees the grey version of a patch of a photo, and is asked for the colours.",
        model=PATCHES,
        data=DataConfig(dataset="patches", input_transform="grey"),
        train=TRAINING,
    ),
    Recipe(
        name="sharpen",
        title="Twice the resolution",
        source=SOURCE,
        note="It sees a patch of a photo at half its resolution, and is asked for the whole one.",
        model=PATCHES,
        data=DataConfig(dataset="patches", input_transform="half"),
        train=TRAINING,
    ),
)
