"""Levels as bytes and back: in equal bits each, by zlib, or by how often each is expected."""

import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import constriction
import numpy as np

from aecore.compression.quantiser import FLOAT, Quantiser

stream: Any = constriction.stream  # type: ignore[attr-defined]  # written in Rust, its types are not told

AT_LEISURE = 1_000_000
"""Levels that zlib may look at as long as it likes: of twelve million that takes three to five seconds, ten
times as long, for 2 to 10 % fewer bytes."""


class CodingError(ValueError):
    """Bytes that are not what they say they are."""


class Coder(NamedTuple):
    """A way to write levels (N, K) of a number of bits, uint8 or, for float16, uint16; and the way back."""

    number: int
    """In the file."""

    title: str
    write: Callable[[np.ndarray, int, Quantiser], bytes]
    read: Callable[[bytes, tuple[int, int], int, Quantiser], np.ndarray]
    """From bytes, and the shape (N, K). Raises CodingError."""

    floats: bool = True
    """Whether it can write float16."""


def packed(levels: np.ndarray, bits: int, _quantiser: Quantiser) -> bytes:
    """Image by image, unit by unit, the first bit of a level first; zeros fill the last byte."""
    if bits == FLOAT:
        return levels.astype("<u2").tobytes()
    singly = levels.ravel()[:, None] >> np.arange(bits - 1, -1, -1, dtype=np.uint8) & 1
    return np.packbits(singly).tobytes()


def unpacked(content: bytes, shape: tuple[int, int], bits: int, _quantiser: Quantiser) -> np.ndarray:
    count = shape[0] * shape[1]
    if len(content) != -(-count * bits // 8):
        raise CodingError("another number of bytes than its levels take")
    if bits == FLOAT:
        return np.frombuffer(content, "<u2").reshape(shape)
    singly = np.unpackbits(np.frombuffer(content, np.uint8), count=count * bits).reshape(count, bits)
    weights = 1 << np.arange(bits - 1, -1, -1, dtype=np.uint8)
    return (singly * weights).sum(1, dtype=np.uint8).reshape(shape)


def deflated(levels: np.ndarray, bits: int, _quantiser: Quantiser) -> bytes:
    """A byte for each level, unit by unit; of float16 all first bytes before all second ones."""
    by_unit = np.ascontiguousarray(levels.T)
    if bits == FLOAT:
        by_unit = by_unit.astype(">u2").view(np.uint8).reshape(-1, 2).T
    return zlib.compress(by_unit.tobytes(), 9 if levels.size <= AT_LEISURE else 6)


def inflated(content: bytes, shape: tuple[int, int], bits: int, _quantiser: Quantiser) -> np.ndarray:
    length = shape[0] * shape[1] * (2 if bits == FLOAT else 1)
    reader = zlib.decompressobj()
    try:
        data = reader.decompress(content, length + 1)  # no more: few bytes can be made to give very many
    except zlib.error as error:
        raise CodingError(str(error)) from None
    if len(data) != length or not reader.eof or reader.unused_data:
        raise CodingError("another number of levels than it says")
    levels = np.frombuffer(data, np.uint8)
    if bits == FLOAT:
        return np.ascontiguousarray(levels.reshape(2, -1).T).view(">u2").reshape(shape[::-1]).T.astype("<u2")
    if levels.max(initial=0) >= 2**bits:
        raise CodingError("a level that there is not")
    return levels.reshape(shape[::-1]).T


def ranged(levels: np.ndarray, bits: int, quantiser: Quantiser) -> bytes:
    """Range coding: a level that is expected in one of n costs about log2(n) bits; unit by unit."""
    encoder = stream.queue.RangeEncoder()
    for units, model in _models(bits, quantiser):
        encoder.encode(np.ascontiguousarray(levels[:, units].T).ravel().astype(np.int32), model)
    return encoder.get_compressed().astype("<u4").tobytes()


def unranged(content: bytes, shape: tuple[int, int], bits: int, quantiser: Quantiser) -> np.ndarray:
    if len(content) % 4:
        raise CodingError("another number of bytes than whole words")
    decoder = stream.queue.RangeDecoder(np.frombuffer(content, "<u4").astype(np.uint32))
    levels = np.empty(shape, np.uint8)
    try:
        for units, model in _models(bits, quantiser):
            width = min(units.stop, shape[1]) - units.start
            found = decoder.decode(model, shape[0] * width)
            levels[:, units] = found.reshape(width, shape[0]).T
    except (AssertionError, ValueError) as error:
        raise CodingError(str(error)) from None
    return levels


def _models(bits: int, quantiser: Quantiser) -> list[tuple[slice, Any]]:
    """The units of each table, and how often each of their levels is expected.

    The frequencies are whole numbers, whose sums float64 holds exactly; so the probabilities that the library
    makes of them do not depend on the machine.
    """
    share = quantiser.sharing
    return [
        (
            slice(first * share, (first + 1) * share),
            stream.model.Categorical(row.astype(np.float64), perfect=False),
        )
        for first, row in enumerate(quantiser.frequencies(bits))
    ]


CODERS = {
    "none": Coder(0, "None", packed, unpacked),
    "zlib": Coder(1, "zlib", deflated, inflated),
    "range": Coder(2, "Range coder", ranged, unranged, floats=False),
}
"""By name."""
