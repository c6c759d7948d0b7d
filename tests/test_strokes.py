"""Drawings brought to the form of a data set: against loops, and the data sets' own images drawn large."""

import numpy as np
import pytest

from aecore import data
from aecore.analysis import strokes
from aecore.analysis.strokes import SIDE, as_drawing, as_image
from aecore.data import SOURCES
from aecore.errors import LabError

needs_mnist = pytest.mark.skipif(not data.available("mnist"), reason="MNIST is not here")
needs_fashion = pytest.mark.skipif(not data.available("fashion-mnist"), reason="Fashion-MNIST is not here")


def blank():
    return np.zeros((SIDE, SIDE), np.uint8)


def own_images(dataset, count):
    images = data.load(dataset).test_images[:count].numpy()
    back = np.stack([as_image(as_drawing(image), dataset) for image in images])
    return images.astype(int), back.astype(int)


def naive_mnist(drawing):
    """By loops: every pixel of the box is a mean over its share of the ink, to fractions of a pixel."""
    rows, columns = np.nonzero(drawing)
    cut = drawing[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(float)
    scale = 20 / max(cut.shape)
    height, width = (max(1, round(length * scale)) for length in cut.shape)
    boxed = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            total = area = 0.0
            top, bottom = y * cut.shape[0] / height, (y + 1) * cut.shape[0] / height
            left, right = x * cut.shape[1] / width, (x + 1) * cut.shape[1] / width
            for row in range(int(top), int(np.ceil(bottom - 1e-9))):
                for column in range(int(left), int(np.ceil(right - 1e-9))):
                    share = (min(row + 1, bottom) - max(row, top)) * (
                        min(column + 1, right) - max(column, left)
                    )
                    total, area = total + share * cut[row, column], area + share
            boxed[y, x] = total / area
    centre_y = sum(y * boxed[y].sum() for y in range(height)) / boxed.sum()
    centre_x = sum(x * boxed[:, x].sum() for x in range(width)) / boxed.sum()
    top, left = round(14 - centre_y), round(14 - centre_x)
    image = np.zeros((28, 28))
    image[top : top + height, left : left + width] = boxed
    return image.round()


def test_mnist_is_a_box_of_20_with_the_centre_of_mass_in_the_middle():
    drawing = blank()
    drawing[30:113, 100:141] = 255  # a head of 83 by 41, and a tail to the lower right
    drawing[113:181, 120:127] = 180
    image = as_image(drawing, "mnist")
    assert image.shape == (1, 28, 28)
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image[0], naive_mnist(drawing), atol=1)
    rows, columns = np.nonzero(image[0])
    assert np.ptp(rows) + 1 == 20
    ys, xs = np.indices((28, 28))
    for places in (ys, xs):
        assert abs((places * image[0]).sum() / image[0].sum() - 14) <= 0.5


@needs_mnist
def test_mnists_own_images_come_back_as_they_were():
    images, back = own_images("mnist", 200)
    np.testing.assert_array_equal(back, images)


@needs_fashion
def test_fashion_mnists_own_images_come_back_nearly_all_as_they_were():
    images, back = own_images("fashion-mnist", 100)
    assert (back == images).all((1, 2, 3)).mean() > 0.95


def test_the_digits_own_images_come_back_as_the_same_digits_as_large_and_as_bright():
    images, back = own_images("digits", 60)
    off = np.abs(back - images).mean((1, 2, 3))
    others = np.abs(np.roll(images, 1, axis=0) - images).mean((1, 2, 3))
    assert off.mean() < 0.35 * others.mean()  # their 8×8 squares may begin elsewhere
    assert (off < others).mean() > 0.95
    assert abs(back.mean() / images.mean() - 1) < 0.05


def test_an_image_drawn_large_is_its_pixels_each_a_square():
    image = np.random.default_rng(0).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    np.testing.assert_array_equal(as_drawing(image), image[0].repeat(10, 0).repeat(10, 1))
    red = np.zeros((3, 7, 14), np.uint8)
    red[0] = 255
    drawing = as_drawing(red)
    assert not drawing[:70].any()
    assert not drawing[210:].any()
    assert (drawing[70:210] == 76).all()  # 0.299 of white, over the whole width


def test_where_and_how_large_it_is_drawn_does_not_matter():
    for dataset in ("mnist", "fashion-mnist", "digits"):
        small, large = blank(), blank()
        small[10:70, 20:60] = 255
        small[10:40, 40:60] = 0
        large[80:260, 100:220] = 255
        large[80:170, 160:220] = 0
        one, other = (as_image(drawing, dataset).astype(int) for drawing in (small, large))
        np.testing.assert_allclose(one, other, atol=1)


def test_colour_squares_show_the_whole_drawing_in_every_channel():
    drawing = blank()
    drawing[:, :140] = 200
    image = as_image(drawing, "patches")
    assert image.shape == (3, 16, 16)
    assert (image[:, :, :8] == 200).all()
    assert (image[:, :, 8:] == 0).all()


def test_whole_drawings_are_means_of_areas_whatever_the_shape():
    drawing = np.arange(36.0).reshape(6, 6)
    np.testing.assert_allclose(
        strokes.whole(drawing, 3, 5),
        [[0, 3.5, 5.5, 7.5, 0], [0, 15.5, 17.5, 19.5, 0], [0, 27.5, 29.5, 31.5, 0]],
    )


@pytest.mark.parametrize("dataset", SOURCES)
def test_nothing_drawn_is_black_and_so_is_what_an_eraser_leaves(dataset):
    assert not as_image(blank(), dataset).any()
    drawing = blank()
    drawing[100:102] = 60
    assert not as_image(drawing, dataset).any()


@pytest.mark.parametrize("dataset", SOURCES)
def test_a_dot_and_a_full_canvas_have_an_image_too(dataset):
    dot, full = blank(), blank() + 255
    dot[270:275, 3:8] = 255
    assert as_image(dot, dataset).shape == as_image(full, dataset).shape == SOURCES[dataset].image_shape
    assert as_image(full, dataset).any()
    if dataset != "patches":
        assert as_image(dot, dataset).max() == 255


@pytest.mark.usefixtures("tiny_digits")
def test_other_shapes_than_the_usual_have_the_same_convention():
    drawing = blank()
    drawing[40:240, 90:190] = 255
    assert as_image(drawing, "digits").shape == (1, 8, 8)


@pytest.mark.parametrize(
    "bad", [np.zeros((28, 28), np.uint8), np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE, 4), np.uint8)]
)
def test_what_is_no_drawing_is_refused(bad):
    with pytest.raises(LabError, match="choose uint8 of 280×280"):
        as_image(bad, "mnist")


@pytest.mark.parametrize("dataset", ["mnist", "fashion-mnist", "digits", "patches"])
def test_a_drawing_that_is_not_moved_stays_where_it_is(dataset):
    channels, height, width = SOURCES[dataset].image_shape
    drawing = np.zeros((SIDE, SIDE), np.uint8)
    drawing[: SIDE // 2, : SIDE // 4] = 200
    image = as_image(drawing, dataset, moved=False)
    assert image.shape == (channels, height, width)
    assert (image[:, : height // 2, : width // 4] == 200).all()
    assert image[:, height // 2 :].sum() == image[:, :, width // 4 :].sum() == 0
