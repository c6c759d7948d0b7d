"""Many small pictures in one piece, so that the browser can show any of them without asking the server."""

import json
from io import BytesIO

import numpy as np
from PIL import Image

ACROSS = 50
PER_SHEET = ACROSS * ACROSS
LARGEST = 32
"""Pixels of a picture; of larger ones only every second, third, ... pixel is sent."""


def sprite(images: np.ndarray, name: str) -> bytes:
    """Uint8 images (N, C, H, W) as sheets of 50×50 pictures, PNG, for the map called `name`.

    Four bytes say how long the JSON that follows is; it says what the sheets hold and how long each is; then
    come the sheets.
    """
    stride = -(-max(images.shape[2:]) // LARGEST)
    images = images[:, :, ::stride, ::stride]
    sheets = [_sheet(images[start : start + PER_SHEET]) for start in range(0, len(images), PER_SHEET)]
    head = {
        "sprite": name,
        "height": images.shape[2],
        "width": images.shape[3],
        "across": ACROSS,
        "perSheet": PER_SHEET,
        "sizes": [len(sheet) for sheet in sheets],
    }
    told = json.dumps(head).encode()
    return b"".join([len(told).to_bytes(4, "little"), told, *sheets])


def _sheet(images: np.ndarray) -> bytes:
    count, channels, height, width = images.shape
    down = -(-count // ACROSS)
    tiles = np.zeros((down * ACROSS, channels, height, width), np.uint8)
    tiles[:count] = images
    rows = tiles.reshape(down, ACROSS, channels, height, width).transpose(0, 3, 1, 4, 2)
    pixels = rows.reshape(down * height, ACROSS * width, channels)
    file = BytesIO()
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels[..., :3]).save(file, "PNG", compress_level=3)
    return file.getvalue()
