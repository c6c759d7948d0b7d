"""People's own pictures, from files that may be anything, brought to the form of images that a model knows.

A file is judged by its first bytes before its pixels are touched: how large, what kind, how many pictures.
"""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from aecore.data.imageset import DataError

FORMATS = ("PNG", "JPEG", "WEBP")
SUFFIXES = ("png", "jpg", "jpeg", "webp")

MOST_FILES = 1_000
MOST_BYTES = 5 * 2**20
"""Of one file."""

MOST_PIXELS = 25_000_000
"""Of one picture: more than a telephone's camera has; 75 MB while it is read."""

LONGEST_SIDE = 16_383

ENOUGH = 4
"""Pixels of a picture for each of the smaller one that it becomes: reading more of a photograph takes ten
times as long and shows no difference."""

Shape = tuple[int, int, int]


def pictures(files: Sequence[tuple[str, bytes]], shape: Shape, *, dark: bool = False) -> np.ndarray:
    """Files, each a name and a content, as uint8 images (N, C, H, W) of one shape, by `fitted`.

    Raises DataError, naming the file, where one of them cannot be used, or there are none or too many.
    """
    if not 1 <= len(files) <= MOST_FILES:
        raise DataError(f"{len(files):,} files were chosen: choose 1 to {MOST_FILES:,} pictures at once")
    enough = ENOUGH * max(shape[1:])
    return np.stack([fitted(picture(content, name, enough), shape, dark=dark) for name, content in files])


def picture(content: bytes, name: str = "the file", enough: int | None = None) -> np.ndarray:
    """One PNG, JPEG or WebP file as uint8 colours (H, W, 3), the way up that it is to be looked at.

    What is transparent stands on black or on white, whichever is further from the rest. Where no side need
    have more pixels than `enough`, a JPEG is read at a half, a quarter or an eighth of its size if both have
    as many then. Raises DataError, naming the file, for any other content, more than 5 MB or 25 million
    pixels, or a moving picture.
    """
    if len(content) > MOST_BYTES:
        raise DataError(
            f"{name} has {len(content) / 2**20:.1f} MB: choose a picture of at most {MOST_BYTES // 2**20} MB"
        )
    unreadable = f"{name} cannot be read as a picture: choose a whole PNG, JPEG or WebP file"
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            _check(image, name)
            if enough:
                image.draft(None, (enough, enough))
            image.load()
            return np.asarray(_colours(ImageOps.exif_transpose(image)))
    except DataError:
        raise
    except Image.DecompressionBombError:
        raise DataError(f"{name} has far too many pixels: choose at most {MOST_PIXELS:,}") from None
    except Exception as error:  # a decoder that is fed garbage may raise anything
        raise DataError(unreadable) from error


def fitted(colours: np.ndarray, shape: Shape, *, dark: bool = False) -> np.ndarray:
    """Colours (H, W, 3), uint8, as an image of `shape`, (C, H, W): grey (ITU-R BT.601) where C is 1.

    All of it is shown, as large as it fits, proportions kept, in the middle of black. With `dark` it is
    turned into its negative where its edge is bright: ink on paper becomes white on black, as in the data
    sets of digits and clothes. A picture of the shape's own size keeps its pixels.
    """
    channels, height, width = shape
    image = Image.fromarray(colours)
    if channels == 1:
        image = image.convert("L")
    if dark and _edge(image) > 127:
        image = ImageOps.invert(image)
    scale = min(width / image.width, height / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    canvas = Image.new(image.mode, (width, height))
    canvas.paste(image, ((width - size[0]) // 2, (height - size[1]) // 2))
    pixels = np.asarray(canvas)
    return np.ascontiguousarray(pixels.reshape(height, width, channels).transpose(2, 0, 1))


def limited(colours: np.ndarray, channels: int, longest: int) -> np.ndarray:
    """Colours (H, W, 3), uint8, as an image (C, H, W), grey where C is 1, no side longer than `longest`."""
    image = Image.fromarray(colours)
    if channels == 1:
        image = image.convert("L")
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    pixels = np.asarray(image)
    return np.ascontiguousarray(pixels.reshape(image.height, image.width, channels).transpose(2, 0, 1))


def _check(image: Image.Image, name: str) -> None:
    """Raise DataError for what is not to be decoded; only the head of the file has been read."""
    count = getattr(image, "n_frames", 1)
    if count > 1 and image.format in FORMATS:  # a JPEG of a telephone may have more in it, for other uses
        raise DataError(f"{name} is a moving picture of {count:,} frames: choose a single one")
    if image.width * image.height > MOST_PIXELS or max(image.size) > LONGEST_SIDE:
        raise DataError(
            f"{name} has {image.width:,}×{image.height:,} pixels: choose a picture of at most "
            f"{MOST_PIXELS:,}, and no side over {LONGEST_SIDE:,}"
        )


def _colours(image: Image.Image) -> Image.Image:
    """Any mode as RGB."""
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut off at 255
        image = Image.fromarray((np.asarray(image).astype(np.int64).clip(0, 65_535) // 257).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    pixels = np.asarray(image).astype(np.float64)
    opaque = pixels[..., 3].sum()
    brightness = (pixels[..., :3].mean(2) * pixels[..., 3]).sum() / opaque if opaque else 0
    behind = Image.new("RGBA", image.size, "black" if brightness > 127 else "white")
    return Image.alpha_composite(behind, image).convert("RGB")


def _edge(image: Image.Image) -> float:
    """The median brightness of the outermost pixels."""
    grey = np.asarray(image.convert("L"))
    return float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
