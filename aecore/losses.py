"""What a reconstruction costs, and the cost over many images."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from aecore.config import DataConfig
from aecore.data.batches import pixels
from aecore.data.pairs import input_and_target


def cross_entropy(reconstruction: Tensor, image: Tensor) -> Tensor:
    """Mean binary cross-entropy; NaN for a reconstruction with NaN, where PyTorch's own stops the program."""
    return F.binary_cross_entropy(reconstruction.nan_to_num(0.5), image) + 0 * reconstruction.sum()


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": F.mse_loss,
    "bce": cross_entropy,
    "l1": F.l1_loss,
}
"""Loss by name: (reconstruction, image), both in [0, 1], to the mean over all pixels of the batch."""

IMAGES_AT_ONCE = 1_000


@torch.inference_mode()
def evaluate(
    reconstruct: Callable[[Tensor], Tensor],
    images: Tensor,
    loss: str = "mse",
    data: DataConfig = DataConfig(),  # noqa: B008, frozen
) -> float:
    """Mean loss per pixel of `reconstruct` over uint8 images (N, C, H, W).

    What it is shown and asked for are the two versions that `data` makes of an image, noise always the same.
    A sum over images divided by their number, so that a short last batch counts fairly.
    """
    generator = torch.Generator(images.device).manual_seed(data.split_seed)
    total = torch.zeros((), dtype=torch.float64 if images.device.type != "mps" else torch.float32)
    total = total.to(images.device)
    for batch in images.split(IMAGES_AT_ONCE):
        shown, target = input_and_target(pixels(batch), data, generator)
        total += LOSSES[loss](reconstruct(shown), target) * len(batch)
    return total.item() / len(images)


def mean_image(images: Tensor) -> Tensor:
    """The average (C, H, W) in [0, 1] of uint8 images: the best answer that ignores the question."""
    total = torch.zeros(images.shape[1:], dtype=torch.int64, device=images.device)
    for batch in images.split(IMAGES_AT_ONCE):
        total += batch.sum(0, dtype=torch.int64)
    return total.to(torch.float32) / (255 * len(images))
