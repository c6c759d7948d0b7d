"""Noise for denoising autoencoders: put on the input only, drawn afresh for every batch."""

from collections.abc import Callable

import torch
from torch import Tensor

from aecore.config import DataConfig


def gaussian(images: Tensor, level: Tensor | float, generator: torch.Generator) -> Tensor:
    """Adds N(0, level²) to every pixel; `level` is a standard deviation."""
    noise = torch.empty_like(images).normal_(generator=generator)
    return noise.mul_(level).add_(images)


def masking(images: Tensor, level: Tensor | float, generator: torch.Generator) -> Tensor:
    """Sets a share `level` of the pixels to 0. Vincent et al., 2010."""
    return images * (torch.empty_like(images).uniform_(generator=generator) >= level)


def salt_and_pepper(images: Tensor, level: Tensor | float, generator: torch.Generator) -> Tensor:
    """Sets a share `level` of the pixels to 0 or to 1, half each. Vincent et al., 2010."""
    drawn = torch.empty_like(images).uniform_(generator=generator)
    salted = torch.where(drawn >= 1 - level / 2, 1.0, images)
    return torch.where(drawn < level / 2, 0.0, salted)


NOISES: dict[str, Callable[[Tensor, Tensor | float, torch.Generator], Tensor]] = {
    "gaussian": gaussian,
    "masking": masking,
    "salt-and-pepper": salt_and_pepper,
}
"""Noise by name: (images (B, C, H, W) in [0, 1], level (B, 1, 1, 1) or one for all, generator) to images."""


def noisy(images: Tensor, config: DataConfig, generator: torch.Generator) -> Tensor:
    """Images (B, C, H, W) in [0, 1] with the config's noise, drawn from a generator on their device.

    With `noise_clip` they stay in [0, 1].
    """
    if config.noise == "none":
        return images
    level: Tensor | float = config.noise_level
    if config.least_noise is not None:
        level = torch.empty(len(images), 1, 1, 1, device=images.device)
        level.uniform_(config.least_noise, config.noise_level, generator=generator)
    added = NOISES[config.noise](images, level, generator)
    return added.clamp_(0, 1) if config.noise_clip else added
