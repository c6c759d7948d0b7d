"""Input is not the target: models that colour, sharpen, fill in, and two that learn what a formula does."""

from aecore.config import ConvResidualConfig, DataConfig, TrainConfig
from aecore.recipes.recipe import Recipe

SOURCE = (
    "This lab: the tutorials' list of uses names image transformation without an experiment. Chosen by the "
    "loss on held-out training images."
)

# Held-out patches, 10 epochs, PSNR of the mean error: colour from grey 27.1 dB with (32, 64, 128) channels,
# 25.8 with (48, 96), 24.6 with (32, 64), and 21.5 with those, but not residual; the mean colour 19.1. Twice
# as sharp 26.6 dB residual, 24.4 not; bicubic 25.9.
DEEP = ConvResidualConfig(
    image_shape=(3, 16, 16), channels=(32, 64, 64), activation="silu", code_activation="silu"
)
SHALLOW = DEEP.replace(channels=(32,), code_size=32 * 8 * 8 + 3 * 16 * 16)
TRAINING = TrainConfig(epochs=12, batch_size=64, learning_rate=3e-3, schedule="one-cycle")

WHOLE_HOLE = {
    "kind": "conv",
    "channels": (16, 32),
    "code_size": 64,
    "code_activation": "identity",
    "output_activation": "sigmoid",
}
"""A stroke that is lost has to be guessed from all that is left, so all of it goes through one small code."""

RECIPES = (
    Recipe(
        name="colourise",
        title="Colour from grey",
        source=SOURCE,
        note="It sees the grey version of a patch of a photo, and is asked for the colours.",
        model=DEEP.replace(channels=(32, 64, 128), code_size=128 * 2 * 2 + 3 * 16 * 16),
        data=DataConfig(dataset="patches", input_transform="grey"),
        train=TRAINING,
    ),
    Recipe(
        name="decolour",
        title="Grey from colour",
        source=SOURCE,
        note="One line of arithmetic does this exactly; the network shows how closely it can be learned.",
        model=SHALLOW,
        data=DataConfig(dataset="patches", target_transform="grey"),
        train=TRAINING,
    ),
    Recipe(
        name="sharpen",
        title="Twice the resolution",
        source=SOURCE,
        note="It sees a patch of a photo at half its resolution, and is asked for the whole one.",
        model=DEEP,
        data=DataConfig(dataset="patches", input_transform="half"),
        train=TRAINING,
    ),
    Recipe(
        name="sharpen-4",
        title="Four times the resolution",
        source=SOURCE,
        note="It sees a patch of a photo at a quarter of its resolution, and is asked for the whole one.",
        model=DEEP,
        data=DataConfig(dataset="patches", input_transform="quarter"),
        train=TRAINING,
    ),
    Recipe(
        name="shrink",
        title="Half the resolution",
        source=SOURCE,
        note="The mean of each four pixels is exact; the network shows how closely it can be learned.",
        model=SHALLOW,
        data=DataConfig(dataset="patches", target_transform="half"),
        train=TRAINING,
    ),
    Recipe(
        name="inpaint",
        title="A hole filled in",
        source=SOURCE,
        note="It sees an image without its middle, a quarter of it, and is asked for the whole one.",
        any_shape=True,
        adapted={
            "mnist": WHOLE_HOLE,
            "fashion-mnist": WHOLE_HOLE,
            "digits": WHOLE_HOLE | {"epochs": 200},
        },
        model=DEEP,
        data=DataConfig(dataset="patches", input_transform="hole"),
        train=TRAINING,
    ),
)
