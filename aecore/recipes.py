"""Every experiment the lab knows by name: settings, source, and what was published."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aecore.config import DataConfig, DenseConfig, Experiment, TrainConfig
from aecore.data import SOURCES
from aecore.settings import SettingsError, either


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One experiment as its source describes it."""

    name: str
    title: str
    source: str
    """Who published it, or on what grounds the lab chose it."""

    published: tuple[str, ...]
    """What the source reports, in its own terms; empty where it gives no figure."""

    note: str
    """What differs from the source and why, or what to expect."""

    experiment: Experiment
    any_shape: bool = False
    """Whether it is meant for every image shape; else only for its own."""

    adapted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Settings that change with the data set, by its name."""

    @property
    def datasets(self) -> tuple[str, ...]:
        """The data sets whose images fit."""
        shape = self.experiment.model.image_shape
        return tuple(
            name for name, source in SOURCES.items() if self.any_shape or source.image_shape == shape
        )

    def on(self, dataset: str) -> Experiment:
        """The experiment on one of the data sets that fit. Raises SettingsError for another."""
        if dataset not in self.datasets:
            raise SettingsError(f"dataset is {dataset}: choose {either(self.datasets)} for {self.name}")
        return self.experiment.with_settings(
            {
                "dataset": dataset,
                "image_shape": SOURCES[dataset].image_shape,
                **self.adapted.get(dataset, {}),
            }
        )


DEEP_9 = DenseConfig(hidden=(128, 64, 36, 18), code_size=9)
ALL_IMAGES = DataConfig(validation_share=0)
"""The tutorials hold nothing out: they train on all 60,000 images and keep the last weights."""

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="lab-32",
            title="The lab's own, code of 32",
            source="This lab: chosen by the loss on held-out training images, never by the test images.",
            published=(),
            note="One wide hidden layer, small batches, one-cycle schedule: a minute on two CPU cores.",
            any_shape=True,
            adapted={
                # 1,437 images make few steps an epoch, and their enlarged pixels are nearly linear
                "digits": {
                    "epochs": 400,
                    "batch_size": 64,
                    "learning_rate": 2e-3,
                    "output_activation": "identity",
                },
            },
            experiment=Experiment(
                recipe="lab-32",
                model=DenseConfig(hidden=(512,), code_size=32, activation="silu"),
                train=TrainConfig(epochs=24, batch_size=128, learning_rate=5e-3, schedule="one-cycle"),
            ),
        ),
        Recipe(
            name="gfg-9",
            title="Deep network of the PyTorch tutorials, code of 9, as published",
            source="GeeksforGeeks, Implementing an Autoencoder in PyTorch; also in lecture L12.",
            published=("the loss of each step as a plot and pictures of digits, no figure",),
            note="A learning rate of 0.1 is too high for Adam: expect the mean image's error (MNIST: 0.067).",
            experiment=Experiment(
                recipe="gfg-9",
                model=DEEP_9,
                data=ALL_IMAGES,
                train=TrainConfig(epochs=20, batch_size=32, learning_rate=0.1, weight_decay=1e-8),
            ),
        ),
        Recipe(
            name="gfg-9-working",
            title="Deep network of the PyTorch tutorials, code of 9, made to work",
            source="As gfg-9, with a learning rate of 0.001.",
            published=(),
            note="Only the learning rate differs from gfg-9.",
            experiment=Experiment(
                recipe="gfg-9-working",
                model=DEEP_9,
                data=ALL_IMAGES,
                train=TrainConfig(epochs=20, batch_size=32, learning_rate=1e-3, weight_decay=1e-8),
            ),
        ),
        Recipe(
            name="tf-64",
            title="Sigmoid network of the TensorFlow tutorial, code of 64",
            source="Aymeric Damien's TensorFlow-Examples, autoencoder; the same in Ocademy's course.",
            published=(
                "training loss (MSE) 0.0165 at step 1,000",
                "training loss (MSE) 0.0063 at step 5,000",
                "training loss (MSE) 0.0049 at step 10,000",
                "training loss (MSE) 0.0036 at step 20,000",
            ),
            note="86 epochs of 235 steps make its 20,000; its batches run across epochs, ours do not.",
            experiment=Experiment(
                recipe="tf-64",
                model=DenseConfig(
                    hidden=(128,),
                    code_size=64,
                    activation="sigmoid",
                    code_activation="sigmoid",
                    weight_std=0.05,
                ),
                data=ALL_IMAGES,
                train=TrainConfig(epochs=86, batch_size=256, learning_rate=0.01),
            ),
        ),
    )
}
