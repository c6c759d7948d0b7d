"""A drawing made as large as a hand needs it, brought to the form of a data set's own images.

A model knows the conventions of what it was trained on: a digit that is smaller or further to the left than
all of MNIST's is a stranger to it, however well it is drawn.
"""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from skimage.transform import resize_local_mean

from aecore.data import SOURCES
from aecore.data.digits import BRIGHTEST, enlarge
from aecore.errors import LabError

SIDE = 280
"""Pixels of a drawing, each way."""

THINNEST = 3
"""Pixels. Finer lines are no strokes: they are what an eraser leaves between two of its own."""

FAINTEST = 112
"""Of 255: the edges of the 8×8 digits are blurred by their enlargement; so cut they come back as large."""


def as_image(drawing: np.ndarray, dataset: str, *, moved: bool = True) -> np.ndarray:
    """A drawing (280, 280), uint8, 0 for black, as an image of a data set: uint8 (C, H, W) of its shape.

    The same in every channel; black where nothing is drawn. It is scaled and moved as the data set's images
    were, unless `moved` is False: then every stroke stays where it is. Raises LabError for a drawing of
    another shape or type.
    """
    if drawing.shape != (SIDE, SIDE) or drawing.dtype != np.uint8:
        raise LabError(
            f"the drawing is {drawing.dtype} {drawing.shape}: choose uint8 of {SIDE}×{SIDE}, 0 for black"
        )
    channels, height, width = SOURCES[dataset].image_shape
    drawn = strokes(drawing)
    grey = np.zeros((height, width))
    if drawn.any():
        convention = CONVENTIONS.get(dataset, whole) if moved else whole
        grey = convention(drawn, height, width)
    image = grey.round().clip(0, 255).astype(np.uint8)
    return np.broadcast_to(image, (channels, height, width)).copy()


def as_drawing(image: np.ndarray) -> np.ndarray:
    """An image (C, H, W), uint8, as somebody would have drawn it: grey, (280, 280), uint8.

    `as_image` makes of it what it was, exactly where it fits the data set's convention. Colours become their
    luma (ITU-R BT.601).
    """
    _, height, width = image.shape
    scale = SIDE / max(height, width)
    colours = Image.fromarray(np.broadcast_to(image, (3, height, width)).transpose(1, 2, 0))
    large = colours.convert("L").resize(
        (round(width * scale), round(height * scale)), Image.Resampling.NEAREST
    )
    return in_the_middle(np.asarray(large), SIDE, SIDE).astype(np.uint8)


def strokes(drawing: np.ndarray) -> np.ndarray:
    """A drawing (H, W) without its lines thinner than three pixels."""
    wide = ndimage.binary_opening(drawing > 0, np.ones((THINNEST, THINNEST)))
    return np.where(wide, drawing, 0)


def mnist(drawn: np.ndarray, height: int, width: int) -> np.ndarray:
    """Strokes (H, W) in the form of MNIST: (height, width) in [0, 255].

    Scaled, proportions kept, to fit a box of 20×20 where the image has 28×28, and moved by whole pixels until
    their centre of mass is in its middle (LeCun, Bottou, Bengio and Haffner, 1998).
    """
    boxed = fit(cut_out(drawn), round(min(height, width) * 20 / 28))
    centre = np.array(ndimage.center_of_mass(boxed))
    return placed(boxed, np.round(np.array((height, width)) / 2 - centre), height, width)


def fashion_mnist(drawn: np.ndarray, height: int, width: int) -> np.ndarray:
    """Strokes (H, W) in the form of Fashion-MNIST: (height, width) in [0, 255].

    Cut out, their longer side as long as the image's, in its middle (Xiao, Rasul and Vollgraf, 2017).
    """
    return in_the_middle(fit(cut_out(drawn), min(height, width)), height, width)


def digits(drawn: np.ndarray, height: int, width: int) -> np.ndarray:
    """Strokes (H, W) in the form of scikit-learn's digits: (height, width) in [0, 255].

    Those were bitmaps of 32×32 that a digit fills, their ink counted in squares of 4×4 (Alpaydin and Kaynak,
    1998): 8×8 numbers from 0 to 16, which are enlarged here as the data set's are.
    """
    bitmap = in_the_middle(fit(cut_out(drawn, FAINTEST), 32), 32, 32) / 255
    counts = (bitmap.reshape(8, 4, 8, 4).mean((1, 3)) * BRIGHTEST).round()
    return whole(enlarge(torch.from_numpy(counts)[None])[0, 0].numpy(), height, width)


def whole(drawn: np.ndarray, height: int, width: int) -> np.ndarray:
    """All of a drawing (H, W), as large as it fits into (height, width), in the middle: in [0, 255].

    For images without a convention, such as squares cut from photos.
    """
    return in_the_middle(fit(drawn, min(height, width)), height, width)


CONVENTIONS: dict[str, Callable[[np.ndarray, int, int], np.ndarray]] = {
    "mnist": mnist,
    "fashion-mnist": fashion_mnist,
    "digits": digits,
}
"""How a data set's images were made, by its name; the others show the `whole` drawing."""


def cut_out(drawn: np.ndarray, faintest: int = 1) -> np.ndarray:
    """The smallest rectangle with all that is as bright as `faintest`, or else as the brightest there is."""
    bright = drawn >= min(faintest, drawn.max())
    [box] = ndimage.find_objects(bright.astype(int))
    return drawn[box]


def fit(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture (H, W) with its longer side brought to `side`: means of the areas that become a pixel."""
    scale = side / max(picture.shape)
    size = [max(1, round(length * scale)) for length in picture.shape]
    return resize_local_mean(picture.astype(np.float64), size, preserve_range=True)


def in_the_middle(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture with as much black on either side, (height, width); an odd row above, an odd column left."""
    return placed(picture, (np.array((height, width)) - picture.shape + 1) // 2, height, width)


def placed(picture: np.ndarray, corner: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture on black (height, width), its top left `corner` there, or as near as it is not cut off."""
    top, left = np.clip(corner, 0, np.array((height, width)) - picture.shape).astype(int)
    canvas = np.zeros((height, width))
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas
