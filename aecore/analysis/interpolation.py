"""From one code to another, and sums of codes: what lies between pictures and beyond them."""

import numpy as np

from aecore.analysis.plane import path

PARALLEL = 1e-4
"""Sine of the angle between codes under which there is no one arc from one to the other."""


def spherical(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Codes (steps, K), float32, on the arc about 0 from one code (K,) to another, both ends included.

    code(t) = (sin((1 - t) θ) start + sin(t θ) end) / sin θ,  θ the angle between them (Shoemake, 1985). Where
    there is no one arc, from 0 or between codes on one line through it, it is the straight line.
    """
    start, end = start.astype(np.float64), end.astype(np.float64)
    lengths = np.linalg.norm(start) * np.linalg.norm(end)
    angle = np.arccos(np.clip(start @ end / lengths, -1, 1)) if lengths else 0.0
    if np.sin(angle) < PARALLEL:
        return path(start, end, steps)
    share = np.linspace(0, 1, steps)[:, None]
    arc = np.sin((1 - share) * angle) * start + np.sin(share * angle) * end
    return (arc / np.sin(angle)).astype(np.float32)


def bend(start: np.ndarray, end: np.ndarray) -> tuple[float, float]:
    """How far the arc leaves the straight line: the angle in degrees between the codes (K,), seen from 0, and
    the greatest distance from one way to the other after the same share of it, in lengths of the line."""
    start, end = start.astype(np.float64), end.astype(np.float64)
    lengths = np.linalg.norm(start) * np.linalg.norm(end)
    angle = np.degrees(np.arccos(np.clip(start @ end / lengths, -1, 1))) if lengths else 0.0
    away = np.linalg.norm(spherical(start, end, 33) - path(start, end, 33), axis=1).max()
    return float(angle), float(away / (np.linalg.norm(end - start) or 1))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """How far two ways, uint8 (steps, C, H, W) both, are from each other where they are farthest.

    The mean difference of their pixels, as a share of that between the first and the last picture of `one`.
    """
    ways, ends = one.astype(np.float64) - other, one[0].astype(np.float64) - one[-1]
    return float(np.abs(ways).mean((1, 2, 3)).max() / (np.abs(ends).mean() or 1))


def around(codes: np.ndarray, steps: int) -> np.ndarray:
    """Codes on straight lines from each of (N, K) to the next, and from the last to the first: (N steps, K).

    Each line has its beginning and not its end, where the next one begins.
    """
    ways = [path(one, next_, steps + 1)[:-1] for one, next_ in zip(codes, np.roll(codes, -1, 0), strict=True)]
    return np.concatenate(ways)


def cross_fade(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """What mixing the pixels of two uint8 pictures (C, H, W) gives, without any model: (steps, C, H, W)."""
    mixed = path(start.ravel().astype(np.float32), end.ravel().astype(np.float32), steps)
    return mixed.round().astype(np.uint8).reshape(steps, *start.shape)


def there_and_back(count: int) -> list[int]:
    """The places of `count` frames in a loop that goes to the last and returns: 0 1 2 1 for three of them."""
    return [*range(count), *range(count - 2, 0, -1)]
