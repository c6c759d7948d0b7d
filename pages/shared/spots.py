"""The places on a map that were clicked last, in the page's address: `b` the last one, `a` the one before.

`c` is an empty place of the other model's map.

A picture is `p` and its number; an empty place the projection and where it is on it: `pca:1.25,-0.5`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from pages.shared import address

if TYPE_CHECKING:
    from aecore.analysis.plane import Plane, Projection
    from aecore.analysis.space import Space

PICTURE = re.compile(r"p(\d{1,8})", re.ASCII)
NUMBER = r"-?\d{1,9}(?:\.\d{1,12})?(?:e-\d\d)?"
PLACE = re.compile(rf"(code|pca|tsne):({NUMBER}),({NUMBER})", re.ASCII)


@dataclass(frozen=True, eq=False)
class Spot:
    """A place on the map."""

    number: int | None
    """The picture there; None where there is none."""

    point: np.ndarray
    """float32 (2,)."""

    code: np.ndarray
    """float32 (K,): the picture's own, or what the place stands for."""

    word: str
    """As the address has it."""


def read(key: str, space: "Space", plane: "Plane", projection: "Projection") -> Spot | None:
    """The place under `key` in the address; None where there is none, or it is one of another projection."""

    def valid(word: str) -> bool:
        picture = PICTURE.fullmatch(word)
        return (
            not word
            or bool(PLACE.fullmatch(word))
            or (picture is not None and space.position(int(picture[1])) is not None)
        )

    word = address.asked(key, "", valid, "The linked place is not on this map.")
    if picture := PICTURE.fullmatch(word):
        at = space.position(int(picture[1]))
        assert at is not None
        return Spot(int(picture[1]), plane.points[at], space.codes[at], word)
    place = PLACE.fullmatch(word)
    if place is None or place[1] != projection:
        return None
    point = np.array([float(place[2]), float(place[3])], np.float32)
    return Spot(None, point, plane.codes(point[None])[0], word)


def clicked(event: Mapping[str, Any], projection: "Projection") -> None:
    """Take note of a click {x, y, number}: what was clicked before becomes the other end of a path."""
    st.query_params.pop("c", None)
    go_to(_word(event, projection))


def clicked_there(event: Mapping[str, Any], projection: "Projection") -> None:
    """The same on the other model's map: a picture is one on both, an empty place is one of that map only."""
    if event["number"] is not None:
        clicked(event, projection)
    else:
        address.write("c", _word(event, projection))


def go_to(word: str) -> None:
    """Make a place the last one clicked."""
    if before := st.query_params.get("b"):
        address.write("a", before)
    address.write("b", word)


def forget() -> None:
    """Forget all places."""
    for key in ("a", "b", "c"):
        st.query_params.pop(key, None)


def _word(event: Mapping[str, Any], projection: "Projection") -> str:
    number, x, y = event["number"], event["x"], event["y"]
    return f"{projection}:{_short(x)},{_short(y)}" if number is None else f"p{number}"


def _short(value: float) -> str:
    return f"{value:.4f}" if abs(value) >= 0.001 else f"{value:.9f}"
