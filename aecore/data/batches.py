"""Images as training takes them: some held out, the rest in a fresh seeded order, as floats."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from aecore.config import DataConfig
from aecore.settings import SettingsError


def pixels(images: Tensor) -> Tensor:
    """uint8 images as float32 in [0, 1], same shape and device."""
    return images.div(255)  # true division: one pass that also makes floats


def hold_out(images: Tensor, config: DataConfig) -> tuple[Tensor, Tensor]:
    """Training and validation images, both (n, C, H, W) uint8, drawn by `split_seed`.

    Raises SettingsError where `train_count` asks for more images than there are.
    """
    check_count(config, len(images))
    count = config.train_count or len(images)
    held_out = round(count * config.validation_share)
    if count == len(images) and not held_out:
        return images, images[:0]
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(config.split_seed))[:count]
    order = order.to(images.device)
    return images[order[held_out:]], images[order[:held_out]]


def check_classes(config: DataConfig, class_names: Sequence[str]) -> None:
    """Raise SettingsError where `classes` names one that the data set has not."""
    if config.classes and (last := max(config.classes)) >= len(class_names):
        raise SettingsError(
            f"classes is {last}: choose 0 to {len(class_names) - 1} (the classes of {config.dataset})"
        )


def check_count(config: DataConfig, available: int) -> None:
    """Raise SettingsError where `train_count` asks for more training images than there are."""
    if config.train_count and config.train_count > available:
        which = f"images of {config.dataset}{' of these classes' if config.classes else ''}"
        raise SettingsError(f"train_count is {config.train_count:,}: choose 10 to {available:,} ({which})")


def shuffled_batches(images: Tensor, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Every image once, in an order drawn from `generator`, as floats (at most batch_size, C, H, W)."""
    order = torch.randperm(len(images), generator=generator, device=images.device)
    for indices in order.split(batch_size):
        yield pixels(
            images.index_select(0, indices)
        )  # copies whole rows: 10 times faster than images[indices]
