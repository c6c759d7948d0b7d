"""What training makes small: the reconstruction's error, and what a code costs that is not sparse."""

from dataclasses import dataclass

import torch
from torch import Tensor

from aecore.config import DataConfig, TrainConfig
from aecore.data.batches import pixels
from aecore.data.pairs import input_and_target
from aecore.losses import IMAGES_AT_ONCE, LOSSES
from aecore.models.base import Autoencoder

LEAST_ACTIVITY = 1e-4
"""Mean activities count as so far from 0 and 1, where the KL divergence and its gradient have no bounds."""


def objective(model: Autoencoder, inputs: Tensor, targets: Tensor, config: TrainConfig) -> Tensor:
    """The loss of one batch with all that is added to it; inputs and targets are (B, C, H, W) in [0, 1]."""
    reconstructions, codes, cost = model.learn(inputs)
    return LOSSES[config.loss](reconstructions, targets) + sparsity_penalty(codes, config) + cost


def sparsity_penalty(codes: Tensor, config: TrainConfig) -> Tensor | float:
    """What soft sparsity adds to the loss for codes (B, U); 0 where none is asked for."""
    penalty: Tensor | float = 0.0
    if config.l1_weight:
        penalty = penalty + config.l1_weight * codes.abs().sum(1).mean()
    if config.kl_weight:
        activities = share_of_largest(codes) if config.kl_normalised else codes
        penalty = penalty + config.kl_weight * kl_sparsity(activities, config.kl_target)
    return penalty


def kl_sparsity(codes: Tensor, rho: float) -> Tensor:
    """KL(rho || m) = rho log(rho / m) + (1 - rho) log((1 - rho) / (1 - m)) in nats, mean over the units.

    m is a unit's mean activity over the batch: codes (B, U) lie in [0, 1], as a sigmoid gives them.
    Ng, Sparse autoencoder (lecture notes CS294A, 2011).
    """
    mean = codes.mean(0)
    # in value alone: a unit that is stuck still has a gradient, and is pulled back
    activity = mean + (mean.clamp(LEAST_ACTIVITY, 1 - LEAST_ACTIVITY) - mean).detach()
    target = torch.full_like(activity, rho)
    return (
        torch.xlogy(target, target / activity) + torch.xlogy(1 - target, (1 - target) / (1 - activity))
    ).mean()


def share_of_largest(codes: Tensor) -> Tensor:
    """The absolute value of each of codes (B, U), divided by its unit's largest in the batch; in [0, 1]."""
    sizes = codes.abs()
    return sizes / sizes.detach().amax(0).clamp(min=torch.finfo(sizes.dtype).tiny)


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """How a model does on images, while it is not training."""

    objective: float
    """Mean per image of what training makes small."""

    loss: float
    """Mean per pixel of the reconstruction's loss alone."""

    dead_units: int
    """Units of the code that give every image the same number."""

    active_units: float
    """How many numbers of a code are not zero, mean over the images."""


@torch.inference_mode()
def assess(model: Autoencoder, images: Tensor, config: TrainConfig, data: DataConfig) -> Assessment:
    """How `model`, in eval mode, does on at least one uint8 image (N, C, H, W); noise is always the same."""
    generator = torch.Generator(images.device).manual_seed(data.split_seed)
    whole = loss = active = 0.0
    lowest = highest = torch.empty(0)
    for batch in images.split(IMAGES_AT_ONCE):
        inputs, targets = input_and_target(pixels(batch), data, generator)
        reconstructions, codes, cost = model.learn(inputs)
        error = LOSSES[config.loss](reconstructions, targets)
        added = sparsity_penalty(codes, config) + cost
        sums = torch.stack([error, error + added, codes.count_nonzero() / len(batch)]) * len(batch)
        loss, whole, active = (
            total + more for total, more in zip((loss, whole, active), sums.tolist(), strict=True)
        )
        low, high = codes.aminmax(dim=0)
        lowest = torch.minimum(lowest, low) if len(lowest) else low
        highest = torch.maximum(highest, high) if len(highest) else high
    return Assessment(
        objective=whole / len(images),
        loss=loss / len(images),
        dead_units=int((highest == lowest).sum()),
        active_units=active / len(images),
    )
