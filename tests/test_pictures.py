"""Pictures as the pages draw them: whole pixels, true colours, the right ones."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pages.shared import gallery, pictures, state


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("RGBA"))


def test_a_grid_is_made_of_whole_pixels():
    images = np.random.default_rng(0).integers(0, 256, (5, 1, 28, 28), dtype=np.uint8)
    row = pictures.Row("Original", pictures.rgb(images))
    sheet = pixels(pictures.grid([row], per_line=3))
    left = pictures.LABEL
    assert sheet.shape[1] == left + 3 * 56 + 2 * pictures.GAP
    assert sheet.shape[1] < 1460  # Streamlit shrinks wider pictures
    second_line = 56 + 3 * pictures.GAP
    step = 56 + pictures.GAP
    places = [(0, 0), (step, 0), (2 * step, 0), (0, second_line), (step, second_line)]
    for index, (x, y) in enumerate(places):
        tile = sheet[y : y + 56, left + x : left + x + 56]
        np.testing.assert_array_equal(tile[::2, ::2, 0], images[index, 0])
        np.testing.assert_array_equal(tile[1::2, 1::2, 2], images[index, 0])
        assert (tile[..., 3] == 255).all()
    assert (sheet[second_line:, left + 2 * step :, 3] == 0).all()  # no sixth image


@pytest.mark.parametrize(("size", "label"), [(4, "PCA\nerror"), (5, "Redrawn")])
def test_pieces_are_as_wide_as_a_phone_so_that_nothing_in_them_is_shrunk(size, label):
    """The main part of a window of 390 pixels has 358, and letters of 13 stay at least 10 high."""
    images = np.random.default_rng(0).integers(0, 256, (10, 1, 28, 28), dtype=np.uint8)
    tiles = pictures.rgb(images)
    rows = [pictures.Row("Original", tiles), pictures.Row(label, tiles, [f"{i}" for i in range(10)])]
    pieces = pictures.blocks(rows, size=size, headings=["Ankle boot", *"123456789"])
    assert len(pieces) == -(-10 // size)
    assert all(pictures.width(piece) <= 358 for piece in pieces)
    assert pictures.FONT - 2 >= 10
    whole = pixels(pictures.grid(rows, per_line=size, headings=["Ankle boot", *"123456789"]))
    for number, piece in enumerate(map(pixels, pieces)):  # each is that part of the whole
        height = len(piece)
        top = number * (height + 3 * pictures.GAP)
        np.testing.assert_array_equal(piece, whole[top : top + height, : piece.shape[1]])


def test_headings_wider_than_their_pictures_do_not_touch():
    images = np.zeros((2, 1, 28, 28), dtype=np.uint8)
    sheet = pixels(
        pictures.grid([pictures.Row("", pictures.rgb(images))], per_line=2, headings=["Ankle boot"] * 2)
    )
    written = (sheet[: pictures.LINE - 4, pictures.LABEL :, 3] > 0).any(0)
    middle = 56 + pictures.GAP // 2
    assert written.any()
    assert not written[middle - 1 : middle + 1].any()


def test_colour_images_keep_their_colours():
    image = np.zeros((1, 3, 16, 16), dtype=np.uint8)
    image[0, 2] = 200
    np.testing.assert_array_equal(pictures.rgb(image)[0, 3, 4], [0, 0, 200])
    assert pixels(pictures.picture(image[0], 168)).shape == (160, 160, 4)


def test_a_difference_is_black_where_there_is_none_and_full_at_half_of_the_scale():
    difference = np.array([0, 0.5, -0.5, 1, -1, 0.25]).reshape(1, 1, 1, 6)
    zero, bright, dark, brighter, darker, half = pictures.signed(difference)[0, 0]
    assert zero.tolist() == [0, 0, 0]
    assert bright.tolist() == brighter.tolist() == [0xFF, 0x81, 0x03]
    assert dark.tolist() == darker.tolist() == [0x56, 0x83, 0xFE]
    np.testing.assert_allclose(half, bright / 2, atol=1)


def test_a_code_is_a_bar_for_each_number():
    sheet = pixels(pictures.code(np.array([1.0, -0.5, 0.0], dtype=np.float32), 90))
    blue, orange = [0x56, 0x83, 0xFE], [0xFF, 0x81, 0x03]
    assert sheet[10, 10, :3].tolist() == blue
    assert sheet[60, 40, :3].tolist() == orange
    assert sheet[80, 40, 3] == 0  # half as long
    assert sheet[60, 10, 3] == 0
    assert (sheet[[20, 70], 75, 3] == 0).all()
    assert pixels(pictures.code(np.zeros(784, dtype=np.float32), 168)).shape == (168, 168, 4)


@pytest.mark.parametrize("seed", [0, 1])
def test_drawing_is_a_shuffle_that_the_number_decides(seed):
    labels = np.array([0, 1, 1, 0, 1])
    assert sorted(state.drawn(labels, None, seed)) == [0, 1, 2, 3, 4]
    assert sorted(state.drawn(labels, 1, seed)) == [1, 2, 4]
    assert state.drawn(labels, None, seed).tolist() == state.drawn(labels, None, seed).tolist()


def test_best_and_worst_within_a_class():
    errors = np.array([0.5, 0.1, 0.9, 0.3, 0.2])
    labels = np.array([0, 1, 1, 0, 1])
    assert gallery.indices("worst", errors, labels, 1, 2, 0).tolist() == [2, 4]
    assert gallery.indices("best", errors, labels, None, 3, 0).tolist() == [1, 4, 3]


def test_the_mark_of_an_unexpected_picture_is_in_the_font():
    font = pictures._font()
    assert bytes(font.getmask("*")) != bytes(font.getmask("\uffff"))
