"""PNG, JPEG and WebP as Pillow writes them, headers counted: what a model's files stand beside."""

import math
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from aecore.analysis.reconstruction import psnr
from aecore.compression.quality import mean_error

FORMATS: dict[str, dict[str, Any]] = {
    "PNG": {"format": "PNG", "optimize": True},
    "JPEG": {"format": "JPEG", "optimize": True},
    "WebP": {"format": "WEBP", "method": 4},
    "WebP lossless": {"format": "WEBP", "lossless": True},
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


def lossless(images: np.ndarray) -> dict[str, float]:
    """Bytes of each of uint8 images (N, C, H, W), by format and way: a file for each, and where there are
    several, one for all of them."""
    ways = {"": singly, ", all in one": together} if len(images) > 1 else {"": singly}
    return {
        f"{name}{words}": how(images, name).bytes_each
        for name in ("PNG", "WebP lossless")
        for words, how in ways.items()
    }


def as_good(images: np.ndarray, name: str, wanted: float) -> tuple[float, float] | None:
    """Bytes of each of images (N, C, H, W), and the PSNR, of JPEG or WebP in the lowest of QUALITIES whose
    PSNR is `wanted` or more, a file for each image; None where none is that good."""
    for quality in QUALITIES:
        written = singly(images, name, quality)
        if (found := psnr(mean_error(images, written.pictures))) >= wanted:
            return written.bytes_each, found
    return None


def singly(images: np.ndarray, name: str, quality: int | None = None) -> Written:
    """Each of uint8 images (N, C, H, W) in a file of its own."""
    files = [file(image, name, quality) for image in images]
    pictures = np.stack([opened(content, images.shape[1]) for content in files])
    return Written(sum(map(len, files)) / len(files), pictures)


def together(images: np.ndarray, name: str, quality: int | None = None) -> Written:
    """All of uint8 images (N, C, H, W) side by side in one file, so that they share its header."""
    count, channels, height, width = images.shape
    whole = side_by_side(images)
    down, across = whole.shape[1] // height, whole.shape[2] // width
    content = file(whole, name, quality)
    sheet = opened(content, channels).reshape(channels, down, height, across, width)
    pictures = sheet.transpose(1, 3, 0, 2, 4).reshape(-1, channels, height, width)[:count]
    return Written(len(content) / count, pictures)


def side_by_side(images: np.ndarray) -> np.ndarray:
    """Uint8 images (N, C, H, W) as one, about as many across as down; black where there is none."""
    count, channels, height, width = images.shape
    across = math.ceil(math.sqrt(count))
    down = -(-count // across)
    tiles = np.zeros((down * across, channels, height, width), np.uint8)
    tiles[:count] = images
    tiles = tiles.reshape(down, across, channels, height, width)
    return tiles.transpose(2, 0, 3, 1, 4).reshape(channels, down * height, across * width)
