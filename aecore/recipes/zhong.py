"""Jian Zhong's guide: one small network, sparse in every way, tied and untied, deep and denoising."""

from typing import Any

from aecore.config import ConvDenseConfig, DenseConfig, TrainConfig
from aecore.recipes.recipe import ALL_IMAGES, Recipe

SOURCE = "Jian Zhong, Autoencoders with PyTorch: Full Code Guide, 2024."
NO_FIGURE = "The guide prints no figures."
FEWER_EPOCHS = "50 epochs of each phase where the guide allows 100 and stops once the learning rate is low."

LEAKY = "leaky_relu"
TRAINING = TrainConfig(
    epochs=50,
    untied_epochs=50,
    batch_size=512,
    learning_rate=1e-3,
    schedule="plateau",
    plateau_patience=10,
    plateau_divisor=10,
)


def simple(**settings: Any) -> DenseConfig:
    """784-64-784 with tied weights and a leaky ReLU after every layer, the last one too."""
    leaky = {"activation": LEAKY, "code_activation": LEAKY, "output_activation": LEAKY}
    return DenseConfig(**{"hidden": (), "code_size": 64, "tied": True, **leaky, **settings})


SIGMOID = simple(code_activation="sigmoid", output_activation="sigmoid")

RECIPES = (
    Recipe(
        name="zhong-64",
        title="Zhong: dense, code of 64, tied, then untied",
        source=SOURCE,
        note=f"{NO_FIGURE} {FEWER_EPOCHS}",
        model=simple(),
        train=TRAINING,
    ),
    Recipe(
        name="zhong-top16",
        title="Zhong: hard sparsity, 16 largest of 64",
        source=SOURCE,
        note=f"{NO_FIGURE} {FEWER_EPOCHS}",
        model=simple(active=16),
        train=TRAINING,
    ),
    Recipe(
        name="zhong-top5",
        title="Zhong: hard sparsity, 5 largest of 64",
        source=SOURCE,
        note=f"{NO_FIGURE} {FEWER_EPOCHS}",
        model=simple(active=5),
        train=TRAINING,
    ),
    Recipe(
        name="zhong-l1",
        title="Zhong: soft sparsity, L1",
        source=SOURCE,
        note=f"The guide names the L1 penalty without a weight: 0.0001 is this lab's choice. {FEWER_EPOCHS}",
        model=simple(),
        train=TRAINING.replace(l1_weight=1e-4),
    ),
    Recipe(
        name="zhong-kl-weak",
        title="Zhong: soft sparsity, KL, weight 0.01",
        source=SOURCE,
        note=f"{NO_FIGURE} The divergence is averaged over the units, as in the guide. {FEWER_EPOCHS}",
        model=SIGMOID,
        train=TRAINING.replace(kl_weight=1e-2),
    ),
    Recipe(
        name="zhong-kl-strong",
        title="Zhong: soft sparsity, KL, weight 0.1",
        source=SOURCE,
        note=f"{NO_FIGURE} The divergence is averaged over the units, as in the guide. {FEWER_EPOCHS}",
        model=SIGMOID,
        train=TRAINING.replace(kl_weight=1e-1),
    ),
    Recipe(
        name="zhong-lifetime-25",
        title="Zhong: lifetime sparsity, 25 % of a batch",
        source=SOURCE,
        note=f"{NO_FIGURE} Winners are taken in training only: in use, the code is dense. {FEWER_EPOCHS}",
        model=simple(lifetime=0.25),
        train=TRAINING,
    ),
    Recipe(
        name="zhong-lifetime-5",
        title="Zhong: lifetime sparsity, 5 % of a batch",
        source=SOURCE,
        note=f"{NO_FIGURE} Winners are taken in training only: in use, the code is dense. {FEWER_EPOCHS}",
        model=simple(lifetime=0.05),
        train=TRAINING,
    ),
    Recipe(
        name="zhong-combined",
        title="Zhong: hard and lifetime sparsity",
        source=SOURCE,
        note=f"{NO_FIGURE} The 16 largest of a code, and of those the winners of 25 % of a batch. "
        f"{FEWER_EPOCHS}",
        model=simple(active=0.25, lifetime=0.25),
        train=TRAINING,
    ),
    Recipe(
        name="zhong-conv",
        title="Zhong: convolutional, code of 128",
        source=SOURCE,
        note=f"{NO_FIGURE} 10 epochs where the guide allows 100: a convolution takes longer than a product.",
        model=ConvDenseConfig(activation=LEAKY, code_activation=LEAKY, output_activation=LEAKY),
        train=TRAINING.replace(epochs=10, untied_epochs=0),
    ),
    Recipe(
        name="zhong-deep-2",
        title="Zhong: deep, layer by layer, code of 2",
        source=SOURCE,
        note=f"{NO_FIGURE} Each pair of layers is trained tied for 10 epochs, then all, then untied. The "
        "guide fine-tunes after every new pair, ours once at the end.",
        model=simple(hidden=(128, 64, 32), code_size=2),
        train=TRAINING.replace(pair_epochs=(10,), epochs=10, untied_epochs=30),
    ),
    Recipe(
        name="zhong-denoise-gaussian",
        title="Zhong: denoising, Gaussian",
        source=SOURCE,
        note=f"{NO_FIGURE} The guide gives a variance: 0.1 is a standard deviation of 0.316. {FEWER_EPOCHS}",
        model=simple(),
        data=ALL_IMAGES.replace(noise="gaussian", noise_level=0.316),
        train=TRAINING,
    ),
    Recipe(
        name="zhong-denoise-mask",
        title="Zhong: denoising, half of the pixels masked",
        source=SOURCE,
        note=f"{NO_FIGURE} Its notebook masks exactly that share of every image, ours each pixel by chance. "
        f"{FEWER_EPOCHS}",
        model=simple(),
        data=ALL_IMAGES.replace(noise="masking", noise_level=0.5),
        train=TRAINING,
    ),
)
