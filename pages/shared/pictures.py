"""Arrays in, PNGs out: pixels enlarged by whole factors, and transparent around them for both themes."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 56  # about how many screen pixels an image takes in a grid
GAP = 4
FONT, LINE = 13, 17  # height of letters, and of a line of text
LABEL = 61  # width of a row's label at least, so that grids with other rows begin at the same place
TEXT = "#757c8d"  # contrast 4.2 on either theme's background
TOO_BRIGHT, TOO_DARK = "#ff8103", "#5683fe"  # two of the theme's chart colours, told apart by everybody
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
FULL_COLOUR = 0.5
"""The error, as a share of the way from black to white, that is drawn in full colour."""


@dataclass(frozen=True)
class Row:
    """One row of a grid: what it is, an image per column, and a line of text under each."""

    label: str
    """Of one short line, or of two."""

    tiles: np.ndarray
    """uint8 RGB (N, H, W, 3)."""

    texts: Sequence[str] = ()


def rgb(images: np.ndarray) -> np.ndarray:
    """Uint8 images (N, C, H, W), grey or colour, as tiles (N, H, W, 3)."""
    return np.broadcast_to(images.transpose(0, 2, 3, 1), (len(images), *images.shape[2:], 3))


def signed(difference: np.ndarray) -> np.ndarray:
    """Differences (N, C, H, W) in [-1, 1] as tiles: black where there is none, orange above, blue below zero.

    Colour images show the mean over their channels.
    """
    share = np.clip(difference.mean(1) / FULL_COLOUR, -1, 1)[..., None]
    colours = np.where(share > 0, _colour(TOO_BRIGHT), _colour(TOO_DARK))
    return (np.abs(share) * colours).round().astype(np.uint8)


def heat(squares: np.ndarray) -> np.ndarray:
    """Squared errors (N, C, H, W) as tiles: black where there is none, through orange to white.

    The largest of each picture is white, unless it is small: then it is as dark as it should be.
    """
    found = squares.mean(1)
    most = np.maximum(found.max(axis=(1, 2), keepdims=True), FULL_COLOUR**2)
    share = np.sqrt(found / most)[..., None]  # as an error, not its square: faint places are seen
    orange = np.clip(2 * share, 0, 1) * _colour(TOO_BRIGHT)
    white = np.clip(2 * share - 1, 0, 1)
    return (orange + white * (255 - orange)).round().astype(np.uint8)


def blocks(rows: Sequence[Row], *, size: int, headings: Sequence[str] = (), side: int = SIDE) -> list[bytes]:
    """A grid in pieces of `size` images each, every one with its labels; PNGs.

    Side by side where there is room and one below the other where there is none, they need not be shrunk: of
    4 or 5 images, a piece is as wide as a phone.
    """
    pieces = []
    for begin in range(0, len(rows[0].tiles), size):
        part = slice(begin, begin + size)
        cut = [Row(row.label, row.tiles[part], row.texts[part]) for row in rows]
        pieces.append(
            grid(cut, per_line=size, headings=headings[part], longest=_longest(headings), side=side)
        )
    return pieces


def around_zero(found: np.ndarray, reach: float | np.ndarray) -> np.ndarray:
    """Pictures (N, C, H, W) of numbers around 0 as tiles; those as large as `reach` in full colour.

    `reach` is one number, or one for each picture (N,). Grey pictures are drawn as `signed` does; colour ones
    begin at mid-grey.
    """
    reach = np.reshape(reach, (-1, 1, 1, 1))
    share = np.clip(found / np.where(reach > 0, reach, 1), -1, 1)
    if share.shape[1] == 3:
        return ((share + 1) * 127.5).round().astype(np.uint8).transpose(0, 2, 3, 1)
    return signed(share * FULL_COLOUR)


def grid(
    rows: Sequence[Row],
    *,
    per_line: int,
    headings: Sequence[str] = (),
    legend: bool = False,
    longest: int = 0,
    side: int = SIDE,
) -> bytes:
    """Images side by side, their headings above, one row under the other, labels, if any, on the left; a PNG.

    More images than `per_line` go on in a further block of rows. `legend` explains the colours of `signed`.
    Headings have smaller letters where one of them, or of `longest` pixels elsewhere, is wider than an image,
    which takes about `side` screen pixels; what does not fit even then is cut short.
    """
    count, height, width, _ = rows[0].tiles.shape
    factor = max(1, side // max(height, width))
    height, width = height * factor, width * factor
    columns = min(per_line, count)
    labels = [line for row in rows for line in row.label.split("\n") if line]
    left = max((LABEL, *(_length(line) + 8 for line in labels))) if labels else 0
    tops, block = [], LINE if any(headings) else 0  # of each row inside a block, below the headings
    for row in rows:
        tops.append(block)
        block += height + (LINE if row.texts else 0) + GAP
    blocks = -(-count // columns)
    block += 2 * GAP if blocks > 1 else 0
    size = (left + columns * (width + GAP) - GAP, blocks * block + (LINE if legend else -GAP))
    canvas = Image.new("RGBA", size)
    draw = ImageDraw.Draw(canvas)
    small = _font(FONT if max(longest, _longest(headings)) <= width + GAP else FONT - 2)
    for index in range(count):
        down, across = divmod(index, columns)
        x, y = left + across * (width + GAP), down * block
        if any(headings):
            draw.text((x + width / 2, y), _cut(headings[index], width + GAP, small), TEXT, small, anchor="ma")
        for row, top in zip(rows, tops, strict=True):
            tile = row.tiles[index].repeat(factor, 0).repeat(factor, 1)
            canvas.paste(Image.fromarray(tile), (x, y + top))
            if row.texts:
                draw.text((x + width / 2, y + top + height + 3), row.texts[index], TEXT, _font(), anchor="ma")
    for down in range(blocks):
        for row, top in zip(rows, tops, strict=True):
            draw.text((0, down * block + top + height / 2), row.label, TEXT, _font(), anchor="lm")
    if legend:
        _draw_legend(canvas, left, size[1] - LINE)
    return png(canvas)


def legend() -> bytes:
    """What the colours of `signed` mean, by itself; a PNG."""
    canvas = Image.new("RGBA", (_draw_legend(Image.new("RGBA", (1, 1)), 0, 0), LINE))
    _draw_legend(canvas, 0, 0)
    return png(canvas)


def picture(image: np.ndarray, side: int) -> bytes:
    """One uint8 image (C, H, W), enlarged to at most `side` screen pixels; a PNG."""
    factor = max(1, side // max(image.shape[1:]))
    return png(Image.fromarray(rgb(image[None])[0].repeat(factor, 0).repeat(factor, 1)))


def within(image: np.ndarray, wide: int, tall: int) -> tuple[bytes, float]:
    """One uint8 image (C, H, W), smaller where it must be; a PNG, and its share of the size."""
    drawn = Image.fromarray(np.ascontiguousarray(rgb(image[None])[0]))
    share = min(1, wide / drawn.width, tall / drawn.height)
    if share < 1:
        size = max(1, round(drawn.width * share)), max(1, round(drawn.height * share))
        drawn = drawn.resize(size, Image.Resampling.BOX)
    return png(drawn), share


def mosaic(images: np.ndarray, across: int, side: int) -> bytes:
    """Uint8 images (N, C, H, W) edge to edge, `across` in a row, at most `side` screen pixels wide; a PNG.

    Smaller than they are where they would be wider than that.
    """
    count, _, height, width = images.shape
    tiles = rgb(images).reshape(count // across, across, height, width, 3)
    whole = tiles.swapaxes(1, 2).reshape(count // across * height, across * width, 3)
    factor = max(1, side // whole.shape[1])
    picture = Image.fromarray(whole.repeat(factor, 0).repeat(factor, 1))
    if picture.width > side:
        picture = picture.resize((side, picture.height * side // picture.width), Image.Resampling.BOX)
    return png(picture)


def code(values: np.ndarray, side: int) -> bytes:
    """The numbers (K,) of a code as bars up (blue) and down (orange) from a line, in a square; a PNG."""
    canvas = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(canvas)
    middle = side // 2
    edges = np.linspace(0, side, len(values) + 1).round().astype(int)
    lengths = values / (np.abs(values).max() or 1) * (middle - 2)
    for (left, right), length in zip(pairwise(edges.tolist()), lengths.tolist(), strict=True):
        top, bottom = sorted((middle, round(middle - length)))
        gap = 2 if right - left > 4 else 0
        if right > left:
            draw.rectangle((left, top, right - 1 - gap, bottom), TOO_DARK if length > 0 else TOO_BRIGHT)
    draw.line((0, middle, side, middle), TEXT)
    return png(canvas)


def address(picture: bytes) -> str:
    """A PNG or GIF as an address that holds it: the browser shows it without asking for it.

    A file would be gone from the server where a page, anybody's, is drawn anew just before it is asked for.
    """
    kind = "gif" if picture.startswith(b"GIF") else "png"
    return f"data:image/{kind};base64,{b64encode(picture).decode()}"


def width(png: bytes) -> int:
    """How many pixels wide a PNG is: shown narrower it would be blurred."""
    return Image.open(BytesIO(png)).width


def _draw_legend(canvas: Image.Image, x: int, y: int) -> int:
    """A bar from too dark to too bright, with its ends in words; where it ends."""
    draw = ImageDraw.Draw(canvas)
    low, high = "too dark, -0.5", "+0.5, too bright"
    draw.text((x, y), low, TEXT, _font())
    x += _length(low) + 8
    ramp = np.linspace(-FULL_COLOUR, FULL_COLOUR, 141, dtype=np.float32)
    bar = signed(np.broadcast_to(ramp, (1, 1, 11, len(ramp))))[0]
    canvas.paste(Image.fromarray(bar), (x, y + 2))
    draw.text((x + len(ramp) + 8, y), high, TEXT, _font())
    return x + len(ramp) + 8 + _length(high)


def _colour(name: str) -> np.ndarray:
    return np.array([int(name[i : i + 2], 16) for i in (1, 3, 5)])


@lru_cache
def _font(size: int = FONT) -> Font:
    return ImageFont.load_default(size)


def _length(text: str) -> int:
    return int(_font().getlength(text)) + 1


def _cut(text: str, width: int, font: Font) -> str:
    """A text no wider than `width` pixels; the dots say that there was more."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def _longest(texts: Sequence[str]) -> int:
    return max(map(_length, texts), default=0)


def png(canvas: Image.Image) -> bytes:
    """What was drawn, as the bytes of a PNG."""
    file = BytesIO()
    canvas.save(file, "PNG", compress_level=3)  # the usual 6 takes twice as long for 3 % fewer bytes
    return file.getvalue()
