"""Codes in few bits: in which range each unit lies, and how often it lies where, on training images."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aecore.errors import LabError

FINEST = 8
PLACES = 2**FINEST
"""Equally spaced numbers in a unit's range."""

FLOAT = 16
"""In place of a number of bits: codes as float16, whatever the ranges are."""

BITS = (*range(1, FINEST + 1), FLOAT)

OUTERMOST = (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03)
"""Shares of a unit's numbers at either end that its range may leave out: a few can be far off all others."""

TRIED_AT = 5
"""Bits."""

MOST_TABLES = 1024
"""More units than this share their tables, neighbours with neighbours: the maps of a convolution, mostly."""

MOST_COUNTED = 2**16 - 1
"""Numbers that a table counts: they are uint16."""


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays gives arrays, not a truth value
class Quantiser:
    """What was learnt of K units on training images.

    A unit's place is where its number is between `low` and `high`, in 255ths, rounded; a level is the first
    few bits of the place, so that what was counted once serves every number of bits. A level stands for the
    mean place of the training images that had it. From a level to a number, and to how often it is to be
    expected, there are only integers, and single operations of float64: every machine finds the same.
    """

    low: np.ndarray
    """Where the range of each unit begins: float32 (K,)."""

    high: np.ndarray
    """Where it ends: float32 (K,)."""

    counts: np.ndarray
    """How often each place was met: uint16 (T, 256). Each table is that of `sharing` units in a row."""

    @property
    def code_size(self) -> int:
        return len(self.low)

    @property
    def sharing(self) -> int:
        """How many units have one table."""
        return sharing(self.code_size)

    def levels(self, codes: np.ndarray, bits: int) -> np.ndarray:
        """Codes (N, K) as levels (N, K): uint8 below 2 ** bits; for float16 its own bits, uint16.

        Numbers outside of a unit's range are taken for its end, those too large for float16 for its largest.
        Raises LabError for numbers that are not finite.
        """
        _must_be_finite(codes)
        if bits == FLOAT:
            largest = np.finfo(np.float16).max
            return np.clip(codes, -largest, largest).astype("<f2").view("<u2")
        return _places(codes, self.low, self.high) >> (FINEST - bits)

    def codes(self, levels: np.ndarray, bits: int) -> np.ndarray:
        """The codes (N, K), float32, that levels (N, K) stand for."""
        if bits == FLOAT:
            return np.ascontiguousarray(levels, "<u2").view("<f2").astype(np.float32)
        counted = self._by_level(bits)
        places = np.arange(PLACES).reshape(2**bits, -1)
        often, sums = counted.sum(2), (counted * places).sum(2)  # (T, levels) both, whole numbers
        means = np.where(often > 0, sums / np.maximum(often, 1), places.mean(1))
        means = means.repeat(self.sharing, 0)[: self.code_size]  # of each unit (K, levels)
        low = self.low.astype(np.float64)[:, None]
        width = self.high.astype(np.float64)[:, None] - low
        numbers = (low + width * (means / (PLACES - 1))).astype(np.float32)
        return np.take_along_axis(numbers, levels.T.astype(np.intp), 1).T

    def frequencies(self, bits: int) -> np.ndarray:
        """How often each level is to be expected: whole numbers, at least 1, int64 (T, 2 ** bits).

        Twice as often as it was met, and once more: what was never met must be possible, too
        (Krichevsky and Trofimov, 1981).
        """
        return 2 * self._by_level(bits).sum(2) + 1

    def _by_level(self, bits: int) -> np.ndarray:
        return self.counts.astype(np.int64).reshape(len(self.counts), 2**bits, -1)


def learn(
    codes: np.ndarray,
    draw: Callable[[np.ndarray], np.ndarray],
    pictures: np.ndarray,
    *,
    one_step: bool = False,
) -> Quantiser:
    """What there is to know of codes (N, K), float32; N is at least 1 and at most `how_many(K)`.

    Ranges leave out as large a share of the numbers at either end as lets the first codes come back best in 5
    bits: `draw` makes uint8 images (n, C, H, W) of codes (n, K), and `pictures` are those wanted of the first
    n. With `one_step` all ranges are as wide as the widest, so that no unit is drawn finer than another.
    Raises LabError for numbers that are not finite.
    """
    _must_be_finite(codes)
    tried = []
    for low, high in _ranges(codes, one_step):
        quantiser = _counted(codes, low, high)
        redrawn = draw(quantiser.codes(quantiser.levels(codes[: len(pictures)], TRIED_AT), TRIED_AT))
        tried.append((np.square(redrawn.astype(np.float32) - pictures).mean(), quantiser))
    return min(tried, key=lambda error_and_quantiser: error_and_quantiser[0])[1]


def sharing(code_size: int) -> int:
    """How many units of a code have one table."""
    return -(-code_size // MOST_TABLES)


def how_many(code_size: int) -> int:
    """The most codes that can be counted."""
    return MOST_COUNTED // sharing(code_size)


def _ranges(codes: np.ndarray, one_step: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """Beginnings and ends of all units' ranges, float32 (K,) each, for each of OUTERMOST."""
    ends = np.quantile(codes, [(share, 1 - share) for share in OUTERMOST], axis=0).astype(np.float32)
    if not one_step:
        return [(low, high) for low, high in ends]
    middles, widest = ends.mean(1), (ends[:, 1] - ends[:, 0]).max(1, keepdims=True)
    return list(zip(middles - widest / 2, middles + widest / 2, strict=True))


def _counted(codes: np.ndarray, low: np.ndarray, high: np.ndarray) -> Quantiser:
    share = sharing(codes.shape[1])
    places = _places(codes, low, high)
    tables = [
        np.bincount(places[:, first : first + share].ravel(), minlength=PLACES)
        for first in range(0, codes.shape[1], share)
    ]
    return Quantiser(low=low, high=high, counts=np.array(tables).astype(np.uint16))


def _places(codes: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    width = np.where(high > low, high - low, np.inf)  # a unit that never moves is always at its beginning
    return np.clip((codes - low) / width * (PLACES - 1), 0, PLACES - 1).round().astype(np.uint8)


def _must_be_finite(codes: np.ndarray) -> None:
    if not np.isfinite(codes).all():
        raise LabError("a code holds numbers that are not finite: train this model again")
