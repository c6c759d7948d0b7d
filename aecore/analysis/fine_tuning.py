"""An encoder that goes on learning from few labels, and the same network that begins with nothing."""

import math
from collections.abc import Callable
from copy import deepcopy

import numpy as np
import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from aecore import runs
from aecore.analysis.codes import codes_of
from aecore.analysis.feature_sets import Labelled, opened
from aecore.analysis.few_labels import by_count
from aecore.analysis.questions import Arrays, Say
from aecore.data.batches import pixels
from aecore.errors import LabError
from aecore.losses import IMAGES_AT_ONCE
from aecore.models import build
from aecore.models.base import Autoencoder

STARTS = ("trained", "fresh")
"""The weights of a run, or those its network has before any training."""

BATCH = 32
STEPS, EPOCHS = 200, 5
"""At least so many of both."""

LEARNING_RATE = 1e-3
"""Adam's. This and STEPS were chosen on training images of MNIST that were held out, for 100 labels."""


class CodeClassifier(nn.Module):
    """scores = W code / s + b

    s is the standard deviation of the codes of the labelled images before any step. Images are (B, C, H, W)
    in [0, 1], scores (B, classes).
    """

    def __init__(self, encoder: Autoencoder, classes: int, scale: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.scale = scale
        self.head = nn.Linear(encoder.config.code_size, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.encoder.encode(images) / self.scale)


def fine_tuned(
    model: Autoencoder, images: Tensor, labels: np.ndarray, classes: int, seed: int
) -> CodeClassifier:
    """A copy of `model` whose encoder and a layer upon its code have learnt labels (N,) of uint8 images.

    Images are (N, C, H, W) on the model's device. Cross-entropy, Adam, batches of 32 in an order that `seed`
    decides, 200 steps and 5 epochs at least. Nothing is dropped out and no batch has winners: the encoder
    learns as it is used.
    """
    scale = float(codes_of(model, images).std()) or 1.0
    encoder = deepcopy(model).eval().requires_grad_(True)
    network = CodeClassifier(encoder, classes, scale).to(images.device)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    generator = torch.Generator(images.device).manual_seed(seed)
    wanted = torch.from_numpy(labels).to(images.device)
    steps = epochs = 0
    with threadpool_limits(1):  # batches are small: two threads, beside other work, took 4 times as long
        while steps < STEPS or epochs < EPOCHS:
            order = torch.randperm(len(images), generator=generator, device=images.device)
            for chosen in order.split(BATCH):
                loss = F.cross_entropy(network(pixels(images[chosen])), wanted[chosen])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            steps, epochs = steps + math.ceil(len(images) / BATCH), epochs + 1
    return network


@torch.inference_mode()
def accuracy(network: nn.Module, images: Tensor, labels: np.ndarray) -> float:
    """Share of uint8 images (N, C, H, W) whose label (N,) has the highest score."""
    named = [network(pixels(batch)).argmax(1).cpu() for batch in images.split(IMAGES_AT_ONCE)]
    return float((torch.cat(named).numpy() == labels).mean())


def judge_of(model: Autoencoder, images: Labelled) -> Callable[[np.ndarray, int], float]:
    """For `by_count`: the accuracy on test images of what `fine_tuned` makes of a model."""

    def judge(taken: np.ndarray, seed: int) -> float:
        network = fine_tuned(
            model, images.train[taken.tolist()], images.train_labels[taken], images.classes, seed
        )
        return accuracy(network, images.test, images.test_labels)

    return judge


def fresh(run: runs.Run, device: str) -> Autoencoder:
    """A run's network with the weights that its training began with."""
    experiment = run.experiment
    return build(experiment.model, experiment.train.seed).to(device).eval()


def curve(model: Autoencoder, images: Labelled, say: Say) -> Arrays:
    """`by_count` of `judge_of`."""
    judge = judge_of(model, images)
    return by_count(judge, images.train_labels, len(images.train), STEPS * BATCH // EPOCHS, say)


def of_run(subject: str, device: str, say: Say, *, start: str, dataset: str = "") -> Arrays:
    """The `curve` of a run's model, with labels of `dataset`, or of its own where that is empty.

    `start` is one of STARTS. Fresh weights are those that the run's own training began with. Raises LabError
    where model or data cannot be had or do not fit.
    """
    if start not in STARTS:
        raise LabError(f"the start is {start!r}: choose {' or '.join(STARTS)}")
    say(0.0, "Images and model")
    model, images = opened(subject, device, dataset)
    if start == "fresh":
        model = fresh(runs.get(subject), device)
    return curve(model, images, say)
