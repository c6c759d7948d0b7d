"""Some labelled images of a real data set as a model sees them, for tests of what tells their classes."""

from functools import cache

import numpy as np

from aecore import data
from aecore.analysis.draws import balanced
from aecore.analysis.feature_sets import Labelled, labelled
from aecore.config import Experiment, ModelConfig
from aecore.models import build
from aecore.models.base import Autoencoder

loaded = cache(data.load)


def some(dataset: str, train: int, test: int) -> data.ImageSet:
    """The first `train` and `test` images of a balanced draw."""
    images = loaded(dataset)
    kept = balanced(images.train_labels.numpy(), train, 0).tolist()
    judged = balanced(images.test_labels.numpy(), test, 0).tolist()
    return data.ImageSet(
        dataset,
        images.train_images[kept],
        images.train_labels[kept],
        images.test_images[judged],
        images.test_labels[judged],
        images.class_names,
    )


def untrained(
    config: ModelConfig, dataset: str, train: int = 120, test: int = 40
) -> tuple[Autoencoder, Labelled]:
    """A model as it begins, and some images of a data set."""
    experiment = Experiment(model=config).with_settings({"dataset": dataset})
    return build(config).eval(), labelled(experiment, some(dataset, train, test), "cpu")


def two_heaps(count: int = 40, apart: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    """Points (2 count, 3) around two places, and which: labels 0 and 1."""
    drawn = np.random.default_rng(0).normal(size=(2 * count, 3)).astype(np.float32)
    labels = np.repeat([0, 1], count)
    return drawn + apart * labels[:, None].astype(np.float32), labels
