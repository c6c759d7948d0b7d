"""What a named experiment is: settings, source, and what its source reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aecore.config import AnyModelConfig, DataConfig, Experiment, TrainConfig
from aecore.data import SOURCES
from aecore.settings import SettingsError, either

Quantity = Literal["training loss", "validation loss", "test error", "probe accuracy"]

ALL_IMAGES = DataConfig(validation_share=0)
"""Most tutorials hold nothing out: they train on all images and keep the last weights."""


@dataclass(frozen=True)
class Published:
    """One figure that a source reports."""

    quantity: Quantity
    """training loss: mean of 100 steps around `step`. validation loss: the experiment's own loss on images it
    was not trained on, noise included. test error: mean squared error of test images. probe accuracy: of a
    linear classifier on the codes, in percent."""

    value: float
    step: int | None = None
    """After so many steps; None at the end."""

    remark: str = ""
    """Such as what else the source tells about the figure."""

    def __str__(self) -> str:
        percent = " %" if self.quantity == "probe accuracy" else ""
        when = "" if self.step is None else f" at step {self.step:,}"
        return f"{self.quantity} {self.value:g}{percent}{when}{self.remark and f' ({self.remark})'}"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One experiment as its source describes it."""

    name: str
    title: str
    source: str
    """Who published it, or on what grounds the lab chose it."""

    published: tuple[Published, ...] = ()
    """What the source reports; empty where it gives no figure."""

    note: str
    """What differs from the source and why, or what to expect."""

    differs: bool = False
    """Whether the note predicts other figures than the published ones."""

    model: AnyModelConfig
    data: DataConfig = ALL_IMAGES
    train: TrainConfig
    any_shape: bool = False
    """Whether it is meant for every image shape; else only for its own."""

    adapted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Settings that change with the data set, by its name."""

    @property
    def experiment(self) -> Experiment:
        """The experiment on the recipe's own data set."""
        return Experiment(recipe=self.name, model=self.model, data=self.data, train=self.train)

    @property
    def datasets(self) -> tuple[str, ...]:
        """The data sets whose images fit."""
        shape = self.model.image_shape
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
