"""Test error against code size, drawn: one SVG that can be read on a light and on a dark page."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple


class Point(NamedTuple):
    """One network."""

    name: str
    size: int
    """Of its code."""

    error: float
    """Mean squared, per pixel."""


WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 48, 64
"""Margins of the plot, in pixels as are width and height."""

COLOURS = ("#5683fe", "#ff8103", "#1bbe6e")
"""Of the app's palette, which is told apart in both themes and by colour-blind eyes."""

TICKS = [digit * 10.0**power for power in range(-6, 2) for digit in (1, 2, 5)]

STYLE = """
  svg { background: #ffffff; color: #171c2b }
  text { font: 14px system-ui, sans-serif; fill: currentColor }
  .grid { stroke: currentColor; stroke-opacity: 0.15 }
  .best { fill: none; stroke-width: 2.5 }
  @media (prefers-color-scheme: dark) { svg { background: #10131c; color: #e8ebf4 } }
"""


def curve(series: Mapping[str, Sequence[Point]]) -> str:
    """An SVG with a colour for each of three series: its points, and a line through the best of each size.

    Both axes are logarithmic; series are given by their names in words.
    """
    points = [point for some in series.values() for point in some]
    if not points:
        return _svg([])
    sizes = sorted({point.size for point in points})
    errors = [point.error for point in points]
    low = max((tick for tick in TICKS if tick <= min(errors)), default=min(errors))
    high = min((tick for tick in TICKS if tick >= max(errors)), default=max(errors))

    def x(size: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * _share(size, sizes[0], sizes[-1])

    def y(error: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - _share(error, low, high))

    marks = []
    for size in sizes:
        marks.append(_line("grid", [(x(size), TOP), (x(size), HEIGHT - BOTTOM)]))
        marks.append(_text(x(size), HEIGHT - BOTTOM + 20, f"{size:,}", "middle"))
    for tick in TICKS:
        if low <= tick <= high:
            marks.append(_line("grid", [(LEFT, y(tick)), (WIDTH - RIGHT, y(tick))]))
            marks.append(_text(LEFT - 8, y(tick) + 5, f"{tick:.10f}".rstrip("0").rstrip("."), "end"))
    marks.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, "Code size (numbers per image)", "middle"))
    marks.append(
        f'<text transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2:.1f}) rotate(-90)" '
        'text-anchor="middle">Test error (mean squared, per pixel)</text>'
    )
    for place, (colour, (name, some)) in enumerate(zip(COLOURS, series.items(), strict=True)):
        least = {
            size: min(point.error for point in some if point.size == size)
            for size in sorted({point.size for point in some})
        }
        marks.append(_line("best", [(x(size), y(error)) for size, error in least.items()], colour))
        marks += [_dot(x(point.size), y(point.error), colour) for point in some]
        key = LEFT + 200 * place
        marks += [_dot(key, 24, colour), _text(key + 12, 29, name, "start")]
    return _svg(marks)


def _share(value: float, low: float, high: float) -> float:
    """How far `value` is on the way from low to high, in equal factors; 0.5 where there is no way."""
    return 0.5 if low == high else math.log(value / low) / math.log(high / low)


def _svg(marks: Iterable[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = "<title>Test error against code size, both on logarithmic axes</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *marks, "</svg>", ""])


def _line(kind: str, points: Iterable[tuple[float, float]], colour: str = "") -> str:
    stroke = f' stroke="{colour}"' if colour else ""
    return f'<polyline class="{kind}"{stroke} points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
