"""Principal components: the best that any linear autoencoder can do, and the yardstick for the others."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from aecore.data.batches import pixels
from aecore.losses import IMAGES_AT_ONCE, mean_image


class PCA(nn.Module):
    """code = P (x - m);  image = Pᵀ code + m

    m is the mean image and the rows of P are the `code_size` directions in which the training images vary
    most. Of all linear codes of this size it has the smallest squared error on those images
    (Baldi and Hornik, 1989). Images are (B, C, H, W) in [0, 1], codes (B, code_size).
    """

    def __init__(
        self,
        images: Tensor,
        code_size: int,
        transform: Callable[[Tensor], Tensor] = lambda images: images,
    ) -> None:
        """Fit to a linear `transform` of uint8 images (N, C, H, W), on their device.

        A code larger than an image is cut to it.
        """
        super().__init__()
        self.mean = transform(mean_image(images)[None])[0]
        flat_mean = self.mean.flatten()
        scatter = torch.zeros(len(flat_mean), len(flat_mean), device=images.device)
        for batch in images.split(IMAGES_AT_ONCE):  # never the whole set as floats
            centred = transform(pixels(batch)).flatten(1) - flat_mean
            scatter.addmm_(centred.T, centred)
        # doubles: with fewer images than pixels, single precision takes ten times as long, or fails
        exact = (scatter.cpu() if scatter.device.type == "mps" else scatter).double()
        _, directions = torch.linalg.eigh(exact)  # smallest variance first
        self.components = directions.flip(1)[:, :code_size].T.contiguous().to(scatter)

    def encode(self, images: Tensor) -> Tensor:
        return (images - self.mean).flatten(1) @ self.components.T

    def decode(self, codes: Tensor) -> Tensor:
        return (codes @ self.components).unflatten(1, self.mean.shape) + self.mean

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))
