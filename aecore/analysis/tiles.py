"""Pictures larger than a model: cut into tiles, each transformed by itself, and blended without seams."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from aecore.analysis.questions import Say, to_nobody
from aecore.analysis.reconstruction import Reconstruct

AT_ONCE = 128
"""About so many tiles are transformed at once: enough to keep all cores busy, and what comes between two
layers is soon used again. With 512, pictures of 768×576 took a quarter longer."""


@torch.inference_mode()
def by_tiles(
    picture: Tensor,
    answer: Reconstruct,
    tile: tuple[int, int],
    *,
    overlap: bool = True,
    align: int = 1,
    say: Say = to_nobody,
) -> Tensor:
    """What `answer` makes of a picture (C, H, W), tile by tile: float32 (C, H, W), where the picture is.

    Tiles of `tile` pixels, high and wide, begin at multiples of `align`, with `overlap` about half a tile
    apart; there each counts most in its middle. Weights are divided by their sum in double precision, so what
    is the same in all tiles comes back to the last bit. Beyond its edges the picture is mirrored, and with
    `overlap` tiles begin outside of it, so that its edges are in the middle of a tile, too. A picture no
    larger than a tile is one tile. `say` hears how far it is.
    """
    step = _steps(tile, align) if overlap else tile
    sizes = picture.shape[1:]
    lines = [_line(*each, overlap, align) for each in zip(sizes, tile, step, strict=True)]
    padded = _padded(picture, lines, align)
    tall, long = padded.shape[1:]
    window = torch.outer(_window(tile[0]), _window(tile[1]))
    total = torch.zeros(padded.shape, dtype=torch.float64)
    tiles = padded.unfold(1, tile[0], step[0]).unfold(2, tile[1], step[1])  # (C, rows, columns, *tile)
    rows, columns = tiles.shape[1:3]
    for first in range(0, rows, at_once := max(1, AT_ONCE // columns)):
        say(first / rows, f"Tile {first * columns + 1:,} of {rows * columns:,}")
        some = tiles[:, first : first + at_once].permute(1, 2, 0, 3, 4)
        answers = answer(some.flatten(0, 1).to(picture)).cpu().double() * window
        high = tile[0] + (len(some) - 1) * step[0]
        laid = F.fold(answers.flatten(1).T[None], (high, long), tile, stride=step)
        total[:, first * step[0] : first * step[0] + high] += laid[0]
    total /= torch.outer(_weights(tall, tile[0], step[0]), _weights(long, tile[1], step[1]))
    (top, _), (left, _) = lines
    return total[:, top : top + sizes[0], left : left + sizes[1]].to(picture)


def _steps(tile: tuple[int, int], align: int) -> tuple[int, int]:
    """About half a tile, in multiples of `align`."""
    height, width = (min(side, max(1, side // 2 // align) * align) for side in tile)
    return height, width


def _line(length: int, tile: int, step: int, overlap: bool, align: int) -> tuple[int, int]:
    """How many pixels a line of a picture gets before it, and how long it is then, so that tiles fit it."""
    length += -length % align
    if length <= tile:
        return 0, tile
    margin = step if overlap else 0
    return margin, tile + -(-(margin + length + margin - tile) // step) * step


def _padded(picture: Tensor, lines: list[tuple[int, int]], align: int) -> Tensor:
    """The picture with what is mirrored around it; squares of `align` pixels that it cuts are made whole."""
    pixels = picture.cpu().numpy()
    pixels = np.pad(pixels, [(0, 0), *((0, -length % align) for length in pixels.shape[1:])], mode="edge")
    around = [
        (before, max(0, whole - before - length))
        for (before, whole), length in zip(lines, pixels.shape[1:], strict=True)
    ]
    return torch.from_numpy(np.pad(pixels, [(0, 0), *around], mode="symmetric"))


def _window(length: int) -> Tensor:
    """One hump of a squared sine, nowhere zero: float64."""
    return torch.sin(torch.pi * (torch.arange(length, dtype=torch.float64) + 0.5) / length) ** 2


def _weights(length: int, tile: int, step: int) -> Tensor:
    """What the windows of all tiles along a line add up to, at each of its pixels."""
    total = torch.zeros(length, dtype=torch.float64)
    for start in range(0, length - tile + 1, step):
        total[start : start + tile] += _window(tile)
    return total
