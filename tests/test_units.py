"""The sheet of all units, as it is drawn and clicked, and the figures about the whole dictionary."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from aecore.analysis.activity import activity
from pages.shared import clickable, dictionary, frontier, pictures, units


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("RGBA"))


def test_a_sheet_has_every_tile_where_it_says():
    tiles = np.random.default_rng(0).integers(0, 256, (70, 28, 28, 3), dtype=np.uint8)
    sheet = units.sheet(tiles)
    drawn = pixels(sheet.png)
    step = sheet.step[0]
    factor = (step - units.GAP) // 28
    assert drawn.shape[1] == sheet.columns * step <= units.WIDTH
    for index in (0, 9, 69):
        down, across = divmod(index, sheet.columns)
        x, y = across * step + units.GAP // 2, down * step + units.GAP // 2
        np.testing.assert_array_equal(
            drawn[y : y + 28 * factor : factor, x : x + 28 * factor : factor, :3], tiles[index]
        )
        assert sheet.at(x + 1, y + 1) == index
    assert sheet.at(step * sheet.columns + 1, 1) is None
    assert sheet.at(step * sheet.columns - 1, drawn.shape[0] - 1) is None  # the last line is not full
    assert sheet.at(-1, 5) is None


@pytest.mark.parametrize(("count", "side"), [(1, 28), (256, 28), (256, 16), (3, 200)])
def test_sheets_of_few_and_many_fit(count, side):
    width, height = Image.open(BytesIO(units.sheet(np.zeros((count, side, side, 3), np.uint8)).png)).size
    assert height <= units.HEIGHT + units.GAP or side == 16
    assert width <= max(units.WIDTH, 2 * (side + units.GAP))


def test_frames_mark_the_dead_the_always_on_and_the_chosen():
    codes = np.array([[0, 1, 1, 0.0], [0, 2, 0, 0], [0, 3, 1, 0]], np.float32)
    told = activity(codes, np.zeros(3, int), 1)
    shown = np.array([3, 2, 1, 0])
    assert units.frames(shown, told, 2) == {
        0: units.DEAD,
        1: units.CHOSEN,
        2: units.ALWAYS,
        3: units.DEAD,
    }
    sheet = units.sheet(np.zeros((4, 28, 28, 3), np.uint8), units.frames(shown, told, 2))
    assert pixels(sheet.png)[0, sheet.step[0] + 1].tolist() == [0x1B, 0xBE, 0x6E, 255]
    dense = activity(np.ones((2, 3), np.float32) * [[1], [2]], np.zeros(2, int), 1)
    assert units.frames(np.arange(3), dense, 0) == {
        0: units.CHOSEN
    }  # where all are always on, none is marked


def test_grey_pictures_are_orange_above_and_blue_below_zero_and_colours_begin_at_grey():
    found = np.array([2.0, -2, 0, 1]).reshape(1, 1, 1, 4)
    high, low, zero, half = pictures.around_zero(found, 2.0)[0, 0]
    assert high.tolist() == [0xFF, 0x81, 0x03]
    assert low.tolist() == [0x56, 0x83, 0xFE]
    assert zero.tolist() == [0, 0, 0]
    np.testing.assert_allclose(half, high / 2, atol=1)
    colour = np.zeros((2, 3, 1, 1))
    colour[0, 0], colour[1, 2] = 5, -1
    first, second = pictures.around_zero(colour, np.array([5, 2]))[:, 0, 0]
    assert first.tolist() == [255, 128, 128]
    assert second.tolist() == [128, 128, 64]
    assert (
        pictures.around_zero(colour * 0, np.zeros(2)).max() == 128
    )  # nothing to draw, and no division by it


def test_the_heatmap_has_a_row_for_each_unit_and_names_the_classes():
    codes = np.array([[1, 0], [2, 0], [0, -3]], np.float32)
    figure = dictionary.codes_figure(codes, np.array([4, 4, 7]), np.array([9, 5]), tuple("abcdefgh"))
    np.testing.assert_array_equal(figure.data[0].z, codes.T)
    assert figure.data[0].customdata.tolist() == [[9, 9, 9], [5, 5, 5]]
    assert list(figure.layout.xaxis.ticktext) == ["e", "h"]
    assert figure.layout.xaxis.title.text
    assert figure.layout.yaxis.title.text


def test_the_frontier_has_a_trace_for_each_means_and_the_line_of_pca():
    points = [
        frontier.Point("<b>one</b>", "top-k", 16, 256, 0.004),
        frontier.Point("two", "top-k", 5, 64, 0.01),
        frontier.Point("three", "L1", 60, 64, 0.003),
    ]
    figure = frontier.figure(points, points[2], [(2, 0.05), (16, 0.004)])
    traces = {trace.name: trace for trace in figure.data}
    assert list(traces) == ["L1", "top-k", "PCA", "this model"]
    assert list(traces["top-k"].x) == [16, 5]
    assert traces["top-k"].customdata[0][0] == "&lt;b&gt;one&lt;/b&gt;"
    assert list(traces["PCA"].y) == [0.05, 0.004]
    for axis, ends in ((figure.layout.xaxis, (2, 60)), (figure.layout.yaxis, (0.003, 0.05))):
        assert 10 ** axis.range[0] < min(ends) < max(ends) < 10 ** axis.range[1]  # the line is in view, too
    assert list(traces["this model"].x) == [60]


@pytest.mark.parametrize(
    "place",
    [
        None,
        "x",
        [1, 2],
        {"x": 1},
        {"x": "1", "y": 2},
        {"x": -1, "y": 2},
        {"x": float("nan"), "y": 2},
        {"x": 1e9, "y": 2},
        {"x": True, "y": 2},
    ],
)
def test_a_click_may_say_anything(place):
    heard = []
    clickable._clicked(place, lambda x, y: heard.append((x, y)))
    assert not heard
    clickable._clicked({"x": 3, "y": 4.5}, lambda x, y: heard.append((x, y)))
    assert heard == [(3, 4.5)]
