"""Weights on disk: safetensors only, every name and shape checked before a model takes them."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from aecore.errors import LabError
from aecore.files import whole
from aecore.models.base import Autoencoder


class WeightsError(LabError):
    """A weights file that cannot be used: one sentence that names it and what is wrong."""


def save_weights(model: nn.Module, path: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write the model's weights to `path` in one piece, as float32 or as float16 (half the bytes).

    Raises WeightsError where it cannot be written.
    """
    write_tensors(path, {name: weight.detach().to(dtype) for name, weight in model.state_dict().items()})


def load_weights(model: Autoencoder, path: Path) -> None:
    """Give the model the weights stored at `path`, on whatever device it is.

    Raises WeightsError where the file is missing or damaged, its names or shapes are not the model's,
    or a weight is not a finite number. The model is unchanged then.
    """
    stored = read_tensors(path)
    model.fit_to(stored)
    wanted = model.state_dict()
    if stored.keys() != wanted.keys():
        odd = sorted(stored.keys() ^ wanted.keys())[0]
        where = "not in the file" if odd in wanted else "not in the model"
        raise WeightsError(f"{path} holds another network's weights: {odd} is {where}")
    for name, weight in stored.items():
        if weight.shape != wanted[name].shape:
            raise WeightsError(
                f"{path} holds another network's weights: {name} is {tuple(weight.shape)}, "
                f"the model needs {tuple(wanted[name].shape)}"
            )
        if not (weight.is_floating_point() and weight.to(wanted[name].dtype).isfinite().all()):
            raise WeightsError(f"{path} is of no use: {name} holds values that are not finite numbers")
    model.load_state_dict(stored)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors in a safetensors file, on the CPU. Raises WeightsError where it cannot be read."""
    try:
        return load_file(path)
    except FileNotFoundError:
        raise WeightsError(f"{path} is not there: train the model again") from None
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is damaged ({error}): restore it or train the model again") from None


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write a safetensors file in one piece. Raises WeightsError where it cannot be written."""
    try:
        with whole(path) as temporary:
            save_file(
                {name: value.cpu().contiguous() for name, value in tensors.items()}, temporary, metadata
            )
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} could not be written ({error}): make room or choose another folder"
        ) from None
