"""An outline drawn on a map, in the page's address, and the pictures inside it.

`lasso` is the run whose map it was drawn on, the projection and pictures of that map, and x and y of each
corner there, with low lines between: `zoo-mnist-2_code_test_1.25_-3.5_...`. So the same pictures are selected
on every map, and for everybody who follows the link.
"""

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import streamlit as st

from aecore import runs
from aecore.errors import LabError
from aecore.runs import Run
from pages.shared import address, landscape, readiness, state

if TYPE_CHECKING:
    from aecore.analysis.plane import Projection
    from aecore.analysis.space import Which

KEY = "lasso"
MOST_CORNERS = 40
MOST_LETTERS = 1_000
NUMBER = r"-?\d{1,9}(?:\.\d{1,12})?"
CORNERS = rf"(?:_{NUMBER}_{NUMBER}){{3,{MOST_CORNERS}}}"
WORD = re.compile(rf"([a-z0-9-]+)_(code|pca|tsne)_(test|all)({CORNERS})", re.ASCII)
NOWHERE = "The linked selection was made on a map that is not there: draw around some points."


class Outline(NamedTuple):
    """An outline and the map that it was drawn on."""

    run_id: str
    projection: Any
    which: Any
    corners: np.ndarray
    """float64 (V, 2)."""


def note(run_id: str, projection: "Projection", which: "Which", corners: np.ndarray) -> None:
    """Take note of an outline (V, 2); of less than three corners: that there is none."""
    if len(corners) < 3:
        forget()
        return
    from aecore.analysis.selection import simplified

    few = simplified(corners, MOST_CORNERS)
    x, y = (_decimals(span) for span in np.ptp(few, axis=0).tolist())
    numbers = [number for right, up in few.tolist() for number in (f"{right:.{x}f}", f"{up:.{y}f}")]
    address.write(KEY, "_".join([run_id, projection, which, *numbers]))


def _decimals(span: float) -> int:
    """Digits behind the point, so that an outline as long as `span` is not changed by a thousandth of it."""
    return min(max(3 - math.floor(math.log10(span or 1)), 0), 12)


def forget() -> None:
    """Select nothing."""
    st.query_params.pop(KEY, None)


def read(run: Run, device: str) -> tuple[np.ndarray, np.ndarray] | None:
    """The numbers (M,) of the pictures inside the linked outline, ascending, and their labels (M,).

    None where there is none. It may have been drawn on the map of another run of the same pictures; one of a
    map that is not there, or would have to be computed first, is refused.
    """

    def valid(word: str) -> bool:
        if not word or (outline := _parsed(word)) is None:
            return not word
        try:
            return _on_a_map(outline, run, device) and _inside(word, device) is not None
        except LabError:
            return False

    word = address.asked(KEY, "", valid, NOWHERE)
    return _inside(word, device) if word else None


def _parsed(word: str) -> Outline | None:
    match = WORD.fullmatch(word) if len(word) <= MOST_LETTERS else None
    if match is None:
        return None
    run_id, projection, which, numbers = match.groups()
    corners = np.array(numbers.split("_")[1:], np.float64).reshape(-1, 2)
    return Outline(run_id, projection, which, corners)


def _on_a_map(outline: Outline, run: Run, device: str) -> bool:
    """Whether the map is one of the same pictures, and can be drawn at once. Raises LabError."""
    usable = {run.id: run} if outline.run_id == run.id else state.usable(runs.list_runs())
    drawn_on = usable.get(outline.run_id)
    return (
        drawn_on is not None
        and drawn_on.experiment.data.dataset == run.experiment.data.dataset
        and readiness.known(drawn_on, outline.which, outline.projection, device)
    )


@st.cache_resource(max_entries=16, show_spinner=False)
def _inside(word: str, device: str) -> tuple[np.ndarray, np.ndarray]:
    from aecore.analysis.selection import inside

    outline = _parsed(word)
    assert outline is not None
    space = landscape.space(outline.run_id, outline.which, device)
    points = landscape.plane(outline.run_id, outline.which, outline.projection, device).points
    at = inside(points, outline.corners)
    return space.numbers[at], space.labels[at]
