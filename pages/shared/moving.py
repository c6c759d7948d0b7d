"""Pictures one after the other, as a moving GIF."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image

from pages.shared import pictures

FRAME, REST = 80, 500
"""Milliseconds of a picture, and of one at which the loop rests."""


def gif(images: np.ndarray, side: int, rests: Sequence[int] = ()) -> bytes:
    """Uint8 images (N, C, H, W), each enlarged to at most `side` pixels, as a GIF that goes round and round.

    It rests at the pictures with the numbers `rests`.
    """
    factor = max(1, side // max(images.shape[2:]))
    tiles = pictures.rgb(images).repeat(factor, 1).repeat(factor, 2)
    grey = images.shape[1] == 1  # 256 greys are a GIF's own colours; of others it chooses as many
    frames = [Image.fromarray(tile[..., 0] if grey else tile) for tile in tiles]
    file = BytesIO()
    frames[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[REST if number in rests else FRAME for number in range(len(frames))],
        loop=0,
    )
    return file.getvalue()
