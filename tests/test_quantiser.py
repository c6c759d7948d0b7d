"""Codes in few bits: against loops and numbers worked by hand."""

import numpy as np
import pytest

from aecore.compression.coders import CODERS, CodingError
from aecore.compression.quantiser import BITS, Quantiser, how_many, learn, sharing
from aecore.errors import LabError


def quantiser(low, high, counts) -> Quantiser:
    return Quantiser(
        low=np.array(low, np.float32), high=np.array(high, np.float32), counts=np.array(counts, np.uint16)
    )


def test_worked_by_hand():
    counts = np.zeros(256, int)
    counts[[0, 60, 130, 200]] = 3, 1, 0, 2
    found = quantiser([-1], [1], [counts])
    codes = np.array([[-5.0], [-1.0], [-0.999], [0.0], [0.5], [1.0], [7.0]], np.float32)
    np.testing.assert_array_equal(found.levels(codes, 8)[:, 0], [0, 0, 0, 128, 191, 255, 255])
    np.testing.assert_array_equal(found.levels(codes, 2)[:, 0], [0, 0, 0, 2, 2, 3, 3])
    np.testing.assert_array_equal(found.frequencies(2)[0], [9, 1, 1, 5])
    drawn = found.codes(np.array([[0], [1], [2], [3]], np.uint8), 2)[:, 0]
    places = np.array(
        [60 / 4, (64 + 127) / 2, (128 + 191) / 2, 200]
    )  # means where any were met, else middles
    np.testing.assert_allclose(drawn, -1 + 2 * places / 255, rtol=1e-6)
    assert found.codes(np.array([[0], [255]], np.uint8), 8)[:, 0].tolist() == [-1, 1]  # silence stays silence


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_against_a_loop(bits):
    numbers = np.random.default_rng(1)
    training = numbers.normal(size=(500, 3)).astype(np.float32) * [1, 5, 0]
    found = learn(training.astype(np.float32), lambda codes: codes, training[:100])
    codes = numbers.normal(size=(40, 3)).astype(np.float32)
    levels = found.levels(codes, bits)
    drawn = found.codes(levels, bits)
    for image in range(40):
        for unit in range(3):
            low, high = found.low[unit], found.high[unit]
            if low == high:
                assert levels[image, unit] == 0
                assert drawn[image, unit] == low
                continue
            place = round(float(min(max((codes[image, unit] - low) / (high - low), 0), 1)) * 255)
            level, cell = int(levels[image, unit]), 2 ** (8 - bits)
            assert level == place // cell
            same = range(level * cell, (level + 1) * cell)
            counted = [int(found.counts[unit, each]) for each in same]
            mean = np.average(list(same), weights=counted) if sum(counted) else np.mean(same)
            assert drawn[image, unit] == pytest.approx(low + mean / 255 * (high - low), abs=1e-5)


def test_more_bits_are_nearer_and_half_precision_is_numpys():
    codes = np.random.default_rng(2).normal(size=(2000, 6)).astype(np.float32)
    found = learn(codes, lambda few: few, codes[:500])
    errors = [np.abs(found.codes(found.levels(codes, bits), bits) - codes).mean() for bits in range(1, 9)]
    assert all(after < 0.75 * before for before, after in zip(errors, errors[1:], strict=False))
    half = found.codes(found.levels(codes, 16), 16)
    np.testing.assert_array_equal(half, codes.astype(np.float16).astype(np.float32))


def test_a_range_leaves_out_the_few_that_are_far_off_where_that_helps():
    codes = np.random.default_rng(3).normal(size=(5000, 1)).astype(np.float32)
    codes[-3:] = 1000
    found = learn(codes, lambda few: few, codes[:1000])
    assert found.high[0] < 5
    with pytest.raises(LabError, match="not finite"):
        learn(np.full((3, 1), np.nan, np.float32), lambda few: few, codes[:3])


def test_one_step_for_all():
    codes = np.random.default_rng(4).normal(size=(5000, 2)).astype(np.float32) * np.array([1, 4], np.float32)
    found = learn(codes, lambda few: few, codes[:1000], one_step=True)
    width = found.high - found.low
    assert width[0] == pytest.approx(width[1])
    assert (found.counts[0] > 0).sum() < 0.4 * (found.counts[1] > 0).sum()


def test_many_units_share_their_tables():
    size = 2500
    assert sharing(size) == 3
    assert how_many(size) * 3 <= 65_535
    codes = np.random.default_rng(5).normal(size=(30, size)).astype(np.float32)
    found = learn(codes, lambda few: few, codes[:10])
    assert found.counts.shape == (834, 256)
    np.testing.assert_array_equal(found.counts.sum(1), [90] * 833 + [30])
    for name, coder in CODERS.items():
        levels = found.levels(codes, 5)
        content = coder.write(levels, 5, found)
        np.testing.assert_array_equal(coder.read(content, levels.shape, 5, found), levels, err_msg=name)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", CODERS)
def test_every_coder_gives_back_what_it_was_given(name, bits):
    coder, numbers = CODERS[name], np.random.default_rng(bits)
    if bits == 16 and not coder.floats:
        return
    found = quantiser([0] * 5, [1] * 5, numbers.integers(0, 9, (5, 256)))
    for shape in ((1, 5), (7, 5)):
        levels = numbers.integers(0, 2**bits, shape).astype(np.uint16 if bits == 16 else np.uint8)
        content = coder.write(levels, bits, found)
        again = coder.read(content, shape, bits, found)
        np.testing.assert_array_equal(again, levels)
        with pytest.raises(CodingError):
            coder.read(content + b"\0", shape, bits, found)


def test_bits_in_a_row_against_a_string():
    levels = np.array([[1, 5, 7], [0, 2, 6]], np.uint8)
    found = quantiser([0] * 3, [1] * 3, np.zeros((3, 256)))
    written = "".join(f"{level:03b}" for level in levels.ravel()).ljust(24, "0")
    assert CODERS["none"].write(levels, 3, found) == int(written, 2).to_bytes(3, "big")
