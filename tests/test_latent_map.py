"""What a latent map is made of, and what a browser may say of it."""

import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pages.shared import latent_map, pictures, scatter, sprite


def test_what_a_browser_sends_may_be_anything():
    heard = []
    for event in (None, 3, [], {"x": "1", "y": 2, "number": 3}, {"x": 1e300, "y": 2, "number": None}):
        latent_map._clicked(event, heard.append)
    latent_map._clicked({"x": 1, "y": float("nan"), "number": None}, heard.append)
    latent_map._clicked({"x": 1, "y": 2, "number": True}, heard.append)
    for event in (None, {"x": [1], "y": 3}, {"x": ["a"], "y": [1]}, {"x": [0] * 2000, "y": [0] * 2000}):
        latent_map._outlined(event, heard.append)
    assert heard == []
    latent_map._clicked({"x": 1, "y": 2.5, "number": 7}, heard.append)
    latent_map._outlined({"x": [0, 1, 1], "y": [0, 0, 1]}, heard.append)
    assert heard[0] == {"x": 1.0, "y": 2.5, "number": 7}
    assert heard[1].tolist() == [[0, 0], [1, 0], [1, 1]]


@pytest.mark.parametrize(("channels", "side", "shown"), [(1, 28, 28), (3, 16, 16), (1, 70, 24)])
def test_the_sprite_holds_every_picture_in_its_place(channels, side, shown):
    images = np.random.default_rng(0).integers(0, 256, (2_503, channels, side, side), np.uint8)
    sheets = sprite.sprite(images, "map")
    length = int.from_bytes(sheets[:4], "little")
    head = json.loads(sheets[4 : 4 + length])
    assert (head["sprite"], head["height"], head["width"]) == ("map", shown, shown)
    assert len(head["sizes"]) == 2
    assert len(sheets) == 4 + length + sum(head["sizes"])
    start = 4 + length + head["sizes"][0]
    second = np.asarray(Image.open(BytesIO(sheets[start:])))
    last = second[:shown, 2 * shown : 3 * shown]
    stride = -(-side // 32)
    np.testing.assert_array_equal(
        last.reshape(shown, shown, -1), images[2_502, :, ::stride, ::stride].transpose(1, 2, 0)
    )


def test_a_mosaic_has_no_gaps_and_keeps_its_order():
    images = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((6, 1, 2, 2), np.uint8) * 40
    whole = np.asarray(Image.open(BytesIO(pictures.mosaic(images, 3, 13))))
    assert whole.shape == (8, 12, 3)
    np.testing.assert_array_equal(whole[::4, ::4, 0], [[0, 40, 80], [120, 160, 200]])
    assert Image.open(BytesIO(pictures.mosaic(images, 3, 3))).size == (3, 2)


def test_the_figure_has_arrays_of_single_precision_and_a_band_for_each_group():
    points, labels = np.arange(8.0).reshape(4, 2), np.array([0, 1, 1, 0])
    groups = scatter.Colouring("k-means", np.array([0, 1, 2, 0], np.float32), ["a", "b", "c"])
    figure = scatter.figure(points, np.arange(4), labels, ["x", "y"], ("one", "two"), groups)
    assert figure.data[0].x.dtype == np.float32
    assert figure.layout.coloraxis.cmax == 2.5
    assert len({colour for _, colour in figure.layout.coloraxis.colorscale}) == 3
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("one", "two")


def test_a_map_begins_where_the_points_are_and_so_does_the_plane_behind_it():
    points = np.concatenate([np.random.default_rng(0).normal(size=(500, 2)), [[300.0, -200.0]]])
    labels = np.zeros(501, int)
    figure = scatter.figure(points, np.arange(501), labels, ["x"], ("one", "two"), None, "data:,")
    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    assert -6 < left < -2 < 2 < right < 6
    assert -6 < low < -2 < 2 < high < 6
    behind = figure.layout.images[0]
    assert left < behind.x < behind.x + behind.sizex < right
    assert low < behind.y - behind.sizey < behind.y < high
    assert len(figure.data[0].x) == 501  # the one far out is there
