"""One place of several pictures, enlarged: chosen by a click, and in the address."""

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st

from pages.shared import address, pictures

SIDE, TIMES = 22, 5
"""Pixels of the part that is looked at more closely, and how much larger it is drawn."""

LETTERS = 14
"""Of a title above that."""


def look_at(times: float) -> Callable[[float, float], None]:
    """What a click on a picture does that is so many times as large as its pixels."""
    return lambda x, y: address.write("at", f"{int(x / times)},{int(y / times)}")


def show(shown: Mapping[str, np.ndarray], usual: tuple[int, int]) -> None:
    """One place of all pictures, enlarged."""
    x, y = place(next(iter(shown.values())).shape, usual)
    parts = np.stack([picture[:, y : y + SIDE, x : x + SIDE] for picture in shown.values()])
    png = pictures.grid(
        [pictures.Row("", pictures.rgb(parts))],
        per_line=2,
        headings=[short(title) for title in shown],
        side=TIMES * SIDE,
    )
    with st.container(width=pictures.width(png), gap="xsmall"):
        st.image(
            pictures.address(png),
            width=pictures.width(png),
            alt=f"The same place of {', '.join(shown)}, enlarged",
        )
        st.caption("Click a picture to look closer at a place of it.")


def short(title: str) -> str:
    """A title, or its first word where it is wider than what is below it."""
    return title if len(title) <= LETTERS else title.split()[0].strip(",:")


def place(shape: tuple[int, ...], usual: tuple[int, int]) -> tuple[int, int]:
    """The left and upper edge of what is looked at more closely, from its middle in the address.

    `shape` is that of the picture, (C, H, W); `usual` is the middle where the address has none.
    """
    _, height, width = shape

    def valid(asked: str) -> bool:
        parts = asked.split(",")
        return len(parts) == 2 and all(p.isascii() and p.isdigit() and len(p) < 6 for p in parts)

    asked = address.asked(
        "at", f"{usual[0]},{usual[1]}", valid, "The linked place is none: this is another one."
    )
    x, y = (int(part) - SIDE // 2 for part in asked.split(","))
    return max(0, min(x, width - SIDE)), max(0, min(y, height - SIDE))
