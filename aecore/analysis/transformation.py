"""What a model makes of a picture of any size whose target is not its input, beside what needs no model."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from aecore import data, runs
from aecore.analysis.questions import Arrays, Say, Setting, to_nobody
from aecore.analysis.reconstruction import (
    Reconstruct,
    check_shape,
    picture_errors,
    psnr,
    ssim,
)
from aecore.analysis.tiles import by_tiles
from aecore.analysis.undoing import FACTORS, Baseline, lost, tint
from aecore.config import DataConfig, Experiment
from aecore.data.batches import hold_out, pixels
from aecore.data.noise import noisy
from aecore.data.transforms import TRANSFORMS
from aecore.models.base import Autoencoder

METHODS: tuple[str, ...] = ("model", "baseline", "input")
"""What is judged: the model, what needs none, and what the model sees, left as it is."""

TILES = 0.7
"""About this share of the time a picture is on its way through the model; then what is beside it is made."""

EQUAL = 0.2
"""Decibels: errors closer to each other are about equal."""


def baseline_of(experiment: Experiment, images: data.ImageSet | None) -> Baseline:
    """What stands beside an experiment's model. Its training images are needed for colours only."""
    channels = experiment.model.image_shape[0]
    if images is None or channels == 1 or experiment.data.input_transform != "grey":
        return Baseline(experiment.data, torch.zeros(channels))
    train_images, _ = hold_out(images.only(experiment.data.classes).train_images, experiment.data)
    return Baseline(experiment.data, tint(train_images))


def keeps_known(config: DataConfig) -> bool:
    """Whether all but the hole is known exactly, so that nobody need invent it."""
    return config.input_transform == "hole" and config.target_transform == config.noise == "none"


def answering(model: Autoencoder, config: DataConfig) -> Reconstruct:
    """The model, its answers in [0, 1]; where only a hole is asked for, what is around it stays as it was."""

    def answer(seen: Tensor) -> Tensor:
        drawn = model(seen).clamp(0, 1)
        return torch.where(lost(seen.shape).to(seen.device), drawn, seen) if keeps_known(config) else drawn

    return answer


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays gives arrays, not a truth value
class Transformed:
    """One picture on its way: pictures are uint8 (C, H, W) of one shape."""

    lost: np.ndarray
    """Which pixels a hole has taken: bool (H, W)."""

    pictures: Mapping[str, np.ndarray]
    """By each of METHODS what it made of the picture; `input` is that as the model saw it."""

    target: np.ndarray | None
    """What was asked for; None where nobody knows it."""

    psnr: Mapping[str, float]
    """Decibels by method, infinite where nothing differs; empty where there is no target."""

    ssim: Mapping[str, float]

    @property
    def arrays(self) -> Arrays:
        """All of it as an answer to a question."""
        found = {"lost": self.lost} | dict(self.pictures)
        if self.target is not None:
            found["target"] = self.target
            found["figures"] = np.array([[each[name] for name in METHODS] for each in (self.psnr, self.ssim)])
        return found

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        """That which gave these arrays."""
        figures = arrays.get("figures", np.empty((2, 0)))
        psnr, ssim = (dict(zip(METHODS, each.tolist(), strict=False)) for each in figures)
        return cls(
            lost=arrays["lost"],
            pictures={name: arrays[name] for name in METHODS},
            target=arrays.get("target"),
            psnr=psnr,
            ssim=ssim,
        )


@torch.inference_mode()
def transformed(
    model: Autoencoder,
    baseline: Baseline,
    picture: np.ndarray,
    *,
    degraded: bool = False,
    say: Say = to_nobody,
) -> Transformed:
    """A picture, uint8 (C, H, W) of any size, as the model sees it, and what it and the baseline make of it.

    A picture larger than the model's images goes through it by tiles. Holes are cut into the middle of each
    tile, side by side. The baseline takes the picture as a whole. A `degraded` picture has lost before what
    the model brings back: it is enlarged first where that is resolution, and there is no target. Raises
    LabError where the model is made for another number of channels.
    """
    config, tile = baseline.data, model.config.image_shape[1:]
    check_shape(model, torch.empty(1, len(picture), *tile))
    if degraded:
        factor = FACTORS.get(config.input_transform, 1)
        picture = picture.repeat(factor, 1).repeat(factor, 2)
    device = next(model.parameters()).device
    whole = pixels(torch.from_numpy(picture.copy())).to(device)
    drawn = torch.Generator(device).manual_seed(config.split_seed)
    seen = noisy(_applied(whole, config.input_transform, tile)[None], config, drawn).clamp(0, 1)[0]
    given = pixels(torch.from_numpy(_stored(seen))).to(device)  # what a file could hold
    holes = _applied(torch.ones_like(given), config.input_transform, tile)[0] == 0
    align = max(FACTORS.get(name, 1) for name in (config.input_transform, config.target_transform))
    overlap = "hole" not in (config.input_transform, config.target_transform)
    answer = by_tiles(
        given,
        answering(model, config),
        tile,
        overlap=overlap,
        align=align,
        say=lambda share, doing: say(TILES * share, doing),
    )
    say(TILES, f"Beside it, {baseline.name}")
    undone = baseline.undone(given[None], holes)[0]
    found = {
        "model": _stored(answer),
        "baseline": _stored(_applied(undone, config.target_transform, tile)),
        "input": _stored(seen),
    }
    target = None if degraded else _stored(_applied(whole, config.target_transform, tile))
    say((1 + TILES) / 2, "Judging")
    return Transformed(
        lost=holes.cpu().numpy(),
        pictures=found,
        target=target,
        **_judged(found, target),
    )


def _judged(pictures: Mapping[str, np.ndarray], target: np.ndarray | None) -> dict[str, dict[str, float]]:
    if target is None:
        return {"psnr": {}, "ssim": {}}
    pairs = {name: (target[None], picture[None]) for name, picture in pictures.items()}
    return {
        "psnr": {name: psnr(picture_errors(*pair).item()) for name, pair in pairs.items()},
        "ssim": {name: ssim(*pair).item() for name, pair in pairs.items()},
    }


def _applied(whole: Tensor, transform: str, tile: tuple[int, int]) -> Tensor:
    """A picture (C, H, W) with a transform; holes are cut tile by tile, the rest is done to the whole."""
    if transform == "hole":
        return by_tiles(whole, TRANSFORMS[transform], tile, overlap=False)
    return TRANSFORMS[transform](whole[None])[0]


def _stored(picture: Tensor) -> np.ndarray:
    """Pixels in [0, 1], cut off there, as uint8."""
    return picture.clamp(0, 1).mul(255).round().to(torch.uint8).cpu().numpy()


def settings_of(picture: np.ndarray, degraded: bool) -> dict[str, Setting]:
    """A picture, uint8 (C, H, W), as the settings of the question what becomes of it."""
    shape = "×".join(map(str, picture.shape))
    return {"picture": b64encode(picture.tobytes()).decode(), "shape": shape, "degraded": degraded}


def of_picture(subject: str, device: str, say: Say, *, picture: str, shape: str, degraded: bool) -> Arrays:
    """What a run's model makes of a picture, given by `settings_of`: the arrays of a Transformed.

    Raises LabError where the model cannot be had, or is made for another number of channels.
    """
    run = runs.get(subject)
    dataset = run.experiment.data.dataset
    beside = baseline_of(run.experiment, data.load(dataset) if data.available(dataset) else None)
    given = np.frombuffer(b64decode(picture), np.uint8).reshape([int(side) for side in shape.split("×")])
    return transformed(runs.load(run, device), beside, given, degraded=degraded, say=say).arrays
