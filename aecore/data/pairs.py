"""What a model sees and what it is asked for: the same image, or two versions of it."""

import torch
from torch import Tensor

from aecore.config import DataConfig
from aecore.data.noise import noisy
from aecore.data.transforms import TRANSFORMS


def input_and_target(images: Tensor, config: DataConfig, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Two versions of images (B, C, H, W) in [0, 1]; noise, on the input only, is drawn from `generator`."""
    target = TRANSFORMS[config.target_transform](images)
    return noisy(TRANSFORMS[config.input_transform](images), config, generator), target
