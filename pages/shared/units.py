"""All units of a code as one picture: in which order, on which scale, with marks for the dead."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from pages.shared import pictures

if TYPE_CHECKING:
    from aecore.analysis.activity import Activity
    from aecore.analysis.dictionary import Dictionary

ORDERS = {
    "activity": "Activity",
    "density": "Density",
    "selectivity": "Class selectivity",
    "norm": "Norm",
    "similarity": "Similarity",
    "number": "Number",
}
SCALES = {"common": "One for all", "own": "Each its own"}
ACTIVE = {"any": "Not zero", "tenth": "Above a tenth"}
"""What counts as active; aecore.analysis.activity says how."""

PER_PAGE = 256
WIDTH, HEIGHT = 512, 512
"""Of a sheet, about, in screen pixels."""

GAP = 4
CHOSEN, DEAD, ALWAYS = "#1bbe6e", pictures.TEXT, "#cb70bb"


@dataclass(frozen=True)
class Sheet:
    """Pictures in a grid, and where in it each of them is."""

    png: bytes
    columns: int
    step: tuple[int, int]
    """Pixels from one picture to the next, across and down."""

    count: int

    def at(self, x: float, y: float) -> int | None:
        """Which picture is there, None for none."""
        across, down = int(x // self.step[0]), int(y // self.step[1])
        index = down * self.columns + across
        return index if 0 <= across < self.columns and 0 <= index < self.count else None


def tiles(found: "Dictionary", units: np.ndarray, scale: str) -> np.ndarray:
    """What some units stand for as uint8 tiles (N, H, W, 3), by a name in SCALES."""
    shown = found.atoms[units]
    return pictures.around_zero(shown, reach(found.atoms) if scale == "common" else _largest(shown))


def own_scale(found: np.ndarray) -> np.ndarray:
    """Any pictures (N, C, H, W) around 0, each on its own scale, as tiles (N, H, W, 3)."""
    return pictures.around_zero(found, _largest(found))


def reach(found: np.ndarray) -> float:
    """What is drawn in full colour where all share one scale: a fifth of the pictures go beyond it."""
    return float(np.quantile(_largest(found), 0.8))


def sheet(tiles: np.ndarray, frames: dict[int, str] | None = None) -> Sheet:
    """Tiles (N, H, W, 3) side by side, enlarged by a whole factor; `frames` gives some a colour around."""
    count, height, width, _ = tiles.shape
    factor = max(1, pictures.SIDE // max(height, width))
    while factor > 1 and _lines(count, width * factor) * (height * factor + GAP) > HEIGHT:
        factor -= 1
    width, height = width * factor, height * factor
    columns = min(count, _columns(width))
    size = columns * (width + GAP), -(-count // columns) * (height + GAP)
    canvas = Image.new("RGBA", size)
    draw = ImageDraw.Draw(canvas)
    for index, tile in enumerate(tiles):
        down, across = divmod(index, columns)
        x, y = across * (width + GAP) + GAP // 2, down * (height + GAP) + GAP // 2
        if colour := (frames or {}).get(index):
            wide = 1 if colour == DEAD else 2  # many may be dead
            draw.rectangle((x - wide, y - wide, x + width + wide - 1, y + height + wide - 1), colour)
        canvas.paste(Image.fromarray(tile.repeat(factor, 0).repeat(factor, 1)), (x, y))
    return Sheet(pictures.png(canvas), columns, (width + GAP, height + GAP), count)


def frames(units: np.ndarray, told: "Activity", chosen: int) -> dict[int, str]:
    """The colour around each of `units` that is marked, by its place among them."""
    colours = {}
    for place, unit in enumerate(units.tolist()):
        if told.dead[unit]:
            colours[place] = DEAD
        elif told.always[unit] and not told.always.all():
            colours[place] = ALWAYS
        if unit == chosen:
            colours[place] = CHOSEN
    return colours


def about(found: "Dictionary", told: "Activity", scale: str) -> str:
    """What is drawn, what its colours and frames mean, and what to look for."""
    count, dead, always = len(told.dead), int(told.dead.sum()), int(told.always.sum())
    what = (
        "What a unit adds to each pixel's sum for each 1 of its activation: a column of the decoder."
        if found.are_columns
        else "What the decoder draws for a unit alone, at an activation typical of it, above what it draws "
        "for a code of zeros."
    )
    colours = (
        "grey for nothing, colours as they are added"
        if found.atoms.shape[1] == 3
        else "orange adds light, blue takes it away"
    )
    full = f", in full from {reach(found.atoms):.2g} on" if scale == "common" else ""
    marks = [f"{colours[:1].upper()}{colours[1:]}{full}. Framed green: the chosen unit"]
    if dead:
        marks.append(f"grey: dead, the same for every picture ({dead:,} of {count:,})")
    if always == count:
        marks.append("every unit is always on, so this code is not sparse")
    elif always:
        marks.append(f"pink: always on ({always:,})")
    return f"{what} {'; '.join(marks)}. Look for strokes, blobs and whole shapes."


def _largest(found: np.ndarray) -> np.ndarray:
    return np.abs(found).max((1, 2, 3))


def _columns(width: int) -> int:
    return max(1, WIDTH // (width + GAP))


def _lines(count: int, width: int) -> int:
    return -(-count // _columns(width))
