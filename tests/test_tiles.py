"""Pictures cut into tiles and put together again: no seams."""

import numpy as np
import pytest
import torch

from aecore.analysis.tiles import by_tiles
from aecore.data.transforms import TRANSFORMS

SIZES = [(16, 16), (5, 9), (16, 40), (17, 33), (64, 31), (1, 50), (100, 3)]


@pytest.mark.parametrize("overlap", [True, False])
@pytest.mark.parametrize("align", [1, 2, 4])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tile", [(16, 16), (7, 12)])
def test_tiles_leave_no_seams(tile, size, align, overlap):
    torch.manual_seed(0)
    settings = {"overlap": overlap, "align": align}
    for value in (0.1, 1 / 3, 0.7, 1.0):
        plain = torch.full((3, *size), value)
        assert by_tiles(plain, lambda tiles: tiles, tile, **settings).equal(plain)  # to the last bit

        def always(tiles, value=value):
            return torch.full_like(tiles, value)

        assert by_tiles(torch.rand(3, *size), always, tile, **settings).equal(plain)
    picture = torch.rand(3, *size)
    assert by_tiles(picture, lambda tiles: tiles, tile, **settings).equal(picture)
    shifted = by_tiles(picture, lambda tiles: tiles - 0.25, tile, **settings)
    torch.testing.assert_close(shifted, picture - 0.25, atol=1e-7, rtol=0)


def test_overlapping_tiles_beside_one_pixel_at_a_time():
    torch.manual_seed(1)
    picture, size, step = torch.rand(1, 9, 11), 4, 2
    weights = [np.sin(np.pi * (i + 0.5) / size) ** 2 for i in range(size)]
    ramp = torch.arange(16.0).reshape(4, 4) / 100  # an answer that depends on the place within a tile
    found = by_tiles(picture, lambda tiles: tiles * 0.5 + ramp, (size, size))
    for y in range(9):
        for x in range(11):
            total = share = 0.0
            for top in range(-step, 9, step):
                for left in range(-step, 11, step):
                    i, j = y - top, x - left
                    if 0 <= i < size and 0 <= j < size:
                        weight = weights[i] * weights[j]
                        total += weight * (picture[0, y, x].item() * 0.5 + ramp[i, j].item())
                        share += weight
            assert found[0, y, x].item() == pytest.approx(total / share, abs=1e-6)


@pytest.mark.parametrize("size", [(16, 16), (30, 21), (27, 50)])
@pytest.mark.parametrize("factor", [2, 4])
def test_tiles_keep_to_the_squares_of_a_coarse_picture(factor, size):
    coarse = TRANSFORMS["half" if factor == 2 else "quarter"](torch.rand(1, 3, *size))[0]

    def only_squares(tiles):
        torch.testing.assert_close(TRANSFORMS["half" if factor == 2 else "quarter"](tiles), tiles)
        return tiles

    assert by_tiles(coarse, only_squares, (16, 16), align=factor).equal(coarse)
