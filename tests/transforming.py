"""Experiments, images and models of those whose target is not their input."""

import torch
from every_model import small_config
from images import pictures

from aecore.analysis.undoing import Baseline
from aecore.config import DataConfig, Experiment
from aecore.models.base import Autoencoder

SHAPES = [(1, 8, 8), (3, 16, 16), (1, 31, 17), (3, 5, 30)]


def images(shape=(3, 16, 16), count=6):
    return pictures(count, shape).float() / 255


def colour(**settings):
    model = small_config("conv-map", (3, 16, 16), 6)
    return Experiment(model=model).with_settings({"dataset": "patches"} | settings)


def beside(seen="none", asked="none", channels=3, **settings):
    config = DataConfig(dataset="patches", input_transform=seen, target_transform=asked, **settings)
    return Baseline(config, torch.zeros(channels))


class Copy(Autoencoder):
    """A model that gives back what it sees."""

    def __init__(self, shape=(3, 16, 16)):
        super().__init__(small_config("dense", shape, 6))
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def units(self, images):
        return images

    def encode(self, images):
        return images

    def decode(self, codes):
        return codes
