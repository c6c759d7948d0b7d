"""PNG, JPEG and WebP as Pillow writes them, headers counted: what a model's files stand beside."""

import math
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

FORMATS: dict[str, dict[str, Any]] = {
    "PNG": {"format": "PNG", "optimize": True},
    "JPEG": {"format": "JPEG", "optimize": True},
    "WebP": {"format": "WEBP", "method": 4},
    "WebP lossless": {"format": "WEBP", "lossless": True, "quality": 100},
}
"""By name, what Pillow is asked for; the two of them that lose something also take a quality."""

QUALITIES = (1, 3, 5, 10, 20, 35, 50, 65, 80, 90, 95)


class Written(NamedTuple):
    """Images in a common format."""

    bytes_each: float
    """Mean size of an image's file, or its share of a file for all."""

    pictures: np.ndarray
    """What is in the files: uint8 (N, C, H, W)."""


def file(pixels: np.ndarray, name: str, quality: int | None = None) -> bytes:
    """One image (C, H, W), uint8, grey or colour, as a file; `quality`, 0 to 100, for JPEG and WebP."""
    settings: dict[str, Any] = FORMATS[name] | ({} if quality is None else {"quality": quality})
    content = BytesIO()
    shown = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(shown)).save(content, **settings)
    return content.getvalue()


def opened(content: bytes, channels: int) -> np.ndarray:
    """The image (C, H, W), uint8, in a file of ours; WebP makes colours of grey ones."""
    with Image.open(BytesIO(content)) as image:
        pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    return pixels.reshape(*pixels.shape[:2], channels).transpose(2, 0, 1)


def singly(images: np.ndarray, name: str, quality: int | None = None) -> Written:
    """Each of uint8 images (N, C, H, W) in a file of its own."""
    files = [file(image, name, quality) for image in images]
    pictures = np.stack([opened(content, images.shape[1]) for content in files])
    return Written(sum(map(len, files)) / len(files), pictures)


def together(images: np.ndarray, name: str, quality: int | None = None) -> Written:
    """All of uint8 images (N, C, H, W) side by side in one file, so that they share its header."""
    count, channels, height, width = images.shape
    across = math.ceil(math.sqrt(count))
    down = -(-count // across)
    tiles = np.zeros((down * across, channels, height, width), np.uint8)
    tiles[:count] = images
    tiles = tiles.reshape(down, across, channels, height, width)
    content = file(
        tiles.transpose(2, 0, 3, 1, 4).reshape(channels, down * height, across * width), name, quality
    )
    sheet = opened(content, channels).reshape(channels, down, height, across, width)
    pictures = sheet.transpose(1, 3, 0, 2, 4).reshape(-1, channels, height, width)[:count]
    return Written(len(content) / count, pictures)
