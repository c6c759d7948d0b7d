"""The deep network of the PyTorch tutorials, 784-128-64-36-18-9, and what becomes of it."""

from aecore.config import ConvConfig, DenseConfig, TrainConfig
from aecore.recipes.recipe import Recipe

SOURCE = "GeeksforGeeks, Implementing an Autoencoder in PyTorch; also in lecture L12."
NO_FIGURE = "The source shows the loss of each step as a plot, and pictures, but no figure."

DEEP = DenseConfig(hidden=(128, 64, 36, 18), code_size=9)
WORKING = TrainConfig(epochs=20, batch_size=32, learning_rate=1e-3, weight_decay=1e-8)

RECIPES = (
    Recipe(
        name="gfg-9",
        title="GeeksforGeeks 784-…-9, as published",
        source=SOURCE,
        note=f"{NO_FIGURE} A learning rate of 0.1 is too high for Adam: expect the mean image's error "
        "(MNIST: 0.067).",
        model=DEEP,
        train=WORKING.replace(learning_rate=0.1),
    ),
    Recipe(
        name="gfg-9-working",
        title="GeeksforGeeks 784-…-9, made to work",
        source="As gfg-9, with a learning rate of 0.001.",
        note="Only the learning rate differs from gfg-9.",
        model=DEEP,
        train=WORKING,
    ),
    Recipe(
        name="gfg-9-bce",
        title="GeeksforGeeks 784-…-9, cross-entropy",
        source="As gfg-9-working, with binary cross-entropy.",
        note="Cross-entropy punishes a wrong black or white pixel more than squared error does.",
        model=DEEP,
        train=WORKING.replace(loss="bce"),
    ),
    Recipe(
        name="gfg-9-l1",
        title="GeeksforGeeks 784-…-9, absolute error",
        source="As gfg-9-working, with the mean absolute error.",
        note="Absolute error aims at the median, which for most pixels of a digit is black: expect a larger "
        "squared error, and at worst a black image.",
        model=DEEP,
        train=WORKING.replace(loss="l1"),
    ),
    Recipe(
        name="gfg-9-conv",
        title="GeeksforGeeks, convolutional, code of 9",
        source="The convolutional counterpart of GeeksforGeeks' dense network; its layers are this lab's.",
        note="The tutorials' own convolutional layers are not public in a form that could be followed: two "
        "strided convolutions take their place, for 10 epochs in batches of 64, as an epoch takes longer "
        "than the dense network's.",
        model=ConvConfig(channels=(16, 32), code_size=9),
        train=WORKING.replace(epochs=10, batch_size=64),
    ),
)
