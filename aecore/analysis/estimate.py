"""What a training will cost, before it begins: time, memory and work, from the settings alone."""

import math
from dataclasses import dataclass
from functools import cache

import torch

from aecore.analysis.layers import layers
from aecore.analysis.products import Products
from aecore.analysis.speed import SMALL, SMALL_BATCH, matrix_rate, small_step
from aecore.config import Experiment, ModelConfig
from aecore.data import SOURCES
from aecore.data.batches import hold_out
from aecore.models import MODELS, training_memory

# Found by least squares on the relative error of 19 trainings, and rounded: dense networks of 100,000 to
# 6.7 million weights and convolutional ones, batches of 8 to 1,024, on two cores of an AMD EPYC with
# PyTorch 2.15. Other programs ran meanwhile, so the fastest of some 50 epochs of each training counts.
FLOAT_SECONDS = 1.5e-9
"""What one number takes: a weight with its gradient and Adam's moments, or a layer's output on its way there
and back. All of them pass through memory: some 140 multiply-adds fit into that time."""

STEP_SECONDS = 80e-6
"""What every step takes besides: drawing the batch, the loss, the schedule."""

TENSOR_SECONDS = 15e-6
"""What every weight tensor adds to a step: Python and PyTorch choosing and starting what is to be done."""

# On another machine the products are as many times slower as its matrix rate says, and all the rest as many
# times as a small step is. On two virtual processors of an Intel Xeon, ten trainings take 0.7 to 2.3 times as
# long as is said so; by the matrix rate alone it was up to 4.3 times.

LONG = 0.4
"""Seconds of work at a device's best, from which on it is a question and no part of a page."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a training will cost."""

    seconds: float
    """Of training in the whole; less where early_stop ends it sooner."""

    memory: int
    """Bytes on the device for the model, its training and the images; PyTorch itself comes on top."""

    parameters: int
    """Weights and biases."""

    multiply_adds: int
    """That one image takes through encoder and decoder."""


def estimate(experiment: Experiment, device: str) -> Estimate:
    """A rough figure: on a CPU that does nothing else the time is right within a factor of 2 or so.

    Wide convolutions are far from a processor's best, and may take several times as long. The work is counted
    on a model without numbers, and divided by how fast `device` multiplies matrices and takes small steps. On
    devices other than the CPU it has not been compared with real trainings. Raises SettingsError where
    `train_count` asks for more images than there are.
    """
    model, training = experiment.model, experiment.train
    source = SOURCES[experiment.data.dataset]
    # without pixels, to be divided like those with them; classes are about equally large
    share = len(set(experiment.data.classes)) / len(source.class_names) or 1
    every_image = torch.empty(round(source.train_count * share), 0)
    train_images, validation_images = hold_out(every_image, experiment.data)
    stored = source.train_count + source.test_count
    if train_images is not every_image:  # copies of those drawn
        stored += len(train_images) + len(validation_images)

    work = _work(model)
    steps = math.ceil(len(train_images) / training.batch_size)
    products = len(train_images) * work.training + len(validation_images) * work.forward
    looking = len(validation_images) * FLOAT_SECONDS / 3 * work.outputs  # one way of three
    rest = _besides_products(work, steps, len(train_images)) + looking
    epoch = products / matrix_rate(device) + _slowness(device) * rest
    return Estimate(
        seconds=experiment.epochs * epoch,
        memory=training_memory(model, training.batch_size) + stored * math.prod(model.image_shape),
        parameters=work.parameters,
        multiply_adds=work.forward,
    )


def _besides_products(work: "_Work", steps: int, images: int) -> float:
    """Seconds of so many steps over so many images on the CPU of the fit, but for their products."""
    numbers = images * work.outputs + steps * work.parameters
    return FLOAT_SECONDS * numbers + steps * (STEP_SECONDS + TENSOR_SECONDS * work.tensors)


def _slowness(device: str) -> float:
    """How many times as long that takes on `device`, by what a small step takes."""
    work = _small_work()
    products = SMALL_BATCH * work.training / matrix_rate(device)
    return max(small_step(device) - products, 0.0) / _besides_products(work, 1, SMALL_BATCH)


@cache
def _small_work() -> "_Work":
    return _work(SMALL)


def takes_long(model: ModelConfig, images: int, device: str) -> bool:
    """Whether encoding and decoding so many images is too long for a page to wait, by the same count of work.

    That is from LONG on: other programs, and what a page does besides, make several times as many seconds.
    """
    work = _work(model)
    return images * (work.forward / matrix_rate(device) + FLOAT_SECONDS / 3 * work.outputs) > LONG


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What there is to do for one image."""

    forward: int
    """Multiply-adds through encoder and decoder."""

    training: int
    """Multiply-adds there and back."""

    outputs: int
    """Numbers that layers and their activations give out."""

    parameters: int
    tensors: int


def _work(config: ModelConfig) -> _Work:
    """Counted on the meta device: shapes without numbers."""
    with torch.device("meta"):
        model = MODELS[config.kind](config)
        image = torch.empty(1, *config.image_shape)
        with Products() as forward:
            reconstruction = model(image)
        with Products() as backward:
            reconstruction.sum().backward()
    summing = [layer for layer in layers(config) if layer.parameters]
    return _Work(
        forward=forward.multiply_adds,
        training=forward.multiply_adds + backward.multiply_adds,
        outputs=sum(math.prod(layer.output_shape) * (2 if layer.activation else 1) for layer in summing),
        parameters=sum(layer.parameters for layer in summing),
        tensors=len(list(model.parameters())),
    )
