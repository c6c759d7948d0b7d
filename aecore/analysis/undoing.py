"""What anybody would do in place of a model that transforms images: no training, one line for each task.

What was done to the input is undone in the obvious way, and what is asked of the target is then done exactly.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from skimage.restoration import inpaint_biharmonic
from torch import Tensor

from aecore.config import DataConfig
from aecore.data.batches import pixels
from aecore.data.transforms import TRANSFORMS, grey, hole

FACTORS = {"half": 2, "quarter": 4}
"""How many pixels wide the squares are that a transform leaves."""

UNDONE_BY = {"grey": "mean colour", "half": "bicubic", "quarter": "bicubic", "hole": "biharmonic inpainting"}
EXPLAINED = {
    "mean colour": "Mean colour: the grey picture, tinted as the training pictures are on average.",
    "bicubic": "Bicubic: each pixel is a smooth mix of the 16 nearest of the coarse picture.",
    "biharmonic inpainting": "Biharmonic inpainting: the smoothest surface that fits around the hole.",
    "luma formula": "Luma formula: 0.299 red + 0.587 green + 0.114 blue.",
    "box downsampling": "Box downsampling: each square of pixels becomes their mean.",
    "mask": "Mask: the middle of the picture is set to black.",
}
"""By name, a sentence on each step."""

DONE_BY = {"grey": "luma formula", "half": "box downsampling", "quarter": "box downsampling", "hole": "mask"}


@dataclass(frozen=True, eq=False)  # comparing tensors gives tensors, not a truth value
class Baseline:
    """A Reconstruct without weights: from what a model sees to an answer for what it is asked for."""

    data: DataConfig
    tint: Tensor
    """How far each channel is from luma on average, over training images: float32 (C,)."""

    @property
    def name(self) -> str:
        """What people call it, such as bicubic."""
        return ", then ".join(self._steps) or "the picture itself"

    @property
    def explained(self) -> str:
        """What it does, in a sentence for each step; empty where it does nothing."""
        return " ".join(EXPLAINED[step] for step in self._steps)

    @property
    def _steps(self) -> list[str]:
        steps = (UNDONE_BY.get(self.data.input_transform), DONE_BY.get(self.data.target_transform))
        return [step for step in steps if step]

    @property
    def exact(self) -> bool:
        """Whether it cannot be wrong: the whole image is seen, and what is asked for can be computed."""
        return is_exact(self.data)

    def __call__(self, seen: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] to their like."""
        return TRANSFORMS[self.data.target_transform](self.undone(seen, lost(seen.shape)))

    def undone(self, seen: Tensor, lost: Tensor) -> Tensor:
        """Images (B, C, H, W) as they may have been before their input transform, in [0, 1].

        `lost` (H, W) says which pixels a hole has taken.
        """
        name = self.data.input_transform
        if name == "grey":
            return (seen + self.tint.to(seen)[:, None, None]).clamp(0, 1)
        if name in FACTORS:
            return enlarged(seen, FACTORS[name])
        return inpainted(seen, lost) if name == "hole" else seen


def is_exact(data: DataConfig) -> bool:
    """Whether a line of arithmetic gives a model's targets from what it sees."""
    return data.noise == data.input_transform == "none"


def tint(images: Tensor) -> Tensor:
    """How far each channel of uint8 images (N, C, H, W) is from their luma, on average: float32 (C,)."""
    floats = pixels(images)
    return (floats - grey(floats)).mean((0, 2, 3)).cpu()


def enlarged(coarse: Tensor, factor: int) -> Tensor:
    """Images (B, C, H, W), each a grid of even squares, bicubic between the squares' middles, in [0, 1].

    By PyTorch; over training patches it came closer than Pillow's, scikit-image's spline and bilinear.
    """
    height, width = coarse.shape[-2:]
    small = coarse[..., ::factor, ::factor]
    return F.interpolate(small, scale_factor=factor, mode="bicubic")[..., :height, :width].clamp(0, 1)


def inpainted(holed: Tensor, lost: Tensor) -> Tensor:
    """Images (B, C, H, W) with their lost pixels (H, W) filled as smoothly as can be, in [0, 1].

    Solves the biharmonic equation in the hole (Damelin and Hoang, 2018), by scikit-image: one system of
    equations for all images, as all lost the same pixels; 1,000 take as long as 80 by themselves.
    """
    if not lost.any():
        return holed
    count, channels, height, width = holed.shape
    layers = holed.reshape(-1, height, width).permute(1, 2, 0).cpu().numpy()
    filled = torch.from_numpy(inpaint_biharmonic(layers, lost.cpu().numpy(), channel_axis=-1))
    return filled.permute(2, 0, 1).reshape(count, channels, height, width).to(holed).clamp(0, 1)


def lost(shape: torch.Size | tuple[int, ...]) -> Tensor:
    """Which pixels of an image (..., H, W) a hole takes: bool (H, W)."""
    return hole(torch.ones(shape[-2:])) == 0
