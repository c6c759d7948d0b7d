"""The codes of images: what every look into the latent space begins with."""

import numpy as np
import torch
from torch import Tensor

from aecore.analysis.questions import Say, to_nobody
from aecore.analysis.reconstruction import check_shape
from aecore.data.batches import pixels
from aecore.losses import IMAGES_AT_ONCE
from aecore.models.base import Autoencoder
from aecore.models.pca import PCA


@torch.inference_mode()
def codes_of(model: Autoencoder, images: Tensor, say: Say = to_nobody) -> np.ndarray:
    """Codes (N, code_size), float32, of uint8 images (N, C, H, W) on the model's device.

    Raises LabError where the images have another shape than the model's.
    """
    check_shape(model, images)
    codes = [torch.empty(0, model.config.code_size)]
    for done in range(0, len(images), IMAGES_AT_ONCE):
        say(done / len(images), f"Codes of {len(images):,} pictures")
        codes.append(model.encode(pixels(images[done : done + IMAGES_AT_ONCE])).cpu())
    return torch.cat(codes).numpy()


@torch.inference_mode()
def coded(
    model: Autoencoder, inputs: Tensor, targets: Tensor, say: Say = to_nobody
) -> tuple[np.ndarray, np.ndarray]:
    """The codes (N, code_size) of `inputs`, and the error (N,) of each reconstruction, both float32.

    Uint8 images (N, C, H, W) on the model's device. An error is the mean squared one per pixel, pixels in
    [0, 1], of the reconstruction as it is, against `targets`. Raises LabError as `codes_of` does.
    """
    check_shape(model, inputs)
    codes, errors = [torch.empty(0, model.config.code_size)], [torch.empty(0)]
    for done in range(0, len(inputs), IMAGES_AT_ONCE):
        say(done / len(inputs), f"Codes of {len(inputs):,} pictures")
        batch = slice(done, done + IMAGES_AT_ONCE)
        code = model.encode(pixels(inputs[batch]))
        difference = model.decode(code) - pixels(targets[batch])
        codes.append(code.cpu())
        errors.append(difference.square().flatten(1).mean(1).cpu())
    return torch.cat(codes).numpy(), torch.cat(errors).numpy()


def for_the_disk(codes: np.ndarray) -> np.ndarray:
    """Codes as float16, three digits, unless their largest number is beyond that, or too small for it."""
    return codes.astype(np.float16) if 0.01 < np.abs(codes).max(initial=0) < 60_000 else codes


def codes_of_pictures(model: Autoencoder, images: np.ndarray) -> np.ndarray:
    """The same for an array of uint8 images (N, C, H, W), wherever the model is."""
    return codes_of(model, torch.from_numpy(images).to(next(model.parameters()).device))


@torch.inference_mode()
def pictures_of(model: Autoencoder, codes: np.ndarray) -> np.ndarray:
    """What the decoder makes of codes (N, code_size): uint8 images (N, C, H, W)."""
    device = next(model.parameters()).device
    batches = torch.from_numpy(np.ascontiguousarray(codes, np.float32)).to(device).split(IMAGES_AT_ONCE)
    drawn = [model.decode(batch).clamp(0, 1).mul(255).round().to(torch.uint8).cpu() for batch in batches]
    return torch.cat([torch.empty(0, *model.config.image_shape, dtype=torch.uint8), *drawn]).numpy()


@torch.inference_mode()
def components_of(pca: PCA, images: Tensor) -> np.ndarray:
    """What PCA makes of uint8 images (N, C, H, W) on its device: float32 (N, code_size)."""
    codes = [pca.encode(pixels(batch)).cpu() for batch in images.split(IMAGES_AT_ONCE)]
    return torch.cat([torch.empty(0, len(pca.components)), *codes]).numpy()


def pixels_of(images: Tensor) -> np.ndarray:
    """The pixels of uint8 images (N, C, H, W) as they are: float32 (N, C H W) in [0, 1]."""
    return pixels(images).flatten(1).cpu().numpy()
