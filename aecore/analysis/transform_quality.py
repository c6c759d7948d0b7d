"""How good is what models make of many images whose target is not their input, and what needs no model."""

from dataclasses import dataclass

import numpy as np
import torch

from aecore import data, runs
from aecore.analysis.comparison import Versions, split, versions
from aecore.analysis.questions import Arrays, Say
from aecore.analysis.reconstruction import check_shape, picture_errors, psnr, reconstruct, ssim
from aecore.analysis.transformation import EQUAL, METHODS, answering, baseline_of
from aecore.analysis.undoing import Baseline
from aecore.config import Experiment
from aecore.models.base import Autoencoder

COUNT = 1_000
"""Test images on which quality is measured."""


def quality(model: Autoencoder, baseline: Baseline, images: Versions, say: Say) -> Arrays:
    """How far each of METHODS is from the targets; all are judged as 8-bit pictures.

    `mse`, `each` and `ssim` (3, N) are every picture's error, PSNR in decibels and SSIM, float64. `psnr` (3,)
    is that of the mean error, `low` and `high` (3,) are the 10th and 90th percentile of the pictures' own,
    `mean_ssim` (3,) is what it says. `lead` (N,) is how much smaller the model's error is than the
    baseline's, and `ahead` (1,) the share of pictures where it is. Raises LabError where the images have
    another shape than the model's.
    """
    say(0, f"Transforming {len(images.inputs):,} pictures")
    found = drawn(model, baseline, images)
    targets = found["target"]
    mse = np.stack([picture_errors(targets, found[name]) for name in METHODS])
    likeness = []
    for done, name in enumerate(METHODS):
        say((done + 1) / (len(METHODS) + 1), f"Judging {len(targets):,} pictures of the {name}")
        likeness.append(ssim(targets, found[name]))
    similar = np.stack(likeness)
    worse, better = np.percentile(mse, [90, 10], axis=1)
    return {
        "mse": mse,
        "each": psnr(mse),
        "ssim": similar,
        "psnr": psnr(mse.mean(1)),
        "low": psnr(worse),
        "high": psnr(better),
        "mean_ssim": similar.mean(1),
        "lead": mse[1] - mse[0],
        "ahead": np.array([np.mean(mse[0] < mse[1])]),
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """How a model stands to its rival, over many pictures."""

    rival: int
    """Which of METHODS that is: the baseline, or the pictures left as they are where that is better."""

    margin: float
    """How many decibels the model is ahead, by the PSNR of the mean errors; negative where it is behind."""

    lead: np.ndarray
    """How much smaller the model's error is, picture by picture: (N,)."""

    ahead: float
    """The share of pictures where it is smaller."""

    behind: float
    """And where it is larger."""

    on_hard_ones: bool
    """Whether the rival's error is larger on average where the model is ahead than where it is behind."""

    @property
    def baseline_rivals(self) -> bool:
        """Whether the baseline is the rival."""
        return METHODS[self.rival] == "baseline"

    @property
    def equal(self) -> bool:
        """Whether the two are about equal over all."""
        return abs(self.margin) < EQUAL

    @property
    def few_decide(self) -> bool:
        """Whether the mean of all says one thing, and most pictures by themselves another."""
        return self.behind > 0.5 if self.margin > 0 else self.ahead > 0.5


def standing(mse: np.ndarray) -> Standing:
    """How a model stands to the better of the baseline and the input, by the errors (3, N) of METHODS."""
    means = mse.mean(1)
    rival = 1 + int(np.argmin(means[1:]))
    lead = mse[rival] - mse[0]
    ahead, behind = lead > 0, lead < 0
    return Standing(
        rival=rival,
        margin=0.0 if means[0] == means[rival] else float(psnr(means[0]) - psnr(means[rival])),
        lead=lead,
        ahead=float(ahead.mean()),
        behind=float(behind.mean()),
        on_hard_ones=bool(
            ahead.any() and behind.any() and mse[rival][ahead].mean() > mse[rival][behind].mean()
        ),
    )


@torch.inference_mode()
def drawn(model: Autoencoder, baseline: Baseline, images: Versions) -> dict[str, np.ndarray]:
    """What each of METHODS makes of the inputs, and `target`: uint8 (N, C, H, W). Raises LabError."""
    check_shape(model, images.inputs)
    device = next(model.parameters()).device
    answers = (answering(model, baseline.data), baseline, torch.clone)
    found = {
        name: reconstruct(answer, images.inputs.to(device)).cpu().numpy()
        for name, answer in zip(METHODS, answers, strict=True)
    }
    return found | {"target": images.targets.cpu().numpy()}


def judged_versions(experiment: Experiment, images: data.ImageSet, count: int = COUNT) -> Versions:
    """What a model sees of test images of its data set, and what it is asked for: at most `count` of them."""
    own, _ = split(images, "test", experiment.data)
    return versions(own[chosen(len(own), count).tolist()], experiment.data)


def chosen(available: int, count: int = COUNT) -> np.ndarray:
    """At most `count` evenly spread numbers from 0 to `available` - 1: int64."""
    return np.linspace(0, available - 1, min(count, available)).astype(np.int64)


@torch.inference_mode()
def of_run(subject: str, device: str, say: Say) -> Arrays:
    """The `quality` of a run's model on 1,000 test images of its data set; `indices` says which these are.

    Raises LabError where the model or the data set cannot be had.
    """
    run = runs.get(subject)
    images = data.load(run.experiment.data.dataset)
    model, beside = runs.load(run, device), baseline_of(run.experiment, images)
    own, _ = split(images, "test", run.experiment.data)
    found = quality(model, beside, judged_versions(run.experiment, images), say)
    return {"indices": chosen(len(own)), **found}
