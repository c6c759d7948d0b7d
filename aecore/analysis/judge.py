"""A small classifier of a data set's own pictures, whose features say how alike two sets of pictures are."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from aecore import data
from aecore.analysis.fine_tuning import accuracy
from aecore.analysis.questions import Arrays, Question, Say, answer, to_nobody
from aecore.data import ImageSet
from aecore.data.batches import pixels
from aecore.losses import IMAGES_AT_ONCE

FEATURES = 64
BATCH = 128
STEPS, RATE, SEED = 1_200, 4e-3, 0
CHANNELS = (16, 32)


class Judge(nn.Module):
    """features = relu(W relu(conv(relu(conv(image)))) + b);  scores = V features + c

    Both convolutions are 3×3 with stride 2. Images (B, C, H, W) in [0, 1], features (B, 64), scores
    (B, classes).
    """

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels, height, width = shape
        first, second = CHANNELS
        self.first = nn.Conv2d(channels, first, 3, stride=2, padding=1)
        self.second = nn.Conv2d(first, second, 3, stride=2, padding=1)
        self.features = nn.Linear(second * math.ceil(height / 4) * math.ceil(width / 4), FEATURES)
        self.scores = nn.Linear(FEATURES, classes)

    def look(self, images: Tensor) -> Tensor:
        """The features."""
        seen = F.relu(self.second(F.relu(self.first(images))))
        return F.relu(self.features(seen.flatten(1)))

    def forward(self, images: Tensor) -> Tensor:
        return self.scores(self.look(images))


def trained(images: ImageSet, say: Say = to_nobody) -> Judge:
    """A judge that has learnt the labels of the training images: cross-entropy, Adam, a one-cycle schedule.

    On the CPU, whatever there is, and always from the same seed: so the features are one and the same.
    """
    with torch.random.fork_rng(devices=[]):  # the global generator is not ours to move
        torch.default_generator.manual_seed(SEED)
        judge = Judge(images.image_shape, len(images.class_names))
    optimizer = torch.optim.Adam(judge.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    generator = torch.Generator().manual_seed(SEED)
    train, labels = images.train_images.cpu(), images.train_labels.cpu()
    step = 0
    with threadpool_limits(1):  # batches are small; and sums in another order would give other last digits
        while step < STEPS:
            order = torch.randperm(len(train), generator=generator)
            for chosen in order.split(BATCH)[: STEPS - step]:
                loss = F.cross_entropy(judge(pixels(train[chosen])), labels[chosen])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                step += 1
                if step % 20 == 0:
                    say(step / STEPS, "Training a small classifier to judge by")
    return judge.eval().requires_grad_(False)


def of_dataset(subject: str, _device: str, say: Say) -> Arrays:
    """The weights of the judge `trained` on a data set, and its `accuracy` (1,) on the test images.

    Raises LabError where the data set cannot be had.
    """
    images = data.load(subject)
    judge = trained(images, say)
    right = accuracy(judge, images.test_images, images.test_labels.numpy())
    return {name: weight.numpy() for name, weight in judge.state_dict().items()} | {
        "accuracy": np.array([right])
    }


def judge_of(images: ImageSet, device: str, say: Say = to_nobody) -> tuple[Judge, float]:
    """The judge of a data set, on the device, trained unless it was before; and its accuracy, 0 to 1."""
    kept = dict(answer(Question("judge", images.name), "cpu", say))
    right = float(kept.pop("accuracy")[0])
    judge = Judge(images.image_shape, len(images.class_names))
    judge.load_state_dict({name: torch.from_numpy(weight) for name, weight in kept.items()})
    return judge.to(device).eval().requires_grad_(False), right


@torch.inference_mode()
def features_of(judge: Judge, images: Tensor | np.ndarray) -> np.ndarray:
    """The features, float32 (N, 64), of uint8 images (N, C, H, W)."""
    device = next(judge.parameters()).device
    batches = torch.as_tensor(images).split(IMAGES_AT_ONCE)
    return torch.cat([judge.look(pixels(batch.to(device))).cpu() for batch in batches]).numpy()
