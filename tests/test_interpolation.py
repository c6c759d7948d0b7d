"""Ways between codes: worked cases of the arc, and what stands in for it where there is none."""

import numpy as np
import pytest

from aecore.analysis.interpolation import apart, around, bend, cross_fade, spherical, there_and_back
from aecore.analysis.plane import path


def as_code(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def test_half_way_round_a_quarter_circle():
    found = spherical(as_code(1, 0), as_code(0, 1), 3)
    np.testing.assert_allclose(found, [[1, 0], [np.sqrt(0.5), np.sqrt(0.5)], [0, 1]], atol=1e-6)


def test_a_third_of_a_right_angle_is_thirty_degrees():
    found = spherical(as_code(0, 2, 0), as_code(2, 0, 0), 4)
    np.testing.assert_allclose(found[1], [2 * np.sin(np.pi / 6), 2 * np.cos(np.pi / 6), 0], atol=1e-6)


def test_codes_of_one_length_keep_it_and_those_of_two_begin_and_end_with_theirs():
    drawn = np.random.default_rng(0).normal(size=(2, 9)).astype(np.float32)
    one, other = 3 * drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    np.testing.assert_allclose(np.linalg.norm(spherical(one, other, 7), axis=1), 3, rtol=1e-5)
    assert np.linalg.norm(path(one, other, 7)[3]) < 2.9  # the straight line cuts the corner
    found = spherical(one, 2 * other, 7)
    np.testing.assert_allclose(found[[0, -1]], [one, 2 * other], rtol=1e-5)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ((1, 2, 3), (2, 4, 6)),
        ((1, 2, 3), (-1, -2, -3)),
        ((0, 0, 0), (1, 2, 3)),
        ((1, 2, 3), (0, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_without_an_arc_the_way_is_straight(start, end):
    start, end = as_code(*start), as_code(*end)
    np.testing.assert_array_equal(spherical(start, end, 5), path(start, end, 5))


def test_around_comes_back_to_the_first():
    found = around(np.array([[0.0, 0], [4, 0], [0, 4]], np.float32), 4)
    assert found.shape == (12, 2)
    np.testing.assert_allclose(found[[0, 1, 4, 8, 11]], [[0, 0], [1, 0], [4, 0], [0, 4], [0, 1]])


def test_a_cross_fade_mixes_pixels():
    black, white = np.zeros((1, 2, 2), np.uint8), np.full((1, 2, 2), 200, np.uint8)
    found = cross_fade(black, white, 5)
    assert found.dtype == np.uint8
    assert found[:, 0, 0, 0].tolist() == [0, 50, 100, 150, 200]


@pytest.mark.parametrize(("count", "frames"), [(1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3, 2, 1])])
def test_a_loop_goes_there_and_back(count, frames):
    assert there_and_back(count) == frames


def test_the_bend_of_an_arc():
    angle, away = bend(np.array([1.0, 0]), np.array([0.0, 1]))
    assert angle == pytest.approx(90)
    assert away == pytest.approx((1 - np.sqrt(0.5)) / np.sqrt(2), abs=1e-6)  # in the middle
    assert bend(np.zeros(2), np.ones(2)) == (0, 0)
    assert bend(np.ones(2), 3 * np.ones(2))[1] == pytest.approx(0)


def test_ways_are_apart_by_a_share_of_their_ends():
    one = np.array([0, 50, 100], np.uint8).reshape(3, 1, 1, 1)
    assert apart(one, one) == 0
    assert apart(one, np.array([0, 70, 110], np.uint8).reshape(3, 1, 1, 1)) == pytest.approx(0.2)
    assert apart(one[:1], one[:1]) == 0
