"""What each unit of a code stands for, as pictures: what it adds to an image, what it looks for in one."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from aecore.analysis.questions import Say, to_nobody
from aecore.models.base import ACTIVATIONS, Autoencoder

MOST_AT_ONCE = 4_000_000
"""Numbers of codes that are decoded together."""


def single_layer(model: Autoencoder) -> nn.Sequential | None:
    """The decoder without its activation, where it is one layer of sums; None where it is deeper."""
    decoder = getattr(model, "decoder", None)
    if not isinstance(decoder, nn.Sequential) or type(decoder[-1]) not in ACTIVATIONS.values():
        return None
    sums = [module for module in decoder.modules() if any(True for _ in module.parameters(recurse=False))]
    return decoder[:-1] if len(sums) == 1 else None


@torch.inference_mode()
def columns(model: Autoencoder) -> np.ndarray | None:
    """The decoder's columns as pictures (code_size, C, H, W), float32; None where it has several layers.

    Each is what a unit adds to every pixel's sum, before the output activation, for each 1 of its activation.
    """
    sums = single_layer(model)
    if sums is None:
        return None
    return _above_zero(model, sums, np.ones(model.config.code_size, np.float32), to_nobody)


@torch.inference_mode()
def responses(model: Autoencoder, activations: np.ndarray, say: Say = to_nobody) -> np.ndarray:
    """How far the picture of a code with one unit alone is above that of a code of zeros.

    For any decoder: (code_size, C, H, W), float32, in units of a pixel from black 0 to white 1. Unit u has
    the activation `activations[u]` (code_size,): one that it takes for real images, as what a decoder makes
    of larger ones says nothing about them.
    """
    return _above_zero(model, model.decode, activations, say)


def atoms(model: Autoencoder, activations: np.ndarray, say: Say = to_nobody) -> tuple[np.ndarray, bool]:
    """What each unit stands for (code_size, C, H, W), and whether that is `columns`, else `responses`."""
    found = columns(model)
    return (responses(model, activations, say), False) if found is None else (found, True)


@torch.inference_mode()
def with_activation(model: Autoencoder, code: np.ndarray, unit: int, activation: float) -> np.ndarray:
    """What the decoder makes of a code (code_size,) as it is, and with one unit at another activation.

    Float32 (2, C, H, W), cut off at black 0 and white 1.
    """
    codes = np.stack([code, code]).astype(np.float32)
    codes[1, unit] = activation
    pair = torch.from_numpy(codes).to(next(model.parameters()).device)
    return model.decode(pair).clamp(0, 1).cpu().numpy()


def filters(model: Autoencoder) -> np.ndarray | None:
    """The weights of the encoder's first layer as pictures (F, C, h, w), float32: what each sum looks for.

    Of an image's size where that layer is dense, of its kernels' where it is a convolution. None where it
    reads the image in another way, such as row by row.
    """
    first = next(module for module in model.modules() if any(True for _ in module.parameters(recurse=False)))
    match first:
        case nn.Linear():
            weight = first.weight.unflatten(1, model.config.image_shape)
        case nn.Conv2d():
            weight = first.weight
        case _:
            return None
    return weight.detach().cpu().numpy()


def filter_of_each_unit(model: Autoencoder) -> bool:
    """Whether the encoder is one dense layer, so that its `filters` are those of the code's units."""
    return getattr(model.config, "hidden", None) == ()


def _above_zero(
    model: Autoencoder,
    decode: Callable[[Tensor], Tensor],
    activations: np.ndarray,
    say: Say,
) -> np.ndarray:
    size, device = model.config.code_size, next(model.parameters()).device
    amounts = torch.from_numpy(np.asarray(activations, np.float32)).to(device)
    silent = decode(torch.zeros(1, size, device=device))
    found = []
    for units in torch.arange(size, device=device).split(max(1, MOST_AT_ONCE // size)):
        say(units[0].item() / size, f"What each of {size:,} units stands for")
        codes = torch.zeros(len(units), size, device=device)
        codes[torch.arange(len(units), device=device), units] = amounts[units]
        found.append((decode(codes) - silent).reshape(-1, *model.config.image_shape).cpu())
    return torch.cat(found).numpy()
