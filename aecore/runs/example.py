"""One image on its way through a trained model, kept beside zoo runs to be shown without torch."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aecore.files import whole
from aecore.runs.record import RunError

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.models.base import Autoencoder

FILE = "example.json"


@dataclass(frozen=True, kw_only=True)
class Example:
    """An image, its code, and the image drawn again from the code."""

    class_name: str
    original: np.ndarray
    """uint8 (C, H, W)."""

    code: np.ndarray
    """float32 (K,)."""

    reconstruction: np.ndarray
    """uint8 (C, H, W)."""

    mse: float
    """Mean squared error per pixel, pixels in [0, 1], before the reconstruction was rounded."""

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio in decibels, 10 log10(1 / mse): 10 more for a tenth of the error."""
        return -10 * math.log10(self.mse) if self.mse else math.inf


def look(model: Autoencoder, image: Tensor, class_name: str) -> Example:
    """What `model` makes of one uint8 image (C, H, W); the image may be on another device."""
    import torch

    with torch.inference_mode():
        pixels = image.to(next(model.parameters()).device).div(255).unsqueeze(0)
        code = model.encode(pixels)
        again = model.decode(code)
        return Example(
            class_name=class_name,
            original=image.cpu().numpy(),
            code=code[0].float().cpu().numpy(),
            reconstruction=again[0].clamp(0, 1).mul(255).round().to(torch.uint8).cpu().numpy(),
            mse=(again - pixels).square().mean().item(),
        )


def write_example(example: Example, folder: Path) -> None:
    """Into a run's folder, as text with a line per row of pixels."""
    values = {
        "class_name": example.class_name,
        "mse": example.mse,
        "code": [round(value, 4) for value in example.code.tolist()],
        "original": example.original.tolist(),
        "reconstruction": example.reconstruction.tolist(),
    }
    text = json.dumps(values, separators=(",", ":")).replace("],[", "],\n[")
    with whole(folder / FILE) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_example(folder: Path) -> Example | None:
    """The example kept with a run, None where there is none. Raises RunError where the file is damaged."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        example = Example(
            class_name=str(values["class_name"]),
            original=np.array(values["original"], dtype=np.uint8),
            code=np.array(values["code"], dtype=np.float32),
            reconstruction=np.array(values["reconstruction"], dtype=np.uint8),
            mse=float(values["mse"]),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise RunError(f"{path} is damaged ({error}): restore it or run `python -m aecore zoo`") from None
    if example.original.ndim != 3 or example.original.shape != example.reconstruction.shape:
        raise RunError(f"{path} is damaged (no two images): restore it or run `python -m aecore zoo`")
    return example
